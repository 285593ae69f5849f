"""One run of a function on tensors, in symbols; and what it reaches, put back where it changed."""

from __future__ import annotations

import builtins
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import is_
from types import FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import numpy as np

from ..errors import GradientError, called, label
from ..modes import changing, current_mode, mode, tick
from ..operands import operand
from ..sampling import Samples
from ..tensor import Tensor
from .trace import Tracer

ATOMS = (int, float, complex, str, bytes, type(None), type(...), np.generic, np.dtype, range, slice)
MISSING = object()
MOST_REACHED = 20_000  # objects looked at, for what a recording may have changed
MOST_ENTRIES = 2_000_000  # of an array; of a larger one, which is data and no buffer, some


class Recorder:
    """In force while a function runs to be recorded: asked for each value that leaves a tensor."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start = tick()
        # What was read, and what it has to be; what was sampled, and the function that makes it.
        self.checks: list[tuple[Tensor, Any]] = []
        self.versions: dict[Tensor, list[Tensor]] = {}  # of a constant: what it was given, in order
        self._before: dict[Tensor, tuple[Any, int]] = {}
        self.sources: dict[int, tuple[Any, Any]] = {}  # by id: what was made, and of what

    def made(self, tensor: Tensor, source: Any, dtype: Any) -> None:
        """A tensor was made of an array, or of another tensor."""
        self.sources[id(tensor)] = tensor, self.now(source)

    def sampled(self, tensor: Tensor, make: Callable[[], Any]) -> None:
        """A tensor was made of what a function gives, which gives something else in every call."""
        self.sources.pop(id(tensor), None)
        self.checks.append((tensor, make))

    def given(self, tensor: Tensor, value: Any) -> None:
        """A constant from before is given the numbers of a tensor; a program does it at its end."""
        inside = tensor._rule is not None or tensor._saved or tensor._index > self.start
        if inside or tensor._requires_grad or not isinstance(value, Tensor):
            self.refuse(
                f"{called(tensor)} is changed in place, which a program can't do again; give the "
                "result another name, change it outside of the function, or assign a tensor to the "
                ".data of a constant"
            )
        self._before.setdefault(tensor, (tensor._array, tensor._changed))
        version = value.detach().astype(tensor.dtype)
        self.versions.setdefault(tensor, []).append(version)

    def makers(self) -> list[tuple[int, Callable[[], Any]]]:
        """The functions that make samples, with their places among the checks."""
        return [(k, make) for k, (_, make) in enumerate(self.checks) if callable(make)]

    def put_back(self, marks: bool = False) -> None:
        """Constants hold what they held; with `marks`, nobody is told that they were changed."""
        for tensor, (array, changed) in self._before.items():
            tensor._array = array
            tensor._changed = changed if marks else tensor._changed

    def now(self, x: Any) -> Any:
        """What a tensor holds by now: what it was given last."""
        return self.versions[x][-1] if isinstance(x, Tensor) and x in self.versions else x

    def refuse(self, what: str) -> NoReturn:
        """Raises for what a program can't do."""
        raise GradientError(f"compile: {what}")

    def read(self, tensor: Tensor, how: str) -> Any:
        """A value leaves the record: it may be what it is while a check on it holds."""
        data, tensor = tensor._array, self.now(tensor)
        if how == "an index" and data.dtype.kind in "iu":
            copy = np.array(data)
            self.sources[id(copy)] = copy, tensor
            return copy
        if how == "bool()" and data.size == 1:
            self.checks.append((tensor, bool(data)))
            return data
        if any(x._requires_grad for x in self.tracer().behind([tensor])):
            self.refuse(
                f"{how} of {label(tensor)} takes a value out of {self.name} that changes as "
                "parameters do, and would stay as it is now; use operations on tensors instead, or "
                "do it outside of the function"
            )
        copy = np.array(data)
        copy.flags.writeable = False
        self.checks.append((tensor, copy))
        return copy if isinstance(data, np.ndarray) else data

    def tracer(self) -> Tracer:
        """What makes symbols of what was recorded."""
        return Tracer(start=self.start, sources=self.sources, opaque=True, versions=self.versions)


# Every step reads every `.grad`, and would ask each time whether a function is being recorded. So
# only while one is, a property that refuses stands before it.
GRAD: Any = Tensor.__dict__["grad"]
recordings = 0


def _guarded(how: str, use: Any) -> Any:
    def guard(tensor: Tensor, *gradient: Any) -> Any:
        recorder: Any = current_mode().recorder
        if recorder is not None and getattr(tensor, "_index", recorder.start) < recorder.start:
            recorder.refuse(
                f".grad of {called(tensor)} is {how} inside the function, and a program adds to it "
                "at its end; do that outside of the function"
            )
        return use(tensor, *gradient)

    return guard


GUARDED = property(_guarded("read", GRAD.__get__), _guarded("set", GRAD.__set__))


@contextmanager
def gradients_refused() -> Iterator[None]:
    """Inside, a function that is recorded neither reads nor sets a `.grad`."""
    global recordings
    with changing:
        recordings += 1
        Tensor.grad = GUARDED  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        with changing:
            recordings -= 1
            if not recordings:
                Tensor.grad = GRAD  # type: ignore[method-assign]


class Recording:
    """One run: its `value`, the `gradients` of tensors that were there before, in symbols.

    And what constants are `given`, which hold again what they held.
    """

    def __init__(
        self, function: Callable[..., Tensor], name: str, inputs: Sequence[Any], samples: Samples
    ) -> None:
        made = {id(x): _as_input(f"input {k} of {name}", x) for k, x in enumerate(inputs)}
        self.inputs = [made[id(x)] for x in inputs]  # one array given twice is one tensor
        self.recorder = recorder = Recorder(name)
        self.gradients: dict[Tensor, Any] = {}
        try:
            with gradients_refused(), mode(constants=True, recorder=recorder):
                result = one_number(recorder.now(samples.run(function, self.inputs)), name)
            for x in (*inputs, *self.inputs):
                if isinstance(x, Tensor) and x in recorder.versions:
                    recorder.refuse(
                        f"{called(x)} is an input of {name}, and given other numbers inside; let "
                        "the function find it by its name"
                    )
            recorder.put_back()
            self.tracer = recorder.tracer()
            self._trace(result, name)
        finally:
            recorder.put_back(marks=True)

    def _trace(self, result: Tensor, name: str) -> None:
        """The run in symbols."""
        tracer, recorder = self.tracer, self.recorder
        given = {tensor: versions[-1] for tensor, versions in recorder.versions.items()}
        with np.errstate(all="ignore"):
            tracer.forward([result, *given.values(), *(tensor for tensor, _ in recorder.checks)])
            self.value = tracer.symbol(result)
            self.given = {tensor: tracer.symbol(version) for tensor, version in given.items()}
            for x in tracer.inputs.values():
                if isinstance(x, Tensor) and x._rule is not None and x._requires_grad:
                    recorder.refuse(
                        f"{name} uses {label(x)}, which {x._rule.name} gave before it ran, and "
                        "which requires a gradient; compute it inside, or take its .detach()"
                    )
            self.seed = tracer.seed(result, None, "compile") if current_mode().recording else None
            found = {} if self.seed is None else tracer.backward(result, self.seed)
            for leaf, g in found.items():
                if leaf._index < recorder.start:
                    self.gradients[leaf] = g.astype(leaf.dtype)


def _as_input(what: str, x: Any) -> Any:
    """An input as the function gets it: arrays as constant tensors, so that they are recorded."""
    if isinstance(x, ATOMS) and not isinstance(x, np.generic):
        return x
    if not isinstance(x, Tensor | np.ndarray | np.generic):
        kind = type(x).__name__
        raise TypeError(f"compile: {what} is a {kind}; inputs are arrays, tensors and numbers")
    if isinstance(x, Tensor) and x._requires_grad:
        if x._rule is not None:
            raise GradientError(
                f"compile: {what} was computed by {x._rule.name} and requires a gradient; compute "
                "it inside the function, or pass its .detach()"
            )
        return x
    array = operand(getattr(x, "_array", x), f"compile: {what}")
    tensor = Tensor(0.0, name=getattr(x, "name", None))
    tensor._array = array if array.ndim else np.asarray(array)[()]
    return tensor


def one_number(result: Any, name: str) -> Tensor:
    """What the function returned, once it is known to be one number."""
    expected = f"compile: {name} returns a tensor that holds one number, got"
    if not isinstance(result, Tensor):
        raise TypeError(f"{expected} a {type(result).__name__}")
    if result.size != 1:
        raise GradientError(f"{expected} {label(result)}; reduce it by .sum() or .mean()")
    return result


# What a function reaches --------------------------------------------------------------------------


def names(function: Any) -> Iterator[tuple[str, Any, str, Any]]:
    """What a function itself names: (name, what holds it, how it is found there, its value)."""
    while isinstance(function, partial | MethodType):
        function = function.func if isinstance(function, partial) else function.__func__
    if not isinstance(function, FunctionType):
        function = type(function).__call__
    if not isinstance(function, FunctionType):
        return
    codes = [function.__code__]
    for name, cell in zip(codes[0].co_freevars, function.__closure__ or (), strict=True):
        yield name, cell, ".cell_contents", cell.cell_contents
    for code in codes:  # grows while it is read: functions that stand in the function
        codes += [x for x in code.co_consts if isinstance(x, type(code))]
    known = function.__globals__
    for name in dict.fromkeys(name for code in codes for name in code.co_names):
        if name in known or hasattr(builtins, name):
            yield name, known, f".get({name!r}, MISSING)", known.get(name, MISSING)
    for name in ("__defaults__", "__kwdefaults__"):
        yield name, function, f".{name}", getattr(function, name)
    if hasattr(function, "__wrapped__"):
        yield from names(function.__wrapped__)


# What can be changed: how to tell what it is now, and to make it that again.
STATES: list[tuple[Any, Callable[[Any], Any], Callable[[Any, Any], Any]]] = [
    (np.ndarray, lambda x: x.flat[_some(x)], lambda x, was: x.flat.__setitem__(_some(x), was)),
    (dict, dict, lambda x, was: (x.clear(), x.update(was))),
    (list, list, lambda x, was: x.__setitem__(slice(None), was)),
    (set, set, lambda x, was: (x.clear(), x.update(was))),
    (np.random.RandomState, lambda x: x.get_state(), lambda x, was: x.set_state(was)),
    (
        np.random.Generator,
        lambda x: x.bit_generator.state,
        lambda x, was: setattr(x.bit_generator, "state", was),
    ),
    (random.SystemRandom, lambda x: None, lambda x, was: None),
    (random.Random, lambda x: x.getstate(), lambda x, was: x.setstate(was)),
]


def _some(x: Any) -> slice:
    """All entries of an array, or a thousand of a large one."""
    return slice(None, None, 1 if x.size <= MOST_ENTRIES else x.size // 1000)


class Reached:
    """What can be reached from a function, as it is now.

    Each with its path, and what there is to tell and change of it; first the generators of all the
    world, which other threads may use meanwhile.
    """

    def __init__(self, function: Any) -> None:
        self.found: list[tuple[str, Any, Any]] = []
        world = [("np.random", np.random.mtrand._rand), ("random", random._inst)]
        stack = [(getattr(function, "__name__", "the function"), function), *world]
        seen: dict[int, Any] = {}
        while stack and len(seen) < MOST_REACHED:
            path, x = stack.pop()
            if not isinstance(x, (*ATOMS, Tensor, ModuleType, type)) and id(x) not in seen:
                seen[id(x)] = x
                take = next((take for kind, take, _ in STATES if isinstance(x, kind)), None)
                if take is not None:
                    self.found.append((path, x, take(x)))
                stack += _parts(path, x)

    def changed(self, skip: int = 2) -> tuple[str, Any]:
        """The path of something that was changed since, and that; ("", None) where nothing was."""
        changes = ((path, x) for path, x, was in self.found[skip:] if not _is_still(x, was))
        return next(changes, ("", None))

    def put_back(self) -> None:
        """Makes everything what it was."""
        for _, x, was in self.found:
            if not _is_still(x, was):
                next(put for kind, _, put in STATES if isinstance(x, kind))(x, was)


def _parts(path: str, x: Any) -> Iterable[tuple[str, Any]]:
    """What a thing holds, and how that is reached from it."""
    if isinstance(x, dict):
        return [(f"{path}[{key!r}]", part) for key, part in x.items()]
    if isinstance(x, list | tuple | set | frozenset):
        return [(f"{path}[{k}]", part) for k, part in enumerate(x)]
    if isinstance(x, MethodType | partial):
        held = (x.__self__, x.__func__) if isinstance(x, MethodType) else (x.func, *x.args)
        return [(path, part) for part in held]
    library = x if isinstance(x, FunctionType) else type(x)
    if (library.__module__ or "").partition(".")[0] in ("numpy", "microtensor"):
        return ()
    if isinstance(x, FunctionType):
        return [(name, part) for name, _, _, part in names(x)]
    return [(path, x.__dict__)] if type(x).__dictoffset__ else ()


def _is_still(x: Any, was: Any) -> bool:
    """Whether a thing is what it was: the same entries, or the very same parts in their order."""
    if isinstance(x, np.ndarray):
        return bool(np.array_equal(x.flat[_some(x)], was, equal_nan=x.dtype.kind == "f"))
    if isinstance(x, dict):
        return list(x) == list(was) and all(map(is_, x.values(), was.values()))
    if isinstance(x, list | set):
        return len(x) == len(was) and all(map(is_, x, was))
    return repr(next(take for kind, take, _ in STATES if isinstance(x, kind))(x)) == repr(was)
