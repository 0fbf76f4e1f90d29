"""What of a run the diagnosis gets: some of what passed, and more inputs of what failed."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from hypothesis import Phase

from course.grading import inputs
from course.grading.evidence import Evidence, Example, example_of
from course.grading.learner import Learner
from course.grading.running import Running, once_more

# Inputs recorded of each passing property, so many to begin with and so many in all, and of each of the first few
# failing ones.
KEPT_PASSING, MOST_PASSING = 2, 8
EVIDENCE_EXAMPLES = 8
EVIDENCE_PROPERTIES = 3
# Inputs tried to find one that tells two mistakes apart, and as many again to make it small.
TELLING_EXAMPLES = 20
# The same for a slow one.
FEW_EXAMPLES = 3

# Look for the smallest failing input of a property that is telling: with its call, and on so many inputs.
Search = Callable[[pytest.Function, Callable[[], object], int, Callable[[Example], bool]], bool]


class Gathering:
    """The evidence of one run. `start` is called at a failure, with what is known so far; None: nothing is gathered."""

    def __init__(self, learner: Learner, start: Callable[[Evidence], None] | None) -> None:
        self._learner, self._start = learner, start
        self.evidence = Evidence()
        # What passed in the first look at a property; evidence only if it holds in full.
        self.seen: list[Example] = []
        self._failing = 0

    def begin(self) -> None:
        """A property failed: whoever diagnoses may start."""
        if self._start is not None:
            self._start(self.evidence)

    def passed(self, running: Running) -> None:
        """Keep a few passing examples of each property: a mistake must answer these as the learner's code did, too."""
        if self._start is None or running.telling is not None:
            return
        example = functools.partial(example_of, running.name, self._learner.transcript, failed=False)
        if running.first_look:
            self.seen.append(example())
        elif running.gathering or running.examples <= KEPT_PASSING:
            self.evidence.take(example())
        elif running.examples <= MOST_PASSING:
            self.evidence.keep(example())

    def holds(self) -> None:
        """A property holds in full: what passed in the first look at it counts."""
        for example in self.seen[:KEPT_PASSING]:
            self.evidence.take(example)

    def failed(self, item: pytest.Function, running: Running, search: Search) -> None:
        """Try a failing property on more inputs, whatever comes out: two bugs can agree on one input, hardly on ten."""
        if self._start is None:
            return
        self.begin()
        learner, evidence = self._learner, self.evidence
        evidence.take(running.example or example_of(item.name, learner.transcript, failed=True))
        self._failing += 1
        if not inputs.is_drawn(item.obj):
            return
        arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
        call = functools.partial(item.obj, **arguments)
        telling = FEW_EXAMPLES if running.slow else TELLING_EXAMPLES
        evidence.again[item.name] = functools.partial(search, item, call, telling)
        if self._failing > EVIDENCE_PROPERTIES:
            return
        kept = learner.transcript
        running.gathering = True
        try:
            once_more(item.obj, call, FEW_EXAMPLES if running.slow else EVIDENCE_EXAMPLES, Phase.generate)
        finally:
            running.gathering = False
            learner.transcript = kept
