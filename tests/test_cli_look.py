"""The verbs that look: map, lesson, solution, doctor. They change nothing, piped or in a narrow window."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Cli, open_step

from course.content import Content
from course.curriculum import Curriculum
from course.workspace import Workspace

Solve = Callable[[str], Path]


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# ---------------------------------------------------------------- map


def test_the_map_shows_every_state(cli: Cli, workspace: Workspace, curriculum: Curriculum, solve: Solve) -> None:
    solve("alpha/double")
    file = solve("alpha/mean")
    file.write_text("x = 1\n", encoding="utf-8")
    open_step(workspace, curriculum, "alpha/stack")
    lines = [" ".join(line.split()) for line in cli.ok("map").splitlines()]
    for line in (
        "A Alpha 2 of 5",
        "✓ A.1 Doubling 5 min",
        "~ A.2 The mean its code changed since: course check A.2 10 min",
        "○ A.3 Powers (elective) 10 min",
        "→ ○ A.4 A stack 10 min",
        "· A.5 A stack that gives back 10 min",
        "What is to come. 2 steps, not written yet.",
    ):
        assert line in lines


def test_the_map_can_be_read_without_a_workspace(cli: Cli, tmp_path: Path) -> None:
    said = cli.ok("map", cwd=tmp_path)
    assert "A.1" in said
    assert "0 of 5" not in said


def test_the_map_as_json(cli: Cli, solve: Solve) -> None:
    solve("alpha/double").write_text("x = 1\n", encoding="utf-8")
    data = json.loads(cli.ok("map", "--json"))
    assert set(data) == {"schema", "current", "stages"}
    assert (data["schema"], data["current"]) == (1, "alpha/double")
    assert [stage["id"] for stage in data["stages"]] == ["A", "B", "C"]
    assert data["stages"][2] == {
        "id": "C", "title": "Gamma", "planned": ["One thing", "Another thing"], "steps": [],
    }  # fmt: skip
    first, second = data["stages"][0]["steps"][:2]
    assert first == {
        "number": "A.1", "key": "alpha/double", "title": "Doubling", "minutes": 5, "elective": False,
        "state": "stale", "why": "its code changed since", "file": "minillm/alpha/double.py", "needs": [],
    }  # fmt: skip
    assert (second["state"], second["needs"]) == ("open", ["alpha/double"])


def test_the_map_as_json_without_a_workspace(cli: Cli, tmp_path: Path) -> None:
    data = json.loads(cli.ok("map", "--json", cwd=tmp_path))
    assert data["current"] is None
    assert {step["state"] for stage in data["stages"] for step in stage["steps"]} == {None}


# ---------------------------------------------------------------- lesson


def test_the_lesson_of_the_current_step(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    open_step(workspace, curriculum, "alpha/double")
    said = cli.ok("lesson")
    assert "A.1 · 5 min · you write minillm/alpha/double.py · pure Python" in said
    assert "Twice as much of something" in said
    assert "$$" not in said
    assert "\\cdot" not in said


def test_a_lesson_by_number_or_key(cli: Cli) -> None:
    assert cli.ok("lesson", "a.1") == cli.ok("lesson", "alpha/double")


def test_a_plain_lesson_is_the_markdown(cli: Cli, content: Content) -> None:
    text = content.lesson("alpha/double").read_text(encoding="utf-8")
    assert cli.ok("lesson", "A.1", "--plain").rstrip("\n") == text.rstrip("\n")


def test_lessons_can_be_read_without_a_workspace(cli: Cli, tmp_path: Path) -> None:
    assert "Centring" in cli.ok("lesson", "B.1", cwd=tmp_path)
    assert "Doubling" in cli.ok("lesson", cwd=tmp_path)


def test_a_lesson_that_is_gone_is_ours(cli: Cli, copied: Content) -> None:
    cli.content = copied
    copied.lesson("alpha/double").unlink()
    result = cli("lesson")
    assert result.exit_code == 3
    assert "curriculum/alpha/double.md cannot be read" in result.stderr


# ---------------------------------------------------------------- a step that is not there, or not yet


@pytest.mark.parametrize("verb", ["lesson", "check", "next", "reset", "solution"])
def test_an_unknown_step(cli: Cli, verb: str) -> None:
    result = cli(verb, "alpha/doubel")
    assert result.exit_code == 2
    assert "There is no step 'alpha/doubel'." in result.stderr
    assert "Did you mean A.1?  course map   lists every step" in result.stderr


@pytest.mark.parametrize("verb", ["lesson", "check", "next", "reset"])
def test_a_locked_step(cli: Cli, workspace: Workspace, verb: str) -> None:
    before = snapshot(workspace.root)
    result = cli(verb, "B.1")
    assert result.exit_code == 2
    assert "B.1 Centring is locked: A.1 Doubling comes first." in result.stderr
    assert "course check A.1   then   course next" in result.stderr
    assert snapshot(workspace.root) == before


# ---------------------------------------------------------------- solution


def test_no_solution_before_the_pass(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    open_step(workspace, curriculum, "alpha/double")
    result = cli("solution", "A.1")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "shown once your own code passes" in result.stderr
    assert "course check A.1" in result.stderr


def test_the_solution_after_the_pass_is_the_reference(cli: Cli, content: Content, solve: Solve) -> None:
    solve("alpha/double")
    assert cli.ok("solution", "A.1").rstrip() == content.reference("alpha/double").read_text(encoding="utf-8").rstrip()


def test_a_solution_beside_the_learners(cli: Cli, solve: Solve) -> None:
    file = solve("alpha/double")
    assert "Yours is the same, letter by letter." in cli.ok("solution", "A.1", "--diff")
    file.write_text(file.read_text(encoding="utf-8").replace("2 * x", "x + x"), encoding="utf-8")
    lines = cli.ok("solution", "A.1", "--diff").splitlines()
    assert lines[:2] == ["--- yours: minillm/alpha/double.py", "+++ the course's"]
    assert "-    return x + x" in lines
    assert "+    return 2 * x" in lines


def test_a_long_line_of_a_piped_solution_stays_whole(cli: Cli, solve: Solve, monkeypatch: pytest.MonkeyPatch) -> None:
    file = solve("alpha/double")
    file.write_text(f"x = '{'long ' * 60}'\n", encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "40")
    assert f"-x = '{'long ' * 60}'" in cli.ok("solution", "A.1", "--diff").splitlines()


# ---------------------------------------------------------------- doctor


def test_doctor_says_what_the_machine_is(cli: Cli, tmp_path: Path) -> None:
    said = cli.ok("doctor", cwd=tmp_path)  # it needs no workspace
    for word in ("system", "python", "packages", "numpy", "cores", "memory", "GPU", "tier", "runaway code"):
        assert word in said


def test_doctor_as_json(cli: Cli) -> None:
    data = json.loads(cli.ok("doctor", "--json"))
    names = {"schema", "system", "python", "packages", "cores", "memory", "gpu", "tier", "protections", "watch"}
    assert set(data) == names
    assert data["watch"] is None
    assert data["schema"] == 1
    assert data["tier"] in ("cpu-8gb", "cpu-16gb", "gpu-8gb", "gpu-16gb")
    assert data["cores"] >= 1
    assert data["memory"] > 1 << 28
    assert data["packages"]["numpy"]
    assert all({"name", "holds", "by"} <= set(one) for one in data["protections"])


# ---------------------------------------------------------------- how it looks


@pytest.mark.parametrize("columns", [None, "40", "200"])
@pytest.mark.parametrize(
    "command", ["", "map", "lesson A.1", "lesson A.2", "solution A.1", "doctor", "start", "check A.9"]
)
def test_piped_output_has_no_escape_codes_and_no_spaces_at_the_ends(
    cli: Cli, solve: Solve, monkeypatch: pytest.MonkeyPatch, command: str, columns: str | None
) -> None:
    solve("alpha/double").write_text("x = 1\n", encoding="utf-8")
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    said = cli(*command.split()).output
    assert said.strip()
    assert "\x1b" not in said
    assert [line for line in said.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("command", ["", "map", "lesson A.1", "doctor", "start"])
def test_a_narrow_window_is_kept(cli: Cli, solve: Solve, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    solve("alpha/double").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "40")
    assert [line for line in cli.ok(*command.split()).splitlines() if len(line) > 40] == []


def test_looking_changes_nothing(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double").write_text("x = 1\n", encoding="utf-8")
    before = snapshot(workspace.root)
    for command in ("", "map", "map --json", "lesson", "solution A.1", "solution A.1 --diff", "doctor"):
        cli.ok(*command.split())
    assert snapshot(workspace.root) == before


def test_a_course_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    cli.content = Content(tmp_path / "gone")
    for command in ("map", "lesson", "check", "next", "dev check"):
        result = cli(*command.split())
        assert result.exit_code == 3
        assert "The course's content was not found" in result.stderr
        assert "unset COURSE_CONTENT" in result.stderr


def test_a_course_toml_that_is_broken(cli: Cli, copied: Content) -> None:
    cli.content = copied
    copied.course_toml.write_text("format = 1\ntitle = 3\n", encoding="utf-8")
    for command in ("map", "lesson", "check", "next", "dev check"):
        result = cli(*command.split())
        assert result.exit_code == 3
        assert "curriculum/course.toml" in result.stderr


def test_the_old_workspace_in_another_place(cli: Cli, workspace: Workspace, solve: Solve, tmp_path: Path) -> None:
    solve("alpha/double")
    there = tmp_path / "moved to größer 模型"
    shutil.move(workspace.root, there)
    assert "✓  A.1" in cli.ok("map", cwd=there)
