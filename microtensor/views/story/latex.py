"""The chain rule in LaTeX: an equation for each value, and one for each gradient.

Formulas are those of `lexicon.py`, in which signs stand for the names until the names are put in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ...lexicon import elementwise, expression, local_formula, sent_formula
from ..numbers import array, equals, factor, number, product, size, small, summed_axes
from ..words import axes_named, say
from .steps import sign

MOST_ROWS, ENDS = 80, 20
MOST_PARTS = 6
FIRST = 0xE000  # signs without a meaning of their own: FIRST + k stands for operand k
OUT, UPSTREAM = "\uf8fe", "\uf8ff"
ATOM = r"(?:[\ue000-\uf8ff]|\d[\d.]*|\([^()]*\))"
SIGN = {"=": "=", "≈": r"\approx"}
FUNCTIONS = {"log", "exp", "sin", "cos", "tanh", "max", "min"}
SIGNS = {
    "·": r" \cdot ", "×": r" \times ", "−": "-", "@": r" \, ", "σ": r"\sigma", "≤": r" \le ",
    "≥": r" \ge ", "≠": r" \ne ", "…": r"\ldots ", "½": r"\frac{1}{2}", "ᵀ": r"^{\top}",
    "²": "^{2}", "³": "^{3}", "⁴": "^{4}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}", "_": r"\_",
}  # fmt: skip


def latex(graph: Graph, on_path: frozenset[str]) -> str:
    """A graph's story as one `align*`; gradients of the nodes in `on_path`."""
    rows = [*_forward(graph), *_backward(graph, on_path)]
    if len(rows) > MOST_ROWS:
        skipped = say("latex.skipped", lines=len(rows) - 2 * ENDS)
        skipped = rf"&\;\;\vdots \qquad \text{{{skipped}}}"
        rows = [*rows[:ENDS], skipped, *rows[-ENDS:]]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def _forward(graph: Graph) -> Iterator[str]:
    for node in graph.nodes:
        if node.rule is None:
            continue
        inputs = graph.operands(node.id)
        parts = [named(node.name), formula(node, inputs)]
        if np.ndim(node.value) == 0 and all(np.ndim(x.value) == 0 for x in inputs):
            if any(x.role != "constant" for x in inputs):
                numbers = [number(x.value) for x in inputs]
                parts.append(translated(expression(node.rule, numbers, node.options)))
            equal = SIGN[sign(node, inputs)]
        else:
            equal = "="
        yield f"{parts[0]} &= {' = '.join(parts[1:])} {equal} {valued(node.value)}"


def _backward(graph: Graph, on_path: frozenset[str]) -> Iterator[str]:
    result = graph.result
    if result.gradient is None:
        return
    yield f"{derivative(result, result)} &= {valued(result.gradient)}"
    for node in reversed(graph.nodes):
        edges = graph.arrivals(node.id)
        if not edges or node.id not in on_path:
            continue
        left = derivative(result, node)
        sent = [_sent(graph, edge) for edge in edges[:MOST_PARTS]]
        more = r" + \cdots" if len(edges) > MOST_PARTS else ""
        yield f"{left} &= {' + '.join(sent)}{more}"
        if all(np.size(graph.node(e.target).value) == np.size(node.value) == 1 for e in edges):
            yield f"&= {_formulas(graph, edges)}{_numbers(graph, edges, node)}"
        else:
            yield f"&= {valued(node.gradient)}"


def _formulas(graph: Graph, edges: Sequence[Edge]) -> str:
    """The same with the formulas of the local derivatives, `1 \\cdot c + 1 \\cdot a = `."""
    parts = []
    for edge in edges[:MOST_PARTS]:
        target = graph.node(edge.target)
        signs, names = _signs(graph.operands(target.id))
        local = local_formula(str(target.rule), edge.slot, signs, OUT)
        if not local or " if " in local:
            return ""
        upstream = translated(factor(np.asarray(target.gradient).item()))
        local = translated(local, names | {OUT: named(target.name)})
        parts.append(rf"{upstream} \cdot {_bracketed(local)}")
    plain = all(edge.formula in ("1", "−1") for edge in edges)
    if plain or len(edges) > MOST_PARTS:
        return ""
    return " + ".join(parts) + " = "


def _numbers(graph: Graph, edges: Sequence[Edge], node: Node) -> str:
    """The same in numbers: `1 × (−3) + 1 × 2 + 1 × 2 = 1`."""
    known = [edge for edge in edges if edge.local is not None]
    pairs = [
        (np.asarray(graph.node(e.target).gradient).item(), np.asarray(e.local).item())
        for e in known
    ]
    gradient = np.asarray(node.gradient).item()
    shown = " + ".join(
        translated(product(a, b, a * b)[0].rpartition(" ")[0]) for a, b in pairs[:MOST_PARTS]
    )
    if len(edges) > MOST_PARTS:
        return rf"{shown} + \cdots = {valued(gradient)}"

    def added(*numbers: float) -> float:
        return sum(a * b for a, b in zip(numbers[::2], numbers[1::2], strict=True))

    equal = equals(added, [x for pair in pairs for x in pair], gradient)
    return f"{shown} {SIGN[equal]} {valued(gradient)}"


def _sent(graph: Graph, edge: Edge) -> str:
    """One part of a gradient: upstream times the local derivative, or the rule's own formula."""
    target, source = graph.node(edge.target), graph.node(edge.source)
    operands = graph.operands(target.id)
    signs, names = _signs(operands)
    upstream = derivative(graph.result, target)
    names |= {OUT: named(target.name), UPSTREAM: upstream}
    if edge.local is not None and np.size(target.value) == np.size(source.value) == 1:
        return rf"{upstream} \, {derivative(target, source)}"
    rule = str(target.rule)
    if elementwise(rule):
        local = local_formula(rule, edge.slot, signs, OUT)
        text = rf"{upstream} \odot {_bracketed(translated(local, names))}"
        text = {"1": upstream, "−1": f"-{upstream}"}.get(local, text)
        axes = summed_axes(np.shape(target.value), np.shape(source.value))
        added = say("latex.added", axes=axes_named(axes))
        return rf"{text}\;\text{{{added}}}" if axes else text
    shapes = [np.shape(x.value) for x in operands]
    length = int(np.size(target.value))
    text = sent_formula(rule, edge.slot, signs, shapes, OUT, length, UPSTREAM, target.options)
    return translated(text, names) if text else rf"\mathrm{{{_plain(rule)}}}'({upstream})"


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)" if " " in text or text.startswith("-") else text


def _signs(operands: Sequence[Node]) -> tuple[list[str], dict[str, str]]:
    """A sign for each operand (a constant stands for itself), and what they mean."""
    signs = [x.name if x.role == "constant" else chr(FIRST + k) for k, x in enumerate(operands)]
    return signs, {chr(FIRST + k): named(x.name) for k, x in enumerate(operands)}


def formula(node: Node, operands: Sequence[Node]) -> str:
    """The expression that gave a node."""
    signs, names = _signs(operands)
    return translated(expression(str(node.rule), signs, node.options), names)


def derivative(of: Node, by: Node) -> str:
    """The fraction ∂of/∂by."""
    return rf"\frac{{\partial {named(of.name)}}}{{\partial {named(by.name)}}}"


def named(name: str) -> str:
    """A name: `w`, `t_{12}`, `\\mathrm{loss}`; signs that LaTeX reads otherwise are escaped."""
    numbered = re.fullmatch(r"([A-Za-z])(\d*)", name)
    if numbered:
        return numbered[1] + (f"_{{{numbered[2]}}}" if numbered[2] else "")
    return rf"\mathrm{{{_plain(name)}}}"


def _plain(name: str) -> str:
    """Letters, digits and harmless signs of a name; others become a question mark."""
    kept = (c if c.isalnum() or c in " .,-+=()[]:_" else "?" for c in name)
    return "".join(kept).replace("_", r"\_").replace(" ", r"\ ")


def valued(value: Any) -> str:
    """A number, a small matrix, or the shape and the root mean square of a larger one."""
    value = np.asarray(value)
    if value.ndim == 0 and value.size:
        return translated(number(value))
    if not small(value.shape):
        shape = size(value.shape).replace("×", say("by"))
        return rf"\text{{({shape}, }}{translated(array(value))})"
    rows = [" & ".join(translated(number(x)) for x in row) for row in np.atleast_2d(value)]
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


def translated(text: str, names: dict[str, str] | None = None) -> str:
    """A formula in LaTeX, with names in the place of their signs."""
    text = re.sub(r"(\d)e(−?\d+)", r"\1×10^(\2)", text)
    parts = re.split(rf"([A-Za-z][A-Za-z_]*(?: [A-Za-z][A-Za-z_]*)*)|\^({ATOM})|√({ATOM})"
                     rf"|({ATOM})/({ATOM})", text)  # fmt: skip
    out = []
    for i in range(0, len(parts), 6):
        out.append("".join(SIGNS.get(c, c) for c in parts[i]))
        if i + 5 < len(parts):
            words, power, root, above, below = parts[i + 1 : i + 6]
            if words:
                out.append(_words(words))
            elif power:
                out.append(f"^{{{translated(_inside(power))}}}")
            elif root:
                out.append(rf"\sqrt{{{translated(_inside(root))}}}")
            else:
                above, below = (translated(_inside(x)) for x in (above, below))
                out.append(rf"\frac{{{above}}}{{{below}}}")
    written = "".join(out)
    for stand_in, name in (names or {}).items():
        written = written.replace(stand_in, name)
    return re.sub(" +", " ", written).strip()


def _inside(atom: str) -> str:
    return atom[1:-1] if atom.startswith("(") else atom


def _words(words: str) -> str:
    """A function's name, or prose within a formula."""
    if words in FUNCTIONS:
        return rf"\{words} "
    if words in ("sign", "mean"):
        return rf"\mathrm{{{words}}}\,"
    if words == "inf":
        return r"\infty "
    if " " in words or words in ("if", "else", "not", "where", "without"):
        return rf"\;\text{{{words}}}\;"
    return rf"\mathrm{{{_plain(words)}}}"
