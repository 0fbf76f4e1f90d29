"""The words of a verdict, and its forms for programs: JSON and JUnit XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree as Xml

import pytest

from course.grading.junit import junit_xml
from course.grading.outcomes import Failure, Outcome, PropertyResult, Verdict, overall

P, W, E, U = Outcome.PASSED, Outcome.WRONG, Outcome.ERROR, Outcome.UNFINISHED


def verdict(*outcomes: Outcome, problem: Failure | None = None, outcome: Outcome | None = None) -> Verdict:
    results = tuple(
        PropertyResult(
            f"test_{n}", f"claim {n}", one, 3, None if one is P else Failure(f"why {n}", ("detail",), "f(1)")
        )
        for n, one in enumerate(outcomes)
    )
    return Verdict("a/b", outcome or overall(list(outcomes)), results, 7, 0.5, "c", "r", "g", problem)


def test_there_are_nine_words() -> None:
    words = {"passed", "wrong", "error", "unfinished", "timeout", "memory", "forbidden", "crashed", "grader-fault"}
    assert set(Outcome) == words


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([], Outcome.GRADER_FAULT),
        ([P], P),
        ([P, P], P),
        ([P, U], U),
        ([U, W, P], W),
        ([W, E], E),
        ([E, Outcome.TIMEOUT], Outcome.TIMEOUT),
        ([Outcome.MEMORY, Outcome.TIMEOUT], Outcome.MEMORY),
        ([Outcome.CRASHED, Outcome.MEMORY], Outcome.CRASHED),
        ([Outcome.FORBIDDEN, Outcome.CRASHED], Outcome.FORBIDDEN),
        ([*Outcome], Outcome.GRADER_FAULT),
    ],
)
def test_the_step_takes_the_gravest(outcomes: list[Outcome], whole: Outcome) -> None:
    assert overall(outcomes) is whole
    assert overall(outcomes[::-1]) is whole


def test_no_outcome_but_passed_makes_a_pass() -> None:
    for one in Outcome:
        assert overall([P, one, P]).value == one.value
        assert verdict(P, one).passed == (one is P)


def test_what_was_written_is_shown_before_what_was_not() -> None:
    first = verdict(P, U, W, E).first_failure
    assert first is not None
    assert first.name == "test_2"
    assert getattr(verdict(P, U, U).first_failure, "name", None) == "test_1"
    assert verdict(P).first_failure is None


def test_the_json_form_is_plain_and_versioned() -> None:
    data = json.loads(json.dumps(verdict(P, W).as_json()))
    assert data["schema"] == 1
    assert data["outcome"] == "wrong"
    assert data["examples"] == 6
    assert "transcripts" not in data
    assert data["properties"][1] == {
        "name": "test_1",
        "claim": "claim 1",
        "outcome": "wrong",
        "examples": 3,
        "failure": {"summary": "why 1", "detail": ["detail"], "call": "f(1)", "where": []},
    }


# ---------------------------------------------------------------- JUnit


def test_junit_has_a_case_for_each_property() -> None:
    root = Xml.fromstring(junit_xml([verdict(P, W, E), verdict(P)]))
    first, second = root.findall("testsuite")
    assert (first.get("name"), first.get("tests"), first.get("failures"), first.get("time")) == ("a/b", "3", "2", "0.5")
    assert (second.get("tests"), second.get("failures")) == ("1", "0")
    cases = first.findall("testcase")
    assert [case.get("name") for case in cases] == ["claim 0", "claim 1", "claim 2"]
    assert cases[0].find("failure") is None
    failure = cases[1].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("wrong", "why 1")
    assert (failure.text or "").split() == ["detail", "f(1)"]


def test_junit_has_a_case_for_code_that_could_not_run() -> None:
    problem = Failure("SyntaxError: a.py:1", where=("minillm/a.py:1",))
    (suite,) = Xml.fromstring(junit_xml([verdict(problem=problem, outcome=E)])).findall("testsuite")
    (case,) = suite.findall("testcase")
    failure = case.find("failure")
    assert (suite.get("failures"), case.get("name")) == ("1", "the code can be run")
    assert failure is not None
    assert failure.get("type") == "error"


def test_junit_survives_whatever_the_code_said() -> None:
    odd = "\x00\x1b[31m <&> ]]> \ud800 ü\x85\ufffe"
    results = (PropertyResult("test", f"claim {odd}", W, 1, Failure(odd, (odd,), odd, (odd,))),)
    text = junit_xml([Verdict("a/b", W, results, 1, 0.0, "c", "r", "g")])
    (failure,) = Xml.fromstring(text.encode("utf-8")).iter("failure")
    assert "<&> ]]>" in (failure.get("message") or "")
    assert "\x1b" not in text
