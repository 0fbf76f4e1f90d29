"""One `course` command at a time changes a workspace. The system lets go of the lock when a command is killed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.errors import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_SECONDS = 10.0
WAIT_SECONDS = 0.02
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the workspace whose engine's folder is `state`; raise `UsageError` when another command does for long.

    Raise `OSError` when the lock cannot be made. On a drive that knows no locks (some network drives) nobody is kept
    out: every file is still written whole.
    """
    state.mkdir(exist_ok=True)
    with _kernel_lock(state / "progress.lock") if fcntl else _file_lock(state / "progress.lock"):
        yield


@contextmanager
def _kernel_lock(path: Path) -> Iterator[None]:
    # Not filelock here: where a drive has no locks it takes the mere presence of the file for one, and waits for ever.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        ends = time.monotonic() + LOCK_SECONDS
        while not _taken(handle):
            if time.monotonic() > ends:
                raise _busy()
            time.sleep(WAIT_SECONDS)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 40 ms that only a writing command pays

    lock = FileLock(path)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise _busy() from error
    try:
        yield
    finally:
        lock.release()


def _busy() -> UsageError:
    return UsageError(
        f"Another course command has been changing this workspace for {LOCK_SECONDS:.0f} seconds.",
        hint="wait for it (or end it), then type the command again",
    )
