"""The record of a result, read into plain data: nodes, ordered edges, groups and steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import chain, count, groupby, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .backward import behind, refuse_changed, starting_gradient, walk
from .data import Data
from .errors import GradientError, called, in_brief, no_tensor
from .lexicon import NO_ROW, UNPRINTED, Row, firmness, shown
from .modes import Group
from .names import Names, Path, Place, places
from .rules import Rule
from .tensor import Tensor, latest_change

MOST_KNOWN = 20  # names that a message lists
DEEPEST = 32  # groups within groups; pictures have a frame for each

__all__ = ["Edge", "Graph", "Node", "Path", "Place", "Step", "common", "places"]


class Node(NamedTuple):
    """A value in the graph.

    `rule` is the operation that gave it (None: nobody computed it), and `operands` are the names
    of what it was given. `role` is parameter (a leaf that requires a gradient), input (data, also
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
    operands: tuple[str, ...]
    role: str
    value: Any
    tracked: bool = False
    gradient: Any = None
    group: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}
    named: bool = False
    path: str = ""
    row: Row = NO_ROW
    recorded: bool = True
    linear: bool = False
    activation: bool = False

    @property
    def expression(self) -> str | None:
        """How its rule is written with its operands, `w · x`; None where nobody computed it."""
        return None if self.rule is None else self.row.expression(self.operands, self.options)

    def __repr__(self) -> str:
        said = f" = {self.expression}" if self.expression else f", {self.role}"
        return f"Node({self.id}: {self.name}{said}, shape {np.shape(self.value)})"


class Edge(NamedTuple):
    """`source` is operand number `slot` of `target`; `a * a` has two edges.

    `contribution` is what the target sends to the source's gradient (None: not tracked). What else
    it tells comes from the `origin` of the target, when it is asked for.
    """

    source: str
    target: str
    slot: int
    contribution: Any
    origin: Origin

    @property
    def local(self) -> Any:
        """The derivative that upstream, the target's gradient, is multiplied by.

        None of a rule that mixes entries, other than between single numbers.
        """
        return None if self.contribution is None else self.origin.local(self.slot)

    @property
    def formula(self) -> str:
        """How the local derivative of a rule that works entry by entry is written, `s(1 − s)`."""
        return self._text if self.origin.node.row.elementwise else ""

    @property
    def sends(self) -> str:
        """How the contribution of a rule that mixes entries is written, `∂L/∂Z @ Bᵀ`."""
        return "" if self.origin.node.row.elementwise else self._text

    @property
    def _text(self) -> str:
        return "" if self.contribution is None else self.origin.texts[self.slot]

    def __repr__(self) -> str:
        said = f", {self.formula or self.sends}" if self.formula or self.sends else ""
        return f"Edge({self.source} → {self.target}, slot {self.slot}{said})"


class Origin:
    """What a node was computed from, and what the edges to it tell, made when it is asked for.

    A record of 100,000 operations has as many, and a picture of it shows few. `sent` is what goes
    to each operand that has a gradient, one after another. The derivatives are those of the node's
    own copies of numbers, which nobody changes.
    """

    def __init__(
        self,
        node: Node,
        operands: tuple[Node, ...],
        sent: Sequence[Any],
        rule: Rule | None,
        upstream: str,
    ) -> None:
        self.node = node
        self.operands = operands
        self.sent = sent
        self.upstream = upstream  # how what arrives at the node is written, `∂L/∂Z`
        self._rule = rule  # None: all locals are known
        self._locals: dict[int, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        known = {e.slot: e.local for e in self.edges}
        return _origin, (self.node, self.operands, self.sent, self.upstream, known)

    def __eq__(self, other: object) -> bool:
        told = (self.texts, [e.local for e in self.edges]) if isinstance(other, Origin) else None
        return isinstance(other, Origin) and told == (other.texts, [e.local for e in other.edges])

    def __hash__(self) -> int:
        return hash(self.node.id)

    def of(self, nodes: Mapping[str, Node]) -> Origin:
        """The same where nodes are told in other words."""
        operands = tuple(nodes[x.id] for x in self.operands)
        origin = Origin(nodes[self.node.id], operands, self.sent, self._rule, self.upstream)
        origin._locals = self._locals
        return origin

    @property
    def edges(self) -> Iterator[Edge]:
        """The edges from the operands, in their order."""
        sent, target = iter(self.sent), self.node.id
        for slot, x in enumerate(self.operands):
            yield Edge(x.id, target, slot, next(sent, None) if x.tracked else None, self)

    @cached_property
    def by_source(self) -> Mapping[str, list[Edge]]:
        """The edges from each operand, by its id: one of thousands is found at once."""
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.source, []).append(edge)
        return found

    def local(self, slot: int) -> Any:
        """The local derivative with respect to an operand, if there is one."""
        out, x = self.node, self.operands[slot]
        if slot not in self._locals and self._rule is not None:
            one_by_one = out.row.elementwise or np.size(out.value) == np.size(x.value) == 1
            self._locals[slot] = self._derivative(self._rule, slot) if one_by_one else None
        return self._locals[slot]

    def _derivative(self, rule: Rule, slot: int) -> Any:
        derivative: Any = rule.derivative(slot)
        value = np.asarray(self.node.value)
        with np.errstate(all="ignore"):
            one = np.ones(value.shape, value.dtype)[()]
            return derivative(
                one, self.node.value, *(x.value for x in self.operands), **self.node.options
            )

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Of each operand how its local derivative, or what is sent to it, is written."""
        node, shapes = self.node, [np.shape(x.value) for x in self.operands]
        size = int(np.size(node.value))
        return tuple(
            node.row.formulas(node.operands, node.options, node.name, self.upstream, shapes, size)
        )


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


class Graph:
    """All values behind a result, oldest first, and the edges between them.

    Nodes are called n0, n1, ... in the order in which they were made, so the same program
    always gives the same graph. Gradients are those of the last node, the result.
    """

    def __init__(self, nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> None:
        self._fill(nodes, {edge.target: edge.origin for edge in edges})

    def _fill(self, nodes: tuple[Node, ...], origins: Mapping[str, Origin]) -> None:
        self._all = nodes
        self._nodes = {node.id: node for node in nodes}
        self._origins = origins
        self._kinds: Mapping[Path, str] = {}  # the class of the module that each group is a call of
        self._tensors: Mapping[int, str] = {}  # the node of each tensor, by the tensor's number

    def __reduce__(self) -> tuple[Any, ...]:
        return _graph, (self.nodes, self._origins, self._kinds)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.nodes, self.edges))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        written, count = self.result.name, sum(len(x.operands) for x in self._origins.values())
        if self.result.rule:
            written += f" = {self.written(self.result.id)}"
        return f"Graph({written}: {len(self.nodes):,} nodes, {count:,} edges)"

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
    def nodes(self) -> tuple[Node, ...]:
        """All values, oldest first."""
        return self._all

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, those to the oldest node first."""
        return self._edges

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        return tuple(edge for node in self.nodes for edge in self.arriving(node.id))

    @property
    def result(self) -> Node:
        """The last node."""
        return self.nodes[-1]

    @cached_property
    def differentiated(self) -> str:
        """What gradients are of, L in `∂L/∂w`: the result, by its name.

        Where the gradient that arrives at it was handed over and isn't 1, another letter that
        stands for what the result leads to.
        """
        return _differentiated(self.nodes)

    def node(self, identity: str) -> Node:
        """The node of an id."""
        return self._nodes[identity]

    def arriving(self, identity: str) -> tuple[Edge, ...]:
        """The edges from a node's operands, in their order."""
        origin = self._origins.get(identity)
        return () if origin is None else tuple(origin.edges)

    def leaving(self, identity: str) -> tuple[Edge, ...]:
        """The edges to the nodes that were computed from a node, in their order."""
        return tuple(self._between(identity, self._readers.get(identity, ())))

    def operands(self, identity: str) -> tuple[Node, ...]:
        """What a node was computed from, in order; one that was used twice comes twice."""
        origin = self._origins.get(identity)
        return () if origin is None else origin.operands

    def readers(self, identity: str) -> tuple[Node, ...]:
        """What was computed from a node, in order; what used it twice comes twice."""
        return tuple(origin.node for origin in self._readers.get(identity, ()))

    def arrivals(self, identity: str) -> tuple[Edge, ...]:
        """The edges whose contributions a node's gradient sums, in the order of arrival."""
        edges = self._between(identity, reversed(self._readers.get(identity, ())))
        return tuple(edge for edge in edges if edge.contribution is not None)

    def _between(self, source: str, readers: Iterable[Origin]) -> Iterator[Edge]:
        for _, same in groupby(readers, id):
            yield from next(same).by_source[source]

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The ids of the ends of each edge, in the order of the edges."""
        origins = self._origins.values()
        return tuple((x.id, origin.node.id) for origin in origins for x in origin.operands)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """The place of each node, by its id, from the oldest on."""
        return {node.id: i for i, node in enumerate(self.nodes)}

    @cached_property
    def _readers(self) -> dict[str, list[Origin]]:
        found: dict[str, list[Origin]] = {}
        for node in self.nodes:
            if node.id in self._origins:
                origin = self._origins[node.id]
                for x in origin.operands:
                    found.setdefault(x.id, []).append(origin)
        return found

    def ordinal(self, edge: Edge) -> int:
        """Which use an edge is, from 1 on, where one node uses another more than once; else 0."""
        operands = self.operands(edge.target)
        slots = [slot for slot, x in enumerate(operands) if x.id == edge.source]
        return 0 if len(slots) == 1 else slots.index(edge.slot) + 1

    def retold(self, nodes: tuple[Node, ...]) -> Graph:
        """The same graph in other words: with nodes of the same ids, in this order."""
        known = {node.id: node for node in nodes}
        origins = {key: origin.of(known) for key, origin in self._origins.items()}
        return _graph(nodes, origins, self._kinds, self._tensors)

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

        It ends at leaves and at the nodes in `until`, and has so much of what is nearest that it
        isn't longer than `longest`; where it ends stands the name.
        """
        node, nearest = self._nodes[identity], self._nearest(identity, until, longest)
        if not nearest:
            return node.name
        text = self._text(nearest, longest)
        low, high = 1, len(nearest)
        while text is None and high - low > 1:
            middle = (low + high) // 2
            fits = self._text(nearest[:middle], longest) is not None
            low, high = (middle, high) if fits else (low, middle)
        return text or self._text(nearest[:low], longest) or str(node.expression)

    def _text(self, values: Sequence[str], longest: int) -> str | None:
        """The first of these values as an expression, in which all of them are written out.

        The newest comes first. None where it would be too long.
        """
        texts: dict[str, tuple[str, int]] = {}
        for key in reversed(values):
            origin = self._origins[key]
            parts = [texts.get(x.id) or (x.name, firmness(x.name)) for x in origin.operands]
            texts[key] = origin.node.row.nested(parts, origin.node.options)
            if len(texts[key][0]) > longest:
                return None
        return texts[values[0]][0]

    def _nearest(self, identity: str, until: Container[str], most: int) -> list[str]:
        """The values that one was computed from, and itself: the newest first, but not too many."""
        found: list[str] = []
        waiting = [(-self.order[identity], identity)]
        seen = {identity}
        while waiting and len(found) < most:
            key = heappop(waiting)[1]
            if key in self._origins and (key == identity or key not in until):
                found.append(key)
                for x in self._origins[key].operands:
                    if x.id not in seen:
                        seen.add(x.id)
                        heappush(waiting, (-self.order[x.id], x.id))
        return found

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
        arriving = (edge for node in reversed(self.nodes) for edge in self.arriving(node.id))
        sent = [edge for edge in arriving if edge.contribution is not None]
        totals: dict[str, Any] = {}
        waiting = Counter(edge.source for edge in sent)
        for edge in sent:
            source, total = edge.source, totals.get(edge.source)
            totals[source] = edge.contribution if total is None else total + edge.contribution
            waiting[source] -= 1
            yield Step(self._nodes[source], edge, totals[source], waiting[source])


def _graph(
    nodes: tuple[Node, ...],
    origins: Mapping[str, Origin],
    kinds: Mapping[Path, str],
    tensors: Mapping[int, str] | None = None,
) -> Graph:
    graph = Graph.__new__(Graph)
    graph._fill(nodes, origins)
    graph._kinds, graph._tensors = kinds, tensors or {}
    return graph


def _differentiated(nodes: Sequence[Node]) -> str:
    result = nodes[-1]
    known = result.gradient
    if known is None or (np.size(known) == 1 and np.all(np.equal(known, 1))):
        return result.name
    taken = {node.name for node in nodes}
    return next(x for x in chain("LJ", (f"L{k}" for k in count(1))) if x not in taken)


def _origin(
    node: Node,
    operands: tuple[Node, ...],
    sent: Sequence[Any],
    upstream: str,
    known: dict[int, Any],
) -> Origin:
    origin = Origin(node, operands, sent, None, upstream)
    origin._locals = known
    return origin


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
    slices of, nor the labels that an index was made of, which are called as with it.
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
        changed = latest_change()
        for place in self.places:
            if place.rule is not None and (changed > place.value._index or place.value._marks):
                refuse_changed(place.value)
        self.groups, activating, self.kinds = _groups(self.places, names)
        self.inputs = _given_to_modules(self.places, self.groups, self.kinds)
        self.names = Names(self.places, names, self.groups, activating, self.inputs)
        found = Data(self.places, self.names, names)
        self.data = found.places if data else self.places
        recorded = {place.id for place in self.places if place.rule is not None}
        self.options = {k: x for k, x in found.options.items() if data or k in recorded}
        self.sent: dict[Tensor, list[Any]] = {}
        self.gradients: dict[Tensor, Any] = {}
        if result.requires_grad and (result.size == 1 or gradient is not None):
            seed = np.array(starting_gradient(result, gradient, who))[()]
            self.gradients |= walk(result, seed, visit=self._visit)

    def _visit(self, node: Tensor, x: Tensor, g: Any, d: Any) -> None:
        self.gradients[node] = g
        self.sent.setdefault(node, []).append(d)

    def read(self) -> Graph:
        behind = self.data
        nodes = {place.id: self._node(place) for place in behind}
        of = _differentiated(tuple(nodes.values()))
        origins = {p.id: self._origin(p, nodes, of) for p in behind if p.rule is not None}
        tensors = {p.value._index: p.id for p in behind if isinstance(p.value, Tensor)}
        return _graph(tuple(nodes.values()), origins, self.kinds, tensors)

    def _node(self, place: Place) -> Node:
        """A value, and all that is known of it."""
        key, value, role, row, names = place.id, place.value, place.role, place.row, self.names
        group, name = self.groups.get(key, ()), names.names[key]
        if role == "constant":
            value = np.array(value) if isinstance(value, np.ndarray) else value
            return Node(key, name, None, (), role, value, group=group)
        plain = place.reader is not None  # an array that was never a tensor
        given, rule = names.given.get(key), place.rule
        options = self.options.get(key) or ({} if plain else value._options)
        if value is self.result:
            role = "output"
        elif key in self.inputs:
            role = "input"
        elif role == "parameter":
            group = common([self.groups[x] for x in names.readers.get(key, ())])
        elif role == "input" and given is not None:
            group = ()  # it came from outside, though a module may have changed its dtype
        data = value if plain else value._array
        if isinstance(data, np.ndarray) or (rule is None and not plain):
            data = np.array(data)  # what may be changed later
        return Node(
            id=key,
            name=name,
            rule=rule,
            operands=tuple([names.names[x] for x in place.operands]),
            role="intermediate" if role == "input" and rule else role,
            value=data,
            tracked=not plain and value._requires_grad,
            gradient=None if plain else self.gradients.get(value),
            group=group,
            options=options,
            named=given is not None,
            path=given if given and given != name else "",
            row=row,
            recorded=rule is None if plain else value._marks is not None,
            linear=key in names.linear,
            activation=key in names.activations,
        )

    def _origin(self, place: Place, nodes: Mapping[str, Node], of: str) -> Origin:
        """What a value was computed from, and what it sends there."""
        node, operands = nodes[place.id], tuple([nodes[x] for x in place.operands])
        tensor = place.value if place.reader is None else None
        upstream = f"∂{of}/∂{node.name}"
        sent = self.sent.get(tensor, ()) if tensor is not None else ()
        rule = None if tensor is None else tensor._rule
        origin = Origin(node, operands, sent, rule, upstream)
        if rule is not None and rule.own:  # whose derivatives may be others later
            for edge in origin.edges:
                _ = edge.local
        return origin


def _groups(
    behind: Sequence[Place], known: Mapping[str, Any]
) -> tuple[dict[str, Path], set[Path], dict[Path, str]]:
    """The group of each value, by the names from the outside in; those that are activations; and
    the class of the module that each is a call of.

    A second call of the same module is another group, `layer (2)`.
    """
    modules = _modules(behind, known)
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
            found = (*outer, shown(modules.get(group, group.name)) or UNPRINTED)
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


def _modules(behind: Sequence[Place], known: Mapping[str, Any]) -> dict[Group, str]:
    """What the caller calls the modules of which others of their class are called, too: D, G.

    A call is of the module whose parameters it reads.
    """
    owners: dict[Any, str] = {}
    for name, x in known.items():
        if not isinstance(x, type) and hasattr(x, "named_parameters"):
            owners |= {(type(x).__name__, id(p)): name for _, p in x.named_parameters()}
    found: dict[Group, str] = {}
    for tensor in (place.value for place in behind if owners and place.operands):
        group = getattr(tensor, "_group", None)
        while group is not None:
            read = (owners.get((group.kind, id(x))) for x in tensor._inputs)
            if group.name == group.kind and (name := next(filter(None, read), "")):
                found[group] = name
            group = group.outer
    several = Counter(kind for kind, _ in {(x.kind, name) for x, name in found.items()})
    return {group: name for group, name in found.items() if several[group.kind] > 1}


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
