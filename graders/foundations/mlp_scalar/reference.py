"""F.4 A multi-layer perceptron on the scalar engine, its loss, and the loop that trains it."""

import random
from collections.abc import Sequence

from minillm.foundations.engine import Value


class Module:
    def parameters(self) -> list[Value]:
        return []

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = 0.0


class Neuron(Module):
    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.nonlin = nonlin

    def __call__(self, x: Sequence[float | Value]) -> Value:
        z = self.b
        # strict: an example of another length is a ValueError, not cut to size.
        for weight, value in zip(self.w, x, strict=True):
            z = z + weight * value
        return z.relu() if self.nonlin else z

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


class Layer(Module):
    def __init__(self, nin: int, nout: int, **kw: bool) -> None:
        self.neurons = [Neuron(nin, **kw) for _ in range(nout)]

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP(Module):
    def __init__(self, nin: int, nouts: list[int]) -> None:
        widths = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(widths[k], widths[k + 1], nonlin=k != last) for k in range(len(nouts))]

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        out = x
        for layer in self.layers:
            # A layer of one neuron gave a bare Value; the next one wants a sequence.
            out = layer([out] if isinstance(out, Value) else out)
        return out

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for p in layer.parameters()]


def sgd_step(params: list[Value], lr: float) -> None:
    for p in params:
        p.data -= lr * p.grad


def hinge_loss(scores: Sequence[Value], y: Sequence[float]) -> Value:
    if not scores:
        raise ValueError("no examples")
    if not set(y) <= {1, -1}:
        raise ValueError("a label is +1 or -1")
    total = Value(0.0)
    for score, label in zip(scores, y, strict=True):
        total = total + (1 - label * score).relu()
    return total / len(scores)


def train(model: Module, X: Sequence[Sequence[float]], y: Sequence[float], steps: int, lr: float) -> list[float]:
    losses = []
    for _ in range(steps):
        model.zero_grad()
        scores = [model(x) for x in X]
        loss = hinge_loss(scores, y)
        loss.backward()
        sgd_step(model.parameters(), lr)
        losses.append(loss.data)
    return losses
