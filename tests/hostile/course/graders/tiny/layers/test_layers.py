"""The hidden grader of H.3. The oracle is NumPy, in float64."""

import numpy as np
from hypothesis import given, settings

from course.grading import check
from course.grading.strategies import normal, rngs, shapes
from course.grading.wire import Tensor

FEW = settings(max_examples=5)
SHAPES = shapes(2, 2, smallest=2, largest=4)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@FEW
@given(SHAPES, rngs())
def test_softmax(learner, shape, rng):
    """softmax gives the probabilities of every row, as a float64 tensor."""
    x = normal(rng, shape)
    got = learner.softmax(Tensor(x))
    check.that(isinstance(got, Tensor), f"softmax is {check.describe(got)}, expected a tensor")
    check.close(got, softmax(x), what="softmax")


@FEW
@given(SHAPES, rngs())
def test_softmax_gradient(learner, shape, rng):
    """Autograd goes through softmax."""
    x, upstream = normal(rng, shape), normal(rng, shape)
    p = softmax(x)
    expected = p * (upstream - (upstream * p).sum(-1, keepdims=True))
    check.close(learner.probe("gradient", Tensor(x), Tensor(upstream)), expected, what="the gradient", scale=10.0)


@FEW
@given(SHAPES, rngs())
def test_scale(learner, shape, rng):
    """scale multiplies by a number."""
    x = normal(rng, shape)
    check.close(learner.scale(Tensor(x), 3.0), 3.0 * x, what="scale")
