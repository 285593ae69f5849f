"""What is said when something is wrong: one line, word for word, of the type NumPy would raise."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import GradientError, NoRenderer, ShapeError, Tensor, grad, no_grad

AxisError = np.exceptions.AxisError


def zeros(*shape, name=None):
    return Tensor(np.zeros(shape), requires_grad=True, name=name)


A, B = zeros(2, 3, name="A"), zeros(2, 3, name="B")
CUBE = zeros(2, 2, 3)
V = zeros(3, name="v")
W1, X = zeros(20, 3, name="W1"), Tensor(np.zeros((4, 5)), name="X")
SCALAR = zeros(name="s")
NUMBERS = Tensor([1.0, 2.0, 3.0], name="n")
BOOLS = Tensor([True, False])
PLAIN = "give the tensor itself: what .item(), .data or NumPy give has no record"
EXPECTED = "expected a tensor, an array of real numbers or a number, got"

SHAPES = [
    # matmul
    (
        lambda: W1 @ X,
        "matmul: inner sizes differ: 3 (axis -1 of (20, 3) 'W1') and 4 (axis -2 of (4, 5) 'X')",
    ),
    (
        lambda: A @ B,
        "matmul: inner sizes differ: 3 (axis -1 of (2, 3) 'A') and 2 (axis -2 of (2, 3) 'B')",
    ),
    (
        lambda: zeros(3, 4) @ zeros(5, 4),
        "matmul: inner sizes differ: 4 (axis -1 of (3, 4)) and 5 (axis -2 of (5, 4)); "
        "the second.T would fit",
    ),
    (
        lambda: zeros(20, 3, name="W1") @ zeros(4, 3, name="X"),
        "matmul: inner sizes differ: 3 (axis -1 of (20, 3) 'W1') and 4 (axis -2 of (4, 3) 'X'); "
        "X.T would fit",
    ),
    (
        lambda: zeros(3, 4) @ np.zeros((3, 5)),
        "matmul: inner sizes differ: 4 (axis -1 of (3, 4)) and 3 (axis -2 of (3, 5)); "
        "the first.T would fit",
    ),
    (
        lambda: A @ zeros(2, name="b"),
        "matmul: inner sizes differ: 3 (axis -1 of (2, 3) 'A') and 2 (axis -1 of (2,) 'b')",
    ),
    (
        lambda: V @ A,
        "matmul: inner sizes differ: 3 (axis -1 of (3,) 'v') and 2 (axis -2 of (2, 3) 'A')",
    ),
    (
        lambda: CUBE @ zeros(3, 3, 1),
        "matmul: batch sizes differ: 2 (axis -3 of (2, 2, 3)) and 3 (axis -3 of (3, 3, 1))",
    ),
    (
        lambda: A @ SCALAR,
        "matmul: (2, 3) 'A' and () 's': a scalar has no axis to multiply along; use *",
    ),
    (lambda: 2 @ A, "matmul: 2 and (2, 3) 'A': a scalar has no axis to multiply along; use *"),
    # broadcasting
    (
        lambda: A + zeros(2, 4),
        "add: sizes differ: 3 (axis -1 of (2, 3) 'A') and 4 (axis -1 of (2, 4))",
    ),
    (
        lambda: A * np.zeros((3, 3)),
        "multiply: sizes differ: 2 (axis -2 of (2, 3) 'A') and 3 (axis -2 of (3, 3))",
    ),
    (
        lambda: A - zeros(2, name="b"),
        "subtract: sizes differ: 3 (axis -1 of (2, 3) 'A') and 2 (axis -1 of (2,) 'b'); "
        "b[:, None] would fit",
    ),
    (
        lambda: np.zeros(2) / A,
        "divide: sizes differ: 2 (axis -1 of (2,)) and 3 (axis -1 of (2, 3) 'A'); "
        "vector[:, None] would fit",
    ),
    (
        lambda: np.maximum(CUBE, zeros(5, 2, 1)),
        "maximum: sizes differ: 2 (axis -3 of (2, 2, 3)) and 5 (axis -3 of (5, 2, 1))",
    ),
    (
        lambda: np.where(np.array([True, False]), A, 0.0),
        "where: sizes differ: 2 (axis -1 of (2,)) and 3 (axis -1 of (2, 3) 'A')",
    ),
    (
        lambda: A.clip(np.zeros(4)),
        "clip: sizes differ: 3 (axis -1 of (2, 3) 'A') and 4 (axis -1 of (4,))",
    ),
    (
        lambda: mt.equal(A, zeros(4)),
        "equal: sizes differ: 3 (axis -1 of (2, 3) 'A') and 4 (axis -1 of (4,))",
    ),
    (
        lambda: mt.broadcast_to(A, (2, 4)),
        "broadcast_to: (2, 3) 'A' doesn't broadcast to (2, 4)",
    ),
    # shapes
    (lambda: A.reshape(4, 2), "reshape: (2, 3) 'A' has 6 entries, which can't fill (4, 2) (8)"),
    (
        lambda: A.reshape(4, -1),
        "reshape: (2, 3) 'A' has 6 entries, which can't fill (4, -1) (4 to a row)",
    ),
    (lambda: A.squeeze(0), "squeeze: axis 0 of (2, 3) 'A' isn't of length 1"),
    (
        lambda: mt.concatenate([A, V]),
        "concatenate: along axis 0, all other sizes must be equal: got (2, 3) 'A' and (3,) 'v'",
    ),
    (
        lambda: mt.concatenate([A, zeros(2, 3), zeros(2, 4)]),
        "concatenate: along axis 0, all other sizes must be equal: "
        "got (2, 3) 'A', (2, 3) and (2, 4)",
    ),
    (
        lambda: mt.concatenate([A, A, A, A, A, zeros(2, 4)]),
        "concatenate: along axis 0, all other sizes must be equal: "
        "got (2, 3) 'A', (2, 3) 'A', (2, 3) 'A', (2, 3) 'A' and ...",
    ),
    (
        lambda: mt.stack([A, zeros(2, 4)]),
        "stack: all shapes must be equal, got [(2, 3), (2, 4)]",
    ),
    (
        lambda: A.split(2, axis=1),
        "split: 3 (axis 1 of (2, 3) 'A') doesn't divide into 2 parts",
    ),
    (lambda: A.split(0), "split: 2 (axis 0 of (2, 3) 'A') doesn't divide into 0 parts"),
    (
        lambda: A.pad(((1, 1), (1, 1), (1, 1))),
        "pad: ((1, 1), (1, 1), (1, 1)) doesn't give (before, after) for each axis of (2, 3) 'A'",
    ),
    # einsum
    (
        lambda: mt.einsum("ij,jk", A),
        "einsum: 'ij,jk' names 2 operands, 1 were given",
    ),
    (
        lambda: mt.einsum("ijk,jk", A, B),
        "einsum: 'ijk' doesn't fit the 2 axes of (2, 3) 'A'",
    ),
    (
        lambda: mt.einsum("...i->i", A),
        "einsum: the result of '...i->i' lacks the ... of its operands",
    ),
    # a seed and data
    (
        lambda: A.backward(np.zeros(3)),
        "backward: gradient has shape (3,), (2, 3) 'A' has another",
    ),
    (
        lambda: grad(A, A, np.zeros(3)),
        "grad: gradient has shape (3,), (2, 3) 'A' has another",
    ),
    (lambda: setattr(A, "data", np.zeros(4)), "data: (2, 3) 'A' can't hold shape (4,)"),
]

AXES = [
    (lambda: A.sum(axis=2), "sum: axis 2 is out of range for (2, 3) 'A': its axes are 0 to 1"),
    (lambda: A.max((0, -3)), "max: axis -3 is out of range for (2, 3) 'A': its axes are 0 to 1"),
    (lambda: mt.softmax(V, 1), "softmax: axis 1 is out of range for (3,) 'v': its axes are 0 to 0"),
    (lambda: A.cumsum(4), "cumsum: axis 4 is out of range for (2, 3) 'A': its axes are 0 to 1"),
    (lambda: A.flip(-3), "flip: axis -3 is out of range for (2, 3) 'A': its axes are 0 to 1"),
    (lambda: A.squeeze(5), "squeeze: axis 5 is out of range for (2, 3) 'A': its axes are 0 to 1"),
    (
        lambda: A.transpose(0, 5),
        "transpose: axis 5 is out of range for (2, 3) 'A': its axes are 0 to 1",
    ),
    (
        lambda: mt.concatenate([A, B], axis=2),
        "concatenate: axis 2 is out of range for (2, 3) 'A': its axes are 0 to 1",
    ),
    (lambda: A.swapaxes(0, 5), "swapaxes: axis 5 is out of range for (2, 3) 'A'"),
    (lambda: A.swapaxes(-3, 0), "swapaxes: axis -3 is out of range for (2, 3) 'A'"),
    (lambda: mt.stack([A, B], axis=3), "stack: axis 3 is out of range for 3 axes"),
    (lambda: A.split(2, axis=4), "split: axis 4 is out of range for (2, 3) 'A'"),
    (
        lambda: SCALAR.max(axis=1),
        "max: axis 1 is out of range for () 's': it is a scalar, without axes",
    ),
]


class Foreign:
    """Another library's array."""

    dtype = "foreign.float32"

    def __array__(self, dtype=None, copy=None):
        return np.ones(3, dtype)


TYPES = [
    # operands
    (lambda: A + "a", f"add: {EXPECTED} 'a' (str)"),
    (lambda: None * A, f"multiply: {EXPECTED} None (NoneType)"),
    (lambda: A - 1j, f"subtract: {EXPECTED} 1j (complex)"),
    (lambda: A / np.zeros(3, complex), f"divide: {EXPECTED} an array of dtype complex128"),
    (
        lambda: A * Foreign(),
        f"multiply: {EXPECTED} a test_errors.Foreign; np.asarray() makes one of it",
    ),
    (lambda: A * np.array(["a"]), f"multiply: {EXPECTED} an array of dtype <U1"),
    (lambda: mt.exp(object), f"exp: {EXPECTED} <class 'object'> (type)"),
    (lambda: mt.sum("x" * 100), f"sum: {EXPECTED} 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (str)"),
    (lambda: A.clip("x", 1), f"clip: {EXPECTED} 'x' (str)"),
    (lambda: A.backward("x"), f"backward: {EXPECTED} 'x' (str)"),
    (lambda: setattr(V, "data", "x"), f"data: {EXPECTED} 'x' (str)"),
    (lambda: Tensor("abc"), f"Tensor: {EXPECTED} 'abc' (str)"),
    (lambda: Tensor(None), f"Tensor: {EXPECTED} None (NoneType)"),
    (lambda: Tensor({"a": 1}), f"Tensor: {EXPECTED} {{'a': 1}} (dict)"),
    (lambda: Tensor(np.zeros(2, complex)), f"Tensor: {EXPECTED} an array of dtype complex128"),
    (lambda: Tensor([1.0], dtype=complex), f"Tensor: {EXPECTED} an array of dtype complex128"),
    (lambda: Tensor(1.0, name=3), "Tensor: name is text, got 3"),
    (
        lambda: mt.einsum(A, A),
        "einsum: the subscripts come first, as text such as 'ij,jk->ik', or behind each operand as "
        "a list of numbers below 52",
    ),
    # dtypes
    (
        lambda: Tensor([1, 2], requires_grad=True),
        "requires_grad: the tensor has dtype int64, and only floats have gradients; "
        "write 2.0 for 2, or dtype=float",
    ),
    (
        lambda: setattr(Tensor([True], name="m"), "requires_grad", True),
        "requires_grad: 'm' has dtype bool, and only floats have gradients; "
        "write 2.0 for 2, or dtype=float",
    ),
    (
        lambda: setattr(Tensor([1, 2], name="k"), "data", [1.5, 2.0]),
        "data: (2,) 'k' of dtype int64 can't hold float64",
    ),
    (
        lambda: BOOLS - BOOLS,
        "subtract: numpy boolean subtract, the `-` operator, is not supported, use the "
        "bitwise_xor, the `^` operator, or the logical_xor function instead. (of (2,) and (2,))",
    ),
    (
        lambda: A.max(axis="x"),
        "max: 'str' object cannot be interpreted as an integer (of (2, 3) 'A')",
    ),
    (lambda: A.astype(complex), "astype: complex128 is no dtype of real numbers"),
    (lambda: A.detach().astype(str), "astype: <U0 is no dtype of real numbers"),
    (lambda: NUMBERS & NUMBERS, "logical_and: & | ~ are for bools, got (3,) 'n'"),
    (lambda: BOOLS | 1, "logical_or: & | ~ are for bools, got 1"),
    (lambda: ~V, "logical_not: & | ~ are for bools, got (3,) 'v'"),
    (lambda: A.split(2.0), "split: sections is a whole number or a list of them, got 2.0"),
    # what isn't a tensor
    (
        lambda: grad(SCALAR, 1.0),
        "grad: inputs is a tensor or a list of tensors, got float",
    ),
    (lambda: grad(1.0, A), f"grad: expected a tensor, got float; {PLAIN}"),
    (lambda: mt.Graph.of(1), f"Graph.of: expected a tensor, got int; {PLAIN}"),
    (lambda: mt.draw("x"), "draw: expected a tensor, got str"),
    # a scalar
    (lambda: len(SCALAR), "len(): a scalar has none; .item() is its number, .numpy() its array"),
    (lambda: iter(SCALAR), "a scalar can't be iterated over; .item() is its number"),
    # constants
    (
        lambda: np.where(V, 1.0, 2.0),
        "where: no derivative with respect to input 0, 'v', which requires a gradient; "
        "pass its .detach() to keep it constant",
    ),
    (
        lambda: np.asarray(V),
        "'v' requires a gradient, which an array would lose: take .detach() for a constant, "
        ".numpy() for an array, .item() for a number, and stack() to make one "
        "tensor of several; write X @ W for X.dot(W)",
    ),
    (
        lambda: np.array(zeros(2)),
        "this tensor requires a gradient, which an array would lose: take .detach() for a "
        "constant, .numpy() for an array, .item() for a number, and stack() to make one "
        "tensor of several; write X @ W for X.dot(W)",
    ),
    # copies
    *(
        (
            lambda f=f: f(V * 2),
            "copy: the tensor was computed by multiply, and its record is neither copied nor "
            "pickled; take its .detach(), or its .numpy() for an array",
        )
        for f in (copy.copy, copy.deepcopy, pickle.dumps)
    ),
    # NumPy
    (
        lambda: np.partition(A, 1),
        "np.partition has no rule for its derivative; give it one by microtensor.primitive, or "
        "apply it to the tensor's .numpy() where no gradient is wanted",
    ),
    (
        lambda: np.cumsum(A, dtype=np.float32),
        "np.cumsum: the argument 'dtype' isn't supported for tensors",
    ),
    (
        lambda: np.add(A, A, where=BOOLS.data[0]),
        "np.add: the argument 'where' isn't supported for tensors",
    ),
    (
        lambda: np.exp(A, out=np.zeros((2, 3))),
        "np.exp: an array can't take the result of a tensor in place, for it would lose the "
        "record; write array = array + tensor, or use the tensor's .numpy()",
    ),
]

VALUES = [
    (lambda: A.item(), "item: (2, 3) 'A' holds 6 numbers, not one"),
    (lambda: Tensor([[1], [2, 3]]), "Tensor: the rows of a nested list differ in length"),
    (lambda: mt.add(V, [[1], [2, 3]]), "add: the rows of a nested list differ in length"),
    (
        lambda: mt.concatenate([]),
        "concatenate: there is nothing to put together; give at least one tensor",
    ),
    (
        lambda: mt.stack([]),
        "stack: there is nothing to put together; give at least one tensor",
    ),
    (lambda: A.transpose(0, 0), "transpose: repeated axis in transpose (of (2, 3) 'A')"),
    (lambda: A.sum((0, 0)), "sum: duplicate value in 'axis' (of (2, 3) 'A')"),
    (
        lambda: A.pad(1, "mean"),
        "pad: mode 'mean' isn't one of constant, edge, reflect, symmetric, wrap",
    ),
    (lambda: A.pad(-1), "pad: index can't contain negative values (of (2, 3) 'A')"),
    (
        lambda: mt.einsum("ii", A),
        "einsum: dimensions in operand 0 for collapsing index 'i' don't match (2 != 3) "
        "(of (2, 3) 'A')",
    ),
    (
        lambda: zeros(0, 3).max(),
        "max: zero-size array to reduction operation maximum which has no identity (of (0, 3))",
    ),
    (
        lambda: Tensor([1, 2]) ** -1,
        "power: Integers to negative integer powers are not allowed. (of (2,) and -1)",
    ),
    (
        lambda: bool(A),
        "The truth value of an array with more than one element is ambiguous. "
        "Use a.any() or a.all()",
    ),
]

INDICES = [
    (lambda: A[5], "getitem: index 5 is out of bounds for axis 0 with size 2 (of (2, 3) 'A')"),
    (
        lambda: A[0, 0, 0],
        "getitem: too many indices for array: array is 2-dimensional, but 3 were indexed "
        "(of (2, 3) 'A')",
    ),
    (
        lambda: A[np.array([0.5])],
        "getitem: arrays used as indices must be of integer (or boolean) type (of (2, 3) 'A')",
    ),
    (
        lambda: A[np.array([True])],
        "getitem: boolean index did not match indexed array along axis 0; size of axis is 2 but "
        "size of corresponding boolean axis is 1 (of (2, 3) 'A')",
    ),
]

CONSTANT = (
    "nothing it was computed from requires a gradient, or it was computed inside no_grad(); "
    "make a leaf with requires_grad=True"
)
IN_PLACE = (
    "is a leaf that requires a gradient, and changing it in place would lose it; do it inside "
    "no_grad(), or give the result another name"
)
ENTRIES = (
    "or the value requires a gradient, and the record can't follow entries overwritten; build "
    "the tensor by where() or concatenate(), or do it inside no_grad()"
)
CHANGED = (
    "so gradients and views would mix old numbers with new; compute the result again, or change "
    "the tensor after backward()"
)


def add_in_place(t):
    t += 1


def matmul_in_place(t):
    t @= np.eye(3)


def set_entry(t, value):
    t[0] = value


def changed_between(x):
    y = x * V
    with no_grad():
        x += 1
    y.backward(np.ones(3))


GRADIENTS = [
    (
        A.backward,
        "backward: (2, 3) 'A' isn't a scalar: reduce it by .sum() or .mean(), or pass gradient=, "
        "an array of its shape",
    ),
    (
        lambda: grad(A, A),
        "grad: (2, 3) 'A' isn't a scalar: reduce it by .sum() or .mean(), or pass gradient=, "
        "an array of its shape",
    ),
    (NUMBERS.sum().backward, f"backward: the output is a constant: {CONSTANT}"),
    (NUMBERS.backward, f"backward: the output 'n' is a constant: {CONSTANT}"),
    (
        lambda: grad(V.sum(), A),
        "grad: the output wasn't computed from 'A', so its derivative is zero everywhere, or it "
        "was computed from a copy",
    ),
    (
        lambda: grad(SCALAR, zeros(2)),
        "grad: 's' wasn't computed from the tensor, so its derivative is zero everywhere, or it "
        "was computed from a copy",
    ),
    (
        lambda: grad((V * NUMBERS).sum(), NUMBERS),
        "grad: the output wasn't computed from 'n', which doesn't require a gradient",
    ),
    (
        lambda: setattr(V * 2, "requires_grad", False),
        "requires_grad: the tensor was computed by multiply; only a leaf's can be set; .detach() "
        "makes one",
    ),
    (lambda: add_in_place(V), f"add: 'v' {IN_PLACE}"),
    (lambda: matmul_in_place(zeros(3)), f"matmul: the tensor {IN_PLACE}"),
    (lambda: set_entry(V, 1.0), f"t[...] = value: 'v' {ENTRIES}"),
    (lambda: set_entry(NUMBERS, SCALAR), f"t[...] = value: 'n' {ENTRIES}"),
    (
        lambda: changed_between(zeros(3, name="w")),
        f"(3,) 'w' was changed after multiply had used it, {CHANGED}",
    ),
    (
        lambda: changed_between(zeros(3)),
        f"a tensor (3,) was changed after multiply had used it, {CHANGED}",
    ),
]

TABLE = [
    *((*row, ShapeError, ValueError) for row in SHAPES),
    *((*row, AxisError, ValueError) for row in AXES),
    *((*row, TypeError, TypeError) for row in TYPES),
    *((*row, ValueError, ValueError) for row in VALUES),
    *((*row, IndexError, IndexError) for row in INDICES),
    *((*row, GradientError, RuntimeError) for row in GRADIENTS),
]


@pytest.mark.parametrize(
    ("f", "message", "kind", "base"), TABLE, ids=[row[1][:60] for row in TABLE]
)
def test_message(f, message, kind, base):
    with pytest.raises(base) as caught:
        f()
    assert str(caught.value) == message
    assert type(caught.value) is kind
    assert "\n" not in message


def test_kinds():
    assert issubclass(ShapeError, ValueError)
    assert issubclass(GradientError, RuntimeError)
    assert issubclass(NoRenderer, RuntimeError)


@pytest.mark.parametrize(
    ("f", "message", "kind", "base"), TABLE, ids=[row[1][:60] for row in TABLE]
)
def test_the_failing_line_is_the_callers(f, message, kind, base):
    """No second error is shown behind the first."""
    with pytest.raises(base) as caught:
        f()
    assert caught.value.__context__ is None or caught.value.__suppress_context__


# The type is NumPy's, and the text has one line and a cause, for these too ----------------------


@pytest.mark.parametrize(
    ("f", "kind", "words"),
    [
        (lambda: A.reshape(-1, -1), ValueError, "reshape: .*(one|unknown|-1)"),
        (lambda: [1, 2, 3][SCALAR], TypeError, "."),
        (lambda: mt.clip(None), TypeError, "clip: "),
        (lambda: mt.einsum("ij,jk", A, B), ValueError, "einsum: .*2, ?3"),
        (lambda: mt.einsum("ij->k", A), ValueError, "einsum: .*k"),
        (lambda: mt.einsum("i1->i", A), ValueError, "einsum: .*1"),
        (lambda: mt.dot(A, B), ValueError, "3 .*2 "),
        (lambda: A[[[0], [1, 2]]], ValueError, "differ in length|inhomogeneous"),
    ],
)
def test_words(f, kind, words):
    with pytest.raises(kind, match=words) as caught:
        f()
    assert "\n" not in str(caught.value)


LARGE = 10**399
MANY = 10**5000  # Python refuses to write it out


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("multiply", lambda w, n: w * n),
        ("add", lambda w, n: n + w),
        ("subtract", lambda w, n: w - -n),
        ("divide", lambda w, n: n / w),
        ("power", lambda w, n: w**n),
        ("less", lambda w, n: w < n),
        ("where", lambda w, n: mt.where(w > 1, w, n)),
        ("maximum", lambda w, n: np.maximum(n, w)),
        ("clip", lambda w, n: w.clip(-n, n)),
        ("stack", lambda w, n: mt.stack([w, n])),
    ],
)
def test_a_whole_number_too_large_for_a_float_is_named(name, f):
    w = Tensor(2.0, requires_grad=True, name="w")
    for number, digits in ((LARGE, "400"), (MANY, "5,001")):
        with pytest.raises(OverflowError) as error:
            f(w, number)
        said = f"{name}: a whole number of {digits} digits is too large: floats end at 1.8e308"
        assert str(error.value) == said


def test_whole_numbers_of_64_bits_stay_exact_and_others_are_named():
    n = Tensor(np.array([2**64 - 3, 2**64 - 1], np.uint64), name="n")
    assert (n == 2**64 - 1).tolist() == [False, True]
    small = Tensor(np.array([1, 2], np.int8), name="a")
    with pytest.raises(OverflowError, match=r"^multiply: Python integer 300 out of .*'a' and 300"):
        small * 300
    with pytest.raises(OverflowError, match=r"^add: .* \(of \(2,\) 'n' and 1000000000"):
        n + 10**20


@pytest.mark.parametrize("number", [2**64, -(2**64), 10**30, 10**300])
def test_a_whole_number_wider_than_64_bits_is_a_float(number):
    """In `stack` it made an array of Python's objects."""
    w = Tensor(2.0, requires_grad=True)
    assert mt.stack([w, number]).tolist() == [2.0, float(number)]
    assert (w * number).item() == 2 * float(number)
    assert mt.where(w > 3, w, number).dtype == np.float64
    with pytest.raises(TypeError, match=r"which 64 bits don't hold; write a float, such as 1e20$"):
        Tensor(2 * abs(number))
    with pytest.raises(TypeError, match=r"dtype object; \.astype\(float\) makes numbers of it$"):
        w * [10**30, 1]


LOSS = (A * V).sum()
WRONG_VIEWS = [
    (
        lambda: mt.draw([LOSS]),
        "draw: expected a tensor, got list; give one tensor, such as the sum",
    ),
    (
        lambda: mt.paths(LOSS.item(), A),
        "paths: expected a tensor, got float; give the tensor its",
    ),
    (lambda: mt.explain(LOSS.data), "explain: expected a tensor, got ndarray; give the tensor "),
    (
        lambda: mt.follow(len, "A"),
        "follow: expected a tensor, got builtin_function_or_method; give ",
    ),
    (lambda: mt.page(len, "x.html"), "page: expected a tensor, got builtin_function_or_method; "),
    (lambda: mt.draw(len), "it what that gives of data, as in draw(model(X))"),
    (
        lambda: mt.draw(LOSS, "x.svg"),
        "draw: names is a dict of names and values, such as vars() or ",
    ),
    (lambda: mt.explain(LOSS, names=A), "explain: names is a dict of names and values, such as va"),
    (lambda: mt.paths(LOSS, A, names={1: A}), "paths: names are texts, {'w': w}, got 1"),
    (lambda: mt.draw(LOSS, gradient="x"), "draw: expected a tensor, an array of real numbers or a"),
    (lambda: mt.explain(A, gradient=1), "explain: gradient has shape (), (2, 3) 'A' has another"),
    (lambda: mt.draw(LOSS, collapse=1.5), 'draw: collapse is "auto", False, a depth, or names of '),
    (lambda: mt.draw(LOSS, collapse=None), "or names of groups, got None"),
    (lambda: mt.draw(LOSS, collapse=[1, "a"]), "or names of groups, got [1, 'a']"),
    (lambda: mt.page(LOSS, "x.html", collapse=-1), "page: collapse is"),
    (lambda: mt.page(LOSS, "x.html", expand="b"), "page: expand: there is no group 'b'; groups: "),
    (lambda: mt.draw(LOSS, expand=3), "draw: expand is names of groups, got 3"),
    (lambda: mt.draw(LOSS, theme=["dark"]), "draw: theme ['dark'] isn't one of light, dark"),
    (lambda: mt.page(LOSS, "x.html", direction=1), "page: direction 1 isn't one of LR, TB, RL, BT"),
    (lambda: mt.draw(LOSS).save(3), "save: a file such as 'graph.svg' is expected, got 3"),
    (lambda: mt.draw(LOSS).save(""), "save: a file such as 'graph.svg' is expected, got ''"),
    (lambda: mt.page(LOSS, None), "page: a file such as 'page.html' is expected, got None"),
    (
        lambda: mt.page(LOSS, "a/b.svg"),
        "page: a page is .html; 'b.svg' is written by draw(...).save()",
    ),
    (lambda: mt.page(LOSS, "x.html", title=3), "page: title is text, got 3"),
    (lambda: mt.page(LOSS, "x.html", text=None), "page: text is text, got None"),
    (lambda: mt.page(LOSS, "x.html", questions=["a"]), "page: questions is a dict of them and ans"),
    (lambda: mt.page(LOSS, "x.html", questions={"a": 1}), "page: the answer to 'a' is a text, or"),
    (
        lambda: mt.explain(LOSS, format=A),
        "explain: format Tensor([[0., 0., 0.], [0., 0., 0.]], ... isn't",
    ),
    (lambda: mt.explain(LOSS, [A, 3]), "explain: expected a tensor or its name, got 3"),
    (lambda: mt.explain(LOSS, {"A"}), "explain: expected a tensor or its name, got {'A'}"),
    (lambda: mt.paths(LOSS, None), "paths: expected a tensor or its name, got None"),
    (lambda: mt.paths(X * 2, "X"), "paths: nothing that L was computed from requires a gradient; "),
    (lambda: mt.follow(LOSS, A), "follow: an entry is text such as 'W[0, 0]', got Tensor([[0., 0"),
    (lambda: mt.Graph.of(LOSS).find(3), "find: expected a tensor or its name, got 3"),
    (lambda: mt.difference(LOSS, LOSS), "difference: expected two graphs, Graph.of(loss) of each "),
    (lambda: mt.detail(A, (3,)), "detail: image_shape is rows and columns, such as (28, 28), and"),
    (lambda: mt.detail(A, (-1, -3)), "such as (64, 64, 3), got (-1, -3)"),
    (lambda: mt.detail(CUBE, (1, 1, 2)), "such as (64, 64, 3), got (1, 1, 2)"),
]


@pytest.mark.parametrize(("f", "said"), WRONG_VIEWS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_view_names_what_is_wrong_with_what_it_is_given(f, said):
    if "detail" in said or "64" in said:
        pytest.importorskip("matplotlib", reason="draws with matplotlib")
    with pytest.raises((TypeError, ValueError)) as error:
        f()
    text = str(error.value)
    assert said in text and "\n" not in text and len(text) < 200


def test_a_message_lists_the_first_names_alone():
    many = [zeros(name=f"w{k}") for k in range(30)]
    total = mt.stack(many).sum()
    with pytest.raises(ValueError, match=r"w0, w1, .*, w19, \.\.\.$"):
        mt.paths(total, "x")
    for k in range(30):
        with mt.group(f"g{k}"):
            total = total * 2
    with pytest.raises(ValueError, match=r"groups: g0, g1, .*, g19, \.\.\.$"):
        mt.draw(total, collapse="x")


def test_a_long_name_is_quoted_in_part():
    w = zeros(2, 3, name="w" * 10_000)
    for f in (lambda: w @ w, lambda: w + V.reshape(3, 1), lambda: w.sum(axis=7), w.backward):
        with pytest.raises((ValueError, GradientError)) as error:
            f()
        assert "wwww…wwww" in str(error.value) and len(str(error.value)) < 500
