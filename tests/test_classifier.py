"""The cat classifier: its parameters, its numbers, and the tutorial's training on real pictures."""

import os
from itertools import pairwise

import numpy as np
import pytest

import nn

TUTORIAL = (12288, 20, 7, 5, 1)
SMALL = (6, 4, 3, 1)

# Costs at iterations 0, 100, ..., 2400 and at the last, 2499, computed by plain NumPy.
COSTS = [
    0.7717493284237686, 0.6720534400822913, 0.6482632048575212, 0.6115068816101354,
    0.567047326836611, 0.5401376634547801, 0.5279299569455267, 0.4654773771766852,
    0.369125852495928, 0.3917469743480535, 0.31518698886006163, 0.27269984417893856,
    0.23741853400268134, 0.19960120532208644, 0.18926300388463305, 0.1611885466582775,
    0.14821389662363316, 0.13777487812972944, 0.1297401754919012, 0.12122535068005211,
    0.11382060668633714, 0.10783928526254133, 0.10285466069352679, 0.10089745445261787,
    0.09287821526472397, 0.088439943441702,
]  # fmt: skip
ITERATIONS = [*range(0, 2500, 100), 2499]


def tutorial_weights(dims, seed):
    rng = np.random.RandomState(seed)
    return [rng.randn(o, i) / np.sqrt(i) for i, o in pairwise(dims)]


def forward_by_hand(weights, biases, x):
    """The tutorial's layout: a column is an example. Every layer's activation, x first."""
    activations = [x.T]
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = w @ activations[-1] + b
        activations.append(1 / (1 + np.exp(-z)) if number == len(weights) else np.maximum(z, 0))
    return activations


def train_by_hand(weights, biases, x, y, iterations, lr):
    costs = []
    for _ in range(iterations):
        activations = forward_by_hand(weights, biases, x)
        a, m = activations[-1], len(x)
        costs.append(-(y.T * np.log(a) + (1 - y.T) * np.log(1 - a)).sum() / m)
        dz = (a - y.T) / m
        for k in reversed(range(len(weights))):
            dw, db = dz @ activations[k].T, dz.sum(axis=1, keepdims=True)
            if k:
                dz = (weights[k].T @ dz) * (activations[k] > 0)
            weights[k] = weights[k] - lr * dw
            biases[k] = biases[k] - lr * db
    return costs


def examples(n=10):
    rng = np.random.default_rng(0)
    return rng.uniform(size=(n, SMALL[0])), rng.integers(0, 2, (n, 1))


# Its parameters ---------------------------------------------------------------------------------


def test_parameters_are_called_as_in_the_tutorial():
    model = nn.CatClassifier(TUTORIAL, rng=0)
    expected = [
        ("W1", (20, 12288)), ("b1", (20,)), ("W2", (7, 20)), ("b2", (7,)),
        ("W3", (5, 7)), ("b3", (5,)), ("W4", (1, 5)), ("b4", (1,)),
    ]  # fmt: skip
    assert [(p.name, p.shape) for p in model.parameters()] == expected


def test_the_tutorials_layers_are_the_default():
    model = nn.CatClassifier()
    assert model.layers_dims == TUTORIAL
    assert sum(p.size for p in model.parameters()) == 245973
    assert repr(model).splitlines()[0].split() == ["CatClassifier", "245,973", "parameters"]


@pytest.mark.parametrize("dims", [TUTORIAL, SMALL, (3, 1)])
@pytest.mark.parametrize("seed", [1, 7])
def test_weights_are_the_tutorials_bit_for_bit(dims, seed):
    model = nn.CatClassifier(dims, rng=seed)
    weights = [p for p in model.parameters() if p.name.startswith("W")]
    for mine, expected in zip(weights, tutorial_weights(dims, seed), strict=True):
        np.testing.assert_array_equal(mine.data, expected)
    assert all(not p.data.any() for p in model.parameters() if p.name.startswith("b"))


def test_drawing_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    nn.CatClassifier(SMALL, rng=1)
    nn.CatClassifier(SMALL)
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before


def test_without_a_seed_every_classifier_differs():
    one, two = nn.CatClassifier(SMALL), nn.CatClassifier(SMALL)
    assert not np.array_equal(one.parameters()[0].data, two.parameters()[0].data)


@pytest.mark.parametrize("dims", [[4, 3, 1], np.array([4, 3, 1])])
def test_dims_may_be_any_sequence(dims):
    model = nn.CatClassifier(dims, rng=0)
    assert model.layers_dims == (4, 3, 1)
    assert model(np.ones((2, 4))).shape == (2, 1)


@pytest.mark.parametrize(
    "dims",
    [(), (3,), (1,), (3, 2), (3, 2, 0), (0, 1), (3, -1, 1), (3.0, 1), (3, True), "ab", 5, None],
)
def test_wrong_dims_are_refused_in_one_line(dims):
    with pytest.raises((ValueError, TypeError), match=r"^(CatClassifier|Linear): ") as caught:
        nn.CatClassifier(dims)
    assert "\n" not in str(caught.value)


# Its numbers ------------------------------------------------------------------------------------


def test_forward_is_the_hand_written_one():
    x, _ = examples()
    model = nn.CatClassifier(SMALL, rng=1)
    rng = np.random.default_rng(1)
    biases = [rng.normal(size=(n, 1)) for n in SMALL[1:]]
    for p, b in zip(model.parameters()[1::2], biases, strict=True):
        p.data = b[:, 0]
    result = model(x)
    assert result.shape == (10, 1)
    expected = forward_by_hand(tutorial_weights(SMALL, 1), biases, x)[-1].T
    np.testing.assert_allclose(result.data, expected, rtol=1e-14)


def test_training_is_the_hand_written_one():
    x, y = examples()
    model = nn.CatClassifier(SMALL, rng=1)
    history = nn.fit(
        model, x, y, iterations=50, optimizer=nn.SGD(model.parameters(), lr=0.5),
        print_every=None, progress=False,
    )  # fmt: skip
    weights, biases = tutorial_weights(SMALL, 1), [np.zeros((n, 1)) for n in SMALL[1:]]
    costs = train_by_hand(weights, biases, x, y, 50, lr=0.5)
    np.testing.assert_allclose(history.costs, costs, rtol=1e-12)
    for p, w in zip(model.parameters()[::2], weights, strict=True):
        np.testing.assert_allclose(p.data, w, rtol=1e-11, atol=1e-13)
    for p, b in zip(model.parameters()[1::2], biases, strict=True):
        np.testing.assert_allclose(p.data, b[:, 0], rtol=1e-11, atol=1e-13)


def test_float32_all_the_way():
    x, y = examples()
    model = nn.CatClassifier(SMALL, rng=1, dtype=np.float32)
    cost = nn.BCELoss()(model(x.astype(np.float32)), y.astype(np.float32))
    cost.backward()
    assert cost.dtype == np.float32
    assert all(p.dtype == p.grad.dtype == np.float32 for p in model.parameters())


def test_pictures_of_a_wrong_size_are_refused():
    with pytest.raises(ValueError, match=r"inner sizes differ: 5 .* and 6 "):
        nn.CatClassifier(SMALL)(np.ones((2, 5)))


# The tutorial, on the real pictures -------------------------------------------------------------


def train_on_photographs(iterations, compile=False):
    folder = os.environ.get("MICROTENSOR_CATS")
    if not folder:
        pytest.skip("MICROTENSOR_CATS names no folder with the four CSV files of the cat pictures")
    cats = nn.datasets.load_cats(folder)
    model = nn.CatClassifier(rng=1)
    history = nn.fit(
        model, cats.train_images / 255, cats.train_labels, iterations=iterations,
        print_every=None, progress=False, compile=compile,
    )  # fmt: skip
    return model, history, cats


@pytest.fixture(scope="module")
def trained():
    return train_on_photographs(2500)


@pytest.mark.acceptance
def test_the_costs_are_the_tutorials(trained):
    _, history, _ = trained
    assert len(history.costs) == 2500
    found = history.every(100)
    assert [iteration for iteration, _ in found] == ITERATIONS
    np.testing.assert_allclose([cost for _, cost in found], COSTS, rtol=0, atol=1e-9)


@pytest.mark.acceptance
def test_a_compiled_step_takes_the_same_steps(trained):
    _, history, _ = trained
    assert train_on_photographs(401, compile=True)[1].costs == history.costs[:401]


@pytest.mark.acceptance
def test_the_training_accuracy_is_the_tutorials(trained):
    model, _, cats = trained
    right = nn.predict(model, cats.train_images / 255) == cats.train_labels
    assert (int(right.sum()), right.size) == (206, 209)
    assert nn.accuracy(model, cats.train_images / 255, cats.train_labels) == 206 / 209


@pytest.mark.acceptance
def test_the_test_accuracy_is_the_tutorials(trained):
    model, _, cats = trained
    assert nn.accuracy(model, cats.test_images / 255, cats.test_labels) == 0.8
