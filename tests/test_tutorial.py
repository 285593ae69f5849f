"""The tutorial: its cells run and print what they say, in both languages, and as a notebook."""

import ast
import contextlib
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
from test_classifier import COSTS, ITERATIONS
from test_docs import TUTORIALS, blocks
from test_docs import said as said_by_prints

import nn

ROOT = Path(__file__).parent.parent
ENGLISH, SPANISH = TUTORIALS
IMAGES = os.environ.get("MICROTENSOR_CATS")
each_page = pytest.mark.parametrize("page", TUTORIALS, ids=["english", "spanish"])


def cells(page):
    return [text for _, text in blocks(page, "python")]


def said(cell):
    """What a cell says that it prints: behind or below its prints, or else below all of it."""
    _, below = re.fullmatch(r"(.*?\n)((?:# .*\n)*)", cell, re.DOTALL).groups()
    return said_by_prints(cell) or [line[2:] for line in below.splitlines()]


def shortened(cells):
    """The same with few iterations, and the place of the first cell that is another then."""
    line = re.compile(r"^(iterations|trial) = \d+$", re.MULTILINE)
    short = [line.sub(r"\1 = 2", cell) for cell in cells]
    assert sum(map(str.__ne__, short, cells)) == 2
    return short, list(map(str.__ne__, short, cells)).index(True)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs cells in order, each with what it prints. Plots are taken by nobody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROTENSOR_LANGUAGE", "en")  # the first cell sets it; this puts it back
    matplotlib = MagicMock()
    monkeypatch.setitem(sys.modules, "matplotlib", matplotlib)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", matplotlib.pyplot)
    names = {}

    def running(cells):
        for cell in cells:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(cell, "cell", "exec"), names)
            yield cell, printed.getvalue().splitlines()

    return SimpleNamespace(cells=running, names=names, plots=matplotlib.pyplot)


# Its code -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn():
    return nn.datasets.drawn_cats()


def test_the_cells_run_and_print_what_they_say(run, drawn, monkeypatch):
    """With few iterations: what is printed after the training is another then."""
    monkeypatch.delenv("MICROTENSOR_CATS", raising=False)
    monkeypatch.setattr(nn.datasets, "drawn_cats", lambda: drawn)
    short, training = shortened(cells(ENGLISH))
    for i, (cell, printed) in enumerate(run.cells(short)):
        if said(cell) and i < training:
            assert printed == said(cell)
    assert len(run.names["costs"]) == 2
    np.testing.assert_allclose(run.names["tensor_costs"], run.names["costs"], rtol=0, atol=1e-12)


def test_in_spanish_too_up_to_the_training(run, drawn, monkeypatch):
    monkeypatch.delenv("MICROTENSOR_CATS", raising=False)
    monkeypatch.setattr(nn.datasets, "drawn_cats", lambda: drawn)
    short, training = shortened(cells(SPANISH))
    for cell, printed in run.cells(short[:training]):
        if said(cell):
            assert printed == said(cell)


def test_a_photo_is_read_whatever_its_size_and_colours(run):
    Image = pytest.importorskip("PIL.Image", reason="reads a photo")
    Image.new("L", (80, 50), 255).save("photo.jpg")
    half = {1: np.full((1, 1), 0.5)}  # a network of one layer, which never knows
    run.names.update(np=np, os=os, plt=run.plots, W=half, b=half, forward=lambda X, W, b: half)
    (cell,) = (cell for cell in cells(ENGLISH) if "photo.jpg" in cell)
    assert [printed for _, printed in run.cells([cell])] == [[]]
    run.plots.title.assert_called_once_with("cat: 50%")
    assert run.names["pixels"].shape == (64, 64, 3)


@pytest.mark.acceptance
def test_with_drawings_all_is_as_the_page_says(run, monkeypatch):
    monkeypatch.delenv("MICROTENSOR_CATS", raising=False)
    for cell, printed in run.cells(cells(ENGLISH)):
        if said(cell):
            assert printed == said(cell)
    assert [drawings for _, drawings, _ in table(ENGLISH)] == at(run.names["costs"])


@pytest.mark.acceptance
@pytest.mark.skipif(not IMAGES, reason="MICROTENSOR_CATS names no folder of the four CSV files")
def test_with_photographs_the_costs_are_the_tutorials(run):
    *without_sweep, _ = cells(SPANISH)
    printed = {}
    for cell, lines in run.cells(without_sweep):
        printed[cell] = lines
        if cell.startswith("iterations ="):  # tests/test_classifier.py trains tensors to the end
            costs = run.names["costs"]
            run.names.update(iterations=51, costs=costs[:51])
    np.testing.assert_allclose([costs[i] for i in ITERATIONS], COSTS, rtol=1e-9)
    assert len(run.names["tensor_costs"]) == 51
    np.testing.assert_allclose(run.names["tensor_costs"], costs[:51], rtol=1e-9)
    (lines,) = (lines for cell, lines in printed.items() if cell.startswith("iterations ="))
    assert [tuple(re.findall(r"[\d.]+", line)) for line in lines] == [
        (str(i), f"{cost:.6f}") for i, cost in zip(ITERATIONS, COSTS, strict=True)
    ]
    (lines,) = (lines for cell, lines in printed.items() if "def accuracy" in cell)
    accuracies = [line.split()[-1] for line in lines]
    assert accuracies == ["0.9856", "0.8000"]
    assert all(number in SPANISH.read_text() for number in accuracies)


def table(page):
    """The rows of costs that a page gives: iteration, of drawings, of photographs."""
    return re.findall(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", page.read_text(), re.MULTILINE)


def at(costs):
    """The costs at the iterations of that table, as it writes them."""
    return [f"{costs[int(i)]:.6f}" for i, _, _ in table(ENGLISH)]


def test_the_costs_of_photographs_are_those_of_the_tutorial():
    known = dict(zip(ITERATIONS, COSTS, strict=True))
    assert [photographs for _, _, photographs in table(ENGLISH)] == at(known)


# Its languages ------------------------------------------------------------------------------------


def without_words(cell):
    """The code of a cell without comments and texts, which are for people."""
    tree = ast.parse(cell)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def test_both_languages_run_the_same_code_and_say_the_same_numbers():
    for english, spanish in zip(cells(ENGLISH), cells(SPANISH), strict=True):
        assert without_words(english) == without_words(spanish)
        numbers = [re.findall(r"[\d.]+", " ".join(said(cell))) for cell in (english, spanish)]
        assert numbers[0] == numbers[1]


SHARED = {
    "formulas": r"^\$\$(.*?)\$\$",
    "pictures": r"\]\((.*\.(?:svg|jpg))\)",
    "sections": r"^## (\d*)",
    "answers": r"^(<summary>)",
    "tables": r"^\| (\d.*)",
}


@pytest.mark.parametrize("what", SHARED)
def test_both_languages_have_the_same(what):
    english, spanish = (
        re.findall(SHARED[what], re.sub(r"\\text{.*?}", "", page.read_text()), re.M | re.S)
        if what == "formulas"
        else re.findall(SHARED[what], page.read_text(), re.M)
        for page in TUTORIALS
    )
    assert english == spanish
    assert english


# Its first cell -----------------------------------------------------------------------------------


@pytest.fixture
def missing(run, monkeypatch):
    """As if microtensor weren't installed: what pip is called with, instead of calling it."""
    calls = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: calls.append(command[-1]))
    return calls


def first(page, run):
    list(run.cells(cells(page)[:1]))


@each_page
def test_without_a_wheel_the_first_cell_asks_for_it(page, run, missing):
    with pytest.raises(FileNotFoundError, match=r"microtensor-\.\.\.\.whl") as caught:
        first(page, run)
    assert "\n" not in str(caught.value)
    assert missing == []


def test_the_first_cell_installs_the_wheel_beside_the_notebook(run, missing):
    Path("microtensor-0.2.0-py3-none-any.whl").touch()
    first(ENGLISH, run)
    assert missing == ["microtensor-0.2.0-py3-none-any.whl"]


def test_on_colab_the_first_cell_asks_for_an_upload(run, missing, monkeypatch):
    colab = ModuleType("google.colab")
    colab.files = SimpleNamespace(upload=lambda: {"cat.jpg": b"", "microtensor-1-any.whl": b""})
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    first(ENGLISH, run)
    assert missing == ["microtensor-1-any.whl"]


@each_page
def test_the_first_cell_says_when_numpy_was_replaced(page, run, missing, monkeypatch):
    Path("microtensor-1-any.whl").touch()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    with pytest.raises(RuntimeError, match="NumPy"):
        first(page, run)


# As notebooks -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    """The two notebooks, as docs/notebooks.py writes them, by name."""
    pytest.importorskip("jupytext", reason="makes notebooks: pip install -e '.[notebooks]'")
    folder = tmp_path_factory.mktemp("notebooks")
    command = [sys.executable, ROOT / "docs" / "notebooks.py"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["tutorial.ipynb", "tutorial-es.ipynb"]
    return [folder / name for name in done.stdout.split()]


def test_a_notebook_has_the_cells_of_the_page_without_its_pictures(notebooks):
    for page, path in zip(TUTORIALS, notebooks, strict=True):
        made = json.loads(path.read_text(encoding="utf-8"))
        sources = {kind: [] for kind in ("code", "markdown")}
        for cell in made["cells"]:
            sources[cell["cell_type"]].append("".join(cell["source"]))
        assert sources["code"] == [cell.rstrip("\n") for cell in cells(page)]
        prose = "\n".join(sources["markdown"])
        assert "![" not in prose
        assert "```" not in prose
        headings = [text for text in sources["markdown"] if text.startswith("#")]
        assert len(headings) == len(re.findall(r"^#+ ", prose, re.MULTILINE))
        assert made["metadata"]["kernelspec"]["name"] == "python3"


@each_page
def test_every_picture_of_a_page_is_behind_the_cell_that_shows_it(page, notebooks):
    """So that docs/notebooks.py --pictures renews it."""
    script = runpy.run_path(str(ROOT / "docs" / "notebooks.py"))
    text = page.read_text(encoding="utf-8")
    renewed = [path for _, path in script["SHOWN"].findall(text)]
    assert renewed == re.findall(r"!\[.*\]\((.*)\)", text)
    assert {Path(path).suffix for path in renewed} == set(script["KINDS"])


@pytest.mark.acceptance
@pytest.mark.parametrize("number", [0, 1], ids=["english", "spanish"])
def test_a_notebook_runs_in_jupyter_and_shows_its_pictures(number, notebooks, tmp_path):
    for module in "nbconvert", "ipykernel", "matplotlib":
        pytest.importorskip(module, reason="runs a notebook: pip install -e '.[notebooks]'")
    text = notebooks[number].read_text(encoding="utf-8")
    text = text.replace("iterations = 2500", "iterations = 2").replace("trial = 500", "trial = 2")
    (tmp_path / "tutorial.ipynb").write_text(text, encoding="utf-8")
    convert = "-m nbconvert --to notebook --execute --output run.ipynb tutorial.ipynb".split()
    environment = os.environ | {"MICROTENSOR_CATS": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *convert], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made = json.loads((tmp_path / "run.ipynb").read_text(encoding="utf-8"))
    outputs = [x for cell in made["cells"] for x in cell.get("outputs", [])]
    shown = [kind for output in outputs for kind in output.get("data", ())]
    drawn = shutil.which("dot") or importlib.util.find_spec("pygraphviz")
    assert shown.count("image/png") == (8 if drawn else 6)
    assert shown.count("text/html") >= 3  # stories
    assert shown.count("image/svg+xml") == (2 if drawn else 0)
