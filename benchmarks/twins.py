"""The models of the gallery once more, in PyTorch: the same layers, the same numbers."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional as F

import nn

from .timing import Contestant


def twin(layer: Any) -> Any:
    """The module of PyTorch's that is what a layer of ours is, but for its parameters."""
    shape = layer.weight.shape if hasattr(layer, "weight") else ()
    match layer:
        case nn.Sequential():
            return torch.nn.Sequential(*map(twin, layer))
        case nn.Linear():
            return torch.nn.Linear(shape[1], shape[0], bias=layer.bias is not None)
        case nn.Embedding():
            return torch.nn.Embedding(*shape)
        case nn.Conv2d():
            return torch.nn.Conv2d(shape[1], shape[0], shape[2:], padding=layer.padding)
        case nn.BatchNorm():
            return torch.nn.BatchNorm1d(*shape)
        case nn.LayerNorm():
            return torch.nn.LayerNorm(*shape)
        case nn.MaxPool2d():
            return torch.nn.MaxPool2d(layer.kernel_size)
        case nn.GELU():
            return torch.nn.GELU(layer.approximate)
    return getattr(torch.nn, type(layer).__name__)()


class Bag(torch.nn.Module):
    """Layers by name."""

    def __init__(self, **layers: Any) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)


class Block(Bag):
    """GPT's."""

    def forward(self, x: Any) -> Any:
        n, t, d = x.shape
        parts = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.mix(found.transpose(1, 2).reshape(n, t, d))
        return x + self.mlp(self.norm2(x))


class Cell(Bag):
    """A recurrent cell, run over all steps."""

    def forward(self, X: Any) -> Any:
        state = None
        for x in X:
            state = self.cell(x, state)
        return state[0] if isinstance(state, tuple) else state


def build(name: str, ours: Any) -> Any:
    """The model in PyTorch, its parameters in our order."""
    if name in ("rnn", "gru", "lstm"):
        kind = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[name]
        return Cell(cell=kind(ours.w_x.shape[1], ours.w_h.shape[1]))
    if name in ("gaussian_process", "elementwise"):
        return Bag(
            **{
                name: torch.nn.Parameter(torch.empty(p.shape))
                for name, p in ours.named_parameters()
            }
        )
    if name == "gpt":
        parts = ("norm1", "norm2", "qkv", "mix", "mlp")
        blocks = [Block(**{part: twin(getattr(b, part)) for part in parts}) for b in ours.blocks]
        for mine, other in zip(ours.blocks, blocks, strict=True):
            other.heads = mine.heads
        blocks = torch.nn.Sequential(*blocks)
        return Bag(
            what=twin(ours.what), where=twin(ours.where), blocks=blocks, head=twin(ours.head)
        )
    if name == "vae":
        return Bag(encoder=twin(ours.encoder), decoder=twin(ours.decoder))
    if name == "char_lstm":
        return Bag(letters=twin(ours.letters), gates=twin(ours.gates), head=twin(ours.head))
    return twin(ours)


def classes(net: Any, X: Any, Y: Any) -> Any:
    return F.cross_entropy(net(X), Y)


def two_classes(net: Any, X: Any, Y: Any) -> Any:
    return F.binary_cross_entropy_with_logits(net(X), Y.double())


def vae(net: Any, X: Any, noise: Any) -> Any:
    mean, log_variance = net.encoder(X).chunk(2, -1)
    logits = net.decoder(mean + (0.5 * log_variance).exp() * noise)
    pixels = F.binary_cross_entropy_with_logits(logits, X, reduction="sum") / len(X)
    return pixels + 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum() / len(X)


def pinn(net: Any, t: Any) -> Any:
    t = t.clone().requires_grad_()
    u = net(t)
    (du,) = torch.autograd.grad(u.sum(), t, create_graph=True)
    (ddu,) = torch.autograd.grad(du.sum(), t, create_graph=True)
    return ((ddu + 0.6 * du + 9 * u) ** 2).mean() + 50 * ((u[0, 0] - 1) ** 2 + du[0, 0] ** 2)


def neural_ode(net: Any, starts: Any, paths: Any) -> Any:
    h, x, states = 0.05, starts, [starts]
    for _ in paths[1:]:
        a = net(x**3)
        b = net((x + h / 2 * a) ** 3)
        c = net((x + h / 2 * b) ** 3)
        d = net((x + h * c) ** 3)
        x = x + h / 6 * (a + 2 * b + 2 * c + d)
        states.append(x)
    return ((torch.stack(states) - paths) ** 2).mean()


def gaussian_process(net: Any, x: Any, y: Any) -> Any:
    apart = x[:, None] - x
    K = (2 * net.scale - (apart / net.length.exp()) ** 2 / 2).exp()
    L = torch.linalg.cholesky(K + (2 * net.noise).exp() * (apart == 0))
    white = torch.linalg.solve_triangular(L, y[:, None], upper=False)
    log_determinant = 2 * L.diagonal().log().sum()
    return 0.5 * ((white**2).mean() + log_determinant / len(x) + math.log(2 * math.pi))


def char_lstm(net: Any, X: Any, Y: Any) -> Any:
    h = c = torch.zeros(X.shape[1], net.head.in_features, dtype=torch.float64)
    seen = []
    for x in net.letters(X):
        take, keep, show, new = net.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = keep.sigmoid() * c + take.sigmoid() * new.tanh()
        h = show.sigmoid() * c.tanh()
        seen.append(h)
    return F.cross_entropy(net.head(torch.stack(seen)).flatten(0, 1), Y.flatten())


def gpt(net: Any, X: Any, Y: Any) -> Any:
    logits = net.head(net.blocks(net.what(X) + net.where(torch.arange(X.shape[1]))))
    return F.cross_entropy(logits[:, -Y.shape[1] :].flatten(0, 1), Y.flatten())


def cells(net: Any, X: Any) -> Any:
    return (net(X) ** 2).mean()


def elementwise(net: Any) -> Any:
    return (net.x.sigmoid() * net.y + net.x.tanh() ** 2 - net.y / 3).mean()


COSTS = {
    **dict.fromkeys(("xor", "moons"), two_classes),
    **dict.fromkeys(("digits", "makemore", "cnn"), classes),
    **dict.fromkeys(("rnn", "gru", "lstm"), cells),
    **{
        f.__name__: f
        for f in (vae, pinn, neural_ode, gaussian_process, char_lstm, gpt, elementwise)
    },
}


def contestant(name: str, ours: Any, batch: list[Any], trains: bool) -> Contestant:
    """The value and gradients; and a step with Adam, if it `trains`."""
    net, cost = build(name, ours).double(), COSTS[name]
    for mine, other in zip(ours.parameters(), net.parameters(), strict=True):
        other.data = torch.tensor(mine.data)
    optimizer = torch.optim.Adam(net.parameters())

    def step() -> None:
        optimizer.zero_grad()
        cost(net, *batch).backward()
        if trains:
            optimizer.step()

    return Contestant(step, lambda: [p.grad.numpy() for p in net.parameters()])


def newton(p: Any) -> Contestant:
    """A step of Newton's method in Rosenbrock's valley."""
    p = torch.tensor(p.data, requires_grad=True)

    def cost(p: Any) -> Any:
        x, y = p
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    def step() -> Any:
        (slope,) = torch.autograd.grad(cost(p), p)
        return torch.linalg.solve(torch.autograd.functional.hessian(cost, p), slope)

    return Contestant(step, lambda: [step().detach().numpy()])
