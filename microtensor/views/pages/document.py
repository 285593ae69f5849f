"""A graph as one offline HTML page: the picture, stepped through with its story."""

from __future__ import annotations

import html
import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...errors import in_brief
from ...lexicon import shown
from ..dot import FONT, MONO, THEMES
from ..languages import chosen, spoken
from ..scene import repeated
from ..words import say
from .data import PageStep, Tale
from .svg import svg

# What a page's scripts are, in this order
STEPPED = ("dom", "numbers", "page", "predict", "paths")
LIVING = ("learn", "entries", "born")  # where it computes all anew
KEY = re.compile(r'"([a-z]+(?:\.[a-z]+)*)"')  # a text in a script that may be a sentence's key
FORMS = ("zero", "one", "two", "few", "many")  # of a sentence with a count, in any language
PICTURES = (".svg", ".png", ".pdf", ".dot", ".mmd", ".txt")
FEW_CARDS = 40  # up to so many are drawn a second time, downwards, for narrow screens


def document(tale: Tale, lesson: Mapping[str, str], program: str, still: str) -> str:
    """The page as text, with a lesson's parts.

    `program` is the JavaScript that computes it from other numbers; without it, `still` says why.
    """
    living = bool(program)
    still = plain(still or tale.unrecorded())
    begin = PageStep(say("page.start"), say("page.begin"), {})
    parts = {
        "title": title_of(tale),
        "svg": _pictures(tale, living),
        "legend": _legend(tale),
        "still": f'<p id="still" class="hint">{still}</p>' if still else "",
        "steps": "\n".join(_step(i, step) for i, step in enumerate([begin, *tale.steps])),
        "program": program,
    }
    styles = ["picture", "steps", *(["living"] if living else ())]
    return fill("page", tale.data(living), styles, _scripts(tale, living), {**parts, **lesson})


def _scripts(tale: Tale, living: bool) -> list[str]:
    """The scripts that a page needs, in their order."""
    scripts = list(STEPPED)
    if living or tale.scalar:  # else no number of its picture can be told anew
        scripts.append("anew")
    if living and tale.by_layer:
        scripts.append("units")
    scripts += LIVING if living else ()
    scripts.append("view")
    if tale.opened:
        scripts.append("layers")
    return [*scripts, "moves"]


def fill(
    name: str, data: Any, styles: Iterable[str], scripts: Iterable[str], parts: Mapping[str, str]
) -> str:
    """A page of a template: its data, styles and scripts in it, and a policy that allows no more.

    `parts` are HTML for the template's fields; the `program` is a script that comes first. Of the
    catalogue's sentences, the data has those that the scripts name.
    """
    scripts = [*scripts, *(["lesson"] if "<form" in parts["questions"] else ())]
    styles = ["page", *styles, *(["lesson"] if parts["questions"] or parts["nav"] else ())]
    text = "".join(file_text(f"{script}.js") for script in scripts)
    style = _themes() + "".join(file_text(f"{style}.css") for style in styles)
    program = [parts["program"]] if parts.get("program") else []
    codes = [*program, f'"use strict";\n(() => {{\n{text}}})();\n']
    theme = file_text("theme.js")
    labels = {key: html.escape(said) for key, said in spoken().sentences.items()}
    filled = {**parts, "say": labels}
    return file_text("document.html").format(
        **filled,
        language=chosen(),
        style=style,
        policy=_policy(style, [theme, *codes]),
        theme=_script(theme),
        main=file_text(f"{name}.html").format(**filled).strip(),
        data=_data(data | {"sentences": _named(text)}) if data else "",
        scripts="\n".join(map(_script, codes)),
    )


def _script(code: str) -> str:
    return f"<script>{code}</script>"


def _data(data: Any) -> str:
    told = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    told = told.replace("<", "\\u003c")
    return f'<script id="data" type="application/json">{told}</script>'


def _named(scripts: str) -> dict[str, str]:
    """The sentences that scripts name, in all forms that a count can take."""
    keys = set(KEY.findall(scripts))
    counted = {f"{key}.{form}" for key in keys for form in FORMS}
    return {key: said for key, said in spoken().sentences.items() if key in keys | counted}


def title_of(tale: Tale) -> str:
    """What the picture's title says."""
    return plain(_line(tale.scene.title))


def page_path(filename: Any, who: str) -> Path:
    """Where a page is written; TypeError or ValueError for what is no file of a page."""
    if not isinstance(filename, str | os.PathLike) or not os.fspath(filename):
        raise TypeError(f"{who}: a file such as '{who}.html' is expected, got {in_brief(filename)}")
    path = Path(filename)
    if path.suffix.lower() in PICTURES:
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
        pictures += svg(inside._replace(title=()), words, f"inlay {key}", living, first)
        first += len(inside.arrows)
    return pictures


def file_text(name: str) -> str:
    """The text of a file that lies beside this one."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _policy(style: str, scripts: list[str]) -> str:
    """What the page may do: run its own script, use its own style, load nothing."""
    allowed = " ".join(map(hashed, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {hashed(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def hashed(code: str) -> str:
    """What a policy calls a script or a style."""
    return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"


def _themes() -> str:
    """The letters, and the colours of both themes: the system's choice, and the reader's."""
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in theme.named.items())
        for theme in THEMES.values()
    )
    return (
        f":root{{--letters:{FONT};--mono:{MONO};{light}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
        "@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{{dark}}}}}\n"
    )


def plain(text: str) -> str:
    """A text from outside in HTML: on one line, without what isn't printed, escaped."""
    return html.escape(shown(text))


def _legend(tale: Tale) -> str:
    """How the picture is read; what was found in it waits for the last step."""
    looks = ' class="finding"' if tale.result.gradient is not None else ""
    lines = [plain(_line(line)) for line in tale.scene.legend]
    return f"<p>{lines[0]}</p>" + "".join(f"<p{looks}>{line}</p>" for line in lines[1:])


def _line(cells: Iterable[Any]) -> str:
    """Texts that stand beside each other, in one."""
    return " · ".join(cell.text for cell in cells).replace(": · ", ": ")


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
