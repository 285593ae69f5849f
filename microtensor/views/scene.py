"""What a picture shows, as plain data: cards of cells, arrows, frames. Every format writes this."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .units import extent, scale
from .words import say

MOST_READERS = 12  # of a card, by arrows from it alone
READ = 0.66  # letters so much smaller are read as easily as large ones
LEAST_SEEN = 0.42  # whoever reads smaller letters goes nearer; sizes are taken too large by 10 %
LONGEST = 80  # letters of a text; what is longer is cut
FLAT = 64  # letters on an arrow that stand in one line where there is little room


class Cell(NamedTuple):
    """A text in a card. `style` says what it is.

    `plain`, a `name`, `quiet` (beside the point), a `note`, a number `forward` or `backward`, its
    `forward label` or `backward label`, or a histogram in block characters, `forward bars` and
    `backward bars`. Numbers can have several lines: the rows of a matrix. `heat` is how dark a
    gradient's cell is, from 0 to 1; `span` how many columns it takes. A `hidden` text keeps its
    place.
    """

    text: str
    style: str = "plain"
    heat: float | None = None
    span: int = 1
    hidden: bool = False

    @property
    def lines(self) -> list[str]:
        """Its text, line by line; where columns stand below each other, spaces are hard."""
        several = "\n" in self.text or self.style.endswith("bars")
        return self.text.replace(" ", "\xa0").split("\n") if several else [self.text]

    @property
    def is_number(self) -> bool:
        """Whether it is one number (or nan), not words or a matrix."""
        return self.style in ("forward", "backward") and "\n" not in self.text


Line = tuple[Cell, ...]


class Card(NamedTuple):
    """A box: a heading of several texts, and rows of cells. `role` decides its colour.

    `way` is "forward" or "backward" where it is marked so; `least` is how wide it is at least.
    `shows` are the ids of the values whose numbers stand in a card of several, row by row.
    """

    id: str
    heading: Line
    role: str
    rows: tuple[Line, ...]
    frame: tuple[str, ...] = ()
    way: str = ""
    least: float = 0
    shows: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is, for those who hear it."""
        return ", ".join(cell.text for cell in self.heading if cell.text.strip())


class Arrow(NamedTuple):
    """From card to card: forward always, and `backward` where a gradient returns.

    `way` is "forward" or "backward" where it is marked so; of `pale` ones, that isn't drawn yet.
    `sends` are the keys of what returns: of its edge, or of those of each sum that stands on it.
    """

    source: str
    target: str
    backward: bool
    lines: tuple[Line, ...] = ()
    way: str = ""
    pale: tuple[str, ...] = ()
    sends: str | list[list[str]] = ""


def inside(cards: Iterable[Card], depth: int) -> tuple[list[Card], dict[str, list[Card]]]:
    """The cards of a frame at a depth, and those in each frame inside of it."""
    inner: dict[str, list[Card]] = {}
    own: list[Card] = []
    for card in cards:
        place = inner.setdefault(card.frame[depth], []) if len(card.frame) > depth else own
        place.append(card)
    return own, inner


class Scene(NamedTuple):
    """A whole picture. `legend` are the lines below the title."""

    title: Line
    legend: tuple[Line, ...]
    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]
    direction: str
    least: float = 0  # the width of title and legend, at least

    def rewritten(self, row: Callable[[Card, Line], Line], line: Callable[[Line], Line]) -> Scene:
        """The scene with each row of a card, and each line on an arrow, as these write it."""
        cards = (c._replace(rows=tuple(row(c, x) for x in c.rows)) for c in self.cards)
        arrows = (arrow._replace(lines=tuple(map(line, arrow.lines))) for arrow in self.arrows)
        return self._replace(cards=tuple(cards), arrows=tuple(arrows))


def fitted(scene: Scene) -> Scene:
    """The scene so that it is seen at once and can be read, if there is such a way to draw it.

    One that goes from left to right may turn downwards; where that is still too high, what
    stands in two rows of a card or an arrow stands in one. Else it is left as it is.
    """
    ways = [scene] if scene.direction == "LR" else []
    ways += [x._replace(direction="TB") for x in (scene, _flat(scene, 0), _flat(scene, FLAT))]
    seen = [min(scale(size(way)), READ) for way in ways]
    return ways[seen.index(max(seen)) if max(seen) >= LEAST_SEEN else 0]


def _flat(scene: Scene, longest: int) -> Scene:
    """The scene with value and gradient beside each other, and words on arrows up to a length."""
    cards = []
    for card in scene.cards:
        rows = card.rows
        if len(rows) > 1 and rows[0][0].style == "forward label" and len(rows[0]) < 4:
            rows = ((*rows[0], *rows[1]), *rows[2:])
        cards.append(card._replace(rows=rows))
    arrows = []
    for arrow in scene.arrows:
        cells = [cell for line in arrow.lines for cell in line]
        room = longest if arrow.source != arrow.target else 0  # what goes round has room beside it
        if all("\n" not in x.text for x in cells) and sum(len(x.text) for x in cells) <= room:
            arrow = arrow._replace(lines=(tuple(cells),))
        arrows.append(arrow)
    return scene._replace(cards=tuple(cards), arrows=tuple(arrows))


def size(scene: Scene) -> tuple[float, float]:
    """About how wide and high a scene is drawn, in points."""
    cards = {card.id: _room([card.heading, *card.rows], 7.2, 20.0, 12.0) for card in scene.cards}
    gaps: dict[tuple[str, str], tuple[float, float]] = {}
    for arrow in scene.arrows:
        ends = arrow.source, arrow.target
        wide, high = _room(arrow.lines, 6.3, 16.0, 0.0)
        before = gaps.get(ends, (0.0, 0.0))
        gaps[ends] = max(before[0], wide), max(before[1], high)
    return extent(cards, gaps, scene.direction in ("TB", "BT"))


def _room(rows: Iterable[Line], letter: float, line: float, edge: float) -> tuple[float, float]:
    """What texts in rows take."""
    wide = high = 0.0
    for row in rows:
        texts = [cell.lines for cell in row if cell.text]
        wide = max(wide, sum(letter * min(LONGEST, max(map(len, lines))) + 6 for lines in texts))
        high += line * (0.7 * max(map(len, texts), default=1) + 0.3)
    return wide + edge, high + edge


def repeated(scene: Scene) -> Scene:
    """What many cards read stands beside each of them again, by name alone.

    A weight that a hundred steps share would otherwise tangle them all. `n1_3` is n1 again.
    """
    by_id = {card.id: card for card in scene.cards}
    beside: dict[str, dict[str, str]] = {}  # of each card: reader -> the card beside it
    for arrow in scene.arrows:
        readers = beside.setdefault(arrow.source, {})
        again = f"{arrow.source}_{len(readers)}" if readers else arrow.source
        readers.setdefault(arrow.target, again)
    many = {card: readers for card, readers in beside.items() if len(readers) > MOST_READERS}
    mark = Cell(say("picture.again"), "quiet")
    cards = [
        Card(again, (by_id[card].heading[0], mark), by_id[card].role, (), by_id[reader].frame)
        for card, readers in many.items()
        for reader, again in readers.items()
        if again != card
    ]
    arrows = [
        a._replace(source=many.get(a.source, {}).get(a.target, a.source)) for a in scene.arrows
    ]
    return scene._replace(cards=(*scene.cards, *cards), arrows=tuple(arrows))
