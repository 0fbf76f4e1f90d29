"""What graders say about values: shape first, then dtype, then NaN, then numbers, and where the largest error is.

Every function raises `Mismatch` with a message in the learner's terms. Tolerances come from the dtype and the size of
the sum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from course.grading.learner import LearnerRaised
from course.grading.outcomes import Failure
from course.grading.wire import Opaque, Record, Tensor

# Rounding errors of a sum grow at worst with its number of terms; 64 leaves room for a handful of operations an
# element.
SLACK = 64


# The loosest relative tolerance of the running example: a diagnosis compares no more strictly than the property did.
_loosest = [0.0]
LOOSEST = 1e-6
# The exceptions it accepted, and whether it failed for a type: what else a diagnosis must know to compare alike.
_accepted: set[str] = set()
_wrong_type = [False]


def forget_tolerance() -> None:
    _loosest[0] = 0.0
    _accepted.clear()
    _wrong_type[0] = False


def _note_tolerance(bound: float, magnitude: float) -> None:
    """Note a tolerance relative to what was compared; a wide scale over small numbers widens it."""
    _loosest[0] = min(max(_loosest[0], bound / max(magnitude, bound)), LOOSEST)


def loosest() -> float:
    """The loosest relative tolerance used since the example began."""
    return _loosest[0]


def accepted() -> tuple[str, ...]:
    """The exceptions that were as good as one another since the example began."""
    return tuple(sorted(_accepted))


def wrong_type() -> bool:
    """Whether a value was refused for its type since the example began."""
    return _wrong_type[0]


class Mismatch(AssertionError):
    """The claim does not hold; `failure` says it to the learner."""

    def __init__(self, summary: str, *detail: str) -> None:
        super().__init__(summary)
        self.failure = Failure(summary, tuple(line for line in detail if line))


def fail(summary: str, *detail: str) -> NoReturn:
    raise Mismatch(summary, *detail)


def that(condition: object, summary: str, *detail: str) -> None:
    """Claim anything: `summary` says, in the learner's terms, what is not so."""
    if not condition:
        fail(summary, *detail)


def tolerance(dtype: Any = np.float64, terms: int = 1) -> float:
    """Return the relative error that rounding alone explains: 64 ulp for each term summed."""
    return SLACK * float(np.finfo(dtype).eps) * max(terms, 1)


def close(
    got: Any,
    expected: Any,
    *,
    what: str = "result",
    terms: int = 1,
    rtol: float | None = None,
    scale: float | None = None,
    elementwise: bool = False,
    dtype: Any = "same",
) -> None:
    """Claim that `got` equals `expected` up to rounding.

    The tolerance is `rtol` (default: 64 ulp of the dtype × `terms`) times `scale` (default: the largest expected
    magnitude, at least the smallest normal number), or times each expected value with `elementwise`. `dtype` "same"
    wants the expected dtype (a Python float counts as float64), None accepts any real dtype, otherwise the one named.
    """
    want = np.asarray(expected)
    have = number_array(got, what)
    if have.shape != want.shape:
        fail(f"{what} has shape {_shape(have)}, expected {_shape(want)}", _shape_hint(have.shape, want.shape))
    _same_kind(have, want, what, dtype)
    _values(have, want, what, terms, rtol, scale, elementwise)


def number_array(got: Any, what: str = "result") -> np.ndarray[Any, Any]:
    """Return a number, array or tensor as an array; fail with what came instead."""
    if isinstance(got, Tensor):
        return got.data
    if isinstance(got, bool) or not isinstance(got, int | float | complex | np.ndarray | np.generic):
        fail(f"{what} is {describe(got)}, expected {'a number' if not isinstance(got, list | tuple) else 'an array'}")
    return np.asarray(got)


def describe(value: Any) -> str:
    """Name a value the way a learner would: "None", "a tuple of 2"."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {_shape(value)}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Opaque | Record):
        return repr(value)
    return f"{shorten(value)} ({type(value).__name__})"


def shorten(value: object, width: int = 120) -> str:
    if isinstance(value, str | bytes | list | tuple) and len(value) > width:
        value = value[:width]  # writing all of a huge one takes seconds
        return f"{shorten(value, 2 * width)[: width - 1]}…"
    try:
        text = repr(value)
    except ValueError:  # Python writes no int of more than 4300 digits
        return "a huge number" if isinstance(value, int) else f"a {type(value).__name__} with a huge number in it"
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _same_kind(have: np.ndarray[Any, Any], want: np.ndarray[Any, Any], what: str, dtype: Any) -> None:
    wanted = want.dtype if isinstance(dtype, str) and dtype == "same" else dtype
    if wanted is None:
        if have.dtype.kind not in "iufb":
            fail(f"{what} has dtype {have.dtype}, expected a real number")
        return
    wanted = np.dtype(wanted)
    # An exact 0 or 1 as an int is a right scalar; an integer array is a wrong dtype.
    if have.dtype != wanted and not (have.ndim == 0 and have.dtype.kind == "i" and wanted.kind == "f"):
        fail(f"{what} has dtype {have.dtype}, expected {wanted}")


def _values(
    have: np.ndarray[Any, Any],
    want: np.ndarray[Any, Any],
    what: str,
    terms: int,
    rtol: float | None,
    scale: float | None,
    elementwise: bool,
) -> None:
    if want.size == 0:
        return
    if "c" in (have.dtype.kind, want.dtype.kind):
        _values(have.real, want.real, f"real part of {what}", terms, rtol, scale, elementwise)
        _values(have.imag, want.imag, f"imaginary part of {what}", terms, rtol, scale, elementwise)
        return
    coarse = have.dtype if have.dtype.kind == "f" else np.dtype(np.float64)
    have, want = have.astype(np.float64), want.astype(np.float64)
    _not_a_number(have, want, what)
    relative = tolerance(coarse, terms) if rtol is None else rtol
    finite = np.isfinite(want)
    largest = float(np.max(np.abs(want[finite]), initial=0.0)) if scale is None else scale
    bound = relative * (np.abs(np.where(finite, want, 0.0)) if elementwise else np.full(want.shape, largest))
    bound = np.maximum(bound, float(np.finfo(coarse).tiny))
    _note_tolerance(float(bound.max()), float(np.max(np.abs(want[finite]), initial=0.0)))
    with np.errstate(invalid="ignore"):
        error = np.where(have == want, 0.0, np.abs(have - want))
    error = np.where(np.isnan(have) & np.isnan(want), 0.0, error)
    if np.all(error <= bound):
        return
    place = np.unravel_index(int(np.argmax(error - bound)), want.shape)
    fail(
        "{what}: got {0}{at}, expected {1}".format(*apart(have[place], want[place]), what=what, at=_at(place)),
        f"largest error {number(float(error[place]))}, tolerance {float(bound[place]):.1e}"
        + (f"; {int(np.sum(error > bound))} of {want.size} elements differ" if want.size > 1 else ""),
    )


def _not_a_number(have: np.ndarray[Any, Any], want: np.ndarray[Any, Any], what: str) -> None:
    for test, word in ((np.isnan, "NaN"), (np.isinf, "infinite")):
        odd = test(have) & ~test(want)
        if odd.any():
            place = np.unravel_index(int(np.argmax(odd)), odd.shape)
            fail(f"{what} is {word}{_at(place)}, expected {number(want[place])}")


def number(value: Any) -> str:
    """Show a number so that it can be typed back, without noise: 6 significant digits."""
    return f"{float(value):.6g}"


def apart(one: Any, other: Any) -> tuple[str, str]:
    """Show two numbers with as many digits as it takes to see that they differ."""
    for digits in range(6, 18):
        texts = f"{float(one):.{digits}g}", f"{float(other):.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _at(place: Sequence[Any]) -> str:
    return f" at [{', '.join(str(int(index)) for index in place)}]" if len(place) else ""


def _shape(array: np.ndarray[Any, Any]) -> str:
    return str(tuple(int(side) for side in array.shape)) if array.ndim else "() (a single number)"


def _shape_hint(have: tuple[int, ...], want: tuple[int, ...]) -> str:
    if len(have) == len(want) > 1 and sorted(have) == sorted(want):
        return "the axes are in another order"
    if len(have) == len(want) + 1:
        return "one axis too many"
    return "one axis is missing" if len(have) + 1 == len(want) else ""


# ---------------------------------------------------------------- exact values


def equal(got: Any, expected: Any, *, what: str = "result") -> None:
    """Claim that a value is exactly the expected one, type included (a list is not a tuple, True is not 1)."""
    place = _difference(got, expected)
    if place is None:
        return
    path, have, want = place
    _wrong_type[0] = type(have) is not type(want)
    fail(f"{what}{path} is {_plain(have)}, expected {_plain(want)}", _lengths(got, expected))


def _plain(value: Any) -> str:
    return describe(value) if isinstance(value, np.ndarray | Opaque) or value is None else shorten(value)


def _lengths(got: Any, expected: Any) -> str:
    if isinstance(got, list | tuple | str | bytes | dict) and type(got) is type(expected) and len(got) != len(expected):
        unit = {str: "characters", bytes: "bytes"}.get(type(got), "items")
        return f"{len(got)} {unit}, expected {len(expected)}"
    return ""


def _difference(got: Any, want: Any) -> tuple[str, Any, Any] | None:
    """Find the first place where two values differ: its path, and both values there."""
    if isinstance(got, np.generic) and not isinstance(want, np.generic):
        got = got.item()
    if type(got) is not type(want):
        return "", got, want
    if isinstance(want, list | tuple):
        for index, (one, other) in enumerate(zip(got, want, strict=False)):
            if found := _difference(one, other):
                return f"[{index}]{found[0]}", found[1], found[2]
        return None if len(got) == len(want) else ("", got, want)
    if isinstance(want, dict):
        for key in want:
            if key not in got:
                return f"[{key!r}]", None, want[key]
            if found := _difference(got[key], want[key]):
                return f"[{key!r}]{found[0]}", found[1], found[2]
        return None if len(got) == len(want) else ("", sorted(got, key=repr), sorted(want, key=repr))
    if isinstance(want, np.ndarray):
        same = (
            got.shape == want.shape
            and got.dtype == want.dtype
            and np.array_equal(got, want, equal_nan=want.dtype.kind in "fc")
        )
        return None if same else ("", got, want)
    if isinstance(want, float) and math.isnan(want) and math.isnan(got):
        return None
    return None if got == want else ("", got, want)


def items(got: Any, count: int, *, what: str = "result") -> tuple[Any, ...]:
    """Claim that a value is a tuple (or list) of `count` things and return them."""
    if not isinstance(got, tuple | list) or len(got) != count:
        fail(f"{what} is {describe(got)}, expected a tuple of {count}")
    return tuple(got)


def finite(got: Any, *, what: str = "result") -> None:
    """Claim that no element is NaN or infinite."""
    have = number_array(got, what)
    bad = ~np.isfinite(have)
    if bad.any():
        place = np.unravel_index(int(np.argmax(bad)), bad.shape)
        fail(f"{what} is {have[place]}{_at(place)}, expected a finite number")


@contextmanager
def raises(*names: str) -> Iterator[None]:
    """Claim that the learner's code raises one of these exceptions (named as text: "ValueError")."""
    _accepted.update(names)
    try:
        yield
    except LearnerRaised as error:
        if not set(names) & set(error.bases):
            fail(f"raised {error.type_name} ({shorten(error.message, 60)}), expected {' or '.join(names)}")
        return
    fail(f"nothing was raised, expected {' or '.join(names)}")
