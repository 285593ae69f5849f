"""The program a person would have written: forward and backward, in NumPy, from the record."""

from __future__ import annotations

import math
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backward import behind, starting_gradient, walk
from ..data import Labels
from ..errors import label
from ..graph import Graph, Node, graph_for, places
from ..tensor import Tensor, index_name
from .batch import Batch, batches, is_index, is_range
from .counts import doubtful
from .naming import Identifiers, identifier
from .numpy import (
    HELPERS,
    JAX,
    PRODUCT,
    SUM,
    Text,
    index,
    is_known,
    is_named,
    is_short,
    literal,
    tuple_text,
    written,
)
from .simplify import Simplifier, is_plain, is_weak, shape_of
from .symbol import Length, Symbol, convert, reach, record_call
from .trace import Trace, trace

NUMPY = (Symbol, np.ndarray, np.generic)
WIDTH, INLINE, CHEAP = 88, 60, 12
LARGEST = 20_000
ONE_TRIANGLE = {"linalg.cholesky", "linalg.eigvalsh", "linalg.eigh.eigenvectors"}  # what they read
MODULES = {"numpy": "import numpy as np", "jax.numpy": "import jax.numpy as jnp"}
ONE_STEP = {
    "add", "subtract", "multiply", "negative", "greater", "greater_equal", "less", "less_equal",
    "equal", "transpose",
}  # fmt: skip


# How a length is read off an input: its letter, how that is written, and what it is.
MEASURES: tuple[tuple[str, str, Callable[[Symbol], int]], ...] = (
    ("m", "len({})", lambda x: x.shape[0]),
    ("n", "{}.size", lambda x: x.size),
    ("m", "{}.shape[{axis}]", lambda x: x.shape[-1]),
)


def program(
    result: Tensor,
    wrt: Tensor | str | Sequence[Tensor | str] | None = None,
    names: Mapping[str, Any] | None = None,
    xp: str = "numpy",
) -> Program:
    """The program behind a result and its gradients; `to_source` says more."""
    if xp not in MODULES:
        raise ValueError(f"to_source: xp is 'numpy' or 'jax.numpy', got {xp!r}")
    starting_gradient(result, None, "to_source")
    count = len([x for x in behind(result) if x._rule is not None])
    if count > LARGEST:  # said before all is read, which takes its time
        raise ValueError(
            f"to_source: {count} operations make no program to read; at most {LARGEST} are written"
        )
    graph = graph_for("Graph.of", result, names, data=False)
    for node in graph.nodes:
        if getattr(node.value, "dtype", np.dtype(float)).char == "g":
            raise TypeError(
                f"to_source: {node.name!r} is a longdouble, and programs are in double precision "
                "at most; make it float64"
            )
    targets = [node for node in graph.nodes if node.rule is None and node.tracked]
    if wrt is not None:
        asked = [wrt] if isinstance(wrt, Tensor | str) else wrt
        targets = list({x.id: x for x in (_target(graph, x) for x in asked)}.values())
    known = {  # of tensors, labels and masks: what an index was
        name: x._array if isinstance(x, Tensor) and x.dtype.kind in "iub" else x
        for name, x in (names or {}).items()
    }
    known = _labels(graph) | known
    jax = xp == "jax.numpy"
    data = _data_of(graph, result, known)
    for batch, values in batches(result, data.arrays, data.ranges):
        try:
            made = Program(graph, trace(result, batch=batch), targets, known, jax, data, batch)
            if made.gives(values[graph.result.id], [values[node.id] for node in targets]):
                return made
        except Exception:  # as it may be, where a number of examples is lost on the way
            continue
    try:
        found = trace(result)
    except TypeError as error:
        raise TypeError(str(error).replace("trace:", "to_source:", 1)) from None
    return Program(graph, found, targets, known, jax, data)


def _labels(graph: Graph) -> dict[str, Any]:
    """The labels in indices, called as a picture calls them."""
    indices = (node.options.get("index") for node in graph.nodes if node.rule == "getitem")
    parts = (x for where in indices for x in (where if isinstance(where, tuple) else (where,)))
    return {x.name: np.asarray(x) for x in parts if isinstance(x, Labels) and x.is_data}


class _Data(NamedTuple):
    """The arrays that a program is given; the ids of index arrays, of those that choose examples,
    and of the ranges there."""

    arrays: list[Any]
    indices: set[int]
    choosing: set[int]
    ranges: set[int]


def _data_of(graph: Graph, result: Tensor, known: Mapping[str, Any]) -> _Data:
    data = _Data([], set(), set(), set())
    indices: list[Any] = []
    for node, place in zip(graph.nodes, places(result), strict=True):
        if node.rule is None and not node.tracked and np.ndim(node.value):
            data.arrays.extend([] if _is_constant(node) else [place.value])
        elif "index" in node.options:
            where = place.value._options["index"]
            parts = [x for x in (where if isinstance(where, tuple) else (where,)) if np.ndim(x)]
            if len(parts) > 1 and is_range(parts[0]):
                data.ranges.add(id(parts.pop(0)))
                data.choosing.update(map(id, parts))
            elif parts and _is_first(parts[0], where):
                data.choosing.update(map(id, parts))
            indices += filter(is_index, parts)
    data.indices.update(map(id, indices))
    written = (is_short(x) or is_named(x) for x in indices)
    given = (index_name(x) or any(_equal(x, y) for y in known.values()) for x in indices)
    parts = [
        x
        for x, short, name in zip(indices, written, given, strict=True)
        if name or not short or id(x) in data.choosing
    ]
    return data._replace(arrays=data.arrays + parts)


def _is_first(part: Any, where: Any) -> bool:
    """Whether a part of an index chooses along the first axis: examples, or rows of a table."""
    parts = where if isinstance(where, tuple) else (where,)
    return next(x for x in parts if x is not None) is part


def _has_line(node: Node) -> bool:
    """The user named it, or it is the result, a linear map or an activation."""
    return node.named or node.linear or node.activation or node.role == "output"


def _is_constant(node: Node) -> bool:
    """A number, or a small array without a name: it stands in the text itself.

    What was computed is none: with other data it would be another.
    """
    if node.named or not node.recorded:
        return False
    return node.role == "constant" or (node.role == "input" and is_short(np.asarray(node.value)))


def _target(graph: Graph, x: Any) -> Node:
    """What a gradient is wanted of."""
    if not isinstance(x, Tensor | str):
        raise TypeError(f"to_source: wrt is tensors or names, got {type(x).__name__}")
    node = graph.find(x)
    if node is None and isinstance(x, Tensor):
        raise ValueError(f"to_source: the result wasn't computed from {label(x)}")
    if node is None:
        known = ", ".join(repr(node.name) for node in graph.nodes if node.named)
        raise ValueError(f"to_source: no value is called {x!r}; there are {known or 'no names'}")
    if not node.tracked:
        raise ValueError(f"to_source: {node.name!r} is a constant, and has no gradient")
    return node


class _Line(NamedTuple):
    """A statement: where it stands, the block that it is in, what it says and its shape."""

    place: tuple[float, int, int]
    block: tuple[str, str]
    name: str
    text: str
    shape: tuple[int, ...]


class Program:
    """Turns a trace into statements, and those into text."""

    def __init__(
        self,
        graph: Graph,
        trace: Trace,
        targets: list[Node],
        given: Mapping[str, Any],
        jax: bool,
        data: _Data,
        batch: Batch | None = None,
    ) -> None:
        self.graph = graph
        self.trace = trace
        self.targets = [node.id for node in targets]  # what gradients are wanted of
        self.given = given  # the user's values by name
        self.jax = jax
        self.data = data
        self.batch = batch
        # Where the program holds for one batch alone, its length: what is as long is data, too.
        self.rows = {x.shape[0] for x in data.arrays} if batch is None else ()
        self.lengths: dict[tuple[int, int], str] = {}
        self.plain: dict[int, tuple[Any, Any]] = {}  # an index, by its id, and as it is written
        computed = {identifier(node.name) for node in graph.nodes if node.rule is not None}
        self.names = Identifiers(HELPERS, spare=computed)
        leaves = [n for n in graph.nodes if n.rule is None]
        self.leaves = [
            n for n in leaves if not _is_constant(n) or self._follows(trace.values[n.id])
        ]
        lines = [n for n in graph.nodes if n.rule is not None and _has_line(n)]
        several = {node.id: node for node in (*self.leaves, *lines, *targets)}
        self.called = {key: self.names.unique(node.name) for key, node in several.items()}
        self.helpers: set[str] = set()
        self.arrays: dict[int, tuple[str, Any]] = {}  # constants that become parameters
        self.texts: dict[Symbol, Text] = {}
        self.said: dict[Symbol, str] = {}  # the names of symbols that have a line, or are inputs
        self.lines: list[_Line] = []
        self.indexed: dict[Any, Any] = {}  # what was indexed, by the index and its shape
        self._simplify()
        self._call_names()
        self._write()
        self.result = self.said[self.values[graph.result.id]]
        self.function = self._function()

    # What is computed ---------------------------------------------------------------------------

    def _simplify(self) -> None:
        """The symbols of the program, without what is needless."""
        values, seed = self.trace.values, self.trace.seed
        # 0 for what is behind comparisons or detach() alone.
        gradients: dict[str, Any] = dict.fromkeys(self.targets, 0) | self.trace.gradients
        old = reach([values[self.graph.result.id], *(gradients[t] for t in self.targets)])
        seen = set(old)
        lines = [k for k in self.called if self.graph.node(k).rule is not None]
        self.kept = [k for k in lines if k in self.targets or values[k] in seen]
        kept = [values[key] for key in self.kept]
        kept += [gradients[key] for key in (*self.kept, *self.targets) if key in gradients]
        forward = max(x.index for x in values.values() if isinstance(x, Symbol))
        simplifier = Simplifier(kept, forward)
        simplifier.found[seed] = 1
        if seed.shape:
            simplifier.found[seed] = simplifier.filled(1, seed.shape, seed.dtype)
        new = simplifier.run(old)
        self.values = {k: new.get(x, x) for k, x in values.items() if isinstance(x, Symbol)}
        self.slopes = {k: new.get(x, x) for k, x in gradients.items()}
        for t in self.targets:
            if not is_weak(self.slopes[t]):
                self.slopes[t] = self.slopes[t].astype(self.graph.node(t).value.dtype)
        wanted = [self.slopes[t] for t in self.targets]
        self.forward = set(reach([self.values[self.graph.result.id]]))
        self.order = reach([self.values[self.graph.result.id], *wanted])
        self.uses = Counter(x for symbol in self.order for x in symbol.operands)
        self.uses.update(x for x in wanted if isinstance(x, Symbol))

    # Names --------------------------------------------------------------------------------------

    def _call_names(self) -> None:
        """The inputs, the lengths, the values with a line each, and their gradients."""
        for node in self.leaves:
            self.said[self.values[node.id]] = self.called[node.id]
        for key in self.kept:
            self.said.setdefault(self.values[key], self.called[key])
        self.slope_names = {t: self.names.unique(f"d{self.called[t]}") for t in self.targets}
        for key in (*reversed(self.kept), *self.targets):
            g = self.slopes.get(key)
            if not isinstance(g, Symbol) or g.call in (None, "full") or is_weak(g):
                continue
            if g not in self.said and g not in self.forward:
                self.said[g] = self.slope_names.get(key) or self.names.unique(
                    f"d{self.called[key]}"
                )

    # Statements ---------------------------------------------------------------------------------

    def _write(self) -> None:
        """The text of every symbol, oldest first; a line for each that has a name."""
        nodes = {symbol: key for key, symbol in reversed(self.values.items())}
        slopes = reversed(self.slopes.items())
        self.node_of = {g: key for key, g in slopes if isinstance(g, Symbol)} | nodes
        self.blocks = self._blocks()
        leaves = [(i, t) for i, t in enumerate(self.targets) if self.graph.node(t).rule is None]
        order = {self.slopes[t]: i for i, t in leaves}
        latest: dict[Symbol, int] = {}
        for symbol in self.order:
            if symbol.call is None:
                continue
            name = self.said.get(symbol)
            text = self._fitting(symbol, len(name or "") or 6)
            reads = [x.index if x in self.said else latest[x] for x in symbol.operands if x.call]
            latest[symbol] = max(reads, default=0)
            self.texts[symbol] = text
            if name is None and self.uses[symbol] > 1 and not self._is_cheap(symbol, text.text):
                name = self._temporary(symbol)
            if name is not None:
                early = symbol in order and symbol not in self.forward
                place = (latest[symbol], 1, order[symbol]) if early else (symbol.index, 0, 0)
                self._line(symbol, name, place)
        for i, key in enumerate(self.targets):
            self._gradient(key, i)

    def _temporary(self, symbol: Symbol) -> str:
        """A node's value is called as in the graph."""
        if symbol not in self.forward:
            return self.names.numbered("g")
        if symbol in self.node_of:
            return self.names.unique(self.graph.node(self.node_of[symbol]).name)
        return self.names.numbered("t")

    def _line(self, symbol: Symbol, name: str, place: tuple[float, int, int]) -> None:
        """Makes a symbol a line of its own, called so from then on."""
        text = self.texts[symbol].text
        shape = np.shape(symbol.value)
        self.lines.append(_Line(place, self._block(symbol), name, text, shape))
        self.said[symbol], self.texts[symbol] = name, Text(name)

    def _is_cheap(self, symbol: Symbol, text: str) -> bool:
        """Written out wherever it is used: `1 - y`, `W.T`."""
        atoms = all(x in self.said or x.call is None for x in symbol.operands)
        one = len(list(symbol.operands)) == 1
        alone = is_weak(symbol) or symbol.call == "arange"
        return alone or (symbol.call in ONE_STEP and one and atoms and len(text) <= CHEAP)

    def _fitting(self, symbol: Symbol, name: int) -> Text:
        """The text of a call; operands get lines of their own until it fits into one."""
        if not is_known(symbol):
            raise TypeError(
                f"to_source: {symbol.call!r} isn't written in NumPy's functions, so it can't be "
                "written down"
            )
        if symbol.call in HELPERS:
            self.helpers.add(symbol.call)
        shown = self._put_as_read(self._strong(self._plain(symbol)))
        while True:
            text = written(shown, self._read, symbol not in self.forward)
            if self._width(text.text) + name + 7 <= WIDTH:
                return text
            inner = {x for x in symbol.operands if x.call and x not in self.said}
            longest = max(inner, key=lambda x: (len(self.texts[x].text), x.index), default=None)
            if longest is None or len(self.texts[longest].text) <= CHEAP:
                return text
            self._line(longest, self._temporary(longest), (longest.index, 0, 0))

    def _width(self, text: str) -> int:
        return len(text) + (text.count("np.") if self.jax else 0)

    def _read(self, x: Any) -> Text:
        """The text of an argument."""
        if isinstance(x, Symbol):
            return self._input(x) if x.call is None else self.texts[x]
        if isinstance(x, Length):
            return self._length(x)
        if isinstance(x, tuple | list):
            parts = [self._read(part).text for part in x]
            return Text(f"[{', '.join(parts)}]" if isinstance(x, list) else tuple_text(parts))
        if isinstance(x, np.ndarray | np.generic):
            return self._constant(x, self._follows(x))
        return literal(x)

    def _input(self, symbol: Symbol) -> Text:
        name = self.said.get(symbol)
        return Text(name) if name else self._constant(symbol.value, self._follows(symbol))

    def _follows(self, x: Any) -> bool:
        """Whether a leaf or an index is another one for other data."""
        if id(x) in self.data.choosing or (isinstance(x, Symbol) and x.twin is not x.value):
            return True
        known = isinstance(x, Symbol) or id(x) in self.data.indices
        return known and shape_of(x)[:1] != () and shape_of(x)[0] in self.rows

    def _length(self, x: Length) -> Text:
        """`m` for the rows of the data, `n` for its numbers, and what is computed from these."""
        pair = int(x), x.twin
        if pair not in self.lengths:
            measured = self._measured(x)
            if measured is None:
                return self._computed(x)
            letter, text = measured
            name = self.lengths[pair] = self.names.unique(letter)
            self.lines.append(_Line((-1, 0, len(self.lengths)), ("", ""), name, text, ()))
        return Text(self.lengths[pair])

    def _measured(self, x: int) -> tuple[str, str] | None:
        """A letter for a length, and how it is read off an input."""
        data, learned = self._parameters()
        symbols = [self.values[node.id] for node in (*reversed(data), *learned)]
        symbols += [symbol for symbol in self.order if symbol.call is None]
        for letter, text, measure in MEASURES:
            for symbol in symbols:
                if symbol.ndim and repr(measure(symbol)) == repr(x):
                    return letter, text.format(self._input(symbol).text, axis=symbol.ndim - 1)
        return None

    def _computed(self, x: Length) -> Text:
        """`2 * m` or `m - 1`."""
        for m in self.batch.lengths.values() if self.batch else ():
            times = x // m
            if repr(times * m) == repr(x) and times > 1:
                parts = self._read(times).within(PRODUCT), self._read(m).text
                return Text(" * ".join(parts), PRODUCT)
        for less in (1, 2, 3, -1, -2, -3):
            if self._measured(x + less) is not None:
                sign = "-" if less > 0 else "+"
                return Text(f"{self._read(x + less).text} {sign} {abs(less)}", SUM)
        raise LookupError("a length that no input has")

    def _constant(self, x: Any, follows: bool = False) -> Text:
        """An array or number in the text itself; one with a name, and a larger one, a parameter."""
        if id(x) in self.arrays:
            return Text(self.arrays[id(x)][0])
        if x.ndim == 0 and x.dtype in (np.float64, np.int64) and self._is_double:
            return literal(x.item())
        given = next((name for name, y in self.given.items() if _equal(x, y)), index_name(x))
        if given is None and not follows and (is_short(x) or is_named(x)):
            return literal(x)
        usual = "index" if x.dtype.kind in "iu" else "mask" if x.dtype.kind == "b" else "c"
        self.arrays[id(x)] = self.names.unique(given or usual), x
        return Text(self.arrays[id(x)][0])

    @property
    def _is_double(self) -> bool:
        """Whether a Python number does for each of NumPy's."""
        kinds = {getattr(node.value, "dtype", None) for node in self.graph.nodes}
        return not kinds & {np.dtype("float16"), np.dtype("float32")}

    def _plain(self, symbol: Symbol) -> Symbol:
        """Its index with arrays for sequences; for jit, where shapes can't depend on values, with
        numbers for bools."""
        arguments, options = symbol.arguments, dict(symbol.options)
        if symbol.call == "put":
            options["index"] = self._index(options["index"])
        elif symbol.call == "put_each":
            options["indices"] = tuple(map(self._index, options["indices"]))
        elif symbol.call == "getitem":
            arguments = arguments[0], self._index(arguments[1])
        elif self.jax and symbol.call in ONE_TRIANGLE:
            options["symmetrize_input"] = False
        else:
            return symbol
        return Symbol(symbol.call, symbol.function, arguments, options, symbol.value)

    def _index(self, index: Any) -> Any:
        if id(index) not in self.plain:
            found: list[Any] = []
            for part in index if isinstance(index, tuple) else (index,):
                if isinstance(part, tuple | list | range | bytearray | memoryview):
                    part = np.array(part, dtype=None if len(part) else int)
                bools = isinstance(part, np.ndarray) and part.dtype == bool and part.ndim > 0
                parts = np.nonzero(part) if self.jax and bools else [part]
                if id(part) in self.data.choosing:
                    self.data.choosing.update(map(id, parts))
                found += parts
            several = isinstance(index, tuple) or len(found) > 1
            self.plain[id(index)] = index, tuple(found) if several else found[0]
        return self.plain[id(index)][1]

    def _strong(self, symbol: Symbol) -> Symbol:
        """For JAX, an operand in the dtype of the result, where NumPy finds that by itself.

        Python's numbers, and whole ones of any kind, take the dtype of what they meet there.
        """
        dtype = getattr(symbol.value, "dtype", np.dtype(bool))
        if not self.jax or dtype.kind != "f":
            return symbol
        parts: list[Any] = []
        convert(symbol.arguments[1:] if symbol.call == "where" else symbol.arguments, parts.append)
        weak = [x for x in parts if is_weak(x)]
        arrays = [x for x in parts if isinstance(x, NUMPY) and not is_weak(x)]
        chosen = next(iter(weak + [x for x in arrays if x.dtype.kind != "f"]), None)
        if chosen is None or any(x.dtype == dtype for x in arrays):
            return symbol
        if self._is_double and (weak or any(x.dtype.itemsize == 8 for x in arrays)):
            return symbol  # in double precision all the same
        if symbol.call == "full":
            options = {**symbol.options, "dtype": dtype}
            return Symbol("full", symbol.function, symbol.arguments, options, symbol.value)
        strong: Any = dtype.type(chosen) if is_plain(chosen) else None
        if strong is None:
            strong = record_call("astype", lambda x, dtype: np.asarray(x, dtype), (chosen, dtype))
            self.texts[strong] = written(strong, self._read)
        arguments = convert(symbol.arguments, lambda x: strong if x is chosen else x)
        return Symbol(symbol.call, symbol.function, arguments, symbol.options, symbol.value)

    def _put_as_read(self, symbol: Symbol) -> Symbol:
        """The shape by the name of what was indexed, and one number as that number."""
        if symbol.call == "getitem":
            x, where = symbol.arguments
            self.indexed[index(where, self._read), shape_of(x)] = x
        if symbol.call not in ("put", "put_each"):
            return symbol
        parts, options = symbol.arguments, dict(symbol.options)
        one = len(parts) == 1 and isinstance(parts[0], Symbol) and parts[0] not in self.said
        if one and parts[0].call == "full" and not parts[0].options:
            parts = (parts[0].arguments[1],)
        place = options["index"] if symbol.call == "put" else options["indices"][0]
        x = self.indexed.get((index(place, self._read), tuple(options["shape"])))
        if x in self.said:
            options["shape"] = shape = Symbol("shape", None, (x,), {}, x.shape)
            self.texts[shape] = Text(f"{self.said[x]}.shape")
        return Symbol(symbol.call, symbol.function, parts, options, symbol.value)

    def _gradient(self, key: str, i: int) -> None:
        """The line of a gradient that hasn't one: a number in each entry, or another's value."""
        g, name = self.slopes[key], self.slope_names[key]
        if isinstance(g, Symbol) and self.said.get(g) == name:
            return
        node, block = self.graph.node(key), self._block_of_gradient(key)
        place = (g.index if isinstance(g, Symbol) else 0, 1, i)
        number = g.arguments[1] if isinstance(g, Symbol) and g.call == "full" else g
        text = self._read(number).text
        if is_plain(number) and math.isfinite(number) and number == int(number):
            text = str(int(number))
        if is_weak(number):
            if np.ndim(node.value) or node.value.dtype != np.float64:
                shaped = self.said[self.values[key]]
                plain = {"0": f"np.zeros_like({shaped})", "1": f"np.ones_like({shaped})"}
                text = plain.get(text, f"np.full_like({shaped}, {text})")
            elif is_plain(number):
                text = self._read(float(number)).text
        self.lines.append(_Line(place, block, name, text, ()))

    # Blocks -------------------------------------------------------------------------------------

    def _blocks(self) -> dict[str, str]:
        """What each node's block is called: `layer 1`, `BCELoss`; on one line, as views show it."""
        paths = {node.id: node.group for node in self.graph.nodes if node.rule is not None}
        labels = {k: path[1] if len(path) > 1 else "".join(path) for k, path in paths.items()}
        linear = {labels[node.id] for node in self.graph.nodes if node.linear and node.rule}
        called: dict[str, str] = {}
        count = 0
        for name in dict.fromkeys(labels.values()):
            called[name] = re.sub(r"^layer_?(\d+)$", r"layer \1", name)
            if re.fullmatch(r"layers\.\d+", name):  # of a Sequential: what follows is part of it
                count += name in linear
                called[name] = f"layer {max(count, 1)}"
        return {key: called[name] for key, name in labels.items()}

    def _block(self, symbol: Symbol) -> tuple[str, str]:
        """Forward or backward, and the name of the block."""
        key = self.node_of.get(symbol)
        if symbol in self.forward:
            return "forward", self.blocks.get(key or "", "")
        return self._block_of_gradient(key) if key else ("backward", "")

    def _block_of_gradient(self, key: str) -> tuple[str, str]:
        """The block that sends it: that of the oldest reader."""
        readers = self.graph.readers(key)
        return "backward", self.blocks.get(readers[0].id, "") if readers else ""

    # Text ---------------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole program."""
        return self._module(self.jax)

    def _module(self, jax: bool) -> str:
        helpers = [
            JAX.get(name, text) if jax else text
            for name, text in HELPERS.items()
            if name in self.helpers
        ]
        head = f'"""{self.result}, forward and backward. Written by microtensor."""\n\n'
        parts = [head + MODULES["numpy"], *helpers, self.function]
        text = "\n\n".join(part.strip("\n") + "\n" for part in parts)
        if jax:
            text = re.sub(r"\bnp\.", "jnp.", text)
            text = text.replace(MODULES["numpy"], MODULES["jax.numpy"])
        return text

    def _function(self) -> str:
        result, inputs = self.result, self.inputs()
        head = _wrapped(f"def {result}_and_gradients(", [name for name, _ in inputs], "):")
        lines = [*head, *self._docstring(result, inputs)]
        block: tuple[str, str] = ("", "")
        shape: tuple[int, ...] = ()
        start = len(lines)
        for line in sorted(self.lines, key=lambda line: (line.block[0] == "backward", line.place)):
            if line.block != block and (line.block[1] or line.block[0] != block[0]):
                block = line.block
                lines += [""] if len(lines) > start else []
                lines += [f"    # {_heading(block)}"] if block[0] else []
            text = f"    {line.name} = {line.text}"
            comment = f"  # {line.shape}"
            if block[0] == "forward" and line.shape not in ((), shape):
                text += comment if self._width(text) + len(comment) <= WIDTH else ""
            shape = line.shape
            lines += [text] if self._width(text) <= WIDTH else _bracketed(line.name, line.text)
        pairs = [f'"{self.called[t]}": {self.slope_names[t]}' for t in self.targets]
        inline = f"    return {result}, {{{', '.join(pairs)}}}"
        if len(inline) <= WIDTH:
            return "\n".join([*lines, "", inline]) + "\n"
        name = self.names.unique("gradients")
        table = _wrapped(f"    {name} = {{", pairs, "}")
        return "\n".join([*lines, "", *table, f"    return {result}, {name}"])

    def inputs(self) -> list[tuple[str, Any]]:
        """The function's parameters and their values: data, constants, what is learned."""
        data, learned = self._parameters()
        first, last = (
            [(self.called[node.id], node.value) for node in nodes] for nodes in (data, learned)
        )
        return [*first, *self.arrays.values(), *last]

    def _parameters(self) -> tuple[list[Node], list[Node]]:
        """The leaves that the function takes: data as it is read, and what is learned."""
        used, place = set(self.order), {node.id: i for i, node in enumerate(self.graph.nodes)}
        nodes = [node for node in self.leaves if self.values[node.id] in used]
        learned = [node for node in nodes if node.tracked]
        nodes.sort(key=lambda node: min(place[x.id] for x in self.graph.readers(node.id) or [node]))
        return [node for node in nodes if not node.tracked], learned

    def _doubtful(self) -> list[str]:
        """The user's numbers that may come from how many examples there were: they don't follow."""
        if self.batch is None:
            return []
        called = {node.id for node in self.leaves}
        constants = {n.id for n in self.graph.nodes if n.rule is None} - called
        arrays = [np.size(self.values[n.id].value) for n in self._parameters()[0]]
        found = doubtful(self.graph, self.trace.values, constants, [*self.batch.lengths, *arrays])
        return list(dict.fromkeys(self._read(x).text for x in found))

    def _counted(self) -> list[str]:
        """The index arrays whose count of entries doesn't follow."""
        alone = not self.data.arrays
        return [
            name
            for key, (name, x) in self.arrays.items()
            if key in self.data.choosing
            and (x.dtype == bool or (self.batch.twin(x) is x if self.batch else alone))
        ]

    def _reads_one(self, symbol: Symbol) -> bool:
        """Whether it is an entry of one example, and that the user's number says which."""
        if symbol.call != "getitem":
            return False
        x, where = symbol.arguments
        first = where[0] if isinstance(where, tuple) and where else where
        rows = shape_of(x)[0] if shape_of(x) else None
        follows = isinstance(rows, Length) or rows in self.rows
        return follows and isinstance(first, int | np.integer) and not isinstance(first, bool)

    def gives(self, result: Tensor, targets: list[Tensor]) -> bool:
        """Whether it has this value and these gradients on the data of its batch."""
        batch: Any = self.batch
        data, learned = self._parameters()
        inputs = {self.called[node.id]: self.values[node.id].twin for node in (*data, *learned)}
        inputs |= {name: batch.twin(x) for name, x in self.arrays.values()}
        space: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            exec(self._module(jax=False), space)
            value, found = space[f"{self.result}_and_gradients"](**inputs)
            seed = starting_gradient(result, None, "to_source")
            sent = walk(result, seed, keep=frozenset(targets))
        kinds = [x.dtype for x in (result, *inputs.values()) if x.dtype.kind == "f"]
        tolerance = max(float(np.finfo(kind).eps) for kind in kinds) ** 0.4
        expected = [np.asarray(sent.get(x, np.zeros(x.shape))) for x in targets]
        pairs = [(value, result._array), *zip(found.values(), expected, strict=True)]
        finite = (np.abs(y, where=np.isfinite(y), out=np.zeros(np.shape(y))) for _, y in pairs)
        largest = max(float(np.max(x, initial=0)) for x in finite)
        return all(
            np.shape(x) == np.shape(y)
            and np.allclose(x, y, tolerance, tolerance * largest, equal_nan=True)
            for x, y in pairs
        )

    def _limits(self) -> list[str]:
        """For which data it holds, where not for all."""
        said: list[str] = []
        if self.data.arrays and self.batch is None:
            said.append("It holds for data of these shapes alone.")
        elif numbers := self._doubtful():
            said.append(
                f"Where {' or '.join(numbers)} in it stands for the number of examples, it holds "
                "for as many alone."
            )
        if counted := self._counted():
            said.append(f"It holds for as many entries chosen by {' and '.join(counted)} as here.")
        if any(map(self._reads_one, self.forward)):
            said.append("It reads examples by number: the same entries of them for other data.")
        if self.batch is not None and self.batch.axis:
            said.append("Its examples are columns: it holds for other numbers of these alone.")
        return [line for text in said for line in textwrap.wrap(text, WIDTH - 4)]

    def _docstring(self, result: str, inputs: list[tuple[str, Any]]) -> list[str]:
        """What is returned, and the shapes of what is taken."""
        subject = f"The {result}" if result in ("loss", "cost", "error") else result
        nodes = {self.called[node.id]: node for node in self.leaves}
        learned = {name for name, node in nodes.items() if node.tracked}
        lines = [f"{subject} and its gradients, by name.", ""]
        for what, chosen in (
            ("Data", [x for x in inputs if x[0] not in learned]),
            ("Parameters", [x for x in inputs if x[0] in learned]),
        ):
            shapes = ", ".join(
                f"{name} {x.shape or 'scalar'}".replace(" ", "\xa0") for name, x in chosen
            )
            if chosen:
                lines += textwrap.wrap(f"{what}: {shapes}.", WIDTH - 4, subsequent_indent="  ")
        kinds = dict.fromkeys(x.dtype.name for _, x in inputs if x.dtype.kind == "f")
        if list(kinds) != ["float64"]:
            lines.append(f"They are {' and '.join(kinds)}.")
        lines += self._limits()
        if made := [name for name, _ in inputs if name in nodes and not nodes[name].recorded]:
            how = "computed before, unrecorded: compute it anew for other data."
            lines += textwrap.wrap(f"{', '.join(made)}: {how}", WIDTH - 4, subsequent_indent="  ")
        text = "\n".join(f"    {line}".rstrip() for line in lines).replace("\xa0", " ")
        return [f'    """{text[4:]}', '    """']


def _equal(x: np.ndarray[Any, Any], y: Any) -> bool:
    """Whether a value of the user's is this array."""
    alike = isinstance(y, np.ndarray) and (y.shape, y.dtype) == (x.shape, x.dtype) and x.ndim
    return bool(alike and np.array_equal(x, y))


def _heading(block: tuple[str, str]) -> str:
    direction, label = block
    if direction == "forward":
        return label[:1].upper() + label[1:] or "Forward"
    return f"Backward through {label}" if label else "Backward"


def _wrapped(start: str, parts: list[str], end: str) -> list[str]:
    """Parts in brackets on one line, else on one line indented, else on a line each."""
    line = start + ", ".join(parts) + end
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(start) - len(start.lstrip()))
    inner = f"{indent}    {', '.join(parts)}"
    rows = [inner] if len(inner) <= WIDTH else [f"{indent}    {part}," for part in parts]
    return [start, *rows, indent + end]


def _bracketed(name: str, text: str) -> list[str]:
    """A statement that nothing makes shorter, on several lines."""
    inner = textwrap.wrap(text, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    return [f"    {name} = (", *(f"        {part}" for part in inner), "    )"]
