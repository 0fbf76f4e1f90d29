"""F.1 A single neuron: activations, forward, backward, two losses, gradient descent."""

from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    # e^(-|x|) never overflows; the two branches are the same function written for either sign.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


def sigmoid_grad(x: np.ndarray) -> np.ndarray:
    s = sigmoid(x)
    return s * (1.0 - s)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def relu_grad(x: np.ndarray) -> np.ndarray:
    return (x > 0).astype(np.float64)


def tanh(x: np.ndarray) -> np.ndarray:
    return np.tanh(x)


def tanh_grad(x: np.ndarray) -> np.ndarray:
    return 1.0 - np.tanh(x) ** 2


ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_grad),
    "relu": (relu, relu_grad),
    "tanh": (tanh, tanh_grad),
    "identity": (lambda z: z.copy(), np.ones_like),
}


def neuron_forward(x: np.ndarray, w: np.ndarray, b: float, act: str) -> tuple[np.ndarray, Any]:
    if act not in ACTIVATIONS:
        raise ValueError(f"unknown activation {act!r}; one of {', '.join(ACTIVATIONS)}")
    z = x @ w + b  # (N,)
    return ACTIVATIONS[act][0](z), (x, w, z, act)


def neuron_backward(dy: np.ndarray, cache: Any) -> tuple[np.ndarray, np.ndarray, float]:
    x, w, z, act = cache
    dz = dy * ACTIVATIONS[act][1](z)  # (N,)
    dx = np.outer(dz, w)  # (N, D)
    dw = x.T @ dz  # (D,)
    db = dz.sum()
    return dx, dw, db


def mse(y: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    diff = y - t
    return np.mean(diff**2), 2.0 * diff / diff.size


def bce_with_logits(z: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    # log(1 + e^z) = max(z, 0) + log(1 + e^(-|z|)): the exponent is never positive.
    # The small part is added last: beside a large z it would be rounded away.
    rest = np.log1p(np.exp(-np.abs(z)))
    return np.mean(np.maximum(z, 0.0) - t * z + rest), (sigmoid(z) - t) / z.size


def gradient_descent(f_grad: Callable[[np.ndarray], np.ndarray], x0: np.ndarray, lr: float, steps: int) -> np.ndarray:
    points = [np.array(x0, dtype=np.float64)]
    for _ in range(steps):
        points.append(points[-1] - lr * f_grad(points[-1]))
    return np.stack(points)
