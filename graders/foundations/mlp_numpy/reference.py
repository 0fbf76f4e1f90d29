"""F.8 A multi-layer perceptron in NumPy: initialisation, forward and backward by hand, SGD, a training run."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from minillm.foundations.losses import cross_entropy


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, size=(fan_in, fan_out))


def kaiming_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), size=(fan_in, fan_out))


def relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0.0)


# For each activation: the function, its slope written in terms of its *output* h, and where the weights start.
ACTIVATIONS = {
    "relu": (relu, lambda h: h > 0, kaiming_normal),
    "tanh": (np.tanh, lambda h: 1.0 - h**2, xavier_uniform),
}


class MLPNumpy:
    def __init__(self, sizes: Sequence[int], act: str, rng: np.random.Generator) -> None:
        if act not in ACTIVATIONS:
            raise ValueError(f"unknown activation {act!r}; one of {', '.join(ACTIVATIONS)}")
        if len(sizes) < 2:
            raise ValueError("a network needs at least an input and an output size")
        self.activation, self.slope, init = ACTIVATIONS[act]
        self.params = []
        for fan_in, fan_out in pairwise(sizes):
            self.params += [init(fan_in, fan_out, rng), np.zeros(fan_out)]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.fed = []  # what each linear layer was fed
        h, layers = x, len(self.params) // 2
        for layer in range(layers):
            w, b = self.params[2 * layer], self.params[2 * layer + 1]
            self.fed.append(h)
            h = h @ w + b  # (N, fan_out)
            if layer < layers - 1:
                h = self.activation(h)
        return h

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        dz = dlogits  # (N, fan_out), what arrives at a layer's output
        for layer in reversed(range(len(self.fed))):
            w, h = self.params[2 * layer], self.fed[layer]
            self.grads[2 * layer] = h.T @ dz  # (fan_in, fan_out)
            self.grads[2 * layer + 1] = dz.sum(axis=0)  # (fan_out,)
            dh = dz @ w.T  # (N, fan_in)
            if layer > 0:
                dz = dh * self.slope(h)
        return dh


class SGD:
    def __init__(self, params: list[np.ndarray], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        self.params, self.lr, self.momentum, self.weight_decay = params, lr, momentum, weight_decay
        self.velocity = [np.zeros_like(p) for p in params]

    def step(self, grads: list[np.ndarray]) -> None:
        for p, g, v in zip(self.params, grads, self.velocity, strict=True):
            decay = self.weight_decay if p.ndim >= 2 else 0.0
            v[...] = self.momentum * v + g + decay * p
            p[...] -= self.lr * v


def fit(
    model: Any,
    X: np.ndarray,
    y: np.ndarray,
    *,
    steps: int,
    batch_size: int,
    lr: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    rng: np.random.Generator,
) -> list[float]:
    if len(X) != len(y):
        raise ValueError(f"{len(X)} examples, but {len(y)} classes")
    optimizer = SGD(model.params, lr, momentum, weight_decay)
    losses = []
    for _ in range(steps):
        batch = rng.choice(len(X), size=min(batch_size, len(X)), replace=False)
        loss, dlogits = cross_entropy(model.forward(X[batch]), y[batch])
        model.backward(dlogits)
        optimizer.step(model.grads)
        losses.append(float(loss))
    return losses
