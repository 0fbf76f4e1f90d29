"""The loop of `course watch`: a save starts a check at once, a further save ends it and starts the next.

One thread does everything here; the others (file events, keys, the judge's answers, checks from other terminals) only
put what happened into its queue.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from course.code import raw_digest
from course.curriculum import Step
from course.errors import CourseError
from course.grading.hold import Judge
from course.grading.outcomes import Outcome, Verdict
from course.grading.parcel import unpack
from course.grading.record import record
from course.session import Session
from course.watch.saves import Saves, Signature, saved_at, signature

# A look at the files even if no event came.
LOOK_SECONDS = 1.0
# A judge that does not let go of a check in this time is ended, and another one started.
CANCEL_SECONDS = 2.0
# After so many judges that ended by themselves, wait for the next save.
MOST_DEATHS = 3


class Screen(Protocol):
    """What shows a watch: on a terminal, as plain text, or as a line of JSON for each verdict."""

    def checking(self, step: Step) -> None: ...
    def first_failure(self, step: Step, outcome: Outcome, claim: str, summary: str, wall: float) -> None: ...
    def progress(self, done: int, properties: int, examples: int, seconds: float, left: float | None) -> None: ...
    def verdict(self, session: Session, step: Step, verdict: Verdict, wall: float, first: float | None) -> None: ...
    def note(self, text: str, hint: str = "") -> None: ...


class Asked(Protocol):
    """A check of another terminal, which waits for this watch's judge."""

    step: str
    seed: int | None

    def answer(self, packed: dict[str, Any] | None) -> None: ...


@dataclass(slots=True)
class Run:
    """The check that goes on: of which code, since when, and for whom."""

    number: int
    digest: str
    began: float
    asked: Asked | None = None
    # Checks of the very code that is being checked anyway.
    also: list[Asked] = field(default_factory=list)
    cancelled_at: float | None = None
    # Ended by hand: nothing begins again before the next save.
    halted: bool = False
    first: float | None = None


@dataclass(slots=True)
class Watch:
    session: Session
    step: Step
    screen: Screen
    began: float
    key: Callable[[Watch, str], None] = lambda _watch, _key: None
    events: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)
    last: Verdict | None = None
    _judge: Judge | None = None
    _run: Run | None = None
    _digest: str = ""
    _seen: Signature = field(default_factory=dict)
    _saved: float = 0.0
    _waiting: list[Asked] = field(default_factory=list)
    _deaths: int = 0
    _over: bool = False

    def run(self, *, poll: bool = False) -> None:
        """Watch until `stop`; the first check is of the code as it is."""
        saves = Saves(self.session.workspace.package, lambda at: self.events.put(("saved", at)), poll=poll)
        self._seen, self._saved = signature(self.session.workspace.package), self.began
        try:
            self._check()
            while not self._over:
                try:
                    what, value = self.events.get(timeout=LOOK_SECONDS)
                except queue.Empty:
                    what, value = "look", time.time()
                self._handle(what, value)
        finally:
            saves.close()
            for asked in self._waiting:
                asked.answer(None)
            if self._run:
                self._let_go(self._run)
            if self._judge:
                self._judge.close()

    def stop(self) -> None:
        self.events.put(("stop", None))

    def turn_to(self, step: Step) -> None:
        """Go on with another step."""
        self.step, self._saved = step, time.time()
        self._begin_again()

    def check_again(self) -> None:
        self._saved = time.time()
        self._begin_again()

    def halt(self) -> None:
        """End the check that goes on; the next save begins another one."""
        if self._run and not self._run.cancelled_at:
            self._run.halted = True
            self._cancel()

    # ------------------------------------------------------------ what happened

    def _handle(self, what: str, value: Any) -> None:
        if what in ("saved", "look"):
            self._look(value)
        elif what == "judge":
            self._heard(value)
        elif what == "key":
            self.key(self, value)
        elif what == "asked":
            self._waiting.append(value)
            self._next()
        elif what == "do":
            value()
        elif what == "stop":
            self._over = True

    def _look(self, noticed: float) -> None:
        run = self._run
        if run and run.cancelled_at and time.monotonic() > run.cancelled_at + CANCEL_SECONDS and self._judge:
            self._judge.kill()
        now = signature(self.session.workspace.package)
        if now == self._seen:
            return
        at, self._seen = saved_at(self._seen, now, noticed), now
        if self._current() != self._digest:
            self._saved = at
            self._begin_again()

    def _current(self) -> str:
        """What the code says that a check would speak of; a file that cannot be read is a state, too."""
        try:
            return raw_digest(self.session.workspace.code(self.step))
        except CourseError as error:
            return error.message

    # ------------------------------------------------------------ checking

    def _begin_again(self) -> None:
        if self._run is None:
            self._check()
        else:
            self._run.halted = False
            if self._run.cancelled_at is None:
                self._cancel()
        self._digest = self._current()

    def _cancel(self) -> None:
        assert self._run is not None
        self._run.cancelled_at = time.monotonic()
        self._let_go(self._run)
        if self._judge:
            self._judge.cancel()

    def _check(self) -> None:
        """Check the code as it is now."""
        self._digest = self._current()
        self._start(None)
        self.screen.checking(self.step)

    def _start(self, asked: Asked | None) -> None:
        if self._judge is None:
            self._judge = Judge(lambda event: self.events.put(("judge", event)))
        workspace = self.session.workspace
        kept, seed = workspace.state / "examples", asked.seed if asked else None
        number = self._judge.grade(self.session.content, self.step, workspace.modules(), kept, seed)
        self._run = Run(number, self._digest, time.monotonic(), asked)

    def _next(self) -> None:
        """Serve the checks of other terminals: with the verdict that is on its way, or when there is time."""
        run = self._run
        if run and not run.asked and not run.cancelled_at and run.digest == self._current():
            same = [one for one in self._waiting if one.step == self.step.key and one.seed is None]
            run.also += same
            self._waiting = [one for one in self._waiting if one not in same]
        while self._run is None and self._waiting:
            asked = self._waiting.pop(0)
            if asked.step == self.step.key and self._judge is not None:
                self._start(asked)
            else:
                asked.answer(None)

    # ------------------------------------------------------------ what the judge says

    def _heard(self, event: dict[str, Any]) -> None:
        what, run = event["event"], self._run
        if what == "ended":
            self._died()
        elif run is None or event["id"] != run.number:
            return
        elif what == "first" and not run.asked and not run.cancelled_at:
            run.first = time.time() - self._saved
            outcome = Outcome(event["outcome"])
            self.screen.first_failure(self.step, outcome, event["claim"], event["summary"], run.first)
        elif what == "progress" and not run.cancelled_at:
            seconds = time.monotonic() - run.began
            self.screen.progress(event["done"], event["properties"], event["examples"], seconds, event["seconds_left"])
        elif what in ("verdict", "cancelled", "failed", "broken"):
            self._run, self._deaths = None, 0
            self._ended(what, event, run)
            self._next()

    def _let_go(self, run: Run) -> None:
        """Whoever waits for this run has the code of before in mind: let them find out for themselves."""
        for asked in (*run.also, *filter(None, [run.asked])):
            asked.answer(None)

    def _ended(self, what: str, event: dict[str, Any], run: Run) -> None:
        for asked in run.also:
            asked.answer(event if what == "verdict" else None)
        if run.halted:
            self.screen.note("Stopped.", "a save, or Enter, begins again")
        elif run.cancelled_at or (what == "verdict" and not run.asked and self._current() != event["verdict"]["raw"]):
            self._seen = signature(self.session.workspace.package)
            self._check()
        elif run.asked:
            run.asked.answer(event if what == "verdict" else None)
        elif what == "verdict":
            self._show(unpack(event), run)
        elif what == "failed":
            self.screen.note(event["message"], event["hint"])
        elif what == "broken":
            self.screen.note("The judge failed; please report this:\n" + event["message"])

    def _show(self, verdict: Verdict, run: Run) -> None:
        self.last = verdict
        problem: CourseError | None = None
        try:
            self.session.progress = record(self.session.workspace, self.step, verdict) or self.session.progress
        except CourseError as error:
            problem = error
        self.screen.verdict(self.session, self.step, verdict, time.time() - self._saved, run.first)
        if problem:
            self.screen.note(problem.message, problem.hint or "")

    def _died(self) -> None:
        """The judge's process is gone; start another one, but not for ever."""
        if self._judge:
            self._judge.kill()
        run, self._run, self._judge = self._run, None, None
        if run is None:
            return
        self._let_go(run)
        self._deaths += not run.cancelled_at
        if run.halted:
            self.screen.note("Stopped.", "a save, or Enter, begins again")
        elif self._deaths < MOST_DEATHS:
            self._check()
        else:
            self._deaths = 0
            self.screen.note("The judge's process ended three times in a row.", "save the file to try again")
