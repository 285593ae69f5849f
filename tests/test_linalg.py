"""Linear algebra where it is special: singular, equal, zero, wide, halves, refused, compiled."""

import re
import threading
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor, grad, linalg, to_source

rng = np.random.default_rng(5)
ORTHOGONAL = np.linalg.qr(rng.normal(size=(4, 4)))[0]
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def gradient(f, x):
    x = leaf(x)
    f(x).sum().backward()
    return x.grad


def with_eigenvalues(*numbers):
    return (ORTHOGONAL * np.array(numbers)) @ ORTHOGONAL.T


# What it gives ----------------------------------------------------------------------------------


def test_results_are_numpys_named_tuples_of_tensors():
    a = with_eigenvalues(1.0, 2, 3, 4)
    for f, parts in ((np.linalg.eigh, "eigenvalues eigenvectors"), (np.linalg.svd, "U S Vh"),
                     (np.linalg.slogdet, "sign logabsdet")):  # fmt: skip
        found, expected = f(leaf(a)), f(a)
        assert type(found) is type(expected)
        for part in parts.split():
            assert isinstance(getattr(found, part), Tensor)
            np.testing.assert_allclose(getattr(found, part).numpy(), getattr(expected, part))


@pytest.mark.parametrize(
    "data", [[[2.0, 1], [1, 3]], np.array([[2.0, 1], [1, 3]]), [[2, 1], [1, 3]]]
)
def test_lists_and_arrays_are_taken_and_give_constants(data):
    array = np.array(data, float)
    for name in "inv det cholesky pinv eigvalsh svdvals norm".split():
        found = getattr(linalg, name)(data)
        assert isinstance(found, Tensor)
        assert not found.requires_grad
        np.testing.assert_allclose(found.numpy(), getattr(np.linalg, name)(array))
    assert linalg.cholesky(data, upper=True).numpy().round(6).tolist()[1][0] == 0
    np.testing.assert_allclose(linalg.solve(data, [1, 2]).numpy(), np.linalg.solve(array, [1, 2]))
    np.testing.assert_allclose(linalg.matrix_power(data, 1).numpy(), array)


def test_functions_without_a_rule_go_on_working_on_constants():
    a = np.array([[2.0, 1], [1, 3]])
    np.testing.assert_array_equal(np.linalg.qr(Tensor(a)).R, np.linalg.qr(a).R)
    assert np.linalg.cond(Tensor(a)) == np.linalg.cond(a)
    assert np.linalg.matrix_rank(leaf(SINGULAR)) == 1


def test_a_right_side_is_a_vector_only_if_it_has_one_axis():
    a, b = rng.normal(size=(2, 3, 3)) + 3 * np.eye(3), rng.normal(size=(3, 3))
    np.testing.assert_allclose(np.linalg.solve(leaf(a), b).numpy(), np.linalg.solve(a, b))
    assert np.linalg.solve(leaf(a), b[0]).shape == (2, 3)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, bool])
def test_halves_are_computed_in_single_and_whole_numbers_in_double(dtype):
    a = np.array([[1, 0], [1, 1]]).astype(dtype)
    wide = np.float32 if dtype == np.float16 else np.float64
    for f in (np.linalg.inv, np.linalg.det, np.linalg.pinv, np.linalg.svdvals, np.linalg.norm,
              lambda x: np.linalg.solve(x, x), lambda x: np.linalg.eigh(x)[1],
              lambda x: np.linalg.norm(x, np.inf)):  # fmt: skip
        found = f(Tensor(a))
        assert found.dtype == (dtype if dtype == np.float16 else wide)
        np.testing.assert_allclose(found.numpy().astype(float), f(a.astype(wide)), 2e-3, 2e-3)
    if dtype == np.float16:
        assert gradient(np.linalg.det, a).dtype == dtype
        mixed = np.linalg.solve(leaf(a), np.ones(2))
        assert mixed.dtype == np.float64


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 7])
def test_matrix_power(n):
    a = rng.normal(size=(2, 3, 3))
    np.testing.assert_allclose(np.linalg.matrix_power(leaf(a), n).numpy(),
                               np.linalg.matrix_power(a, n))  # fmt: skip
    mt.check_gradients(lambda x: np.linalg.matrix_power(x, n), a)


def test_functions_that_np_and_np_linalg_share():
    a, v = leaf(rng.normal(size=(2, 3))), leaf([1.0, 2.0])
    assert np.linalg.matmul(v, a).requires_grad
    assert np.linalg.outer(v, v).requires_grad


# Singular matrices ------------------------------------------------------------------------------


def cofactors(a):
    n = len(a)
    minors = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(n)]
                     for i in range(n)])  # fmt: skip


RANKS = {k: np.diag([2.0, 3.0, 1.5, 0.5] * (np.arange(4) < k)) for k in range(5)}


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("turned", [False, True])
def test_the_derivatives_of_det_are_right_whatever_the_rank(rank, turned):
    a = RANKS[rank]
    if turned:
        a = ORTHOGONAL @ a @ np.roll(ORTHOGONAL, 1, 0)
    np.testing.assert_allclose(gradient(np.linalg.det, a), cofactors(a), 1e-12, 1e-12)
    weights = rng.normal(size=a.shape)

    def slope(x):
        return (grad(np.linalg.det(x), x, create_graph=True) * weights).sum()

    x, h = leaf(a), 1e-3
    found = grad(slope(x), x).numpy()
    for i, j in np.ndindex(a.shape):
        step = np.zeros(a.shape)
        step[i, j] = h
        expected = ((cofactors(a + step) - cofactors(a - step)) * weights).sum() / (2 * h)
        assert found[i, j] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_equal_singular_values_and_minus_signs_do_not_disturb_det():
    for a in (np.eye(3), -np.eye(3), np.eye(3)[[1, 0, 2]] * 2.0, np.zeros((1, 1))):
        np.testing.assert_allclose(gradient(np.linalg.det, a), cofactors(a), atol=1e-14)


def test_what_is_not_finite_gives_nan():
    a = np.stack([np.eye(2), np.full((2, 2), np.nan)])
    with np.errstate(invalid="ignore"):
        found = gradient(np.linalg.det, a)
    assert found[0].tolist() == [[1, 0], [0, 1]]
    assert np.isnan(found[1]).all()


def test_slogdet_of_a_singular_matrix():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sign, logarithm = np.linalg.slogdet(leaf(SINGULAR))
    assert (sign.item(), logarithm.item()) == (0, -np.inf)
    with pytest.raises(np.linalg.LinAlgError) as caught:
        logarithm.backward()
    assert str(caught.value) == (
        "linalg.inv: (2, 2) is singular, so no matrix undoes it; linalg.pinv() gives the "
        "least-squares solution, and adding 1e-6 * np.eye(n) makes it regular"
    )
    large = np.eye(400) * 1e3  # whose determinant overflows
    np.testing.assert_allclose(
        gradient(lambda x: np.linalg.slogdet(x)[1], large), np.eye(400) / 1e3, atol=1e-18
    )


def test_pinv_keeps_the_rank():
    """Along matrices of rank 1, which are what is differenced; so is a matrix of zeros."""
    u, v = np.array([1.0, 2.0, -1.0]), np.array([0.5, 1.5])
    mt.check_gradients(lambda u, v: np.linalg.pinv(u[:, None] * v), u, v)
    mt.check_gradients(lambda u, v: np.linalg.pinv(u[:, None] * v, rtol=1e-6), u, v)
    assert not gradient(np.linalg.pinv, np.zeros((2, 3))).any()


def test_pinv_cuts_where_it_is_told_to():
    a = np.diag([1.0, 1e-17])
    for options in ({}, {"rcond": 0.0}, {"rcond": 0.5}, {"rtol": 1e-3}, {"rtol": None}):
        found = linalg.pinv(leaf(a), **options).numpy()
        np.testing.assert_allclose(found, np.linalg.pinv(a, **options))


# Equal eigenvalues, and singular values ---------------------------------------------------------

EQUAL = {
    "the identity": np.eye(4),
    "two and two": with_eigenvalues(1.0, 1, 2, 2),
    "three": with_eigenvalues(3.0, 3, 3, -1),
    "zeros": np.zeros((4, 4)),
    "two zeros": with_eigenvalues(0.0, 0, 1, 2),
    "in single": with_eigenvalues(1.0, 1, 2, 2).astype(np.float32),
}


@pytest.mark.parametrize("a", EQUAL.values(), ids=EQUAL)
@pytest.mark.parametrize("decompose", [
    np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[0], lambda a: np.linalg.eigvalsh(a, "U"),
])  # fmt: skip
def test_what_depends_on_eigenvalues_alone_has_its_gradient(a, decompose):
    close = {"atol": 1e-5 if a.dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(gradient(lambda x: decompose(x), a), np.eye(4), **close)
    found = gradient(lambda x: decompose(x) ** 3, a)
    np.testing.assert_allclose(found, 3 * a @ a, **close)


@pytest.mark.parametrize("a", EQUAL.values(), ids=EQUAL)
def test_what_depends_on_their_vectors_has_none(a):
    weights = rng.normal(size=(4, 4))
    for f in (
        lambda x: np.linalg.eigh(x)[1],
        lambda x: np.linalg.eigh(x)[1][:, 0] ** 2,
        lambda x: (lambda w, v: (v * np.exp(w)) @ v.mT * weights)(*np.linalg.eigh(x)),
        lambda x: np.linalg.svd(x)[0] ** 2,
        lambda x: np.linalg.svd(x)[2][0] ** 2,
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(gradient(f, a)).any()


def test_vectors_of_eigenvalues_that_only_rounding_parts_have_no_gradient():
    for gap, known in ((1e-16, False), (1e-15, False), (1e-9, True)):
        found = gradient(lambda x: np.linalg.eigh(x)[1] ** 2, np.diag([1.0, 1 + gap, 2]))
        assert np.isfinite(found).all() == known


def test_an_eigenvalue_among_equal_ones_shares_its_gradient_with_them():
    """Whichever basis of their space NumPy chose."""
    a = with_eigenvalues(1.0, 1, 2, 3)
    space = ORTHOGONAL[:, :2] @ ORTHOGONAL[:, :2].T
    for k in (0, 1):
        np.testing.assert_allclose(
            gradient(lambda x, k=k: np.linalg.eigvalsh(x)[k], a), space / 2, atol=1e-12
        )
    found = gradient(lambda x: np.linalg.norm(x, 2), with_eigenvalues(3.0, -3, 1, 2))
    signed = ORTHOGONAL[:, :2] * [1, -1] @ ORTHOGONAL[:, :2].T
    np.testing.assert_allclose(found, signed / 2, atol=1e-12)


def test_second_derivatives_at_equal_eigenvalues_are_nan():
    x = leaf(np.eye(2))
    d = grad((np.linalg.eigvalsh(x) ** 2).sum(), x, create_graph=True)
    assert np.isnan(grad((d * [[1.0, 2.0], [3.0, 4.0]]).sum(), x).numpy()).any()


@pytest.mark.parametrize("shape", [(4, 4), (5, 4), (4, 6)])
def test_singular_values_alone(shape):
    """Equal ones, and some that are 0, where one is as flat as an absolute value at its kink."""
    u, v = (np.linalg.qr(rng.normal(size=(n, 4)))[0] for n in shape)
    a = (u * [2.0, 2.0, 0.0, 0.0]) @ v.T
    expected = u[:, :2] @ v[:, :2].T
    for f in (
        np.linalg.svdvals,
        lambda x: np.linalg.svd(x, full_matrices=False)[1],
        lambda x: np.linalg.svd(x, compute_uv=False),
        lambda x: np.linalg.norm(x, "nuc"),
    ):
        np.testing.assert_allclose(gradient(f, a), expected, atol=1e-12)  # fmt: skip
    squares = gradient(lambda x: np.linalg.svdvals(x) ** 2, a)
    np.testing.assert_allclose(squares, 2 * a, atol=1e-12)
    assert not gradient(lambda x: np.linalg.norm(x, -2), a).any()


def test_vectors_that_a_singular_value_of_0_leaves_open_have_no_gradient():
    tall = np.array([[1.0, 0], [0, 0], [0, 0]])
    assert np.isnan(gradient(lambda x: np.linalg.svd(x, full_matrices=False)[0] ** 2, tall)).any()
    square = np.diag([2.0, 1.0, 0.0])  # here it is the only one that is left
    assert np.isfinite(gradient(lambda x: np.linalg.svd(x)[0] ** 2, square)).all()


def test_vectors_that_fill_up_a_square_are_refused():
    x = leaf(np.ones((3, 2)), "x")
    with pytest.raises(TypeError) as caught:
        np.linalg.svd(x)
    assert str(caught.value) == (
        "linalg.svd: vectors that fill up a square have no derivative, and (3, 2) 'x' isn't "
        "square; write full_matrices=False, or svdvals() for singular values alone"
    )
    with mt.no_grad():
        assert np.linalg.svd(x).U.shape == (3, 3)
    assert np.linalg.svd(Tensor(np.ones((3, 2)))).U.shape == (3, 3)
    assert np.linalg.svd(leaf(np.eye(3))).U.requires_grad
    assert np.linalg.svd(x, compute_uv=False).requires_grad


# Symmetric matrices -----------------------------------------------------------------------------


@pytest.mark.parametrize("f", [
    np.linalg.cholesky, lambda x: np.linalg.cholesky(x, upper=True), np.linalg.eigvalsh,
    lambda x: np.linalg.eigh(x, "U")[1] ** 2,
])  # fmt: skip
def test_the_gradient_of_what_reads_one_triangle_is_symmetric(f):
    """Moved along symmetric matrices, the result moves as it says."""
    a = with_eigenvalues(1.0, 2, 3, 5)
    weights = rng.normal(size=f(a).shape)
    found = gradient(lambda x: f(x) * weights, a)
    np.testing.assert_allclose(found, found.T, atol=1e-14)
    step = rng.normal(size=(4, 4)) * 1e-6
    step += step.T
    moved = ((f(a + step) - f(a - step)) * weights).sum() / 2
    assert (found * step).sum() == pytest.approx(moved, rel=1e-6, abs=1e-13)


# The norm ---------------------------------------------------------------------------------------

ORDERS = (None, "fro", "nuc", np.inf, -np.inf, 0, 1, -1, 2, -2, 3, 2.5, 0.5)
AXES = (None, 0, -1, (0, 1), (1, 0), (-1, 0), (0, 1, 2))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 2), (2, 0), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_are_numpys_and_so_is_what_is_refused(shape, keepdims):
    a = rng.uniform(0.5, 2, shape)
    for ord in ORDERS:
        for axis in AXES:
            try:
                with np.errstate(divide="ignore"):
                    expected = np.linalg.norm(a, ord, axis, keepdims)
            except ValueError:
                if not a.size:
                    continue  # of nothing, each NumPy refuses other norms
                with pytest.raises(ValueError) as caught:
                    np.linalg.norm(leaf(a), ord, axis, keepdims)
                assert "linalg." in str(caught.value)
                continue
            with np.errstate(divide="ignore"):  # of the power -2 of nothing
                found = np.linalg.norm(leaf(a), ord, axis, keepdims)
            np.testing.assert_allclose(found.numpy(), expected, 1e-13)
            assert (found.shape, found.requires_grad) == (np.shape(expected), True)


@pytest.mark.parametrize("ord", [None, 1, 1.5, 2, 3, 0, 0.5, np.inf, -np.inf])
def test_the_derivative_at_0_is_0(ord):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradient(lambda x: np.linalg.norm(x, ord), np.zeros(3)).tolist() == [0, 0, 0]
        mixed = gradient(lambda x: np.linalg.norm(x, ord, axis=1), np.array([[0.0, 0], [3, 4]]))
    assert mixed[0].tolist() == [0, 0]
    if ord in (None, 2):
        np.testing.assert_allclose(mixed[1], [0.6, 0.8])


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_the_derivative_of_a_matrix_of_zeros_is_0(ord):
    assert not gradient(lambda x: np.linalg.norm(x, ord), np.zeros((3, 2))).any()


def test_the_second_derivative_at_0_is_no_number_of_chance():
    x = leaf(np.zeros(2))
    d = grad(np.linalg.norm(x), x, create_graph=True)
    assert grad(d.sum(), x).tolist() == [0, 0]
    x = leaf([0.0, 2.0])
    d = grad(np.linalg.norm(x, 1.5), x, create_graph=True)
    with np.errstate(all="ignore"):
        assert not np.isfinite(grad(d[0], x).numpy()).any()  # infinite, and what times 0
    d = grad(np.linalg.norm(x, 2), x, create_graph=True)
    np.testing.assert_allclose(grad(d[0], x).numpy(), [0.5, 0])


def test_a_count_has_the_derivative_0():
    x = leaf([0.0, 2.0, np.inf])
    count = np.linalg.norm(x, 0)
    count.backward()
    assert (count.item(), x.grad.tolist()) == (2, [0, 0, 0])


def test_the_method_is_pytorchs():
    x = leaf([[3.0, 0], [0, 4]])
    assert x.norm().item() == 5
    assert x.norm(1, axis=0).tolist() == [3, 4]
    with pytest.raises(TypeError) as caught:
        x.norm(dim=0)
    assert str(caught.value) == "norm: there is no argument 'dim'; here it is axis"


# Errors -----------------------------------------------------------------------------------------

A, B, C = leaf(SINGULAR, "A"), leaf(np.ones((3, 2)), "B"), leaf(np.ones(3), "c")
MATRIX = "linalg.{}: {} isn't two-dimensional: a matrix has two axes, as x[:, None] has"
CURE = (
    "is singular, so no matrix undoes it; linalg.pinv() gives the least-squares solution, and "
    "adding 1e-6 * np.eye(n) makes it regular"
)
NOT_SQUARE = "isn't square in its last two axes; linalg.pinv() and linalg.svd() take any matrix"


@pytest.mark.parametrize(
    ("f", "kind", "said"),
    [
        (lambda: np.linalg.inv(A), np.linalg.LinAlgError, f"linalg.inv: (2, 2) 'A' {CURE}"),
        (lambda: np.linalg.solve(A, [1, 2]), np.linalg.LinAlgError,
         f"linalg.solve: (2, 2) 'A' {CURE}"),
        (lambda: linalg.inv(SINGULAR), np.linalg.LinAlgError, f"linalg.inv: (2, 2) {CURE}"),
        (lambda: np.linalg.matrix_power(A, -1), np.linalg.LinAlgError,
         f"linalg.inv: (2, 2) 'A' {CURE}"),
        (lambda: np.linalg.det(B), np.linalg.LinAlgError, f"linalg.det: (3, 2) 'B' {NOT_SQUARE}"),
        (lambda: np.linalg.slogdet(B), np.linalg.LinAlgError,
         f"linalg.slogdet.sign: (3, 2) 'B' {NOT_SQUARE}"),
        (lambda: np.linalg.matrix_power(B, 2), np.linalg.LinAlgError,
         "linalg.matrix_power: (3, 2) 'B' isn't square"),
        (lambda: np.linalg.matrix_power(A, 0.5), TypeError,
         "'float' object cannot be interpreted as an integer"),
        (lambda: np.linalg.inv(C), np.linalg.LinAlgError, MATRIX.format("inv", "(3,) 'c'")),
        (lambda: np.linalg.svd(C), np.linalg.LinAlgError,
         MATRIX.format("svd.U", "(3,) 'c'")),
        (lambda: np.linalg.cholesky(A - np.eye(2)), np.linalg.LinAlgError,
         "linalg.cholesky: (2, 2) isn't positive definite, and has no such factor; adding "
         "1e-6 * np.eye(n) helps where it misses by rounding alone"),
        (lambda: np.linalg.svdvals(A * np.nan), np.linalg.LinAlgError,
         "linalg.svdvals: (2, 2) has no decomposition that converges: look for nan and inf in it"),
        (lambda: np.linalg.solve(A, C), mt.ShapeError,
         "linalg.solve: 2 (axis -2 of (2, 2) 'A') and 3 (axis -1 of (3,) 'c') differ"),
        (lambda: np.linalg.solve(np.ones((3, 1, 1)) * A, B), mt.ShapeError,
         "linalg.solve: 2 (axis -2 of (3, 2, 2)) and 3 (axis -2 of (3, 2) 'B') differ; vectors "
         "stand in columns: B[..., None]"),
        (lambda: np.linalg.solve(np.ones((3, 1, 1)) * A, np.ones((4, 2, 1))), mt.ShapeError,
         "linalg.solve: batch sizes differ: 3 (axis -3 of (3, 2, 2)) and 4 (axis -3 of (4, 2, 1))"),
        (lambda: np.linalg.solve(A, 2.0), mt.ShapeError,
         "linalg.solve: (2, 2) 'A' and 2.0: a scalar is no right side; it needs an axis as long "
         "as the first"),
        (lambda: np.linalg.norm(A, 3), ValueError,
         "linalg.norm: of matrices ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got 3"),
        (lambda: np.linalg.norm(C, "fro"), ValueError,
         "linalg.vector_norm: Invalid norm order 'fro' for vectors (of (3,) 'c')"),
        (lambda: linalg.pinv(A, tol=1), TypeError,
         "pinv() got an unexpected keyword argument 'tol'"),
        (lambda: np.linalg.svd(A, hermitian=True), TypeError,
         "np.linalg.svd: the argument 'hermitian' isn't supported for tensors"),
        (lambda: np.linalg.pinv(A, hermitian=True), TypeError,
         "np.linalg.pinv: the argument 'hermitian' isn't supported for tensors"),
        (lambda: np.linalg.cond(A), TypeError,
         "np.linalg.cond has no rule for its derivative; give it one by microtensor.primitive, or "
         "apply it to the tensor's .numpy() where no gradient is wanted"),
    ],
)  # fmt: skip
def test_one_line_says_what_is_wrong(f, kind, said):
    with pytest.raises(kind) as caught:
        f()
    text = str(caught.value).removesuffix(". Did you mean 'rtol'?")  # newer Pythons ask
    assert text == said


# Decompositions are made once -------------------------------------------------------------------


def test_a_change_in_place_makes_a_new_decomposition():
    x = Tensor(np.diag([1.0, 2.0]))
    first = np.linalg.eigh(x)
    first.eigenvectors[0, 0] = 9.0
    assert np.linalg.eigh(x).eigenvectors.tolist() == [[1, 0], [0, 1]]
    x[0, 0] = 3.0
    np.testing.assert_allclose(np.abs(np.linalg.eigh(x)[1].numpy()), [[0, 1], [1, 0]])
    x.data[:] = np.diag([5.0, 4.0])
    np.testing.assert_allclose(np.linalg.svd(x)[1].numpy(), [5, 4])
    x.data[:] = np.nan
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.svd(x)


def test_threads_do_not_disturb_each_other():
    wrong = []

    def work(seed):
        draw = np.random.default_rng(seed)
        for _ in range(100):
            a = draw.normal(size=(3, 3))
            found = np.linalg.svd(leaf(a))
            back = ((found.U * found.S) @ found.Vh).numpy()
            if not np.allclose(back, a):
                wrong.append(a)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# Read in other ways -----------------------------------------------------------------------------


def test_a_compiled_step_says_what_is_wrong():
    step = mt.compile(lambda a: np.linalg.inv(a).sum())
    x = leaf([[2.0, 1.0], [1.0, 3.0]], "x")
    step(x)
    x.data = SINGULAR
    with pytest.raises(np.linalg.LinAlgError) as caught:
        step(x)
    assert str(caught.value) == f"linalg.inv: (2, 2) {CURE}"


def test_decompositions_are_compiled():
    """Of other matrices than the one that it was recorded with, and of constants."""

    def f(a, b):
        w, v = np.linalg.eigh(a + a.T)
        u, s, vh = np.linalg.svd(b, full_matrices=False)
        sign, size = np.linalg.slogdet(a)
        return (w * v**2).sum() + (u**2 * s).sum() + (vh**3)[0, 0] ** 2 + sign * size

    step = mt.compile(f)
    for b in (rng.normal(size=(4, 3)) for _ in range(3)):
        a = leaf(rng.normal(size=(3, 3)))
        value = step(a, b)
        found, a.grad = a.grad, None
        expected = f(a, b)
        expected.backward()
        np.testing.assert_allclose(value, expected.item(), 1e-12)
        np.testing.assert_allclose(found, a.grad, 1e-9, 1e-12)


def test_a_program_is_what_one_would_write():
    A, b = leaf([[2.0, 1.0], [1.0, 3.0]], "A"), leaf([1.0, 2.0], "b")
    text = to_source(np.linalg.solve(A, b).sum())
    assert "np.linalg.solve(A, b)" in text
    assert "db = np.linalg.solve(A.T, np.ones((2,)))" in text
    assert "dA = cofactors(A)" in to_source(np.linalg.det(A))
    assert "dA = np.linalg.inv(A).T" in to_source(np.linalg.slogdet(A).logabsdet)
    assert "np.linalg.slogdet(A).logabsdet" in to_source(np.linalg.slogdet(A).logabsdet)
    text = to_source((np.linalg.norm(b, axis=0) + np.linalg.norm(b)), xp="jax.numpy")
    assert "jnp.linalg.norm(b, axis=0)" in text
    assert "jnp.linalg.norm(b)" in text
    text = to_source(np.linalg.norm(A, 1))
    assert "np.sum(np.abs(A), axis=0)" in text
    text = to_source(np.linalg.eigh(A, UPLO="U").eigenvectors.sum())
    assert 'np.linalg.eigh(A, UPLO="U").eigenvectors' in text


def test_programs_for_jax_read_one_triangle_too():
    A = leaf([[2.0, 1.0], [1.0, 3.0]], "A")
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[1]):
        text = to_source(f(A).sum(), xp="jax.numpy")
        decompositions = re.findall(r"linalg\.(?!solve|inv)", text)
        assert text.count("symmetrize_input=False") == len(decompositions)
        assert "symmetrize_input" not in to_source(f(A).sum())


def test_a_primitive_of_ones_own_in_np_linalg_is_written():
    f = mt.primitive("inverse", np.linalg.inv, lambda g, out, x: -out.mT @ g @ out.mT)
    text = to_source(f(leaf([[2.0, 1.0], [1.0, 3.0]], "A")).sum())
    assert "np.linalg.inv(A)" in text


def test_a_power_is_one_group():
    names = {node.group for node in mt.Graph.of(np.linalg.matrix_power(A, 3).sum()).nodes}
    assert ("matrix_power",) in names


def test_pictures_say_it_shortly():
    regular = leaf([[2.0, 1.0], [1.0, 3.0]], "R")
    for f, said in (
        (lambda x: np.linalg.solve(x, C[:2]), "solve(R, c)"),
        (lambda x: np.linalg.norm(x), "‖R‖"),
        (lambda x: np.linalg.eigh(x)[1], "eigh(R).eigenvectors"),
        (lambda x: np.linalg.svd(x).Vh, "svd(R).Vh"),
        (lambda x: np.linalg.norm(x, axis=1), "linalg.vector_norm(R, ord=2, axis=1)"),
    ):
        nodes = mt.Graph.of(f(regular).sum(), names={"R": regular}).nodes
        expressions = [node.expression for node in nodes if node.rule]
        assert said in [text.replace("t1", "c") for text in expressions], expressions
