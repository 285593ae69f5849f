"""Hostile texts in every place of every view: shown visibly and harmlessly, never executed."""

import ast
import html
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import nn
from microtensor import (
    Graph,
    Tensor,
    detail,
    difference,
    draw,
    explain,
    follow,
    group,
    page,
    paths,
    primitive,
    to_source,
)  # fmt: skip

HOSTILE = [
    "a\nb", "\r", "\t", "a\x0bb", "\x85", "\u2028", "a\u202eb", "\u2066x", "\u200b", "\ufeff",
    "\x00", "\x1b[31m", "\ud800", "\ufffe", "\ue0000\ue002", '"', "'", "back\\", "<b>", "&amp;",
    "<!--", "]", "</script><script>alert(1)</script>", "*_`#|[x](y)", "$x^2_{$", "\\input{x}",
    "%", "{", "{0}", "{n0}", "\\N", "\\l", "|", "a:b", "~", "^", "..", "a..b", "🐱", "x" * 10_000,
    "]]>", "n0", "L", "a\n    __import__('os').system('echo PWNED')\n    #", "−1", "== x",
    "x[0, 0]", "W", "auto",
]  # fmt: skip
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ue000-\ue002"
    "\ufeff\ufffe]"
)
COMMANDS = set(
    "backslash begin cdot cdots cos end exp frac ge infty ldots le left log mathrm max min ne odot "
    "partial quad qquad right sigma sim sin sqrt tanh text times top vdots wedge approx".split()
)
own = primitive("own", lambda x, **options: x * 2.0, lambda g, out, x, **options: g * 2.0)


def leaf(value, name=None):
    return Tensor(value, requires_grad=True, name=name)


class Named(nn.Module):
    """A module whose layer has any attribute's name."""

    def __init__(self, name):
        super().__init__()
        setattr(self, name, nn.Linear(2, 2, rng=1))
        self._name = name

    def forward(self, x):
        return getattr(self, self._name)(x)


def in_groups(name):
    a = leaf(2.0, "a")
    with group(name):
        b = a * 3.0
        with group(name):
            b = b.tanh()
    return b * b


def in_a_primitive(name):
    text = name.replace("{", "{{").replace("}", "}}")
    texts = {"words": f"x{text}", "written": f"{{0}}{text}", "locals": text}
    f = primitive("f", lambda x: x * 2.0, lambda g, out, x: g * 2.0, **texts)
    return f(leaf(2.0, "a")) * leaf(3.0, "b")


def as_a_result(name):
    result = leaf(2.0, "a") * 3.0
    result.name = name
    return result, {}


MADE = {
    "tensor": lambda name: ((leaf(2.0, name) ** 2 + 1.0).sin(), {}),
    "matrix": lambda name: ((leaf(np.eye(2), name) @ leaf(np.ones((2, 3)), "B")).tanh().sum(), {}),
    "result": as_a_result,
    "names": lambda name: ((w := leaf(2.0)) * w, {"names": {name: w}}),
    "group": lambda name: (in_groups(name), {}),
    "module": lambda name: (nn.Sequential(Named(name), Named(name))(np.ones((3, 2))).sum(), {}),
    "option": lambda name: (own(leaf(2.0, "a"), mode=name) * 3.0, {}),
    "option of an array": lambda name: (own(leaf([2.0, 1.0], "a"), mode=name).sum(), {}),
    "option's name": lambda name: (own(leaf(2.0, "a"), **{name: 1}) * 3.0, {}),
    "primitive": lambda name: (in_a_primitive(name), {}),
}


def some(*named):
    """All of them, of which a few are tried in each run."""
    marks = {True: (), False: pytest.mark.acceptance}
    names = [pytest.param(x, marks=marks[x in named]) for x in HOSTILE]
    return pytest.mark.parametrize("name", names, ids=ascii)


every = some("a\nb", "$x^2_{$", "auto")
everywhere = pytest.mark.parametrize("made", MADE.values(), ids=MADE)


def seen(text):
    """The text, in which nothing is that isn't printed."""
    assert not UNSEEN.search(text), UNSEEN.search(text)
    text.encode()
    return text


class Tags(HTMLParser):
    """The tags of a page, and what is on it otherwise."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(seen(text.replace("\t", "")))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, *(key for key, _ in attributes)))

    def handle_comment(self, data):
        self.tags.append("comment")


@every
@everywhere
def test_stories(made, name):
    result, options = made(name)
    plain, known = made("plain")
    assert Tags(explain(result, format="html", **options)).tags == (
        Tags(explain(plain, format="html", **known)).tags
    )
    seen(explain(result, **options))
    graph = Graph.of(result, **options)
    for node in graph.nodes:
        seen(node.name + str(node.expression) + "".join(node.group) + repr(node))
        assert graph.find(node.name) in (node, None)
        if node.tracked and node is not graph.result:
            index = f"[{', '.join('0' * np.ndim(node.value))}]" if np.ndim(node.value) else ""
            seen(paths(result, node.name, **options))
            if len(name) < 1000:  # an entry's name ends where it is cut
                seen(follow(result, node.name + index, **options))
    seen(str(difference(graph, graph)))


@every
@everywhere
def test_equations(made, name):
    result, options = made(name)
    text = seen(explain(result, format="latex", **options))
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    assert not re.search(r"(?<!\\)[#%$~^](?!\{)", text)
    depth = 0
    for brace in re.findall(r"\\.|([{}])", text):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        assert depth >= 0
    assert depth == 0


@every
@everywhere
@pytest.mark.parametrize("collapse", [0, pytest.param("auto", marks=pytest.mark.acceptance)])
def test_sources_of_pictures(made, name, collapse, tmp_path):
    (result, options), (plain, known) = made(name), made("plain")
    for ending in ("dot", "mmd", "txt"):
        texts = []
        for y, more in ((result, options), (plain, known)):
            path = draw(y, collapse=collapse, **more).save(tmp_path / f"x.{ending}")
            with open(path, encoding="utf-8") as file:
                texts.append(seen(file.read().replace("\t", "")))
        assert texts[0].count("\n") == texts[1].count("\n")


@some("</script><script>alert(1)</script>")
@pytest.mark.parametrize("kind", ["tensor", "group", "module", "option", "primitive"])
def test_pictures_and_pages(kind, name, tmp_path):
    result, options = MADE[kind](name)
    svg = draw(result, collapse=0, **options).pipe("svg", encoding="utf-8")
    ElementTree.fromstring(seen(svg.replace("\t", "")).encode())
    shown = f"T{name}"
    asked = {shown: shown, f"{shown}?": (1, shown), f"{shown}!": ([shown, "b"], shown)}
    said = {"title": shown, "text": shown, "questions": asked, "links": {shown: f"./{shown}"}}
    path = page(result, tmp_path / "x.html", **said, **options)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    tags = Tags(text).tags
    own = 3 if "rerun =" in text else 2  # the theme's, the program if there is one, the page's
    assert "comment" not in tags and tags.count(("script",)) == own
    assert text.count("<script") == text.count("</script") == own + 1
    json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text)[1])
    if len(name) < 1000 and seen_as(shown).strip():
        assert f"<h1>{html.escape(seen_as(shown))}</h1>" in text


def seen_as(text):
    """A text as views show it."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


@every
@everywhere
def test_programs(made, name):
    result, options = made(name)
    text = seen(to_source(result, **options))
    calls = [x.func for x in ast.walk(ast.parse(text)) if isinstance(x, ast.Call)]
    assert {x.id for x in calls if isinstance(x, ast.Name)} <= {"tanh", "np", "sin", "own", "f"}
    assert {x.attr for x in calls if isinstance(x, ast.Attribute)}.isdisjoint({"system", "popen"})


@some("$x^2_{$")
def test_a_tensor_in_detail(name, tmp_path):
    pytest.importorskip("matplotlib", reason="draws with matplotlib")
    path = tmp_path / "x.svg"
    figure = detail(Tensor(np.arange(4.0), name=name))
    for axes in figure.axes:  # what takes long to draw; the name is the figure's title
        axes.remove()
    figure.savefig(path)
    ElementTree.parse(path)
    assert not UNSEEN.search(path.read_text("utf-8"))


@every
def test_what_is_refused(name):
    result = in_groups("g")
    if name == "L":
        return  # the result has it
    for wrong in (
        lambda: explain(result, name), lambda: paths(result, name), lambda: follow(result, name),
        lambda: draw(result, expand=name), lambda: draw(result, theme=name),
        lambda: draw(result, direction=name), lambda: explain(result, format=name),
    ):  # fmt: skip
        with pytest.raises(ValueError) as caught:
            wrong()
        seen(str(caught.value))


@every
def test_a_group_is_opened_by_the_name_that_it_has(name):
    opened = draw(in_groups(name), collapse=1, expand=name)
    assert len(opened.scene.cards) > len(draw(in_groups(name), collapse=1).scene.cards)
