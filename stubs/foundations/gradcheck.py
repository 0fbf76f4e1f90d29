"""F.2 Gradient checking: compare a gradient you derived with the one you can measure.

Write the functions in the order they stand here; each is the tool of the next. In all of them:

x: an array of any shape, of ints or floats, or a plain number, which counts as an array of no axes. None of your
   functions changes it: afterwards every bit is as it was, also if f or grad_f raises. What they raise comes out.
f, grad_f: whatever dtype x has, they are given float64 arrays of its shape. They leave those as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Index = int | tuple[int, ...]

# A gradient smaller than this is compared as if it were this large: below it, rounding alone would look like an error.
FLOOR = 1e-4


@dataclass(frozen=True)
class GradCheckResult:
    """What gradcheck found. This class is complete; it only holds the three answers.

    ok: whether max_rel_err is at most rtol
    max_rel_err: the largest relative error of any element; 0.0 if x is empty
    worst_index: where that is, one int per axis: (3,), (0, 2), or () if x has no axes; None if x is empty
    """

    ok: bool
    max_rel_err: float
    worst_index: tuple[int, ...] | None


def central_difference(f: Callable[[np.ndarray], float], x: np.ndarray, i: Index, eps: float = 1e-6) -> float:
    """Measure the slope of f along one element of x: (f(x with x[i] + eps) − f(x with x[i] − eps)) / (2·eps).

    f: takes an array of the shape of x and returns one number. That may be an array of no axes, even the very one that
       f was given. f is called exactly twice.
    i: which element, as in x[i]: a tuple with one int per axis; for one axis the int alone will do. IndexError if it is
       out of range or does not pick exactly one element.
    eps: the step, used as it is, not scaled by x. ValueError unless it is positive.

    >>> f = lambda x: x[0] ** 2 * x[1]
    >>> round(float(central_difference(f, np.array([3.0, 2.0]), 0)), 4)
    12.0
    >>> float(central_difference(lambda x: x**3, 1.0, (), eps=0.5))
    3.25
    """
    raise NotImplementedError("central_difference")


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Measure the whole gradient of f at x: the central difference along every element.

    Returns an array of the shape of x, float64 whatever dtype x has; empty if x is empty. For an x of no axes a number
    will do. f is called exactly twice for each element.

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([[1, 2, 3]])).round(4)
    array([[2., 4., 6.]])
    """
    raise NotImplementedError("numerical_gradient")


def gradcheck(
    f: Callable[[np.ndarray], float],
    grad_f: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    eps: float = 1e-6,
    rtol: float = 1e-5,
) -> GradCheckResult:
    """Compare grad_f(x), the gradient you claim, with the numerical gradient of f at x, element by element.

    Where the claim is a and the measurement n, the relative error is |a − n| / max(|a|, |n|, FLOOR); it is infinite
    where a or n is NaN or infinite. The element with the largest error decides. If several share it, worst_index is the
    first of them in row-major order (the last index runs fastest).

    grad_f: called once, at x. Returns an array of the shape of x; for an x of no axes a number will do. ValueError if
       it has any other shape, even one that NumPy would stretch to fit.
    f: called twice for each element, no more.
    kinks: an element at a kink of f, or nearer to one than eps, is compared like any other. Nothing is skipped or
       forgiven: if the claim is not the slope measured across the kink, the result says so.

    >>> x = np.array([1.0, -2.0, 3.0])
    >>> gradcheck(lambda x: (x**2).sum(), lambda x: 2 * x, x).ok
    True
    >>> wrong = gradcheck(lambda x: (x**2).sum(), lambda x: np.array([2.0, -4.0, 9.0]), x)
    >>> wrong.ok, round(float(wrong.max_rel_err), 4), wrong.worst_index
    (False, 0.3333, (2,))
    """
    raise NotImplementedError("gradcheck")
