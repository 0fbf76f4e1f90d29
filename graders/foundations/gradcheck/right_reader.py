"""F.2 by a reader of the lesson: a fresh copy for every call of f, one element compared at a time in plain Python."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Index = int | tuple[int, ...]
FLOOR = 1e-4


@dataclass(frozen=True)
class GradCheckResult:
    ok: bool
    max_rel_err: float
    worst_index: tuple[int, ...] | None


def moved(x: np.ndarray, where: tuple[int, ...], step: float) -> np.ndarray:
    """Return a new float64 array that differs from x by step in one element."""
    copy = np.array(x, dtype=np.float64)
    if len(where) != copy.ndim or np.ndim(copy[where]) != 0:
        raise IndexError(f"{where} does not pick one element of an array of shape {copy.shape}")
    copy[where] += step
    return copy


def relative_error(a: float, n: float) -> float:
    """Return how far a is from n, relative to the larger of the two."""
    if not (math.isfinite(a) and math.isfinite(n)):
        return math.inf
    return abs(a - n) / max(abs(a), abs(n), FLOOR)


def central_difference(f: Callable[[np.ndarray], float], x: np.ndarray, i: Index, eps: float = 1e-6) -> float:
    if not eps > 0:
        raise ValueError(f"eps must be positive, but is {eps}")
    where = i if isinstance(i, tuple) else (i,)
    ahead = float(f(moved(x, where, eps)))
    behind = float(f(moved(x, where, -eps)))
    return (ahead - behind) / (2 * eps)


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    shape = np.shape(x)
    slopes = [central_difference(f, x, index, eps) for index in np.ndindex(shape)]
    return np.array(slopes, dtype=np.float64).reshape(shape)


def gradcheck(
    f: Callable[[np.ndarray], float],
    grad_f: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    eps: float = 1e-6,
    rtol: float = 1e-5,
) -> GradCheckResult:
    here = np.array(x, dtype=np.float64)
    claim = np.asarray(grad_f(here), dtype=np.float64)
    if claim.shape != here.shape:
        raise ValueError(f"grad_f returned shape {claim.shape} for an x of shape {here.shape}")
    if claim.size == 0:
        return GradCheckResult(ok=True, max_rel_err=0.0, worst_index=None)
    measured = numerical_gradient(f, here, eps)
    errors = {index: relative_error(float(claim[index]), float(measured[index])) for index in np.ndindex(here.shape)}
    worst = max(errors, key=errors.__getitem__)  # of equal ones, the first
    return GradCheckResult(ok=errors[worst] <= rtol, max_rel_err=errors[worst], worst_index=worst)
