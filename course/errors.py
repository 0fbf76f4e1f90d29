"""The tree of errors a user can meet.

CourseError                      what happened, where, and the command that mends it
├── UsageError           exit 2  the command was not understood or not possible now
│   ├── NoWorkspace              no progress.json here or above
│   ├── UnknownStep              no step of that number or key
│   └── LockedStep               the gate is closed
├── WorkspaceError       exit 3  the workspace cannot be read or written
│   ├── ProgressUnreadable
│   └── ProgressNotWritten
├── NotDrawn             exit 1  the learner's code gave nothing to draw
├── ChatError            exit 3  the chat's server did not answer as it should
├── DataError            exit 3  a text to train on could not be fetched, made or stored
├── LibraryMissing       exit 3  a step uses a library that is not installed
└── ContentError         exit 3  a lesson, stub or grader of the course is broken

Codes: 0 passed, 1 not passed yet, 2 wrong usage, 3 broken content or environment.
"""

from __future__ import annotations

PASSED, NOT_PASSED, WRONG_USAGE, BROKEN, INTERRUPTED = 0, 1, 2, 3, 130


class CourseError(Exception):
    """Say what happened and which command mends it; never shown with a traceback."""

    exit_code = BROKEN

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CourseError):
    exit_code = WRONG_USAGE


class NoWorkspace(UsageError):
    def __init__(self, where: object) -> None:
        super().__init__(
            f"There is no course workspace in {where} or above it.",
            hint="course init my-llm   makes one; then cd my-llm",
        )


class UnknownStep(UsageError):
    def __init__(self, text: str, close: str | None) -> None:
        guess = f"Did you mean {close}?  " if close else ""
        super().__init__(f"There is no step {text!r}.", hint=f"{guess}course map   lists every step")


class LockedStep(UsageError):
    pass


class WorkspaceError(CourseError):
    pass


class ProgressUnreadable(WorkspaceError):
    pass


class ProgressNotWritten(WorkspaceError):
    pass


class NotDrawn(CourseError):
    exit_code = NOT_PASSED


class ChatError(CourseError):
    pass


class DataError(CourseError):
    pass


class LibraryMissing(CourseError):
    pass


class ContentError(CourseError):
    pass
