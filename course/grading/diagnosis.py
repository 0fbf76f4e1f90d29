"""Name the learner's bug: which known mistake gives the same answers to the same inputs? Never a guess.

The recorded calls, failing ones of every property and a sample of passing ones, are replayed on each known mistake.
Exactly one that answers alike on all of them is a match; several are ambiguous; none (nor two at once) is unknown. The
input shown to the learner is then the smallest found that tells the match from every other mistake.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from course.errors import ContentError
from course.grading import wire
from course.grading.evidence import Evidence, Example
from course.grading.mistakes import Mistake
from course.grading.outcomes import Diagnosis, Finding
from course.grading.process import Stopped
from course.grading.replayer import Place, Replayer
from course.grading.sieve import CHEAP, REFERENCE

# Two bugs at once are looked for among so many mistakes that explain a failing property, in so many pairs of them, and
# for so long: nobody waits for a rare find.
MOST_PARTIAL = 12
MOST_PAIRS = 24
PAIR_SECONDS = 0.15


def diagnose(replayer: Replayer, evidence: Evidence, transplant: Callable[[], Place] | None = None) -> Diagnosis:
    """Compare the learner's answers with every known mistake of the step, and show an input that tells.

    What behaves like none of them may do so among the learner's own functions: `transplant` says where the bug is.
    """
    if not replayer.mistakes or not any(example.failed for example in evidence.examples):
        return Diagnosis(Finding.UNKNOWN)
    evidence.heard = None
    try:
        search = _Search(replayer)
        found = search.run(evidence)
        return search.in_place(found, transplant()) if transplant and found.finding is Finding.UNKNOWN else found
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
        found = self._replayer.found(evidence.shown)
        count = found["examples"]
        suspects = self._suspects(found["left"]) or self._two_at_once(found["partly"])
        if len(_names(suspects)) > 1:
            suspects, more = self._left_by_more(suspects, evidence)
            count += more
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

    def in_place(self, unknown: Diagnosis, place: Place) -> Diagnosis:
        """What a transplant says of code that behaves like no known mistake: where it is, and like which, put there."""
        names = _names(self._suspects(place.versions))
        if len(names) != 1:
            return replace(unknown, functions=place.functions)
        return Diagnosis(Finding.MATCH, names[0], place.inputs, functions=place.functions)

    def _suspects(self, versions: Sequence[int]) -> list[_Suspect]:
        return [_Suspect(one, (_class(self._mistakes[one]),)) for one in versions if one != REFERENCE]

    def _left_by_more(self, suspects: list[_Suspect], evidence: Evidence) -> tuple[list[_Suspect], int]:
        """Those that answer more of what passed as the learner's code did; and how many inputs that took."""
        tried = 0
        for example in evidence.more_in_turn():
            if len(_names(suspects)) < 2:
                break
            if example.seconds <= CHEAP and self._replayer.tells(example):
                like = self._replayer.like([one.version for one in suspects], example)
                suspects, tried = [one for one in suspects if one.version in like], tried + 1
        return suspects, tried

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

        shown = evidence.shown
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
