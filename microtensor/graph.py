"""The record of a result, read into plain data: nodes, ordered edges, groups and steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from . import lexicon
from .backward import starting_gradient, walk
from .errors import GradientError
from .modes import Group
from .tensor import Tensor


class Node(NamedTuple):
    """A value in the graph.

    `rule` is the operation that gave it and `expression` how that is written, `w · x` (None:
    nobody computed it). `role` is parameter (a leaf that requires a gradient), input, constant
    (a number without a name), intermediate or output. `tracked` says whether it has a gradient
    at all, and `gradient` what that is (None where it isn't computed). `group` names what was
    speaking when it was computed, from the outside in; a second call of the same module is
    `layer (2)`. `options` are what the rule was told beside its operands. `named`: the name was
    given, not made up here. `words` are those that a user's own operation was given.
    """

    id: str
    name: str
    rule: str | None
    expression: str | None
    role: str
    value: Any
    tracked: bool
    gradient: Any
    group: tuple[str, ...]
    options: Mapping[str, Any]
    named: bool
    words: str = ""
    recorded: bool = True  # False: computed, and not recorded as that


class Edge(NamedTuple):
    """`source` is operand number `slot` of `target`; `a * a` has two edges.

    `contribution` is what the target sends to the source's gradient (None: not tracked). For a
    rule that works entry by entry, and between single numbers, `local` is the derivative that
    upstream (the target's gradient) is multiplied by, and `formula` how that is written. `sends`
    is how the contribution of a rule that mixes entries is written, `∂L/∂Z @ Bᵀ`.
    """

    source: str
    target: str
    slot: int
    local: Any
    formula: str
    contribution: Any
    sends: str


class Step(NamedTuple):
    """A step of the computation: forward, a node's value; backward, what an edge sends.

    Backward, `total` is the sum that has arrived at the edge's source so far, and `waiting` how
    many contributions are still to come.
    """

    node: Node
    edge: Edge | None
    total: Any
    waiting: int


class Graph(NamedTuple):
    """All values behind a result, oldest first, and the edges between them.

    Nodes are called n0, n1, ... in the order in which they were made, so the same program
    always gives the same graph. Gradients are those of the last node, the result.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def of(
        cls, result: Tensor, names: Mapping[str, Any] | None = None, gradient: Any = None
    ) -> Graph:
        """The graph of a result, read from its record; nobody's `.grad` is touched.

        Values are called by their own names, else as `names` has them (`names=vars()` hands over
        the caller's variables), else t1, t2, ... For a result that isn't a single number,
        gradients are computed where `gradient` says what arrives at it.
        """
        if not isinstance(result, Tensor):
            raise TypeError(f"Graph.of: expected a tensor, got {type(result).__name__}")
        with np.errstate(all="ignore"):  # who computes is warned; who looks needn't be, again
            return _Reader(result, names or {}, gradient).read()

    def written(
        self,
        identity: str,
        until: Container[str] = (),
        names: Mapping[str, str] | None = None,
        longest: int = 80,
    ) -> str:
        """A node as one expression of what it was computed from, such as `log(σ(w · x + b))`.

        It ends at leaves, at the nodes in `until`, and where it would grow longer than `longest`;
        there stands the name, or what `names` has for it.
        """
        operands: dict[str, list[str]] = {}
        for edge in self.edges:
            operands.setdefault(edge.target, []).append(edge.source)
        needed = [identity]
        seen = {identity}
        for key in needed:  # grows while it is read
            inner = operands.get(key, ()) if key == identity or key not in until else ()
            fresh = [x for x in dict.fromkeys(inner) if x not in seen]
            needed += fresh
            seen.update(fresh)
        texts: dict[str, tuple[str, int]] = {}
        for node in self.nodes:
            if node.id in seen:
                name = lexicon.short((names or {}).get(node.id, node.name))
                texts[node.id] = name, lexicon.firmness(name)
                if node.rule is not None and (node.id == identity or node.id not in until):
                    parts = [texts[x] for x in operands[node.id]]
                    longer = lexicon.nested(node.rule, parts, node.options)
                    if len(longer[0]) <= longest:
                        texts[node.id] = longer
                    elif node.id == identity:
                        texts[node.id] = str(node.expression), 0
        return texts[identity][0]

    @property
    def steps(self) -> Iterator[Step]:
        """Every step, in the order in which the engine takes them: forward, then backward.

        The first backward step has no edge: it is the seed, the result's own gradient.
        """
        nodes = {node.id: node for node in self.nodes}
        for node in self.nodes:
            if node.rule is not None:
                yield Step(node, None, node.value, 0)
        result = self.nodes[-1]
        if result.gradient is None:
            return
        yield Step(result, None, result.gradient, 0)
        waiting: dict[str, int] = {}
        arriving: dict[str, list[Edge]] = {}
        for edge in self.edges:
            arriving.setdefault(edge.target, []).append(edge)
            if edge.contribution is not None:
                waiting[edge.source] = waiting.get(edge.source, 0) + 1
        totals: dict[str, Any] = {}
        for node in reversed(self.nodes):
            for edge in arriving.get(node.id, ()):
                if edge.contribution is not None:
                    source = edge.source
                    total = totals.get(source)
                    total = edge.contribution if total is None else total + edge.contribution
                    totals[source] = total
                    waiting[source] -= 1
                    yield Step(nodes[source], edge, total, waiting[source])


class Place(NamedTuple):
    """Where a value stands in a graph: its id, and those of its operands.

    `value` is a tensor, or a number or array that was never one; then `reader` is the tensor
    that was computed from it.
    """

    id: str
    value: Any
    operands: tuple[str, ...]
    reader: Tensor | None


def places(result: Tensor) -> Iterator[Place]:
    """Every value behind a result, oldest first, numbered n0, n1, ..."""
    ids: dict[int, str] = {}
    count = 0
    for tensor in _behind(result):
        operands = []
        for x, value in zip(tensor._inputs, tensor._values, strict=True):
            key = id(value if x is None else x)
            if x is None and (np.ndim(value) == 0 or key not in ids):
                ids[key] = f"n{count}"
                yield Place(ids[key], value, (), tensor)
                count += 1
            operands.append(ids[key])
        ids[id(tensor)] = f"n{count}"
        yield Place(ids[id(tensor)], tensor, tuple(operands), None)
        count += 1


class _Reader:
    """Reads one graph: names the values, and puts the walk's contributions on the edges."""

    def __init__(self, result: Tensor, names: Mapping[str, Any], gradient: Any) -> None:
        self.result = result
        self.places = list(places(result))
        self.known = {id(value): name for name, value in names.items() if not name.startswith("_")}
        self.taken = set(names) | {
            p.value.name for p in self.places if p.reader is None and p.value.name
        }
        self.count = 0
        self.last = ""
        self.sent: dict[Tensor, list[Any]] = {}
        self.gradients: dict[Tensor, Any] = {}
        self.paths: dict[Group | None, tuple[str, ...]] = {None: ()}
        self.calls: Counter[tuple[str, ...]] = Counter()
        if result.requires_grad and (result.size == 1 or gradient is not None):
            seed = starting_gradient(result, gradient, "Graph.of")
            try:
                self.gradients |= walk(result, seed, visit=self._visit)
            except GradientError:  # after a training step: values are there, gradients aren't
                self.gradients, self.sent = {}, {}

    def _visit(self, node: Tensor, x: Tensor, g: Any, d: Any) -> None:
        self.gradients[node] = g
        self.sent.setdefault(node, []).append(d)

    def read(self) -> Graph:
        nodes: list[Node] = []
        labels: dict[str, str] = {}
        for place in self.places:
            if place.reader is not None:
                fields = self._plain(place.value, self._path(place.reader._group))
            else:
                operands = [labels[x] for x in place.operands]
                group = self._path(place.value._group)
                fields = self._computed(place.value, operands, group)
            nodes.append(Node(place.id, *fields))
            labels[place.id] = lexicon.short(nodes[-1].name)
        self.last = nodes[-1].id
        edges = [
            edge
            for place in self.places
            if place.operands
            for edge in self._edges(place.value, place.operands, place.id, labels)
        ]
        return Graph(_leaves_grouped(nodes, edges), tuple(edges))

    def _path(self, group: Group | None) -> tuple[str, ...]:
        """The names of a group from the outside in, its own told from those of other calls."""
        new = []
        while group not in self.paths:
            assert group is not None
            new.append(group)
            group = group.outer
        path = self.paths[group]
        for group in reversed(new):
            path = (*path, group.name)
            self.calls[path] += 1
            if self.calls[path] > 1:
                path = (*path[:-1], f"{group.name} ({self.calls[path]})")
            self.paths[group] = path
        return path

    def _plain(self, value: Any, group: tuple[str, ...]) -> tuple[Any, ...]:
        """The fields of an array or number that was never a tensor."""
        if np.ndim(value) == 0:
            number = f"{float(value):.4g}"
            return number, None, None, "constant", value, False, None, group, {}, False
        known = self.known.get(id(value))
        name = known or self._next("c")
        return name, None, None, "input", value, False, None, (), {}, known is not None

    def _computed(
        self, tensor: Tensor, operands: list[str], group: tuple[str, ...]
    ) -> tuple[Any, ...]:
        """The fields of a tensor."""
        rule = tensor._rule.name if tensor._rule is not None else None
        expression = lexicon.expression(rule, operands, tensor._options) if rule else None
        role = "parameter" if tensor.requires_grad else "input"
        if tensor is self.result:
            role = "output"
        elif rule:
            role = "intermediate"
        known = tensor.name or self.known.get(id(tensor))
        name = known or self._next("t")
        if role == "input" and known:
            group = ()  # it came from outside, though a module may have changed its dtype
        gradient = self.gradients.get(tensor)
        value = tensor._data
        if not rule or getattr(value, "base", None) is not None:
            value = np.array(value)  # a leaf may be changed later, and with it what views it
        fields = (rule, expression, role, value, tensor.requires_grad, gradient, group)
        words = tensor._rule.words if tensor._rule is not None else ""
        return (name, *fields, tensor._options, known is not None, words, tensor._recorded)

    def _next(self, letter: str) -> str:
        """The next of t1, t2, ... that nobody has."""
        while True:
            self.count += 1
            if f"{letter}{self.count}" not in self.taken:
                return f"{letter}{self.count}"

    def _edges(
        self, tensor: Tensor, sources: tuple[str, ...], node: str, labels: dict[str, str]
    ) -> Iterator[Edge]:
        sent = iter(self.sent.get(tensor, ()))
        rule: Any = tensor._rule
        operands = [labels[source] for source in sources]
        for slot, (source, x) in enumerate(zip(sources, tensor._inputs, strict=True)):
            if x is None or not x.requires_grad or tensor not in self.gradients:
                yield Edge(source, node, slot, None, "", None, "")
                continue
            local = None
            if lexicon.elementwise(rule.name) or tensor.size == x.size == 1:
                one = np.ones(tensor.shape, tensor.dtype)[()]
                derivative = rule.derivative(slot)
                local = derivative(one, tensor._data, *tensor._values, **tensor._options)
            out = labels[node]
            formula = lexicon.local_formula(rule.name, slot, operands, out)
            g = f"∂{labels[self.last]}/∂{out}"
            shapes = [np.shape(value) for value in tensor._values]
            sends = lexicon.sent_formula(
                rule.name, slot, operands, shapes, out, tensor.size, g, tensor._options
            )
            yield Edge(source, node, slot, local, formula, next(sent), sends)


def _behind(result: Tensor) -> list[Tensor]:
    """Every tensor that the result was computed from, and itself, oldest first."""
    tensors = [result]
    seen = {result}
    for tensor in tensors:  # grows while it is read
        for x in tensor._inputs:
            if x is not None and x not in seen:
                seen.add(x)
                tensors.append(x)
    return sorted(tensors, key=lambda tensor: tensor._index)


def _leaves_grouped(nodes: list[Node], edges: list[Edge]) -> tuple[Node, ...]:
    """Parameters put into the innermost group around all that read them."""
    groups = {node.id: node.group for node in nodes}
    readers: dict[str, list[tuple[str, ...]]] = {}
    for edge in edges:
        readers.setdefault(edge.source, []).append(groups[edge.target])
    return tuple(
        node._replace(group=_shared_start(readers[node.id])) if node.role == "parameter" else node
        for node in nodes
    )


def _shared_start(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    levels = zip(*paths, strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))


def arrivals(graph: Graph) -> dict[str, list[Edge]]:
    """For each node, the edges whose contributions its gradient sums, in the order of arrival."""
    arriving: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        arriving.setdefault(edge.target, []).append(edge)
    arrived: dict[str, list[Edge]] = {}
    for node in reversed(graph.nodes):
        for edge in arriving.get(node.id, ()):
            if edge.contribution is not None:
                arrived.setdefault(edge.source, []).append(edge)
    return arrived


def ordinals(edges: Iterable[Edge]) -> dict[tuple[str, int], str]:
    """Which use an edge is, `1st`, `2nd`, where one node uses another more than once."""
    uses: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        uses.setdefault((edge.source, edge.target), []).append(edge)
    return {
        (edge.target, edge.slot): f"{k}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(k, 'th') }"
        for several in uses.values()
        if len(several) > 1
        for k, edge in enumerate(several, 1)
    }
