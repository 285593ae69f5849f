"""compile: a function recorded once, and from then on run as a program of NumPy calls."""

from __future__ import annotations

import builtins
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from textwrap import indent
from typing import Any

import numpy as np

from ..backward import starting_gradient, walk
from ..errors import GradientError, label
from ..lexicon import shown
from ..modes import changes, changing, current_mode
from ..sampling import Samples
from ..tensor import Tensor
from .fast import Statements
from .naming import identifier
from .recording import ATOMS, MISSING, Reached, Recording, names, one_number
from .simplify import Simplifier
from .symbol import Symbol, reach

MOST = 8  # programs kept
OFTEN = 20  # recordings, until it is said that there are many
AGAIN = object()  # what a program returns where it isn't the right one
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def compile(function: Callable[..., Tensor], verify: int | None = None) -> Compiled:
    """The function as a step: one call computes its value, and its gradients as backward() does.

        step = compile(lambda X, Y: loss(model(X), Y))
        cost = step(X, Y)  # a number; the gradients are added to the parameters' .grad

    The function takes arrays, tensors and numbers, and returns a tensor that holds one number. It
    runs when it is recorded; afterwards the NumPy calls that were recorded run by themselves.

    What the function is given, and the tensors and arrays that it reaches, are read anew in every
    call: their numbers may change. Python values are fixed when it is recorded: pass what changes
    as an argument. It is recorded anew for inputs of another shape, dtype or order in memory, for
    another number or branch, where a global, closure cell or default that the function itself names
    is replaced, after any change of a module (train(), eval(), a layer or attribute replaced), and
    after `record_anew()`. Nobody notices files, the environment, attributes of plain objects,
    entries of lists and dicts, and NumPy's own functions on arrays inside.

    What `sample(make)` gives is made anew in every call. A constant that is there before, such as
    a running mean, may be given a tensor's numbers, `mean.data = 0.9 * mean + 0.1 * x`: it is at
    the end of every call.

    `verify=50` runs the function itself in every 50th call too, and raises GradientError where the
    program's value or gradients differ; `step.verify(X, Y)` does that at once. Inside no_grad()
    there is the value alone; inside detect_anomaly() the function itself runs.

    Refused with GradientError is what a program could only repeat: other draws, changes in place,
    results kept elsewhere, gradients read or set inside, numbers taken out of what is learnt.
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
        self.__name__ = shown(getattr(function, "__name__", type(function).__name__))
        self.__doc__ = getattr(function, "__doc__", None)
        self._verify = verify
        self._programs: tuple[Program, ...] = ()
        self._calls = 0
        self._recorded = 0

    def __call__(self, *inputs: Any) -> Any:
        now = current_mode()
        if now.watch is not None or now.recorder is not None:
            return self._eager(inputs)
        program, found, samples = self._run(now.recording, inputs)
        if self._verify is not None:
            self._calls += 1
            if self._calls % self._verify == 0:
                self._compare(program, found, inputs, samples)
        value, gradients, given = found
        for tensor, numbers in zip(program.given, given):  # noqa: B905  # as many: by making
            tensor.data = numbers
        with changing:
            for tensor, g in zip(program.learnt, gradients):  # noqa: B905  # as many: by making
                old = tensor._grad
                tensor._grad = g if old is None else np.asarray(old + g)
        return value

    def verify(self, *inputs: Any) -> None:
        """Runs the function itself too; GradientError where its value or a gradient differs.

        Nobody's `.grad` is changed, and no constant. What the step sampled last on such inputs is
        taken again.
        """
        recording = current_mode().recording
        program, found, samples = self._run(recording, inputs, again=True)
        self._compare(program, found, inputs, samples)

    def _compare(
        self, program: Program, found: Any, inputs: tuple[Any, ...], samples: list[Any]
    ) -> None:
        """Raises where the function itself, which takes the same samples, gives something else."""
        value, gradients, given = found
        before = [(tensor, tensor._array, tensor._changed) for tensor in program.given]
        try:
            result = one_number(Samples(samples).run(self.__wrapped__, inputs), self.__name__)
            pairs = [("its value", value, result._array.reshape(())[()])]
            for tensor, numbers in zip(program.given, given, strict=True):
                pairs.append((f"what {label(tensor)} is given", numbers, tensor._array))
            if program.learnt:
                found = walk(result, starting_gradient(result, None, "compile"))
                for tensor, g in zip(program.learnt, gradients, strict=True):
                    right = found.get(tensor, np.zeros(tensor.shape))
                    pairs.append((f"the gradient of {label(tensor)}", g, right))
        finally:
            for tensor, array, changed in before:
                tensor._array, tensor._changed = array, changed
        for what, ours, right in pairs:
            eps = np.finfo(result.dtype).eps
            if not np.allclose(ours, right, rtol=eps**0.5, atol=eps, equal_nan=True):
                raise GradientError(
                    f"compile: the program of {self.__name__} gives another number for {what} than "
                    f"{self.__name__} itself: it reads something that changed without notice; pass "
                    "that as an argument, or call record_anew() when it changes"
                )

    def _run(
        self, recording: bool, inputs: tuple[Any, ...], again: bool = False
    ) -> tuple[Program, Any, list[Any]]:
        """The program for these inputs, what it gives, and what it sampled: `again`, as before."""
        samples: list[Any] = []
        for program in self._programs:
            if again:
                samples = list(program.samples)
            found = program.run(recording, changes(), inputs, samples)
            if found is not AGAIN:
                program.samples = samples
                if program is not self._programs[0]:
                    others = (p for p in self._programs if p is not program)
                    self._programs = program, *others
                return program, found, samples
        samples = [] if again else samples
        program, found = _record(self.__wrapped__, self.__name__, inputs, samples)
        self._recorded += 1
        if self._recorded == OFTEN and self._programs:
            warnings.warn(
                f"compile: {self.__name__} was recorded {OFTEN} times, which is slow: "
                f"{program.difference(self._programs[0])} changes between calls; an array passed "
                "as an argument may change freely",
                RuntimeWarning,
                stacklevel=4,
            )
        self._programs = program, *self._programs[: MOST - 1]
        return program, found, samples

    def _eager(self, inputs: Sequence[Any]) -> Any:
        """The function itself, in anomaly mode, which looks at every operation."""
        now = current_mode()
        if now.recorder is not None:
            now.recorder.refuse(
                f"{self.__name__} is compiled, and was called by a function that is being "
                f"recorded; call {self.__name__}.__wrapped__ there"
            )
        result = one_number(self.__wrapped__(*inputs), self.__name__)
        if now.recording:
            result.backward()
        return result._array.reshape(())[()]

    @property
    def source(self) -> str:
        """The program that ran last, as text; empty where none has."""
        return self._programs[0].source if self._programs else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return compile, (self.__wrapped__, self._verify)

    def __repr__(self) -> str:
        return f"compile({self.__name__})"


def _record(
    function: Any, name: str, inputs: Sequence[Any], samples: list[Any]
) -> tuple[Program, Any]:
    """The program and its result; made twice, so that what the function changes is noticed."""
    before = Reached(function)
    try:
        first = Program(function, name, inputs, samples)
        between = Reached(function)
        program = Program(function, name, inputs, samples)
        found = program.run(current_mode().recording, program.changed, inputs, samples)
        same = program.is_like(first) and found is not AGAIN
        path, changed = between.changed(skip=2 if same else 0)
        what = ""
        if isinstance(changed, GENERATORS):
            what = (
                f"draws random numbers ({path}), and a program would give the same ones for ever; "
                "draw inside of sample(), or outside and pass them in"
            )
        elif changed is not None:
            what = (
                f"changes {path} whenever it runs, which a program would not; return the value "
                "alone"
            )
        elif not same:
            what = (
                "doesn't do the same when it runs twice: it draws random numbers, or reads a "
                "clock; do that outside and pass the result in"
            )
        if what:
            raise GradientError(f"compile: {name} {what}, or call the function itself")
    except BaseException:
        before.put_back()
        raise
    return program, found


class Program:
    """A function recorded for certain inputs.

    `run(recording, changes, inputs, samples)` gives its value, the gradients of the `learnt`
    tensors, and the numbers that those in `given` get, or AGAIN where it isn't the right one. What
    it samples it takes from the list `samples`, and puts there; its own are the last. `kinds` says,
    for people, what it is right for.
    """

    def __init__(
        self,
        function: Callable[..., Tensor],
        name: str,
        inputs: Sequence[Any],
        samples: list[Any],
    ) -> None:
        recording, self.changed = current_mode().recording, changes()
        self.kinds = {"a module, or what record_anew() was called for,": str(self.changed)}
        made = Recording(function, name, inputs, Samples(samples))
        self.learnt, self.given, self.samples = list(made.gradients), list(made.given), samples
        arguments = [f"a{k}" for k in range(len(inputs))]
        own = {"AGAIN": AGAIN, "MISSING": MISSING, "CHANGED": self.changed, "same": same}
        own |= {"Samples": Samples} | {f"make_{k}": make for k, make in made.recorder.makers()}
        text = Statements({*own, "run", "recording", "changed", "inputs", "samples", *arguments})
        conditions = [*self._of_inputs(text, inputs, made.inputs), *self._of_names(text, function)]
        conditions += [f"{x} is not {text.bind(t)}" for x in arguments for t in self.given]
        result, reads = _write(text, made, inputs)
        lines = [
            f"if recording is not {recording} or changed != CHANGED: return AGAIN",
            f"if len(inputs) != {len(inputs)}: return AGAIN",
            f"({''.join(f'{a}, ' for a in arguments)}) = inputs",
            "try:",
            f"    if not ({' and '.join(conditions) or True}): return AGAIN",
            "except (AttributeError, LookupError, ValueError): return AGAIN",
            *(["samples = Samples(samples)"] if made.recorder.makers() else []),
            *reads,
            *text.lines,
            f"return {result}",
        ]
        head = "def run(recording, changed, inputs, samples):\n"
        self.source = head + indent("\n".join(lines), "    ")
        self.bound = text.bound
        space = {**text.bound, **own}
        exec(builtins.compile(self.source, f"<compiled {identifier(name)}>", "exec"), space)
        self.run: Callable[..., Any] = space["run"]

    def is_like(self, other: Program) -> bool:
        """Whether another recording gave the same program, on the same."""
        pairs = zip(self.bound.values(), other.bound.values(), strict=False)
        return self.source == other.source and all(same(x, y) for x, y in pairs)

    def difference(self, old: Program) -> str:
        """What has changed since another program was recorded, for people."""
        for what, kind in old.kinds.items():
            if self.kinds.get(what) != kind:
                then = f" ({kind}, then {self.kinds.get(what)})" if "input" in what else ""
                return what + then
        return "a value that the function reads or branches on"

    def _of_inputs(self, text: Statements, inputs: Sequence[Any], made: list[Any]) -> Iterator[str]:
        """That the inputs are of the kind of those recorded."""
        for k, (x, tensor) in enumerate(zip(inputs, made, strict=True)):
            data: Any = getattr(tensor, "_array", None)
            array = f"a{k}"
            known = isinstance(data, np.ndarray | np.generic) and x is not tensor
            kind = f"{data.dtype} {data.shape}, {data.strides}" if known else repr(x)
            self.kinds[f"input {k}"] = kind
            if not known:
                yield _is(text, array, x)
                continue
            yield f"{array}.__class__ is {text.bind(type(x))}"
            for j in range(k):
                if made[j] is not inputs[j]:
                    yield f"{array} {'is' if x is inputs[j] else 'is not'} a{j}"
            if isinstance(x, Tensor):
                yield f"{array}._requires_grad is False"
                array += "._array"
            yield f"{array}.shape == {data.shape}"
            yield f"{array}.dtype == {text.bind(data.dtype, data.dtype.name)}"
            if data.ndim > 1:
                yield f"{array}.strides == {data.strides}"

    def _of_names(self, text: Statements, function: Any) -> Iterator[str]:
        """That what the function names is what it was."""
        for name, holder, where, value in names(function):
            self.kinds[name] = repr(value) if isinstance(value, ATOMS) else f"object {id(value)}"
            yield _is(text, text.bind(holder, "held") + where, value)


def _write(text: Statements, made: Recording, inputs: Sequence[Any]) -> tuple[str, list[str]]:
    """Writes the calls; gives the text of what is returned, and the lines that read the inputs."""
    simplifier = Simplifier(exact=True)
    if made.seed is not None:
        simplifier.found[made.seed] = simplifier.spread(made.seed.value)
    symbols = [made.tracer.symbol(tensor) for tensor, _ in made.recorder.checks]
    results = [made.value, *made.gradients.values(), *made.given.values()]
    simplifier.run(reach([*results, *symbols]))
    wanted = [simplifier.now(x) for x in results]
    checks: dict[Symbol, list[str]] = {}
    samples: set[Symbol] = set()
    pairs = zip(map(simplifier.now, symbols), made.recorder.checks, strict=True)
    for k, (symbol, (_, value)) in enumerate(pairs):
        line = f"if {'not {}' if value is True else '{}'}: return AGAIN"
        if callable(value):
            samples.add(symbol)
            text.names[symbol] = text.unique(f"sample_{len(samples)}")
            line = _sampling(text, symbol, k)
        elif not isinstance(value, bool):
            line = f"if {{}}.tobytes() != {text.bind(value.tobytes())}: return AGAIN"
        if isinstance(symbol, Symbol):
            checks.setdefault(symbol, []).append(line)
    leaves = [symbol for symbol in reach([*wanted, *checks]) if symbol.call is None]
    reads = [_reading(text, x, made, inputs) for x in leaves if x not in text.names]
    value, *others = text.write(wanted, checks, samples)
    value += ".reshape(())[()]" if np.ndim(getattr(wanted[0], "value", wanted[0])) else ""
    sent = [
        f"{other}, " if x.ndim else f"np.asarray({other}), "
        for other, x in zip(others, wanted[1:], strict=True)
    ]
    learnt = len(made.gradients)
    return f"{value}, ({''.join(sent[:learnt])}), ({''.join(sent[learnt:])})", reads


def _sampling(text: Statements, symbol: Symbol, k: int) -> str:
    """The lines that sample, and look whether that has the shape it had."""
    x = symbol.value
    kind = f"{x.shape}, {x.strides}, {text.bind(x.dtype, x.dtype.name)}"
    return (
        f"{{0}} = samples.take(make_{k})\n"
        f"if ({{0}}.shape, {{0}}.strides, {{0}}.dtype) != ({kind}): return AGAIN"
    )


def _reading(text: Statements, symbol: Symbol, made: Recording, inputs: Sequence[Any]) -> str:
    """The line that reads an input's array, a tensor's, or one that the function reaches."""
    x: Any = made.tracer.inputs[symbol]
    place = next((k for k, t in enumerate(made.inputs) if t is x and t is not inputs[k]), None)
    name = text.names[symbol] = text.unique(getattr(x, "name", None) or f"x{len(text.names)}")
    found = text.bind(x, f"{name}_held") if place is None else f"a{place}"
    if isinstance(x if place is None else inputs[place], Tensor):
        found += "._array"
    return f"{name} = {found}" + ("" if symbol.ndim else "[()]")


def _is(text: Statements, now: str, value: Any) -> str:
    """That something is the same: the very object, or of numbers and texts an equal one."""
    known = f"{now} is {text.bind(value)}"
    return f"({known} or same({now}, {text.bind(value)}))" if isinstance(value, ATOMS) else known


def same(x: Any, y: Any) -> bool:
    """Whether two values are one object, equal numbers or texts, or hold the same bits."""
    if x is y or type(x) is not type(y):
        return x is y
    if isinstance(x, Tensor):  # those that are made in each run anew
        return same(x._array, y._array)
    if isinstance(x, np.ndarray):
        return (x.dtype, x.shape) == (y.dtype, y.shape) and x.tobytes() == y.tobytes()
    return isinstance(x, ATOMS) and repr(x) == repr(y)
