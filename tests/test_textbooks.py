"""Programs as numerical textbooks write them, in plain NumPy, whose parameters alone are tensors.

The functions know nothing of tensors. Each is given arrays, for the value, and tensors, for the
gradient, which is compared with central differences and, where there is one, with the answer that
calculus gives.
"""

import numpy as np
import pytest

import microtensor as mt
from microtensor import Tensor

rng = np.random.default_rng(7)
x = np.linspace(0.0, 1.0, 12)
y = np.sin(3 * x) + 0.1 * rng.standard_normal(12)


def least_squares(weights, ridge):
    """The residual of a cubic fitted by weighted, regularized normal equations."""
    A = np.stack([np.ones_like(x), x, x**2, x**3], axis=1)
    W = np.diag(weights)
    normal = A.T @ W @ A + ridge * np.eye(4)
    coefficients = np.linalg.solve(normal, A.T @ (weights * y))
    residual = A @ coefficients - y
    return np.sum(residual**2)


def power_iteration(A):
    """The largest eigenvalue of a symmetric matrix, by its Rayleigh quotient."""
    symmetric = (A + A.T) / 2
    v = np.ones(A.shape[0])
    for _ in range(60):
        v = symmetric @ v
        v /= np.linalg.norm(v)
    return v @ symmetric @ v / np.dot(v, v)


def gaussian_process(length, noise, scale):
    """The negative logarithm of the marginal likelihood (Rasmussen and Williams, 2.30)."""
    squares = (x[:, np.newaxis] - x[np.newaxis, :]) ** 2
    K = scale**2 * np.exp(-squares / (2 * length**2)) + noise**2 * np.eye(len(x))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.log(np.diagonal(L)).sum() + len(x) / 2 * np.log(2 * np.pi)


def kalman_filter(q, r):
    """The negative logarithm of the likelihood of positions seen by a constant-velocity filter."""
    dt = x[1] - x[0]
    F = np.array([[1.0, dt], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    Q = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    state, P = np.zeros(2), np.eye(2)
    total = 0.0
    for seen in y:
        state = F @ state
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + r * np.eye(1)
        gain = P @ H.T @ np.linalg.inv(S)
        innovation = seen - H @ state
        total += 0.5 * (
            np.log(2 * np.pi * np.linalg.det(S)) + innovation @ np.linalg.inv(S) @ innovation
        )
        state = state + gain @ innovation
        P = (np.eye(2) - gain @ H) @ P
    return total


def newtons_method(a):
    """The root of z^3 + a z = 2, whose derivative by a is -z / (3 z^2 + a)."""
    z = np.ones_like(a)
    for _ in range(20):
        z = z - (z**3 + a * z - 2.0) / (3 * z**2 + a)
    return np.sum(z)


def cubic_spline(values):
    """The integral of a squared natural cubic spline, by its moments (Stoer and Bulirsch, 2.4)."""
    knots = np.linspace(0.0, 1.0, len(values))
    h = np.diff(knots)
    slopes = np.diff(values) / h
    size = len(values) - 2
    A = np.zeros((size, size))
    for i in range(size):
        A[i, i] = 2 * (h[i] + h[i + 1])
        if i + 1 < size:
            A[i, i + 1] = A[i + 1, i] = h[i + 1]
    inner = np.linalg.solve(A, 6 * np.diff(slopes))
    M = np.concatenate([np.zeros(1), inner, np.zeros(1)])
    at = np.linspace(0.0, 1.0, 41)
    k = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(h) - 1)
    left, right = at - knots[k], knots[k + 1] - at
    s = (M[k] * right**3 + M[k + 1] * left**3) / (6 * h[k])
    s = s + (values[k] / h[k] - M[k] * h[k] / 6) * right
    s = s + (values[k + 1] / h[k] - M[k + 1] * h[k] / 6) * left
    return np.mean(s**2)


def principal_components(data):
    """The share of the variance that two components explain."""
    centered = data - np.mean(data, axis=0, keepdims=True)
    covariance = centered.T @ centered / (len(data) - 1)
    eigenvalues, eigenvectors = np.linalg.eigh(covariance)
    order = np.argsort(eigenvalues)[::-1]
    chosen = eigenvectors[:, order[:2]]
    scores = centered @ chosen
    return np.var(scores, axis=0, ddof=1).sum() / np.trace(covariance)


def singular_values(data):
    """The same share, by the singular values of the data."""
    centered = data - data.mean(axis=0)
    _, S, _ = np.linalg.svd(centered, full_matrices=False)
    return np.sum(S[:2] ** 2) / np.sum(S**2)


def softmax_regression(W, b):
    """The mean cross-entropy of three classes, with a penalty."""
    X = np.vstack([x, x**2]).T
    labels = np.digitize(y, [0.3, 0.8])
    scores = X @ W + b
    scores = scores - np.max(scores, axis=1, keepdims=True)
    logs = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(len(labels)), labels]) + 0.01 * np.sum(np.square(W))


def pendulum(length, damping):
    """The angle of a damped pendulum after two seconds, by Runge and Kutta's method."""

    def slope(state):
        angle, speed = state
        return np.stack([speed, -9.81 / length * np.sin(angle) - damping * speed])

    state, h = np.array([0.5, 0.0]), 0.05
    for _ in range(40):
        k1 = slope(state)
        k2 = slope(state + h / 2 * k1)
        k3 = slope(state + h / 2 * k2)
        k4 = slope(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state[0]


def markov_chain(rates):
    """The expected cost in the long run of a chain whose rows are softmaxes of rates."""
    P = np.exp(rates) / np.sum(np.exp(rates), axis=1, keepdims=True)
    n = P.shape[0]
    A = np.vstack([(P.T - np.eye(n))[:-1], np.ones((1, n))])
    stationary = np.linalg.solve(A, np.eye(n)[-1])
    return stationary @ np.arange(1.0, n + 1)


def absorbing_chain(p):
    """The expected number of steps until absorption: (I - Q)^-1 1, or by its powers."""
    Q = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]) * p
    Q = Q + np.tril(np.ones((3, 3)), -1) * (1 - p) / 2
    return np.sum(np.linalg.inv(np.eye(3) - Q)[0]) + np.linalg.matrix_power(Q, 3).sum()


PROGRAMS = {
    "least squares": (least_squares, (rng.uniform(0.5, 1.5, 12), np.array(0.1))),
    "power iteration": (power_iteration, (rng.uniform(0, 1, (4, 4)) + np.diag([4.0, 3, 2, 1]),)),
    "a Gaussian process": (gaussian_process, (np.array(0.3), np.array(0.2), np.array(1.1))),
    "a Kalman filter": (kalman_filter, (np.array(0.5), np.array(0.05))),
    "Newton's method": (newtons_method, (np.array([0.5, 1.0, 2.0]),)),
    "a spline": (cubic_spline, (np.sin(4 * np.linspace(0, 1, 7)),)),
    "principal components": (principal_components, (rng.standard_normal((9, 4)),)),
    "singular values": (singular_values, (rng.standard_normal((9, 4)),)),
    "softmax regression": (softmax_regression, (rng.standard_normal((2, 3)), np.zeros(3))),
    "a pendulum": (pendulum, (np.array(1.2), np.array(0.3))),
    "a Markov chain": (markov_chain, (rng.standard_normal((4, 4)),)),
    "an absorbing chain": (absorbing_chain, (np.array(0.6),)),
}


@pytest.mark.parametrize(("program", "parameters"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_plain_numpy_differentiates(program, parameters):
    result = program(*(Tensor(p, requires_grad=True) for p in parameters))
    assert result.shape == ()
    assert result.item() == pytest.approx(program(*parameters), rel=1e-12)
    mt.check_gradients(program, *parameters, rtol=1e-5)


# What calculus says ------------------------------------------------------------------------------


def gradients(program, *parameters):
    leaves = [Tensor(p, requires_grad=True) for p in parameters]
    return [g.numpy() for g in mt.grad(program(*leaves), leaves)]


def test_newtons_method_has_the_derivative_of_the_root():
    (a,) = PROGRAMS["Newton's method"][1]
    roots = np.array(
        [np.max(np.real(r[np.isreal(r)])) for r in (np.roots([1, 0, k, -2]) for k in a)]
    )
    np.testing.assert_allclose(gradients(newtons_method, a)[0], -roots / (3 * roots**2 + a))


def test_the_largest_eigenvalue_has_the_derivative_v_v():
    (A,) = PROGRAMS["power iteration"][1]
    v = np.linalg.eigh((A + A.T) / 2)[1][:, -1]
    np.testing.assert_allclose(gradients(power_iteration, A)[0], np.outer(v, v), atol=1e-10)


def test_the_likelihood_of_a_process_has_the_derivative_of_its_trace_formula():
    """Rasmussen and Williams, 5.9, for the noise."""
    length, noise, scale = PROGRAMS["a Gaussian process"][1]
    squares = (x[:, None] - x) ** 2
    K = scale**2 * np.exp(-squares / (2 * length**2)) + noise**2 * np.eye(12)
    alpha = np.linalg.solve(K, y)
    expected = -0.5 * np.trace((np.outer(alpha, alpha) - np.linalg.inv(K)) * 2 * noise)
    found = gradients(gaussian_process, length, noise, scale)[1]
    np.testing.assert_allclose(found, expected)


def test_ways_to_explain_variance_agree():
    (data,) = PROGRAMS["principal components"][1]
    first, second = (gradients(f, data)[0] for f in (principal_components, singular_values))
    np.testing.assert_allclose(first, second, atol=1e-12)


def test_newtons_method_on_a_hessian():
    """Rosenbrock's valley, to its minimum at (1, 1)."""

    def valley(z):
        return (1 - z[0]) ** 2 + 100 * (z[1] - z[0] ** 2) ** 2

    z = np.array([-1.2, 1.0])
    for _ in range(8):
        slope = mt.jacobian(valley, z).numpy()
        z = z - np.linalg.solve(mt.hessian(valley, z).numpy(), slope)
    np.testing.assert_allclose(z, [1, 1])
