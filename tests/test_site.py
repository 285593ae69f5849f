"""The site that MkDocs makes of docs: whole, and the same when opened from disk."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from test_page import chromium  # noqa: F401  # a fixture

import microtensor as mt
import nn

pytestmark = pytest.mark.acceptance
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Builds it as strictly as the workflow does; or the one that MICROTENSOR_SITE names."""
    if "MICROTENSOR_SITE" in os.environ:
        return Path(os.environ["MICROTENSOR_SITE"])
    for package in ("mkdocs", "material", "latex2mathml", "jupytext"):
        pytest.importorskip(package, reason="MkDocs isn't installed: pip install -e '.[docs]'")
    if not shutil.which("dot"):
        pytest.importorskip("pygraphviz", reason="pictures are drawn")
    pytest.importorskip("matplotlib", reason="figures are drawn")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """What a page leads to, what it loads, and what in it can be led to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.places, self.language = [], [], {""}, None
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "html":
            self.language = given["lang"]
        if tag in ("a", "area") and given.get("href"):
            self.links.append(given["href"])
        elif tag != "a" and given.get("rel") not in ("canonical", "alternate", "prev", "next"):
            self.loads += [given[key] for key in ("src", "href", "data") if given.get(key)]


@pytest.fixture(scope="module")
def pages(site):
    """Every page of MkDocs' own, by its path; the lessons are tested elsewhere."""
    lessons = site / "lessons"
    return {p: Page(p) for p in site.rglob("*.html") if not p.is_relative_to(lessons)}


def test_nothing_comes_from_a_network(site, pages):
    for path, page in pages.items():
        far = [x for x in page.loads if re.match(r"(https?:)?//", x)]
        assert far == [], path
        assert 'class="mermaid"' not in path.read_text("utf-8"), path  # its script would be fetched
    for path in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]*", path.read_text()) == []


def test_every_link_leads_to_a_place(site, pages):
    for path, page in pages.items():
        for target in page.links + page.loads:
            if re.match(r"[a-z]+:", target) or path.name == "404.html":
                continue
            file, _, place = unquote(target).partition("#")
            found = (path.parent / file.partition("?")[0]).resolve() if file else path
            found = found / "index.html" if found.is_dir() else found
            assert found.is_file(), (path, target)
            if found in pages and not place.startswith("only-"):
                assert place in pages[found].places, (path, target)


def test_every_public_name_has_a_place(site, pages):
    places = set().union(*(pages[path].places for path in site.glob("api/*.html")))
    for package in (mt, mt.linalg, nn):
        names = {f"{package.__name__}.{name}" for name in package.__all__}
        assert names - places <= {"microtensor.linalg"}


def test_pages_say_which_language_they_are_in(site, pages):
    for path, page in pages.items():
        assert page.language == ("es" if path.is_relative_to(site / "es") else "en"), path
    assert "quick-start.html" in pages[site / "es" / "quick-start.html"].links
    assert "../quick-start.html" in pages[site / "es" / "quick-start.html"].links
    assert "es/quick-start.html" in pages[site / "quick-start.html"].links


def test_formulas_and_diagrams_are_drawn_when_it_is_built(site):
    for path in site.rglob("*.html"):
        assert 'class="arithmatex"' not in path.read_text("utf-8"), path
    assert re.search(r'<div class="diagram".*?<svg', (site / "architecture.html").read_text())


def test_the_gallery_has_every_figure(site, pages):
    names = {x.stem for x in (ROOT / "examples" / "models").glob("*.py")} - {"gallery"}
    shown = {Path(x).stem for x in pages[site / "gallery.html"].loads if x.startswith("gallery/")}
    assert names == {name for name in shown if (site / "gallery" / f"{name}.png").exists()}


@pytest.mark.parametrize("place", ["tutorial.ipynb", "es/tutorial-es.ipynb"])
def test_the_tutorial_can_be_downloaded_with_its_wheel(site, pages, place):
    path = site / place
    links = pages[path.with_name("tutorial.html")].links
    (wheel,) = {path.parent / link for link in links if link.endswith(".whl")}
    assert path.name in links
    cells = json.loads(path.read_text("utf-8"))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert "microtensor-*.whl" in "".join(first["source"])
    names = zipfile.ZipFile(wheel).namelist()
    assert {"microtensor/__init__.py", "nn/__init__.py"} < set(names)


@pytest.fixture
def open_page(chromium, site):  # noqa: F811
    """Opens a page from disk; at the end nothing was asked of a network and nothing went wrong."""
    wrong, tabs = [], []

    def opening(name, **context):
        tab = chromium.new_context(**context).new_page()
        tab.set_default_timeout(20_000)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on(
            "request", lambda r: re.match("(file|data|blob|about):", r.url) or wrong.append(r.url)
        )
        tab.goto((site / name).as_uri())
        tabs.append(tab)
        return tab

    yield opening
    for tab in tabs:
        tab.context.close()
    assert wrong == []


def test_it_is_searched_from_disk(open_page):
    tab = open_page("index.html")
    tab.fill(".md-search__input", "check_gradients")
    tab.wait_for_selector(".md-search-result__item a[href*='api/microtensor.html']")


def test_the_language_is_switched_from_disk(open_page):
    tab = open_page("quick-start.html")
    tab.hover(".md-select")
    tab.click(".md-select a[hreflang=es]")
    tab.wait_for_url("**/es/quick-start.html")
    assert tab.inner_text("h1").startswith("Primeros pasos")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit(open_page, site, width, scheme):
    """Each page where it is narrowest, and elsewhere those whose pictures follow the scheme."""
    tab = open_page("index.html", viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in sorted([*site.glob("*.html"), *site.glob("api/*.html"), *site.glob("es/*.html")]):
        if (width, scheme) != (360, "light") and "<img" not in path.read_text("utf-8"):
            continue
        tab.goto(path.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        shown = tab.locator("article img:visible").count()
        themed = tab.locator("article img[src*='#only-']").count()
        assert shown == tab.locator("article img").count() - themed // 2 or "gallery" in path.name
