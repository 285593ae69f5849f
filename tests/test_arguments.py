"""What functions and methods take beside tensors, and the methods that mean one thing."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import ShapeError, Tensor

A = np.array([[0.5, 1.5, 0.7], [1.1, 0.3, 1.9]])
MASK = A > 0.6


def leaf(data):
    return Tensor(data, requires_grad=True)


# Functions of a tensor, and the same of an array.
METHODS = {
    "sum": (lambda t: t.sum(axis=1, where=MASK, initial=2), np.sum),
    "sum, in a dtype": (lambda t: t.sum(dtype=np.float32), np.sum),
    "mean": (lambda t: t.mean(1, where=MASK), np.mean),
    "prod": (lambda t: t.prod(axis=0, where=MASK), np.prod),
    "max": (lambda t: t.max(axis=1, where=MASK, initial=-1), np.max),
    "min": (lambda t: t.min(initial=0.1), np.min),
    "var": (lambda t: t.var(axis=0, correction=1), None),
    "std": (lambda t: t.std(axis=0, correction=1), None),
    "reshape": (lambda t: t.reshape((3, 2), order="F"), None),
    "ravel": (lambda t: t.ravel("F"), None),
    "flatten": (lambda t: t.flatten("F"), None),
    "copy": (lambda t: t.copy(), None),
}


def test_a_number_to_begin_with_is_none_that_is_masked():
    with pytest.raises(TypeError, match=r"^sum: a .* computes otherwise"):
        leaf(A).sum(initial=np.ma.masked_array(1.0, True))


@pytest.mark.parametrize("f", [f for f, _ in METHODS.values()], ids=METHODS)
def test_methods_take_what_numpys_take(f):
    array = A.view(WithNames)
    found, expected = f(leaf(A)), np.asarray(f(array))
    assert found.requires_grad
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)
    if found.dtype == np.float64:
        mt.check_gradients(f, A)


class WithNames(np.ndarray):
    """An array whose var and std know `correction`, as the functions of NumPy do."""

    def var(self, axis=None, correction=0):
        return np.var(np.asarray(self), axis=axis, ddof=correction)

    def std(self, axis=None, correction=0):
        return np.std(np.asarray(self), axis=axis, ddof=correction)


def test_a_mask_chooses_before_anything_is_computed():
    x = leaf([1.0, np.nan, np.inf, 3.0])
    result = x.sum(where=np.isfinite(x))
    result.backward()
    assert (result.item(), x.grad.tolist()) == (4, [1, 0, 0, 1])
    assert mt.mean(x, where=np.isfinite(x)).item() == 2
    assert mt.max(x, where=[True, False, False, True], initial=0).item() == 3


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0), (2, 0, 3)])
@pytest.mark.parametrize("name", ["max", "min", "sum", "prod"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_what_none_give_is_the_number_they_begin_with(name, shape, axis):
    x = np.zeros(shape)
    expected = getattr(np, name)(x, axis=axis, initial=2.5)
    found = getattr(mt, name)(leaf(x), axis=axis, initial=2.5)
    assert found.tolist() == expected.tolist()
    assert found.shape == expected.shape


def test_an_initial_number_has_a_gradient_too():
    start = leaf(2.0)
    (mt.sum(A, initial=start) * mt.prod(start, initial=start)).backward()
    assert start.grad == pytest.approx(2 * 2 * (A.sum() + 2) + 4)


def test_dtypes_of_arrays_and_numbers():
    single = A.astype(np.float32)
    assert mt.sum(single, where=MASK, initial=2.0).dtype == np.float32
    assert mt.mean(single, where=MASK).dtype == np.float32
    assert mt.max(np.array([1, 2], np.int8), initial=1).dtype == np.int8
    with pytest.raises(OverflowError):
        mt.max(np.array([1, 2], np.int8), initial=300)


def test_positions_where_a_condition_holds():
    for given in (Tensor(MASK), MASK, leaf(A) > 0.6, MASK.tolist()):
        found = mt.where(given)
        assert [x.tolist() for x in found] == [x.tolist() for x in np.where(MASK)]
    assert leaf(A)[mt.where(A > 1)].tolist() == A[A > 1].tolist()
    with pytest.raises(TypeError, match=r"^where: expected a tensor"):
        mt.where(MASK, leaf(A))


def test_astype_without_a_copy():
    x = leaf(A)
    assert x.astype(float, copy=False) is x
    assert x.astype(float) is not x
    assert x.astype(np.float32, copy=False).dtype == np.float32
    assert np.astype(x, float, copy=False) is x


@pytest.mark.parametrize(
    ("widths", "same"),
    [
        ({0: (1, 2)}, [(1, 2), (0, 0)]),
        ({-1: 3}, [(0, 0), (3, 3)]),
        ({0: 1, 1: (0, 2)}, [(1, 1), (0, 2)]),
        ({}, [(0, 0), (0, 0)]),
    ],
)
@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_pad_by_axes(widths, same, mode):
    assert np.pad(leaf(A), widths, mode).tolist() == np.pad(A, same, mode).tolist()
    mt.check_gradients(lambda t: mt.pad(t, widths, mode), A)


# Methods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["argmax", "argmin", "any", "all"])
@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"axis": 0, "keepdims": True}])
def test_answers_about_the_numbers(name, options):
    for data in (A, MASK, np.array([[0, 1, 2], [0, 0, 3]])):
        found = getattr(Tensor(data), name)(**options)
        expected = getattr(np, name)(data, **options)
        assert isinstance(found, Tensor)
        assert not found.requires_grad
        assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())
    assert leaf(A)[leaf(A).argmax(0), [0, 1, 2]].tolist() == A.max(axis=0).tolist()
    assert not getattr(leaf(A), name)(**options).requires_grad


def test_a_copy_passes_the_gradient():
    for x in (leaf(A), leaf(2.0)):
        for result in (x.copy(), x.clone(), np.copy(x)):
            x.grad = None
            (result * 3).sum().backward()
            assert x.grad.tolist() == np.full(x.shape, 3.0).tolist()
    constant = Tensor(A)
    other = constant.clone()
    other[0, 0] = 9
    assert constant.tolist() == A.tolist()


def test_names_of_pytorch():
    x = leaf(np.arange(6.0).reshape(1, 2, 3))
    assert x.permute(2, 0, 1).shape == x.permute((2, 0, 1)).shape == (3, 1, 2)
    assert x.unsqueeze(0).shape == (1, 1, 2, 3)
    assert x.unsqueeze(-1).shape == (1, 2, 3, 1)


@pytest.mark.parametrize("mask", [MASK, MASK[0], Tensor(MASK), MASK[:, :1], np.array(True)])
def test_masked_fill(mask):
    x, value = leaf(A), leaf(-2.0)
    expected = np.where(np.asarray(mask), -2.0, A)
    assert x.masked_fill(mask, -2.0).tolist() == expected.tolist()
    x.masked_fill(mask, value).sum().backward()
    held = np.broadcast_to(np.asarray(mask), A.shape)
    assert x.grad.tolist() == (~held).astype(float).tolist()
    assert value.grad == held.sum()
    assert leaf(A.astype(np.float32)).masked_fill(mask, 2.5).dtype == np.float32


# Mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda t: t.sum(where=[1, 0, 1]),
            TypeError,
            "sum: a mask holds bools, got (3,) of dtype int64",
        ),
        (
            lambda t: np.sum(t[0], where=MASK),
            ShapeError,
            "sum: the mask, (2, 3), doesn't broadcast to (3,)",
        ),
        (
            lambda t: t.mean(where=[True, False]),
            ShapeError,
            "mean: the mask, (2,), doesn't broadcast to (2, 3)",
        ),
        (
            lambda t: t.max(where=MASK),
            ValueError,
            "max: give initial= with where=, for where no entry is left",
        ),
        (lambda t: t.sum(0, initial=[1, 2, 3]), ShapeError, "sum: initial is one number, got list"),
        (
            lambda t: t.mean(initial=2),
            TypeError,
            "mean() got an unexpected keyword argument 'initial'",
        ),
        (
            lambda t: t.var(ddof=1, correction=1),
            ValueError,
            "var: ddof and correction are the same; give one of them",
        ),
        (lambda t: t.reshape(6, order="A"), ValueError, "reshape: order is 'C' or 'F', got 'A'"),
        (lambda t: np.ravel(t, "K"), ValueError, "reshape: order is 'C' or 'F', got 'K'"),
        (
            lambda t: np.pad(t, {2: 1}),
            ShapeError,
            "pad: {2: 1} doesn't give (before, after) for each axis of (2, 3)",
        ),
        (
            lambda t: np.pad(t, {0: (1, 2, 3)}),
            ShapeError,
            "pad: {0: (1, 2, 3)} doesn't give (before, after) for each axis of (2, 3)",
        ),
        (
            lambda t: np.pad(t, 1, "edge", constant_values=3),
            ValueError,
            "pad: constant_values is for mode 'constant', not 'edge'",
        ),
        (
            lambda t: t.masked_fill([0, 1, 1], 2.0),
            TypeError,
            "masked_fill: a mask holds bools, got (3,) of dtype int64",
        ),
        (
            lambda t: t.masked_fill(MASK, [1.0, 2.0, 3.0]),
            ShapeError,
            "masked_fill: value is one number, got list",
        ),
        (
            lambda t: t.argmax(dim=1),
            TypeError,
            "argmax: there is no argument 'dim'; here it is axis",
        ),
        (lambda t: t.sum(unbiased=True), TypeError, "sum: there is no argument"),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call(leaf(A))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
