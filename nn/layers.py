"""The layers: Linear, the activations, Dropout, Flatten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from microtensor import ShapeError, Tensor, multiply, relu, reshape, sigmoid, softmax, tanh

from .checks import hinting, number, whole_number
from .init import RNG, generator, lecun_normal
from .module import Module, Parameter


class Linear(Module):
    """`x @ weight.T + bias`, for x of shape (..., n_in); the result has shape (..., n_out).

    `weight` has shape (n_out, n_in), a row for each neuron, and is drawn by `init` from `rng`
    (an int, a RandomState, a Generator, or None for a different draw each time); `bias` starts
    at 0.
    """

    @hinting
    def __init__(
        self,
        n_in: int,
        n_out: int,
        bias: bool = True,
        *,
        init: Callable[[tuple[int, int], RNG], Any] = lecun_normal,
        rng: RNG = None,
        dtype: Any = np.float64,
    ) -> None:
        shape = (whole_number("Linear", "n_out", n_out, 1), whole_number("Linear", "n_in", n_in, 1))
        self.weight = Parameter(init(shape, rng), dtype=dtype)
        if self.weight.shape != shape:
            raise ShapeError(f"Linear: init gave shape {self.weight.shape}, not {shape}")
        self.bias = Parameter(np.zeros(n_out), dtype=dtype) if bias else None

    def forward(self, x: Any) -> Tensor:
        """Gives x @ weight.T + bias."""
        z: Tensor = x @ self.weight.T
        return z if self.bias is None else z + self.bias

    def extra_repr(self) -> str:
        n_out, n_in = self.weight.shape
        return f"{n_in}, {n_out}" + ("" if self.bias is not None else ", bias=False")


class ReLU(Module):
    """max(x, 0)."""

    activation = True

    def forward(self, x: Any) -> Tensor:
        return relu(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    activation = True

    def forward(self, x: Any) -> Tensor:
        return sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, tanh(x)."""

    activation = True

    def forward(self, x: Any) -> Tensor:
        return tanh(x)


class Softmax(Module):
    """Numbers along an axis turned into probabilities: exp(x) / sum(exp(x))."""

    activation = True

    @hinting
    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Tensor:
        return softmax(x, self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class Flatten(Module):
    """Each example in one row: (n, ...) becomes (n, the rest)."""

    def forward(self, x: Any) -> Tensor:
        """The input with all axes but the first in one."""
        shape = np.shape(x)
        if not shape:
            raise ShapeError("Flatten: expected examples along the first axis, got a scalar")
        return reshape(x, shape[0], int(np.prod(shape[1:])))


class Dropout(Module):
    """In training, each number becomes 0 with probability p, and the others grow by 1 / (1 - p).

    Srivastava et al. 2014, "Dropout", scaled in training, so that evaluation changes nothing.
    The draws come from `rng`, as in `Linear`.
    """

    @hinting
    def __init__(self, p: float = 0.5, *, rng: RNG = None) -> None:
        number("Dropout", "p", p, lambda p: 0 <= p < 1, "from 0 to below 1")
        self.p = p
        self.rng = generator(rng)

    def forward(self, x: Any) -> Tensor:
        """The input with some numbers 0 (in training), or as it is (in evaluation)."""
        inputs: Tensor = x if isinstance(x, Tensor) else Tensor(x)
        if not self.training or self.p == 0:
            return inputs
        kept = self.rng.uniform(size=inputs.shape) >= self.p
        dtype = inputs.dtype if inputs.dtype.kind == "f" else np.float64
        return multiply(inputs, (kept / (1 - self.p)).astype(dtype))

    def extra_repr(self) -> str:
        return f"p={self.p}"
