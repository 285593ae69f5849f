"""What a graph can become: the doors. Behind them views read `Graph`, and not each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GradientError, in_brief, wrong_operand
from ..graph import graph_for
from ..operands import stacked
from ..program.replay import Replay
from ..tensor import Tensor
from .changes import Difference, difference
from .words import say

quiet = np.errstate(all="ignore")  # who computes is warned; who looks needn't be, again

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .pages.data import Tale
    from .pages.film import Film
    from .picture.picture import Picture
    from .story.telling import Story

__all__ = [
    "Difference", "detail", "difference", "draw", "explain", "film", "follow", "frames", "page",
    "paths", "to_source",
]  # fmt: skip


@quiet
def explain(
    result: Tensor,
    wrt: Any = None,
    format: str = "text",
    names: Mapping[str, Any] | None = None,
    gradient: Any = None,
) -> Story:
    """The chain rule in words: who sends which gradient to whom, and why, step by step.

    `print` it, or let a notebook show it. `wrt`, a tensor or a name (or a list of them), tells
    only what leads to these gradients. `format` is "text", "html" (a fragment of a page) or
    "latex" (equations). `names=vars()` calls values as your variables are called; `gradient` is
    what arrives at a result that isn't a single number.

    Each gradient is checked by a nudge: the record is run again with one number moved a little.
    """
    from .story.telling import FORMATS, explained

    if format not in FORMATS:
        raise ValueError(f"explain: format {in_brief(format)} isn't one of {', '.join(FORMATS)}")
    graph = graph_for("explain", result, names, gradient)
    asked = [] if wrt is None else list(wrt) if isinstance(wrt, list | tuple) else [wrt]
    wanted = frozenset(graph.tracked("explain", x).id for x in asked)
    return explained(graph, wanted, Replay(result).nudged, format)


@quiet
def paths(
    result: Tensor, wrt: Any, names: Mapping[str, Any] | None = None, gradient: Any = None
) -> Story:
    """The gradient of `wrt`, a tensor or its name, as a sum over all paths from it to the result.

    Between single numbers each path has a product of local derivatives. Paths are counted, and
    summed, without walking them one by one; the first 16 are listed. Between arrays, at most 16
    paths are sent back one by one, and more are refused (ValueError). It always ends with the
    proof that the sum is the gradient.
    """
    from .story.routes import summed

    graph = graph_for("paths", result, names, gradient)
    return summed(graph, graph.tracked("paths", wrt).id, Replay(result).sent)


@quiet
def follow(
    result: Tensor, entry: str, names: Mapping[str, Any] | None = None, gradient: Any = None
) -> Story:
    """One entry of a tensor, such as `"W1[3, 5003]"`, and the contributions to its gradient.

    Its consumers' entries that it reaches, and upstream × local of each: the largest few, what
    the others add up to, and that the sum is the gradient.
    """
    from .story.entry import followed

    graph = graph_for("follow", result, names, gradient)
    return followed(graph, entry, Replay(result).column)


@quiet
def draw(
    result: Tensor,
    names: Mapping[str, Any] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    theme: str = "light",
    direction: str | None = None,
    gradient: Any = None,
) -> Picture:
    """The graph behind a result as a picture: a `graphviz.Digraph`, shown inline in notebooks.

    `names=vars()` calls values as your variables are called. `collapse` says which groups
    (modules) are one card: "auto", False (none: every operation is shown), a depth, or names;
    `expand` names groups to open all the same. `theme` is "light" or "dark", `direction` "LR",
    "TB", "RL" or "BT". `gradient` is what arrives at a result that isn't a single number.

    `.save("graph.svg")` (or .png, .pdf, .dot, .mmd, .txt) writes it. Rendering needs Graphviz:
    its `dot` program, or the pygraphviz package, which brings it along; .dot, .mmd and .txt need
    neither.
    """
    from .picture.picture import picture

    graph = graph_for("draw", result, names, gradient)
    return picture(graph, collapse, expand, theme, direction)


@quiet
def page(
    result: Tensor,
    filename: Any,
    names: Mapping[str, Any] | None = None,
    title: str | None = None,
    text: str = "",
    questions: Mapping[str, str] | None = None,
    collapse: str | bool | int | Iterable[str] = "auto",
    expand: str | Iterable[str] = (),
    direction: str | None = None,
    gradient: Any = None,
) -> str:
    """Writes a page that steps through a result's graph, forward and backward. Returns its path.

    One HTML file that needs no network: the picture, which is zoomed and moved, buttons and keys
    (← → Home End), every step as text, the paths and entries of the variable that is clicked,
    layers that open in their place, and a mode in which the learner predicts what comes. In a
    graph of up to 4,000 numbers the leaves can be changed, nudged and led downhill, and the page
    computes all that follows. What is seen has an address: `page.html#step-7&w=5`.

    `title` and `text` (paragraphs with an empty line between them) stand above the picture;
    `questions` and their answers, which open on a click, below it. The other arguments are those
    of `draw`. Needs Graphviz, as `draw(...).save("graph.svg")` does; raises `NoRenderer` where it
    is missing.
    """
    from .pages.document import check_texts, document, page_path

    path = page_path(filename, "page")
    questions = questions or {}
    check_texts(title, text, questions)
    tale = _tale("page", result, names, collapse, expand, direction, gradient)
    program = _javascript(result, tale, gradient)
    content = document(tale, title, text, questions, program)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return str(path)


@quiet
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
) -> list[str]:
    """Writes a picture of every step of `page`, for slides, and returns their paths.

    They are called step-00.svg, step-01.svg, ... (or .png, .pdf), all of one size, with every card
    in its place: what isn't known yet is missing, and what the step is about is marked. The other
    arguments are those of `draw`. Needs Graphviz, as `page` does. ValueError: more than 500 steps.
    """
    from .dot import THEMES
    from .pages.frames import FORMATS
    from .pages.frames import frames as pictures

    if format not in FORMATS:
        raise ValueError(f"frames: format {in_brief(format)} isn't one of {', '.join(FORMATS)}")
    if theme not in THEMES:
        raise ValueError(f"frames: theme {in_brief(theme)} isn't one of {', '.join(THEMES)}")
    tale = _tale("frames", result, names, collapse, expand, direction, gradient)
    return pictures(tale, folder, format, theme)


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
    from .layers import Unit, units
    from .pages.data import Tale
    from .picture.picture import scene
    from .scene import Scene
    from .story.steps import told

    graph = graph_for(who, result, names, gradient)
    found = units(graph, collapse, expand, who)
    drawn = scene(graph, found, direction, who)

    def draw(units: list[Unit]) -> Scene:
        return scene(graph, units, drawn.direction, who)

    return Tale(graph, found, drawn, told(graph), direction is None, draw)


def _javascript(result: Tensor, tale: Tale, gradient: Any) -> str:
    """The JavaScript that computes a graph from other numbers; '' where the tale says why not."""
    from ..program.javascript import javascript

    tale.still = tale.too_large()
    if tale.still:
        return ""
    try:
        return f"const rerun = {javascript(tale.graph, result, gradient)};"
    except (TypeError, ValueError, GradientError) as error:
        tale.still = say("page.still.unwritten", rule=str(error).split()[1])
        return ""


def film(
    filename: Any,
    every: int = 25,
    image_shape: tuple[int, ...] | None = None,
    title: str | None = None,
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
    """
    from .pages.document import page_path
    from .pages.film import Film

    path = page_path(filename, "film").absolute()
    if isinstance(every, bool) or not isinstance(every, int | np.integer) or every < 1:
        raise ValueError(f"film: every is a whole number of at least 1, got {every!r}")
    if image_shape is not None and len(image_shape) not in (2, 3):
        raise ValueError(f"film: image_shape is (height, width) or with colours, got {image_shape}")
    return Film(path, int(every), image_shape, title)


@quiet
def detail(tensor: Any, image_shape: tuple[int, ...] | None = None) -> Figure:
    """A figure of one tensor (or array), by matplotlib: `detail(W).savefig("W.png")`.

    It shows the values in the corner, the quantiles, a histogram, and a heat map of at most
    32 x 32 cells, each the mean of the entries in it. With `image_shape`, (64, 64, 3) or (28, 28),
    each row of a matrix is also shown as an image: of a weight, what that neuron looks for. Of
    colours the strongest weight is the brightest, and no weight is grey. Where random numbers
    that a weight began with hide what it learned, show how far it moved: `detail(W - before)`.
    """
    from .figure import figure

    array = tensor.data if isinstance(tensor, Tensor) else tensor
    array = stacked(array, "detail") if isinstance(array, list | tuple) else np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise wrong_operand("detail", array if hasattr(tensor, "__array__") else tensor)
    return figure(array, getattr(tensor, "name", None) or "tensor", image_shape)


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
