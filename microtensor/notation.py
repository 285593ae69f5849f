"""How each rule is written: the expression, and its local derivatives as formulas.

In a template {0}, {1} are the operands and {out} the result, by name. A rule with formulas works
entry by entry: its local derivative is an array of the result's shape, which upstream is
multiplied by. One without formulas mixes entries; its expression is all there is to write.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Notation(NamedTuple):
    """The template of an expression, and one of each local derivative (none: mixes entries)."""

    expression: str
    locals: tuple[str, ...] = ()


def _function(name: str, local: str) -> Notation:
    return Notation(f"{name}({{0}})", (local,))


NOTATION = {
    "add": Notation("{0} + {1}", ("1", "1")),
    "subtract": Notation("{0} − {1}", ("1", "−1")),
    "multiply": Notation("{0} · {1}", ("{1}", "{0}")),
    "divide": Notation("{0} / {1}", ("1/{1}", "−{out}/{1}")),
    "negative": Notation("−{0}", ("−1",)),
    "power": Notation("{0}^{1}", ("{1}·{0}^({1}−1)", "{out}·log {0}")),
    "exp": _function("exp", "{out}"),
    "expm1": _function("expm1", "{out} + 1"),
    "log": _function("log", "1/{0}"),
    "log1p": _function("log1p", "1/(1 + {0})"),
    "sqrt": Notation("√{0}", ("1/(2·{out})",)),
    "square": Notation("{0}²", ("2·{0}",)),
    "sin": _function("sin", "cos {0}"),
    "cos": _function("cos", "−sin {0}"),
    "tanh": _function("tanh", "1 − {out}²"),
    "sigmoid": _function("σ", "{out}(1 − {out})"),
    "relu": _function("relu", "1 if {0} > 0 else 0"),
    "softplus": _function("softplus", "σ({0})"),
    "absolute": Notation("|{0}|", ("sign {0}",)),
    "maximum": Notation("max({0}, {1})", ("1 if {0} > {1} else 0", "1 if {1} > {0} else 0")),
    "minimum": Notation("min({0}, {1})", ("1 if {0} < {1} else 0", "1 if {1} < {0} else 0")),
    "clip": Notation(
        "clip({0}, {1}, {2})",
        ("1 if {1} ≤ {0} ≤ {2} else 0", "1 if {0} < {1} else 0", "1 if {0} > {2} else 0"),
    ),
    "where": Notation("{1} if {0} else {2}", ("", "1 if {0} else 0", "0 if {0} else 1")),
    "matmul": Notation("{0} @ {1}"),
    "getitem": Notation("{0}[{index}]"),
    "logical_not": Notation("not {0}"),
    "equal": Notation("{0} = {1}"),
    "not_equal": Notation("{0} ≠ {1}"),
    "less": Notation("{0} < {1}"),
    "less_equal": Notation("{0} ≤ {1}"),
    "greater": Notation("{0} > {1}"),
    "greater_equal": Notation("{0} ≥ {1}"),
}


def elementwise(rule: str) -> bool:
    """Whether the rule works entry by entry."""
    return bool(rule in NOTATION and NOTATION[rule].locals)


def expression(rule: str, operands: list[str], options: dict[str, Any]) -> str:
    """The rule applied to operands, such as `w · x`, `σ(z)`, or `sum(z, axis=0)`."""
    if rule == "transpose" and options["axes"] in (None, (1, 0)):
        return f"{operands[0]}ᵀ"
    if rule in NOTATION:
        shown = {name: _brief(value) for name, value in options.items()}
        return NOTATION[rule].expression.format(*operands, **shown)
    given = [f"{k}={_brief(v)}" for k, v in options.items() if v is not None and v is not False]
    return f"{rule}({', '.join([*operands, *given])})"


def local_formula(rule: str, slot: int, operands: list[str], out: str) -> str:
    """The local derivative with respect to an operand, such as `x` or `s(1 − s)`; '' if none."""
    if not elementwise(rule):
        return ""
    return NOTATION[rule].locals[slot].format(*operands, out=out)


def _brief(value: Any) -> str:
    """An option in a few characters."""
    if isinstance(value, slice):
        start, stop = ("" if v is None else v for v in (value.start, value.stop))
        return f"{start}:{stop}" + (f":{value.step}" if value.step is not None else "")
    if value is Ellipsis:
        return "..."
    if isinstance(value, tuple) and any(isinstance(v, slice) or v is Ellipsis for v in value):
        return ", ".join(_brief(v) for v in value)
    text = " ".join(str(value).split())
    return text if len(text) <= 24 else text[:21] + "..."
