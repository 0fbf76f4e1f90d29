"""A folder that anything may be put into: how much lies in it, and its end."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

# More files than these are no honest use either, and each costs the disk a block.
MOST_FILES = 10_000


def used(folder: str, pid: int, most: int) -> int:
    """Return the bytes of the files in a folder, and of those that a process holds open though no folder shows them.

    Counting ends at `most`; too many files count as too many bytes.
    """
    total = files = 0
    folders = [folder]
    while folders and total <= most:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                files += 1
                if files > MOST_FILES:
                    return most + 1
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += _size(entry.stat(follow_symlinks=False))
    return total + _unlinked(pid)


def _unlinked(pid: int) -> int:
    """Bytes of files that are open and have no name any more; 0 where the system does not show them."""
    total = 0
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found = link.stat()
                total += _size(found) if found.st_nlink == 0 else 0
    return total


def _size(found: os.stat_result) -> int:
    return int(found.st_blocks * 512 if hasattr(found, "st_blocks") else found.st_size)


def remove(folder: str) -> None:
    """Remove a folder without recursion and without long names: folders may be nested deeper than both allow."""
    names = itertools.count()
    with contextlib.suppress(OSError):
        while entries := list(os.scandir(folder)):
            for entry in entries:
                _dissolve(Path(entry.path), folder, names)
        Path(folder).rmdir()


def _dissolve(path: Path, folder: str, names: itertools.count[int]) -> None:
    """Remove a file; of a folder, move what is in it one level up first."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    path.chmod(0o700)  # it may have been locked
    for inner in list(path.iterdir()):
        if inner.is_dir() and not inner.is_symlink():
            inner.rename(Path(folder, f".{os.getpid()}.{next(names)}"))
        else:
            inner.unlink()
    path.rmdir()
