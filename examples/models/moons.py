"""Two moons: a network of two hidden layers bends the boundary between them.

    python examples/models/moons.py --out DIR

Reading: `draw` makes a picture with a card for each layer.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, draw

loss = nn.BCEWithLogitsLoss()


def data(count=200, rng=0):
    """Points (count, 2) on two half circles that interlock, with noise; 0 or 1 (count, 1)."""
    rng = np.random.default_rng(rng)
    angle = rng.uniform(0, np.pi, count)
    lower = np.arange(count) % 2
    x, y = np.cos(angle) * (1 - 2 * lower) + lower, np.sin(angle) * (1 - 2 * lower) + 0.5 * lower
    return np.stack([x, y], axis=1) + 0.12 * rng.standard_normal((count, 2)), lower[:, None]


def model(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Linear(2, 16, rng=rng),
        nn.Tanh(),
        nn.Linear(16, 16, rng=rng),
        nn.Tanh(),
        nn.Linear(16, 1, rng=rng),
    )


def cost(net, X, Y):
    return loss(net(X), Y)


def train(steps=600):
    """The network, and its cost at every step."""
    net = model()
    optimizer = nn.Adam(net.parameters(), lr=0.01)
    history = nn.fit(
        net,
        *data(),
        iterations=steps,
        loss=loss,
        optimizer=optimizer,
        compile=True,
        print_every=200,
    )
    return net, history.costs


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    X, Y = data()
    others = data(1000, rng=1)  # it has never seen these
    print(
        f"cost {costs[-1]:.4f}, accuracy on new points {nn.accuracy(net, *others, loss=loss):.1%}"
    )
    gallery.picture(out / "moons.svg", draw(cost(net, Tensor(X, name="X"), Y)))

    def boundary(axes):
        x, y = np.linspace(-1.6, 2.6, 211), np.linspace(-1.2, 1.7, 146)
        grid = np.stack(np.meshgrid(x, y), axis=-1)
        likely = net(grid).sigmoid().numpy()[:, :, 0]
        axes.contourf(x, y, likely, np.linspace(0, 1, 21), cmap="RdBu_r", alpha=0.7)
        axes.contour(x, y, likely, [0.5], colors="black")
        axes.scatter(*X.T, c=Y, cmap="RdBu_r", s=18, edgecolors="black", linewidths=0.5)
        axes.set(title="the boundary, where both moons are as likely", aspect="equal")

    gallery.figure(out / "moons.png", boundary, size=(6, 4.5))


if __name__ == "__main__":
    main()
