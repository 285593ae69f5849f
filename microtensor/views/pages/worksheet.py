"""A worksheet: the graph with blanks to fill in by hand, and on pages of their own the key."""

from __future__ import annotations

import re

from ..scene import Card, Cell, Line, Scene, repeated
from ..words import say
from .data import Tale
from .document import fill, plain, title_of
from .svg import svg

BLANK, ENTRY = "_" * 8, "_" * 5
NUMBER = re.compile(r"[^\s\[\]]*\d[^\s\[\]]*|−?inf|nan")
SIZE = re.compile(r"\d+(?:×\d+)+")


def worksheet(tale: Tale, lesson: dict[str, str]) -> str:
    """The sheet as HTML, with a lesson's title and introduction.

    Where layers are cards, sizes are to be found, else the numbers: all, or values alone.
    """
    scene = repeated(tale.scene._replace(title=tale.scene.title[:1]))
    if tale.turns:  # for paper
        scene = scene._replace(direction="TB")
    steps = [(plain(x.title), " ".join((x.numbers or x.text, x.total))) for x in tale.steps]
    known = tale.result.gradient is not None
    asked = "sizes" if tale.by_layer else "numbers" if known else "values"
    parts = {
        "title": title_of(tale),
        "how": plain(say(f"sheet.{asked}")),
        "blanks": svg(_with_blanks(tale, scene), {}, ""),
        "tasks": "".join(f"<li>{title}</li>" for title, _ in steps),
        "key": svg(scene, tale.words(), ""),
        "answers": "".join(f"<li><b>{title}</b> {plain(said)}</li>" for title, said in steps),
    }
    return fill("sheet", {}, ["picture", "sheet"], ["sheet"], parts | lesson)


def _with_blanks(tale: Tale, scene: Scene) -> Scene:
    """A picture with blanks for all numbers (of layers, sizes), but of what is given."""
    given = {unit.id for unit in tale.found if not unit.computed}

    def sizeless(line: Line) -> Line:
        return tuple(cell._replace(text=SIZE.sub(BLANK, cell.text)) for cell in line)

    def row(card: Card, line: Line) -> Line:
        known, (first, *rest) = card.id in given, line
        if tale.by_layer:
            return line if known else sizeless(line)
        return first, *(x if known and x.style.startswith("forward") else _blank(x) for x in rest)

    return scene.rewritten(row, sizeless if tale.by_layer else _blank_line)


def _blank(cell: Cell) -> Cell:
    """A cell with a blank for every number; of a histogram, nothing."""
    if cell.style.endswith("bars"):
        return cell._replace(text=" " * len(cell.text))
    blank = ENTRY if "[" in cell.text else BLANK
    return cell._replace(text=NUMBER.sub(blank, cell.text), heat=None)


def _blank_line(line: Line) -> Line:
    """A line on an arrow, whose local derivative, or what it sends back, is to be found."""
    first, *rest = line
    if first.style == "plain":  # a local derivative
        return (first._replace(text=f"{first.text.partition(' = ')[0]} = {BLANK}"), *rest)
    if not first.text.startswith("◂"):
        return line
    if any(cell.style == "backward" for cell in rest):  # upstream × local = a number
        return (first._replace(text=f"◂ {BLANK} × {BLANK} ="), *map(_blank, rest))
    return (first._replace(text=f"◂ {BLANK}"), *rest)
