"""One tensor in detail, and the difference of two graphs."""

import re

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Graph, ShapeError, Tensor, detail, difference


def texts(figure):
    return "\n".join(t.get_text() for axes in figure.get_axes() for t in axes.texts)


CHANGED = (
    "(3,) 'w' was changed after exp had used it, so gradients and views would mix old numbers with "
    "new; compute the result again, or change the tensor after backward()"
)


def images(figure):
    return [axes.get_images()[0].get_array() for axes in figure.get_axes() if axes.get_images()]


@pytest.fixture(autouse=True)
def _matplotlib():
    pytest.importorskip("matplotlib", reason="draws with matplotlib")


def test_the_corner_and_the_quantiles():
    figure = detail(Tensor(np.arange(20.0).reshape(4, 5), name="W"))
    assert figure.get_suptitle() == "W   4×5"
    shown = texts(figure)
    assert "[[ 0.  1.  2.]" in shown
    assert "mean 9.5" in shown
    assert "  0%  0" in shown
    assert " 50%  9.5" in shown
    assert "100%  19" in shown


def test_what_is_not_finite_is_counted():
    assert "not finite: 1 nan, 1 inf" in texts(detail(np.array([1.0, np.nan, np.inf])))
    masked = texts(detail(np.array([1.0, -np.inf, -np.inf])))
    assert "2 of 3 are −inf" in masked and "not finite" not in masked
    (cells,) = images(detail(np.array([[1.0, -np.inf], [-2.0, np.nan]])))
    np.testing.assert_array_equal(cells, [[1, np.nan], [-2, np.nan]])  # and these have no colour


def test_what_was_changed_since_is_said():
    w = Tensor(np.ones(3), requires_grad=True, name="w")
    result = mt.exp(w)
    assert "changed" not in detail(result)._repr_mimebundle_()["text/plain"]
    w.data = np.zeros(3)
    assert detail(result).get_supxlabel().replace("\n", " ") == CHANGED
    assert detail(result)._repr_mimebundle_()["text/plain"].endswith(f"\n\n{CHANGED}")
    assert detail(w).get_supxlabel() == ""  # what it holds now is all that it says


@pytest.mark.parametrize("value", [2.0, np.zeros(3), np.zeros((2, 3, 4))])
def test_every_shape_has_a_figure(value):
    assert detail(np.asarray(value)).get_axes()


@pytest.mark.parametrize("shape", [(20, 12288), (40, 70), (33, 1), (5, 4)])
def test_the_heat_map_has_at_most_32_cells_each_way_and_keeps_the_mean(shape):
    x = np.random.default_rng(0).normal(size=shape)
    (cells,) = images(detail(x))
    assert cells.shape == (min(32, shape[0]), min(32, shape[1]))
    if shape == (5, 4):
        np.testing.assert_array_equal(cells, x)
    if shape == (40, 70):
        np.testing.assert_allclose(cells[0, 0], x[:2, :3].mean())


def test_rows_as_images():
    W = np.array([[0.0, 0.0, 0.0, 0.0], [-2.0, 0.0, 1.0, 2.0]])
    _, nothing, something = images(detail(W, image_shape=(2, 2)))
    assert (nothing == 0.5).all()
    np.testing.assert_allclose(something, [[0, 0.5], [0.75, 1]])


def test_nothing_is_refused():
    with pytest.raises(ShapeError, match=r"^detail: shape \(0, 3\) holds no numbers to show$"):
        detail(np.zeros((0, 3)))


def test_an_image_of_another_size_is_refused():
    message = r"^detail: a row of 4 numbers is no image of shape \(3, 3\), which has 9$"
    with pytest.raises(ShapeError, match=message):
        detail(np.zeros((2, 4)), image_shape=(3, 3))


def loss_and_model():
    model = nn.Linear(2, 1, rng=0)
    return model, lambda: nn.MSELoss()(model(np.ones((3, 2))), np.zeros((3, 1)))


def test_two_training_steps():
    model, loss = loss_and_model()
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    first = loss()
    first.backward()
    before, weight = Graph.of(first), model.weight.numpy()
    optimizer.step()
    after = Graph.of(loss())
    changes = {change.name: change for change in difference(before, after)}
    change = changes["weight"]
    step = 0.1 * model.weight.grad
    np.testing.assert_allclose(change.moved, np.sqrt((step**2).mean()), rtol=1e-9)
    np.testing.assert_allclose(change.before, np.sqrt((weight**2).mean()))
    np.testing.assert_allclose(change.share, change.moved / change.before)
    np.testing.assert_allclose(
        change.gradient_before, np.sqrt((model.weight.grad**2).mean()), rtol=1e-12
    )
    assert change.gradient_after < change.gradient_before
    table = str(difference(before, after)).splitlines()
    assert re.split("  +", table[0].strip()) == [
        "shape", "value or RMS", "change", "moved by", "gradient or RMS"
    ]  # fmt: skip
    assert table[1].startswith("weight  1×2")
    assert f"{change.before:.4g} → {change.after:.4g} " in table[1]
    assert f"{change.moved:.4g} ({100 * change.share:.4g} %)" in table[1]


def test_a_difference_has_signs_and_what_came_after():
    def graph(w, v):
        w, v = (Tensor(x, requires_grad=True, name=n) for n, x in (("w", w), ("v", v)))
        L = w * v.sum()
        L.name = "L"
        return Graph.of(L)

    found = difference(graph(-2.0, [3.0, 4.0]), graph(-1.5, [0.0, 0.0]))
    w, v, _, L = found
    assert (w.before, w.after, w.change, w.moved) == (-2, -1.5, 0.5, 0.5)
    assert (w.gradient_before, w.gradient_after) == (7, 0)
    assert (v.after, v.change) == (0, -np.sqrt(12.5)) and L.before == -14
    lines = [re.split("  +", line) for line in str(found).splitlines()]
    assert lines[1] == [
        "w",
        "scalar",
        "−2 → −1.5",
        "+0.5 (+25 %)",
        "0.5 (25 %)",
        "7 → 0 (−100 %)",
    ]
    assert lines[2][2:4] == ["3.536 → 0", "−3.536 (−100 %)"]
    assert lines[4][2:4] == ["−14 → 0", "+14 (+100 %)"]
    back = difference(graph(0.0, [0.0, 0.0]), graph(-1.5, [3.0, 4.0]))
    lines = [re.split("  +", line) for line in str(back).splitlines()]
    assert lines[1][2:] == ["0 → −1.5", "−1.5", "1.5", "0 → 7 (+7)"]
    assert repr(found) == str(found)


def test_a_graph_keeps_what_a_step_changes_later():
    model, loss = loss_and_model()
    first = loss()
    first.backward()
    before = Graph.of(first)
    nn.SGD(model.parameters(), lr=0.1).step()
    values = {node.rule: node.value for node in before.nodes}
    weight = next(node.value for node in before.nodes if node.name == "weight")
    np.testing.assert_array_equal(values["transpose"], weight.T)
    assert (weight != model.weight.data).all()


def test_layers_differ_in_what_their_cards_show():
    model = nn.CatClassifier((3, 2, 1), rng=1)
    optimizer = nn.SGD(model.parameters(), lr=0.1)

    def step():
        loss = nn.BCELoss()(model(np.ones((4, 3))), np.array([[0.0], [1], [1], [1]]))
        loss.name = "L"
        graph = Graph.of(loss)
        loss.backward()
        optimizer.step()
        return graph

    found = difference(step(), step())
    assert [c.name for c in found] == ["W1", "b1", "W2", "b2", "Z1", "A1", "Z2", "A2", "L"]
    (b2,) = [line for line in str(found).splitlines() if line.startswith("b2")]
    assert b2.split()[:3] == ["b2", "1", "0"]
    assert "inf" not in b2 and found[3].share == np.inf


def test_nothing_differs_in_an_empty_tensor():
    a, e = (Tensor(np.ones(n), requires_grad=True, name="ae"[n == 0]) for n in (2, 0))
    graph = Graph.of(a.sum() + e.sum())
    assert [c.name for c in difference(graph, graph)] == ["a", "t1", "t2", "L"]


def test_the_same_graph_has_no_difference():
    _, loss = loss_and_model()
    graph = Graph.of(loss())
    assert all(change.moved == 0 and change.share == 0 for change in difference(graph, graph))


def test_other_programs_are_refused():
    a = Tensor([1.0, 2.0], requires_grad=True, name="a")
    with pytest.raises(ValueError, match=r"^difference: two programs: .*\(exp, .*\(log, "):
        difference(Graph.of(mt.exp(a).sum()), Graph.of(mt.log(a).sum()))
    with pytest.raises(ValueError, match=r"the first has 3 values, the second 5$"):
        difference(Graph.of(mt.exp(a).sum()), Graph.of(mt.exp(a).sum() * a.sum()))


def test_gradients_that_were_not_computed():
    a = Tensor([1.0, 2.0], requires_grad=True, name="a")
    graph = Graph.of(mt.exp(a))
    assert "not computed" in str(difference(graph, graph))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "got None (NoneType)"),
        ("W", "got 'W' (str)"),
        ({"W": 1}, "got {'W': 1} (dict)"),
        (nn.Linear(2, 3), "got Linear(2, 3) 9 parameters (Linear)"),
        (np.array([1 + 2j]), "got an array of dtype complex128"),
        (np.array(["cat"]), "got an array of dtype <U3"),
        (np.array([1, None]), "got an array of dtype object; .astype(float) makes numbers of it"),
    ],
    ids=["none", "text", "dict", "model", "complex", "strings", "objects"],
)
def test_what_has_no_real_numbers_is_named(given, said):
    with pytest.raises(TypeError) as error:
        detail(given)
    expected = "detail: expected a tensor, an array of real numbers or a number, "
    assert str(error.value) == expected + said


def test_lists_are_read_and_those_that_are_no_array_named():
    assert detail([[1, 2], [3, 4]]).get_suptitle() == "tensor   2×2"
    with pytest.raises(ValueError, match=r"^detail: the rows of a nested list differ in length$"):
        detail([[1, 2], [3]])


@pytest.mark.parametrize("shape", [12, "3x4", (3, 4.0), {3, 4}])
def test_an_image_shape_is_whole_numbers(shape):
    said = r"^detail: image_shape is rows and columns, such as \(28, 28\), and maybe 3 colours"
    with pytest.raises(ShapeError, match=said):
        detail(np.ones((2, 12)), image_shape=shape)
