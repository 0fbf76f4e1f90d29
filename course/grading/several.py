"""Grade several steps in few processes: pytest is imported once in each, and two steps are graded at a time."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import CourseError
from course.grading.hold import Judge
from course.grading.judge import Submission, grade
from course.grading.outcomes import Verdict
from course.grading.parcel import unpack
from course.machine import cores

# Judge and learner take turns, so that one grading keeps one core busy; more than two at a time gain little.
MOST_AT_ONCE = 2


def grade_several(
    content: Content, steps: Sequence[Step], modules: Mapping[str, Path], kept: Path | None, seed: int | None = None
) -> Iterator[Verdict]:
    """Yield a verdict for each step, in the order of the steps."""
    count = min(MOST_AT_ONCE, cores(), len(steps))
    if count < 2:
        for step in steps:
            yield grade(content, step, Submission(modules, kept), seed=seed)
        return
    events: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
    judges = [_judge(place, events) for place in range(count)]
    try:
        yield from _Shared(content, steps, modules, kept, seed, judges, events).verdicts()
    finally:
        for judge in judges:
            judge.kill()


def _judge(place: int, events: queue.SimpleQueue[tuple[int, dict[str, Any]]]) -> Judge:
    return Judge(lambda event: events.put((place, event)))


class _Shared:
    """The steps that are still to be given to a judge, those that a judge has, and the verdicts that came early."""

    def __init__(
        self,
        content: Content,
        steps: Sequence[Step],
        modules: Mapping[str, Path],
        kept: Path | None,
        seed: int | None,
        judges: Sequence[Judge],
        events: queue.SimpleQueue[tuple[int, dict[str, Any]]],
    ) -> None:
        self._content, self._steps, self._submission, self._seed = content, steps, Submission(modules, kept), seed
        self._judges, self._events = judges, events
        self._todo = list(range(len(steps)))
        self._has: dict[int, int] = {}
        self._came: dict[int, dict[str, Any]] = {}

    def verdicts(self) -> Iterator[Verdict]:
        for place in range(len(self._judges)):
            self._give(place)
        for number, step in enumerate(self._steps):
            while number not in self._came:
                self._hear(*self._events.get())
            yield self._verdict(step, self._came.pop(number))

    def _give(self, place: int) -> None:
        if self._todo:
            self._has[place] = number = self._todo.pop(0)
            submission = self._submission
            self._judges[place].grade(
                self._content, self._steps[number], submission.modules, submission.kept, self._seed, stay=False
            )

    def _hear(self, place: int, event: dict[str, Any]) -> None:
        if event["event"] not in ("verdict", "failed", "broken", "ended") or place not in self._has:
            return
        self._came[self._has.pop(place)] = event
        if event["event"] != "ended":
            self._give(place)
        elif not self._has:  # no judge is left: what they would have graded is graded here
            self._came |= dict.fromkeys(self._todo, event)
            self._todo = []

    def _verdict(self, step: Step, event: dict[str, Any]) -> Verdict:
        if event["event"] == "verdict":
            return unpack(event)
        if event["event"] == "failed":
            error = CourseError(event["message"], hint=event["hint"] or None)
            error.exit_code = event["code"]
            raise error
        return grade(self._content, step, self._submission, seed=self._seed)
