"""A reader of formulas typed by a person: `log(sigmoid(w*x + b))` with values for its names.

Python's own parser gives the tree, and only what is listed here is computed: names, numbers,
lists of them, operators, comparisons, indexing, `.T` and the functions below. Nothing is executed.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from .modes import record_constants
from .operations import OPERATIONS, matmul, stack
from .tensor import Tensor

LONGEST = 2000  # characters
DEEPEST = 150  # brackets within brackets, or terms in a row
MOST_ENTRIES = 1_000_000

FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: row.function for row in OPERATIONS.values() for name in row.formulas
}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
HINTS: dict[type, str] = {
    ast.BitXor: "a power is written **",
    ast.IfExp: "a choice is written where(condition, a, b)",
    ast.BoolOp: "a choice is written where(condition, a, b)",
    ast.FloorDiv: "division is written /",
    ast.Tuple: "a vector is written [1, 2]",
}


class ExpressionError(ValueError):
    """What is wrong with a formula: one line, the formula, and a caret under the place."""


def read(text: str, values: Mapping[str, Any] | None) -> Any:
    """The value of a formula, whose names are `values`: a tensor, or a number or an array.

    `None`: it is a value itself, and has no names.

    Raises ExpressionError, with the place of what it can't read or compute.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST:
        raise ExpressionError(f"the formula has {len(text):,} characters, more than {LONGEST:,}")
    if not text:
        raise ExpressionError("the formula is empty")
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = min((error.offset or 1) - 1, len(text))
        raise ExpressionError(_pointed(f"not a formula: {error.msg}", text, place)) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("the formula has too many brackets within brackets") from None
    if _depth(tree) > DEEPEST:
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
        except ExpressionError as error:
            raise ExpressionError(f"the value of {name}: {error}") from None
        found[name] = Tensor(value, requires_grad=wrt is None or name in wrt, name=name)
    return found


def _pointed(message: str, text: str, place: int) -> str:
    """The message, and below it the formula with a caret; of a long one, what is around it."""
    start = max(0, place - 60)
    return f"{message}\n  {text[start : start + 76]}\n  {' ' * (place - start)}^"


def _depth(tree: ast.AST) -> int:
    """How many nodes are in one another."""
    level, depth = [tree], 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


class _Reader:
    """Computes a tree, node by node."""

    def __init__(self, text: str, values: Mapping[str, Any] | None) -> None:
        self.text = text
        self.values = values or {}
        self.named = values is not None

    def value(self, node: ast.AST) -> Any:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            self.refuse(node, HINTS.get(type(node), "this can't be part of a formula"))
        return method(node)

    def refuse(self, node: ast.AST, message: str) -> NoReturn:
        """Raises, with a caret under the node."""
        written = self.text.encode()  # the parser counts bytes
        start = getattr(node, "col_offset", 0)
        if isinstance(node, ast.BinOp | ast.Compare):
            start = node.left.end_col_offset or 0
            start += len(written[start:]) - len(written[start:].lstrip(b" )"))
        elif isinstance(node, ast.Attribute):
            start = (node.end_col_offset or 0) - len(node.attr.encode())
        place = len(written[:start].decode())
        raise ExpressionError(_pointed(message, self.text, place)) from None

    def applied(self, node: ast.AST, f: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """The function's value; where it raises, what it says, with a caret."""
        try:
            self._measured(node, f, inputs)
            found = f(*inputs, **options)
        except ZeroDivisionError:
            self.refuse(node, "division by zero")
        except OverflowError:
            self.refuse(node, "the number is too large")
        except (ValueError, TypeError, IndexError) as error:
            if isinstance(error, ExpressionError):
                raise
            self.refuse(node, " ".join(str(error).split()))
        if isinstance(found, complex):
            self.refuse(node, "this isn't a real number")
        if isinstance(found, Tensor) and not any(isinstance(x, Tensor) for x in inputs):
            return found.item() if found.ndim == 0 else found.data
        return found

    def _measured(self, node: ast.AST, f: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        """Refuses what would be too large, before it is computed."""
        shapes = [x.shape for x in inputs if isinstance(x, Tensor | np.ndarray)]
        if f in (matmul, operator.matmul) and len(shapes) == 2 and all(shapes):
            entries = math.prod(shapes[0][:-1]) * math.prod(shapes[1]) // (shapes[1][-2:] or [1])[0]
        else:
            try:
                entries = math.prod(np.broadcast_shapes(*shapes))
            except ValueError:
                return  # the operation itself says so better
        if entries > MOST_ENTRIES:
            self.refuse(node, f"{entries:,} entries are more than {MOST_ENTRIES:,}")

    # What a formula is made of ------------------------------------------------------------------

    def _constant(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, int | float):
            self.refuse(node, f"{node.value!r} isn't a number")
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.values:
            self.refuse(node, self._missing(node.id))
        return self.values[node.id]

    def _missing(self, name: str) -> str:
        if name in FUNCTIONS:
            return f"{name} is a function: write {name}(...)"
        if not self.named:
            return f"{name} isn't a number, a vector [1, 2] or a matrix [[1, 2]]"
        known = ", ".join(self.values)
        given = f"given are {known}" if known else "none are given"
        return f"{name} has no value: add {name}=... ({given})"

    def _list(self, node: ast.List) -> Any:
        """A vector, or rows; of numbers an array, with tensors in it a tensor."""
        items = [self.value(item) for item in node.elts]
        if any(isinstance(item, Tensor) for item in items):
            items = [x if isinstance(x, Tensor) else Tensor(np.asarray(x, float)) for x in items]
            return self.applied(node, lambda *rows: stack(rows), *items)
        if len({np.shape(item) for item in items}) > 1:
            self.refuse(node, "the rows differ in length")
        return np.array(items, dtype=float)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if not isinstance(node.op, ast.USub | ast.UAdd):
            self.refuse(node, "this operator can't be part of a formula")
        value = self.value(node.operand)
        return self.applied(node, operator.neg, value) if isinstance(node.op, ast.USub) else value

    def _binop(self, node: ast.BinOp) -> Any:
        return self._combined(node, node.op, self.value(node.left), self.value(node.right))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) > 1:
            self.refuse(node, "compare two values at a time")
        (op,), (right,) = node.ops, node.comparators
        return self._combined(node, op, self.value(node.left), self.value(right))

    def _combined(self, node: ast.expr, op: ast.AST, left: Any, right: Any) -> Any:
        f = OPERATORS.get(type(op))
        if f is None:
            self.refuse(node, HINTS.get(type(op), "this operator can't be part of a formula"))
        if not isinstance(left, Tensor | np.ndarray) and isinstance(op, ast.Pow | ast.Div):
            left = self.applied(node, float, left)  # whole numbers could grow without end
        return self.applied(node, f, left, right)

    def _attribute(self, node: ast.Attribute) -> Any:
        inner = self.value(node.value)
        if node.attr != "T" or not isinstance(inner, Tensor | np.ndarray):
            self.refuse(node, f".{node.attr} can't be read; of a matrix, .T can")
        return inner.T

    def _call(self, node: ast.Call) -> Any:
        """`sum(x, axis=0)`, or `x.sum(axis=0)`."""
        target = node.func
        first = []
        if isinstance(target, ast.Attribute):
            name, first = target.attr, [self.value(target.value)]
        elif isinstance(target, ast.Name):
            name = target.id
        else:
            self.refuse(target, "only a function can be called")
        if name not in FUNCTIONS:
            self.refuse(target, self._unknown(name))
        inputs = [*first, *(self._argument(argument) for argument in node.args)]
        if name in ("max", "min") and any(isinstance(x, Tensor) for x in inputs[1:]):
            self.refuse(target, f"{name} takes one value; of two, write {name}imum(a, b)")
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse(keyword.value, "this can't be part of a formula")
        options: Any = {word.arg: self._argument(word.value) for word in node.keywords}
        return self.applied(node, FUNCTIONS[name], *inputs, **options)

    def _unknown(self, name: str) -> str:
        if name in self.values:
            return f"{name} is a value, not a function: a product is written {name} * (...)"
        close = difflib.get_close_matches(name, FUNCTIONS, 3, 0.6)
        known = ", ".join(sorted(FUNCTIONS))
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {known}"
        return f"there is no function {name}: {hint}"

    def _argument(self, node: ast.expr) -> Any:
        """An operand, or an option: whole numbers, a tuple of them, True, False, None."""
        if isinstance(node, ast.Constant) and node.value is None:
            return None
        if isinstance(node, ast.Tuple):
            return tuple(self._argument(item) for item in node.elts)
        return self.value(node)

    def _subscript(self, node: ast.Subscript) -> Any:
        inner = self.value(node.value)
        if not np.ndim(inner):
            self.refuse(node, "a number has no entries")
        return self.applied(node, operator.getitem, inner, self._index(node.slice))

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(self._index(item) for item in node.elts)
        if isinstance(node, ast.Slice):
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if part is None else self._index(part) for part in parts))
        if isinstance(node, ast.Constant) and (node.value is None or node.value is ...):
            return node.value
        index = self.value(node)
        if not isinstance(index, int):
            self.refuse(node, "an index is whole numbers and slices")
        return index
