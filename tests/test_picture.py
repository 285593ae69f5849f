"""Pictures: what stands in cards and on arrows, how they collapse, and every format they have."""

import html
import itertools
import os
import re
import shutil
import subprocess
import sys
import types
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from counting import calls

import microtensor
import nn
from microtensor import Graph, NoRenderer, Tensor, draw, explain, group, primitive, to_source
from microtensor.lexicon import shown
from microtensor.views import numbers
from microtensor.views.dot import THEMES, escaped, shade

ROOT = Path(__file__).parent.parent


def leaf(value, name=None):
    return Tensor(value, requires_grad=True, name=name)


def neuron():
    w, b, x = leaf(-2.0), leaf(4.0), Tensor(3.0)
    p = w * x
    z = p + b
    s = z.sigmoid()
    L = s.log()
    return L, {"w": w, "b": b, "x": x, "p": p, "z": z, "s": s, "L": L}


def paths():
    a, c = leaf(2.0, "a"), Tensor(-3.0, name="c")
    p = a * a
    q = a * c
    return p + q, {"p": p, "q": q}


def network(sizes=(12, 5, 4, 1), n=9):
    rng = np.random.default_rng(0)
    X = Tensor(rng.uniform(size=(n, sizes[0])), name="X")
    y = Tensor(np.arange(n)[:, None] % 2.0, name="y")
    loss = nn.BCELoss()(nn.CatClassifier(sizes, rng=1)(X), y)
    loss.name = "L"
    return loss


def card(picture, name):
    """The card whose heading begins with a name: its lines."""
    (found,) = [c for c in picture.scene.cards if c.heading[0].text == name]
    lines = [" ".join(cell.text for cell in found.heading)]
    return lines + [" ".join(cell.text for cell in row if cell.text) for row in found.rows]


def names(picture):
    return [c.heading[0].text for c in picture.scene.cards]


def arrows(picture):
    """(source, target, lines) by name."""
    called = {c.id: c.heading[0].text for c in picture.scene.cards}
    return [
        (called[a.source], called[a.target], [" ".join(c.text for c in line) for line in a.lines])
        for a in picture.scene.arrows
    ]


# Small graphs -----------------------------------------------------------------------------------


def test_a_neuron_in_full():
    L, known = neuron()
    picture = draw(L, names=known)
    assert picture.scene.title[0].text == "L = log(σ(w · x + b))"
    assert picture.scene.direction == "LR"
    assert card(picture, "w") == ["w parameter", "value −2", "∂L/∂w 2.642"]
    assert card(picture, "x") == ["x input", "value 3", "∂L/∂x not tracked"]
    assert card(picture, "p") == ["p = w · x", "value −6", "∂L/∂p 0.8808"]
    assert card(picture, "L") == ["L = log(s) output", "value −2.127", "∂L/∂L 1"]
    assert arrows(picture) == [
        ("w", "p", ["∂p/∂w = x = 3", "◂ 0.8808 × 3 = 2.642"]),
        ("x", "p", []),
        ("p", "z", ["∂z/∂p = 1", "◂ 0.8808 × 1 = 0.8808"]),
        ("b", "z", ["∂z/∂b = 1", "◂ 0.8808 × 1 = 0.8808"]),
        ("z", "s", ["∂s/∂z = s(1 − s) = 0.105", "◂ 8.389 × 0.105 = 0.8808"]),
        ("s", "L", ["∂L/∂s = 1/s = 8.389", "◂ 1 × 8.389 = 8.389"]),
    ]


def test_contributions_are_summed_in_the_order_in_which_they_arrive():
    y, known = paths()
    picture = draw(y, names={**known, "y": y})
    assert card(picture, "a")[1:] == ["value 2", "∂y/∂a 1", " = (−3) + 2 + 2".strip()]
    assert [a for a in arrows(picture) if a[0] == "a"] == [
        ("a", "p", ["∂p/∂a (1st) = a = 2", "◂ 1 × 2 = 2"]),
        ("a", "p", ["∂p/∂a (2nd) = a = 2", "◂ 1 × 2 = 2"]),
        ("a", "q", ["∂q/∂a = c = −3", "◂ 1 × (−3) = −3"]),
    ]


def test_the_sum_follows_the_engine():
    y, known = paths()
    steps = [s for s in Graph.of(y, known).steps if s.edge is not None and s.node.name == "a"]
    shown = " + ".join(numbers.factor(step.edge.contribution) for step in steps)
    assert card(draw(y, names=known), "a")[-1] == f"= {shown}"


def test_every_number_on_an_arrow_is_the_graphs():
    w, x = leaf(0.7312, "w"), leaf(-1.9, "x")
    y = ((w * x).tanh() + w / x - x**3).exp() * w
    graph = Graph.of(y)
    drawn = [a for a in draw(y).scene.arrows if a.backward]
    edges = {}
    for edge in graph.edges:
        edges.setdefault((edge.source, edge.target), []).append(edge)
    gradients = {node.id: node.gradient for node in graph.nodes}
    for arrow in drawn:
        edge = edges[arrow.source, arrow.target].pop(0)
        derivative, product = (" ".join(c.text for c in line) for line in arrow.lines)
        assert derivative.endswith(numbers.number(edge.local))
        upstream, local = gradients[edge.target], edge.local
        sign = product[len(f"◂ {numbers.factor(upstream)} × {numbers.factor(local)} ")]
        assert product == (
            f"◂ {numbers.factor(upstream)} × {numbers.factor(local)} {sign} "
            f"{numbers.number(edge.contribution)}"
        )
    assert len(drawn) == sum(e.contribution is not None for e in graph.edges)


@pytest.mark.parametrize(
    ("a", "b", "sign"), [(2, 3, "="), (1 / 3, 3, "≈"), (1e-9, 2, "="), (0.12345, 0.98765, "≈")]
)
def test_a_product_is_equal_only_where_the_shown_numbers_are(a, b, sign):
    text, result = numbers.product(a, b, a * b)
    assert text.endswith(sign)
    shown = [float(part.strip("()").replace("−", "-")) for part in text[:-2].split(" × ")]
    assert (numbers.number(shown[0] * shown[1]) == result) == (sign == "=")


def test_a_sum_is_equal_only_where_the_shown_numbers_are():
    assert numbers.sum_text([2, -3], -1) == "= 2 + (−3)"
    assert numbers.sum_text([1 / 3, 1 / 3, 1 / 3], 1.0) == "≈ 0.3333 + 0.3333 + 0.3333"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.88079707, "0.8808"),
        (-6.0, "−6"),
        (-0.0, "0"),
        (3.4721e-5, "3.472e−5"),
        (1.5e20, "1.5e20"),
        (np.nan, "nan"),
        (-np.inf, "−inf"),
        (True, "True"),
        (12288, "12288"),
        (np.float32(0.1), "0.1"),
    ],
)
def test_numbers(value, text):
    assert numbers.number(value) == text


def test_states_are_told_apart():
    a = leaf([1.0, 2.0], "a")
    assert card(draw(a * 2), "a")[-1] == "∂L/∂a – not computed"
    dead = leaf(-1.0, "dead")
    assert card(draw(dead.relu()), "dead")[-1] == "∂L/∂dead 0"
    assert card(draw(leaf(1.0) * Tensor(2.0, name="c")), "c")[-1].endswith("not tracked")


def test_why_gradients_were_not_computed_is_said():
    def legend(y):
        return [" ".join(c.text for c in line) for line in draw(y, names={"y": y}).scene.legend[1:]]

    w = leaf([1.0, 2.0], "w")
    reduced = "reduce it by .sum() or .mean(), or pass gradient="
    assert legend(w * 2.0) == [f"– not computed: y (2) isn't a single number; {reduced}"]
    y = (w * w).sum()
    assert legend(y) == []
    assert legend(Tensor(1.0)) == []


def test_a_gradient_may_be_given():
    a = leaf([1.0, 2.0], "a")
    assert card(draw(a * 2, gradient=[1.0, 10.0]), "a")[-1] == "∂J/∂a [2 20]"


def test_drawing_touches_no_gradient():
    L, known = neuron()
    draw(L, names=known)
    assert known["w"].grad is None


def matrices():
    X = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]], name="X")
    W = leaf([[0.5, -1.0], [2.0, 0.25], [-1 / 3, 1.0]], "W")
    b = leaf([0.1, -0.2], "b")
    Z = X @ W + b
    L = Z.relu().sum()
    return L, {"Z": Z, "L": L}


def test_small_matrices_are_shown_in_full():
    L, known = matrices()
    picture = draw(L, names=known)
    lines = card(picture, "W")
    assert lines[0] == "W parameter 3×2"
    assert lines[1] == "value [    0.5    −1]\n[      2  0.25]\n[−0.3333     1]"


def test_arrows_between_arrays_say_the_formula_in_words():
    L, known = matrices()
    found = {(a, b): lines for a, b, lines in arrows(draw(L, names=known))}
    assert found["W", "t1"] == ["(3×2) @ (2×2) is 3×2", "◂ Xᵀ @ ∂L/∂t1 = ∂L/∂W"]
    assert found["b", "Z"] == ["∂Z/∂b = 1", "◂ ∂L/∂Z × 1", "summed over axis 0 (2) = ∂L/∂b"]
    assert found["Z", "A"][0] == "∂A/∂Z = 1 if Z > 0 else 0"
    assert found["A", "L"] == ["◂ ∂L/∂L, copied to each entry = ∂L/∂A"]


@pytest.mark.parametrize(
    ("words", "said"), [("", "by the rule of twice"), ("each counts twice", "each counts twice")]
)
def test_an_operation_of_ones_own_is_drawn(words, said):
    twice = primitive("twice", lambda x: 2 * x, lambda g, out, x: 2 * g, words=words)
    found = {a: lines for a, _, lines in arrows(draw(twice(leaf([1.0, 2.0], "x")).sum()))}
    assert found["x"] == [f"◂ {said} = ∂L/∂x"]
    assert arrows(draw(twice(leaf(3.0, "x"))))[0][2] == ["∂L/∂x = 2", "◂ 1 × 2 = 2"]


def test_contributions_that_are_added_up_are_shown_in_full():
    x = leaf([[1.0, 2.0], [3.0, 4.0]], "x")
    y = x.T[0, 1] + x.mean()
    found = {b: lines for a, b, lines in arrows(draw(y, names={"y": y})) if a == "x"}
    assert found["t1"] == ["◂ (∂y/∂t1)ᵀ =", "[0  0]\n[1  0]"]
    assert found["t3"] == ["◂ ∂y/∂t3 / 4, copied to each entry =", "[0.25  0.25]\n[0.25  0.25]"]
    assert card(draw(y), "t2")[0] == "t2 = t1[0, 1]"


def test_zeros_and_ones_are_counted():
    y = Tensor(np.arange(50) % 2.0, name="y")
    assert card(draw((y * leaf(1.0)).sum()), "y")[1] == "value 25 of 50 are 1, the others 0"
    assert "RMS" in card(draw(((y * leaf(1.0)) * 1.0).sum()), "t2")[1]  # of what is given
    y.data[3] = np.nan
    assert card(draw((y * leaf(1.0)).sum()), "y")[1].endswith("RMS nan not finite: 1 nan")


def test_what_is_too_long_to_write_is_written_in_part():
    p = q = x = leaf(1.0, "x")
    for _ in range(14):
        p, q = p * x, q / x
    y = p + q
    assert draw(y, names=vars()).scene.title[0].text == "y = p + q"
    whole = draw(p, names=vars(), collapse=False)
    assert whole.scene.title[0].text == "p = " + " · ".join(15 * "x")


def test_a_leaf_that_many_read_stands_beside_them():
    a = y = leaf(0.5, "a")
    for _ in range(12):
        y = (y * a).sin()
    assert names(draw(y, collapse=False)).count("a") == 1
    picture = draw((y * a).sin(), collapse=False)
    assert names(picture).count("a") == 13
    (first, *others) = [c for c in picture.scene.cards if c.heading[0].text == "a"]
    assert len(first.rows) == 3
    assert {c.heading[1].text for c in others} == {"again"}
    sent = [a.target for a in picture.scene.arrows if a.source in {c.id for c in (first, *others)}]
    assert len(sent) == 14  # the first product reads it twice
    assert len(set(sent)) == 13


def shared(readers):
    """A computed value that many read, one after another."""
    h = leaf(0.5, "w").exp()
    total = h.sin()
    for _ in range(readers - 1):
        total = total + h.sin()
    return total, h


def test_a_computed_value_that_many_read_stands_beside_them_too():
    """Graphviz takes 16 seconds for the arrows from one card to 90 in a row."""
    few, many = (
        draw(total, names={"h": h}, collapse=False).scene for total, h in map(shared, (12, 13))
    )
    assert [c.heading[0].text for c in few.cards].count("h") == 1
    (own, *others) = [c for c in many.cards if c.heading[0].text == "h"]
    assert len(own.rows) == 3 and len(others) == 12
    assert {(c.role, c.rows) for c in others} == {(own.role, ())}
    readers = Counter(a.source for a in many.arrows)
    assert {readers[c.id] for c in (own, *others)} == {1}
    assert all(a.backward for a in many.arrows if a.source in readers)


@pytest.mark.parametrize("names", [["a"], ["a", "b"], range(5000)], ids=["one", "two", "each"])
def test_groups_thousands_deep_are_drawn_told_and_written(names, tmp_path):
    w = y = leaf(2.0, "w")
    with ExitStack() as groups:
        for k in range(3000):
            groups.enter_context(group(f"{names[k % len(names)]}"))
            if k % 100 == 0:
                y = y * 1.01
    y = y + w
    deepest = max((node.group for node in Graph.of(y).nodes), key=len)
    assert len(deepest) == 33 and deepest[-1] == "…"
    for collapse in ("auto", False, 3000):
        picture = draw(y, collapse=collapse)
        for kind in ("dot", "mmd", "txt"):
            picture.save(tmp_path / f"picture.{kind}")
    for text in (explain(y), explain(y, format="latex"), microtensor.paths(y, "w"), to_source(y)):
        assert "w" in text


def test_large_arrays_are_shown_by_histogram_and_rms():
    a = leaf(np.arange(100.0), "a")
    shown = card(draw(a.sum()), "a")
    assert shown[0] == "a parameter 100"
    assert re.fullmatch(r"value [▁-█]{12} RMS 57.3", shown[1])


@pytest.mark.parametrize(
    "value", [[], [np.nan], [np.inf, 1.0], [1e-320, 2e-320], [1e300, -1e300], [5.0] * 40, [True]]
)
def test_histogram_and_rms_of_anything(value):
    assert set(numbers.bars(np.array(value))) <= set(numbers.BARS)
    root = numbers.rms(np.array(value))
    finite = [v for v in value if np.isfinite(v)]
    if finite and len(finite) == len(value):
        assert min(map(abs, value)) * 0.999 <= root <= max(map(abs, value)) * 1.001


def test_a_constant_is_a_card_of_one_line():
    assert card(draw(leaf(2.0) * 3.5), "3.5") == ["3.5 constant"]


# Networks ---------------------------------------------------------------------------------------


def test_a_network_is_a_card_for_each_layer():
    picture = draw(network())
    assert picture.scene.direction == "TB"
    assert names(picture) == ["X", "y", "layer1", "layer2", "layer3", "BCELoss"]
    title = [cell.text for cell in picture.scene.title]
    assert title[:3] == ["CatClassifier", "12 → 5 → 4 → 1", "94 parameters"]
    lines = card(picture, "layer1")
    assert lines[0].startswith("layer1 Sequential 12 → 5 relu 65 parameters · 4 operations")
    assert [line.split()[0] for line in lines[2:]] == ["W1", "b1", "Z1", "A1"]
    assert card(picture, "BCELoss")[1] == "−mean(y · log(A3) + (1 − y) · log(1 − A3))"
    assert card(picture, "y")[1].endswith("4 of 9 are 1, the others 0")
    assert "CatClassifier" in {c.frame[0] for c in picture.scene.cards if c.frame}


def test_rms_in_a_card_are_the_values():
    loss = network()
    graph = Graph.of(loss)
    (weight,) = [n for n in graph.nodes if n.name == "W2"]
    (line,) = [x for x in card(draw(loss), "layer2") if x.startswith("W2")]
    for array in (weight.value, weight.gradient):
        assert numbers.number(np.sqrt(np.mean(np.square(array)))) in line


def test_the_layer_that_learns_least_is_named_once():
    loss = network()
    parameters = {n.name: n for n in Graph.of(loss).nodes if n.role == "parameter"}
    ratio = {
        k: numbers.rms(parameters[f"W{k}"].gradient) / numbers.rms(parameters[f"W{k}"].value)
        for k in (1, 2, 3)
    }
    least = min(ratio, key=ratio.get)
    picture = draw(loss)
    said = [n for n in names(picture) if "◂ learns least" in card(picture, n)[0]]
    assert said == [f"layer{least}"]
    assert picture.scene.legend[1][0].text == f"layer{least} learns least:"


def test_gradients_are_coloured_by_size():
    heats = {}
    for c in draw(network()).scene.cards:
        for row in c.rows:
            heats |= {
                float(cell.text.replace("−", "-")): cell.heat
                for cell in row
                if cell.heat is not None
            }
    ordered = [heat for _, heat in sorted((abs(size), heat) for size, heat in heats.items())]
    assert ordered == sorted(ordered)
    assert ordered[-1] == 1
    assert ordered[0] < 0.7


def layer_of(rule, bias, n=20):
    class Layer(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(3, 2, rng=1)
            self.linear.bias.data = np.array(bias)

        def forward(self, x):
            return getattr(self.linear(x), rule)()

    x = np.random.default_rng(0).uniform(-1, 1, (n, 3))
    return draw(Layer()(Tensor(x, name="x")).sum(), collapse=1)


@pytest.mark.parametrize(
    ("rule", "bias", "said"),
    [
        ("relu", [-50.0, 50.0], "dead: unit 0 is 0 for all 20 examples"),
        ("relu", [-50.0, -50.0], "dead: all units are 0 for all 20 examples"),
        ("relu", [50.0, 50.0], "0 % zero"),
        ("sigmoid", [50.0, -50.0], "saturated: 100 % within 0.01 of 0 or 1"),
        ("tanh", [9.0, 9.0], "saturated: 100 % within 0.01 of ±1"),
        ("relu", [np.nan, 0.0], "not finite: 20 nan"),
    ],
)
def test_diagnoses(rule, bias, said):
    assert card(layer_of(rule, bias), "Layer")[-1].endswith(said)


def test_a_layer_that_learns_nothing_is_named():
    loss = network()
    W2 = next(n for n in Graph.of(loss).nodes if n.name == "W2")
    model = nn.CatClassifier((12, 5, 4, 1), rng=1)
    model.layer2.layers[0].bias.data = np.full(W2.value.shape[0], -99.0)  # all its relus are dead
    X = Tensor(np.random.default_rng(0).uniform(size=(9, 12)))
    picture = draw(nn.BCELoss()(model(X), np.arange(9)[:, None] % 2.0))
    said = "layer1, layer2, layer3 learn nothing:"
    assert picture.scene.legend[1][0].text == said
    assert all("◂ learns nothing" in card(picture, f"layer{k}")[0] for k in (1, 2, 3))


def test_where_nan_and_inf_begin_is_said():
    def legend(change):
        model = nn.CatClassifier((3, 2, 1), rng=1)
        X = Tensor(np.ones((4, 3)), name="X")
        change(model, X)
        with np.errstate(all="ignore"):
            loss = nn.BCELoss()(model(X), np.zeros((4, 1)))
        return [" ".join(c.text for c in line) for line in draw(loss).scene.legend[1:]]

    def spoil(tensor, value):
        tensor.data = np.full(tensor.shape, value)

    assert legend(lambda m, X: spoil(X, np.inf)) == ["not finite: it begins with the value of X"]
    (line, *_) = legend(lambda m, X: spoil(m.layer1.layers[0].weight, 1e308))
    assert re.fullmatch(r"not finite: it begins with the value of t\d = X @ t\d in layer1", line)
    s = leaf(0.0, "s")
    with group("roots"):
        y = (s * 1.0).sqrt()
        z = y * 2.0
    legend = draw(z, collapse=1).scene.legend
    said = "it begins with the gradient of t1 = s · 1 in roots: 2 × inf = inf"
    assert legend[1][1].text == said


def test_a_page_says_where_nan_begins_in_one_sentence(tmp_path):
    path = microtensor.page(leaf(np.nan, "w") * 2.0, tmp_path / "nan.html")
    text = Path(path).read_text("utf-8")
    assert "not finite: it begins with the value of w" in text and "finite: ·" not in text


def test_large_ratios_are_short():
    from microtensor.views.picture.diagnosis import against_later as said

    assert said(1e-20, [("b", 1.0)]) == "vanishing: 1e20 times smaller than b"
    assert said(1.0, [("b", 35.0), ("c", 2.0)]) == "vanishing: 35 times smaller than b"
    assert said(40.0, [("b", 8.0), ("c", 1.0)]) == "exploding: 40 times larger than c"
    assert said(0.0, [("b", 1.0)]) == "vanishing: 0"
    assert said(1.0, [("b", 29.0)]) == said(29.0, [("b", 1.0)]) == said(1.0, []) == ""
    assert said(0.0, [("b", 0.0)]) == said(np.nan, [("b", 1.0)]) == ""


@pytest.mark.parametrize(
    ("activation", "scale", "says"),
    [(nn.Sigmoid, 1, "vanishing: {} times smaller"), (nn.ReLU, 20, "exploding: {} times larger")],
)
def test_gradients_that_vanish_and_explode_on_their_way_back(activation, scale, says):
    parts = []
    for i in range(4):
        parts += [nn.Linear(6, 6, rng=i), activation()]
        parts[-2].weight.data = scale * parts[-2].weight.data
    model = nn.Sequential(*parts, nn.Linear(6, 1, rng=9))
    x = np.random.default_rng(0).normal(size=(20, 6))
    loss = nn.MSELoss()(model(x), np.zeros((20, 1)))
    picture = draw(loss)
    sizes = [numbers.rms(n.gradient) for n in Graph.of(loss).nodes if n.rule == "add"]
    times = round(max(sizes[0] / sizes[-1], sizes[-1] / sizes[0]))
    z1 = next(x for x in card(picture, "layers.0") if x.startswith("Z1"))
    assert z1.endswith(says.format(times) + " than layers.8")
    for layer in ("layers.6", "layers.8"):
        assert not any(says[:9] in line for line in card(picture, layer))


# Collapsing -------------------------------------------------------------------------------------


def test_collapse_by_depth():
    loss = network()
    assert names(draw(loss, collapse=1)) == ["X", "y", "CatClassifier", "BCELoss"]
    assert {"layer1", "layer2"} <= set(names(draw(loss, collapse=2)))
    assert "layers.0" in names(draw(loss, collapse=3))


@pytest.mark.parametrize("collapse", [False, 0])
def test_nothing_collapsed_shows_every_value_once(collapse):
    loss = network()
    picture = draw(loss, collapse=collapse)
    assert [c.id for c in picture.scene.cards].sort() == [n.id for n in Graph.of(loss).nodes].sort()
    assert len(picture.scene.cards) == len(Graph.of(loss).nodes)
    assert len(picture.scene.arrows) == len(Graph.of(loss).edges)


def test_collapse_by_name():
    assert names(draw(network(), collapse=["layer2", "BCELoss"])) == names(draw(network()))
    assert names(draw(network(), collapse="CatClassifier.layer2")).count("layer2") == 1
    whole = names(draw(network(), collapse="CatClassifier"))
    assert whole == ["X", "y", "CatClassifier", "BCELoss"]


def test_collapse_by_name_opens_only_what_is_around_it():
    class Transformer(nn.Module):
        def __init__(self):
            self.attn, self.norm = Heads(), nn.LayerNorm(4)
            self.mlp = nn.Sequential(nn.Linear(4, 8, rng=0), nn.GELU(), nn.Linear(8, 4, rng=1))

        def forward(self, x):
            x = x + self.attn(x)
            return x + self.mlp(self.norm(x))

    loss = nn.MSELoss()(Transformer()(normal(2, 5, 4)), np.zeros((2, 5, 4)))
    auto, inner, one = (names(draw(loss, collapse=x)) for x in ("auto", "attn.*", "mlp.0"))
    assert {"attn", "norm", "mlp", "MSELoss"} <= set(auto)
    assert {"q", "k", "v", "out", "norm", "mlp", "MSELoss"} <= set(inner) and "attn" not in inner
    assert {"attn", "norm", "layers.0", "MSELoss"} <= set(one) and "mlp" not in one
    assert max(len(inner), len(one)) <= len(auto) + 9


def test_one_layer_opened():
    shown = names(draw(network(), expand="layer2"))
    assert {"layer1", "layer3", "BCELoss", "W2", "b2"} <= set(shown)
    assert "layer2" not in shown
    assert "W1" not in shown


def test_an_opened_module_shows_its_own_modules_as_cards():
    class Head(nn.Module):
        def __init__(self):
            self.q, self.k, self.v = (nn.Linear(4, 4, rng=rng) for rng in range(3))

        def forward(self, x):
            return microtensor.softmax(self.q(x) @ self.k(x).T / 2.0, axis=-1) @ self.v(x)

    class Heads(nn.Module):
        def __init__(self):
            self.first, self.second = Head(), Head()
            self.out = nn.Linear(8, 4, rng=0)

        def forward(self, x):
            return self.out(np.concatenate([self.first(x), self.second(x)], axis=1))

    loss = (Heads()(normal(6, 4)) ** 2).mean()
    opened = names(draw(loss, expand="first"))
    assert {"q", "k", "v", "second", "out"} <= set(opened) and "first" not in opened
    assert not any("weight" in name for name in opened)
    assert {"first.q.weight", "k", "v"} <= set(names(draw(loss, expand="first.q")))
    assert {"first.q.weight", "first.v.bias"} <= set(names(draw(loss, expand="first*")))


def test_a_group_is_a_card_or_a_frame():
    for options in ({}, {"collapse": 0}, {"collapse": 1}, {"expand": "layer1"}):
        scene = draw(network(), **options).scene
        framed = {c.frame[:end] for c in scene.cards for end in range(1, len(c.frame) + 1)}
        cards = {(*c.frame, c.heading[0].text) for c in scene.cards if c.id.startswith("g")}
        assert not framed & cards


def test_a_group_of_data_alone_is_a_card():
    with group("square"):
        doubled = 2.0 * Tensor([1.0, 2.0])  # no gradient: it isn't recorded
    picture = draw((doubled * leaf([3.0, 4.0], "w")).sum(), collapse="square")
    assert "square" in names(picture)


@pytest.mark.parametrize("option", ["collapse", "expand"])
def test_an_unknown_group_is_named(option):
    with pytest.raises(
        ValueError, match=f"draw: {option}: there is no group 'layer9'; near it: layer1, layer2, "
    ):
        draw(network(), **{option: "layer9"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "pink"}, "draw: theme 'pink' isn't one of light, dark"),
        ({"theme": ["dark"]}, "draw: theme ['dark'] isn't one of light, dark"),
        ({"direction": "up"}, "draw: direction 'up' isn't one of LR, TB, RL, BT"),
        (
            {"collapse": True},
            'draw: collapse is "auto", False, a depth, or names of groups, got True',
        ),
        ({"collapse": -1}, 'draw: collapse is "auto", False, a depth, or names of groups, got -1'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError) as error:
        draw(leaf(1.0) * 2, **options)
    assert str(error.value) == message


def deep(layers):
    model = nn.Sequential(
        *itertools.chain(*((nn.Linear(4, 4, rng=i), nn.Tanh()) for i in range(layers))),
        nn.Linear(4, 1, rng=0),
    )
    return model(Tensor(np.ones((3, 4)), name="X")).mean()


def test_an_activation_joins_its_layer():
    picture = draw(deep(2))
    assert [n for n in names(picture) if n.startswith("layers")] == [
        "layers.0",
        "layers.2",
        "layers.4",
    ]
    assert "4 → 4 tanh" in card(picture, "layers.0")[0]


def test_an_activation_is_called_by_its_class():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.LeakyReLU(), nn.Linear(3, 2, rng=1))
    assert " 4 → 3 LeakyReLU " in card(draw(model(normal(5, 4)).sum()), "layers.0")[0]


def test_a_second_activation_joins_too():
    parts = nn.Linear(4, 4, rng=1), nn.ReLU(), nn.Tanh(), nn.Linear(4, 1, rng=2)
    picture = draw(nn.Sequential(*parts)(np.ones((3, 4))).sum())
    rows = [line.split()[0] for line in card(picture, "layers.0")[2:]]
    assert rows == ["W1", "b1", "Z1", "A1", "A1_2"]
    assert names(picture)[-2:] == ["layers.3", "L"]


def test_equal_layers_fold():
    picture = draw(deep(9))
    heading = card(picture, "layers.0 … layers.16")[0]
    assert heading.startswith("layers.0 … layers.16 × 9 Linear 4 → 4")
    assert len(picture.scene.cards) < 8


def test_folded_layers_say_how_the_first_and_the_last_learn():
    parts = [part for i in range(9) for part in (nn.Linear(4, 4, rng=i), nn.Sigmoid())]
    loss = nn.MSELoss()(nn.Sequential(*parts)(np.ones((3, 4))), np.zeros((3, 4)))
    lines = card(draw(loss), "layers.0 … layers.16")
    rows = [" ".join(line.split()[:2]) for line in lines[2:]]
    assert rows == [f"{w} {x}{k}" for w, k in (("first", 1), ("last", 9)) for x in "WbZA"]
    sizes = [numbers.rms(n.gradient) for n in Graph.of(loss).nodes if n.rule == "add"]
    times = numbers.number(sizes[8] / sizes[0])
    assert lines[4].endswith(f"vanishing: {times} times smaller than last")
    assert not any("vanishing" in line for line in lines if line is not lines[4])


def test_a_repeated_leaf_stands_in_the_frame_of_its_reader():
    a, y = leaf(0.5, "a"), leaf(1.0)
    for i in range(13):
        with group(f"step {i}"):
            y = (y + 1.0) * a
    picture = draw(y, collapse=False)
    frames = [c.frame for c in picture.scene.cards if c.heading[0].text == "a"]
    assert frames == [(), *((f"step {i}",) for i in range(1, 13))]


def test_many_cards_are_laid_out_quickly():
    y = leaf(0.5)
    for i in range(400):
        y = y.sin()
        if i in (200, 399):
            assert ("mclimit=" in draw(y, collapse=False).source) == (i == 399)


def test_a_module_called_twice_is_two_cards():
    linear = nn.Linear(3, 3, rng=1)
    x = Tensor(np.ones((2, 3)), name="x")
    picture = draw(linear(linear(x).relu()).tanh().exp().sum().log().sqrt())
    assert {"Linear", "Linear (2)"} <= set(names(picture))
    order = {c.id: i for i, c in enumerate(picture.scene.cards)}
    assert all(order[a.source] < order[a.target] for a in picture.scene.arrows)


def chain(length):
    y = x = leaf(0.5, "x")
    for i in range(length):
        y = y.sin() if i % 2 else y * 1.01
    return y, x


def test_a_long_chain_folds():
    y, _x = chain(1000)
    picture = draw(y)
    assert len(picture.scene.cards) < 8
    (fold,) = [lines for n in names(picture) if "…" in n for lines in [card(picture, n)]]
    assert "multiply × 500, sin × 499" in fold
    assert card(picture, "x")[1] == "value 0.5"


def test_many_values_without_groups_fold():
    rng = np.random.default_rng(0)
    weights = [leaf(w, f"w{i}") for i, w in enumerate(rng.normal(size=40))]
    total = 0.0
    for row in rng.normal(size=(20, 40)):
        for w, x in zip(weights, row, strict=True):
            total = total + w * float(x)
        total = total.tanh()
    picture = draw(total)
    assert len(picture.scene.cards) < 80
    order = {c.id: i for i, c in enumerate(picture.scene.cards) if c.role != "parameter"}
    for arrow in picture.scene.arrows:
        if arrow.source in order and arrow.target in order and arrow.source != arrow.target:
            assert order[arrow.source] < order[arrow.target]


def test_linear_work():
    short, long = chain(500)[0], chain(2000)[0]
    assert calls(lambda: draw(long)) < 5 * calls(lambda: draw(short))


def test_too_many_cards_are_refused():
    y, _ = chain(2500)
    with pytest.raises(ValueError, match=r"draw: 3,751 cards are more than a picture can show"):
        draw(y, collapse=False)


# Structure --------------------------------------------------------------------------------------


class Block(nn.Module):
    """A residual block."""

    def __init__(self, d, rng):
        self.net = nn.Sequential(nn.Linear(d, d, rng=rng), nn.ReLU(), nn.Linear(d, d, rng=rng))

    def forward(self, x):
        return x + self.net(x)


class Heads(nn.Module):
    """Attention with two heads."""

    def __init__(self):
        self.q, self.k, self.v, self.out = (nn.Linear(4, 4, rng=k) for k in range(4))

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = (f(x).reshape(n, t, 2, -1).swapaxes(1, 2) for f in (self.q, self.k, self.v))
        looks = microtensor.softmax(q @ k.mT / np.sqrt(2), -1)
        return self.out((looks @ v).swapaxes(1, 2).reshape(n, t, d))


class Cell(nn.Module):
    def __init__(self):
        self.wx, self.wh = nn.Linear(2, 4, rng=0), nn.Linear(4, 4, bias=False, rng=1)

    def forward(self, x, h):
        return (self.wx(x) + self.wh(h)).tanh()


class Recurrent(nn.Module):
    def __init__(self, axis):
        self.cell, self.head, self.axis = Cell(), nn.Linear(4, 1, rng=2), axis

    def forward(self, X):
        h = np.zeros((X.shape[1 - self.axis], 4))
        for t in range(X.shape[self.axis]):
            h = self.cell(X[:, t] if self.axis else X[t], h)
        return self.head(h)


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def by_hand(steps):
    """A recurrent network written as functions."""
    X, W, U = (
        Tensor(normal(3, steps, 2), name="X"),
        leaf(normal(2, 4), "W"),
        leaf(normal(4, 4), "U"),
    )
    b, h = leaf(np.zeros(4), "b"), np.zeros((3, 4))
    for t in range(steps):
        h = (X[:, t] @ W + h @ U + b).tanh()
    return (h**2).mean()


def width(picture):
    """Of the SVG, in pixels, as a browser has it."""
    return int(re.search(r'width="(\d+)pt"', picture.pipe("svg").decode())[1]) * 4 / 3


def said(picture, source, target):
    return [" ".join(lines) for a, b, lines in arrows(picture) if (a, b) == (source, target)]


@pytest.mark.parametrize("collapse", ["auto", 1, 2, ["layers.0"], "layers.*"])
def test_a_skip_is_an_arrow_however_much_is_collapsed(collapse):
    x = Tensor(normal(6, 4), name="x")
    model = nn.Sequential(Block(4, 0), Block(4, 1), nn.Linear(4, 1, rng=2))
    picture = draw(nn.MSELoss()(model(x), np.zeros((6, 1))), collapse=collapse)
    ways = [(b, " ".join(lines)) for a, b, lines in arrows(picture) if a == "x"]
    assert len(ways) == 2
    assert len({b for b, _ in ways}) == 2 or ways[1][1] == "skip 6×4"
    whole = [c for c in picture.scene.cards if c.heading[0].text == "Sequential"]
    assert not whole or said(picture, "Sequential", "Sequential") == ["skip 6×4"]


def test_a_skip_that_a_gradient_takes_says_it():
    a = leaf(normal(6, 4), "a")
    net = Block(4, 0)
    y = (net((a * 1.0).exp()) ** 2).sum()
    (_, skip) = said(draw(y, collapse=1), "t2", "Block")
    grown = Graph.of(y).find(y)
    assert grown is not None
    edge = next(e for e in Graph.of(y).edges if Graph.of(y).node(e.target).expression == "t2 + Z2")
    assert skip == f"skip 6×4 ◂ {numbers.brief(edge.contribution)}"


def test_rows_of_several_modules_are_told_apart():
    loss = nn.Sequential(nn.Linear(4, 4, rng=0), nn.ReLU(), nn.Linear(4, 4, rng=1))(normal(3, 4))
    lines = card(draw(loss.sum(), collapse=1), "Sequential")[2:]
    assert [" ".join(line.split()[:2]) for line in lines[:4]] == [
        "W1 0.weight", "b1 0.bias", "W2 2.weight", "b2 2.bias",
    ]  # fmt: skip
    assert len({line.split()[0] for line in lines}) == len(lines)


def test_parallel_branches_stand_beside_each_other():
    picture = draw((Heads()(Tensor(normal(2, 5, 4), name="x")) ** 2).mean())
    assert [cell.text for cell in picture.scene.title][:2] == ["Heads", "4 → 4"]
    assert {"q", "k", "v", "out"} <= set(names(picture))
    assert {b for a, b, _ in arrows(picture) if a == "x"} == {"q", "k", "v"}


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("make", [lambda X: Tensor(X, name="X"), lambda X: X])
def test_a_loop_over_slices_is_one_card_and_its_data_one_input(axis, make):
    X = normal(*((3, 5, 2) if axis else (5, 3, 2)))
    result = nn.MSELoss()(Recurrent(axis)(make(X)), Tensor(np.zeros((3, 1)), name="y"))
    picture = draw(result)
    assert names(picture) == ["X", "zeros", "cell", "head", "y", "MSELoss"]
    assert [cell.text for cell in picture.scene.title][1:3] == ["2 → 4 → 1", "33 parameters"]
    lines = card(picture, "cell")
    assert lines[0].startswith("cell × 5 Cell 2 → 4")
    rows = [line.split() for line in lines if line.startswith("round")]
    assert [row[1] for row in rows] == ["1,", "2,", "3,", "4,", "5,"]
    graph = Graph.of(result)
    for row, k in zip(rows, range(1, 6), strict=True):
        assert numbers.number(numbers.rms(graph.find(f"A{k}").gradient)) in row
    assert said(picture, "cell", "cell") == ["× 5, each round to the next 3×4"]
    where = "X[:, 0]" if axis else "X[0]"
    assert graph.find("X1").expression == where and not graph.find("X1").recorded


@pytest.mark.parametrize("steps", [5, 8, 9, 30])
def test_a_loop_shows_its_first_and_last_rounds(steps):
    lines = card(draw(Recurrent(1)(normal(3, steps, 2)).sum()), "cell")[2:]
    rounds = [int(line.split()[1].strip(",")) for line in lines if line.startswith("round")]
    every = list(range(1, steps + 1))
    assert rounds == (every if steps <= 8 else every[:4] + every[-4:])
    assert [x for x in lines if x.startswith("…")] == ([f"… and {steps - 8} more"] * (steps > 8))
    assert sum(".weight" in line or ".bias" in line for line in lines) == 3


def test_a_loop_that_is_opened_isnt_rolled():
    shown = names(
        draw(nn.MSELoss()(Recurrent(1)(normal(3, 4, 2)), np.zeros((3, 1))), expand="cell")
    )
    assert "cell" not in shown and {"wx.weight", "wh.weight"} <= set(shown)


@pytest.mark.parametrize("steps", [3, 5, 30])
def test_a_loop_written_as_functions_is_rolled(steps):
    picture = draw(by_hand(steps))
    (loop,) = [c for c in picture.scene.cards if f"× {steps}" in {x.text for x in c.heading}]
    assert {row[0].text for row in loop.rows[1:4]} == {"W", "U", "b"}
    assert names(picture).count("X") == 1
    assert len(picture.scene.cards) <= 7


@pytest.mark.skipif(not shutil.which("dot"), reason="the dot program isn't installed")
@pytest.mark.parametrize("result", [lambda: by_hand(3), lambda: neuron()[0]])
def test_what_can_be_read_at_once_is(result):
    assert width(draw(result())) <= 1281


def test_a_loop_whose_first_round_lacks_something():
    W, h = leaf(normal(6, 4), "W"), np.zeros((3, 4))
    for x in Tensor(normal(5, 3, 2), name="X"):  # the first [x, h] needs no gradient
        h = (microtensor.concatenate([x, h], axis=1) @ W).tanh() * 0.5 + 0.1
        h = h.exp() * 0.3 - h
    picture = draw((h**2).sum())
    assert any("× 5" in card(picture, name)[0] for name in names(picture))


class NormFirst(nn.Module):
    """A residual block that normalises its data."""

    def __init__(self):
        self.norm, self.fc = nn.LayerNorm(8), nn.Linear(8, 8, rng=0)

    def forward(self, x):
        return x + self.fc(self.norm(x))


@pytest.mark.parametrize("make", [lambda X: X, lambda X: X.astype("f4"), Tensor, lambda X: leaf(X)])
def test_data_is_an_input_of_the_norm_that_it_goes_through_first(make):
    picture = draw((NormFirst()(make(normal(5, 8))) ** 2).mean())
    assert [cell.text for cell in picture.scene.title][:2] == ["NormFirst", "8 → 8"]
    (data,) = [c.heading[0].text for c in picture.scene.cards if c.role == "input"]
    assert data == "X"
    readers = [b for a, b, _ in arrows(picture) if a == data]
    assert readers[0] == "norm" and len(readers) == 2


@pytest.mark.parametrize(
    "first", [nn.LayerNorm(4), nn.BatchNorm(4), nn.Flatten()], ids=lambda x: type(x).__name__
)
def test_data_is_an_input_of_whatever_layer_comes_first(first):
    model = nn.Sequential(first, nn.Linear(4, 3, rng=0), nn.Tanh(), nn.Linear(3, 2, rng=1))
    picture = draw(model(normal(5, 4)).sum())
    assert [cell.text for cell in picture.scene.title][:2] == ["Sequential", "4 → 3 → 2"]
    assert ("X", "layers.0", ["5×4"]) in arrows(picture)


def test_parameters_are_those_of_the_model_whoever_else_needs_a_gradient():
    X = leaf(normal(9, 12), "X")
    picture = draw(nn.BCELoss()(nn.CatClassifier((12, 4, 3, 1), rng=1)(X), np.eye(9)[:, :1]))
    assert [cell.text for cell in picture.scene.title][1:3] == ["12 → 4 → 3 → 1", "71 parameters"]
    assert card(picture, "X")[0] == "X input 9×12"
    assert Graph.of(X.sum()).nodes[0].role == "parameter"  # where there is no module


def test_sizes_of_convolutions_are_channels():
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, rng=rng), nn.ReLU(), nn.Conv2d(8, 4, 3, rng=rng), nn.Flatten(),
        nn.Linear(16, 10, rng=rng),
    )  # fmt: skip
    labels = Tensor(np.arange(5), name="digit")
    picture = draw(nn.CrossEntropyLoss()(model(normal(5, 1, 6, 6)), labels))
    assert picture.scene.title[1].text == "Conv2d 1 → 8 → 4, Linear 16 → 10"
    assert "Conv2d 1 → 8 relu" in card(picture, "layers.0")[0]
    assert said(picture, "digit", "CrossEntropyLoss") == ["5"]
    assert "[arange(5), digit]" in card(picture, "CrossEntropyLoss")[1]


class Images(nn.Module):
    """Two convolutions, each with a pool, and a linear layer; or with one pool for both."""

    def __init__(self, shared):
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, rng=0)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1, rng=1)
        self.pool1 = nn.MaxPool2d(2)
        self.pool2 = self.pool1 if shared else nn.MaxPool2d(2)
        self.flatten, self.fc = nn.Flatten(), nn.Linear(24, 10, rng=2)

    def forward(self, x):
        x = self.pool1(microtensor.relu(self.conv1(x)))
        return self.fc(self.flatten(self.pool2(microtensor.relu(self.conv2(x)))))


class Tied(nn.Module):
    """An autoencoder with one weight for both ways."""

    def __init__(self):
        self.encode = nn.Linear(10, 4, rng=0)

    def forward(self, x):
        return self.encode(x).tanh() @ self.encode.weight


class Distance(nn.Module):
    """How far apart two are: one number for each pair."""

    def __init__(self):
        self.embed = nn.Sequential(nn.Linear(6, 8, rng=0), nn.ReLU(), nn.Linear(8, 3, rng=1))

    def forward(self, a, b):
        return ((self.embed(a) - self.embed(b)) ** 2).sum(axis=1)


def table():
    return nn.Sequential(nn.Embedding(7, 4, rng=0), nn.Linear(4, 2, rng=1))


def flattened():
    return nn.Sequential(nn.Conv2d(1, 4, 3, rng=0), nn.Sequential(nn.Flatten(), nn.Linear(64, 7)))


@pytest.mark.parametrize(
    ("make", "shapes", "chain", "whole"),
    [
        (lambda: Images(True), [(4, 1, 8, 8)], "Conv2d 1 → 4 → 6, Linear 24 → 10", "1 → 10"),
        (flattened, [(5, 1, 6, 6)], "Conv2d 1 → 4, Linear 64 → 7", "1 → 7"),
        (lambda: nn.Conv2d(1, 4, 3, rng=0), [(5, 1, 6, 6)], "1 → 4", "1 → 4"),
        (Tied, [(7, 10)], "10 → 4 → 10", "10 → 10"),
        (Distance, [(5, 6), (5, 6)], "6 → 8 → 3", None),
        (table, [()], "7 → 4 → 2", "7 → 2"),
    ],
)  # fmt: skip
def test_sizes_are_those_of_weights(make, shapes, chain, whole):
    data = [normal(*shape) if shape else np.arange(3) for shape in shapes]
    loss = (make()(*data) ** 2).mean()
    assert [x.text for x in draw(loss).scene.title][1] == chain
    outermost = draw(loss, collapse=1).scene
    assert outermost.title[1].text == chain
    (heading,) = [
        c.heading
        for c in outermost.cards
        if c.role in ("layer", "output") and c.rows[1:] and len(c.rows) > 3
    ]
    assert [x.text for x in heading if "→" in x.text] == ([whole] if whole else [])


def test_a_layer_whose_weight_others_read_too_is_a_card():
    loss = nn.MSELoss()(
        nn.Sequential(Tied(), nn.Linear(10, 2, rng=1))(normal(7, 10)), np.ones((7, 2))
    )
    heading = card(draw(loss), "encode")[0]
    assert heading.startswith("encode Linear 10 → 4")


def test_sizes_where_features_lie_along_the_first_axis():
    W1, W2 = (nn.Parameter(normal(*shape)) for shape in ((4, 6), (2, 4)))

    class Columns(nn.Module):
        def __init__(self):
            self.W1, self.W2 = W1, W2

        def forward(self, X):
            return self.W2 @ (self.W1 @ X).tanh()

    title = draw(Columns()(normal(6, 9)).sum(), collapse=1).scene.title
    assert [x.text for x in title][:3] == ["Columns", "6 → 2", "32 parameters"]


@pytest.mark.parametrize("collapse", ["auto", False])
def test_a_small_model_is_named_and_its_parameters_counted(collapse):
    title = draw(nn.Linear(3, 2, rng=0)(normal(5, 3)).mean(), collapse=collapse).scene.title
    assert [x.text for x in title] == [
        "Linear", "3 → 2", "8 parameters", "L = mean(X @ weightᵀ + bias)",
    ]  # fmt: skip
    assert len(draw((leaf([1.0], "w") * 2.0).sum()).scene.title) == 1


@pytest.mark.parametrize("shared", [False, True])
def test_a_network_of_images_is_a_card_for_each_layer(shared):
    loss = nn.CrossEntropyLoss()(Images(shared)(normal(4, 1, 8, 8)), np.arange(4))
    layers = {"conv1", "conv2", "pool1", "flatten", "fc"} | (set() if shared else {"pool2"})
    picture = draw(loss)
    assert layers <= set(names(picture)) and "Images" not in names(picture)
    heading = card(picture, "conv1")[0]
    assert heading.startswith("conv1 Conv2d 1 → 4")


def test_sizes_that_dont_meet_are_no_chain():
    table = nn.Sequential(nn.Embedding(9, 2, rng=0), nn.Flatten(), nn.Linear(6, 3, rng=1))
    picture = draw(table(np.array([[1, 2, 3], [4, 5, 6]])).sum(), collapse=1)
    assert picture.scene.title[1].text == "Embedding 9 → 2, Linear 6 → 3"
    assert names(picture)[0] == "X"


def test_what_does_the_same_is_one_card():
    squares = [leaf(float(k), f"x{k}") ** 2 for k in range(100)]
    picture = draw(sum(squares))
    assert names(picture) == ["x0 … x99", "x0² … x99²", "L"]
    assert card(picture, "x0² … x99²")[1] == "power × 100"
    assert picture.scene.title[0].text == "L = sum of 101 terms"


def test_a_chain_is_a_card_with_its_formula():
    z = leaf(normal(3, 4), "z")
    y = Tensor(np.eye(4)[:3], name="y")
    e = (z - z.max(axis=1, keepdims=True)).exp()
    L = -(y * (e / e.sum(axis=1, keepdims=True)).log()).sum(axis=1).mean()
    picture = draw(L)
    assert len(picture.scene.cards) <= 8 and "y" in names(picture)
    assert any("log(" in c.heading[1].text for c in picture.scene.cards if len(c.heading) > 2)


def test_a_wide_graph_turns_downwards():
    assert draw(neuron()[0]).scene.direction == "LR"
    w = [leaf(float(k), f"w{k}") for k in range(7)]
    L = ((w[0] * w[1] + w[2] * w[3] + w[4]).tanh() * w[5] + w[6]).exp()
    picture = draw(L)
    assert picture.scene.direction == "TB"
    assert len(picture.scene.cards) == len(Graph.of(L).nodes)
    assert draw(L, direction="LR").scene.direction == "LR"


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("layers.0", ["layers.0"]),
        ("layers.1.net", ["layers.1.net"]),
        ("layers.*.net", ["layers.0.net", "layers.1.net"]),
        ("1.net", ["layers.1.net"]),
        ("*.net.0", ["layers.0.net.layers.0", "layers.1.net.layers.0"]),
        ("?.net", ["layers.0.net", "layers.1.net"]),
    ],
)
def test_groups_are_named_by_their_whole_path(name, opened):
    model = nn.Sequential(Block(4, 0), Block(4, 1), nn.Linear(4, 1, rng=2))
    scene = draw(model(normal(6, 4)).sum(), collapse=name).scene
    cards = [c for c in scene.cards if c.id.startswith("g")]
    found = [".".join((*c.frame, c.heading[0].text)).partition(".")[2] for c in cards]
    assert set(opened) <= set(found)
    assert not any(
        x.startswith(f"{name}.") or name.startswith(f"{x}.") for name in opened for x in found
    )


def test_a_layer_is_opened_by_the_path_that_its_card_has():
    class Model(nn.Module):
        def __init__(self):
            self.mlp = nn.Sequential(nn.Linear(4, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))

        def forward(self, x):
            return self.mlp(x)

    loss = Model()(normal(3, 4)).sum()
    assert any("0.weight" in line for line in card(draw(loss, collapse="mlp"), "mlp"))
    opened = names(draw(loss, expand="mlp.0"))
    assert "W1" in opened and "layers.0" not in opened and "layers.2" in opened
    assert opened == names(draw(loss, expand="mlp.layers.0"))
    with pytest.raises(ValueError, match=r"no group 'mlp\.9'; near it: mlp"):
        draw(loss, expand="mlp.9")


def test_names_near_an_unknown_one_are_said():
    y = nn.Sequential(Block(4, 0), nn.Linear(4, 1, rng=2))(normal(6, 4)).sum()
    with pytest.raises(ValueError, match=r"no group 'net'; near it: layers\.0\.net"):
        draw(y, expand="net")
    with pytest.raises(ValueError, match=r"no group 'zzz'; groups: Sequential, layers\.0, "):
        draw(y, collapse="zzz")


def test_two_arrays_of_the_same_memory_are_one_input():
    mask = np.triu(np.full((6, 6), -9.0), 1)
    a = leaf(normal(5, 5), "a")
    y = ((a + mask[:5, :5]).softmax(-1) + mask[:5, :5]).sum()
    assert sum(node.role == "input" for node in Graph.of(y).nodes) == 1


@pytest.mark.parametrize("make", [by_hand, deep], ids=["loop", "layers"])
def test_linear_work_on_loops_and_layers(make):
    short, long = make(20), make(80)
    assert calls(lambda: draw(long)) < 5 * calls(lambda: draw(short))


def random_graph(seed):
    """Values computed from whatever there is, some in groups, some called again and again."""
    rng = np.random.default_rng(seed)
    known = [leaf(rng.normal(size=(2, 2)), f"w{k}") for k in range(3)]
    data = Tensor(rng.normal(size=(40, 2, 2)), name="data")
    model = Block(2, seed)
    for k in range(int(rng.integers(5, 60))):
        a, b = (known[int(i)] for i in rng.integers(max(0, len(known) - 6), len(known), 2))
        ways = [
            lambda a, b: a + b,
            lambda a, b: (a @ b).tanh(),
            lambda a, b: a * 0.5,
            lambda a, b: model(a),
            lambda a, b, k=k: a * data[k % 40],
            lambda a, b: microtensor.concatenate([a, b])[1:3],
        ]
        name = f"part {rng.integers(3)}"
        with group(name), group(f"inner {rng.integers(2)}"):
            known.append(ways[int(rng.integers(len(ways)))](a, b))
    return sum(x.sum() for x in known[-5:])


@pytest.mark.parametrize(
    "seed",
    [*range(4), *(pytest.param(seed, marks=pytest.mark.acceptance) for seed in range(4, 12))],
)
def test_any_graph_is_drawn_with_every_value_in_one_card(seed):
    graph = Graph.of(random_graph(seed))
    from microtensor.views.layers import units

    for collapse in ("auto", False, 1, 2, 3, "part *"):
        try:
            found = units(graph, collapse, ())
        except ValueError as error:
            assert "no group" in str(error)
            continue
        assert sorted(n.id for u in found for n in u.nodes) == sorted(n.id for n in graph.nodes)
        order = {unit.id: k for k, unit in enumerate(found)}
        home = {node.id: unit.id for unit in found for node in unit.nodes}
        ends = {(home[edge.source], home[edge.target]) for edge in graph.edges}
        assert all(order[a] <= order[b] for a, b in ends) or collapse != "auto"
    assert draw(random_graph(seed)).scene.cards


# Colours ----------------------------------------------------------------------------------------


def contrast(a, b):
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted(map(luminance, (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_text_has_contrast_on_every_fill(theme):
    fills = [theme.page, *(fill for fill, _ in theme.fills.values())]
    for fill in fills:
        for text in (theme.text, theme.quiet, theme.forward, theme.backward):
            assert contrast(text, fill) >= 4.5, (text, fill)
    for heat in np.linspace(0, 1, 50):
        fill, text = shade(theme, heat)
        assert contrast(text, fill) >= 4.5, (text, fill)
        assert text == max(theme.text, theme.page, key=lambda colour: contrast(colour, fill))


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_arrows_and_lines_are_seen_on_the_page(theme):
    for line in (theme.forward, theme.backward, *(line for _, line in theme.fills.values())):
        assert contrast(line, theme.page) >= 3


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


def test_larger_gradients_are_darker_on_a_light_page():
    heat = THEMES["light"].heat
    assert [contrast(c, "#ffffff") for c in heat] == sorted(contrast(c, "#ffffff") for c in heat)


def test_one_stroke_in_two_colours_where_a_gradient_returns():
    L, known = neuron()
    source = draw(L, names=known).source
    assert source.count('color="#0072b2:#a03d00"') == 5
    assert source.count("dir=both") == 5
    assert "#56b4e9:#ff9e57" in draw(L, theme="dark").source


# Hostile names ----------------------------------------------------------------------------------

HOSTILE = [
    "<b>",
    '<<table href="javascript:1">',
    "a:b",
    r"\N",
    "back\\",
    '"',
    "'",
    "</script>",
    "🐱",
    "two\nlines",
    "x" * 10_000,
    "\x00\x1b\x85",
    "\ud800",
    "\ufffe",
    "&amp;",
    "-->",
    "]]>",
    " ",
    "%s{0}",
    'a"]; evil["',
    "`end`",
    "#60;",
]


def hostile(name):
    a = leaf(2.0, name)
    with group(name):
        y = (a * a + a).sin()
    y.name = name
    return y


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "collapse", [0, *(pytest.param(x, marks=pytest.mark.acceptance) for x in ("auto", 1))]
)
@pytest.mark.parametrize("ending", [".dot", ".mmd", ".txt"])
def test_hostile_names_in_sources(name, collapse, ending, tmp_path):
    path = tmp_path / f"graph{ending}"
    draw(hostile(name), collapse=collapse).save(path)
    text = path.read_text(encoding="utf-8")
    assert len(text) < 12_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    plain = draw(hostile("v"), collapse=collapse)
    plain.save(tmp_path / f"plain{ending}")
    assert text.count("\n") == (tmp_path / f"plain{ending}").read_text().count("\n")


@pytest.mark.parametrize("name", HOSTILE)
def test_escaped_text_is_text(name):
    text = escaped(shown(name))
    assert not re.search(r'[<>"\'\\\n]|&(?!amp;|lt;|gt;|quot;|#39;|#92;|#93;)', text)
    assert 0 < len(html.unescape(text)) <= 80
    ElementTree.fromstring(f"<a>{text}</a>")


# Rendering --------------------------------------------------------------------------------------


def pygraphviz_is_there():
    try:
        import pygraphviz
    except ImportError:
        return False
    return int(pygraphviz.__version__.split(".")[0]) >= 2


@pytest.fixture(params=["dot", "pygraphviz"])
def renderer(request, monkeypatch):
    if request.param == "dot":
        if not shutil.which("dot"):
            pytest.skip("the dot program isn't installed")
    else:
        if not pygraphviz_is_there():
            pytest.skip("pygraphviz 2 isn't installed")
        monkeypatch.setenv("PATH", "")
    return request.param


def texts(svg):
    root = ElementTree.fromstring(svg)
    found = [e.tag.split("}")[1] for e in root.iter()]
    assert not {"a", "image", "script", "foreignObject"} & set(found)
    return [
        "".join(e.itertext()).replace("\xa0", " ").strip()
        for e in root.iter()
        if e.tag.endswith("}text")
    ]


def test_both_renderers_show_every_number(renderer):
    L, known = neuron()
    shown = texts(draw(L, names=known).pipe("svg"))
    assert {"2.642", "−6", "∂p/∂w = x = 3", "◂ 8.389 × 0.105 =", "not tracked"} <= set(shown)


@pytest.mark.parametrize("name", HOSTILE)
def test_both_renderers_show_hostile_names_as_text(renderer, name):
    found = texts(draw(hostile(name)).pipe("svg"))
    line = html.unescape(escaped(shown(name))).replace("\\\\", "\\")
    if len(line) < 40 and line.strip():
        assert " ".join(line.split()) in found


@pytest.mark.acceptance
@pytest.mark.parametrize("ending", [".png", ".pdf"])
@pytest.mark.parametrize("name", HOSTILE)
def test_both_renderers_write_files_of_hostile_names(renderer, name, ending, tmp_path):
    assert os.path.getsize(draw(hostile(name), collapse=1).save(tmp_path / f"x{ending}")) > 500


@pytest.mark.parametrize("theme", THEMES)
def test_both_renderers_draw_networks(renderer, theme):
    svg = draw(network(), theme=theme).pipe("svg", encoding="utf-8")
    shown = texts(svg)
    assert {"layer1", "W1", "A3", "BCELoss"} <= set(shown)
    assert THEMES[theme].page in svg
    assert '<svg text-rendering="geometricPrecision" ' in svg
    assert not any(set(text) & set(numbers.BARS[1:]) for text in shown)
    assert svg.count(' stroke="none" d="M') >= 20  # histograms


def test_both_renderers_write_the_files_that_graphviz_writes(renderer, tmp_path):
    path = draw(leaf(1.0) * 2).render("graph", directory=tmp_path, format="png", cleanup=True)
    assert Path(path).read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["graph.png"]


@pytest.mark.acceptance
def test_fifteen_hundred_cards_are_drawn(renderer):
    a = y = leaf(0.5, "a")
    for i in range(750):  # one leaf is read by half of the cards
        y = y * a if i % 2 else y + 0.01
    picture = draw(y, collapse=False)
    assert len(picture.scene.cards) == 1501
    assert picture.pipe("svg", encoding="utf-8").count('class="node"') == 1501


def test_a_notebook_shows_the_picture(renderer):
    assert draw(neuron()[0])._repr_mimebundle_()["image/svg+xml"].startswith("<svg")


@pytest.fixture
def without_renderer(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def test_a_notebook_never_raises(without_renderer):
    L, known = neuron()
    (shown,) = draw(L, names=known)._repr_mimebundle_().items()
    assert shown[0] == "text/plain"
    assert "drawing needs Graphviz" in shown[1]
    assert "∂p/∂w = x = 3" in shown[1]


def test_what_needs_no_renderer(without_renderer, tmp_path):
    picture = draw(network())
    for ending in (".dot", ".mmd", ".txt"):
        assert os.path.getsize(picture.save(tmp_path / f"graph{ending}")) > 1000
    with pytest.raises(NoRenderer, match="pip install 'pygraphviz>=2'"):
        picture.save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def test_pygraphviz_before_2_draws_nothing_without_the_dot_program(without_renderer, monkeypatch):
    old = types.SimpleNamespace(__version__="1.14")
    monkeypatch.setitem(sys.modules, "pygraphviz", old)
    with pytest.raises(NoRenderer, match="pygraphviz>=2"):
        draw(leaf(1.0) * 2).pipe("svg")


def test_files_are_written_over_and_folders_made(tmp_path):
    path = tmp_path / "new" / "folder" / "graph.TXT"
    draw(leaf(1.0, "old") * 2).save(path)
    assert draw(leaf(1.0, "new") * 2).save(path) == str(path)
    assert "old" not in path.read_text("utf-8") and "new" in path.read_text("utf-8")
    with pytest.raises(OSError, match=r"graph\.TXT"):
        draw(leaf(1.0)).save(path / "graph.txt")  # a file is no folder


def test_unknown_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'graph.bmp' ends in none of \.svg, \.png, \.pdf, \.dot"):
        draw(leaf(1.0) * 2).save(tmp_path / "graph.bmp")


def test_text():
    L, known = neuron()
    picture = draw(L, names=known)
    assert picture.scene.cards
    from microtensor.views.picture.plain import text

    lines = text(picture.scene).splitlines()
    assert lines[0] == "L = log(σ(w · x + b))"
    assert "  ◂▸ w: ∂p/∂w = x = 3; ◂ 0.8808 × 3 = 2.642" in lines
    assert "  ▸ x" in lines


def test_mermaid(tmp_path):
    y, known = paths()
    written = Path(draw(y, names={**known, "y": y}).save(tmp_path / "graph.mmd"))
    lines = written.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "flowchart LR"
    said = "a#160; parameter<br/>value#160; 2<br/>∂y/∂a#160; 1<br/>= (−3) + 2 + 2"
    assert f'  n0["{said}"]:::parameter' in lines
    assert "  classDef parameter fill:#eaf5f0,stroke:#0a7d57,color:#1a1f24" in lines
    assert sum(line.startswith("  classDef") for line in lines) == 4
    assert sum(line.startswith("  n0 <-->") for line in lines) == 3
    draw(network()).save(written)
    text = written.read_text(encoding="utf-8")
    assert text.count("subgraph") == len(re.findall(r"^ *end$", text, re.MULTILINE)) == 1


def test_the_same_bytes_in_every_process():
    code = (
        "import numpy as np, nn; from microtensor import Tensor, draw;"
        "model = nn.CatClassifier((6, 4, 3, 1), rng=1);"
        "loss = nn.BCELoss()(model(np.ones((5, 6))), np.eye(5)[:, :1]);"
        "import sys; sys.stdout.reconfigure(encoding='utf-8');"
        "print(draw(loss).source, draw(loss, collapse=0).source);"
        "print(draw(loss, expand='layer2').source)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={**env_of_now(), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert b"layer3" in outputs.pop()


def test_a_module_around_a_network_is_no_layer():
    class Model(nn.Module):
        def __init__(self):
            self.net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 1, rng=1))

        def forward(self, x):
            return self.net(x)

    layers = [
        c.heading[0].text for c in draw(Model()(np.ones((9, 3))).sum()).scene.cards if c.frame
    ]
    assert layers == ["layers.0", "layers.2"]


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["neuron", "paths", "network"])
@pytest.mark.skipif(
    not (shutil.which("dot") or pygraphviz_is_there()), reason="Graphviz isn't installed"
)
def test_the_examples_pictures_are_of_now(name, tmp_path):
    (tmp_path / f"{name}.py").write_bytes((ROOT / "examples" / f"draw_{name}.py").read_bytes())
    subprocess.run([sys.executable, f"{name}.py"], cwd=tmp_path, check=True, env=env_of_now())
    for theme in ("light", "dark"):
        file = f"pictures/{name}{'-dark' if theme == 'dark' else ''}.svg"
        kept, drawn = (root / file for root in (ROOT / "examples", tmp_path))
        assert kept.stat().st_size < 100_000
        assert sorted(texts(kept.read_bytes())) == sorted(texts(drawn.read_bytes()))
        assert THEMES[theme].page in kept.read_text("utf-8")


def env_of_now():
    return {**os.environ, "PYTHONPATH": str(ROOT)}
