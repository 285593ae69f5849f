"""Training: fit, with its progress and history; predict and accuracy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from microtensor import ShapeError, Tensor, no_grad
from microtensor import compile as as_program

from .checks import whole_number
from .losses import BCELoss
from .module import Module
from .optim import SGD, Optimizer

Array = np.ndarray[Any, np.dtype[Any]]
Callback = Callable[[int, float], Any]


class History:
    """The cost at every iteration, before its update; and whether Ctrl-C ended the training."""

    def __init__(self, costs: Iterable[float] = ()) -> None:
        self.costs = list(costs)
        self.interrupted = False

    def __repr__(self) -> str:
        last = f", last cost {self.costs[-1]:.4g}" if self.costs else ""
        return f"History({len(self.costs)} iterations{last})"

    def every(self, n: int) -> list[tuple[int, float]]:
        """(iteration, cost) at iterations 0, n, 2n, ..., and at the last."""
        n = whole_number("every", "n", n, 1)
        last = len(self.costs) - 1
        return [(i, cost) for i, cost in enumerate(self.costs) if i % n == 0 or i == last]


def fit(
    model: Module,
    X: Any,
    Y: Any,
    *,
    iterations: int = 2500,
    optimizer: Optimizer | Any = None,
    loss: Callable[[Any, Any], Tensor] | None = None,
    history: History | None = None,
    print_every: int | None = 100,
    progress: bool = True,
    callbacks: Iterable[Callback] = (),
    compile: bool = False,
) -> History:
    """Trains a model on all examples at once, `iterations` times, and returns the history.

    X: (n, ...) inputs, Y: the targets as the loss takes them. Without an optimizer it is
    `SGD(lr=0.0075)`, without a loss `BCELoss()`: the tutorial's. Any object with `zero_grad()`
    and `step()` is an optimizer. A `history` from earlier is gone on with, and so is its count of
    iterations.

    The cost is printed for every `print_every`-th iteration and the last (None: never); a
    progress bar shows where tqdm is installed. Each callback is called with the iteration and
    its cost, after the update; one that returns True ends the training. So does Ctrl-C, between
    two updates: what was learnt is kept. A cost that isn't finite raises FloatingPointError
    before the update it would spoil.

    `compile=True` trains by `microtensor.compile`: the same numbers, sooner; every
    `print_every`-th iteration is computed both ways, and GradientError raised where they differ.
    A model that draws random numbers, as dropout does, can't be compiled.
    """
    _expect("fit", "model", model, Module)
    optimizer = optimizer if optimizer is not None else SGD(model.parameters(), lr=0.0075)
    loss = loss if loss is not None else BCELoss()
    history = history if history is not None else History()
    _expect("fit", "history", history, History)
    _expect("fit", "callbacks", callbacks, Iterable)
    callbacks = list(callbacks)
    _expect_parts(optimizer, loss, *callbacks)
    iterations = whole_number("fit", "iterations", iterations, 0)
    if print_every is not None:
        print_every = whole_number("fit", "print_every", print_every, 1)
    if np.shape(X)[:1] != np.shape(Y)[:1]:
        raise ShapeError(f"fit: {np.shape(X)} inputs and {np.shape(Y)} targets differ in number")
    history.interrupted = False
    model.train()

    def cost_of(X: Any, Y: Any) -> Tensor:
        return loss(model(X), Y)

    compute = as_program(cost_of) if compile else cost_of

    def step(iteration: int, verify: bool) -> float:
        optimizer.zero_grad()
        value = _descend(compute, X, Y, iteration, verify)
        optimizer.step()
        return value

    last = len(history.costs) + iterations - 1
    _iterate(step, history, last, print_every, progress, callbacks)
    return history


def _descend(compute: Any, X: Any, Y: Any, iteration: int, verify: bool) -> float:
    """The cost, known to be finite, once its gradients are in place."""
    cost = compute(X, Y)
    value: float = cost.item()
    if not np.isfinite(value):
        raise FloatingPointError(
            f"fit: the cost is {value} at iteration {iteration}; try a smaller learning rate, or "
            "detect_anomaly() to see where it arises"
        )
    if isinstance(cost, Tensor):
        cost.backward()
    elif verify:
        compute.verify(X, Y)
    return value


def _iterate(
    step: Any, history: History, last: int, print_every: int | None, progress: bool, callbacks: Any
) -> None:
    """Takes steps, printing and calling back, up to the last iteration, Ctrl-C, or a True."""
    first = len(history.costs)
    with _ctrl_c_noted() as pressed, _bar(progress, first, last + 1) as (say, bar):
        for iteration in range(first, last + 1):
            due = print_every and (iteration % print_every == 0 or iteration == last)
            value = step(iteration, bool(due))
            history.costs.append(value)
            answers = [callback(iteration, value) for callback in callbacks]
            history.interrupted = bool(pressed)
            ended = True in answers or history.interrupted
            if due or (print_every and ended):
                say(f"cost after iteration {iteration}: {value}")
            if bar is not None:
                bar.update()
            if ended:
                break
        if pressed:
            history.interrupted = True
            say(f"stopped by Ctrl-C after iteration {iteration}; what was learnt is kept")


def _expect_parts(optimizer: Any, *functions: Any) -> None:
    for function in functions:
        if not callable(function) or isinstance(function, type):
            kind = getattr(function, "__name__", f"a {type(function).__name__}")
            raise TypeError(f"fit: loss and callbacks are functions or objects, got {kind}")
    if isinstance(optimizer, type):
        _expect("fit", "optimizer", optimizer, Optimizer)
    for name in ("zero_grad", "step"):
        if not callable(getattr(optimizer, name, None)):
            raise TypeError(
                "fit: an optimizer has zero_grad() and step(), as nn.SGD(model.parameters()) has; "
                f"a {type(optimizer).__name__} has no {name}()"
            )


def _expect(owner: str, name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind):
        got = value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{owner}: {name} is {article} {kind.__name__} object, got {got}")


@contextmanager
def _bar(progress: bool, first: int, last: int) -> Iterator[tuple[Callable[[str], Any], Any]]:
    """A way to say a line, and a progress bar (None where tqdm isn't installed, or not wanted)."""
    try:
        from tqdm import tqdm
    except ImportError:
        progress = False
    if not progress:
        yield print, None
        return
    with tqdm(total=last, initial=first, desc="training", unit="it") as bar:
        yield tqdm.write, bar


@contextmanager
def _ctrl_c_noted() -> Iterator[list[bool]]:
    """Holds Ctrl-C back: the list it gives is no longer empty once it was pressed.

    A second press interrupts at once. Elsewhere than in the main thread, and where the program
    has a handler of its own, nothing is held back.
    """
    pressed: list[bool] = []
    usual = signal.default_int_handler
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not usual
    ):
        yield pressed
        return

    def note(*_: Any) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, usual)


def predict(model: Module, X: Any, threshold: float = 0.5) -> Array:
    """The class of each example, as whole numbers; in evaluation mode, recording nothing.

    A model with one output (n, 1) gives 1 where it is above the threshold, else 0, of shape
    (n, 1). One with several outputs gives the number of the largest, of shape (n,).
    """
    _expect("predict", "model", model, Module)
    training = {module: module.training for _, module in model.named_modules()}
    try:
        # Not by eval(): it is soon as it was, and no compiled step needs to be recorded anew
        for module in training:
            vars(module)["training"] = False
        with no_grad():
            outputs = model(X).numpy()
    finally:
        for module, mode in training.items():
            vars(module)["training"] = mode
    if np.isnan(outputs).any():
        raise FloatingPointError("predict: the model's outputs hold nan, which is no class")
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return np.asarray(outputs.argmax(axis=1))
    return np.asarray(outputs > threshold).astype(int)


def accuracy(model: Module, X: Any, Y: Any, threshold: float = 0.5) -> float:
    """The share of examples whose class is predicted right, from 0 to 1."""
    predicted = predict(model, X, threshold)
    labels = Y.numpy() if isinstance(Y, Tensor) else np.asarray(Y)
    if labels.shape != predicted.shape:
        raise ShapeError(
            f"accuracy: {predicted.shape} predictions and {labels.shape} labels differ in shape"
        )
    return float((predicted == labels).mean())
