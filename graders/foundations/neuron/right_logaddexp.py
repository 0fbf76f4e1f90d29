"""Another right F.1: einsum, np.logaddexp for the loss, tanh for the sigmoid, a list comprehension for the walk."""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def sigmoid_grad(x):
    return np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x))


def relu(x):
    return np.where(x > 0, x, 0.0)


def relu_grad(x):
    return np.heaviside(x, 0.0)


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def tanh_grad(x):
    return 4 * sigmoid_grad(2 * x)


def neuron_forward(x, w, b, act):
    z = np.einsum("nd,d->n", x, w) + b
    if act == "sigmoid":
        return sigmoid(z), (x, w, sigmoid_grad(z))
    if act == "relu":
        return relu(z), (x, w, relu_grad(z))
    if act == "tanh":
        return tanh(z), (x, w, tanh_grad(z))
    if act == "identity":
        return z, (x, w, np.ones(z.shape))
    raise ValueError("activation")


def neuron_backward(dy, cache):
    x, w, slope = cache
    return (
        np.einsum("n,n,d->nd", dy, slope, w),
        np.einsum("n,n,nd->d", dy, slope, x),
        float(np.einsum("n,n->", dy, slope)),
    )


def mse(y, t):
    e = (y - t).ravel()
    return float(np.dot(e, e) / e.size), ((y - t) + (y - t)) / e.size


def bce_with_logits(z, t):
    loss = t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z)
    return float(loss.mean()), (sigmoid(z) - t) / loss.size


def gradient_descent(f_grad, x0, lr, steps):
    x = x0.astype(float)
    return np.array([x] + [x := x - lr * f_grad(x) for _ in range(steps)])
