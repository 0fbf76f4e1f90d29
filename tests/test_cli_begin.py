"""The first minutes on the command line: help, init, start, bare `course`, and what is said to a mistyped word."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import Cli, open_step, pass_step, progress_of

from course import __version__
from course.cli import main
from course.cli.base import VERBS
from course.curriculum import Curriculum
from course.workspace import Workspace

COMMANDS = [*VERBS, "progress restore", "dev new", "dev check"]


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    said = cli.ok(*command.split(), "--help")
    assert said.startswith(f"Usage: course {command}")
    assert said == cli.ok(*command.split(), "-h")
    described = said.split("\n\n")[1].strip()
    assert described.endswith((".", ")"))
    assert len(described) > 15


def test_the_list_of_commands_is_not_cut(cli: Cli) -> None:
    said = cli.ok("--help")
    assert "..." not in said.partition("Commands:")[2]
    for verb in VERBS:
        assert f"\n  {verb} " in said


def test_help_says_how_to_begin(cli: Cli) -> None:
    said = cli.ok("--help")
    assert "course init my-llm" in said
    assert "STEP is a number (F.3) or a key (foundations/engine)" in " ".join(said.split())


def test_help_needs_neither_workspace_nor_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_CONTENT", str(tmp_path))
    for command in COMMANDS:
        assert CliRunner().invoke(main, [*command.split(), "--help"]).exit_code == 0


def test_the_version(cli: Cli) -> None:
    assert cli.ok("--version") == f"course {__version__}\n"


# ---------------------------------------------------------------- mistyped


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("chek", "check"), ("CHEKC", "check"), ("nxt", "next"), ("solutoin", "solution"), ("lessen", "lesson")],
)
def test_a_mistyped_command_is_guessed(cli: Cli, typed: str, meant: str) -> None:
    result = cli(typed)
    assert result.exit_code == 2
    assert f"There is no command '{typed}'. Did you mean `course {meant}`?" in result.stderr


def test_a_command_like_no_other_gets_no_guess(cli: Cli) -> None:
    result = cli("xyzzy")
    assert result.exit_code == 2
    assert "There is no command 'xyzzy'." in result.stderr
    assert "Did you mean" not in result.stderr


def test_commands_in_any_case(cli: Cli) -> None:
    assert cli.ok("MAP") == cli.ok("map")


@pytest.mark.parametrize(
    "command", ["check --jsn", "map --all", "reset", "check A.1 A.2", "check --seed -1", "check --seed x"]
)
def test_wrong_usage_is_exit_code_2(cli: Cli, command: str) -> None:
    result = cli(*command.split())
    assert result.exit_code == 2
    assert "Usage: course" in result.stderr
    assert result.stdout == ""


# ---------------------------------------------------------------- no workspace


@pytest.mark.parametrize(
    "command", ["check", "next", "verify", "reset A.1 --yes", "solution A.1", "progress restore", "check --all"]
)
def test_without_a_workspace_it_says_how_to_make_one(cli: Cli, tmp_path: Path, command: str) -> None:
    result = cli(*command.split(), cwd=tmp_path)
    assert result.exit_code == 2
    assert f"There is no course workspace in {tmp_path} or above it." in result.stderr
    assert "course init my-llm" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"]


def test_bare_course_without_a_workspace(cli: Cli, tmp_path: Path) -> None:
    assert "next: course init my-llm" in cli.ok(cwd=tmp_path)


# ---------------------------------------------------------------- init


def test_init_makes_a_workspace_and_says_what_to_type(cli: Cli, tmp_path: Path) -> None:
    said = cli.ok("init", "my-llm", cwd=tmp_path)
    assert said == f"✓ A workspace in {tmp_path / 'my-llm'}\n  next: cd my-llm && course start\n"
    assert (tmp_path / "my-llm" / "progress.json").is_file()
    assert (tmp_path / "my-llm" / "minillm" / "__init__.py").is_file()


def test_init_of_the_folder_one_stands_in(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    said = cli.ok("init", cwd=tmp_path / "here")
    assert "next: course start" in said
    assert (tmp_path / "here" / "progress.json").is_file()


@pytest.mark.parametrize(
    ("name", "typed"), [("my llm", "'my llm'"), ("größer 模型", "'größer 模型'"), ("it's", """'it'"'"'s'""")]
)
def test_init_in_a_folder_with_any_name(cli: Cli, tmp_path: Path, name: str, typed: str) -> None:
    said = cli.ok("init", name, cwd=tmp_path)
    assert f"next: cd {typed} && course start" in said
    assert "A.1 Doubling" in cli.ok(cwd=tmp_path / name)


def test_init_overwrites_nothing(cli: Cli, tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "minillm").mkdir(parents=True)
    files = {here / "README.md": "mine", here / "pyproject.toml": "[x]", here / "minillm" / "__init__.py": "y = 1"}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    cli.ok("init", cwd=here)
    assert {path: path.read_text(encoding="utf-8") for path in files} == files


def test_init_twice_is_refused(cli: Cli, workspace: Workspace) -> None:
    before = workspace.progress.read_bytes()
    result = cli("init")
    assert result.exit_code == 2
    assert "is a course workspace already" in result.stderr
    assert "course map" in result.stderr
    assert workspace.progress.read_bytes() == before


def test_init_inside_a_workspace_is_refused(cli: Cli, workspace: Workspace) -> None:
    result = cli("init", "inner")
    assert result.exit_code == 2
    assert f"lies inside the workspace {workspace.root}" in result.stderr
    assert f"cd '{workspace.root}'" in result.stderr
    assert not (workspace.root / "inner").exists()


def test_init_of_a_file_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cli("init", "file", cwd=tmp_path).exit_code == 2


# ---------------------------------------------------------------- start and bare course


def test_start_makes_a_workspace_opens_the_first_step_and_checks_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    said = cli.ok("start", cwd=tmp_path / "new")
    for line in (
        "A tiny course",
        "  C  Gamma  (to come)",
        "→ A.1 Doubling   about 5 min",
        "  you write  minillm/alpha/double.py",
        "✗ A.1 Doubling — 0 of 3 properties hold",
        "  UNFINISHED  double(x) is 2·x",
        "nothing is written yet, so nothing can be wrong",
    ):
        assert line in said, said
    assert (tmp_path / "new" / "minillm" / "alpha" / "double.py").is_file()
    assert progress_of(Workspace(tmp_path / "new")).current == "alpha/double"


def test_start_again_goes_on_and_touches_nothing(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.write_text("mine\n", encoding="utf-8")
    before = workspace.progress.read_bytes()
    said = cli.ok("start")
    assert "A.1 Doubling   open" in said
    assert "UNFINISHED" not in said
    assert file.read_text(encoding="utf-8") == "mine\n"
    assert workspace.progress.read_bytes() == before


def test_bare_course_says_where_one_is_at_every_station(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    assert "next: course start" in cli.ok()
    file = open_step(workspace, curriculum, "alpha/double")
    said = cli.ok()
    assert "A.1 Doubling   open   0 of 6 steps passed" in said
    assert "next: course lesson, write minillm/alpha/double.py, course check" in said
    pass_step(workspace, curriculum, "alpha/double")
    assert "next: course next" in cli.ok()
    open_step(workspace, curriculum, "alpha/mean")
    file.write_text("x = 1\n", encoding="utf-8")
    said = cli.ok()
    assert "A.2 The mean   open   1 of 6 steps passed" in said
    assert "stale: A.1   (course verify grades them again)" in said


def test_bare_course_works_from_below(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    open_step(workspace, curriculum, "alpha/double")
    assert "A.1 Doubling" in cli.ok(cwd=workspace.package / "alpha")


def test_bare_course_at_the_end(cli: Cli, workspace: Workspace, curriculum: Curriculum) -> None:
    for step in curriculum:
        pass_step(workspace, curriculum, step.key)
    assert "6 of 6 steps passed" in cli.ok()
    said = cli.ok("next")
    assert "Every step that exists so far has passed." in said
    assert "C Gamma" in said
    assert "course verify" in said


# ---------------------------------------------------------------- completion


def completed(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str) -> list[str]:
    monkeypatch.chdir(cli.root)
    monkeypatch.setenv("COURSE_CONTENT", str(cli.content.root))
    place = len(words.split(" ")) - 1
    environment = {"_COURSE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    result = CliRunner().invoke(main, [], prog_name="course", env=environment)
    return [line.partition(",")[2] for line in result.output.split()]


def test_the_shell_completes_steps_by_number_and_key(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(cli, monkeypatch, "course check a.") == ["A.1", "A.2", "A.3", "A.4", "A.5"]
    assert completed(cli, monkeypatch, "course lesson alpha/sta") == ["alpha/stack", "alpha/stack_pop"]
    assert completed(cli, monkeypatch, "course dev check beta") == ["beta/centre"]


def test_the_shell_completes_commands(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(cli, monkeypatch, "course so") == ["solution"]


def test_completion_with_broken_content_is_silent(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli.content = type(cli.content)(tmp_path)
    assert completed(cli, monkeypatch, "course check a.") == []


def test_the_shell_gets_a_script(cli: Cli) -> None:
    for shell in ("bash", "zsh", "fish"):
        result = CliRunner().invoke(main, [], prog_name="course", env={"_COURSE_COMPLETE": f"{shell}_source"})
        assert "_COURSE_COMPLETE" in result.output
