"""A picture of what was recorded until an error, and of what failed."""

import gc
import sys
import weakref

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Tensor, draw
from microtensor.views.picture.plain import text  # a picture as it is read aloud, without a file


def leaf(shape, name=None):
    return Tensor(np.ones(shape), requires_grad=True, name=name)


def caught(function, *args):
    with pytest.raises(Exception) as caught:
        function(*args)
    return caught.value


def failed(error, **options):
    """The card of what failed, line by line; the names of the cards; the arrows into it."""
    scene = draw(error, **options).scene
    names = {card.id: card.heading[0].text for card in scene.cards}
    (card,) = [card for card in scene.cards if card.heading[0].text.endswith(" failed")]
    said = [cell.text for row in card.rows for cell in row]
    into = [names[a.source] for a in scene.arrows if a.target == card.id]
    assert not any(a.backward for a in scene.arrows)
    assert scene.title[0].text == card.heading[0].text
    return card, said, list(names.values()), into


class Block(nn.Module):
    def __init__(self, size, inner):
        self.first = nn.Linear(size, size, rng=0)
        self.second = nn.Linear(inner, size, rng=1)

    def forward(self, x):
        return x + self.second(mt.relu(self.first(x)))


class Spoilt(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(4, 4, rng=0)

    def forward(self, x):
        hidden = mt.tanh(self.linear(x))
        return {"hidden": hidden}["output"]


def test_shapes_that_do_not_fit_deep_in_a_model():
    model = nn.Sequential(nn.Linear(4, 4, rng=0), nn.ReLU(), Block(4, 4), Block(4, 5))
    error = caught(model, np.ones((6, 4)))
    card, said, names, into = failed(error)
    assert card.heading[0].text == "matmul failed"
    assert card.frame == ("Sequential", "layers.3", "second")
    assert said[0] == "A4 @ t10"
    assert "".join(said[1:-1]).replace(" ", "") == f"ShapeError: {error}".replace(" ", "")
    assert said[-1].startswith("in Linear.forward, line ") and said[-1].endswith(" of layers.py")
    assert into == ["A4", "t10"] and "layers.0" in names
    for options in (
        {"collapse": 1},
        {"collapse": False},
        {"expand": "layers.2"},
        {"theme": "dark"},
    ):
        assert failed(error, **options)[0].frame == card.frame


def test_an_error_of_the_users_code():
    error = caught(nn.Sequential(nn.Linear(4, 4, rng=0), Spoilt()), np.ones((6, 4)))
    card, said, names, into = failed(error)
    assert card.heading[0].text == "Spoilt.forward failed"
    assert said[1] == "KeyError: 'output'"
    assert said[2].startswith("in Spoilt.forward, line ") and said[2].endswith("test_failure.py")
    assert {"layers.0", "layers.1"} <= set(into) <= set(names)


def other(x):
    raise ArithmeticError("no such number") from caught(lambda: mt.exp(x) @ x)


CASES = {
    "add": (
        lambda: leaf((2, 3), "a") * 2.0 + leaf((2, 4), "b"),
        "ShapeError: add: sizes differ: 3",
    ),
    "reshape": (lambda: mt.exp(leaf((2, 3))).reshape(5, 5), "ShapeError: reshape: (2, 3) has 6"),
    "getitem": (lambda: mt.exp(leaf((2, 3)))[5], "IndexError: getitem: index 5 is out of bounds"),
    "concatenate": (
        lambda: mt.concatenate([leaf((2, 3)), np.ones((3, 4))], 0),
        "ShapeError: concatenate: along axis 0",
    ),
    "matmul": (lambda: mt.exp(leaf((2, 3))) @ "abc", "TypeError: matmul: expected a tensor"),
    "sum": (lambda: mt.exp(leaf((2, 3))).sum(4), "AxisError: sum: axis 4 is out of range"),
    "linalg.inv": (lambda: np.linalg.inv(leaf((2, 2)) * 0.0), "LinAlgError: linalg.inv: (2, 2)"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_operation(name):
    function, message = CASES[name]
    card, said, _, into = failed(caught(function))
    assert card.heading[0].text == f"{name} failed" and into
    assert " ".join(said[1:]).startswith(message[:55])


def test_an_operation_of_ones_own_and_what_an_error_was_raised_from():
    def broken(x):
        raise RuntimeError("not today")

    mine = mt.primitive("mine", broken, lambda g, out, x: g)
    card, said, *_ = failed(caught(lambda: mine(mt.exp(leaf(3)))))
    assert card.heading[0].text == "mine failed" and said[1] == "RuntimeError: not today"
    card, said, _, into = failed(caught(other, leaf((2, 3), "x")))
    assert card.heading[0].text == "matmul failed" and into == ["t1", "x"]
    assert said[1] == "ArithmeticError: no such number"


def test_backward_that_fails_and_anomalies():
    def many():
        result = leaf((2, 3), "a") * 2.0
        result.backward()

    assert "isn't a scalar" in " ".join(failed(caught(many))[1])

    def anomaly():
        with mt.detect_anomaly(), np.errstate(all="ignore"):
            mt.log(leaf(3, "p") * 0.0)

    assert failed(caught(anomaly))[0].heading[0].text == "log failed"


def test_branches_beside_it_are_drawn_but_not_what_an_earlier_step_left():
    def step(weight, x):
        old = mt.sin(x @ weight).sum()
        weight.data = weight.data - 0.1
        left = mt.exp(x @ weight)
        right = mt.tanh(x @ weight)
        return right.reshape(5, 5), left, old

    shown = text(draw(caught(step, leaf((3, 2), "W"), np.ones((4, 3)))).scene)
    assert "exp(" in shown and "tanh(" in shown and "sin(" not in shown


def test_without_a_record():
    def nothing():
        return {}["x"]

    with pytest.raises(ValueError, match=r"^draw: nothing was recorded until this error, KeyErr"):
        draw(caught(nothing))
    with pytest.raises(ValueError, match=r"^draw: this error was never raised, ValueError: x$"):
        draw(ValueError("x"))

    def plainly():
        with mt.no_grad():
            return mt.exp(leaf((2, 3), "a")) + np.ones(4)

    assert failed(caught(plainly))[3] == ["X1", "X2"] or failed(caught(plainly))[3]


def test_the_last_error_of_a_notebook(monkeypatch):
    error = caught(lambda: leaf((2, 3), "a") + np.ones(4))
    monkeypatch.setattr(sys, "last_value", error, raising=False)
    bundle = draw(sys.last_value)._repr_mimebundle_()
    assert "ShapeError: add: sizes differ" in bundle["text/plain"]


def test_a_cell_of_a_notebook_that_fails():
    known = {"mt": mt, "x": leaf(3, "x"), "other": leaf(3, "other"), "weights": [leaf(3, "w")]}
    code = "h = mt.exp(x)\nfound = [{}[key] for key in weights]"
    error = caught(lambda: exec(compile(code, "cell.py", "exec"), known))
    card, said, names, into = failed(error)
    assert card.heading[0].text == "<module> failed"
    assert said[2] == "in <module>, line 2 of cell.py"
    assert {"x", "h", "t1"}.intersection(names) and "other" not in names and "w" in into


def test_an_error_that_names_itself_as_its_cause_and_hostile_words():
    def hostile():
        a = leaf((2, 3), "<b>\\N")
        error = ValueError('<script>"\\N\n' + "long " * 1000)
        assert a.name
        raise error from error

    error = caught(hostile)
    source = draw(error).source
    assert "<script" not in source and "ValueError" in source
    assert max(len(line) for line in text(draw(error).scene).splitlines()) < 300


def test_nothing_is_kept_when_the_error_is_gone():
    x = leaf((2, 3), "x")
    kept = mt.exp(x)
    alive = weakref.ref(kept)

    def fails(t):
        return t + np.ones(4)

    try:
        fails(kept)
    except ValueError as error:
        picture = draw(error)
    del kept
    gc.collect()
    assert alive() is None and picture.source


def test_other_views_name_the_one_that_shows_it():
    said = "^explain: expected a tensor, got ShapeError; draw\\(error\\) shows what was recorded"
    with pytest.raises(TypeError, match=said):
        mt.explain(caught(lambda: leaf((2, 3)) + np.ones(4)))


def test_what_a_step_of_training_left_behind_is_not_in_the_way():
    model = nn.Linear(3, 1, rng=0)
    cost = model(np.ones((2, 3))).sum()
    cost.backward()
    nn.SGD(model.parameters(), lr=0.1).step()

    def fails(cost):
        kept = model.weight * 2
        nn.Embedding(4, 2, rng=0)(np.array([1, 20]))
        return kept, cost

    assert "× 2" in text(draw(caught(fails, cost)).scene) or "· 2" in str(draw(caught(fails, cost)))
