"""The optimizers: Optimizer, SGD and Adam. They change parameters in place, by their `.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from microtensor import GradientError, ShapeError, Tensor

from .checks import hinting, number, printable
from .module import Module, misfits, refuse

Array = np.ndarray[Any, np.dtype[Any]]


class Optimizer:
    """Parameters and the step that changes them: SGD, Adam, or one of your own.

        class SignDescent(nn.Optimizer):
            def __init__(self, parameters, lr=0.01, inertia=0.9):
                super().__init__(parameters, lr, remembers=("mean",))
                self.inertia = inertia

            def update(self, k, g):
                mean = self.memory[f"mean.{k}"]  # of parameter k's shape and dtype, at first 0
                mean += (1 - self.inertia) * (g - mean)
                return self.lr * np.sign(mean)

    What it `remembers` is saved in checkpoints; `self.steps` counts the steps, this one included.
    Weight decay is added to the gradient before `update` gets it.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        weight_decay: float = 0.0,
        remembers: Iterable[str] = (),
    ) -> None:
        name = type(self).__name__
        if isinstance(parameters, Tensor | Module) or not isinstance(parameters, Iterable):
            kind = type(parameters).__name__
            raise TypeError(f"{name}: expected a list such as model.parameters(), got a {kind}")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{name}: there are no parameters to change")
        for p in self.parameters:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: expected parameters, got a {type(p).__name__}")
            if not p.is_leaf:
                raise TypeError(
                    f"{name}: {printable(p.name or 'a tensor')} was computed, and what it was "
                    "computed from would not change; list the parameters themselves"
                )
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            raise ValueError(f"{name}: a parameter is listed twice")
        number(name, "lr", lr, lambda x: x > 0, "above 0")
        number(name, "weight_decay", weight_decay, lambda x: x >= 0, "at least 0")
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        self.memory = {
            f"{what}.{k}": np.zeros_like(p.data)
            for what in remembers
            for k, p in enumerate(self.parameters)
        }

    def __repr__(self) -> str:
        kept = ("parameters", "steps", "memory")
        settings = [f"{name}={value!r}" for name, value in vars(self).items() if name not in kept]
        return f"{type(self).__name__}({', '.join(settings)})"

    def step(self) -> None:
        """Changes every parameter that has a gradient."""
        given = [(k, p, g) for k, p in enumerate(self.parameters) if (g := p.grad) is not None]
        if not given:
            raise GradientError(
                f"{type(self).__name__}: no parameter has a gradient; call backward() first"
            )
        for _, p, g in given:
            if np.shape(g) != p.shape:
                raise ShapeError(
                    f"{type(self).__name__}: {printable(p.name or 'a parameter')} has shape "
                    f"{p.shape}, its gradient {np.shape(g)}"
                )
        self.steps += 1
        for k, p, g in given:
            p.data -= self.update(k, g + self.weight_decay * p.data if self.weight_decay else g)

    def update(self, k: int, g: Array) -> Any:
        """What is taken away from parameter number k, whose gradient is g; g stays as it is."""
        raise TypeError(f"{type(self).__name__} has no update(); write one")

    def zero_grad(self) -> None:
        """Forgets all gradients."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Copies of what it remembers of earlier steps."""
        remembered = {name: array.copy() for name, array in self.memory.items()}
        return {"steps": np.array(self.steps), **remembered}

    def misfits(self, state: Mapping[str, Any]) -> list[str]:
        """Everything that keeps `load_state_dict` from taking a state."""
        problems = misfits(self.state_dict(), state)
        steps = state.get("steps", 0)
        if not problems and not (np.isfinite(steps) and steps >= 0 and steps == int(steps)):
            problems.append(f"steps is a whole number of at least 0, got {steps}")
        return problems

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state_dict`. One that doesn't fit changes nothing.

        Raises ValueError with every problem.
        """
        refuse(f"load_state_dict of {type(self).__name__}", self.misfits(state))
        self.steps = int(state["steps"])
        for name, array in self.memory.items():
            array[...] = state[name]


def _fraction(x: float) -> bool:
    return 0 <= x < 1


class SGD(Optimizer):
    """Gradient descent: p -= lr g, or with momentum v = momentum v + g and p -= lr v.

    Weight decay adds `weight_decay * p` to g. Polyak 1964 is the momentum's source, in the form
    that Sutskever et al. 2013, "On the importance of initialization and momentum", discuss.
    """

    @hinting
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        number("SGD", "momentum", momentum, _fraction, "from 0 to below 1")
        super().__init__(parameters, lr, weight_decay, ("velocity",) if momentum else ())
        self.momentum = momentum

    def update(self, k: int, g: Array) -> Array:
        if self.momentum:
            velocity = self.memory[f"velocity.{k}"]
            velocity *= self.momentum
            velocity += g
            g = velocity
        return self.lr * g


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1. Weight decay
    adds `weight_decay * p` to the gradient.
    """

    @hinting
    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"Adam: betas are two numbers, got {betas!r}")
        for beta in betas:
            number("Adam", "a beta", beta, _fraction, "from 0 to below 1")
        number("Adam", "eps", eps, lambda x: x > 0, "above 0")
        super().__init__(parameters, lr, weight_decay, ("mean", "square"))
        self.betas = betas
        self.eps = eps

    def update(self, k: int, g: Array) -> Array:
        mean, square = self.memory[f"mean.{k}"], self.memory[f"square.{k}"]
        beta1, beta2 = self.betas
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * g * g
        scale = self.lr / (1 - beta1**self.steps)
        return np.asarray(scale * mean / (np.sqrt(square / (1 - beta2**self.steps)) + self.eps))
