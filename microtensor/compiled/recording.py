"""One run of a function on tensors, read as symbols: forward, gradients, and what has to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from ..backward import starting_gradient, walk
from ..errors import GradientError, label, wrong_operand
from ..modes import current_mode, mode, tick
from ..program.trace import Symbol, reached
from ..program.trace import called as call_on_symbols
from ..rules import Rule
from ..tensor import Tensor
from . import one_number
from .surroundings import ATOMS
from .writer import key, mapped


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


class Recording:
    """One run of the function on tensors, as symbols."""

    def __init__(self, function: Callable[..., Tensor], name: str, inputs: Sequence[Any]) -> None:
        self.name = name
        made = {id(x): _as_input(k, x, name) for k, x in enumerate(inputs)}
        self.inputs = [made[id(x)] for x in inputs]  # one array given twice is one tensor
        self.checks: list[tuple[Tensor, Any]] = []  # what was read, and what it has to be
        self._numbers = {id(x): k for k, x in enumerate(self.inputs)}
        self._copies: dict[int, tuple[Any, Tensor]] = {}  # by id, of tensors used as indices
        self._start = tick()
        with mode(constants=True, recorder=self):
            self.result = one_number(function(*self.inputs), name)
        self.leaves: dict[Symbol, Any] = {}  # a tensor, or an array that is a constant
        self.symbols: dict[Tensor, Any] = {}
        self.gradients: dict[Tensor, Any] = {}
        self._arguments: dict[Tensor, tuple[Any, dict[str, Any]]] = {}
        with np.errstate(all="ignore"):
            self._forward()
            if current_mode().recording:
                self._backward()

    def read(self, tensor: Tensor, how: str) -> Any:
        """A value leaves the record: it may be what it is while a check on it holds."""
        data = tensor._data
        if how == "an index" and data.dtype.kind in "iu":
            copy = np.array(data)
            self._copies[id(copy)] = copy, tensor
            return copy
        if how == "bool()" and data.size == 1:
            self.checks.append((tensor, bool(data)))
            return data
        if self._is_learnt(tensor):
            raise GradientError(
                f"compile: {how} of {label(tensor)} takes a value out of {self.name} that changes "
                "as parameters do, and would stay as it is now; use operations on tensors instead, "
                "or do it outside of the function"
            )
        copy = np.array(data)
        copy.flags.writeable = False
        self.checks.append((tensor, copy))
        return copy if isinstance(data, np.ndarray) else data

    def made(self, tensor: Tensor, source: Any, dtype: Any) -> None:
        """A tensor made of another is what it was computed from; of an array, a copy."""
        if isinstance(source, Tensor) and not tensor._requires_grad:
            same = tensor.dtype == source.dtype
            copy = source.detach() if same else source.astype(tensor.dtype)
            for name in ("_rule", "_inputs", "_saved", "_options"):
                setattr(tensor, name, getattr(copy, name))
        tensor._data = np.array(tensor._data)[()] if tensor.ndim == 0 else tensor._data.copy()

    def refuse(self, what: str) -> NoReturn:
        """Raises, naming what a program can't do."""
        raise GradientError(f"compile: {what}")

    def _behind(self, roots: Sequence[Tensor]) -> list[Tensor]:
        """All tensors that these were computed from since the start, and those they began with."""
        tensors = list(roots)
        seen = set(tensors)
        for tensor in tensors:  # grows while it is read
            indices = (x for _, x in self._linked(tensor._options)) if tensor._options else ()
            for x in (*tensor._inputs, *indices) if self._is_inner(tensor) else ():
                if x is not None and x not in seen:
                    seen.add(x)
                    tensors.append(x)
        return sorted(seen, key=lambda tensor: tensor._index)

    def _is_inner(self, tensor: Tensor) -> bool:
        return tensor._rule is not None and tensor._index > self._start

    def is_old(self, tensor: Tensor) -> bool:
        """Whether it was there before the function ran."""
        return tensor._index < self._start

    def _is_learnt(self, tensor: Tensor) -> bool:
        return any(x._requires_grad for x in self._behind([tensor]))

    def _linked(self, x: Any) -> Iterator[tuple[int, Tensor]]:
        """The tensors that stand behind the index arrays in an option."""
        parts = x.values() if isinstance(x, dict) else x if isinstance(x, tuple) else ()
        for part in parts:
            yield from self._linked(part)
        if id(x) in self._copies:
            yield id(x), self._copies[id(x)][1]

    def _with_symbols(self, x: Any) -> Any:
        """An option with symbols for the index arrays in it."""
        if isinstance(x, dict):
            return {name: self._with_symbols(part) for name, part in x.items()}
        if isinstance(x, tuple):
            return tuple(self._with_symbols(part) for part in x)
        return self.symbols[self._copies[id(x)][1]] if id(x) in self._copies else x

    def _forward(self) -> None:
        arrays: dict[int, Symbol] = {}
        for tensor in self._behind([self.result, *(tensor for tensor, _ in self.checks)]):
            if not self._is_inner(tensor):
                self._refuse_computed_before(tensor)
                self.symbols[tensor] = leaf = Symbol(None, None, (), {}, tensor._data)
                self.leaves[leaf] = tensor
                continue
            inputs = []
            for x, value in zip(tensor._inputs, tensor._values, strict=True):
                if x is None and isinstance(value, np.ndarray):
                    if id(value) not in arrays:
                        arrays[id(value)] = leaf = Symbol(None, None, (), {}, value)
                        self.leaves[leaf] = value
                    inputs.append(arrays[id(value)])
                else:
                    inputs.append(value if x is None else self.symbols[x])
            options = self._with_symbols(tensor._options)
            self._arguments[tensor] = tuple(inputs), options
            self.symbols[tensor] = _applied(tensor, tuple(inputs), options)
            if tensor._rule is not None and tensor._rule.own:
                tensor._rule = _with_safe_derivatives(tensor._rule)

    def _refuse_computed_before(self, leaf: Tensor) -> None:
        if leaf._rule is not None and leaf._requires_grad:
            raise GradientError(
                f"compile: {self.name} uses {label(leaf)}, which {leaf._rule.name} gave before it "
                "ran, and which requires a gradient; compute it inside, or take its .detach()"
            )

    def _backward(self) -> None:
        seed = Symbol(None, None, (), {}, starting_gradient(self.result, None, "compile"))
        self.leaves[seed] = seed.value

        def read(node: Tensor) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
            return self.symbols[node], *self._arguments[node]

        for leaf, g in walk(self.result, seed, read=read).items():
            if self.is_old(leaf):
                self.gradients[leaf] = g.astype(leaf.dtype)

    @property
    def wanted(self) -> list[Any]:
        """The symbols that a program has to compute."""
        checked = (self.symbols[tensor] for tensor, _ in self.checks)
        return [self.symbols[self.result], *self.gradients.values(), *checked]

    def fingerprint(self) -> Any:
        """Equal for two runs that did the same."""
        order = reached(self.wanted)
        number = {symbol: ("symbol", k) for k, symbol in enumerate(order)}
        rows: list[Any] = [key(mapped(tuple(self.wanted), number.__getitem__))]
        for symbol in order:
            leaf = self.leaves.get(symbol)
            if isinstance(leaf, Tensor):
                own = id(leaf) if self.is_old(leaf) else key(leaf._data)
                rows.append(self._numbers.get(id(leaf), own))
            else:
                parts = (*symbol.arguments, *symbol.options.items(), leaf)
                rows.append((symbol.call, key(mapped(parts, number.__getitem__))))
        return [*rows, *(key(value) for _, value in self.checks)]


def _applied(node: Tensor, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The calls that a rule makes, or, where it isn't written in NumPy's, one call of it."""
    rule: Any = node._rule
    made: Any = None
    try:
        made = rule.forward(*inputs, **options)
    except Exception:  # a function of the user's can fail on symbols in any way
        made = None
    if isinstance(made, Symbol) and np.array_equal(made.value, node._data, equal_nan=True):
        return made
    return Symbol(rule.name, rule.forward, inputs, options, node._data)


def _with_safe_derivatives(rule: Rule) -> Rule:
    """A user's rule whose derivatives are called whole where symbols mean nothing to them."""

    def safe(derivative: Any) -> Any:
        def derive(*arguments: Any, **options: Any) -> Any:
            whole = call_on_symbols(rule.name, derivative, arguments, options)
            try:
                made = derivative(*arguments, **options)
            except Exception:  # as above
                return whole
            value = getattr(made, "value", made)
            return made if np.array_equal(value, whole.value, equal_nan=True) else whole

        return derive

    return Rule(
        rule.name, rule.forward, tuple(d and safe(d) for d in rule.derivatives), own=rule.own
    )
