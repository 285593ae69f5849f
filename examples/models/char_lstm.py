"""An LSTM (Hochreiter and Schmidhuber 1997) reads a text, and learns to go on with it.

Reading: `draw` has one card for the loop; its steps in time share weights, whose gradient is a sum.
"""

import gallery
import numpy as np

import nn
from microtensor import concatenate, draw, group, no_grad, split, stack

TEXT = """the cat sat in the sun. the sun sat on the wall. the wall was warm and so was the cat.
a bird came by and sang to the cat. the cat sat still and the bird sang on. when the sun was gone
the wall was cold and the bird went home. the cat went in and slept by the fire."""
LETTERS = sorted(set(TEXT))


class LSTM(nn.Module):
    """For letters (T, n), as numbers, the logits of what comes after each; and the last state."""

    def __init__(self, d, rng):
        self.letters = nn.Embedding(len(LETTERS), d, rng=rng)
        self.gates = nn.Linear(2 * d, 4 * d, rng=rng)
        self.head = nn.Linear(d, len(LETTERS), rng=rng)

    def forward(self, X, state=None):
        h, c = state or [np.zeros((X.shape[1], self.gates.weight.shape[1] // 2))] * 2
        seen = []
        for x in self.letters(X):
            with group("cell"):
                take, keep, show, new = split(self.gates(concatenate([x, h], axis=1)), 4, axis=1)
                c = keep.sigmoid() * c + take.sigmoid() * new.tanh()
                h = show.sigmoid() * c.tanh()
            seen.append(h)
        return self.head(stack(seen)), (h, c)


def data(length=20):
    """All pieces of the text, and what comes after each letter: both (length, n)."""
    numbers = np.array([LETTERS.index(letter) for letter in TEXT])
    pieces = np.lib.stride_tricks.sliding_window_view(numbers, length + 1).T
    return pieces[:-1], pieces[1:]


def model(d=64, rng=0):
    return LSTM(d, np.random.default_rng(rng))


def cost(net, X, Y):
    return nn.CrossEntropyLoss()(net(X)[0], Y)


def train(steps=400, size=32):
    return gallery.train(model(), cost, steps, gallery.some(data(), size, axis=1), lr=0.005)


@no_grad()
def go_on(net, text, count=60):
    """The text with the likeliest letters after it, and what the cells held at each of them."""
    X, state, cells = np.array([[LETTERS.index(letter)] for letter in text]), None, []
    for _ in range(count):
        logits, state = net(X, state)
        X = logits[-1:].numpy().argmax(axis=-1)
        text += LETTERS[X.item()]
        cells.append(state[1].tanh().numpy()[0])
    return text, np.array(cells)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    text, cells = go_on(net, "the bird ")
    print(f"cost {costs[0]:.2f} at first, {costs[-1]:.2f} at the end: {text}")
    gallery.picture(out / "char_lstm.svg", draw(cost(net, *data(length=4))))
    slow = np.abs(np.diff(cells, axis=0)).mean(axis=0).argsort()[:16]
    gallery.images(out / "char_lstm.png", [cells.T[slow]], 1, ["cells"], text[-60:], (11, 3.6))


if __name__ == "__main__":
    main()
