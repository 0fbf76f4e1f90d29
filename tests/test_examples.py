"""Examples that failed before are tried first, and asking twice cannot change a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from grading_helpers import named, small_course, submit

from course.grading.examples import MOST_PER_PROPERTY, RememberedExamples
from course.grading.outcomes import Outcome

KEY = b"\x01key"


def remembered(path: Path, code: str, *found: bytes) -> RememberedExamples:
    examples = RememberedExamples(path, code)
    for value in found:
        examples.save(KEY, value)
    examples.write()
    return examples


def test_the_next_code_inherits_what_the_last_one_failed_on(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "a.json"
    assert list(remembered(path, "A", b"one").fetch(KEY)) == []
    assert list(RememberedExamples(path, "B").fetch(KEY)) == [b"one"]


def test_asking_again_inherits_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    remembered(path, "A", b"one")
    for _ in range(3):
        assert list(remembered(path, "B", b"two").fetch(KEY)) == [b"one"]
    assert list(RememberedExamples(path, "C").fetch(KEY)) == [b"two"]


def test_code_that_passes_hands_on_what_it_inherited(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    remembered(path, "A", b"one")
    remembered(path, "B")
    assert list(RememberedExamples(path, "C").fetch(KEY)) == [b"one"]


def test_the_smallest_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    values = [bytes([n]) for n in range(10)]
    remembered(path, "A", *values, values[-1])
    assert list(RememberedExamples(path, "B").fetch(KEY)) == values[-MOST_PER_PROPERTY:]


def test_an_inherited_example_that_holds_now_is_not_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    remembered(path, "A", b"one")
    examples = RememberedExamples(path, "B")
    examples.delete(KEY, b"one")
    examples.write()
    assert list(RememberedExamples(path, "C").fetch(KEY)) == [b"one"]


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"code": "A"}', '{"code": 1, "inherited": 2, "found": 3}',
             '{"code": "A", "inherited": {}, "found": {"00": ["not base64!"]}}',
             '{"code": "A", "inherited": {"00": [1]}, "found": {}}'],
)  # fmt: skip
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    examples = remembered(path, "B", b"two")
    assert list(examples.fetch(KEY)) == []
    assert json.loads(path.read_text(encoding="utf-8"))["code"] == "B"


def test_without_a_place_to_write_nothing_is_lost_but_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    remembered(tmp_path / "file" / "a.json", "A", b"one")
    RememberedExamples(None, "A").write()
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_rare_failure_is_tried_first_by_the_next_code(tmp_path: Path) -> None:
    grader = """
    from hypothesis import given, settings
    from hypothesis import strategies as st
    from course.grading import check

    @settings(max_examples=40)
    @given(st.integers(0, 10**9))
    def test_double(learner, x):
        '''double(x) is 2·x.'''
        check.equal(learner.double(x), 2 * x)
    """
    course, kept = small_course(tmp_path / "content", grader), tmp_path / "kept"
    wrong = "def double(x):\n    return 2 * x if x < 1_000 else 0\n"
    first = [submit(course, wrong, tmp_path / "a", kept=kept) for _ in range(2)]
    assert [named(one, "test_double").failure for one in first] == [named(first[0], "test_double").failure] * 2
    assert first[0].outcome is Outcome.WRONG
    assert "double(1000)" in str(named(first[0], "test_double").failure)
    # hardly any draw is exactly 1000: only the memory finds this, and at once
    rare = "def double(x):\n    return 2 * x if x != 1_000 else 0\n"
    assert submit(course, rare, tmp_path / "a").passed
    for _ in range(3):
        second = submit(course, rare, tmp_path / "a", kept=kept)
        assert second.outcome is Outcome.WRONG
        assert named(second, "test_double").examples <= 3
    right = "def double(x):\n    return x + x\n"
    assert [submit(course, right, tmp_path / "a", kept=kept).passed for _ in range(2)] == [True, True]
