"""Conv2d and the pools: by loops, against PyTorch and differences; and what they refuse."""

import re

import numpy as np
import pytest

import microtensor as mt
import nn

LIMIT = {"rtol": 1e-12, "atol": 1e-12}
KERNELS = [  # kernel, stride, padding, height and width
    (3, 1, 0, (5, 6)),
    (3, 1, 1, (5, 6)),
    (2, 2, 0, (5, 6)),
    ((2, 3), (1, 2), (0, 2), (5, 7)),
    ((3, 2), (3, 2), 1, (6, 6)),
    (1, 1, 0, (3, 3)),
    (1, 2, 0, (4, 5)),
    (4, 3, 2, (4, 4)),
    ((5, 6), 1, 0, (5, 6)),
]
POOLS = [
    (2, None, (4, 6)),
    (2, None, (5, 7)),
    (3, 1, (5, 6)),
    (3, 2, (6, 7)),
    ((2, 1), (1, 3), (4, 7)),
]
kernels = pytest.mark.parametrize(("kernel", "stride", "padding", "size"), KERNELS)
pools = pytest.mark.parametrize(("kernel", "stride", "size"), POOLS)


def both(x):
    return x if isinstance(x, tuple) else (x, x)


def image(size, channels=2, n=3, seed=0):
    """Numbers that are all different, so that the largest of a window is one."""
    values = np.random.default_rng(seed).permutation(n * channels * size[0] * size[1])
    return (values / values.size - 0.5).reshape(n, channels, *size)


def windows(x, kernel, stride):
    """Each window and its place, by loops."""
    (h, w), (down, across) = both(kernel), both(stride)
    for i in range((x.shape[2] - h) // down + 1):
        for j in range((x.shape[3] - w) // across + 1):
            top, left = i * down, j * across
            yield i, j, x[:, :, top : top + h, left : left + w]


def made(kernel, stride, padding, bias=True, **options):
    layer = nn.Conv2d(2, 4, kernel, stride, padding, bias, rng=1, **options)
    if bias:
        layer.bias.data = np.array([0.5, -1.0, 2.0, 0.0])
    return layer


@kernels
def test_a_convolution_by_loops(kernel, stride, padding, size):
    x, layer = image(size), made(kernel, stride, padding)
    rows, columns = both(padding)
    padded = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    result = layer(x).data
    for i, j, window in windows(padded, kernel, stride):
        expected = np.tensordot(window, layer.weight.data, ((1, 2, 3), (1, 2, 3))) + layer.bias.data
        np.testing.assert_allclose(result[:, :, i, j], expected, **LIMIT)
    assert result.shape == (3, 4, i + 1, j + 1)


@kernels
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_agrees_with_pytorch(kernel, stride, padding, size, bias):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    layer = made(kernel, stride, padding, bias)
    other = torch.nn.Conv2d(2, 4, kernel, stride, padding, bias=bias, dtype=torch.float64)
    assert list(layer.state_dict()) == list(other.state_dict())
    other.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    agree(layer, other, image(size), torch)


def agree(layer, other, values, torch):
    """Values, and the gradients of input and parameters."""
    ours, theirs = mt.Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    result, expected = layer(ours), other(theirs)
    upstream = np.random.default_rng(5).normal(size=result.shape)
    result.backward(upstream)
    expected.backward(torch.tensor(upstream))
    np.testing.assert_allclose(result.data, expected.detach().numpy(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)
    for mine, his in zip(layer.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, his.grad.numpy(), **LIMIT)


@pools
@pytest.mark.parametrize("kind", ["MaxPool2d", "AvgPool2d"])
def test_pools_agree_with_pytorch(kind, kernel, stride, size):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    agree(
        getattr(nn, kind)(kernel, stride),
        getattr(torch.nn, kind)(kernel, stride),
        image(size),
        torch,
    )


@pools
@pytest.mark.parametrize(("kind", "of"), [(nn.MaxPool2d, np.max), (nn.AvgPool2d, np.mean)])
def test_pools_by_loops(kind, of, kernel, stride, size):
    x = image(size)
    result = kind(kernel, stride)(x).data
    for i, j, window in windows(x, kernel, stride or kernel):
        np.testing.assert_allclose(result[:, :, i, j], of(window, axis=(2, 3)), **LIMIT)
    assert result.shape == (3, 2, i + 1, j + 1)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [*KERNELS[1:4], *(pytest.param(*x, marks=pytest.mark.acceptance) for x in KERNELS[4:])],
)
def test_convolution_gradients_by_differences(kernel, stride, padding, size):
    layer = nn.Conv2d(2, 2, kernel, stride, padding, rng=1)

    def apply(x, weight, bias):
        layer.weight, layer.bias = weight, bias
        return layer(x)

    rng = np.random.default_rng(1)
    x, weight = image(size, n=1), rng.normal(size=layer.weight.shape)
    mt.check_gradients(apply, x, weight, rng.normal(size=2))


@pools
@pytest.mark.parametrize("kind", [nn.MaxPool2d, nn.AvgPool2d])
def test_pool_gradients_by_differences(kind, kernel, stride, size):
    mt.check_gradients(kind(kernel, stride), image(size, n=2))


def test_the_largest_ones_of_a_window_share():
    x = mt.Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    nn.MaxPool2d(2)(x).sum().backward()
    assert x.grad.ravel().tolist() == [0.25] * 4


LAYERS = [
    nn.Conv2d(2, 3, 2, rng=0, dtype=np.float32),
    nn.Conv2d(2, 3, 2, 2, 1, rng=0, dtype=np.float32),
    nn.MaxPool2d(2),
    nn.AvgPool2d(2, 1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_float32_stays(layer):
    x = mt.Tensor(image((4, 4)).astype(np.float32), requires_grad=True)
    result = layer(x)
    result.sum().backward()
    assert {result.dtype, x.grad.dtype, *(p.grad.dtype for p in layer.parameters())} == {
        np.dtype(np.float32)
    }


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_no_images_and_other_orders_in_memory(layer):
    x = image((4, 4)).astype(np.float32)
    assert layer(x[:0]).shape == (0, *layer(x).shape[1:])
    for same in (np.asfortranarray(x), np.flip(np.flip(x, 2).copy(), 2), x.tolist()):
        np.testing.assert_allclose(layer(same).data, layer(x).data, rtol=1e-6)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
@pytest.mark.parametrize("wrong", [(2, 4, 4), (4, 4), (), (3, 2, 4, 4, 1)])
def test_what_is_no_image_is_refused(layer, wrong):
    name = type(layer).__name__
    c = 2 if layer.parameters() else "C"
    with pytest.raises(mt.ShapeError) as caught:
        layer(np.ones(wrong))
    assert str(caught.value).startswith(f"{name}: inputs are (N, {c}, H, W), got shape {wrong}")


def test_other_channels_and_channels_in_the_last_place_are_named():
    with pytest.raises(
        mt.ShapeError, match=r"^Conv2d: .* \(N, 2, H, W\), got shape \(3, 1, 4, 4\)$"
    ):
        nn.Conv2d(2, 3, 2)(np.ones((3, 1, 4, 4)))
    with pytest.raises(mt.ShapeError, match=r"; np\.moveaxis\(x, -1, 1\) puts channels there$"):
        nn.Conv2d(2, 3, 2)(np.ones((3, 4, 4, 2)))


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(2, 3, (5, 2), rng=0), nn.MaxPool2d((5, 2)), nn.AvgPool2d((5, 2), 1)]
)
def test_a_window_too_large_is_refused(layer):
    with pytest.raises(mt.ShapeError, match=r": a window of 5 x 2 doesn't fit into 4 x 4$"):
        layer(image((4, 4)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nn.Conv2d(0, 1, 1), "Conv2d: in_channels is a whole number of at least 1, got 0"),
        (lambda: nn.Conv2d(1, 2.5, 1), "Conv2d: out_channels is a whole number of at least 1, got"),
        (lambda: nn.Conv2d(1, 1, 0), "Conv2d: kernel_size is a whole number of at least 1, got 0"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), "Conv2d: kernel_size is a number or two, of height"),
        (lambda: nn.Conv2d(1, 1, 1, 0), "Conv2d: stride is a whole number of at least 1, got 0"),
        (lambda: nn.Conv2d(1, 1, 1, 1, -1), "Conv2d: padding is a whole number of at least 0"),
        (lambda: nn.Conv2d(1, 1, 1, 1, "same"), "Conv2d: padding is a whole number of at least 0"),
        (lambda: nn.Conv2d(1, 1, 1, init=lambda s, rng: np.ones(2)), "Conv2d: init gave shape"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d: kernel_size is a whole number of at least 1, got 0"),
        (lambda: nn.AvgPool2d(2, (1, 0)), "AvgPool2d: stride is a whole number of at least 1"),
    ],
)
def test_wrong_arguments_are_refused(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value).startswith(said)


def test_layers_of_images_show_what_they_are():
    assert [repr(layer).split("  ")[0] for layer in (
        nn.Conv2d(2, 3, 5), nn.Conv2d(2, 3, (1, 2), 2, (0, 1), False), nn.MaxPool2d(2),
        nn.AvgPool2d((2, 3), 1),
    )] == [
        "Conv2d(2, 3, 5)", "Conv2d(2, 3, (1, 2), stride=2, padding=(0, 1), bias=False)",
        "MaxPool2d(2)", "AvgPool2d((2, 3), stride=1)",
    ]  # fmt: skip


def test_a_kernel_starts_as_the_initialiser_has_it():
    layer = nn.Conv2d(2, 3, 5, init=nn.he_normal, rng=4)
    np.testing.assert_array_equal(layer.weight.data, nn.he_normal((3, 2, 5, 5), 4))
    assert layer.bias.tolist() == [0, 0, 0]


def small():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, rng=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 2, rng=2),
        nn.GELU(), nn.AvgPool2d(2, 1), nn.Flatten(), nn.Linear(4, 3, rng=3),
    )  # fmt: skip


def test_a_whole_network_learns_and_its_step_compiles():
    x, y = image((6, 6), channels=1, n=12), np.arange(12) % 3
    costs = []
    for compiled in (False, True):
        model = small()
        history = nn.fit(
            model, x, y, iterations=40, optimizer=nn.Adam(model.parameters(), lr=0.05),
            compile=compiled, loss=nn.CrossEntropyLoss(), batch_size=4, print_every=None,
            progress=False,
        )  # fmt: skip
        costs.append(history.costs)
    assert costs[0] == costs[1]
    assert costs[0][-1] < 0.5 * costs[0][0]


def test_a_whole_network_is_read_in_every_way():
    x, y = image((6, 6), channels=1, n=2), np.array([0, 2])
    cost = nn.CrossEntropyLoss()(small()(mt.Tensor(x, name="X")), y)
    source = mt.to_source(cost)
    assert "sliding_window_view" in source
    assert "layers.0" in str(mt.explain(cost))
    assert mt.draw(cost).source.count("layers.2") >= 1


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 4, 3, padding=1, rng=0),
        nn.Conv2d(3, 4, 2, stride=2, rng=0),
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 1),
        nn.AvgPool2d(2),
    ],
    ids=str,
)
def test_its_program_holds_for_other_numbers_of_images(layer):
    net = nn.Sequential(nn.Conv2d(2, 3, 1, rng=1), layer)
    result = (net(mt.Tensor(image((5, 6), n=4), name="X")) ** 2).mean()
    text = mt.to_source(result)
    assert "It holds" not in text
    space = {}
    exec(text, space)
    function = next(f for name, f in space.items() if name.endswith("_and_gradients"))
    X = image((5, 6), n=7, seed=1)
    docs = re.findall(r"(\w+) (\([\d, ]+\))", function.__doc__)
    by_shape = {str(p.shape): p for p in net.parameters()}
    learned = {name: by_shape[shape] for name, shape in docs if name != "X"}
    value, found = function(X=X, **{name: p.data for name, p in learned.items()})
    net.zero_grad()
    expected = (net(X) ** 2).mean()
    expected.backward()
    np.testing.assert_allclose(value, expected.data, **LIMIT)
    for name, p in learned.items():
        np.testing.assert_allclose(found[name], p.grad, **LIMIT)
