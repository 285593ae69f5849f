"""What was recorded until an error: read from the frames that the error went through."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from .backward import behind
from .graph import changed
from .lexicon import Row, shown
from .modes import Group, mode
from .rules import Rule
from .tensor import Tensor, apply

HERE = str(Path(__file__).parent)

Places = list[tuple[FrameType, int]]


class Failure(NamedTuple):
    """What failed, as an empty tensor computed from what it was given; and the words for it.

    `beside` are results that were recorded too, and that it wasn't given; `place` is a function,
    a line and a file.
    """

    result: Tensor
    beside: tuple[Tensor, ...]
    message: str
    place: tuple[str, int, str]


def failure(error: BaseException) -> Failure:
    """Of an operation its operands; of other code the tensors of the innermost function with any.

    ValueError where there is none. Nothing is kept for this while all is well: a traceback holds
    the frames, and these what the functions named.
    """
    message = shown(f"{type(error).__name__}: {error}")
    frames = list(_frames(error))
    if not frames:
        raise ValueError(f"draw: this error was never raised, {message}")
    outside = [x for x in frames if not x[0].f_code.co_filename.startswith(HERE)] or frames
    frame, line = ([x for x in outside if _speaks(x[0].f_code.co_name)] or outside)[-1]
    name = frame.f_code.co_qualname.rpartition("<locals>.")[2]
    applied = [x.f_locals for x, _ in frames if x.f_code is apply.__code__]
    if applied:
        keys = "rule", "inputs", "options", "group"
        result = _stand_in(*(applied[-1][key] for key in keys))
    elif given := next(filter(None, (_unchanged(x) for x, _ in reversed(frames))), None):
        result = _stand_in(Rule(name, len, row=Row(name)), given, {}, None)
    else:
        raise ValueError(f"draw: nothing was recorded until this error, {message}")
    place = name, line, Path(frame.f_code.co_filename).name
    return Failure(result, _beside(result, frames), message, place)


def _speaks(name: str) -> bool:
    """Whether a function's name tells where one is: not a helper's, nor a comprehension's."""
    return name == "<module>" or not name.startswith(("_", "<"))


def _beside(result: Tensor, frames: Places) -> tuple[Tensor, ...]:
    """What else the functions held that the error has left.

    One that still runs would keep all it names until it ends, once it is looked into.
    """
    running, frame = {sys._getframe()}, sys._getframe().f_back
    while frame is not None:
        running.add(frame)
        frame = frame.f_back
    seen = set(behind(result))
    left = (x for x, _ in frames if x not in running and x.f_code.co_name != "<module>")
    found = dict.fromkeys(x for frame in left for x in _tensors(frame) if x not in seen)
    return tuple(x for x in found if x._rule is not None and not changed(x))


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """The frames that an error went through and their lines, and before them its cause's."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) and cause not in causes:
        causes.append(cause)
    for cause in causes:
        trace = cause.__traceback__
        while trace is not None:
            yield trace.tb_frame, trace.tb_lineno
            trace = trace.tb_next


def _unchanged(frame: FrameType) -> list[Tensor]:
    """The tensors that a frame names, but those that a step of training left behind."""
    return [x for x in _tensors(frame) if not changed(x)]


def _tensors(frame: FrameType) -> list[Tensor]:
    """The tensors that a frame names, in lists and dicts too, once each.

    Of a notebook's, or a script's, those that its code names.
    """
    found: dict[Tensor, None] = {}
    known, code = frame.f_locals, frame.f_code
    names = known if code.co_name != "<module>" else [x for x in code.co_names if x in known]
    for value in (known[name] for name in names):
        if isinstance(value, Tensor):
            found[value] = None
        elif type(value) in (list, tuple, dict):
            inner = value.values() if isinstance(value, dict) else value
            found |= dict.fromkeys(x for x in inner if isinstance(x, Tensor))
    return list(found)


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fiub"


def _stand_in(rule: Rule, inputs: Any, options: Any, group: Group | None) -> Tensor:
    """A record of what gave no result."""
    known = [x for x in inputs if isinstance(x, Tensor | int | float) or _is_array(x)]
    row = rule.row if known and len(known) == len(inputs) else Row(rule.name)
    nothing = Rule(rule.name, lambda *_, **__: np.zeros(0), row=row)
    with mode(constants=True, group=group, watch=None, recorder=None):
        return apply(nothing, tuple(known), options)
