"""NumPy's functions beside NumPy: values, dtypes, special points, and what is refused."""

import math
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor

DTYPES = [np.bool_, np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64]
ROWS = np.array([[3, 1, 2], [1, 0, 2]])
ENTRIES = {"matrix": ROWS, "vector": ROWS[0], "scalar": np.array(3), "size 0": np.zeros((0, 3))}
WINDOWS = np.lib.stride_tricks.sliding_window_view

CALLS = {
    "tensordot": lambda x: [np.tensordot(x, x, k) for k in range(x.ndim + 1)],
    "tensordot, an axis": lambda x: np.tensordot(x, x, (0, 0)),
    "tensordot, lists": lambda x: np.tensordot(x, x.T, ([0, 1], [1, 0])),
    "einsum, sublists": lambda x: np.einsum(x, [0, 1], x, [2, 1], [0, 2]),
    "einsum, sublists, implied": lambda x: np.einsum(x, [3, 1]),
    "einsum, an ellipsis": lambda x: np.einsum(x, [..., 0], [0, ...]),
    "repeat": lambda x: [np.repeat(x, 2), np.repeat(x, 2, axis=-1), np.repeat(x, 0)],
    "repeat, a list": lambda x: np.repeat(x, [1, 0, 2], axis=-1),
    "tile": lambda x: [np.tile(x, 2), np.tile(x, (2, 1, 2)), np.tile(x, 0), np.tile(x, ())],
    "vstack": lambda x: np.vstack([x, x]),
    "vstack of rows": lambda x: np.vstack(x),
    "hstack": lambda x: np.hstack((x, x)),
    "column_stack": lambda x: np.column_stack([x, x]),
    "append": lambda x: [np.append(x, x), np.append(x, [1, 2])],
    "sort": lambda x: [np.sort(x), np.sort(x, axis=0, kind="stable"), np.sort(x, axis=None)],
    "argsort": lambda x: np.argsort(x, axis=0, stable=True),
    "take": lambda x: [np.take(x, 0), np.take(x, [[0, -1], [1, 1]], axis=-1)],
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1]]), 1),
    "take_along_axis, flat": lambda x: np.take_along_axis(x, np.array([0, 2]), None),
    "diag": lambda x: [np.diag(x, k) for k in range(-3, 4)],
    "diagonal": lambda x: [np.diagonal(x, k, 1, 0) for k in range(-3, 4)],
    "trace": lambda x: [np.trace(x), np.trace(x, 1, 1, 0)],
    "tril": lambda x: [np.tril(x, k) for k in range(-2, 3)],
    "triu": lambda x: [np.triu(x, k) for k in range(-2, 3)],
    "diff": lambda x: [np.diff(x, n, axis) for n in range(4) for axis in (0, -1)],
    "roll": lambda x: [np.roll(x, 4), np.roll(x, -1, axis=0)],
    "roll, two axes": lambda x: [np.roll(x, (1, 2), axis=(0, 1)), np.roll(x, 1, axis=(0, 1))],
    "divmod": lambda x: [*np.divmod(x, 2), *divmod(x, x), *divmod(7, x)],
    "remainder": lambda x: [x % 2, 7 % x, x // 2, 7 // x],
    "round": lambda x: [np.round(x), np.round(x, 1), np.round(x, -1), np.around(x, decimals=0)],
    "fix": np.fix,
    "cumprod": lambda x: [np.cumprod(x), np.cumprod(x, axis=0)],
    "moveaxis": lambda x: [np.moveaxis(x, 0, -1), np.moveaxis(x, [0], [0])],
    "atleast": lambda x: [np.atleast_1d(x), np.atleast_2d(x), np.atleast_3d(x)],
    "atleast, several": lambda x: [*np.atleast_2d(x, x)],
    "array_split": lambda x: [*np.array_split(x, 2), *np.array_split(x, [1, 2], axis=-1)],
    "hsplit": lambda x: [*np.hsplit(x, 3)],
    "vsplit": lambda x: [*np.vsplit(x, 2)],
    "unstack": lambda x: [*np.unstack(x, axis=-1)],
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    "rot90": lambda x: [np.rot90(x, k, axes) for k in range(-1, 5) for axes in ((0, 1), (1, 0))],
    "inner": lambda x: [np.inner(x, x), np.inner(x, 2)],
    "kron": lambda x: [np.kron(x, x), np.kron(x, x[..., :1]), np.kron(x, 2)],
    "vecdot": lambda x: [np.vecdot(x, x), np.vecdot(x, x, axis=0)],
    "cross": lambda x: [np.cross(x, x[..., ::-1]), np.cross(x.T, x.T, axis=0)],
    "matrix_transpose": np.matrix_transpose,
    "median": lambda x: [np.median(x), np.median(x, 0), np.median(x, -1, keepdims=True)],
    "median, two axes": lambda x: np.median(x, (1, 0), keepdims=True),
    "average": lambda x: [np.average(x), np.average(x, 0), np.average(x, -1, keepdims=True)],
    "average, weighted": lambda x: [np.average(x, weights=x), np.average(x, 1, weights=x[0])],
    "average, in another dtype": lambda x: np.average(x, -1, x.astype(np.float32) + 1),
    "average, two axes": lambda x: np.average(x, (1, 0), x.T),
    "linspace": lambda x: [np.linspace(x, 7), np.linspace(1, x, 3), np.linspace(x, x, 1)],
    "linspace, open": lambda x: np.linspace(x, x[..., ::-1], 4, endpoint=False, axis=-1),
    "linspace, none": lambda x: np.linspace(x, 9, 0),
    "nan_to_num": lambda x: [np.nan_to_num(x), np.nan_to_num(x, nan=2.0, posinf=3)],
    "sliding_window_view": lambda x: [WINDOWS(x, 2, 0), WINDOWS(x, (1, 2), (1, 1))],
    "sliding_window_view, all axes": lambda x: WINDOWS(x, (2, 3)),
    "select": lambda x: np.select([x > 2, x > 1], [x, x + x], x),
    "nansum": lambda x: [np.nansum(x), np.nansum(x, axis=0, keepdims=True)],
    "nanmean": lambda x: [np.nanmean(x), np.nanmean(x, axis=0, keepdims=True)],
    "fmax": lambda x: [np.fmax(x, 2), np.fmax(x, x), np.fmin(x, 2), np.fmin(1, x)],
}
OURS = {
    "full_like": (lambda x: mt.full_like(x, 3), lambda x: np.full_like(x, 3)),
    "full": (lambda x: mt.full((2, *x.shape), x), lambda x: np.full((2, *x.shape), x)),
}


def outcome(f, x):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = f(x)
    except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        assert "\n" not in str(error)
        return error
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", [*CALLS, *OURS])
def test_values_and_dtypes_are_those_of_numpy(name, dtype):
    ours, theirs = OURS.get(name) or (CALLS[name], CALLS[name])
    for shape, entries in ENTRIES.items():
        x = entries.astype(dtype)
        found, expected = outcome(ours, Tensor(x)), outcome(theirs, x)
        if isinstance(expected, Exception):
            of_scalar = shape == "scalar"  # whose axis 0 some of NumPy's functions have, some not
            divided = isinstance(expected, ZeroDivisionError)  # by weights that add up to 0
            assert isinstance(found, Exception) or of_scalar or divided, (shape, expected, found)
            continue
        assert not isinstance(found, Exception), (shape, found)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert isinstance(one, Tensor)
            assert (one.shape, one.dtype) == (other.shape, other.dtype), shape
            tolerance = {2: 2e-3, 4: 1e-6}.get(one.dtype.itemsize, 1e-14)
            np.testing.assert_allclose(one.numpy(), other, tolerance, tolerance, err_msg=shape)


def test_lists_are_taken_as_arrays_are():
    rows = ROWS.astype(float).tolist()
    takes_more = "cross fmax fmin inner kron tensordot vecdot".split()
    takes_one = (
        "sort cumprod atleast_3d flipud rot90 trace tril triu diag diagonal diff median average "
        "nansum nanmean nan_to_num floor round cbrt matrix_transpose"
    ).split()
    for name in [*takes_one, *takes_more]:
        inputs = (rows, rows) if name in takes_more else (rows,)
        expected = getattr(np, name)(*map(np.array, inputs))
        found = getattr(mt, name)(*inputs)
        assert isinstance(found, Tensor), name
        np.testing.assert_allclose(found.numpy(), expected, err_msg=name)
    assert mt.full_like(rows, 2).tolist() == [[2.0] * 3] * 2
    assert mt.repeat([1, 2], [2, 1]).tolist() == [1, 1, 2]
    assert mt.vstack([[1, 2], rows[0][:2]]).tolist() == [[1, 2], [3, 1]]


def test_large_whole_numbers_are_moved_as_they_are():
    x = Tensor([2**60 + 1])
    for f in (np.diag, np.sort, lambda x: np.repeat(x, 2), lambda x: np.roll(x, 1), np.cumprod):
        assert f(x).ravel()[0].item() == 2**60 + 1


# Special points ---------------------------------------------------------------------------------

INF, NAN = np.inf, np.nan
STEPS = [np.sign, np.round, np.rint, np.floor, np.ceil, np.trunc, np.fix, lambda x: x // 2]


def slopes(f, *points):
    """The gradients of the sum of what a function gives."""
    inputs = [Tensor(x, requires_grad=True) for x in points]
    with np.errstate(all="ignore"):
        f(*inputs).sum().backward()
    found = [x.grad for x in inputs]
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize("f", STEPS)
def test_steps_stay_in_the_record_and_send_zeros(f):
    x = Tensor([-1.5, -0.0, 0.0, 0.5, 2.0, INF], requires_grad=True)
    with np.errstate(invalid="ignore"):
        (f(x) * [1, 2, 3, 4, 5, INF]).sum().backward()
    np.testing.assert_array_equal(x.grad, 0)


def test_remainders_at_their_jumps():
    da, db = slopes(lambda a, b: a % b, [4.0, -4.0, 5.0, -5.0], [2.0, 2.0, -3.0, 3.0])
    assert (da.tolist(), db.tolist()) == ([1] * 4, [-2, 2, 2, 2])


def test_hypot_at_the_origin_and_where_squares_overflow():
    found = slopes(np.hypot, [0.0, 3e200, 3e-200], [0.0, 4e200, 4e-200])
    np.testing.assert_allclose(found, [[0, 0.6, 0.6], [0, 0.8, 0.8]], rtol=1e-15)


@pytest.mark.parametrize("f", [np.logaddexp, np.logaddexp2])
def test_logaddexp_at_infinities(f):
    a, b = [INF, -INF, -INF, INF, -INF, 1000.0], [-INF, INF, 0.0, INF, -INF, -1000.0]
    x, y = (Tensor(numbers, requires_grad=True) for numbers in (a, b))
    with np.errstate(all="raise", under="ignore"):
        f(x, y).backward(np.ones(6))
    np.testing.assert_array_equal(x.grad, [1, 0, 0, 0.5, 0.5, 1])
    np.testing.assert_array_equal(y.grad, [0, 1, 1, 0.5, 0.5, 0])


def test_logaddexp_where_they_are_equal():
    x, y = (Tensor([-1000.0, 0.0, 1000.0], requires_grad=True) for _ in "xy")
    first = mt.grad(np.logaddexp(x, y).sum(), x, create_graph=True)
    assert first.tolist() == [0.5] * 3
    assert mt.grad(first.sum(), x).tolist() == [0.25] * 3


def test_logaddexp_is_as_right_far_out_as_near():
    """exp(a - out) would lose the digits that a large `out` is rounded by."""
    da, db = slopes(np.logaddexp, [1e15], [1e15 - 1])
    np.testing.assert_allclose([da, db], [[1 / (1 + np.exp(-1))], [1 / (1 + np.exp(1))]], 1e-14)


def test_slopes_of_logarithms_in_few_bits():
    """x times a number would overflow."""
    for f, base in ((np.log2, 2), (np.log10, 10)):
        x = Tensor([60000.0, 6e-5], requires_grad=True, dtype=np.float16)
        f(x).backward(np.ones(2, np.float16))
        np.testing.assert_allclose(x.grad, 1 / (x.data.astype(float) * np.log(base)), rtol=0.01)


def test_slopes_of_inverses_far_out_and_at_their_ends():
    np.testing.assert_allclose(slopes(np.arcsinh, [1e200, -1e30]), [1e-200, 1e-30])
    np.testing.assert_allclose(
        slopes(np.arccosh, [1e200, 1 + 1e-12]), [1e-200, 1 / 2**0.5 / 1e-6], 1e-4
    )
    assert slopes(np.arcsin, [1.0, -1.0]).tolist() == [INF, INF]
    assert slopes(np.arccos, [1.0, -1.0]).tolist() == [-INF, -INF]
    assert slopes(np.arccosh, [1.0]).tolist() == [INF]
    assert slopes(np.cbrt, [0.0]).tolist() == [INF]
    np.testing.assert_allclose(
        slopes(np.arcsin, [1 - 1e-15]), 1 / np.sqrt((1 - (1 - 1e-15)) * 2), 1e-12
    )


def test_erf_beside_the_c_library():
    x = np.concatenate([np.linspace(-7, 7, 20_001), 10.0 ** np.linspace(-307, 0, 500)])
    x = np.concatenate([x, [1.0, np.nextafter(1, 0), np.nextafter(1, 2), 6, 40, 1e300, INF, -INF]])
    expected = np.array([math.erf(number) for number in x])
    np.testing.assert_allclose(mt.erf(x).numpy(), expected, rtol=5e-16)
    with np.errstate(over="ignore"):
        single = mt.erf(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.numpy(), expected, rtol=4e-7, atol=1e-37)
    assert mt.erf(Tensor([2, 0])).dtype == np.float64
    assert mt.erf(Tensor([2.0], dtype=np.float16)).dtype == np.float16
    assert np.isnan(mt.erf(NAN).item())


def test_programs_compute_erf_in_single_precision_of_halves():
    x = Tensor(np.linspace(-7, 7, 29).astype(np.float16), requires_grad=True, name="x")
    step = mt.compile(lambda: mt.erf(x).sum())
    assert step() == mt.erf(x).sum().item()
    space = {}
    exec(mt.to_source(mt.erf(x).max()), space)
    (made,) = [f for name, f in space.items() if name.endswith("_and_gradients")]
    with np.errstate(over="raise", invalid="raise"):
        value, _ = made(x.data)
    assert value == 1
    assert value.dtype == np.float16


def test_sums_and_quotients_have_the_bits_that_they_need():
    halves = np.full(70_000, 0.5, np.float16)
    assert np.average(Tensor(halves)).item() == 0.5
    assert np.average(Tensor(halves), weights=np.ones_like(halves)).item() == 0.5
    few = np.full(100_000, NAN, np.float16)
    few[0] = 100
    assert np.nanmean(Tensor(few)).item() == 100
    assert np.mean(Tensor(np.nan_to_num(few)), where=few == 100).item() == 100
    assert slopes(np.nanmean, few)[0] == 1
    x = Tensor(few[:20], requires_grad=True, name="x")
    assert "compute it anew for other data" in mt.to_source(np.nanmean(x))
    assert "def L_and_gradients(x):" in mt.to_source(np.average(x))
    for dtype in (np.int64, np.uint64):
        large = np.array([2**62, 2**62 + 2**61], dtype)
        for f in (np.mean, np.median, np.nanmean, np.average):
            assert f(Tensor(large)).item() == f(large), f
        assert np.mean(Tensor(large), where=large > 2**62).item() == 2**62 + 2**61
        assert np.mean(Tensor(large), where=large > 0).item() == np.mean(large)


def test_angles_far_from_the_origin():
    for dtype, far in ((np.float16, 300), (np.float32, 1e25), (np.float64, 1e200)):
        x = Tensor([far], requires_grad=True, dtype=dtype)
        for f, sign in ((np.arctan2, 1), (lambda x, y: np.arctan2(y, x), -1)):
            slope = mt.grad(f(x, far).sum(), x)
            assert slope.item() == pytest.approx(sign * 0.5 / far, {2: 0.01}.get(dtype().nbytes))
    steep = mt.grad(np.arctan(x := Tensor(300.0, dtype=np.float16, requires_grad=True)), x)
    assert steep.item() == pytest.approx(1 / 90_001, 0.01)
    assert slopes(np.arctan, [1e160, INF]).tolist() == [pytest.approx(1e-320, 0.01), 0]
    assert np.ravel(slopes(np.arctan2, [0.0, 1e-200], [0.0, 0.0])).tolist() == [0, 0, 0, -1e200]
    low = mt.grad(np.expm1(x := Tensor(-9.0, dtype=np.float16, requires_grad=True)), x)
    assert low.item() == pytest.approx(np.exp(-9), 0.01)


def test_nan_to_num_replaces_what_was_there_alone():
    x = [NAN, INF, -INF, 1.0]
    for given in ((INF, 3, -INF), (-INF, 3, 4), (0, -INF, 3), (0, NAN, 3), (2, 3, INF)):
        given = dict(zip(("nan", "posinf", "neginf"), map(float, given), strict=True))
        found, expected = np.nan_to_num(Tensor(x), **given), np.nan_to_num(x, **given)
        np.testing.assert_array_equal(found.numpy(), expected)


def test_choices_have_the_dtype_of_all():
    single, masks = np.ones(2, np.float32), [np.array([True, False])] * 2
    for choices, default in (([single, 0.5], 0.0), ([single, 1], 2), ([np.int8([1, 2]), 3], 4)):
        found = np.select(masks, [Tensor(choices[0]), choices[1]], default)
        assert found.dtype == np.select(masks, choices, default).dtype


@pytest.mark.parametrize("number", [-1, 300])
def test_a_number_that_a_dtype_cannot_hold_is_refused(number):
    x, mask = Tensor([1, 2], dtype=np.uint8), np.array([True, False])
    for f in (
        lambda: np.fmax(x, number),
        lambda: np.fmin(number, x),
        lambda: mt.where(mask, x, number),
        lambda: mt.where(mask, number, x),
        lambda: x.masked_fill(mask, number),
        lambda: np.select([mask], [x], number),
        lambda: np.pad(x, 1, constant_values=number),
        lambda: mt.full_like(x, number),
    ):
        with pytest.raises(OverflowError, match=rf"^\w+: .*{number} out of bounds for uint8"):
            f()
    with pytest.raises(OverflowError):
        np.full_like(x, number)


def test_whole_numbers_are_clipped_in_the_dtype_of_all():
    x, large = np.array([1, 2], np.uint16), np.array([100_000])
    for bounds in (
        (large, None),
        (large, 200_000),
        (None, -large),
        (-1, np.float32([1.5])),
        (0, 9),
    ):
        for array in (x, x > 1):
            found, expected = np.clip(Tensor(array), *bounds), np.clip(array, *bounds)
            assert (found.dtype, found.tolist()) == (expected.dtype, expected.tolist())
    assert mt.clip(x, [100_000, 1]).tolist() == [100_000, 2]


OWN_MEMORY = {
    "take": lambda x: np.take(x, np.int64(0), axis=0),
    "tile": lambda x: [np.tile(x, 1), np.tile(x, (1, 1))],
    "positive": lambda x: [+x, np.positive(x)],
    "nan_to_num": lambda x: [np.nan_to_num(x), np.nan_to_num(x.astype(int).astype(bool))],
}


@pytest.mark.parametrize("dtype", [float, int])
@pytest.mark.parametrize("name", OWN_MEMORY)
def test_results_are_copies_where_those_of_numpy_are(name, dtype):
    x = Tensor(np.ones((2, 2)), dtype=dtype)
    for found in outcome(OWN_MEMORY[name], x):
        assert not np.shares_memory(found.data, x.data)
    filled = mt.full((3, 2, 2), x)
    with mt.no_grad():
        w = Tensor(np.ones(2), requires_grad=True)
        assert not np.shares_memory((+w).data, w.data)
    assert +w is w
    x[0, 0] = filled[0, 0, 0] = 9
    assert (filled[1:].data == 1).all()


def test_tensors_say_how_often_and_where():
    two = Tensor(2)
    assert [part.tolist() for part in np.array_split(V, two)] == [[1, 1], [1]]
    assert np.repeat(V, two).shape == np.repeat(V, Tensor([1, 2, 3])).shape == (6,)
    assert np.repeat(V[:0], []).shape == (0,)
    assert np.tensordot(T, T, np.int64(2)).item() == 6


def test_products_with_infinities():
    for f in (np.cumprod, np.prod):
        for create_graph in (False, True):
            x = Tensor([2.0, 3.0, INF], requires_grad=True)
            assert mt.grad(f(x).sum(), x, create_graph=create_graph).tolist() == [INF, INF, 6]


def test_ties_are_sorted_as_they_stand():
    x = Tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    np.sort(x).backward([1.0, 2.0, 3.0, 4.0])
    assert x.grad.tolist() == [3, 1, 4, 2]
    assert np.argsort(x).tolist() == [1, 3, 0, 2]
    assert slopes(np.median, [2.0, 1.0, 2.0]).tolist() == [1, 0, 0]
    assert slopes(np.median, [2.0, 1.0, 2.0, 3.0]).tolist() == [0.5, 0, 0.5, 0]


def test_nan_is_sorted_last_and_makes_the_median_nan():
    x = Tensor([[2.0, NAN, 1.0], [1.0, 2.0, 3.0]], requires_grad=True)
    np.testing.assert_array_equal(np.sort(x).numpy(), [[1, 2, NAN], [1, 2, 3]])
    np.testing.assert_array_equal(np.median(x, axis=1).numpy(), [NAN, 2])


@pytest.mark.parametrize("axis", [0, -1, None])
def test_cumprod_where_entries_are_0(axis):
    rows = np.array([[2.0, 0.0, 3.0, 0.0], [1.0, 0.0, -2.0, 5.0], [0.0, 3.0, 1.0, 2.0]])
    mt.check_gradients(lambda x: np.cumprod(x, axis=axis), rows)
    assert np.isfinite(slopes(lambda x: np.cumprod(x, axis=axis), rows)).all()


def test_numbers_for_nan_send_nothing():
    x = [NAN, INF, -INF, 2.0]
    assert slopes(np.nan_to_num, x).tolist() == [0, 0, 0, 1]
    assert slopes(np.nansum, x).tolist() == [0, 1, 1, 1]
    assert slopes(np.nanmean, [NAN, 1.0, 3.0]).tolist() == [0, 0.5, 0.5]
    da, db = slopes(np.fmax, [NAN, 1.0, 2.0, NAN], [1.0, NAN, 2.0, NAN])
    assert (da.tolist(), db.tolist()) == ([0, 1, 0.5, 0], [1, 0, 0.5, 0])


def test_what_is_filled_is_recorded():
    a = Tensor(3.0, requires_grad=True)
    (np.full_like(Tensor([1.0, 2.0]), a) * mt.full(2, a)).sum().backward()
    assert a.grad == 12
    single = np.full_like(Tensor([1, 2], dtype=np.float32), fill_value=a)
    assert (single.dtype, single.requires_grad) == (np.float32, True)


def test_windows_are_a_view_and_what_they_send_back_costs_as_much_as_they_hold():
    x = Tensor(np.arange(100_000.0), requires_grad=True)
    windows = mt.sliding_window_view(x, 50)
    assert np.shares_memory(windows.data, x.data)
    windows.sum().backward()
    assert x.grad[[0, 1, 49, 50, -1]].tolist() == [1, 2, 50, 50, 1]
    constant = Tensor(np.arange(5.0))
    assert np.shares_memory(mt.sliding_window_view(constant, 2).data, constant.data)
    with pytest.raises(ValueError, match="one number in several places"):
        mt.sliding_window_view(constant, 2)[0, 0] = 1.0


def test_sorting_by_a_parameter_is_compiled():
    """Where each entry goes is found anew in every call."""
    w = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    x = np.array([10.0, 20.0, 30.0])

    def loss(x):
        return (np.sort(w) * x).sum() + (w[np.argsort(x)] * x).sum() + np.median(w)

    step = mt.compile(loss)
    for numbers in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 3.0, 2.0]):
        w.data, w.grad = np.array(numbers), None
        expected = mt.grad(loss(x), w).tolist()
        step(x)
        assert w.grad.tolist() == expected
    assert "np.sort(w" in mt.to_source((np.sort(w) * x).sum(), names={"w": w})


# What is refused --------------------------------------------------------------------------------

T = Tensor(np.ones((2, 3)), requires_grad=True, name="T")
V = Tensor(np.ones(3), requires_grad=True)
UNKNOWN = "the argument {!r} isn't supported for tensors"
REFUSED = {
    "axis": (lambda: np.sort(T, axis=2), "sort: axis 2 is out of bounds for array of dimension 2"),
    "source": (
        lambda: np.moveaxis(T, 2, 0),
        "source: axis 2 is out of bounds for array of dimension 2",
    ),
    "axes": (lambda: np.rot90(T, 1, (1, -1)), "repeated axis in `rot90` argument"),
    "one axis": (
        lambda: np.diag(Tensor(1.0)),
        "diag: () is neither a vector nor a matrix; see diagonal()",
    ),
    "diagonal": (
        lambda: np.trace(T, 0, 1, 1),
        "repeated axis in `source` argument",
    ),
    "repeats": (
        lambda: np.repeat(T, [1, 2], axis=1),
        "operands could not be broadcast together with shape (3,) (2,)",
    ),
    "mode": (lambda: np.take(T, 9, mode="clip"), "np.take: " + UNKNOWN.format("mode")),
    "indices": (
        lambda: np.take(T, [True, False]),
        "take: indices are whole numbers, got dtype bool",
    ),
    "indices' axes": (
        lambda: np.take_along_axis(T, np.array([0]), 1),
        "take_along_axis: indices (1,) have not the axes of (2, 3) 'T'",
    ),
    "tensordot": (
        lambda: np.tensordot(T, T, 1),
        "tensordot: sizes differ along axes 1: (3,), (2,)",
    ),
    "vecdot": (
        lambda: np.vecdot(T, V[:1]),
        "matmul: inner sizes differ: 3 (axis -1 of (2, 1, 3)) and 1 (axis -2 of (1, 1))",
    ),
    "cross": (lambda: np.cross(V, V[:2]), "cross: vectors have 3 entries, got (3,) and (2,)"),
    "weights": (
        lambda: np.average(T, 0, [1.0, 2.0, 3.0]),
        "average: weights (3,) don't fit (2, 3) 'T' along 0",
    ),
    "diff": (lambda: np.diff(T, -1), "diff: n is how often differences are taken, got -1"),
    "copy": (
        lambda: np.nan_to_num(T, copy=False),
        "np.nan_to_num: " + UNKNOWN.format("copy"),
    ),
    "diagonal of a stack": (
        lambda: np.diag(Tensor(np.ones((1, 2, 2)))),
        "diag: (1, 2, 2) is neither a vector nor a matrix; see diagonal()",
    ),
    "how many": (
        lambda: np.linspace(V, 1, -3),
        "Number of samples, -3, must be non-negative.",
    ),
    "a part": (
        lambda: np.linspace(V, 1, 3.0),
        "'float' object cannot be interpreted as an integer",
    ),
    "conditions": (
        lambda: np.select([np.array([1, 0, 1])], [V]),
        "select: a mask holds bools, got (3,) of dtype int64",
    ),
    "choices": (
        lambda: np.select([T > 0], [T, T]),
        "zip() argument 2 is longer than argument 1",
    ),
    "nothing to stack": (
        lambda: mt.vstack([]),
        "vstack: there is nothing to put together; give at least one tensor",
    ),
    "subscripts": (
        lambda: np.einsum(T, [0, 99]),
        "einsum: the subscripts come first, as text such as 'ij,jk->ik', or behind each operand as "
        "a list of numbers below 52",
    ),
    "no subscripts": (
        lambda: np.einsum(T, T),
        "einsum: the subscripts come first, as text such as 'ij,jk->ik', or behind each operand as "
        "a list of numbers below 52",
    ),
    "order": (lambda: np.sort(T, order="x"), "np.sort: " + UNKNOWN.format("order")),
    "dtype": (lambda: np.linspace(V, 1, dtype=float), "np.linspace: " + UNKNOWN.format("dtype")),
    "casting": (
        lambda: np.vstack([T, T], casting="no"),
        "np.vstack: " + UNKNOWN.format("casting"),
    ),
    "out": (lambda: np.take(T, 0, out=np.ones(1)), "np.take: " + UNKNOWN.format("out")),
    "overwrite": (
        lambda: np.median(T, overwrite_input=True),
        "np.median: " + UNKNOWN.format("overwrite_input"),
    ),
    "subok": (
        lambda: WINDOWS(T, 2, 0, writeable=True),
        "np.lib.stride_tricks.sliding_window_view: " + UNKNOWN.format("writeable"),
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_said_in_one_line(what):
    f, message = REFUSED[what]
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        f()
    assert str(caught.value) == message


MASKED = np.ma.masked_array([[1.0, 2.0, 3.0]], [[True, False, False]])


class Own(np.ndarray):
    """An array that multiplies in a way of its own."""

    def __mul__(self, other):
        return self @ other


OWN = np.ones((1, 3)).view(Own)
FILLING = {
    "tensordot": lambda x: mt.tensordot(T, x.T, 1),
    "inner": lambda x: mt.inner(T, x),
    "kron": lambda x: mt.kron(x, T),
    "vecdot": lambda x: mt.vecdot(T, x),
    "cross": lambda x: mt.cross(x, T),
    "vstack": lambda x: mt.vstack([T, x]),
    "hstack": lambda x: mt.hstack([x, x]),
    "column_stack": lambda x: mt.column_stack([x, x]),
    "average": lambda x: mt.average(T, 1, x[0]),
    "diff": lambda x: mt.diff(x),
    "linspace": lambda x: mt.linspace(V, x),
    "select": lambda x: mt.select([True], [x], T),
    "full": lambda x: mt.full((2, 3), x),
    "fmax": lambda x: mt.fmax(T, x),
    "remainder": lambda x: T % x,
    **{
        name: getattr(mt, name)
        for name in "sort median nan_to_num nansum nanmean tril diag cumprod atleast_3d atleast_2d "
        "atleast_1d flipud rot90 trace erf floor round".split()
    },
    "tile": lambda x: mt.tile(x, 2),
    "repeat": lambda x: mt.repeat(x, 2),
    "repeats": lambda x: mt.repeat(V, x),
    "take": lambda x: mt.take(x, 0),
    "roll": lambda x: mt.roll(x, 1),
    "moveaxis": lambda x: mt.moveaxis(x, 0, 1),
    "unstack": lambda x: mt.unstack(x),
    "append": lambda x: mt.append(T, x),
    "sliding_window_view": lambda x: mt.sliding_window_view(x, 1, 0),
    "array_split": lambda x: mt.array_split(x, 1),
    "rot90, not at all": lambda x: mt.rot90(x, 0),
    "diff, not at all": lambda x: mt.diff(x, 0),
}


@pytest.mark.parametrize("kind", [MASKED, OWN], ids=["masked", "own"])
@pytest.mark.parametrize("name", FILLING)
def test_arrays_with_an_arithmetic_of_their_own_are_refused(name, kind):
    with pytest.raises(TypeError, match="computes otherwise than an array does"):
        FILLING[name](kind)


@pytest.mark.parametrize("name", sorted({*FILLING} - {"tensordot", "average", "remainder"}))
def test_who_computes_himself_is_refused(name):
    class Unit:
        __array_ufunc__ = None
        ndim = 2
        shape = (1, 3)
        size = 3
        dtype = np.dtype(float)
        T = property(lambda self: self)

        def __getitem__(self, index):
            return self

    with pytest.raises(TypeError, match="expected a tensor"):
        FILLING[name](Unit())
