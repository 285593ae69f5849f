"""Two graphs of the same program, such as two training steps: what changed, and by how much."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import in_brief
from ..graph import Graph, Node
from .languages import chosen, speaking
from .numbers import number, rms, size
from .words import say


class Change(NamedTuple):
    """How a value differs between two graphs, as root mean squares over its entries.

    `moved` is that of the difference of the values, `before` that of the value at first; the
    gradients are None where a graph has none.
    """

    name: str
    shape: tuple[int, ...]
    before: float
    moved: float
    gradient_before: float | None
    gradient_after: float | None

    @property
    def share(self) -> float:
        """The move as a share of the value at first; inf from 0."""
        if self.moved == 0:
            return 0.0
        return self.moved / self.before if self.before else math.inf


class Difference(tuple[Change, ...]):
    """Every value with a gradient that a picture shows, oldest first; as text, a table."""

    language: str | None = None  # of the text

    def __str__(self) -> str:
        with speaking(self.language):
            return self._table()

    def _table(self) -> str:
        rows = [["", *say("difference.heads").split(", ")]]
        for change in self:
            share = f" ({change.share:.2%})" if math.isfinite(change.share) else ""
            moved = number(change.moved) + share
            shown = change.name, size(change.shape), number(change.before), moved
            rows.append([*shown, _gradients(change)])
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)


def _gradients(change: Change) -> str:
    before, after = change.gradient_before, change.gradient_after
    if before is None or after is None:
        return say("difference.none")
    both = f"{number(before)} → {number(after)}"
    return say("difference.times", both=both, times=after / before) if before else both


def difference(before: Graph, after: Graph) -> Difference:
    """What changed between two graphs of the same program."""
    for graph in (before, after):
        if not isinstance(graph, Graph):
            raise TypeError(
                "difference: expected two graphs, Graph.of(loss) of each step, got "
                f"{in_brief(graph)}"
            )
    pairs = list(zip(before.nodes, after.nodes, strict=False))
    for a, b in pairs:
        if (a.rule, np.shape(a.value)) != (b.rule, np.shape(b.value)):
            one, other = (
                f"{x.name} ({x.rule or x.role}, shape {np.shape(x.value)})" for x in (a, b)
            )
            raise ValueError(
                f"difference: two programs: {one} in the first is {other} in the second"
            )
    first, second = len(before.nodes), len(after.nodes)
    if first != second:
        raise ValueError(
            f"difference: two programs: the first has {first} values, the second {second}"
        )
    found = Difference(_change(a, b) for a, b in pairs if _shows(a))
    found.language = chosen()
    return found


def _shows(node: Node) -> bool:
    """Whether it has a name, given or by its layer, or stands outside of all layers."""
    known = node.named or node.linear or node.activation or not node.rule or not node.group
    return node.tracked and known and np.size(node.value) > 0


def _change(a: Node, b: Node) -> Change:
    gradients = (None if x.gradient is None else rms(x.gradient) for x in (a, b))
    moved = rms(np.subtract(b.value, a.value))
    return Change(a.name, np.shape(a.value), rms(a.value), moved, *gradients)
