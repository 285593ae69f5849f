"""What a graph can become. Each view reads `Graph`, and nothing else of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..graph import Graph
from ..tensor import Tensor

if TYPE_CHECKING:
    from .picture import Picture


def draw(
    result: Tensor,
    names: Mapping[str, Any] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    theme: str = "light",
    direction: str | None = None,
    gradient: Any = None,
) -> Picture:
    """The graph behind a result as a picture: a `graphviz.Digraph`, shown inline in notebooks.

    `names=vars()` calls values as your variables are called. `collapse` says which groups
    (modules) are one card: "auto", False (none: every operation is shown), a depth, or names;
    `expand` names groups to open all the same. `theme` is "light" or "dark", `direction` "LR",
    "TB", "RL" or "BT". `gradient` is what arrives at a result that isn't a single number.

    `.save("graph.svg")` (or .png, .pdf, .dot, .mmd, .txt) writes it. Rendering needs Graphviz:
    its `dot` program, or the pygraphviz package, which brings it along; .dot, .mmd and .txt need
    neither.
    """
    from .picture import picture

    return picture(Graph.of(result, names, gradient), collapse, expand, theme, direction)
