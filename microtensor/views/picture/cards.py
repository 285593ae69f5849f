"""Cards for single values, and what stands on the arrows between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import array, bars, factor, number, product, size, small, sum_text, summed_axes
from ..scene import Arrow, Card, Cell, Line
from ..words import conditional, reason, say, slope
from .diagnosis import not_finite


def legend() -> Line:
    """What stands in which colour."""
    forward, backward = say("picture.forward"), say("picture.backward")
    return Cell(forward, "forward label"), Cell(backward, "backward label")


def without_gradient(node: Node, span: int = 1) -> Cell:
    """What stands in a gradient's place where there is none."""
    return Cell(say("picture.none" if node.tracked else "picture.untracked"), "quiet", span=span)


def card(graph: Graph, node: Node) -> Card:
    """A value: its name and expression, its role, value, gradient, and what the gradient sums."""
    heading = [Cell(node.name, "name")]
    if node.expression:
        heading.append(Cell(f"= {node.expression}"))
    if node.role != "intermediate":
        heading.append(Cell(say(f"role.{node.role}"), "quiet"))
    if np.ndim(node.value):
        heading.append(Cell(size(np.shape(node.value)), "quiet"))
    if node.role == "constant":
        heading[0] = Cell(number(node.value), "name")
        return Card(node.id, tuple(heading), node.role, (), node.group)
    value, gradient = _cells(node.value, "forward"), _cells(node.gradient, "backward")
    if len(value) > 1 and node.role == "input" and (said := ones(node.value)):
        value = [Cell(said, "forward")]
    elif len(value) > 1 and (wrong := not_finite(node.value)):
        value.append(Cell(wrong, "note"))
    if node.gradient is None:
        gradient = [without_gradient(node)]
    head = Cell(f"∂{graph.result.name}/∂{node.name}", "backward label")
    rows = [(Cell(say("picture.value"), "forward label"), *value), (head, *gradient)]
    arrived = [edge.contribution for edge in graph.arrivals(node.id)]
    if len(arrived) > 1:
        added = sum_text(arrived, node.gradient)
        rows.append((Cell("", "backward label"), Cell(added, "backward label")))
    return Card(node.id, tuple(heading), node.role, tuple(rows), node.group)


def _cells(value: Any, style: str) -> list[Cell]:
    """A value in full, or its histogram and its root mean square."""
    if value is None:
        return []
    shown = Cell(array(value), style)
    return [shown] if small(np.shape(value)) else [Cell(bars(value), f"{style} bars"), shown]


def ones(value: Any) -> str:
    """Of an array of zeros and ones, `72 ones of 209`."""
    value = np.asarray(value)
    if value.size < 2 or not ((value == 0) | (value == 1)).all():
        return ""
    return say("picture.ones", ones=np.count_nonzero(value), size=value.size)


def arrow(graph: Graph, edge: Edge) -> Arrow:
    """An operand's arrow: the local derivative, and upstream × local = contribution."""
    if edge.contribution is None:
        return Arrow(edge.source, edge.target, False)
    source, target, out = graph.node(edge.source), graph.node(edge.target), graph.result.name
    derivative = slope(graph, edge)
    if np.size(target.value) == np.size(source.value) == 1 and edge.local is not None:
        lines = _between_numbers(edge, target, derivative)
    else:
        lines = _between_arrays(graph, edge, source, target, derivative)
        if len(graph.arrivals(source.id)) == 1:
            lines[-1].append(Cell(f"= ∂{out}/∂{source.name}", "backward label"))
        else:
            lines[-1].append(Cell("=", "backward label"))
            lines.append([Cell(array(edge.contribution), "backward")])
    return Arrow(edge.source, edge.target, True, tuple(map(tuple, lines)))


def _between_numbers(edge: Edge, target: Node, derivative: str) -> list[list[Cell]]:
    """`∂p/∂w = x = 3` and below it `◂ 0.8808 × 3 = 2.642`."""
    if conditional(edge.formula):  # a condition isn't an equation
        shown = f"{derivative} = {number(edge.local)}, {edge.formula}"
    else:
        known = [derivative, edge.formula, number(edge.local)]
        shown = " = ".join(dict.fromkeys(filter(None, known)))
    text, result = product(target.gradient, edge.local, edge.contribution)
    return [[Cell(shown)], [Cell(f"◂ {text}", "backward label"), Cell(result, "backward")]]


def _between_arrays(
    graph: Graph, edge: Edge, source: Node, target: Node, derivative: str
) -> list[list[Cell]]:
    """The formula in words: `◂ ∂L/∂Z @ Bᵀ`, or upstream times local, and the axes summed."""
    if edge.sends:
        lines = [[Cell(f"◂ {edge.sends}", "backward label")]]
        given, mine = np.shape(target.value), np.shape(source.value)
        if target.rule == "matmul" and len(given) == len(mine) == 2:
            factors = [size(given), f"{given[1]}×{mine[1]}"]
            if edge.slot == 1:
                factors = [f"{mine[0]}×{given[0]}", size(given)]
            said = say("picture.shapes", left=factors[0], right=factors[1], size=size(mine))
            lines.insert(0, [Cell(said, "quiet")])
        return lines
    if edge.local is None:
        why = reason(graph, edge).removesuffix(".")
        said = why if target.row.why else say("picture.rule", rule=target.rule)
        return [[Cell(f"◂ {said}", "backward label")]]
    local = np.asarray(edge.local)
    times = say("picture.local")
    if local.size and (local == local.flat[0]).all():
        times = factor(local.flat[0])
    lines = [
        [Cell(f"{derivative} = {edge.formula}" if edge.formula else derivative)],
        [Cell(f"◂ ∂{graph.result.name}/∂{target.name} × {times}", "backward label")],
    ]
    if axes := summed_axes(np.shape(target.value), np.shape(source.value)):
        lengths = "×".join(str(np.shape(target.value)[axis]) for axis in axes)
        named = say("axes", len(axes), axes=", ".join(map(str, axes)))
        said = say("picture.summed", axes=named, lengths=lengths)
        lines.append([Cell(said, "backward label")])
    return lines
