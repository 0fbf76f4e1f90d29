"""Another right F.4: a layer is nested lists, a neuron is a layer of one; `sum` and `map`."""

import itertools
import operator
import random

from minillm.foundations.engine import Value


class Module:
    def parameters(self):
        return []

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0


def _same(z):
    return z


class Layer(Module):
    """Written without Neuron: a list of rows, each nin weights and a bias."""

    def __init__(self, nin, nout, **options):
        self.act = Value.relu if options.get("nonlin", True) else _same
        self.nin = nin
        self.rows = []
        for _ in range(nout):
            row = []
            for _ in range(nin):
                row.append(Value(random.uniform(-1.0, 1.0)))
            row.append(Value(0))
            self.rows.append(row)

    def all(self, x):
        inputs = list(x)
        if len(inputs) != self.nin:
            raise ValueError("the number of inputs is fixed")
        return [self.act(sum(map(Value.__mul__, row[:-1], inputs)) + row[-1]) for row in self.rows]

    def __call__(self, x):
        outputs = self.all(x)
        if len(outputs) == 1:
            (outputs,) = outputs
        return outputs

    def parameters(self):
        return list(itertools.chain(*self.rows))


class Neuron(Layer):
    def __init__(self, nin, nonlin=True):
        super().__init__(nin, 1, nonlin=nonlin)


class MLP(Module):
    def __init__(self, nin, nouts):
        pairs = list(itertools.pairwise([nin, *nouts]))
        self.net = [Layer(a, b) for a, b in pairs[:-1]] + [Layer(*pairs[-1], nonlin=False)]

    def __call__(self, x):
        return self._through(self.net, x)

    def _through(self, layers, x):
        first, *rest = layers
        return self._through(rest, first.all(x)) if rest else first(x)

    def parameters(self):
        found = []
        for layer in self.net:
            found.extend(layer.parameters())
        return found


def sgd_step(params, lr):
    for w in params:
        w.data = float(w.data - w.grad * lr)


def hinge_loss(scores, y):
    labels = [float(label) for label in y]
    if labels == [] or len(scores) - len(labels) or [t for t in labels if t * t != 1.0]:
        raise ValueError("labels")
    # The mean taken inside: every example brings its share.
    share = 1.0 / len(labels)
    return sum((share * (-margin + 1.0).relu() for margin in map(operator.mul, labels, scores)), Value(0.0))


def _descent(model, X, y, lr):
    """Take one step after the other, for ever, and yield the loss of each."""
    params = model.parameters()
    while True:
        for p in params:
            p.grad = 0.0
        loss = hinge_loss(list(map(model, X)), y)
        loss.backward()
        sgd_step(params, lr)
        yield float(loss.data)


def train(model, X, y, steps, lr):
    return list(itertools.islice(_descent(model, X, y, lr), steps))
