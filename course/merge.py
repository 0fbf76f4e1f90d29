"""Two machines' copies of one progress, joined: what either of them holds, the result holds.

The order of the copies does not matter, nor how often one is given: joining is commutative, associative and idempotent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course.curriculum import Curriculum
from course.errors import ProgressUnreadable, UsageError
from course.files import append
from course.gate import speaks_of
from course.progress import (
    Pass,
    Progress,
    alone,
    dump,
    has_conflict,
    history_of,
    keep_aside,
    load_progress,
    not_written,
    read_progress,
    write_progress,
)
from course.workspace import Workspace

# Whether a pass of a step speaks of the code that lies in the workspace.
Fits = Callable[[str, Pass], bool]
# Where a step stands in the course.
Place = Callable[[str], int]


def join(one: Progress, other: Progress, fits: Fits, place: Place) -> Progress:
    """Join two copies; of two passes of one step the one that fits the code wins, else the later one."""
    return Progress(
        created=min(one.created, other.created),
        current=_further(one.current, other.current, place),
        opened=_earliest(one.opened, other.opened),
        passed={
            key: max(
                (side.passed[key] for side in (one, other) if key in side.passed),
                key=lambda entry, key=key: (fits(key, entry), entry.at, _plain(asdict(entry))),  # type: ignore[misc]
            )
            for key in _in_order([*one.passed, *other.passed], place)
        },
        strict=one.strict or other.strict,
        predicted=_earliest(one.predicted, other.predicted),
        other=_joined(one.other, other.other),
    )


def differences(copies: Iterable[Progress], joined: Progress, fits: Fits) -> list[tuple[str, str]]:
    """What the copies disagreed on and what was done, as (the step's key or "", words), in the order of the result."""
    copies, found = list(copies), []
    for key, kept in joined.passed.items():
        if len({(copy.passed[key].code, copy.passed[key].grader) for copy in copies if key in copy.passed}) > 1:
            what = "kept the one that fits your file" if fits(key, kept) else "your file is neither: check it again"
            found.append((key, f"passed in several copies, for different code; {what}"))
    currents = {copy.current for copy in copies if copy.current is not None} - {joined.current}
    found += [(key, "the current step of another copy; the one further on is the current one now") for key in
              sorted(currents)]  # fmt: skip
    if joined.strict and not all(copy.strict for copy in copies):
        found.append(("", "one copy is strict: the joined one is, too"))
    for name in joined.other:
        if len({_plain(copy.other[name]) for copy in copies if name in copy.other}) > 1:
            found.append(("", f"the field “{name}” differs; kept {_plain(joined.other[name])}"))
    return found


def _further(one: str | None, other: str | None, place: Place) -> str | None:
    named = [key for key in (one, other) if key is not None]
    return max(named, key=lambda key: (place(key), key)) if named else None


def _earliest(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    times = {key: min(side[key] for side in (one, other) if key in side) for key in {**one, **other}}
    return dict(sorted(times.items(), key=lambda entry: (entry[1], entry[0])))


def _in_order(keys: list[str], place: Place) -> list[str]:
    return sorted(set(keys), key=lambda key: (place(key), key))


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Fields of another version: nobody here knows how to join them, so the same one is taken whatever the order."""
    return {
        name: max((side[name] for side in (one, other) if name in side), key=_plain)
        for name in sorted({**one, **other})
    }


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of it: the progress, what the copies disagreed on, new attempts, where the conflict is kept."""

    progress: Progress
    differences: tuple[tuple[str, str], ...]
    attempts: int
    kept: Path | None


def combine(curriculum: Curriculum, workspace: Workspace, copies: Iterable[Path], *, conflict: bool) -> Joined:
    """Join copies (files, or the folders they lie in) into the workspace's progress, and their histories into its own.

    With `conflict` the workspace's file is the two sides that git could not join. Raise a `CourseError` when one of
    them cannot be read; nothing is changed then.
    """
    path, kept = workspace.progress, None
    files = [copy / path.name if copy.is_dir() else copy for copy in copies]
    modules, order = workspace.modules(), {step.key: place for place, step in enumerate(curriculum)}

    def fits(key: str, entry: Pass) -> bool:
        return key in curriculum and speaks_of(curriculum, workspace, curriculum[key], entry, modules)

    others = [load_progress(file) for file in files]
    with alone(path):
        data = _data(path) if conflict else b""
        mine = sides(data, path) if conflict else [load_progress(path)]
        found = [*mine, *others]
        progress = found[0]
        for other in found[1:]:
            progress = join(progress, other, fits, lambda key: order.get(key, -1))
        try:
            kept = keep_aside(path, data, "conflict") if conflict else None
            if conflict or dump(progress) != dump(mine[0]):
                write_progress(path, progress, previous=not conflict)
            attempts = join_histories(path, files)
        except OSError as error:
            raise not_written(path, error) from error
    return Joined(progress, tuple(differences(found, progress, fits)), attempts, kept)


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise not_written(path, error) from error


# ---------------------------------------------------------------- the marks of git


def sides(data: bytes, path: Path) -> list[Progress]:
    """The two files that git could not join, from the marks it left; raise `UsageError` when there are none."""
    ours, theirs = _sides(data.splitlines(keepends=True))
    if not has_conflict(data):
        raise UsageError(
            f"{path} holds no merge conflict.", hint="course progress merge OTHER   joins another copy into it"
        )
    try:
        return [read_progress(b"".join(lines), path) for lines in (ours, theirs)]
    except ProgressUnreadable as error:
        raise UsageError(
            f"One side of the merge conflict in {path} cannot be read: {error.message}",
            hint=f"git checkout --ours '{path}'   takes your side (--theirs: the other)",
        ) from error


def _sides(lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    ours: list[bytes] = []
    theirs: list[bytes] = []
    writing = {"": (ours, theirs), "ours": (ours,), "theirs": (theirs,), "base": ()}
    side = ""
    for line in lines:
        mark = line.rstrip(b"\r\n")[:7]
        if mark == b"<<<<<<<":
            side = "ours"
        elif mark == b"|||||||" and side:
            side = "base"
        elif mark == b"=======" and side:
            side = "theirs"
        elif mark == b">>>>>>>" and side:
            side = ""
        else:
            for text in writing[side]:
                text.append(line)
    return ours, theirs


# ---------------------------------------------------------------- the history


def join_histories(path: Path, others: Iterable[Path]) -> int:
    """Append to the history beside `path` what only the others' know, line by line; return how many lines that is."""
    known, missing = Counter(_lines(path)), Counter[bytes]()
    for other in others:
        missing |= Counter(_lines(other)) - known
    new = sorted(missing.elements(), key=lambda line: (_when(line), line))
    if new:
        history_of(path).parent.mkdir(exist_ok=True)
        append(history_of(path), b"".join(line + b"\n" for line in new))
    return len(new)


def _lines(path: Path) -> list[bytes]:
    history = history_of(path)
    return [line for line in history.read_bytes().splitlines() if _when(line)] if history.is_file() else []


def _when(line: bytes) -> str:
    """The time of an entry; nothing for a line that is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return str(entry.get("at", "")) if isinstance(entry, dict) else ""
