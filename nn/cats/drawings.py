"""Draws 64 x 64 pictures of cats and of other things: `draw`. NumPy alone, from soft-edged shapes.

A `Pen` paints ellipses, polygons and strokes, back to front, in coordinates of its own: x to the
right, y downwards, the thing to draw filling about -1..1. Whatever varies comes from its generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

SIZE = 64
Array = NDArray[np.float64]  # as a colour (3, 1, 1), or (3, 64, 64) where pixels differ
Point = tuple[float, float]


def rgb(code: int) -> Array:
    """The colour 0xRRGGBB, its parts from 0 to 1."""
    return np.array([code >> 16, code >> 8 & 255, code & 255]).reshape(3, 1, 1) / 255.0


def mix(first: Array, second: Array, share: float | Array) -> Array:
    return first + (second - first) * share


BLACK, WHITE, PINK, YELLOW = map(rgb, (0x1D1A1E, 0xF7F3EC, 0xE79A97, 0xE8B23A))
LEAF, WOOD, GLASS = map(rgb, (0x5F8F4E, 0x7A5A3E, 0xB9D3DE))
EYES = list(map(rgb, (0xA9D04E, 0xF0C23C, 0x7CC8DC)))
FURS = list(map(rgb, (0x33303A, 0x8A8D94, 0xF0E9DD, 0xD98A3D, 0x7A5638, 0xD8BC93, 0x5D636E)))
WALLS = list(map(rgb, (0xC9D6CF, 0x6F8FA6, 0xD9A39A, 0xE3CE9B, 0x7F9A78, 0x8F7A9E, 0xB9564B)))
PAINTS = FURS + WALLS


@dataclass
class Pen:
    picture: Array  # (3, 64, 64), what is painted on
    x: Array  # (64, 64), where each pixel lies in the coordinates of this pen
    y: Array
    pixel: float  # the width of a pixel in these coordinates
    rng: np.random.Generator

    def pick(self, colours: Sequence[Array]) -> Array:
        return colours[int(self.rng.integers(len(colours)))]

    def at(self, x: float, y: float, size: float = 1.0, tilt: float = 0.0) -> Pen:
        """A pen for the same picture with its origin at (x, y) and `size` as its unit."""
        cos, sin, dx, dy = math.cos(tilt) / size, math.sin(tilt) / size, self.x - x, self.y - y
        return replace(self, x=cos * dx + sin * dy, y=cos * dy - sin * dx, pixel=self.pixel / size)

    def twice(self) -> Pen:
        """A pen that paints what lies at x > 0 on the other side as well."""
        return replace(self, x=np.abs(self.x))

    def paint(self, colour: Array, distance: Array, depth: float, shade: float = 0.3) -> None:
        """Cover what is inside: at a negative distance from the edge, near which shade falls."""
        cover = np.clip(0.5 - distance / self.pixel, 0.0, 1.0)
        rim = np.clip(1.0 + distance / depth, 0.0, 1.0)
        self.picture += (colour * (1.0 - shade * rim * rim) - self.picture) * cover

    def ellipse(
        self, colour: Array, x: float, y: float, rx: float, ry: float, tilt: float = 0.0
    ) -> None:
        own, least = self.at(x, y, tilt=tilt), min(rx, ry)
        radius = np.sqrt((own.x / rx) ** 2 + (own.y / ry) ** 2)
        self.paint(colour, (radius - 1.0) * least, least)

    def polygon(self, colour: Array, *corners: Point) -> None:
        """A convex one; its corners in clockwise order."""
        distance = np.full((SIZE, SIZE), -9.0)
        for (x, y), (to_x, to_y) in zip(corners, corners[1:] + corners[:1], strict=True):
            dx, dy = to_x - x, to_y - y
            across = (dy * (self.x - x) - dx * (self.y - y)) / math.hypot(dx, dy)
            np.maximum(distance, across, out=distance)
        self.paint(colour, distance - 0.03, depth=0.4, shade=0.2)

    def box(self, colour: Array, left: float, top: float, right: float, bottom: float) -> None:
        self.polygon(colour, (left, top), (right, top), (right, bottom), (left, bottom))

    def stroke(
        self, colour: Array, width: float, start: Point, end: Point, bend: Point | None = None
    ) -> None:
        """A line with round ends, drawn towards `bend` on its way."""
        a, b, c = np.array(start), np.array(bend or start), np.array(end)
        points = [(1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for t in np.linspace(0, 1, 7)]
        distance = np.full((SIZE, SIZE), 9.0)
        for (x, y), (dx, dy) in zip(points, np.diff(points, axis=0), strict=False):
            along = ((self.x - x) * dx + (self.y - y) * dy) / (dx * dx + dy * dy)
            nearest = np.clip(along, 0.0, 1.0)
            gap = (self.x - x - nearest * dx) ** 2 + (self.y - y - nearest * dy) ** 2
            np.minimum(distance, gap, out=distance)
        self.paint(colour, np.sqrt(distance) - width / 2, width / 2)


Coat = Callable[[Pen], Array]  # the colours of a fur at the pixels of a pen


def any_coat(pen: Pen) -> Coat:
    """Plain, striped, patched, or white below."""
    base, other, start = pen.pick(FURS), pen.pick(FURS), pen.rng.uniform(0.0, 6.0)
    return (
        lambda pen: base,
        lambda pen: base * (1 - 0.45 * np.clip(np.sin(10 * abs(pen.x) + 5 * pen.y + start), 0, 1)),
        lambda pen: mix(base, other, np.clip(4 * np.sin(3 * pen.x + start) + 4 * pen.y, 0, 1)),
        lambda pen: mix(base, WHITE, np.clip(6 * (pen.y - 0.2 - abs(pen.x)), 0, 1)),
    )[pen.rng.integers(4)]


# Heads, seen from the front


def cat_head(pen: Pen, fur: Array) -> None:
    both = pen.twice()
    both.polygon(fur, (0.78, -1.15), (0.95, -0.1), (0.1, -0.65))
    both.polygon(PINK, (0.73, -0.95), (0.82, -0.35), (0.38, -0.65))
    pen.ellipse(fur, 0, 0.05, 0.98, 0.82)
    both.ellipse(BLACK, 0.42, -0.06, 0.29, 0.23, 0.3)
    both.ellipse(pen.pick(EYES), 0.42, -0.06, 0.26, 0.2, 0.3)
    both.ellipse(BLACK, 0.41, -0.06, pen.rng.uniform(0.06, 0.16), 0.2)
    both.ellipse(WHITE, 0.36, -0.14, 0.06, 0.06)
    both.ellipse(WHITE, 0.17, 0.47, 0.24, 0.19)
    both.stroke(WHITE, 0.035, (0.4, 0.36), (1.15, 0.22))
    both.stroke(WHITE, 0.035, (0.4, 0.5), (1.15, 0.48))
    pen.polygon(PINK, (-0.11, 0.25), (0.11, 0.25), (0, 0.38))
    both.stroke(BLACK, 0.05, (0, 0.38), (0.22, 0.53), bend=(0.02, 0.58))


def dog_head(pen: Pen, fur: Array) -> None:
    both = pen.twice()
    pen.ellipse(fur, 0, -0.05, 0.78, 0.85)
    both.ellipse(fur * 0.65, 0.84, 0.05, 0.27, 0.72, -0.25)
    pen.ellipse(PINK, 0, 0.85, 0.17, 0.3)
    pen.ellipse(mix(fur, WHITE, 0.5), 0, 0.45, 0.5, 0.42)
    both.ellipse(BLACK, 0.34, -0.2, 0.13, 0.15)
    both.ellipse(WHITE, 0.3, -0.26, 0.04, 0.04)
    pen.ellipse(BLACK, 0, 0.24, 0.22, 0.16)
    both.stroke(BLACK, 0.05, (0, 0.3), (0.3, 0.57), bend=(0, 0.8))


def rabbit_head(pen: Pen, fur: Array) -> None:
    both, spread = pen.twice(), pen.rng.uniform(0.08, 0.4)
    both.ellipse(fur, 0.38, -0.85, 0.23, 0.75, spread)
    both.ellipse(PINK, 0.38, -0.85, 0.11, 0.58, spread)
    pen.ellipse(fur, 0, 0.2, 0.72, 0.7)
    both.ellipse(BLACK, 0.42, 0.08, 0.15, 0.17)
    both.ellipse(WHITE, 0.38, 0.02, 0.05, 0.05)
    both.ellipse(WHITE, 0.15, 0.55, 0.2, 0.16)
    pen.box(WHITE, -0.08, 0.65, 0.08, 0.82)
    pen.ellipse(PINK, 0, 0.42, 0.11, 0.08)


def fox_head(pen: Pen, fur: Array) -> None:
    both = pen.twice()
    both.polygon(fur, (0.62, -1.3), (0.8, -0.3), (0.12, -0.45))
    both.polygon(BLACK, (0.62, -1.3), (0.69, -0.9), (0.47, -0.98))
    both.polygon(fur, (-0.2, -0.5), (0.7, -0.5), (0.95, 0.05), (0.12, 0.95), (-0.2, 0.95))
    both.polygon(WHITE, (0.3, 0.2), (0.95, 0.08), (0.14, 0.9), (0.1, 0.7))
    both.ellipse(BLACK, 0.38, -0.05, 0.15, 0.1, 0.4)
    pen.ellipse(BLACK, 0, 0.93, 0.16, 0.13)


# Poses: each draws a body and returns the pen for the head


def close_up(pen: Pen, fur: Array, tail: float, width: float) -> Pen:
    pen.ellipse(fur, 0, 1.35, 0.8, 0.8)
    return pen.at(0, 0.12, 0.85)


def sitting(pen: Pen, fur: Array, tail: float, width: float) -> Pen:
    pen.stroke(fur, width, (0.3, 0.9), (0.4 + 0.5 * tail, 1 - tail), bend=(0.4 + 0.8 * tail, 1))
    pen.ellipse(fur, 0, 0.5, 0.46, 0.6)
    pen.twice().ellipse(fur, 0.4, 0.82, 0.26, 0.27)
    pen.twice().stroke(fur, 0.22, (0.15, 0.5), (0.14, 0.98))
    pen.twice().ellipse(mix(fur, WHITE, 0.4), 0.16, 1.03, 0.16, 0.1)
    return pen.at(0, -0.3, 0.6)


def lying(pen: Pen, fur: Array, tail: float, width: float) -> Pen:
    pen.ellipse(fur, 0.25, 0.4, 0.8, 0.42)
    pen.ellipse(fur, 0.7, 0.5, 0.4, 0.36)
    pen.stroke(fur * 0.9, width, (1.0, 0.7), (1 - tail, 0.8), bend=(0.9, 0.95))
    pen.stroke(mix(fur, WHITE, 0.3), 0.2, (-0.2, 0.65), (-0.75, 0.68))
    pen.stroke(mix(fur, WHITE, 0.3), 0.2, (-0.2, 0.78), (-0.75, 0.81))
    return pen.at(-0.4, 0.0, 0.58)


def standing(pen: Pen, fur: Array, tail: float, width: float) -> Pen:
    pen.stroke(fur, width, (0.65, 0.25), (0.95, 0.2 - tail), bend=(0.8 + 0.4 * tail, 0.2))
    pen.stroke(fur, 0.56, (-0.35, 0.32), (0.48, 0.32))
    for x in (-0.45, -0.22, 0.46, 0.68):
        pen.stroke(fur, 0.21, (x, 0.4), (x, 0.98))
    return pen.at(-0.45, -0.12, 0.56)


POSES = (close_up, close_up, close_up, close_up, sitting, lying, standing)


def animal(pen: Pen, head: Callable[[Pen, Array], None], tail: float, width: float) -> None:
    """Coats, bodies and poses are the same for all animals: it is head and tail that tell."""
    coat, pose = any_coat(pen), POSES[pen.rng.integers(len(POSES))]
    own = pose(pen, coat(pen), tail, width).at(0, 0, tilt=pen.rng.uniform(-0.15, 0.15))
    head(own, coat(own))


# Other things


def owl(pen: Pen) -> None:
    fur, both = any_coat(pen)(pen), pen.twice()
    pen.ellipse(fur, 0, 0.15, 0.72, 0.95)
    pen.ellipse(mix(fur, WHITE, 0.5), 0, 0.5, 0.42, 0.5)
    both.polygon(fur, (0.65, -0.98), (0.6, -0.5), (0.2, -0.7))
    both.ellipse(fur * 0.7, 0.68, 0.35, 0.18, 0.55, 0.15)
    both.ellipse(WHITE, 0.31, -0.35, 0.34, 0.34)
    both.ellipse(pen.pick(EYES), 0.29, -0.35, 0.23, 0.23)
    both.ellipse(BLACK, 0.29, -0.35, 0.14, 0.14)
    pen.polygon(YELLOW, (-0.1, -0.2), (0.1, -0.2), (0, 0.08))


def fruit(pen: Pen) -> None:
    skin = pen.pick(PAINTS)
    for own in (pen.at(0.5, 0.35), pen.at(-0.3, 0.2)):
        own.ellipse(skin, 0, 0, 0.62, 0.6)
        own.stroke(WOOD, 0.09, (0, -0.5), (0.12, -0.85), bend=(0, -0.8))
        own.ellipse(LEAF, 0.25, -0.75, 0.22, 0.1, -0.4)
        own.ellipse(mix(skin, WHITE, 0.6), -0.22, -0.22, 0.12, 0.16, 0.6)


def flower(pen: Pen) -> None:
    colour, petals = pen.pick(PAINTS), pen.rng.integers(5, 10)
    pen.stroke(LEAF, 0.12, (0, -0.2), (0, 1.3), bend=(0.15, 0.5))
    pen.ellipse(LEAF * 0.9, 0.35, 0.8, 0.38, 0.14, -0.5)
    for i in range(petals):
        pen.at(0, -0.25, tilt=2 * math.pi * i / petals).ellipse(colour, 0, -0.5, 0.24, 0.38)
    pen.ellipse(YELLOW, 0, -0.25, 0.28, 0.28)


def car(pen: Pen) -> None:
    paint = pen.pick(PAINTS)
    pen.polygon(paint, (-0.5, -0.35), (0.35, -0.35), (0.7, 0.15), (-0.75, 0.15))
    pen.polygon(GLASS, (-0.43, -0.25), (-0.1, -0.25), (-0.1, 0.1), (-0.58, 0.1))
    pen.polygon(GLASS, (0.02, -0.25), (0.3, -0.25), (0.53, 0.1), (0.02, 0.1))
    pen.polygon(paint, (-1.0, 0.12), (0.85, 0.12), (1.08, 0.3), (1.08, 0.6), (-1.05, 0.6))
    pen.twice().ellipse(BLACK, 0.58, 0.62, 0.26, 0.26)
    pen.twice().ellipse(WHITE * 0.75, 0.58, 0.62, 0.13, 0.13)
    pen.ellipse(YELLOW, 1.0, 0.35, 0.08, 0.1)


def house(pen: Pen) -> None:
    roof = pen.pick(PAINTS) * 0.8
    pen.box(roof * 0.8, 0.4, -0.9, 0.6, -0.3)
    pen.box(pen.pick(PAINTS), -0.75, -0.2, 0.75, 0.9)
    pen.polygon(roof, (0, -0.95), (0.95, -0.15), (-0.95, -0.15))
    pen.box(WOOD, -0.15, 0.35, 0.15, 0.9)
    pen.twice().box(WHITE, 0.29, 0.05, 0.65, 0.4)
    pen.twice().box(GLASS * 0.7, 0.35, 0.1, 0.59, 0.35)


def mountains(pen: Pen) -> None:
    rock = pen.pick(PAINTS)
    pen.ellipse(YELLOW, 0.55, -0.75, 0.22, 0.22)
    for own, light in ((pen.at(0.6, -0.35), 0.75), (pen.at(-0.35, -0.75), 1.0)):
        own.polygon(rock * light, (0, 0), (1.0, 1.4), (-1.0, 1.4))
        own.polygon(WHITE, (0, 0), (0.21, 0.3), (-0.21, 0.3))
    pen.ellipse(LEAF, 0, 1.2, 1.9, 0.5)
    for x in pen.rng.uniform(-1.0, 1.0, 4):
        pen.polygon(LEAF * 0.7, (x, 0.2), (x + 0.2, 0.95), (x - 0.2, 0.95))


cat = partial(animal, head=cat_head, tail=0.9, width=0.17)
dog = partial(animal, head=dog_head, tail=0.45, width=0.16)
rabbit = partial(animal, head=rabbit_head, tail=0.1, width=0.26)
fox = partial(animal, head=fox_head, tail=0.7, width=0.34)
NOT_CATS = (dog, rabbit, fox, owl, fruit, flower, car, house, mountains)


# Backgrounds


def wall(pen: Pen) -> None:
    pen.picture[:] = mix(pen.pick(PAINTS), pen.pick(PAINTS), 0.5 + 0.5 * pen.y)


def room(pen: Pen) -> None:
    wall(pen.at(0, 0, 2))
    x, y = pen.rng.uniform((-0.8, 0.25), (0.8, 0.6))
    pen.box(WHITE, x - 0.4, -0.8, x + 0.4, -0.1)
    pen.box(GLASS, x - 0.33, -0.73, x + 0.33, -0.17)
    pen.box(pen.pick(FURS), -2, y, 2, 2)
    pen.stroke(WHITE, 0.08, (-2, y), (2, y))


def meadow(pen: Pen) -> None:
    pen.picture[:] = mix(pen.pick(PAINTS), GLASS, 0.7 + 0.3 * pen.y)
    grass, (x, y) = mix(LEAF, pen.pick(FURS), 0.3), pen.rng.uniform((-1.0, 0.0), (1.0, 0.5))
    pen.ellipse(grass * 0.85, x, y + 0.7, 1.5, 0.9)
    pen.polygon(grass, (-2, y + 0.1), (2, y - 0.1), (2, 2), (-2, 2))


def stripes(pen: Pen) -> None:
    wave = np.sin(pen.rng.uniform(6, 14) * (pen.x + pen.rng.uniform(-0.5, 0.5) * pen.y))
    pen.picture[:] = mix(pen.pick(PAINTS), pen.pick(PAINTS), np.clip(0.25 + wave, 0.0, 0.5))


BACKGROUNDS = (wall, room, meadow, stripes)


def draw(rng: np.random.Generator, is_cat: bool) -> NDArray[np.uint8]:
    """Draw one picture, of a cat or of something else: uint8, shape (64, 64, 3)."""
    middles = (np.arange(SIZE) + 0.5) * (2.0 / SIZE) - 1.0
    x, y = np.meshgrid(middles, middles)
    pen = Pen(np.zeros((3, SIZE, SIZE)), x, y, 2.0 / SIZE, rng)
    # The more place, size and tilt vary, the harder it is to learn from few pictures
    own = pen.at(*rng.uniform((-0.07, -0.07, 0.78, -0.07), (0.07, 0.07, 0.88, 0.07)))
    BACKGROUNDS[rng.integers(len(BACKGROUNDS))](pen)
    pen.picture *= 1 - 0.35 * np.clip(1 - own.x**2 - (7 * (own.y - 0.97)) ** 2, 0, 1)  # shadow
    (cat if is_cat else NOT_CATS[rng.integers(len(NOT_CATS))])(own)
    return photograph(pen)


def photograph(pen: Pen) -> NDArray[np.uint8]:
    """The picture as a camera sees it: lit from one side, noisy, and half the time mirrored."""
    bright, across, down, warm = pen.rng.uniform((0.8, -0.2, -0.2, -0.06), (1.1, 0.2, 0.2, 0.06))
    light = (bright + across * pen.x + down * pen.y) * (1.0 + warm * (rgb(0xFF8000) - 0.5))
    noise = pen.rng.uniform(-0.04, 0.04, pen.picture.shape)
    seen = (1.3 * pen.picture - 0.23) * light + noise  # more contrast than the colours have
    image: NDArray[np.uint8] = np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8)
    image = image.transpose(1, 2, 0)
    return image[:, ::-1] if pen.rng.random() < 0.5 else image
