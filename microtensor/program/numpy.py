"""A call of NumPy's as a person writes it: operators, brackets where needed, short arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .simplify import is_plain, order_of, shape_of
from .symbol import Symbol, is_numpy

ATOM, POWER, SIGN, PRODUCT, SUM, AND, OR, COMPARISON = 9, 8, 7, 6, 5, 3, 2, 1

# The operator, how firmly it holds together, and how firmly its operands have to.
INFIX = {
    "add": ("+", SUM, SUM, PRODUCT),
    "subtract": ("-", SUM, SUM, PRODUCT),
    "multiply": ("*", PRODUCT, PRODUCT, SIGN),
    "divide": ("/", PRODUCT, PRODUCT, SIGN),
    "floor_divide": ("//", PRODUCT, PRODUCT, SIGN),
    "remainder": ("%", PRODUCT, PRODUCT, SIGN),
    "matmul": ("@", PRODUCT, PRODUCT, SIGN),
    "power": ("**", POWER, ATOM, SIGN),
    "equal": ("==", COMPARISON, OR, OR),
    "not_equal": ("!=", COMPARISON, OR, OR),
    "less": ("<", COMPARISON, OR, OR),
    "less_equal": ("<=", COMPARISON, OR, OR),
    "greater": (">", COMPARISON, OR, OR),
    "greater_equal": (">=", COMPARISON, OR, OR),
    "logical_and": ("&", AND, AND, SUM),
    "logical_or": ("|", OR, OR, AND),
}
HELPERS = {
    "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
''',
    "softplus": '''
def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
''',
    "erf": '''
def erf(x):
    """Cody (1969), Math. Comp. 23, 631: near 0 erf itself, above it 1 - erf."""
    near = (
        [0.185777706184603153, 1.0],
        [3.16112374387056560, 23.6012909523441209],
        [113.864154151050156, 244.024637934444173],
        [377.485237685302021, 1282.61652607737228],
        [3209.37758913846947, 2844.23683343917062],
    )
    far = (
        [2.15311535474403846e-8, 1.0],
        [0.564188496988670089, 15.7449261107098347],
        [8.88314979438837594, 117.693950891312499],
        [66.1191906371416295, 537.181101862009858],
        [298.635138197400131, 1621.38957456669019],
        [881.952221241769090, 3290.79923573345963],
        [1712.04761263407058, 4362.61909014324716],
        [2051.07837782607147, 3439.36767414372164],
        [1230.33935479799725, 1230.33935480374942],
    )

    def quotient(x, pairs):
        a = b = 0.0
        for p, q in pairs:
            a, b = a * x + p, b * x + q
        return a / b

    size = np.abs(x)
    small, large = np.minimum(size, 0.5), np.clip(size, 0.5, 6)
    rest = np.exp(-large * large) * quotient(large, far)
    small = small * quotient(small * small, near)
    return np.copysign(np.where(size < 0.5, small, 1 - rest), x)
''',
    "overlap_add": '''
def overlap_add(g, axes):
    """What windows in the last axes bring to each entry of these axes, added up."""
    for axis in reversed(axes):
        before, n = [(0, 0)] * axis, g.shape[-1]
        after = [(0, 0)] * (g.ndim - 2 - axis)
        parts = [(g[..., i], (i, n - 1 - i)) for i in range(n)]
        g = sum(np.pad(part, [*before, around, *after]) for part, around in parts)
    return g
''',
    "sliding_window_view": '''
def sliding_window_view(x, window, axes):
    """Every window of these lengths along these axes, in new last axes."""
    for n, axis in zip(window, axes):
        places = np.arange(x.shape[axis] - n + 1)[:, None] + np.arange(n)
        x = np.moveaxis(np.take(x, places, axis), axis + 1, -1)
    return x
''',
    "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), shifted by the largest entry so that nothing overflows."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis)
''',
    "softmax": '''
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)), shifted by the largest entry so that nothing overflows."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)
''',
    "log_softmax": '''
def log_softmax(x, axis=-1):
    """log(softmax(x)), right where softmax itself rounds to 0 too."""
    low = x - np.max(x, axis=axis, keepdims=True)
    return low - np.log(np.sum(np.exp(low), axis=axis, keepdims=True))
''',
    "cofactors": '''
def cofactors(a):
    """det(a) times the transposed inverse of a, right where there is no inverse too."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :])
    turned = np.prod(others, axis=-1)[..., None, :] * u
    return np.linalg.det(u @ vh)[..., None, None] * (turned @ vh)
''',
    "put": '''
def put(g, index, shape):
    """Zeros of a shape, with g added in at an index."""
    placed = np.zeros(shape, np.result_type(g))
    np.add.at(placed, index, g)
    return placed
''',
    "put_each": '''
def put_each(parts, indices, shape):
    """Zeros of a shape, with every part added in at its index."""
    placed = np.zeros(shape, np.result_type(*parts))
    for part, index in zip(parts, indices):
        np.add.at(placed, index, part)
    return placed
''',
}
JAX = {
    "put": '''
def put(g, index, shape):
    """Zeros of a shape, with g added in at an index."""
    return np.zeros(shape, np.result_type(g)).at[index].add(g)
''',
    "put_each": '''
def put_each(parts, indices, shape):
    """Zeros of a shape, with every part added in at its index."""
    placed = np.zeros(shape, np.result_type(*parts))
    for part, index in zip(parts, indices):
        placed = placed.at[index].add(part)
    return placed
''',
}
SMALL, SHORT = 8, 32


SIMPLE = re.compile(r"-?[\w.]+")  # x**2, but np.exp(x) ** 2, as formatters have it


class Text(NamedTuple):
    """A piece of a program, and how firmly it holds together."""

    text: str
    binds: int = ATOM

    def within(self, needed: int) -> str:
        """In brackets, unless it holds together as firmly as is needed."""
        return self.text if self.binds >= needed else f"({self.text})"


Read = Callable[[Any], Text]


def is_known(symbol: Symbol) -> bool:
    """Whether its call can be written."""
    return symbol.call in SPECIAL or is_numpy(symbol)


def written(symbol: Symbol, read: Read, free: bool = False) -> Text:
    """A call, with `read` giving the text of an argument.

    `free`: a product of products and a sum of sums need no brackets; it may round otherwise.
    """
    call = symbol.call or ""
    if call in ADDING and symbol.dtype == np.float16:
        return _in_single(symbol, read)
    if call in SPECIAL:
        text = SPECIAL[call](symbol, read)
        if text is not None:
            return text
    if call in INFIX and ("logical" not in call or symbol.dtype.kind == "b"):
        sign, binds, left, right = INFIX[call]
        a, b = symbol.arguments
        if free and isinstance(b, Symbol) and (call, b.call) in REGROUPED and _is_of_one_kind(b):
            right = left
        x, y = read(a).within(left), read(b).within(right)
        close = call == "power" and SIMPLE.fullmatch(x) and SIMPLE.fullmatch(y)
        return Text(f"{x}{sign}{y}" if close else f"{x} {sign} {y}", binds)
    arguments = [read(x).text for x in symbol.arguments]
    given = [f"{key}={read(x).text}" for key, x in _said(symbol)]
    name = call if call in HELPERS else f"np.{NAMES.get(call, call)}"
    several = call.startswith("linalg.") and call.count(".") > 1  # whose part has a name
    name, _, part = name.rpartition(".") if several else (name, "", "")
    return Text(f"{name}({', '.join(arguments + given)})" + (part and f".{part}"))


# What adds up many numbers, or multiplies them: NumPy does it in half precision, and loses most.
# Of erf the numbers in between are too large for that.
TOTALS = {"sum", "var", "std", "cumsum", "prod"}
ADDING = {*TOTALS, "einsum", "softmax", "log_softmax", "logsumexp", "put", "put_each", "erf"}


def _in_single(symbol: Symbol, read: Read) -> Text:
    """A call on halves, made in single precision."""

    def wide(x: Any) -> Text:
        halves = any(x is y for y in symbol.arguments) and shape_of(x)
        return Text(f"{read(x).within(ATOM)}.astype(np.float32)") if halves else read(x)

    options = dict(symbol.options)
    if symbol.call in TOTALS:
        options["dtype"] = np.dtype(np.float32)
    single = Symbol(symbol.call, symbol.function, symbol.arguments, options, np.float32(0))
    text = written(single, read if symbol.call in TOTALS else wide).text
    return Text(f"{text}.astype(np.float16)")


REGROUPED = {
    ("multiply", "multiply"), ("multiply", "divide"), ("add", "add"), ("add", "subtract"),
}  # fmt: skip
NAMES = {"absolute": "abs"}


def _is_of_one_kind(symbol: Symbol) -> bool:
    """Whether all that stands in its text has its dtype, or none.

    Grouped otherwise, whole numbers could overflow, and bools have no sign.
    """
    first: Any = symbol
    while isinstance(first, Symbol) and first.call in ("multiply", "divide", "add", "subtract"):
        if any(getattr(x.value, "dtype", symbol.dtype) != symbol.dtype for x in first.operands):
            return False
        first = first.arguments[0]
    return True


def _said(symbol: Symbol) -> list[tuple[str, Any]]:
    """The options that aren't what they are anyway."""
    usual: dict[str, Any] = {"axis": None, "keepdims": False, "ddof": 0, "UPLO": "L"}
    if symbol.call in ("softmax", "log_softmax"):
        usual["axis"] = -1
    return [(k, x) for k, x in symbol.options.items() if k not in usual or x is not usual[k]]


def tuple_text(parts: Sequence[str]) -> str:
    """The text of a tuple."""
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def literal(x: Any) -> Text:
    """A number, index, shape, dtype or small array."""
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return Text(f"np.{np.dtype(x).name}")
    if isinstance(x, np.ndarray | np.generic):
        return _array(x)
    if isinstance(x, tuple):
        return Text(tuple_text([literal(v).text for v in x]))
    if isinstance(x, list):
        return Text(f"[{', '.join(literal(v).text for v in x)}]")
    if isinstance(x, float) and not math.isfinite(x):
        return Text("np.nan") if x != x else Text("np.inf") if x > 0 else Text("-np.inf", SIGN)
    if isinstance(x, float) and 1 < x < 1000 and len(repr(x)) > 9:
        square = round(x * x)
        if square**0.5 == x:
            return Text(f"{square}**0.5", POWER)
    if x is Ellipsis:
        return Text("...")
    plain = isinstance(x, str) and x.isprintable() and not {'"', "\\"}.intersection(x)
    text = f'"{x}"' if plain else repr(x)
    return Text(text, SIGN if text.startswith("-") else ATOM)


def _array(x: Any) -> Text:
    """An array's entries, its dtype where they don't tell it."""
    if x.ndim == 0:
        name = "bool_" if x.dtype == np.bool else x.dtype.name
        return Text(f"np.{name}({literal(x.item()).text})")
    usual = x.dtype in (np.float64, np.int64, np.bool)
    given = "" if usual else f", dtype=np.{x.dtype.name}"
    return Text(_concise(x) or f"np.array({literal(x.tolist()).text}{given})")


def _concise(x: np.ndarray[Any, Any]) -> str:
    """An array that NumPy has a name for; '' where it hasn't."""
    given = "" if x.dtype == np.float64 else f", dtype=np.{x.dtype.name}"
    if not x.size:
        return f"np.zeros({literal(x.shape).text}{given})"
    if x.dtype == np.int64 and x.ndim == 1 and x.size > 4 and (x == np.arange(x.size)).all():
        return f"np.arange({x.size})"
    if x.ndim == 2 and x.shape[0] == x.shape[1] and (x.dtype.kind == "f" or x.size > SMALL):
        given = ", dtype=bool" if x.dtype == np.bool else given
        for name in ("eye", "tri"):
            if len(x) > 1 and (x == getattr(np, name)(len(x))).all():
                return f"np.{name}({len(x)}{given})"
    if x.dtype.kind != "f":
        return ""
    first = x.flat[0].item()
    if first in (0, 1) and (x == first).all():
        return f"np.{'ones' if first else 'zeros'}({literal(x.shape).text}{given})"
    return ""


def is_short(x: np.ndarray[Any, Any]) -> bool:
    """Whether an array's entries stand in the text themselves."""
    return x.ndim == 0 or not x.size or (x.size <= SMALL and len(_array(x).text) <= SHORT)


def is_named(x: np.ndarray[Any, Any]) -> bool:
    """Whether NumPy has a name for an array: zeros, ones, eye, arange."""
    return bool(_concise(x))


def index(x: Any, read: Read) -> str:
    """What stands in the brackets of an index."""
    if isinstance(x, tuple) and x:
        return tuple_text([_part(part, read) for part in x])[1:-1]
    return "()" if isinstance(x, tuple) else _part(x, read)


def _part(x: Any, read: Read) -> str:
    """An index of one axis."""
    if isinstance(x, slice):
        bounds = (x.start, x.stop, x.step)
        parts = ["" if v is None else str(v) if is_plain(v) else read(v).text for v in bounds]
        return ":".join(parts if parts[2] else parts[:2])
    if getattr(x, "dtype", None) == np.bool and x.ndim == 0:
        return str(bool(x))
    return read(x).text


# Calls that aren't written `np.call(...)` -------------------------------------------------------


def _getitem(symbol: Symbol, read: Read) -> Text:
    x, where = symbol.arguments
    text = index(where, read)
    if len(shape_of(x)) == 1:
        text = {"..., None": ":, None", "..., None, :": "None, :"}.get(text, text)
    return Text(f"{read(x).within(ATOM)}[{text}]")


def _put(symbol: Symbol, read: Read) -> Text:
    where, shape = symbol.options["index"], symbol.options["shape"]
    return Text(f"put({read(symbol.arguments[0]).text}, {_place(where, read)}, {read(shape).text})")


def _put_each(symbol: Symbol, read: Read) -> Text:
    parts = tuple_text([read(x).text for x in symbol.arguments])
    places = tuple_text([_place(where, read) for where in symbol.options["indices"]])
    return Text(f"put_each({parts}, {places}, {read(symbol.options['shape']).text})")


def _place(where: Any, read: Read) -> str:
    """An index as an argument."""
    text = index(where, read)
    if any(isinstance(part, slice) for part in (where if isinstance(where, tuple) else (where,))):
        return f"np.s_[{text}]"
    return f"({text})" if isinstance(where, tuple) and where else text


def _transpose(symbol: Symbol, read: Read) -> Text | None:
    count, order, x = symbol.ndim, order_of(symbol), read(symbol.arguments[0])
    if order == tuple(reversed(range(count))):
        return Text(f"{x.within(ATOM)}.T")
    if order == (*range(count - 2), count - 1, count - 2):
        return Text(f"{x.within(ATOM)}.mT")
    return Text(f"np.transpose({x.text}, {literal(order).text})")


def _reshape(symbol: Symbol, read: Read) -> Text:
    x, shape = symbol.arguments[0], symbol.options.get("shape", symbol.shape)
    sizes = [shape] if isinstance(shape, int) else list(shape)
    if shape_of(x) and sizes:
        return Text(f"{read(x).within(ATOM)}.reshape({', '.join(read(n).text for n in sizes)})")
    return Text(f"np.reshape({read(x).text}, {read(shape).text})")


def _astype(symbol: Symbol, read: Read) -> Text:
    x, kind = read(symbol.arguments[0]), literal(symbol.dtype).text
    return Text(f"{x.within(ATOM)}.astype({kind})" if symbol.shape else f"{kind}({x.text})")


def _pad(symbol: Symbol, read: Read) -> Text:
    x, widths, number = *symbol.arguments, *symbol.options.values()
    given = "" if number == 0 else f", constant_values={read(number).text}"
    return Text(f"np.pad({read(x).text}, {read(widths).text}{given})")


def _negative(symbol: Symbol, read: Read) -> Text:
    inner = symbol.arguments[0]
    x = read(inner)
    if x.binds == PRODUCT and not _is_of_one_kind(inner):
        return Text(f"-({x.text})", SIGN)
    return Text(f"-{x.within(PRODUCT)}", PRODUCT if x.binds == PRODUCT else SIGN)


def _full(symbol: Symbol, read: Read) -> Text:
    """Ones and zeros by their name."""
    shape, number = symbol.arguments
    given = "".join(f", dtype={literal(x).text}" for x in symbol.options.values())
    for value, name in ((0, "zeros"), (1, "ones")):
        if is_plain(number) and number == value:
            return Text(f"np.{name}({read(shape).text}{given})")
    return Text(f"np.full({read(shape).text}, {read(number).text}{given})")


def _clip(symbol: Symbol, read: Read) -> Text | None:
    """Without a bound that is none."""
    x, low, high = symbol.arguments
    for bound, name, other in ((high, "maximum", low), (low, "minimum", high)):
        if isinstance(bound, float) and math.isinf(bound):
            return Text(f"np.{name}({read(x).text}, {read(other).text})")
    return None


def _einsum(symbol: Symbol, read: Read) -> Text | None:
    """With the subscripts first."""
    if "subscripts" not in symbol.options:
        return None
    texts = [f'"{symbol.options["subscripts"]}"', *(read(x).text for x in symbol.arguments)]
    if len(texts) > 3:
        texts.append("optimize=True")
    return Text(f"np.einsum({', '.join(texts)})")


def _norm(symbol: Symbol, read: Read) -> Text | None:
    """By its shorter name, where that has it."""
    options = symbol.options
    if options["ord"] != 2 or (isinstance(options["axis"], tuple) and len(options["axis"]) > 2):
        return None
    given = [f"{key}={read(x).text}" for key, x in _said(symbol) if key != "ord"]
    return Text(f"np.linalg.norm({', '.join([read(symbol.arguments[0]).text, *given])})")


SPECIAL: dict[str, Callable[[Symbol, Read], Text | None]] = {
    "einsum": _einsum,
    "getitem": _getitem,
    "put": _put,
    "put_each": _put_each,
    "transpose": _transpose,
    "reshape": _reshape,
    "astype": _astype,
    "negative": _negative,
    "pad": _pad,
    "full": _full,
    "clip": _clip,
    "linalg.vector_norm": _norm,
}
