"""The calculus page: every primitive, its value and one derivative per input, side by side.

A derivative is written `(g, out, *inputs, **options) -> gradient`: `g` is the gradient that
arrives at the result `out`, and what is returned goes on to that input (`None`: there is no
derivative). The walk undoes broadcasting afterwards, so no rule thinks of it. Rules are plain
NumPy: fed arrays they give numbers, fed tensors they record themselves, and so give the next
derivative. What a derivative returns is a new array, or `g` or a view of it, never an input.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from string import ascii_letters as LETTERS
from typing import Any

import numpy as np

from . import numerics
from .lexicon import NO_ROW, ROWS, Row

Derivative = Callable[..., Any]


@dataclass(eq=False, repr=False, slots=True)
class Rule:
    """A primitive: its name, its value, and one derivative per input.

    One with any number of inputs has `every` instead, which is given what a derivative is, and
    gives a function of the slot: so what all slots share is computed once.
    Called on arrays it gives the value; an input that has an `apply_rule` method (a tensor has)
    is asked to apply the rule instead.
    """

    name: str
    forward: Callable[..., Any]
    derivatives: tuple[Derivative | None, ...] = ()
    every: Derivative | None = None
    own: bool = False  # a user's own operation
    row: Row = NO_ROW  # how it is written and told: its own, or the lexicon's
    differentiable: bool = field(init=False)
    partial: bool = field(init=False)  # with respect to some inputs alone

    def __post_init__(self) -> None:
        known = [d for d in (*self.derivatives, self.every) if d is not None]
        self.differentiable = bool(known)
        self.partial = 0 < len(known) < len(self.derivatives)
        if self.row is NO_ROW:
            self.row = ROWS.get(self.name) or Row(self.name)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        for x in inputs:
            if hasattr(x, "apply_rule"):
                return x.apply_rule(self, inputs, options)
        return self.forward(*inputs, **options)

    def derivative(self, slot: int) -> Derivative | None:
        """The derivative with respect to one input."""
        every = self.every
        if every is None:
            return self.derivatives[slot]
        return lambda *arguments, **options: every(*arguments, **options)(slot)

    def __repr__(self) -> str:
        return f"Rule({self.name!r})"


RULES: dict[str, Rule] = {}


def _rule(name: str, forward: Any, *derivatives: Any, every: Any = None) -> Rule:
    RULES[name] = Rule(name, forward, derivatives, every)
    return RULES[name]


# Arithmetic -------------------------------------------------------------------------------------

add = _rule("add", operator.add, lambda g, out, a, b: g, lambda g, out, a, b: g)
subtract = _rule("subtract", operator.sub, lambda g, out, a, b: g, lambda g, out, a, b: -g)
multiply = _rule("multiply", operator.mul, lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)
divide = _rule(
    "divide", operator.truediv, lambda g, out, a, b: g / b, lambda g, out, a, b: -g * out / b
)
negative = _rule("negative", operator.neg, lambda g, out, x: -g)


def _power_base(g: Any, out: Any, a: Any, b: Any) -> Any:
    """b a^(b-1), and 0 where a = b = 0."""
    if isinstance(b, int | float):
        if b == 0:
            return g * np.zeros_like(a)
        if b == 2:
            return g * (2 * a)
        slope = power(a, b - 1) if numerics.is_small(b - 1) else a ** (b - 1)
        return numerics.into_last(np.multiply, g, numerics.into_last(np.multiply, b, slope))
    b = numerics.floats(b, out.dtype)
    zero = (a == 0) & (b == 0)
    return g * np.where(zero, 0.0, b * np.where(zero, 1.0, a) ** (b - 1))


def _power_exponent(g: Any, out: Any, a: Any, b: Any) -> Any:
    """a^b log a, and 0 where a = 0 and b >= 0 (its limit for b > 0)."""
    if isinstance(a, int | float) and a > 0:
        return g * (out * math.log(a))
    a = numerics.floats(a, out.dtype)
    zero = (a == 0) & (b >= 0)
    return g * np.where(zero, 0.0, out * np.log(np.where(zero, 1.0, a)))


power: Rule = _rule("power", numerics.powered, _power_base, _power_exponent)


# Matrix product: dL/dA = G B^T and dL/dB = A^T G (Giles 2008, "Collected matrix derivative
# results", 2.2.2). A transposed operand gets its gradient in the same, transposed, layout.


def _matmul_left(g: Any, out: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return g[..., None] * b if a.ndim > 1 else g * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    if a.ndim == 2 < b.ndim:
        return numerics.columns_of(g) @ numerics.columns_of(b).T
    if a.ndim == 2 and np.isfortran(a):
        return (b @ g.mT).mT
    return matmul(g, b.mT) if b.ndim < g.ndim else g @ b.mT


def _matmul_right(g: Any, out: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    if b.ndim == 1:
        return (g[..., None, :] @ a)[..., 0, :]
    if b.ndim == 2 < a.ndim:
        a, g = numerics.rows_of(a), numerics.rows_of(g)
    if b.ndim == 2 and np.isfortran(b):
        return (g.mT @ a).mT
    return a.mT @ g


matmul: Rule = _rule("matmul", numerics.multiplied, _matmul_left, _matmul_right)


def _einsum_slot(g: Any, out: Any, operands: Any, subscripts: str, optimize: Any, slot: int) -> Any:
    """The same product with this operand and the result in each other's place.

    Letters that only this operand has (or has at a length above 1) were summed away: ones spread
    the gradient over them. A letter it has twice takes a diagonal: an identity puts the gradient
    back on it.
    """
    terms, result = subscripts.split("->")
    factors = list(zip(terms.split(","), operands, strict=True))
    mine, x = factors.pop(slot)
    sizes = dict(zip(mine, x.shape, strict=True))
    factors.insert(0, (result, g))
    known = numerics.lengths(*zip(*factors, strict=True))
    factors += [(i, np.ones(n, g.dtype)) for i, n in sizes.items() if known.get(i, -1) < n]
    spare = (letter for letter in LETTERS if letter not in subscripts)
    wanted = ""
    for letter in mine:
        if letter in wanted:
            twin = next(spare)
            factors.append((letter + twin, np.eye(sizes[letter], dtype=g.dtype)))
            letter = twin
        wanted += letter
    written = ",".join(term for term, _ in factors)
    return einsum(*(x for _, x in factors), subscripts=f"{written}->{wanted}")


def _einsum_slots(g: Any, out: Any, *operands: Any, subscripts: str, optimize: Any = None) -> Any:
    return partial(_einsum_slot, g, out, operands, subscripts, optimize)


einsum = _rule("einsum", numerics.contract, every=_einsum_slots)


# Functions of one number ------------------------------------------------------------------------

LN2 = math.log(2)
exp = _rule("exp", np.exp, lambda g, out, x: g * out)
expm1 = _rule("expm1", np.expm1, lambda g, out, x: g * np.exp(x))
log = _rule("log", np.log, lambda g, out, x: g / x)
log1p = _rule("log1p", np.log1p, lambda g, out, x: g / (1 + x))
sqrt = _rule("sqrt", np.sqrt, lambda g, out, x: g / (2 * out))
square = _rule("square", np.square, lambda g, out, x: g * (2 * x))
sin = _rule("sin", np.sin, lambda g, out, x: g * np.cos(x))
cos = _rule("cos", np.cos, lambda g, out, x: -g * np.sin(x))
tan = _rule("tan", np.tan, lambda g, out, x: g * (1 + out * out))
tanh = _rule("tanh", np.tanh, lambda g, out, x: g * (1 - out * out))
sinh = _rule("sinh", np.sinh, lambda g, out, x: g * np.cosh(x))
cosh = _rule("cosh", np.cosh, lambda g, out, x: g * np.sinh(x))
arcsin = _rule("arcsin", np.arcsin, lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)))
arccos = _rule("arccos", np.arccos, lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)))
arctan = _rule("arctan", np.arctan, lambda g, out, x: g / (h := np.hypot(x, 1.0)) / h)
arcsinh = _rule("arcsinh", np.arcsinh, lambda g, out, x: g / np.hypot(x, 1.0))
arccosh = _rule("arccosh", np.arccosh, lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
arctanh = _rule("arctanh", np.arctanh, lambda g, out, x: g / ((1 - x) * (1 + x)))
exp2 = _rule("exp2", np.exp2, lambda g, out, x: g * (out * LN2))
log2 = _rule("log2", np.log2, lambda g, out, x: g / x / LN2)
log10 = _rule("log10", np.log10, lambda g, out, x: g / x / math.log(10))
cbrt = _rule("cbrt", np.cbrt, lambda g, out, x: g / (3 * out * out))
reciprocal = _rule("reciprocal", np.reciprocal, lambda g, out, x: -g * out * out)
deg2rad = _rule("deg2rad", np.deg2rad, lambda g, out, x: g * (math.pi / 180))
rad2deg = _rule("rad2deg", np.rad2deg, lambda g, out, x: g * (180 / math.pi))


def _turn(g: Any, out: Any, y: Any, x: Any) -> Any:
    """x over the squared distance from the origin; 0 there, by PyTorch's convention."""
    x, y = numerics.floats(x, out.dtype), numerics.floats(y, out.dtype)
    r = np.hypot(x, y)  # whose square would overflow far from the origin
    r = np.where(r == 0, 1.0, r)
    return g * (x / r) / r


arctan2 = _rule("arctan2", np.arctan2, _turn, lambda g, out, y, x: -_turn(g, out, x, y))


def _leg(g: Any, out: Any, a: Any, b: Any) -> Any:
    """A leg over the hypotenuse; 0 at (0, 0)."""
    return g * (a / np.where(out == 0, 1.0, out))


hypot = _rule("hypot", np.hypot, _leg, lambda g, out, a, b: _leg(g, out, b, a))


def _softplus(x: Any) -> Any:
    """log(1 + e^x), and never below x; its derivative, sigmoid(x), is 1 - exp(-out)."""
    x = numerics.floats(x)
    return np.maximum(x, np.log1p(np.exp(numerics.bounded(x))))


sigmoid = _rule("sigmoid", numerics.logistic, lambda g, out, x: g * (out * (1 - out)))
softplus = _rule("softplus", _softplus, lambda g, out, x: g * -np.expm1(-out))


def _ahead(out: Any, a: Any, b: Any) -> Any:
    """a - b; 0 where both are the same infinity."""
    same, zero = (a == b) & (np.abs(a) == np.inf), np.zeros_like(out)
    return np.where(same, zero, a) - np.where(same, zero, b)


def _by_share(scale: float) -> tuple[Derivative, Derivative]:
    """What exp(scale a) and exp(scale b) are of their sum."""
    return (
        lambda g, out, a, b: g * numerics.logistic(_ahead(out, a, b) * scale),
        lambda g, out, a, b: g * numerics.logistic(_ahead(out, b, a) * scale),
    )


logaddexp = _rule("logaddexp", np.logaddexp, *_by_share(1.0))
logaddexp2 = _rule("logaddexp2", np.logaddexp2, *_by_share(LN2))
erf = _rule(
    "erf",
    numerics.in_single(numerics.error_function),
    lambda g, out, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)),
)


# Steps: flat wherever they don't jump. They stay in the record, and send zeros.


def _flat(g: Any, *_: Any, **__: Any) -> Any:
    return np.zeros_like(g)


sign = _rule("sign", np.sign, _flat)
floor = _rule("floor", np.floor, _flat)
ceil = _rule("ceil", np.ceil, _flat)
trunc = _rule("trunc", np.trunc, _flat)
rint = _rule("rint", np.rint, _flat)
round = _rule("round", lambda x, decimals=0: np.round(x, decimals), _flat)
floor_divide = _rule("floor_divide", operator.floordiv, _flat, _flat)
remainder = _rule(
    "remainder",
    operator.mod,
    lambda g, out, a, b: g,
    lambda g, out, a, b: -g * np.floor_divide(a, b),
)


# Kinks: relu'(0) = 0, |x|' = 0 at 0, a tie of maximum or minimum is shared equally, clip passes
# the gradient at its bounds too.

relu = _rule("relu", lambda x: np.maximum(x, 0), lambda g, out, x: numerics.where(out == 0, 0, g))
absolute = _rule(
    "absolute", np.absolute, lambda g, out, x: np.where(x > 0, g, np.where(x < 0, -g, 0))
)


def _wins(g: Any, out: Any, a: Any, b: Any) -> Any:
    """All of g where a is the result, half of it where b is it too."""
    return np.where(a == b, g / 2, np.where(a == out, g, 0))


maximum = _rule("maximum", np.maximum, _wins, lambda g, out, a, b: _wins(g, out, b, a))
minimum = _rule("minimum", np.minimum, _wins, lambda g, out, a, b: _wins(g, out, b, a))
clip = _rule(
    "clip",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    lambda g, out, x, low, high: numerics.where((x >= low) & (x <= high), g, 0),
    lambda g, out, x, low, high: numerics.where((x < low) & (low <= high), g, 0),
    lambda g, out, x, low, high: numerics.where((x > high) | (low > high), g, 0),
)


def _where(condition: Any, a: Any, b: Any) -> Any:
    for x, other in ((a, b), (b, a)):
        if type(x) is int and hasattr(other, "dtype") and other.dtype.kind in "iu":
            other.dtype.type(x)  # OverflowError, where np.where would wrap around
    return numerics.where(condition, a, b)


where = _rule(
    "where",
    _where,
    None,
    lambda g, out, condition, a, b: numerics.where(condition, g, 0),
    lambda g, out, condition, a, b: numerics.where(condition, 0, g),
)


# Reductions over `axis` (None: all, a number or a tuple) ----------------------------------------


def _reduction(name: str, forward: Any, derivative: Any) -> Rule:
    return _rule(name, numerics.in_single(forward), numerics.in_single(derivative))


def total(x: Any, axis: Any, **kept: Any) -> Any:
    """The sum within a derivative."""
    if x.dtype.char in "ef" or numerics.has_short_rows(x, axis):
        return sum(x, **{"axis": axis, "keepdims": False, **kept})
    return np.sum(x, axis=axis, **kept)


def _spread(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction's gradient, one copy for every entry that was reduced."""
    return np.broadcast_to(restored(g, axis, keepdims), x.shape)


def restored(g: Any, axis: Any, keepdims: bool) -> Any:
    """With the reduced axes put back, at length one."""
    return g if axis is None or keepdims else np.expand_dims(g, axis)


def _length(x: Any, out: Any) -> int:
    """How many entries each result was reduced from."""
    return x.size // out.size if out.size else 0


sum = _rule("sum", numerics.add_up, lambda g, out, x, **over: _spread(g, x, **over))


def _mean(x: Any, axis: Any, keepdims: bool) -> Any:
    if not x.size:
        return x.mean(axis=axis, keepdims=keepdims)
    added = numerics.add_up(numerics.floats(x), axis, keepdims)  # a third of the time of x.mean()
    return added / _length(x, added)


mean = _reduction("mean", _mean, lambda g, out, x, **over: _spread(g / _length(x, out), x, **over))


def _extreme(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The gradient goes to the largest (smallest) entries, in equal parts where several are."""
    chosen = (x == restored(out, axis, keepdims)) | (x != x)  # nan, where there is one
    parts = total(chosen, axis, keepdims=True).astype(g.dtype)
    return numerics.where(chosen, restored(g, axis, keepdims) / parts, 0)


max = _reduction("max", numerics.largest, _extreme)
min = _reduction("min", lambda x, **over: x.min(**over), _extreme)


def _prod(g: Any, out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The product of all the others, which a division could not give where an entry is 0."""
    reduced = {a % x.ndim for a in np.atleast_1d(range(x.ndim) if axis is None else axis)}
    order = sorted(range(x.ndim), key=lambda a: a in reduced)
    moved = np.transpose(x, order)
    rows = moved.reshape(*moved.shape[: x.ndim - len(reduced)], _length(x, out))
    after = np.flip(numerics.products_before(np.flip(rows, -1)), -1)
    others = numerics.into_last(np.multiply, after, numerics.products_before(rows))
    others = np.transpose(others.reshape(moved.shape), _inverse(order))
    return numerics.into_last(np.multiply, restored(g, axis, keepdims), others)


prod = _reduction("prod", lambda x, **over: x.prod(**over), _prod)


def _var(g: Any, out: Any, x: Any, axis: Any, ddof: float, keepdims: bool) -> Any:
    off = x - mean(x, axis=axis, keepdims=True)
    count = _length(x, out) - ddof
    return restored(g, axis, keepdims) * off * (2 / count if count else math.nan)


var = _reduction("var", lambda x, **over: numerics.in_double(x.var, x, **over), _var)
cumsum: Rule = _reduction(
    "cumsum",
    lambda x, axis: numerics.in_double(x.cumsum, x, axis=axis),
    lambda g, out, x, axis: np.flip(cumsum(np.flip(g, axis), axis=axis), axis),
)


def _cumprod(g: Any, out: Any, x: Any, axis: int) -> Any:
    """The product of those before, times what arrives here and, by products, at those after."""
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    return np.moveaxis(numerics.products_before(x) * numerics.sums_after(g, x), -1, axis)


cumprod = _reduction("cumprod", lambda x, axis: np.cumprod(x, axis=axis), _cumprod)
sort = _rule(
    "sort",
    lambda x, axis: np.sort(x, axis=axis),
    lambda g, out, x, axis: np.take_along_axis(g, _places(x, axis), axis),
)


def _places(x: Any, axis: int) -> Any:
    """Where sort puts each entry; of equal ones the first comes first."""
    return np.argsort(np.argsort(x, axis=axis, stable=True), axis=axis, stable=True)


def _largest(x: Any, axis: Any) -> Any:
    """The largest entry, to be taken off so that no exponential overflows; of none, -inf."""
    if not x.size:
        return x.max(axis=axis, keepdims=True, initial=-np.inf)
    return numerics.largest(x, axis, True)


def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    x = numerics.floats(x)
    top = _largest(x, axis)
    top = np.where(np.isfinite(top), top, 0)
    found = np.log(numerics.add_up(np.exp(x - top), axis, True)) + top
    return found if keepdims else found.squeeze(axis)


def _shares(g: Any, out: Any, x: Any, **over: Any) -> Any:
    """The shares add up to 1, whatever the rounding of a large `out` makes of exp(x - out)."""
    e = np.exp(x - restored(out, **over))
    return restored(g, **over) * (e / total(e, over["axis"], keepdims=True))


def _softmax(x: Any, axis: Any) -> Any:
    x = numerics.floats(x)
    e = np.exp(x - _largest(x, axis))
    return e / numerics.add_up(e, axis, True)


def _log_softmax(x: Any, axis: Any) -> Any:
    """(x - top) - log(sum(exp(x - top))): top + log(...) would round to top where it is large."""

    def shifted(x: Any, axis: Any) -> Any:
        low = x - _largest(x, axis)
        return numerics.into_last(np.add, -np.log(numerics.add_up(np.exp(low), axis, True)), low)

    x = numerics.floats(x)
    return numerics.by_rows(shifted, x, axis) if x.size else x - _largest(x, axis)


def _off_shares(g: Any, out: Any, x: Any, axis: Any) -> Any:
    """g - softmax(x) * the sum of g."""
    sent = numerics.into_last(np.multiply, total(g, axis, keepdims=True), np.exp(out))
    return numerics.into_last(np.subtract, g, sent)


logsumexp = _reduction("logsumexp", _logsumexp, _shares)
softmax = _reduction(
    "softmax", _softmax, lambda g, out, x, axis: out * (g - total(g * out, axis, keepdims=True))
)
log_softmax = _reduction("log_softmax", _log_softmax, _off_shares)

# Shapes -----------------------------------------------------------------------------------------

reshape = _rule(
    "reshape", lambda x, shape: x.reshape(shape), lambda g, out, x, shape: g.reshape(x.shape)
)


def _inverse(axes: Sequence[int]) -> tuple[int, ...]:
    """The order of axes that undoes another."""
    return tuple(sorted(range(len(axes)), key=lambda a: axes[a] % len(axes)))


transpose = _rule(
    "transpose",
    lambda x, axes: x.transpose(axes),
    lambda g, out, x, axes: g.transpose(None if axes is None else _inverse(axes)),
)
squeeze = _rule(
    "squeeze",
    lambda x, axis: np.squeeze(x, axis).view(),
    lambda g, out, x, axis: g.reshape(x.shape),
)
expand_dims = _rule("expand_dims", np.expand_dims, lambda g, out, x, axis: g.reshape(x.shape))
broadcast_to = _rule("broadcast_to", np.broadcast_to, lambda g, out, x, shape: g)
flip = _rule("flip", np.flip, lambda g, out, x, axis: np.flip(g, axis))
roll = _rule(
    "roll",
    np.roll,
    lambda g, out, x, shift, axis: np.roll(g, np.negative(shift).tolist(), axis),
)
detach = Rule("detach", lambda x: x.copy(), (None,))
astype = _rule(
    "astype", lambda x, dtype: x.astype(dtype), lambda g, out, x, dtype: g.astype(x.dtype)
)


def _parts(g: Any, out: Any, *xs: Any, axis: int) -> Any:
    """The part of g that stands where each input was put."""
    ends = [0, *accumulate(x.shape[axis] for x in xs)]
    before = (slice(None),) * (axis % g.ndim)
    return lambda slot: g[(*before, slice(ends[slot], ends[slot + 1]))]


concatenate = _rule("concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis), every=_parts)
stack = _rule(
    "stack",
    lambda *xs, axis: np.stack(xs, axis),
    every=lambda g, out, *xs, axis: np.moveaxis(g, axis, 0).__getitem__,
)
pad = _rule(
    "pad",
    numerics.padded,
    lambda g, out, x, widths, value: g[
        tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    ],
)


put = _rule("put", numerics.in_single(numerics.put_in), lambda g, out, x, index, shape: g[index])
put_each = _rule(
    "put_each",
    numerics.put_each,
    every=lambda g, out, *xs, indices, shape: lambda slot: g[indices[slot]],
)
getitem = _rule(
    "getitem",
    lambda x, index: x[index],
    lambda g, out, x, index: put(g, index=index, shape=x.shape),
)

# Windows, and what they have in common: each is the other's derivative.

overlap_add = _rule(
    "overlap_add",
    numerics.in_single(numerics.overlap_add),
    lambda g, out, x, axes: sliding_window_view(g, window=x.shape[x.ndim - len(axes) :], axes=axes),
)
sliding_window_view: Rule = _rule(
    "sliding_window_view",
    lambda x, window, axes: np.lib.stride_tricks.sliding_window_view(x, window, axes),
    lambda g, out, x, window, axes: overlap_add(g, axes=axes),
)

# Comparisons: steps, without a derivative -------------------------------------------------------

equal = _rule("equal", operator.eq, None, None)
not_equal = _rule("not_equal", operator.ne, None, None)
less = _rule("less", operator.lt, None, None)
less_equal = _rule("less_equal", operator.le, None, None)
greater = _rule("greater", operator.gt, None, None)
greater_equal = _rule("greater_equal", operator.ge, None, None)
logical_and = _rule("logical_and", np.logical_and, None, None)
logical_or = _rule("logical_or", np.logical_or, None, None)
logical_not = _rule("logical_not", np.logical_not, None)
argsort = _rule("argsort", np.argsort, None)
