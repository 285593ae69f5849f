"""The layers: Linear, Embedding, the activations, normalisations, Dropout, Flatten."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from microtensor import (
    ShapeError,
    Tensor,
    erf,
    mean,
    multiply,
    record_constants,
    relu,
    reshape,
    sample,
    sigmoid,
    softmax,
    sqrt,
    square,
    tanh,
    where,
)

from .checks import as_classes, as_operand, as_tensor, hinting, number, whole_number
from .init import RNG, generator, lecun_normal
from .module import Buffer, Module, Parameter

Array = np.ndarray[Any, np.dtype[Any]]


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


class Embedding(Module):
    """A row of `weight` for each whole number: (...) numbers give (..., embedding_dim).

    `weight` has shape (num_embeddings, embedding_dim) and is drawn from `rng`, normal with standard
    deviation 1. A number that has no row raises ValueError.
    """

    @hinting
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: RNG = None,
        dtype: Any = np.float64,
    ) -> None:
        n = whole_number("Embedding", "num_embeddings", num_embeddings, 1)
        shape = n, whole_number("Embedding", "embedding_dim", embedding_dim, 1)
        self.weight = Parameter(generator(rng).standard_normal(shape), dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        """The rows of these numbers."""
        numbers = as_classes("Embedding: numbers", x, self.weight.shape[0])
        rows: Tensor = self.weight[numbers]
        return rows

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.weight.shape))


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


class LeakyReLU(Module):
    """x where it is above 0, else negative_slope * x."""

    activation = True

    @hinting
    def __init__(self, negative_slope: float = 0.01) -> None:
        number("LeakyReLU", "negative_slope", negative_slope, lambda x: True, "of any size")
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        with record_constants():  # for programs that hold for other inputs too
            above = x > 0
        return where(above, x, self.negative_slope * x)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class GELU(Module):
    """x Phi(x), Phi the normal distribution's; approximate="tanh" gives its formula by tanh.

    Hendrycks and Gimpel 2016, "Gaussian Error Linear Units".
    """

    activation = True

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate is 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        if self.approximate == "tanh":  # (1 + tanh(u)) / 2 = sigmoid(2 u)
            share = sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))
        else:
            share = 0.5 * (1 + erf(math.sqrt(0.5) * x))
        result: Tensor = x * share
        return result

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else "approximate='tanh'"


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
        with record_constants():  # so that pictures and programs begin with the data
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
        inputs = as_tensor(x)
        if not self.training or self.p == 0:
            return inputs
        dtype = inputs.dtype if inputs.dtype.kind == "f" else np.float64
        return multiply(inputs, sample(partial(self.draw, inputs.shape, dtype)))

    def draw(self, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """What inputs of a shape are multiplied by: 0 or 1 / (1 - p)."""
        kept = self.rng.uniform(size=shape) >= self.p
        mask: Array = np.multiply(kept, np.asarray(1 / (1 - self.p), dtype))
        return mask

    def extra_repr(self) -> str:
        return f"p={self.p}"


def _normal(x: Any, axis: Any, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """x with mean 0 and variance 1 along axes; and what its mean and variance were."""
    with record_constants():  # so that pictures and programs begin with the data
        m = mean(x, axis, keepdims=True)
        centred = x - m
        v = mean(square(centred), axis, keepdims=True)
        return centred * (1 / sqrt(v + eps)), m, v  # a quotient's derivatives are twice the work


class LayerNorm(Module):
    """Each example with mean 0 and variance 1, along the last axes; then * weight + bias.

    `normalized_shape` is the shape of these axes, or the length of the one; `eps` is added to the
    variance. `weight` (of that shape, at first 1) and `bias` (at first 0) are learnt. Ba et al.
    2016, "Layer Normalization".
    """

    @hinting
    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        *,
        dtype: Any = np.float64,
    ) -> None:
        several = isinstance(normalized_shape, tuple | list)
        sizes: Any = normalized_shape if several else (normalized_shape,)
        self.normalized_shape = tuple(whole_number("LayerNorm", "a size", n, 1) for n in sizes)
        if not self.normalized_shape:
            raise ValueError("LayerNorm: normalized_shape has one size or more, got ()")
        number("LayerNorm", "eps", eps, lambda x: x > 0, "above 0")
        self.eps = eps
        self.weight = Parameter(np.ones(self.normalized_shape), dtype=dtype)
        self.bias = Parameter(np.zeros(self.normalized_shape), dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        """The input, normalised along its last axes; of the same shape."""
        x, shape = as_operand(x), self.normalized_shape
        if x.shape[-len(shape) :] != shape:
            raise ShapeError(f"LayerNorm: the last axes are {shape}, got shape {x.shape}")
        z, _, _ = _normal(x, tuple(range(-len(shape), 0)), self.eps)
        result: Tensor = z * self.weight + self.bias
        return result

    def extra_repr(self) -> str:
        shape = self.normalized_shape
        return str(shape[0] if len(shape) == 1 else shape)


class BatchNorm(Module):
    """Each channel with mean 0 and variance 1, over the batch; then * weight + bias.

    For (N, C), (N, C, L) and (N, C, H, W), channels along axis 1; `num_features` is C, and `eps` is
    added to the variance. In training, mean and variance are the batch's, and move `running_mean`
    and `running_var` by `momentum` of the way to them (the variance without bias); in evaluation
    these two are used. `weight` (at first 1) and `bias` (at first 0) are learnt. Ioffe and Szegedy
    2015, "Batch Normalization".
    """

    @hinting
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        dtype: Any = np.float64,
    ) -> None:
        n = whole_number("BatchNorm", "num_features", num_features, 1)
        number("BatchNorm", "eps", eps, lambda x: x > 0, "above 0")
        number("BatchNorm", "momentum", momentum, lambda x: 0 <= x <= 1, "from 0 to 1")
        self.num_features, self.eps, self.momentum = n, eps, momentum
        self.weight = Parameter(np.ones(n), dtype=dtype)
        self.bias = Parameter(np.zeros(n), dtype=dtype)
        self.running_mean = Buffer(np.zeros(n), dtype=dtype)
        self.running_var = Buffer(np.ones(n), dtype=dtype)
        self.num_batches_tracked = Buffer(0)

    def forward(self, x: Any) -> Tensor:
        """The input, normalised channel by channel; of the same shape."""
        x = as_operand(x)
        if x.ndim < 2 or x.shape[1] != self.num_features:
            raise ShapeError(
                f"BatchNorm: inputs are (N, {self.num_features}, ...), got shape {x.shape}"
            )
        place = (-1,) + (1,) * (x.ndim - 2)  # of a channel's numbers beside the inputs
        if self.training:
            n = x.size // self.num_features
            if n < 2:
                raise ValueError(
                    f"BatchNorm: training takes 2 numbers or more of each channel, got shape "
                    f"{x.shape}; take more examples, or eval()"
                )
            z, m, v = _normal(x, (0, *range(2, x.ndim)), self.eps)
            self._follow(m, v, n)
        else:
            m, v = (reshape(b, place) for b in (self.running_mean, self.running_var))
            z = (x - m) / sqrt(v + self.eps)
        result: Tensor = z * reshape(self.weight, place) + reshape(self.bias, place)
        return result

    def _follow(self, m: Tensor, v: Tensor, n: int) -> None:
        """Moves the running statistics towards those of a batch with n numbers a channel."""
        for buffer, found, scale in (
            (self.running_mean, m, 1.0),
            (self.running_var, v, n / (n - 1)),
        ):
            step = self.momentum * (scale * reshape(found.detach(), -1) - buffer)
            buffer.data = buffer + step
        self.num_batches_tracked.data = self.num_batches_tracked + 1

    def extra_repr(self) -> str:
        return f"{self.num_features}"
