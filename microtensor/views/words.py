"""What the views say: a sentence of the catalogue by its key, counts, and a step in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Step
from .english import SENTENCES

LARGE = {12: "trillion", 9: "billion", 6: "million"}


class Told(NamedTuple):
    """A step in words.

    `title` is `p = w · x` or `p sends to w`; `brief` tells the step in a line, `p sends to w:
    0.5 × (−1) = −0.5`. In sentences, `numbers` is what is computed; backward, `reason` is why
    the local derivative is what it is, `notes` what else there is to see (`The gate is 42 %
    open.`), and `total` what has arrived so far, and how much is still to come. Steps of a `kind`
    have the same reason.
    """

    step: Step
    title: str
    brief: str
    numbers: str
    reason: str = ""
    notes: tuple[str, ...] = ()
    total: str = ""
    kind: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said, in order."""
        said = (self.numbers, self.reason, *self.notes, self.total)
        return tuple(sentence for sentence in said if sentence)

    @property
    def text(self) -> str:
        """The sentences in a row."""
        return " ".join(self.sentences)


def say(key: str, count: int | None = None, **fields: Any) -> str:
    """A sentence, with its fields filled in; with a count, its form for one or for many."""
    if count is not None:
        key += ".one" if count == 1 else ".many"
        fields["count"] = counted(count)
    return SENTENCES[key].format(**fields)


def translated(text: str) -> str:
    """What a row of the lexicon says in English, in the catalogue's language."""
    return SENTENCES.get(text, text)


def counted(count: int) -> str:
    """A count, which can have thousands of digits: `1,073,741,824`, `about 2e3010`."""
    if count < 10**15:
        return f"{count:,}"
    power = math.log10(count)
    mantissa, _, carry = f"{10 ** (power % 1):.2e}".partition("e")
    return say("about", number=f"{float(mantissa):g}e{int(power) + int(carry)}")


def large(count: int) -> str:
    """A large number of things in a few characters: 8,360 or about 10.7 billion."""
    if count < 10**15:
        for power, word in LARGE.items():
            if count >= 10**power:
                return say(word, number=f"{count / 10**power:.3g}")
    return counted(count)


def percent(chosen: Any) -> str:
    """The share of entries that are true: 42 %."""
    return f"{100 * float(np.mean(chosen)):.3g} %"


def axes_named(axes: Sequence[int]) -> str:
    """`axis 0`, or `axes 0 and 2`."""
    return say("axes", len(axes), axes=say("and").join(map(str, axes)))


def sentence(text: str) -> str:
    """Text that ends in a full stop; it starts as it is, since a name may stand there."""
    return text if text.endswith((".", "!", "?")) else text + "."
