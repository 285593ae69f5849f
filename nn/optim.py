"""The optimizers, which change parameters in place by their `.grad`; and how that is clipped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from microtensor import GradientError, Tensor

from .checks import hinting, number, printable
from .module import Module, misfits, refuse

Array = np.ndarray[Any, np.dtype[Any]]
Parameters = Iterable[Tensor] | Iterable[dict[str, Any]]


class Optimizer:
    """Parameters and the step that changes them: SGD, Adam, AdamW, or one of your own.

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

    In place of a list of parameters there may be one of groups, some with an `lr` and a
    `weight_decay` of their own: `[{"params": weights, "weight_decay": 0.1}, {"params": biases}]`.
    They stand in `param_groups`, and may change on the way as `lr` may.
    """

    _decoupled = False  # weight decay is taken away beside the update, not added to the gradient

    def __init__(
        self,
        parameters: Parameters,
        lr: float,
        weight_decay: float = 0.0,
        remembers: Iterable[str] = (),
    ) -> None:
        name = type(self).__name__
        self.param_groups = _groups(name, parameters)
        self.parameters = [p for group in self.param_groups for p in group["params"]]
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
        for group in [{"lr": lr, "weight_decay": weight_decay}, *self.param_groups]:
            number(name, "lr", group.get("lr", lr), lambda x: x > 0, "above 0")
            decay = group.get("weight_decay", weight_decay)
            number(name, "weight_decay", decay, lambda x: x >= 0, "at least 0")
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        self.memory = {
            f"{what}.{k}": np.zeros_like(p.data)
            for what in remembers
            for k, p in enumerate(self.parameters)
        }

    def __repr__(self) -> str:
        kept = ("parameters", "param_groups", "steps", "memory")
        settings = [
            f"{name}={value!r}"
            for name, value in vars(self).items()
            if name not in kept and name[0] != "_"
        ]
        return f"{type(self).__name__}({', '.join(settings)})"

    def step(self) -> None:
        """Changes every parameter that has a gradient."""
        if all(p.grad is None for p in self.parameters):
            raise GradientError(
                f"{type(self).__name__}: no parameter has a gradient; call backward() first"
            )
        self.steps += 1
        k = 0
        for group in self.param_groups:
            usual = {name: getattr(self, name) for name in group if name != "params"}
            try:
                for name in usual:
                    setattr(self, name, group[name])
                self._change(k, group["params"])
            finally:
                for name, value in usual.items():
                    setattr(self, name, value)
            k += len(group["params"])

    def _change(self, first: int, parameters: Sequence[Tensor]) -> None:
        """Changes the parameters of a group, which are numbered from `first` on."""
        decay = self.weight_decay
        for k, p in enumerate(parameters, first):
            g = p.grad
            if g is None:
                continue
            if not decay:
                p.data -= self.update(k, g)
            elif self._decoupled:
                p.data -= self.update(k, g) + self.lr * decay * p.data
            else:
                p.data -= self.update(k, g + decay * p.data)

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


def _groups(name: str, parameters: Any) -> list[dict[str, Any]]:
    """A list of parameters or of groups as groups of the optimizer's own."""
    groups = _listed(name, parameters)
    if not (groups and all(isinstance(group, dict) for group in groups)):
        groups = [{"params": groups}]
    for group in groups:
        if not {"params"} <= group.keys() <= {"params", "lr", "weight_decay"}:
            keys = ", ".join(map(printable, group))
            raise ValueError(
                f"{name}: a group has params, and may have lr and weight_decay; got {keys}"
            )
    return [{**group, "params": tuple(_listed(name, group["params"]))} for group in groups]


def _listed(name: str, parameters: Any) -> list[Any]:
    if isinstance(parameters, Tensor | Module | dict) or not isinstance(parameters, Iterable):
        kind = type(parameters).__name__
        raise TypeError(f"{name}: expected a list such as model.parameters(), got a {kind}")
    return list(parameters)


def clip_grad_norm(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Shortens all gradients alike, so that together they are no longer than `max_norm`.

    The length is that of one vector of all their entries; it is returned as it was before. Between
    `backward()` and `step()`. Raises FloatingPointError where a gradient isn't finite. Pascanu et
    al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
    """
    number("clip_grad_norm", "max_norm", max_norm, lambda x: x > 0, "above 0")
    given = [p for p in _listed("clip_grad_norm", parameters) if p.grad is not None]
    for p in given:
        if not np.isfinite(p.grad).all():
            called = printable(p.name or "a parameter")
            raise FloatingPointError(f"clip_grad_norm: the gradient of {called} isn't finite")
    largest = max((float(np.abs(p.grad).max(initial=0)) for p in given), default=0.0)
    if not largest:
        return 0.0
    squares = (np.square(np.asarray(p.grad, dtype=float) / largest).sum() for p in given)
    norm = largest * math.sqrt(sum(squares))  # of a whole that can't overflow
    if norm > max_norm:
        for p in given:
            p.grad = np.asarray(p.grad * (max_norm / norm))
    return norm


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
        parameters: Parameters,
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


PIECE = 1 << 14  # numbers that are changed at a time: all that belongs to them fits into the cache


def _joined(arrays: Iterable[Array]) -> Array:
    """All entries in one row."""
    return np.concatenate([x.ravel() for x in arrays])


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1. Weight decay
    adds `weight_decay * p` to the gradient.
    """

    @hinting
    def __init__(
        self,
        parameters: Parameters,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        name = type(self).__name__
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"{name}: betas are two numbers, got {betas!r}")
        for beta in betas:
            number(name, "a beta", beta, _fraction, "from 0 to below 1")
        number(name, "eps", eps, lambda x: x > 0, "above 0")
        super().__init__(parameters, lr, weight_decay, ("mean", "square"))
        self.betas = betas
        self.eps = eps
        self._joint: dict[tuple[int, ...], tuple[list[str], list[Array], list[Array]]] = {}

    def update(self, k: int, g: Array) -> Any:
        return self._formula(g, *(self.memory[f"{what}.{k}"] for what in ("mean", "square")))

    def _formula(self, g: Array, mean: Array, square: Array) -> Any:
        """What is taken away from entries of any parameters."""
        beta1, beta2 = self.betas
        mean *= beta1
        mean += (1 - beta1) * g
        square *= beta2
        square += (1 - beta2) * g * g
        rest = math.sqrt(1 - beta2**self.steps)
        root = np.sqrt(square) + self.eps * rest
        return self.lr * rest / (1 - beta1**self.steps) * mean / root

    def _decayed(self, data: Array, g: Array, mean: Array, square: Array) -> Any:
        """The same with weight decay."""
        decay = self.weight_decay
        if decay and not self._decoupled:
            g = g + decay * data
        step = self._formula(g, mean, square)
        return step + self.lr * decay * data if decay and self._decoupled else step

    def _change(self, first: int, parameters: Sequence[Tensor]) -> None:
        """Small parameters at once, which saves calls, and large ones piece by piece."""
        small: dict[Any, dict[int, Tensor]] = {}
        for k, p in enumerate(parameters, first):
            if p.grad is None:
                continue
            if type(self).update is not Adam.update:  # somebody's own
                super()._change(k, [p])
            elif p.size <= PIECE:
                small.setdefault(p.dtype, {})[k] = p
            else:
                self._change_in_pieces(k, p)
        for together in small.values():
            self._change_at_once(together)

    def _change_in_pieces(self, k: int, p: Tensor) -> None:
        g: Any = p.grad
        arrays = [p.data, g, *(self.memory[f"{what}.{k}"] for what in ("mean", "square"))]
        if not all(x.flags.c_contiguous for x in arrays):
            super()._change(k, [p])
            return
        flat = [x.reshape(-1) for x in arrays]
        for start in range(0, p.size, PIECE):
            data, g, *memory = (x[start : start + PIECE] for x in flat)
            data -= self._decayed(data, g, *memory)
        p.data = arrays[0]

    def _change_at_once(self, parameters: dict[int, Tensor]) -> None:
        gradients, arrays = zip(*[(p.grad, p.data) for p in parameters.values()], strict=True)
        g = _joined(gradients)
        data = _joined(arrays) if self.weight_decay else g
        step = self._decayed(data, g, *self._remembered(tuple(parameters)))
        start = 0
        for p, array in zip(parameters.values(), arrays, strict=True):
            array -= step[start : start + array.size].reshape(array.shape)
            p.data = array
            start += array.size

    def _remembered(self, ks: tuple[int, ...]) -> list[Array]:
        """Of several parameters, in arrays of which those in `memory` are parts."""
        names, parts, found = self._joint.get(ks, ([], [], []))
        if not names or not all(map(is_, map(self.memory.__getitem__, names), parts)):
            names = [f"{what}.{k}" for what in ("mean", "square") for k in ks]
            rows = [names[start : start + len(ks)] for start in range(0, len(names), len(ks))]
            found = [_joined(map(self.memory.__getitem__, row)) for row in rows]
            for row, whole in zip(rows, found, strict=True):
                start = 0
                for name in row:
                    array = self.memory[name]
                    self.memory[name] = whole[start : start + array.size].reshape(array.shape)
                    start += array.size
            parts = [self.memory[name] for name in names]
            others = {key: x for key, x in self._joint.items() if not set(key) & set(ks)}
            self._joint = {**others, ks: (names, parts, found)}
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_joint": {}}  # what is a part of something isn't in a copy


class AdamW(Adam):
    """Adam whose weight decay isn't scaled: `lr * weight_decay * p` is taken away beside its step.

    Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """

    _decoupled = True

    @hinting
    def __init__(
        self,
        parameters: Parameters,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
