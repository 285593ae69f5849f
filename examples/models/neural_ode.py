"""A neural ODE: a network learns the law of motion behind a path, not the path itself.

Chen et al. 2018. The gradient goes back through every stage of the Runge-Kutta method.
Reading: `draw`, with each of its steps as one card.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, draw, group, stack

STEP = 0.05


def spiral(x):
    """The true law, which the network never sees: x' of states (..., 2)."""
    return x**3 @ np.array([[-0.1, 2.0], [-2.0, -0.1]]).T


def advance(law, x):
    """The state one step later, by the classical Runge-Kutta method."""
    a = law(x)
    b = law(x + STEP / 2 * a)
    c = law(x + STEP / 2 * b)
    d = law(x + STEP * c)
    return x + STEP / 6 * (a + 2 * b + 2 * c + d)


def path(law, x, count):
    """`count` states from x on, one after another along a new first axis."""
    states = [x]
    for _ in range(count - 1):
        with group("step"):
            states.append(advance(law, states[-1]))
    return stack(states)


def data(starts=40, count=10):
    """Starts (starts, 2), and the true path from each (count, starts, 2)."""
    whole = path(spiral, Tensor([2.0, 0.0]), 400).numpy()
    first = np.linspace(0, 400 - count, starts).astype(int)
    return whole[first], np.stack([whole[i : i + count] for i in first], axis=1)


def model(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(nn.Linear(2, 50, rng=rng), nn.Tanh(), nn.Linear(50, 2, rng=rng))


def cost(net, starts, paths):
    return ((path(lambda x: net(x**3), starts, len(paths)) - paths) ** 2).mean()


def train(steps=1500):
    observed = data()
    return gallery.train(model(), cost, steps, lambda k: observed, lr=0.01)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    (starts, paths), laws = data(), (spiral, lambda x: net(x**3))
    true, learnt = (path(law, Tensor([2.0, 0.0]), 400).numpy() for law in laws)
    print(f"cost {costs[-1]:.2e}; 400 steps from one start: {np.abs(learnt - true).max():.3f} off")
    gallery.picture(out / "neural_ode.svg", draw(cost(net, starts, paths[:4])))

    def plot(axes):
        axes.plot(*true.T, color="silver", lw=5, label="the true path")
        axes.plot(*learnt.T, "--", color="black", label="the learnt law, from the same start")
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.05))
        axes.set(title="a law of motion", aspect="equal")

    gallery.figure(out / "neural_ode.png", plot, size=(5, 5))


if __name__ == "__main__":
    main()
