"""One property while it is tried: in a first look, in full, for more evidence, or for an input that tells."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import Phase

from course.grading.evidence import Example, example_of
from course.grading.learner import Exchange, PropertyEnds

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
    """The property that is being tried; `telling`: whether a failing example is of the kind that is looked for."""

    name: str = ""
    examples: int = 0
    since_failure: int = 0
    error: Exception | None = None
    transcript: list[Exchange] | None = None
    example: Example | None = None
    gathering: bool = False
    first_look: bool = False
    looked_at: bool = False
    quickest: float = math.inf
    # Examples tried after the first failure.
    most: int = SHRINK_EXAMPLES
    telling: Callable[[Example], bool] | None = None

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
