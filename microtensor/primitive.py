"""A user's own operation: a value and its derivatives, from then on like a built-in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from .errors import GradientError, ShapeError, label, own_arithmetic
from .lexicon import FUNCTION, POWER, Row, firmness, shown
from .modes import Recorder, current_mode, mode
from .operands import computes_plainly
from .rules import RULES, Derivative, Rule
from .tensor import Tensor, apply

# What the texts of a row may name in braces, beside the operands {0}, {1}, ...
FIELDS = {"written": "", "locals": "out", "sends": "out g k n", "words": "out L me other"}

# How numbers leave the record, of which something is computed that has a derivative.
TAKEN_OUT = {".data", ".item()", ".tolist()", ".numpy()", "np.asarray()"}
TAKEN_OUT |= {"float()", "int()", "complex()", "round()"}

Texts = str | Sequence[str]


def primitive(
    name: str,
    forward: Callable[..., Any],
    *derivatives: Derivative | None,
    words: Texts = "",
    written: str = "",
    locals: Texts = (),
    sends: Texts = (),
    activation: bool = False,
) -> Callable[..., Tensor]:
    """An operation of your own, from its value and one derivative for each input.

        cube = primitive("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2)

    `forward(*inputs, **options)` gets arrays and returns an array. A derivative
    `(g, out, *inputs, **options)` gets the gradient `g` that arrives at the result `out`, and
    returns what goes on to its input, before broadcasting is undone; None stands for an input
    that has no derivative. Written in NumPy's functions and operators, it can be differentiated
    again. Keyword arguments of the operation are its options.

    The rest is how it is shown, as built-in ones are. `words` is why the derivative is what it
    is, and `written` the expression, `"{0}³"`. One that works entry by entry says its `locals`,
    the local derivatives on paper (`"3·{0}²"`), another what it `sends` (`"{g}, reversed"`). Each
    is a text, or one for each input; {0}, {1} are the operands, {out} is the result, {g} what
    arrives at it, {L} what is differentiated, {me} the operand and {other} the next. The result of
    an `activation` is called A.

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
    texts = {"written": written, "locals": locals, "sends": sends, "words": words}
    rule = Rule(
        name,
        partial(_value, name, forward),
        tuple(d and partial(_slope, name, slot, d) for slot, d in enumerate(derivatives)),
        own=True,
        row=_row(name, len(derivatives), texts)._replace(activation=activation),
    )

    def operation(*inputs: Any, **options: Any) -> Tensor:
        if len(inputs) != len(derivatives):
            raise TypeError(f"{name}: takes {len(derivatives)} inputs, got {len(inputs)}")
        return apply(rule, inputs, options)

    operation.__name__ = operation.__qualname__ = name
    operation.__doc__ = forward.__doc__
    return operation


def _row(name: str, inputs: int, given: dict[str, Any]) -> Row:
    """A row of the lexicon, once its texts are known to make sense."""
    who = f"primitive: {name!r}"
    written, locals, sends, why = (_texts(who, inputs, *texts) for texts in given.items())
    if locals and sends:
        raise ValueError(f"{who}: it has locals, or it sends something else: not both")
    text = "".join(written)
    call = re.fullmatch(r"\w+\([^()]*\)", text) or not text
    binds = FUNCTION if call else min(firmness(text), POWER)
    return Row(name, text, locals, sends, why, binds, needs=(FUNCTION,))


def _texts(who: str, inputs: int, what: str, given: Any) -> tuple[str, ...]:
    """The texts of a row, each on one line; they name in braces only what there is."""
    several = isinstance(given, list | tuple) and what != "written"
    texts = given if several else [given] if given != "" else ()
    if not all(isinstance(text, str) for text in texts):
        each = "a text" if what == "written" else "a text, or one for each input"
        raise TypeError(f"{who}: {what} is {each}, got {given!r}")
    if len(texts) > inputs:
        raise ValueError(f"{who}: {len(texts)} {what} for {inputs} inputs")
    fields = [*map(str, range(inputs)), *FIELDS[what].split()]
    for text in texts:
        try:
            text.format(*fields[:inputs], **dict.fromkeys(fields[inputs:], ""))
        except (LookupError, ValueError, AttributeError):
            known = ", ".join(f"{{{field}}}" for field in fields)
            raise ValueError(f"{who}: {what} may name {known} in braces, got {text!r}") from None
    return tuple(map(shown, texts))


def _value(name: str, forward: Callable[..., Any], /, *inputs: Any, **options: Any) -> Any:
    array = _real(forward(*inputs, **options), f"{name}: forward returns")
    shared = any(np.may_share_memory(array, x) for x in inputs if isinstance(x, np.ndarray))
    return array.copy() if shared else array


def _slope(
    name: str, slot: int, derivative: Derivative, /, g: Any, out: Any, *inputs: Any, **options: Any
) -> Any:
    x = inputs[slot]
    if any(isinstance(value, Tensor) for value in (g, out, *inputs)):
        said = f"{name}: the derivative of input {slot}"
        with mode(recorder=_Watch(said, current_mode().recorder)):
            d = derivative(g, out, *inputs, **options)
    else:
        d = derivative(g, out, *inputs, **options)
    if not hasattr(d, "apply_rule"):
        d = np.array(_real(d, f"{name}: the derivative of input {slot} is"))
    sizes = zip(reversed(d.shape), reversed(x.shape), strict=False)
    if d.ndim < x.ndim or not all(n in (m, 1) for m, n in sizes):
        raise ShapeError(
            f"{name}: the derivative of input {slot} has shape {d.shape}, but the input is "
            f"{label(x)}; a derivative is multiplied by g"
        )
    return d


class _Watch:
    """What a derivative that is recorded may not do: take numbers out of the record."""

    def __init__(self, said: str, outer: Recorder | None) -> None:
        self.start = getattr(outer, "start", 0)  # what is older was made outside of a program
        self._said = said
        self._outer = outer

    def read(self, tensor: Tensor, how: str) -> Any:
        """The array, where what becomes of it has no derivative: a choice, a position, a text."""
        if tensor.requires_grad and how in TAKEN_OUT:
            raise GradientError(
                f"{self._said} takes numbers out by {how}, so it can't be differentiated again; "
                "write it in operators and NumPy's functions of g, out and the inputs"
            )
        return tensor._array if self._outer is None else self._outer.read(tensor, how)

    def made(self, tensor: Tensor, source: Any, dtype: Any) -> None:
        """A tensor was made of an array or another tensor."""
        if self._outer is not None:
            self._outer.made(tensor, source, dtype)

    def refuse(self, what: str) -> NoReturn:
        """Raises GradientError: this can't be differentiated again."""
        if self._outer is not None:
            self._outer.refuse(what)
        raise GradientError(f"{self._said} can't be differentiated again: {what}")


def _real(value: Any, what: str) -> Any:
    """The value as an array, once it is known to hold real numbers; a symbol as it is."""
    if hasattr(value, "apply_rule") and not isinstance(value, Tensor):
        return value
    array = np.asarray(value) if isinstance(value, int | float | np.generic) else value
    if not computes_plainly(type(array)):
        raise own_arithmetic(what.removesuffix(" is"), array)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        got = f"dtype {array.dtype}" if isinstance(array, np.ndarray) else repr(value)[:40]
        raise TypeError(f"{what} an array of real numbers, but gave {got}")
    return array
