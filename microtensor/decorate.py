"""A context held whenever a function runs: a generator function and a coroutine, too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial, wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def decorate(function: F, within: Callable[[], AbstractContextManager[None]]) -> F:
    """The function, with a context of its own around it.

    Around a generator function (a coroutine, too) it is whenever that runs, and not in between,
    where the caller has its own. Objects are what their `__call__` is; a method of a class or a
    property stays one.
    """
    if isinstance(function, staticmethod | classmethod):
        return type(function)(decorate(function.__func__, within))
    if isinstance(function, property):
        parts = (function.fget, function.fset, function.fdel)
        decorated = [part and decorate(part, within) for part in parts]
        return property(*decorated, function.__doc__)
    if not callable(function):
        kind = type(function).__name__
        raise TypeError(
            f"expected a function to decorate, got a {kind}; decorate what it is made of"
        )

    def called(*args: Any, **options: Any) -> Any:
        with within():
            return function(*args, **options)

    async def awaited(*args: Any, **options: Any) -> Any:
        with within():
            return await function(*args, **options)

    def resumed(*args: Any, **options: Any) -> Any:
        generator = function(*args, **options)
        step = partial(generator.send, None)
        while True:
            try:
                with within():
                    found = step()
            except StopIteration as stop:
                return stop.value
            try:
                step = partial(generator.send, (yield found))
            except BaseException as error:  # GeneratorExit too
                step = partial(generator.throw, error)

    async def resumed_later(*args: Any, **options: Any) -> Any:
        generator = function(*args, **options)
        step = partial(generator.asend, None)
        while True:
            try:
                with within():
                    found = await step()
            except StopAsyncIteration:
                return
            try:
                step = partial(generator.asend, (yield found))
            except BaseException as error:
                step = partial(generator.athrow, error)

    kinds = (
        (inspect.isgeneratorfunction, resumed),
        (inspect.iscoroutinefunction, awaited),
        (inspect.isasyncgenfunction, resumed_later),
    )
    body = _body(function)
    wrapper = next((wrapper for holds, wrapper in kinds if holds(body)), called)
    return wraps(function)(wrapper)  # type: ignore[return-value]


def _body(function: Any) -> Any:
    """What runs in the end: of a partial its function, of an object its `__call__`."""
    while not (inspect.isroutine(function) or inspect.isclass(function)):
        function = function.func if isinstance(function, partial) else type(function).__call__
    return function
