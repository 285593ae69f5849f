"""The record of a result, read into plain data: nodes, ordered edges, groups."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from .record import Group
from .tensor import Tensor


class Node(NamedTuple):
    """A value in the graph.

    `rule` is the name of the operation that gave it (None: nobody computed it). `role` is
    parameter (a leaf that requires a gradient), constant, intermediate or output. `group` is
    what was speaking when it was computed: names from the outside in.
    """

    id: str
    name: str | None
    rule: str | None
    role: str
    value: Any
    group: tuple[str, ...]


class Edge(NamedTuple):
    """`source` is operand number `slot` of `target`; `a * a` has two edges."""

    source: str
    target: str
    slot: int


class Graph(NamedTuple):
    """All values behind a result, oldest first, and the edges between them.

    Nodes are called n0, n1, ... in the order in which they were made, so the same program
    always gives the same graph.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, result: Tensor) -> Graph:
        """The graph of a result, read from its record."""
        if not isinstance(result, Tensor):
            raise TypeError(f"Graph.of: expected a tensor, got {type(result).__name__}")
        recorded = [result]
        seen = {result}
        for tensor in recorded:  # grows while it is read
            new = [x for x in tensor._inputs if x is not None and x not in seen]
            recorded += dict.fromkeys(new)
            seen.update(new)
        recorded.sort(key=lambda tensor: tensor._index)
        nodes: list[Node] = []
        edges: list[Edge] = []
        ids: dict[int, str] = {}

        def add(key: int, *fields: Any) -> None:
            ids[key] = f"n{len(nodes)}"
            nodes.append(Node(ids[key], *fields))

        for tensor in recorded:
            sources = []
            for x, value in zip(tensor._inputs, tensor._values, strict=True):
                if x is not None:
                    sources.append(ids[id(x)])
                elif isinstance(value, np.ndarray) and id(value) in ids:
                    sources.append(ids[id(value)])  # the same array, used again
                else:
                    group = () if np.ndim(value) else _path(tensor._group)
                    add(id(value), None, None, "constant", value, group)
                    sources.append(nodes[-1].id)
            rule = tensor._rule.name if tensor._rule is not None else None
            role = "output" if tensor is result else "intermediate"
            if rule is None and tensor is not result:
                role = "parameter" if tensor._requires_grad else "constant"
            add(id(tensor), tensor.name, rule, role, tensor._data, _path(tensor._group))
            edges += (Edge(source, nodes[-1].id, slot) for slot, source in enumerate(sources))
        return cls(_leaves_grouped(nodes, edges), tuple(edges))


def _leaves_grouped(nodes: list[Node], edges: list[Edge]) -> tuple[Node, ...]:
    """Parameters put into the innermost group around all that read them."""
    groups = {node.id: node.group for node in nodes}
    readers: dict[str, list[tuple[str, ...]]] = {}
    for edge in edges:
        readers.setdefault(edge.source, []).append(groups[edge.target])
    return tuple(
        node._replace(group=_shared_start(readers[node.id])) if node.role == "parameter" else node
        for node in nodes
    )


def _shared_start(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    levels = zip(*paths, strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))


def _path(group: Group | None) -> tuple[str, ...]:
    return group.path if group is not None else ()
