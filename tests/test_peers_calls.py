"""The calls of NumPy's functions that programs for autograd and MyGrad are full of.

A list from their public interfaces: every call is given arrays and tensors, and its derivatives are
compared with differences, once and, where it is smooth, a second time.
"""

from functools import partial

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor

rng = np.random.default_rng(11)
A, B = rng.uniform(0.2, 0.9, (3, 4)), rng.uniform(1.1, 1.9, (4, 3))
C, S = rng.uniform(0.2, 0.9, (2, 3, 4)), rng.uniform(0.2, 0.9, (3, 3)) + 2 * np.eye(3)
V, W = rng.permutation(6) * 0.3 + 0.15, rng.uniform(0.5, 1.5, 6)
MASK = A > 0.5


def symmetric(f):
    return lambda a: f((a + a.T) / 2)


def definite(f):
    return lambda a: f(a @ a.T + np.eye(len(a)))


CALLS = {
    # Entry by entry
    **{
        f"np.{name}": (getattr(np, name), A)
        for name in (
            "abs absolute fabs negative positive exp exp2 expm1 log log2 log10 log1p sqrt cbrt "
            "square reciprocal sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh "
            "deg2rad rad2deg degrees radians sign floor ceil trunc rint fix round around nan_to_num"
        ).split()
    },
    "np.arccosh": (np.arccosh, B),
    **{
        f"np.{name}": (getattr(np, name), A, B.T)
        for name in (
            "add subtract multiply divide true_divide power float_power maximum minimum fmax fmin "
            "arctan2 hypot logaddexp logaddexp2 mod remainder fmod floor_divide"
        ).split()
    },
    "np.add, a row": (np.add, A, A[0]),
    "np.power, a number": (lambda a: np.power(a, 3), A),
    "np.power, of a number": (lambda a: np.power(3.0, a), A),
    "a ** a": (lambda a: a**a, A),
    "-a + 1 / a": (lambda a: -a + 1 / a, A),
    "a // b + a % b": (lambda a, b: a // b + a % b, A, B.T),
    "divmod": (lambda a, b: sum(divmod(b, a)), A, B.T),
    "np.clip": (lambda a: np.clip(a, 0.3, 0.7), A),
    "np.where": (lambda a, b: np.where(MASK, a, b), A, B.T),
    "np.where, its own condition": (lambda a: np.where(a > 0.5, a**2, a), A),
    "np.select": (lambda a: np.select([a > 0.7, a > 0.4], [a**2, a**3], 2.0), A),
    "np.heaviside": (lambda a: np.heaviside(a, 0.5) * a, A),
    "np.sinc": (np.sinc, A),
    # Products
    "np.dot": (np.dot, A, B),
    "np.dot, vectors": (np.dot, V, W),
    "np.dot, a stack": (np.dot, C, B),
    "np.dot, the method": (lambda a, b: a.dot(b), A, B),
    "np.matmul": (np.matmul, A, B),
    "np.matmul, stacks": (np.matmul, C, B),
    "np.inner": (np.inner, A, C),
    "np.vdot": (np.vdot, V, W),
    "np.outer": (np.outer, V, W),
    "np.kron": (np.kron, S, A),
    "np.cross": (np.cross, S, A[:, :3]),
    "np.tensordot": (lambda a, b: np.tensordot(a, b, 1), A, B),
    "np.tensordot, axes": (lambda a, b: np.tensordot(a, b, axes=([0, 1], [1, 0])), A, B),
    "np.tensordot, 0": (lambda a, b: np.tensordot(a, b, axes=0), V, W),
    "np.einsum": (lambda a, b: np.einsum("ij,jk->ik", a, b), A, B),
    "np.einsum, a trace": (lambda a: np.einsum("ii", a), S),
    "np.einsum, a diagonal": (lambda a: np.einsum("ii->i", a), S),
    "np.einsum, three": (lambda a, b, c: np.einsum("ij,jk,ki->", a, b, c), A, B, S),
    "np.einsum, dots": (lambda a, b: np.einsum("...ij,jk->...ik", a, b), C, B),
    "np.einsum, lists": (lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]), A, B),
    "np.convolve": (lambda a, b: np.convolve(a, b), V, W[:3]),
    # Reductions
    **{
        f"np.{name}{what}": (partial(getattr(np, name), **o), C)
        for name in "sum mean prod max min amax amin var std nansum nanmean median".split()
        for what, o in {
            "": {},
            ", axis 0": {"axis": 0},
            ", axis -1, kept": {"axis": -1, "keepdims": True},
            ", two axes": {"axis": (0, 2)},
        }.items()
    },
    "np.var, ddof": (lambda a: np.var(a, axis=1, ddof=1), A),
    "np.std, ddof": (lambda a: np.std(a, 1, ddof=1), A),
    "np.average": (lambda a, b: np.average(a, axis=1, weights=b), A, B.T),
    "np.cumsum": (np.cumsum, A),
    "np.cumsum, axis": (lambda a: np.cumsum(a, axis=1), A),
    "np.cumprod": (lambda a: np.cumprod(a, axis=0), A),
    "np.trace": (np.trace, S),
    "np.trace, offset": (lambda a: np.trace(a, offset=1), S),
    "np.ptp": (lambda a: np.ptp(a, axis=1), A),
    "np.percentile": (lambda a: np.percentile(a, 30), V),
    "np.quantile": (lambda a: np.quantile(a, 0.3), V),
    "np.trapezoid": (lambda a: np.trapezoid(a, dx=0.1), V),
    "np.gradient": (np.gradient, V),
    "np.interp": (lambda a: np.interp(0.35, [0.0, 1.0], a), V[:2]),
    "np.cov": (np.cov, A),
    "np.corrcoef": (np.corrcoef, A),
    # Shapes
    "np.reshape": (lambda a: np.reshape(a, (2, 6)), A),
    "np.reshape, -1": (lambda a: np.reshape(a, -1), A),
    "np.reshape, F": (lambda a: np.reshape(a, (6, 2), order="F"), A),
    "np.ravel": (np.ravel, A),
    "np.ravel, F": (lambda a: np.ravel(a, order="F"), A),
    "flatten": (lambda a: a.flatten(), A),
    "np.transpose": (np.transpose, C),
    "np.transpose, axes": (lambda a: np.transpose(a, [2, 0, 1]), C),
    "a.T": (lambda a: a.T, A),
    "np.swapaxes": (lambda a: np.swapaxes(a, 0, 2), C),
    "np.moveaxis": (lambda a: np.moveaxis(a, 0, -1), C),
    "np.squeeze": (lambda a: np.squeeze(a[:1]), C),
    "np.expand_dims": (lambda a: np.expand_dims(a, 1), A),
    "a[:, np.newaxis]": (lambda a: a[:, np.newaxis] * a, V),
    "np.atleast_1d": (np.atleast_1d, np.array(0.3)),
    "np.atleast_2d": (np.atleast_2d, V),
    "np.atleast_3d": (np.atleast_3d, A),
    "np.broadcast_to": (lambda a: np.broadcast_to(a, (2, 3, 4)), A),
    "np.repeat": (lambda a: np.repeat(a, 2, axis=1), A),
    "np.repeat, flat": (lambda a: np.repeat(a, 3), A),
    "np.tile": (lambda a: np.tile(a, (2, 1, 3)), A),
    "np.flip": (lambda a: np.flip(a, 1), A),
    "np.flipud": (np.flipud, A),
    "np.fliplr": (np.fliplr, A),
    "np.rot90": (lambda a: np.rot90(a, 3), A),
    "np.roll": (lambda a: np.roll(a, 2, axis=1), A),
    "np.roll, flat": (lambda a: np.roll(a, -1), A),
    "np.pad": (lambda a: np.pad(a, ((1, 0), (0, 2)), mode="constant"), A),
    "np.diff": (lambda a: np.diff(a, axis=0), A),
    "np.diff, twice": (lambda a: np.diff(a, n=2), A),
    "np.concatenate": (lambda a, b: np.concatenate([a, b]), A, B.T),
    "np.concatenate, axis": (lambda a, b: np.concatenate((a, b), axis=1), A, B.T),
    "np.stack": (lambda a, b: np.stack([a, b], axis=1), A, B.T),
    "np.vstack": (lambda a, b: np.vstack([a, b]), A, B.T),
    "np.hstack": (lambda a, b: np.hstack([a, b]), A, B.T),
    "np.dstack": (lambda a, b: np.dstack([a, b]), A, B.T),
    "np.column_stack": (lambda a, b: np.column_stack((a, b)), V, W),
    "np.append": (lambda a, b: np.append(a, b), V, W),
    "np.split": (lambda a: np.split(a, 2, axis=1)[1], A),
    "np.array_split": (lambda a: np.array_split(a, 3, axis=1)[0], A),
    "np.hsplit": (lambda a: np.hsplit(a, [1, 2])[2], A),
    "np.vsplit": (lambda a: np.vsplit(a, 3)[1], A),
    "np.linspace": (lambda a, b: np.linspace(a, b, 5), np.array(0.2), np.array(1.7)),
    "np.full_like": (lambda a: np.full_like(a, a[0, 0]), A),
    "np.meshgrid": (lambda a, b: np.meshgrid(a, b)[0], V, W),
    # Parts
    "a[1]": (lambda a: a[1], A),
    "a[:, 1:3]": (lambda a: a[:, 1:3], A),
    "a[::-1, 0]": (lambda a: a[::-1, 0], A),
    "a[..., None]": (lambda a: a[..., None], A),
    "a[mask]": (lambda a: a[MASK], A),
    "a[a > 0.5]": (lambda a: a[a > 0.5], A),
    "a[[0, 0, 2]]": (lambda a: a[[0, 0, 2]], A),
    "a[[0, 1], [1, 1]]": (lambda a: a[[0, 1], [1, 1]], A),
    "np.take": (lambda a: np.take(a, [2, 0, 2], axis=1), A),
    "np.take_along_axis": (lambda a: np.take_along_axis(a, np.argsort(a, 1), 1), A),
    "np.sort": (lambda a: np.sort(a, axis=1), A),
    "np.sort, a vector": (np.sort, V),
    "np.partition": (lambda a: np.partition(a, 2), V),
    "np.argsort": (lambda a: a[np.argsort(a)], V),
    "np.argmax": (lambda a: a[np.arange(3), np.argmax(a, axis=1)], A),
    "np.diag": (np.diag, S),
    "np.diag, of a vector": (lambda a: np.diag(a, 1), V),
    "np.diagonal": (lambda a: np.diagonal(a, offset=-1), S),
    "np.tril": (lambda a: np.tril(a, 1), A),
    "np.triu": (lambda a: np.triu(a, k=-1), A),
    "np.nonzero": (lambda a: a[np.nonzero(a > 0.5)], A),
    # np.linalg
    "np.linalg.inv": (np.linalg.inv, S),
    "np.linalg.pinv": (np.linalg.pinv, A),
    "np.linalg.det": (np.linalg.det, S),
    "np.linalg.slogdet": (lambda a: np.linalg.slogdet(a)[1], S),
    "np.linalg.solve": (np.linalg.solve, S, A),
    "np.linalg.solve, a vector": (np.linalg.solve, S, A[:, 0]),
    "np.linalg.cholesky": (definite(np.linalg.cholesky), S),
    "np.linalg.eigh": (symmetric(lambda a: np.linalg.eigh(a)[0]), S),
    "np.linalg.eigh, vectors": (symmetric(lambda a: np.linalg.eigh(a)[1] ** 2), S),
    "np.linalg.eigvalsh": (symmetric(np.linalg.eigvalsh), S),
    "np.linalg.svd": (lambda a: np.linalg.svd(a, full_matrices=False)[1], A),
    "np.linalg.svd, no vectors": (lambda a: np.linalg.svd(a, compute_uv=False), A),
    "np.linalg.norm": (np.linalg.norm, A),
    "np.linalg.norm, 1": (lambda a: np.linalg.norm(a, 1), V),
    "np.linalg.norm, axis": (lambda a: np.linalg.norm(a, axis=1), A),
    "np.linalg.norm, fro": (lambda a: np.linalg.norm(a, "fro"), A),
    "np.linalg.norm, nuc": (lambda a: np.linalg.norm(a, "nuc"), A),
    "np.linalg.matrix_power": (lambda a: np.linalg.matrix_power(a, 3), S),
    "np.linalg.qr": (lambda a: np.linalg.qr(a)[1], S),
    "np.linalg.lstsq": (lambda a: np.linalg.lstsq(a, A[:, 0])[0], S),
    # Ways of ufuncs
    "np.add.reduce": (lambda a: np.add.reduce(a, axis=1), A),
    "np.multiply.reduce": (np.multiply.reduce, A),
    "np.maximum.reduce": (lambda a: np.maximum.reduce(a, axis=None), A),
    "np.add.accumulate": (lambda a: np.add.accumulate(a, axis=1), A),
    "np.multiply.outer": (np.multiply.outer, V, W),
}
REFUSED = {  # which have no rule, and say so
    f"np.{name}"
    for name in (
        "heaviside sinc convolve ptp percentile quantile trapezoid gradient interp cov "
        "corrcoef fmod meshgrid partition add.accumulate multiply.outer linalg.qr "
        "linalg.lstsq"
    ).split()
}


def leaves(arrays):
    return [Tensor(array, requires_grad=True) for array in arrays]


@pytest.mark.filterwarnings("ignore:numpy.fix:DeprecationWarning")
@pytest.mark.parametrize("name", [name for name in CALLS if name not in REFUSED])
def test_a_call_differentiates(name):
    f, *arrays = CALLS[name]
    result, expected = f(*leaves(arrays)), f(*arrays)
    assert result.shape == np.shape(expected)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-14)
    mt.check_gradients(f, *arrays)


@pytest.mark.acceptance
@pytest.mark.filterwarnings("ignore:numpy.fix:DeprecationWarning")
@pytest.mark.parametrize("name", [name for name in CALLS if name not in REFUSED])
def test_a_call_differentiates_twice(name):
    f, *arrays = CALLS[name]

    def slopes(*inputs):
        result = f(*inputs)
        weights = np.linspace(0.5, 1.5, result.size).reshape(result.shape)
        found = mt.grad((result * weights).sum(), inputs, create_graph=True)
        return sum((g * g).sum() for g in found)

    mt.check_gradients(slopes, *arrays, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_has_no_rule_says_so(name):
    f, *arrays = CALLS[name]
    with pytest.raises(TypeError, match=r"^np\..* has no rule for its derivative"):
        f(*leaves(arrays))
