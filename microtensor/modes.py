"""What is in force around a computation: no_grad, group, record_constants, a watch, a recorder.

And what all threads share: the numbers that tell earlier from later, and one lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from itertools import count
from threading import RLock
from typing import Any, NamedTuple, NoReturn, Protocol

from .decorate import F, decorate

tick = count(1).__next__  # 1, 2, 3, ... in every thread: what is later has a larger number

changing = RLock()  # held while gradients are added up, or a change is numbered
if hasattr(os, "register_at_fork"):  # what another thread holds, nobody in a child would release
    os.register_at_fork(
        before=changing.acquire,
        after_in_parent=changing.release,
        after_in_child=changing.release,
    )


@dataclass(eq=False, slots=True)
class Group:
    """One call of a module, or one `with group(name)`: what it computes is drawn together."""

    name: str
    outer: Group | None = None
    activation: bool = False
    kind: str = ""  # the class of the module; '' where it is none


class Recorder(Protocol):
    """What `compile` has in force while it records a function."""

    checks: list[tuple[Any, Any]]

    def read(self, tensor: Any, how: str) -> Any:
        """The array of a tensor for use outside of the record, if it may be."""

    def made(self, tensor: Any, source: Any, dtype: Any) -> None:
        """A tensor was made of an array or another tensor."""

    def sampled(self, tensor: Any, make: Callable[[], Any]) -> None:
        """A tensor was made of what a function gives, which gives something else in every call."""

    def given(self, tensor: Any, value: Any) -> None:
        """A tensor is given other numbers, if it may be."""

    def refuse(self, what: str) -> NoReturn:
        """Raises GradientError: this is what a program can't do."""


class Mode(NamedTuple):
    """What is in force in this thread (this context)."""

    recording: bool = True
    group: Group | None = None
    watch: Callable[..., None] | None = None
    constants: bool = False  # what no gradient flows through is recorded too
    recorder: Recorder | None = None


PLAIN = Mode()
_mode: ContextVar[Mode] = ContextVar("microtensor mode", default=PLAIN)
current_mode = _mode.get


class mode:
    """The current mode with changes: for the length of a `with`, or in a function decorated.

    In a generator function (a coroutine, too) it is in force whenever that runs, and not in
    between: there the caller has its own.
    """

    __slots__ = ("_changes", "_token")

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._token: Token[Mode] | None = None

    def __enter__(self) -> None:
        if self._token is not None:
            raise RuntimeError("a mode is entered once at a time: write no_grad() anew each time")
        self._token = _mode.set(_mode.get()._replace(**self._changes))

    def __exit__(self, *_: object) -> None:
        token, self._token = self._token, None
        _leave(token)

    def __call__(self, function: F) -> F:
        return decorate(function, lambda: mode(**self._changes))


def _leave(token: Any) -> None:
    """Back to the mode before, unless another thread ends what this one never began."""
    try:  # noqa: SIM105  # suppress() is four calls, in every call of a module
        _mode.reset(token)
    except ValueError:
        pass


class Switch:
    """A mode by its name: `with no_grad():`, and `@no_grad()` or `@no_grad` before a function."""

    def __init__(self, name: str, text: str, **changes: Any) -> None:
        self.__name__ = name
        self.__doc__ = text
        self._changes = changes

    def __call__(self, function: Any = None) -> Any:
        made = mode(**self._changes)
        return made if function is None else made(function)

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{self.__name__}: it wants its brackets: `with {self.__name__}():`")

    def __exit__(self, *_: object) -> None: ...


no_grad = Switch(
    "no_grad",
    "`with no_grad():` or `@no_grad()`: nothing in it is recorded, its results are constants.",
    recording=False,
)
record_constants = Switch(
    "record_constants",
    """`with record_constants():` what is computed from constants alone is recorded too.

    Pictures, stories and programs then show it as the operation that it was, `1 − y`, where it
    would otherwise be a leaf. It needs no gradient all the same, and keeps what it was computed
    from alive.
    """,
    constants=True,
)


class group:
    """`with group("layer 1"):` names what is computed in it, for pictures and stories.

    Groups nest. A module opens one whenever it is called, and says its class, the `kind`.
    `activation=True`: it is drawn and written as an activation function is.
    """

    __slots__ = ("_activation", "_kind", "_name", "_tokens")

    def __init__(self, name: str, activation: bool = False, kind: str = "") -> None:
        self._name = name
        self._activation = activation
        self._kind = kind
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> None:
        recording, outer, watch, constants, recorder = current_mode()
        inside = Group(self._name, outer, self._activation, self._kind)
        inner = tuple.__new__(Mode, (recording, inside, watch, constants, recorder))
        self._tokens.append(_mode.set(inner))

    def __exit__(self, *_: object) -> None:
        _leave(self._tokens.pop())


_latest_call = 0


def record_anew() -> None:
    """Tells every compiled step that something it relies on was changed.

    Each is recorded anew at its next call. Modules and tensors tell it themselves; call it after
    changing what a step can't see, such as an attribute of an object of your own.
    """
    global _latest_call
    _latest_call = tick()  # a number that it never was before, whichever thread comes last


def changes() -> int:
    """Another number after every `record_anew()`."""
    return _latest_call
