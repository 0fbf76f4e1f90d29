"""Another right F.2: moves the caller's own array and puts the old number back; a named tuple; a plain loop."""

import math
from typing import NamedTuple

import numpy as np


class GradCheckResult(NamedTuple):
    ok: bool
    max_rel_err: float
    worst_index: tuple | None
    numeric: np.ndarray | None = None


def _ours(x):
    """x itself where it is a float64 array; else a float64 copy."""
    return x if isinstance(x, np.ndarray) and x.dtype == np.float64 else np.array(x, dtype=float)


def central_difference(f, x, i, eps=1e-6):
    if eps <= 0:
        raise ValueError("eps")
    x = _ours(x)
    i = i if isinstance(i, tuple) else (i,)
    if len(i) != x.ndim or any(not -side <= place < side for place, side in zip(i, x.shape, strict=True)):
        raise IndexError(i)
    old = x[i]
    values = []
    try:
        for sign in (-1, +1):
            x[i] = old + sign * eps
            values.append(float(f(x)))
    finally:
        x[i] = old
    return 0.5 * (values[1] - values[0]) / eps


def numerical_gradient(f, x, eps=1e-6):
    x = _ours(x)
    if not x.ndim:
        return central_difference(f, x, (), eps)
    flat = [central_difference(f, x, np.unravel_index(k, x.shape), eps) for k in range(x.size)]
    return np.array(flat, dtype=float).reshape(x.shape)


def gradcheck(f, grad_f, x, eps=1e-6, rtol=1e-5):
    x = _ours(x)
    claimed = grad_f(x.copy())
    if np.shape(claimed) != x.shape:
        raise ValueError("shape of the gradient")
    measured = numerical_gradient(f, x, eps)
    largest, where = 0.0, None
    for index in np.ndindex(x.shape):
        a = float(np.asarray(claimed)[index])
        n = float(np.asarray(measured)[index])
        error = abs(a - n) / max(abs(a), abs(n), 1e-4) if math.isfinite(a) and math.isfinite(n) else math.inf
        if where is None or error > largest:
            largest, where = error, index
    return GradCheckResult(largest <= rtol, largest, where, np.asarray(measured))
