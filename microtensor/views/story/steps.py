"""The chain rule in words: every step of a graph told in a few sentences, with its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node, Step
from ...lexicon import spoken
from ..numbers import (
    equals,
    exact,
    given,
    line,
    multiplier,
    number,
    product,
    small,
    summed_axes,
    total,
)
from ..words import (
    MOST_PARTS,
    Told,
    axes_named,
    conditional,
    kind_of_reason,
    large,
    percent,
    reason,
    say,
    slope,
    use,
)

# Of rules that NumPy has a function for by the same name, that function says what they give
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def told(graph: Graph) -> Iterator[Told]:
    """Each of `graph.steps` in words, in the same order."""
    return (tell(graph, step) for step in graph.steps)


def tell(graph: Graph, step: Step) -> Told:
    """A step in words."""
    if step.edge is not None:
        return _sent(graph, step, step.edge)
    return _computed(graph, step) if step.kind == "forward" else _seed(graph, step)


# Forward, and the seed --------------------------------------------------------------------------


def _computed(graph: Graph, step: Step) -> Told:
    """A value from those before it."""
    node, operands = step.node, graph.operands(step.node.id)
    title = f"{node.name} = {node.expression}"
    numbers, sign = in_numbers(node, operands)
    value = given(node.name, node.value).removeprefix(f"{node.name} ")
    if numbers:
        value = f"= {numbers} {sign} {number(node.value)}"
    copies = [_copied(x, node)[1] for x in operands if x.role != "constant"]
    said = [f"{text}." for text in copies if text]
    if node.rule == "matmul" and all(np.ndim(x.value) == 2 for x in operands):
        left, right = (x.name for x in operands)
        many = np.shape(operands[1].value)[0]
        said.append(say("products", many, out=node.name, left=left, right=right) + ".")
    return Told(step, title, f"{title} {value}", f"{node.name} {value}.", notes=tuple(said))


def in_numbers(node: Node, operands: Sequence[Node]) -> tuple[str, str]:
    """The expression in numbers, and `=` where these, as shown, give the value shown, else `≈`.

    Empty where not all are single numbers.
    """
    values = [x.value for x in operands]
    if any(np.ndim(value) for value in (node.value, *values)):
        return "", "="
    rule = str(node.rule)
    function: Any = FUNCTIONS.get(rule, getattr(np, rule, None))
    if isinstance(function, np.ufunc) or rule in FUNCTIONS:
        sign = equals(function, values, node.value)
    else:
        sign = "=" if all(map(exact, values)) else "≈"
    return node.row.expression(list(map(number, values)), node.options), sign


def _seed(graph: Graph, step: Step) -> Told:
    """The result's own gradient, where the way back begins."""
    name, of = step.node.name, graph.differentiated
    derivative = f"∂{of}/∂{name}"
    known = given(derivative, step.total)
    said = say("seed.one", name=name, gradient=derivative)
    if of != name:
        said = say("seed.given", name=name, gradient=known, of=of)
    then = say("seed.back"), say("seed.each")
    return Told(step, say("seed", name=name), known, said, notes=then)


# Backward ---------------------------------------------------------------------------------------


def _sent(graph: Graph, step: Step, edge: Edge) -> Told:
    """What a result sends to one of the values it was computed from."""
    source, target = step.node, graph.node(edge.target)
    title = say("sent", target=target.name, source=source.name) + use(graph, edge)
    single = edge.local is not None and np.size(target.value) == np.size(source.value) == 1
    upstream = f"∂{graph.differentiated}/∂{target.name}"
    ends = source, target, upstream
    between = _between_numbers if single else _between_arrays
    before, sent = between(graph, edge, *ends)
    return Told(
        step,
        title,
        f"{title}: {sent}",
        f"{before}{sent}.",
        say("rule", reason=reason(graph, edge)),
        copied(source, target),
        tuple(notes(edge, source, target)),
        _sum(graph, step),
        kind_of_reason(graph, edge),
    )


def _between_numbers(
    graph: Graph, edge: Edge, source: Node, target: Node, upstream: str
) -> tuple[str, str]:
    """Upstream and the local derivative of single numbers; their product."""
    known = [slope(graph, edge), edge.formula, number(edge.local)]
    if not edge.formula or conditional(edge.formula):  # a condition isn't an equation
        del known[1]
    before = f"{upstream} = {number(target.gradient)}"
    said = say("sent.number", upstream=before, local=" = ".join(dict.fromkeys(known)))
    return said, " ".join(product(target.gradient, edge.local, edge.contribution))


def _between_arrays(
    graph: Graph, edge: Edge, source: Node, target: Node, upstream: str
) -> tuple[str, str]:
    """What arrives at an array; what it sends, as a formula, and how large that is."""
    formula = edge.sends
    if edge.local is not None:
        times, single = multiplier(graph, edge)
        formula = f"{upstream} × {times}"
        formula = formula if single else say("sent.entries", formula=formula)
        axes = summed_axes(np.shape(target.value), np.shape(source.value))
        formula = say("sent.added", formula=formula, axes=axes_named(axes)) if axes else formula
    sent = line(edge.contribution)
    if formula:
        whole = small(np.shape(edge.contribution))
        sent = f"{formula}: {sent}" if whole else f"{formula} ({sent})"
    return say("sent.array", upstream=given(upstream, target.gradient)), sent


def _sum(graph: Graph, step: Step) -> str:
    """What has arrived at the source so far, and how much is still to come."""
    edges, arrived = graph.arrivals(step.node.id), step.total
    count = len(edges) - step.waiting
    gradient = f"∂{graph.differentiated}/∂{step.node.name}"
    known = given(gradient, arrived)
    if np.size(arrived) == 1 and small(np.shape(arrived)) and count <= MOST_PARTS:
        parts = [edge.contribution for edge in edges[:count]]
        known = f"{gradient} = {total(parts, arrived, MOST_PARTS)}"
    if count == 1 and np.size(arrived) != 1:
        known = say("sum.that", gradient=gradient)
    if step.waiting:
        return say("sum.waiting", step.waiting, gradient=known)
    if count == 1:
        return say("sum.complete", gradient=f"{known[0].upper()}{known[1:]}")
    return say("sum.both" if count == 2 else "sum.all", gradient=known, parts=count)


# What there is to see ---------------------------------------------------------------------------


def notes(edge: Edge, source: Node, target: Node) -> Iterator[str]:
    """What is worth saying of an edge, with its numbers."""
    here = " ".join(_seen(edge, source, target))
    if here:
        yield here


def copied(source: Node, target: Node) -> str:
    """That a gradient returns from each copy of the source; '' where broadcasting made none."""
    copies, said = _copied(source, target)
    return say("copied.back", copied=said, copies=copies) if copies > 1 else ""


def _copied(source: Node, target: Node) -> tuple[int, str]:
    """How often broadcasting copied the source, and that it did: `b was copied to 209 rows`."""
    wide = np.shape(target.value)
    axes = summed_axes(wide, np.shape(source.value)) if target.row.elementwise else []
    count = math.prod(wide[axis] for axis in axes)
    if count == 1:
        return 1, ""
    key = "copied.places"
    if len(wide) == 2 and len(axes) == 1:
        key = "copied.rows" if axes == [0] else "copied.columns"
    return count, say(key, name=source.name, copies=count)


def _seen(edge: Edge, source: Node, target: Node) -> Iterator[str]:
    """What the local derivative does here."""
    rows, columns = np.size(target.value), np.size(source.value)
    out, name, known = target.name, source.name, target.row
    if target.rule == "matmul" and rows > 1 and columns:
        many = large(rows * columns)
        yield say("jacobian", out=out, name=name, rows=rows, columns=columns, entries=many)
    if target.rule == "mean" and rows * columns > 1:
        yield say("length", n=columns // rows)
    if known.gate and np.size(edge.local) > 1:
        share = percent(np.not_equal(edge.local, 0))
        yield say(spoken(known.gate, edge.slot), share=share)
    if known.bounds and np.size(edge.local) > 1:
        yield say("slope", slope=number(np.max(edge.local)))
    zeros = int(np.count_nonzero(np.equal(source.value, 0)))
    if known.kink and zeros:
        yield say("kink", None if columns == 1 else zeros, name=name)
