"""What is said when something is wrong: one line that names operation, tensors and cure.

Nothing here runs while all is well: an operation fails in NumPy first, and is explained after.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Explanation = Callable[[str, Sequence[Any], list[tuple[int, ...]], dict[str, Any]], str]


class ShapeError(ValueError):
    """Shapes that don't fit the operation."""


class GradientError(RuntimeError):
    """A gradient that can't be given, or not truly."""


class NoRenderer(RuntimeError):
    """There is no Graphviz to draw with."""


def label(x: Any) -> str:
    """A tensor by shape and name, `(20, 3) 'W1'`; a number as it is."""
    if not hasattr(x, "shape"):
        return repr(x) if isinstance(x, bool | int | float) else type(x).__name__
    name = _name(x)
    return str(tuple(x.shape)) + (f" {name!r}" if name else "")


def _name(x: Any) -> str | None:
    """A tensor's name; of a matrix transposed on the way, such as `W.T`, that too."""
    name: str | None = getattr(x, "name", None)
    rule = getattr(x, "_rule", None)
    if name is None and rule is not None and rule.name == "transpose" and x.ndim == 2:
        inner = getattr(x._inputs[0], "name", None)
        return inner and f"{inner}.T"
    return name


def called(x: Any, otherwise: str = "the tensor") -> str:
    """A tensor by its name, in quotes, where it has one."""
    name = getattr(x, "name", None)
    return repr(name) if name else otherwise


def labels(inputs: Sequence[Any]) -> str:
    """The first few of an operation's inputs, by shape and name."""
    shown = [label(x) for x in inputs[:4]] + ["..."] * (len(inputs) > 4)
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)


def wrong_operand(rule: str, x: Any) -> TypeError:
    """For a value that is no tensor, real array or number."""
    if isinstance(x, np.ndarray | np.generic):
        what = f"an array of dtype {x.dtype}"
    elif hasattr(x, "__array__"):
        kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
        what = f"a {kind}; np.asarray() makes an array of it"
    else:
        what = f"{_shortened(repr(x))} ({type(x).__name__})"
    return TypeError(f"{rule}: expected a tensor, an array of real numbers or a number, got {what}")


def _shortened(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def rule_failed(
    rule: str, inputs: Sequence[Any], options: dict[str, Any], error: Exception
) -> Exception:
    """The explanation of an error that NumPy raised; of the same type, or a subclass of it."""
    inputs = [np.asarray(x) if isinstance(x, list | tuple) else x for x in inputs]
    shapes = [tuple(getattr(x, "shape", ())) for x in inputs]
    if isinstance(error, np.exceptions.AxisError):
        return np.exceptions.AxisError(_bad_axis(rule, inputs, error))
    if type(error) is ValueError:
        explain = _EXPLAINED.get(rule, _broadcast_clash)
        message = explain(rule, inputs, shapes, options)
        if message:
            return ShapeError(message)
    reason = " ".join(str(error).split())
    kind = next(k for k in (IndexError, TypeError, ValueError) if isinstance(error, k))
    return kind(f"{rule}: {reason} (of {labels(inputs)})")


def _bad_axis(rule: str, inputs: Sequence[Any], error: np.exceptions.AxisError) -> str:
    if error.axis is None or error.ndim is None:
        return f"{rule}: {error} (of {labels(inputs)})"
    x = next((x for x in inputs if getattr(x, "ndim", -1) == error.ndim), inputs[0])
    axes = f"its axes are 0 to {error.ndim - 1}" if error.ndim else "it is a scalar, without axes"
    return f"{rule}: axis {error.axis} is out of range for {label(x)}: {axes}"


def _size(size: int, axis: int, x: Any) -> str:
    return f"{size} (axis {axis} of {label(x)})"


def _broadcast_clash(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    """Names the first axis, from the right, at which two sizes differ and neither is 1."""
    for axis in range(-1, -1 - max(map(len, shapes), default=0), -1):
        sized = [(s[axis], x) for s, x in zip(shapes, inputs, strict=True) if len(s) >= -axis]
        sized = [(size, x) for size, x in sized if size != 1]
        for size, x in sized[1:]:
            if size != sized[0][0]:
                clash = f"{_size(*_at(sized[0], axis))} and {_size(*_at((size, x), axis))}"
                return f"{rule}: sizes differ: {clash}{_column_hint(inputs, shapes)}"
    return ""


def _at(sized: tuple[int, Any], axis: int) -> tuple[int, int, Any]:
    return sized[0], axis, sized[1]


def _column_hint(inputs: Sequence[Any], shapes: list[tuple[int, ...]]) -> str:
    """A vector that fits the rows of a matrix but not its columns wants to be a column."""
    if sorted(map(len, shapes)) != [1, 2]:
        return ""
    vector = 0 if len(shapes[0]) == 1 else 1
    if shapes[vector][0] != shapes[1 - vector][0]:
        return ""
    name = getattr(inputs[vector], "name", None) or "vector"
    return f"; {name}[:, None] would fit"


def _matmul(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    (a, b), (left, right) = inputs, shapes
    if not left or not right:
        return f"{rule}: {labels(inputs)}: a scalar has no axis to multiply along; use *"
    inner = -2 if len(right) > 1 else -1
    if left[-1] == right[inner]:
        batches = [left[:-2], right[:-2]]
        clash = _broadcast_clash(rule, inputs, [(*s, 1, 1) for s in batches], options)
        return clash.replace("sizes differ", "batch sizes differ")
    message = (
        f"{rule}: inner sizes differ: {_size(left[-1], -1, a)} and {_size(right[inner], inner, b)}"
    )
    if len(left) == len(right) == 2:
        fits = [(a, "first", left[0] == right[0]), (b, "second", left[1] == right[1])]
        hints = [(x, place) for x, place, fit in fits if fit]
        if len(hints) == 1:
            x, place = hints[0]
            message += f"; {getattr(x, 'name', None) or 'the ' + place}.T would fit"
    return message


def _reshape(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    shape = options["shape"]
    if shape.count(-1) > 1:
        return f"{rule}: only one size can be -1, got {shape}"
    size = math.prod(shapes[0])
    wanted = math.prod(n for n in shape if n != -1)
    return f"{rule}: {label(inputs[0])} has {size} entries, which can't fill {shape} ({wanted}" + (
        " to a row)" if -1 in shape else ")"
    )


def _concatenate(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    axis = options["axis"]
    return f"{rule}: along axis {axis}, all other sizes must be equal: got {labels(inputs)}"


def _broadcast_to(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    return f"{rule}: {label(inputs[0])} doesn't broadcast to {options['shape']}"


def _squeeze(
    rule: str, inputs: Sequence[Any], shapes: list[tuple[int, ...]], options: dict[str, Any]
) -> str:
    return f"{rule}: axis {options['axis']} of {label(inputs[0])} isn't of length 1"


def _as_numpy_says(*_: Any) -> str:
    return ""


_EXPLAINED: dict[str, Explanation] = {
    "matmul": _matmul,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "broadcast_to": _broadcast_to,
    "squeeze": _squeeze,
    "einsum": _as_numpy_says,
}
