"""F.1, right again: a table of activations and slopes, exponents of −|x|, a trajectory filled in row by row."""

import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))  # between 0 and 1: cannot overflow
    return np.where(x < 0, e, 1.0) / (1.0 + e)


def sigmoid_grad(x):
    e = np.exp(-np.abs(x))  # the slope is the same on both sides of 0
    return e / (1.0 + e) ** 2


def relu(x):
    return x.clip(min=0.0)


def relu_grad(x):
    return np.heaviside(x, 0.0)


def tanh(x):
    return np.tanh(x)


def tanh_grad(x):
    y = tanh(x)
    return (1.0 - y) * (1.0 + y)


def identity(x):
    return x


def identity_grad(x):
    return np.ones_like(x)


TABLE = {
    "sigmoid": (sigmoid, sigmoid_grad),
    "relu": (relu, relu_grad),
    "tanh": (tanh, tanh_grad),
    "identity": (identity, identity_grad),
}


def neuron_forward(x, w, b, act):
    if act not in TABLE:
        raise ValueError(f"no activation is called {act!r}; there are {', '.join(TABLE)}")
    bend, _ = TABLE[act]
    z = x.dot(w) + b  # (N,)
    return bend(z), {"x": x, "w": w, "z": z, "act": act}


def neuron_backward(dy, cache):
    _, slope = TABLE[cache["act"]]
    dz = dy * slope(cache["z"])  # (N,)
    dx = np.multiply.outer(dz, cache["w"])  # (N, D)
    dw = dz.dot(cache["x"])  # (D,): every example adds its part
    db = float(dz.sum())
    return dx, dw, db


def mse(y, t):
    d = y - t
    loss = np.sum(d * d) / d.size
    return float(loss), d * (2.0 / d.size)


def bce_with_logits(z, t):
    # -log σ(z) = max(-z, 0) + log(1 + e^-|z|), and -log(1 - σ(z)) is the same at -z
    rest = np.log1p(np.exp(-np.abs(z)))
    yes = np.maximum(-z, 0.0) + rest
    no = np.maximum(z, 0.0) + rest
    loss = np.mean(t * yes + (1.0 - t) * no)
    return float(loss), (sigmoid(z) - t) / z.size


def gradient_descent(f_grad, x0, lr, steps):
    path = np.empty((steps + 1, len(x0)))
    path[0] = x0
    for k in range(steps):
        path[k + 1] = path[k] - lr * f_grad(path[k].copy())  # a copy: f_grad may do with it what it likes
    return path
