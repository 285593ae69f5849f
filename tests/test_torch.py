"""Every operation against PyTorch: value and gradient, float64, to 1e-12 of the largest entry."""

import numpy as np
import pytest
from cases import CASES

import microtensor as mt
from microtensor.rules import RULES  # so that no operation is left out

torch = pytest.importorskip("torch", reason="PyTorch isn't installed; nothing to compare with")

rng = np.random.default_rng(7)
TOLERANCE = 1e-12


def real(*shape):
    return rng.uniform(-2, 2, shape)


def positive(*shape):
    return rng.uniform(0.5, 2, shape)


A, B, ROW, COLUMN = real(2, 3), real(2, 3), real(3), real(2, 1)
P, Q = positive(2, 3), positive(3)
CUBE = real(2, 3, 4)
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
ZEROS = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0], [1.5, 2.0, -1.0]])
MASK = np.array([[True, False, True], [False, True, True]])
ROWS_AT, COLUMNS_AT = [0, 1, 1, 0], [2, 0, 0, 1]
FAR = np.array([-1000.0, -30.0, -1.0, 0.0, 1.0, 30.0, 1000.0])

# rule, ours, theirs, inputs
TABLE = [
    ("add", lambda a, b: a + b, None, (A, ROW)),
    ("subtract", lambda a, b: a - b, None, (COLUMN, ROW)),
    ("multiply", lambda a, b: a * b, None, (A, COLUMN)),
    ("multiply", mt.outer, torch.outer, (ROW, A[0])),
    ("divide", lambda a, b: a / b, None, (A, Q)),
    ("negative", lambda a: -a, None, (A,)),
    ("power", lambda a, b: a**b, None, (P, ROW)),
    ("power", lambda a: a**3, None, (A,)),
    ("power", lambda a: a**-2.5, None, (P,)),
    ("power", lambda a: 2.5**a, None, (A,)),
    ("power", lambda a: a**0, None, (np.array([0.0, 1.0]),)),
    ("power", lambda a, b: a**b, None, (np.array([0.0, 0.0]), np.array([0.0, 2.0]))),
    ("matmul", lambda a, b: a @ b, None, (A, real(3, 4))),
    ("matmul", lambda a, b: a @ b, None, (ROW, real(3))),
    ("matmul", lambda a, b: a @ b, None, (A, ROW)),
    ("matmul", lambda a, b: a @ b, None, (ROW, CUBE)),
    ("matmul", lambda a, b: a @ b, None, (CUBE, real(4))),
    ("matmul", lambda a, b: a @ b, None, (real(2, 1, 2, 3), CUBE)),
    ("matmul", mt.dot, torch.matmul, (A, real(3, 2))),
    ("einsum", lambda a, b: mt.einsum("ij,jk->ik", a, b), "ij,jk->ik", (A, real(3, 2))),
    ("einsum", lambda a: mt.einsum("ii->i", a), "ii->i", (real(3, 3),)),
    ("einsum", lambda a: mt.einsum("ii", a), "ii", (real(3, 3),)),
    ("einsum", lambda a: mt.einsum("ij->j", a), "ij->j", (A,)),
    ("einsum", lambda *x: mt.einsum("i,ij,j->", *x), "i,ij,j->", (real(2), A, ROW)),
    (
        "einsum",
        lambda a, b: mt.einsum("...ij,...jk->...ik", a, b),
        "...ij,...jk->...ik",
        (CUBE, real(4, 2)),
    ),
    ("exp", mt.exp, torch.exp, (A,)),
    ("expm1", mt.expm1, torch.expm1, (A,)),
    ("log", mt.log, torch.log, (P,)),
    ("log1p", mt.log1p, torch.log1p, (P,)),
    ("sqrt", mt.sqrt, torch.sqrt, (P,)),
    ("square", mt.square, torch.square, (A,)),
    ("sin", mt.sin, torch.sin, (A,)),
    ("cos", mt.cos, torch.cos, (A,)),
    ("tanh", mt.tanh, torch.tanh, (A,)),
    ("sigmoid", mt.sigmoid, torch.sigmoid, (A,)),
    ("sigmoid", mt.sigmoid, torch.sigmoid, (FAR,)),
    ("softplus", mt.softplus, lambda x: torch.logaddexp(x, torch.zeros_like(x)), (A,)),
    ("softplus", mt.softplus, lambda x: torch.logaddexp(x, torch.zeros_like(x)), (FAR,)),
    ("cbrt", mt.cbrt, lambda x: x ** (1 / 3), (P,)),
    ("erf", mt.erf, torch.erf, (A,)),
    ("erf", mt.erf, torch.erf, (FAR,)),
    ("rint", mt.rint, torch.round, (A,)),
    ("round", lambda x: mt.round(x, 1), lambda x: torch.round(x, decimals=1), (A,)),
    ("sign", mt.sign, torch.sign, (FAR,)),
    ("remainder", lambda a, b: a % b, torch.remainder, (A, Q)),
    ("remainder", lambda a, b: a % b, torch.remainder, (A, B)),
    ("relu", mt.relu, torch.relu, (A,)),
    ("relu", mt.relu, torch.relu, (FAR,)),
    ("absolute", mt.absolute, torch.abs, (FAR,)),
    ("maximum", mt.maximum, torch.maximum, (A, ROW)),
    ("maximum", mt.maximum, torch.maximum, (TIES, TIES[::-1].copy())),
    ("minimum", mt.minimum, torch.minimum, (A, COLUMN)),
    ("minimum", mt.minimum, torch.minimum, (TIES, TIES[::-1].copy())),
    ("clip", lambda x: mt.clip(x, -1, 0.5), lambda x: torch.clamp(x, -1, 0.5), (A,)),
    ("clip", lambda x: mt.clip(x, -1, None), lambda x: torch.clamp(x, min=-1), (FAR,)),
    ("clip", lambda x: mt.clip(x, None, 1), lambda x: torch.clamp(x, max=1), (FAR,)),
    (
        "where",
        lambda a, b: mt.where(MASK, a, b),
        lambda a, b: torch.where(torch.tensor(MASK), a, b),
        (A, ROW),
    ),
    ("sum", mt.sum, torch.sum, (A,)),
    ("sum", lambda x: x.sum(axis=(0, 2)), lambda x: x.sum(dim=(0, 2)), (CUBE,)),
    ("mean", mt.mean, torch.mean, (A,)),
    ("mean", lambda x: x.mean(-1, True), lambda x: x.mean(-1, True), (CUBE,)),
    ("max", mt.max, torch.amax, (A,)),
    ("max", lambda x: x.max(axis=1), lambda x: torch.amax(x, 1), (TIES,)),
    ("max", lambda x: x.max(axis=(0, 2)), lambda x: torch.amax(x, (0, 2)), (CUBE,)),
    ("min", lambda x: x.min(axis=0), lambda x: torch.amin(x, 0), (TIES,)),
    ("prod", mt.prod, torch.prod, (A,)),
    ("prod", lambda x: x.prod(axis=1), lambda x: x.prod(dim=1), (ZEROS,)),
    ("prod", lambda x: x.prod(axis=0), lambda x: x.prod(dim=0), (CUBE,)),
    ("var", mt.var, lambda x: torch.var(x, correction=0), (A,)),
    ("var", lambda x: x.var(axis=1, ddof=1), lambda x: torch.var(x, 1, correction=1), (A,)),
    ("sqrt", mt.std, lambda x: torch.std(x, correction=0), (A,)),
    ("sqrt", lambda x: x.std((0, 2), 1), lambda x: torch.std(x, (0, 2), correction=1), (CUBE,)),
    ("cumsum", lambda x: x.cumsum(axis=1), lambda x: torch.cumsum(x, 1), (A,)),
    ("cumsum", lambda x: x.cumsum(), lambda x: torch.cumsum(x.ravel(), 0), (A,)),
    ("logsumexp", lambda x: x.logsumexp(axis=1), lambda x: torch.logsumexp(x, 1), (A,)),
    ("logsumexp", mt.logsumexp, lambda x: torch.logsumexp(x, 0), (FAR,)),
    ("softmax", mt.softmax, lambda x: torch.softmax(x, -1), (A,)),
    ("softmax", lambda x: mt.softmax(x, 1), lambda x: torch.softmax(x, 1), (CUBE,)),
    ("softmax", mt.softmax, lambda x: torch.softmax(x, -1), (FAR,)),
    ("log_softmax", mt.log_softmax, lambda x: torch.log_softmax(x, -1), (A,)),
    ("log_softmax", lambda x: mt.log_softmax(x, 0), lambda x: torch.log_softmax(x, 0), (CUBE,)),
    ("log_softmax", mt.log_softmax, lambda x: torch.log_softmax(x, -1), (FAR,)),
    ("cumprod", lambda x: x.cumprod(axis=1), lambda x: torch.cumprod(x, 1), (CUBE,)),
    ("cumprod", lambda x: x.cumprod(axis=1), lambda x: torch.cumprod(x, 1), (ZEROS,)),
    ("cumprod", lambda x: x.cumprod(axis=0), lambda x: torch.cumprod(x, 0), (ZEROS,)),
    ("sort", mt.sort, lambda x: torch.sort(x, stable=True)[0], (CUBE,)),
    ("sort", mt.sort, lambda x: torch.sort(x, stable=True)[0], (TIES,)),
    ("sort", lambda x: mt.median(x, 1), lambda x: torch.median(x, 1)[0], (A,)),
    ("sort", lambda x: mt.median(x, 0), lambda x: torch.quantile(x, 0.5, 0), (A,)),
    (
        "roll",
        lambda x: mt.roll(x, (1, -2), (0, 2)),
        lambda x: torch.roll(x, (1, -2), (0, 2)),
        (CUBE,),
    ),
    (
        "sliding_window_view",
        lambda x: mt.sliding_window_view(x, (2, 3), (1, 2)),
        lambda x: x.unfold(1, 2, 1).unfold(2, 3, 1),
        (CUBE,),
    ),
    (
        "sliding_window_view",
        lambda x, k: mt.tensordot(
            mt.sliding_window_view(x, (2, 3), (1, 2)), k, ((0, 3, 4), (0, 1, 2))
        ),
        lambda x, k: torch.conv2d(x[None], k[None])[0, 0],
        (CUBE, real(2, 2, 3)),
    ),
    (
        "matmul",
        lambda a, b: mt.tensordot(a, b, ([0, 1], [1, 0])),
        lambda a, b: torch.tensordot(a, b, ([0, 1], [1, 0])),
        (CUBE, real(3, 2, 5)),
    ),
    ("matmul", mt.inner, torch.inner, (CUBE, real(2, 4))),
    ("multiply", mt.kron, torch.kron, (A, COLUMN)),
    ("subtract", mt.cross, torch.linalg.cross, (A, B)),
    ("subtract", lambda x: mt.diff(x, 2, 2), lambda x: torch.diff(x, 2, 2), (CUBE,)),
    ("sum", mt.trace, torch.trace, (real(3, 3),)),
    ("where", lambda x: mt.tril(x, 1), lambda x: torch.tril(x, 1), (CUBE,)),
    ("where", lambda x: mt.triu(x, 1), lambda x: torch.triu(x, 1), (CUBE,)),
    (
        "where",
        lambda x: mt.nan_to_num(x, nan=2.0),
        lambda x: torch.nan_to_num(x, nan=2.0),
        (np.array([np.nan, 1.0, np.inf, -np.inf]),),
    ),
    ("getitem", lambda x: mt.repeat(x, 2, 1), lambda x: torch.repeat_interleave(x, 2, 1), (CUBE,)),
    (
        "getitem",
        lambda x: mt.take(x, [5, 0, 5]),
        lambda x: torch.take(x, torch.tensor([5, 0, 5])),
        (A,),
    ),
    ("getitem", lambda x: mt.diag(x, 1), lambda x: torch.diag(x, 1), (A,)),
    ("put", lambda x: mt.diag(x, -1), lambda x: torch.diag(x, -1), (ROW,)),
    ("broadcast_to", lambda x: mt.tile(x, (2, 1, 3)), lambda x: torch.tile(x, (2, 1, 3)), (A,)),
    ("flip", lambda x: mt.rot90(x, 3, (2, 0)), lambda x: torch.rot90(x, 3, (2, 0)), (CUBE,)),
    ("reshape", lambda x: x.reshape(4, -1), None, (CUBE,)),
    ("reshape", lambda x: x.ravel(), None, (A,)),
    ("transpose", lambda x: x.T, None, (A,)),
    ("transpose", lambda x: x.transpose(2, 0, 1), lambda x: x.permute(2, 0, 1), (CUBE,)),
    ("transpose", lambda x: x.transpose(-1, 0, -2), lambda x: x.permute(-1, 0, -2), (CUBE,)),
    ("transpose", lambda x: x.swapaxes(0, 2), None, (CUBE,)),
    ("squeeze", lambda x: x.squeeze(1), None, (COLUMN,)),
    ("expand_dims", lambda x: mt.expand_dims(x, 1), lambda x: x.unsqueeze(1), (A,)),
    (
        "broadcast_to",
        lambda x: mt.broadcast_to(x, (4, 2, 3)),
        lambda x: torch.broadcast_to(x, (4, 2, 3)),
        (COLUMN,),
    ),
    ("flip", lambda x: mt.flip(x, (0, 2)), lambda x: torch.flip(x, (0, 2)), (CUBE,)),
    ("astype", lambda x: x.astype(np.float64), lambda x: x.double(), (A,)),
    ("concatenate", lambda *x: mt.concatenate(x, 1), lambda *x: torch.cat(x, 1), (A, COLUMN, B)),
    ("stack", lambda *x: mt.stack(x, -1), lambda *x: torch.stack(x, -1), (A, B)),
    (
        "pad",
        lambda x: mt.pad(x, ((1, 2), (3, 0)), constant_values=5),
        lambda x: torch.nn.functional.pad(x, (3, 0, 1, 2), value=5),
        (A,),
    ),
    (
        "getitem",
        lambda x: mt.pad(x[None], ((0, 0), (0, 0), (2, 1)), "reflect"),
        lambda x: torch.nn.functional.pad(x[None], (2, 1), "reflect"),
        (A,),
    ),
    (
        "getitem",
        lambda x: mt.pad(x[None], ((0, 0), (0, 0), (2, 1)), "edge"),
        lambda x: torch.nn.functional.pad(x[None], (2, 1), "replicate"),
        (A,),
    ),
    ("getitem", lambda x: x[1, ::2], None, (CUBE,)),
    ("getitem", lambda x: x[..., None, -1], None, (CUBE,)),
    ("getitem", lambda x: x[MASK], lambda x: x[torch.tensor(MASK)], (A,)),
    ("getitem", lambda x: x[ROWS_AT, COLUMNS_AT], None, (A,)),
    ("getitem", lambda x: x[:, [1, 1, 0]], None, (CUBE,)),
    (
        "getitem",
        lambda x: x.split([1, 3], axis=2)[1] * 2,
        lambda x: x.tensor_split([1, 3], dim=2)[1] * 2,
        (CUBE,),
    ),
]


def symmetric(f):
    return lambda a: f(a + a.mT)


def definite(f):
    return lambda a: f(a @ a.mT + 2 * a @ a.mT @ a @ a.mT)


def thin(f, svd):
    return lambda a: f(*svd(a, full_matrices=False))


def cofactors(a):
    if isinstance(a, mt.Tensor):
        return mt.grad(mt.linalg.det(a), a, create_graph=True)
    return torch.autograd.grad(torch.linalg.det(a), a, create_graph=True)[0]


SQUARE = real(3, 3) / 4 + np.diag([1.0, 2.0, 3.0])
SQUARES = np.stack([SQUARE, -SQUARE.T[::-1] + np.eye(3)])
TALL = np.ascontiguousarray(SQUARES[..., :2])
WIDE = np.ascontiguousarray(SQUARES[0][:2])
MATRICES = (SQUARE, SQUARES, TALL, WIDE)
NORMS = ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
POWERS = (None, 1, 1.5, 2, 3, 0.5, -1, np.inf, -np.inf)
TABLE += [("cofactors", cofactors, cofactors, (SQUARE,))]
for a in (SQUARE, SQUARES):
    for b in (real(3, 2), real(2, 3, 1)):
        TABLE.append(("linalg.solve", np.linalg.solve, torch.linalg.solve, (a, b)))
    TABLE += [
        ("linalg.solve", np.linalg.solve, torch.linalg.solve, (SQUARE, real(3))),
        ("linalg.inv", np.linalg.inv, torch.linalg.inv, (a,)),
        ("linalg.det", np.linalg.det, torch.linalg.det, (a,)),
        ("linalg.slogdet.sign", *(
            lambda a, s=m.linalg.slogdet: s(a)[0] * s(a)[1] for m in (np, torch)), (a,)),
        ("linalg.slogdet.logabsdet", *(
            lambda a, s=m.linalg.slogdet: s(a)[1] for m in (np, torch)), (a,)),
        ("linalg.cholesky", *(definite(m.linalg.cholesky) for m in (np, torch)), (a,)),
        ("linalg.cholesky", *(
            definite(lambda a, f=m.linalg.cholesky: f(a, upper=True)) for m in (np, torch)), (a,)),
        ("linalg.eigvalsh", *(symmetric(m.linalg.eigvalsh) for m in (np, torch)), (a,)),
        # of one triangle, too: the derivative is symmetric
        ("linalg.eigvalsh", np.linalg.eigvalsh, torch.linalg.eigvalsh, (a + a.mT,)),
        ("linalg.cholesky", np.linalg.cholesky, torch.linalg.cholesky, (a @ a.mT,)),
        ("linalg.eigh.eigenvectors", *(
            (lambda a, f=m.linalg.eigh: f(a)[1] ** 2 * f(a)[0][..., None, :]) for m in (np, torch)
        ), (a + a.mT,)),
        ("linalg.eigh.eigenvectors", *(
            (lambda a, f=m.linalg.eigh: f(a, "U")[1] ** 2) for m in (np, torch)), (a + a.mT,)),
        ("matmul", *(lambda a, f=m.linalg.matrix_power: f(a, 5) for m in (np, torch)), (a,)),
        ("linalg.inv", *(lambda a, f=m.linalg.matrix_power: f(a, -3) for m in (np, torch)), (a,)),
    ]  # fmt: skip
for a in MATRICES:
    TABLE += [
        ("linalg.svdvals", np.linalg.svdvals, torch.linalg.svdvals, (a,)),
        ("linalg.svd.U", *(
            thin(lambda u, s, vh: u**2 / s[..., None, :], m.linalg.svd) for m in (np, torch)),
         (a,)),
        ("linalg.svdvals", *(thin(lambda u, s, vh: s**3, m.linalg.svd) for m in (np, torch)), (a,)),
        ("linalg.svd.Vh", *(thin(lambda u, s, vh: vh**2, m.linalg.svd) for m in (np, torch)), (a,)),
        ("linalg.svd.Vh", *(
            thin(lambda u, s, vh: (u * s[..., None, :] ** 0.5) @ vh, m.linalg.svd)
            for m in (np, torch)), (a,)),
        ("linalg.pinv", np.linalg.pinv, torch.linalg.pinv, (a,)),
    ]  # fmt: skip
for a in (SQUARE, TALL):
    TABLE += [
        (f"norm {k}", lambda x, k=k: np.linalg.norm(x, k, axis=(-2, -1)),
         lambda x, k=k: torch.linalg.matrix_norm(x, ord=k), (a,))
        for k in NORMS
    ]  # fmt: skip
    TABLE += [
        (f"vector norm {k}", lambda x, k=k: np.linalg.norm(x, k, axis=-1, keepdims=True),
         lambda x, k=k: torch.linalg.norm(x, k, dim=-1, keepdim=True), (a,))
        for k in POWERS
    ]  # fmt: skip
TABLE += [
    ("linalg.vector_norm", np.linalg.norm, torch.linalg.norm, (CUBE,)),
    ("linalg.vector_norm", lambda x: x.norm(), lambda x: x.norm(), (A,)),
    ("linalg.vector_norm", np.linalg.norm, torch.linalg.norm, (np.zeros((2, 2)),)),
]
# NumPy's own functions, where PyTorch has one by the same name.
TABLE += [
    (case.rule, case.f, getattr(torch, case.rule), case.inputs)
    for case in CASES
    if case.f is getattr(np, case.rule, None) and hasattr(torch, case.rule)
]
COMPARISONS = {
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "logical_and": lambda a, b: (a > 1) & (b > 1),
    "logical_or": lambda a, b: (a > 1) | (b > 1),
    "logical_not": lambda a, b: ~(a > b),
    "argsort": lambda a, b: a.argsort(),
}
# getitem's derivative, in every second derivative below, and what has no derivative there
ELSEWHERE = {"put", "put_each", "overlap_add", "floor_divide"}


def close(found, expected):
    expected = expected.detach().numpy()
    assert found.shape == expected.shape
    scale = max(1, np.max(np.abs(expected), initial=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * scale)


def theirs(ours, other):
    if isinstance(other, str):
        return lambda *x: torch.einsum(other, *x)
    return other or ours


def both(ours, other, inputs):
    x = [mt.Tensor(a, requires_grad=True) for a in inputs]
    y = [torch.tensor(a, requires_grad=True) for a in inputs]
    return x, y, ours(*x), theirs(ours, other)(*y)


def rows(table):
    """As a test's parameters: of linear algebra's rules, what comes after the first takes long."""
    rules = set()
    for k, row in enumerate(table):
        long = ("linalg" in row[0] or "norm" in row[0]) and row[0] in rules
        rules.add(row[0])
        yield pytest.param(*row, id=f"{row[0]} {k}", marks=pytest.mark.acceptance if long else ())


ROWS = list(rows(TABLE))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_compared(rule):
    known = {row[0] for row in TABLE} | set(COMPARISONS) | ELSEWHERE
    assert rule in known, f"write a row for {rule!r} in tests/test_torch.py"


@pytest.mark.parametrize(("rule", "ours", "other", "inputs"), ROWS)
def test_value_and_gradient(rule, ours, other, inputs):
    x, y, result, expected = both(ours, other, inputs)
    close(result.numpy(), expected)
    seed = np.random.default_rng(1).uniform(0.5, 1.5, result.shape)
    result.backward(seed)
    expected.backward(torch.tensor(seed))
    for a, b in zip(x, y, strict=True):
        close(a.grad, b.grad)


@pytest.mark.parametrize(("rule", "ours", "other", "inputs"), ROWS)
def test_second_derivative(rule, ours, other, inputs):
    x, y, result, expected = both(ours, other, inputs)
    linear = (
        "norm -1",
        *(f"{kind}norm {k}" for kind in ("", "vector ") for k in ("1", "inf", "-inf")),
    )
    if rule in linear:
        return  # it is 0, for which PyTorch raises
    if (inputs[0] == 0).any():
        pytest.skip("second derivatives at kinks are a convention")
    draw = np.random.default_rng(2)
    seed = draw.uniform(0.5, 1.5, result.shape)
    weights = [draw.uniform(0.5, 1.5, a.shape) for a in inputs]
    ours_first = mt.grad(result, x, seed, create_graph=True)
    theirs_first = torch.autograd.grad(expected, y, torch.tensor(seed), create_graph=True)
    total = 0.0
    other_total = 0.0
    for d, e, w in zip(ours_first, theirs_first, weights, strict=True):
        total = total + (d * w).sum()
        other_total = other_total + (e * torch.tensor(w)).sum()
    if not other_total.requires_grad:
        return
    found = torch.autograd.grad(other_total, y, allow_unused=True)
    for a, b in zip(x, found, strict=True):
        try:
            second = mt.grad(total, a).numpy()
        except mt.GradientError:
            second = np.zeros(a.shape)
        close(second, torch.zeros(a.shape, dtype=torch.float64) if b is None else b)


def test_the_angle_at_the_origin_and_on_the_axes():
    points = (
        np.array([0.0, 0.0, -0.0, 2.0, -2.0, 1e-100]),
        np.array([0.0, 2.0, -2.0, 0.0, 0.0, 0.0]),
    )
    x, y, result, expected = both(mt.arctan2, torch.arctan2, points)
    close(result.numpy(), expected)
    result.sum().backward()
    expected.sum().backward()
    for a, b in zip(x, y, strict=True):
        close(a.grad, b.grad)


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparison(name):
    f = COMPARISONS[name]
    a, b = np.array([0.0, 2.0, 2.0, 3.0]), np.array([2.0, 0.0, 2.0, 1.5])
    found = f(mt.Tensor(a), mt.Tensor(b))
    expected = f(torch.tensor(a), torch.tensor(b))
    assert found.tolist() == expected.tolist()


def test_a_network():
    """Two layers and a cross-entropy, all at once."""
    x, labels = real(5, 4), np.array([0, 2, 1, 1, 0])
    arrays = [real(4, 6), real(6), real(6, 3), real(3)]
    w1, b1, w2, b2 = (mt.Tensor(a, requires_grad=True) for a in arrays)
    v1, c1, v2, c2 = (torch.tensor(a, requires_grad=True) for a in arrays)
    loss = -mt.log_softmax(mt.relu(x @ w1 + b1) @ w2 + b2)[np.arange(5), labels].mean()
    logits = torch.relu(torch.tensor(x) @ v1 + c1) @ v2 + c2
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
    loss.backward()
    expected.backward()
    close(loss.numpy(), expected)
    for a, b in ((w1, v1), (b1, c1), (w2, v2), (b2, c2)):
        close(a.grad, b.grad)
