"""Another batch: the record with more or fewer examples, which its program is tried with."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..modes import mode
from ..names import Place, places
from ..tensor import Tensor, apply
from .symbol import Length, Symbol, convert, length, record_call, twin_of

FEW = 5
WAYS = ((False, 0), (False, -1), (True, 0))  # whether what has a gradient follows, and the axis


class Batch:
    """The data of a record with other numbers of examples, `lengths`, along an axis.

    Every array of such a length there is data: leaves without a gradient, arrays in an index,
    and if `tracked` the other leaves too. An index that goes over all rows goes over all of these.
    """

    def __init__(
        self, axis: int, counts: Iterable[int], tracked: bool, ranges: Container[int]
    ) -> None:
        self.axis = axis
        self.lengths = {n: Length(n, n + 1 if n <= FEW else FEW) for n in counts}
        self.tracked = tracked
        self.ranges = ranges  # the ids of what goes over all rows, in an index
        self._ranges = {n: record_call("arange", np.arange, (x,)) for n, x in self.lengths.items()}
        self._twins: dict[int, tuple[Any, Any]] = {}  # what it is of, which keeps its id; a twin
        self._symbols: dict[int, Symbol] = {}

    def twin(self, x: Any) -> Any:
        """What stands for a leaf or an array; its own array where it has another length."""
        data = x._array if isinstance(x, Tensor) else x
        length = self.lengths.get(data.shape[self.axis]) if np.ndim(data) else None
        if length is None or (getattr(x, "_requires_grad", False) and not self.tracked):
            return data
        if id(x) not in self._twins:
            rows = np.minimum(np.arange(length.twin), int(length) - 1)
            self._twins[id(x)] = x, np.take(data, rows, self.axis)
        return self._twins[id(x)][1]

    def options(self, given: dict[str, Any], shape: Sequence[int]) -> dict[str, Any]:
        """The options of a rule on an operand of this shape, with symbols for what follows.

        A new shape does where the old one does, and an index, row by row, where it is as long.
        """
        here, over = self.axis, bool(shape) and isinstance(shape[0], Length)
        if "index" in given:
            index = convert(given["index"], lambda x: self._index(x, over))
            given = {**given, "index": index}
        wanted = given.get("shape")
        if wanted and shape and isinstance(shape[here], Length) and wanted[here] == shape[here]:
            sizes = list(wanted)
            sizes[here] = shape[here]
            given = {**given, "shape": tuple(sizes)}
        return given

    def _index(self, x: Any, over: bool) -> Any:
        if id(x) in self.ranges:
            return self._ranges[len(x)] if over else x
        if not is_index(x) or self.twin(x) is x:
            return x
        symbol = self._symbols.setdefault(id(x), Symbol(None, None, (), {}, x))
        symbol.twin = self.twin(x)
        return symbol

    def run(self, places: Iterable[Place]) -> dict[str, Any]:
        """Every value of the record, by its id, computed from the other batch."""
        made: dict[str, Any] = {}
        with mode(recording=True, constants=True, watch=None, recorder=None, group=None):
            for place in places:
                x: Any = place.value
                if place.reader is not None:
                    made[place.id] = self.twin(x) if np.ndim(x) else x
                elif x._rule is None:
                    made[place.id] = Tensor(self.twin(x), x._requires_grad)
                else:
                    inputs = tuple(made[key] for key in place.operands)
                    sizes = zip(np.shape(x._values[0]), np.shape(inputs[0]), strict=True)
                    options = self.options(x._options, [length(*pair) for pair in sizes])
                    made[place.id] = apply(x._rule, inputs, convert(options, twin_of))
        return made


def is_index(x: Any) -> bool:
    """An array of positions: of bools, another batch would choose other entries."""
    return isinstance(x, np.ndarray) and x.ndim > 0 and x.dtype.kind in "iu"


def is_range(x: Any) -> bool:
    """Whether it goes over all rows, as `np.arange(m)` does."""
    return is_index(x) and x.ndim == 1 and x.dtype == int and np.array_equal(x, np.arange(x.size))


def batches(
    result: Tensor, data: Sequence[Any], ranges: Container[int]
) -> Iterator[tuple[Batch, dict[str, Any]]]:
    """What may be the batch, the likeliest first, and all values of the record in another.

    That is the first axis of some data, or the last, where the record can be computed so.
    """
    known = list(places(result))
    tried = set()
    for x in data:
        for tracked, axis in WAYS:
            first = x.shape[axis]
            others = {y.shape[axis] for y in data} - {first, 1}
            counts: list[int] = []
            for count in (first, *sorted(others)):
                batch = Batch(axis, [*counts, count], tracked, ranges)
                values = None if (tracked, axis, first) in tried else _values(batch, known)
                if values is not None:
                    counts, found = [*counts, count], (batch, values)
                elif not counts:
                    break
            tried.add((tracked, axis, first))
            if counts:
                yield found


def _values(batch: Batch, known: list[Place]) -> dict[str, Any] | None:
    try:
        values = batch.run(known)
    except Exception:  # the number of examples stands in it, and a user's operation may say so
        return None
    last = known[-1]
    return values if values[last.id].shape == last.value.shape else None
