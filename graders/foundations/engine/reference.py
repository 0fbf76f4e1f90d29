"""F.3 Scalar autodiff: numbers that remember how they were made, and hand gradients back along the way."""

from __future__ import annotations

import math
from collections.abc import Callable

# Given the gradient of a result, the share of it that goes to each of its children, in order.
Shares = Callable[[float], tuple[float, ...]]


class Value:
    def __init__(self, data: float, _children: tuple[Value, ...] = (), _op: str = "") -> None:
        self.data = float(data)
        self.grad = 0.0
        self._children = _children
        self._op = _op
        self._shares: Shares = lambda g: ()

    def __add__(self, other: Value | float) -> Value:
        other = _as_value(other)
        return _result(self.data + other.data, (self, other), "+", lambda g: (g, g))

    def __radd__(self, other: float) -> Value:
        return self + other

    def __mul__(self, other: Value | float) -> Value:
        other = _as_value(other)
        a, b = self.data, other.data
        return _result(a * b, (self, other), "*", lambda g: (g * b, g * a))

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + (-other)

    def __rsub__(self, other: float) -> Value:
        return other + (-self)

    def __pow__(self, other: float) -> Value:
        x, n = self.data, other
        y = x**n  # where n is a Value, this raises the TypeError
        if isinstance(y, complex):
            raise ValueError(f"{x} ** {n} is not a real number")
        # The rule n·x^(n−1) would divide by zero at x = 0 when n is 0, where the slope is plainly 0.
        return _result(y, (self,), f"**{n}", lambda g: (g * n * x ** (n - 1) if n else 0.0,))

    def __truediv__(self, other: Value | float) -> Value:
        return self * _as_value(other) ** -1

    def __rtruediv__(self, other: float) -> Value:
        return other * self**-1

    def relu(self) -> Value:
        x = self.data
        return _result(x if x > 0 else 0.0, (self,), "relu", lambda g: (g if x > 0 else 0.0,))

    def exp(self) -> Value:
        y = math.exp(self.data)
        return _result(y, (self,), "exp", lambda g: (g * y,))

    def log(self) -> Value:
        x = self.data
        return _result(math.log(x), (self,), "log", lambda g: (g / x,))

    def tanh(self) -> Value:
        y = math.tanh(self.data)
        return _result(y, (self,), "tanh", lambda g: (g * (1 - y * y),))

    def backward(self) -> None:
        # This pass keeps its own sums: what lies in .grad from before must not be handed on again.
        gradient = {self: 1.0}
        for node in reversed(_history(self)):
            g = gradient[node]
            node.grad += g
            for child, share in zip(node._children, node._shares(g), strict=True):
                gradient[child] = gradient.get(child, 0.0) + share

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def zero_grad(root: Value) -> None:
    for node in _history(root):
        node.grad = 0.0


def _as_value(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _result(data: float, children: tuple[Value, ...], op: str, shares: Shares) -> Value:
    made = Value(data, children, op)
    made._shares = shares
    return made


def _history(root: Value) -> list[Value]:
    """Everything root was made from and root itself, each after all of its children; without recursion."""
    order: list[Value] = []
    seen: set[Value] = set()
    stack = [(root, False)]
    while stack:
        node, children_done = stack.pop()
        if children_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(child, False) for child in node._children]
    return order
