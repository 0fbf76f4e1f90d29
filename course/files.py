"""Write a file whole or not at all: a kill, a full disk or a power cut leaves the old one or the new one.

What a killed command leaves behind is one spare file of a fixed name beside it, which the next one writes anew.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

# A virus scanner or a network drive holds a file for a moment; together a second.
PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.3)
_PASSING = {errno.EACCES, errno.EBUSY, errno.ETXTBSY}


def write_whole(path: Path, data: bytes, *, spare: Path | None = None, lasting: bool = False) -> None:
    """Put `data` in the place of a file; `lasting`: it must survive a power cut. Raise `OSError`."""
    spare = spare or beside(path)
    prepare(spare, data, lasting=lasting)
    put(spare, path, lasting=lasting)


def write_new(path: Path, data: bytes, *, spare: Path | None = None) -> None:
    """Write a file that is not there yet; raise `FileExistsError` where something is, whatever it is.

    `spare` is for files whose name holds the time: what a kill leaves must have a name that comes again.
    """
    spare = spare or beside(path)
    if os.path.lexists(path):
        with suppress(OSError):  # left there by a kill
            spare.unlink()
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    prepare(spare, data, lasting=True)
    try:
        _link(spare, path)
    finally:
        with suppress(OSError):
            spare.unlink()
    sync_folder(path.parent)


def beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def prepare(spare: Path, data: bytes, *, lasting: bool) -> None:
    """Write the file that is to take another's place; nothing of it stays when that fails."""
    try:
        # Never into an old one: after a kill between `_link` and `unlink` it is another name of the learner's file.
        spare.unlink(missing_ok=True)
        with spare.open("xb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            spare.unlink()
        raise


def put(spare: Path, path: Path, *, lasting: bool) -> None:
    """Move a prepared file into its place in one step, with the rights of the one that stood there."""
    try:
        with suppress(OSError):
            spare.chmod(stat.S_IMODE(path.stat().st_mode))
        _replace(spare, path)
    except OSError:
        with suppress(OSError):
            spare.unlink()
        raise
    if lasting:
        sync_folder(path.parent)


def _replace(spare: Path, path: Path) -> None:
    for pause in PAUSES:
        try:
            spare.replace(path)
            return
        except OSError as error:
            if error.errno not in _PASSING:
                raise
        time.sleep(pause)
    spare.replace(path)


def _link(spare: Path, path: Path) -> None:
    """Give a file its name where none stands: a rename would overwrite what another command has written meanwhile."""
    try:
        os.link(spare, path)
    except FileExistsError:
        raise
    except OSError:  # some drives know no links: there it is a look and a rename
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        _replace(spare, path)


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder last; a file system that cannot do it has done what it can."""
    if os.name == "posix":
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file, on a line of its own though a killed command left half a line there."""
    with path.open("a+b", buffering=0) as file:
        if os.fstat(file.fileno()).st_size:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                data = b"\n" + data
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) or 0 :]
