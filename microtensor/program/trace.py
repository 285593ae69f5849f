"""The record run once more on symbols: forward and backward as one program, in plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backward import starting_gradient, walk
from ..graph import places
from ..names import memory
from ..rules import Rule
from ..tensor import Tensor
from .batch import Batch
from .symbol import Symbol, convert, record_call

Arguments = tuple[Any, tuple[Any, ...], dict[str, Any]]


class Trace(NamedTuple):
    """The symbols of a graph: those of its nodes by id, those of its edges by (target, slot).

    `values` has every node; a number that was never a tensor stands for itself there, and other
    leaves are inputs. `seed` is the input that arrives at the result. `gradients` has every node
    that a gradient was computed for. Of each edge that sends one, `contributions` is what it
    sends.
    """

    values: dict[str, Any]
    seed: Symbol
    gradients: dict[str, Symbol]
    contributions: dict[tuple[str, int], Symbol]


def trace(
    result: Tensor, gradient: Any = None, whole: bool = True, batch: Batch | None = None
) -> Trace:
    """The program behind a result and its gradients, from its record.

    Node ids are those of `Graph.of(result)`. `whole`: a rule that is more than one NumPy call
    (sigmoid, softmax) is one call of that rule, else it is the calls that it makes. An operation
    of one's own is the calls that it makes, where it is written in NumPy's functions; where its
    derivative isn't, TypeError says so. What follows a `batch` is known to do so.
    """
    tracer = Tracer(whole, batch=batch, by_memory=True)
    ids = {}
    values = {}
    with np.errstate(all="ignore"):
        tracer.forward([result])
        for place in places(result):
            values[place.id] = tracer.symbol(place.value)
            if isinstance(place.value, Tensor):
                ids[place.value] = place.id
        found = Trace(values, tracer.seed(result, gradient, "trace"), {}, {})
        slots: dict[Tensor, Iterator[int]] = {}

        def visit(node: Tensor, x: Tensor, g: Any, d: Any) -> None:
            if node not in slots:
                slots[node] = (
                    i for i, t in enumerate(node._inputs) if t is not None and t._requires_grad
                )
                found.gradients[ids[node]] = g
            found.contributions[ids[node], next(slots[node])] = d

        for leaf, g in tracer.backward(result, found.seed, visit).items():
            found.gradients[ids[leaf]] = g
    return found


class Tracer:
    """Runs a record on symbols: `symbol(x)` is the symbol of a tensor or an array in it.

    What was made before `start` is an input, whatever it was computed from. `sources` has, by id,
    what a tensor or an index was made of without an operation; `opaque`: a derivative that isn't
    written in NumPy's functions is one call, in place of an error. `versions` has what tensors were
    given since the start. `by_memory`: two views of the same memory are one input, as in a graph;
    of what a function is given, they may be two the next time.
    """

    def __init__(
        self,
        whole: bool = False,
        start: int = 0,
        sources: Mapping[int, tuple[Any, Any]] | None = None,
        opaque: bool = False,
        batch: Batch | None = None,
        versions: Mapping[Tensor, Sequence[Tensor]] | None = None,
        by_memory: bool = False,
    ) -> None:
        self.whole = whole
        self.start = start
        self.sources = sources or {}
        self.opaque = opaque
        self.batch = batch
        self.versions = {} if versions is None else versions
        self.by_memory = by_memory
        self.inputs: dict[Symbol, Any] = {}  # a tensor or an array each
        self._views: dict[Any, Any] = {}  # the first view of each part of memory
        self._symbols: dict[int, Any] = {}
        self._read: dict[Tensor, Arguments] = {}
        self._reading: Rule | None = None

    def symbol(self, x: Any) -> Any:
        """What stands for a value: a number stands for itself."""
        if id(x) in self._symbols:
            return self._symbols[id(x)]
        if id(x) in self.sources and not isinstance(x, Tensor):
            return self.symbol(self.sources[id(x)][1])
        if not isinstance(x, Tensor | np.ndarray):
            return x
        if self.by_memory and isinstance(x, np.ndarray) and x.ndim:
            first = self._views.setdefault(memory(x), x)
            if first is not x:
                return self.symbol(first)
        symbol = Symbol(None, None, (), {}, getattr(x, "_array", x[()] if x.ndim == 0 else x))
        if self.batch is not None and x.ndim:
            symbol.twin = self.batch.twin(x)
        self.inputs[symbol] = x
        self._symbols[id(x)] = symbol
        return symbol

    def read(self, node: Tensor) -> Arguments:
        """A node, its inputs and options, in symbols."""
        self._reading = node._rule
        return self._read[node]

    def is_inner(self, tensor: Tensor) -> bool:
        """Whether it was computed since the start."""
        return tensor._rule is not None and tensor._index > self.start

    def behind(self, roots: Iterable[Tensor]) -> list[Tensor]:
        """All tensors that these were computed from since the start, and those they began with."""
        tensors = list(roots)
        seen = set(tensors)
        for tensor in tensors:  # grows while it is read
            for x in self._origins(tensor):
                if isinstance(x, Tensor) and x not in seen:
                    seen.add(x)
                    tensors.append(x)
        return sorted(seen, key=lambda tensor: tensor._index)

    def _held(self, x: Any, reader: Tensor) -> Any:
        """What a tensor held when another was computed from it: itself, or what it was given."""
        if x is None or x not in self.versions:
            return x
        return next((v for v in reversed(self.versions[x]) if v._index < reader._index), x)

    def _linked(self, x: Any) -> Any:
        """A part of an operation's options: the symbol of the tensor that an index was."""
        return self.symbol(x) if id(x) in self.sources else x

    def _origins(self, tensor: Tensor) -> list[Any]:
        """What a tensor was computed or made from."""
        if not self.is_inner(tensor):
            return [self.sources[id(tensor)][1]] if id(tensor) in self.sources else []
        parts: list[Any] = []
        if self.sources:
            convert(tensor._options, parts.append)
        inputs = [self._held(x, tensor) for x in tensor._inputs]
        return [*inputs, *(self.sources[id(x)][1] for x in parts if id(x) in self.sources)]

    def forward(self, roots: Iterable[Tensor]) -> None:
        """The symbols of all that these were computed from."""
        for tensor in self.behind(roots):
            if self.is_inner(tensor):
                pairs = zip(tensor._inputs, tensor._values, strict=True)
                inputs = tuple(
                    self.symbol(value if x is None else self._held(x, tensor)) for x, value in pairs
                )
                options = convert(tensor._options, self._linked)
                if self.batch is not None:
                    options = self.batch.options(options, np.shape(inputs[0]))
                self._symbols[id(tensor)] = out = self._applied(tensor, inputs, options)
                self._read[tensor] = out, inputs, options
            elif id(tensor) in self.sources:
                _, source = self.sources[id(tensor)]
                self._symbols[id(tensor)] = self.symbol(source).astype(tensor.dtype)

    def _applied(self, node: Tensor, inputs: tuple[Any, ...], options: dict[str, Any]) -> Symbol:
        """The rule that gave a tensor: the calls it makes, or one call of it."""
        rule: Any = node._rule
        single = Symbol(rule.name, rule.forward, inputs, options, node._array)
        single.follow()
        try:
            made: Any = rule.forward(*inputs, **options)
        except Exception:  # a function that isn't written in NumPy's can fail on symbols in any way
            return single
        faithful = isinstance(made, Symbol) and _equal(made.value, node._array)
        if faithful and self.whole and not rule.own and rule.name != "power":
            faithful = made.index <= single.index + 1
        return made if faithful else single

    def seed(self, result: Tensor, gradient: Any, name: str) -> Symbol:
        """The input that arrives at the result."""
        return Symbol(None, None, (), {}, starting_gradient(result, gradient, name))

    def backward(self, result: Tensor, seed: Symbol, visit: Any = None) -> dict[Tensor, Symbol]:
        """The gradients of the leaves."""
        if self.opaque:
            for node in self._read:
                if node._rule is not None and node._rule.own:
                    node._rule = _with_opaque_derivatives(node._rule)
        try:
            return walk(result, seed, read=self.read, visit=visit)
        except Exception as error:  # as above
            rule = self._reading
            if rule is None or not rule.own:
                raise
            raise TypeError(
                f"trace: the derivative of {rule.name!r} isn't written in NumPy's functions"
            ) from error


def _with_opaque_derivatives(rule: Rule) -> Rule:
    """A user's rule whose derivatives are called whole where symbols mean nothing to them."""

    def opaque(derivative: Any) -> Any:
        def derive(*arguments: Any, **options: Any) -> Any:
            whole = record_call(rule.name, derivative, arguments, options)
            try:
                made = derivative(*arguments, **options)
            except Exception:  # as above
                return whole
            return made if _equal(getattr(made, "value", made), whole.value) else whole

        return derive

    derivatives = tuple(d and opaque(d) for d in rule.derivatives)
    return Rule(rule.name, rule.forward, derivatives, own=True)


def _equal(x: Any, y: Any) -> bool:
    kinds = {getattr(x, "dtype", None), getattr(y, "dtype", None)}
    return len(kinds) == 1 and bool(np.array_equal(x, y, equal_nan=True))
