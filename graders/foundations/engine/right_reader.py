"""Another right F.3: two tables by the operation's name, plain numbers are no nodes, a walk that counts uses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable


def _power(base: float, exponent: float) -> float:
    if base < 0 and not float(exponent).is_integer():
        raise ValueError(f"{base} to the power {exponent} is no real number")
    return base**exponent


FORWARD: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "*": lambda a, b: a * b,
    "**": _power,
    "relu": lambda a: a if a > 0 else 0.0,
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
}

# The slope of the result y for each operand, in the operands' order.
SLOPES: dict[str, Callable[..., tuple[float, ...]]] = {
    "+": lambda y, a, b: (1.0, 1.0),
    "*": lambda y, a, b: (b, a),
    "**": lambda y, a, p: (p * a ** (p - 1) if p else 0.0,),
    "relu": lambda y, a: (1.0 if a > 0 else 0.0,),
    "exp": lambda y, a: (y,),
    "log": lambda y, a: (1.0 / a,),
    "tanh": lambda y, a: (1.0 - y * y,),
}


class Value:
    def __init__(self, data: float, _children: tuple = (), _op: str = "") -> None:
        self.data = float(data)
        self.grad = 0.0
        self._children = _children  # the operands, plain numbers among them
        self._op = _op

    def __add__(self, other: Value | float) -> Value:
        return _apply("+", self, other)

    def __radd__(self, other: float) -> Value:
        return self + other

    def __mul__(self, other: Value | float) -> Value:
        return _apply("*", self, other)

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + -other

    def __rsub__(self, other: float) -> Value:
        return other + -self

    def __pow__(self, other: float) -> Value:
        if isinstance(other, Value):
            raise TypeError("the exponent is a constant")
        return _apply("**", self, other)

    def __truediv__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            return self * other**-1
        return self * _power(other, -1)

    def __rtruediv__(self, other: float) -> Value:
        return other * self**-1

    def relu(self) -> Value:
        return _apply("relu", self)

    def exp(self) -> Value:
        return _apply("exp", self)

    def log(self) -> Value:
        return _apply("log", self)

    def tanh(self) -> Value:
        return _apply("tanh", self)

    def backward(self) -> None:
        nodes = _ancestors(self)
        unheard = Counter(child for node in nodes for child in _inputs(node))
        flow = dict.fromkeys(nodes, 0.0)
        flow[self] = 1.0
        complete = [self]
        while complete:
            node = complete.pop()
            node.grad += flow[node]
            if not node._op:
                continue
            slopes = SLOPES[node._op](node.data, *map(_number, node._children))
            for child, slope in zip(node._children, slopes, strict=False):  # an exponent has no slope
                if isinstance(child, Value):
                    flow[child] += flow[node] * slope
                    unheard[child] -= 1
                    if not unheard[child]:
                        complete.append(child)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def _number(operand: Value | float) -> float:
    return operand.data if isinstance(operand, Value) else operand


def _apply(op: str, *operands: Value | float) -> Value:
    return Value(FORWARD[op](*map(_number, operands)), operands, op)


def _inputs(node: Value) -> list[Value]:
    return [child for child in node._children if isinstance(child, Value)]


def _ancestors(root: Value) -> list[Value]:
    found = {root: None}
    stack = [root]
    while stack:
        for child in _inputs(stack.pop()):
            if child not in found:
                found[child] = None
                stack.append(child)
    return list(found)


def zero_grad(root: Value) -> None:
    for node in _ancestors(root):
        node.grad = 0.0
