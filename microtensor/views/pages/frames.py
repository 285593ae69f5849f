"""Every step of a page as a picture: the same cards in the same places, with what is known then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...lexicon import cut
from ..dot import THEMES
from ..numbers import array, sum_text
from ..rendering import render, source
from ..scene import Arrow, Card, Cell, Scene, repeated
from ..words import say
from .data import PageStep, Tale
from .svg import part

FORMATS = ("svg", "png", "pdf")
MOST = 500
LONGEST = 110  # of what is said below a step's title
DOTS = 72  # to an inch


class Known(NamedTuple):
    """What is known after a step.

    `gradients` are the cards that have one, each with the contributions that it still waits for,
    and where some arrived but not all, the texts that stand there instead.
    """

    values: set[str]
    passed: set[int | None]
    gradients: dict[str, tuple[int, list[str]]]


def frames(tale: Tale, folder: Any, format: str, theme: str) -> list[str]:
    """Writes the pictures, step-00.svg and so on; returns their paths."""
    if len(tale.steps) > MOST:
        raise ValueError(f"frames: {len(tale.steps):,} steps are more than {MOST}; collapse groups")
    scenes = list(_scenes(tale))
    layouts = [json.loads(render(source(scene, THEMES[theme]), "json")) for scene in scenes]
    widths: dict[str, float] = {}  # of each thing, its largest in any step
    for thing in (x for layout in layouts for x in (layout, *layout.get("objects", ()))):
        width = DOTS * float(thing.get("width") or thing.get("lwidth") or 0)
        widths[thing["name"]] = max(width, widths.get(thing["name"], 0.0))
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    written = []
    for k, scene in enumerate(scenes):
        cards = tuple(card._replace(least=widths[card.id]) for card in scene.cards)
        steady = scene._replace(cards=cards, least=widths["graph"])
        file = path / f"step-{k:0{len(str(len(scenes) - 1))}}.{format}"
        file.write_bytes(render(source(steady, THEMES[theme]), format))
        written.append(str(file))
    return written


def _scenes(tale: Tale) -> Iterator[Scene]:
    """The picture at each step; at first, with what is given alone."""
    scene = repeated(tale.scene)
    computed = {step.data["card"] for step in tale.steps if step.data["kind"] == "forward"}
    known = Known({card.id for card in scene.cards} - computed, set(), {})
    begin = PageStep(say("page.start"), say("frames.begin"), {"kind": "start", "card": ""})
    for k, step in enumerate([begin, *tale.steps]):
        if k:
            _learn(tale, known, k - 1)
        last = k == len(tale.steps)
        said = cut(step.numbers or step.text, LONGEST)
        yield scene._replace(
            title=(Cell(step.title, "name"),),
            legend=((Cell(said, "quiet"),),),
            cards=tuple(_card(card, known, step, last) for card in scene.cards),
            arrows=tuple(_arrow(i, arrow, known, step) for i, arrow in enumerate(scene.arrows)),
        )


def _learn(tale: Tale, known: Known, k: int) -> None:
    """Adds what step number k gives, counted from 0."""
    data = tale.steps[k].data
    if data["kind"] == "forward":
        known.values.add(data["card"])
        return
    known.passed.update(data.get("arrows", [data["arrow"]]))
    known.gradients.update((card, (0, [])) for card in data.get("cards", [data["card"]]))
    step = None if tale.by_layer else tale.told[k].step
    if step is not None and step.waiting:
        arrivals = tale.graph.arrivals(step.node.id)
        parts = [e.contribution for e in arrivals[: len(arrivals) - step.waiting]]
        texts = [array(step.total), f"{sum_text(parts, step.total)} + …"]
        known.gradients[step.node.id] = step.waiting, texts


def _card(card: Card, known: Known, step: PageStep, last: bool) -> Card:
    """A card with what is known of it; marked if the step is about it."""
    value = card.id in known.values
    waiting, texts = known.gradients.get(card.id, (-1, []))
    tracked = any(cell.style.startswith("backward") for row in card.rows for cell in row)
    seen = {
        "": True,
        "value": value,
        "gradient": waiting >= 0,
        "sum": waiting >= 0,
        "note": waiting == 0 or (value and not tracked),
    }
    rows = []
    for row in card.rows:
        cells = []
        for column, cell in enumerate(row):
            kind = part(card, cell, column)
            if texts and kind in ("gradient", "sum") and not cell.style.endswith("bars"):
                cell = cell._replace(text=texts[kind == "sum"])
            heat = cell.heat if seen["note"] else None
            cells.append(cell._replace(hidden=not seen[kind], heat=heat))
        rows.append(tuple(cells))
    heading = tuple(c._replace(hidden=c.style == "backward" and not last) for c in card.heading)
    way = "forward" if step.data["kind"] == "forward" else "backward"
    mark = way if step.data["card"] == card.id else ""
    return card._replace(heading=heading, rows=tuple(rows), way=mark)


def _arrow(number: int, arrow: Arrow, known: Known, step: PageStep) -> Arrow:
    """An arrow, pale where nothing has gone along it yet; thick in its step."""
    seen = {"forward": arrow.target in known.values, "backward": number in known.passed}
    lines = tuple(
        tuple(
            c._replace(hidden=not seen["forward" if "forward" in c.style else "backward"])
            for c in x
        )
        for x in arrow.lines
    )
    into = step.data["kind"] == "forward" and step.data["card"] == arrow.target
    back = number in (step.data.get("arrow"), *step.data.get("arrows", ()))
    way = "forward" if into else "backward" if back else ""
    return arrow._replace(lines=lines, way=way, pale=tuple(k for k, x in seen.items() if not x))
