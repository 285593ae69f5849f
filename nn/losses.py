"""The losses: each takes predictions and targets, and gives one number, a mean over all."""

from __future__ import annotations

from typing import Any

import numpy as np

from microtensor import (
    ShapeError,
    Tensor,
    log,
    log_softmax,
    record_constants,
    softplus,
    square,
    where,
)

from .module import Module


def _pair(
    loss: Module, predictions: Any, targets: Any, probabilities: bool = False
) -> tuple[Any, Any]:
    """Predictions and targets that fit: a (n,) beside a (n, 1) would broadcast to n x n.

    Targets take the predictions' dtype: whole numbers would turn float32 into float64.
    """
    name = type(loss).__name__
    p, t = (x if isinstance(x, Tensor) else np.asarray(x) for x in (predictions, targets))
    if p.shape != t.shape:
        raise ShapeError(
            f"{name}: predictions have shape {p.shape} and targets {t.shape}; they must be equal"
        )
    if probabilities and t.size:
        low, high = t.min(), t.max()
        if not (low >= 0 and high <= 1):
            raise ValueError(f"{name}: targets are from 0 to 1, got {low} to {high}")
    dtype = p.dtype if p.dtype.kind == "f" else t.dtype
    if not isinstance(t, Tensor):  # not cast by NumPy: a compiled step makes it anew in every call
        return p, Tensor(t, name="y", dtype=dtype)
    called = t.name or "y"
    t = t if t.dtype == dtype else t.astype(dtype)
    t.name = t.name or called
    return p, t


class BCELoss(Module):
    """Binary cross-entropy of probabilities: the mean of -(y log a + (1 - y) log(1 - a)).

    It is the tutorial's cost, as it stands. Where a probability reaches exactly 0 or 1 it is
    inf or nan; `BCEWithLogitsLoss` has no such edge.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes; targets from 0 to 1."""
        a, y = _pair(self, predictions, targets, probabilities=True)
        with record_constants():
            others = 1 - y
        cost: Tensor = -(y * log(a) + others * log(1 - a)).mean()
        return cost


class BCEWithLogitsLoss(Module):
    """Binary cross-entropy of sigmoid(z), from z itself: the mean of log(1 + e^z) - y z.

    It holds for every z, at +-1000 too.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes; targets from 0 to 1."""
        z, y = _pair(self, predictions, targets, probabilities=True)
        with record_constants():  # from either side of 0, so that nothing cancels
            above = z > 0
            rest = where(above, 1 - y, -y)
        cost: Tensor = (softplus(where(above, -z, z)) + rest * z).mean()
        return cost


class MSELoss(Module):
    """The mean squared error."""

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes."""
        p, t = _pair(self, predictions, targets)
        return square(p - t).mean()


class CrossEntropyLoss(Module):
    """Cross-entropy of softmax(z), from z itself: the mean of -log softmax(z)[label].

    It holds for every z, at +-1000 too.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """For z of shape (n, classes) and n labels, whole numbers from 0 to classes - 1."""
        labels = targets if isinstance(targets, Tensor) else np.asarray(targets)
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
        labels = labels if isinstance(labels, Tensor) else Tensor(labels)  # read in every step
        return -log_softmax(predictions, -1)[np.arange(len(labels)), labels].mean()
