"""The reader of formulas: what it reads, and what it says of what it doesn't."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microtensor as mt
from microtensor import Tensor
from microtensor.formulas import (  # the reader itself: commands tell of what it reads
    DEEPEST,
    FUNCTIONS,
    LONGEST,
    ExpressionError,
    leaves,
    read,
)

GIVEN = {"w": "2", "x": "-1", "b": "0.5", "X": "[[1, 2], [3, 4]]", "v": "[1, 2]"}


def value(formula):
    found = read(formula, leaves(GIVEN))
    return np.asarray(found.data if isinstance(found, Tensor) else found)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("log(sigmoid(w*x + b))", math.log(1 / (1 + math.exp(1.5)))),
        ("σ(x)", 1 / (1 + math.e)),
        ("-w**2 + +x", -5),
        ("w**-1 - 2**w", -3.5),
        ("1/4*w", 0.5),
        ("2*3 + 1", 7),
        ("7 // w + x % 1.5 + floor(2.5)", 5.5),
        ("log(1)", 0),
        ("X @ v", [5, 11]),
        ("[1, 1] @ [2, 3]", 5),
        ("X.T @ [1, 0]", [1, 2]),
        ("sum(X, axis=0)", [4, 6]),
        ("X.mean(axis=1, keepdims=True)", [[1.5], [3.5]]),
        ("X[0, 1:] + X[-1][0]", [5]),
        ("X[None, ..., 0]", [[1, 3]]),
        ("reshape(X, (4, 1))[::-1]", [[4], [3], [2], [1]]),
        ("transpose(X)[0]", [1, 3]),
        ("[[w, 1], [x, b]]", [[2, 1], [-1, 0.5]]),
        ("where(X > 2, X, 0)", [[0, 0], [3, 4]]),
        ("where(w != 2, 1, 2) + where(x >= w, 3, 4) + where(1 < 2, 5, 6)", 11),
        ("maximum(w, x) + abs(x) + clip(w, None, 1)", 4),
        ("  w *\n x  ", -2),
        ("power(10, 20)*w", 2e20),
        ("power(10, 20)", 1e20),
        ("10**20*w + power(10, -2)", 2e20),
        ("square(10000000000)*w", 2e20),
        ("99999999999*99999999999*w", 2 * 99999999999**2),
        ("9223372036854775807 + 1", 2.0**63),
        ("prod([1000000000, 1000000000, 1000000000])", 1e27),
        ("cumsum([9223372036854775807, 9223372036854775807])", [2.0**63, 2.0**64]),
        ("absolute(-9223372036854775808) + sum(9223372036854775807)", 2.0**64),
        ("maximum(3, 100000000000000000000)*w", 2e20),
        ("where(w > 1, 100000000000000000000, 1)", 1e20),
        ("clip(100000000000000000000, 0, 1000000000000000000000)", 1e20),
        ("sum(5, 0) + softmax(5, -1) + X[2 - 1].sum(0)", 13),
    ],
)
def test_what_is_read(formula, expected):
    assert value(formula) == pytest.approx(np.array(expected, dtype=float), 1e-12)


@pytest.mark.parametrize(
    "formula",
    [
        "w**5", "w**-2 + 2*x**2", "-w**0.5", "w**x", "X**v", "abs(w - x)*2",
        "abs(abs(x) - w)*abs(b)",
        "abs(w*abs(x))", "abs(-x)/abs(-(x + w)) - abs(X[0])", "||x|+w|-|b|*|x|",
        "sqrt(abs(w))", "sqrt(w)*sqrt(w + x)", "std(X*(w + x))", "x/sqrt(sum(X*(w + x)))",
        "where(w > x, w, x)*2", "where(w > 3, 1, 2)*where(x > 0, w, 1)", "maximum(w, x)",
        "minimum(X, w)", "maximum(w, 0)", "minimum(2, w)", "clip(w)", "clip(X, 1, 2) - 1e300*x",
    ],
)  # fmt: skip
def test_what_stories_print_is_read(formula):
    """`w^5`, `|w − x|`, `√var(X, ddof=0)`, `(w if w > x else x)`, `max(w, x)`."""
    result = read(formula, leaves(GIVEN))
    graph = mt.Graph.of(result)
    told = graph.written(graph.result.id)
    assert np.array_equal(value(told), result.data), told
    assert value("max(X, 0)").tolist() == np.max(value("X"), 0).tolist()


def test_it_is_recorded_under_the_names_given():
    values = leaves(GIVEN, ["w"])
    assert [t.requires_grad for t in values.values()] == [True, False, False, False, False]
    L = read("x*x*w + log(2)", values)
    assert [n.expression or n.name for n in mt.Graph.of(L).nodes] == [
        "w", "x", "x · x", "t1 · w", "0.6931", "t2 + 0.6931",
    ]  # fmt: skip
    L.backward()
    assert values["w"].grad == 1
    stacked = read("sum([w, x, 3] * v[0])", leaves(GIVEN))
    stacked.backward()
    assert stacked.item() == 4


SAID = {
    "log(sigmoid(w*y + b))": ("y has no value: add y=... (given are w, x, b, X, v)", 14),
    "sigmod(x)": ("there is no function sigmod: did you mean sigmoid", 0),
    "x.sine()": ("there is no function sine: did you mean sin", 2),
    "w*(x + b": ("not a formula: '(' was never closed", 2),
    "w x": ("not a formula: invalid syntax", 2),
    "2w": ("not a formula: invalid decimal literal", 0),
    "é*w + ζ(w)": ("é has no value: add é=... (given are w, x, b, X, v)", 0),
    "w + w*λ": ("λ has no value: add λ=... (given are w, x, b, X, v)", 6),
    "σ(x)*σ(x) + y": ("y has no value: add y=... (given are w, x, b, X, v)", 12),
    "log*2": ("log is a function: write log(...)", 0),
    "x(2)": ("x is a value, not a function: a product is written x * (...)", 0),
    "1 // 0": ("division by zero", 2),
    "w << 2": ("this operator can't be part of a formula", 2),
    "~w": ("this operator can't be part of a formula", 0),
    "w and x": ("a choice is written where(condition, a, b)", 0),
    "1 < w < 3": ("compare two values at a time", 2),
    "w in v": ("this operator can't be part of a formula", 2),
    "w, x": ("a vector is written [1, 2]", 0),
    "x.__class__": (".__class__ can't be read; of a matrix, .T can", 2),
    "x.data": (".data can't be read; of a matrix, .T can", 2),
    "(2).T": (".T can't be read; of a matrix, .T can", 4),
    "x.__class__()": ("there is no function __class__: there are ", 2),
    "__import__('os')": ("there is no function __import__: there are ", 0),
    "lambda: w": ("this can't be part of a formula", 0),
    "[w for w in v]": ("this can't be part of a formula", 0),
    "(w := 3)": ("this can't be part of a formula", 1),
    "f'{w}'": ("this can't be part of a formula", 0),
    "(lambda: 1)()": ("only a function can be called", 1),
    "sum(*v)": ("this can't be part of a formula", 4),
    "sum(**v)": ("this can't be part of a formula", 6),
    "'w'": ("'w' isn't a number", 0),
    "w * None": ("None isn't a number", 4),
    "2j * w": ("2j isn't a number", 0),
    "(-8)**0.5": ("this isn't a real number", 4),
    "1/0": ("division by zero", 1),
    "9**9**9 * w": ("the number is too large", 1),
    "X @ [1, 2, 3]": ("matmul: inner sizes differ: 2 (axis -1 of (2, 2) 'X') and 3", 2),
    "X + [1, 2, 3]": ("add: sizes differ: 2 (axis -1 of (2, 2) 'X') and 3", 2),
    "[[1, 2], [3]]": ("the rows differ in length", 0),
    "[w, v]": ("stack: all shapes must be equal", 0),
    "w[0]": ("a number has no entries", 0),
    "2[0]": ("a number has no entries", 0),
    "v[5]": ("getitem: index 5 is out of bounds", 0),
    "v[x]": ("an index is whole numbers and slices", 2),
    "v[0.5]": ("an index is whole numbers and slices", 2),
    "log(w, x, b)": ("log() takes 1 positional argument but 3 were given", 0),
    "sum(X, axis=7)": ("sum: axis 7 is out of range for (2, 2) 'X'", 0),
    "sum(X, colour=7)": ("sum() got an unexpected keyword argument 'colour'", 0),
    "1 + (": ("not a formula: '(' was never closed", 4),
}  # fmt: skip


@pytest.mark.parametrize("formula", SAID)
def test_what_is_wrong_is_said_with_its_place(formula):
    message, place = SAID[formula]
    with pytest.raises(ExpressionError) as caught:
        value(formula)
    said, shown, caret = str(caught.value).split("\n")
    assert said.startswith(message)
    assert shown == f"  {formula}"
    assert caret == f"  {' ' * place}^"


def test_the_place_in_a_long_formula():
    formula = "w + " * 100 + "y" + " + w" * 20
    with pytest.raises(ExpressionError) as caught:
        value(formula)
    _, shown, caret = str(caught.value).split("\n")
    assert len(shown) <= 80
    assert shown[caret.index("^")] == "y"


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "the formula is empty"),
        (" \n ", "the formula is empty"),
        ("w+" * 1000 + "ww", f"the formula has 2,002 characters, more than {LONGEST:,}"),
        ("-" * 1900 + "w", f"the formula has more than {DEEPEST} brackets within brackets"),
        ("w" + "+w" * DEEPEST, f"the formula has more than {DEEPEST} brackets within brackets"),
        ("(" * 300 + "w" + ")" * 300, "not a formula: too many nested parentheses"),
    ],
)
def test_limits(formula, said):
    with pytest.raises(ExpressionError) as caught:
        value(formula)
    assert str(caught.value).startswith(said)


def test_what_would_be_too_large_is_not_computed():
    row = "[" + ",".join("1" * 900) + "]"
    wide = f"flatten(v[:, None] * {row})"  # 1,800 entries
    with pytest.raises(ExpressionError, match="3,240,000 entries are more than 1,000,000"):
        read("a[:, None] * a", {"a": read(wide, leaves(GIVEN))})
    with pytest.raises(ExpressionError, match="3,240,000 entries are more than 1,000,000"):
        read("a[:, None] @ a[None]", {"a": read(wide, leaves(GIVEN))})
    long = read(wide, leaves(GIVEN))
    assert read("a[None] @ a[:, None]", {"a": long}).shape == (1, 1)


@pytest.mark.parametrize(
    ("given_", "wrt", "said"),
    [
        ({"x": "two"}, None, "the value of x: two isn't a number, a vector [1, 2] or a matrix"),
        ({"x": "1 +"}, None, "the value of x: not a formula: invalid syntax"),
        ({"x": ""}, None, "the value of x: the formula is empty"),
        ({"3x": "1"}, None, "a value is given as name=number, got '3x=1'"),
        ({"sum": "1"}, None, "sum is a function; choose another name for the value"),
        ({"x": "1"}, ["y"], "there is no value 'y' to differentiate by; given: x"),
        ({}, ["y"], "there is no value 'y' to differentiate by; given: none"),
    ],
)
def test_values_that_are_none(given_, wrt, said):
    with pytest.raises(ExpressionError) as caught:
        leaves(given_, wrt)
    assert str(caught.value).startswith(said)


def test_values_can_be_computed():
    found = leaves({"a": "1/4", "b": "[1, 2]*2", "c": "log(1)", "d": "True"})
    assert [t.data.tolist() for t in found.values()] == [0.25, [2, 4], 0, 1]
    assert {t.dtype for t in found.values()} == {np.dtype(float)}


atoms = st.sampled_from(["w", "x", "b", "2", "0.5", "3"])
formulas = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        st.tuples(st.sampled_from(["sin", "tanh", "exp", "abs"]), inner).map(
            "{0[0]}({0[1]})".format
        ),
        inner.map("({})**2".format),
    ),
    max_leaves=8,
)


@given(formulas)
def test_it_computes_what_python_does(formula):
    names = {"w": np.float64(2), "x": np.float64(-1), "b": np.float64(0.5)}
    names |= {"sin": np.sin, "tanh": np.tanh, "exp": np.exp, "abs": abs, "__builtins__": {}}
    try:
        with np.errstate(all="ignore"):
            expected = float(eval(formula, names))
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="division by zero"):
            value(formula)
    else:
        assert value(formula) == pytest.approx(expected, 1e-12, 1e-12, nan_ok=True)


pieces = st.sampled_from(
    ["w", "x", "X", "v", "1", "0", "(", ")", "[", "]", ",", "+", "-", "*", "**", "/", "@", ".T",
     ":", "sum", "log", "where", "max", "axis=0", "None", "...", "<", "__class__", ".", "'a'", "é",
     " ", "if", "lambda", "reshape", "softmax", "swapaxes", "concatenate", "\x00",
     "expand_dims", "flip"]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map("".join))
def test_any_text_is_read_or_refused(text):
    try:
        value(text)
    except ExpressionError as error:
        assert str(error)


def test_functions_are_those_of_the_engine():
    assert all(f.__module__ == "microtensor.operations" for f in FUNCTIONS.values())


def test_all_that_a_formula_computes_is_limited():
    """Each value has a million entries; a few hundred of them would fill the memory."""
    row = "[" + ", ".join("1" for _ in range(450)) + "]"
    given = leaves({"x": row})
    square = "(x[:, None] * x)"
    formula = " + ".join(f"sum({square})" for _ in range(60))
    with pytest.raises(ExpressionError, match="with this the formula has more than 10,000,000"):
        read(formula, given)
    assert read(" + ".join(f"sum({square})" for _ in range(5)), given).item() == 5 * 450**2


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("w · x × 3 − b", "w * x * 3 - b"), ("w² + x³ − w⁴", "w**2 + x**3 - w**4"),
        ("√w + √(w·2)", "sqrt(w) + sqrt(w*2)"), ("Xᵀ @ v", "X.T @ v"), ("½·w", "0.5*w"),
        ("w ≤ 2", "w <= 2"), ("w ≥ 3", "w >= 3"), ("w ≠ x", "w != x"), ("−2·−w", "-2*-w"),
    ],
)  # fmt: skip
def test_what_a_story_prints_is_read(printed, typed):
    np.testing.assert_array_equal(value(printed), value(typed))


def test_a_printed_minus_sign_is_one_in_a_value_too():
    assert leaves({"w": "−1.5"})["w"].item() == -1.5


@pytest.mark.parametrize("inner", ["1", "w"])
def test_lists_within_lists_end(inner):
    with pytest.raises(ExpressionError, match=r"lists have at most 16 levels\n"):
        value("[" * 70 + inner + "]" * 70)


@pytest.mark.parametrize("formula", [f"w*{'9' * 400}", f"sum([{'9' * 400}])"])
def test_numbers_have_a_size(formula):
    with pytest.raises(ExpressionError, match="the number is too large\n"):
        value(formula)
    with pytest.raises(ExpressionError, match="the value of w: the number is too large"):
        leaves({"w": "9" * 400})
