"""What folds into one card: loops, equal layers, values that do the same, chains, and blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ..graph import Graph, Node, Path, common
from .units import Unit, called, homes, in_order, neighbours, starts

LEAST_ROUNDS = 3  # of a loop that is rolled, and of values that do the same
MOST_TWINS = 6  # of equal layers in a row, more than that fold into one card
MOST_PERIODS = 24  # that are tried where a loop is looked for
MOST_WRITTEN = 8  # values in a row whose formula is written
BLOCKS = 8  # that a picture is cut into where nothing else helps
SUMS = ("add", "multiply", "maximum", "minimum")
JOINS = ("add", "subtract", "concatenate")


# Loops ------------------------------------------------------------------------------------------


def rolled(graph: Graph, found: list[Unit], opened: Iterable[Path]) -> list[Unit]:
    """Each loop as one unit: rounds in a row that do the same with the same parameters.

    A module called again and again is one, and so is a formula with the same weights in it.
    """
    result = graph.result
    ends = ((unit, unit.nodes[-1]) for unit in found if unit.computed)
    active = [u for u, x in ends if x is not result and x.recorded]  # slices are made anywhere
    around = set(opened)
    does = [_does(graph, unit) for unit in active]
    numbers: dict[Any, int] = {}
    tokens = [
        numbers.setdefault(what if around.isdisjoint(starts(_own(unit))) else unit.id, len(numbers))
        for unit, what in zip(active, does, strict=True)
    ]
    calls = Counter(tuple(map(called, path)) for path in dict.fromkeys(map(_own, active)))
    each = zip(tokens, does, strict=True)
    anchors = {token for token, (_, path, _, learnt) in each if learnt or calls[path] > 1}
    runs = _runs(tokens, anchors, _periods(tokens))
    loops = [[active[i : i + run.step] for i in run] for run in runs]
    taken = {unit.id for loop in loops for unit in _flat(loop)}
    place = {unit.id: i for i, unit in enumerate(active)}
    for loop in loops:
        start, length = place[loop[0][0].id], len(loop[0])
        learnt = {key for *_, read in does[start : start + length] for key in read}
        near = [  # before it and in it, whatever goes in
            (kind, path, rules[-1:], learnt.intersection(read))
            for kind, path, rules, read in does[max(0, start - length) : start + length]
        ]
        begun = len(_matched(near[:-length], near[-length:]))
        first = active[start - begun : start]
        if 2 * begun >= length and taken.isdisjoint(unit.id for unit in first):
            loop.insert(0, first)
    return _with_loops(graph, found, loops) if loops else found


def _matched(first: list[Any], second: list[Any]) -> list[tuple[int, int]]:
    """Where a first round does the same as the second, from the end on.

    It lacks what gives the same for a state of zeros.
    """
    found, left = [], len(first)
    for k in reversed(range(len(second))):
        if left and first[left - 1] == second[k]:
            left -= 1
            found.append((left, k))
    return found


def twin_values(first: Sequence[Node], second: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """The values of a round of a loop, the last first, with those of another."""
    does = [[(node.rule, np.shape(node.value)) for node in some] for some in (first, second)]
    return ((first[i], second[k]) for i, k in _matched(*does))


def _own(unit: Unit) -> Path:
    """The group that a unit is, or is in."""
    return unit.path or unit.frame


def _does(graph: Graph, unit: Unit) -> tuple[Any, ...]:
    """What a unit does, with which parameters: equal for the rounds of a loop."""
    operands = (x for node in unit.nodes for x in graph.operands(node.id))
    read = {x.id for x in operands if x.role == "parameter"}
    rules = tuple((node.rule, np.shape(node.value)) for node in unit.computed)
    return unit.kind, tuple(map(called, _own(unit))), rules, tuple(sorted(read))


def _periods(tokens: list[int]) -> list[int]:
    """How long a round may be: how far apart equal units lie."""
    places: dict[Any, list[int]] = {}
    for i, token in enumerate(tokens):
        places.setdefault(token, []).append(i)
    gaps: Counter[int] = Counter()
    for some in places.values():
        if len(some) >= LEAST_ROUNDS:
            (gap, count), *_ = Counter(b - a for a, b in pairwise(some)).most_common(1)
            gaps[gap] += gap * count
    return [gap for gap, _ in gaps.most_common(MOST_PERIODS) if gap]


def _runs(tokens: list[int], anchors: set[int], periods: list[int]) -> list[range]:
    """The loops, none within another: the longest first, then those in what is left.

    A loop is the range of its units, a round a step; the first round often is another.
    """
    found = [run for period in periods for run in _repeats(tokens, anchors, period)]
    found.sort(key=lambda run: (run.start - run.stop, run.step, run.start))
    taken = bytearray(len(tokens))
    kept = []
    for run in found:
        if not any(taken[run.start : run.stop]):
            taken[run.start : run.stop] = b"\x01" * (run.stop - run.start)
            kept.append(range(run.start + (run.stop - run.start) % run.step, run.stop, run.step))
    return kept


def _repeats(tokens: list[int], anchors: set[int], period: int) -> Iterator[range]:
    """Where the same units come again and again after so many."""
    same = [a == b for a, b in zip(tokens, tokens[period:], strict=False)]
    start = 0
    for equal, some in groupby(same):
        length = len(list(some))
        often = length // period + 1 >= LEAST_ROUNDS
        if equal and often and not anchors.isdisjoint(tokens[start : start + period]):
            yield range(start, start + length + period, period)
        start += length


def _within(part: list[Unit], outer: Path) -> list[str]:
    """The groups right inside of one, in which units are, in their order."""
    deeper = (path[len(outer)] for path in map(_own, part) if len(path) > len(outer))
    return list(dict.fromkeys(deeper))


def _with_loops(graph: Graph, found: list[Unit], loops: list[list[list[Unit]]]) -> list[Unit]:
    """The rounds of each loop as one unit, with what they alone read of parameters and slices."""
    rounds = [[_nodes(part) for part in loop] for loop in loops]
    turn = {
        x.id: (k, r) for k, some in enumerate(rounds) for r, part in enumerate(some) for x in part
    }
    twins = [{a.id: b.id for a, b in twin_values(*some[:2])} for some in rounds]
    own: list[list[Node]] = [[] for _ in loops]
    others = []
    for unit in (unit for unit in found if unit.nodes[-1].id not in turn):
        node, readers = unit.nodes[0], graph.readers(unit.nodes[0].id)
        into = {turn.get(reader.id, (None, 0))[0] for reader in readers}
        place = into.pop() if len(into) == 1 else None
        if unit.kind == "node" and place is not None and _belongs(graph, node, turn, twins[place]):
            own[place].append(node)
        else:
            others.append(unit)
    return in_order(graph, [*others, *map(_loop, loops, rounds, own)])


def _belongs(
    graph: Graph, node: Node, turn: dict[str, tuple[int, int]], twins: dict[str, str]
) -> bool:
    """Whether a value that a loop alone reads is part of it.

    That is a constant, a slice, a parameter of several rounds, and what the first round has in
    place of something that the others compute: `[x, zeros]`, which nobody recorded.
    """
    readers = [reader.id for reader in graph.readers(node.id)]
    if node.role == "parameter":
        return len({turn[key] for key in readers}) > 1
    if node.rule or node.named or node.role != "input":
        return node.role == "constant" or node.rule == "getitem"
    pairs = (zip(*map(graph.operands, (key, twins.get(key, key))), strict=False) for key in readers)
    return all(turn.get(y.id, (0, 0))[1] == 1 for pair in pairs for x, y in pair if x.id == node.id)


def _flat(loop: list[list[Unit]]) -> Iterator[Unit]:
    return (unit for part in loop for unit in part)


def _loop(parts: list[list[Unit]], rounds: list[tuple[Node, ...]], own: list[Node]) -> Unit:
    frame = common(map(_own, _flat(parts)))
    inner = _within(parts[0], frame)
    if any(set(inner) & set(_within(part, frame)) for part in parts[1:]):
        inner = []  # one group around several rounds
    groups = list(dict.fromkeys(map(called, inner)))
    path = (*frame, inner[0]) if len(inner) == 1 else ()
    own_names = [called(u.name) for u in parts[0] if u.kind == "group"]
    name = ", ".join(groups or dict.fromkeys(own_names))
    name = name or f"{rounds[0][-1].name} … {rounds[-1][-1].name}"
    nodes = (*own, *(node for nodes in rounds for node in nodes))
    return Unit(rounds[0][0].id, "group", name, nodes, frame, tuple(rounds), path)


# Equal layers -----------------------------------------------------------------------------------


def with_twins(graph: Graph, found: list[Unit]) -> list[Unit]:
    """More than a few equal groups, each feeding only the next, as one card."""
    groups = [unit for unit in found if unit.kind == "group"]
    if len(groups) <= MOST_TWINS:
        return found

    def does(unit: Unit) -> Any:
        """What it does with which shapes; a loop is like no other."""
        each = [(node.role, node.rule, np.shape(node.value)) for node in unit.nodes]
        return unit.id if unit.rounds else each

    _, targets = neighbours(graph, found)
    runs: list[list[Unit]] = [[]]
    for unit in groups:
        last = runs[-1][-1] if runs[-1] else unit
        alone = last.frame == unit.frame and targets[last.id] == {unit.id}
        if last is not unit and not (alone and does(last) == does(unit)):
            runs.append([])
        runs[-1].append(unit)
    folded = [unit for unit in found if unit.kind != "group"]
    for run in runs:
        if len(run) > MOST_TWINS:
            name = f"{run[0].name} … {run[-1].name}"
            rounds = tuple(unit.nodes for unit in run)
            run = [run[0]._replace(name=name, nodes=_nodes(run), rounds=rounds)]
        folded += run
    return in_order(graph, folded)


def with_shared(graph: Graph, found: list[Unit], opened: Iterable[Path]) -> list[Unit]:
    """The parameters that several calls of a module read, and nothing else does, as one card."""
    around = set(opened)
    shared: dict[tuple[Path, ...], list[Node]] = {}
    for unit in found if any(unit.kind == "group" for unit in found) else ():
        if unit.kind == "node" and unit.nodes[0].role == "parameter":
            groups = [reader.group for reader in graph.readers(unit.id)]
            calls = dict.fromkeys(group[: len(common(groups)) + 1] for group in groups)
            names = {tuple(map(called, call)) for call in calls}
            if len(calls) > 1 and len(names) == 1 and around.isdisjoint(calls):
                shared.setdefault(tuple(calls), []).append(unit.nodes[0])
    cards = [
        Unit(nodes[0].id, "group", called(calls[0][-1]), tuple(nodes), calls[0][:-1], (), calls[0])
        for calls, nodes in shared.items()
        if len(nodes) > 1
    ]
    inside = {node.id for unit in cards for node in unit.nodes}
    others = (unit for unit in found if unit.id not in inside)
    return in_order(graph, [*others, *cards]) if cards else found


def with_joins(graph: Graph, found: list[Unit]) -> list[Unit]:
    """Sums and concatenations that one group alone reads, in that group."""
    by_id = {unit.id: unit for unit in found}
    _, targets = neighbours(graph, found)
    for unit in reversed(found):
        (key, *others) = targets[unit.id] or {""}
        reader = by_id.get(key)
        joins = unit.kind == "node" and unit.nodes[0].rule in JOINS
        if joins and reader and not others and (reader.kind, reader.frame) == ("group", unit.frame):
            by_id[key] = reader._replace(nodes=unit.nodes + reader.nodes)
            del by_id[unit.id]
    return in_order(graph, by_id.values())


# Values that do the same ------------------------------------------------------------------------


def by_kind(graph: Graph, found: list[Unit]) -> list[Unit]:
    """Values that are computed alike from what is alike, as one: 100 squares, and their sum.

    What is alike is computed by the same rule from what is alike, and no such value comes from
    another, so no arrow between two kinds leads back. Sums of sums are one sum.
    """
    units = {unit.id: unit for unit in found if unit.kind == "node"}
    sources, targets = neighbours(graph, found)
    heads = {key: key for key in units}  # of a sum, its last addition
    for unit in reversed(found):
        node = unit.nodes[0]
        (reader, *others) = targets[unit.id] or {""}
        outer = units.get(reader)
        sums = node.rule in SUMS and not node.named and not others
        if sums and outer and (outer.nodes[0].rule, outer.frame) == (node.rule, unit.frame):
            heads[unit.id] = heads[reader]
    members: dict[str, list[str]] = {}
    for key, head in heads.items():
        members.setdefault(head, []).append(key)
    kinds: dict[str, Any] = {}
    numbers: dict[Any, int] = {}

    def number(what: Any) -> int:
        return numbers.setdefault(what, len(numbers))

    for unit in found:
        if unit.id not in units:
            kinds[unit.id] = number(unit.id)
        elif heads[unit.id] == unit.id:
            parts = members[unit.id]
            read = [x for part in parts for x in sources[part] if heads.get(x) != unit.id]
            node = unit.nodes[0]
            what = node.rule, node.role, np.shape(node.value), unit.frame, len(parts)
            kinds[unit.id] = number((*what, tuple(sorted(kinds[heads.get(x, x)] for x in read))))
    classes: dict[Any, list[str]] = {}
    for key in members:
        kind = kinds[key]
        if not units[key].computed:  # leaves are alike where their readers are
            kind = kind, tuple(sorted({kinds[heads.get(x, x)] for x in targets[key]}))
        classes.setdefault(kind, []).append(key)
    return _classes_folded(graph, found, members, classes)


def _classes_folded(
    graph: Graph,
    found: list[Unit],
    members: dict[str, list[str]],
    classes: dict[Any, list[str]],
) -> list[Unit]:
    """Each class of several as one unit, and each long sum, with the constants that it reads."""
    several = ([x for key in keys for x in members[key]] for keys in classes.values())
    place = {x: k for k, some in enumerate(several) if len(some) >= LEAST_ROUNDS for x in some}
    folds: dict[int, list[Unit]] = {}
    others = []
    for unit in found:
        into = place.get(unit.id)
        if unit.nodes[0].role == "constant":
            reading = {place.get(reader.id) for reader in graph.readers(unit.id)}
            into = reading.pop() if len(reading) == 1 else into
        if into is None:
            others.append(unit)
        else:
            folds.setdefault(into, []).append(unit)
    return in_order(graph, [*others, *map(_fold, folds.values())])


# Chains, and parts of what is left --------------------------------------------------------------


def with_chains(graph: Graph, found: list[Unit]) -> list[Unit]:
    """Values in a row, each computed from the one before and read by the next alone, as one.

    A value with a name of its own ends one.
    """
    home = homes(found)
    leaves = {unit.id for unit in found if unit.kind == "node" and not unit.computed}
    chains: dict[str, list[Unit]] = {}  # by its last value
    others = []
    for unit in found:
        if unit.kind != "node" or unit.id in leaves or unit.id == graph.result.id:
            others.append(unit)
            continue
        read = {home[x.id] for x in graph.operands(unit.id)}
        (before, *more) = (read - leaves) or {""}
        linked = not more and before in chains and not chains[before][-1].nodes[0].named
        linked = linked and len({home[x.id] for x in graph.readers(before)}) == 1
        chains[unit.id] = chains.pop(before) if linked else []
        chains[unit.id].append(unit)
    return _folded(graph, others, chains.values())


def with_blocks(graph: Graph, found: list[Unit]) -> list[Unit]:
    """What was computed, in a few parts one after another; the leaves of each role as one.

    Groups stay, where there are few.
    """
    inner = [unit for unit in found if unit.computed and unit.id != graph.result.id]
    groups = {unit.id for unit in inner if unit.kind == "group"}
    groups = groups if len(groups) <= BLOCKS else set()
    length = -(-len(inner) // BLOCKS)
    parts: list[list[Unit]] = []
    for is_group, run in groupby(inner, key=lambda unit: unit.id in groups):
        some = list(run)
        if not is_group:
            parts += [some[i : i + length] for i in range(0, len(some), length)]
    inside = {unit.id for part in parts for unit in part}
    folded = _folded(graph, [unit for unit in found if unit.id not in inside], parts)
    leaves = [unit for unit in folded if not unit.computed]
    if len(leaves) <= BLOCKS:
        return folded
    leaves.sort(key=lambda unit: unit.nodes[0].role)
    kinds = [_fold(list(some)) for _, some in groupby(leaves, key=lambda unit: unit.nodes[0].role)]
    return in_order(graph, [*(unit for unit in folded if unit.computed), *kinds])


def _folded(graph: Graph, others: list[Unit], parts: Iterable[list[Unit]]) -> list[Unit]:
    """Each part as one unit, with the leaves that it alone reads, other than at its start."""
    folded = list(map(_fold, parts))
    home = homes([*others, *folded])
    members = {unit.id: list(unit.nodes) for unit in folded if len(unit.nodes) > 1}
    firsts = {nodes[0].id for nodes in members.values()}
    kept = []
    for unit in others:
        leaf = not unit.computed
        readers = {x.id for node in unit.nodes if leaf for x in graph.readers(node.id)}
        into = {home[reader] for reader in readers}
        if len(into) == 1 and into <= members.keys() and not readers & firsts:
            (key,) = into
            if unit.nodes[0].role == "constant" or len(members[key]) > MOST_WRITTEN:
                members[key] += unit.nodes
                continue
        kept.append(unit)
    whole = (u._replace(nodes=tuple(members.get(u.id, u.nodes))) for u in folded)
    return in_order(graph, [*kept, *whole])


def _fold(part: list[Unit]) -> Unit:
    """A part as one unit, in the frame that its own share."""
    if len(part) == 1:
        return part[0]
    nodes, frame = _nodes(part), common(unit.frame for unit in part)
    shown = [node for node in nodes if node.rule is not None] or nodes
    return Unit(nodes[0].id, "fold", f"{shown[0].name} … {shown[-1].name}", nodes, frame)


def _nodes(part: list[Unit]) -> tuple[Node, ...]:
    return tuple(node for unit in part for node in unit.nodes)
