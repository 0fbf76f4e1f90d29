"""The hidden grader of 2.3. The oracle turns one pair at a time, as a complex number; gradients are differences."""

import cmath
import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.strategies import normal, rngs, sizes, strided, upstream

FEW = settings(max_examples=10)
THETAS = [10000.0, 100.0, 500000, 2]
BOTH = ["apply_rope", "apply_rope_backward"]


# ---------------------------------------------------------------- the definitions


def speeds(d_k, theta):
    """Radians a position, pair by pair."""
    return [math.exp(-2 * i * math.log(theta) / d_k) for i in range(d_k // 2)]


def position(token_positions, place):
    """The position of the token at a place of x without its last axis."""
    if token_positions is None:
        return place[-1]
    if token_positions.ndim == 1:
        return int(token_positions[place[-1]])
    return int(token_positions[place[0] if len(token_positions) > 1 else 0, place[-1]])


def turned(x, token_positions, theta=1e4, direction=1):
    """Every pair as a complex number, times e^(iα)."""
    y = np.zeros_like(x, order="C")
    rates = speeds(x.shape[-1], theta)
    for place in np.ndindex(x.shape[:-1]):
        p = direction * position(token_positions, place)
        for i, rate in enumerate(rates):
            z = complex(x[(*place, 2 * i)], x[(*place, 2 * i + 1)]) * cmath.rect(1.0, p * rate)
            y[(*place, 2 * i)], y[(*place, 2 * i + 1)] = z.real, z.imag
    return y


# ---------------------------------------------------------------- the inputs


def even(smallest=2, largest=6):
    """An even width."""
    return st.integers(smallest // 2, largest // 2).map(lambda half: 2 * half)


def some_positions(rng, shape, furthest=40):
    """Positions in no order, with gaps, some twice."""
    return rng.integers(0, furthest, shape)


@st.composite
def cases(draw, *, axes=(0, 1), form="(T,)", width=(2, 6), theta=False, dtype=np.float64, furthest=40):
    """x with `axes` axes before T, an upstream gradient, and positions of one form."""
    rng = draw(rngs())
    front = draw(st.lists(sizes(1, 3), min_size=axes[0], max_size=axes[1]))
    T, d_k = draw(sizes(1, 4)), draw(even(*width))
    shape = {"None": None, "(T,)": (T,), "(1, T)": (1, T), "(B, T)": (*front[:1], T)}[form]
    positions = None if shape is None else some_positions(rng, shape, furthest)
    x, dy = normal(rng, (*front, T, d_k)).astype(dtype), upstream(rng, (*front, T, d_k)).astype(dtype)
    args = (positions, draw(st.sampled_from(THETAS))) if theta else (positions,)
    return SimpleNamespace(x=x, dy=dy, positions=positions, args=args, theta=args[1] if theta else 1e4)


# ---------------------------------------------------------------- what is claimed again and again


def furthest(case):
    """The largest position: an angle of p radians is known to p rounding errors."""
    return 1.0 if case.positions is None else max(1.0, float(np.max(case.positions, initial=0)))


def same(got, case, direction=1, what="y"):
    given_x = case.x if direction == 1 else case.dy
    size = 2 * max(1.0, float(np.max(np.abs(given_x), initial=0)))
    scale = size * (furthest(case) if given_x.dtype == np.float64 else 1.0)
    check.close(got, turned(given_x, case.positions, case.theta, direction), what=what, scale=scale)


def forward_holds(learner, case):
    same(learner.apply_rope(case.x, *case.args), case)


def both_hold(learner, case):
    forward_holds(learner, case)
    same(learner.apply_rope_backward(case.dy, *case.args), case, -1, what="dx")


def cos_and_sin(learner, *args):
    return check.items(learner.rope_cos_sin(*args), 2, what="what rope_cos_sin returns")


def shaped(tables, length, d_k):
    """The two tables, once their shape is right."""
    arrays = [check.number_array(one, name) for name, one in zip(("cos", "sin"), tables, strict=True)]
    for name, one in zip(("cos", "sin"), arrays, strict=True):
        check.that(one.shape == (length, d_k // 2), f"{name} has shape {one.shape}, expected {(length, d_k // 2)}")
    return arrays


def same_tables(got, positions, d_k, theta=1e4):
    for name, one, f in zip(("cos", "sin"), got, (math.cos, math.sin), strict=True):
        wanted = np.array([[f(p * rate) for rate in speeds(d_k, theta)] for p in positions]).reshape(-1, d_k // 2)
        check.close(one, wanted, what=name, scale=max(1.0, *map(float, positions)) if len(positions) else 1.0)


# ---------------------------------------------------------------- rope_cos_sin


@FEW
@given(sizes(1, 5), even())
def test_table_begins_at_zero(learner, length, d_k):
    """Position 0 turns nothing: the first row of cos is ones, the first of sin zeros."""
    cos, sin = shaped(cos_and_sin(learner, length, d_k), length, d_k)
    check.close(cos[:1], np.ones((1, d_k // 2)), what="row 0 of cos", scale=1.0)
    check.close(sin[:1], np.zeros((1, d_k // 2)), what="row 0 of sin", scale=1.0)


@FEW
@given(sizes(1, 6), even())
def test_table(learner, length, d_k):
    """cos and sin have a row for each position and a column for each pair, of the angle p · 10000^(−2i/d_k)."""
    same_tables(cos_and_sin(learner, length, d_k), range(length), d_k)


@FEW
@given(sizes(2, 6), even(4), st.sampled_from(THETAS))
def test_table_theta(learner, length, d_k, theta):
    """theta is yours to choose, as an int or a float: pair i turns by theta^(−2i/d_k) for each position."""
    same_tables(cos_and_sin(learner, length, d_k, theta), range(length), d_k, theta)


def test_table_far(learner):
    """The tables are exact far out too: five thousand positions."""
    cos, sin = shaped(cos_and_sin(learner, 5000, 6), 5000, 6)
    same_tables((cos[-3:], sin[-3:]), range(4997, 5000), 6)


@settings(max_examples=3)
@given(even())
def test_table_empty(learner, d_k):
    """max_seq_len = 0 gives two tables without rows; a negative one raises ValueError."""
    same_tables(cos_and_sin(learner, 0, d_k), [], d_k)
    with check.raises("ValueError"):
        learner.rope_cos_sin(-1, d_k)


def test_table_odd(learner):
    """rope_cos_sin raises ValueError for a d_k that is odd or less than 2."""
    for d_k in (1, 3, 5, 7, 0, -1, -2, -4):
        for length in (0, 3):
            with check.raises("ValueError"):
                learner.rope_cos_sin(length, d_k)


# ---------------------------------------------------------------- apply_rope


@settings(max_examples=8)
@given(cases(axes=(0, 2)))
def test_position_zero(learner, case):
    """At position 0 nothing is turned: y is x."""
    zeros = np.zeros(case.x.shape[-2], dtype=np.int64)
    check.close(learner.apply_rope(case.x, zeros), case.x, what="y", scale=1.0)


@settings(max_examples=8)
@given(rngs(), even(2, 8), st.integers(1, 9))
def test_pairs_keep_to_themselves(learner, rng, d_k, p):
    """A pair is two neighbours, 2i and 2i + 1: where x is zero but for one pair, y is zero but for the same pair."""
    x = np.zeros((1, d_k))
    pair = 2 * int(rng.integers(d_k // 2))
    x[0, pair : pair + 2] = normal(rng, 2) + 1.5
    y = check.number_array(learner.apply_rope(x, np.array([p])), "y")
    check.that(y.shape == x.shape, f"y has shape {y.shape}, expected {x.shape}")
    y = y.copy()
    y[0, pair : pair + 2] = 0.0
    check.close(y, np.zeros_like(x), what="what is outside the pair", scale=1.0)


@FEW
@given(cases(axes=(0, 1)))
def test_pair_norms(learner, case):
    """A rotation keeps lengths: a² + b² of every pair is the same before and after."""
    y = check.number_array(learner.apply_rope(case.x, *case.args), "y")
    check.that(y.shape == case.x.shape, f"y has shape {y.shape}, expected {case.x.shape}")
    before, after = (one[..., 0::2] ** 2 + one[..., 1::2] ** 2 for one in (case.x, y))
    check.close(after, before, what="a² + b² of a pair", scale=1.0 + float(np.max(before)))


@given(cases(axes=(0, 1)))
def test_definition(learner, case):
    """Pair i at position p turns by p · 10000^(−2i/d_k), from the first number towards the second."""
    forward_holds(learner, case)


# ---------------------------------------------------------------- apply_rope_backward, and what holds for both


@settings(max_examples=12)
@given(cases(axes=(0, 1), width=(2, 4)))
def test_gradient(learner, case):
    """dx is the gradient of sum(dy · y) with respect to every number of x."""
    dx = learner.apply_rope_backward(case.dy, *case.args)
    gradients.close({"dx": dx}, lambda x: turned(x, case.positions), (case.x,), case.dy)


@FEW
@given(cases(axes=(0, 2), form="None"))
def test_no_positions(learner, case):
    """Without positions (None) the tokens stand at 0 … T − 1."""
    both_hold(learner, case)


@settings(max_examples=12)
@given(cases(axes=(0, 1), theta=True))
def test_theta(learner, case):
    """theta reaches the rotation and its backward, as an int or a float."""
    both_hold(learner, case)


@settings(max_examples=12)
@given(rngs(), even(2, 8), st.integers(0, 30), st.integers(0, 30), st.integers(1, 50))
def test_relative(learner, rng, d_k, m, n, shift):
    """The product of a query at m and a key at n depends on m − n only: shift both and it stays."""
    q, k = normal(rng, (1, d_k)), normal(rng, (1, d_k))
    scores = []
    for move in (0, shift):
        at = [learner.apply_rope(one, np.array([place + move])) for one, place in ((q, m), (k, n))]
        left, right = (check.number_array(one, "y") for one in at)
        check.that(left.shape == right.shape == (1, d_k), f"y has shape {left.shape}, expected {(1, d_k)}")
        scores.append(float(np.sum(left * right)))
    size = float(np.sqrt(np.sum(q**2) * np.sum(k**2))) + 1.0
    check.close(scores[1], scores[0], what=f"the product after a shift of {shift}", scale=size * (m + n + shift + 1))


@FEW
@given(cases(axes=(0, 1)), st.integers(1, 20))
def test_turning_twice(learner, case, more):
    """Turning by m and then by n is turning by m + n."""
    T = case.x.shape[-2]
    once = check.number_array(learner.apply_rope(case.x, case.positions), "y")
    twice = learner.apply_rope(once, np.full(T, more))
    case.positions = case.positions + more
    same(twice, case, what="y of y")


@settings(max_examples=12)
@given(cases(axes=(2, 2)))
def test_heads(learner, case):
    """With heads, (B, H, T, d_k), positions of (T,) hold for every sequence and every head."""
    both_hold(learner, case)


@FEW
@given(cases(axes=(0, 3), form="(1, T)"))
def test_one_row(learner, case):
    """Positions of (1, T) are the same as of (T,), whatever axes x has; y has the shape of x."""
    both_hold(learner, case)


@settings(max_examples=12)
@given(cases(axes=(1, 1), form="(B, T)"))
def test_positions_of_a_batch(learner, case):
    """Positions of (B, T) give every sequence of (B, T, d_k) its own."""
    both_hold(learner, case)


@given(cases(axes=(2, 3), form="(B, T)"))
def test_positions_of_a_batch_with_heads(learner, case):
    """Positions of (B, T) belong to the first axis of (B, H, T, d_k); the heads of a sequence share them."""
    both_hold(learner, case)


@settings(max_examples=4)
@given(rngs(), sizes(2, 3), even())
def test_as_many_heads_as_sequences(learner, rng, n, d_k):
    """Also where B, H and T are the same number, a row of positions belongs to a sequence, not to a head."""
    x, dy = normal(rng, (n, n, n, d_k)), upstream(rng, (n, n, n, d_k))
    positions = some_positions(rng, (n, n))
    both_hold(learner, SimpleNamespace(x=x, dy=dy, positions=positions, args=(positions,), theta=1e4))


@settings(max_examples=8)
@given(cases(axes=(1, 1), form="None"))
def test_token_by_token(learner, case):
    """A token alone, with its position, is turned as it is in the whole sequence."""
    whole = check.number_array(learner.apply_rope(case.x, None), "y")
    check.that(whole.shape == case.x.shape, f"y has shape {whole.shape}, expected {case.x.shape}")
    last = case.x.shape[1] - 1
    got = learner.apply_rope(case.x[:, last:], np.array([last]))
    check.close(got, whole[:, last:], what="y of the last token alone", scale=10.0)


@FEW
@given(cases(axes=(0, 2)), st.sampled_from([np.int32, np.int16, np.uint8, np.uint64]))
def test_integer_dtypes(learner, case, dtype):
    """Positions may be of any integer dtype."""
    case.args = (case.positions.astype(dtype),)
    both_hold(learner, case)


@settings(max_examples=8)
@given(cases(axes=(0, 1), width=(4, 8), furthest=200_000))
def test_far(learner, case):
    """There is no largest position: 200,000 is turned by its own angle, exactly, and so is its backward."""
    case.positions[0] = 100_000
    both_hold(learner, case)


@settings(max_examples=8)
@given(cases(axes=(0, 1), width=(4, 8), dtype=np.float32, furthest=200_000))
def test_far_float32(learner, case):
    """A float32 x at position 100,000 is exact to float32's digits: angles are made in float64."""
    case.positions[0] = 100_000
    both_hold(learner, case)


@FEW
@given(cases(axes=(1, 2), form="(B, T)", theta=True))
def test_back_again(learner, case):
    """Backward turns back: what forward did to x, it undoes."""
    y = check.number_array(learner.apply_rope(case.x, *case.args), "y")
    back = learner.apply_rope_backward(y, *case.args)
    check.close(back, case.x, what="backward of forward", scale=10.0 * furthest(case))


@settings(max_examples=8)
@given(cases(axes=(0, 2), dtype=np.float32))
def test_float32(learner, case):
    """float32 in, float32 out, forward and backward."""
    both_hold(learner, case)


@settings(max_examples=8)
@given(cases(axes=(1, 2), form="(B, T)"))
def test_layout(learner, case):
    """How x, dy and the positions lie in memory (transposed, strided) makes no difference."""
    case.x, case.dy, case.positions = strided(case.x), strided(case.dy), strided(case.positions)
    case.args = (case.positions,)
    both_hold(learner, case)


EMPTY = [
    ((0, 4), (0,)),
    ((2, 0, 4), (0,)),
    ((2, 0, 4), (2, 0)),
    ((0, 3, 2), (3,)),
    ((0, 2, 3, 2), (0, 3)),
    ((2, 0, 3, 2), (2, 3)),
]


def test_empty(learner):
    """No tokens, no sequences or no heads give an empty y of the shape of x, with positions and with None."""
    for shape, wanted in EMPTY:
        for positions in (None, np.zeros(wanted, dtype=np.int64)):
            for name in BOTH:
                check.close(getattr(learner, name)(np.zeros(shape), positions), np.zeros(shape), what="y")


def test_odd(learner):
    """An x whose last side is odd, or 0, raises ValueError: its numbers cannot be paired."""
    for shape in ((3, 1), (2, 3), (1, 5), (2, 2, 7), (3, 0)):
        for name in BOTH:
            with check.raises("ValueError"):
                getattr(learner, name)(np.ones(shape), None)


# The shapes of x and of positions that are not its own.
MISFITS = [
    ((3, 4), (2,)),
    ((3, 4), (4,)),
    ((3, 4), (1,)),
    ((1, 4), (3,)),
    ((3, 4), (3, 1)),
    ((3, 4), (2, 3)),
    ((3, 4), (3, 3)),
    ((2, 3, 4), (3, 3)),
    ((2, 3, 4), (2, 1)),
    ((2, 3, 4), (2, 4)),
    ((1, 3, 4), (2, 3)),
    ((2, 5, 3, 4), (5, 3)),
    ((2, 5, 3, 4), (2, 5)),
]


def test_shapes_disagree(learner):
    """Positions that are not of (T,), (1, T) or (B, T) raise ValueError; nothing is stretched or cut to fit."""
    for shape, wrong in MISFITS:
        for name in BOTH:
            with check.raises("ValueError"):
                getattr(learner, name)(np.ones(shape), np.ones(wrong, dtype=np.int64))


@settings(max_examples=8)
@given(cases(axes=(1, 2), form="(B, T)"), rngs(), st.sampled_from([-1, -5, -1000]), st.sampled_from(BOTH))
def test_negative_position(learner, case, rng, p, name):
    """A negative position raises ValueError, even one among many."""
    case.positions.flat[rng.integers(case.positions.size)] = p
    with check.raises("ValueError"):
        getattr(learner, name)(case.x, case.positions)


@settings(max_examples=12)
@given(cases(axes=(0, 2), form="(1, T)"), st.sampled_from(BOTH), st.booleans())
def test_leaves_inputs(learner, case, name, zero):
    """Neither function writes into its arguments, and what it returns is a new array, at position 0 too."""
    if zero:
        case.positions = np.zeros_like(case.positions)
    x = case.x if name == "apply_rope" else case.dy
    seen = learner.probe("purity", name, (x, case.positions))
    check.that(not seen["changed"], f"{name} wrote into {'x or dy' if 0 in seen['changed'] else 'token_positions'}")
    same(seen["second"], case, 1 if name == "apply_rope" else -1, what="the second result")
    check.that(not learner.probe("sharing", name, x, case.positions), f"{name} returned memory of its argument")
