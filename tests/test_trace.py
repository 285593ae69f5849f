"""The trace: the record as a program of NumPy calls, run again on other numbers."""

import numpy as np
import pytest
from cases import CASES, first_of_each_rule

import microtensor as mt
from microtensor.graph import Graph
from microtensor.program.symbol import Symbol
from microtensor.program.trace import trace


def run(wanted, inputs):
    """The values of symbols where inputs have these: every call of the program, once."""
    known = dict(inputs)
    stack = list(wanted)
    reached = {}
    while stack:
        symbol = stack.pop()
        if symbol.index not in reached:
            reached[symbol.index] = symbol
            stack += symbol.operands

    def value(x):
        if isinstance(x, Symbol):
            return known[x]
        return type(x)(value(part) for part in x) if isinstance(x, tuple | list) else x

    for _, symbol in sorted(reached.items()):
        if symbol.call is not None:
            options = {key: value(x) for key, x in symbol.options.items()}
            known[symbol] = symbol.function(*value(symbol.arguments), **options)
        elif symbol not in known:
            known[symbol] = symbol.value
    return [known[symbol] for symbol in wanted]


def close(found, wanted):
    scale = np.max(np.abs(wanted), initial=1.0)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * scale)
    assert np.shape(found) == np.shape(wanted)


@pytest.mark.parametrize("whole", [True, False], ids=["rules", "calls"])
@pytest.mark.parametrize("case", list(first_of_each_rule(CASES)))
def test_every_rule_runs_again_on_other_numbers(case, whole):
    leaves = [mt.Tensor(x, requires_grad=True) for x in case.inputs]
    with mt.record_constants():
        result = case.f(*leaves)
    seed = np.random.default_rng(1).uniform(0.5, 1.5, result.shape)
    found = trace(result, seed, whole)
    graph = Graph.of(result, gradient=seed)
    moved = [x + 1e-3 * np.abs(x) for x in case.inputs]
    again = [mt.Tensor(x, requires_grad=True) for x in moved]
    expected = case.f(*again)
    gradients = mt.grad(expected, again, seed)
    inputs = dict(zip(_symbols(found, leaves), moved, strict=True))
    by_symbol = {symbol: key for key, symbol in found.values.items() if isinstance(symbol, Symbol)}
    wanted = [found.gradients[by_symbol[symbol]] for symbol in inputs]
    value, *slopes = run([found.values[graph.nodes[-1].id], *wanted], inputs)
    close(value, expected.numpy())
    for slope, gradient in zip(slopes, gradients, strict=True):
        close(slope, gradient.numpy())


def _symbols(found, leaves):
    """The inputs that stand for leaves, told by the array that they hold."""
    symbols = [s for s in found.values.values() if isinstance(s, Symbol) and s.call is None]
    return [next(s for s in symbols if s.value is leaf._array) for leaf in leaves]


def test_simple_rules_are_the_calls_they_make_and_others_stay_whole():
    x = mt.Tensor([[1.0, -2.0]], requires_grad=True)
    result = x.relu().sigmoid().sum()
    assert [s.call for s in trace(result).values.values()] == [None, "maximum", "sigmoid", "sum"]
    calls = [s.call for s in trace(result, whole=False).values.values()]
    assert calls == [None, "maximum", "divide", "sum"]


def test_numbers_stand_for_themselves_and_arrays_are_inputs():
    x = mt.Tensor([1.0, 2.0], requires_grad=True)
    array = np.array([3.0, 4.0])
    values = trace((2 * x) @ array).values
    assert [v for v in values.values() if not isinstance(v, Symbol)] == [2]
    (symbol,) = [s for s in values.values() if isinstance(s, Symbol) and s.value is array]
    assert symbol.call is None


def test_edges_carry_contributions_between_numbers():
    a = mt.Tensor(2.0, requires_grad=True, name="a")
    c = mt.Tensor(-3.0, requires_grad=True, name="c")
    y = a * a + a * c
    graph, found = Graph.of(y), trace(y)
    for edge in graph.edges:
        assert found.contributions[edge.target, edge.slot].value == edge.contribution
    assert {n.id: n.gradient for n in graph.nodes} == {
        key: symbol.value for key, symbol in found.gradients.items()
    }


def test_operations_of_ones_own_are_traced_into_or_called_whole():
    numpy = mt.primitive("cube", lambda x: x * x * x, lambda g, out, x: g * 3 * x * x)
    other = mt.primitive(
        "loop", lambda x: np.array([float(v) ** 2 for v in x]), lambda g, out, x: 2 * g * x
    )
    x = mt.Tensor([1.0, 2.0], requires_grad=True)
    assert trace(numpy(x), [1.0, 1.0], whole=False).values["n1"].call == "multiply"
    assert trace(numpy(x), [1.0, 1.0]).values["n1"].call == "multiply"
    assert trace(other(x), [1.0, 1.0], whole=False).values["n1"].call == "loop"
    lost = mt.primitive("lost", lambda x: x * 1, lambda g, out, x: g * float(x[0]))
    with pytest.raises(TypeError, match="trace: the derivative of 'lost' isn't written in NumPy"):
        trace(lost(x), [1.0, 1.0])


def test_what_a_program_cannot_hold():
    x = mt.Tensor([1.0], requires_grad=True)
    symbol = trace(x.sum()).values["n0"]
    with pytest.raises(TypeError, match="can't branch on a value"):
        bool(symbol > 0)
    with pytest.raises(TypeError, match="stands for an array"):
        np.asarray(symbol)
    with pytest.raises(TypeError, match=r"np\.add\.accumulate can't be written"):
        np.add.accumulate(symbol)


def test_a_number_first_in_a_logical_rule():
    """(a == 0) & (b >= 0) of a number a and a symbol b: a power's derivative asks for it."""
    b = mt.Tensor(2.0, requires_grad=True)
    result = (-2.0) ** b
    found = trace(result)
    assert np.isnan(found.gradients["n0"].value)
