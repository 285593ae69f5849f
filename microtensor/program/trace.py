"""The record run once more on symbols: forward and backward as one program, in plain data.

Rules are written in array operators. Fed symbols instead of arrays, they leave every NumPy call
that they make in the symbol they return. What is reached from a gradient is the program for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ..backward import starting_gradient, walk
from ..graph import places
from ..rules import RULES, Rule
from ..tensor import Tensor

_next = count(1).__next__


def _binary(name: str) -> Callable[..., Any]:
    return lambda self, other: called(name, getattr(np, name), (self, other))


def _reflected(name: str) -> Callable[..., Any]:
    return lambda self, other: called(name, getattr(np, name), (other, self))


def _bits(name: str, of_bools: str) -> Callable[..., Any]:
    """`a & b`: of bools it is what rules mean by "and", of whole numbers their bits."""

    def both(self: Any, other: Any) -> Any:
        bools = all(getattr(getattr(x, "dtype", x), "kind", "") == "b" for x in (self, other))
        call = of_bools if bools else name
        return called(call, getattr(np, call), (self, other))

    return both


def _never(self: Any, other: Any) -> Any:
    raise TypeError("a program changes nothing in place")


def _reduction(name: str) -> Callable[..., Any]:
    return lambda self, **options: called(name, getattr(np, name), (self,), options)


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

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.value.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return self.value.size  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """What kind of number it holds."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def flags(self) -> Any:
        """How it lies in memory."""
        return self.value.flags

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
        return called("transpose", np.transpose, (self,), {"axes": axes})

    def reshape(self, *shape: Any) -> Symbol:
        """The same entries in another shape."""
        shape = shape[0] if len(shape) == 1 else shape
        return called("reshape", np.reshape, (self,), {"shape": shape})

    def squeeze(self, axis: Any = None) -> Symbol:
        """Without the axes of length 1."""
        return called("squeeze", np.squeeze, (self,), {"axis": axis})

    def astype(self, dtype: Any) -> Symbol:
        """The same numbers in another dtype; itself where it has that dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        return called("astype", _astype, (self, dtype))

    def view(self) -> Symbol:
        """Itself: a program overwrites nothing that it still reads."""
        return self

    copy = view

    sum, mean, max, min = map(_reduction, ("sum", "mean", "max", "min"))
    prod, var, cumsum = map(_reduction, ("prod", "var", "cumsum"))

    def __getitem__(self, index: Any) -> Symbol:
        return called("getitem", operator.getitem, (self, index))

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
        return called("negative", np.negative, (self,))

    def __abs__(self) -> Symbol:
        return called("absolute", np.absolute, (self,))

    def __bool__(self) -> bool:
        raise TypeError("a program can't branch on a value; write where(condition, a, b)")

    # How rules and NumPy's functions find it ----------------------------------------------------

    def apply_rule(self, rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any]) -> Symbol:
        """The call of a rule, whole."""
        return called(rule.name, rule.forward, inputs, options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a symbol stands for an array, and is none")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Symbol:
        if method == "reduce" and ufunc is np.add:
            return called("sum", np.sum, inputs, {"axis": 0, **options})
        if method != "__call__":
            raise TypeError(f"np.{ufunc.__name__}.{method} can't be written in a program")
        return called(ufunc.__name__, ufunc, inputs, options)

    def __array_function__(
        self, function: Any, types: Iterable[type], arguments: Any, options: Any
    ) -> Any:
        if function in (np.shape, np.ndim, np.size, np.isfortran):
            return function(*(_value(x) for x in arguments))
        return called(function.__name__, function, arguments, options)


def called(
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


def reached(wanted: Iterable[Any]) -> list[Symbol]:
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


class Trace(NamedTuple):
    """The symbols of a graph: those of its nodes by id, those of its edges by (target, slot).

    `values` has every node; a number that was never a tensor stands for itself there, and other
    leaves are inputs. `seed` is the input that arrives at the result. `gradients` has every node
    that a gradient was computed for. Of each edge that sends one, `contributions` is what it
    sends. `locals` has the local derivatives between scalars, from a scalar result's seed of 1.
    """

    values: dict[str, Any]
    seed: Symbol
    gradients: dict[str, Symbol]
    contributions: dict[tuple[str, int], Symbol]
    locals: dict[tuple[str, int], Symbol]


def trace(result: Tensor, gradient: Any = None, whole: bool = True) -> Trace:
    """The program behind a result and its gradients, from its record.

    Node ids are those of `Graph.of(result)`. `whole`: a rule that is more than one NumPy call
    (sigmoid, softmax) is one call of that rule, else it is the calls that it makes. An operation
    of one's own is the calls that it makes, where it is written in NumPy's functions; where its
    derivative isn't, TypeError says so.
    """
    seed = Symbol(None, None, (), {}, starting_gradient(result, gradient, "trace"))
    numbered = list(places(result))
    ids = {place.value: place.id for place in numbered if place.reader is None}
    operands = {place.id: place.operands for place in numbered}
    values: dict[str, Any] = {}
    found = Trace(values, seed, {}, {}, {})
    slots: dict[Tensor, Iterator[int]] = {}

    reading: list[Any] = [None]

    def read(node: Tensor) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        reading[0] = node._rule
        return values[ids[node]], tuple(values[x] for x in operands[ids[node]]), node._options

    def visit(node: Tensor, x: Tensor, g: Any, d: Any) -> None:
        if node not in slots:
            slots[node] = (
                i for i, t in enumerate(node._inputs) if t is not None and t._requires_grad
            )
            found.gradients[ids[node]] = g
        edge = ids[node], next(slots[node])
        found.contributions[edge] = d
        if gradient is None and result.ndim == node.ndim == x.ndim == 0:
            rule: Any = node._rule
            derivative = rule.derivative(edge[1])
            out, inputs, options = read(node)
            found.locals[edge] = derivative(seed, out, *inputs, **options)

    with np.errstate(all="ignore"):
        for place in numbered:
            if place.reader is not None or place.value._rule is None:
                values[place.id] = _leaf(place.value)
            else:
                inputs = tuple(values[x] for x in place.operands)
                values[place.id] = _applied(place.value, inputs, whole)
        try:
            slopes = walk(result, seed, read=read, visit=visit)
        except Exception as error:  # as above
            if not getattr(reading[0], "own", False):
                raise
            raise TypeError(
                f"trace: the derivative of {reading[0].name!r} isn't written in NumPy's functions"
            ) from error
        for leaf, g in slopes.items():
            found.gradients[ids[leaf]] = g
    return found


def _leaf(value: Any) -> Any:
    """A tensor or an array as an input; a number as it is."""
    if isinstance(value, Tensor | np.ndarray):
        return Symbol(None, None, (), {}, getattr(value, "_data", value))
    return value


def _applied(node: Tensor, inputs: tuple[Any, ...], whole: bool) -> Any:
    """The rule that gave a tensor: the calls it makes, or one call of it."""
    rule: Any = node._rule
    before = _next()
    try:
        made: Any = rule.forward(*inputs, **node._options)
    except Exception:  # a function that isn't written in NumPy's can fail on symbols in any way
        made = None
    faithful = isinstance(made, Symbol) and np.array_equal(made.value, node._data, equal_nan=True)
    if faithful and not (whole and made.index > before + 1 and not rule.own):
        return made
    return Symbol(rule.name, rule.forward, inputs, node._options, node._data)
