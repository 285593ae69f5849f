"""The record run again in part: one entry nudged, one rule's derivative alone, one entry's column.

Values are called by the ids that `Graph.of` gives them. Nobody's tensor is touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import grad, unbroadcast
from ..errors import GradientError
from ..graph import places
from ..modes import mode
from ..tensor import Tensor

MOST_UPSTREAMS = 10_000  # one at a time, for a derivative that isn't recorded

Entry = tuple[int, ...]


class Replay:
    """What is behind a result, ready to be run again."""

    def __init__(self, result: Tensor) -> None:
        self.places = {place.id: place for place in places(result)}

    def nudged(self, identity: str, entry: Entry, step: float) -> float:
        """The result (summed, in float64) where one entry of a value is larger by `step`."""
        values: dict[str, Any] = {}
        moved = {identity}
        with np.errstate(all="ignore"):
            for place in self.places.values():
                value = place.value
                if place.id == identity:
                    value = np.array(_wide(value))
                    value[entry] += step
                elif place.reader is None and moved.intersection(place.operands):
                    moved.add(place.id)
                    rule: Any = place.value._rule
                    inputs = [values[x] for x in place.operands]
                    value = rule.forward(*inputs, **place.value._options)
                else:
                    value = _wide(value)
                values[place.id] = value[()] if isinstance(value, np.ndarray) else value
        return float(np.sum(values[place.id]))

    def sent(self, target: str, slot: int, g: Any) -> Any:
        """What a value sends to one of its operands when `g` arrives at it."""
        node: Any = self.places[target].value
        shape = node._inputs[slot].shape
        with np.errstate(all="ignore"):
            derivative = node._rule.derivative(slot)
            d = derivative(g, node._array, *node._values, **node._options)
            return d if d.shape == shape else unbroadcast(d, shape)

    def column(self, target: str, slot: int, entry: Entry) -> Any:
        """The derivative of every entry of a value with respect to one entry of an operand.

        What is sent back is linear in what arrives, `g`: its own derivative with respect to `g`
        is the local derivative. So the rule, fed a tensor, gives it exactly.
        """
        g = Tensor(np.zeros(self.places[target].value.shape), requires_grad=True)
        with np.errstate(all="ignore"), mode(recording=True):
            try:
                d = self.sent(target, slot, g)
            except Exception:  # a function of one's own may take arrays alone
                d = None
            if not isinstance(d, Tensor) or not d.requires_grad:
                return self._one_by_one(target, slot, entry)
            return np.asarray(grad(d[entry], g, np.ones(())).data)

    def _one_by_one(self, target: str, slot: int, entry: Entry) -> Any:
        """The same column by a gradient of 1 at each entry of the value in turn."""
        node: Tensor = self.places[target].value
        rule: Any = node._rule
        if node.size > MOST_UPSTREAMS:
            raise GradientError(
                f"follow: the derivative of {rule.name} isn't recorded, and its result has "
                f"{node.size:,} entries, more than {MOST_UPSTREAMS:,}; write it in "
                "NumPy's functions"
            )
        column = np.zeros(node.shape)
        for place in np.ndindex(node.shape):
            g = np.zeros(node.shape, node.dtype)
            g[place] = 1
            column[place] = np.asarray(self.sent(target, slot, g[()]))[entry]
        return column


def _wide(value: Any) -> Any:
    """A value's numbers, floats as float64, in which a small step is seen."""
    data = value._array if isinstance(value, Tensor) else value
    floats = isinstance(data, np.ndarray | np.generic) and data.dtype.kind == "f"
    return data.astype(np.float64) if floats else data
