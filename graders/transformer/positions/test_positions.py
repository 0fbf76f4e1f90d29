"""The hidden grader of 2.2. The oracle is the formula, one number at a time, and what rotations do to the rows."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check
from course.grading.strategies import normal, rngs, sizes, strided

FEW = settings(max_examples=10)
BASES = [1, 2, 100, 500.0, 10000.0, 1e6]


# ---------------------------------------------------------------- the definitions


def table(T, d, base=10000.0):
    """The formula, one number at a time."""
    out = np.zeros((T, d))
    for p, column in np.ndindex(T, d):
        angle = p / math.exp(math.log(base) * (column - column % 2) / d)
        out[p, column] = math.sin(angle) if column % 2 == 0 else math.cos(angle)
    return out


def same(got, expected, what="the table"):
    """An angle of p radians is known to p rounding errors."""
    check.close(got, expected, what=what, scale=max(1.0, float(len(expected))))


def pairs(got, T, d):
    """The columns in pairs: (T, d/2) sines and cosines, once the shape is right."""
    rows = check.number_array(got, "the table")
    check.that(rows.shape == (T, d), f"the table has shape {rows.shape}, expected {(T, d)}")
    check.that(rows.dtype == np.float64, f"the table has dtype {rows.dtype}, expected float64")
    return rows[:, 0::2], rows[:, 1::2]


# ---------------------------------------------------------------- the inputs


def even(largest=6):
    """An even width, 2 or more."""
    return st.integers(1, largest).map(lambda half: 2 * half)


@st.composite
def tables(draw):
    """A trained table, and a stretch that lies in it."""
    max_len, rng = draw(sizes(1, 8)), draw(rngs())
    offset = draw(st.integers(0, max_len))
    T = draw(st.integers(0, max_len - offset))
    return SimpleNamespace(P=normal(rng, (max_len, draw(sizes(1, 4)))), T=T, offset=offset)


def rows(case):
    """The rows asked for, copied one by one."""
    out = np.zeros((case.T, case.P.shape[1]), dtype=case.P.dtype)
    for place in range(case.T):
        for column in range(case.P.shape[1]):
            out[place, column] = case.P[case.offset + place, column]
    return out


def exactly(got, case, what="the stretch"):
    check.close(got, rows(case), what=what, rtol=0.0)


# ---------------------------------------------------------------- sinusoidal_positions


@FEW
@given(sizes(1, 4), even())
def test_position_zero(learner, T, d):
    """Position 0 is 0, 1, 0, 1, …: every sine is 0 and every cosine 1."""
    sines, cosines = pairs(learner.sinusoidal_positions(T, d), T, d)
    check.close(sines[0], np.zeros(d // 2), what="row 0, even columns", scale=1.0)
    check.close(cosines[0], np.ones(d // 2), what="row 0, odd columns", scale=1.0)


@FEW
@given(sizes(2, 6), even(), st.sampled_from(BASES))
def test_first_pair(learner, T, d, base):
    """The first pair turns by one radian a position, whatever d and base are: its columns are sin p and cos p."""
    sines, cosines = pairs(learner.sinusoidal_positions(T, d, base), T, d)
    same(sines[:, 0], np.array([math.sin(p) for p in range(T)]), what="column 0")
    same(cosines[:, 0], np.array([math.cos(p) for p in range(T)]), what="column 1")


@FEW
@given(sizes(2, 8), even())
def test_unit_circle(learner, T, d):
    """Columns 2i and 2i + 1 are the sine and the cosine of one angle: their squares sum to 1 in every row."""
    sines, cosines = pairs(learner.sinusoidal_positions(T, d), T, d)
    check.close(sines**2 + cosines**2, np.ones((T, d // 2)), what="sin² + cos² of a pair", scale=1.0)


@given(sizes(1, 8), even())
@example(3, 8)
def test_formula(learner, T, d):
    """Pair i of row p is the sine and the cosine of p / 10000^(2i/d)."""
    same(learner.sinusoidal_positions(T, d), table(T, d))


@settings(max_examples=12)
@given(sizes(2, 6), even(), st.sampled_from(BASES))
def test_base(learner, T, d, base):
    """The base is yours to choose, as an int or a float: pair i is slower than the first by base^(2i/d)."""
    same(learner.sinusoidal_positions(T, d, base), table(T, d, base))


@FEW
@given(sizes(2, 6), even(5).map(lambda d: d + 2), st.sampled_from([2, 100, 1e6]))
def test_equal_steps(learner, T, d, base):
    """From one pair to the next the angle shrinks by the same factor, base^(2/d)."""
    sines, cosines = pairs(learner.sinusoidal_positions(T, d, base), T, d)
    speed = np.arctan2(sines[1], cosines[1])  # row 1: the angle of one step
    wanted = np.full(d // 2 - 1, math.exp(-2 * math.log(base) / d))
    check.close(speed[1:] / np.where(speed[:-1] == 0, 1, speed[:-1]), wanted, what="the ratio of two angles", rtol=1e-9)


@FEW
@given(sizes(1, 6), sizes(1, 6), even())
def test_rows_do_not_know_the_length(learner, T, more, d):
    """Row p is the same in a short table and in a longer one."""
    short, long = (pairs(learner.sinusoidal_positions(length, d), length, d) for length in (T, T + more))
    for name, one, other in zip(("even", "odd"), short, long, strict=True):
        check.close(other[:T], one, what=f"the {name} columns of the longer table", scale=1.0)


@FEW
@given(sizes(2, 9), sizes(1, 9), even())
def test_fixed_rotation(learner, T, k, d):
    """k positions further is a rotation of every pair, the same from wherever you start; row k says by which angle."""
    sines, cosines = pairs(learner.sinusoidal_positions(T + k, d), T + k, d)
    s, c = sines[k], cosines[k]
    turned_sines = sines[:T] * c + cosines[:T] * s
    turned_cosines = cosines[:T] * c - sines[:T] * s
    check.close(sines[k:], turned_sines, what=f"the sines {k} further", scale=float(T + k))
    check.close(cosines[k:], turned_cosines, what=f"the cosines {k} further", scale=float(T + k))


@FEW
@given(sizes(2, 8), sizes(1, 8), even())
def test_dot_product_knows_the_distance(learner, T, k, d):
    """The dot product of two rows depends on how far apart they are, not on where; of a row with itself it is d/2."""
    got = check.number_array(learner.sinusoidal_positions(T + k, d), "the table")
    check.that(got.shape == (T + k, d), f"the table has shape {got.shape}, expected {(T + k, d)}")
    apart = np.sum(got[:T] * got[k:], axis=1)
    check.close(apart, np.full(T, float(got[0] @ got[k])), what=f"row p · row p + {k}", scale=float(d * (T + k)))
    check.close(np.sum(got**2, axis=1), np.full(T + k, d / 2), what="a row · itself", scale=float(d))


def test_rows_differ(learner):
    """No two of a thousand positions have the same row, not even with the two columns of d = 2."""
    for d in (2, 16):
        sines, cosines = pairs(learner.sinusoidal_positions(1000, d), 1000, d)
        found = np.unique(np.round(np.concatenate([sines, cosines], axis=1), 9), axis=0)
        check.that(len(found) == 1000, f"with d = {d}, 1000 positions have only {len(found)} different rows")


def test_far_positions(learner):
    """The table is exact far out too: five thousand positions."""
    got = check.number_array(learner.sinusoidal_positions(5000, 6), "the table")
    check.that(got.shape == (5000, 6), f"the table has shape {got.shape}, expected (5000, 6)")
    last = np.array([[f(p / 10000 ** (i / 3)) for i in range(3) for f in (math.sin, math.cos)] for p in (4998, 4999)])
    check.close(got[-2:], last, what="the last two rows", scale=5000.0)


def test_wide(learner):
    """A wide table is as exact as a narrow one, silently: d = 512."""
    seen = learner.probe("warnings_of", "sinusoidal_positions", 3, 512)
    same(seen["value"], table(3, 512))
    check.that(not seen["warnings"], f"NumPy warned: {(seen['warnings'] or [''])[0]}")


@settings(max_examples=4)
@given(even())
def test_no_positions(learner, d):
    """T = 0 gives a table of no rows and d columns."""
    check.close(learner.sinusoidal_positions(0, d), np.zeros((0, d)), what="the table")


def test_width_refused(learner):
    """A d that is odd, or less than 2, raises ValueError: its columns cannot be paired."""
    for d in (1, 3, 5, 7, 0, -1, -2, -4):
        for T in (0, 1, 3):
            with check.raises("ValueError"):
                learner.sinusoidal_positions(T, d)


def test_negative_length(learner):
    """A negative T raises ValueError."""
    for T, d in ((-1, 2), (-2, 4), (-7, 6)):
        with check.raises("ValueError"):
            learner.sinusoidal_positions(T, d)


@settings(max_examples=4)
@given(sizes(1, 4), even())
def test_own_table(learner, T, d):
    """Each call returns an array of its own: writing in one table changes none that comes later."""
    shown = f"sinusoidal_positions({T}, {d})[...] = 7; sinusoidal_positions({T}, {d})"
    seen = learner.probe("written_over", T, d, shown=shown)
    same(seen["first"], table(T, d))
    same(seen["second"], table(T, d), what="the second table")


# ---------------------------------------------------------------- learned_positions


@FEW
@given(tables())
def test_learned(learner, case):
    """Without an offset the rows are the first T of P."""
    case.offset = 0
    exactly(learner.learned_positions(case.P, case.T), case)


@given(tables())
def test_learned_offset(learner, case):
    """With an offset they are the rows offset … offset + T − 1 of P, unchanged."""
    exactly(learner.learned_positions(case.P, case.T, case.offset), case)


@FEW
@given(tables())
def test_learned_token_by_token(learner, case):
    """One row at a time, each with its offset, are the rows that one call for all of them gives."""
    whole = check.number_array(learner.learned_positions(case.P, len(case.P)), "the stretch")
    check.that(whole.shape == case.P.shape, f"the stretch has shape {whole.shape}, expected {case.P.shape}")
    for place in range(len(case.P)):
        got = learner.learned_positions(case.P, 1, offset=place)
        check.close(got, whole[place : place + 1], what=f"the row for offset {place}", rtol=0.0)


@settings(max_examples=6)
@given(tables())
def test_learned_whole(learner, case):
    """The whole table is one stretch, and so is what is left from the offset on: the last row can be had."""
    case.T = len(case.P) - case.offset
    exactly(learner.learned_positions(case.P, case.T, case.offset), case)


@settings(max_examples=6)
@given(tables())
def test_learned_nothing(learner, case):
    """T = 0 gives no rows and d columns at every offset, at the very end of P too."""
    case.T = 0
    exactly(learner.learned_positions(case.P, 0, case.offset), case)
    case.offset = len(case.P)
    exactly(learner.learned_positions(case.P, 0, case.offset), case)


@settings(max_examples=6)
@given(tables())
def test_learned_beyond(learner, case):
    """A stretch that ends beyond P raises ValueError; it is not cut, not repeated and not started again."""
    n, offset = len(case.P), case.offset
    for T, start in ((n + 1 - offset, offset), (n + 3 - offset, offset), (n, 1), (1, n), (1, n + 2), (0, n + 1)):
        with check.raises("ValueError"):
            learner.learned_positions(case.P, T, start)


@settings(max_examples=4)
@given(tables())
def test_learned_negative(learner, case):
    """A negative offset or a negative T raises ValueError: neither counts from the end."""
    for T, offset in ((1, -1), (0, -1), (2, -2), (1, -100), (-1, 0), (-1, 1), (-3, 2)):
        with check.raises("ValueError"):
            learner.learned_positions(case.P, T, offset)


@FEW
@given(tables())
def test_learned_dtype_and_layout(learner, case):
    """float32 stays float32, and P may lie in memory as it likes."""
    case.P = strided(case.P.astype(np.float32))
    exactly(learner.learned_positions(case.P, case.T, case.offset), case)


@FEW
@given(tables())
def test_learned_leaves_table(learner, case):
    """P stays as it was, and the same question gets the same answer."""
    seen = learner.probe("purity", "learned_positions", (case.P, case.T, case.offset))
    check.that(not seen["changed"], "learned_positions wrote into P")
    exactly(seen["second"], case, what="the second answer")
