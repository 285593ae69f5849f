"""The NumPy program of a trace: arrays ready for every result, and the calls that fill them.

Nothing here knows of tensors: it is given symbols, what those that are inputs are called, and
what is wanted. The calls are the recorded ones, in their order. Left out is what changes no bit:
products with 1, a transpose of a transpose, the same call again, calls that nobody needs.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from sys import getrefcount
from typing import Any

import numpy as np

from ..program.trace import Symbol, called, reached, symbols_in

OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**"}
VIEWS = {"transpose", "reshape", "squeeze", "getitem", "broadcast_to", "expand_dims", "flip"}
REDUCTIONS = {
    "sum": (np.sum, np.add.reduce),
    "max": (np.max, np.maximum.reduce),
    "min": (np.min, np.minimum.reduce),
}


# What needn't be computed -------------------------------------------------------------------------


class Simplifier:
    """Symbols rewritten into fewer, oldest first, so that none is older than what it reads.

    `self(x)` is what stands for one of those wanted: another symbol, or a value that never
    changes. `constants` are inputs of which the latter is known.
    """

    def __init__(self, wanted: Iterable[Any], constants: Iterable[Symbol]) -> None:
        self._known: dict[Symbol, Any] = {symbol: symbol.value for symbol in constants}
        self._calls: dict[Any, Symbol] = {}
        with np.errstate(all="ignore"):
            for symbol in reached(wanted):
                if symbol not in self._known:
                    self._known[symbol] = symbol if symbol.call is None else self._fewer(symbol)

    def __call__(self, wanted: Any) -> Any:
        return self._known[wanted] if isinstance(wanted, Symbol) else wanted

    def _fewer(self, symbol: Symbol) -> Any:
        arguments = mapped(symbol.arguments, self._known.__getitem__)
        options = {key: mapped(x, self._known.__getitem__) for key, x in symbol.options.items()}
        if next(symbols_in((*arguments, *options.values())), None) is None:
            return symbol.value
        if getattr(symbol.function, "nout", 0) == 1 and symbol.call != "matmul":
            for k in range(len(arguments)):
                x = _unspread(k, arguments, symbol.shape)
                arguments = (*arguments[:k], x, *arguments[k + 1 :])
        if _is_transpose(symbol) and _is_transpose(arguments[0]):
            inner = arguments[0]
            first, then = (_axes(s) for s in (inner, symbol))
            arguments, options = inner.arguments, {"axes": tuple(first[a] for a in then)}
        x = _unchanged(symbol, arguments, options)
        if x is not None:
            return x
        call = symbol.call, id(symbol.function), key((arguments, tuple(options.items())))
        if call not in self._calls:
            fresh = (*arguments, *options.values())
            old = (*symbol.arguments, *symbol.options.values())
            if len(fresh) == len(old) and all(map(operator.is_, fresh, old)):
                self._calls[call] = symbol
            else:
                assert symbol.function is not None and symbol.call is not None
                self._calls[call] = called(symbol.call, symbol.function, arguments, options)
                self._calls[call].index = symbol.index
        return self._calls[call]


def mapped(x: Any, change: Any) -> Any:
    """An argument with its symbols changed; itself where there are none."""
    if isinstance(x, Symbol):
        return change(x)
    if isinstance(x, tuple | list) and next(symbols_in(x), None) is not None:
        return type(x)(mapped(part, change) for part in x)
    return x


def _is_transpose(x: Any) -> bool:
    return isinstance(x, Symbol) and x.call == "transpose" and x.options.keys() == {"axes"}


def _axes(transposed: Symbol) -> tuple[int, ...]:
    axes, n = transposed.options["axes"], transposed.ndim
    return tuple(range(n))[::-1] if axes is None else tuple(a % n for a in axes)


def _unspread(k: int, arguments: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Argument k before it was broadcast, where the others broadcast it all the same."""
    x = arguments[k]
    if isinstance(x, Symbol):
        inner = x.arguments[0] if x.call == "broadcast_to" else x
    elif isinstance(x, np.ndarray) and x.size and not any(x.strides):
        inner = np.asarray(x.flat[0])
    else:
        return x
    shapes = [np.shape(getattr(a, "value", a)) for a in arguments]
    shapes[k] = np.shape(getattr(inner, "value", inner))
    return inner if np.broadcast_shapes(*shapes) == shape else x


def _unchanged(symbol: Symbol, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The argument that the call gives back as it is; None where it gives something else."""
    x = arguments[0]
    if symbol.call in ("multiply", "divide"):
        other = arguments[1]
        if _is_one(other):
            pass
        elif symbol.call == "multiply" and _is_one(x):
            x = other
        else:
            return None
    elif symbol.call == "negative":
        return x.arguments[0] if getattr(x, "call", "") == "negative" else None
    elif symbol.call == "transpose":
        if options.get("axes") != tuple(range(symbol.ndim)):
            return None
    elif symbol.call not in ("reshape", "broadcast_to"):
        return None
    alike = isinstance(x, Symbol) and x.shape == symbol.shape and x.dtype == symbol.dtype
    return x if alike else None


def _is_one(x: Any) -> bool:
    return not isinstance(x, Symbol) and np.size(x) > 0 and bool(np.all(np.equal(x, 1)))


def key(x: Any) -> Any:
    """Equal for arguments that give equal results."""
    if isinstance(x, tuple | list):
        return type(x).__name__, *(key(part) for part in x)
    if isinstance(x, slice):
        return "slice", key((x.start, x.stop, x.step))
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.str, x.shape, x.tobytes() if x.nbytes < 4096 else hash(x.tobytes())
    if x is None or x is ... or isinstance(x, bool | int | float | str | np.dtype):
        return type(x).__name__, repr(x)
    return id(x)


# Memory -------------------------------------------------------------------------------------------


class _Pool:
    """Memory for results, used again for another when nobody needs the first any more."""

    def __init__(self) -> None:
        self._free: list[Any] = []

    def array(self, like: Any) -> tuple[Any, Any]:
        """An array laid out as another is, and the block it lies in."""
        fitting = [b for b in self._free if like.nbytes <= b.nbytes <= 4 * like.nbytes]
        if fitting:
            block = min(reversed(fitting), key=lambda b: b.nbytes)  # the last is still in the cache
            self._free = [b for b in self._free if b is not block]
        else:
            block = np.empty(like.nbytes, np.uint8)
        return laid_out(like, block), block

    def give_back(self, block: Any) -> None:
        """The block is free."""
        self._free.append(block)


def laid_out(like: Any, block: Any = None) -> Any:
    """An array of the same shape and dtype, with the axes in the same order in memory."""
    if block is None:
        return np.empty_like(like, subok=False)
    order = sorted(range(like.ndim), key=lambda a: -abs(like.strides[a]))
    shape = tuple(like.shape[a] for a in order)
    inverse = sorted(range(like.ndim), key=order.__getitem__)
    return block[: like.nbytes].view(like.dtype).reshape(shape).transpose(inverse)


def _references() -> int:
    """The count of references to an array that a list and one name hold."""
    held = [np.empty(1)]
    x = held[0]
    return getrefcount(x)


# The text -----------------------------------------------------------------------------------------


class Writer:
    """Writes the lines that compute symbols; `bound` are the values that they name.

    `names` says what symbols are called, inputs from the start.
    """

    def __init__(self) -> None:
        self.names: dict[Symbol, str] = {}
        self.lines: list[str] = []
        self.bound: dict[str, Any] = {}
        self._bound_names: dict[int, str] = {}
        self._ready: dict[Symbol, Any] = {}  # arrays that are there before the program runs
        self._blocks: dict[Symbol, Any] = {}
        self._pool = _Pool()
        self._grads: list[Any] = []
        self.bind(self._grads, "held")
        self.bind(_references(), "alone")
        for name in ("array", "asarray", "copyto", "empty_like"):
            self.bind(getattr(np, name), name)
        self.bind(getrefcount, "getrefcount")

    def bind(self, value: Any, name: str = "") -> str:
        """A name for a value; NumPy's own for its functions."""
        if id(value) not in self._bound_names:
            own: Any = getattr(value, "__name__", None)
            if not name:
                known = own is not None and getattr(np, own, None) is value
                name = own if known else f"k{len(self.bound)}"
            self.bound[name] = value
            self._bound_names[id(value)] = name
        return self._bound_names[id(value)]

    def write(
        self,
        result: Any,
        gradients: Mapping[str, Any],
        checks: Mapping[Symbol, Sequence[str]],
    ) -> None:
        """The program: the value of `result`, and what is assigned to each gradient's name.

        `checks` are lines with `{}` for a value, to be written as soon as it is known.
        """
        order = reached([result, *gradients.values(), *checks])
        self._owner = _owners(order)
        self._readers: dict[Symbol, list[Symbol]] = {symbol: [] for symbol in order}
        last = {}
        for symbol in order:
            last[self._owner[symbol]] = symbol
            for x in symbol.operands:
                last[self._owner[x]] = symbol
                self._readers[x].append(symbol)
        kept = {self._owner[x] for x in (result, *gradients.values()) if isinstance(x, Symbol)}
        ending: dict[Symbol, set[Symbol]] = {}
        for owner, symbol in last.items():
            if owner not in kept:
                ending.setdefault(symbol, set()).add(owner)
        self._asked = {self._owner[x] for x in gradients.values() if self._whole(x)}
        self._given: set[Symbol] = set()
        for symbol in order:
            if symbol.call is not None:
                self._call(symbol, ending.get(symbol, set()))
            for line in checks.get(symbol, ()):
                self.lines.append(line.format(self.names[symbol]))
            for owner in ending.get(symbol, ()):
                if owner in self._blocks:
                    self._pool.give_back(self._blocks.pop(owner))
        self._end(result, gradients)

    def _whole(self, x: Any) -> bool:
        """Whether a gradient fills the memory it lies in, and so can be handed out with it."""
        if not isinstance(x, Symbol) or not x.ndim or 0 in x.value.strides:
            return False
        return bool(getattr(self._owner[x].value, "nbytes", 0) == x.value.nbytes)

    def _gradient(self, memory: Any) -> str:
        """The memory of a gradient, or new one where somebody still holds that; its name."""
        k = len(self._grads)
        self._grads.append(memory)
        self.lines.append(f"g{k} = held[{k}]")
        self.lines.append(f"if getrefcount(g{k}) != alone: g{k} = held[{k}] = empty_like(g{k})")
        return f"g{k}"

    def _end(self, result: Any, gradients: Mapping[str, Any]) -> None:
        text = self.names[result] if isinstance(result, Symbol) else self.bind(result)
        value = getattr(result, "value", result)
        self.lines.append(f"J = {text}" + (".reshape(())[()]" if np.ndim(value) else "[()]"))
        ends = []
        for target, x in gradients.items():
            owner = self._owner[x] if isinstance(x, Symbol) else None
            if owner in self._given and self._whole(x):
                self._given.remove(owner)
                g = self.names[x]
            elif np.ndim(getattr(x, "value", x)):
                g = self._gradient(np.empty(x.shape, x.dtype))
                self.lines.append(f"copyto({g}, {self.text(x)})")
            else:
                g = f"array({self.text(x)})"
            ends.append(f"    old = {target}.grad")
            ends.append(f"    {target}.grad = {g} if old is None else asarray(old + {g})")
        if ends:
            self.lines += ["with adding:", *ends]

    # One call -------------------------------------------------------------------------------------

    def _call(self, symbol: Symbol, ending: set[Symbol]) -> None:
        if self._owner[symbol] is not symbol:
            self._view(symbol)
            return
        if self._put(symbol, ending):
            return
        name = self.names[symbol] = f"v{len(self.names)}"
        into = self._into(symbol)
        if into is None:
            self.lines.append(f"{name} = {self._expression(symbol)}")
        else:
            out = self._out(symbol, ending)
            self.lines.append(into.format(out))

    def _view(self, symbol: Symbol) -> None:
        """A view of memory that is there beforehand is taken once, here."""
        if symbol.call in VIEWS and all(x in self._ready for x in symbol.operands):
            assert symbol.function is not None
            arguments = mapped(symbol.arguments, self._ready.__getitem__)
            view = symbol.function(*arguments, **symbol.options)
            self._ready[symbol] = view
            self.names[symbol] = self.bind(view)
        else:
            name = self.names[symbol] = f"v{len(self.names)}"
            self.lines.append(f"{name} = {self._expression(symbol)}")

    def _out(self, symbol: Symbol, ending: set[Symbol]) -> str:
        """The name of the array for a result: a gradient's, one that isn't needed, or another."""
        if symbol in self._asked:
            self._given.add(symbol)
            self.names[symbol] = self._gradient(laid_out(symbol.value))
            return self.names[symbol]
        if isinstance(symbol.function, np.ufunc) and symbol.call != "matmul":
            for x in symbol.operands:
                if self._takes_over(symbol, x, ending):
                    return self.names[x]
        self._ready[symbol], self._blocks[symbol] = self._pool.array(symbol.value)
        self.names[symbol] = self.bind(self._ready[symbol])
        return self.names[symbol]

    def _takes_over(self, symbol: Symbol, x: Any, ending: set[Symbol]) -> bool:
        """Gives a result the memory of an operand that isn't needed any more, if it fits."""
        if x not in ending or x not in self._blocks or not _alike(x.value, symbol.value):
            return False
        self._ready[symbol] = self._ready[x]
        self._blocks[symbol] = self._blocks.pop(x)
        self.names[symbol] = self.names[x]
        return True

    def _put(self, symbol: Symbol, ending: set[Symbol]) -> bool:
        """where(mask, number, x) as numbers put into x, which takes two thirds of the time."""
        if symbol.call != "where" or symbol in self._asked:
            return False
        mask, number, x = symbol.arguments
        plain = isinstance(number, int | float) and isinstance(mask, Symbol)
        if not plain or mask.shape != symbol.shape or not isinstance(x, Symbol):
            return False
        if not self._takes_over(symbol, x, ending):
            return False
        put, value = self.bind(np.putmask), self.bind(np.array(number, symbol.dtype))
        self.lines.append(f"{put}({self.names[x]}, {self.names[mask]}, {value})")
        return True

    def _into(self, symbol: Symbol) -> str | None:
        """The call with `{}` for the array that takes the result; None: it gives its own."""
        if not isinstance(symbol.value, np.ndarray) or not symbol.ndim or symbol.call is None:
            return None
        function, x = symbol.function, symbol.arguments[0]
        if symbol.call == "power":
            exponent = symbol.arguments[1]
            if type(exponent) in (int, float) and exponent == 2 and x.dtype.kind == "f":
                return f"{self.bind(np.square)}({self.text(x)}, {{}})"  # as ** does it
            return None
        if symbol.call == "matmul" and function is np.matmul and not symbol.options:
            function = np.dot if _dot_agrees(symbol) else function
            return self._plainly(function, symbol.arguments)
        if isinstance(function, np.ufunc) and function.nout == 1 and not symbol.options:
            texts = [self._operand(a, symbol) for a in symbol.arguments]
            out = "out={}" if function in (np.maximum, np.minimum) else "{}"
            return f"{self.bind(function)}({', '.join(texts)}, {out})"
        if symbol.call == "astype":
            return f"copyto({{}}, {self.text(x)}, casting='unsafe')"
        reduce = _reduction(symbol)
        if reduce is not None:
            if self._column_sums(symbol):
                ones = np.ones(x.shape[0], x.dtype)
                return f"{self.bind(ones.dot)}({self.text(x)}, {{}})"
            axis, keepdims = (symbol.options.get(key) for key in ("axis", "keepdims"))
            where = f"{self.text(x)}, {self.text(axis)}"
            return f"{self.bind(reduce)}({where}, None, {{}}, {bool(keepdims)})"
        return None

    def _column_sums(self, symbol: Symbol) -> bool:
        """Whether it is the sum by which the walk undoes the broadcasting of a row."""
        return (
            symbol.call == "sum"
            and symbol.options == {"axis": (0,)}
            and symbol.arguments[0].ndim == 2
            and not any(reader.call == "reshape" for reader in self._readers[symbol])
        )

    def _plainly(self, function: Any, arguments: Sequence[Any]) -> str:
        return f"{self.bind(function)}({', '.join(map(self.text, arguments))}, {{}})"

    def _expression(self, symbol: Symbol) -> str:
        """The call that gives an array or a number of its own, or a view."""
        texts = [self.text(x) for x in symbol.arguments]
        options = {key: self.text(x) for key, x in symbol.options.items()}
        plain = not options and isinstance(symbol.function, np.ufunc)
        if symbol.call in OPERATORS and plain and len(texts) == 2:
            return f"{texts[0]} {OPERATORS[symbol.call]} {texts[1]}"
        if symbol.call == "getitem" and len(texts) == 2:
            return f"{texts[0]}[{texts[1]}]"
        if _is_transpose(symbol) and options["axes"] == "None":
            return f"{texts[0]}.T"
        if _is_transpose(symbol):
            return f"{texts[0]}.transpose({options['axes']})"
        if symbol.call == "reshape" and options.keys() == {"shape"}:
            return f"{texts[0]}.reshape({options['shape']})"
        reduce = _reduction(symbol)
        function = symbol.function if reduce is None else reduce
        if reduce is not None:
            axis = options.get("axis", "None")
            if not symbol.options.get("keepdims"):
                return f"{self.bind(function)}({texts[0]}, {axis})"
        texts += [f"{key}={text}" for key, text in options.items()]
        return f"{self.bind(function)}({', '.join(texts)})"

    def _operand(self, x: Any, symbol: Symbol) -> str:
        """A number as an array without axes, which a NumPy call takes in half the time."""
        if type(x) in (int, float):
            others = [a for a in symbol.arguments if a is not x]
            kinds = {a.dtype for a in others if hasattr(a, "dtype")}
            if len(kinds) == 1 and (kind := kinds.pop()).kind == "f":
                number = np.array(x, kind)
                if np.isfinite(number):
                    return self.bind(number)
        return self.text(x)

    def text(self, x: Any) -> str:
        """An argument as it is written."""
        if isinstance(x, Symbol):
            return self.names[x]
        if x is None or x is ... or type(x) in (bool, int, str):
            return repr(x).replace("Ellipsis", "...")
        if isinstance(x, tuple) and next(symbols_in(x), None) is not None:
            return "(" + "".join(f"{self.text(part)}, " for part in x) + ")"
        if isinstance(x, list) and next(symbols_in(x), None) is not None:
            return "[" + ", ".join(map(self.text, x)) + "]"
        return self.bind(x)


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


def _reduction(symbol: Symbol) -> Any:
    """The method behind np.sum, np.max and np.min, which is quicker to start; None elsewhere."""
    wrapper, reduce = REDUCTIONS.get(symbol.call or "", (None, None))
    plain = len(symbol.arguments) == 1 and symbol.options.keys() <= {"axis", "keepdims"}
    return reduce if plain and symbol.function is wrapper else None


def _alike(x: Any, y: Any) -> bool:
    """Whether one array's memory can take the other."""
    return bool(x.shape == y.shape and x.dtype == y.dtype and x.strides == y.strides)


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
