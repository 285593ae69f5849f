"""A whole story: every step, then each gradient with its check; as text, HTML or LaTeX."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ...graph import Graph, Node, Step
from ...lexicon import LONGEST_NAME, cut
from ..languages import chosen
from ..numbers import given, number
from ..words import Told, kind_of_reason, reason, say, why_none
from .steps import copied, notes, tell

WIDTH = 88
FULL = 40  # up to so many steps are told in full, up to MOST in a line each
MOST = 160
ENDS = 10  # of a longer story, so many steps at its start and at its end
MOST_CHECKED = 20  # gradients listed at the end
MOST_REPLAYED = 300_000_000  # entries computed again to check the gradients
FORMATS = ("text", "latex", "html")

# What stays on one line: a row, a product with its result, a result
KEPT = re.compile(r"\[[^\[\]]*\]|\S+ × \S+(?: [=≈] \S+)?|[=≈] \S+")

Nudged = Callable[[str, tuple[int, ...], float], float]


class Story(str):
    """Text that shows itself: `print` it, or let a notebook show it, as a page where it can."""

    shown: dict[str, str]

    def __new__(cls, text: str, **shown: str) -> Story:
        story = super().__new__(cls, text)
        story.shown = shown
        return story

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self)} | self.shown


class Line(NamedTuple):
    """A line of a story, what is said below it, and its number, if it has one."""

    title: str
    below: tuple[str, ...] = ()
    number: int | None = None


Section = tuple[str, list[Line]]  # a heading, and its lines


def explained(graph: Graph, wanted: frozenset[str], nudged: Nudged, format: str) -> Story:
    """The story of a graph, told about the gradients of the wanted nodes (none: of all leaves)."""
    if format == "latex":
        from .latex import latex

        text = latex(graph, leading(graph, wanted))
        return Story(text, **{"text/latex": text})
    result, written = graph.result, graph.written(graph.result.id)
    title = f"{result.name} = {result.expression if written == result.name else written}"
    return shown(title if result.rule else result.name, _sections(graph, wanted, nudged), format)


def shown(title: str, sections: Iterable[Section], format: str = "text") -> Story:
    """Sections as a story: text, which a notebook shows as HTML, or HTML itself."""
    sections = list(sections)
    page = _html(title, sections)
    return Story(page if format == "html" else _text(title, sections), **{"text/html": page})


def plain(key: str, lines: Iterable[str]) -> Section:
    """A section of lines without numbers; its heading is in the catalogue."""
    return say(key), list(map(Line, lines))


def leading(graph: Graph, wanted: frozenset[str]) -> frozenset[str]:
    """The nodes whose gradients go on to wanted ones, these included; all, where none is wanted."""
    if not wanted:
        return frozenset(node.id for node in graph.nodes)
    reached = set(wanted)
    for edge in graph.edges:  # a result's edges come after those of its operands
        if edge.source in reached and edge.contribution is not None:
            reached.add(edge.target)
    return frozenset(reached)


def _sections(graph: Graph, wanted: frozenset[str], nudged: Nudged) -> Iterator[Section]:
    on_path = leading(graph, wanted)
    steps = [step for step in graph.steps if step.edge is None or step.node.id in on_path]
    many = sum(step.kind == "forward" for step in steps)
    full = len(steps) <= FULL
    if many:
        yield say("story.forward"), list(_lines(graph, steps[:many], 1, full))
    if len(steps) > many:
        yield say("story.backward"), list(_lines(graph, steps[many:], many + 1, full))
        if not full:
            yield plain("story.rules", _rules(graph, steps[many:]))
    yield plain("story.gradients", _gradients(graph, wanted, nudged))


def _lines(graph: Graph, steps: list[Step], first: int, full: bool) -> Iterator[Line]:
    """The steps as lines, under the names of their groups; of very many, those at both ends."""
    place: tuple[str, ...] = ()
    known: set[str] = set()
    left_out = range(ENDS, len(steps) - ENDS) if len(steps) > MOST else ()
    for i, step in enumerate(steps):
        if i in left_out:
            if i == ENDS:
                yield Line(_left_out(graph, steps[ENDS:-ENDS]))
            continue
        group = _speaker(graph, step).group
        if group != place and group:
            yield Line(" › ".join(cut(name, LONGEST_NAME) for name in group) + ":")
        place = group
        told = tell(graph, step)
        yield _line(first + i, told, full, told.kind in known, len(graph.arrivals(step.node.id)))
        known.add(told.kind)


def _line(i: int, told: Told, full: bool, known: bool, parts: int) -> Line:
    """A step: forward in a line, with notes, and backward in all its sentences, or in a line.

    A reason that is known isn't told again.
    """
    if not full:
        total = told.total if parts > 1 else ""
        return Line(f"{told.brief}. {total}".removesuffix(".") if total else told.brief, (), i)
    if told.step.kind == "forward":
        return Line(told.brief, told.notes, i)
    return Line(told.title, (told._replace(reason="") if known else told).sentences, i)


def _speaker(graph: Graph, step: Step) -> Node:
    """What is computed, or what sends."""
    return step.node if step.edge is None else graph.node(step.edge.target)


def _left_out(graph: Graph, steps: list[Step]) -> str:
    """How many steps aren't told, and of which rules they are."""
    kinds = Counter(_speaker(graph, step).rule for step in steps).most_common()
    said = ", ".join(say("story.kind", steps=count, rule=rule) for rule, count in kinds[:4])
    said += say("story.kinds", len(kinds) - 4) if len(kinds) > 4 else ""
    return say("story.skipped", steps=len(steps), kinds=said)


def _rules(graph: Graph, steps: list[Step]) -> Iterator[str]:
    """The reason of each rule, once, with what there is to see where it first works."""
    known: set[str] = set()
    for step in steps:
        if step.edge is not None:
            speaker, kind = _speaker(graph, step), kind_of_reason(graph, step.edge)
            if kind not in known:
                why = reason(graph, step.edge)
                seen = copied(step.node, speaker), *notes(step.edge, step.node, speaker)
                said = " ".join(filter(None, (why, *seen)))
                yield f"{speaker.name} = {speaker.expression}: {said}"
            known.add(kind)


def _gradients(graph: Graph, wanted: frozenset[str], nudged: Nudged) -> Iterator[str]:
    """The gradients of the wanted nodes (none: of the leaves), each checked by a nudge."""
    result = graph.result
    if result.gradient is None:
        yield say("none", why=why_none(result))
        return
    asked = [x for x in graph.nodes if (x.id in wanted if wanted else x.role == "parameter")]
    found = [node for node in asked or [result] if node.gradient is not None]
    middle = math.nan
    some = next((node for node in found if np.size(node.value)), None)
    if some is not None and _checkable(graph, len(found)):
        middle = nudged(some.id, (0,) * np.ndim(some.value), 0.0)
    for node in found[:MOST_CHECKED]:
        gradient = given(f"∂{graph.differentiated}/∂{node.name}", node.gradient)
        checked = "" if math.isnan(middle) else _check(node, result, nudged, middle)
        yield f"{gradient};  {checked}" if checked else gradient
    if len(found) > MOST_CHECKED:
        yield say("more", more=len(found) - MOST_CHECKED)


def _checkable(graph: Graph, many: int) -> bool:
    """Whether L is one number whose gradient is 1, and running it again takes a second at most."""
    result = graph.result
    entries = sum(np.size(node.value) + 100 for node in graph.nodes)  # a call is worth 100 entries
    single = np.size(result.value) == 1 and np.all(np.equal(result.gradient, 1))
    return bool(single) and 2 * min(many, MOST_CHECKED) * entries <= MOST_REPLAYED


def _check(node: Node, result: Node, nudged: Nudged, middle: float) -> str:
    """What a small step of one entry does: `w + 1e−6 moves L by 2.642e−6`; '' if nothing is seen.

    A step is 1e-6 of a number's power of ten. What a rounding of the result could do isn't seen.
    Where it moves the result otherwise than the gradient says, a thousandth of it tells a kink,
    where slopes differ on both sides as they did, from a function that bends within the step.
    """
    gradient = np.asarray(node.gradient)
    if not np.isfinite(gradient).all() or not gradient.size:
        return ""
    entry = tuple(map(int, np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)))
    x, slope = float(np.asarray(node.value)[entry]), float(gradient[entry])
    if not math.isfinite(x):
        return ""
    step = 1e-6 * 10 ** max(0, math.floor(math.log10(abs(x)))) if x else 1e-6
    name = at(node, entry)

    def moves(step: float) -> tuple[float, float, str, bool]:
        up = nudged(node.id, entry, step) - middle
        down = middle - nudged(node.id, entry, -step)
        moved = say("nudge", name=name, step=number(step), out=result.name, up=number(up))
        return up, down, moved, abs(slope * step - up) <= 1e-3 * abs(up)

    up, down, moved, agrees = moves(step)
    largest = max(abs(up), abs(down), abs(slope * step))
    if not math.isfinite(up - down) or math.ulp(middle) > 1e-5 * largest > 0:
        return ""
    if agrees:
        return moved
    near_up, near_down, near_moved, agrees = moves(step / 1000)
    differ = abs(up - down) > 1e-2 * max(abs(up), abs(down))
    if differ and 2000 * abs(near_up - near_down) > abs(up - down):
        return say("nudge.kink", moved=moved, name=name, step=number(step), down=number(-down))
    return near_moved if agrees else moved


def at(node: Node, entry: tuple[int, ...]) -> str:
    """An entry by name: `W1[3, 5003]`, or `b`."""
    return f"{node.name}[{', '.join(map(str, entry))}]" if entry else node.name


# As text and as HTML ----------------------------------------------------------------------------


def _text(title: str, sections: list[Section]) -> str:
    """Paragraphs that fit a terminal."""
    parts = [_wrapped(title, "", "  ")]
    for heading, lines in sections:
        parts.append(f"\n{_wrapped(heading, '', '  ')}")
        for line in lines:
            lead = f"{line.number:>5}  " if line.number else "  "
            parts.append(_wrapped(line.title, lead, "       " if line.number else "    "))
            parts += [_wrapped(text, "       ", "         ") for text in line.below]
    return "\n".join(parts)


def _wrapped(text: str, first: str, then: str) -> str:
    kept = KEPT.sub(lambda match: match[0].replace(" ", "\xa0"), text)
    lines = textwrap.TextWrapper(WIDTH, first, then, break_long_words=False, break_on_hyphens=False)
    return lines.fill(kept).replace("\xa0", " ")


def _html(title: str, sections: list[Section]) -> str:
    """A fragment of a page."""
    parts = [
        f'<div class="microtensor-story" lang="{chosen()}">',
        f"<h3>{html.escape(title)}</h3>",
    ]
    for heading, lines in sections:
        parts.append(f"<h4>{html.escape(heading)}</h4>")
        for told_more, several in groupby(lines, key=lambda line: bool(line.below)):
            some = [_lines_of(line) for line in several]
            parts += [f"<p>{text}</p>" for text in (some if told_more else ["<br>".join(some)])]
    return "\n".join([*parts, "</div>"])


def _lines_of(line: Line) -> str:
    head = html.escape(f"{line.number}. {line.title}" if line.number else line.title)
    below = "".join(f"<br>{html.escape(text)}" for text in line.below)
    return f"<strong>{head}</strong>{below}" if below else head
