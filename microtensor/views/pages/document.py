"""A graph as one offline HTML page: the picture, stepped through with its story."""

from __future__ import annotations

import html
import json
import os
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import in_brief
from ...graph import Node
from ...lexicon import shown
from ..dot import THEMES
from ..languages import chosen
from ..scene import repeated
from ..words import say, sentences
from .data import PageStep, Tale
from .svg import svg

# So start the keys that the script asks for
SCRIPTS = (
    "script.", "sum.", "paths.lead.", "sent.", "entry.", "born.", "rms", "scalar",
)  # fmt: skip
# What the page's script is made of, in this order
PAGE = (
    "page", "numbers", "learn", "predict", "paths", "entries", "born", "modules", "moves",
)  # fmt: skip
PICTURES = (".svg", ".png", ".pdf", ".dot", ".mmd", ".txt")
FEW_CARDS = 40  # up to so many are drawn a second time, downwards, for narrow screens


def document(tale: Tale, lesson: Mapping[str, str], program: str, still: str) -> str:
    """The page as text, with a lesson's parts.

    `program` is the JavaScript that computes it from other numbers; without it, `still` says why.
    """
    told = tale.data(bool(program)) | {"sentences": sentences(*SCRIPTS)}
    begin = PageStep(say("page.start"), say("page.begin"), {})
    parts = {
        "title": title_of(tale),
        "svg": _pictures(tale, bool(program)),
        "legend": "".join(f"<p>{plain(_line(line))}</p>" for line in tale.scene.legend),
        "fields": "".join(map(_field, tale.graph.nodes)) if program else "",
        "still": plain(still or tale.unrecorded()),
        "steps": "\n".join(_step(i, step) for i, step in enumerate([begin, *tale.steps])),
        "program": program,
    }
    return fill("page", told, ["page.css", "living.css"], {**parts, **lesson})


def fill(name: str, data: Any, styles: Iterable[str], parts: Mapping[str, str]) -> str:
    """A page of a template: its data, styles and scripts in it, and a policy that allows no more.

    `parts` are HTML for the template's fields; the `program` and the `quiz` are scripts too.
    """
    told = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    files = "".join(file_text(f"{x}.js") for x in (PAGE if name == "page" else [name]))
    script = f'"use strict";\n(() => {{\n{files}}})();\n' if name == "page" else files
    scripts = {"theme": file_text("theme.js"), "script": script}
    style = _themes() + "".join(map(file_text, [*styles, "lesson.css"]))
    said = sentences("page.", "script.", "film.", "sheet.")
    labels = {key: html.escape(text) for key, text in said.items()}
    allowed = " ".join(map(hashed, [*scripts.values(), parts.get("program", ""), parts["quiz"]]))
    policy = f"default-src 'none'; script-src {allowed}; style-src {hashed(style)}; "
    policy += "base-uri 'none'; form-action 'none'"
    filled = {"data": told.replace("<", "\\u003c"), "style": style, "policy": policy}
    filled["language"] = chosen()
    return file_text(f"{name}.html").format(say=labels, **filled, **scripts, **parts)


def title_of(tale: Tale) -> str:
    """What the picture's title says."""
    return plain(_line(tale.scene.title))


def page_path(filename: Any, who: str) -> Path:
    """Where a page is written; TypeError or ValueError for what is no file of a page."""
    if not isinstance(filename, str | os.PathLike) or not os.fspath(filename):
        raise TypeError(f"{who}: a file such as '{who}.html' is expected, got {in_brief(filename)}")
    path = Path(filename)
    if path.suffix in PICTURES:
        raise ValueError(
            f"{who}: a page is .html; {in_brief(path.name)} is written by draw(...).save()"
        )
    return path


def _pictures(tale: Tale, living: bool) -> str:
    """The picture, and where it goes to the right and its direction is free, one downwards."""
    scene = repeated(tale.scene._replace(title=tale.scene.title[:1]))
    pictures = svg(scene, tale.words(), "wide", living)
    if tale.turns and scene.direction == "LR" and len(scene.cards) <= FEW_CARDS:
        pictures += svg(scene._replace(direction="TB"), tale.words(), "tall", living)
    first = len(scene.arrows)
    for key, inside in tale.opened.items():
        words = {c.id: c.words for c in inside.cards if not c.id.startswith(f"{key}-")}
        pictures += svg(inside, words, f"inlay {key}", living, first)
        first += len(inside.arrows)
    return pictures


def file_text(name: str) -> str:
    """The text of a file that lies beside this one."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def hashed(code: str) -> str:
    """What a policy calls a script or a style."""
    return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"


def _themes() -> str:
    """The colours of both themes as CSS variables: the system's choice, and the reader's."""
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in theme.named.items())
        for theme in THEMES.values()
    )
    return (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f'@media screen{{:root[data-theme="light"]{{{light}}}'
        f':root[data-theme="dark"]{{{dark}}}}}\n'
    )


def plain(text: str) -> str:
    """A text from outside in HTML: on one line, without what isn't printed, escaped."""
    return html.escape(shown(text))


def _line(cells: Iterable[Any]) -> str:
    """Texts that stand beside each other, in one."""
    return " · ".join(cell.text for cell in cells).replace(": · ", ": ")


def _field(node: Node) -> str:
    """The inputs for a leaf's number."""
    if node.rule is not None or node.role == "constant" or np.ndim(node.value):
        return ""
    name, value = plain(node.name), repr(float(node.value)).removesuffix(".0")
    return (
        f'<div class="field"><span>{name}</span>'
        f'<input type="text" inputmode="decimal" autocomplete="off" data-id="{node.id}" '
        f'value="{value}" aria-label="{name}">'
        f'<input type="range" aria-label="{plain(say("page.slider", name=node.name))}"></div>'
    )


def _step(number: int, step: PageStep) -> str:
    inner = "".join(f"<li><b>{plain(t)}</b> {plain(text)}</li>" for t, text in step.inner)
    if inner:
        inner = f"<details><summary>{plain(say('page.inner'))}</summary><ul>{inner}</ul></details>"
    parts = {"numbers": step.numbers, "rule": step.text, "notes": step.notes, "total": step.total}
    said = " ".join(f'<span class="{k}">{plain(t)}</span>' for k, t in parts.items() if t)
    return (
        f'<li><a class="title" href="#step-{number}">{plain(step.title)}</a> '
        f'<span class="text">{said}</span>{inner}</li>'
    )
