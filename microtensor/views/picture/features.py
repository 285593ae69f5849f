"""How many features layers take and give: those of their weights, and the axis they lie along."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ...graph import Graph, Node


class Link(NamedTuple):
    """A value that weights were used for: how many features go in and out, and along which axis.

    The axis is counted from the last, −1. `source` is what the weights are used on.
    """

    node: Node
    source: Node
    takes: int
    gives: int
    axis: int


def link(graph: Graph, node: Node) -> Link | None:
    """A product with a matrix, a convolution, or rows of a table; None: no weights are used."""
    operands = graph.operands(node.id)
    if node.rule == "matmul" and len(operands) == 2:
        return _product(graph, node, *operands)
    if node.rule == "einsum" and len(operands) == 2:
        return _einsum(node, *operands)
    if node.rule == "getitem" and _matrix(graph, operands[0]):
        table, index = operands[0], node.options.get("index")
        if isinstance(index, np.ndarray) and index.dtype.kind in "iu":
            takes, gives = np.shape(table.value)
            return Link(node, operands[-1], takes, gives, -1)
    return None


def axes(graph: Graph, nodes: Iterable[Node], links: dict[str, Link]) -> dict[str, int]:
    """Of each value that has features, their axis, as far as it can be followed from the links."""
    found: dict[str, int] = {}
    for node in nodes:
        if node.id in links:
            found[node.id] = links[node.id].axis
            continue
        operands = graph.operands(node.id)
        if node.rule == "matmul":
            operands = operands[1:]  # whose columns the result has
        known = (_axis(node, x, found[x.id]) for x in operands if x.id in found)
        axis = next((x for x in known if x is not None), None)
        if axis is not None:
            found[node.id] = axis
    return found


def _is_weight(node: Node) -> bool:
    return node.role == "parameter" and np.ndim(node.value) > 1


def _matrix(graph: Graph, node: Node) -> bool:
    """Whether it is a weight of two axes, maybe transposed."""
    (inner,) = graph.operands(node.id) if node.rule == "transpose" else (node,)
    return _is_weight(inner) and np.ndim(inner.value) == 2


def _product(graph: Graph, node: Node, a: Node, b: Node) -> Link | None:
    if _matrix(graph, b):
        takes, gives = np.shape(b.value)
        return Link(node, a, takes, gives, -1)
    if _matrix(graph, a):
        gives, takes = np.shape(a.value)
        return Link(node, b, takes, gives, -1 if np.ndim(b.value) == 1 else -2)
    return None


def _einsum(node: Node, a: Node, b: Node) -> Link | None:
    """Features go in where weights are summed over, of a convolution first channels; others out."""
    weight, data = (b, a) if _is_weight(b) else (a, b)
    left, _, result = str(node.options["subscripts"]).replace(" ", "").partition("->")
    terms = left.split(",")
    mine, theirs = (terms[::-1] if weight is b else terms) if len(terms) == 2 else ("", "")
    sizes = dict(zip(mine, np.shape(weight.value), strict=False))
    takes = [x for x in mine if x in theirs and x not in result]
    gives = [x for x in mine if x not in theirs and x in result]
    if not (_is_weight(weight) and takes and len(gives) == 1) or "." in left:
        return None
    axis = result.index(gives[0]) - len(result)
    return Link(node, data, sizes[takes[0]], sizes[gives[0]], axis)


def _axis(node: Node, x: Node, axis: int) -> int | None:
    """Where the features of an operand lie in a result; None: nowhere, or who knows."""
    before, after, options = np.shape(x.value), np.shape(node.value), node.options
    if node.rule == "transpose":
        order = [k % len(before) for k in options["axes"] or range(len(before))[::-1]]
        return order.index(axis % len(before)) - len(after)
    if node.rule == "sliding_window_view":
        return axis - (len(after) - len(before))
    if node.rule == "reshape" and before != after:
        return axis if axis == -1 and before[-1:] == after[-1:] else None
    if len(before) <= len(after) and node.rule not in ("einsum", "stack"):
        known = after[axis] > 1 or before[axis] == 1
        return axis if known else None
    if node.rule == "getitem":
        return axis if axis == -1 and _keeps_last(options["index"], len(before)) else None
    removed = options.get("axis")
    if len(before) <= len(after) or removed is None:
        return None
    gone = {k % len(before) - len(before) for k in np.ravel(removed).tolist()}
    return None if axis in gone else axis + sum(k > axis for k in gone)


def _keeps_last(index: Any, ndim: int) -> bool:
    """Whether an index leaves the last axis where it is."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = all(isinstance(x, int | np.integer | slice) for x in parts)
    return plain and (len(parts) < ndim or isinstance(parts[-1], slice))
