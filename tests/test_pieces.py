"""Compiled steps go through runs of operations on large arrays piece by piece."""

import numpy as np
import pytest

import microtensor as mt

SHAPES = [(280_001,), (601, 500), (64, 41, 128), (20_000, 2, 7)]


def cost_of(rows, columns, pushed, x, y):
    """Every kind of operation that a run takes: gates, powers, rows and columns that are copied."""
    a = (x * y + rows).tanh() * columns - pushed
    b = mt.where(a > 0, a**2, y.sigmoid() / 3)
    c = mt.maximum(b, x) ** 3
    return (c * mt.exp(-np.abs(y)) + a).sum() + (b * b).mean()


def given(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x, y = (mt.Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True) for _ in range(2))
    rows = mt.Tensor(rng.normal(size=shape[1:]).astype(dtype), requires_grad=True)
    columns = rng.normal(size=(shape[0], *[1] * (len(shape) - 1))).astype(dtype)
    return rows, columns, rng.normal(size=shape).astype(dtype), x, y


def both(cost, tensors):
    """The value and the gradients, by hand and by a program that ran three times; its source."""
    step = mt.compile(cost)
    found = []
    for f in (step, step, step, lambda: (cost().backward(), cost().numpy())[1]):
        for tensor in tensors:
            tensor.grad = None
        value = f()
        found.append([np.array(value), *(tensor.grad.copy() for tensor in tensors)])
    return found[1], found[2], found[3], step.source


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_numbers_are_those_of_the_whole_to_the_last_bit(shape, dtype):
    rows, columns, pushed, x, y = given(shape, dtype)
    tensors = [rows, x, y]
    once, again, right, source = both(lambda: cost_of(rows, columns, pushed, x, y), tensors)
    assert "for i in range(0, " in source
    for a, b, c in zip(once, again, right, strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


def test_a_piece_is_some_rows_and_its_memory_is_used_again():
    x, y = given((280_001,), "f8")[-2:]
    source = both(lambda: (x.sigmoid() * y - y / 3).sum(), [x, y])[-1]
    assert "for i in range(0, 280001, 16384):\n        x0_i = x0[i:i + 16384]\n" in source
    lines = source.split("for i in range")[1].split("sum_over")[0].splitlines()
    assert any("exp(" in line and line.count("_i") == 2 for line in lines)  # into its own memory


@pytest.mark.parametrize("shape", [(260_000,), (3, 160_000), (1, 320_000)])
def test_small_arrays_and_rows_that_are_no_pieces_are_taken_whole(shape):
    x = mt.Tensor(np.linspace(-3, 3, np.prod(shape)).reshape(shape), requires_grad=True)
    *_, source = both(lambda: (x.sigmoid() * x - x / 3).sum(), [x])
    assert "range(" not in source


def test_two_operations_make_no_loop():
    x = mt.Tensor(np.linspace(-3, 3, 320_000), requires_grad=True)
    assert "range(" not in both(lambda: (x * 2).sum(), [x])[-1]


def test_what_was_used_before_the_loop_and_after_keeps_its_numbers():
    """A value that a product reads, too, isn't written over in the loop that reads it last."""
    rng = np.random.default_rng(0)
    x = mt.Tensor(rng.normal(size=(520, 520)), requires_grad=True)
    w = mt.Tensor(rng.normal(size=(520, 520)), requires_grad=True)

    def cost():
        z = x @ w
        a = (z.tanh() * z + x) / 2
        return (a @ z * a.T).sum() + (z.T * a).mean()

    once, again, right, source = both(cost, [x, w])
    assert "range(" in source
    for a, b, c in zip(once, again, right, strict=True):
        assert a.tobytes() == b.tobytes() == c.tobytes()


def equal(found, right):
    return [a.tobytes() for a in found] == [a.tobytes() for a in right]


def product(size=520):
    rng = np.random.default_rng(0)
    return [mt.Tensor(rng.normal(size=(size, size)), requires_grad=True) for _ in range(2)]


def test_an_array_and_a_view_of_it_in_one_loop_are_not_written_over():
    x, w = product()

    def cost():
        z = x @ w
        return (z * z[::-1]).tanh().sum()

    once, again, right, source = both(cost, [x, w])
    assert "range(" in source and equal(once, right) and equal(again, right)


def test_memory_order_is_that_of_the_whole():
    """What lies in columns stays so: a sum over it would add up in another order."""
    (x, _) = product()
    once, _, right, _ = both(
        lambda: ((x.T * 2 - x.T / 3).tanh() * x.T * 0.1).sum(axis=1).max(), [x]
    )
    assert equal(once, right)


def test_what_lies_in_columns_is_no_memory_for_what_lies_in_rows():
    x, w = product()
    c = np.random.default_rng(1).normal(size=(520, 520))

    def cost():
        z = (x @ w).T
        return ((z * c).tanh() * c + c).reshape(270_400)[::7].sum()

    once, again, right, source = both(cost, [x, w])
    assert "range(" in source and equal(once, right) and equal(again, right)


def test_numbers_that_leave_are_looked_at_inside_a_run():
    c = mt.Tensor(np.linspace(-3, 3, 320_000))
    x = mt.Tensor(2.0, requires_grad=True)

    def cost():
        kept = c * 2 + 1
        scale = 2.0 if kept.numpy()[0] < 0 else 3.0
        return (kept / 3 * scale - c).sum() * x

    step = mt.compile(cost)
    assert step() == cost().numpy()
    c.data = c.numpy() + 10
    assert step() == cost().numpy()


def test_a_check_between_operations_is_made_in_its_place():
    x = mt.Tensor(np.linspace(-3, 3, 320_000), requires_grad=True)

    def cost():
        y = (x * 2 + 1) / 3 - x
        return (y * y * 2).sum() if y.max() > 0 else (y * 3).sum()

    step = mt.compile(cost)
    first = step()
    x.data = x.numpy() + 20.0
    assert step() == cost().numpy()
    x.data = x.numpy() - 20.0
    assert step() == first


def test_gradients_lie_in_memory_of_their_own():
    x, y = given((280_001,), "f8")[-2:]
    step = mt.compile(lambda: (x.tanh() * y - y / 3).sum())
    step()
    held = x.grad, x.grad.copy(), y.grad
    x.grad = y.grad = None
    step()
    assert not any(np.shares_memory(a, b) for a in (x.grad, y.grad) for b in held)
    assert not np.shares_memory(x.grad, y.grad)
    assert (held[0] == held[1]).all()
