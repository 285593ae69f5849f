"""The operations, as functions; a tensor has most of them as methods too.

They take tensors, arrays and numbers, and return a tensor. `axis` is None (all), a number or a
tuple; negative axes count from the end.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from . import rules
from .errors import ShapeError, label
from .tensor import Tensor, apply, array_index, operand

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
    methods: str | None = None, numpy: str | None = None, formulas: str | None = None
) -> Callable[[_F], _F]:
    """Lists a function among the operations. None: it goes by its own name there too."""

    def listed(function: _F) -> _F:
        own = function.__name__
        OPERATIONS[own] = Operation(
            function,
            _names(methods, own),
            _names(numpy, own if hasattr(np, own) else ""),
            _names(formulas, own),
        )
        for method in OPERATIONS[own].methods:
            setattr(Tensor, method, function)
        return function

    return listed


def _names(given: str | None, own: str) -> tuple[str, ...]:
    return tuple((own if given is None else given).split())


@operation(formulas="")
def add(a: Operand, b: Operand) -> Tensor:
    """a + b."""
    return apply(rules.add, (a, b))


@operation(formulas="")
def subtract(a: Operand, b: Operand) -> Tensor:
    """a - b."""
    return apply(rules.subtract, (a, b))


@operation(formulas="")
def multiply(a: Operand, b: Operand) -> Tensor:
    """a * b, element by element."""
    return apply(rules.multiply, (a, b))


@operation(formulas="")
def divide(a: Operand, b: Operand) -> Tensor:
    """a / b."""
    return apply(rules.divide, (a, b))


@operation(methods="power pow", numpy="power float_power")
def power(a: Operand, b: Operand) -> Tensor:
    """a ** b; tensor exponents too. 0 ** 0 is 1, with both derivatives 0."""
    return apply(rules.power, (a, b))


@operation()
def matmul(a: Operand, b: Operand) -> Tensor:
    """a @ b, for every pair of shapes that NumPy takes: 1-D, 2-D, and stacks that broadcast."""
    return apply(rules.matmul, (a, b))


@operation()
def maximum(a: Operand, b: Operand) -> Tensor:
    """The larger of a and b, element by element; a tie shares its gradient equally."""
    return apply(rules.maximum, (a, b))


@operation()
def minimum(a: Operand, b: Operand) -> Tensor:
    """The smaller of a and b, element by element; a tie shares its gradient equally."""
    return apply(rules.minimum, (a, b))


@operation(methods="negative __neg__", formulas="")
def negative(x: Operand) -> Tensor:
    """-x."""
    return apply(rules.negative, (x,))


@operation()
def exp(x: Operand) -> Tensor:
    """e to the power x, element by element."""
    return apply(rules.exp, (x,))


@operation()
def expm1(x: Operand) -> Tensor:
    """exp(x) - 1, accurate near 0."""
    return apply(rules.expm1, (x,))


@operation()
def log(x: Operand) -> Tensor:
    """The natural logarithm; -inf at 0, where its derivative is inf."""
    return apply(rules.log, (x,))


@operation()
def log1p(x: Operand) -> Tensor:
    """log(1 + x), accurate near 0."""
    return apply(rules.log1p, (x,))


@operation()
def sqrt(x: Operand) -> Tensor:
    """The square root; its derivative at 0 is inf."""
    return apply(rules.sqrt, (x,))


@operation()
def square(x: Operand) -> Tensor:
    """x times x."""
    return apply(rules.square, (x,))


@operation()
def sin(x: Operand) -> Tensor:
    """The sine of x radians."""
    return apply(rules.sin, (x,))


@operation()
def cos(x: Operand) -> Tensor:
    """The cosine of x radians."""
    return apply(rules.cos, (x,))


@operation()
def tanh(x: Operand) -> Tensor:
    """The hyperbolic tangent."""
    return apply(rules.tanh, (x,))


@operation(formulas="sigmoid σ")
def sigmoid(x: Operand) -> Tensor:
    """1 / (1 + exp(-x)), without overflow. Its derivative is at most 0.25."""
    return apply(rules.sigmoid, (x,))


@operation()
def relu(x: Operand) -> Tensor:
    """max(x, 0). Its derivative at 0 is 0."""
    return apply(rules.relu, (x,))


@operation()
def softplus(x: Operand) -> Tensor:
    """log(1 + exp(x)), without overflow; a smooth relu."""
    return apply(rules.softplus, (x,))


@operation(methods="absolute abs __abs__", numpy="absolute fabs", formulas="absolute abs")
def absolute(x: Operand) -> Tensor:
    """|x|. Its derivative at 0 is 0."""
    return apply(rules.absolute, (x,))


@operation()
def clip(x: Operand, low: Operand = None, high: Operand = None) -> Tensor:
    """x kept between low and high (None: no bound). At a bound the gradient still passes."""
    x = _plain(x, "clip")
    lowest, highest = -math.inf, math.inf
    if x.dtype.kind in "iu":
        lowest, highest = np.iinfo(x.dtype).min, np.iinfo(x.dtype).max
    low, high = lowest if low is None else low, highest if high is None else high
    return apply(rules.clip, (x, low, high))


@operation(methods="")
def where(condition: Operand, a: Operand, b: Operand) -> Tensor:
    """a where the condition holds, else b."""
    return apply(rules.where, (condition, a, b))


def _plain(x: Operand, name: str) -> Any:
    """Something with a shape: a tensor as it is, all else as an array."""
    return x if hasattr(x, "shape") else np.asarray(operand(x, name))


# Products ---------------------------------------------------------------------------------------


@operation(formulas="")
def dot(a: Operand, b: Operand) -> Tensor:
    """NumPy's `dot`: over the last axis of a and the last but one of b (a vector's only one)."""
    a, b = _plain(a, "dot"), _plain(b, "dot")
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul(a, b)
    letters = rules.LETTERS
    left, right = letters[: a.ndim], letters[a.ndim : a.ndim + b.ndim]
    inner = builtins.max(-2, -b.ndim)
    shared = right[: b.ndim + inner] + left[-1] + right[b.ndim + inner + 1 :]
    result = left[:-1] + shared.replace(left[-1], "")
    return einsum(f"{left},{shared}->{result}", a, b)


@operation(formulas="")
def outer(a: Operand, b: Operand) -> Tensor:
    """Every entry of a times every entry of b: shape (a.size, b.size)."""
    return multiply(ravel(a)[:, None], ravel(b))


@operation(methods="", formulas="")
def einsum(subscripts: str, *operands: Operand) -> Tensor:
    """Einstein's summation, as `np.einsum` has it, with `...` and with an implied result."""
    arrays = tuple(_plain(x, "einsum") for x in operands)
    return apply(rules.einsum, arrays, {"subscripts": _explicit(subscripts, arrays)})


def _explicit(subscripts: str, operands: Sequence[Any]) -> str:
    """The same sum with letters for every axis and the result written out."""
    if not isinstance(subscripts, str):
        raise TypeError("einsum: the subscripts come first, as text such as 'ij,jk->ik'")
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        raise ShapeError(
            f"einsum: {inputs!r} names {len(terms)} operands, {len(operands)} were given"
        )
    spare = [c for c in rules.LETTERS if c not in subscripts]
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


def _reduced(rule: rules.Rule, x: Operand, axis: Axis, **options: Any) -> Tensor:
    if axis in (0, -1) and getattr(x, "ndim", None) == 0:
        axis = None  # NumPy lets a scalar have this axis, for a reduction
    return apply(rule, (x,), {"axis": axis, **options})


@operation()
def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over an axis."""
    return _reduced(rules.sum, x, axis, keepdims=keepdims)


@operation()
def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over an axis."""
    return _reduced(rules.mean, x, axis, keepdims=keepdims)


@operation(numpy="max amax")
def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest entry; several equal ones share the gradient equally."""
    return _reduced(rules.max, x, axis, keepdims=keepdims)


@operation(numpy="min amin")
def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest entry; several equal ones share the gradient equally."""
    return _reduced(rules.min, x, axis, keepdims=keepdims)


@operation()
def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over an axis; its derivative is right where entries are 0 too."""
    return _reduced(rules.prod, x, axis, keepdims=keepdims)


@operation()
def var(x: Operand, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
    """The variance: squared distances from the mean, summed and divided by n - ddof."""
    return _reduced(rules.var, x, axis, ddof=ddof, keepdims=keepdims)


@operation()
def std(x: Operand, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation, sqrt(var); without a derivative where it is 0 (nan)."""
    return sqrt(var(x, axis, ddof, keepdims))


@operation()
def cumsum(x: Operand, axis: int | None = None) -> Tensor:
    """The sums up to each entry, along an axis (None: of the flattened tensor)."""
    if axis is None:
        x, axis = ravel(x), 0
    return apply(rules.cumsum, (x,), {"axis": axis})


@operation()
def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))), shifted so that nothing overflows."""
    return _reduced(rules.logsumexp, x, axis, keepdims=keepdims)


@operation()
def softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis: positive numbers that add up to 1."""
    return _reduced(rules.softmax, x, axis)


@operation()
def log_softmax(x: Operand, axis: Axis = -1) -> Tensor:
    """log(softmax(x)), right where softmax itself rounds to 0 too."""
    return _reduced(rules.log_softmax, x, axis)


# Shapes -----------------------------------------------------------------------------------------


@operation()
def reshape(x: Operand, *shape: Any) -> Tensor:
    """The same entries in another shape: `reshape(x, 2, 3)` or `reshape(x, (2, 3))`."""
    return apply(rules.reshape, (x,), {"shape": _one_tuple(shape)})


@operation()
def transpose(x: Operand, *axes: Any) -> Tensor:
    """The axes in another order, `transpose(x, 1, 0)` or `transpose(x, (1, 0))`; none: reversed."""
    order = _one_tuple(axes)
    return apply(rules.transpose, (x,), {"axes": None if order in ((), (None,)) else order})


def _one_tuple(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """`f(x, 2, 3)` and `f(x, (2, 3))` alike."""
    if len(arguments) == 1 and isinstance(arguments[0], list | tuple):
        return tuple(arguments[0])
    return arguments


@operation()
def swapaxes(x: Operand, axis1: int, axis2: int) -> Tensor:
    """The tensor with two axes exchanged."""
    x = _plain(x, "swapaxes")
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


@operation()
def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Tensor:
    """With a new axis of length 1 at each place named."""
    return apply(rules.expand_dims, (x,), {"axis": axis})


@operation(formulas="")
def broadcast_to(x: Operand, shape: int | tuple[int, ...]) -> Tensor:
    """Copied along new axes and along those of length 1, to fill a shape."""
    return apply(rules.broadcast_to, (x,), {"shape": shape})


@operation()
def ravel(x: Operand) -> Tensor:
    """All entries in one row."""
    return reshape(x, -1)


@operation()
def flatten(x: Operand) -> Tensor:
    """All entries in one row."""
    return reshape(x, -1)


@operation()
def flip(x: Operand, axis: Axis = None) -> Tensor:
    """The entries in reverse order along an axis (None: along all)."""
    return apply(rules.flip, (x,), {"axis": axis})


@operation(formulas="")
def astype(x: Operand, dtype: Any) -> Tensor:
    """The same numbers in another dtype; the gradient returns in the first. Ints are constants."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "fiub":
        raise TypeError(f"astype: {dtype} is no dtype of real numbers")
    if dtype.kind != "f" and getattr(x, "requires_grad", False):
        x = x.detach()  # whole numbers have no gradient
    return apply(rules.astype, (x,), {"dtype": dtype})


@operation(methods="", formulas="")
def concatenate(tensors: Iterable[Operand], axis: int | None = 0) -> Tensor:
    """Tensors put one behind the other along an axis they have (None: all flattened)."""
    parts = _some(tensors, "concatenate")
    if axis is None:
        parts, axis = tuple(ravel(x) for x in parts), 0
    return apply(rules.concatenate, parts, {"axis": axis})


def _some(tensors: Iterable[Operand], name: str) -> tuple[Operand, ...]:
    parts = tuple(tensors)
    if not parts:
        raise ValueError(f"{name}: there is nothing to put together; give at least one tensor")
    return parts


@operation(methods="", formulas="")
def stack(tensors: Iterable[Operand], axis: int = 0) -> Tensor:
    """Tensors of one shape put beside each other along a new axis."""
    parts = _some(tensors, "stack")
    shapes = {np.shape(x) for x in parts}
    if len(shapes) > 1:
        raise ShapeError(f"stack: all shapes must be equal, got {sorted(shapes)}")
    ndim = len(shapes.pop()) + 1
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(f"stack: axis {axis} is out of range for {ndim} axes")
    return concatenate([expand_dims(x, axis) for x in parts], axis)


@operation(formulas="")
def split(x: Operand, sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Parts along an axis: so many equal ones, or cut before each index of a list."""
    x = _plain(x, "split")
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(f"split: axis {axis} is out of range for {label(x)}")
    size = x.shape[axis]
    if isinstance(sections, float):
        raise TypeError(f"split: sections is a whole number or a list of them, got {sections}")
    if isinstance(sections, int):
        if sections < 1 or size % sections:
            raise ShapeError(
                f"split: {size} (axis {axis} of {label(x)}) doesn't divide into {sections} parts"
            )
        sections = [size // sections * k for k in range(1, sections)]
    cuts = [0, *sections, size]
    whole = (slice(None),) * (axis % x.ndim)
    return [getitem(x, (*whole, slice(a, b))) for a, b in pairwise(cuts)]


@operation(formulas="")
def pad(x: Operand, pad_width: Any, mode: Any = "constant", constant_values: float = 0) -> Tensor:
    """With entries added before and after each axis, in the modes of `np.pad` that copy entries
    (edge, reflect, symmetric, wrap) or put one constant in."""
    x = _plain(x, "pad")
    try:
        widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    except ValueError:
        message = f"pad: {pad_width} doesn't give (before, after) for each axis of {label(x)}"
        raise ShapeError(message) from None
    if mode == "constant":
        return apply(rules.pad, (x,), {"widths": widths, "value": constant_values})
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        modes = "constant, edge, reflect, symmetric, wrap"
        raise ValueError(f"pad: mode {mode!r} isn't one of {modes}")
    sized = zip(x.shape, widths, strict=True)
    rows = [np.pad(np.arange(n), width, mode=mode) for n, width in sized]
    return getitem(x, np.ix_(*rows))


@operation(methods="__getitem__", formulas="")
def getitem(x: Operand, index: Any) -> Tensor:
    """x[index], for every kind of index that NumPy has; tensors of whole numbers or bools too."""
    return apply(rules.getitem, (x,), {"index": array_index(index)})


# Comparisons: tensors of bools, constants -------------------------------------------------------


@operation(methods="", formulas="")
def equal(a: Operand, b: Operand) -> Tensor:
    """a == b, element by element."""
    return apply(rules.equal, (a, b))


@operation(methods="", formulas="")
def not_equal(a: Operand, b: Operand) -> Tensor:
    """a != b, element by element."""
    return apply(rules.not_equal, (a, b))


@operation(methods="", formulas="")
def less(a: Operand, b: Operand) -> Tensor:
    """a < b, element by element."""
    return apply(rules.less, (a, b))


@operation(methods="", formulas="")
def less_equal(a: Operand, b: Operand) -> Tensor:
    """a <= b, element by element."""
    return apply(rules.less_equal, (a, b))


@operation(methods="", formulas="")
def greater(a: Operand, b: Operand) -> Tensor:
    """a > b, element by element."""
    return apply(rules.greater, (a, b))


@operation(methods="", formulas="")
def greater_equal(a: Operand, b: Operand) -> Tensor:
    """a >= b, element by element."""
    return apply(rules.greater_equal, (a, b))


@operation(methods="", formulas="")
def logical_and(a: Operand, b: Operand) -> Tensor:
    """Both hold, element by element."""
    return apply(rules.logical_and, (a, b))


@operation(methods="", formulas="")
def logical_or(a: Operand, b: Operand) -> Tensor:
    """Either holds, element by element."""
    return apply(rules.logical_or, (a, b))


@operation(methods="", formulas="")
def logical_not(x: Operand) -> Tensor:
    """True where x is False (or 0)."""
    return apply(rules.logical_not, (x,))


@operation(methods="__and__ __rand__", numpy="bitwise_and", formulas="")
def _bitwise_and(a: Operand, b: Operand) -> Tensor:
    """a & b, for bools."""
    return _of_bools(rules.logical_and, a, b)


@operation(methods="__or__ __ror__", numpy="bitwise_or", formulas="")
def _bitwise_or(a: Operand, b: Operand) -> Tensor:
    """a | b, for bools."""
    return _of_bools(rules.logical_or, a, b)


@operation(methods="__invert__", numpy="invert", formulas="")
def _invert(x: Operand) -> Tensor:
    """~x, for bools."""
    return _of_bools(rules.logical_not, x)


def _of_bools(rule: rules.Rule, *inputs: Operand) -> Tensor:
    """The rule on bools alone: for numbers & | ~ would mean their bits."""
    for x in inputs:
        if _plain(x, rule.name).dtype.kind != "b":
            raise TypeError(f"{rule.name}: & | ~ are for bools, got {label(x)}")
    return apply(rule, inputs)


if not TYPE_CHECKING:  # type checkers take every name without an underscore for public
    __all__ = [name for name in OPERATIONS if not name.startswith("_")]
