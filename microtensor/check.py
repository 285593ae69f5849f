"""Is it right: gradients against finite differences; and where the first nan was born."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from .backward import grad
from .errors import GradientError, label
from .modes import Switch
from .operands import Array
from .rules import Rule
from .tensor import Tensor

Entry = tuple[int, ...]


def check_gradients(
    f: Callable[..., Tensor], *inputs: Any, rtol: float = 1e-6, atol: float = 1e-8
) -> None:
    """Compares the gradients of `f(*inputs)` with central differences, every entry of every input.

    `f` takes tensors and returns a tensor of any shape, in float64; inputs of whole numbers are
    passed on unchecked. Returns nothing if all agree to `atol + rtol * |difference|` (and what
    rounding alone can do), and raises GradientError with the worst entry if not.

    A function that is random, or computes in float32, can't be checked: it raises ValueError or
    TypeError. The step is eps^(1/3) max(1, |x|), which balances the errors of truncation and of
    rounding (Press et al., "Numerical Recipes", 5.7).
    """
    arrays = [np.array(getattr(x, "_array", x)) for x in inputs]
    checked = [k for k, x in enumerate(arrays) if x.dtype.kind == "f"]
    if not checked:
        raise TypeError("check_gradients: no input holds floats")
    for k in checked:
        _refuse_other_than_float64(f"input {k}", arrays[k])
    leaves = [
        Tensor(x, requires_grad=k in checked, name=getattr(inputs[k], "name", None))
        for k, x in enumerate(arrays)
    ]
    output = f(*leaves)
    if not isinstance(output, Tensor):
        raise TypeError(f"check_gradients: f returns a tensor, but gave {type(output).__name__}")
    _refuse_other_than_float64("the result of f", output.data)
    again = f(*leaves)
    if not np.array_equal(output.data, again.data, equal_nan=True):
        raise ValueError(
            "check_gradients: f gave two results for the same inputs: fix its random draws first"
        )
    weights = np.ones(output.shape)
    if output.size > 1:  # one number out of many, so weighted that errors can't cancel
        weights = np.random.default_rng(0).uniform(0.5, 1.5, output.shape)
    gradients = grad(output, [leaves[k] for k in checked], weights)

    def value(k: int, entry: Entry, x: float) -> float:
        moved = [a.copy() for a in arrays]
        moved[k][entry] = x
        return float((f(*(Tensor(a, a.dtype.kind == "f") for a in moved)).data * weights).sum())

    for k, gradient in zip(checked, gradients, strict=True):
        if wrong := list(_wrong(partial(value, k), arrays[k], gradient.data, rtol, atol)):
            _, entry, said = max(wrong, key=lambda w: np.inf if np.isnan(w[0]) else w[0])
            raise GradientError(
                f"check_gradients: input {k}, {label(leaves[k])}, entry {list(entry)}: {said} "
                f"({len(wrong)} of {gradient.size} entries are off)"
            )


def _refuse_other_than_float64(what: str, x: Array) -> None:
    if x.dtype != np.float64:
        raise TypeError(
            f"check_gradients: {what} has dtype {x.dtype}; differences need float64 to tell a "
            "wrong gradient from rounding"
        )


def _wrong(
    value: Callable[[Entry, float], float], at: Array, gradient: Array, rtol: float, atol: float
) -> Iterator[tuple[float, Entry, str]]:
    """The entries whose gradient differs from differences of `value`: by how much, and in words."""
    eps = float(np.finfo(np.float64).eps)
    for entry in np.ndindex(at.shape):
        x = float(at[entry])
        up, down = (x + sign * eps ** (1 / 3) * max(1, abs(x)) for sign in (1, -1))
        high, low = value(entry, up), value(entry, down)
        slope = (high - low) / (up - down)
        rounding = 20 * eps * max(abs(high), abs(low)) / (up - down)
        off = abs(gradient[entry] - slope)
        if not off <= atol + rtol * abs(slope) + rounding:
            right, left = _slopes(partial(value, entry), x, up - x)
            closer_right, closer_left = _slopes(partial(value, entry), x, (up - x) / 16)
            said = f"the gradient is {gradient[entry]:.10g}, differences give {slope:.10g}, "
            said += f"off by {off:.3g}"
            stays = abs(closer_right - closer_left) > abs(right - left) / 2  # else it just bends
            if stays and abs(right - left) > 1e-3 * max(abs(right), abs(left)):
                said += f"; a kink: slope {left:.4g} below and {right:.4g} above"
            yield off, entry, said


def _slopes(value: Callable[[float], float], x: float, step: float) -> tuple[float, float]:
    """How steep a function is above x, and below."""
    middle = value(x)
    return (value(x + step) - middle) / step, (middle - value(x - step)) / step


def _watch(rule: Rule, inputs: Sequence[Any], value: Any, target: Any = None) -> None:
    array = np.asarray(getattr(value, "_array", value))
    bad = np.argwhere(~np.isfinite(array)).tolist() if array.dtype.kind == "f" else []
    if bad:
        first = tuple(bad[0])
        place = f" at {list(first)}" if first else ""
        what = "the result" if target is None else f"the gradient for {label(target)}"
        raise FloatingPointError(
            f"{rule.name}: {what} is {array[first]}{place}, of inputs "
            + ", ".join(_ranged(x) for x in inputs)
        )


def _ranged(x: Any) -> str:
    """An input, with the smallest and largest of its numbers."""
    array = np.asarray(getattr(x, "_array", x))
    if not array.size:
        return label(x)
    low, high = array.min(), array.max()
    return f"{label(x)} " + (f"= {low:.4g}" if low == high else f"from {low:.4g} to {high:.4g}")


detect_anomaly = Switch(
    "detect_anomaly",
    """`with detect_anomaly():` raises FloatingPointError where the first nan or inf is born.

    Every result and every gradient is looked at as it is computed, which takes time.
    """,
    watch=_watch,
)
