"""Names: decided once, by the graph, and the same in every view, whatever is collapsed."""

import html
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Graph, Tensor, draw, explain, follow, group, paths, to_source
from microtensor.program.source import program


def leaf(value, name=None):
    return Tensor(value, requires_grad=True, name=name)


def names_of(result, **options):
    return [node.name for node in Graph.of(result, **options).nodes if node.role != "constant"]


X = np.random.default_rng(0).uniform(-1, 1, (5, 4))
y = np.array([[1.0], [0.0], [1.0], [1.0], [0.0]])


# What is called how -----------------------------------------------------------------------------


def test_a_result_without_a_name_is_L():
    w = leaf(2.0, "w")
    assert names_of(w * 3.0) == ["w", "L"]
    assert names_of(leaf(1.0)) == ["L"]
    assert names_of(w * leaf(3.0, "L")) == ["w", "L", "L_2"]
    assert names_of(w * 3.0, names={"L": leaf(1.0)}) == ["w", "L_2"]  # the caller's L is another
    loss = w * 3.0
    assert names_of(loss, names={"loss": loss}) == ["w", "loss"]


def test_layers_are_Z_and_A_with_the_number_of_their_weight():
    loss = nn.BCELoss()(nn.CatClassifier((4, 3, 1), rng=1)(X), y)
    found = names_of(loss)
    assert found[:4] == ["W1", "b1", "W2", "b2"]
    assert found[4:12] == ["t1", "X", "t2", "Z1", "A1", "t3", "t4", "Z2"]
    assert found[-3:] == ["t11", "t12", "L"]
    W2, W5 = leaf(np.ones((3, 1)), "W2"), leaf(np.ones((4, 3)), "W5")
    assert names_of((mt.tanh(X @ W5) @ W2).sum())[-3:] == ["A5", "Z2", "L"]


def test_layers_without_numbers_are_counted():
    W = leaf(np.eye(4), "W")
    assert names_of(mt.tanh(X @ W).sum())[-3:] == ["Z", "A", "L"]
    assert names_of(mt.tanh(X[0] @ W).sum())[-3:] == ["z", "a", "L"]
    assert names_of(mt.tanh(mt.tanh(X @ W) @ W).sum())[-5:] == ["Z1", "A1", "Z2", "A2", "L"]
    with group("layer"):
        a = mt.sigmoid(leaf(2.0) * 3.0)
    assert names_of(a + 1.0) == ["w", "Z1", "A1", "L"]
    model = nn.Sequential(nn.Linear(4, 2, rng=1), nn.ReLU())
    assert names_of(model(X).sum()) == ["W", "b", "t1", "X", "t2", "Z1", "A1", "L"]
    model[0].weight = leaf(np.ones((2, 4)), None)
    model[0].mean = nn.Buffer(np.ones(4))
    assert {*names_of((model(X) + model[0].mean[0]).sum())} > {"W", "b", "Z1", "A1"}


def test_an_activation_of_an_activation_and_of_a_leaf():
    x = leaf(np.ones((2, 2)), "x")
    assert names_of(mt.relu(mt.tanh(x)).sum()) == ["x", "A", "A_2", "L"]
    assert names_of(mt.relu(x).sum() + mt.tanh(x * 2.0).sum()) == [
        "x", "A1", "t1", "Z2", "A2", "t2", "L",
    ]  # fmt: skip


def test_an_activation_of_ones_own_is_A_and_on_the_card_of_its_layer():
    loss = MODELS["leaky"]()
    graph = Graph.of(loss)
    (a,) = [node for node in graph.nodes if node.name == "A1"]
    assert a.rule == "subtract" and a.activation and graph.find("Z1").linear
    assert sum(node.activation for node in graph.nodes) == 1
    (first,) = [x for x in draw(loss).scene.cards if x.heading[0].text == "layers.0"]
    assert [cell.text for cell in first.heading[:4]] == ["layers.0", "Linear", "4 → 3", "leaky"]
    assert [row[0].text for row in first.rows[1:]] == ["W1", "b1", "Z1", "A1"]
    assert re.search(r"    A1 = t\d+ - 0.01 \* t\d+\n", to_source(loss))


def test_what_is_added_to_a_product_is_part_of_the_linear_map():
    Wx, Wh, b = leaf(np.ones((4, 2)), "Wx"), leaf(np.ones((2, 2)), "Wh"), leaf(np.ones(2), "b")
    h = np.zeros((5, 2))
    z = X @ Wx + h @ Wh + b
    assert names_of(z.sum()) == ["Wx", "Wh", "b", "X", "t1", "zeros", "t2", "t3", "Z", "L"]
    skip = leaf(np.ones((5, 2)), "skip")
    found = names_of((X @ Wx + skip * 1.0).sum())
    assert found[-4:] == ["Z", "t1", "t2", "L"]  # what is computed is no bias
    product = X @ Wx
    found = names_of((product + b).sum(), names={"product": product})
    assert found[-3:] == ["product", "t1", "L"]


def test_leaves_without_names():
    W, b, w = leaf(np.ones((4, 2))), leaf(np.ones(2)), leaf(np.ones(2))
    assert names_of(((X @ W + b) * w).sum()) == ["W", "b", "w", "X", "t1", "Z", "t2", "L"]
    mask = X > 0
    assert names_of(mt.where(mask, leaf(X), 0.0).sum()) == ["W", "mask", "t1", "L"]
    assert names_of(leaf(1.0) * leaf(2.0) * Tensor(3.0)) == ["w1", "w2", "t1", "x", "L"]
    assert names_of(leaf(1.0, "w1") * leaf(2.0) * leaf(3.0)) == ["w1", "w2", "t1", "w3", "L"]
    neuron = (leaf(2.0) * Tensor(3.0) + leaf(1.0)).sigmoid()
    assert names_of(neuron * 1.0) == ["w", "x", "t1", "b", "z", "a", "L"]
    assert names_of(leaf(1.0, "w") * leaf(2.0)) == ["w", "w_2", "L"]
    assert names_of(leaf(1.0, " ") * 2.0) == ["w", "L"]


class Scaled(nn.Module):
    def __init__(self, size, rng):
        self.factor = nn.Parameter(np.ones(size))
        self.inner = nn.Linear(size, size, rng=rng)

    def forward(self, x):
        return self.inner(x) * self.factor


class Two(nn.Module):
    def __init__(self):
        self.first, self.second = Scaled(4, 1), Scaled(4, 2)
        self.head = nn.Sequential(nn.Linear(4, 2, rng=3), nn.Linear(2, 1, rng=4))
        self.scale = nn.Parameter(2.0)

    def forward(self, x):
        return self.head(self.second(self.first(x))) * self.scale


def test_paths_are_cut_to_what_tells_them_apart():
    (one,) = [n for n in Graph.of(Scaled(4, 1)(X).sum()).nodes if n.name == "factor"]
    assert one.named and one.path == ""
    graph = Graph.of(Two()(X).sum())
    parameters = {node.name: node.path for node in graph.nodes if node.role == "parameter"}
    assert parameters == {
        "first.factor": "", "first.inner.weight": "", "first.inner.bias": "",
        "second.factor": "", "second.inner.weight": "", "second.inner.bias": "",
        "W1": "head.layers.0.weight", "b1": "head.layers.0.bias",
        "W2": "head.layers.1.weight", "b2": "head.layers.1.bias", "scale": "",
    }  # fmt: skip

    class Outer(nn.Module):
        def __init__(self):
            self.body = Scaled(4, 1)

        def forward(self, x):
            return self.body(x)

    graph = Graph.of(Outer()(X).sum())
    assert [n.name for n in graph.nodes[:3]] == ["factor", "inner.weight", "inner.bias"]
    assert [n.path for n in graph.nodes[:3]] == ["body." + n.name for n in graph.nodes[:3]]
    weight = follow(Outer()(X).sum(), "body.inner.weight[0, 0]")
    assert weight == follow(Outer()(X).sum(), "inner.weight[0, 0]")


def test_two_models_of_one_kind_are_numbered_through():
    a, b = (nn.Sequential(nn.Linear(4, 4, rng=k), nn.Tanh()) for k in (1, 2))
    loss = b(a(X)).sum()
    assert names_of(loss)[:4] == ["W1", "b1", "W2", "b2"]
    assert Graph.of(loss).find("layers.0.weight") is None  # which of the two?
    assert Graph.of(loss).find(b.parameters()[0]).name == "W2"


def test_a_given_name_comes_before_a_made_up_one():
    x, W1 = leaf(X, "Z1"), leaf(np.ones((4, 2)), "W1")
    assert names_of(mt.tanh(x @ W1).sum()) == ["Z1", "W1", "Z1_2", "A1", "L"]
    same = [leaf(float(k), "x") for k in range(3)] + [leaf(3.0, "x_2")]
    total = same[0] + same[1] + same[2] + same[3]
    assert names_of(total)[:4] == ["x", "x_3", "x_4", "x_2"]
    assert [Graph.of(total).find(x).name for x in same] == ["x", "x_3", "x_4", "x_2"]


@pytest.mark.parametrize("name", ["a\nb", "x" * 99, "\x1b[31m", "\ud800", "a  b"])
def test_what_is_shown_and_what_was_given_are_both_found(name):
    w = leaf(2.0, name)
    graph = Graph.of(w * 3.0)
    shown = graph.nodes[0].name
    assert shown.isprintable() and len(shown) <= 40
    assert graph.find(shown) == graph.find(name) == graph.find(w) == graph.nodes[0]
    assert follow(w * 3.0, name) == follow(w * 3.0, shown)


# The index --------------------------------------------------------------------------------------


def test_the_index():
    a, c = leaf(2.0, "a"), leaf(-3.0, "c")
    p = a * a
    q = a * c
    graph = Graph.of(p + q, names={"p": p, "q": q})
    n = {node.name: node for node in graph.nodes}
    assert graph.result is graph.nodes[-1] is n["L"]
    assert graph.node(n["p"].id) is n["p"]
    assert [x.name for x in graph.operands(n["q"].id)] == ["a", "c"]
    assert [x.name for x in graph.readers(n["a"].id)] == ["p", "p", "q"]
    assert [(e.source, e.slot) for e in graph.arriving(n["p"].id)] == [("n0", 0), ("n0", 1)]
    assert [e.target for e in graph.leaving(n["a"].id)] == [n["p"].id, n["p"].id, n["q"].id]
    assert [e.target for e in graph.arrivals(n["a"].id)] == [n["q"].id, n["p"].id, n["p"].id]
    assert [graph.ordinal(e) for e in graph.leaving(n["a"].id)] == [1, 2, 0]
    assert graph.operands("n0") == graph.arriving("n0") == graph.readers(n["L"].id) == ()
    assert graph.find(p) is graph.find("p") is n["p"]
    assert graph.find("v") is graph.find(leaf(1.0)) is None


def test_a_graph_is_compared_and_pickled_as_the_plain_data_that_it_is():
    w = leaf(2.0, "w")
    graph = Graph.of(w * 3.0)
    again = pickle.loads(pickle.dumps(graph))
    assert again == graph == Graph.of(w * 3.0)
    assert again.find("w") == graph.find("w") and again.find(w) is None
    nodes, edges = graph
    assert Graph(nodes, edges) == graph


# In every view ----------------------------------------------------------------------------------


class LeakyReLU(nn.Module):
    def forward(self, x):
        with group("leaky", activation=True):
            return mt.relu(x) - 0.01 * mt.relu(-x)


class Attention(nn.Module):
    def __init__(self):
        self.q, self.k, self.v = (nn.Linear(4, 3, rng=k) for k in range(3))

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        return mt.softmax(q @ k.T / np.sqrt(3), -1) @ v


class Residual(nn.Module):
    def __init__(self):
        self.fc1, self.fc2 = nn.Linear(4, 4, rng=1), nn.Linear(4, 4, rng=2)

    def forward(self, x):
        return x + self.fc2(mt.relu(self.fc1(x)))


def functional():
    W1, b1, W2 = leaf(np.ones((4, 3)) / 3), leaf(np.zeros(3)), leaf(np.ones((3, 1)) / 2, "W2")
    return ((mt.sigmoid(mt.tanh(X @ W1 + b1) @ W2) - y) ** 2).mean()


def recurrent():
    Wx, Wh, b = leaf(np.ones((4, 2)) / 4), leaf(np.eye(2)), leaf(np.zeros(2))
    h = np.zeros((5, 2))
    for x in (X, X[::-1].copy()):
        h = mt.tanh(x @ Wx + h @ Wh + b)
    return h.sum()


MODELS = {
    "cats": lambda: nn.BCELoss()(nn.CatClassifier((4, 4, 3, 1), rng=1)(X), y),
    "leaky": lambda: nn.MSELoss()(
        nn.Sequential(nn.Linear(4, 3, rng=1), LeakyReLU(), nn.Linear(3, 1, rng=2))(X), y
    ),
    "deep": lambda: nn.Sequential(
        *[part for k in range(8) for part in (nn.Linear(4, 4, rng=k), nn.Tanh())]
    )(X).sum(),
    "attention": lambda: (Attention()(X) ** 2).mean(),
    "functional": functional,
    "neuron": lambda: (leaf(2.0) * Tensor(3.0) + leaf(1.0)).sigmoid().log(),
    "recurrent": recurrent,
    "residual": lambda: Residual()(Residual()(X)).mean(),
    "two": lambda: Two()(X).sum(),
}
# All of them, of which the small ones are tried with each change
LARGE = {"deep", "attention", "functional", "recurrent", "residual", "two"}
some_models = pytest.mark.parametrize(
    "model",
    [pytest.param(x, marks=pytest.mark.acceptance if x in LARGE else ()) for x in MODELS],
)
SETTINGS = [{}, {"collapse": False}, {"collapse": 1}, {"collapse": 2}]
DERIVATIVE = re.compile(r"∂([\w.]+)(?:\[[\d, ]*\])?/∂([\w.]+)")
# What the texts say in letters that could be names
LETTERS = re.compile(r"(?<![\w.∂])(?:[tZAXWbzxwL]|mask|a(?=[\d_]))\d*(?:_\d+)?(?![\w.])")


def settings(graph):
    """Every way to collapse and to expand."""
    yield from SETTINGS
    for path in {node.group[:k] for node in graph.nodes for k in range(1, len(node.group) + 1)}:
        yield {"expand": ".".join(path)}


def check(text, graph, equations=True):
    """Every name that a text of a view says is a value's, and each equation is that value's."""
    known = {node.name: node for node in graph.nodes}
    said = {x for pair in DERIVATIVE.findall(text) for x in pair} | set(LETTERS.findall(text))
    assert said <= set(known), said - set(known)
    equation = re.compile(r"^ *(?:\d+  )?(\S+)  ?= (\S.*?)(?:  |\n| \(| = | ≈ |: )", re.M)
    for name, found in equation.findall(text) if equations else ():
        if name in known and known[name].expression and not re.match(r"[\[(−\d]", found):
            whole = graph.written(known[name].id)  # a title goes on to what is behind
            folds = [graph.written(known[name].id, until) for until in behind(graph, known[name])]
            begins = any(text.startswith(found) for text in folds)  # cut before a bracket
            written = (known[name].expression, whole, *folds)
            assert begins or found.startswith(written), (name, found)


def behind(graph, node):
    """Where the formula of a card of several values may end: so many steps back, or more."""
    inner = {node.id}
    for _ in range(8):
        inner |= {x.id for key in inner for x in graph.operands(key)}
        yield {x.id for x in graph.nodes} - inner
    for size in range(1, 9):
        place = graph.nodes.index(node)
        yield {x.id for x in graph.nodes} - {x.id for x in graph.nodes[place - size : place + 1]}


@some_models
def test_pictures_and_stories_use_the_graphs_names(model, tmp_path):
    result = MODELS[model]()
    graph = Graph.of(result)
    seen = set()
    for options in settings(graph):
        picture = draw(result, **options)
        text = Path(picture.save(tmp_path / "x.txt")).read_text("utf-8")
        check(text, graph)
        seen |= set(LETTERS.findall(text))
        for card in picture.scene.cards:
            if card.id.startswith("n"):
                node = graph.node(card.id.partition("_")[0])
                assert card.heading[0].text in (node.name, "2", "0.01", "1.732")
            for row in card.rows if card.role in ("layer", "output") else ():
                name = row[0].text.removeprefix("first ").removeprefix("last ")
                name = name.rpartition(", ")[2]  # round 1, A1
                if row[0].style == "name":
                    size = mt.views.numbers.size(graph.find(name).value.shape)
                    assert row[1].text.split("  ")[-1] == size
    assert {node.name for node in graph.nodes if LETTERS.fullmatch(node.name)} <= seen
    check(explain(result), graph)


@some_models
def test_what_a_picture_shows_can_be_followed(model):
    result = MODELS[model]()
    for node in Graph.of(result).nodes:
        if node.tracked:
            entry = f"[{', '.join('0' * node.value.ndim)}]" if np.ndim(node.value) else ""
            told = follow(result, node.name + entry)
            gradient = mt.views.numbers.number(np.asarray(node.gradient).flat[0])
            assert told.startswith(f"∂L/∂{node.name}{entry} = {gradient}\n")
            if node.role != "output":
                try:
                    assert paths(result, node.name).startswith(f"∂L/∂{node.name}: ")
                except ValueError as error:
                    assert "paths of arrays lead from" in str(error)


@pytest.mark.parametrize("model", MODELS)
def test_programs_use_the_graphs_names(model):
    """Each forward line whose name a value of the graph has computes that value."""
    result = MODELS[model]()
    graph = Graph.of(result)
    text = to_source(result)
    head, _, body = text.partition("def L_and_gradients(")
    inputs = re.findall(r"\w+", body.partition(")")[0])
    space = {}
    exec(head, space)
    by_name = {re.sub(r"\W", "_", node.name): node for node in graph.nodes}
    for name in inputs:
        space[name] = by_name[name].value
    lines = body.partition('"""\n')[2].partition("# Backward")[0]
    exec("\n".join(line[4:] for line in lines.splitlines()), space)
    told = [name for name in re.findall(r"^    (\w+) = ", lines, re.M) if name in by_name]
    for name in told:
        np.testing.assert_allclose(space[name], by_name[name].value, 1e-12, 1e-12)
    assert {"L"} <= set(told)
    assert {n.name for n in graph.nodes if n.linear or n.activation} <= set(told) | {"L"}


def test_the_page_uses_the_graphs_names(tmp_path):
    pytest.importorskip("pygraphviz", reason="the page needs Graphviz")
    for make in MODELS.values():
        result = make()
        graph = Graph.of(result)
        for options in ({}, {"collapse": 0}):
            text = Path(mt.page(result, tmp_path / "x.html", **options)).read_text("utf-8")
            steps = text.partition('id="steps"')[2].partition("</ol>")[0]
            check(html.unescape(re.sub(r"<[^>]*>", "\n", steps)), graph, equations=False)


def test_what_is_expanded_is_called_as_in_the_rest():
    cats = nn.CatClassifier((12, 4, 3, 1), rng=1)
    loss = nn.BCELoss()(cats(np.random.default_rng(0).random((5, 12))), y)
    picture = draw(loss, names=vars(), expand="layer2")
    headings = [" ".join(cell.text for cell in card.heading) for card in picture.scene.cards]
    (product,) = [heading for heading in headings if "= A1 @ " in heading]
    name = product.partition(" ")[0]
    assert name == "t4"
    assert "t4[0, 0] reaches 1 entry of Z2, since Z2 = t4 + b2;" in follow(
        loss, "t4[0, 0]", names=vars()
    )


def test_a_layer_without_a_product_has_the_number_of_its_bias():
    rng = np.random.default_rng(0)
    letters, wide, norm = nn.Embedding(5, 3, rng=rng), nn.Linear(3, 4, rng=rng), nn.BatchNorm(4)
    net = nn.Sequential(letters, wide, norm, nn.Tanh(), nn.Linear(4, 2, rng=rng))
    names = names_of(net(np.array([0, 3, 4])).sum())
    assert [name for name in names if name[0] in "ZA"] == ["Z2", "Z3", "A3", "Z4"]


# One name for one thing -------------------------------------------------------------------------


def test_labels_are_called_in_the_program_and_on_the_page_as_in_the_picture(tmp_path):
    W, labels = leaf(np.ones((4, 3)), "W"), np.array([2, 0, 1, 1, 0])
    for known, name in (({}, "y"), ({"labels": labels}, "labels")):
        L = -mt.log_softmax(Tensor(X) @ W, axis=1)[np.arange(5), labels].mean()
        said = f"A[arange(5), {name}]"
        assert said in str(explain(L, names=known))
        assert any(
            cell.text == name for card in draw(L, known).scene.cards for cell in card.heading
        )
        assert f"[np.arange(m), {name}]" in to_source(L, names=known)
        text = Path(mt.page(L, tmp_path / "page.html", names=known)).read_text()
        assert said in html.unescape(text)
    table = leaf(np.ones((4, 3)), "table")
    used = np.square(table[np.array([2, 0, 0])]).sum()
    assert Graph.of(used).nodes[-2].operands == ("t1",)
    assert "table[x]" in to_source(used) and "table[x]" in str(explain(used))


def test_labels_keep_their_name_in_a_pickle():
    W = leaf(np.ones((4, 3)), "W")
    graph = Graph.of((Tensor(X) @ W)[np.arange(5), np.array([2, 0, 1, 1, 0])].sum())
    again = pickle.loads(pickle.dumps(graph))
    said = [node.expression for node in graph.nodes]
    assert said == [node.expression for node in again.nodes] and "Z[arange(5), y]" in said


def test_a_mask_that_is_cut_out_anew_is_one_thing_in_all_readings(tmp_path):
    W, mask = leaf(np.eye(4), "W"), np.where(np.tri(8, dtype=bool), 0, -np.inf)
    h = Tensor(X)
    for _ in range(3):
        z = h @ W
        h = mt.softmax(z @ z.T + mask[:5, :5], -1) @ z
    L = h.sum()
    written = program(L)
    shapes = [np.shape(value) for _, value in written.inputs()]
    assert shapes == [(5, 4), (5, 5), (4, 4)]
    inputs = [node.name for node in Graph.of(L).nodes if node.rule is None]
    assert sorted(inputs) == sorted(name for name, _ in written.inputs())
    text = Path(mt.page(L, tmp_path / "page.html")).read_text()
    assert set(re.findall(r"\bX\d\b", text)) == {"X1", "X2"}
    space = {}
    exec(written.text(), space)
    value, gradients = space["L_and_gradients"](**dict(written.inputs()))
    np.testing.assert_allclose(value, L.data)
    np.testing.assert_allclose(gradients["W"], mt.grad(L, W).data)


def test_two_views_that_a_compiled_function_is_given_may_be_two_the_next_time():
    a = leaf(np.arange(6.0), "a")

    @mt.compile
    def f(a, x, y):
        return (a * x).sum() + (a * y).sum() * 2

    data = np.arange(12.0)
    value, _ = f(a, data[:6], data[:6]), None
    again = f(a, data[:6], data[6:])
    first, second = (x[0] if isinstance(x, tuple) else x for x in (value, again))
    x, y = data[:6], data[6:]
    np.testing.assert_allclose(np.asarray(first.data), a.data @ x * 3)
    np.testing.assert_allclose(np.asarray(second.data), a.data @ x + a.data @ y * 2)
