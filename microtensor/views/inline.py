"""What a notebook shows: pictures for light and dark cells, tables, pages; always a text, too.

A notebook that isn't trusted shows no SVG, script or frame of a page: then the PNG, what is left of
the HTML, or the text.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..lexicon import cut
from .dot import THEMES
from .words import say

# How JupyterLab (and nbconvert), VS Code and Colab say that they are dark
DARK = (
    ':is([data-jp-theme-light="false"],html[theme="dark"],.vscode-dark,'
    ".vscode-high-contrast:not(.vscode-high-contrast-light))"
)
HIGH = 640  # of a page in a cell, in pixels
LONGEST = 2000  # of what is said in place of an image

# A link such as #step-3 would lead to the notebook's own address
IN_A_FRAME = {"<head>": '<head><base href="about:srcdoc">', " base-uri 'none';": ""}
# Of a frame, unlike an image, browsers differ in whether it asks what is around it
AS_DARK = (
    f"const root = this.contentDocument.documentElement; if (document.querySelector('{DARK}') "
    "&& root.dataset.theme !== 'dark' && !matchMedia('(prefers-color-scheme: dark)').matches) "
    "root.querySelector('#theme').click()"
)
STYLE = f"<style>.microtensor{{color-scheme:light}}{DARK} .microtensor{{color-scheme:dark}}</style>"

Bundle = dict[str, Any]


# The dark colour for each light one; of two, the first
NIGHT = {c: THEMES["dark"].named[name] for name, c in reversed(THEMES["light"].named.items())}


def picture(svg: bytes, png: bytes, text: str, night: Mapping[str, str] = NIGHT) -> Bundle:
    """A picture as SVG, no wider than the cell, dark where all around is; as PNG; and in words.

    `night` has the dark colour for each light one. An SVG in an image asks what the image's
    `color-scheme` is, which the notebook's marks decide where HTML has a style.
    """
    found = svg.decode()
    attributes, drawn = found[found.index("<svg") + 4 :].split(">", 1)
    colour = re.compile(f"({'|'.join(night)})(?![0-9a-f])")

    def both(tag: re.Match[str]) -> str:
        return colour.sub(lambda light: f"var(--{light[0][1:]},{light[0]})", tag[0])

    drawn = re.sub("<[^>]*>", both, f"<svg{attributes}>{drawn}")
    dark = "".join(f"--{light[1:]}:{colour};" for light, colour in night.items())
    style = f"<style>@media (prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    drawn = drawn.replace(">", f">{style}", 1)
    data = b64encode(drawn.encode()).decode()
    shown = (
        f'{STYLE}<img class="microtensor" style="max-width:100%;height:auto" '
        f'alt="{html.escape(cut(text, LONGEST))}" src="data:image/svg+xml;base64,{data}">'
    )
    images = {"image/svg+xml": drawn, "image/png": png}
    return {"text/html": shown, "text/plain": text} | {k: x for k, x in images.items() if x}


def table(rows: Sequence[Sequence[str]], text: str) -> Bundle:
    """A table, whose first row has the heads, and first column the names."""
    heads, *others = ([html.escape(cell) for cell in row] for row in rows)
    top = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(
        f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>"
        for row in others
    )
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return {"text/html": whole, "text/plain": text}


class PagePath(str):
    """The path of a page that was written, which a notebook shows as the page itself."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        said = say("inline.page", file=str(self))
        try:
            page = Path(self).read_text(encoding="utf-8")
        except OSError:
            return {"text/plain": said}
        for known, here in IN_A_FRAME.items():
            page = page.replace(known, here, 1)
        looks = f'class="microtensor" style="width:100%;height:{HIGH}px;border:0"'
        looks += f' onload="{html.escape(AS_DARK)}"'
        frame = f'<iframe {looks} srcdoc="{html.escape(page)}"></iframe>'
        return {"text/html": f"{STYLE}<p>{html.escape(said)}</p>{frame}", "text/plain": said}
