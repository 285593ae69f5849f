"""The chain rule as a sum over paths: every route from a value to the result, and its product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import close, equals, factor, given, number, total
from ..words import counted, say
from .telling import Line, Section, Story, leading, shown

MOST_LISTED = 16
LONGEST_ROUTE = 12
MOST_FACTORS = 6  # of a product or a list of names, so many are written out

Sent = Callable[[str, int, Any], Any]


class Stretch(NamedTuple):
    """Paths between two values that every path passes through: how many, and their sum."""

    start: Node
    end: Node
    many: int
    sum: float


class Paths:
    """All paths from one node of a graph to its result."""

    def __init__(self, graph: Graph, start: str) -> None:
        reached = leading(graph, frozenset([start]))
        self.nodes = [node for node in graph.nodes if node.id in reached]
        self.graph = graph
        self.start, self.result = self.nodes[0], graph.result
        self.scalar = all(np.size(node.value) == 1 for node in self.nodes)

    def onward(self, identity: str) -> list[Edge]:
        """The edges that a gradient came back along."""
        return [e for e in self.graph.leaving(identity) if e.contribution is not None]

    def stretches(self) -> Iterator[Stretch]:
        """The paths cut at each value that all of them pass through.

        No edge leads past such a value, in the order of the graph. Between two of them, counts
        and sums are passed on from value to value, so that no path is walked by itself.
        """
        place = {node.id: i for i, node in enumerate(self.nodes)}
        counts, sums = {self.start.id: 1}, {self.start.id: 1.0}
        last, furthest = self.start, 0
        for i, node in enumerate(self.nodes):
            if 0 < i == furthest:
                yield Stretch(last, node, counts[node.id], sums[node.id])
                last, counts[node.id], sums[node.id] = node, 1, 1.0
            for edge in self.onward(node.id):
                furthest = max(furthest, place[edge.target])
                counts[edge.target] = counts.get(edge.target, 0) + counts[node.id]
                if self.scalar:
                    sent = _local(edge) * sums[node.id]
                    sums[edge.target] = sums.get(edge.target, 0.0) + sent
                else:
                    sums[edge.target] = math.nan

    def each(self) -> Iterator[list[Edge]]:
        """The paths, one after another."""
        path: list[Edge] = []
        choices = [iter(self.onward(self.start.id))]
        while choices:
            edge = next(choices[-1], None)
            if edge is None:
                choices.pop()
                if path:
                    path.pop()
                continue
            path.append(edge)
            if edge.target == self.result.id:
                yield list(path)
                path.pop()
            else:
                choices.append(iter(self.onward(edge.target)))


def _local(edge: Edge) -> float:
    return float(np.asarray(edge.local).item())


def summed(graph: Graph, start: str, sent: Sent) -> Story:
    """The paths from a node to the result, and that they add up to the gradient."""
    paths = Paths(graph, start)
    stretches = list(paths.stretches())
    count = math.prod(stretch.many for stretch in stretches)
    x, out = paths.start.name, paths.result.name
    title = f"∂{out}/∂{x}: {say('paths.lead', count, x=x, out=out)}"
    if start == paths.result.id:
        raise ValueError(f"paths: {x!r} is the result itself; name a value it was computed from")
    if not paths.scalar:
        return shown(title, list(_of_arrays(paths, count, sent)))
    listed = list(islice(paths.each(), MOST_LISTED))
    seed = float(np.asarray(paths.result.gradient).item())
    products = [math.prod(map(_local, path)) for path in listed]
    many = count > len(listed)
    heading = say("paths.first", most=MOST_LISTED) if many else say("paths.each")
    lines = [
        Line(i, _route(paths, path), (_multiplied(paths, path, products[i - 1]),))
        for i, path in enumerate(listed, 1)
    ]
    sections = [Section(heading, tuple(lines))]
    whole = math.prod(stretch.sum for stretch in stretches)
    if many:
        sections.append(Section(say("paths.factored"), tuple(_factored(paths, stretches, whole))))
    sections.append(Section(say("paths.proof"), tuple(_proof(paths, products, count, whole, seed))))
    return shown(title, sections)


def _route(paths: Paths, path: list[Edge]) -> str:
    """`a → p (1st use) → y`; the middle of a long one is left out."""
    steps = [paths.start.name]
    for edge in path:
        use, name = paths.graph.ordinal(edge), paths.graph.node(edge.target).name
        steps.append(name + (" " + say("use", ordinal=use) if use else ""))
    if len(steps) > LONGEST_ROUTE:  # paths that follow one another differ near their end
        steps = [steps[0], "…", *steps[-LONGEST_ROUTE // 2 :]]
    return " → ".join(steps)


def _multiplied(paths: Paths, path: list[Edge], product: float) -> str:
    """`∂p/∂a × ∂y/∂p = 2 × 1 = 2`."""
    locals_ = [_local(edge) for edge in path]
    numbers = " × ".join(_ends([factor(x) for x in locals_]))
    text = number(locals_[0])
    if len(locals_) > 1:
        sign = equals(lambda *shown: math.prod(shown), locals_, product)
        text = f"{numbers} {sign} {number(product)}"
    if len(path) <= 3:
        names = [paths.start.name, *(paths.graph.node(edge.target).name for edge in path)]
        formula = " × ".join(f"∂{out}/∂{x}" for x, out in pairwise(names))
        text = f"{formula} = {text}"
    return text


def _ends(parts: list[str]) -> list[str]:
    """A list, or its start and its end."""
    if len(parts) <= MOST_FACTORS:
        return parts
    half = MOST_FACTORS // 2
    return [*parts[:half], "…", *parts[-half:]]


def _factored(paths: Paths, stretches: list[Stretch], whole: float) -> Iterator[Line]:
    """The sum as a product of sums, or, where no value is passed by all, by the first step."""
    x, out = paths.start.name, paths.result.name
    if len(stretches) > 1:
        through = _ends([s.end.name for s in stretches[:-1]])
        factors = " × ".join(_ends([factor(s.sum) for s in stretches]))
        sign = equals(lambda *shown: math.prod(shown), [s.sum for s in stretches], whole)
        counts = " × ".join(_ends([counted(s.many) for s in stretches]))
        yield Line(None, say("paths.through", names=", ".join(through)))
        yield Line(None, say("paths.count", product=counts))
        yield Line(None, say("paths.product", product=f"{factors} {sign} {number(whole)}"))
        return
    sums, counts_ = _onward(paths)
    for edge in paths.onward(paths.start.id)[:MOST_LISTED]:
        target = paths.graph.node(edge.target).name
        sent = _local(edge) * sums[edge.target]
        sign = equals(lambda a, b: a * b, (_local(edge), sums[edge.target]), sent)
        product = f"{factor(_local(edge))} × {factor(sums[edge.target])} {sign} {number(sent)}"
        first, rest = f"∂{target}/∂{x}", say("path", counts_[edge.target])
        said = say("paths.onward", local=first, paths=rest, target=target, out=out, product=product)
        yield Line(None, said)
    left = len(paths.onward(paths.start.id)) - MOST_LISTED
    if left > 0:
        yield Line(None, say("paths.steps", left))


def _onward(paths: Paths) -> tuple[dict[str, float], dict[str, int]]:
    """For each node, the sum over its paths to the result, and how many there are."""
    sums, counts = {paths.result.id: 1.0}, {paths.result.id: 1}
    for node in reversed(paths.nodes[:-1]):
        onward = paths.onward(node.id)
        sums[node.id] = math.fsum(_local(edge) * sums[edge.target] for edge in onward)
        counts[node.id] = sum(counts[edge.target] for edge in onward)
    return sums, counts


def _proof(
    paths: Paths, products: list[float], count: int, whole: float, seed: float
) -> Iterator[Line]:
    """That the sum of the paths is the gradient."""
    x, out = paths.start.name, paths.result.name
    gradient = float(np.asarray(paths.start.gradient).item())
    said = number(whole)
    if 1 < count == len(products):
        equal, _, parts = total(products, whole).partition(" ")
        said = f"{parts} {equal} {said}"
    yield Line(None, say("paths.only" if count == 1 else "paths.sum", sum=said))
    if seed != 1:
        product = number(whole * seed)
        yield Line(None, say("paths.seed", out=out, seed=number(seed), product=product))
    size = max(map(abs, [gradient, *(seed * x for x in products)]))
    difference = whole * seed - gradient
    yield Line(None, _agreement(difference, size, f"∂{out}/∂{x}", paths.start.gradient))


def _agreement(difference: float, size: float, name: str, gradient: Any) -> str:
    """Whether what was added up is the gradient that the walk found."""
    said = given(name, gradient)
    if difference == 0 or difference != difference:
        return say("paths.same", gradient=said)
    if close(difference, size, gradient):
        return say("paths.rounded", off=number(difference), gradient=said)
    return say("paths.other", gradient=said)


def _of_arrays(paths: Paths, count: int, sent: Sent) -> Iterator[Section]:
    """Each path's contribution: what arrives at the result, sent back along it edge by edge."""
    x, out = paths.start.name, paths.result.name
    if count > MOST_LISTED:
        raise ValueError(
            f"paths: {counted(count)} paths of arrays lead from {x!r} to {out!r}, more than the "
            f"{MOST_LISTED} that are sent back one by one; follow() takes a single entry apart"
        )
    lines, parts = [], []
    for i, path in enumerate(paths.each(), 1):
        g = paths.result.gradient
        for edge in reversed(path):
            g = sent(edge.target, edge.slot, g)
        parts.append(np.asarray(g))
        lines.append(Line(i, f"{_route(paths, path)}: {given(say('paths.part', i=i), g)}"))
    yield Section(say("paths.along", name=x), tuple(lines))
    gradient = np.asarray(paths.start.gradient)
    off = float(np.max(np.abs(sum(parts) - gradient), initial=0))
    size = float(np.max(np.abs(gradient), initial=0))
    whole = Line(None, f"{given(say('paths.parts'), sum(parts))}.")
    agreed = Line(None, _agreement(off, size, f"∂{out}/∂{x}", gradient))
    yield Section(say("paths.proof"), (whole, agreed) if count > 1 else (agreed,))
