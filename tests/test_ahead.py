"""Inputs drawn before anybody waits: the same calls and the same verdict as without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from grading_helpers import said, small_course
from hypothesis import given
from hypothesis import strategies as st
from test_warm import plain

from course.content import Content
from course.curriculum import Step
from course.grading.collected import Collected, collect
from course.grading.inputs import drawn_ahead
from course.grading.judge import Submission, grade
from course.grading.outcomes import Outcome, Verdict
from course.grading.process import LearnerProcess
from course.grading.ready import Ready
from course.grading.seeds import SEEDS, seed_of
from course.grading.warm import Warm

SEED = SEEDS[0]
GRADER = """
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from course.grading import check

@given(st.integers(-9, 9), st.lists(st.integers(0, 9), max_size=4))
def test_twice(learner, x, more):
    '''double(x) is 2·x.'''
    check.equal(learner.double(x), 2 * x, what="double")
    more.append(x)
    check.equal(learner.double(len(more)), 2 * len(more), what="double")

@given(st.sampled_from([1, 2]))
def test_few(learner, x):
    '''So it is for one and for two.'''
    check.equal(learner.double(x), 2 * x, what="double")

@given(st.integers(0, 9))
@example(7)
def test_odd(learner, x):
    '''So it is for odd numbers.'''
    assume(x % 2)
    check.equal(learner.double(x), 2 * x, what="double")

@settings(max_examples=6)
@given(st.data())
def test_one_by_one(learner, data):
    '''So it is for what is drawn later.'''
    first = learner.double(data.draw(st.integers(1, 9)))
    check.equal(learner.double(data.draw(st.integers(0, first))) % 2, 0, what="double")

def test_zero(learner):
    '''Twice nothing is nothing.'''
    check.equal(learner.double(0), 0, what="double")
"""
REMEMBERS = """
calls = []
def double(x):
    calls.append(x)
    return 2 * x if len(calls) != {} else 0
"""
CODES = {
    "right": "def double(x):\n    return 2 * x\n",
    "wrong at once": "def double(x):\n    return x\n",
    "wrong now and then": "def double(x):\n    return 2 * x if x < 7 else 0\n",
    "wrong for a long list": "def double(x):\n    return 2 * x if x != 5 else 0\n",
    "raises": "def double(x):\n    return 2 * x if x > -7 else 1 / 0\n",
    "ends the process": "import os\ndef double(x):\n    return 2 * x if x > -5 else os._exit(3)\n",
    "not written": "def double(x):\n    raise NotImplementedError\n",
    "returns a text": "def double(x):\n    return 2 * x if x < 8 else 'many'\n",
    **{f"remembers {count} calls": REMEMBERS.format(count) for count in (2, 3, 5, 7, 13, 40, 999)},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Everything that crosses over to the learner's code."""
    calls: list[object] = []
    usual = LearnerProcess.ask

    def ask(self: LearnerProcess, operation: str, name: str, args: Any, kwargs: Any, seconds: float) -> Any:
        calls.append((operation, name, repr(args)))
        return usual(self, operation, name, args, kwargs, seconds)

    monkeypatch.setattr(LearnerProcess, "ask", ask)
    return calls


def collected(content: Content, step: Step, use: Callable[[Collected], None]) -> None:
    found = collect(content.test_file(step.key), use)
    assert not found.faults


@pytest.mark.parametrize("code", CODES)
def test_the_same_is_asked_and_the_same_is_said(tmp_path: Path, asked: list[object], code: str) -> None:
    content, step = small_course(tmp_path / "content", GRADER)
    file = tmp_path / "code" / "step.py"
    file.parent.mkdir()
    file.write_text(CODES[code], encoding="utf-8")
    submission = Submission({step.module: file})
    told: list[tuple[Verdict, list[object]]] = []

    def use(collected: Collected) -> None:
        spare, replays = Ready(), Ready()
        for ahead in (False, True):
            if ahead:
                collected.draw_ahead((SEED,), lambda: False)
            asked.clear()
            verdict = grade(content, step, submission, seed=SEED, warm=Warm(collected, spare, replays))
            told.append((verdict, list(asked)))
        spare.close()
        replays.close()

    collected(content, step, use)
    cold = grade(content, step, submission, seed=SEED)
    (without, asked_without), (with_them, asked_with) = told
    assert plain(without) == plain(with_them) == plain(cold)
    assert asked_without == asked_with
    assert (cold.outcome is Outcome.PASSED) == (code in ("right", "remembers 999 calls")), said(cold)


def test_what_passed_at_a_first_look_is_not_asked_again(tmp_path: Path, asked: list[object]) -> None:
    content, step = small_course(tmp_path)
    verdict = grade(content, step, Submission({step.module: content.reference(step.file)}, trusted=True), seed=SEED)
    assert [one.examples for one in verdict.properties] == [5, 1]
    assert sum(operation == "call" for operation, *_ in asked) == 6


FAILS_LATE = """
from hypothesis import given, settings
from hypothesis import strategies as st
from course.grading import check

@settings(max_examples=6)
@given(st.integers(1, 99))
def test_double(learner, x):
    '''double(x) is 2·x.'''
    check.equal(learner.double(x), 2 * x, what="double")

@settings(max_examples=6)
@given(st.integers(1, 99))
def test_same(learner, x):
    '''same(x) is x.'''
    check.equal(learner.same(x), x, what="same")
"""


def test_what_failed_at_a_first_look_is_run_in_full_first(tmp_path: Path, asked: list[Any]) -> None:
    content, step = small_course(tmp_path / "content", FAILS_LATE)
    file = tmp_path / "code" / "step.py"
    file.parent.mkdir()
    file.write_text("def double(x):\n    return 2 * x\n\n\ndef same(x):\n    return -x\n", encoding="utf-8")
    verdict = grade(content, step, Submission({step.module: file}), seed=SEED, diagnose=False)
    called = [name for operation, name, _ in asked if operation == "call"]
    first_look, rest = called[:3], called[3:]
    assert first_look == ["double", "double", "same"]
    assert rest == sorted(rest, reverse=True), "same, until it is small, and then double"
    assert rest.count("double") == 4
    assert [one.name for one in verdict.properties] == ["test_double", "test_same"]


def test_each_input_is_used_once_and_drawn_anew(tmp_path: Path) -> None:
    content, step = small_course(tmp_path, GRADER)
    submission = Submission({step.module: content.reference(step.file)}, trusted=True)

    def use(collected: Collected) -> None:
        spare, replays = Ready(), Ready()
        collected.draw_ahead(SEEDS, lambda: False)
        every = set(collected.ahead)
        assert every == {
            (seed, name) for seed in SEEDS for name in ("test_twice", "test_few", "test_odd", "test_one_by_one")
        }
        unknown = {name for (_, name), drawn in collected.ahead.items() if drawn is None}
        assert unknown == {"test_odd", "test_one_by_one"}
        for _ in range(2):
            grade(content, step, submission, seed=SEED, warm=Warm(collected, spare, replays))
            assert every - set(collected.ahead) == {(SEED, name) for name in ("test_twice", "test_few")}
            collected.draw_ahead(SEEDS, lambda: False)
            assert set(collected.ahead) == every
        spare.close()
        replays.close()

    collected(content, step, use)


def test_drawing_ends_as_soon_as_somebody_waits(tmp_path: Path) -> None:
    content, step = small_course(tmp_path, GRADER)

    def answers(count: int) -> Iterator[bool]:
        yield from [False] * count
        while True:
            yield True

    def use(collected: Collected) -> None:
        told = answers(30)
        collected.draw_ahead(SEEDS, lambda: next(told))
        assert set(collected.ahead) == {(SEED, "test_twice"), (SEED, "test_few")}

    collected(content, step, use)


def test_learners_code_is_graded_with_the_seeds_that_are_drawn_ahead() -> None:
    assert {seed_of(code, "grader") for code in map(str, range(99))} == set(SEEDS)


def test_a_property_that_cannot_be_drawn_is_left_to_its_run() -> None:
    @given(st.integers().map(lambda x: 1 // (x - x)))
    def test_broken(x: int) -> None:
        """Its strategy raises."""

    assert drawn_ahead(test_broken, "test_broken", SEED, (), lambda: False) is None
