"""What would be wrong without a word: numbers that leave the record, data changed, copies written.

Where two answers are possible it is refused, in a sentence that names the cure.
"""

import array
import math
import pickle
import struct

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import GradientError, ShapeError, Tensor, no_grad
from microtensor.modes import current_mode


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


# A number leaves the record -------------------------------------------------------------------

NUMBERS = {
    "float": float,
    "int": int,
    "complex": complex,
    "round": round,
    "round to digits": lambda t: round(t, 2),
    "math.exp": math.exp,
    "math.floor": math.floor,
    "math.isnan": math.isnan,
    "math.pow": lambda t: math.pow(2, t),
    "math.fsum": lambda t: math.fsum([1, t]),
    "array.array": lambda t: array.array("d", [t]),
    "np.float32": np.float32,
    "np.full": lambda t: np.full(3, t),
    "np.full_like": lambda t: np.full_like(np.ones(3), t),
    "np.array": lambda t: np.array([t, t]),
    "np.arange": lambda t: np.arange(t),
    "np.copyto": lambda t: np.copyto(np.zeros(2), t),
    "np.put": lambda t: np.put(np.zeros(2), 0, t),
    "a slice filled": lambda t: np.zeros(3).__setitem__(slice(2), t),
    "formatted as a number, after all": lambda t: f"{float(t):.2f}",
}
FILLED = {
    "an entry": lambda t: np.zeros(3).__setitem__(1, t),
    "an entry of integers": lambda t: np.zeros(3, int).__setitem__(1, t),
    "an entry of float32": lambda t: np.zeros((2, 2), np.float32).__setitem__((1, 0), t),
    "fill": lambda t: np.zeros(3).fill(t),
}


@pytest.mark.parametrize("take", NUMBERS.values(), ids=NUMBERS)
def test_a_number_doesnt_leave_the_record(take):
    with pytest.raises(TypeError, match=r"gradient|derivative"):
        take(leaf(2.0))


@pytest.mark.parametrize("fill", FILLED.values(), ids=FILLED)
def test_an_array_isnt_filled_from_the_record(fill):
    """NumPy raises an error of its own, because of ours."""
    with pytest.raises((ValueError, TypeError)) as raised:
        fill(leaf(2.0))
    said = f"{raised.value} {raised.value.__cause__}"
    assert "stack() for entries that a loop fills in" in said


@pytest.mark.parametrize("take", [*NUMBERS.values(), *FILLED.values()])
def test_constants_and_tensors_inside_no_grad_are_numbers(take):
    take(Tensor(2.0))
    with no_grad():
        take(leaf(2.0))


def test_the_sentence_names_every_cure():
    with pytest.raises(TypeError) as raised:
        float(leaf(2.0, "cost"))
    assert str(raised.value) == (
        "float(): 'cost' requires a gradient, which a Python number would lose: take .item() for a "
        "number to keep; for its gradient use microtensor's functions (microtensor.exp for "
        "math.exp), and stack() for entries that a loop fills in"
    )


def test_the_cures_work():
    w = leaf(2.0)
    (w * mt.exp(w)).backward()
    assert w.grad == pytest.approx(3 * math.exp(2))
    v = leaf([1.0, 2.0, 3.0])
    (v * mt.stack([v[i] ** 2 for i in range(3)])).sum().backward()
    assert v.grad.tolist() == [3, 12, 27]


def test_what_only_looks_goes_on():
    w = leaf(2.0, "w")
    assert (bool(w), w.item(), w.tolist(), w < 3) == (True, 2.0, 2.0, True)
    assert "%.2f %d %s" % (w, w, w) == "2.00 2 2.0"  # noqa: UP031
    assert "%.1f" % w == "2.0"  # noqa: UP031
    text = "%.1f"
    text %= w
    assert text == "2.0"
    assert f"{w:.3f} {w}" == "2.000 2.0"
    assert "{:.1f}".format(w) == "2.0"  # noqa: UP032
    assert max(w, leaf(1.0)) is w
    with pytest.raises(TypeError, match="requires a gradient"):
        math.exp(w) % 2
    with pytest.raises(struct.error):
        struct.pack("d", w)


def test_functions_without_a_derivative_to_lose_just_work():
    """Of constants, and inside no_grad(); they can't change what they are given."""
    c, w = Tensor([3.0, 1.0, 2.0]), leaf([3.0, 1.0, 2.0])
    assert np.partition(c, 1).tolist() == [1, 2, 3]
    assert np.interp(Tensor(1.5), Tensor([1.0, 2.0]), Tensor([1.0, 3.0])).item() == 2
    assert np.add.outer(c, np.ones(2)).shape == (3, 2)
    assert np.insert(np.ones(2), 0, Tensor(5.0)).tolist() == [5, 1, 1]
    total = np.zeros(3)
    total += c
    np.add(total, c, out=total)
    assert total.tolist() == [6, 2, 4]
    with pytest.raises(TypeError, match=r"np\.partition has no rule for its derivative"):
        np.partition(w, 1)
    with pytest.raises(TypeError, match="has no rule for its derivative"):
        np.insert(np.ones(2), 0, w[0])
    with pytest.raises(TypeError, match="in place"):
        total += w
    with no_grad():
        assert np.partition(w, 1).tolist() == [1, 2, 3]
        total += w
    assert total.tolist() == [9, 3, 6]
    for change in (lambda: np.put(c, 0, 9), lambda: np.copyto(c, 9)):
        with pytest.raises(ValueError, match="read-only"):
            change()
    for change in (lambda: np.add(c, 1, out=c), lambda: np.add.at(c, 0, 9)):
        with pytest.raises(TypeError, match="in place"):
            change()
    assert c.tolist() == [3, 1, 2]


def test_round_gives_pythons_numbers():
    assert (round(Tensor(2.6)), type(round(Tensor(2.6)))) == (3, int)
    assert (round(Tensor(2.64), 1), type(round(Tensor(2.64), 1))) == (2.6, float)


# Arrays that compute otherwise ----------------------------------------------------------------

MATRIX = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
MASKED = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 1], [0, 0]])


pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")


class Own(np.ndarray):
    """It says of itself that it computes otherwise."""

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return NotImplemented


class Plain(np.ndarray):
    """It has an attribute more, and computes as every array."""

    unit = "m"


OTHERWISE = {
    "matrix": (MATRIX, r"numpy\.matrix .*np\.asarray\(\)"),
    "masked": (MASKED, r"numpy\.MaskedArray .*\.filled\(value\)|masked arrays .*\.filled\(value\)"),
    "own": (np.ones((2, 2)).view(Own), r"Own .*np\.asarray\(\)"),
}
USES = {
    "W @ M": lambda W, M: W @ M,
    "W * M": lambda W, M: W * M,
    "W + M": lambda W, M: W + M,
    "W ** M": lambda W, M: W**M,
    "W < M": lambda W, M: W < M,
    "W == M": lambda W, M: W == M,
    "a list": lambda W, M: W * [M, M],
    "where": lambda W, M: mt.where(W > 2, M, W),
    "stack": lambda W, M: mt.stack([W, M]),
    "np.dot": lambda W, M: np.dot(M, W),
    "np.einsum": lambda W, M: np.einsum("ij,jk->ik", M, W),
    "a constant": lambda W, M: Tensor([[1.0, 2.0], [3.0, 4.0]]) * M,
    "Tensor": lambda W, M: Tensor(M),
    "Tensor of a list": lambda W, M: Tensor([M, M]),
    "an index": lambda W, M: W[np.asarray(M, bool).view(type(M))],
    "data": lambda W, M: setattr(W, "data", M),
    "entries": lambda W, M: Tensor(np.ones((2, 2))).__setitem__(..., M),
    "upstream": lambda W, M: (W * 2).backward(M),
    "compile": lambda W, M: mt.compile(lambda x: (x * W).sum())(M),
    "alone": lambda W, M: mt.relu(M),
}
LEFT = {
    "M @ W": lambda W, M: M @ W,
    "M * W": lambda W, M: M * W,
    "M + W": lambda W, M: M + W,
    "M / W": lambda W, M: M / W,
    "M < W": lambda W, M: M < W,
    "a constant": lambda W, M: M * Tensor([[1.0, 2.0], [3.0, 4.0]]),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(("M", "said"), OTHERWISE.values(), ids=OTHERWISE)
def test_arrays_that_compute_otherwise_are_refused(M, said, use):
    with pytest.raises(TypeError, match=said):
        use(leaf([[1.0, 2.0], [3.0, 4.0]], "W"), M)


@pytest.mark.parametrize("use", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("kind", ["matrix", "masked"])
def test_they_are_refused_on_the_left_too(kind, use):
    M, said = OTHERWISE[kind]
    with pytest.raises(TypeError, match=said):
        use(leaf([[1.0, 2.0], [3.0, 4.0]], "W"), M)


@pytest.mark.parametrize(
    "function",
    [np.ma.exp, np.ma.sum, np.ma.array, np.ma.getdata, np.asmatrix, lambda W: np.ma.dot(MASKED, W)],
)
def test_their_own_functions_take_no_tensor(function):
    with pytest.raises(TypeError, match=r"requires a gradient|np\.ma: 'W' and masked arrays"):
        function(leaf([[1.0, 2.0], [3.0, 4.0]], "W"))


def test_a_subclass_that_computes_plainly_goes_on(tmp_path):
    mapped = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(2, 2))
    mapped[:] = 3.0
    for array_like in (mapped, np.full((2, 2), 3.0).view(Plain)):
        W = leaf([[1.0, 2.0], [3.0, 4.0]])
        (W * array_like).sum().backward()
        assert W.grad.tolist() == [[3, 3], [3, 3]]
        assert Tensor(array_like).tolist() == [[3, 3], [3, 3]]


# Indices --------------------------------------------------------------------------------------


class Index:
    def __index__(self):
        return 1


INDICES = {
    "a tuple of a tuple": ((0, 0),),
    "a tuple in the middle": (slice(None), (0, 0, 2)),
    "two tuples": ((0, 0), (1, 1)),
    "a tuple of tuples": (((0, 0), (1, 1)),),
    "a list in a tuple": ([0, 0],),
    "lists in a list": [[0, 0], [1, 1]],
    "memoryview": memoryview(b"\0\0\1"),
    "bytearray": bytearray(b"\0\0"),
    "array.array": array.array("i", [0, 0]),
    "range": range(2),
    "an object": Index(),
    "a slice of objects": slice(Index(), None, Index()),
    "None and dots": np.s_[1:, None, ..., 0],
    "an empty list": [],
    "an empty tuple": (),
    "an empty tuple in a tuple": ((),),
    "a truth": True,
    "truths": (True, False, True),
    "truths in a tuple": ((True, False, True), (0, 0)),
    "NumPy's own": np.int8(1),
    "0-d": (np.array(1), (0, 0)),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_every_index_is_numpys(index):
    data = np.arange(1.0, 13).reshape(3, 4)
    expected = np.zeros((3, 4))
    np.add.at(expected, index, 2 * data[index])
    A = leaf(data, "A")
    found = A[index]
    assert np.array_equal(found.numpy(), data[index])
    L = (found * found).sum()
    L.backward()
    assert A.grad.tolist() == expected.tolist()
    assert mt.grad(L, A, create_graph=True).tolist() == expected.tolist()
    step = mt.compile(lambda: (A[index] * A[index]).sum())
    A.grad = None
    step()
    assert A.grad.tolist() == expected.tolist()


def test_tensors_in_indices_are_read_when_they_are_used():
    A, k = leaf(np.arange(12.0).reshape(3, 4)), Tensor([0, 0])
    first = Tensor(1)
    nested, cut = A[((k[0], k[1]),)], A[first:]
    k[:] = 2
    first[...] = 2
    (nested.sum() + cut.sum()).backward()
    assert A.grad.tolist() == [[2, 2, 2, 2], [1, 1, 1, 1], [1, 1, 1, 1]]


@pytest.mark.parametrize("index", [1.0, "a", b"\0", [1.0], {0: 1}, {0}, object()])
def test_what_is_no_index_is_said(index):
    with pytest.raises(IndexError, match="getitem: "):
        leaf([1.0, 2.0])[index]


# Data changed before backward -----------------------------------------------------------------


def refill(X):
    X[...] = 100


def _product(X):
    w = leaf(np.ones(X.shape), "w")
    return (w * X).sum(), X


RECORDED = {
    "a small array": (lambda: _product(np.ones(3)), refill),
    "a view": (lambda: _product(np.ones(6)[::2]), refill),
    "the buffer below a view": (lambda: (_product((b := np.ones(6))[::2])[0], b), refill),
    "a large array": (lambda: _product(np.ones((400, 300))), refill),
    "a large array that lies otherwise": (lambda: _product(np.ones((400, 300)).T), refill),
    "one row of many": (
        lambda: _product(np.ones((400, 300))),
        lambda X: X.__setitem__(slice(40, 60), 7),
    ),
    "one column of some": (
        lambda: _product(np.ones((400, 30))),
        lambda X: X.__setitem__((slice(None), 3), 7),
    ),
    "0-d": (lambda: (lambda X: ((leaf(2.0) * X), X))(np.array(3.0)), refill),
    "whole numbers": (lambda: _product(np.array([1, 2, 3])), refill),
    "a condition": (
        lambda: (lambda c: (mt.where(c, leaf([1.0, 2.0]), 0.0).sum(), c))(np.array([True, False])),
        lambda c: c.__setitem__(..., True),
    ),
    "a matrix product": (lambda: (lambda X: ((X @ leaf([1.0, 2.0])).sum(), X))(np.eye(2)), refill),
    "its bits alone": (
        lambda: _product(np.array([0.0, 1.0])),
        lambda X: X.__setitem__(0, -0.0),
    ),
}
READERS = {
    "backward": lambda L: L.backward(),
    "grad": lambda L: mt.grad(L, L._inputs[0] if L._inputs[0] is not None else L._inputs[1]),
    "draw": mt.draw,
    "explain": mt.explain,
    "to_source": mt.to_source,
    "Graph.of": mt.Graph.of,
    "page": lambda L: mt.page(L, "/dev/null"),
}


@pytest.mark.parametrize(("make", "change"), RECORDED.values(), ids=RECORDED)
def test_a_buffer_that_was_refilled_is_noticed(make, change):
    L, X = make()
    change(X)
    for reader in (mt.Graph.of, Tensor.backward):
        with pytest.raises(
            GradientError, match=r"^an array .* was changed after .*Tensor\(array\)"
        ):
            reader(L)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_everyone_who_reads_the_record_says_the_same(reader):
    w, X = leaf([1.0, 2.0], "w"), np.ones(2)
    said = "was changed after multiply had used it, so gradients and views would mix old numbers"
    L = (w * X).sum()
    X += 1
    with pytest.raises(GradientError, match=rf"^an array \(2,\) {said}"):
        reader(L)
    L = (w * w).sum()
    w.data -= 1
    with pytest.raises(GradientError, match=rf"^\(2,\) 'w' {said}"):
        reader(L)


def test_what_was_recorded_as_a_constant_is_compared_by_views():
    w, X = leaf([1.0, 2.0], "w"), np.ones(2)
    with mt.record_constants():
        L = (w * (1 - mt.exp(X))).sum()
    mt.draw(L)
    X += 1
    with pytest.raises(GradientError, match="after exp had used it"):
        mt.draw(L)


@pytest.mark.parametrize("change", [lambda X: None, lambda X: X.__setitem__(0, X[0])])
def test_what_holds_the_same_numbers_is_no_change(change):
    for X in (np.array([np.nan, 1.0]), np.ones((400, 300)), np.array(2.0)[None], np.ones((0, 3))):
        L, X = _product(X)
        if X.size:
            change(X)
        L.backward()
        mt.Graph.of(L)


def test_the_cure_is_a_copy():
    w, X = leaf([1.0, 2.0]), np.ones(2)
    losses = []
    for k in range(3):
        X[:] = k
        losses.append((w * Tensor(X)).sum())
    sum(losses).backward()
    assert w.grad.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("loss", "labels"),
    [
        (nn.BCEWithLogitsLoss(), np.array([[0.0, 1.0, 1.0]])),
        (nn.MSELoss(), np.array([[0.0, 1.0, 1.0]])),
        (nn.CrossEntropyLoss(), np.array([2])),
    ],
)
def test_labels_that_a_loss_was_given_may_change(loss, labels):
    z = leaf([[0.1, 0.2, 0.3]])
    first, again = loss(z, labels), loss(z, labels.copy())
    labels[:] = 0
    expected = mt.grad(again, z).tolist()
    first.backward()
    assert z.grad.tolist() == expected


def test_a_graph_keeps_what_it_was_made_of():
    X, upstream, w = np.array([1.0, 2.0]), np.ones(2), leaf([3.0, 4.0], "w")
    y = w * X
    graph = mt.Graph.of(y, gradient=upstream)
    X[:], upstream[:] = 9, 9
    with no_grad():
        w[:] = 9
        y[:] = 9
    assert [node.value.tolist() for node in graph.nodes] == [[3, 4], [1, 2], [3, 8]]
    assert graph.result.gradient.tolist() == [1, 1]


# Writing into what is only a copy -------------------------------------------------------------


def matrix():
    return leaf(np.ones((2, 3)), "W")


def each_row(W):
    for row in W:
        row[:] = 0


def each_row_less(W):
    for row in W:
        row -= 1


def put(index, *inner):
    def write(W):
        part = W
        for name in inner:
            part = name(part)
        part[index] = 0

    return write


WRITES = {
    "W[0][1]": (lambda W: put(1, lambda W: W[0])(W), [[1, 0, 1], [1, 1, 1]]),
    "W.T[0]": (lambda W: put(0, lambda W: W.T)(W), [[0, 1, 1], [0, 1, 1]]),
    "W.T[0][1]": (lambda W: put(1, lambda W: W.T, lambda T: T[0])(W), [[1, 1, 1], [0, 1, 1]]),
    "W.reshape(-1)[4]": (lambda W: put(4, lambda W: W.reshape(-1))(W), [[1, 1, 1], [1, 0, 1]]),
    "W[None][0, 1]": (lambda W: put((0, 1), lambda W: W[None])(W), [[1, 1, 1], [0, 0, 0]]),
    "W[:, 1:][0]": (lambda W: put(0, lambda W: W[:, 1:])(W), [[1, 0, 0], [1, 1, 1]]),
    "split": (lambda W: put(0, lambda W: np.split(W, 3, axis=1)[2])(W), [[1, 1, 0], [1, 1, 1]]),
    "rows": (each_row, [[0, 0, 0], [0, 0, 0]]),
    "rows, in place": (each_row_less, [[0, 0, 0], [0, 0, 0]]),
    "data of a row": (lambda W: W[0].data.__setitem__(1, 0), [[1, 0, 1], [1, 1, 1]]),
    "data assigned": (lambda W: setattr(W[1], "data", [0.0, 1, 0]), [[1, 1, 1], [0, 1, 0]]),
    "W[0] -= 1": (lambda W: W.__setitem__(0, W[0] - 1), [[0, 0, 0], [1, 1, 1]]),
}


@pytest.mark.parametrize(("write", "expected"), WRITES.values(), ids=WRITES)
def test_a_view_is_written_through(write, expected):
    W, c = matrix(), Tensor(np.ones((2, 3)))
    with no_grad():
        write(W)
    write(c)
    assert W.tolist() == c.tolist() == expected


def test_what_was_recorded_before_it_was_written_is_refused():
    for write, _ in WRITES.values():
        if write is WRITES["data of a row"][0]:
            continue  # which nobody notices, and the docs say so
        W = matrix()
        L = (W * W).sum()
        with no_grad():
            write(W)
        with pytest.raises(GradientError, match="'W' was changed after multiply"):
            L.backward()


def test_a_view_that_isnt_recorded_is_told_of_changes():
    W, v = matrix(), leaf(2.0)
    with no_grad():
        row, other = W[0], W.T
    for change in (lambda: W.__setitem__((0, 0), 5.0), lambda: other.__setitem__(0, 7.0)):
        L = (v * row).sum()
        with no_grad():
            change()
        with pytest.raises(GradientError, match="was changed after multiply"):
            L.backward()
    assert row.tolist() == [7, 1, 1]


def test_an_entry_is_a_copy_and_says_so():
    b = leaf([1.0, 2.0], "b")
    with no_grad():
        b[0] += 5
        with pytest.raises(ValueError, match=r"copy of an entry of 'b'; .* as in W\[0, 1\] = 9"):
            b[0][...] = 9
        with pytest.raises(ValueError, match="copy of an entry"):
            b[1].data = 9.0
        entry = b[1].detach()
        entry[...] = 3.0
    assert (b.tolist(), entry.item()) == ([6, 2], 3)


def test_repeated_entries_cant_be_changed_alone():
    b = leaf([1.0, 2.0], "b")
    with no_grad():
        wide = mt.broadcast_to(b, (3, 2))
        with pytest.raises(ValueError, match="several places"):
            wide[0] = 4
        copy = Tensor(wide)
        copy[0] = 4
    assert b.tolist() == [1, 2]


def test_an_index_by_numbers_is_a_copy_of_ones_own():
    W = matrix()
    with no_grad():
        rows = W[[0, 1]]
        rows[0] = 5
    assert W.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_view_of_a_callers_array_is_a_copy():
    X = np.ones((2, 3))
    column = mt.transpose(X)
    column[0] = 5
    assert X.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_views_are_copied_and_pickled_as_leaves_are():
    c = Tensor(np.ones((2, 3)))
    row = c[0]
    again = pickle.loads(pickle.dumps(row))
    again[0] = 5
    assert (row.tolist(), again.tolist()) == ([1, 1, 1], [5, 1, 1])
    assert mt.to_source((leaf([1.0, 2, 3], "w") * row).sum())


# Neighbours, and what is set ------------------------------------------------------------------


class Column:
    """A column of a data frame, as far as it matters here."""

    def __array__(self, dtype=None, copy=None):
        return np.ones(2)

    def to_numpy(self):
        return np.ones(2)


def test_a_column_of_a_frame_says_how_it_becomes_an_array():
    w = leaf([1.0, 2.0])
    for use in (lambda: w * Column(), lambda: Column() * w):
        with pytest.raises(TypeError, match=r"got a test_edges\.Column; its \.to_numpy\(\) is one"):
            use()
    assert Tensor(Column()).tolist() == [1, 1]
    (w * Column().to_numpy()).sum().backward()
    assert w.grad.tolist() == [1, 1]


def test_a_column_of_pandas_too():
    pandas = pytest.importorskip("pandas", reason="pandas isn't installed")
    w = leaf([1.0, 2.0])
    column = pandas.Series([1.0, 2.0])
    frame = pandas.DataFrame({"a": column})
    for use in (lambda: column * w, lambda: w - column, lambda: frame * w, lambda: w @ frame):
        with pytest.raises(TypeError, match=r"its \.to_numpy\(\) is one"):
            use()


def test_several_tensors_become_one_by_stack():
    with pytest.raises(TypeError, match=r"and stack\(\) to make one tensor of several"):
        np.array([leaf(1.0), leaf(2.0)])


def test_a_scalar_says_how_it_becomes_a_number():
    with pytest.raises(TypeError, match=r"\.item\(\) is its number, \.numpy\(\) its array"):
        len(leaf(1.0))
    with pytest.raises(TypeError, match=r"\.item\(\) is its number"):
        iter(leaf(1.0))


def test_a_function_of_another_library_isnt_numpys():
    double = np.frompyfunc(lambda x: 2 * x, 1, 1)
    with pytest.raises(TypeError, match=r"^<lambda> \(vectorized\) has no rule"):
        double(leaf([1.0]))


@pytest.mark.parametrize("wanted", ["False", "yes", None, 0.5, [True]])
def test_requires_grad_is_true_or_false(wanted):
    with pytest.raises(TypeError, match="requires_grad: expected True or False, got"):
        leaf(1.0).requires_grad = wanted
    if wanted:
        with pytest.raises(TypeError, match="requires_grad: expected True or False, got"):
            Tensor(1.0, requires_grad=wanted)


@pytest.mark.parametrize("value", ["x", 1.0, [1.0, 2.0], np.ones(3), np.ones((1, 2))])
def test_a_gradient_that_was_set_has_the_tensors_shape(value):
    w = leaf([1.0, 2.0], "w")
    w.grad = np.ones(2)
    with pytest.raises(
        (TypeError, ShapeError), match=r"^\.grad of \(2,\) 'w' is an array of the tensor's shape"
    ):
        w.grad = value
    (w * w).sum().backward()
    assert w.grad.tolist() == [3, 5]


@pytest.mark.parametrize("view", [mt.draw, mt.explain, mt.to_source, mt.Graph.of])
def test_views_are_of_results(view):
    name = "Graph.of" if view == mt.Graph.of else view.__name__
    for other in (nn.Linear(2, 1), abs):
        said = rf"^{name}: expected a tensor, got .*, as in {name}\(model\(X\)\)$"
        with pytest.raises(TypeError, match=said):
            view(other)
    with pytest.raises(TypeError, match=r"expected a tensor, got ndarray; give the tensor itself"):
        view(np.ones(2))


@pytest.mark.parametrize("names", [["a"], "w", [1.0], 3])
def test_names_are_a_dict(names):
    for view in (mt.draw, mt.explain, mt.to_source):
        with pytest.raises(TypeError, match=r": names is a dict .* vars\(\) or \{'w': w\}, got"):
            view(leaf(2.0) * 2, names=names)


NAMES = {
    "dim": (lambda w: w.sum(dim=0), "sum: there is no argument 'dim'; here it is axis"),
    "mean": (lambda w: mt.mean(w, dim=0), "mean: there is no argument 'dim'; here it is axis"),
    "softmax": (lambda w: w.softmax(dim=0), "softmax: there is no argument 'dim'; here it is axis"),
    "keepdim": (
        lambda w: w.max(axis=0, keepdim=True),
        "max: there is no argument 'keepdim'; here it is keepdims",
    ),
    "unbiased": (
        lambda w: w.var(unbiased=False),
        "var: there is no argument 'unbiased'; here it is ddof, 1 for unbiased=True",
    ),
    "stack": (lambda w: mt.stack([w], dim=0), "stack: there is no argument 'dim'; here it is axis"),
    "unknown": (lambda w: w.sum(size=3), "sum() got an unexpected keyword argument 'size'"),
    "concatenate": (
        lambda w: mt.concatenate(w, w),
        "concatenate: axis is a number, got a Tensor; tensors come as a list, [a, b]",
    ),
    "stacked": (
        lambda w: mt.stack(w, np.ones(2)),
        "stack: axis is a number, got a ndarray; tensors come as a list, [a, b]",
    ),
}


@pytest.mark.parametrize(("use", "said"), NAMES.values(), ids=NAMES)
def test_names_from_elsewhere(use, said):
    with pytest.raises(TypeError) as raised:
        use(leaf([1.0, 2.0]))
    assert str(raised.value) == said


@pytest.mark.parametrize("switch", [no_grad, mt.record_constants, mt.detect_anomaly])
def test_a_mode_without_its_brackets(switch):
    name = switch.__name__
    with (
        pytest.raises(TypeError, match=rf"^{name}: it wants its brackets: `with {name}\(\):`$"),
        switch,
    ):
        pass

    @switch
    def f(x):
        """What it does."""
        return current_mode()

    assert f(1) != current_mode()
    assert f.__doc__ == "What it does."
    with switch():
        assert current_mode() == f(1)


# What was kept, and what was nearly missed -----------------------------------------------------


def test_what_is_assigned_to_data_leaves_what_was_kept():
    w = leaf([1.0, 2.0])
    kept = w.data
    w.data = kept + 1
    with no_grad():
        w -= 0.5
        w.data = w.data * 3
    assert (kept.tolist(), w.tolist()) == ([1, 2], [4.5, 7.5])
    w.data = kept
    assert w.tolist() == [1, 2]
    kept[0] = 9
    assert w.tolist() == [1, 2]


def test_a_view_of_what_was_replaced_cant_be_written():
    W = matrix()
    with no_grad():
        row = W[0]
        W.data = np.zeros((2, 3))
        assert row.tolist() == [1, 1, 1]
        for write in (lambda: row.__setitem__(0, 5.0), lambda: setattr(row, "data", np.ones(3))):
            with pytest.raises(ValueError, match="view of what 'W' held before it was given other"):
                write()
        W[0][0] = 5
    assert W.tolist() == [[5, 0, 0], [0, 0, 0]]


def test_flattened_constants_are_copies():
    W = matrix()
    with no_grad():
        flat = W.flatten()
        flat *= 0
    assert W.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize("shape", [(250, 5), (209, 5), (700, 3), (1200, 3), (240, 7), (4096, 2)])
def test_every_column_of_a_large_array_is_looked_at(shape):
    for column in range(shape[1]):
        L, X = _product(np.ones(shape))
        X[:, column] = 100
        with pytest.raises(GradientError, match="was changed"):
            L.backward()


@pytest.mark.parametrize(
    "view", [lambda X: mt.reshape(X, 2), lambda X: mt.getitem(X, slice(None)), mt.transpose]
)
def test_a_view_of_an_array_recorded_as_a_constant_is_a_copy(view):
    X, w = np.array([1.0, 2.0]), leaf([1.0, 1.0])
    with mt.record_constants():
        L = (w * view(X)).sum()
    X[:] = 100
    L.backward()
    assert w.grad.tolist() == [1, 2]


def test_arrays_among_the_options_of_ones_own_are_looked_at():
    scaled = mt.primitive("scaled", lambda a, k: a * k, lambda g, out, a, k: g * k)
    w, k = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    L = scaled(w, k=k).sum()
    k[:] = 0
    with pytest.raises(GradientError, match="was changed after scaled had used it"):
        L.backward()


@pytest.mark.parametrize("kind", ["matrix", "masked"])
def test_an_operation_of_ones_own_gives_plain_arrays(kind):
    odd, said = OTHERWISE[kind]
    forward = mt.primitive("f", lambda x: odd + np.asarray(x), lambda g, out, x: g)
    derivative = mt.primitive("f", lambda x: x * 1.0, lambda g, out, x: odd)
    with pytest.raises(TypeError, match=said):
        forward(leaf([[1.0, 2.0], [3.0, 4.0]]))
    with pytest.raises(TypeError, match=said):
        derivative(leaf([[1.0, 2.0], [3.0, 4.0]])).sum().backward()


def test_a_mask_is_found_however_deep():
    with pytest.raises(TypeError, match="MaskedArray"):
        leaf([1.0, 2.0]) * [[np.ma.array([1.0, 9.0], mask=[0, 1])]]
    masked = np.ma.array([[1.0], [999.0]], mask=[[0], [1]])
    for loss in (nn.MSELoss(), nn.BCEWithLogitsLoss()):
        with pytest.raises(TypeError, match="MaskedArray"):
            loss(leaf([[1.0], [5.0]]), masked)
        with pytest.raises(TypeError, match="MaskedArray"):
            loss(masked, [[0.0], [1.0]])
    with pytest.raises(TypeError, match="MaskedArray"):
        nn.CrossEntropyLoss()(leaf([[1.0, 2.0]]), np.ma.array([1], mask=[1]))
    with pytest.raises(TypeError, match="MaskedArray"):
        nn.Linear(1, 1)(masked)


@pytest.mark.parametrize("name", ["__rmul__", "__sub__", "__rtruediv__", "__lt__", "__neg__"])
def test_one_operator_of_its_own_is_enough(name):
    kind = type("Odd", (np.ndarray,), {name: lambda self, *other: np.ones(2)})
    with pytest.raises(TypeError, match="Odd computes otherwise"):
        leaf([1.0, 2.0]) * np.ones(2).view(kind)
