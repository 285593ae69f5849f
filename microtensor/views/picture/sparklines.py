"""Histograms in an SVG: drawn, so that they look the same whatever fonts there are."""

from __future__ import annotations

import re

from ..numbers import BARS

WIDTH, HEIGHT = 0.6, 0.9  # of one bar, the full one, in units of the font size
TEXT = re.compile(
    r'<text [^>]*?x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" font-family="[^"]*Mono[^"]*"'
    r'[^>]*? font-size="(?P<size>[\d.]+)"(?P<fill>[^>]*)>(?P<bars>(?:[▁-█\xa0]|&#160;)+)</text>'
)


def drawn(svg: bytes) -> bytes:
    """The SVG with a path in place of each text of block characters.

    Letters are as wide as Graphviz took them to be: without hinting, which widens small ones.
    """
    text = svg.decode().replace("<svg ", '<svg text-rendering="geometricPrecision" ', 1)
    return TEXT.sub(_path, text).encode()


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
