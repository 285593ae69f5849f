"""What a teacher says of each rule: why its local derivative is what it is, and what it does here.

In a reason, {0}, {1} are the operands, {out} the result and {L} what is differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Edge, Node
from ...lexicon import elementwise
from ..numbers import number, summed_axes

MOVED = "only places change, so each entry's gradient goes back to where it came from"
STEP = "a step is flat wherever it doesn't jump, so no gradient goes back"

# A reason for each operand; the last one stands for all that follow.
REASONS: dict[str, tuple[str, ...]] = {
    "add": ("a sum moves as much as each of its parts",),
    "subtract": (
        "a difference moves as much as what it starts from",
        "a difference falls as much as what is taken away grows",
    ),
    "multiply": ("a factor's move is multiplied by the other factor",),
    "divide": (
        "a numerator's move is divided by the denominator",
        "by the quotient rule −{0}/{1}², which is −{out}/{1}",
    ),
    "negative": ("a turned sign turns the gradient's sign",),
    "power": (
        "by the power rule the exponent comes down, and falls by 1",
        "the slope of an exponential is itself times the log of its base",
    ),
    "exp": ("exp is its own derivative",),
    "expm1": ("exp is its own derivative, and here it is {out} + 1",),
    "log": ("log is steep near 0 and flat far from it, with slope 1/{0}",),
    "log1p": ("log's slope at 1 + {0} is 1/(1 + {0})",),
    "sqrt": ("a root is steep near 0, with slope 1 over twice the root",),
    "square": ("by the power rule the exponent 2 comes down",),
    "sin": ("the slope of sin is cos",),
    "cos": ("the slope of cos is −sin",),
    "tanh": ("tanh is steepest at 0, where its slope is 1, and flat far from it",),
    "sigmoid": (
        "sigmoid's slope is at most 0.25, so each one shrinks the gradient at least four times",
    ),
    "relu": ("a gate, open where {0} > 0, closed below, and at 0 by convention",),
    "softplus": ("a soft gate, whose slope is sigmoid, from 0 to 1",),
    "absolute": ("slope 1 above 0, −1 below, and at the kink 0 by convention",),
    "maximum": ("only the larger one moves the result; a tie shares equally",),
    "minimum": ("only the smaller one moves the result; a tie shares equally",),
    "clip": (
        "a gate, open within the bounds and at them, closed outside",
        "the lower bound moves the result only where {0} lies below it",
        "the upper bound moves the result only where {0} lies above it",
    ),
    "where": (
        "a condition has no derivative",
        "it moves the result only where the condition chose it",
    ),
    "matmul": (
        "an entry of {0} reaches {L} through every entry in its row of {out}, so add over the row",
        "an entry of {1} reaches {L} through every entry in its column of {out}, so add over the "
        "column",
    ),
    "einsum": ("in a sum of products a factor's move is multiplied by the others, then added up",),
    "sum": ("every entry's move reaches the sum whole, so each gets the same",),
    "mean": ("1/n of every entry's move reaches the mean, so each gets an nth part",),
    "max": ("only the largest entry moves the maximum; several equal ones share",),
    "min": ("only the smallest entry moves the minimum; several equal ones share",),
    "prod": ("an entry's move is multiplied by all the other entries",),
    "var": ("an entry moves the variance by its distance from the mean, times 2/(n − ddof)",),
    "cumsum": ("an entry is part of its own sum and of every later one, so add what they send",),
    "logsumexp": ("an entry's move reaches the result by its share, its softmax",),
    "softmax": (
        "shares add up to 1, so one grows only as others shrink, and the mean of what arrives, "
        "weighted by the shares, is taken off",
    ),
    "log_softmax": ("an entry raises its own log share by 1, and lowers all by its share",),
    "reshape": (MOVED,),
    "transpose": (MOVED,),
    "squeeze": (MOVED,),
    "expand_dims": (MOVED,),
    "flip": (MOVED,),
    "broadcast_to": ("each entry was copied, so add what returns to its copies",),
    "astype": ("only the kind of number changes, so the gradient passes",),
    "concatenate": ("each part takes its own piece of the gradient back",),
    "pad": ("the padding never moves, so what returns to it is dropped",),
    "put": ("each entry takes its gradient back from where it was put",),
    "getitem": ("entries that were picked get their gradient, all others get 0",),
    "equal": (STEP,),
    "not_equal": (STEP,),
    "less": (STEP,),
    "less_equal": (STEP,),
    "greater": (STEP,),
    "greater_equal": (STEP,),
    "logical_and": (STEP,),
    "logical_or": (STEP,),
    "logical_not": (STEP,),
}
# Of a product by the axes of this operand and of the other; the matrices by slot
PRODUCTS = {
    0: "{me}[i, k] reaches {L} through every {out}[i, j] in its row, so add over j",
    1: "{me}[k, j] reaches {L} through every {out}[i, j] in its column, so add over i",
}
VECTORS: dict[tuple[int, ...], str] = {
    (1, 1): "each product has one factor from either side, and moves by the other one",
    (2, 1): "an entry of {me} reaches {L} through one entry of {out}, times its partner in {other}",
    (1, 2): "an entry of {me} reaches {L} through every entry of {out}, so add over them",
}
# Rules that put an entry somewhere else, as it is
MOVES = ("reshape", "transpose", "squeeze", "expand_dims", "flip", "concatenate", "pad", "getitem")
GATES = ("relu", "clip", "where", "maximum", "minimum")
LARGE = {12: "trillion", 9: "billion", 6: "million"}


def kind(edge: Edge, operands: Sequence[Node], target: Node) -> str:
    """The reason of an edge, without names: equal for edges that work alike."""
    if target.words or target.rule not in REASONS:
        return f"that is what the rule of {target.rule} says"
    reasons = REASONS[target.rule]
    if target.rule == "matmul":
        axes = tuple(np.ndim(operands[slot].value) for slot in (edge.slot, 1 - edge.slot))
        return PRODUCTS[edge.slot] if axes == (2, 2) else VECTORS.get(axes, reasons[edge.slot])
    return reasons[min(edge.slot, len(reasons) - 1)]


def reason(edge: Edge, operands: Sequence[Node], target: Node, result: str) -> str:
    """Why the local derivative of this operand is what it is, as a sentence."""
    if target.words:
        return sentence(target.words)
    names = [node.name for node in operands]
    known = {"out": target.name, "L": result}
    if target.rule == "matmul":
        known |= {"me": names[edge.slot], "other": names[1 - edge.slot]}
    return sentence(kind(edge, operands, target).format(*names, **known))


def note(edge: Edge, source: Node, target: Node) -> str:
    """What is worth saying of an edge, with its numbers; '' if nothing."""
    wide, shape = np.shape(target.value), np.shape(source.value)
    entries = math.prod(wide) * math.prod(shape)
    if target.rule == "matmul" and math.prod(wide) > 1 and entries:
        return (
            f"The Jacobian ∂{target.name}/∂{source.name} would hold "
            f"{math.prod(wide):,} × {math.prod(shape):,} = {large(entries)} numbers; it is never "
            "built."
        )
    if target.rule == "mean" and entries > 1:
        return f"Here n = {math.prod(shape) // math.prod(wide):,}."
    said = []
    if target.rule in GATES and edge.local is not None and np.size(edge.local) > 1:
        share = percent(np.not_equal(edge.local, 0))
        gate = target.rule == "relu" or (target.rule == "clip" and edge.slot == 0)
        said.append(f"The gate is {share} open." if gate else f"It does in {share} of the entries.")
    if target.rule in ("sigmoid", "tanh") and np.size(edge.local) > 1:
        said.append(f"Here the slope is at most {number(np.max(edge.local))}.")
    zeros = int(np.count_nonzero(np.equal(source.value, 0)))
    if target.rule in ("relu", "absolute") and zeros:
        where = "" if math.prod(shape) == 1 else f" in {plural(zeros, 'entry', 'entries')}"
        said.append(f"{source.name} is exactly 0{where}: at the kink.")
    return " ".join(said)


def seen(node: Node, operands: Sequence[Node]) -> list[str]:
    """What is worth saying of a value when it is computed."""
    said = [copies(x, node) for x in operands if x.role != "constant"]
    if node.rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands):
        left, right = (x.name for x in operands)
        many = plural(np.shape(operands[1].value)[0], "product", "products")
        said.append(f"{node.name}[i, j] adds up {many}, {left}[i, k] · {right}[k, j]")
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
    return f"{source.name} was copied to {count:,} {kind}"


def copied(source: Node, target: Node) -> int:
    """How many copies of each entry of the source broadcasting made."""
    if not elementwise(str(target.rule)):
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
