"""One `course` command at a time changes a workspace. The system lets go of the lock when a command is killed."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.errors import UsageError

LOCK_SECONDS = 10.0
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the workspace whose engine's folder is `state`; raise `UsageError` when another command does for long.

    Raise `OSError` when the lock cannot be made. On a drive that knows no locks (some network drives) nobody is kept
    out: every file is still written whole.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 40 ms that only a writing command pays

    state.mkdir(exist_ok=True)
    lock = FileLock(state / "progress.lock")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it makes do with another kind of lock is nothing to tell a learner
            lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise UsageError(
            f"Another course command has been changing this workspace for {LOCK_SECONDS:.0f} seconds.",
            hint="wait for it (or end it), then type the command again",
        ) from error
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()
