"""What is behind a result, oldest first, and what each value is called: decided here, once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from .backward import behind
from .lexicon import LONGEST_NAME, NO_ROW, Row, cut, shown
from .tensor import Tensor

LETTERS = {"weight": "W", "bias": "b"}

Path = tuple[str, ...]


class Place(NamedTuple):
    """Where a value stands in a graph: its id, and those of its operands.

    `value` is a tensor, or a number or array that was never one; then `reader` is the tensor
    that was computed from it.
    """

    id: str
    value: Any
    operands: tuple[str, ...]
    reader: Tensor | None
    role: str  # a parameter, an input, a constant (a number is its name, too) or intermediate
    rule: str | None = None  # the name of what gave it; None for what nobody computed
    row: Row = NO_ROW  # what the lexicon says of that

    @property
    def data(self) -> Any:
        """Its array."""
        return self.value._array if self.reader is None else np.asarray(self.value)


def places(*results: Tensor) -> Iterator[Place]:
    """Every value behind a result (or several), oldest first, numbered n0, n1, ..."""
    ids: dict[Any, str] = {}
    free = (f"n{k}" for k in count())
    for tensor in behind(*results):
        rule = tensor._rule
        if rule is None:
            ids[id(tensor)] = key = next(free)
            role = "parameter" if tensor._requires_grad else "input"
            yield Place(key, tensor, (), None, role)
            continue
        operands = []
        for x, value in zip(tensor._inputs, tensor._values, strict=True):
            if x is not None:
                operands.append(ids[id(x)])
                continue
            array = getattr(value, "ndim", 0) > 0
            what = memory(value) if array else None  # a number is another one each time
            if what is None or what not in ids:
                ids[what] = key = next(free)
                yield Place(key, value, (), tensor, "input" if array else "constant")
            operands.append(ids[what])
        ids[id(tensor)] = key = next(free)
        name = rule.row.name or None
        yield Place(key, tensor, tuple(operands), None, "intermediate", name, rule.row)


def memory(array: Any) -> tuple[Any, ...]:
    """What two views of the same numbers in the same memory have in common."""
    address = array.__array_interface__["data"][0]
    return address, array.shape, array.strides, array.dtype


class Names:
    """The names of a graph's values, by id, each of them once.

    A given name stands. A path through modules is cut to what tells it apart, and is W1, b1 where
    the module has but a number. Then come the result, L; leaves, by what is done with them: X, W,
    b, mask; linear maps and what else an activation is given, Z1; activations, A1; and the rest,
    t1, t2, ... `given` has the names that weren't made up, in full.
    """

    def __init__(
        self,
        behind: Sequence[Place],
        known: Mapping[str, Any],
        groups: Mapping[str, Path],
        activating: Container[Path],
        inputs: Container[str] = (),
    ) -> None:
        self.places = {place.id: place for place in behind}
        self.groups = groups
        self.activating = activating  # the groups that are activations
        self.inputs = inputs  # the leaves that require a gradient, but are data
        self.result = behind[-1].id
        self.names = {p.id: f"{float(p.value):.4g}" for p in behind if p.role == "constant"}
        self.readers: dict[str, list[str]] = {}  # of all but constants
        for place in behind:
            for x in place.operands:
                if x not in self.names:
                    self.readers.setdefault(x, []).append(place.id)
        self.given: dict[str, str] = {}
        self.taken: set[str] = set()
        self.series: dict[str, Iterator[str]] = {}
        self._give({id(x): name for name, x in known.items() if not name.startswith("_")})
        self.taken |= {name for name, x in known.items() if isinstance(x, Tensor)}
        self.biases: set[str] = set()
        self.linear = self._linear()
        self.activations = self._activations()
        if self._is_free(self.result):
            self.names[self.result] = self.unique("L")
        self._name_leaves()
        self._name_layers()
        others = [key for key in self.places if key not in self.names]
        free = (name for k in count(1) if (name := f"t{k}") not in self.taken)
        self.names |= zip(others, free, strict=False)
        self.taken.update(self.names[key] for key in others)

    def _is_free(self, key: str) -> bool:
        return key not in self.names

    def _numbered(self, start: str, first: int = 1) -> str:
        """The next of t1, t2, ... that nothing has."""
        series = self.series.setdefault(start, (f"{start}{k}" for k in count(first)))
        name = next(name for name in series if name not in self.taken)
        self.taken.add(name)
        return name

    def unique(self, name: str) -> str:
        """A name that nothing else has: itself, or `W_2`."""
        if name in self.taken:
            return self._numbered(f"{name}_", 2)
        self.taken.add(name)
        return name

    # Names that were given ----------------------------------------------------------------------

    def _give(self, known: Mapping[int, str]) -> None:
        """The given names; of two that are equal, the first keeps it."""
        paths: dict[str, str] = {}
        for key, place in self.places.items():
            if place.role == "constant":
                continue
            name = getattr(place.value, "name", None) or known.get(id(place.value))
            if isinstance(name, str) and name.strip():
                self.given[key] = shown(name)
                if name == getattr(place.value, "_path", None):  # a module gave it
                    paths[key] = shown(name)
        plain = {k: cut(name, LONGEST_NAME) for k, name in self.given.items() if k not in paths}
        wanted = plain | _from_paths(paths, self.given.values())
        firsts = {name: key for key, name in reversed(wanted.items())}
        self.names |= {key: self.unique(name) for name, key in firsts.items()}
        self.names |= {k: self.unique(x) for k, x in wanted.items() if self._is_free(k)}

    # What is done with them ---------------------------------------------------------------------

    def _weight(self, key: str, *changes: str) -> str | None:
        """The parameter that this is, maybe transposed, or otherwise changed."""
        place = self.places[key]
        if place.rule in ("transpose", *changes):
            place = self.places[place.operands[0]]
        return place.id if place.role == "parameter" and place.id not in self.inputs else None

    def _linear(self) -> dict[str, str | None]:
        """The linear maps, by the weight of each: a product with it, and what is added to that."""
        found: dict[str, str | None] = {}
        for key, place in self.places.items():
            if place.rule == "matmul":
                weights = [w for x in place.operands if (w := self._weight(x))]
                if weights:
                    found[key] = weights[-1]
            elif place.rule == "add":
                inner = [x for x in place.operands if x in found and self._leads_only_on(x)]
                others = [x for x in place.operands if x not in inner] if inner else []
                if inner and all(self._is_bias(x, place) for x in others):
                    found[key] = [found.pop(x) for x in inner][-1]
                    self.biases.update(others)
        return found

    def _leads_only_on(self, key: str) -> bool:
        return len(self.readers[key]) == 1 and key not in self.given

    def _is_bias(self, key: str, total: Place) -> bool:
        place = self.places[key]
        smaller = place.rule is None and place.data.ndim < total.data.ndim
        return smaller or place.role == "parameter"

    def _activating(self, path: Path) -> Path | None:
        """The outermost group of a path that is an activation."""
        starts = (path[:end] for end in range(1, len(path) + 1))
        return next((start for start in starts if start in self.activating), None)

    def _activations(self) -> dict[str, str | None]:
        """The activations, and what each is given; that counts as a linear map."""
        around = {path: self._activating(path) for path in set(self.groups.values())}
        inside = {
            key: path
            for key, place in self.places.items()
            if place.rule is not None and (path := around[self.groups[key]])
        }
        enters: dict[Path, str] = {}
        found: dict[str, str | None] = {}
        for key, place in self.places.items():
            path = inside.get(key)
            if path is None and place.row.activation:
                found[key] = place.operands[0]
            elif path is not None:
                outside = [x for x in place.operands if inside.get(x) != path]
                for x in (x for x in outside if self.places[x].rule is not None):
                    enters.setdefault(path, x)
                readers = self.readers.get(key, ())
                if key == self.result or any(inside.get(x) != path for x in readers):
                    found[key] = enters.get(path)
        for given in found.values():
            if given is not None and given not in found and self.places[given].rule is not None:
                self.linear.setdefault(given, None)
                place = self.places[given]
                inner = [self.places[x] for x in place.operands]
                if place.rule == "add" and any(x.rule is not None for x in inner):
                    self.biases.update(x.id for x in inner)  # of a neuron, too
        return found

    # Names that are made up ---------------------------------------------------------------------

    def _name_leaves(self) -> None:
        """W and b for what stands in a linear map, X and x for data, w for other parameters, mask
        for bools, and zeros."""
        weights = set(self.linear.values())
        groups: dict[str, list[str]] = {}
        for key, place in self.places.items():
            if place.rule is None and self._is_free(key):
                letter = "w" if place.role == "parameter" and key not in self.inputs else "x"
                if letter == "w" and key in self.biases:
                    letter = "b"
                elif place.data.dtype == bool:
                    letter = "mask"
                elif place.data.ndim and letter == "x" and not place.data.any():
                    letter = "zeros"  # such as a state at first; X is the data
                elif place.data.ndim > 1 or key in weights:
                    letter = letter.upper()
                groups.setdefault(letter, []).append(key)
        for letter, keys in groups.items():
            name = self.unique if len(keys) == 1 else self._numbered
            self.names |= {key: name(letter) for key in keys}

    def _name_layers(self) -> None:
        """Z1, and A1 behind it, with the number of their weight or bias, else in order.

        Without a number where there is one alone, outside of all modules; capitals for a matrix,
        and in a module.
        """
        layers: dict[str, list[str]] = {key: [key] for key in self.linear}
        firsts = {key: key for key in self.linear}  # the first value of the layer that each is in
        for key, x in self.activations.items():
            firsts[key] = firsts.get(x or "", key)
            layers.setdefault(firsts[key], []).append(key)
        wanted = {}
        for key, weight in self.linear.items():
            added = (self._weight(x, "reshape") for x in self.places[key].operands)
            own = weight or next(filter(None, added), None)
            if own and (digits := re.findall(r"\d+$", self.names[own])):
                wanted[key] = digits[0]
        if len(set(wanted.values())) < len(wanted):  # a weight is used twice
            wanted = {}
        free = (str(k) for k in count(1) if str(k) not in wanted.values())
        for first in filter(layers.get, self.places):
            members = layers[first]
            alone = len(layers) == 1 and not any(self.groups[key] for key in members)
            number = wanted.get(first) or ("" if alone else next(free))
            for key in filter(self._is_free, dict.fromkeys(members)):
                letter = "A" if key in self.activations else "Z"
                capital = self.groups[key] or self.places[key].data.ndim > 1
                self.names[key] = self.unique((letter if capital else letter.lower()) + number)


def _from_paths(paths: Mapping[str, str], given: Iterable[str]) -> dict[str, str]:
    """`layers.0.weight` and `layers.2.weight` are W1 and W2; others end as tells them apart.

    That is `factor` or `scale.factor`; of a weight and a bias, `query.weight` at least.
    """
    names = [name.split(".") for name in set(given)]
    endings = Counter(".".join(parts[k:]) for parts in names for k in range(len(parts)))
    seen: Counter[str] = Counter()
    modules: dict[tuple[str, int], int] = {}
    letters: dict[str, tuple[str, int]] = {}
    found = {}
    for key, path in paths.items():
        *module, last = parts = path.split(".")
        if last in LETTERS and module and module[-1].isdigit():
            of = ".".join(module), seen[path]
            seen[path] += 1  # the next one of this path is in another model
            letters[key] = LETTERS[last], modules.setdefault(of, len(modules) + 1)
            continue
        starts = range(len(module) - (last in LETTERS), 0, -1)
        short = [".".join(parts[k:]) for k in starts if not parts[k][:1].isdigit()]
        found[key] = next((ending for ending in short if endings[ending] == 1), path)
    found = {key: cut(name, 2 * LONGEST_NAME) for key, name in found.items()}
    for key, (letter, number) in letters.items():
        found[key] = letter + (str(number) if len(modules) > 1 else "")
    return found
