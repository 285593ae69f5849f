"""NumPy's functions beside NumPy: values, dtypes, special points, and what is refused."""

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
    "take, no error": lambda x: [np.take(x, [-7, 9], 0, mode=m) for m in ("wrap", "clip")],
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([[0], [1]]), 1),
    "take_along_axis, flat": lambda x: np.take_along_axis(x, np.array([0, 2]), None),
    "diag": lambda x: [np.diag(x, k) for k in range(-3, 4)],
    "diagonal": lambda x: [np.diagonal(x, k, 1, 0) for k in range(-3, 4)],
    "trace": lambda x: [np.trace(x), np.trace(x, 1, 1, 0)],
    "tril": lambda x: [np.tril(x, k) for k in range(-2, 3)],
    "triu": lambda x: [np.triu(x, k) for k in range(-2, 3)],
    "diff": lambda x: [np.diff(x, n, axis) for n in range(4) for axis in (0, -1)],
    "diff, with ends": lambda x: np.diff(x, 2, prepend=x[..., :1], append=x[..., 1:]),
    "diff, with a number": lambda x: np.diff(x, prepend=x.dtype.type(1)),
    "roll": lambda x: [np.roll(x, 4), np.roll(x, -1, axis=0)],
    "roll, two axes": lambda x: [np.roll(x, (1, 2), axis=(0, 1)), np.roll(x, 1, axis=(0, 1))],
    "divmod": lambda x: [*np.divmod(x, 2), *divmod(x, x), *divmod(7, x)],
    "remainder": lambda x: [x % 2, 7 % x, x // 2, 7 // x, np.fmod(x, 2)],
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
    "cross, axes": lambda x: np.cross(x, x.T, axisb=0, axisc=0),
    "matrix_transpose": np.matrix_transpose,
    "median": lambda x: [np.median(x), np.median(x, 0), np.median(x, -1, keepdims=True)],
    "median, two axes": lambda x: np.median(x, (1, 0), keepdims=True),
    "average": lambda x: [np.average(x), np.average(x, 0), np.average(x, -1, keepdims=True)],
    "average, weighted": lambda x: [np.average(x, weights=x), np.average(x, 1, weights=x[0])],
    "average, returned": lambda x: [*np.average(x, 0, returned=True)],
    "average, all of it": lambda x: [*np.average(x, -1, x.astype(np.float32) + 1, True)],
    "average, two axes": lambda x: np.average(x, (1, 0), x.T),
    "linspace": lambda x: [np.linspace(x, 7), np.linspace(1, x, 3), np.linspace(x, x, 1)],
    "linspace, open": lambda x: np.linspace(x, x[..., ::-1], 4, endpoint=False, axis=-1),
    "linspace, with its step": lambda x: [*np.linspace(x, 9, 5, retstep=True)],
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
