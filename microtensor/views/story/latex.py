"""The chain rule in LaTeX: an equation for each value, and one for each gradient.

Formulas are those of the lexicon, in which signs stand for names and gradients until all is
written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from ...graph import Edge, Graph, Node
from ..numbers import array, equals, factor, lost, number, product, size, small, summed_axes
from ..words import MOST_PARTS, axes_named, conditional, say
from .steps import in_numbers

MOST_ROWS, ENDS = 80, 20
NAME, GRADIENT, END = "\ue000", "\ue001", "\ue002"  # around the number of a node
ATOM = rf"(?:[{NAME}{GRADIENT}]\d+{END}|\d[\d.]*|\([^()]*\))"
LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"  # ∂ and σ are signs
WORD = f"[{LETTER}][{LETTER}0-9_]*"
PART = re.compile(
    rf"(?P<words>{WORD}(?: {WORD})*)"
    rf"|\^(?P<power>{ATOM})|√(?P<root>{ATOM})|(?P<above>{ATOM})/(?P<below>{ATOM})|(?P<sign>.)",
    re.ASCII,
)
SIGNS = {
    "·": r" \cdot ", "×": r" \times ", "−": "-", "@": r" \, ", "σ": r"\sigma", "≤": r" \le ",
    "≥": r" \ge ", "≠": r" \ne ", "…": r"\ldots ", "½": r"\frac{1}{2}", "ᵀ": r"^{\top}",
    "²": "^{2}", "³": "^{3}", "⁴": "^{4}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}", "_": r"\_", "≈": r"\approx", "\\": r"\backslash ", "~": r"\sim ",
    "^": r"\wedge ",
}  # fmt: skip
WORDS = {
    **{word: rf"\{word} " for word in ("log", "exp", "sin", "cos", "tanh", "max", "min")},
    **{word: rf"\mathrm{{{word}}}\," for word in ("sign", "mean")},
    "inf": r"\infty ",
}


def latex(graph: Graph, on_path: frozenset[str]) -> str:
    """A graph's story as one `align*`; gradients of the nodes in `on_path`."""
    written = list(_rows(graph, on_path))
    if len(written) > MOST_ROWS:
        skipped = say("latex.skipped", lines=len(written) - 2 * ENDS)
        written[ENDS:-ENDS] = [lambda: rf"&\;\;\vdots \qquad \text{{{skipped}}}"]
    rows = [row() for row in written]
    out = _named(graph.differentiated)

    def name(stands_for: re.Match[str]) -> str:
        name = _named(graph.node(f"n{stands_for[2]}").name)
        return name if stands_for[1] == NAME else _fraction(out, name)

    text = "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
    return re.sub(rf"([{NAME}{GRADIENT}])(\d+){END}", name, text)


def _rows(graph: Graph, on_path: frozenset[str]) -> Iterator[Callable[[], str]]:
    """What writes each row, once it is known that it is shown."""
    for node in graph.nodes:
        if node.rule is not None:
            yield partial(_value, graph, node)
    if graph.result.gradient is not None:
        yield lambda: f"{_sign(graph.result, GRADIENT)} &= {_valued(graph.result.gradient)}"
        for node in reversed(graph.nodes):
            if graph.arrivals(node.id) and node.id in on_path:
                yield partial(_gradient, graph, node)
                yield partial(_gradient_in_numbers, graph, node)


def _value(graph: Graph, node: Node) -> str:
    operands = graph.operands(node.id)
    expression = node.row.expression(list(map(_sign, operands)), node.options)
    numbers, equal = in_numbers(node, operands)
    parts = [translated(expression)]
    if numbers and any(x.role != "constant" for x in operands):
        parts.append(translated(numbers))
    return f"{_sign(node)} &= {' = '.join(parts)} {translated(equal)} {_valued(node.value)}"


def _gradient(graph: Graph, node: Node) -> str:
    edges = graph.arrivals(node.id)
    sent = _added([_sent(graph, edge) for edge in edges[:MOST_PARTS]], len(edges))
    return f"{_sign(node, GRADIENT)} &= {sent}"


def _gradient_in_numbers(graph: Graph, node: Node) -> str:
    edges, known = graph.arrivals(node.id), np.asarray(node.gradient)
    sizes = {np.size(x.value) for x in (node, *(graph.node(e.target) for e in edges))}
    known = known.reshape(()) if sizes == {1} else known
    return f"&= {_in_numbers(graph, edges, known) if sizes == {1} else ''}{_valued(known)}"


def _added(parts: list[str], many: int) -> str:
    return " + ".join([*parts[:MOST_PARTS], *([r"\cdots"] if many > MOST_PARTS else [])])


def _in_numbers(graph: Graph, edges: tuple[Edge, ...], gradient: Any) -> str:
    """The same between single numbers: `2 \\cdot c + 3 \\cdot a = 2 \\times 5 + 3 \\times 1 =`.

    First with the formulas of the local derivatives, where they say more than numbers.
    """
    g = [np.asarray(graph.node(edge.target).gradient).item() for edge in edges]
    local = [np.asarray(edge.local).item() for edge in edges]
    pairs = list(zip(g, local, strict=True))[:MOST_PARTS]
    products = [translated(product(a, b, a * b)[0].rpartition(" ")[0]) for a, b in pairs]
    text = _added(products, len(edges))
    if len(edges) > MOST_PARTS:
        return f"{text} = "

    def total(*numbers: float) -> float:
        return sum(a * b for a, b in zip(numbers[::2], numbers[1::2], strict=True))

    sign = equals(total, [x for pair in pairs for x in pair], gradient)
    if lost([a * b for a, b in pairs], float(gradient)):
        sign = "≈"
    text += f" {translated(sign)} "
    formulas = [edge.formula for edge in edges]
    if any(not x or conditional(x) for x in formulas) or set(formulas) <= {"1", "−1"}:
        return text
    parts = [
        rf"{translated(factor(x))} \cdot {_bracketed(translated(_formula(graph, edge)))}"
        for x, edge in zip(g, edges, strict=True)
    ]
    return f"{' + '.join(parts)} = {text}"


def _sent(graph: Graph, edge: Edge) -> str:
    """One part of a gradient: upstream times the local derivative, or the rule's own formula."""
    target, source = graph.node(edge.target), graph.node(edge.source)
    upstream = _sign(target, GRADIENT)
    if edge.local is not None and np.size(target.value) == np.size(source.value) == 1:
        return rf"{upstream} \, {_fraction(_sign(target), _sign(source))}"
    known = _formula(graph, edge)
    if not target.row.elementwise:
        name = rf"\mathrm{{{_plain(str(target.rule))}}}"
        return translated(known) if known else f"{name}'({upstream})"
    text = rf"{upstream} \odot {_bracketed(translated(known))}"
    text = {"1": upstream, "−1": f"-{upstream}"}.get(known, text)
    axes = summed_axes(np.shape(target.value), np.shape(source.value))
    if not axes:
        return text
    return rf"{text}\;\text{{{say('latex.added', axes=axes_named(axes))}}}"


def _formula(graph: Graph, edge: Edge) -> str:
    """The local derivative, or what is sent, with signs in the names' place."""
    target, operands = graph.node(edge.target), graph.operands(edge.target)
    signs, shapes = list(map(_sign, operands)), [np.shape(x.value) for x in operands]
    out, g, length = _sign(target), _sign(target, GRADIENT), int(np.size(target.value))
    formulas = target.row.formulas(signs, target.options, out, g, shapes, length)
    return next(islice(formulas, edge.slot, None))


def _sign(node: Node, kind: str = NAME) -> str:
    """What stands for a node's name, or for its gradient; a constant stands for itself."""
    return node.name if node.role == "constant" else f"{kind}{node.id[1:]}{END}"


def _fraction(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)" if " " in text or text.startswith("-") else text


def _named(name: str) -> str:
    """A name: `w`, `t_{12}`, `\\mathrm{loss}`; signs that LaTeX reads otherwise are escaped."""
    numbered = re.fullmatch(r"([A-Za-z])(\d*)", name)
    if numbered:
        return numbered[1] + (f"_{{{numbered[2]}}}" if numbered[2] else "")
    return rf"\mathrm{{{_plain(name)}}}"


def _plain(name: str) -> str:
    """Letters, digits and harmless signs of a name; others become a question mark."""
    kept = (c if c.isalnum() or c in " .,-+=()[]:_" else "?" for c in name)
    return "".join(kept).replace("_", r"\_").replace(" ", r"\ ")


def _valued(value: Any) -> str:
    """A number, a small matrix, or the shape and the root mean square of a larger one."""
    value = np.asarray(value)
    if value.ndim == 0 and value.size:
        return translated(number(value))
    if not small(value.shape):
        shape = size(value.shape).replace("×", say("by"))
        return rf"\text{{({shape}, }}{translated(array(value))})"
    rows = [" & ".join(translated(number(x)) for x in row) for row in np.atleast_2d(value)]
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"


def translated(text: str) -> str:
    """A formula in LaTeX."""
    text = re.sub(r"(\d)e(−?\d+)", r"\1×10^(\2)", text)
    return re.sub(" +", " ", PART.sub(_translation, text)).strip()


def _translation(part: re.Match[str]) -> str:
    kind = str(part.lastgroup)
    text = part[kind]
    if kind == "sign":
        return SIGNS.get(text, text)
    if kind == "words":
        said = " " in text or text in say("latex.words").split()
        prose = rf"\;\text{{{text}}}\;" if said else rf"\mathrm{{{_plain(text)}}}"
        return WORDS.get(text, prose)
    inside = [
        translated(x.removeprefix("(").removesuffix(")")) for x in (part["above"] or "", text)
    ]
    return {"power": "^{%s}", "root": r"\sqrt{%s}", "below": rf"\frac{{{inside[0]}}}{{%s}}"}[
        kind
    ] % inside[1]
