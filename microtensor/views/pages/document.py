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

from ...errors import in_brief
from ...graph import Node
from ...lexicon import shown
from ..dot import THEMES
from ..scene import repeated
from ..words import say, sentences
from .data import PageStep, Tale
from .svg import colours, svg

SCRIPTS = "script.", "sum.", "paths.lead."  # so start the keys that the script asks for
PICTURES = (".svg", ".png", ".pdf", ".dot", ".mmd", ".txt")
FEW_CARDS = 40  # up to so many are drawn a second time, downwards, for narrow screens


def document(
    tale: Tale, title: str | None, text: str, questions: Mapping[str, str], program: str
) -> str:
    """The page as text; `program` is the JavaScript that computes it from other numbers."""
    told = tale.data() | {"sentences": sentences(*SCRIPTS)}
    data = json.dumps(told, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    begin = PageStep(say("page.start"), say("page.begin"), {})
    parts = {
        "title": _text(title or "") or _text(_line(tale.scene.title)),
        "intro": "".join(f"<p>{_text(p)}</p>" for p in text.split("\n\n") if p.strip()),
        "questions": "".join(
            f'<details class="question"><summary>{_text(q)}</summary><p>{_text(a)}</p></details>'
            for q, a in questions.items()
        ),
        "svg": _pictures(tale),
        "legend": "".join(f"<p>{_text(_line(line))}</p>" for line in tale.scene.legend),
        "fields": "".join(map(_field, tale.graph.nodes)) if program else "",
        "steps": "\n".join(_step(i, step) for i, step in enumerate([begin, *tale.steps])),
        "data": data.replace("<", "\\u003c"),
        "style": _themes() + _file("page.css"),
        "program": program,
        "script": _file("page.js"),
    }
    parts["policy"] = _policy(parts["style"], [parts["program"], parts["script"]])
    labels = {key: html.escape(text) for key, text in sentences("page.", "script.").items()}
    return _file("page.html").format(say=labels, **parts)


def page_path(filename: Any) -> Path:
    """Where a page is written; TypeError or ValueError for what is no file of a page."""
    if not isinstance(filename, str | os.PathLike) or not os.fspath(filename):
        raise TypeError(f"page: a file such as 'page.html' is expected, got {in_brief(filename)}")
    path = Path(filename)
    if path.suffix in PICTURES:
        raise ValueError(
            f"page: a page is .html; {in_brief(path.name)} is written by draw(...).save()"
        )
    return path


def check_texts(title: Any, text: Any, questions: Any) -> None:
    """TypeError for what can't be read on a page."""
    if not isinstance(questions, Mapping):
        raise TypeError(f"page: questions is a dict of them and answers, got {in_brief(questions)}")
    asked = [*questions, *questions.values()]
    for what, given in (("title", [title or ""]), ("text", [text]), ("each question", asked)):
        if wrong := [x for x in given if not isinstance(x, str)]:
            raise TypeError(f"page: {what} is text, got {in_brief(wrong[0])}")


def _pictures(tale: Tale) -> str:
    """The picture, and where it goes to the right and its direction is free, one downwards."""
    scene = repeated(tale.scene._replace(title=tale.scene.title[:1]))
    pictures = svg(scene, tale.words(), "wide", tale.scalar)
    if tale.turns and scene.direction == "LR" and len(scene.cards) <= FEW_CARDS:
        pictures += svg(scene._replace(direction="TB"), tale.words(), "tall", tale.scalar)
    return pictures


def _file(name: str) -> str:
    """The text of a file that lies beside this one."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _policy(style: str, scripts: list[str]) -> str:
    """What the page may do: run its own script, use its own style, load nothing."""

    def known(code: str) -> str:
        return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"

    allowed = " ".join(known(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {known(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _themes() -> str:
    """The colours of both themes as CSS variables: the system's choice, and the reader's."""
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in colours(theme).items())
        for theme in THEMES.values()
    )
    return (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f'@media screen{{:root[data-theme="light"]{{{light}}}'
        f':root[data-theme="dark"]{{{dark}}}}}\n'
    )


def _text(text: str) -> str:
    """A text from outside in HTML: on one line, without what isn't printed, escaped."""
    return html.escape(shown(text))


def _line(cells: Iterable[Any]) -> str:
    """Texts that stand beside each other, in one."""
    return " · ".join(cell.text for cell in cells).replace(": · ", ": ")


def _field(node: Node) -> str:
    """The inputs for a leaf's number."""
    if node.rule is not None or node.role == "constant":
        return ""
    name, value = _text(node.name), repr(float(node.value)).removesuffix(".0")
    return (
        f'<div class="field"><span>{name}</span>'
        f'<input type="text" inputmode="decimal" autocomplete="off" data-id="{node.id}" '
        f'value="{value}" aria-label="{name}">'
        f'<input type="range" aria-label="{_text(say("page.slider", name=node.name))}"></div>'
    )


def _step(number: int, step: PageStep) -> str:
    inner = "".join(f"<li><b>{_text(t)}</b> {_text(text)}</li>" for t, text in step.inner)
    if inner:
        inner = f"<details><summary>{_text(say('page.inner'))}</summary><ul>{inner}</ul></details>"
    parts = {"numbers": step.numbers, "rule": step.text, "notes": step.notes, "total": step.total}
    said = " ".join(f'<span class="{k}">{_text(t)}</span>' for k, t in parts.items() if t)
    return (
        f'<li><a class="title" href="#step-{number}">{_text(step.title)}</a> '
        f'<span class="text">{said}</span>{inner}</li>'
    )
