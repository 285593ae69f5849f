"""Programs, shapes and indices that nobody thought of: their gradients agree with differences."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from test_rules import close, differences

import microtensor as mt
from microtensor import Tensor, grad

# Shapes that broadcast with each other, to one of at most (2, 3).
LEAF_SHAPES = st.lists(
    st.sampled_from([(), (1,), (3,), (2, 1), (1, 3), (2, 3)]), min_size=1, max_size=3
)
ENTRIES = st.floats(-1.5, 1.5, width=32)

# Every result is bent back to less than 1, and slopes with it, so that differences stay exact.
ONE = {
    "negative": lambda x: -x,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "square": np.square,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": lambda x: np.log(x * x + 1),
    "log1p": lambda x: np.log1p(np.exp(-x * x)),
    "sqrt": lambda x: np.sqrt(x * x + 0.5),
    "sigmoid": mt.sigmoid,
    "softplus": mt.softplus,
    "power": lambda x: (1.5 + np.tanh(x)) ** 2.5,
    "number's power": lambda x: 1.5**x,
    "softmax": lambda x: mt.softmax(np.expand_dims(x, 0), None)[0],
    "sum": lambda x: np.sum(x, keepdims=True) - x,
    "mean": lambda x: x - np.mean(x),
    "var": lambda x: x + np.var(x),
    "prod": lambda x: x + np.prod(x),
    "logsumexp": lambda x: x - mt.logsumexp(x),
    "twice": lambda x: x + x,
    "transposed twice": lambda x: (x.T * 0.5).T,
    "flip": lambda x: np.flip(x) * 0.7,
    "reshape": lambda x: x.reshape(-1).reshape(x.shape),
    "cumsum": lambda x: np.cumsum(x).reshape(x.shape),
    "getitem": lambda x: x[..., None][..., 0],
    "concatenate": lambda x: np.concatenate([x[None], 2 * x[None]])[1],
    "pad": lambda x: np.pad(x.reshape(-1), 1)[1:-1].reshape(x.shape),
}


def column(x, length):
    return np.broadcast_to(x, (length, 1))


TWO = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (1.5 + np.tanh(y)),
    "power": lambda x, y: (1.5 + np.tanh(x)) ** y,
    "where": lambda x, y: np.where(np.arange(3) > 0, x, y),
    "outer": lambda x, y: np.outer(x, y).mean() + x,
    "einsum": lambda x, y: np.einsum("...,...", x, y) + y,
    "matmul": lambda x, y: (x.reshape(1, -1) @ column(y.mean(), x.size)).sum() * y,
}


@st.composite
def programs(draw):
    """Leaves, and steps: an operation and the values before it that it takes."""
    arrays = [draw(hnp.arrays(np.float64, shape, elements=ENTRIES)) for shape in draw(LEAF_SHAPES)]
    steps = []
    for k in range(draw(st.integers(1, 8))):
        operands = st.integers(0, len(arrays) + k - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(ONE))), (draw(operands),)))
        else:
            steps.append((draw(st.sampled_from(sorted(TWO))), (draw(operands), draw(operands))))
    return arrays, steps


def run(steps, leaves):
    """Every value is used at the end, so that every leaf is reached."""
    values = list(leaves)
    for name, operands in steps:
        table = ONE if len(operands) == 1 else TWO
        values.append(np.tanh(table[name](*(values[k] for k in operands))) / 2)
    total = 0.0
    for k, value in enumerate(values):
        total = total + (np.tanh(value) * (1 + 0.1 * k)).sum()
    return total


@given(programs())
def test_programs(program):
    arrays, steps = program
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    result = run(steps, leaves)
    expected = differences(lambda *x: run(steps, map(Tensor, x)).item(), arrays)
    found = grad(result, leaves)
    result.backward()
    for leaf, d, e in zip(leaves, found, expected, strict=True):
        close(d.numpy(), e)
        np.testing.assert_array_equal(leaf.grad, d.numpy())


@given(programs())
def test_second_derivatives_of_programs(program):
    arrays, steps = program

    def slope(leaves, create_graph=False):
        first = grad(run(steps, leaves), leaves, create_graph=create_graph)
        total = 0.0
        for k, d in enumerate(first):
            total = total + (d * (k + 1)).sum()
        return total

    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    expected = differences(
        lambda *x: slope([Tensor(a, requires_grad=True) for a in x]).item(), arrays
    )
    for d, e in zip(grad(slope(leaves, True), leaves), expected, strict=True):
        close(d.numpy(), e)


@given(programs())
def test_a_program_is_a_graph(program):
    arrays, steps = program
    result = run(steps, [Tensor(a, requires_grad=True) for a in arrays])
    graph = mt.Graph.of(result)
    assert repr(graph) == repr(mt.Graph.of(result))
    order = {node.id: k for k, node in enumerate(graph.nodes)}
    assert len(order) == len(graph.nodes)
    assert all(order[e.source] < order[e.target] for e in graph.edges)
    sent = {}
    for e in graph.edges:
        if e.contribution is not None:
            sent.setdefault(e.source, []).append(e.contribution)
    for node in graph.nodes:
        if node.id in sent:
            np.testing.assert_allclose(sum(sent[node.id]), node.gradient, rtol=1e-12, atol=1e-12)


# Shapes -----------------------------------------------------------------------------------------


def agree(f, *arrays):
    """The value is NumPy's, the gradient that of the differences."""
    result = f(*(Tensor(a, requires_grad=True) for a in arrays))
    expected = np.asarray(f(*arrays))
    assert result.shape == expected.shape
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-12)
    weights = np.random.default_rng(0).uniform(0.5, 1.5, expected.shape)
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    found = grad(f(*leaves), leaves, weights)
    for d, e in zip(found, differences(lambda *x: np.sum(f(*x) * weights), arrays), strict=True):
        close(d.numpy(), e)


def numbers(shape):
    return np.random.default_rng(sum(shape) + len(shape)).uniform(-1.5, 1.5, shape)


SMALL = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
FULL = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3)


@st.composite
def shapes_and_axes(draw, shapes):
    shape = draw(shapes)
    axes = st.integers(-len(shape), len(shape) - 1)
    choices = [st.none()]
    if shape:
        choices += [axes, hnp.valid_tuple_axes(len(shape))]
    return shape, draw(st.one_of(choices)), draw(st.booleans())


@given(shapes_and_axes(SMALL), st.sampled_from([np.sum, np.prod]))
def test_sums_and_products(drawn, f):
    shape, axis, keepdims = drawn
    agree(lambda x: f(x, axis=axis, keepdims=keepdims), numbers(shape))


@given(shapes_and_axes(FULL), st.sampled_from([np.mean, np.var, np.max, np.min]))
def test_other_reductions(drawn, f):
    shape, axis, keepdims = drawn
    n = int(np.prod(shape))
    x = np.random.default_rng(n).permutation(n).reshape(shape) * 0.1
    agree(lambda x: f(x, axis=axis, keepdims=keepdims), x)


@given(SMALL.flatmap(lambda s: st.tuples(st.just(s), hnp.basic_indices(s, allow_newaxis=True))))
def test_basic_indices(drawn):
    shape, index = drawn
    agree(lambda x: x[index], numbers(shape))


FANCY = hnp.array_shapes(min_dims=1, max_dims=3, max_side=3)


@given(FANCY.flatmap(lambda s: st.tuples(st.just(s), hnp.integer_array_indices(s))))
def test_integer_indices(drawn):
    shape, index = drawn
    agree(lambda x: x[index], numbers(shape))


@given(SMALL.flatmap(lambda s: st.tuples(st.just(s), hnp.arrays(bool, s))))
def test_masks(drawn):
    shape, mask = drawn
    agree(lambda x: x[mask], numbers(shape))


@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3),
    st.sampled_from([np.add, np.subtract, np.multiply]),
)
def test_broadcasting(shapes, f):
    a, b = shapes.input_shapes
    agree(f, numbers(a), numbers(b) + 0.1)


@given(
    hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3
    )
)
def test_matrix_products(shapes):
    a, b = shapes.input_shapes
    agree(np.matmul, numbers(a), numbers(b) + 0.1)


@st.composite
def sums_of_products(draw):
    """Subscripts of up to three operands, and a size for each letter."""
    terms = [
        "".join(draw(st.lists(st.sampled_from("ijkl"), max_size=3)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    letters = sorted(set("".join(terms)))
    result = "".join(draw(st.permutations(letters))[: draw(st.integers(0, len(letters)))])
    sizes = {letter: draw(st.integers(1, 3)) for letter in letters}
    arrow = draw(st.booleans())
    subscripts = ",".join(terms) + ("->" + result) * arrow
    return subscripts, [tuple(sizes[letter] for letter in term) for term in terms]


@given(sums_of_products())
def test_einsum(drawn):
    subscripts, shapes = drawn
    agree(
        lambda *x: np.einsum(subscripts, *x),
        *(numbers(shape) + 0.1 * k for k, shape in enumerate(shapes)),
    )


@given(st.data())
def test_shapes_there_and_back(data):
    shape = data.draw(FULL)
    x = numbers(shape)
    order = data.draw(st.permutations(range(len(shape))))
    signs = [data.draw(st.booleans()) for _ in order]
    axes = tuple(a - len(shape) * s for a, s in zip(order, signs, strict=True))
    agree(lambda x: np.transpose(x, axes) * 2, x)
    if shape:
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        cuts = sorted(data.draw(st.lists(st.integers(0, shape[axis]), max_size=3)))
        agree(lambda x: np.concatenate([p * 2 for p in np.split(x, cuts, axis)], axis), x)
        agree(lambda x: np.stack([x, x * 2], axis), x)
        widths = [(data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))) for _ in shape]
        for mode in ("constant", "edge", "wrap", "symmetric"):
            agree(lambda x, mode=mode: np.pad(x, widths, mode=mode), x)
        agree(lambda x: np.flip(x, axis) * np.cumsum(x, axis), x)
