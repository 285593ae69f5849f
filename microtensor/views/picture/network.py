"""Cards for groups of values: a layer with its parameters and results, a loss, a fold."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ..layers import Unit, homes, sums
from ..numbers import bars, brief, number, rms, size, unmasked
from ..scene import Arrow, Card, Cell, Line
from ..words import say
from .cards import without_gradient
from .diagnosis import against_later, beginnings, diagnosis

MOST_ROWS = 8
LONGEST_CHAIN = 8
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
        self.home = homes(found)
        self.ends: dict[str, str] = {}  # "first" and "last", of values in a card of many layers
        self.shown = {key: self._rows_of(unit) for key, unit in self.groups.items()}
        shown = [n for nodes in self.shown.values() for n in nodes if n is not self.result]
        sizes = [rms(n.gradient) for n in shown if n.gradient is not None]
        self.largest = max(filter(math.isfinite, sizes), default=0.0)
        self.learning = {
            key: ratio for key, x in self.groups.items() if (ratio := _learning(x)) is not None
        }
        results = {key: self._results(unit) for key, unit in self.groups.items()}
        self.flow = {key: rms(some[0].gradient) for key, some in results.items() if some}
        finite = {key: ratio for key, ratio in self.learning.items() if math.isfinite(ratio)}
        least = min(finite.values()) if len(finite) > 1 else None
        self.least = [key for key, ratio in finite.items() if ratio == least]

    def _leaving(self, nodes: Iterable[Node]) -> set[str]:
        """Of the values in a unit, those that are read outside of it, and the result."""
        inside = {node.id for node in nodes}
        read = {x for x in inside if any(r.id not in inside for r in self.graph.readers(x))}
        return read | inside.intersection([self.result.id])

    def _rows_of(self, unit: Unit) -> list[Node]:
        """Parameters, then what leaves a part of the group, an activation's operand before it.

        Of equal groups in one card, those of the first and of the last.
        """
        if unit.copies > 1:
            length = len(unit.nodes) // unit.copies
            rows = []
            for which, nodes in (("first", unit.nodes[:length]), ("last", unit.nodes[-length:])):
                some = self._rows_of(unit._replace(nodes=nodes, copies=1))
                self.ends |= dict.fromkeys((node.id for node in some), which)
                rows += some
            return rows
        telling = self._leaving(unit.nodes)
        for node in unit.nodes:
            activated = node.activation and node.id in telling
            for x in self.graph.operands(node.id):
                if (activated and (x.linear or x.activation)) or x.group != node.group:
                    telling.add(x.id)
        return unit.parameters + [node for node in unit.computed if node.id in telling]

    def _results(self, unit: Unit) -> list[Node]:
        """What a layer shows of what it computed, where that has gradients."""
        known = [n for n in self.shown[unit.id] if n.rule and n.gradient is not None]
        return known if unit.parameters else []

    def card(self, unit: Unit) -> Card:
        """A group: a layer, a loss."""
        nodes, notes, half = self.shown[unit.id], self._notes(unit), MOST_ROWS // 2
        rows: list[Line] = [_heads()]
        if not unit.parameters:
            rows = [(Cell(self._expression(unit), span=COLUMNS),)]
        for node in nodes if len(nodes) <= MOST_ROWS else [*nodes[:half], *nodes[-half:]]:
            said = (diagnosis(node), notes.get(node.id, ""))
            rows.append(self._row(node, "; ".join(filter(None, said))))
        if len(nodes) > MOST_ROWS:
            more = say("more", more=len(nodes) - MOST_ROWS)
            rows.append((Cell(f"… {more}", "quiet", span=COLUMNS),))
        role = "output" if self.home[self.result.id] == unit.id else "layer"
        return Card(unit.id, self._heading(unit), role, tuple(rows), unit.frame)

    def _heading(self, unit: Unit) -> Line:
        """Name, sizes, activation, how many parameters and operations."""
        cells = [Cell(unit.name, "name")]
        if unit.copies > 1:
            cells.append(Cell(f"× {unit.copies}", "name"))
        if sizes := self.sizes(unit):
            cells.append(Cell(f"{sizes[0]} → {sizes[1]}"))
            last = [node for node in self.shown[unit.id] if node.rule][-1]
            if last.activation:
                cells.append(Cell(str(last.rule) if last.row.activation else last.group[-1]))
        count = sum(np.size(node.value) for node in unit.parameters)
        facts = [say("roles.parameter", count)] if count else []
        facts.append(say("operations", len(unit.computed)))
        cells.append(Cell(" · ".join(facts), "quiet"))
        if unit.id in self.least:
            said = say("layers.least" if self.learning[unit.id] else "layers.nothing")
            cells.append(Cell(said, "backward"))
        return tuple(cells)

    def sizes(self, unit: Unit) -> tuple[int, int] | None:
        """The numbers of inputs and outputs of a layer: the last axes of what goes in and out."""
        inside, leaving = {node.id for node in unit.nodes}, self._leaving(unit.nodes)
        given = [x for n in unit.nodes for x in self.graph.operands(n.id) if x.id not in inside]
        gives = [node for node in unit.computed if node.id in leaving]
        if not (unit.parameters and given and gives):
            return None
        first, last = np.shape(given[0].value), np.shape(gives[-1].value)
        return (first[-1], last[-1]) if first and last else None

    def _expression(self, unit: Unit) -> str:
        """What a group without parameters computes from what goes in: nobody sees inner names."""
        leaving, inside = self._leaving(unit.nodes), {node.id for node in unit.nodes}
        until = {node.id for node in self.graph.nodes} - inside
        last = [x.id for x in unit.nodes if x.id in leaving][-1]
        written = self.graph.written(last, until, LONGEST_WRITTEN)
        inner = {node.name for node in unit.computed}
        return written if inner.isdisjoint(re.findall(r"\w+", written)) else _rules(unit)

    def _row(self, node: Node, note: str) -> Line:
        one, end, name = np.size(node.value) == 1, self.ends.get(node.id), node.name
        return (
            Cell(say(f"row.{end}", name=name) if end else name, "name"),
            Cell(size(np.shape(node.value)), "quiet"),
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
        if results := self._results(unit):
            place = list(self.flow).index(unit.id)
            later = [(self.groups[key].name, g) for key, g in self.flow.items()][place + 1 :]
            if unit.copies > 1:
                later = [(say("layers.last"), rms(results[len(results) // 2].gradient))]
            notes[results[0].id] = against_later(self.flow[unit.id], later)
        return notes

    def title(self) -> Line:
        """The outermost group with parameters, the sizes through its layers, and the result."""
        layers = [unit for unit in self.groups.values() if unit.parameters]
        tops = Counter(unit.frame[0] if unit.frame else unit.name for unit in layers)
        cells = [Cell(name, "name") for name, _ in tops.most_common(1)]
        known = [pair for unit in layers if (pair := self.sizes(unit))]
        if 0 < len(known) <= LONGEST_CHAIN and all(a[1] == b[0] for a, b in pairwise(known)):
            chain = [known[0][0], *(pair[1] for pair in known)]
            cells.append(Cell(" → ".join(map(str, chain))))
        count = sum(np.size(n.value) for n in self.graph.nodes if n.role == "parameter")
        cells.append(Cell(say("roles.parameter", count), "quiet"))
        value = self.result.value
        said = number(value) if np.size(value) == 1 else size(np.shape(value))
        return (*cells, Cell(f"{self.result.name} = {said}", "name"))

    def legend(self) -> list[Line]:
        """How to read the cards, and which layer learns least."""
        gradients = Cell(say("layers.backward", name=self.result.name), "backward label")
        values = Cell(say("layers.forward"), "forward label")
        lines: list[Line] = [(values, gradients, Cell(say("layers.read"), "quiet"))]
        places = {
            key: self.groups[home].name for key, home in self.home.items() if home in self.groups
        }
        lines += beginnings(self.graph, places)
        if self.least:
            ratio = self.learning[self.least[0]]
            who = ", ".join(self.groups[key].name for key in self.least)
            what = "least" if ratio else "nothing"
            said = say(f"learns.{what}", len(self.least), who=who)
            why = say(f"learns.{what}.why", ratio=number(ratio))
            lines.append((Cell(said, "backward label"), Cell(why, "quiet")))
        return lines


def _learning(unit: Unit) -> float | None:
    """A layer's largest parameter's RMS gradient beside its own RMS; None where there is none."""
    weights = [node for node in unit.parameters if node.gradient is not None]
    if not weights or unit.copies > 1:
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
    cells = [
        Cell(x, f"{way} label") for way, name in names.items() for x in (name, say("layers.rms"))
    ]
    return (BLANK, BLANK, *cells, BLANK)


def fold(unit: Unit) -> Card:
    """Many values in one card: how many of each operation, and the gradient at both ends."""
    computed, role = unit.computed, unit.nodes[0].role
    if not computed:
        total = sum(int(np.size(node.value)) for node in unit.nodes)
        title = (Cell(say(f"roles.{role}", len(unit.nodes)), "name"),)
        return Card(unit.id, title, role, ((Cell(say("numbers", total)),),), unit.frame)
    rows: list[Line] = [(Cell(_rules(unit), span=2),)]
    leaves = Counter(node.role for node in unit.nodes if not node.rule)
    if leaves:
        said = ", ".join(say(f"roles.{role}", n) for role, n in leaves.items())
        rows.append((Cell(say("holds", leaves=said), "quiet", span=2),))
    ends = [("first", computed[0]), ("last", computed[-1])]
    for which, node in ends:
        label = Cell(say(f"fold.{which}", name=node.name), "forward label")
        rows.append((label, Cell(brief(node.value), "forward")))
    for which, node in ends:
        if node.gradient is not None:
            label = Cell(say(f"fold.gradient.{which}"), "backward label")
            rows.append((label, Cell(brief(node.gradient), "backward")))
    heading = (Cell(unit.name, "name"), Cell(say("operations", len(computed)), "quiet"))
    return Card(unit.id, heading, "fold", tuple(rows), unit.frame)


def _rules(unit: Unit) -> str:
    """How many there are of each operation."""
    rules = Counter(node.rule for node in unit.computed).most_common()
    said = ", ".join(f"{rule} × {count:,}" for rule, count in rules[:4])
    return said + (", …" if len(rules) > 4 else "")


def arrow(graph: Graph, ends: tuple[str, str], edges: list[Edge]) -> Arrow:
    """Between two cards: the shape that goes forward, and the RMS of the gradient that returns."""
    shapes = dict.fromkeys(size(np.shape(graph.node(edge.source).value)) for edge in edges)
    forward = ", ".join(list(shapes)[:3]) + (", …" if len(shapes) > 3 else "")
    sent = sums(edges)
    back = [(Cell(f"◂ {brief(g)}", "backward"),) for g in list(sent.values())[:2]]
    return Arrow(*ends, bool(sent), ((Cell(forward, "forward label"),), *back))
