"""The losses against values computed by hand, finite differences and PyTorch; what they refuse."""

import numpy as np
import pytest

import microtensor as mt
import nn

LIMIT = {"rtol": 1e-12, "atol": 1e-12}
LOG2 = np.log(2)
BINARY = [nn.BCELoss(), nn.BCEWithLogitsLoss()]
SAME_SHAPE = [*BINARY, nn.MSELoss()]


def name(x):
    return type(x).__name__


def column(*values):
    return np.array(values, dtype=float)[:, None]


# By hand ----------------------------------------------------------------------------------------

BY_HAND = [
    (nn.BCELoss(), column(0.5, 0.5), column(1, 0), LOG2),
    (nn.BCELoss(), column(0.25, 0.25), column(1, 0), (np.log(4) + np.log(4 / 3)) / 2),
    (nn.BCELoss(), column(0.25), column(0.5), (np.log(4) + np.log(4 / 3)) / 2),
    (nn.BCEWithLogitsLoss(), column(0, 0), column(1, 0), LOG2),
    (nn.BCEWithLogitsLoss(), column(np.log(3)), column(1), np.log(4 / 3)),
    (nn.BCEWithLogitsLoss(), column(np.log(3)), column(0), np.log(4)),
    (nn.MSELoss(), column(1, 2, 3), column(1, 0, 0), 13 / 3),
    (nn.MSELoss(), np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)), 7.5),
    (nn.CrossEntropyLoss(), np.zeros((2, 4)), np.array([0, 3]), np.log(4)),
    (nn.CrossEntropyLoss(), np.log([[1.0, 2.0, 5.0], [2.0, 4.0, 2.0]]), np.array([2, 1]),
     (np.log(8 / 5) + LOG2) / 2),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "predictions", "targets", "expected"), BY_HAND)
@pytest.mark.parametrize("kind", [mt.Tensor, np.array, lambda x: np.asarray(x).tolist()])
def test_by_hand(loss, predictions, targets, expected, kind):
    cost = loss(kind(predictions), kind(targets))
    assert cost.shape == ()
    np.testing.assert_allclose(cost.item(), expected, rtol=1e-14)


GRADIENTS_BY_HAND = [
    (nn.BCELoss(), column(0.25, 0.5), column(1, 0), column(-2, 1)),
    (nn.BCEWithLogitsLoss(), column(0, 0), column(1, 0), column(-0.25, 0.25)),
    (nn.MSELoss(), column(1, 2), column(0, 0), column(1, 2)),
    (nn.CrossEntropyLoss(), np.zeros((2, 2)), [0, 1], np.array([[-0.25, 0.25], [0.25, -0.25]])),
]


@pytest.mark.parametrize(("loss", "predictions", "targets", "expected"), GRADIENTS_BY_HAND)
def test_gradients_by_hand(loss, predictions, targets, expected):
    predictions = mt.Tensor(predictions, requires_grad=True)
    loss(predictions, targets).backward()
    np.testing.assert_allclose(predictions.grad, expected, rtol=1e-14)


def test_bce_is_the_tutorials_cost():
    rng = np.random.default_rng(0)
    a, y = rng.uniform(0.01, 0.99, (1, 9)), rng.integers(0, 2, (1, 9))
    m = y.shape[1]
    cost = -1 / m * (np.dot(y, np.log(a).T) + np.dot(1 - y, np.log(1 - a).T))
    np.testing.assert_allclose(nn.BCELoss()(a.T, y.T).item(), cost.item(), rtol=1e-14)


def test_bce_of_logits_is_bce_of_their_sigmoid():
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(8, 1)), rng.integers(0, 2, (8, 1))
    expected = nn.BCELoss()(nn.Sigmoid()(z), y).item()
    np.testing.assert_allclose(nn.BCEWithLogitsLoss()(z, y).item(), expected, rtol=1e-13)


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_targets_of_every_dtype(loss, dtype):
    predictions, targets = column(0.2, 0.7, 0.4), column(1, 0, 1)
    expected = loss(predictions, targets).item()
    assert loss(predictions, targets.astype(dtype)).item() == expected


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize("targets", [np.float32, np.int64, bool])
def test_float32_stays_float32(loss, targets):
    predictions = mt.Tensor([0.2, 0.7], requires_grad=True, dtype=np.float32)
    cost = loss(predictions, np.array([1, 0], dtype=targets))
    cost.backward()
    assert cost.dtype == predictions.grad.dtype == np.float32


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
def test_a_target_may_need_a_gradient_too(loss):
    target = mt.Tensor([0.25], requires_grad=True)
    loss(mt.Tensor([0.75], requires_grad=True), target).backward()
    assert target.grad.shape == (1,)
    assert target.grad.item() != 0


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize("dtype", [bool, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, mt.Tensor])
def test_a_compiled_step_follows_targets_that_it_reaches(loss, dtype, kind):
    targets = kind(np.array([[0], [1], [1]], dtype=dtype))
    predictions = mt.Tensor([[0.2], [0.6], [0.9]], requires_grad=True)
    step = mt.compile(lambda: loss(predictions, targets))
    assert step() == loss(predictions, targets).item()
    targets[0] = dtype(1)
    assert step() == loss(predictions, targets).item()
    predictions.grad = None
    step()
    compiled, predictions.grad = predictions.grad, None
    loss(predictions, targets).backward()
    np.testing.assert_array_equal(compiled, predictions.grad)


@pytest.mark.parametrize("kind", [np.asarray, mt.Tensor])
def test_a_compiled_step_follows_labels_that_it_reaches(kind):
    labels = kind(np.array([0, 1, 2]))
    z = mt.Tensor(np.random.default_rng(0).normal(size=(3, 3)), requires_grad=True)
    step = mt.compile(lambda: nn.CrossEntropyLoss()(z, labels))
    assert step() == nn.CrossEntropyLoss()(z, labels).item()
    labels[0] = 2
    assert step() == nn.CrossEntropyLoss()(z, labels).item()


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize(
    ("targets", "called"),
    [
        (np.array([0, 1]), "y"),
        (np.array([0.0, 1.0]), "y"),
        ([False, True], "y"),
        (mt.Tensor([0, 1]), "y"),
        (mt.Tensor([0, 1], name="labels"), "labels"),
        (mt.Tensor([0.0, 1.0], name="labels"), "labels"),
    ],
)
def test_targets_have_a_name_and_the_dtype_of_the_predictions(loss, targets, called):
    predictions = mt.Tensor([0.5, 0.5], requires_grad=True, dtype=np.float32, name="a")
    step = mt.compile(lambda: loss(predictions, targets))
    source = mt.to_source(loss(predictions, targets))
    assert f"({called}, a)" in source or f"(a, {called})" in source
    assert step().dtype == np.float32


# Gradients by differences -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (4,), (4, 1), (2, 3, 2)])
@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
def test_gradients_by_differences(loss, shape):
    rng = np.random.default_rng(2)
    mt.check_gradients(loss, rng.uniform(0.1, 0.9, shape), rng.uniform(0.1, 0.9, shape))


def test_cross_entropy_gradients_by_differences():
    rng = np.random.default_rng(3)
    labels = np.array([0, 2, 2, 1, 3])
    mt.check_gradients(nn.CrossEntropyLoss(), rng.normal(size=(5, 4)), labels)


# Against PyTorch --------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize("shape", [(7,), (7, 1), (3, 4)])
def test_agrees_with_pytorch(loss, shape):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    rng = np.random.default_rng(4)
    values, targets = rng.uniform(0.01, 0.99, shape), rng.uniform(0, 1, shape)
    ours, theirs = mt.Tensor(values, requires_grad=True), torch.tensor(values, requires_grad=True)
    result = loss(ours, targets)
    expected = getattr(torch.nn, name(loss))()(theirs, torch.tensor(targets))
    result.backward()
    expected.backward()
    np.testing.assert_allclose(result.item(), expected.item(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)


@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_losses_of_logits_agree_with_pytorch_at_every_scale(scale):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    rng = np.random.default_rng(5)
    values = scale * rng.normal(size=(9, 4))
    cases = [
        (nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss(), rng.integers(0, 4, 9)),
        (nn.BCEWithLogitsLoss(), torch.nn.BCEWithLogitsLoss(), rng.uniform(size=(9, 4))),
    ]
    for loss, other, targets in cases:
        ours = mt.Tensor(values, requires_grad=True)
        theirs = torch.tensor(values, requires_grad=True)
        result, expected = loss(ours, targets), other(theirs, torch.tensor(targets))
        result.backward()
        expected.backward()
        np.testing.assert_allclose(result.item(), expected.item(), **LIMIT)
        np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)


# At the edges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("z", "y", "cost", "gradient"),
    [
        (1000.0, 1, 0.0, 0.0),
        (1000.0, 0, 1000.0, 1.0),
        (-1000.0, 1, 1000.0, -1.0),
        (-1000.0, 0, 0.0, 0.0),
    ],
)
def test_bce_of_logits_holds_at_1000(z, y, cost, gradient):
    logits = mt.Tensor([z], requires_grad=True)
    result = nn.BCEWithLogitsLoss()(logits, [y])
    result.backward()
    assert result.item() == cost
    assert logits.grad.tolist() == [gradient]


@pytest.mark.parametrize(
    ("label", "cost", "gradient"), [(0, 0.0, [0.0, 0.0]), (1, 2000.0, [1.0, -1.0])]
)
def test_cross_entropy_holds_at_1000(label, cost, gradient):
    logits = mt.Tensor([[1000.0, -1000.0]], requires_grad=True)
    result = nn.CrossEntropyLoss()(logits, [label])
    result.backward()
    assert result.item() == cost
    assert logits.grad.tolist() == [gradient]


@pytest.mark.parametrize(("a", "y"), [(0.0, 1), (1.0, 0)])
def test_bce_of_a_certain_mistake_is_infinite(a, y):
    with np.errstate(all="ignore"):
        assert nn.BCELoss()(np.array([a]), np.array([y])).item() == np.inf


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", SAME_SHAPE, ids=name)
@pytest.mark.parametrize(
    ("predictions", "targets"),
    [((4, 1), (4,)), ((4,), (4, 1)), ((4, 1), (1, 4)), ((4, 1), (3, 1)), ((4, 1), ()), ((), (1,))],
)
@pytest.mark.parametrize("kind", [mt.Tensor, np.array])
def test_other_shapes_are_refused(loss, predictions, targets, kind):
    with pytest.raises(mt.ShapeError) as caught:
        loss(kind(np.full(predictions, 0.5)), kind(np.ones(targets)))
    assert str(caught.value) == (
        f"{name(loss)}: predictions have shape {predictions} and targets {targets}; "
        "they must be equal"
    )


@pytest.mark.parametrize("loss", BINARY, ids=name)
@pytest.mark.parametrize(
    ("targets", "found"),
    [([0.0, 2.0], "0.0 to 2.0"), ([-1, 1], "-1 to 1"), ([np.nan, 1.0], "nan to nan")],
)
@pytest.mark.parametrize("kind", [np.array, list, mt.Tensor])
def test_binary_targets_out_of_range_are_refused(loss, targets, found, kind):
    with pytest.raises(ValueError, match="targets") as caught:
        loss(mt.Tensor([0.5, 0.5]), kind(targets))
    assert str(caught.value) == f"{name(loss)}: targets are from 0 to 1, got {found}"


def test_mse_takes_any_target():
    assert nn.MSELoss()(np.array([1.0]), np.array([-3.0])).item() == 16.0


@pytest.mark.parametrize(
    ("labels", "found"), [([0, 3], "0 to 3"), ([-1, 2], "-1 to 2"), ([7, 7], "7 to 7")]
)
@pytest.mark.parametrize("kind", [np.array, list, mt.Tensor])
def test_labels_out_of_range_are_refused(labels, found, kind):
    with pytest.raises(ValueError, match="labels") as caught:
        nn.CrossEntropyLoss()(np.zeros((2, 3)), kind(labels))
    assert str(caught.value) == f"CrossEntropyLoss: labels are from 0 to 2, got {found}"


@pytest.mark.parametrize(
    ("predictions", "labels", "cure"),
    [
        ((2, 3), (2, 1), "; take labels[..., 0]"),
        ((2, 3), (3,), ""),
        ((2, 3), (2, 3), "; labels are numbers, onehot.argmax(-1)"),
        ((3,), (3,), "; labels are numbers, onehot.argmax(-1)"),
        ((2, 3, 4), (2,), ""),
        ((2, 3, 4), (2, 3, 1), "; take labels[..., 0]"),
        ((2, 3, 4), (2, 4), "; put the classes last, np.moveaxis(predictions, 1, -1)"),
        ((2, 3, 4, 5), (2, 4, 5), "; put the classes last, np.moveaxis(predictions, 1, -1)"),
        ((), (), ""),
    ],
)
def test_cross_entropy_refuses_other_shapes(predictions, labels, cure):
    with pytest.raises(mt.ShapeError) as caught:
        nn.CrossEntropyLoss()(np.zeros(predictions), np.zeros(labels, dtype=int))
    assert str(caught.value) == (
        f"CrossEntropyLoss: predictions (..., classes) take labels (...), got {predictions} and "
        f"{labels}{cure}"
    )


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 1, 3)])
def test_cross_entropy_takes_any_axes_before_the_classes(shape):
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=(*shape, 5)), rng.integers(0, 5, shape)
    loss, flat = nn.CrossEntropyLoss(), mt.Tensor(z.reshape(-1, 5), requires_grad=True)
    expected = loss(flat, y.reshape(-1))
    expected.backward()
    for labels in (y, mt.Tensor(y), y.tolist()):
        ours = mt.Tensor(z, requires_grad=True)
        cost = loss(ours, labels)
        cost.backward()
        assert cost.item() == expected.item()
        np.testing.assert_array_equal(ours.grad.reshape(-1, 5), flat.grad)
    mt.check_gradients(lambda z: loss(z, y), z)
    np.testing.assert_array_equal(loss.decide(z), z.argmax(-1))
    step = mt.compile(lambda z, y: loss(z, y))
    assert step(ours, y) == cost.item()
    assert step(ours, (y + 1) % 5) == loss(ours, (y + 1) % 5).item()


def test_cross_entropy_of_sequences_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    rng = np.random.default_rng(2)
    z, y = rng.normal(size=(3, 4, 5)), rng.integers(0, 5, (3, 4))
    ours, theirs = mt.Tensor(z, requires_grad=True), torch.tensor(z, requires_grad=True)
    cost = nn.CrossEntropyLoss()(ours, y)
    expected = torch.nn.CrossEntropyLoss()(theirs.movedim(-1, 1), torch.tensor(y))
    cost.backward()
    expected.backward()
    np.testing.assert_allclose(cost.item(), expected.item(), **LIMIT)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), **LIMIT)


@pytest.mark.parametrize("dtype", [float, bool])
def test_labels_that_are_no_whole_numbers_are_refused(dtype):
    with pytest.raises(TypeError, match=r"^CrossEntropyLoss: labels are whole numbers, got "):
        nn.CrossEntropyLoss()(np.zeros((2, 3)), np.zeros(2, dtype=dtype))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_every_whole_dtype(dtype):
    cost = nn.CrossEntropyLoss()(np.zeros((2, 3)), np.array([0, 2], dtype=dtype))
    np.testing.assert_allclose(cost.item(), np.log(3), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0.0, 1.0, 15.0, 30.0, 80.0, 1e4, 1e8])
def test_what_is_known_well_has_a_small_loss_not_0(dtype, size):
    """-log sigmoid(z) for label 1 is log(1 + e^-z), which z - z would round away."""
    expected = np.log1p(np.exp(-size))
    for z, y in ((size, 1.0), (-size, 0.0)):
        logits = mt.Tensor(np.full((2, 1), z, dtype), requires_grad=True)
        loss = nn.BCEWithLogitsLoss()(logits, np.full((2, 1), y, dtype))
        np.testing.assert_allclose(loss.item(), expected, rtol=1e-6, atol=1e-38)
        loss.backward()
        slope = np.exp(-size) / (1 + np.exp(-size)) / 2
        np.testing.assert_allclose(np.abs(logits.grad), slope, rtol=1e-6, atol=1e-38)
        wrong = nn.BCEWithLogitsLoss()(logits, np.full((2, 1), 1 - y, dtype)).item()
        assert wrong == pytest.approx(size + expected, rel=1e-6)
    classes = mt.Tensor(np.array([[size, 0.0]], dtype), requires_grad=True)
    loss = nn.CrossEntropyLoss()(classes, [0])
    np.testing.assert_allclose(loss.item(), expected, atol=1e-7 if dtype is np.float32 else 1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [1e4, 1e8, -1e8])
def test_cross_entropy_of_equal_large_logits(dtype, shift):
    logits = mt.Tensor(np.full((3, 2), shift, dtype), requires_grad=True)
    loss = nn.CrossEntropyLoss()(logits, [0, 1, 1])
    assert loss.item() == pytest.approx(np.log(2), rel=1e-6)
    loss.backward()
    np.testing.assert_allclose(logits.grad * 6, [[-1, 1], [1, -1], [1, -1]], rtol=1e-6)


def test_binary_losses_at_0_have_a_second_derivative():
    z = mt.Tensor([0.0, 0.0], requires_grad=True)
    first = mt.grad(nn.BCEWithLogitsLoss()(z, [1.0, 0.0]), z, create_graph=True)
    assert first.tolist() == [-0.25, 0.25]
    assert mt.grad(first.sum(), z).tolist() == [0.125, 0.125]


# Words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [[[-0.5], [0.5]], [[0.5], [1.5]], [[-2.0], [7.0]]])
@pytest.mark.parametrize("kind", [np.array, mt.Tensor, lambda x: mt.Tensor(x, requires_grad=True)])
def test_outputs_that_are_no_probabilities_are_refused(outputs, kind):
    with pytest.raises(ValueError) as caught:
        nn.BCELoss()(kind(outputs), [[1], [0]])
    low, high = np.min(outputs), np.max(outputs)
    assert str(caught.value) == (
        f"BCELoss: predictions are probabilities, from 0 to 1, got {low:.4g} to {high:.4g}; end "
        "the model with nn.Sigmoid(), or use nn.BCEWithLogitsLoss()"
    )


@pytest.mark.parametrize("targets", [["cat", "dog"], np.array(["cat", "dog"], object)])
@pytest.mark.parametrize("loss", [*SAME_SHAPE, nn.CrossEntropyLoss()], ids=name)
def test_labels_in_words_are_refused_and_told_how_to_be_numbered(loss, targets):
    outputs = np.full((2, 2) if isinstance(loss, nn.CrossEntropyLoss) else 2, 0.5)
    with pytest.raises(TypeError, match=r"; np\.unique\(targets, return_inverse=True\)\[1\] num"):
        loss(outputs, targets)


@pytest.mark.parametrize("loss", [*SAME_SHAPE, nn.CrossEntropyLoss()], ids=name)
def test_the_loss_of_nothing_is_refused(loss):
    shape = (0, 3) if isinstance(loss, nn.CrossEntropyLoss) else (0,)
    with pytest.raises(ValueError, match="there are no examples"):
        loss(np.zeros(shape), np.zeros(0, int))
