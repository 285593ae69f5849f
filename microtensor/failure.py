"""What was recorded until an error: read from the frames that the error went through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


class Failure(NamedTuple):
    """What failed, as an empty tensor computed from what it was given, and the words for it.

    `beside` are results that were recorded too, and that it wasn't given.
    """

    result: Tensor
    beside: tuple[Tensor, ...]
    message: str
    function: str
    line: int
    file: str


def failure(error: BaseException) -> Failure:
    """Of an operation its operands; of other code the tensors of the innermost function with any.

    ValueError where there is none. Nothing is kept for this while all is well: a traceback holds
    the frames, and these what the functions named.
    """
    message = shown(f"{type(error).__name__}: {error}")
    frames = list(_frames(error))
    if not frames:
        raise ValueError(f"draw: this error was never raised, {message}")
    held = [_tensors(frame.f_locals.values()) for frame, _ in frames]
    applied = [x.f_locals for x, _ in frames if x.f_code is apply.__code__]
    outside = [x for x in frames if not x[0].f_code.co_filename.startswith(HERE)] or frames
    spoken = [x for x in outside if not x[0].f_code.co_name.startswith("_")]
    frame, line = (spoken or outside)[-1]  # of a helper, whoever asked it
    code = frame.f_code
    name = code.co_qualname.replace(".<locals>", "")
    if applied:
        keys = "rule", "inputs", "options", "group"
        result = _stand_in(*(applied[-1][key] for key in keys))
    elif given := next(filter(None, reversed(held)), None):
        result = _stand_in(Rule(name, len, row=Row(name)), given, {}, None)
    else:
        raise ValueError(f"draw: nothing was recorded until this error, {message}")
    seen = set(behind(result))
    places = (frame.f_code.co_name for frame, _ in frames)
    inner = [x for x, place in zip(held, places, strict=True) if place != "<module>"]
    found = dict.fromkeys(x for some in inner for x in some if x not in seen)
    others = [x for x in found if x._rule is not None and not changed(x)]  # as by the step before
    return Failure(result, (*others,), message, name, line, Path(code.co_filename).name)


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """The frames that an error went through and their lines, and before them its cause's."""
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__:
        causes.append(cause)
    for cause in causes:
        trace = cause.__traceback__
        while trace is not None:
            yield trace.tb_frame, trace.tb_lineno
            trace = trace.tb_next


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    """The tensors among values, in lists and dicts too, once each."""
    found: dict[Tensor, None] = {}
    for value in values:
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
