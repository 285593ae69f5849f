"""The Jacobian and the Hessian: PyTorch's numbers, in PyTorch's tuples."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import GradientError, Tensor, hessian, jacobian, no_grad

A = np.array([[0.5, 1.5, 0.7], [1.1, 0.3, 1.9]])
V = np.array([0.4, 1.2, 0.8])


def square_and_sum(x):
    return x**2, x.sum()


# f, and what it is given: the same for both libraries.
JACOBIANS = {
    "one and one": (lambda x: x.exp(), A),
    "a matrix product": (lambda x: x @ x.T, A),
    "a number": (lambda x: (x * x).sum(), V),
    "of a number": (lambda x: x**3, np.array(1.5)),
    "two inputs": (lambda x, y: x * y, (A, V)),
    "two inputs, one left out": (lambda x, y: x.sin(), (A, V)),
    "a tuple of one": (lambda x: x.exp(), (V,)),
    "two outputs": (square_and_sum, V),
    "a tuple of one output": (lambda x: (x.exp(),), V),
    "two inputs, two outputs": (lambda x, y: (x @ y, y.exp()), (A, V)),
    "the input itself": (lambda x: x, V),
    "an input twice": (lambda x, y: x * y, (V, V)),
    "nothing depends": (lambda x, y: (x * 0 + 1, y.sum()), (V, A)),
    "size 0": (lambda x: (x * 2).sum(), np.zeros((0, 2))),
    "float32": (lambda x: x.exp(), V.astype(np.float32)),
    "two dtypes": (lambda x, y: x.sum() + y, (V, V.astype(np.float32))),
}
HESSIANS = {
    "cubes": (lambda x: (x**3).sum(), A),
    "a product": (lambda x: x.prod(), V),
    "a line": (lambda x: (2 * x).sum(), V),
    "a number": (lambda x: x**4, np.array(1.5)),
    "one entry": (lambda x: (x**3).sum().reshape((1, 1)), V),
    "two inputs": (lambda x, y: ((x @ y) ** 3).sum(), (A, V)),
    "two inputs, apart": (lambda x, y: x.exp().sum() + (y * y).sum(), (A, V)),
    "two inputs, one left out": (lambda x, y: (x**3).sum(), (V, A)),
    "a tuple of one": (lambda x: (x**3).sum(), (V,)),
    "float32": (lambda x: (x**3).sum(), V.astype(np.float32)),
}


def same(found, expected):
    """The same tuples of the same numbers, in the same dtype."""
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
        assert len(found) == len(expected)
        for parts in zip(found, expected, strict=True):
            same(*parts)
        return
    assert isinstance(found, Tensor)
    assert (found.shape, found.dtype) == (tuple(expected.shape), expected.numpy().dtype)
    assert not found.requires_grad
    tolerance = 1e-12 if found.dtype == np.float64 else 1e-6
    np.testing.assert_allclose(found.numpy(), expected.numpy(), tolerance, tolerance)


def in_torch(x, torch):
    return tuple(map(torch.tensor, x)) if isinstance(x, tuple) else torch.tensor(x)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(("f", "x"), JACOBIANS.values(), ids=JACOBIANS)
def test_jacobians_are_those_of_pytorch(f, x, create_graph):
    torch = pytest.importorskip("torch")
    expected = torch.autograd.functional.jacobian(f, in_torch(x, torch))
    found = jacobian(f, x, create_graph)
    same(detached(found) if create_graph else found, expected)


@pytest.mark.parametrize(("f", "x"), HESSIANS.values(), ids=HESSIANS)
def test_hessians_are_those_of_pytorch(f, x):
    torch = pytest.importorskip("torch")
    expected = torch.autograd.functional.hessian(f, in_torch(x, torch))
    same(hessian(f, x), expected)
    same(detached(hessian(f, x, create_graph=True)), expected)
    with no_grad():
        same(hessian(f, x), expected)


def detached(x):
    return tuple(map(detached, x)) if isinstance(x, tuple) else x.detach()


def test_known_derivatives():
    assert jacobian(lambda x: x**2, [1.0, 2.0]).tolist() == [[2, 0], [0, 4]]
    assert jacobian(lambda x: x**2, 3.0).item() == 6
    assert hessian(lambda x: (x**3).sum(), [1.0, 2.0]).tolist() == [[6, 0], [0, 12]]


def test_no_outputs():  # where PyTorch fails
    assert jacobian(lambda x: x[:0] * 2, V).shape == (0, 3)
    assert jacobian(lambda x: x * 2, np.zeros((0, 2))).shape == (0, 2, 0, 2)
    assert hessian(lambda x: x.sum(), np.zeros(0)).shape == (0, 0)


def test_whole_numbers_become_floats():
    assert jacobian(lambda x: x**2, np.array([1, 2])).tolist() == [[2, 0], [0, 4]]
    assert jacobian(lambda x, y: x * y, (2, Tensor(3)))[0].item() == 3
    assert hessian(lambda x: x**3, 2).item() == 12


def test_nobodys_gradient_is_touched():
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    b = Tensor([3.0, 4.0], requires_grad=True)
    product = w * b
    assert jacobian(lambda x: x * b, w).tolist() == [[3, 0], [0, 4]]
    assert hessian(lambda x: (x * x * b).sum(), w).tolist() == [[6, 0], [0, 8]]
    assert (w.grad, b.grad) == (None, None)
    product.sum().backward()  # what was recorded before goes backward still
    assert w.grad.tolist() == [3, 4]


def test_what_f_closes_over_is_a_constant():
    x = Tensor(3.0, requires_grad=True)
    assert jacobian(lambda y: x * y, x).item() == 3
    assert jacobian(lambda y: x * y, x, create_graph=True).item() == 3


def test_a_jacobian_can_be_differentiated():
    x = Tensor([1.0, 2.0], requires_grad=True)
    slopes = jacobian(lambda x: x**3, x, create_graph=True)
    slopes.sum().backward()
    assert x.grad.tolist() == [6, 12]
    b = Tensor(2.0, requires_grad=True)
    curvature = hessian(lambda y: (b * y**3).sum(), [1.0, 2.0], create_graph=True)
    curvature.sum().backward()
    assert b.grad.tolist() == 18


def test_inputs_may_be_results():
    w = Tensor([1.0, 2.0], requires_grad=True)
    inner = w * 3
    assert jacobian(lambda x: x**2, inner).tolist() == [[6, 0], [0, 12]]
    jacobian(lambda x: x**2, inner, create_graph=True).sum().backward()
    assert w.grad.tolist() == [6, 6]


def test_inside_no_grad():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with no_grad():
        assert jacobian(lambda x: x**2, x).tolist() == [[2, 0], [0, 4]]
        assert not (x * x).requires_grad


def test_by_numpys_functions():
    f = lambda x: np.sum(np.exp(x) * V)  # noqa: E731
    assert np.allclose(hessian(f, V).numpy(), np.diag(np.exp(V) * V))


def test_in_a_compiled_function():
    compiled = mt.compile(lambda x: jacobian(lambda y: y**3, x, create_graph=True).sum())
    for numbers in (np.array([1.0, 2.0]), np.array([3.0, 1.0])):
        x = Tensor(numbers, requires_grad=True)
        assert compiled(x) == 3 * (numbers**2).sum()
        assert x.grad.tolist() == (6 * numbers).tolist()
    refused = mt.compile(lambda x: jacobian(lambda y: y**3, x).sum())
    with pytest.raises(GradientError, match="without create_graph=True"):
        refused(Tensor(V, requires_grad=True))


def test_a_modules_parameters_are_constants_to_it():
    import nn

    layer = nn.Linear(3, 2, rng=0)
    found = jacobian(layer, V)
    assert np.allclose(found.numpy(), layer.weight.numpy())
    assert layer.weight.grad is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: jacobian(lambda x: x.numpy(), V),
            TypeError,
            "jacobian: expected a tensor, got ndarray; give the tensor itself: what .item(), .data "
            "or NumPy give has no record",
        ),
        (
            lambda: jacobian(lambda x: [x, x], V),
            TypeError,
            "jacobian: expected a tensor, got list; give one tensor, such as the sum of several",
        ),
        (
            lambda: hessian(lambda x: x * x, V),
            GradientError,
            "hessian: f gives a tensor of 1 number, not (3,); reduce it by .sum() or .mean()",
        ),
        (
            lambda: hessian(lambda x: (x.sum(), x.sum()), V),
            GradientError,
            "hessian: f gives a tensor of 1 number, not tuple; reduce it by .sum() or .mean()",
        ),
        (
            lambda: hessian(lambda x: 2.0, V),
            GradientError,
            "hessian: f gives a tensor of 1 number, not 2.0; reduce it by .sum() or .mean()",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
