"""A worksheet: the graph with blanks to fill in by hand, and on pages of their own the key."""

from __future__ import annotations

import re

from ..scene import Arrow, Card, Cell, Line, Scene, repeated
from ..words import say
from .data import Tale
from .document import fill, plain, title_of
from .svg import svg

BLANK, ENTRY = "_" * 8, "_" * 5
NUMBER = re.compile(r"[^\s\[\]]*\d[^\s\[\]]*|−?inf|nan")
SIZE = re.compile(r"\d+(?:×\d+)+")


def worksheet(tale: Tale, lesson: dict[str, str]) -> str:
    """The sheet as HTML, with a lesson's title and introduction.

    Where layers are cards, sizes are to be found, else the numbers.
    """
    scene = repeated(tale.scene._replace(title=tale.scene.title[:1]))
    if tale.turns:  # for paper
        scene = scene._replace(direction="TB")
    given = {unit.id for unit in tale.found if not unit.computed}
    steps = [(plain(x.title), " ".join((x.numbers or x.text, x.total))) for x in tale.steps]
    parts = {
        "title": title_of(tale),
        "how": plain(say("sheet.sizes" if tale.by_layer else "sheet.numbers")),
        "blanks": svg(_sizeless(scene, given) if tale.by_layer else _blanks(scene, given), {}, ""),
        "tasks": "".join(f"<li>{title}</li>" for title, _ in steps),
        "key": svg(scene, tale.words(), ""),
        "answers": "".join(f"<li><b>{title}</b> {plain(said)}</li>" for title, said in steps),
    }
    return fill("sheet", {}, ["picture", "sheet"], ["sheet"], parts | lesson)


def _sizeless(scene: Scene, given: set[str]) -> Scene:
    """A picture of layers with blanks for the sizes of all that is computed."""

    def blank(line: Line) -> Line:
        return tuple(cell._replace(text=SIZE.sub(BLANK, cell.text)) for cell in line)

    cards = (
        c if c.id in given else c._replace(rows=tuple(map(blank, c.rows))) for c in scene.cards
    )
    arrows = (arrow._replace(lines=tuple(map(blank, arrow.lines))) for arrow in scene.arrows)
    return scene._replace(cards=tuple(cards), arrows=tuple(arrows))


def _blanks(scene: Scene, given: set[str]) -> Scene:
    """A picture with blanks for all numbers but the values that are given."""
    cards = tuple(_blank_card(card, card.id in given) for card in scene.cards)
    return scene._replace(cards=cards, arrows=tuple(map(_blank_arrow, scene.arrows)))


def _blank(cell: Cell) -> Cell:
    """A cell with a blank for every number; of a histogram, nothing."""
    if cell.style.endswith("bars"):
        return cell._replace(text=" " * len(cell.text))
    blank = ENTRY if "[" in cell.text else BLANK
    return cell._replace(text=NUMBER.sub(blank, cell.text), heat=None)


def _blank_card(card: Card, given: bool) -> Card:
    def blank(cell: Cell) -> Cell:
        return cell if given and cell.style.startswith("forward") else _blank(cell)

    return card._replace(rows=tuple((row[0], *map(blank, row[1:])) for row in card.rows))


def _blank_arrow(arrow: Arrow) -> Arrow:
    """An arrow whose local derivative, and what it sends back, are to be found."""
    return arrow._replace(lines=tuple(map(_blank_line, arrow.lines)))


def _blank_line(line: Line) -> Line:
    first, *rest = line
    if first.style == "plain":  # a local derivative
        return (first._replace(text=f"{first.text.partition(' = ')[0]} = {BLANK}"), *rest)
    if not first.text.startswith("◂"):
        return line
    if any(cell.style == "backward" for cell in rest):  # upstream × local = a number
        return (first._replace(text=f"◂ {BLANK} × {BLANK} ="), *map(_blank, rest))
    return (first._replace(text=f"◂ {BLANK}"), *rest)
