"""One entry of a tensor: which entries it reaches, and what each of them sends back to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...errors import in_brief
from ...graph import Edge, Graph, Node
from ...lexicon import ROWS
from ..languages import ENGLISH, speaking
from ..numbers import apart, close, number, product, summed, total
from ..words import MOST_PARTS, say, use, way, why_none
from .telling import Line, Section, Story, at, plain, shown

Entry = tuple[int, ...]
Column = Callable[[str, int, Entry], Any]


class Reached(NamedTuple):
    """The entries of an edge's target that an entry reaches; each sends upstream × local."""

    edge: Edge
    entries: Any
    upstream: Any
    local: Any

    @property
    def sent(self) -> list[float]:
        """The products."""
        return (self.upstream * self.local).tolist()  # type: ignore[no-any-return]


def place(graph: Graph, what: str) -> tuple[Node, Entry]:
    """The node and the entry that a text such as `W1[3, 5003]` or `b` names."""
    if not isinstance(what, str):
        raise TypeError(f"follow: an entry is text such as 'W[0, 0]', got {in_brief(what)}")
    name, index = what, ""
    if graph.find(what) is None and what.endswith("]"):
        name, _, index = what[:-1].rpartition("[")
    node = graph.tracked("follow", name)
    if node.gradient is None:
        with speaking(ENGLISH):  # as errors are
            raise ValueError(f"follow: {why_none(graph.result)}")
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
            f"follow: {name!r} has shape {shape}, so an entry is {example}, got {what!r}"
        )
    if any(not -n <= k < n for k, n in zip(entry, shape, strict=True)):
        raise IndexError(f"follow: {what!r} is outside of {name!r}, which has shape {shape}")
    return node, tuple(k % n for k, n in zip(entry, shape, strict=True))


def reaches(graph: Graph, node: Node, entry: Entry, column: Column) -> Iterator[Reached]:
    """What arrives at one entry of a node, edge by edge."""
    for edge in graph.leaving(node.id):
        if edge.contribution is not None:
            upstream = np.asarray(graph.node(edge.target).gradient, dtype=float)
            known = graph.node(edge.target).rule in ROWS and edge.local is not None
            if known and np.shape(node.value) == upstream.shape:
                local = np.zeros(upstream.shape)  # entry by entry: it reaches the one in its place
                local[entry] = np.broadcast_to(edge.local, upstream.shape)[entry]
            else:
                local = np.asarray(column(edge.target, edge.slot, entry), dtype=float)
            there = local != 0
            yield Reached(edge, np.argwhere(there), upstream[there], local[there])


def followed(graph: Graph, what: str, column: Column) -> Story:
    """The contributions that made the gradient of one entry: the largest few, and the rest."""
    start, first = place(graph, what)
    name = f"∂{graph.differentiated}/∂{at(start, first)}"
    gradient = float(np.asarray(start.gradient)[first])
    moved, node, entry = [], start, first
    while True:
        found = list(reaches(graph, node, entry, column))
        target = graph.node(found[0].edge.target) if len(found) == 1 else node
        if target is node or found[0].local.tolist() != [1] or not target.row.moves:
            break
        there = tuple(map(int, found[0].entries[0]))
        since = f"{target.name} = {target.expression}"
        said = say("entry.moves", entry=at(node, entry), there=at(target, there), since=since)
        moved.append(said)
        node, entry = target, there
    sections = [plain("entry.where", moved)] if moved else []
    sums = [summed(reached.sent) for reached in found]
    largest = set(sorted(range(len(found)), key=lambda k: -abs(sums[k]))[:MOST_PARTS])
    sections += [_sent(graph, node, entry, found[k]) for k in sorted(largest)]
    if others := [x for k, x in enumerate(sums) if k not in largest]:
        whole = number(summed(others))
        said = say("entry.uses", len(others), entry=at(node, entry), sum=whole)
        sections.append((said, []))
    sent = [x for reached in found for x in reached.sent]
    sent += [gradient] if node is graph.result else []
    sections.append(plain("entry.sum", [_sum(sent, name, gradient, start)]))
    return shown(f"{name} = {number(gradient)}", sections)


def _sent(graph: Graph, node: Node, entry: Entry, reached: Reached) -> Section:
    """The largest contributions of one edge, and what the others add up to."""
    edge, sent, many = reached.edge, reached.sent, len(reached.local)
    target, here, out = graph.node(edge.target), at(node, entry), graph.differentiated
    since = f"{target.name} = {target.expression}"
    if not many:
        return say("entry.none", entry=here, since=since), []
    operands = graph.operands(edge.target)
    matrices = target.rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands)
    order = np.argsort(-np.abs(sent), kind="stable")
    lines = []
    for k in order[:MOST_PARTS]:
        to = tuple(map(int, reached.entries[k]))
        there = at(target, to)
        local = f"∂{there}/∂{here}{way(graph, edge)}"
        left, right = product(reached.upstream[k], reached.local[k], sent[k])
        if matrices:  # an entry of the other one
            i, j = (entry[1], to[1]) if edge.slot == 0 else (to[0], entry[0])
            local = at(operands[1 - edge.slot], (i, j))
        lines.append(f"∂{out}/∂{there} × {local}:  {left} {right}")
    if rest := [sent[k] for k in order[MOST_PARTS:]]:
        zeros, whole = rest.count(0), number(summed(rest))
        some = 0 < zeros < len(rest)
        key, count = ("entry.zeros", zeros) if some else ("entry.others", len(rest))
        lines.append(say(key, count, others=len(rest), sum=whole))
    what = say("entry", many, name=target.name) if np.ndim(target.value) else target.name
    since += use(graph, edge)
    return say("entry.reaches", entry=here, what=what, since=since), list(map(Line, lines))


def _sum(sent: list[float], name: str, gradient: float, node: Node) -> str:
    """That the contributions add up to the entry's gradient."""
    whole = summed(sent)
    said = total(sorted(sent, key=abs, reverse=True), whole, MOST_PARTS)
    if close(apart(whole, gradient), max(map(abs, [*sent, gradient])), node.gradient):
        return say("entry.same", sum=said, name=name)
    key = "entry.other" if math.isfinite(whole) and math.isfinite(gradient) else "entry.overflow"
    return say(key, sum=said, name=name, gradient=number(gradient))
