"""Cards for single values, and what stands on the arrows between them."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ...lexicon import cut
from ..finite import not_finite
from ..numbers import (
    array,
    bars,
    multiplier,
    number,
    product,
    size,
    small,
    sum_text,
    summed_axes,
)
from ..scene import Arrow, Card, Cell, Line
from ..units import edge_key
from ..words import conditional, reason, say, slope

LONGEST_SIDE = 36  # of an equation
LONGEST_LINE = 60  # of a message
LONGEST_MESSAGE = 400
LONGEST_PART = 24  # of what is said again


def legend() -> Line:
    """What stands in which colour."""
    forward, backward = say("picture.forward"), say("picture.backward")
    return Cell(forward, "forward label"), Cell(backward, "backward label")


def without_gradient(node: Node, span: int = 1) -> Cell:
    """What stands in a gradient's place where there is none."""
    return Cell(say("picture.none" if node.tracked else "picture.untracked"), "quiet", span=span)


def card(graph: Graph, node: Node, failed: tuple[str, ...] = (), written: str = "") -> Card:
    """A value: its name and expression, its role, value, gradient, and what the gradient sums.

    `written` is another expression, of values behind. Of a result that isn't there, because
    something `failed`, why.
    """
    if failed and node is graph.result:
        return _failed(node, failed)
    heading = [Cell(node.name, "name")]
    if said := written or node.expression:
        heading.append(Cell(f"= {said}"))
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
    head = Cell(_derivative(graph, node), "backward label")
    rows = [(Cell(say("picture.value"), "forward label"), *value), (head, *gradient)]
    arrived = [edge.contribution for edge in graph.arrivals(node.id)]
    if len(arrived) > 1:
        added = sum_text(arrived, node.gradient)
        rows.append((Cell("", "backward label"), Cell(added, "backward label")))
    return Card(node.id, tuple(heading), node.role, tuple(rows), node.group)


def _failed(node: Node, said: Iterable[str]) -> Card:
    """What gave no result: what was tried, and why that failed."""
    heading = [Cell(say("failed", name=node.rule), "name")]
    rows = [(Cell(str(node.expression)),)]
    for text in said:
        rows += [
            (Cell(line, "backward label"),)
            for line in wrap(cut(text, LONGEST_MESSAGE), LONGEST_LINE)
        ]
    return Card(node.id, tuple(heading), "output", tuple(rows), node.group, "backward")


def _derivative(graph: Graph, node: Node) -> str:
    """`∂L/∂w`; the whole of a long name stands on its card."""
    return f"∂{cut(graph.differentiated, LONGEST_PART)}/∂{cut(node.name, LONGEST_PART)}"


def _cells(value: Any, style: str) -> list[Cell]:
    """A value in full, or its histogram and its root mean square."""
    if value is None:
        return []
    shown = Cell(array(value), style)
    return [shown] if small(np.shape(value)) else [Cell(bars(value), f"{style} bars"), shown]


def ones(value: Any) -> str:
    """Of an array of zeros and ones, how many are 1; '' of another."""
    value = np.asarray(value)
    if value.size < 2 or not ((value == 0) | (value == 1)).all():
        return ""
    count, all_of_them = int(np.count_nonzero(value)), f"{value.size:,}"
    if count in (0, value.size):
        return say("picture.alike", size=all_of_them, number=number(value.flat[0]))
    zero, one = (number(value.dtype.type(x)) for x in (0, 1))
    return say("picture.ones", count, size=all_of_them, one=one, zero=zero)


def arrow(graph: Graph, edge: Edge) -> Arrow:
    """An operand's arrow: the local derivative, and upstream × local = contribution."""
    if edge.contribution is None:
        return Arrow(edge.source, edge.target, False, sends=edge_key(edge))
    source, target = graph.node(edge.source), graph.node(edge.target)
    derivative = slope(graph, edge)
    if np.size(target.value) == np.size(source.value) == 1 and edge.local is not None:
        text, result = product(target.gradient, edge.local, edge.contribution)
        lines = [_equation(derivative, edge.formula, number(edge.local))]
        lines.append([Cell(f"◂ {text}", "backward label"), Cell(result, "backward")])
    else:
        lines = _between_arrays(graph, edge, source, target, derivative)
        if len(graph.arrivals(source.id)) == 1:
            lines[-1].append(Cell(f"= {_derivative(graph, source)}", "backward label"))
        else:
            lines[-1].append(Cell("=", "backward label"))
            lines.append([Cell(array(edge.contribution), "backward")])
    said = tuple(map(tuple, lines))
    return Arrow(edge.source, edge.target, True, said, sends=edge_key(edge))


def _equation(derivative: str, formula: str, known: str = "") -> list[Cell]:
    """`∂p/∂w = x = 3`, of long names in part."""
    derivative, formula = (cut(text, LONGEST_SIDE) for text in (derivative, formula))
    if conditional(formula) and known:  # a condition isn't an equation
        return [Cell(f"{derivative} = {known}: {formula}")]
    return [Cell(" = ".join(dict.fromkeys(filter(None, [derivative, formula, known]))))]


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
    times, single = multiplier(graph, edge)
    known = number(np.ravel(edge.local)[0]) if single else ""
    times = times if single else say("picture.entries", factor=cut(times, LONGEST_PART))
    lines = [_equation(derivative, edge.formula, known)]
    lines.append([Cell(f"◂ {_derivative(graph, target)} × {times}", "backward label")])
    if axes := summed_axes(np.shape(target.value), np.shape(source.value)):
        lengths = "×".join(str(np.shape(target.value)[axis]) for axis in axes)
        named = say("axes", len(axes), axes=", ".join(map(str, axes)))
        said = say("picture.summed", axes=named, lengths=lengths)
        lines.append([Cell(said, "backward label")])
    return lines
