"""What the cards, arrows and headlines of a picture say of numbers, names and what isn't finite."""

import re

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Tensor, draw
from microtensor.views.picture.plain import text  # a picture as it is read aloud, without a file


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def plain(picture):
    return text(picture.scene)


def arrow(result, source, target):
    """What stands on the arrow between two cards, line by line."""
    scene = draw(result).scene
    ids = {card.heading[0].text: card.id for card in scene.cards}
    found = [a for a in scene.arrows if (a.source, a.target) == (ids[source], ids[target])]
    return [" ".join(cell.text for cell in line) for line in found[0].lines]


# What upstream is multiplied by -----------------------------------------------------------------

ONES = np.ones((3, 5))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda x: x * leaf(np.ones(5), "gamma"), ["∂y/∂x = gamma", "gamma, entry by entry"]),
        (lambda x: x / Tensor(ONES, name="D"), ["∂y/∂x = 1/D", "1/D, entry by entry"]),
        (lambda x: x * leaf(2.0, "s"), ["∂y/∂x = s = 2", "2"]),
        (lambda x: x * leaf([2.0], "s"), ["∂y/∂x = s = 2", "2"]),
        (lambda x: x * 2.0, ["∂y/∂x = 2", "2"]),
        (lambda x: x + Tensor(ONES), ["∂y/∂x = 1", "1"]),
        (lambda x: 1.0 - x, ["∂y/∂x = −1", "(−1)"]),
        (
            lambda x: mt.relu(x),
            ["∂y/∂x = 1 if x > 0 else 0", "(1 if x > 0 else 0), entry by entry"],
        ),
        (lambda x: mt.exp(x * 0.0) if x is None else x**2, ["∂y/∂x = 2·x", "2·x, entry by entry"]),
        (lambda x: np.deg2rad(x), ["∂y/∂x = π/180 = 0.01745", "0.01745"]),
        (lambda x: mt.sigmoid(x), ["∂y/∂x = y(1 − y)", "y(1 − y), entry by entry"]),
    ],
)
def test_a_factor_that_is_an_array_is_called_by_its_name(result, said):
    x = leaf(ONES, "x")
    y = result(x)
    y.name = "y"
    shown = arrow(y.sum(), "x", "y")
    assert shown[0] == said[0]
    assert shown[1] == f"◂ ∂L/∂y × {said[1]}" + shown[1].removeprefix(f"◂ ∂L/∂y × {said[1]}")
    assert shown[1].removeprefix(f"◂ ∂L/∂y × {said[1]}") in ("", " = ∂L/∂x")
    story = str(mt.explain(y.sum()))
    assert f"∂L/∂y × {said[1]}".split(",")[0] in " ".join(story.split())


# Long names -------------------------------------------------------------------------------------

LONG = [
    "the_rate_of_the_outer_optimizer_" * 6 + "1",
    "重み行列" * 50 + "1",
    "W" * 200,
    "名" * 39 + "1",
]


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("value", [2.0, np.full((2, 2), 2.0), np.full((9, 9), 2.0)])
def test_numbers_are_seen_whatever_the_names(name, value):
    w, v = leaf(value, name), leaf(3.0, name[:-1] + "2")
    shown = plain(draw((w * v).sum()))
    whole = np.size(value) == 1
    lines = [line for line in shown.splitlines() if "∂L/∂" in line]
    assert len(lines) >= 3
    assert whole == ("= 3; ◂ 1 × 3 = 3" in shown) or "= 3; ◂ ∂L/∂t1 × 3" in shown
    assert max(len(part) for line in shown.splitlines() for part in line.split("; ")) < 200
    for cards in draw((w * v).sum()).scene.cards:
        for row in cards.rows:
            assert row[-1].text and len(row[0].text) <= 60


def test_long_names_are_told_apart_by_their_ends():
    first, second = (leaf(1.0, "the_rate_of_the_outer_optimizer_" * 6 + end) for end in "12")
    names = [card.heading[0].text for card in draw(first * second).scene.cards]
    assert names[0].endswith("optimizer_1") and names[1].endswith("optimizer_2")


# Zeros, ones, indices, and layers that are 0 ----------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.eye(8)[:1].T, "1 of 8 is 1, the others 0"),
        (np.eye(8)[:2].ravel(), "2 of 16 are 1, the others 0"),
        (np.zeros((16704, 1)), "all 16,704 are 0"),
        (np.ones(9), "all 9 are 1"),
        (np.arange(9) < 1, "1 of 9 is True, the others False"),
        (np.zeros(9, dtype=bool), "all 9 are False"),
    ],
)
def test_zeros_and_ones_are_counted_in_words(data, said):
    assert f"  value  {said}\n" in plain(draw((leaf(2.0) * Tensor(data)).sum()))


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (np.arange(6), "x[[0…5]]"),
        (np.array([0, 3, 1, 2, 0]), "x[x_2]"),  # data, with a card of its own
        ((slice(None), np.array([0, 2])), "x[:, [0, 2]]"),
        ((np.arange(6), np.array([0, 1, 2, 0, 1, 2])), "x[arange(6), y_2]"),
        (np.arange(9) % 2 == 0, "x[[True, False, …, True]]"),
        (np.arange(4).reshape(2, 2), "x[X]"),
        (3, "x[3]"),
    ],
)
def test_an_index_is_written_in_short(index, said):
    x = leaf(np.ones((9, 3)), "x")
    y = x[index]
    y.name = "y"
    assert f"y  = {said}" in plain(draw(y.sum()))


def test_a_loss_of_labels_is_written_out():
    model, X = nn.Linear(4, 3, rng=0), np.ones((6, 4))
    loss = nn.CrossEntropyLoss()(model(X), np.array([0, 1, 2, 0, 1, 2]))
    said = "−mean(log_softmax(Z1, axis=-1)[arange(6), y])"
    assert said in plain(draw(loss, collapse=1))


@pytest.mark.parametrize(("words", "times"), [(3, 30), (40, 30), (3, 400)])
def test_what_a_group_computes_names_nothing_inside_of_it(words, times):
    x = Tensor(np.ones((6, 4)), name="x" * words)
    w = leaf(1.0) * 1.0
    w.name = "w"
    with mt.group("long"):
        y = x * w
        for _ in range(times):
            y = mt.tanh(y + x)
        loss = -y.sum()
    (card,) = [c for c in draw(loss, collapse=1).scene.cards if c.heading[0].text == "long"]
    said = card.rows[0][0].text
    assert "tanh" in said and not re.search(r"\bt\d", said)
    assert said.startswith("add × 400, tanh × 400") == (times == 400)


def test_a_layer_that_is_all_zeros_has_no_share():
    first, second = nn.Linear(4, 3, rng=0), nn.Linear(3, 2, rng=0)
    second.weight.data = np.zeros((2, 3))
    loss = nn.MSELoss()(nn.Sequential(first, nn.ReLU(), second)(np.ones((6, 4))), np.ones((6, 2)))
    shown = plain(draw(loss))
    assert "all 0, so no gradient / value" in shown and "inf" not in shown
    first.weight.data = np.zeros((3, 4))  # and then no gradient comes back to it
    loss = nn.MSELoss()(nn.Sequential(first, nn.ReLU(), second)(np.ones((6, 4))), np.ones((6, 2)))
    shown = plain(draw(loss))
    assert "gradient / value 0" in shown and "layers.0, layers.2 learn nothing:" in shown


def test_a_film_says_no_share_of_nothing(tmp_path):
    w = leaf(np.zeros((2, 1)), "W")
    film = mt.film(tmp_path / "film.html")
    cost = ((np.ones((3, 2)) @ w - 1.0) ** 2).mean()
    cost.backward()
    film(0, cost)
    film.write()
    written = (tmp_path / "film.html").read_text(encoding="utf-8")
    assert '"learns":["\\u2013"],"moved":["\\u2013"]' in written


# What was changed since -------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["w", "x", "array", "z"])
def test_every_view_says_in_the_same_sentence_what_was_changed(what, tmp_path):
    w, x, array = leaf(np.ones((2, 3)), "w"), Tensor(np.ones((4, 3)), name="x"), np.ones((4, 2))
    z = x @ w.T
    z.name = "z"
    loss = (z * array).sum()
    with mt.no_grad():
        {"w": w, "x": x, "array": array, "z": z}[what][0] = 3.0
    doors = [
        draw,
        mt.Graph.of,
        mt.explain,
        lambda y: mt.explain(y, format="latex"),
        lambda y: mt.page(y, tmp_path / "page.html"),
        lambda y: mt.frames(y, tmp_path),
        lambda y: mt.follow(y, "w[0, 1]"),
        lambda y: mt.paths(y, "w"),
        mt.to_source,
        lambda y: mt.to_source(y, xp="jax.numpy"),
    ]
    said = set()
    for door in doors:
        with pytest.raises(mt.GradientError) as caught:
            door(loss)
        said.add(str(caught.value))
    (sentence,) = said
    assert "was changed after" in sentence and "\n" not in sentence
    pytest.importorskip("matplotlib", reason="draws with matplotlib")
    figure = mt.detail(loss)  # which shows this tensor alone
    assert figure.get_supxlabel().replace("\n", " ") == sentence


# What isn't finite ------------------------------------------------------------------------------


def beginnings(result):
    lines = [cell.text for line in draw(result).scene.legend for cell in line]
    return [line.removeprefix("it begins with the ") for line in lines if "begins" in line]


MASK = np.triu(np.ones((5, 5), dtype=bool), 1)
MASKED = np.where(MASK, -np.inf, 0.0)


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        (lambda s: mt.where(MASK, -np.inf, s), 1),
        (lambda s: s + MASKED, 2),
        (lambda s: Tensor(MASKED, name="M") + s, 2),
    ],
)
def test_what_a_mask_takes_out_is_meant(masked, shown):
    scores = leaf(np.random.default_rng(0).normal(size=(5, 5)), "s")
    loss = (mt.softmax(masked(scores), -1) ** 2).sum()
    assert beginnings(loss) == []
    shown_text = plain(draw(loss))
    assert shown_text.count(" without −inf  10 of 25 are −inf") == shown
    assert "not finite" not in shown_text and "RMS inf" not in shown_text


# Its words say that it works entry by entry, which it doesn't
TOTAL = mt.primitive("total", np.sum, lambda g, out, x: g * np.ones_like(x), locals="1")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda x: mt.log(x).sum(), ["value of t1 = log(x): log(0) = −inf"]),
        (lambda x: (x * np.inf).sum(), ["value of t1 = x · inf: 0 · inf = nan"]),
        (
            lambda x: mt.where(np.arange(5) > 0, mt.log(x), 0.0).sum(),
            ["value of t1 = log(x): log(0) = −inf", "gradient of x: 0 × inf = nan"],
        ),
        (
            lambda x: (1 / (1 + mt.exp(x * 1e4))).sum(),
            ["value of t2 = exp(t1): exp(1e4) = inf", "gradient of t1 = x · 1e+04: 0 × inf = nan"],
        ),
        (lambda x: mt.sqrt(x).sum(), ["gradient of x: 1 × inf = inf"]),
        (
            lambda x: mt.softmax(x * 0.0 + np.full(5, -np.inf)).sum(),
            ["value of a = softmax(z, axis=-1)"],
        ),
        (lambda x: (Tensor([np.nan] * 5, name="X") * x).sum(), ["value of X"]),
        (lambda x: TOTAL(mt.log(x)), ["value of t1 = log(x): log(0) = −inf"]),
        (lambda x: TOTAL(x * 1e307 * 10.0), ["value of t2 = t1 · 10: 2e307 · 10 = inf"]),
        (lambda x: (x @ Tensor(np.full((5, 2), np.inf), name="W")).sum(), ["value of W"]),
    ],
)
def test_where_nan_and_inf_are_born(result, said):
    with np.errstate(all="ignore"):
        found = beginnings(result(leaf(np.arange(5.0), "x")))
    assert found == said
