"""One property while it is tried: in a first look, in full, for more evidence, or for an input that tells."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis import Phase

from course.grading.evidence import Example, example_of
from course.grading.exchange import Exchange
from course.grading.learner import LearnerRaised, PropertyEnds

# Shrinking goes on for this many examples after the first failure: a count, not a time, so that a verdict is
# repeatable.
SHRINK_EXAMPLES = 200
# A property whose quickest example takes longer gives less evidence, and fewer of those inputs. Not a limit of time: on
# a busy machine the evidence would be thinner, and a thin one names falsely.
SLOW = 0.03


class ShrunkEnough(BaseException):
    """The example is small enough; a BaseException, so that hypothesis stops at once."""


class LookedAt(BaseException):
    """The first look at a property is over: it failed, or held on a few examples."""


@dataclass(slots=True)
class Running:
    """The property that is being tried; `telling`: whether a failing example is of the kind that is looked for.

    `before`: what came of it so far; those examples are not tried again.
    """

    name: str = ""
    examples: int = 0
    since_failure: int = 0
    error: Exception | None = None
    transcript: list[Exchange] | None = None
    example: Example | None = None
    gathering: bool = False
    first_look: bool = False
    looked_at: bool = False
    # Examples, by number, that the property did not want.
    assumed: set[int] = field(default_factory=set)
    quickest: float = math.inf
    # Examples tried after the first failure.
    most: int = SHRINK_EXAMPLES
    telling: Callable[[Example], bool] | None = None
    before: Running | None = None

    def goes_on(self, name: str) -> Running:
        """The same property, to be run in full from here."""
        return Running(name, before=self, quickest=self.quickest)

    def is_known(self) -> bool:
        """Whether the example that begins was tried before and passed; raise what it raised if it did not pass."""
        before, place = self.before, self.examples
        if before is None or self.error is not None or place > before.examples or place in before.assumed:
            return False
        if place < before.examples or before.error is None:
            return True
        if not isinstance(before.error, AssertionError | LearnerRaised):  # the grader's own, perhaps: once more
            return False
        self.error, self.transcript, self.example = before.error, before.transcript, before.example
        raise before.error

    @property
    def slow(self) -> bool:
        return self.quickest > SLOW

    def failed(self, error: Exception, transcript: list[Exchange]) -> None:
        # hypothesis goes from a failing example only to a smaller one: the last that failed is the smallest so far.
        self.error, self.transcript = error, transcript
        self.example = example_of(self.name, transcript, failed=True)


def once_more(function: Any, call: Callable[[], Any], examples: int, *phases: Phase) -> None:
    """Run a property again, on so many inputs, whatever comes out: more evidence is welcome, not needed."""
    settings = function._hypothesis_internal_use_settings
    function._hypothesis_internal_use_settings = hypothesis.settings(
        settings, max_examples=examples, phases=phases, database=None
    )
    try:
        call()
    except (Exception, PropertyEnds, ShrunkEnough):
        return
    finally:
        function._hypothesis_internal_use_settings = settings
