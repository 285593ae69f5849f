"""The operations, as functions; a tensor has most of them as methods too.

They take tensors, arrays and numbers, and return a tensor. `axis` is None (all), a number or a
tuple; negative axes count from the end.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from itertools import pairwise
from string import ascii_letters, ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from . import rules
from .errors import GradientError, ShapeError, called, label, unknown_argument
from .numerics import numpy_function
from .operands import alone, defers, operand
from .rules import Rule
from .tensor import Tensor, apply, array_index, entry_of

Operand = Any  # a Tensor, an array, a number, or a nested list of numbers
Axis = int | tuple[int, ...] | None
_F = TypeVar("_F", bound=Callable[..., Any])


class Operation(NamedTuple):
    """A function, and the names it goes by elsewhere."""

    function: Callable[..., Any]
    methods: tuple[str, ...]  # of a tensor
    numpy: tuple[str, ...]  # NumPy's functions that it stands for
    formulas: tuple[str, ...]  # in formulas that a person types


OPERATIONS: dict[str, Operation] = {}


def operation(
    methods: str | None = None,
    numpy: str | None = None,
    formulas: str | None = None,
    place: str = "",
) -> Callable[[_F], _F]:
    """Lists a function among the operations. None: it goes by its own name there too.

    NumPy's names may have dots; `place` is what stands before its own, as in "linalg.".
    """

    def listed(function: _F) -> _F:
        own = place + function.__name__
        if "axis" in function.__code__.co_varnames:
            function = _hinting(function)
        given = methods, numpy if numpy_function(own) else numpy or "", formulas
        names = (tuple((own if text is None else text).split()) for text in given)
        OPERATIONS[own] = Operation(function, *names)
        for method in OPERATIONS[own].methods:
            setattr(Tensor, method, function)
        return function

    return listed


def _hinting(function: _F) -> _F:
    """The function; an argument that goes by another name elsewhere is told what it is here."""

    @wraps(function)
    def hinting(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            if "unexpected keyword argument" in str(error):
                raise unknown_argument(function.__name__.strip("_"), options, error) from None
            raise

    return hinting  # type: ignore[return-value]


# Functions that are a rule and nothing else: a row for each -------------------------------------


class _Unary(Protocol):
    def __call__(self, x: Operand) -> Tensor: ...


class _Binary(Protocol):
    def __call__(self, a: Operand, b: Operand) -> Tensor: ...


def unary(rule: Rule, text: str, **names: str) -> _Unary:
    """A function of one input; `text` is its docstring, `names` are those of `operation`."""

    def function(x: Operand) -> Tensor:
        return apply(rule, (x,))

    return _listed(function, rule, text, names)


def binary(rule: Rule, text: str, operator: str = "", **names: str) -> _Binary:
    """A function of two inputs; `operator="add"` makes it `a + b` and `a += b` of tensors too."""

    def function(a: Operand, b: Operand) -> Tensor:
        return apply(rule, (a, b))

    def forward(a: Tensor, b: Operand) -> Any:
        try:
            return apply(rule, (a, b))
        except TypeError:
            return _deferred(b)

    def reflected(b: Tensor, a: Operand) -> Any:
        try:
            return apply(rule, (a, b))
        except TypeError:
            return _deferred(a)

    def in_place(a: Tensor, b: Operand) -> Any:
        try:
            return _in_place(rule, a, b)
        except TypeError:
            return _deferred(b)

    if operator:
        setattr(Tensor, f"__{operator}__", forward)
        if operator not in ("lt", "le", "gt", "ge"):
            setattr(Tensor, f"__r{operator}__", reflected)
            setattr(Tensor, f"__i{operator}__", in_place)
    return _listed(function, rule, text, names)


def _deferred(other: Operand) -> Any:
    """Called where an operator failed: asks Python to let the other operand do it, if it says so.

    `__array_ufunc__ = None` says so, to NumPy as well.
    """
    if defers(other):
        return NotImplemented
    raise  # what failed


def reduction(
    rule: Rule, pair: _Binary, text: str, none: float | None = None, names: str = ""
) -> Callable[..., Tensor]:
    """A reduction by a function of a pair; `none` is what no entries give (None: nothing is).

    `names` are NumPy's others. As NumPy's it takes a `dtype` to compute in, `where`, a mask of the
    entries that count, and `initial`, a number beside them.
    """

    def function(
        x: Operand,
        axis: Axis = None,
        keepdims: bool = False,
        dtype: Any = None,
        where: Operand = True,
        initial: Operand = None,
    ) -> Tensor:
        over = {"axis": _axis(x, axis), "keepdims": keepdims}
        if dtype is initial is None and where is True:
            return apply(rule, (x,), over)
        x = plain(x, rule.name) if dtype is None else astype(x, dtype)
        if np.ndim(initial):
            raise ShapeError(f"{rule.name}: initial is one number, got {label(initial)}")
        kept: Any = initial if none is None else none
        kept = kept if kept is None else in_dtype(x.dtype, kept, rule.name)
        x = _chosen(where, x, kept, rule.name)
        if none is None and not x.size and initial is not None:
            reduced = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
            x = pad(x, [(0, int(k in reduced)) for k in range(x.ndim)], constant_values=kept)
        found = apply(rule, (x,), over)
        if initial is not None:
            found = pair(found, in_dtype(found.dtype, initial, rule.name))
        return found if dtype is None else astype(found, dtype, copy=False)

    return _listed(function, rule, text, {"numpy": f"{rule.name} {names}"})


def in_dtype(dtype: Any, x: Operand, name: str) -> Operand:
    """In a dtype; OverflowError for a whole number of Python's that it can't hold."""
    if isinstance(x, Tensor):
        return astype(x, dtype)
    try:
        return np.asarray(operand(x, name), dtype)[()]
    except OverflowError as error:
        raise OverflowError(f"{name}: {error}") from None


def _chosen(mask: Operand, x: Operand, other: Operand, name: str) -> Operand:
    """x where the mask holds, in its own shape, else a number."""
    if mask is True:
        return x
    x, mask = plain(x, name), bools(mask, name)
    if other is None:
        raise ValueError(f"{name}: give initial= with where=, for where no entry is left")
    sizes = zip(mask.shape[::-1], x.shape[::-1], strict=False)
    if mask.ndim > x.ndim or builtins.any(m not in (1, n) for m, n in sizes):
        raise ShapeError(f"{name}: the mask, {label(mask)}, doesn't broadcast to {label(x)}")
    return where(mask, x, other)


def bools(mask: Operand, name: str) -> Any:
    """A mask, once it is known to hold bools."""
    mask = plain(mask, name)
    if mask.dtype.kind != "b":
        raise TypeError(f"{name}: a mask holds bools, got {label(mask)} of dtype {mask.dtype}")
    return mask


def _listed(function: _F, rule: Rule, text: str, names: Mapping[str, str]) -> _F:
    function.__name__ = function.__qualname__ = rule.name
    function.__doc__ = text
    return operation(**names)(function)


def _axis(x: Operand, axis: Axis) -> Axis:
    """The axis; NumPy lets a scalar have axis 0, for a reduction."""
    return None if axis in (0, -1) and getattr(x, "ndim", None) == 0 else axis


def _in_place(rule: Rule, a: Tensor, b: Operand) -> Tensor:
    """`a += b`. What is recorded is never overwritten: there, `a` names the sum from then on."""
    result = apply(rule, (a, b))
    if not result.requires_grad:
        if entry_of(a) is not None:
            return result  # as for Python's own numbers
        a.data = result
        return a
    if a._rule is None and a.requires_grad:
        raise GradientError(
            f"{rule.name}: {called(a)} is a leaf that requires a gradient, and changing it "
            "in place would lose it; do it inside no_grad(), or give the result another name"
        )
    return result


add = binary(rules.add, "a + b.", operator="add", formulas="")
subtract = binary(rules.subtract, "a - b.", operator="sub", formulas="")
multiply = binary(rules.multiply, "a * b, element by element.", operator="mul", formulas="")
divide = binary(rules.divide, "a / b.", operator="truediv", formulas="")
power = binary(
    rules.power,
    "a ** b; tensor exponents too. 0 ** 0 is 1, with both derivatives 0.",
    operator="pow",
    methods="power pow",
    numpy="power",
)
matmul = binary(
    rules.matmul,
    "a @ b, for every pair of shapes that NumPy takes: 1-D, 2-D, and stacks that broadcast.",
    operator="matmul",
)
maximum = binary(
    rules.maximum, "The larger of a and b, element by element; a tie shares its gradient equally."
)
minimum = binary(
    rules.minimum, "The smaller of a and b, element by element; a tie shares its gradient equally."
)
arctan2 = binary(
    rules.arctan2,
    "The angle of the point (b, a), from -pi to pi; 0 at (0, 0), with both derivatives 0.",
)
hypot = binary(rules.hypot, "sqrt(a**2 + b**2); at (0, 0) both derivatives are 0.")
logaddexp = binary(rules.logaddexp, "log(exp(a) + exp(b)); equal infinities share the gradient.")
logaddexp2 = binary(rules.logaddexp2, "log2(2**a + 2**b), as logaddexp is.")
remainder = binary(
    rules.remainder, "a % b; its derivatives are 1 and -(a // b).", "mod", numpy="remainder mod"
)
floor_divide = binary(rules.floor_divide, "a // b. Its derivatives are 0.", "floordiv")
negative = unary(rules.negative, "-x.", methods="negative __neg__", formulas="")
exp = unary(rules.exp, "e to the power x, element by element.")
expm1 = unary(rules.expm1, "exp(x) - 1, accurate near 0.")
log = unary(rules.log, "The natural logarithm; -inf at 0, where its derivative is inf.")
log1p = unary(rules.log1p, "log(1 + x), accurate near 0.")
sqrt = unary(rules.sqrt, "The square root; its derivative at 0 is inf.")
square = unary(rules.square, "x times x.")
sin = unary(rules.sin, "The sine of x radians.")
cos = unary(rules.cos, "The cosine of x radians.")
tan = unary(rules.tan, "The tangent of x radians.")
tanh = unary(rules.tanh, "The hyperbolic tangent.")
sinh = unary(rules.sinh, "The hyperbolic sine.")
cosh = unary(rules.cosh, "The hyperbolic cosine.")
arcsin = unary(rules.arcsin, "The angle whose sine is x; its derivative at 1 and -1 is inf.")
arccos = unary(rules.arccos, "The angle whose cosine is x; its derivative at 1 and -1 is -inf.")
arctan = unary(rules.arctan, "The angle whose tangent is x, from -pi/2 to pi/2.")
arcsinh = unary(rules.arcsinh, "The number whose hyperbolic sine is x.")
arccosh = unary(rules.arccosh, "The inverse of cosh; its derivative at 1 is inf.")
arctanh = unary(rules.arctanh, "The number whose hyperbolic tangent is x, which is inf at 1.")
exp2 = unary(rules.exp2, "2 to the power x.")
log2 = unary(rules.log2, "The logarithm to base 2; -inf at 0, where its derivative is inf.")
log10 = unary(rules.log10, "The logarithm to base 10; -inf at 0, where its derivative is inf.")
cbrt = unary(rules.cbrt, "The cube root, of negative numbers too; its derivative at 0 is inf.")
reciprocal = unary(rules.reciprocal, "1 / x; of whole numbers the whole part, as NumPy has it.")
deg2rad = unary(rules.deg2rad, "Degrees as radians.", numpy="deg2rad radians")
rad2deg = unary(rules.rad2deg, "Radians as degrees.", numpy="rad2deg degrees")
erf = unary(
    rules.erf, "2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; right to 5e-16 in float64."
)
sign = unary(rules.sign, "1 above 0, -1 below, 0 at 0. Its derivative is 0.")
floor = unary(rules.floor, "The largest whole number that isn't above x. Its derivative is 0.")
ceil = unary(rules.ceil, "The smallest whole number that isn't below x. Its derivative is 0.")
trunc = unary(rules.trunc, "The whole part of x. Its derivative is 0.", numpy="trunc fix")
rint = unary(rules.rint, "The nearest whole number, a half to the even one. Its derivative is 0.")
sigmoid = unary(
    rules.sigmoid,
    "1 / (1 + exp(-x)), without overflow. Its derivative is at most 0.25.",
    formulas="sigmoid σ",
)
relu = unary(rules.relu, "max(x, 0). Its derivative at 0 is 0.")
softplus = unary(rules.softplus, "log(1 + exp(x)), without overflow; a smooth relu.")
absolute = unary(
    rules.absolute,
    "|x|. Its derivative at 0 is 0.",
    methods="absolute abs __abs__",
    formulas="absolute abs",
)


@operation()
def clip(x: Operand, low: Operand = None, high: Operand = None) -> Tensor:
    """x kept between low and high (None: no bound). At a bound the gradient still passes."""
    x = plain(x, "clip")
    if x.dtype.kind != "f":
        bounds = (b for b in (low, high) if b is not None and not isinstance(b, int | float))
        dtypes = (plain(b, "clip").dtype for b in bounds)
        x = astype(x, np.result_type(x.dtype, *dtypes), copy=False)
    lowest, highest = (False, True) if x.dtype.kind == "b" else (-math.inf, math.inf)
    if x.dtype.kind in "iu":  # a number that the dtype can't hold is no bound
        lowest, highest = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
        low = builtins.max(low, lowest) if type(low) is int else low
        high = builtins.min(high, highest) if type(high) is int else high
    low, high = lowest if low is None else low, highest if high is None else high
    return apply(rules.clip, (x, low, high))


@operation(methods="")
def where(condition: Operand, a: Operand = ..., b: Operand = ...) -> Tensor:
    """a where the condition holds, else b. Of a condition alone: its positions, as np.nonzero."""
    if a is b is ...:
        return np.nonzero(condition)  # type: ignore[return-value]
    return apply(rules.where, (condition, a, b))


@operation("masked_fill", "", "")
def _masked_fill(x: Operand, mask: Operand, value: Operand) -> Tensor:
    """The tensor with one number where a mask of bools holds."""
    if np.ndim(value):
        raise ShapeError(f"masked_fill: value is one number, got {label(value)}")
    return _chosen(~plain(mask, "masked_fill"), x, value, "masked_fill")  # type: ignore[no-any-return]


@operation(numpy="round around", formulas="")
def round(x: Operand, decimals: int = 0) -> Tensor:
    """Rounded to so many decimals, a half to the even one. Its derivative is 0."""
    return apply(rules.round, (x,), {"decimals": decimals} if decimals else {})


def plain(x: Operand, name: str) -> Any:
    """Something with a shape: a tensor as it is, all else as an array."""
    return x if hasattr(x, "shape") else np.asarray(operand(x, name))


# Products ---------------------------------------------------------------------------------------


@operation(formulas="")
def dot(a: Operand, b: Operand) -> Tensor:
    """NumPy's `dot`: over the last axis of a and the last but one of b (a vector's only one)."""
    a, b = plain(a, "dot"), plain(b, "dot")
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    if a.ndim == 1 or b.ndim <= 2:
        return matmul(a, b)
    left, right = ascii_letters[: a.ndim], ascii_letters[a.ndim : a.ndim + b.ndim - 1]
    return einsum(f"{left},{right[:-1]}{left[-1]}{right[-1]}->{left[:-1]}{right}", a, b)


@operation(formulas="")
def outer(a: Operand, b: Operand) -> Tensor:
    """Every entry of a times every entry of b: shape (a.size, b.size)."""
    return multiply(ravel(a)[:, None], ravel(b))


@operation(methods="", formulas="")
def einsum(subscripts: Any, *operands: Operand, optimize: Any = None) -> Tensor:
    """Einstein's summation, as `np.einsum` has it, with `...` and with an implied result.

    Subscripts may be lists of numbers, too: `einsum(a, [0, 1], b, [1, 2], [0, 2])`. `optimize` is
    that of `np.einsum`; None chooses by the amount of work.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists((subscripts, *operands))
    arrays = tuple(plain(x, "einsum") for x in operands)
    options = {"subscripts": _explicit(subscripts, arrays)}
    return apply(
        rules.einsum, arrays, options if optimize is None else {**options, "optimize": optimize}
    )


def _from_lists(given: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Operands with a list of numbers behind each, and perhaps one of the result, as subscripts."""
    letters = ascii_uppercase + ascii_lowercase
    *_, last = given if len(given) % 2 else [*given, None]
    lists = [*given[1::2], *([] if last is None else [last])]
    try:
        terms = ["".join("..." if k is ... else letters[k] for k in one) for one in lists]
    except (TypeError, IndexError):
        raise TypeError(
            "einsum: the subscripts come first, as text such as 'ij,jk->ik', or behind each "
            "operand as a list of numbers below 52"
        ) from None
    result = "" if last is None else "->" + terms.pop()
    return ",".join(terms) + result, tuple(given[: 2 * len(terms) : 2])


def _explicit(subscripts: str, operands: Sequence[Any]) -> str:
    """The same sum with letters for every axis and the result written out."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ShapeError(
            f"einsum: {inputs!r} names {len(terms)} operands, {len(operands)} were given"
        )
    spare = [c for c in ascii_letters if c not in subscripts]
    most = 0
    for k, (term, x) in enumerate(zip(terms, operands, strict=True)):
        extra = x.ndim - len(term.replace("...", ""))
        if extra < 0 or (extra and "..." not in term):
            raise ShapeError(f"einsum: {term!r} doesn't fit the {x.ndim} axes of {label(x)}")
        terms[k] = term.replace("...", "".join(spare[len(spare) - extra :]))
        most = builtins.max(most, extra)
    ellipsis = "".join(spare[len(spare) - most :])
    if not arrow:
        once = (c for c in sorted(set(inputs) - set(".,")) if inputs.count(c) == 1)
        result = ("..." if most else "") + "".join(once)
    if most and "..." not in result:
        raise ShapeError(f"einsum: the result of {subscripts!r} lacks the ... of its operands")
    return ",".join(terms) + "->" + result.replace("...", ellipsis)


# Reductions -------------------------------------------------------------------------------------


sum = reduction(rules.sum, add, "The sum over an axis.", 0)
prod = reduction(rules.prod, multiply, "The product; its derivative is right at 0 too.", 1)
max = reduction(rules.max, maximum, "The largest; equal ones share the gradient.", names="amax")
min = reduction(rules.min, minimum, "The smallest; equal ones share the gradient.", names="amin")


@operation()
def mean(
    x: Operand, axis: Axis = None, keepdims: bool = False, dtype: Any = None, where: Operand = True
) -> Tensor:
    """The mean over an axis, computed in `dtype`; `where` is a mask of the entries that count."""
    over = {"axis": _axis(x, axis), "keepdims": keepdims}
    if dtype is None and where is True:
        return apply(rules.mean, (x,), over)
    x = plain(x, "mean") if dtype is None else astype(x, dtype)
    dtype = dtype or (x.dtype if x.dtype.kind == "f" else np.float64)
    if where is True:
        return astype(apply(rules.mean, (x,), over), dtype, copy=False)
    x = wide(x, dtype)
    added = sum(_chosen(where, x, 0, "mean"), axis, keepdims)
    count = sum(broadcast_to(where, tuple(x.shape)), axis, keepdims, x.dtype)
    return astype(divide(added, count), dtype, copy=False)


def wide(x: Operand, dtype: Any) -> Tensor:
    """x in a dtype to add up in: single where the result is in half, whose sums would overflow."""
    return astype(x, np.promote_types(dtype, np.float32), copy=False)


@operation()
def var(
    x: Operand, axis: Axis = None, ddof: float = 0, keepdims: bool = False, correction: Any = None
) -> Tensor:
    """The variance: squared distances from the mean, summed and divided by n - ddof (or
    `correction`, as NumPy calls it too)."""
    if ddof and correction is not None:
        raise ValueError("var: ddof and correction are the same; give one of them")
    ddof = ddof if correction is None else correction
    return apply(rules.var, (x,), {"axis": _axis(x, axis), "ddof": ddof, "keepdims": keepdims})


@operation()
def std(
    x: Operand, axis: Axis = None, ddof: float = 0, keepdims: bool = False, correction: Any = None
) -> Tensor:
    """The standard deviation, sqrt(var); without a derivative where it is 0 (nan)."""
    return sqrt(var(x, axis, ddof, keepdims, correction))


@operation()
def cumsum(x: Operand, axis: int | None = None) -> Tensor:
    """The sums up to each entry, along an axis (None: of the flattened tensor)."""
    if axis is None:
        x, axis = ravel(x), 0
    return apply(rules.cumsum, (x,), {"axis": axis})


@operation()
def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))), shifted so that nothing overflows."""
    return apply(rules.logsumexp, (x,), {"axis": _axis(x, axis), "keepdims": keepdims})


@operation()
def softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis: positive numbers that add up to 1."""
    return apply(rules.softmax, (x,), {"axis": _axis(x, axis)})


@operation()
def log_softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """log(softmax(x)), right where softmax itself rounds to 0 too."""
    return apply(rules.log_softmax, (x,), {"axis": _axis(x, axis)})


# Shapes -----------------------------------------------------------------------------------------


@operation()
def reshape(x: Operand, *shape: Any, order: str = "C") -> Tensor:
    """The same entries in another shape: `reshape(x, 2, 3)` or `reshape(x, (2, 3))`.

    `order="F"`: they are read, and put, with the first axis changing fastest.
    """
    if order == "F":
        return transpose(reshape(transpose(x), _one_tuple(shape)[::-1]))
    if order != "C":
        raise ValueError(f"reshape: order is 'C' or 'F', got {order!r}")
    return apply(rules.reshape, (x,), {"shape": _one_tuple(shape)})


@operation(methods="transpose permute")
def transpose(x: Operand, *axes: Any) -> Tensor:
    """The axes in another order, `transpose(x, 1, 0)` or `transpose(x, (1, 0))`; none: reversed."""
    order = _one_tuple(axes)
    return apply(rules.transpose, (x,), {"axes": None if order in ((), (None,)) else order})


def _one_tuple(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """`f(x, 2, 3)` and `f(x, (2, 3))` alike."""
    if len(arguments) == 1 and isinstance(arguments[0], list | tuple | np.ndarray):
        return tuple(arguments[0])
    return arguments


@operation()
def swapaxes(x: Operand, axis1: int, axis2: int) -> Tensor:
    """The tensor with two axes exchanged."""
    x = plain(x, "swapaxes")
    order = list(range(x.ndim))
    try:
        order[axis1], order[axis2] = order[axis2], order[axis1]
    except IndexError:
        wrong = axis1 if not -x.ndim <= axis1 < x.ndim else axis2
        message = f"swapaxes: axis {wrong} is out of range for {label(x)}"
        raise np.exceptions.AxisError(message) from None
    return apply(rules.transpose, (x,), {"axes": tuple(order)})


@operation()
def squeeze(x: Operand, axis: Axis = None) -> Tensor:
    """Without the axes of length 1 (or without those named)."""
    return apply(rules.squeeze, (x,), {"axis": axis})


@operation(methods="expand_dims unsqueeze")
def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Tensor:
    """With a new axis of length 1 at each place named."""
    return apply(rules.expand_dims, (x,), {"axis": axis})


@operation(formulas="")
def broadcast_to(x: Operand, shape: int | tuple[int, ...]) -> Tensor:
    """Copied along new axes and along those of length 1, to fill a shape."""
    return apply(rules.broadcast_to, (x,), {"shape": shape})


@operation()
def ravel(x: Operand, order: str = "C") -> Tensor:
    """All entries in one row."""
    return reshape(x, -1, order=order)


@operation()
def flatten(x: Operand, order: str = "C") -> Tensor:
    """All entries in one row; of a constant a copy, as NumPy's is."""
    return own(reshape(x, -1, order=order))


def own(x: Tensor) -> Tensor:
    """A result in memory of its own; that of one that is recorded nobody changes."""
    return x if x._rule is not None else x.detach()


@operation()
def flip(x: Operand, axis: Axis = None) -> Tensor:
    """The entries in reverse order along an axis (None: along all)."""
    return apply(rules.flip, (x,), {"axis": axis})


@operation(formulas="")
def astype(x: Operand, dtype: Any, *, copy: bool = True) -> Tensor:
    """The same numbers in another dtype; the gradient returns in the first. Ints are constants.

    `copy=False`: a tensor that has the dtype is what is returned.
    """
    dtype = np.dtype(dtype)
    if not copy and isinstance(x, Tensor) and x.dtype == dtype:
        return x
    if dtype.kind not in "fiub":
        raise TypeError(f"astype: {dtype} is no dtype of real numbers")
    if dtype.kind != "f" and getattr(x, "requires_grad", False):
        x = x.detach()  # whole numbers have no gradient
    return apply(rules.astype, (x,), {"dtype": dtype})


@operation(methods="copy clone", formulas="")
def copy(x: Operand) -> Tensor:
    """The same numbers in memory of their own; the gradient passes."""
    return astype(x, plain(x, "copy").dtype)


@operation(methods="", formulas="")
def concatenate(tensors: Iterable[Operand], axis: int | None = 0) -> Tensor:
    """Tensors put one behind the other along an axis they have (None: all flattened)."""
    parts = several(tensors, "concatenate", axis)
    if axis is None:
        parts, axis = tuple(ravel(x) for x in parts), 0
    return apply(rules.concatenate, parts, {"axis": axis})


def several(tensors: Iterable[Operand], name: str, axis: Any) -> tuple[Operand, ...]:
    if axis is not None and not isinstance(axis, int | np.integer):
        kind = type(axis).__name__
        raise TypeError(f"{name}: axis is a number, got a {kind}; tensors come as a list, [a, b]")
    parts = tuple(tensors)
    if not parts:
        raise ValueError(f"{name}: there is nothing to put together; give at least one tensor")
    return parts


@operation(methods="", formulas="")
def stack(tensors: Iterable[Operand], axis: int = 0) -> Tensor:
    """Tensors of one shape put beside each other along a new axis."""
    parts = tuple(
        x if isinstance(x, Tensor) else alone(operand(x, "stack"))
        for x in several(tensors, "stack", axis)
    )
    shapes = {np.shape(x) for x in parts}
    if len(shapes) > 1:
        raise ShapeError(f"stack: all shapes must be equal, got {sorted(shapes)}")
    ndim = len(shapes.pop()) + 1
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(f"stack: axis {axis} is out of range for {ndim} axes")
    return apply(rules.stack, parts, {"axis": axis})


@operation(formulas="")
def split(x: Operand, sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Parts along an axis: so many equal ones, or cut before each index of a list."""
    x = plain(x, "split")
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(f"split: axis {axis} is out of range for {label(x)}")
    size = x.shape[axis]
    if sections.__class__ is not int:  # which needn't be asked
        if np.asarray(sections).dtype.kind not in "iu" and np.size(sections):
            raise TypeError(f"split: sections is a whole number or a list of them, got {sections}")
        if np.ndim(sections):
            cuts = [0, *np.asarray(sections, dtype=int).tolist(), size]
            return _cut(x, axis, cuts)
    count = int(sections)  # type: ignore[arg-type]
    if count < 1 or size % count:
        raise ShapeError(
            f"split: {size} (axis {axis} of {label(x)}) doesn't divide into {count} parts"
        )
    return _cut(x, axis, [size // count * k for k in range(count + 1)])


def _cut(x: Any, axis: int, cuts: list[int]) -> list[Tensor]:
    """The parts along an axis between one cut and the next."""
    whole = (slice(None),) * (axis % x.ndim)
    parts = [(*whole, slice(a, b)) for a, b in pairwise(cuts)]
    return [apply(rules.getitem, (x,), {"index": part}) for part in parts]


@operation(formulas="")
def pad(x: Operand, pad_width: Any, mode: Any = "constant", constant_values: float = 0) -> Tensor:
    """With entries added before and after each axis, in the modes of `np.pad` that copy entries
    (edge, reflect, symmetric, wrap) or put one constant in.

    `pad_width` is a number, a pair (before, after), a pair for each axis, or a dict of those.
    """
    x, pairs = plain(x, "pad"), pad_width
    try:
        if isinstance(pad_width, dict):
            pairs = [np.zeros(2, int)] * x.ndim
            for axis, width in pad_width.items():
                pairs[axis] = np.broadcast_to(width, 2)
        widths = np.broadcast_to(pairs, (x.ndim, 2)).tolist()
    except (ValueError, IndexError):
        message = f"pad: {pad_width} doesn't give (before, after) for each axis of {label(x)}"
        raise ShapeError(message) from None
    if mode == "constant":
        in_dtype(x.dtype, constant_values, "pad")
        return apply(rules.pad, (x,), {"widths": widths, "value": constant_values})
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        modes = "constant, edge, reflect, symmetric, wrap"
        raise ValueError(f"pad: mode {mode!r} isn't one of {modes}")
    if np.any(constant_values):
        raise ValueError(f"pad: constant_values is for mode 'constant', not {mode!r}")
    sized = zip(x.shape, widths, strict=True)
    rows = [np.pad(np.arange(n), width, mode=mode) for n, width in sized]
    return getitem(x, np.ix_(*rows))


@operation(methods="__getitem__", formulas="")
def getitem(x: Operand, index: Any) -> Tensor:
    """x[index], for every kind of index that NumPy has; tensors of whole numbers or bools too."""
    return apply(rules.getitem, (x,), {"index": array_index(index)})


# Comparisons: tensors of bools, constants -------------------------------------------------------


equal = binary(rules.equal, "a == b, element by element.", methods="", formulas="")
not_equal = binary(rules.not_equal, "a != b, element by element.", methods="", formulas="")
less = binary(rules.less, "a < b, element by element.", "lt", methods="", formulas="")
less_equal = binary(rules.less_equal, "a <= b, element by element.", "le", methods="", formulas="")
greater = binary(rules.greater, "a > b, element by element.", "gt", methods="", formulas="")
greater_equal = binary(
    rules.greater_equal, "a >= b, element by element.", "ge", methods="", formulas=""
)
logical_and = binary(rules.logical_and, "Both hold, element by element.", methods="", formulas="")
logical_or = binary(rules.logical_or, "Either holds, element by element.", methods="", formulas="")
logical_not = unary(rules.logical_not, "True where x is False (or 0).", methods="", formulas="")


def _of_numpy(name: str) -> None:
    """A method that says what NumPy's function says of the numbers: a constant."""

    def function(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return Tensor(getattr(np, name)(x, axis=axis, keepdims=keepdims))

    function.__name__ = f"_{name}"
    operation(name, "", "")(function)


for _name in ("argmax", "argmin", "any", "all"):
    _of_numpy(_name)


def _of_bools(rule: Rule, numpy: str, methods: str) -> None:
    """An operator on bools alone: for numbers & | ~ would mean their bits."""

    def function(*inputs: Operand) -> Any:
        if any(map(defers, inputs)):
            return NotImplemented
        for x in inputs:
            if plain(x, rule.name).dtype.kind != "b":
                raise TypeError(f"{rule.name}: & | ~ are for bools, got {label(x)}")
        return apply(rule, inputs)

    function.__name__ = f"_{numpy}"
    operation(methods, numpy, "")(function)


_of_bools(rules.logical_and, "bitwise_and", "__and__ __rand__")
_of_bools(rules.logical_or, "bitwise_or", "__or__ __ror__")
_of_bools(rules.logical_not, "invert", "__invert__")


if not TYPE_CHECKING:  # type checkers take every name without an underscore for public
    __all__ = [name for name in OPERATIONS if not name.startswith("_")]
