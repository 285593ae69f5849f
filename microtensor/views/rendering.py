"""What Graphviz makes of a picture's source; histograms are drawn, whatever fonts there are."""

from __future__ import annotations

import re

import graphviz

from ..errors import NoRenderer
from ..lexicon import shown
from .dot import Theme, write
from .languages import chosen
from .numbers import BARS
from .scene import Scene

MARKS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "json": b'"objects"'}
WIDTH, HEIGHT = 0.6, 0.9  # of one bar, the full one, in units of the font size
TEXT = re.compile(
    r'<text [^>]*?x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" font-family="[^"]*Mono[^"]*"'
    r'[^>]*? font-size="(?P<size>[\d.]+)"(?P<fill>[^>]*)>(?P<bars>(?:[▁-█\xa0]|&#160;)+)</text>'
)


def source(scene: Scene, theme: Theme, **attributes: str) -> str:
    """A scene in Graphviz's language; `attributes` are those of the whole graph."""
    drawing = graphviz.Digraph("graph")
    write(scene, theme, drawing)
    drawing.attr(**attributes)
    return str(drawing.source)


def render(source: str, format: str, language: str | None = None) -> bytes:
    """DOT source as a picture, by the dot program, or where it fails by pygraphviz (2 or newer).

    In an SVG, a text of block characters becomes a path, and letters are as wide as Graphviz took
    them to be: without hinting, which widens small ones. It also says in which `language` it is.
    """
    data, said = b"", ""
    try:
        data = bytes(graphviz.Source(source).pipe(format, quiet=True))
        if not is_picture(data, format):
            data, said = b"", f"dot wrote {f'no {format}' if data else 'nothing'}; "
    except graphviz.ExecutableNotFound:
        pass
    except graphviz.CalledProcessError as error:
        said = f"dot failed: {shown(error.stderr.decode(errors='replace')) or error}; "
    except OSError as error:
        said = f"dot failed: {error}; "
    data = data or _by_pygraphviz(source, format, said)
    if format != "svg":
        return data
    known = f'<svg text-rendering="geometricPrecision" xml:lang="{chosen(language)}" '
    text = data.decode().replace("<svg ", known, 1)
    return TEXT.sub(_path, text).encode()


def is_picture(data: bytes, format: str) -> bool:
    """Whether it looks like what was asked for: other programs are called dot, too."""
    return bool(data) and MARKS.get(format, b"") in data


def _by_pygraphviz(source: str, format: str, said: str) -> bytes:
    try:
        import pygraphviz
    except ImportError:
        pygraphviz = None
    if pygraphviz is None or int(pygraphviz.__version__.partition(".")[0]) < 2:
        raise NoRenderer(
            f"{said}drawing needs Graphviz: install its program (apt install graphviz, "
            "brew install graphviz) or pip install 'pygraphviz>=2'; a .dot, .mmd or .txt file "
            "needs neither"
        )
    data: bytes = pygraphviz.AGraph(string=source).draw(format=format, prog="dot")
    return data


def _path(text: re.Match[str]) -> str:
    x, y, size = (float(text[key]) for key in ("x", "y", "size"))
    bars = text["bars"].replace("&#160;", "\xa0").replace("\xa0", " ")
    return f'<path{text["fill"]} stroke="none" d="{outline(bars, x, y, size)}"/>'


def outline(bars: str, x: float, y: float, size: float) -> str:
    """The path of a text of block characters that begins at (x, y)."""
    steps = []
    for i, bar in enumerate(bars):
        height = BARS.index(bar) / 8 * HEIGHT * size
        if height:
            left, width = x + i * WIDTH * size, WIDTH * size
            steps.append(f"M{left:.4g},{y:.6g}v{-height:.3g}h{width:.3g}v{height:.3g}z")
    return "".join(steps)
