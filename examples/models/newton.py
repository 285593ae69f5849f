"""Newton's method: with the second derivatives, a valley takes six steps instead of thousands.

    python examples/models/newton.py --out DIR

Rosenbrock's function has its minimum, 0, at (1, 1), at the bottom of a long, bent valley.
Reading: `paths` shows the gradient as a sum over all ways from x to the result.
"""

import gallery
import numpy as np

from microtensor import Tensor, grad, hessian, paths


def data():
    """Nothing is learnt from: the function is all there is."""
    return ()


def model(start=(-1.2, 1.0)):
    """The point that is moved downhill."""
    return Tensor(start, requires_grad=True, name="p")


def cost(p):
    x, y = p
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def newton_step(p):
    """Where the parabola that fits best at p has its minimum."""
    return np.linalg.solve(hessian(cost, p).numpy(), grad(cost(p), p).numpy())


def descend(step, steps):
    """The points on the way, (steps + 1, 2): each is the one before, minus `step` of it."""
    p = model()
    points = [p.numpy()]
    for _ in gallery.bar(steps):
        p.data -= step(p)
        points.append(p.numpy())
    return np.array(points)


def train(steps=6):
    """The last point, and the function at every point on the way."""
    points = descend(newton_step, steps)
    return model(points[-1]), [cost(p).item() for p in points]


def main():
    out = gallery.folder(__doc__)
    p, costs = train()
    print(f"Newton's method, at {p.tolist()}:", *(f"{value:.3g}" for value in costs))
    newton = descend(newton_step, 6)
    gradient = descend(lambda p: 0.001 * grad(cost(p), p).numpy(), 5000)
    print(f"after 5,000 steps of gradient descent: {cost(gradient[-1]):.3g}")
    start = model()
    print(paths(cost(start), start))

    def draw(axes):
        x, y = np.meshgrid(np.linspace(-1.6, 1.6, 201), np.linspace(-3.5, 1.8, 201))
        axes.contourf(x, y, np.log10(cost((x, y)) + 1e-3), 30, cmap="Greys")
        axes.plot(*gradient.T, color="tab:blue", lw=2, label="gradient descent, 5,000 steps")
        axes.plot(*newton.T, "o-", color="tab:red", label="Newton's method, 6 steps")
        axes.plot(1, 1, "*", color="gold", ms=14, mec="black", label="the minimum")
        axes.set(title="Rosenbrock's valley", xlim=(-1.6, 1.6), ylim=(-3.5, 1.8))
        axes.legend(loc="lower right")

    gallery.figure(out / "newton.png", draw, size=(6, 6))


if __name__ == "__main__":
    main()
