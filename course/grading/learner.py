"""What a grader calls: `learner.softmax(x)`, `learner.probe("train", …)`. Each call crosses over and is recorded."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from course.grading.exchange import Exchange, Words
from course.grading.interrupts import uninterrupted
from course.grading.outcomes import Failure, Outcome
from course.grading.process import LearnerProcess, Setup, Stopped
from course.grading.starved import MOST, computes_at_most, starved


class LearnerRaised(Exception):
    """The learner's code raised; hypothesis shrinks the example, and `check.raises` may have expected it."""

    def __init__(self, type_name: str, bases: tuple[str, ...], message: str, where: tuple[str, ...]) -> None:
        super().__init__(f"{type_name}: {message}")
        self.type_name, self.bases, self.message, self.where = type_name, bases, message, where


class PropertyEnds(BaseException):
    """Nothing more can be learned from this property: unfinished, forbidden, crashed, out of time or memory.

    A BaseException, so that hypothesis passes it on at once instead of searching for a smaller example.
    """

    def __init__(self, outcome: Outcome, failure: Failure) -> None:
        super().__init__(failure.summary)
        self.outcome, self.failure = outcome, failure


class Cancelled(BaseException):
    """Nobody waits for this verdict any more: the code was saved again."""


class ProbeFault(Exception):
    """A probe of ours failed: the grader's fault, not the learner's."""


@dataclass(slots=True)
class Clock:
    """The time a whole check may take, shared by every process it starts; and whether anybody still waits for it.

    What judge and learner wait for a core is added to it.
    """

    ends: float
    cancelled: bool = False
    seconds: float = field(init=False)
    _before: float = field(init=False)

    def __post_init__(self) -> None:
        self.seconds = self.ends - time.monotonic()
        self._before = starved("thread-self", math.inf)

    def left(self, process: LearnerProcess | None = None) -> float:
        left = self.ends - time.monotonic()
        if left > self.seconds / 2:  # nobody needs to look closer, two thousand times a check
            return left
        waited = max(starved("thread-self", math.inf) - self._before, 0.0)
        if process is not None:
            waited += starved(process.process.pid, self.seconds)
        return left + min(waited, MOST * self.seconds)


@dataclass(slots=True)
class Spare:
    """Keeps a process for the next learner, which brings the text of its module. For code of our own only."""

    process: LearnerProcess | None = None

    def take(self) -> LearnerProcess | None:
        process, self.process = self.process, None
        return process

    def close(self) -> None:
        if process := self.take():
            process.close()


@dataclass(slots=True)
class Learner:
    """The learner's code as a grader sees it. One process serves the properties until one of them breaks it.

    `source` and `spare`: proofs try hundreds of versions of a module, one after another in one process. `make`: where a
    new process comes from, a warm judge has one ready.
    """

    setup: Setup
    clock: Clock
    source: str | None = None
    spare: Spare | None = None
    make: Callable[[Setup], LearnerProcess] = LearnerProcess
    process: LearnerProcess | None = None
    transcript: list[Exchange] = field(default_factory=list)
    printed: str = ""
    protections: dict[str, str] = field(default_factory=dict)
    timeouts: int = 0
    # The judge and this code sleep while one waits for the other.
    resting: bool = False

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        # hypothesis writes the arguments of a failing property: not the whole transcript with them.
        printer.text("learner")

    def start(self) -> None:
        """Start the process, so that it imports while the judge does."""
        if self.process is None:
            with uninterrupted():
                self.process = (self.spare.take() if self.spare else None) or self.make(self.setup)
            if self.resting:
                self.process.rest()

    def load(self) -> tuple[Outcome, Failure] | None:
        """Import the learner's module; say why that failed, if it did."""
        try:
            self._ask("load", "", self._loaded, {})
        except PropertyEnds as end:
            return end.outcome, end.failure
        except LearnerRaised as error:
            return Outcome.ERROR, raised_failure(error)
        self.transcript.clear()
        return None

    @property
    def _loaded(self) -> tuple[str, ...]:
        return () if self.source is None else (self.source,)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.function(name)

    def function(self, name: str) -> Callable[..., Any]:
        """The learner's function of a name that is also one of this object's own."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._ask("call", name, args, kwargs)

        return call

    def probe(self, name: str, *args: Any, shown: Words = "", script: Words = "", **kwargs: Any) -> Any:
        """Run the probe `name(module, *args, **kwargs)` over there.

        `shown` says the same to the learner, best in Python; where it is not, `script` does and prints what came of it.
        """
        return self._ask("probe", name, args, kwargs, shown, script)

    def settle(self) -> None:
        """Wait until the process has made sure that no call so far replaced anything; raise `PropertyEnds` if one did.

        The process looks after it has answered, while the judge works; without this the last look would be missing.
        """
        if self.process is not None:
            _value(Exchange("settle", "", (), {}, reply=self._reply("settle", "", (), {})))

    def rest(self) -> None:
        """Leave the core, while waiting, to somebody else."""
        self.resting = True
        if self.process is not None:
            self.process.rest()

    def transplanted(self, *what: Any, seconds: float) -> dict[str, Any]:
        """Ask where in this code the bug is (`transplant.search`); raise `Stopped` if it computes longer.

        It is the last that this process is asked, but for other versions of our own.
        """
        if self.process is None:
            raise Stopped(Outcome.CRASHED, "")
        with computes_at_most(self.process.process.pid, seconds, self.process.stop):
            reply = self.process.ask("transplant", "", what, {}, 2 * MOST * seconds)
        if reply["status"] != "ok" or not isinstance(reply.get("value"), dict):
            raise Stopped(Outcome.GRADER_FAULT, str(reply.get("message", "")))
        return cast(dict[str, Any], reply["value"])

    def begin(self) -> None:
        """A new example: a new transcript, and a new process if the last one ended."""
        self.transcript = []

    def _ask(
        self,
        operation: str,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        shown: Words = "",
        script: Words = "",
    ) -> Any:
        exchange = Exchange(operation, name, args, kwargs, shown, script=script)
        self.transcript.append(exchange)
        began = time.monotonic()
        exchange.reply = self._reply(operation, name, args, kwargs)
        exchange.seconds = time.monotonic() - began
        return _value(exchange)

    def _reply(self, operation: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        if self.clock.cancelled:
            raise Cancelled
        if self.clock.left(self.process) <= 0:
            return {"status": "timeout", "message": _STEP_TIME}
        if self.timeouts >= MOST_TIMEOUTS:
            return {"status": "timeout", "message": f"not tried: {MOST_TIMEOUTS} calls had already run out of time"}
        fresh = self.process is None
        self.start()
        assert self.process is not None
        seconds = min(self.setup.budget.call_seconds, self.clock.left(self.process))
        try:
            if fresh and operation != "load":
                reply = self.process.ask("load", "", self._loaded, {}, seconds)
                if reply["status"] != "ok":
                    return dict(reply)
            return dict(self.process.ask(operation, name, args, kwargs, seconds))
        except Stopped as stop:
            self._leave()
            if self.clock.cancelled:
                raise Cancelled from None
            self.timeouts += stop.outcome is Outcome.TIMEOUT
            return {"status": stop.outcome.value, "message": stop.message or self._limit(stop.outcome)}

    def _limit(self, outcome: Outcome) -> str:
        if outcome is Outcome.MEMORY:
            return f"it took more than {self.setup.budget.memory >> 20} MiB of memory"
        if self.clock.left() <= 0:
            return _STEP_TIME
        return f"one call took longer than {self.setup.budget.call_seconds:g} s"

    def cancel(self) -> None:
        """Called from another thread: whatever is running ends at once with `Cancelled`."""
        self.clock.cancelled = True
        if process := self.process:
            process.stop()

    def close(self) -> None:
        if self.spare is not None:  # what this version left behind must not be laid to the next one's charge
            with contextlib.suppress(PropertyEnds, Cancelled):
                self.settle()
        self._leave()

    def _leave(self) -> None:
        """End the process, or put it back for the next version."""
        if self.process is None:
            return
        self.protections = {name: by for name, holds, by in self.process.protections or () if holds} or self.protections
        process, self.process = self.process, None
        if self.spare is not None and process.alive:
            self.spare.process = process
            return
        process.close()
        self.printed = _placeless(self.printed + process.printed.text)[-(8 << 10) :]


# An endless loop is noticed twice, in case the first time was the machine's; then nobody waits a third time.
MOST_TIMEOUTS = 2
_STEP_TIME = "the time for this check is used up"


def _placeless(text: str) -> str:
    """Take out where objects lay in memory: the same code must get the same verdict, to the letter."""
    return _ADDRESS.sub(" at 0x…", text)


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")


def _value(exchange: Exchange) -> Any:
    """Return what the learner's code returned, or raise what its reply means."""
    reply = exchange.reply
    status, message, where = reply["status"], _placeless(str(reply.get("message", ""))), tuple(reply.get("where", ()))
    if status == "ok":
        return reply.get("value")
    if status == "raised":
        raise LearnerRaised(str(reply["type"]), tuple(reply["bases"]), message, where)
    if status == "probe-fault":
        raise ProbeFault(message)
    if status in _MEANING:
        outcome, summary = _MEANING[status]
        text = summary.format(message=message, name=exchange.name).removesuffix(": ")
        raise PropertyEnds(outcome, Failure(text, where=where))
    raise ProbeFault(f"the learner process answered {status!r}")


# What a reply that is not a value means to the learner.
_MEANING: dict[str, tuple[Outcome, str]] = {
    "unfinished": (Outcome.UNFINISHED, "not written yet"),
    "missing": (Outcome.ERROR, "there is no {message}() in your file"),
    "signature": (Outcome.ERROR, "{message}"),
    "forbidden": (Outcome.FORBIDDEN, "{message}"),
    "memory": (Outcome.MEMORY, "out of memory: {message}"),
    "timeout": (Outcome.TIMEOUT, "{message}"),
    "crashed": (Outcome.CRASHED, "{message}"),
    "exit": (Outcome.CRASHED, "the code called sys.exit({message})"),
    "grader-fault": (Outcome.GRADER_FAULT, "this grader's probes cannot be loaded: {message}"),
    "unsendable": (Outcome.ERROR, "{name}() returned something that cannot be looked at: {message}"),
}


def raised_failure(error: LearnerRaised) -> Failure:
    head, *rest = f"{error.type_name}: {error.message}".removesuffix(": ").split("\n")
    hint = _EXPLAINED.get(error.type_name, "")
    return Failure(head, detail=(*rest, *filter(None, [hint])), where=error.where)


_EXPLAINED = {
    "RecursionError": "the code calls itself without end",
    "EOFError": "there is no keyboard here: the code waited for input()",
    "ModuleNotFoundError": "is it installed, and does the step need it?",
}
