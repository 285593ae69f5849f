"""Work that takes a careless engine out of proportion; forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .timing import Contestant


class Work(NamedTuple):
    """Leaves, other arrays, and a function of both that is written alike for every library.

    `xp` has a library's functions where their names or arguments differ.
    """

    leaves: list[Any]
    others: list[Any]
    f: Callable[..., Any]


def _squares_of_rows(xp: Any, x: Any) -> Any:
    total = 0.0
    for row in x:
        total = total + (row * row).sum()
    return total


def work(name: str, quick: bool) -> Work:
    """The work of a row, in float64; `quick` makes it tiny."""
    rng = np.random.default_rng(0)
    n = 8 if quick else 4000
    parts = [rng.normal(size=10) for _ in range(n)]
    if name == "stack":
        return Work(parts, [], lambda xp, *xs: xp.stack(xs).sum())
    if name == "concatenate":
        return Work(parts, [], lambda xp, *xs: xp.concatenate(xs).sum())
    if name == "rows":
        return Work([rng.normal(size=(n * 3 // 4, 200))], [], _squares_of_rows)
    if name == "linear":
        k = 4 if quick else 512
        leaves = [rng.normal(size=s) for s in ((k // 2, 8, k), (k, k), (k,))]
        leaves[0] = leaves[0][:64]
        return Work(leaves, [], lambda xp, x, w, b: (x @ w.T + b).sum())
    if name == "einsum":
        leaves = [rng.normal(size=(4 if quick else 160,) * 2) for _ in range(3)]
        return Work(leaves, [], lambda xp, *xs: xp.einsum("ij,jk,kl->il", *xs).sum())
    if name == "cubes":
        return Work([rng.normal(size=n * 100)], [], lambda xp, x: (x**3).sum())
    if name == "product":
        return Work([rng.uniform(0.999, 1.001, n * 100)], [], lambda xp, x: x.prod())
    if name == "embedding":
        k = n if quick else 5000
        rows = rng.integers(0, k, k * 10)
        return Work([rng.normal(size=(k, 64))], [rows], lambda xp, x, i: (x[i] ** 2).sum())
    z, labels = rng.normal(size=(n // 2, n // 4)), rng.integers(0, n // 4, n // 2)
    return Work([z], [labels], lambda xp, z, y: xp.cross_entropy(z, y))


TITLES = {
    "stack": "stack of 4,000 parts",
    "concatenate": "concatenate of 4,000 parts",
    "rows": "for row in X, (3000, 200)",
    "linear": "a stack (64, 8, 512) times a matrix",
    "einsum": "einsum of three matrices, n = 160",
    "cubes": "x ** 3 with negative entries, 400,000",
    "product": "prod of 400,000",
    "embedding": "50,000 rows of 5,000, 64 wide",
    "cross-entropy": "cross-entropy (2000, 1000)",
}


def microtensor(name: str, quick: bool) -> Contestant:
    import microtensor as mt
    import nn

    class Functions:
        stack = staticmethod(mt.stack)
        concatenate = staticmethod(mt.concatenate)
        einsum = staticmethod(mt.einsum)
        cross_entropy = nn.CrossEntropyLoss()

    arrays, others, f = work(name, quick)
    leaves = [mt.Tensor(x, requires_grad=True) for x in arrays]

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        f(Functions, *leaves, *others).backward()

    return Contestant(step, lambda: [leaf.grad for leaf in leaves])


def pytorch(name: str, quick: bool) -> Contestant:
    import torch

    torch.set_num_threads(1)

    class Functions:
        stack = staticmethod(torch.stack)
        concatenate = staticmethod(torch.cat)
        einsum = staticmethod(torch.einsum)
        cross_entropy = torch.nn.CrossEntropyLoss()

    arrays, indices, f = work(name, quick)
    leaves = [torch.tensor(x, requires_grad=True) for x in arrays]
    others = [torch.tensor(x) for x in indices]

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        f(Functions, *leaves, *others).backward()

    return Contestant(step, lambda: [leaf.grad.numpy() for leaf in leaves])
