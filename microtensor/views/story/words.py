"""What a teacher says of a step: why its local derivative is what it is, and what it does here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Edge, Node
from ...lexicon import row, short, spoken
from ..numbers import number, summed_axes

LARGE = {12: "trillion", 9: "billion", 6: "million"}


def kind(edge: Edge, operands: list[Node], target: Node) -> str:
    """The reason of an edge, without names: equal for edges that work alike."""
    shapes = [np.shape(node.value) for node in operands]
    known = row(str(target.rule)).case([x.name for x in operands], target.options, shapes)
    if target.words or not known.why:
        return f"that is what the rule of {target.rule} says"
    return spoken(known.why, edge.slot)


def reason(edge: Edge, operands: list[Node], target: Node, result: str) -> str:
    """Why the local derivative of this operand is what it is, as a sentence."""
    if target.words:
        return sentence(target.words)
    names = [short(node.name) for node in operands]
    me, other = names[edge.slot], names[(edge.slot + 1) % len(names)]
    said = kind(edge, operands, target)
    return sentence(said.format(*names, out=short(target.name), L=result, me=me, other=other))


def note(edge: Edge, source: Node, target: Node) -> str:
    """What is worth saying of an edge, with its numbers; '' if nothing."""
    wide, shape = np.shape(target.value), np.shape(source.value)
    entries = math.prod(wide) * math.prod(shape)
    if target.rule == "matmul" and math.prod(wide) > 1 and entries:
        return (
            f"The Jacobian ∂{short(target.name)}/∂{short(source.name)} would hold "
            f"{math.prod(wide):,} × {math.prod(shape):,} = {large(entries)} numbers; it is never "
            "built."
        )
    if target.rule == "mean" and entries > 1:
        return f"Here n = {math.prod(shape) // math.prod(wide):,}."
    said = []
    known = row(str(target.rule))
    if known.gate and edge.local is not None and np.size(edge.local) > 1:
        share = percent(np.not_equal(edge.local, 0))
        gate = spoken(known.gate, edge.slot) == "gate.open"
        said.append(f"The gate is {share} open." if gate else f"It does in {share} of the entries.")
    if known.bounds and np.size(edge.local) > 1:
        said.append(f"Here the slope is at most {number(np.max(edge.local))}.")
    zeros = int(np.count_nonzero(np.equal(source.value, 0)))
    if known.kink and zeros:
        where = "" if math.prod(shape) == 1 else f" in {plural(zeros, 'entry', 'entries')}"
        said.append(f"{short(source.name)} is exactly 0{where}: at the kink.")
    return " ".join(said)


def seen(node: Node, operands: list[Node]) -> list[str]:
    """What is worth saying of a value when it is computed."""
    said = [copies(x, node) for x in operands if x.role != "constant"]
    if node.rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands):
        left, right = (short(x.name) for x in operands)
        many = plural(np.shape(operands[1].value)[0], "product", "products")
        said.append(f"{short(node.name)}[i, j] adds up {many}, {left}[i, k] · {right}[k, j]")
    return [f"{text}." for text in said if text]


def copies(source: Node, target: Node) -> str:
    """That broadcasting copied the source, `b was copied to 209 rows`; '' if it didn't."""
    count = copied(source, target)
    if count == 1:
        return ""
    wide = np.shape(target.value)
    axes = summed_axes(wide, np.shape(source.value))
    kind = "places"
    if len(wide) == 2 and len(axes) == 1:
        kind = "rows" if axes == [0] else "columns"
    return f"{short(source.name)} was copied to {count:,} {kind}"


def copied(source: Node, target: Node) -> int:
    """How many copies of each entry of the source broadcasting made."""
    if not row(str(target.rule)).elementwise:
        return 1
    wide = np.shape(target.value)
    return math.prod(wide[axis] for axis in summed_axes(wide, np.shape(source.value)))


def axes_named(axes: list[int]) -> str:
    """`axis 0`, or `axes 0 and 2`."""
    return ("axis " if len(axes) == 1 else "axes ") + " and ".join(map(str, axes))


def large(count: int) -> str:
    """A large number of things in a few characters: 8,360 or about 10.7 billion."""
    if count >= 10**15:
        return f"about {number(float(count))}"
    for power, word in LARGE.items():
        if count >= 10**power:
            return f"about {count / 10**power:.3g} {word}"
    return f"{count:,}"


def plural(count: int, one: str, several: str) -> str:
    """`1 entry`, `2 entries`."""
    return f"{count:,} {one if count == 1 else several}"


def percent(chosen: Any) -> str:
    """The share of entries that are true: 42 %."""
    return f"{100 * float(np.mean(chosen)):.3g} %"


def sentence(text: str) -> str:
    """Text that ends in a full stop; it starts as it is, since a name may stand there."""
    return text if text.endswith((".", "!", "?")) else text + "."
