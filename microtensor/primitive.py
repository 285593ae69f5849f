"""A user's own operation: a value and its derivatives, from then on like a built-in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ShapeError, label
from .rules import RULES, Derivative, Rule
from .tensor import Tensor, apply


def primitive(
    name: str, forward: Callable[..., Any], *derivatives: Derivative | None, words: str = ""
) -> Callable[..., Tensor]:
    """An operation of your own, from its value and one derivative for each input.

        cube = primitive("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2)

    `forward(*inputs, **options)` gets arrays and returns an array. A derivative
    `(g, out, *inputs, **options)` gets the gradient `g` that arrives at the result `out`, and
    returns what goes on to its input, before broadcasting is undone; None stands for an input
    that has no derivative. Written in NumPy's functions and operators, it can be differentiated
    again. Keyword arguments of the operation are its options. `words`, a sentence on why the
    derivative is what it is, is what a story says of it.

    The operation returned is recorded, drawn and checked like the built-in ones; what the two
    functions return is looked at, so that a mistake is named where it is made.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"primitive: a name is a Python identifier, got {name!r}")
    if name in RULES:
        raise ValueError(f"primitive: {name!r} is a built-in operation; choose another name")
    if not derivatives:
        raise TypeError(f"primitive: {name!r} needs a derivative (or None) for each input")
    for part in (forward, *derivatives):
        if part is not None and not callable(part):
            raise TypeError(f"primitive: {name!r}: expected functions, got {part!r}")
    rule = Rule(
        name,
        _checked_forward(name, forward),
        tuple(d and _checked_derivative(name, slot, d) for slot, d in enumerate(derivatives)),
        own=True,
        words=_one_line(name, words),
    )

    def operation(*inputs: Any, **options: Any) -> Tensor:
        if len(inputs) != len(derivatives):
            raise TypeError(f"{name}: takes {len(derivatives)} inputs, got {len(inputs)}")
        return apply(rule, inputs, options)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = forward.__doc__
    return operation


def _one_line(name: str, words: Any) -> str:
    if not isinstance(words, str):
        raise TypeError(f"primitive: {name!r}: words is a sentence, got {words!r}")
    return " ".join(words.split())


def _checked_forward(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*inputs: Any, **options: Any) -> Any:
        array = _real(forward(*inputs, **options), f"{name}: forward returns")
        shared = any(np.may_share_memory(array, x) for x in inputs if isinstance(x, np.ndarray))
        return array.copy() if shared else array

    return checked


def _checked_derivative(name: str, slot: int, derivative: Derivative) -> Derivative:
    def checked(g: Any, out: Any, *inputs: Any, **options: Any) -> Any:
        d = derivative(g, out, *inputs, **options)
        if not hasattr(d, "apply_rule"):
            d = np.array(_real(d, f"{name}: the derivative of input {slot} is"))
        x = inputs[slot]
        sizes = zip(reversed(d.shape), reversed(x.shape), strict=False)
        if d.ndim < x.ndim or not all(n in (m, 1) for m, n in sizes):
            raise ShapeError(
                f"{name}: the derivative of input {slot} has shape {d.shape}, but the input is "
                f"{label(x)}; a derivative is multiplied by g"
            )
        return d

    return checked


def _real(value: Any, what: str) -> Any:
    """The value as an array, once it is known to hold real numbers; a symbol as it is."""
    if hasattr(value, "apply_rule") and not isinstance(value, Tensor):
        return value
    array = np.asarray(value) if isinstance(value, int | float | np.generic) else value
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        got = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else repr(value)[:40]
        raise TypeError(f"{what} an array of real numbers, but gave {got}")
    return array
