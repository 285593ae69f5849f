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
    (nn.LeakyReLU(0.25), [[-2.0, 0.0, 3.0]], [[-0.5, 0.0, 3.0]]),
    (nn.GELU(), [[0.0, 1.0, -1.0]], [[0.0, 0.8413447460685429, -0.15865525393145707]]),
    (nn.GELU("tanh"), [[0.0, 1.0, -1.0]], [[0.0, 0.8411919906082768, -0.15880800939172324]]),
]
EVERY = [
    nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(), nn.Softmax(axis=0), nn.Flatten(),
    nn.LeakyReLU(), nn.LeakyReLU(-0.5), nn.GELU(), nn.GELU("tanh"),
]  # fmt: skip


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
    (nn.LeakyReLU(), [-10.0, 1000.0]),
    (nn.GELU(), [0.0, 1000.0]),
    (nn.GELU("tanh"), [0.0, 1000.0]),
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
        (nn.LeakyReLU(), "LeakyReLU", {}),
        (nn.LeakyReLU(0.3), "LeakyReLU", {"negative_slope": 0.3}),
        (nn.GELU(), "GELU", {}),
        (nn.GELU("tanh"), "GELU", {"approximate": "tanh"}),
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


def test_leaky_relu_at_0_has_the_slope_as_pytorch_has_it():
    x = mt.Tensor([0.0, -0.0], requires_grad=True)
    nn.LeakyReLU(0.25)(x).sum().backward()
    assert x.grad.tolist() == [0.25, 0.25]


@pytest.mark.parametrize("wrong", ["a", None, float("nan")])
def test_a_slope_is_a_number(wrong):
    with pytest.raises(
        ValueError, match=r"^LeakyReLU: negative_slope is a number of any size, got"
    ):
        nn.LeakyReLU(wrong)


def test_gelu_knows_two_forms():
    with pytest.raises(ValueError, match=r"^GELU: approximate is 'none' or 'tanh', got 'erf'$"):
        nn.GELU("erf")
    assert [repr(nn.GELU()), repr(nn.GELU("tanh"))] == ["GELU", "GELU(approximate='tanh')"]
    assert repr(nn.LeakyReLU(0.2)) == "LeakyReLU(0.2)"


# Embedding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,), (2, 1, 3)])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_an_embedding_picks_rows(shape, dtype):
    layer = nn.Embedding(5, 3, rng=0)
    numbers = np.random.default_rng(1).integers(0, 5, shape).astype(dtype)
    for given in (numbers, mt.Tensor(numbers), numbers.tolist()):
        if np.asarray(given).dtype.kind in "iu":
            np.testing.assert_array_equal(layer(given).data, layer.weight.data[numbers])
    assert layer(numbers).shape == (*shape, 3)


def test_an_embedding_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    layer = nn.Embedding(5, 3, rng=0)
    other = torch.nn.Embedding(5, 3, dtype=torch.float64)
    assert list(layer.state_dict()) == list(other.state_dict())
    other.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    numbers = np.array([[0, 4, 4], [1, 4, 0]])
    upstream = np.random.default_rng(2).normal(size=(2, 3, 3))
    result, expected = layer(numbers), other(torch.tensor(numbers))
    result.backward(upstream)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_array_equal(result.data, expected.detach().numpy())
    np.testing.assert_allclose(layer.weight.grad, other.weight.grad.numpy(), **LIMIT)


def test_an_embeddings_first_rows():
    layer = nn.Embedding(400, 50, rng=3)
    assert abs(layer.weight.data.std() - 1) < 0.03
    np.testing.assert_array_equal(layer.weight.data, nn.Embedding(400, 50, rng=3).weight.data)
    assert nn.Embedding(2, 3, dtype=np.float32)([0]).dtype == np.float32
    assert repr(layer) == "Embedding(400, 50)  20,000 parameters"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([0, 5], ValueError, "^Embedding: numbers are from 0 to 4, got 0 to 5$"),
        ([-1], ValueError, "^Embedding: numbers are from 0 to 4, got -1 to -1$"),
        ([0.0], TypeError, "^Embedding: numbers are whole numbers, got float64$"),
        ([True], TypeError, "^Embedding: numbers are whole numbers, got bool$"),
        (["a"], TypeError, "^Embedding: numbers are whole numbers, got <U1; np.unique"),
    ],
)
def test_an_embedding_refuses_what_has_no_row(given, error, said):
    with pytest.raises(error, match=said):
        nn.Embedding(5, 3, rng=0)(given)


def test_a_compiled_step_reads_other_numbers_and_refuses_wrong_ones():
    layer = nn.Embedding(5, 3, rng=0)
    step = mt.compile(lambda x: (layer(x) ** 2).sum())
    for numbers in ([0, 1], [4, 4], [2, 3]):
        assert step(np.array(numbers)) == (layer(numbers) ** 2).sum().item()
    with pytest.raises(ValueError, match="numbers are from 0 to 4"):
        step(np.array([0, -1]))


# Normalisations ---------------------------------------------------------------------------------


def scattered(*shape, dtype=float):
    return (3 * np.random.default_rng(7).normal(size=shape) + 5).astype(dtype)


def changed(layer):
    """The layer with parameters unlike those that it starts with."""
    rng = np.random.default_rng(8)
    for p in layer.parameters():
        p.data = rng.normal(size=p.shape)
    return layer


def same_as_pytorch(layer, other, values):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours, theirs = mt.Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    result, expected = layer(ours), other(theirs)
    upstream = np.random.default_rng(9).normal(size=result.shape)
    result.backward(upstream)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(result.data, expected.detach().numpy(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-11, atol=1e-12)
    for mine, his in zip(layer.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, his.grad.numpy(), rtol=1e-11, atol=1e-12)
    for name, array in layer.state_dict().items():
        np.testing.assert_allclose(array, other.state_dict()[name].numpy(), **LIMIT)


def twin(layer, kind, *arguments, **options):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    other = getattr(torch.nn, kind)(*arguments, dtype=torch.float64, **options)
    assert list(layer.state_dict()) == list(other.state_dict())
    other.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    return other


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        (4, {}), ((3, 4), {}), (4, {"eps": 0.1}), ((2, 3, 4), {}),
    ],
)  # fmt: skip
def test_layer_norm_agrees_with_pytorch(shape, options):
    layer = changed(nn.LayerNorm(shape, **options))
    same_as_pytorch(layer, twin(layer, "LayerNorm", shape, **options), scattered(2, 3, 4))


def test_layer_norm_by_hand():
    layer = nn.LayerNorm(2, eps=3.0)
    np.testing.assert_allclose(layer([[1.0, 3.0], [5.0, 5.0]]).data, [[-0.5, 0.5], [0.0, 0.0]])


@pytest.mark.parametrize("shape", [4, (3, 4)])
def test_layer_norm_gradients_by_differences(shape):
    rng, layer = np.random.default_rng(3), nn.LayerNorm(shape)
    size = layer.weight.shape
    mt.check_gradients(
        with_values(layer), scattered(2, 3, 4), rng.normal(size=size), rng.normal(size=size)
    )


@pytest.mark.parametrize("shape", [(5,), (2, 5), (), (4, 1)])
def test_layer_norm_names_the_axes_it_wants(shape):
    with pytest.raises(mt.ShapeError) as caught:
        nn.LayerNorm((3, 4))(np.ones(shape))
    assert str(caught.value) == f"LayerNorm: the last axes are (3, 4), got shape {shape}"


BATCHES = [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (4, 3, 5)), ("BatchNorm2d", (4, 3, 2, 5))]
batches = pytest.mark.parametrize(("kind", "shape"), BATCHES)


@batches
@pytest.mark.parametrize("options", [{}, {"eps": 0.1, "momentum": 0.3}])
def test_batch_norm_agrees_with_pytorch(kind, shape, options):
    layer = changed(nn.BatchNorm(3, **options))
    other = twin(layer, kind, 3, **options)
    for k in range(3):
        layer.zero_grad()
        other.zero_grad()
        same_as_pytorch(layer, other, scattered(*shape) * (k + 1))
    assert layer.num_batches_tracked.item() == 3
    layer.eval()
    other.eval()
    layer.zero_grad()
    other.zero_grad()
    same_as_pytorch(layer, other, scattered(*shape))
    back = nn.BatchNorm(3, **options)
    back.load_state_dict({k: v.numpy() for k, v in other.state_dict().items()})
    assert back.running_var.tolist() == other.running_var.tolist()


def test_batch_norm_by_hand():
    layer = nn.BatchNorm(1, eps=3.0, momentum=0.5)
    np.testing.assert_allclose(layer([[1.0], [3.0]]).data, [[-0.5], [0.5]])
    assert layer.running_mean.tolist() == [1.0]  # halfway from 0 to 2
    assert layer.running_var.tolist() == [1.5]  # halfway from 1 to 2
    layer.eval()
    np.testing.assert_allclose(layer([[1.0], [1 + 4.5**0.5]]).data, [[0.0], [1.0]])
    assert layer.running_mean.tolist() == [1.0]


@batches
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_gradients_by_differences(kind, shape, training):
    rng, layer = np.random.default_rng(3), nn.BatchNorm(3).train(training)
    values = scattered(*shape), rng.normal(size=3), rng.normal(size=3)
    mt.check_gradients(with_values(layer), *values)


def test_running_statistics_are_kept_and_not_learnt(tmp_path):
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm(3), nn.Linear(3, 1, rng=1))
    assert [name for name, _ in model.named_parameters()][2:4] == [
        "layers.1.weight",
        "layers.1.bias",
    ]
    x, y = scattered(8, 2), np.ones((8, 1))
    history = nn.fit(
        model, x, y, iterations=20, batch_size=4, loss=nn.MSELoss(), validation=(x[:1], y[:1]),
        print_every=None, progress=False,
    )  # fmt: skip
    assert history.costs[-1] < history.costs[0]
    assert model[1].num_batches_tracked.item() == 20
    before = model.state_dict()["layers.1.running_mean"]
    nn.save(tmp_path / "m.npz", model)
    model(x)
    assert model[1].running_mean.tolist() != before.tolist()
    nn.load(tmp_path / "m.npz", model)
    assert model[1].running_mean.tolist() == before.tolist()
    outputs = model.eval()(x).data
    np.testing.assert_allclose(model(x[:1]).data, outputs[:1])  # each example by itself


def test_a_backward_through_batch_norm_may_come_after_another_forward():
    layer, x = nn.BatchNorm(3), mt.Tensor(scattered(4, 3), requires_grad=True)
    first = layer(x)
    layer(x)
    (first**2).sum().backward()
    assert np.isfinite(x.grad).all()


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1), (0, 3)])
def test_batch_norm_of_one_number_a_channel_is_refused_in_training(shape):
    layer = nn.BatchNorm(3)
    with pytest.raises(ValueError, match=r"^BatchNorm: training takes 2 numbers or more of each"):
        layer(np.ones(shape))
    assert layer.num_batches_tracked.item() == 0
    assert layer.eval()(np.ones(shape)).shape == shape


@pytest.mark.parametrize("shape", [(3,), (), (2, 4), (2, 4, 3)])
def test_batch_norm_names_the_shape_it_wants(shape):
    with pytest.raises(mt.ShapeError) as caught:
        nn.BatchNorm(3)(np.ones(shape))
    assert str(caught.value) == f"BatchNorm: inputs are (N, 3, ...), got shape {shape}"


@pytest.mark.parametrize("layer", [nn.LayerNorm, nn.BatchNorm])
def test_normalisations_keep_float32(layer):
    made = layer(3, dtype=np.float32)
    x = mt.Tensor(scattered(4, 3, dtype=np.float32), requires_grad=True)
    for _ in range(2):
        result = made(x)
        result.sum().backward()
        assert result.dtype == x.grad.dtype == made.weight.grad.dtype == np.float32
        x.grad = None
        made.eval()
    kinds = {array.dtype for array in made.state_dict().values()} - {np.dtype(np.int64)}
    assert kinds == {np.dtype(np.float32)}


@pytest.mark.parametrize("layer", [nn.LayerNorm, nn.BatchNorm])
def test_normalisations_take_numbers_far_from_0(layer):
    x = 1e8 + np.array([[1.0, 2.0], [3.0, 5.0], [8.0, 9.0]])
    axis = 1 if layer is nn.LayerNorm else 0
    expected = (x - x.mean(axis, keepdims=True)) / x.std(axis, keepdims=True)
    np.testing.assert_allclose(layer(2)(x).data, expected, rtol=1e-4)
    assert (layer(2)(np.full((3, 2), 4)).data == 0).all()  # whole numbers, and no spread


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nn.Embedding(0, 1), "Embedding: num_embeddings is a whole number of at least 1"),
        (lambda: nn.Embedding(1, 1.5), "Embedding: embedding_dim is a whole number of at least 1"),
        (lambda: nn.LayerNorm(0), "LayerNorm: a size is a whole number of at least 1, got 0"),
        (lambda: nn.LayerNorm(()), "LayerNorm: normalized_shape has one size or more"),
        (lambda: nn.LayerNorm(2.5), "LayerNorm: a size is a whole number of at least 1, got 2.5"),
        (lambda: nn.LayerNorm((2, 2.0)), "LayerNorm: a size is a whole number of at least 1"),
        (lambda: nn.LayerNorm(2, eps=0), "LayerNorm: eps is a number above 0, got 0"),
        (lambda: nn.BatchNorm("3"), "BatchNorm: num_features is a whole number of at least 1"),
        (lambda: nn.BatchNorm(3, eps=-1), "BatchNorm: eps is a number above 0, got -1"),
        (lambda: nn.BatchNorm(3, momentum=1.5), "BatchNorm: momentum is a number from 0 to 1"),
    ],
)
def test_wrong_arguments_of_layers_are_refused(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value).startswith(said)


def test_layers_show_their_sizes():
    shown = [repr(nn.LayerNorm(3)), repr(nn.LayerNorm((2, 3))), repr(nn.BatchNorm(4))]
    assert [text.split("  ")[0] for text in shown] == [
        "LayerNorm(3)", "LayerNorm((2, 3))", "BatchNorm(4)",
    ]  # fmt: skip
