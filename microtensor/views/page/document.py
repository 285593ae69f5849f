"""A graph as one offline HTML page: the picture, stepped through with its story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import GradientError
from ...graph import Graph
from ...tensor import Tensor

if TYPE_CHECKING:
    from .data import PageStep, Tale

START = (
    "The leaves have their numbers, and nothing is computed yet. → or Next goes on; "
    "a click on a card shows its paths to the result."
)
FEW_CARDS = 40  # up to so many are drawn a second time, downwards, for narrow screens


def page(
    result: Tensor,
    filename: Any,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
    text: str = "",
    questions: Mapping[str, str] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    direction: str | None = None,
    gradient: Any = None,
) -> str:
    """Writes a page that steps through a result's graph, forward and backward. Returns its path.

    One HTML file that needs no network: the picture, buttons and keys (← → Home End), every
    step as text, the paths of the variable that is clicked, and a mode in which the learner
    predicts each contribution. Where every value is a single number, the leaves can be changed.

    `title` and `text` (paragraphs with an empty line between them) stand above the picture;
    `questions` and their answers, which open on a click, below it. The other arguments are those
    of `draw`. Needs Graphviz, as `draw(...).save("graph.svg")` does; raises `NoRenderer` where it
    is missing.
    """
    from pathlib import Path

    content = written(result, names, title, text, questions, collapse, expand, direction, gradient)
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(path)


def _file(name: str) -> str:
    """The text of a file that lies beside this one."""
    from pathlib import Path

    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def written(
    result: Tensor,
    names: Mapping[str, Any] | None,
    title: str | None,
    text: str,
    questions: Mapping[str, str] | None,
    collapse: Any,
    expand: Any,
    direction: str | None,
    gradient: Any,
) -> str:
    """The page as text."""
    from ..picture import collapse as collapsing
    from ..picture.rendering import scene
    from ..picture.svg import drawn
    from .data import Tale

    graph = Graph.of(result, names, gradient)
    found = collapsing.units(graph, collapse, expand)
    shown = scene(graph, found, direction)
    tale = Tale(graph, found, shown)
    plain = shown._replace(title=shown.title[:1])
    svg = drawn(plain, tale.words(), "wide", tale.scalar)
    if direction is None and plain.direction == "LR" and len(plain.cards) <= FEW_CARDS:
        svg += drawn(plain._replace(direction="TB"), tale.words(), "tall", tale.scalar)
    program = _program(result, graph, gradient) if tale.scalar else ""
    heading = title or _line(shown.title)
    return _html(heading, text, questions or {}, svg, tale, program)


def _program(result: Tensor, graph: Graph, gradient: Any) -> str:
    """The JavaScript that computes a graph of single numbers from others, where it can be written.

    An operation of one's own that isn't written in NumPy's functions can't.
    """
    from ...program.javascript import javascript
    from ...program.trace import trace

    try:
        return f"const rerun = {javascript(graph, trace(result, gradient, whole=False))};"
    except (ValueError, GradientError):
        return ""


def _html(
    title: str, text: str, questions: Mapping[str, str], svg: str, tale: Tale, program: str
) -> str:
    import json

    from .data import PageStep

    data = json.dumps(tale.data(), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    begin = PageStep("Start", START, {})
    parts = {
        "title": _text(title),
        "intro": "".join(f"<p>{_text(p)}</p>" for p in text.split("\n\n") if p.strip()),
        "questions": "".join(
            f'<details class="question"><summary>{_text(q)}</summary><p>{_text(a)}</p></details>'
            for q, a in questions.items()
        ),
        "svg": svg,
        "legend": "".join(f"<p>{_text(_line(line))}</p>" for line in tale.scene.legend),
        "fields": "".join(_field(card) for card in tale.leaves()) if program else "",
        "steps": "\n".join(_step(i, step) for i, step in enumerate([begin, *tale.steps])),
        "data": data.replace("<", "\\u003c"),
        "style": _themes() + _file("page.css"),
        "program": program,
        "script": _file("page.js"),
    }
    parts["policy"] = _policy(parts["style"], [parts["program"], parts["script"]])
    return _file("page.html").format(**parts)


def _policy(style: str, scripts: list[str]) -> str:
    """What the page may do: run its own script, use its own style, load nothing."""
    from base64 import b64encode
    from hashlib import sha256

    def known(code: str) -> str:
        return f"'sha256-{b64encode(sha256(code.encode()).digest()).decode()}'"

    allowed = " ".join(known(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {known(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _themes() -> str:
    """The colours of both themes as CSS variables: the system's choice, and the reader's."""
    from ..picture.dot import THEMES
    from ..picture.svg import colours

    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in colours(THEMES[theme]).items())
        for theme in ("light", "dark")
    )
    return (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f'@media screen{{:root[data-theme="light"]{{{light}}}'
        f':root[data-theme="dark"]{{{dark}}}}}\n'
    )


def _text(text: str) -> str:
    """A text from outside in HTML: on one line, without what isn't printed, escaped."""
    import html

    from ..picture.dot import cleaned

    return html.escape(cleaned(text, 2000))


def _line(cells: Iterable[Any]) -> str:
    """Texts that stand beside each other, in one."""
    return " · ".join(cell.text.rstrip() for cell in cells).replace(": · ", ": ")


def _field(card: tuple[str, str, str]) -> str:
    """The inputs for a leaf's number."""
    key, name, value = card
    return (
        f'<div class="field"><span>{_text(name)}</span>'
        f'<input type="text" inputmode="decimal" autocomplete="off" data-id="{key}" '
        f'value="{value}" aria-label="{_text(name)}">'
        f'<input type="range" aria-label="{_text(name)}, slider"></div>'
    )


def _step(number: int, step: PageStep) -> str:
    inner = "".join(f"<li><b>{_text(t)}</b> {_text(text)}</li>" for t, text in step.inner)
    if inner:
        inner = f"<details><summary>each operation</summary><ul>{inner}</ul></details>"
    parts = {"numbers": step.numbers, "rule": step.text, "notes": step.notes, "total": step.total}
    said = " ".join(f'<span class="{k}">{_text(t)}</span>' for k, t in parts.items() if t)
    return (
        f'<li><a class="title" href="#step-{number}">{_text(step.title)}</a> '
        f'<span class="text">{said}</span>{inner}</li>'
    )
