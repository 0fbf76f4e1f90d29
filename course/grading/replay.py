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


class Versions:
    """Versions of one module, each made when it is first needed, and the examples they are tried on."""

    def __init__(self, name: str) -> None:
        self._name = name
        # Whole sources or edits of the first, until they are modules; then None is what could not be made.
        self._made: list[str | list[tuple[str, str]] | ModuleType | None] = []
        self._first = ""
        # Calls are kept as bytes, so that no version sees another's changes.
        self._examples: list[tuple[list[bytes], list[Any], float]] = []

    def add(self, *versions: str | list[tuple[str, str]]) -> None:
        if not self._made and versions and isinstance(versions[0], str):
            self._first = versions[0]
        self._made += versions

    def prepare(self) -> None:
        for place in range(len(self._made)):
            self.module(place)

    def module(self, place: int) -> ModuleType | None:
        """The version as a module, in the place of the one before it; None if there is none."""
        made = self._made[place]
        if isinstance(made, str | list):
            try:
                made = module_from(made if isinstance(made, str) else self._edited(made), self._name)
            except Exception:  # a wrong version may be wrong at once
                made = None
            self._made[place] = made
        if made is not None:
            sys.modules[self._name] = made
        return made

    def _edited(self, edits: list[tuple[str, str]]) -> str:
        code = self._first
        for find, new in edits:
            if code.count(find) != 1:  # two mistakes that edit the same place
                raise ValueError(find)
            code = code.replace(find, new)
        return code

    def remember(self, examples: Sequence[Any]) -> None:
        self._examples = [
            (list(calls), [_as_it_crossed(reply) for reply in replies], float(rtol))
            for calls, replies, rtol in examples
        ]

    def alike(self, answer: Callable[[Any], dict[str, Any]], tensors: bool, places: Sequence[int]) -> list[bool]:
        """Say for these examples, up to the first that differs, whether the version answers as the learner did."""
        found: list[bool] = []
        for place in places:
            calls, replies, rtol = self._examples[place]
            same = all(
                self._same(answer, call, reply, rtol, tensors) for call, reply in zip(calls, replies, strict=True)
            )
            found.append(same)
            if not same:
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


def _as_it_crossed(reply: Any) -> Any:
    """Where torch is loaded, a reply's tensors have become torch's own; they are compared as what crossed."""
    return wire.decode(wire.encode(reply)) if "torch" in sys.modules else reply


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
