"""Where nan and inf are born, forward and backward. A constant's −inf that is masked is meant."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..graph import Edge, Graph, Node
from .numbers import number, product
from .words import say


class Birth(NamedTuple):
    """The node whose value (`way` "value") or gradient ("gradient") is the first not to be finite.

    `how` is the arithmetic, where one entry shows it: `inf × 0 = nan`.
    """

    way: str
    node: Node
    how: str


@np.errstate(all="ignore")
def births(graph: Graph) -> list[Birth]:
    """The first value that isn't finite, and where the result is all the same, the first gradient.

    Numbers that came in as inf or −inf are told of where they reach the result or a gradient.
    """
    finite = {node.id: _finite(node.value) for node in graph.nodes}
    wrong = [node for node in graph.nodes if not finite[node.id]]
    known = _first(_of_value(graph, node) for node in wrong)
    whole, spoilt = finite[graph.result.id], any(not _finite(x.gradient) for x in graph.nodes)
    if wrong and not known and (spoilt or not whole):
        return [Birth("value", wrong[0], "")]
    nodes = reversed(graph.nodes) if spoilt and whole else ()
    sent = (edge for node in nodes for edge in graph.arriving(node.id))
    return _origin(graph, finite, known) + _first(_of_gradient(graph, edge) for edge in sent)


def _first(found: Iterable[Birth | None]) -> list[Birth]:
    return list(islice(filter(None, found), 1))


def _origin(graph: Graph, finite: dict[str, bool], known: list[Birth]) -> list[Birth]:
    """Of what an inf that was given led to, that one first; then it, if there is more to say."""
    for birth in known:
        node = birth.node
        while wrong := [x for x in graph.operands(node.id) if not finite[x.id]]:
            node = wrong[0]
        said = node.role == "constant" or np.isneginf(node.value).any()  # in a formula; a mask
        if node is not birth.node and not said:
            return [Birth("value", node, ""), *(known if birth.how else [])]
    return known


def not_finite(value: Any) -> str:
    """How many entries are nan and inf, or −inf alone, which masks; '' if none."""
    value = np.asarray(value)
    if value.dtype.kind != "f" or np.isfinite(value).all():
        return ""
    masked = value == -np.inf
    if value.size > 1 and np.isfinite(value[~masked]).all():
        return say("nonfinite.masked", int(masked.sum()), size=f"{value.size:,}")
    counts = {"nan": np.isnan(value).sum(), "inf": np.isinf(value).sum()}
    return say("nonfinite", entries=", ".join(f"{n} {what}" for what, n in counts.items() if n))


def _finite(value: Any) -> bool:
    if value is None or isinstance(value, float):  # as most are, in a large record
        return value is None or math.isfinite(value)
    return not not_finite(value)


def _of_value(graph: Graph, node: Node) -> Birth | None:
    """The birth of a value that isn't finite, unless that is handed on, or given."""
    value, operands = np.asarray(node.value), graph.operands(node.id)
    if not operands or not node.tracked:  # given: inf and −inf are numbers too
        return Birth("value", node, "") if node.tracked or np.isnan(value).any() else None
    entries = [np.asarray(x.value, dtype=float) for x in operands]
    single = node.row.elementwise and _spread(*entries)[0].shape == value.shape
    if not single:
        entries = [np.abs(x).max(initial=0) for x in entries]  # nan of one nan, else inf of one inf
    before = [np.broadcast_to(x, value.shape) for x in entries]
    fresh = ~np.isfinite(value) & np.logical_and.reduce([np.isfinite(x) for x in before])
    fresh |= np.isnan(value) & ~np.logical_or.reduce([np.isnan(x) for x in before])
    if not fresh.any():
        return None
    if not single:
        return Birth("value", node, "")
    place = tuple(np.argwhere(fresh)[0])
    said = node.row.expression([number(x[place]) for x in before], node.options)
    return Birth("value", node, f"{said} = {number(value[place])}")


def _of_gradient(graph: Graph, edge: Edge) -> Birth | None:
    """The birth of a gradient that isn't finite, at an edge that what is finite arrives at."""
    target, source = graph.node(edge.target), graph.node(edge.source)
    if _finite(edge.contribution) or not _finite(target.gradient):
        return None
    pairs = [np.empty(0)] if edge.local is None else _spread(target.gradient, edge.local)
    wrong = np.argwhere(~np.isfinite(np.multiply.reduce(pairs)))
    if not len(wrong):  # only a sum of them overflows
        return Birth("gradient", source, "")
    upstream, local = (x[tuple(wrong[0])] for x in pairs)
    return Birth("gradient", source, " ".join(product(upstream, local, upstream * local)))


def _spread(*arrays: Any) -> list[Any]:
    """Arrays in one shape; an empty one for those that have none in common."""
    try:
        return list(np.broadcast_arrays(*arrays))
    except ValueError:
        return [np.empty(0)]
