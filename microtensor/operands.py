"""What a rule takes beside tensors: numbers, and arrays, which nobody may change meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .errors import own_arithmetic, too_large, wrong_operand

Array = np.ndarray[Any, np.dtype[Any]]
LARGE = 2**1024 - 2**970  # whole numbers so large are no floats
Mark = tuple[Any, ...]


def operand(x: Any, name: str) -> Any:
    """A plain value as a rule takes it: Python numbers stay, all else becomes an array."""
    if x.__class__ is float or (x.__class__ is int and -LARGE < x < LARGE):
        return x
    if x.__class__ is np.ndarray and x.dtype.kind in "fiub":
        return x
    if defers(x):
        raise wrong_operand(name, x)
    if isinstance(x, int | float):
        if isinstance(x, int) and abs(x) >= LARGE:
            raise too_large(name, x)
        return x
    if isinstance(x, list | tuple):
        x = stacked(x, name)
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fiub":
        raise wrong_operand(name, x)
    if not computes_plainly(type(x)):
        raise own_arithmetic(name, x)
    return x


def alone(x: Any) -> Any:
    """A plain value where no tensor says the dtype; whole numbers that none holds are floats."""
    array = np.asarray(x)
    if array.ndim:
        return array  # itself, by which a record tells who reads it too
    return np.float64(x) if array.dtype.kind == "O" else array[()]


def defers(x: Any) -> bool:
    """Whether operators leave the work to it: so it tells NumPy."""
    return getattr(type(x), "__array_ufunc__", ...) is None


def _computes_plainly(kind: type) -> bool:
    """Whether arrays and numbers of a class are added, multiplied and masked as NumPy's own are."""
    if not issubclass(kind, np.ndarray):
        return True
    signs = "add sub mul truediv floordiv mod pow matmul and or xor eq lt le gt ge ne".split()
    names = ["array_ufunc", "array_function", "neg", "abs", *signs, *(f"r{sign}" for sign in signs)]
    return all(
        getattr(kind, f"__{name}__", None) is getattr(np.ndarray, f"__{name}__", None)
        for name in names
    )


computes_plainly: Callable[[Any], bool] = cache(_computes_plainly)


def _refuse_inside(x: Any, name: str) -> None:
    """Refuses a list that has arrays with an arithmetic of their own, however deep."""
    if any(issubclass(kind, list | tuple | np.ndarray) for kind in set(map(type, x))):
        for part in x:
            if isinstance(part, list | tuple):
                _refuse_inside(part, name)
            elif not computes_plainly(type(part)):
                raise own_arithmetic(name, part)


def stacked(x: Any, name: str) -> Any:
    """A nested list as an array; one line where its rows differ in length."""
    _refuse_inside(x, name)
    try:
        return np.asarray(x)
    except ValueError:
        raise ValueError(f"{name}: the rows of a nested list differ in length") from None


def mark(array: Array) -> Mark:
    """By what it is noticed that an array was changed: all of a small one, some entries of a large.

    The step has no divisor in common with the size, so that it meets every column.
    """
    if array.size <= 1024:
        return array.shape, array.strides, array.dtype, array.tobytes()
    step = array.size // 256
    while math.gcd(step, array.size) > 1:
        step += 1
    return array.shape, array.strides, array.dtype, array.flat[::step].tobytes()
