"""What a page steps through, as plain data: cards, arrows, steps, and the numbers of scalars."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..layers import Unit, between, homes, sums
from ..numbers import LONGEST_SUM, array, brief, number, size, sum_text
from ..scene import Scene
from ..words import Told, say, slope

MOST_INNER = 20
MOST_LISTED = 5


class PageStep(NamedTuple):
    """A step of a page: what it is called, what is said, what of it the script needs.

    Other numbers change `numbers`, `notes` and `total`, not the `text`. `inner` are the
    operations of a layer, each with its title and its text.
    """

    title: str
    text: str
    data: dict[str, Any]
    numbers: str = ""
    notes: str = ""
    total: str = ""
    inner: tuple[tuple[str, str], ...] = ()


class Tale:
    """A graph as a page tells it: value by value, or layer by layer where layers are cards."""

    def __init__(
        self, graph: Graph, found: list[Unit], scene: Scene, told: Iterable[Told], turns: bool
    ) -> None:
        self.graph = graph
        self.found = found
        self.scene = scene
        self.turns = turns  # whether a narrow screen may have it in another direction
        self.result = graph.result
        self.home = homes(found)
        self.by_layer = any(unit.kind != "node" for unit in found)
        self.scalar = not self.by_layer and all(np.ndim(n.value) == 0 for n in graph.nodes)
        self.told = list(told)
        self.between = between(graph, found)
        self.crossing = [] if self.by_layer else [e for es in self.between.values() for e in es]
        self.place = {(e.target, e.slot): i for i, e in enumerate(self.crossing)}
        # What other cards read, and the result
        self.leaving = {e.source for es in self.between.values() for e in es} | {self.result.id}
        self.inner: dict[tuple[str, bool], list[Told]] = {}  # by layer, and whether forward
        for tale in self.told if self.by_layer else ():
            forward, edge = tale.step.kind == "forward", tale.step.edge
            place = self.home[edge.target if edge is not None else tale.step.node.id]
            self.inner.setdefault((place, forward), []).append(tale)
        self.steps = self._by_layer() if self.by_layer else self._by_operation()

    def words(self) -> dict[str, str]:
        """What each card is, for those who hear it."""
        return {
            card.id: ", ".join(cell.text for cell in card.heading if cell.text.strip())
            for card in self.scene.cards
        }

    def data(self) -> dict[str, Any]:
        """What the script reads."""
        words = self.words()
        names = {unit.id: unit.name for unit in self.found}
        return {
            "result": self.home[self.result.id],
            "longest": LONGEST_SUM,
            "order": [unit.id for unit in self.found],
            "cards": {key: {"words": words[key], "name": names[key]} for key in names},
            "arrows": [[a.source, a.target, a.backward] for a in self.scene.arrows],
            "steps": [step.data for step in self.steps],
            "scalars": self._scalars() if self.scalar else None,
        }

    # Value by value -----------------------------------------------------------------------------

    def _by_operation(self) -> list[PageStep]:
        arrived: dict[str, list[Any]] = {}
        steps = []
        for tale in self.told:
            step = tale.step
            data: dict[str, Any] = {"kind": step.kind, "card": step.node.id, "arrow": None}
            if step.edge is not None:
                data["arrow"] = self.place[step.edge.target, step.edge.slot]
            if data["kind"] != "forward" and not self.scalar:
                parts = arrived.setdefault(step.node.id, [])
                parts += [step.edge.contribution] if step.edge is not None else []
                data["total"] = array(step.total).replace(" ", "\xa0").split("\n")
                data["sum"] = sum_text(parts, step.total) if parts else ""
            said = (tale.reason, data, tale.numbers, " ".join(tale.notes), tale.total)
            if not self.scalar or data["kind"] == "seed":
                said = (tale.text, data, "", "", "")
            steps.append(PageStep(tale.title, *said))
        return steps

    def _scalars(self) -> dict[str, Any]:
        """The numbers in full, and how the script writes what it does with them."""
        nodes = self.graph.nodes
        return {
            "values": {node.id: _plain(node.value) for node in nodes},
            "gradients": {n.id: _plain(n.gradient) for n in nodes if n.gradient is not None},
            "locals": [_plain(edge.local) for edge in self.crossing],
            "sent": [_plain(edge.contribution) for edge in self.crossing],
            "edges": [self._edge(edge) for edge in self.crossing],
            "forward": {
                node.id: node.row.expression(
                    [_place(x) for x in self.graph.operands(node.id)], node.options
                )
                for node in nodes
                if node.rule is not None
            },
        }

    def _edge(self, edge: Edge) -> dict[str, str]:
        return {
            "key": f"{edge.target}:{edge.slot}",
            "upstream": f"∂{self.result.name}/∂{self.graph.node(edge.target).name}",
            "local": slope(self.graph, edge),
            "formula": edge.formula,
        }

    # Layer by layer -----------------------------------------------------------------------------

    def _by_layer(self) -> list[PageStep]:
        computing = [unit for unit in self.found if unit.computed]
        steps = [self._forward(unit) for unit in computing]
        if self.result.gradient is None:
            return steps
        arrows = self.scene.arrows
        waiting = Counter(arrow.source for arrow in arrows if arrow.backward)
        leaves = waiting.keys() - {unit.id for unit in computing}
        for unit in reversed(computing):
            into = [i for i, a in enumerate(arrows) if a.backward and a.target == unit.id]
            sources = [arrows[i].source for i in into]
            waiting.subtract(sources)
            done = [x for x in dict.fromkeys(sources) if x in leaves and not waiting[x]]
            data = {"kind": "backward", "card": unit.id, "arrow": None}
            data |= {"arrows": into, "cards": [unit.id, *done]}
            inner, said = self._inner(unit, forward=False), self._returns(unit)
            steps.append(PageStep(say("page.backward", name=unit.name), said, data, inner=inner))
        return steps

    def _forward(self, unit: Unit) -> PageStep:
        data = {"kind": "forward", "card": unit.id, "arrow": None}
        leaving = [node for node in unit.computed if node.id in self.leaving]
        outside = {node.id for node in self.graph.nodes if self.home[node.id] != unit.id}
        texts = [
            f"{node.name} = {self.graph.written(node.id, outside)}, {_sized(node.value)}."
            for node in leaving[:3]
        ]
        inner = self._inner(unit, forward=True)
        return PageStep(say("page.forward", name=unit.name), " ".join(texts), data, inner=inner)

    def _returns(self, unit: Unit) -> str:
        """What has arrived at a layer, what its parameters get of it, and what goes on."""
        leaving = [node for node in unit.computed if node.id in self.leaving]
        arrived, kept = (
            [self._gradient(n, n.gradient) for n in nodes if n.gradient is not None]
            for nodes in (leaving, unit.parameters)
        )
        said = [say("page.arrived", len(arrived), gradients=_listed(arrived))]
        if kept:
            said.append(say("page.kept", gradients=_listed(kept)))
        into = [e for (_, to), es in self.between.items() if to == unit.id for e in es]
        for source, g in list(sums(into).items())[:3]:
            to = next(unit for unit in self.found if unit.id == self.home[source])
            back = self._gradient(self.graph.node(source), g)
            key = "page.back" if to.kind == "node" else "page.back.to"
            said.append(say(key, name=to.name, gradient=back))
        return " ".join(said)

    def _gradient(self, node: Node, g: Any) -> str:
        return f"∂{self.result.name}/∂{node.name} ({_sized(g)})"

    def _inner(self, unit: Unit, forward: bool) -> tuple[tuple[str, str], ...]:
        """What is told of each operation in a layer; of many, of the first and the last."""
        found = [(tale.title, tale.text) for tale in self.inner.get((unit.id, forward), [])]
        left_out, half = len(found) - MOST_INNER, MOST_INNER // 2
        if left_out > 0:
            found[half:-half] = [("… " + say("page.more", more=left_out), "")]
        return tuple(found)


def _place(node: Node) -> str:
    """Where the number of an operand is put; a constant stays what it is."""
    return number(node.value) if node.role == "constant" else f"{{{node.id}}}"


def _sized(value: Any) -> str:
    """`209×20, RMS 0.382`; of a single number, the number."""
    return brief(value) if np.size(value) == 1 else f"{size(np.shape(value))}, {brief(value)}"


def _listed(texts: list[str]) -> str:
    """`a, b and c`; of many, the first few and how many more."""
    if len(texts) > MOST_LISTED:
        texts = [*texts[: MOST_LISTED - 1], say("page.more", more=len(texts) - MOST_LISTED + 1)]
    *some, last = texts
    return ", ".join(some) + say("and") + last if some else last


def _plain(value: Any) -> float | str | None:
    """A number as JSON has it; what isn't finite by name."""
    x = None if value is None else float(value)
    return x if x is None or math.isfinite(x) else str(x)
