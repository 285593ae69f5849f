"""Chains: y = y * a + b, link after link, forward and backward; and one value used many times."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .timing import Contestant

OPERATIONS = 2  # in a link; and for each use below, a product and a sum


def case(shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """y, a and b: a near 1, so that nothing vanishes however long the chain."""
    rng = np.random.default_rng(0)
    return rng.uniform(1, 2, shape), 1 - 1e-6 * rng.uniform(size=shape), rng.uniform(size=shape)


def numpy(links: int, shape: tuple[int, ...] = ()) -> Contestant:
    """By hand: the values kept, and the three gradients from the last link to the first."""
    x, a, b = (v[()] for v in case(shape))
    found: list[Any] = []

    def step() -> None:
        values = [x]
        for _ in range(links):
            values.append(values[-1] * a + b)
        values.pop()
        g = np.ones(shape)[()]
        da = db = np.zeros(shape)[()]
        while values:
            da = da + g * values.pop()
            db = db + g
            g = g * a
        found[:] = g, da, db

    return Contestant(step, lambda: found, OPERATIONS * links)


def microtensor(links: int, shape: tuple[int, ...] = ()) -> Contestant:
    from microtensor import Tensor

    leaves = [Tensor(v, requires_grad=True) for v in case(shape)]
    x, a, b = leaves

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        y = x
        for _ in range(links):
            y = y * a + b
        y.sum().backward()

    return Contestant(step, lambda: [leaf.grad for leaf in leaves], OPERATIONS * links)


def pytorch(links: int, shape: tuple[int, ...] = (), threads: int = 2) -> Contestant:
    import torch

    torch.set_num_threads(threads)
    leaves = [torch.tensor(v, requires_grad=True) for v in case(shape)]
    x, a, b = leaves

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        y = x
        for _ in range(links):
            y = y * a + b
        y.sum().backward()

    return Contestant(step, lambda: [leaf.grad.numpy() for leaf in leaves], OPERATIONS * links)


def autograd(links: int, shape: tuple[int, ...] = ()) -> Contestant:
    import autograd
    import autograd.numpy as anp

    found: list[Any] = []

    def last(x: Any, a: Any, b: Any) -> Any:
        y = x
        for _ in range(links):
            y = y * a + b
        return anp.sum(y)

    gradients = autograd.grad(last, (0, 1, 2))
    values = case(shape)

    def step() -> None:
        found[:] = gradients(*values)

    return Contestant(step, lambda: found, OPERATIONS * links)


def mygrad(links: int, shape: tuple[int, ...] = ()) -> Contestant:
    import mygrad as mg

    leaves = [mg.tensor(v) for v in case(shape)]
    x, a, b = leaves

    def step() -> None:
        y = x
        for _ in range(links):
            y = y * a + b
        y.sum().backward()

    return Contestant(step, lambda: [leaf.grad for leaf in leaves], OPERATIONS * links)


def micrograd(links: int) -> Contestant:
    from micrograd.engine import Value

    depth = 3 * OPERATIONS * links  # its walk calls itself once for every operation
    sys.setrecursionlimit(max(sys.getrecursionlimit(), depth))
    numbers = [float(v) for v in case(())]
    found: list[Any] = []

    def step() -> None:
        x, a, b = (Value(v) for v in numbers)
        y = x
        for _ in range(links):
            y = y * a + b
        y.backward()
        found[:] = x.grad, a.grad, b.grad

    return Contestant(step, lambda: found, OPERATIONS * links)


# Not a chain: many uses of one value, and values that double -------------------------------------


def microtensor_wide(uses: int) -> Contestant:
    from microtensor import Tensor

    x = Tensor(1.5, requires_grad=True)

    def step() -> None:
        x.grad = None
        total = x * x
        for _ in range(uses - 1):
            total = total + x * x
        total.backward()

    return Contestant(step, lambda: [x.grad], OPERATIONS * uses)


def pytorch_wide(uses: int, threads: int = 2) -> Contestant:
    import torch

    torch.set_num_threads(threads)
    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)

    def step() -> None:
        x.grad = None
        total = x * x
        for _ in range(uses - 1):
            total = total + x * x
        total.backward()

    return Contestant(step, lambda: [x.grad.numpy()], OPERATIONS * uses)


def autograd_wide(uses: int) -> Contestant:
    import autograd

    found: list[Any] = []

    def total(x: Any) -> Any:
        total = x * x
        for _ in range(uses - 1):
            total = total + x * x
        return total

    gradient = autograd.grad(total)

    def step() -> None:
        found[:] = [gradient(1.5)]

    return Contestant(step, lambda: found, OPERATIONS * uses)


def doublings(times: int) -> Contestant:
    """x = x + x: 2^times paths lead back to x, and `times` steps."""
    from microtensor import Tensor

    x = Tensor(1.0, requires_grad=True)

    def step() -> None:
        x.grad = None
        y = x
        for _ in range(times):
            y = y + y
        y.backward()

    return Contestant(step, lambda: [x.grad / 2.0**times], times)
