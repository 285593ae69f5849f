"""The program behind a graph, forward and backward, in JavaScript: what a page runs."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..backward import starting_gradient, unbroadcast
from ..graph import Edge, Graph, places
from ..lexicon import ROWS
from ..numerics import lengths, numpy_function
from ..rules import RULES
from ..tensor import Tensor
from .symbol import Symbol, convert, has_symbols, symbols_in
from .trace import Tracer

MOST_TERMS = 1_000_000  # products that a page adds up at once
# NumPy's functions that are no operations here, and those whose writing the lexicon has.
TEMPLATES = {
    "bitwise_and": "{0} && {1}",
    "bitwise_or": "{0} || {1}",
    "copysign": "{1} < 0 || Object.is({1}, -0) ? -Math.abs({0}) : Math.abs({0})",
    "isfinite": "Number.isFinite({0})",
    "isnan": "{0} !== {0}",
    "zeros_like": "0",
    "ones_like": "1",
}
TEMPLATES |= {name: row.javascript for name, row in ROWS.items() if row.javascript}
LOGICAL = {"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or"}
COMPARING = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "isfinite", "isnan",
}  # fmt: skip
OPTIONS = {"axis", "axes", "index", "keepdims", "shape"}
# Functions that put entries elsewhere, as they are
MOVING = {
    "broadcast_to", "concatenate", "expand_dims", "flip", "getitem", "moveaxis", "pad", "reshape",
    "roll", "sliding_window_view", "squeeze", "stack", "swapaxes", "transpose",
}  # fmt: skip
ADDING = {"einsum", "matmul"}
# What is done along an axis: with all of its entries, or from each to the next
FOLDED = {"sum": "add", "mean": "add", "max": "maximum", "min": "minimum", "prod": "multiply"}
SCANNED = {"cumsum": "add", "cumprod": "multiply"}


def javascript(graph: Graph, result: Tensor, gradient: Any = None) -> str:
    """A function expression that computes a graph anew from its leaves.

    Called with an object of node id -> number, or the list of an array's numbers row by row (a
    leaf that it lacks has what was recorded), the function returns `{values, gradients,
    contributions, locals, back, narrow}`: objects by node id, and by "target:slot" for an edge. Of
    an edge, `back` makes of what arrives at the target what goes to the source, and `narrow`, where
    broadcasting copied the source, adds up what returns to its copies. `locals` has the derivatives
    of what works entry by entry, and between single numbers.

    ValueError where a function has no writing here; TypeError for the derivative of an operation
    of one's own that isn't written in NumPy's functions.
    """
    with np.errstate(all="ignore"):
        return _Writer(graph, result, gradient).text()


class _Writer:
    """Writes a program. `texts` has a text for each symbol; `constants`, names by their texts."""

    def __init__(self, graph: Graph, result: Tensor, gradient: Any) -> None:
        self.graph = graph
        self.result = result
        self.gradient = gradient
        self.tracer = Tracer(by_memory=True)
        self.tracer.forward([result])
        self.texts: dict[Symbol, str] = {}
        self.computed: set[Symbol] = set()
        self.constants: dict[str, str] = {}
        self.count = count()

    def text(self) -> str:
        """The function."""
        leaves, first = [], []
        values = {}
        known = list(places(self.result))
        for place in known:
            values[place.id] = symbol = self.tracer.symbol(place.value)
            if isinstance(symbol, Symbol):
                self.texts.setdefault(symbol, place.id)
                if symbol.call is None:
                    leaves.append(f"{place.id} = {_literal(symbol.value)}")
                    if symbol.dtype == np.float32:
                        rounded = "{0}.map(Math.fround)" if symbol.shape else "Math.fround({0})"
                        first.append(f"  {place.id} = {rounded.format(place.id)};\n")
        lines = [*first, *self._lines(values.values(), "  ")]
        lines += self._backward({place.id: place.value for place in known})
        entries = ", ".join(f'"{key}": {self._text(x)}' for key, x in values.items())
        head = f"({{{', '.join(leaves)}}} = {{}}) => {{\n"
        body = f"{head}{''.join(lines)}  return {{values: {{{entries}}}, ...walked}};\n}}"
        constants = "".join(f"const {name} = {text};\n" for text, name in self.constants.items())
        return f"(() => {{\n{_helpers(constants + body)}{constants}return {body};\n}})()"

    def _backward(self, values: dict[str, Any]) -> list[str]:
        """The derivatives as functions, and the walk that calls them in the engine's order."""
        tables: tuple[list[str], list[str]] = [], []
        for edge in self.graph.edges:
            node = values.get(edge.target)
            if edge.slot >= len(getattr(node, "_inputs", ())):
                continue  # data that no record has
            if edge.contribution is not None or self.graph.node(edge.source).role != "constant":
                key = f"{edge.target}:{edge.slot}"
                for k, function in enumerate(self._derivative(values, edge)):
                    tables[k].append(f'    "{key}": {function},\n')
        sent = [step.edge for step in self.graph.steps if step.edge is not None]
        edges = [
            [f"{e.target}:{e.slot}", e.source, e.target, e.local is not None, _is_single(e)]
            for e in sent
        ]
        seed = ""
        if self.graph.result.gradient is not None:
            arriving = starting_gradient(self.result, self.gradient, "javascript")
            seed = f"{self.graph.result.id}: {_literal(arriving)}"
        return [
            f"  const back = {{\n{''.join(tables[0])}  }};\n",
            f"  const narrow = {{\n{''.join(tables[1])}  }};\n",
            f"  const walked = walk({json.dumps(edges)}, back, narrow, {{{seed}}});\n",
        ]

    def _derivative(self, values: dict[str, Any], edge: Edge) -> list[str]:
        """What goes to a source of what arrives, and how broadcasting is undone if it was."""
        node = values[edge.target]
        rule: Any = node._rule
        derivative = rule.derivative(edge.slot)
        if derivative is None:
            return []
        out, inputs, options = self.tracer.read(node)
        try:
            g = Symbol(None, None, (), {}, np.ones(node.shape, node.dtype)[()])
            d = derivative(g, out, *inputs, **options)
            functions = [self._function(g, d)]
            if np.shape(d) != np.shape(inputs[edge.slot]):
                wide = Symbol(None, None, (), {}, d.value)
                functions.append(self._function(wide, unbroadcast(wide, inputs[edge.slot].shape)))
            return functions
        except Exception as error:  # an operation of one's own can fail on symbols in any way
            if edge.contribution is None:
                return []  # nobody walks here
            if str(error).startswith("javascript: "):
                raise  # it names what isn't written
            said = "has a derivative that isn't written in NumPy's functions"
            raise TypeError(f"javascript: {rule.name} {said}") from error

    def _function(self, g: Symbol, d: Any) -> str:
        """A function of what arrives; what the values were computed by is read."""
        before = set(self.computed)
        self.texts[g] = "g"
        try:
            lines = "".join(self._lines([d], "      "))
            return f"(g) => {{\n{lines}      return {self._text(d)};\n    }}"
        finally:
            self.computed = before

    def _lines(self, wanted: Iterable[Any], indent: str) -> Iterator[str]:
        """The calls that these are computed by, each in a line."""
        waiting = [x for x in wanted if isinstance(x, Symbol)]
        found = set(waiting) - self.computed
        for symbol in waiting:  # grows while it is read
            new = [x for x in symbol.operands if x not in found and x not in self.computed]
            found.update(new)
            waiting += new
        for symbol in sorted(found, key=lambda symbol: symbol.index):
            self.computed.add(symbol)
            if symbol.call is not None:
                text = self._written(symbol)
                name = self.texts.setdefault(symbol, f"t{next(self.count)}")
                yield f"{indent}const {name} = {text};\n"

    # One call -----------------------------------------------------------------------------------

    def _written(self, symbol: Symbol) -> str:
        """A call, rounded to single precision where its result is."""
        text = None
        if symbol.dtype.char not in "eg" and _is_known(symbol):
            known = 0 in (symbol.value.size, *(x.value.size for x in symbol.operands))
            text = _literal(symbol.value) if known else self._moved(symbol)
            text = text or self._reduced(symbol) or self._entrywise(symbol)
        if text is None:
            raise ValueError(
                f"javascript: {symbol.call} can't be written for shape {symbol.shape} and dtype "
                f"{symbol.dtype}"
            )
        return text

    def _entrywise(self, symbol: Symbol) -> str | None:
        """A call on numbers, or entry by entry on arrays that are broadcast."""
        given = [self._symbolic(x) for x in symbol.arguments if _is_numeric(x)]
        if symbol.call not in TEMPLATES and symbol.call not in ("where", "astype", "power"):
            return None
        if any(np.broadcast_shapes(np.shape(x), symbol.shape) != symbol.shape for x in given):
            return None
        arrays = {x: "xyz"[k % 3] * (k // 3 + 1) for k, x in enumerate(filter(np.ndim, given))}
        texts = [arrays.get(x) or self._text(x) if isinstance(x, Symbol) else x for x in given]
        text = _call(symbol, given, texts)
        if text is None:
            return None
        if symbol.dtype == np.float32:
            text = f"Math.fround({text})"
        if not symbol.shape:
            return text
        wide = [self._wide(x, symbol.shape) for x in arrays]
        if not wide:
            return f"Array({symbol.value.size}).fill({text})"
        return f"map(({', '.join(arrays.values())}) => {text}, {', '.join(wide)})"

    def _wide(self, x: Symbol, shape: tuple[int, ...]) -> str:
        """An array, broadcast."""
        return self._picked(self._text(x), x.value.size, np.broadcast_to(_places(x.shape), shape))

    def _picked(self, text: str, size: int, where: Any) -> str:
        """The entries of an array in these places, -1 for a zero; itself where it is all of it."""
        if where.size == size and np.array_equal(where.ravel(), np.arange(size)):
            return text
        return f"pick({text}, {self._at(where)})"

    def _at(self, where: Any) -> str:
        """An array of places, written by its steps along each axis where it has such."""
        where = np.asarray(where)
        if not where.size:
            return "[]"
        start, steps = int(where.flat[0]), []
        line = np.full(where.shape, start)
        for axis, n in enumerate(where.shape):
            one = (0,) * axis + (min(1, n - 1),) + (0,) * (where.ndim - axis - 1)
            steps.append(int(where[one]) - start)
            line = line + np.arange(n).reshape(-1, *(1,) * (where.ndim - axis - 1)) * steps[-1]
        plain = f"at({start}, {list(where.shape)}, {steps})"
        if not np.array_equal(line, where):
            plain = json.dumps(where.ravel().tolist(), separators=(",", ":"))
        return self._constant(plain)

    def _constant(self, text: str) -> str:
        return self.constants.setdefault(text, f"c{len(self.constants)}")

    def _moved(self, symbol: Symbol) -> str | None:
        """A call that only puts entries elsewhere: where each comes from, that call itself says."""
        arguments, options = symbol.arguments, symbol.options
        if symbol.call not in MOVING or has_symbols(tuple(options.values())):
            return self._put(symbol)
        held: list[Any] = []
        convert(arguments, held.append)
        if any(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in held):
            arguments = convert(arguments, self._symbolic)  # a constant beside the others
        sources = [*dict.fromkeys(symbols_in(arguments))]
        if symbol.call == "getitem" and len(sources) > 1:
            return None  # where it looks depends on numbers
        starts = dict(zip(sources, accumulate((x.value.size for x in sources), initial=1)))  # noqa: B905
        there = convert(
            arguments, lambda x: _places(x.shape) + starts[x] if isinstance(x, Symbol) else x
        )
        function: Any = symbol.function
        filled = options.get("value", 0)
        zero = {"value": 0} if filled else {}  # what a call fills up with is in place -1
        where = np.asarray(function(*there, **{**options, **zero})) - 1
        if len(sources) == 1 and sources[0].shape == symbol.shape == ():
            return self._text(sources[0])
        size = sum(x.value.size for x in sources)
        if filled:
            where = np.where(where < 0, size, where)
        if len(sources) == 1 and sources[0].shape and not filled:
            text = self._picked(self._text(sources[0]), size, where)
        else:
            text = self._picked(self._list([*sources, *([filled] if filled else [])]), size, where)
        return text if symbol.shape else f"{text}[0]"

    def _put(self, symbol: Symbol) -> str | None:
        """A call that puts entries into an array of zeros, where it adds them up."""
        arguments, options = symbol.arguments, symbol.options
        if symbol.call in ("put", "put_each"):
            indices = [options["index"]] if symbol.call == "put" else options["indices"]
            if has_symbols(tuple(indices)):
                return None
            to = np.concatenate([_places(options["shape"])[x].ravel() for x in indices])
        elif symbol.call == "overlap_add":
            axes = options["axes"]
            window = arguments[0].shape[arguments[0].ndim - len(axes) :]
            to = sliding_window_view(_places(symbol.shape), window, axes)
        else:
            return self._taken(symbol) if symbol.call == "take_along_axis" else None
        made = f"put({self._list(arguments)}, {self._at(to)}, {symbol.value.size})"
        return made if symbol.shape else f"{made}[0]"

    def _list(self, xs: Iterable[Any]) -> str:
        """The entries of several values, one after the other."""
        return f"[{', '.join(f'...{self._text(x)}' if np.ndim(x) else self._text(x) for x in xs)}]"

    def _taken(self, symbol: Symbol) -> str | None:
        """take_along_axis: the places along an axis are numbers of the program too."""
        x, index, axis = symbol.arguments
        if not isinstance(x, Symbol) or not isinstance(index, Symbol) or axis is None:
            return None
        first = np.take(_places(x.shape), [0], axis)
        base = self._at(np.broadcast_to(first, symbol.shape))
        step = _steps(x.shape)[axis]
        places = f"map((x, y) => x + y * {step}, {base}, {self._text(index)})"
        return f"pick({self._text(x)}, {places})"

    def _reduced(self, symbol: Symbol) -> str | None:
        """A sum (or the like) over axes, or products that are added up."""
        call, options = symbol.call or "", dict(symbol.options)
        if call in ADDING:
            return self._products(symbol)
        x, *rest = symbol.arguments
        keys = {"axis", "keepdims", "ddof", "stable"}
        if not isinstance(x, Symbol) or rest or not x.shape or not keys.issuperset(options):
            return None
        axis = options.get("axis")
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
        axes = [a % x.ndim for a in axes]
        moved = np.moveaxis(_places(x.shape), axes, range(x.ndim - len(axes), x.ndim))
        text = self._picked(self._text(x), x.value.size, moved)
        n = math.prod(x.shape[a] for a in axes)
        template = TEMPLATES.get(FOLDED.get(call) or SCANNED.get(call, ""), "")
        f = f"((x, y) => {template.format('x', 'y')})"
        known = dict.fromkeys(FOLDED, f"fold({f})") | dict.fromkeys(SCANNED, f"scan({f})")
        known |= {"sort": "sorted", "argsort": "order"}
        known["var"] = f"variance({options.get('ddof', 0)})"
        if call not in known:
            return None
        text = f"lanes({known[call]}, {n}, {text})"
        if call not in FOLDED and call != "var":
            text = self._picked(text, x.value.size, np.argsort(moved, axis=None).reshape(x.shape))
        one = f"x / {n}" if call == "mean" else "x"
        one = f"Math.fround({one})" if symbol.dtype == np.float32 else one
        text = text if one == "x" else f"map((x) => {one}, {text})"
        return text if symbol.shape else f"{text}[0]"

    def _products(self, symbol: Symbol) -> str | None:
        """matmul and einsum: for each entry of the result, the products that it adds up."""
        subscripts = symbol.options.get("subscripts")
        xs = [self._symbolic(x) for x in symbol.arguments if not isinstance(x, str)]
        if symbol.call == "matmul":
            subscripts = _of_matmul(*(x.ndim for x in xs))
        elif subscripts is None:
            subscripts = symbol.arguments[0]
        terms, result = subscripts.split("->")
        sizes = lengths(terms.split(","), xs)
        letters = [*result, *(i for i in sizes if i not in result)]
        shape = [sizes[i] for i in letters]
        if not 0 < math.prod(shape) <= MOST_TERMS:
            return None
        parts = []
        for term, x in zip(terms.split(","), xs, strict=True):
            where = np.zeros(shape, int)
            for i, n, step in zip(term, x.shape, _steps(x.shape), strict=True):
                after = len(letters) - letters.index(i) - 1
                places = np.arange(sizes[i]) * (step if n > 1 else 0)
                where = where + places.reshape(-1, *(1,) * after)
            text = self._text(x) if x.ndim else f"[{self._text(x)}]"
            parts.append(self._picked(text, x.value.size, where))
        names = "xyzuvw"[: len(parts)]
        if len(parts) > len("xyzuvw"):
            return None
        text = f"map(({', '.join(names)}) => {' * '.join(names)}, {', '.join(parts)})"
        count = math.prod(shape) // math.prod(shape[: len(result)])
        text = f"lanes(fold((x, y) => x + y), {count}, {text})" if count > 1 else text
        text = f"map(Math.fround, {text})" if symbol.dtype == np.float32 else text
        return text if symbol.shape else f"{text}[0]"

    # Operands -----------------------------------------------------------------------------------

    def _symbolic(self, x: Any) -> Any:
        """An array that is a part of the program, as a symbol that has a name."""
        if not isinstance(x, np.ndarray) or not x.ndim:
            return x
        symbol = Symbol(None, None, (), {}, x)
        self.texts[symbol] = self._constant(_literal(x))
        return symbol

    def _text(self, x: Any) -> str:
        """A symbol's name, or a number, in brackets where it has a sign."""
        if isinstance(x, Symbol):
            if x not in self.texts and x.call is None:
                self.texts[x] = self._constant(_literal(x.value))
            return self.texts[x]
        text = _literal(x)
        return f"({text})" if text.startswith("-") else text


def _is_known(symbol: Symbol) -> bool:
    """Whether its call is what it is called: NumPy's function, or a built-in rule's."""
    call = symbol.call or ""
    known = [numpy_function(call), getattr(RULES.get(call), "forward", None)]
    return call == "astype" or symbol.function in [*known, operator.getitem, sliding_window_view]


def _is_numeric(x: Any) -> bool:
    return isinstance(x, Symbol | int | float | np.ndarray | np.generic)


def _is_single(edge: Edge) -> bool:
    return bool(np.asarray(edge.contribution).dtype == np.float32)


def _places(shape: Sequence[int]) -> Any:
    """The place of each entry in memory."""
    return np.arange(math.prod(shape)).reshape(shape)


def _steps(shape: Sequence[int]) -> list[int]:
    """How far the next entry along each axis is."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _of_matmul(left: int, right: int) -> str:
    """matmul of so many axes, as einsum has it: letters from the end."""
    batch = "abcdefgh"[: max(left, right, 2) - 2]
    a = "k" if left == 1 else f"{batch[len(batch) - left + 2 :]}ik"
    b = "k" if right == 1 else f"{batch[len(batch) - right + 2 :]}kj"
    rows, columns = "i" if left > 1 else "", "j" if right > 1 else ""
    return f"{a},{b}->{batch}{rows}{columns}"


def _call(symbol: Symbol, arguments: list[Any], operands: list[Any]) -> str | None:
    """A call on numbers whose texts are `operands`; None where it has no writing."""
    call, kind = symbol.call or "", symbol.dtype.kind
    single = all(x.dtype == np.float32 for x in symbol.operands if x.dtype.kind == "f")
    texts = [
        x if isinstance(x, str) else _number(np.float32(x) if single and _weak(x) else x)
        for x in operands
    ]
    template = TEMPLATES.get(call)
    if template == "{0}" and OPTIONS.issuperset(symbol.options) and not symbol.shape:
        return texts[0]  # a single number's sum, largest entry and transpose are that number
    if symbol.options:
        return None
    if template and call in LOGICAL and kind == "b":
        return template.format(*map(_truth, arguments, texts))
    if call == "where" and len(texts) == 3:
        return f"{_truth(arguments[0], texts[0])} ? {texts[1]} : {texts[2]}"
    if call == "astype":
        casts = {"b": _truth(arguments[0], texts[0]), "f": f"Number({texts[0]})"}
        return casts.get(kind, f"Math.trunc({texts[0]})")
    if call == "round" and any(arguments[1:]):
        return None  # to so many digits
    if call == "power" and isinstance(arguments[1], int | float) and math.isfinite(arguments[1]):
        return "{} ** {}".format(*texts)
    if (
        template
        and template != "{0}"
        and call not in LOGICAL
        and (kind != "b" or call in COMPARING)
    ):
        return template.format(*texts)
    return None


def _weak(x: Any) -> bool:
    """A Python number takes the precision of what it meets (NEP 50)."""
    return isinstance(x, float) and not isinstance(x, np.generic)


def _truth(x: Any, text: str) -> str:
    """Whether it isn't 0: nan is true in NumPy, and not in JavaScript."""
    boolean = isinstance(x, bool) or (isinstance(x, Symbol) and x.dtype.kind == "b")
    return text if boolean else f"({text} !== 0)"


def _number(x: Any) -> str:
    """A number, in brackets where it has a sign."""
    text = _literal(x)
    return f"({text})" if text.startswith("-") else text


def _helpers(program: str) -> str:
    """The helpers that a program calls, and those that they call, which stand before them."""
    text = (Path(__file__).parent / "arrays.js").read_text(encoding="utf-8")
    kept = ""
    for helper in reversed(re.split(r"^(?=const )", text, flags=re.MULTILINE)[1:]):
        name = helper.split()[1]
        if re.search(rf"(?<![.\w]){name}\b", program + kept):
            kept = helper + kept
    return kept


def _literal(x: Any) -> str:
    """A number, or a list of numbers."""
    x = np.asarray(x)
    if x.ndim:
        return f"[{', '.join(map(_literal, x.ravel()))}]"
    x = x.item()
    if isinstance(x, bool):
        return str(x).lower()
    if isinstance(x, int) or math.isfinite(x):
        return repr(x)
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
