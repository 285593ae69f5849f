"""A scene in Graphviz's language: flat HTML-like tables, in the colours of a theme."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..lexicon import cut
from .scene import LONGEST, Arrow, Card, Cell, Scene, inside

STRONG = 5  # from this shade of heat on, the page's colour is easier to read than the text's
MANY = 300  # cards; above that, Graphviz looks less long for the best places
# Without nslimit, Graphviz looks for minutes for the best places around what a hundred others read
WHOLE = {"labelloc": "t", "nodesep": "0.35", "nslimit": "10", "pad": "0.2"}
FRAME = {"style": "rounded,dashed", "labeljust": "l", "fontsize": "12", "margin": "12"}
QUICKLY = {"nslimit": "0.1", "nslimit1": "0.1", "mclimit": "0.05"}
FONT = "DejaVu Sans,Verdana,Geneva,sans-serif"  # all three are as wide
PALE, UNSEEN = "30", "01"  # how much of a colour is seen, to ff; for SVGs 00 is all of it
SPACE, WIDE = "\xa0", "\xa0\xa0 "
MONO = "DejaVu Sans Mono,Menlo,Consolas,monospace"


class Theme(NamedTuple):
    """The colours of a picture. `fills` has (fill, line) by role, `heat` pale to dark."""

    page: str
    text: str
    quiet: str
    forward: str
    backward: str
    frame: str
    fills: dict[str, tuple[str, str]]
    heat: tuple[str, ...]

    @property
    def named(self) -> dict[str, str]:
        """Every colour by its name, which a page's CSS variable has."""
        found = {name: getattr(self, name) for name in self._fields[:6]}
        for role, (fill, line) in self.fills.items():
            found |= {f"{role}-fill": fill, f"{role}-line": line}
        return found | {f"heat-{i}": colour for i, colour in enumerate(self.heat)}


# fmt: off
THEMES = {
    "light": Theme(
        page="#ffffff", text="#1a1f24", quiet="#57606a", forward="#0072b2", backward="#a03d00",
        frame="#8c959f",
        fills={
            "parameter": ("#eaf5f0", "#0a7d57"), "input": ("#fff8e6", "#8f6700"),
            "constant": ("#ffffff", "#6b7480"), "intermediate": ("#f6f8fa", "#8590a0"),
            "output": ("#faf0f6", "#9a4d88"), "layer": ("#f6f8fa", "#8590a0"),
            "fold": ("#eef1f5", "#57606a"),
        },
        heat=("#ffffff", "#fff1e5", "#ffe0c7", "#ffcba0", "#fdb478", "#b84d08", "#9a3f03",
              "#7a3000"),
    ),
    "dark": Theme(
        page="#0d1117", text="#e6edf3", quiet="#9aa4af", forward="#56b4e9", backward="#ff9e57",
        frame="#6e7681",
        fills={
            "parameter": ("#10241d", "#3fb68b"), "input": ("#272008", "#c9a227"),
            "constant": ("#0d1117", "#8b949e"), "intermediate": ("#161b22", "#6e7681"),
            "output": ("#281a26", "#c77fb5"), "layer": ("#161b22", "#6e7681"),
            "fold": ("#1f2630", "#8b949e"),
        },
        heat=("#0d1117", "#24170d", "#3d2210", "#5a2f10", "#7a3d10", "#ff9e57", "#ffb987",
              "#ffd9bd"),
    ),
}
# fmt: on


def escaped(text: str, longest: int = LONGEST) -> str:
    """A text as Graphviz shows it literally: cut where it is long, nothing special left."""
    line = "".join(SPECIAL.get(c, c) for c in cut(text, longest)) or SPACE  # none between tags
    return line.replace("]", "&#93;") if line.startswith("]") else line  # ] alone is an error there


# A backslash begins an escape, \N the node's own name, in HTML-like labels too; two are one
SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\\": "&#92;&#92;"}


def shade(theme: Theme, heat: float) -> tuple[str, str]:
    """The fill of a gradient's cell and the text on it: on the strong ones the page's colour."""
    place = max(0, math.ceil(heat * len(theme.heat)) - 1)
    return theme.heat[place], theme.page if place >= STRONG else theme.text


def write(scene: Scene, theme: Theme, drawing: Any) -> None:
    """Puts a scene into a `graphviz.Digraph`."""
    upright = scene.direction in ("TB", "BT")
    letters = {"fontname": FONT, "fontcolor": theme.text}
    apart = "0.3" if upright else "0.15"  # words on level arrows keep cards apart as it is
    looks = {"rankdir": scene.direction, "bgcolor": theme.page, "ranksep": apart, **WHOLE}
    looks |= QUICKLY if len(scene.cards) > MANY else {}
    drawing.attr(label=_heading(scene, theme), **looks, **letters)
    drawing.attr("node", shape="plain", fontsize="12", **letters)
    drawing.attr("edge", fontsize="11", **letters)
    _frame(drawing, scene.cards, 0, theme, iter(range(10**9)).__next__)
    for arrow in scene.arrows:
        drawing.edge(arrow.source, arrow.target, **_arrow(arrow, theme, upright))


def _heading(scene: Scene, theme: Theme) -> str:
    title = WIDE.join(_text(cell, theme, 18) for cell in scene.title)
    rows = [f"<TR><TD{_width(scene.least)}>{title}</TD></TR>"]
    for line in scene.legend:
        said = (_text(c, theme, 11, 200) for c in line)
        rows.append(f"<TR><TD>{WIDE.join(said)}</TD></TR>")
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2">{"".join(rows)}</TABLE>>'


def _frame(
    drawing: Any, cards: Iterable[Card], depth: int, theme: Theme, number: Callable[[], int]
) -> None:
    """Cards whose frames agree up to `depth`, and a frame for each group inside."""
    own, inner = inside(cards, depth)
    for card in own:
        drawing.node(card.id, _card(card, theme))
    for name, members in inner.items():
        with drawing.subgraph(name=f"cluster_{number()}") as frame:
            label = f'<<FONT COLOR="{theme.quiet}">{escaped(name)}</FONT>>'
            frame.attr(label=label, color=theme.frame, **FRAME)
            _frame(frame, members, depth + 1, theme, number)


def _card(card: Card, theme: Theme) -> str:
    fill, line = theme.fills[card.role]
    line = getattr(theme, card.way) if card.way else line
    columns = max([sum(cell.span for cell in row) for row in card.rows], default=1)
    heading = "".join(
        (" " if cell.text.startswith("=") else f"{SPACE} " if i else "") + _text(cell, theme, 13)
        for i, cell in enumerate(card.heading)
    )
    above = 'CELLPADDING="5"'
    if card.rows:
        above = f'COLSPAN="{columns}" CELLPADDING="6" BORDER="1" SIDES="B"'
    rows = [f"<TR><TD {above}{_width(card.least)}>{heading}</TD></TR>"]
    for row in card.rows:
        span = columns - sum(cell.span for cell in row[:-1])
        cells = [*row[:-1], row[-1]._replace(span=span)]
        rows.append("<TR>" + "".join(_td(cell, theme) for cell in cells) + "</TR>")
    padding = 3 if len(card.rows) < 4 else 1
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}" '
        f'STYLE="ROUNDED" '
        f'COLOR="{line}" BGCOLOR="{fill}">{"".join(rows)}</TABLE>>'
    )


def _width(least: float) -> str:
    return f' WIDTH="{least - 2:.0f}"' if least else ""  # without its borders


def _td(cell: Cell, theme: Theme) -> str:
    """A cell of a card: numbers to the right, words to the left."""
    attributes = f' COLSPAN="{cell.span}"' if cell.span > 1 else ""
    words = cell.style not in ("forward", "backward")
    attributes += ' ALIGN="LEFT"' if words or "\n" in cell.text else ' ALIGN="RIGHT"'
    if cell.heat is not None:
        attributes += f' BGCOLOR="{shade(theme, cell.heat)[0]}"'
    aside = 2 * SPACE if words else ""  # a browser's letters can be wider than Graphviz's
    return f"<TD{attributes}>{_text(cell, theme)}{aside}</TD>"


def _text(cell: Cell, theme: Theme, size: int = 0, longest: int = LONGEST) -> str:
    """A cell's text in its colour and weight; several lines in letters of one width."""
    text, style = cell.text, cell.style
    if not text:
        return " "
    colours = {"forward": theme.forward, "backward": theme.backward, "quiet": theme.quiet}
    colour = colours.get(style.split()[0])
    if cell.heat is not None:
        colour = shade(theme, cell.heat)[1]
    colour = f"{theme.page}{UNSEEN}" if cell.hidden else colour
    attributes = f' COLOR="{colour}"' if colour else ""
    less = {"quiet": 2, "note": 2, "plain": 1}.get(style, 0)
    if size or less > 1:
        attributes += f' POINT-SIZE="{(size or 12) - less}"'
    if style.endswith("bars") or len(cell.lines) > 1:
        attributes += f' FACE="{MONO}"'
        lines = [escaped(line, longest) for line in cell.lines]
        body = '<BR ALIGN="LEFT"/>'.join(lines) + ('<BR ALIGN="LEFT"/>' if len(lines) > 1 else "")
    else:
        body = escaped(text, longest)
    if style in ("name", "forward", "backward"):
        body = f"<B>{body}</B>"
    return f"<FONT{attributes}>{body}</FONT>" if attributes else body


def _arrow(arrow: Arrow, theme: Theme, upright: bool) -> dict[str, str]:
    """One stroke in two colours, forward first, where a gradient returns; else one arrow."""
    forward, backward = (
        f"{getattr(theme, way)}{PALE if way in arrow.pale else ''}"
        for way in ("forward", "backward")
    )
    width = "3.6" if arrow.way else "1.3"
    options = {"color": forward, "penwidth": width, "arrowsize": "0.8"}
    if arrow.backward:
        options |= {"dir": "both", "arrowtail": "vee"}
        options["color"] = f"{forward}:{backward}"
    if arrow.lines:
        aside = 2 * SPACE if upright else ""  # beside an arrow that comes down, not on it
        rows = [
            f"<TR><TD>{aside}{SPACE.join(_text(cell, theme) for cell in line)}</TD></TR>"
            for line in arrow.lines
        ]
        table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
        options["label"] = f"<{table}{''.join(rows)}</TABLE>>"
    return options
