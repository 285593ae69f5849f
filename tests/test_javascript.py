"""The program in JavaScript, run by Node: every number of the graph, from other leaves too."""

import json
import re
import shutil
import subprocess
from functools import lru_cache

import numpy as np
import pytest
from cases import CASES, first_of_each_rule
from hypothesis import given
from hypothesis import strategies as st

import microtensor as mt
from microtensor.graph import Graph, graph_for
from microtensor.program.javascript import javascript

SERVER = """
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const [text, leaves] = JSON.parse(line);
  const read = x => (Array.isArray(x) ? x.map(read) : Number(x));
  for (const key in leaves) leaves[key] = read(leaves[key]);
  const show = (key, x) => typeof x === 'number' || typeof x === 'boolean' ? String(Number(x)) : x;
  console.log(JSON.stringify(eval(text)(leaves), show));
});
"""


@pytest.fixture(scope="module")
def node():
    """A function that runs a program's text on leaves."""
    if not shutil.which("node"):
        pytest.skip("runs the program in Node, which isn't here")
    process = subprocess.Popen(
        ["node", "-e", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def run(text, leaves):
        process.stdin.write(
            json.dumps([text, {key: as_text(x) for key, x in leaves.items()}]) + "\n"
        )
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield run
        process.stdin.close()


def as_text(x):
    """A number, or a list of an array's, as JSON has them: infinities by name."""
    if np.ndim(x):
        return [as_text(one) for one in np.ravel(x)]
    return str(float(x)).replace("inf", "Infinity")


def numbers(table):
    """Its numbers, and lists of numbers, which come as texts."""

    def read(x):
        if isinstance(x, list):
            return [read(one) for one in x]
        return float(x.replace("Infinity", "inf").replace("NaN", "nan"))

    return {key: read(x) for key, x in table.items()}


def program(f, *first):
    """The text of a function's program, recorded there."""
    with np.errstate(all="ignore"), mt.record_constants():
        recorded = f(*(mt.Tensor(x, requires_grad=True) for x in first))
    return javascript(graph_for("javascript", recorded, data=False), recorded)


once = lru_cache(maxsize=4)(program)  # of numbers


def check(node, f, first, then, absolute=1e-300):
    """The program recorded at `first` gives, from the leaves `then`, what the engine gives."""
    text = (program if any(map(np.ndim, first)) else once)(f, *first)
    with np.errstate(all="ignore"), mt.record_constants():
        leaves = [mt.Tensor(x, requires_grad=True) for x in then]
        result = f(*leaves)
        graph = graph_for("javascript", result, data=False)
    keys = {node.id: node.value for node in graph.nodes if node.role == "parameter"}
    found = {what: numbers(table) for what, table in node(text, keys).items()}
    wanted = {
        "values": {n.id: n.value for n in graph.nodes},
        "gradients": {n.id: n.gradient for n in graph.nodes if n.gradient is not None},
        "contributions": {
            f"{e.target}:{e.slot}": e.contribution
            for e in graph.edges
            if e.contribution is not None
        },
        "locals": {f"{e.target}:{e.slot}": e.local for e in graph.edges if e.local is not None},
    }
    for what, table in wanted.items():
        assert found[what].keys() == table.keys()
        for key, x in table.items():
            flat = np.ravel(x) if np.ndim(x) else x
            np.testing.assert_allclose(found[what][key], flat, 1e-12, absolute, err_msg=what + text)


EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 30.0, -800.0, float("inf"), -float("inf"), float("nan")]
ONE = {
    "negative": lambda x: -x,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "absolute": abs,
    "sigmoid": mt.sigmoid,
    "softplus": mt.softplus,
    "relu": mt.relu,
    "over a rounded one": lambda x: 1 / np.rint(x),
    "over a sign": lambda x: 1 / np.sign(x),
    "cube": lambda x: x**3,
    "zeroth power": lambda x: x**0,
    "negative power": lambda x: x**-1,
    "number's power": lambda x: 0.5**x,
    "negative number's power": lambda x: (-1.0) ** x,
    "infinite power": lambda x: x ** float("inf"),
    "negative numbers": lambda x: -3 - x * -2.5,
    "clip": lambda x: x.clip(-1, 1),
    "clip below": lambda x: mt.clip(x, 0.5),
    "truth of nan": lambda x: mt.where(mt.logical_not(x), x * 2, 5.0),
    "step": lambda x: mt.where((x > 0) & (x <= 1) | (x == -2) | ~(x != 30), x, -x),
    "true": lambda x: (x >= 0) * x + (x < 0).astype(float),
    "logical": lambda x: mt.where(mt.logical_and(x, mt.logical_not(x - 1)), x, 2 * x),
    "equality with bools": lambda x: ((x > 0) == 1) * x,
    "sum": lambda x: x.sum() + x.mean() + x.max() + x.min(),
    "shapes": lambda x: x.reshape(()).T.squeeze()[()] * mt.broadcast_to(x, ()),
    "to whole numbers": lambda x: ((x > 1).astype(int) - 2) * x,
    "logsumexp": lambda x: mt.logsumexp(x) + mt.softmax(x, None) + mt.log_softmax(x, None),
}
TWO = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": lambda x, y: mt.where(x > y, x, y * 2),
    "over a remainder": lambda x, y: 1 / np.remainder(x, y),
    "over a whole quotient": lambda x, y: 1 / (x // y),
    "bounds": lambda x, y: mt.clip(x, y, y + 1),
}


def with_others(ones, what):
    """These names, and in the tier that takes long what else there is of one number, or two."""
    others = {case.rule: case.f for case in CASES if case.what == what and case.rule not in ones}
    slow = [pytest.param(name, marks=pytest.mark.acceptance) for name in others]
    ones |= others
    return pytest.mark.parametrize("name", [*(name for name in ones if name not in others), *slow])


@pytest.mark.parametrize("x", EDGES, ids=str)
@with_others(ONE, "scalar")
def test_one_number_at_its_edges(node, name, x):
    check(node, ONE[name], [0.5], [x])


@with_others(TWO, "two scalars")
def test_two_numbers_at_their_edges(node, name):
    for x in EDGES:
        for y in EDGES:
            if name == "power" and y == 0 and not np.isfinite(x):
                continue  # a number's zeroth power has slope 0, an array's nan
            check(node, TWO[name], [0.5, 0.25], [x, y])


@st.composite
def programs(draw):
    steps = []
    count = draw(st.integers(1, 3))
    for k in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from(sorted(ONE) + sorted(TWO)))
        operands = st.integers(0, count + k - 1)
        steps.append((name, [draw(operands) for _ in range(2 if name in TWO else 1)]))
    points = st.lists(st.floats(-2, 2, width=32), min_size=count, max_size=count)
    return steps, draw(points), draw(points)


@given(programs())
def test_random_programs(node, program):
    steps, first, then = program

    def f(*leaves):
        values = list(leaves)
        for name, operands in steps:
            value = {**ONE, **TWO}[name](*(values[k] for k in operands))
            values.append(np.tanh(value) / 2 + value / 8)
        return sum(values)

    check(node, f, first, then, absolute=1e-12)


def test_single_precision_is_kept(node):
    def f(x):
        return (x * 0.1 + 0.3) * x - 1 / x

    x = mt.Tensor(0.7, requires_grad=True, dtype=np.float32)
    recorded = f(x)
    text = javascript(graph_for("javascript", recorded, data=False), recorded)
    for number in (0.7, 0.1, -1.3, 2.9, 5.3):
        graph = Graph.of(f(mt.Tensor(number, requires_grad=True, dtype=np.float32)))
        found = node(text, {"n0": number})
        values, gradients = numbers(found["values"]), numbers(found["gradients"])
        for n in graph.nodes:
            if n.rule is not None:
                assert values[n.id] == n.value
            if n.gradient is not None:
                assert gradients[n.id] == n.gradient


def test_a_leaf_left_out_has_its_recorded_number(node):
    x = mt.Tensor(3.0, requires_grad=True)
    y = mt.Tensor(5.0, requires_grad=True)
    result = x * y
    text = javascript(Graph.of(result), result)
    assert node(text, {"n0": 4.0})["values"] == {"n0": "4", "n1": "5", "n2": "20"}


def test_a_seed_of_ones_own_arrives(node):
    x = mt.Tensor(3.0, requires_grad=True)
    result = x * 2.0
    text = javascript(Graph.of(result, gradient=-1.5), result, -1.5)
    assert node(text, {})["gradients"] == {"n2": "-1.5", "n0": "-3"}


def test_operations_of_ones_own_are_written_where_their_functions_are(node):
    f = mt.primitive("angle", np.arctan, lambda g, out, x: g / (1 + x * x))
    check(node, f, [0.5], [2.0])
    other = mt.primitive("bessel", np.i0, lambda g, out, x: g)
    x = mt.Tensor(3.0, requires_grad=True)
    refused(other(x), "i0 can't be written for shape () and dtype float64")
    own = mt.primitive("ones_like", lambda x: np.float64(float(x) + 1), lambda g, out, x: g)
    refused(own(x), "ones_like can't be written")  # it isn't NumPy's


def refused(result, message):
    with pytest.raises(ValueError) as error:
        javascript(Graph.of(result), result)
    assert message in str(error.value)


# What has no writing in JavaScript: decompositions of matrices
REFUSED = ("linalg.", "cofactors")


def arrays_alone(f):
    """A case's function, with a single number for a result, so that a gradient arrives."""

    def g(*xs):
        result = f(*xs)
        weights = np.cos(np.arange(result.size)).reshape(result.shape)
        return (result * weights).sum()

    return g


ARRAYS = [
    case for case in CASES if any(map(np.ndim, case.inputs)) and all(map(np.size, case.inputs))
]


@pytest.mark.parametrize("one", list(first_of_each_rule(ARRAYS)))
def test_arrays(node, one):
    f = arrays_alone(one.f)
    if one.rule.startswith(REFUSED) or one.what == "to a decimal":
        with pytest.raises(ValueError, match="can't be written for shape"):
            program(f, *one.inputs)
        return
    check(node, f, one.inputs, [x * 0.75 if x.dtype.kind == "f" else x for x in one.inputs], 1e-14)


def test_what_nobody_walks_need_not_be_written(node):
    """A derivative that can't be written, on the way to data alone, spoils nothing after it."""

    def slope(g, out, x, y):
        return np.i0(g * x + y)

    f = mt.primitive("odd", lambda x, y: x * y, slope, lambda g, out, x, y: g * x)
    x, y = mt.Tensor(3.0), mt.Tensor(5.0, requires_grad=True)
    result = f(x, y) * (x * y)
    found = numbers(node(javascript(Graph.of(result), result), {})["gradients"])
    assert found[Graph.of(result).find(y).id] == 2 * 3.0 * 3.0 * 5.0
    refused(f(y, y), "i0 can't be written")


def test_what_cannot_be_written_is_refused():
    y = mt.Tensor(1.0, requires_grad=True)
    half = mt.Tensor(1.0, requires_grad=True, dtype=np.float16)
    refused(half * 2, "javascript: multiply can't be written for shape () and dtype float16")
    summed = mt.primitive("more", lambda x: np.sum(x, initial=5), lambda g, out, x: g)
    refused(summed(y), "sum can't be written")
    own = mt.primitive("ones_like", lambda x: np.float64(float(x) + 1), lambda g, out, x: g)
    refused(own(y), "ones_like can't be written")  # it isn't NumPy's
    refused(np.round(y, 1), "round can't be written")
    A = mt.Tensor(np.eye(2), requires_grad=True)
    refused(np.linalg.inv(A).sum(), "linalg.inv can't be written for shape (2, 2)")


def test_a_program_has_the_helpers_that_it_calls_and_no_others():
    x, y = (mt.Tensor(np.arange(3.0), requires_grad=True, name=name) for name in "xy")
    texts = [javascript(Graph.of(f), f) for f in (x.sum() * 0.5, np.sort(x).sum(), (x * y).sum())]
    sources = [re.findall(r"^const (?!c\d)(\w+) = ", text, re.MULTILINE) for text in texts]
    assert ["sorted" in found for found in sources] == [False, True, False]
    assert ["order" in found for found in sources] == [False, True, False]
    assert all("walk" in found and "variance" not in found for found in sources)


def test_a_long_program_is_written_in_linear_time(node):
    x = mt.Tensor(0.5, requires_grad=True)
    y = x
    for _ in range(2000):
        y = y * x + 0.5
    found = node(javascript(Graph.of(y), y), {})
    assert float(found["values"]["n0"]) == 0.5
    y.backward()
    assert float(found["gradients"]["n0"]) == pytest.approx(x.grad, rel=1e-12)


@pytest.mark.parametrize("b", [3, 4, 7, -2, -3])
def test_small_whole_powers_are_multiplied(b, node):
    x = mt.Tensor(-1.3, requires_grad=True, name="x")
    result = x**b
    text = javascript(Graph.of(result), result)
    assert "**" not in text.replace("** 2", "")
    found = node(text, {})
    assert float(found["values"]["n2"]) == result.item()
