"""A training step of every model of the gallery, and of a few more; one thread each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import microtensor as mt
import nn

from .timing import Contestant

FOLDER = Path(__file__).parent.parent / "examples" / "models"
STEPS, N_IN, HIDDEN, BATCH = 20, 16, 64, 32  # of the recurrent cells
TITLES = {
    "xor": "XOR",
    "moons": "two moons",
    "digits": "digits",
    "vae": "VAE",
    "makemore": "makemore",
    "pinn": "PINN",
    "neural_ode": "neural ODE",
    "gaussian_process": "Gaussian process",
    "newton": "Newton's method",
    "rnn": f"RNN cell, {STEPS} steps",
    "gru": f"GRU cell, {STEPS} steps",
    "lstm": f"LSTM cell, {STEPS} steps",
    "char_lstm": "char-LSTM",
    "cnn": "digits CNN",
    "gpt": "GPT, 2 layers",
    "elementwise": "elementwise on 10^6 numbers",
}
UNTRAINED = ("elementwise",)  # value and gradients alone: the optimizer would take half of the time
SIZES: dict[str, dict[str, Any]] = {"digits": {"count": 50}, "cnn": {"count": 50}}
TINY: dict[str, dict[str, Any]] = {
    "moons": {"count": 4},
    "digits": {"count": 4},
    "cnn": {"count": 2},
    "vae": {"count": 4},
    "pinn": {"count": 3},
    "neural_ode": {"starts": 2, "count": 3},
    "char_lstm": {"length": 2},
    "gpt": {"count": 2},
    "gaussian_process": {"count": 4},
}


class Cell(nn.Module):
    """Parameters as those of PyTorch's cells, in their order; `step` is each one's own."""

    def __init__(self, gates: int) -> None:
        rng = np.random.default_rng(0)
        shapes = (gates * HIDDEN, N_IN), (gates * HIDDEN, HIDDEN), gates * HIDDEN, gates * HIDDEN
        draws = (rng.uniform(-1, 1, shape) / np.sqrt(HIDDEN) for shape in shapes)
        self.w_x, self.w_h, self.b_x, self.b_h = map(nn.Parameter, draws)

    def forward(self, X: Any) -> Any:
        h = c = np.zeros((BATCH, HIDDEN))
        w_x, w_h = self.w_x.T, self.w_h.T
        for x in X:
            h, c = self.step(x @ w_x + self.b_x, h @ w_h + self.b_h, h, c)
        return h


class RNN(Cell):
    """Elman's."""

    def step(self, x: Any, seen: Any, h: Any, c: Any) -> Any:
        return (x + seen).tanh(), c


class GRU(Cell):
    """Cho et al. 2014, in PyTorch's form."""

    def step(self, x: Any, seen: Any, h: Any, c: Any) -> Any:
        reset, keep, new = mt.split(x, 3, axis=1)
        reset_h, keep_h, new_h = mt.split(seen, 3, axis=1)
        keep = (keep + keep_h).sigmoid()
        new = (new + (reset + reset_h).sigmoid() * new_h).tanh()
        return (1 - keep) * new + keep * h, c


class LSTM(Cell):
    """Hochreiter and Schmidhuber 1997, with forget gates."""

    def step(self, x: Any, seen: Any, h: Any, c: Any) -> Any:
        take, keep, new, show = mt.split(x + seen, 4, axis=1)
        c = keep.sigmoid() * c + take.sigmoid() * new.tanh()
        return show.sigmoid() * c.tanh(), c


class Elementwise(nn.Module):
    """Two vectors, and functions of each number."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self.x, self.y = (nn.Parameter(rng.standard_normal(size)) for _ in range(2))

    def forward(self) -> Any:
        x, y = self.x, self.y
        return (x.sigmoid() * y + x.tanh() ** 2 - y / 3).mean()


CELLS = {"rnn": (RNN, 1), "gru": (GRU, 3), "lstm": (LSTM, 4)}


def work(name: str, quick: bool) -> tuple[Any, list[Any], Callable[..., Any]]:
    """A model, what it learns from, and its cost."""
    if name == "elementwise":
        return Elementwise(4 if quick else 10**6), [], lambda model: model()
    if name in CELLS:
        kind, gates = CELLS[name]
        X = np.random.default_rng(1).standard_normal((2 if quick else STEPS, BATCH, N_IN))
        return kind(gates), [X], lambda model, X: (model(X) ** 2).mean()
    module = gallery(name)
    batch = module.data(**(TINY if quick else SIZES).get(name, {}))
    if name in ("char_lstm", "makemore", "vae"):  # as many as in one of its steps
        size = 4 if quick else 100 if name == "vae" else 32
        batch = [x.take(range(size), 1 if name == "char_lstm" else 0) for x in batch]
    return module.model(), list(batch), module.cost


def gallery(name: str) -> Any:
    """The module of a model."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return import_module(name)


def microtensor(name: str, quick: bool, compiled: bool = False) -> Contestant:
    one_thread()
    if name == "newton":
        newton = gallery(name)
        p = newton.model()
        return Contestant(lambda: newton.newton_step(p), lambda: [newton.newton_step(p)])
    model, batch, cost = work(name, quick)
    parameters = list(model.parameters())
    optimizer = nn.Adam(parameters)
    compute: Any = mt.compile(lambda *inputs: cost(model, *inputs))

    def step() -> None:
        optimizer.zero_grad()
        if compiled:
            compute(*batch)
        else:
            cost(model, *batch).backward()
        if name not in UNTRAINED:
            optimizer.step()

    return Contestant(step, lambda: [p.grad for p in parameters])


def one_thread() -> None:
    """Tells NumPy's BLAS."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def pytorch(name: str, quick: bool) -> Contestant:
    import torch

    from . import twins

    torch.set_num_threads(1)
    if name == "newton":
        return twins.newton(gallery(name).model())
    model, batch, _ = work(name, quick)
    tensors = [torch.tensor(np.ascontiguousarray(x)) for x in batch]
    return twins.contestant(name, model, tensors, name not in UNTRAINED)
