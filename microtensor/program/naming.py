"""What a person would call the values of a program: X, W1, z1, a1, loss."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections import Counter

import numpy as np

from ..graph import Graph, Node
from .numpy import is_short

ACTIVATIONS = {"relu", "sigmoid", "tanh"}
LETTERS = {"weight": "W", "bias": "b"}
RESERVED = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "np", "jnp", "jax"}


class Names:
    """Names for the inputs of a graph, by node id, and for the values that get a line each.

    Those are the values that the user named, the result, each linear map (z) and each activation
    (a). They are numbered as their weights are.
    """

    def __init__(self, graph: Graph, taken: set[str]) -> None:
        self.graph = graph
        self.nodes = {node.id: node for node in graph.nodes}
        self.operands: dict[str, list[str]] = {}
        self.readers: dict[str, list[str]] = {}
        for edge in graph.edges:
            self.operands.setdefault(edge.target, []).append(edge.source)
            self.readers.setdefault(edge.source, []).append(edge.target)
        self.taken = RESERVED | taken
        self.counts: Counter[str] = Counter()
        self.inputs: dict[str, str] = {}
        self.lines: dict[str, str] = {}
        self._name()

    def unique(self, name: str) -> str:
        """A valid name that nothing else has, like this one."""
        name = identifier(name)
        candidate, count = name, 1
        if candidate in RESERVED:
            candidate += "_"
        while candidate in self.taken:
            count += 1
            candidate = f"{name}_{count}"
        self.taken.add(candidate)
        return candidate

    def numbered(self, letter: str) -> str:
        """The next of t1, t2, ... that is free."""
        while True:
            self.counts[letter] += 1
            name = f"{letter}{self.counts[letter]}"
            if name not in self.taken:
                self.taken.add(name)
                return name

    def _name(self) -> None:
        """The names that were given first, then those that are made up."""
        leaves = [n for n in self.graph.nodes if n.rule is None and not is_constant(n)]
        layers = self._layers(leaves)
        for node in leaves:
            if node.named:
                self.inputs[node.id] = self.unique(layers.get(node.id, node.name))
        for node in self.graph.nodes:
            if node.rule is not None and node.named:
                self.lines[node.id] = self.unique(node.name)
        self.linear = linear = self._linear()
        self._name_leaves([n for n in leaves if not n.named], linear)
        result = self.graph.nodes[-1]
        if not result.named:
            self.lines[result.id] = self.unique("loss" if np.size(result.value) == 1 else "out")
        self._name_linear(linear)

    def _layers(self, leaves: list[Node]) -> dict[str, str]:
        """`layers.0.weight` and `layers.2.weight` are W1 and W2; `scale.factor` is factor."""
        parts = {n.id: n.name.rpartition(".") for n in leaves if n.named and "." in n.name}
        modules = list(dict.fromkeys(parts[key][0] for key in parts if parts[key][2] in LETTERS))
        lasts = Counter(last for _, _, last in parts.values())
        short = {}
        for key, (module, _, last) in parts.items():
            if last in LETTERS:
                number = str(modules.index(module) + 1) if len(modules) > 1 else ""
                short[key] = LETTERS[last] + number
            elif lasts[last] == 1 and len(last) > 1:
                short[key] = last
        return short

    def _linear(self) -> list[tuple[str, str | None]]:
        """The linear maps: the id of a product with a weight, or of its sum with a bias, and
        the weight's id. What an activation is given counts too."""
        found: dict[str, str | None] = {}
        for node in self.graph.nodes:
            weights = [w for x in self.operands.get(node.id, ()) if (w := self._weight(x))]
            if node.rule == "matmul" and weights:
                last = node
                while not last.named and len(readers := self.readers.get(last.id, [])) == 1:
                    if self.nodes[readers[0]].rule != "add":
                        break
                    last = self.nodes[readers[0]]
                found[last.id] = weights[-1]
            elif node.rule in ACTIVATIONS:
                (x,) = self.operands[node.id]
                if self.nodes[x].rule not in (None, *ACTIVATIONS):
                    found.setdefault(x, None)
        return list(found.items())

    def _weight(self, key: str) -> str | None:
        """The parameter that this is, maybe transposed."""
        if self.nodes[key].rule == "transpose":
            (key,) = self.operands[key]
        return key if self.nodes[key].role == "parameter" else None

    def _name_leaves(self, leaves: list[Node], linear: list[tuple[str, str | None]]) -> None:
        """W and b for what stands in a linear map, X and x for data, w for other parameters, and
        mask for bools."""
        letters = {}
        for key, weight in linear:
            if weight:
                letters[weight] = "W"
                for x in self.operands[key]:
                    if self.nodes[x].role == "parameter" and x != weight:
                        letters[x] = "b"
        groups: dict[str, list[Node]] = {}
        for node in leaves:
            wide = np.ndim(node.value) > 1
            usual = ("W" if wide else "w") if node.role == "parameter" else "X" if wide else "x"
            usual = "mask" if np.asarray(node.value).dtype == bool else usual
            groups.setdefault(letters.get(node.id, usual), []).append(node)
        for letter, nodes in groups.items():
            for node in nodes:
                alone = len(nodes) == 1 and letter not in self.taken
                self.inputs[node.id] = self.unique(letter) if alone else self.numbered(letter)

    def _name_linear(self, linear: list[tuple[str, str | None]]) -> None:
        digits = [
            re.sub(r".*?(\d*)$", r"\1", self.inputs[weight]) if weight else ""
            for _, weight in linear
        ]
        if len(set(digits)) < len(digits):  # a weight used twice, or no numbers
            digits = [str(k + 1) for k in range(len(linear))]
        suffix = {}
        for (key, _), number in zip(linear, digits, strict=True):
            suffix[key] = number
            if key not in self.lines:
                self.lines[key] = self.unique("z" + number)
        for node in self.graph.nodes:
            if node.rule in ACTIVATIONS and node.id not in self.lines:
                (x,) = self.operands[node.id]
                self.lines[node.id] = self.unique("a" + suffix.get(x, ""))


def is_constant(node: Node) -> bool:
    """A number, or a small array without a name: it stands in the text itself.

    What was computed is none: with other data it would be another.
    """
    if not node.recorded or node.named:
        return False
    return node.role == "constant" or (node.role == "input" and is_short(np.asarray(node.value)))


def identifier(name: str) -> str:
    """A name that Python takes, as like this one as can be: `2nd layer` is `_2nd_layer`."""
    name = unicodedata.normalize("NFKC", name)
    text = re.sub(r"_+", "_", "".join(c if ("_" + c).isidentifier() else "_" for c in name))
    text = text[:40].strip("_") or "value"
    return text if text.isidentifier() else "_" + text
