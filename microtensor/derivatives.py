"""Whole derivatives of a function at a point: its Jacobian and its Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .backward import behind, grad
from .errors import GradientError, label, no_tensor
from .modes import mode
from .operations import stack
from .tensor import Tensor


def jacobian(f: Callable[..., Any], x: Any, create_graph: bool = False) -> Any:
    """The derivative of every entry of `f(x)` by every entry of x: of shape f(x).shape + x.shape.

    `x` is a tensor, an array or a number; whole numbers are made floats. Of a tuple, `f(*x)` is
    differentiated by each, which gives a tuple; where f returns a tuple, each output has its own:
    `jacobian(f, (x, y))[i][j]` is that of output i by input j, as PyTorch's is. What an output
    doesn't depend on gives zeros. Nobody's `.grad` is touched, and `no_grad()` makes no difference.
    With `create_graph=True` the result can be differentiated itself, by x too; within another
    `jacobian`, one without it gives zeros there. One walk for each entry of the outputs. TypeError
    if f gives something else than tensors.
    """
    several = isinstance(x, tuple)
    with mode(recording=True):
        inputs = tuple(_input(part, create_graph) for part in (x if several else (x,)))
        result = f(*inputs)
        outputs = result if isinstance(result, tuple) else (result,)
        found = [_of_output(output, inputs, create_graph) for output in outputs]
    rows = tuple(row if several else row[0] for row in found)
    return rows if isinstance(result, tuple) else rows[0]


def hessian(f: Callable[..., Any], x: Any, create_graph: bool = False) -> Any:
    """The second derivatives of a function that gives one number: of shape x.shape + x.shape.

    Of a tuple, a tuple of tuples: `hessian(f, (x, y))[i][j]` is of shape x[i].shape + x[j].shape.
    All else is as in `jacobian`. GradientError if f gives more than one number.
    """

    def number(*inputs: Tensor) -> Tensor:
        output = f(*inputs)
        if not isinstance(output, Tensor) or output.size != 1:
            cure = "reduce it by .sum() or .mean()"
            raise GradientError(
                f"hessian: f gives a tensor of 1 number, not {label(output)}; {cure}"
            )
        return output.reshape(())

    def slope(*inputs: Tensor) -> Any:
        return jacobian(number, inputs if isinstance(x, tuple) else inputs[0], create_graph=True)

    return jacobian(slope, x, create_graph)


def _input(x: Any, create_graph: bool) -> Tensor:
    """A tensor that nothing else was computed from: f may use x itself, too, as a constant."""
    if create_graph and isinstance(x, Tensor) and x.requires_grad:
        return x.reshape(x.shape)
    x = Tensor(x.detach() if isinstance(x, Tensor) else x)
    return Tensor(x, True, x.name, None if x.dtype.kind == "f" else float)


def _of_output(output: Tensor, inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Any, ...]:
    """The derivative of one output by each input."""
    if not isinstance(output, Tensor):
        raise no_tensor("jacobian", output)
    tracked = set(behind(output, tracked=True)) if output.requires_grad and output.size else set()
    reached = [x for x in inputs if x in tracked]
    entries = np.arange(output.size).reshape(output.shape) if reached else ()
    rows = [grad(output, reached, entries == k, create_graph) for k in np.ravel(entries)]
    columns = dict(zip(reached, zip(*rows, strict=True), strict=True))
    zeros = (Tensor(np.zeros(output.shape + x.shape), dtype=x.dtype) for x in inputs)
    return tuple(
        stack(columns[x]).reshape(zero.shape) if x in columns else zero
        for x, zero in zip(inputs, zeros, strict=True)
    )
