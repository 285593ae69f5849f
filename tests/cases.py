"""The table of cases: for every rule, functions of tensors with inputs at which to check them.

Functions are written in operators, methods and NumPy's functions where they can be, so that the
same function, given arrays, says what the value should be; `value` says it for the others.
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import microtensor as mt

rng = np.random.default_rng(20240501)


class Case(NamedTuple):
    """A function of tensors, where to look at it, and the same function of arrays."""

    rule: str
    what: str
    f: Callable[..., Any]
    inputs: tuple[np.ndarray, ...]
    value: Callable[..., Any]

    @property
    def name(self) -> str:
        return f"{self.rule}: {self.what}"


CASES: list[Case] = []
CONSTANT: list[Case] = []  # comparisons: values without a derivative


def first_of_each_rule(cases, count=1):
    """Cases as a test's parameters: what comes after the first few of its rule takes long."""
    seen = Counter()
    for one in cases:
        seen[one.rule] += 1
        marks = pytest.mark.acceptance if seen[one.rule] > count else ()
        yield pytest.param(one, id=one.name, marks=marks)


def case(rule, what, f, *inputs, value=None):
    CASES.append(Case(rule, what, f, inputs, value or f))


def constant(rule, what, f, *inputs, value=None):
    CONSTANT.append(Case(rule, what, f, inputs, value or f))


def real(*shape):
    """Numbers from -2 to 2."""
    return np.asarray(rng.uniform(-2, 2, shape))


def positive(*shape):
    """Numbers from 0.5 to 2."""
    return np.asarray(rng.uniform(0.5, 2, shape))


def apart(*shape, shift=0.0):
    """Distinct numbers, 0.2 from each other and at least 0.1 from 0."""
    n = int(np.prod(shape))
    return np.asarray((rng.permutation(n).reshape(shape) - n // 2) * 0.2 + 0.1 + shift)


def of(*numbers):
    """An array of the numbers given."""
    return np.array(numbers, dtype=float)


# Pairs of shapes for what works element by element.
PAIRS = {
    "one shape": ((2, 3), (2, 3)),
    "a row": ((2, 3), (3,)),
    "a column": ((2, 1), (2, 3)),
    "both": ((2, 1), (1, 3)),
    "an outer axis": ((3,), (2, 1, 3)),
    "length one": ((1,), (4,)),
    "a scalar first": ((), (2, 3)),
    "a scalar second": ((2, 3), ()),
    "two scalars": ((), ()),
    "one entry, two axes": ((1, 1), ()),
    "size 0": ((0, 3), (0, 3)),
    "size 0 from length 1": ((2, 1), (2, 0)),
}
SHAPES = {"matrix": (2, 3), "scalar": (), "vector": (4,), "size 0": (2, 0), "3-D": (2, 1, 2)}
NUMBERS = np.arange(1.0, 4.0)
NUMBERS.setflags(write=False)

# Arithmetic -------------------------------------------------------------------------------------

for what, (left, right) in PAIRS.items():
    case("add", what, lambda a, b: a + b, real(*left), real(*right))
    case("subtract", what, lambda a, b: a - b, real(*left), real(*right))
    case("multiply", what, lambda a, b: a * b, real(*left), real(*right))
    case("divide", what, lambda a, b: a / b, real(*left), positive(*right))
    case("power", what, lambda a, b: a**b, positive(*left), real(*right))
    case("maximum", what, np.maximum, apart(*left), apart(*right, shift=0.1))
    case("minimum", what, np.minimum, apart(*left), apart(*right, shift=0.1))
    case("arctan2", what, np.arctan2, positive(*left), real(*right))
    condition = rng.permutation(6).reshape(2, 3) > 2
    if what not in ("length one", "size 0", "size 0 from length 1"):
        case(
            "where",
            what,
            lambda a, b, condition=condition: np.where(condition, a, b),
            real(*left),
            real(*right),
        )

for what in ("a row", "two scalars", "size 0 from length 1"):
    left, right = PAIRS[what]
    case("hypot", what, np.hypot, real(*left), positive(*right))
    case("logaddexp", what, np.logaddexp, real(*left), real(*right))
    case("logaddexp2", what, np.logaddexp2, real(*left), real(*right))
    case("remainder", what, lambda a, b: a % b, apart(*left), positive(*right) + 2)
    case("floor_divide", what, lambda a, b: a // b, apart(*left), positive(*right) + 2)

case("add", "the same tensor twice", lambda a: a + a, real(2, 3))
case("add", "a number", lambda a: a + 2.5, real(3))
case("add", "a number first", lambda a: 2.5 + a, real(3))
case("add", "a read-only array", lambda a: a + NUMBERS.astype(a.dtype), real(2, 3))
case("subtract", "the same tensor twice", lambda a: a - a, real(2, 3))
case("subtract", "from a number", lambda a: 1 - a, real(3))
case("multiply", "the same tensor twice", lambda a: a * a, real(2, 3))
case("multiply", "three times", lambda a: a * a * a, real(2, 3))
case("multiply", "a number", lambda a: 3 * a, real(2, 3))
case("multiply", "a tensor and its transpose", lambda a: a * a.T, real(3, 3))
case("multiply", "an array first", lambda a: NUMBERS.astype(a.dtype) * a, real(2, 3))
case("divide", "the same tensor twice", lambda a: a / a, positive(2, 3))
case("divide", "a number by it", lambda a: 2 / a, positive(3))
case("divide", "by a number", lambda a: a / 4, real(3))
case("power", "the same tensor twice", lambda a: a**a, positive(2, 3))
case("power", "tensor exponents of 0", lambda a, b: a**b, of(0.5, 1.5, 2), of(0, 0, 1))
case("power", "a square of negatives", lambda a: a**2, of(-1.5, -0.5, 0.0, 2.0))
case("power", "a cube of negatives", lambda a: a**3, of(-1.5, -0.5, 0.0, 2.0))
case("power", "a negative power of negatives", lambda a: a**-2, of(-1.5, -0.5, 2.0))
case("power", "exponent 1", lambda a: a**1, of(-1.5, 0.0, 2.0))
case("power", "exponent 0", lambda a: a**0, of(-1.5, 0.0, 2.0))
case("power", "exponent 0.5", lambda a: a**0.5, positive(3))
case("power", "a number's power", lambda b: 3.0**b, real(3))
case("power", "an array's power", lambda b: NUMBERS.astype(b.dtype) ** b, real(3))
case("power", "an array of exponents", lambda a: a ** NUMBERS.astype(a.dtype), of(-1.5, -0.5, 2))
case("power", "whole exponents", lambda a: a ** np.array([2, 3, -1], np.int8), of(-1.5, -0.5, 2))
case(
    "power",
    "exponent 0 among others",
    lambda a: a ** np.array([0, 1, 2], np.int8),
    of(-1.5, -0.5, 2),
)
case("maximum", "a number", lambda a: np.maximum(a, 0.2), apart(2, 3))
case("minimum", "a number", lambda a: np.minimum(0.2, a), apart(2, 3))

ONE_NUMBER = {
    "negative": (lambda x: -x, real),
    "exp": (np.exp, real),
    "expm1": (np.expm1, real),
    "log": (np.log, positive),
    "log1p": (np.log1p, positive),
    "sqrt": (np.sqrt, positive),
    "square": (np.square, real),
    "sin": (np.sin, real),
    "cos": (np.cos, real),
    "tanh": (np.tanh, real),
    "absolute": (abs, apart),
}
MORE = {
    "tan": (np.tan, lambda *shape: real(*shape) / 2),
    "sinh": (np.sinh, real),
    "cosh": (np.cosh, real),
    "arcsin": (np.arcsin, lambda *shape: real(*shape) / 3),
    "arccos": (np.arccos, lambda *shape: real(*shape) / 3),
    "arctan": (np.arctan, real),
    "arcsinh": (np.arcsinh, real),
    "arccosh": (np.arccosh, lambda *shape: positive(*shape) + 1),
    "arctanh": (np.arctanh, lambda *shape: real(*shape) / 3),
    "exp2": (np.exp2, real),
    "log2": (np.log2, positive),
    "log10": (np.log10, positive),
    "cbrt": (np.cbrt, positive),
    "reciprocal": (np.reciprocal, positive),
    "deg2rad": (np.deg2rad, real),
    "rad2deg": (np.rad2deg, real),
    "sign": (np.sign, apart),
    "floor": (np.floor, apart),
    "ceil": (np.ceil, apart),
    "trunc": (np.trunc, apart),
    "rint": (np.rint, lambda *shape: real(*shape) / 5 + 2),
    "round": (np.round, lambda *shape: real(*shape) / 5 + 2),
}
OURS = {
    "sigmoid": (mt.sigmoid, lambda x: 1 / (1 + np.exp(-x)), real),
    "softplus": (mt.softplus, lambda x: np.log(1 + np.exp(x)), real),
    "relu": (mt.relu, lambda x: x * (x > 0), apart),
    "erf": (mt.erf, np.vectorize(math.erf, otypes=[float]), real),
}
for what, shape in SHAPES.items():
    for rule, (f, draw) in ONE_NUMBER.items():
        case(rule, what, f, draw(*shape))
    for rule, (f, value, draw) in OURS.items():
        case(rule, what, f, draw(*shape), value=value)

for what in ("matrix", "scalar", "size 0"):
    for rule, (f, draw) in MORE.items():
        case(rule, what, f, draw(*SHAPES[what]))
case("arccosh", "near 1", np.arccosh, of(1.05, 1.1))
case("cbrt", "negative", np.cbrt, of(-2, -0.5))
case("round", "to a decimal", lambda x: np.round(x, 1), of(0.12, 1.27, -3.14))
case("remainder", "a negative divisor", lambda a, b: a % b, of(1.5, -2.5, 3.5), of(-1.1, -0.9, -9))
case("remainder", "of a number", lambda a: 7 % a, of(1.6, 2.1, -3.2))
case("remainder", "by a number", lambda a: a % 2, of(1.6, 2.1, -3.2))
case("floor_divide", "by a number", lambda a: a // 2, of(1.6, 2.1, -3.2))
case("hypot", "a number", lambda a: np.hypot(a, 1.0), real(3))
case("logaddexp", "a number", lambda a: np.logaddexp(a, 0.0), real(3))
case("logaddexp", "far apart", lambda a, b: np.logaddexp(a, b), of(30, -800, 5), of(-30, 800, 5))
case("erf", "far out", mt.erf, of(-4, -1.5, -1, 1, 2.5), value=np.vectorize(math.erf))
case("expm1", "near 0", np.expm1, of(-1e-5, 1e-9, 1e-5))
case("log1p", "near 0", np.log1p, of(-1e-5, 1e-9, 1e-5))
case("sigmoid", "far out", mt.sigmoid, of(-30, 30), value=lambda x: 1 / (1 + np.exp(-x)))

BOUNDED = apart(2, 4)
case("clip", "two numbers", lambda x: x.clip(-0.4, 0.4), BOUNDED)
case("clip", "no upper bound", lambda x: x.clip(-0.4, None), BOUNDED)
case("clip", "no lower bound", lambda x: np.clip(x, None, 0.4), BOUNDED)
case("clip", "no bound", lambda x: mt.clip(x), BOUNDED, value=lambda x: x)
case("clip", "tensors as bounds", np.clip, BOUNDED, of(-0.4), of(0.45))
case("clip", "bounds that broadcast", np.clip, BOUNDED, apart(2, 1, shift=-0.35), of(0.65))
case("clip", "an upper bound for each", np.clip, BOUNDED, of(-0.45), apart(2, 4, shift=0.3))
case("clip", "a scalar", lambda x: x.clip(0, 1), of(0.3).reshape(()))
case("clip", "bounds crossed", np.clip, BOUNDED, of(0.4), of(-0.4))
case("clip", "size 0", lambda x: x.clip(0, 1), real(0, 2))
case(
    "where",
    "a condition that broadcasts",
    lambda a: np.where([True, False, True], a, 0.0),
    real(2, 3),
)
case("where", "the same tensor twice", lambda a: np.where(a > 0, a, a * 2), apart(2, 3))
case("where", "a scalar condition", lambda a, b: np.where(np.array(True), a, b), real(2), real(2))

# Products ---------------------------------------------------------------------------------------

MATMUL = {
    "vector, vector": ((3,), (3,)),
    "vector, matrix": ((3,), (3, 2)),
    "matrix, vector": ((2, 3), (3,)),
    "matrix, matrix": ((2, 3), (3, 4)),
    "vector, stack": ((3,), (2, 3, 4)),
    "stack, vector": ((2, 4, 3), (3,)),
    "matrix, stack": ((2, 3), (5, 3, 2)),
    "stack, matrix": ((5, 2, 3), (3, 2)),
    "stack, stack": ((2, 2, 3), (2, 3, 2)),
    "stacks that broadcast": ((2, 1, 2, 3), (3, 3, 1)),
    "stack of one": ((1, 2, 3), (4, 3, 2)),
    "deep stack, vector": ((2, 2, 2, 3), (3,)),
    "vector, deep stack": ((3,), (2, 2, 3, 1)),
    "one by one": ((1, 1), (1, 1)),
    "inner size 0": ((2, 0), (0, 3)),
    "outer size 0": ((0, 3), (3, 2)),
    "no stacks": ((0, 2, 3), (3, 2)),
}
for what, (left, right) in MATMUL.items():
    case("matmul", what, lambda a, b: a @ b, real(*left), real(*right))
case("matmul", "the same tensor twice", lambda a: a @ a, real(3, 3))
case("matmul", "a tensor and its transpose", lambda a: a @ a.T, real(2, 3))
case("matmul", "a transposed first", lambda a, b: a.T @ b, real(3, 2), real(3, 2))
case("matmul", "a transposed second", lambda a, b: a @ b.T, real(2, 3), real(2, 3))
case("matmul", "both transposed", lambda a, b: a.T @ b.T, real(3, 2), real(4, 3))
case("matmul", "a transposed first, stack", lambda a, b: a.T @ b, real(3, 2), real(2, 3, 2))
case("matmul", "stack, a transposed second", lambda a, b: a @ b.T, real(2, 2, 3), real(2, 3))
case("matmul", "every other entry", lambda a, b: a[::2, ::2] @ b[::-1], real(3, 5), real(3, 2))
case(
    "matmul",
    "an array first",
    lambda b: np.arange(6.0).reshape(2, 3).astype(b.dtype) @ b,
    real(3, 2),
)
case("matmul", "np.dot", np.dot, real(2, 3), real(3, 2))
case("multiply", "np.dot of a scalar", np.dot, real(), real(3, 2))
case("multiply", "np.outer", np.outer, real(2), real(2, 2))

EINSUM = {
    "a matrix product": ("ij,jk->ik", (2, 3), (3, 4)),
    "an implied result": ("ij,jk", (2, 3), (3, 4)),
    "an implied result, sorted": ("ba", (2, 3)),
    "implied, one letter twice": ("ij,ij", (2, 3), (2, 3)),
    "a diagonal": ("ii->i", (3, 3)),
    "a trace": ("ii->", (3, 3)),
    "a trace, implied": ("ii", (3, 3)),
    "a diagonal of three": ("iii->i", (2, 2, 2)),
    "a diagonal in a product": ("iij,jk->ik", (2, 2, 3), (3, 2)),
    "two diagonals": ("iijj->ij", (2, 2, 3, 3)),
    "a diagonal summed away": ("iij->j", (2, 2, 3)),
    "everything summed": ("ij->", (2, 3)),
    "a letter of one operand summed": ("ij,k->i", (2, 3), (4,)),
    "two letters of one operand summed": ("ijk,i->i", (2, 3, 2), (2,)),
    "letters summed in both": ("ij,kl->", (2, 3), (2, 2)),
    "a transpose": ("ij->ji", (2, 3)),
    "three operands": ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
    "three operands, one letter": ("i,i,i->i", (3,), (3,), (3,)),
    "an outer product": ("i,j->ij", (2,), (3,)),
    "an outer product, other order": ("i,j->ji", (2,), (3,)),
    "an ellipsis": ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 2)),
    "an ellipsis that broadcasts": ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
    "an ellipsis in one": ("...ij,jk->...ik", (2, 2, 3), (3, 2)),
    "an ellipsis, implied": ("...i,...i", (2, 3), (2, 3)),
    "an ellipsis of nothing": ("...i,i->...", (3,), (3,)),
    "an ellipsis in the middle": ("i...j->j...i", (2, 2, 3)),
    "an ellipsis diagonal": ("...ii->...i", (2, 3, 3)),
    "scalars": (",->", (), ()),
    "a scalar and a vector": (",i->i", (), (3,)),
    "size 0": ("ij,jk->ik", (2, 0), (0, 3)),
    "length 1 stretched, first": ("ij,jk->ik", (2, 1), (3, 2)),
    "length 1 stretched, second": ("ij,jk->ik", (2, 3), (1, 2)),
    "spaces": ("i j , j k -> i k", (2, 3), (3, 2)),
    "capital letters": ("Ij,jK->IK", (2, 3), (3, 2)),
}
for what, (subscripts, *shapes) in EINSUM.items():
    case(
        "einsum",
        what,
        lambda *xs, subscripts=subscripts: np.einsum(subscripts, *xs),
        *(real(*shape) for shape in shapes),
    )
case("einsum", "the same tensor twice", lambda x: np.einsum("ij,kj->ik", x, x), real(2, 3))
case("einsum", "np.dot of stacks", np.dot, real(2, 2, 3), real(2, 3, 2))
case("einsum", "np.dot, stack and vector", np.dot, real(2, 2, 3), real(3))
case(
    "einsum",
    "an array among them",
    lambda x: np.einsum("i,ij->j", NUMBERS.astype(x.dtype), x),
    real(3, 2),
)

# Reductions -------------------------------------------------------------------------------------

AXES = {
    "all": ((2, 3), None),
    "axis 0": ((2, 3), 0),
    "axis 1": ((2, 3), 1),
    "the last axis": ((2, 3), -1),
    "a negative axis": ((2, 3, 2), -2),
    "two axes": ((2, 3, 2), (0, 2)),
    "two negative axes": ((2, 3, 2), (-1, -3)),
    "axes out of order": ((2, 3, 2), (2, 1)),
    "all axes named": ((2, 3), (0, 1)),
    "no axis": ((2, 3), ()),
    "an axis of length 1": ((2, 1), 1),
    "a scalar": ((), None),
    "a scalar, axis 0": ((), 0),
    "a scalar, axis -1": ((), -1),
    "size 0, the other axis": ((0, 3), 1),
}


def reduction(rule, f, draw, value=None, without=()):
    for what, (shape, axis) in AXES.items():
        if what in without:
            continue
        for keepdims in (False, True):
            options = {"axis": axis, "keepdims": keepdims}
            case(
                rule,
                what + ", kept" * keepdims,
                lambda x, options=options: f(x, **options),
                draw(*shape),
                value=value and (lambda x, options=options: value(x, **options)),
            )


reduction("sum", np.sum, real)
SCALAR_AXES = ("a scalar, axis 0", "a scalar, axis -1")  # here NumPy has them, there it has not
reduction("mean", np.mean, real, without=SCALAR_AXES)
reduction("max", np.max, apart)
reduction("min", np.min, apart)
reduction("prod", np.prod, real)
reduction("var", np.var, real, without=SCALAR_AXES)
reduction(
    "logsumexp", mt.logsumexp, real, value=lambda x, **options: np.log(np.sum(np.exp(x), **options))
)

case("sum", "size 0, its axis", lambda x: x.sum(0), real(0, 3))
case("sum", "size 0, all", lambda x: x.sum(), real(0, 3))
case("prod", "size 0, its axis", lambda x: x.prod(0), real(0, 3))
case("mean", "size 0, its axis is left", lambda x: x.mean(0), real(2, 0))
case("sum", "the same tensor's two sums", lambda x: x.sum(0) * x.sum(0), real(2, 3))
case("prod", "one zero", lambda x: x.prod(), of(2, 0, -3, 1.5))
case("prod", "two zeros", lambda x: x.prod(), of(2, 0, -3, 0))
case(
    "prod",
    "no, one and two zeros",
    lambda x: x.prod(1),
    np.array([[1, 2, 3], [1, 0, 3], [0, 2, 0.0]]),
)
case("prod", "two axes, zeros", lambda x: x.prod((0, 2)), real(2, 2, 3) * (real(2, 2, 3) > -1))
case("prod", "nine entries", lambda x: x.prod(), real(9))
case("var", "ddof 1", lambda x: x.var(axis=0, ddof=1), real(4, 2))
case("var", "ddof 0.5, kept", lambda x: x.var(ddof=0.5, keepdims=True), real(4, 2))
case("sqrt", "std", lambda x: x.std(axis=1), real(2, 3))
case("sqrt", "std, ddof 1, kept", lambda x: np.std(x, axis=0, ddof=1, keepdims=True), real(4, 2))
for what, axis in {"axis 0": 0, "axis 1": 1, "a negative axis": -2, "flattened": None}.items():
    case("cumsum", what, lambda x, axis=axis: x.cumsum(axis=axis), real(2, 3))
case("cumsum", "a scalar", lambda x: x.cumsum(), real())
case("cumsum", "size 0", lambda x: x.cumsum(0), real(0, 2))
for what, axis in {"axis 0": 0, "a negative axis": -2, "flattened": None}.items():
    case("cumprod", what, lambda x, axis=axis: np.cumprod(x, axis=axis), real(3, 2))
case("cumprod", "one zero", lambda x: np.cumprod(x), of(2, 0, -3, 1.5, 0.5))
case("cumprod", "two zeros", lambda x: np.cumprod(x), of(2, 0, -3, 0, 0.5))
case("cumprod", "nine entries", lambda x: np.cumprod(x), real(9))
case("cumprod", "size 0", lambda x: np.cumprod(x, 0), real(0, 2))


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


for what, axis in {"the last axis": -1, "axis 0": 0, "two axes": (0, 2), "all": None}.items():
    case(
        "softmax",
        what,
        lambda x, axis=axis: mt.softmax(x, axis),
        real(2, 3, 2),
        value=lambda x, axis=axis: softmax(x, axis),
    )
    case(
        "log_softmax",
        what,
        lambda x, axis=axis: mt.log_softmax(x, axis),
        real(2, 3, 2),
        value=lambda x, axis=axis: np.log(softmax(x, axis)),
    )
case("softmax", "a vector of one", mt.softmax, real(1), value=softmax)
case("log_softmax", "no rows", mt.log_softmax, real(0, 2), value=lambda x: np.log(softmax(x)))

# Shapes -----------------------------------------------------------------------------------------

case("reshape", "two axes from one", lambda x: x.reshape(2, 3), real(6))
case("reshape", "a tuple, one size left open", lambda x: x.reshape((-1, 2)), real(2, 3))
case("reshape", "of a transpose", lambda x: x.T.reshape(-1), real(2, 3))
case("reshape", "to a scalar", lambda x: x.reshape(()), real(1, 1))
case("reshape", "from a scalar", lambda x: x.reshape(1, 1), real())
case("reshape", "size 0", lambda x: x.reshape(3, 0), real(0, 2))
case("reshape", "ravel", np.ravel, real(2, 3))
case("reshape", "flatten", lambda x: x.flatten(), real(2, 3))
case("transpose", "a matrix", lambda x: x.T, real(2, 3))
case("transpose", "all axes reversed", lambda x: x.transpose(), real(2, 3, 1))
case("transpose", "a cycle of axes", lambda x: x.transpose(1, 2, 0), real(2, 3, 4))
case("transpose", "a cycle, negative", lambda x: np.transpose(x, (-1, 0, -2)), real(2, 3, 4))
case("transpose", "swapaxes", lambda x: x.swapaxes(0, -1), real(2, 3, 4))
case("transpose", "mT", lambda x: x.mT, real(2, 3, 4))
case("transpose", "a vector", lambda x: x.T, real(3))
case("transpose", "a scalar", lambda x: x.T, real())
case("transpose", "size 0", lambda x: x.T, real(0, 3))
case("squeeze", "all", lambda x: x.squeeze(), real(1, 3, 1))
case("squeeze", "one axis", lambda x: x.squeeze(-1), real(1, 3, 1))
case("squeeze", "two axes", lambda x: np.squeeze(x, (0, 2)), real(1, 3, 1))
case("squeeze", "to a scalar", lambda x: x.squeeze(), real(1, 1))
case("expand_dims", "in front", lambda x: np.expand_dims(x, 0), real(2, 3))
case("expand_dims", "behind", lambda x: np.expand_dims(x, -1), real(2, 3))
case("expand_dims", "two", lambda x: np.expand_dims(x, (0, 2)), real(2, 3))
case("expand_dims", "a scalar", lambda x: np.expand_dims(x, 0), real())
case("broadcast_to", "new rows", lambda x: np.broadcast_to(x, (2, 3)), real(3))
case("broadcast_to", "a column", lambda x: np.broadcast_to(x, (2, 3)), real(2, 1))
case("broadcast_to", "a scalar", lambda x: np.broadcast_to(x, (2, 3)), real())
case("broadcast_to", "nothing to do", lambda x: np.broadcast_to(x, (2, 3)), real(2, 3))
case("broadcast_to", "three axes", lambda x: np.broadcast_to(x, (2, 2, 3)), real(1, 3))
case("broadcast_to", "size 0", lambda x: np.broadcast_to(x, (0, 3)), real(1, 3))
case(
    "broadcast_to",
    "then a product",
    lambda x: np.broadcast_to(x, (2, 3)) * NUMBERS.astype(x.dtype),
    real(3),
)
case("flip", "all", lambda x: np.flip(x), real(2, 3))
case("flip", "axis 1", lambda x: np.flip(x, 1), real(2, 3))
case("flip", "two axes", lambda x: np.flip(x, (0, -1)), real(2, 3, 2))
case("roll", "flattened", lambda x: np.roll(x, 4), real(2, 3))
case("roll", "an axis", lambda x: np.roll(x, -1, axis=1), real(2, 3))
case("roll", "two axes", lambda x: np.roll(x, (1, 2), axis=(0, 1)), real(2, 3))
case("roll", "size 0", lambda x: np.roll(x, 1, 0), real(0, 2))
case("sort", "the last axis", lambda x: np.sort(x), apart(2, 4))
case("sort", "axis 0", lambda x: np.sort(x, axis=0), apart(4, 2))
case("sort", "flattened", lambda x: np.sort(x, axis=None), apart(2, 3))
case("sort", "size 0", lambda x: np.sort(x), real(2, 0))
WINDOWS = np.lib.stride_tricks.sliding_window_view
case("sliding_window_view", "a vector", lambda x: WINDOWS(x, 3), real(5))
case("sliding_window_view", "an axis", lambda x: WINDOWS(x, 2, 0), real(4, 2))
case("sliding_window_view", "all axes", lambda x: WINDOWS(x, (2, 3)), real(3, 4))
case("sliding_window_view", "axes out of order", lambda x: WINDOWS(x, (3, 2), (1, 0)), real(3, 4))
case("sliding_window_view", "an axis twice", lambda x: WINDOWS(x, (2, 2), (0, 0)), real(4, 2))
case("sliding_window_view", "no axis", lambda x: WINDOWS(x, (), ()), real(3))
case(
    "sliding_window_view",
    "a convolution",
    lambda x, k: np.tensordot(WINDOWS(x, (2, 2), (1, 2)), k, ((0, 3, 4), (1, 2, 3))),
    real(2, 3, 4),
    real(2, 2, 2, 2),
)


def overlap_add(shape, *windows):
    """What the derivative of windows does, as a function of g."""

    def f(g):
        x = mt.Tensor(np.zeros(shape, g.dtype), requires_grad=True)
        return mt.grad(mt.sliding_window_view(x, *windows), x, g, create_graph=True)

    def value(g):
        places = WINDOWS(np.arange(np.prod(shape)).reshape(shape), *windows)
        return np.bincount(places.ravel(), g.ravel(), np.prod(shape)).reshape(shape).astype(g.dtype)

    return f, value


for what, shape, *windows in (("a vector", (5,), 3), ("two axes", (3, 4), (3, 2), (1, 0))):
    f, value = overlap_add(shape, *windows)
    case("overlap_add", what, f, real(*WINDOWS(np.zeros(shape), *windows).shape), value=value)
case("concatenate", "axis 0", lambda a, b: np.concatenate([a, b]), real(2, 3), real(1, 3))
case("concatenate", "axis 1", lambda a, b: np.concatenate((a, b), axis=1), real(2, 3), real(2, 2))
case(
    "concatenate", "the last axis", lambda a, b: np.concatenate([a, b], -1), real(2, 3), real(2, 1)
)
case(
    "concatenate", "flattened", lambda a, b: np.concatenate([a, b], axis=None), real(2, 3), real(2)
)
case("concatenate", "three", lambda *xs: np.concatenate(xs), real(2), real(1), real(3))
case("concatenate", "one", lambda a: np.concatenate([a]), real(2))
case("concatenate", "the same tensor twice", lambda a: np.concatenate([a, a]), real(2, 2))
case(
    "concatenate", "with an array", lambda a: np.concatenate([NUMBERS.astype(a.dtype), a]), real(2)
)
case("concatenate", "with nothing", lambda a, b: np.concatenate([a, b]), real(0, 2), real(1, 2))
case("stack", "first axis", lambda a, b: np.stack([a, b]), real(2, 3), real(2, 3))
case(
    "stack",
    "last axis",
    lambda a, b: np.stack([a, b], axis=-1),
    real(2, 3),
    real(2, 3),
)
case("stack", "of scalars", lambda a, b: np.stack([a, b, a]), real(), real())
case("pad", "all sides", lambda x: np.pad(x, 1), real(2, 3))
case("pad", "each axis its own", lambda x: np.pad(x, ((1, 0), (0, 2))), real(2, 3))
case("pad", "before and after", lambda x: np.pad(x, (2, 1)), real(2, 3))
case("pad", "with a value", lambda x: np.pad(x, 1, constant_values=7), real(3))
case("pad", "by nothing", lambda x: np.pad(x, 0), real(3))
for mode in ("edge", "reflect", "symmetric", "wrap"):
    case(
        "getitem",
        f"pad, {mode}",
        lambda x, mode=mode: np.pad(x, ((1, 2), (2, 0)), mode=mode),
        real(3, 3),
    )
case(
    "getitem",
    "pad, reflect, wider than it is",
    lambda x: np.pad(x, (5, 4), mode="reflect"),
    real(3),
)

# Indices ----------------------------------------------------------------------------------------

INDICES = {
    "a number": 1,
    "a negative number": -1,
    "a number of each axis": (1, -1, 0),
    "a slice": slice(1, None),
    "a step": (slice(None, None, 2), slice(None)),
    "a negative step": (slice(None, None, -1), slice(2, 0, -1)),
    "an empty slice": slice(2, 2),
    "an ellipsis": (..., 0),
    "an ellipsis alone": ...,
    "an ellipsis in the middle": (1, ..., slice(0, 1)),
    "a new axis": (None, 1),
    "new axes": (slice(None), None, ..., None),
    "nothing": (),
    "a mask": np.arange(12).reshape(2, 3, 2) % 3 == 0,
    "a mask of the first axes": np.array([[True, False, True], [False, True, False]]),
    "a mask and a slice": (slice(None), np.array([True, False, True])),
    "a mask, all False": np.zeros((2, 3, 2), bool),
    "one True": np.True_,
    "one False": False,
    "fancy": np.array([1, 0]),
    "fancy, repeated": np.array([1, 1, 0, 1]),
    "fancy, a list": [0, 0, 1],
    "fancy, nothing": [],
    "fancy, negative": np.array([-1, 0, -1]),
    "fancy, two axes": (np.array([0, 1, 1]), np.array([2, 0, 0])),
    "fancy, broadcast": (np.array([[0], [1]]), np.array([2, 0, 2])),
    "fancy, a matrix": np.array([[0, 1], [1, 1]]),
    "fancy and a slice": (np.array([0, 0]), slice(None, None, -1)),
    "fancy apart": (np.array([0, 1, 1]), slice(None), np.array([1, 0, 0])),
    "fancy and a number": (0, np.array([1, 1, 2])),
    "fancy, a new axis, a step": (np.array([1, 1]), None, slice(None, None, 2)),
    "fancy and a mask": (np.array([0, 1]), np.array([True, False, True])),
    "np.ix_": np.ix_([1, 0, 1], [2, 2]),
    "NumPy's number": np.int64(1),
    "a 0-d array": np.array(1),
}
for what, index in INDICES.items():
    case("getitem", what, lambda x, index=index: x[index], real(2, 3, 2))
case("getitem", "a scalar, nothing", lambda x: x[()], real())
case("getitem", "a scalar, a new axis", lambda x: x[None], real())
case("getitem", "a scalar, a mask", lambda x: x[np.array(True)], real())
case("getitem", "twice", lambda x: x[1:][::-1], real(4))
case("getitem", "overlapping parts", lambda x: x[1:] * x[:-1], real(4))
case("getitem", "split in two", lambda x: np.split(x, 2)[1] * np.split(x, 2)[0], real(4, 2))
case("getitem", "split at", lambda x: np.split(x, [1, 3], axis=1)[1], real(2, 4))
case("getitem", "split, a negative axis", lambda x: np.split(x, 3, -1)[2], real(2, 3))


def put(index, shape):
    """What getitem's derivative does, as a function of g."""

    def f(g):
        x = mt.Tensor(np.zeros(shape, g.dtype), requires_grad=True)
        return mt.grad(x[index], x, g, create_graph=True)

    def value(g):
        placed = np.zeros(shape, g.dtype)
        np.add.at(placed, index, g)
        return placed

    return f, value


for what, index in INDICES.items():
    f, value = put(index, (2, 3, 2))
    case("put", what, f, real(*np.zeros((2, 3, 2))[index].shape), value=value)


def put_each(indices, shape):
    """What the derivative of several parts does, as a function of what arrives at each."""

    def f(*gs):
        x = mt.Tensor(np.zeros(shape, gs[0].dtype), requires_grad=True)
        linear = sum((x[index] * g).sum() for index, g in zip(indices, gs, strict=True))
        return mt.grad(linear, x, create_graph=True)

    def value(*gs):
        placed = np.zeros(shape, gs[0].dtype)
        for index, g in zip(indices, gs, strict=True):
            np.add.at(placed, index, g)
        return placed

    return f, value


PARTS = {
    "rows": (0, 2, 1),
    "some rows": (0, -1),
    "a row twice": (1, 1, 0),
    "columns": (np.s_[:, :2], np.s_[:, 2:]),
    "columns, in another order": (np.s_[:, 1:], np.s_[:, :1]),
    "columns by number": (np.s_[:, 1], np.s_[:, 0], np.s_[:, 2]),
    "overlapping": (np.s_[1:], np.s_[:-1]),
    "with a step": (np.s_[::2], np.s_[1::2]),
    "two axes": (0, np.s_[1:, 0], np.s_[1:, 1:]),
    "by arrays": ([0, 0, 2, 1], np.s_[..., 0], np.array([1, 1]), np.s_[None, 1]),
}
for what, indices in PARTS.items():
    f, value = put_each(indices, (3, 3))
    given = [real(*np.zeros((3, 3))[index].shape) for index in indices]
    case("put_each", what, f, *given, value=value)
f, value = put_each((1, 0), (2,))
case("put_each", "numbers", f, real(), real(), value=value)

# Compositions -----------------------------------------------------------------------------------

case("matmul", "tensordot", np.tensordot, real(2, 3, 2), real(3, 2))
case(
    "matmul", "tensordot, an axis", lambda a, b: np.tensordot(a, b, (0, 1)), real(2, 3), real(2, 2)
)
case(
    "matmul",
    "tensordot, axes out of order",
    lambda a, b: np.tensordot(a, b, ([2, 0], [0, -1])),
    real(2, 3, 4),
    real(4, 2, 2),
)
case("matmul", "tensordot, none", lambda a, b: np.tensordot(a, b, 0), real(2), real(2, 1))
case("matmul", "tensordot, all", np.tensordot, real(2, 3), real(2, 3))
case("matmul", "tensordot, size 0", lambda a, b: np.tensordot(a, b, 1), real(2, 0), real(0, 3))
case("matmul", "inner", np.inner, real(2, 3), real(2, 2, 3))
case("matmul", "inner of vectors", np.inner, real(3), real(3))
case("multiply", "inner of a scalar", np.inner, real(), real(3))
case("multiply", "kron", np.kron, real(2, 2), real(1, 3))
case("multiply", "kron, of other axes", np.kron, real(2), real(2, 1, 2))
case(
    "einsum",
    "sublists",
    lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
    real(2, 3),
    real(3, 2),
)
case("einsum", "sublists, an ellipsis", lambda a: np.einsum(a, [..., 7, 3]), real(2, 2, 3))
case("matmul", "vecdot", np.vecdot, real(2, 3), real(3))
case("matmul", "vecdot, axis 0", lambda a, b: np.vecdot(a, b, axis=0), real(3, 2), real(3, 1))
case("subtract", "cross", np.cross, real(2, 3), real(3))
case("subtract", "cross, axis 0", lambda a, b: np.cross(a, b, axis=0), real(3, 2), real(3, 1))
case("subtract", "diff", np.diff, real(2, 3))
case("subtract", "diff, twice", lambda x: np.diff(x, n=2, axis=0), real(4, 2))
case("getitem", "repeat", lambda x: np.repeat(x, 2), real(2, 3))
case("getitem", "repeat, each its own", lambda x: np.repeat(x, [2, 0, 1], axis=1), real(2, 3))
case("getitem", "take", lambda x: np.take(x, [[0, -1], [1, 1]], axis=1), real(2, 3))
case("getitem", "take, flattened", lambda x: np.take(x, [5, 0, 5]), real(2, 3))
case(
    "getitem",
    "take_along_axis",
    lambda x: np.take_along_axis(x, np.array([[1, 1], [0, 2]]), axis=1),
    real(2, 3),
)
case("getitem", "by argsort", lambda x: np.take_along_axis(x, np.argsort(x, 0), 0), apart(3, 2))
case("getitem", "diag", lambda x: np.diag(x, -1), real(3, 2))
case("put", "diag of a vector", lambda x: np.diag(x, 1), real(3))
case("getitem", "diagonal", lambda x: np.diagonal(x, 1, 0, 2), real(2, 2, 3))
case("sum", "trace", np.trace, real(3, 3))
case("sum", "trace of a stack", lambda x: np.trace(x, -1, 1, 2), real(2, 3, 3))
case("where", "tril", np.tril, real(2, 3, 3))
case("where", "triu", lambda x: np.triu(x, 1), real(3, 3))
case("where", "triu of a vector", np.triu, real(3))
case(
    "where", "select", lambda a, b: np.select([a > 0, b > 0], [a, 2 * b], a * b), apart(4), real(4)
)
case("where", "nan_to_num", lambda x: np.nan_to_num(x, nan=1.0), real(2, 3))
case("maximum", "fmax", np.fmax, apart(2, 3), apart(3, shift=0.1))
case("minimum", "fmin", np.fmin, apart(2, 3), apart(3, shift=0.1))
case("sum", "nansum", lambda x: np.nansum(x, axis=0), real(2, 3))
case("mean", "nanmean", lambda x: np.nanmean(x, axis=1, keepdims=True), real(2, 3))
case("transpose", "moveaxis", lambda x: np.moveaxis(x, 0, -1), real(2, 3, 4))
case("transpose", "moveaxis, two", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), real(2, 3, 4))
case("transpose", "matrix_transpose", np.matrix_transpose, real(2, 3, 4))
case("flip", "flipud", np.flipud, real(2, 3))
case("flip", "fliplr", np.fliplr, real(2, 3))
for k in (1, 2, 3):
    case("flip", f"rot90, {k}", lambda x, k=k: np.rot90(x, k), real(2, 3))
case("flip", "rot90, other axes", lambda x: np.rot90(x, axes=(2, 0)), real(2, 3, 2))
case("concatenate", "vstack", lambda a, b: np.vstack([a, b]), real(3), real(2, 3))
case("concatenate", "hstack", lambda a, b: np.hstack([a, b]), real(2, 3), real(2, 1))
case("concatenate", "hstack of vectors", lambda a, b: np.hstack([a, b]), real(3), real())
case("concatenate", "column_stack", lambda a, b: np.column_stack([a, b]), real(3), real(3, 2))
case("concatenate", "append", lambda a, b: np.append(a, b), real(2, 3), real(2))
case("reshape", "atleast_2d", lambda x: np.atleast_2d(x), real(3))
case("reshape", "atleast_3d", lambda x: np.atleast_3d(x), real(2, 3))
case("reshape", "atleast_1d of a scalar", lambda x: np.atleast_1d(x), real())
case("multiply", "tile", lambda x: np.tile(x, (2, 1, 2)), real(2, 3))
case("multiply", "tile by a number", lambda x: np.tile(x, 3), real(2))
case("getitem", "array_split", lambda x: np.array_split(x, 2)[1], real(3, 2))
case("getitem", "hsplit", lambda x: np.hsplit(x, 3)[1], real(2, 3))
case("getitem", "vsplit", lambda x: np.vsplit(x, [1])[1], real(2, 3))
case("getitem", "unstack", lambda x: np.unstack(x, axis=1)[2], real(2, 3))
case("sort", "median", np.median, apart(2, 3))
case("sort", "median, odd", lambda x: np.median(x, axis=1, keepdims=True), apart(2, 3))
case("sort", "median, two axes", lambda x: np.median(x, axis=(2, 0)), apart(2, 3, 2))
case("divide", "average", lambda x, w: np.average(x, 1, w), real(2, 3), positive(3))
case("divide", "average, of all", lambda x, w: np.average(x, weights=w), real(2, 3), positive(2, 3))
case("add", "linspace", lambda a, b: np.linspace(a, b, 4), real(2), real())
case(
    "add",
    "linspace, open, another axis",
    lambda a, b: np.linspace(a, b, 3, endpoint=False, axis=-1),
    real(2, 1),
    real(2),
)
case(
    "broadcast_to",
    "full",
    lambda x: mt.full((2, 3), x),
    real(3),
    value=lambda x: np.full((2, 3), x),
)
case("broadcast_to", "full_like", lambda x, a: np.full_like(x, a) * x, real(2, 3), real(3))

# Kinds of numbers -------------------------------------------------------------------------------

case("astype", "to the same", lambda x: x.astype(x.dtype), real(2, 3))
case("astype", "of a scalar", lambda x: x.astype(x.dtype), real())

for rule, f in {
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
}.items():
    constant(rule, "one shape", f, of(1, 2, 3), of(2, 2, 2))
    constant(rule, "broadcast", f, of(1, 2, 3), of(1, 2)[:, None])
    constant(rule, "a number", lambda a, f=f: f(a, 2), of(1, 2, 3))
    constant(rule, "a number first", lambda a, f=f: f(2.0, a), of(1, 2, 3))
    constant(rule, "an array first", lambda a, f=f: f(np.arange(3), a), of(1, 1, 1))
constant("logical_and", "bools", lambda a, b: (a > 1) & (b > 1), of(0, 2, 2), of(2, 0, 2))
constant("logical_and", "numbers", np.logical_and, of(0, 2, 2), of(2, 0, 2))
constant("logical_or", "bools", lambda a, b: (a > 1) | (b > 1), of(0, 2, 0), of(2, 0, 0))
constant("logical_or", "numbers", np.logical_or, of(0, 2, 0), of(2, 0, 0))
constant("logical_not", "bools", lambda a: ~(a > 1), of(0, 2))
constant("logical_not", "numbers", np.logical_not, of(0, 2))

# Linear algebra ---------------------------------------------------------------------------------
# What reads one triangle is given a symmetric matrix, made here; of vectors, which may be turned
# round, squares are compared.


def symmetric(f):
    return lambda a: f(a + a.mT)


def definite(f):
    """Of a matrix whose eigenvalues are at least 1."""
    return lambda a: f(a @ a.mT + np.eye(a.shape[-1], dtype=a.dtype))


def regular(*shape):
    """Matrices that are far from singular ones, and whose singular values are apart."""
    return real(*shape) / 4 + np.eye(shape[-2], shape[-1]) * np.arange(1.5, 1.5 + shape[-1])


def uneven(*shape):
    """Numbers away from 0, whose sums differ."""
    return apart(*shape) + real(*shape) / 40


SOLVE = {
    "a vector": ((3, 3), (3,)),
    "a matrix": ((3, 3), (3, 2)),
    "a stack, a vector": ((2, 3, 3), (3,)),
    "a stack, a matrix": ((2, 3, 3), (3, 2)),
    "a matrix, a stack": ((3, 3), (2, 3, 1)),
    "stacks that broadcast": ((2, 1, 3, 3), (2, 3, 2)),
    "one by one": ((1, 1), (1,)),
    "size 0": ((0, 0), (0, 2)),
    "no right sides": ((2, 2), (2, 0)),
    "no stacks": ((0, 2, 2), (2,)),
}
for what, (left, right) in SOLVE.items():
    case("linalg.solve", what, np.linalg.solve, regular(*left), real(*right))
case("linalg.solve", "the same tensor twice", lambda a: np.linalg.solve(a, a @ a), regular(2, 2))
case(
    "linalg.solve",
    "a transpose, an array",
    lambda a: np.linalg.solve(a.T, NUMBERS.astype(a.dtype)),
    regular(3, 3),
)

SINGULAR = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 0.7]])
SQUARE = {"a matrix": (3, 3), "a stack": (2, 2, 2), "one by one": (1, 1), "size 0": (0, 0)}
for what, shape in SQUARE.items():
    case("linalg.inv", what, np.linalg.inv, regular(*shape))
    case("linalg.det", what, np.linalg.det, regular(*shape))
    case(
        "linalg.slogdet.logabsdet", what, lambda a: np.linalg.slogdet(a).logabsdet, regular(*shape)
    )
    case("linalg.cholesky", what, definite(np.linalg.cholesky), regular(*shape))
    case("linalg.eigvalsh", what, symmetric(np.linalg.eigvalsh), regular(*shape))
    case(
        "linalg.eigh.eigenvectors",
        what,
        symmetric(lambda a: np.linalg.eigh(a).eigenvectors ** 2),
        regular(*shape),
    )
case("linalg.inv", "a transpose", lambda a: np.linalg.inv(a.T) @ a, regular(2, 2))
case("linalg.inv", "matrix_power", lambda a: np.linalg.matrix_power(a, -2), regular(2, 2))
case("matmul", "matrix_power", lambda a: np.linalg.matrix_power(a, 5), real(2, 2))
case("where", "matrix_power 0", lambda a: np.linalg.matrix_power(a, 0), real(2, 2))
case("linalg.det", "singular", np.linalg.det, SINGULAR)
case("linalg.det", "of rank 1", np.linalg.det, np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 2.0]))
case("linalg.det", "zeros", np.linalg.det, np.zeros((2, 2)))
case("linalg.det", "of negative sign", np.linalg.det, regular(3, 3)[::-1].copy())
case(
    "linalg.slogdet.sign",
    "its product with the logarithm",
    lambda a: np.linalg.slogdet(a)[0] * np.linalg.slogdet(a)[1],
    regular(3, 3)[::-1].copy(),
)
case(
    "linalg.cholesky",
    "upper",
    definite(lambda a: np.linalg.cholesky(a, upper=True)),
    regular(3, 3),
)
case("linalg.eigvalsh", "upper", symmetric(lambda a: np.linalg.eigvalsh(a, "U")), regular(3, 3))
case(
    "linalg.eigh.eigenvectors",
    "a power of a matrix",
    definite(lambda a: (lambda w, v: (v * w**0.5) @ v.mT)(*np.linalg.eigh(a, UPLO="U"))),
    regular(3, 3),
)
MATRICES = {
    "square": (3, 3),
    "tall": (4, 2),
    "wide": (2, 3),
    "a stack": (2, 3, 2),
    "one by one": (1, 1),
    "size 0": (0, 2),
}
for what, shape in MATRICES.items():
    case("linalg.svdvals", what, np.linalg.svdvals, regular(*shape))
    for part in ("U", "S", "Vh"):
        case(
            "linalg.svdvals" if part == "S" else f"linalg.svd.{part}",
            f"svd().{part}, {what}",
            lambda a, part=part: getattr(np.linalg.svd(a, full_matrices=False), part) ** 2,
            regular(*shape),
        )
    case("linalg.pinv", what, np.linalg.pinv, regular(*shape))
case("linalg.svd.U", "full, square", lambda a: np.linalg.svd(a).U ** 2, regular(2, 2))
case(
    "linalg.svd.Vh",
    "a sum of its parts",
    lambda a: (lambda u, s, vh: (u / s) @ vh)(*np.linalg.svd(a, full_matrices=False)),
    regular(3, 2),
)
case(
    "linalg.pinv",
    "of rank 1",
    lambda a, b: np.linalg.pinv(a[:, None] * b, rtol=1e-4),
    positive(3),
    positive(2),
)
case("linalg.pinv", "a cut", lambda a: np.linalg.pinv(a, 1e-3), regular(3, 2))

for what, (shape, axis) in {
    "all": ((2, 3), None),
    "axis 1": ((2, 3), 1),
    "a negative axis": ((2, 3, 2), -2),
    "two axes": ((2, 3, 2), (0, 2)),
    "of a vector": ((3,), None),
    "one entry": ((), None),
    "an axis of length 1": ((2, 1), 1),
    "size 0": ((0, 3), 1),
}.items():
    for keepdims in (False, True):
        options = {"axis": axis, "keepdims": keepdims}
        case(
            "linalg.vector_norm",
            what + ", kept" * keepdims,
            lambda x, options=options: np.linalg.norm(x, **options),
            positive(*shape),
        )
for p in (3, 1.5, 2.5, 0.5, -1):
    case("linalg.vector_norm", f"ord {p}", lambda x, p=p: np.linalg.norm(x, p, axis=0), apart(3, 2))
case("linalg.vector_norm", "the method", lambda x: x.norm(), real(3), value=np.linalg.norm)
case("sum", "norm, ord 1", lambda x: np.linalg.norm(x, 1, axis=1), apart(2, 3))
case("max", "norm, ord inf", lambda x: np.linalg.norm(x, np.inf, 1, True), uneven(2, 3))
case("min", "norm, ord -inf", lambda x: np.linalg.norm(x, -np.inf, axis=0), uneven(2, 3))
OF_MATRICES = {
    "fro": "linalg.vector_norm", "nuc": "linalg.svdvals", 2: "linalg.svdvals",
    -2: "linalg.svdvals", 1: "max", -1: "min", np.inf: "max", -np.inf: "min",
}  # fmt: skip
for order, rule in OF_MATRICES.items():
    draw = regular if rule == "linalg.svdvals" else uneven
    case(rule, f"matrix norm {order}", lambda x, k=order: np.linalg.norm(x, k), draw(3, 2))
    case(
        rule,
        f"matrix norm {order}, two axes, kept",
        lambda x, k=order: np.linalg.norm(x, k, axis=(2, 0), keepdims=True),
        draw(2, 1, 3),
    )
case("multiply", "np.linalg.outer", np.linalg.outer, real(2), real(3))
case("matmul", "np.linalg.matmul", np.linalg.matmul, real(2, 3), real(3, 2))


def cofactors(g, a):
    """What det's derivative is made of, as a function of what arrives and of the matrix."""
    a = a if a.requires_grad else mt.Tensor(a, requires_grad=True)
    return mt.grad(mt.linalg.det(a), a, g, create_graph=True)


def minors(g, a):
    """Each entry's cofactor, by its definition."""
    n = a.shape[-1]
    found = np.zeros(a.shape, a.dtype)
    for i, j in np.ndindex(n, n):
        rest = np.delete(np.delete(a, i, -2), j, -1)
        found[..., i, j] = (-1) ** (i + j) * np.linalg.det(rest)
    return found * (g if a.ndim == 2 else g[..., None, None])


for what, a in {**{what: regular(*shape) for what, shape in SQUARE.items()}, "singular": SINGULAR,
                "of order 4": regular(4, 4)}.items():  # fmt: skip
    case("cofactors", what, cofactors, positive(*a.shape[:-2]), a, value=minors)
constant("argsort", "the last axis", np.argsort, apart(2, 4))
constant("argsort", "axis 0", lambda x: np.argsort(x, axis=0), apart(4, 2))
