"""Numbers that every call of a compiled step draws anew, and a second run of that call again."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .modes import current_mode
from .operands import Array
from .tensor import Tensor


def sample(make: Callable[[], Any]) -> Tensor:
    """A constant that holds the array which `make()` gives: noise, a mask, what a generator draws.

        noise = sample(lambda: rng.normal(size=x.shape))

    A compiled step calls `make` in every call, where a draw by itself is refused. What `make` names
    is what it was when the step was recorded; the numbers of a tensor it can't take.
    """
    samples, recorder = _samples.get(), current_mode().recorder
    checks = len(recorder.checks) if recorder is not None else 0
    tensor = Tensor(_made(make) if samples is None else samples.take(make))
    if recorder is not None:
        if len(recorder.checks) > checks:
            recorder.refuse(
                "sample: the function given takes numbers out of a tensor, and a program would "
                "give it the same ones for ever; use operations on what was sampled instead"
            )
        recorder.sampled(tensor, make)
    return tensor


def _made(make: Callable[[], Any]) -> Any:
    """What a function gives: no tensor, whose record would be lost."""
    if not callable(make):
        raise TypeError(f"sample: expected a function, got a {type(make).__name__}")
    array = make()
    if isinstance(array, Tensor):
        raise TypeError("sample: expected a function that gives an array, got one of a tensor")
    return array


class Samples:
    """What a call has sampled, in order; each run that is given the list takes the same from it."""

    def __init__(self, arrays: list[Array]) -> None:
        self._arrays = arrays
        self._taken = 0

    def take(self, make: Callable[[], Any]) -> Array:
        """The next array: made, where no run has come so far."""
        if self._taken == len(self._arrays):
            self._arrays.append(Tensor(_made(make))._array)
        self._taken += 1
        return self._arrays[self._taken - 1]

    def run(self, function: Callable[..., Any], inputs: Any) -> Any:
        """What a function gives that samples these."""
        token = _samples.set(self)
        try:
            return function(*inputs)
        finally:
            _samples.reset(token)


_samples: ContextVar[Samples | None] = ContextVar("microtensor samples", default=None)
