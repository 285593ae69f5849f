"""Data that no record has: what slices are slices of, and the labels that an index was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .lexicon import ROWS
from .names import Names, Place
from .tensor import Tensor, index_name, memory_of, owner


class Labels(np.ndarray[Any, Any]):
    """Whole numbers in an index, which are written by a name: of data, or `arange(6)`."""

    name = ""
    is_data = True

    def __array_finalize__(self, of: Any) -> None:
        self.name, self.is_data = getattr(of, "name", ""), getattr(of, "is_data", True)

    def __reduce__(self) -> tuple[Any, ...]:
        return _written, (np.asarray(self), self.name, self.is_data)

    def __str__(self) -> str:
        return self.name


class Data:
    """The places of a record, with the data that its slices and indices come from among them.

    `options` are those of the places that were read anew. Two slices or more of an array that
    requires no gradient come from that array, as slices of a tensor do that requires one.
    """

    def __init__(self, behind: Sequence[Place], names: Names, known: Mapping[str, Any]) -> None:
        self.options: dict[str, dict[str, Any]] = {}
        self._names = names
        self._known = {id(value): name for name, value in known.items()}
        self._arrays = {
            name: x
            for name, value in known.items()
            if isinstance(x := getattr(value, "_array", value), np.ndarray) and x.dtype.kind in "iu"
        }
        self._unused = self._arrays.keys() - names.names.values() if self._arrays else set()
        self._labels: dict[Any, Place] = {}
        self._free = iter(range(2 * len(behind)))
        wholes = self._wholes(behind)
        found: dict[str, Place] = {}
        for place in behind:
            sources: list[Place] = []
            if place.id in wholes:
                sources = [wholes[place.id]]
                row = ROWS["getitem"]
                place = place._replace(operands=(sources[0].id,), rule=row.name, row=row)
            elif place.rule == "getitem":
                sources = self._indices(place)
                place = place._replace(operands=(*place.operands, *(x.id for x in sources)))
            for x in (*sources, place):
                found.setdefault(x.id, x)
        self.places = list(found.values())

    def _place(self, value: Any, reader: Tensor | None, name: str, given: str | None) -> Place:
        """A new place, called as it was, or by a name of our own."""
        place = Place(f"d{next(self._free)}", value, (), reader, "input")
        own = given in self._unused  # the caller's name for it, which is kept for it
        self._unused -= {given}
        self._names.names[place.id] = given if own and given else self._names.unique(given or name)
        if given:
            self._names.given[place.id] = given
        return place

    # Slices -------------------------------------------------------------------------------------

    def _wholes(self, behind: Sequence[Place]) -> dict[str, Place]:
        """By the id of each slice, what it is a slice of."""
        slices: dict[int, list[tuple[Place, Any, Any]]] = {}
        for place in behind:
            if place.role != "input" or not place.data.ndim or place.data.base is None:
                continue
            whole: Any = owner(place.data)
            if place.reader is None:
                *_, whole = memory_of(place.value)
            array = getattr(whole, "_array", whole)
            index = slice_of(array, place.data)
            if whole is not place.value and index is not None:
                slices.setdefault(id(whole), []).append((place, whole, index))
        here = {id(place.value): place for place in behind if slices and place.rule is None}
        found = {}
        for key, several in slices.items():
            if len({str(index) for *_, index in several}) == 1 and key not in here:
                continue
            whole = several[0][1]
            place = here.get(key) or self._whole(whole, several[0][0].reader)
            for part, _, index in several:
                found[part.id] = place
                self.options[part.id] = {"index": index}
        return found

    def _whole(self, whole: Any, reader: Tensor | None) -> Place:
        tensor = isinstance(whole, Tensor)
        given = (whole.name if tensor else None) or self._known.get(id(whole))
        name = "X" if np.ndim(whole) > 1 else "x"
        return self._place(whole, None if tensor else reader, name, given)

    # Labels -------------------------------------------------------------------------------------

    def _indices(self, place: Place) -> list[Place]:
        """The labels and numbers that an index has."""
        index = place.value._options["index"]
        parts = list(index) if isinstance(index, tuple) else [index]
        found = []
        for k, part in enumerate(parts):
            if _is_label(part, parts) and (given := self._called(part, place, parts)):
                found.append(given)
                parts[k] = _written(part, self._names.names[given.id])
        if found:
            ranges = (_is_range(x) and not isinstance(x, Labels) for x in parts)
            each = zip(parts, ranges, strict=True)
            parts = [_written(x, f"arange({len(x)})", False) if known else x for x, known in each]
            whole = tuple(parts) if isinstance(index, tuple) else parts[0]
            self.options[place.id] = {"index": whole}
        return found

    def _called(self, part: Any, place: Place, parts: list[Any]) -> Place | None:
        """The labels of an index, one place for all that are equal; None: they are no data."""
        key = part.shape, part.tobytes()
        given = index_name(part) or next(
            (name for name, x in self._arrays.items() if np.array_equal(x, part)), None
        )
        data = len(parts) > 1 and _is_range(parts[0])
        table = (
            len(parts) == 1
            and place.operands[0] in self._names.places
            and (self._names.places[place.operands[0]].role == "parameter")
        )
        if key not in self._labels and (given or data or table):
            name = ("X" if part.ndim > 1 else "x") if table else "y"
            self._labels[key] = self._place(part, place.value, name, given)
        return self._labels.get(key)


def _written(part: Any, name: str, is_data: bool = True) -> Labels:
    labels: Labels = part.view(Labels)
    labels.name, labels.is_data = name, is_data
    return labels


def _is_label(part: Any, parts: list[Any]) -> bool:
    whole = isinstance(part, np.ndarray) and part.dtype.kind in "iu" and part.size > 1
    return whole and not (_is_range(part) and part is parts[0])


def _is_range(part: Any) -> bool:
    return np.ndim(part) == 1 and np.array_equal(part, np.arange(np.size(part)))


def slice_of(whole: Any, part: Any) -> tuple[Any, ...] | None:
    """The index of whole numbers and slices that gives this view of an array; None: no such."""
    if not isinstance(whole, np.ndarray) or whole.dtype != part.dtype or not part.size:
        return None
    index = tuple(_parts(whole, part))
    while len(index) > 1 and index[-1] == slice(None):
        index = index[:-1]
    again = whole[index]
    same = again.shape == part.shape and again.strides == part.strides
    return index if same and _address(again) == _address(part) else None


def _parts(whole: Any, part: Any) -> Iterator[Any]:
    """For each axis of an array in C's order, where a view of it lies along it."""
    offset = _address(part) - _address(whole)
    lengths = list(zip(part.shape, part.strides, strict=True))
    for length, stride in zip(whole.shape, whole.strides, strict=True):
        start, offset = divmod(offset, stride) if stride > 0 else (0, offset)
        many, step = lengths[0] if lengths else (0, 0)
        times = step // stride if stride > 0 and step % stride == 0 else 0
        if not many or not 0 < abs(times) < max(length, 2):
            yield int(start)
            continue
        lengths.pop(0)
        stop: Any = start + times * many
        if (start, times, many) == (0, 1, length):
            yield slice(None)
        else:
            yield slice(int(start), int(stop) if stop >= 0 else None, times if times != 1 else None)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
