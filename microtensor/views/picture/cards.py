"""Cards for single values, and what stands on the arrows between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import array, bars, factor, number, product, size, small, sum_text, summed_axes
from ..scene import Arrow, Card, Cell
from .diagnosis import not_finite

LEGEND = (
    Cell("blue ▸ forward value", "forward label"),
    Cell(
        "orange ◂ gradient: upstream × local derivative = contribution, added up where arrows meet",
        "backward label",
    ),
)


def why_no_gradients(result: Node) -> list[tuple[Cell, ...]]:
    """A line below the title, where gradients were not computed."""
    if result.gradient is not None or not result.tracked:
        return []
    why = "a value was changed since; draw before the step"
    if np.size(result.value) != 1:
        why = (
            f"{result.name} isn't a single number; draw(..., gradient=...) says what arrives at it"
        )
    return [(Cell("– not computed: ", "backward label"), Cell(why, "quiet"))]


def card(node: Node, arrived: Sequence[Edge], result: Node) -> Card:
    """A value: its name and expression, its role, value, gradient, and what the gradient sums."""
    heading = [Cell(node.name, "name")]
    if node.expression:
        heading.append(Cell(f"= {node.expression}"))
    if node.role == "constant":
        heading = [Cell(number(node.value), "name")]
    if node.role != "intermediate":
        heading.append(Cell(node.role, "quiet"))
    if np.ndim(node.value):
        heading.append(Cell(size(np.shape(node.value)), "quiet"))
    if node.role == "constant":
        return Card(node.id, tuple(heading), node.role, (), node.group)
    value = _cells(node.value, "forward")
    if len(value) > 1 and node.role == "input" and counted(node.value):
        value = [Cell(counted(node.value), "forward")]
    elif len(value) > 1 and not_finite(node.value):
        value.append(Cell(not_finite(node.value), "note"))
    rows = [(Cell("value", "forward label"), *value)]
    rows.append((Cell(f"∂{result.name}/∂{node.name}", "backward label"), *_gradient(node, result)))
    if len(arrived) > 1:
        text = sum_text([edge.contribution for edge in arrived], node.gradient)
        rows.append((Cell("", "backward label"), Cell(text, "backward label")))
    return Card(node.id, tuple(heading), node.role, tuple(rows), node.group)


def _cells(value: Any, style: str) -> list[Cell]:
    """A value in full, or its histogram and its root mean square."""
    if small(np.shape(value)):
        return [Cell(array(value), style)]
    return [Cell(bars(value), f"{style} bars"), Cell(array(value), style)]


def counted(value: Any) -> str:
    """Of an array of zeros and ones, `72 ones of 209`."""
    value = np.asarray(value)
    if value.size < 2 or not ((value == 0) | (value == 1)).all():
        return ""
    return f"{int(np.count_nonzero(value))} ones of {value.size}"


def _gradient(node: Node, result: Node) -> list[Cell]:
    if not node.tracked:
        return [Cell("not tracked", "quiet")]
    if node.gradient is None:
        return [Cell("– not computed", "quiet")]
    return _cells(node.gradient, "backward")


def arrow(graph: Graph, edge: Edge) -> Arrow:
    """An operand's arrow: the local derivative, and upstream × local = contribution."""
    if edge.contribution is None:
        return Arrow(edge.source, edge.target, False)
    source, target, result = graph.node(edge.source), graph.node(edge.target), graph.result
    which = graph.ordinal(edge)
    derivative = f"∂{target.name}/∂{source.name}" + (f" ({which})" if which else "")
    if np.size(target.value) == np.size(source.value) == 1 and edge.local is not None:
        lines = _between_numbers(edge, target, derivative)
    else:
        upstream = f"∂{result.name}/∂{target.name}"
        lines = _between_arrays(edge, source, target, derivative, upstream)
        if len(graph.arrivals(source.id)) == 1:
            lines[-1].append(Cell(f"= ∂{result.name}/∂{source.name}", "backward label"))
        else:
            lines[-1].append(Cell("=", "backward label"))
            lines.append([Cell(array(edge.contribution), "backward")])
    return Arrow(edge.source, edge.target, True, tuple(map(tuple, lines)))


def _between_numbers(edge: Edge, target: Node, derivative: str) -> list[list[Cell]]:
    """`∂p/∂w = x = 3` and below it `◂ 0.8808 × 3 = 2.642`."""
    local = np.asarray(edge.local).item()
    if " if " in edge.formula:  # a condition isn't an equation
        shown = f"{derivative} = {number(local)}, {edge.formula}"
    else:
        known = [derivative, edge.formula, number(local)]
        shown = " = ".join(dict.fromkeys(part for part in known if part))
    upstream, sent = np.asarray(target.gradient).item(), np.asarray(edge.contribution).item()
    text, result = product(upstream, local, sent)
    return [[Cell(shown)], [Cell(f"◂ {text}", "backward label"), Cell(result, "backward")]]


def _between_arrays(
    edge: Edge, source: Node, target: Node, derivative: str, upstream: str
) -> list[list[Cell]]:
    """The formula in words: `◂ ∂L/∂Z @ Bᵀ`, or upstream times local, and the axes summed."""
    if edge.sends:
        lines = [[Cell(f"◂ {edge.sends}", "backward label")]]
        shapes = np.shape(target.value), np.shape(source.value)
        if target.rule == "matmul" and len(shapes[0]) == len(shapes[1]) == 2:
            lines.insert(0, [Cell(_shapes(edge.slot, *shapes), "quiet")])
        return lines
    if edge.local is None:
        said = target.words or f"by the rule of {target.rule}"
        return [[Cell(f"◂ {said}", "backward label")]]
    axes = summed_axes(np.shape(target.value), np.shape(source.value))
    lines = [
        [Cell(f"{derivative} = {edge.formula}" if edge.formula else derivative)],
        [Cell(f"◂ {_times(upstream, edge)}", "backward label")],
    ]
    return [*lines, [Cell(_over(axes, target), "backward label")]] if axes else lines


def _shapes(slot: int, product: tuple[int, ...], operand: tuple[int, ...]) -> str:
    """The shapes of what is multiplied for a matrix operand's gradient."""
    if slot == 0:
        return f"({size(product)}) @ ({product[1]}×{operand[1]}) is {size(operand)}"
    return f"({operand[0]}×{product[0]}) @ ({size(product)}) is {size(operand)}"


def _times(upstream: str, edge: Edge) -> str:
    """Upstream times the local derivative, whose number is told where it is one number."""
    local = np.asarray(edge.local)
    if local.size and (local == local.flat[0]).all():
        return f"{upstream} × {factor(local.flat[0])}"
    return f"{upstream} × local, entry by entry"


def _over(axes: list[int], target: Node) -> str:
    """Says that broadcasting copied, and so the copies' gradients are added up."""
    lengths = "×".join(str(np.shape(target.value)[axis]) for axis in axes)
    named = "axis" if len(axes) == 1 else "axes"
    return f"summed over {named} {', '.join(map(str, axes))} ({lengths})"
