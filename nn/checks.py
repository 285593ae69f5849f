"""Arguments looked at before anything is done with them; what is wrong is said in one line."""

from collections.abc import Callable
from typing import Any

import numpy as np


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
