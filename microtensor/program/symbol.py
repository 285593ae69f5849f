"""Symbols: a value in a program, and every NumPy call made of it, left in what the call gives.

Rules are written in array operators. Fed symbols instead of arrays, they leave the calls that they
make; what is reached from a gradient is the program for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..numerics import numpy_function
from ..rules import RULES, Rule

_next = count(1).__next__
UNKNOWN: Any = object()


# Of bools `&`, `|` and `~` are what rules mean by them, of whole numbers their bits.
OF_BOOLS = {
    np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or, np.invert: np.logical_not,
}  # fmt: skip


def _of_value(name: str) -> Any:
    return property(lambda self: getattr(self.value, name), doc="That of its value.")


def _method(name: str, option: str = "axis") -> Any:
    """The method that is NumPy's function of that name, with one option that needs no name."""

    def method(self: Any, *given: Any, **options: Any) -> Symbol:
        options |= zip([option], given, strict=False)
        return record_call(name, getattr(np, name), (self,), options)

    return method


class Length(int):
    """How many examples there are, or a number made of that: `twin` is it in another batch.

    Sums, products and quotients follow, too; of a fraction there is a symbol.
    """

    twin: int

    def __new__(cls, now: int, twin: int) -> Length:
        made = super().__new__(cls, now)
        made.twin = twin
        return made

    def __repr__(self) -> str:
        return f"Length({int(self)}, {self.twin})"

    def __neg__(self) -> int:
        return length(-int(self), -self.twin)


def length(now: int, twin: int) -> int:
    """A length, with what it is in another batch; a number, where it is the same."""
    return now if now == twin else Length(now, twin)


def _of_lengths(call: str, function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    def combined(self: Length, other: Any) -> Any:
        if not isinstance(other, int | float) or isinstance(other, np.generic):
            return NotImplemented
        other = int(other) if isinstance(other, float) and other.is_integer() else other
        pair = (other, self) if swapped else (self, other)
        if isinstance(other, float) or call == "divide":
            return record_call(call, function, pair)
        return length(function(*map(int, pair)), function(*map(twin_of, pair)))

    return combined


_CALLS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "floordiv": "floor_divide",
    "truediv": "divide",
}  # fmt: skip
for _name, _call in _CALLS.items():
    setattr(Length, f"__{_name}__", _of_lengths(_call, getattr(operator, _name), swapped=False))
    setattr(Length, f"__r{_name}__", _of_lengths(_call, getattr(operator, _name), swapped=True))


def _astype(x: Any, dtype: np.dtype[Any]) -> Any:
    """NumPy's own function takes no scalars."""
    return x.astype(dtype)


class Symbol(NDArrayOperatorsMixin):
    """A value in a program: an input, or what a call of a function gave.

    `call` is the function's name, NumPy's (`add`, `matmul`, `where`, `getitem`) or that of a rule
    that is called whole (`sigmoid`, `put`); None: an input. `arguments` and `options` are what
    it was given: symbols, numbers, arrays, and tuples and lists of these. `value` is what it was
    when the program was recorded; shapes, dtypes and the layout in memory are read off it.
    `twin` is what it is in another batch: its value, where that is the same, and UNKNOWN where
    the call fails. A shape that isn't the same has a `Length` in it, and what rules and programs
    make of it is known to follow. `index` is larger than that of every symbol made before.
    """

    __slots__ = ("arguments", "call", "function", "index", "options", "twin", "value")

    def __init__(
        self,
        call: str | None,
        function: Callable[..., Any] | None,
        arguments: tuple[Any, ...],
        options: Mapping[str, Any],
        value: Any,
    ) -> None:
        self.call = call
        self.function = function
        self.arguments = arguments
        self.options = options
        self.value = self.twin = value
        self.index = _next()

    @property
    def operands(self) -> Iterator[Symbol]:
        """The symbols among its arguments and options, in order; one used twice comes twice."""
        return symbols_in((*self.arguments, *self.options.values()))

    def follow(self) -> None:
        """Finds out what its call gives in another batch."""
        parts: list[Any] = []
        convert((*self.arguments, *self.options.values()), parts.append)
        known = [x for x in parts if isinstance(x, Symbol)]
        if any(x.twin is UNKNOWN for x in known):
            self.twin = UNKNOWN
        elif any(x.twin is not x.value for x in known) or any(isinstance(x, Length) for x in parts):
            try:
                function: Any = self.function
                arguments, options = convert((self.arguments, self.options), twin_of)
                self.twin = function(*arguments, **options)
            except Exception:  # the number of examples stands in it, or chose what it reads
                self.twin = UNKNOWN

    def __repr__(self) -> str:
        return f"Symbol({self.call or 'input'}, shape={self.shape}, dtype={self.dtype})"

    # What rules ask of an array -----------------------------------------------------------------

    ndim, dtype, flags = map(_of_value, ("ndim", "dtype", "flags"))

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        now: tuple[int, ...] = self.value.shape
        twin = now if self.twin is UNKNOWN else self.twin.shape
        return tuple(map(length, now, twin)) if len(now) == len(twin) else now

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return length(self.value.size, self.value.size if self.twin is UNKNOWN else self.twin.size)

    transpose = _method("transpose", "axes")
    squeeze, sum, mean, max, min, prod, var, cumsum = map(
        _method, ("squeeze", "sum", "mean", "max", "min", "prod", "var", "cumsum")
    )
    T = property(lambda self: self.transpose(None), doc="The axes in reverse order.")

    @property
    def mT(self) -> Symbol:
        """The last two axes exchanged."""
        swapped: Symbol = self.transpose((*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))
        return swapped

    def reshape(self, *shape: Any) -> Symbol:
        """The same entries in another shape."""
        shape = shape[0] if len(shape) == 1 else shape
        return record_call("reshape", np.reshape, (self,), {"shape": shape})

    def astype(self, dtype: Any) -> Symbol:
        """The same numbers in another dtype; itself where it has that dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        return record_call("astype", _astype, (self, dtype))

    def view(self) -> Symbol:
        """Itself: a program overwrites nothing that it still reads."""
        return self

    copy = view

    def __getitem__(self, index: Any) -> Symbol:
        return record_call("getitem", operator.getitem, (self, index))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a program can't branch on a value; write where(condition, a, b)")

    # How rules and NumPy's functions find it ----------------------------------------------------

    def apply_rule(self, rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any]) -> Symbol:
        """The call of a rule, whole; a power is what it is computed by, as in the record."""
        if rule.name == "power":
            made: Symbol = rule.forward(*inputs)
            return made
        return record_call(rule.name, rule.forward, inputs, options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a symbol stands for an array, and is none")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Symbol:
        if "out" in options:
            raise TypeError("a program changes nothing in place")
        if method == "reduce" and ufunc is np.add:
            return record_call("sum", np.sum, inputs, {"axis": 0, **options})
        if method != "__call__":
            raise TypeError(f"np.{ufunc.__name__}.{method} can't be written in a program")
        if ufunc in OF_BOOLS:
            inputs = tuple(sorted(inputs, key=lambda x: isinstance(x, int)))  # numbers come last
            if all(getattr(x, "dtype", None) == np.bool for x in inputs):
                ufunc = OF_BOOLS[ufunc]
        return record_call(ufunc.__name__, ufunc, inputs, options)

    def __array_function__(
        self, function: Any, types: Iterable[type], arguments: Any, options: Any
    ) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return getattr(self, function.__name__)
        if function is np.isfortran:
            return np.isfortran(self.value)
        place = "linalg." if function.__module__ == "numpy.linalg" else ""
        return record_call(place + function.__name__, function, arguments, options)


def record_call(
    name: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    options: Mapping[str, Any] | None = None,
) -> Symbol:
    """The symbol of a call, with the value that it has on its arguments' values.

    The function can't change those: they are the user's own.
    """
    options = dict(options or {})
    value = function(*convert(arguments, _value), **convert(options, _value))
    symbol = Symbol(name, function, tuple(arguments), options, value)
    symbol.follow()
    return symbol


def symbols_in(argument: Any) -> Iterator[Symbol]:
    """The symbols in an argument, in order."""
    if isinstance(argument, Symbol):
        yield argument
    elif isinstance(argument, tuple | list):
        for part in argument:
            yield from symbols_in(part)


def has_symbols(argument: Any) -> bool:
    """Whether there is a symbol in an argument."""
    return next(symbols_in(argument), None) is not None


def reach(wanted: Iterable[Any]) -> list[Symbol]:
    """The symbols that these are computed from, and themselves, oldest first."""
    waiting = [x for x in wanted if isinstance(x, Symbol)]
    seen = set(waiting)
    for symbol in waiting:  # grows while it is read
        for x in symbol.operands:
            if x not in seen:
                seen.add(x)
                waiting.append(x)
    return sorted(seen, key=lambda symbol: symbol.index)


def is_entrywise(function: Any) -> bool:
    """Whether it is a function of NumPy's that gives one array, entry by entry."""
    ufunc = isinstance(function, np.ufunc)
    return ufunc and function.nout == 1 and function.signature is None


def is_numpy(symbol: Symbol) -> bool:
    """Whether its call is what it is called: NumPy's function or a built-in rule of that name."""
    found = numpy_function(symbol.call or "")
    return symbol.call in RULES or (found is not None and found is symbol.function)


def _value(x: Any) -> Any:
    """A symbol's value, to be read only; anything else is its own."""
    return int(x) if isinstance(x, Length) else _read_only(x.value) if isinstance(x, Symbol) else x


def twin_of(x: Any) -> Any:
    """What it is in another batch."""
    follows = isinstance(x, Symbol | Length)
    return _read_only(x.twin) if follows else x


def _read_only(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def convert(x: Any, change: Callable[[Any], Any]) -> Any:
    """An argument or options, with each of their parts changed; itself where nothing is."""
    if isinstance(x, tuple | list):
        parts = [convert(part, change) for part in x]
        return x if all(map(operator.is_, parts, x)) else type(x)(parts)
    if isinstance(x, slice):
        parts = [convert(part, change) for part in (x.start, x.stop, x.step)]
        return x if all(map(operator.is_, parts, (x.start, x.stop, x.step))) else slice(*parts)
    if isinstance(x, dict):
        return {key: convert(part, change) for key, part in x.items()}
    return change(x)
