"""The losses: each takes predictions and targets, and gives one number, a mean over all."""

from __future__ import annotations

from typing import Any

import numpy as np

from microtensor import ShapeError, Tensor, log, log_softmax, softplus, square

from .module import Module


def _targets(loss: Module, predictions: Any, targets: Any, unit: bool = False) -> Tensor:
    """The targets as a tensor with a name, once they are known to fit.

    (A (n,) beside a (n, 1) would broadcast to n x n.)
    """
    name = type(loss).__name__
    shape = np.shape(targets)
    if shape != np.shape(predictions):
        raise ShapeError(
            f"{name}: predictions have shape {np.shape(predictions)} and targets {shape}; "
            "they must be equal"
        )
    if isinstance(targets, Tensor):
        return targets
    array = np.asarray(targets)
    if unit and array.size and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(f"{name}: targets are from 0 to 1, got {array.min()} to {array.max()}")
    return Tensor(array, name="y")


class BCELoss(Module):
    """Binary cross-entropy of probabilities: the mean of -(y log a + (1 - y) log(1 - a)).

    It is the tutorial's cost, as it stands. Where a probability reaches exactly 0 or 1 it is
    inf or nan; `BCEWithLogitsLoss` has no such edge.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes; targets from 0 to 1."""
        a, y = predictions, _targets(self, predictions, targets, unit=True)
        others = 1 - y
        others.name = f"1 − {y.name or 'y'}"
        cost: Tensor = -(y * log(a) + others * log(1 - a)).mean()
        return cost


class BCEWithLogitsLoss(Module):
    """Binary cross-entropy of sigmoid(z), from z itself: the mean of log(1 + e^z) - y z.

    It holds for every z, at +-1000 too.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes; targets from 0 to 1."""
        z, y = predictions, _targets(self, predictions, targets, unit=True)
        cost: Tensor = (softplus(z) - y * z).mean()
        return cost


class MSELoss(Module):
    """The mean squared error."""

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes."""
        return square(predictions - _targets(self, predictions, targets)).mean()


class CrossEntropyLoss(Module):
    """Cross-entropy of softmax(z), from z itself: the mean of -log softmax(z)[label].

    It holds for every z, at +-1000 too.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """For z of shape (n, classes) and n labels, whole numbers from 0 to classes - 1."""
        labels = targets.numpy() if isinstance(targets, Tensor) else np.asarray(targets)
        shape = np.shape(predictions)
        if len(shape) != 2 or labels.shape != shape[:1]:
            raise ShapeError(
                f"CrossEntropyLoss: predictions (n, classes) take n labels, got {shape} and "
                f"{labels.shape}"
            )
        if labels.dtype.kind not in "iu":
            raise TypeError(f"CrossEntropyLoss: labels are whole numbers, got {labels.dtype}")
        if labels.size and not (labels.min() >= 0 and labels.max() < shape[1]):
            raise ValueError(
                f"CrossEntropyLoss: labels are from 0 to {shape[1] - 1}, got {labels.min()} to "
                f"{labels.max()}"
            )
        return -log_softmax(predictions, -1)[np.arange(len(labels)), labels].mean()
