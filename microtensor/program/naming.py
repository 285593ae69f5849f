"""The names of a graph as identifiers of Python, and which values have a line of their own."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections import Counter

import numpy as np

from ..graph import Graph, Node
from .numpy import is_short

RESERVED = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "np", "jnp", "jax"}


class Names:
    """Names for the inputs of a graph, by node id, and for the values that get a line each.

    Those are the values that the user named, the result, each linear map and each activation.
    Made-up names are none that another value of the graph has.
    """

    def __init__(self, graph: Graph, taken: set[str]) -> None:
        self.taken = RESERVED | taken
        self.counts: Counter[str] = Counter()
        inputs = [n for n in graph.nodes if n.rule is None and not is_constant(n)]
        lines = [n for n in graph.nodes if n.rule is not None and _has_line(n)]
        self.inputs = {node.id: self.unique(node.name) for node in inputs}
        self.lines = {node.id: self.unique(node.name) for node in lines}
        self.others = {identifier(n.name) for n in graph.nodes if n.rule is not None}

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
            if name not in self.taken and name not in self.others:
                self.taken.add(name)
                return name


def _has_line(node: Node) -> bool:
    return node.named or node.linear or node.activation or node.role == "output"


def is_constant(node: Node) -> bool:
    """A number, or a small array without a name: it stands in the text itself.

    What was computed is none: with other data it would be another.
    """
    if node.named or not node.recorded:
        return False
    return node.role == "constant" or (node.role == "input" and is_short(np.asarray(node.value)))


def identifier(name: str) -> str:
    """A name that Python takes, as like this one as can be: `2nd layer` is `_2nd_layer`."""
    name = unicodedata.normalize("NFKC", name)
    text = re.sub(r"_+", "_", "".join(c if ("_" + c).isidentifier() else "_" for c in name))
    text = text[:40].strip("_") or "value"
    return text if text.isidentifier() else "_" + text
