"""A scene without Graphviz: as text, and in Mermaid's language."""

from __future__ import annotations

from collections.abc import Iterable

from ...lexicon import cut
from ..dot import THEMES
from ..scene import LONGEST, Arrow, Card, Cell, Line, Scene, inside


def text(scene: Scene) -> str:
    """A paragraph for each card, with the arrows that arrive at it."""
    names = {card.id: card.heading[0].text for card in scene.cards}
    head = [scene.title, *scene.legend]
    arriving: dict[str, list[Arrow]] = {}
    for arrow in scene.arrows:
        arriving.setdefault(arrow.target, []).append(arrow)
    blocks = ["\n".join("  ".join(cut(cell.text, 200) for cell in line) for line in head)]
    for card in scene.cards:
        where = f"  ({cut(' › '.join(card.frame), LONGEST)})" if card.frame else ""
        lines = [_line(card.heading) + where]
        for row in card.rows:
            lines += ["  " + line for line in _rows(row)]
        for arrow in arriving.get(card.id, ()):
            said = "; ".join(_line(line, " ") for line in arrow.lines)
            sign = "◂▸" if arrow.backward else "▸"
            lines.append(
                f"  {sign} {cut(names[arrow.source], LONGEST)}" + (f": {said}" if said else "")
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _line(cells: Iterable[Cell], gap: str = "  ") -> str:
    texts = (" ".join(cell.text.split()) for cell in cells)
    return gap.join(cut(text, LONGEST) for text in texts if text)


def _rows(row: Line) -> list[str]:
    """A row of cells; one that has several lines goes on below."""
    parts = [cell.lines for cell in row if cell.text.strip()]
    rows = []
    for i in range(max(map(len, parts), default=0)):
        cells = [lines[i] if i < len(lines) else " " * len(lines[0]) for lines in parts]
        text = "  ".join(cut(cell, LONGEST) for cell in cells)
        rows.append(text.replace("\xa0", " ").rstrip())
    return rows


def mermaid(scene: Scene) -> str:
    """A Mermaid flowchart: what GitHub draws from a ```mermaid block."""
    lines = [f"flowchart {scene.direction}"]
    _frame(lines, scene.cards, 0)
    for arrow in scene.arrows:
        said = "<br/>".join(_quoted(_line(line, " ")) for line in arrow.lines)
        stroke = "<-->" if arrow.backward else "-->"
        label = f'|"{said}"|' if said else ""
        lines.append(f"  {arrow.source} {stroke}{label} {arrow.target}")
    light = THEMES["light"]  # GitHub draws it on dark pages too: so cards are filled, text is dark
    for role in dict.fromkeys(card.role for card in scene.cards):
        fill, line = light.fills[role]
        lines.append(f"  classDef {role} fill:{fill},stroke:{line},color:{light.text}")
    return "\n".join(lines) + "\n"


def _frame(lines: list[str], cards: Iterable[Card], depth: int) -> None:
    own, inner = inside(cards, depth)
    indent = "  " * (depth + 1)
    for card in own:
        rows = [_line(card.heading), *(line for row in card.rows for line in _rows(row))]
        said = "<br/>".join(_quoted(row) for row in rows if row.strip())
        lines.append(f'{indent}{card.id}["{said}"]:::{card.role}')
    for name, members in inner.items():
        lines.append(f'{indent}subgraph s{len(lines)}["{_quoted(name)}"]')
        _frame(lines, members, depth + 1)
        lines.append(f"{indent}end")


def _quoted(line: str) -> str:
    """Letters, digits and harmless signs as they are, all else by number: `#60;`.

    Of spaces, one stays; more would fall together.
    """
    kept = " .,·×=+−()∂/◂▸▁▂▃▄▅▆▇█→–≈…"
    spaced = line.replace("  ", "\xa0 ")
    return "".join(c if c.isalnum() or c in kept else f"#{ord(c)};" for c in spaced)
