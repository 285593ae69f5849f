"""Tensor: an array, its gradient, and what made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter, index
from typing import TYPE_CHECKING, Any

import numpy as np

from . import rules
from .errors import GradientError, ShapeError, called, label, rule_failed, wrong_operand
from .modes import Group, changing, current_mode, record_anew, tick
from .rules import Rule

Array = np.ndarray[Any, np.dtype[Any]]

NO_OPTIONS: dict[str, Any] = {}

new = object.__new__

# A record that dies frees much memory at once. The GNU C library hands it back to the system, to be
# fetched again page by page in the next step, where it is more than twice the largest block freed
# so far. One block of 32 MB, never touched, makes that enough: records of arrays of 10^4 to 10^5
# numbers take a quarter of the time.
np.empty((1 << 25) - (1 << 16), np.uint8)

_property: Any = property  # so that type checkers read the types written where it is used


def _converted(convert: Callable[[Any], Any], how: str) -> Callable[[Tensor], Any]:
    return lambda tensor: convert(read(tensor, how))


def _equality(rule: Rule) -> Callable[[Tensor, Any], Tensor]:
    """With what is no number, as `t == None`: Python's own answer."""
    kinds = (int, float, np.ndarray, np.generic, list)
    return lambda a, b: (
        apply(rule, (a, b)) if isinstance(b, (Tensor, *kinds)) and not defers(b) else NotImplemented
    )


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
        "__weakref__ _changed _data _group _index _inputs _options _recorded _requires_grad _rule "
        "_saved grad name"
    ).split()

    def __init__(
        self, data: Any, requires_grad: bool = False, name: str | None = None, dtype: Any = None
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Tensor: name is text, got {name!r}")
        parts = data if isinstance(data, list | tuple) else (data,)
        if any(isinstance(x, Tensor) and x._requires_grad for x in parts):
            raise TypeError(
                "Tensor: a tensor that requires a gradient would lose its record in a new one; "
                "use stack() for a list of them, or .detach() for a constant"
            )
        recorder = current_mode().recorder
        source = stacked(data, "Tensor") if parts is data else getattr(data, "_data", data)
        array = np.array(source, copy=recorder is None or None)
        if dtype is not None and array.dtype.kind in "fiub":
            array = array.astype(dtype, copy=False)
        if array.dtype.kind not in "fiub":
            raise wrong_operand("Tensor", array if isinstance(source, np.ndarray) else data)
        self._data: Any = array if array.ndim else array[()]  # which is ten times as fast
        self.grad: Array | None = None
        self.name = name
        self._requires_grad: bool = bool(requires_grad)
        self._recorded = True  # False: it was computed, and isn't recorded as that
        self._rule: Rule | None = None  # None: a leaf
        self._inputs: tuple[Tensor | None, ...] = ()  # None: it was an array or a number
        self._saved: tuple[Any, ...] | None = None  # what the rule was given, if inputs lack it
        self._options = NO_OPTIONS
        self._group: Group | None = None
        self._index = tick()  # larger than that of every tensor made before
        self._changed = 0  # the number of its last change
        if requires_grad:
            self._refuse_whole_numbers()
        if recorder is not None and isinstance(data, Tensor | np.ndarray):
            recorder.made(self, data, dtype)

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
        recorder = current_mode().recorder
        if recorder is not None:
            recorder.refuse(
                f"{called(self)} is changed in place, which a program can't do again; give the "
                "result another name, or change it outside of the function"
            )
        if value is not self._data:
            new = np.asarray(operand(getattr(value, "_data", value), "data"))
            if new.shape != self.shape:
                raise ShapeError(f"data: {label(self)} can't hold shape {new.shape}")
            if not np.can_cast(new.dtype, self.dtype, "same_kind"):
                raise TypeError(f"data: {label(self)} of dtype {self.dtype} can't hold {new.dtype}")
            new = new.astype(self.dtype)
            self._data = new if new.ndim else new[()]
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
        if wanted:
            self._refuse_whole_numbers()
        if bool(wanted) != self._requires_grad:
            self._requires_grad = bool(wanted)
            record_anew()

    def _refuse_whole_numbers(self) -> None:
        if self.dtype.kind != "f":
            raise TypeError(
                f"requires_grad: {called(self)} has dtype {self.dtype}, and only floats have "
                "gradients; write 2.0 for 2, or dtype=float"
            )

    @property
    def _values(self) -> tuple[Any, ...]:
        """What the rule was given."""
        if self._saved is not None:
            return self._saved
        return tuple(x._data for x in self._inputs)  # type: ignore[union-attr]  # all are tensors

    @property
    def _operands(self) -> tuple[Any, ...]:
        """Its inputs, and what the rule was given where one is no tensor."""
        pairs = zip(self._inputs, self._values, strict=True)
        return tuple(value if x is None else x for x, value in pairs)

    shape: tuple[int, ...] = _property(attrgetter("_data.shape"), doc="The length of each axis.")
    ndim: int = _property(attrgetter("_data.ndim"), doc="How many axes it has.")
    dtype: np.dtype[Any] = _property(attrgetter("_data.dtype"), doc="What kind of number it holds.")
    size: int = _property(attrgetter("_data.size"), doc="How many numbers it holds.")
    flags: Any = _property(attrgetter("_data.flags"), doc="NumPy's notes on how it lies in memory.")
    T: Tensor = _property(lambda x: x.transpose(), doc="The axes in reverse order.")
    mT: Tensor = _property(lambda x: x.swapaxes(-1, -2), doc="Of a stack, each matrix transposed.")

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

    def apply_rule(self, rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
        """The result of a rule, recorded: what a rule called on tensors asks for."""
        return apply(rule, inputs, options)

    if TYPE_CHECKING:  # and what backward, operations and interop give it
        backward: Callable[..., None]
        split: Callable[..., list[Tensor]]
        __array__: Callable[..., Array]
        __array_ufunc__: Callable[..., Any]
        __array_function__: Callable[..., Any]

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...

        __abs__ = __invert__ = __neg__
        __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = __and__ = __or__ = __add__
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = __add__
        __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = __add__
        __rand__ = __ror__ = __lt__ = __le__ = __gt__ = __ge__ = __add__

    __eq__ = _equality(rules.equal)  # type: ignore[assignment]
    __ne__ = _equality(rules.not_equal)  # type: ignore[assignment]
    __hash__ = object.__hash__

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
        data[array_index(index)] = getattr(value, "_data", value)
        self.data = data

    # Conversions --------------------------------------------------------------------------------

    __bool__ = _converted(bool, "bool()")
    __float__ = _converted(float, "float()")
    __int__ = _converted(int, "int()")
    __index__ = _converted(index, "int()")
    __str__ = _converted(str, "str()")

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

    def __repr__(self) -> str:
        array = np.asarray(read(self, "repr()"))
        parts = [np.array2string(array, separator=", ", prefix="Tensor(")]
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


# Recording ---------------------------------------------------------------------------------------

_latest_change = 0


def note_change(tensor: Tensor) -> None:
    """A tensor's data was changed: what was computed from it before can't go backward."""
    global _latest_change
    with changing:
        tensor._changed = _latest_change = tick()


def latest_change() -> int:
    """The number of the latest change to any tensor."""
    return _latest_change


def read(tensor: Tensor, how: str) -> Any:
    """A tensor's array for use outside of the record; while a program is recorded, if it may be."""
    recorder = current_mode().recorder
    return tensor._data if recorder is None else recorder.read(tensor, how)


def operand(x: Any, name: str) -> Any:
    """A plain value as a rule takes it: Python numbers stay, all else becomes an array."""
    if x.__class__ is float or x.__class__ is int:
        return x
    if defers(x):
        raise wrong_operand(name, x)
    if isinstance(x, int | float):
        return x
    if isinstance(x, list | tuple):
        x = stacked(x, name)
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fiub":
        raise wrong_operand(name, x)
    return x


def defers(x: Any) -> bool:
    """Whether operators leave the work to it: so it tells NumPy."""
    return getattr(type(x), "__array_ufunc__", ...) is None


def stacked(x: Any, name: str) -> Any:
    """A nested list as an array; one line where its rows differ in length."""
    try:
        return np.asarray(x)
    except ValueError:
        raise ValueError(f"{name}: the rows of a nested list differ in length") from None


def apply(rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any] = NO_OPTIONS) -> Tensor:
    """The result of a rule on tensors, arrays and numbers, recorded where one needs a gradient."""
    values = []
    needs = plain = False
    for x in inputs:
        if isinstance(x, Tensor):
            values.append(x._data)
            needs = needs or x._requires_grad
        else:
            values.append(operand(x, rule.name))
            plain = True
    if plain and not any(isinstance(x, Tensor) for x in inputs):
        values = [np.asarray(value)[()] for value in values]
    try:
        data = rule.forward(*values, **options) if options else rule.forward(*values)
    except (ValueError, TypeError, IndexError) as error:
        if rule.own:
            raise
        raise rule_failed(rule.name, inputs, options, error) from None
    recording, group, watch, constants, _ = current_mode()
    result = new(Tensor)
    result._data = data
    result.grad = result.name = None
    result._index = tick()
    result._changed = 0
    result._group = group
    result._requires_grad = tracked = needs and recording and rule.differentiable
    result._recorded = recorded = tracked or constants
    if recorded:
        tensors = tuple([x if isinstance(x, Tensor) else None for x in inputs]) if plain else inputs
        if tracked and rule.partial:
            _check_slots(rule, tensors)
        result._rule = rule
        result._inputs = tensors
        result._saved = tuple(values) if plain else None
        result._options = options
    else:
        if isinstance(data, np.ndarray) and data.base is not None:
            result._data = data.copy()  # nothing would tell it of a change to what it is a view of
        result._rule = result._saved = None
        result._inputs = ()
        result._options = NO_OPTIONS
    if watch is not None:
        watch(rule, inputs, data)
    return result


def _check_slots(rule: Rule, inputs: tuple[Any, ...]) -> None:
    """Refuses a gradient that would quietly be zero."""
    for slot, (x, derivative) in enumerate(zip(inputs, rule.derivatives, strict=True)):
        if derivative is None and x is not None and x._requires_grad:
            raise TypeError(
                f"{rule.name}: no derivative with respect to input {slot}, {called(x)}, which "
                f"requires a gradient; pass its .detach() to keep it constant"
            )


def array_index(index: Any) -> Any:
    """The index with arrays for tensors and lists; copies, which nobody changes later.

    A program reads the array itself, which may change.
    """
    if isinstance(index, tuple):
        return tuple(array_index(part) for part in index)
    if isinstance(index, Tensor):
        array = read(index, "an index")
        return np.array(array) if array is index._data else array
    if isinstance(index, list):
        return np.array(index, dtype=None if index else int)
    if isinstance(index, np.ndarray) and current_mode().recorder is None:
        return index.copy()
    return index
