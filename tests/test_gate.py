"""What is passed, stale, open or locked: from the files as they are, whatever happened to the curriculum meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import open_step, pass_step, progress_of, without

from course.content import Content
from course.curriculum import Curriculum, load_curriculum
from course.errors import LockedStep
from course.gate import (
    Standing,
    State,
    current_step,
    following,
    grader_digest,
    open_electives,
    require_open,
    required,
    standings,
)
from course.progress import update
from course.workspace import Workspace

Solve = Callable[[str], Path]


def states(curriculum: Curriculum, workspace: Workspace) -> dict[str, str]:
    found = standings(curriculum, workspace, progress_of(workspace))
    return {curriculum[key].number: one.state.value for key, one in found.items()}


def standing(curriculum: Curriculum, workspace: Workspace, key: str) -> Standing:
    return standings(curriculum, workspace, progress_of(workspace))[key]


# ---------------------------------------------------------------- the order


def test_at_first_only_the_first_step_is_open(curriculum: Curriculum, workspace: Workspace) -> None:
    assert states(curriculum, workspace) == {
        "A.1": "open", "A.2": "locked", "A.3": "locked", "A.4": "locked", "A.5": "locked", "B.1": "locked",
    }  # fmt: skip
    assert standing(curriculum, workspace, "beta/centre").why == "needs A.1"


def test_a_pass_opens_the_next_core_step_and_its_electives(
    curriculum: Curriculum, workspace: Workspace, solve: Solve
) -> None:
    solve("alpha/double")
    assert states(curriculum, workspace) == {
        "A.1": "passed", "A.2": "open", "A.3": "open", "A.4": "locked", "A.5": "locked", "B.1": "locked",
    }  # fmt: skip
    assert standing(curriculum, workspace, "alpha/stack").why == "needs A.2"


def test_a_core_step_needs_every_core_step_before_it_not_only_those_it_names(curriculum: Curriculum) -> None:
    needed = [step.number for step in required(curriculum, curriculum["beta/centre"])]
    assert needed == ["A.1", "A.2", "A.4", "A.5"]


def test_electives_never_gate(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    for key in ("alpha/double", "alpha/mean", "alpha/stack", "alpha/stack_pop", "beta/centre"):
        solve(key)
    assert states(curriculum, workspace)["A.3"] == "open"
    assert states(curriculum, workspace)["B.1"] == "passed"
    assert following(curriculum, progress_of(workspace)) is None


def test_an_elective_needs_only_what_it_names(curriculum: Curriculum) -> None:
    assert [step.number for step in required(curriculum, curriculum["alpha/power"])] == ["A.1"]


def test_an_elective_is_offered_until_it_is_opened(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    assert open_electives(curriculum, progress_of(workspace)) == []
    solve("alpha/double")
    assert [step.number for step in open_electives(curriculum, progress_of(workspace))] == ["A.3"]
    open_step(workspace, curriculum, "alpha/power")
    assert open_electives(curriculum, progress_of(workspace)) == []


def test_the_next_step_skips_electives(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    for key, number in (("alpha/double", "A.2"), ("alpha/mean", "A.4")):
        solve(key)
        step = following(curriculum, progress_of(workspace))
        assert step is not None
        assert step.number == number


def test_a_locked_step_names_the_first_that_is_missing(
    curriculum: Curriculum, workspace: Workspace, solve: Solve
) -> None:
    solve("alpha/double")
    with pytest.raises(LockedStep) as caught:
        require_open(curriculum, workspace, progress_of(workspace), curriculum["beta/centre"])
    assert caught.value.message == "B.1 Centring is locked: A.2 The mean comes first."
    assert "course check A.2" in str(caught.value.hint)
    require_open(curriculum, workspace, progress_of(workspace), curriculum["alpha/mean"])


def test_files_alone_open_nothing(curriculum: Curriculum, workspace: Workspace) -> None:
    for step in curriculum:
        workspace.file(step).parent.mkdir(parents=True, exist_ok=True)
        workspace.file(step).write_bytes(curriculum.content.reference(step.file).read_bytes())
    assert states(curriculum, workspace)["A.2"] == "locked"


def test_the_current_step_is_the_one_opened_last(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double")
    open_step(workspace, curriculum, "alpha/power")
    step = current_step(curriculum, progress_of(workspace))
    assert step is not None
    assert step.number == "A.3"


# ---------------------------------------------------------------- stale passes


def test_a_pass_of_unchanged_code_stands(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double")
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.PASSED)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n# a thought\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n\n" + text,
        lambda text: text.replace("return 2 * x", "return 2 * x  # twice"),
    ],
    ids=["comment", "crlf", "blank", "trailing"],
)
def test_a_comment_keeps_a_pass(
    curriculum: Curriculum, workspace: Workspace, solve: Solve, change: Callable[[str], str]
) -> None:
    file = solve("alpha/double")
    file.write_bytes(change(file.read_text(encoding="utf-8")).encode())
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.PASSED)


def test_changed_code_makes_a_pass_stale(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    file = solve("alpha/double")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("2 * x", "3 * x"), encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.STALE, "its code changed since")
    file.write_text(text, encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.PASSED)


def test_a_stale_pass_still_opens_what_it_opened(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    file = solve("alpha/double")
    file.write_text("x = 1\n", encoding="utf-8")
    assert states(curriculum, workspace)["A.2"] == "open"


def test_a_file_that_is_gone_makes_a_pass_stale(curriculum: Curriculum, workspace: Workspace, solve: Solve) -> None:
    solve("alpha/double").unlink()
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.STALE, "minillm/alpha/double.py is gone")


def test_a_changed_module_makes_those_that_import_it_stale(
    curriculum: Curriculum, workspace: Workspace, solve: Solve
) -> None:
    for key in ("alpha/double", "alpha/mean", "alpha/stack", "alpha/stack_pop", "beta/centre"):
        solve(key)
    mean = workspace.file(curriculum["alpha/mean"])
    mean.write_text(mean.read_text(encoding="utf-8") + "x = 1\n", encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/mean").why == "its code changed since"
    assert standing(curriculum, workspace, "beta/centre") == Standing(
        State.STALE, "its code, or a module it imports, changed since"
    )
    assert standing(curriculum, workspace, "alpha/double").state is State.PASSED


@pytest.mark.parametrize("file", ["test_double.py", "probes.py"])
def test_a_changed_grader_makes_a_pass_stale_and_says_so(workspace: Workspace, copied: Content, file: str) -> None:
    curriculum = load_curriculum(copied)
    pass_step(workspace, curriculum, "alpha/double")
    path = copied.grader("alpha/double") / file
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + "\n# better\n", encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/double") == Standing(State.STALE, "its grader was improved since")


def test_changed_rules_are_a_changed_grader(workspace: Workspace, copied: Content) -> None:
    pass_step(workspace, load_curriculum(copied), "alpha/double")
    text = copied.course_toml.read_text(encoding="utf-8")
    copied.course_toml.write_text(
        text.replace('rules = "PY"', 'rules = "PY"\nforbid = ["math.fsum"]', 1), encoding="utf-8"
    )
    assert standing(load_curriculum(copied), workspace, "alpha/double").why == "its grader was improved since"


def test_what_does_not_decide_leaves_a_pass_alone(workspace: Workspace, copied: Content) -> None:
    curriculum = load_curriculum(copied)
    pass_step(workspace, curriculum, "alpha/double")
    before = grader_digest(copied, curriculum["alpha/double"])
    for path in (copied.lesson("alpha/double"), copied.mistakes("alpha/double"), copied.reference("alpha/double")):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    test = copied.test_file("alpha/double")
    test.write_bytes(test.read_bytes().replace(b"\n", b"\r\n"))  # as git checks it out on Windows
    assert grader_digest(copied, curriculum["alpha/double"]) == before
    assert standing(curriculum, workspace, "alpha/double").state is State.PASSED


# ---------------------------------------------------------------- a file that two steps share


def test_writing_the_second_step_of_a_file_leaves_the_first_passed(
    curriculum: Curriculum, workspace: Workspace, solve: Solve
) -> None:
    file = solve("alpha/stack")
    whole = file.read_text(encoding="utf-8")
    file.write_text(without(whole, "Stack.pop", "drain"), encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/stack").state is State.STALE  # nothing asked for that change
    open_step(workspace, curriculum, "alpha/stack_pop")
    assert standing(curriculum, workspace, "alpha/stack").state is State.PASSED
    file.write_text("def broken(:\n", encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/stack").state is State.PASSED


def test_once_the_second_step_has_passed_the_first_speaks_of_the_whole_file(
    curriculum: Curriculum, workspace: Workspace, solve: Solve
) -> None:
    file = solve("alpha/stack")
    solve("alpha/stack_pop")
    assert standing(curriculum, workspace, "alpha/stack").state is State.PASSED
    file.write_text(file.read_text(encoding="utf-8") + "x = 1\n", encoding="utf-8")
    assert standing(curriculum, workspace, "alpha/stack").why == "its code changed since"
    assert standing(curriculum, workspace, "alpha/stack_pop").why == "its code changed since"


# ---------------------------------------------------------------- an older workspace, a newer curriculum


INSERTED = '[[stages.steps]]\nkey = "alpha/new"\ntitle = "New"\nminutes = 5\nrules = "PY"\n\n'


def inserted(copied: Content, before: str) -> Curriculum:
    place = f'[[stages.steps]]\nkey = "{before}"'
    text = copied.course_toml.read_text(encoding="utf-8")
    copied.course_toml.write_text(text.replace(place, INSERTED + place), encoding="utf-8")
    return load_curriculum(copied)


def test_an_inserted_step_appears_in_its_place_and_takes_nothing_away(
    curriculum: Curriculum, workspace: Workspace, solve: Solve, copied: Content
) -> None:
    for key in ("alpha/double", "alpha/mean"):
        solve(key)
    open_step(workspace, curriculum, "alpha/stack")
    grown = inserted(copied, "alpha/mean")
    found = standings(grown, workspace, progress_of(workspace))
    assert {key: one.state.value for key, one in found.items()} == {
        "alpha/double": "passed",
        "alpha/new": "open",
        "alpha/mean": "passed",
        "alpha/power": "open",
        "alpha/stack": "open",  # opened before the new one came: it stays open
        "alpha/stack_pop": "locked",
        "beta/centre": "locked",
    }
    step = following(grown, progress_of(workspace))
    assert step is not None
    assert step.key == "alpha/new"
    assert (current := current_step(grown, progress_of(workspace))) is not None
    assert current.key == "alpha/stack"


def test_a_step_inserted_after_the_end_of_a_workspace_that_was_done(
    curriculum: Curriculum, workspace: Workspace, solve: Solve, copied: Content
) -> None:
    for step in curriculum:
        solve(step.key)
    assert following(curriculum, progress_of(workspace)) is None
    grown = inserted(copied, "beta/centre")
    step = following(grown, progress_of(workspace))
    assert step is not None
    assert step.key == "alpha/new"


def test_a_step_that_was_taken_out_leaves_its_pass_in_the_file(
    curriculum: Curriculum, workspace: Workspace, solve: Solve, copied: Content
) -> None:
    solve("alpha/double")
    solve("alpha/power")
    text = copied.course_toml.read_text(encoding="utf-8")
    begin, end = (
        text.index('[[stages.steps]]\nkey = "alpha/power"'),
        text.index('[[stages.steps]]\nkey = "alpha/stack"'),
    )
    copied.course_toml.write_text(text[:begin] + text[end:], encoding="utf-8")
    smaller = load_curriculum(copied)
    assert "alpha/power" not in standings(smaller, workspace, progress_of(workspace))
    step = current_step(smaller, progress_of(workspace))  # the one opened last is no more: go on in order
    assert step is not None
    assert step.key == "alpha/mean"
    with update(workspace.progress) as progress:
        progress.current = "alpha/mean"
    assert "alpha/power" in progress_of(workspace).passed


def test_a_step_that_became_an_elective_gates_no_more(
    curriculum: Curriculum, workspace: Workspace, solve: Solve, copied: Content
) -> None:
    solve("alpha/double")
    solve("alpha/mean")
    text = copied.course_toml.read_text(encoding="utf-8")
    for title in ("A stack", "A stack that gives back"):
        text = text.replace(f'title = "{title}"\n', f'title = "{title}"\nelective = true\n')
    copied.course_toml.write_text(text, encoding="utf-8")
    assert states(load_curriculum(copied), workspace)["B.1"] == "open"
