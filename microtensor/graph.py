"""The record of a result, read into plain data: nodes, ordered edges, groups and steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .backward import behind, refuse_changed, starting_gradient, walk
from .data import Data
from .errors import GradientError, called, in_brief, no_tensor
from .lexicon import NO_ROW, UNPRINTED, Row, firmness, shown
from .modes import Group
from .names import Names, Path, Place, places
from .tensor import Tensor

MOST_KNOWN = 20  # names that a message lists
DEEPEST = 32  # groups within groups; pictures have a frame for each

__all__ = ["Edge", "Graph", "Node", "Path", "Place", "Step", "common", "places"]


class Node(NamedTuple):
    """A value in the graph.

    `rule` is the operation that gave it and `expression` how that is written, `w · x` (None:
    nobody computed it). `role` is parameter (a leaf that requires a gradient), input (data, also
    what requires a gradient and is given to a module), constant (a number without a name),
    intermediate or output. `tracked` says whether it has a gradient at
    all, and `gradient` what that is (None where it isn't computed). `group` names what was
    speaking when it was computed, from the outside in; a second call of the same module is `layer
    (2)`, and all that lies deeper than 32 groups is in one, `…`. `options` are what the rule was
    told beside its operands. `named`: the name was given, not made up here; `path` is what was
    given, where it is longer (`layers.0.weight`). `row` is what the lexicon says of the rule.
    `recorded` is False of what was computed, but isn't recorded as that. `linear` and `activation`
    are the Z and the A of a layer.
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
    named: bool = False
    path: str = ""
    row: Row = NO_ROW
    recorded: bool = True
    linear: bool = False
    activation: bool = False

    def __repr__(self) -> str:
        said = f" = {self.expression}" if self.expression else f", {self.role}"
        return f"Node({self.id}: {self.name}{said}, shape {np.shape(self.value)})"


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

    def __repr__(self) -> str:
        said = f", {self.formula or self.sends}" if self.formula or self.sends else ""
        return f"Edge({self.source} → {self.target}, slot {self.slot}{said})"


class Step(NamedTuple):
    """A step of the computation: forward, a node's value; backward, what an edge sends.

    Backward, `total` is the sum that has arrived at the edge's source so far, and `waiting` how
    many contributions are still to come.
    """

    node: Node
    edge: Edge | None
    total: Any
    waiting: int

    @property
    def kind(self) -> str:
        """`forward`, `seed` or `backward`."""
        if self.edge is not None:
            return "backward"
        return "forward" if self.total is self.node.value else "seed"


class _Data(NamedTuple):
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Graph(_Data):
    """All values behind a result, oldest first, and the edges between them.

    Nodes are called n0, n1, ... in the order in which they were made, so the same program
    always gives the same graph. Gradients are those of the last node, the result.
    """

    def __init__(self, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> None:
        self._nodes = {node.id: node for node in nodes}
        self._kinds: dict[Path, str] = {}  # the class of the module that each group is a call of
        self._tensors: dict[int, str] = {}  # the node of each tensor, by the tensor's number
        self._operands: dict[str, tuple[Node, ...]] = {}
        self._arriving = _grouped(edges, "target")
        self._leaving = _grouped(edges, "source")
        arriving = (edge for node in reversed(nodes) for edge in self.arriving(node.id))
        self._sent = [edge for edge in arriving if edge.contribution is not None]
        self._arrivals = _grouped(self._sent, "source")

    def __reduce__(self) -> tuple[Any, ...]:
        return _graph, (self.nodes, self.edges, self._kinds)

    def __repr__(self) -> str:
        written = self.result.name
        if self.result.rule:
            written += f" = {self.written(self.result.id)}"
        return f"Graph({written}: {len(self.nodes):,} nodes, {len(self.edges):,} edges)"

    if TYPE_CHECKING:  # and what the views give it
        _repr_mimebundle_: Callable[..., dict[str, Any]]

    @classmethod
    def of(
        cls, result: Tensor, names: Mapping[str, Any] | None = None, gradient: Any = None
    ) -> Graph:
        """The graph of a result, read from its record; nobody's `.grad` is touched.

        Values are called by their own names, else as `names` has them (`names=vars()` hands over
        the caller's variables), else as a textbook would: X, W1, b1, Z1, A1, t1, ..., and the
        result L. Every view calls them so. For a result that isn't a single number, gradients
        are computed where `gradient` says what arrives at it.
        """
        return graph_for("Graph.of", result, names, gradient)

    # The index ----------------------------------------------------------------------------------

    @property
    def result(self) -> Node:
        """The last node."""
        return self.nodes[-1]

    def node(self, identity: str) -> Node:
        """The node of an id."""
        return self._nodes[identity]

    def arriving(self, identity: str) -> tuple[Edge, ...]:
        """The edges from a node's operands, in their order."""
        return self._arriving.get(identity, ())

    def leaving(self, identity: str) -> tuple[Edge, ...]:
        """The edges to the nodes that were computed from a node, in their order."""
        return self._leaving.get(identity, ())

    def operands(self, identity: str) -> tuple[Node, ...]:
        """What a node was computed from, in order; one that was used twice comes twice."""
        found = self._operands.get(identity)
        if found is None:
            found = tuple(self._nodes[edge.source] for edge in self.arriving(identity))
            self._operands[identity] = found
        return found

    def readers(self, identity: str) -> tuple[Node, ...]:
        """What was computed from a node, in order; what used it twice comes twice."""
        return tuple(self._nodes[edge.target] for edge in self.leaving(identity))

    def arrivals(self, identity: str) -> tuple[Edge, ...]:
        """The edges whose contributions a node's gradient sums, in the order of arrival."""
        return self._arrivals.get(identity, ())

    def ordinal(self, edge: Edge) -> int:
        """Which use an edge is, from 1 on, where one node uses another more than once; else 0."""
        slots = [x.slot for x in self._arriving[edge.target] if x.source == edge.source]
        return 0 if len(slots) == 1 else slots.index(edge.slot) + 1

    def retold(self, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Graph:
        """The same graph in other words: with nodes and edges of the same ids, in this order."""
        graph = _graph(nodes, edges, self._kinds)
        graph._tensors.update(self._tensors)
        return graph

    def kind(self, group: Path) -> str:
        """The class of the module that a group is a call of; '' where it is none."""
        return self._kinds.get(group, "")

    def find(self, what: Tensor | str) -> Node | None:
        """The node of a tensor, of a name, or of a name in full (`layers.0.weight`)."""
        if isinstance(what, Tensor):
            return self._nodes.get(self._tensors.get(what._index, ""))
        if not isinstance(what, str):
            raise _no_value("find", what)
        name = shown(what)
        known = [
            x for x in self.nodes if x.role != "constant" and name in (x.name, x.path or x.name)
        ]
        named = [x for x in known if x.name == name] or known
        return named[0] if len(named) == 1 else None

    def tracked(self, who: str, what: Tensor | str) -> Node:
        """What `find` finds, if it has a gradient; else `who` refuses it by a ValueError."""
        if not isinstance(what, Tensor | str):
            raise _no_value(who, what)
        node = self.find(what)
        name = called(what) if isinstance(what, Tensor) else in_brief(what)
        if not self.result.tracked:
            raise ValueError(
                f"{who}: nothing that {self.result.name} was computed from requires a gradient; "
                "make a leaf with requires_grad=True"
            )
        if node is None:
            known = [node.name for node in self.nodes if node.tracked and node.named]
            more = ", ..." if len(known) > MOST_KNOWN else ""
            raise ValueError(
                f"{who}: the result wasn't computed from {name}; it has gradients of: "
                f"{', '.join(known[:MOST_KNOWN]) or 'no names'}{more}"
            )
        if not node.tracked:
            raise ValueError(f"{who}: {name} has no gradient: it doesn't require one")
        if node.gradient is None and self.result.gradient is not None:
            raise ValueError(f"{who}: {name} has no gradient: none flows to it from the result")
        return node

    def written(self, identity: str, until: Container[str] = (), longest: int = 80) -> str:
        """A node as one expression of what it was computed from, such as `log(σ(w · x + b))`.

        It ends at leaves, at the nodes in `until`, and where it would grow longer than `longest`;
        there stands the name.
        """
        within = {identity}
        for node in reversed(self.nodes):
            if node.id == identity or (node.id in within and node.id not in until):
                within.update(x.id for x in self.operands(node.id))
        texts: dict[str, tuple[str, int]] = {}
        for node in self.nodes:
            if node.id in within:
                texts[node.id] = node.name, firmness(node.name)
                if node.rule is not None and (node.id == identity or node.id not in until):
                    parts = [texts[x.id] for x in self.operands(node.id)]
                    longer = node.row.nested(parts, node.options)
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
        for node in self.nodes:
            if node.rule is not None:
                yield Step(node, None, node.value, 0)
        if self.result.gradient is not None:
            yield Step(self.result, None, self.result.gradient, 0)
        totals: dict[str, Any] = {}
        waiting = {source: len(edges) for source, edges in self._arrivals.items()}
        for edge in self._sent:
            source, total = edge.source, totals.get(edge.source)
            totals[source] = edge.contribution if total is None else total + edge.contribution
            waiting[source] -= 1
            yield Step(self._nodes[source], edge, totals[source], waiting[source])


def _graph(nodes: tuple[Node, ...], edges: tuple[Edge, ...], kinds: Mapping[Path, str]) -> Graph:
    graph = Graph(nodes, edges)
    graph._kinds.update(kinds)
    return graph


def graph_for(
    who: str,
    result: Tensor,
    names: Mapping[str, Any] | None = None,
    gradient: Any = None,
    beside: Iterable[Tensor] = (),
    data: bool = True,
) -> Graph:
    """`Graph.of` on behalf of `who`, whose name errors bear; with what is behind others, too.

    Without `data` it has the record alone, whose ids are those of `places`: not what slices are
    slices of, nor the labels that an index was made of.
    """
    if not isinstance(result, Tensor):
        raise no_tensor(who, result)
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(
            f"{who}: names is a dict of names and values, such as vars() or {{'w': w}}, got "
            f"{in_brief(names)}"
        )
    if wrong := [name for name in names or () if not isinstance(name, str)]:
        raise TypeError(f"{who}: names are texts, {{'w': w}}, got {in_brief(wrong[0])}")
    with np.errstate(all="ignore"):  # who computes is warned; who looks needn't be, again
        return _Reader(who, result, names or {}, gradient, beside, data).read()


def changed(result: Tensor) -> str:
    """The sentence that says what was changed since a result was recorded; '' if nothing was."""
    try:
        for tensor in (x for x in behind(result) if x._rule is not None):
            refuse_changed(tensor)
    except GradientError as error:
        return str(error)
    return ""


def _no_value(who: str, what: Any) -> TypeError:
    return TypeError(f"{who}: expected a tensor or its name, got {in_brief(what)}")


def _grouped(edges: Iterable[Edge], end: str) -> dict[str, tuple[Edge, ...]]:
    """Edges by the node at one end, `source` or `target`, in their order."""
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, end), []).append(edge)
    return {key: tuple(several) for key, several in found.items()}


class _Reader:
    """Reads one graph: names the values, and puts the walk's contributions on the edges."""

    def __init__(
        self,
        who: str,
        result: Tensor,
        names: Mapping[str, Any],
        gradient: Any,
        beside: Iterable[Tensor],
        data: bool,
    ) -> None:
        self.result = result
        self.places = list(places(*beside, result))
        for place in self.places:
            if place.rule is not None:
                refuse_changed(place.value)
        self.groups, activating, self.kinds = _groups(self.places)
        self.inputs = _given_to_modules(self.places, self.groups, self.kinds)
        self.names = Names(self.places, names, self.groups, activating, self.inputs)
        self.data = Data(self.places, self.names, names) if data else None
        self.sent: dict[Tensor, list[Any]] = {}
        self.gradients: dict[Tensor, Any] = {}
        if result.requires_grad and (result.size == 1 or gradient is not None):
            seed = np.array(starting_gradient(result, gradient, who))[()]
            self.gradients |= walk(result, seed, visit=self._visit)

    def _visit(self, node: Tensor, x: Tensor, g: Any, d: Any) -> None:
        self.gradients[node] = g
        self.sent.setdefault(node, []).append(d)

    def read(self) -> Graph:
        behind = self.places if self.data is None else self.data.places
        edges = tuple(edge for place in behind for edge in self._edges(place))
        graph = _graph(tuple(map(self._node, behind)), edges, self.kinds)
        graph._tensors.update((p.value._index, p.id) for p in behind if isinstance(p.value, Tensor))
        return graph

    def _node(self, place: Place) -> Node:
        """A value, and all that is known of it."""
        key, value, role, names = place.id, place.value, place.role, self.names
        plain = place.reader is not None  # a number, or an array that was never a tensor
        given, expression, group = names.given.get(key), None, self.groups.get(key, ())
        options = {} if plain else value._options
        if self.data is not None:
            options = self.data.options.get(key, options)
        if place.rule is not None:
            operands = [names.names[x] for x in place.operands]
            expression = place.row.expression(operands, options)
        if value is self.result:
            role = "output"
        elif key in self.inputs:
            role = "input"
        elif role == "parameter":
            group = common([self.groups[x] for x in names.readers[key]])
        elif role == "input" and given is not None:
            group = ()  # it came from outside, though a module may have changed its dtype
        data = value if plain else value._array
        if isinstance(data, np.ndarray) or (place.rule is None and not plain):
            data = np.array(data)  # what may be changed later
        return Node(
            id=key,
            name=names.names[key],
            rule=place.rule,
            expression=expression,
            role="intermediate" if role == "input" and place.rule else role,
            value=data,
            tracked=not plain and value.requires_grad,
            gradient=None if plain else self.gradients.get(value),
            group=group,
            options=options,
            named=given is not None,
            path=given if given and given != names.names[key] else "",
            row=place.row,
            recorded=place.rule is None if plain else value._marks is not None,
            linear=key in names.linear,
            activation=key in names.activations,
        )

    def _edges(self, place: Place) -> Iterator[Edge]:
        """What a value was computed from, and what it sends there."""
        inputs = place.value._inputs if place.reader is None else ()
        if inputs:
            yield from self._recorded(place)
        for slot in range(len(inputs), len(place.operands)):  # data that no record has
            yield Edge(place.operands[slot], place.id, slot, None, "", None, "")

    def _recorded(self, place: Place) -> Iterator[Edge]:
        tensor, row, names = place.value, place.row, self.names.names
        operands, out = [names[x] for x in place.operands], names[place.id]
        g, shapes = f"∂{names[self.places[-1].id]}/∂{out}", [np.shape(x) for x in tensor._values]
        texts = row.formulas(operands[: len(shapes)], tensor._options, out, g, shapes, tensor.size)
        sent = iter(self.sent.get(tensor, ()))
        each = zip(place.operands, tensor._inputs, texts, strict=False)
        for slot, (source, x, text) in enumerate(each):
            if x is None or not x.requires_grad or tensor not in self.gradients:
                yield Edge(source, place.id, slot, None, "", None, "")
                continue
            local = None
            if row.elementwise or tensor.size == x.size == 1:
                one = np.ones(tensor.shape, tensor.dtype)[()]
                derivative = tensor._rule.derivative(slot)
                local = derivative(one, tensor._array, *tensor._values, **tensor._options)
            formula, sends = (text, "") if row.elementwise else ("", text)
            yield Edge(source, place.id, slot, local, formula, next(sent), sends)


def _groups(behind: Iterable[Place]) -> tuple[dict[str, Path], set[Path], dict[Path, str]]:
    """The group of each value, by the names from the outside in; those that are activations; and
    the class of the module that each is a call of.

    A second call of the same module is another group, `layer (2)`.
    """
    paths: dict[Group | None, Path] = {None: ()}
    calls: Counter[Path] = Counter()
    activating: set[Path] = set()
    kinds: dict[Path, str] = {}
    groups: dict[str, Path] = {}
    for place in behind:
        of = place.value if place.reader is None else place.reader
        inner: Group | None = of._group
        unknown: list[Group] = []  # from the inside out
        while inner is not None and inner not in paths:
            unknown.append(inner)
            inner = inner.outer
        for group in reversed(unknown):
            outer = paths[group.outer]
            if len(outer) >= DEEPEST:
                paths[group] = (*outer[:DEEPEST], "…")
                continue
            found = (*outer, shown(group.name) or UNPRINTED)
            calls[found] += 1
            if calls[found] > 1:
                found = (*outer, f"{found[-1]} ({calls[found]})")
            if group.activation:
                activating.add(found)
            if group.kind:
                kinds[found] = shown(group.kind) or UNPRINTED
            paths[group] = found
        array = place.reader is not None and place.role == "input"
        groups[place.id] = () if array else paths[of._group]
    return groups, activating, kinds


def _given_to_modules(
    behind: Sequence[Place], groups: Mapping[str, Path], kinds: Mapping[Path, str]
) -> set[str]:
    """The leaves that require a gradient and are data: a module with parameters reads them."""

    def module(path: Path) -> Path | None:
        starts = (path[:end] for end in range(1, len(path) + 1))
        return next((start for start in starts if start in kinds), None)

    leaves = {p.id: hasattr(p.value, "_path") for p in behind if p.role == "parameter"}
    reads = [(x, module(groups[p.id])) for p in behind for x in p.operands if x in leaves]
    learning = {found for x, found in reads if leaves[x]} - {None}
    return {x for x, found in reads if found in learning and not leaves[x]}


def common(paths: Iterable[Path]) -> Path:
    """The groups that are around all of these paths."""
    levels = zip(*paths, strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))
