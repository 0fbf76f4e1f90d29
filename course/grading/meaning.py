"""What an exception out of a property means, and what the property claims."""

from __future__ import annotations

import inspect

import pytest

from course.grading.check import Mismatch
from course.grading.learner import LearnerRaised, ProbeFault, PropertyEnds, raised_failure
from course.grading.outcomes import Failure, Outcome


def claim_of(item: pytest.Item) -> str:
    """The claim in plain words: the first paragraph of the property's docstring."""
    text = inspect.getdoc(getattr(item, "obj", None)) or item.name.removeprefix("test_").replace("_", " ")
    return " ".join(text.split("\n\n")[0].split()).removesuffix(".")


def judged(error: BaseException | None) -> tuple[Outcome, Failure | None]:
    """Say what an exception out of a property means."""
    if error is None:
        return Outcome.PASSED, None
    if isinstance(error, Mismatch):
        return Outcome.WRONG, error.failure
    if isinstance(error, LearnerRaised):
        return Outcome.ERROR, raised_failure(error)
    if isinstance(error, PropertyEnds):
        return error.outcome, error.failure
    if isinstance(error, AssertionError):
        return Outcome.WRONG, Failure(str(error).split("\n")[0] or "the claim does not hold")
    if isinstance(error, ProbeFault):
        return Outcome.GRADER_FAULT, Failure("a probe of this grader failed", tuple(str(error).splitlines()[-12:]))
    return Outcome.GRADER_FAULT, Failure(f"the grader itself failed: {type(error).__name__}: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    try:
        return next(iter(str(error).splitlines()), "")
    except ValueError:  # a KeyError over an int too long to write
        return ""
