"""What was measured, as a table in Markdown and as a plot."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from .timing import Row, spread

ACCENT, REST = "#c2410c", "#94a3b8"


def markdown(rows: Sequence[Row], machine: Iterable[str], judged: bool = True) -> str:
    """The goals first, then everything."""
    parts = ["# microtensor beside its peers", "\n\n".join(machine), goals(rows, judged)]
    for _, of_a_name in groupby(rows, key=lambda row: row.name):
        part = list(of_a_name)
        points = [row for row in part if row.x is not None]
        parts += [curve(points)] if points else []
        parts += [times(row) for row in part if row.x is None]
    notes = [f"- {row.title}: {note}" for row in rows for note in row.notes]
    return "\n\n".join([*parts, *(["Not measured:", "\n".join(notes)] if notes else [])]) + "\n"


def goals(rows: Iterable[Row], judged: bool = True) -> str:
    """What is to be reached, what was, and, where it is judged, whether it is met."""
    lines = ["| what | median (quartiles) | at most | |", "| --- | --- | --- | --- |"]
    for row in rows:
        for goal in row.goals:
            measured, verdict = _verdict(row.ratios(goal), goal.at_most)
            verdict = verdict if judged or not measured else "not judged"
            against = f" / {goal.theirs}" if goal.theirs else f", {row.unit}"
            what = f"{row.title}: {goal.ours}{against}"
            lines.append(f"| {what} | {measured} | {goal.at_most:g} | {verdict} |")
    return "\n".join(lines)


def _verdict(ratios: Sequence[float], at_most: float) -> tuple[str, str]:
    if not ratios:
        return "", "not measured"
    low, middle, high = spread(ratios)
    verdict = "met" if middle <= at_most else "**missed**"
    return f"{_number(middle)} ({_range(low, high)})", verdict


def times(row: Row) -> str:
    """One row's contestants: median, quartiles, and what microtensor is to each."""
    first = next(iter(row.results), None)
    lines = [
        f"| {row.title}, {row.unit} | median | quartiles | to the first |",
        "| --- | --- | --- | --- |",
    ]
    for name, values in row.results.items():
        low, middle, high = spread(values)
        ratio = spread([a / b for a, b in zip(values, row.results[first], strict=True)])[1]
        lines.append(f"| {name} | {_number(middle)} | {_range(low, high)} | {ratio:.2f} |")
    return "\n".join(lines)


def curve(rows: Sequence[Row]) -> str:
    """Rows of one name beside each other, a column for each."""
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    lines = [
        f"| {rows[0].name}, {rows[0].unit} | " + " | ".join(f"{row.x:,}" for row in rows) + " |",
        "| --- |" + " --- |" * len(rows),
    ]
    for name in names:
        cells = [
            _number(spread(row.results[name])[1]) if name in row.results else "" for row in rows
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _number(x: float) -> str:
    return f"{x:.3g}" if x < 1000 else f"{x:,.0f}"


def _range(low: float, high: float) -> str:
    return f"{_number(low)}–{_number(high)}"


def write_turns(rows: Iterable[Row], path: Path) -> None:
    """Every single turn, for those who want to look behind the medians."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "contestant", "round", "value", "unit"])
        for row in rows:
            for name, values in row.results.items():
                for k, value in enumerate(values):
                    writer.writerow([row.title, name, k, value, row.unit])


def plot(rows: Sequence[Row], path: Path) -> None:
    """A panel for each row with several contestants; curves have one together."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    several = [row for row in rows if len(row.results) > 1]
    together = groupby(several, key=lambda row: (row.name, row.title if row.x is None else ""))
    panels = [list(part) for _, part in together]
    columns = 3
    lines = -(-len(panels) // columns)
    size = (5 * columns, 3.4 * lines)
    figure, grid = plt.subplots(lines, columns, figsize=size, layout="constrained", squeeze=False)
    for axes, part in zip(grid.flat, panels, strict=False):
        _curves(axes, part) if part[0].x is not None else _bars(axes, part[0])
    for axes in list(grid.flat)[len(panels) :]:
        axes.axis("off")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axes: Any, row: Row) -> None:
    names = list(row.results)[::-1]
    spreads = [spread(row.results[name]) for name in names]
    medians = [middle for _, middle, _ in spreads]
    errors = [[m - low for low, m, _ in spreads], [high - m for _, m, high in spreads]]
    colors = [ACCENT if name.startswith("microtensor") else REST for name in names]
    axes.barh(names, medians, color=colors, xerr=errors, error_kw={"ecolor": "#334155", "lw": 1})
    for y, (_, middle, high) in enumerate(spreads):
        axes.text(high, y, f" {_number(middle)}", va="center", fontsize=8)
    axes.set(title=row.title, xlabel=row.unit)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def _curves(axes: Any, rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row.results))
    for name in names:
        points = [(row.x, spread(row.results[name])[1]) for row in rows if name in row.results]
        ours = name.startswith("microtensor")
        style = {"color": ACCENT, "lw": 2.5, "zorder": 3} if ours else {"lw": 1.2}
        axes.plot(*zip(*points, strict=True), marker="o", ms=3, label=name, **style)
    axes.set(xscale="log", yscale="log", title=rows[0].name, ylabel=rows[0].unit)
    axes.legend(fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
