"""Every rule at every case of the table: its value, its derivative, and that one's derivative.

The differences are taken here, by other means than `check_gradients` uses, which looks as well.
"""

import warnings

import numpy as np
import pytest
from cases import CASES, CONSTANT, first_of_each_rule

import microtensor as mt
from microtensor.rules import RULES  # the subject: every rule, and each derivative alone

STEP = 1e-3
TOLERANCE = 1e-6
NAMES = [c.name for c in CASES]


def leaves(arrays):
    return [mt.Tensor(x, requires_grad=True) for x in arrays]


def differences(f, arrays):
    """The gradients of f(*arrays), a number, by differences of the fourth order.

    f'(x) = (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h + O(h^4)
    """
    arrays = [np.asarray(x) for x in arrays]
    gradients = [np.zeros_like(x) for x in arrays]
    for k, x in enumerate(arrays):
        for entry in np.ndindex(x.shape):
            for steps, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
                moved = [a.copy() for a in arrays]
                moved[k][entry] += steps * STEP
                gradients[k][entry] += weight * f(*moved) / (12 * STEP)
    return gradients


def close(found, expected):
    """Of one shape, and nowhere off by more than the tolerance of the largest entry."""
    assert np.shape(found) == np.shape(expected)
    scale = max(1e-2, np.max(np.abs(expected), initial=0))
    off = np.max(np.abs(found - expected), initial=0)
    assert off <= TOLERANCE * scale, f"off by {off / scale:.3g}"


def gradients_or_zeros(output, inputs):
    """The gradients of a number, and zeros for inputs that it wasn't computed from."""
    found = []
    for x in inputs:
        try:
            found.append(mt.grad(output, x).numpy())
        except mt.GradientError as error:
            assert "wasn't computed from" in str(error)
            found.append(np.zeros(x.shape))
    return found


def check_first_order(case):
    weights = np.random.default_rng(1).uniform(0.5, 1.5, case.value(*case.inputs).shape)
    inputs = leaves(case.inputs)
    found = mt.grad(case.f(*inputs), inputs, weights)

    def number(*arrays):
        return np.sum(case.f(*map(mt.Tensor, arrays)).numpy() * weights)

    expected = differences(number, case.inputs)
    for one, other in zip(found, expected, strict=True):
        close(one.numpy(), other)


def check_second_order(case):
    """The gradients, weighted and added up, are differentiated by the inputs and by the seed."""
    draw = np.random.default_rng(2)
    seed = draw.uniform(0.5, 1.5, case.value(*case.inputs).shape)
    weights = [draw.uniform(0.5, 1.5, x.shape) for x in case.inputs]

    def weighted_gradients(inputs, seed, create_graph):
        first = mt.grad(case.f(*inputs), inputs, seed, create_graph=create_graph)
        total = 0.0
        for d, w in zip(first, weights, strict=True):
            total = total + (d * w).sum()
        return total

    def number(*arrays):
        *inputs, seed = arrays
        return weighted_gradients(leaves(inputs), seed, False).item()

    inputs = leaves((*case.inputs, seed))
    recorded = weighted_gradients(inputs[:-1], inputs[-1], True)
    found = gradients_or_zeros(recorded, inputs)
    expected = differences(number, (*case.inputs, seed))
    for one, other in zip(found, expected, strict=True):
        close(one, other)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_case(rule):
    known = {c.rule for c in CASES + CONSTANT}
    assert rule in known, f"write a case for {rule!r} in tests/cases.py"


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_cases_reach_every_derivative(rule, monkeypatch):
    """Each derivative of each rule is computed, at least once, by a case under the rule's name."""
    called = set()

    def spy(slot, derivative):
        def observed(*arguments, **options):
            called.add(slot)
            return derivative(*arguments, **options)

        return derivative and observed

    def every(*arguments, right=rule.every, **options):
        called.add("every")
        return right(*arguments, **options)

    wanted = {k for k, d in enumerate(rule.derivatives) if d is not None}
    if rule.every:
        wanted = {"every"}
        monkeypatch.setattr(rule, "every", every)
    planted = tuple(spy(k, d) for k, d in enumerate(rule.derivatives))
    monkeypatch.setattr(rule, "derivatives", planted)
    for c in CASES:
        if c.rule == rule.name:
            inputs = leaves(c.inputs)
            output = c.f(*inputs)
            mt.grad(output, inputs, np.ones(output.shape))
    assert called == wanted


@pytest.mark.parametrize("case", CASES + CONSTANT, ids=lambda c: c.name)
def test_value(case):
    result = case.f(*leaves(case.inputs))
    expected = case.value(*case.inputs)
    assert isinstance(result, mt.Tensor)
    assert result.shape == np.shape(expected)
    assert result.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_first_order(case):
    check_first_order(case)


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 2)))
def test_second_order(case):
    check_second_order(case)


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES)))
def test_check_gradients_agrees(case):
    mt.check_gradients(case.f, *case.inputs)


@pytest.mark.parametrize("case", CONSTANT, ids=lambda c: c.name)
def test_comparisons_are_constants(case):
    result = case.f(*leaves(case.inputs))
    assert result.dtype == (int if case.rule == "argsort" else bool)
    assert not result.requires_grad


# Layouts: the same numbers, laid out otherwise --------------------------------------------------


def interleaved(x):
    """Every other entry of a longer tensor."""
    if not x.ndim:
        return np.array([9.0, x[()]]), lambda t: t[1]
    longer = np.full((*x.shape[:-1], 2 * x.shape[-1]), 9.0)
    longer[..., ::2] = x
    return longer, lambda t: t[..., ::2]


def transposed(x):
    return x.T.copy(), lambda t: t.T


def turned(x):
    return np.flip(x).copy(), lambda t: np.flip(t)


def broadcast(x):
    """Two equal copies that are one in memory; the first is taken."""
    return x[None], lambda t: np.broadcast_to(t, (2, *x.shape))[0]


LAYOUTS = [interleaved, transposed, turned, broadcast]


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 2)))
def test_layout_changes_nothing(case):
    inputs = leaves(case.inputs)
    output = case.f(*inputs)
    weights = np.random.default_rng(3).uniform(0.5, 1.5, output.shape)
    expected = mt.grad(output, inputs, weights)
    for layout in LAYOUTS:
        said = layout.__name__
        pairs = [layout(x) for x in case.inputs]
        others = leaves(x for x, _ in pairs)
        other = case.f(*(view(t) for t, (_, view) in zip(others, pairs, strict=True)))
        np.testing.assert_allclose(other.numpy(), output.numpy(), 1e-13, 1e-14, err_msg=said)
        found = mt.grad(other, others, weights)
        for d, e, (_, view) in zip(found, expected, pairs, strict=True):
            np.testing.assert_allclose(view(d).numpy(), e.numpy(), 1e-12, 1e-13, err_msg=said)


def watch_derivatives(monkeypatch, look):
    """Shows `look(d, values)` what each derivative returns, of which values."""

    def spy(derivative):
        def observed(*arguments, **options):
            d = derivative(*arguments, **options)
            look(d, arguments[1:])
            return d

        return observed

    def spy_on_slots(every):
        return lambda *arguments, **options: (
            lambda slot: spy(lambda *_, **__: every(*arguments, **options)(slot))(*arguments)
        )

    for rule in RULES.values():
        planted = tuple(d and spy(d) for d in rule.derivatives)
        monkeypatch.setattr(rule, "derivatives", planted)
        if rule.every:
            monkeypatch.setattr(rule, "every", spy_on_slots(rule.every))


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 2)))
def test_float32_stays_float32(case, monkeypatch):
    inputs = leaves(x.astype(np.float32) for x in case.inputs)
    output = case.f(*inputs)
    assert output.dtype == np.float32
    seen = set()
    watch_derivatives(monkeypatch, lambda d, values: seen.add(d.dtype))
    first = mt.grad(output, inputs, np.ones(output.shape, np.float32), create_graph=True)
    assert [d.dtype for d in first] == [np.float32] * len(first)
    for d in first:
        for x in inputs:
            second = mt.grad(d.sum(), x, create_graph=True)
            assert second.dtype == np.float32
    assert seen <= {np.dtype(np.float32)}


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 3)))
def test_memory_is_its_own(case, monkeypatch):
    """Nothing is written into inputs, values or the seed, and memory may forbid it.

    A derivative returns new memory, or that of g; never that of an input or of the output.
    """
    shared = []

    def look(d, values):
        shared.extend(np.shares_memory(d, v) for v in values if isinstance(v, np.ndarray))

    watch_derivatives(monkeypatch, look)
    inputs = leaves(case.inputs)
    for x in inputs:
        x.data.setflags(write=False)
    output = case.f(*inputs)
    seed = np.ones(output.shape)
    seed.setflags(write=False)
    output.backward(seed)
    assert not any(shared)
    for x, array in zip(inputs, case.inputs, strict=True):
        np.testing.assert_array_equal(x.data, array)
        assert x.grad.flags.writeable
    np.testing.assert_array_equal(seed, 1)


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES, 2)))
def test_backward_twice_adds_the_same_and_a_seed_of_zeros_gives_zeros(case):
    inputs = leaves(case.inputs)
    output = case.f(*inputs)
    seed = np.random.default_rng(4).uniform(0.5, 1.5, output.shape)
    output.backward(seed)
    once = [x.grad.copy() for x in inputs]
    output.backward(seed)
    for x, g in zip(inputs, once, strict=True):
        np.testing.assert_array_equal(x.grad, 2 * g)
    for d in mt.grad(output, inputs, np.zeros(output.shape)):
        np.testing.assert_array_equal(d.numpy(), 0)


# Dtypes -----------------------------------------------------------------------------------------


def test_astype_returns_the_gradient_in_the_first_dtype():
    x = mt.Tensor([1.5, 2.5], requires_grad=True)
    y = x.astype(np.float32)
    assert y.dtype == np.float32
    (y * y).sum().backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_array_equal(x.grad, [3, 5])


def test_astype_to_whole_numbers_passes_no_gradient_on():
    """Rounding is a step: its result is a constant, like a comparison."""
    x = mt.Tensor([1.5, 2.5], requires_grad=True)
    whole = x.astype(int)
    assert whole.tolist() == [1, 2]
    assert not whole.requires_grad


# Kinks and edges, at the very point -------------------------------------------------------------


def slopes(f, *points):
    inputs = [mt.Tensor(p, requires_grad=True) for p in points]
    f(*inputs).sum().backward()
    gradients = [x.grad.tolist() for x in inputs]
    return gradients[0] if len(gradients) == 1 else gradients


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (mt.relu, [-1.0, -0.0, 0.0, 1.0], [0, 0, 0, 1]),
        (mt.absolute, [-1.0, -0.0, 0.0, 1.0], [-1, 0, 0, 1]),
        (lambda x: x.clip(-1.0, 1.0), [-2.0, -1.0, 0.0, 1.0, 2.0], [0, 1, 1, 1, 0]),
        (lambda x: x.max(), [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
        (lambda x: x.min(), [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0]),
        (lambda x: x.max(axis=1), [[2.0, 2.0], [1.0, 3.0]], [[0.5, 0.5], [0, 1]]),
        (lambda x: x.max(axis=0, keepdims=True), [[2.0], [2.0]], [[0.5], [0.5]]),
        (lambda x: np.maximum(x, 0.0), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
        (lambda x: x**0, [0.0, 1.0], [0, 0]),
        (lambda x: x**0.0, [0.0, 1.0], [0, 0]),
        (lambda x: x**1, [0.0, -1.0], [1, 1]),
        (lambda x: x**2, [0.0, -1.0], [0, -2]),
        (lambda x: x ** np.array([0.0, 1.0, 2.0]), [0.0, 0.0, 0.0], [0, 1, 0]),
        (lambda x: x.prod(), [0.0, 3.0, 2.0], [6, 0, 0]),
        (lambda x: x.prod(), [0.0, 3.0, 0.0], [0, 0, 0]),
    ],
)
def test_kink(f, at, expected):
    assert slopes(f, at) == expected


def test_ties_of_two_are_halved():
    assert slopes(mt.maximum, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == [[0, 0.5, 1], [1, 0.5, 0]]
    assert slopes(mt.minimum, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]) == [[1, 0.5, 0], [0, 0.5, 1]]


def test_the_same_tensor_in_a_tie_gets_all():
    assert slopes(lambda x: np.maximum(x, x), [1.0, 2.0]) == [1, 1]
    assert slopes(lambda x: np.minimum(x, x), [1.0, 2.0]) == [1, 1]


def test_clip_at_its_bounds_passes_to_the_tensor_alone():
    found = slopes(mt.clip, [0.0, 1.0, 2.0, 3.0], [1.0] * 4, [2.0] * 4)
    assert found == [[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


def test_zero_to_the_power_zero():
    a = mt.Tensor(0.0, requires_grad=True)
    b = mt.Tensor(0.0, requires_grad=True)
    result = a**b
    assert result.item() == 1
    result.backward()
    assert (a.grad, b.grad) == (0, 0)


def test_zero_to_a_positive_power():
    assert slopes(mt.power, [0.0, 0.0, 0.0], [1.0, 2.0, 1.5]) == [[1, 0, 0], [0, 0, 0]]


def test_slopes_at_the_edge_of_the_domain():
    with np.errstate(divide="ignore"):
        assert slopes(mt.sqrt, [0.0]) == [np.inf]
        assert slopes(mt.log, [0.0]) == [np.inf]
        assert slopes(mt.log1p, [-1.0]) == [np.inf]
        assert slopes(lambda x: x**0.5, [0.0]) == [np.inf]
        assert mt.log(mt.Tensor(0.0)).item() == -np.inf


def test_a_closed_gate_sends_exactly_0_whatever_arrives():
    for g in (np.inf, -np.inf, np.nan, -1.0):
        for shape in ((), (1,)):
            x = mt.Tensor(np.full(shape, -1.0), requires_grad=True)
            mt.relu(x).backward(np.full(shape, g))
            assert x.grad == 0
            assert not np.signbit(x.grad)


def test_infinite_entries_of_max():
    assert slopes(lambda x: x.max(), [-np.inf, np.inf, 1.0]) == [0, 1, 0]
    assert slopes(mt.relu, [-np.inf, np.inf]) == [0, 1]


# Far out ----------------------------------------------------------------------------------------

FAR = [-1000.0, -40.0, 0.0, 40.0, 1000.0]


@pytest.mark.parametrize(
    ("f", "values", "gradients"),
    [
        (mt.sigmoid, [0, 4.248354255291589e-18, 0.5, 1, 1], [0, 4.248354255291589e-18, 0.25, 0, 0]),
        (
            mt.softplus,
            [0, 4.248354255291589e-18, np.log(2), 40, 1000],
            [0, 4.248354255291589e-18, 0.5, 1, 1],
        ),
        (mt.tanh, [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]),
    ],
)
def test_far_out(f, values, gradients):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(f(mt.Tensor(FAR)).numpy(), values, rtol=1e-12)
        np.testing.assert_allclose(slopes(f, FAR), gradients, rtol=1e-12, atol=1e-30)


@pytest.mark.parametrize("sign", [1, -1])
def test_logsumexp_far_out(sign):
    x = mt.Tensor([sign * 1000.0, sign * 1000.0], requires_grad=True)
    total = mt.logsumexp(x)
    assert total.item() == sign * 1000 + np.log(2)
    total.backward()
    np.testing.assert_allclose(x.grad, 0.5, rtol=1e-12)


def test_softmax_far_out():
    x = [1000.0, 0.0, -1000.0]
    assert mt.softmax(mt.Tensor(x)).tolist() == [1, 0, 0]
    assert mt.log_softmax(mt.Tensor(x)).tolist() == [0, -1000, -2000]
    assert slopes(lambda t: mt.log_softmax(t)[2], x) == [-1, 0, 1]
    assert slopes(lambda t: mt.softmax(t)[0], x) == [0, 0, 0]


def test_logsumexp_of_minus_infinity():
    assert mt.logsumexp(mt.Tensor([-np.inf, 0.0])).item() == 0
    assert slopes(mt.logsumexp, [-np.inf, 0.0]) == [0, 1]
    with np.errstate(divide="ignore"):
        assert mt.logsumexp(mt.Tensor([-np.inf, -np.inf])).item() == -np.inf


def test_cross_entropy_from_logits_far_out():
    """softplus(z) - y z, the cross-entropy of a sigmoid, at logits of 1000."""
    z = mt.Tensor([1000.0, -1000.0, 1000.0], requires_grad=True)
    y = np.array([1.0, 0.0, 0.0])
    loss = mt.softplus(z) - y * z
    assert loss.tolist() == [0, 0, 1000]
    loss.sum().backward()
    assert z.grad.tolist() == [0, 0, 1]


def test_infinities_and_nan_have_true_gradients():
    x = mt.Tensor([np.inf, -np.inf, -40.0], requires_grad=True)
    mt.softplus(x).backward(np.ones(3))
    np.testing.assert_allclose(x.grad, [1, 0, np.exp(-40)], rtol=1e-12)
    x = mt.Tensor([1.0, np.nan, 2.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0, 1, 0]
    x.grad = None
    mt.relu(x).backward(np.ones(3))
    assert x.grad.tolist() == [1, 1, 1]


# Few bits: half and single precision ------------------------------------------------------------


def gradients(f, *arrays):
    inputs = leaves(arrays)
    output = f(*inputs)
    found = mt.grad(output, inputs, np.ones(output.shape, output.dtype))
    return [d.numpy() for d in found]


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x.mean(), 1 / 70_000),
        (lambda x: x.mean(axis=0), 1 / 35_000),
        (lambda x: x.max(), 1 / 70_000),
        (lambda x: x.min(axis=0), 1 / 35_000),
        (lambda x: mt.logsumexp(x), 1 / 70_000),
        (lambda x: mt.logsumexp(x, axis=0), 1 / 35_000),
    ],
)
def test_counts_are_right_in_few_bits(f, expected, dtype):
    """70,000 is more than half precision has, and 1 added to 2,048 is lost there."""
    (d,) = gradients(f, np.ones((35_000, 2), dtype))
    assert d.dtype == dtype
    np.testing.assert_allclose(d.astype(float), expected, rtol=2e-3)  # 1/70,000 has 8 bits left


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x, b: x + b, (2,)),
        (lambda x, b: x * b, (1, 2)),
        (lambda x, b: mt.where(x > 0, b, x), (1, 1)),
        (lambda x, b: x - -b, ()),
        (lambda x, b: np.broadcast_to(b, x.shape) * x, (2,)),
        (lambda x, b: np.maximum(x, b + 1), (2,)),
        (lambda x, b: mt.einsum("ijk,k->ijk", x, b), (2,)),
        (lambda x, b: mt.einsum("ijk,k->i", x, b), (2,)),
        (lambda x, b: x @ np.diag([1, 1]).astype(x.dtype) * b, (2,)),
    ],
)
def test_copies_are_added_up_right_in_few_bits(f, shape, dtype):
    x = np.ones((64, 64, 2), dtype)
    d = gradients(f, x, np.ones(shape, dtype))[1]
    assert (d == x.size // max(1, d.size)).all()


def test_many_rows_without_columns():
    d = gradients(lambda x, b: x + b, np.ones((5000, 0), np.float32), np.ones(0, np.float32))[1]
    assert d.shape == (0,)


def test_half_precision_of_rows_broadcast():
    d = gradients(lambda x, b: x + b, np.ones((5000, 3), np.float16), np.ones(3, np.float16))[1]
    assert d.tolist() == [5000] * 3


def test_single_precision_counts_on_beyond_2_to_the_24():
    shape = (4200, 4200, 2)
    b = mt.Tensor(np.ones(2, np.float32), requires_grad=True)
    copies = np.broadcast_to(b, shape)
    copies.backward(np.broadcast_to(np.float32(1), shape))  # views all, without memory
    assert b.grad.tolist() == [17_640_000] * 2
    assert copies.sum(axis=(0, 1)).tolist() == [17_640_000] * 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    ("f", "value"),
    [
        (lambda x: x.sum(axis=0), 5000),
        (lambda x: x.sum(axis=(0, 1)), 10_000),
        (lambda x: x.T.sum(axis=1), 5000),
        (lambda x: x.mean(axis=0), 1),
        (lambda x: x.cumsum(axis=0)[-1], 5000),
        (lambda x: (x.cumsum(axis=0)[-1] * x).sum(axis=1)[0], 10_000),
        (lambda x: mt.softmax(x, axis=0).sum(axis=0), 1),
        (lambda x: mt.logsumexp(x, axis=0), 1 + np.log(5000)),
        (lambda x: mt.log_softmax(x, axis=0)[0], -np.log(5000)),
        (lambda x: mt.einsum("ij->j", x), 5000),
        (lambda x: mt.einsum("ij,ij->j", x, x), 5000),
        (lambda x: mt.einsum("ij,ik->jk", x, x), 5000),
    ],
)
def test_sums_are_right_in_few_bits(f, value, dtype):
    found = f(mt.Tensor(np.ones((5000, 2), dtype), requires_grad=True))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy().astype(float), value, rtol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.var(axis=0),
        lambda x: x.std(axis=0, ddof=1),
        lambda x: x.sum(axis=0) / 1000,
        lambda x: x.mean(axis=0),
        lambda x: mt.softmax(x, axis=0),
        lambda x: mt.log_softmax(x, axis=0),
        lambda x: mt.logsumexp(x, axis=0),
        lambda x: x.cumsum(axis=0) / 1000,
        lambda x: x[np.arange(6000) % 3] / 100,
    ],
)
def test_few_bits_follow_many(f, dtype):
    """Values and gradients are those of float64, but for the rounding of what goes in and out."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, (3000, 3)).astype(dtype)
    few, many = (leaves([x.astype(kind)])[0] for kind in (dtype, np.float64))
    outputs = f(few), f(many)
    seed = np.random.default_rng(1).uniform(0.5, 1.5, outputs[0].shape).astype(dtype)
    results = [
        outputs,
        [mt.grad(out, of, seed) for out, of in zip(outputs, (few, many), strict=True)],
    ]
    for found, expected in results:
        off = np.abs(found.numpy() - expected.numpy()).max()
        assert off <= 8 * np.finfo(dtype).eps * np.abs(expected.numpy()).max()


def test_entries_used_often_get_all_of_it_in_half_precision():
    x = np.ones(3, np.float16)
    (d,) = gradients(lambda t: t[np.zeros(5000, int)], x)
    assert d.tolist() == [5000, 0, 0]


# Whole numbers of few bits among the operands ---------------------------------------------------

KINDS = [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int64, np.uint64]
OPERATIONS_ON_TWO = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "subtract from": lambda a, b: b - a,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b + 1.0),
    "divide by": lambda a, b: b / a,
    "power": lambda a, b: a**b,
    "power of": lambda a, b: b ** (a / 50),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "arctan2": np.arctan2,
    "arctan2 of": lambda a, b: np.arctan2(b, a),
    "clip": lambda a, b: np.clip(a, b, 90),
    "where": lambda a, b: np.where(b > 0, a, b),
    "matmul": lambda a, b: a @ b,
    "einsum": lambda a, b: mt.einsum("i,j,j->i", a, b, b) if isinstance(a, mt.Tensor)
    else np.einsum("i,j,j->i", a, b, b),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATIONS_ON_TWO)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_whole_numbers_do_not_wrap_around(name, kind, as_tensor):
    """The value and gradient are those that floats of the same numbers give."""
    f = OPERATIONS_ON_TWO[name]
    whole = np.array([0, 1, 0, 1] if kind is np.bool_ else [0, 1, 100, 120]).astype(kind)
    a = np.array([2.0, 3.0, 1.5, 1.25])
    given = mt.Tensor(whole) if as_tensor else whole
    (x,), (y,) = leaves([a]), leaves([a])
    found, expected = f(x, given), f(y, whole.astype(float))
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)
    seed = np.ones(found.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = mt.grad(found, x, seed), mt.grad(expected, y, seed)
    np.testing.assert_allclose(first.numpy(), second.numpy(), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [-8, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3.0, -2.0, 2.5, 8.5])
def test_small_whole_powers(n, dtype):
    """They are multiplied, and are those of NumPy; so are their derivatives."""
    x = np.array([-1.5, -0.5, 2.0, 3.0] if n == int(n) else [0.5, 2.0, 3.0], dtype)
    eps = np.finfo(dtype).eps
    t = mt.Tensor(x, requires_grad=True)
    found = t**n
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), x.astype(float) ** n, rtol=8 * eps)
    d = mt.grad(found.sum(), t, create_graph=True)
    np.testing.assert_allclose(d.numpy(), n * x.astype(float) ** (n - 1), rtol=8 * eps)
    second = mt.grad(d.sum(), t).numpy()
    np.testing.assert_allclose(second, n * (n - 1) * x.astype(float) ** (n - 2), rtol=8 * eps)


def test_powers_at_the_ends():
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e200, 1e-200])
    with np.errstate(all="ignore"):
        for n in (-3, -2, 3, 4, 8):
            np.testing.assert_array_equal((mt.Tensor(x) ** n).numpy(), x**n)
    whole = mt.Tensor(np.array([3, -2], np.int8))
    assert (whole**3).dtype == np.int8
    assert (whole**3).tolist() == [27, -8]
    assert (mt.Tensor(np.float32(2)) ** np.float64(3)).dtype == np.float64


def test_exponents_without_a_sign():
    assert slopes(lambda x: x ** np.array([0, 1], np.uint8), [20.0, 20.0]) == [0, 1]
    assert slopes(lambda x: x ** np.uint8(0), [20.0, 0.0]) == [0, 0]
    assert slopes(lambda x: x ** np.array([-128], np.int8), [1.0]) == [-128]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("f", [mt.sigmoid, mt.softplus, mt.softmax, mt.log_softmax, mt.logsumexp])
def test_functions_of_whole_numbers_are_those_of_floats(f, kind):
    whole = np.array([0, 1, 3, 127]).astype(kind)
    found = f(mt.Tensor(whole))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found.numpy(), f(mt.Tensor(whole.astype(float))).numpy())
    if kind is np.int8:
        assert mt.sigmoid(mt.Tensor(np.array([-128], kind))).item() == pytest.approx(np.exp(-128.0))


# Large logits -----------------------------------------------------------------------------------

LARGE = [1e4, 1e8, 1e15, -1e4, -1e8, -1e15]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", LARGE)
def test_what_all_logits_share_changes_nothing(dtype, shift):
    """Of equal logits each has its equal share, however large they are."""
    x = np.full((2, 4), shift, dtype)
    expected = np.full((2, 4), -np.log(4), dtype)
    np.testing.assert_allclose(mt.log_softmax(mt.Tensor(x)).numpy(), expected, rtol=1e-6)
    (d,) = gradients(lambda t: mt.log_softmax(t)[:, 0], x)
    np.testing.assert_allclose(d, [[0.75, -0.25, -0.25, -0.25]] * 2, rtol=1e-6)
    for f in (lambda t: mt.logsumexp(t, axis=1), lambda t: mt.softmax(t)[:, 0] * 0 + t.mean(1)):
        (d,) = gradients(f, x)
        np.testing.assert_allclose(d, 0.25, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_logits_have_the_gradient_of_small_ones(dtype):
    small = np.arange(6.0).reshape(2, 3) / 4
    for f in (mt.log_softmax, mt.softmax, lambda t: mt.logsumexp(t, axis=-1)):
        for shift in (1024, 2**20):  # the sums are exact
            x = (small + shift).astype(dtype)
            (found,) = gradients(lambda t, f=f: f(t)[..., 0] * 3, x)
            (expected,) = gradients(lambda t, f=f: f(t)[..., 0] * 3, small)
            np.testing.assert_allclose(found, expected, atol=20 * np.finfo(dtype).eps)


def test_second_derivative_of_logsumexp_at_large_logits():
    x = mt.Tensor(np.array([0.0, 1.0]) + 2**40, requires_grad=True)
    d = mt.grad(mt.logsumexp(x), x, create_graph=True)
    p = np.exp([0.0, 1.0]) / np.exp([0.0, 1.0]).sum()
    np.testing.assert_allclose(mt.grad(d[0], x).numpy(), [p[0] * p[1], -p[0] * p[1]], rtol=1e-12)


# Nothing to reduce ------------------------------------------------------------------------------


def test_of_no_entries():
    x = mt.Tensor(np.zeros((2, 0)), requires_grad=True)
    with np.errstate(divide="ignore"):
        assert mt.logsumexp(x, axis=1).tolist() == [-np.inf, -np.inf]
    assert mt.softmax(x).shape == mt.log_softmax(x).shape == (2, 0)
    for f in (mt.softmax, mt.log_softmax):
        f(x).backward(np.zeros((2, 0)))
    assert x.grad.shape == (2, 0)


def test_einsum_of_no_entries():
    for subscripts, *shapes in [("ab->", (2, 0)), ("ab->b", (0, 3)), ("ab,b->a", (0, 3), (3,)),
                                ("a,b->", (0,), (2,)), ("aab->b", (0, 0, 2))]:  # fmt: skip
        xs = leaves(np.ones(shape) for shape in shapes)
        output = mt.einsum(subscripts, *xs)
        for x, d in zip(xs, mt.grad(output, xs, np.ones(output.shape)), strict=True):
            np.testing.assert_array_equal(d.numpy(), np.zeros(x.shape))


@pytest.mark.parametrize("layout", ["C", "F", "windows", "turned"])
@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("nhwcij,ocij->nhwo", ((6, 9, 5, 3, 3, 2), (4, 3, 3, 2))),
        ("nhwo,nhwcij->ocij", ((6, 9, 5, 4), (6, 9, 5, 3, 3, 2))),
        ("bhqd,bhkd->bhqk", ((3, 2, 20, 16), (3, 2, 30, 16))),
        ("ij,jk->ki", ((60, 50), (50, 1))),
        ("ijk,kji->", ((40, 30, 20), (20, 30, 40))),
        ("bij,bj->bi", ((7, 80, 60), (7, 60))),
        ("ij,jk->ik", ((200, 1), (30, 200))),  # a length of 1 broadcasts
    ],
)
def test_large_einsums_however_their_operands_lie(subscripts, shapes, layout):
    rng = np.random.default_rng(0)
    xs = [laid_out(rng.normal(size=shape), layout) for shape in shapes]
    expected = np.einsum(subscripts, *xs)
    tensors = [mt.Tensor(x, requires_grad=True) for x in xs]
    result = mt.einsum(subscripts, *tensors)
    np.testing.assert_allclose(result.data, expected, rtol=1e-11, atol=1e-11)
    upstream = rng.normal(size=expected.shape)
    result.backward(upstream)
    for x, tensor in zip(xs, tensors, strict=True):
        step = rng.normal(size=x.shape)
        moved = [step if y is x else y for y in xs]
        change = (np.einsum(subscripts, *moved) * upstream).sum()  # it is linear in each
        np.testing.assert_allclose((tensor.grad * step).sum(), change, rtol=1e-9)


def laid_out(x, layout):
    """The same numbers in another order in memory."""
    if layout == "turned":
        return x[..., ::-1].copy()[..., ::-1]
    if layout == "windows":
        return np.pad(x, 1)[(slice(1, -1),) * x.ndim]
    return np.asarray(x, order=layout)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("size", [40, 10_000])
def test_numbers_or_zero_are_chosen_bit_for_bit(size, dtype):
    rng = np.random.default_rng(0)
    special = np.array([np.inf, -np.inf, np.nan, -0.0, 1e-40], dtype)
    x = np.concatenate([special, special, rng.normal(size=size).astype(dtype)])
    mask = rng.random(x.size) < 0.5
    mask[:10] = [True] * 5 + [False] * 5
    assert mt.where(mask, mt.Tensor(x), 0).data.tobytes() == np.where(mask, x, 0).tobytes()
    assert mt.where(mask, 0, mt.Tensor(x)).data.tobytes() == np.where(mask, 0, x).tobytes()
    t = mt.Tensor(np.where(mask, 1, -1).astype(dtype), requires_grad=True)
    t.relu().backward(x)  # nothing of inf and nan comes through where it is flat
    assert t.grad.tobytes() == np.where(mask, x, 0).astype(dtype).tobytes()


def test_what_is_padded_keeps_its_order_in_memory_and_has_no_negative_widths():
    x = np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0)
    widths = ((1, 0), (0, 2), (3, 1))
    found = mt.pad(x, widths, constant_values=7).data
    np.testing.assert_array_equal(found, np.pad(x, widths, constant_values=7))
    assert np.argsort(found.strides).tolist() == np.argsort(x.strides).tolist()
    with pytest.raises(ValueError, match="negative"):
        mt.pad(x[:1, :1, :1], ((-1, 1), (0, 0), (0, 0)))


@pytest.mark.parametrize("length", [2, 32, 33, 128, 129])
def test_sums_and_largest_of_many_short_rows(length):
    x = np.random.default_rng(0).normal(size=(20, 30, length))
    x[0, 0, 0], x[1, 0] = np.nan, np.inf
    for view in (x, x[:, ::2], np.asfortranarray(x)):
        for axis in (-1, 2, (2,)):
            for keepdims in (True, False):
                over = {"axis": axis, "keepdims": keepdims}
                np.testing.assert_allclose(
                    mt.sum(view, **over).data, view.sum(**over), rtol=1e-13, atol=1e-13
                )
                np.testing.assert_array_equal(mt.max(view, **over).data, view.max(**over))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_row_that_was_added_to_a_stack_gets_the_sum_of_all(dtype):
    rng = np.random.default_rng(0)
    x, upstream = rng.normal(size=(40, 30, 5)), rng.normal(size=(40, 30, 5))
    row = mt.Tensor(rng.normal(size=5), requires_grad=True, dtype=dtype)
    (mt.Tensor(x, dtype=dtype) + row).backward(upstream.astype(dtype))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(row.grad, upstream.sum((0, 1)), rtol=100 * eps, atol=100 * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("axis", [-1, 2, 1])
def test_large_rows_are_shifted_as_small_ones_are(dtype, axis):
    """Some rows at a time: to the last bit what each row gives by itself."""
    x = np.random.default_rng(0).normal(size=(3, 700, 200)).astype(dtype)
    found = mt.log_softmax(x, axis=axis).numpy()
    for one, whole in zip(x, found, strict=True):
        alone = mt.log_softmax(one[:2] if axis != 1 else one, axis=axis - 1 if axis > 0 else axis)
        assert (alone.numpy() == (whole[:2] if axis != 1 else whole)).all()
    assert found.dtype == dtype
