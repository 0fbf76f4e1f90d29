"""Another right F.8: parameters are views of one long vector, einsum, gradients go into the same arrays each time."""

import itertools

import numpy as np
from minillm.foundations.losses import cross_entropy


def xavier_uniform(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    bound = (6 / (fan_in + fan_out)) ** 0.5
    return np.array([[rng.uniform(-bound, bound) for _ in range(fan_out)] for _ in range(fan_in)])


def kaiming_normal(fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(fan_in * fan_out).reshape(fan_in, fan_out) / np.sqrt(fan_in / 2)


def _views(flat, shapes):
    found, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        found.append(flat[start:stop].reshape(shape))
        start = stop
    return found


class MLPNumpy:
    def __init__(self, sizes, act="relu", rng=None):
        if len(sizes) < 2 or act not in {"relu", "tanh"}:
            raise ValueError(f"cannot make {sizes} with {act}")
        self.act = act
        shapes = [shape for a, b in itertools.pairwise(sizes) for shape in ((a, b), (b,))]
        count = sum(int(np.prod(shape)) for shape in shapes)
        self.flat, self.dflat = np.zeros(count), np.empty(count)
        self.params, self.grads = _views(self.flat, shapes), _views(self.dflat, shapes)
        for w in self.params[::2]:
            w[:] = (xavier_uniform if act == "tanh" else kaiming_normal)(*w.shape, rng)

    def _hidden(self, z):
        if self.act == "tanh":
            h = np.tanh(z)
            return h, (1 - h) * (1 + h)
        return z.clip(0.0), np.heaviside(z, 0.0)

    def forward(self, x):
        self.tape = []
        slope = np.ones(x.shape)
        for k in range(0, len(self.params), 2):
            self.tape.append((x, slope))
            z = np.einsum("ni,io->no", x, self.params[k]) + self.params[k + 1]
            x, slope = self._hidden(z)
        return z

    def backward(self, dlogits):
        d = dlogits
        for k in range(len(self.tape) - 1, -1, -1):
            x, slope = self.tape.pop()  # a second backward would need another forward
            np.einsum("ni,no->io", x, d, out=self.grads[2 * k])
            np.einsum("no->o", d, out=self.grads[2 * k + 1])
            d = np.einsum("no,io->ni", d, self.params[2 * k]) * slope
        return d


class SGD:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.params, self.lr = params, lr
        self.options = {"momentum": momentum, "weight_decay": weight_decay}
        self.state = None

    def step(self, grads):
        pulls = []
        for p, g in zip(self.params, grads, strict=True):
            pulls.append(g + self.options["weight_decay"] * p if p.ndim > 1 else g.copy())
        if self.state is None:
            self.state = pulls
        else:
            self.state = [self.options["momentum"] * v + pulls[k] for k, v in enumerate(self.state)]
        for k, p in enumerate(self.params):
            p[...] = p - self.lr * self.state[k]


def fit(model, X, y, *, steps, batch_size, lr, momentum=0.0, weight_decay=0.0, rng):
    n = len(y)
    if n != len(X):
        raise ValueError(f"X and y: {len(X)} != {n}")
    optimizer, losses = SGD(model.params, lr, momentum, weight_decay), np.empty(steps)
    for step in range(steps):
        rows = np.argsort(rng.random(n))[:batch_size]
        losses[step], dlogits = cross_entropy(model.forward(X.take(rows, axis=0)), y.take(rows))
        model.backward(dlogits)
        optimizer.step(model.grads)
    return losses.tolist()
