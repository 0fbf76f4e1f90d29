"""Name the learner's bug: which known mistake gives the same answers to the same inputs? Never a guess.

The recorded calls, failing ones of every property and a sample of passing ones, are replayed on each known mistake.
Exactly one that answers alike on all of them is a match; several are ambiguous; none (nor two at once) is unknown.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.grading import wire
from course.grading.learner import Exchange
from course.grading.mistakes import Mistake, load_mistakes
from course.grading.outcomes import Diagnosis, Finding
from course.grading.process import LearnerProcess, Setup, Stopped

REPLAY_SECONDS = 10.0
# A step whose calls train something replays slowly: after this long the bug stays unknown and nobody waits on.
SEARCH_SECONDS = 3.0
# Rounding in another order of operations; a property's own tolerance is used where it is wider.
RTOL = 1e-11
# Two bugs at once are looked for among this many mistakes that explain a part.
MOST_PARTIAL = 12


@dataclass(frozen=True, slots=True)
class Example:
    """One recorded example of a property: its calls and replies, the tolerance used, and whether it failed."""

    transcript: tuple[Exchange, ...]
    rtol: float
    failed: bool


class OutOfTime(Exception):
    """The search for the bug has taken too long."""


class Replayer:
    """A process of our own code that holds the examples and tries one version of the module after another."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: LearnerProcess | None = None
        self._examples: Any = None
        self._ends = 0.0

    def start(self) -> None:
        """Start the process, so that it imports while the judge goes on."""
        if self._process is None:
            self._process = LearnerProcess(self._setup)

    def remember(self, examples: Sequence[Example]) -> None:
        self._examples, self._ends = [], time.monotonic() + SEARCH_SECONDS
        for example in examples:
            calls = [wire.encode((one.operation, one.name, one.args, one.kwargs)) for one in example.transcript]
            replies = [one.reply for one in example.transcript]
            self._examples.append((calls, replies, max(example.rtol, RTOL)))
        self._ask("remember", self._examples)

    def alike(self, source: str, *, stop: bool) -> list[bool]:
        """Say for each example whether this version answers as the learner's code did; nothing when it hangs.

        Raise `OutOfTime` when the whole search has taken too long.
        """
        if time.monotonic() > self._ends:
            raise OutOfTime
        try:
            reply = self._ask("replay", source, stop=stop)
        except Stopped:
            self.close()
            self._ask("remember", self._examples)
            return []
        return list(reply["value"]) if reply["status"] == "ok" else []

    def _ask(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        self.start()
        assert self._process is not None
        return self._process.ask(operation, "", args, kwargs, REPLAY_SECONDS)

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


def diagnose(content: Content, step: Step, replayer: Replayer, examples: Sequence[Example]) -> Diagnosis:
    """Compare the learner's answers with every known mistake of the step."""
    failing = [example for example in examples if example.failed]
    ordered = [*failing, *(example for example in examples if not example.failed)]
    if not failing:
        return Diagnosis(Finding.UNKNOWN)
    try:
        replayer.remember(ordered)
        return _search(content, step, replayer, len(ordered), len(failing))
    except (OutOfTime, Stopped, wire.WireError, ContentError):
        return Diagnosis(Finding.UNKNOWN)


def _search(content: Content, step: Step, replayer: Replayer, count: int, failing: int) -> Diagnosis:
    reference = content.read(content.reference(step.file))
    if _fits(replayer.alike(reference, stop=True), count):
        # The recorded answers are right ones: whatever failed (a count, a warning), no mistake can be told from them.
        return Diagnosis(Finding.UNKNOWN)
    mistakes = load_mistakes(content.mistakes(step.key))
    fitting = [one for one in mistakes if _fits(replayer.alike(one.source(content, step), stop=True), count)]
    classes = {one.same_as or one.name for one in fitting}
    if len(classes) == 1:
        return Diagnosis(Finding.MATCH, (classes.pop(),), count)
    if classes:
        return Diagnosis(Finding.AMBIGUOUS, tuple(sorted(classes)), count)
    return _two_at_once(content, step, replayer, mistakes, count, failing)


def _fits(alike: Sequence[bool], count: int) -> bool:
    return len(alike) == count and all(alike)


def _two_at_once(
    content: Content, step: Step, replayer: Replayer, mistakes: Sequence[Mistake], count: int, failing: int
) -> Diagnosis:
    """Look for two compatible mistakes that together answer as the learner's code does."""
    reference = replayer.alike(content.read(content.reference(step.file)), stop=False)[:failing]
    wanted = {place for place, same in enumerate(reference) if not same}
    explained: dict[str, set[int]] = {}
    for mistake in mistakes:
        alike = replayer.alike(mistake.source(content, step), stop=False)[:failing]
        explained[mistake.name] = {place for place in wanted if place < len(alike) and alike[place]}
    chosen = _worth_pairing(explained, wanted)
    found = []
    for one, other in itertools.combinations([one for one in mistakes if one.name in chosen], 2):
        if not (one.edits and other.edits):
            continue
        source = _both(content, step, one, other)
        if source is not None and _fits(replayer.alike(source, stop=True), count):
            found.append(tuple(sorted((one.same_as or one.name, other.same_as or other.name))))
    pairs = sorted(set(found))
    if len(pairs) == 1:
        return Diagnosis(Finding.MATCH, pairs[0], count)
    return Diagnosis(Finding.UNKNOWN, (), count)


def _worth_pairing(explained: Mapping[str, set[int]], wanted: set[int]) -> set[str]:
    """The mistakes that explain most, and for every failing example those that explain it: a bug may show in one only.

    Both together need not explain all of them one by one: a call that passes through two bugs is like neither.
    """
    ranked = sorted((name for name in explained if explained[name]), key=lambda name: -len(explained[name]))
    chosen = {name for place in wanted for name in [one for one in ranked if place in explained[one]][:2]}
    for name in ranked:
        if len(chosen) >= MOST_PARTIAL:
            break
        chosen.add(name)
    return chosen


def _both(content: Content, step: Step, one: Mistake, other: Mistake) -> str | None:
    """The reference with both mistakes in it; None when they edit the same place."""
    code = content.read(content.reference(step.file))
    for find, replace in (*one.edits, *other.edits):
        if code.count(find) != 1:
            return None
        code = code.replace(find, replace)
    return code
