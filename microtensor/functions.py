"""NumPy's functions that are compositions of the operations, a few lines each.

Each has the arguments of NumPy's function of its name that make sense for tensors.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from . import operations as op
from . import rules
from .errors import ShapeError, label
from .modes import group
from .operands import operand
from .operations import OPERATIONS, Axis, Operand, operation, plain
from .tensor import Tensor, apply

_KNOWN = set(OPERATIONS)
_Function = Callable[..., Any]


def _line(name: str, text: str, function: _Function, methods: str = "") -> _Function:
    """Lists a function of one line; `text` is its docstring."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return operation(methods, formulas="")(function)


def _tensor(x: Operand, name: str) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(operand(x, name))


def _axes(x: Any, axis: Any, name: str) -> tuple[int, ...]:
    """Axes counted from the front; None: all."""
    return normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, name)


def _along(x: Operand, axis: int | None, name: str) -> tuple[Any, int]:
    """A tensor and an axis, counted from the front; None, or a scalar's: all entries in one row."""
    x = plain(x, name)
    if axis is None or (x.ndim == 0 and axis in (0, -1)):
        return x if x.ndim == 1 else op.ravel(x), 0
    return x, normalize_axis_index(axis, x.ndim, name)


def _at(axis: int, index: Any) -> tuple[Any, ...]:
    """What stands in the brackets of an index along one axis."""
    return (*(slice(None),) * axis, index)


def _in_order(x: Any, order: Sequence[int]) -> Any:
    """Transposed, where that is something to do."""
    return x if list(order) == list(range(x.ndim)) else op.transpose(x, tuple(order))


def _shaped(x: Any, shape: Sequence[int]) -> Any:
    """Reshaped, where that is something to do."""
    return x if x.shape == tuple(shape) else op.reshape(x, tuple(shape))


def _alike(name: str, *xs: Operand) -> tuple[Any, list[Any]]:
    """The dtype of all, and what has a shape as it is, a number of Python's in that dtype."""
    xs = tuple(x if isinstance(x, int | float) else plain(x, name) for x in xs)
    dtype = np.result_type(*(getattr(x, "dtype", x) for x in xs))
    return dtype, [x if hasattr(x, "dtype") else op.in_dtype(dtype, x, name) for x in xs]


def _known(x: Any) -> Tensor:
    """Where x isn't nan."""
    return op.equal(x, x)


def _triangle(x: Operand, k: int, lower: bool) -> Tensor:
    """What is up to the diagonal k, or what is above it, and 0 for all else."""
    x = plain(x, "where")
    mask = np.tri(*x.shape[-2:], k=k, dtype=bool)  # type: ignore[call-overload]
    return op.where(mask == lower, x, x.dtype.type(0))


def _rule_along(rule: rules.Rule, **options: Any) -> _Function:
    """The function of a rule that works along one axis."""

    def function(x: Operand, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
        x, axis = _along(x, axis, rule.name)
        if kind is not None or stable is not None:
            np.sort((), kind=kind, stable=stable)  # what is none raises; every other is heeded
        return apply(rule, (x,), {"axis": axis, **options})

    return function


def _at_least(name: str) -> _Function:
    """`atleast_2d` and its like, in NumPy's shapes: of several tensors, a tuple."""

    def one(x: Any) -> Any:
        x = _tensor(x, name)
        return _shaped(x, getattr(np, name)(np.empty(x.shape)).shape)

    return lambda *xs: one(xs[0]) if len(xs) == 1 else tuple(map(one, xs))


# Shapes -----------------------------------------------------------------------------------------


@operation(methods="", formulas="")
def array_split(x: Operand, sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts along an axis, of nearly equal length, or cut before each index of a list."""
    x = plain(x, "array_split")
    sections = np.asarray(sections)
    if sections.ndim == 0:
        n = x.shape[normalize_axis_index(axis, x.ndim, "array_split")]
        parts = np.array_split(np.arange(n), sections)
        sections = np.cumsum([len(part) for part in parts])[:-1].tolist()
    return op.split(x, sections, axis)


@operation(formulas="")
def rot90(x: Operand, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by k right angles, from the first of two axes towards the second."""
    x = plain(x, "rot90")
    a, b = _axes(x, axes, "rot90")
    turned = op.swapaxes(x, a, b) if k % 2 else _tensor(x, "rot90")
    over = ((), (a,), (a, b), (b,))[k % 4]
    return op.flip(turned, over) if over else turned


@operation(methods="", formulas="")
def repeat(x: Operand, repeats: Any, axis: int | None = None) -> Tensor:
    """Every entry several times in a row: so often, or each as often as a list says."""
    x, axis = _along(x, axis, "repeat")
    if not isinstance(repeats, list):  # of which NumPy takes an empty one, too
        repeats = np.asarray(_tensor(repeats, "repeat"))
    return op.getitem(x, _at(axis, np.repeat(np.arange(x.shape[axis]), repeats)))


@operation(methods="", formulas="")
def linspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, *, axis: int = 0
) -> Tensor:
    """Evenly spaced numbers from start to stop, `start * (1 - t) + stop * t`, along a new axis."""
    dtype, (start, stop, _) = _alike("linspace", start, stop, 0.0)
    t = np.linspace(0, 1, num, endpoint, dtype=dtype)
    t = t.reshape(-1, *(1,) * builtins.max(start.ndim, stop.ndim))
    with group("linspace"):
        found = op.add(op.multiply(start, 1 - t), op.multiply(stop, t))
        return moveaxis(found, 0, axis)  # type: ignore[no-any-return]


@operation(methods="", numpy="lib.stride_tricks.sliding_window_view", formulas="")
def sliding_window_view(x: Operand, window_shape: Any, axis: Axis = None) -> Tensor:
    """Every window of a shape (along `axis`; None: all axes), in new last axes."""
    x = plain(x, "sliding_window_view")
    window = tuple(np.atleast_1d(np.asarray(window_shape)).tolist())
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, None, True)
    return apply(rules.sliding_window_view, (x,), {"window": window, "axes": axes})


# Entries ----------------------------------------------------------------------------------------


def _whole(indices: Any, name: str) -> Any:
    """Indices as an array or a tensor of whole numbers."""
    indices = plain(indices, name)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are whole numbers, got dtype {indices.dtype}")
    return indices


@operation(formulas="")
def take(x: Operand, indices: Any, axis: int | None = None) -> Tensor:
    """The entries at indices along an axis (None: of the flattened tensor)."""
    x, axis = _along(x, axis, "take")
    return op.own(op.getitem(x, _at(axis, _whole(indices, "take"))))


@operation(methods="", formulas="")
def take_along_axis(x: Operand, indices: Any, axis: int | None = -1) -> Tensor:
    """Along an axis, the entries that each row's own indices name, as those of `argsort` do."""
    x, axis = _along(x, axis, "take_along_axis")
    indices = _whole(indices, "take_along_axis")
    if indices.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: indices {label(indices)} have not the axes of {label(x)}"
        )
    index: list[Any] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    index[axis] = indices
    return op.getitem(x, tuple(index))


@operation(formulas="")
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of each matrix in two axes, in a new last axis; `offset` above the main one."""
    x = moveaxis(plain(x, "diagonal"), (axis1, axis2), (-2, -1))
    return op.getitem(x, (..., *np.nonzero(np.eye(x.shape[-2], x.shape[-1], offset))))


@operation(formulas="")
def diag(x: Operand, k: int = 0) -> Tensor:
    """A matrix's diagonal, k above the main one; or of a vector the matrix that has it there."""
    if np.ndim(x) == 2:
        return diagonal(x, k)
    if np.ndim(x) != 1:
        raise ShapeError(f"diag: {label(x)} is neither a vector nor a matrix; see diagonal()")
    n = np.size(x) + abs(k)
    return apply(rules.put, (x,), {"index": np.nonzero(np.eye(n, n, k)), "shape": (n, n)})


@operation(formulas="")
def nan_to_num(
    x: Operand, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Numbers for nan, inf and -inf (None: the largest there are), where its derivative is 0."""
    x = plain(x, "nan_to_num")
    if x.dtype.kind != "f":
        return op.own(_tensor(x, "nan_to_num"))
    most = float(np.finfo(x.dtype).max)
    with group("nan_to_num"):
        found = op.where(op.equal(x, -math.inf), -most if neginf is None else neginf, x)
        found = op.where(op.equal(x, math.inf), most if posinf is None else posinf, found)
        return op.where(_known(x), found, nan)


# Differences, products and means ----------------------------------------------------------------


@operation(formulas="")
def diff(x: Operand, n: int = 1, axis: int = -1) -> Tensor:
    """Each entry less the one before it, along an axis; n times over."""
    x = plain(x, "diff")
    axis = normalize_axis_index(axis, x.ndim, "diff")
    if n < 0:
        raise ValueError(f"diff: n is how often differences are taken, got {n}")
    step = op.not_equal if x.dtype.kind == "b" else op.subtract
    later, earlier = _at(axis, slice(1, None)), _at(axis, slice(-1))
    for _ in range(n):
        x = step(op.getitem(x, later), op.getitem(x, earlier))
    return _tensor(x, "diff")


@operation(methods="", formulas="")
def tensordot(a: Operand, b: Operand, axes: Any = 2) -> Tensor:
    """The product summed over axes: the last and the first n, or those of a pair of lists."""
    left, right = (range(-axes, 0), range(axes)) if isinstance(axes, int | np.integer) else axes
    n = np.size(left)
    with group("tensordot"):
        a = moveaxis(plain(a, "tensordot"), left, range(-n, 0))
        b = moveaxis(plain(b, "tensordot"), right, range(n))
        rows, summed, columns = a.shape[: a.ndim - n], a.shape[a.ndim - n :], b.shape[n:]
        if summed != b.shape[:n]:
            raise ShapeError(f"tensordot: sizes differ along axes {axes}: {summed}, {b.shape[:n]}")
        first = _shaped(a, (math.prod(rows), math.prod(summed)))
        second = _shaped(b, (math.prod(summed), math.prod(columns)))
        product: Tensor = _shaped(op.matmul(first, second), (*rows, *columns))
    return product


@operation(formulas="")
def kron(a: Operand, b: Operand) -> Tensor:
    """Kronecker's product: b, times each entry of a, where that stands."""
    ndim = builtins.max(np.ndim(a), np.ndim(b))
    left, right = ((1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b))
    with group("kron"):
        spread = op.reshape(a, [n for size in left for n in (size, 1)])
        blocks = op.multiply(spread, op.reshape(b, [n for size in right for n in (1, size)]))
        return op.reshape(blocks, [m * n for m, n in zip(left, right, strict=True)])


@operation(methods="", formulas="")
def vecdot(a: Operand, b: Operand, *, axis: int = -1) -> Tensor:
    """The product of vectors along an axis, of stacks that broadcast."""
    a, b = (moveaxis(plain(x, "vecdot"), axis, -1) for x in (a, b))
    with group("vecdot"):
        return op.getitem(op.matmul(op.expand_dims(a, -2), op.expand_dims(b, -1)), (..., 0, 0))


@operation(methods="", formulas="")
def cross(a: Operand, b: Operand, *, axis: int | None = None) -> Tensor:
    """The cross product of vectors of three entries, along an axis (None: the last)."""
    axis, one, two = -1 if axis is None else axis, (..., [1, 2, 0]), (..., [2, 0, 1])
    with group("cross"):
        a, b = (moveaxis(plain(x, "cross"), axis, -1) for x in (a, b))
        if (a.shape[-1], b.shape[-1]) != (3, 3):
            raise ShapeError(f"cross: vectors have 3 entries, got {label(a)} and {label(b)}")
        forth = op.multiply(op.getitem(a, one), op.getitem(b, two))
        back = op.multiply(op.getitem(a, two), op.getitem(b, one))
        return moveaxis(op.subtract(forth, back), -1, axis)  # type: ignore[no-any-return]


@operation(methods="", formulas="")
def median(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The middle entry in ascending order, or the mean of the middle two; nan where one is nan."""
    x = plain(x, "median")
    axes = _axes(x, axis, "median")
    rest = [k for k in range(x.ndim) if k not in axes]
    n = math.prod(x.shape[k] for k in axes)
    with group("median"):
        ordered = sort(_shaped(_in_order(x, [*rest, *axes]), [*(x.shape[k] for k in rest), n]))
        middle = op.mean(op.getitem(ordered, (..., slice((n - 1) // 2, n // 2 + 1))), -1)
        if n and x.dtype.kind == "f":  # nan is sorted last
            last = op.getitem(ordered, (..., -1))
            middle = op.where(_known(last), middle, last)
        return op.expand_dims(middle, axes) if keepdims else middle


@operation(methods="", formulas="")
def average(
    x: Operand, axis: Axis = None, weights: Operand = None, *, keepdims: bool = False
) -> Tensor:
    """The mean, each entry weighted, by weights for all entries or for those along the axes."""
    if weights is None:
        return op.mean(x, axis, keepdims)
    x, weights = plain(x, "average"), plain(weights, "average")
    dtype = np.result_type(x.dtype, weights.dtype, *(["f8"] if x.dtype.kind in "iub" else []))
    with group("average"):
        if weights.shape != x.shape:
            axes = _axes(x, axis, "average")
            if axis is None or weights.shape != tuple(x.shape[k] for k in axes):
                raise ShapeError(
                    f"average: weights {label(weights)} don't fit {label(x)} along {axis}"
                )
            kept = [n if k in axes else 1 for k, n in enumerate(x.shape)]
            weights = op.reshape(_in_order(weights, np.argsort(axes).tolist()), kept)
        weights = op.broadcast_to(op.wide(weights, dtype), tuple(x.shape))
        sums = (op.sum(part, axis, keepdims) for part in (op.multiply(x, weights), weights))
        return op.astype(op.divide(*sums), dtype, copy=False)


@operation(methods="", formulas="")
def select(conditions: Any, choices: Any, default: Operand = 0) -> Tensor:
    """Of the choices the first whose condition holds, entry by entry."""
    dtype, (*choices, found) = _alike("select", *choices, default)
    found = op.in_dtype(dtype, found, "select")
    for mask, choice in [*zip(conditions, choices, strict=True)][::-1]:
        found = op.where(op.bools(mask, "select"), choice, found)
    return _tensor(found, "select")


# Of one line ------------------------------------------------------------------------------------

# fmt: off
sort = _line("sort", "In ascending order, stable.", _rule_along(rules.sort))
argsort = _line("argsort", "The places of the entries in ascending order, stable: a constant.",
    _rule_along(rules.argsort, stable=True), "argsort")
cumprod = _line("cumprod", "The products up to each entry; right where entries are 0 too.",
    lambda x, axis=None: _rule_along(rules.cumprod)(x, axis), "cumprod")
atleast_1d = _line("atleast_1d", "With one axis at least.", _at_least("atleast_1d"))
atleast_2d = _line("atleast_2d", "With two axes at least: rows.", _at_least("atleast_2d"))
atleast_3d = _line("atleast_3d", "With three axes at least: (1, n, 1).", _at_least("atleast_3d"))
vstack = _line("vstack", "Below each other; vectors are rows.",
    lambda tensors: op.concatenate([atleast_2d(x) for x in op.several(tensors, "vstack", 0)]))
hstack = _line("hstack", "Beside each other; vectors one behind the other.",
    lambda tensors: op.concatenate(
        parts := [atleast_1d(x) for x in op.several(tensors, "hstack", 0)],
        0 if parts[0].ndim == 1 else 1))
column_stack = _line("column_stack", "Beside each other; vectors are columns.",
    lambda tensors: op.concatenate([x if np.ndim(x) > 1 else op.reshape(x, -1, 1)
                                    for x in op.several(tensors, "column_stack", 0)], 1))
append = _line("append", "With values behind it (axis None: both flattened).",
    lambda x, values, axis=None: op.concatenate([x, plain(values, "append")], axis))
hsplit = _line("hsplit", "Parts side by side, along the second axis, or a vector's only one.",
    lambda x, sections: op.split(x, sections, 1 if np.ndim(x) > 1 else 0))
vsplit = _line("vsplit", "Parts below each other, along the first axis.",
    lambda x, sections: op.split(x, sections, 0 if np.ndim(x) > 1 else -2))
moveaxis = _line("moveaxis", "Axes moved to other places; the rest stay in their order.",
    lambda x, source, destination: _in_order(_tensor(x, "moveaxis"),
        np.moveaxis(np.empty(range(np.ndim(x))), source, destination).shape), "moveaxis")
unstack = _line("unstack", "The entries along an axis, each a tensor.",
    lambda x, *, axis=0: tuple(moveaxis(x, axis, 0)))
roll = _line("roll", "Moved on; what leaves comes in at the other end (axis None: flattened).",
    lambda x, shift, axis=None:
        apply(rules.roll, (x,), {"shift": np.asarray(shift).tolist(), "axis": axis}), "roll")
tile = _line("tile", "Copies side by side, so many along each axis.",
    lambda x, reps: kron(np.ones(reps, plain(x, "tile").dtype), x))
full = _line("full", "The value in every entry of a shape, as broadcasting copies it.",
    lambda shape, value: op.own(op.broadcast_to(value, shape)) if isinstance(value, Tensor) else
        Tensor(np.full(shape, operand(value, "full"))))
matrix_transpose = _line("matrix_transpose", "Each matrix of a stack transposed.",
    lambda x: op.swapaxes(x, -1, -2))
flipud = _line("flipud", "The first axis in reverse.", lambda x: op.flip(x, 0), "flipud")
fliplr = _line("fliplr", "The second axis in reverse.", lambda x: op.flip(x, 1), "fliplr")
full_like = _line("full_like", "One value in every entry, in the shape and dtype of x.",
    lambda x, value, dtype=None: full(np.shape(x), op.in_dtype(
        dtype or plain(x, "full_like").dtype, value, "full_like")))
trace = _line("trace", "The sum along the diagonal.",
    lambda x, offset=0, axis1=0, axis2=1: op.sum(diagonal(x, offset, axis1, axis2), -1), "trace")
tril = _line("tril", "The lower triangle, up to the diagonal k above the main one; else 0.",
    lambda x, k=0: _triangle(x, k, True), "tril")
triu = _line("triu", "The upper triangle, from the diagonal k above the main one on; else 0.",
    lambda x, k=0: _triangle(x, k - 1, False), "triu")
inner = _line("inner", "Every row of a times every row of b, summed: over the last axis of both.",
    lambda a, b: tensordot(a, b, (-1, -1)) if np.ndim(a) and np.ndim(b) else op.multiply(
        plain(a, "inner"), plain(b, "inner")), "inner")
nansum = _line("nansum", "The sum of what isn't nan.",
    lambda x, axis=None, *, keepdims=False: op.sum(x, axis, keepdims, where=_known(x)))
nanmean = _line("nanmean", "The mean of what isn't nan.",
    lambda x, axis=None, *, keepdims=False: op.mean(x, axis, keepdims, where=_known(x)))
fmax = _line("fmax", "The larger of a and b, and where one is nan the other.",
    lambda a, b: op.maximum(op.where(_known(a), a, b), op.where(_known(b), b, a)))
fmin = _line("fmin", "The smaller of a and b, and where one is nan the other.",
    lambda a, b: op.minimum(op.where(_known(a), a, b), op.where(_known(b), b, a)))
# fmt: on


if not TYPE_CHECKING:
    __all__ = [name for name in OPERATIONS if name not in _KNOWN]
