"""The layers of images (N, C, H, W): Conv2d, MaxPool2d and AvgPool2d, all of windows over them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from microtensor import (
    ShapeError,
    Tensor,
    einsum,
    max,
    mean,
    pad,
    record_constants,
    reshape,
    sliding_window_view,
    transpose,
)

from .checks import as_tensor, hinting, whole_number
from .init import RNG, lecun_normal
from .module import Module, Parameter

Pair = int | tuple[int, int]
CHANNELS_LAST, CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)  # inside, a pixel is one piece of memory


def _pair(owner: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """Height and width, of two numbers or one for both."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{owner}: {name} is a number or two, of height and width, got {value!r}")
    height, width = (whole_number(owner, name, n, least) for n in both)
    return height, width


def _shortly(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def _windows(owner: str, x: Tensor, size: tuple[int, int], stride: tuple[int, int]) -> Tensor:
    """Every window of a size, `stride` apart, of images (N, H, W, C): (N, H', W', C, *size)."""
    (h, w), (down, across) = size, stride
    if x.shape[1] < h or x.shape[2] < w:
        raise ShapeError(
            f"{owner}: a window of {h} x {w} doesn't fit into {x.shape[1]} x {x.shape[2]}"
        )
    if size == stride:  # side by side: a matter of shape alone
        n, rows, columns, c = len(x), x.shape[1] // h, x.shape[2] // w, x.shape[3]
        whole = x if (rows * h, columns * w) == x.shape[1:3] else x[:, : rows * h, : columns * w]
        return transpose(reshape(whole, n, rows, h, columns, w, c), 0, 1, 3, 5, 2, 4)
    found: Tensor = sliding_window_view(x, size, (1, 2))
    if stride != (1, 1):
        found = found[:, ::down, ::across]
    return found


def _image(owner: str, x: Any, channels: int | None = None) -> Tensor:
    image = as_tensor(x)
    shape = image.shape
    if len(shape) != 4 or channels not in (None, shape[1]):
        c = "C" if channels is None else channels
        cure = "; np.moveaxis(x, -1, 1) puts channels there" if shape[-1:] == (channels,) else ""
        raise ShapeError(f"{owner}: inputs are (N, {c}, H, W), got shape {shape}{cure}")
    return image


class Conv2d(Module):
    """`weight` laid on every window of an image: the sum of their products, and a bias.

    (N, in_channels, H, W) gives (N, out_channels, H', W'), H' = (H + 2 padding - kernel) // stride
    + 1. `kernel_size`, `stride` and `padding` (by zeros, on both sides) are a number, or two for
    height and width. `weight` has shape (out_channels, in_channels, *kernel_size), and is drawn by
    `init` from `rng`, as in `Linear`; `bias` starts at 0. As everywhere, the kernel isn't flipped.
    """

    @hinting
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        bias: bool = True,
        *,
        init: Callable[[tuple[int, ...], RNG], Any] = lecun_normal,
        rng: RNG = None,
        dtype: Any = np.float64,
    ) -> None:
        n_out = whole_number("Conv2d", "out_channels", out_channels, 1)
        n_in = whole_number("Conv2d", "in_channels", in_channels, 1)
        self.kernel_size = _pair("Conv2d", "kernel_size", kernel_size)
        self.stride = _pair("Conv2d", "stride", stride)
        self.padding = _pair("Conv2d", "padding", padding, 0)
        shape = n_out, n_in, *self.kernel_size
        self.weight = Parameter(init(shape, rng), dtype=dtype)
        if self.weight.shape != shape:
            raise ShapeError(f"Conv2d: init gave shape {self.weight.shape}, not {shape}")
        self.bias = Parameter(np.zeros(n_out), dtype=dtype) if bias else None

    def forward(self, x: Any) -> Tensor:
        """The image of these sums."""
        x = _image("Conv2d", x, self.weight.shape[1])
        with record_constants():  # so that programs begin with the images, not with the windows
            x = transpose(x, CHANNELS_LAST)
            if any(self.padding):
                x = pad(x, ((0, 0), *((n, n) for n in self.padding), (0, 0)))
            windows = _windows("Conv2d", x, self.kernel_size, self.stride)
        z = einsum("nhwcij,ocij->nhwo", windows, self.weight)
        return transpose(z if self.bias is None else z + self.bias, CHANNELS_FIRST)

    def extra_repr(self) -> str:
        n_out, n_in = self.weight.shape[:2]
        options = {"stride": (self.stride, (1, 1)), "padding": (self.padding, (0, 0))}
        texts = [f"{k}={_shortly(x)}" for k, (x, usual) in options.items() if x != usual]
        texts += [] if self.bias is not None else ["bias=False"]
        return ", ".join([str(n_in), str(n_out), _shortly(self.kernel_size), *texts])


class MaxPool2d(Module):
    """The largest number of every window: (N, C, H, W) gives (N, C, H', W').

    `kernel_size` and `stride` (None: the same) are a number, or two for height and width. Several
    that are largest share the gradient.
    """

    @hinting
    def __init__(self, kernel_size: Pair, stride: Pair | None = None) -> None:
        name = type(self).__name__
        self.kernel_size = _pair(name, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else _pair(name, "stride", stride)

    def forward(self, x: Any) -> Tensor:
        """The image of these numbers."""
        name = type(self).__name__
        x = transpose(_image(name, x), CHANNELS_LAST)
        windows = transpose(_windows(name, x, self.kernel_size, self.stride), 0, 4, 5, 1, 2, 3)
        shape = len(x), math.prod(self.kernel_size), *windows.shape[3:]
        return transpose(self.of(reshape(windows, shape)), CHANNELS_FIRST)

    def of(self, windows: Tensor) -> Tensor:
        """One number of each window, whose numbers are along axis 1."""
        return max(windows, 1)

    def extra_repr(self) -> str:
        stride = "" if self.stride == self.kernel_size else f", stride={_shortly(self.stride)}"
        return _shortly(self.kernel_size) + stride


class AvgPool2d(MaxPool2d):
    """The mean of every window; else as `MaxPool2d`."""

    def of(self, windows: Tensor) -> Tensor:
        """One number of each window."""
        return mean(windows, 1)
