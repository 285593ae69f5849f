"""Values of rules that one call of NumPy's would be slow at, or wrong: sums, products, powers.

In few bits, 1 added to 2,048 (or to 2^24) is lost, and 255 + 1 is 0. So what is in half precision
is computed in single, and what is in single is added up in double, or by parts of a few entries
each; whole numbers are made floats. Written in NumPy's functions, as rules are.
"""

import math
from collections.abc import Sequence
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
    if kind == "e" or (kind == "f" and x.size > FEW and not _in_pairs(x, axis)):
        wide = _reduce(x, axis=axis, dtype=np.float64, keepdims=keepdims)
        return wide.astype(x.dtype)
    return _reduce(x, axis=axis, keepdims=keepdims)


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
        return np.einsum(subscripts, *xs, optimize=True)
    return in_double(partial(np.einsum, subscripts, *xs), xs[0])


def floats(x: Any, dtype: Any = np.float64) -> Any:
    """Whole numbers of few bits as floats, before arithmetic that would wrap around."""
    return x.astype(dtype) if hasattr(x, "dtype") and x.dtype.kind in "iub" else x


def error_function(x: Any) -> Any:
    """erf(x), in doubles right to 4e-16 of it.

    Below 1 by its series (Abramowitz and Stegun 7.1.5); above as 1 - erfc(x), of which the midpoint
    rule with steps of 1/2 is right to e^-39 (Hunter and Regan 1972, Math. Comp. 26, 539).
    """
    x = floats(x)
    size = np.abs(x)
    near, far = np.minimum(size, 1), np.minimum(np.maximum(size, 1), 6)  # from 6 on it is 1
    square, series, added = near * near, 0.0, 0.0
    for n in range(20, -1, -1):
        series = 1 / (2 * n + 1) - square * (series / (n + 1))
    for t in (n / 2 + 0.25 for n in range(12)):
        added = added + math.exp(-t * t) / (t * t + far * far)
    rest = np.exp(-far * far) * far / math.pi * added + 2 / (1 + np.exp(4 * math.pi * far))
    small = 2 / math.sqrt(math.pi) * near * series
    return np.sign(x) * np.where(size < 1, small, 1 - rest)


def is_small(b: Any) -> bool:
    """Whether it is a whole number from -8 to 8, but for those that NumPy is quick at."""
    return b.__class__ in (int, float) and 2 < abs(b - 0.5) < 9 and b == int(b) and abs(b) < 9


def powered(a: Any, b: Any) -> Any:
    """A small whole power of floats by multiplication: NumPy takes ten times as long."""
    if not is_small(b) or not hasattr(a, "dtype") or a.dtype.char not in "fd":
        # `**` of NumPy 2.1 doesn't heed the bits of a whole number
        return np.power(a, b) if isinstance(b, np.integer) else a**b
    square = a * a
    found = square if b % 2 == 0 else square * a
    for _ in range(int(abs(b)) // 2 - 1):
        found = found * square
    return found if b > 0 else 1 / found


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


def is_basic(index: Any) -> bool:
    """Whether an index of slices, numbers and None alone picks no entry twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(part, np.ndarray) for part in parts)
