"""The program that runs: one NumPy call a line, in the spelling that starts soonest."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .. import rules
from ..numerics import FEW, column_sums, has_short_rows, is_chosen_by_bits, largest, where
from .naming import Identifiers
from .numpy import INFIX, Text, literal, tuple_text, written
from .pieces import gathered, is_cut, rows
from .symbol import Symbol, has_symbols, is_entrywise, reach

REDUCTIONS = {
    "sum": (np.sum, np.add.reduce),
    "max": (np.max, np.maximum.reduce),
    "min": (np.min, np.minimum.reduce),
}
LARGE = 1 << 14  # bytes, from which on memory that is in the cache saves more than a call takes
# They give memory of their own.
NEW = {
    "where", "astype", "full", "concatenate", "stack", "put", "put_each", "matmul", *REDUCTIONS,
}  # fmt: skip
NAMED = (type, FunctionType, BuiltinFunctionType, np.ufunc, type(np.where))
SHORT = {*INFIX, "negative", "getitem", "transpose", "reshape", "astype"}  # written with signs
WHOLE = {rules.power.forward, rules.matmul.forward}  # which do more than the sign says


class Statements(Identifiers):
    """Lines that compute symbols; `bound` are the values that their names stand for.

    `names` says what symbols are called, inputs from the start; `taken` are no names for them. A
    result is put into the memory of a value that nobody reads any more, where it fits, of an
    operand first: that saves the time to find other memory, and what is there is in the cache. What
    is wanted at the end is in memory of its own.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        super().__init__({"np", *taken})
        self.names: dict[Symbol, str] = {}
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {"np": np}
        self._bound_names: dict[int, str] = {}
        self._numbers: dict[Any, Any] = {}
        self._free: dict[Any, list[Symbol]] = {}  # by layout, whose memory nobody reads any more
        self._ours: set[Symbol] = set()  # inputs that may be written over

    def bind(self, value: Any, name: str = "") -> str:
        """A name for a value; NumPy's own for its functions."""
        if id(value) not in self._bound_names:
            own = value.__name__ if isinstance(value, NAMED) else "k"
            name = self.unique(name or own)
            self.bound[name] = value
            self._bound_names[id(value)] = name
        return self._bound_names[id(value)]

    def write(
        self,
        wanted: Sequence[Any],
        checks: Mapping[Symbol, Sequence[str]],
        samples: Collection[Symbol] = (),
    ) -> list[str]:
        """Writes the lines, and returns the text of each that is wanted.

        `checks` are lines with `{}` for a value, to be written as soon as it is known, and before
        those of any of the `samples` that comes after it: what isn't to be drawn is not.
        """
        order = list(dict.fromkeys([*_in_order(checks, samples), *reach([*wanted, *checks])]))
        runs = list(gathered(order, checks))
        order = [symbol for run in runs for symbol in run]
        self._owner = _owners(order)
        self._kept = {self._owner[x] for x in wanted if isinstance(x, Symbol)}
        self._readers: dict[Symbol, list[Symbol]] = {symbol: [] for symbol in order}
        self._last: dict[Symbol, Symbol] = {}  # of each memory, the last call that reads it
        for symbol in order:
            for x in symbol.operands:
                self._readers[x].append(symbol)
                self._last[self._owner[x]] = symbol
        for run in runs:
            if len(run) > 1:
                self._in_pieces(run)
            elif run[0].call is not None:
                self._call(run[0])
            for line in checks.get(run[0], ()):
                self.lines.append(line.format(self.names[run[0]]))
        given: set[Symbol] = set()
        return [self._own(x, given) for x in wanted]

    def _own(self, x: Any, given: set[Symbol]) -> str:
        """What is wanted, in memory that nobody else holds."""
        text = self._text(x)
        if not np.ndim(getattr(x, "value", x)):
            return text
        owner = self._owner[x] if isinstance(x, Symbol) else None
        if owner is None or owner in given or not _is_new(owner) or not _fills(x, owner):
            return f"{text}.copy()"
        given.add(owner)
        return text

    def _call(self, symbol: Symbol) -> None:
        if not has_symbols((*symbol.arguments, *symbol.options.values())):  # copies of a number
            self.names[symbol] = self.bind(symbol.value)
            return
        room = self._room(symbol)
        line = "" if room is None else self._put(symbol, room)
        free = self._free.get(_layout(symbol)) or self._in_another_shape(symbol)
        if not line and free and (line := self._put(symbol, free[-1])):
            room = free.pop()
            if room.shape != symbol.shape:
                name = self.unique(f"v{len(self.names)}")
                self.lines.append(f"{name} = {self.names[room]}.reshape({symbol.shape})")
                self.names[room] = name
                line = self._put(symbol, room)
        if room is not None and line:
            self.names[symbol] = self.names[room]
        else:
            name = self.names[symbol] = self.unique(f"v{len(self.names)}")
            line, room = f"{name} = {self._spelled(symbol)}", None
        self.lines.append(line)
        self._set_free(symbol, None if room is None else self._owner.get(room, room))

    def _in_pieces(self, run: Sequence[Symbol]) -> None:
        """A loop over the pieces of a run's arrays, in which all its operations are made."""
        loop, inside = _Loop(self, rows(run[0].value.shape)), set(run)
        read = {_key(x): x for symbol in run for x in symbol.arguments}
        outer = [x for key, x in read.items() if key not in inside]
        owners = Counter(self._owner[x] for x in outer if isinstance(x, Symbol))
        pieces: dict[Any, Symbol] = {}
        for x in outer:
            if is_cut(x, run[0].value.shape):
                owner = self._owner[x] if isinstance(x, Symbol) else None
                alone = owner is not None and owners[owner] == 1 and _fills(x, owner)
                ours = alone and x.value.flags.c_contiguous and self._is_done(x, inside)
                pieces[_key(x)] = loop.cut(x, ours)
            elif isinstance(x, Symbol):
                pieces[x] = _input(x.value)
                loop.names[pieces[x]] = self.names[x]
        for symbol in run:
            parts = (pieces.get(_key(x), x) for x in symbol.arguments)
            value = symbol.value[: loop.step]
            pieces[symbol] = Symbol(symbol.call, symbol.function, (*parts,), {}, value)
        sent = [x for x in run if x in self._kept or not inside.issuperset(self._readers[x])]
        for room in self._rooms(sent, loop.wholes.values()):
            piece = loop.cut(room, True)
            loop._free.setdefault(_layout(piece), []).append(piece)
        loop.write([pieces[x] for x in sent], {})
        for x, whole in zip(sent, loop.lying([pieces[x] for x in sent]), strict=True):
            self.names[x] = self.names[whole]
        self.lines.append(f"for {loop.i} in range(0, {len(run[0].value)}, {loop.step}):")
        self.lines += [f"    {line}" for line in loop.lines]
        for x in loop.wholes.values():
            self._free.setdefault(_layout(x), []).append(x)

    def _rooms(self, sent: Sequence[Symbol], ours: Iterable[Symbol]) -> Iterator[Symbol]:
        """Memory for what a loop gives, as far as there is none of its own that it can lie in."""
        kinds = [x.dtype for x in ours]
        for x in sent:
            if x.dtype in kinds:
                kinds.remove(x.dtype)
            elif self._free.get(_layout(x)):
                yield self._free[_layout(x)].pop()
            else:
                room = _input(x.value)
                name = self.names[room] = self.unique(f"v{len(self.names)}")
                dtype = self.bind(x.dtype, x.dtype.name)
                self.lines.append(f"{name} = {self.bind(np.empty)}({x.value.shape}, {dtype})")
                yield room

    def _is_done(self, x: Symbol, readers: set[Symbol]) -> bool:
        """Whether its memory may be written over, and is read no more after one of these."""
        owner = self._owner[x]
        ours = _is_new(owner) or owner in self._ours
        return ours and self._last[owner] in readers and owner not in self._kept

    def _room(self, symbol: Symbol) -> Symbol | None:
        """An operand whose memory can take the result: it isn't read any more, and fits."""
        layout = _layout(symbol)
        for x in symbol.operands if layout else ():
            alike = _layout(x) == layout and self._is_done(x, {symbol})
            if alike and _fills(x, self._owner[x]):
                return x
        return None

    def _in_another_shape(self, symbol: Symbol) -> list[Symbol] | None:
        """Memory that nobody reads any more, as large as a large result, both in one piece."""
        if _layout(symbol) and symbol.value.nbytes > LARGE and symbol.value.flags.c_contiguous:
            for (shape, dtype, _), free in self._free.items():
                alike = dtype == symbol.dtype and math.prod(shape) == symbol.value.size
                if alike and free and free[-1].value.flags.c_contiguous:
                    return free
        return None

    def _set_free(self, symbol: Symbol, room: Symbol | None) -> None:
        """Notes the memory of operands that nobody reads any more, but what the result lies in."""
        for x in dict.fromkeys(self._owner[x] for x in symbol.operands):
            if _layout(x) and x is not room and self._is_done(x, {symbol}):
                self._free.setdefault(_layout(x), []).append(x)

    def _put(self, symbol: Symbol, room: Symbol) -> str:
        """The call that puts its result there; '' where there is none."""
        function, arguments, name = symbol.function, symbol.arguments, self.names[room]
        beside = function is np.concatenate and list(symbol.options) == ["axis"]
        if beside and all(x is not room for x in symbol.operands):
            parts, axis = self._text(arguments[0]), self._text(symbol.options["axis"])
            return f"{self.bind(function)}({parts}, {axis}, {name})"
        if symbol.options:
            return ""
        if symbol.call == "where":  # putting numbers in takes two thirds of the time
            mask, number, x = arguments
            if x is not room or np.shape(getattr(mask, "value", mask)) != symbol.shape:
                return ""
            if not isinstance(number, int | float) or _by_bits(symbol):
                return ""
            number = self.bind(np.array(number, symbol.dtype), f"n{number}")
            return f"{self.bind(np.putmask)}({name}, {self._text(mask)}, {number})"
        if symbol.call == "power":
            square = type(arguments[1]) in (int, float) and arguments[1] == 2
            return f"{self.bind(np.square)}({self._text(arguments[0])}, {name})" if square else ""
        if function is np.matmul and all(x is not room for x in arguments):
            product = np.dot if _is_dot(symbol) else np.matmul
            return f"{self.bind(product)}({', '.join([*map(self._text, arguments), name])})"
        if not is_entrywise(function):
            return ""
        texts = [self._number(x, symbol) for x in arguments]
        out = f"out={name}" if function in (np.maximum, np.minimum) else name
        return f"{self.bind(function)}({', '.join([*texts, out])})"

    def _number(self, x: Any, symbol: Symbol) -> str:
        """A number as an array without axes, which a NumPy call takes in half the time."""
        values = (x.value for x in symbol.operands if hasattr(x.value, "dtype"))
        kinds = {x.dtype for x in values if x.dtype.kind != "b"}
        if type(x) in (int, float) and len(kinds) == 1 and next(iter(kinds)).kind == "f":
            number = np.array(x, kinds.pop())
            if np.isfinite(number):
                key = number.dtype, repr(x)
                return self.bind(self._numbers.setdefault(key, number), f"n{x}")
        return self._text(x)

    def _spelled(self, symbol: Symbol) -> str:
        """The call, in memory of its own or as a view."""
        if _is_dot(symbol):
            return f"{self.bind(np.dot)}({', '.join(map(self._text, symbol.arguments))})"
        wrapper, reduce = REDUCTIONS.get(symbol.call or "", (None, None))
        over = len(symbol.arguments) == 1 and symbol.options.keys() <= {"axis", "keepdims"}
        in_single = symbol.function is rules.sum.forward and symbol.dtype.char == "f"
        if over and (symbol.function is wrapper or (in_single and self._sums_columns(symbol))):
            return self._reduced(symbol, reduce)
        numbers = [self._number(x, symbol) for x in symbol.arguments]
        plain = is_entrywise(symbol.function) and not symbol.options and symbol.call != "power"
        if plain and symbol.ndim and numbers != list(map(self._text, symbol.arguments)):
            return f"{self.bind(symbol.function)}({', '.join(numbers)})"
        if _by_bits(symbol):
            return f"{self.bind(where)}({', '.join(map(self._text, symbol.arguments))})"
        if symbol.call in SHORT and symbol.function not in WHOLE:
            return written(symbol, self._read).text
        texts = [self._text(x) for x in symbol.arguments]
        texts += [f"{key}={self._text(x)}" for key, x in symbol.options.items()]
        return f"{self.bind(symbol.function, symbol.call or '')}({', '.join(texts)})"

    def _reduced(self, symbol: Symbol, reduce: Any) -> str:
        """The method behind np.sum, np.max and np.min, which is quicker to start."""
        (x,) = symbol.arguments
        if self._sums_columns(symbol):
            rows, text = x.value.size // x.shape[-1], self._text(x)
            text += "" if x.ndim == 2 else f".reshape({rows}, {x.shape[-1]})"
            if x.dtype.char != "d" and rows > 2 * FEW:
                return f"{self.bind(column_sums)}({text})"
            ones = np.ones(rows, x.dtype)
            return f"{self.bind(ones, f'ones_{rows}')}.dot({text})"
        over = symbol.options.get("axis")
        axis, kept = self._text(over), symbol.options.get("keepdims")
        if symbol.call == "max" and has_short_rows(x, over, 32, "df"):
            return f"{self.bind(largest)}({self._text(x)}, {axis}, {bool(kept)})"
        rest = ", None, None, True" if kept else ""
        return f"{self.bind(reduce, f'{symbol.call}_over')}({self._text(x)}, {axis}{rest})"

    def _read(self, x: Any) -> Text:
        return literal(x) if type(x) in (int, float) else Text(self._text(x))

    def _sums_columns(self, symbol: Symbol) -> bool:
        """Whether it is the sum by which the walk undoes the broadcasting of a row."""
        (x,) = symbol.arguments
        last = x.ndim - 1
        kept = any(reader.shape == (*[1] * last, *symbol.shape) for reader in self._readers[symbol])
        said = {} if symbol.function is np.sum else {"keepdims": False}
        whole = symbol.options == {"axis": tuple(range(last)), **said}
        return whole and last > 0 and x.shape[-1] > 0 and not kept

    def _text(self, x: Any) -> str:
        """An argument as it is written."""
        if isinstance(x, Symbol):
            return self.names[x]
        if x is None or x is ... or type(x) in (bool, int, float, str):
            return literal(x).text
        if type(x) in (tuple, list):
            parts = [self._text(part) for part in x]
            return f"[{', '.join(parts)}]" if isinstance(x, list) else tuple_text(parts)
        return self.bind(x)


class _Loop(Statements):
    """Lines that are run for each piece of some arrays, of `step` rows from the row `i` on.

    `wholes` are the arrays that may be written over, by the names of their pieces.
    """

    def __init__(self, outer: Statements, step: int) -> None:
        vars(self).update(vars(outer))  # its names are taken, and what it has bound stays so
        self.names, self.lines, self._free, self._ours = {}, [], {}, set()
        self.i, self.step, self.outer = self.unique("i"), step, outer
        self.wholes: dict[str, Symbol] = {}

    def cut(self, x: Any, ours: bool) -> Symbol:
        """The piece of an array, an input; `ours` may be written over."""
        piece, whole = _input(getattr(x, "value", x)[: self.step]), self.outer._text(x)
        name = self.names[piece] = self.unique(f"{whole}_{self.i}")
        self.lines.append(f"{name} = {whole}[{self.i}:{self.i} + {self.step}]")
        if ours:
            self.wholes[name] = x
            self._ours.add(piece)
        return piece

    def lying(self, sent: Sequence[Symbol]) -> Iterator[Symbol]:
        """The array that each result's pieces lie in, or are put in at last."""
        found = [self.wholes.pop(self.names[piece], None) for piece in sent]
        for piece, whole in zip(sent, found, strict=True):
            if whole is None:
                name = next(name for name, x in self.wholes.items() if x.dtype == piece.dtype)
                self.lines.append(f"{name}[...] = {self.names[piece]}")
                whole = self.wholes.pop(name)
            yield whole


def _input(value: Any) -> Symbol:
    return Symbol(None, None, (), {}, value)


def _key(x: Any) -> Any:
    """What tells arguments apart: arrays by identity."""
    return x if isinstance(x, Symbol) else id(x)


def _in_order(checks: Iterable[Symbol], samples: Collection[Symbol]) -> Iterator[Symbol]:
    """The samples, and before each what the checks before it are computed from."""
    before: list[Symbol] = []
    for symbol in checks:
        if symbol in samples:
            yield from reach(before)
            yield symbol
            before = []
        else:
            before.append(symbol)


def _by_bits(symbol: Symbol) -> bool:
    """Whether numbers or 0 are chosen in the quicker way."""
    if symbol.function is not np.where:
        return False
    mask, a, b = (getattr(x, "value", x) for x in symbol.arguments)
    return any(
        type(n) is int and n == 0 and is_chosen_by_bits(mask, x) for n, x in ((a, b), (b, a))
    )


def _owners(order: Sequence[Symbol]) -> dict[Symbol, Symbol]:
    """For each symbol the one in whose memory it lies: itself, or what it is a view of."""
    owner: dict[Symbol, Symbol] = {}
    for symbol in order:
        owner[symbol] = symbol
        if symbol.call is not None and not isinstance(symbol.function, np.ufunc):
            for x in symbol.operands:
                pairs = product(_arrays_in(symbol.value), _arrays_in(x.value))
                if any(np.may_share_memory(a, b) for a, b in pairs):
                    owner[symbol] = owner[x]
    return owner


def _arrays_in(x: Any) -> Iterator[Any]:
    """A value's arrays: a call such as np.split gives several."""
    if isinstance(x, np.ndarray):
        yield x
    elif isinstance(x, tuple | list):
        for part in x:
            yield from _arrays_in(part)


def _is_new(symbol: Symbol) -> bool:
    """Whether its call gives memory that nobody else holds."""
    function = symbol.function
    return symbol.call in NEW or (isinstance(function, np.ufunc) and function.nout == 1)


def _fills(x: Symbol, owner: Symbol) -> bool:
    """Whether a view shows all of the memory that it lies in."""
    return bool(owner.value.nbytes == x.value.nbytes and 0 not in x.value.strides)


def _layout(x: Symbol) -> Any:
    """How its entries lie in memory; None of a single number, and of what is no array."""
    array = isinstance(x.value, np.ndarray) and x.ndim
    return (x.shape, x.dtype, x.value.strides) if array else None


def _is_dot(symbol: Symbol) -> bool:
    return symbol.call == "matmul" and symbol.function is np.matmul and _dot_agrees(symbol)


def _dot_agrees(symbol: Symbol) -> bool:
    """Whether np.dot, which is quicker to start, makes the same BLAS call as np.matmul.

    Found by trial, over twenty thousand shapes and layouts: for operands without gaps, always.
    """
    left, right = (getattr(x, "value", x) for x in symbol.arguments)
    return bool(
        np.ndim(left) == np.ndim(right) == 2
        and left.dtype == right.dtype
        and left.dtype in (np.float32, np.float64)
        and left.flags.forc
        and right.flags.forc
        and symbol.value.flags.c_contiguous
    )
