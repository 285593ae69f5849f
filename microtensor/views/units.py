"""What is drawn as one card, what leads from one to another, and how large a picture of it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

import numpy as np

from ..graph import Edge, Graph, Node, Path

MOST_AMONG_GROUPS, MOST_VALUES = 14, 60  # cards that are seen at once, however small
SCREEN = 960, 600  # what is seen at once, in points: 1280 × 800 pixels
LEAST_SCALE = 0.49  # letters of 12 points are still read at that


class Unit(NamedTuple):
    """What is drawn as one card: a value, a group, or a fold of values.

    A value's id is the node's; the others are called g0, g1, ... `rounds` are the values of each
    of several equal groups, or of each round of a loop; what all rounds share is in none of them.
    `path` is the group that it is. A `brief` one shows few of its values.
    """

    id: str
    kind: str
    name: str
    nodes: tuple[Node, ...]
    frame: Path
    rounds: tuple[tuple[Node, ...], ...] = ()
    path: Path = ()
    brief: bool = False

    @property
    def parameters(self) -> list[Node]:
        """The parameters in it."""
        return [node for node in self.nodes if node.role == "parameter"]

    @property
    def computed(self) -> list[Node]:
        """The values in it that were computed."""
        return [node for node in self.nodes if node.rule is not None]

    @property
    def copies(self) -> int:
        """How many equal ones it stands for."""
        return max(1, len(self.rounds))

    @property
    def is_loop(self) -> bool:
        """Whether its rounds share what they learn."""
        inside = {node.id for nodes in self.rounds for node in nodes}
        return bool(self.rounds) and not any(n.id in inside for n in self.parameters)


def called(name: str) -> str:
    """A group's name without the number of the call: `cell` of `cell (2)`."""
    first, space, count = name.rpartition(" (")
    return first if space and count[-1] == ")" and count[:-1].isdecimal() else name


def starts(path: Path) -> Iterator[Path]:
    """A path of groups, and those around it, the outermost first."""
    return (path[:end] for end in range(1, len(path) + 1))


def are_values(found: Iterable[Unit]) -> bool:
    """Whether all are values, in no group."""
    return all(unit.kind == "node" and not unit.frame for unit in found)


def leaving(graph: Graph, nodes: Iterable[Node]) -> list[Node]:
    """What was computed among some values and is read by others, and the result."""
    inside = {node.id: node for node in nodes}
    return [
        node
        for node in inside.values()
        if node.rule is not None
        and (node is graph.result or any(x.id not in inside for x in graph.readers(node.id)))
    ]


def homes(found: Iterable[Unit]) -> dict[str, str]:
    """For each node, the unit that it is in."""
    return {node.id: unit.id for unit in found for node in unit.nodes}


def between(graph: Graph, found: Iterable[Unit]) -> dict[tuple[str, str], list[Edge]]:
    """The edges that lead from one unit to another."""
    home = homes(found)
    reading = dict.fromkeys(end for start, end in graph.pairs if home[start] != home[end])
    crossing: dict[tuple[str, str], list[Edge]] = {}
    for edge in (edge for key in reading for edge in graph.arriving(key)):
        ends = home[edge.source], home[edge.target]
        if ends[0] != ends[1]:
            crossing.setdefault(ends, []).append(edge)
    return crossing


def neighbours(graph: Graph, found: list[Unit]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """For each unit, those that it reads, and those that read it."""
    home = homes(found)
    sources: dict[str, set[str]] = {unit.id: set() for unit in found}
    targets: dict[str, set[str]] = {unit.id: set() for unit in found}
    for start, end in graph.pairs:
        source, target = home[start], home[end]
        if source != target:
            sources[target].add(source)
            targets[source].add(target)
    return sources, targets


def in_order(graph: Graph, found: Iterable[Unit]) -> list[Unit]:
    """Each unit after those that it reads, else by the first value that it computes."""
    place = graph.order
    first = {u.id: (min(place[n.id] for n in u.computed or u.nodes), u.id) for u in found}
    by_id = {unit.id: unit for unit in found}
    sources, targets = neighbours(graph, list(by_id.values()))
    waiting = {key: len(some) for key, some in sources.items()}
    ready = [first[key] for key, count in waiting.items() if not count]
    heapify(ready)
    ordered = []
    while ready:
        key = heappop(ready)[1]
        ordered.append(by_id[key])
        for target in targets[key]:
            waiting[target] -= 1
            if not waiting[target]:
                heappush(ready, first[target])
    left = sorted(first[key] for key, count in waiting.items() if count)
    return ordered + [by_id[key] for _, key in left]  # there are none, but none is lost


def edge_key(edge: Edge) -> str:
    """What an edge is called in a page's program."""
    return f"{edge.target}:{edge.slot}"


def sums(edges: Iterable[Edge]) -> dict[str, Any]:
    """What edges send to each node, added up."""
    sent: dict[str, Any] = {}
    for edge in edges:
        if edge.contribution is not None:
            sent[edge.source] = sent.get(edge.source, 0) + edge.contribution
    return sent


def extent(
    sizes: Mapping[str, tuple[float, float]],
    gaps: Mapping[tuple[str, str], tuple[float, float]],
    upright: bool,
) -> tuple[float, float]:
    """About how wide and high a picture is, in points, of cards in order and the words between.

    Cards stand in ranks, each behind all that it reads, and a leaf just before its first reader.
    """
    gaps = {ends: size for ends, size in gaps.items() if ends[0] != ends[1]}
    sources: defaultdict[str, list[str]] = defaultdict(list)
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in gaps:
        sources[target].append(source)
        readers[source].append(target)
    rank: dict[str, int] = {}
    for key in sizes:
        rank[key] = max((rank.get(x, 0) + 1 for x in sources[key]), default=0)
    for key in sizes:
        if readers[key] and not sources[key]:
            rank[key] = min(rank[x] for x in readers[key]) - 1
    along, across = (1, 0) if upright else (0, 1)
    long: defaultdict[int, float] = defaultdict(float)
    wide, apart = long.copy(), long.copy()
    for key, size in sizes.items():
        long[rank[key]] = max(long[rank[key]], size[along])
        wide[rank[key]] += size[across] + 25
    for (_, target), size in gaps.items():
        apart[rank[target]] = max(apart[rank[target]], size[along] + (24 if upright else 20))
    length = sum(long.values()) + sum(apart.values())
    width = max(wide.values(), default=0)
    return (width, length + 70) if upright else (length, width + 60)


def scale(size: tuple[float, float], screen: tuple[float, float] = SCREEN) -> float:
    """How much smaller a picture must be to be seen at once; 1: it fits."""
    return min(1.0, screen[0] / size[0], screen[1] / size[1])


def fits(graph: Graph, found: list[Unit], least: float = LEAST_SCALE) -> bool:
    """Whether a picture of these units is seen at once, in letters that are read."""
    groups = any(unit.kind == "group" for unit in found)
    if len(found) > (MOST_AMONG_GROUPS if groups else MOST_VALUES):
        return False
    by_id = {unit.id: unit for unit in found}
    sizes = {key: _size(graph, unit) for key, unit in by_id.items()}
    upright, level = {}, {}
    for ends in between(graph, found):
        upright[ends], level[ends] = _words(graph, *(by_id[key] for key in ends))
    ways = [extent(sizes, upright, upright=True)]
    ways += [extent(sizes, level, upright=False)] if are_values(found) else []
    return max(map(scale, ways)) >= least


def _words(graph: Graph, source: Unit, target: Unit) -> tuple[tuple[float, float], ...]:
    """About how much room the words on an arrow take, downwards and to the right."""
    node = source.nodes[0]
    shape = np.shape(node.value)
    if source.kind != "node" or target.kind != "node" or not node.tracked:
        return (60.0, 18.0), (60.0, 18.0)
    if not shape:
        return (240.0, 18.0), (150.0, 30.0)
    if len(graph.arrivals(node.id)) > 1 and len(shape) == 2 and max(shape) <= 4:
        return (200.0, 45 + 15 * shape[0]), (200.0, 45 + 15 * shape[0])
    return (250.0, 34.0), (250.0, 34.0)


def _size(graph: Graph, unit: Unit) -> tuple[float, float]:
    """About how wide and high a card is, in points, its value beside its gradient."""
    if unit.kind == "node":
        node = unit.nodes[0]
        shape = np.shape(node.value)
        if node.role == "constant":
            return 70, 25
        if len(shape) == 2 and max(shape) <= 4:
            return 140 + 90 * shape[1], 40 + 15 * shape[0]
        return (300, 60) if shape else (180, 50)
    if unit.kind == "fold":
        return 300, 70
    own, rounds = len(unit.parameters), max(2, len(unit.rounds))
    most = 2 if unit.brief else 8
    rows = min(most, own + rounds) if own + rounds <= 12 or unit.rounds else min(most, 4) + 1
    if unit.is_loop:
        read = (x.id for node in unit.rounds[-1] for x in graph.operands(node.id))
        states = max(1, len({node.id for node in unit.rounds[-2]}.intersection(read)))
        rows = min(most + 1, own) + states * min(rounds, max(2, most // states) + 1)
    return (460, 50 + 17 * rows) if unit.parameters else (300, 70)
