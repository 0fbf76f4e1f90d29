"""Another right F.3: every Value knows its age, and backward takes the youngest left; constants make no Value."""

import heapq
import itertools
import math

AGES = itertools.count()


class Value:
    def __init__(self, data, _children=(), _op="", slopes=()):
        self.data = float(data)
        self.grad = 0.0
        self.age = next(AGES)
        self.name = _op
        self.edges = list(zip(_children, slopes, strict=False))

    def __repr__(self):
        return f"{self.name}:{self.data}"

    def plus(self, other):
        if isinstance(other, Value):
            return Value(self.data + other.data, (self, other), "plus", (1.0, 1.0))
        return Value(self.data + other, (self,), "plus", (1.0,))

    def times(self, other):
        if isinstance(other, Value):
            return Value(self.data * other.data, (self, other), "times", (other.data, self.data))
        return Value(self.data * other, (self,), "times", (float(other),))

    def minus(self, other):
        if isinstance(other, Value):
            return Value(self.data - other.data, (self, other), "minus", (1.0, -1.0))
        return Value(self.data - other, (self,), "minus", (1.0,))

    def to_the(self, n):
        y = self.data**n
        if isinstance(y, complex):
            raise ValueError(f"{self.data} to the {n} is complex")
        if n == 0:
            return Value(1, (self,), "power", (0,))
        # An infinite slope (x ** 0.5 at 0) is an error only for those who ask for it.
        slope = n * self.data ** (n - 1) if self.data or n >= 1 else math.inf
        return Value(y, (self,), "power", (slope,))

    __add__ = __radd__ = plus
    __mul__ = __rmul__ = times
    __sub__ = minus
    __pow__ = to_the

    def __neg__(self):
        return Value(-self.data, [self], "neg", [-1])

    def __rsub__(self, other):
        return Value(other - self.data, [self], "rsub", [-1])

    def __truediv__(self, other):
        return self.times(other.to_the(-1) if isinstance(other, Value) else float(other) ** -1)

    def __rtruediv__(self, other):
        return self.to_the(-1).times(other)

    def relu(self):
        is_open = self.data > 0
        return Value(self.data if is_open else 0, (self,), "relu", (is_open,))

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp", (math.exp(self.data),))

    def log(self):
        return Value(math.log(self.data), (self,), "log", (1 / self.data,))

    def tanh(self):
        # 2·sigmoid(2x) − 1, from the side that does not overflow
        e = math.exp(-2 * abs(self.data))
        y = math.copysign((1 - e) / (1 + e), self.data)
        return Value(y, (self,), "tanh", (4 * e / (1 + e) ** 2,))

    def backward(self):
        arrived = {id(self): 1.0}
        left = [(-self.age, self)]
        while left:
            _, node = heapq.heappop(left)
            gradient = arrived[id(node)]
            node.grad += gradient
            for child, slope in node.edges:
                if id(child) not in arrived:
                    arrived[id(child)] = 0.0
                    heapq.heappush(left, (-child.age, child))
                arrived[id(child)] += gradient * slope


class _Zero:
    """Walks down from a root and clears what it meets."""

    def __init__(self):
        self.met = set()

    def __call__(self, root):
        todo = [root]
        while todo:
            node = todo.pop()
            if id(node) in self.met:
                continue
            self.met.add(id(node))
            node.grad = 0.0
            todo.extend(child for child, _ in node.edges)


def zero_grad(root):
    _Zero()(root)
