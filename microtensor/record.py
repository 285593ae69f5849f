"""Applying a rule and remembering it; what is in force meanwhile: no_grad, group, a watch.

A result that needs a gradient keeps its rule, its inputs and their values. That is the whole
record: every view (numbers, picture, story, code) reads it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import called, rule_failed, wrong_operand
from .rules import Rule

if TYPE_CHECKING:
    from .tensor import Tensor as Tensor
else:
    Tensor = object  # tensor.py puts the class here: it needs `apply`, and `apply` makes tensors

tick = count(1).__next__  # 1, 2, 3, ... in every thread: what is later has a larger number
NO_OPTIONS: dict[str, Any] = {}
UNRECORDED: dict[str, Any] = {}  # the options of what was computed, but isn't recorded as that

new = object.__new__

# A record that dies frees much memory at once. The GNU C library hands it back to the system, to be
# fetched again page by page in the next step, where it is more than twice the largest block freed
# so far. One block of 32 MB, never touched, makes that enough: records of arrays of 10^4 to 10^5
# numbers take a quarter of the time.
np.empty((1 << 25) - (1 << 16), np.uint8)

latest_change = 0  # the number of the latest change to any tensor
_changing = Lock()


def note_change(tensor: Tensor) -> None:
    """A tensor's data was changed: what was computed from it before can't go backward."""
    global latest_change
    with _changing:
        tensor._changed = latest_change = tick()


class Group:
    """One call of a module, or one `with group(name)`: what it computes is drawn together."""

    __slots__ = ("name", "outer")

    def __init__(self, name: str, outer: Group | None = None) -> None:
        self.name = name
        self.outer = outer

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the outside in."""
        names = [self.name]
        outer = self.outer
        while outer is not None:
            names.append(outer.name)
            outer = outer.outer
        return tuple(reversed(names))


class Mode(NamedTuple):
    """What is in force in this thread (this context)."""

    recording: bool = True
    group: Group | None = None
    watch: Callable[..., None] | None = None
    constants: bool = False  # what no gradient flows through is recorded too
    reader: Callable[[Tensor, str], Any] | None = None  # asked for a value that leaves a tensor


PLAIN = Mode()
_mode: ContextVar[Mode] = ContextVar("microtensor mode", default=PLAIN)
current_mode = _mode.get


@contextmanager
def mode(**changes: Any) -> Iterator[None]:
    """The current mode with changes, for the length of a `with`."""
    token = _mode.set(_mode.get()._replace(**changes))
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """`with no_grad():` or `@no_grad()`: nothing in it is recorded, its results are constants."""
    with mode(recording=False):
        yield


@contextmanager
def record_constants() -> Iterator[None]:
    """`with record_constants():` what is computed from constants alone is recorded too.

    Pictures, stories and programs then show it as the operation that it was, `1 − y`, where it
    would otherwise be a leaf. It needs no gradient all the same, and keeps what it was computed
    from alive.
    """
    with mode(constants=True):
        yield


class group:
    """`with group("layer 1"):` names what is computed in it, for pictures and stories.

    Groups nest. A module opens one whenever it is called.
    """

    __slots__ = ("_name", "_tokens")

    def __init__(self, name: str) -> None:
        self._name = name
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> None:
        outer = _mode.get()
        inside = Group(self._name, outer.group)
        inner = Mode(outer.recording, inside, outer.watch, outer.constants, outer.reader)
        self._tokens.append(_mode.set(inner))

    def __exit__(self, *_: object) -> None:
        _mode.reset(self._tokens.pop())


def read(tensor: Tensor, how: str) -> Any:
    """A tensor's array for use outside of the record; while a program is recorded, if it may be."""
    reader = _mode.get().reader
    return tensor._data if reader is None else reader(tensor, how)


def operand(x: Any, name: str) -> Any:
    """A plain value as a rule takes it: Python numbers stay, all else becomes an array."""
    if isinstance(x, int | float):
        return x
    if isinstance(x, list | tuple):
        x = stacked(x, name)
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "fiub":
        raise wrong_operand(name, x)
    return x


def stacked(x: Any, name: str) -> Any:
    """A nested list as an array; one line where its rows differ in length."""
    try:
        return np.asarray(x)
    except ValueError:
        raise ValueError(f"{name}: the rows of a nested list differ in length") from None


def apply(rule: Rule, inputs: tuple[Any, ...], options: dict[str, Any] = NO_OPTIONS) -> Tensor:
    """The result of a rule on tensors, arrays and numbers, recorded where one needs a gradient."""
    values = []
    needs = plain = False
    for x in inputs:
        if isinstance(x, Tensor):
            values.append(x._data)
            if x._requires_grad:
                needs = True
        else:
            values.append(operand(x, rule.name))
            plain = True
    if plain and not any(isinstance(x, Tensor) for x in inputs):
        values = [np.asarray(value)[()] for value in values]
    try:
        data = rule.forward(*values, **options) if options else rule.forward(*values)
    except (ValueError, TypeError, IndexError) as error:
        if rule.own:
            raise
        raise rule_failed(rule.name, inputs, options, error) from None
    recording, group, watch, constants, _ = current_mode()
    result = new(Tensor)
    result._data = data
    result.grad = None
    result.name = None
    result._index = tick()
    result._changed = 0
    result._group = group
    tracked = needs and recording and rule.differentiable
    if tracked or constants:
        tensors = inputs
        if plain:
            tensors = tuple([x if isinstance(x, Tensor) else None for x in inputs])
        if tracked and rule.partial:
            _check_slots(rule, tensors)
        result._requires_grad = tracked
        result._rule = rule
        result._inputs = tensors
        result._saved = tuple(values) if plain else None
        result._options = options
    else:
        if isinstance(data, np.ndarray) and data.base is not None:
            result._data = data.copy()  # nothing would tell it of a change to what it is a view of
        result._requires_grad = False
        result._rule = None
        result._inputs = ()
        result._saved = None
        result._options = UNRECORDED
    if watch is not None:
        watch(rule, inputs, data)
    return result


def _check_slots(rule: Rule, inputs: tuple[Any, ...]) -> None:
    """Refuses a gradient that would quietly be zero."""
    for slot, (x, derivative) in enumerate(zip(inputs, rule.derivatives, strict=True)):
        if derivative is None and x is not None and x._requires_grad:
            raise TypeError(
                f"{rule.name}: no derivative with respect to input {slot}, {called(x)}, which "
                f"requires a gradient; pass its .detach() to keep it constant"
            )
