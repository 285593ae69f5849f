"""cost, forward and backward. Written by microtensor."""

import jax.numpy as jnp


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return jnp.exp(jnp.minimum(x, 0)) / (1 + jnp.exp(-jnp.abs(x)))


def cost_and_gradients(X, y, W1, b1, W2, b2, W3, b3, W4, b4):
    """The cost and its gradients, by name.

    Data: X (209, 12288), y (209, 1).
    Parameters: W1 (20, 12288), b1 (20,), W2 (7, 20), b2 (7,), W3 (5, 7), b3 (5,),
      W4 (1, 5), b4 (1,).
    """
    m = len(y)

    # Layer 1
    Z1 = X @ W1.T + b1  # (209, 20)
    A1 = jnp.maximum(Z1, 0)

    # Layer 2
    Z2 = A1 @ W2.T + b2  # (209, 7)
    A2 = jnp.maximum(Z2, 0)

    # Layer 3
    Z3 = A2 @ W3.T + b3  # (209, 5)
    A3 = jnp.maximum(Z3, 0)

    # Layer 4
    Z4 = A3 @ W4.T + b4  # (209, 1)
    A4 = sigmoid(Z4)

    # BCELoss
    cost = -jnp.mean(y * jnp.log(A4) + (1 - y) * jnp.log(1 - A4))

    # Backward through BCELoss
    dA4 = ((1 - y) / (1 - A4) - y / A4) / m

    # Backward through layer 4
    dZ4 = dA4 * A4 * (1 - A4)
    dW4 = dZ4.T @ A3
    db4 = jnp.sum(dZ4, axis=0)
    dA3 = dZ4 @ W4

    # Backward through layer 3
    dZ3 = jnp.where(A3 > 0, dA3, 0)
    dW3 = dZ3.T @ A2
    db3 = jnp.sum(dZ3, axis=0)
    dA2 = dZ3 @ W3

    # Backward through layer 2
    dZ2 = jnp.where(A2 > 0, dA2, 0)
    dW2 = dZ2.T @ A1
    db2 = jnp.sum(dZ2, axis=0)
    dA1 = dZ2 @ W2

    # Backward through layer 1
    dZ1 = jnp.where(A1 > 0, dA1, 0)
    dW1 = dZ1.T @ X
    db1 = jnp.sum(dZ1, axis=0)

    gradients = {
        "W1": dW1,
        "b1": db1,
        "W2": dW2,
        "b2": db2,
        "W3": dW3,
        "b3": db3,
        "W4": dW4,
        "b4": db4,
    }
    return cost, gradients
