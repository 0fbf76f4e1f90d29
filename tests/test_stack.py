"""A loop of calls at the edge of Python's stack asks the system for memory at each of them; with room it does not."""

from __future__ import annotations

import pytest

from course.grading.stack import roomy

resource = pytest.importorskip("resource", reason="page faults are counted on POSIX only")
CALLS = 2000


def leaf():
    return 1


def faults_at(depth):
    """How often memory is fetched while a small function is called, so many frames down."""
    if depth:
        return faults_at(depth - 1)
    began = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - began


@roomy
def worst():
    return max(faults_at(depth) for depth in range(150))


def test_no_depth_is_at_an_edge():
    assert worst() < CALLS / 4


def test_a_function_with_room_is_otherwise_the_same():
    @roomy
    def add(a, b=2, *, c=3):
        """Sum."""
        return a + b + c

    assert add(1) == 6
    assert add(1, 1, c=1) == 3
    assert add.__doc__ == "Sum."
