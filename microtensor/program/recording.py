"""One run of a function on tensors, in symbols; and what it reaches, put back where it changed."""

from __future__ import annotations

import builtins
import pickle
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import is_
from types import FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import numpy as np

from ..errors import GradientError, label, wrong_operand
from ..modes import current_mode, mode, tick
from ..tensor import Tensor
from .symbol import Symbol, convert, reach
from .trace import Tracer

ATOMS = (int, float, complex, str, bytes, type(None), type(...), np.generic, np.dtype, range, slice)
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
MISSING = object()
MOST_REACHED = 20_000  # objects looked at, for what a recording may have changed


class Recorder:
    """In force while a function runs to be recorded: asked for each value that leaves a tensor."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start = tick()
        self.checks: list[tuple[Tensor, Any]] = []  # what was read, and what it has to be
        self.sources: dict[int, tuple[Any, Any]] = {}  # by id: what was made, and of what

    def made(self, tensor: Tensor, source: Any, dtype: Any) -> None:
        """A tensor was made of an array, or of another tensor."""
        self.sources[id(tensor)] = tensor, source

    def refuse(self, what: str) -> NoReturn:
        """Raises for what a program can't do."""
        raise GradientError(f"compile: {what}")

    def read(self, tensor: Tensor, how: str) -> Any:
        """A value leaves the record: it may be what it is while a check on it holds."""
        data = tensor._data
        if how == "an index" and data.dtype.kind in "iu":
            copy = np.array(data)
            self.sources[id(copy)] = copy, tensor
            return copy
        if how == "bool()" and data.size == 1:
            self.checks.append((tensor, bool(data)))
            return data
        if any(
            x._requires_grad
            for x in Tracer(start=self.start, sources=self.sources).behind([tensor])
        ):
            self.refuse(
                f"{how} of {label(tensor)} takes a value out of {self.name} that changes as "
                "parameters do, and would stay as it is now; use operations on tensors instead, or "
                "do it outside of the function"
            )
        copy = np.array(data)
        copy.flags.writeable = False
        self.checks.append((tensor, copy))
        return copy if isinstance(data, np.ndarray) else data


class Recording:
    """One run of a function: its `value` and the `gradients` of tensors made before, in symbols."""

    def __init__(self, function: Callable[..., Tensor], name: str, inputs: Sequence[Any]) -> None:
        self.name = name
        made = {id(x): _as_input(k, x, name) for k, x in enumerate(inputs)}
        self.inputs = [made[id(x)] for x in inputs]  # one array given twice is one tensor
        self.recorder = recorder = Recorder(name)
        with mode(constants=True, recorder=recorder):
            result = one_number(function(*self.inputs), name)
        self.tracer = tracer = Tracer(start=recorder.start, sources=recorder.sources, opaque=True)
        self.gradients: dict[Tensor, Any] = {}
        self.seed: Symbol | None = None
        with np.errstate(all="ignore"):
            tracer.forward([result, *(tensor for tensor, _ in recorder.checks)])
            self.value = tracer.symbol(result)
            self._refuse_computed_before(tracer.inputs.values())
            if current_mode().recording:
                self.seed = tracer.seed(result, None, "compile")
                for leaf, g in tracer.backward(result, self.seed).items():
                    if leaf._index < recorder.start:
                        self.gradients[leaf] = g.astype(leaf.dtype)
        checked = (tracer.symbol(tensor) for tensor, _ in recorder.checks)
        self.wanted = [self.value, *self.gradients.values(), *checked]

    def _refuse_computed_before(self, leaves: Iterable[Any]) -> None:
        for x in leaves:
            if isinstance(x, Tensor) and x._rule is not None and x._requires_grad:
                self.recorder.refuse(
                    f"{self.name} uses {label(x)}, which {x._rule.name} gave before it ran, and "
                    "which requires a gradient; compute it inside, or take its .detach()"
                )

    def same_as(self, other: Recording) -> bool:
        """Whether another run did the same."""
        mine, others = self._rows(), other._rows()
        return len(mine) == len(others) and all(map(_same_rows, mine, others))

    def _rows(self) -> list[tuple[Any, Any]]:
        """What was called on what, and what was read, in order."""
        order = reach(self.wanted)
        number = {symbol: k for k, symbol in enumerate(order)}
        place = {id(x): f"input {k}" for k, x in enumerate(self.inputs)}

        def numbered(x: Any) -> Any:
            return ("symbol", number[x]) if isinstance(x, Symbol) else key(x)

        rows: list[tuple[Any, Any]] = [(convert(tuple(self.wanted), numbered), None)]
        for symbol in order:
            x: Any = self.tracer.inputs.get(symbol)
            parts = (*symbol.arguments, *symbol.options.items())
            made_inside = isinstance(x, Tensor) and x._index > self.recorder.start
            held = x._data if made_inside else None if id(x) in place else x
            rows.append(((symbol.call, place.get(id(x)), convert(parts, numbered)), held))
        return [*rows, *((key(value), None) for _, value in self.recorder.checks)]


def record(function: Callable[..., Tensor], name: str, inputs: Sequence[Any]) -> Recording:
    """The function recorded twice, so that what it draws or changes is noticed, and put back."""
    before = Reached(function)
    try:
        first = Recording(function, name, inputs)
        between = Reached(function)
        second = Recording(function, name, inputs)
        same, changed = second.same_as(first), between.changed()
        if path := before.drawn(everywhere=not same):
            second.recorder.refuse(
                f"{name} draws random numbers ({path}), and a program would give the same ones for "
                "ever; draw outside and pass them in, or call the function itself"
            )
        if changed:
            second.recorder.refuse(
                f"{name} changes {changed} whenever it runs, which a program would not; return the "
                "value alone, or call the function itself"
            )
        if not same:
            second.recorder.refuse(
                f"{name} doesn't do the same when it runs twice: it draws random numbers, or reads "
                "a clock; do that outside and pass the result in"
            )
    except BaseException:
        before.put_back()
        raise
    return second


def _as_input(k: int, x: Any, name: str) -> Any:
    """An input as the function gets it: arrays as constant tensors, so that they are recorded."""
    if isinstance(x, Tensor):
        if x._requires_grad:
            if x._rule is not None:
                raise GradientError(
                    f"compile: input {k} of {name} was computed by {x._rule.name} and requires a "
                    "gradient; compute it inside the function, or pass its .detach()"
                )
            return x
        data, called = x._data, x.name
    elif type(x) is np.ndarray or isinstance(x, np.generic):
        data, called = x if x.ndim else np.asarray(x)[()], None
        if data.dtype.kind not in "fiub":
            raise wrong_operand(f"compile: input {k} of {name}", x)
    elif isinstance(x, ATOMS):
        return x
    else:
        raise TypeError(
            f"compile: input {k} of {name} is a {type(x).__name__}; inputs are arrays, tensors and "
            "numbers"
        )
    tensor = Tensor(0.0, name=called)
    tensor._data = data
    return tensor


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


def key(x: Any) -> Any:
    """Equal for what gives equal results."""
    if isinstance(x, slice):
        return "slice", key(x.start), key(x.stop), key(x.step)
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.str, x.shape, x.tobytes()
    if x is None or x is ... or isinstance(x, bool | int | float | str | np.dtype):
        return type(x).__name__, repr(x)
    return id(x)


def _same_rows(mine: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """The same call on the same; what was made anew in each run, with the same entries."""
    (call, x), (other_call, y) = mine, other
    arrays = isinstance(x, np.ndarray | np.generic) and isinstance(y, np.ndarray | np.generic)
    return call == other_call and (x is y or (arrays and key(x) == key(y)))


# What a function reaches --------------------------------------------------------------------------


def names(function: Any) -> Iterator[tuple[str, Any, Any]]:
    """What a function itself names: (name, the cell, dict or function that holds it, its value)."""
    while isinstance(function, partial | MethodType):
        function = function.func if isinstance(function, partial) else function.__func__
    if not isinstance(function, FunctionType):
        function = type(function).__call__
    if not isinstance(function, FunctionType):
        return
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell, cell.cell_contents
    codes = [code]
    for code in codes:  # grows while it is read: functions that stand in the function
        codes += [x for x in code.co_consts if isinstance(x, type(code))]
    for name in dict.fromkeys(name for code in codes for name in code.co_names):
        if name in function.__globals__ or hasattr(builtins, name):
            yield name, function.__globals__, function.__globals__.get(name, MISSING)
    for name in ("__defaults__", "__kwdefaults__"):
        yield name, function, getattr(function, name)
    if hasattr(function, "__wrapped__"):
        yield from names(function.__wrapped__)


class Reached:
    """What can be reached from a function, as it is now: arrays, generators, what holds them."""

    def __init__(self, function: Any) -> None:
        self.arrays: list[tuple[str, Any, Any]] = []  # path, the thing, what it was
        self.holders: list[tuple[str, Any, Any]] = []
        self.generators: list[tuple[str, Any, Any]] = []
        seen: dict[int, Any] = {}
        self._look_at("np.random", np.random.mtrand._rand)
        self._look_at("random", random._inst)
        stack = [(getattr(function, "__name__", "the function"), function)]
        while stack and len(seen) < MOST_REACHED:
            path, x = stack.pop()
            if not isinstance(x, (*ATOMS, Tensor, ModuleType, type)) and id(x) not in seen:
                seen[id(x)] = x
                stack += self._look_at(path, x)

    def _look_at(self, path: str, x: Any) -> Iterable[tuple[str, Any]]:
        """Notes a thing, and gives what it holds."""
        if isinstance(x, GENERATORS):
            self.generators.append((path, x, _state(x)))
        elif isinstance(x, np.ndarray):
            self.arrays.append((path, x, x.copy()))
        elif isinstance(x, FunctionType):
            found = () if _is_of_a_library(x) else names(x)
            return [(name, value) for name, _, value in found]
        elif isinstance(x, MethodType):
            return [(path, x.__self__), (path, x.__func__)]
        elif isinstance(x, partial):
            return [(path, part) for part in (x.func, x.args, x.keywords)]
        elif isinstance(x, dict):
            self.holders.append((path, x, dict(x)))
            return [(f"{path}[{key!r}]", value) for key, value in x.items()]
        elif isinstance(x, list | tuple | set | frozenset):
            if not isinstance(x, tuple | frozenset):
                self.holders.append((path, x, list(x)))
            return [(f"{path}[{k}]", value) for k, value in enumerate(x)]
        elif type(x).__dictoffset__ and not _is_of_a_library(type(x)):
            self.holders.append((path, x.__dict__, dict(x.__dict__)))
            return [(f"{path}.{key}", value) for key, value in x.__dict__.items()]
        return []

    def drawn(self, everywhere: bool) -> str:
        """The path of a generator that was used since; of those of all the world where asked."""
        found = self.generators if everywhere else self.generators[2:]
        return next((path for path, x, was in found if _state(x) != was), "")

    def changed(self) -> str:
        """The path of something that was changed since; empty where nothing was."""
        holders = (path for path, x, was in self.holders if not _unchanged(x, was))
        arrays = (path for path, x, was in self.arrays if key(x) != key(was))
        return next(chain(holders, arrays), "")

    def put_back(self) -> None:
        """Makes everything what it was."""
        for _, x, was in self.generators:
            _set_state(x, was)
        for _, x, was in self.arrays:
            if x.flags.writeable:
                x[...] = was
        for _, x, was in self.holders:
            if not _unchanged(x, was):
                x.clear()
                (x.extend if isinstance(x, list) else x.update)(was)


def _is_of_a_library(x: Any) -> bool:
    """Whether a function or class is one of those that keep nothing of their user's."""
    return (x.__module__ or "").partition(".")[0] in ("numpy", "microtensor")


def _unchanged(x: Any, was: Any) -> bool:
    """Whether a list, dict or set holds the very same things in the same order."""
    if isinstance(x, dict):
        return list(x) == list(was) and all(x[name] is was[name] for name in x)
    return len(x) == len(was) and all(map(is_, x, was))


def _state(generator: Any) -> bytes:
    """Where a generator of random numbers stands."""
    if isinstance(generator, np.random.Generator):
        return pickle.dumps(generator.bit_generator.state)
    if isinstance(generator, np.random.RandomState):
        return pickle.dumps(generator.get_state(legacy=False))
    return b"" if isinstance(generator, random.SystemRandom) else pickle.dumps(generator.getstate())


def _set_state(generator: Any, state: bytes) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = pickle.loads(state)
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(pickle.loads(state))
    elif state:
        generator.setstate(pickle.loads(state))
