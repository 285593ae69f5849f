"""One entry of a tensor: which entries it reaches, and what each of them sends back to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ...lexicon import row
from ..numbers import close, number, product, size, total
from ..words import say
from .telling import Line, Section, Story, shown

MOST_LISTED = 6

Entry = tuple[int, ...]
Column = Callable[[str, int, Entry], Any]


class Reach(NamedTuple):
    """What one edge sends to one entry: the target's entries reached, upstream × local of each."""

    edge: Edge
    target: Node
    entries: list[Entry]
    upstream: list[float]
    local: list[float]

    @property
    def contributions(self) -> list[float]:
        """What each entry sends."""
        return [u * d for u, d in zip(self.upstream, self.local, strict=True)]


def place(graph: Graph, what: str) -> tuple[Node, Entry]:
    """The node and the entry that a text such as `W1[3, 5003]` or `b` names."""
    if not isinstance(what, str):
        raise TypeError(f"follow: an entry is text such as 'W[0, 0]', got {what!r}")
    name, index = what, ""
    if graph.find(what) is None and what.endswith("]"):
        name, _, index = what[:-1].rpartition("[")
    node = graph.find(name)
    if node is None:
        known = ", ".join(node.name for node in graph.nodes if node.tracked and node.named)
        raise ValueError(
            f"follow: there is no {name!r}; there is: {known or 'nothing with a name'}"
        )
    if not node.tracked or node.gradient is None:
        raise ValueError(f"follow: {name!r} has no gradient")
    shape = np.shape(node.value)
    try:
        entry = tuple(int(part) for part in index.split(",")) if index.strip() else ()
    except ValueError:
        raise ValueError(
            f"follow: an entry is whole numbers, such as {_example(name, shape)}, got {what!r}"
        ) from None
    if len(entry) != len(shape):
        raise ValueError(
            f"follow: {name!r} is {size(shape)}, so an entry is {_example(name, shape)}, "
            f"got {what!r}"
        )
    for k, n in zip(entry, shape, strict=True):
        if not -n <= k < n:
            raise IndexError(f"follow: {what!r} is outside of {name!r}, which is {size(shape)}")
    return node, tuple(k % n for k, n in zip(entry, shape, strict=True))


def _example(name: str, shape: tuple[int, ...]) -> str:
    return repr(f"{name}[{', '.join('0' * len(shape))}]" if shape else name)


def reaches(graph: Graph, node: Node, entry: Entry, column: Column) -> Iterator[Reach]:
    """What arrives at one entry of a node, edge by edge."""
    for edge in graph.leaving(node.id):
        if edge.contribution is not None:
            target = graph.node(edge.target)
            local = np.asarray(column(edge.target, edge.slot, entry))
            upstream = np.asarray(target.gradient, dtype=float)
            where = np.argwhere(local != 0)
            entries = [tuple(map(int, index)) for index in where]
            yield Reach(
                edge,
                target,
                entries,
                [float(upstream[index]) for index in entries],
                [float(local[index]) for index in entries],
            )


def followed(graph: Graph, what: str, column: Column) -> Story:
    """The contributions that made the gradient of one entry."""
    node, entry = place(graph, what)
    result = graph.result
    asked = at(node, entry)
    gradient = float(np.asarray(node.gradient)[entry])
    title = f"∂{result.name}/∂{asked} = {number(gradient)}"
    moved = []
    while True:
        found = list(reaches(graph, node, entry, column))
        alone = len(found) == 1 and found[0].local == [1.0]
        if not alone or not row(str(found[0].target.rule)).moves:
            break
        target = found[0].target
        there = at(target, found[0].entries[0])
        said = say("entry.moves", entry=at(node, entry), there=there, since=_computed(target))
        moved.append(Line(None, said))
        node, entry = target, found[0].entries[0]
    sections = [Section(say("entry.where"), tuple(moved))] if moved else []
    sections += [_sent(graph, node, entry, reach) for reach in found]
    sections.append(Section(say("entry.sum"), tuple(_sum(found, result, node, asked, gradient))))
    return shown(title, sections)


def at(node: Node, entry: Entry) -> str:
    """An entry by name: `W1[3, 5003]`, or `b`."""
    name = node.name
    return f"{name}[{', '.join(map(str, entry))}]" if entry else name


def _computed(node: Node) -> str:
    return f"{node.name} = {node.expression}"


def _sent(graph: Graph, node: Node, entry: Entry, reach: Reach) -> Section:
    """The largest contributions of one edge, and what the others add up to."""
    target, sent = reach.target, reach.contributions
    here, out = at(node, entry), graph.result.name
    if not sent:
        return Section(say("entry.none", entry=here, since=_computed(target)), ())
    order = sorted(range(len(sent)), key=lambda i: -abs(sent[i]))
    factors = _factors(graph, reach, entry)
    lines = []
    for i in order[:MOST_LISTED]:
        there = at(target, reach.entries[i])
        left, right = product(reach.upstream[i], reach.local[i], sent[i])
        known = factors(reach.entries[i]) or f"∂{there}/∂{here}"
        lines.append(Line(None, f"∂{out}/∂{there} × {known}:  {left} {right}"))
    rest = [sent[i] for i in order[MOST_LISTED:]]
    if rest:
        zero = sum(x == 0 for x in rest)
        key = "entry.zeros" if zero else "entry.others"
        said = say(key, others=len(rest), sum=number(math.fsum(rest)), zeros=zero)
        lines.append(Line(None, said))
    what = target.name
    what = say("entry", len(sent), name=what) if np.ndim(target.value) else what
    use = graph.ordinal(reach.edge)
    since = _computed(target) + (" " + say("use", ordinal=use) if use else "")
    return Section(say("entry.reaches", entry=here, what=what, since=since), tuple(lines))


def _factors(graph: Graph, reach: Reach, entry: Entry) -> Callable[[Entry], str]:
    """How the local derivative of a product of matrices is called: the partner's entry."""
    operands = graph.operands(reach.target.id)
    if reach.target.rule != "matmul" or any(np.ndim(x.value) != 2 for x in operands):
        return lambda there: ""
    other = operands[1 - reach.edge.slot]
    if reach.edge.slot == 0:
        return lambda there: at(other, (entry[1], there[1]))
    return lambda there: at(other, (there[0], entry[0]))


def _sum(
    found: list[Reach], result: Node, node: Node, asked: str, gradient: float
) -> Iterator[Line]:
    """That the contributions add up to the entry's gradient."""
    parts = sorted((x for reach in found for x in reach.contributions), key=abs, reverse=True)
    if node.id == result.id:
        parts.append(gradient)
    whole = math.fsum(parts)
    said = number(whole)
    if 1 < len(parts) <= MOST_LISTED:
        equal, _, text = total(parts, whole).partition(" ")
        said = f"{text} {equal} {said}"
    name = f"∂{result.name}/∂{asked}"
    if close(whole - gradient, max(map(abs, [*parts, gradient])), node.gradient):
        yield Line(None, say("entry.same", sum=said, name=name))
    else:
        yield Line(None, say("entry.other", sum=said, name=name, gradient=number(gradient)))
