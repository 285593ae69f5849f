"""A small network's training step: 2 -> 16 -> 16 -> 1 on 100 points, mean squared error."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .cat import torch_compiled
from .timing import Contestant

RATE = 0.01
DIMS = (2, 16, 16, 1)


def case() -> tuple[Any, Any, list[Any]]:
    """X, Y and W1, b1, W2, ...: the same for all."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (100, DIMS[0]))
    Y = (X**2).sum(axis=1, keepdims=True)
    weights = [rng.normal(size=(n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairwise(DIMS)]
    return X, Y, [x for w in weights for x in (w, np.zeros(len(w)))]


def gradients(after: list[Any]) -> list[Any]:
    """What moved the parameters in the first step."""
    return [(b - np.asarray(a)) / RATE for b, a in zip(case()[2], after, strict=True)]


def careful() -> Contestant:
    """NumPy by someone who knows it."""
    X, Y, parameters = case()
    W1, b1, W2, b2, W3, b3 = parameters
    scale = 2 / len(X)

    def step() -> float:
        a1 = X @ W1.T
        a1 += b1
        np.maximum(a1, 0, out=a1)
        a2 = a1 @ W2.T
        a2 += b2
        np.maximum(a2, 0, out=a2)
        off = a2 @ W3.T
        off += b3
        off -= Y
        cost = np.dot(off[:, 0], off[:, 0]) / len(X)
        off *= scale
        dz2 = off @ W3
        dz2 *= a2 > 0
        dz1 = dz2 @ W2
        dz1 *= a1 > 0
        for p, g in (
            (W3, off.T @ a2),
            (b3, off.sum(axis=0)),
            (W2, dz2.T @ a1),
            (b2, dz2.sum(axis=0)),
            (W1, dz1.T @ X),
            (b1, dz1.sum(axis=0)),
        ):
            g *= RATE
            p -= g
        return float(cost)

    return Contestant(step, lambda: gradients(parameters))


def microtensor(compiled: bool = False) -> Contestant:
    import microtensor as mt
    import nn

    X, Y, arrays = case()
    linear = [nn.Linear(n_in, n_out) for n_in, n_out in pairwise(DIMS)]
    model = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    parameters = list(model.parameters())
    for p, array in zip(parameters, arrays, strict=True):
        p.data = array
    optimizer = nn.SGD(parameters, lr=RATE)
    mse = nn.MSELoss()

    def loss(X: Any, Y: Any) -> Any:
        return mse(model(X), Y)

    compute = mt.compile(loss) if compiled else loss

    def step() -> float:
        optimizer.zero_grad()
        cost = compute(X, Y)
        if not compiled:
            cost.backward()
        optimizer.step()
        return cost.item()

    return Contestant(step, lambda: gradients([p.data for p in parameters]))


def pytorch(threads: int = 2, compiled: bool = False) -> Contestant:
    import torch

    torch.set_num_threads(threads)
    X, Y, arrays = case()
    X, Y = torch.from_numpy(X), torch.from_numpy(Y)
    linear = [torch.nn.Linear(*sizes, dtype=X.dtype) for sizes in pairwise(DIMS)]
    model = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
    parameters = list(model.parameters())
    for p, array in zip(parameters, arrays, strict=True):
        p.data = torch.from_numpy(array)
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    mse = torch.nn.MSELoss()

    def loss(X: Any, Y: Any) -> Any:
        return mse(model(X), Y)

    compute = torch_compiled(loss, X, Y) if compiled else loss

    def step() -> float:
        optimizer.zero_grad()
        cost = compute(X, Y)
        cost.backward()
        optimizer.step()
        return cost.item()

    return Contestant(step, lambda: gradients([p.detach().numpy() for p in parameters]))


def _loss(xp: Any, relu: Any, parameters: Any, X: Any, Y: Any) -> Any:
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = relu(xp.matmul(X, W1.T) + b1)
    a2 = relu(xp.matmul(a1, W2.T) + b2)
    return xp.mean((xp.matmul(a2, W3.T) + b3 - Y) ** 2)


def jax() -> Contestant:
    import jax

    jax.config.update("jax_enable_x64", True)
    X, Y, arrays = case()
    X, Y = jax.numpy.asarray(X), jax.numpy.asarray(Y)
    parameters = [jax.numpy.asarray(p) for p in arrays]

    @jax.jit
    def update(parameters: Any, X: Any, Y: Any) -> Any:
        cost, gradients = jax.value_and_grad(lambda p: _loss(jax.numpy, jax.nn.relu, p, X, Y))(
            parameters
        )
        return cost, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    def step() -> float:
        cost, parameters[:] = update(parameters, X, Y)
        jax.block_until_ready(parameters)
        return float(cost)

    return Contestant(step, lambda: gradients(parameters))


def autograd() -> Contestant:
    import autograd
    import autograd.numpy as anp

    def relu(z: Any) -> Any:
        return z * (z > 0)

    X, Y, parameters = case()
    value_and_grad = autograd.value_and_grad(lambda p: _loss(anp, relu, p, X, Y))

    def step() -> float:
        cost, moves = value_and_grad(parameters)
        for p, g in zip(parameters, moves, strict=True):
            p -= RATE * g
        return float(cost)

    return Contestant(step, lambda: gradients(parameters))


def mygrad() -> Contestant:
    import mygrad as mg
    from mygrad.nnet.activations import relu

    X, Y, arrays = case()
    parameters = [mg.tensor(p) for p in arrays]

    def step() -> float:
        cost = _loss(mg, relu, parameters, X, Y)
        cost.backward()
        for p in parameters:
            p.data -= RATE * p.grad
        return float(cost)

    return Contestant(step, lambda: gradients([p.data for p in parameters]))
