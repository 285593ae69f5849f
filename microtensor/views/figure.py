"""One tensor in detail: its corner, its quantiles, a heat map, and weights seen as images."""

from __future__ import annotations

import math
from io import BytesIO
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import ShapeError
from ..lexicon import shown
from .finite import not_finite
from .inline import Bundle, picture
from .numbers import histogram, rms, size, unit
from .words import say

COLUMNS = 5  # of images
CELLS = 32  # a heat map has at most so many rows and columns
NIGHT = {"#ffffff": "#0d1117", "#000000": "#e6edf3", "#0072b2": "#56b4e9"}
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)


class Detail(Figure):
    """A figure of matplotlib's that a notebook shows, by itself."""

    words = ""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        drawn = {"svg": BytesIO(), "png": BytesIO()}
        for kind, file in drawn.items():
            self.savefig(file, format=kind)
        svg = drawn["svg"].getvalue().replace(b"<svg", b'<svg fill="#000000"', 1)  # it's left out
        return picture(svg, drawn["png"].getvalue(), self.words, NIGHT)


def figure(array: Any, name: str, image_shape: tuple[int, ...] | None, note: str = "") -> Detail:
    """The figure of an array; with `image_shape`, its rows as images too; below it a note."""
    array = np.asarray(array, dtype=float)
    if not array.size:
        raise ShapeError(f"detail: shape {array.shape} holds no numbers to show")
    one = unit(array)
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    rows = rows / one
    values = say("detail.values") + (f" / {one:.4g}" if one != 1 else "")
    images = _images(rows, image_shape) if image_shape is not None else []
    lines = -(-len(images) // COLUMNS)
    figure = Detail(figsize=(10, 4 + 2 * lines), layout="constrained")
    heights = [4, 2 * lines][: 1 + bool(images)]
    upper, *lower = figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    title, told = f"{shown(name)}   {size(array.shape)}", _words(rows, one)
    figure.words = "\n\n".join(filter(None, [title, told, note]))
    figure.suptitle(title, parse_math=False)
    figure.supxlabel(fill(note, 130), fontsize=8, parse_math=False)
    words, counts, heat = upper.subplots(1, 3)
    words.axis("off")
    words.text(0, 1, told, va="top", family="monospace", fontsize=8)
    counts.stairs(*histogram(rows[np.isfinite(rows)], 50), fill=True, color="#0072b2")
    counts.set_title(values, fontsize=9)
    cells = _cells(rows)
    cells = np.where(np.isfinite(cells), cells, np.nan)
    most = float(np.nanmax(np.abs(cells), initial=0)) or 1.0
    extent = (-0.5, rows.shape[1] - 0.5, rows.shape[0] - 0.5, -0.5)
    drawn = heat.imshow(cells, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", extent=extent)
    heat.set_title(say("detail.heat"), fontsize=9)
    for axis in (heat.xaxis, heat.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    figure.colorbar(drawn, ax=heat)
    panels = lower[0].subplots(lines, COLUMNS, squeeze=False).flat if images else ()
    for k, panel in enumerate(panels):
        panel.axis("off")
        if k < len(images):
            panel.imshow(images[k], cmap="gray", vmin=0, vmax=1)
            panel.set_title(say("detail.row", row=k), fontsize=8)
    return figure


def _words(rows: Any, one: float) -> str:
    """The corner and the quantiles of so many times `one`, as text."""
    corner = np.array2string(rows[:4, :3] * one, precision=3, suppress_small=False)
    finite = rows[np.isfinite(rows)]
    shape = f"{min(4, rows.shape[0])}×{min(3, rows.shape[1])}"
    lines = [say("detail.corner", shape=shape), corner, ""]
    if finite.size:
        lines.append(say("detail.mean", mean=finite.mean() * one))
        lines.append(say("detail.rms", rms=rms(finite) * one))
        lines += [f"{q:>4.0%}  {np.quantile(finite, q) * one:.4g}" for q in QUANTILES]
    if finite.size < rows.size:
        lines.append(not_finite(rows))
    return "\n".join(lines)


def _cells(rows: Any) -> Any:
    """The matrix in at most 32 x 32 cells, each the mean of what lies in it."""
    for axis in (0, 1):
        if rows.shape[axis] > CELLS:
            parts = np.array_split(rows, CELLS, axis)
            rows = np.stack([part.mean(axis) for part in parts], axis)
    return rows


def _images(rows: Any, shape: tuple[int, ...]) -> list[Any]:
    """Each row as an image from 0 to 1; 0.5 is no weight."""
    if math.prod(shape) != rows.shape[1]:
        raise ShapeError(
            f"detail: a row of {rows.shape[1]} numbers is no image of shape {tuple(shape)}, which "
            f"has {math.prod(shape)}"
        )
    scale = np.abs(rows).max(axis=1, keepdims=True)
    scaled = 0.5 + 0.5 * rows / np.where(scale > 0, scale, 1)
    return [row.reshape(shape) for row in scaled]
