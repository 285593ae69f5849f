"""The losses: each takes predictions and targets, gives one number, and decides on a class."""

from __future__ import annotations

from typing import Any

import numpy as np

from microtensor import (
    ShapeError,
    Tensor,
    log,
    log_softmax,
    record_constants,
    reshape,
    softplus,
    square,
    where,
)

from .checks import NUMBERED, as_classes
from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]


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
    if not p.size:
        raise ValueError(f"{name}: there are no examples: predictions have shape {p.shape}")
    if t.dtype.kind not in "fiub":
        raise TypeError(f"{name}: targets are numbers, got {t.dtype}; {NUMBERED}")
    if probabilities:
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


def _known(loss: Module, outputs: Any) -> Array:
    """What is to be decided on, as an array."""
    given = outputs.numpy() if isinstance(outputs, Tensor) else np.asarray(outputs)
    if np.isnan(given).any():
        raise FloatingPointError(f"{type(loss).__name__}: the outputs hold nan, which is no class")
    return given


def refuse_improbable(name: str, p: Any) -> None:
    """Raises for what is no probability."""
    try:
        data = p.data if isinstance(p, Tensor) else p
    except RuntimeError:  # a GradientError: compile records, and nobody may look
        return
    low, high = np.minimum.reduce(data, None, initial=0), np.maximum.reduce(data, None, initial=1)
    if low < 0 or high > 1:
        raise ValueError(
            f"{name}: predictions are probabilities, from 0 to 1, got {data.min():.4g} to "
            f"{data.max():.4g}; end the model with nn.Sigmoid(), or use nn.BCEWithLogitsLoss()"
        )


class BCELoss(Module):
    """Binary cross-entropy of probabilities: the mean of -(y log a + (1 - y) log(1 - a)).

    It is the tutorial's cost, as it stands. Where a probability reaches exactly 0 or 1 it is
    inf or nan; `BCEWithLogitsLoss` has no such edge.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes; targets from 0 to 1."""
        a, y = _pair(self, predictions, targets, probabilities=True)
        refuse_improbable("BCELoss", a)
        with record_constants():
            others = 1 - y
        cost: Tensor = -(y * log(a) + others * log(1 - a)).mean()
        return cost

    def decide(self, outputs: Any) -> Array:
        """1 where a probability is above 0.5, else 0: of the outputs' shape."""
        given = _known(self, outputs)
        refuse_improbable("BCELoss", given)
        return (given > 0.5).astype(int)


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

    def decide(self, outputs: Any) -> Array:
        """1 where z is above 0, and so its probability above 0.5, else 0: of the outputs' shape."""
        return (_known(self, outputs) > 0).astype(int)


class MSELoss(Module):
    """The mean squared error."""

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """The mean over all entries of two equal shapes."""
        p, t = _pair(self, predictions, targets)
        return square(p - t).mean()

    def decide(self, outputs: Any) -> Array:
        """Refuses: a regression has no classes."""
        raise TypeError("MSELoss: a regression gives numbers, not classes; take model(X) itself")


class CrossEntropyLoss(Module):
    """Cross-entropy of softmax(z), from z itself: the mean of -log softmax(z)[label].

    It holds for every z, at +-1000 too. Classes are along the last axis.
    """

    def forward(self, predictions: Any, targets: Any) -> Tensor:
        """For z (..., classes) and labels (...), whole numbers from 0 to classes - 1."""
        labels = targets if isinstance(targets, Tensor) else np.asarray(targets)
        shape = np.shape(predictions)
        if not shape or labels.shape != shape[:-1]:
            raise ShapeError(
                f"CrossEntropyLoss: predictions (..., classes) take labels (...), got {shape} and "
                f"{labels.shape}{_cure(shape, labels.shape)}"
            )
        if not labels.size:
            raise ValueError(f"CrossEntropyLoss: there are no examples: predictions {shape}")
        labels = as_classes("CrossEntropyLoss: labels", labels, shape[-1])
        if len(shape) != 2:
            predictions, labels = reshape(predictions, -1, shape[-1]), reshape(labels, -1)
        return -log_softmax(predictions, -1)[np.arange(len(labels)), labels].mean()

    def decide(self, outputs: Any) -> Array:
        """The number of the largest of each row: for outputs (..., classes), (...)."""
        given = _known(self, outputs)
        if not given.ndim or not given.shape[-1]:
            raise ShapeError(f"CrossEntropyLoss: outputs are (..., classes), got {given.shape}")
        return np.asarray(given.argmax(axis=-1))


def _cure(predictions: tuple[int, ...], labels: tuple[int, ...]) -> str:
    """What to do about shapes that are usual elsewhere."""
    if labels == (*predictions[:-1], 1):
        return "; take labels[..., 0]"
    if len(predictions) > 2 and labels == predictions[:1] + predictions[2:]:
        return "; put the classes last, np.moveaxis(predictions, 1, -1)"
    return "; labels are numbers, onehot.argmax(-1)" if labels == predictions != () else ""
