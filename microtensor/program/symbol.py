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

from ..rules import RULES, Rule

_next = count(1).__next__


def _binary(name: str) -> Callable[..., Any]:
    return lambda self, other: record_call(name, getattr(np, name), (self, other))


def _reflected(name: str) -> Callable[..., Any]:
    return lambda self, other: record_call(name, getattr(np, name), (other, self))


def _bits(name: str, of_bools: str) -> Callable[..., Any]:
    """`a & b`: of bools it is what rules mean by "and", of whole numbers their bits."""

    def both(self: Any, other: Any) -> Any:
        bools = all(getattr(getattr(x, "dtype", x), "kind", "") == "b" for x in (self, other))
        chosen = of_bools if bools else name
        return record_call(chosen, getattr(np, chosen), (self, other))

    return both


def _of_value(name: str) -> Any:
    return property(lambda self: getattr(self.value, name), doc="That of its value.")


def _never(self: Any, other: Any) -> Any:
    raise TypeError("a program changes nothing in place")


def _reduction(name: str) -> Callable[..., Any]:
    return lambda self, **options: record_call(name, getattr(np, name), (self,), options)


def _astype(x: Any, dtype: np.dtype[Any]) -> Any:
    """NumPy's own function takes no scalars."""
    return x.astype(dtype)


class Symbol:
    """A value in a program: an input, or what a call of a function gave.

    `call` is the function's name, NumPy's (`add`, `matmul`, `where`, `getitem`) or that of a rule
    that is called whole (`sigmoid`, `put`); None: an input. `arguments` and `options` are what
    it was given: symbols, numbers, arrays, and tuples and lists of these. `value` is what it was
    when the program was recorded; shapes, dtypes and the layout in memory are read off it.
    `index` is larger than that of every symbol made before.
    """

    __slots__ = ("arguments", "call", "function", "index", "options", "value")

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
        self.value = value
        self.index = _next()

    @property
    def operands(self) -> Iterator[Symbol]:
        """The symbols among its arguments and options, in order; one used twice comes twice."""
        return symbols_in((*self.arguments, *self.options.values()))

    def __repr__(self) -> str:
        return f"Symbol({self.call or 'input'}, shape={self.shape}, dtype={self.dtype})"

    # What rules ask of an array -----------------------------------------------------------------

    shape, ndim, size, dtype, flags = map(_of_value, ("shape", "ndim", "size", "dtype", "flags"))

    @property
    def T(self) -> Symbol:
        """The axes in reverse order."""
        return self.transpose(None)

    @property
    def mT(self) -> Symbol:
        """The last two axes exchanged."""
        return self.transpose((*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

    def transpose(self, axes: Any) -> Symbol:
        """The axes in another order."""
        return record_call("transpose", np.transpose, (self,), {"axes": axes})

    def reshape(self, *shape: Any) -> Symbol:
        """The same entries in another shape."""
        shape = shape[0] if len(shape) == 1 else shape
        return record_call("reshape", np.reshape, (self,), {"shape": shape})

    def squeeze(self, axis: Any = None) -> Symbol:
        """Without the axes of length 1."""
        return record_call("squeeze", np.squeeze, (self,), {"axis": axis})

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

    sum, mean, max, min = map(_reduction, ("sum", "mean", "max", "min"))
    prod, var, cumsum = map(_reduction, ("prod", "var", "cumsum"))

    def __getitem__(self, index: Any) -> Symbol:
        return record_call("getitem", operator.getitem, (self, index))

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = _never
    __and__ = __rand__ = _bits("bitwise_and", "logical_and")
    __or__ = __ror__ = _bits("bitwise_or", "logical_or")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __eq__ = _binary("equal")
    __ne__ = _binary("not_equal")
    __hash__ = object.__hash__

    def __neg__(self) -> Symbol:
        return record_call("negative", np.negative, (self,))

    def __abs__(self) -> Symbol:
        return record_call("absolute", np.absolute, (self,))

    def __bool__(self) -> bool:
        raise TypeError("a program can't branch on a value; write where(condition, a, b)")

    # How rules and NumPy's functions find it ----------------------------------------------------

    def apply_rule(self, rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any]) -> Symbol:
        """The call of a rule, whole."""
        return record_call(rule.name, rule.forward, inputs, options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a symbol stands for an array, and is none")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Symbol:
        if method == "reduce" and ufunc is np.add:
            return record_call("sum", np.sum, inputs, {"axis": 0, **options})
        if method != "__call__":
            raise TypeError(f"np.{ufunc.__name__}.{method} can't be written in a program")
        return record_call(ufunc.__name__, ufunc, inputs, options)

    def __array_function__(
        self, function: Any, types: Iterable[type], arguments: Any, options: Any
    ) -> Any:
        if function in (np.shape, np.ndim, np.size, np.isfortran):
            return function(*(_value(x) for x in arguments))
        return record_call(function.__name__, function, arguments, options)


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
    value = function(*_value(arguments), **{key: _value(x) for key, x in options.items()})
    return Symbol(name, function, tuple(arguments), options, value)


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


def is_numpy(symbol: Symbol) -> bool:
    """Whether its call is what it is called: NumPy's function or a built-in rule of that name."""
    return symbol.call in RULES or getattr(np, symbol.call or "", None) is symbol.function


def _value(argument: Any) -> Any:
    """An argument with values for its symbols, to be read only."""
    if isinstance(argument, Symbol):
        value = argument.value
        if isinstance(value, np.ndarray):
            value = value.view()
            value.flags.writeable = False
        return value
    if isinstance(argument, tuple | list):
        return type(argument)(_value(part) for part in argument)
    return argument


def convert(x: Any, change: Callable[[Any], Any]) -> Any:
    """An argument or options, with each of their parts changed; itself where nothing is."""
    if isinstance(x, tuple | list):
        parts = [convert(part, change) for part in x]
        return x if all(map(operator.is_, parts, x)) else type(x)(parts)
    if isinstance(x, dict):
        return {key: convert(part, change) for key, part in x.items()}
    return change(x)
