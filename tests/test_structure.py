"""Models are recognised in their pictures: states, skips, what is shared, and whose it is."""

from itertools import pairwise

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor import Graph, Tensor, draw
from microtensor.views.scene import LEAST_SEEN, size
from microtensor.views.units import scale


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def names(picture):
    return [card.heading[0].text for card in picture.scene.cards]


def card(picture, name):
    (found,) = [c for c in picture.scene.cards if c.heading[0].text == name]
    return found


def rows(picture, name):
    """The first texts of a card's rows."""
    return [row[0].text for row in card(picture, name).rows]


def title(picture):
    return [cell.text for cell in picture.scene.title]


def arrows(picture, source, target):
    """What each arrow from one card to another says, line by line."""
    called = {c.id: c.heading[0].text for c in picture.scene.cards}
    return [
        [" ".join(cell.text for cell in line) for line in arrow.lines]
        for arrow in picture.scene.arrows
        if (called[arrow.source], called[arrow.target]) == (source, target)
    ]


def mlp(*sizes):
    steps = enumerate(pairwise(sizes))
    layers = [x for k, (a, b) in steps for x in (nn.Linear(a, b, rng=k), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


# States -----------------------------------------------------------------------------------------


class Memory(nn.Module):
    """An LSTM's cell."""

    def __init__(self):
        self.x, self.h = nn.Linear(3, 16, rng=0), nn.Linear(4, 16, rng=1)

    def forward(self, x, state):
        h, c = state
        i, f, o, g = mt.split(self.x(x) + self.h(h), 4, axis=1)
        c = mt.sigmoid(f) * c + mt.sigmoid(i) * mt.tanh(g)
        return mt.sigmoid(o) * mt.tanh(c), c


class LSTM(nn.Module):
    def __init__(self, name=""):
        self.cell, self.head, self.name = Memory(), nn.Linear(4, 1, rng=2), name

    def forward(self, X):
        state = np.zeros((len(X), 4)), np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            state = self.cell(X[:, t], state)
            if self.name:
                state[0].name, state[1].name = "h", "c"
        return self.head(state[0])


class Joined(nn.Module):
    """An LSTM whose forward has all operations, on [x, h]."""

    def __init__(self):
        self.W = [nn.Parameter(normal(7, 4)) for _ in range(4)]
        self.head = nn.Linear(4, 1, rng=2)

    def forward(self, X):
        h = c = np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            xh = np.concatenate([X[:, t], h], axis=1)
            f, i, o, g = (xh @ W for W in self.W)
            c = mt.sigmoid(f) * c + mt.sigmoid(i) * mt.tanh(g)
            h = mt.sigmoid(o) * mt.tanh(c)
        return self.head(h)


def by_hand(known):
    """An LSTM written as functions, which a caller may name."""
    W, U, X = leaf(normal(3, 16), "W"), leaf(normal(4, 16), "U"), normal(5, 6, 3)
    h = c = np.zeros((5, 4))
    for t in range(6):
        i, f, o, g = mt.split(X[:, t] @ W + h @ U, 4, axis=1)
        c = mt.sigmoid(f) * c + mt.sigmoid(i) * mt.tanh(g)
        h = mt.sigmoid(o) * mt.tanh(c)
    return draw((h**2).mean(), names={"h": h, "c": c} if known else None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: draw(LSTM()(normal(5, 6, 3)).sum()),
        lambda: draw(LSTM()(Tensor(normal(5, 6, 3), name="X")).sum()),
        lambda: draw(LSTM("named")(normal(5, 6, 3)).sum()),
        lambda: draw(Joined()(normal(5, 6, 3)).sum()),
        lambda: by_hand(False),
        lambda: by_hand(True),
    ],
    ids=["cell", "tensor", "named", "joined", "hand", "names"],
)
def test_each_state_of_a_loop_goes_round_by_its_name(make, request):
    picture = make()
    (loop,) = [c for c in picture.scene.cards if "× 6" in {x.text for x in c.heading}]
    name = loop.heading[0].text
    ((round, *states),) = arrows(picture, name, name)
    assert round == "× 6, each round to the next 5×4"
    assert len(states) == 2
    told = [row[0].text for row in loop.rows if row[0].text.startswith("round")]
    assert [text.split(",")[0] for text in told] == 2 * ["round 1", "round 2", "round 5", "round 6"]
    if request.node.callspec.id in ("named", "names"):
        assert states == ["h", "c"]
    else:
        first = [text.split(", ")[1] for text in told[::4]]
        assert [state.split(" … ")[0] for state in states] == first
    (arrow,) = [a for a in picture.scene.arrows if a.source == a.target]
    assert arrow.backward


def test_what_a_first_round_has_put_together_is_no_input():
    picture = draw(nn.MSELoss()(Joined()(normal(5, 6, 3)), np.ones((5, 1))))
    inputs = [c.heading[0].text for c in picture.scene.cards if c.role == "input"]
    assert inputs == ["zeros", "X", "y"]


class Gated(nn.Module):
    """A GRU's cell, on [x, h]."""

    def __init__(self):
        self.r, self.z, self.n = (nn.Linear(7, 4, rng=k) for k in range(3))

    def forward(self, x, h):
        xh = mt.concatenate([x, h], axis=1)
        r, z = mt.sigmoid(self.r(xh)), mt.sigmoid(self.z(xh))
        n = mt.tanh(self.n(mt.concatenate([x, r * h], axis=1)))
        return (1 - z) * n + z * h


class GRU(LSTM):
    def __init__(self):
        self.cell, self.head = Gated(), nn.Linear(4, 1, rng=2)

    def forward(self, X):
        h = np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            h = self.cell(X[:, t], h)
        return self.head(h)


def test_a_first_call_that_lacks_something_is_a_round():
    picture = draw(nn.MSELoss()(GRU()(normal(5, 6, 3)), np.ones((5, 1))))
    assert names(picture) == ["zeros", "X", "cell", "head", "y", "MSELoss"]
    assert "× 6" in {x.text for x in card(picture, "cell").heading}
    assert arrows(picture, "cell", "cell") == [["× 6, each round to the next 5×4"]]  # and no skip


def test_a_first_round_may_begin_with_what_is_learnt():
    w, q, p = leaf(0.7, "w"), leaf(1.0, "q"), 0.0
    for _ in range(8):
        p = p - 0.1 * w * mt.sin(q)
        q = q + 0.1 * p
    picture = draw((q - 0.3) ** 2)
    (loop,) = [c for c in picture.scene.cards if "× 8" in {x.text for x in c.heading}]
    assert "q" in names(picture) and "w" not in names(picture)  # q is where it begins
    assert [cell.text for cell in loop.rows[1][:1]] == ["w"]


def test_a_first_round_shows_its_own_values_whatever_it_lacks():
    w, x, a, m, each = leaf(0.5, "w"), normal(6), 0.1, np.zeros(()), []
    for t in range(6):
        a = mt.tanh(a * w + x[t])
        m = mt.exp(m) * 0.5 + a.sin()  # what is behind a state that the first round has not
        each.append((m, a))
    loss = (m + a) ** 2
    (loop,) = [c for c in draw(loss).scene.cards if "× 6" in {x.text for x in c.heading}]
    graph = Graph.of(loss)
    told = [row[0].text for row in loop.rows if row[0].text.startswith("round")]
    assert told == [
        f"round {k + 1}, {graph.find(each[k][state]).name}"
        for state in (0, 1)
        for k in (0, 1, 4, 5)
    ]


class Both(LSTM):
    """Both directions at once."""

    def __init__(self):
        self.cell, self.back, self.head = Memory(), Memory(), nn.Linear(8, 1, rng=2)

    def forward(self, X):
        a = b = np.zeros((len(X), 4)), np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            a, b = self.cell(X[:, t], a), self.back(X[:, -1 - t], b)
        return self.head(mt.concatenate([a[0], b[0]], axis=1))


class Alone(nn.Module):
    """A recurrent net that is nothing else, with weights of its own."""

    def __init__(self):
        self.W = nn.Parameter(normal(7, 4))

    def forward(self, X):
        h = np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            h = mt.tanh(mt.concatenate([X[:, t], h], axis=1) @ self.W)
        return h


class Around(Alone):
    """The same with a layer."""

    def __init__(self):
        self.W = nn.Linear(7, 4, rng=0)

    def forward(self, X):
        h = np.zeros((len(X), 4))
        for t in range(X.shape[1]):
            h = mt.tanh(self.W(mt.concatenate([X[:, t], h], axis=1)))
        return h


@pytest.mark.parametrize("model", [Alone, Around])
def test_a_module_of_a_loop_alone_is_no_layer(model):
    loss = nn.Sequential(model(), nn.Linear(4, 1, rng=1))(normal(5, 6, 3)).sum()
    picture = draw(loss)
    (loop,) = [c for c in picture.scene.cards if "× 6" in {x.text for x in c.heading}]
    assert loop.frame == ("Sequential", "layers.0")
    ((line,),) = arrows(draw(loss, collapse=1), "Sequential", "Sequential")
    assert line.endswith("× 6, each round to the next 5×4")


def test_slices_stand_in_the_way_of_no_loop():
    picture = draw(Both()(normal(4, 5, 3)).sum())
    name = "cell, back"
    assert "× 5" in {x.text for x in card(picture, name).heading}
    ((round, *states),) = arrows(picture, name, name)
    assert round == "× 5, each round to the next 4×4" and len(states) == 4
    assert [x for x in names(picture) if x.startswith("X")] == ["X"]


@pytest.mark.parametrize(("model", "states"), [(LSTM, 2), (GRU, 0)])
def test_a_loop_in_a_collapsed_module_is_seen(model, states):
    picture = draw(model()(normal(5, 6, 3)).sum(), collapse=1)
    name = model.__name__
    ((round, *found),) = arrows(picture, name, name)
    assert round == "cell × 6, each round to the next 5×4" and len(found) == states
    assert [x for x in names(picture) if x.startswith("X")] == ["X"]


def test_more_states_than_are_told_apart():
    kinds = [mt.tanh, mt.sin, mt.cos, mt.sigmoid, mt.sinh]
    w, states = leaf(0.5, "w"), [mt.tanh(leaf(0.1 * k, f"x{k}")) for k in range(5)]
    for _ in range(6):
        before = states[1:] + states[:1]
        states = [f(w * x) + y for f, x, y in zip(kinds, states, before, strict=True)]
    picture = draw(sum(states))
    (loop,) = [c for c in picture.scene.cards if "× 6" in {x.text for x in c.heading}]
    (lines,) = arrows(picture, loop.heading[0].text, loop.heading[0].text)
    assert lines[0].startswith("× 6, each round to the next") and lines[5:6] == ["…"]
    assert sum(row[0].text.startswith("round") for row in loop.rows) == 4 * 2


class Attending(nn.Module):
    """An encoder, and a decoder that looks back at all of its states."""

    def __init__(self):
        self.cell, self.back, self.out = Memory(), Memory(), nn.Linear(7, 3, rng=2)

    def forward(self, X):
        state, seen, told = (np.zeros((len(X), 4)), np.zeros((len(X), 4))), [], []
        for t in range(X.shape[1]):
            state = self.cell(X[:, t], state)
            seen.append(state[0])
        seen = mt.stack(seen, axis=1)
        look = seen.mean(axis=1)[:, :3]
        for _ in range(4):
            state = self.back(look, state)
            share = mt.softmax((seen * state[0].reshape(-1, 1, 4)).sum(axis=2), axis=1)
            look = (seen * share.reshape(-1, 5, 1)).sum(axis=1)[:, :3]
            told.append(self.out(mt.concatenate([state[0], look], axis=1)))
        return mt.stack(told, axis=1)


def test_loops_of_several_states_fit_one_screen():
    picture = draw(nn.MSELoss()(Attending()(normal(4, 5, 3)), np.zeros((4, 4, 3))))
    assert scale(size(picture.scene)) >= LEAST_SEEN
    for name, times, states in (("cell", 5, 2), ("back, out", 4, 3)):
        ((round, *found),) = arrows(picture, name, name)
        assert round.startswith(f"× {times}, each round to the next") and len(found) == states


# Parts ------------------------------------------------------------------------------------------


class Stage(nn.Module):
    def __init__(self, a, b):
        self.a, self.b = nn.Linear(a, b, rng=0), nn.Linear(b, b, rng=1)

    def forward(self, x):
        return mt.relu(self.b(mt.relu(self.a(x))))


class UNet(nn.Module):
    def __init__(self):
        self.down1, self.down2, self.mid = Stage(8, 8), Stage(8, 4), Stage(4, 4)
        self.up2, self.up1, self.out = Stage(8, 8), Stage(16, 8), nn.Linear(8, 8, rng=2)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(one)
        up = self.up2(np.concatenate([self.mid(two), two], axis=1))
        return self.out(self.up1(np.concatenate([up, one], axis=1)))


class Inner(nn.Module):
    def __init__(self):
        self.model = UNet()

    def forward(self, x):
        return self.model(x)


@pytest.mark.parametrize("model", [UNet, Inner])
def test_a_unet_is_seen_in_its_parts_on_one_screen(model):
    picture = draw(nn.MSELoss()(model()(Tensor(normal(6, 8), name="X")), np.zeros((6, 8))))
    parts = ["down1", "down2", "mid", "up2", "up1", "out"]
    assert names(picture) == ["X", *parts, "y", "MSELoss"]
    assert scale(size(picture.scene)) >= LEAST_SEEN
    for source, target, shape in (("down1", "up1", "6×8"), ("down2", "up2", "6×4")):
        ((line,),) = arrows(picture, source, target)
        assert line.startswith(f"skip {shape} ◂ RMS")
    for part in parts:
        (first, last) = (row for row in card(picture, part).rows[1:] if len(row) > 1)
        assert first[0].text.endswith(".weight") and last[0].text[0] in "AZ"


def test_a_model_stays_one_card_where_that_is_asked_for():
    loss = nn.MSELoss()(UNet()(Tensor(normal(6, 8), name="X")), np.zeros((6, 8)))
    for collapse in (1, "UNet", ["UNet"]):
        picture = draw(loss, collapse=collapse)
        assert names(picture) == ["X", "UNet", "y", "MSELoss"]
        assert arrows(picture, "UNet", "UNet") == [["2 skips 6×4, 6×8"]]


def test_parts_that_dont_fit_stay_one_card():
    class Dense(nn.Module):
        def __init__(self):
            self.parts = [nn.Linear(4 + 4 * k, 4, rng=k) for k in range(9)]

        def forward(self, x):
            for part in self.parts:
                x = mt.concatenate([x, mt.relu(part(x))], axis=1)
            return x

    picture = draw(Dense()(Tensor(normal(6, 4), name="X")).sum())
    assert names(picture) == ["X", "Dense", "L"]


# What is shared ---------------------------------------------------------------------------------


class Encoder(nn.Module):
    def __init__(self):
        self.a, self.b = nn.Linear(4, 8, rng=0), nn.Linear(8, 2, rng=1)

    def forward(self, x):
        return self.b(mt.relu(self.a(x)))


class Pair(nn.Module):
    def __init__(self):
        self.net = Encoder()

    def forward(self, a, b):
        return ((self.net(a) - self.net(b)) ** 2).sum(axis=1)


def pair():
    return Pair()(*(Tensor(normal(5, 4) + k, name=x) for k, x in enumerate("AB"))).mean()


def test_what_two_calls_share_is_one_card():
    loss = pair()
    picture = draw(loss)
    (shared,) = [c for c in picture.scene.cards if any("shared" in x.text for x in c.heading)]
    texts = [x.text for x in shared.heading]
    assert texts == ["net", "Encoder", "58 parameters · shared by 2 calls"]
    assert [row[0].text for row in shared.rows[1:]] == ["a.weight", "a.bias", "b.weight", "b.bias"]
    frames = {c.frame for c in picture.scene.cards if len(c.frame) == 2}
    assert frames == {("Pair", "net"), ("Pair", "net (2)")}
    for data in "AB":
        assert sum(a.source == Graph.of(loss).find(data).id for a in picture.scene.arrows) == 1
    reached = [a.target for a in picture.scene.arrows if a.source == shared.id]
    assert len(reached) == len(set(reached)) == 4  # both layers of both calls
    graph = Graph.of(loss)
    assert {node.id for node in graph.nodes if node.role == "parameter"} <= set(shared.shows)


def test_two_calls_of_a_layer_are_two_cards():
    class Layer(Pair):
        def __init__(self):
            self.net = nn.Linear(4, 2, rng=0)

    shown = names(draw(Layer()(normal(5, 4), normal(5, 4) + 1).mean()))
    assert [x for x in shown if x.startswith("net")] == ["net", "net", "net (2)"]


def test_two_calls_that_are_closed_are_two_cards():
    picture = draw(pair(), collapse="net")
    assert sorted(names(picture)[:5]) == ["A", "B", "net", "net", "net (2)"]
    assert len(arrows(picture, "net", "net (2)")) == len(arrows(picture, "B", "net (2)")) == 1


def test_what_is_opened_shows_its_parameters():
    shown = names(draw(pair(), expand=["net.*", "net"]))
    assert {"a.weight", "b.bias"} <= set(shown)


def gan():
    G, D = mlp(3, 8, 2), mlp(2, 8, 1)
    real, z = normal(6, 2), normal(6, 3)
    loss = mt.log(1 + mt.exp(-D(real))).mean() + mt.log(1 + mt.exp(D(G(z)))).mean()
    return loss, {"G": G, "D": D, "real": real, "z": z, "Sequential": nn.Sequential}


def test_modules_of_one_class_are_called_as_the_caller_calls_them():
    loss, known = gan()
    picture = draw(loss, names=known)
    assert title(picture)[:3] == ["G, D", "3 → 8 → 2 → 8 → 1", "83 parameters"]
    frames = {c.frame[0] for c in picture.scene.cards if c.frame}
    assert frames == {"G", "D", "D (2)"}
    assert names(picture)[0] == "D"
    least = next(line for line in picture.scene.legend if "least" in line[0].text)
    assert least[0].text.startswith(("G.layers.", "D"))
    graph = Graph.of(loss, known)
    assert {node.group[0] for node in graph.nodes if node.group} == {"G", "D", "D (2)"}
    assert names(draw(loss, names=known, collapse=["G", "D"])).count("D (2)") == 1
    assert "W1" in names(draw(loss, names=known, expand="G.layers.0"))


def test_a_module_alone_of_its_class_is_called_by_that():
    net = mlp(4, 8, 2)
    loss = net(normal(5, 4)).sum()
    picture = draw(loss, names={"net": net}, expand="layers.0")
    assert title(picture)[0] == "Sequential"


def test_a_module_that_is_called_again_is_no_other_layer():
    net = nn.Linear(4, 4, rng=0)
    y = net(mt.tanh(net(Tensor(normal(5, 4), name="X"))))
    assert title(draw((y**2).mean(), collapse=1))[:2] == ["Linear", "4 → 4"]
