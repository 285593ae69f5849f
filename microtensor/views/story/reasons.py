"""What a teacher says of a step: why its local derivative is what it is, and what it does here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...graph import Edge, Node
from ...lexicon import row, spoken
from ..numbers import number, summed_axes
from ..words import large, percent, say, sentence, translated


def kind(edge: Edge, operands: Sequence[Node], target: Node) -> str:
    """The reason of an edge, without names: equal for edges that work alike."""
    shapes = [np.shape(node.value) for node in operands]
    known = row(str(target.rule)).case([x.name for x in operands], target.options, shapes)
    if target.words or not known.why:
        return say("rule.own", rule=target.rule)
    return translated(spoken(known.why, edge.slot))


def reason(edge: Edge, operands: Sequence[Node], target: Node, result: str) -> str:
    """Why the local derivative of this operand is what it is, as a sentence."""
    if target.words:
        return sentence(target.words)
    names = [node.name for node in operands]
    me, other = names[edge.slot], names[(edge.slot + 1) % len(names)]
    said = kind(edge, operands, target)
    return sentence(said.format(*names, out=target.name, L=result, me=me, other=other))


def note(edge: Edge, source: Node, target: Node) -> str:
    """What is worth saying of an edge, with its numbers; '' if nothing."""
    rows, columns = np.size(target.value), np.size(source.value)
    out, name, known = target.name, source.name, row(str(target.rule))
    entries = rows * columns
    if target.rule == "matmul" and rows > 1 and entries:
        many = large(entries)
        return say("jacobian", out=out, name=name, rows=rows, columns=columns, entries=many)
    if target.rule == "mean" and entries > 1:
        return say("length", n=columns // rows)
    said = []
    if known.gate and np.size(edge.local) > 1:
        share = percent(np.not_equal(edge.local, 0))
        said.append(say(spoken(known.gate, edge.slot), share=share))
    if known.bounds and np.size(edge.local) > 1:
        said.append(say("slope", slope=number(np.max(edge.local))))
    zeros = int(np.count_nonzero(np.equal(source.value, 0)))
    if known.kink and zeros:
        said.append(say("kink", None if columns == 1 else zeros, name=name))
    return " ".join(said)


def seen(node: Node, operands: Sequence[Node]) -> list[str]:
    """What is worth saying of a value when it is computed."""
    said = [copies(x, node) for x in operands if x.role != "constant"]
    if node.rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands):
        left, right = (x.name for x in operands)
        many = np.shape(operands[1].value)[0]
        said.append(say("products", many, out=node.name, left=left, right=right))
    return [f"{text}." for text in said if text]


def copies(source: Node, target: Node) -> str:
    """That broadcasting copied the source, `b was copied to 209 rows`; '' if it didn't."""
    count, axes = copied(source, target)
    if count == 1:
        return ""
    if np.ndim(target.value) != 2 or len(axes) != 1:
        return say("copied.places", name=source.name, copies=count)
    key = "copied.rows" if axes == [0] else "copied.columns"
    return say(key, name=source.name, copies=count)


def copied(source: Node, target: Node) -> tuple[int, list[int]]:
    """How many copies of each entry of the source broadcasting made, along which axes."""
    if not row(str(target.rule)).elementwise:
        return 1, []
    wide = np.shape(target.value)
    axes = summed_axes(wide, np.shape(source.value))
    return math.prod(wide[axis] for axis in axes), axes
