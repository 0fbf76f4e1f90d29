"""`course predict`: questions with new numbers, answers read with good will, and strict workspaces."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from conftest import Cli, new_workspace, pass_step, progress_of

from course.content import Content, find_content
from course.curriculum import Curriculum, load_curriculum
from course.errors import ContentError, LockedStep
from course.gate import State, require_open, standings
from course.mentor.answers import Mark, mark
from course.mentor.facts import load_prompt
from course.mentor.predict import begin, question
from course.progress import dump, load_progress, update
from course.workspace import Workspace

REAL = load_curriculum(find_content())

QUESTIONS = """
[[predict]]
ask = "Twice {x}?"
draw = { x = [2, 99] }
answer = "2 * x"

[[predict]]
ask = "The shape of a ({n}, {m}) array?"
draw = { n = [2, 9], m = [2, 9] }
answer = "np.zeros((n, m)).shape"
"""


@pytest.fixture
def asking(copied: Content, cli: Cli, workspace: Workspace) -> Cli:
    """The tiny course with questions in A.1, and the command line over it."""
    path = copied.prompt("alpha/double")
    path.write_text(path.read_text(encoding="utf-8") + QUESTIONS, encoding="utf-8")
    cli.content = copied
    cli.ok("next")
    return cli


# ---------------------------------------------------------------- the questions of stage F


@pytest.mark.parametrize("step", list(REAL), ids=lambda step: step.number)
def test_every_question_can_be_drawn_and_answered(step) -> None:  # type: ignore[no-untyped-def]
    templates = load_prompt(REAL.content, step)["predict"]
    assert len(templates) >= 3
    for template in templates:
        drawn = [question(template, random.Random(seed), step) for seed in range(50)]
        assert len({one.ask for one in drawn}) >= 5, f"no variety: {template['ask']}"
        for one in drawn:
            assert "{" not in one.ask
            numbers = one.answer if isinstance(one.answer, tuple) else (one.answer,)
            assert all(isinstance(n, bool | str) or math.isfinite(n) for n in numbers), one
            typed = f"{one.answer:.4g}" if isinstance(one.answer, float) else str(one.answer)
            assert mark(typed, one.answer) is Mark.RIGHT, one


@pytest.mark.parametrize("step", list(REAL), ids=lambda step: step.number)
def test_a_round_asks_nothing_twice(step) -> None:  # type: ignore[no-untyped-def]
    rounds = [begin(REAL.content, step, seed, []) for seed in range(30)]
    assert all(len({one.ask for one in game.questions}) == len(game.questions) == 3 for game in rounds)
    assert len({tuple(one.ask for one in game.questions) for game in rounds}) >= 25, "new numbers each time"
    assert begin(REAL.content, step, 5, []).questions == rounds[5].questions


def test_a_question_that_cannot_be_computed_is_our_fault() -> None:
    template = {"ask": "?", "draw": {"x": [0, 0]}, "answer": "1 / x"}
    with pytest.raises(ContentError, match="cannot be computed"):
        question(template, random.Random(1), next(iter(REAL)))


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("1/3", 1 / 3, "right"), ("0.33", 1 / 3, "right"), ("0.3", 1 / 3, "coarse"), ("0.34", 1 / 3, "wrong"),
        (".333", 1 / 3, "right"),
        ("1e-3", 0.001, "right"), ("2**10", 1024, "right"), ("2^10", 1024, "right"), ("1024 bytes", 1024, "right"),
        ("1,024", 1024, "right"),
        ("1 024", 1024, "right"), ("1025", 1024, "wrong"), ("x = 7", 7, "right"), ("≈ 0.693", math.log(2), "right"),
        ("ln(2)", math.log(2), "right"),
        ("log(2)", math.log(2), "right"), ("sqrt(2)/2", math.sqrt(0.5), "right"), ("−4", -4, "right"),
        ("0,5", 0.5, "right"), ("50 %", 0.5, "right"),
        ("3·4", 12, "right"), ("3²", 9, "right"), ("½", 0.5, "right"), ("", 1, "unreadable"),
        ("no idea", 1, "unreadable"), ("two", 2, "unreadable"),
        ("7.0", 7, "right"), ("7.01", 7, "wrong"), ("yes", True, "right"), ("True", True, "right"),
        ("nein", True, "wrong"), ("maybe", True, "unreadable"),
        ("(2, 3)", (2, 3), "right"), ("2, 3", (2, 3), "right"), ("2x3", (2, 3), "right"), ("[2 × 3]", (2, 3), "right"),
        ("3, 2", (2, 3), "wrong"),
        ("2", (2, 3), "wrong"), ("(4,)", (4,), "right"), ("a, b", (2, 3), "unreadable"), ("complex", "complex",
        "right"), ("9**9**9**9", 1, "unreadable"),
        ("__import__('os')", 1, "unreadable"), ("1" * 300, 1, "unreadable"), ("2.0", 2, "right"),
        ("1/0", 1, "unreadable"), ("3 nats", 3, "right"),
        ("-1/3", -1 / 3, "right"), ("0.0833", 1 / 12, "right"), ("5e3", 5000, "right"), ("0", 0.0, "right"),
        ("0.001", 0.0, "wrong"),
    ],
)  # fmt: skip
def test_answers_are_read_with_good_will(text: str, answer: object, expected: str) -> None:
    assert mark(text, answer) is Mark(expected)


# ---------------------------------------------------------------- the command


def numbers(asking: Cli, seed: int) -> list[str]:
    """The right answers to the questions of a seed."""
    curriculum = load_curriculum(asking.content)
    game = begin(asking.content, curriculum["alpha/double"], seed, [])
    return [str(one.answer) for one in game.questions]


def test_asked_and_answered(asking: Cli, workspace: Workspace) -> None:
    first, second = numbers(asking, 4)
    result = asking("predict", "--seed", "4", answer=f"what\n1\n{first}\n{second}\n")
    assert result.exit_code == 0, result.output
    assert "cannot be read as an answer" in result.stdout
    assert "✗ no; once more" in result.stdout
    assert "all 2 right" in result.stdout
    entry = json.loads((workspace.state / "attempts.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (entry["predict"], entry["right"], entry["questions"], entry["seed"]) == ("passed", 2, 2, 4)
    assert "alpha/double" in progress_of(workspace).predicted


def test_after_two_wrong_answers_the_working_is_shown(asking: Cli, workspace: Workspace) -> None:
    result = asking("predict", "--seed", "4", answer="1\n1\n1\n1\n")
    assert result.exit_code == 1
    assert "np.zeros((" in result.stdout
    assert "0 of 2 right" in result.stdout
    assert not progress_of(workspace).predicted
    again = asking("predict", "--seed", "4", answer="1\n")
    assert again.exit_code == 2
    assert "draws new numbers" in again.stderr


def test_questions_for_a_program(asking: Cli) -> None:
    data = json.loads(asking.ok("predict", "--json", "--seed", "7"))
    assert data["seed"] == 7
    assert all("answer" not in one and one["attempts_left"] == 2 for one in data["questions"])
    first, second = numbers(asking, 7)
    wrong = asking("predict", "--seed", "7", "--answers", f"1; {second}", "--json")
    assert wrong.exit_code == 1
    states = [(one["right"], one["attempts_left"]) for one in json.loads(wrong.stdout)["questions"]]
    assert sorted(states, key=str) == [(False, 1), (True, 0)]
    assert asking("predict", "--seed", "7", "--answers", f"{first},{second}").exit_code == 0


def test_wrong_use(asking: Cli, workspace: Workspace) -> None:
    for arguments, says in [
        (("--answers", "1,2"), "need the seed"), (("--seed", "1", "--answers", "1"), "There are 2 questions"),
        (("--seed", "-1"), "--seed"),
    ]:  # fmt: skip
        result = asking("predict", *arguments)
        assert result.exit_code == 2
        assert says in result.stderr
    ended = asking("predict", answer="")
    assert ended.exit_code == 2
    assert "--json" in ended.stderr
    assert "Nothing was recorded" in ended.stderr
    assert not (workspace.state / "attempts.jsonl").exists()


def test_what_was_told_is_recorded_though_the_input_ends(asking: Cli, workspace: Workspace) -> None:
    result = asking("predict", "--seed", "4", answer="1\n1\n")
    assert result.exit_code == 2
    assert "What was answered is recorded" in result.stderr
    entry = json.loads((workspace.state / "attempts.jsonl").read_text(encoding="utf-8"))
    assert entry["given"] == [["1", "1"], []]


def test_a_step_without_questions(cli: Cli) -> None:
    cli.ok("next")
    result = cli("predict")
    assert result.exit_code == 2
    assert "no prediction questions" in result.stderr


# ---------------------------------------------------------------- strict workspaces


def test_a_strict_workspace_needs_the_predictions(copied: Content, cli: Cli, tmp_path: Path) -> None:
    path = copied.prompt("alpha/double")
    path.write_text(path.read_text(encoding="utf-8") + QUESTIONS, encoding="utf-8")
    cli.content, curriculum = copied, load_curriculum(copied)
    cli.ok("init", "--strict", str(tmp_path / "strict"))
    strict = Workspace(tmp_path / "strict")
    assert load_progress(strict.progress).strict
    cli.ok("next", cwd=strict.root)
    pass_step(strict, curriculum, "alpha/double")
    refused = cli("next", cwd=strict.root)
    assert refused.exit_code == 2
    assert "predictions of A.1 come first" in " ".join(refused.stderr.split())
    assert "course predict A.1" in refused.stderr
    assert "needs the predictions of A.1" in cli.ok("map", "--json", cwd=strict.root)
    answers = ";".join(numbers(cli, 9))
    cli.ok("predict", "--seed", "9", "--answers", answers, cwd=strict.root)
    assert "A.2" in cli.ok("next", cwd=strict.root)
    pass_step(strict, curriculum, "alpha/mean")
    cli.ok("next", cwd=strict.root)  # A.2 has no questions: nothing is asked of anybody


def test_start_makes_a_workspace_strict(cli: Cli, workspace: Workspace, tmp_path: Path) -> None:
    cli.ok("start", "--strict")
    assert progress_of(workspace).strict
    (tmp_path / "fresh").mkdir()
    cli.ok("start", "--strict", cwd=tmp_path / "fresh")
    assert load_progress(tmp_path / "fresh" / "progress.json").strict


def test_a_usual_workspace_is_as_it_was(
    copied: Content, workspace: Workspace, curriculum: Curriculum, tmp_path: Path
) -> None:
    assert "strict" not in workspace.progress.read_text(encoding="utf-8")
    assert "predicted" not in workspace.progress.read_text(encoding="utf-8")
    path = copied.prompt("alpha/double")
    path.write_text(path.read_text(encoding="utf-8") + QUESTIONS, encoding="utf-8")
    asked = load_curriculum(copied)
    pass_step(workspace, curriculum, "alpha/double")
    progress = progress_of(workspace)
    assert standings(asked, workspace, progress)["alpha/mean"].state is State.OPEN
    with update(new_workspace(tmp_path / "other").progress) as other:
        other.strict, other.predicted = True, {"alpha/double": "now"}
    again = load_progress(tmp_path / "other" / "progress.json")
    assert (again.strict, again.predicted) == (True, {"alpha/double": "now"})
    assert '"strict": true' in dump(again)
    progress.strict = True
    with pytest.raises(LockedStep, match=r"predictions of A\.1"):
        require_open(asked, workspace, progress, asked["alpha/mean"])
