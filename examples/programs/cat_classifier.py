"""cost, forward and backward. Written by microtensor."""

import numpy as np


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def cost_and_gradients(X, y, W1, b1, W2, b2, W3, b3, W4, b4):
    """The cost and its gradients, by name.

    Data: X (209, 12288), y (209, 1).
    Parameters: W1 (20, 12288), b1 (20,), W2 (7, 20), b2 (7,), W3 (5, 7), b3 (5,),
      W4 (1, 5), b4 (1,).
    """
    m = len(y)

    # Layer 1
    z1 = X @ W1.T + b1  # (209, 20)
    a1 = np.maximum(z1, 0)

    # Layer 2
    z2 = a1 @ W2.T + b2  # (209, 7)
    a2 = np.maximum(z2, 0)

    # Layer 3
    z3 = a2 @ W3.T + b3  # (209, 5)
    a3 = np.maximum(z3, 0)

    # Layer 4
    z4 = a3 @ W4.T + b4  # (209, 1)
    a4 = sigmoid(z4)

    # BCELoss
    cost = -np.mean(y * np.log(a4) + (1 - y) * np.log(1 - a4))

    # Backward through BCELoss
    da4 = ((1 - y) / (1 - a4) - y / a4) / m

    # Backward through layer 4
    dz4 = da4 * a4 * (1 - a4)
    dW4 = dz4.T @ a3
    db4 = np.sum(dz4, axis=0)
    da3 = dz4 @ W4

    # Backward through layer 3
    dz3 = np.where(a3 > 0, da3, 0)
    dW3 = dz3.T @ a2
    db3 = np.sum(dz3, axis=0)
    da2 = dz3 @ W3

    # Backward through layer 2
    dz2 = np.where(a2 > 0, da2, 0)
    dW2 = dz2.T @ a1
    db2 = np.sum(dz2, axis=0)
    da1 = dz2 @ W2

    # Backward through layer 1
    dz1 = np.where(a1 > 0, da1, 0)
    dW1 = dz1.T @ X
    db1 = np.sum(dz1, axis=0)

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
