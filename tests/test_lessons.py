"""Every lesson runs, writes its page and tells its story, and what it says is true."""

import contextlib
import io
import json
import re
import runpy
import shutil
from pathlib import Path

import pytest
from test_picture import pygraphviz_is_there

from microtensor import Graph, grad

LESSONS = Path(__file__).parent.parent / "examples" / "lessons"
NAMES = ["neuron", "sums", "order", "bias", "matmul", "vanishing", "cats"]

pytestmark = pytest.mark.skipif(
    not (shutil.which("dot") or pygraphviz_is_there()), reason="Graphviz isn't installed"
)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    """The folder that all.py writes."""
    folder = tmp_path_factory.mktemp("lessons")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.chdir(folder)
        runpy.run_path(str(LESSONS / "all.py"), run_name="__main__")
    pages = [f"lessons/{i}-{name}.html" for i, name in enumerate(NAMES, 1)]
    assert printed.getvalue().splitlines() == [*pages, "lessons/index.html links them"]
    return folder / "lessons"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs one lesson: its variables, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def running(name):
        found = runpy.run_path(str(LESSONS / f"{name}.py"), run_name="__main__")
        return found, capsys.readouterr().out

    return running


def test_the_index_links_every_lesson(lessons):
    index = (lessons / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', index)
    assert [link for link, _ in links] == [f"{i}-{name}.html" for i, name in enumerate(NAMES, 1)]
    assert sorted(path.name for path in lessons.iterdir()) == sorted(
        ["index.html", *(link for link, _ in links)]
    )
    for link, title in links:
        assert f"<h1>{title}</h1>" in (lessons / link).read_text(encoding="utf-8")
    assert {path.stem for path in LESSONS.glob("*.py")} == {*NAMES, "all"}


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_small_and_have_an_introduction_and_questions(name, lessons):
    (path,) = lessons.glob(f"*-{name}.html")
    assert path.stat().st_size < (600_000 if name == "cats" else 200_000)
    text = path.read_text(encoding="utf-8")
    assert 2 <= text.count('<details class="question">') <= 3
    intro = re.search(r'<div class="intro measure">(.*?)</div>', text, re.DOTALL)[1]
    assert intro.count("<p>") == 2 and len(intro) < 700


@pytest.mark.parametrize(
    "name", [*NAMES[:-1], pytest.param(NAMES[-1], marks=pytest.mark.acceptance)]
)
def test_the_story_is_printed(name, run):
    _, printed = run(name)
    assert "∂" in printed and len(printed.splitlines()) > 10


def test_a_neuron(run):
    found, _ = run("neuron")
    w, b, x, z, p, L = (found[name] for name in ("w", "b", "x", "z", "p", "L"))
    assert grad(L, w) > 0
    assert grad(L, z) == grad(L, p) == grad(L, b)
    z = w * x + 40.0
    assert z.item() == 34 and grad(z.sigmoid(), z) < 1e-14


def test_gradients_add(run):
    found, _ = run("sums")
    a, y = found["a"], found["y"]
    steps = list(Graph.of(y, found).steps)
    arriving = [i for i, s in enumerate(steps, 1) if s.edge is not None and s.node.name == "a"]
    assert arriving == [7, 9, 10] and grad(y, a) == 1
    assert grad(a * a + a * -4.0, a) == 0


def test_order_matters(run):
    found, _ = run("order")
    a, c = found["a"], found["c"]
    steps = list(Graph.of(c, found).steps)
    assert steps[3].node.name == "b" and steps[3].total == 1 and steps[3].waiting == 1
    assert grad(c, a) == 4
    x = a
    for _ in range(10):
        x = x + x
    assert grad(x, a) == 1024
    assert sum(edge.contribution is not None for edge in Graph.of(x).edges) == 20


def test_a_bias_is_copied(run):
    found, _ = run("bias")
    b, Z, L = found["b"], found["Z"], found["L"]
    assert grad(L, b).tolist() == [24, 18]
    assert grad(L, Z).T.tolist() == [[4, 8, 12], [2, 6, 10]]


def test_matrices(run):
    found, printed = run("matmul")
    L = found["L"]
    names = ["z1", "z2", "w11", "w12", "w21", "w22", "x1", "x2"]
    assert [grad(L, found[name]) for name in names] == [1, 4, 2, 1, 8, 4, -3, 14]
    W, x, z = found["W"], found["x"], found["z"]
    assert grad(z[0] * z[1], W).tolist() == [[2, 1], [8, 4]]
    assert grad(z[0] * z[1], x).tolist() == [-3, 14]
    assert "W[1, 0]" in printed


def test_vanishing(run):
    found, _ = run("vanishing")
    x, s4, r4 = found["x"], found["s4"], found["r4"]
    assert grad(s4, x) < 0.25**4 < 0.004 and grad(r4, x) == 1
    assert grad((x * -1.0).relu(), x) == 0
    far = x * 20.0
    assert grad(far.sigmoid(), far) == pytest.approx(2e-9, rel=0.05)


def test_cats(lessons):
    text = (lessons / "7-cats.html").read_text(encoding="utf-8")
    assert text.count("dead: unit") == 2 and "is 0 for all 209 examples" in text
    assert ">layer3 learns least: its gradient is 0.05676 times as large as its weights" in text
    assert "245,780 parameters" in text and "gradient / value" in text
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    cards = json.loads(data[1])["cards"]
    assert sum("245,973" in card["words"] for card in cards.values()) == 0
    assert 12288 * 20 + 20 == 245_780 and 245_780 + 147 + 40 + 6 == 245_973
