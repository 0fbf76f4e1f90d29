"""What the tests share: the tiny course of tests/fixtures/course, a workspace of it, and its command line."""

from __future__ import annotations

import ast
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from course.content import Content
from course.curriculum import Curriculum, Step, load_curriculum
from course.gate import grader_digest
from course.progress import Pass, Progress, load_progress, now, update
from course.workspace import Workspace, make_workspace, open_stub

FAKE = Path(__file__).parent / "fixtures" / "course"

# The graders of the tiny courses and the hostile submissions are run by the judge, not by the pytest of these tests.
collect_ignore = ["fixtures", "hostile/course", "hostile/submissions"]


@pytest.fixture
def content() -> Content:
    """The tiny course where it lies: read it, never write to it."""
    return Content(FAKE)


@pytest.fixture
def copied(tmp_path: Path) -> Content:
    """A copy of the tiny course, to be broken."""
    shutil.copytree(FAKE, tmp_path / "content")
    return Content(tmp_path / "content")


@pytest.fixture
def curriculum(content: Content) -> Curriculum:
    return load_curriculum(content)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace, as `course init` makes it; nothing is opened yet."""
    return new_workspace(tmp_path / "work")


def new_workspace(root: Path) -> Workspace:
    made = make_workspace(root)
    with update(made.progress, create=True):
        pass
    return made


# ---------------------------------------------------------------- a learner's work


def write_reference(workspace: Workspace, curriculum: Curriculum, key: str) -> Path:
    """Write the whole reference of a step's file as the learner's code; return the file."""
    step = curriculum[key]
    open_stub(workspace, curriculum.content, step)
    file = workspace.file(step)
    shutil.copyfile(curriculum.content.reference(step.file), file)
    return file


def open_step(workspace: Workspace, curriculum: Curriculum, key: str) -> Path:
    """Open a step as `course next` does, without asking the gate; return the learner's file."""
    open_stub(workspace, curriculum.content, curriculum[key])
    with update(workspace.progress) as progress:
        progress.opened.setdefault(key, now())
        progress.current = key
    return workspace.file(curriculum[key])


def pass_step(workspace: Workspace, curriculum: Curriculum, key: str) -> Path:
    """Open a step, write its reference and record the pass that grading would record; return the learner's file."""
    open_step(workspace, curriculum, key)
    file = write_reference(workspace, curriculum, key)
    step = curriculum[key]
    code, raw = workspace.fingerprint(step)
    with update(workspace.progress) as progress:
        progress.passed[key] = Pass(now(), code, raw, grader_digest(curriculum.content, step), 1)
    return file


def without(source: str, *names: str) -> str:
    """The source as it is before these functions (`name` or `Class.name`) were written."""
    from course.solution import without_bodies

    assert ast.parse(source)
    return without_bodies(source, set(names))


# ---------------------------------------------------------------- the command line


@dataclass
class Cli:
    """Run `course` in a folder, as a learner would: `cli("check", "A.1")`."""

    content: Content
    root: Path
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, cwd: Path | None = None, answer: str | None = None) -> Result:
        from course.cli import main
        from course.view.console import console

        console.cache_clear()  # width and colour follow this call's environment
        self.monkeypatch.chdir(cwd or self.root)
        self.monkeypatch.setenv("COURSE_CONTENT", str(self.content.root))
        result = CliRunner().invoke(main, list(arguments), input=answer, prog_name="course")
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a program that was interrupted listens no more
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception  # a traceback for a learner is a bug of ours
        return result

    def ok(self, *arguments: str, cwd: Path | None = None, answer: str | None = None) -> str:
        """Run it, insist on exit code 0 and return what it printed."""
        result = self(*arguments, cwd=cwd, answer=answer)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture
def cli(content: Content, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The command line over the tiny course, in its workspace, with no colour and the width of a pipe."""
    from course.view.console import console

    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    yield Cli(content, workspace.root, monkeypatch)
    console.cache_clear()


@pytest.fixture
def solve(workspace: Workspace, curriculum: Curriculum) -> Callable[..., Path]:
    """`solve("alpha/double")`: pass a step without grading it."""
    return lambda key: pass_step(workspace, curriculum, key)


def step_keys(curriculum: Curriculum) -> list[str]:
    return [step.key for step in curriculum]


def progress_of(workspace: Workspace) -> Progress:
    return load_progress(workspace.progress)


def core_steps(curriculum: Curriculum) -> list[Step]:
    return [step for step in curriculum if not step.elective]
