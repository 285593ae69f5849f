"""NumPy's functions on tensors: each finds its rule or says that it has none; no record is lost."""

import inspect
import operator
import warnings

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor, no_grad
from microtensor.interop import _RULES  # the table itself, so that no function is left out

A = np.array([[0.5, 1.5, 0.7], [1.1, 0.3, 1.9]])
V = np.array([0.5, 1.5, 0.7])


def leaf(data):
    return Tensor(data, requires_grad=True)


# With a rule ------------------------------------------------------------------------------------

FUNCTIONS = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "abs": np.abs,
    "fabs": np.fabs,
    "negative": np.negative,
    "positive": np.positive,
    "add": lambda t: np.add(V, t),
    "subtract": lambda t: np.subtract(t, V),
    "multiply": lambda t: np.multiply(2, t),
    "divide": lambda t: np.divide(1.0, t),
    "true_divide": lambda t: np.true_divide(t, V),
    "power": lambda t: np.power(t, 2.5),
    "float_power": lambda t: np.float_power(t, 2.5),
    "maximum": lambda t: np.maximum(t, 1.0),
    "minimum": lambda t: np.minimum(t, np.full(3, 1.0)),
    "matmul": lambda t: np.matmul(t, V),
    "dot": lambda t: np.dot(t, V),
    "vdot": lambda t: np.vdot(t, A),
    "dot, array first": lambda t: np.dot(np.ones(2), t),
    "outer": lambda t: np.outer(V, t),
    "einsum": lambda t: np.einsum("ij,j->i", t, V),
    "einsum, greedy": lambda t: np.einsum("ij,j,j->i", t, V, V, optimize=True),
    "einsum, optimized": lambda t: np.einsum("ij,j,j->i", t, V, V, optimize="optimal"),
    "clip": lambda t: np.clip(t, 0.6, 1.2),
    "clip by name": lambda t: np.clip(t, a_min=0.6, a_max=1.2),
    "clip by new names": lambda t: np.clip(t, min=0.6, max=1.2),
    "where": lambda t: np.where(A > 1, t, 0.0),
    "where, tensor condition": lambda t: np.where(t > 1, t, -t),
    "sum": np.sum,
    "sum, axis": lambda t: np.sum(t, axis=0),
    "sum, kept": lambda t: np.sum(t, 1, keepdims=True),
    "sum of some": lambda t: np.sum(t, axis=1, where=A > 0.6),
    "sum, in a dtype": lambda t: np.sum(t, dtype=np.float32),
    "sum and a number": lambda t: np.sum(t, 0, None, None, True, 2.5),
    "mean": lambda t: np.mean(t, axis=(0, 1)),
    "mean of some": lambda t: np.mean(t, axis=1, keepdims=True, where=V > 0.6),
    "mean, in a dtype": lambda t: np.mean(t, 1, np.float32),
    "max": lambda t: np.max(t, axis=1),
    "amax": lambda t: np.amax(t, axis=1),
    "min": lambda t: np.min(t),
    "amin": lambda t: np.amin(t),
    "prod": lambda t: np.prod(t, axis=-1),
    "prod of some": lambda t: np.prod(t, axis=0, where=A > 0.6, initial=3.0),
    "max of some": lambda t: np.max(t, axis=1, where=A < 1.2, initial=0.2),
    "max and a number": lambda t: np.max(t, axis=1, initial=1.7),
    "min of some": lambda t: np.min(t, axis=0, where=A > 0.6, initial=9),
    "var, corrected": lambda t: np.var(t, axis=1, correction=1),
    "std, corrected": lambda t: np.std(t, correction=0.5),
    "var": lambda t: np.var(t, axis=0, ddof=1),
    "std": lambda t: np.std(t),
    "cumsum": lambda t: np.cumsum(t, axis=1),
    "reshape": lambda t: np.reshape(t, (3, 2)),
    "reshape, F": lambda t: np.reshape(t, (3, -1), order="F"),
    "ravel, F": lambda t: np.ravel(t, "F"),
    "copy": np.copy,
    "transpose": np.transpose,
    "transpose, axes": lambda t: np.transpose(t, (1, 0)),
    "transpose by name": lambda t: np.transpose(t, axes=(1, 0)),
    "swapaxes": lambda t: np.swapaxes(t, 0, 1),
    "squeeze": lambda t: np.squeeze(t[:1], axis=0),
    "expand_dims": lambda t: np.expand_dims(t, 1),
    "broadcast_to": lambda t: np.broadcast_to(t, (2, 2, 3)),
    "ravel": np.ravel,
    "flip": lambda t: np.flip(t, axis=1),
    "concatenate": lambda t: np.concatenate([t, A], axis=1),
    "concatenate, tensor second": lambda t: np.concatenate([A, t]),
    "concat": lambda t: np.concat([t, A]),
    "stack": lambda t: np.stack([A, t], axis=2),
    "split": lambda t: np.split(t, 2)[1],
    "split, NumPy's numbers": lambda t: np.split(t, np.uint8(3), np.int64(1))[2],
    "split, a scalar array": lambda t: np.split(t, np.array(2))[1],
    "split, an array": lambda t: np.split(t, np.array([1, 2]), axis=1)[1],
    "reshape, an array": lambda t: np.reshape(t, np.array([3, 2])),
    "transpose, an array": lambda t: np.transpose(t, np.array([1, 0])),
    "pad": lambda t: np.pad(t, 1),
    "pad, mode": lambda t: np.pad(t, ((0, 1), (2, 0)), mode="edge"),
    "pad, value": lambda t: np.pad(t, 1, constant_values=2.5),
    "permute_dims": lambda t: np.permute_dims(t, (1, 0)),
    "pad by name": lambda t: np.pad(pad_width=1, array=t, mode="constant", constant_values=3),
    "sum by name": lambda t: np.sum(a=t, axis=0, out=None),
    "split by name": lambda t: np.split(indices_or_sections=3, ary=t, axis=1)[0],
    "astype": lambda t: np.astype(t, np.float32),
    "add.reduce": np.add.reduce,
    "add.reduce, all": lambda t: np.add.reduce(t, axis=None),
    "multiply.reduce": np.multiply.reduce,
    "multiply.reduce, axis 1": lambda t: np.multiply.reduce(t, axis=1),
    "maximum.reduce": lambda t: np.maximum.reduce(t, axis=1, keepdims=True),
    "logaddexp.reduce": np.logaddexp.reduce,
    "logaddexp.reduce, axis 1": lambda t: np.logaddexp.reduce(t, axis=1, keepdims=True),
    "minimum.reduce": lambda t: np.minimum.reduce(t, 1),
    "add.reduce of some": lambda t: np.add.reduce(t, where=A > 0.6, initial=1),
    "maximum.reduce and a number": lambda t: np.maximum.reduce(t, 1, initial=1.7, where=A > 0.6),
    "array + t": lambda t: A + t,
    "array - t": lambda t: A - t,
    "array * t": lambda t: A * t,
    "array / t": lambda t: A / t,
    "array ** t": lambda t: A**t,
    "array @ t": lambda t: np.ones((2, 2)) @ t,
    "t @ array": lambda t: t @ A.T,
    "float64 * t": lambda t: np.float64(2) * t,
    "float64 - t": lambda t: np.float64(2) - t,
    "float64 ** t": lambda t: np.float64(2) ** t,
    "float32 / t": lambda t: np.float32(2) / t,
    "int64 * t": lambda t: np.int64(2) * t,
    "0-d array * t": lambda t: np.array(2.0) * t,
    "list * t": lambda t: [1.0, 2.0, 3.0] * t,
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_finds_its_rule(f):
    t = leaf(A)
    result = f(t)
    assert isinstance(result, Tensor)
    assert result.requires_grad
    expected = f(A)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
    assert result.dtype == expected.dtype
    result.sum().backward()
    assert t.grad.shape == A.shape
    if result.dtype == np.float64:
        mt.check_gradients(f, A)


def test_reduce_goes_along_axis_0_unless_told():
    assert np.add.reduce(leaf(A)).shape == (3,)
    assert np.sum(leaf(A)).shape == ()


@pytest.mark.parametrize("f", [np.sum, np.mean, np.max, np.prod, np.var, np.std])
def test_constants_stay_constants(f):
    result = f(Tensor(A))
    assert isinstance(result, Tensor)
    assert not result.requires_grad


def test_whole_tensors_of_a_list():
    a, b = leaf([1.0, 2.0]), leaf([3.0])
    np.concatenate((a, b, np.ones(1), [4.0])).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1, 1], [1])


def test_comparisons():
    t = leaf(A)
    for f in (np.greater, np.less_equal, np.equal, np.not_equal):
        result = f(A.mean(), t)
        assert isinstance(result, Tensor)
        assert result.tolist() == f(A.mean(), A).tolist()
    assert operator.gt(np.flip(A), t).tolist() == (np.flip(A) > A).tolist()
    assert np.logical_and(t > 1, A > 1).tolist() == (A > 1).tolist()
    assert ((A > 1) & (t > 1)).tolist() == (A > 1).tolist()


# Dtypes -----------------------------------------------------------------------------------------

DTYPES = [np.bool_, np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64]
ENTRIES = np.array([[1, 0, 3], [1, 1, 2]])
ARGUMENTS = {  # of functions that aren't of one array, or of two that broadcast
    "astype": [lambda x, y: (x, np.float32), lambda x, y: (x, np.int8), lambda x, y: (x, bool)],
    "broadcast_to": [lambda x, y: (x, (2, 2, 3))],
    "clip": [
        *(lambda x, y, a=a, b=b: (x, a, b) for a, b in
          [(0, 1), (None, 2), (0.5, None), (0.5, 1.5), (-1, 300), (-300, 1), (0, 10**20)]),
        lambda x, y: (x, x, y),
        lambda x, y: (x, None, y),
    ],
    "concatenate": [lambda x, y: ([x, y],)],
    "dot": [lambda x, y: (x, y.T)],
    "einsum": [
        lambda x, y: ("ij->j", x),
        lambda x, y: ("ij,kj->ik", x, y),
        lambda x, y: ("ij,ij,kj->k", x, x, y),
    ],
    "expand_dims": [lambda x, y: (x, 0)],
    "matmul": [lambda x, y: (x, y.T)],
    "pad": [lambda x, y: (x, 1), lambda x, y: (x, 1, "edge")],
    "reshape": [lambda x, y: (x, (3, 2))],
    "split": [lambda x, y: (x, 2), lambda x, y: (x, np.int64(2)), lambda x, y: (x, [1])],
    "squeeze": [lambda x, y: (x[:1],)],
    "stack": [lambda x, y: ([x, y],)],
    "swapaxes": [lambda x, y: (x, 0, 1)],
    "where": [lambda x, y: (x, x, y), lambda x, y: (x, 1.5, y), lambda x, y: (x, x, 2)],
}  # fmt: skip
SYMMETRIC = np.array([[1, 0], [0, 1]])
for name in "inv det slogdet cholesky eigh eigvalsh pinv svd svdvals".split():
    ARGUMENTS[name] = [lambda x, y: (SYMMETRIC.astype(x.dtype),)]
ARGUMENTS["solve"] = [
    lambda x, y: (SYMMETRIC.astype(x.dtype), y),
    lambda x, y: (SYMMETRIC.astype(x.dtype), y[:, 0]),
]
ARGUMENTS["matrix_power"] = [
    lambda x, y, n=n: (SYMMETRIC.astype(x.dtype), n) for n in (-2, 0, 1, 3)
]
ARGUMENTS["norm"] = [
    *(lambda x, y, k=k: (x, k) for k in (None, "fro", "nuc", 1, -2, np.inf)),
    *(lambda x, y, k=k: (x, k, 0) for k in (0, 1, 2, 3, np.inf)),
]
ARGUMENTS |= {  # of each, what test_functions.py has more of
    "append": [lambda x, y: (x, y, 0)],
    "array_split": [lambda x, y: (x, 2)],
    "column_stack": [lambda x, y: ([x, y],)],
    "cross": [lambda x, y: (x, y)],
    "diff": [lambda x, y: (x,)],
    "hsplit": [lambda x, y: (x, 3)],
    "hstack": [lambda x, y: ([x, y],)],
    "inner": [lambda x, y: (x, y)],
    "kron": [lambda x, y: (x, y)],
    "linspace": [lambda x, y: (x, y, 3)],
    "matrix_transpose": [lambda x, y: (x,)],
    "moveaxis": [lambda x, y: (x, 0, 1)],
    "repeat": [lambda x, y: (x, 2)],
    "roll": [lambda x, y: (x, 1)],
    "select": [lambda x, y: ([x > 0], [x], y)],
    "sliding_window_view": [lambda x, y: (x, 2, 0)],
    "take": [lambda x, y: (x, [0, 3, 3])],
    "take_along_axis": [lambda x, y: (x, np.array([[0], [1]]), 1)],
    "tensordot": [lambda x, y: (x, y), lambda x, y: (x, y.T, 1)],
    "tile": [lambda x, y: (x, (1, 2))],
    "vecdot": [lambda x, y: (x, y)],
    "vsplit": [lambda x, y: (x, 2)],
    "vstack": [lambda x, y: ([x, y],)],
}
ARGUMENTS["concat"] = ARGUMENTS["concatenate"]
ARGUMENTS["permute_dims"] = [lambda x, y: (x, (1, 0))]
AXES = "sum prod max min amax amin mean var std cumsum flip squeeze softmax logsumexp".split()
OTHERWISE = {
    "bitwise_and": "bools alone: of numbers it would be their bits",
    "bitwise_or": "bools alone",
    "invert": "bools alone",
    "positive": "t itself; NumPy has none for bools",
    **dict.fromkeys(
        "solve inv det slogdet cholesky eigh eigvalsh pinv svd svdvals matrix_power norm".split(),
        "halves: NumPy's linear algebra has none",
    ),
    "power": "as ** does, which has a shorter dtype for bools to a Python power of 2",
}


def calls(f):
    """Functions of (x, y) that give arguments for f."""
    name = f.__name__
    if name in ARGUMENTS:
        return ARGUMENTS[name]
    if isinstance(f, np.ufunc) and f.nin == 2:
        numbers = [2, 1.5, True, np.float32(1.5), np.int16(2)]
        return [
            lambda x, y: (x, y),
            *(lambda x, y, k=k: (x, k) for k in numbers),
            *(lambda x, y, k=k: (k, x) for k in numbers),
        ]
    return [lambda x, y: (x,)]


def tensors(arguments):
    """The same, with tensors for arrays."""
    if isinstance(arguments, list | tuple):
        return type(arguments)(tensors(part) for part in arguments)
    return Tensor(arguments) if isinstance(arguments, np.ndarray) else arguments


def outcome(f, arguments, options):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f(*arguments, **options)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        return error


def agrees(found, expected):
    """The same dtype and numbers, or both refused."""
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(agrees, found, expected))
    if isinstance(found, Exception) or isinstance(expected, Exception):
        return isinstance(found, Exception) and isinstance(expected, Exception)
    x, y = found.numpy(), np.asarray(expected)
    tolerance = 2e-3 if y.dtype == np.float16 else 1e-6 if y.dtype == np.float32 else 1e-12
    return (x.dtype, x.shape) == (y.dtype, y.shape) and np.allclose(
        x.astype(float), y.astype(float), tolerance, tolerance, equal_nan=True
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("f", _RULES, ids=lambda f: f.__name__)
def test_dtypes_are_those_of_numpy(f, dtype):
    several = f.__name__ in AXES
    for other in DTYPES:
        scale = 40 if dtype is np.int8 else 1  # whose products and sums wrap around
        x, y = (ENTRIES * scale).astype(dtype), (ENTRIES + 1).astype(other)
        for arguments in [call(x, y) for call in calls(f)]:
            for options in [{}, {"axis": 0}] if several and f is not np.squeeze else [{}]:
                found = outcome(f, tensors(arguments), options)
                expected = outcome(f, arguments, options)
                if not agrees(found, expected):
                    why = OTHERWISE.get(f.__name__, "")
                    kinds = (bool(dtype is np.bool_), f.__name__)
                    named = why and kinds != (False, "power")
                    if why.startswith("halves"):
                        named = np.float16 in (dtype, other) and isinstance(expected, Exception)
                    assert named, (arguments, options, found, expected)


# Operands that compute themselves ---------------------------------------------------------------

ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and or".split()
COMPARISONS = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


def unit(*bases):
    """A class that NumPy leaves all operators to."""
    methods = {"__array_ufunc__": None}
    names = [*ARITHMETIC, "divmod"]
    for name in [*names, *(f"r{name}" for name in names), *COMPARISONS]:
        methods[f"__{name}__"] = lambda self, other, name=name: (name, type(other).__name__)
    return type("Unit", bases, methods)


@pytest.mark.parametrize(
    "other",
    [
        unit()(),
        unit(float)(2.0),
        unit(int)(2),
        unit(list)([1.0]),
        np.ones(2).view(unit(np.ndarray)),
    ],
    ids=["object", "float", "int", "list", "ndarray"],
)
@pytest.mark.parametrize("t", [leaf([1.0, 2.0]), Tensor(2.0), Tensor([True, False])], ids=repr)
def test_operators_defer_to_who_computes_itself(t, other):
    for name in ARITHMETIC:
        dunder = getattr(operator, f"{name}_" if name in ("and", "or") else name)
        assert dunder(t, other) == (f"r{name}", "Tensor")
        assert dunder(other, t) == (name, "Tensor")
        if name not in ("and", "or"):
            assert getattr(operator, f"i{name}")(t, other) == (f"r{name}", "Tensor")
    assert divmod(t, other) == ("rdivmod", "Tensor")
    assert divmod(other, t) == ("divmod", "Tensor")
    for name, mirrored in COMPARISONS.items():
        assert getattr(operator, name)(t, other) == (mirrored, "Tensor")
        assert getattr(operator, name)(other, t) == (name, "Tensor")


def test_who_defers_too_is_named():
    class Bare:
        __array_ufunc__ = None

    with pytest.raises(TypeError, match=r"unsupported operand type.*'Tensor' and 'Bare'"):
        leaf(1.0) + Bare()
    with pytest.raises(TypeError, match=r"^add: expected a tensor"):
        mt.add(leaf(1.0), Bare())
    with pytest.raises(TypeError, match=r"^multiply: expected a tensor"):
        leaf(1.0) * object()
    assert (leaf(1.0) == Bare()) is False


# What would lose the record ---------------------------------------------------------------------


def test_an_array_takes_no_tensor_in_place():
    array = np.ones((2, 3))
    message = (
        "np.add: an array can't take the result of a tensor in place, for it would lose the "
        "record; write array = array + tensor, or use the tensor's .numpy()"
    )
    with pytest.raises(TypeError) as caught:
        array += leaf(A)
    assert str(caught.value) == message
    assert (array == 1).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda t, out: np.exp(t, out=out),
        lambda t, out: np.exp(t, out),
        lambda t, out: np.add(t, 1, out=(out,)),
        lambda t, out: np.sum(t, axis=0, out=out[0]),
        lambda t, out: np.max(t, axis=0, out=out[0]),
        lambda t, out: np.add.reduce(t, out=out[0]),
        lambda t, out: np.concatenate([t], out=out),
        lambda t, out: np.matmul(t, np.eye(3), out=out),
        lambda t, out: np.clip(t, 0, 1, out=out),
        lambda t, out: np.add(A, 1, out=t),
        lambda t, out: np.einsum("ij->ij", t, out=out),
        lambda t, out: np.copyto(out, t),
        lambda t, out: np.put(out, [0], t),
        lambda t, out: np.place(out, out == 1, t),
        lambda t, out: np.putmask(out, out == 1, t),
    ],
)
def test_out_is_refused(f):
    t, out = leaf(A), np.ones((2, 3))
    with pytest.raises(TypeError) as caught:
        f(t, out)
    assert "\n" not in str(caught.value)
    assert (out == 1).all()
    np.testing.assert_array_equal(t.data, A)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda t: np.add(t, 1, where=A > 1),
            "np.add: the argument 'where' isn't supported for tensors",
        ),
        (
            lambda t: np.cumsum(t, dtype=np.float32),
            "np.cumsum: the argument 'dtype' isn't supported for tensors",
        ),
        (
            lambda t: np.cumsum(t, 0, np.float32),
            "np.cumsum: the argument 'dtype' isn't supported for tensors",
        ),
        (
            lambda t: np.exp(t, dtype=np.float32),
            "np.exp: the argument 'dtype' isn't supported for tensors",
        ),
        (
            lambda t: np.var(t, where=A > 1),
            "np.var: the argument 'where' isn't supported for tensors",
        ),
        (
            lambda t: np.copy(t, order="F"),
            "np.copy: the argument 'order' isn't supported for tensors",
        ),
        (
            lambda t: np.logical_and.reduce(t, 0, None, None, True, True),
            "np.logical_and.reduce has no rule for its derivative; give it one by "
            "microtensor.primitive, or apply it to the tensor's .numpy() where no gradient is "
            "wanted",
        ),
        (
            lambda t: np.einsum("ij->", t, order="F"),
            "np.einsum: the argument 'order' isn't supported for tensors",
        ),
        (
            lambda t: np.clip(t, 0, 1, min=0.5),
            "np.clip: give min and max, or a_min and a_max, not some of each",
        ),
    ],
)
def test_options_without_meaning_are_refused(f, message):
    with pytest.raises(TypeError) as caught:
        f(leaf(A))
    assert str(caught.value) == message


# For each argument that NumPy's functions have beside arrays: what says something.
SAYS = {
    "UPLO": ["U", "L"],
    "a_max": [1.0],
    "a_min": [0.4],
    "append": [0, 1.5],
    "axes": [(1, 0), (-1, 0), 1],
    "axis": [0, 1, -1, (0, 1), None],
    "axis1": [1],
    "axisa": [0, None],
    "axisc": [0],
    "casting": ["no"],
    "compute_uv": [False],
    "copy": [True, False],
    "correction": [0, 1, 0.5],
    "ddof": [1],
    "decimals": [1, -1],
    "device": ["cpu"],
    "dtype": [np.float32, np.float16, np.int8, bool, float],
    "endpoint": [False],
    "full_matrices": [False],
    "hermitian": [True],
    "initial": [0.25, 3.0, 9],
    "k": [1, -1],
    "keepdims": [True],
    "kind": ["stable", "bubble"],
    "max": [1.0],
    "mean": [A.mean()],
    "min": [0.4],
    "mode": ["edge", "wrap", "clip", "raise", "mean"],
    "n": [2, 0],
    "nan": [7.0],
    "num": [4],
    "offset": [1, -1],
    "optimize": [True, "optimal"],
    "ord": [1, np.inf],
    "order": ["C", "F", "A", "K"],
    "out": [np.zeros((2, 3))],
    "prepend": [0, 1.5],
    "rcond": [1e-3],
    "retstep": [True],
    "returned": [True],
    "rtol": [1e-3],
    "shape": [(2, 2)],
    "stable": [True, False],
    "subok": [True],
    "upper": [True],
    "weights": [A, A[0]],
    "where": [A > 1, A[0] > 1, A[:, :1] > 1, np.array(True), A > 9, [[1, 0, 1]], [A > 1]],
}


def settings(f, given):
    """Every argument of NumPy's function alone, by its name and by its place, and some together."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # one in C, of NumPy before 2.4
        return
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    named = {p.name: p for p in named if p.default is not p.empty}
    placed = [p.default for p in named.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    first = given == sum(p.default is p.empty and p.kind < p.VAR_POSITIONAL for p in parameters)
    for k, name in enumerate(named):
        for value in SAYS.get(name, ["whatever"]):
            yield (), {name: value}
            if first and k < len(placed):
                yield (*placed[:k], value), {}
            if name in ("where", "dtype"):
                for other in {"axis", "keepdims", "initial"} & set(named):
                    yield from (((), {name: value, other: more}) for more in SAYS[other])
    if "initial" in named:
        yield (), {"where": A[0] > 1, "initial": 2, "axis": 1, "keepdims": True}


@pytest.mark.parametrize(
    "dtype",
    [
        np.float64,
        *(
            pytest.param(dtype, marks=pytest.mark.acceptance)
            for dtype in (np.float32, np.int8, np.bool_)
        ),
    ],
)
@pytest.mark.parametrize(
    "f", [f for f in _RULES if not isinstance(f, np.ufunc)], ids=lambda f: f.__name__
)
def test_an_argument_is_heeded_or_refused(f, dtype):
    """It gives what NumPy gives, or an error of one line; never what it gives without."""
    x, y = ENTRIES.astype(dtype), (ENTRIES + 1).astype(dtype)
    for call in calls(f):
        arrays = call(x, y)
        for places, named in settings(f, len(arrays)):
            if f is np.linalg.cross and named == {"axis": None}:
                continue  # which is that of np.cross
            expected = outcome(f, (*arrays, *places), named)
            found = outcome(f, (*tensors(arrays), *places), named)
            if isinstance(found, Exception):
                assert "\n" not in str(found)
            else:
                assert agrees(found, expected), (arrays, places, named, found, expected)


@pytest.mark.parametrize(
    "f", [f for f in _RULES if not isinstance(f, np.ufunc)], ids=lambda f: f.__name__
)
def test_an_argument_that_says_what_numpy_does_anyway_is_no_argument(f):
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # one in C, of NumPy before 2.4
        return
    if f is np.einsum:
        return  # whose operands have no names
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    defaults = {p.name: p.default for p in parameters if p.kind in kinds}
    for call in calls(f):
        arrays = call(A, A + 1)
        alone = outcome(f, tensors(arrays), {})
        for name in list(defaults)[len(arrays) :]:
            if defaults[name] not in (inspect.Parameter.empty, np._NoValue):
                found = outcome(f, tensors(arrays), {name: defaults[name]})
                assert agrees(found, outcome(f, arrays, {})), (name, found, alone)


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda t: np.partition(t, 1), "np.partition"),
        (lambda t: np.linalg.cond(t), "np.linalg.cond"),
        (lambda t: np.linalg.qr(t), "np.linalg.qr"),
        (lambda t: np.fft.fft(t), "np.fft.fft"),
        (lambda t: np.spacing(t), "np.spacing"),
        (lambda t: np.nextafter(t, t), "np.nextafter"),
        (lambda t: np.copysign(t, 2), "np.copysign"),
        (lambda t: np.percentile(t, 30), "np.percentile"),
        (lambda t: np.add.accumulate(t), "np.add.accumulate"),
        (lambda t: np.subtract.reduce(t), "np.subtract.reduce"),
        (lambda t: np.add.outer(t, t), "np.add.outer"),
        (lambda t: np.add.at(A, 0, t), "np.add.at"),
        (lambda t: np.add.reduceat(t, [0]), "np.add.reduceat"),
        (lambda t: np.convolve(t, t), "np.convolve"),
        (lambda t: np.choose([0], [t]), "np.choose"),
        (lambda t: np.block([t, t]), "np.block"),
    ],
)
def test_without_a_rule(f, name):
    with pytest.raises(TypeError) as caught:
        f(leaf(A))
    assert str(caught.value) == (
        f"{name} has no rule for its derivative; give it one by microtensor.primitive, or apply "
        "it to the tensor's .numpy() where no gradient is wanted"
    )


@pytest.mark.parametrize(
    "f",
    [
        np.array,
        np.asarray,
        np.ascontiguousarray,
        lambda t: np.array([t, t]),
        lambda t: np.array(t, dtype=np.float32),
        lambda t: np.random.default_rng(0).permutation(t),
        lambda t: np.asarray(t * 2),
        lambda t: np.array([[t[0, 0], t[0, 1]], [0.0, 1.0]]),
        lambda t: np.zeros((2, 3)).__setitem__(0, t[0]),
        lambda t: np.full((2, 3), t[0, 0]),
    ],
)
def test_no_array_is_made_of_what_requires_a_gradient(f):
    with pytest.raises(TypeError) as caught:
        f(leaf(A))
    for way in (".detach()", ".numpy()", ".item()"):
        assert way in str(caught.value)


def test_arrays_are_made_of_constants():
    c = Tensor(A)
    array = np.asarray(c)
    assert type(array) is np.ndarray
    array[0] = 9
    np.testing.assert_array_equal(c.data, A)
    assert np.array(c, dtype=np.float32).dtype == np.float32
    assert np.array([Tensor(1.0), Tensor(2.0)]).tolist() == [1, 2]
    assert np.asarray(Tensor(1.0)).shape == ()
    assert np.array(leaf(A).detach()).shape == (2, 3)
    with pytest.raises(ValueError, match="copy"):
        np.array(c, copy=False)


def test_constants_computed_without_a_record():
    with no_grad():
        c = leaf(A) * 2
    assert np.asarray(c).shape == (2, 3)


# Answers without a gradient ---------------------------------------------------------------------

CONSTANT = [
    np.shape,
    np.ndim,
    np.size,
    lambda t: np.size(t, 0),
    np.argmax,
    lambda t: np.argmax(t, axis=1),
    np.argmin,
    np.argsort,
    np.isnan,
    np.isinf,
    np.isfinite,
    np.signbit,
    lambda t: np.any(t > 1),
    lambda t: np.all(t > 1, axis=0),
    lambda t: np.allclose(t, A),
    lambda t: np.allclose(A, t),
    lambda t: np.isclose(t, 0.5),
    lambda t: np.array_equal(t, A),
    lambda t: np.count_nonzero(t > 1),
    np.nonzero,
    np.argwhere,
    np.zeros_like,
    np.ones_like,
    lambda t: np.full_like(t, 3.0),
    lambda t: np.result_type(t, np.float32),
    np.isrealobj,
    np.iscomplexobj,
    np.array2string,
    np.isfortran,
]


@pytest.mark.parametrize("f", CONSTANT)
def test_constant_answers(f):
    found, expected = f(leaf(A)), f(A)
    assert not isinstance(found, Tensor) or not found.requires_grad
    np.testing.assert_equal(found, expected)


def test_testing_functions_take_constants():
    np.testing.assert_allclose(Tensor(A), A)
    np.testing.assert_array_equal(A, Tensor(A).numpy())


def test_predictions():
    """What a program does with a model's output."""
    scores = leaf(A)
    assert np.argmax(scores, axis=1).tolist() == [1, 2]
    accuracy = np.mean(np.argmax(scores, axis=1) == np.array([1, 0]))
    assert accuracy == 0.5
    assert np.mean((scores > 1) == (A > 1)).item() == 1


# All of NumPy -----------------------------------------------------------------------------------

WITHOUT_GRADIENT = set(
    "shape ndim size all any argmax argmin argsort isclose allclose array_equal zeros_like "
    "ones_like full_like empty_like array_repr array_str array2string isfortran result_type "
    "can_cast iscomplexobj isrealobj count_nonzero nonzero argwhere shares_memory "
    "may_share_memory isnan isinf isfinite signbit".split()
)


def dispatched(module):
    """The ufuncs and functions of a module that ask who their arguments are, and give numbers."""
    for name in sorted(set(dir(module))):
        f = getattr(module, name, None)
        if name in WITHOUT_GRADIENT:
            continue
        if isinstance(f, np.ufunc) or hasattr(f, "_implementation"):
            yield pytest.param(f, id=f"{module.__name__}.{name}")


def drops_the_record(result):
    """Whether numbers came back that don't know where they are from."""
    result = result[1] if hasattr(result, "logabsdet") else result  # not of a sign, a step
    if isinstance(result, list | tuple):
        return any(map(drops_the_record, result))
    if isinstance(result, Tensor):
        return not result.requires_grad and result.dtype.kind == "f"
    return isinstance(result, np.ndarray | np.generic) and result.dtype.kind in "fc"


@pytest.mark.parametrize("f", [*dispatched(np), *dispatched(np.linalg), *dispatched(np.fft)])
@pytest.mark.parametrize("shape", [(3,), (2, 2)])
def test_none_drops_the_record(f, shape):
    t = leaf(np.full(shape, 0.5))
    attempts = [(t,), (t, t), (t, 1), ([t, t],), (t, 0, 1), (t, t, t), ("ij", t)]
    if isinstance(f, np.ufunc):
        attempts.append((1.0, t))
    for arguments in attempts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = f(*arguments)
        except (TypeError, ValueError, IndexError, AttributeError):
            continue
        assert not drops_the_record(result), arguments
        np.testing.assert_array_equal(t.data, 0.5)


# Tensors among the arguments of functions that answer with shapes, bools or positions.
BESIDE = {
    "by name": lambda t: np.isclose(a=t, b=t),
    "positions by name": lambda t: np.argmax(a=t),
    "a shape by name": lambda t: np.shape(a=t),
    "zeros by name": lambda t: np.zeros_like(a=t),
    "a mask": lambda t: np.any(t > 1, where=t < 1.2),
    "a mask alone": lambda t: np.all(A > 0.4, where=t < 1.2),
    "a mask of numbers": lambda t: np.isnan(A, where=t < 9),
    "a tolerance": lambda t: np.allclose(A, A + 0.1, atol=t[0, 0]),
}


@pytest.mark.filterwarnings("ignore:'where' used without 'out'")
@pytest.mark.parametrize("f", BESIDE.values(), ids=BESIDE)
def test_tensors_beside_what_is_asked(f):
    np.testing.assert_array_equal(f(leaf(A)), f(A))


def test_a_tensor_takes_no_result():
    for f in (np.isnan, np.exp, np.logical_not):
        with pytest.raises(TypeError, match="an array can't take the result of a tensor in place"):
            f(A, out=Tensor(A))
