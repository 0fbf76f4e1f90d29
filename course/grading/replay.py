"""Replay recorded calls on other versions of a module and say which behave alike, in a process of our own code.

The versions are known mistakes (or two of them at once). What the learner's code answered is compared with what the
version answers to the same inputs, decoded afresh each time, within the tolerance the property itself used.
"""

from __future__ import annotations

import contextlib
import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

from course.grading.comparison import Comparison, Recorded, received
from course.grading.reach import Functions, Reach, Reached
from course.grading.sieve import DEAR, FEW, REFERENCE, Sieve
from course.grading.source import Source
from course.grading.trial import AT_LEAST, Trial
from course.grading.warmup import warm_up


class Versions:
    """Versions of one module, each made when it is first needed, and which of them answer as the learner's code did.

    Version 0 is the reference. `answer(module, request)` asks one of them.
    """

    def __init__(self, name: str, answer: Callable[[ModuleType, Any], dict[str, Any]]) -> None:
        self.name, self._filename, self.trial = name, f"<{name}>", Trial(answer)
        self.forget()

    def forget(self) -> None:
        """Start afresh, for another learner's code: no version keeps what it did for the one before."""
        gc.unfreeze()
        # Whole sources or edits of the first, until they are modules; then None is what could not be made.
        self._made: list[str | list[tuple[str, str]] | ModuleType | None] = []
        self._source: Source | None = None
        # The functions of the reference; those in which a version differs; those that an example reached, by its id
        # (it is kept beside them, so that no other one gets its id).
        self._reach: Reach | None = None
        self._changed: dict[int, Functions] = {}
        self._reached: dict[int, tuple[Recorded, Reached]] = {}
        self.trial.comparison = Comparison()
        self._sieve = Sieve(self)

    def add(self, *versions: str | list[tuple[str, str]]) -> None:
        if not self._made and versions and isinstance(versions[0], str):
            self._source = Source(versions[0], self._filename)
        self._made += versions

    def begin(self, aside: list[str], any_order: list[str]) -> None:
        """Take the versions that were added so far for the suspects, and prepare them."""
        self.trial.comparison = Comparison(frozenset(aside), frozenset(any_order))
        self._sieve = Sieve(self)
        self._reached = {}
        for place in self.all:
            self._prepare(place)
        # A probe may collect what is left behind: without all that is made here, as beside the learner's code.
        gc.freeze()
        warm_up()

    @property
    def all(self) -> range:
        return range(len(self._made))

    def consider(self, *examples: Any) -> None:
        self._sieve.consider([received(one) for one in examples])

    def go_on(self, asked: Callable[[], bool]) -> None:
        """Work on what waits until there is a question."""
        with contextlib.suppress(Exception):
            while self._sieve.waits and not asked() and self._sieve.go_on():
                pass

    def found(self, shown: str) -> dict[str, Any]:
        return self._sieve.found(shown)

    def fits(self, version: int) -> bool:
        """Whether a version answers all the considered examples as the learner did."""
        return all(self.alike(version, one) for one in self._sieve.in_order())

    def like(self, versions: list[int], example: Any) -> list[int]:
        """Those of these versions that answer one more example as the learner did."""
        arrived = received(example)
        return [one for one in versions if self.alike(one, arrived)]

    def _prepare(self, place: int) -> None:
        """Note where a version differs; it is made when it is first run, if its text says so much."""
        made = self._made[place]
        touched = self._source.touched(made) if self._source is not None and isinstance(made, list) else None
        if touched is None:
            self._module(place)
        else:
            self._changed[place] = touched

    def _module(self, place: int) -> ModuleType | None:
        """The version as a module, in the place of the one before it; None if there is none."""
        made = self._made[place]
        if isinstance(made, str | list):
            try:
                code = self._code(place, made)
                made = module_of(code, self.name)
            except Exception:  # a wrong version may be wrong at once
                made = None
            else:
                self._compare(place, made, code)
            self._made[place] = made
        if made is not None:
            sys.modules[self.name] = made
        return made

    def _compare(self, place: int, made: ModuleType, code: CodeType) -> None:
        if place == REFERENCE:
            self._reach = Reach(made, code)
        elif self._reach is not None and place not in self._changed:
            self._changed[place] = self._reach.changed(code)

    def _code(self, place: int, version: str | list[tuple[str, str]]) -> CodeType:
        assert self._source is not None
        if isinstance(version, str):
            return self._source.code if place == REFERENCE else Source(version, self._filename).code
        return self._source.edited(version)

    def alike(self, version: int, example: Recorded) -> bool:
        """Whether a version answers one example as the learner did."""
        module = self._module(version)
        if module is None:
            return False
        if (alike := self.trial.alike(module, example)) is None:
            self._made[version] = None
        return bool(alike)

    def those_alike(self, versions: Sequence[int], example: Recorded) -> list[int]:
        """Those of these versions that answer one example as the learner did."""
        return [one for one, alike in self.each(versions, example) if alike]

    def each(self, versions: Sequence[int], example: Recorded, ends: float = math.inf) -> Iterator[tuple[int, bool]]:
        """Say of one version after the other whether it answers alike; only those are run that may differ.

        With `ends`, seconds that this process has computed by then, nothing is said of those for which it takes longer.
        """
        reached = self._by_reference(example) if len(versions) > FEW else None
        for one in versions:
            if reached is not None and (one == REFERENCE or reached.tells_nothing_of(self._changed.get(one))):
                yield one, bool(reached.outcome)
            elif ends == math.inf:
                yield one, self.alike(one, example)
            elif (alike := self._soon(one, example, ends)) is not None:
                yield one, alike

    def _soon(self, version: int, example: Recorded, ends: float) -> bool | None:
        """Whether a version answers alike, if it does so without hanging, and before the end."""
        module, most = self._module(version), min(max(AT_LEAST, 2 * example.seconds), ends - time.process_time())
        if module is None:
            return False
        return self.trial.once(module, example, most) if most > 0 else None

    def price(self, versions: Sequence[int], example: Recorded) -> float:
        """Seconds that trying one example on these versions takes, about."""
        if example.seconds > DEAR or len(versions) <= FEW:
            return example.seconds * len(versions)
        reached = self._by_reference(example)
        # Either may have been the first call of its kind, which is slow.
        once = min(reached.seconds, example.seconds)
        return once * sum(not reached.tells_nothing_of(self._changed.get(one)) for one in versions)

    def right(self, example: Recorded, versions: Sequence[int]) -> bool:
        """Whether the reference answers one example as the learner did; these versions are to be tried on it, too."""
        return bool(self._by_reference(example).outcome) if len(versions) > FEW else self.alike(REFERENCE, example)

    def _by_reference(self, example: Recorded) -> Reached:
        """What the reference does on an example."""
        if id(example) not in self._reached:
            module = self._module(REFERENCE)
            if module is None or self._reach is None:
                reached = Reached(None, None, example.seconds)
            else:
                reached = self._reach.run(lambda: self.trial.alike(module, example))
            self._reached[id(example)] = example, reached
        return self._reached[id(example)][1]


def module_from(source: str, name: str) -> ModuleType:
    """Make a module of a source text; raise whatever importing it raises."""
    return module_of(compile(source, f"<{name}>", "exec"), name)


def module_of(code: CodeType, name: str) -> ModuleType:
    """Make a module of its code, in the place of the one of that name; raise whatever importing it raises."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(code, vars(module))
    return module
