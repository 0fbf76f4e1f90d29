"""Another right F.5 and F.6, micrograd's way: every result has a closure that adds into its operands' buffers."""

import numpy as np


class no_grad:  # noqa: N801 - reads as a function
    depth = 0

    def __enter__(self):
        no_grad.depth += 1
        return self

    def __exit__(self, *exc):
        no_grad.depth -= 1


def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for axis in range(len(shape)):
        if shape[axis] == 1 and grad.shape[axis] != 1:
            grad = np.add.reduce(grad, axis=axis, keepdims=True)
    return grad


def lift(value):
    return value if isinstance(value, Tensor) else Tensor(value)


class Tensor:
    __array_ufunc__ = None
    __slots__ = ("_backward", "_buffer", "_parents", "data", "grad", "requires_grad")

    def __init__(self, data, requires_grad=False, _parents=()):
        self.data = np.array(data).astype("float64")
        self.grad = None
        self.requires_grad = bool(requires_grad)
        self._parents = list(_parents)
        self._backward = None
        self._buffer = None

    def __repr__(self):
        return f"Tensor({self.data})"

    @property
    def shape(self):
        return self.data.shape

    def _give(self, grad):
        if self.requires_grad:
            if self._buffer is None:
                self._buffer = np.zeros(self.data.shape)
            self._buffer += unbroadcast(np.asarray(grad), self.data.shape)

    @staticmethod
    def _make(data, parents, rule):
        parents = [parent for parent in parents if parent.requires_grad]
        if no_grad.depth or not parents:
            return Tensor(data)
        out = Tensor(data, True, parents)
        out._backward = rule
        return out

    def __add__(self, other):
        other = lift(other)

        def rule(g):
            self._give(g)
            other._give(g)

        return self._make(self.data + other.data, (self, other), rule)

    __radd__ = __add__

    def __mul__(self, other):
        other = lift(other)

        def rule(g):
            self._give(other.data * g)
            other._give(self.data * g)

        return self._make(self.data * other.data, (self, other), rule)

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -lift(other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * lift(other) ** -1

    def __rtruediv__(self, other):
        return self**-1 * other

    def __pow__(self, exponent):
        if isinstance(exponent, Tensor):
            return NotImplemented
        exponent = float(exponent)

        def rule(g):
            if exponent != 0:
                self._give(exponent * np.power(self.data, exponent - 1) * g)
            else:
                self._give(0 * g)

        return self._make(np.power(self.data, exponent), (self,), rule)

    def _unary(self, data, slope):
        return self._make(data, (self,), lambda g: self._give(slope() * g))

    def exp(self):
        value = np.exp(self.data)
        return self._unary(value, lambda: value)

    def log(self):
        return self._unary(np.log(self.data), lambda: 1 / self.data)

    def tanh(self):
        return self._unary(np.tanh(self.data), lambda: 1 / np.cosh(self.data) ** 2)

    def relu(self):
        return self._unary(np.where(self.data > 0, self.data, 0.0), lambda: np.heaviside(self.data, 0.0))

    def backward(self, grad=None):
        if not self.requires_grad:
            raise RuntimeError("nothing to do")
        if grad is None:
            if self.data.size > 1 or self.data.size == 0:
                raise RuntimeError("only scalars")
            grad = np.ones_like(self.data)
        if np.shape(grad) != self.data.shape:
            raise ValueError(np.shape(grad))
        # Kahn's algorithm: count the results that still owe each tensor a gradient
        owed, waiting, known = {}, [self], {id(self)}
        while waiting:
            for parent in waiting.pop()._parents:
                owed[id(parent)] = owed.get(id(parent), 0) + 1
                if id(parent) not in known:
                    known.add(id(parent))
                    waiting.append(parent)
        self._give(grad)
        ready = [self]
        while ready:
            tensor = ready.pop(0)
            g, tensor._buffer = tensor._buffer, None
            if tensor._backward is None:
                if tensor.grad is None:
                    tensor.grad = np.zeros(tensor.data.shape)
                tensor.grad += g
            else:
                tensor._backward(g)
            for parent in tensor._parents:
                owed[id(parent)] -= 1
                if owed[id(parent)] == 0:
                    ready.append(parent)

    # ---------------------------------------------------------------- F.6

    def matmul(self, other):
        other = lift(other)
        a, b = self.data, other.data

        def rule(g):
            if a.ndim == 1 and b.ndim == 1:
                self._give(g * b)
                other._give(g * a)
            elif a.ndim == 1:
                self._give(np.einsum("...m,...km->...k", g, b))
                other._give(np.einsum("...m,k->...km", g, a))
            elif b.ndim == 1:
                self._give(np.einsum("...n,k->...nk", g, b))
                other._give(np.einsum("...n,...nk->...k", g, a))
            else:
                self._give(np.einsum("...nm,...km->...nk", g, b))
                other._give(np.einsum("...nk,...nm->...km", a, g))

        return self._make(np.matmul(a, b), (self, other), rule)

    __matmul__ = matmul

    def __rmatmul__(self, other):
        return lift(other) @ self

    def sum(self, axis=None, keepdims=False):
        kept = self.data.sum(axis=axis, keepdims=True)
        data = kept if keepdims else self.data.sum(axis=axis)
        return self._make(data, (self,), lambda g: self._give(np.ones(self.shape) * np.reshape(g, kept.shape)))

    def mean(self, axis=None, keepdims=False):
        kept = self.data.mean(axis=axis, keepdims=True)
        data = kept if keepdims else self.data.mean(axis=axis)
        count = np.prod(self.shape) / np.prod(kept.shape)
        return self._make(data, (self,), lambda g: self._give(np.ones(self.shape) * np.reshape(g, kept.shape) / count))

    def max(self, axis=None, keepdims=False):
        """The whole gradient goes to the first of those that tie."""
        axes = tuple(range(self.data.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = tuple(a % self.data.ndim for a in axes)
        rest = tuple(a for a in range(self.data.ndim) if a not in axes)
        flat = self.data.transpose(rest + axes)
        flat = flat.reshape((*flat.shape[: len(rest)], -1))
        data, first = self.data.max(axis=axis, keepdims=keepdims), flat.argmax(axis=-1)

        def rule(g):
            grad = np.zeros(flat.shape)
            np.put_along_axis(grad, np.expand_dims(first, -1), np.reshape(g, (*first.shape, 1)), axis=-1)
            grad = grad.reshape([self.shape[a] for a in rest + axes])
            self._give(grad.transpose(np.argsort(rest + axes)) if grad.ndim else grad)

        return self._make(data, (self,), rule)

    def reshape(self, *shape):
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = shape[0]
        return self._make(np.reshape(self.data, shape), (self,), lambda g: self._give(g.reshape(self.shape)))

    def transpose(self, *axes):
        if len(axes) == 1 and isinstance(axes[0], tuple | list):
            axes = axes[0]
        positions = np.arange(self.data.size).reshape(self.shape).transpose(*axes)

        def rule(g):
            grad = np.zeros(self.data.size)
            grad[positions.ravel()] = g.ravel()
            self._give(grad.reshape(self.shape))

        return self._make(self.data.transpose(*axes), (self,), rule)

    def __getitem__(self, index):
        positions = np.arange(self.data.size).reshape(self.shape)[index]

        def rule(g):
            grad = np.bincount(np.ravel(positions), weights=np.ravel(g), minlength=self.data.size)
            self._give(grad.reshape(self.shape))

        return self._make(self.data[index], (self,), rule)


def concat(tensors, axis=0):
    tensors = list(tensors)
    data = np.concatenate([tensor.data for tensor in tensors], axis)

    def rule(g):
        borders = np.cumsum([tensor.shape[axis] for tensor in tensors])[:-1]
        for tensor, piece in zip(tensors, np.split(g, borders, axis), strict=True):
            tensor._give(piece)

    return Tensor._make(data, tensors, rule)
