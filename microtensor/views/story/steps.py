"""The chain rule in words: every step of a graph told in a few sentences, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node, Step
from ...lexicon import expression
from ..numbers import equals, exact, factor, given, line, number, product, small, summed_axes, total
from ..words import Told, axes_named, say
from .reasons import copied, copies, kind, note, reason, seen

MOST_PARTS = 6  # a sum is written out up to so many parts
# Of rules that NumPy has a function for by the same name, that function says what they give
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def told(graph: Graph) -> Iterator[Told]:
    """Each of `graph.steps` in words, in the same order."""
    teller = Teller(graph)
    for step in graph.steps:
        yield teller.tell(step)


class Teller:
    """Tells one step after the other; it remembers what has arrived so far."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.result = graph.result
        self.computed = sum(node.rule is not None for node in graph.nodes)
        self.parts: dict[str, list[Any]] = {}

    def tell(self, step: Step) -> Told:
        if step.edge is not None:
            return self._sent(step, step.edge)
        if self.computed:
            self.computed -= 1
            return self._computed(step)
        return self._seed(step)

    def hear(self, step: Step) -> None:
        """Passes over a step: what arrives is remembered, and nothing is told."""
        if step.edge is not None:
            self.parts.setdefault(step.node.id, []).append(step.edge.contribution)
        elif self.computed:
            self.computed -= 1

    def _computed(self, step: Step) -> Told:
        """Forward: a value from those before it."""
        node = step.node
        name, operands = node.name, self.graph.operands(node.id)
        title = f"{name} = {node.expression}"
        if np.ndim(node.value) == 0 and all(np.ndim(x.value) == 0 for x in operands):
            numbers = expression(str(node.rule), [number(x.value) for x in operands], node.options)
            said = f"{name} = {numbers} {sign(node, operands)} {number(node.value)}"
        else:
            said = given(name, node.value)
        brief = f"{title} {said.removeprefix(f'{name} ')}"
        return Told(step, title, brief, f"{said}.", "", tuple(seen(node, operands)))

    def _seed(self, step: Step) -> Told:
        """The result's own gradient, where the way back begins."""
        name = step.node.name
        derivative = f"∂{name}/∂{name}"
        if np.size(step.total) == 1 and np.all(np.equal(step.total, 1)):
            said = say("seed.one", name=name, gradient=derivative)
        else:
            said = say("seed.given", name=name, gradient=given(derivative, step.total))
        title, back = say("seed", name=name), (say("seed.back"), say("seed.each"))
        return Told(step, title, given(derivative, step.total), said, "", back)

    def _sent(self, step: Step, edge: Edge) -> Told:
        """Backward: what a result sends to one of the values it was computed from."""
        source, target = step.node, self.graph.node(edge.target)
        use = self.graph.ordinal(edge)
        title = say("sent", target=target.name, source=source.name)
        operands = self.graph.operands(target.id)
        if edge.local is not None and np.size(target.value) == np.size(source.value) == 1:
            before, sent = self._between_numbers(edge, source, target)
        else:
            before, sent = self._between_arrays(edge, source, target)
        title += " " + say("use", ordinal=use) if use else ""
        which = kind(edge, operands, target)
        why = say("rule", reason=reason(edge, operands, target, self.result.name))
        count, _ = copied(source, target)
        notes = [note(edge, source, target)]
        if count > 1:
            notes.insert(0, say("copied.back", copied=copies(source, target), copies=count))
        notes = [text for text in notes if text]
        total = self._sum(step, edge)
        brief, numbers = f"{title}: {sent}", f"{before}{sent}."
        return Told(step, title, brief, numbers, why, tuple(notes), total, which)

    def _between_numbers(self, edge: Edge, source: Node, target: Node) -> tuple[str, str]:
        """Upstream, local derivative and contribution of single numbers."""
        upstream, local, sent = (
            np.asarray(x).item() for x in (target.gradient, edge.local, edge.contribution)
        )
        out = target.name
        known = [f"∂{out}/∂{source.name}", edge.formula, number(local)]
        if not edge.formula or " if " in edge.formula:  # a condition isn't an equation
            del known[1]
        left, right = product(upstream, local, sent)
        before = f"∂{self.result.name}/∂{out} = {number(upstream)}"
        said = say("sent.number", upstream=before, local=" = ".join(dict.fromkeys(known)))
        return said, f"{left} {right}"

    def _between_arrays(self, edge: Edge, source: Node, target: Node) -> tuple[str, str]:
        """What is sent between arrays, as a formula, and how large it is."""
        upstream = f"∂{self.result.name}/∂{target.name}"
        formula = edge.sends
        if edge.local is not None:
            local = np.asarray(edge.local)
            same = local.size and (local == local.flat[0]).all()
            entries = f"({edge.formula})" if " " in edge.formula else edge.formula
            formula = f"{upstream} × {factor(local.flat[0]) if same else entries}"
            formula = formula if same else say("sent.entries", formula=formula)
            axes = summed_axes(np.shape(target.value), np.shape(source.value))
            formula = say("sent.added", formula=formula, axes=axes_named(axes)) if axes else formula
        sent = line(edge.contribution)
        if formula:
            whole = small(np.shape(edge.contribution))
            sent = f"{formula}: {sent}" if whole else f"{formula} ({sent})"
        return say("sent.array", upstream=given(upstream, target.gradient)), sent

    def _sum(self, step: Step, edge: Edge) -> str:
        """What has arrived at the source so far, and how much is still to come."""
        identity = step.node.id
        parts = self.parts.setdefault(identity, [])
        parts.append(edge.contribution)
        count = len(parts)
        gradient = f"∂{self.result.name}/∂{step.node.name}"
        known = given(gradient, step.total)
        if np.size(step.total) == 1 and 1 < count <= MOST_PARTS:
            value = np.asarray(step.total).item()
            equal, _, parts_ = total([np.asarray(x).item() for x in parts], value).partition(" ")
            known = known.replace(" = ", f" = {parts_} {equal} ")
        if count == 1 and np.size(step.total) != 1:
            known = say("sum.that", gradient=gradient)
        if step.waiting:
            return say("sum.waiting", step.waiting, gradient=known)
        if count == 1:
            return say("sum.complete", gradient=f"{known[0].upper()}{known[1:]}")
        return say("sum.both" if count == 2 else "sum.all", gradient=known, parts=count)


def sign(node: Node, operands: Sequence[Node]) -> str:
    """`=` where the operands as shown give the value shown, else `≈`."""
    numbers = [x.value for x in operands]
    function: Any = FUNCTIONS.get(str(node.rule), getattr(np, str(node.rule), None))
    if isinstance(function, np.ufunc) or node.rule in FUNCTIONS:
        return equals(function, numbers, node.value)
    return "=" if all(map(exact, numbers)) else "≈"
