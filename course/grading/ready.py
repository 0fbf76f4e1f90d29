"""A process kept ready for whoever needs it next; whoever comes first pays for its start."""

from __future__ import annotations

from dataclasses import dataclass

from course.grading.process import LearnerProcess, Setup


@dataclass(slots=True)
class Ready:
    """Holds at most one process. It must have been set up exactly as wanted: other modules or rules need another."""

    process: LearnerProcess | None = None

    def take(self, setup: Setup) -> LearnerProcess:
        process, self.process = self.process, None
        if process is not None and process.alive and process.setup == setup:
            return process
        if process is not None:
            process.close()
        return LearnerProcess(setup)

    def refill(self, setup: Setup) -> None:
        """Start the next one now, so that it imports while the one before is at work."""
        self.keep(self.take(setup))

    def keep(self, process: LearnerProcess | None) -> None:
        self.close()
        self.process = process

    def close(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.close()
