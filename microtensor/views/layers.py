"""Which values are a card of their own, which groups are one, and what folds when there are many.

Units are runs of the graph's order (or values that only such a run reads), so an arrow between
two units never leads back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np

from ..graph import Edge, Graph, Node

FEW_NODES = 12  # a graph with groups that is shown in full all the same
MANY_UNITS = 200  # above that, a picture collapses by itself
MOST_UNITS = 2000  # above that, there is no picture
MOST_TWINS = 6  # of equal layers in a row, more than that fold into one card
BLOCKS = 16

Path = tuple[str, ...]
Collapse = str | bool | int | Iterable[str]


class Unit(NamedTuple):
    """What is drawn as one card: a value, a group (`copies` equal ones), or a fold of values."""

    id: str
    kind: str
    name: str
    nodes: tuple[Node, ...]
    frame: Path
    copies: int = 1


def units(graph: Graph, collapse: Collapse, expand: str | Iterable[str]) -> list[Unit]:
    """The units of a picture, in the order in which they were computed.

    `collapse`: "auto", False or 0 (none), a depth (groups so deep are cards), or names of groups.
    `expand`: names of groups to open.
    """
    tree = _Tree(graph)
    opened = tree.named(expand, "expand")
    auto = collapse == "auto" and isinstance(collapse, str)
    if auto:
        found = _auto(graph, tree, opened)
    elif isinstance(collapse, bool | int):
        if collapse is True or collapse < 0:
            raise ValueError('draw: collapse is "auto", False, a depth, or names of groups')
        closed = [path for path in tree.paths if len(path) == collapse]
        found = _grouped(graph, tree.without(closed, opened))
    else:
        closed = tree.named(collapse, "collapse")
        found = _grouped(graph, tree.without(closed, opened))
    if len(found) > MOST_UNITS:
        raise ValueError(
            f"draw: {len(found):,} cards are more than a picture can show ({MOST_UNITS:,}); "
            'collapse="auto" folds them'
        )
    return found


def _auto(graph: Graph, tree: _Tree, opened: list[Path]) -> list[Unit]:
    """Layers as cards, or all values where they are few; more and more folded where they aren't."""
    if len(graph.nodes) <= FEW_NODES:
        return _grouped(graph, [])
    found = _with_activations(graph, _grouped(graph, tree.without(tree.layers(), opened)), opened)
    found = _twins_folded(graph, found)
    for depth in range(tree.depth, 0, -1):
        if len(found) <= MANY_UNITS:
            return found
        closed = [path for path in tree.paths if len(path) == depth]
        found = _twins_folded(graph, _grouped(graph, tree.without(closed, opened)))
    if len(found) > MANY_UNITS:
        found = _chains_folded(graph, found)
    if len(found) > MANY_UNITS:
        found = _blocks(graph, found)
    return found


class _Tree:
    """The groups of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.paths: dict[Path, None] = {}  # every group, outer ones first
        self.holders: Counter[Path] = Counter()  # how many of its parts hold parameters
        holding: set[Path] = set()
        for node in graph.nodes:
            for end in range(1, len(node.group) + 1):
                self.paths.setdefault(node.group[:end])
            if node.role == "parameter" and node.group:
                holding.update((*node.group[:end], "") for end in [len(node.group)])
                holding.update(node.group[:end] for end in range(1, len(node.group) + 1))
        for path in holding:
            self.holders[path[:-1]] += 1
        self.depth = max(map(len, self.paths), default=0)

    def layers(self) -> list[Path]:
        """The outermost groups of which at most one part holds parameters."""
        return [path for path in self.paths if self.holders[path] <= 1]

    def named(self, names: str | Iterable[str], what: str) -> list[Path]:
        """The groups of these names or paths, `layer2`, `layer2.layers.0`."""
        wanted = [names] if isinstance(names, str) else list(names)
        found: list[Path] = []
        for name in wanted:
            paths = [p for p in self.paths if f".{'.'.join(p)}".endswith(f".{name}")]
            if not paths:
                known = ", ".join(dict.fromkeys(p[-1] for p in self.paths)) or "none"
                raise ValueError(f"draw: {what}: there is no group {name!r}; groups: {known}")
            found += paths
        return found

    @staticmethod
    def without(closed: Iterable[Path], opened: list[Path]) -> list[Path]:
        """Of the closed groups, those that nothing opened is in, and that are in nothing opened."""
        around = {path[:end] for path in opened for end in range(len(path) + 1)}
        inside = set(opened)
        return [
            path
            for path in closed
            if path not in around and not any(path[:end] in inside for end in range(len(path)))
        ]


def _grouped(graph: Graph, closed: list[Path]) -> list[Unit]:
    """Each closed group a unit (the outermost of nested ones), and each value outside of them."""
    shut = set(closed)
    members: dict[Path | str, list[Node]] = {}
    for node in graph.nodes:
        inside = (node.group[:end] for end in range(1, len(node.group) + 1))
        key = next((path for path in inside if path in shut), None)
        members.setdefault(node.id if key is None else key, []).append(node)
    found = []
    for place, nodes in members.items():
        if isinstance(place, tuple):
            found.append(Unit("", "group", place[-1], tuple(nodes), place[:-1]))
        else:
            found.append(Unit("", "node", nodes[0].name, tuple(nodes), nodes[0].group))
    return _in_order(graph, found)


def _in_order(graph: Graph, found: Iterable[Unit]) -> list[Unit]:
    """By the first value that a unit computes; a value keeps its id, the others get g0, g1, ..."""
    place = {node.id: i for i, node in enumerate(graph.nodes)}

    def first(unit: Unit) -> int:
        computed = (place[node.id] for node in unit.nodes if node.rule is not None)
        return min(computed, default=place[unit.nodes[0].id])

    ordered = sorted(found, key=first)
    count = iter(range(len(ordered)))
    return [
        unit._replace(id=unit.nodes[0].id if unit.kind == "node" else f"g{next(count)}")
        for unit in ordered
    ]


def homes(found: Iterable[Unit]) -> dict[str, str]:
    """For each node, the unit that it is in."""
    return {node.id: unit.id for unit in found for node in unit.nodes}


def between(graph: Graph, found: list[Unit]) -> dict[tuple[str, str], list[Edge]]:
    """The edges that lead from one unit to another."""
    home = homes(found)
    crossing: dict[tuple[str, str], list[Edge]] = {}
    for edge in graph.edges:
        ends = home[edge.source], home[edge.target]
        if ends[0] != ends[1]:
            crossing.setdefault(ends, []).append(edge)
    return crossing


def _with_activations(graph: Graph, found: list[Unit], opened: list[Path]) -> list[Unit]:
    """An activation that is a group of its own joins the layer that alone feeds it."""
    by_id = {unit.id: unit for unit in found}
    joined: dict[str, str] = {}
    sources: dict[str, set[str]] = {}
    targets: dict[str, set[str]] = {}
    for source, target in between(graph, found):
        sources.setdefault(target, set()).add(source)
        targets.setdefault(source, set()).add(target)
    for unit in found:
        fed = sources.get(unit.id, set())
        alone = unit.nodes[-1].activation and not any(node.linear for node in unit.nodes)
        if unit.kind != "group" or len(fed) != 1 or not alone:
            continue
        (feeding,) = fed
        layer = by_id[joined.get(feeding, feeding)]
        joins = targets[feeding] == {unit.id}
        holds = any(node.role == "parameter" for node in layer.nodes)
        if joins and holds and layer.kind == "group" and layer.frame == unit.frame:
            by_id[layer.id] = layer._replace(nodes=layer.nodes + unit.nodes)
            joined[unit.id] = layer.id
            del by_id[unit.id]
    return _in_order(graph, by_id.values())


def _twins_folded(graph: Graph, found: list[Unit]) -> list[Unit]:
    """More than a few equal groups, each feeding only the next, as one card."""
    targets: dict[str, set[str]] = {}
    for source, target in between(graph, found):
        targets.setdefault(source, set()).add(target)
    groups = [unit for unit in found if unit.kind == "group"]
    run: list[Unit] = []
    runs = [run]
    for unit in groups:
        if run and not (_alike(run[-1], unit) and targets.get(run[-1].id) == {unit.id}):
            run = []
            runs.append(run)
        run.append(unit)
    folded: list[Unit] = [unit for unit in found if unit.kind != "group"]
    for run in runs:
        if len(run) > MOST_TWINS:
            nodes = tuple(node for unit in run for node in unit.nodes)
            name = f"{run[0].name} … {run[-1].name}"
            folded.append(run[0]._replace(name=name, nodes=nodes, copies=len(run)))
        else:
            folded += run
    return _in_order(graph, folded)


def _alike(a: Unit, b: Unit) -> bool:
    """Whether two groups do the same with the same shapes."""
    return a.frame == b.frame and _shape(a) == _shape(b)


def _shape(unit: Unit) -> list[tuple[object, ...]]:
    return [(node.role, node.rule, np.shape(node.value)) for node in unit.nodes]


def _chains_folded(graph: Graph, found: list[Unit]) -> list[Unit]:
    """Values in a row, each computed from the one before and read by the next alone, as one."""
    operands: dict[str, list[str]] = {}
    readers: Counter[str] = Counter()
    computed = {unit.id for unit in found if unit.kind == "node" and unit.nodes[0].rule}
    leaves = {unit.id for unit in found if unit.kind == "node" and not unit.nodes[0].rule}
    for source, target in between(graph, found):
        readers[source] += 1
        if source not in leaves:
            operands.setdefault(target, []).append(source)
    chain: dict[str, list[Unit]] = {}  # by its last value
    result = graph.nodes[-1].id
    others = []
    for unit in found:
        before = operands.get(unit.id, [])
        if unit.id not in computed or unit.id == result:
            others.append(unit)
            continue
        linked = len(before) == 1 and readers[before[0]] == 1 and before[0] in chain
        links = chain.pop(before[0]) if linked and before[0] in chain else []
        links.append(unit)
        chain[unit.id] = links
    return _folded(graph, others, chain.values())


def _blocks(graph: Graph, found: list[Unit]) -> list[Unit]:
    """What was computed, in a few parts one after another; the leaves of each role as one."""
    result = graph.nodes[-1].id
    inner = [unit for unit in found if any(n.rule for n in unit.nodes) and unit.id != result]
    length = -(-len(inner) // BLOCKS)
    parts = [inner[i : i + length] for i in range(0, len(inner), length)]
    inside = {unit.id for unit in inner}
    folded = _folded(graph, [unit for unit in found if unit.id not in inside], parts)
    leaves = [unit for unit in folded if not any(n.rule for n in unit.nodes)]
    if len(leaves) <= BLOCKS:
        return folded
    leaves.sort(key=lambda unit: unit.nodes[0].role)
    kinds = [list(some) for _, some in groupby(leaves, key=lambda unit: unit.nodes[0].role)]
    gone = {unit.id for unit in leaves}
    return _in_order(
        graph, [*(u for u in folded if u.id not in gone), *(_fold(some) for some in kinds)]
    )


def _folded(graph: Graph, others: list[Unit], parts: Iterable[list[Unit]]) -> list[Unit]:
    """Each part as one unit, with the leaves that it alone reads, other than at its start."""
    folded = [_fold(part) for part in parts]
    marked = [unit._replace(id=f"fold{i}") for i, unit in enumerate(folded)]
    home = homes([*others, *marked])
    readers: dict[str, set[str]] = {}
    starts = {unit.nodes[0].id for unit in marked if len(unit.nodes) > 1}
    starting: set[str] = set()
    for edge in graph.edges:
        readers.setdefault(edge.source, set()).add(home[edge.target])
        if edge.target in starts:
            starting.add(edge.source)
    members: dict[str, list[Node]] = {unit.id: list(unit.nodes) for unit in marked}
    kept = []
    for unit in others:
        leaf = unit.nodes[0]
        into = readers.get(leaf.id, set())
        lone = leaf.rule is None and len(into) == 1 and leaf.id not in starting
        place = next(iter(into)) if lone else ""
        if place in members and len(members[place]) > 1:
            members[place].append(leaf)
        else:
            kept.append(unit)
    return _in_order(graph, [*kept, *(u._replace(nodes=tuple(members[u.id])) for u in marked)])


def _fold(part: list[Unit]) -> Unit:
    if len(part) == 1:
        return part[0]
    nodes = tuple(node for unit in part for node in unit.nodes)
    frame = part[0].frame
    while any(unit.frame[: len(frame)] != frame for unit in part):
        frame = frame[:-1]
    return Unit("", "fold", f"{part[0].nodes[0].name} … {part[-1].nodes[-1].name}", nodes, frame)


def frames(found: Iterable[Unit]) -> Iterator[Path]:
    """Every frame around a unit, once."""
    seen: dict[Path, None] = {}
    for unit in found:
        for end in range(1, len(unit.frame) + 1):
            seen.setdefault(unit.frame[:end])
    yield from seen
