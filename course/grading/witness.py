"""Whoever waits for a grading, and what they are told meanwhile."""

from __future__ import annotations

from course.grading.outcomes import Failure, Outcome


class Witness:
    """Whoever waits for a grading is told how it goes; this one is told nothing."""

    def first_failure(self, claim: str, outcome: Outcome, failure: Failure | None) -> None:
        """A property fails; which input will be shown for it, and whether another is shown first, is not known yet."""

    def progress(self, examples: int, left: tuple[str, ...], properties: int) -> None:
        """So many examples were tried; of so many properties, these are left."""
