"""A physics-informed network: it learns how a spring swings from its equation, without any data.

    python examples/models/pinn.py --out DIR

u'' + d u' + k u = 0 with u(0) = 1 and u'(0) = 0. The cost asks for u' and u'', the network's own
derivatives by time: `grad(..., create_graph=True)`, and its gradient goes through them.
Reading: `to_source` writes the whole step, third derivatives and all, as a program of NumPy.
"""

import gallery
import numpy as np

import nn
from microtensor import Tensor, grad, to_source

DAMPING, STIFFNESS = 0.6, 9.0


def data(count=60):
    """Times (count, 1) from 0 to 4, at which the equation is to hold."""
    return (np.linspace(0, 4, count)[:, None],)


def truth(t):
    swing = np.sqrt(STIFFNESS - DAMPING**2 / 4)
    return np.exp(-DAMPING / 2 * t) * (np.cos(swing * t) + DAMPING / 2 / swing * np.sin(swing * t))


def model(rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Linear(1, 32, rng=rng),
        nn.Tanh(),
        nn.Linear(32, 32, rng=rng),
        nn.Tanh(),
        nn.Linear(32, 1, rng=rng),
    )


def cost(net, t):
    t = Tensor(t, requires_grad=True, name="t")
    u = net(t)
    du = grad(u.sum(), t, create_graph=True)  # each u depends on its own t alone
    ddu = grad(du.sum(), t, create_graph=True)
    physics = ((ddu + DAMPING * du + STIFFNESS * u) ** 2).mean()
    start = (u[0, 0] - 1) ** 2 + du[0, 0] ** 2
    return physics + 50 * start


def train(steps=5000):
    times = data()
    return gallery.train(model(), cost, steps, lambda k: times, lr=0.01)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    t = np.linspace(0, 4, 401)[:, None]
    off = np.abs(net(t).numpy() - truth(t)).max()
    print(f"cost {costs[-1]:.5f}; at most {off:.3f} away from the solution")
    (out / "pinn_step.py").write_text(to_source(cost(net, *data()), wrt=net.parameters()))

    def draw(axes):
        axes.plot(t, truth(t), color="silver", lw=5, label="the solution")
        axes.plot(t, net(t).numpy(), "--", color="black", label="the network")
        axes.set(title="a damped spring", xlabel="time", ylabel="u")
        axes.legend(frameon=False)

    gallery.figure(out / "pinn.png", draw, size=(6, 4))


if __name__ == "__main__":
    main()
