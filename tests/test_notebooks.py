"""What a notebook shows: bundles of HTML, SVG, PNG and text, light and dark, trusted or not."""

import html
import io
import re
import shutil
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from test_page import chromium  # noqa: F401  # a fixture

import microtensor as mt
import nn
from microtensor import Graph, Tensor, detail, difference, draw, page

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="draws with Graphviz")


def neuron():
    w, x = Tensor(-2.0, requires_grad=True, name="w"), Tensor(3.0, name="x<b>")
    return (w * x).sigmoid().log()


def loss():
    model = nn.CatClassifier((12, 4, 3, 1), rng=1)
    return nn.BCELoss()(model(np.ones((8, 12))), np.eye(8)[:, :1])


def weight(_=None):
    pytest.importorskip("matplotlib", reason="draws with matplotlib")
    return detail(Tensor(np.arange(12.0).reshape(3, 4), name="W"), image_shape=(2, 2))


class Tags(HTMLParser):
    """The tags of a page, with their attributes, and the text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@needs_dot
@pytest.mark.parametrize(
    "shown",
    [
        lambda: draw(neuron()),
        lambda: draw(loss()),
        lambda: draw(loss(), collapse=False),
        lambda: draw(neuron(), theme="dark"),
        lambda: Graph.of(loss()),
        weight,
    ],
)
def test_pictures_are_there_in_every_way(shown):
    bundle = shown()._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "image/png", "text/plain"}
    assert bundle["image/png"].startswith(b"\x89PNG")
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert root.tag.endswith("svg") and root.get("viewBox")
    style, (tag, image) = Tags(bundle["text/html"]).tags
    assert style[0] == "style" and tag == "img"
    assert "max-width:100%" in image["style"]  # as wide as the cell at most
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert image["alt"] and " object at 0x" not in image["alt"] + bundle["text/plain"]


@needs_dot
@pytest.mark.parametrize("shown", [lambda: draw(loss()), weight])
def test_a_light_picture_has_a_dark_colour_for_each(shown):
    svg = shown()._repr_mimebundle_()["image/svg+xml"]
    (dark,) = re.findall(r"prefers-color-scheme:dark\)\{:root\{(.*?)\}\}", svg)
    known = dict(pair.split(":") for pair in dark.strip(";").split(";"))
    used = set(re.findall(r"var\((--\w+),#\w+\)", svg))
    assert used and used <= set(known)
    drawn = re.sub(r"<style.*?</style>|<text.*?>.*?</text>", "", svg, flags=re.DOTALL)
    plain = re.findall(r"(?:fill|stroke)(?:=\"|: ?)(#\w{6})", drawn)
    assert set(plain) <= {"#1f77b4"}, "a colour that stays light"
    assert known["--ffffff"] == "#0d1117" and known.get("--a03d00") in (None, "#ff9e57")


def test_names_are_never_taken_for_colours_or_tags():
    bundle = draw(
        Tensor(2.0, requires_grad=True, name='#ffffff"><script>') * 2.0
    )._repr_mimebundle_()
    assert "#ffffff" in bundle["text/plain"]
    for text in (bundle.get("image/svg+xml", ""), bundle.get("text/html", "")):
        assert "<script" not in text
    if "image/svg+xml" in bundle:
        assert "#ffffff&quot;" in bundle["image/svg+xml"]


def test_without_a_renderer_there_is_the_text(monkeypatch):
    def broken(*_):
        raise mt.NoRenderer("there is none")

    monkeypatch.setattr("microtensor.views.picture.picture.render", broken)
    for shown in (draw(neuron()), Graph.of(neuron())):
        (text,) = shown._repr_mimebundle_().values()
        assert text.startswith("there is none") and "value  −2" in text


@needs_dot
def test_a_renderer_without_png_still_draws(monkeypatch):
    from microtensor.views.picture import picture
    from microtensor.views.rendering import render

    def vector(source, format, *others):
        if format == "png":
            raise mt.NoRenderer("no PNG")
        return render(source, format, *others)

    monkeypatch.setattr(picture, "render", vector)
    assert set(draw(neuron())._repr_mimebundle_()) == {"text/html", "image/svg+xml", "text/plain"}


def test_a_graph_is_short_where_it_is_printed():
    graph = Graph.of(neuron(), names={})
    assert repr(graph) == "Graph(L = log(σ(w · x<b>)): 5 nodes, 4 edges)"
    assert repr(graph.nodes[0]) == "Node(n0: w, parameter, shape ())"
    assert repr(graph.nodes[2]) == "Node(n2: z = w · x<b>, shape ())"
    assert repr(graph.edges[0]) == "Edge(n0 → n2, slot 0, x<b>)"
    assert len(repr(Graph.of(loss()).nodes)) < 3000


def test_a_difference_is_a_table():
    w = Tensor(2.0, requires_grad=True, name="<w>")
    found = difference(Graph.of(w * 2.0), Graph.of(w * 3.0))
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"] == str(found)
    tags = Tags(bundle["text/html"])
    assert {tag for tag, _ in tags.tags} == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "<w>" in tags.text and "2 → 3 (+50 %)" in tags.text


@needs_dot
def test_a_page_is_its_path_and_shows_itself(tmp_path):
    path = page(neuron(), tmp_path / "neuron.html")
    assert path == str(tmp_path / "neuron.html") and isinstance(path, str)
    with open(path, encoding="utf-8") as file:
        written = file.read()
    bundle = path._repr_mimebundle_()
    assert str(path) in bundle["text/plain"]
    tags = Tags(bundle["text/html"])
    assert [tag for tag, _ in tags.tags] == ["style", "p", "iframe"]
    frame = tags.tags[-1][1]["srcdoc"]
    assert frame.replace('<base href="about:srcdoc">', "") == written.replace(
        " base-uri 'none';", ""
    )
    assert str(path) in html.unescape(tags.text)  # what is left where frames are taken out
    (tmp_path / "neuron.html").unlink()
    assert list(path._repr_mimebundle_()) == ["text/plain"]


def test_a_film_shows_its_page(tmp_path):
    film = mt.film(tmp_path / "film.html")
    assert list(film._repr_mimebundle_()) == ["text/plain"]  # nothing is written yet
    w = Tensor(np.ones((2, 1)), requires_grad=True, name="W")
    for iteration in range(2):
        cost = ((np.ones((3, 2)) @ w) ** 2).mean()
        cost.backward()
        film(iteration, cost)
    film.write()
    assert "<iframe" in film._repr_mimebundle_()["text/html"]


# In a browser -----------------------------------------------------------------------------------


@pytest.fixture
def cell(chromium, tmp_path):  # noqa: F811
    """Opens what a cell shows, 1,000 pixels wide, in a notebook that is light or dark."""
    tabs = []

    def opened(bundle, frame):
        body = f"{frame}<div style='width:1000px'>{bundle['text/html']}</div>"
        (tmp_path / "cell.html").write_text(f"<!DOCTYPE html>{body}", encoding="utf-8")
        tab = chromium.new_page(viewport={"width": 1100, "height": 900})
        tabs.append(tab)
        tab.goto((tmp_path / "cell.html").as_uri())
        return tab

    yield opened
    for tab in tabs:
        tab.close()


@cache
def bundle_of(shown):
    """What a notebook is given to show, drawn once for all frames."""
    return shown()._repr_mimebundle_()


FRAMES = [  # of JupyterLab and nbconvert, VS Code, Colab, and a page that says nothing
    ('<body data-jp-theme-light="true">', False),
    ('<body data-jp-theme-light="false">', True),
    ('<body class="vscode-light">', False),
    ('<body class="vscode-dark">', True),
    ('<body class="vscode-high-contrast">', True),
    ('<body class="vscode-high-contrast vscode-high-contrast-light">', False),
    ('<html theme="dark"><body>', True),
    ("<body>", False),
]


@needs_dot
@pytest.mark.parametrize(("frame", "dark"), FRAMES)
@pytest.mark.parametrize("shown", [lambda: draw(loss(), collapse=False, direction="LR"), weight])
def test_it_fits_the_cell_and_is_as_dark_as_the_notebook(cell, shown, frame, dark):
    tab = cell(bundle_of(shown), frame)
    tab.locator("img").evaluate("image => image.decode()")
    box = tab.locator("img").bounding_box()
    assert box["width"] <= 1000
    image = pytest.importorskip("PIL.Image", reason="looks at pixels with Pillow")
    shown = image.open(io.BytesIO(tab.screenshot(clip=box | {"width": 8, "height": 8})))
    assert (sum(shown.getpixel((3, 3))[:3]) < 200) == dark


@needs_dot
@pytest.mark.parametrize(("frame", "dark"), FRAMES)
def test_a_page_works_in_its_cell(cell, tmp_path, frame, dark):
    tab = cell(page(neuron(), tmp_path / "neuron.html")._repr_mimebundle_(), frame)
    inner = tab.locator("iframe").element_handle().content_frame()
    assert tab.locator("iframe").bounding_box()["width"] <= 1000
    inner.locator("#next").click()
    assert inner.evaluate("location.hash") == "#step-1"
    inner.evaluate("document.querySelectorAll('#steps a')[3].click()")
    inner.wait_for_url("about:srcdoc#step-3")
    assert (inner.evaluate("document.documentElement.dataset.theme") == "dark") == dark
