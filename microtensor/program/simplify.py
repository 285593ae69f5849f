"""A traced program made simpler: nothing computed twice, nothing computed for nothing.

Two tiers: what is the same to the last bit, which `compile` runs, and algebra, for who reads it.
One rule a function, in tables by the call that they look at. A rule is given a call just made,
and returns what may stand in its place, or None. What has another shape or dtype never stands in.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..lexicon import ROWS
from ..numerics import tiling
from ..rules import RULES
from .symbol import Length, Symbol, convert, has_symbols, is_entrywise, record_call

Number = int | float
NONE: Any = object()  # the dtype of a Python number: to NumPy, None is float64


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a symbol, an array or a number."""
    return np.shape(x) if not isinstance(x, Symbol) or hasattr(x.value, "shape") else ()


def _value_of(x: Any) -> Any:
    return x.value if isinstance(x, Symbol) else int(x) if isinstance(x, Length) else x


def _dtype_of(x: Any) -> Any:
    return getattr(_value_of(x), "dtype", NONE)


def _is_float(x: Any) -> bool:
    return getattr(_dtype_of(x), "kind", "") == "f"


def is_plain(x: Any) -> bool:
    """A Python number, the same for all data: not the length of an input."""
    return isinstance(x, int | float) and not isinstance(x, bool | np.generic | Length)


class Scaled(NamedTuple):
    """factor * core / divisors: a number in front, and the lengths and numbers divided by."""

    factor: Number
    core: Any  # None: there is only the number
    divisors: tuple[Any, ...]


class Simplifier:
    """Rewrites symbols, oldest first.

    `exact`: to the last bit. Else `kept` are symbols that stay calls of their own, since they have
    a name; and what is older than `forward` was written by the user and keeps its algebra.
    """

    def __init__(self, kept: Iterable[Symbol] = (), forward: int = 0, exact: bool = False) -> None:
        self.kept = set(kept)
        self.forward = forward
        self.exact = exact
        self.found: dict[Any, Any] = {}
        self.known: dict[Any, Any] = {}
        self.closed: set[Symbol] = set()  # used more than once, or kept: not taken apart
        self.algebra = False

    def run(self, symbols: list[Symbol]) -> dict[Any, Any]:
        """What stands for each of these symbols."""
        uses = Counter(x for symbol in symbols for x in symbol.operands)
        with np.errstate(all="ignore"):
            for symbol in symbols:
                self.algebra = not self.exact and symbol.index > self.forward
                new = self._rewritten(symbol)
                self.found[symbol] = new
                if isinstance(new, Symbol) and (symbol in self.kept or uses[symbol] > 1):
                    self.closed.add(new)
        return self.found

    def _rewritten(self, symbol: Symbol) -> Any:
        if symbol in self.found:
            return self.found[symbol]
        if symbol.call is None:
            return symbol
        arguments = [self.now(x) for x in symbol.arguments]
        options = {key: self.now(x) for key, x in symbol.options.items()}
        if self.algebra and symbol.call in NUMBERS and _is_float(symbol):
            arguments = [int(x) if isinstance(x, bool | np.bool) else x for x in arguments]
        if symbol.call == "broadcast_to" and is_weak(arguments[0]):
            return self.filled(arguments[0], symbol.shape, symbol.dtype)
        if is_elementwise(symbol):
            new = self.make(symbol.call, *arguments, like=symbol, **options)
            if _same_kind(new, symbol):
                return new
        pairs = zip(symbol.arguments, arguments, strict=True)
        arguments = [_typed(old, new) for old, new in pairs]  # a number had a dtype, and it counts
        new = self.make(symbol.call, *arguments, like=symbol, **options)
        return new.item() if isinstance(new, np.generic) and not self.exact else new

    def now(self, x: Any) -> Any:
        """An argument with what stands for its symbols."""
        return convert(x, lambda part: self.found[part] if isinstance(part, Symbol) else part)

    def spread(self, value: Any) -> Any:
        """One number in every entry of an array like this one."""
        return value if value.ndim == 0 else self.filled(value.flat[0], value.shape, value.dtype)

    def make(self, call: str, *arguments: Any, like: Any = None, **options: Any) -> Any:
        """A call, or what it comes down to; `like` a symbol of the same function."""
        if call in SECOND and len(arguments) == 2:
            options = {SECOND[call]: arguments[1], **options}
            arguments = arguments[:1]
        function, folded = like.function if like is not None else getattr(np, call), None
        key = call, id(function), _key(arguments), _key(tuple(options.items()))
        if key in self.known:
            return self.known[key]
        given = *arguments, *options.values()
        if self.exact and call != "broadcast_to" and not has_symbols(given):
            return function(*arguments, **options)
        if call in NUMBERS and all(map(is_weak, arguments)):
            if call == "divide" and is_plain(arguments[1]) and not arguments[1]:
                return np.divide(_value_of(arguments[0]), 0).item()  # Python would raise
            function = NUMBERS[call]
            value = function(*map(_value_of, arguments))
            if all(map(is_plain, arguments)):  # 1 / 4 is 0.25, and 1 / 3 stays
                if call != "divide" or len(repr(value)) < 6:
                    return value
            elif not any(_has_length(x) for x in arguments):
                if call != "multiply" or not self.algebra or len(repr(value)) <= 8:
                    return value
                folded = value  # unless rules make 1 / 6 of 2 * (1 / 12)
        symbol = self.known[key] = record_call(call, function, arguments, options)
        rules = (EXACT if self.exact else ALGEBRA if self.algebra else SAFE).get(call, ())
        if is_elementwise(symbol) and any(map(_is_copy, arguments)):
            rules = *rules, _without_copies
        for rule in rules:
            new = rule(self, symbol)
            if new is not None and new is not symbol and _same_kind(new, symbol):
                del self.known[key]
                return new
        if folded is not None:
            self.known[key] = folded
        return self.known[key]

    def filled(self, number: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        """One number in every entry."""
        if self.exact or not is_weak(number):
            return self.make("broadcast_to", number, shape)
        number = float(number) if is_plain(number) else number
        usual = dtype == np.float64 and isinstance(_value_of(number), float)
        options = {} if usual else {"dtype": dtype}
        return self.make("full", shape, number, **options)

    def is_open(self, x: Any, *calls: str) -> bool:
        """Whether it is one of these calls, made here for one reader."""
        return isinstance(x, Symbol) and x.call in calls and x not in self.closed

    def scaled(self, x: Any) -> Scaled:
        """A value taken apart; what has another dtype then, as a count of bools, stays whole."""
        factor: Number = 1
        divisors: tuple[Any, ...] = ()
        while True:
            if is_plain(x):
                return Scaled(factor * x, None, divisors)
            if self.is_open(x, "negative"):
                factor, x = -factor, x.arguments[0]
            elif self.is_open(x, "multiply") and is_plain(x.arguments[0]) and _keeps(x, 1):
                factor, x = factor * x.arguments[0], x.arguments[1]
            elif _divides(x) and (is_weak(x) or x not in self.closed) and _keeps(x, 0):
                divisors, x = (x.arguments[1], *divisors), x.arguments[0]
            else:
                return Scaled(factor, x, divisors)

    def built(self, parts: Scaled) -> Any:
        """A value put together again, the number in front and the divisors last."""
        factor, x, divisors = parts
        kind = getattr(_dtype_of(x), "kind", "f")
        factor = _whole(factor) if kind == "f" else factor  # 3.0 times an int is a float
        number = math.prod(d for d in divisors if is_plain(d))
        lengths = tuple(d for d in divisors if not is_plain(d))
        keys = [_key(d) for d in lengths]
        if isinstance(x, Length) and _key(x) in keys:  # m / m
            k = keys.index(_key(x))
            x, lengths = None, lengths[:k] + lengths[k + 1 :]
            divisors = (*lengths, *(d for d in divisors if is_plain(d)))
        if factor != 1 and number != 1 and factor % number == 0:
            factor, divisors = factor / number, lengths
        elif factor > 1 and number != 1 and number % factor == 0:  # 2 x / 32 = x / 16
            factor, divisors = 1, (*lengths, _whole(number / factor))
        if x is None:
            x = factor
        elif factor == -1 and kind in "fi":
            x = self.make("negative", x)
        elif factor != 1:
            x = self.make("multiply", factor, x)
        for divisor in divisors:
            x = self.make("divide", x, divisor)
        return x


def _keeps(x: Symbol, k: int) -> bool:
    return bool(_dtype_of(x) == _dtype_of(x.arguments[k]))


def _divides(x: Any) -> bool:
    return isinstance(x, Symbol) and x.call == "divide" and _is_divisor(x.arguments[1])


def _key(x: Any) -> Any:
    """What tells two arguments apart: numbers by type and value, arrays by identity."""
    if isinstance(x, tuple | list):
        return (type(x), *map(_key, x))
    if isinstance(x, slice):
        return slice, x.start, x.stop, x.step
    if isinstance(x, int | float | str | np.dtype | np.generic) or x is None or x is Ellipsis:
        return type(x), repr(x)
    return id(x)


def is_weak(x: Any) -> bool:
    """A Python number, a length, or what is computed from such, as 1 / m."""
    return is_plain(_value_of(x))


def _is_known(x: Any) -> bool:
    """A number that is the same for all data, whatever its type."""
    return is_plain(x) or isinstance(x, np.generic)


def is_elementwise(symbol: Symbol) -> bool:
    """Whether its call works entry by entry, and so on what broadcasting copies too."""
    return ROWS[symbol.call].elementwise if symbol.call in ROWS else is_entrywise(symbol.function)


def _has_length(x: Any) -> bool:
    """Whether a number is a length, or computed from one: others are folded, but for 1 / 3."""
    return isinstance(x, Length) or (isinstance(x, Symbol) and any(map(_has_length, x.arguments)))


def _is_divisor(x: Any) -> bool:
    """A number or a length: what stands at the end of a quotient."""
    return isinstance(x, Length) or (is_plain(x) and x != 0)


def _same_kind(new: Any, old: Symbol) -> bool:
    """The same shape and dtype; a Python number does for any single one."""
    if is_weak(new):
        return shape_of(old) == ()
    return shape_of(new) == shape_of(old) and _dtype_of(new) == _dtype_of(old)


def _typed(old: Any, new: Any) -> Any:
    """A number with the dtype it had."""
    if not isinstance(old, Symbol) or not is_weak(new):
        return new
    number = old.dtype.type
    return number(new) if is_plain(new) else record_call(number.__name__, number, (new,))


# Copies -----------------------------------------------------------------------------------------


def _is_copy(x: Any) -> bool:
    return isinstance(x, Symbol) and x.call in ("broadcast_to", "full")


def _bare(x: Any) -> Any:
    """What was copied."""
    return x.arguments[1 if x.call == "full" else 0]


def _is_filled(x: Any) -> bool:
    """One number in every entry."""
    return _is_copy(x) and shape_of(_bare(x)) == ()


def _without_copies(to: Simplifier, symbol: Symbol) -> Any:
    """An operand that broadcasting would copy anyway; of copies alone, the copy of the result.

    The latter lies in memory otherwise, and what is added up in another order rounds otherwise.
    """
    bare = [_bare(x) if _is_copy(x) else x for x in symbol.arguments]
    if to.exact:
        arguments = list(symbol.arguments)
        for k, x in enumerate(bare):
            fewer = [*arguments[:k], x, *arguments[k + 1 :]]
            if np.broadcast_shapes(*map(shape_of, fewer)) == symbol.shape:
                arguments = fewer
        if all(map(operator.is_, arguments, symbol.arguments)):
            return symbol
        return to.make(symbol.call or "", *arguments, like=symbol, **symbol.options)
    values = bare[1:] if symbol.call == "where" else bare
    one_kind = all(_dtype_of(x) in (NONE, symbol.dtype) for x in values)
    for arguments in ([_whole(x) if one_kind else x for x in bare], bare):
        new = to.make(symbol.call or "", *arguments, like=symbol, **symbol.options)
        if shape_of(new) != symbol.shape:
            return to.filled(new, symbol.shape, symbol.dtype)
        if _same_kind(new, symbol):
            break
    return new


def _whole(x: Any) -> Any:
    """1 for 1.0."""
    return int(x) if is_plain(x) and math.isfinite(x) and x == int(x) else x


def _needless_copy(to: Simplifier, symbol: Symbol) -> Any:
    """broadcast_to, or reshape, to the shape it has."""
    return symbol.arguments[0] if shape_of(symbol.arguments[0]) == symbol.shape else None


def _copy_of_copy(to: Simplifier, symbol: Symbol) -> Any:
    """A copy of copies, or one number in every entry in another shape."""
    x = symbol.arguments[0]
    known = _is_filled(x) or (_is_copy(x) and symbol.call == "broadcast_to")
    return to.filled(_bare(x), symbol.shape, symbol.dtype) if known else None


def _sum_of_filled(to: Simplifier, symbol: Symbol) -> Any:
    """The sum of equal numbers: as many times the number."""
    x = symbol.arguments[0]
    if not _is_filled(x) or not symbol.size:
        return None
    total = to.make("multiply", x.size // symbol.size, _bare(x))
    return total if symbol.shape == () else to.filled(total, symbol.shape, symbol.dtype)


# Shapes -----------------------------------------------------------------------------------------


def order_of(symbol: Symbol) -> tuple[int, ...]:
    """The axes of a transpose, none of them counted from the end."""
    axes = symbol.options.get("axes")
    count = symbol.ndim
    return tuple(reversed(range(count))) if axes is None else tuple(a % count for a in axes)


def _transpose_of_transpose(to: Simplifier, symbol: Symbol) -> Any:
    """(x.T).T = x, and two orders of axes are one."""
    inner, order = symbol.arguments[0], order_of(symbol)
    if order == tuple(range(symbol.ndim)):
        return inner
    if not isinstance(inner, Symbol) or inner.call != "transpose":
        return None
    first = order_of(inner)
    return to.make("transpose", inner.arguments[0], axes=tuple(first[a] for a in order))


def _transpose_of_product(to: Simplifier, symbol: Symbol) -> Any:
    """(A.T @ B).T = B.T @ A, where a transpose goes away by it."""
    x = symbol.arguments[0]
    if not to.is_open(x, "matmul") or order_of(symbol) != (1, 0):
        return None
    a, b = x.arguments
    if not any(isinstance(y, Symbol) and y.call == "transpose" for y in (a, b)):
        return None
    return to.make("matmul", *(to.make("transpose", y, axes=(1, 0)) for y in (b, a)))


def _reshape_of_sum(to: Simplifier, symbol: Symbol) -> Any:
    """sum(axis=1).reshape(n, 1) keeps its axes by itself."""
    parts = to.scaled(symbol.arguments[0]) if to.algebra else Scaled(1, symbol.arguments[0], ())
    x = parts.core
    if not to.is_open(x, "sum") or x.options.get("keepdims"):
        return None
    summed, axes = x.arguments[0], _axes(x)
    if tuple(1 if a in axes else n for a, n in enumerate(shape_of(summed))) != symbol.shape:
        return None
    kept = to.make("sum", summed, axis=x.options["axis"], keepdims=True, like=x)
    return to.built(parts._replace(core=kept))


def _axes(symbol: Symbol) -> tuple[int, ...]:
    axis, count = symbol.options.get("axis"), len(shape_of(symbol.arguments[0]))
    if axis is None:
        return tuple(range(count))
    return tuple(a % count for a in (axis if isinstance(axis, tuple) else (axis,)))


def _sum_over_axes(to: Simplifier, symbol: Symbol) -> Any:
    """axis=(0,) is axis=0; over no axis nothing is summed; over all there is none to name."""
    x, axis, keep = symbol.arguments[0], symbol.options.get("axis"), symbol.options.get("keepdims")
    if not isinstance(axis, tuple):
        return None
    if not axis:
        return x
    shorter = None if len(axis) == len(shape_of(x)) else axis[0] if len(axis) == 1 else axis
    if shorter == axis:
        return None
    return to.make("sum", x, axis=shorter, **({"keepdims": True} if keep else {}))


def _scaled_sum(to: Simplifier, symbol: Symbol) -> Any:
    """sum(-x / m) = -sum(x) / m; the sum of halves could overflow before it is divided."""
    parts = to.scaled(symbol.arguments[0])
    if parts.core is None or symbol.dtype == np.float16:
        return None
    return to.built(parts._replace(core=to.make("sum", parts.core, **symbol.options)))


def _product_with_vector(to: Simplifier, symbol: Symbol) -> Any:
    """(v[None, :] @ A)[0, :] = v @ A, and (A @ v[:, None])[:, 0] = A @ v."""
    x, where = symbol.arguments
    if not to.is_open(x, "matmul"):
        return None
    for side, put_in, taken in ((0, ROW, (..., 0, slice(None))), (1, COLUMN, (..., 0))):
        matrix, v = x.arguments[1 - side], x.arguments[side]
        lifted = isinstance(v, Symbol) and v.call == "getitem" and v.ndim == 2
        if lifted and _key(v.arguments[1]) == _key(put_in) and _key(where) == _key(taken):
            v = v.arguments[0]
            if len(shape_of(v)) == 1 and len(shape_of(matrix)) == 2:
                return to.make("matmul", *((v, matrix) if side == 0 else (matrix, v)))
    return None


ROW, COLUMN = (..., None, slice(None)), (..., None)


def _tiles(to: Simplifier, symbol: Symbol) -> Any:
    """What is put back part by part into all of an array: the parts beside each other."""
    indices, shape = symbol.options["indices"], symbol.options["shape"]
    found = None if has_symbols(indices) else tiling(indices, shape)
    if found is None or isinstance(shape[found[0]], Length):  # of another batch, not into all
        return None
    axis, order, numbers = found
    parts = [symbol.arguments[k] for k in order]
    if not numbers:
        return to.make("concatenate", parts, axis=axis)
    if to.exact and axis == 0 and shape_of(parts[0]):  # np.stack takes four times as long
        return to.make("reshape", to.make("concatenate", parts, axis=0), shape=symbol.shape)
    return to.make("stack", parts, **({"axis": axis} if axis else {}))


def _rows_at_once(to: Simplifier, symbol: Symbol) -> Any:
    """A stack of matrices times one, where the rule does it: the calls that the rule makes."""
    a, b = symbol.arguments
    if (
        not to.exact
        or symbol.function is np.matmul
        or len(shape_of(a)) < 3
        or len(shape_of(b)) != 2
    ):
        return None
    rows = to.make("reshape", a, shape=(-1, a.shape[-1]))
    return to.make("reshape", to.make("matmul", rows, b), shape=symbol.shape)


# Arithmetic -------------------------------------------------------------------------------------


def _neutral(to: Simplifier, symbol: Symbol) -> Any:
    """1 * x, x / 1, x ** 1, and 0 + x but for a zero with a sign."""
    a, b = symbol.arguments
    neutral = 0 if symbol.call == "add" else 1
    if _is_known(b) and b == neutral:
        return a
    return b if _is_known(a) and a == neutral and symbol.call in ("add", "multiply") else None


def _product(to: Simplifier, symbol: Symbol) -> Any:
    """Numbers and signs to the front of a product, divisors to its end; a (2 / b) = 2 a / b."""
    a, b = symbol.arguments
    if to.is_open(b, "divide") and is_plain(b.arguments[0]) and not _divides(b):
        return to.make("divide", to.make("multiply", b.arguments[0], a), b.arguments[1])
    left, right = to.scaled(a), to.scaled(b)
    if not 1e-6 < abs(left.factor * right.factor) < 1e6:
        return None  # what the numbers alone give could overflow
    if right.core is b and is_plain(a) and a != -1:
        return None
    cores = [core for core in (left.core, right.core) if core is not None]
    core = to.make("multiply", *cores) if len(cores) == 2 else cores[0] if cores else None
    return to.built(Scaled(left.factor * right.factor, core, left.divisors + right.divisors))


def _quotient(to: Simplifier, symbol: Symbol) -> Any:
    """Numbers and signs to the front of a quotient, lengths to its end."""
    a, b = symbol.arguments
    factor, core, divisors = to.scaled(a)
    if _is_divisor(b):
        return None
    if core is None:  # 2 / x
        return to.built(Scaled(1, to.make("divide", factor, b), divisors))
    return to.built(Scaled(factor, to.make("divide", core, b), divisors))


def _negative(to: Simplifier, symbol: Symbol) -> Any:
    """-(-x) = x, -(a - b) = b - a, and the sign goes to the number in front."""
    x = symbol.arguments[0]
    if to.is_open(x, "subtract"):
        return to.make("subtract", *reversed(x.arguments))
    parts = to.scaled(x)
    return to.built(parts._replace(factor=-parts.factor))


def _double_negative(to: Simplifier, symbol: Symbol) -> Any:
    """-(-x) = x."""
    x = symbol.arguments[0]
    return x.arguments[0] if isinstance(x, Symbol) and x.call == "negative" else None


def _sum_of_scaled(to: Simplifier, symbol: Symbol) -> Any:
    """a / m + b / m = (a + b) / m, and signs together: -a + b = b - a."""
    a, b = symbol.arguments
    left, right = to.scaled(a), to.scaled(b)
    if symbol.call == "subtract":
        right = right._replace(factor=-right.factor)
    elif to.is_open(a, "add"):  # (c + a) + a = c + 2 a
        last = to.scaled(a.arguments[1])
        if _key(last[1:]) == _key(right[1:]):
            twice = to.built(right._replace(factor=last.factor + right.factor))
            return to.make("add", a.arguments[0], twice)
    if symbol.call == "add":  # a + -2 = -2 + a = a - 2
        for parts, other in ((left, b), (right, a)):
            if parts.core is None and parts.factor < 0:
                return to.make("subtract", other, to.built(parts._replace(factor=-parts.factor)))
    if left.core is None or right.core is None or _key(left.divisors) != _key(right.divisors):
        return None
    if left.core is right.core and left.factor + right.factor:
        return to.built(left._replace(factor=left.factor + right.factor))
    if abs(left.factor) != abs(right.factor):
        return None
    call = "add" if left.factor == right.factor else "subtract"
    if call == "subtract" and left.factor < 0:
        left, right = right, left
    return to.built(left._replace(core=to.make(call, left.core, right.core)))


def _open_gate(to: Simplifier, symbol: Symbol) -> Any:
    """What passes where a relu isn't 0 passes where it is above 0: what a person asks."""
    closed, zero, g = symbol.arguments
    if not (isinstance(closed, Symbol) and closed.call == "equal" and is_plain(zero) and zero == 0):
        return None
    a, nought = closed.arguments
    relu = isinstance(a, Symbol) and a.call == "maximum" and is_plain(a.arguments[1])
    if relu and a.arguments[1] == 0 and is_plain(nought) and nought == 0:
        return to.make("where", to.make("greater", a, nought), g, zero)
    return None


# What holds to the last bit; what a zero's sign aside does; what may round differently in the last.
Rewrite = Callable[[Simplifier, Symbol], Any]
EXACT: dict[str, tuple[Rewrite, ...]] = {
    "broadcast_to": (_needless_copy, _copy_of_copy),
    "reshape": (_needless_copy, _reshape_of_sum),
    "transpose": (_transpose_of_transpose,),
    "multiply": (_neutral,),
    "divide": (_neutral,),
    "power": (_neutral,),
    "negative": (_double_negative,),
    "put_each": (_tiles,),
    "matmul": (_rows_at_once,),
}
SAFE = {**EXACT, "add": (_neutral,), "sum": (_sum_over_axes,)}
ALGEBRA = {
    **SAFE,
    "reshape": (_copy_of_copy, *SAFE["reshape"]),
    "transpose": (_copy_of_copy, *SAFE["transpose"], _transpose_of_product),
    "expand_dims": (_copy_of_copy,),
    "sum": (_sum_of_filled, *SAFE["sum"], _scaled_sum),
    "getitem": (_product_with_vector,),
    "negative": (_negative,),
    "add": (_neutral, _sum_of_scaled),
    "subtract": (_sum_of_scaled,),
    "multiply": (_neutral, _product),
    "divide": (_neutral, _quotient),
    "where": (_open_gate,),
}
# What their second argument is called.
SECOND = {"transpose": "axes", "reshape": "shape", "sum": "axis"}
# Of numbers alone, Python's own functions.
NUMBERS = {x: RULES[x].forward for x in ("negative", "add", "subtract", "multiply", "divide")}
