"""Gradients against finite differences, or a complex step: every element, float64, a random upstream gradient."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from course.grading import check

Array = np.ndarray[Any, Any]

# Five-point stencil: its error is h⁴·f⁽⁵⁾/30 + ε/h, near 1e-12 for functions of ordinary size.
STEP = 2e-3
RTOL = 1e-8
# Gradients that cancel to less than this are compared as if they were so large: the stencil's own error,
# STEP⁴ · f⁽⁵⁾ / 30, does not cancel with them, and is 1e-10 for functions as curved as a GELU behind weights of 2.
LEAST = 0.02
# So small that its square vanishes: no error but rounding. Nothing is subtracted, so no digits are lost either.
COMPLEX_STEP = 1e-30
# The largest gradient whose wrong places are drawn.
MAP_ROWS, MAP_COLUMNS = 8, 16


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


def analytic(f: Callable[..., Any], args: Sequence[Any], place: int, upstream: Any) -> Array:
    """Return d(sum(upstream · f(*args)))/d(args[place]) by a complex step, f(x + ih) = f(x) + ih·f′(x): every element.

    `f` is the grader's own definition, in NumPy; it must take complex numbers and be analytic where it is asked: no
    abs, no real or imaginary part but to choose a branch. Exact up to rounding, where finite differences are too
    coarse: in deep graphs. (Squire and Trapp, Using Complex Variables to Estimate Derivatives, 1998.)
    """
    moved = np.array(args[place], dtype=np.complex128)
    arguments = [*args[:place], moved, *args[place + 1 :]]
    gradient = np.zeros(moved.shape)
    for index in np.ndindex(moved.shape):
        value = moved[index]
        moved[index] = value + 1j * COMPLEX_STEP
        gradient[index] = np.sum(upstream * np.imag(f(*arguments))) / COMPLEX_STEP
        moved[index] = value
    return gradient


def close_to(got: Any, expected: Array, what: str, *, terms: int = 64, upstream: Any = None) -> None:
    """Claim that one gradient is `expected`, up to the rounding of `terms` operations; where not, name the pattern."""
    scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
    try:
        check.close(got, expected, what=what, terms=terms, scale=scale)
    except check.Mismatch as mismatch:
        raise _seen_closely(mismatch, got, expected, check.tolerance(terms=terms) * scale, upstream) from None


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
        scale = max(float(np.max(np.abs(expected), initial=0)), LEAST)
        try:
            check.close(gradient, expected, what=name, rtol=rtol, scale=scale)
        except check.Mismatch as mismatch:
            raise _seen_closely(mismatch, gradient, expected, rtol * scale, upstream) from None


def _seen_closely(
    mismatch: check.Mismatch, got: Any, expected: Array, bound: float, upstream: Any = None
) -> check.Mismatch:
    """The mismatch with the pattern of the error, or where there is none, a map of its places."""
    pattern = explain(got, expected, upstream)
    seen = (pattern,) if pattern else heat_map(got, expected, bound)
    return check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, *seen)


def explain(got: Any, expected: Array, upstream: Any = None) -> str:
    """Name the pattern of a wrong gradient, if any.

    Zero, a constant factor, transposed, slices exchanged, a sum that is missing, just the upstream, rows that should
    sum to zero and do not, a term missing that is the same along an axis.
    """
    if not isinstance(got, np.ndarray | np.generic | float):
        return ""
    have = np.asarray(got, dtype=np.float64)
    if have.shape != expected.shape:
        return _missing_sum(have, expected)
    if not have.any() and expected.any():
        return "the whole gradient is zero"
    if (ratio := _constant_ratio(have, expected)) and ratio != "1":  # digits are lost, and there is no pattern
        return "the sign is turned, everywhere" if ratio == "-1" else f"every element is {ratio} × what it should be"
    if pattern := _moved(have, expected):
        return pattern
    if (
        upstream is not None
        and have.size > 1
        and np.shape(upstream) == have.shape
        and _near(have, np.asarray(upstream))
    ):
        return "it is the upstream gradient itself: the function's own slope is missing"
    return _along_an_axis(have, expected)


def _missing_sum(have: Array, expected: Array) -> str:
    """Whether one axis too many is there, and its sum is what was wanted."""
    for axis in range(have.ndim if have.ndim == expected.ndim + 1 else 0):
        for name, reduced in (("sum", have.sum(axis)), ("mean", have.mean(axis))):
            if reduced.shape == expected.shape and have.shape[axis] > 1 and _near(reduced, expected):
                return f"its {name} over axis {axis} is what it should be: that {name} is missing"
    return ""


def _moved(have: Array, expected: Array) -> str:
    """Whether the right numbers stand at other places: two axes or the slices of one axis exchanged."""
    if have.ndim < 1 or _near(have, expected):
        return ""
    for one, other in itertools.combinations(range(have.ndim), 2):
        if have.shape[one] == have.shape[other] > 1 and _near(have.swapaxes(one, other), expected):
            exchanged = f"axes {one} and {other} are exchanged"
            if (one, other) != (have.ndim - 2, have.ndim - 1):
                return exchanged
            return "it is the transpose of what it should be" + (f": {exchanged}" if have.ndim > 2 else "")
    for axis, count in enumerate(have.shape):
        if not 1 < count <= MAP_COLUMNS:
            continue
        ours, right = np.moveaxis(have, axis, 0), np.moveaxis(expected, axis, 0)
        places = [[at for at in range(count) if _near(one, right[at])] for one in ours]
        if all(len(one) == 1 for one in places) and len({one[0] for one in places}) == count:
            order = [one[0] for one in places]
            return f"the slices along axis {axis} are right, but in the order {order}"
    return ""


def _along_an_axis(have: Array, expected: Array) -> str:
    """Whether all of a row is off by the same: what a mean or a sum over the row should have taken away."""
    if have.ndim < 1 or not np.all(np.isfinite(have)):
        return ""
    off = have - expected
    for axis in reversed(range(have.ndim)):
        if have.shape[axis] < 2 or not np.any(off):
            continue
        same = _near(off, np.broadcast_to(off.mean(axis=axis, keepdims=True), off.shape))
        zero = np.allclose(expected.sum(axis), 0.0, atol=1e-9 * max(1.0, float(np.max(np.abs(expected)))))
        if same and zero:
            return f"along axis {axis} it should sum to 0, and does not: the same number is missing all along it"
        if same and have.ndim > 1:
            return f"along axis {axis} every element is off by the same number: a term is missing, or too much"
        if zero and not np.allclose(have.sum(axis), 0.0, atol=1e-6) and axis == have.ndim - 1:
            return f"along axis {axis} it should sum to 0, and does not"
    return ""


def _near(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-9))


def _constant_ratio(have: Array, expected: Array) -> str:
    """The factor that all elements share, as a whole number, a fraction or a root where it is one; empty for none.

    Two elements share any factor by chance where the rest is given: x and −x. Then it must be one of these.
    """
    large = np.abs(expected) > 1e-6 * max(float(np.max(np.abs(expected), initial=0)), 1e-300)
    if large.sum() < 2:
        return ""
    ratios = have[large] / expected[large]
    if not np.all(np.isfinite(ratios)) or np.ptp(ratios) > 1e-6 * np.abs(ratios).max() or abs(ratios[0]) < 1e-9:
        return ""
    ratio = float(np.median(ratios))
    return _fraction(ratio) or _root(ratio) or (check.number(ratio) if large.sum() > 2 else "")


def _fraction(ratio: float) -> str:
    """The ratio as a fraction of small numbers, if it is one."""
    fraction = Fraction(ratio).limit_denominator(64)
    near = bool(fraction) and abs(float(fraction) / ratio - 1) < 1e-6
    return str(fraction) if near and abs(fraction.numerator) <= 4096 else ""


def _root(ratio: float) -> str:
    """A ratio whose square is a fraction of small numbers: in attention, a factor 1/√d is forgotten, or there twice."""
    sign = "-" if ratio < 0 else ""
    square = Fraction(ratio * ratio).limit_denominator(256)
    if not square or abs(float(square) / (ratio * ratio) - 1) > 2e-6 or square.numerator > 4096:
        return ""
    over, under = square.numerator, square.denominator
    if under > 64 and over != 1:
        return ""
    return f"{sign}√{over}" if under == 1 else f"{sign}1/√{under}" if over == 1 else f"{sign}√({square})"


def heat_map(got: Any, expected: Array, bound: float) -> tuple[str, ...]:
    """Show where a small gradient is wrong: a line a row, █ for wrong and · for right; nothing when all of it is."""
    if not isinstance(got, np.ndarray) or got.shape != expected.shape or got.ndim not in (1, 2) or got.size < 2:
        return ()
    if got.shape[0] > MAP_ROWS or got.shape[-1] > MAP_COLUMNS:
        return ()
    # Not `<=`: an element that is not a number is wrong.
    wrong = ~(np.abs(got - expected) <= bound)
    if wrong.all():
        return ()
    rows = np.atleast_2d(wrong)
    return ("wrong at █:", *("  " + " ".join("█" if one else "·" for one in row) for row in rows))
