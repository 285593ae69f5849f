"""A Gaussian process: how smooth and how noisy is this curve? The likelihood's gradient tells.

Rasmussen and Williams 2006, algorithm 2.1. Reading: `explain`, through the Cholesky factor.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, explain, no_grad


class Kernel(nn.Module):
    """The covariances (n, m) of what is measured at a (n,) and b (m,)."""

    def __init__(self):
        # All three are positive, so their logarithms are learnt
        self.length, self.scale, self.noise = (nn.Parameter(0.0) for _ in range(3))

    def forward(self, a, b):
        apart = a[:, None] - b
        alike = np.exp(2 * self.scale - (apart / np.exp(self.length)) ** 2 / 2)
        return alike + np.exp(2 * self.noise) * (apart == 0)


def data(count=40, rng=0):
    """Places (count,) and what was measured there (count,): a sine, with noise of 0.2."""
    rng = np.random.default_rng(rng)
    x = np.concatenate([rng.uniform(0, 4, count // 2), rng.uniform(6, 10, count - count // 2)])
    return x, np.sin(x) + 0.2 * rng.standard_normal(count)


def model():
    return Kernel()


def cost(kernel, x, y):
    """The negative logarithm of the likelihood of y, for each place."""
    L = np.linalg.cholesky(kernel(x, x))
    white = np.linalg.solve(L, y)  # independent, with variance 1, if the kernel is right
    log_determinant = 2 * np.log(np.diagonal(L)).sum()
    return 0.5 * ((white**2).mean() + log_determinant / len(x) + np.log(2 * np.pi))


def train(steps=200):
    observed = data()
    return gallery.train(model(), cost, steps, lambda k: observed, lr=0.05)


@no_grad()
def predict(kernel, x, y, new):
    """The mean and the standard deviation of the curve at new places."""
    L = np.linalg.cholesky(kernel(x, x))
    known = np.linalg.solve(L, kernel(x, new))
    variance = np.exp(2 * kernel.scale) - (known**2).sum(axis=0)
    return (known.T @ np.linalg.solve(L, y)).numpy(), np.sqrt(variance).numpy()


def main():
    out = gallery.folder(__doc__)
    kernel, costs = train()
    x, y = data()
    learnt = [f"{name} {np.exp(p.item()):.2f}" for name, p in kernel.named_parameters()]
    print(f"cost {costs[0]:.2f} at first, {costs[-1]:.2f} at the end:", *learnt)
    print(explain(cost(model(), Tensor(x, name="x"), Tensor(y, name="y")), wrt="length"))

    def draw(axes):
        new = np.linspace(-1, 11, 400)
        mean, deviation = predict(kernel, x, y, new)
        axes.fill_between(new, mean - 2 * deviation, mean + 2 * deviation, color="lightblue")
        axes.plot(new, mean, color="black", label="what is likely, give or take two deviations")
        axes.plot(new, np.sin(new), "--", color="gray", label="the truth")
        axes.scatter(x, y, color="tab:red", s=16, zorder=3, label="measured")
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)

    gallery.figure(out / "gaussian_process.png", draw, size=(8, 4))


if __name__ == "__main__":
    main()
