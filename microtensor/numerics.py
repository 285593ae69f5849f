"""Values of rules that one call of NumPy's would be slow at, or wrong: sums, products, powers.

In few bits, 1 added to 2,048 (or to 2^24) is lost, and 255 + 1 is 0. So what is in half precision
is computed in single, and what is in single is added up in double, or by parts of a few entries
each; whole numbers are made floats. Written in NumPy's functions, as rules are.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

FEW = 128
_reduce: Any = np.add.reduce  # whose types know no axis that is None


def numpy_function(name: str) -> Any:
    """NumPy's function of a name that may have dots, as linalg.solve has; None if there is none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def in_single(f: Any) -> Any:
    """The function, computed in single precision where it is given halves."""

    def computed(*arrays: Any, **options: Any) -> Any:
        if arrays[0].dtype.char != "e":
            return f(*arrays, **options)
        return f(*(x.astype(np.float32) for x in arrays), **options).astype(np.float16)

    return computed


def in_double(f: Any, x: Any, **over: Any) -> Any:
    """A sum of NumPy's over x, made in double precision where x is in single."""
    return f(**over) if x.dtype.char != "f" else f(dtype=np.float64, **over).astype(np.float32)


def add_up(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum, made in double precision where fewer bits would lose what is added."""
    kind = x.dtype.char
    if has_short_rows(x, axis):
        added = rows_of(x) @ _ones(int(x.shape[-1]), x.dtype)
        return added.reshape((*x.shape[:-1], 1) if keepdims else x.shape[:-1])
    if kind == "e" or (kind == "f" and x.size > FEW and not _in_pairs(x, axis)):
        wide = _reduce(x, axis=axis, dtype=np.float64, keepdims=keepdims)
        return wide.astype(x.dtype)
    return _reduce(x, axis=axis, keepdims=keepdims)


def has_short_rows(x: Any, axis: Any, most: int = FEW, kinds: str = "d") -> bool:
    """Whether it is one over the last axis, and its rows so short that NumPy takes long over each.

    So few numbers NumPy adds up one by one, too.
    """
    last = x.ndim - 1
    over_rows = last > 0 and axis is not None and axis in (-1, last, (-1,), (last,))
    return bool(over_rows and 1 < x.shape[-1] <= most and x.size > 256 and x.dtype.char in kinds)


def largest(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """x.max; of short rows by columns."""
    if not (isinstance(x, np.ndarray) and has_short_rows(x, axis, 32, "df")):
        return x.max(axis=axis, keepdims=keepdims)
    found = np.maximum.reduce(np.ascontiguousarray(rows_of(x).T), axis=0)
    return found.reshape((*x.shape[:-1], 1) if keepdims else x.shape[:-1])


def _in_pairs(x: Any, axis: Any) -> bool:
    """Whether NumPy adds up neighbours: pairs, and pairs of pairs, which is as good."""
    return bool(x.flags.c_contiguous and axis in (None, -1, x.ndim - 1))


def column_sums(x: Any) -> Any:
    """x.sum(axis=0) of a matrix of floats, by BLAS: six times as fast."""
    rows = len(x)
    if x.dtype.char == "d" or rows <= 2 * FEW:
        return _ones(rows, x.dtype).dot(x)
    rest = rows % FEW
    parts = _ones(FEW, x.dtype) @ x[rest:].reshape(rows // FEW, FEW, x.shape[1])
    added = parts.sum(axis=0, dtype=np.float64) + _ones(rest, x.dtype).dot(x[:rest])
    return added.astype(x.dtype)


@lru_cache(maxsize=32)
def _ones(length: int, dtype: Any) -> Any:
    return np.ones(length, dtype)


MUCH = 20_000  # products, from which on it pays to look for those that BLAS can do


def lengths(terms: Sequence[str], xs: Sequence[Any]) -> dict[str, int]:
    """The length of each letter; one that broadcasts is stretched."""
    known: dict[str, int] = {}
    for term, x in zip(terms, xs, strict=True):
        for i, n in zip(term, x.shape, strict=True):
            known[i] = n if known.get(i, 1) == 1 else known[i]
    return known


def contract(*xs: Any, subscripts: str, optimize: Any = None) -> Any:
    """In the dtype of the result from the start, two factors at a time where that is less work."""
    dtype = np.result_type(*(x.dtype for x in xs))
    wide = np.dtype(np.float32) if dtype.char == "e" else dtype
    if any(x.dtype != wide for x in xs):
        xs = tuple(x.astype(wide) for x in xs)
        return contract(*xs, subscripts=subscripts, optimize=optimize).astype(dtype)
    terms, result = subscripts.split("->")
    sizes = lengths(terms.split(","), xs)
    if len(sizes) == len(result) or optimize is not None:
        return np.einsum(subscripts, *xs, **({} if optimize is None else {"optimize": optimize}))
    if len(xs) > 1 and math.prod(sizes.values()) > MUCH:
        product = _as_product(terms, result, *((x.shape, x.strides) for x in xs))
        return product(*xs) if product else np.einsum(subscripts, *xs, optimize=True)
    return in_double(partial(np.einsum, subscripts, *xs), xs[0])


@lru_cache(maxsize=256)
def _as_product(terms: str, result: str, *layouts: Any) -> Callable[..., Any] | None:
    """A sum of products over arrays so laid out, as one of matrices; None where it is none.

    What has to be copied is read as it lies in memory: where possible, neighbours stay neighbours.
    """
    pair = terms.split(",")
    if len(pair) != 2:
        return None
    known = [
        entry
        for t, (shape, _) in zip(pair, layouts, strict=True)
        for entry in zip(t, shape, strict=True)
    ]
    sizes = dict(known)
    shared = set(pair[0]) & set(pair[1])
    summed, stack = shared - set(result), [i for i in result if i in shared]
    plain = all(len(set(t)) == len(t) and set(t) <= summed | set(result) for t in pair)
    flat = stack and any(set(t) == shared for t in pair)  # vectors: too little for BLAS
    if len(set(known)) > len(sizes) or not (summed and plain) or flat:
        return None
    near = []
    for t, (_, strides) in zip(pair, layouts, strict=True):
        steps = zip(t, strides, strict=True)
        near.append([i for *_, i in sorted((sizes[i] > 1, -abs(s), sizes[i], i) for i, s in steps)])
    larger = max(near, key=lambda t: math.prod(sizes[i] for i in t))
    added = [i for i in larger if i in summed]
    orders, matrices, upright, own = [], [], [], []
    for t, letters in zip(pair, near, strict=True):
        own.append([i for i in letters if i not in shared])
        upright.append(letters[-1] in summed)  # the axes that are summed are columns
        groups = (own[-1], added) if upright[-1] else (added, own[-1])
        orders.append(tuple(t.index(i) for i in (*stack, *groups[0], *groups[1])))
        parts = (stack, *groups) if stack else groups
        matrices.append(tuple(math.prod(sizes[i] for i in part) for part in parts))
    found = [*stack, *own[0], *own[1]]
    shape, back = tuple(sizes[i] for i in found), tuple(found.index(i) for i in result)

    def product(left: Any, right: Any) -> Any:
        left = left.transpose(orders[0]).reshape(matrices[0])
        right = right.transpose(orders[1]).reshape(matrices[1])
        left = left if upright[0] else left.mT
        right = right.mT if upright[1] else right
        return (left @ right).reshape(shape).transpose(back)

    return product


def floats(x: Any, dtype: Any = np.float64) -> Any:
    """Whole numbers of few bits as floats, before arithmetic that would wrap around."""
    return x.astype(dtype) if hasattr(x, "dtype") and x.dtype.kind in "iub" else x


# For erf(x), |x| < 0.5, and for exp(x^2) (1 - erf(x)) above: numerators and denominators.
NEAR = (
    (0.185777706184603153, 3.16112374387056560, 113.864154151050156, 377.485237685302021,
     3209.37758913846947),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)  # fmt: skip
FAR = (
    (2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295,
     298.635138197400131, 881.952221241769090, 1712.04761263407058, 2051.07837782607147,
     1230.33935479799725),
    (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019,
     3290.79923573345963, 4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
)  # fmt: skip


def _quotient(x: Any, over: Sequence[float], under: Sequence[float]) -> Any:
    """A rational function."""
    a, b = over[0] * x + over[1], x + under[1]
    for p, q in zip(over[2:], under[2:], strict=True):
        a, b = a * x + p, b * x + q
    return a / b


def error_function(x: Any) -> Any:
    """erf(x), in doubles right to 5e-16 of it.

    Cody (1969), "Rational Chebyshev approximations for the error function", Math. Comp. 23, 631.
    """
    x = floats(x)
    size = np.abs(x)
    near, far = np.minimum(size, 0.5), np.minimum(np.maximum(size, 0.5), 6)  # then it is 1
    small = near * _quotient(near * near, *NEAR)
    rest = np.exp(-far * far) * _quotient(far, *FAR)
    return np.copysign(np.where(size < 0.5, small, 1 - rest), x)


def is_small(b: Any) -> bool:
    """Whether it is a whole number from -8 to 8, but for those that NumPy is quick at."""
    return b.__class__ in (int, float) and 2 < abs(b - 0.5) < 9 and b == int(b) and abs(b) < 9


def bounded(x: Any) -> Any:
    """x, but where e^x could overflow a number of which 1 + e^x is e^x already."""
    return np.minimum(x, 11 if x.dtype.char == "e" else 80)


LARGE = 1 << 15  # numbers, from which on new memory takes longer than a call


def logistic(x: Any) -> Any:
    """1 / (1 + e^-x), as e^x / (1 + e^x)."""
    e = bounded(floats(x))
    if e.__class__ is np.ndarray and e.size > LARGE:
        np.exp(e, e)
        return np.divide(e, 1 + e, e)
    e = np.exp(e)
    return e / (1 + e)


def powered(a: Any, b: Any) -> Any:
    """A small whole power of floats by multiplication: NumPy takes ten times as long."""
    if not is_small(b) or not hasattr(a, "dtype") or a.dtype.char not in "fd":
        # `**` of NumPy 2.1 doesn't heed the bits of a whole number
        return np.power(a, b) if isinstance(b, np.integer) else a**b
    square, rounds = a * a, int(abs(b)) // 2 - 1
    found = square
    if b % 2:
        found = square * a if rounds else into_last(np.multiply, a, square)
    for _ in range(rounds):
        found = found * square
    return found if b > 0 else into_last(np.divide, 1, found)


def into_last(f: Any, *operands: Any) -> Any:
    """f of the operands, in the memory of the last, which nobody else has, where it fits there."""
    last = operands[-1]
    fits = isinstance(last, np.ndarray) and np.result_type(*operands) == last.dtype
    return f(*operands, last) if fits else f(*operands)


PIECE = 1 << 16  # numbers that stay in the cache, with what is made of them


def by_rows(f: Any, x: Any, axis: Any) -> Any:
    """f(x, axis), which is of each row its own; of a large array by pieces that fit the cache."""
    rows = isinstance(x, np.ndarray) and x.ndim > 1 and axis in (-1, x.ndim - 1)
    if not (rows and x.size > 4 * PIECE and x.shape[-1] > FEW and x.flags.c_contiguous):
        return f(x, axis)
    found, flat = np.empty_like(x), x.reshape(-1, x.shape[-1])
    step = max(1, PIECE // x.shape[-1])
    for start in range(0, len(flat), step):
        found.reshape(flat.shape)[start : start + step] = f(flat[start : start + step], -1)
    return found


def rows_of(x: Any) -> Any:
    """A stack of matrices below each other: what they all are multiplied by is read once."""
    return x.reshape(_open(x, x.shape[:-1]), x.shape[-1])


def columns_of(x: Any) -> Any:
    """A stack of matrices beside each other."""
    stack = x.reshape(_open(x, x.shape[:-2]), *x.shape[-2:])
    last = _open(x, (*x.shape[:-2], x.shape[-1]))
    return stack.transpose((1, 0, 2)).reshape(x.shape[-2], last)


def _open(x: Any, sizes: Sequence[int]) -> int:
    """The length of axes made one: -1, which holds for other data too, where it can be told."""
    return -1 if x.size else math.prod(sizes)


def multiplied(a: Any, b: Any) -> Any:
    """a @ b, with a stack of matrices times one as one product."""
    if getattr(a, "ndim", 0) > 2 and getattr(b, "ndim", 0) == 2:
        return (rows_of(a) @ b).reshape((*a.shape[:-1], b.shape[-1]))
    return a @ b


def products_before(rows: Any) -> Any:
    """For every entry of the last axis, the product of those before it.

    Where it is recorded, by doubling: after k rounds each entry holds the product of the 2^k
    entries before it.
    """
    if isinstance(rows, np.ndarray):
        found = np.empty(rows.shape, rows.dtype)
        found[..., :1] = 1
        np.cumprod(rows[..., :-1], axis=-1, out=found[..., 1:])
        return found
    one = np.ones((*rows.shape[:-1], min(1, rows.shape[-1])), dtype=rows.dtype)
    if not hasattr(rows, "requires_grad"):
        return np.concatenate([one, np.cumprod(rows[..., :-1], axis=-1)], axis=-1)
    products, step = np.concatenate([one, rows[..., :-1]], axis=-1), 1
    while step < rows.shape[-1]:
        longer = products[..., step:] * products[..., :-step]
        products, step = np.concatenate([products[..., :step], longer], axis=-1), 2 * step
    return products


def sums_after(g: Any, x: Any) -> Any:
    """s[j] = g[j] + x[j + 1] s[j + 1] along the last axis, by doubling.

    After k rounds s[j] has the 2^k terms from j on, and x[j] is the product of 2^k factors, for
    every j that has so many after it: no 0 in place of the others, which inf would make nan.
    """
    x, step = x[..., 1:], 1
    while step < g.shape[-1]:
        longer = g[..., :-step] + x * g[..., step:]
        g = np.concatenate([longer, g[..., -step:]], axis=-1)
        x, step = x[..., :-step] * x[..., step:], 2 * step
    return g


BRANCHES = 4000  # numbers, from which on a processor doesn't remember which way each went


def where(mask: Any, a: Any, b: Any) -> Any:
    """np.where; many numbers or 0 are chosen by their bits, without a branch that is guessed."""
    if getattr(mask, "size", 0) > BRANCHES:
        x, other = (b, a) if a.__class__ is int else (a, b)
        if is_chosen_by_bits(mask, x) and other.__class__ is int and other == 0:
            kind = f"i{x.itemsize}"
            bits = mask.astype(kind)
            bits = np.negative(bits, bits) if x is a else np.subtract(bits, 1, bits)
            return np.bitwise_and(x.view(kind), bits).view(x.dtype)
    return np.where(mask, a, b)


def is_chosen_by_bits(mask: Any, x: Any) -> bool:
    """Whether `where` of a mask, these numbers and 0 is done so."""
    known = isinstance(mask, np.ndarray) and isinstance(x, np.ndarray)
    return bool(known and mask.size > BRANCHES and mask.dtype.char == "?" and x.dtype.char in "efd")


def padded(x: Any, widths: Sequence[Sequence[int]], value: Any) -> Any:
    """np.pad with a number, in the memory order of x."""
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError("index can't contain negative values")
    sizes = [before + n + after for (before, after), n in zip(widths, x.shape, strict=True)]
    wide = np.full_like(x, value, shape=sizes)
    inner = (slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    wide[tuple(inner)] = x
    return wide


def overlap_add(g: Any, axes: Sequence[int]) -> Any:
    """What windows along these axes, each in a last axis, bring to each entry, added up."""
    for axis in reversed(axes):
        sizes, before, length = list(g.shape[:-1]), (slice(None),) * axis, g.shape[-1]
        rows = sizes[axis]
        sizes[axis] += length - 1
        added = np.zeros(sizes, g.dtype)
        for k in range(length):
            added[(*before, slice(k, k + rows))] += g[..., k]
        g = added
    return g


def put_in(g: Any, index: Any, shape: Any) -> Any:
    """Zeros, with `g` added in at `index`: entries that are indexed twice get both."""
    size = math.prod(shape)
    many = size <= g.size and g.ndim and g.dtype.kind == "f"
    if many and not is_basic(index):  # quicker, in double precision, and flat
        places = np.arange(size).reshape(shape)[index]
        added = np.bincount(places.ravel(), g.ravel(), size).reshape(shape)
        return added.astype(g.dtype, copy=False)
    placed = np.zeros(shape, dtype=g.dtype)
    if is_basic(index):
        placed[index] = g
    else:
        np.add.at(placed, index, g)
    return placed


def put_each(*gs: Any, indices: Sequence[Any], shape: Sequence[int]) -> Any:
    """Zeros, with each of several arrays added in at its index."""
    found = tiling(indices, shape) if sum(g.size for g in gs) == math.prod(shape) else None
    if found is not None:  # there is nothing to add to
        axis, parts, numbers = found[0], [gs[k] for k in found[1]], found[2]
        if numbers and (axis or not gs[0].ndim):
            return np.stack(parts, axis)
        tiles = np.concatenate(parts, axis)
        return tiles.reshape(shape) if numbers else tiles
    dtype = np.result_type(*{g.dtype for g in gs})
    placed = np.zeros(shape, np.float32 if dtype.char == "e" else dtype)
    for index, g in zip(indices, gs, strict=True):
        if is_basic(index):
            placed[index] += g
        elif g.size < placed.size:
            np.add.at(placed, index, g)
        else:
            placed += put_in(g.astype(placed.dtype, copy=False), index, shape)
    return placed.astype(dtype, copy=False)


WHOLE = slice(None)


def tiling(indices: Sequence[Any], shape: Sequence[int]) -> tuple[int, list[int], bool] | None:
    """The axis that indices cut into parts, and the order of the parts along it; and whether by
    numbers or by slices. None where they leave something out, overlap, or are of another kind."""
    if {index.__class__ for index in indices} == {int}:
        places, size = [index % shape[0] for index in indices], shape[0]
        order = sorted(range(len(places)), key=places.__getitem__)
        return (0, order, True) if len(places) == len(set(places)) == size else None
    cuts = [_cut(index, shape) for index in indices]
    order, (axis, _, _, kind), end = sorted(range(len(cuts)), key=lambda k: cuts[k][1]), cuts[0], 0
    for k in order:
        if cuts[k][0] != axis or cuts[k][1] != end or cuts[k][3] is not kind:
            return None
        end = cuts[k][2]
    return (axis, order, kind is int) if axis >= 0 and end == shape[axis] else None


def _cut(index: Any, shape: Sequence[int]) -> tuple[int, int, int, Any]:
    """The only axis that an index cuts, from where to where, and whether by a number or a slice."""
    found: tuple[int, int, int, Any] = -1, 0, 0, None
    for axis, part in enumerate(index if isinstance(index, tuple) else (index,)):
        kind, size = part.__class__, shape[axis] if axis < len(shape) else 0
        start, stop, step = 0, 0, 0
        if kind is slice:
            if part == WHOLE:
                continue
            start, stop, step = part.indices(size)
            if start == 0 and stop == size and step == 1:
                continue
        elif kind is int:
            start, stop, step = part % size, part % size + 1, 1
        if step != 1 or found[0] >= 0:
            return -1, 0, 0, None
        found = axis, start, stop, kind
    return found


def is_basic(index: Any) -> bool:
    """Whether an index of slices, numbers and None alone picks no entry twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(part, np.ndarray) for part in parts)
