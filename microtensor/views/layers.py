"""Which values are a card of their own, which groups are one, and what folds when there are many.

Units are runs of the graph's order (or values that only such a run reads), so an arrow between
two units never leads back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ..errors import in_brief
from ..graph import MOST_KNOWN, Edge, Graph, Node, Path, common
from ..lexicon import UNPRINTED, shown

FEW_NODES = 12  # a graph with groups that is shown in full all the same
MANY_UNITS = 200  # above that, a picture collapses by itself
MOST_UNITS = 2000  # above that, there is no picture
MOST_TWINS = 6  # of equal layers in a row, more than that fold into one card
BLOCKS = 16
COLLAPSE = '"auto", False, a depth, or names of groups'

Collapse = str | bool | int | Iterable[str]


class Unit(NamedTuple):
    """What is drawn as one card: a value, a group (`copies` equal ones), or a fold of values.

    A value's id is the node's; the others are called g0, g1, ...
    """

    id: str
    kind: str
    name: str
    nodes: tuple[Node, ...]
    frame: Path
    copies: int = 1

    @property
    def parameters(self) -> list[Node]:
        """The parameters in it."""
        return [node for node in self.nodes if node.role == "parameter"]

    @property
    def computed(self) -> list[Node]:
        """The values in it that were computed."""
        return [node for node in self.nodes if node.rule is not None]


def units(
    graph: Graph, collapse: Collapse, expand: str | Iterable[str], who: str = "draw"
) -> list[Unit]:
    """The units of a picture, in the order in which they were computed.

    `collapse`: "auto", False or 0 (none), a depth (groups so deep are cards), or names of groups.
    `expand`: names of groups to open.
    """
    paths = _paths(graph)
    opened = _named(paths, expand, f"{who}: expand", "names of groups")
    if isinstance(collapse, str) and collapse == "auto":
        found = _auto(graph, paths, opened)
    elif isinstance(collapse, bool | int):
        if collapse is True or collapse < 0:
            raise ValueError(f"{who}: collapse is {COLLAPSE}, got {collapse}")
        found = _grouped(graph, [path for path in paths if len(path) == collapse], opened)
    else:
        found = _grouped(graph, _named(paths, collapse, f"{who}: collapse", COLLAPSE), opened)
    if len(found) > MOST_UNITS:
        raise ValueError(
            f"{who}: {len(found):,} cards are more than a picture can show ({MOST_UNITS:,}); "
            'collapse="auto" folds them'
        )
    ids = (f"g{i}" for i in range(len(found)))
    return [unit if unit.kind == "node" else unit._replace(id=next(ids)) for unit in found]


def layers(graph: Graph, opened: list[Path] | None = None) -> list[Unit]:
    """Each layer as a unit, with the activation that it alone feeds; and the values outside."""
    closed = _layers(graph, _paths(graph))
    return _with_activations(graph, _grouped(graph, closed, opened or []))


def _auto(graph: Graph, paths: list[Path], opened: list[Path]) -> list[Unit]:
    """Layers as cards, or all values where they are few; more and more folded where they aren't."""
    if len(graph.nodes) <= FEW_NODES:
        return _grouped(graph, [], [])
    found = _with_twins(graph, layers(graph, opened))
    for depth in range(max(map(len, paths), default=0), 0, -1):
        if len(found) <= MANY_UNITS:
            return found
        closed = [path for path in paths if len(path) == depth]
        found = _with_twins(graph, _grouped(graph, closed, opened))
    if len(found) > MANY_UNITS:
        found = _with_chains(graph, found)
    return _with_blocks(graph, found) if len(found) > MANY_UNITS else found


def _paths(graph: Graph) -> list[Path]:
    """All groups, each after those around it."""
    return list(dict.fromkeys(start for node in graph.nodes for start in _starts(node.group)))


def _starts(path: Path) -> Iterator[Path]:
    """A path of groups, and those around it, the outermost first."""
    return (path[:end] for end in range(1, len(path) + 1))


def _layers(graph: Graph, paths: list[Path]) -> list[Path]:
    """The outermost groups in which at most one group has parameters of its own."""
    owners = {node.group for node in graph.nodes if node.role == "parameter"}
    holding = Counter(start for owner in owners for start in _starts(owner))
    return [path for path in paths if holding[path] <= 1]


def _named(paths: list[Path], names: str | Iterable[str], what: str, wanted: str) -> list[Path]:
    """The groups of these names or paths, `layer2`, `layer2.layers.0`."""
    found: list[Path] = []
    for name in [names] if isinstance(names, str) or not isinstance(names, Iterable) else names:
        if not isinstance(name, str):
            raise TypeError(f"{what} is {wanted}, got {in_brief(names)}")
        end = f".{shown(name) or UNPRINTED}"
        some = [path for path in paths if f".{'.'.join(path)}".endswith(end)]
        if not some:
            known = list(dict.fromkeys(path[-1] for path in paths))
            groups = ", ".join(known[:MOST_KNOWN]) or "none"
            more = ", ..." if len(known) > MOST_KNOWN else ""
            raise ValueError(f"{what}: there is no group {in_brief(name)}; groups: {groups}{more}")
        found += some
    return found


def _grouped(graph: Graph, closed: list[Path], opened: list[Path]) -> list[Unit]:
    """Each closed group a unit (the outermost of nested ones), and each value outside of them.

    A group that is opened stays open, and so do those around it and those inside.
    """
    around = {start for path in opened for start in _starts(path)}
    shut = {x for x in closed if x not in around and not set(opened).intersection(_starts(x))}
    members: dict[Path | str, list[Node]] = {}
    for node in graph.nodes:
        key = next((path for path in _starts(node.group) if path in shut), node.id)
        members.setdefault(key, []).append(node)
    found = []
    for key, nodes in members.items():
        if isinstance(key, str):
            found.append(Unit(key, "node", nodes[0].name, tuple(nodes), nodes[0].group))
        else:
            found.append(Unit(nodes[0].id, "group", key[-1], tuple(nodes), key[:-1]))
    return _in_order(graph, found)


def _in_order(graph: Graph, found: Iterable[Unit]) -> list[Unit]:
    """By the first value that a unit computes."""
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    return sorted(found, key=lambda unit: min(place[n.id] for n in unit.computed or unit.nodes))


def homes(found: Iterable[Unit]) -> dict[str, str]:
    """For each node, the unit that it is in."""
    return {node.id: unit.id for unit in found for node in unit.nodes}


def between(graph: Graph, found: Iterable[Unit]) -> dict[tuple[str, str], list[Edge]]:
    """The edges that lead from one unit to another."""
    home = homes(found)
    crossing: dict[tuple[str, str], list[Edge]] = {}
    for edge in graph.edges:
        ends = home[edge.source], home[edge.target]
        if ends[0] != ends[1]:
            crossing.setdefault(ends, []).append(edge)
    return crossing


def sums(edges: Iterable[Edge]) -> dict[str, Any]:
    """What edges send to each node, added up."""
    sent: dict[str, Any] = {}
    for edge in edges:
        if edge.contribution is not None:
            sent[edge.source] = sent.get(edge.source, 0) + edge.contribution
    return sent


def _neighbours(graph: Graph, found: list[Unit]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """For each unit, those that it reads, and those that read it."""
    sources: dict[str, set[str]] = {unit.id: set() for unit in found}
    targets: dict[str, set[str]] = {unit.id: set() for unit in found}
    for source, target in between(graph, found):
        sources[target].add(source)
        targets[source].add(target)
    return sources, targets


def _with_activations(graph: Graph, found: list[Unit]) -> list[Unit]:
    """An activation that is a group of its own joins the layer that alone feeds it."""
    by_id = {unit.id: unit for unit in found}
    joined: dict[str, str] = {}
    sources, targets = _neighbours(graph, found)
    for unit in found:
        (before, *others) = sources[unit.id] or {""}
        alone = unit.nodes[-1].activation and not any(node.linear for node in unit.nodes)
        if unit.kind == "group" and alone and not others and targets.get(before) == {unit.id}:
            layer = by_id[joined.get(before, before)]
            if layer.kind == "group" and layer.parameters and layer.frame == unit.frame:
                joined[unit.id] = layer.id
                by_id[layer.id] = layer._replace(nodes=layer.nodes + unit.nodes)
                del by_id[unit.id]
    return _in_order(graph, by_id.values())


def _with_twins(graph: Graph, found: list[Unit]) -> list[Unit]:
    """More than a few equal groups, each feeding only the next, as one card."""
    _, targets = _neighbours(graph, found)
    runs: list[list[Unit]] = [[]]
    for unit in (unit for unit in found if unit.kind == "group"):
        last = runs[-1][-1] if runs[-1] else unit
        if last is not unit and not (_alike(last, unit) and targets[last.id] == {unit.id}):
            runs.append([])
        runs[-1].append(unit)
    folded = [unit for unit in found if unit.kind != "group"]
    for run in runs:
        if len(run) > MOST_TWINS:
            name = f"{run[0].name} … {run[-1].name}"
            run = [run[0]._replace(name=name, nodes=_nodes(run), copies=len(run))]
        folded += run
    return _in_order(graph, folded)


def _alike(a: Unit, b: Unit) -> bool:
    """Whether two groups do the same with the same shapes."""
    shapes = ([(node.role, node.rule, np.shape(node.value)) for node in x.nodes] for x in (a, b))
    return a.frame == b.frame and next(shapes) == next(shapes)


def _with_chains(graph: Graph, found: list[Unit]) -> list[Unit]:
    """Values in a row, each computed from the one before and read by the next alone, as one."""
    sources, targets = _neighbours(graph, found)
    leaves = {unit.id for unit in found if unit.kind == "node" and not unit.computed}
    chains: dict[str, list[Unit]] = {}  # by its last value
    others = []
    for unit in found:
        if unit.kind != "node" or unit.id in leaves or unit.id == graph.result.id:
            others.append(unit)
            continue
        (before, *more) = (sources[unit.id] - leaves) or {""}
        linked = not more and before in chains and len(targets[before]) == 1
        chains[unit.id] = chains.pop(before) if linked else []
        chains[unit.id].append(unit)
    return _folded(graph, others, chains.values())


def _with_blocks(graph: Graph, found: list[Unit]) -> list[Unit]:
    """What was computed, in a few parts one after another; the leaves of each role as one."""
    inner = [unit for unit in found if unit.computed and unit.id != graph.result.id]
    inside = {unit.id for unit in inner}
    length = -(-len(inner) // BLOCKS)
    parts = [inner[i : i + length] for i in range(0, len(inner), length)]
    folded = _folded(graph, [unit for unit in found if unit.id not in inside], parts)
    leaves = [unit for unit in folded if not unit.computed]
    if len(leaves) <= BLOCKS:
        return folded
    leaves.sort(key=lambda unit: unit.nodes[0].role)
    kinds = [_fold(list(some)) for _, some in groupby(leaves, key=lambda unit: unit.nodes[0].role)]
    return _in_order(graph, [*(unit for unit in folded if unit.computed), *kinds])


def _folded(graph: Graph, others: list[Unit], parts: Iterable[list[Unit]]) -> list[Unit]:
    """Each part as one unit, with the leaves that it alone reads, other than at its start."""
    folded = list(map(_fold, parts))
    home = homes([*others, *folded])
    starts = {unit.nodes[0].id for unit in folded if len(unit.nodes) > 1}
    members = {unit.id: list(unit.nodes) for unit in folded if len(unit.nodes) > 1}
    kept = []
    for unit in others:
        leaf = unit.nodes[0]
        readers = {reader.id for reader in graph.readers(leaf.id)}
        into = {home[reader] for reader in readers}
        if leaf.rule is None and len(into) == 1 and into <= set(members) and not readers & starts:
            members[into.pop()].append(leaf)
        else:
            kept.append(unit)
    whole = (u._replace(nodes=tuple(members.get(u.id, u.nodes))) for u in folded)
    return _in_order(graph, [*kept, *whole])


def _fold(part: list[Unit]) -> Unit:
    """A part as one unit, in the frame that its own share."""
    if len(part) == 1:
        return part[0]
    nodes, frame = _nodes(part), common(unit.frame for unit in part)
    return Unit(nodes[0].id, "fold", f"{nodes[0].name} … {nodes[-1].name}", nodes, frame)


def _nodes(part: list[Unit]) -> tuple[Node, ...]:
    return tuple(node for unit in part for node in unit.nodes)
