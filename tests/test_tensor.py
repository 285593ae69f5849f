"""What a tensor holds, and how it behaves as an object and as a number."""

import copy
import inspect
import operator
import pickle

import numpy as np
import pytest

import microtensor as mt
from microtensor import GradientError, ShapeError, Tensor, modes, no_grad


def leaf(data, name=None, dtype=None):
    return Tensor(data, requires_grad=True, name=name, dtype=dtype)


def same(x, y):
    np.testing.assert_array_equal(np.asarray(x), np.asarray(y), strict=True)


# Construction -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float64),
        (1, np.int64),
        (True, np.bool_),
        ([1.0, 2.0], np.float64),
        ([[1, 2], [3, 4]], np.int64),
        ((1, 2.5), np.float64),
        ([], np.float64),
        (np.float32(2), np.float32),
        (np.ones(2, np.float32), np.float32),
        (np.ones(2, np.float16), np.float16),
        (np.ones(2, np.uint8), np.uint8),
        (np.int8(3), np.int8),
        (range(3), np.int64),
    ],
)
def test_dtypes(data, dtype):
    t = Tensor(data)
    assert t.dtype == dtype
    assert t.shape == np.shape(data)
    same(t.numpy(), np.array(data))
    assert not t.requires_grad


def test_dtype_wanted():
    assert Tensor([1, 2], dtype=np.float32).dtype == np.float32
    assert Tensor([1, 2], dtype=float, requires_grad=True).requires_grad
    assert Tensor(1.5, dtype=int).item() == 1
    assert Tensor(1, dtype="float32").dtype == np.float32


def test_of_tensors():
    a = Tensor([1.0, 2.0])
    b = Tensor(a)
    a.data[0] = 9
    assert b.tolist() == [1, 2]
    assert Tensor([Tensor(1.0), Tensor(2.0)]).tolist() == [1, 2]


@pytest.mark.parametrize("data", [leaf(1.0), [leaf(1.0), leaf(2.0)], (Tensor(1.0), leaf(2.0) * 2)])
def test_of_tensors_that_would_lose_their_record(data):
    with pytest.raises(TypeError, match=r"^Tensor: a tensor that requires a gradient would lose"):
        Tensor(data)


@pytest.mark.parametrize("other", [None, "x", object()])
def test_what_is_no_number_is_never_equal(other):
    t = Tensor([1.0, 2.0])
    assert (t == other) is False
    assert t != other
    assert t not in [other]


def test_data_is_copied():
    source = np.ones(2)
    t = Tensor(source)
    source[0] = 5
    assert t.tolist() == [1, 1]
    t.data[1] = 7
    assert source.tolist() == [5, 1]


def test_layout_is_kept():
    assert Tensor(np.ones((3, 2)).T).data.flags.f_contiguous


def test_read_only_source_gives_a_writable_tensor():
    source = np.ones(2)
    source.setflags(write=False)
    assert Tensor(source).data.flags.writeable


def test_sizes():
    t = Tensor(np.zeros((2, 3)))
    assert (t.shape, t.ndim, t.size, len(t)) == ((2, 3), 2, 6, 2)
    assert (Tensor(1.0).shape, Tensor(1.0).ndim, Tensor(1.0).size) == ((), 0, 1)


def test_no_attributes_of_ones_own():
    with pytest.raises(AttributeError):
        Tensor(1.0).nmae = "typo"


def test_requires_grad_can_be_turned():
    a = Tensor([1.0])
    a.requires_grad = True
    (a * 2).backward()
    assert a.grad.tolist() == [2]
    a.requires_grad = False
    assert not (a * 2).requires_grad


# Promotion (NEP 50) -----------------------------------------------------------------------------

F32 = np.ones(2, np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: t * 2.0,
        lambda t: 2.0 * t,
        lambda t: t + 1,
        lambda t: 1 - t,
        lambda t: t / 3,
        lambda t: 1 / t,
        lambda t: t**2,
        lambda t: t**0.5,
        lambda t: 2.0**t,
        lambda t: np.maximum(t, 0.5),
        lambda t: np.where(np.array([True, False]), t, 0.0),
        lambda t: t.clip(0.2, 0.7),
        lambda t: t.clip(0, None),
        lambda t: t + np.ones(2, np.float32),
        lambda t: t * np.float32(2),
        lambda t: t * np.float64(2),
        lambda t: np.float64(2) * t,
        lambda t: t + np.ones(2),
        lambda t: np.ones(2) + t,
        lambda t: t + np.ones(2, np.int64),
        lambda t: t * True,
        lambda t: t.mean(),
        lambda t: t.var(),
        lambda t: np.exp(t),
    ],
)
def test_promotion_is_numpys(f):
    expected = f(F32)
    result = f(leaf(F32))
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("f", [mt.relu, mt.sigmoid, mt.softplus, mt.softmax, mt.log_softmax])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_our_functions_keep_the_dtype(f, dtype):
    t = leaf(np.array([0.5, -0.5], dtype))
    assert f(t).dtype == dtype
    f(t).sum().backward()
    assert t.grad.dtype == dtype


def test_whole_numbers():
    t = Tensor([1, 2, 3])
    assert (t * 2).dtype == np.int64
    assert (t / 2).tolist() == [0.5, 1, 1.5]
    assert t.sum().item() == 6
    assert t.mean().item() == 2
    assert mt.relu(t).tolist() == [1, 2, 3]


def test_a_tensor_times_whole_numbers():
    a = leaf([1.0, 2.0])
    (a * Tensor([3, 4])).sum().backward()
    assert a.grad.tolist() == [3, 4]


# What it gives back -----------------------------------------------------------------------------


def test_item_is_a_python_number():
    assert type(Tensor(1.5).item()) is float
    assert type(Tensor([[2]]).item()) is int
    assert type(Tensor(True).item()) is bool
    assert type(leaf(1.5).sum().item()) is float


def test_tolist():
    assert Tensor([[1.0, 2.0]]).tolist() == [[1, 2]]
    assert type(Tensor(2.0).tolist()) is float


@pytest.mark.parametrize("shape", [(), (2,), (0, 3)])
def test_numpy_is_a_copy(shape):
    t = leaf(np.ones(shape))
    array = t.numpy()
    assert isinstance(array, np.ndarray)
    array[...] = 5
    same(t.data, np.ones(shape))


@pytest.mark.parametrize("make", [lambda: leaf(1.0, "t"), lambda: leaf(0.5) + 0.5])
def test_numpy_of_a_scalar_is_a_copy(make):
    t = make()
    t.numpy()[...] = 5
    assert t.item() == 1
    assert isinstance(t.data, np.ndarray)


def test_detach_is_a_constant_copy():
    a = leaf([1.0, 2.0], "a")
    d = (a * 1).detach()
    assert not d.requires_grad
    d.data[0] = 5
    assert a.tolist() == [1, 2]
    assert a.detach().name == "a"
    (a * a.detach()).sum().backward()
    assert a.grad.tolist() == [1, 2]


def test_data_is_the_array_itself():
    t = Tensor([1.0, 2.0])
    assert t.data is t.data
    assert isinstance(Tensor(1.0).data, np.ndarray)
    s = Tensor(1.0)
    s.data[...] = 3
    assert s.item() == 3
    s.data += 1
    assert s.item() == 4


def test_assigning_data():
    t = leaf([1.0, 2.0])
    source = np.array([3.0, 4.0])
    t.data = source
    source[0] = 9
    assert t.tolist() == [3, 4]
    t.data = [5, 6]
    assert t.tolist() == [5.0, 6.0]
    assert t.dtype == np.float64
    t.data = Tensor([7.0, 8.0])
    assert t.tolist() == [7, 8]
    assert t.requires_grad


def test_assigning_data_of_another_float_keeps_the_dtype():
    t = leaf([1.0], dtype=np.float32)
    t.data = np.array([2.5])
    assert t.dtype == np.float32
    assert t.tolist() == [2.5]


def test_assigning_another_tensors_data_shares_nothing():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    a.data = b.data
    a.data -= 1
    assert b.tolist() == [3, 4]
    s, r = leaf(1.0), leaf(2.0)
    s.data = r.data
    s.data -= 1
    assert r.item() == 2


def test_data_that_does_not_fit_is_refused():
    t = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError):
        t.data = np.zeros(3)
    with pytest.raises(TypeError):
        Tensor([1, 2]).data = np.zeros(2)
    assert t.tolist() == [1, 2]


# How it looks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Tensor(1.5), "Tensor(1.5)"),
        (lambda: Tensor(2), "Tensor(2)"),
        (lambda: Tensor([1.0, 2.0]), "Tensor([1., 2.])"),
        (lambda: Tensor([1, 2]), "Tensor([1, 2])"),
        (lambda: Tensor([True]), "Tensor([ True])"),
        (lambda: Tensor([[1.0], [2.0]]), "Tensor([[1.],\n        [2.]])"),
        (lambda: Tensor([1.0], dtype=np.float32), "Tensor([1.], dtype=float32)"),
        (lambda: Tensor([]), "Tensor([], shape=(0,))"),
        (lambda: Tensor(np.zeros((0, 3))), "Tensor([], shape=(0, 3))"),
        (lambda: leaf(1.0), "Tensor(1., requires_grad=True)"),
        (lambda: leaf([1.0], "w"), "Tensor([1.], name='w', requires_grad=True)"),
        (lambda: leaf([1.0]) * 2, "Tensor([2.], from multiply)"),
        (lambda: leaf([1.0], "w").sum(), "Tensor(1., from sum)"),
        (
            lambda: Tensor(np.zeros(5000)),
            "Tensor([0., 0., 0., ..., 0., 0., 0.], shape=(5000,))",
        ),
    ],
)
def test_repr(make, text):
    assert repr(make()) == text


def test_repr_never_runs_code_in_names():
    assert repr(Tensor(1.0, name="a'\n")) == 'Tensor(1., name="a\'\\n")'


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        (1.23456, ".3f"),
        (1.23456, "8.2e"),
        (1.5, ""),
        (3, "d"),
        (3, "05d"),
        (0.5, ".0%"),
        (1e9, ","),
    ],
)
def test_format_of_scalars(value, spec):
    expected = format(np.asarray(value)[()], spec)
    assert format(Tensor(value), spec) == expected
    if isinstance(value, float):
        assert format(leaf(value), spec) == expected
        assert format(leaf(value) * 1, spec) == expected


def test_format_in_text():
    loss = (leaf([1.0, 2.0]) * 0.5).sum()
    assert f"loss {loss:.3f}" == "loss 1.500"
    assert f"{loss}" == "1.5"
    assert str(Tensor([1.0, 2.0])) == "[1. 2.]"


def test_format_of_more_is_numpys_error():
    with pytest.raises(TypeError):
        format(Tensor([1.0, 2.0]), ".3f")


# As a number and as a sequence ------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 2.5, 0, 3, True, False, [0.0], [[1.0]]])
def test_truth(value):
    assert bool(Tensor(value)) is bool(np.array(value))


@pytest.mark.parametrize("value", [[1.0, 2.0], [0, 0]])
def test_truth_of_several_is_refused(value):
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor(value))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(leaf([1.0, 2.0]) == leaf([1.0, 2.0]))


def test_float_int_index():
    assert float(Tensor(2.5)) == 2.5
    assert type(float(Tensor(2.5))) is float
    assert int(Tensor(2.5)) == 2
    assert [10, 20, 30][Tensor(1)] == 20
    assert list(range(Tensor(3))) == [0, 1, 2]
    with pytest.raises(TypeError):
        float(Tensor([1.0, 2.0]))


def test_a_float_is_no_index():
    with pytest.raises(TypeError):
        [1, 2][Tensor(1.0)]


def test_len_and_iteration():
    a = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(a) == 2
    rows = list(a)
    assert [r.tolist() for r in rows] == [[1, 2], [3, 4]]
    (rows[0] * rows[1]).sum().backward()
    assert a.grad.tolist() == [[3, 4], [1, 2]]
    x, y = leaf([1.0, 2.0])
    assert (x.item(), y.item()) == (1, 2)
    with pytest.raises(TypeError):
        len(Tensor(1.0))
    with pytest.raises(TypeError):
        iter(Tensor(1.0))


def test_contains():
    t = leaf([1.0, 2.0])
    assert 2.0 in t
    assert 3.0 not in t
    assert Tensor(1.0) in t


def test_hash_is_identity():
    a, b = Tensor(1.0), Tensor(1.0)
    assert len({a, b, a}) == 2
    assert {a: 1}[a] == 1
    assert hash(a) == hash(a)


def test_comparisons_are_tensors():
    a, b = leaf([1.0, 2.0]), leaf([2.0, 2.0])
    assert (a == b).tolist() == [False, True]
    assert (a != b).tolist() == [True, False]
    assert (a < b).tolist() == [True, False]
    assert (a <= 2).tolist() == [True, True]
    assert operator.gt(2, a).tolist() == [True, False]
    assert (a >= np.array([1.0, 3.0])).tolist() == [True, False]
    assert ((a > 1) & (b > 1)).tolist() == [False, True]
    assert ((a > 1) | np.array([True, False])).tolist() == [True, True]
    assert (~(a > 1)).tolist() == [True, False]
    assert isinstance(a == b, Tensor)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a & b,
        lambda a, b: a | b,
        lambda a, b: ~a,
        lambda a, b: np.bitwise_and(a, b),
        lambda a, b: np.bitwise_or(a, b),
        lambda a, b: np.invert(a),
    ],
)
@pytest.mark.parametrize("numbers", [([1, 2], [2, 2]), ([1.0, 2.0], [2.0, 2.0])])
def test_bits_of_numbers_are_numpys_or_refused(f, numbers):
    """NumPy's & of whole numbers goes bit by bit, and there is none of floats."""
    try:
        expected = f(*map(np.array, numbers))
    except TypeError:
        expected = None
    try:
        found = f(*map(Tensor, numbers))
    except TypeError:
        return
    assert expected is not None
    assert found.tolist() == expected.tolist()


def test_signs():
    a = leaf([-1.0, 2.0])
    assert (+a).tolist() == [-1, 2]
    assert (-a).tolist() == [1, -2]
    assert abs(a).tolist() == [1, 2]


# In place ---------------------------------------------------------------------------------------


def plus(t, x):
    t += x
    return t


def minus(t, x):
    t -= x
    return t


def times(t, x):
    t *= x
    return t


def over(t, x):
    t /= x
    return t


def power(t, x):
    t **= x
    return t


IN_PLACE = [plus, minus, times, over, power]


@pytest.mark.parametrize("f", IN_PLACE)
def test_in_place_on_a_recorded_tensor_names_a_new_value(f):
    a = leaf([1.0, 2.0])
    before = a * 3
    after = f(before, 2.0)
    assert after is not before
    assert before.tolist() == [3, 6]
    same(after.numpy(), f(np.array([3.0, 6.0]), 2.0))
    assert after.requires_grad
    before.sum().backward()
    assert a.grad.tolist() == [3, 3]


@pytest.mark.parametrize("f", IN_PLACE)
def test_in_place_on_a_leaf_is_refused(f):
    a = leaf([1.0, 2.0], "a")
    with pytest.raises(GradientError, match="'a' is a leaf that requires a gradient"):
        f(a, 2.0)
    assert a.tolist() == [1, 2]


@pytest.mark.parametrize("f", IN_PLACE)
def test_in_place_on_a_leaf_in_no_grad(f):
    a = leaf([1.0, 2.0])
    alias = a
    with no_grad():
        assert f(a, 2.0) is a
    assert alias is a
    assert a.requires_grad
    same(a.numpy(), f(np.array([1.0, 2.0]), 2.0))


@pytest.mark.parametrize("f", IN_PLACE)
def test_in_place_on_a_constant(f):
    c = Tensor([1.0, 2.0])
    assert f(c, 2.0) is c
    same(c.numpy(), f(np.array([1.0, 2.0]), 2.0))


@pytest.mark.parametrize("f", IN_PLACE)
def test_in_place_on_a_scalar_constant(f):
    c = Tensor(3.0)
    assert f(c, 2.0) is c
    assert c.item() == f(3.0, 2.0)


def test_in_place_on_a_constant_by_a_leaf_is_recorded():
    total, a = Tensor(0.0), leaf(2.0)
    start = total
    total += a * a
    total += a
    assert total is not start
    assert start.item() == 0
    total.backward()
    assert a.grad == 5


def test_in_place_matmul():
    a = leaf(np.eye(2)) * 2
    b = a
    b @= np.ones((2, 2))
    assert b.tolist() == [[2, 2], [2, 2]]
    assert a.tolist() == [[2, 0], [0, 2]]


def test_in_place_keeps_shape_and_dtype():
    c = Tensor([1.0, 2.0])
    with pytest.raises(ShapeError):
        c += np.zeros((2, 2))
    whole = Tensor([1, 2])
    with pytest.raises(TypeError):
        whole += 0.5
    single = Tensor([1.0], dtype=np.float32)
    single += np.float64(0.5)
    assert single.dtype == np.float32
    assert (c.tolist(), whole.tolist()) == ([1, 2], [1, 2])


def test_setting_entries_of_a_constant():
    c = Tensor(np.zeros((2, 3)))
    c[0] = 1
    c[1, ::2] = [5, 6]
    c[np.array([[False] * 3, [False, True, False]])] = Tensor(9.0)
    c[Tensor([0]), Tensor([1])] = 4
    assert c.tolist() == [[1, 4, 1], [5, 9, 6]]


def test_setting_entries_of_a_leaf():
    a = leaf([1.0, 2.0])
    with pytest.raises(GradientError):
        a[0] = 5
    with no_grad():
        a[0] = 5
    assert a.tolist() == [5, 2]
    assert a.requires_grad


def test_setting_entries_to_a_tensor_that_requires_a_gradient():
    c, a = Tensor([1.0, 2.0]), leaf(3.0)
    with pytest.raises(GradientError):
        c[0] = a
    with no_grad():
        c[0] = a
    assert c.tolist() == [3, 2]


def test_setting_entries_of_a_scalar():
    c = Tensor(1.0)
    c[...] = 4
    assert c.item() == 4


# Copies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda: leaf([1.0, 2.0], "a"),
        lambda: Tensor([1, 2]),
        lambda: leaf(1.5),
        lambda: leaf([1.0], dtype=np.float32),
        lambda: Tensor(np.zeros((0, 3))),
    ],
)
def test_leaves_are_copied(make, duplicate):
    a = make()
    b = duplicate(a)
    assert b is not a
    same(a.data, b.data)
    assert (b.name, b.requires_grad, b.grad) == (a.name, a.requires_grad, None)
    assert not np.shares_memory(a.data, b.data)


def test_copies_inside_other_things():
    a = leaf([1.0])
    pair = copy.deepcopy([a, a])
    assert pair[0] is pair[1] is not a


# Methods and functions --------------------------------------------------------------------------

M = np.array([[0.5, 1.5, 0.7], [1.1, 0.3, 1.9]])
ARGUMENTS = {
    "matmul": (M.T,),
    "dot": (M.T,),
    "clip": (0.4, 1.2),
    "reshape": (3, 2),
    "transpose": (1, 0),
    "swapaxes": (0, 1),
    "expand_dims": (0,),
    "broadcast_to": ((2, 2, 3),),
    "pad": (1,),
    "split": (2,),
    "astype": (np.float32,),
    "roll": (1,),
    "moveaxis": (0, 1),
    "take": ([0, 5],),
    "inner": (M,),
    "kron": (M,),
}
OTHERWISE = {  # what a method's function is called
    "abs": "absolute",
    "pow": "power",
    "clone": "copy",
    "permute": "transpose",
    "unsqueeze": "expand_dims",
}
METHODS = [
    name
    for name, function in vars(Tensor).items()
    if inspect.isfunction(function)
    if function.__module__ in (mt.add.__module__, mt.kron.__module__)
    if not name.startswith("__") and hasattr(mt, OTHERWISE.get(name, name)) and name != "argsort"
]


def test_there_are_methods():
    assert len(METHODS) > 40


@pytest.mark.parametrize("name", METHODS)
def test_method_and_function_agree(name):
    known = OTHERWISE.get(name, name)
    function = getattr(mt, known)
    results = []
    for f in (getattr(Tensor, name), function):
        a = leaf(M)
        two = list(inspect.signature(f).parameters) == ["a", "b"]
        with np.errstate(invalid="ignore"):  # of arcsin and its like
            result = f(a, *ARGUMENTS.get(known, (2.0,) if two else ()))
            first = result[0] if isinstance(result, list) else result
            first.sum().backward()
        results.append((first.numpy(), a.grad))
    same(results[0][0], results[1][0])
    same(results[0][1], results[1][1])


def test_ways_to_write_the_same():
    a = leaf(M)
    same(a.T.numpy(), M.T)
    same(a.mT.numpy(), M.T)
    same(a.reshape((3, 2)).numpy(), a.reshape(3, 2).numpy())
    same(a.reshape([3, 2]).numpy(), a.reshape(3, 2).numpy())
    same(a.transpose((1, 0)).numpy(), a.transpose(1, 0).numpy())
    same(a.sum(1).numpy(), a.sum(axis=1).numpy())
    same(a.max(axis=1, keepdims=True).numpy(), M.max(1, keepdims=True))
    same(a.std().numpy(), np.std(M))
    same(a.flatten().numpy(), M.ravel())


def test_every_function_takes_plain_values():
    """Arrays, numbers and nested lists do as operands; the result is a constant."""
    assert mt.exp(0).item() == 1
    assert mt.add([1, 2], 3).tolist() == [4, 5]
    assert mt.matmul(np.eye(2), [[1.0], [2.0]]).tolist() == [[1], [2]]
    assert mt.sum([[1, 2], [3, 4]], axis=0).tolist() == [4, 6]
    assert mt.concatenate([[1], [2, 3]]).tolist() == [1, 2, 3]
    assert mt.stack([1, 2]).tolist() == [1, 2]
    assert mt.where([True, False], [1, 2], 0).tolist() == [1, 0]
    assert mt.clip([1, 5], 2, 4).tolist() == [2, 4]
    assert mt.softmax([0.0, 0.0]).tolist() == [0.5, 0.5]
    assert mt.einsum("i,i", [1, 2], [3, 4]).item() == 11
    assert isinstance(mt.relu(-1.0), Tensor)


def test_names_are_public():
    for name in mt.__all__:
        assert getattr(mt, name, None) is not None, name


def test_methods_are_found_and_explained():
    assert {"sum", "abs", "backward", "split"} <= set(dir(Tensor(1.0)))
    assert "over an axis" in Tensor.sum.__doc__
    assert str(inspect.signature(Tensor.clip)) == str(inspect.signature(mt.clip))


# While a function is recorded -------------------------------------------------------------------


class Recorder:
    """Notes what it is told; `modes` is inside, and whoever records a function stands on it."""

    def __init__(self):
        self.told = []

    def read(self, tensor, how):
        self.told.append(how)
        return tensor._array

    def made(self, tensor, source, dtype):
        self.told.append((tensor, source, dtype))

    def given(self, tensor, value):
        self.told.append((tensor, value))

    def refuse(self, what):
        raise GradientError(what)


@pytest.fixture
def recorder():
    found = Recorder()
    with modes.mode(recorder=found):
        yield found


def test_a_recorder_is_told_of_tensors_made_of_arrays_which_are_not_copied(recorder):
    array, constant = np.ones(3), Tensor([1.0, 2.0])
    made = [
        (Tensor(array), array, None),
        (Tensor(array, requires_grad=True, dtype=float), array, float),
        (Tensor(array, dtype=np.float32), array, np.float32),
        (Tensor(constant), constant, None),
    ]
    assert [(id(t), id(x), d) for t, x, d in recorder.told] == [
        (id(t), id(x), d) for t, x, d in made
    ]
    assert made[0][0]._array is made[1][0]._array is array
    assert made[3][0]._array is constant._array
    assert made[2][0].dtype == np.float32


def test_a_recorder_is_told_nothing_of_python_values(recorder):
    for plain in (1.0, [1.0, 2.0], [[1, 2]], np.float64(3)):
        Tensor(plain)
    assert recorder.told == []


def test_a_recorder_is_asked_for_every_value_that_leaves_a_tensor(recorder):
    t = Tensor(2.0)
    assert t.item() == float(t) == t.tolist() == t.data == t.numpy() == 2
    assert recorder.told == [".item()", "float()", ".tolist()", ".data", ".numpy()"]


def test_a_recorder_is_told_of_changes_in_place_and_refuses_backward(recorder):
    w, c = leaf(2.0, "w"), Tensor([1.0], name="c")
    changes = [
        lambda: setattr(c, "data", 3 * w * c),
        lambda: operator.iadd(c, 1),
        lambda: operator.setitem(c, 0, 5.0),
    ]
    for change in changes:
        recorder.told.clear()
        change()
        assert recorder.told[-1][0] is c
    with pytest.raises(GradientError, match=r"backward\(\) inside the function isn't recorded"):
        (w * w).backward()
    with pytest.raises(GradientError, match="create_graph=True inside the function"):
        mt.grad(w * w, w)
    assert mt.grad(w * w, w, create_graph=True)._array == 4


def test_who_requires_a_gradient_is_told_to_compiled_steps():
    t, before = Tensor(1.0), modes.changes()
    leaf(1.0)
    t.requires_grad = False
    assert modes.changes() == before
    t.requires_grad = True
    assert modes.changes() != before
    before = modes.changes()
    mt.record_anew()
    assert modes.changes() != before
