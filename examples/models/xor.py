"""XOR: no line separates the four points, but two hidden neurons move them until one does.

    python examples/models/xor.py --out DIR

Reading: `follow` tells where the gradient of a single weight comes from.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, follow

loss = nn.BCEWithLogitsLoss()


def data():
    """The four points (4, 2), and 1 where just one of the two numbers is 1 (4, 1)."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, X.sum(axis=1, keepdims=True) % 2


def model(rng=3):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Linear(2, 2, rng=rng), nn.Tanh(), nn.Linear(2, 1, rng=rng))


def cost(net, X, Y):
    return loss(net(X), Y)


def train(steps=1000):
    """The network, and its cost at every step."""
    net = model()
    optimizer = nn.Adam(net.parameters(), lr=0.05)
    history = nn.fit(
        net, *data(), iterations=steps, loss=loss, optimizer=optimizer, print_every=250
    )
    return net, history.costs


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    X, Y = data()
    print(f"cost {costs[-1]:.4f}, accuracy {nn.accuracy(net, X, Y, loss=loss):.0%}")
    print(follow(cost(net, Tensor(X, name="X"), Y), "W1[0, 1]"))

    def draw(plane, hidden):
        side = np.linspace(-0.5, 1.5, 101)
        grid = np.stack(np.meshgrid(side, side), axis=-1)
        plane.contourf(
            side, side, net(grid).sigmoid().numpy()[:, :, 0], 20, cmap="RdBu_r", alpha=0.7
        )
        plane.scatter(*X.T, c=Y, cmap="RdBu_r", s=120, edgecolors="black")
        plane.set(title="the answer, in the plane of the inputs", xlabel="$x_1$", ylabel="$x_2$")

        seen = net[1](net[0](X)).numpy()
        hidden.scatter(*seen.T, c=Y, cmap="RdBu_r", s=120, edgecolors="black")
        for name, place, up in zip(
            ["0 0", "0 1", "1 0", "1 1"], seen, [9, 9, -14, -14], strict=True
        ):
            hidden.annotate(name, place, xytext=(-7, up), textcoords="offset points")
        a, b = net[2].weight.data[0]
        ends = np.array([-1.1, 1.1])  # where the output is 0: a h1 + b h2 + bias = 0
        hidden.plot(ends, -(a * ends + net[2].bias.data[0]) / b, color="black")
        hidden.set(title="what the hidden neurons make of it", xlabel="$h_1$", ylabel="$h_2$")
        hidden.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3))

    gallery.figure(out / "xor.png", draw, columns=2)


if __name__ == "__main__":
    main()
