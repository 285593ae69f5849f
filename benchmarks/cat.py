"""The cat classifier's training step: forward, cost, backward and update, on all examples."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import Any

import numpy as np

from .timing import Contestant

RATE = 0.0075


class Case:
    """What every contestant starts from: the same weights, images and labels."""

    def __init__(self, dtype: str, examples: int, dims: tuple[int, ...]) -> None:
        rng = np.random.RandomState(1)
        self.dtype = np.dtype(dtype)
        self.dims = dims
        self.weights = [
            (rng.randn(n_out, n_in) / np.sqrt(n_in)).astype(dtype) for n_in, n_out in pairwise(dims)
        ]
        self.biases = [np.zeros(n, dtype) for n in dims[1:]]
        self.X = rng.uniform(size=(examples, dims[0])).astype(dtype)
        self.Y = rng.randint(0, 2, size=(examples, 1)).astype(dtype)

    def arrays(self) -> list[Any]:
        """W1, b1, W2, ... for a contestant to change."""
        return [x.copy() for x in chain(*zip(self.weights, self.biases, strict=True))]

    def gradients(self, after: list[Any]) -> list[Any]:
        """What moved the parameters in the first step."""
        return [
            (b.astype(float) - np.asarray(a, float).reshape(b.shape)) / RATE
            for b, a in zip(self.arrays(), after, strict=True)
        ]


def tutorial(**sizes: Any) -> Contestant:
    """As the tutorial has it: a column is an example, and the images get a gradient too."""
    case = Case(**sizes)
    m, last = len(case.X), len(case.weights)
    W = [w.copy() for w in case.weights]
    b = [x[:, np.newaxis].copy() for x in case.biases]
    X, Y = case.X.T, case.Y.T

    def step() -> float:
        A, caches = X, []
        for k in range(last):
            Z = np.dot(W[k], A) + b[k]
            caches.append((A, Z))
            A = np.maximum(0, Z) if k < last - 1 else 1 / (1 + np.exp(-Z))
        cost = -(np.dot(Y, np.log(A).T) + np.dot(1 - Y, np.log(1 - A).T)) / m
        dA = -(np.divide(Y, A) - np.divide(1 - Y, 1 - A))
        gradients = []
        for k in reversed(range(last)):
            before, Z = caches[k]
            if k == last - 1:
                s = 1 / (1 + np.exp(-Z))
                dZ = dA * s * (1 - s)
            else:
                dZ = np.array(dA, copy=True)
                dZ[Z <= 0] = 0
            gradients.append((np.dot(dZ, before.T) / m, np.sum(dZ, axis=1, keepdims=True) / m))
            dA = np.dot(W[k].T, dZ)
        for k, (dW, db) in enumerate(reversed(gradients)):
            W[k] = W[k] - RATE * dW
            b[k] = b[k] - RATE * db
        return float(cost[0, 0])

    return Contestant(
        step, lambda: case.gradients([x for pair in zip(W, b, strict=True) for x in pair])
    )


def careful(**sizes: Any) -> Contestant:
    """NumPy by someone who knows it: nothing computed twice or in vain, updates in place."""
    case = Case(**sizes)
    m, last = len(case.X), len(case.weights)
    parameters = case.arrays()
    W, b = parameters[::2], parameters[1::2]
    X, Y = case.X, case.Y

    def step() -> float:
        A = [X]
        for k in range(last):
            z = A[-1] @ W[k].T
            z += b[k]
            A.append(np.maximum(z, 0, out=z) if k < last - 1 else 1 / (1 + np.exp(-z)))
        a = A[-1]
        cost = -(Y * np.log(a) + (1 - Y) * np.log(1 - a)).sum() / m
        dz = (a - Y) / m
        for k in reversed(range(last)):
            dW, db = dz.T @ A[k], dz.sum(axis=0)
            if k:
                dz = dz @ W[k]
                dz *= A[k] > 0
            dW *= RATE
            W[k] -= dW
            b[k] -= RATE * db
        return float(cost)

    return Contestant(step, lambda: case.gradients(parameters))


def products(update: bool = False, **sizes: Any) -> Contestant:
    """The matrix products alone, into arrays that are there: what no NumPy program can go below.

    With `update` the weights change too, in place and without a thought for the gradients: then
    it is what no NumPy program that learns can go below.
    """
    case = Case(**sizes)
    A = [case.X] + [np.ones((len(case.X), n), case.dtype) for n in case.dims[1:]]
    dZ = [np.ones_like(x) for x in A]
    dW = [np.empty_like(w) for w in case.weights]
    out = [np.empty_like(x) for x in A]
    calls = [
        call
        for k, w in enumerate(case.weights)
        for call in (
            (A[k], w.T, out[k + 1]),
            (dZ[k + 1].T, A[k], dW[k]),
            *([(dZ[k + 1], w, out[k])] if k else []),
        )
    ]

    def step() -> None:
        for left, right, result in calls:
            np.matmul(left, right, out=result)
        if update:
            for w, g in zip(case.weights, dW, strict=True):
                np.multiply(g, RATE, out=g)
                np.subtract(w, g, out=w)

    return Contestant(step)


def microtensor(compiled: bool = False, closure: bool = False, **sizes: Any) -> Contestant:
    """`closure`: the compiled function reaches the images, and isn't given them."""
    import microtensor as mt
    import nn

    case = Case(**sizes)
    model = nn.CatClassifier(case.dims, rng=1, dtype=case.dtype)
    parameters = list(model.parameters())
    optimizer = nn.SGD(parameters, lr=RATE)
    bce = nn.BCELoss()

    def loss(X: Any, Y: Any) -> Any:
        return bce(model(X), Y)

    X, Y = case.X, case.Y
    inputs = () if closure else (X, Y)
    function = (lambda: loss(X, Y)) if closure else loss
    compute = mt.compile(function) if compiled else function

    def step() -> float:
        optimizer.zero_grad()
        cost = compute(*inputs)
        if not compiled:
            cost.backward()
        optimizer.step()
        return cost.item()

    return Contestant(step, lambda: case.gradients([p.data for p in parameters]))


def pytorch(threads: int = 2, compiled: bool = False, **sizes: Any) -> Contestant:
    import torch

    torch.set_num_threads(threads)
    case = Case(**sizes)
    X, Y = torch.from_numpy(case.X), torch.from_numpy(case.Y)
    layers: list[Any] = []
    for k, w in enumerate(case.weights, start=1):
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=X.dtype)
        linear.weight.data = torch.from_numpy(w.copy())
        linear.bias.data.zero_()
        layers += [linear, torch.nn.ReLU() if k < len(case.weights) else torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers)
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=RATE)
    bce = torch.nn.BCELoss()

    def loss(X: Any, Y: Any) -> Any:
        return bce(model(X), Y)

    compute = torch_compiled(loss, X, Y) if compiled else loss

    def step() -> float:
        optimizer.zero_grad()
        cost = compute(X, Y)
        cost.backward()
        optimizer.step()
        return cost.item()

    return Contestant(step, lambda: case.gradients([p.detach().numpy() for p in parameters]))


def torch_compiled(loss: Any, X: Any, Y: Any) -> Any:
    """The loss through torch.compile, which needs a C++ compiler among other things."""
    import torch

    compiled = torch.compile(loss)
    try:
        compiled(X, Y).backward()
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ImportError(f"torch.compile fails: {type(error).__name__}: {reason}") from None
    return compiled


def jax_loss(parameters: Any, X: Any, Y: Any) -> Any:
    """The network and its cost, as one writes it in JAX."""
    import jax.numpy as jnp
    from jax import nn

    A, last = X, len(parameters) // 2
    for k in range(last):
        z = A @ parameters[2 * k].T + parameters[2 * k + 1]
        A = nn.relu(z) if k < last - 1 else 1 / (1 + jnp.exp(-z))
    return -jnp.mean(Y * jnp.log(A) + (1 - Y) * jnp.log(1 - A))


def jax(**sizes: Any) -> Contestant:
    import jax

    jax.config.update("jax_enable_x64", True)
    case = Case(**sizes)
    X, Y = jax.numpy.asarray(case.X), jax.numpy.asarray(case.Y)
    parameters = [jax.numpy.asarray(p) for p in case.arrays()]

    @jax.jit
    def update(parameters: Any, X: Any, Y: Any) -> Any:
        cost, gradients = jax.value_and_grad(jax_loss)(parameters, X, Y)
        return cost, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    def step() -> float:
        cost, parameters[:] = update(parameters, X, Y)
        jax.block_until_ready(parameters)
        return float(cost)

    return Contestant(step, lambda: case.gradients(parameters))


def exported(**sizes: Any) -> Contestant:
    """The program that microtensor writes for the step, compiled by JAX."""
    import jax

    import microtensor as mt
    import nn

    jax.config.update("jax_enable_x64", True)
    case = Case(**sizes)
    model = nn.CatClassifier(case.dims, rng=1, dtype=case.dtype)
    data = [mt.Tensor(case.X, name="X"), mt.Tensor(case.Y, name="Y")]
    program: dict[str, Any] = {}
    exec(mt.to_source(nn.BCELoss()(model(data[0]), data[1]), xp="jax.numpy"), program)
    X, Y = (jax.numpy.asarray(t.data) for t in data)
    parameters = {str(p.name): jax.numpy.asarray(p.data) for p in model.parameters()}

    @jax.jit
    def update(parameters: Any, X: Any, Y: Any) -> Any:
        cost, gradients = program["L_and_gradients"](X, Y, **parameters)
        return cost, {name: p - RATE * gradients[name] for name, p in parameters.items()}

    def step() -> float:
        cost, moved = update(parameters, X, Y)
        parameters.update(jax.block_until_ready(moved))
        return float(cost)

    return Contestant(step, lambda: case.gradients(list(parameters.values())))


def autograd(**sizes: Any) -> Contestant:
    import autograd
    import autograd.numpy as anp

    case = Case(**sizes)
    parameters = case.arrays()
    X, Y, last = case.X, case.Y, len(case.weights)

    def loss(parameters: Any) -> Any:
        A = X
        for k in range(last):
            z = anp.dot(A, parameters[2 * k].T) + parameters[2 * k + 1]
            A = z * (z > 0) if k < last - 1 else 1 / (1 + anp.exp(-z))
        return -anp.mean(Y * anp.log(A) + (1 - Y) * anp.log(1 - A))

    value_and_grad = autograd.value_and_grad(loss)

    def step() -> float:
        cost, gradients = value_and_grad(parameters)
        for p, g in zip(parameters, gradients, strict=True):
            p -= RATE * g
        return float(cost)

    return Contestant(step, lambda: case.gradients(parameters))


def mygrad(**sizes: Any) -> Contestant:
    import mygrad as mg
    from mygrad.nnet.activations import relu

    case = Case(**sizes)
    parameters = [mg.tensor(p) for p in case.arrays()]
    X, Y, last = case.X, case.Y, len(case.weights)

    def step() -> float:
        A = X
        for k in range(last):
            z = mg.matmul(A, parameters[2 * k].T) + parameters[2 * k + 1]
            A = relu(z) if k < last - 1 else 1 / (1 + mg.exp(-z))
        cost = -mg.mean(Y * mg.log(A) + (1 - Y) * mg.log(1 - A))
        cost.backward()
        for p in parameters:
            p.data -= RATE * p.grad
        return float(cost)

    return Contestant(step, lambda: case.gradients([p.data for p in parameters]))
