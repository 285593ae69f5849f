"""Arguments looked at before anything is done with them; what is wrong is said in one line."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from microtensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])
NAMES = {  # of arguments, in other libraries and here
    "learning_rate": "lr", "in_features": "n_in", "out_features": "n_out", "dim": "axis",
    "epochs": "iterations", "criterion": "loss", "seed": "rng", "layers": "layers_dims",
    "validation_data": "validation",
}  # fmt: skip
NUMBERED = "np.unique(targets, return_inverse=True)[1] numbers the classes"
NOTES = {"epochs": ", and counts updates, of which an epoch has as many as batches"}


def hinting(function: F) -> F:
    """The function, which says its own name of an argument where another library's is used."""
    known = signature(function).parameters

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        for name in named:
            if name not in known and NAMES.get(name) in known:
                owner = function.__qualname__.partition(".")[0]
                note = NOTES.get(name, "")
                raise TypeError(f"{owner}: {name}= is called {NAMES[name]}= here{note}")
        return function(*given, **named)

    return call  # type: ignore[return-value]  # it is called as the function is


def printable(text: Any) -> str:
    """A name from outside, harmless on one line."""
    return text if isinstance(text, str) and text.isprintable() else ascii(text)


def as_array(x: Any) -> Any:
    """A frame or a list of numbers as an array; all else as it is. Masks are refused."""
    if isinstance(x, Tensor) or type(x) is np.ndarray:
        return x
    if isinstance(x, np.ma.MaskedArray):
        Tensor(x)
    listed = isinstance(x, list) and x and not any(isinstance(part, Tensor) for part in x)
    if isinstance(x, Tensor | np.ndarray) or not (listed or hasattr(x, "__array__")):
        return x
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):  # tensors deep in it; rows of different lengths
        return x
    return x if listed and array.dtype == object else array


def as_tensor(x: Any) -> Tensor:
    """A tensor as it is, all else as one."""
    return x if isinstance(x, Tensor) else Tensor(x)


def as_operand(x: Any) -> Any:
    """A tensor or an array as it is, for a record that tells whether others read it too."""
    return x if isinstance(x, Tensor | np.ndarray) else Tensor(x)


def as_classes(what: str, given: Any, n: int) -> Tensor:
    """Whole numbers from 0 to n - 1, as a tensor: a compiled step reads it in every call."""
    numbers = given if isinstance(given, Tensor) else np.asarray(given)
    if numbers.dtype.kind not in "iu":
        cure = "" if numbers.dtype.kind in "fb" else f"; {NUMBERED}"
        raise TypeError(f"{what} are whole numbers, got {numbers.dtype}{cure}")
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < n):
        raise ValueError(f"{what} are from 0 to {n - 1}, got {numbers.min()} to {numbers.max()}")
    return as_tensor(numbers)


def expect(owner: str, name: str, value: Any, kind: type) -> None:
    """Raises TypeError for what is no object of a kind."""
    if not isinstance(value, kind):
        got = value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{owner}: {name} is {article} {kind.__name__} object, got {got}")


def whole_number(owner: str, name: str, value: Any, least: int) -> int:
    """The value as an int, once it is known to be a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{owner}: {name} is a whole number of at least {least}, got {value!r}")
    return int(value)


def number(owner: str, name: str, value: Any, fits: Callable[[float], bool], wanted: str) -> None:
    """Raises ValueError for what isn't a finite number that fits."""
    if not isinstance(value, int | float | np.number) or not (
        fits(float(value)) and np.isfinite(value)
    ):
        raise ValueError(f"{owner}: {name} is a number {wanted}, got {value!r}")
