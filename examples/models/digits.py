"""Drawn digits, told apart by a small network that learns from mini-batches.

    python examples/models/digits.py --out DIR

Reading: `to_source` writes the training step as the NumPy program that a person would have written.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, compile, to_source

loss = nn.CrossEntropyLoss()


def data(count=1000, rng=0):
    """Images in rows (count, 64), and the digits that they show (count,)."""
    images, labels = gallery.digits(count, np.random.default_rng(rng))
    return images.reshape(count, 64), labels


def model(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Linear(64, 64, init=nn.he_normal, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng)
    )


def cost(net, X, Y):
    return loss(net(X), Y)


def train(steps=600, size=50):
    """The network, and its cost at every step."""
    net, (X, Y), rng = model(), data(), np.random.default_rng(0)
    optimizer = nn.Adam(net.parameters(), lr=0.003)
    step = compile(lambda X, Y: cost(net, X, Y))  # recorded once; a batch is an argument
    costs = []
    for _ in gallery.bar(-(-steps * size // len(X))):  # so many times through all examples
        for batch in nn.batches(X, Y, size, rng):
            optimizer.zero_grad()
            costs.append(step(*batch))
            optimizer.step()
    return net, costs


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    X, Y = data(400, rng=1)  # it has never seen these
    right = nn.accuracy(net, X, Y, loss=loss)
    print(f"cost {costs[-1]:.3f}, accuracy on new digits {right:.1%}")
    print(to_source(cost(net, Tensor(X, name="X"), Tensor(Y, name="Y"))))

    said = nn.predict(net, X, loss=loss)
    first = np.argsort(said == Y, kind="stable")[:40]  # the mistakes
    titles = [
        f"{a}, is {b}" if a != b else f"{a}" for a, b in zip(said[first], Y[first], strict=True)
    ]
    gallery.images(out / "digits.png", X[first].reshape(-1, 8, 8), columns=10, titles=titles)


if __name__ == "__main__":
    main()
