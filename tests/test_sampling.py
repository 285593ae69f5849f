"""What a compiled step samples in every call, and the constants that it gives other numbers."""

import copy

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import GradientError, Tensor, sample

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X.sum(axis=1, keepdims=True) > 0).astype(float)


def noisy_model(dtype=np.float64):
    shared = nn.BatchNorm(3, dtype=dtype)  # moved twice in one call
    return nn.Sequential(
        shared,
        shared,
        nn.Linear(3, 5, rng=1, dtype=dtype),
        nn.BatchNorm(5, dtype=dtype),
        nn.ReLU(),
        nn.Dropout(0.5, rng=2),
        nn.Linear(5, 5, rng=3, dtype=dtype),
        nn.Dropout(0.2, rng=np.random.default_rng(4)),
        nn.Linear(5, 1, rng=5, dtype=dtype),
    )


def trained(model, **options):
    history = nn.fit(
        model,
        X.astype(model[2].weight.dtype),
        Y,
        iterations=12,
        batch_size=16,  # the last of an epoch are fewer
        loss=nn.BCEWithLogitsLoss(),
        optimizer=nn.Adam(model.parameters(), lr=0.01),
        progress=False,
        **options,
    )
    states = model[5].rng.get_state()[1:3], model[7].rng.bit_generator.state
    return [history.costs, {k: x.tobytes() for k, x in model.state_dict().items()}, str(states)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_with_dropout_and_batch_norm_is_the_same_compiled(dtype, capsys):
    expected = trained(noisy_model(dtype), print_every=None)
    for every in (None, 1, 5):  # what is printed is verified
        assert trained(noisy_model(dtype), compile=True, print_every=every) == expected


def stepped(function, calls, **options):
    """What a step and the function itself give in each call, with generators of one seed."""
    results = []
    for compiled in (True, False):
        rng = np.random.default_rng(3)
        f = function(rng)
        step = mt.compile(f, **options) if compiled else lambda *inputs, f=f: f(*inputs).numpy()
        with mt.no_grad():
            results.append([float(step(*inputs)) for inputs in calls])
        results[-1].append(rng.uniform())
    return results


def test_samples_are_drawn_in_the_order_of_the_function_where_branches_turn():
    def function(rng):
        def f(x):
            first = sample(lambda: rng.normal(size=3))
            sample(lambda: rng.normal(size=2))  # nobody reads it
            if (x * first).sum() > 0:
                return (x * sample(lambda: rng.normal(size=3))).sum()
            second = sample(lambda: rng.uniform(size=3))
            if second.sum() > 1.5:
                return (first * second).sum() + sample(rng.uniform)
            return (first + second * x).sum()

        return f

    calls = [(x,) for x in np.random.default_rng(5).normal(size=(40, 3))]
    ours, theirs = stepped(function, calls, verify=3)
    assert ours == theirs


def test_samples_of_another_shape_are_recorded_anew():
    def function(rng):
        return lambda: sample(lambda: rng.uniform(size=rng.integers(1, 4))).sum() * 2.0

    ours, theirs = stepped(function, [()] * 15)
    assert ours == theirs


def test_verify_takes_the_samples_again_and_changes_nothing():
    rng, mean = np.random.default_rng(0), Tensor(0.0, name="mean")
    w = Tensor(2.0, requires_grad=True)

    def f(x):
        noisy = x * w + sample(rng.normal)
        mean.data = 0.5 * mean + noisy
        return noisy.sum()

    step = mt.compile(f)
    kept = mean * w  # reads the mean
    step(1.0)
    state = rng.bit_generator.state, mean.item()
    kept = mean * w
    step.verify(1.0)
    assert (rng.bit_generator.state, mean.item()) == state
    kept.backward()  # nobody says that the mean was changed
    step(1.0)
    assert (rng.bit_generator.state, mean.item()) != state


def test_verify_compares_what_constants_are_given():
    class Settings:
        rate = 0.5

    mean = Tensor(0.0, name="mean")

    def f(x):
        mean.data = mean + Settings.rate * mt.sum(x)
        return mt.sum(x)

    step = mt.compile(f)
    with mt.no_grad():
        step(np.ones(2))
        Settings.rate = 0.25
        with pytest.raises(GradientError, match=r"another number for what \(\) 'mean' is given"):
            step.verify(np.ones(2))
    assert mean.item() == 1.0


def test_constants_that_are_given_other_numbers_are_read_as_the_function_reads_them():
    def states(compiled):
        w = Tensor([1.0, 2.0], requires_grad=True)
        a, n = Tensor([0.0, 1.0]), Tensor(0)
        b = Tensor([5.0, 5.0], dtype=np.float32)
        rows = Tensor([0, 1])

        def f(x):
            before = a + 1.0
            a.data = (w * x).detach() + a
            between = a * x  # of what it was given
            b.data = a
            a.data = a * b
            n.data = n + 1
            rows.data = 1 - rows
            picked = x[rows]
            if n > 3:
                picked = picked * 2.0
            return (w * a * (before + between + b + Tensor(a)) * picked).sum()

        step = mt.compile(f, verify=1) if compiled else f
        found = []
        for k in range(6):
            value = step(np.array([0.5, 0.1 * k]))
            if not compiled:
                value.backward()
            found.append([float(value.item()), *(t.tolist() for t in (a, b, n, rows))])
        return found, w.grad.tolist(), b.dtype

    assert states(True) == states(False)


def test_what_the_gradient_needs_can_not_be_given_other_numbers_as_without_compile():
    mean, w = Tensor(2.0, name="mean"), Tensor(3.0, requires_grad=True)

    def f():
        result = mean * w
        mean.data = mean + 1.0
        return result

    for run in (lambda: f().backward(), mt.compile(f)):
        before = mean.item()
        with pytest.raises(GradientError, match=r"'mean' .*changed"):
            run()
    assert mean.item() == before


def test_in_place_operators_on_constants_are_followed():
    class Counting(nn.Module):
        def __init__(self):
            self.count, self.w = nn.Buffer(0), nn.Parameter(2.0)

        def forward(self, x):
            self.count += 1
            return (x * self.w).sum() * self.count

    model = Counting()
    step = mt.compile(lambda x: model(x))
    assert [step(np.ones(2)) for _ in range(3)] == [4.0, 8.0, 12.0]
    assert model.count.item() == 3
    assert model.w.grad == 2.0 + 4.0 + 6.0


def test_a_result_may_be_the_constant_itself():
    mean = Tensor(1.0)

    def f(x):
        mean.data = mean + x.sum()
        return mean

    with mt.no_grad():
        step = mt.compile(f)
        assert [step(np.ones(2)) for _ in range(3)] == [3.0, 5.0, 7.0]


def test_in_anomaly_mode_and_after_a_copy_it_is_the_function_itself():
    model = nn.Sequential(nn.BatchNorm(3), nn.Dropout(0.5, rng=1))
    model.step = mt.compile(lambda x: model(x).sum())
    model.step(X)
    with mt.detect_anomaly(), mt.no_grad():
        model.step(X)
    assert model[0].num_batches_tracked.item() == 2
    copy.deepcopy(model.step)(X)
    assert model[0].num_batches_tracked.item() == 3


RNG = np.random.default_rng(1)
W, C = Tensor([1.0, 2.0], requires_grad=True, name="w"), Tensor([1.0, 2.0], name="c")


def assigns(tensor, value):
    tensor.data = value
    return (W * C).sum()


def assigns_inside():
    made = Tensor([0.0, 0.0])
    made.data = W * 2.0
    return (W * made).sum()


REFUSED = {
    "an array": (lambda: assigns(C, np.ones(2)), "'c' is changed in place.* assign a tensor"),
    "its own array": (lambda: assigns(C, C._array), "'c' is changed in place"),
    "what is learnt": (lambda: assigns(W, C), "'w' is changed in place"),
    "made inside": (assigns_inside, "is changed in place"),
    "a view": (lambda: assigns(HALF, C[:1]), "is changed in place"),
    "numbers read": (
        lambda: (W * sample(lambda: RNG.poisson(C.data))).sum(),
        "sample: the function given takes numbers out of a tensor",
    ),
    "numbers learnt": (
        lambda: (W * sample(lambda: RNG.poisson(W.data))).sum(),
        "takes a value out",
    ),
    "a draw beside": (lambda: (W * sample(RNG.uniform) * RNG.uniform()).sum(), "draws random"),
}
HALF = C[:1]


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_program_can_not_repeat_is_refused_and_put_back(name):
    f, said = REFUSED[name]
    state = RNG.bit_generator.state
    with pytest.raises(GradientError, match=rf"^compile: .*{said}"):
        mt.compile(f)()
    assert RNG.bit_generator.state == state
    assert (C.tolist(), W.tolist(), HALF.tolist()) == ([1.0, 2.0], [1.0, 2.0], [1.0])


def test_what_a_refused_function_gave_is_put_back():
    mean, w = Tensor(1.0), Tensor(2.0, requires_grad=True)
    kept = mean * w

    def f():
        mean.data = mean + 1.0
        C[0] = 5.0
        return w * 1.0

    with pytest.raises(GradientError, match="'c' is changed in place"):
        mt.compile(f)()
    assert mean.item() == 1.0
    kept.backward()  # nobody says that the mean was changed
    assert w.grad == 1.0


def test_an_input_is_given_nothing():
    mean = Tensor([1.0, 2.0], name="mean")

    def f(x):
        mean.data = mean + x
        return (W * x).sum()

    step = mt.compile(f)
    step(Tensor([1.0, 1.0]))
    with pytest.raises(GradientError, match="'mean' is an input of f"):
        step(mean)
    assert mean.tolist() == [2.0, 3.0]


def test_sample_takes_a_function_that_gives_an_array():
    assert sample(lambda: [1, 2]).tolist() == [1, 2]
    buffer = np.zeros(2)
    taken = sample(lambda: buffer)
    buffer += 1
    assert taken.tolist() == [0.0, 0.0]
    for f in (lambda: W, lambda: C * 2.0):
        with pytest.raises(TypeError, match=r"^sample: expected a function that gives an array"):
            sample(f)
    with pytest.raises(TypeError, match=r"^sample: expected a function"):
        sample(np.ones(2))


def test_views_show_a_mask_as_data():
    drop = nn.Dropout(0.5, rng=1)
    L = drop(Tensor(X, name="X") * Tensor(2.0, requires_grad=True, name="w")).sum()
    X_, w, _, mask, _, _ = mt.Graph.of(L).nodes
    assert (X_.name, w.name, mask.role) == ("X", "w", "input")
    assert set(np.unique(mask.value)) == {0.0, 2.0}
    assert "dw = np.sum(X_2 * X)" in mt.to_source(L)
    assert f"sum(X · w · {mask.name})" in str(mt.explain(L))
    assert mask.name in mt.draw(L).source
