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

from ...graph import Graph, Node
from ...lexicon import short
from ..numbers import given, number, size
from ..words import Told, say
from .steps import Teller

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
    """A numbered line of a story (None: no number), and what is said below it."""

    number: int | None
    title: str
    below: tuple[str, ...] = ()


class Spoken(NamedTuple):
    """A step: the node that is computed, or that sends, and its words (None: left out)."""

    speaker: Node
    told: Told | None


class Section(NamedTuple):
    """A heading, and its lines."""

    heading: str
    lines: tuple[Line, ...]


def explained(graph: Graph, wanted: frozenset[str], nudged: Nudged, format: str) -> Story:
    """The story of a graph, told about the gradients of the wanted nodes (none: of all leaves)."""
    if format == "latex":
        from .latex import latex

        text = latex(graph, leading(graph, wanted))
        return Story(text, **{"text/latex": text})
    sections = list(_sections(graph, wanted, nudged))
    result = graph.result
    name, written = result.name, graph.written(result.id)
    title = f"{name} = {result.expression if written == name else written}"
    return shown(title if result.rule else name, sections, format)


def shown(title: str, sections: list[Section], format: str = "text") -> Story:
    """Sections as a story: text, which a notebook shows as HTML, or HTML itself."""
    page = _html(title, sections)
    return Story(page if format == "html" else _text(title, sections), **{"text/html": page})


def leading(graph: Graph, wanted: frozenset[str]) -> frozenset[str]:
    """The nodes that wanted ones lead to, themselves included; all, where none is wanted."""
    if not wanted:
        return frozenset(node.id for node in graph.nodes)
    reached = set(wanted)
    for edge in graph.edges:  # a result's edges come after those of its operands
        if edge.source in reached:
            reached.add(edge.target)
    return frozenset(reached)


def _sections(graph: Graph, wanted: frozenset[str], nudged: Nudged) -> Iterator[Section]:
    steps = list(_steps(graph, leading(graph, wanted)))
    many = sum(node.rule is not None for node in graph.nodes)
    full = len(steps) <= FULL
    first, then = (_forward, _in_full()) if full else (_in_brief, _in_brief)
    if many:
        yield Section(say("story.forward"), tuple(_lines(steps[:many], 1, first)))
    if len(steps) > many:
        yield Section(say("story.backward"), tuple(_lines(steps[many:], many + 1, then)))
        if not full:
            yield Section(say("story.rules"), tuple(_rules(steps[many:])))
    yield Section(say("story.gradients"), tuple(_gradients(graph, wanted, nudged)))


def _steps(graph: Graph, on_path: frozenset[str]) -> Iterator[Spoken]:
    """The steps, forward and then those back to `on_path`; of very many, only some are told."""
    teller = Teller(graph)
    many = sum(node.rule is not None for node in graph.nodes)
    back = 1 + sum(e.contribution is not None and e.source in on_path for e in graph.edges)
    ends = {*_ends(0, many), *_ends(many, many + back)}
    known: set[tuple[str | None, int]] = set()
    count = 0
    for step in graph.steps:
        edge = step.edge
        speaker = step.node if edge is None else graph.node(edge.target)
        rule = ("", 0) if edge is None else (speaker.rule, edge.slot)
        if edge is not None and step.node.id not in on_path:
            teller.hear(step)
        elif count in ends or rule not in known:
            yield Spoken(speaker, teller.tell(step))
        else:
            teller.hear(step)
            yield Spoken(speaker, None)
        if edge is None or step.node.id in on_path:
            known.add(rule)
            count += 1


def _ends(start: int, stop: int) -> Iterable[int]:
    """Of a range of steps those that are told: all, or of very many those at both ends."""
    if stop - start <= MOST:
        return range(start, stop)
    return *range(start, start + ENDS), *range(stop - ENDS, stop)


def _lines(steps: list[Spoken], first: int, tell: Callable[[int, Told], Line]) -> Iterator[Line]:
    """The steps as lines, under the names of their groups; of very many, those at both ends."""
    place: tuple[str, ...] = ()
    shown = set(_ends(0, len(steps)))
    for i, (speaker, told) in enumerate(steps):
        if i not in shown:
            if i == ENDS:
                yield Line(None, _left_out(steps[ENDS:-ENDS]))
            continue
        if speaker.group != place and speaker.group:
            yield Line(None, " › ".join(map(short, speaker.group)) + ":")
        place = speaker.group
        assert told is not None
        yield tell(first + i, told)


def _left_out(steps: list[Spoken]) -> str:
    """How many steps aren't told, and of which rules they are."""
    kinds = Counter(step.speaker.rule for step in steps).most_common()
    said = ", ".join(say("story.kind", steps=count, rule=rule) for rule, count in kinds[:4])
    said += say("story.kinds", len(kinds) - 4) if len(kinds) > 4 else ""
    return say("story.skipped", steps=len(steps), kinds=said)


def _in_brief(number: int, t: Told) -> Line:
    alone = not t.step.waiting and "arrived" not in t.total
    return Line(number, t.brief if alone else f"{t.brief}. {t.total}".removesuffix("."))


def _forward(number: int, t: Told) -> Line:
    return Line(number, t.brief, t.notes)


def _in_full() -> Callable[[int, Told], Line]:
    """Tells each step in all its sentences, but the reason of a rule only at its first time."""
    known: set[str] = set()

    def tell(number: int, t: Told) -> Line:
        if t.kind in known:
            t = t._replace(reason="")
        known.add(t.kind)
        return Line(number, t.title, t.sentences)

    return tell


def _rules(steps: list[Spoken]) -> Iterator[Line]:
    """The reason of each rule, once, with what there is to see where it first works."""
    known: set[str] = set()
    for speaker, told in steps:
        if told is not None and told.kind and told.kind not in known:
            known.add(told.kind)
            said = " ".join((told.reason.removeprefix(say("rule", reason="")), *told.notes))
            yield Line(None, f"{speaker.name} = {speaker.expression}: {said}")


def _gradients(graph: Graph, wanted: frozenset[str], nudged: Nudged) -> Iterator[Line]:
    """The gradients of the wanted nodes (none: of the leaves), each checked by a nudge."""
    result = graph.result
    if result.gradient is None:
        yield Line(None, _why_none(result))
        return
    asked = [x for x in graph.nodes if (x.id in wanted if wanted else x.role == "parameter")]
    found = [node for node in asked or [result] if node.gradient is not None]
    middle = math.nan
    some = next((node for node in found if np.size(node.value)), None)
    if some is not None and _checkable(graph, len(found)):
        middle = nudged(some.id, (0,) * np.ndim(some.value), 0.0)
    for node in found[:MOST_CHECKED]:
        gradient = given(f"∂{result.name}/∂{node.name}", node.gradient)
        checked = "" if math.isnan(middle) else _check(node, result, nudged, middle)
        yield Line(None, f"{gradient}{checked and ';  '}{checked}")
    if len(found) > MOST_CHECKED:
        yield Line(None, say("more", more=len(found) - MOST_CHECKED))


def _checkable(graph: Graph, many: int) -> bool:
    """Whether L is one number whose gradient is 1, and running it again takes a second at most."""
    result = graph.result
    entries = sum(np.size(node.value) + 100 for node in graph.nodes)  # a call is worth 100 entries
    plain = np.size(result.value) == 1 and np.all(np.equal(result.gradient, 1))
    return bool(plain) and 2 * min(many, MOST_CHECKED) * entries <= MOST_REPLAYED


def _why_none(result: Node) -> str:
    name = result.name
    if not result.tracked:
        return say("none.untracked")
    if np.size(result.value) != 1:
        return say("none.wide", name=name, size=size(np.shape(result.value)))
    return say("none.changed", name=name)


def _check(node: Node, result: Node, nudged: Nudged, middle: float) -> str:
    """What a small step of one entry does: `w + 1e−6 moves L by 2.642e−6`; '' if nothing is seen.

    A step is 1e-6 of a number's power of ten. What a rounding of the result could do isn't seen.
    """
    name, out = node.name, result.name
    gradient = np.asarray(node.gradient)
    if not np.isfinite(gradient).all() or not gradient.size:
        return ""
    entry = tuple(map(int, np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)))
    x, slope = float(np.asarray(node.value)[entry]), float(gradient[entry])
    if not math.isfinite(x):
        return ""
    step = 1e-6 * 10 ** max(0, math.floor(math.log10(abs(x)))) if x else 1e-6
    low, high = (nudged(node.id, entry, h) for h in (-step, step))
    up, down = high - middle, middle - low
    largest = max(abs(up), abs(down), abs(slope * step))
    if not math.isfinite(up - down) or math.ulp(middle) > 1e-5 * largest > 0:
        return ""
    if gradient.ndim:
        name = f"{name}[{', '.join(map(str, entry))}]"
    moved = say("nudge", name=name, step=number(step), out=out, up=number(up))
    if abs(up - down) > 1e-2 * max(abs(up), abs(down)):
        kink = say("nudge.kink", moved=moved, name=name, step=number(step), down=number(-down))
        return kink if abs(slope * step - up) > 1e-3 * abs(up) else moved
    return moved


# As text and as HTML ----------------------------------------------------------------------------


def _text(title: str, sections: list[Section]) -> str:
    """Paragraphs that fit a terminal."""
    parts = [_wrapped(title, "", "  ")]
    for section in sections:
        parts.append(f"\n{section.heading}")
        for line in section.lines:
            lead = f"{line.number:>5}  " if line.number else "  "
            parts.append(_wrapped(line.title, lead, "       " if line.number else "    "))
            parts += [_wrapped(text, "       ", "         ") for text in line.below]
    return printable("\n".join(parts))


def _wrapped(text: str, first: str, then: str) -> str:
    kept = KEPT.sub(lambda match: match[0].replace(" ", "\xa0"), text)
    filled = textwrap.fill(
        kept,
        WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace("\xa0", " ")


def printable(text: str) -> str:
    """Text without control characters and lone surrogates, which names may bring along."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _html(title: str, sections: list[Section]) -> str:
    """A fragment of a page."""
    parts = ['<div class="microtensor-story">', f"<h3>{_escaped(title)}</h3>"]
    for section in sections:
        parts.append(f"<h4>{_escaped(section.heading)}</h4>")
        for told_more, lines in groupby(section.lines, key=lambda line: bool(line.below)):
            some = [_lines_of(line) for line in lines]
            parts += [f"<p>{text}</p>" for text in (some if told_more else ["<br>".join(some)])]
    return "\n".join([*parts, "</div>"])


def _lines_of(line: Line) -> str:
    head = _escaped(f"{line.number}. {line.title}" if line.number else line.title)
    below = "".join(f"<br>{_escaped(text)}" for text in line.below)
    return f"<strong>{head}</strong>{below}" if below else head


def _escaped(text: str) -> str:
    return html.escape(printable(text))
