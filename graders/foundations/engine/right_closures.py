"""Another right F.3: closures that write into .grad, slots, a counted topological order, old gradients set aside."""

import math
from collections import deque


class Value:
    __slots__ = ("_backward", "_op", "_prev", "data", "grad")

    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad = 1.0 * data, 0.0
        self._prev, self._op = frozenset(_children), _op
        self._backward = None

    def __repr__(self):
        return f"<{self.data:.4f}>"

    def __add__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    __radd__ = __add__

    def __mul__(self, other):
        if not isinstance(other, Value):
            other = Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    __rmul__ = __mul__

    def __neg__(self):
        out = Value(-self.data, (self,), "neg")

        def _backward():
            self.grad -= out.grad

        out._backward = _backward
        return out

    def __sub__(self, other):
        return self.__add__(-other)

    def __rsub__(self, other):
        return (-self).__add__(other)

    def __pow__(self, other):
        if isinstance(other, Value):
            return NotImplemented
        out = Value(math.pow(self.data, other), (self,), "**")

        def _backward():
            if other != 0:
                self.grad += other * math.pow(self.data, other - 1) * out.grad

        out._backward = _backward
        return out

    def __truediv__(self, other):
        if not isinstance(other, Value):
            return self * math.pow(other, -1)
        return self * other**-1

    def __rtruediv__(self, other):
        return self**-1 * other

    def _function(self, y, slope, name):
        out = Value(y, (self,), name)

        def _backward():
            self.grad += slope * out.grad

        out._backward = _backward
        return out

    def relu(self):
        return self._function(max(0, self.data), int(self.data > 0), "relu")

    def exp(self):
        y = math.exp(self.data)
        return self._function(y, y, "exp")

    def log(self):
        if self.data <= 0:
            raise ValueError("the logarithm of a number that is not positive")
        return self._function(math.log(self.data), 1 / self.data, "log")

    def tanh(self):
        x = min(max(self.data, -300.0), 300.0)
        t = math.expm1(2 * x) / (math.exp(2 * x) + 1)
        return self._function(t, 1 - t**2, "tanh")

    def _below(self):
        found, todo = {self}, [self]
        while todo:
            for child in todo.pop()._prev:
                if child not in found:
                    found.add(child)
                    todo.append(child)
        return found

    def backward(self):
        below = self._below()
        before = [(v, v.grad) for v in below]
        waiting = dict.fromkeys(below, 0)
        for v in below:
            v.grad = 0.0
            for child in v._prev:
                waiting[child] += 1
        self.grad = 1.0
        ready = deque([self])
        while ready:
            v = ready.popleft()
            if v._backward is not None:
                v._backward()
            for child in v._prev:
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready.append(child)
        for v, grad in before:
            v.grad = v.grad + grad


def zero_grad(root):
    for v in root._below():
        v.grad = 0.0
