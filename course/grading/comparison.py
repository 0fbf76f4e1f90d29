"""Recorded answers, and when those of another version are the same: within the tolerance the property itself used."""

from __future__ import annotations

import cmath
import math
import sys
from dataclasses import dataclass, replace
from typing import Any

from course.grading import wire
from course.grading.probes import essence

# A difference counts beside numbers of this size, whatever the numbers: sums of ordinary ones leave such crumbs.
SMALLEST_SCALE = 1e-6
# Where the property compared no numbers, its inputs may be of any size: 1 − tanh² leaves 1e-16 where it should be 0.
UNCOMPARED_SCALE = 1e-4
# What these probes answer is a cost, which differs with every style. Where a property failed, it says something: the
# versions compared take as much, within a factor.
COSTS, WITHIN = frozenset({"peak_bytes", "call_count", "line_count"}), 2.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """An example as it crosses over: its calls as bytes, so that no version sees another's changes."""

    name: str
    failed: bool
    seconds: float
    calls: list[bytes]
    replies: list[Any]
    rtol: float
    scale: float
    accepts: list[str]
    typed: bool
    # The tolerance of the property itself; `rtol` is at least as wide, for what other styles may differ by.
    least: float = 0.0


def received(parts: Any) -> Recorded:
    """An example as it came over, its answers as the judge sees them: a torch tensor becomes what it is over there."""
    example = Recorded(*parts)
    return replace(example, replies=[wire.decode(wire.encode(reply)) for reply in example.replies])


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the answers of one step are compared; `aside` and `any_order` are a probe's entries, "probe.entry"."""

    aside: frozenset[str] = frozenset()
    any_order: frozenset[str] = frozenset()

    def says_nothing(self, operation: str, name: str, how: Recorded) -> bool:
        """Whether any answer will do: the property held, whatever the cost."""
        return operation == "probe" and name in COSTS and not how.failed

    def same(self, operation: str, name: str, ours: dict[str, Any], reply: dict[str, Any], how: Recorded) -> bool:
        if ours["status"] != reply["status"]:
            return False
        if ours["status"] == "raised":
            return ours["type"] == reply["type"] or all(set(one["bases"]) & set(how.accepts) for one in (ours, reply))
        if ours["status"] != "ok":
            return True
        # In what passed, a scalar may be NumPy's or Python's: the property did not mind.
        like = Likeness(how.rtol, how.scale, how.typed, how.typed and how.failed)
        if operation != "probe":
            return like(ours["value"], reply["value"])
        if name in COSTS:
            return self.says_nothing(operation, name, how) or _about(ours["value"], reply["value"])
        one, other = essence(name, ours["value"]), essence(name, reply["value"])
        if isinstance(one, dict) and isinstance(other, dict):
            one, other = self._essential(name, one), self._essential(name, other)
            for key in [key for key in one if f"{name}.{key}" in self.any_order]:
                if not _in_any_order(one.pop(key), other.pop(key, None), like):
                    return False
        return like(one, other)

    def _essential(self, name: str, value: dict[Any, Any]) -> dict[Any, Any]:
        return {key: item for key, item in value.items() if f"{name}.{key}" not in self.aside}


def _about(one: float, other: float) -> bool:
    return max(one, other) <= WITHIN * min(one, other)


def _in_any_order(one: Any, other: Any, like: Likeness) -> bool:
    if not isinstance(one, list | tuple) or type(one) is not type(other) or len(one) != len(other):
        return like(one, other)
    left = list(other)
    for item in one:
        place = next((place for place, candidate in enumerate(left) if like(item, candidate)), None)
        if place is None:
            return False
        left.pop(place)
    return True


@dataclass(frozen=True, slots=True)
class Likeness:
    """Whether two plain values are the same: exactly, or within `rtol` of the larger magnitude for floating point.

    Magnitudes below `scale` count as `scale`. With `typed` an int is no float, and an array of no sides no number; with
    `exactly`, a scalar of NumPy's is none of Python's either, and −0.0 is not 0.0.
    """

    rtol: float
    scale: float = SMALLEST_SCALE
    typed: bool = False
    exactly: bool = False

    def __call__(self, ours: Any, theirs: Any) -> bool:
        if self.exactly and type(ours) is not type(theirs):
            return False
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            ours, theirs = (one.item() if isinstance(one, numpy.generic) else one for one in (ours, theirs))
        if type(ours) is not type(theirs) and (self.typed or not (_is_number(ours) and _is_number(theirs))):
            return False
        if _is_number(ours):
            return self._numbers(ours, theirs)
        if isinstance(ours, list | tuple):
            return len(ours) == len(theirs) and all(self(a, b) for a, b in zip(ours, theirs, strict=True))
        if isinstance(ours, dict):
            return ours.keys() == theirs.keys() and all(self(ours[key], theirs[key]) for key in ours)
        if isinstance(ours, wire.Record):
            # A learner's record may hold more than it was asked for.
            mine, other = vars(ours), vars(theirs)
            return mine.keys() <= other.keys() and all(self(mine[key], other[key]) for key in mine)
        if isinstance(ours, wire.Tensor):
            same = ours.dtype == theirs.dtype and ours.requires_grad == theirs.requires_grad
            return same and self._numbers(ours.data, theirs.data)
        return bool(ours == theirs)

    def _numbers(self, one: Any, other: Any) -> bool:
        numpy = sys.modules.get("numpy")
        if numpy is None or not (isinstance(one, numpy.ndarray) or isinstance(other, numpy.ndarray)):
            return self._scalars(one, other)
        a, b = numpy.asarray(one), numpy.asarray(other)
        if a.shape != b.shape or (a.ndim and a.dtype != b.dtype):
            return False
        if a.dtype.kind not in "fc" and b.dtype.kind not in "fc":
            return bool(numpy.array_equal(a, b))
        wide = complex if "c" in (a.dtype.kind, b.dtype.kind) else float
        a, b = a.astype(wide), b.astype(wide)
        finite = numpy.isfinite(a)
        if not numpy.array_equal(finite, numpy.isfinite(b)) or not numpy.array_equal(
            a[~finite], b[~finite], equal_nan=True
        ):
            return False
        if self.exactly and wide is float:
            zeros = (a == 0.0) & (b == 0.0)
            if not numpy.array_equal(numpy.signbit(a[zeros]), numpy.signbit(b[zeros])):
                return False
        largest = max(float(numpy.max(numpy.abs(side[finite]), initial=0)) for side in (a, b))
        return bool(numpy.all(numpy.abs(a[finite] - b[finite]) <= self.rtol * max(largest, self.scale)))

    def _scalars(self, one: Any, other: Any) -> bool:
        if self.exactly and one == other == 0 and isinstance(one, float) and isinstance(other, float):
            return math.copysign(1.0, one) == math.copysign(1.0, other)
        if one == other or (isinstance(one, int) and isinstance(other, int)):
            return bool(one == other)
        if cmath.isnan(one) and cmath.isnan(other):
            return True
        if not (cmath.isfinite(one) and cmath.isfinite(other)):
            return False
        return bool(abs(one - other) <= self.rtol * max(abs(one), abs(other), self.scale))


def _is_number(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return True
    return isinstance(value, float | complex) or (isinstance(value, int) and not isinstance(value, bool))
