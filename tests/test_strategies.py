"""The strategies graders draw from: shapes, seeds and arrays that are short to write and far from kinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from course.grading import strategies

FEW = settings(max_examples=50, deadline=None, database=None)
SHAPES = st.sampled_from([(), (1,), (5,), (2, 3), (0,), (2, 1, 3)])


@FEW
@given(strategies.shapes(1, 3, smallest=2, largest=4), strategies.sizes(3, 7))
def test_shapes_and_sizes_keep_their_bounds(shape: tuple[int, ...], size: int) -> None:
    assert isinstance(shape, tuple)
    assert 1 <= len(shape) <= 3
    assert all(2 <= side <= 4 for side in shape)
    assert 3 <= size <= 7


def test_shapes_shrink_to_the_smallest() -> None:
    quiet = settings(database=None)
    assert find(strategies.shapes(1, 3, smallest=2), lambda shape: True, settings=quiet) == (2,)
    assert find(strategies.sizes(), lambda size: size > 2, settings=quiet) == 3


@FEW
@given(st.data())
def test_the_same_example_has_the_same_numbers(data: st.DataObject) -> None:
    rng = data.draw(strategies.rngs())
    state = rng.bit_generator.state
    first = rng.normal(size=3)
    rng.bit_generator.state = state
    assert np.array_equal(first, rng.normal(size=3))


def test_generators_differ_from_one_another() -> None:
    seen = set()

    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(strategies.rngs())
    def collect(rng: np.random.Generator) -> None:
        seen.add(float(rng.normal()))

    collect()
    assert len(seen) > 10


@FEW
@given(strategies.rngs(), SHAPES, st.sampled_from([0.1, 1.0, 10.0]), st.none() | st.sampled_from([0.0, 1.0]))
def test_normal_numbers_are_short_and_keep_off_the_kink(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float, kink: float | None
) -> None:
    data = strategies.normal(rng, shape, scale=scale, kink=kink)
    assert (data.dtype, data.shape) == (np.float64, shape)
    assert all(len(repr(number).partition(".")[2]) <= 4 for number in data.ravel().tolist())
    if kink is not None:
        assert np.all(np.abs(data - kink) >= 0.0099)


@FEW
@given(strategies.rngs(), SHAPES)
def test_an_upstream_gradient_is_never_near_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    data = strategies.upstream(rng, shape)
    assert (data.dtype, data.shape) == (np.float64, shape)
    assert np.all((np.abs(data) >= 0.2) & (np.abs(data) <= 2.0))


def test_an_upstream_gradient_has_both_signs() -> None:
    data = strategies.upstream(np.random.default_rng(0), 100)
    assert data.min() < 0 < data.max()


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, bool])
@pytest.mark.parametrize("shape", [(), (4,), (3, 2), (2, 3, 4), (0,)])
def test_strided_changes_only_the_layout(shape: tuple[int, ...], dtype: type) -> None:
    array = np.arange(float(np.prod(shape))).reshape(shape).astype(dtype)
    moved = strategies.strided(array)
    assert (moved.dtype, moved.shape) == (array.dtype, array.shape)
    assert np.array_equal(moved, array)
    assert moved.flags.c_contiguous == (array.size < 2)
