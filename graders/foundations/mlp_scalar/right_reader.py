"""Another right F.4: plain loops; a neuron keeps weights and bias in one list, sums start at the bias."""

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
        self.knobs: list[Value] = []
        for _ in range(nin):
            self.knobs.append(Value(random.uniform(-1, 1)))
        self.knobs.append(Value(0.0))  # the bias comes last
        self.nonlin = nonlin

    def __call__(self, x: Sequence[float | Value]) -> Value:
        nin = len(self.knobs) - 1
        if len(x) != nin:
            raise ValueError(f"a neuron of {nin} inputs got {len(x)}")
        z = self.knobs[nin]
        for i in range(nin):
            z = z + self.knobs[i] * x[i]
        if self.nonlin:
            z = z.relu()
        return z

    def parameters(self) -> list[Value]:
        return list(self.knobs)


class Layer(Module):
    def __init__(self, nin: int, nout: int, **kw: bool) -> None:
        self.neurons: list[Neuron] = []
        for _ in range(nout):
            self.neurons.append(Neuron(nin, **kw))

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        outputs = []
        for neuron in self.neurons:
            outputs.append(neuron(x))
        if len(outputs) == 1:
            return outputs[0]
        return outputs

    def parameters(self) -> list[Value]:
        found: list[Value] = []
        for neuron in self.neurons:
            found += neuron.parameters()
        return found


class MLP(Module):
    def __init__(self, nin: int, nouts: list[int]) -> None:
        self.layers: list[Layer] = []
        width = nin
        for k in range(len(nouts)):
            last = k == len(nouts) - 1
            self.layers.append(Layer(width, nouts[k], nonlin=not last))
            width = nouts[k]

    def __call__(self, x: Sequence[float | Value]) -> Value | list[Value]:
        h = x
        for layer in self.layers:
            if isinstance(h, Value):  # the layer before has one neuron
                h = [h]
            h = layer(h)
        return h

    def parameters(self) -> list[Value]:
        found: list[Value] = []
        for layer in self.layers:
            found += layer.parameters()
        return found


def sgd_step(params: list[Value], lr: float) -> None:
    for p in params:
        p.data = p.data - lr * p.grad


def hinge_loss(scores: Sequence[Value], y: Sequence[float]) -> Value:
    n = len(scores)
    if n == 0:
        raise ValueError("no examples")
    if len(y) != n:
        raise ValueError(f"{n} scores but {len(y)} labels")
    for label in y:
        if label not in (1, -1):
            raise ValueError(f"a label is 1 or -1, not {label!r}")
    total = Value(0.0)
    for i in range(n):
        margin = y[i] * scores[i]
        total = total + (1 - margin).relu()
    return total / n


def train(model: Module, X: Sequence[Sequence[float]], y: Sequence[float], steps: int, lr: float) -> list[float]:
    history: list[float] = []
    for _ in range(steps):
        model.zero_grad()
        scores = []
        for x in X:
            scores.append(model(x))
        loss = hinge_loss(scores, y)
        loss.backward()
        sgd_step(model.parameters(), lr)
        history.append(loss.data)
    return history
