"""How weights begin: each function draws an array from a generator; and one seed for all of them.

Shapes are (n_out, n_in, ...): for a kernel, (channels out, channels in, height, width), n_in and
n_out are what an output reads and an input reaches, so with height times width of each.
"""

import math
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any, Union

import numpy as np

from .checks import whole_number

Array = np.ndarray[Any, np.dtype[Any]]
RNG = Union[int, "np.random.RandomState", "np.random.Generator", None]  # loaded when first used


_seeds: ContextVar[Iterator[list[int]] | None] = ContextVar("nn.seed", default=None)


class seed:
    """`nn.seed(0)`: what is made from here on with `rng=None` draws the same again.

        nn.seed(0)
        model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))

    Layers get one generator each, in the order in which they are made. `with nn.seed(0):` holds
    for its block alone, and either for its thread. A seed or generator given as `rng=` stays what
    it is, and so does NumPy's global one.
    """

    def __init__(self, seed: int) -> None:
        number = whole_number("seed", "seed", seed, 0)
        self._token = _seeds.set([number, k] for k in count())

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        _seeds.reset(self._token)


def generator(rng: RNG) -> "np.random.RandomState | np.random.Generator":
    """The generator meant by `rng`.

    An int gives the stream of `np.random.seed(int)`, without touching that global one; None a
    stream that is different every time, or the next of `nn.seed`; a RandomState or Generator is
    used as it is.
    """
    if isinstance(rng, np.random.RandomState | np.random.Generator):
        return rng
    if rng is None:
        seeds = _seeds.get()
        return np.random.default_rng(None if seeds is None else next(seeds))
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer):
        raise TypeError(f"rng: expected an int, a RandomState or a Generator, got {rng!r}")
    if not 0 <= rng < 2**32:
        raise ValueError(f"rng: a seed is a whole number from 0 to {2**32 - 1}, got {rng}")
    return np.random.RandomState(int(rng))


def lecun_normal(shape: tuple[int, ...], rng: RNG = None) -> Array:
    """Normal with standard deviation 1 / sqrt(n_in): keeps the variance of a linear layer.

    LeCun et al. 1998, "Efficient BackProp", equation 16; the tutorial's `randn / sqrt(n_in)`.
    """
    _, n_in = _sizes(shape)
    return _normal(shape, rng, 1) / math.sqrt(n_in)


def he_normal(shape: tuple[int, ...], rng: RNG = None) -> Array:
    """Normal with standard deviation sqrt(2 / n_in): keeps the variance through a relu.

    He et al. 2015, "Delving Deep into Rectifiers", equation 10.
    """
    _, n_in = _sizes(shape)
    return _normal(shape, rng, math.sqrt(2 / n_in))


def he_uniform(shape: tuple[int, ...], rng: RNG = None) -> Array:
    """Uniform between -+ sqrt(6 / n_in), which has the variance of `he_normal`."""
    _, n_in = _sizes(shape)
    return _uniform(shape, rng, math.sqrt(6 / n_in))


def xavier_normal(shape: tuple[int, ...], rng: RNG = None) -> Array:
    """Normal with standard deviation sqrt(2 / (n_in + n_out)).

    Keeps the variance of values and of gradients halfway each: Glorot and Bengio 2010,
    "Understanding the difficulty of training deep feedforward neural networks", equation 12.
    """
    return _normal(shape, rng, math.sqrt(2 / sum(_sizes(shape))))


def xavier_uniform(shape: tuple[int, ...], rng: RNG = None) -> Array:
    """Uniform between -+ sqrt(6 / (n_in + n_out)): Glorot and Bengio 2010, equation 16."""
    return _uniform(shape, rng, math.sqrt(6 / sum(_sizes(shape))))


def _sizes(shape: tuple[int, ...]) -> tuple[int, int]:
    """What an input reaches, and what an output reads."""
    if not isinstance(shape, tuple) or len(shape) < 2:
        raise ValueError(f"initialiser: the shape is (n_out, n_in, ...), got {shape!r}")
    n_out, n_in, *kernel = (whole_number("initialiser", "a size of its shape", n, 1) for n in shape)
    return n_out * math.prod(kernel), n_in * math.prod(kernel)


def _normal(shape: tuple[int, ...], rng: RNG, deviation: float) -> Array:
    return np.asarray(deviation * generator(rng).standard_normal(shape))


def _uniform(shape: tuple[int, ...], rng: RNG, bound: float) -> Array:
    return np.asarray(generator(rng).uniform(-bound, bound, shape))
