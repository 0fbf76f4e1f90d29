"""A learner process with everything that it started: one hold on all of them, and nothing left afterwards.

Windows has job objects for it. Elsewhere it is the process group and the children; and what made itself a session of
its own and lost its parent is known by the home it was given, which is the folder that nobody else has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any, cast

from course.grading import jobs


class Tree:
    """A started process and its home folder. `memory`: bytes that it may hold, where the system counts them."""

    def __init__(self, process: subprocess.Popen[bytes], home: str, memory: int) -> None:
        self._process, self._home = process, home
        self._job: jobs.Job | None = None
        # Why there is no job object; "" if there is one.
        self.no_job = ""
        try:
            jobs.require()
            handle = int(cast(Any, process)._handle)
            self._job = jobs.Job(handle, jobs.limits(memory, most=2 if _has_launcher() else 1))
        except OSError as error:  # the watch on time and resident memory remains
            self.no_job = error.strerror or str(error)

    def kill(self) -> None:
        """End the process and whatever it started, as far as that can be reached through it."""
        import psutil  # noqa: PLC0415 - see LearnerProcess

        if self._job is not None:
            self._job.stop()
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()

    def sweep(self) -> None:
        """End what got away, a session of its own without a parent; to be done where nothing forbids processes."""
        import psutil  # noqa: PLC0415

        if self._job is not None:  # nothing leaves it
            return
        for one in psutil.process_iter(["environ"]):
            if (one.info["environ"] or {}).get("HOME") == self._home:
                with contextlib.suppress(psutil.Error):
                    one.kill()

    def close(self) -> None:
        """Let go; a job object ends what is still in it."""
        if self._job is not None:
            self._job.close()


def _has_launcher() -> bool:
    """In a virtual environment on Windows, python.exe is a small program that starts the real one."""
    return sys.executable != getattr(sys, "_base_executable", sys.executable)
