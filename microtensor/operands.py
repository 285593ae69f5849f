"""What a rule takes beside tensors: numbers, and arrays, which nobody may change meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .errors import own_arithmetic, wrong_operand

Array = np.ndarray[Any, np.dtype[Any]]
Mark = tuple[Any, ...]


def operand(x: Any, name: str) -> Any:
    """A plain value as a rule takes it: Python numbers stay, all else becomes an array."""
    if x.__class__ is float or x.__class__ is int:
        return x
    if defers(x):
        raise wrong_operand(name, x)
    if isinstance(x, int | float):
        return x
    if isinstance(x, list | tuple):
        x = stacked(x, name)
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fiub":
        raise wrong_operand(name, x)
    if not computes_plainly(type(x)):
        raise own_arithmetic(name, x)
    return x


def defers(x: Any) -> bool:
    """Whether operators leave the work to it: so it tells NumPy."""
    return getattr(type(x), "__array_ufunc__", ...) is None


def _computes_plainly(kind: type) -> bool:
    """Whether arrays and numbers of a class are added, multiplied and masked as NumPy's own are."""
    own = np.ndarray if issubclass(kind, np.ndarray) else kind
    names = "__array_ufunc__ __array_function__ __add__ __mul__ __pow__ __matmul__ __eq__".split()
    return all(getattr(kind, name, None) is getattr(own, name, None) for name in names)


computes_plainly: Callable[[Any], bool] = cache(_computes_plainly)


def stacked(x: Any, name: str) -> Any:
    """A nested list as an array; one line where its rows differ in length."""
    for kind in set(map(type, x)):
        if issubclass(kind, np.ndarray) and not computes_plainly(kind):
            raise own_arithmetic(name, next(part for part in x if type(part) is kind))
    try:
        return np.asarray(x)
    except ValueError:
        raise ValueError(f"{name}: the rows of a nested list differ in length") from None


def mark(array: Array) -> Mark:
    """By what it is noticed that an array was changed: all of a small one, some entries of a large.

    The step is odd, so that it meets other columns in other rows.
    """
    some = array if array.size <= 1024 else array.flat[:: array.size // 256 | 1]
    return array.shape, array.strides, array.dtype, some.tobytes()
