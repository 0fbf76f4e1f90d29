"""The verbs that move: next, reset. None moves by itself, none overwrites a file."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import Cli, open_step, progress_of, without, write_reference

from course.content import Content
from course.curriculum import Curriculum
from course.grading.learner import Learner
from course.workspace import Workspace

Solve = Callable[[str], Path]


@pytest.fixture
def no_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grade nothing: what is known already must be enough."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("graded")

    monkeypatch.setattr("course.grading.judge.grade", refuse)


# ---------------------------------------------------------------- next


@pytest.mark.usefixtures("no_grading")
def test_next_opens_the_first_step_of_a_new_workspace(cli: Cli, workspace: Workspace) -> None:
    said = cli.ok("next")
    assert "→ A.1 Doubling   about 5 min" in said
    assert "Twice as much of something" in said  # the start of its lesson
    assert progress_of(workspace).current == "alpha/double"


def test_next_stays_where_the_step_does_not_pass(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    before, code = workspace.progress.read_bytes(), file.read_bytes()
    result = cli("next")
    assert result.exit_code == 1
    assert "0 of 3 properties hold" in result.stdout
    assert "course check A.1" in result.stdout
    assert "A.2" not in result.stdout
    assert workspace.progress.read_bytes() == before
    assert file.read_bytes() == code
    assert not (workspace.package / "alpha" / "mean.py").exists()


def test_next_grades_the_code_as_it_is_and_moves(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    open_step(workspace, curriculum, "alpha/double")
    write_reference(workspace, curriculum, "alpha/double")
    said = cli.ok("next")
    assert "✓ A.1 Doubling — all 3 properties hold" in said
    assert "→ A.2 The mean" in said
    assert "course next A.3   Powers (elective)" in said
    assert (workspace.package / "alpha" / "mean.py").is_file()
    progress = progress_of(workspace)
    assert progress.current == "alpha/mean"
    assert set(progress.passed) == {"alpha/double"}


def test_next_does_not_trust_a_stale_pass(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    file = solve("alpha/double")
    file.write_text(file.read_text(encoding="utf-8").replace("2 * x", "3 * x"), encoding="utf-8")
    result = cli("next")
    assert result.exit_code == 1
    assert "WRONG  double(x) is 2·x" in result.stdout
    assert progress_of(workspace).current == "alpha/double"


@pytest.mark.usefixtures("no_grading")
def test_next_after_a_fresh_pass_grades_nothing(cli: Cli, solve: Solve) -> None:
    solve("alpha/double")
    assert "→ A.2 The mean" in cli.ok("next")


@pytest.mark.usefixtures("no_grading")
def test_next_never_overwrites(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double")
    mean = workspace.package / "alpha" / "mean.py"
    mean.write_text("mine\n", encoding="utf-8")
    assert "it was there already; nothing in it was touched" in " ".join(cli.ok("next").split())
    assert mean.read_text(encoding="utf-8") == "mine\n"


@pytest.mark.usefixtures("no_grading")
def test_next_with_a_step_goes_to_an_open_one(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    file = solve("alpha/double")
    cli.ok("next")
    code = file.read_bytes()
    assert "→ A.1 Doubling" in cli.ok("next", "A.1")
    assert progress_of(workspace).current == "alpha/double"
    assert file.read_bytes() == code


@pytest.mark.usefixtures("no_grading")
def test_next_opens_an_elective_only_by_name(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double")
    solve("alpha/mean")
    assert "→ A.4 A stack" in cli.ok("next")
    assert "alpha/power" not in progress_of(workspace).opened
    assert "→ A.3 Powers" in cli.ok("next", "A.3")
    assert progress_of(workspace).current == "alpha/power"


def test_an_elective_that_is_not_passed_says_how_to_go_on(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, solve: Solve
) -> None:
    solve("alpha/double")
    open_step(workspace, curriculum, "alpha/power")
    result = cli("next")
    assert result.exit_code == 1
    assert "A.3 is an elective: course next A.2   goes on without it" in result.stdout
    assert "→ A.2" in cli.ok("next", "A.2")


def test_the_second_step_of_a_file(cli: Cli, workspace: Workspace, curriculum: Curriculum, solve: Solve) -> None:
    for key in ("alpha/double", "alpha/mean"):
        solve(key)
    cli.ok("next")
    file = workspace.file(curriculum["alpha/stack"])
    whole = curriculum.content.reference("alpha/stack").read_text(encoding="utf-8")
    first = without(whole, "Stack.pop", "drain")
    file.write_text(first, encoding="utf-8")
    assert "→ A.5 A stack that gives back" in cli.ok("next")
    assert file.read_text(encoding="utf-8") == first
    assert "✓  A.4" in cli.ok("map")
    file.write_text(whole, encoding="utf-8")
    said = cli.ok("next")
    assert "✓ A.5 A stack that gives back — all 2 properties hold" in said
    assert "→ B.1 Centring" in said
    # A.4's pass was of another text of the file; the whole one is graded again when somebody asks.
    assert "A.4" in cli.ok("verify")
    assert "✓  A.4" in cli.ok("map")


def test_ctrl_c_records_nothing(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_step(workspace, curriculum, "alpha/double")
    before = workspace.progress.read_bytes()

    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("course.grading.judge.grade", interrupted)
    for verb in ("check", "next"):
        result = cli(verb)
        assert result.exit_code == 130
        assert "Stopped. Nothing was recorded." in result.stderr
    assert workspace.progress.read_bytes() == before
    assert not (workspace.state / "attempts.jsonl").exists()


def test_ctrl_c_again_while_it_stops_changes_nothing(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_step(workspace, curriculum, "alpha/double")
    echo = click.echo

    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    def pressed(*arguments: Any, **options: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        echo(*arguments, **options)

    monkeypatch.setattr("course.grading.judge.grade", interrupted)
    monkeypatch.setattr("course.cli.base.click.echo", pressed)
    result = cli("check")
    assert result.exit_code == 130
    assert "Stopped. Nothing was recorded." in result.stderr


def test_ctrl_c_in_the_middle_of_a_property_records_nothing(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_step(workspace, curriculum, "alpha/double")
    write_reference(workspace, curriculum, "alpha/double")
    before = workspace.progress.read_bytes()
    real = Learner._reply

    def interrupted(self: Learner, operation: str, *rest: Any) -> dict[str, Any]:
        if operation == "call":
            raise KeyboardInterrupt
        return real(self, operation, *rest)

    monkeypatch.setattr(Learner, "_reply", interrupted)
    result = cli("check")
    assert result.exit_code == 130, result.output
    assert "Stopped. Nothing was recorded." in result.stderr
    assert workspace.progress.read_bytes() == before
    assert not (workspace.state / "attempts.jsonl").exists()


# ---------------------------------------------------------------- reset


def test_reset_keeps_the_file_and_says_where(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.write_bytes(b"mine = 1\r\n")
    said = cli.ok("reset", "A.1", "--yes")
    kept = workspace.root / said.split("kept: ")[1].splitlines()[0]
    assert kept.read_bytes() == b"mine = 1\r\n"
    assert file.read_bytes() == curriculum.content.stub("alpha/double").read_bytes()
    assert f"{os.path.join('minillm', 'alpha', 'double.py')} is the stub of A.1 again" in said  # noqa: PTH118


def test_reset_asks_first(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.write_text("mine\n", encoding="utf-8")
    result = cli("reset", "A.1", answer="n\n")
    assert result.exit_code == 1
    assert file.read_text(encoding="utf-8") == "mine\n"
    assert "start from the stub?" in result.stdout
    cli.ok("reset", "A.1", answer="y\n")
    assert file.read_text(encoding="utf-8") != "mine\n"


def test_reset_of_a_shared_file_says_what_else_is_in_it(cli: Cli, solve: Solve) -> None:
    for key in ("alpha/double", "alpha/mean", "alpha/stack", "alpha/stack_pop"):
        solve(key)
    assert "(it holds A.5 as well)" in cli("reset", "A.4", answer="n\n").stdout


def test_reset_brings_a_deleted_file_back(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.unlink()
    assert "is the stub of A.1 again" in cli.ok("reset", "A.1")
    assert file.is_file()


def test_reset_makes_the_pass_stale_and_takes_nothing_away(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double")
    cli.ok("reset", "A.1", "--yes")
    assert set(progress_of(workspace).passed) == {"alpha/double"}
    assert "~  A.1" in cli.ok("map")


# ---------------------------------------------------------------- what cannot be written


def test_a_stub_that_is_gone_opens_nothing(cli: Cli, workspace: Workspace, copied: Content) -> None:
    cli.content = copied
    copied.stub("alpha/double").unlink()
    before = workspace.progress.read_bytes()
    result = cli("next")
    assert result.exit_code == 3
    assert "stubs/alpha/double.py cannot be read" in result.stderr
    assert workspace.progress.read_bytes() == before


def test_a_full_disk_while_opening(cli: Cli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course.progress.prepare", full)
    before = workspace.progress.read_bytes()
    result = cli("next")
    assert result.exit_code == 3
    assert "progress.json could not be written: No space left on device" in result.stderr
    assert "free the disk" in result.stderr
    assert workspace.progress.read_bytes() == before
