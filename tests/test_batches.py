"""Programs for other numbers of examples: right for them, or for which they hold is said."""

import math

import numpy as np
import pytest
from test_source import close, run

import microtensor as mt
import nn
from microtensor.program.source import program


class BatchNorm(nn.Module):
    def forward(self, x):
        return (x - x.mean(axis=0)) / mt.sqrt(x.var(axis=0) + 1e-5)


def data(count, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "X": rng.normal(size=(count, 4)),
        "y": rng.normal(size=(count, 1)),
        "labels": rng.integers(0, 3, count),
        "tokens": rng.integers(0, 9, (count, 2)),
        "images": rng.normal(size=(count, 2, 2)),
    }


def parameters():
    rng = np.random.default_rng(1)
    shapes = {"w": (4,), "W": (4, 3), "b": (3,), "E": (9, 4), "s": ()}
    return {k: mt.Tensor(rng.normal(size=s), requires_grad=True, name=k) for k, s in shapes.items()}


def net(*middle):
    layers = nn.Linear(4, 4, rng=0), *middle, nn.Linear(4, 3, rng=1)
    return nn.Sequential(*layers)


def columns(X, W):
    Z = W.T @ X.T
    return np.square(Z - np.ones((3, 1))).mean()


def recurrent(X, W):
    h = np.zeros((len(X), 3))
    for _ in range(2):
        h = np.tanh(X @ W + h)
    return h.mean()


def one_hot(X, labels, W):
    return -(np.eye(3)[labels] * mt.log_softmax(X @ W)).sum(axis=1).mean()


# Functions of some of the data and parameters, by name; all are written for any number of rows.
FREE = {
    "batch norm": lambda X, y: nn.MSELoss()(net(BatchNorm(), nn.ReLU())(X), y + np.zeros(3)),
    "mean of columns": lambda X, w: np.square((X * w).mean(axis=0)).sum(),
    "mean of columns, kept": lambda X, w: np.square((X * w).mean(0, keepdims=True)).sum(),
    "mean of rows": lambda X, w: np.square((X * w).mean(axis=1)).mean(),
    "variance": lambda X, w: (X * w).var(axis=0).sum(),
    "variance, ddof 1": lambda X, w: (X * w).var(axis=0, ddof=1).sum(),
    "deviation of all": lambda X, w: (X * w).std(ddof=1),
    "cross-entropy": lambda X, labels: nn.CrossEntropyLoss()(net()(X), labels),
    "cross-entropy of both": lambda X, labels: (
        nn.CrossEntropyLoss()(net()(X), labels) + nn.CrossEntropyLoss()(net()(2 * X), labels)
    ),
    "class weights": lambda X, labels, W: (
        -(mt.log_softmax(X @ W)[np.arange(len(X)), labels] * np.array([1.0, 2.0, 3.0])[labels])
    ).mean(),
    "one-hot": one_hot,
    "squares": lambda X, y: nn.MSELoss()(net(nn.Tanh())(X), y + np.zeros(3)),
    "squares of three": lambda X, W: np.square(X @ W).mean(),
    "binary": lambda X, y, w: nn.BCELoss()(mt.sigmoid(X @ w), np.abs(y[:, 0]) % 1),
    "logits": lambda X, y, w: nn.BCEWithLogitsLoss()(X @ w, np.abs(y[:, 0]) % 1),
    "softmax over the rows": lambda X, W: np.square(mt.softmax(X @ W, axis=0)).sum(),
    "largest of columns": lambda X, W: (X @ W).max(axis=0).sum() + (X @ W).min(axis=0).sum(),
    "logsumexp": lambda X, W: mt.logsumexp(X @ W, axis=0).sum() + mt.logsumexp(X @ W),
    "cumsum": lambda X, w: (X @ w).cumsum().mean() + (X * w).cumsum(axis=0).mean(),
    "embedding": lambda tokens, E, w: (E[tokens].mean(axis=1) @ w).mean(),
    "embedding of labels": lambda X, labels, E: np.square(X - E[labels]).mean(),
    "flatten": lambda images, W: np.square(nn.Flatten()(images) @ W).mean(),
    "reshape": lambda X, W: np.square((X @ W).reshape(len(X), 3, 1).reshape(-1)).mean(),
    "features side by side": lambda X, W: mt.concatenate([X @ W, mt.Tensor(X)], axis=1).mean(),
    "one after the other": lambda X, W: np.square(mt.concatenate([X @ W, 2 * (X @ W)])).mean(),
    "pairs": lambda X, W: np.square((X @ W)[:, None] - (X @ W)[None]).mean(),
    "attention": lambda X, W: (mt.softmax((X @ W) @ (X @ W).T) @ (X @ W)).mean(),
    "bias alone": lambda X, b: np.square(X[:, :3] + b).mean(),
    "sum of a bias": lambda X, b: (X[:, :3] * 0.5 + b).mean(),
    "a number": lambda X, s: np.square(X * s).mean(),
    "layer norm": lambda X, W: np.square((X @ W) - (X @ W).mean(axis=1, keepdims=True)).mean(),
    "standardized": lambda X, w: ((mt.Tensor(X) - mt.Tensor(X).mean(axis=0)) @ w).std(),
    "backwards": lambda X, w: ((X @ w)[::-1] * (X @ w)).mean(),
    "from the second row": lambda X, w: np.square((X @ w)[1:] - (X @ w)[:-1]).mean(),
    "recurrent": recurrent,
    "columns": columns,
    "weights of rows": lambda X, W: (np.ones(len(X)) / len(X) @ (X @ W)).sum(),
}


def called(f, given, known):
    """The function on what it names."""
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    with mt.record_constants():
        return f(*((given | known)[name] for name in names))


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(True, id="named"),
        pytest.param(False, id="unnamed", marks=pytest.mark.acceptance),
    ],
)
@pytest.mark.parametrize(
    "count",
    [7, *(pytest.param(count, marks=pytest.mark.acceptance) for count in (3, 12))],
)
@pytest.mark.parametrize("what", FREE)
def test_programs_take_other_batches(what, count, named):
    known, given = parameters(), data(count)
    text = program(called(FREE[what], given, known), names=given if named else None).text()
    assert "It holds for data of these shapes alone." not in text, text
    for other in (count, 2, 5, 19):
        given = data(other, seed=2)
        expected = called(FREE[what], given, known)
        arguments = dict(program(expected, names=given if named else None).inputs())
        value, gradients = run(text)(*arguments.values())  # a range has no name
        expected = called(FREE[what], given, known)
        nodes = mt.Graph.of(expected).nodes
        close(value, expected.numpy())
        wanted = {node.name: node.gradient for node in nodes if node.role == "parameter"}
        assert list(gradients) == list(wanted)
        for name, g in gradients.items():
            close(g, wanted[name])


X, W = data(6)["X"], parameters()["W"]
ALONE = "It holds for data of these shapes alone."


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda: (X @ W).sum() / len(X), "Where 6 in it stands for the number of examples"),
        (lambda: (X @ W).sum() * (1 / (2 * len(X))), "Where 0.08333333333333333 in it stands"),
        (lambda: (X @ W).sum() / 12 / 6, "Where 12 or 6 in it stands for the number of examples"),
        (lambda: np.square(X @ W).sum() / X.size, "Where 24 in it stands"),
        (lambda: (mt.Tensor(X) @ W)[:6].mean() * (X @ W)[:6].mean(), ""),
        (lambda: (X @ W)[X[:, 0] > 0].mean(), ALONE),
        (lambda: ((X @ W) * np.eye(6)[:, :3]).mean(), ""),
        (lambda: (np.ones((2, 6)) @ (X @ W)).mean(), ""),  # of these 6 are none more
        (lambda: (X @ W).reshape(18).mean(), ALONE),
        (lambda: (X @ W).prod(axis=1).mean(), ALONE),
        (lambda: (X @ W).std(axis=0, ddof=1.5).sum(), ALONE),
        (lambda: mt.concatenate([X @ W, X @ W]).mean(), ""),
        (lambda: np.square(W.T @ X.T).mean(), "Its examples are columns"),
        (lambda: (X @ W).mean(), ""),
        (lambda: np.square(W).mean(), ""),
    ],
)
def test_what_holds_for_one_batch_alone_says_so(f, said):
    text = mt.to_source(f(), names={"X": X})
    notes = [ALONE, "Where", "Its examples are columns"]
    assert said in text, text
    assert [note in text for note in notes] == [note in said for note in notes], text


@pytest.mark.parametrize("count", [1, 2, 5, 7])
def test_few_labels_are_data_and_no_constants(count):
    given = data(count)
    loss = nn.CrossEntropyLoss()(net()(given["X"]), given["labels"])
    for names, said in (
        ({}, "y" if count > 1 else "index"),
        ({"labels": given["labels"]}, "labels"),
    ):
        text = mt.to_source(loss, names=names)
        assert f"[np.arange(m), {said}]" in text, text
        assert "np.array(" not in text


def test_a_name_of_the_users_is_left_to_him():
    m = mt.Tensor(X, name="m")
    text = mt.to_source((m @ W).mean(), names={"m": m})
    assert "m_2 = len(m)" in text


def test_two_batches_follow_each_its_data():
    V, v, b = mt.Tensor(np.ones((9, 4)), name="V"), parameters()["w"], parameters()["b"]
    text = mt.to_source((X @ W + b).sum() + (V @ v).mean(), names={"X": X})
    arguments = {"X": X[:2], "V": V.data[:4], "W": W.data, "b": b.data, "w": v.data}
    value, gradients = run(text)(**arguments)
    again = (X[:2] @ W + b).sum() + (V.data[:4] @ v).mean()
    close(value, again.numpy())
    for x, g in zip((W, b, v), mt.grad(again, (W, b, v)), strict=True):
        close(gradients[x.name], g.numpy())


def squares(m, w):
    return np.square(data(m)["X"] @ w)


# Losses with a number that was computed from how many examples there were.
COUNTED = {
    "a part over m": lambda m, w: squares(m, w).sum() * (0.1 / m),
    "a part, over m": lambda m, w: squares(m, w).sum() * 0.1 / m,
    "a penalty over m": lambda m, w: squares(m, w).mean() + 0.1 / m * (w * w).sum(),
    "a penalty over 2 m": lambda m, w: squares(m, w).mean() + (w * w).sum() * (0.1 / (2 * m)),
    "over m, by NumPy": lambda m, w: np.float64(1 / m) * squares(m, w).sum(),
    "over m, in single": lambda m, w: squares(m, w).sum() * np.float32(0.3 / m),
    "over a root": lambda m, w: squares(m, w).sum() / np.sqrt(m),
    "times a root": lambda m, w: squares(m, w).mean() * (0.5 * m**0.5),
    "times a logarithm": lambda m, w: squares(m, w).mean() * math.log(m),
    "a logarithm of 2": lambda m, w: w.sum() * math.log2(m) + squares(m, w).mean(),
    "over m - 1": lambda m, w: squares(m, w).sum() / (m - 1),
    "a part over m - 1": lambda m, w: squares(m, w).sum() * (1 / (m - 1)),
    "over m squared": lambda m, w: squares(m, w).sum() / m / m,
    "over its square": lambda m, w: squares(m, w).sum() / m**2,
    "over pairs": lambda m, w: squares(m, w).sum() / (m * (m - 1) / 2),
    "over one more": lambda m, w: squares(m, w).sum() / (m + 1),
    "a mean of a sample": lambda m, w: squares(m, w).mean() * (m / (m - 1)),
    "half of it, negative": lambda m, w: squares(m, w).sum() / (-2 * m),
    "at every row": lambda m, w: (squares(m, w) / m).sum(),
    "before the product": lambda m, w: np.square(data(m)["X"] @ (w * (0.7 / m))).sum(),
    "in an array": lambda m, w: (squares(m, w).sum() * np.array([1 / m])).sum(),
}


@pytest.mark.parametrize("m", [5, 7, 12])
@pytest.mark.parametrize("what", COUNTED)
def test_numbers_computed_from_how_many_examples_there_were_are_told(what, m):
    loss = COUNTED[what](m, parameters()["w"])
    text = " ".join(mt.to_source(loss).split())
    assert "in it stands for the number of examples, it holds for as many alone." in text, text


USUAL = {
    "half a mean of two": (2, lambda m, w: 0.5 * squares(m, w).mean()),
    "a tenth of a mean of five": (5, lambda m, w: squares(m, w).mean() * 0.1),
    "twice a mean": (2, lambda m, w: 2 * squares(m, w).mean()),
    "squares of two": (2, lambda m, w: (squares(m, w) ** 2).mean()),
    "a small number": (5, lambda m, w: (squares(m, w).mean() + 1e-5) ** 0.5),
    "a fifth power of five": (5, lambda m, w: (squares(m, w) ** 5).mean()),
    "bytes": (5, lambda m, w: ((mt.Tensor(data(m)["X"]) / 255) @ w).mean()),
    "pi": (6, lambda m, w: squares(m, w).mean() * math.pi),
    "a third of many": (209, lambda m, w: squares(m, w).sum() / 3),
    "a penalty": (209, lambda m, w: squares(m, w).mean() + 0.01 * (w * w).sum()),
    "what stays of a momentum": (64, lambda m, w: squares(m, w).mean() * 0.999),
    "after dropout": (7, lambda m, w: squares(m, w).mean() * 1.25),
    "half of all": (7, lambda m, w: 0.5 * squares(m, w).sum()),
    "a mean of a mean": (5, lambda m, w: np.square(data(m)["X"] * w).mean(0).mean() * 0.2),
}


@pytest.mark.parametrize("what", USUAL)
def test_usual_numbers_are_no_lengths(what):
    m, f = USUAL[what]
    text = mt.to_source(f(m, parameters()["w"]))
    assert "stands for" not in text, text


def test_index_arrays_of_any_length_are_data():
    E, w, X = mt.Tensor(np.eye(4)[:, :3] + 1.0, True, name="E"), parameters()["w"], data(5)["X"]
    for f, first, other in (
        (lambda i: np.square(E[i]).mean(), [0, 2], [1, 1, 3]),
        (lambda i: np.square(E[i]).sum(), [3], [1, 0]),
        (lambda i: np.square(E[i]).mean(), [[0, 1], [1, 2]], [[1, 3]]),
        (lambda i: np.square(X @ w)[i].mean(), [0, 2], [4, 4, 0]),
        (lambda i: (E[None, i] * E[i]).sum(), [1, 2], [2, 3, 3]),
        (lambda i: np.square(E[i, 1:]).mean(), [0, 2], [1, 1, 3]),
    ):
        first, other = np.array(first), np.array(other)
        written = program(f(first), names={"X": X})
        assert "np.array(" not in written.text().split("return placed")[-1]
        arguments = dict(written.inputs())
        arguments = {k: other if np.array_equal(x, first) else x for k, x in arguments.items()}
        value, gradients = run(written.text())(**arguments)
        again = f(other)
        close(value, again.numpy())
        for name, g in gradients.items():
            close(g, mt.grad(again, E if name == "E" else w).numpy())


@pytest.mark.parametrize("xp", ["numpy", "jax.numpy"])
def test_a_mask_is_data_and_chooses_as_many(xp):
    w = parameters()["w"]
    for of in (lambda z: z[[True, False, True, True]], lambda z: z[z.numpy() > -9]):
        text = mt.to_source(np.square(of(w)).mean(), xp=xp)
        name = "mask" if xp == "numpy" else "index"
        assert f"def L_and_gradients({name}, w):" in text, text
        assert f"It holds for as many entries chosen by {name} as here." in text
    chosen = mt.to_source(np.square(parameters()["E"][:, [True, False, True, True]]).mean(), xp=xp)
    assert "as many entries" not in chosen


@pytest.mark.parametrize("m", [1, 2, 5])
def test_entries_read_in_a_loop_are_told(m):
    given, W = data(m), parameters()["W"]
    said = "It reads examples by number: the same entries of them for other data."
    logs = mt.log_softmax(given["X"] @ W)
    loop = -sum(logs[i, int(given["labels"][i])] for i in range(m)) / m
    assert said in mt.to_source(loop)
    assert said in mt.to_source((given["X"] @ W)[0].sum())
    for other in (logs[:, 0].mean(), logs[:1].mean(), logs[np.arange(m), given["labels"]].mean()):
        assert said not in mt.to_source(other)
    assert said not in mt.to_source(np.square(W[0]).sum())
