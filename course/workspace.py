"""The learner's directory: `progress.json` and their package `minillm/`. Nothing here overwrites a file."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from course import files
from course.code import closure, fingerprint, modules_in, raw_digest
from course.content import PACKAGE, Content
from course.curriculum import Step
from course.errors import NoWorkspace, UsageError, WorkspaceError

PROGRESS = "progress.json"

_README = """\
# My language model

Everything in `minillm/` is written by me, one step of the course at a time.

    course            where I am and what to type next
    course lesson     what this step is about
    course check      does it work?
    course next       on to the next step, once it does

`pip install -e .` makes `import minillm` work anywhere. `progress.json` remembers what has passed; commit it with the
code.
"""

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "minillm"
version = "0.0.1"
description = "A language model, from an empty file."
requires-python = ">=3.11"
dependencies = ["numpy"]

[tool.hatch.build.targets.wheel]
packages = ["minillm"]
"""

_PACKAGE_INIT = '"""A language model from an empty file. Every line below this folder is the learner\'s own."""\n'


@dataclass(frozen=True, slots=True)
class Workspace:
    root: Path

    @property
    def progress(self) -> Path:
        return self.root / PROGRESS

    @property
    def package(self) -> Path:
        return self.root / PACKAGE

    @property
    def state(self) -> Path:
        """The engine's own folder: history, last verdicts, kept copies."""
        return self.root / ".course"

    def file(self, step: Step) -> Path:
        return self.root / step.path

    def modules(self) -> dict[str, Path]:
        return modules_in(self.package)

    def code(self, step: Step, modules: dict[str, Path] | None = None) -> list[Path]:
        """The files that a verdict on this step speaks of."""
        return closure(step.module, self.modules() if modules is None else modules)

    def fingerprint(self, step: Step) -> tuple[str, str]:
        """The hash of the code (comments aside) and the hash of its bytes."""
        paths = self.code(step)
        return fingerprint(paths), raw_digest(paths)


def find_workspace(start: Path) -> Workspace:
    """Walk up from `start` to the first folder with a progress.json, as git does; raise `NoWorkspace`."""
    for folder in [start, *start.parents]:
        # A link that leads nowhere is a workspace in trouble, not the absence of one.
        if (folder / PROGRESS).is_file() or (folder / PROGRESS).is_symlink():
            return Workspace(folder)
    raise NoWorkspace(start)


def make_workspace(root: Path) -> Workspace:
    """Lay the files of a new workspace that are missing; refuse where there is one already."""
    workspace = Workspace(root)
    if os.path.lexists(workspace.progress):
        raise UsageError(f"{root} is a course workspace already.", hint="course map   shows where you are")
    _refuse_nesting(root)
    for path, text in {
        root / "README.md": _README,
        root / "pyproject.toml": _PYPROJECT,
        root / ".gitignore": ".course/\n__pycache__/\n*.egg-info/\n",
    }.items():
        write_missing(path, text)
    make_package(workspace)
    return workspace


def _refuse_nesting(root: Path) -> None:
    try:
        outer = find_workspace(root.parent)
    except NoWorkspace:
        return
    raise UsageError(
        f"{root} lies inside the workspace {outer.root}; one inside another would hide it.",
        hint=f"cd '{outer.root}' && course   goes on there; or choose a folder outside it",
    )


def make_package(workspace: Workspace) -> None:
    write_missing(workspace.package / "__init__.py", _PACKAGE_INIT)


def write_missing(path: Path, text: str) -> bool:
    """Write a file that is not there yet, whole; leave one that is. Say whether it was written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, text.encode("utf-8"))
    except FileExistsError:
        if path.is_file():
            return False
        block, kind = (path, "file") if os.path.lexists(path) else (path.parent, "folder")
        raise WorkspaceError(
            f"{block} is in the way: it is not a {kind}.", hint=f"mv '{block}' '{block}.old'   moves it aside"
        ) from None
    except OSError as error:
        raise _not_written(f"{path} could not be written", path, error) from error
    return True


def keep(workspace: Workspace, name: str, text: str) -> Path:
    """Write one of the course's own files into the workspace, in the place of an older one; return where."""
    path = workspace.root / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise _not_written(f"{path} could not be written", path, error) from error
    return path


def append(path: Path, text: str) -> None:
    """Add to the end of a file of the learner's; what stands there stays."""
    try:
        files.append(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise _not_written(f"{path} could not be written", path, error) from error


def _not_written(what: str, path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"{what}: {error.strerror or error}.",
        hint=f"free the disk or mend the permissions (ls -ld '{path.parent}'), then type the command again",
    )


def open_stub(workspace: Workspace, content: Content, step: Step) -> bool:
    """Copy the step's stub in; an existing file is the learner's and stays. Say whether it was copied."""
    make_package(workspace)
    write_missing(workspace.file(step).parent / "__init__.py", "")
    return write_missing(workspace.file(step), content.read(content.stub(step.file)))


def reset_stub(workspace: Workspace, content: Content, step: Step) -> Path | None:
    """Put the stub back; return where the learner's file was kept, or None when there was none.

    The file is copied first and then replaced in one step: whatever happens in between, it is in one of the two places.
    """
    file, stub = workspace.file(step), content.read(content.stub(step.file))
    if not file.exists():
        open_stub(workspace, content, step)
        return None
    try:
        kept = _set_aside(file, workspace.state / "kept", step.file.replace("/", "."))
        if file.exists():
            files.write_whole(file, stub.encode("utf-8"), lasting=True)
    except OSError as error:
        raise _not_written(f"{file} could not be moved aside", file, error) from error
    open_stub(workspace, content, step)
    return kept


def _set_aside(file: Path, folder: Path, name: str) -> Path:
    """Keep a copy of a file as it is at this moment, under a name of its own; a folder in its place is moved."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.{time.strftime('%Y%m%d-%H%M%S')}.py"
    if not file.is_file():
        return Path(shutil.move(file, free_name(kept)))
    while True:
        kept, before = free_name(kept), file.stat()
        try:
            files.write_new(kept, file.read_bytes(), spare=folder / f".{name}.tmp")
        except FileExistsError:  # another command was quicker
            continue
        if _same(before, file.stat()):
            return kept


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether an editor has left a file alone meanwhile."""
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def free_name(path: Path) -> Path:
    """The name itself, or with a number where a file of that name is kept already."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
