"""Identifiers of Python: like a name that was given, and each of them once."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable

RESERVED = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "np", "jnp", "jax"}


class Identifiers:
    """Identifiers of Python, each given out once; `spare` are no names to be made up."""

    def __init__(self, taken: Iterable[str], spare: Container[str] = ()) -> None:
        self.taken = RESERVED.union(taken)
        self.spare = spare
        self.counts: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """A valid name that nothing else has, like this one."""
        name = candidate = identifier(name)
        count = 1
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
            if name not in self.taken and name not in self.spare:
                return self.unique(name)


def identifier(name: str) -> str:
    """A name that Python takes, as like this one as can be: `2nd layer` is `_2nd_layer`."""
    name = unicodedata.normalize("NFKC", name)
    text = re.sub(r"_+", "_", "".join(c if ("_" + c).isidentifier() else "_" for c in name))
    text = text[:40].strip("_") or "value"
    return text if text.isidentifier() else "_" + text
