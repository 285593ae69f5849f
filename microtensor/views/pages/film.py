"""The film of a training: what is read of the network every few iterations, and told of it."""

from __future__ import annotations

import math
import time
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import GradientError, ShapeError
from ...graph import Graph, Node, places
from ..inline import Bundle, PagePath
from ..languages import speaking
from ..layers import layers
from ..numbers import number, rms, size
from ..words import listed, say
from .document import fill, plain

BINS = 24
MOST_FRAMES = 250  # of more, every second is dropped
MOST_IMAGES = 20  # of the first layer's units, each of at most SIDE x SIDE pixels
MOST_PICTURES = 21  # frames with such images
MOST_COUNTED = 2**15  # entries in a histogram; of more, some that are evenly spread
MOST_EXAMPLES = 256  # that are run through the network for a frame
MOST_UNITS = 9  # named in a sentence
MOST_POINTS = 500  # of the curve: of each stretch the least and the largest cost
SIDE, GRID = 32, 48
ENDS = {"relu": (0, math.inf), "sigmoid": (0.01, 0.99), "tanh": (-0.99, 0.99)}  # shut beyond
STEADY = 3  # frames for which a layer is the slowest before that is said to have happened
STARVED = 100  # a layer that moved so many times less than another
SHARE = 200  # writing takes at most such a part of a training


class Layer(NamedTuple):
    """A card: what the first record had of a layer, its parameters, and what it gives, if known.

    The largest parameter, the first of the `nodes`, says how it learns. `gate` is its activation,
    where a unit that this shuts doesn't learn.
    """

    name: str
    nodes: list[Node]
    parameters: list[Any]
    activation: str
    gate: str


class Film:
    """Films a training; made by `microtensor.film`, which says how it is used."""

    def __init__(
        self,
        path: Path,
        every: int,
        image_shape: tuple[int, ...] | None,
        lesson: dict[str, str],
        language: str,
    ) -> None:
        self.path, self.every, self.image_shape = path, every, image_shape
        self.model: Callable[[Any], Any] | None = None
        self.inputs: Any = None
        self.grid: Any = None
        self.threshold = 0.5
        self.several = False  # an output for each class
        self.layers: list[Layer] = []
        self.due = 0.0
        self.taken, self.picture_every = 0, 1
        # All that the page says; the film itself isn't in it, so that it can end by being dropped
        self.data: dict[str, Any] = {"lesson": lesson, "language": language, "written": 0}
        kinds = ("iterations", "costs", "cards", "frames", "pictures", "sides")
        self.data |= {"plane": None, **{kind: [] for kind in kinds}}
        weakref.finalize(self, write, path, self.data)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        return PagePath(self.path)._repr_mimebundle_()

    def watch(self, model: Callable[[Any], Any], X: Any, Y: Any, loss: Any = None) -> None:
        """Says what is trained, and on what; `nn.fit` does.

        At each frame the model is run, in evaluation mode, on at most 256 of the examples, and
        for inputs of two numbers on the plane around them. A `loss` with `decide` says where the
        boundary is; else it is halfway between the targets.
        """
        X, Y = _array(X), _array(Y)
        chosen = slice(None, None, -(-len(X) // MOST_EXAMPLES))
        self.model, self.inputs = model, X[chosen]
        with speaking(self.data["language"]):
            self._read_layers(self._run(self.inputs))
        if X.ndim == 2 and X.shape[1] == 2:
            self._lay_plane(X[chosen], Y[chosen].reshape(len(X[chosen]), -1), loss)

    def _lay_plane(self, X: Any, Y: Any, loss: Any) -> None:
        """The plane around the examples, and these as points of it, with their classes."""
        low, high = X.min(0), X.max(0)
        room = 0.1 * np.where(high > low, high - low, 1)
        low, high = low - room, high + room
        axes = (np.linspace(a, b, GRID) for a, b in zip(low, high, strict=True))
        self.grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2).astype(X.dtype, copy=False)
        self.several = _array(self._run(self.grid[:1])).size > 1
        middle = float(Y.min() + Y.max()) / 2
        label = np.greater(Y, middle)
        if self.several:
            label = Y.argmax(1) if Y.shape[1] > 1 else Y
        else:
            try:  # of logits, 0.25 is a yes
                logits = loss.decide(np.full((1, 1), 0.25)).item() == 1
            except (AttributeError, TypeError, ValueError):
                logits = False  # the loss decides on no class
            self.threshold = 0.0 if logits else middle
        points = np.column_stack([((X - low) / (high - low)).round(4), label]).tolist()
        self.data["plane"] = {"points": points, "several": self.several}

    def __call__(self, iteration: int, cost: Any) -> None:
        """Notes the cost, a number or a tensor, and every so often takes a frame."""
        data, before = self.data, self.data["iterations"]
        if before and iteration <= before[-1]:
            raise ValueError(
                f"film: iteration {iteration} comes after iteration {before[-1]}; count on over "
                "epochs, and make a new film for another training"
            )
        before.append(int(iteration))
        data["costs"].append(float(cost.item() if hasattr(cost, "item") else cost))
        if iteration % self.every and data["frames"]:
            return
        self._take(cost)
        start = time.monotonic()
        if start >= self.due:
            write(self.path, self.data)
            now = time.monotonic()
            self.due = now + SHARE * (now - start)

    def write(self) -> None:
        """Writes the page with all that was until now; what `nn.fit` does at its end."""
        last = [frame["iteration"] for frame in self.data["frames"][-1:]]
        if last and self.model is not None and last != self.data["iterations"][-1:]:
            self._take(None)
        write(self.path, self.data)

    # A frame ------------------------------------------------------------------------------------

    @np.errstate(all="ignore")
    def _take(self, cost: Any) -> None:
        """Reads the network as it is now; of many frames, drops every second."""
        with speaking(self.data["language"]):
            record = cost if self.model is None else self._run(self.inputs)
            if not self.layers:
                self._read_layers(record)
            frame, ways = self._frame(record)
        self.data["frames"].append(frame)
        if self.image_shape and self.taken % self.picture_every == 0:
            picture = self._picture(ways[0][:MOST_IMAGES])
            self.data["pictures"].append([frame["iteration"], picture])
            if len(self.data["pictures"]) > MOST_PICTURES:
                del self.data["pictures"][1::2]
                self.picture_every *= 2
        self.taken += 1
        if len(self.data["frames"]) > MOST_FRAMES:
            del self.data["frames"][1::2]
            self.every *= 2

    def _frame(self, record: Any) -> tuple[dict[str, Any], list[Any]]:
        """What is shown of the network at an iteration, and how each largest parameter moved."""
        found = {place.id: place for place in places(record)}
        rows: list[Any] = []
        ways: list[Any] = []
        learns, moved, gates = [], [], []
        for layer in self.layers:
            both = [(x.data, x.grad) for x in layer.parameters]
            for node in layer.nodes[len(both) :]:  # nothing, or a value that was computed
                place = found.get(node.id)  # unless another program ran
                both.append((place.data if place and place.rule == node.rule else None, None))
            pairs = [[brief(x), brief(g)] for x, g in both]
            rows += [[shown for _, shown in pair] for pair in pairs]
            (value, _), (gradient, _) = pairs[0]
            learns.append(gradient / value if value else math.nan)
            ways.append(both[0][0] - layer.nodes[0].value)
            moved.append(rms(ways[-1]) / value if value else math.nan)
            gates.append(_open(layer.gate, both[-1][0]))
        iteration, value = (self.data[key][-1] for key in ("iterations", "costs"))
        frame = {
            "iteration": iteration,
            "cost": number(value),
            "rows": rows,
            "learns": [number(x) if x == x else "–" for x in learns],
            "moved": list(map(_share, moved)),
            "open": gates,
            "notes": list(map(_note, self.layers, gates)),
            "plane": None if self.grid is None else self._plane(),
        }
        return frame | self._slowest(learns, moved), ways

    def _run(self, inputs: Any) -> Any:
        assert self.model is not None
        with _evaluating(self.model):
            return self.model(inputs)

    def _picture(self, way: Any) -> str:
        """How the first layer's weights moved, a row an image, of at most SIDE pixels a side."""
        images = way.reshape(len(way), *self.data["shape"])
        block = -(-max(images.shape[1:3]) // SIDE)
        high, wide = (length - length % block for length in images.shape[1:3])
        corners = ((i, j) for i in range(block) for j in range(block))
        images = sum(images[:, i:high:block, j:wide:block] for i, j in corners)
        self.data["sides"] = images.shape
        return _bytes(images.reshape(len(images), -1))

    def _plane(self) -> str:
        """What the model says of the plane: a class a point, or of two, 128 at the boundary."""
        out = _array(self._run(self.grid)).reshape(len(self.grid), -1)
        if self.several:
            return b64encode(out.argmax(1).astype(np.uint8).tobytes()).decode()
        return _bytes(out.reshape(1, -1) - self.threshold)

    # The layers ---------------------------------------------------------------------------------

    def _read_layers(self, record: Any) -> None:
        """What the cards are, from a first record."""
        if not hasattr(record, "requires_grad"):
            raise ValueError(
                f"film: {type(record).__name__} says nothing of the network; hand over the cost as "
                "a tensor, or say before the loop what is trained: film.watch(model, X, Y)"
            )
        graph = Graph.of(record, {say("role.output"): record})
        found = {place.id: place.value for place in places(record)}
        self.layers = list(_layers(graph, found))
        if not self.layers:
            raise GradientError("film: what was handed over wasn't computed from any parameter")
        if self.layers[-1].gate != "relu":  # a classifier may well be sure of all examples
            self.layers[-1] = self.layers[-1]._replace(gate="")
        given = [node for layer in self.layers for node in layer.nodes[len(layer.parameters) :]]
        counts = [len(node.value) for node in given if np.ndim(node.value)]
        self.data["examples"] = f"{max(counts, default=1):,}"
        for layer in self.layers:
            short = [node.name.rpartition(".")[2] or node.name for node in layer.nodes]
            sizes = [size(np.shape(node.value)) for node in layer.nodes]
            card = {"name": layer.name, "activation": layer.activation, "gate": layer.gate}
            rows = [list(pair) for pair in zip(short, sizes, strict=True)]
            self.data["cards"].append(card | {"rows": rows})
        if self.image_shape:
            count, shape = math.prod(self.image_shape), self.layers[0].parameters[0].shape
            if len(shape) != 2 or shape[1] != count:
                raise ShapeError(
                    f"film: image_shape {self.image_shape} has {count} numbers, and the first "
                    f"layer's weight has shape {shape}, no rows of so many"
                )
            self.data["shape"] = (*self.image_shape, 1)[:3]

    def _slowest(self, learns: list[float], moved: list[float]) -> dict[str, Any]:
        """The layer that learns least, how, and that in words; -1 where there are no two."""
        known = {k: x for k, x in enumerate(learns) if math.isfinite(x)}
        if len(known) < 2:
            return {"slowest": -1, "kind": "", "said": ""}
        k = min(known, key=lambda k: known[k])
        most = max(known, key=lambda k: moved[k] if moved[k] == moved[k] else -1.0)
        starved = moved[most] > STARVED * moved[k] and moved[most] > 1 / STARVED
        kind = "stops" if not known[k] else "starves" if starved else "slowest"
        said = say(
            f"learning.{kind}",
            layer=self.layers[k].name,
            ratio=number(known[k]),
            moved=_share(moved[k]),
            most=self.layers[most].name,
            other=_share(moved[most]),
        )
        return {"slowest": k, "kind": f"{kind} {k}", "said": said}


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """A module with all in it in evaluation mode, without a word to compiled steps."""
    modules = [module for _, module in getattr(model, "named_modules", list)()]
    modes = [module.training for module in modules]
    try:
        for module in modules:
            vars(module)["training"] = False
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            vars(module)["training"] = mode


def _layers(graph: Graph, tensors: dict[str, Any]) -> Iterator[Layer]:
    """The layers with parameters; those in no module are one layer up to the next activation."""
    bare: list[Node] = []
    taken: set[str] = set()
    for unit in layers(graph):
        own = unit.parameters if unit.kind == "group" else []
        read = own or [x for node in unit.computed for x in graph.operands(node.id)]
        fresh = {x.id: x for x in read if x.role == "parameter" and x.id not in taken}
        taken |= fresh.keys()
        gives = ([n for n in unit.computed if n.activation] or unit.computed)[-1:]
        if fresh and own:
            name = ".".join((*unit.frame[1:], unit.name))  # as in named_parameters()
            yield _layer(name, [*fresh.values()], gives, tensors)
            continue
        bare += fresh.values()
        if bare and any(node.activation for node in gives):
            yield _layer("", bare, gives, tensors)
            bare = []
    if bare:
        yield _layer("", bare, [], tensors)


def _layer(name: str, own: list[Node], gives: list[Node], tensors: dict[str, Any]) -> Layer:
    """A layer, its largest parameter first."""
    own = sorted(own, key=lambda node: -np.size(node.value))
    name = name or ", ".join(node.name for node in own)
    rule = "".join(str(node.rule) for node in gives if node.row.activation)
    parameters = [tensors[node.id] for node in own]
    return Layer(name, own + gives, parameters, rule, rule if rule in ENDS else "")


def _array(x: Any) -> Any:
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def brief(array: Any) -> tuple[float, Any]:
    """The RMS of an array, and how it is shown: RMS, ends, histogram; in words if not finite.

    Fast, as a frame may take no longer than an iteration. Where there is no array, nan and 0.
    """
    if array is None or not np.size(array):
        return math.nan, 0
    flat = np.asarray(array).ravel()
    low, high = float(flat.min()), float(flat.max())
    if not math.isfinite(high - low):
        return rms(flat), say("nonfinite", entries=np.count_nonzero(~np.isfinite(flat)))

    some = flat[:: -(-flat.size // MOST_COUNTED)]
    counts = np.zeros(BINS, int)
    counts[BINS // 2] = some.size
    if high > low:
        bins = np.minimum((some - low) * (BINS / (high - low)), BINS - 1)
        counts = np.bincount(bins.astype(np.uint8), minlength=BINS)
    ends = (float(f"{x:.3g}") for x in (low, high))
    large = rms(flat)
    return large, [number(large), *ends, _digits(counts, counts.max())]


def _digits(shares: Any, most: float) -> str:
    """Numbers from 0 to `most` as digits: 0 is none at all."""
    return "".join(map(str, np.ceil(shares * 9 / most).astype(int).tolist()))


def _bytes(rows: Any) -> str:
    """Rows of numbers as bytes: 128 is 0, and the largest of a row is 1 or 255."""
    most = np.abs(rows).max(axis=1, keepdims=True)
    shades = np.nan_to_num(127.5 + 127.5 * rows / np.where(most > 0, most, 1), nan=127.5)
    return b64encode(np.rint(shades).astype(np.uint8).tobytes()).decode()


def _open(gate: str, array: Any) -> str:
    """The share of examples for which each unit isn't shut, as digits; '' where nothing shuts."""
    if not gate or array is None or array.ndim != 2 or len(array) < 2:
        return ""
    low, high = ENDS[gate]
    return _digits(((array > low) & (array < high)).mean(axis=0), 1)


def _share(x: float) -> str:
    """A share of 1 to two digits: `120 %`; of nothing there is none."""
    return "–" if x != x else f"{number(float(f'{100 * x:.2g}'))}\xa0%"


def _shut(digits: str) -> set[int]:
    """The units that let nothing through, for any example."""
    return {k for k, digit in enumerate(digits) if digit == "0"}


def _note(layer: Layer, digits: str) -> str:
    units = _shut(digits)
    kind = "dead" if layer.gate == "relu" else "saturated"
    named = listed(sorted(units), MOST_UNITS) if units else ""
    return say(f"shut.{kind}", len(units), units=named) if units else ""


def write(path: Path, data: dict[str, Any]) -> None:
    """Writes the page, in one go: whoever opens it finds a whole one."""
    if not data["frames"] or data["written"] == len(data["costs"]):
        return
    data["written"] = len(data["costs"])
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with speaking(data["language"]):  # when Python ends, nothing else says it
        fresh.write_text(document(data), encoding="utf-8")
    fresh.replace(path)


def document(data: dict[str, Any]) -> str:
    """The page as text."""
    events = list(happened(data))
    shown = {k: data[k] for k in ("cards", "frames", "plane", "pictures", "sides")}
    shown["events"] = [at for at, _ in events]
    shown["curve"] = curve(data)
    items = (
        f'<li data-iteration="{at}"><a href="#iteration-{at}">'
        f"{plain(say('film.at', iteration=at))}</a> {plain(said)}</li>"
        for at, said in events
    )
    parts = {
        "title": plain(say("film.title")),
        "events": "".join(items) or f"<li>{plain(say('film.nothing'))}</li>",
        "read": plain(say("film.read", examples=data["examples"])),
    }
    return fill("film", shown, ["film"], ["dom", "film"], parts | data["lesson"])


def happened(data: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """(iteration, sentence): units that are shut from there on, or back, and the slowest layer.

    Of all that, what lasts for a few frames, or until the end.
    """
    shut: list[set[int]] = [set() for _ in data["cards"]]
    told = ""
    for i, frame in enumerate(data["frames"]):
        window = data["frames"][i : i + STEADY]
        for k, card in enumerate(data["cards"]):
            found = [_shut(other["open"][k]) for other in window]
            fresh = found[0].intersection(*found) - shut[k]
            back = shut[k] - found[0].union(*found)
            shut[k] = (shut[k] | fresh) - back
            what = "die" if card["gate"] == "relu" else "saturate"
            for kind, some in ((what, fresh), ("return", back)):
                if some:
                    said = say(
                        f"units.{kind}",
                        len(some),
                        units=listed(sorted(some), MOST_UNITS),
                        layer=card["name"],
                        examples=data["examples"],
                    )
                    yield frame["iteration"], said
        kind = frame["kind"]
        if kind not in ("", told) and {other["kind"] for other in window} == {kind}:
            told = kind
            yield frame["iteration"], frame["said"]


def curve(data: dict[str, Any]) -> list[list[float]]:
    """(iteration, cost): of each stretch the least and the largest, to 5 digits."""
    costs = np.array(data["costs"])
    at = np.flatnonzero(np.isfinite(costs))
    chosen: list[int] = []
    for part in np.array_split(at, min(len(at), MOST_POINTS)) if len(at) else ():
        chosen += sorted({int(part[f(costs[part])]) for f in (np.argmin, np.argmax)})
    return [[data["iterations"][i], float(f"{costs[i]:.5g}")] for i in chosen]
