"""The layers against values computed by hand, finite differences and PyTorch."""

import numpy as np
import pytest

import microtensor as mt
import nn

X = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
LIMIT = {"rtol": 1e-12, "atol": 1e-12}


def with_values(layer, *values):
    """The layer as a function of its input and its parameters."""
    names = [name for name, _ in layer.named_parameters()]

    def apply(x, *values):
        for name, value in zip(names, values, strict=True):
            setattr(layer, name, value)
        return layer(x)

    return apply


def linear(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight), bias is not None)
    layer.weight.data = weight
    if bias is not None:
        layer.bias.data = bias
    return layer


# Linear -----------------------------------------------------------------------------------------


def test_linear_by_hand():
    layer = linear([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [10.0, 20.0])
    np.testing.assert_array_equal(layer(X).data, [[8.5, 24.0], [13.0, 13.0]])


def test_linear_without_bias_by_hand():
    layer = linear([[1.0, 2.0, 3.0]], None)
    assert layer.bias is None
    assert len(layer.parameters()) == 1
    np.testing.assert_array_equal(layer(X).data, [[-1.5], [3.0]])


def test_linear_gradients_by_hand():
    layer = linear([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]], [10.0, 20.0])
    x = mt.Tensor(X, requires_grad=True)
    layer(x).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad, [[1.0, 1.0, -0.5]] * 2)
    np.testing.assert_array_equal(layer.bias.grad, [2.0, 2.0])
    np.testing.assert_array_equal(x.grad, [[1.0, 1.0, 7.0]] * 2)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (5, 3), (2, 4, 3), (0, 3)])
def test_linear_takes_any_axes_before_the_last(shape):
    layer = nn.Linear(3, 2, rng=1)
    x = np.random.default_rng(0).normal(size=shape)
    result = layer(x)
    assert result.shape == (*shape[:-1], 2)
    np.testing.assert_allclose(result.data, x @ layer.weight.data.T + layer.bias.data, **LIMIT)


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 2, 3)])
def test_linear_gradients_by_differences(shape):
    rng = np.random.default_rng(1)
    apply = with_values(nn.Linear(3, 2, rng=1))
    mt.check_gradients(apply, rng.normal(size=shape), rng.normal(size=(2, 3)), rng.normal(size=2))


def test_linear_starts_with_zero_bias_and_the_initialisers_weight():
    layer = nn.Linear(4, 3, init=nn.he_uniform, rng=5)
    np.testing.assert_array_equal(layer.weight.data, nn.he_uniform((3, 4), 5))
    np.testing.assert_array_equal(layer.bias.data, np.zeros(3))


def test_linear_draws_by_lecun_unless_told():
    np.testing.assert_array_equal(nn.Linear(4, 3, rng=5).weight.data, nn.lecun_normal((3, 4), 5))


def test_linear_keeps_float32():
    layer = nn.Linear(3, 2, rng=1, dtype=np.float32)
    result = layer(X.astype(np.float32))
    result.sum().backward()
    assert result.dtype == layer.weight.dtype == layer.bias.dtype == np.float32
    assert layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3", None])
@pytest.mark.parametrize("place", [0, 1])
def test_linear_refuses_wrong_sizes(size, place):
    sizes = [2, 2]
    sizes[place] = size
    with pytest.raises(
        ValueError, match=r"^Linear: n_(in|out) is a whole number of at least 1, got "
    ) as e:
        nn.Linear(*sizes)
    assert str(e.value).endswith(repr(size))


def test_linear_takes_numpys_whole_numbers():
    assert nn.Linear(np.int64(2), np.int32(3)).weight.shape == (3, 2)


def test_linear_refuses_an_initialiser_of_another_shape():
    with pytest.raises(ValueError, match=r"^Linear: .*\(3, 4\)"):
        nn.Linear(4, 3, init=lambda shape, rng: np.zeros(shape[::-1]))


def test_linear_of_a_wrong_width_names_both_sizes():
    with pytest.raises(mt.ShapeError) as caught:
        nn.Linear(4, 3)(np.ones((2, 5)))
    assert str(caught.value).startswith("matmul: inner sizes differ: 5 (axis -1 of (2, 5)) and 4 ")
    assert "\n" not in str(caught.value)


# Activations ------------------------------------------------------------------------------------

BY_HAND = [
    (nn.ReLU(), [[-1.0, 0.0, 2.0]], [[0.0, 0.0, 2.0]]),
    (nn.Sigmoid(), [[0.0, np.log(3), -np.log(3)]], [[0.5, 0.75, 0.25]]),
    (nn.Tanh(), [[0.0, np.log(2), -np.log(2)]], [[0.0, 0.6, -0.6]]),
    (nn.Softmax(), [[0.0, np.log(2), np.log(5)]], [[1 / 8, 2 / 8, 5 / 8]]),
    (nn.Softmax(axis=0), [[0.0, 1.0], [np.log(3), 1.0]], [[0.25, 0.5], [0.75, 0.5]]),
    (nn.Flatten(), [[[1.0, 2.0], [3.0, 4.0]]], [[1.0, 2.0, 3.0, 4.0]]),
]
EVERY = [nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(), nn.Softmax(axis=0), nn.Flatten()]


@pytest.mark.parametrize(("layer", "x", "expected"), BY_HAND)
@pytest.mark.parametrize("kind", [mt.Tensor, np.array, list])
def test_activations_by_hand(layer, x, expected, kind):
    result = layer(kind(x))
    assert isinstance(result, mt.Tensor)
    np.testing.assert_allclose(result.data, expected, rtol=1e-15)


@pytest.mark.parametrize("layer", EVERY, ids=repr)
def test_activations_have_no_parameters(layer):
    assert layer.parameters() == []


@pytest.mark.parametrize("layer", EVERY, ids=repr)
@pytest.mark.parametrize("shape", [(4, 3), (1, 3), (2, 3, 2)])
def test_activation_gradients_by_differences(layer, shape):
    mt.check_gradients(layer, np.random.default_rng(2).normal(size=shape))


@pytest.mark.parametrize("layer", EVERY, ids=repr)
def test_activations_keep_float32(layer):
    assert layer(X.astype(np.float32)).dtype == np.float32


def test_relu_has_gradient_0_at_0():
    x = mt.Tensor([-1.0, 0.0, 1.0], requires_grad=True)
    nn.ReLU()(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


EXTREMES = [
    (nn.Sigmoid(), [0.0, 1.0]),
    (nn.Tanh(), [-1.0, 1.0]),
    (nn.Softmax(), [0.0, 1.0]),
    (nn.ReLU(), [0.0, 1000.0]),
]


@pytest.mark.parametrize(("layer", "expected"), EXTREMES)
def test_activations_hold_at_1000(layer, expected):
    x = mt.Tensor([-1000.0, 1000.0], requires_grad=True)
    result = layer(x)
    result.sum().backward()
    assert result.tolist() == expected
    assert np.isfinite(x.grad).all()


def test_softmax_adds_up_to_1_and_ignores_a_shift():
    x = np.random.default_rng(3).normal(size=(5, 4))
    result = nn.Softmax()(x).data
    np.testing.assert_allclose(result.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(nn.Softmax()(x + 700).data, result, rtol=1e-12)


def test_softmax_of_a_missing_axis_is_refused():
    with pytest.raises(ValueError, match=r"^softmax: axis 2 is out of range"):
        nn.Softmax(axis=2)(X)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 3), (2, 3)), ((2, 3, 4), (2, 12)), ((1, 2, 2, 2), (1, 8)), ((0, 2, 3), (0, 6))],
)
def test_flatten_keeps_the_first_axis(shape, expected):
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    result = nn.Flatten()(x)
    assert result.shape == expected
    np.testing.assert_array_equal(result.data.ravel(), x.ravel())


def test_flatten_of_a_scalar_says_what_it_wants():
    with pytest.raises((ValueError, IndexError), match=r"^Flatten: "):
        nn.Flatten()(mt.Tensor(1.0))


# Against PyTorch --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "name", "options"),
    [
        (nn.ReLU(), "ReLU", {}),
        (nn.Sigmoid(), "Sigmoid", {}),
        (nn.Tanh(), "Tanh", {}),
        (nn.Softmax(), "Softmax", {"dim": -1}),
        (nn.Softmax(axis=0), "Softmax", {"dim": 0}),
        (nn.Flatten(), "Flatten", {}),
    ],
)
@pytest.mark.parametrize("shape", [(6, 4), (3, 2, 4)])
def test_activations_agree_with_pytorch(layer, name, options, shape):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    rng = np.random.default_rng(4)
    values = 3 * rng.normal(size=shape)
    ours, theirs = mt.Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    result, expected = layer(ours), getattr(torch.nn, name)(**options)(theirs)
    upstream = rng.normal(size=result.shape)
    result.backward(upstream)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(result.data, expected.detach().numpy(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5,), (6, 5), (2, 3, 5)])
def test_linear_agrees_with_pytorch(bias, shape):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    rng = np.random.default_rng(5)
    layer = nn.Linear(5, 4, bias, rng=1)
    other = torch.nn.Linear(5, 4, bias, dtype=torch.float64)
    other.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    values, upstream = rng.normal(size=shape), rng.normal(size=(*shape[:-1], 4))
    ours, theirs = mt.Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    result, expected = layer(ours), other(theirs)
    result.backward(upstream)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(result.data, expected.detach().numpy(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)
    for mine, his in zip(layer.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, his.grad.numpy(), **LIMIT)


def test_a_whole_network_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(6, 5, rng=1), nn.Tanh(), nn.Linear(5, 4, rng=2), nn.ReLU(),
        nn.Linear(4, 2, rng=3), nn.Softmax(),
    )  # fmt: skip
    linears = [torch.nn.Linear(*s, dtype=torch.float64) for s in [(6, 5), (5, 4), (4, 2)]]
    other = torch.nn.Sequential(
        torch.nn.Flatten(), linears[0], torch.nn.Tanh(), linears[1], torch.nn.ReLU(),
        linears[2], torch.nn.Softmax(dim=-1),
    )  # fmt: skip
    for mine, his in zip(model.parameters(), other.parameters(), strict=True):
        his.data = torch.tensor(mine.numpy())
    values = np.random.default_rng(6).normal(size=(7, 3, 2))
    result, expected = model(values), other(torch.tensor(values))
    (result**2).mean().backward()
    (expected**2).mean().backward()
    np.testing.assert_allclose(result.data, expected.detach().numpy(), **LIMIT)
    for mine, his in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, his.grad.numpy(), **LIMIT)


# Dropout ----------------------------------------------------------------------------------------


def test_dropout_drops_a_share_and_scales_the_rest():
    result = nn.Dropout(0.2, rng=0)(np.ones(100_000)).data
    assert set(np.unique(result)) == {0.0, 1.25}
    assert abs((result == 0).mean() - 0.2) < 0.005  # four standard deviations
    assert abs(result.mean() - 1) < 0.0065


def test_dropout_lets_all_through_in_evaluation():
    layer = nn.Dropout(0.9, rng=0)
    layer.eval()
    np.testing.assert_array_equal(layer(X).data, X)
    assert isinstance(layer(X), mt.Tensor)


def test_dropout_of_0_lets_all_through():
    np.testing.assert_array_equal(nn.Dropout(0.0)(X).data, X)


def test_dropout_gives_the_gradient_the_same_mask():
    x = mt.Tensor(np.full(50, 3.0), requires_grad=True)
    result = nn.Dropout(0.5, rng=1)(x)
    result.sum().backward()
    np.testing.assert_array_equal(x.grad, result.data / 3)
    assert set(x.grad) == {0.0, 2.0}


def test_dropout_draws_anew_at_every_call():
    layer = nn.Dropout(0.5, rng=1)
    assert layer(np.ones(100)).tolist() != layer(np.ones(100)).tolist()


@pytest.mark.parametrize("make", [int, np.random.RandomState, np.random.default_rng])
def test_dropout_repeats_itself_from_the_same_generator(make):
    first, second = (nn.Dropout(0.5, rng=make(7)) for _ in range(2))
    for _ in range(3):
        assert first(np.ones(50)).tolist() == second(np.ones(50)).tolist()


def test_dropout_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tobytes(), np.random.get_state()[2]
    for rng in (None, 3):
        nn.Dropout(0.5, rng=rng)(X)
    assert (np.random.get_state()[1].tobytes(), np.random.get_state()[2]) == before


def test_dropout_keeps_float32():
    assert nn.Dropout(0.3, rng=0)(X.astype(np.float32)).dtype == np.float32


def test_dropout_scales_whole_numbers_too():
    values = set(nn.Dropout(0.2, rng=0)(np.ones(50, dtype=int)).tolist())
    assert values == {0.0, 1.25}


@pytest.mark.parametrize("p", [1, 1.0, -0.1, 1.5, float("nan"), float("inf"), "0.5", None])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises((ValueError, TypeError), match=r"^Dropout: p is a number from 0"):
        nn.Dropout(p)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: nn.Linear(in_features=2, out_features=1),
            "Linear: in_features= is called n_in= here",
        ),
        (lambda: nn.Linear(2, out_features=1), "Linear: out_features= is called n_out= here"),
        (lambda: nn.Linear(2, 1, seed=1), "Linear: seed= is called rng= here"),
        (lambda: nn.Softmax(dim=-1), "Softmax: dim= is called axis= here"),
        (
            lambda: nn.CatClassifier(layers=(3, 1)),
            "CatClassifier: layers= is called layers_dims= here",
        ),
        (lambda: nn.Linear(2, 1, activation=3), "unexpected keyword argument 'activation'"),
    ],
)
def test_arguments_of_other_libraries_are_named(make, said):
    with pytest.raises(TypeError, match=said):
        make()


def test_modules_of_ones_own_get_lists_that_are_no_numbers_as_they_are():
    class Taking(nn.Module):
        def forward(self, x):
            return x

    t = mt.Tensor(1.0, requires_grad=True)
    for kept in ([t, t], [[t], 2.0], [nn.ReLU()], [], (1.0, 2.0), {"a": 1}, "text", None, 3):
        assert Taking()(kept) is kept
    ragged = [[1.0], [1.0, 2.0]]
    assert Taking()(ragged) is ragged
    assert isinstance(Taking()([[1, 2], [3, 4]]), np.ndarray)
    assert isinstance(Taking()([np.ones(2), np.ones(2)]), np.ndarray)
