"""How each rule is written: the expression, its local derivatives, and what it sends back.

In a template {0}, {1} are the operands, {out} the result and {g} the gradient that arrives at it.
A rule with `locals` works entry by entry: its local derivative is an array of the result's shape,
which upstream is multiplied by. One that mixes entries `sends` something else; of a rule with
neither, the expression is all there is to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

LONGEST_NAME = 40
FUNCTION = 9  # how firmly a text holds together: a name, a call; a sum is 1, a product 2
SIGN, POWER, PRODUCT, SUM, TEXT = 3, 4, 2, 1, 0


class Notation(NamedTuple):
    """The templates of an expression, of each local derivative, and of what goes to each operand.

    `binds` says how firmly the expression holds together, and `needs` how firmly each operand
    has to, so as not to be put in brackets.
    """

    expression: str
    locals: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    binds: int = FUNCTION
    needs: tuple[int, ...] = (TEXT, TEXT, TEXT)


def _function(name: str, local: str) -> Notation:
    return Notation(f"{name}({{0}})", (local,))


def _mixing(name: str, sends: str) -> Notation:
    return Notation(f"{name}({{0}})", sends=(sends,))


NOTATION = {
    "add": Notation("{0} + {1}", ("1", "1"), (), SUM, (SUM, PRODUCT)),
    "subtract": Notation("{0} − {1}", ("1", "−1"), (), SUM, (SUM, PRODUCT)),
    "multiply": Notation("{0} · {1}", ("{1}", "{0}"), (), PRODUCT, (PRODUCT, SIGN)),
    "divide": Notation("{0} / {1}", ("1/{1}", "−{out}/{1}"), (), PRODUCT, (PRODUCT, SIGN)),
    "negative": Notation("−{0}", ("−1",), (), SUM, (PRODUCT,)),
    "power": Notation(
        "{0}^{1}", ("{1}·{0}^({1} − 1)", "{out}·log {0}"), (), POWER, (FUNCTION, FUNCTION)
    ),
    "exp": _function("exp", "{out}"),
    "expm1": _function("expm1", "{out} + 1"),
    "log": _function("log", "1/{0}"),
    "log1p": _function("log1p", "1/(1 + {0})"),
    "sqrt": Notation("√{0}", ("1/(2·{out})",), (), POWER, (FUNCTION,)),
    "square": Notation("{0}²", ("2·{0}",), (), POWER, (FUNCTION,)),
    "sin": _function("sin", "cos {0}"),
    "cos": _function("cos", "−sin {0}"),
    "tanh": _function("tanh", "1 − {out}²"),
    "sigmoid": _function("σ", "{out}(1 − {out})"),
    "relu": _function("relu", "1 if {0} > 0 else 0"),
    "softplus": _function("softplus", "σ({0})"),
    "absolute": Notation("|{0}|", ("sign {0}",)),
    "maximum": Notation(
        "max({0}, {1})", ("1 if {0} > {1} else 0 (tie ½)", "1 if {1} > {0} else 0 (tie ½)")
    ),
    "minimum": Notation(
        "min({0}, {1})", ("1 if {0} < {1} else 0 (tie ½)", "1 if {1} < {0} else 0 (tie ½)")
    ),
    "clip": Notation(
        "clip({0}, {1}, {2})",
        ("1 if {1} ≤ {0} ≤ {2} else 0", "1 if {0} < {1} else 0", "1 if {0} > {2} else 0"),
    ),
    "where": Notation("({1} if {0} else {2})", ("", "1 if {0} else 0", "0 if {0} else 1")),
    "matmul": Notation("{0} @ {1}", (), ("{g} @ {1}ᵀ", "{0}ᵀ @ {g}"), PRODUCT, (PRODUCT, SIGN)),
    "transpose": _mixing("transpose", "{g}, transposed back"),
    "sum": _mixing("sum", "{g}, copied to each entry"),
    "mean": _mixing("mean", "{g} / {n}, copied to each entry"),
    "max": _mixing("max", "{g} where {0} is largest, else 0 (ties share)"),
    "min": _mixing("min", "{g} where {0} is smallest, else 0 (ties share)"),
    "prod": _mixing("prod", "{g} · product of the other entries"),
    "var": _mixing("var", "{g} · 2({0} − mean {0})/({n} − {ddof})"),
    "cumsum": _mixing("cumsum", "{g}, summed from each entry to the end"),
    "logsumexp": _mixing("logsumexp", "{g} · exp({0} − {out})"),
    "softmax": _mixing("softmax", "{out}·({g} − sum({g}·{out}))"),
    "log_softmax": _mixing("log_softmax", "{g} − exp({out})·sum {g}"),
    "reshape": _mixing("reshape", "{g}, reshaped back"),
    "squeeze": _mixing("squeeze", "{g}, reshaped back"),
    "expand_dims": _mixing("expand_dims", "{g}, reshaped back"),
    "broadcast_to": _mixing("broadcast_to", "{g}, summed over the copies"),
    "flip": _mixing("flip", "{g}, flipped back"),
    "astype": _mixing("astype", "{g}"),
    "pad": _mixing("pad", "{g} without the padding"),
    "getitem": Notation(
        "{0}[{index}]", (), ("{g} put at [{index}], 0 elsewhere",), FUNCTION, (FUNCTION,)
    ),
    "put": _mixing("put", "{g}[{index}]"),
    "logical_not": Notation("not {0}", binds=TEXT),
    "equal": Notation("{0} = {1}", binds=TEXT),
    "not_equal": Notation("{0} ≠ {1}", binds=TEXT),
    "less": Notation("{0} < {1}", binds=TEXT),
    "less_equal": Notation("{0} ≤ {1}", binds=TEXT),
    "greater": Notation("{0} > {1}", binds=TEXT),
    "greater_equal": Notation("{0} ≥ {1}", binds=TEXT),
}
# A product with a vector: (axes of the left operand, of the right) -> what goes to each
VECTOR_PRODUCTS = {
    (1, 1): ("{g}·{1}", "{g}·{0}"),
    (2, 1): ("outer({g}, {1})", "{0}ᵀ @ {g}"),
    (1, 2): ("{1} @ {g}", "outer({0}, {g})"),
}
# What stands behind a linear map, entry by entry or row by row: its result is called A
ACTIVATIONS = frozenset({"relu", "sigmoid", "tanh", "softplus", "softmax", "log_softmax"})
POWERS = {"2": "²", "3": "³", "4": "⁴"}


def elementwise(rule: str) -> bool:
    """Whether the rule works entry by entry."""
    return bool(rule in NOTATION and NOTATION[rule].locals)


def expression(rule: str, operands: list[str], options: Mapping[str, Any]) -> str:
    """The rule applied to operands, such as `w · x`, `σ(z)`, or `sum(z, axis=0)`."""
    return nested(rule, [(operand, firmness(operand)) for operand in operands], options)[0]


def nested(
    rule: str, operands: list[tuple[str, int]], options: Mapping[str, Any]
) -> tuple[str, int]:
    """An expression of expressions, in brackets where needed, and how firmly it holds together."""
    if rule == "power" and operands[1][0] in POWERS:
        return _bracketed(operands[0], FUNCTION) + POWERS[operands[1][0]], POWER
    if rule == "transpose" and options["axes"] in (None, (1, 0)):
        return _bracketed(operands[0], FUNCTION) + "ᵀ", FUNCTION
    if (rule in NOTATION and not NOTATION[rule].sends) or rule in ("matmul", "getitem"):
        notation = NOTATION[rule]
        needs = (*notation.needs, *[TEXT] * len(operands))
        texts = [_bracketed(x, need) for x, need in zip(operands, needs, strict=False)]
        shown = _shown(options)
        return notation.expression.format(*texts, **shown), notation.binds
    given = [f"{k}={_brief(v)}" for k, v in options.items() if v is not None and v is not False]
    return f"{rule}({', '.join([*(text for text, _ in operands), *given])})", FUNCTION


def short(name: str) -> str:
    """A name on one line, cut where it is long: as it stands in expressions."""
    line = " ".join(name[: 20 * LONGEST_NAME].split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"


def firmness(name: str) -> int:
    """How firmly a name holds together: `1 − y` is a sum, `-2` has a sign."""
    if any(c.isspace() for c in name):
        return TEXT
    return TEXT if name.startswith(("-", "−")) else FUNCTION


def _bracketed(operand: tuple[str, int], needs: int) -> str:
    text, binds = operand
    return text if binds >= needs else f"({text})"


def local_formula(rule: str, slot: int, operands: list[str], out: str) -> str:
    """The local derivative with respect to an operand, such as `x` or `s(1 − s)`; '' if none."""
    if not elementwise(rule):
        return ""
    texts = [_bracketed((x, firmness(x)), FUNCTION) for x in operands]
    if rule == "power" and slot == 0 and operands[1] in ("2", "3"):
        return f"{operands[1]}·{texts[0]}" + ("²" if operands[1] == "3" else "")
    formula = NOTATION[rule].locals[slot].format(*texts, out=_bracketed((out, firmness(out)), 9))
    whole = formula in texts and formula.startswith("(")  # `x` alone needs no brackets
    return formula[1:-1] if whole else formula


def sent_formula(
    rule: str,
    slot: int,
    operands: list[str],
    shapes: list[tuple[int, ...]],
    out: str,
    size: int,
    g: str,
    options: Mapping[str, Any],
) -> str:
    """What a rule that mixes entries sends to an operand, such as `∂L/∂z @ Bᵀ`; '' if unknown.

    `shapes` are those of the operands, and `size` counts the entries of the result `out`.
    """
    if rule == "concatenate":
        return f"{g}, the part of operand {slot + 1}"
    if rule == "einsum":
        return f"the same product, with {g} in place of operand {slot + 1}"
    if rule not in NOTATION or not NOTATION[rule].sends:
        return ""
    template = NOTATION[rule].sends[slot]
    if rule == "transpose" and options["axes"] in (None, (1, 0)):
        template = "({g})ᵀ"
    if rule == "matmul":
        axes = tuple(len(shape) for shape in shapes)
        template = VECTOR_PRODUCTS[axes][slot] if axes in VECTOR_PRODUCTS else template
    texts = [_bracketed((x, firmness(x)), FUNCTION) for x in operands]
    shown = _shown(options)
    n = prod(shapes[0]) // size if size else 0
    return template.format(*texts, **shown, out=out, g=g, n=n)


def _shown(options: Mapping[str, Any]) -> dict[str, str]:
    """Options in a few characters each; of an index in several axes, what stands in brackets."""
    return {
        name: ", ".join(map(_brief, value))
        if name == "index" and isinstance(value, tuple)
        else _brief(value)
        for name, value in options.items()
    }


def _brief(value: Any) -> str:
    """An option in a few characters."""
    if isinstance(value, slice):
        start, stop = ("" if v is None else v for v in (value.start, value.stop))
        return f"{start}:{stop}" + (f":{value.step}" if value.step is not None else "")
    if value is Ellipsis:
        return "..."
    text = " ".join(str(value).split())
    return text if len(text) <= 24 else text[:21] + "..."
