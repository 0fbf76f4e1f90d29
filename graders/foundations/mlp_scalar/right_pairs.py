"""Another right F.4: parameters in a tuple, sums by halves, a hinge branching in Python, one backward an example."""

import math
import random

from minillm.foundations import engine


def _sum(terms):
    """Add Values by halves: another order of rounding, a graph of logarithmic depth."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return _sum(terms[:middle]) + _sum(terms[middle:])


class WrongLength(ValueError):
    pass


class Module:
    def parameters(self):
        return list(getattr(self, "_all", ()))

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0


class Neuron(Module):
    def __init__(self, nin, nonlin=True):
        weights = [engine.Value(2 * random.random() - 1) for _ in range(nin)]
        self._all = (*weights, engine.Value(0.0))
        self.active = nonlin

    def __call__(self, x):
        *weights, bias = self._all
        if len(x) != len(weights):
            raise WrongLength
        z = _sum([x[k] * weights[k] for k in range(len(x))] + [bias])
        return z.relu() if self.active else z


class Layer(Module):
    def __init__(self, nin, nout, nonlin=True):
        self._neurons = tuple(Neuron(nin, nonlin) for _ in range(nout))
        self._all = [p for n in self._neurons for p in n._all]

    def rows(self, x):
        return [n(x) for n in self._neurons]

    def __call__(self, x):
        rows = self.rows(x)
        return rows if len(rows) > 1 else rows[0]


class MLP(Module):
    def __init__(self, nin, nouts):
        *hidden, out = nouts
        self.hidden = []
        for width in hidden:
            self.hidden.append(Layer(nin, width))
            nin = width
        self.last = Layer(nin, out, nonlin=False)
        self._all = [p for layer in (*self.hidden, self.last) for p in layer._all]

    def __call__(self, x):
        for layer in self.hidden:
            x = layer.rows(x)
        return self.last(x)


def sgd_step(params, lr):
    for p in params:
        p.data = p.data + -lr * p.grad


def hinge_loss(scores, y):
    if len(scores) != len(y) or len(y) == 0:
        raise ValueError("as many labels as scores, and at least one")
    if any(abs(label) != 1 for label in y):
        raise ValueError
    gaps = [1 - s * label for s, label in zip(scores, y, strict=True)]
    # What lies beyond the margin adds nothing, neither to the loss nor to a gradient.
    open_gaps = [gap * (1 / len(y)) for gap in gaps if gap.data > 0]
    return _sum(open_gaps) if open_gaps else engine.Value(0.0)


def train(model, X, y, steps, lr):
    history = []
    for _ in range(steps):
        model.zero_grad()
        parts = []
        for x, label in zip(X, y, strict=True):
            # One small graph an example, thrown away at once; the gradients add up in the parameters.
            part = hinge_loss([model(x)], [label]) / len(X)
            part.backward()
            parts.append(part.data)
        sgd_step(model.parameters(), lr)
        history.append(math.fsum(parts))
    model.zero_grad()  # nobody is told what stands in .grad after training
    return history
