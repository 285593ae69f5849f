"""compile(f): the program gives what the function gives, bit for bit, and what its contract says.

Which calls may stand in for others is asked of program.fast itself: no public door shows it.
"""

import copy as copying
import enum
import functools
import math
import pickle
import random
import re
import threading
import types
import warnings
import weakref
from functools import partial

import numpy as np
import pytest
from cases import CASES, first_of_each_rule
from hypothesis import given
from test_hypothesis import programs
from test_hypothesis import run as run_program

import microtensor as mt
import nn
from microtensor import GradientError, Tensor
from microtensor.program.fast import _dot_agrees
from microtensor.program.symbol import record_call

rng = np.random.default_rng(3)


def eager(f, *inputs):
    """The value and a function of leaves' gradients, by the function itself."""
    result = f(*inputs)
    result.backward()
    return result._array


def agree(step, f, leaves, *inputs):
    """The step's value and gradients are those of the function, to the last bit."""
    for leaf in leaves:
        leaf.grad = None
    value = step(*inputs)
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    expected = eager(f, *inputs)
    assert isinstance(value, np.generic)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(value, np.reshape(expected, ()))
    for leaf, g in zip(leaves, found, strict=True):
        if leaf.grad is None:
            assert g is None
        else:
            assert type(g) is np.ndarray
            assert (g.dtype, g.shape) == (leaf.grad.dtype, leaf.grad.shape)
            np.testing.assert_array_equal(g, leaf.grad)
    return value


def recorded(step):
    """How often it was recorded."""
    return step._recorded


def weights(*shape, dtype=np.float64, name=None):
    return Tensor(rng.normal(size=shape), requires_grad=True, dtype=dtype, name=name)


# The same numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES)))
def test_every_case(case):
    leaves = [Tensor(x, requires_grad=True) for x in case.inputs]
    scale = np.random.default_rng(1).uniform(0.5, 1.5, case.f(*leaves).shape)

    def f(*xs):
        return (case.f(*xs) * scale).sum()

    step = mt.compile(f)
    for k in range(3):
        for leaf, x in zip(leaves, case.inputs, strict=True):
            leaf.data = x + 1e-3 * k * np.abs(x)
            leaf.grad = None
        value = step(*leaves)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        expected = eager(f, *leaves)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
        for leaf, g in zip(leaves, found, strict=True):
            np.testing.assert_allclose(g, leaf.grad, rtol=1e-12, atol=1e-12)
            assert (g.dtype, g.shape) == (leaf.grad.dtype, leaf.grad.shape)
    assert recorded(step) == 1


@given(programs())
def test_programs_that_nobody_thought_of(program):
    arrays, steps = program
    leaves = [Tensor(a, requires_grad=True) for a in arrays]

    def f(*leaves):
        return run_program(steps, leaves)

    step = mt.compile(f)
    for k in range(2):
        for leaf, a in zip(leaves, arrays, strict=True):
            leaf.data = a + 0.1 * k
            leaf.grad = None
        value = step(*leaves)
        found = [leaf.grad for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        np.testing.assert_array_equal(value, eager(f, *leaves))
        for leaf, g in zip(leaves, found, strict=True):
            np.testing.assert_array_equal(g, leaf.grad)


LOSSES = {
    "BCE": (nn.Sigmoid(), nn.BCELoss(), lambda n: rng.integers(0, 2, (n, 3)).astype(float)),
    "BCE with whole labels": (nn.Sigmoid(), nn.BCELoss(), lambda n: rng.integers(0, 2, (n, 3))),
    "BCE with logits": (nn.Tanh(), nn.BCEWithLogitsLoss(), lambda n: rng.uniform(0, 1, (n, 3))),
    "squares": (nn.ReLU(), nn.MSELoss(), lambda n: rng.normal(size=(n, 3))),
    "cross-entropy": (nn.Softmax(), nn.CrossEntropyLoss(), lambda n: rng.integers(0, 3, n)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", LOSSES)
def test_training_is_the_same(loss, dtype):
    last, cost, targets = LOSSES[loss]
    linear = [nn.Linear(4, 8, rng=1, dtype=dtype), nn.Linear(8, 3, rng=2, dtype=dtype)]
    model = nn.Sequential(linear[0], nn.ReLU(), linear[1], last)
    parameters = model.parameters()
    optimizer = nn.Adam(parameters, lr=0.1)

    def f(X, Y):
        return cost(model(X), Y)

    step = mt.compile(f)
    values = []
    for _ in range(6):  # other examples every time
        X = rng.normal(size=(10, 4)).astype(dtype)
        values.append(agree(step, f, parameters, X, targets(10)))
        optimizer.step()
    assert recorded(step) == 1
    assert len(set(values)) == 6


@pytest.mark.parametrize(
    "lay",
    [
        np.ascontiguousarray,
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1, ::-1],
        lambda x: x.T.copy().T,
    ],
    ids=["C", "Fortran", "every other", "reversed", "transposed"],
)
def test_order_in_memory(lay):
    W, b = weights(5, 4), weights(5)
    X = lay(rng.normal(size=(6, 4)))

    def f(X):
        return ((X @ W.T + b) ** 2).mean()

    step = mt.compile(f)
    agree(step, f, [W, b], X)
    agree(step, f, [W, b], lay(rng.normal(size=(6, 4))))
    assert recorded(step) == 1
    W.data = np.asfortranarray(W.data)
    agree(step, f, [W, b], X)
    assert recorded(step) == 1
    agree(step, f, [W, b], np.repeat(X, 3, axis=0)[::3])
    assert recorded(step) == 2


LAYOUTS = [
    np.ascontiguousarray,
    np.asfortranarray,
    lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    lambda x: np.repeat(x, 2, axis=0)[::2],
]


@pytest.mark.parametrize("count", [500, pytest.param(4000, marks=pytest.mark.acceptance)])
def test_dot_stands_in_only_where_it_gives_the_same_bits(count):
    draw, stood_in = np.random.default_rng(0), 0
    for _ in range(count):
        rows, inner, columns = draw.choice([1, 2, 3, 5, 7, 16, 33, 100, 209, 300], 3)
        dtype = draw.choice([np.float64, np.float32])
        left, right = (
            LAYOUTS[draw.integers(4)](draw.normal(size=shape).astype(dtype))
            for shape in ((rows, inner), (inner, columns))
        )
        right = right if draw.integers(5) else left.T
        product = record_call("matmul", np.matmul, (left, right))
        if _dot_agrees(product):
            stood_in += 1
            with np.errstate(invalid="ignore"):  # BLAS may look at memory beside the entries
                assert np.dot(left, right).tobytes() == product.value.tobytes()
    assert stood_in > count / 8


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("number", [0, -0.0, 2, 0.1])
@pytest.mark.parametrize("lay", [np.ascontiguousarray, np.asfortranarray])
def test_numbers_are_put_in_place_of_where_alone_what_they_replace_is_done_with(lay, number, dtype):
    w = Tensor(lay(rng.normal(size=(4, 3))), requires_grad=True, dtype=dtype)

    def done_with(X):
        return mt.where(X > 0, number, X * w).tanh().sum()

    def read_again(X):
        product = X * w
        return (mt.where(X > 0, number, product) * product).tanh().sum()

    def spread(X):
        return mt.where(X[0] > 0, number, X * w).tanh().sum()

    # Forward and backward; backward alone; never.
    for f, puts in ((done_with, 2), (read_again, 1), (spread, 0)):
        step = mt.compile(f)
        for _ in range(3):
            agree(step, f, [w], lay(rng.normal(size=(4, 3)).astype(dtype)))
        assert step.source.count(" putmask(") == puts
        assert recorded(step) == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [1, 5])
@pytest.mark.parametrize("rows", [1, 200])
def test_products_are_the_same_to_the_last_bit(rows, columns, dtype):
    for inner in (2, 7, 33):
        for lay in LAYOUTS:
            W = weights(columns, inner, dtype=dtype)

            def f(X, V, W=W):
                Z = X @ W.T
                return (np.tanh(Z.T).T * (X @ V) * Z).sum()

            X, V = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
            agree(mt.compile(f), f, [W], lay(X.astype(dtype)), lay(V.astype(dtype)))


def test_read_only_inputs_are_only_read():
    W = weights(3)
    X = np.array([1.0, 2.0, 3.0])
    X.setflags(write=False)
    agree(mt.compile(lambda X: (W * X).sum()), lambda X: (W * X).sum(), [W], X)


def test_inputs_stay_as_they_are():
    W = weights(2, 3)
    X, Y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    copies = X.copy(), Y.copy()
    step = mt.compile(lambda X, Y: mt.square(-(X @ W.T) - Y).mean())
    for _ in range(3):
        step(X, Y)
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(Y, copies[1])


def test_no_examples_and_no_axes():
    W, c = weights(3, 2), Tensor(2.0, requires_grad=True)

    def f(X):
        return (X @ W.T).sum() * c + c

    step = mt.compile(f)
    agree(step, f, [W, c], np.empty((0, 2)))
    agree(step, f, [W, c], np.ones((1, 2)))
    assert c.grad.shape == ()


def test_one_entry_with_axes_is_a_number():
    W = weights(1, 3)

    def f(X):
        return X @ W.T

    assert agree(mt.compile(f), f, [W], np.ones((1, 3))).shape == ()


def test_kinds_of_inputs():
    w = weights(3)
    x = Tensor([1.0, 2.0, 3.0], name="x")
    values = [1, 2.5, True, np.float64(3.0), np.float32(1.5), np.array(4.0), x]

    def f(s):
        return (w * s).sum()

    step = mt.compile(f)
    for _ in range(2):
        for s in values:
            agree(step, f, [w], s)
    assert recorded(step) == len(values)


@pytest.mark.parametrize("kind", [np.array, Tensor])
def test_a_bool_is_the_number_that_it_was(kind):
    w = weights(3)

    def f(x):
        return (w * mt.tanh(Tensor(x) ** 2)).sum()

    step = mt.compile(f)
    for x in (True, False, True):
        agree(step, f, [w], kind(x))


def test_float32_stays_float32():
    w = weights(3, dtype=np.float32)

    def f(x, s):
        return ((w * x * 2.0 - 1) ** 3 * s).mean()

    step = mt.compile(f)
    assert agree(step, f, [w], np.ones(3, np.float32), 0.5).dtype == np.float32
    agree(step, f, [w], np.ones(3), 0.5)


def test_values_used_and_returned_twice():
    w = weights(2, 2)

    def f(x):
        y = w * x
        return (y + y * y + y.T).sum() + y.sum() + w.sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], rng.normal(size=(2, 2)))


def test_a_gradient_shared_by_two_leaves_is_two_arrays():
    a, b = weights(3), weights(3)
    step = mt.compile(lambda: ((a + b) ** 2).sum())
    step()
    np.testing.assert_array_equal(a.grad, b.grad)
    assert not np.may_share_memory(a.grad, b.grad)


def test_gradients_that_are_parts_of_a_larger_one():
    V, a, b = weights(3, 3), weights(3), weights(3)

    def f(x):
        early = np.tanh(x @ V) @ V  # whose gradients come after those of a and b
        return (np.tanh(np.concatenate([a, b]) * 2) * early.reshape(6)).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [V, a, b], rng.normal(size=(2, 3)))


def test_memory_is_kept_while_a_view_of_it_is_read():
    w, V = weights(2, 3), weights(3, 2)

    def f(x):
        y = (w * x).T  # a view
        z = (x @ V) @ V.T @ V
        return (np.tanh(y @ z) * (y @ x)[:, :1]).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w, V], rng.normal(size=(2, 3)))


@pytest.mark.parametrize("shape", [(1, 3), (3,), (4, 1)], ids=str)
def test_sums_that_undo_broadcasting(shape):
    w = weights(*shape)

    def f(x):
        return (np.tanh(x + w) * x).sum() + (x * w).sum(axis=(0,)).sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], rng.normal(size=(4, 3)) * 1e3)


def test_a_gradient_that_is_the_input_is_a_copy():
    w = weights(3)
    x = np.array([1.0, 2.0, 3.0])
    mt.compile(lambda x: (w * x).sum())(x)
    w.grad[0] = 9
    assert x[0] == 1


def test_second_derivatives():
    w = weights(3)

    def f(x):
        y = mt.tanh(w * x).sum()
        return y + mt.square(mt.grad(y, w, create_graph=True)).sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], rng.normal(size=3))
        w.data = w.data * 0.9
    assert recorded(step) == 1


def test_leaves_made_inside_get_no_gradient():
    w = weights(3)

    def f(x):
        inner = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        return (w * x * inner).sum()

    step = mt.compile(f)
    agree(step, f, [w], np.ones(3))
    points = Tensor([0.5, 1.0, 1.5])

    def slope(x):  # as a gradient penalty, or an equation with derivatives, has it
        at = Tensor(x, requires_grad=True)
        return (mt.grad((w * at * at).sum(), at, create_graph=True) ** 2).sum()

    step = mt.compile(slope)
    for x in (points, points.numpy(), np.array([2.0, 3.0, 4.0])):
        agree(step, slope, [w], x)


def test_detached_values_follow():
    w = weights(3)

    def f(x):
        y = w * x
        return (y * y.detach() + Tensor(x) * w + w * (y > 0).astype(int)).sum()

    step = mt.compile(f)
    for _ in range(4):
        agree(step, f, [w], rng.normal(size=3))
        w.data = -w.data
    assert recorded(step) == 1


def test_constants_computed_on_the_way_follow_the_inputs():
    w = weights(3)

    def f(x):
        with mt.no_grad():
            scale = (w * x).max()
        return (w * x / scale + x.mean() * w).sum()

    step = mt.compile(f)
    for _ in range(4):
        agree(step, f, [w], rng.normal(size=3))
        w.data = w.data + 1
    assert recorded(step) == 1


def test_operations_of_ones_own():
    cube = mt.primitive("cube", lambda x: x * x * x, lambda g, out, x: g * 3 * x * x)
    loop = mt.primitive(
        "loop",
        lambda x: np.array([float(v) ** 2 for v in x]),
        lambda g, out, x: g * np.array([2 * float(v) for v in x]),
    )
    w = weights(3)

    def f(x):
        return (cube(w) * loop(w * x)).sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], rng.normal(size=3))
        w.data = w.data * 1.5
    assert recorded(step) == 1


def test_inputs_of_all_kinds_have_names_of_their_own():
    w, v = weights(3), weights(3)

    def f(*inputs):
        first, *tensors = inputs
        return (w * sum(tensors) * first).sum() + (v * tensors[0]).sum()

    step = mt.compile(f)
    for count in (1, 2, 12):
        for _ in range(2):
            agree(step, f, [w, v], 2, *(Tensor(rng.normal(size=3)) for _ in range(count)))


class Axis(enum.IntEnum):
    ROWS = 0


FACTORS = {Axis.ROWS: 2.0}


@pytest.mark.parametrize("axis", [Axis.ROWS, np.int64(0), (np.int64(0),)], ids=repr)
def test_numbers_that_are_written_otherwise(axis):
    w = weights(4, 3)

    def f(x):
        y = (w * x).sum(axis=axis) ** 2 + (w * x).max(axis=axis) ** np.float64(2)
        return (y * FACTORS[Axis.ROWS]).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w], rng.normal(size=(4, 3)))


def test_a_numpy_number_has_a_dtype_that_counts():
    w = weights(5, dtype=np.float32)

    def f(x):
        return (((w * x) * np.float64(0.1)) ** np.float64(2)).sum() + (
            x * w < np.float64(0.1)
        ).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w], rng.normal(size=5).astype(np.float32))


def zero_diagonal(x):
    y = x.copy()
    np.fill_diagonal(y, 0)
    return y


def exp_into(x):
    y = x.copy()
    np.exp(y, out=y)
    return y


def tripled_top(x):
    y = np.array(x)
    y[:1] *= 3
    return y


def tripled_top_slope(g, out, x):
    d = g * 1.0
    top = d[:1]
    top *= 3
    return d


def halves(x):
    y = np.sin(x)
    a, b = np.split(y, 3)[::2]
    t = np.cos(a)
    u = np.tanh(b) + t
    s = np.sin(u) * np.exp(t)
    return np.concatenate([np.sinh(s) * a, b + s, s])


OWN = {
    "an entry changed": (zero_diagonal, lambda g, out, x: g * (1 - np.eye(3))),
    "out=": (exp_into, lambda g, out, x: g * out),
    "a view changed": (tripled_top, tripled_top_slope),
    "a branch on the kind": (
        lambda x: x * 2,
        lambda g, out, x: g * 2 if isinstance(x, np.ndarray) else g * 0,
    ),
    "an axis in second place": (
        lambda x: np.sum(x, 1)[:, None] * x,
        lambda g, out, x: g * np.sum(x, 1)[:, None] + np.sum(g * x, 1)[:, None],
    ),
    "add.reduce": (
        lambda x: x - np.add.reduce(x),
        lambda g, out, x: g - np.add.reduce(g),
    ),
    "several results": (halves, lambda g, out, x: g * np.modf(x)[0]),
    "two results": (lambda x: np.modf(x)[0] * 2, lambda g, out, x: g * 2),
}


def test_two_derivatives_that_are_called_whole_are_two_calls():
    own = mt.primitive(
        "own",
        lambda x, y: np.array(x.tolist()) * np.array(y.tolist()),
        lambda g, out, x, y: g * np.array(y.tolist()),
        lambda g, out, x, y: g * np.array(x.tolist()),
    )
    a, b = weights(3), weights(3)

    def f():
        return own(a, b).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [a, b])
        a.data = a.data * 2


@pytest.mark.parametrize("name", OWN)
def test_operations_of_ones_own_that_are_not_plain(name):
    own = mt.primitive("own", *OWN[name])
    w = weights(3, 3)

    def f(x):
        return (own(w) * own(w * x) * x).sum()

    step = mt.compile(f)
    for _ in range(3):
        values = w.numpy()
        agree(step, f, [w], rng.normal(size=(3, 3)))
        np.testing.assert_array_equal(w.numpy(), values)
        w.data = w.data * 0.9
    assert recorded(step) == 1


def test_bits_of_whole_numbers_are_no_truth():
    odd = mt.primitive(
        "odd", lambda x, n: x * (n & 1) * (n | 2), lambda g, out, x, n: g * (n & 1) * (n | 2), None
    )
    w = weights(4)

    def f(n):
        return odd(w, n).sum()

    step = mt.compile(f)
    agree(step, f, [w], np.array([1, 3, 5, 7]))
    agree(step, f, [w], np.array([1, 2, 3, 4]))


def test_a_gradient_that_adds_up_inside():
    w = weights(3)

    def f(x):
        y = (w * x).sum() + (w * x * 2).sum() + (w * x * 3).sum()
        return (mt.grad(y, w, create_graph=True) ** 2 * w).sum()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w], rng.normal(size=3))


def test_copies_and_memberships_are_read():
    w, chosen = weights(3), Tensor([1.0, 2.0])

    def f(x):
        return (w * copying.deepcopy(x)).sum() * (2 if x[0] in chosen else 1)

    step = mt.compile(f)
    for x in ([1.0, 1, 1], [5.0, 1, 1], [1.0, 2, 3]):
        agree(step, f, [w], Tensor(x))
    assert recorded(step) == 3


# What somebody holds ----------------------------------------------------------------------------


def test_values_and_gradients_that_are_kept_stay():
    w = weights(4, 3)
    step = mt.compile(lambda x: ((x @ w.T) ** 2).sum())
    kept = []
    for k in range(4):
        w.grad = None
        value = step(np.full((2, 3), k + 1.0))
        kept.append((value, float(value), w.grad, w.grad.copy()))
    for value, number, g, copy in kept:
        assert value == number
        np.testing.assert_array_equal(g, copy)


def test_a_view_of_a_gradient_stays_too():
    w = weights(4, 3)
    step = mt.compile(lambda x: (w * x).sum())
    step(np.ones(3))
    row = w.grad[1]
    w.grad = None
    step(np.full(3, 5.0))
    np.testing.assert_array_equal(row, np.ones(3))


def test_parts_are_put_beside_each_other_in_memory_that_nobody_reads_any_more():
    w = Tensor(rng.normal(size=(4, 4)), requires_grad=True)

    def f(x):
        for _ in range(4):
            a, b = mt.split(x @ w, 2, axis=1)
            x = np.concatenate([b.tanh(), a * b], axis=1)
        return (x * x).mean()

    step = mt.compile(f)
    agree(step, f, [w], rng.normal(size=(5, 4)))
    assert re.search(r"concatenate\(\[v\d+, v\d+\], 1, v\d+\)", step.source)


def test_memory_is_used_again_in_another_shape():
    w = Tensor(rng.normal(size=(64, 64)), requires_grad=True)

    def f(x):
        for _ in range(3):
            x = (x @ w).tanh() + x
        return (x * x).mean()

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w], rng.normal(size=(8, 8, 64)))
    assert re.search(r"v\d+ = v\d+\.reshape\(\(", step.source)


def test_a_stack_times_a_matrix_is_one_product_on_the_way_back_too():
    v, w = (Tensor(rng.normal(size=(4, 4)), requires_grad=True) for _ in range(2))

    def f(x):
        return (((x @ v).tanh() @ w) ** 2).sum()

    step = mt.compile(f)
    agree(step, f, [v, w], rng.normal(size=(2, 3, 4)))
    assert "matmul" not in step.source


def test_memory_is_used_again_when_nobody_holds_it():
    w = weights(4, 3)
    step = mt.compile(lambda x: ((w * x) ** 2).sum())
    addresses = set()
    for _ in range(5):
        w.grad = None
        step(np.ones(3))
        addresses.add(w.grad.ctypes.data)
    assert len(addresses) == 1


def test_gradients_add_up_over_calls():
    w = weights(3)

    def f(x):
        return (w * w * x).sum()

    step = mt.compile(f)
    total = np.zeros(3)
    held = []
    for k in range(4):
        x = np.full(3, k + 1.0)
        step(x)
        total = total + 2 * w.data * x
        held.append((w.grad, w.grad.copy()))
        np.testing.assert_allclose(w.grad, total, rtol=1e-14)
    for g, copy in held:
        np.testing.assert_array_equal(g, copy)


def test_a_gradient_of_ones_own_is_added_to():
    w = weights(3)
    mine = np.ones(3)
    w.grad = mine
    mt.compile(lambda: (w * 2).sum())()
    np.testing.assert_array_equal(w.grad, np.full(3, 3.0))
    np.testing.assert_array_equal(mine, np.ones(3))


def test_the_gradient_as_the_next_input():
    w = weights(3)

    def f(x):
        return (w * x * x).sum()

    step = mt.compile(f)
    step(np.array([1.0, 2.0, 3.0]))
    for _ in range(3):
        g, w.grad = w.grad, None
        before = g.copy()
        step(g)
        np.testing.assert_array_equal(w.grad, before * before)


def test_input_and_parameter_in_the_same_memory():
    w = weights(3)

    def f(x, y):
        return ((w * x).sum() - y.mean()) ** 2

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], w.data, w.data[::-1])
        agree(step, f, [w], w.data, w.data)
        w.data -= 0.1


def test_threads_take_turns():
    w = weights(50, 40)
    X = [rng.normal(size=(30, 40)) for _ in range(4)]
    step = mt.compile(lambda X: ((X @ w.T) ** 2).mean())
    expected = [step(x) for x in X]
    wrong = []

    def work(k):
        wrong.extend(k for _ in range(100) if step(X[k]) != expected[k])

    w.grad = None
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    total = w.grad
    w.grad = None
    for x in X:
        step(x)
    np.testing.assert_allclose(total, 100 * w.grad, rtol=1e-9)


# The contract -----------------------------------------------------------------------------------

FACTOR = 2.0
TABLE = np.array([1.0, 2.0, 3.0])


class Scaled(nn.Module):
    ratio = 3.0

    def __init__(self):
        self.w = nn.Parameter([1.0, 2.0, 3.0])
        self.layers = [1.0, 2.0]

    def forward(self, x):
        return (self.w * x * self.ratio * self.layers[-1]).sum()

    @property
    def half(self):
        return self.ratio / 2


def inner(x):
    return x * FACTOR


def test_other_shapes_dtypes_and_numbers_of_inputs():
    w = weights()

    def f(*xs):
        return sum((x * w).mean() for x in xs)

    step = mt.compile(f)
    inputs = [
        (np.ones(3),),
        (np.ones(4),),
        (np.ones((2, 2)),),
        (np.ones(3, np.float32),),
        (np.ones(3, int),),
        (np.ones(3), np.ones(3)),
        (np.ones(3), 1.0),
        (np.ones(3), 1),
    ]
    for _ in range(2):
        for xs in inputs:
            agree(step, f, [w], *xs)
    assert recorded(step) == len(inputs)


def test_branches_on_values():
    w = weights(3)

    def f(x):
        y = (w * x).sum()
        if y > 0:
            y = y * 2
        while y > 5:
            y = y / 3
        return y if x.max() < 10 else y * y

    step = mt.compile(f)
    for k in range(40):
        agree(step, f, [w], np.full(3, (-1) ** k * 1.3**k))
        w.data = np.roll(w.data, 1)
    assert 2 < recorded(step) < 40


def test_values_read_from_inputs():
    w = weights(4)

    def f(x, n):
        y = w[: int(n)] * x.numpy()[: int(n)]
        best = int(np.argmax(x))
        return y.sum() * float(x[0]) + best * w[0] + len(x.tolist()) * w[1] + x[1].item() * w[2]

    step = mt.compile(f)
    for x in ([1.0, 2, 3, 4], [1.0, 2, 3, 5], [7.0, 2, 3, 4], [1.0, 2, 3, 4], [-0.0, 2, 3, 4]):
        for n in (2, 3):
            agree(step, f, [w], Tensor(x), np.array(n))
    assert recorded(step) == 8


def test_what_was_read_is_kept_as_it_was():
    w = weights(2)

    def f(x):
        return (w * x.data).sum()

    step = mt.compile(f)
    first, second = np.array([1.0, 2.0]), np.array([1.0, 2.0])
    step(first)
    first[:] = 9.0
    w.grad = None
    step(second)
    np.testing.assert_array_equal(w.grad, second)
    assert recorded(step) == 1


def test_a_program_keeps_no_inputs():
    w = weights(2)
    step = mt.compile(lambda x: (w * x).sum())
    x = np.ones(2)
    watched = weakref.ref(x)
    step(x)
    del x
    assert watched() is None


def test_masks_from_inputs_and_indices_from_inputs():
    w = weights(4)

    def f(x, i):
        return w[x > 0].sum() + (w[i] * np.arange(3)).sum() + w[i[0]] + w[i][0]

    step = mt.compile(f)
    mask = [1, -1, 1, 1]
    for x, i in ((mask, [0, 1, 1]), ([1, -1, -1, 1], [0, 1, 1]), (mask, [3, 3, 2])):
        agree(step, f, [w], np.array(x), np.array(i))
    assert recorded(step) == 2


def test_a_check_of_the_function_stays_a_check():
    w = weights(3)

    def f(x):
        if np.isnan(x).any():
            raise ValueError("nan!")
        return (w * x).sum()

    step = mt.compile(f)
    x = np.ones(3)
    step(x)
    before = w.grad.copy()
    with pytest.raises(ValueError, match="nan!"):
        step(np.array([1.0, np.nan, 1.0]))
    np.testing.assert_array_equal(w.grad, before)
    agree(step, f, [w], x)
    loss = nn.BCELoss()
    step = mt.compile(lambda y: loss(mt.sigmoid(w), y))
    step(np.array([0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match=r"targets are from 0 to 1, got 0.0 to 2.0"):
        step(np.array([0.0, 2.0, 1.0]))


def test_one_array_given_twice():
    w, x, y = weights(3), np.ones(3), np.full(3, 2.0)

    def f(x, y):
        return (w * x * y).sum() * (2 if x is y else 1)

    step = mt.compile(f)
    for _ in range(2):
        agree(step, f, [w], x, y)
        agree(step, f, [w], x, x)
        agree(step, f, [w], y, y)
    assert recorded(step) == 2


FACTOR, TABLE, RATE = 2.0, np.array([1.0, 2.0, 3.0]), Tensor(0.5)
WORDS = ["word"] * 40_000


def test_what_is_reached_is_read_anew():
    """Arrays and tensors, by closure and by global, and what an index or a label is."""
    w, X, labels = weights(3), rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])

    def f():
        scores = Tensor(X) * w * TABLE * RATE
        return (
            scores[np.arange(4), labels].sum() + (X @ w).mean() + Tensor(labels, dtype=float).sum()
        )

    step = mt.compile(f)
    agree(step, f, [w])
    X *= 0.9
    labels[:] = [2, 2, 0, 1]
    TABLE[1] += 1
    RATE.data = RATE.data + 1
    agree(step, f, [w])
    assert recorded(step) == 1


@pytest.mark.parametrize("loss", ["BCE with whole labels", "cross-entropy", "squares"])
def test_labels_by_closure_are_not_frozen(loss):
    last, cost, targets = LOSSES[loss]
    model = nn.Sequential(nn.Linear(4, 3, rng=1), last)
    X, Y = rng.normal(size=(10, 4)), targets(10)

    def f():
        return cost(model(X), Y)

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, model.parameters())
        Y[:] = targets(10)
    assert recorded(step) == 1


def test_what_the_function_names_is_watched(monkeypatch):
    """Globals, cells, defaults, builtins: by identity, numbers by value."""
    w, scale = weights(3), 1.0

    def f(x, more=1.0, *, extra=2.0):
        inner = [(lambda y: y * FACTOR)(x)]  # what stands in it counts too
        return (w * inner[0] * scale * more * extra).sum() * abs(-3.0)

    def set_scale(value):
        nonlocal scale
        scale = value

    step, x = mt.compile(f), np.ones(3)
    agree(step, f, [w], x)
    set_scale(float("1"))  # an equal number in another object
    agree(step, f, [w], x)
    assert recorded(step) == 1
    changes = [
        lambda: monkeypatch.setitem(globals(), "FACTOR", 3.0),
        lambda: set_scale(5.0),
        lambda: setattr(f, "__defaults__", (7.0,)),
        lambda: setattr(f, "__kwdefaults__", {"extra": 3.0}),
        lambda: monkeypatch.setitem(globals(), "abs", lambda x: 10.0),
        lambda: monkeypatch.delitem(globals(), "abs"),
    ]
    for k, change in enumerate(changes[:-1], 2):
        change()
        agree(step, f, [w], x)
        agree(step, f, [w], x)
        assert recorded(step) == k
    changes[-1]()
    agree(step, f, [w], x)
    assert recorded(step) == len(changes)  # an earlier program is right again


def test_minus_zero_is_another_number():
    w, sign = weights(), 0.0

    def f():
        return w * math.copysign(1.0, sign)

    step = mt.compile(f)
    agree(step, f, [w])
    sign = -0.0
    agree(step, f, [w])


def test_methods_partials_wrappers_and_objects_are_functions_too(monkeypatch):
    w = weights(3)

    class Holder:
        def loss(self, x, scale=1.0):
            return (w * x).sum() * FACTOR * scale

        __call__ = loss

    holder = Holder()
    wrapped = functools.wraps(holder.loss)(lambda *inputs: holder.loss(*inputs))
    for f in (holder.loss, partial(holder.loss, scale=2.0), wrapped, holder):
        step = mt.compile(f)
        agree(step, f, [w], np.ones(3))
        monkeypatch.setitem(globals(), "FACTOR", FACTOR + 1)
        agree(step, f, [w], np.ones(3))
        assert recorded(step) == 2


def test_plain_objects_lists_and_dicts_are_fixed_until_record_anew_says_so():
    w = weights(3)
    settings, parts = types.SimpleNamespace(power=2.0), {"scale": 1.5}

    def f():
        return (w * settings.power * parts["scale"]).sum()

    step = mt.compile(f)
    agree(step, f, [w])
    before = step()
    settings.power, parts["scale"] = 3.0, 2.5
    assert step() == before
    mt.record_anew()
    agree(step, f, [w])
    assert recorded(step) == 2


def test_verify_finds_what_went_unnoticed():
    w, parts = weights(3), [2.0]

    def f(x):
        return (w * x * parts[0]).sum()

    step = mt.compile(f, verify=3)
    for _ in range(7):
        step(np.ones(3))
    w.grad = None
    parts[0] = 5.0
    step(np.ones(3))
    g = w.grad
    message = (
        r"the program of f gives another number for its value than f itself: .*record_anew\(\)"
    )
    with pytest.raises(GradientError, match=message):
        step(np.ones(3))
    with pytest.raises(GradientError, match=message):
        step.verify(np.ones(3))
    assert w.grad is g
    mt.record_anew()
    step.verify(np.ones(3))
    assert w.grad is g
    still = mt.compile(lambda x: (w * x * 0 * parts[0] + w * parts[0] - w * parts[0]).sum())
    still(np.ones(3))
    still.verify(np.ones(3))
    with mt.no_grad():
        step.verify(np.ones(3))
    sends = [1.0]
    own = mt.primitive("own", lambda x: x * 2, lambda g, out, x: g * sends[0])
    step = mt.compile(lambda: own(w).sum())
    step()
    sends[0] = 2.0
    with pytest.raises(GradientError, match=r"another number for the gradient of \(3,\) than"):
        step.verify()


@pytest.mark.parametrize("verify", [0, -1, 2.5, "often"])
def test_verify_is_a_whole_number(verify):
    with pytest.raises(
        ValueError, match="compile: verify is a whole number of at least 1, or None"
    ):
        mt.compile(lambda: W.sum(), verify=verify)


class AttrDict(dict):
    __getattr__ = dict.__getitem__


def test_a_dict_with_attributes_and_a_long_list_are_no_burden():
    w, settings = weights(3), AttrDict(rate=0.5)

    def f(x):
        return (w * x * settings.rate).sum() * len(WORDS)

    step = mt.compile(f)
    agree(step, f, [w], np.ones(3))
    assert "WORDS" in step.source
    assert len(step.source) < 1500


def test_steps_that_share_a_parameter_may_be_recorded_in_four_threads_at_once():
    for _ in range(25):
        w = weights(6, 5)
        X = [rng.normal(size=(4, 5)) for _ in range(4)]
        steps = [mt.compile(lambda X, k=k, w=w: ((X @ w.T) ** 2).mean() * k) for k in range(4)]
        start, failed = threading.Barrier(4), []

        def work(k, start=start, steps=steps, X=X, failed=failed):
            start.wait()
            try:
                steps[k](X[k])
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert failed == []
        total, w.grad = w.grad, None
        for step, x in zip(steps, X, strict=True):
            step(x)
        np.testing.assert_allclose(total, w.grad, rtol=1e-12)


def test_recording_while_another_thread_tells_of_changes():
    w, done = weights(3), threading.Event()

    def tell():
        while not done.is_set():
            mt.record_anew()

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        for _ in range(20):
            f = lambda x: (w * x).sum()  # noqa: E731
            agree(mt.compile(f), f, [w], np.ones(3))
    finally:
        done.set()
        teller.join()


class Net(nn.Module):
    def __init__(self):
        self.inner = nn.Linear(3, 1, rng=1)
        self.step = mt.compile(self.cost)

    def cost(self, x):
        return (self.inner(x) ** 2).mean()


@pytest.mark.parametrize("copy", [copying.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_module_that_holds_a_step_is_copied(copy):
    net, x = Net(), rng.normal(size=(4, 3))
    net.step(x)
    other = copy(net)
    other.inner.weight.data = other.inner.weight.data * 2
    agree(net.step, net.cost, net.parameters(), x)
    agree(other.step, other.cost, other.parameters(), x)
    assert (recorded(net.step), recorded(other.step)) == (1, 1)


def test_a_class_that_hides_nothing_a_list_that_is_replaced_and_a_layer_are_noticed():
    model = Scaled()
    step, x = mt.compile(model), np.ones(3)
    changes = [
        lambda: setattr(model, "ratio", 5.0),
        lambda: setattr(model, "layers", [4.0]),
        lambda: setattr(model, "w", nn.Parameter([3.0, 2.0, 1.0])),
        lambda: delattr(model, "ratio"),
    ]
    agree(step, model, [model.w], x)
    for k, change in enumerate(changes, 2):
        change()
        agree(step, model, [model.w], x)
        assert recorded(step) == k


def test_inputs_that_come_to_require_a_gradient():
    x, w = Tensor([1.0, 2.0]), weights(2)

    def f(x):
        return (w * x).sum()

    step = mt.compile(f)
    agree(step, f, [x, w], x)
    x.requires_grad = True
    agree(step, f, [x, w], x)
    agree(step, f, [x, w], x)
    assert recorded(step) == 2
    other = Tensor([3.0, 4.0], requires_grad=True)
    agree(step, f, [other, w], other)
    agree(step, f, [x, w, other], x)
    x.requires_grad = False
    agree(step, f, [x, w], x)
    assert recorded(step) == 4


def test_parameters_frozen_and_replaced():
    model = nn.Sequential(nn.Linear(3, 4, rng=1), nn.Tanh(), nn.Linear(4, 1, rng=2))
    first = model[0].weight

    def f(x):
        return model(x).mean()

    step = mt.compile(f)
    x = rng.normal(size=(5, 3))
    agree(step, f, [first], x)
    changes = [
        lambda: setattr(first, "requires_grad", False),
        lambda: setattr(first, "requires_grad", True),
        lambda: setattr(model[0], "weight", nn.Parameter(first.data * 2)),
        lambda: model.layers.__setitem__(1, nn.ReLU()),
        lambda: model.layers.insert(2, nn.ReLU()),
    ]
    for k, change in enumerate(changes, 2):
        change()
        agree(step, f, [first, model[0].weight], x)
        assert recorded(step) == k
    state = {name: value * 2 for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    agree(step, f, [model[0].weight], x)
    assert recorded(step) == len(changes) + 1  # other numbers are no change


def test_constant_tensors_are_read_anew():
    w, c = weights(3), Tensor([1.0, 2.0, 3.0])

    def f(x):
        return (w * c * x).sum() + float(c[0]) * w[0]

    step = mt.compile(f)
    agree(step, f, [w], np.ones(3))
    c[1] = 10.0
    agree(step, f, [w], np.ones(3))
    assert recorded(step) == 1
    c[0] = 10.0  # which is read as a number
    agree(step, f, [w], np.ones(3))
    assert recorded(step) == 2
    c.requires_grad = True
    with pytest.raises(GradientError, match=r"float\(\) of \(\) takes a value out"):
        step(np.ones(3))


def test_train_and_eval():
    model = nn.Sequential(nn.Linear(3, 2, rng=1), nn.Dropout(0.5, rng=1))

    def f(x):
        return model(x).mean()

    step = mt.compile(f)
    for k, train in enumerate((True, False, True, False), 1):
        model.train() if train else model.eval()
        values = {float(step(np.ones((4, 3)))) for _ in range(6)}
        assert (len(values) > 1) == train
        assert recorded(step) == k
    agree(step, f, [model[0].weight], np.ones((4, 3)))
    model.eval()  # as it was
    agree(step, f, [model[0].weight], np.ones((4, 3)))
    assert recorded(step) == 4


GENERATOR, DRAW = np.random.default_rng(1), np.random.default_rng(1).uniform
PYTHONS, COUNTER, SYSTEM = random.Random(1), iter(range(100)), random.SystemRandom()
DRAWS = {
    "np.random": lambda w: w * np.random.uniform(),
    "random": lambda w: w * random.random(),
    "a generator": lambda w: w * GENERATOR.uniform(),
    "a generator's method": lambda w: w * DRAW(),
    "Python's generator": lambda w: w * PYTHONS.random(),
    "a new generator": lambda w: w * np.random.default_rng().uniform(),
    "a counter": lambda w: w * next(COUNTER),
    "the system": lambda w: w * SYSTEM.random(),
}


@pytest.mark.parametrize("draw", DRAWS)
def test_random_draws_are_refused(draw):
    w = weights()
    with pytest.raises(GradientError, match=r"draws random numbers|the same when it runs twice"):
        mt.compile(lambda: DRAWS[draw](w))()
    assert w.grad is None


def test_draws_from_a_seed_are_the_same_every_time():
    w = weights(3)

    def f(x):
        return (w * x * np.random.default_rng(1).uniform(size=3)).sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [w], np.ones(3))


def test_no_grad_gives_the_value_alone():
    w = weights(3)

    def f(x):
        return (w * x).sum()

    step = mt.compile(f)
    for _ in range(2):
        with mt.no_grad():
            assert step(np.ones(3)) == w.data.sum()
        assert w.grad is None
        agree(step, f, [w], np.ones(3))
        w.grad = None
    assert recorded(step) == 2


def test_anomalies_are_found_by_the_function_itself():
    w = Tensor([1.0, 0.0], requires_grad=True)
    step = mt.compile(lambda x: mt.log(w * x).sum())
    with pytest.warns(RuntimeWarning):
        assert step(np.ones(2)) == -np.inf
    w.grad = None
    with (
        mt.detect_anomaly(),
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="log: the result is -inf"),
    ):
        step(np.ones(2))
    with mt.detect_anomaly():
        assert mt.compile(lambda x: (w * x).sum())(np.ones(2)) == 1.0
    np.testing.assert_array_equal(w.grad, [1, 1])


def test_errors_of_numbers_change_nothing():
    w = Tensor([1.0, 2.0], requires_grad=True)
    step = mt.compile(lambda x: mt.log(w * x).sum())
    step(np.ones(2))
    before = w.grad.copy()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        step(np.zeros(2))
    np.testing.assert_array_equal(w.grad, before)
    assert step(np.ones(2)) == np.log(2)


def test_many_recordings_are_spoken_of():
    w = weights()
    step = mt.compile(lambda s: w * s)
    with pytest.warns(
        RuntimeWarning,
        match=r"recorded 20 times.*input 0 \(18.0, then 19.0\) changes.*may change freely",
    ):
        for k in range(20):
            step(float(k))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(-1.0)
    scale = 0
    step = mt.compile(lambda: w * scale)
    with pytest.warns(RuntimeWarning, match="recorded 20 times, which is slow: scale changes"):
        for k in range(20):
            scale = k
            step()
    step = mt.compile(lambda: w * 2)
    with pytest.warns(RuntimeWarning, match=r"slow: a module, or what record_anew\(\) was called"):
        for _ in range(20):
            mt.record_anew()
            step()


# What is refused --------------------------------------------------------------------------------

W = Tensor([1.0, 2.0], requires_grad=True, name="W")
LIBRARYS = np.frompyfunc(lambda x: 2 * x, 1, 1)
KEPT = []
NUMBERS = {"calls": 0}
OUTSIDE = W * 2
CONSTANT = Tensor([1.0, 1.0], name="c")


def counts():
    NUMBERS["calls"] += 1
    return W.sum()


def keeps():
    KEPT.append(W * 1)
    return KEPT[-1].sum()


def changes_in_place():
    CONSTANT[0] = 5.0
    return (W * CONSTANT).sum()


def adds_in_place(x):
    total = Tensor([0.0, 0.0])
    total += x
    return (W * total).sum()


def goes_backward():
    W.sum().backward()
    return W.sum()


REFUSED = {
    "a list": (
        lambda: [W.sum()],
        (),
        TypeError,
        "returns a tensor .* one number, got a li",
    ),
    "a number": (lambda: 1.0, (), TypeError, "got a float"),
    "many numbers": (lambda: W * 1, (), GradientError, r"one number, got \(2,\); reduce it"),
    "a constant": (lambda x: x.sum(), (np.ones(2),), GradientError, "is a constant"),
    "float()": (lambda: W * float(W[0]), (), GradientError, r"float\(\) of \(\) takes a value"),
    "item()": (lambda: W.sum() * W.sum().item(), (), GradientError, r"\.item\(\) of"),
    "data": (lambda: (W * W.data).sum(), (), GradientError, r"\.data of \(2,\) 'W'"),
    "numpy()": (lambda: (W * W.numpy()).sum(), (), GradientError, r"\.numpy\(\) of"),
    "tolist()": (lambda: W.sum() * W.tolist()[0], (), GradientError, r"\.tolist\(\) of"),
    "an array": (
        lambda: (W * np.asarray(W.detach())).sum(),
        (),
        GradientError,
        r"np\.asarray\(\) of",
    ),
    "argmax": (lambda: W[np.argmax(W)], (), GradientError, r"np\.argmax of"),
    "text": (lambda: W.sum() * len(f"{W}"), (), GradientError, r"str\(\) of"),
    "a copy": (lambda: (W * copying.copy(W)).sum(), (), GradientError, r"a copy of \(2,\) 'W'"),
    "in": (lambda: W.sum() * (1.0 in W), (), GradientError, "in of"),
    "a mask": (lambda: W[W > 1].sum(), (), GradientError, r"an index of \(2,\)"),
    "a count": (counts, (), GradientError, "counts changes NUMBERS whenever it runs"),
    "a list that grows": (keeps, (), GradientError, "keeps changes KEPT whenever"),
    "an entry": (changes_in_place, (), GradientError, "'c' is changed in place"),
    "+=": (adds_in_place, (np.ones(2),), GradientError, "is changed in place"),
    "backward()": (goes_backward, (), GradientError, r"backward\(\) inside the function"),
    "grad()": (
        lambda: (W * mt.grad(W.sum(), W)).sum(),
        (),
        GradientError,
        r"grad\(\) without create_graph",
    ),
    "zero_grad()": (
        lambda: setattr(W, "grad", None) or W.sum(),
        (),
        GradientError,
        r"\.grad of 'W' is set inside the function",
    ),
    "a gradient read": (lambda: (W * W.grad).sum(), (), GradientError, "'W' is read inside"),
    "a gradient asked for": (
        lambda: W.sum() * (1 if W.grad is None else 2),
        (),
        GradientError,
        r"\.grad of 'W' is read inside the function",
    ),
    "another compiled function": (
        lambda: W.sum() * mt.compile(lambda: W.sum())(),
        (),
        GradientError,
        "called by a function that is being recorded",
    ),
    "a result from outside": (
        lambda: OUTSIDE.sum(),
        (),
        GradientError,
        "multiply gave before it",
    ),
    "an array without a rule": (
        lambda x: (W * np.percentile(x, 30)).sum(),
        (np.ones(2),),
        TypeError,
        r"compile: np.percentile has no rule, so a program can't .* outside of the function and",
    ),
    "a library's function of data": (
        lambda x: (W * LIBRARYS(x)).sum(),
        (np.ones(2),),
        TypeError,
        r"compile: <lambda> \(vectorized\) has no rule, so a program can't call it",
    ),
    "a list as input": (lambda x: W.sum(), ([1.0],), TypeError, "input 0 of .* is a list"),
    "text as array": (lambda x: W.sum(), (np.array(["a"]),), TypeError, "an array of dtype"),
    "complex": (lambda x: W.sum(), (np.ones(2, complex),), TypeError, "an array of dtype complex"),
    "an intermediate": (lambda x: x.sum(), (W * 2,), GradientError, "was computed by multiply"),
}


class Averaging(nn.Module):
    """It remembers what went through it, as batch norm does, in one way or another."""

    def __init__(self, remember, size=3):
        self.weight = nn.Parameter(np.ones(size))
        self.mean = np.zeros(size)
        self.seen, self.log, self.counts = 0, [], {"calls": 0}
        self.remember = remember

    def forward(self, x):
        self.remember(self, x)
        return (self.weight * x).sum()


def add_to_mean(module, x):
    module.mean *= 0.9
    module.mean += 0.1 * np.ones(module.mean.size)


MEMORIES = {
    "a buffer": add_to_mean,
    "an attribute": lambda module, x: setattr(module, "seen", module.seen + 1),
    "a list": lambda module, x: module.log.append(len(module.log)),
    "a dict": lambda module, x: module.counts.update(calls=module.counts["calls"] + 1),
    "a new buffer": lambda module, x: setattr(module, "mean", module.mean + 1.0),
    "entries": lambda module, x: np.add.at(module.mean, [0, 0], 1.0),
}


@pytest.mark.parametrize("size", [3, 1_000_000])
@pytest.mark.parametrize("memory", MEMORIES)
def test_what_a_recording_changed_is_put_back(memory, size):
    model = Averaging(MEMORIES[memory], size)
    x = np.ones(size)
    with pytest.raises(GradientError, match=r"changes .* whenever it runs"):
        mt.compile(lambda: model(x))()
    assert (model.seen, model.log, model.counts) == (0, [], {"calls": 0})
    assert not model.mean[:3].any()
    assert model.weight.grad is None


def test_what_is_remembered_once_is_no_hindrance():
    w, known = weights(3), {}

    def f(x):
        if "ones" not in known:
            known["ones"] = np.ones(3)
        return (w * x * known["ones"]).sum()

    agree(mt.compile(f), f, [w], np.ones(3))


def test_gradients_come_back_after_a_refusal():
    w = weights(2)
    w.grad = mine = np.ones(2)
    for f in (lambda: w * 2, lambda: setattr(w, "grad", None) or w.sum(), lambda: 1 / 0):
        with pytest.raises((GradientError, ZeroDivisionError)):
            mt.compile(f)()
        assert w.grad is mine


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line(what):
    f, inputs, kind, message = REFUSED[what]
    W.grad = None
    values = CONSTANT.numpy()
    with pytest.raises(kind, match=message) as caught:
        mt.compile(f)(*inputs)
    assert "\n" not in str(caught.value)
    assert W.grad is None
    np.testing.assert_array_equal(CONSTANT.numpy(), values)
    assert (W * 2).requires_grad


def test_inputs_cannot_be_changed_through_what_is_read():
    x = np.ones(2)

    def f(x):
        x.data[0] = 5.0
        return (W * x).sum()

    with pytest.raises(ValueError, match="read-only"):
        mt.compile(f)(x)
    assert x[0] == 1


def test_not_a_function():
    with pytest.raises(TypeError, match="compile: expected a function, got int"):
        mt.compile(3)


def test_what_it_shows():
    @mt.compile
    def squares(x):
        """The sum of squares."""
        return mt.square(W * x).sum()

    assert (repr(squares), squares.__doc__) == ("compile(squares)", "The sum of squares.")
    assert squares.source == ""
    squares(np.ones(2))
    assert "square(" in squares.source
    assert squares.__wrapped__(np.ones(2)).item() == squares(np.ones(2))


def test_memory_that_nobody_reads_any_more_is_used_again():
    x = Tensor(rng.standard_normal((30, 40)), requires_grad=True)
    y = Tensor(rng.standard_normal((30, 40)), requires_grad=True)

    def f():
        total = 0
        for _ in range(10):
            a, b = mt.split(x.exp() * y, 2, axis=1)
            total = total + (a.tanh() ** 2 - b / 3 + (x @ y.T)[:, :20] * (x - y)[:, 20:]).sum()
        return total

    f().backward()
    expected = [x.grad, y.grad]
    x.grad = y.grad = None
    step = mt.compile(f)
    assert step() == f().item()
    assert [g.tobytes() for g in expected] == [x.grad.tobytes(), y.grad.tobytes()]
    kept = [g.copy() for g in expected]
    first, x.grad, y.grad = (x.grad, y.grad), None, None
    step()
    for g, was in zip(first, kept, strict=True):
        np.testing.assert_array_equal(g, was)


def test_a_chain_of_functions_takes_little_memory():
    x = Tensor(rng.standard_normal(1000), requires_grad=True)
    y = Tensor(rng.standard_normal(1000), requires_grad=True)
    step = mt.compile(lambda: (x.sigmoid() * y + x.tanh() ** 2 - y / 3).mean())
    step()
    fresh = [line for line in step.source.splitlines() if re.match(r" +v\d+ = ", line)]
    assert len(fresh) <= 9, step.source


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "shapes",
    [((1000, 7), (1000, 1)), ((40, 30, 7), (40, 30, 1)), ((1000, 7), (1, 7)), ((40, 30, 5), (5,))],
    ids=str,
)
def test_what_broadcasting_copied_is_added_up_as_the_walk_does(shapes, dtype):
    x, b = (Tensor(rng.normal(size=s), requires_grad=True, dtype=dtype) for s in shapes)

    def f(X):
        rows = mt.softmax(x * b + X, -1) + (x / (2 + b * b)).mean(-1, keepdims=True)
        return (rows.max(-1) ** 2).sum() + (x * b).relu().sum()

    step = mt.compile(f)
    for _ in range(3):
        agree(step, f, [x, b], rng.normal(size=shapes[0]).astype(dtype))
