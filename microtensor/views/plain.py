"""A scene without Graphviz: as text, and in Mermaid's language."""

from __future__ import annotations

from collections.abc import Iterable

from .scene import Card, Cell, Scene

LONGEST = 80


def text(scene: Scene) -> str:
    """A paragraph for each card, with the arrows that arrive at it."""
    names = {card.id: card.heading[0].text for card in scene.cards}
    head = [scene.title, *scene.legend]
    blocks = ["\n".join("  ".join(_clean(cell.text, 200) for cell in line) for line in head)]
    for card in scene.cards:
        where = f"  ({_clean(' › '.join(card.frame))})" if card.frame else ""
        lines = [_line(card.heading) + where]
        for row in card.rows:
            lines += ["  " + line for line in _rows(row)]
        for arrow in scene.arrows:
            if arrow.target == card.id:
                said = "; ".join(_line(line) for line in arrow.lines)
                sign = "◂▸" if arrow.backward else "▸"
                lines.append(
                    f"  {sign} {_clean(names[arrow.source])}" + (f": {said}" if said else "")
                )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _line(cells: Iterable[Cell]) -> str:
    return "  ".join(_clean(cell.text) for cell in cells if cell.text.strip())


def _rows(row: tuple[Cell, ...]) -> list[str]:
    """A row of cells; one that has several lines goes on below."""
    parts = [
        cell.text.split("\n") if cell.style in ("forward", "backward") else [cell.text]
        for cell in row
        if cell.text.strip()
    ]
    height = max(map(len, parts), default=0)
    rows = []
    for i in range(height):
        cells = [p[i] if i < len(p) else " " * len(p[0]) for p in parts]
        rows.append("  ".join(_clean(cell, keep=True) for cell in cells).rstrip())
    return rows


def _clean(line: str, longest: int = LONGEST, keep: bool = False) -> str:
    """A text from outside on one line, cut, without control characters and lone surrogates."""
    line = line[: 20 * longest]
    line = line if keep else " ".join(line.split())
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


def mermaid(scene: Scene) -> str:
    """A Mermaid flowchart: what GitHub draws from a ```mermaid block."""
    lines = [f"flowchart {scene.direction}"]
    _frame(lines, scene.cards, 0)
    for arrow in scene.arrows:
        said = "<br/>".join(_quoted(_line(line)) for line in arrow.lines)
        stroke = "<-->" if arrow.backward else "-->"
        label = f'|"{said}"|' if said else ""
        lines.append(f"  {arrow.source} {stroke}{label} {arrow.target}")
    return "\n".join(lines) + "\n"


def _frame(lines: list[str], cards: Iterable[Card], depth: int) -> None:
    inner: dict[str, list[Card]] = {}
    indent = "  " * (depth + 1)
    for card in cards:
        if len(card.frame) > depth:
            inner.setdefault(card.frame[depth], []).append(card)
        else:
            rows = [_line(card.heading), *(line for row in card.rows for line in _rows(row))]
            said = "<br/>".join(_quoted(row) for row in rows if row.strip())
            lines.append(f'{indent}{card.id}["{said}"]')
    for name, members in inner.items():
        lines.append(f'{indent}subgraph s{len(lines)}["{_quoted(_clean(name))}"]')
        _frame(lines, members, depth + 1)
        lines.append(f"{indent}end")


def _quoted(line: str) -> str:
    """Letters, digits and harmless signs as they are, all else by number: `#60;`."""
    return "".join(
        c if c.isalnum() or c in " .,·×=+−()∂/◂▸▁▂▃▄▅▆▇█→–≈…" else f"#{ord(c)};" for c in line
    )
