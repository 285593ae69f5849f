"""What is wrong with an array, or worth knowing of it, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...graph import Graph, Node
from ..finite import births, not_finite
from ..numbers import number
from ..scene import Cell, Line
from ..words import listed, percent, say

MANY_TIMES = 30  # a gradient so many times smaller (larger) than another vanishes (explodes)
MOST_NAMED = 4


def diagnosis(node: Node) -> str:
    """Of a value: not finite, dead units, saturated, the share of zeros; '' if nothing."""
    value = np.asarray(node.value)
    if wrong := not_finite(value):
        return wrong
    if wrong := not_finite(node.gradient):
        return say("nonfinite.gradient", wrong=wrong)
    if node.rule == "relu" and value.size > 1:
        return _dead(value) or say("zeros", share=percent(value == 0))
    if node.rule in ("sigmoid", "tanh") and value.size > 1:
        edge = np.abs(value) if node.rule == "tanh" else np.abs(2 * value - 1)
        if (edge > 0.98).mean() > 0.5:
            return say(f"saturated.{node.rule}", share=percent(edge > 0.98))
    return ""


def beginnings(graph: Graph, layers: Mapping[str, str]) -> list[Line]:
    """Where nan and inf begin, a line each, in which of the layers: these by a node's id."""
    lines: list[Line] = []
    for way, node, how in births(graph):
        place = node.name + (f" = {node.expression}" if node.expression else "")
        if node.id in layers:
            place = say("layers.place", name=place, layer=layers[node.id])
        said = ": ".join(filter(None, [say(f"nonfinite.{way}.at", place=place), how]))
        label = say("nonfinite", entries="").rstrip()
        lines.append((Cell(label, "backward label"), Cell(said, "quiet")))
    return lines


def _dead(value: Any) -> str:
    """The columns that are 0 for every example."""
    dead = np.flatnonzero((value == 0).all(axis=0)) if value.ndim == 2 and len(value) > 1 else ()
    if not len(dead):
        return ""
    if len(dead) == value.shape[1] > 1:
        return say("dead.all", examples=len(value))
    return say("dead", len(dead), units=listed(dead, MOST_NAMED), examples=len(value))


def against_later(mine: float, later: list[tuple[str, float]]) -> str:
    """Whether a gradient vanishes or explodes on its way back from later layers, by their RMS."""

    def times(ratio: float) -> str:
        return f"{ratio:.0f}" if ratio < 10_000 else number(ratio)

    name, largest = max(later, key=lambda layer: layer[1], default=("", 0.0))
    last_name, last = later[-1] if later else ("", 0.0)
    if mine == 0 and largest > 0:
        return say("vanishing.zero")
    if mine > 0 and largest > MANY_TIMES * mine:
        return say("vanishing", times=times(largest / mine), name=name)
    if last > 0 and mine > MANY_TIMES * last:
        return say("exploding", times=times(mine / last), name=last_name)
    return ""
