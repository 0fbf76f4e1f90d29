"""Another right F.8: layers as objects, one example at a time, epochs instead of fresh draws, velocities in a dict."""

import math

import numpy as np
from minillm.foundations.losses import cross_entropy


def xavier_uniform(fan_in, fan_out, rng):
    bound = math.sqrt(6) / math.sqrt(fan_in + fan_out)
    return 2 * bound * rng.random((fan_in, fan_out)) - bound


def kaiming_normal(fan_in, fan_out, rng):
    # Drawn the other way round and turned: not contiguous, and other numbers from the same seed.
    return (rng.standard_normal((fan_out, fan_in)) * math.sqrt(2 / fan_in)).T


class Linear:
    def __init__(self, w):
        self.w, self.b = w, np.zeros(w.shape[1])
        self.dw, self.db = None, None

    def forward(self, x):
        self.x = np.array(x)
        return np.stack([row @ self.w + self.b for row in self.x])

    def backward(self, dz):
        self.dw, self.db = np.zeros(self.w.shape), np.zeros(self.b.shape)
        dx = []
        for row, d in zip(self.x, dz, strict=True):
            self.dw += np.outer(row, d)
            self.db += d
            dx.append(self.w @ d)
        return np.stack(dx)


class Bend:
    def __init__(self, act):
        self.act = act

    def forward(self, z):
        self.z = z
        return np.where(z > 0, z, 0.0) if self.act == "relu" else np.tanh(z)

    def backward(self, dh):
        if self.act == "relu":
            dh = dh.copy()
            dh[self.z <= 0] = 0.0
            return dh
        return dh / np.cosh(self.z) ** 2


class MLPNumpy:
    def __init__(self, sizes, act, rng):
        if act == "relu":
            init = kaiming_normal
        elif act == "tanh":
            init = xavier_uniform
        else:
            raise ValueError(act)
        if len(sizes) in (0, 1):
            raise ValueError(sizes)
        self.stack = []
        for k in range(1, len(sizes)):
            self.stack += [Linear(init(sizes[k - 1], sizes[k], rng)), Bend(act)]
        self.stack.pop()

    @property
    def linears(self):
        return self.stack[::2]

    @property
    def params(self):
        return [array for layer in self.linears for array in (layer.w, layer.b)]

    @property
    def grads(self):
        return tuple(array for layer in self.linears for array in (layer.dw, layer.db))

    def forward(self, x):
        for layer in self.stack:
            x = layer.forward(x)
        return x

    def backward(self, dlogits):
        d = np.array(dlogits)
        for layer in self.stack[::-1]:
            d = layer.backward(d)
        return d


class SGD:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.params = tuple(params)
        self.lr = lr
        self.mu = momentum
        self.decays = [weight_decay * (p.ndim > 1) for p in params]
        self.velocity = {}

    def step(self, grads):
        if len(grads) != len(self.params):
            raise ValueError("one gradient for each parameter, please")
        for k, g in enumerate(grads):
            pull = g + self.decays[k] * self.params[k]
            self.velocity[k] = self.mu * self.velocity[k] + pull if k in self.velocity else pull
            np.subtract(self.params[k], self.lr * self.velocity[k], out=self.params[k])


def _epochs(n, size, rng):
    """Slices of a shuffled order; what does not fill a batch is left out."""
    while True:
        order = rng.permutation(n)
        for start in range(0, n - size + 1, size):
            yield order[start : start + size]


def fit(model, X, y, *, steps, batch_size, lr, momentum=0.0, weight_decay=0.0, rng):
    if X.shape[0] != y.shape[0]:
        raise ValueError("lengths")
    opt = SGD(model.params, lr=lr, momentum=momentum, weight_decay=weight_decay)
    history = []
    for _, rows in zip(range(steps), _epochs(len(X), min(len(X), batch_size), rng), strict=False):
        loss, d = cross_entropy(model.forward(X[rows]), y[rows])
        history.append(loss)
        model.backward(d)
        opt.step(model.grads)
    return history
