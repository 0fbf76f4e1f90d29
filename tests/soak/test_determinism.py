"""The same code, the same verdict; right code, always a pass: a few times here, a thousand in `make soak`."""

from __future__ import annotations

import pytest
from conftest import FAKE
from determinism import cases, differing, refused

from course.content import Content, find_content
from course.curriculum import load_curriculum


def test_the_same_code_gets_the_same_verdict() -> None:
    content = Content(FAKE)
    some = cases(content, load_curriculum(content), steps=1)
    assert [case.name for case in some] == ["reference", "stub", "raises", "sets", *[case.name for case in some[4:]]]
    assert not list(differing(content, some, runs=2 * len(some)))


def test_references_pass_with_other_inputs() -> None:
    content = Content(FAKE)
    assert not list(refused(content, list(load_curriculum(content)), checks=6, seed=100))


@pytest.mark.soak
def test_the_same_code_gets_the_same_verdict_200_times() -> None:
    content = find_content()
    assert not list(differing(content, cases(content, load_curriculum(content), steps=4), runs=200))


@pytest.mark.soak
def test_references_pass_a_thousand_times() -> None:
    content = find_content()
    assert not list(refused(content, list(load_curriculum(content)), checks=1000, seed=1))
