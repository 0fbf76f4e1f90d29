"""Let recorded examples through one by one: which versions still answer as the learner's code did?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from course.grading.comparison import Recorded

REFERENCE = 0

# An example waits while trying it on all versions that are left takes longer, in seconds. For two bugs at once no
# dearer one is tried at all.
CHEAP = 0.1
# What failed first may take longer before it waits, it tells most; but not if a single version takes so long.
DEARER, DEAR = 0.3, 0.5
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

    def right(self, example: Recorded) -> bool: ...


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
        # The first failing example, and those that answer it alike.
        self._first: Recorded | None = None
        self._like_first: list[int] | None = None
        # Once no mistake is left: those that answer alike wherever a property failed, for every property that did.
        self._partly: dict[str, list[int]] | None = None

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
        self._go_on()

    def _try_what_is_cheap(self) -> None:
        place = 0
        while place < len(self._waiting):
            if self._versions.price(self._left, self._waiting[place]) > CHEAP:
                place += 1
            else:
                self._sift(self._waiting.pop(place))

    def _sift(self, example: Recorded) -> None:
        alike = self._versions.those_alike(self._left, example)
        self._reject([one for one in self._left if one not in alike])
        self._go_on()

    def _reject(self, versions: list[int]) -> None:
        self._rejected += versions
        self._left = [one for one in self._left if one not in versions]

    def _go_on(self) -> None:
        """If no version is left, note what explains a part."""
        if not self._left:
            self._partly, self._waiting = {}, []
            for earlier in sorted(self._examples, key=lambda one: one.seconds):
                self._note(earlier)

    def _note(self, example: Recorded) -> None:
        if not example.failed or self._partly is None:
            return
        before = self._partly.get(example.name, self._mistakes)
        if self._versions.price(before, example) <= CHEAP:
            self._partly[example.name] = self._versions.those_alike(before, example)

    def in_order(self) -> list[Recorded]:
        """The examples, those first that reject a wrong guess for the least work."""
        return sorted(self._examples, key=lambda one: (one.seconds > SLOW, not one.failed, one.seconds))

    def found(self) -> dict[str, Any]:
        self._waiting.sort(key=lambda one: (not one.failed, one.seconds))
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
        told = not example.failed or example.typed or example.seconds > DEAR
        if told or not self._versions.right(example) or not self._versions.right(replace(example, rtol=example.least)):
            return example
        return replace(example, typed=True)
