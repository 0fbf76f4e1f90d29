"""What a grader draws depends on its seed, and on nothing else that lies around."""

from __future__ import annotations

import random

import hypothesis.core
import numpy as np
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from course.grading.draws import drawn_alike


def drawn(strategy):
    """The inputs that one seed gives, and what the global generators say meanwhile."""
    found, said = [], []

    @seed(7)
    @settings(max_examples=12, database=None, deadline=None)
    @given(strategy)
    def collect(value):
        found.append(value)
        said.append((random.random(), np.random.random()))

    collect()
    return found, said


def test_the_global_random_numbers_are_left_alone():
    _, before = drawn(st.integers())
    assert len(set(before)) == 1, "hypothesis seeds them anew for each example"
    with drawn_alike():
        found, said = drawn(st.integers())
    assert len(set(said)) == len(found)


def test_the_inputs_are_the_same_whatever_the_global_generators_hold():
    strategy = st.lists(st.integers() | st.floats(allow_nan=False) | st.text())
    random.seed(1)
    with drawn_alike():
        first, _ = drawn(strategy)
        random.seed(2)
        second, _ = drawn(strategy)
    assert first == second


def test_hypothesis_is_afterwards_as_it_was():
    before = hypothesis.core.deterministic_PRNG
    with drawn_alike():
        assert hypothesis.core.deterministic_PRNG is not before
    assert hypothesis.core.deterministic_PRNG is before
