"""What the views say: a sentence of the catalogue by its key, and how counts are said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .english import SENTENCES

LARGE = {12: "trillion", 9: "billion", 6: "million"}


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
