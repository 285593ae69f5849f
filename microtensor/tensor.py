"""Tensor: an array, its gradient, and what made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import index
from typing import Any

import numpy as np

from . import backward, interop, operations, record, rules
from .errors import GradientError, ShapeError, called, label, wrong_operand
from .record import (
    NO_OPTIONS,
    Group,
    apply,
    current_mode,
    note_change,
    operand,
    read,
    stacked,
    tick,
)
from .rules import Rule

Array = np.ndarray[Any, np.dtype[Any]]
Binary = Callable[["Tensor", Any], "Tensor"]


def _binary(rule: Rule) -> Binary:
    return lambda self, other: apply(rule, (self, other))


def _equality(rule: Rule) -> Binary:
    """With what is no number, as `t == None`: Python's own answer."""

    def compare(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, Tensor | int | float | np.ndarray | np.generic | list):
            return apply(rule, (self, other))
        return NotImplemented  # type: ignore[no-any-return]

    return compare


def _reflected(rule: Rule) -> Binary:
    return lambda self, other: apply(rule, (other, self))


def _in_place(rule: Rule) -> Binary:
    """`t += x`. What is recorded is never overwritten: there, `t` names the sum from then on."""

    def update(self: Tensor, other: Any) -> Tensor:
        result = apply(rule, (self, other))
        if not result._requires_grad:
            self.data = result
            return self
        if self._rule is None and self._requires_grad:
            raise GradientError(
                f"{rule.name}: {called(self)} is a leaf that requires a gradient, and changing it "
                "in place would lose it; do it inside no_grad(), or give the result another name"
            )
        return result

    return update


class Tensor:
    """An array of real numbers that remembers how it was computed.

    `data` is anything NumPy makes an array of; it is copied. `requires_grad=True` makes a leaf:
    `backward()` of what is computed from it fills its `.grad`, a NumPy array of its own shape
    and dtype. `name` is what pictures, stories and error messages call it. Python floats become
    float64; whole numbers stay whole and can't require a gradient.

    Comparing gives a tensor of bools, hashing goes by identity, and truth, `len`, iteration and
    `float()` are NumPy's.
    """

    __slots__ = (
        "__weakref__",
        "_changed",  # the index at its last change
        "_data",  # an array; a 0-d value as a NumPy scalar, which computes ten times as fast
        "_group",
        "_index",  # larger than that of every tensor made before
        "_inputs",  # a tensor for each slot, None where it was an array or a number
        "_options",
        "_requires_grad",
        "_rule",  # None: a leaf
        "_saved",  # what the rule was given, None where the inputs hold it
        "grad",
        "name",
    )

    _data: Any
    grad: Array | None
    name: str | None
    _requires_grad: bool
    _rule: Rule | None
    _inputs: tuple[Tensor | None, ...]
    _saved: tuple[Any, ...] | None
    _options: dict[str, Any]
    _group: Group | None
    _index: int
    _changed: int

    def __init__(
        self,
        data: Any,
        requires_grad: bool = False,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Tensor: name is text, got {name!r}")
        parts = data if isinstance(data, list | tuple) else (data,)
        if any(isinstance(x, Tensor) and x._requires_grad for x in parts):
            raise TypeError(
                "Tensor: a tensor that requires a gradient would lose its record in a new one; "
                "use stack() for a list of them, or .detach() for a constant"
            )
        source = stacked(data, "Tensor") if isinstance(data, list | tuple) else data
        if isinstance(data, Tensor) and not requires_grad:
            source = data._data
        array = np.array(source)
        if dtype is not None and array.dtype.kind in "fiub":
            array = array.astype(dtype)
        if array.dtype.kind not in "fiub":
            raise wrong_operand("Tensor", array if isinstance(source, np.ndarray) else data)
        self._data = array if array.ndim else array[()]
        self.grad = None
        self.name = name
        self._requires_grad = False
        self._rule = None
        self._inputs = ()
        self._saved = None
        self._options = NO_OPTIONS
        self._group = None
        self._index = tick()
        self._changed = 0
        if requires_grad:
            self.requires_grad = True
        elif isinstance(data, Tensor) and current_mode().reader is not None:
            copy = data.astype(array.dtype) if array.dtype != data.dtype else data.detach()
            self._rule, self._inputs = copy._rule, copy._inputs
            self._saved, self._options = copy._saved, copy._options

    # What it holds ------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The array itself. Assigning, as in `t.data -= step`, is noticed by the record.

        Writing into its entries, `t.data[0] = 1`, is not; `t[0] = 1` is.
        """
        if not isinstance(self._data, np.ndarray):
            self._data = np.asarray(self._data)
        elif self._data.base is not None:  # what it was computed from lies in the same memory
            self._data = self._data.copy()
        return read(self, ".data")  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Any) -> None:
        if current_mode().reader is not None:
            raise GradientError(
                f"compile: {called(self)} is changed in place, which a program can't do again; "
                "give the result another name, or change it outside of the function"
            )
        if value is not self._data:
            new = np.asarray(operand(getattr(value, "_data", value), "data"))
            if new.shape != self.shape:
                raise ShapeError(f"data: {label(self)} can't hold shape {new.shape}")
            if not np.can_cast(new.dtype, self.dtype, "same_kind"):
                raise TypeError(f"data: {label(self)} of dtype {self.dtype} can't hold {new.dtype}")
            self._data = new.astype(self.dtype)[()] if new.ndim == 0 else new.astype(self.dtype)
        note_change(self)

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is computed with respect to it."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._rule is not None:
            raise GradientError(
                f"requires_grad: {called(self)} was computed by {self._rule.name}; only a leaf's "
                "can be set; .detach() makes one"
            )
        if wanted and self.dtype.kind != "f":
            raise TypeError(
                f"requires_grad: {called(self)} has dtype {self.dtype}, and only floats have "
                "gradients; write 2.0 for 2, or dtype=float"
            )
        self._requires_grad = bool(wanted)

    @property
    def _values(self) -> tuple[Any, ...]:
        """What the rule was given."""
        if self._saved is not None:
            return self._saved
        return tuple(x._data for x in self._inputs)  # type: ignore[union-attr]  # all are tensors

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._data.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self._data.ndim  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """What kind of number it holds."""
        return self._data.dtype  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self._data.size  # type: ignore[no-any-return]

    @property
    def flags(self) -> Any:
        """NumPy's notes on how the array lies in memory."""
        return self._data.flags

    @property
    def T(self) -> Tensor:
        """The axes in reverse order."""
        return operations.transpose(self)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged: a stack of matrices, each transposed."""
        return operations.swapaxes(self, -1, -2)

    def item(self) -> float | int | bool:
        """Its only number, as a Python one."""
        if self.size != 1:
            raise ValueError(f"item: {label(self)} holds {self.size} numbers, not one")
        return read(self, ".item()").item()  # type: ignore[no-any-return]

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return read(self, ".tolist()").tolist()

    def numpy(self) -> Array:
        """A copy, as a NumPy array."""
        return np.array(read(self, ".numpy()"))

    def detach(self) -> Tensor:
        """A copy that is a constant: no gradient flows through it."""
        copy = apply(rules.detach, (self,))
        copy.name = self.name
        return copy

    # What it can do -----------------------------------------------------------------------------

    def backward(self, gradient: Any = None) -> None:
        """Adds to the `.grad` of every leaf the derivative of this tensor with respect to it.

        `gradient` (of this tensor's shape) is what arrives from beyond; for a scalar it is 1.
        The leaves alone keep gradients. Calling it again adds the same gradients again.
        """
        backward.backward(self, gradient)

    def apply_rule(self, rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
        """The result of a rule, recorded: what a rule called on tensors asks for."""
        return apply(rule, inputs, options)

    exp = operations.exp
    expm1 = operations.expm1
    log = operations.log
    log1p = operations.log1p
    sqrt = operations.sqrt
    square = operations.square
    sin = operations.sin
    cos = operations.cos
    tanh = operations.tanh
    sigmoid = operations.sigmoid
    relu = operations.relu
    softplus = operations.softplus
    abs = absolute = operations.absolute
    add = operations.add
    subtract = operations.subtract
    multiply = operations.multiply
    divide = operations.divide
    negative = operations.negative
    pow = power = operations.power
    matmul = operations.matmul
    dot = operations.dot
    outer = operations.outer
    maximum = operations.maximum
    minimum = operations.minimum
    clip = operations.clip
    sum = operations.sum
    mean = operations.mean
    max = operations.max
    min = operations.min
    prod = operations.prod
    var = operations.var
    std = operations.std
    cumsum = operations.cumsum
    logsumexp = operations.logsumexp
    softmax = operations.softmax
    log_softmax = operations.log_softmax
    reshape = operations.reshape
    transpose = operations.transpose
    swapaxes = operations.swapaxes
    squeeze = operations.squeeze
    expand_dims = operations.expand_dims
    broadcast_to = operations.broadcast_to
    ravel = operations.ravel
    flatten = operations.flatten
    flip = operations.flip
    pad = operations.pad
    split = operations.split
    astype = operations.astype

    # Operators ----------------------------------------------------------------------------------

    __add__, __radd__, __iadd__ = _binary(rules.add), _reflected(rules.add), _in_place(rules.add)
    __sub__, __rsub__ = _binary(rules.subtract), _reflected(rules.subtract)
    __mul__, __rmul__ = _binary(rules.multiply), _reflected(rules.multiply)
    __truediv__, __rtruediv__ = _binary(rules.divide), _reflected(rules.divide)
    __pow__, __rpow__ = _binary(rules.power), _reflected(rules.power)
    __matmul__, __rmatmul__ = _binary(rules.matmul), _reflected(rules.matmul)
    __isub__, __imul__ = _in_place(rules.subtract), _in_place(rules.multiply)
    __itruediv__, __ipow__ = _in_place(rules.divide), _in_place(rules.power)
    __imatmul__ = _in_place(rules.matmul)
    __lt__, __le__ = _binary(rules.less), _binary(rules.less_equal)
    __gt__, __ge__ = _binary(rules.greater), _binary(rules.greater_equal)
    __eq__ = _equality(rules.equal)  # type: ignore[assignment]
    __ne__ = _equality(rules.not_equal)  # type: ignore[assignment]
    __and__ = __rand__ = operations.bitwise_and
    __or__ = __ror__ = operations.bitwise_or
    __invert__ = operations.invert
    __hash__ = object.__hash__

    __neg__ = operations.negative
    __abs__ = operations.absolute
    __getitem__ = operations.getitem

    def __pos__(self) -> Tensor:
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        """Changes entries of a constant, or of a leaf inside no_grad()."""
        if current_mode().recording and (
            self._requires_grad or getattr(value, "_requires_grad", False)
        ):
            raise GradientError(
                f"t[...] = value: {called(self)} or the value requires a gradient, and the record "
                "can't follow entries overwritten; build the tensor by where() or concatenate(), "
                "or do it inside no_grad()"
            )
        data = np.array(self._data)
        data[operations.array_index(index)] = getattr(value, "_data", value)
        self.data = data

    # Conversions --------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(read(self, "bool()"))

    def __float__(self) -> float:
        return float(read(self, "float()"))

    def __int__(self) -> int:
        return int(read(self, "int()"))

    def __index__(self) -> int:
        return index(read(self, "int()"))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a scalar tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iteration over a scalar tensor")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        value = read(value, "in") if isinstance(value, Tensor) else value
        return bool(np.any(read(self, "in") == value))

    def __format__(self, spec: str) -> str:
        return format(read(self, "format()")[()], spec) if spec else str(self)

    def __str__(self) -> str:
        return str(read(self, "str()"))

    def __repr__(self) -> str:
        shown = np.array2string(np.asarray(read(self, "repr()")), separator=", ", prefix="Tensor(")
        parts = [shown]
        if self._data.size > np.get_printoptions()["threshold"] or not self._data.size:
            parts.append(f"shape={self.shape}")
        if self.dtype != np.float64 and self.dtype.kind not in "ib":
            parts.append(f"dtype={self.dtype}")
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        if self._rule is not None:
            parts.append(f"from {self._rule.name}")
        elif self._requires_grad:
            parts.append("requires_grad=True")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles of a leaf are new leaves, without its gradient."""
        if self._rule is not None:
            raise TypeError(
                f"copy: {called(self)} was computed by {self._rule.name}, and its record is "
                "neither copied nor pickled; take its .detach()"
            )
        data = np.asarray(read(self, "a copy"))
        return type(self), (data, self._requires_grad, self.name)

    # NumPy --------------------------------------------------------------------------------------

    __array_ufunc__ = interop.array_ufunc
    __array_function__ = interop.array_function

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self._requires_grad:
            raise TypeError(
                f"{called(self, 'this tensor')} requires a gradient, which an array "
                "would lose: take .detach() for a constant, .numpy() for an array, "
                ".item() for a number"
            )
        if copy is False:
            raise ValueError("a tensor becomes an array by a copy; t.data is its array itself")
        return np.array(read(self, "np.asarray()"), dtype=dtype)


record.Tensor = Tensor  # type: ignore[misc]  # the class it waits for
