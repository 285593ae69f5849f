"""What a graph can become. Each view reads `Graph`, and nothing else of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph import Graph
from ..tensor import Tensor

if TYPE_CHECKING:
    from .picture import Picture


def draw(result: Tensor) -> Picture:
    """The graph behind a result as a picture: a `graphviz.Digraph`, shown inline in notebooks.

    `.save("graph.svg")` (or .png, .pdf, .dot) writes it. Rendering needs Graphviz: its `dot`
    program, or the pygraphviz package, which brings it along; .dot needs neither.
    """
    from .picture import picture

    return picture(Graph.of(result))
