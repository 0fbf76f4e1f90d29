"""Closures: forward leaves a list of functions, one for each thing it did, and backward calls them from the end."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from minillm.foundations.losses import cross_entropy


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    bound = (6.0 / (fan_in + fan_out)) ** 0.5
    return bound * (2.0 * rng.random((fan_in, fan_out)) - 1.0)


def kaiming_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return (2.0 / fan_in) ** 0.5 * rng.standard_normal((fan_in, fan_out))


class MLPNumpy:
    def __init__(self, sizes: Sequence[int], act: str, rng: np.random.Generator) -> None:
        if len(sizes) < 2:
            raise ValueError(f"a network needs an input size and an output size, got {sizes}")
        if act not in ("relu", "tanh"):
            raise ValueError(f"act is relu or tanh, not {act!r}")
        self.act = act
        init = kaiming_normal if act == "relu" else xavier_uniform
        self.params: list[np.ndarray] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            self.params.append(init(fan_in, fan_out, rng))
            self.params.append(np.zeros(fan_out))
        self.grads: list[np.ndarray] = [np.zeros_like(p) for p in self.params]
        self.undo: list[Callable[[np.ndarray], np.ndarray]] = []

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.undo = []
        h = self._linear(x, 0)
        for place in range(2, len(self.params), 2):
            h = self._linear(self._bend(h), place)
        return h

    def _linear(self, h: np.ndarray, place: int) -> np.ndarray:
        w, b = self.params[place], self.params[place + 1]

        def undo(dz: np.ndarray) -> np.ndarray:
            self.grads[place] = np.einsum("ni,no->io", h, dz)
            self.grads[place + 1] = np.sum(dz, axis=0)
            return np.einsum("no,io->ni", dz, w)

        self.undo.append(undo)
        return h @ w + b

    def _bend(self, z: np.ndarray) -> np.ndarray:
        if self.act == "relu":
            on = z > 0
            self.undo.append(lambda dh: np.where(on, dh, 0.0))
            return np.where(on, z, 0.0)
        h = np.tanh(z)
        self.undo.append(lambda dh: dh - dh * h * h)
        return h

    def backward(self, dlogits: np.ndarray) -> np.ndarray:
        d = dlogits
        for undo in reversed(self.undo):
            d = undo(d)
        return d


class SGD:
    def __init__(self, params: list[np.ndarray], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        self.params = list(params)
        self.lr = lr
        self.momentum = momentum
        self.decays = [weight_decay if p.ndim >= 2 else 0.0 for p in params]
        self.speeds = [np.zeros(p.shape) for p in params]

    def step(self, grads: list[np.ndarray]) -> None:
        if len(grads) != len(self.params):
            raise ValueError(f"{len(self.params)} parameters, but {len(grads)} gradients")
        for k, p in enumerate(self.params):
            pull = grads[k] + self.decays[k] * p
            self.speeds[k] = self.momentum * self.speeds[k] + pull
            np.subtract(p, self.lr * self.speeds[k], out=p)


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
    optimizer = SGD(model.params, lr, momentum=momentum, weight_decay=weight_decay)
    losses = []
    for _ in range(steps):
        rows = rng.permutation(len(X))[:batch_size]
        x, target = X[rows], y[rows]
        loss, dlogits = cross_entropy(model.forward(x), target)
        losses.append(float(loss))
        model.backward(dlogits)
        optimizer.step(model.grads)
    return losses
