"""Layers as objects: each keeps its own arrays, its forward and its backward; the network is a chain of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from minillm.foundations.losses import cross_entropy


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    bound = (6.0 / (fan_in + fan_out)) ** 0.5
    return bound * (2.0 * rng.random((fan_in, fan_out)) - 1.0)


def kaiming_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0.0, (2.0 / fan_in) ** 0.5, size=(fan_in, fan_out))


class Linear:
    def __init__(self, weight: np.ndarray) -> None:
        self.weight = weight
        self.bias = np.zeros(weight.shape[1])

    def forward(self, h: np.ndarray) -> np.ndarray:
        self.h = h
        return h @ self.weight + self.bias

    def backward(self, dz: np.ndarray) -> np.ndarray:
        self.dweight = self.h.T @ dz
        self.dbias = dz.sum(axis=0)
        return dz @ self.weight.T


class Relu:
    def forward(self, z: np.ndarray) -> np.ndarray:
        self.on = z > 0
        return np.where(self.on, z, 0.0)

    def backward(self, dh: np.ndarray) -> np.ndarray:
        return np.where(self.on, dh, 0.0)


class Tanh:
    def forward(self, z: np.ndarray) -> np.ndarray:
        self.h = np.tanh(z)
        return self.h

    def backward(self, dh: np.ndarray) -> np.ndarray:
        return dh * (1.0 - self.h**2)


KINDS = {"relu": (Relu, kaiming_normal), "tanh": (Tanh, xavier_uniform)}


class MLPNumpy:
    def __init__(self, sizes: Sequence[int], act: str, rng: np.random.Generator) -> None:
        if len(sizes) < 2:
            raise ValueError(f"a network needs an input and an output size, got {sizes}")
        if act not in KINDS:
            raise ValueError(f"act is relu or tanh, not {act!r}")
        activation, init = KINDS[act]
        self.linears = [Linear(init(n_in, n_out, rng)) for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True)]
        self.chain: list[Any] = []
        for linear in self.linears:
            self.chain += [linear, activation()]
        self.chain.pop()  # none after the last
        self.params = [array for linear in self.linears for array in (linear.weight, linear.bias)]
        self.grads: list[np.ndarray] = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        for layer in self.chain:
            x = layer.forward(x)
        return x

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        d = dlogits
        for layer in reversed(self.chain):
            d = layer.backward(d)
        self.grads = [array for linear in self.linears for array in (linear.dweight, linear.dbias)]
        return d


class SGD:
    def __init__(self, params: list[np.ndarray], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        self.lr = lr
        self.momentum = momentum
        self.slots = [(p, np.zeros_like(p), weight_decay if p.ndim >= 2 else 0.0) for p in params]

    def step(self, grads: list[np.ndarray]) -> None:
        if len(grads) != len(self.slots):
            raise ValueError(f"{len(self.slots)} parameters, but {len(grads)} gradients")
        for (p, v, decay), g in zip(self.slots, grads, strict=True):
            v *= self.momentum
            v += g + decay * p
            p -= self.lr * v


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield `size` row numbers at a time, for ever; a remainder too small for a batch is thrown away."""
    while True:
        order = rng.permutation(count)
        for end in range(size, count + 1, size):
            yield order[end - size : end]


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
    for _, rows in zip(range(steps), batches(len(X), min(batch_size, len(X)), rng), strict=False):
        loss, dlogits = cross_entropy(model.forward(X[rows]), y[rows])
        model.backward(dlogits)
        optimizer.step(model.grads)
        losses.append(float(loss))
    return losses
