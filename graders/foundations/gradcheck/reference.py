"""F.2 Gradient checking: compare a gradient you derived with the one you can measure."""

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


def central_difference(f: Callable[[np.ndarray], float], x: np.ndarray, i: Index, eps: float = 1e-6) -> float:
    if not eps > 0:
        raise ValueError(f"eps must be positive, not {eps}")
    point = np.array(x, dtype=np.float64)  # a copy, whatever x is: nothing has to be put back
    centre = point[i]
    if np.ndim(centre):
        raise IndexError(f"{i} picks {np.size(centre)} elements of an x of shape {point.shape}, not one")
    point[i] = centre + eps
    above = float(f(point))  # float: f may have handed back `point` itself, which is about to change
    point[i] = centre - eps
    below = float(f(point))
    return (above - below) / (2 * eps)


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    x = np.asarray(x)
    gradient = np.empty(x.shape)  # float64, whatever dtype x has
    for index in np.ndindex(x.shape):
        gradient[index] = central_difference(f, x, index, eps)
    return gradient


def gradcheck(
    f: Callable[[np.ndarray], float],
    grad_f: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    eps: float = 1e-6,
    rtol: float = 1e-5,
) -> GradCheckResult:
    x = np.array(x, dtype=np.float64)
    analytic = np.asarray(grad_f(x))
    if analytic.shape != x.shape:
        raise ValueError(f"the gradient has shape {analytic.shape}, x has {x.shape}")
    if x.size == 0:
        return GradCheckResult(True, 0.0, None)
    numeric = numerical_gradient(f, x, eps)
    size = np.maximum(np.abs(analytic), np.abs(numeric))
    with np.errstate(invalid="ignore"):
        error = np.abs(analytic - numeric) / np.maximum(size, FLOOR)
    # NaN is neither larger nor smaller than anything: say that it is the largest.
    error = np.where(np.isfinite(error), error, np.inf)
    worst = np.unravel_index(np.argmax(error), error.shape)
    return GradCheckResult(bool(error[worst] <= rtol), float(error[worst]), tuple(int(axis) for axis in worst))
