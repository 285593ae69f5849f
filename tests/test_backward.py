"""The walk back: what arrives at the leaves, when it refuses, and what it leaves behind."""

import asyncio
import contextvars
import copy
import functools
import gc
import inspect
import os
import pickle
import platform
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import weakref
from functools import partial

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor, grad, group, no_grad


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


# Paths ------------------------------------------------------------------------------------------


def test_a_product_with_itself():
    a = leaf(3.0)
    (a * a).backward()
    assert a.grad == 6


def test_a_diamond():
    a = leaf(2.0)
    b, c = a * 3, a * a
    (b * c).backward()
    assert a.grad == 3 * 3 * 4  # 3 a^3


def test_two_diamonds_in_a_row():
    a = leaf(2.0)
    b = a + a
    c = b * b
    d = c + b
    (d * d).backward()
    assert a.grad == 2 * (4 * 4 + 2 * 2) * (8 * 2 + 2)  # (4a^2 + 2a)^2


def test_a_long_and_a_short_path():
    """The short one arrives first, and must wait for the long one."""
    a = leaf(1.0)
    x = a * 2
    long = x
    for _ in range(10):
        long = long + 1
    (long * x).backward()
    assert a.grad == 2 * 2 + 2 * 12


def test_thirty_doublings():
    """2^30 paths, walked in 30 steps."""
    a = leaf(1.0)
    x = a
    for _ in range(30):
        x = x + x
    x.backward()
    assert a.grad == 2**30


def test_thirty_squarings_of_one():
    a = leaf(1.0)
    x = a
    for _ in range(30):
        x = x * x
    x.backward()
    assert a.grad == 2**30


def test_a_wide_graph():
    a = leaf(2.0)
    parts = [a * k for k in range(1000)]
    mt.stack(parts).sum().backward()
    assert a.grad == sum(range(1000))


def test_many_leaves():
    leaves = [leaf(float(k)) for k in range(500)]
    total = leaves[0] * 1
    for x in leaves[1:]:
        total = total + x * x
    total.backward()
    assert [float(x.grad) for x in leaves] == [1.0, *(2.0 * k for k in range(1, 500))]


def test_the_output_is_a_leaf():
    a = leaf(3.0)
    a.backward()
    assert a.grad == 1
    assert grad(a, a).item() == 1


def test_constants_get_no_gradient():
    a, c = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    (a * c).sum().backward()
    assert c.grad is None
    assert a.grad.tolist() == [3, 4]


def test_intermediates_keep_no_gradient():
    a = leaf(2.0)
    b = a * 3
    (b * b).backward()
    with pytest.warns(UserWarning, match=r"^\.grad of a tensor, computed by multiply, is None"):
        assert b.grad is None
    assert (b.detach() * 2).grad is None  # of a constant nobody expects one


def test_a_parameter_that_a_step_made_a_result_says_how_to_keep_it_a_leaf():
    w = leaf(2.0, "w")
    (w * w).backward()
    w = w - 0.1 * w.grad
    (w * w).backward()
    with pytest.warns(UserWarning, match=r"with no_grad\(\): w -= lr \* w\.grad"):  # noqa: SIM117
        with pytest.raises(TypeError, match="NoneType"):
            w - 0.1 * w.grad


def test_a_vector_of_one_is_a_scalar():
    a = leaf([[3.0]])
    (a * 2).backward()
    assert a.grad.tolist() == [[2]]


# Accumulation -----------------------------------------------------------------------------------


def test_two_results_add_up():
    a = leaf(2.0)
    (a * 3).backward()
    (a * a).backward()
    assert a.grad == 7


def test_one_result_twice():
    a = leaf(2.0)
    y = a * a * a
    y.backward()
    y.backward()
    assert a.grad == 24


def test_a_shared_part_twice():
    a = leaf(2.0)
    shared = a * a
    (shared * 2).backward()
    (shared * 3).backward()
    assert a.grad == 20


def test_gradient_can_be_reset():
    a = leaf(2.0)
    y = a * a
    y.backward()
    a.grad = None
    y.backward()
    assert a.grad == 4


def test_accumulation_leaves_a_gradient_taken_before_alone():
    a = leaf([1.0, 2.0])
    y = (a * 2).sum()
    y.backward()
    before = a.grad
    y.backward()
    assert before.tolist() == [2, 2]
    assert a.grad.tolist() == [4, 4]


# Whose memory it is -----------------------------------------------------------------------------


def assert_own_memory(*arrays):
    for k, a in enumerate(arrays):
        assert a.flags.writeable
        for b in arrays[:k]:
            assert not np.shares_memory(a, b)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + b,
        lambda a, b: (a + b) * 1.0,
        lambda a, b: a - (-b),
        lambda a, b: mt.concatenate([a, b]),
        lambda a, b: mt.stack([a, b]),
        lambda a, b: a.sum() + b.sum(),
        lambda a, b: a.reshape(3, 2).reshape(2, 3) + b,
        lambda a, b: a.T + b.T,
        lambda a, b: a.flip() + b,
        lambda a, b: mt.broadcast_to(a, (2, 2, 3)) + b,
        lambda a, b: a[:] + b[...],
    ],
)
def test_leaves_share_no_gradient(f):
    a, b = leaf(np.ones((2, 3))), leaf(np.ones((2, 3)))
    f(a, b).sum().backward()
    assert_own_memory(a.grad, b.grad)
    other = b.grad.copy()
    a.grad += 1
    np.testing.assert_array_equal(b.grad, other)


def test_a_gradient_holds_no_larger_array():
    """A slice of a large gradient would keep all of it."""
    small, large = leaf(np.ones(2)), leaf(np.ones(1000))
    (mt.concatenate([small, large]) * 2.0).sum().backward()
    base = small.grad.base
    assert base is None or base.nbytes == small.grad.nbytes


def test_the_caller_keeps_the_seed():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    seed = np.array([1.0, 10.0])
    (a + b).backward(seed)
    assert_own_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, seed)
    a.grad += 100
    assert seed.tolist() == [1, 10]
    (a + b).backward(seed)
    assert seed.tolist() == [1, 10]


@pytest.mark.parametrize("view", [lambda s: s[:2], lambda s: s[::2], lambda s: s[::-1][:2]])
def test_a_view_as_a_seed(view):
    whole = np.arange(4.0)
    a = leaf([1.0, 2.0])
    (a + 0.0).backward(view(whole))
    a.grad += 100
    assert whole.tolist() == [0, 1, 2, 3]


def test_a_tensor_as_a_seed_is_not_aliased():
    a = leaf([1.0, 2.0])
    seed = Tensor([1.0, 10.0])
    (a + 1).backward(seed)
    a.grad += 100
    assert seed.tolist() == [1, 10]


def test_the_leaf_itself_with_a_seed():
    a, seed = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    a.backward(seed)
    a.grad += 1
    assert seed.tolist() == [3, 4]


def test_the_data_as_a_seed():
    """A gradient that is the leaf's own data must not become its .grad."""
    a = leaf([1.0, 2.0])
    (a + 0).backward(a.data)
    a.grad += 1
    assert a.tolist() == [1, 2]


def test_sums_in_the_walk_write_into_nothing_of_the_callers():
    a = leaf([1.0, 2.0])
    seed = np.array([1.0, 1.0])
    b = a + 0
    (b + b + b).backward(seed)
    assert seed.tolist() == [1, 1]
    assert a.grad.tolist() == [3, 3]


def test_sums_in_the_walk_write_into_no_other_leaf():
    """One gradient goes to b as it is, and to a, where more is added to it."""
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    h = a * 1
    (h + b + h + h).sum().backward()
    assert a.grad.tolist() == [3, 3]
    assert b.grad.tolist() == [1, 1]


def test_gradients_of_grad_are_the_callers_own():
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    seed = np.ones(2)
    x, y = grad(a + b, [a, b], seed)
    assert_own_memory(x.data, y.data, seed)


def test_grad_of_one_input_twice():
    a = leaf([1.0, 2.0])
    x, y = grad((a * a).sum(), [a, a])
    assert x.tolist() == y.tolist() == [2, 4]
    assert_own_memory(x.data, y.data)


# Dtypes and shapes ------------------------------------------------------------------------------


def test_float32_leaves_get_float32_gradients():
    a = Tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    b = leaf([3.0, 4.0])
    (a * b).sum().backward()
    assert a.grad.dtype == np.float32
    assert b.grad.dtype == np.float64


def test_scalar_leaves_get_arrays():
    a = leaf(2.0)
    (a * 3).backward()
    assert isinstance(a.grad, np.ndarray)
    assert a.grad.shape == ()
    (a * 3).backward()
    assert isinstance(a.grad, np.ndarray)


def test_broadcasting_is_undone():
    a, row, column, scalar = (
        leaf(np.ones((2, 3))),
        leaf(np.ones(3)),
        leaf(np.ones((2, 1))),
        leaf(1.0),
    )
    (a + row + column + scalar).sum().backward()
    assert a.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert row.grad.tolist() == [2, 2, 2]
    assert column.grad.tolist() == [[3], [3]]
    assert scalar.grad == 6


def test_empty_leaf():
    a, b = leaf(np.ones((0, 3))), leaf(np.ones(3))
    (a * b).sum().backward()
    assert a.grad.shape == (0, 3)
    assert b.grad.tolist() == [0, 0, 0]


# Refusals ---------------------------------------------------------------------------------------


def refused(error, message, f, *arguments, **options):
    with pytest.raises(error) as caught:
        f(*arguments, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("shape", [(2,), (2, 1), (0,)])
def test_only_scalars_go_back_alone(shape):
    y = leaf(np.ones(shape)) * 2
    message = (
        f"backward: {shape} isn't a scalar: reduce it by .sum() or .mean(), or pass gradient=, "
        "an array of its shape"
    )
    refused(mt.GradientError, message, y.backward)


def test_the_seed_has_the_shape_of_the_output():
    y = leaf(np.ones((2, 3))) * 2
    y.name = "y"
    message = "backward: gradient has shape (3,), (2, 3) 'y' has another"
    refused(mt.ShapeError, message, y.backward, np.ones(3))


def test_a_constant_has_nothing_to_go_back_to():
    end = (
        "nothing it was computed from requires a gradient, or it was computed inside no_grad(); "
        "make a leaf with requires_grad=True"
    )
    refused(mt.GradientError, f"backward: the output is a constant: {end}", Tensor(1.0).backward)
    named = Tensor(1.0, name="loss")
    refused(mt.GradientError, f"grad: the output 'loss' is a constant: {end}", grad, named, named)


def test_a_number_is_no_seed_for_a_matrix():
    y = leaf(np.ones((2, 2))) * 2
    message = "backward: gradient has shape (), (2, 2) has another"
    refused(mt.ShapeError, message, y.backward, 1.0)


def test_no_tensor_at_all():
    said = "give the tensor itself: what .item(), .data or NumPy give has no record"
    refused(TypeError, f"grad: expected a tensor, got float; {said}", grad, 1.0, leaf(1.0))


# grad() -----------------------------------------------------------------------------------------


def test_grad_touches_no_leaf():
    a = leaf(2.0)
    assert grad(a * a, a).item() == 4
    assert a.grad is None


def test_grad_of_one_and_of_several():
    a, b = leaf(2.0), leaf(3.0)
    y = a * b
    assert isinstance(grad(y, a), Tensor)
    assert [d.item() for d in grad(y, (a, b))] == [3, 2]
    assert [d.item() for d in grad(y, [b])] == [2]


def test_grad_of_nothing():
    assert grad(leaf(2.0) * 2, []) == ()


def test_grad_of_intermediates():
    a = leaf(2.0)
    b = a * 3
    c = b * b
    d_c, d_b, d_a = grad(c * c, [c, b, a])
    assert (d_c.item(), d_b.item(), d_a.item()) == (2 * 36, 2 * 36 * 12, 2 * 36 * 12 * 3)


def test_grad_of_an_intermediate_alone_stops_there(monkeypatch):
    """What lies before the inputs isn't computed."""
    a = leaf(2.0)
    b = mt.exp(a)
    c = b * 3

    def never(*arguments):
        raise AssertionError("exp's derivative wasn't asked for")

    monkeypatch.setattr(mt.rules.exp, "derivatives", (never,))
    assert grad(c, b).item() == 3


def test_grad_of_the_output_itself():
    a = leaf([1.0, 2.0])
    y = a * 2
    assert grad(y, y, [1.0, 5.0]).tolist() == [1, 5]


def test_grad_of_an_input_inside_a_path():
    """b is on the way from a, and both are asked for."""
    a = leaf(2.0)
    b = a * a
    y = b * a
    assert [d.item() for d in grad(y, [a, b])] == [12, 2]


def test_grad_of_unreached_inputs_is_refused():
    a, b = leaf(2.0, "a"), leaf(3.0, "b")
    y = a * a
    message = (
        "grad: the output wasn't computed from 'b', so its derivative is zero everywhere, "
        "or it was computed from a copy"
    )
    refused(mt.GradientError, message, grad, y, [a, b])
    constant = Tensor(1.0, name="c")
    message = "grad: the output wasn't computed from 'c', which doesn't require a gradient"
    refused(mt.GradientError, message, grad, a * constant, constant)


def test_grad_is_a_constant_unless_recorded():
    a = leaf(2.0)
    y = a * a
    assert not grad(y, a).requires_grad
    assert grad(y, a, create_graph=True).requires_grad


def test_orders_one_to_four():
    a = leaf(2.0)
    d = a**5
    for expected in (80, 160, 240, 240, 120):
        d = grad(d, a, create_graph=True)
        assert d.item() == expected


@pytest.mark.parametrize(
    ("f", "third"),
    [
        (lambda x: mt.sin(x), lambda x: -np.cos(x)),
        (lambda x: mt.exp(2 * x), lambda x: 8 * np.exp(2 * x)),
        (lambda x: mt.log(x), lambda x: 2 / x**3),
        (lambda x: 1 / x, lambda x: -6 / x**4),
        (lambda x: mt.sqrt(x), lambda x: 3 / 8 * x**-2.5),
        (lambda x: x ** x.detach(), lambda x: x * (x - 1) * (x - 2) * x ** (x - 3)),
        (lambda x: mt.tanh(x), lambda x: (1 - np.tanh(x) ** 2) * (6 * np.tanh(x) ** 2 - 2)),
        (lambda x: mt.prod(mt.stack([x, x, x])), lambda x: np.full_like(x, 6)),
        (lambda x: x * x @ x if x.ndim else x * x * x, lambda x: np.full_like(x, 6)),
    ],
)
def test_third_order(f, third):
    a = leaf(0.7)
    d = f(a)
    for _ in range(3):
        d = grad(d, a, create_graph=True)
    np.testing.assert_allclose(d.numpy(), third(np.array(0.7)), rtol=1e-12)


def test_backward_through_a_gradient():
    """A penalty on the gradient, as in Gulrajani et al. 2017."""
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (x * w).sum() ** 2
    d = grad(y, x, create_graph=True)
    (d * d).sum().backward()
    # d = 2 s w with s = x.w; |d|^2 = 4 s^2 |w|^2; by w: 8 s |w|^2 x + 8 s^2 w
    s, norm = 11, 25
    np.testing.assert_allclose(w.grad, 8 * s * norm * x.numpy() + 8 * s**2 * w.numpy())


def test_create_graph_works_inside_no_grad():
    a = leaf(2.0)
    y = a * a * a
    with no_grad():
        d = grad(y, a, create_graph=True)
    assert grad(d, a).item() == 12


def test_a_hessian():
    x = leaf([1.0, 2.0, 3.0])
    y = (x * x * x).sum() + x[0] * x[1]
    d = grad(y, x, create_graph=True)
    rows = [grad(d[k], x).tolist() for k in range(3)]
    assert rows == [[6, 1, 0], [1, 12, 0], [0, 0, 18]]


# Mutation ---------------------------------------------------------------------------------------


def plus_in_no_grad(t):
    with no_grad():
        t += 1


def times_in_no_grad(t):
    with no_grad():
        t *= 2


def entries(t):
    with no_grad():
        t[0] = 5


def assignment(t):
    t.data = np.zeros_like(t.data)


def minus_of_data(t):
    t.data -= 1


def entries_of_a_slice(t):
    with no_grad():
        t[:] = t * 2


MUTATIONS = [
    plus_in_no_grad,
    times_in_no_grad,
    entries,
    assignment,
    minus_of_data,
    entries_of_a_slice,
]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_changed_leaf_is_noticed(mutate):
    w = leaf([1.0, 2.0], "w")
    loss = (w * w).sum()
    mutate(w)
    with pytest.raises(mt.GradientError, match="'w' was changed after multiply had used it"):
        loss.backward()
    assert w.grad is None


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_changed_constant_is_noticed(mutate):
    w, x = leaf([1.0, 2.0], "w"), Tensor([3.0, 4.0], name="x")
    loss = (w * x).sum()
    mutate(x)
    with pytest.raises(mt.GradientError, match=r"'x' .*was changed after multiply had used it"):
        loss.backward()


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_changed_intermediate_is_noticed(mutate):
    w = leaf([1.0, 2.0], "w")
    h = mt.exp(w)
    loss = (h * h).sum()
    mutate(h)
    with pytest.raises(mt.GradientError, match="was changed after"):
        loss.backward()


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_changed_result_is_noticed(mutate):
    """exp's derivative reads its result."""
    w = leaf([1.0, 2.0])
    h = mt.exp(w)
    mutate(h)
    with pytest.raises(mt.GradientError, match="was changed after"):
        h.backward(np.ones(2))


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "view", [lambda t: t.T, lambda t: t[:], lambda t: t.reshape(-1), lambda t: +t, mt.squeeze]
)
def test_a_change_seen_through_a_view_is_no_silent_error(view, mutate):
    """A constant that was made from x: it keeps its numbers, or backward refuses."""
    w, x = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    loss = (w * view(x)).sum()
    mutate(x)
    try:
        loss.backward()
    except mt.GradientError:
        return
    assert w.grad.tolist() == [3, 4]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "view", [lambda t: t.T, lambda t: t[:], lambda t: t.reshape(2), lambda t: mt.squeeze(t)]
)
def test_a_change_behind_a_recorded_view_is_no_silent_error(view, mutate):
    """The walk to w alone never comes to x, in whose memory the view lies."""
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    loss = (w * view(x)).sum()
    mutate(x)
    try:
        found = grad(loss, w)
    except mt.GradientError:
        return
    assert found.tolist() == [3, 4]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_view_of_a_leaf_made_without_a_record_is_no_silent_error(mutate):
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    with no_grad():
        constant = x.reshape(2)
    loss = (w * constant).sum()
    mutate(x)
    try:
        loss.backward()
    except mt.GradientError:
        return
    assert w.grad.tolist() == [3, 4]


@pytest.mark.parametrize("view", [lambda t: t.T, lambda t: t[:], lambda t: t.reshape(2)])
def test_a_changed_view_changes_what_it_is_a_view_of(view):
    x = leaf([1.0, 2.0])
    loss = (x * x).sum()
    y = view(x)
    y.data -= 1
    assert (x.tolist(), y.tolist()) == ([0, 1], [0, 1])
    with pytest.raises(mt.GradientError, match="was changed after multiply"):
        loss.backward()


@pytest.mark.parametrize(
    "index",
    [np.array([0, 0]), np.array([True, False]), [0, 0], (np.array([0, 0]),), Tensor([0, 0])],
)
def test_an_index_changed_after_use_is_no_matter(index):
    x = leaf([1.0, 2.0])
    y = x[index]
    part = index[0] if isinstance(index, tuple) else index
    for k in range(2):
        part[k] = not part[k]
    y.sum().backward()
    assert x.grad.tolist() == [len(y), 0]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_change_before_use_is_fine(mutate):
    w = leaf([1.0, 2.0])
    mutate(w)
    loss = (w * w).sum()
    loss.backward()
    np.testing.assert_array_equal(w.grad, 2 * w.numpy())


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda f: f.__name__)
def test_a_change_after_backward_is_fine(mutate):
    w = leaf([1.0, 2.0])
    for _ in range(3):
        w.grad = None
        before = w.numpy()
        loss = (w * w).sum()
        loss.backward()
        mutate(w)
        np.testing.assert_array_equal(w.grad, 2 * before)


def test_a_change_elsewhere_is_fine():
    w, other = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = (w * w).sum()
    z = (other * w).sum()
    other.data -= 1
    y.backward()
    assert w.grad.tolist() == [2, 4]
    with pytest.raises(mt.GradientError):
        z.backward()


def test_grad_notices_too():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    w.data -= 1
    with pytest.raises(mt.GradientError, match="was changed after multiply"):
        grad(loss, w)


def test_a_change_before_use_is_fine_when_others_follow():
    """Two models learn in turn, as in a GAN."""
    w, other = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    w.data -= 1
    loss = (w * w).sum()
    other.data -= 1
    loss.backward()
    assert w.grad.tolist() == [0, 2]


def test_training_goes_on():
    """The change of one step is no fault of the next."""
    w = leaf(np.ones(3))
    x = Tensor(np.arange(3.0))
    for _ in range(5):
        w.grad = None
        loss = ((x * w).sum() - 1) ** 2
        loss.backward()
        w.data -= 0.01 * w.grad
    assert loss.item() < 4


def test_gradients_accumulate_over_parts_of_a_batch():
    w = leaf(2.0)
    for x in (1.0, 2.0, 3.0):
        (w * x).backward()
    assert w.grad == 6
    with no_grad():
        w -= 0.1 * w.grad
    assert w.item() == pytest.approx(1.4)


# What is in force -------------------------------------------------------------------------------


def test_no_grad_records_nothing():
    a = leaf(2.0)
    with no_grad():
        b = a * a
    assert not b.requires_grad
    assert (a * a).requires_grad


def test_no_grad_as_a_decorator():
    @no_grad()
    def f(x):
        return x * x

    a = leaf(2.0)
    assert not f(a).requires_grad
    assert not f(a).requires_grad  # and a second time
    assert (a * a).requires_grad


def test_no_grad_nests():
    a = leaf(2.0)
    with no_grad():
        with no_grad():
            pass
        assert not (a * a).requires_grad
    assert (a * a).requires_grad


def test_no_grad_ends_with_an_exception():
    a = leaf(2.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (a * a).requires_grad


def test_decorated_function_that_raises():
    @no_grad()
    def f():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        f()
    assert (leaf(2.0) * 2).requires_grad


def test_leaves_made_in_no_grad_are_leaves():
    with no_grad():
        a = leaf(2.0)
    (a * a).backward()
    assert a.grad == 4


def test_backward_inside_no_grad():
    a = leaf(2.0)
    y = a * a
    with no_grad():
        y.backward()
    assert a.grad == 4


def groups(result):
    return mt.Graph.of(result).nodes[-1].group


def test_groups_end_with_an_exception():
    with pytest.raises(ZeroDivisionError), group("outer"), group("inner"):
        raise ZeroDivisionError
    assert groups(leaf(1.0) * 2) == ()


def test_groups_nest_and_can_be_used_again():
    a, block = leaf(1.0), group("block")
    with block:
        first = a * 2
        with block:
            second = a * 2
        third = a * 2
    assert [groups(r) for r in (first, second, third)] == [("block",), ("block",) * 2, ("block",)]


def test_no_grad_keeps_the_group_and_the_group_keeps_no_grad():
    a = leaf(1.0)
    with group("g"):
        with no_grad():
            assert not (a * 2).requires_grad
        assert groups(a * 2) == ("g",)
    with no_grad():
        with group("g"):
            assert not (a * 2).requires_grad
        assert not (a * 2).requires_grad


def test_anomaly_mode_ends_with_its_exception():
    a = leaf(0.0)
    with pytest.raises(FloatingPointError), mt.detect_anomaly(), np.errstate(all="ignore"):
        a / 0.0
    with np.errstate(all="ignore"):
        assert np.isnan((a / 0.0).item())


def test_each_thread_has_its_own_state():
    a = leaf(2.0)
    inside, done = threading.Event(), threading.Event()
    seen = {}

    def other():
        inside.wait(10)
        result = a * a
        seen["recorded"] = result.requires_grad
        seen["group"] = groups(result)
        with no_grad(), group("other"):
            done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad(), group("here"), mt.detect_anomaly():
        inside.set()
        assert done.wait(10)
        assert not (a * a).requires_grad
    thread.join(10)
    assert seen == {"recorded": True, "group": ()}
    assert groups(a * a) == ()


def test_generators_keep_no_grad_to_themselves():
    """Each step of the generator is inside; what runs between the steps is too, and it ends."""

    def steps():
        with no_grad():
            yield 1

    for _ in steps():
        pass
    assert (leaf(1.0) * 2).requires_grad


# Threads ----------------------------------------------------------------------------------------


def in_threads(count, work):
    failures = []

    def guarded(k):
        try:
            work(k)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


@pytest.fixture
def restless():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_lose_nothing_of_a_shared_leaf(restless):
    w = leaf(np.ones(1000))

    def work(k):
        for _ in range(500):
            (w * 2.0).sum().backward()

    in_threads(4, work)
    np.testing.assert_array_equal(w.grad, 4 * 500 * 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes don't fork here")
@pytest.mark.filterwarnings("ignore:.*fork")  # Python's warning, and JAX's
def test_a_child_forked_meanwhile_goes_backward(restless):
    """What a thread of the parent is in the middle of, a gradient or a change, is never left so."""
    w, done = leaf(np.ones(100_000)), threading.Event()

    def work():
        while not done.is_set():
            (w * 2).sum().backward()
            w.data -= 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(15):
            child = os.fork()
            if child == 0:
                try:
                    leaves = [w, leaf(1.0)]
                    (leaves[0] * leaves[1]).sum().backward()
                    w.data -= 1
                    os._exit(0)
                finally:
                    os._exit(1)
            assert ended(child) == 0
    finally:
        done.set()
        thread.join(60)


def ended(child):
    """How a child ended; one that hangs is killed."""
    patience = time.monotonic() + 30
    while (found := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > patience:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    return found[1]


def test_threads_share_one_result(restless):
    w = leaf(np.ones(10))
    y = (w * w).sum()
    in_threads(4, lambda k: [y.backward() for _ in range(100)])
    np.testing.assert_array_equal(w.grad, 800)


def test_changes_in_one_thread_are_no_fault_of_another(restless):
    def work(k):
        w = leaf(np.ones(3))
        for _ in range(200):
            w.grad = None
            (w * w).sum().backward()
            w.data -= 0.01 * w.grad

    in_threads(4, work)


# Long chains ------------------------------------------------------------------------------------


def chain(length, start):
    x = start
    for _ in range(length):
        x = x + 1.0
    return x


@pytest.fixture(scope="module")
def long_chain():
    a = leaf(0.0, "a")
    return a, chain(20_000, a)


@pytest.mark.parametrize("n", [100_000, pytest.param(1_000_000, marks=pytest.mark.acceptance)])
def test_a_million_operations_are_built_walked_and_freed(n):
    a = leaf(0.0)
    first = a + 1.0
    y = chain(n - 1, first)
    assert y.item() == n
    y.backward()
    assert a.grad == 1
    watched = [weakref.ref(first), weakref.ref(y)]
    del first, y
    assert [r() for r in watched] == [None, None]


def test_grad_of_a_long_chain(long_chain):
    a, y = long_chain
    assert grad(y, a).item() == 1


def test_a_long_chain_is_read(long_chain):
    assert len(mt.Graph.of(long_chain[1]).edges) == 40_000


def test_a_long_chain_is_printed(long_chain):
    assert repr(long_chain[1]) == "Tensor(20000., from add)"


def test_a_long_chain_is_neither_copied_nor_pickled(long_chain):
    message = (
        "copy: the tensor was computed by add, and its record is neither copied nor pickled; "
        "take its .detach(), or its .numpy() for an array"
    )
    for f in (copy.copy, copy.deepcopy, pickle.dumps):
        refused(TypeError, message, f, long_chain[1])


def test_a_long_chain_twice_differentiated():
    a = leaf(1.0)
    x = a
    for _ in range(5_000):
        x = x * 1.0001
    d = grad(x * a, a, create_graph=True)
    assert grad(d, a).item() == pytest.approx(2 * 1.0001**5000)


# Memory -----------------------------------------------------------------------------------------


@pytest.fixture
def collector_off():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def live_tensors():
    return sum(issubclass(type(x), Tensor) for x in gc.get_objects())


def build():
    w, x = leaf(np.ones((3, 3))), Tensor(np.ones((2, 3)))
    h = mt.relu(x @ w)
    y = mt.softmax(h) * h[..., ::-1]
    return [w, x, h, y, mt.logsumexp(y, axis=1).mean()]


@pytest.mark.parametrize(
    "use",
    [
        lambda y, w: None,
        lambda y, w: y.backward(),
        lambda y, w: (y.backward(), y.backward()),
        lambda y, w: grad(y, w),
        lambda y, w: grad(y, w, create_graph=True),
        lambda y, w: grad(grad(y, w, create_graph=True).sum(), w),
        lambda y, w: mt.Graph.of(y),
        lambda y, w: repr(y),
        lambda y, w: w.grad,
    ],
)
def test_a_dropped_result_frees_its_graph(use, collector_off):
    """By reference counting alone: no tensor is in a cycle."""
    before = live_tensors()
    tensors = build()
    use(tensors[-1], tensors[0])
    watched = [weakref.ref(t) for t in tensors]
    del tensors
    assert [r() for r in watched] == [None] * len(watched)
    assert live_tensors() == before


def test_a_failed_backward_frees_its_graph(collector_off):
    before = live_tensors()
    tensors = build()
    tensors[0].data -= 1
    with pytest.raises(mt.GradientError):
        tensors[-1].backward()
    del tensors
    assert live_tensors() == before


def test_a_hundred_steps_leave_nothing(collector_off):
    w = leaf(np.ones(3))
    before = live_tensors()
    for _ in range(100):
        w.grad = None
        loss = (mt.tanh(w) * w).sum()
        loss.backward()
        w.data -= 0.01 * w.grad
    del loss
    assert live_tensors() == before


def test_intermediates_die_with_the_result_alone(collector_off):
    a = leaf(2.0)
    b = a * 3
    c = b * b
    watched = weakref.ref(b)
    del b
    assert watched() is not None  # c's record holds it
    c.backward()
    assert watched() is not None
    del c
    assert watched() is None


def test_no_grad_holds_nothing(collector_off):
    a = leaf(2.0)
    with no_grad():
        b = a * 3
        c = b * b
    watched = weakref.ref(b)
    del b
    assert watched() is None
    assert c.item() == 36


def test_no_warnings_of_its_own():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensors = build()
        tensors[-1].backward()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is about the GNU C library's malloc")
@pytest.mark.skipif(
    any(k.startswith("MALLOC_") for k in os.environ), reason="malloc is set by hand"
)
def test_a_record_takes_the_memory_of_the_one_before():
    """Not fetched anew from the system: 400 pages in each step, three quarters of its time."""
    code = """
import resource
from microtensor import Tensor
x = Tensor([1.0] * 10_000, requires_grad=True)
def step():
    x.grad = None
    y = x
    for _ in range(20):
        y = y * x
    y.sum().backward()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
before = faults()
for _ in range(20):
    step()
print((faults() - before) / 20)
"""
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert float(printed.stdout) < 40


# Second derivatives that are 0 ------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        mt.relu,
        abs,
        mt.max,
        lambda x: np.maximum(x, 0.5),
        lambda x: x.clip(-1, 1),
        lambda x: mt.where(x > 0, x, 2 * x),
        lambda x: 3 * x,
        lambda x: x.mean(),
        lambda x: x[:2],
        lambda x: np.flip(x).cumsum(),
        lambda x: np.ones((2, 3)) @ x,
    ],
)
def test_what_is_made_of_straight_lines_has_second_derivative_0(f):
    x = leaf([1.0, -2.0, 3.0])
    first = grad(f(x).sum(), x, create_graph=True)
    np.testing.assert_array_equal(first.numpy(), grad(f(x).sum(), x).numpy())
    assert [grad(first[k], x).tolist() for k in range(3)] == [[0, 0, 0]] * 3
    second = grad(first.sum(), x, create_graph=True)
    assert grad(second.sum(), x).tolist() == [0, 0, 0]
    first.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_a_hessian_has_zeros_where_inputs_do_not_meet():
    w, x, b = leaf([1.0, 2.0]), leaf([3.0, np.inf]), leaf(np.float32(4.0))
    first = grad((w * x).sum() + 5 * b, [w, x, b], create_graph=True)
    assert [d.dtype for d in first] == [np.float64, np.float64, np.float32]
    blocks = [[grad(d.sum(), v).tolist() for v in (w, x, b)] for d in first]
    assert blocks == [[[0, 0], [1, 1], 0], [[1, 1], [0, 0], 0], [[0, 0], [0, 0], 0]]


def test_the_same_input_twice():
    x = leaf([1.0, 2.0])
    first = grad((x * x).sum(), [x, x], create_graph=True)
    assert [d.tolist() for d in first] == [[2, 4], [2, 4]]
    assert all("where" not in str(d) + repr(d) for d in first)  # nothing was lacking


# Generators, coroutines -------------------------------------------------------------------------


def recorded():
    return (leaf(1.0) * 2).requires_grad


def test_a_generator_decorated_is_inside_whenever_it_runs():
    @no_grad()
    def steps():
        found = yield recorded()
        try:
            yield found, recorded()
        except KeyError:
            yield recorded()
        return recorded()

    generator = steps()
    assert steps.__name__ == "steps"
    assert not next(generator)
    assert recorded()
    assert generator.send("sent") == ("sent", False)
    assert recorded()
    assert not generator.throw(KeyError)
    assert recorded()
    with pytest.raises(StopIteration) as stopped:
        next(generator)
    assert stopped.value.value is False
    assert recorded()


def test_generators_decorated_take_turns():
    @no_grad()
    def constants():
        for _ in range(2):
            yield recorded()

    @mt.record_constants()
    def all_recorded():
        for _ in range(2):
            yield recorded(), (Tensor(1.0) * 2)._marks is not None

    pairs = zip(constants(), all_recorded(), strict=True)
    assert [*pairs] == [(False, (True, True))] * 2
    assert recorded()
    assert not (Tensor(1.0) * 2)._marks is not None


def test_a_generator_decorated_that_is_closed():
    seen = []

    @no_grad()
    def steps():
        try:
            yield
        finally:
            seen.append(recorded())

    generator = steps()
    next(generator)
    generator.close()
    assert seen == [False]
    assert recorded()


@pytest.mark.parametrize("decorated", [False, True])
def test_a_generator_closed_in_another_thread(decorated):
    def steps():
        with no_grad(), group("g"):
            yield

    def work():
        try:
            generator.close()
        except BaseException as error:
            seen.append(error)
        seen.append(recorded())

    seen = []
    context = contextvars.copy_context()  # which ends with the test
    generator = no_grad()(steps)() if decorated else steps()
    context.run(next, generator)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert seen == [True]


def test_coroutines_decorated():
    @no_grad()
    async def twice():
        first = recorded()
        await asyncio.sleep(0)
        return first, recorded()

    @no_grad()
    async def steps():
        found = yield recorded()
        await asyncio.sleep(0)
        try:
            yield found, recorded()
        except KeyError:
            yield recorded()

    async def main():
        assert await asyncio.gather(twice(), twice()) == [(False, False)] * 2
        generator = steps()
        assert not await anext(generator)
        assert recorded()
        assert await generator.asend("sent") == ("sent", False)
        assert recorded()
        assert not await generator.athrow(KeyError)
        assert recorded()
        assert [found async for found in steps()] == [False, (None, False)]

    asyncio.run(main())
    assert recorded()


def test_detect_anomaly_in_a_generator():
    @mt.detect_anomaly()
    def steps():
        yield mt.log(leaf(0.0))

    with np.errstate(divide="ignore"):
        with pytest.raises(FloatingPointError):
            next(steps())
        assert mt.log(leaf(0.0)).item() == -np.inf


def test_a_mode_is_entered_once_at_a_time():
    off = no_grad()
    with off, pytest.raises(RuntimeError, match="write no_grad\\(\\) anew each time"), off:
        pass
    with off:
        assert not recorded()
    assert recorded()


# What grows with the work, and what doesn't -----------------------------------------------------


def allocated(work):
    """The most memory that is held while `work` runs, beyond what was held before."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def instructions(work):
    """How many of Python's instructions `work` takes: a loop within one call counts."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return note

    sys.settrace(note)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize(
    "f, forward, backward",
    [(lambda x: x**3, 1, 2), (lambda x: x**-2, 1, 2), (lambda x: x.prod(), 0, 2)],
    ids=["a power", "one below 0", "prod"],
)
def test_what_only_a_rule_has_is_used_again(f, forward, backward):
    """Memory is what large arrays take time for: so many stand at once, a seed's copy with them."""
    x = leaf(np.random.default_rng(0).uniform(0.9, 1.1, (200, 500)))
    kept, g = x.numpy(), np.ones(f(x).shape)
    result = f(x)
    assert allocated(lambda: f(x)) < (forward + 0.2) * kept.nbytes
    assert allocated(lambda: mt.grad(result, x, gradient=g)) < (backward + 0.2) * kept.nbytes
    assert (x.numpy() == kept).all() and (g == 1).all()
    assert (result.numpy() == f(x).numpy()).all()


def rows_of(x):
    total = 0.0
    for row in x:
        total = total + (row * row).sum()
    return total


@pytest.mark.parametrize(
    "f",
    [
        lambda parts, x: mt.stack(parts).sum(),
        lambda parts, x: mt.concatenate(parts).sum(),
        lambda parts, x: rows_of(x),
        lambda parts, x: mt.stack([part * 2 for part in x.split(len(parts))]).sum(),
    ],
)
def test_many_parts_take_work_in_proportion(f):
    """Every one of n parts is read once, not once for each part."""

    def work(n):
        parts, x = [leaf(np.ones(3)) for _ in range(n)], leaf(np.ones((n, 3)))
        result = f(parts, x)
        events = instructions(result.backward)
        assert all((part.grad == 1).all() for part in parts if part.grad is not None)
        return events

    few, many = work(50), work(400)
    assert many < 8.5 * few


def test_rows_of_a_tensor_share_one_gradient(monkeypatch):
    """Not one array of all rows for each of them."""
    entries = []
    zeros = np.zeros
    monkeypatch.setattr(np, "zeros", lambda *a, **k: entries.append(1) or zeros(*a, **k))
    x = leaf(np.arange(60.0).reshape(20, 3))
    rows_of(x).backward()
    np.testing.assert_array_equal(x.grad, 2 * x.data)
    assert len(entries) <= 1


PARTS = {
    "rows": range(20),
    "but the last": range(19),
    "columns": [np.s_[:, k] for k in range(3)],
    "halves": [np.s_[:10], np.s_[10:]],
    "windows": [slice(k, k + 3) for k in range(18)],
    "by arrays": [np.array([k, 0, k]) for k in range(20)],
}


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_parts_are_put_back_in_one_step_wherever_the_gradient_is_recorded(parts):
    x = leaf(np.arange(60.0).reshape(20, 3) / 8)

    def f():
        return sum((x[part] ** 3).sum() for part in parts)

    d = mt.grad(f(), x, create_graph=True)
    graph = mt.Graph.of(d.sum())
    whole = [node for node in graph.nodes if node.rule and np.shape(node.value) == x.shape]
    assert len(whole) == 1
    counts = np.zeros(x.shape)
    for part in parts:
        np.add.at(counts, part, 1)
    np.testing.assert_array_equal(d.numpy(), 3 * x.data**2 * counts)
    again = mt.grad((d * d).sum(), x, create_graph=True)  # 2 d d'
    np.testing.assert_allclose(again.numpy(), 36 * x.data**3 * counts**2, rtol=1e-14)
    f().backward()
    eager, x.grad = x.grad, None
    np.testing.assert_array_equal(eager, d.numpy())
    step = mt.compile(f)
    step()
    assert eager.tobytes() == x.grad.tobytes()
    assert len([line for line in step.source.splitlines() if "put" in line and "(v" in line]) <= 1


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_the_sign_of_a_zero_is_the_same_in_a_program(parts):
    x = leaf(np.zeros((20, 3)))

    def f():
        return sum((x[part] * -0.0).sum() for part in parts)

    f().backward()
    eager, x.grad = x.grad, None
    mt.compile(f)()
    assert eager.tobytes() == x.grad.tobytes()


def test_parts_that_overlap_and_what_else_uses_them():
    x = leaf(np.arange(12.0).reshape(4, 3))
    y = x * 1.0
    result = (y[0] * 2).sum() + (y[1:3] * y[0]).sum() + y.sum() + y[[0, 0]].sum() + y[..., 1].sum()
    result.backward()
    d = np.ones((4, 3))
    d[0] += 2 + x.data[1:3].sum(axis=0) + 2
    d[1:3] += x.data[0]
    d[:, 1] += 1
    np.testing.assert_array_equal(x.grad, d)
    first = x.grad.copy()
    result.backward()
    np.testing.assert_array_equal(x.grad, 2 * first)


@pytest.mark.parametrize(
    "f", [lambda x, w: x @ w, lambda x, w: x @ w.T, lambda x, w: w @ np.swapaxes(x, 1, 2)]
)
def test_a_stack_times_a_matrix_makes_no_matrix_for_each_of_the_stack(f):
    x, w = leaf(np.ones((64, 2, 100))), leaf(np.ones((100, 100)))
    result = f(x, w).sum()
    assert allocated(result.backward) < 64 * w.data.nbytes / 8


def test_einsum_of_three_matrices_goes_two_by_two(monkeypatch):
    """n^3 products, not n^4: NumPy is told to look for the best order, backward too."""
    asked = []
    einsum = np.einsum
    monkeypatch.setattr(
        np, "einsum", lambda *a, **k: asked.append(k.get("optimize")) or einsum(*a, **k)
    )
    xs = [leaf(np.ones((30, 30))) for _ in range(3)]
    mt.einsum("ij,jk,kl->il", *xs).sum().backward()
    assert asked == [True] * 4
    asked.clear()
    mt.einsum("ij,jk->ik", leaf(np.ones((2, 2))), np.ones((2, 2)))
    mt.einsum("ij,jk->ik", xs[0], xs[1], optimize=False)
    assert asked == [None, False]


class Held:
    """Everything of a class that can be decorated."""

    @no_grad
    @staticmethod
    def static():
        return recorded()

    @no_grad()
    @classmethod
    def of_class(cls):
        return cls, recorded()

    @no_grad
    @property
    def read(self):
        """What is read."""
        return recorded()

    @no_grad()
    @staticmethod
    def steps():
        yield recorded()


@pytest.mark.parametrize("held", [Held, Held()])
def test_methods_of_a_class_decorated(held):
    assert held.static() is False
    assert held.of_class() == (Held, False)
    assert Held().read is False
    assert Held.read.__doc__ == "What is read."
    assert list(held.steps()) == [False]
    assert recorded()


class Walking:
    def __call__(self, n=1):
        for _ in range(n):
            yield recorded()


class Awaiting:
    async def __call__(self):
        await asyncio.sleep(0)
        return recorded()


@pytest.mark.parametrize(
    "make",
    [
        Walking,
        lambda: Walking().__call__,
        lambda: partial(Walking(), 1),
        lambda: partial(partial(Walking())),
    ],
)
def test_objects_whose_call_is_a_generator(make):
    walk = no_grad()(make())()
    assert inspect.isgenerator(walk)
    assert [*walk] == [False]
    assert recorded()


def test_objects_whose_call_is_a_coroutine():
    assert asyncio.run(no_grad()(Awaiting())()) is False


def test_objects_that_are_called_are_decorated():
    assert no_grad()(np.add)(1, 2) == 3
    assert no_grad()(partial(recorded))() is False
    assert no_grad()(Walking)().__class__ is Walking


@pytest.mark.parametrize("wrong", [functools.cached_property(len), 3, "text"])
def test_what_is_no_function_is_not_decorated(wrong):
    with pytest.raises(TypeError, match=r"^expected a function to decorate, got a \w+; decorate"):
        no_grad()(wrong)
