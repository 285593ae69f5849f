"""A reader of formulas typed by a person: `log(sigmoid(w*x + b))` with values for its names.

Python's own parser gives the tree, and only what is listed here is computed: names, numbers,
lists of them, operators, comparisons, indexing, `.T` and the functions below. Nothing is executed.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

import numpy as np

from .lexicon import NO_ROW, ROWS
from .modes import record_constants
from .operations import OPERATIONS, matmul, stack
from .tensor import Tensor

LONGEST = 2000  # characters
DEEPEST = 150  # brackets within brackets, or terms in a row
MOST_AXES = 16  # lists within lists
MOST_ENTRIES = 1_000_000  # of one value
MOST_IN_ALL = 10_000_000  # of all values that a formula computes
EXACT = 2**53  # up to here, floats are as good as whole numbers, of which NumPy's end at 2^63

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: row.function for row in OPERATIONS.values() for name in row.formulas
}
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: matmul,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
HINTS: dict[type, str] = {  # what is said of parts that aren't read, and of errors
    ast.BoolOp: "a choice is written where(condition, a, b)",
    ast.Tuple: "a vector is written [1, 2]",
    ast.Compare: "compare two values at a time",
    ZeroDivisionError: "division by zero",
    OverflowError: "the number is too large",
}

# Signs that stories print, as Python has them
PRINTED = str.maketrans(
    {"·": "*", "×": "*", "−": "-", "²": "**2", "³": "**3", "⁴": "**4", "½": "0.5", "√": "sqrt"}
    | {"≤": "<=", "≥": ">=", "≠": "!=", "ᵀ": ".T", "^": "**"}
)
ROOT = re.compile(r"√\s*(\w+(?:\((?:[^()]|\([^()]*\))*\))?)")  # of a name, a number or a call
SIZE = re.compile(r"\|([−-]?[\w(\[√](?:[^|]*[\w)\]])?)\|")


class ExpressionError(ValueError):
    """What is wrong with a formula: one line, the formula, and a caret under the place."""


def read(text: str, values: Mapping[str, Any] | None) -> Any:
    """The value of a formula, whose names are `values`: a tensor, or a number or an array.

    `None`: it is a value itself, and has no names.

    Raises ExpressionError, with the place of what it can't read or compute.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has {len(text):,} characters, more than {LONGEST:,}")
    text = " ".join(text.split())
    while "|" in text and (written := SIZE.sub(r"abs(\1)", text)) != text:
        text = written
    text = ROOT.sub(r"√(\1)", text).translate(PRINTED)
    if not text:
        raise ExpressionError("the formula is empty")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = min((error.offset or 1) - 1, len(text))
        raise ExpressionError(_pointed(f"not a formula: {error.msg}", text, place)) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the formula has too many brackets within brackets") from None
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise ExpressionError(
            f"the formula has more than {DEEPEST} brackets within brackets, or terms in a row"
        )
    with np.errstate(all="ignore"), record_constants():
        return _Reader(text, values).value(tree)


def leaves(given: Mapping[str, str], wrt: list[str] | None = None) -> dict[str, Tensor]:
    """A tensor for each name with its value as text, `{"w": "2", "X": "[[1, 2], [3, 4]]"}`.

    Those in `wrt` require a gradient (None: all).
    """
    for name in wrt or ():
        if name not in given:
            known = ", ".join(given) or "none"
            raise ExpressionError(f"there is no value {name!r} to differentiate by; given: {known}")
    found = {}
    for name, text in given.items():
        if not name.isidentifier():
            raise ExpressionError(f"a value is given as name=number, got '{name}={text}'")
        if name in FUNCTIONS:
            raise ExpressionError(f"{name} is a function; choose another name for the value")
        try:
            value = np.asarray(read(text, None), dtype=float)
        except (ExpressionError, OverflowError) as error:
            said = HINTS.get(type(error), error)
            raise ExpressionError(f"the value of {name}: {said}") from None
        found[name] = Tensor(value, requires_grad=wrt is None or name in wrt, name=name)
    return found


def _pointed(message: str, text: str, place: int) -> str:
    """The message, and below it the formula with a caret; of a long one, what is around it."""
    start = max(0, place - 60)
    return f"{message}\n  {text[start : start + 76]}\n  {' ' * (place - start)}^"


class _Reader:
    """Computes a tree, node by node."""

    def __init__(self, text: str, values: Mapping[str, Any] | None) -> None:
        self.text = text
        self.values = values or {}
        self.named = values is not None
        self.entries = 0  # of all that was computed

    def value(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(int() | float() as number):
                return number
            case ast.Name(name) if name in self.values:
                return self.values[name]
            case ast.Name("inf") if self.named:
                return math.inf
            case ast.IfExp(test, x, y):
                where = ast.copy_location(ast.Name("where"), node)
                return self._call(ast.copy_location(ast.Call(where, [test, x, y], []), node))
            case ast.List(items):
                return self._list(node, [self.value(item) for item in items])
            case ast.UnaryOp(op, x):
                return self._operation(node, op, x)
            case ast.BinOp(x, op, y) | ast.Compare(x, [op], [y]):
                return self._operation(node, op, x, y)
            case ast.Call():
                return self._call(node)
            case ast.Subscript(x, index):
                if np.ndim(inner := self.value(x)):
                    return self.applied(node, operator.getitem, inner, self._part(index, True))
            case ast.Attribute(x, "T"):
                if isinstance(inner := self.value(x), Tensor | np.ndarray):
                    return inner.T
        raise self.wrong(node, self._why_not(node))

    def _why_not(self, node: ast.AST) -> str:
        """What is said of a node that has no value."""
        match node:
            case ast.Constant(value):
                return f"{value!r} isn't a number"
            case ast.Name(name) if name in FUNCTIONS:
                return f"{name} is a function: write {name}(...)"
            case ast.Name(name) if not self.named:
                return f"{name} isn't a number, a vector [1, 2] or a matrix [[1, 2]]"
            case ast.Name(name):
                known = ", ".join(self.values)
                given = f"given are {known}" if known else "none are given"
                return f"{name} has no value: add {name}=... ({given})"
            case ast.Attribute(_, name):
                return f".{name} can't be read; of a matrix, .T can"
            case ast.Subscript():
                return "a number has no entries"
        return HINTS.get(type(node), "this can't be part of a formula")

    def wrong(self, node: ast.AST, message: str) -> ExpressionError:
        """The error that says so, with a caret under the node."""
        written = self.text.encode()  # the parser counts bytes
        start = getattr(node, "col_offset", 0)
        if isinstance(node, ast.BinOp | ast.Compare):
            start = node.left.end_col_offset or 0
            start += len(written[start:]) - len(written[start:].lstrip(b" )"))
        elif isinstance(node, ast.Attribute):
            start = (node.end_col_offset or 0) - len(node.attr.encode())
        place = len(written[:start].decode())
        return ExpressionError(_pointed(message, self.text, place))

    def applied(self, node: ast.AST, f: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """The function's value; where it raises, what it says, with a caret."""
        entries = _entries(f, inputs)
        if entries > MOST_ENTRIES:
            raise self.wrong(node, f"{entries:,} entries are more than {MOST_ENTRIES:,}")
        self.entries += entries
        if self.entries > MOST_IN_ALL:
            raise self.wrong(node, f"with this the formula has more than {MOST_IN_ALL:,} entries")
        try:
            found = f(*inputs, **options)
        except (ValueError, TypeError, IndexError, ArithmeticError) as error:
            said = HINTS.get(type(error)) or " ".join(str(error).split())
            raise self.wrong(node, said) from None
        if isinstance(found, complex):
            raise self.wrong(node, "this isn't a real number")
        if isinstance(found, Tensor) and not any(isinstance(x, Tensor) for x in inputs):
            return found.item() if found.ndim == 0 else found.data
        return found

    # What a formula is made of ------------------------------------------------------------------

    def _list(self, node: ast.AST, items: list[Any]) -> Any:
        """A vector, or rows; of numbers an array, with tensors in it a tensor."""
        if items and np.ndim(items[0]) >= MOST_AXES:
            raise self.wrong(node, f"lists have at most {MOST_AXES} levels")
        if any(isinstance(item, Tensor) for item in items):
            return self.applied(node, lambda *rows: stack(rows), *items)
        if len({np.shape(item) for item in items}) > 1:
            raise self.wrong(node, "the rows differ in length")
        return self.applied(node, lambda *rows: np.array(rows, dtype=float), *items)

    def _operation(self, node: ast.AST, op: ast.AST, *operands: ast.AST) -> Any:
        if type(op) not in OPERATORS:
            raise self.wrong(node, HINTS.get(type(op), "this operator can't be part of a formula"))
        inputs = [self.value(x) for x in operands]
        if isinstance(op, ast.Pow | ast.Div) and not isinstance(inputs[0], Tensor | np.ndarray):
            inputs[0] = self.applied(node, float, inputs[0])  # ints could grow without end
        return self.applied(node, OPERATORS[type(op)], *inputs)

    def _call(self, node: ast.Call) -> Any:
        """`sum(x, axis=0)`, or `x.sum(axis=0)`."""
        match node.func:
            case ast.Name(name):
                inputs = []
            case ast.Attribute(x, name):
                inputs = [self.value(x)]
            case _:
                raise self.wrong(node.func, "only a function can be called")
        if name not in FUNCTIONS:
            raise self.wrong(node.func, self._unknown(name))
        inputs += [self._part(argument) for argument in node.args]
        if name in ("max", "min") and len(inputs) == 2 and self._is_no_axis(*inputs):
            name += "imum"  # as stories write it
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.wrong(keyword.value, "this can't be part of a formula")
        options: Any = {keyword.arg: self._part(keyword.value) for keyword in node.keywords}
        function = FUNCTIONS[name]
        plain = not any(isinstance(x, Tensor | np.ndarray) for x in inputs)
        operands = len(inputs) if ROWS.get(function.__name__, NO_ROW).elementwise else 1
        for k, x in enumerate(inputs[:operands]):  # what follows is an axis or a shape
            if type(x) is int and (plain or abs(x) > EXACT):
                inputs[k] = self.applied(node, float, x)
        return self.applied(node, function, *inputs, **options)

    def _is_no_axis(self, x: Any, second: Any) -> bool:
        return isinstance(second, Tensor) or (np.ndim(x) == 0 and second is not None)

    def _unknown(self, name: str) -> str:
        if name in self.values:
            return f"{name} is a value, not a function: a product is written {name} * (...)"
        close = " or ".join(difflib.get_close_matches(name, FUNCTIONS))
        known = f"did you mean {close}?" if close else f"there are {', '.join(sorted(FUNCTIONS))}"
        return f"there is no function {name}: {known}"

    def _part(self, node: ast.AST, index: bool = False) -> Any:
        """What stands in brackets: a value, None, a tuple; in an index also `...` and slices."""
        match node:
            case ast.Tuple(items):
                return tuple(self._part(item, index) for item in items)
            case ast.Slice(start, stop, step):
                return slice(*(x and self._part(x, index) for x in (start, stop, step)))
            case ast.Constant(value) if value is None or (index and value is ...):
                return value
        value = self.value(node)
        if index and not isinstance(value, int):
            raise self.wrong(node, "an index is whole numbers and slices")
        return value


def _entries(f: Callable[..., Any], inputs: tuple[Any, ...]) -> int:
    """How many entries a result has at most, before it is computed."""
    arrays = [x for x in inputs if isinstance(x, Tensor | np.ndarray)]
    if f is matmul and len(arrays) == 2 and all(x.ndim for x in arrays):
        return arrays[0].size * arrays[1].size // max(1, arrays[0].shape[-1]) ** 2
    return math.prod(map(max, zip_longest(*(x.shape[::-1] for x in arrays), fillvalue=1)))
