"""The record as plain data, and the picture drawn from it."""

import builtins
import os
import pickle
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import graphviz
import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Graph, NoRenderer, Tensor, draw, group, page
from microtensor.__main__ import doctor  # the command, without a process
from microtensor.graph import Origin
from microtensor.lexicon import Row
from microtensor.views.picture import network


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def refused(error, message, f, *arguments):
    with pytest.raises(error) as caught:
        f(*arguments)
    assert str(caught.value) == message


# Graph.of ---------------------------------------------------------------------------------------


def example():
    x, w, b = Tensor([[1.0, 2.0]], name="x"), leaf([[3.0], [4.0]], "w"), leaf(0.5, "b")
    with group("layer"):
        z = x @ w + b
    y = mt.tanh(z)
    y.name = "y"
    return y


def arrows(graph):
    return [(e.source, e.target, e.slot) for e in graph.edges]


def plain(graph):
    """The values that nobody computed and that have no gradient."""
    return [n for n in graph.nodes if n.rule is None and not n.tracked]


def test_nodes_in_the_order_they_were_made():
    graph = Graph.of(example())
    assert [(n.id, n.name, n.rule, n.role, n.group) for n in graph.nodes] == [
        ("n0", "x", None, "input", ()),
        ("n1", "w", None, "parameter", ("layer",)),
        ("n2", "b", None, "parameter", ("layer",)),
        ("n3", "t1", "matmul", "intermediate", ("layer",)),
        ("n4", "Z1", "add", "intermediate", ("layer",)),
        ("n5", "y", "tanh", "output", ()),
    ]
    assert arrows(graph) == [
        ("n0", "n3", 0),
        ("n1", "n3", 1),
        ("n3", "n4", 0),
        ("n2", "n4", 1),
        ("n4", "n5", 0),
    ]
    np.testing.assert_array_equal(graph.nodes[3].value, [[11]])


def test_the_same_on_every_run():
    graphs = [repr(Graph.of(example())) for _ in range(3)]
    assert graphs[0] == graphs[1] == graphs[2]
    assert "0x" not in graphs[0]


def test_a_product_with_itself_has_two_edges():
    a = leaf(3.0)
    graph = Graph.of(a * a)
    assert [n.id for n in graph.nodes] == ["n0", "n1"]
    assert arrows(graph) == [("n0", "n1", 0), ("n0", "n1", 1)]


def test_slots_tell_a_minus_b_from_b_minus_a():
    a, b = leaf(1.0, "a"), leaf(2.0, "b")
    assert arrows(Graph.of(a - b)) == [("n0", "n2", 0), ("n1", "n2", 1)]
    assert arrows(Graph.of(b - a)) == [("n1", "n2", 0), ("n0", "n2", 1)]


def test_many_operands():
    parts = [leaf([float(k)]) for k in range(4)]
    graph = Graph.of(mt.concatenate(parts[::-1]))
    assert [(e.source, e.slot) for e in graph.edges] == [("n3", 0), ("n2", 1), ("n1", 2), ("n0", 3)]


def test_a_leaf_alone():
    graph = Graph.of(leaf(1.0, "a"))
    assert [(n.name, n.role) for n in graph.nodes] == [("a", "output")]
    assert graph.edges == ()


def test_a_shared_value_is_one_node():
    a = leaf(1.0)
    b = a * 2
    graph = Graph.of(b + b * b)
    assert [n.rule for n in graph.nodes] == [None, None, "multiply", "multiply", "add"]


def test_numbers_are_nodes_of_their_own():
    a = leaf(1.0)
    graph = Graph.of(a * 2 + 2)
    assert [(n.value, n.role) for n in plain(graph)] == [(2, "constant"), (2, "constant")]


def test_an_array_used_twice_is_one_node():
    a, x = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    graph = Graph.of((a * x + x).sum())
    (node,) = plain(graph)
    assert [e.slot for e in graph.edges if e.source == node.id] == [1, 1]
    other = Graph.of((a * x + x.copy()).sum())
    assert len(plain(other)) == 2


def test_a_record_outlives_its_arrays():
    """Temporary arrays whose addresses Python uses again are no fault of the graph."""
    a = leaf([1.0, 2.0])
    y = a * 1.0
    for k in range(50):
        y = y + np.full(2, float(k))
    values = [float(np.ravel(n.value)[0]) for n in plain(Graph.of(y.sum()))]
    assert values == [1.0, *map(float, range(50))]


def test_values_are_there():
    graph = Graph.of(leaf([1.0, 2.0], "a").sum())
    assert graph.nodes[0].value.tolist() == [1, 2]
    assert graph.nodes[1].value == 3


def test_groups_nest():
    a = leaf(1.0, "a")
    with group("outer"):
        b = a * 2
        with group("inner"):
            c = b * 3
    graph = Graph.of(c + 1)
    by_value = {float(n.value): n.group for n in graph.nodes}
    assert by_value[2.0] == ("outer",)
    assert by_value[6.0] == ("outer", "inner")
    assert by_value[7.0] == ()
    assert graph.nodes[0].group == ("outer",)  # a is read in outer alone
    assert by_value[3.0] == ("outer", "inner")  # so is the number that is used there


def test_a_parameter_that_two_groups_read_is_in_what_they_share():
    a = leaf(1.0, "a")
    with group("model"):
        with group("first"):
            b = a * 2
        with group("second"):
            c = a * 3
    assert Graph.of(b + c).nodes[0].group == ("model",)
    assert Graph.of(b + c + a).nodes[0].group == ()


def test_a_graph_is_plain_data():
    graph = Graph.of(example())
    with pytest.raises(AttributeError):
        graph.nodes = ()
    with pytest.raises(AttributeError):
        graph.nodes[0].name = "other"


def test_reading_changes_nothing():
    y = example()
    Graph.of(y)
    y.backward()
    Graph.of(y)


def test_graph_of_a_gradient():
    a = leaf(2.0, "a")
    d = mt.grad(a * a * a, a, create_graph=True)
    graph = Graph.of(d)
    assert graph.nodes[0].name == "a"
    assert graph.nodes[-1].role == "output"
    ids = [n.id for n in graph.nodes]
    assert all(ids.index(e.source) < ids.index(e.target) for e in graph.edges)


def test_gradients_are_those_of_backward():
    y = example()
    graph = Graph.of(y)
    by_name = {n.name: n for n in graph.nodes}
    w = next(x for x in y._inputs[0]._inputs[0]._inputs if x.name == "w")
    assert w.grad is None
    y.backward()
    np.testing.assert_array_equal(by_name["w"].gradient, w.grad)
    assert by_name["y"].gradient == 1
    assert by_name["x"].gradient is None
    assert not by_name["x"].tracked


def test_contributions_add_up_to_the_gradient():
    a = leaf([0.5, 0.25], "a")
    b = a * a
    graph = Graph.of((mt.exp(b) * a + b / a).sum())
    for node in graph.nodes:
        sent = [e.contribution for e in graph.edges if e.source == node.id]
        if node.tracked and sent:
            np.testing.assert_allclose(sum(sent), node.gradient, rtol=1e-12)


def test_local_times_upstream_is_the_contribution():
    a, b = leaf([0.5, 0.25], "a"), leaf([2.0, 3.0], "b")
    graph = Graph.of((a * b - mt.tanh(a) / b).sum())
    upstream = {n.id: n.gradient for n in graph.nodes}
    for edge in graph.edges:
        if edge.local is not None and np.shape(edge.local) == np.shape(edge.contribution):
            expected = edge.local * upstream[edge.target]
            np.testing.assert_allclose(edge.contribution, expected, rtol=1e-12)
    assert sum(edge.local is not None for edge in graph.edges) >= 7


def test_steps():
    """Forward every computed value; backward the seed, then what each arrow sends."""
    a = leaf(3.0, "a")
    graph = Graph.of(a * a + a)
    steps = list(graph.steps)
    told = [(s.node.name, s.edge and s.edge.slot, float(s.total), s.waiting) for s in steps]
    assert told == [
        ("t1", None, 9, 0),
        ("L", None, 12, 0),
        ("L", None, 1, 0),
        ("t1", 0, 1, 0),
        ("a", 1, 1, 2),
        ("a", 0, 4, 1),
        ("a", 1, 7, 0),
    ]


def test_names_of_the_callers_variables():
    x, unnamed = leaf(2.0, "x"), leaf(3.0)
    product = x * unnamed
    graph = Graph.of(product, names=locals())
    assert [n.name for n in graph.nodes] == ["x", "unnamed", "product"]


def test_made_up_names_are_nobody_elses():
    a = leaf(1.0, "t1")
    names = [n.name for n in Graph.of(a * 2 + 1).nodes]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("result", [lambda a: a * 2, lambda a: a])
def test_a_vector_has_a_graph_without_gradients(result):
    a = leaf([1.0, 2.0])
    assert Graph.of(result(a)).nodes[-1].gradient is None
    assert Graph.of(result(a), gradient=[1.0, 5.0]).nodes[-1].gradient.tolist() == [1, 5]


def test_a_constant_has_a_graph():
    graph = Graph.of(Tensor(1.0, name="c"))
    assert [(n.name, n.gradient) for n in graph.nodes] == [("c", None)]
    assert list(graph.steps) == []


def test_no_grad_changes_nothing():
    y = example()
    with mt.no_grad():
        graph = Graph.of(y)
    assert repr(graph) == repr(Graph.of(y))


def test_graph_of_a_long_chain():
    x = leaf(1.0)
    for _ in range(5000):
        x = x * 1.0
    assert len(Graph.of(x).nodes) == 10_001


def test_only_tensors_have_graphs():
    plain = "give the tensor itself: what .item(), .data or NumPy give has no record"
    said = f"Graph.of: expected a tensor, got ndarray; {plain}"
    refused(TypeError, said, Graph.of, np.ones(2))
    said = "draw: expected a tensor, got list; give one tensor, such as the sum of several"
    refused(TypeError, said, draw, [leaf(1.0)])


# The source of a picture ------------------------------------------------------------------------


def test_it_is_a_digraph():
    picture = draw(example())
    assert isinstance(picture, graphviz.Digraph)
    assert picture.source.startswith("digraph")
    assert str(picture) == picture.source


def test_two_frames_of_one_name():
    a = leaf(1.0)
    for name in ("a", "layer", "b", "layer"):
        with group(name), group("part"):
            a = a * 2
    frames = re.findall(r"subgraph (\S+) \{", draw(a).source)
    assert len(frames) == len(set(frames))


def test_the_source_is_the_same_on_every_run():
    assert draw(example()).source == draw(example()).source


# Hostile names ----------------------------------------------------------------------------------

HOSTILE = [
    "<b>",
    "<",
    '<<table href="javascript:1">',
    "<<table><tr><td>x</td></tr></table>>",
    "a:b",
    r"\N",
    r"\G\E\l\r",
    "ends in a backslash\\",
    "\\",
    '"',
    '" shape=circle URL="javascript:1',
    '"];evil[label="',
    "'",
    "🐈",
    "ж",
    "a\nb",
    "a\r\nb",
    "tab\there",
    "&amp;",
    "&lt;b&gt;",
    "]]>",
    "-->",
    "{a|b}",
    "%",
    "node",
    "graph",
    "strict",
    "#",
    "// comment",
    "/* comment */",
    "\x00",
    "\x1b[31m",
    "\u2028",
    "\u202eright to left",
    "\u200b",
]


def visible(name):
    """The name as it is shown: on one line, printable, cut where it is long."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(name.split()))
    return line if len(line) <= 40 else line[:40] + "..."


def has_renderer():
    try:
        import pygraphviz  # noqa: F401
    except ImportError:
        return shutil.which("dot") is not None
    return True


rendering = pytest.mark.skipif(not has_renderer(), reason="neither dot nor pygraphviz is installed")
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    """The lines of text that a picture shows."""
    root = ElementTree.fromstring(svg)
    assert not [e for e in root.iter() if e.tag in (f"{SVG}a", f"{SVG}image", f"{SVG}script")]
    return ["".join(e.itertext()).replace("\xa0", " ") for e in root.iter(f"{SVG}text")]


@rendering
@pytest.mark.parametrize("name", [n for n in HOSTILE if visible(n)])
def test_hostile_names_stay_text_in_the_picture(name):
    a = leaf(2.0, name)
    with group(name):
        b = a * 3
    shown = texts(draw(b + 1).pipe("svg"))
    assert shown.count(visible(name)) == 2  # the box and the frame


# Files ------------------------------------------------------------------------------------------


def test_save_dot(tmp_path):
    picture = draw(example())
    written = picture.save(tmp_path / "graph.dot")
    assert written == str(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == picture.source


def test_save_dot_in_a_directory(tmp_path):
    written = draw(leaf(1.0, "🐈") * 2).save("graph.dot", directory=tmp_path)
    assert written == str(tmp_path / "graph.dot")
    assert "🐈" in (tmp_path / "graph.dot").read_text(encoding="utf-8")


@rendering
@pytest.mark.parametrize(
    ("ending", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
)
def test_save_pictures(ending, start, tmp_path):
    path = tmp_path / f"graph{ending}"
    assert draw(example()).save(path) == str(path)
    assert path.read_bytes().startswith(start)


@rendering
def test_notebooks_show_it():
    bundle = draw(example())._repr_mimebundle_()
    assert "tanh" in bundle["image/svg+xml"]


@rendering
def test_pipe_gives_bytes_or_text():
    picture = draw(example())
    assert picture.pipe("svg").startswith(b"<?xml")
    assert picture.pipe("svg", encoding="utf-8").startswith("<?xml")


# Renderers --------------------------------------------------------------------------------------

NONE = (
    "drawing needs Graphviz: install its program (apt install graphviz, brew install graphviz) or "
    "pip install 'pygraphviz>=2'; a .dot, .mmd or .txt file needs neither"
)


@pytest.fixture
def no_renderer(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def test_without_a_renderer(no_renderer, tmp_path):
    picture = draw(example())
    dot = tmp_path / "graph.dot"
    said = f"{NONE}; the picture's source is in {dot}"
    refused(NoRenderer, said, picture.save, tmp_path / "graph.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["graph.dot"]
    assert dot.read_text(encoding="utf-8") == picture.source
    refused(NoRenderer, NONE, picture.pipe, "svg")


@pytest.fixture
def dot(tmp_path, monkeypatch):
    """A dot program that says what it was given, and then does as it is told."""

    def made(does):
        program = tmp_path / "dot"
        program.write_text(f"#!{sys.executable}\n{does}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return made


def test_dot_comes_first_and_no_shell_is_involved(dot):
    dot("import sys; print(sys.argv[1:], sys.stdin.read(), end='')")
    picture = draw(leaf(1.0, "$(touch evil); `ls`") * 2)
    assert picture.pipe("xdot") == f"['-Kdot', '-Txdot'] {picture.source}".encode()


FAILING = {
    "import sys; sys.stdin.read(); sys.stderr.buffer.write(b'Err:\\n  memory\\xff'); exit(1)": (
        "dot failed: Err: memory\ufffd; "
    ),
    "import sys; sys.stdin.read()": "dot wrote nothing; ",
    "print('another program of this name')": "dot wrote no svg; ",
}


@pytest.mark.parametrize("does", FAILING)
def test_a_failing_dot_is_quoted_where_nothing_else_draws(dot, does, monkeypatch, tmp_path):
    dot(does)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    refused(NoRenderer, FAILING[does] + NONE, draw(example()).pipe, "svg")
    with pytest.raises(NoRenderer, match=r"Err: memory|nothing|no svg"):
        draw(example()).render(tmp_path / "drawn", format="svg")
    assert doctor().splitlines()[-1] == f"pictures can be drawn: no: {FAILING[does]}{NONE}"


def test_a_dot_that_is_no_program(dot, monkeypatch):
    dot("")
    (Path(os.environ["PATH"]) / "dot").write_bytes(b"\x7fELF")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(NoRenderer, match=r"dot failed: .*; drawing needs Graphviz"):
        draw(example()).pipe("png")
    assert doctor().splitlines()[-1].startswith("pictures can be drawn: no: dot failed")


@pytest.mark.parametrize("does", FAILING)
def test_where_dot_fails_pygraphviz_draws(dot, does, tmp_path):
    pytest.importorskip("pygraphviz", minversion="2")
    dot(does)
    picture = draw(example())
    assert b"<svg" in picture.pipe("svg")
    assert "<svg" in Path(picture.render(tmp_path / "drawn", format="svg")).read_text("utf-8")
    assert page(example(), tmp_path / "page.html")
    assert doctor().endswith("pictures can be drawn: yes")


def test_importing_loads_no_renderer():
    code = "import sys, microtensor; print([m for m in sys.modules if 'graphviz' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_graph_needs_no_graphviz(monkeypatch):
    real = builtins.__import__

    def guarded(name, *arguments, **options):
        assert "graphviz" not in name
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert len(Graph.of(example()).nodes) == 6


def test_constants_are_recorded_on_request_and_need_no_gradient():
    y = mt.Tensor([1.0, 0.0], name="y")
    a = mt.Tensor([0.5, 0.25], requires_grad=True, name="a")
    with mt.record_constants(), mt.no_grad():
        others = 1 - y
        ones = y > 0.5
    assert not others.requires_grad and not ones.requires_grad
    graph = mt.Graph.of((others * a).sum() + mt.where(ones, a, 0.0).sum())
    by_rule = {node.rule: node for node in graph.nodes}
    assert by_rule["subtract"].expression == "1 − y" and not by_rule["subtract"].tracked
    assert by_rule["greater"].expression == "y > 0.5"
    assert [node.name for node in graph.nodes if node.rule is None] == ["y", "a", "1", "0.5", "0"]
    assert mt.Graph.of((1 - y) * a, gradient=[1.0, 1.0]).nodes[0].rule is None


def test_an_input_that_a_module_converts_stands_outside_of_it():
    y = Tensor([[1], [0]], name="y")
    loss = nn.BCELoss()(Tensor([[0.5], [0.25]], requires_grad=True), y)
    (node,) = [n for n in Graph.of(loss).nodes if n.name == "y"]
    assert node.group == ()
    assert node.value.dtype == float


# Large records ----------------------------------------------------------------------------------


def counted(monkeypatch, owner, name):
    """How often a function of a class or module is called."""
    calls = []
    inner = getattr(owner, name)

    def call(*arguments, **options):
        calls.append(name)
        return inner(*arguments, **options)

    monkeypatch.setattr(owner, name, call)
    return calls


def long_chain(rounds=1500):
    y = leaf(1.0, "x")
    for _ in range(rounds):
        y = y * 0.9999 + 0.0001
    return y


@pytest.mark.parametrize("language", ["en", "es"])
def test_texts_and_slopes_are_made_for_what_is_shown(monkeypatch, language):
    written = counted(monkeypatch, Row, "nested")
    formulas = counted(monkeypatch, Row, "formulas")
    slopes = counted(monkeypatch, Origin, "_derivative")
    result = long_chain()
    assert len(draw(result, language=language).scene.cards) < 10
    assert len(written) < 300 and len(formulas) < 10 and len(slopes) < 10
    edges = Graph.of(result).edges
    assert not slopes[10:] and all(edge.local is None for edge in edges[1::2])
    assert edges[0].local == 0.9999 and edges[0].formula == "0.9999"


def test_edges_are_made_where_cards_meet(monkeypatch):
    made = counted(monkeypatch, Graph, "arriving")
    draw(long_chain())
    assert len(made) < 100


def test_what_an_edge_tells_is_of_the_numbers_that_were_read():
    x, w = leaf([1.0, 2.0], "x"), leaf(3.0, "w")
    graph = Graph.of((x * w).sum())
    x.data, w.data = np.array([8.0, 9.0]), 7.0
    edges = graph.arriving(graph.find("t1").id)
    assert [np.asarray(edge.local).tolist() for edge in edges] == [[3, 3], [1, 2]]
    again = pickle.loads(pickle.dumps(graph))
    assert [repr(edge) for edge in again.edges] == [repr(edge) for edge in graph.edges]
    assert again.arriving(edges[0].target)[1].local.tolist() == [1, 2]


def test_a_slope_of_ones_own_is_asked_when_it_is_read():
    factor = [2.0]
    scaled = mt.primitive("scaled", lambda x: x * factor[0], lambda g, out, x: g * factor[0])
    graph = Graph.of(scaled(leaf(1.0, "x")))
    factor[0] = 5.0
    assert graph.edges[0].local == graph.edges[0].contribution == 2.0


def test_an_expression_ends_with_as_much_as_there_is_room_for():
    result = long_chain(100)
    graph = Graph.of(result)
    texts = [graph.written(result, longest=k) for result in ("n400",) for k in (20, 40, 80)]
    assert texts[0] == "t199 + 0.0001"
    assert texts[1] == "(t197 + 0.0001) · 0.9999 + 0.0001"
    assert 60 < len(texts[2]) <= 80 and texts[2].endswith("· 0.9999 + 0.0001")
    doubled = leaf(1.0, "x")
    for _ in range(60):
        doubled = doubled * doubled
    assert len(Graph.of(doubled).written("n60")) <= 80


def test_rows_are_made_for_what_a_card_shows(monkeypatch):
    rows = counted(monkeypatch, network, "bars")
    W, h = leaf(np.eye(3) / 2, "W"), Tensor(np.ones(3))
    for _ in range(60):
        h = mt.tanh(W @ h)
    cards = draw((h * h).sum()).scene.cards
    assert any("60" in cell.text for card in cards for cell in card.heading)
    assert len(rows) < 40
