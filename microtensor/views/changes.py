"""Two graphs of the same program, such as two training steps: what changed, and by how much."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import in_brief
from ..graph import Graph, Node
from .inline import Bundle, table
from .languages import chosen, speaking
from .numbers import number, rms, size
from .words import say


class Change(NamedTuple):
    """How a value differs between two graphs.

    `before` and `after` are the value of a single number, with its sign, and the root mean square
    of an array; so are the gradients, which are None where a graph has none. `moved` is the root
    mean square of how far the entries moved.
    """

    name: str
    shape: tuple[int, ...]
    before: float
    after: float
    moved: float
    gradient_before: float | None
    gradient_after: float | None

    @property
    def change(self) -> float:
        """What was added, with its sign."""
        return self.after - self.before

    @property
    def share(self) -> float:
        """The move as a share of the value at first; inf from 0."""
        if self.moved == 0:
            return 0.0
        return self.moved / abs(self.before) if self.before else math.inf


class Difference(tuple[Change, ...]):
    """Every value with a gradient that a picture shows, oldest first; as text, a table."""

    language: str | None = None  # of the text

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        lines = ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        return table(self._rows(), str(self))

    def _rows(self) -> list[list[str]]:
        with speaking(self.language):
            return [["", *say("difference.heads").split(", ")], *map(_row, self)]


def _row(x: Change) -> list[str]:
    moved = number(x.moved) + (f" ({_percent(x.share)})" if math.isfinite(x.share) else "")
    change, share = _signed(x.before, x.after)
    change += f" ({share})" if share else ""
    gradient = say("difference.none")
    if x.gradient_before is not None and x.gradient_after is not None:
        ends = x.gradient_before, x.gradient_after
        added, part = _signed(*ends)
        gradient = f"{_arrow(*ends)} ({part or added})"
    return [x.name, size(x.shape), _arrow(x.before, x.after), change, moved, gradient]


def _arrow(before: float, after: float) -> str:
    return f"{number(before)} → {number(after)}"


def _signed(before: float, after: float) -> tuple[str, str]:
    """`+0.25` and `+12.5 %`; from 0 there is no share."""
    change = after - before
    plus = "+" if change > 0 else ""
    share = change / abs(before) if before else math.inf
    known = change and math.isfinite(share)
    return f"{plus}{number(change)}", f"{plus}{_percent(share)}" if known else ""


def _percent(share: float) -> str:
    return f"{number(100 * share)} %"


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
    before, after = (_size(x.value) for x in (a, b))
    moved = rms(np.subtract(b.value, a.value))
    gradients = [None if x.gradient is None else _size(x.gradient) for x in (a, b)]
    return Change(a.name, np.shape(a.value), before, after, moved, *gradients)


def _size(value: Any) -> float:
    return float(np.asarray(value).item()) if np.size(value) == 1 else rms(value)
