"""The graph as a picture, which Graphviz draws."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import graphviz
import numpy as np

from ..errors import NoRenderer
from ..graph import Graph, Node

MOST_NODES = 2000
LONGEST_TEXT = 40
# fill and line; the role is also written in the box
COLOURS = {
    "parameter": ("#e2f1ea", "#0a7d57"),
    "input": ("#fff3d6", "#a87900"),
    "constant": ("#ffffff", "#6b7480"),
    "intermediate": ("#f6f8fa", "#6b7480"),
    "output": ("#f3e3ed", "#9a4d88"),
}
FORWARD = "#0072b2"
FORMATS = (".svg", ".png", ".pdf", ".dot")


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that finds its renderer: the dot program, or pygraphviz."""

    def save(self, filename: str | os.PathLike[str], directory: Any = None) -> str:
        """Writes the picture in the format that the ending names: .svg, .png, .pdf or .dot."""
        path = Path(directory or "", filename)
        if path.suffix not in FORMATS:
            raise ValueError(f"save: {path.name!r} ends in none of {', '.join(FORMATS)}")
        data = self.source.encode() if path.suffix == ".dot" else self.pipe(path.suffix[1:])
        path.write_bytes(data)
        return str(path)

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text where an encoding is given."""
        if options.get("renderer") or options.get("formatter") or options.get("engine"):
            return super().pipe(format, **options)
        data = rendered(self.source, format or self.format)
        encoding = options.get("encoding")
        return data.decode(encoding) if encoding else data


def rendered(source: str, format: str) -> bytes:
    """DOT source as a picture, by the dot program or by pygraphviz (2 or newer)."""
    if shutil.which("dot"):
        done = subprocess.run(
            ["dot", f"-T{format}"], input=source.encode(), capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"dot: {' '.join(done.stderr.decode(errors='replace').split())}")
        return done.stdout
    try:
        import pygraphviz
    except ImportError:
        raise NoRenderer(
            "drawing needs Graphviz: install its program (apt install graphviz, brew install "
            "graphviz) or pip install 'pygraphviz>=2'; .save('graph.dot') needs neither"
        ) from None
    data: bytes = pygraphviz.AGraph(string=source).draw(format=format, prog="dot")
    return data


def picture(graph: Graph) -> Picture:
    """A box for each value, an arrow for each operand, a frame for each group."""
    if len(graph.nodes) > MOST_NODES:
        raise ValueError(
            f"draw: {len(graph.nodes):,} values are more than a picture can show "
            f"({MOST_NODES:,}); draw one of the intermediate results"
        )
    drawing = Picture(
        "graph",
        graph_attr={"rankdir": "LR", "fontname": "Helvetica", "bgcolor": "transparent"},
        node_attr={"shape": "box", "style": "filled", "fontname": "Helvetica", "fontsize": "11"},
        edge_attr={"color": FORWARD, "fontname": "Helvetica", "fontsize": "9"},
    )
    _frame(drawing, graph.nodes, 0)
    operands = {edge.target: 0 for edge in graph.edges}
    for edge in graph.edges:
        operands[edge.target] += 1
    for edge in graph.edges:
        label = str(edge.slot + 1) if operands[edge.target] > 1 else ""
        drawing.edge(edge.source, edge.target, headlabel=label)
    return drawing


def _frame(drawing: graphviz.Digraph, nodes: tuple[Node, ...], depth: int) -> None:
    """Draws nodes whose groups agree up to `depth`, and a frame for each group inside."""
    inner: dict[str, list[Node]] = {}
    for node in nodes:
        if len(node.group) > depth:
            inner.setdefault(node.group[depth], []).append(node)
        else:
            fill, line = COLOURS[node.role]
            drawing.node(node.id, _label(node), fillcolor=fill, color=line)
    for name, members in inner.items():
        with drawing.subgraph(name=f"cluster_{members[0].id}_{depth}") as frame:
            frame.attr(label=_text(name), color="#b4bcc6", fontcolor="#57606a", style="rounded")
            _frame(frame, tuple(members), depth + 1)


def _label(node: Node) -> Any:
    """Name or operation; shape, or the number itself; the role, where it isn't plain."""
    array = np.asarray(node.value)
    head = " = ".join(_text(part) for part in (node.name, node.expression) if part)
    number = f"{array.item():.4g}" if array.size == 1 else " x ".join(map(str, array.shape))
    role = "" if node.role == "intermediate" else node.role
    return graphviz.nohtml("\\n".join(line for line in (head, number, role) if line))


def _text(text: str) -> Any:
    """A text from outside, as Graphviz shows it literally, on one line."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    if len(line) > LONGEST_TEXT:
        line = line[:LONGEST_TEXT] + "..."
    return graphviz.escape(line.replace("&", "&amp;"))  # Graphviz reads entities everywhere
