"""compile: a function recorded once, and from then on run as a program of NumPy calls.

A program is true for inputs of the same shapes, dtypes and order in memory, with everything that
the function reaches beside them unchanged, and with the values that it branched on. All that is
looked at in every call; where it differs, another program is tried, or the function recorded anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any

from ..errors import GradientError, label
from ..modes import current_mode
from ..tensor import Tensor

if TYPE_CHECKING:
    from .program import Program

MOST = 8  # programs kept
OFTEN = 20  # recordings, until it is said that there are many
AGAIN = object()  # what a program returns where it isn't the right one


def compile(function: Callable[..., Tensor]) -> Compiled:
    """The function as a step: one call computes its value, and its gradients as backward() does.

        step = compile(lambda X, Y: loss(model(X), Y))
        cost = step(X, Y)  # a number; the gradients are added to the parameters' .grad

    The function takes arrays, tensors and numbers, and returns a tensor that holds one number. It
    runs when it is recorded, on tensors in place of arrays; afterwards the NumPy calls that were
    recorded run by themselves, in memory that is there already. For inputs of another shape,
    dtype or order in memory, another number, another branch, or when something that it reaches has
    changed (a parameter replaced, train() or eval(), a global), it is recorded anew. Inside
    no_grad() there is the value alone; inside detect_anomaly() the function itself runs.

    What a program could only repeat raises GradientError when it is recorded: random draws,
    changes in place, results kept elsewhere, numbers taken out of tensors that parameters
    determine. What the function reads from files, clocks, or the objects of other libraries is
    taken to stay as it is.
    """
    if not callable(function):
        raise TypeError(f"compile: expected a function, got {type(function).__name__}")
    return Compiled(function)


class Compiled:
    """A function of arrays that returns its value as a number, and leaves the gradients.

    `source` is the text of the program that ran last, `__wrapped__` the function itself.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)
        self._programs: list[Program] = []
        self._recorded = 0
        self._lock = RLock()

    def __call__(self, *inputs: Any) -> Any:
        with self._lock:
            now = current_mode()
            if now.watch is not None or now.recorder is not None:
                return self._eagerly(inputs)
            for k, program in enumerate(self._programs):
                value = program.run(now.recording, inputs)
                if value is not AGAIN:
                    if k:
                        self._programs.insert(0, self._programs.pop(k))
                    return value
            return self._recorded_anew(inputs)

    def _recorded_anew(self, inputs: tuple[Any, ...]) -> Any:
        from .program import Program

        program = Program(self.__wrapped__, self.__name__, inputs)
        value = program.run(current_mode().recording, inputs)
        if value is AGAIN:
            raise GradientError(
                f"compile: {self.__name__} doesn't do the same when it runs twice; call the "
                "function itself"
            )
        self._recorded += 1
        if self._recorded == OFTEN and self._programs:
            why = self._programs[0].difference(inputs)
            warnings.warn(
                f"compile: {self.__name__} was recorded {OFTEN} times, which is slow: {why} "
                "changes between calls; an array passed as an argument may change freely",
                RuntimeWarning,
                stacklevel=4,
            )
        self._programs = [program, *self._programs[: MOST - 1]]
        return value

    def _eagerly(self, inputs: tuple[Any, ...]) -> Any:
        """The function itself, in anomaly mode, which looks at every operation."""
        if current_mode().recorder is not None:
            raise GradientError(
                f"compile: {self.__name__} is compiled, and was called by a function that is being "
                f"recorded; call {self.__name__}.__wrapped__ there"
            )
        result = one_number(self.__wrapped__(*inputs), self.__name__)
        if current_mode().recording:
            result.backward()
        return result._data.reshape(())[()]

    @property
    def source(self) -> str:
        """The program that ran last, as text; empty where none has."""
        return self._programs[0].source if self._programs else ""

    def __repr__(self) -> str:
        return f"compile({self.__name__})"


def one_number(result: Any, name: str) -> Tensor:
    """What the function returned, once it is known to be one number."""
    if not isinstance(result, Tensor):
        raise TypeError(
            f"compile: {name} returns a tensor that holds one number, got a {type(result).__name__}"
        )
    if result.size != 1:
        raise GradientError(
            f"compile: {name} returns {label(result)}, not one number; reduce it by .sum() or "
            ".mean()"
        )
    return result
