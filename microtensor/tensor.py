"""Tensor: an array, its gradient, and what made it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from operator import index as position
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ref

import numpy as np

from . import rules
from .errors import (
    GradientError,
    ShapeError,
    called,
    check_gradient,
    label,
    rule_failed,
    warn_of_no_gradient,
    wrong_operand,
)
from .modes import Group, changing, current_mode, record_anew, tick
from .operands import Array, Mark, alone, defers, mark, operand, stacked
from .rules import Rule

NO_OPTIONS: dict[str, Any] = {}
REVERSED = {"axes": None}

new = object.__new__

# A record that dies frees much memory at once. The GNU C library hands it back to the system, to be
# fetched again page by page in the next step, which takes longer than what is computed in it. So it
# is told to keep 256 MB, and to fetch blocks above 32 MB alone one by one.
with suppress(AttributeError, OSError, TypeError):  # other libraries have no mallopt
    _library = ctypes.CDLL(None)
    _library.mallopt(-1, 1 << 28)  # M_TRIM_THRESHOLD
    _library.mallopt(-3, 1 << 25)  # M_MMAP_THRESHOLD

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

    __pandas_priority__ = 5000  # above a DataFrame's, so that `series * t` asks t, which says it

    __slots__ = (
        "__weakref__ _array _changed _grad _group _index _inputs _marks _options _requires_grad "
        "_rule _saved name"
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
        source = stacked(data, "Tensor") if parts is data else getattr(data, "_array", data)
        if isinstance(source, np.ndarray) and source.__class__ is not np.ndarray:
            operand(source, "Tensor")
        array = np.array(source, copy=recorder is None or None)
        if dtype is not None and array.dtype.kind in "fiub":
            array = array.astype(dtype, copy=False)
        if array.dtype.kind not in "fiub":
            raise wrong_operand("Tensor", array if isinstance(source, np.ndarray) else data)
        self._array: Any = array if array.ndim else array[()]  # which is ten times as fast
        self._grad: Array | None = None
        self.name = name
        self._requires_grad: bool = bool(requires_grad)
        # The arrays it was made of, and what they held; None: it was computed, and isn't recorded.
        self._marks: tuple[tuple[Array, Mark], ...] | None = ()
        self._rule: Rule | None = None  # None: a leaf
        self._inputs: tuple[Tensor | None, ...] = ()  # None: it was an array or a number
        # What the rule was given, if inputs lack it. Of a view that isn't recorded: of what tensor.
        self._saved: tuple[Any, ...] | None = None
        self._options = NO_OPTIONS
        self._group: Group | None = None
        self._index = tick()  # larger than that of every tensor made before
        self._changed = 0  # the number of its last change
        if requires_grad:
            self._check_learnable(requires_grad)
        if recorder is not None and isinstance(data, Tensor | np.ndarray):
            recorder.made(self, data, dtype)

    # What it holds ------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The array itself. Assigning, as in `t.data -= step`, is noticed by the record.

        Writing into its entries, `t.data[0] = 1`, is not; `t[0] = 1` is. What is assigned is
        copied: into new memory, or where the tensor is a view, into that of the whole.
        """
        if not isinstance(self._array, np.ndarray):
            self._array = np.asarray(self._array)
        return read(self, ".data")  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Any) -> None:
        recorder = current_mode().recorder
        if value is not self._array or recorder is not None:
            new = np.asarray(operand(getattr(value, "_array", value), "data"))
            if new.shape != self.shape:
                raise ShapeError(f"data: {label(self)} can't hold shape {new.shape}")
            if not np.can_cast(new.dtype, self.dtype, "same_kind"):
                raise TypeError(f"data: {label(self)} of dtype {self.dtype} can't hold {new.dtype}")
            if recorder is not None:
                recorder.given(self, value)
            if (self._rule is None and self._saved) or len([*memory_of(self)]) > 1:
                self._write(..., new)
            else:
                new = new.astype(self.dtype)
                self._array = new if new.ndim else new[()]
        note_change(self)

    @property
    def grad(self) -> Array | Any:  # or None: whoever has called backward() needn't ask
        """Its gradient, of its shape, once `backward()` has left it there; a leaf's alone.

        Until then it is None. Asked of a tensor that was computed, it is None too, with a warning
        that says what to do.
        """
        if self._grad is None and self._rule is not None and self._requires_grad:
            warn_of_no_gradient(self, self._rule.name)
        return self._grad

    @grad.setter
    def grad(self, value: Array | None) -> None:
        if value is not None:
            check_gradient(self, value)
        self._grad = value

    def _write(self, index: Any, value: Any) -> None:
        """Puts a value into its memory."""
        array = self._array
        if isinstance(array, np.ndarray):
            whole = self._saved[0] if self._rule is None and self._saved else self
            if owner(array) is not owner(whole._array):
                raise ValueError(
                    f"{called(self)} is a view of what {called(whole, 'a tensor')} held before it "
                    "was given other numbers; take the view anew, or a copy, Tensor(...)"
                )
            if not array.flags.writeable:
                raise ValueError(
                    f"{called(self)} shows one number in several places, which can't be changed "
                    "alone; change a copy, Tensor(...)"
                )
            array[index] = value
        elif (of := entry_of(self)) is not None:
            raise ValueError(
                f"{called(self)} is a copy of an entry of {called(of, 'a tensor')}; write the "
                "entry itself, as in W[0, 1] = 9"
            )
        else:
            array = np.asarray(array)
            array[index] = value
            self._array = array[()]

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
        self._check_learnable(wanted)
        if bool(wanted) != self._requires_grad:
            self._requires_grad = bool(wanted)
            record_anew()

    def _check_learnable(self, wanted: Any) -> None:
        if not isinstance(wanted, int | np.bool):
            raise TypeError(f"requires_grad: expected True or False, got {wanted!r}")
        if wanted and self.dtype.kind != "f":
            raise TypeError(
                f"requires_grad: {called(self)} has dtype {self.dtype}, and only floats have "
                "gradients; write 2.0 for 2, or dtype=float"
            )

    @property
    def _values(self) -> tuple[Any, ...]:
        """What the rule was given."""
        if self._saved is not None and self._rule is not None:
            return self._saved
        return tuple(x._array for x in self._inputs)  # type: ignore[union-attr]  # all are tensors

    @property
    def _operands(self) -> tuple[Any, ...]:
        """Its inputs, and what the rule was given where one is no tensor."""
        pairs = zip(self._inputs, self._values, strict=True)
        return tuple(value if x is None else x for x, value in pairs)

    shape: tuple[int, ...] = _property(attrgetter("_array.shape"), doc="The length of each axis.")
    ndim: int = _property(attrgetter("_array.ndim"), doc="How many axes it has.")
    dtype: np.dtype[Any] = _property(
        attrgetter("_array.dtype"), doc="What kind of number it holds."
    )
    size: int = _property(attrgetter("_array.size"), doc="How many numbers it holds.")
    flags: Any = _property(
        attrgetter("_array.flags"), doc="NumPy's notes on how it lies in memory."
    )
    is_leaf: bool = _property(lambda x: x._rule is None, doc="Whether it was made, not computed.")
    T: Tensor = _property(
        lambda x: apply(rules.transpose, (x,), REVERSED), doc="The axes in reverse order."
    )
    mT: Tensor = _property(lambda x: x.swapaxes(-1, -2), doc="Of a stack, each matrix transposed.")

    @property
    def _data(self) -> NoReturn:
        """What NumPy's masked arrays and their functions read of an operand, whatever it is."""
        raise TypeError(
            f"np.ma: {called(self, 'a tensor')} and masked arrays don't go together; give the "
            "array's .filled(value), and use microtensor's own functions"
        )

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
        __float__: Callable[..., float]
        __int__: Callable[..., int]
        __complex__: Callable[..., complex]
        __round__: Callable[..., Any]
        __divmod__: Callable[..., Any]
        __rdivmod__: Callable[..., Any]
        __array__: Callable[..., Array]
        __array_ufunc__: Callable[..., Any]
        __array_function__: Callable[..., Any]
        __dlpack__: Callable[..., Any]
        __dlpack_device__: Callable[..., tuple[int, int]]

        def __getattr__(self, name: str) -> Callable[..., Tensor]: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...

        __abs__ = __invert__ = __neg__
        __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = __and__ = __or__ = __add__
        __mod__ = __floordiv__ = __rmod__ = __rfloordiv__ = __imod__ = __ifloordiv__ = __add__
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = __add__
        __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = __add__
        __rand__ = __ror__ = __lt__ = __le__ = __gt__ = __ge__ = __add__

    __eq__ = _equality(rules.equal)  # type: ignore[assignment]
    __ne__ = _equality(rules.not_equal)  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __pos__(self) -> Tensor:
        np.positive.resolve_dtypes((self.dtype, None))  # bools have no sign: TypeError
        learnt = self.requires_grad and current_mode().recording
        return self if learnt or self._rule is not None else self.detach()

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
        recorder = current_mode().recorder
        if recorder is not None:
            recorder.given(self, None)
        self._write(array_index(index), operand(getattr(value, "_array", value), "t[...] = value"))
        note_change(self)

    # Conversions --------------------------------------------------------------------------------

    __bool__ = _converted(bool, "bool()")
    __index__ = _converted(position, "int()")
    __str__ = _converted(str, "str()")

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len(): a scalar has none; .item() is its number, .numpy() its array")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("a scalar can't be iterated over; .item() is its number")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        value = read(value, "in") if isinstance(value, Tensor) else value
        return bool(np.any(read(self, "in") == value))

    def __format__(self, spec: str) -> str:
        return format(read(self, "format()")[()], spec) if spec else str(self)

    def __repr__(self) -> str:
        array = np.asarray(read(self, "repr()"))
        parts = [np.array2string(array, separator=", ", prefix="Tensor(")]
        if self._array.size > np.get_printoptions()["threshold"] or not self._array.size:
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
                "neither copied nor pickled; take its .detach(), or its .numpy() for an array"
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
        if tensor._rule is not None or tensor._saved:
            for x in memory_of(tensor):
                x._changed = _latest_change


def memory_of(tensor: Tensor) -> Iterator[Tensor]:
    """The tensor, and where it is a view what it is a view of, and so on."""
    x: Tensor | None = tensor
    while x is not None:
        yield x
        behind = (x._saved if x._rule is None else x._inputs) or (None,)
        shared = behind[0] is not None and owner(x._array) is owner(behind[0]._array)
        x = behind[0] if shared else None


def entry_of(tensor: Tensor) -> Tensor | None:
    """The tensor that a number was taken from by an index, where that isn't recorded."""
    if tensor._rule is not None or isinstance(tensor._array, np.ndarray):
        return None
    return tensor._saved[0] if tensor._saved else None


def latest_change() -> int:
    """The number of the latest change to any tensor."""
    return _latest_change


def read(tensor: Tensor, how: str) -> Any:
    """A tensor's array for use outside of the record; while a program is recorded, if it may be."""
    recorder = current_mode().recorder
    return tensor._array if recorder is None else recorder.read(tensor, how)


def apply(rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any] = NO_OPTIONS) -> Tensor:
    """The result of a rule on tensors, arrays and numbers, recorded where one needs a gradient."""
    recording, group, watch, constants, _ = current_mode()
    values = []
    arrays: tuple[Array, ...] = ()  # which anybody may change
    needs, plain = False, 0
    for x in inputs:
        if isinstance(x, Tensor):
            values.append(x._array)
            needs = needs or x._requires_grad
        else:
            plain += 1
            if x.__class__ is not float:
                x = operand(x, rule.name)
                if isinstance(x, np.ndarray):
                    arrays = (*arrays, x)
            values.append(x)
    if plain == len(inputs):
        values = [alone(value) for value in values]
    try:
        data = rule.forward(*values, **options) if options else rule.forward(*values)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        if rule.own:
            raise
        raise rule_failed(rule.name, inputs, options, error) from None
    result = new(Tensor)
    result._array = data
    result._grad = result.name = None
    result._index = tick()
    result._changed = 0
    result._group = group
    result._requires_grad = tracked = needs and recording and rule.differentiable
    if tracked or constants:
        tensors = tuple([x if isinstance(x, Tensor) else None for x in inputs]) if plain else inputs
        if tracked and rule.partial:
            _check_slots(rule, tensors)
        result._rule = rule
        result._inputs = tensors
        result._saved = tuple(values) if plain else None
        if options and rule.own:
            arrays += tuple(x for x in options.values() if isinstance(x, np.ndarray))
        result._marks = tuple([(array, mark(array)) for array in arrays]) if arrays else ()
        result._options = options
        if arrays and not needs and getattr(data, "base", None) is not None:
            result._array = data.copy()  # of the caller's arrays, whose changes nobody would see
    else:
        result._rule = result._saved = result._marks = None
        result._inputs = ()
        result._options = NO_OPTIONS
        _note_owner(result, rule, inputs)
    if watch is not None:
        watch(rule, inputs, data)
    return result


def _note_owner(result: Tensor, rule: Rule, inputs: tuple[Any, ...]) -> None:
    """A view that isn't recorded keeps the tensor in whose memory it lies, and a number its array.

    What lies in the memory of an array of the caller's is copied: nobody is told of its changes.
    """
    data = result._array
    if not isinstance(data, np.ndarray):
        if rule is rules.getitem:
            result._saved = inputs
        return
    for x in inputs:
        if isinstance(x, Tensor) and owner(x._array) is owner(data):
            result._saved = (x,)
            return
    if data.base is not None:
        result._array = data.copy()


def owner(data: Any) -> Any:
    """The array whose memory this is; a view of windows has something in between."""
    while getattr(data, "base", None) is not None:
        data = data.base
    return data


def _check_slots(rule: Rule, inputs: tuple[Any, ...]) -> None:
    """Refuses a gradient that would quietly be zero."""
    for slot, (x, derivative) in enumerate(zip(inputs, rule.derivatives, strict=True)):
        if derivative is None and x is not None and x._requires_grad:
            raise TypeError(
                f"{rule.name}: no derivative with respect to input {slot}, {called(x)}, which "
                f"requires a gradient; pass its .detach() to keep it constant"
            )


_index_names: dict[int, tuple[Any, str]] = {}  # by the ids of arrays, as long as they are there


def index_name(array: Any) -> str | None:
    """What the tensor was called that an index was made of."""
    return _index_names.get(id(array), (None, None))[1]


def array_index(index: Any) -> Any:
    """The index as NumPy reads it, in whole numbers, slices of them, and arrays that are copies.

    Nobody changes those later. A program reads the array itself, which may change.
    """
    return tuple(map(_along, index)) if isinstance(index, tuple) else _along(index)


def _along(index: Any) -> Any:
    """One part of an index."""
    if isinstance(index, int | np.generic | type(None) | type(...)):
        return index
    if isinstance(index, slice):
        bounds = (index.start, index.stop, index.step)
        return slice(*(x if x is None else position(x) for x in bounds))
    if isinstance(index, Tensor):
        array = read(index, "an index")
        if array is not index._array:
            return array
        array = np.array(array)
        if index.name is not None:
            key = id(array)
            _index_names[key] = ref(array, lambda _: _index_names.pop(key, None)), index.name
        return array
    if isinstance(index, np.ndarray):
        operand(index, "t[...]")
        return index.copy() if current_mode().recorder is None else index
    if hasattr(index, "__index__"):
        return position(index)
    array = np.array(index)
    return array if array.size else array.astype(int)
