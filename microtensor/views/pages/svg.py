"""A scene as an SVG whose parts a page can find: Graphviz lays it out, and says where all stands.

Every text has the class of its cell, and every colour is a CSS variable of the page. What most
texts and arrows have in common, they inherit, or the page's style says it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ...lexicon import cut
from ..dot import THEMES
from ..rendering import outline, render, source
from ..scene import LONGEST, Arrow, Card, Cell, Line, Scene

WIDEST = "0" * 8  # −1.234e−5: room for whatever number a learner's input gives
WIDEST_LINE = 20
NUMBER = re.compile(r"[^\s\[\]]+")
MARGIN = 6
LETTERS, ARROW_LETTERS = 12, 11  # the sizes of most texts
IN_FORCE = {"c": ("pen", "color"), "C": ("fill", "color"), "F": ("size", "size")}
COLOURED = ("forward", "backward", "quiet")  # styles of cells that have a colour
PADDING = 3  # between a card's edge and its texts
# The variable for each colour; of two, the first
VARIABLES = {c: f"var(--{name})" for name, c in reversed(THEMES["light"].named.items())}


class Placed(NamedTuple):
    """A text where Graphviz put it: its left end, baseline, width, size and colour."""

    cell: Cell
    text: str
    x: float
    y: float
    width: float
    size: float
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
    head += f'width="{box[2]:.6g}" height="{box[3]:.6g}" font-size="{LETTERS}" fill="var(--text)"'
    head += f' role="group" aria-label="{said}"' if said else ""
    return f"{head}>\n{''.join(parts)}</svg>"


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
    return f'<g class="card {card.role}" data-id="{card.id}"><title>{said}</title>{body}'


def _arrow(number: int, arrow: Arrow, edge: Any) -> str:
    parts = []
    for key in ("_draw_", "_hdraw_", "_tdraw_"):
        for op in _drawn(edge.get(key, ())):
            kind = "forth" if op["pen"] == THEMES["light"].forward else "back"
            fill = "" if op["op"] in "BP" else ' fill="none"'
            parts.append(f'<path class="{kind}"{fill} d="{_path(op)}"/>')
    expected = [(c, text, 0) for line in arrow.lines for c in line for text in c.lines]
    lines: dict[float, list[Placed]] = {}
    for p in _matched(expected, edge):
        lines.setdefault(p.y, []).append(p)
    usual = ARROW_LETTERS, "middle"
    for line in lines.values():
        anchor = "start" if "\n" in line[0].cell.text else "middle"
        forth = line[0].cell.style.startswith("forward")
        parts.append(_text(line, anchor, "forth" if forth else "back", usual=usual))
    looks = f' font-size="{usual[0]}" text-anchor="{usual[1]}"' if lines else ""
    return f'<g class="arrow" data-id="{number}"{looks}>{"".join(parts)}</g>\n'


def _shape(op: Any, kind: str) -> str:
    known = f' class="{kind}"' if kind else ""
    fill = _colour(op["fill"]) if op["op"] in "BP" else "none"
    pen = _colour(op["pen"])
    looks = f'fill="{fill}"' + (f' stroke="{pen}"' if pen != "none" else "")
    looks += ' stroke-dasharray="5 3"' if op["dashed"] else ""
    if op["op"] not in "bB":
        return f'<path{known} {looks} d="{_path(op)}"/>'
    (start, _), *_ = op["points"]  # a rectangle, whose first corner begins here
    xs, ys = ([point[k] for point in op["points"]] for k in (0, 1))
    places = {"x": min(xs), "y": -max(ys), "rx": abs(start - min(xs))}
    places |= {"width": max(xs) - min(xs), "height": max(ys) - min(ys)}
    at = " ".join(f'{key}="{_short(x)}"' for key, x in places.items())
    return f"<rect{known} {looks} {at}/>"


def _text(
    line: list[Placed],
    anchor: str,
    part: str = "",
    room: float | None = None,
    usual: tuple[int, str] = (LETTERS, "start"),
) -> str:
    """Texts in a line, which have so much room; a histogram's block characters as a path.

    Their size and anchor are only said where they aren't the usual ones, which they inherit.
    """
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
    known += f' x="{_short(x)}" y="{_short(first.y)}" data-room="{room or end - first.x:.4g}"'
    known += f' text-anchor="{anchor}"' if anchor != usual[1] else ""
    known += f' font-size="{first.size:g}"' if first.size != usual[0] else ""
    return f"<text{known}>{runs}</text>"


def _run(p: Placed, size: float) -> str:
    known = p.cell.style + (" verdict" if p.column < 0 and p.cell.style == "backward" else "")
    known += " mono" if "\n" in p.cell.text else ""
    kind, fill = p.cell.style.partition(" ")[0], _colour(p.colour)
    usual = f"var(--{kind if kind in COLOURED else 'text'})"  # says the page's style
    looks = f' fill="{fill}"' if fill != usual else ""
    looks += f' font-size="{p.size:g}"' if p.size != size else ""
    return f'<tspan class="{known}"{looks}>{html.escape(p.text)}</tspan>'


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
    force = {"pen": "none", "fill": "none", "dashed": False, "size": 0.0}
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
        text, (x, y) = cut(line, LONGEST), op["pt"]
        placed.append(Placed(cell, text, x, -y, op["width"], op["size"], op["pen"], column))
    return placed


def _path(op: Any) -> str:
    """A line, straight or curved; closed where it is the outline of a shape."""
    first, *rest = (f"{_short(x)},{_short(-y)}" for x, y in op["points"])
    if op["op"] in "bB":
        return f"M{first}C{' '.join(rest)}"
    if op["op"] in "pP":
        return f"M{first}L{' '.join(rest[:-1] if rest[-1] == first else rest)}z"
    return f"M{first}L{' '.join(rest)}"


def _short(x: float) -> str:
    """A place to a tenth of a pixel."""
    return f"{round(x, 1) + 0:.7g}"
