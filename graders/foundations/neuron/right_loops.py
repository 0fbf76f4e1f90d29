"""Another right F.1: one element at a time with the math module, dict caches, in-place updates of its own arrays."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def _each(f: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    out = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        out[index] = f(float(x[index]))
    return out


def _sigmoid(v: float) -> float:
    if v < -700:
        return 0.0
    return 1 / (1 + math.exp(-v))


def sigmoid(x):
    return _each(_sigmoid, x)


def sigmoid_grad(x):
    return _each(lambda v: _sigmoid(v) * _sigmoid(-v), x)


def relu(x):
    return _each(lambda v: v if v > 0 else 0.0, x)


def relu_grad(x):
    return _each(lambda v: 1.0 if v > 0 else 0.0, x)


def tanh(x):
    return _each(math.tanh, x)


def tanh_grad(x):
    return _each(lambda v: (1 - math.tanh(v)) * (1 + math.tanh(v)), x)


def neuron_forward(x, w, b, act):
    forward = {"sigmoid": sigmoid, "relu": relu, "tanh": tanh, "identity": lambda z: 1.0 * z}
    slope = {"sigmoid": sigmoid_grad, "relu": relu_grad, "tanh": tanh_grad, "identity": lambda z: 0.0 * z + 1}
    try:
        f = forward[act]
    except KeyError:
        raise ValueError(act) from None
    z = np.empty(len(x))
    for n in range(len(x)):
        z[n] = sum(float(x[n, d]) * float(w[d]) for d in range(len(w))) + b
    return f(z), {"x": x.copy(), "w": w.copy(), "slope": slope[act](z)}


def neuron_backward(dy, cache) -> Any:
    x, w = cache["x"], cache["w"]
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), 0.0
    for n in range(x.shape[0]):
        dz = float(dy[n]) * float(cache["slope"][n])
        db += dz
        for d in range(x.shape[1]):
            dx[n, d] += dz * w[d]
            dw[d] += dz * x[n, d]
    return dx, dw, db


def mse(y, t):
    count = y.size
    loss = float(sum(v * v for v in (y - t).ravel())) / count
    return loss, (y - t) * (2 / count)


def bce_with_logits(z, t):
    def one(z: float, t: float) -> float:
        # -log σ(z) = log(1 + e^-z), from the side that does not overflow
        minus_log = math.log1p(math.exp(-z)) if z > 0 else -z + math.log1p(math.exp(z))
        return t * minus_log + (1 - t) * (minus_log + z)

    total = math.fsum(one(float(a), float(b)) for a, b in zip(z.ravel(), t.ravel(), strict=True))
    return total / z.size, (sigmoid(z) - t) / z.size


def gradient_descent(f_grad, x0, lr, steps):
    points = np.zeros((steps + 1, len(x0)))
    points[0] = x0
    for k in range(steps):
        points[k + 1] = points[k]
        points[k + 1] -= lr * np.asarray(f_grad(points[k].copy()))
    return points
