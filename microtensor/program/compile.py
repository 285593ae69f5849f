"""compile: a function recorded once, and from then on run as a program of NumPy calls.

What the function is given, and the tensors and arrays that it reaches, are read anew in every call.
Python values are fixed when it is recorded; what of them is looked at in every call stands in
`Program`.
"""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Callable, Sequence
from textwrap import indent
from types import FunctionType
from typing import Any

import numpy as np

from ..backward import starting_gradient, walk
from ..errors import GradientError, label
from ..modes import changes, changing, current_mode
from ..tensor import Tensor
from .fast import Statements
from .recording import ATOMS, MISSING, Recording, names, one_number, record
from .simplify import Simplifier
from .symbol import Symbol, reach

MOST = 8  # programs kept
OFTEN = 20  # recordings, until it is said that there are many
AGAIN = object()  # what a program returns where it isn't the right one


def compile(function: Callable[..., Tensor], verify: int | None = None) -> Compiled:
    """The function as a step: one call computes its value, and its gradients as backward() does.

        step = compile(lambda X, Y: loss(model(X), Y))
        cost = step(X, Y)  # a number; the gradients are added to the parameters' .grad

    The function takes arrays, tensors and numbers, and returns a tensor that holds one number. It
    runs when it is recorded; afterwards the NumPy calls that were recorded run by themselves.

    What the function is given, and the tensors and arrays that it reaches, are read anew in every
    call: their numbers may change. Python values are fixed when it is recorded: pass what changes
    as an argument. It is recorded anew for inputs of another shape, dtype or order in memory, for
    another number, where a branch on a value goes the other way, where a global, closure cell or
    default that the function itself names is replaced, after any change of a module (train() or
    eval(), a parameter, layer or attribute replaced), and after `record_anew()`. Not noticed are
    files, the environment, attributes of objects of your own, entries of lists and dicts, and what
    NumPy's own functions made of an array inside: operations on tensors are followed.

    `verify=50` runs the function itself in every 50th call too, and raises GradientError where the
    program's value or gradients differ; `step.verify(X, Y)` does that at once. Inside no_grad()
    there is the value alone; inside detect_anomaly() the function itself runs.

    What a program could only repeat raises GradientError when it is recorded: random draws, changes
    in place, results kept elsewhere, gradients read or set inside, numbers taken out of tensors
    that parameters determine.
    """
    if not callable(function):
        raise TypeError(f"compile: expected a function, got {type(function).__name__}")
    if verify is not None and (not isinstance(verify, int) or verify < 1):
        raise ValueError(f"compile: verify is a whole number of at least 1, or None, got {verify}")
    return Compiled(function, verify)


class Compiled:
    """A function of arrays that returns its value as a number, and leaves the gradients.

    `source` is the text of the program that ran last, `__wrapped__` the function itself. Threads
    may call it at once. A copy, or a pickle, records anew.
    """

    def __init__(self, function: Callable[..., Tensor], verify: int | None = None) -> None:
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)
        self._verify = verify
        self._programs: tuple[Program, ...] = ()
        self._calls = 0
        self._recorded = 0

    def __call__(self, *inputs: Any) -> Any:
        now = current_mode()
        if now.watch is not None or now.recorder is not None:
            return self._eager(inputs)
        if self._verify is not None:
            self._calls += 1
            if self._calls % self._verify == 0:
                self.verify(*inputs)
        program, (value, gradients) = self._run(now.recording, inputs)
        with changing:
            for tensor, g in zip(program.learnt, gradients):  # noqa: B905  # a call a step
                old = tensor.grad
                tensor.grad = g if old is None else np.asarray(old + g)
        return value

    def verify(self, *inputs: Any) -> None:
        """Runs the function itself too; GradientError where its value or a gradient differs.

        Nobody's `.grad` is changed.
        """
        program, (value, gradients) = self._run(current_mode().recording, inputs)
        result = one_number(self.__wrapped__(*inputs), self.__name__)
        _compare(self.__name__, "its value", value, result._data.reshape(())[()])
        if program.recording:
            found = walk(result, starting_gradient(result, None, "compile"))
            for tensor, g in zip(program.learnt, gradients, strict=True):
                right = found.get(tensor, np.zeros(tensor.shape))
                _compare(self.__name__, f"the gradient of {label(tensor)}", g, right)

    def _run(self, recording: bool, inputs: tuple[Any, ...]) -> tuple[Program, Any]:
        """The program for these inputs, and what it gives."""
        for program in self._programs:
            found = program.run(recording, changes(), inputs)
            if found is not AGAIN:
                if program is not self._programs[0]:
                    others = (p for p in self._programs if p is not program)
                    self._programs = program, *others
                return program, found
        program = Program(self.__wrapped__, self.__name__, inputs)
        found = program.run(recording, changes(), inputs)
        if found is AGAIN:
            raise GradientError(
                f"compile: {self.__name__} doesn't do the same when it runs twice; call the "
                "function itself"
            )
        self._recorded += 1
        if self._recorded == OFTEN and self._programs:
            warnings.warn(
                f"compile: {self.__name__} was recorded {OFTEN} times, which is slow: "
                f"{difference(self._programs[0], program)} changes between calls; an array "
                "passed as an argument may change freely",
                RuntimeWarning,
                stacklevel=4,
            )
        self._programs = program, *self._programs[: MOST - 1]
        return program, found

    def _eager(self, inputs: Sequence[Any]) -> Any:
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

    def __reduce__(self) -> tuple[Any, ...]:
        return compile, (self.__wrapped__, self._verify)

    def __repr__(self) -> str:
        return f"compile({self.__name__})"


class Program:
    """A function recorded for certain inputs.

    `run(recording, changes, inputs)` gives its value and the gradients of the `learnt` tensors, or
    AGAIN where it isn't the right one. `kinds` says, for people, what it is right for.
    """

    def __init__(self, function: Callable[..., Tensor], name: str, inputs: Sequence[Any]) -> None:
        self.recording = current_mode().recording
        changed = changes()
        made = record(function, name, inputs)
        self.learnt = list(made.gradients)
        self.kinds = {"a module, or what record_anew() was called for,": str(changed)}
        simplifier = Simplifier(exact=True)
        if made.seed is not None:
            simplifier.found[made.seed] = simplifier.spread(made.seed.value)
        simplifier.run(reach(made.wanted))
        value, *gradients = map(simplifier.now, (made.value, *made.gradients.values()))
        checks: dict[Symbol, list[str]] = {}
        arguments = [f"a{k}" for k in range(len(inputs))]
        text = Statements({"run", "recording", "changed", "inputs", "AGAIN", "same", *arguments})
        for tensor, known in made.recorder.checks:
            symbol = simplifier.now(made.tracer.symbol(tensor))
            if isinstance(symbol, Symbol):
                checks.setdefault(symbol, []).append(_check(text, known))
        conditions = self._conditions(text, function, inputs, made.inputs)
        reads = [
            _reading(text, symbol, made, inputs)
            for symbol in reach([value, *gradients, *checks])
            if symbol.call is None
        ]
        result, *sent = text.write([value, *gradients], checks)
        result += ".reshape(())[()]" if np.ndim(getattr(value, "value", value)) else ""
        sent = [g if x.ndim else f"np.asarray({g})" for g, x in zip(sent, gradients, strict=True)]
        lines = [
            f"if recording is not {self.recording} or changed != {changed}: return AGAIN",
            f"if len(inputs) != {len(inputs)}: return AGAIN",
            f"({''.join(f'{a}, ' for a in arguments)}) = inputs",
            "try:",
            f"    if not ({' and '.join(conditions) or True}): return AGAIN",
            "except (AttributeError, LookupError, ValueError): return AGAIN",
            *reads,
            *text.lines,
            f"return {result}, ({''.join(f'{g}, ' for g in sent)})",
        ]
        self.source = "def run(recording, changed, inputs):\n" + indent("\n".join(lines), "    ")
        space = {**text.bound, "AGAIN": AGAIN, "same": same}
        exec(builtins.compile(self.source, f"<compiled {name}>", "exec"), space)
        self.run: Callable[..., Any] = space["run"]

    def _conditions(self, text: Statements, function: Any, inputs: Any, made: Any) -> list[str]:
        """What has to hold, of the inputs and of what the function names."""
        found = []
        for k, (x, tensor) in enumerate(zip(inputs, made, strict=True)):
            self.kinds[f"input {k}"] = _kind(x)
            found += _input_conditions(text, f"a{k}", x, tensor)
            arrays = (j for j in range(k) if x is not tensor and made[j] is not inputs[j])
            found += [f"a{k} is {'not ' * (x is not inputs[j])}a{j}" for j in arrays]
        for name, holder, value in names(function):
            self.kinds[name] = repr(value) if isinstance(value, ATOMS) else f"object {id(value)}"
            if isinstance(holder, dict):
                held = text.bind(holder, "names")
                now, absent = f"{held}[{name!r}]", f"{name!r} not in {held}"
            elif isinstance(holder, FunctionType):
                now = f"{text.bind(holder)}.{name}"
            else:
                now = f"{text.bind(holder, 'cell')}.cell_contents"
            found.append(absent if value is MISSING else _is(text, now, value))
        return found


def _reading(text: Statements, symbol: Symbol, made: Recording, inputs: Sequence[Any]) -> str:
    """The line that reads an input's array, a tensor's, or one that the function reaches."""
    x: Any = made.tracer.inputs[symbol]
    place = next((k for k, t in enumerate(made.inputs) if t is x and t is not inputs[k]), None)
    name = text.names[symbol] = text.unique(getattr(x, "name", None) or f"x{len(text.names)}")
    if place is not None:
        found = f"a{place}._data" if isinstance(inputs[place], Tensor) else f"a{place}"
    elif isinstance(x, Tensor):
        found = f"{text.bind(x, f'{name}_tensor')}._data"
    else:
        found = text.bind(x, f"{name}_array")
    return f"{name} = {found}" + ("" if symbol.ndim else "[()]")


def _check(text: Statements, value: Any) -> str:
    """A line that leaves the program where a value that was read is another."""
    if isinstance(value, bool):
        return f"if {'not ' * value}{{}}: return AGAIN"
    return f"if {{}}.tobytes() != {text.bind(value.tobytes())}: return AGAIN"


def _is(text: Statements, now: str, value: Any) -> str:
    """That something is the same: the very object, or of numbers and texts an equal one."""
    known = f"{now} is {text.bind(value)}"
    return f"({known} or same({now}, {text.bind(value)}))" if isinstance(value, ATOMS) else known


def same(x: Any, y: Any) -> bool:
    """Whether two numbers or texts are alike, to the sign of a zero."""
    return type(x) is type(y) and repr(x) == repr(y)


def _kind(x: Any) -> str:
    """What has to be the same in an input, for people."""
    if isinstance(x, Tensor) and x._requires_grad:
        return f"a tensor that requires a gradient, number {x._index}"
    if hasattr(x, "dtype"):
        return f"{x.dtype} {x.shape}, strides {getattr(x, '_data', x).strides}"
    return repr(x)


def _input_conditions(text: Statements, name: str, x: Any, tensor: Any) -> list[str]:
    """That an input is of the kind of the one recorded."""
    if x is tensor:
        return [_is(text, name, x)]
    found, array, data = [f"{name}.__class__ is {text.bind(type(x))}"], name, tensor._data
    if isinstance(x, Tensor):
        found.append(f"{name}._requires_grad is False")
        array = f"{name}._data"
    dtype = text.bind(data.dtype, data.dtype.name)
    found.append(f"{array}.shape == {data.shape} and {array}.dtype == {dtype}")
    return [*found, f"{array}.strides == {data.strides}"] if data.ndim > 1 else found


def difference(old: Program, new: Program) -> str:
    """What changed between two programs of a function, for people."""
    for what, kind in old.kinds.items():
        if new.kinds.get(what) != kind:
            return f"{what} ({kind}, then {new.kinds.get(what)})" if "input" in what else what
    return "a value that the function reads or branches on"


def _compare(name: str, what: str, found: Any, right: Any) -> None:
    """Raises where a program's number isn't what the function gives, but for rounding."""
    found, right = np.asarray(found), np.asarray(right)
    with np.errstate(all="ignore"):
        limit = 1e3 * np.finfo(right.dtype).eps * np.max(np.abs(right), initial=0)
        equal = found.shape == right.shape and bool(
            np.all((found == right) | (np.abs(found - right) <= limit) | (found != found))
        )
    if not equal:
        raise GradientError(
            f"compile: the program of {name} gives another number for {what} than {name} itself: "
            "it reads something that changed without notice; pass that as an argument, or call "
            "record_anew() when it changes"
        )
