"""What a picture shows, as plain data: cards of cells, arrows, frames. Every format writes this."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """A text in a card. `style` says what it is: see STYLES.

    Numbers, `forward` and `backward`, can have several lines: the rows of a matrix. `heat` is how
    dark a gradient's cell is, from 0 to 1; `span` how many columns it takes.
    """

    text: str
    style: str = "plain"
    heat: float | None = None
    span: int = 1


# quiet: beside the point; label: what a row is; bars: a histogram in block characters
STYLES = (
    "plain",
    "name",
    "quiet",
    "note",
    "forward",
    "forward label",
    "forward bars",
    "backward",
    "backward label",
    "backward bars",
)


class Card(NamedTuple):
    """A box: a heading of several texts, and rows of cells. `role` decides its colour."""

    id: str
    heading: tuple[Cell, ...]
    role: str
    rows: tuple[tuple[Cell, ...], ...]
    frame: tuple[str, ...] = ()


class Arrow(NamedTuple):
    """From card to card: forward always, and `backward` where a gradient returns."""

    source: str
    target: str
    backward: bool
    lines: tuple[tuple[Cell, ...], ...] = ()


class Scene(NamedTuple):
    """A whole picture. `legend` are the lines below the title."""

    title: tuple[Cell, ...]
    legend: tuple[tuple[Cell, ...], ...]
    cards: tuple[Card, ...]
    arrows: tuple[Arrow, ...]
    direction: str
