"""The cat classifier: linear layers with relu between them, and a sigmoid at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from microtensor import Tensor

from ..checks import hinting
from ..init import RNG, generator, lecun_normal
from ..layers import Linear, ReLU, Sigmoid
from ..module import Module, Sequential


class CatClassifier(Module):
    """The probability that a picture shows a cat, by a network of fully connected layers.

    `layers_dims` are the numbers of inputs, of neurons in each layer, and of outputs, 1. Weights
    are drawn layer by layer from one generator, `randn(n_out, n_in) / sqrt(n_in)`, and biases
    start at 0: with `rng=1` they are the tutorial's. Parameters are called W1, b1, W2, ...
    """

    @hinting
    def __init__(
        self,
        layers_dims: Iterable[int] = (12288, 20, 7, 5, 1),
        rng: RNG = None,
        dtype: Any = np.float64,
    ) -> None:
        dims = tuple(layers_dims) if isinstance(layers_dims, Iterable) else ()
        if len(dims) < 2 or dims[-1] != 1:
            raise ValueError(
                "CatClassifier: layers_dims go from the number of inputs to 1, as in "
                f"(12288, 20, 7, 5, 1); got {dims or layers_dims!r}"
            )
        self.layers_dims = dims
        rng = generator(rng)
        last = len(dims) - 1
        for number in range(1, last + 1):
            n_in, n_out = dims[number - 1 : number + 1]
            linear = Linear(n_in, n_out, init=lecun_normal, rng=rng, dtype=dtype)
            for parameter, letter in zip(linear.parameters(), "Wb", strict=True):
                parameter.name = f"{letter}{number}"
            layer = Sequential(linear, Sigmoid() if number == last else ReLU())
            setattr(self, f"layer{number}", layer)

    def forward(self, x: Any) -> Tensor:
        """For x of shape (n, inputs), scaled to 0..1: probabilities of shape (n, 1)."""
        a: Tensor = x
        for number in range(1, len(self.layers_dims)):
            a = getattr(self, f"layer{number}")(a)
        return a
