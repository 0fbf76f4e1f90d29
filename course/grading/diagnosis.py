"""Name the learner's bug: which known mistake gives the same answers to the same inputs? Never a guess.

The recorded calls, failing ones of every property and a sample of passing ones, are replayed on each known mistake.
Exactly one that answers alike on all of them is a match; several are ambiguous; none (nor two at once) is unknown. The
input shown to the learner is then the smallest found that tells the match from every other mistake.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError
from course.grading import wire
from course.grading.evidence import Evidence, Example
from course.grading.mistakes import Mistake, load_mistakes
from course.grading.outcomes import Diagnosis, Finding
from course.grading.process import START_SECONDS, LearnerProcess, Setup, Stopped
from course.grading.ready import Ready

# One version on all examples; a version that takes longer hangs, and behaves like nobody's.
REPLAY_SECONDS = 2.0
# A step whose calls train something replays slowly: after this long the bug stays unknown and nobody waits on.
SEARCH_SECONDS = 3.0
# Rounding in another order of operations; a property's own tolerance is used where it is wider.
RTOL = 1e-11
# Two bugs at once are looked for among so many mistakes that explain a failing property, in so many pairs of them, and
# until so long after the diagnosis began: nobody waits for a rare find.
MOST_PARTIAL = 12
MOST_PAIRS = 24
PAIR_SECONDS = 0.25
# Examples slower than this say little for their price when mistakes are ranked for pairing.
SLOW = 0.05

REFERENCE = 0
# A version's whole source, or its edits of the reference, (find, replace) each.
Version = str | list[tuple[str, str]]


class OutOfTime(Exception):
    """The search for the bug has taken too long."""


class Replayer:
    """A process of our own code that holds the reference, every known mistake, and the examples to try them on.

    Version 0 is the reference, then come the mistakes in their order, then what was added.
    """

    def __init__(self, setup: Setup, content: Content, step: Step, kept: Ready | None = None) -> None:
        self._setup, self._content, self._step, self._kept = setup, content, step, kept or Ready()
        self._process: LearnerProcess | None = None
        self._examples: list[tuple[list[bytes], list[object], float]] = []
        self._versions: list[Version] = []
        self.mistakes: list[Mistake] = []
        self.ends = 0.0

    def start(self) -> None:
        """Start the process and let it make every version while the judge goes on; once."""
        if self._versions or not self._content.mistakes(self._step.key).is_file():
            return
        try:
            self.mistakes = load_mistakes(self._content.mistakes(self._step.key))
            self._versions = [self._content.read(self._content.reference(self._step.file))]
            self._versions += [self._version(mistake) for mistake in self.mistakes]
        except ContentError:  # `course dev check` says so; a learner gets a verdict without a diagnosis
            self.mistakes = []
            return
        self._begin().post("prepare")

    def _version(self, mistake: Mistake) -> Version:
        return list(mistake.edits) or self._content.read(self._content.grader(self._step.key) / mistake.file)

    def _begin(self) -> LearnerProcess:
        if self._process is None:
            self._process = self._kept.take(self._setup)
            self._process.post("forget")
            # As edits they fit into a pipe at once: nobody waits until the process has started and reads them.
            self._process.post("versions", *self._versions)
            self._process.post("remember", self._examples)
        return self._process

    def add(self, edits: Version) -> int:
        """Take one more version; return its number."""
        self._versions.append(edits)
        self._begin().post("versions", edits)
        return len(self._versions) - 1

    def remember(self, examples: Sequence[Example]) -> None:
        self._examples = []
        for example in examples:
            calls = [wire.encode((one.operation, one.name, one.args, one.kwargs)) for one in example.transcript]
            replies = [one.reply for one in example.transcript]
            self._examples.append((calls, replies, max(example.rtol, RTOL)))
        self._begin().post("remember", self._examples)

    def alike(self, version: int, places: Sequence[int]) -> list[bool]:
        """Say for each of these examples, up to the first that differs, whether a version answers as the learner's.

        Raise `OutOfTime` when the whole search has taken too long.
        """
        if time.monotonic() > self.ends:
            raise OutOfTime
        try:
            reply = self._begin().ask("replay", "", (version, list(places)), {}, REPLAY_SECONDS)
        except Stopped:
            self.close()
            return []
        return list(reply["value"]) if reply["status"] == "ok" else []

    def settle(self) -> None:
        """Wait until the process has imported what the step may use and made its versions: that is no search yet."""
        self._begin().ask("settled", "", (), {}, START_SECONDS)

    def fits(self, version: int, places: Sequence[int]) -> bool:
        found = self.alike(version, places)
        return len(found) == len(places) and all(found)

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def hand_back(self) -> None:
        """Leave the process to the next replayer, which makes every version anew."""
        self._kept.keep(self._process)
        self._process = None

    def interrupt(self) -> None:
        """Called from another thread: end the search at once."""
        self.ends = 0.0
        if process := self._process:
            process.stop()


def diagnose(replayer: Replayer, evidence: Evidence) -> Diagnosis:
    """Compare the learner's answers with every known mistake of the step, and show an input that tells."""
    failing = [example for example in evidence.examples if example.failed]
    if not failing or not replayer.mistakes:
        return Diagnosis(Finding.UNKNOWN)
    # What is shown comes first; then what is cheap, because one difference ends a replay.
    others = sorted((one for one in evidence.examples if one is not failing[0]), key=lambda one: one.seconds)
    try:
        replayer.settle()
        replayer.ends = time.monotonic() + SEARCH_SECONDS
        return _Search(replayer, [failing[0], *others]).run(evidence)
    except (OutOfTime, Stopped, wire.WireError, ContentError):
        return Diagnosis(Finding.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A version that answers like the learner's code, and the names it goes by: one class, or two at once."""

    version: int
    names: tuple[str, ...]


class _Search:
    def __init__(self, replayer: Replayer, examples: Sequence[Example]) -> None:
        self._replayer, self._examples, self._began = replayer, examples, time.monotonic()
        self._all = range(len(examples))
        self._mistakes = dict(enumerate(replayer.mistakes, 1))

    def run(self, evidence: Evidence) -> Diagnosis:
        self._replayer.remember(self._examples)
        if self._replayer.fits(REFERENCE, self._all):
            # The recorded answers are right ones: whatever failed (a count, a warning), no mistake is seen in them.
            return Diagnosis(Finding.UNKNOWN)
        like_shown, suspects = [], []
        for version, mistake in self._mistakes.items():
            alike = self._replayer.alike(version, self._all)
            if alike[:1] == [True]:
                like_shown.append(_Suspect(version, (_class(mistake),)))
            if len(alike) == len(self._all) and all(alike):
                suspects.append(like_shown[-1])
        suspects = suspects or self._two_at_once()
        count = len(self._all)
        if not suspects:
            return Diagnosis(Finding.UNKNOWN, (), count)
        rivals = [one for one in like_shown if not any(set(one.names) <= set(other.names) for other in suspects)]
        if len(_names(suspects)) == 1 and not rivals:
            return _found(suspects, count)
        return self._told_apart(suspects, rivals, evidence, count)

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
            self._replayer.remember([example])
            alike = [one for one in (*suspects, *rivals) if self._replayer.fits(one.version, [0])]
            left = [one for one in left if one in alike]
            return len(_names(alike)) == 1 and alike[0] in suspects

        shown = self._examples[0].name
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

    def _two_at_once(self) -> list[_Suspect]:
        """Look for two compatible mistakes that together answer as the learner's code does."""
        found = []
        for one, other in self._pairs():
            if time.monotonic() > self._began + PAIR_SECONDS:  # a pair that was not tried may fit as well
                return []
            version = self._replayer.add([*one.edits, *other.edits])
            if self._replayer.fits(version, self._all):
                found.append(_Suspect(version, tuple(sorted((_class(one), _class(other))))))
        return found if len(_names(found)) == 1 else []

    def _pairs(self) -> list[tuple[Mistake, Mistake]]:
        """Pairs of mistakes, those first that explain the most failing properties between them.

        Not all of them need to be explained: a call that passes through two bugs is like neither.
        """
        failing: dict[str, list[int]] = {}
        for place, example in enumerate(self._examples):
            if example.failed and example.seconds <= SLOW:
                failing.setdefault(example.name, []).append(place)
        explained = {}
        for version, mistake in self._mistakes.items():
            if mistake.edits:
                explained[version] = {name for name, places in failing.items() if self._replayer.fits(version, places)}
        chosen = _worth_pairing(explained, failing)
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


def _worth_pairing(explained: dict[int, set[str]], failing: dict[str, list[int]]) -> list[int]:
    """The mistakes that explain most, and for every failing property two that do: a bug may show in one only."""
    ranked = sorted((version for version in explained if explained[version]), key=lambda one: -len(explained[one]))
    first = [one for name in failing for one in [each for each in ranked if name in explained[each]][:2]]
    return list(dict.fromkeys([*first, *ranked]))[:MOST_PARTIAL]
