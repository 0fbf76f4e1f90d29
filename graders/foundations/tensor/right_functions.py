"""Another right F.5 and F.6, PyTorch's way: an operation is a class; tensors are ordered by their time of birth."""

import contextlib
import heapq
import itertools
import math

import numpy as np

_clock = itertools.count()
_switch = [True]


@contextlib.contextmanager
def no_grad():
    _switch.append(False)
    try:
        yield
    finally:
        _switch.pop()


def unbroadcast(grad, shape):
    padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
    axes = tuple(i for i, (have, want) in enumerate(zip(grad.shape, padded, strict=True)) if have != want)
    return np.sum(grad, axis=axes).reshape(shape)


class Function:
    """forward fills what backward needs; backward returns one gradient per operand, or None."""

    def __init__(self, **options):
        self.__dict__.update(options)

    @classmethod
    def apply(cls, *operands, **options):
        operands = [x if isinstance(x, Tensor) else Tensor(x) for x in operands]
        function = cls(**options)
        out = Tensor(function.forward(*[x.data for x in operands]))
        if _switch[-1] and any(x.requires_grad for x in operands):
            out._requires = True
            function.operands = operands
            out._function = function
        return out


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, g):
        return g, g


class Sub(Function):
    def forward(self, a, b):
        return a - b

    def backward(self, g):
        return g, np.negative(g)


class Mul(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, g):
        return g * self.b, g * self.a


class Div(Function):
    def forward(self, a, b):
        self.b, self.quotient = b, a / b
        return self.quotient

    def backward(self, g):
        return g / self.b, -g * self.quotient / self.b


class Pow(Function):
    def forward(self, x):
        self.x = x
        return x**self.n

    def backward(self, g):
        slope = np.zeros_like(self.x) if self.n == 0 else self.n * self.x ** (self.n - 1)
        return (slope * g,)


class Exp(Function):
    def forward(self, x):
        self.y = np.exp(x)
        return self.y

    def backward(self, g):
        return (g * self.y,)


class Log(Function):
    def forward(self, x):
        self.x = x
        return np.log(x)

    def backward(self, g):
        return (g / self.x,)


class Tanh(Function):
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, g):
        return (g - g * self.y * self.y,)


class Relu(Function):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        g = np.array(g)
        g[~self.mask] = 0
        return (g,)


class MatMul(Function):
    def forward(self, a, b):
        if a.ndim == 0 or b.ndim == 0:
            raise ValueError("matmul needs vectors or matrices")
        self.a, self.b = a, b
        return np.matmul(a, b)

    def backward(self, g):
        """One matrix at a time."""
        a = self.a.reshape(1, -1) if self.a.ndim == 1 else self.a
        b = self.b.reshape(-1, 1) if self.b.ndim == 1 else self.b
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        g = np.reshape(g, (*batch, a.shape[-2], b.shape[-1]))
        big_a, big_b = np.broadcast_to(a, batch + a.shape[-2:]), np.broadcast_to(b, batch + b.shape[-2:])
        da, db = np.zeros(big_a.shape), np.zeros(big_b.shape)
        for index in np.ndindex(batch):
            da[index] = np.dot(g[index], big_b[index].T)
            db[index] = np.dot(big_a[index].T, g[index])
        return unbroadcast(da, a.shape).reshape(self.a.shape), unbroadcast(db, b.shape).reshape(self.b.shape)


class Sum(Function):
    def forward(self, x):
        self.shape = x.shape
        return np.sum(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, g):
        axes = range(len(self.shape)) if self.axis is None else np.atleast_1d(self.axis) % max(len(self.shape), 1)
        kept = [1 if axis in axes else side for axis, side in enumerate(self.shape)]
        return (np.broadcast_to(np.reshape(g, kept), self.shape),)


class Max(Function):
    def forward(self, x):
        self.x, self.y = x, np.max(x, axis=self.axis, keepdims=True)
        return np.max(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, g):
        hits = np.equal(self.x, self.y).astype(float)
        return (np.reshape(g, self.y.shape) * hits / np.sum(hits, axis=self.axis, keepdims=True),)


class Reshape(Function):
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(self.to)

    def backward(self, g):
        return (g.reshape(self.shape),)


class Transpose(Function):
    def forward(self, x):
        return np.transpose(x, self.order)

    def backward(self, g):
        if self.order is None:
            return (g.T,)
        back = [0] * g.ndim
        for place, axis in enumerate(self.order):
            back[axis] = place
        return (np.transpose(g, back),)


class Pick(Function):
    def forward(self, x):
        self.shape = x.shape
        return x[self.index]

    def backward(self, g):
        grad = np.zeros(self.shape)
        picked = np.arange(grad.size).reshape(self.shape)[self.index]
        for place, value in zip(np.ravel(picked), np.ravel(g), strict=True):
            grad.flat[place] += value
        return (grad,)


class Concat(Function):
    def forward(self, *arrays):
        self.sides = [array.shape[self.axis] for array in arrays if array.ndim]
        return np.concatenate(arrays, axis=self.axis)

    def backward(self, g):
        pieces, start = [], 0
        for side in self.sides:
            pieces.append(np.take(g, range(start, start + side), axis=self.axis))
            start += side
        return pieces


def flat(args):
    return tuple(args[0]) if len(args) == 1 and not isinstance(args[0], int) else args


class Tensor:
    __array_priority__ = 1000
    __array_ufunc__ = None

    def __init__(self, data, requires_grad=False):
        self.data = np.empty(np.shape(data))
        self.data[...] = data
        self.grad = None
        self._requires = requires_grad
        self._function = None
        self._birth = next(_clock)

    @property
    def requires_grad(self):
        return self._requires

    @requires_grad.setter
    def requires_grad(self, value):
        self._requires = value

    def __add__(self, other):
        return Add.apply(self, other)

    def __radd__(self, other):
        return Add.apply(other, self)

    def __sub__(self, other):
        return Sub.apply(self, other)

    def __rsub__(self, other):
        return Sub.apply(other, self)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def __rmul__(self, other):
        return Mul.apply(other, self)

    def __truediv__(self, other):
        return Div.apply(self, other)

    def __rtruediv__(self, other):
        return Div.apply(other, self)

    def __neg__(self):
        return Sub.apply(0.0, self)

    def __pow__(self, n):
        if not hasattr(n, "__float__"):
            raise TypeError(n)
        return Pow.apply(self, n=float(n) if n != int(n) else int(n) * 1.0)

    def exp(self):
        return Exp.apply(self)

    def log(self):
        return Log.apply(self)

    def tanh(self):
        return Tanh.apply(self)

    def relu(self):
        return Relu.apply(self)

    def backward(self, grad=None):
        if not self.requires_grad:
            raise RuntimeError
        if grad is None:
            if math.prod(self.data.shape) != 1:
                raise RuntimeError("grad can be created only for a single element")
            grad = 1 + 0 * self.data
        grad = np.asarray(grad, float)
        if grad.shape != self.data.shape:
            raise ValueError(f"{grad.shape} != {self.data.shape}")
        # The youngest first: no tensor is older than its operands.
        parts, heap = {self: [grad]}, [(-self._birth, self)]
        while heap:
            _, tensor = heapq.heappop(heap)
            total = sum(parts.pop(tensor))
            if tensor._function is None:
                tensor.grad = total + (0 if tensor.grad is None else tensor.grad)
                continue
            for operand, part in zip(tensor._function.operands, tensor._function.backward(total), strict=True):
                if operand.requires_grad:
                    if operand not in parts:
                        parts[operand] = []
                        heapq.heappush(heap, (-operand._birth, operand))
                    parts[operand].append(unbroadcast(part, operand.data.shape))

    # ---------------------------------------------------------------- F.6

    def matmul(self, other):
        return MatMul.apply(self, other)

    def __matmul__(self, other):
        return MatMul.apply(self, other)

    def __rmatmul__(self, other):
        return MatMul.apply(other, self)

    def sum(self, axis=None, keepdims=False):
        return Sum.apply(self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        total = self.sum(axis=axis, keepdims=keepdims)
        return total * (total.data.size / self.data.size)

    def max(self, axis=None, keepdims=False):
        return Max.apply(self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape):
        return Reshape.apply(self, to=flat(shape))

    def transpose(self, *axes):
        return Transpose.apply(self, order=flat(axes) or None)

    def __getitem__(self, index):
        return Pick.apply(self, index=index)


def concat(tensors, axis=0):
    return Concat.apply(*tensors, axis=axis)
