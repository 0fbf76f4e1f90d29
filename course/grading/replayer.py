"""The judge's end of the replay: examples go over to the known mistakes as they come, and what fits them comes back."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.grading import wire
from course.grading.codes import functions
from course.grading.comparison import SMALLEST_SCALE, UNCOMPARED_SCALE
from course.grading.evidence import Evidence, Example
from course.grading.learner import Learner
from course.grading.mistakes import Freedoms, Mistake, load_freedoms, load_mistakes
from course.grading.outcomes import Outcome
from course.grading.process import LearnerProcess, Setup, Stopped
from course.grading.ready import Ready
from course.grading.sieve import REFERENCE, SLOW
from course.grading.starved import MOST, computed, computes_at_most

# Limits are seconds that the replay computed, not seconds of the clock: on a busy machine it must come as far, or a bug
# would be named on one day and not on the other. (Only where nothing can interrupt a version does the clock count.)
# How long the replay may go on after the last property; it worked beside the judge until then. After that the bug stays
# unknown and nobody waits on.
SEARCH_SECONDS = 6.0
# What was handed over and not read by then is not read any more.
DISMISSED_SECONDS = 1.0
# A single version on all examples, where the replay as a whole did not end.
REPLAY_SECONDS = 2.0
# Trying our functions in the learner's module, where that behaves like no known mistake.
TRANSPLANT_SECONDS = 2.0
# Rounding in another order of operations; a property's own tolerance is used where it is wider.
RTOL = 1e-11

# A version's whole source, or its edits of the reference, (find, replace) each.
Version = str | list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Place:
    """The functions that a bug is in, and the versions that behave alike there on so many inputs."""

    functions: tuple[str, ...] = ()
    versions: Sequence[int] = ()
    inputs: int = 0


class Replayer:
    """A process of our own code that tries the learner's calls on the reference and on every known mistake.

    Version 0 is the reference, then come the mistakes in their order, then what was added. The examples go over one by
    one, from a thread, as they come: most of the work is done when the last property ends.
    """

    def __init__(self, setup: Setup, content: Content, step: Step, kept: Ready | None = None) -> None:
        self._setup, self._content, self._step, self._ready = setup, content, step, kept or Ready()
        self._process: LearnerProcess | None = None
        self._versions: list[Version] = []
        self._freedoms = Freedoms()
        self._examples: list[Example] = []
        # Passing examples that came before the first failing one: they go after those of the property that failed.
        self._kept: list[Example] = []
        self._todo: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._incomplete = False
        self.mistakes: list[Mistake] = []

    def start(self, evidence: Evidence) -> None:
        """Start the process and let it work while the judge goes on; once."""
        if self._versions or not self._content.mistakes(self._step.key).is_file():
            return
        try:
            self.mistakes = load_mistakes(self._content.mistakes(self._step.key))
            self._freedoms = load_freedoms(self._content.freedoms(self._step.key))
            self._versions = [self._content.read(self._content.reference(self._step.file))]
            self._versions += [self._version(mistake) for mistake in self.mistakes]
        except ContentError:  # `course dev check` says so; a learner gets a verdict without a diagnosis
            self.mistakes = []
            return
        self._kept = list(evidence.examples)
        evidence.heard = self._hear
        self._begin()

    def _version(self, mistake: Mistake) -> Version:
        return list(mistake.edits) or self._content.read(self._content.grader(self._step.key) / mistake.file)

    def _begin(self) -> None:
        self._process = self._holder()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        self._post("begin", list(self._freedoms.aside), list(self._freedoms.any_order))

    def _holder(self) -> LearnerProcess:
        """A process that knows the versions."""
        process = self._ready.take(self._setup)
        self._todo.put(lambda: process.post("forget"))
        self._todo.put(lambda: process.post("versions", *self._versions))
        return process

    def _work(self) -> None:
        """Hand over what is to do: the first examples are there before the process is, and a pipe holds little."""
        while (task := self._todo.get()) is not None:
            try:
                task()
            except wire.WireError:  # too large to send again: without it nothing can be said
                self._incomplete = True
            finally:
                self._todo.task_done()
        self._todo.task_done()

    def _post(self, operation: str, *args: Any) -> None:
        process = self._process
        assert process is not None
        self._todo.put(lambda: process.post(operation, *args))

    def _post_examples(self, examples: Sequence[Example]) -> None:
        process = self._process
        assert process is not None
        self._todo.put(lambda: process.post("consider", *(self._recorded(one) for one in examples)))

    def _hear(self, example: Example) -> None:
        """Hand an example on; what passed waits for the first property that failed: few versions are left then."""
        if not self._examples and not example.failed:
            self._kept.append(example)
            return
        if self._kept and self._examples and example.name != self._examples[0].name:
            kept, self._kept = self._kept, []
            self._consider(kept)
        self._consider([example])

    def _consider(self, examples: Sequence[Example]) -> None:
        """Let the process try these, as far as they tell something."""
        told = [one for one in examples if self.tells(one)]
        self._examples += told
        self._post_examples(told)

    def tells(self, example: Example) -> bool:
        """What passes where right code has a choice tells nothing."""
        return example.failed or example.name not in self._freedoms.choice

    def _recorded(self, example: Example) -> tuple[object, ...]:
        """The example as it crosses over, in the order of `comparison.Recorded`."""
        calls = [wire.encode((one.operation, one.name, one.args, one.kwargs)) for one in example.transcript]
        replies = [one.reply for one in example.transcript]
        rtol = max(example.rtol, RTOL, self._freedoms.rtol.get(example.name, 0.0))
        scale = SMALLEST_SCALE if example.rtol else UNCOMPARED_SCALE
        accepts = ["Exception"] if example.name in self._freedoms.errors else list(example.accepts)
        what = (example.name, example.failed, example.seconds, calls, replies)
        return (*what, rtol, scale, accepts, example.typed, example.rtol)

    def found(self, shown: str) -> dict[str, Any]:
        """Which versions answer every example as the learner's code did; raise `Stopped` when none can say in time.

        `shown` is the property whose failure the learner sees.
        """
        if self._kept:
            kept, self._kept = self._kept, []
            self._consider(kept)
        try:
            return dict(self._ask("found", shown, seconds=SEARCH_SECONDS))
        except Stopped:
            if hasattr(signal, "setitimer"):
                raise
            # Where nothing interrupts a version that hangs, each is tried alone, and the one that hangs is given up.
            return self._one_by_one()

    def _one_by_one(self) -> dict[str, Any]:
        ends, left = time.monotonic() + SEARCH_SECONDS, []
        for version in range(len(self.mistakes) + 1):
            if time.monotonic() > ends:
                raise Stopped(Outcome.TIMEOUT, "")
            if self.fits(version):
                left.append(version)
        left = [] if REFERENCE in left else left
        return {"left": left, "like_first": left, "partly": {}, "examples": len(self._examples)}

    def fits(self, version: int) -> bool:
        """Whether a version answers all examples as the learner's code did."""
        try:
            return bool(self._ask("fits", version, seconds=REPLAY_SECONDS))
        except Stopped:
            return False

    def like(self, versions: Sequence[int], example: Example) -> list[int]:
        """Those of these versions that answer one more example as the learner's code did."""
        return list(self._ask("like", list(versions), self._recorded(example), seconds=REPLAY_SECONDS))

    def transplanted(self, learner: Learner, source: str) -> Place:
        """Where in the learner's source the bug is, and which versions behave alike there.

        The learner's own process is asked; nothing is taken from it but what we know.
        """
        # Most functions right nothing, and most mistakes answer otherwise: what is quick shows it, and what failed.
        tried = sorted(self._examples, key=lambda one: (one.seconds > SLOW, not one.failed, one.seconds))
        reference = str(self._versions[REFERENCE])
        mistakes = [list(one.edits) for one in self.mistakes]
        how = (list(self._freedoms.aside), list(self._freedoms.any_order))
        examples = [self._recorded(one) for one in tried]
        said = learner.transplanted(source, reference, mistakes, *how, *examples, seconds=TRANSPLANT_SECONDS)
        known = [path for path, _ in functions(compile(reference, "<reference>", "exec"))]
        try:
            place, fits = tuple(said["functions"]), list(said["fits"])
        except (KeyError, TypeError) as error:
            raise Stopped(Outcome.FORBIDDEN, "an answer of another form") from error
        if not all(one in known for one in place):
            raise Stopped(Outcome.FORBIDDEN, "an answer of another form")
        return Place(place, [version for version in range(1, len(mistakes) + 1) if version - 1 in fits], len(tried))

    def add(self, edits: Version) -> int:
        """Take one more version; return its number."""
        self._versions.append(edits)
        self._ask("versions", edits, seconds=REPLAY_SECONDS)
        return len(self._versions) - 1

    def _ask(self, operation: str, *args: Any, seconds: float) -> Any:
        if self._process is None:
            self._begin()
            self._post_examples(self._examples)
        process = self._process
        assert process is not None
        # What the step may use must be imported first; torch takes seconds, and that is no search yet.
        # Then all that is still to be done counts, not only the last question.
        try:
            process.wait_until_ready()
            with computes_at_most(process.process.pid, seconds, process.stop):
                self._todo.join()
                reply = process.ask(operation, "", args, {}, 2 * MOST * seconds)
        except Stopped:
            self._end()
            raise
        if reply["status"] != "ok" or self._incomplete:
            raise Stopped(Outcome.GRADER_FAULT, str(reply.get("message", "")))
        return reply["value"]

    def computed(self) -> float:
        """Seconds of a core that the replay has used so far."""
        return computed(self._process.process.pid) if self._process else 0.0

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()
            self._dismiss(process)

    def _dismiss(self, process: LearnerProcess) -> None:
        """End the thread that hands over; a process that does not read any more is ended with it."""
        self._todo.put(None)
        if self._thread is not None:
            self._thread.join(DISMISSED_SECONDS)
            if self._thread.is_alive():
                process.stop()
                self._thread.join()

    def hand_back(self) -> None:
        """Leave the process to the next replayer, which makes every version anew."""
        process, self._process = self._process, None
        if process is None:
            return
        self._dismiss(process)
        self._ready.keep(process)

    def interrupt(self) -> None:
        """Called from another thread: end the search at once."""
        if process := self._process:
            process.stop()
