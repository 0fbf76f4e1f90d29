"""The gate: what is passed, stale, open or locked, and which step comes next. Nothing a chat says opens it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from course.code import closure, fingerprint, raw_digest
from course.content import Content
from course.curriculum import Curriculum, Step
from course.errors import LockedStep
from course.progress import Pass, Progress
from course.workspace import Workspace


class State(StrEnum):
    PASSED = "passed"
    STALE = "stale"
    OPEN = "open"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a step stands; `why` says in plain words what made a pass stale or keeps a step locked."""

    state: State
    why: str = ""


def grader_digest(content: Content, step: Step) -> str:
    """Hash what decides the verdict: the properties, the probes and the step's rules."""
    digest = hashlib.sha256()
    for path in (content.test_file(step.key), content.probes(step.key)):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b"")
        digest.update(b"\1")
    digest.update(repr((step.rules.imports, step.rules.forbid)).encode())
    return digest.hexdigest()[:32]


def standings(curriculum: Curriculum, workspace: Workspace, progress: Progress) -> dict[str, Standing]:
    """Say for every step of the curriculum where it stands, from the files as they are now."""
    modules = workspace.modules()
    return {step.key: _standing(curriculum, workspace, progress, step, modules) for step in curriculum}


def _standing(
    curriculum: Curriculum, workspace: Workspace, progress: Progress, step: Step, modules: Mapping[str, Path]
) -> Standing:
    if record := progress.passed.get(step.key):
        why = _staleness(curriculum, workspace, progress, step, record, modules)
        return Standing(State.STALE, why) if why else Standing(State.PASSED)
    if step.key in progress.opened:
        return Standing(State.OPEN)
    if missing := [need for need in required(curriculum, step) if need.key not in progress.passed]:
        return Standing(State.LOCKED, f"needs {missing[0].number}")
    if unpredicted := _unpredicted(curriculum, progress, step):
        return Standing(State.LOCKED, f"needs the predictions of {unpredicted[0].number}")
    return Standing(State.OPEN)


def _unpredicted(curriculum: Curriculum, progress: Progress, step: Step) -> list[Step]:
    """In a strict workspace: the required steps whose predictions are still to be answered."""
    if not progress.strict:
        return []
    needed = [need for need in required(curriculum, step) if need.key not in progress.predicted]
    return [need for need in needed if has_predictions(curriculum.content, need)]


def has_predictions(content: Content, step: Step) -> bool:
    """Whether a step has prediction questions at all."""
    path = content.prompt(step.key)
    try:
        return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("predict"))
    except (OSError, ValueError):
        return False  # what cannot be asked cannot be demanded


def _staleness(
    curriculum: Curriculum,
    workspace: Workspace,
    progress: Progress,
    step: Step,
    record: Pass,
    modules: Mapping[str, Path],
) -> str:
    """Say why a pass no longer speaks of the code as it is, or nothing."""
    if not workspace.file(step).is_file():
        return f"{step.path} is gone"
    if record.grader != grader_digest(curriculum.content, step):
        return "its grader was improved since"
    if _still_growing(curriculum, progress, step):
        return ""
    paths = closure(step.module, modules)
    if _same_code(record, paths):
        return ""
    alone = [path for path in paths if path.name != "__init__.py"] == [workspace.file(step)]
    return "its code changed since" if alone else "its code, or a module it imports, changed since"


def _same_code(record: Pass, paths: list[Path]) -> bool:
    return raw_digest(paths) == record.raw or fingerprint(paths) == record.code


def speaks_of(
    curriculum: Curriculum, workspace: Workspace, step: Step, record: Pass, modules: Mapping[str, Path]
) -> bool:
    """Whether a pass was given by this grader to the code that lies there now."""
    if not workspace.file(step).is_file() or record.grader != grader_digest(curriculum.content, step):
        return False
    return _same_code(record, closure(step.module, modules))


def _still_growing(curriculum: Curriculum, progress: Progress, step: Step) -> bool:
    """A later step is being written into the same file: that it changes is what was asked for."""
    later = curriculum.sharing(step)[curriculum.sharing(step).index(step) + 1 :]
    return any(other.key in progress.opened and other.key not in progress.passed for other in later)


def required(curriculum: Curriculum, step: Step) -> list[Step]:
    """What must have passed before a step opens: its needs and, for a core step, every core step before it."""
    earlier = []
    for other in curriculum:
        if other.key == step.key:
            break
        if other.key in step.needs or not (step.elective or other.elective):
            earlier.append(other)
    return earlier


def require_open(curriculum: Curriculum, workspace: Workspace, progress: Progress, step: Step) -> None:
    """Raise `LockedStep`, naming the step to pass first, unless the step is open."""
    standing = _standing(curriculum, workspace, progress, step, {})
    if standing.state is not State.LOCKED:
        return
    first = next((need for need in required(curriculum, step) if need.key not in progress.passed), None)
    if first is None:
        first = _unpredicted(curriculum, progress, step)[0]
        raise LockedStep(
            f"{step.number} {step.title} is locked: this workspace is strict, and the predictions of {first.number} "
            "come first.",
            hint=f"course predict {first.number}   then   course next",
        )
    raise LockedStep(
        f"{step.number} {step.title} is locked: {first.number} {first.title} comes first.",
        hint=f"course check {first.number}   then   course next",
    )


def following(curriculum: Curriculum, progress: Progress) -> Step | None:
    """The next core step to pass, in the order of the curriculum; None when all have passed."""
    return next((step for step in curriculum if not step.elective and step.key not in progress.passed), None)


def current_step(curriculum: Curriculum, progress: Progress) -> Step | None:
    """The step the learner works on: the one opened last, or the first."""
    if progress.current is not None and progress.current in curriculum:
        return curriculum[progress.current]
    return following(curriculum, progress)


def open_electives(curriculum: Curriculum, progress: Progress) -> list[Step]:
    return [
        step
        for step in curriculum
        if step.elective
        and step.key not in progress.opened
        and all(need.key in progress.passed for need in required(curriculum, step))
    ]
