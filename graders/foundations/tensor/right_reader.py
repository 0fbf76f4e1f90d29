"""Another right solution: results know their edges and their birthday; backward takes the youngest tensor waiting."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Array = np.ndarray
Edge = tuple["Tensor", Callable[[Array], Array]]  # an operand, and the way back to it

birthdays = itertools.count()
switches = {"recording": True}


def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Add up the copies that broadcasting made of an array of this shape."""
    in_front = grad.ndim - len(shape)
    stretched = tuple(i for i, side in enumerate(shape) if side == 1)
    return grad.sum(axis=tuple(range(in_front))).sum(axis=stretched, keepdims=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without a graph."""
    before = switches["recording"]
    switches["recording"] = False
    try:
        yield
    finally:
        switches["recording"] = before


def tensor(value: Any) -> "Tensor":
    """Return an operand as a tensor; anything but a tensor is a constant."""
    return value if isinstance(value, Tensor) else Tensor(value)


def result(data: Any, *edges: Edge) -> "Tensor":
    """Return what an operation computed, with the edges that a gradient will need."""
    kept = [edge for edge in edges if switches["recording"] and edge[0].requires_grad]
    made = Tensor(data, requires_grad=bool(kept))
    made.edges = kept
    return made


class Tensor:
    """An array with edges to the tensors that it was computed from; a leaf has none."""

    __array_ufunc__ = None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        self.data = np.array(data, dtype=np.float64)
        self.requires_grad = requires_grad
        self.grad: Array | None = None
        self.edges: list[Edge] = []
        self.born = next(birthdays)  # an operand is always older than its result

    def __add__(self, other: Any) -> "Tensor":
        other = tensor(other)
        return result(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other: Any) -> "Tensor":
        other = tensor(other)
        return result(self.data - other.data, (self, lambda g: g), (other, lambda g: -g))

    def __mul__(self, other: Any) -> "Tensor":
        other = tensor(other)
        return result(self.data * other.data, (self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __truediv__(self, other: Any) -> "Tensor":
        other = tensor(other)
        ratio = self.data / other.data
        return result(ratio, (self, lambda g: g / other.data), (other, lambda g: -g * ratio / other.data))

    def __neg__(self) -> "Tensor":
        return result(-self.data, (self, lambda g: -g))

    def __radd__(self, other: Any) -> "Tensor":
        return tensor(other) + self

    def __rsub__(self, other: Any) -> "Tensor":
        return tensor(other) - self

    def __rmul__(self, other: Any) -> "Tensor":
        return tensor(other) * self

    def __rtruediv__(self, other: Any) -> "Tensor":
        return tensor(other) / self

    def __pow__(self, exponent: float) -> "Tensor":
        if not isinstance(exponent, int | float):
            raise TypeError(f"an exponent is a number, not {exponent!r}")
        if exponent == 0:  # flat everywhere, where the formula below would say 0 · 0**-1
            return result(np.ones(self.data.shape), (self, np.zeros_like))
        return result(self.data**exponent, (self, lambda g: g * exponent * self.data ** (exponent - 1)))

    def exp(self) -> "Tensor":
        e = np.exp(self.data)
        return result(e, (self, lambda g: g * e))

    def log(self) -> "Tensor":
        return result(np.log(self.data), (self, lambda g: g / self.data))

    def tanh(self) -> "Tensor":
        t = np.tanh(self.data)
        return result(t, (self, lambda g: g * (1 - t**2)))

    def relu(self) -> "Tensor":
        return result(np.maximum(self.data, 0), (self, lambda g: np.where(self.data > 0, g, 0)))

    def backward(self, grad: Any = None) -> None:
        if not self.requires_grad:
            raise RuntimeError("nothing here requires a gradient")
        if grad is None:
            if self.data.size != 1:
                raise RuntimeError(f"give a gradient of shape {self.data.shape}: only one element can do without")
            grad = np.ones(self.data.shape)
        grad = np.array(grad, dtype=np.float64)
        if grad.shape != self.data.shape:
            raise ValueError(f"a gradient of shape {grad.shape} for data of shape {self.data.shape}")

        arrived = {self.born: grad}
        waiting = [(-self.born, self)]  # a heap: the youngest first
        while waiting:
            _, node = heapq.heappop(waiting)
            g = arrived.pop(node.born)
            if not node.edges:
                node.grad = np.array(g if node.grad is None else node.grad + g)
            for operand, pull in node.edges:
                part = unbroadcast(pull(g), operand.data.shape)
                if operand.born in arrived:
                    arrived[operand.born] = arrived[operand.born] + part
                else:
                    arrived[operand.born] = part
                    heapq.heappush(waiting, (-operand.born, operand))

    def matmul(self, other: Any) -> "Tensor":
        other = tensor(other)
        if self.data.ndim == 0 or other.data.ndim == 0:
            raise ValueError("a product of matrices takes no single numbers")
        if self.data.ndim == 1:
            y = self.reshape(1, -1).matmul(other)
            return y.reshape(y.data.shape[:-2] + y.data.shape[-1:] if other.data.ndim > 1 else ())
        if other.data.ndim == 1:
            y = self.matmul(other.reshape(-1, 1))
            return y.reshape(y.data.shape[:-1])
        return result(
            self.data @ other.data,
            (self, lambda g: g @ np.swapaxes(other.data, -1, -2)),
            (other, lambda g: np.swapaxes(self.data, -1, -2) @ g),
        )

    def __matmul__(self, other: Any) -> "Tensor":
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return tensor(other).matmul(self)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        kept = self.data.sum(axis, keepdims=True)
        y = kept if keepdims else self.data.sum(axis)
        return result(y, (self, lambda g: np.broadcast_to(g.reshape(kept.shape), self.data.shape)))

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        total = self.sum(axis, keepdims)
        return total / (self.data.size / max(total.data.size, 1))

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        best = self.data.max(axis, keepdims=True)
        winners = self.data == best
        ties = winners.sum(axis, keepdims=True)
        y = best if keepdims else self.data.max(axis)
        return result(y, (self, lambda g: np.where(winners, g.reshape(best.shape) / ties, 0)))

    def reshape(self, *shape: Any) -> "Tensor":
        return result(self.data.reshape(*shape), (self, lambda g: g.reshape(self.data.shape)))

    def transpose(self, *axes: Any) -> "Tensor":
        if len(axes) == 1 and isinstance(axes[0], tuple):
            axes = axes[0]
        elif not axes:
            axes = tuple(range(self.data.ndim))[::-1]
        y = self.data.transpose(axes)
        home = np.argsort([axis % self.data.ndim for axis in axes])
        return result(y, (self, lambda g: g.transpose(home)))

    def __getitem__(self, index: Any) -> "Tensor":
        y = self.data[index]
        places = np.arange(self.data.size).reshape(self.data.shape)[index]  # where each element of y came from

        def put_back(g: Array) -> Array:
            flat = np.bincount(places.ravel(), weights=g.ravel(), minlength=self.data.size)
            return flat.astype(np.float64).reshape(self.data.shape)  # where nothing was picked, bincount counts in int

        return result(y, (self, put_back))


def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Join tensors along an axis; each takes its own stretch of the gradient back."""
    y = np.concatenate([t.data for t in tensors], axis=axis)
    ends = np.cumsum([t.data.shape[axis] for t in tensors])

    def stretch(t: Tensor, end: int) -> Edge:
        return t, lambda g: np.take(g, range(end - t.data.shape[axis], end), axis=axis)

    return result(y, *(stretch(t, int(end)) for t, end in zip(tensors, ends, strict=True)))
