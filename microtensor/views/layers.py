"""Which groups of a graph are one card: those that are named, or so many that a picture fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from ..errors import in_brief
from ..graph import MOST_KNOWN, Graph, Node, Path, common
from ..lexicon import UNPRINTED, shown
from .folds import (
    LEAST_ROUNDS,
    by_kind,
    rolled,
    with_blocks,
    with_chains,
    with_joins,
    with_shared,
    with_twins,
)
from .scene import LEAST_SEEN
from .units import Unit, are_values, called, fits, in_order, neighbours, starts

FEW_NODES = 12  # a graph with groups that is shown in full all the same
MANY_UNITS = 24  # above that, a picture that fits in no other way is cut into parts
MOST_STEPPED = 160  # values that are stepped through one by one: with their arrows 500 steps
MOST_UNITS = 2000  # above that, there is no picture
COLLAPSE = '"auto", False, a depth, or names of groups'

Collapse = str | bool | int | Iterable[str]


def units(
    graph: Graph,
    collapse: Collapse,
    expand: str | Iterable[str],
    who: str = "draw",
    few: Callable[[Graph, list[Unit]], bool] = fits,
) -> list[Unit]:
    """The units of a picture, in the order in which they were computed.

    `collapse`: "auto", False or 0 (none), a depth (groups so deep are cards), or names of groups
    that are cards, beside which all is as at "auto". `expand`: names of groups to open. A name is
    a module's dotted path, with Python's wildcards. `few`: what "auto" aims at, that they are seen
    at once or can be stepped through.
    """
    paths = _paths(graph)
    opened = _named(graph, paths, expand, f"{who}: expand", "names of groups")
    if isinstance(collapse, str) and collapse == "auto":
        found = _auto(graph, paths, opened, few)
    elif isinstance(collapse, bool | int):
        if collapse is True or collapse < 0:
            raise ValueError(f"{who}: collapse is {COLLAPSE}, got {collapse}")
        closed = [path for path in paths if len(path) == collapse]
        found = with_shared(graph, _grouped(graph, closed, opened), opened)
    else:
        named = _named(graph, paths, collapse, f"{who}: collapse", COLLAPSE)
        found = _auto(graph, paths, opened, few, named)
    if len(found) > MOST_UNITS:
        raise ValueError(
            f"{who}: {len(found):,} cards are more than a picture can show ({MOST_UNITS:,}); "
            'collapse="auto" folds them'
        )
    ids = (f"g{i}" for i in range(len(found)))
    return [unit if unit.kind == "node" else unit._replace(id=next(ids)) for unit in found]


def layers(graph: Graph) -> list[Unit]:
    """Each layer as a unit, with the activation that it alone feeds; and the values outside."""
    return _with_activations(graph, _grouped(graph, _layers(graph, _paths(graph)), []))


def stepped(graph: Graph, found: list[Unit]) -> bool:
    """Whether units are for a page: its picture may be larger than what is seen at once.

    Values without groups stay values then, since a page goes from one to the next.
    """
    return (are_values(found) and len(found) <= MOST_STEPPED) or fits(graph, found)


def _auto(
    graph: Graph,
    paths: list[Path],
    opened: list[Path],
    few: Callable[[Graph, list[Unit]], bool],
    named: Sequence[Path] = (),
) -> list[Unit]:
    """Layers as cards, or all values where they are few; more and more folded until they are.

    What is `named` is a card, and nothing around it is one.
    """
    if len(graph.nodes) <= (FEW_NODES if paths else MOST_UNITS):
        found = _grouped(graph, [], [], named)
        if few(graph, found):
            return found
    levels: list[list[Unit]] = []
    for found in _levels(graph, paths, opened, named):
        if few(graph, found):
            return found if named else next(_opened(graph, found, levels), found)
        levels.append(found)
    return with_blocks(graph, found) if len(found) > MANY_UNITS else found


def _opened(graph: Graph, found: list[Unit], levels: list[list[Unit]]) -> Iterator[list[Unit]]:
    """In place of one card for a whole model, what it consists of, if brief cards of that fit."""
    learning = [unit for unit in found if unit.kind == "group" and unit.parameters]
    if len(learning) == 1 and not learning[0].rounds:
        for level in levels:
            some = with_joins(graph, [unit._replace(brief=True) for unit in level])
            if fits(graph, some, LEAST_SEEN):
                yield some


def _levels(
    graph: Graph, paths: list[Path], opened: list[Path], named: Sequence[Path]
) -> Iterator[list[Unit]]:
    """Layers as cards, then the groups around them, and so on to the outermost.

    On each level loops are rolled, then activations join their layers, then values are folded.
    """
    closed = _layers(graph, paths)
    heights = dict.fromkeys(closed, 0)  # above the layers
    outer = [path for path in paths if not any(x in heights for x in starts(path[:-1]))]
    for path in reversed(paths):
        height = heights.setdefault(path, 1)
        if len(path) > 1 and heights.get(path[:-1], 1) > 0:
            heights[path[:-1]] = max(heights.get(path[:-1], 0), height + 1)
    for height in range(max(heights.values(), default=0) + 1):
        low = [path for path in outer if heights[path] <= height]
        grouped = _with_activations(graph, _grouped(graph, low, opened, named))
        whole = _with_activations(graph, grouped, values=True)
        for some in (grouped, whole) if len(whole) < len(grouped) else (grouped,):
            found = with_shared(graph, rolled(graph, some, opened), opened)
            found = with_twins(graph, found)
            yield found
        if len(found) > MOST_UNITS:
            found = with_chains(graph, found)
        found = by_kind(graph, found)
        yield found
        yield with_chains(graph, found)


def _paths(graph: Graph) -> list[Path]:
    """All groups, each after those around it."""
    groups = dict.fromkeys(node.group for node in graph.nodes)
    return list(dict.fromkeys(start for group in groups for start in starts(group)))


def _layers(graph: Graph, paths: list[Path]) -> list[Path]:
    """The outermost groups that read the parameters of at most one module.

    Nor is one a layer that reads the same parameter in several groups, as with tied weights, or
    again and again.
    """
    read: dict[Path, set[str]] = {path: set() for path in paths}
    around: set[Path] = set()
    for node in (node for node in graph.nodes if node.role == "parameter"):
        owner = (node.path or node.name).rpartition(".")[0] or ".".join(node.group)
        readers = [reader.group for reader in graph.readers(node.id)]
        places = set(readers)
        if len(places) > 1 or len(readers) >= LEAST_ROUNDS:
            around.update(starts(common(places)))
        for path in places:
            for start in starts(path):
                read[start].add(owner)
    return [path for path in paths if len(read[path]) <= 1 and path not in around]


# Names ------------------------------------------------------------------------------------------


def _named(
    graph: Graph, paths: list[Path], names: str | Iterable[str], what: str, wanted: str
) -> list[Path]:
    """The groups of these names: a module's path, as in `named_parameters()`, or with wildcards.

    All calls of a module have its path. `mlp.layers.0` is `mlp.0` too, as cards write it.
    """
    found: list[Path] = []
    asked = [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    known = [(path, set(_names(graph, path))) for path in paths if asked]
    for name in asked:
        if not isinstance(name, str):
            raise TypeError(f"{what} is {wanted}, got {in_brief(names)}")
        pattern = shown(name) or UNPRINTED
        some = [path for path, its in known if pattern in its]
        some = some or [path for path, its in known if pattern in map(_short, its)]
        either = ((path, its.union(map(_short, its))) for path, its in known)
        some = some or [path for path, its in either if any(fnmatchcase(x, pattern) for x in its)]
        if not some:
            raise ValueError(f"{what}: there is no group {in_brief(name)}; {_near(name, known)}")
        found += some
    return found


def _names(graph: Graph, path: Path) -> Iterator[str]:
    """What a group may be called: its path from the model, and with what is around that too."""
    ends = enumerate(starts(path))
    roots = [i for i, x in ends if (kind := graph.kind(x)) and (not i or kind == called(x[-1]))]
    for start in range(roots[-1] + 2 if roots else 1):
        name = ".".join(path[start:])
        if name:
            yield name
            yield ".".join(map(called, path[start:]))
    if not graph.kind(path):
        yield path[-1]  # a group that `with group` made


def _short(name: str) -> str:
    """A path without the list in which a Sequential has its layers."""
    return re.sub(r"(^|\.)layers\.(?=\d+(\.|$))", r"\1", name)


def _near(name: str, known: list[tuple[Path, set[str]]]) -> str:
    """The groups whose names are nearest to one that there isn't, or the first few."""
    names = list(dict.fromkeys(min(its, key=lambda x: (len(x), x)) for _, its in known))
    near = [x for x in names if name in x.split(".") or x.endswith(f".{name}")]
    near += get_close_matches(name, names, 5, 0.6)
    if near:
        return f"near it: {', '.join([x for x in names if x in near][:MOST_KNOWN])}"
    more = ", ..." if len(names) > MOST_KNOWN else ""
    return f"groups: {', '.join(names[:MOST_KNOWN]) or 'none'}{more}"


# Groups as units --------------------------------------------------------------------------------


def _grouped(
    graph: Graph, closed: Iterable[Path], opened: list[Path], named: Sequence[Path] = ()
) -> list[Unit]:
    """Each closed group a unit (the outermost of nested ones), and each value outside of them.

    A group that is opened stays open, and so do those around it; those that are `named` are closed,
    and those around them stay open.
    """
    inner = set(named)
    own = {path for path in inner if not inner.intersection(starts(path[:-1]))}
    around = {start for path in opened for start in starts(path)}
    around |= {start for path in own for start in starts(path[:-1])}
    shut = own.union(closed) - around
    cards = {
        group: next((path for path in starts(group) if path in shut), None)
        for group in {node.group for node in graph.nodes}
    }
    members: dict[Path, list[Node]] = {}
    found: list[Unit] = []
    for node in graph.nodes:
        key = cards[node.group]
        if node.rule and not node.recorded:  # a slice of data, which is wherever it is read
            keys = {cards[reader.group] for reader in graph.readers(node.id)}
            key = keys.pop() if len(keys) == 1 else None
        if key is None:
            found.append(Unit(node.id, "node", node.name, (node,), node.group))
        else:
            members.setdefault(key, []).append(node)
    for key, nodes in members.items():
        found.append(Unit(nodes[0].id, "group", key[-1], tuple(nodes), key[:-1], (), key))
    return in_order(graph, found) if shut else found


def _with_activations(graph: Graph, found: list[Unit], values: bool = False) -> list[Unit]:
    """An activation that is a group of its own joins the layer that alone feeds it.

    So does one that is a value, where `values` do.
    """
    kinds = ("group", "node") if values else ("group",)
    if not any(unit.kind == "group" for unit in found):
        return found
    by_id = {unit.id: unit for unit in found}
    joined: dict[str, str] = {}
    sources, targets = neighbours(graph, found)
    for unit in found:
        (before, *others) = sources[unit.id] or {""}
        alone = unit.nodes[-1].activation and not any(node.linear for node in unit.nodes)
        if unit.kind in kinds and alone and not others and targets.get(before) == {unit.id}:
            layer = by_id[joined.get(before, before)]
            learnt = layer.parameters or any(node.linear for node in layer.nodes)
            if layer.kind == "group" and learnt and layer.frame == unit.frame:
                joined[unit.id] = layer.id
                by_id[layer.id] = layer._replace(nodes=layer.nodes + unit.nodes)
                del by_id[unit.id]
    return in_order(graph, by_id.values()) if joined else found
