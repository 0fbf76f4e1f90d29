"""F.5 and F.6 Tensor autodiff: your scalar engine, for whole arrays.

Today (F.5): unbroadcast, no_grad, the Tensor class down to `backward`. The section marked F.6 stays as it is until the
next step opens; nothing of F.5 needs it. Private helpers, extra attributes and the form of the graph are yours.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np


def unbroadcast(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array's gradient, given the gradient of what it was broadcast to: add up all its copies.

    grad: float64, any shape that `shape` broadcasts to. It is not changed.
    shape: the array's own, before broadcasting: fewer axes, or sides of 1 where grad has more, or both, or neither.
    Returns an array of exactly that shape.

    >>> unbroadcast(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), (3,))
    array([11., 22., 33.])
    >>> unbroadcast(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), (2, 1))
    array([[ 6.],
           [60.]])
    """
    raise NotImplementedError("unbroadcast")


def no_grad() -> AbstractContextManager[None]:
    """Return a context manager: `with no_grad():` computes without building a graph.

    Inside, results do not require a gradient and remember nothing. On leaving, also by an exception, things are as they
    were before this `with`: a `no_grad` inside a `no_grad` does not switch recording on again. A leaf requires a
    gradient if you say so, inside as outside. A function with `contextlib.contextmanager` will do, or a class.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> with no_grad():
    ...     y = x * 3
    >>> y.requires_grad, (x * 3).requires_grad
    (False, True)
    """
    raise NotImplementedError("no_grad")


class Tensor:
    """An array that remembers how it was computed, so that `backward` can send a gradient to what it was computed from.

    data: float64 ndarray of any shape, () included. The tensor's own: a copy of what it was made from.
    requires_grad: for a leaf (a tensor you made), what you said; for a result, whether an operand requires a gradient
        and no_grad is off. A result that does not require one keeps no reference to its operands.
    grad: None, until a `backward` reaches this leaf; then a float64 ndarray of data's shape. `t.grad = None` starts
        afresh. Only leaves that require a gradient ever have one: on results, as on constants, it stays None.

    For a tensor of shape () a NumPy scalar (np.float64) will do wherever an ndarray is asked for.

    >>> t = Tensor([[1, 2, 3]])
    >>> t.data, t.grad, t.requires_grad
    (array([[1., 2., 3.]]), None, False)
    """

    # Tells NumPy to leave `array + tensor` to __radd__ below, instead of adding element by element itself.
    __array_ufunc__ = None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        """Make a leaf. data: a number, a nested list or an array of any real dtype."""
        raise NotImplementedError("Tensor.__init__")

    # ------------------------------------------------------------------------------------------------------------
    # F.5  Elementwise, with broadcasting. `other` is a Tensor, a number or an array; shapes broadcast as in NumPy.
    # Each returns a new Tensor; no operand is changed.

    def __add__(self, other: Any) -> "Tensor":
        """Return self + other.

        >>> a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([[10.0], [20.0]], requires_grad=True)
        >>> (a + b).data
        array([[11., 12.],
               [21., 22.]])
        """
        raise NotImplementedError("Tensor.__add__")

    def __sub__(self, other: Any) -> "Tensor":
        """Return self − other."""
        raise NotImplementedError("Tensor.__sub__")

    def __mul__(self, other: Any) -> "Tensor":
        """Return self · other, element by element."""
        raise NotImplementedError("Tensor.__mul__")

    def __truediv__(self, other: Any) -> "Tensor":
        """Return self / other, element by element."""
        raise NotImplementedError("Tensor.__truediv__")

    def __neg__(self) -> "Tensor":
        """Return −self."""
        raise NotImplementedError("Tensor.__neg__")

    def __radd__(self, other: Any) -> "Tensor":
        """Return other + self; other is a number or an array, as in all four of these."""
        raise NotImplementedError("Tensor.__radd__")

    def __rsub__(self, other: Any) -> "Tensor":
        """Return other − self."""
        raise NotImplementedError("Tensor.__rsub__")

    def __rmul__(self, other: Any) -> "Tensor":
        """Return other · self."""
        raise NotImplementedError("Tensor.__rmul__")

    def __rtruediv__(self, other: Any) -> "Tensor":
        """Return other / self.

        >>> (1 / Tensor([2.0, 4.0])).data
        array([0.5 , 0.25])
        """
        raise NotImplementedError("Tensor.__rtruediv__")

    def __pow__(self, exponent: float) -> "Tensor":
        """Return self ** exponent. The exponent is an int or a float, else TypeError; it gets no gradient.

        x ** 0 is 1 everywhere, and its gradient 0, at x = 0 too.
        """
        raise NotImplementedError("Tensor.__pow__")

    def exp(self) -> "Tensor":
        """Return e^self."""
        raise NotImplementedError("Tensor.exp")

    def log(self) -> "Tensor":
        """Return the natural logarithm; self is positive."""
        raise NotImplementedError("Tensor.log")

    def tanh(self) -> "Tensor":
        """Return the hyperbolic tangent."""
        raise NotImplementedError("Tensor.tanh")

    def relu(self) -> "Tensor":
        """Return max(self, 0); the slope at 0 is 0, by convention."""
        raise NotImplementedError("Tensor.relu")

    def backward(self, grad: Any = None) -> None:
        """Send a gradient from here to every leaf this tensor was computed from: each leaf's `grad` grows by its share.

        grad: dL/d(self), an array (or nested list, or number) of exactly data's shape. It is not changed, and not kept:
            no leaf's `grad` is this array, and no two leaves share one. Each can be written into (`t.grad *= 0.5`)
            without moving another. None means 1, for a tensor of a single element, whatever its shape.
        A second call adds the same once more; a graph can be walked as often as you like. Graphs may be thousands of
        operations deep, and each operation is passed once in a call, however many paths lead to it.

        RuntimeError: this tensor does not require a gradient; or grad is None and there is not exactly one element.
        ValueError: grad has another shape than data.

        >>> a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor(3.0, requires_grad=True)
        >>> (a * b).backward([1.0, 10.0])
        >>> a.grad, float(b.grad)
        (array([ 3., 30.]), 21.0)
        """
        raise NotImplementedError("Tensor.backward")

    # ------------------------------------------------------------------------------------------------------------
    # F.6  Matmul, reductions, shapes, indexing: the next step. Until then, leave everything below as it is.
    # The same rules hold: a new Tensor each time, no operand changed, no graph inside no_grad.

    def matmul(self, other: Any) -> "Tensor":
        """Return the matrix product, by the rules of np.matmul. other is a Tensor or an array.

        (…, n, k) by (…, k, m) gives (…, n, m); the leading axes are a batch and broadcast. A vector on the left is
        taken for a row, on the right for a column, and that axis is left out of the result: (k,) by (k,) gives ().

        ValueError: an operand of shape (), or sizes that do not fit.

        >>> a = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> y = a.matmul(Tensor([10.0, 1.0]))
        >>> y.data
        array([12., 34.])
        >>> y.backward([1.0, 2.0])
        >>> a.grad
        array([[10.,  1.],
               [20.,  2.]])
        """
        raise NotImplementedError("Tensor.matmul")

    def __matmul__(self, other: Any) -> "Tensor":
        """Return self @ other: matmul."""
        raise NotImplementedError("Tensor.__matmul__")

    def __rmatmul__(self, other: Any) -> "Tensor":
        """Return other @ self; other is an array."""
        raise NotImplementedError("Tensor.__rmatmul__")

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        """Return the sum over an axis, over several, or (None) over all. Negative axes count from the end.

        keepdims: leave each summed axis in place, with side 1.

        ValueError: there is no such axis (NumPy's AxisError is one).

        >>> x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
        >>> x.sum(axis=-1).data, x.sum(axis=0, keepdims=True).data.shape
        (array([ 6., 15.]), (1, 3))
        """
        raise NotImplementedError("Tensor.sum")

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        """Return the mean; axis and keepdims as in sum."""
        raise NotImplementedError("Tensor.mean")

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> "Tensor":
        """Return the largest; axis and keepdims as in sum. ValueError: there is nothing to choose from.

        Only elements that attain the maximum get a gradient. Where several tie you choose: all to one of them, or a
        part to each. The parts are not negative, and together they are what came in.
        """
        raise NotImplementedError("Tensor.max")

    def reshape(self, *shape: Any) -> "Tensor":
        """Return the same elements, in the same (row-major) order, in another shape: integers, or one tuple of them.

        One side may be −1: it follows from the others. ValueError: the elements do not fit.

        >>> Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(3, -1).data
        array([[1., 2.],
               [3., 4.],
               [5., 6.]])
        """
        raise NotImplementedError("Tensor.reshape")

    def transpose(self, *axes: Any) -> "Tensor":
        """Return the axes in another order: integers, or one tuple of them; without any, reversed.

        Axis i of the result is axis axes[i] of self; negative ones count from the end. ValueError: not every axis
        exactly once.

        >>> Tensor(np.zeros((2, 3, 4))).transpose(1, 2, 0).data.shape
        (3, 4, 2)
        """
        raise NotImplementedError("Tensor.transpose")

    def __getitem__(self, index: Any) -> "Tensor":
        """Return self[index], for whatever NumPy takes.

        Integers, slices, …, None, integer arrays, boolean masks, tuples of these. IndexError: an index outside.

        >>> x = Tensor([1.0, 2.0, 4.0], requires_grad=True)
        >>> x[1:].data
        array([2., 4.])
        """
        raise NotImplementedError("Tensor.__getitem__")


def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Return the tensors joined along an axis that they have. F.6, like the methods above.

    tensors: a list or tuple; all the same shape but for the length of that axis. The same tensor may stand there twice.
    ValueError: no tensors, or shapes that do not fit.

    >>> concat([Tensor([1.0]), Tensor([2.0, 3.0])]).data
    array([1., 2., 3.])
    """
    raise NotImplementedError("concat")
