"""The hidden grader of H.1: values, and what only the learner's process can tell: inputs, calls, lines, bytes."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check

FEW = settings(max_examples=5)
NUMBERS = st.lists(st.integers(-99, 99), min_size=2, max_size=6)


@FEW
@given(NUMBERS)
def test_total(learner, values):
    """total adds the numbers."""
    check.equal(learner.total(values), sum(values), what="total")


@FEW
@given(NUMBERS)
def test_running(learner, values):
    """running gives the sum after every number."""
    check.equal(learner.running(values), list(itertools.accumulate(values)), what="running")


@FEW
@given(NUMBERS)
def test_running_keeps_its_input(learner, values):
    """running leaves its input and the random state as they were and gives the same twice."""
    seen = learner.probe("purity", "running", (values,))
    check.that(not seen["changed"], "running wrote into its input")
    check.that(not seen["random"], "running drew random numbers")
    check.equal(seen["second"], list(itertools.accumulate(values)), what="the second call")


def test_running_costs_lines(learner):
    """running executes at most five lines a number."""
    lines = learner.probe("line_count", "running", (list(range(50)),))
    check.that(10 < lines <= 300, f"it took {lines} lines for 50 numbers")


def test_running_costs_bytes(learner):
    """running needs memory for one more list, not for a square of numbers."""
    peak = learner.probe("peak_bytes", "running", (list(range(1000, 1200)),))
    check.that(1000 < peak < 40_000, f"it took {peak} bytes for 200 numbers")


@FEW
@given(st.integers(-99, 99).map(float))
def test_halve(learner, x):
    """halve gives half of a number."""
    check.equal(learner.halve(x), x / 2, what="halve")
