"""Runs of operations on large arrays, which a program goes through piece by piece.

A piece stays in the cache from one operation to the next. Of whole arrays each operation would read
its operands from memory and write its result there, which takes longer than to compute it.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator
from typing import Any

import numpy as np

from ..rules import power
from .symbol import Symbol, is_entrywise

PIECE = 1 << 14  # numbers of each array, of which some together fit the cache
LARGE = 1 << 18  # numbers, from which on two arrays don't
FEWEST = 3  # operations for which it pays


def gathered(order: Iterable[Symbol], checks: Container[Symbol]) -> Iterator[list[Symbol]]:
    """Symbols in an order in which they can be computed, those of a run as one list.

    What lies between and doesn't read the run comes before it. A run ends where there are `checks`.
    """
    run: list[Symbol] = []
    inside: set[Symbol] = set()
    for symbol in order:
        fits = symbol not in checks and _fits(symbol)
        joins = fits and (not run or symbol.value.shape == run[0].value.shape)
        if run and not joins and (fits or symbol in checks or inside.intersection(symbol.operands)):
            yield from _parts(run)
            run, inside = [], set()
            joins = fits
        if joins:
            run.append(symbol)
            inside.add(symbol)
        else:
            yield [symbol]
    yield from _parts(run)


def _parts(run: list[Symbol]) -> Iterator[list[Symbol]]:
    yield from [run] if len(run) >= FEWEST else ([symbol] for symbol in run)


def _fits(symbol: Symbol) -> bool:
    """Whether it is large, and each row of it made of the same rows of its operands."""
    value = symbol.value
    entrywise = is_entrywise(symbol.function) or symbol.function in (np.where, power.forward)
    if symbol.call is None or symbol.options or not entrywise or not _is_large(value):
        return False
    return all(is_cut(x, value.shape) or _is_whole(x, value.ndim) for x in symbol.arguments)


def _is_large(value: Any) -> bool:
    """Whether it is an array of many numbers in rows of so few that pieces can be small."""
    plain = isinstance(value, np.ndarray) and value.flags.c_contiguous
    return plain and LARGE <= value.size <= PIECE * len(value)


def rows(shape: tuple[int, ...]) -> int:
    """How many rows of an array a piece has."""
    return PIECE // math.prod(shape[1:])


def is_cut(x: Any, shape: tuple[int, ...]) -> bool:
    """Whether an argument is as large as the result, so that there is a piece of it for each."""
    value = getattr(x, "value", x)
    return isinstance(value, np.ndarray) and value.shape == shape


def _is_whole(x: Any, ndim: int) -> bool:
    """Whether an argument has no rows: every piece takes all of it."""
    value = getattr(x, "value", x)
    if isinstance(value, np.ndarray):
        return value.ndim < ndim or (value.ndim == ndim and value.shape[0] == 1)
    return isinstance(value, bool | int | float | np.generic)
