"""What is said when something is wrong: one line that names operation, tensors and cure.

Nothing here runs while all is well: an operation fails in NumPy first, and is explained after.
"""

import math
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .lexicon import cut

LONGEST_QUOTED = 100  # of a name in a message
AxisError = np.exceptions.AxisError

Inputs = Sequence[Any]
Shapes = Sequence[tuple[int, ...]]
Options = Mapping[str, Any]


class ShapeError(ValueError):
    """Shapes that don't fit the operation."""


class GradientError(RuntimeError):
    """A gradient that can't be given, or not truly."""


class NoRenderer(RuntimeError):
    """There is no Graphviz to draw with."""


def in_brief(x: Any) -> str:
    """What was given, on one line of 40 characters at most."""
    if isinstance(x, int) and abs(x) >= 10**40:  # Python doesn't write out more than 4,300 digits
        return f"a whole number of {math.floor(math.log10(abs(x))) + 1:,} digits"
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def check_one_of(what: str, given: Any, known: Collection[str]) -> None:
    """ValueError where `what` was given, such as `draw: theme`, is none of those known."""
    if not isinstance(given, str) or given not in known:
        raise ValueError(f"{what} {in_brief(given)} isn't one of {', '.join(known)}")


def label(x: Any) -> str:
    """A tensor by shape and name, `(20, 3) 'W1'`; a number as it is."""
    if not hasattr(x, "shape"):
        return in_brief(x) if isinstance(x, bool | int | float) else type(x).__name__
    name = _name(x)
    return str(tuple(x.shape)) + (f" {_quoted(name)}" if name else "")


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
    return _quoted(name) if name else otherwise


def _quoted(name: str) -> str:
    return repr(cut(name, LONGEST_QUOTED))


def labels(inputs: Inputs) -> str:
    """The first few of an operation's inputs, by shape and name."""
    shown = [label(x) for x in inputs[:4]] + (["..."] if len(inputs) > 4 else [])
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else "".join(shown)


def wrong_operand(rule: str, x: Any) -> TypeError:
    """For a value that is no tensor, real array or number."""
    if isinstance(x, np.ndarray | np.generic):
        cure = "; .astype(float) makes numbers of it" if x.dtype.kind == "O" else ""
        what = f"an array of dtype {x.dtype}{cure}"
    elif hasattr(x, "__array__"):
        kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
        cure = (
            "its .to_numpy() is one" if hasattr(x, "to_numpy") else "np.asarray() makes one of it"
        )
        what = f"a {kind}; {cure}"
    elif isinstance(x, int):
        what = f"{in_brief(x)}, which 64 bits don't hold; write a float, such as 1e20"
    else:
        what = f"{in_brief(x)} ({type(x).__name__})"
    return TypeError(f"{rule}: expected a tensor, an array of real numbers or a number, got {what}")


def too_large(rule: str, x: int) -> OverflowError:
    """For a whole number that is no float."""
    return OverflowError(f"{rule}: {in_brief(x)} is too large: floats end at 1.8e308")


def no_tensor(name: str, x: Any) -> TypeError:
    """For what isn't a tensor where one is looked at."""
    cure = ""
    if callable(x):
        cure = f"; give it what that gives of data, as in {name}(model(X))"
    elif isinstance(x, np.ndarray | np.generic | int | float):
        cure = "; give the tensor itself: what .item(), .data or NumPy give has no record"
    elif isinstance(x, list | tuple):
        cure = "; give one tensor, such as the sum of several"
    elif isinstance(x, BaseException):
        cure = "; draw(error) shows what was recorded until it"
    return TypeError(f"{name}: expected a tensor, got {type(x).__name__}{cure}")


ELSEWHERE = {"dim": "axis", "dims": "axis", "keepdim": "keepdims"}
ELSEWHERE["unbiased"] = "ddof, 1 for unbiased=True"


def unknown_argument(name: str, given: Mapping[str, Any], error: TypeError) -> TypeError:
    """For an argument that a function doesn't have; many go by another name in PyTorch."""
    known = [x for x in given if x in ELSEWHERE and f"'{x}'" in str(error)]
    if not known:
        return error
    return TypeError(f"{name}: there is no argument {known[0]!r}; here it is {ELSEWHERE[known[0]]}")


def own_arithmetic(name: str, x: Any) -> TypeError:
    """For an array of a class that adds, multiplies or masks in ways of its own."""
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
    cure = "np.asarray() of it is a plain one"
    if isinstance(x, np.ma.MaskedArray):
        cure = "give its .filled(value), or choose by microtensor.where()"
    return TypeError(f"{name}: a {kind} computes otherwise than an array does; {cure}")


def check_gradient(tensor: Any, g: Any) -> None:
    """Raises for what can't be the gradient of a tensor."""
    if not isinstance(g, np.ndarray | np.generic) or g.shape != tensor.shape:
        kind = ShapeError if hasattr(g, "shape") else TypeError
        what = f"shape {g.shape}" if hasattr(g, "shape") else f"type {type(g).__name__}"
        raise kind(
            f".grad of {label(tensor)} is an array of the tensor's shape, or None; got a value of "
            f"{what}"
        )


def warn_of_no_gradient(tensor: Any, rule: str) -> None:
    """Warns whoever asks a tensor that was computed for its gradient."""
    warnings.warn(
        f".grad of {called(tensor, 'a tensor')}, computed by {rule}, is None: leaves alone keep "
        "gradients. A parameter stays a leaf where it is changed in place, `with no_grad(): "
        "w -= lr * w.grad`; the gradient of what was computed is microtensor.grad(result, tensor)",
        stacklevel=3,
    )


def rule_failed(rule: str, inputs: Inputs, options: Options, error: Exception) -> Exception:
    """The explanation of an error that NumPy raised; of the same type, or a subclass of it."""
    inputs = [np.asarray(x) if isinstance(x, list | tuple) else x for x in inputs]
    if isinstance(error, AxisError) and error.axis is not None:
        x = next((x for x in inputs if getattr(x, "ndim", -1) == error.ndim), inputs[0])
        axes = (
            f"its axes are 0 to {error.ndim - 1}" if error.ndim else "it is a scalar, without axes"
        )
        return AxisError(f"{rule}: axis {error.axis} is out of range for {label(x)}: {axes}")
    if type(error) is ValueError:
        explain = _EXPLAINED.get(rule, _broadcast_clash)
        shapes = [tuple(getattr(x, "shape", ())) for x in inputs]
        if isinstance(explain, str):
            message = explain.format(labels(inputs), **options)
        else:
            message = explain(inputs, shapes, options)
        if message:
            return ShapeError(f"{rule}: {message}")
    reason = " ".join(str(error).split())
    if isinstance(error, np.linalg.LinAlgError):
        said = next((text for key, text in _OF_MATRICES.items() if key in reason), reason)
        return np.linalg.LinAlgError(f"{rule}: {label(inputs[0])} {said}")
    kinds = AxisError, IndexError, TypeError, ValueError, OverflowError
    kind = next(k for k in kinds if isinstance(error, k))
    return kind(f"{rule}: {reason} (of {labels(inputs)})")


def _size(size: int, axis: int, x: Any) -> str:
    return f"{size} (axis {axis} of {label(x)})"


def _broadcast_clash(inputs: Inputs, shapes: Shapes, options: Options) -> str:
    clash = _clash(inputs, shapes)
    return clash and f"sizes differ: {clash}{_column_hint(inputs, shapes)}"


def _clash(inputs: Inputs, shapes: Shapes) -> str:
    """The first axis, from the right, at which two sizes differ and neither is 1."""
    for axis in range(-1, -1 - max(map(len, shapes), default=0), -1):
        sized = [(s[axis], axis, x) for s, x in zip(shapes, inputs, strict=True) if len(s) >= -axis]
        sized = [one for one in sized if one[0] != 1]
        for other in sized[1:]:
            if other[0] != sized[0][0]:
                return f"{_size(*sized[0])} and {_size(*other)}"
    return ""


def _column_hint(inputs: Inputs, shapes: Shapes) -> str:
    """A vector that fits the rows of a matrix but not its columns wants to be a column."""
    match sorted(zip(shapes, inputs, strict=True), key=lambda pair: len(pair[0])):
        case [((entries,), vector), ((rows, _), _)] if entries == rows:
            return f"; {getattr(vector, 'name', None) or 'vector'}[:, None] would fit"
    return ""


def _matmul(inputs: Inputs, shapes: Shapes, options: Options) -> str:
    (a, b), (left, right) = inputs, shapes
    if not left or not right:
        return f"{labels(inputs)}: a scalar has no axis to multiply along; use *"
    inner = -2 if len(right) > 1 else -1
    if left[-1] == right[inner]:
        clash = _clash(inputs, [(*left[:-2], 1, 1), (*right[:-2], 1, 1)])
        return clash and f"batch sizes differ: {clash}"
    message = f"inner sizes differ: {_size(left[-1], -1, a)} and {_size(right[inner], inner, b)}"
    if len(left) == len(right) == 2 and (left[0] == right[0]) != (left[1] == right[1]):
        x, place = (a, "the first") if left[0] == right[0] else (b, "the second")
        message += f"; {getattr(x, 'name', None) or place}.T would fit"
    return message


def _reshape(inputs: Inputs, shapes: Shapes, options: Options) -> str:
    shape = options["shape"]
    if shape.count(-1) > 1:
        return f"only one size can be -1, got {shape}"
    entries = math.prod(shapes[0])
    wanted = f"{math.prod(n for n in shape if n != -1)}{' to a row' if -1 in shape else ''}"
    return f"{label(inputs[0])} has {entries} entries, which can't fill {shape} ({wanted})"


def _solve(inputs: Inputs, shapes: Shapes, options: Options) -> str:
    (a, b), (left, right) = inputs, shapes
    rows = -2 if len(right) > 1 else -1
    if not right:
        return f"{labels(inputs)}: a scalar is no right side; it needs an axis as long as the first"
    if left[-1] == right[rows]:
        clash = _clash(inputs, [(*left[:-2], 1, 1), (*right[:-2], 1, 1)])
        return clash and f"batch sizes differ: {clash}"
    message = f"{_size(left[-2], -2, a)} and {_size(right[rows], rows, b)} differ"
    if rows == -2 and right[-1] == left[-1]:
        message += f"; vectors stand in columns: {getattr(b, 'name', None) or 'b'}[..., None]"
    return message


# By what NumPy says of a matrix
_OF_MATRICES = {
    "ingular": (
        "is singular, so no matrix undoes it; linalg.pinv() gives the least-squares solution, and "
        "adding 1e-6 * np.eye(n) makes it regular"
    ),
    "positive definite": (
        "isn't positive definite, and has no such factor; adding 1e-6 * np.eye(n) helps where it "
        "misses by rounding alone"
    ),
    "square": "isn't square in its last two axes; linalg.pinv() and linalg.svd() take any matrix",
    "dimensional": "isn't two-dimensional: a matrix has two axes, as x[:, None] has",
    "converge": "has no decomposition that converges: look for nan and inf in it",
}
_EXPLAINED: dict[str, str | Callable[[Inputs, Shapes, Options], str]] = {
    "matmul": _matmul,
    "reshape": _reshape,
    "concatenate": "along axis {axis}, all other sizes must be equal: got {}",
    "broadcast_to": "{} doesn't broadcast to {shape}",
    "squeeze": "axis {axis} of {} isn't of length 1",
    "einsum": "",  # NumPy says it well
    "linalg.solve": _solve,
}
