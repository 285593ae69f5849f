"""Training: fit, with its batches, progress and history; predict and accuracy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import numpy as np

from microtensor import ShapeError, Tensor, no_grad
from microtensor import compile as as_program

from .checks import NUMBERED, as_array, expect, hinting, number, printable, whole_number
from .init import RNG, generator
from .losses import BCELoss
from .module import Module
from .optim import SGD, Optimizer

Array = np.ndarray[Any, np.dtype[Any]]
Callback = Callable[[int, float], Any]
LARGE = 100  # inputs are better scaled
SMALLER = "try a smaller learning rate"


class Stop(Exception):
    """What a callback raises to end the training: `raise nn.Stop`."""


class History:
    """The cost at every iteration, before its update; and whether Ctrl-C ended the training.

    `validation` has (iteration, cost) wherever the cost of other examples was computed, after the
    update.

    `about` says what the training was, such as {"data": "drawn cats", "learning_rate": 0.0075}, in
    texts, numbers, and lists and dicts of them; checkpoints keep it.
    """

    def __init__(self, costs: Iterable[float] = (), about: Mapping[str, Any] | None = None) -> None:
        self.costs = list(costs)
        expect("History", "about", {} if about is None else about, Mapping)
        self.about = dict(about or {})
        self.validation: list[tuple[int, float]] = []
        self.interrupted = False

    def __repr__(self) -> str:
        last = f", last cost {self.costs[-1]:.4g}" if self.costs else ""
        return f"History({len(self.costs)} iterations{last})"

    def every(self, n: int) -> list[tuple[int, float]]:
        """(iteration, cost) at iterations 0, n, 2n, ..., and at the last."""
        n = whole_number("every", "n", n, 1)
        last = len(self.costs) - 1
        return [(i, cost) for i, cost in enumerate(self.costs) if i % n == 0 or i == last]


@hinting
def fit(
    model: Module,
    X: Any,
    Y: Any,
    *,
    iterations: int = 2500,
    optimizer: Optimizer | Any = None,
    loss: Callable[[Any, Any], Tensor] | None = None,
    history: History | None = None,
    batch_size: int | None = None,
    rng: RNG = 0,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    print_every: int | None = 100,
    progress: bool = True,
    callbacks: Iterable[Callback] = (),
    compile: bool = False,
) -> History:
    """Trains a model by `iterations` updates, and returns the history.

    X: (n, ...) inputs, Y: the targets as the loss takes them; tensors, arrays, lists or frames.
    Without an optimizer it is `SGD(lr=0.0075)`, without a loss `BCELoss()`: the tutorial's. Any
    object with `zero_grad()` and `step()` is an optimizer. A `history` from earlier is gone on
    with, and so is its count of iterations.

    Every update is by all examples, or by `batch_size` of them: an epoch takes each once, in an
    order that the seed `rng` gives (or a generator, as in `Linear`). `validation=(X, Y)` are other
    examples, whose cost is computed after every epoch, in evaluation mode. `patience=5` ends the
    training once that wasn't below its lowest 5 times in a row, and puts back what the model was
    at the lowest.

    The cost is printed for every `print_every`-th iteration and the last (None: never); a
    progress bar shows where tqdm is installed. Each callback is called with the iteration and
    its cost, after the update; what it returns means nothing, and `raise nn.Stop` ends the
    training. So does Ctrl-C, between two updates: what was learnt is kept. A cost that isn't
    finite raises FloatingPointError before the update it would spoil. A callback that has
    `watch(model, X, Y, loss)` and `write()`, such as `microtensor.film`, is told what is trained
    before the first iteration, and asked to write after the last, however the training ends.

    `compile=True` trains by `microtensor.compile`: the same numbers, sooner; every
    `print_every`-th iteration is computed both ways, and GradientError raised where they differ.
    Dropout draws, and batch norm moves its running statistics, as they do without; a module of
    one's own draws by `microtensor.sample`.
    """
    expect("fit", "model", model, Module)
    optimizer = optimizer if optimizer is not None else SGD(model.parameters(), lr=0.0075)
    loss = loss if loss is not None else BCELoss()
    history = history if history is not None else History()
    expect("fit", "history", history, History)
    expect("fit", "callbacks", callbacks, Iterable)
    callbacks = list(callbacks)
    _expect_parts(model, optimizer, loss, *callbacks)
    iterations = whole_number("fit", "iterations", iterations, 0)
    if print_every is not None:
        print_every = whole_number("fit", "print_every", print_every, 1)
    X, Y = _examples("fit", X, Y)
    first = len(history.costs)
    given: Iterator[Any] = repeat((X, Y, True))
    if batch_size is not None:
        given = _endless(X, Y, whole_number("fit", "batch_size", batch_size, 1), rng, first)
    validate = _Validation(model, loss, validation, patience, history)
    history.interrupted = False
    model.train()

    def cost_of(X: Any, Y: Any) -> Tensor:
        return loss(model(X), Y)

    compute: Any = as_program(cost_of) if compile else cost_of

    def step(iteration: int, verify: bool) -> float:
        X, Y, validate.due = next(given)
        optimizer.zero_grad()
        cost = compute(X, Y)
        value: float = cost.item()
        if not np.isfinite(value):
            if compile:
                cost_of(X, Y)  # run by itself, a loss may say more
            raise FloatingPointError(
                f"fit: the cost is {value} at iteration {iteration}; "
                + _reason(model, X, Y, iteration == first)
            )
        if isinstance(cost, Tensor):
            cost.backward()
        elif verify:
            compute.verify(X, Y)
        optimizer.step()
        return value

    films: list[Any] = [callback for callback in callbacks if hasattr(callback, "watch")]
    for film in films:
        film.watch(model, X, Y, loss)
    try:
        _iterate(step, validate, first + iterations - 1, print_every, progress, callbacks)
    finally:
        for film in films:
            film.write()
    return history


def _examples(owner: str, X: Any, Y: Any) -> tuple[Any, Any]:
    """Inputs and targets as arrays, as many of both, and at least one."""
    X, Y = as_array(X), as_array(Y)
    if np.shape(X)[:1] != np.shape(Y)[:1]:
        raise ShapeError(
            f"{owner}: {np.shape(X)} inputs and {np.shape(Y)} targets differ in number"
        )
    if 0 in np.shape(X)[:1]:
        raise ValueError(f"{owner}: there are no examples: the inputs have shape {np.shape(X)}")
    return X, Y


def batches(X: Any, Y: Any, size: int, rng: RNG = None) -> Iterator[tuple[Any, Any]]:
    """Every example once, in random order: `size` inputs and their targets at a time.

    The last ones may be fewer. Pass a generator: a seed gives the same order in every epoch.

        rng = np.random.default_rng(0)
        for epoch in range(10):
            for x, y in nn.batches(X, Y, 32, rng):
    """
    X, Y = _examples("batches", X, Y)
    X, Y = (x if isinstance(x, Tensor) else np.asarray(x) for x in (X, Y))
    if not X.ndim:
        raise ShapeError("batches: expected examples along the first axis, got a scalar")
    size = whole_number("batches", "size", size, 1)
    order = generator(rng).permutation(len(X))
    return ((X[rows], Y[rows]) for rows in np.split(order, range(size, len(order), size)))


def _endless(X: Any, Y: Any, size: int, rng: RNG, first: int) -> Iterator[tuple[Any, Any, bool]]:
    """Batches from iteration `first` on, each with whether it is the last of its epoch.

    Of a seed every epoch has an order of its own, so that a training goes on as if never ended.
    """
    drawn = generator(rng)
    last = (len(X) - 1) // size
    epoch, done = divmod(first, last + 1)
    while True:
        order = np.random.default_rng([rng, epoch]) if isinstance(rng, int | np.integer) else drawn
        for k, (x, y) in enumerate(batches(X, Y, size, order)):
            if k >= done:
                yield x, y, k == last
        epoch, done = epoch + 1, 0


class _Validation:
    """The cost of other examples, whenever it is due; and whether it has stopped falling."""

    def __init__(
        self, model: Module, loss: Any, data: Any, patience: int | None, history: History
    ) -> None:
        if data is not None:
            if not isinstance(data, tuple | list) or len(data) != 2:
                raise TypeError("fit: validation is a pair (X, Y), inputs and targets")
            data = _examples("fit: validation", *data)
        if patience is not None:
            whole_number("fit", "patience", patience, 1)
            if data is None:
                raise ValueError("fit: patience is with the cost of validation=(X, Y)")
        self.model, self.loss, self.data, self.patience = model, loss, data, patience
        self.history, self.due, self.failed = history, True, 0
        self.best: tuple[float, int, Any] = np.inf, 0, None

    def end(self, iteration: int, bar: Any) -> str:
        """Computes the cost, if due; why the training is to end, if it is."""
        if self.data is None or not self.due:
            return ""
        X, Y = self.data
        with evaluating(self.model), no_grad():
            cost = float(self.loss(self.model(X), Y).item())
        self.history.validation.append((iteration, cost))
        if bar is not None:
            bar.set_postfix_str(f"validation {cost:.4g}")
        if self.patience is None:
            return ""
        self.failed += 1
        if cost < self.best[0]:
            self.best, self.failed = (cost, iteration, self.model.state_dict()), 0
        if self.failed < self.patience:
            return ""
        cost, iteration, state = self.best
        if state is None:
            return "stopped: the validation cost was never a number"
        self.model.load_state_dict(state)
        return f"stopped: the lowest validation cost, {cost}, was after iteration {iteration}"


def _reason(model: Module, X: Any, Y: Any, first: bool) -> str:
    """Why a cost may not be finite, and what to do."""
    for name, x in (("X", X), ("Y", Y), *model.named_parameters()):
        values = x.data if isinstance(x, Tensor) else np.asarray(x)
        bad = np.argwhere(~np.isfinite(values)).tolist()
        if bad:
            cure = "" if first or x is X or x is Y else f"; {SMALLER}"
            return f"{printable(name)} holds {values[tuple(bad[0])]} at {bad[0]}{cure}"
    if np.abs(X).max() > LARGE:
        return f"the inputs go up to {np.abs(X).max():g}; scale them, as pictures by X / 255"
    where = "detect_anomaly() to see where it arises"
    return f"nothing was updated yet: use {where}" if first else f"{SMALLER}, or {where}"


def _iterate(
    step: Any,
    validate: _Validation,
    last: int,
    print_every: int | None,
    progress: bool,
    callbacks: Any,
) -> None:
    """Takes steps, printing and calling back, up to the last iteration, Ctrl-C, or a Stop."""
    history = validate.history
    first, known = len(history.costs), len(history.validation)
    with _ctrl_c_noted() as pressed, _bar(progress, first, last + 1) as (say, bar):
        for iteration in range(first, last + 1):
            due = print_every and (iteration % print_every == 0 or iteration == last)
            value = step(iteration, bool(due))
            history.costs.append(value)
            reason = validate.end(iteration, bar)
            ended = bool(reason)
            for callback in callbacks:
                try:
                    callback(iteration, value)
                except Stop:  # the others are told of this iteration all the same
                    ended = True
            history.interrupted = bool(pressed)
            ended = ended or history.interrupted
            if due or (print_every and ended):
                other = [f", validation {cost}" for _, cost in history.validation[known:][-1:]]
                say(f"cost after iteration {iteration}: {value}{''.join(other)}")
                if reason:
                    say(reason)
            if bar is not None:
                bar.update()
            if ended:
                break
        if pressed:
            history.interrupted = True
            say(f"stopped by Ctrl-C after iteration {iteration}; what was learnt is kept")


def _expect_parts(model: Module, optimizer: Any, *functions: Any) -> None:
    for function in functions:
        if not callable(function) or isinstance(function, type):
            kind = getattr(function, "__name__", f"a {type(function).__name__}")
            raise TypeError(
                f"fit: loss and callbacks are functions or objects, got {printable(kind)}"
            )
    if isinstance(optimizer, type):
        expect("fit", "optimizer", optimizer, Optimizer)
    parts = [part for part in (model, *functions) if isinstance(part, Module)]
    learnt = {id(p) for part in parts for p in part.parameters()}
    if isinstance(optimizer, Optimizer) and learnt.isdisjoint(map(id, optimizer.parameters)):
        raise ValueError(
            "fit: the optimizer changes no parameter of this model; make it of model.parameters()"
        )
    for name in ("zero_grad", "step"):
        if not callable(getattr(optimizer, name, None)):
            raise TypeError(
                "fit: an optimizer has zero_grad() and step(), as nn.SGD(model.parameters()) has; "
                f"a {type(optimizer).__name__} has no {name}()"
            )


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


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """In evaluation mode, and then as it was: no compiled step needs to be recorded anew."""
    training = {module: module.training for _, module in model.named_modules()}
    try:
        for module in training:
            vars(module)["training"] = False
        yield
    finally:
        for module, mode in training.items():
            vars(module)["training"] = mode


def predict(model: Module, X: Any, threshold: float | None = None, loss: Any = None) -> Array:
    """The class of each example, as whole numbers; in evaluation mode, recording nothing.

    `loss=`, the loss that the model was trained with, decides by its `decide(outputs)`: at 0.5 for
    `BCELoss`, at 0 for `BCEWithLogitsLoss`, on the largest of a row for `CrossEntropyLoss`.

    Without it a model with one output (n, 1) gives 1 where it is above the threshold, else 0, of
    shape (n, 1); without a threshold it is 0.5, and outputs beyond 0..1 raise ValueError. One with
    several outputs gives the number of the largest, of shape (n,). Outputs of more axes need one
    of the two.
    """
    expect("predict", "model", model, Module)
    decide = _decision(threshold, loss)
    with evaluating(model), no_grad():
        outputs = model(as_array(X)).numpy()
    if np.isnan(outputs).any():
        raise FloatingPointError("predict: the model's outputs hold nan, which is no class")
    classes = decide(outputs)
    classes = classes.numpy() if isinstance(classes, Tensor) else np.asarray(classes)
    return classes.astype(int) if classes.dtype == bool else classes


def _decision(threshold: float | None, loss: Any) -> Callable[[Array], Any]:
    """What makes classes of outputs: the loss, or a threshold."""
    if threshold is not None:
        number("predict", "threshold", threshold, lambda x: loss is None, "where loss= isn't given")
    if loss is None:
        return lambda outputs: _judged(outputs, threshold)
    if isinstance(loss, type) or not callable(getattr(loss, "decide", None)):
        called = getattr(loss, "__name__", type(loss).__name__)
        raise TypeError(
            f"predict: loss is an object with decide(outputs), as nn.BCEWithLogitsLoss() is, and "
            f"{printable(called)} has none; say threshold=, or judge model(X) yourself"
        )
    return loss.decide  # type: ignore[no-any-return]


def _judged(outputs: Array, threshold: float | None) -> Array:
    """Classes by the largest of several outputs, or by a threshold for one."""
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        if threshold is not None:
            raise ValueError(f"predict: threshold= is for one output, not {outputs.shape[1]}")
        return np.asarray(outputs.argmax(axis=1))
    if threshold is None and outputs.ndim > 2:
        raise ValueError(
            f"predict: outputs of shape {outputs.shape} are judged by loss=, the loss of the "
            "training, or threshold="
        )
    if threshold is None and outputs.size and (outputs.min() < 0 or outputs.max() > 1):
        raise ValueError(
            f"predict: outputs of {outputs.min():.4g} to {outputs.max():.4g} are no probabilities, "
            "judged at 0.5; say loss=, the loss of the training, or threshold="
        )
    return np.asarray(outputs > (0.5 if threshold is None else threshold)).astype(int)


def accuracy(
    model: Module, X: Any, Y: Any, threshold: float | None = None, loss: Any = None
) -> float:
    """The share of examples whose class is right, as `predict` decides on it: from 0 to 1."""
    predicted = predict(model, X, threshold, loss)
    Y = as_array(Y)
    labels = Y.numpy() if isinstance(Y, Tensor) else np.asarray(Y)
    if labels.shape != predicted.shape:
        raise ShapeError(
            f"accuracy: {predicted.shape} predictions and {labels.shape} labels differ in shape"
        )
    if labels.dtype.kind not in "fiub" or not labels.size:
        raise TypeError(f"accuracy: no labels are in {labels.size} of {labels.dtype}; {NUMBERED}")
    strange = labels[(labels < 0) | (labels != np.floor(labels))]
    if strange.size:
        raise ValueError(f"accuracy: classes are numbered from 0, got the label {strange[0]}")
    return float((predicted == labels).mean())
