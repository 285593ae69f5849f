"""A recording made into a program, with the conditions under which it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import GradientError, label
from ..modes import changing, current_mode
from ..program.trace import Symbol
from ..tensor import Tensor
from . import AGAIN
from .recording import Recording
from .surroundings import ATOMS, MISSING, Entry, Surroundings, same
from .writer import Simplifier, Writer


class Program:
    """A function recorded for certain inputs. `run(recording, inputs)` gives its value, or AGAIN.

    Nothing that a user sees has changed when it gives AGAIN.
    """

    def __init__(self, function: Callable[..., Tensor], name: str, inputs: Sequence[Any]) -> None:
        earlier = Surroundings(function)
        tensors = {*earlier.tensors, *(x for x in inputs if isinstance(x, Tensor))}
        with _gradients_out_of_reach(name, tensors):
            first = Recording(function, name, inputs)
            before = Surroundings(function)
        with _gradients_out_of_reach(name, tensors, there=False):
            second = Recording(function, name, inputs)
        self._around = Surroundings(function)
        self._kinds = [_kind(x) for x in inputs]
        _refuse_side_effects(name, earlier, before, self._around)
        _refuse_two_results(name, first, second)
        _refuse_unknown_holders(name, first, second, self._around)
        _refuse_iterators(name, self._around)
        _refuse_raised(name, self._around)
        recorded = current_mode().recording
        self.source, self.run = _written(second, inputs, self._around, recorded)

    def difference(self, inputs: Sequence[Any]) -> str:
        """What is no longer as it was, for people."""
        for entry in self._around.entries:
            if not entry.holds():
                return entry.path
        for k, (kind, x) in enumerate(zip(self._kinds, inputs, strict=False)):
            if kind != _kind(x):
                return f"input {k} ({kind}, then {_kind(x)})"
        return "a value that the function reads or branches on"


class _Gradient:
    """What stands in `.grad` while a function is recorded: neither is it read nor set there."""

    def __repr__(self) -> str:
        return "a .grad, which a program can't read"


@contextmanager
def _gradients_out_of_reach(name: str, tensors: set[Tensor], there: bool = True) -> Iterator[None]:
    kept = [(tensor, tensor.grad) for tensor in tensors]
    mark: Any = _Gradient() if there else None
    for tensor in tensors:
        tensor.grad = mark
    try:
        yield
        touched = next((tensor for tensor in tensors if tensor.grad is not mark), None)
    finally:
        for tensor, g in kept:
            tensor.grad = g
    if touched is not None:
        raise GradientError(
            f"compile: {name} sets the .grad of {label(touched)}, as zero_grad() does; do that "
            "outside of the function"
        )


def _kind(x: Any) -> str:
    """What has to be the same in an input, for people."""
    if isinstance(x, Tensor) and x._requires_grad:
        return f"a tensor that requires a gradient, number {x._index}"
    if hasattr(x, "dtype"):
        return f"{x.dtype} {x.shape}, strides {getattr(x, '_data', x).strides}"
    return repr(x)


def _refuse_side_effects(name: str, *looks: Surroundings) -> None:
    for look in looks[:-1]:
        if path := look.drawn():
            look.restore()
            raise GradientError(
                f"compile: {name} draws random numbers ({path}), and a program would give the same "
                "ones for ever; draw outside and pass them in, or call the function itself"
            )
    if path := looks[-1].changed(looks[-2]):
        raise GradientError(
            f"compile: {name} changes {path} whenever it runs, which a program would not; return "
            "the value alone, or call the function itself"
        )


def _refuse_two_results(name: str, first: Recording, second: Recording) -> None:
    if first.fingerprint() != second.fingerprint():
        raise GradientError(
            f"compile: {name} doesn't do the same when it runs twice: it draws random numbers, or "
            "reads a clock or a .grad; do that outside and pass the result in"
        )


def _refuse_unknown_holders(
    name: str, first: Recording, second: Recording, around: Surroundings
) -> None:
    """A value made before, of which nobody knows where it was taken from, can be replaced."""
    known = {id(_owner(x)) for x in (*around.arrays, *around.tensors, *second.inputs)}
    in_both = {id(_owner(x)) for x in first.leaves.values()}
    for leaf in second.leaves.values():
        if id(_owner(leaf)) in in_both - known:
            raise GradientError(
                f"compile: {name} uses {label(leaf)}, which is held by something that can't be "
                "watched; pass it as an argument"
            )


def _refuse_iterators(name: str, around: Surroundings) -> None:
    for path in around.iterators:
        _, dot, attribute = path.rpartition(".")
        if not dot or attribute in around.names:
            raise GradientError(
                f"compile: {name} reaches {path}, an iterator, of which a program would take no "
                "more; pass what it gives as an argument"
            )


def _refuse_raised(name: str, around: Surroundings) -> None:
    if "raise" in around.names and not around.names.isdisjoint(("errstate", "seterr")):
        raise GradientError(
            f"compile: {name} has NumPy raise errors by np.errstate, which a program would not; "
            "put the errstate around the call of the compiled function"
        )


def _owner(x: Any) -> Any:
    """The array that a view is a view of."""
    while isinstance(x, np.ndarray) and isinstance(x.base, np.ndarray):
        x = x.base
    return x


def _written(
    recording: Recording, inputs: Sequence[Any], around: Surroundings, recorded: bool
) -> tuple[str, Any]:
    """The program's text, and the function that it defines."""
    leaves = recording.leaves
    live = {leaf for leaf, t in leaves.items() if isinstance(t, Tensor) and recording.is_old(t)}
    simple = Simplifier(recording.wanted, (leaf for leaf in leaves if leaf not in live))
    writer = Writer()
    conditions = list(_input_conditions(writer, inputs, recording))
    given = {id(x) for x in recording.inputs}
    for tensor in sorted({*around.tensors, *recording.gradients}, key=lambda t: t._index):
        conditions.append(f"{writer.bind(tensor)}._requires_grad is {tensor._requires_grad}")
        if "name" in around.names:
            conditions.append(f"{writer.bind(tensor)}.name == {tensor.name!r}")
    reads: list[str] = []
    for leaf in sorted(live, key=lambda leaf: leaf.index):
        if id(leaves[leaf]) not in given or leaves[leaf]._requires_grad:
            name = writer.names[leaf] = f"x{len(writer.names)}"
            reads.append(f"{name} = {writer.bind(leaves[leaf])}._data")
            if leaf.ndim > 1:  # what is assigned to .data keeps all but its order in memory
                reads.append(f"if {name}.strides != {leaf.value.strides}: return AGAIN")
    conditions += [_condition(writer, entry) for entry in around.entries]
    checks: dict[Symbol, list[str]] = {}
    for tensor, value in recording.checks:
        symbol = simple(recording.symbols[tensor])
        if isinstance(symbol, Symbol):
            checks.setdefault(symbol, []).append(_check(writer, value))
    gradients = {writer.bind(tensor): simple(g) for tensor, g in recording.gradients.items()}
    writer.write(simple(recording.symbols[recording.result]), gradients, checks)
    for name, value in (("adding", changing), ("AGAIN", AGAIN), ("same", same)):
        writer.bind(value, name)
    named = "".join(f"a{k}, " for k in range(len(inputs)))
    lines = [
        f"if recording is not {recorded} or len(inputs) != {len(inputs)}: return AGAIN",
        f"({named}) = inputs",
        "try:",
        "    if not (",
        *(f"        {condition} and" for condition in conditions),
        "        True",
        "    ): return AGAIN",
        "except (LookupError, AttributeError, ValueError): return AGAIN",
        *reads,
        *writer.lines,
        "return J",
    ]
    indented = "".join(f"        {line}\n" for line in lines)
    names = ", ".join(writer.bound)
    text = f"def make({names}):\n    def run(recording, inputs):\n{indented}    return run\n"
    space: dict[str, Any] = {}
    exec(compile(text, f"<compiled {recording.name}>", "exec"), space)
    return text, space["make"](**writer.bound)


def _input_conditions(writer: Writer, inputs: Sequence[Any], recording: Recording) -> Iterator[str]:
    """That the inputs are of the same kind as those recorded; names them for the writer."""
    for k, (x, tensor) in enumerate(zip(inputs, recording.inputs, strict=True)):
        if x is tensor:
            text = f"a{k} is {writer.bind(x)}"
            yield text if isinstance(x, Tensor) else f"({text} or same(a{k}, {writer.bind(x)}))"
            continue
        for j in range(k):
            if inputs[j] is not recording.inputs[j]:
                yield f"a{k} is {'not ' * (x is not inputs[j])}a{j}"
        yield f"a{k}.__class__ is {writer.bind(type(x))}"
        array = f"a{k}"
        if isinstance(x, Tensor):
            yield f"a{k}._requires_grad is False"
            array = f"(d{k} := a{k}._data)"
        data = tensor._data
        yield f"{array}.shape == {data.shape}"
        array = f"d{k}" if isinstance(x, Tensor) else array
        yield f"{array}.dtype == {writer.bind(data.dtype)}"
        yield f"{array}.strides == {data.strides}"
        if tensor in recording.symbols:
            single = "" if data.ndim else "[()]"  # True ** 2 has another dtype as an array
            writer.names[recording.symbols[tensor]] = array + single


def _condition(writer: Writer, entry: Entry) -> str:
    """That something reached is as it was; `Entry.holds` in one expression."""
    kind, holder, name, value, _ = entry
    held = writer.bind(holder)
    if kind == "length":
        return f"len({held}) == {value}"
    if kind == "order":
        return f"[*{held}] == {writer.bind(value)}"
    if kind == "absent":
        return f"{name!r} not in {held}"
    if kind == "array":
        return f"same({held}, {writer.bind(value)})"
    if kind == "set":
        return f"{held} == {writer.bind(value)}"
    if kind == "bytes":
        return f"bytes({held}) == {writer.bind(value)}"
    if value is MISSING and kind == "attribute":
        return f"not hasattr({held}, {name!r})"
    found = f"{held}.{name}" if kind == "attribute" else f"{held}[{writer.text(name)}]"
    if kind == "context":
        found = f"{held}.get({writer.bind(MISSING)})"
    text = f"{found} is {writer.bind(value)}"
    return f"({text} or same({found}, {writer.bind(value)}))" if isinstance(value, ATOMS) else text


def _check(writer: Writer, value: Any) -> str:
    """A line that leaves the program where a value that was read is another."""
    if isinstance(value, bool):
        return f"if {'not ' * value}{{}}: return AGAIN"
    return f"if {{}}.tobytes() != {writer.bind(value.tobytes())}: return AGAIN"
