"""What a page steps through, as plain data: cards, arrows, steps, and the numbers of scalars."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import (
    LONGEST_SUM,
    array,
    brief,
    multiplier,
    number,
    size,
    sum_text,
    summed_axes,
)
from ..rendering import HEIGHT, WIDTH
from ..scene import Card, Cell, Scene
from ..units import Unit, between, edge_key, homes, leaving, sums
from ..words import Told, axes_named, listed, say, slope, use

MOST_INNER = 20
MOST_LISTED = 5
MOST_OPENED = 60  # values in a layer that can be opened, and in all of them
MOST_OPENED_TOGETHER = 240
MOST_NUMBERS = 4000  # that a page computes anew
BEGIN, END = "\ue000", "\ue001"  # around a number's place in a text; no name has them


class PageStep(NamedTuple):
    """A step of a page: what it is called, what is said, what of it the script needs.

    Other numbers change `numbers`, `notes` and `total`, not the `text`. `inner` are the
    operations of a layer, each with its title and its text. In a text, what stands between
    \ue000 and \ue001 is a value (`v n5`) or a gradient (`g n5`, `s key key`) that is filled in.
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
        self,
        graph: Graph,
        found: list[Unit],
        scene: Scene,
        told: Iterable[Told],
        turns: bool,
        draw: Callable[[list[Unit]], Scene],
    ) -> None:
        self.graph = graph
        self.draw = draw
        self.found = found
        self.scene = scene
        self.turns = turns  # whether a narrow screen may have it in another direction

        self.result = graph.result
        self.home = homes(found)
        self.by_layer = any(unit.kind != "node" for unit in found)
        self.scalar = not self.by_layer and all(np.ndim(n.value) == 0 for n in graph.nodes)
        self.told = list(told)
        self.between = between(graph, found)
        self.inner: dict[tuple[str, bool], list[Told]] = {}  # by layer, and whether forward
        for tale in self.told if self.by_layer else ():
            forward, edge = tale.step.kind == "forward", tale.step.edge
            place = self.home[edge.target if edge is not None else tale.step.node.id]
            self.inner.setdefault((place, forward), []).append(tale)
        self.steps = self._by_layer() if self.by_layer else self._by_operation()

    def words(self) -> dict[str, str]:
        """What each card is, for those who hear it."""
        return {card.id: card.words for card in self.scene.cards}

    def data(self, living: bool = False) -> dict[str, Any]:
        """What the script reads; `living`: with what it takes to tell other numbers."""
        unused = {"total", "sum"} if living else {"said"}  # which texts the script won't write
        drawn = [*self.scene.arrows, *(a for x in self.opened.values() for a in x.arrows)]
        return {
            "result": self.home[self.result.id],
            "final": self.result.id,
            "of": self.graph.differentiated,
            "longest": LONGEST_SUM,
            "bars": [WIDTH, HEIGHT],
            "cards": {unit.id: unit.name for unit in self.found},
            "arrows": [[a.source, a.target, a.backward] for a in drawn],
            "keys": [arrow.sends for arrow in drawn],
            "edges": self._edges(living),
            "nodes": {node.id: self._node(node, living) for node in self._nodes(living)},
            "units": {
                u.id: ".".join((*u.frame, u.name)) for u in self.found if u.id in self.opened
            },
            "rows": {c.id: c.shows for c in self.scene.cards if c.shows} if living else {},
            "steps": [
                {k: x for k, x in step.data.items() if k not in unused and x is not None}
                for step in self.steps
            ],
            "scalars": self._scalars() if self.scalar else None,
        }

    # Other numbers, entries, and layers that open ---------------------------------------------

    def too_large(self) -> str:
        """Why a page can't compute the graph anew, where it holds too many numbers."""
        count = sum(int(np.size(node.value)) for node in self.graph.nodes)
        if count <= MOST_NUMBERS:
            return ""
        return say("page.still.large", numbers=f"{count:,}", most=f"{MOST_NUMBERS:,}")

    def unrecorded(self) -> str:
        """Which values keep their numbers, since nobody knows what they were computed from."""
        names = [node.name for node in self.graph.nodes if not node.recorded]
        return say("page.unrecorded", len(names), names=listed(names, MOST_LISTED)) if names else ""

    def _nodes(self, living: bool) -> Iterable[Node]:
        """The nodes that the script asks for: all, or those that are seen by themselves."""
        if living or not self.by_layer:
            return self.graph.nodes
        alone = [u for u in self.found if u.kind == "node" or u.id in self.opened]
        return [node for unit in alone for node in unit.nodes]

    def _node(self, node: Node, living: bool) -> dict[str, Any]:
        operands = self.graph.operands(node.id)
        known: dict[str, Any] = {"name": node.name, "shape": list(np.shape(node.value))}
        known["role"] = node.role
        if living:
            known["rule"] = node.rule or ""
            known["operands"] = " ".join(x.id for x in operands)
            if node.rule is not None:
                known["forward"] = node.row.expression(list(map(_place, operands)), node.options)
        return known

    def _edges(self, living: bool) -> dict[str, dict[str, Any]]:
        """The edges that are seen by themselves, by what they are called in the program."""
        seen = {node.id for node in self._nodes(living)}
        times = self._times()
        return {
            edge_key(edge): self._edge(edge) | {"at": times[edge_key(edge)]}
            for edge in self.graph.edges
            if edge.contribution is not None and (edge.target in seen or edge.source in seen)
        }

    def _times(self) -> dict[str, tuple[int, int]]:
        """When each edge sends: the number of the step, and of the operation in it."""
        found: dict[str, tuple[int, int]] = {}
        for place, step in enumerate(self.steps, 1):
            if step.data["kind"] == "backward":
                told = self.inner.get((step.data["card"], False)) or [self.told[place - 1]]
                edges = enumerate((tale.step.edge for tale in told), 1)
                found |= {edge_key(edge): (place, j) for j, edge in edges if edge is not None}
        return found

    def _edge(self, edge: Edge) -> dict[str, Any]:
        target, source = self.graph.node(edge.target), self.graph.node(edge.source)
        axes = summed_axes(np.shape(target.value), np.shape(source.value))
        known = edge.local is not None and target.row.elementwise
        times, single = multiplier(self.graph, edge) if known else ("", True)
        said = {
            "source": edge.source,
            "target": edge.target,
            "local": slope(self.graph, edge),
            "use": use(self.graph, edge),
            "formula": edge.formula,
            "sends": edge.sends,
            "entrywise": edge.local is not None,
            "times": "" if single else times,
            "axes": axes_named(axes) if axes and edge.local is not None else "",
        }
        return {key: x for key, x in said.items() if x}

    @cached_property
    def opened(self) -> dict[str, Scene]:
        """What is inside of each layer that can be opened, as a scene of its own.

        What comes in from outside stands there by name alone.
        """
        scenes: dict[str, Scene] = {}
        room = MOST_OPENED_TOGETHER
        for unit in self.found if self.by_layer else ():
            if unit.kind == "group" and unit.copies == 1 and len(unit.nodes) <= MOST_OPENED:
                room -= len(unit.nodes)
                if room >= 0:
                    scenes[unit.id] = self._opened(unit)
        return scenes

    def _opened(self, unit: Unit) -> Scene:
        own = {node.id for node in unit.nodes}
        read = {x.id for node in unit.nodes for x in self.graph.operands(node.id)}
        some = [node for node in self.graph.nodes if node.id in own or node.id in read]
        rest = tuple(node for node in self.graph.nodes if not (node.id in own or node.id in read))
        units = [Unit(n.id, "node", n.name, (n,), ()) for n in some]
        units += [Unit("rest", "fold", "", rest, ())] if rest else []
        scene = self.draw(units)
        ends = {x.id: x.id if x.id in own else f"{unit.id}-{x.id}" for x in some}
        level = len(unit.frame) + 1
        cards = [_again(x, ends, level) for x in scene.cards if x.id in ends]
        arrows = [a._replace(source=ends[a.source]) for a in scene.arrows if a.target in own]
        return scene._replace(cards=tuple(cards), arrows=tuple(arrows))

    # Value by value -----------------------------------------------------------------------------

    def _by_operation(self) -> list[PageStep]:
        arrived: dict[str, list[Any]] = {}
        steps = []
        place = {arrow.sends: i for i, arrow in enumerate(self.scene.arrows)}
        for tale in self.told:
            step = tale.step
            data: dict[str, Any] = {"kind": step.kind, "card": step.node.id, "arrow": None}
            if step.edge is not None:
                sent = edge_key(step.edge)
                data |= {"arrow": place[sent], "key": sent}
            if step.kind != "forward" and not self.scalar:
                parts = arrived.setdefault(step.node.id, [])
                parts += [step.edge.contribution] if step.edge is not None else []
                data["total"] = array(step.total).replace(" ", "\xa0").split("\n")
                data["sum"] = sum_text(parts, step.total) if parts else ""
            if step.kind == "seed":
                steps.append(PageStep(tale.title, tale.text, data))
                continue
            notes = " ".join(tale.notes)
            why = f"{tale.reason} {tale.copied}".strip()
            steps.append(PageStep(tale.title, why, data, tale.numbers, notes, tale.total))
        return steps

    def _scalars(self) -> dict[str, Any]:
        """The numbers in full, and how the script writes what it does with them."""
        nodes, edges = self.graph.nodes, [e for some in self.between.values() for e in some]
        return {
            "values": {node.id: _plain(node.value) for node in nodes},
            "gradients": {n.id: _plain(n.gradient) for n in nodes if n.gradient is not None},
            "locals": [_plain(edge.local) for edge in edges],
            "sent": [_plain(edge.contribution) for edge in edges],
        }

    # Layer by layer -----------------------------------------------------------------------------

    def _by_layer(self) -> list[PageStep]:
        computing = [unit for unit in self.found if unit.computed]
        steps = [self._step(unit, True, self._forward(unit)) for unit in computing]
        if self.result.gradient is None:
            return steps
        arrows = self.scene.arrows
        waiting = Counter(arrow.source for arrow in arrows if arrow.backward)
        leaves = waiting.keys() - {unit.id for unit in computing}
        for unit in reversed(computing):
            if all(node.gradient is None for node in leaving(self.graph, unit.nodes)):
                continue  # of constants, or frozen: nothing arrives there
            into = [i for i, a in enumerate(arrows) if a.backward and a.target == unit.id]
            sources = [arrows[i].source for i in into]
            waiting.subtract(sources)
            done = [x for x in dict.fromkeys(sources) if x in leaves and not waiting[x]]
            step = self._step(unit, False, self._returns(unit))
            step.data.update(arrows=into, cards=[unit.id, *done])
            steps.append(step)
        return steps

    def _step(self, unit: Unit, forward: bool, said: str) -> PageStep:
        """A layer's step, forward or backward, and the operations in it."""
        kind = "forward" if forward else "backward"
        data: dict[str, Any] = {"kind": kind, "card": unit.id, "arrow": None, "said": said}
        told = self.inner.get((unit.id, forward), [])
        if len(told) <= MOST_INNER or unit.id in self.opened:
            data["inner"] = [
                {"kind": x.kind, "card": x.node.id}
                | ({} if x.edge is None else {"key": edge_key(x.edge)})
                for x in (tale.step for tale in told)
            ]
        first = next(iter(leaving(self.graph, unit.nodes) if forward else unit.parameters), None)
        if first is not None and (forward or first.gradient is not None):
            data["asks"] = first.id
        title = say("page.forward" if forward else "page.backward", name=unit.name)
        return PageStep(title, self._filled(said), data, inner=self._listing(unit, told))

    def _forward(self, unit: Unit) -> str:
        outside = {node.id for node in self.graph.nodes if self.home[node.id] != unit.id}
        return " ".join(
            f"{node.name} = {self.graph.written(node.id, outside)}, {BEGIN}v {node.id}{END}."
            for node in leaving(self.graph, unit.nodes)[:3]
        )

    def _returns(self, unit: Unit) -> str:
        """What has arrived at a layer, what its parameters get of it, and what goes on."""
        arrived, kept = (
            [self._gradient(n, f"g {n.id}") for n in nodes if n.gradient is not None]
            for nodes in (leaving(self.graph, unit.nodes), unit.parameters)
        )
        said = [say("page.arrived", len(arrived), gradients=listed(arrived, MOST_LISTED))]
        if kept:
            said.append(say("page.kept", gradients=listed(kept, MOST_LISTED)))
        into = [e for (_, to), es in self.between.items() if to == unit.id for e in es]
        for source in list(sums(into))[:3]:
            to = next(x for x in self.found if x.id == self.home[source])
            keys = " ".join(edge_key(e) for e in into if e.source == source)
            back = self._gradient(self.graph.node(source), f"s {keys}")
            key = "page.back" if to.kind == "node" else "page.back.to"
            said.append(say(key, name=to.name, gradient=back))
        return " ".join(said)

    def _gradient(self, node: Node, place: str) -> str:
        return f"∂{self.graph.differentiated}/∂{node.name} ({BEGIN}{place}{END})"

    def _filled(self, said: str) -> str:
        """A text with its numbers."""
        text, *parts = said.split(BEGIN)
        for part in parts:
            place, _, rest = part.partition(END)
            kind, *keys = place.split(" ")
            if kind == "s":
                (value,) = sums(e for e in self.graph.edges if edge_key(e) in keys).values()
            else:
                node = self.graph.node(keys[0])
                value = node.value if kind == "v" else node.gradient
            shape = "" if np.size(value) == 1 else f"{size(np.shape(value))}, "
            text += shape + brief(value) + rest
        return text

    def _listing(self, unit: Unit, told: list[Told]) -> tuple[tuple[str, str], ...]:
        """What is told of each operation in a layer; of many, of the first and the last."""
        found = [(tale.title, tale.text) for tale in told]
        left_out, half = len(found) - MOST_INNER, MOST_INNER // 2
        if left_out > 0 and unit.id not in self.opened:
            found[half:-half] = [("… " + say("page.more", more=left_out), "")]
        return tuple(found)


def _again(card: Card, ends: dict[str, str], level: int) -> Card:
    """A card in the frames that are inside of its layer; one from outside by its name alone."""
    if ends[card.id] == card.id:
        return card._replace(frame=card.frame[level:])
    return Card(ends[card.id], (card.heading[0], Cell("↓", "quiet")), card.role, ())


def _place(node: Node) -> str:
    """Where the number of an operand is put; a constant stays what it is."""
    return number(node.value) if node.role == "constant" else f"{{{node.id}}}"


def _plain(value: Any) -> float | str | None:
    """A number as JSON has it; what isn't finite by name."""
    x = None if value is None else float(value)
    return x if x is None or math.isfinite(x) else str(x)
