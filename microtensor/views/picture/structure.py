"""What a network's picture says of its shape: the sizes on the way from the data, and skips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..folds import JOINS
from ..units import Unit, called, homes, leaving, neighbours, starts
from .features import Link, axes, link

FARTHEST = 200  # values that a skip goes past
MOST_LOOKED_AT = 200_000  # values, in search of all skips
MOST_NAMED = 3  # groups in a title
LONGEST_CHAIN = 8


# Sizes ------------------------------------------------------------------------------------------


def sizes(graph: Graph, unit: Unit) -> tuple[int, int] | None:
    """The numbers of features that a layer takes and gives; of convolutions these are channels.

    None: nothing is learnt there, what it learns scales entry by entry, or what leaves it has no
    features that can be followed from its weights.
    """
    links = _links(graph, unit)
    if unit.kind != "group" or not (links and (unit.parameters or graph.kind(unit.path))):
        return None
    gives = leaving(graph, unit.nodes)
    axis = axes(graph, unit.computed, links).get(gives[-1].id) if gives else None
    if axis is None:
        return None
    return _first(links).takes, np.shape(gives[-1].value)[axis]


def _links(graph: Graph, unit: Unit) -> dict[str, Link]:
    """The values in a unit that weights were used for."""
    found = (link(graph, node) for node in unit.computed)
    return {x.node.id: x for x in found if x}


def _first(links: dict[str, Link]) -> Link:
    """The first link that doesn't begin with a state of zeros; else the first."""
    telling = (x for x in links.values() if not _is_blank(x.source))
    return next(telling, next(iter(links.values())))


def _linked(graph: Graph, unit: Unit) -> tuple[tuple[int, int], str, frozenset[str]] | None:
    """What a layer, or a value outside of all, is in a chain: its sizes, the class it is of, and
    what it learns."""
    links = _links(graph, unit)
    if not links:
        return None
    groups = {x.node.group for x in links.values()}
    kind = graph.kind(groups.pop() if len(groups) == 1 else unit.path)
    pair = sizes(graph, unit) or (_first(links).takes, list(links.values())[-1].gives)
    read = (x for node in unit.computed for x in graph.operands(node.id))
    learnt = frozenset(x.id for x in read if x.role == "parameter")
    return pair, kind if unit.kind == "group" else "", learnt


def _is_blank(node: Node) -> bool:
    """Whether it is a leaf that says nothing, such as a state of zeros."""
    value = np.asarray(node.value)
    return node.rule is None and value.size > 1 and bool((value == value.flat[0]).all())


def chain(graph: Graph, found: list[Unit]) -> str:
    """The sizes from the data to the result, `12 → 5 → 1`, of a graph in layers and loops.

    They follow the way with the most layers; where all that the data does goes through some of
    them, these alone, so that what stands beside others is no link.
    """
    linked = {unit.id: told for unit in found if (told := _linked(graph, unit))}
    way = _way(graph, found, {key: pair for key, (pair, *_) in linked.items()})
    once: dict[object, str] = {}  # what is called again is no other layer
    for key in way:
        once.setdefault(linked[key], key)
    pieces: list[tuple[str, list[int]]] = []
    for key in once.values():
        (first, last), kind, _ = linked[key]
        if not pieces or pieces[-1][1][-1] != first:
            pieces.append((kind, [first]))
        pieces[-1][1].append(last)
    named = len({kind for kind, _ in pieces}) > 1
    texts = []
    for kind, piece in pieces:
        parts = list(map(str, piece))
        if len(parts) > LONGEST_CHAIN + 1:
            parts[LONGEST_CHAIN // 2 : -2] = ["…"]
        texts.append((f"{kind} " if named and kind else "") + " → ".join(parts))
    return ", ".join(texts)


def outermost(graph: Graph, or_group: bool) -> str:
    """The names of the outermost modules with parameters, if there are; else of such groups."""
    tops: dict[str, None] = {}
    groups: dict[str, None] = {}
    for node in (node for node in graph.nodes if node.role == "parameter"):
        path = next((reader.group for reader in graph.readers(node.id)), ())
        tops |= dict.fromkeys(called(x[-1]) for x in list(filter(graph.kind, starts(path)))[:1])
        groups |= dict.fromkeys(called(name) for name in path[:1])
    names = list(tops or (groups if or_group else ()))
    return ", ".join([*names[:MOST_NAMED], *(["…"] if len(names) > MOST_NAMED else [])])


def _way(graph: Graph, found: list[Unit], known: dict[str, tuple[int, int]]) -> list[str]:
    """The layers on the way from the data to the result."""
    end = homes(found)[graph.result.id]
    _, targets = neighbours(graph, found)
    ahead: dict[str, tuple[int, str]] = {end: (0, "")}  # most layers to the result, and by whom
    for unit in reversed(found):
        ways = [(ahead[x][0] + (x in known), x) for x in targets[unit.id] if x in ahead]
        if ways:
            ahead[unit.id] = max(ways)
    data = [u for u in found if u.nodes[0].role == "input" and u.id in ahead]
    data = [u for u in data if not _is_blank(u.nodes[0])] or data or found[:1]
    start = max((u.id for u in data), key=lambda key: ahead.get(key, (0, ""))[0])
    way, key = [], start
    while key:
        way.append(key)
        key = ahead.get(key, (0, ""))[1]
    gates = set(_gates(found, targets, start, ahead.keys()))
    links = [x for x in way if x in known]
    through = [x for x in links if x in gates]
    ends = [(known[some[0]][0], known[some[-1]][1]) for some in (through, links) if some]
    return through if len(set(ends)) == 1 and through else links


def _gates(
    found: list[Unit], targets: dict[str, set[str]], start: str, ahead: Set[str]
) -> Iterator[str]:
    """The units that every way on from one goes through, of those that lead to the result."""
    order = {unit.id: i for i, unit in enumerate(found)}
    reached, farthest = {start} & ahead, order[start]
    for unit in found:
        if unit.id in reached:
            if order[unit.id] >= farthest:
                yield unit.id
            onward = targets[unit.id] & ahead
            reached |= onward
            farthest = max([farthest, *(order[x] for x in onward)])


# Skips ------------------------------------------------------------------------------------------


class Skip(NamedTuple):
    """What goes past a part of a card: the edge that joins it, and whether it begins inside."""

    unit: str
    edge: Edge
    inside: bool


def skips(graph: Graph, found: Iterable[Unit]) -> Iterator[Skip]:
    """The skip connections that groups as cards would hide; of a loop, those of its last round."""
    place = graph.order
    left = MOST_LOOKED_AT
    for unit in found:
        inside = {node.id for node in unit.nodes}
        nodes = unit.rounds[-1] if unit.rounds else unit.nodes
        for node in (x for x in nodes if x.rule in JOINS):
            arriving = graph.arriving(node.id)
            early = min(arriving, key=lambda edge: place[edge.source])
            later = {edge.source for edge in arriving if edge.source != early.source}
            source = graph.node(early.source)
            alike = node.rule == "concatenate" or np.shape(source.value) == np.shape(node.value)
            leaf = source.role in ("parameter", "constant")
            leaf = leaf or (source.rule is not None and not source.recorded)  # slices of data
            if leaf or not alike or not later or left < 0:
                continue
            passed, looked = _goes_past(graph, place, source.id, later)
            left -= looked
            if passed:
                yield Skip(unit.id, early, source.id in inside)


def _goes_past(
    graph: Graph, place: Mapping[str, int], source: str, later: set[str]
) -> tuple[bool, int]:
    """Whether later values come from an earlier one by way of a parameter, and how many it saw."""
    waiting, seen = list(later), set(later)
    learnt = reached = False
    while waiting and len(seen) < FARTHEST and not (learnt and reached):
        for x in graph.operands(waiting.pop()):
            learnt = learnt or x.role == "parameter"
            reached = reached or x.id == source
            if x.id not in seen and place[x.id] > place[source] and x.rule is not None:
                seen.add(x.id)
                waiting.append(x.id)
    return learnt and reached, len(seen)
