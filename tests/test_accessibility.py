# ruff: noqa: F811  # pytest finds fixtures by their names
"""Pages as axe-core judges them, which knows what people who can't see or point need (WCAG)."""

import os
from pathlib import Path

import numpy as np
import pytest
from test_film import train
from test_lessons import lessons  # noqa: F401  # a fixture
from test_page import chromium  # noqa: F401
from test_page_alive import xor
from test_picture import neuron

import nn
from microtensor import page, worksheet

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]
PERSONS = [
    {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
    {"forced_colors": "active", "viewport": {"width": 1920, "height": 1080}},
]


@pytest.fixture(scope="module")
def judge(chromium):
    """Opens a file, does something, and returns what axe-core has against it."""
    package = pytest.importorskip("axe_playwright_python", reason="axe-core isn't installed")
    axe = (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")

    def judging(path, *states, persons=PERSONS):
        found = {}
        for person in persons:
            tab = chromium.new_context(reduced_motion="reduce", **person).new_page()
            tab.set_default_timeout(20_000)
            tab.goto(f"file://{path}")
            tab.evaluate(axe)
            for k, state in enumerate([lambda tab: None, *states]):
                state(tab)
                for fault in tab.evaluate("async () => (await axe.run()).violations"):
                    found[fault["id"], k] = fault["help"], fault["nodes"][0]["html"]
            tab.context.close()
        return found

    return judging


def steps(tab):
    for _ in range(3):
        tab.keyboard.press("ArrowRight")


def ahead(tab):
    tab.check("#predict")
    tab.keyboard.press("ArrowRight")


def network():
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(3, 4, rng=rng), nn.ReLU(), nn.Linear(4, 1, rng=rng))
    X, Y = rng.normal(size=(6, 3)), rng.integers(0, 2, (6, 1)) * 1.0
    return nn.BCEWithLogitsLoss()(net(X), Y)


@pytest.fixture
def course(request):
    """The lessons of the site that MICROTENSOR_SITE names, or else made now."""
    if "MICROTENSOR_SITE" in os.environ:
        return Path(os.environ["MICROTENSOR_SITE"]) / "lessons"
    return request.getfixturevalue("lessons")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_of_a_formula(judge, tmp_path, language):
    L, names = neuron()
    assert judge(page(L, tmp_path / "x.html", names, language=language), steps, ahead) == {}


def test_a_page_that_learns(judge, tmp_path):
    L, _ = xor()
    assert judge(page(L, tmp_path / "x.html"), steps, ahead) == {}


def test_a_page_of_layers(judge, tmp_path):
    assert judge(page(network(), tmp_path / "x.html"), steps) == {}


def test_a_film(judge, tmp_path):
    train(tmp_path / "x.html")
    assert judge(tmp_path / "x.html", steps) == {}


def test_a_worksheet(judge, tmp_path):
    L, names = neuron()
    assert judge(worksheet(L, tmp_path / "x.html", names)) == {}


def test_the_course(judge, course):
    """One lesson in English and the next in Spanish: they are built alike."""
    english, spanish = (sorted(folder.glob("*.html")) for folder in (course, course / "es"))
    assert len(english) == len(spanish) > 8
    for k, path in enumerate(english[::2] + spanish[1::2]):
        assert judge(path, persons=[PERSONS[k % 3]]) == {}, path


def test_faults_are_found(judge, tmp_path):
    L, names = neuron()
    path = Path(page(L, tmp_path / "x.html", names))
    path.write_text(path.read_text("utf-8").replace('<html lang="en"', "<html"), "utf-8")
    assert {fault for fault, _ in judge(path, persons=PERSONS[:1])} == {"html-has-lang"}
