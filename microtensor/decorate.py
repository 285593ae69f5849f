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
    where the caller has its own.
    """

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
    wrapper = next((wrapper for holds, wrapper in kinds if holds(function)), called)
    return wraps(function)(wrapper)  # type: ignore[return-value]
