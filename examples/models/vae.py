"""A variational autoencoder: it writes each digit as a point of a plane, and draws points back.

Kingma and Welling 2013, "Auto-Encoding Variational Bayes". Reading: `draw` shows the trick that
makes sampling differentiable: the noise comes in from outside, and is scaled and moved.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, draw, exp, group, softplus, split


class Autoencoder(nn.Module):
    """An encoder, which gives a mean and a variance in the plane, and a decoder."""

    def __init__(self, rng):
        self.encoder = nn.Sequential(
            nn.Linear(64, 64, rng=rng), nn.Tanh(), nn.Linear(64, 4, rng=rng)
        )
        self.decoder = nn.Sequential(
            nn.Linear(2, 64, rng=rng), nn.Tanh(), nn.Linear(64, 64, rng=rng)
        )

    def forward(self, X, noise):
        """The pixels as logits, and the mean and logarithm of the variance of the code."""
        mean, log_variance = split(self.encoder(X), 2, axis=-1)
        code = mean + exp(0.5 * log_variance) * noise
        return self.decoder(code), mean, log_variance


def data(count=1000, rng=0):
    """Digits (count, 64), and the noise of the codes (count, 2)."""
    rng = np.random.default_rng(rng)
    images, _ = gallery.digits(count, rng, noise=0.1, centred=True)
    return images.reshape(count, 64), rng.standard_normal((count, 2))


def model(rng=0):
    return Autoencoder(np.random.default_rng(rng))


def cost(net, X, noise):
    """How badly the pixels are drawn, and how far the codes are from a standard normal."""
    logits, mean, log_variance = net(X, noise)
    with group("pixels"):  # the binary cross-entropy of every one
        pixels = (softplus(logits) - X * logits).sum() / len(X)
    with group("codes"):  # the divergence of a normal distribution from the standard one
        codes = 0.5 * (exp(log_variance) + mean**2 - 1 - log_variance).sum() / len(X)
    return pixels + codes


def train(steps=3000, size=100):
    return gallery.train(model(), cost, steps, gallery.some(data(), size), lr=0.003)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    print(f"cost {np.mean(costs[:20]):.2f} at first, {np.mean(costs[-20:]):.2f} at the end")
    X, noise = data(100, rng=1)
    gallery.picture(
        out / "vae.svg", draw(cost(net, Tensor(X, name="X"), Tensor(noise, name="noise")))
    )

    def plane(axes):
        side = np.linspace(-2, 2, 15)
        codes = np.stack(np.meshgrid(side, -side), axis=-1)
        pixels = net.decoder(codes).sigmoid().numpy().reshape(15, 15, 8, 8)
        axes.imshow(pixels.swapaxes(1, 2).reshape(120, 120), cmap="gray", extent=(-2, 2, -2, 2))
        axes.set(title="what each point of the plane is drawn as")

    gallery.figure(out / "vae.png", plane, size=(6, 6))


if __name__ == "__main__":
    main()
