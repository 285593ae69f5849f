"""The record run again in part, against the walk and against differences."""

import numpy as np
import pytest
from cases import CASES, first_of_each_rule

import microtensor as mt
from microtensor import Graph, Tensor
from microtensor.program.replay import Replay


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES)))
def test_columns_are_the_derivatives_that_the_walk_uses(case):
    leaves = [leaf(x, f"x{k}") for k, x in enumerate(case.inputs)]
    result = case.f(*leaves)
    if not result.size:
        return
    weights = np.random.default_rng(0).uniform(0.5, 1.5, result.shape)
    graph, replay = Graph.of(result, gradient=weights), Replay(result)
    for edge in graph.edges:
        if edge.contribution is None:
            continue
        source, target = graph.node(edge.source), graph.node(edge.target)
        again = replay.sent(edge.target, edge.slot, target.gradient)
        assert np.array_equal(again, edge.contribution)
        for entry in np.ndindex(np.shape(source.value)):
            column = replay.column(edge.target, edge.slot, entry)
            assert column.shape == np.shape(target.value)
            sent = float((column * target.gradient).sum())
            assert sent == pytest.approx(np.asarray(edge.contribution)[entry], 1e-12, 1e-14)


@pytest.mark.parametrize("case", list(first_of_each_rule(CASES)))
def test_nudges_move_the_result_as_running_the_function_again_does(case):
    leaves = [leaf(x, f"x{k}") for k, x in enumerate(case.inputs)]
    result = case.f(*leaves)
    replay = Replay(result)
    for k, x in enumerate(leaves):
        node = Graph.of(result).find(x)
        if node is None or not x.size:
            continue
        entry = tuple(n - 1 for n in x.shape)
        arrays = [np.array(a, dtype=float) for a in case.inputs]
        arrays[k][entry] += 1e-3
        moved = case.f(*(leaf(a) for a in arrays)).data.sum()
        assert replay.nudged(node.id, entry, 1e-3) == pytest.approx(moved, 1e-14, nan_ok=True)
        assert np.array_equal(x.data, case.inputs[k], equal_nan=True)


def test_a_derivative_of_ones_own_that_takes_arrays_alone():
    double = mt.primitive("double", lambda x: 2 * x, lambda g, out, x: 2 * np.array(g.tolist()))
    replay = Replay(double(leaf([1.0, 2.0, 3.0])))
    assert replay.column("n1", 0, (1,)).tolist() == [0, 2, 0]
    large = Replay(double(leaf(np.zeros(10_001))))
    with pytest.raises(mt.GradientError) as caught:
        large.column("n1", 0, (1,))
    assert str(caught.value) == (
        "follow: the derivative of double isn't recorded, and its result has 10,001 entries, "
        "more than 10,000; write it in NumPy's functions"
    )


def test_float32_is_nudged_in_float64():
    x = Tensor(np.float32(1.0), requires_grad=True)
    replay = Replay(x * x)
    assert replay.nudged("n0", (), 1e-9) - 1 == pytest.approx(2e-9, 1e-6)
