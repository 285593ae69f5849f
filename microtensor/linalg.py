"""Linear algebra: np.linalg's functions, with their values and derivatives.

They take matrices and stacks of matrices, as NumPy's do. The formulas are those of Giles (2008),
"Collected matrix derivative results", where no other source is named. What reads one triangle of a
matrix alone (cholesky, eigh, hermitian=True) has the derivative of a function of symmetric
matrices: half of it at either of two entries that mirror each other, as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import pairwise
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from . import operations as op
from .errors import ShapeError, label, rule_failed
from .modes import current_mode, group
from .numerics import products_before
from .operations import OPERATIONS, Axis, Operand, _plain, operation
from .rules import RULES, Rule, total
from .tensor import Tensor, apply

EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))
SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))

# Values -----------------------------------------------------------------------------------------


def _rule(name: str, forward: Any, *derivatives: Any, every: Any = None) -> Rule:
    """Listed among the rules; it computes in single precision where it is given halves, which
    NumPy's linear algebra doesn't take, and says what is wrong with a matrix."""

    def computed(*arrays: Any, **options: Any) -> Any:
        half = [np.asarray(x).dtype == np.float16 for x in arrays]
        pairs = zip(arrays, half, strict=True)
        wide = [x.astype(np.float32) if short else x for x, short in pairs]
        try:
            found = forward(*wide, **options)
        except np.linalg.LinAlgError as error:
            raise rule_failed(name, arrays, options, error) from None
        return found.astype(np.result_type(*arrays)) if any(half) else found

    RULES[name] = Rule(name, computed, derivatives, every)
    return RULES[name]


@lru_cache(maxsize=1)
def _decomposed(function: Any, data: bytes, dtype: Any, shape: Any, options: Any) -> Any:
    return function(np.frombuffer(data, dtype).reshape(shape), **dict(options))


def _part(function: Any, k: int, a: Any, **options: Any) -> Any:
    """One of a decomposition's results. It is made once for all of them and their derivatives: the
    latest is kept, by what was in its matrix."""
    data = a.tobytes(), a.dtype, a.shape
    return _decomposed(function, *data, tuple(options.items()))[k].copy()


# What derivatives are made of -------------------------------------------------------------------


def _beside(x: Any, a: Any) -> Any:
    """Of a stack, one number beside each matrix."""
    return x if a.ndim == 2 else x[..., None, None]


def _symmetric(d: Any, wanted: bool = True) -> Any:
    return (d + d.mT) / 2 if wanted else d


def _rounding(x: Any) -> Any:
    """How far apart eigenvalues or singular values may be that rounding can't tell from equal."""
    return total(np.abs(x), -1, keepdims=True) * (4 * float(np.finfo(x.dtype).eps))


def _over_gaps(x: Any, factor: Any = 1) -> Any:
    """1 / (x[j] - x[i]) at [i, j], over a factor; 0 on the diagonal, and nan where two are equal.

    There each basis of their common space would do, and no derivative knows which it was.
    """
    gaps = x[..., None, :] - x[..., :, None]
    apart = np.where(np.abs(gaps) > _rounding(x)[..., None], gaps * factor, np.nan)
    return np.where(np.eye(x.shape[-1], dtype=bool), 0, 1 / apart)


def _shared(g: Any, x: Any) -> Any:
    """What arrives at equal ones, in equal parts: so that it doesn't matter which vectors they have
    of those that would do."""
    gaps = np.abs(x[..., None, :] - x[..., :, None])
    equal = (gaps <= _rounding(x)[..., None]).astype(g.dtype)
    return total(equal * g[..., None, :], -1) / total(equal, -1)


# Solving, and the determinant -------------------------------------------------------------------


def _solve(g: Any, out: Any, a: Any, b: Any) -> Any:
    """What returns to b is solved for with the transpose; to a goes its product with -out."""
    if b.ndim > 1:
        back = _SOLVE(a.mT, g)
        return lambda slot: back if slot else -(back @ out.mT)
    back = _SOLVE(a.mT, g) if a.ndim == 2 else _SOLVE(a.mT, g[..., None])[..., 0]
    return lambda slot: back if slot else -(back[..., None] * out[..., None, :])


_SOLVE = _rule("linalg.solve", np.linalg.solve, every=_solve)
_INV = _rule("linalg.inv", np.linalg.inv, lambda g, out, a: -(out.mT @ g @ out.mT))


def _cofactors(a: Any) -> Any:
    """det(a) times the transposed inverse: of singular matrices too, by the products of the other
    singular values."""
    known = np.isfinite(a).all((-2, -1), keepdims=True)
    u, s, vh = np.linalg.svd(np.where(known, a, 0))
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), -1)
    found = np.linalg.det(u @ vh)[..., None, None] * ((u * others[..., None, :]) @ vh)
    return np.where(known, found, np.nan)


def _cofactors_derivative(g: Any, out: Any, a: Any) -> Any:
    """Between the singular vectors, what all matrices have that are diagonal: entry i of the
    diagonal moves entry k of it by the product of all others, and [i, k] moves [k, i] against it.
    """
    u, vh = (rule(a, full_matrices=False, hermitian=False) for rule in (_U, _VH))
    n = a.shape[-1]
    eye, right = np.eye(n, dtype=u.dtype), np.tri(n, k=-1, dtype=bool).T
    s = total((u.mT @ a @ vh.mT) * eye, -1)  # which has a derivative at 0, too
    before, after = products_before(s), np.flip(products_before(np.flip(s, -1)), -1)
    between = products_before(np.where(right, s[..., None, :], 1))
    others = np.where(right, before[..., None] * between * after[..., None, :], 0)
    others = others + others.mT
    inner = u.mT @ g @ vh.mT
    along = total(others * total(inner * eye, -1)[..., None, :], -1)
    moved = along[..., None] * eye - (others * inner).mT
    return _beside(_DET(u @ vh), a) * (u @ moved @ vh)


_DET: Rule = _rule("linalg.det", np.linalg.det, lambda g, out, a: _beside(g, a) * _COFACTORS(a))
_COFACTORS: Rule = _rule("cofactors", _cofactors, _cofactors_derivative)


_SIGN = _rule("linalg.slogdet.sign", lambda a: np.linalg.slogdet(a)[0], None)
_LOGABSDET = _rule(
    "linalg.slogdet.logabsdet",
    lambda a: np.linalg.slogdet(a)[1],
    lambda g, out, a: _beside(g, a) * _INV(a).mT,
)


def _cholesky(g: Any, out: Any, a: Any) -> Any:
    """Murray (2016), "Differentiation of the Cholesky decomposition", equation 9; with one inverse,
    which takes as long as one of the two solves there."""
    n, inner, inverse = out.shape[-1], out.mT @ g, _INV(out)
    half = inner * (np.tri(n, dtype=out.dtype) - np.eye(n, dtype=out.dtype) / 2)
    return _symmetric(inverse.mT @ half @ inverse)


_CHOLESKY = _rule("linalg.cholesky", np.linalg.cholesky, _cholesky)


def _pinv(g: Any, out: Any, a: Any, hermitian: bool = False, **cut: Any) -> Any:
    """Golub and Pereyra (1973), "The differentiation of pseudo-inverses", equation 4.12: for
    changes that leave the rank as it is."""
    if hermitian:
        a = np.where(np.tri(a.shape[-1], dtype=bool), a, a.mT)
    down, up = out.mT, g.mT
    beyond = (up - a @ (out @ up)) @ (out @ down) + (down @ out) @ (up - (up @ out) @ a)
    return _symmetric(beyond - down @ g @ down, hermitian)


_PINV = _rule("linalg.pinv", np.linalg.pinv, _pinv)

# Eigenvalues and singular values ----------------------------------------------------------------


def _eigenvalues(g: Any, out: Any, a: Any, UPLO: str) -> Any:
    v = _VECTORS(a, UPLO=UPLO)
    return (v * _shared(g, out)[..., None, :]) @ v.mT


def _eigenvectors(g: Any, out: Any, a: Any, UPLO: str) -> Any:
    gaps = _over_gaps(_EIGENVALUES(a, UPLO=UPLO))
    return _symmetric(out @ (gaps * (out.mT @ g)) @ out.mT)


_EIGENVALUES = _rule("linalg.eigvalsh", np.linalg.eigvalsh, _eigenvalues)
_VECTORS = _rule("linalg.eigh.eigenvectors", partial(_part, np.linalg.eigh, 1), _eigenvectors)


def _left(g: Any, u: Any, s: Any, vh: Any) -> Any:
    """Townsend (2016), "Differentiating the singular value decomposition", for the vectors u."""
    inner = u.mT @ g
    turned = _over_gaps(s, s[..., None, :] + s[..., :, None]) * (inner - inner.mT)
    found = u @ (turned * s[..., None, :])
    if u.shape[-2] > u.shape[-1]:  # out of the space that they span
        nonzero = np.where(s > _rounding(s), s, np.nan)
        found = found + (g - u @ inner) / nonzero[..., None, :]
    return found @ vh


def _svd(k: int, g: Any, out: Any, a: Any, hermitian: bool = False, **_: Any) -> Any:
    """What returns from U, from S, which is an absolute value (at 0 its slope is 0), or from Vh."""
    u, s, vh = (rule(a, full_matrices=False, hermitian=hermitian) for rule in (_U, _S, _VH))
    if k == 1:
        sent = np.where(s > _rounding(s), _shared(g, s), 0)
        return _symmetric((u * sent[..., None, :]) @ vh, hermitian)
    back = _left(g, u, s, vh) if k == 0 else _left(g.mT, vh.mT, s, u.mT).mT
    return _symmetric(back, hermitian)


_U, _S, _VH = (
    _rule(f"linalg.svd.{part}", partial(_part, np.linalg.svd, k), partial(_svd, k))
    for k, part in enumerate(("U", "S", "Vh"))
)
_SVDVALS = _rule("linalg.svdvals", np.linalg.svdvals, partial(_svd, 1))

# The norm ---------------------------------------------------------------------------------------


def _norm(g: Any, out: Any, x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    """sign(x) (|x| / norm)^(p - 1), and 0 where the norm is 0."""
    if not keepdims and axis is not None:
        g, out = np.expand_dims(g, axis), np.expand_dims(out, axis)
    whole = np.where(out == 0, 1, out)
    if ord == 2:
        return g * np.where(out == 0, 0, x / whole)
    size = np.where(x < 0, -x, x) / whole
    if ord < 1:  # where an entry is 0, too
        size = np.where(x == 0, 1, size)
    slope = size ** (ord - 1)
    flat = (out == 0) | (x == 0) if ord < 1 else out == 0
    return g * np.where(flat, 0, np.where(x < 0, -slope, slope))


_NORM = _rule("linalg.vector_norm", np.linalg.vector_norm, _norm)

# The functions ----------------------------------------------------------------------------------

_listed = operation("", formulas="", place="linalg.")


def _matrix(x: Operand, name: str) -> Any:
    """A matrix or a stack of them: a tensor as it is, all else as an array."""
    x = _plain(x, f"linalg.{name}")
    if x.ndim < 2:
        raise np.linalg.LinAlgError(f"linalg.{name}: {label(x)} is no matrix: it needs two axes")
    return x


@_listed
def solve(a: Operand, b: Operand) -> Tensor:
    """The x with a @ x = b, a b of one axis a vector; a singular matrix raises LinAlgError."""
    return apply(_SOLVE, (a, b))


@_listed
def inv(a: Operand) -> Tensor:
    """The inverse; of a singular matrix LinAlgError. For inv(a) @ b, solve(a, b) is better."""
    return apply(_INV, (a,))


@_listed
def det(a: Operand) -> Tensor:
    """The determinant; its derivative, the cofactors, is right of singular matrices too."""
    return apply(_DET, (a,))


@_listed
def slogdet(a: Operand) -> Any:
    """The determinant's sign, a constant, and log|det|: -inf, without a derivative, if singular."""
    return SlogdetResult(apply(_SIGN, (a,)), apply(_LOGABSDET, (a,)))


@_listed
def cholesky(a: Operand, *, upper: bool = False) -> Tensor:
    """The lower triangle L with L @ L.T = a; `upper`: the upper one, U.T @ U = a."""
    if upper:
        return apply(_CHOLESKY, (_matrix(a, "cholesky").mT,)).mT
    return apply(_CHOLESKY, (a,))


@_listed
def pinv(a: Operand, rcond: Any = None, hermitian: bool = False, **cut: Any) -> Tensor:
    """The pseudo-inverse; its derivative is that of matrices of the same rank."""
    options = {**cut, "hermitian": hermitian}
    return apply(_PINV, (a,), options if rcond is None else {**options, "rcond": rcond})


@_listed
def matrix_power(a: Operand, n: int) -> Tensor:
    """The product of n copies of a square matrix; of its inverse, where n is negative."""
    a = _matrix(a, "matrix_power")
    if a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"linalg.matrix_power: {label(a)} isn't square")
    if not hasattr(n, "__index__"):
        raise TypeError(f"linalg.matrix_power: n is a whole number, got {n!r}")
    with group("matrix_power"):
        if n == 0:
            return op.where(True, np.eye(a.shape[-1], dtype=a.dtype), a)
        found = factor = inv(a) if n < 0 else a
        for bit in f"{abs(n):b}"[1:]:
            found = op.matmul(found, found)
            found = op.matmul(found, factor) if bit == "1" else found
        return found if isinstance(found, Tensor) else Tensor(found)


@_listed
def multi_dot(arrays: Iterable[Operand]) -> Tensor:
    """The product of two or more, in the order that is least work; both ends may be vectors."""
    parts = [_plain(x, "linalg.multi_dot") for x in arrays]
    if len(parts) < 2:
        raise ValueError("linalg.multi_dot: give two matrices or more")
    for a, b in pairwise(parts):
        if a.shape[-1:] != b.shape[:1]:
            raise ShapeError(f"linalg.multi_dot: inner sizes of {label(a)} and {label(b)} differ")
    terms = [ascii_letters[k : k + 2] for k in range(len(parts))]
    before = terms[0][0] if parts[0].ndim > 1 else ""
    after = terms[-1][1] if parts[-1].ndim > 1 else ""
    terms[0], terms[-1] = before + terms[0][1], terms[-1][0] + after
    return op.einsum(f"{','.join(terms)}->{before}{after}", *parts)


@_listed
def eigh(a: Operand, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, smallest first, and its eigenvectors, as columns.

    Where eigenvalues are equal, what depends on the vectors has the derivative nan.
    """
    vectors = apply(_VECTORS, (a,), {"UPLO": UPLO})
    return EighResult(eigvalsh(a, UPLO), vectors)


@_listed
def eigvalsh(a: Operand, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, smallest first."""
    return apply(_EIGENVALUES, (a,), {"UPLO": UPLO})


@_listed
def svd(
    a: Operand, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """U, S and Vh, with (U * S) @ Vh = a for full_matrices=False; largest singular values first.

    Where they are equal, what depends on the vectors has the derivative nan.
    """
    if not compute_uv and not hermitian:
        return svdvals(a)
    a = _matrix(a, "svd")
    full = full_matrices and compute_uv and a.shape[-1] != a.shape[-2]
    if full and getattr(a, "requires_grad", False) and current_mode().recording:
        raise TypeError(
            f"linalg.svd: vectors that fill up a square have no derivative, and {label(a)} isn't "
            "square; write full_matrices=False, or svdvals() for singular values alone"
        )
    options = {"full_matrices": full, "hermitian": hermitian}
    if not compute_uv:
        return apply(_S, (a,), options)
    return SVDResult(*(apply(rule, (a,), options) for rule in (_U, _S, _VH)))


@_listed
def svdvals(x: Operand) -> Tensor:
    """The singular values, largest first; at 0 the derivative of one is 0."""
    return apply(_SVDVALS, (x,))


@_listed
def diagonal(x: Operand, *, offset: int = 0) -> Tensor:
    """The diagonal of each matrix, or one above it, or below it for a negative offset."""
    x = _matrix(x, "diagonal")
    down, right = max(-offset, 0), max(offset, 0)
    n = max(0, min(x.shape[-2] - down, x.shape[-1] - right))
    if x.shape[-2:] != (n, n):
        x = op.getitem(x, (..., slice(down, down + n), slice(right, right + n)))
    return op.einsum("...ii->...i", x)


@_listed
def trace(x: Operand, *, offset: int = 0) -> Tensor:
    """The sum of the diagonal of each matrix."""
    return op.sum(diagonal(_matrix(x, "trace"), offset=offset), -1)


@operation("norm", formulas="", place="linalg.")
def norm(x: Operand, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """NumPy's norm, of vectors along one axis, of matrices along two, of all entries for no axis
    and no `ord`. The derivative of a norm that is 0 is 0."""
    x = _plain(x, "linalg.norm")
    if ord is None and axis is None:
        return vector_norm(x, keepdims=keepdims)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "linalg.norm")
    if len(axes) == 1:
        return vector_norm(x, axis=axes[0], keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) == 2:
        return _norm_of_matrices(x, ord, *axes, keepdims=keepdims)
    raise ValueError(f"linalg.norm: {len(axes)} axes of {label(x)}; a norm is along one or two")


@_listed
def matrix_norm(x: Operand, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """The norm of each matrix: 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf."""
    x = _matrix(x, "matrix_norm")
    return _norm_of_matrices(x, ord, x.ndim - 2, x.ndim - 1, keepdims=keepdims)


@_listed
def vector_norm(
    x: Operand, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """The norm along axes, or of all: the root of the sum of powers `ord`, or as NumPy has it."""
    x = _floats(x)
    if isinstance(ord, str):
        raise ValueError(f"linalg.norm: of vectors ord is a number, got {ord!r}")
    if ord == 0:
        counted = op.astype(op.not_equal(x, 0), x.dtype)
        return op.sum(op.where(True, counted, x), axis, keepdims)
    if ord == math.inf and not x.size:
        ord = 1  # as large as nothing is
    if ord in _SIZES:
        return _SIZES[ord](op.absolute(x), axis, keepdims)
    return apply(_NORM, (x,), {"ord": ord, "axis": axis, "keepdims": keepdims})


_SIZES = {1: op.sum, math.inf: op.max, -math.inf: op.min}
_OF_MATRICES = {2: op.max, -2: op.min, "nuc": op.sum}


def _floats(x: Operand) -> Any:
    x = _plain(x, "linalg.norm")
    return x if x.dtype.kind == "f" else op.astype(x, np.float64)


def _norm_of_matrices(x: Any, ord: Any, rows: int, columns: int, *, keepdims: bool) -> Tensor:
    x = _floats(x)
    nothing = not x.size and ord in (1, 2, math.inf, "nuc")  # whose norms are all 0
    if nothing or ord in (None, "fro", "f"):
        return vector_norm(x, axis=(rows, columns), keepdims=keepdims)
    if ord in _OF_MATRICES:
        order = *(k for k in range(x.ndim) if k not in (rows, columns)), rows, columns
        moved = x if order == tuple(range(x.ndim)) else op.transpose(x, order)
        found = _OF_MATRICES[ord](svdvals(moved), -1)
        return op.expand_dims(found, (rows, columns)) if keepdims else found
    if ord not in (1, -1, math.inf, -math.inf):
        known = "'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        raise ValueError(f"linalg.norm: of matrices ord is {known}, got {ord!r}")
    along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = op.sum(op.absolute(x), along, keepdims)
    over -= 1 if over > along and not keepdims else 0
    return (op.max if ord > 0 else op.min)(sums, over, keepdims)


if not TYPE_CHECKING:  # type checkers take every name without an underscore for public
    __all__ = [name.removeprefix("linalg.") for name in OPERATIONS if name.startswith("linalg.")]
