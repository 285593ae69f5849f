"""A convolutional network for drawn digits: it finds strokes wherever they are.

    python examples/models/cnn.py --out DIR

Reading: `draw`, with the first convolution opened: windows, and one product.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, draw

loss = nn.CrossEntropyLoss()


def data(count=1000, rng=0):
    """Images (count, 1, 8, 8), and the digits that they show (count,)."""
    images, labels = gallery.digits(count, np.random.default_rng(rng))
    return images[:, None], labels


def model(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 2 * 2, 10, rng=rng),
    )


def cost(net, X, Y):
    return loss(net(X), Y)


def train(steps=400, size=50):
    return gallery.train(model(), cost, steps, gallery.some(data(), size), lr=0.005)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    X, Y = data(400, rng=1)  # it has never seen these
    right = nn.accuracy(net, X, Y, loss=loss)
    print(f"cost {costs[-1]:.3f}, accuracy on new digits {right:.1%}")
    value = cost(net, Tensor(X[:50], name="X"), Y[:50])
    gallery.picture(out / "cnn.svg", draw(value, expand="layers.0"))

    maps = net[1](net[0](X[:3])).numpy()  # what each filter finds in three digits
    shown = np.concatenate([X[:3] * maps.max(), maps], axis=1).reshape(-1, 8, 8)
    titles = ["digit", *(f"filter {k}" for k in range(1, 9))]
    gallery.images(out / "cnn.png", shown, columns=9, titles=titles)


if __name__ == "__main__":
    main()
