"""What a grader draws depends on its seed, and on nothing else that lies around."""

from __future__ import annotations

import copy
import random

import hypothesis.core
import numpy as np
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

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


def test_the_inputs_are_the_same_whatever_was_drawn_before(monkeypatch):
    strategy = st.lists(st.integers(0, 10**9), min_size=50, max_size=60)
    with drawn_alike():
        first, _ = drawn(strategy)
    constants = copy.deepcopy(providers._local_constants)
    constants.integers.update(range(1000, 1500))
    monkeypatch.setattr(providers, "_local_constants", constants)
    monkeypatch.setattr(providers, "CONSTANTS_CACHE", type(providers.CONSTANTS_CACHE)(1024))
    assert drawn(strategy)[0] != first
    with drawn_alike():
        assert drawn(strategy)[0] == first


def test_equal_parts_are_made_once_and_like_ones_are_told_apart():
    with drawn_alike():
        assert st.sampled_from([1, 2]) is st.sampled_from([1, 2])
        assert st.lists(st.booleans(), max_size=2) is st.lists(st.booleans(), max_size=2)
        made = [st.sampled_from(one) for one in ([1], [1.0], [True], (1,), [0.0], [-0.0], [(0.0,)], [(-0.0,)])]
        made += [st.lists(st.booleans(), max_size=3), st.sampled_from([np.zeros(2)]), st.sampled_from([np.zeros(2)])]
        assert len({id(one) for one in made}) == len(made)
        assert drawn(st.sampled_from([[1], [2]]))[0]


@pytest.mark.parametrize("parts", [lambda: st.sampled_from((3, 1, 2)), lambda: st.lists(st.integers(0, 9), max_size=4)])
def test_the_inputs_are_those_that_parts_of_ones_own_give(parts):
    @st.composite
    def pairs(draw):
        return draw(parts()), draw(parts())

    plain, _ = drawn(pairs())
    with drawn_alike():
        assert drawn(pairs())[0] == plain


def test_hypothesis_is_afterwards_as_it_was():
    before = hypothesis.core.deterministic_PRNG
    with drawn_alike():
        assert hypothesis.core.deterministic_PRNG is not before
    assert hypothesis.core.deterministic_PRNG is before
