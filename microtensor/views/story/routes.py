"""The chain rule as a sum over paths: every route from a value to the result, and its product."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..languages import ENGLISH, speaking
from ..numbers import apart, close, equals, factor, given, number, total
from ..words import counted, say, slope, use, why_none
from .telling import Line, Section, Story, leading, plain, shown

MOST_LISTED = 16
LONGEST_ROUTE = 12
MOST_FACTORS = 6  # of a product or a list of names, so many are written out

Sent = Callable[[str, int, Any], Any]


class Stretch(NamedTuple):
    """Paths up to a value that every path passes through: how many, and their sum."""

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
        self.stretches = list(self._stretches())
        self.count = math.prod(stretch.many for stretch in self.stretches)
        self.sum = math.prod(stretch.sum for stretch in self.stretches)

    def onward(self, identity: str) -> list[Edge]:
        """The edges that a gradient came back along."""
        return [e for e in self.graph.leaving(identity) if e.contribution is not None]

    def _stretches(self) -> Iterator[Stretch]:
        """The paths cut at each value that all of them pass through.

        No edge leads past such a value, in the order of the graph. Between two of them, counts
        and sums are passed on from value to value, so that no path is walked by itself.
        """
        place = {node.id: i for i, node in enumerate(self.nodes)}
        counts, sums = {self.start.id: 1}, {self.start.id: 1.0}
        furthest = 0
        for i, node in enumerate(self.nodes):
            if 0 < i == furthest:
                yield Stretch(node, counts[node.id], sums[node.id])
                counts[node.id], sums[node.id] = 1, 1.0
            for edge in self.onward(node.id):
                furthest = max(furthest, place[edge.target])
                counts[edge.target] = counts.get(edge.target, 0) + counts[node.id]
                sent = _local(edge) * sums[node.id] if self.scalar else math.nan
                sums[edge.target] = sums.get(edge.target, 0.0) + sent

    def each(self) -> Iterator[list[Edge]]:
        """The paths, one after another."""
        path: list[Edge] = []
        choices = [iter(self.onward(self.start.id))]
        while choices:
            for edge in choices[-1]:
                if edge.target != self.result.id:
                    path.append(edge)
                    choices.append(iter(self.onward(edge.target)))
                    break
                yield [*path, edge]
            else:
                choices.pop()
                del path[-1:]


def _local(edge: Edge) -> float:
    return float(np.asarray(edge.local).item())


def summed(graph: Graph, start: str, sent: Sent) -> Story:
    """The paths from a node to the result, and that they add up to the gradient."""
    paths = Paths(graph, start)
    x, out = paths.start.name, paths.result.name
    if start == paths.result.id:
        raise ValueError(f"paths: {x!r} is the result itself; name a value it was computed from")
    if paths.start.gradient is None:
        with speaking(ENGLISH):  # as errors are
            raise ValueError(f"paths: {why_none(paths.result)}")
    title = f"∂{out}/∂{x}: {say('paths.lead', paths.count, x=x, out=out)}"
    return shown(title, _of_numbers(paths) if paths.scalar else _of_arrays(paths, sent))


def _of_numbers(paths: Paths) -> Iterator[Section]:
    """Each path's product of local derivatives."""
    listed = list(islice(paths.each(), MOST_LISTED))
    products = [math.prod(map(_local, path)) for path in listed]
    lines = [
        Line(_route(paths, path), (_multiplied(paths, path, product),), i)
        for i, (path, product) in enumerate(zip(listed, products, strict=True), 1)
    ]
    if paths.count > len(listed):
        yield say("paths.first", most=MOST_LISTED), lines
        through = len(paths.stretches) > 1
        yield plain("paths.factored", _factored(paths) if through else _by_first_step(paths))
    else:
        yield say("paths.each"), lines
    yield plain("paths.proof", _proof(paths, products))


def _route(paths: Paths, path: list[Edge]) -> str:
    """`a → p (1st use) → y`; the middle of a long one is left out."""
    steps = [paths.start.name]
    for edge in path:
        steps.append(paths.graph.node(edge.target).name + use(paths.graph, edge))
    if len(steps) > LONGEST_ROUTE:  # paths that follow one another differ near their end
        steps = [steps[0], "…", *steps[-LONGEST_ROUTE // 2 :]]
    return " → ".join(steps)


def _multiplied(paths: Paths, path: list[Edge], product: float) -> str:
    """`∂p/∂a × ∂y/∂p = 2 × 1 = 2`."""
    text = _product(list(map(_local, path)), product)
    if len(path) > 3:
        return text
    return f"{' × '.join(slope(paths.graph, edge) for edge in path)} = {text}"


def _product(factors: Sequence[float], result: float) -> str:
    """`2 × (−1) = −2`; of one factor, that."""
    if len(factors) == 1:
        return number(result)
    sign = equals(lambda *shown: math.prod(shown), factors, result)
    return f"{' × '.join(_ends([factor(x) for x in factors]))} {sign} {number(result)}"


def _ends(parts: list[str]) -> list[str]:
    """A list, or its start and its end."""
    half = MOST_FACTORS // 2
    return parts if len(parts) <= MOST_FACTORS else [*parts[:half], "…", *parts[-half:]]


def _factored(paths: Paths) -> Iterator[str]:
    """The sum as a product of sums, cut at the values that all paths pass through."""
    through = _ends([stretch.end.name for stretch in paths.stretches[:-1]])
    counts = _ends([counted(stretch.many) for stretch in paths.stretches])
    yield say("paths.through", names=", ".join(through))
    yield say("paths.count", product=" × ".join(counts))
    yield say("paths.product", product=_product([s.sum for s in paths.stretches], paths.sum))


def _by_first_step(paths: Paths) -> Iterator[str]:
    """The sum by the first step of the paths."""
    edges = paths.onward(paths.start.id)
    for edge in edges[:MOST_LISTED]:
        onward = Paths(paths.graph, edge.target)
        local, target = _local(edge), onward.start.name
        yield say(
            "paths.onward",
            local=slope(paths.graph, edge),
            paths=say("path", onward.count),
            target=target,
            out=paths.result.name,
            product=_product([local, onward.sum], local * onward.sum),
        )
    if len(edges) > MOST_LISTED:
        yield say("paths.steps", len(edges) - MOST_LISTED)


def _proof(paths: Paths, products: list[float]) -> Iterator[str]:
    """That the sum of the paths is the gradient."""
    out, whole = paths.result.name, paths.sum
    seed = float(np.asarray(paths.result.gradient).item())
    gradient = float(np.asarray(paths.start.gradient).item())
    known = total(products, whole, MOST_LISTED) if paths.count == len(products) else number(whole)
    yield say("paths.only" if paths.count == 1 else "paths.sum", sum=known)
    if seed != 1:
        yield say("paths.seed", out=out, seed=number(seed), product=number(whole * seed))
    size = max(map(abs, [gradient, *(seed * x for x in products)]))
    yield _agreement(paths, whole * seed, size)


def _agreement(paths: Paths, whole: Any, size: float) -> str:
    """Whether what was added up is the gradient that the walk found."""
    gradient = np.asarray(paths.start.gradient)
    difference = apart(whole, gradient.reshape(np.shape(whole)))
    said = given(f"∂{paths.graph.differentiated}/∂{paths.start.name}", gradient)
    if difference == 0:
        return say("paths.same", gradient=said)
    if close(difference, size, gradient):
        return say("paths.rounded", off=number(difference), gradient=said)
    finite = np.isfinite(whole).all() and np.isfinite(gradient).all()
    return say("paths.other" if finite else "paths.overflow", gradient=said)


def _of_arrays(paths: Paths, sent: Sent) -> Iterator[Section]:
    """Each path's contribution: what arrives at the result, sent back along it edge by edge."""
    x, out = paths.start.name, paths.result.name
    if paths.count > MOST_LISTED:
        with speaking(ENGLISH):
            raise ValueError(
                f"paths: {counted(paths.count)} paths of arrays lead from {x!r} to {out!r}, more "
                f"than the {MOST_LISTED} that are sent back one by one; follow() takes a single "
                "entry apart"
            )
    lines, parts = [], []
    for i, path in enumerate(paths.each(), 1):
        g = paths.result.gradient
        for edge in reversed(path):
            g = sent(edge.target, edge.slot, g)
        parts.append(np.asarray(g))
        lines.append(Line(f"{_route(paths, path)}: {given(say('paths.part', i=i), g)}", (), i))
    yield say("paths.along", name=x), lines
    gradient = np.asarray(paths.start.gradient)
    whole = sum(parts)
    agreed = _agreement(paths, whole, float(np.max(np.abs(gradient), initial=0)))
    said = f"{given(say('paths.parts'), whole)}."
    yield plain("paths.proof", [said, agreed] if paths.count > 1 else [agreed])
