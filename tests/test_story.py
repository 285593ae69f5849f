"""The chain rule in words: each step told, with true numbers."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microtensor as mt
from microtensor import Graph, Tensor
from microtensor.lexicon import ROWS
from microtensor.rules import RULES
from microtensor.views.story.steps import told
from microtensor.views.words import large


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def lines(result, **names):
    """The story of a result, a line for each step."""
    return [f"{t.title}: {t.text}" for t in told(Graph.of(result, names))]


def test_every_rule_has_a_reason():
    assert {name for name, row in ROWS.items() if row.why} == set(RULES)


def test_each_step_of_several_paths():
    a, c = leaf(2.0, "a"), leaf(-3.0, "c")
    p = a * a
    q = a * c
    y = p + q
    story = [f"{t.title}: {t.sentences[0]} {t.sentences[-1]}" for t in told(Graph.of(y, vars()))]
    one, factor = "∂y/∂y = 1", "So far ∂y/∂a"
    assert story[:4] == [
        "p = a · a: p = 2 · 2 = 4. p = 2 · 2 = 4.",
        "q = a · c: q = 2 · (−3) = −6. q = 2 · (−3) = −6.",
        "y = p + q: y = 4 + (−6) = −2. y = 4 + (−6) = −2.",
        f"Start at y: ∂y/∂… is how fast y moves when that value moves, so {one}. "
        "Each value sends what arrived at it (upstream) times a local derivative.",
    ]
    assert story[4:] == [
        f"y sends to p: Upstream {one}, local ∂y/∂p = 1: 1 × 1 = 1. ∂y/∂p = 1, complete.",
        f"y sends to q: Upstream {one}, local ∂y/∂q = 1: 1 × 1 = 1. ∂y/∂q = 1, complete.",
        "q sends to a: Upstream ∂y/∂q = 1, local ∂q/∂a = c = −3: 1 × (−3) = −3. "
        f"{factor} = −3; 2 contributions still to come.",
        "q sends to c: Upstream ∂y/∂q = 1, local ∂q/∂c = a = 2: 1 × 2 = 2. ∂y/∂c = 2, complete.",
        "p sends to a (1st use): Upstream ∂y/∂p = 1, local ∂p/∂a (1st) = a = 2: 1 × 2 = 2. "
        f"{factor} = (−3) + 2 = −1; 1 contribution still to come.",
        "p sends to a (2nd use): Upstream ∂y/∂p = 1, local ∂p/∂a (2nd) = a = 2: 1 × 2 = 2. "
        "∂y/∂a = (−3) + 2 + 2 = 1, complete: all 3 contributions have arrived.",
    ]


def test_rounded_numbers_are_said_to_be_about():
    x = leaf(-1.5, "x")
    story = lines(x.sigmoid().log(), L=None)
    assert story[1] == "L = log(a): L = log(0.1824) ≈ −1.701."
    assert "5.482 × 0.1491 ≈ 0.8176." in story[4]


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (mt.relu, "relu(0.3333) = 0.3333."),
        (lambda x: mt.relu(-x), "relu(−0.3333) = 0."),
        (lambda x: x + x, "0.3333 + 0.3333 ≈ 0.6667."),
        (lambda x: x + 1, "0.3333 + 1 = 1.333."),
        (mt.sigmoid, "σ(0.3333) = 0.5826."),
        (lambda x: mt.clip(x, 0, 1), "clip(0.3333, 0, 1) ≈ 0.3333."),
        (lambda x: (x * 3) + 2e-11, "1 + 2e−11 ≈ 1."),
        (lambda x: (x * 3) + 2e-17, "1 + 2e−17 ≈ 1."),
        (lambda x: (x * 3) - 2e-11, "1 − 2e−11 ≈ 1."),
        (lambda x: (x * 3) + 0.0, "1 + 0 = 1."),
        (lambda x: (x * 3) - (x * 3), "1 − 1 = 0."),
    ],
)
def test_equal_where_the_numbers_shown_give_the_number_shown(f, said):
    y = f(leaf(1 / 3, "x"))
    assert next(t.numbers for t in told(Graph.of(y)) if said in t.numbers)


def test_a_part_that_is_lost_in_a_sum_is_no_equality():
    x, tiny = leaf(1.0, "x"), Tensor(2e-11, name="c")
    L = x + x * tiny
    total = "∂L/∂x = 1 + 2e−11 ≈ 1, complete"
    assert total in "\n".join(lines(L))
    assert r"10^{-11} \approx 1" in mt.explain(L, format="latex")
    assert "is 2e−11 + 1 ≈ 1." in mt.paths(L, x)
    assert "1 + 2e−11 ≈ 1, which is the gradient ∂L/∂x." in mt.follow(L, "x")


def test_broadcasting_says_how_many_paths_return():
    X, b, s = Tensor(np.eye(209, 5), name="X"), leaf(np.zeros(5), "b"), leaf(2.0, "s")
    story = "\n".join(lines((s * (X + b)).sum()))
    assert "b was copied to 209 rows.\n" in story
    assert "added over axis 0 (5, RMS 418)." in story
    assert "b was copied to 209 rows, so 209 gradients return: add them." in story
    column = "\n".join(lines((X + leaf(np.zeros((209, 1)), "u")).sum()))
    assert "u was copied to 5 columns, so 5 gradients return: add them." in column
    assert "s was copied to 1,045 places, so 1,045 gradients return: add them." in story
    assert "entry by entry, added over axes 0 and 1: 5." in story


def test_matmul_says_what_is_never_built():
    W, X = leaf(np.ones((20, 12288)), "W"), Tensor(np.ones((12288, 209)), name="X")
    Z = W @ X
    Z.name = "Z"
    steps = lines(Z.sum())
    assert steps[0].endswith("Z[i, j] adds up 12,288 products, W[i, k] · X[k, j].")
    story = steps[-1]
    assert "it sends ∂L/∂Z @ Xᵀ (20×12288, RMS 209)." in story
    assert "W[i, k] reaches L through every Z[i, j] in its row, so add over j." in story
    assert "4,180 × 245,760 = about 1.03 billion numbers; it is never built." in story


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ((3,), (3,), "each product has one factor from either side"),
        ((2, 3), (3,), "an entry of A reaches L through one entry of z, times its partner in B"),
        ((3,), (3, 2), "an entry of A reaches L through every entry of z, so add over them"),
        ((4, 2, 3), (3, 2), "through every entry in its row of Z"),
    ],
)
def test_matmul_with_vectors(left, right, said):
    A, B = leaf(np.ones(left), "A"), Tensor(np.ones(right), name="B")
    L = (A @ B).sum()
    L.name = "L"
    assert said in lines(L)[-1]


def test_gates_say_how_far_they_are_open():
    z = leaf([-1.0, 0.0, 2.0, 3.0], "z")
    story = lines(z.relu().sum())[-1]
    assert "a gate, open where z > 0, closed below, and at 0 by convention." in story
    assert "The gate is 50 % open. z is exactly 0 in 1 entry: at the kink." in story
    assert "local ∂L/∂x = 1: 1 × 1 = 1." in lines(mt.relu(leaf(2.0, "x")))[-1]
    assert "z is exactly 0: at the kink." in lines(abs(leaf(0.0, "z")))[-1]


def test_shares_and_slopes_are_told():
    a, b = leaf([1.0, 1.5, 3.0], "a"), leaf(2.0, "b")
    assert "It moves the result in 33.3 % of the entries." in lines(mt.maximum(a, b).sum())[-2]
    assert "It moves the result in 66.7 % of the entries." in lines(mt.clip(a, b, 9.0).sum())[-1]
    assert "The gate is 66.7 % open." in lines(mt.clip(a, 0.0, b).sum())[-2]
    assert "Here the slope is at most 0.1966." in lines(a.sigmoid().sum())[-1]
    assert "Here n = 3." in lines(a.mean())[-1]


def test_a_gradient_handed_over():
    x = leaf([1.0, 2.0], "x")
    story = list(told(Graph.of(x * 3.0, gradient=[1.0, 10.0])))
    assert story[1].text.startswith("The gradient handed over arrives at L: ∂J/∂L = [1, 10], ")
    assert "it sends ∂J/∂L × 3: [3, 30]." in story[2].text
    scalar = list(told(Graph.of(leaf(2.0, "x") * 3.0, gradient=10.0)))
    assert scalar[1].numbers == (
        "The gradient handed over arrives at L: ∂J/∂L = 10, where J is what L leads to."
    )


def test_an_operation_of_ones_own_has_words():
    def cube(words):
        return mt.primitive("cube", lambda x: x**3, lambda g, out, x: 3 * g * x**2, words=words)

    x = leaf(2.0, "x")
    assert "The rule: that is what the rule of cube says." in lines(cube("")(x))[-1]
    mine = lines(cube("three factors {0},\n each moves {out} by the other two")(x))[-1]
    assert "local ∂L/∂x = 12: 1 × 12 = 12." in mine
    assert "The rule: three factors x, each moves L by the other two." in mine


def test_without_gradients_the_story_ends_forward():
    assert lines(leaf([1.0, 2.0], "x") * 2.0) == ["L = x · 2: L = [2, 4]."]


@pytest.mark.acceptance
def test_many_contributions_to_one_leaf_stay_short():
    x = leaf(1.0, "x")
    y = x
    for _ in range(2000):
        y = y + x
    story = lines(y)
    assert max(map(len, story)) < 300
    assert "complete: all 2,001 contributions have arrived." in story[-1]
    assert "So far ∂L/∂x = 1 + 1 + 1 + 1 + 1 + 1 = 6; 1,995 " in "\n".join(story)
    assert "So far ∂L/∂x = 7; 1,994 contributions still to come." in "\n".join(story)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (8360, "8,360"),
        (999_999, "999,999"),
        (1_500_000, "about 1.5 million"),
        (10_734_796_800, "about 10.7 billion"),
        (10**16, "about 1e16"),
    ],
)
def test_large_numbers(count, said):
    assert large(count) == said


def parsed(text):
    return float(text.strip("()").replace("−", "-"))


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.integers(0, 2**32 - 1))
def test_numbers_shown_are_right_at_the_precision_shown(values, seed):
    rng = np.random.default_rng(seed)
    tensors = [leaf(value, f"x{k}") for k, value in enumerate(values)]
    for _ in range(6):
        a, b = (tensors[i] for i in rng.integers(len(tensors), size=2))
        functions = [a + b, a - b, a * b, a.sigmoid(), a.tanh(), a.sin(), a.relu()]
        tensors.append(functions[rng.integers(len(functions))])
    result = tensors[-1]
    for t in told(Graph.of(result)):
        if t.step.edge is not None:
            upstream, a, b, sign, sent = re.search(
                r"= (\S+), local .*: (\S+) × (\S+) ([=≈]) (\S+)\.$", t.sentences[0]
            ).groups()
            assert upstream.strip("()") == a.strip("()")
            assert parsed(b) == float(f"{np.asarray(t.step.edge.local).item():.4g}")
            assert parsed(sent) == float(f"{np.asarray(t.step.edge.contribution).item():.4g}")
            assert (sign == "=") == (float(f"{parsed(a) * parsed(b):.4g}") == parsed(sent))
            shown = re.search(
                r"[=≈] ([^ ]+)[;,] (?:[0-9]+ contribution|complete)", t.sentences[-1]
            )[1]
            assert parsed(shown) == float(f"{np.asarray(t.step.total).item():.4g}")
