"""What a function reaches beside its arguments, and whether it is still the same.

Closures, defaults, globals that its code names, attributes, lists and dicts: a program recorded
from the function is true as long as none of them has changed.
"""

from __future__ import annotations

import builtins
import dis
import random
import sys
import threading
from argparse import Namespace
from array import array
from collections import ChainMap, UserDict, UserList, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from io import IOBase
from types import (
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, NamedTuple

import numpy as np

from ..rules import Rule
from ..tensor import Tensor

# Nobody changes their code while it runs.
LIBRARIES = {"numpy", "microtensor", "nn", "builtins"} | sys.stdlib_module_names - {"__main__"}
OPEN = (
    SimpleNamespace,
    Namespace,
    ChainMap,
    UserDict,
    UserList,
    threading.local,
    np.vectorize,
    Rule,
)  # of a library, yet holding what its user put in
ATOMS = (int, float, complex, str, bytes, type(None), type(...), np.generic, np.dtype, range, slice)
METHODS = (FunctionType, staticmethod, classmethod, property)

MISSING = object()


class Entry(NamedTuple):
    """One thing reached: `holder` has `value` under `key`; `kind` says how to look it up.

    item (`holder[key]`), attribute, absent (no such key), length, order (of its keys), set
    (equal to), bytes, array (the same numbers), context (a ContextVar's value here).
    """

    kind: str
    holder: Any
    key: Any
    value: Any
    path: str

    def holds(self) -> bool:
        """Whether it is as it was."""
        try:
            found = _LOOK_UP[self.kind](self.holder, self.key)
        except (LookupError, AttributeError, ValueError):
            return False
        return found is self.value or same(found, self.value)


_LOOK_UP: dict[str, Callable[[Any, Any], Any]] = {
    "item": lambda holder, key: holder[key],
    "attribute": lambda holder, key: getattr(holder, key, MISSING),
    "absent": lambda holder, key: holder.get(key, MISSING),
    "length": lambda holder, key: len(holder),
    "order": lambda holder, key: list(holder),
    "set": lambda holder, key: set(holder),
    "context": lambda holder, key: holder.get(MISSING),
    "bytes": lambda holder, key: bytes(holder),
    "array": lambda holder, key: holder,
}


def same(x: Any, y: Any) -> bool:
    """Whether two values that are not one object are alike: numbers, texts, sets, arrays held."""
    if type(x) is not type(y):
        return False
    if isinstance(x, np.ndarray):
        return same_numbers(x, y)
    return isinstance(x, (*ATOMS, set, list)) and repr(x) == repr(y) and x == y


def same_numbers(x: Any, y: Any) -> bool:
    """Whether two arrays agree in dtype, shape and every bit."""
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    if (
        x.size
        and x.ndim
        and x.flags.c_contiguous
        and y.flags.c_contiguous
        and x.dtype.kind in "fiub"
    ):
        return bool(memoryview(x).cast("B") == memoryview(y).cast("B"))
    return bool(x.tobytes() == y.tobytes())


class Surroundings:
    """A look around a function: its `entries`, with the tensors, arrays and generators found."""

    def __init__(self, function: Any) -> None:
        self.entries: list[Entry] = []
        self.tensors: set[Tensor] = set()
        self.arrays: list[Any] = []
        self.draws: list[tuple[str, Any, Any]] = []  # path, generator, its state
        self.iterators: list[str] = []
        self.names: set[str] = set()  # that code has after dots, and in texts for getattr()
        self._modules: list[tuple[str, ModuleType]] = []
        self._known: set[tuple[int, str]] = set()  # the attributes of modules that are noted
        self._seen: dict[int, Any] = {}
        self._stack: list[tuple[str, Any]] = [
            ("random", random._inst),
            ("np.random", np.random.mtrand._rand),
            (getattr(function, "__name__", "the function"), function),
        ]
        while self._stack:
            path, x = self._stack.pop()
            if id(x) not in self._seen and not isinstance(x, ATOMS):
                self._seen[id(x)] = x
                self._look_at(path, x)
            if not self._stack:
                self._look_into_modules()

    def changed(self, earlier: Surroundings) -> str:
        """The path of something that differs from an earlier look; empty where nothing does."""
        gone = next((entry.path for entry in earlier.entries if not entry.holds()), "")
        return gone or (len(self.entries) != len(earlier.entries)) * self.entries[-1].path

    def drawn(self) -> str:
        """The path of a generator of random numbers that was used since; empty: none was."""
        return next((path for path, x, was in self.draws if not _equal(_state(x), was)), "")

    def restore(self) -> None:
        """Sets the generators back to where they were."""
        for _, x, state in self.draws:
            if isinstance(x, np.random.Generator):
                x.bit_generator.state = state
            elif not isinstance(x, random.SystemRandom):
                (x.set_state if isinstance(x, np.random.RandomState) else x.setstate)(state)

    def _note(self, kind: str, holder: Any, key: Any, value: Any, path: str) -> None:
        self.entries.append(Entry(kind, holder, key, value, path))
        if kind in ("item", "attribute", "context"):
            self._stack.append((path, value))

    def _look_at(self, path: str, x: Any) -> None:
        if isinstance(x, Tensor):
            self.tensors.add(x)
        elif isinstance(x, np.ndarray):
            self.arrays.append(x)
            self._note("array", x, None, x.copy(), path)
        elif isinstance(x, FunctionType):
            self._function(path, x)
        elif isinstance(x, MethodType):
            self._stack += [(path, x.__self__), (path, x.__func__)]
        elif isinstance(x, partial):
            self._stack += [(path, part) for part in (x.func, x.args, x.keywords)]
        elif isinstance(x, dict | MappingProxyType | list | tuple | deque):
            self._container(path, x)
        elif isinstance(x, ContextVar):
            self._note("context", x, None, x.get(MISSING), path)
        elif isinstance(x, bytearray | array):
            self._note("bytes", x, None, bytes(x), path)
        elif isinstance(x, set | frozenset):
            self._note("set", x, None, set(x), path)
        elif isinstance(x, np.random.Generator | np.random.RandomState | random.Random):
            self.draws.append((path, x, _state(x)))
        elif isinstance(x, type):
            self._class(path, x)
        elif isinstance(x, property | staticmethod | classmethod):
            parts = (getattr(x, name, None) for name in ("fget", "__func__"))
            self._stack += [(path, part) for part in parts]
        elif isinstance(x, ModuleType):
            if _root(x.__name__) not in LIBRARIES:
                self._modules.append((path, x))
        else:
            library = _root(type(x).__module__) in LIBRARIES
            if library and isinstance(x, Iterator) and not isinstance(x, IOBase):
                self.iterators.append(path)
            self._object(path, x)
        if isinstance(x, Tensor | np.ndarray | dict | list | tuple | deque | set | frozenset):
            self._object(path, x)  # what a class of one's own adds

    def _look_into_modules(self) -> None:
        """Notes of each module what has a name that code reads."""
        for path, module in self._modules:
            for name in sorted(self.names & vars(module).keys()):
                if (id(module), name) not in self._known:
                    self._known.add((id(module), name))
                    self._note("item", vars(module), name, vars(module)[name], f"{path}.{name}")

    def _function(self, path: str, x: FunctionType) -> None:
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
            with suppress(ValueError):  # a name that has no value yet
                self._note("attribute", cell, "cell_contents", cell.cell_contents, name)
        if _root(x.__module__) in LIBRARIES:
            return
        for name in ("__code__", "__defaults__", "__kwdefaults__"):
            self._note("attribute", x, name, getattr(x, name), path)
        if vars(x):
            self._stack.append((path, vars(x)))
        self.names |= _attributes(x.__code__)
        for name in _imported(x):
            self._note("item", sys.modules, name, sys.modules[name], name)
        for name in sorted(set(_names(x.__code__))):
            if name in x.__globals__:
                self._note("item", x.__globals__, name, x.__globals__[name], name)
            elif hasattr(builtins, name):
                self._note("absent", x.__globals__, name, MISSING, name)

    def _container(self, path: str, x: Any) -> None:
        if isinstance(x, defaultdict):
            self._stack.append((path, x.default_factory))
        pairs = enumerate(x) if isinstance(x, list | tuple | deque) else x.items()
        if isinstance(x, dict | MappingProxyType):  # first: to ask for an item may add it
            self._note("order", x, None, list(x), path)
        elif not isinstance(x, tuple):
            self._note("length", x, None, len(x), path)
        for key, value in list(pairs):
            if isinstance(x, tuple):
                self._stack.append((f"{path}[{key!r}]", value))
            else:
                self._note("item", x, key, value, f"{path}[{key!r}]")

    def _class(self, path: str, x: type) -> None:
        self._stack.append((path, type(x)))
        for kind in x.__mro__:
            library = _root(kind.__module__) in LIBRARIES
            if (library and not _is_model(kind)) or (kind is not x and id(kind) in self._seen):
                continue
            self._seen[id(kind)] = kind
            attributes = vars(kind)
            self._note("length", attributes, None, len(attributes), path)
            for name, value in list(attributes.items()):
                data = not callable(value) and not hasattr(value, "__get__")
                hidden = name.startswith("__") and not isinstance(value, METHODS)
                if not hidden and (data or not library):
                    self._note("item", attributes, name, value, f"{path}.{name}")

    def _object(self, path: str, x: Any) -> None:
        """An object by its attributes; what the libraries made is taken to stay as it is."""
        kind = type(x)
        if isinstance(x, Tensor | np.ndarray) and _root(kind.__module__) in LIBRARIES:
            return
        if _root(kind.__module__) in LIBRARIES and not (isinstance(x, OPEN) or _is_model(kind)):
            inner = getattr(x, "__wrapped__", None) or getattr(x, "__self__", None)
            if inner is not None and not isinstance(inner, ModuleType):
                self._stack.append((path, inner))  # a cached function, a method written in C
            return
        self._stack.append((path, kind))
        if hasattr(x, "__dict__"):
            attributes = vars(x)
            self._seen[id(attributes)] = attributes
            for name, value in list(attributes.items()):
                self._note("item", attributes, name, value, f"{path}.{name}")
            self._note("length", attributes, None, len(attributes), path)
        for name in _slots(kind):
            self._note("attribute", x, name, getattr(x, name, MISSING), f"{path}.{name}")


def _is_model(kind: type) -> bool:
    return _root(kind.__module__) == "nn"


def _root(module: Any) -> str:
    """The package of a `__module__`; types written in C can have something else there."""
    return (module or "").partition(".")[0] if isinstance(module, str | None) else "builtins"


def _slots(kind: type) -> Iterator[str]:
    """The attributes that have a place of their own, by the names that Python gives them."""
    for base in kind.__mro__:
        if issubclass(Tensor, base) or (issubclass(base, Tensor) and _is_model(base)):
            continue
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            yield f"_{base.__name__.lstrip('_')}{name}" if private else name


def _codes(code: CodeType) -> Iterable[CodeType]:
    """A function's code and that of the functions defined in it."""
    codes = [code]
    for outer in codes:
        codes += [x for x in outer.co_consts if isinstance(x, CodeType)]
    return codes


def _names(code: CodeType) -> Iterator[str]:
    """The globals that it reads."""
    for part in _codes(code):
        for step in dis.get_instructions(part):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                yield step.argval
        if "globals" in part.co_names:  # globals()["FACTOR"]
            yield from (x for x in part.co_consts if isinstance(x, str))


def _attributes(code: CodeType) -> set[str]:
    """The names after dots in it, and its texts, which getattr() can take for names."""
    parts = [x for part in _codes(code) for x in (*part.co_names, *part.co_consts)]
    return {x for x in parts if isinstance(x, str)}


def _imported(function: FunctionType) -> set[str]:
    """The modules that its code imports, where they are loaded, and those they are parts of."""
    package = function.__globals__.get("__package__") or ""
    found = set()
    for part in _codes(function.__code__):
        for step in dis.get_instructions(part):
            if step.opname == "IMPORT_NAME":
                near = f"{package}.{step.argval}".strip(".")
                found |= {step.argval, _root(step.argval), near}
    return {name for name in found & sys.modules.keys() if _root(name) not in LIBRARIES}


def _state(x: Any) -> Any:
    if isinstance(x, np.random.Generator):
        return x.bit_generator.state
    if isinstance(x, random.SystemRandom):
        return object()  # it has none, and is taken to be used
    return x.get_state() if isinstance(x, np.random.RandomState) else x.getstate()


def _equal(x: Any, y: Any) -> bool:
    """Whether two states of a generator are one."""
    if isinstance(x, dict):
        return all(_equal(x[key], y[key]) for key in x)
    if isinstance(x, tuple):
        return all(map(_equal, x, y))
    return bool(np.array_equal(x, y)) if isinstance(x, np.ndarray) else bool(x == y)
