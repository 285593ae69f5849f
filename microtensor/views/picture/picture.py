"""A graph as a scene, and that as a picture which saves and shows itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import graphviz

from ...errors import NoRenderer, check_one_of, in_brief
from ...graph import Graph
from .. import inline
from ..dot import THEMES, write
from ..languages import chosen
from ..layers import Collapse, units
from ..rendering import is_picture, render
from ..scene import Arrow, Card, Cell, Line, Scene, fitted, repeated, size
from ..units import SCREEN, Unit, are_values, between, scale
from ..words import say, why_none
from . import cards, network
from .plain import mermaid, text

DIRECTIONS = ("LR", "TB", "RL", "BT")
SOURCES = (".dot", ".mmd", ".txt")
NOTEBOOK, LEAST_NARROW = (750, 600), 0.6  # a cell of 1000 pixels, where letters stay so large
LEAST_WHOLE = 0.35  # what would be smaller is as large as it is, and scrolled
RENDERED = (".svg", ".png", ".pdf")


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that finds its renderer: the dot program, or pygraphviz."""

    scene: Scene
    language: str | None = None  # of its words

    def save(self, filename: Any = None, directory: Any = None, **options: Any) -> str:
        """Writes the picture in the format of the ending: .svg, .png, .pdf, .dot, .mmd or .txt.

        Without one of these endings it is the DOT source, as in graphviz. Where nothing can draw,
        the source is written beside it, and `NoRenderer` says where.
        """
        if filename is not None and not (isinstance(filename, str | os.PathLike) and filename):
            raise TypeError(
                f"save: a file such as 'graph.svg' is expected, got {in_brief(filename)}"
            )
        path = Path(directory or "", self.filename if filename is None else filename)
        if filename is None or path.suffix in ("", ".gv"):
            return str(super().save(filename, directory=directory, **options))
        kind = ending(path)
        plain = {".dot": lambda _: self.source, ".mmd": mermaid, ".txt": text}
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            data = plain[kind](self.scene).encode() if kind in plain else self.pipe(kind[1:])
        except NoRenderer as error:
            source = self.save(path.with_suffix(".dot"))
            raise NoRenderer(f"{error}; the picture's source is in {source}") from None
        path.write_bytes(data)
        return str(path)

    def pipe(self, format: str | None = None, *arguments: Any, **options: Any) -> Any:
        """The picture as bytes, or as text where an encoding is given."""
        plain = {"encoding", "quiet"}
        if arguments or any(value for key, value in options.items() if key not in plain):
            return super().pipe(format, *arguments, **options)
        data = render(self.source, format or self.format, self.language)
        encoding = options.get("encoding")
        return data.decode(encoding) if encoding else data

    def render(self, filename: Any = None, directory: Any = None, **options: Any) -> str:
        """As graphviz has it: the source in a file, the picture beside it. Returns its path."""
        try:
            quiet = {"quiet": True} | options
            path = str(super().render(filename, directory=directory, **quiet))
            if is_picture(Path(path).read_bytes(), options.get("format") or self.format):
                return path
        except (graphviz.ExecutableNotFound, graphviz.CalledProcessError, OSError):
            pass  # by pygraphviz, then
        format = options.get("format") or self.format
        source = super().save(filename, directory=directory)
        path = str(options.get("outfile") or f"{source}.{format}")
        Path(path).write_bytes(render(self.source, format, self.language))
        if options.get("cleanup"):
            os.remove(source)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        """What a notebook shows: the picture, or where it can't be drawn, why, and the text."""
        try:
            svg = self.pipe("svg")
            with suppress(NoRenderer):  # there are programs without PNG
                return inline.picture(svg, self.pipe("png"), text(self.scene))
            return inline.picture(svg, b"", text(self.scene))
        except Exception as error:
            return {"text/plain": f"{error}\n\n{text(self.scene)}"}


def ending(path: str | Path) -> str:
    """The ending of a picture's file, which says its format."""
    found = Path(path).suffix.lower()
    if found not in RENDERED + SOURCES:
        known = ", ".join(RENDERED + SOURCES)
        raise ValueError(f"save: {in_brief(Path(path).name)} ends in none of {known}")
    return found


def picture(
    graph: Graph,
    collapse: Collapse = "auto",
    expand: str | Iterable[str] = (),
    theme: str = "light",
    direction: str | None = None,
    failed: tuple[str, ...] = (),
) -> Picture:
    """A card for each value or group, an arrow for each operand, a frame for each open group.

    `failed` says why there is no result; where it isn't there is open.
    """
    check_one_of("draw: theme", theme, THEMES)
    drawing = Picture("graph")
    drawing.language = chosen()
    if failed and graph.result.group:
        around = [expand] if isinstance(expand, str) else expand
        expand = [*around, ".".join(graph.result.group)]
    found = units(graph, collapse, expand)
    made = repeated(scene(graph, found, direction, "draw", failed))
    drawing.scene = made if direction else fitted(made)
    write(drawing.scene, THEMES[theme], drawing)
    about = size(drawing.scene)
    room = NOTEBOOK if scale(about, NOTEBOOK) >= LEAST_NARROW else SCREEN
    if scale(about, room) >= LEAST_WHOLE:
        drawing.attr(size=",".join(f"{points / 72:.4g}" for points in room))
    return drawing


def scene(
    graph: Graph,
    found: list[Unit],
    direction: str | None,
    who: str = "draw",
    failed: tuple[str, ...] = (),
) -> Scene:
    """The units as cards: left to right where all are values without groups, else downwards."""
    if direction is not None:
        check_one_of(f"{who}: direction", direction, DIRECTIONS)
    result, layers = graph.result, network.Layers(graph, found)
    makers: dict[str, Callable[[Unit], Card]] = {
        "node": lambda unit: cards.card(graph, unit.nodes[0], failed),
        "group": layers.card,
        "fold": lambda unit: network.fold(graph, unit),
    }
    arrows = list(_arrows(graph, found, layers))
    until = {node.id for unit in found if unit.rounds for node in unit.nodes}
    written = f"{result.name} = {graph.written(result.id, until)}" if result.rule else result.name
    made = {unit.id: makers[unit.kind](unit) for unit in found}
    own = next(unit for unit in found if unit.id == layers.home[result.id])
    if own.kind == "fold":
        written = " ".join(cell.text for cell in made[own.id].heading[:2])
    legend = layers.legend()
    if result.gradient is None and result.tracked:
        none = Cell(f"{say('picture.none')}:", "backward label")
        legend.append((none, Cell(why_none(result), "quiet")))
    if result.gradient is not None and graph.differentiated != result.name:
        given = say("picture.given", name=result.name, of=graph.differentiated)
        legend.append((Cell(given, "backward label"),))
    if failed:
        title: Line = (Cell(say("failed", name=result.rule), "name"),)
        legend.append((Cell(failed[0], "backward label"),))
    else:
        title = layers.title(written) or (Cell(written, "name"),)
    way = direction or ("LR" if are_values(found) else "TB")
    return Scene(title, tuple(legend), tuple(made.values()), tuple(arrows), way)


def _arrows(graph: Graph, found: list[Unit], layers: network.Layers) -> Iterator[Arrow]:
    """What leads from card to card; what goes past a part of a card is an arrow of its own."""
    values = {unit.id for unit in found if unit.kind == "node"}
    skipping = {(x.edge.target, x.edge.slot) for x in layers.skips if not x.inside}
    for ends, edges in between(graph, found).items():
        if values.issuperset(ends):
            yield from (cards.arrow(graph, edge) for edge in edges)
            continue
        past = [edge for edge in edges if (edge.target, edge.slot) in skipping]
        others = [edge for edge in edges if (edge.target, edge.slot) not in skipping]
        if others:
            yield network.arrow(graph, ends, others)
        if past:
            yield network.arrow(graph, ends, past, say("picture.skips", len(past)))
    for unit in layers.groups.values():
        yield from network.around(layers, unit)
