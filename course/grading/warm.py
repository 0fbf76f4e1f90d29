"""What a judge that stays has ready for the next grading, and how a grading that nobody waits for any more is ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from course.grading.collected import Collected
from course.grading.learner import Learner
from course.grading.process import Setup
from course.grading.ready import Ready
from course.grading.replayer import Replayer
from course.grading.witness import Witness


@dataclass(slots=True)
class Warm:
    """The collected properties, a spare learner process, the process of the last diagnosis; and who waits."""

    collected: Collected
    spare: Ready
    replays: Ready
    witness: Witness = field(default_factory=Witness)
    # The same step will be graded again.
    stays: bool = True
    # One grading at most goes on at a time: what `cancel` ends.
    learner: Learner | None = None
    replayer: Replayer | None = None
    cancelled: bool = False

    def takes(self, learner: Learner) -> None:
        """A grading begins."""
        learner.make = self.spare.take
        self.learner = learner
        learner.clock.cancelled = self.cancelled

    def refill(self, setup: Setup) -> None:
        if self.stays:
            self.spare.refill(setup)

    def aside(self) -> Warm:
        """The same for a second opinion within a grading."""
        return Warm(self.collected, Ready(), self.replays)

    def cancel(self) -> None:
        """Called from another thread: the grading that goes on, or is about to begin, ends with `Cancelled`."""
        self.cancelled = True
        if learner := self.learner:
            learner.cancel()
        if replayer := self.replayer:
            replayer.interrupt()
