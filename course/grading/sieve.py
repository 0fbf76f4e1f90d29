"""Let recorded examples through one by one: which versions still answer as the learner's code did?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from course.grading.comparison import Recorded

REFERENCE = 0

# For so few versions it is not worth while to know what an example reaches: they are run.
FEW = 3

# An example that failed waits while trying it on all versions that are left takes longer, in seconds. For two bugs at
# once no dearer one is tried at all.
CHEAP = 0.1
# One that passed rejects few: it waits for what fails, until few versions are left and it takes no longer than this.
CHEAP_PASSED = 0.01
# What failed first may take longer before it waits, it tells most; but not if a single version takes so long.
DEARER, DEAR = 0.3, 0.5
# What waits is tried before all is there, while nobody asks, if that takes no longer. (On few versions it must be tried
# anyway.)
MEANWHILE = 0.2
# Seconds for the versions that came nearest, where what failed first was too dear to try it on all.
NEAREST = 2.0
# Examples slower than this come last where one version is tried on all of them.
SLOW = 0.03


class Tried(Protocol):
    """Versions by their numbers, the reference's first, that can be tried on an example."""

    @property
    def all(self) -> range: ...

    def each(self, versions: Sequence[int], example: Recorded, ends: float) -> Iterator[tuple[int, bool]]: ...

    def those_alike(self, versions: Sequence[int], example: Recorded) -> list[int]: ...

    def price(self, versions: Sequence[int], example: Recorded) -> float: ...

    def right(self, example: Recorded, versions: Sequence[int]) -> bool: ...


class Sieve:
    """Examples go through as they come, while the judge goes on; what is dear waits until few versions are left."""

    def __init__(self, versions: Tried) -> None:
        self._versions = versions
        self._left = list(versions.all)
        self._mistakes = self._left[1:]
        # Those that some example rejected, in that order.
        self._rejected: list[int] = []
        self._examples: list[Recorded] = []
        self._waiting: list[Recorded] = []
        # The failing example that is shown, the first as far as anybody knows, and those that answer it alike.
        self._first: Recorded | None = None
        self._like_first: list[int] | None = None
        # Once no mistake is left: those that answer alike wherever a property failed, for every property that did.
        self._partly: dict[str, list[int]] | None = None

    @property
    def waits(self) -> bool:
        """Whether some example is still to be tried."""
        return bool(self._waiting)

    def consider(self, examples: Sequence[Recorded]) -> None:
        for one in examples:
            example = self._by_type(one)
            self._examples.append(example)
            if self._first is None and example.failed:
                self._first = example
            if self._partly is not None:
                self._note(example)
            elif example is self._first and example.seconds <= DEAR:
                self._begin_with(example)
            else:
                self._waiting.append(example)
                self._try_what_is_cheap()

    def _begin_with(self, first: Recorded) -> None:
        """What failed first rejects most versions, often in its first calls: so long it may take, then it waits too."""
        said = dict(self._versions.each(self._left, first, time.process_time() + DEARER))
        if len(said) < len(self._left):
            self._waiting.append(first)
        elif not self._rejected:
            self._like_first = [one for one in self._left if said[one]]
        self._reject([one for one, alike in said.items() if not alike])
        self._note_if_none()

    def _try_what_is_cheap(self) -> None:
        place = 0
        while place < len(self._waiting):
            if not self._is_cheap(self._waiting[place]):
                place += 1
            else:
                self._sift(self._waiting.pop(place))

    def _is_cheap(self, example: Recorded) -> bool:
        if example.failed:
            return self._versions.price(self._left, example) <= CHEAP
        return len(self._left) <= FEW and self._versions.price(self._left, example) <= CHEAP_PASSED

    def _sift(self, example: Recorded) -> None:
        alike = self._versions.those_alike(self._left, example)
        self._reject([one for one in self._left if one not in alike])
        self._note_if_none()

    def _reject(self, versions: list[int]) -> None:
        self._rejected += versions
        self._left = [one for one in self._left if one not in versions]

    def _note_if_none(self) -> None:
        """If no version is left, note what explains a part."""
        if not self._left:
            self._partly, self._waiting = {}, []
            for earlier in sorted(self._examples, key=lambda one: one.seconds):
                self._note(earlier)

    def _note(self, example: Recorded) -> None:
        """Note which mistakes explain a failing property: those that explain another one, if they do, or else any."""
        if not example.failed or self._partly is None:
            return
        noted = self._partly.get(example.name)
        explaining = sorted({one for each in self._partly.values() for one in each})
        for versions in [explaining, self._mistakes] if noted is None else [noted]:
            if self._versions.price(versions, example) > CHEAP:
                continue
            alike = self._versions.those_alike(versions, example)
            if alike or versions is not explaining:
                self._partly[example.name] = alike
                return

    def in_order(self) -> list[Recorded]:
        """The examples, those first that reject a wrong guess for the least work."""
        return sorted(self._examples, key=lambda one: (one.seconds > SLOW, not one.failed, one.seconds))

    def go_on(self) -> bool:
        """Try one of those that wait; False: there is none, or only what would take long."""
        for example in sorted(self._waiting, key=_when):
            slow = example.seconds > SLOW or self._versions.price(self._left, example) > MEANWHILE
            if len(self._left) <= FEW or not slow:
                self._sift(example)  # what raises is tried once more in the end, and counts there
                self._waiting = [one for one in self._waiting if one is not example]
                return True
        return False

    def found(self, shown: str) -> dict[str, Any]:
        """Which versions are left, now that all is there; `shown` is the property whose failure is shown."""
        if self._first is not None and self._first.name != shown:
            self._first = next(one for one in self._examples if one.failed and one.name == shown)
            self._like_first = None
        self._waiting.sort(key=_when)
        while self._waiting:
            self._sift(self._waiting.pop(0))
        if REFERENCE in self._left:
            self._look_closer()
        # The right answers, it seems: nothing can be said.
        if REFERENCE in self._left:
            return self._said([], [], {})
        partly = {name: versions for name, versions in (self._partly or {}).items() if versions}
        return self._said(self._left, self._those_like_first() if self._left or partly else [], partly)

    def _look_closer(self) -> None:
        """What failed by less than styles may differ by is told by no more than the property itself allows."""
        for one in self.in_order():
            if one.failed and self._versions.price(self._left, one) <= DEAR:
                self._sift(replace(one, rtol=one.least))

    def _those_like_first(self) -> list[int]:
        """The versions that answer the first failing example alike.

        It had to wait if it is dear: then of those that other examples rejected only the last are tried, which came
        nearest to the learner's code.
        """
        first, like = self._first, self._like_first
        if first is None:
            return []
        if like is None:
            near = self._rejected[::-1][: int(NEAREST / max(first.seconds, 1e-9))]
            like = self._versions.those_alike([*self._left, *near], first)
        if REFERENCE in like:  # it failed by less than styles may differ by
            like = self._versions.those_alike(like, replace(first, rtol=first.least))
        return self._left if REFERENCE in like else like

    def _said(self, left: list[int], like_first: list[int], partly: dict[str, list[int]]) -> dict[str, Any]:
        return {"left": left, "like_first": like_first, "partly": partly, "examples": len(self._examples)}

    def _by_type(self, example: Recorded) -> Recorded:
        """The example; if it failed with the right numbers, what failed may be their type, an int for a float."""
        # Of what ended in an exception no number was refused.
        told = not example.failed or example.typed or example.replies[-1]["status"] != "ok" or example.seconds > DEAR
        closely = replace(example, rtol=example.least)
        if told or not all(self._versions.right(one, self._left) for one in (example, closely)):
            return example
        return replace(example, typed=True)


def _when(example: Recorded) -> tuple[bool, float]:
    """What failed comes first, and what is cheap."""
    return not example.failed, example.seconds
