"""Where data lies on this machine: the user's cache folder, shared by all workspaces and never committed with one."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from course.data.size import exact_size
from course.errors import DataError, UsageError

FOLDER = "llm-course"
VARIABLE = "COURSE_DATA"
LOCK_SECONDS = 10.0
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def data_folder() -> Path:
    """Return $COURSE_DATA, else a folder of ours where this system keeps the user's caches. It need not exist yet."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser().absolute()
    return _caches() / FOLDER


def _caches() -> Path:
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if Path(named).is_absolute():  # a relative one is to be ignored, says the XDG specification
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError as error:
        raise DataError(
            "This user has no home folder to keep data in.", hint=f"export {VARIABLE}=/a/folder   names one"
        ) from error
    if sys.platform == "win32":
        return home / "AppData" / "Local"
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


@dataclass(frozen=True, slots=True)
class Store:
    """One folder of data files. A file under its own name is whole; what is being written has `.part` at its end."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def part(self, name: str) -> Path:
        return self.folder / f"{name}.part"

    def prepare(self) -> None:
        """Make the folder, which tells git to look away wherever it lies."""
        ignore = self.folder / ".gitignore"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise self.not_written(ignore, error) from error

    def require_space(self, path: Path, size: int) -> None:
        """Refuse now what would fill the disk later."""
        with suppress(OSError):  # where the system cannot say, writing will
            free = shutil.disk_usage(self.folder).free
            if free < size:
                raise DataError(
                    f"{path} needs {exact_size(size)}, and its disk has {exact_size(free)} left.",
                    hint=f"free some space, take a smaller size, or {_elsewhere()}",
                )

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one process at a time write this file; the second waits a little, then says so."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only a writing command waits for the import

        self.prepare()
        lock = FileLock(self.folder / f".{name}.lock")
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise UsageError(
                f"Another course command is writing {self.path(name)}.",
                hint="wait for it (or end it), then type the command again",
            ) from error
        except OSError as error:
            raise self.not_written(self.path(name), error) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Write a file that appears under its name only when it is whole; leave nothing behind otherwise."""
        part = self.part(name)
        try:
            with part.open("wb") as file:
                yield file
                sync(file)
            part.replace(self.path(name))
        except BaseException as error:
            with suppress(OSError):
                part.unlink()
            if isinstance(error, OSError):
                raise self.not_written(self.path(name), error) from error
            raise

    def not_written(self, path: Path, error: OSError) -> DataError:
        if error.errno in _FULL:
            return DataError(
                f"{path} could not be written: the disk is full.", hint=f"free some space, or {_elsewhere()}"
            )
        return DataError(
            f"{path} could not be written: {error.strerror or error}.",
            hint=f"mend the permissions (ls -ld '{path.parent}'), or {_elsewhere()}",
        )


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _elsewhere() -> str:
    return f"set {VARIABLE} to a folder elsewhere; then type the command again"


def user_store() -> Store:
    return Store(data_folder())
