"""Cards for groups of values: a layer with its parameters and results, a loss, a fold."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ..folds import MOST_WRITTEN, rolled, twin_values
from ..layers import layers
from ..numbers import bars, brief, number, rms, size, unmasked
from ..scene import Arrow, Card, Cell, Line
from ..units import Unit, called, edge_key, homes, leaving, sums
from ..words import say
from . import cards
from .cards import without_gradient
from .diagnosis import against_later, beginnings, diagnosis
from .structure import chain, outermost, sizes, skips

MOST_ROWS = 8
FEWEST_ROWS = 2  # of a brief card
MOST_STATES = 4  # of a loop that are told apart
MANY_ROWS = 12  # of which even fewer are shown, so that several such cards are seen at once
SHADES = 8  # a gradient so many half decades below the largest is white
BLANK = Cell("", "quiet")
COLUMNS = 7
LONGEST_WRITTEN = 1000  # of what a group computes; what is longer is counted


class Layers:
    """What the cards of a picture's groups show; the parts that need the whole picture."""

    def __init__(self, graph: Graph, found: list[Unit]) -> None:
        self.graph = graph
        self.result = graph.result
        self.groups = {unit.id: unit for unit in found if unit.kind == "group"}
        several = Counter(unit.name for unit in self.groups.values())
        self.names = {  # with what is around it where it is one of several
            key: ".".join([*unit.frame[-1:], unit.name]) if several[unit.name] > 1 else unit.name
            for key, unit in self.groups.items()
        }
        self.home = homes(found)
        self.ends: dict[str, str] = {}  # what is said before the name of a value of many layers
        self.series: dict[str, list[list[Node]]] = {}  # what each loop hands on, round by round
        self.shown = {key: self._rows_of(unit) for key, unit in self.groups.items()}
        known = [n for some in self.shown.values() for n in some if n.gradient is not None]
        strengths = (rms(n.gradient) for n in known if n is not self.result)
        self.largest = max(filter(math.isfinite, strengths), default=0.0)
        learning = ((key, _learning(unit)) for key, unit in self.groups.items())
        self.learning = {key: ratio for key, ratio in learning if ratio is not None}
        self.results = {  # what a layer shows of what it computed, where that has gradients
            key: [n for n in self.shown[key] if n.rule and n.gradient is not None]
            for key, unit in self.groups.items()
            if unit.parameters
        }
        self.flow = {key: rms(some[0].gradient) for key, some in self.results.items() if some}
        finite = {key: ratio for key, ratio in self.learning.items() if math.isfinite(ratio)}
        least = min(finite.values()) if len(finite) > 1 else None
        self.least = [key for key, ratio in finite.items() if ratio == least]
        self.skips = list(skips(graph, self.groups.values()))

    @cached_property
    def fine(self) -> list[Unit]:
        """The graph in layers and loops, whatever is collapsed."""
        return rolled(self.graph, layers(self.graph), ())

    def _rows_of(self, unit: Unit) -> list[Node]:
        """Parameters, then what leaves a part of the group, an activation's operand before it.

        Of equal groups in one card, those of the first and of the last; of a loop, what each of
        its rounds hands on.
        """
        if unit.is_loop:
            self.series[unit.id] = self._rounds(unit)
            return unit.parameters + [node for some in self.series[unit.id] for node in some]
        if unit.rounds:
            rows = []
            for which, nodes in (("first", unit.rounds[0]), ("last", unit.rounds[-1])):
                some = self._rows_of(unit._replace(nodes=nodes, rounds=()))
                self.ends |= {node.id: say(f"row.{which}", name=node.name) for node in some}
                rows += some
            return rows
        telling = {node.id for node in leaving(self.graph, unit.nodes)}
        for node in unit.nodes:
            activated = node.activation and node.id in telling
            for x in self.graph.operands(node.id):
                if (activated and (x.linear or x.activation)) or x.group != node.group:
                    telling.add(x.id)
        return unit.parameters + [node for node in unit.computed if node.id in telling]

    def _rounds(self, unit: Unit) -> list[list[Node]]:
        """Of each state of a loop its value after every round; and what else each gives last."""
        series = [values for values, _ in _states(self.graph, unit)[:MOST_STATES]]
        last = [x for nodes in unit.rounds for x in leaving(self.graph, nodes)[-1:]]
        if not {x.id for x in last} <= {x.id for some in series for x in some}:
            series.insert(0, last)
        turn = {node.id: k for k, nodes in enumerate(unit.rounds, 1) for node in nodes}
        each = (node for some in series for node in some)
        self.ends |= {x.id: say("round.row", round=turn[x.id], name=x.name) for x in each}
        return series

    def card(self, unit: Unit) -> Card:
        """A group: a layer, a loss, a loop."""
        nodes, notes = self.shown[unit.id], self._notes(unit)
        head = _heads() if unit.parameters else (Cell(self._expression(unit), span=COLUMNS),)
        several = len({node.path.rpartition(".")[0] for node in unit.parameters}) > 1
        apart = _told_apart(unit) if several else {}
        # The first and last rounds of a loop are seen, however many parameters it has
        parts = [unit.parameters, *self.series[unit.id]] if unit.is_loop else [nodes]
        few = len(nodes) > MANY_ROWS and not unit.rounds
        most = MOST_ROWS // 2 if few else max(MOST_ROWS // max(1, len(parts) - 1), 2)
        most = FEWEST_ROWS if unit.brief else most
        rows = _cut(parts[0], MOST_ROWS if parts[1:] and not unit.brief else most)
        rows += [x for some in parts[1:] for x in _cut(some, most)]
        lines = [
            self._row(x, notes.get(x.id, ""), apart.get(x.id, ""))
            if isinstance(x, Node)
            else (Cell(f"… {say('more', more=x)}", "quiet", span=COLUMNS),)
            for x in rows
        ]
        role = "output" if self.home[self.result.id] == unit.id else "layer"
        card = Card(unit.id, self._heading(unit), role, (head, *lines), unit.frame)
        return card._replace(shows=tuple(x.id for x in rows if isinstance(x, Node)))

    def _heading(self, unit: Unit) -> Line:
        """Name, class, sizes, activation, how many parameters and operations."""
        cells = [Cell(unit.name, "name")]
        kind = self.graph.kind(unit.path)
        if unit.copies > 1:
            cells.append(Cell(f"× {unit.copies}", "name"))
        if kind and kind != called(unit.name):
            cells.append(Cell(kind, "quiet"))
        if pair := sizes(self.graph, unit):
            cells.append(Cell(f"{pair[0]} → {pair[1]}"))
            last = [node for node in self.shown[unit.id] if node.rule][-1]
            if last.activation:
                own = str(last.rule) if last.row.activation else self.graph.kind(last.group)
                cells.append(Cell(own or last.group[-1]))
        count = sum(np.size(node.value) for node in unit.parameters)
        facts = [say("roles.parameter", count)] if count else []
        said = say("operations", len(unit.computed))
        if count and not unit.computed:  # what several calls of a module share
            readers = (x for node in unit.nodes for x in self.graph.readers(node.id))
            said = say("layers.shared", calls=len({x.group[: len(unit.path)] for x in readers}))
        facts.append(said)
        cells.append(Cell(" · ".join(facts), "quiet"))
        if unit.id in self.least:
            said = say("layers.least" if self.learning[unit.id] else "layers.nothing")
            cells.append(Cell(said, "backward"))
        return tuple(cells)

    def _expression(self, unit: Unit) -> str:
        """What a group without parameters computes from what goes in; of a loop, its last round.

        Nobody sees inner names: where there are some, it is counted by operation.
        """
        nodes = unit.rounds[-1] if unit.rounds else unit.nodes
        slices = [node for node in unit.nodes if node.rule and not node.recorded]
        until = {node.id for node in self.graph.nodes} - {node.id for node in (*nodes, *slices)}
        last = (leaving(self.graph, nodes) or nodes)[-1]  # there are groups of leaves alone
        written = self.graph.written(last.id, until, LONGEST_WRITTEN)
        inner = {node.name for node in nodes if node.rule}
        return written if inner.isdisjoint(re.findall(r"\w+", written)) else _rules(unit)

    def _row(self, node: Node, note: str, path: str) -> Line:
        """A value; where a card has parameters of several modules, with its path."""
        one, shape = np.size(node.value) == 1, size(np.shape(node.value))
        note = "; ".join(filter(None, [diagnosis(node), note]))
        if path and not node.name.endswith(path):
            shape = f"{path}  {shape}"
        return (
            Cell(self.ends.get(node.id, node.name), "name"),
            Cell(shape, "quiet"),
            Cell("" if one else bars(node.value), "forward" if one else "forward bars"),
            Cell(_number(node.value), "forward"),
            *self._gradient(node),
            Cell(note, "note"),
        )

    def _gradient(self, node: Node) -> list[Cell]:
        gradient = node.gradient
        if gradient is None:
            return [without_gradient(node, span=2)]
        histogram = bars(gradient) if np.size(gradient) > 1 else ""
        heat = None if node is self.result else self.heat(rms(gradient))
        return [Cell(histogram, "backward bars"), Cell(_number(gradient), "backward", heat)]

    def heat(self, gradient: float) -> float:
        """How dark: 1 for the picture's largest, a shade less for each half decade below."""
        if not (math.isfinite(gradient) and gradient > 0 and self.largest > 0):
            return 0.0
        return max(0.0, 1 + 2 * math.log10(gradient / self.largest) / SHADES)

    def _notes(self, unit: Unit) -> dict[str, str]:
        """How a layer learns, in words beside two of its rows.

        Its first parameter is compared with its gradient, and the gradient of its first result
        with those of the layers after it: of a weight it would grow with what goes in, too.
        """
        notes = {}
        if unit.id in self.learning:
            ratio = self.learning[unit.id]
            said = say("layers.ratio", ratio=number(ratio))
            notes[unit.parameters[0].id] = say("layers.zero") if ratio == math.inf else said
        if results := self.results.get(unit.id):
            place = list(self.flow).index(unit.id)
            later = [(self.names[key], g) for key, g in self.flow.items()][place + 1 :]
            if unit.rounds and not unit.is_loop:
                later = [(say("layers.last"), rms(results[len(results) // 2].gradient))]
            notes[results[0].id] = against_later(self.flow[unit.id], later)
        return notes

    def title(self, written: str) -> Line:
        """The outermost module with parameters, the sizes from the data on, and the result.

        That is `written` out where nothing is collapsed. Empty where there is no module.
        """
        name = outermost(self.graph, bool(self.groups))
        if not name:
            return ()
        sizes = chain(self.graph, self.fine)
        cells = [Cell(name, "name"), *([Cell(sizes)] if sizes else [])]
        count = sum(np.size(n.value) for n in self.graph.nodes if n.role == "parameter")
        cells.append(Cell(say("roles.parameter", count), "quiet"))
        value = self.result.value
        said = number(value) if np.size(value) == 1 else size(np.shape(value))
        whole = f"{self.result.name} = {said}" if self.groups else written
        return (*cells, Cell(whole, "name"))

    def legend(self) -> list[Line]:
        """How to read the cards, where nan and inf begin, and which layer learns least."""
        gradients = Cell(say("layers.backward", name=self.graph.differentiated), "backward label")
        values = Cell(say("layers.forward"), "forward label")
        lines: list[Line] = [(values, gradients, Cell(say("layers.read"), "quiet"))]
        lines = lines if self.groups else [cards.legend()]
        places = {key: self.names[home] for key, home in self.home.items() if home in self.names}
        lines += beginnings(self.graph, places)
        if self.least:
            ratio = self.learning[self.least[0]]
            who = ", ".join(self.names[key] for key in self.least)
            what = "least" if ratio else "nothing"
            said = Cell(say(f"learns.{what}", len(self.least), who=who), "backward label")
            lines.append((said, Cell(say(f"learns.{what}.why", ratio=number(ratio)), "quiet")))
        return lines


def _cut(nodes: list[Node], most: int) -> list[Node | int]:
    """The first and the last of many values, and how many are left out."""
    half = most // 2
    left_out = len(nodes) - 2 * half if len(nodes) > most else 0
    return [*nodes[:half], left_out, *nodes[-half:]] if left_out else [*nodes]


def _states(graph: Graph, unit: Unit) -> list[tuple[list[Node], list[Edge]]]:
    """What each round of a loop hands on: of each state its values, and the edges to later rounds.

    A state is told by the value of the last round that it is, the latest first.
    """
    rounds = [[node for node in nodes if node.rule and node.recorded] for nodes in unit.rounds]
    place: dict[str, tuple[int, str]] = {}  # its round, and its state
    values: dict[str, list[Node]] = {}
    for turn, nodes in enumerate(rounds):
        for node, last in twin_values(nodes, rounds[-1]):
            place[node.id] = turn, last.id
            values.setdefault(last.id, []).append(node)
    found: dict[str, list[Edge]] = {}
    for key, (turn, _) in place.items():
        handed = {x.id for x in graph.operands(key) if place.get(x.id, (turn,))[0] < turn}
        for edge in graph.arriving(key) if handed else ():
            if edge.source in handed:
                found.setdefault(place[edge.source][1], []).append(edge)
    return [(values[node.id], found[node.id]) for node in reversed(rounds[-1]) if node.id in found]


def _state(values: list[Node]) -> str:
    """What a state is called: as its last value was by the user, or `t9 … t54`."""
    first, last = values[0], values[-1]
    return (last.path or last.name) if last.named else f"{first.name} … {last.name}"


def _learning(unit: Unit) -> float | None:
    """A layer's largest parameter's RMS gradient beside its own RMS; None where there is none."""
    weights = [node for node in unit.parameters if node.gradient is not None]
    if not weights or (unit.rounds and not unit.is_loop):
        return None
    weight = max(weights, key=lambda node: np.size(node.value))
    gradient, value = rms(weight.gradient), rms(weight.value)
    if not value:
        return math.inf if gradient else 0.0
    return gradient / value


def _number(value: Any) -> str:
    return number(value if np.size(value) == 1 else rms(unmasked(value)))


def _heads() -> Line:
    """What stands above a layer's columns."""
    names = {"forward": say("picture.value"), "backward": say("picture.gradient")}
    cells = [Cell(x, f"{way} label") for way in names for x in (names[way], say("layers.rms"))]
    return (BLANK, BLANK, *cells, BLANK)


def _told_apart(unit: Unit) -> dict[str, str]:
    """Of each parameter, so much of its path as tells it apart in its card: `0.weight`."""
    paths = {node.id: (node.path or node.name).split(".") for node in unit.parameters}
    endings = Counter(".".join(x[k:]) for x in paths.values() for k in range(len(x)))
    found = {}
    for key, parts in paths.items():
        starts = range(max(0, len(parts) - 2), -1, -1)
        some = (".".join(parts[k:]) for k in starts)
        found[key] = next((x for x in some if endings[x] == 1), ".".join(parts))
    return found


def fold(graph: Graph, unit: Unit) -> Card:
    """Several values in one card: their formula; of many, how many of each operation there are."""
    ends = leaving(graph, unit.nodes)
    said = Cell(say("operations", len(unit.computed)), "quiet")
    if len(ends) != 1:
        return _counted(unit, said)
    (last,) = ends
    if len(unit.computed) <= MOST_WRITTEN:
        until = {node.id for node in graph.nodes} - {node.id for node in unit.nodes}
        written = graph.written(last.id, until)
    elif {node.rule for node in unit.computed} in ({"add"}, {"multiply"}):
        written = say(f"folded.{last.rule}", terms=len(unit.computed) + 1)
    else:
        return _counted(unit, said)
    card = cards.card(graph, last, written=written)
    heading = (*card.heading, said)
    return card._replace(id=unit.id, heading=heading, frame=unit.frame, shows=(last.id,))


def _counted(unit: Unit, said: Cell) -> Card:
    """How many of each operation, and the gradient at both ends."""
    computed, role = unit.computed, unit.nodes[0].role
    if not computed:
        total = sum(int(np.size(node.value)) for node in unit.nodes)
        title = (Cell(unit.name, "name"), Cell(say(f"roles.{role}", len(unit.nodes)), "quiet"))
        return Card(unit.id, title, role, ((Cell(say("numbers", total)),),), unit.frame)
    rules = Counter(node.rule for node in computed)
    rows: list[Line] = [(Cell(_rules(unit), span=3),)]
    leaves = Counter(node.role for node in unit.nodes if not node.rule)
    if leaves:
        held = ", ".join(say(f"roles.{role}", n) for role, n in leaves.items())
        rows.append((Cell(say("holds", leaves=held), "quiet", span=3),))
    for which, node in (("first", computed[0]), ("last", computed[-1])):
        label = Cell(say(f"fold.{which}", name=node.name), "quiet")
        gradient = [] if node.gradient is None else [Cell(f"◂ {brief(node.gradient)}", "backward")]
        rows.append((label, Cell(brief(node.value), "forward"), *gradient))
    name = unit.name
    if len(rules) == 1:
        name = f"{computed[0].expression} … {computed[-1].expression}"
    shows = computed[0].id, computed[-1].id
    heading = Cell(name, "name"), said
    return Card(unit.id, heading, "fold", tuple(rows), unit.frame, shows=shows)


def _rules(unit: Unit) -> str:
    """How many there are of each operation."""
    rules = Counter(node.rule for node in unit.computed).most_common()
    said = ", ".join(f"{rule} × {count:,}" for rule, count in rules[:4])
    return said + (", …" if len(rules) > 4 else "")


def arrow(graph: Graph, ends: tuple[str, str], edges: list[Edge], first: str = "") -> Arrow:
    """Between two cards: the shape that goes forward, and the RMS of the gradient that returns.

    What goes round in one card tells no gradient: its rows do.
    """
    several = dict.fromkeys(np.shape(graph.node(edge.source).value) for edge in edges)
    shapes = list(dict.fromkeys(map(size, several)))
    forward = ", ".join([*shapes[:3], *(["…"] if len(shapes) > 3 else [])])
    sent = sums(edges)
    shown = list(sent)[: 2 if ends[0] != ends[1] else 0]
    back = [Cell(f"◂ {brief(sent[x])}", "backward") for x in shown]
    said = [Cell(x, "forward label") for x in (first, forward) if x]
    sends = [[edge_key(edge) for edge in edges if edge.source == x] for x in shown]
    return Arrow(*ends, bool(sent), ((*said, *back),), sends=sends)


def around(whole: Layers, unit: Unit) -> Iterator[Arrow]:
    """What goes round in a card, as one arrow: from each round of a loop to the next, and skips."""
    graph, ends, found = whole.graph, (unit.id, unit.id), []
    fine = [unit] if unit.rounds else (x for x in whole.fine if x.rounds)
    for loop in (x for x in fine if whole.home[x.rounds[0][-1].id] == unit.id):
        if states := _states(graph, loop):
            said = say("picture.rounds", rounds=loop.copies)
            said = said if loop is unit else f"{loop.name} {said}"
            found.append(arrow(graph, ends, [edge for _, some in states for edge in some], said))
            names = [_state(values) for values, _ in states] if len(states) > 1 else []
            names[MOST_STATES:] = ["…"] if names[MOST_STATES:] else []
            lines = [(Cell(name, "forward label"),) for name in names]
            found[-1] = found[-1]._replace(lines=(*found[-1].lines, *lines))
    if hidden := [x.edge for x in whole.skips if x.unit == unit.id and x.inside]:
        found.append(arrow(graph, ends, hidden, say("picture.skips", len(hidden))))
    if found:
        whole_lines = tuple(line for x in found for line in x.lines)
        yield found[0]._replace(backward=any(x.backward for x in found), lines=whole_lines)
