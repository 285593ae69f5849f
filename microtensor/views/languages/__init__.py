"""The languages that views speak, each in a file by its code, and which of them is spoken now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from ...errors import check_one_of
from ...lexicon import ROWS, Row

ENGLISH = "en"  # what is spoken where nobody says otherwise
VARIABLE = "MICROTENSOR_LANGUAGE"  # of the environment

# Of this thread, while a door is open; None: what the environment says
_spoken: ContextVar[str | None] = ContextVar("language", default=None)


class Language(NamedTuple):
    """A catalogue: sentences by key, and the lexicon's rows with what they say.

    `form` is which form of a sentence a count takes, `one` or `many` (or another, such as `few`,
    which not every sentence needs to have), and `ordinal` is a place in a row, counted from 1, in
    words: `1st`. `grouped` writes a count that Python wrote, `245,780`. What a language's file
    leaves out is English.
    """

    code: str
    sentences: Mapping[str, str]
    rows: Mapping[str, Row]
    form: Callable[[int], str]
    ordinal: Callable[[int], str]
    grouped: Callable[[str], str]


@cache
def languages() -> tuple[str, ...]:
    """The codes of the languages there are: the names of the files in this folder."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def chosen(language: str | None = None, who: str = "") -> str:
    """The code of what is asked for, else of what is spoken, else of what the environment says.

    ValueError for one that there isn't.
    """
    if language is None:
        language = _spoken.get()
    if language is None:
        language, who = os.environ.get(VARIABLE) or ENGLISH, VARIABLE
    check_one_of(f"{who}: language", language, languages())
    return language


@contextmanager
def speaking(language: str | None, who: str = "") -> Iterator[None]:
    """While it lasts, this thread's sentences are in a language; None: in what is `chosen`."""
    before = _spoken.set(chosen(language, who))
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> Language:
    """The catalogue of the language that is spoken now."""
    return catalogue(_spoken.get() or chosen())


@cache
def catalogue(code: str) -> Language:
    """The catalogue of a language."""
    own: Any = import_module(f".{code}", __name__)
    english: Any = import_module(f".{ENGLISH}", __name__)
    return Language(
        code,
        {**english.SENTENCES, **own.SENTENCES},
        {name: row.translated(own.LEXICON) for name, row in ROWS.items()},
        getattr(own, "form", english.form),
        getattr(own, "ordinal", english.ordinal),
        getattr(own, "grouped", english.grouped),
    )


def spoken_row(row: Row) -> Row:
    """A row of the lexicon in the language that is spoken; one of the user's own as it is."""
    return spoken().rows[row.name] if ROWS.get(row.name) is row else row
