"""Gradients against finite differences: every element, float64, a random upstream gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from course.grading import check

Array = np.ndarray[Any, Any]

# Five-point stencil: its error is h⁴·f⁽⁵⁾/30 + ε/h, near 1e-12 for functions of ordinary size.
STEP = 2e-3
RTOL = 1e-8


def numerical(f: Callable[..., Any], args: Sequence[Any], place: int, upstream: Any) -> Array:
    """Return d(sum(upstream · f(*args)))/d(args[place]) by finite differences, every element.

    `f` is the grader's own slow definition, in float64; away from kinks by more than 2·STEP.
    """
    base = np.array(args[place], dtype=np.float64)
    upstream = np.asarray(upstream, dtype=np.float64)
    gradient = np.zeros_like(base)

    def value(index: tuple[int, ...], shift: float) -> float:
        moved = base.copy()
        moved[index] += shift
        arguments = list(args)
        arguments[place] = moved
        return float(np.sum(upstream * np.asarray(f(*arguments), dtype=np.float64)))

    for index in np.ndindex(base.shape):
        near = value(index, STEP) - value(index, -STEP)
        far = value(index, 2 * STEP) - value(index, -2 * STEP)
        gradient[index] = (8 * near - far) / (12 * STEP)
    return gradient


def close(
    got: Mapping[str, Any],
    f: Callable[..., Any],
    args: Sequence[Any],
    upstream: Any,
    *,
    rtol: float = RTOL,
    places: Mapping[str, int] | None = None,
) -> None:
    """Claim that the gradients in `got` ({"dx": …, "dw": …}, in the order of `args`) match finite differences of `f`.

    With `places`, the names say which argument each belongs to. A gradient that is wrong is named, with its largest
    error and, where there is one, the pattern of the error.
    """
    for order, (name, gradient) in enumerate(got.items()):
        expected = numerical(f, args, places[name] if places else order, upstream)
        try:
            # A gradient that is exactly 0 by symmetry is reached only up to the stencil's own rounding.
            check.close(
                gradient, expected, what=name, rtol=rtol, scale=max(float(np.max(np.abs(expected), initial=0)), 1e-3)
            )
        except check.Mismatch as mismatch:
            pattern = explain(gradient, expected)
            raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, *filter(None, [pattern])) from None


def explain(got: Any, expected: Array) -> str:
    """Name the pattern of a wrong gradient where there is one: zero, a constant factor, transposed."""
    if not isinstance(got, np.ndarray | np.generic | float):
        return ""
    have = np.asarray(got, dtype=np.float64)
    if have.shape != expected.shape:
        return ""
    if not have.any() and expected.any():
        return "the whole gradient is zero"
    large = np.abs(expected) > 1e-6 * max(float(np.max(np.abs(expected), initial=0)), 1e-300)
    if large.sum() >= 2:
        ratios = have[large] / expected[large]
        if np.all(np.isfinite(ratios)) and np.ptp(ratios) <= 1e-6 * np.abs(ratios).max() and abs(ratios[0]) > 1e-9:
            return f"every element is {check.number(ratios[0])} × what it should be"
    if have.ndim == 2 and have.shape[0] == have.shape[1] > 1 and np.allclose(have.T, expected, rtol=1e-6, atol=1e-9):
        return "it is the transpose of what it should be"
    return ""
