"""Replay recorded calls on other versions of a module and say where they behave alike, in a process of our own code.

The versions are known mistakes (or two of them at once). What the learner's code answered is compared with what the
version answers to the same inputs, decoded afresh each time, within the tolerance the property itself used.
"""

from __future__ import annotations

import cmath
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from course.grading import wire
from course.grading.probes import essence

# Replies that say how the process ended, not what the code computes: nothing to compare.
ENDED = frozenset({"timeout", "memory", "crashed", "forbidden", "unfinished", "unsendable", "probe-fault"})
SMALLEST_SCALE = 1e-6


class Recorded:
    """The examples to replay: their calls (as bytes, so that no version sees another's changes) and the replies."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self.examples = [(list(calls), list(replies), float(rtol)) for calls, replies, rtol in examples]

    def alike(self, answer: Callable[[Any], dict[str, Any]], tensors: bool, stop: bool) -> list[bool]:
        """Say for each example whether a version answers as the learner did; `stop`: end at the first that differs."""
        found: list[bool] = []
        for calls, replies, rtol in self.examples:
            same = all(
                self._same(answer, call, reply, rtol, tensors) for call, reply in zip(calls, replies, strict=True)
            )
            found.append(same)
            if stop and not same:
                break
        return found

    def _same(
        self, answer: Callable[[Any], dict[str, Any]], call: bytes, reply: Any, rtol: float, tensors: bool
    ) -> bool:
        if reply["status"] in ENDED:
            return True
        operation, name, *arguments = wire.decode(call, tensors=tensors)
        ours = answer((0, operation, name, *arguments))
        try:
            ours = wire.decode(wire.encode(ours))
        except wire.WireError:
            return False
        if ours["status"] != reply["status"]:
            return False
        if reply["status"] != "ok":
            return bool(ours.get("type") == reply.get("type"))
        if operation == "probe":
            return alike(essence(name, ours["value"]), essence(name, reply["value"]), rtol)
        return alike(ours["value"], reply["value"], rtol)


def module_from(source: str, name: str) -> ModuleType:
    """Make a module of a source text; raise whatever importing it raises."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), vars(module))
    return module


def alike(one: Any, other: Any, rtol: float) -> bool:
    """Whether two plain values are the same: exactly, or within `rtol` of the larger magnitude for floating point."""
    if _is_number(one) and _is_number(other):
        return _numbers_alike(one, other, rtol)
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(alike(a, b, rtol) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key], rtol) for key in one)
    if isinstance(one, wire.Record):
        return alike(vars(one), vars(other), rtol)
    if isinstance(one, wire.Tensor):
        same = one.dtype == other.dtype and one.requires_grad == other.requires_grad
        return same and _numbers_alike(one.data, other.data, rtol)
    return bool(one == other)


def _is_number(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return True
    return isinstance(value, float | complex) or (isinstance(value, int) and not isinstance(value, bool))


def _numbers_alike(one: Any, other: Any, rtol: float) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return _scalars_alike(one, other, rtol)
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
    scale = max(float(numpy.max(numpy.abs(a[finite]), initial=0)), float(numpy.max(numpy.abs(b[finite]), initial=0)))
    return bool(numpy.all(numpy.abs(a[finite] - b[finite]) <= rtol * max(scale, SMALLEST_SCALE)))


def _scalars_alike(one: Any, other: Any, rtol: float) -> bool:
    if one == other or (cmath.isnan(one) and cmath.isnan(other)):
        return True
    if isinstance(one, int) and isinstance(other, int):
        return False
    if not (cmath.isfinite(one) and cmath.isfinite(other)):
        return False
    return bool(abs(one - other) <= rtol * max(abs(one), abs(other), SMALLEST_SCALE))
