"""Numbers as pictures show them: 4 significant digits, a true minus sign, an honest ≈."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..graph import Edge, Graph
from ..lexicon import spoken
from .words import case, say

MOST_SHOWN = 4  # a matrix with so many rows and columns is shown in full
BARS = " ▁▂▃▄▅▆▇█"
BINS = 12
LONGEST_SUM = 40


def number(value: Any) -> str:
    """A number to 4 significant digits: `0.8808`, `−6`, `3.47e−5`, `True`."""
    array = np.asarray(value)
    value = array.item()
    if array.dtype.kind == "b":
        return str(value)
    if array.dtype.kind in "iu" and abs(value) < 10**7:
        return str(value).replace("-", "−")
    text = f"{float(value):.4g}"
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return "0" if text == "-0" else text.replace("-", "−")


def factor(value: Any) -> str:
    """A number in a product or a sum: a negative one in brackets."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def multiplier(graph: Graph, edge: Edge) -> tuple[str, bool]:
    """What upstream is multiplied by on the way back, between arrays; whether it is one number.

    An array is called by its formula, whatever it holds: one of all ones isn't 1.
    """
    target, operands = graph.node(edge.target), graph.operands(edge.target)
    known = {"out": target} | {str(slot): x for slot, x in enumerate(operands)}
    named = re.findall(r"{(\w+)}", spoken(case(graph, edge.target).locals, edge.slot))
    local = np.asarray(edge.local)
    alike = local.size and ((local == local.flat[0]) | (local != local)).all()
    if edge.formula and alike and all(np.size(known[x].value) == 1 for x in named if x in known):
        return factor(local.flat[0]), True
    formula = edge.formula or f"∂{target.name}/∂{graph.node(edge.source).name}"
    bare = re.sub(r"\([^()]*\)", "", formula)
    return (f"({formula})" if " " in bare or bare.startswith("−") else formula), False


def product(a: Any, b: Any, result: Any) -> tuple[str, str]:
    """`0.8808 × (−2) =` and `−1.762`; ≈ where the shown factors don't give what is shown."""
    return f"{factor(a)} × {factor(b)} {equals(operator.mul, (a, b), result)}", number(result)


def added(parts: Sequence[Any], result: Any) -> tuple[str, str]:
    """`(−3) + 2 + 2` and =, or ≈ where the shown parts don't add up to what is shown."""
    return " + ".join(map(factor, parts)), equals(_whole, parts, result)


def _whole(*parts: float) -> float:
    return summed(parts)


SUMS = _whole, np.add, np.subtract


def lost(parts: Iterable[float], whole: float) -> bool:
    """Whether a sum is shown as it is without its smallest part, as in 1 + 2e−11 ≈ 1."""
    least = min(filter(None, map(abs, parts)), default=0)
    return least > 0 and math.isfinite(whole) and number(whole) == number(whole - least)


def summed(parts: Iterable[float]) -> float:
    """A sum without rounding on the way; inf or nan where numbers overflow or cancel infinities."""
    parts = list(parts)
    try:
        return math.fsum(parts)
    except (OverflowError, ValueError):
        return float(sum(parts))


def total(parts: Sequence[Any], result: Any, most: int) -> str:
    """`(−3) + 2 + 2 = 1`; of one part, or of more than `most`, the sum alone."""
    shown = line(result)
    return " ".join((*added(parts, result), shown)) if 1 < len(parts) <= most else shown


def sum_text(parts: Sequence[Any], result: Any) -> str:
    """A gradient as the sum of contributions, in the order in which they arrive."""
    one = np.size(result) == 1
    text = "{1} {0}".format(*added(parts, result)) if one else " + ".join(map(array, parts))
    whole = one or small(np.shape(result)) or not np.size(result)
    if whole and len(text) <= LONGEST_SUM and "\n" not in text:
        return text
    return say("sum.long", parts=len(parts))


def equals(f: Callable[..., Any], shown: Sequence[Any], result: Any) -> str:
    """`=` where f of the numbers as shown gives what is shown, and no part is `lost`; else `≈`."""
    numbers = [_shown(x) for x in shown]
    whole = f(*numbers)
    equal = number(whole) == number(result)
    return "=" if equal and not (f in SUMS and lost(numbers, whole)) else "≈"


def _shown(value: Any) -> np.float64:
    return np.float64(number(value).replace("−", "-").replace("True", "1").replace("False", "0"))


def exact(value: Any) -> bool:
    """Whether a number is shown as it is, not rounded."""
    value = np.asarray(value)[()]
    return bool(_shown(value) == value or value != value)


def apart(a: Any, b: Any) -> float:
    """The largest difference of two arrays' entries; 0 between infinities and nans that agree."""
    a, b = np.asarray(a), np.asarray(b)
    off = np.where((a == b) | ((a != a) & (b != b)), 0.0, np.abs(a - b))
    return float(np.max(off, initial=0))


def close(difference: float, size: float, value: Any) -> bool:
    """Whether a difference beside numbers of a size can be rounding, in the value's dtype."""
    eps = np.finfo(np.result_type(np.asarray(value).dtype, np.float16)).eps
    return math.isfinite(difference) and abs(difference) <= math.sqrt(eps) * size


def line(value: Any) -> str:
    """A value within a sentence: `[[1, 2], [3, −4]]`; a larger one's shape and RMS."""
    value = np.asarray(value)
    if not small(value.shape):
        return f"{size(value.shape)}, {array(value)}"
    if value.ndim == 0:
        return number(value)
    return f"[{', '.join(map(line, value))}]"


def given(name: str, value: Any) -> str:
    """A value by its name in a sentence: `w = 2`, or `W (209×20, RMS 0.5)`."""
    return f"{name} = {line(value)}" if small(np.shape(value)) else f"{name} ({line(value)})"


def size(shape: tuple[int, ...]) -> str:
    """A shape, `209×20`; of a single number, `scalar`."""
    return "×".join(map(str, shape)) or say("scalar")


def small(shape: tuple[int, ...]) -> bool:
    """Whether an array is shown in full."""
    return len(shape) <= 2 and all(0 < length <= MOST_SHOWN for length in shape)


def array(value: Any) -> str:
    """A small array in full, a line for each row; of a larger one the root mean square."""
    value = np.asarray(value)
    if not small(value.shape):
        return _rms(value) if value.size else say("empty")
    if value.ndim == 0:
        return number(value)
    rows = [[number(x) for x in row] for row in np.atleast_2d(value)]
    if len(rows) == 1:
        return f"[{' '.join(rows[0])}]"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[x.rjust(n) for x, n in zip(row, widths, strict=True)] for row in rows]
    return "\n".join(f"[{'  '.join(row)}]" for row in padded)


def rms(value: Any) -> float:
    """The root mean square, comparable between shapes; nan of an empty array."""
    array = np.asarray(value)
    if not array.size:
        return math.nan
    array = array.ravel()
    scale = max(abs(float(array.min())), abs(float(array.max())))
    if not 0 < scale < math.inf:
        return scale
    array = array.astype(np.result_type(array, np.float64), copy=False)
    if 1e-100 < scale < 1e100:  # without BLAS, whose threads wait on a busy machine
        return math.sqrt(float(np.einsum("i,i", array, array)) / array.size)
    return scale * math.sqrt(float(np.square(array / scale).mean()))


def brief(value: Any) -> str:
    """A single number, or `RMS 0.38`."""
    return number(value) if np.size(value) == 1 else _rms(value)


def unmasked(value: Any) -> Any:
    """The entries of an array without −inf, where all others are finite: so are scores masked."""
    value = np.asarray(value)
    masked = value == -np.inf
    others = value[~masked] if masked.any() and not masked.all() else value
    return others if np.isfinite(others).all() else value


def _rms(value: Any) -> str:
    others = unmasked(value)
    key = "rms" if np.size(others) == np.size(value) else "rms.unmasked"
    return say(key, number=number(rms(others)))


def bars(value: Any) -> str:
    """A histogram of an array in a line of block characters, `▁▂▅█▃▁`."""
    array = np.asarray(value, dtype=float).ravel()
    counts, _ = histogram(array[np.isfinite(array)] / unit(array), BINS)
    levels = np.ceil(counts * 8 / max(1, counts.max())).astype(int)
    return "".join(BARS[level] for level in levels) if counts.any() else ""


def unit(value: Any) -> float:
    """1, or the largest of numbers so large (so small) that their differences overflow (vanish)."""
    largest = float(np.max(np.abs(value), initial=0, where=np.isfinite(value)))
    return 1.0 if 1e-290 < largest < 1e290 or not largest else largest


def histogram(array: Any, bins: int) -> tuple[Any, Any]:
    """How many of the numbers, all finite, are in each of so many bins, and the bins' edges.

    One number alone, rounding apart, is a single bar in the middle.
    """
    low, high = (float(f(array)) if array.size else 0.0 for f in (np.min, np.max))
    largest = max(abs(low), abs(high))
    if not high - low > 1e-12 * largest:
        low -= (largest or 1) * (bins // 2 + 0.5) / bins
        high = low + (largest or 1)
    return np.histogram(array, bins, (low, high))


def summed_axes(wide: tuple[int, ...], shape: tuple[int, ...]) -> list[int]:
    """The axes of `wide` along which broadcasting copied an array of `shape`."""
    extra = len(wide) - len(shape)
    return [
        axis
        for axis, length in enumerate(wide)
        if axis < extra or (shape[axis - extra] == 1 and length != 1)
    ]
