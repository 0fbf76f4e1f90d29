"""F.5 and F.6, tensor autodiff: elementwise operations with broadcasting, then matmul, reductions, shapes, indexing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Rule = Callable[[np.ndarray], np.ndarray]  # the gradient of a result → the gradient of one operand


def unbroadcast(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))  # the axes that broadcasting put in front
    stretched = tuple(axis for axis, side in enumerate(shape) if side == 1)
    return grad.sum(axis=stretched, keepdims=True)


@contextmanager
def no_grad() -> Iterator[None]:
    before, Tensor._recording = Tensor._recording, False
    try:
        yield
    finally:
        Tensor._recording = before


class Tensor:
    __array_ufunc__ = None
    _recording = True

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self.data = np.array(data, dtype=np.float64)
        self.grad: np.ndarray | None = None
        self.requires_grad = requires_grad
        self._sources: tuple[tuple[Tensor, Rule], ...] = ()  # operands that want a gradient, and how they get it

    # ------------------------------------------------------------ F.5 elementwise

    def __add__(self, other: Any) -> "Tensor":
        other = _tensor(other)
        return _result(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other: Any) -> "Tensor":
        other = _tensor(other)
        return _result(self.data - other.data, (self, lambda g: g), (other, lambda g: -g))

    def __mul__(self, other: Any) -> "Tensor":
        other = _tensor(other)
        a, b = self.data, other.data
        return _result(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __truediv__(self, other: Any) -> "Tensor":
        other = _tensor(other)
        a, b = self.data, other.data
        return _result(a / b, (self, lambda g: g / b), (other, lambda g: -g * a / b**2))

    def __neg__(self) -> "Tensor":
        return _result(-self.data, (self, lambda g: -g))

    def __radd__(self, other: Any) -> "Tensor":
        return self + other

    def __rsub__(self, other: Any) -> "Tensor":
        return _tensor(other) - self

    def __rmul__(self, other: Any) -> "Tensor":
        return self * other

    def __rtruediv__(self, other: Any) -> "Tensor":
        return _tensor(other) / self

    def __pow__(self, exponent: float) -> "Tensor":
        if not isinstance(exponent, int | float):
            raise TypeError(f"the exponent must be a number, not {type(exponent).__name__}")
        x, n = self.data, exponent
        # 0·x^(−1) would be NaN at x = 0
        return _result(x**n, (self, lambda g: g * n * x ** (n - 1) if n else np.zeros_like(g)))

    def exp(self) -> "Tensor":
        y = np.exp(self.data)
        return _result(y, (self, lambda g: g * y))

    def log(self) -> "Tensor":
        x = self.data
        return _result(np.log(x), (self, lambda g: g / x))

    def tanh(self) -> "Tensor":
        y = np.tanh(self.data)
        return _result(y, (self, lambda g: g * (1 - y**2)))

    def relu(self) -> "Tensor":
        x = self.data
        return _result(np.maximum(x, 0), (self, lambda g: g * (x > 0)))

    def backward(self, grad: Any = None) -> None:
        if not self.requires_grad:
            raise RuntimeError("this tensor does not require a gradient")
        if grad is None:
            if self.data.size != 1:
                raise RuntimeError(f"backward() of a tensor of shape {self.data.shape} needs a gradient")
            grad = np.ones(self.data.shape)
        grad = np.array(grad, dtype=np.float64)
        if grad.shape != self.data.shape:
            raise ValueError(f"a gradient of shape {grad.shape} for a tensor of shape {self.data.shape}")
        grads = {id(self): grad}  # complete, once every result that used the tensor has added its part
        for tensor in _results_first(self):
            g = grads.pop(id(tensor))
            if not tensor._sources:
                tensor.grad = np.array(g) if tensor.grad is None else tensor.grad + g
            for source, rule in tensor._sources:
                part = unbroadcast(rule(g), source.data.shape)
                grads[id(source)] = grads[id(source)] + part if id(source) in grads else part

    # ------------------------------------------------------------ F.6 matmul, reductions, shapes, indexing

    def matmul(self, other: Any) -> "Tensor":
        other = _tensor(other)
        a, b = self.data, other.data
        out = a @ b
        # A vector on the left is a row, on the right a column; its axis of length 1 is missing from the result.
        row = a[np.newaxis, :] if a.ndim == 1 else a
        column = b[:, np.newaxis] if b.ndim == 1 else b

        def whole(g: np.ndarray) -> np.ndarray:
            g = g[..., np.newaxis] if b.ndim == 1 else g
            return g[..., np.newaxis, :] if a.ndim == 1 else g

        def left(g: np.ndarray) -> np.ndarray:
            return unbroadcast(whole(g) @ column.swapaxes(-1, -2), row.shape).reshape(a.shape)

        def right(g: np.ndarray) -> np.ndarray:
            return unbroadcast(row.swapaxes(-1, -2) @ whole(g), column.shape).reshape(b.shape)

        return _result(out, (self, left), (other, right))

    def __matmul__(self, other: Any) -> "Tensor":
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return _tensor(other).matmul(self)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        shape = self.data.shape

        def rule(g: np.ndarray) -> np.ndarray:
            g = g if keepdims or axis is None else np.expand_dims(g, axis)
            return np.broadcast_to(g, shape)

        return _result(self.data.sum(axis=axis, keepdims=keepdims), (self, rule))

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        total = self.sum(axis, keepdims)
        return total / (self.data.size / total.data.size)

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        winners = self.data == self.data.max(axis=axis, keepdims=True)
        share = winners / winners.sum(axis=axis, keepdims=True)  # equal parts for those that tie

        def rule(g: np.ndarray) -> np.ndarray:
            return share * (g if keepdims or axis is None else np.expand_dims(g, axis))

        return _result(self.data.max(axis=axis, keepdims=keepdims), (self, rule))

    def reshape(self, *shape: Any) -> "Tensor":
        before = self.data.shape
        return _result(self.data.reshape(*shape), (self, lambda g: g.reshape(before)))

    def transpose(self, *axes: Any) -> "Tensor":
        order = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes or range(self.data.ndim)[::-1]
        data = self.data.transpose(order)
        inverse = np.argsort([axis % data.ndim for axis in order])
        return _result(data, (self, lambda g: g.transpose(inverse)))

    def __getitem__(self, index: Any) -> "Tensor":
        shape = self.data.shape

        def rule(g: np.ndarray) -> np.ndarray:
            grad = np.zeros(shape)
            np.add.at(grad, index, g)  # an element that was picked twice gets both
            return grad

        return _result(self.data[index], (self, rule))


def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    out = np.concatenate([tensor.data for tensor in tensors], axis=axis)
    sources, start = [], 0
    for tensor in tensors:
        place = slice(start, start := start + tensor.data.shape[axis])
        # bind `place` now: a lambda looks names up when it is called
        sources.append((tensor, lambda g, place=place: np.moveaxis(np.moveaxis(g, axis, 0)[place], 0, axis)))
    return _result(out, *sources)


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)


def _result(data: Any, *sources: tuple[Tensor, Rule]) -> Tensor:
    """A tensor that remembers where it came from, if somebody will ask."""
    out = Tensor(data)
    if Tensor._recording:
        out._sources = tuple((tensor, rule) for tensor, rule in sources if tensor.requires_grad)
        out.requires_grad = bool(out._sources)
    return out


def _results_first(root: Tensor) -> list[Tensor]:
    """Every tensor below the root, each after all the results that used it; without recursion, as graphs are deep."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        tensor, done = stack.pop()
        if done:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack += [(source, False) for source, _ in tensor._sources]
    return order[::-1]
