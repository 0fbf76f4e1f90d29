"""progress.json: what is open and what has passed. Written atomically under a lock, with the previous one kept."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from course.errors import ProgressNotWritten, ProgressUnreadable, UsageError
from course.workspace import free_name

FORMAT = 1
LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Pass:
    """The record of a pass: it holds for this code and this grader, and can be graded again."""

    at: str
    code: str
    raw: str
    grader: str
    seed: int
    versions: dict[str, str] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Progress:
    created: str
    current: str | None = None
    opened: dict[str, str] = field(default_factory=dict)
    passed: dict[str, Pass] = field(default_factory=dict)
    # A strict workspace opens a step only when the predictions of the ones before it were right, too.
    strict: bool = False
    predicted: dict[str, str] = field(default_factory=dict)
    # Fields that this version does not know are carried along, not dropped; the same in each pass.
    other: dict[str, Any] = field(default_factory=dict)


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def load_progress(path: Path) -> Progress:
    """Read progress.json; raise `ProgressUnreadable` with what to do, and leave the file as it is."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _parse(data, path)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _unreadable(path, _why_not_json(path, error)) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _unreadable(path, f"it does not have the form of a progress file ({error})") from error
    except OSError as error:
        raise ProgressUnreadable(
            f"{path} cannot be read: {error.strerror}.", hint=f"ls -l '{path}'   shows whose it is"
        ) from error


def _why_not_json(path: Path, error: Exception) -> str:
    data = path.read_bytes()
    if not data.strip():
        return "it is empty"
    if b"<<<<<<< " in data:
        return "it holds a merge conflict; keep one side (git checkout --ours or --theirs), or type the line below"
    return f"it is not JSON ({error})"


def _parse(data: Any, path: Path) -> Progress:
    if not isinstance(data, dict):
        raise TypeError("an object was expected")
    if not isinstance(data["format"], int):
        raise TypeError("format must be a number")
    if data["format"] > FORMAT:
        raise ProgressUnreadable(
            f"{path} was written by a newer version of the course (format {data['format']}, this one reads {FORMAT}).",
            hint="git pull && pip install -e .   brings the course up to date; your file is untouched",
        )
    if not isinstance(data["current"], str | None):
        raise TypeError("current must be a step's key or null")
    if not isinstance(data.get("strict", False), bool):
        raise TypeError("strict must be true or false")
    known = {"format", "created", "current", "opened", "passed", "strict", "predicted"}
    return Progress(
        created=str(data["created"]),
        current=data["current"],
        opened=dict(data["opened"]),
        passed={key: _parse_pass(entry) for key, entry in data["passed"].items()},
        strict=data.get("strict", False),
        predicted=dict(data.get("predicted", {})),
        other={key: value for key, value in data.items() if key not in known},
    )


def _parse_pass(entry: dict[str, Any]) -> Pass:
    known = {one.name for one in fields(Pass)} - {"other"}
    other = {key: value for key, value in entry.items() if key not in known}
    return Pass(**{key: value for key, value in entry.items() if key in known}, other=other)


def _unreadable(path: Path, why: str) -> ProgressUnreadable:
    return ProgressUnreadable(
        f"{path} cannot be used: {why}. Nothing was changed.",
        hint="course progress restore   puts the last good copy back and keeps this one beside it",
    )


def dump(progress: Progress) -> str:
    data: dict[str, Any] = {
        "format": FORMAT,
        "created": progress.created,
        "current": progress.current,
        "opened": progress.opened,
        "passed": {key: _plain(entry) for key, entry in progress.passed.items()},
    }
    # Written only where they say something: a file without them is one that older versions know.
    if progress.strict:
        data["strict"] = True
    if progress.predicted:
        data["predicted"] = progress.predicted
    return json.dumps(data | progress.other, indent=2, ensure_ascii=False) + "\n"


def _plain(entry: Pass) -> dict[str, Any]:
    data = asdict(entry)
    other: dict[str, Any] = data.pop("other")
    return data | other


def previous_copy(path: Path) -> Path:
    return path.parent / ".course" / "progress.previous.json"


@contextmanager
def update(path: Path, *, create: bool = False) -> Iterator[Progress]:
    """Read, let the caller change, write: as one step that no other `course` process can come between."""
    with _locked(path):
        progress = Progress(created=now()) if create and not path.exists() else load_progress(path)
        before = dump(progress)
        yield progress
        if dump(progress) != before or not path.exists():
            _write(path, dump(progress))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 40 ms that only a writing command pays

    state = path.parent / ".course"
    try:
        state.mkdir(exist_ok=True)
        lock = FileLock(state / "progress.lock")
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout as error:
        raise UsageError(
            f"Another course command has been writing {path.name} for {LOCK_SECONDS:.0f} seconds.",
            hint="wait for it (or end it), then type the command again",
        ) from error
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, text: str) -> None:
    """Replace the file in one step: a kill at any moment leaves the old one or the new one, whole."""
    temporary = _temporary(path)
    try:
        if path.exists() and not os.access(path, os.W_OK):
            # A rename would succeed where only the folder is writable, and override what the learner protected.
            raise PermissionError(13, "the file is write-protected")
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            _keep_previous(path)
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise _not_written(path, error) from error


def _temporary(path: Path) -> Path:
    """One name is enough under the lock, and what a killed command left behind is written over."""
    return path.parent / ".course" / "progress.tmp"


def _keep_previous(path: Path) -> None:
    spare = previous_copy(path).with_suffix(".tmp")
    shutil.copyfile(path, spare)
    spare.replace(previous_copy(path))


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _not_written(path: Path, error: OSError) -> ProgressNotWritten:
    return ProgressNotWritten(
        f"{path} could not be written: {error.strerror or error}. The old one is untouched; this pass is not recorded.",
        hint=f"free the disk or mend the permissions (ls -ld '{path.parent}'), then type the command again",
    )


def restore(path: Path) -> Path:
    """Put the previous copy back; return where the broken file was kept. Raise when there is no good copy."""
    spare = previous_copy(path)
    afresh = f"mv '{path}' '{path}.broken' && course init .   starts afresh; your code in minillm/ stays"
    if not spare.is_file():
        raise UsageError(f"There is no earlier copy of {path.name} in {spare.parent}.", hint=afresh)
    try:
        load_progress(spare)
    except ProgressUnreadable as error:
        raise UsageError(f"The earlier copy is no better: {error.message}", hint=afresh) from error
    with _locked(path):
        kept = free_name(path.with_name(f"{path.name}.broken-{time.strftime('%Y%m%d-%H%M%S')}"))
        try:
            if path.exists():
                shutil.copyfile(path, kept)
            shutil.copyfile(spare, _temporary(path))
            _temporary(path).replace(path)
        except OSError as error:
            raise _not_written(path, error) from error
    return kept


def record_attempt(path: Path, entry: dict[str, Any]) -> None:
    """Append one attempt to the history beside progress.json: one JSON object a line, never rewritten."""
    history = path.parent / ".course" / "attempts.jsonl"
    line = json.dumps({"at": now(), **entry}, ensure_ascii=False) + "\n"
    try:
        history.parent.mkdir(exist_ok=True)
        with history.open("a", encoding="utf-8", newline="\n") as file:
            file.write(line)
    except OSError as error:
        raise _not_written(history, error) from error
