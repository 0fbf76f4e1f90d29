"""F.3 Scalar autodiff: numbers that remember how they were made, and hand gradients back along the way.

Write the methods in the order they stand here, then `zero_grad`. Python's own floats and the `math` module are all
you need. Helpers and further attributes of your own are welcome; nothing outside looks at them.
"""

from __future__ import annotations


class Value:
    """A float that remembers which operation made it, and from which other Values.

    data: the number, a Python float
    grad: a Python float, 0.0 until a backward() reaches this Value
    Both may be assigned from outside (`x.data -= 0.1 * x.grad`). Two Values are equal only if they are one and the same
    object, whatever their numbers, so Values can stand in a set and be keys of a dict: Python does that by itself.

    In the operations, `other` is a Value, an int or a float; a plain number takes part as a constant. Every
    operation returns a new Value and leaves its operands as they are, data and grad.
    """

    def __init__(self, data: float, _children: tuple[Value, ...] = (), _op: str = "") -> None:
        """Make a Value. With `data` alone it is a leaf: a number that was given, not computed.

        data: an int or a float; kept as a float.
        _children: the Values it was made from; _op: the name of the operation. Your own operations fill these in.

        >>> x = Value(3)
        >>> x.data, x.grad
        (3.0, 0.0)
        """
        raise NotImplementedError("Value.__init__")

    def __add__(self, other: Value | float) -> Value:
        """Return self + other, a new Value.

        >>> (Value(3.0) + Value(-1.0)).data, (Value(3.0) + 2).data
        (2.0, 5.0)
        """
        raise NotImplementedError("Value.__add__")

    def __radd__(self, other: float) -> Value:
        """Return other + self, for a plain number on the left.

        >>> (2 + Value(3.0)).data
        5.0
        """
        raise NotImplementedError("Value.__radd__")

    def __mul__(self, other: Value | float) -> Value:
        """Return self · other."""
        raise NotImplementedError("Value.__mul__")

    def __rmul__(self, other: float) -> Value:
        """Return other · self, for a plain number on the left."""
        raise NotImplementedError("Value.__rmul__")

    def __neg__(self) -> Value:
        """Return −self."""
        raise NotImplementedError("Value.__neg__")

    def __sub__(self, other: Value | float) -> Value:
        """Return self − other, which is self + (−other)."""
        raise NotImplementedError("Value.__sub__")

    def __rsub__(self, other: float) -> Value:
        """Return other − self, for a plain number on the left.

        >>> (10 - Value(3.0)).data
        7.0
        """
        raise NotImplementedError("Value.__rsub__")

    def __pow__(self, other: float) -> Value:
        """Return self to the power `other`, a constant int or float of either sign, exactly as floats do it.

        A Value as exponent raises TypeError. 0 to a negative power raises ZeroDivisionError (ValueError, which
        math.pow raises, will do as well). A negative base with an exponent that is not a whole number raises
        ValueError: Python itself would answer with a complex number. With the exponent 0 the slope is 0, at a base of
        0 too. Where the slope is infinite, as for the square root at 0, the power itself is still computed, and what
        backward() does is up to you.

        >>> (Value(-2.0) ** 3).data, (Value(2.0) ** -1).data
        (-8.0, 0.5)
        """
        raise NotImplementedError("Value.__pow__")

    def __truediv__(self, other: Value | float) -> Value:
        """Return self / other, which is self · other⁻¹, with that product's rounding and that power's errors.

        >>> (Value(6.0) / Value(10.0)).data, 6.0 * 10.0**-1, 6.0 / 10.0
        (0.6000000000000001, 0.6000000000000001, 0.6)
        """
        raise NotImplementedError("Value.__truediv__")

    def __rtruediv__(self, other: float) -> Value:
        """Return other / self, for a plain number on the left.

        >>> (10.0 / Value(4.0)).data
        2.5
        """
        raise NotImplementedError("Value.__rtruediv__")

    def relu(self) -> Value:
        """Return the number where it is positive, else 0. At exactly 0 the slope is 0, by convention."""
        raise NotImplementedError("Value.relu")

    def exp(self) -> Value:
        """Return e to the power self. A result too large for a float raises OverflowError, as math.exp does."""
        raise NotImplementedError("Value.exp")

    def log(self) -> Value:
        """Return the natural logarithm. A number that is not positive raises ValueError, as math.log does."""
        raise NotImplementedError("Value.log")

    def tanh(self) -> Value:
        """Return the hyperbolic tangent, of any float however large. math.tanh may be used."""
        raise NotImplementedError("Value.tanh")

    def backward(self) -> None:
        """Add d(self)/d(v) to v.grad, for self and for every Value v it was made from, directly or through others.

        For self that is 1. Values that self was not made from stay as they are. Nothing is reset: what lies in `grad`
        already is added to, and has no other effect. So a second backward() adds the same once more, and the
        gradients of two results that share Values add up.

        The number of operations in a row is not limited (5,000 is ordinary), Python's recursion limit stays as it is,
        and each operation is dealt with once, however many paths lead to it.

        >>> x = Value(3.0)
        >>> y = x * x + x
        >>> y.backward()
        >>> y.grad, x.grad
        (1.0, 7.0)
        """
        raise NotImplementedError("Value.backward")

    def __repr__(self) -> str:
        """Show a Value when it is printed. This one is written for you."""
        return f"Value(data={self.data}, grad={self.grad})"


def zero_grad(root: Value) -> None:
    """Set grad to 0.0 for root and for every Value that it was made from.

    As in backward(), the number of operations in a row is not limited, and each is dealt with once.

    >>> x = Value(3.0)
    >>> y = x * x
    >>> y.backward()
    >>> zero_grad(y)
    >>> y.grad, x.grad
    (0.0, 0.0)
    """
    raise NotImplementedError("zero_grad")
