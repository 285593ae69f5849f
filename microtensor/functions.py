"""NumPy's functions that are compositions of the operations, a few lines each.

Each has the arguments of NumPy's function of its name that make sense for tensors.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import operations as op
from . import rules
from .errors import ShapeError, label
from .modes import group
from .operands import operand
from .operations import OPERATIONS, Axis, Operand, _plain, operation
from .tensor import Tensor, apply

_KNOWN = set(OPERATIONS)
_ALL = slice(None)
_OF_SCALARS = "argsort cumprod repeat take".split()  # which have an axis in NumPy's functions
_OF_ONE_AXIS = "array_split cross diff vecdot".split()  # where None is no axis
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
    x = _plain(x, name)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, Iterable) else (axis,)
    for k in axes:
        if not -x.ndim <= k < x.ndim:
            raise np.exceptions.AxisError(f"{name}: axis {k} is out of range for {label(x)}")
    return tuple(k % x.ndim for k in axes)


def _along(x: Operand, axis: int | None, name: str) -> tuple[Any, int]:
    """A tensor and an axis, counted from the front; None: all entries in one row."""
    x = _plain(x, name)
    if not isinstance(axis, int | np.integer) and (axis is not None or name in _OF_ONE_AXIS):
        raise TypeError(f"{name}: axis is one number, got {axis!r}")
    flat = axis is None or (x.ndim == 0 and axis in (0, -1) and name in _OF_SCALARS)
    if flat:
        return x if x.ndim == 1 else op.ravel(x), 0
    return x, _axes(x, axis, name)[0]


def _at(axis: int, index: Any) -> tuple[Any, ...]:
    """What stands in the brackets of an index along one axis."""
    return (*(_ALL,) * axis, index)


def _in_order(x: Any, order: Sequence[int]) -> Any:
    """Transposed, where that is something to do."""
    return x if list(order) == list(range(x.ndim)) else op.transpose(x, tuple(order))


def _shaped(x: Any, shape: Sequence[int]) -> Any:
    """Reshaped, where that is something to do."""
    return x if x.shape == tuple(shape) else op.reshape(x, tuple(shape))


def _known(x: Any) -> Tensor:
    """Where x isn't nan."""
    return op.equal(x, x)


def _kept(x: Operand, mask: Callable[[Any], Any]) -> Tensor:
    """The entries that a mask of x keeps, and 0 for the others, in x's dtype."""
    x = _plain(x, "where")
    return op.where(mask(x), x, False if x.dtype.kind == "b" else 0)


def _rule_along(rule: rules.Rule, **options: Any) -> _Function:
    """The function of a rule that works along one axis."""

    def function(x: Operand, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
        x, axis = _along(x, axis, rule.name)
        if kind is not None or stable is not None:
            np.sort((), kind=kind, stable=stable)  # what is none raises; every other is heeded
        return apply(rule, (x,), {"axis": axis, **options})

    return function


def _at_least(ndim: int, name: str) -> _Function:
    """`atleast_2d` and its like: of several tensors, a tuple."""

    def one(x: Any) -> Tensor:
        front = (1,) if np.ndim(x) < 2 else ()
        shape = (*front, *np.shape(x), 1, 1)[:ndim] if np.ndim(x) else (1,) * ndim
        return _tensor(x, name) if np.ndim(x) >= ndim else op.reshape(x, shape)

    return lambda *xs: one(xs[0]) if len(xs) == 1 else tuple(map(one, xs))


def _times(a: Operand, b: Operand, _: Any) -> Tensor:
    return op.multiply(_plain(a, "inner"), _plain(b, "inner"))


def _upto(k: int) -> Callable[[Any], Any]:
    """The mask of a lower triangle."""
    return lambda x: np.tri(*x.shape[-2:], k=k, dtype=bool)  # type: ignore[call-overload]


# Shapes -----------------------------------------------------------------------------------------


@operation(methods="", formulas="")
def array_split(x: Operand, sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Parts along an axis, of nearly equal length, or cut before each index of a list."""
    x, axis = _along(x, axis, "array_split")
    if np.ndim(sections) == 0:
        parts = np.array_split(np.arange(x.shape[axis]), sections)
        sections = np.cumsum([len(part) for part in parts])[:-1].tolist()
    return op.split(x, sections, axis)


@operation(formulas="")
def rot90(x: Operand, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by k right angles, from the first of two axes towards the second."""
    x = _plain(x, "rot90")
    a, b = _axes(x, axes, "rot90")
    if a == b:
        raise ShapeError(f"rot90: two axes are turned, got {axes}")
    if k % 2 == 0:
        return op.flip(x, (a, b)) if k % 4 else _tensor(x, "rot90")
    return op.swapaxes(op.flip(x, b), a, b) if k % 4 == 1 else op.flip(op.swapaxes(x, a, b), b)


@operation(methods="", formulas="")
def tile(x: Operand, reps: int | Sequence[int]) -> Tensor:
    """Copies side by side, so many along each axis."""
    counts, sizes = tuple(np.atleast_1d(np.asarray(reps)).tolist()), np.shape(x)
    counts = (1,) * (len(sizes) - len(counts)) + counts
    sizes = (1,) * (len(counts) - len(sizes)) + sizes
    pairs = list(zip(counts, sizes, strict=True))
    with group("tile"):
        apart = op.reshape(x, [n for size in sizes for n in (1, size)])
        copies = op.broadcast_to(apart, tuple(n for pair in pairs for n in pair))
        return op.reshape(copies, [count * size for count, size in pairs])


@operation(methods="", formulas="")
def repeat(x: Operand, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Every entry several times in a row: so often, or each as often as a list says."""
    x, axis = _along(x, axis, "repeat")
    counts, n = np.asarray(repeats), x.shape[axis]
    if counts.size not in (1, n):
        raise ShapeError(f"repeat: {counts.size} repeats for {n} entries of {label(x)}")
    return op.getitem(x, _at(axis, np.repeat(np.arange(n), counts)))


@operation(methods="", formulas="")
def linspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, retstep: bool = False,
    *, axis: int = 0,
) -> Any:  # fmt: skip
    """Evenly spaced numbers from start to stop, `start * (1 - t) + stop * t`, along a new axis."""
    given = [x if isinstance(x, int | float) else _plain(x, "linspace") for x in (start, stop)]
    dtype = np.result_type(*(getattr(x, "dtype", x) for x in given), 0.0)
    ends = [x if hasattr(x, "dtype") else dtype.type(x) for x in given]
    steps = num - 1 if endpoint else num
    t = (np.arange(num) / (steps or 1)).astype(dtype)
    t = t.reshape(-1, *(1,) * builtins.max(map(np.ndim, ends)))
    with group("linspace"):
        found = op.add(op.multiply(ends[0], 1 - t), op.multiply(ends[1], t))
        found = found if axis == 0 else moveaxis(found, 0, axis)
    return (found, op.divide(op.subtract(*ends[::-1]), steps or math.nan)) if retstep else found


@operation(methods="", numpy="lib.stride_tricks.sliding_window_view", formulas="")
def sliding_window_view(x: Operand, window_shape: Any, axis: Axis = None) -> Tensor:
    """Every window of a shape (along `axis`; None: all axes), in new last axes.

    Its derivative adds up what returns to an entry from all its windows, in time linear in them.
    """
    x = _plain(x, "sliding_window_view")
    window = tuple(np.atleast_1d(np.asarray(window_shape)).tolist())
    axes = _axes(x, axis, "sliding_window_view")
    return apply(rules.sliding_window_view, (x,), {"window": window, "axes": axes})


# Entries ----------------------------------------------------------------------------------------


@operation(formulas="")
def take(x: Operand, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Tensor:
    """The entries at indices along an axis (None: of the flattened tensor).

    `mode`: what an index out of range does: it raises, or is taken for another ("wrap", "clip").
    """
    x, axis = _along(x, axis, "take")
    indices, n = _whole(indices, "take"), x.shape[axis]
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"take: mode {mode!r} isn't one of raise, wrap, clip")
    if mode != "raise":
        indices = np.remainder(indices, n) if mode == "wrap" else np.clip(indices, 0, n - 1)
    return op.getitem(x, _at(axis, indices))


def _whole(indices: Any, name: str) -> Any:
    """Indices as an array or a tensor of whole numbers."""
    indices = _plain(indices, name)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are whole numbers, got dtype {indices.dtype}")
    return indices


@operation(methods="", formulas="")
def take_along_axis(x: Operand, indices: Any, axis: int | None = -1) -> Tensor:
    """Along an axis, the entries that each row's own indices name, as those of `argsort` do."""
    x, axis = _along(x, axis, "take_along_axis")
    indices = _whole(indices, "take_along_axis")
    if indices.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: the indices have {indices.ndim} axes, {label(x)} has {x.ndim}"
        )
    index: list[Any] = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    index[axis] = indices
    return op.getitem(x, tuple(index))


@operation(formulas="")
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of each matrix in two axes, in a new last axis; `offset` above the main one."""
    x = _plain(x, "diagonal")
    a, b = _axes(x, (axis1, axis2), "diagonal")
    if a == b:
        raise ShapeError(f"diagonal: two axes have a diagonal, got {axis1} and {axis2}")
    x = _in_order(x, [*(k for k in range(x.ndim) if k not in (a, b)), a, b])
    rows, columns = _places(x.shape[-2], x.shape[-1], offset)
    return op.getitem(x, (*_at(x.ndim - 2, rows), columns))


def _places(height: int, width: int, offset: int) -> tuple[Any, Any]:
    """The rows and columns of a diagonal."""
    rows = np.arange(builtins.max(0, -offset), builtins.min(height, width - offset))
    return rows, rows + offset


@operation(formulas="")
def diag(x: Operand, k: int = 0) -> Tensor:
    """A matrix's diagonal, k above the main one; or of a vector the matrix that has it there."""
    if np.ndim(x) != 1:
        return diagonal(x, k)
    n = np.size(x) + abs(k)
    return apply(rules.put, (x,), {"index": _places(n, n, k), "shape": (n, n)})


@operation(methods="", formulas="")
def select(conditions: Sequence[Any], choices: Sequence[Operand], default: Operand = 0) -> Tensor:
    """Of the choices the first whose condition holds, entry by entry."""
    pairs = list(zip(conditions, op._some(choices, "select", 0), strict=False))
    if len(pairs) != len(conditions) or len(pairs) != len(choices):
        counts = f"{len(conditions)} conditions and {len(choices)} choices"
        raise ValueError(f"select: each choice has a condition, got {counts}")
    found: Any = default
    for condition, choice in reversed(pairs):
        found = op.where(condition, choice, found)
    return _tensor(found, "select")


@operation(formulas="")
def nan_to_num(
    x: Operand, copy: bool = True, nan: float = 0.0,
    posinf: float | None = None, neginf: float | None = None,
) -> Tensor:  # fmt: skip
    """Numbers for nan, inf and -inf (None: the largest there are), where its derivative is 0."""
    x = _plain(x, "nan_to_num")
    if not copy:
        raise ValueError("nan_to_num: nothing is changed in place; leave `copy` out")
    if x.dtype.kind != "f":
        return _tensor(x, "nan_to_num")
    most = float(np.finfo(x.dtype).max)
    with group("nan_to_num"):
        x = op.where(_known(x), x, nan)
        x = op.where(op.equal(x, math.inf), most if posinf is None else posinf, x)
        return op.where(op.equal(x, -math.inf), -most if neginf is None else neginf, x)


# Differences, products and means ----------------------------------------------------------------


@operation(formulas="")
def diff(
    x: Operand, n: int = 1, axis: int = -1, prepend: Operand = None, append: Operand = None
) -> Tensor:
    """Each entry less the one before it, along an axis; n times over."""
    x, axis = _along(x, axis, "diff")
    if n < 0:
        raise ValueError(f"diff: n is how often differences are taken, got {n}")
    if n and (prepend is not None or append is not None):
        one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        parts = [part for part in (prepend, x, append) if part is not None]
        parts = [part if np.ndim(part) else op.broadcast_to(part, one) for part in parts]
        x = op.concatenate(parts, axis)
    step = op.not_equal if x.dtype.kind == "b" else op.subtract
    for _ in range(n):
        later, earlier = (_at(axis, slice(*ends)) for ends in ((1, None), (None, -1)))
        x = step(op.getitem(x, later), op.getitem(x, earlier))
    return _tensor(x, "diff")


@operation(methods="", formulas="")
def tensordot(a: Operand, b: Operand, axes: Any = 2) -> Tensor:
    """The product summed over axes: the last and the first n, or those of a pair of lists."""
    a, b = _plain(a, "tensordot"), _plain(b, "tensordot")
    left, right = (range(-axes, 0), range(axes)) if isinstance(axes, int) else axes
    left, right = _axes(a, left, "tensordot"), _axes(b, right, "tensordot")
    summed = [[x.shape[k] for k in over] for x, over in ((a, left), (b, right))]
    if summed[0] != summed[1]:
        which = f"axes {left} of {label(a)} and {right} of {label(b)}"
        raise ShapeError(f"tensordot: sizes differ along {which}")
    rows = [k for k in range(a.ndim) if k not in left]
    columns = [k for k in range(b.ndim) if k not in right]
    height, width = [a.shape[k] for k in rows], [b.shape[k] for k in columns]
    count = math.prod(summed[0])
    with group("tensordot"):
        first = _shaped(_in_order(a, [*rows, *left]), (math.prod(height), count))
        second = _shaped(_in_order(b, [*right, *columns]), (count, math.prod(width)))
        product: Tensor = _shaped(op.matmul(first, second), [*height, *width])
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
    a, b = (_last(x, axis, "vecdot") for x in (a, b))
    if a.shape[-1] != b.shape[-1]:
        raise ShapeError(f"vecdot: sizes differ along axis {axis}: {label(a)} and {label(b)}")
    return op.einsum("...i,...i->...", a, b)


def _last(x: Operand, axis: int, name: str) -> Any:
    """With an axis moved to the end."""
    x, axis = _along(x, axis, name)
    return _in_order(x, [*(k for k in range(x.ndim) if k != axis), axis])


@operation(methods="", formulas="")
def cross(
    a: Operand, b: Operand, axisa: int = -1, axisb: int = -1, axisc: int = -1,
    axis: int | None = None,
) -> Tensor:  # fmt: skip
    """The cross product of vectors of three entries, along the last axes or those named."""
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = _last(a, axisa, "cross"), _last(b, axisb, "cross")
    if (a.shape[-1], b.shape[-1]) != (3, 3):
        raise ShapeError(f"cross: vectors have 3 entries, got {label(a)} and {label(b)}")
    one, two = (..., [1, 2, 0]), (..., [2, 0, 1])
    with group("cross"):
        forth = op.multiply(op.getitem(a, one), op.getitem(b, two))
        back = op.multiply(op.getitem(a, two), op.getitem(b, one))
        found = op.subtract(forth, back)
        return found if axisc in (-1, found.ndim - 1) else moveaxis(found, -1, axisc)


@operation(methods="", formulas="")
def median(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The middle entry in ascending order, or the mean of the middle two; nan where one is nan."""
    x = _plain(x, "median")
    axes = _axes(x, axis, "median")
    rest = [k for k in range(x.ndim) if k not in axes]
    n = math.prod(x.shape[k] for k in axes)
    with group("median"):
        ordered = sort(_shaped(_in_order(x, [*rest, *axes]), [*(x.shape[k] for k in rest), n]))
        middle = op.mean(op.getitem(ordered, (..., slice((n - 1) // 2, n // 2 + 1))), -1)
        if n and x.dtype.kind == "f":  # nan is sorted last
            last = op.getitem(ordered, (..., -1))
            middle = op.where(_known(last), middle, last)
        kept = [1 if k in axes else size for k, size in enumerate(x.shape)]
        return op.reshape(middle, kept) if keepdims else middle


@operation(methods="", formulas="")
def average(
    x: Operand, axis: Axis = None, weights: Operand = None, returned: bool = False,
    *, keepdims: bool = False,
) -> Any:  # fmt: skip
    """The mean, each entry weighted; `returned`: and the sum of the weights."""
    x = _plain(x, "average")
    axes = _axes(x, axis, "average")
    weights = np.ones((1,) * x.ndim, x.dtype) if weights is None else _plain(weights, "average")
    if weights.shape in (x.shape, (1,) * x.ndim):
        pass
    elif axis is not None and weights.shape == tuple(x.shape[k] for k in axes):
        order = sorted(range(len(axes)), key=lambda k: axes[k])
        kept = [n if k in axes else 1 for k, n in enumerate(x.shape)]
        weights = op.reshape(_in_order(weights, order), kept)
    else:
        raise ShapeError(f"average: weights {label(weights)} don't fit {label(x)} along {axis}")
    dtype = np.result_type(x.dtype, weights.dtype, *(["f8"] if x.dtype.kind in "iub" else []))
    with group("average"):
        weights = op.broadcast_to(op.astype(weights, dtype), tuple(x.shape))
        total = op.sum(weights, axis, keepdims)
        found = op.divide(op.sum(op.multiply(x, weights), axis, keepdims), total)
    return (found, total) if returned else found


# Of one line ------------------------------------------------------------------------------------

# fmt: off
sort = _line("sort", "In ascending order, stable; gradients go back to where entries came from.",
    _rule_along(rules.sort))
argsort = _line("argsort", "The places of the entries in ascending order, stable: a constant.",
    _rule_along(rules.argsort, stable=True), "argsort")
cumprod = _line("cumprod", "The products up to each entry; right where entries are 0 too.",
    lambda x, axis=None: _rule_along(rules.cumprod)(x, axis), "cumprod")
atleast_1d = _line("atleast_1d", "With one axis at least.", _at_least(1, "atleast_1d"))
atleast_2d = _line("atleast_2d", "With two axes at least: a vector is a row.",
    _at_least(2, "atleast_2d"))
atleast_3d = _line("atleast_3d", "With three axes at least: a vector is (1, n, 1).",
    _at_least(3, "atleast_3d"))
vstack = _line("vstack", "Below each other; vectors are rows.",
    lambda tensors: op.concatenate([atleast_2d(x) for x in op._some(tensors, "vstack", 0)]))
hstack = _line("hstack", "Beside each other; vectors one behind the other.",
    lambda tensors: op.concatenate(
        parts := [atleast_1d(x) for x in op._some(tensors, "hstack", 0)],
        0 if parts[0].ndim == 1 else 1))
column_stack = _line("column_stack", "Beside each other; vectors are columns.",
    lambda tensors: op.concatenate([x if np.ndim(x) > 1 else op.reshape(x, -1, 1)
                                    for x in op._some(tensors, "column_stack", 0)], 1))
append = _line("append", "With values behind it (axis None: both flattened).",
    lambda x, values, axis=None: op.concatenate([x, _plain(values, "append")], axis))
hsplit = _line("hsplit", "Parts side by side, along the second axis, or a vector's only one.",
    lambda x, sections: op.split(x, sections, 1 if np.ndim(x) > 1 else 0))
vsplit = _line("vsplit", "Parts below each other, along the first axis.",
    lambda x, sections: op.split(x, sections, 0 if np.ndim(x) > 1 else -2))
moveaxis = _line("moveaxis", "Axes moved to other places; the rest stay in their order.",
    lambda x, source, destination: op.transpose(x, np.moveaxis(np.empty(range(np.ndim(x))),
        *(_axes(x, k, "moveaxis") for k in (source, destination))).shape), "moveaxis")
rollaxis = _line("rollaxis", "An axis moved back, until it stands before another; see moveaxis.",
    lambda x, axis, start=0:
        op.transpose(x, np.rollaxis(np.empty(range(np.ndim(x))), axis, start).shape))
unstack = _line("unstack", "The entries along an axis, each a tensor.",
    lambda x, *, axis=0: tuple(moveaxis(x, axis, 0) if axis != 0 else _tensor(x, "unstack")))
roll = _line("roll", "Moved on; what leaves comes in at the other end (axis None: flattened).",
    lambda x, shift, axis=None:
        apply(rules.roll, (x,), {"shift": np.asarray(shift).tolist(), "axis": axis}), "roll")
full = _line("full", "The value in every entry of a shape, as broadcasting copies it.",
    lambda shape, value: op.broadcast_to(value, shape) if isinstance(value, Tensor) else
        Tensor(np.full(shape, operand(value, "full"))))
matrix_transpose = _line("matrix_transpose", "Each matrix of a stack transposed.",
    lambda x: op.swapaxes(x, -1, -2))
flipud = _line("flipud", "Upside down: the first axis in reverse.",
    lambda x: op.flip(x, 0), "flipud")
fliplr = _line("fliplr", "Left to right: the second axis in reverse.",
    lambda x: op.flip(x, 1), "fliplr")
full_like = _line("full_like", "One value in every entry, in the shape and dtype of x.",
    lambda x, value, dtype=None: op.astype(
        full(np.shape(x), value), dtype or _plain(x, "full_like").dtype))
trace = _line("trace", "The sum along the diagonal.",
    lambda x, offset=0, axis1=0, axis2=1: op.sum(diagonal(x, offset, axis1, axis2), -1), "trace")
tril = _line("tril", "The lower triangle, up to the diagonal k above the main one; else 0.",
    lambda x, k=0: _kept(x, _upto(k)), "tril")
triu = _line("triu", "The upper triangle, from the diagonal k above the main one on; else 0.",
    lambda x, k=0: _kept(x, lambda x: ~_upto(k - 1)(x)), "triu")
inner = _line("inner", "Every row of a times every row of b, summed: over the last axis of both.",
    lambda a, b: (tensordot if np.ndim(a) and np.ndim(b) else _times)(a, b, (-1, -1)),
    "inner")
nansum = _line("nansum", "The sum of what isn't nan.",
    lambda x, axis=None, *, keepdims=False: op.sum(_kept(x, _known), axis, keepdims))
nanmean = _line("nanmean", "The mean of what isn't nan.",
    lambda x, axis=None, *, keepdims=False: op.divide(op.mean(_kept(x, _known), axis, keepdims),
        op.mean(op.astype(_known(x), _plain(x, "nanmean").dtype), axis, keepdims)))
fmax = _line("fmax", "The larger of a and b, and where one is nan the other.",
    lambda a, b: op.maximum(op.where(_known(a), a, b), op.where(_known(b), b, a)))
fmin = _line("fmin", "The smaller of a and b, and where one is nan the other.",
    lambda a, b: op.minimum(op.where(_known(a), a, b), op.where(_known(b), b, a)))
# fmt: on


if not TYPE_CHECKING:
    __all__ = [name for name in OPERATIONS if name not in _KNOWN]
