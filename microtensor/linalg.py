"""Linear algebra: np.linalg's functions, with their values and derivatives.

They take matrices and stacks of matrices, as NumPy's do. The formulas are those of Giles (2008),
"Collected matrix derivative results", where no other source is named. What reads one triangle of a
matrix alone (cholesky, eigh) has the derivative of a function of symmetric
matrices: half of it at either of two entries that mirror each other, as in PyTorch.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from . import operations as op
from .errors import label, rule_failed
from .modes import current_mode, group
from .operations import OPERATIONS, Axis, Operand, binary, operation, plain, unary
from .rules import RULES, Rule, restored, total
from .tensor import Tensor, apply

EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))
SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))

# Values -----------------------------------------------------------------------------------------


def _rule(name: str, forward: Any, *derivatives: Any, every: Any = None) -> Rule:
    """Listed among the rules; it computes in single precision where it is given halves, which
    NumPy's linear algebra doesn't take, and says what is wrong with a matrix."""

    def computed(*arrays: Any, **options: Any) -> Any:
        given = [np.asarray(x) for x in arrays]
        wide = [x.astype(np.float32) if x.dtype == np.float16 else x for x in given]
        try:
            found = forward(*wide, **options)
        except np.linalg.LinAlgError as error:
            raise rule_failed(name, arrays, options, error) from None
        return found.astype(np.float16) if all(x.dtype == np.float16 for x in given) else found

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


def _symmetric(d: Any) -> Any:
    return (d + d.mT) / 2


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
    u, vh = (rule(a, full_matrices=False) for rule in (_U, _VH))
    eye = np.eye(a.shape[-1], dtype=u.dtype)
    s = total((u.mT @ a @ vh.mT) * eye, -1)  # which has a derivative at 0, too
    pairs = eye[:, None] + eye > 0
    others = np.prod(np.where(pairs, 1, s[..., None, None, :]), axis=-1) * (1 - eye)
    inner = u.mT @ g @ vh.mT
    along = total(others * total(inner * eye, -1)[..., None, :], -1)
    moved = along[..., None] * eye - (others * inner).mT
    return _beside(_DET(u @ vh), a) * (u @ moved @ vh)


_DET: Rule = _rule("linalg.det", np.linalg.det, lambda g, out, a: _beside(g, a) * _COFACTORS(a))
_COFACTORS: Rule = _rule("cofactors", _cofactors, _cofactors_derivative)
_SIGN = _rule("linalg.slogdet.sign", partial(_part, np.linalg.slogdet, 0), None)
_LOGABSDET = _rule(
    "linalg.slogdet.logabsdet",
    partial(_part, np.linalg.slogdet, 1),
    lambda g, out, a: _beside(g, a) * _INV(a).mT,
)


def _cholesky(g: Any, out: Any, a: Any) -> Any:
    """Murray (2016), "Differentiation of the Cholesky decomposition", equation 9; with one inverse,
    which takes as long as one of the two solves there."""
    n, inner, inverse = out.shape[-1], out.mT @ g, _INV(out)
    half = inner * np.tri(n, dtype=out.dtype) - inner * np.eye(n, dtype=out.dtype) / 2
    return _symmetric(inverse.mT @ half @ inverse)


_CHOLESKY = _rule("linalg.cholesky", np.linalg.cholesky, _cholesky)


def _pinv(g: Any, out: Any, a: Any, **cut: Any) -> Any:
    """Golub and Pereyra (1973), "The differentiation of pseudo-inverses", equation 4.12: for
    changes that leave the rank as it is."""
    down, up = out.mT, g.mT
    beyond = (up - a @ (out @ up)) @ (out @ down) + (down @ out) @ (up - (up @ out) @ a)
    return beyond - down @ g @ down


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


def _svd(k: int, g: Any, out: Any, a: Any, full_matrices: bool = False) -> Any:
    """What returns from U, from S, which is an absolute value (at 0 its slope is 0), or from Vh."""
    u, vh = (rule(a, full_matrices=False) for rule in (_U, _VH))
    s = _SVDVALS(a)
    if k == 1:
        sent = np.where(s > _rounding(s), _shared(g, s), 0)
        return (u * sent[..., None, :]) @ vh
    return _left(g, u, s, vh) if k == 0 else _left(g.mT, vh.mT, s, u.mT).mT


_U = _rule("linalg.svd.U", partial(_part, np.linalg.svd, 0), partial(_svd, 0))
_SVDVALS = _rule("linalg.svdvals", np.linalg.svdvals, partial(_svd, 1))
_VH = _rule("linalg.svd.Vh", partial(_part, np.linalg.svd, 2), partial(_svd, 2))

# The norm ---------------------------------------------------------------------------------------


def _norm(g: Any, out: Any, x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    """sign(x) (|x| / norm)^(p - 1), and 0 where that is 0 / 0 or 1 / 0."""
    g, out = restored(g, axis, keepdims), restored(out, axis, keepdims)
    flat = (out == 0) | ((x == 0) & (ord < 1))
    size = np.where(flat, 1, np.where(x < 0, -x, x) / np.where(out == 0, 1, out))
    slope = size if ord == 2 else size ** (ord - 1)
    return g * np.where(flat, 0, np.where(x < 0, -slope, slope))


_NORM = _rule("linalg.vector_norm", np.linalg.vector_norm, _norm)

# The functions ----------------------------------------------------------------------------------

_listed = operation("", formulas="", place="linalg.")


def _line(kind: Any, rule: Rule, text: str) -> Any:
    """A function of this module that is a rule and nothing else; `text` is its docstring."""
    function = kind(rule, text, methods="", formulas="")
    function.__module__, function.__name__ = __name__, rule.name.removeprefix("linalg.")
    function.__qualname__ = function.__name__
    return function


solve = _line(binary, _SOLVE, "The x with a @ x = b, a b of one axis a vector.")
inv = _line(unary, _INV, "The inverse. For inv(a) @ b, solve(a, b) is better.")
det = _line(unary, _DET, "The determinant; its derivative is right of singular matrices too.")
svdvals = _line(unary, _SVDVALS, "The singular values; at 0 the derivative of one is 0.")


@_listed
def slogdet(a: Operand) -> Any:
    """The determinant's sign, a constant, and log|det|: -inf, without a derivative, if singular."""
    return SlogdetResult(apply(_SIGN, (a,)), apply(_LOGABSDET, (a,)))


@_listed
def cholesky(a: Operand, *, upper: bool = False) -> Tensor:
    """The lower triangle L with L @ L.T = a; `upper`: the upper one, U.T @ U = a."""
    if upper:
        return op.swapaxes(cholesky(op.swapaxes(a, -1, -2)), -1, -2)
    return apply(_CHOLESKY, (a,))


@_listed
def pinv(a: Operand, rcond: Any = None, *, rtol: Any = ...) -> Tensor:
    """The pseudo-inverse; its derivative is that of matrices of the same rank."""
    cut = {} if rtol is ... else {"rtol": rtol}
    return apply(_PINV, (a,), cut if rcond is None else {"rcond": rcond, **cut})


@_listed
def matrix_power(a: Operand, n: int) -> Tensor:
    """The product of n copies of a square matrix; of its inverse, where n is negative."""
    a, n = plain(a, "linalg.matrix_power"), index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"linalg.matrix_power: {label(a)} isn't square")
    with group("matrix_power"):
        if n == 0:
            return op.where(True, np.eye(a.shape[-1], dtype=a.dtype), a)
        found = factor = inv(a) if n < 0 else a
        for bit in f"{abs(n):b}"[1:]:
            found = op.matmul(found, found)
            found = op.matmul(found, factor) if bit == "1" else found
        return found if isinstance(found, Tensor) else Tensor(found)


@_listed
def eigvalsh(a: Operand, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, smallest first."""
    return apply(_EIGENVALUES, (a,), {"UPLO": UPLO})


@_listed
def eigh(a: Operand, UPLO: str = "L") -> Any:
    """The eigenvalues of a symmetric matrix, smallest first, and its eigenvectors, as columns.

    Where eigenvalues are equal, what depends on the vectors has the derivative nan.
    """
    return EighResult(eigvalsh(a, UPLO), apply(_VECTORS, (a,), {"UPLO": UPLO}))


@_listed
def svd(a: Operand, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, S and Vh, with (U * S) @ Vh = a for full_matrices=False; largest singular values first.

    Where they are equal, what depends on the vectors has the derivative nan.
    """
    if not compute_uv:
        return svdvals(a)
    a = plain(a, "linalg.svd")
    full = full_matrices and a.ndim > 1 and a.shape[-1] != a.shape[-2]
    if full and getattr(a, "requires_grad", False) and current_mode().recording:
        raise TypeError(
            f"linalg.svd: vectors that fill up a square have no derivative, and {label(a)} isn't "
            "square; write full_matrices=False, or svdvals() for singular values alone"
        )
    u, vh = (apply(rule, (a,), {"full_matrices": full}) for rule in (_U, _VH))
    return SVDResult(u, svdvals(a), vh)


@operation("norm", formulas="", place="linalg.")
def norm(x: Operand, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """NumPy's norm, of vectors along one axis, of matrices along two, of all entries for no axis
    and no `ord`. The derivative of a norm that is 0 is 0."""
    x = plain(x, "linalg.norm")
    x = x if x.dtype.kind == "f" else op.astype(x, np.float64)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "linalg.norm")
    if not (ord is axis is None) and len(axes) not in (1, 2):
        raise ValueError(f"linalg.norm: {len(axes)} axes of {label(x)}; a norm is along one or two")
    if not x.size and ord in (1, 2, math.inf, "nuc"):  # of nothing they are 0
        ord = None
    if len(axes) == 2 and ord not in (None, "fro", "f"):
        return _norm_of_matrices(x, ord, axes, keepdims)
    if len(axes) == 1 and ord in _SIZES:
        return _SIZES[ord](op.absolute(op.sign(x) if ord == 0 else x), axes[0], keepdims)
    power = ord if len(axes) == 1 and ord is not None else 2
    over = axis if axis is None or len(axes) == 2 else axes[0]
    return apply(_NORM, (x,), {"ord": power, "axis": over, "keepdims": keepdims})


_SIZES = {0: op.sum, 1: op.sum, math.inf: op.max, -math.inf: op.min}
_OF_VALUES = {2: op.max, -2: op.min, "nuc": op.sum}


def _norm_of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if ord in _OF_VALUES:
        order = [*(k for k in range(x.ndim) if k not in axes), *axes]
        moved = x if order == list(range(x.ndim)) else op.transpose(x, order)
        found = _OF_VALUES[ord](svdvals(moved), -1)
        return op.expand_dims(found, axes) if keepdims else found
    if ord not in (1, -1, math.inf, -math.inf):
        known = "'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        raise ValueError(f"linalg.norm: of matrices ord is {known}, got {ord!r}")
    along, over = axes if abs(ord) == 1 else axes[::-1]
    sums = op.sum(op.absolute(x), along, keepdims)
    return _SIZES[ord * math.inf](sums, over - (over > along and not keepdims), keepdims)


if not TYPE_CHECKING:  # type checkers take every name without an underscore for public
    __all__ = [name.removeprefix("linalg.") for name in OPERATIONS if name.startswith("linalg.")]
