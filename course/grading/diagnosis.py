"""Name the learner's bug: which known mistake gives the same answers to the same inputs? Never a guess.

The recorded calls, failing ones of every property and a sample of passing ones, are replayed on each known mistake.
Exactly one that answers alike on all of them is a match; several are ambiguous; none (nor two at once) is unknown. The
input shown to the learner is then the smallest found that tells the match from every other mistake.
"""

from __future__ import annotations

import itertools
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.grading import wire
from course.grading.comparison import SMALLEST_SCALE, UNCOMPARED_SCALE
from course.grading.evidence import Evidence, Example
from course.grading.mistakes import Freedoms, Mistake, load_freedoms, load_mistakes
from course.grading.outcomes import Diagnosis, Finding, Outcome
from course.grading.process import LearnerProcess, Setup, Stopped
from course.grading.ready import Ready
from course.grading.sieve import REFERENCE
from course.grading.starved import MOST, computed, computes_at_most

# Limits are seconds that the replay computed, not seconds of the clock: on a busy machine it must come as far, or a bug
# would be named on one day and not on the other. (Only where nothing can interrupt a version does the clock count.)
# How long the replay may go on after the last property; it worked beside the judge until then. After that the bug stays
# unknown and nobody waits on.
SEARCH_SECONDS = 4.0
# What was handed over and not read by then is not read any more.
DISMISSED_SECONDS = 1.0
# A single version on all examples, where the replay as a whole did not end.
REPLAY_SECONDS = 2.0
# Rounding in another order of operations; a property's own tolerance is used where it is wider.
RTOL = 1e-11
# Two bugs at once are looked for among so many mistakes that explain a failing property, in so many pairs of them, and
# for so long: nobody waits for a rare find.
MOST_PARTIAL = 12
MOST_PAIRS = 24
PAIR_SECONDS = 0.15

# A version's whole source, or its edits of the reference, (find, replace) each.
Version = str | list[tuple[str, str]]


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
        """Let the process try these; what passes where right code has a choice tells nothing."""
        told = [one for one in examples if one.failed or one.name not in self._freedoms.choice]
        self._examples += told
        self._post_examples(told)

    def _recorded(self, example: Example) -> tuple[object, ...]:
        """The example as it crosses over, in the order of `comparison.Recorded`."""
        calls = [wire.encode((one.operation, one.name, one.args, one.kwargs)) for one in example.transcript]
        replies = [one.reply for one in example.transcript]
        rtol = max(example.rtol, RTOL, self._freedoms.rtol.get(example.name, 0.0))
        scale = SMALLEST_SCALE if example.rtol else UNCOMPARED_SCALE
        accepts = ["Exception"] if example.name in self._freedoms.errors else list(example.accepts)
        what = (example.name, example.failed, example.seconds, calls, replies)
        return (*what, rtol, scale, accepts, example.typed)

    def found(self) -> dict[str, Any]:
        """Which versions answer every example as the learner's code did; raise `Stopped` when none can say in time."""
        if self._kept:
            kept, self._kept = self._kept, []
            self._consider(kept)
        try:
            return dict(self._ask("found", seconds=SEARCH_SECONDS))
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


def diagnose(replayer: Replayer, evidence: Evidence) -> Diagnosis:
    """Compare the learner's answers with every known mistake of the step, and show an input that tells."""
    if not replayer.mistakes or not any(example.failed for example in evidence.examples):
        return Diagnosis(Finding.UNKNOWN)
    evidence.heard = None
    try:
        return _Search(replayer).run(evidence)
    except (Stopped, wire.WireError, ContentError):
        return Diagnosis(Finding.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A version that answers like the learner's code, and the names it goes by: one class, or two at once."""

    version: int
    names: tuple[str, ...]


class _Search:
    def __init__(self, replayer: Replayer) -> None:
        self._replayer = replayer
        self._mistakes = dict(enumerate(replayer.mistakes, 1))

    def run(self, evidence: Evidence) -> Diagnosis:
        found = self._replayer.found()
        count = found["examples"]
        suspects = self._suspects(found["left"]) or self._two_at_once(found["partly"])
        if not suspects:
            return Diagnosis(Finding.UNKNOWN, (), count)
        rivals = [
            one
            for one in self._suspects(found["like_first"])
            if not any(set(one.names) <= set(other.names) for other in suspects)
        ]
        if len(_names(suspects)) == 1 and not rivals:
            return _found(suspects, count)
        return self._told_apart(suspects, rivals, evidence, count)

    def _suspects(self, versions: Sequence[int]) -> list[_Suspect]:
        return [_Suspect(one, (_class(self._mistakes[one]),)) for one in versions if one != REFERENCE]

    def _told_apart(
        self, suspects: list[_Suspect], rivals: list[_Suspect], evidence: Evidence, count: int
    ) -> Diagnosis:
        """Look for the smallest input on which one suspect alone answers as the learner's code; it will be shown.

        The search is in the property that is shown, then, while several are left, in the others that failed.
        """
        left = suspects

        def telling(example: Example) -> bool:
            nonlocal left, count
            count += 1
            like = self._replayer.like([one.version for one in (*suspects, *rivals)], example)
            alike = [one for one in (*suspects, *rivals) if one.version in like]
            left = [one for one in left if one in alike]
            return len(_names(alike)) == 1 and alike[0] in suspects

        shown = next(example.name for example in evidence.examples if example.failed)
        told = shown in evidence.again and evidence.again[shown](telling)
        for name, again in evidence.again.items():
            if len(_names(left)) > 1 and name != shown:
                again(telling)
        if not left:  # an input that no suspect explains has spoken: it was none of them
            return Diagnosis(Finding.UNKNOWN, (), count)
        found = _found(left, count)
        others = [one for one in (*suspects, *rivals) if one.names != found.mistakes]
        named = found.finding is Finding.MATCH and not told
        return replace(found, rivals=tuple(names[0] for names in _names(others))) if named else found

    def _two_at_once(self, partly: dict[str, list[int]]) -> list[_Suspect]:
        """Look for two compatible mistakes that together answer as the learner's code does."""
        found, ends = [], self._replayer.computed() + PAIR_SECONDS
        for one, other in self._pairs(partly):
            if self._replayer.computed() > ends:  # a pair that was not tried may fit as well
                return []
            version = self._replayer.add([*one.edits, *other.edits])
            if self._replayer.fits(version):
                found.append(_Suspect(version, tuple(sorted((_class(one), _class(other))))))
        return found if len(_names(found)) == 1 else []

    def _pairs(self, partly: dict[str, list[int]]) -> list[tuple[Mistake, Mistake]]:
        """Pairs of mistakes, those first that explain the most failing properties between them.

        Not all of them need to be explained: a call that passes through two bugs is like neither. `partly`: for every
        property that failed, the versions that answer alike wherever it did.
        """
        explained: dict[int, set[str]] = {}
        for name, versions in partly.items():
            for version in versions:
                if self._mistakes[version].edits:
                    explained.setdefault(version, set()).add(name)
        chosen = _worth_pairing(explained, list(partly))
        pairs = sorted(
            itertools.combinations(chosen, 2), key=lambda pair: -len(explained[pair[0]] | explained[pair[1]])
        )
        return [(self._mistakes[one], self._mistakes[other]) for one, other in pairs[:MOST_PAIRS]]


def _class(mistake: Mistake) -> str:
    return mistake.same_as or mistake.name


def _names(suspects: Sequence[_Suspect]) -> list[tuple[str, ...]]:
    return sorted({one.names for one in suspects})


def _found(suspects: Sequence[_Suspect], count: int) -> Diagnosis:
    names = _names(suspects)
    if len(names) == 1:
        return Diagnosis(Finding.MATCH, names[0], count)
    return Diagnosis(Finding.AMBIGUOUS, tuple(name for one in names for name in one), count)


def _worth_pairing(explained: dict[int, set[str]], failing: Sequence[str]) -> list[int]:
    """The mistakes that explain most, and for every failing property two that do: a bug may show in one only."""
    ranked = sorted(explained, key=lambda one: -len(explained[one]))
    first = [one for name in failing for one in [each for each in ranked if name in explained[each]][:2]]
    return list(dict.fromkeys([*first, *ranked]))[:MOST_PARTIAL]
