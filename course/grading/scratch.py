"""Scratch folders: made for one process, held while it is watched, and removed later when its judge was killed.

A folder is held by a lock that the system lets go of with the process that made it, however that ends. The next judge
removes the folders that nobody holds.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from course.grading import disk

try:
    import fcntl
except ImportError:  # Windows: a folder that a process works in cannot be removed there
    fcntl = None  # type: ignore[assignment]

PREFIX = "course-scratch-"
# Exactly what `tempfile` makes of the prefix: never a folder that somebody named by hand.
_NAME = re.compile(PREFIX + r"[a-z0-9_]{8}")
# A folder is not held yet in the moment it is made; without locks, none is older than a day.
SETTLED = 60.0 if fcntl else 86_400.0

_held: dict[str, int] = {}
_swept: set[str] = set()


def make() -> str:
    """Make a folder that is this process's to remove."""
    sweep_once()
    folder = tempfile.mkdtemp(prefix=PREFIX)
    if fcntl:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _held[folder] = handle
    return folder


def remove(folder: str) -> None:
    disk.remove(folder)
    if (handle := _held.pop(folder, None)) is not None:
        os.close(handle)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for as long as it is needed."""
    folder = make()
    try:
        yield Path(folder)
    finally:
        remove(folder)


def sweep_once() -> None:
    """Remove what killed judges left, once in a process."""
    if (root := tempfile.gettempdir()) not in _swept:
        _swept.add(root)
        sweep(Path(root))


def sweep(root: Path) -> None:
    """Remove the scratch folders below `root` that nobody holds."""
    with suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            with suppress(OSError):
                if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False) and _is_left(entry):
                    disk.remove(entry.path)


def _is_left(entry: os.DirEntry[str]) -> bool:
    found = entry.stat(follow_symlinks=False)
    if (hasattr(os, "getuid") and found.st_uid != os.getuid()) or time.time() - found.st_mtime < SETTLED:
        return False
    if not fcntl:
        return True
    handle = os.open(entry.path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
