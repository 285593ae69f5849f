"""What the views say: a sentence of the catalogue by its key, counts, and a step in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Edge, Graph, Node, Step
from ..lexicon import Row, spoken
from .languages import ENGLISH, spoken_row
from .languages import spoken as language

MOST_PARTS = 6  # a sum is written out up to so many parts
GROUPED = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?!\d)")  # a count, as Python writes it
LARGE = {12: "trillion", 9: "billion", 6: "million"}


class Told(NamedTuple):
    """A step in words.

    `title` is `p = w · x` or `p sends to w`; `brief` tells the step in a line, `p sends to w:
    0.5 × (−1) = −0.5`. In sentences, `numbers` is what is computed; backward, `reason` is why
    the local derivative is what it is, `copied` what broadcasting did, `notes` what else there is
    to see (`The gate is 42 % open.`), and `total` what has arrived so far, and how much is still to
    come. Steps of a `kind` have the same reason.
    """

    step: Step
    title: str
    brief: str
    numbers: str
    reason: str = ""
    copied: str = ""
    notes: tuple[str, ...] = ()
    total: str = ""
    kind: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said, in order."""
        said = (self.numbers, self.reason, self.copied, *self.notes, self.total)
        return tuple(sentence for sentence in said if sentence)

    @property
    def text(self) -> str:
        """The sentences in a row."""
        return " ".join(self.sentences)


def in_words(graph: Graph) -> Graph:
    """A graph, in which what the lexicon's rows say is in the language that is spoken."""
    if language().code == ENGLISH:
        return graph
    rows = [(node, spoken_row(node.row)) for node in graph.nodes]
    return graph.retold(tuple(x if x.row is row else x._replace(row=row) for x, row in rows))


def say(key: str, count: int | None = None, **fields: Any) -> str:
    """A sentence, with its fields filled in; with a count, its form for one, many, or another."""
    known = language()
    if count is not None:
        form = f"{key}.{known.form(count)}"
        key = form if form in known.sentences else f"{key}.many"
        fields["count"] = counted(count)
    said = filled(known.sentences[key], **fields)
    return GROUPED.sub(lambda found: known.grouped(found[0]), said)


def filled(text: str, *names: Any, **fields: Any) -> str:
    """A text with its fields filled in; a name that is a word of the language, too, in quotes.

    In Spanish `a` and `y` are words: «z recibe de «a»». A name within a formula, ∂L/∂a, is none.
    """
    known = language().sentences
    words = known["name.words"].split()
    for field, name in (*enumerate(names), *fields.items()):
        if isinstance(name, str) and name in words:
            quoted = known["name.quoted"].replace("name", str(field))
            alone = rf"(?<![^\s(])(?<![@=] )\{{{field}\}}(?![^\s,.;:?)]| [@=])"
            text = re.sub(alone, quoted, text)
    return text.format(*names, **fields)


def why_none(result: Node) -> str:
    """Why there are no gradients."""
    if not result.tracked:
        return say("none.untracked")
    shape = "×".join(map(str, np.shape(result.value)))
    return say("none.wide", name=result.name, size=shape)


def reason(graph: Graph, edge: Edge) -> str:
    """Why an edge's local derivative is what it is, as a sentence."""
    target, operands = graph.node(edge.target), graph.operands(edge.target)
    names = [node.name for node in operands]
    me, other = names[edge.slot], names[(edge.slot + 1) % len(names)]
    kind = kind_of_reason(graph, edge)
    said = filled(kind, *names, out=target.name, L=graph.differentiated, me=me, other=other)
    return said if said.endswith((".", "!", "?")) else f"{said}."


def kind_of_reason(graph: Graph, edge: Edge) -> str:
    """The same without names, which edges that work alike have in common."""
    why = case(graph, edge.target).why
    rule = graph.node(edge.target).rule
    return spoken(why, edge.slot) if why else say("rule.own", rule=rule)


def case(graph: Graph, identity: str) -> Row:
    """What the lexicon says of a node with these operands."""
    node = graph.node(identity)
    operands = graph.operands(identity) if node.row.by else ()
    shapes = [np.shape(x.value) for x in operands]
    return node.row.case([x.name for x in operands], node.options, shapes)


def conditional(formula: str) -> bool:
    """Whether a local derivative depends on a condition, and is no equation: `1 if x > 0 else 0`.

    A row of the user's own may be in Python in any language. On a page, the script asks the same.
    """
    return " if " in formula or say("script.if") in formula


def slope(graph: Graph, edge: Edge) -> str:
    """An edge's local derivative: `∂p/∂w`, `∂p/∂w (2nd)`, `∂L/∂w (direct)`."""
    written = f"∂{graph.node(edge.target).name}/∂{graph.node(edge.source).name}"
    return written + way(graph, edge)


def way(graph: Graph, edge: Edge) -> str:
    """` (2nd)` of several uses; ` (direct)` of a use by the result itself, beside others; else ''.

    Without the word, `∂p/∂w` is the sum over all uses, and `∂L/∂w` the gradient.
    """
    if which := use(graph, edge, "use.brief"):
        return which
    among = len(graph.arrivals(edge.source)) > 1
    alike = graph.node(edge.target).name == graph.differentiated
    return f" {say('direct')}" if among and alike else ""


def use(graph: Graph, edge: Edge, key: str = "use") -> str:
    """Which use of a value an edge is, ` (1st use)`; '' where it is the only one."""
    place = graph.ordinal(edge)
    return f" {say(key, ordinal=language().ordinal(place))}" if place else ""


def counted(count: int) -> str:
    """A count, which can have thousands of digits: `1,073,741,824`, `about 2e3010`."""
    if count < 10**15:
        return f"{count:,}"
    power = math.log10(count)
    mantissa, _, carry = f"{10 ** (power % 1):.2e}".partition("e")
    return say("about", number=f"{float(mantissa):g}e{int(power) + int(carry)}")


def large(count: int) -> str:
    """A large number of things in a few characters: 8,360 or about 10.7 billion."""
    if count < 10**15:
        for power, word in LARGE.items():
            if count >= 10**power:
                number = f"{count / 10**power:.3g}"
                return say(word, 1 if number == "1" else 2, number=number)
    return counted(count)


def listed(texts: Iterable[Any], most: int) -> str:
    """`3, 7 and 12`, in at most so many parts, the last of which may be how many more there are."""
    *some, last = map(str, texts)
    if len(some) >= most:
        last = say("page.more", more=len(some) + 2 - most)
        del some[most - 1 :]
    return ", ".join(some) + say("and") + last if some else last


def percent(chosen: Any) -> str:
    """The share of entries that are true: 42 %."""
    return f"{100 * float(np.mean(chosen)):.3g} %"


def axes_named(axes: Sequence[int]) -> str:
    """`axis 0`, or `axes 0, 1 and 2`."""
    return say("axes", len(axes), axes=listed(axes, len(axes)))
