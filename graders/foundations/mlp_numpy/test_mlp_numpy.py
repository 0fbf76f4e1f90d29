"""The hidden grader of F.8. Oracles: the formulas of the stub, with loops or sums over the past, and finite differences."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided, upstream

ACTIVATIONS = ["relu", "tanh"]
INITS = ["xavier_uniform", "kaiming_normal"]
BY_ACTIVATION = {"relu": "kaiming_normal", "tanh": "xavier_uniform"}
SEEDS = st.integers(0, 2**20)
# A statistic of n draws strays by more than 5 standard errors about once in two million.
SIGMAS = 5.0


# ---------------------------------------------------------------- the definitions


def act_one(act, v):
    return max(v, 0.0) if act == "relu" else math.tanh(v)


def forward_slow(case):
    """The logits, one neuron and one example at a time."""
    rows = []
    for example in case.x.tolist():
        h = example
        for layer in range(0, len(case.params), 2):
            w, b = case.params[layer], case.params[layer + 1]
            z = [math.fsum(h[i] * float(w[i, j]) for i in range(len(h))) + float(b[j]) for j in range(len(b))]
            h = [act_one(case.act, v) for v in z] if layer + 2 < len(case.params) else z
        rows.append(h)
    return np.array(rows)


def forward_fast(x, params, act):
    """The same on whole arrays: finite differences need hundreds of these."""
    h = x
    for layer in range(0, len(params), 2):
        h = np.einsum("nd,de->ne", h, params[layer]) + params[layer + 1]
        if layer + 2 < len(params):
            h = np.where(h > 0, h, 0.0) if act == "relu" else np.tanh(h)
    return h


class Descent:
    """SGD without a velocity: every step adds up the whole past, v = Σ μ^age · (g + λp)."""

    def __init__(self, params, momentum, weight_decay):
        self.params = [np.array(p) for p in params]
        self.momentum, self.weight_decay, self.past = momentum, weight_decay, []

    def step(self, grads, lr):
        decays = [self.weight_decay if np.ndim(p) > 1 else 0.0 for p in self.params]
        self.past.append([g + decay * p for p, g, decay in zip(self.params, grads, decays, strict=True)])
        ages = range(len(self.past) - 1, -1, -1)
        for place, p in enumerate(self.params):
            v = sum(self.momentum**age * pulls[place] for age, pulls in zip(ages, self.past, strict=True))
            self.params[place] = p - lr * v


def cross_entropy_slow(logits, targets):
    """(loss, dlogits) of one batch, a row at a time, with Python's math."""
    loss, rows = 0.0, []
    for row, target in zip(logits.tolist(), targets.tolist(), strict=True):
        top = max(row)
        total = math.fsum(math.exp(v - top) for v in row)
        loss += math.log(total) + top - row[target]
        rows.append([(math.exp(v - top) / total - (j == target)) / len(targets) for j, v in enumerate(row)])
    return loss / len(targets), np.array(rows)


# ---------------------------------------------------------------- the inputs


def names(count):
    return [f"{'Wb'[place % 2]}{place // 2 + 1}" for place in range(count)]


def away_from_the_kink(rng, x, params, act):
    """Choose the hidden biases so that no unit comes nearer to relu's kink than 0.1: a finite difference means nothing there."""
    for layer in range(0, len(params) - 2, 2):
        z = forward_fast(x, [*params[:layer], np.eye(x.shape[1] if not layer else len(params[layer]))] if False else [], act)  # placeholder
    return params


@st.composite
def nets(draw, acts=tuple(ACTIVATIONS), deepest=4):
    """A network of one to four layers with every parameter chosen, a batch, and an upstream gradient."""
    act = draw(st.sampled_from(acts))
    widths = draw(st.lists(sizes(1, 4), min_size=2, max_size=deepest + 1))
    n, rng = draw(sizes(1, 4)), draw(rngs())
    x, h, params = normal(rng, (n, widths[0])), None, []
    h = x
    for fan_in, fan_out in zip(widths[:-1], widths[1:], strict=True):
        w = np.round(rng.normal(0.0, 1.2 / math.sqrt(fan_in), (fan_in, fan_out)), 2)
        z = h @ w
        b = np.array([next(c for c in numbers(rng) if np.all(np.abs(column + c) > 0.1)) for column in z.T])
        params += [w, b]
        h = np.maximum(z + b, 0.0) if act == "relu" else np.tanh(z + b)
    x = strided(x) if draw(st.booleans()) else x
    return SimpleNamespace(sizes=widths, act=act, params=params, x=x, dlogits=upstream(rng, (n, widths[-1])))
