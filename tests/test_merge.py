"""`course progress merge`: what either copy holds the result holds, whatever the order and however often."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import Cli, open_step, pass_step, progress_of
from hypothesis import given, settings
from hypothesis import strategies as st

from course.curriculum import Curriculum
from course.errors import UsageError
from course.merge import differences, join, join_histories, sides
from course.progress import Pass, Progress, dump, load_progress, previous_copy, record_attempt, update
from course.workspace import Workspace

KEYS = ["a/one", "a/two", "b/three", "gone/step"]
TIMES = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "1970-01-01T00:00:00Z"]
some_keys = st.sampled_from(KEYS)
some_times = st.sampled_from(TIMES)
some_values = st.sampled_from([1, 1.0, True, "1", None, [1], {"x": 1}])
some_passes = st.builds(
    Pass,
    at=some_times,
    code=st.sampled_from(["now", "then"]),
    raw=st.sampled_from(["r", "s"]),
    grader=st.sampled_from(["g", "h"]),
    seed=st.integers(0, 2),
    versions=st.dictionaries(st.sampled_from(["numpy", "python"]), st.sampled_from(["1", "2"]), max_size=2),
    other=st.dictionaries(st.just("minutes"), some_values, max_size=1),
)
copies = st.builds(
    Progress,
    created=some_times,
    current=st.none() | some_keys,
    opened=st.dictionaries(some_keys, some_times),
    passed=st.dictionaries(some_keys, some_passes),
    strict=st.booleans(),
    predicted=st.dictionaries(some_keys, some_times),
    other=st.dictionaries(st.sampled_from(["cohort", "name"]), some_values, max_size=2),
)


def fits(_key: str, entry: Pass) -> bool:
    return entry.code == "now" and entry.grader == "g"


def place(key: str) -> int:
    return {"a/one": 0, "a/two": 1, "b/three": 2}.get(key, -1)


def joined(*some: Progress) -> Progress:
    progress = some[0]
    for other in some[1:]:
        progress = join(progress, other, fits, place)
    return progress


@given(copies, copies, copies)
def test_neither_order_nor_number_matters(one: Progress, two: Progress, three: Progress) -> None:
    assert dump(joined(one, two)) == dump(joined(two, one))
    assert dump(joined(joined(one, two), three)) == dump(joined(one, joined(two, three)))
    both = joined(one, two)
    assert dump(joined(both, one)) == dump(joined(both, two)) == dump(joined(both, both)) == dump(both)


@given(copies, copies)
def test_nothing_of_either_is_lost(one: Progress, two: Progress) -> None:
    both = joined(one, two)
    for copy in (one, two):
        assert set(copy.opened) <= set(both.opened)
        assert set(copy.passed) <= set(both.passed)
        assert set(copy.predicted) <= set(both.predicted)
        assert set(copy.other) <= set(both.other)
        assert both.strict or not copy.strict
        for key, entry in copy.passed.items():
            assert fits(key, both.passed[key]) or not fits(key, entry), "a pass that fits gave way to one that does not"
    assert all(entry in (one.passed.get(key), two.passed.get(key)) for key, entry in both.passed.items())
    assert both.current in (one.current, two.current)


def test_what_they_disagree_on_is_said() -> None:
    old, new = Pass(TIMES[1], "then", "r", "g", 1), Pass(TIMES[0], "now", "s", "g", 2)
    one = Progress(TIMES[0], "a/one", passed={"a/one": old, "a/two": old}, other={"cohort": 1})
    two = Progress(
        TIMES[0], "a/two", passed={"a/one": new, "a/two": Pass(TIMES[0], "else", "", "g", 3)}, strict=True,
        other={"cohort": 2},
    )  # fmt: skip
    both = joined(one, two)
    assert both.passed == {"a/one": new, "a/two": old}
    said = [f"{key}: {words}" for key, words in differences([one, two], both, fits)]
    assert said == [
        "a/one: passed in several copies, for different code; kept the one that fits your file",
        "a/two: passed in several copies, for different code; your file is neither: check it again",
        "a/one: the current step of another copy; the one further on is the current one now",
        ": one copy is strict: the joined one is, too",
        ": the field “cohort” differs; kept 2",
    ]
    assert differences([one, one], joined(one, one), fits) == differences([one], one, fits) == []


# ---------------------------------------------------------------- the history


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_histories_are_united_without_doubles(
    tmp_path_factory: pytest.TempPathFactory, one: list[str], two: list[str], three: list[str]
) -> None:
    def made(name: str, words: list[str]) -> Path:
        path = folder / name / "progress.json"
        (path.parent / ".course").mkdir(parents=True)
        lines = [json.dumps({"at": "2026-01-01T00:00:00Z", "step": word}) + "\n" for word in words]
        (path.parent / ".course" / "attempts.jsonl").write_text("".join(lines), encoding="utf-8")
        return path

    def kept(path: Path) -> list[str]:
        history = path.parent / ".course" / "attempts.jsonl"
        return [json.loads(line)["step"] for line in history.read_text(encoding="utf-8").splitlines()]

    folder = tmp_path_factory.mktemp("histories")
    paths = [made(str(number), words) for number, words in enumerate([one, two, three])]
    added = join_histories(paths[0], paths[1:])
    assert Counter(kept(paths[0])) == Counter(one) | Counter(two) | Counter(three)
    assert kept(paths[0])[: len(one)] == one, "what stood there is never rewritten"
    assert added == len(kept(paths[0])) - len(one)
    assert join_histories(paths[0], paths) == 0


# ---------------------------------------------------------------- the command


@pytest.fixture
def other(workspace: Workspace, curriculum: Curriculum, tmp_path: Path) -> Workspace:
    """The same learner's other machine: A.1 passed, A.2 opened; here only A.1 is opened, with the same code."""
    machine = Workspace(tmp_path / "other")
    machine.root.mkdir()
    with update(machine.progress, create=True):
        pass
    pass_step(machine, curriculum, "alpha/double")
    open_step(machine, curriculum, "alpha/mean")
    record_attempt(machine.progress, {"step": "alpha/double", "outcome": "passed"})
    open_step(workspace, curriculum, "alpha/double")
    workspace.file(curriculum["alpha/double"]).write_bytes(machine.file(curriculum["alpha/double"]).read_bytes())
    return machine


@pytest.mark.parametrize("folder", [False, True], ids=["the file", "its folder"])
def test_the_command(cli: Cli, workspace: Workspace, other: Workspace, folder: bool) -> None:
    before = workspace.progress.read_bytes()
    said = cli.ok("progress", "merge", str(other.root if folder else other.progress))
    assert "✓ progress.json holds them all: 1 passed, 2 opened." in said
    assert "A.1  the current step of another copy" in said
    assert "added to the history: 1 attempt of" in said
    assert progress_of(workspace).current == "alpha/mean"
    assert previous_copy(workspace.progress).read_bytes() == before
    assert "✓  A.1" in cli.ok("map")
    once = workspace.progress.read_bytes()
    again = cli.ok("progress", "merge", str(other.root))
    assert "history" not in again
    assert workspace.progress.read_bytes() == once


def test_two_machines_that_merge_each_others_copy_agree(cli: Cli, workspace: Workspace, other: Workspace) -> None:
    copy = other.root / "from-the-first.json"
    copy.write_bytes(workspace.progress.read_bytes())
    cli.ok("progress", "merge", str(other.progress))
    cli.ok("progress", "merge", copy.name, cwd=other.root)
    assert workspace.progress.read_bytes() == other.progress.read_bytes()


def test_a_copy_that_cannot_be_read_changes_nothing(cli: Cli, workspace: Workspace, other: Workspace) -> None:
    before = workspace.progress.read_bytes()
    for text in ("{", '{"format": 9}', "[]"):
        other.progress.write_text(text, encoding="utf-8")
        result = cli("progress", "merge", str(other.root))
        assert result.exit_code == 3
        assert str(other.progress) in result.stderr
        assert workspace.progress.read_bytes() == before
    assert cli("progress", "merge", "nowhere.json").exit_code == 3
    assert "name the other copy" in cli("progress", "merge").stderr


# ---------------------------------------------------------------- git's marks


def conflicted(ours: str, theirs: str, *, base: bool = False, end: str = "\n") -> bytes:
    """What git leaves: only the lines that differ are marked."""
    mine, other = ours.splitlines(), theirs.splitlines()
    head = next(i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b)
    tail = next(i for i, (a, b) in enumerate(zip(mine[::-1], other[::-1], strict=False)) if a != b)
    lines = [
        *mine[:head], "<<<<<<< HEAD", *mine[head : len(mine) - tail],
        *(["||||||| 1234567", '  "current": null,'] if base else []),
        "=======", *other[head : len(other) - tail], ">>>>>>> laptop", *mine[len(mine) - tail :],
    ]  # fmt: skip
    return (end.join(lines) + end).encode()


@pytest.mark.parametrize("base", [False, True], ids=["two sides", "with the base"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_merge_conflict_is_joined(
    cli: Cli, workspace: Workspace, curriculum: Curriculum, other: Workspace, base: bool, end: str
) -> None:
    ours, theirs = (one.progress.read_text(encoding="utf-8") for one in (workspace, other))
    marked = conflicted(ours, theirs, base=base, end=end)
    workspace.progress.write_bytes(marked)
    refused = cli("check")
    assert refused.exit_code == 3
    assert "it holds a merge conflict" in refused.stderr
    assert "course progress merge --conflict" in refused.stderr
    said = cli.ok("progress", "merge", "--conflict")
    assert "the file with the conflict is kept: progress.json.conflict-" in said
    (kept,) = workspace.root.glob("progress.json.conflict-*")
    assert kept.read_bytes() == marked
    progress = progress_of(workspace)
    assert set(progress.passed) == {"alpha/double"}
    assert set(progress.opened) == {"alpha/double", "alpha/mean"}
    assert progress_of(workspace).current == "alpha/mean"
    cli.ok("map")


def test_what_is_no_conflict_is_said(cli: Cli, workspace: Workspace) -> None:
    before = workspace.progress.read_bytes()
    result = cli("progress", "merge", "--conflict")
    assert result.exit_code == 2
    assert "holds no merge conflict" in result.stderr
    workspace.progress.write_bytes(b"<<<<<<< HEAD\n{\n=======\n[\n>>>>>>> x\n")
    broken = cli("progress", "merge", "--conflict")
    assert broken.exit_code == 2
    assert "git checkout --ours" in broken.stderr
    assert not list(workspace.root.glob("*.conflict-*"))
    workspace.progress.write_bytes(before)


def test_sides_of_a_conflict_in_several_places(workspace: Workspace) -> None:
    whole = dump(load_progress(workspace.progress)).encode()
    first, rest = whole.split(b"\n", 1)
    marked = b"<<<<<<< a\n" + first + b"\n=======\n" + first + b" \n>>>>>>> b\n" + rest
    one, two = sides(marked, workspace.progress)
    assert one == two == load_progress(workspace.progress)
    with pytest.raises(UsageError):
        sides(whole, workspace.progress)
