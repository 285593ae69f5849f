"""Cards for groups of values: a layer with its parameters and results, a loss, a fold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container
from itertools import pairwise
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ...lexicon import ACTIVATIONS
from ..layers import Unit
from ..numbers import bars, number, rms, size
from ..scene import Arrow, Card, Cell
from .diagnosis import against_later, diagnosis, not_finite

MOST_ROWS = 8
LONGEST_CHAIN = 8
SHADES = 8  # a gradient so many half decades below the largest is white
HEADS = ("", "", "value", "RMS", "gradient", "RMS", "")


class Layers:
    """What the cards of a picture's groups show; the parts that need the whole picture."""

    def __init__(self, graph: Graph, found: list[Unit]) -> None:
        self.graph = graph
        self.result = graph.result
        self.groups = {unit.id: unit for unit in found if unit.kind == "group"}
        self.home = {node.id: unit.id for unit in found for node in unit.nodes}
        self.read_outside = {self.result.id}
        for edge in graph.edges:
            if self.home[edge.source] != self.home[edge.target]:
                self.read_outside.add(edge.source)
        self.ends: dict[str, str] = {}  # "first" and "last", of values in a card of many layers
        self.shown = {key: self._rows_of(unit) for key, unit in self.groups.items()}
        shown = [n for nodes in self.shown.values() for n in nodes if n is not self.result]
        sizes = [rms(n.gradient) for n in shown if _has(n)]
        self.largest = max((s for s in sizes if math.isfinite(s)), default=0.0)
        self.learning = self._learning()
        results = {key: self._results(unit) for key, unit in self.groups.items()}
        self.flow = {key: rms(some[0].gradient) for key, some in results.items() if some}
        finite = {key: ratio for key, ratio in self.learning.items() if math.isfinite(ratio)}
        least = min(finite.values()) if len(finite) > 1 else None
        self.least = [key for key, ratio in finite.items() if ratio == least]

    def _rows_of(self, unit: Unit) -> list[Node]:
        """Parameters, then what leaves a part of the group, an activation's operand before it.

        Of equal groups in one card, those of the first and of the last.
        """
        if unit.copies > 1:
            length = len(unit.nodes) // unit.copies
            rows = []
            for which, nodes in (("first", unit.nodes[:length]), ("last", unit.nodes[-length:])):
                some = self._rows_of(unit._replace(nodes=nodes, copies=1))
                self.ends |= dict.fromkeys((node.id for node in some), f"{which} ")
                rows += some
            return rows
        inside = {node.id for node in unit.nodes}
        telling = {self.result.id} | {x for x in inside if self._is_read_outside(x, inside)}
        for node in unit.nodes:
            activated = node.activation and node.id in telling
            for x in self.graph.operands(node.id):
                given = activated and (x.linear or x.activation)
                if x.id in inside and (given or x.group != node.group):
                    telling.add(x.id)
        parameters = [n for n in unit.nodes if n.role == "parameter"]
        return parameters + [n for n in unit.nodes if n.id in telling and n.rule]

    def _is_read_outside(self, key: str, inside: Container[str]) -> bool:
        return any(reader.id not in inside for reader in self.graph.readers(key))

    def _learning(self) -> dict[str, float]:
        """For each layer, its weight's RMS gradient beside the weight's own RMS."""
        found = {}
        for key, unit in self.groups.items():
            weights = [n for n in unit.nodes if n.role == "parameter" and _has(n)]
            if weights and unit.copies == 1:
                weight = max(weights, key=lambda n: np.size(n.value))
                gradient, value = rms(weight.gradient), rms(weight.value)
                found[key] = gradient / value if value else math.inf
        return found

    def _results(self, unit: Unit) -> list[Node]:
        """What a layer shows of what it computed, where that has gradients."""
        layer = any(n.role == "parameter" for n in unit.nodes)
        return [n for n in self.shown[unit.id] if n.rule and _has(n)] if layer else []

    def card(self, unit: Unit) -> Card:
        """A group: a layer, a loss."""
        nodes = self.shown[unit.id]
        parameters = [node for node in nodes if node.role == "parameter"]
        rows: list[tuple[Cell, ...]] = [
            tuple(Cell(head, _head_style(i)) for i, head in enumerate(HEADS))
        ]
        if not parameters:
            rows = [(Cell(self._expression(unit), span=len(HEADS)),)]
        notes = self._notes(unit)
        for node in self._few(nodes):
            said = (diagnosis(node), notes.get(node.id, ""))
            rows.append(self._row(node, "; ".join(filter(None, said))))
        if len(nodes) > MOST_ROWS:
            rows.append((Cell(f"… and {len(nodes) - MOST_ROWS} more", "quiet", span=len(HEADS)),))
        role = "output" if self.result.id in {n.id for n in unit.nodes} else "layer"
        return Card(unit.id, self._heading(unit), role, tuple(rows), unit.frame)

    def _few(self, nodes: list[Node]) -> list[Node]:
        half = MOST_ROWS // 2
        return nodes if len(nodes) <= MOST_ROWS else [*nodes[:half], *nodes[-half:]]

    def _heading(self, unit: Unit) -> tuple[Cell, ...]:
        """Name, sizes, activation, how many parameters and operations."""
        cells = [Cell(unit.name, "name")]
        if unit.copies > 1:
            cells.append(Cell(f"× {unit.copies}", "name"))
        sizes = self.sizes(unit)
        if sizes:
            cells.append(Cell(f"{sizes[0]} → {sizes[1]}"))
        last = [node for node in self.shown[unit.id] if node.rule]
        if sizes and last and last[-1].activation:
            known = last[-1].rule in ACTIVATIONS
            cells.append(Cell(str(last[-1].rule) if known else last[-1].group[-1]))
        count = sum(np.size(n.value) for n in unit.nodes if n.role == "parameter")
        operations = sum(node.rule is not None for node in unit.nodes)
        facts = [_counted(count, "parameter")] if count else []
        facts.append(_counted(operations, "operation"))
        cells.append(Cell(" · ".join(facts), "quiet"))
        if unit.id in self.least:
            nothing = self.learning[unit.id] == 0
            cells.append(Cell(f"◂ learns {'nothing' if nothing else 'least'}", "backward"))
        return tuple(cells)

    def sizes(self, unit: Unit) -> tuple[int, int] | None:
        """The numbers of inputs and outputs of a layer: the last axes of what goes in and out."""
        inside = {node.id for node in unit.nodes}
        if not any(node.role == "parameter" for node in unit.nodes):
            return None
        outside = [x for n in unit.nodes for x in self.graph.operands(n.id) if x.id not in inside]
        outputs = [node for node in unit.nodes if node.id in self.read_outside and node.rule]
        shapes = (
            [np.shape(outside[0].value), np.shape(outputs[-1].value)] if outside and outputs else []
        )
        if len(shapes) < 2 or not all(shapes):
            return None
        return shapes[0][-1], shapes[1][-1]

    def _expression(self, unit: Unit) -> str:
        """What a group without parameters computes from what goes in."""
        inside = {node.id for node in unit.nodes}
        until = {node.id for node in self.graph.nodes if node.id not in inside}
        last = [node for node in unit.nodes if node.id in self.read_outside][-1]
        return self.graph.written(last.id, until)

    def _row(self, node: Node, note: str) -> tuple[Cell, ...]:
        value = [Cell(bars(node.value), "forward bars"), Cell(number(rms(node.value)), "forward")]
        if np.size(node.value) == 1:
            value = [Cell("", "forward"), Cell(number(np.asarray(node.value).item()), "forward")]
        return (
            Cell(self.ends.get(node.id, "") + node.name, "name"),
            Cell(size(np.shape(node.value)), "quiet"),
            *value,
            *self._gradient(node),
            Cell(note, "note"),
        )

    def _gradient(self, node: Node) -> list[Cell]:
        if not _has(node):
            said = "– not computed" if node.tracked else "not tracked"
            return [Cell(said, "quiet", span=2)]
        gradient = np.asarray(node.gradient)
        shown = number(gradient.item() if gradient.size == 1 else rms(gradient))
        histogram = bars(gradient) if gradient.size > 1 else ""
        heat = None if node is self.result else self.heat(rms(gradient))
        return [Cell(histogram, "backward bars"), Cell(shown, "backward", heat)]

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
            first = next(n for n in self.shown[unit.id] if n.role == "parameter")
            notes[first.id] = f"gradient / value {number(self.learning[unit.id])}"
        results = self._results(unit)
        if unit.copies > 1 and results:
            last = results[len(results) // 2]
            notes[results[0].id] = against_later(
                rms(results[0].gradient), [("last", rms(last.gradient))]
            )
        elif results:
            place = list(self.flow).index(unit.id)
            later = [(self.groups[key].name, g) for key, g in self.flow.items()][place + 1 :]
            notes[results[0].id] = against_later(self.flow[unit.id], later)
        return notes

    def title(self) -> tuple[Cell, ...]:
        """The outermost group with parameters, the sizes through its layers, and the result."""
        layers = [u for u in self.groups.values() if any(n.role == "parameter" for n in u.nodes)]
        sizes = [self.sizes(unit) for unit in layers]
        cells = []
        tops = [unit.frame[0] if unit.frame else unit.name for unit in layers]
        if tops:
            cells.append(Cell(Counter(tops).most_common(1)[0][0], "name"))
        known = [pair for pair in sizes if pair]
        linked = all(a[1] == b[0] for a, b in pairwise(known))
        if linked and 0 < len(known) <= LONGEST_CHAIN:
            chain = [known[0][0], *(pair[1] for pair in known)]
            cells.append(Cell(" → ".join(map(str, chain))))
        count = sum(np.size(n.value) for n in self.graph.nodes if n.role == "parameter")
        cells.append(Cell(_counted(count, "parameter"), "quiet"))
        value = np.asarray(self.result.value)
        said = number(value.item()) if value.size == 1 else size(value.shape)
        cells.append(Cell(f"{self.result.name} = {said}", "name"))
        return tuple(cells)

    def legend(self) -> list[tuple[Cell, ...]]:
        """How to read the cards, and which layer learns least."""
        lines: list[tuple[Cell, ...]] = [
            (
                Cell("blue ▸ values", "forward label"),
                Cell("orange ◂ gradients of " + self.result.name, "backward label"),
                Cell(
                    "bars: histogram · RMS: root mean square · stands out: larger gradient, a "
                    "shade for each factor of 3",
                    "quiet",
                ),
            )
        ]
        wrong = self._first_not_finite()
        if wrong:
            lines.append((Cell("not finite: ", "backward label"), Cell(wrong, "quiet")))
        if self.least:
            ratio = self.learning[self.least[0]]
            who = ", ".join(self.groups[key].name for key in self.least)
            says = (
                f"its gradient is {number(ratio)} times as large as its weights, the smallest "
                "share of all layers"
                if ratio
                else "the gradient of the weights is 0"
            )
            one = "s" if len(self.least) == 1 else ""
            does = f"{who} learn{one} {'least' if ratio else 'nothing'}: "
            lines.append((Cell(does, "backward label"), Cell(says, "quiet")))
        return lines

    def _first_not_finite(self) -> str:
        """Where nan or inf begins: forward, or where all values are finite, backward."""
        for node in self.graph.nodes:
            if not_finite(node.value):
                return f"it begins with the value of {self._place(node)}"
        for node in reversed(self.graph.nodes):
            if _has(node) and not_finite(node.gradient):
                return f"it begins with the gradient of {self._place(node)}"
        return ""

    def _place(self, node: Node) -> str:
        """A value by its name and expression, and the group that it is in."""
        name = node.name + (f" = {node.expression}" if node.expression else "")
        unit = self.groups.get(self.home[node.id])
        return f"{name} in {unit.name}" if unit else name


def _head_style(column: int) -> str:
    return (
        "forward label" if column in (2, 3) else "backward label" if column in (4, 5) else "quiet"
    )


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("s" if n != 1 else "")


def _has(node: Node) -> bool:
    return node.gradient is not None


def fold(unit: Unit) -> Card:
    """Many values in one card: how many of each operation, and the gradient at both ends."""
    computed = [node for node in unit.nodes if node.rule]
    rows: list[tuple[Cell, ...]] = []
    if not computed:
        total = sum(int(np.size(node.value)) for node in unit.nodes)
        title = Cell(f"{len(unit.nodes)} {unit.nodes[0].role}s", "name")
        return Card(
            unit.id, (title,), unit.nodes[0].role, ((Cell(f"{total:,} numbers"),),), unit.frame
        )
    rules = Counter(node.rule for node in computed).most_common()
    said = ", ".join(f"{rule} × {count:,}" for rule, count in rules[:4])
    rows.append((Cell(said + (", …" if len(rules) > 4 else ""), span=2),))
    leaves = Counter(node.role for node in unit.nodes if not node.rule)
    if leaves:
        said = ", ".join(_counted(n, role) for role, n in leaves.items())
        rows.append((Cell(f"holds {said}", "quiet", span=2),))
    ends = [("first", computed[0]), ("last", computed[-1])]
    for which, node in ends:
        text = "RMS " + number(rms(node.value)) if np.size(node.value) > 1 else number(node.value)
        rows.append((Cell(f"{which}, {node.name}", "forward label"), Cell(text, "forward")))
    for which, node in ends:
        if _has(node):
            g = node.gradient
            text = "RMS " + number(rms(g)) if np.size(g) > 1 else number(g)
            rows.append(
                (Cell(f"gradient at the {which}", "backward label"), Cell(text, "backward"))
            )
    heading = (Cell(unit.name, "name"), Cell(f"{len(computed):,} operations", "quiet"))
    return Card(unit.id, heading, "fold", tuple(rows), unit.frame)


def arrow(graph: Graph, ends: tuple[str, str], edges: list[Edge]) -> Arrow:
    """Between two cards: the shape that goes forward, and the RMS of the gradient that returns."""
    shapes = dict.fromkeys(size(np.shape(graph.node(edge.source).value)) for edge in edges)
    forward = ", ".join(list(shapes)[:3]) + (", …" if len(shapes) > 3 else "")
    lines = [(Cell(forward, "forward label"),)]
    sent: dict[str, Any] = {}
    for edge in edges:
        if edge.contribution is not None:
            sent[edge.source] = sent.get(edge.source, 0) + edge.contribution
    for g in list(sent.values())[:2]:
        shown = f"RMS {number(rms(g))}" if np.size(g) > 1 else number(np.asarray(g).item())
        lines.append((Cell(f"◂ {shown}", "backward"),))
    return Arrow(*ends, bool(sent), tuple(lines))
