"""What graders say about values: what is wrong first, in the learner's terms; and what is right passes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from grading_helpers import brief

from course.grading import check
from course.grading.check import Mismatch
from course.grading.learner import LearnerRaised
from course.grading.wire import Opaque, Record, Tensor

EPS = float(np.finfo(np.float64).eps)


def mismatch(got: Any, expected: Any, **how: Any) -> str:
    with pytest.raises(Mismatch) as caught:
        check.close(got, expected, **how)
    failure = caught.value.failure
    assert str(caught.value) == failure.summary
    return "\n".join([failure.summary, *failure.detail])


CLOSE = [
    (1.0, 1.0), (1.0 + EPS, 1.0), (np.float64(2), 2.0), (0, 0.0), (1, 1.0), (np.array(3), 3.0), (0.0, -0.0),
    (5e-324, 0.0), (math.inf, math.inf), (-math.inf, -math.inf), (math.nan, math.nan), (3, 3), (1 + 2j, 1 + 2j),
    (np.zeros((0, 3)), np.zeros((0, 3))), (np.array([1e300, 1.0]), np.array([1e300, 2.0])),
    (np.array([np.nan, np.inf, 1.0]), np.array([np.nan, np.inf, 1.0])), (np.ones(2, np.float32), np.ones(2,
        np.float32)),
    (np.array([1.0 + 1e-6], np.float32), np.ones(1, np.float32)), (Tensor(np.ones(2)), np.ones(2)),
    (np.array([1 + 1j, 2]), np.array([1 + 1j, 2])), (np.array([True]), np.array([True])),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected"), CLOSE, ids=brief)
def test_what_is_equal_up_to_rounding_passes(got: Any, expected: Any) -> None:
    check.close(got, expected)


NOT_CLOSE = [
    (None, 1.0, "result is None, expected a number"),
    (True, 1.0, "result is True (bool), expected a number"),
    ("1.0", 1.0, "result is '1.0' (str), expected a number"),
    ([1.0], np.ones(1), "result is a list of 1, expected an array"),
    ((1.0, 2.0), 1.0, "result is a tuple of 2, expected an array"),
    ({"a": 1}, 1.0, "result is a dict of 1, expected a number"),
    (Opaque("minillm.Any"), 1.0, "result is <an object of type minillm.Any>, expected a number"),
    (Record("Point", {"x": 1}), 1.0, "result is Point(x=1), expected a number"),
    (np.ones(1), 1.0, "result has shape (1,), expected () (a single number)\none axis too many"),
    (1.0, np.ones(1), "result has shape () (a single number), expected (1,)\none axis is missing"),
    (np.ones((2, 3)), np.ones((3, 2)), "result has shape (2, 3), expected (3, 2)\nthe axes are in another order"),
    (np.ones(3), np.ones(2), "result has shape (3,), expected (2,)"),
    (np.ones((2, 2)), np.ones((0, 2)), "result has shape (2, 2), expected (0, 2)"),
    (np.ones(2, np.float32), np.ones(2), "result has dtype float32, expected float64"),
    (np.ones(2, int), np.ones(2), "result has dtype int64, expected float64"),
    (np.ones(2, ">f8"), np.ones(2), "result has dtype >f8, expected float64"),
    (np.float32(1), 1.0, "result has dtype float32, expected float64"),
    (np.bool_(True), 1.0, "result has dtype bool, expected float64"),
    (1.0, 1, "result has dtype float64, expected int64"),
    (1j, 1.0, "result has dtype complex128, expected float64"),
    (10**400, 1.0, "result has dtype object, expected float64"),
    (math.nan, 1.0, "result is NaN, expected 1"),
    (np.array([1.0, np.nan]), np.ones(2), "result is NaN at [1], expected 1"),
    (np.array([[1.0, -np.inf]]), np.ones((1, 2)), "result is infinite at [0, 1], expected 1"),
    (1.0, math.nan, "result: got 1, expected nan"),
    (1.0, math.inf, "result: got 1, expected inf"),
    (math.inf, -math.inf, "result: got inf, expected -inf"),
    (1.37, 1.0, "result: got 1.37, expected 1\nlargest error 0.37, tolerance 1.4e-14"),
    (np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[1.0, 2.5], [3.0, 4.0]]),
     "result: got 9 at [1, 1], expected 4\nlargest error 5, tolerance 5.7e-14; 2 of 4 elements differ"),
    (1 + 3j, 1 + 2j, "imaginary part of result: got 3, expected 2"),
    (2 + 2j, 1 + 2j, "real part of result: got 2, expected 1"),
    (1e-300, 0.0, "result: got 1e-300, expected 0"),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected", "says"), NOT_CLOSE, ids=brief)
def test_what_is_wrong_is_said(got: Any, expected: Any, says: str) -> None:
    assert mismatch(got, expected).strip().startswith(says)


def test_the_thing_is_named() -> None:
    assert mismatch(2.0, 1.0, what="the loss").startswith("the loss: got 2")
    assert mismatch(None, 1.0, what="the loss").startswith("the loss is None")


def test_tolerance_grows_with_terms_and_scale() -> None:
    assert check.tolerance(np.float64) == 64 * EPS
    assert check.tolerance(np.float32, 10) == 640 * float(np.finfo(np.float32).eps)
    assert check.tolerance(terms=0) == check.tolerance(terms=1)
    off = 1.0 + 100 * EPS
    mismatch(off, 1.0)
    check.close(off, 1.0, terms=2)
    check.close(off, 1.0, scale=2.0)
    check.close(off, 1.0, rtol=1e-10)
    mismatch(off, 1.0, rtol=0.0)
    check.close(1.0, 1.0, rtol=0.0)


def test_the_largest_value_sets_the_scale_unless_each_has_its_own() -> None:
    got, expected = np.array([1e9, 1.0 + 1e-9]), np.array([1e9, 1.0])
    check.close(got, expected)
    assert "at [1]" in mismatch(got, expected, elementwise=True)
    check.close(got, expected, elementwise=True, rtol=1e-8)


def test_the_dtype_of_the_learner_sets_the_precision() -> None:
    check.close(np.float32(1 + 1e-6), 1.0, dtype=None)
    check.close(np.float32(1 + 1e-6), 1.0, dtype=np.float32)
    mismatch(np.float64(1 + 1e-6), 1.0, dtype=None)
    assert "dtype float64, expected float32" in mismatch(1.0, 1.0, dtype=np.float32)
    assert "expected a real number" in mismatch(1j, 1.0, dtype=None)
    check.close(np.ones(2, bool), np.ones(2), dtype=None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (np.ones((2, 3)), "an array of shape (2, 3)"),
        ([1, 2], "a list of 2"),
        (set(), "a set of 0"),
        ("a", "'a' (str)"),
        (1.5, "1.5 (float)"),
        (10**5000, "a huge number (int)"),
        (Opaque("a.B"), "<an object of type a.B>"),
    ],
    ids=brief,
)
def test_describe_says_what_it_is(value: Any, words: str) -> None:
    assert check.describe(value) == words


def test_shorten_cuts_and_never_fails() -> None:
    assert check.shorten("a" * 500) == "'" + "a" * 118 + "…"
    assert check.shorten([10**5000]) == "a list with a huge number in it"


# ---------------------------------------------------------------- exact values

EQUAL = [
    (1, 1), (1.0, 1.0), (math.nan, math.nan), ("a", "a"), ([1, [2.0]], [1, [2.0]]), ((), ()), ({1: [2]}, {1: [2]}),
    (np.int64(3), 3), (np.float64(0.5), 0.5), ([np.int64(3)], [3]), ({1, 2}, {2, 1}), (None, None), (b"a", b"a"),
    (np.array([1.0, np.nan]), np.array([1.0, np.nan])), (np.array(["a"]), np.array(["a"])), ({"b": 1, "a": 2},
        {"a": 2, "b": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected"), EQUAL, ids=brief)
def test_equal_values_pass(got: Any, expected: Any) -> None:
    check.equal(got, expected)


UNEQUAL = [
    (2, 1, "result is 2, expected 1"),
    (True, 1, "result is True, expected 1"),
    (1.0, 1, "result is 1.0, expected 1"),
    (None, 1, "result is None, expected 1"),
    ([1], (1,), "result is [1], expected (1,)"),
    ([1, [2, 3]], [1, [2, 4]], "result[1][1] is 3, expected 4"),
    ([1, 2], [1, 2, 3], "result is [1, 2], expected [1, 2, 3]\n2 items, expected 3"),
    ("abc", "ab", "result is 'abc', expected 'ab'\n3 characters, expected 2"),
    ({"a": 1}, {"a": 1, "b": 2}, "result['b'] is None"),
    ({"a": 1, "b": 2}, {"a": 1}, "result is ['a', 'b'], expected ['a']"),
    ({"a": [1, True]}, {"a": [1, 1]}, "result['a'][1] is True, expected 1"),
    (np.ones(2), np.ones(3), "result is an array of shape (2,), expected an array of shape (3,)"),
    (np.ones(2, np.float32), np.ones(2), "result is an array of shape (2,)"),
    (np.ones(2), [1.0, 1.0], "result is an array of shape (2,), expected [1.0, 1.0]"),
    (Opaque("a.B"), 1, "result is <an object of type a.B>, expected 1"),
    (10**5000, 1, "result is a huge number, expected 1"),
    ({1}, {1, 2}, "result is {1}, expected {1, 2}"),
]  # fmt: skip


@pytest.mark.parametrize(("got", "expected", "says"), UNEQUAL, ids=brief)
def test_the_first_difference_is_shown(got: Any, expected: Any, says: str) -> None:
    with pytest.raises(Mismatch) as caught:
        check.equal(got, expected)
    failure = caught.value.failure
    assert "\n".join([failure.summary, *failure.detail]).startswith(says)


def test_items_insists_on_their_number() -> None:
    assert check.items([1, 2], 2) == (1, 2)
    for got in ((1,), None, np.ones(2), "ab", {1: 2, 3: 4}):
        with pytest.raises(Mismatch, match="expected a tuple of 2"):
            check.items(got, 2)


def test_finite_names_the_place() -> None:
    check.finite(np.ones(3))
    check.finite(1)
    for bad, words in ((math.nan, "nan"), (math.inf, "inf"), (np.array([0.0, -np.inf]), r"-inf at \[1\]")):
        with pytest.raises(Mismatch, match=f"is {words}, expected a finite number"):
            check.finite(bad)
    with pytest.raises(Mismatch, match="None"):
        check.finite(None)


def test_that_claims_anything() -> None:
    check.that(True, "never")
    with pytest.raises(Mismatch, match="the rows differ") as caught:
        check.that([], "the rows differ", "row 0", "row 1")
    assert caught.value.failure.detail == ("row 0", "row 1")


def test_raises_wants_the_named_exception() -> None:
    error = LearnerRaised("MyError", ("MyError", "ValueError", "Exception"), "too small", ())
    with check.raises("ValueError"):
        raise error
    with check.raises("TypeError", "MyError"):
        raise error
    said = r"raised MyError \('too small'\), expected TypeError or KeyError"
    with pytest.raises(Mismatch, match=said), check.raises("TypeError", "KeyError"):
        raise error
    with pytest.raises(Mismatch, match="nothing was raised, expected ValueError"), check.raises("ValueError"):
        pass
    with pytest.raises(ZeroDivisionError), check.raises("ZeroDivisionError"):
        raise ZeroDivisionError  # the grader's own mistake is not the learner's exception
