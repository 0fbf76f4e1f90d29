"""progress.json: what is open and what has passed. Written whole under a lock, with earlier copies kept."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from course.errors import ProgressNotWritten, ProgressUnreadable, UsageError
from course.files import append, prepare, put, write_new, write_whole
from course.lock import locked
from course.workspace import free_name

FORMAT = 1

_T = TypeVar("_T")


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


# ---------------------------------------------------------------- reading


def load_progress(path: Path) -> Progress:
    """Read progress.json; raise `ProgressUnreadable` with what to do, and leave the file as it is."""
    try:
        return read_progress(path.read_bytes(), path)
    except OSError as error:
        raise ProgressUnreadable(
            f"{path} cannot be read: {error.strerror}.", hint=f"ls -l '{path}'   shows whose it is"
        ) from error


def read_progress(data: bytes, path: Path) -> Progress:
    """Read what stands in a progress file; `path` is what an error calls it."""
    try:
        return _parse(_json(data), path)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _unreadable(path, data, _why_not_json(data, error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, data, f"it does not have the form of a progress file ({error})") from error


def _json(data: bytes) -> Any:
    """Read JSON as it is meant: no key twice, no NaN, nothing that could not be written again."""
    # Notepad puts a mark before it.
    text = data.decode("utf-8-sig")
    read = json.loads(text, object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite)
    if "\\u" in text:
        json.dumps(read, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two entries of one name are half a merge: the first would be dropped without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{doubled}” stands in it twice; leave one of them")
    return found


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number here")
    return number


def _why_not_json(data: bytes, error: Exception) -> str:
    if not data.strip():
        return "it is empty"
    if has_conflict(data):
        return "it holds a merge conflict"
    return f"it is not JSON ({error})"


def has_conflict(data: bytes) -> bool:
    """Whether git left its marks in a file that two machines had changed."""
    return any(line.startswith(b"<<<<<<< ") for line in data.splitlines())


def _parse(data: Any, path: Path) -> Progress:
    data = _a(dict, data, "it")
    if _a(int, data.get("format"), "format") > FORMAT:
        raise ProgressUnreadable(
            f"{path} was written by a newer version of the course (format {data['format']}, this one reads {FORMAT}).",
            hint="git pull && pip install -e .   brings the course up to date; your file is untouched",
        )
    if data["format"] < 1:
        raise ValueError(f"there is no format {data['format']}")
    known = {"format", "created", "current", "opened", "passed", "strict", "predicted"}
    passed = _a(dict, data.get("passed"), "passed")
    return Progress(
        created=_a(str, data.get("created"), "created"),
        current=None if data["current"] is None else _a(str, data["current"], "current"),
        opened=_texts(data.get("opened"), "opened"),
        passed={key: _parse_pass(entry, f"passed “{key}”") for key, entry in passed.items()},
        strict=_a(bool, data.get("strict", False), "strict"),
        predicted=_texts(data.get("predicted", {}), "predicted"),
        other={key: value for key, value in data.items() if key not in known},
    )


_WORDS = {dict: "an object", int: "a whole number", str: "a text", bool: "true or false"}


def _a(kind: type[_T], value: Any, what: str) -> _T:
    if type(value) is not kind:  # True is no number here
        raise TypeError(f"{what} must be {_WORDS[kind]}")
    return value


def _texts(value: Any, what: str) -> dict[str, str]:
    return {key: _a(str, text, f"{what} “{key}”") for key, text in _a(dict, value, what).items()}


def _parse_pass(entry: Any, what: str) -> Pass:
    entry = _a(dict, entry, what)
    known = {one.name for one in fields(Pass)} - {"other"}
    texts = {name: _a(str, entry.get(name), f"{what}: {name}") for name in ("at", "code", "raw", "grader")}
    return Pass(
        **texts,
        seed=_a(int, entry.get("seed"), f"{what}: seed"),
        versions=_texts(entry.get("versions", {}), f"{what}: versions"),
        other={key: value for key, value in entry.items() if key not in known},
    )


def _unreadable(path: Path, data: bytes, why: str) -> ProgressUnreadable:
    hint = "course progress restore   puts the last good copy back and keeps this one beside it"
    if has_conflict(data):
        hint = "course progress merge --conflict   joins both sides, so that nothing of either is lost"
    return ProgressUnreadable(f"{path} cannot be used: {why}. Nothing was changed.", hint=hint)


# ---------------------------------------------------------------- writing


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
    """What stood in the file before the last command that changed it."""
    return path.parent / ".course" / "progress.previous.json"


def latest_copy(path: Path) -> Path:
    """What the course itself wrote last: a broken file is mended with it, and nothing is lost."""
    return path.parent / ".course" / "progress.latest.json"


@contextmanager
def update(path: Path, *, create: bool = False) -> Iterator[Progress]:
    """Read, let the caller change, write: as one step that no other `course` process can come between."""
    with alone(path):
        progress = Progress(created=now()) if create and not os.path.lexists(path) else load_progress(path)
        before = dump(progress)
        yield progress
        if dump(progress) != before or not path.exists():
            _write(path, dump(progress))


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other `course` command from changing this workspace; raise `ProgressNotWritten` when that fails."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(path.parent / ".course"))
        except OSError as error:
            raise not_written(path, error) from error
        yield


def _write(path: Path, text: str, *, previous: bool = True) -> None:
    """Replace the file in one step: a kill at any moment leaves the old one or the new one, whole.

    A link stays one: what it leads to is replaced.
    """
    real, data = path.resolve(), text.encode("utf-8")
    spare = _spare(path, real)
    try:
        if path.exists() and not os.access(path, os.W_OK):
            # A rename would succeed where only the folder is writable, and override what the learner protected.
            raise PermissionError(13, "the file is write-protected")
        prepare(spare, data, lasting=True)
        if previous and path.exists():
            write_whole(previous_copy(path), path.read_bytes(), spare=previous_copy(path).with_suffix(".tmp"))
        # Before the file itself: a kill between the two must not leave a copy that knows less than the file.
        write_whole(latest_copy(path), data, spare=latest_copy(path).with_suffix(".tmp"))
        put(spare, real, lasting=True)
    except OSError as error:
        with suppress(OSError):
            spare.unlink()
        raise not_written(path, error) from error


def _spare(path: Path, real: Path) -> Path:
    """One name is enough under the lock. In the engine's own folder, unless the file itself lies elsewhere."""
    return real.with_name(f".{real.name}.tmp") if path.is_symlink() else path.parent / ".course" / "progress.tmp"


def not_written(path: Path, error: OSError, lost: str = "this pass is not recorded") -> ProgressNotWritten:
    return ProgressNotWritten(
        f"{path} could not be written: {error.strerror or error}. The old one is untouched; {lost}.",
        hint=f"free the disk or mend the permissions (ls -ld '{path.parent}'), then type the command again",
    )


def restore(path: Path) -> Path:
    """Put the last good copy back; return where the broken file was kept. Raise when there is no good copy."""
    afresh = f"mv '{path}' '{path}.broken' && course init .   starts afresh; your code in minillm/ stays"
    with alone(path):
        current, found = _bytes(path), [latest_copy(path), previous_copy(path)]
        copies = [one for one in found if one.is_file() and _bytes(one) != current]
        if not copies:
            raise UsageError(f"There is no earlier copy of {path.name} in {found[0].parent}.", hint=afresh)
        good = _first_good(copies, afresh)
        try:
            kept = keep_aside(path, current, "broken")
        except OSError as error:
            raise not_written(path, error) from error
        write_progress(path, good, previous=False)
    return kept


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _first_good(copies: Iterable[Path], afresh: str) -> Progress:
    for copy in copies:
        try:
            return load_progress(copy)
        except ProgressUnreadable as error:
            why = error
    raise UsageError(f"The earlier copy is no better: {why.message}", hint=afresh) from why


def keep_aside(path: Path, data: bytes | None, word: str) -> Path:
    """Keep what stood in the file beside it, under a name that is free; return the name. Raise `OSError`."""
    kept = path.with_name(f"{path.name}.{word}-{time.strftime('%Y%m%d-%H%M%S')}")
    while True:
        kept = free_name(kept)
        if data is None:
            return kept
        with suppress(FileExistsError):  # another command was quicker
            write_new(kept, data, spare=path.with_name(f".{path.name}.{word}.tmp"))
            return kept


def write_progress(path: Path, progress: Progress, *, previous: bool) -> None:
    """Write a progress while the caller holds the lock; `previous`: keep what stands there as the previous copy."""
    _write(path, dump(progress), previous=previous)


# ---------------------------------------------------------------- the history


def history_of(path: Path) -> Path:
    return path.parent / ".course" / "attempts.jsonl"


def record_attempt(path: Path, entry: dict[str, Any]) -> None:
    """Append one attempt to the history beside progress.json: one JSON object a line, never rewritten."""
    line = json.dumps({"at": now(), **entry}, ensure_ascii=False) + "\n"
    history = history_of(path)
    try:
        history.parent.mkdir(exist_ok=True)
        append(history, line.encode("utf-8", "replace"))
    except OSError as error:
        raise not_written(history, error, "this attempt is not in the history") from error


def attempts(path: Path) -> list[dict[str, Any]]:
    """The history, oldest first; a line that cannot be read is one that nothing is known of."""
    found = []
    for line in (_bytes(history_of(path)) or b"").splitlines():
        with suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                found.append(entry)
    return found
