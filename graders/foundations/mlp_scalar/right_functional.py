"""Another right F.4: a layer is nested lists, a neuron is a layer of one; `sum` and `map`."""

import itertools
import random

from minillm.foundations.engine import Value


class Module:
    def parameters(self):
        return []

    def zero_grad(self):
        for p in self.parameters():
            p.grad *= 0.0


def _same(z):
    return z


class Layer(Module):
    """Written without Neuron: a list of rows, each nin weights and a bias."""

    def __init__(self, nin, nout, **options):
        self.act = Value.relu if options.get("nonlin", True) else _same
        self.rows = []
        for _ in range(nout):
            row = []
            for _ in range(nin):
                row.append(Value(random.uniform(-1.0, 1.0)))
            row.append(Value(0))
            self.rows.append(row)

    def all(self, x):
        inputs = list(x)
        if any(len(row) - 1 != len(inputs) for row in self.rows):
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
        pairs = list(zip([nin, *nouts[:-1]], nouts, strict=True))
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
    return sum((share * (-(t * s) + 1.0).relu() for s, t in zip(scores, labels, strict=True)), Value(0.0))


def train(model, X, y, steps, lr):
    params, losses = model.parameters(), [0.0] * steps
    for k in range(steps):
        for p in params:
            p.grad = 0.0
        loss = hinge_loss(list(map(model, X)), y)
        losses[k] = float(loss.data)
        loss.backward()
        sgd_step(params, lr)
    model.zero_grad()
    return losses
