"""A scene as an SVG whose parts a page can find: Graphviz lays it out, and says where all stands.

Every text has the class of its cell, and every colour is a CSS variable of the page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ...lexicon import cut
from ..dot import FONT, LONGEST, MONO, THEMES
from ..rendering import outline, render, source
from ..scene import Arrow, Card, Cell, Line, Scene

WIDEST = "0" * 8  # −1.234e−5: room for whatever number a learner's input gives
WIDEST_LINE = 20
NUMBER = re.compile(r"[^\s\[\]]+")
MARGIN = 6
IN_FORCE = {
    "c": ("pen", "color"),
    "C": ("fill", "color"),
    "F": ("size", "size"),
    "t": ("bold", "fontchar"),
}
PADDING = 3  # between a card's edge and its texts
# The variable for each colour; of two, the first
VARIABLES = {c: f"var(--{name})" for name, c in reversed(THEMES["light"].named.items())}


class Placed(NamedTuple):
    """A text where Graphviz put it: its left end, its baseline, its width and its font."""

    cell: Cell
    text: str
    x: float
    y: float
    width: float
    size: float
    bold: bool
    colour: str
    column: int  # of the cell in its row; -1: in the heading


def svg(scene: Scene, words: dict[str, str], kind: str, roomy: bool = False, first: int = 0) -> str:
    """The scene as an SVG; `words` say what a card is, for those who hear it.

    A card without words is one that stands there again. Cards are `g.card` with `data-id`, arrows
    `g.arrow` with their number, counted from `first` on, as `data-id`. `kind` is the class of the
    whole. `roomy` leaves room for other numbers than those shown.
    """
    spaced = _roomy(scene) if roomy else scene
    layout = json.loads(render(source(spaced, THEMES["light"], label="", pad="0"), "json"))
    things = layout.get("objects", [])
    names = {x["_gvid"]: x["name"] for x in things}
    parts = [_frame(x) for x in things if x["name"].startswith("cluster")]
    edges: dict[tuple[str, str], list[Any]] = {}
    for edge in layout.get("edges", []):
        edges.setdefault((names[edge["tail"]], names[edge["head"]]), []).append(edge)
    for i, arrow in enumerate(scene.arrows, first):
        parts.append(_arrow(i, arrow, edges[arrow.source, arrow.target].pop(0)))
    cards = {card.id: card for card in scene.cards}
    parts += [_card(cards[x["name"]], x, words) for x in things if x["name"] in cards]
    left, low, right, top = (float(v) for v in layout["bb"].split(","))
    box = (left - MARGIN, -top - MARGIN, right - left + 2 * MARGIN, top - low + 2 * MARGIN)
    said = html.escape(" ".join(cell.text for cell in scene.title))
    head = f'<svg class="picture {kind}" viewBox="{" ".join(f"{v:.6g}" for v in box)}" '
    head += f'width="{box[2]:.6g}" height="{box[3]:.6g}" role="group" aria-label="{said}" '
    return f'{head}font-family="{FONT}">\n{"".join(parts)}</svg>'


def _roomy(scene: Scene) -> Scene:
    """The scene with its numbers as long as numbers get."""
    return scene.rewritten(lambda _, row: tuple(map(_widened, row)), _widened_line)


def _widened(cell: Cell) -> Cell:
    if cell.style == "backward label" and cell.text.startswith(("=", "≈")):
        return cell._replace(text=f"{cell.text} + …")  # a sum that is still growing
    if cell.style in ("forward", "backward") and cell.text.startswith("["):
        return cell._replace(text=NUMBER.sub(lambda x: x[0].rjust(len(WIDEST) - 1, "0"), cell.text))
    wide = cell.is_number and cell.text
    return cell._replace(text=max(cell.text, WIDEST, key=len)) if wide else cell


def _widened_line(line: Line) -> Line:
    *cells, last = map(_widened, line)
    if line[0].style not in ("forward label", "backward"):
        missing = WIDEST_LINE - sum(len(cell.text) for cell in line)
        last = line[-1]._replace(text=line[-1].text + "0" * max(0, missing))
    return *cells, last


# What Graphviz drew, as elements: paths, and texts that stay together where they stand in a line --


def _colour(colour: str) -> str:
    return VARIABLES.get(colour, "none" if len(colour) == 9 else colour)


def _frame(thing: Any) -> str:
    shapes = [_shape(op, "") for op in _drawn(thing["_draw_"])]
    said = [(Cell(op["text"], "quiet"), op["text"], -1) for op in _texts(thing)]
    label = [_text([p], "start") for p in _matched(said, thing)]
    return f'<g class="frame">{"".join(shapes + label)}</g>\n'


def _card(card: Card, thing: Any, words: dict[str, str]) -> str:
    texts = [(cell, cell.text, -1) for cell in card.heading]
    texts += [(c, line, i) for row in card.rows for i, c in enumerate(row) for line in c.lines]
    placed = _matched(texts, thing)
    drawn = [op for op in _drawn(thing["_ldraw_"]) if op["op"] != "T"]
    edges = [x for op in drawn for x, _ in op["points"]]
    left, right = min(edges) + PADDING, max(edges) - PADDING
    heading = [p for p in placed if p.column < 0]
    parts = [_text(heading, "middle", room=right - left)] if heading else []
    ends = [row[-1] for row in card.rows]
    for p in (p for p in placed if p.column >= 0):
        room = right - p.x if any(p.cell is end for end in ends) else p.width
        anchor = "end" if p.cell.is_number else "start"
        parts.append(_text([p], anchor, part(card, p.cell, p.column), room))
    shapes = [_shape(op, {"P": "heat", "b": "line"}.get(op["op"], "")) for op in drawn]
    body = f"{''.join(shapes)}{' '.join(parts)} </g>\n"  # spaces: words for who hears it
    if card.id not in words:  # it stands here again
        at = f' data-id="{card.id}"'
        return f'<g class="again {card.role}"{at} aria-hidden="true">{body}'
    said = html.escape(words[card.id])
    return (
        f'<g class="card {card.role}" data-id="{card.id}" tabindex="0" role="button" '
        f'aria-label="{said}"><title>{said}</title>{body}'
    )


def _arrow(number: int, arrow: Arrow, edge: Any) -> str:
    parts = []
    for key in ("_draw_", "_hdraw_", "_tdraw_"):
        for op in _drawn(edge.get(key, ())):
            forth = op["pen"] == THEMES["light"].forward
            parts.append(_shape(op, "forth" if forth else "back"))
    expected = [(c, text, 0) for line in arrow.lines for c in line for text in c.lines]
    lines: dict[float, list[Placed]] = {}
    for p in _matched(expected, edge):
        lines.setdefault(p.y, []).append(p)
    for line in lines.values():
        anchor = "start" if "\n" in line[0].cell.text else "middle"
        forth = line[0].cell.style.startswith("forward")
        parts.append(_text(line, anchor, "forth" if forth else "back"))
    return f'<g class="arrow" data-id="{number}">{"".join(parts)}</g>\n'


def _shape(op: Any, kind: str) -> str:
    known = f' class="{kind}"' if kind else ""
    d = _path(op["points"], op["op"] in "bB") + ("z" if op["op"] in "Pp" else "")
    fill = _colour(op["fill"]) if op["op"] in "BP" else "none"
    dashes = ' stroke-dasharray="5 3"' if op["dashed"] else ""
    return f'<path{known} fill="{fill}" stroke="{_colour(op["pen"])}"{dashes} d="{d}"/>'


def _text(line: list[Placed], anchor: str, part: str = "", room: float | None = None) -> str:
    """Texts in a line, which have so much room; a histogram's block characters as a path."""
    first, last = line[0], line[-1]
    known = f' class="{part}"' if part else ""
    if first.cell.style.endswith("bars"):
        bars = first.text.replace("\xa0", " ")
        d = outline(bars, first.x, first.y, first.size)
        at = f"{first.x:.5g} {first.y:.5g} {first.size:g}"
        return f'<path{known} data-at="{at}" fill="{_colour(first.colour)}" d="{d}"/>'
    end = last.x + last.width
    x = {"start": first.x, "middle": (first.x + end) / 2, "end": end}[anchor]
    apart = "\xa0 " if first.column < 0 else " "
    runs = "".join(
        ("" if p is first else " " if p.text.startswith("=") else apart) + _run(p, first.size)
        for p in line
    )
    place = f'x="{x:.5g}" y="{first.y:.5g}" text-anchor="{anchor}" font-size="{first.size:g}"'
    return f'<text{known} {place} data-room="{room or end - first.x:.4g}">{runs}</text>'


def _run(p: Placed, size: float) -> str:
    looks = f'fill="{_colour(p.colour)}"'
    if p.size != size:
        looks += f' font-size="{p.size:g}"'
    if p.bold:
        looks += ' font-weight="bold"'
    if "\n" in p.cell.text:
        looks += f' font-family="{MONO}"'
    known = p.cell.style + (" verdict" if p.column < 0 and p.cell.style == "backward" else "")
    return f'<tspan class="{known}" {looks}>{html.escape(p.text)}</tspan>'


def part(card: Card, cell: Cell, column: int) -> str:
    """What a text of a row is: `value`, `gradient`, `sum`, `note`; '' if it always shows."""
    known = {"forward": "value", "backward": "gradient", "note": "note"}
    if column and cell.style == "backward label":
        row = next(row for row in card.rows if any(x is cell for x in row))
        return "sum" if len(row) == 2 else ""
    found = known.get(cell.style.removesuffix(" bars"), "")
    return found if column or found == "note" else ""


def _drawn(operations: Iterable[Any]) -> Iterator[Any]:
    """Graphviz's shapes and texts, each with the pen, the fill, the line and the font in force."""
    force = {"pen": "none", "fill": "none", "dashed": False, "size": 0.0, "bold": 0}
    for op in operations:
        kind = op["op"]
        if kind in IN_FORCE:
            name, value = IN_FORCE[kind]
            force[name] = op[value]
        elif kind == "S" and op["style"] in ("solid", "dashed"):
            force["dashed"] = op["style"] == "dashed"
        elif kind in "bBpPLT":
            yield op | force


def _texts(thing: Any) -> list[Any]:
    """The texts of a thing, blank ones left out."""
    drawn = _drawn(thing.get("_ldraw_", ()))
    return [op for op in drawn if op["op"] == "T" and op["text"].strip()]


def _matched(expected: list[tuple[Cell, str, int]], thing: Any) -> list[Placed]:
    """The lines of a thing where Graphviz put them."""
    placed = []
    shown = [x for x in expected if x[1].strip()]
    for (cell, line, column), op in zip(shown, _texts(thing), strict=True):
        text, (x, y), bold = cut(line, LONGEST), op["pt"], op["bold"] & 1
        placed.append(Placed(cell, text, x, -y, op["width"], op["size"], bold, op["pen"], column))
    return placed


def _path(points: list[list[float]], curved: bool) -> str:
    (x, y), *rest = points
    between = "C" if curved else "L"
    return f"M{x:.5g},{-y:.5g}{between}" + " ".join(f"{x:.5g},{-y:.5g}" for x, y in rest)
