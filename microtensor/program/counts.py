"""Numbers of the user's that may come from how many examples there were: they don't follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from ..graph import Graph, Node
from .symbol import Length

MEANS = {"mean", "var", "std", "max", "min"}
WHOLE: tuple[Callable[[float], float], ...] = (
    float, lambda n: n - 1, lambda n: n + 1, lambda n: n * n, lambda n: n * (n - 1), math.sqrt,
)  # fmt: skip
MADE_OF = (*WHOLE, math.log, math.log2, math.log10, math.log1p)


def doubtful(
    graph: Graph, values: Mapping[str, Any], constants: Container[str], counts: Iterable[int]
) -> Iterator[Any]:
    """The constants that would be others with another number of examples, if they came from it.

    Python computed them, so that nobody knows whether 0.02 was `0.1 / m`. A number of many digits
    that has one or two beside the length, its root or its logarithm comes from it. One of few
    may be any: it is doubted where it is the length, or half or twice that, above or below a
    fraction; where it scales a single number, with a round one in front, too. What is a mean over
    the examples is scaled by none of these.
    """
    states = _states(graph, values)
    sizes = sorted({n for n in counts if n > 1})
    for node in graph.nodes:
        readers = graph.readers(node.id) if node.id in constants else ()
        if any(_comes_from(n, node, x, graph, states) for x in readers for n in sizes):
            yield node.value


def _states(graph: Graph, values: Mapping[str, Any]) -> dict[str, str]:
    """How each value depends on the examples: `rows`, a `sum` or a `mean` over these, or not."""
    states: dict[str, str] = {}
    for node in graph.nodes:
        behind = {states[x.id] for x in graph.operands(node.id)}
        if isinstance(getattr(values[node.id], "size", 1), Length):
            states[node.id] = "rows"
        elif "rows" in behind:
            states[node.id] = "mean" if node.rule in MEANS else "sum"
        else:
            states[node.id] = next((x for x in ("sum", "mean") if x in behind), "")
    return states


def _comes_from(n: int, node: Node, reader: Node, graph: Graph, states: Mapping[str, str]) -> bool:
    """Whether all numbers of a constant look as if made of n, where it is read."""
    numbers = [abs(x) for x in np.ravel(node.value) if x and math.isfinite(x)]
    operands = graph.operands(reader.id)
    others = [x for x in operands if x.id != node.id]
    scaled = others[0] if others and reader.rule in ("multiply", "divide") else None
    state = states[scaled.id] if scaled is not None else "mean"
    single = scaled is not None and np.ndim(scaled.value) == 0 and state != "rows"
    below = reader.rule == "divide" and operands[-1].id == node.id
    return bool(numbers) and all(
        (state != "mean" and _is_round(float(x), n, single, below)) or _is_made_of(x, n)
        for x in numbers
    )


def _digits(x: Any) -> int:
    return len(Decimal(f"{x}").normalize().as_tuple().digits)


def _is_made_of(x: Any, n: int) -> bool:
    """Whether a number of many digits is one of few and the length, or a function of it.

    Of three digits, as 0.125, it is a part of the length, or m / (m - 1).
    """
    many = _digits(x)
    if many < 3 or float(x).is_integer():
        return False
    if many == 3:
        return math.isclose(x, n / (n - 1)) or bool(x < 1 and _is_short(float(x) * n, x, 1))
    made = [f(n) for f in MADE_OF]
    return any(_is_short(k, x, 2) for y in made if y for k in (float(x) * y, float(x) / y))


def _is_short(k: float, x: Any, most: int) -> bool:
    """Whether a number has few digits, as exactly as x is known."""
    few = float(f"{k:.{most}g}")
    return math.isfinite(k) and math.isclose(k, few, rel_tol=1e-12 if _is_double(x) else 1e-6)


def _is_double(x: Any) -> bool:
    return getattr(x, "dtype", np.float64) == np.float64


def _is_round(x: float, n: int, single: bool, below: bool) -> bool:
    """Whether it is the length, or what a single number is commonly scaled by."""
    if any(math.isclose(x, k) or math.isclose(x * k, 1, rel_tol=1e-6) for k in (n, 2 * n)):
        return True
    factor = 1 / x if below else x
    if not single or x == 1:
        return False
    if any(math.isclose(factor * f(n) * k, 1, rel_tol=1e-6) for f in WHOLE for k in (1, 0.5)):
        return True
    mantissa = f"{factor * n:.6e}".rpartition("e")[0]
    return factor * n < 2.5 and float(mantissa) in (1, 2, 5)
