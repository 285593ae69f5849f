"""The program behind single numbers, forward and backward, in JavaScript: what a page runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Graph
from ..lexicon import ROWS
from .symbol import Symbol, is_numpy, reach
from .trace import Trace

# NumPy's functions that are no operations here, and those whose writing the lexicon has.
TEMPLATES = {
    "bitwise_and": "{0} && {1}",
    "bitwise_or": "{0} || {1}",
    "copysign": "{1} < 0 || Object.is({1}, -0) ? -Math.abs({0}) : Math.abs({0})",
    "isfinite": "Number.isFinite({0})",
    "isnan": "{0} !== {0}",
    "zeros_like": "0",
    "ones_like": "1",
}
TEMPLATES |= {name: row.javascript for name, row in ROWS.items() if row.javascript}
LOGICAL = {"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or"}
COMPARING = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isfinite", "isnan",
}  # fmt: skip
OPTIONS = {"axis", "axes", "index", "keepdims", "shape"}


def javascript(graph: Graph, trace: Trace) -> str:
    """A function expression that computes a graph of single numbers anew from its leaves.

    `trace` is `trace(result, whole=False)`. Called with an object of node id -> number (a leaf
    that it lacks has the number that was recorded), the function returns `{values, gradients,
    locals, contributions}`: objects by node id, and by "target:slot" for an edge. Anything that
    isn't a single number, or a function that has no writing here, raises ValueError.
    """
    names = {node.id: node.name for node in graph.nodes}
    texts: dict[Symbol, str] = {trace.seed: _literal(trace.seed.value)}
    leaves, lines = [], []
    for key, symbol in trace.values.items():
        if isinstance(symbol, Symbol):
            if symbol.shape != ():
                raise ValueError(
                    f"javascript: {names[key]!r} has shape {symbol.shape}; only programs of "
                    "single numbers are written"
                )
            texts.setdefault(symbol, key)
            if symbol.call is None:
                leaves.append(f"{key} = {_literal(symbol.value)}")
                if symbol.dtype == np.float32:
                    lines.append(f"  {key} = Math.fround({key});\n")
    results: dict[str, dict[str, Any]] = {
        "values": trace.values,
        "gradients": {**trace.gradients},
        "locals": _by_edge(trace.locals),
        "contributions": _by_edge(trace.contributions),
    }
    for symbol in reach(x for table in results.values() for x in table.values()):
        if symbol.call is not None:
            name = texts.setdefault(symbol, f"t{len(texts)}")
            lines.append(f"  const {name} = {_written(symbol, texts)};\n")
    for what, table in results.items():
        entries = [f'"{key}": {_text(x, texts)}' for key, x in table.items()]
        lines.append(f"  const {what} = {{{', '.join(entries)}}};\n")
    head = f"({{{', '.join(leaves)}}} = {{}}) => {{\n"
    return head + "".join(lines) + f"  return {{{', '.join(results)}}};\n}}"


def _by_edge(table: dict[tuple[str, int], Symbol]) -> dict[str, Symbol]:
    return {f"{target}:{slot}": symbol for (target, slot), symbol in table.items()}


def _written(symbol: Symbol, texts: dict[Symbol, str]) -> str:
    """A call, rounded to single precision where its result is."""
    text = None
    if symbol.shape == () and symbol.dtype.char not in "eg":
        text = _call(symbol, [x for x in symbol.arguments if _is_number(x)], texts)
    if text is None:
        raise ValueError(
            f"javascript: {symbol.call} can't be written for shape {symbol.shape} and dtype "
            f"{symbol.dtype}; only programs of single numbers are"
        )
    return f"Math.fround({text})" if symbol.dtype == np.float32 else text


def _is_number(x: Any) -> bool:
    return isinstance(x, Symbol | int | float | np.ndarray | np.generic) and np.ndim(x) == 0


def _call(symbol: Symbol, arguments: list[Any], texts: dict[Symbol, str]) -> str | None:
    """A call on numbers; None where it has no writing."""
    call, kind = symbol.call or "", symbol.dtype.kind
    single = all(x.dtype == np.float32 for x in symbol.operands if x.dtype.kind == "f")
    operands = [_text(np.float32(x) if single and _weak(x) else x, texts) for x in arguments]
    template = TEMPLATES.get(call)
    if template == "{0}" and OPTIONS.issuperset(symbol.options):
        return operands[0]  # a single number's sum, largest entry and transpose are that number
    if symbol.options or not (is_numpy(symbol) or call == "astype"):
        return None
    if template and call in LOGICAL and kind == "b":
        return template.format(*(_truth(x, texts) for x in arguments))
    if call == "where" and len(operands) == 3:
        return f"{_truth(arguments[0], texts)} ? {operands[1]} : {operands[2]}"
    if call == "astype":
        casts = {"b": _truth(arguments[0], texts), "f": f"Number({operands[0]})"}
        return casts.get(kind, f"Math.trunc({operands[0]})")
    if call == "power" and isinstance(arguments[1], int | float) and math.isfinite(arguments[1]):
        return "{} ** {}".format(*operands)
    if template and call not in LOGICAL and (kind != "b" or call in COMPARING):
        return template.format(*operands)
    return None


def _weak(x: Any) -> bool:
    """A Python number takes the precision of what it meets (NEP 50)."""
    return isinstance(x, float) and not isinstance(x, np.generic)


def _truth(x: Any, texts: dict[Symbol, str]) -> str:
    """Whether it isn't 0: nan is true in NumPy, and not in JavaScript."""
    boolean = isinstance(x, bool) or (isinstance(x, Symbol) and x.dtype.kind == "b")
    return _text(x, texts) if boolean else f"({_text(x, texts)} !== 0)"


def _text(x: Any, texts: dict[Symbol, str]) -> str:
    """A symbol's name, or a number, in brackets where it has a sign."""
    if isinstance(x, Symbol):
        return texts[x]
    text = _literal(x)
    return f"({text})" if text.startswith("-") else text


def _literal(x: Any) -> str:
    x = np.asarray(x).item()
    if isinstance(x, bool):
        return str(x).lower()
    if isinstance(x, int) or math.isfinite(x):
        return repr(x)
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
