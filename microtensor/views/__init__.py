"""What a graph can become: the doors. Behind them views read `Graph`, and not each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from ..errors import GradientError, ShapeError, check_one_of, in_brief, wrong_operand
from ..graph import Graph, changed, graph_for
from ..operands import stacked
from ..program.replay import Replay
from ..tensor import Tensor
from .changes import Difference
from .changes import difference as compared
from .inline import Bundle, PagePath
from .languages import chosen, speaking
from .words import in_words, say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .pages.data import Tale
    from .pages.film import Film
    from .picture.picture import Picture
    from .story.telling import Story

__all__ = [
    "Difference", "detail", "difference", "draw", "explain", "film", "follow", "frames", "page",
    "paths", "to_source", "worksheet",
]  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")


def _speaks(door: Callable[P, T]) -> Callable[P, T]:
    """A door that says all in the `language` it is given, or else in what is spoken already.

    Who computes is warned by NumPy; who looks needn't be, again.
    """

    @wraps(door)
    def opened(*args: P.args, **options: P.kwargs) -> T:
        language: Any = options.get("language")
        with speaking(language, door.__name__), np.errstate(all="ignore"):
            return door(*args, **options)

    return opened


@_speaks
def explain(
    result: Tensor,
    wrt: Any = None,
    format: str = "text",
    names: Mapping[str, Any] | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> Story:
    """The chain rule in words: who sends which gradient to whom, and why, step by step.

    `print` it, or let a notebook show it. `wrt`, a tensor or a name (or a list of them), tells
    only what leads to these gradients. `format` is "text", "html" (a fragment of a page) or
    "latex" (equations). `names=vars()` calls values as your variables are called; `gradient` is
    what arrives at a result that isn't a single number. `language` is "en" or "es"; None: what the
    environment's MICROTENSOR_LANGUAGE says, else English. So it is with every door.

    Each gradient is checked by a nudge: the record is run again with one number moved a little.
    """
    from .story.telling import FORMATS, explained

    check_one_of("explain: format", format, FORMATS)
    graph = in_words(graph_for("explain", result, names, gradient))
    asked = [] if wrt is None else list(wrt) if isinstance(wrt, list | tuple) else [wrt]
    wanted = frozenset(graph.tracked("explain", x).id for x in asked)
    return explained(graph, wanted, Replay(result).nudged, format)


@_speaks
def paths(
    result: Tensor,
    wrt: Any,
    names: Mapping[str, Any] | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> Story:
    """The gradient of `wrt`, a tensor or its name, as a sum over all paths from it to the result.

    Between single numbers each path has a product of local derivatives. Paths are counted, and
    summed, without walking them one by one; the first 16 are listed. Between arrays, at most 16
    paths are sent back one by one, and more are refused (ValueError). It always ends with the
    proof that the sum is the gradient.
    """
    from .story.routes import summed

    graph = in_words(graph_for("paths", result, names, gradient))
    return summed(graph, graph.tracked("paths", wrt).id, Replay(result).sent)


@_speaks
def follow(
    result: Tensor,
    entry: str,
    names: Mapping[str, Any] | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> Story:
    """One entry of a tensor, such as `"W1[3, 5003]"`, and the contributions to its gradient.

    Its consumers' entries that it reaches, and upstream × local of each: the largest few, what
    the others add up to, and that the sum is the gradient.
    """
    from .story.entry import followed

    graph = in_words(graph_for("follow", result, names, gradient))
    return followed(graph, entry, Replay(result).column)


@_speaks
def draw(
    result: Tensor | BaseException,
    names: Mapping[str, Any] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    theme: str = "light",
    direction: str | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> Picture:
    """The graph behind a result as a picture: a `graphviz.Digraph`, shown inline in notebooks.

    `names=vars()` calls values as your variables are called. `collapse` says which groups
    (modules) are one card: "auto", False (none: every operation is shown), a depth, or names, and
    what is beside these is as at "auto"; `expand` names groups to open all the same. `theme` is
    "light" or "dark", `direction` "LR", "TB", "RL" or "BT". `gradient` is what arrives at a result
    that isn't a single number.

    Of an error, `except Exception as error: draw(error)`, it shows what was recorded until then,
    and what failed, marked with the message; ValueError where nothing was.

    `.save("graph.svg")` (or .png, .pdf, .dot, .mmd, .txt) writes it. Rendering needs Graphviz:
    its `dot` program, or the pygraphviz package, which brings it along; .dot, .mmd and .txt need
    neither.
    """
    from ..failure import failure
    from .picture.picture import picture

    if isinstance(result, BaseException):
        stand_in, beside, message, (function, line, file) = failure(result)
        graph = in_words(graph_for("draw", stand_in, names, None, beside))
        place = say("failed.at", function=function, line=line, file=file)
        return picture(graph, collapse, expand, theme, direction, (message, place))
    graph = in_words(graph_for("draw", result, names, gradient))
    return picture(graph, collapse, expand, theme, direction)


def _shown(graph: Graph, include: Any = None, exclude: Any = None) -> Bundle:
    """What a notebook shows of a graph: its picture."""
    from .picture.picture import picture

    return picture(in_words(graph))._repr_mimebundle_()  # type: ignore[no-any-return]


Graph._repr_mimebundle_ = _shown


@_speaks
def page(
    result: Tensor,
    filename: Any,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
    text: str = "",
    questions: Mapping[str, Any] | None = None,
    links: Mapping[str, str] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    direction: str | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
    translations: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Writes a page that steps through a result's graph, forward and backward. Returns its path.

    One HTML file that needs no network: the picture, which is zoomed and moved, buttons and keys
    (← → Home End), every step as text, the paths and entries of the variable that is clicked,
    layers that open in their place, and a mode in which the learner predicts what comes. In a
    graph of up to 4,000 numbers the leaves can be changed, nudged and led downhill, and the page
    computes all that follows. What is seen has an address: `page.html#step-7&w=5`.

    `title` and `text` (paragraphs with an empty line between them) stand above the picture. Below
    it are `questions`, a dict of them and their answers. An answer that is a text opens on a
    click; `(6, "2 · 3 is 6.")` is checked, explained and counted, and so is
    `(["yes", "no"], "It is.")`, where the right choice comes first and the page sorts them. A
    number is right, if it isn't whole, when it is rounded to two digits or more. `links`, texts
    and where they lead (`{"Next lesson": "2.html"}`, seen from this page), stand at the top and
    at the end; an address that ends in # leads to the same step there. The other arguments are
    those of `draw`.

    With `translations`, such as `{"es": {"title": "Una neurona"}}`, the page is in these languages
    too, each with what of `title`, `text`, `questions` and `links` is its own, and has a switch.
    That adds about a third of its size for each.

    Needs Graphviz, as `draw(...).save("graph.svg")` does; raises `NoRenderer` where it is missing.
    """
    from .pages.document import document, page_path
    from .pages.lesson import lesson
    from .pages.together import translated

    path = page_path(filename, "page")

    def written(**texts: Any) -> str:
        parts = lesson("page", **texts)
        tale = _tale("page", result, names, collapse, expand, direction, gradient)
        return document(tale, parts, *_javascript(result, tale, gradient))

    texts = {"title": title, "text": text, "questions": questions, "links": links}
    content = translated(written, texts, translations or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return PagePath(path)


@_speaks
def frames(
    result: Tensor,
    folder: Any,
    format: str = "svg",
    names: Mapping[str, Any] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    theme: str = "light",
    direction: str | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> list[str]:
    """Writes a picture of every step of `page`, for slides, and returns their paths.

    They are called step-00.svg, step-01.svg, ... (or .png, .pdf), all of one size, with every card
    in its place: what isn't known yet is missing, and what the step is about is marked. The other
    arguments are those of `draw`. Needs Graphviz, as `page` does. ValueError: more than 500 steps.
    """
    from .dot import THEMES
    from .pages.frames import FORMATS
    from .pages.frames import frames as pictures

    check_one_of("frames: format", format, FORMATS)
    check_one_of("frames: theme", theme, THEMES)
    tale = _tale("frames", result, names, collapse, expand, direction, gradient)
    return pictures(tale, folder, format, theme)


@_speaks
def worksheet(
    result: Tensor,
    filename: Any,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
    text: str = "",
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    direction: str | None = None,
    gradient: Any = None,
    *,
    language: str | None = None,
) -> str:
    """Writes a worksheet for print, and returns its path: a graph to be filled in by hand.

    One HTML file that needs no network: the picture with a blank for every number but those of
    the leaves, a line for each step, and on pages of their own the key. The arguments are those
    of `page`. Needs Graphviz, as `page` does.
    """
    from .pages.document import page_path
    from .pages.lesson import lesson
    from .pages.worksheet import worksheet as sheet

    path = page_path(filename, "worksheet")
    parts = lesson("worksheet", title, text, None, None)
    tale = _tale("worksheet", result, names, collapse, expand, direction, gradient)
    content = sheet(tale, parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(path)


def _tale(
    who: str,
    result: Tensor,
    names: Any,
    collapse: Any,
    expand: Any,
    direction: str | None,
    gradient: Any,
) -> Tale:
    """What a page steps through."""
    from .layers import stepped, units
    from .pages.data import Tale
    from .picture.picture import scene
    from .story.steps import told

    graph = in_words(graph_for(who, result, names, gradient, data=False))
    found = units(graph, collapse, expand, who, stepped)
    drawn = scene(graph, found, direction, who)
    again = partial(scene, graph, direction=drawn.direction, who=who)
    return Tale(graph, found, drawn, told(graph), direction is None, again)


def _javascript(result: Tensor, tale: Tale, gradient: Any) -> tuple[str, str]:
    """The JavaScript that computes a graph from other numbers; else '', and why there is none."""
    from ..program.javascript import javascript

    if too_large := tale.too_large():
        return "", too_large
    try:
        return f"const rerun = {javascript(tale.graph, result, gradient)};", ""
    except (TypeError, ValueError, GradientError) as error:
        return "", say("page.still.unwritten", rule=str(error).split()[1])


def film(
    filename: Any,
    every: int = 25,
    image_shape: tuple[int, ...] | None = None,
    title: str | None = None,
    text: str = "",
    questions: Mapping[str, Any] | None = None,
    links: Mapping[str, str] | None = None,
    *,
    language: str | None = None,
) -> Film:
    """Films a training, as one page that needs no network. A callback of `nn.fit`:

        nn.fit(model, X, Y, callbacks=[microtensor.film("training.html", every=25)])

    The page has a slider over the iterations: the cost, and of every `every`-th iteration each
    layer's histograms and root mean squares of values and gradients, how fast it learns, and
    which of its units are open. Units that die and layers that starve are pointed at in words.
    For inputs of two numbers there is the decision boundary, and with `image_shape`, (64, 64, 3)
    or (28, 28), the first layer's weights as images.

    In a loop of one's own, call it between `backward()` and the update with the cost as a tensor,
    `film(iteration, cost)`; or say what is trained, once, and call it wherever you like with the
    cost as a number:

        film.watch(model, X, Y)

    What it writes is there from the first frame on, and brought up to date while the training
    runs, at its end, and when Python ends, also by Ctrl-C or an error; `film.write()` does it at
    once. Of more than 250 frames every second is dropped. Nothing of the training is changed.

    `title`, `text`, `questions` and `links` are those of `page`.
    """
    from .pages.document import page_path
    from .pages.film import Film
    from .pages.lesson import lesson

    path = page_path(filename, "film").absolute()
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(f"film: every is a whole number of at least 1, got {every!r}")
    _check_images("film", image_shape)
    with speaking(language, "film"):
        parts = lesson("film", title, text, questions, links)
        return Film(path, int(every), image_shape, parts, chosen())


def _check_images(who: str, shape: Any) -> None:
    """ShapeError for an `image_shape` that is none."""
    known = shape is None or (
        isinstance(shape, list | tuple)
        and all(isinstance(n, int | np.integer) and n > 0 for n in shape)
        and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)))
    )
    if not known:
        raise ShapeError(
            f"{who}: image_shape is rows and columns, such as (28, 28), and maybe 3 colours, "
            f"such as (64, 64, 3), got {in_brief(shape)}"
        )


@_speaks
def detail(
    tensor: Any, image_shape: tuple[int, ...] | None = None, *, language: str | None = None
) -> Figure:
    """A figure of one tensor (or array), by matplotlib: `detail(W).savefig("W.png")`.

    It shows the values in the corner, the quantiles, a histogram, and a heat map of at most
    32 x 32 cells, each the mean of the entries in it. With `image_shape`, (64, 64, 3) or (28, 28),
    each row of a matrix is also shown as an image: of a weight, what that neuron looks for. Of
    colours the strongest weight is the brightest, and no weight is grey. Where random numbers
    that a weight began with hide what it learned, show how far it moved: `detail(W - before)`.
    """
    from .figure import figure

    _check_images("detail", image_shape)
    array = tensor.data if isinstance(tensor, Tensor) else tensor
    array = stacked(array, "detail") if isinstance(array, list | tuple) else np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise wrong_operand("detail", array if hasattr(tensor, "__array__") else tensor)
    name = getattr(tensor, "name", None) or "tensor"
    return figure(array, name, image_shape, changed(tensor) if isinstance(tensor, Tensor) else "")


@_speaks
def difference(before: Graph, after: Graph, *, language: str | None = None) -> Difference:
    """What changed between two graphs of the same program; `print` it.

    Take a graph (`Graph.of(loss)`) of each training step and compare them. Of a layer, that is
    its parameters and what the picture calls Z and A. Raises ValueError where the two weren't
    computed by the same operations on the same shapes.
    """
    return compared(before, after)


def to_source(
    result: Tensor,
    wrt: Tensor | str | Sequence[Tensor | str] | None = None,
    names: Mapping[str, Any] | None = None,
    xp: str = "numpy",
) -> str:
    """The NumPy program behind a result and its gradients, as a person would have written it.

    The text is a module that needs NumPy alone. Its function, `L_and_gradients(X, W1, b1)`,
    takes the data and parameters that the result was computed from, and returns the value and a
    dict of gradients by name. It gives the engine's numbers, rounding apart, for other inputs of
    the same shapes and dtypes, and for other numbers of examples too, unless its docstring says
    that it doesn't; what Python did meanwhile (branches, loops, random draws) is written as it
    went when the result was recorded.

    `wrt` are tensors, or their names, to have gradients of; None: every leaf that requires one.
    `names=vars()` calls values as your variables are called. Arrays that have no name of theirs
    become parameters too, and short constants stand in the text. What no gradient flows through (a
    comparison, `1 - y` of data) isn't recorded, and becomes a parameter, unless it is computed
    `with record_constants():`. `xp="jax.numpy"` writes it for JAX, pure, so that it runs under
    `jax.jit` (in float64 where JAX's `jax_enable_x64` is set).

    ValueError: a constant or unknown `wrt`, or more than 20,000 operations. TypeError: an
    operation of one's own that isn't written in NumPy's functions.
    """
    from ..program.source import program

    return program(result, wrt, names, xp).text()
