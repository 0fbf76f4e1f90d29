"""Hypothesis strategies for graders: draw the shape, the seed and the scale; build the array with NumPy.

Drawing every element is twenty times slower and mostly gives constants. The numbers are rounded to a few decimals, so
that what the learner is shown is exactly what was computed with, and short enough to work by hand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]


# Cached: hypothesis looks at each new strategy before it draws from it, which takes as long as the drawing.
@cache
def sizes(smallest: int = 1, largest: int = 5) -> st.SearchStrategy[int]:
    """One side of an array; shrinks to the smallest."""
    return st.integers(smallest, largest)


@cache
def shapes(
    fewest: int = 1, most: int = 3, *, smallest: int = 1, largest: int = 4
) -> st.SearchStrategy[tuple[int, ...]]:
    """The shape of an array of `fewest` to `most` axes."""
    return st.lists(sizes(smallest, largest), min_size=fewest, max_size=most).map(tuple)


@cache
def rngs() -> st.SearchStrategy[np.random.Generator]:
    """A NumPy generator; the same example always gets the same numbers."""
    return st.integers(0, 2**20).map(lambda seed: np.random.default_rng([seed, 20_26]))


def normal(
    rng: np.random.Generator,
    shape: tuple[int, ...] | int = (),
    *,
    scale: float = 1.0,
    decimals: int = 2,
    kink: float | None = None,
) -> Array:
    """Normal numbers, rounded; with `kink`, none lies nearer to it than 0.01 (finite differences need that room)."""
    data = np.round(rng.normal(0.0, 1.0, shape), decimals) * scale
    if kink is not None:
        near = np.abs(data - kink) < 0.01
        data = np.where(near, kink + 0.01 + np.abs(data - kink), data)
    return np.asarray(np.round(data, decimals + 2), dtype=np.float64)


def upstream(rng: np.random.Generator, shape: tuple[int, ...] | int = ()) -> Array:
    """A random upstream gradient, of both signs, never near zero: with ones, many wrong backward passes look right."""
    return np.asarray(np.round(rng.uniform(0.2, 2.0, shape), 2) * rng.choice([-1.0, 1.0], shape), dtype=np.float64)


def strided(array: Array) -> Array:
    """The same numbers, not contiguous in memory: what a slice or a transpose hands to a function."""
    if array.ndim >= 2:
        return np.asfortranarray(array)
    if array.ndim == 0:
        return array
    return np.repeat(array, 2)[::2]
