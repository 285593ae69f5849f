"""One entry of a tensor: which entries it reaches, and what each of them sends back to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import apart, close, number, product, size, summed, total
from ..words import MOST_PARTS, say, use
from .telling import Line, Section, Story, at, plain, shown

Entry = tuple[int, ...]
Column = Callable[[str, int, Entry], Any]


class Part(NamedTuple):
    """What an entry of a target sends: upstream × local."""

    entry: Entry
    upstream: float
    local: float

    @property
    def sent(self) -> float:
        """The product."""
        return self.upstream * self.local


def place(graph: Graph, what: str) -> tuple[Node, Entry]:
    """The node and the entry that a text such as `W1[3, 5003]` or `b` names."""
    if not isinstance(what, str):
        raise TypeError(f"follow: an entry is text such as 'W[0, 0]', got {what!r}")
    name, index = what, ""
    if graph.find(what) is None and what.endswith("]"):
        name, _, index = what[:-1].rpartition("[")
    node = graph.tracked("follow", name)
    if node.gradient is None:
        raise ValueError(f"follow: {name!r} has no gradient")
    shape = np.shape(node.value)
    example = repr(f"{name}[{', '.join('0' * len(shape))}]" if shape else name)
    try:
        entry = tuple(int(part) for part in index.split(",")) if index.strip() else ()
    except ValueError:
        raise ValueError(
            f"follow: an entry is whole numbers, such as {example}, got {what!r}"
        ) from None
    if len(entry) != len(shape):
        raise ValueError(
            f"follow: {name!r} is {size(shape)}, so an entry is {example}, got {what!r}"
        )
    if any(not -n <= k < n for k, n in zip(entry, shape, strict=True)):
        raise IndexError(f"follow: {what!r} is outside of {name!r}, which is {size(shape)}")
    return node, tuple(k % n for k, n in zip(entry, shape, strict=True))


def reaches(
    graph: Graph, node: Node, entry: Entry, column: Column
) -> Iterator[tuple[Edge, list[Part]]]:
    """What arrives at one entry of a node, edge by edge."""
    for edge in graph.leaving(node.id):
        if edge.contribution is not None:
            local = np.asarray(column(edge.target, edge.slot, entry))
            upstream = np.asarray(graph.node(edge.target).gradient, dtype=float)
            reached = [tuple(map(int, index)) for index in np.argwhere(local)]
            yield (
                edge,
                [Part(there, float(upstream[there]), float(local[there])) for there in reached],
            )


def followed(graph: Graph, what: str, column: Column) -> Story:
    """The contributions that made the gradient of one entry."""
    start, first = place(graph, what)
    name = f"∂{graph.result.name}/∂{at(start, first)}"
    gradient = float(np.asarray(start.gradient)[first])
    moved, node, entry = [], start, first
    while True:
        found = list(reaches(graph, node, entry, column))
        if len(found) != 1 or [part.local for part in found[0][1]] != [1]:
            break
        target, there = graph.node(found[0][0].target), found[0][1][0].entry
        if not target.row.moves:
            break
        since = f"{target.name} = {target.expression}"
        moved.append(
            say("entry.moves", entry=at(node, entry), there=at(target, there), since=since)
        )
        node, entry = target, there
    sections = [plain("entry.where", moved)] if moved else []
    sections += [_sent(graph, node, entry, edge, parts) for edge, parts in found]
    sent = [part.sent for _, parts in found for part in parts]
    sent += [gradient] if node is graph.result else []
    sections.append(plain("entry.sum", [_sum(sent, name, gradient, start)]))
    return shown(f"{name} = {number(gradient)}", sections)


def _sent(graph: Graph, node: Node, entry: Entry, edge: Edge, parts: list[Part]) -> Section:
    """The largest contributions of one edge, and what the others add up to."""
    target, here, out = graph.node(edge.target), at(node, entry), graph.result.name
    since = f"{target.name} = {target.expression}"
    if not parts:
        return say("entry.none", entry=here, since=since), []
    partner = _partner(graph, edge)
    parts = sorted(parts, key=lambda part: -abs(part.sent))
    lines = []
    for part in parts[:MOST_PARTS]:
        there = at(target, part.entry)
        left, right = product(part.upstream, part.local, part.sent)
        local = f"∂{there}/∂{here}"
        if partner:
            i, j = (entry[1], part.entry[1]) if edge.slot == 0 else (part.entry[0], entry[0])
            local = at(partner, (i, j))
        lines.append(f"∂{out}/∂{there} × {local}:  {left} {right}")
    rest = [part.sent for part in parts[MOST_PARTS:]]
    if rest:
        zeros, whole = rest.count(0), number(summed(rest))
        key = "entry.zeros" if zeros else "entry.others"
        lines.append(say(key, others=len(rest), sum=whole, zeros=zeros))
    many = say("entry", len(parts), name=target.name)
    what, since = many if np.ndim(target.value) else target.name, since + use(graph, edge)
    return say("entry.reaches", entry=here, what=what, since=since), list(map(Line, lines))


def _partner(graph: Graph, edge: Edge) -> Node | None:
    """In a product of matrices the other one, whose entries are the local derivatives."""
    operands = graph.operands(edge.target)
    if graph.node(edge.target).rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands):
        return operands[1 - edge.slot]
    return None


def _sum(sent: list[float], name: str, gradient: float, node: Node) -> str:
    """That the contributions add up to the entry's gradient."""
    whole = summed(sent)
    said = total(sorted(sent, key=abs, reverse=True), whole, MOST_PARTS)
    if close(apart(whole, gradient), max(map(abs, [*sent, gradient])), node.gradient):
        return say("entry.same", sum=said, name=name)
    key = "entry.other" if math.isfinite(whole) and math.isfinite(gradient) else "entry.overflow"
    return say(key, sum=said, name=name, gradient=number(gradient))
