"""`course check` and `course verify`: what is graded, shown, written down, and which exit code says it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from conftest import Cli, new_workspace, open_step, pass_step, progress_of, write_reference

from course.content import Content
from course.curriculum import Curriculum, load_curriculum
from course.workspace import Workspace

Solve = Callable[[str], Path]
VERDICT = {
    "schema", "step", "outcome", "properties", "seed", "seconds", "code", "raw", "grader", "problem", "diagnosis",
    "printed", "protections", "versions", "examples",
}  # fmt: skip


def edit(file: Path, find: str, replace: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert find in text
    file.write_text(text.replace(find, replace), encoding="utf-8")


@pytest.fixture
def double(workspace: Workspace, curriculum: Curriculum) -> Path:
    """A.1, opened and solved, not yet graded."""
    open_step(workspace, curriculum, "alpha/double")
    return write_reference(workspace, curriculum, "alpha/double")


# ---------------------------------------------------------------- passed, not passed


def test_a_pass_is_shown_and_recorded(cli: Cli, workspace: Workspace, double: Path) -> None:
    result = cli("check")
    assert result.exit_code == 0
    assert "✓ A.1 Doubling — all 3 properties hold" in result.stdout
    assert "course next opens A.2 The mean" in " ".join(result.stdout.split())
    record = progress_of(workspace).passed["alpha/double"]
    assert len(record.code) == len(record.grader) == 32
    assert {"course", "python", "numpy", "hypothesis", "pytest"} <= set(record.versions)
    attempts = (workspace.state / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["outcome"] for line in attempts] == ["passed"]


def test_a_step_that_was_never_opened_is_opened_first(cli: Cli, workspace: Workspace) -> None:
    result = cli("check")
    assert result.exit_code == 2
    assert "A.1 Doubling is not open yet" in result.stderr
    assert "course start" in result.stderr


def test_a_check_moves_nobody(cli: Cli, workspace: Workspace, double: Path) -> None:
    cli.ok("check")
    progress = progress_of(workspace)
    assert progress.current == "alpha/double"
    assert set(progress.opened) == {"alpha/double"}
    assert not (workspace.package / "alpha" / "mean.py").exists()


def test_wrong_code_is_exit_code_1_with_the_claim_and_the_numbers(cli: Cli, workspace: Workspace, double: Path) -> None:
    edit(double, "2 * x", "3 * x")
    before = workspace.progress.read_bytes()
    result = cli("check", "A.1")
    assert result.exit_code == 1
    assert result.stderr == ""
    for said in (
        "✗ A.1 Doubling — 2 of 3 properties hold",
        "WRONG  double(x) is 2·x",
        "double: got 9, expected 6",  # the smallest input
        "double(3.0)",
        "course check A.1",
    ):
        assert said in result.stdout
    assert "test_double" not in result.stdout
    assert "Traceback" not in result.stdout
    assert workspace.progress.read_bytes() == before
    entry = json.loads((workspace.state / "attempts.jsonl").read_text(encoding="utf-8"))
    assert (entry["step"], entry["outcome"], entry["holding"], entry["properties"]) == ("alpha/double", "wrong", 2, 3)
    assert "last check: wrong, 2 of 3 properties held" in cli.ok()


def test_a_failed_check_keeps_an_old_pass(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    file = solve("alpha/double")
    edit(file, "2 * x", "3 * x")
    assert cli("check").exit_code == 1
    assert "alpha/double" in progress_of(workspace).passed
    assert "~  A.1" in cli.ok("map")


def test_a_file_that_is_gone_says_how_to_get_it_back(cli: Cli, double: Path) -> None:
    double.unlink()
    result = cli("check")
    assert result.exit_code == 1
    assert "minillm/alpha/double.py is not there" in result.stdout
    assert "course reset A.1" in result.stdout


def test_a_step_stands_on_the_learners_own_modules(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, solve: Solve
) -> None:
    for key in ("alpha/double", "alpha/mean", "alpha/stack", "alpha/stack_pop"):
        solve(key)
    open_step(workspace, curriculum, "beta/centre")
    write_reference(workspace, curriculum, "beta/centre")
    edit(workspace.file(curriculum["alpha/mean"]), "x.sum() / x.size", "x.sum()")
    result = cli("check", "B.1")
    assert result.exit_code == 1
    assert "WRONG  centre(x) is x minus its mean" in result.stdout


def test_a_path_with_spaces_and_foreign_letters(cli: Cli, curriculum: Curriculum, tmp_path: Path) -> None:
    there = new_workspace(tmp_path / "größer als 模型")
    open_step(there, curriculum, "alpha/double")
    write_reference(there, curriculum, "alpha/double")
    assert "all 3 properties hold" in cli.ok("check", cwd=there.root)


# ---------------------------------------------------------------- seeds


def test_the_same_code_meets_the_same_inputs(cli: Cli, double: Path) -> None:
    edit(double, "x / 2", "x / 2 + 0.5")
    first, second = (json.loads(cli("check", "--json").stdout)["verdicts"][0] for _ in range(2))
    for verdict in (first, second):
        del verdict["seconds"]
    assert first == second
    double.write_text(double.read_text(encoding="utf-8") + "# a thought\n", encoding="utf-8")
    third = json.loads(cli("check", "--json").stdout)["verdicts"][0]
    assert third["seed"] == first["seed"]
    assert third["raw"] != first["raw"]


def test_a_seed_can_be_named(cli: Cli, double: Path) -> None:
    verdict = json.loads(cli.ok("check", "--json", "--seed", "12345"))["verdicts"][0]
    assert verdict["seed"] == 12345


def test_a_pass_with_a_seed_of_ones_own_choice_does_not_count(cli: Cli, workspace: Workspace, double: Path) -> None:
    assert cli("check", "--seed", "7").exit_code == 0
    assert progress_of(workspace).passed == {}


# ---------------------------------------------------------------- for programs


def test_the_verdict_as_json(cli: Cli, double: Path) -> None:
    edit(double, "x / 2", "x // 2 - 1")
    result = cli("check", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert set(data) == {"schema", "verdicts"}
    assert data["schema"] == 1
    (verdict,) = data["verdicts"]
    assert set(verdict) == VERDICT
    assert (verdict["step"], verdict["outcome"], verdict["problem"]) == ("alpha/double", "wrong", None)
    assert [one["name"] for one in verdict["properties"]] == ["test_double", "test_halve", "test_zero"]
    first, second = verdict["properties"][:2]
    assert first == {
        "name": "test_double", "claim": "double(x) is 2·x", "outcome": "passed", "examples": 5, "failure": None,
    }  # fmt: skip
    assert second["outcome"] == "wrong"
    assert set(second["failure"]) == {"summary", "detail", "call", "where"}
    assert second["failure"]["call"] == "halve(3.0)"
    assert verdict["diagnosis"]["mistakes"] == ["halves downwards"]
    assert verdict["examples"] == sum(one["examples"] for one in verdict["properties"])


def test_a_problem_as_json(cli: Cli, double: Path) -> None:
    double.write_text("import numpy\n", encoding="utf-8")
    (verdict,) = json.loads(cli("check", "--json").stdout)["verdicts"]
    assert verdict["outcome"] == "forbidden"
    assert verdict["properties"] == []
    assert "`numpy` may not be imported" in verdict["problem"]["summary"]


def test_json_is_printed_though_nothing_can_be_recorded(
    cli: Cli, double: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("course.progress.os.fsync", full)
    before = workspace.progress.read_bytes()
    result = cli("check")
    assert result.exit_code == 3
    assert "all 3 properties hold" in result.stdout  # the verdict is shown all the same
    assert "this pass is not recorded" in result.stderr
    assert workspace.progress.read_bytes() == before


def test_a_pass_is_written_down_before_it_is_shown(
    cli: Cli, double: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[bool] = []
    monkeypatch.setattr(
        "course.view.verdict.show",
        lambda step, *_, **__: shown.append(step.key in json.loads(workspace.progress.read_text())["passed"]),
    )
    cli("check")
    assert shown == [True]


def test_junit(cli: Cli, double: Path, tmp_path: Path) -> None:
    edit(double, "2 * x", "3 * x")
    report = tmp_path / "report größer.xml"
    assert cli("check", "--junit", str(report)).exit_code == 1
    (suite,) = Xml.parse(report).getroot()
    assert {name: suite.get(name) for name in ("name", "tests", "failures")} == {
        "name": "alpha/double", "tests": "3", "failures": "1",
    }  # fmt: skip
    cases = {case.get("name"): [child.get("type") for child in case] for case in suite}
    assert cases == {
        "double(x) is 2·x": ["wrong"],
        "halve(x) is half of x": [],
        "Twice nothing and half of nothing are nothing": [],
    }


def test_junit_of_code_that_could_not_run(cli: Cli, double: Path, tmp_path: Path) -> None:
    double.write_text("def double(x:\n", encoding="utf-8")
    cli("check", "--junit", str(tmp_path / "report.xml"))
    (case,) = Xml.parse(tmp_path / "report.xml").getroot()[0]
    assert [child.get("type") for child in case] == ["error"]


def test_junit_that_cannot_be_written(cli: Cli, double: Path, tmp_path: Path) -> None:
    result = cli("check", "--junit", str(tmp_path / "no" / "folder" / "report.xml"))
    assert result.exit_code == 3
    assert "report.xml could not be written" in result.stderr
    assert "--junit" in result.stderr


# ---------------------------------------------------------------- many steps


def test_all_needs_a_pass_and_no_step(cli: Cli, solve: Solve) -> None:
    result = cli("check", "--all")
    assert result.exit_code == 2
    assert "No step has passed yet." in result.stderr
    assert cli("verify").exit_code == 2
    solve("alpha/double")
    result = cli("check", "A.1", "--all")
    assert result.exit_code == 2
    assert "Name a step or --all, not both." in result.stderr


def test_all_grades_every_passed_step(cli: Cli, solve: Solve) -> None:
    solve("alpha/double")
    edit(solve("alpha/mean"), "x.sum() / x.size", "x.sum()")
    result = cli("check", "--all", "--json")
    assert result.exit_code == 1
    outcomes = {one["step"]: one["outcome"] for one in json.loads(result.stdout)["verdicts"]}
    assert outcomes == {"alpha/double": "passed", "alpha/mean": "wrong"}


def test_verify_renews_what_is_stale_and_names_what_regressed(cli: Cli, workspace: Workspace, solve: Solve) -> None:
    edit(solve("alpha/double"), "2 * x", "x + x")
    edit(solve("alpha/mean"), "x.sum() / x.size", "x.sum()")
    solve("alpha/power")
    result = cli("verify", "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert set(data) == {"schema", "steps"}
    assert data["steps"] == [
        {"step": "alpha/double", "was": "stale", "why": "its code changed since", "now": "renewed"},
        {"step": "alpha/mean", "was": "stale", "why": "its code changed since", "now": "regressed"},
        {"step": "alpha/power", "was": "passed", "why": "", "now": "passed"},
    ]
    assert "✓  A.1" in cli.ok("map")
    assert "~  A.2" in cli.ok("map")
    assert set(progress_of(workspace).passed) == {"alpha/double", "alpha/mean", "alpha/power"}


def test_verify_says_it_in_words(cli: Cli, solve: Solve) -> None:
    edit(solve("alpha/double"), "2 * x", "x + x")
    edit(solve("alpha/mean"), "x.sum() / x.size", "x.sum()")
    result = cli("verify")
    assert "✓ A.1 Doubling   was stale; the pass is renewed" in result.stdout
    assert "✗ A.2 The mean — 1 of 2 properties hold" in result.stdout
    assert "regressed: it had passed before" in result.stdout


def test_two_steps_with_the_same_last_name_keep_their_own_graders(
    cli: Cli, workspace: Workspace, copied: Content
) -> None:
    entry = '[[stages.steps]]\nkey = "beta/double"\ntitle = "Again"\nminutes = 5\nrules = "PY"\n\n[[stages]]\nid = "C"'
    edit(copied.course_toml, '[[stages]]\nid = "C"', entry)
    (copied.root / "graders" / "beta" / "double").mkdir()
    for source, target in (
        (copied.stub("alpha/double"), copied.stub("beta/double")),
        (copied.reference("alpha/double"), copied.reference("beta/double")),
        (copied.test_file("alpha/double"), copied.test_file("beta/double")),
    ):
        target.write_bytes(source.read_bytes())
    edit(copied.test_file("beta/double"), "Twice nothing and half of nothing", "Two times zero and zero over two")
    cli.content, curriculum = copied, load_curriculum(copied)
    pass_step(workspace, curriculum, "alpha/double")
    pass_step(workspace, curriculum, "beta/double")
    verdicts = json.loads(cli.ok("check", "--all", "--json"))["verdicts"]
    assert [(one["step"], one["properties"][-1]["claim"]) for one in verdicts] == [
        ("alpha/double", "Twice nothing and half of nothing are nothing"),
        ("beta/double", "Two times zero and zero over two are nothing"),
    ]


# ---------------------------------------------------------------- what is ours


@pytest.mark.parametrize(
    "grader",
    [
        "def test_x(learner):\n    raise RuntimeError('ours')\n",
        "def test_x(learner):\n    learner.probe('not_there')\n",
        "import nothing_of_this_name\n",
        "def test_x(:\n",
        "x = 1\n",
        "import pytest\n\ndef test_x():\n    pytest.skip('no')\n",
    ],
    ids=["raises", "probe", "import", "syntax", "empty", "skip"],
)
def test_a_broken_grader_is_our_fault_and_never_a_pass(
    cli: Cli, workspace: Workspace, copied: Content, grader: str
) -> None:
    cli.content, curriculum = copied, load_curriculum(copied)
    open_step(workspace, curriculum, "alpha/double")
    write_reference(workspace, curriculum, "alpha/double")
    copied.test_file("alpha/double").write_text(grader, encoding="utf-8")
    result = cli("check")
    assert result.exit_code == 3, result.output
    assert "OUR FAULT" in result.stdout
    assert "fault of the course, not of your code" in " ".join(result.stdout.split())
    assert progress_of(workspace).passed == {}


def test_a_grader_that_is_gone(cli: Cli, workspace: Workspace, copied: Content) -> None:
    cli.content, curriculum = copied, load_curriculum(copied)
    open_step(workspace, curriculum, "alpha/double")
    copied.test_file("alpha/double").unlink()
    result = cli("check")
    assert result.exit_code == 3
    assert "The grader of A.1 is missing" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="folders have no write bit elsewhere")
def test_content_that_cannot_be_written_is_enough(
    cli: Cli, workspace: Workspace, copied: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.content = copied
    before = {path: path.stat().st_mtime_ns for path in copied.root.rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        cli.ok("start")
        write_reference(workspace, load_curriculum(copied), "alpha/double")
        cli.ok("check")
        cli.ok("next")
        assert os.access(workspace.package / "alpha" / "mean.py", os.W_OK)
        assert (workspace.package / "alpha" / "mean.py").stat().st_mode & 0o200
        # Root may write everywhere: nothing must have been written even so.
        assert {path: path.stat().st_mtime_ns for path in copied.root.rglob("*")} == before
    finally:
        for path in before:
            path.chmod(0o755 if path.is_dir() else 0o644)
