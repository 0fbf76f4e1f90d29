"""Replay recorded calls on other versions of a module and say which behave alike, in a process of our own code.

The versions are known mistakes (or two of them at once). What the learner's code answered is compared with what the
version answers to the same inputs, decoded afresh each time, within the tolerance the property itself used.
"""

from __future__ import annotations

import cmath
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import FrameType, ModuleType
from typing import Any

from course.grading import wire
from course.grading.probes import essence
from course.grading.warmup import warm_up

# Replies that say how the process ended, not what the code computes: nothing to compare.
ENDED = frozenset({"timeout", "memory", "crashed", "forbidden", "unfinished", "unsendable", "probe-fault"})
# A difference counts beside numbers of this size, whatever the numbers: sums of ordinary ones leave such crumbs.
SMALLEST_SCALE = 1e-6
# Where the property compared no numbers, its inputs may be of any size: 1 − tanh² leaves 1e-16 where it should be 0.
UNCOMPARED_SCALE = 1e-4
# Examples slower than this wait until few versions are left.
SLOW = 0.03
FEW = 4
# A version may be so much slower than the learner's code, on one example; then it hangs, and behaves like nobody's.
SLOWER, AT_LEAST = 20.0, 0.25
# The first call of a kind may be slow, when a library prepares something: what hangs, hangs again.
TRIES = 2
# What sleeps or waits for a lock hangs after so many times that; what waits for a core does not.
PATIENCE = 8.0

REFERENCE = 0

# Python's own, noted before the guard puts itself in its place: these versions are ours.
_handle: Callable[..., Any] = sys.modules["_signal"].signal


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


class Versions:
    """Versions of one module, each made when it is first needed, and which of them answer as the learner's code did.

    Version 0 is the reference. `answer(module, request)` asks one of them.
    """

    def __init__(self, name: str, answer: Callable[[ModuleType, Any], dict[str, Any]]) -> None:
        self._name, self._answer = name, answer
        # Whole sources or edits of the first, until they are modules; then None is what could not be made.
        self._made: list[str | list[tuple[str, str]] | ModuleType | None] = []
        self._first = ""
        self._comparison = Comparison()
        self._sieve = _Sieve(self)

    def forget(self) -> None:
        """Start afresh, for another learner's code: no version keeps what it did for the one before."""
        self._made, self._first = [], ""
        self._comparison, self._sieve = Comparison(), _Sieve(self)

    def add(self, *versions: str | list[tuple[str, str]]) -> None:
        if not self._made and versions and isinstance(versions[0], str):
            self._first = versions[0]
        self._made += versions

    def begin(self, aside: list[str], any_order: list[str]) -> None:
        """Take the versions that were added so far for the suspects, and prepare them."""
        self._comparison = Comparison(frozenset(aside), frozenset(any_order))
        self._sieve = _Sieve(self)
        for place in self.all:
            self._module(place)
        warm_up()

    @property
    def all(self) -> range:
        return range(len(self._made))

    def consider(self, *examples: Any) -> None:
        self._sieve.consider([_recorded(one) for one in examples])

    def found(self) -> dict[str, Any]:
        return self._sieve.found()

    def fits(self, version: int) -> bool:
        """Whether a version answers all the considered examples as the learner did."""
        return all(self.alike(version, one) for one in self._sieve.in_order())

    def like(self, versions: list[int], example: Any) -> list[int]:
        """Those of these versions that answer one more example as the learner did."""
        recorded = _recorded(example)
        return [one for one in versions if self.alike(one, recorded)]

    def _module(self, place: int) -> ModuleType | None:
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

    def alike(self, version: int, example: Recorded) -> bool:
        """Whether a version answers one example as the learner did."""
        module = self._module(version)
        if module is None:
            return False
        for _ in range(TRIES):
            same = False
            with _no_longer_than(max(AT_LEAST, SLOWER * example.seconds)) as late:
                same = all(
                    self._same(module, call, reply, example)
                    for call, reply in zip(example.calls, example.replies, strict=True)
                )
            if not late:
                return same
        self._made[version] = None
        return False

    def _same(self, module: ModuleType, call: bytes, reply: Any, example: Recorded) -> bool:
        if reply["status"] in ENDED:
            return True
        operation, name, *arguments = wire.decode(call, tensors="torch" in sys.modules)
        ours = self._answer(module, (0, operation, name, *arguments))
        try:
            ours = wire.decode(wire.encode(ours))
        except wire.WireError:
            return False
        return self._comparison.same(operation, name, ours, reply, example)


def _recorded(parts: Any) -> Recorded:
    """An example with its answers as the judge sees them: a torch tensor becomes what it is over there."""
    example = Recorded(*parts)
    return replace(example, replies=[wire.decode(wire.encode(reply)) for reply in example.replies])


class _Sieve:
    """Let examples through one by one, while the judge goes on: which versions still answer as the learner's code?"""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._left = list(versions.all)
        self._mistakes = self._left[1:]
        self._examples: list[Recorded] = []
        self._waiting: list[Recorded] = []
        self._like_first: list[int] | None = None
        # Once no mistake is left: those that answer alike wherever a property failed, for every property that did.
        self._partly: dict[str, list[int]] | None = None

    def consider(self, examples: Sequence[Recorded]) -> None:
        for example in examples:
            self._examples.append(example)
            if example.seconds > SLOW and len(self._left) > FEW:
                self._waiting.append(example)
                continue
            self._sift(example)

    def _sift(self, example: Recorded) -> None:
        if self._partly is not None:
            self._note(example)
            return
        self._left = [one for one in self._left if self._versions.alike(one, example)]
        if self._like_first is None and example.failed:
            self._like_first = self._left
        if not self._left:
            self._partly = {}
            for earlier in self._examples:
                self._note(earlier)

    def _note(self, example: Recorded) -> None:
        if not example.failed or example.seconds > SLOW or self._partly is None:
            return
        before = self._partly.get(example.name, self._mistakes)
        self._partly[example.name] = [one for one in before if self._versions.alike(one, example)]

    def in_order(self) -> list[Recorded]:
        """The examples, those first that reject a wrong guess for the least work."""
        return sorted(self._examples, key=lambda one: (one.seconds > SLOW, not one.failed, one.seconds))

    def found(self) -> dict[str, Any]:
        for example in sorted(self._waiting, key=lambda one: one.seconds):
            self._sift(example)
        self._waiting = []
        if REFERENCE in self._left:
            return self._by_type()
        partly = {name: versions for name, versions in (self._partly or {}).items() if versions}
        return self._said(self._left, self._like_first or [], partly)

    def _said(self, left: list[int], like_first: list[int], partly: dict[str, list[int]]) -> dict[str, Any]:
        return {"left": left, "like_first": like_first, "partly": partly, "examples": len(self._examples)}

    def _by_type(self) -> dict[str, Any]:
        """The right answers, it seems: what failed may be their type, an int for a float."""
        if all(example.typed for example in self._examples):
            return self._said([], [], {})
        again = _Sieve(self._versions)
        again.consider([replace(example, typed=True) for example in self._examples])
        return again.found()


@contextlib.contextmanager
def _no_longer_than(seconds: float) -> Iterator[list[str]]:
    """Interrupt what computes longer, where the system can: it is noted in the list. Elsewhere the judge does it."""
    late: list[str] = []
    running = ["yes"]
    if not hasattr(signal, "setitimer"):
        yield late
        return

    computed, ends = time.process_time() + seconds, time.monotonic() + PATIENCE * seconds

    def ring(_number: int, _frame: FrameType | None) -> None:
        if running and (time.process_time() >= computed or time.monotonic() >= ends):
            late.append("late")
            raise _TooLong

    usual = _handle(signal.SIGALRM, ring)
    try:
        # Again and again: the version's own code may swallow the first.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
        yield late
    except _TooLong:
        pass
    finally:
        running.clear()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _handle(signal.SIGALRM, usual)


class _TooLong(BaseException):
    pass


def module_from(source: str, name: str) -> ModuleType:
    """Make a module of a source text; raise whatever importing it raises."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), vars(module))
    return module


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the answers of one step are compared; `aside` and `any_order` are a probe's entries, "probe.entry"."""

    aside: frozenset[str] = frozenset()
    any_order: frozenset[str] = frozenset()

    def same(self, operation: str, name: str, ours: dict[str, Any], reply: dict[str, Any], how: Recorded) -> bool:
        if ours["status"] != reply["status"]:
            return False
        if ours["status"] == "raised":
            return ours["type"] == reply["type"] or all(set(one["bases"]) & set(how.accepts) for one in (ours, reply))
        if ours["status"] != "ok":
            return True
        like = Likeness(how.rtol, how.scale, how.typed)
        if operation != "probe":
            return like(ours["value"], reply["value"])
        one, other = essence(name, ours["value"]), essence(name, reply["value"])
        if isinstance(one, dict) and isinstance(other, dict):
            one, other = self._essential(name, one), self._essential(name, other)
            for key in [key for key in one if f"{name}.{key}" in self.any_order]:
                if not _in_any_order(one.pop(key), other.pop(key, None), like):
                    return False
        return like(one, other)

    def _essential(self, name: str, value: dict[Any, Any]) -> dict[Any, Any]:
        return {key: item for key, item in value.items() if f"{name}.{key}" not in self.aside}


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

    Magnitudes below `scale` count as `scale`. With `typed` an int is no float, and an array of no sides no number.
    """

    rtol: float
    scale: float = SMALLEST_SCALE
    typed: bool = False

    def __call__(self, ours: Any, theirs: Any) -> bool:
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
        largest = max(float(numpy.max(numpy.abs(side[finite]), initial=0)) for side in (a, b))
        return bool(numpy.all(numpy.abs(a[finite] - b[finite]) <= self.rtol * max(largest, self.scale)))

    def _scalars(self, one: Any, other: Any) -> bool:
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
