"""The whole story as text, HTML and LaTeX; sums over paths; one entry followed."""

import html
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from cases import CASES
from counting import calls
from hypothesis import given
from hypothesis import strategies as st

import microtensor as mt
import nn
from microtensor import Graph, Tensor, draw, explain, follow, group, paths
from microtensor.program.replay import Replay
from microtensor.views.story.entry import reaches
from microtensor.views.story.routes import Paths
from microtensor.views.story.telling import WIDTH

HOSTILE = [
    "<b>",
    '"',
    "a:b",
    "\\N",
    "</script>",
    "{0}",
    "a\nb",
    "\x1b[31m",
    "\ud800",
    "😀",
    "x" * 9999,
]


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def neuron():
    w, b, x = leaf(2.0, "w"), leaf(0.5, "b"), Tensor(-1.0, name="x")
    z = w * x + b
    L = mt.log(mt.sigmoid(z))
    z.name, L.name = "z", "L"
    return L


def several_paths():
    a, c = leaf(2.0, "a"), leaf(-3.0, "c")
    p, q = a * a, a * c
    y = p + q
    p.name, q.name, y.name = "p", "q", "y"
    return y


# explain ----------------------------------------------------------------------------------------

NEURON = """\
L = log(σ(w · x + b))

Forward: each value from those before it.
    1  t1 = w · x = 2 · (−1) = −2
    2  z = t1 + b = (−2) + 0.5 = −1.5
    3  a = σ(z) = σ(−1.5) = 0.1824
    4  L = log(a) = log(0.1824) ≈ −1.701

Backward: newest first, each value sends upstream × local to what it came from.
    5  Start at L
       ∂L/∂… is how fast L moves when that value moves, so ∂L/∂L = 1.
       From here the chain rule goes back, newest value first, so that a gradient is
         complete before it is sent on.
       Each value sends what arrived at it (upstream) times a local derivative.
    6  L sends to a
       Upstream ∂L/∂L = 1, local ∂L/∂a = 1/a = 5.482: 1 × 5.482 = 5.482.
       The rule: log is steep near 0 and flat far from it, with slope 1/a.
       ∂L/∂a = 5.482, complete.
    7  a sends to z
       Upstream ∂L/∂a = 5.482, local ∂a/∂z = a(1 − a) = 0.1491: 5.482 × 0.1491 ≈ 0.8176.
       The rule: sigmoid's slope is at most 0.25, so each one shrinks the gradient at
         least four times.
       ∂L/∂z = 0.8176, complete.
    8  z sends to t1
       Upstream ∂L/∂z = 0.8176, local ∂z/∂t1 = 1: 0.8176 × 1 = 0.8176.
       The rule: a sum moves as much as each of its parts.
       ∂L/∂t1 = 0.8176, complete.
    9  z sends to b
       Upstream ∂L/∂z = 0.8176, local ∂z/∂b = 1: 0.8176 × 1 = 0.8176.
       ∂L/∂b = 0.8176, complete.
   10  t1 sends to w
       Upstream ∂L/∂t1 = 0.8176, local ∂t1/∂w = x = −1: 0.8176 × (−1) = −0.8176.
       The rule: a factor's move is multiplied by the other factor.
       ∂L/∂w = −0.8176, complete.

Gradients
  ∂L/∂w = −0.8176;  w + 1e−6 moves L by −8.176e−7
  ∂L/∂b = 0.8176;  b + 1e−6 moves L by 8.176e−7"""


def test_a_neuron():
    story = explain(neuron())
    assert story == NEURON
    assert repr(story) == NEURON  # so that a prompt shows it as it is
    assert max(map(len, story.splitlines())) <= WIDTH


def test_a_reason_is_told_once():
    W, v = leaf(np.ones((2, 2)), "W"), leaf([1.0, 2.0], "v")
    story = explain((W @ v) @ v)
    assert story.count("each product has one factor from either side") == 1
    assert story.count("an entry of W reaches L through one entry of z1") == 1
    assert story.count("an entry of v reaches L through every entry of z1") == 1
    assert "The Jacobian ∂L" not in story  # that one is the gradient itself


def test_rows_and_products_stay_on_one_line():
    W = leaf(np.arange(12.0).reshape(3, 4) / 7, "W")
    Z = W * W
    for result in ((Z * Z).sum(), several_paths(), neuron()):
        story = explain(result)
        for line in story.splitlines():
            assert line.count("[") - line.count("]") in (-1, 0, 1)  # no row is left open
            assert not line.endswith((" =", " ≈", " ×"))
            assert "\xa0" not in line
            assert len(line) <= WIDTH


def test_wrt_tells_only_what_leads_there():
    L = neuron()
    story = explain(L, wrt="b")
    assert "z sends to b" in story
    assert "t1" not in story.partition("Backward")[2]
    assert story.endswith("Gradients\n  ∂L/∂b = 0.8176;  b + 1e−6 moves L by 8.176e−7")
    w, z = (next(t for t in tensors(L) if t.name == name) for name in "wz")
    assert explain(L, wrt=[w, "b"]).count("moves L by") == 2
    assert "∂L/∂z = 0.8176;  z + 1e−6 moves L by" in explain(L, wrt=z)
    assert "sends to b" not in explain(L, wrt=z)


def tensors(result):
    return [p.value for p in Replay(result).places.values()]


@pytest.mark.parametrize("tell", [explain, paths])
@pytest.mark.parametrize(
    ("wrt", "said"),
    [
        ("v", "the result wasn't computed from 'v'; it has gradients of: w, b, z, L"),
        ("x", "'x' has no gradient: it doesn't require one"),
        (leaf(1.0, "other"), "the result wasn't computed from 'other'; it has gradients of: w, b"),
        (leaf(1.0), "the result wasn't computed from the tensor; it has gradients of: w, b"),
    ],
)
def test_what_has_no_gradient_is_said(tell, wrt, said):
    with pytest.raises(ValueError) as caught:
        tell(neuron(), wrt)
    assert str(caught.value).startswith(f"{tell.__name__}: {said}")


def test_formats():
    with pytest.raises(ValueError) as caught:
        explain(neuron(), format="pdf")
    assert str(caught.value) == "explain: format 'pdf' isn't one of text, latex, html"


def test_what_a_notebook_shows():
    story = explain(neuron())
    page = explain(neuron(), format="html")
    assert story._repr_mimebundle_() == {"text/plain": story, "text/html": page}
    assert explain(neuron(), format="latex")._repr_mimebundle_()["text/latex"].startswith("\\begin")
    said = html.unescape(re.sub("<[^>]*>", " ", page)).split()
    numbered = re.sub(r"^ +(\d+)  ", r"\1. ", story, flags=re.MULTILINE)
    assert said == numbered.split()


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name):
    x = leaf(2.0, name)
    y = x * x + x
    y.name = "y"
    story, page, tex = (explain(y, format=f) for f in ("text", "html", "latex"))
    for text in (story, page, tex):
        assert all(c.isprintable() or c == "\n" for c in text)
        assert len(text) < 20_000
        text.encode()
    assert "<b>" not in page
    assert set(re.findall("</?([a-z0-9]+)", page)) <= {"div", "h3", "h4", "p", "strong", "br"}
    assert "\\N" not in tex
    assert tex.count("{") == tex.count("}")
    follow(y, name).encode()
    paths(y, name).encode()


def test_layers_are_called_as_in_pictures():
    model = nn.CatClassifier((6, 4, 3, 1), rng=1)
    X = np.random.default_rng(0).uniform(size=(5, 6))
    loss = nn.BCELoss()(model(X), np.eye(5)[:, :1])
    names = {"loss": loss, "X": X}
    story = explain(loss, names=names)
    assert "  CatClassifier › layer2 › layers.1:\n    8  A2 = relu(Z2) (5×3, RMS " in story
    rules = story.partition("The rules, each where it first works.")[2]
    first = re.findall(r"^  (\w+) = ", rules, re.M)
    assert first[:3] == ["loss", "t14", "t13"]  # in the order of the way back
    assert re.search(r"A3 = σ\(Z3\): sigmoid's .* Here\s+the slope is at most 0\.2", rules, re.S)
    assert re.search(r"A2 = relu\(Z2\): a gate, .* The\s+gate is \d\S* % open\.", rules, re.S)
    assert len(story.splitlines()) < 110
    assert "t1[3, 2] reaches 5 entries of t2, since t2 = X @ t1;" in follow(loss, "W1[2, 3]", names)
    assert "∂loss/∂Z1" in paths(loss, "Z1", names)


def test_two_values_of_one_name_are_told_apart():
    first, second = leaf(2.0, "x"), leaf(3.0, "x")
    y = first * second
    assert explain(y, "x_2").endswith("\n  ∂L/∂x_2 = 2;  x_2 + 1e−6 moves L by 2e−6")
    assert paths(y, second) == paths(y, "x_2") and paths(y, first) == paths(y, "x")
    assert follow(y, "x").startswith("∂L/∂x = 3\n")


def test_groups_are_headings():
    x = leaf(2.0, "x")
    with group("first"):
        y = x * 3.0
        with group("inner"):
            y = y.sin()
    story = explain(y + x)
    assert story.count("  first:\n") == story.count("  first › inner:\n") == 2


def test_without_a_gradient_it_says_why():
    x = leaf([1.0, 2.0], "x")
    y = x * 2.0
    y.name = "y"
    reduced = "reduce it by .sum() or .mean(), or pass gradient=."
    assert f"None: y (2) isn't a single number; {reduced}" in " ".join(explain(y).split())
    assert explain(y, gradient=[1.0, 10.0]).endswith("∂L/∂x = [2, 20]")
    for _ in range(50):
        y = y * 2.0
    assert "isn't a single number" in explain(y)
    assert "Backward" not in explain(y)
    assert "The rules" not in explain(y)
    constant = explain(Tensor(2.0, name="c"))
    assert constant.startswith("c\n\nGradients\n  None: nothing here requires a gradient;")


@pytest.mark.parametrize(
    ("f", "x", "said"),
    [
        (abs, 0.0, "∂L/∂x = 0;  x + 1e−6 moves L by 1e−6, and x − 1e−6 by 1e−6: a kink"),
        (mt.relu, 0.0, "x + 1e−6 moves L by 1e−6, and x − 1e−6 by 0: a kink"),
        (mt.relu, 1.0, "∂L/∂x = 1;  x + 1e−6 moves L by 1e−6"),
        (mt.relu, 5e-7, "∂L/∂x = 1;  x + 1e−6 moves L by 1e−6"),  # the kink is beside it
        (mt.relu, -1.0, "∂L/∂x = 0;  x + 1e−6 moves L by 0"),
        (mt.relu, -3e-7, "∂L/∂x = 0;  x + 1e−9 moves L by 0"),  # the kink lies within the step
        (abs, -5e-7, "∂L/∂x = −1;  x + 1e−9 moves L by −1e−9"),
        (abs, 3e-7, "∂L/∂x = 1;  x + 1e−6 moves L by 1e−6"),
        (lambda x: abs(x) + 1e3, 0.0, "and x − 1e−6 by 1e−6: a kink"),
        (lambda x: mt.exp(abs(x)), 0.0, "and x − 1e−6 by 1e−6: a kink"),
        (lambda x: mt.maximum(x, 2 * x), 0.0, "by 2e−6, and x − 1e−6 by −1e−6: a kink"),
        (lambda x: mt.maximum(x, 2 * x), 2e-7, "∂L/∂x = 2;  x + 1e−6 moves L by 2e−6"),
        (lambda x: mt.stack([x, -x, 0 * x]).max(), 0.0, "by 1e−6, and x − 1e−6 by 1e−6: a kink"),
        (mt.square, 3e-6, "∂L/∂x = 6e−6;  x + 1e−9 moves L by 6.001e−15"),  # it bends
        (mt.square, 1e-7, "∂L/∂x = 2e−7;  x + 1e−6 moves L by 1.2e−12"),
        (mt.square, 0.0, "∂L/∂x = 0;  x + 1e−6 moves L by 1e−12"),
        (lambda x: mt.relu(x) ** 2, 0.0, "∂L/∂x = 0;  x + 1e−6 moves L by 1e−12"),
        (mt.exp, 0.0, "∂L/∂x = 1;  x + 1e−6 moves L by 1e−6"),
        (lambda x: mt.exp(x * 1e5), 0.0, "∂L/∂x = 1e5;  x + 1e−9 moves L by 0.0001"),
        (mt.sqrt, 1e-6, "∂L/∂x = 500;  x + 1e−9 moves L by 4.999e−7"),
        (lambda x: mt.cos(x * 1e6), 0.0, "∂L/∂x = 0;  x + 1e−6 moves L by −0.4597"),
        (mt.square, 12345.0, "x + 0.01 moves L by 246.9"),
        (mt.log, 0.0, "∂L/∂x = inf"),
        (mt.tanh, np.inf, "∂L/∂x = 0"),
        (lambda x: (x * np.ones(0)).sum(), 1.0, "∂L/∂x = 0;  x + 1e−6 moves L by 0"),
        (lambda x: x * 1e-9 + 1e9, 1.0, "∂L/∂x = 1e−9"),  # lost beside 1e9
    ],
)
def test_nudges(f, x, said):
    with np.errstate(all="ignore"):
        assert explain(f(leaf(x, "x"))).endswith(said)


def test_no_nudge_where_it_would_take_long_or_not_be_the_gradient(monkeypatch):
    x = leaf(2.0, "x")
    assert explain(x * x, gradient=10.0).endswith("∂J/∂x = 40")
    assert explain(leaf(np.zeros((0, 2)), "e").sum()).endswith("∂L/∂e (0×2, empty)")
    monkeypatch.setattr("microtensor.views.story.telling.MOST_REPLAYED", 2 * 203)
    assert explain(x + 1.0).endswith("∂L/∂x = 1")
    monkeypatch.setattr("microtensor.views.story.telling.MOST_REPLAYED", 2 * 303)
    assert explain(x + 1.0).endswith("moves L by 1e−6")


def test_a_nudge_moves_the_entry_with_the_largest_gradient():
    W = leaf([[1.0, 2.0], [3.0, 4.0]], "W")
    story = explain((W * np.array([[1, 2], [-5, 3]])).sum())
    assert "W[1, 0] + 1e−6 moves L by −5e−6" in story
    assert W.data.tolist() == [[1, 2], [3, 4]]


def test_long_stories_stay_short_and_linear():
    def chain(n):
        x = leaf(0.5, "x")
        y = x
        for _ in range(n // 2):
            y = (y * 0.999).tanh()
        return y

    middle = explain(chain(60))
    assert "left out" not in middle
    assert "tanh is steepest at 0" in middle.partition("The rules, each where it first works.")[2]
    story = explain(chain(1_000))
    assert len(story.splitlines()) < 60
    assert "… 980 steps left out: 490 of multiply, 490 of tanh …" in story
    assert " 1001  ∂L/∂L = 1\n 1002  L sends to z500: 1 × " in story
    assert " 2001  z1 sends to x: " in story
    y = leaf(0.5, "x")
    for _ in range(50):
        y = ((y * 0.999).tanh() + 0.5 - 0.25).sin().cos()
    assert "… 280 steps left out: " in explain(y)
    assert " and 2 other rules …" in " ".join(explain(y).split())
    short, long = chain(200), chain(600)
    assert calls(lambda: explain(long)) < 3.5 * calls(lambda: explain(short))


def test_what_is_left_out_of_a_long_story_counts():
    x = leaf(1.0, "x")
    y = x
    for k in range(500):
        y = y.sin() if k == 250 else y * x
    story = explain(y)
    assert "complete: all 500 contributions have arrived" in " ".join(story.split())
    assert "  t251 = sin(t250): the slope of sin is cos." in story


def test_many_leaves():
    leaves = [leaf(float(k), f"x{k}") for k in range(30)]
    y = leaves[0]
    for x in leaves[1:]:
        y = y + x
    assert explain(y).endswith("∂L/∂x19 = 1;  x19 + 1e−5 moves L by 1e−5\n  and 10 more")


# LaTeX ------------------------------------------------------------------------------------------


def test_latex():
    tex = explain(several_paths(), format="latex")
    assert tex.startswith("\\begin{align*}\np &= a \\cdot a = 2 \\cdot 2 = 4 \\\\\n")
    assert (
        "\\frac{\\partial y}{\\partial c} &= \\frac{\\partial y}{\\partial q} \\, "
        "\\frac{\\partial q}{\\partial c} \\\\\n&= 1 \\cdot a = 1 \\times 2 = 2 \\\\\n"
    ) in tex
    assert tex.endswith(
        "&= 1 \\cdot c + 1 \\cdot a + 1 \\cdot a = "
        "1 \\times (-3) + 1 \\times 2 + 1 \\times 2 = 1\n\\end{align*}"
    )
    about_a = explain(several_paths(), "a", "latex")
    assert "\\frac{\\partial y}{\\partial c} &=" not in about_a
    assert "\\frac{\\partial y}{\\partial a} &=" in about_a


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (mt.sqrt, r"\sqrt{x_{1}} = \sqrt{16} = 4"),
        (lambda x: x**10 * 1e-20, r"x_{1}^{10} = 16^{10} = 1.1 \times 10^{12}"),
        (lambda x: x / 3, r"x_{1} / 3 = 16 / 3 = 5.333"),
        (lambda x: 1 / x, r"-\frac{L}{x_{1}}"),
        (mt.log, r"1 \cdot \frac{1}{x_{1}} = 1 \times 0.0625 = 0.0625"),
        (lambda x: x * np.inf, r"16 \cdot \infty = \infty"),
        (mt.tanh, r"\left(1 - L^{2}\right)"),
        (mt.log1p, r"L &= \mathrm{log1p}(x_{1}) = \mathrm{log1p}(16) = 2.833"),
        (lambda x: mt.arctan2(x, 4), r"\left(\frac{4}{x_{1}^{2} + 4^{2}}\right)"),
    ],
)
def test_formulas_in_latex(f, said):
    y = f(leaf(16.0, "x1"))
    assert said in explain(y, format="latex")


def every_rule():
    """A scalar graph of many rules, with names of every kind."""
    a, b, x1 = leaf(2.0, "a"), leaf(-0.3, "my_b"), leaf(0.7, "x1")
    y = a * b / x1 - a**2 + x1**a + mt.sqrt(a) + mt.square(b) + mt.exp(b) + mt.expm1(x1)
    y = y + mt.log1p(a) + mt.sin(a) * mt.cos(b) + mt.tanh(x1) + mt.softplus(-b) + abs(b) + x1**3
    y = y + mt.maximum(a, b) + mt.minimum(a, x1) + mt.clip(a, 0.0, 1e-9) + 3.5e-7 * a + mt.relu(b)
    y = y + mt.where(np.True_, a, b)
    y.name = "loss 1"
    return y


@pytest.mark.parametrize(
    "result",
    [neuron, several_paths, pytest.param(every_rule, marks=pytest.mark.acceptance)],
)
def test_latex_is_read_by_matplotlib(result):
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads the formulas")
    parser = mathtext.MathTextParser("path")
    tex = explain(result(), format="latex")
    rows = tex.removeprefix("\\begin{align*}\n").removesuffix("\n\\end{align*}")
    for row in rows.split(" \\\\\n"):
        if "vdots" not in row:
            parser.parse(f"${row.replace('&', '')}$")


def test_names_in_latex():
    tex = explain(every_rule(), format="latex")
    assert r"\mathrm{my\_b}" in tex
    assert r"\mathrm{loss\ 1}" in tex


def test_latex_of_arrays_is_balanced():
    A, B = leaf(np.eye(2, 3), "A"), leaf(np.ones((3, 2)), "B")
    b = leaf([1.0, 2.0], "b")
    Z = mt.relu(A @ B + b)
    Z.name, L = "Z", (Z.T[0:1] * 2.0).mean() + mt.softmax(Z).sum() + mt.logsumexp(Z) + Z.max()
    tex = explain(L, format="latex")
    assert tex.count("{") == tex.count("}")
    assert tex.count("\\begin{pmatrix}") == tex.count("\\end{pmatrix}") > 5
    assert "A^{\\top} \\, \\frac{\\partial L" in tex
    assert "\\;\\text{(added over axis 0)}" in tex
    assert "\\odot 1" not in tex
    assert "1 \\;\\text{if}\\; \\mathrm{Z\\_2} > 0 \\;\\text{else}\\; 0" in tex
    large = explain((leaf(np.ones((20, 30)), "W") * 2.0).sum(), format="latex")
    assert "\\text{(20 by 30, }\\mathrm{RMS}" in large


def test_long_latex_is_cut():
    y = x = leaf(1.0, "x")
    for _ in range(500):
        y = y * x
    tex = explain(y, format="latex")
    assert "\\vdots \\qquad \\text{(" in tex
    assert len(tex.splitlines()) < 60
    assert " + \\cdots = 501" in tex


# paths ------------------------------------------------------------------------------------------


def test_paths():
    assert paths(several_paths(), "a") == (
        "∂y/∂a: 3 paths lead from a to y\n"
        "\n"
        "Each path's product of local derivatives:\n"
        "    1  a → p (1st use) → y\n"
        "       ∂p/∂a (1st) × ∂y/∂p = 2 × 1 = 2\n"
        "    2  a → p (2nd use) → y\n"
        "       ∂p/∂a (2nd) × ∂y/∂p = 2 × 1 = 2\n"
        "    3  a → q → y\n"
        "       ∂q/∂a × ∂y/∂q = (−3) × 1 = −3\n"
        "\n"
        "The proof:\n"
        "  The sum of all paths is 2 + 2 + (−3) = 1.\n"
        "  Backward found the same: ∂y/∂a = 1."
    )


def test_a_single_path():
    story = paths(neuron(), "w")
    assert story.startswith("∂L/∂w: 1 path leads from w to L\n")
    assert "    1  w → t1 → z → a → L\n       (−1) × 1 × 0.1491 × 5.482 ≈ −0.8176\n" in story
    assert "  There is one path, so its product is the whole sum: −0.8176.\n" in story


def test_a_billion_paths_are_counted_at_once():
    x = leaf(1.0, "x")
    y = x
    for _ in range(30):
        y = y + y
    story = paths(y, x)
    assert story.startswith("∂L/∂x: 1,073,741,824 paths lead from x to L\n")
    assert story.count("1 × 1 × 1 × … × 1 × 1 × 1 = 1") == 16
    assert len(set(re.split(r" 1 × 1 × 1 × … × 1 × 1 × 1 = 1 ", " ".join(story.split())))) == 17
    assert "  Every path passes through t1, t2, t3, …, t27, t28, t29.\n" in story
    assert "  So the count is a product: 2 × 2 × 2 × … × 2 × 2 × 2.\n" in story
    assert "  And so is the sum: 2 × 2 × 2 × … × 2 × 2 × 2 = 1.074e9.\n" in story
    assert "  Backward found the same: ∂L/∂x = 1.074e9." in story


def test_thousands_of_digits():
    y = x = leaf(1e-3, "x")
    for _ in range(1500):
        y = y * 0.5 + y * 0.5
    assert "about 3.51e451 paths lead from x" in paths(y, x)


def test_paths_without_a_common_value_are_factored_by_their_first_step():
    u = leaf(0.5, "u")
    h = [u]
    for k in range(8):
        h.append(u * h[-1] + float(k))
    y = h[-1] * h[-2]
    y.name = "y"
    story = paths(y, "u")
    assert "All of them, factored:" in story
    shown = re.findall(
        r"∂\S+/∂u(?: \(\S+\))? × the sum over (\S+) paths? from \S+ to y: .* [=≈] (\S+)", story
    )
    many = int(re.search(r"∂y/∂u: (\d+) paths lead", story)[1])
    assert sum(int(count) for count, _ in shown) == many > 16
    gradient = float(re.search(r"∂y/∂u = (\S+)\.$", story)[1])
    assert math.fsum(float(s) for _, s in shown) == pytest.approx(gradient, 1e-3)


def test_a_local_derivative_that_is_called_as_the_gradient_is_told_apart_from_it():
    x = leaf(2.0, "x")
    h = np.tanh(x)
    h.name = "h"
    f = h + x
    f.name = "f"
    told = str(explain(f))
    assert "local ∂f/∂x (direct) = 1" in told and "So far ∂f/∂x = 1; 1 contribution" in told
    assert "∂f/∂h = 1, complete." in told and "∂f/∂h (" not in told  # its only way
    assert "∂f/∂x (direct) = 1\n" in str(paths(f, x)) and "∂h/∂x × ∂f/∂h" in str(paths(f, x))
    assert "∂f/∂x (directa) = 1\n" in str(paths(f, x, language="es"))
    assert "∂f/∂f × ∂f/∂x (direct):  1 × 1 = 1" in str(follow(f, "x"))
    assert "∂f/∂x (direct) = 1" in str(draw(f))
    assert "direct" not in str(explain(x * x))  # the first and the second use
    assert "∂L/∂L × ∂L/∂x (2nd):  1 × 2 = 2" in str(follow(x * x, "x"))


def test_what_gradients_are_of_where_one_was_handed_over(tmp_path):
    """∂z/∂x is 6; three times that isn't called so."""
    x = leaf(3.0, "x")
    z = x * x
    z.name = "z"
    story = explain(z, gradient=3.0)
    assert "arrives at z: ∂L/∂z = 3, where L is what z leads to." in " ".join(story.split())
    picture = str(draw(z, gradient=3.0))
    latex = explain(z, gradient=3.0, format="latex")
    said = (story, picture, latex, paths(z, "x", gradient=3.0), follow(z, "x", gradient=3.0))
    for text in said[:2]:
        assert "∂L/∂x" in text and "∂z/∂z" not in text
    assert r"\frac{\partial L}{\partial x} &= \frac{\partial L}{\partial z}" in latex
    assert said[3].endswith("∂L/∂x = 18.") and said[4].startswith("∂L/∂x = 18")
    assert "L: what z leads to; ∂L/∂z was handed over" in picture
    assert Graph.of(z, gradient=3.0).differentiated == "L"
    assert Graph.of(z, gradient=1.0).differentiated == Graph.of(z).differentiated == "z"
    assert Graph.of(z, {"L": x}, 3.0).differentiated == "L"  # x has another name
    assert Graph.of(leaf(2.0, "L") * leaf(2.0, "J"), {"z": z}, 3.0).differentiated == "L1"


def test_paths_times_what_arrives():
    x = leaf(3.0, "x")
    story = paths(x * x, x, gradient=10.0)
    assert "Times what arrives at L, 10: 60." in story
    assert "Backward found the same: ∂J/∂x = 60." in story


def test_paths_of_the_result_itself():
    with pytest.raises(ValueError) as caught:
        paths(neuron(), "L")
    assert str(caught.value) == (
        "paths: 'L' is the result itself; name a value it was computed from"
    )


def test_paths_of_arrays():
    A, B = leaf(np.arange(6.0).reshape(2, 3) - 2, "A"), Tensor(np.arange(1.0, 7).reshape(3, 2))
    Z = A @ B
    L = (Z.relu() * Z).sum()
    Z.name, L.name = "Z", "L"
    story = paths(L, "A")
    assert "    1  A → Z → A_2 → t1 → L: part 1 = [[0, 0, 0], [78, 178, 278]]\n" in story
    assert "The sum of all parts = [[0, 0, 0], [156, 356, 556]].\n" in story
    assert "Backward found the same: ∂L/∂A = [[0, 0, 0], [156, 356, 556]]." in story
    y = (Z * Z * Z * Z * Z * Z * Z * Z * Z * Z).sum() + (Z + Z + Z + Z + Z + Z + Z).sum()
    y.name = "y"
    with pytest.raises(ValueError) as caught:
        paths(y, "A")
    assert str(caught.value) == (
        "paths: 17 paths of arrays lead from 'A' to 'y', more than the 16 that are sent back one "
        "by one; follow() takes a single entry apart"
    )


def test_float32_rounds_and_adds_up_all_the_same():
    x = Tensor(np.float32(1 / 3), requires_grad=True, name="x")
    y = x
    for _ in range(3):
        y = y * 1.7 + y * x
    story = paths(y, "x")
    assert re.search(r"Backward found the same, but for rounding \(\S+e−\d\): ∂L/∂x = ", story)
    assert "which is the gradient" in follow(y, "x")


def test_a_derivative_that_is_not_linear_is_found_out():
    odd = mt.primitive("odd", lambda x: 2 * x, lambda g, out, x: 2 * g * abs(g))
    x = leaf(1.0, "x")
    assert "Backward found another: ∂L/∂x = 18. A rule on the way isn't" in paths(odd(x) * 3.0, x)
    odd = mt.primitive("odd", lambda x: 2 * x, lambda g, out, x: 2 * (g + 1))
    assert "2, but ∂L/∂x is 4: a rule isn't linear in what arrives." in follow(odd(x), "x")


# follow -----------------------------------------------------------------------------------------


def test_follow_an_entry_of_a_matrix():
    A, B = leaf(np.arange(6.0).reshape(2, 3) - 2, "A"), leaf(np.arange(1.0, 7).reshape(3, 2), "B")
    Z = A @ B
    L = (Z * Z).sum() * 0.5
    Z.name, L.name = "Z", "L"
    assert follow(L, "A[1, -1]") == (
        "∂L/∂A[1, 2] = 278\n"
        "\n"
        "A[1, 2] reaches 2 entries of Z, since Z = A @ B; upstream × local:\n"
        "  ∂L/∂Z[1, 1] × B[2, 1]:  28 × 6 = 168\n"
        "  ∂L/∂Z[1, 0] × B[2, 0]:  22 × 5 = 110\n"
        "\n"
        "The sum:\n"
        "  168 + 110 = 278, which is the gradient ∂L/∂A[1, 2]."
    )
    assert "∂L/∂Z[1, 0] × A[1, 2]:  22 × 3 = 66" in follow(L, "B[2, 0]")
    assert "Z[0, 0] reaches 1 entry of t1, since t1 = Z · Z (2nd use);" in follow(L, "Z[0, 0]")
    assert "1, which is the gradient ∂L/∂L." in follow(L, "L")


def test_follow_through_moves_and_to_the_largest_few():
    W, X = leaf(np.ones((3, 4)), "W"), Tensor(np.arange(80.0).reshape(20, 4), name="X")
    Z = X @ W.T
    Z.name = "Z"
    L = mt.relu(Z - 100.0).sum()
    L.name = "L"
    story = follow(L, "W[2, 1]")
    assert "W[2, 1] only moves: it is t1[1, 2], since t1 = Wᵀ." in story
    assert "t1[1, 2] reaches 20 entries of Z, since Z = X @ t1;" in story
    assert "  ∂L/∂Z[19, 2] × X[19, 1]:  1 × 77 = 77\n" in story
    assert "  the other 14 add up to 312; 6 of them send 0\n" in story
    assert "  714, which is the gradient ∂L/∂W[2, 1]." in story


def test_the_largest_come_first_whatever_their_sign():
    x = leaf(1.0, "x")
    story = follow((np.array([1.0, -9, 2, -3, 4, 0.5, 6, -7]) * x).sum(), "x")
    shown = re.findall(r"∂t1\[(\d)\]/∂x:", story)
    assert shown == ["1", "7", "6", "4", "3", "2"]
    assert "the other 2 add up to 1.5\n" in story


def test_follow_a_broadcast_scalar_and_what_is_not_read():
    b = leaf(1.0, "b")
    L = (Tensor(np.arange(8.0), name="x") * b).sum()
    L.name = "L"
    story = follow(L, "b")
    assert "b reaches 7 entries of t1, since t1 = x · b; upstream × local:" in story
    assert "∂L/∂t1[7] × ∂t1[7]/∂b:  1 × 7 = 7" in story
    W = leaf(np.ones((2, 2)), "W")
    assert "W[1, 0] reaches no entry of t1 = W[0], which sends 0." in follow(W[0].sum(), "W[1, 0]")
    x = leaf(3.0, "x")
    assert "x reaches L, since L = x · 2; upstream × local:" in follow(x * 2.0, "x")


WHOLE = "follow: an entry is whole numbers, such as 'W[0, 0]'"


@pytest.mark.parametrize(
    ("entry", "error", "said"),
    [
        (3, TypeError, "follow: an entry is text such as 'W[0, 0]', got 3"),
        ("V[0]", ValueError, "follow: the result wasn't computed from 'V'; it has gradients of: W"),
        ("W", ValueError, "follow: 'W' has shape (2, 3), so an entry is 'W[0, 0]', got 'W'"),
        ("W[1]", ValueError, "follow: 'W' has shape (2, 3), so an entry is 'W[0, 0]', got 'W[1]'"),
        ("W[0, a]", ValueError, f"{WHOLE}, got 'W[0, a]'"),
        ("W[:, 0]", ValueError, f"{WHOLE}, got 'W[:, 0]'"),
        ("W[2, 0]", IndexError, "follow: 'W[2, 0]' is outside of 'W', which has shape (2, 3)"),
        ("W[0, -4]", IndexError, "follow: 'W[0, -4]' is outside of 'W', which has shape (2, 3)"),
        ("x[0]", ValueError, "follow: 'x' has no gradient: it doesn't require one"),
    ],
)  # fmt: skip
def test_what_can_not_be_followed(entry, error, said):
    W, x = leaf(np.ones((2, 3)), "W"), Tensor(np.ones(3), name="x")
    with pytest.raises(error) as caught:
        follow((W @ x).sum(), entry)
    assert str(caught.value) == said


def test_a_name_with_brackets():
    x = leaf([1.0, 2.0], "layers[0].x")
    assert follow((x * 3.0).sum(), "layers[0].x[1]").startswith("∂L/∂layers[0].x[1] = 3\n")
    y = leaf(1.0, "y[0]")
    assert follow(y * 2.0, "y[0]").startswith("∂L/∂y[0] = 2\n")


# On every rule ----------------------------------------------------------------------------------


FIRST = {case.rule: case.name for case in reversed(CASES)}  # of each rule, one in every run


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case.name in FIRST.values() else pytest.mark.acceptance)
        for case in CASES
    ],
    ids=lambda case: case.name,
)
def test_every_rule_is_told_in_every_format(case):
    leaves = [leaf(x.astype(np.float32), f"x{k}") for k, x in enumerate(case.inputs)]
    result = case.f(*leaves)
    ones = np.ones(result.shape)
    for told_as in ("text", "html", "latex"):
        story = explain(result, format=told_as, gradient=ones)
        assert f"x{len(leaves) - 1}" in story.replace("x_{", "x")
    assert story.count("{") == story.count("}")
    assert story.count("\\left") == story.count("\\right")
    flat = re.sub(r"\\begin{pmatrix}.*?\\end{pmatrix}", "", story)
    assert all(row.replace("\\&", "").count("&") == 1 for row in flat.splitlines()[1:-1])
    for x in leaves:
        if x.size:
            entry = f"{x.name}[{', '.join('0' * x.ndim)}]" if x.ndim else x.name
            said = " ".join(follow(result, entry, gradient=ones).split())
            assert "which is the gradient" in said


# On random graphs -------------------------------------------------------------------------------


def grown(rng, leaves, rounds):
    """A result of random operations on the leaves, each read at least once."""
    tensors = list(leaves)
    for k in range(rounds):
        a, b = tensors[rng.integers(len(tensors))], tensors[-1 - k % len(leaves)]
        choices = [a + b, a - b, a * b, mt.tanh(a), a.sigmoid() * b, mt.maximum(a, b), mt.sin(b)]
        if b.ndim == 2:
            choices += [b.T, mt.softmax(b), a @ b if a.ndim == 2 and a.shape[-1] == len(b) else b]
            choices += [mt.concatenate([b, b])[: len(b)], b.mean(axis=0, keepdims=True) + a * 0.5]
        choice = choices[rng.integers(len(choices))]
        fits = all(np.broadcast_shapes(choice.shape, x.shape) for x in leaves)
        tensors.append(choice if fits else a + b)
    return tensors[-1] if tensors[-1].ndim == 0 else (tensors[-1] * tensors[-2]).sum()


@given(st.integers(0, 2**32 - 1))
def test_paths_between_numbers_add_up_to_the_gradients(seed):
    rng = np.random.default_rng(seed)
    leaves = [leaf(x, f"x{k}") for k, x in enumerate(rng.uniform(-2, 2, 3))]
    graph = Graph.of(grown(rng, leaves, 8))
    for node in graph.nodes[:-1]:
        if node.tracked:
            found = Paths(graph, node.id)
            stretches = found.stretches
            each = list(found.each())
            assert len(each) == math.prod(s.many for s in stretches)
            products = [math.prod(float(edge.local) for edge in path) for path in each]
            size = max(map(abs, products), default=0)
            assert math.fsum(products) == pytest.approx(float(node.gradient), 1e-12, 1e-12 * size)
            whole = math.prod(s.sum for s in stretches)
            assert whole == pytest.approx(float(node.gradient), 1e-12, 1e-12 * size)


@given(st.integers(0, 2**32 - 1))
def test_what_an_entry_is_sent_adds_up_to_its_gradient(seed):
    rng = np.random.default_rng(seed)
    leaves = [leaf(rng.uniform(-2, 2, (3, 3)), f"x{k}") for k in range(2)] + [leaf(0.5, "s")]
    result = grown(rng, leaves[:2], 7) * leaves[2] + (leaves[0] * leaves[2]).sum()
    graph, replay = Graph.of(result), Replay(result)
    for node in graph.nodes[:-1]:
        if node.tracked and node.gradient is not None:
            entry = tuple(int(rng.integers(n)) for n in np.shape(node.value))
            sent = [x for some in reaches(graph, node, entry, replay.column) for x in some.sent]
            size = max(map(abs, sent), default=0)
            gradient = float(np.asarray(node.gradient)[entry])
            assert math.fsum(sent) == pytest.approx(gradient, 1e-12, 1e-12 * size)


@given(st.integers(0, 2**32 - 1))
def test_shown_sums_are_right_at_the_precision_shown(seed):
    rng = np.random.default_rng(seed)
    leaves = [leaf(x, f"x{k}") for k, x in enumerate(rng.uniform(-2, 2, 3))]
    result = grown(rng, leaves, 8)
    gradients = {f"x{k}": g for k, g in enumerate(mt.grad(result + 0 * sum(leaves), leaves))}
    for name in re.findall(r"∂\w+/∂(x\d) = ", explain(result).partition("Gradients")[2]):
        shown = f"{float(gradients[name]):.4g}"
        listed = re.search(rf"∂\w+/∂{name} = ([^;\n]+)", explain(result).partition("Gradients")[2])
        assert float(listed[1].replace("−", "-")) == float(shown)
        found = re.search(rf"same.*∂\w+/∂{name} = (\S+)\.$", paths(result, name))
        assert float(found[1].replace("−", "-")) == float(shown)


def test_importing_loads_no_view():
    code = "import sys, microtensor; print([m for m in sys.modules if 'views.' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "telling" not in done.stdout
    assert "story" not in done.stdout


def test_no_module_hides_a_function():
    L = neuron()
    for told in (explain(L), paths(L, "w"), follow(L, "w")):
        assert told
    for name in ("explain", "paths", "follow", "draw"):
        assert callable(getattr(mt.views, name))


def test_only_what_a_gradient_comes_back_along_leads_to_it():
    """Values that were recorded, but that no gradient passes, are on no path."""
    with mt.record_constants():
        y, x = leaf(1.0, "y"), leaf(3.0, "x")
        z = (y - (x * 2).detach()) ** 2
        L = z + x * 2
    told = paths(L, x)
    assert told.startswith("∂L/∂x: 1 path leads from x to L")
    assert told.endswith("∂L/∂x = 2.")
    assert "sends to y" not in explain(L, wrt=x)
    assert r"\partial y" not in explain(L, wrt=x, format="latex")
