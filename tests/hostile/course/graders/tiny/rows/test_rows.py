"""The hidden grader of H.2."""

from hypothesis import given, settings

from course.grading import check
from course.grading.strategies import normal, rngs, shapes

FEW = settings(max_examples=5)
SHAPES = shapes(2, 2, smallest=2, largest=4)


@FEW
@given(SHAPES, rngs())
def test_centre(learner, shape, rng):
    """centre takes the mean of every row away."""
    x = normal(rng, shape)
    check.close(learner.centre(x), x - x.mean(-1, keepdims=True), what="centre", scale=10.0)


@FEW
@given(SHAPES, rngs())
def test_centre_keeps_its_input(learner, shape, rng):
    """centre leaves x and the random state as they were and gives the same twice."""
    x = normal(rng, shape)
    seen = learner.probe("purity", "centre", (x,))
    check.that(not seen["changed"], "centre wrote into x")
    check.that(not seen["random"], "centre drew random numbers")
    check.close(seen["second"], x - x.mean(-1, keepdims=True), what="the second call", scale=10.0)


@FEW
@given(SHAPES, rngs())
def test_centre_keeps_its_array(learner, shape, rng):
    """centre leaves the very array it is given as it was."""
    check.that(not learner.probe("changed", "centre", normal(rng, shape) + 1.0), "centre wrote into x")


@FEW
@given(SHAPES, rngs())
def test_largest(learner, shape, rng):
    """largest gives the largest number of every row."""
    x = normal(rng, shape)
    check.close(learner.largest(x), x.max(-1), what="largest")
