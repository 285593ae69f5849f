"""The exported program: it runs alone, gives the engine's numbers, and reads like a textbook."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from cases import CASES, first_of_each_rule
from hypothesis import given
from hypothesis import strategies as st
from test_classifier import COSTS
from test_hypothesis import programs
from test_hypothesis import run as run_program

import microtensor as mt
import nn
from microtensor.program.source import program


def run(text):
    """The function of a program, run in a namespace with nothing."""
    space = {}
    exec(compile(text, "program.py", "exec"), space)
    (name,) = [name for name in space if name.endswith("_and_gradients")]
    return space[name]


def close(found, wanted, tolerance=1e-12):
    assert np.shape(found) == np.shape(wanted)
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(found, wanted, tolerance, tolerance * scale)


def check(f, arrays, xp="numpy", wrapped=lambda f: f):
    """The program of f's weighted sum gives the engine's numbers, at other inputs too."""

    def total(leaves):
        out = f(*leaves)
        return (out * np.random.default_rng(1).uniform(0.5, 1.5, out.shape)).sum()

    with np.errstate(all="ignore"):
        leaves = [mt.Tensor(x, requires_grad=True, name=f"v{i}") for i, x in enumerate(arrays)]
        with mt.record_constants():
            result = total(leaves)
        written = program(result, leaves, xp=xp)
        text = written.text()
        function = wrapped(run(text))
        inputs = dict(written.inputs())
        moved = [x + 1e-3 * np.abs(x) for x in arrays]
        inputs |= {f"v{i}": x for i, x in enumerate(moved) if f"v{i}" in inputs}
        value, gradients = function(**inputs)
        again = [mt.Tensor(x, requires_grad=True) for x in moved]
        expected = total(again)
        wanted = mt.grad(expected, again)
    try:
        close(np.asarray(value), expected.numpy())
        assert list(gradients) == [f"v{i}" for i in range(len(leaves))]
        for i, g in enumerate(wanted):
            close(np.asarray(gradients[f"v{i}"]), g.numpy())
    except AssertionError:
        print(text)
        raise
    assert all(len(line) <= 88 for line in text.splitlines()), text
    return text


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 2)))
def test_every_rule(case):
    check(case.f, case.inputs)


@given(programs())
def test_random_programs(drawn):
    arrays, steps = drawn
    check(lambda *leaves: run_program(steps, leaves), arrays)


STEPS = {
    "negative": lambda a, b: -a,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 2),
    "over a product": lambda a, b: a / (2 * np.exp(np.tanh(b))),
    "over a negative product": lambda a, b: a / -(2 * np.exp(np.tanh(b))),
    "square of a negative": lambda a, b: (-np.tanh(a)) ** 2 + b,
    "minus a sum": lambda a, b: a - (b + 2 * a),
    "power": lambda a, b: np.tanh(a * b) ** 2,
    "times": lambda a, b: 3 * a,
    "times -1": lambda a, b: a * -1,
    "over": lambda a, b: a / 7,
    "over -0.5": lambda a, b: a / -0.5,
    "sum": lambda a, b: a - b.sum() / 2,
    "mean": lambda a, b: a.mean() * b,
    "rows": lambda a, b: a.sum(axis=1, keepdims=True) - b,
    "transposed": lambda a, b: (a.T * 2).T - b,
    "product": lambda a, b: -(a.T @ b / 5).T @ a.T @ b,
    "filled": lambda a, b: (a * 0 + 2) * b,
}


@st.composite
def arithmetic(draw):
    count = draw(st.integers(2, 9))
    return [
        (draw(st.sampled_from(sorted(STEPS))), *(draw(st.integers(0, k + 2)) for _ in range(2)))
        for k in range(count)
    ]


@given(arithmetic())
def test_random_arithmetic(steps):
    """Signs, numbers and means in any order: what the algebra of programs is about."""

    def f(*leaves):
        values = list(leaves)
        for name, i, j in steps:
            values.append(STEPS[name](values[i], values[j]))
        return values[-1] + values[-2] - values[0] * values[1] * values[2] / 3

    check(f, [np.random.default_rng(k).uniform(0.5, 1, (2, 2)) for k in range(3)])


NETS = {
    "bce": (lambda: nn.Sigmoid(), nn.BCELoss, lambda rng: rng.integers(0, 2, (6, 1))),
    "logits": (lambda: None, nn.BCEWithLogitsLoss, lambda rng: rng.integers(0, 2, (6, 1))),
    "mse": (lambda: nn.Tanh(), nn.MSELoss, lambda rng: rng.uniform(size=(6, 1))),
}


@st.composite
def nets(draw):
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    hidden = [draw(st.sampled_from(["ReLU", "Tanh", "Sigmoid", "Softmax"])) for _ in sizes[1:]]
    return sizes, hidden, draw(st.sampled_from(sorted(NETS))), draw(st.booleans())


@given(nets())
def test_random_nets(drawn):
    sizes, hidden, kind, single = drawn
    rng = np.random.default_rng(0)
    last, loss, labels = NETS[kind]
    dtype = np.float32 if single else np.float64
    layers = []
    for n_in, n_out, activation in zip(sizes, sizes[1:], hidden, strict=False):
        layers += [nn.Linear(n_in, n_out, rng=rng, dtype=dtype), getattr(nn, activation)()]
    layers += [nn.Linear(sizes[-1], 1, rng=rng, dtype=dtype), last()]
    model = nn.Sequential(*(layer for layer in layers if layer))
    X, y = rng.uniform(-1, 1, (6, sizes[0])).astype(dtype), labels(rng).astype(dtype)
    written = program(loss()(model(X), y), names={"X": X, "y": y})
    function = run(written.text())
    arguments = {name: x for name, x in written.inputs() if name not in "Xy"}
    Z, t = X[::-1] * dtype(0.9), y[::-1]
    value, gradients = function(Z, t, **arguments)
    expected = loss()(model(Z), t)
    expected.backward()
    tolerance = 1e-5 if single else 1e-12
    close(value, expected.numpy(), tolerance)
    for found, parameter in zip(gradients.values(), model.parameters(), strict=True):
        close(found, parameter.grad, tolerance)
        assert found.dtype == dtype


# JAX --------------------------------------------------------------------------------------------


JAX = pytest.param("jax.numpy", marks=pytest.mark.acceptance)


@pytest.fixture(scope="module")
def jax():
    jax = pytest.importorskip("jax", reason="runs the program under jax.jit")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)  # compiling takes longer
    return jax


# Rules whose programs are more than one function of NumPy's, that JAX has too.
SPECIAL = {
    "clip", "cumsum", "einsum", "getitem", "log_softmax", "logsumexp", "matmul", "max", "power",
    "prod", "reshape", "sigmoid", "softmax", "softplus", "sum", "transpose", "var", "where",
}  # fmt: skip


def few(cases):
    """Two cases of each rule, and every index: compiling takes its time."""
    count = Counter()
    for case in cases:
        count[case.rule] += 1
        if count[case.rule] <= 2 or case.rule == "getitem":
            quick = case.rule in SPECIAL and count[case.rule] == 1
            yield pytest.param(case, id=case.name, marks=() if quick else pytest.mark.acceptance)


@pytest.mark.parametrize("case", list(few(CASES)))
def test_every_rule_under_jit(case, jax):
    check(case.f, case.inputs, "jax.numpy", jax.jit)


def kinds(found, result):
    """The dtypes of the value and gradients: those of a program under JAX, and the engine's."""
    value, gradients = found
    nodes = {node.name: node for node in mt.Graph.of(result).nodes}
    right = [result.dtype, *(nodes[name].value.dtype for name in gradients)]
    return [x.dtype for x in (value, *gradients.values())], right


ORDERS = {"single": "ff", "double": "dd", "single first": "fd", "double first": "df"}


def orders():
    """For each rule two of its cases, in every order of dtypes that its inputs can have."""
    for rule in sorted({case.rule for case in CASES}):
        known = [case for case in CASES if case.rule == rule]
        known.sort(key=lambda case: len(case.inputs) == 1)
        for name, order in ORDERS.items():
            mixed = order[0] != order[1]
            tried = [x for x in (known[0], known[-1]) if len(x.inputs) > 1 or not mixed]
            if tried:
                yield pytest.param(tried, order, id=f"{rule}-{name}")


@pytest.mark.acceptance
@pytest.mark.parametrize(("cases", "order"), list(orders()))
def test_every_rule_keeps_its_dtypes_under_jax(cases, order, jax):
    for case in cases:
        arrays = [x.astype(order[i % 2]) for i, x in enumerate(case.inputs)]
        leaves = [mt.Tensor(x, requires_grad=True, name=f"v{i}") for i, x in enumerate(arrays)]
        with np.errstate(all="ignore"), mt.record_constants():
            out = case.f(*leaves)
            for result in (out.sum(), (out * np.float32(0.5)).sum()):
                written = program(result, xp="jax.numpy")
                traced = jax.eval_shape(run(written.text()), **dict(written.inputs()))
                found, right = kinds(traced, result)
                assert found == right, written.text()


def mixed(*dtypes):
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-1, 1, 3).astype(dtype) for dtype in dtypes]
    return [mt.Tensor(x, requires_grad=True, name=f"v{i}") for i, x in enumerate(arrays)]


WEAK = {
    "a relu of all": lambda a, b: mt.relu(a * b).sum(),
    "a number chosen": lambda a, b: (mt.where(a > 0, 1.0, 0) * b * b).sum(),
    "a number in every entry": lambda a, b: (np.float32(2.0) * b).sum() + (a * 2).sum(),
    "a bool times a number": lambda a, b: ((a > 0) * 1.0 * a * b).sum(),
    "whole numbers": lambda a, b: (a * np.arange(3)).sum() + (b / np.arange(1, 4)).sum(),
    "whole powers": lambda a, b: (np.abs(a) ** np.arange(3)).sum(),
    "small whole numbers": lambda a, b: (a * np.arange(3, dtype=np.int8)).sum(),
    "a product with whole numbers": lambda a, b: a @ np.arange(3),
    "entries beside whole numbers": lambda a, b: mt.concatenate([a, np.arange(2)]).sum(),
    "whole numbers chosen": lambda a, b: mt.where(a > 0, a, np.arange(3)).sum(),
    "how many": lambda a, b: ((a > 0).mean() * a).sum(),
    "how many, doubled": lambda a, b: ((b > 0).mean() * b).sum(),
    "whole numbers over whole": lambda a, b: (a * (np.arange(3) / np.arange(1, 4))).sum(),
    "an absolute value": lambda a, b: (np.abs(a) * b).sum(),
    "a square of bools": lambda a, b: mt.where(a > 0, (a > 0) ** 2, a).sum(),
}


@pytest.mark.parametrize(
    "dtypes", ["fd", *(pytest.param(x, marks=pytest.mark.acceptance) for x in ("ff", "df", "dd"))]
)
@pytest.mark.parametrize("what", WEAK)
def test_numbers_and_whole_ones_give_the_dtype_that_numpy_gives(what, dtypes, jax):
    leaves = mixed(*dtypes)
    with mt.record_constants():
        result = WEAK[what](*leaves)
    written = program(result, xp="jax.numpy")
    function, inputs = run(written.text()), dict(written.inputs())
    value, gradients = jax.tree.map(np.asarray, function(**inputs))
    found, right = kinds((value, gradients), result)
    assert found == right, written.text()
    np.testing.assert_allclose(value, result.numpy(), rtol=1e-3)
    result.backward()
    for leaf in leaves:
        if leaf.name in gradients:
            right = 0 if leaf.grad is None else leaf.grad
            np.testing.assert_allclose(gradients[leaf.name], right, rtol=1e-3, atol=1e-4)
    assert kinds(jax.eval_shape(function, **inputs), result) == (found, found)


def test_what_no_gradient_reaches_has_a_gradient_of_0():
    x, w = (mt.Tensor([1.0, -2.0], requires_grad=True, name=name) for name in "xw")
    y = mt.Tensor(3.0, requires_grad=True, name="y")
    with mt.record_constants():
        results = [mt.where(x > 0, w, 2 * w).sum() + y, ((y - x.detach()) ** 2).sum() + w.sum()]
    for result in results:
        value, gradients = run(mt.to_source(result))(x=x.data, w=w.data, y=y.data)
        result.backward()
        assert value == result.item()
        for leaf in (x, w, y):
            right = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
            np.testing.assert_array_equal(gradients[leaf.name], right)
            leaf.grad = None
    assert "dx = np.zeros_like(x)" in mt.to_source(results[0], "x")


def test_whole_numbers_are_multiplied_in_the_order_in_which_they_were():
    x = mt.Tensor([1.0, 2.0], requires_grad=True, name="x")
    for plain in (np.array([100, 100], np.int8), np.array([200, 200], np.uint8), x.data > 0):
        with mt.record_constants():
            i = mt.Tensor(plain, name="i")
            for result in (
                ((i * 3.0) * x).sum() + ((i * 3.0) * x * 1.0).sum(),
                -(i * 0.5 * x).sum() + (-(i * x)).sum(),
                (x * -(i * x)).sum() - (x * (i * 0.5 * 2.0)).sum(),
                (x * (-1.0 * i)).sum() + (x * i / 4).sum() + (x * i / 4).sum(),
            ):
                function = run(mt.to_source(result))
                value, gradients = function(i=plain, x=x.data)
                close(value, result.numpy())
                close(gradients["x"], mt.grad(result, x).numpy())


# How it reads -----------------------------------------------------------------------------------


def body(text):
    """The function of a program, without its docstring and the helpers."""
    lines = text[text.index("_and_gradients(") :].splitlines()
    ends = [i for i, line in enumerate(lines) if line.strip() == '"""']
    return "\n".join(line.strip() for line in lines[ends[0] + 1 :] if line.strip())


def test_long_lists_are_written_as_a_formatter_leaves_them():
    leaves = [mt.Tensor(1.0, requires_grad=True, name=f"parameter{i}") for i in range(7)]
    text = mt.to_source(sum(leaf * leaf for leaf in leaves))
    assert (
        """
def L_and_gradients(
    parameter0, parameter1, parameter2, parameter3, parameter4, parameter5, parameter6
):
"""
        in text
    )
    assert text.endswith("""
    gradients = {
        "parameter0": dparameter0,
        "parameter1": dparameter1,
        "parameter2": dparameter2,
        "parameter3": dparameter3,
        "parameter4": dparameter4,
        "parameter5": dparameter5,
        "parameter6": dparameter6,
    }
    return L, gradients
""")


def classifier(dims=(12, 4, 3, 1), count=8, dtype=np.float64):
    rng = np.random.default_rng(0)
    model = nn.CatClassifier(dims, rng=1, dtype=dtype)
    X = mt.Tensor(rng.uniform(size=(count, dims[0])), name="X", dtype=dtype)
    y = (np.arange(count) % 2)[:, None]
    cost = nn.BCELoss()(model(X), y)
    cost.name = "cost"
    return model, X, y, cost


def test_the_cat_classifier_is_a_program_for_a_textbook():
    *_, cost = classifier()
    text = mt.to_source(cost)
    assert text.startswith(
        '"""cost, forward and backward. Written by microtensor."""\n\nimport numpy as np\n\n\n'
        'def sigmoid(x):\n    """1 / (1 + exp(-x)), without overflow."""\n'
    )
    assert (
        '''
def cost_and_gradients(X, y, W1, b1, W2, b2, W3, b3):
    """The cost and its gradients, by name.

    Data: X (8, 12), y (8, 1).
    Parameters: W1 (4, 12), b1 (4,), W2 (3, 4), b2 (3,), W3 (1, 3), b3 (1,).
    """
'''
        in text
    )
    assert (
        body(text)
        == """m = len(y)
# Layer 1
Z1 = X @ W1.T + b1  # (8, 4)
A1 = np.maximum(Z1, 0)
# Layer 2
Z2 = A1 @ W2.T + b2  # (8, 3)
A2 = np.maximum(Z2, 0)
# Layer 3
Z3 = A2 @ W3.T + b3  # (8, 1)
A3 = sigmoid(Z3)
# BCELoss
cost = -np.mean(y * np.log(A3) + (1 - y) * np.log(1 - A3))
# Backward through BCELoss
dA3 = ((1 - y) / (1 - A3) - y / A3) / m
# Backward through layer 3
dZ3 = dA3 * A3 * (1 - A3)
dW3 = dZ3.T @ A2
db3 = np.sum(dZ3, axis=0)
dA2 = dZ3 @ W3
# Backward through layer 2
dZ2 = np.where(A2 > 0, dA2, 0)
dW2 = dZ2.T @ A1
db2 = np.sum(dZ2, axis=0)
dA1 = dZ2 @ W2
# Backward through layer 1
dZ1 = np.where(A1 > 0, dA1, 0)
dW1 = dZ1.T @ X
db1 = np.sum(dZ1, axis=0)
return cost, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}"""
    )


def test_a_mean_over_columns_too_divides_by_the_size():
    x, y = leaf("x", 4, 2), mt.Tensor(np.ones((4, 2)), name="y")
    text = mt.to_source(nn.MSELoss()(x, y))
    assert "n = y.size" in text
    assert "dx = 2 * t1 / n" in text
    close(run(text)(x=x.data, y=y.data)[1]["x"], (x.data - 1) / 4)


HALVES = {
    "a bias": lambda b: (np.ones((5000, 2), np.float16) + b).sum() / 100,
    "squares": lambda b: np.square(np.ones((5000, 2), np.float16) * b).sum(axis=0).mean(),
    "a product": lambda b: (np.ones((70_000, 2), np.float16) @ b).mean(),
    "divided first": lambda b: (np.ones((70_000, 2), np.float16) * b / 60_000).sum(),
    "a variance": lambda b: (np.ones((5000, 2), np.float16) * b).var(),
    "a deviation": lambda b: (np.ones((5000, 2), np.float16) * b).std(),
    "in the end": lambda b: (np.ones((5000, 2), np.float16) * b / 1000).cumsum().max(),
    "a product of all": lambda b: (np.ones((3000, 2), np.float16) * b / b).prod(),
    "summed up": lambda b: mt.einsum("ij,j->", np.ones((5000, 2), np.float16), b),
    "softmax": lambda b: (mt.softmax(np.ones((5000, 2), np.float16) * b, axis=0) ** 0.5).sum(),
    "its logarithm": lambda b: mt.log_softmax(np.ones((5000, 2), np.float16) * b, axis=0).mean(),
    "logsumexp": lambda b: mt.logsumexp(np.ones((5000, 2), np.float16) * b, axis=0).sum(),
    "one entry often": lambda b: b[np.zeros(5000, int)].sum() + b[1],
    "a loss": lambda b: nn.MSELoss()(np.ones((70_000, 2), np.float16) * b, np.zeros((70_000, 2))),
}


@pytest.mark.parametrize("xp", ["numpy", JAX])
@pytest.mark.parametrize("what", HALVES)
def test_sums_of_halves_lose_no_more_than_the_engine(what, xp, jax):
    b = mt.Tensor(np.array([0.5, 0.75], np.float16), True, name="b")
    with np.errstate(all="ignore"):
        result = HALVES[what](b)
        written = program(result, xp=xp)
        value, gradients = run(written.text())(**dict(written.inputs()))
        wanted = mt.grad(result, b)
    for found, right in ((value, result), (gradients["b"], wanted)):
        assert np.asarray(found).dtype == right.dtype
        close(np.asarray(found, float), right.numpy().astype(float), 3e-3)


@pytest.mark.parametrize("xp", ["numpy", "jax.numpy"])
def test_bools_are_numbers_and_long_doubles_are_refused(xp, jax):
    s, v = mt.Tensor(2.0, True, name="s"), mt.Tensor([1.0, 2.0], True, name="v")
    for f in (
        lambda: s * True, lambda: True * s + True, lambda: s * False, lambda: -(True * s),
        lambda: s / True, lambda: s**True, lambda: s - True, lambda: mt.maximum(s, True),
        lambda: s * np.True_, lambda: (v * True).sum(), lambda: (v * [True, False]).sum(),
        lambda: (True * v * s).mean(), lambda: mt.where(True, s, 2 * s),
    ):  # fmt: skip
        result = f()
        written = program(result, xp=xp)
        value, gradients = run(written.text())(**dict(written.inputs()))
        close(np.asarray(value), result.numpy())
        for leaf in (s, v):
            if leaf.name in gradients:
                close(np.asarray(gradients[leaf.name]), mt.grad(result, leaf).numpy())
    long = np.array([1, 2], np.longdouble) / 3
    for result, name in (
        ((v * long).sum(), "x"),
        ((v * mt.Tensor(long, name="q")).sum(), "q"),
        (s * long[0], "0.3333"),
        ((mt.Tensor(long, True, name="g") ** 2).sum(), "g"),
    ):
        with pytest.raises(TypeError, match=f"^to_source: '{name}' is a longdouble, and.*float64$"):
            mt.to_source(result, xp=xp)


def test_single_precision_stays():
    model, X, y, cost = classifier(dtype=np.float32)
    text = mt.to_source(cost)
    assert "They are float32." in text
    arguments = {p.name: p.data for p in model.parameters()}
    value, gradients = run(text)(X.data, y.astype(np.float32), **arguments)
    cost.backward()
    assert value.dtype == np.float32
    for p in model.parameters():
        assert gradients[p.name].dtype == np.float32
        close(gradients[p.name], p.grad, 1e-6)


def neuron():
    w = mt.Tensor(2.0, requires_grad=True)
    b = mt.Tensor(0.5, requires_grad=True)
    x = mt.Tensor(-1.0)
    L = (w * x + b).sigmoid().log()
    return {"w": w, "b": b, "x": x, "L": L}


def test_a_neuron():
    names = neuron()
    assert (
        body(mt.to_source(names["L"], names=names))
        == """# Forward
z = w * x + b
a = sigmoid(z)
L = np.log(a)
# Backward
da = 1 / a
dz = da * a * (1 - a)
dw = dz * x
db = dz
return L, {"w": dw, "b": db}"""
    )


def test_gradients_of_what_is_asked_for():
    names = neuron()
    L, w = names["L"], names["w"]
    names["z"] = z = L._inputs[0]._inputs[0]
    for wrt in (w, "w", [w], ("w", w)):
        text = mt.to_source(L, wrt, names)
        assert 'return L, {"w": dw}' in text
        assert "db" not in text
    text = mt.to_source(L, [z, "b"], names)
    assert 'return L, {"z": dz, "b": db}' in text
    value, gradients = run(text)(x=-1.0, w=2.0, b=0.5)
    L.backward()
    assert gradients["z"] == gradients["b"] == pytest.approx(float(names["b"].grad), rel=1e-12)
    assert value == pytest.approx(L.item(), rel=1e-12)
    assert "def L_" in mt.to_source((w * 1.0).sum(), [])


def test_values_without_a_name_can_be_asked_for():
    x = mt.Tensor([1.0, 2.0], requires_grad=True, name="x")
    y = x * x
    text = mt.to_source((y * 3).sum(), y)
    assert "t1 = x * x" in text
    assert 'return L, {"t1": dt1}' in text
    assert (run(text)(x=x.data)[1]["t1"] == 3).all()


def test_half_precision_stays():
    x = mt.Tensor([1.0, 2.0], requires_grad=True, name="x", dtype=np.float16)
    result = (x * mt.Tensor(0.1, dtype=np.float16) * np.float32(0.3)).mean()
    value, gradients = run(mt.to_source(result))(x=x.data)
    result.backward()
    assert (value, value.dtype) == (result.item(), result.dtype)
    assert gradients["x"].dtype == np.float16
    np.testing.assert_array_equal(gradients["x"], x.grad)


def refused(message, *arguments, error=ValueError, **options):
    with pytest.raises(error) as raised:
        mt.to_source(*arguments, **options)
    assert str(raised.value) == message


def test_what_is_wrong_is_said_in_one_line():
    names = neuron()
    L = names["L"]
    known = "'w', 'b', 'x', 'L'"
    refused("to_source: no value is called 'v'; there are " + known, L, "v", names)
    refused("to_source: 'x' is a constant, and has no gradient", L, "x", names)
    other = mt.Tensor([1.0, 2.0], name="other")
    refused("to_source: the result wasn't computed from (2,) 'other'", L, other)
    refused("to_source: wrt is tensors or names, got int", L, [3], error=TypeError)
    refused("to_source: xp is 'numpy' or 'jax.numpy', got 'torch'", L, xp="torch")
    refused(
        "to_source: expected a tensor, got float; give the tensor itself: what .item(), .data or "
        "NumPy give has no record",
        3.0,
        error=TypeError,
    )
    with pytest.raises(mt.GradientError, match="to_source: the output 'other' is a constant"):
        mt.to_source(other)
    with pytest.raises(mt.GradientError, match=r"to_source: .* isn't a scalar"):
        mt.to_source(mt.Tensor([1.0, 2.0], requires_grad=True) * 2)


def test_operations_of_ones_own_are_written_out_or_refused():
    x = mt.Tensor([1.0, -2.0], requires_grad=True, name="x")
    swish = mt.primitive(
        "swish",
        lambda x: x / (1 + np.exp(-x)),
        lambda g, out, x: g * (out + (1 - out) / (1 + np.exp(-x))),
    )
    text = mt.to_source(swish(x).sum())
    gradients = run(text)(x=np.array([3.0, 4.0]))[1]
    y = mt.Tensor([3.0, 4.0], requires_grad=True)
    swish(y).sum().backward()
    close(gradients["x"], y.grad)
    loop = mt.primitive(
        "loop", lambda x: np.array([float(v) ** 2 for v in x]), lambda g, out, x: 2 * g * x
    )
    message = "to_source: 'loop' isn't written in NumPy's functions, so it can't be written down"
    refused(message, loop(x).sum(), error=TypeError)
    unwrap = mt.primitive("unwrap", lambda x: np.array(x.tolist()), lambda g, out, x: g)
    refused(message.replace("loop", "unwrap"), unwrap(x).sum(), error=TypeError)  # not NumPy's
    slope = mt.primitive("slope", lambda x: x * x, lambda g, out, x: [float(v) for v in x] * g)
    message = "to_source: the derivative of 'slope' isn't written in NumPy's functions"
    refused(message, slope(x).sum(), error=TypeError)


def test_names_become_identifiers():
    given = ["2nd layer", "sum", "np", "lambda", "σ", "a-b", "a b", "loss", "len", "é", "", "W.T"]
    leaves = [mt.Tensor(float(i), requires_grad=True, name=n) for i, n in enumerate(given)]
    total = sum(leaf * (i + 1.0) for i, leaf in enumerate(leaves))
    total.name = "import"
    text = mt.to_source(total * total)
    function = run(text)
    value, gradients = function(*(leaf.data for leaf in leaves))
    assert value == (total * total).item()
    assert list(gradients) == [
        "_2nd_layer", "sum_", "np_", "lambda_", "σ", "a_b", "a_b_2", "loss", "len_", "é",
        "w", "W_T",
    ]  # fmt: skip
    assert "import_ = " in text


def test_a_graph_too_large_to_read_is_refused_before_it_is_read(monkeypatch):
    x = mt.Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20_001):
        y = y + x
    message = "to_source: 20001 operations make no program to read; at most 20000 are written"

    def read(*arguments, **options):
        raise AssertionError("it was read before it was refused")

    monkeypatch.setattr(mt.Graph, "of", read)
    refused(message, y)


@pytest.mark.parametrize("n", [1100, pytest.param(2500, marks=pytest.mark.acceptance)])
def test_a_long_chain_is_written_without_recursion(n):
    x = mt.Tensor(0.5, requires_grad=True, name="x")
    y = x
    for _ in range(n):
        y = y * x + 0.5
    value, gradients = run(mt.to_source(y))(x=np.float64(0.25))
    z = mt.Tensor(0.25, requires_grad=True)
    w = z
    for _ in range(n):
        w = w * z + 0.5
    w.backward()
    close(value, w.numpy())
    close(gradients["x"], z.grad)


# The cat classifier -----------------------------------------------------------------------------

PROGRAMS = Path(__file__).parent.parent / "examples" / "programs"


def trained(function, model, X, y, iterations, rate=0.0075):
    """The costs of gradient descent with a program, from the model's first weights."""
    weights = {p.name: p.data.copy() for p in model.parameters()}
    costs = []
    for _ in range(iterations):
        cost, gradients = function(X, y, **weights)
        costs.append(cost)
        for name, g in gradients.items():
            weights[name] -= rate * g
    return costs


@pytest.mark.parametrize(
    ("xp", "name"), [("numpy", "cat_classifier.py"), ("jax.numpy", "cat_classifier_jax.py")]
)
def test_the_program_in_examples_is_what_is_written(xp, name):
    *_, cost = classifier((12288, 20, 7, 5, 1), 209)
    assert (PROGRAMS / name).read_text() == mt.to_source(cost, xp=xp)


@pytest.mark.parametrize("iterations", [3, pytest.param(25, marks=pytest.mark.acceptance)])
def test_training_with_the_program_gives_the_engines_costs(iterations):
    cats = nn.datasets.drawn_cats()
    X, y = cats.train_images / 255, cats.train_labels
    function = run((PROGRAMS / "cat_classifier.py").read_text())
    model = nn.CatClassifier(rng=1)
    costs = trained(function, model, X, y, iterations)
    history = nn.fit(model, X, y, iterations=iterations, print_every=None, progress=False)
    np.testing.assert_allclose(costs, history.costs, rtol=1e-11, atol=0)


@pytest.mark.acceptance
def test_training_with_the_program_gives_the_tutorials_costs():
    """Those of 500 iterations: the engine's agree with them to the end."""
    folder = os.environ.get("MICROTENSOR_CATS")
    if not folder:
        pytest.skip("MICROTENSOR_CATS names no folder with the four CSV files of the cat pictures")
    cats = nn.datasets.load_cats(folder)
    function = run((PROGRAMS / "cat_classifier.py").read_text())
    model = nn.CatClassifier(rng=1)
    costs = trained(function, model, cats.train_images / 255, cats.train_labels, 501)
    np.testing.assert_allclose(costs[::100], COSTS[:6], rtol=0, atol=1e-9)


def backward(text):
    """The lines between the word and the return."""
    return body(text).partition("# Backward\n")[2].rpartition("\nreturn")[0]


def leaf(name, *shape):
    return mt.Tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True, name=name)


def test_what_is_needless_is_left_out():
    a, c, x, y = leaf("a"), leaf("c"), leaf("x", 4, 3), leaf("y", 4, 3)
    assert backward(mt.to_source(a * a + a * c)) == "da = c + 2 * a\ndc = a"
    assert backward(mt.to_source(0.01 * (x * x).sum())) == "dx = 0.02 * x"
    lines = backward(mt.to_source(a * c + a * c / 3 + a * c))
    assert lines == "da = c + c / 3 + c\ndc = a + a / 3 + a"
    assert backward(mt.to_source(-(a - c) * 3)) == "da = -3.0\ndc = 3.0"
    assert backward(mt.to_source(a - c / 4 - c / 4)) == "da = 1.0\ndc = -0.5"
    assert backward(mt.to_source(x.sum() * 2)) == "dx = np.full_like(x, 2)"
    assert backward(mt.to_source((x.T.T * y).mean())) == "dx = y / 12\ndy = x / 12"
    assert backward(mt.to_source((1 - x).square().sum())) == "dx = -2 * (1 - x)"
    assert backward(mt.to_source((-x / 3 - y / 3).exp().sum())) == "dx = -t5 / 3\ndy = dx"
    twice = mt.to_source((np.sin(x) * np.sin(x)).sum())
    assert twice.count("np.sin") == 1


def test_orders_of_axes_are_put_together():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    text = check(lambda x: x.transpose(1, 2, 0).transpose(1, 0, 2) * 2, [x])
    assert (text.count(".T"), text.count("transpose")) == (2, 0)  # one there, one back
    text = check(lambda x: x.transpose(1, 2, 0).transpose(2, 0, 1) * 2, [x])
    assert (text.count(".T"), text.count("transpose")) == (0, 0)


def test_a_column_keeps_its_axis_and_a_vector_its_product():
    x, b = leaf("x", 4, 3), leaf("b", 4, 1)
    assert backward(mt.to_source((x * b).sum())).endswith("db = np.sum(x, axis=1, keepdims=True)")
    assert "db = -np.sum(x, axis=1, keepdims=True) / 12" in mt.to_source(-(x * b).mean())
    row = leaf("row", 3)
    lines = backward(mt.to_source((x + row).sum()))
    assert lines == "dx = np.ones_like(x)\ndrow = np.full_like(row, 4)"
    s = leaf("s")
    assert (
        backward(mt.to_source((x * s).sum())) == "dx = np.broadcast_to(s, (4, 3))\nds = np.sum(x)"
    )
    w, v = leaf("w", 3), leaf("v", 4)
    lines = backward(mt.to_source(((x @ w) * v).sum()))
    assert lines == "dx = v[:, None] * w\ndw = v @ x\ndv = z"
    lines = backward(mt.to_source(((v @ x) * w).sum()))
    assert "dv = x @ w" in lines
    assert "dx = v[:, None] * w[None, :]" in lines


def test_arrays_with_a_name_and_large_ones_are_parameters_and_small_ones_stand_in_the_text():
    x = leaf("x", 6, 2)
    rows, mask = np.array([0, 0, 3]), np.arange(12.0).reshape(6, 2)
    text = mt.to_source((x * mask)[rows].sum() + (x * np.array([1.0, 2.0])).sum(), names=vars_of(
        rows=rows, mask=mask
    ))  # fmt: skip
    assert "def L_and_gradients(mask, rows, x):" in text
    assert "np.array([1.0, 2.0])" in text
    text = mt.to_source(x[:, [0, 0, 1]].sum())
    assert "x[:, np.array([0, 0, 1])]" in text
    text = mt.to_source(x[np.arange(6) % 5 == 0].sum() * 1 + x[[5, 4, 3, 2, 1, 0, 0, 0, 0]].sum())
    assert "def L_and_gradients(mask, x_2, x):" in text


def vars_of(**names):
    return names


def test_unnamed_values_are_called_as_a_person_would():
    rng = np.random.default_rng(0)
    W, b = (mt.Tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 2), (3,)))
    X = rng.normal(size=(5, 2))
    text = mt.to_source(np.tanh(X @ W.T + b).sum())
    assert "def L_and_gradients(X, W, b):" in text
    assert "Z = X @ W.T + b  # (5, 3)\n    A = np.tanh(Z)\n    L = np.sum(A)\n" in text
    h = X[:, :1]
    for _ in range(3):
        h = np.tanh(h @ mt.Tensor(np.ones((1, 1)), requires_grad=True))
    assert "Z3 = A2 @ W3" in mt.to_source(h.sum())
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 3, rng=1), nn.ReLU(), nn.Linear(3, 1, rng=1))
    text = mt.to_source(nn.MSELoss()(model(X), X[:, :1]))
    assert [line.strip() for line in text.splitlines() if "# " in line and "=" not in line] == [
        "# Layer 1", "# Layer 2", "# MSELoss", "# Backward through MSELoss",
        "# Backward through layer 2", "# Backward through layer 1",
    ]  # fmt: skip


def test_numbers_are_no_wider_and_no_larger_than_in_the_engine():
    single, other = (np.random.default_rng(k).normal(size=999).astype(np.float32) for k in (0, 1))
    w = mt.Tensor(single, requires_grad=True, name="w")
    result = (w * mt.Tensor(other, name="v") / 3).mean() + mt.Tensor(1.0, name="wide")
    value, gradients = run(mt.to_source(result))(v=other, wide=np.float64(1.0), w=single)
    result.backward()
    assert value.dtype == np.float64
    assert (gradients["w"] == w.grad).all()  # g is in double precision until the end
    x = mt.Tensor([1.0, 2.0], requires_grad=True, name="x")
    small = np.array([1e-300, 2e-300])
    text = mt.to_source((x * 1e200 * mt.Tensor(small, name="small") * 1e200).sum())
    close(run(text)(small=small, x=x.data)[1]["x"], [1e100, 2e100])


def test_division_by_zero_and_means_of_nothing():
    with np.errstate(all="ignore"):
        x = mt.Tensor(1.0, requires_grad=True, name="x")
        assert run(mt.to_source(x / 0))(x=np.float64(2.0)) == (np.inf, {"x": np.inf})
        assert run(mt.to_source(-x / 0 / 3))(x=np.float64(2.0)) == (-np.inf, {"x": -np.inf})
        nothing = mt.Tensor(np.zeros((0, 2)), requires_grad=True, name="x")
        y = mt.Tensor(np.zeros((0, 2)), name="y")
        with pytest.warns(RuntimeWarning, match="empty"):
            result = (nothing * y).mean()
            text = mt.to_source(result)
            value, gradients = run(text)(y=np.zeros((0, 2)), x=np.zeros((0, 2)))
        assert np.isnan(value)
        assert gradients["x"].shape == (0, 2)


def test_a_leaf_alone_and_numbers_of_any_kind():
    x = mt.Tensor(3.0, requires_grad=True, name="x")
    assert run(mt.to_source(x))(x=np.float64(2.0)) == (2.0, {"x": 1.0})
    single = mt.Tensor(3.0, requires_grad=True, name="x", dtype=np.float32)
    value, gradients = run(mt.to_source(single * 0.1))(x=np.float32(2.0))
    assert value == np.float32(2.0) * np.float32(0.1)
    assert gradients["x"].dtype == np.float32
    both = (single * mt.Tensor([1.0, 2.0], name="y")).sum()  # float64 from float32
    value, gradients = run(mt.to_source(both))(x=np.float32(2.0), y=np.array([0.1, 0.2]))
    both.backward()
    assert (value.dtype, gradients["x"].dtype) == (np.float64, np.float32)
    rows = mt.Tensor([[1.0, 2.0]], requires_grad=True, name="rows")
    value, gradients = run(mt.to_source(rows @ rows.T))(rows=rows.data)
    assert value.shape == (1, 1)
    close(gradients["rows"], 2 * rows.data)


def test_a_negative_product_stands_in_brackets_where_it_has_to():
    x = np.random.default_rng(0).normal(size=(2, 2))
    text = check(lambda x: np.ones((2, 2)) @ -(2.5 * x), [x])
    assert "@ (-2.5 * v0)" in text


def test_the_cross_entropy_of_labels_takes_other_batches_too():
    rng = np.random.default_rng(0)
    model = nn.Linear(4, 3, rng=1)
    X, labels = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    loss = nn.CrossEntropyLoss()
    text = mt.to_source(loss(model(X), labels), names={"X": X, "labels": labels})
    assert (
        body(text)
        == """m = len(X)
# Linear
Z1 = X @ weight.T + bias  # (12, 3)
# CrossEntropyLoss
A1 = log_softmax(Z1)
L = -np.mean(A1[np.arange(m), labels])
# Backward through CrossEntropyLoss
dA1 = put(-1 / m, (np.arange(m), labels), A1.shape)
dZ1 = dA1 - np.sum(dA1, axis=-1, keepdims=True) * np.exp(A1)
# Backward through Linear
dweight = dZ1.T @ X
dbias = np.sum(dZ1, axis=0)
return L, {"weight": dweight, "bias": dbias}"""
    )
    weights = {p.name: p.data for p in model.parameters()}
    value, gradients = run(text)(X[:5], labels[:5], **weights)
    expected = loss(model(X[:5]), labels[:5])
    expected.backward()
    close(value, expected.numpy())
    for p in model.parameters():
        close(gradients[p.name], p.grad)


def test_an_arange_that_goes_over_no_rows_of_the_data_keeps_its_length():
    X, W = mt.Tensor(np.ones((9, 4)), name="X"), leaf("W", 4, 9)
    columns = np.arange(9)
    text = mt.to_source((X @ W)[columns[::-1], columns].mean(), names={"X": X})
    assert "len(X)" not in text
    assert "np.arange(m)" not in text
    text = mt.to_source((W[:, columns] * 2).mean())
    assert "np.arange(9)" in text
    text = mt.to_source(W.T[columns, columns % 4].mean())  # W's rows are no examples
    assert "np.arange(9)" in text


def test_a_mean_of_a_product_divides_by_the_rows_of_the_data():
    X, w, V = mt.Tensor(np.ones((5, 4)), name="X"), leaf("w", 4), leaf("V", 5, 4)
    assert "m = len(X)" in mt.to_source(np.tanh(X @ w).mean())
    assert "len(" not in mt.to_source((V @ w).mean())
    assert "len(" not in mt.to_source((w @ X.T).mean())
    A, x = leaf("A", 5, 5), mt.Tensor(np.ones(5), name="x")
    assert "len(" not in mt.to_source((A @ X @ w).mean())  # A's rows, as many by chance
    assert "len(" not in mt.to_source((x @ A).mean())


def test_what_is_put_back_has_the_shape_of_what_was_indexed():
    x, y, single = leaf("x", 4, 3), leaf("y", 5, 3), mt.Tensor(np.ones(4, np.float32), True)
    text = check(lambda x, y: x[1] * y[2:3] + x[[0, 0]].sum(), [x.data, y.data])
    assert "v0.shape" in text
    assert "v1.shape" in text
    single.name = "single"
    text = mt.to_source(single[[0, 0, 1]].sum())
    gradient = run(text)(single=single.data, x=[0, 0, 1])[1]["single"]
    assert (gradient == [2, 1, 0, 0]).all()
    assert gradient.dtype == np.float32
    assert "put(1.0, x_2, x.shape)" in mt.to_source(x[[0, 0, 1]].sum())


def test_products_added_up_with_a_bias_are_one_line():
    Wx, Wh, b = leaf("Wx", 3, 2), leaf("Wh", 2, 2), leaf("b", 2)
    h = np.zeros((5, 2))
    for name in ("x", "y"):
        h = np.tanh(mt.Tensor(np.ones((5, 3)), name=name) @ Wx + h @ Wh + b)
    text = mt.to_source(h.sum())
    assert "Z2 = y @ Wx + A1 @ Wh + b\n    A2 = np.tanh(Z2)\n" in text


def test_numbers_are_written_as_a_person_would():
    x, y = leaf("x", 4, 3), leaf("y", 4, 3)
    text = check(lambda x: np.exp(x / np.sqrt(3)), [x.data])
    assert "np.exp(v0 / 3**0.5)" in text
    assert "(3**0.5) ** v0" in check(lambda x: np.sqrt(3) ** x, [x.data])
    assert backward(mt.to_source((0.1 * x.exp() - 0.1 * x).sum())) == "dx = t2 - 0.1"
    assert "g1 = t1 / 6\n" in mt.to_source((x * y).square().mean())
    assert backward(mt.to_source(((x - y) ** 2).mean())) == "dx = t1 / 6\ndy = -dx"


def test_what_was_computed_unrecorded_is_never_a_constant_of_the_program():
    X = mt.Tensor([[1.0, -2.0], [0.5, 3.0]], name="X")
    w = mt.Tensor([0.3, 0.4], requires_grad=True, name="w")

    def huber():
        r = X @ w
        far = r * X.mean() > r.detach() * 0.1
        return mt.where(far, r, r * r).sum()

    L = huber()
    text = mt.to_source(L)
    assert "def L_and_gradients(X, mask, w):" in text
    assert "    Data: X (2, 2), mask (2,).\n" in text
    said = "    mask: computed before, unrecorded: compute it anew for other data.\n"
    assert said in text
    with mt.record_constants():
        recorded = huber()
    text = mt.to_source(recorded)
    assert "mask" not in text and "unrecorded" not in text
    space = {}
    exec(text, space)
    X.data = w.data * [[3.0], [-2.0]]
    with mt.record_constants():
        again = huber()
    again.backward()
    value, gradients = space["L_and_gradients"](X.data, w.data)
    assert value == pytest.approx(again.item(), rel=1e-12)
    assert gradients["w"] == pytest.approx(w.grad, rel=1e-12)

    for made in (X.mean(), X[0], w.detach(), X @ np.ones(2)):
        assert "unrecorded" in mt.to_source((w * made).sum())
    for plain in (mt.Tensor(2.0), 2.0, np.array([1.0, 2.0]), mt.Tensor([1.0, 2.0])):
        assert "unrecorded" not in mt.to_source((w * plain).sum())


@pytest.mark.parametrize("number", [1.23456789e200, -1.23456789e200, 1.23456789e-200, -(3**0.5)])
def test_numbers_of_any_size_are_written_as_they_are(number):
    w = mt.Tensor([1.0, 2.0], requires_grad=True, name="w")
    assert f"w * {number!r}" in mt.to_source((w * number).sum())


@pytest.mark.parametrize("factor", [-1e9, -3e-9, 1 / 3, -7.0, 1e6, 1e12])
def test_numbers_in_front_of_a_mean_stay_factors(factor):
    u = mt.Tensor([[0.1, 0.2, -0.3], [0.4, 1.0, 2.0]], requires_grad=True, name="u")
    cost = (factor * mt.sigmoid(u)).mean()
    cost.backward()
    space = {}
    exec(mt.to_source(cost), space)
    value, gradients = space["L_and_gradients"](u.data)
    assert value == pytest.approx(cost.item(), rel=1e-12)
    assert gradients["u"] == pytest.approx(u.grad, rel=1e-12)


def test_a_forward_value_that_is_a_gradient_too_keeps_its_own_name():
    w = mt.Tensor([1.0, 2.0], requires_grad=True, name="w")
    e = mt.exp(w)
    square = e * e
    text = mt.to_source(square.sum() / 2, names={"square": square})
    assert "    square = t1 * t1\n" in text and "    dw = square\n" in text
    text = mt.to_source(mt.square(mt.relu(w * 2.0) - 1).mean())  # 2 / 2 is gone
    assert "\n    d" not in text.partition("# Backward")[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("b", [3, 4, 5, 8, -2, -5, 3.0])
def test_small_whole_powers_are_multiplied(b, dtype):
    x = mt.Tensor([-1.5, 2.0, -0.3], requires_grad=True, name="x", dtype=dtype)
    result = (np.tanh(x) ** b).sum()
    text = mt.to_source(result)
    lines = text[text.index("# Forward") :].replace("**2", "")
    assert "**" not in lines, text
    value, gradients = run(text)(x=x.data)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    close(value, result.numpy(), tolerance)
    close(gradients["x"], mt.grad(result, x).numpy(), tolerance)


A = np.random.default_rng(0).normal(size=(3, 4, 2))
SEQUENCES = [
    ((0, 0),),
    (slice(None), (0, 0, 2)),
    ((0, 0), (1, 1)),
    (1, (0, 1, 1)),
    ([0, 0], (1, 1)),
    ((True, False, True),),
    ((),),
    (),
    range(2),
    (range(2), range(2)),
    bytearray(b"\0\0"),
    memoryview(b"\0\1\1"),
    (memoryview(b"\0\0"), 1),
    ((0, 1), None, [0, 0]),
    (np.array([True, False, True]), 0),
    (slice(None), np.array([True, False, True, False]), (0,)),
    (slice(np.int64(0), np.int64(2)), slice(None, None, -1)),
    np.array([0, 2], np.uint8),
    (..., (0, 0, 1)),
]


@pytest.mark.parametrize("xp", ["numpy", JAX])
@pytest.mark.parametrize("where", SEQUENCES)
def test_sequences_in_an_index_are_the_arrays_that_numpy_makes_of_them(where, xp, jax):
    x = mt.Tensor(A, requires_grad=True, name="x")
    result = np.square(x[where]).sum()
    written = program(result, xp=xp)
    value, gradients = run(written.text())(**dict(written.inputs()))
    g = np.zeros_like(A)
    np.add.at(g, where, 2 * A[where])
    close(np.asarray(value), np.square(A[where]).sum())
    close(np.asarray(gradients["x"]), g)
    if xp == "jax.numpy":
        jax.jit(run(written.text()))(**dict(written.inputs()))
