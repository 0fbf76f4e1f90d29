"""The hidden grader of 2.6. The oracle is the definition: one query at a time, over the keys it may see, with math."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

NAME = "scaled_dot_product_attention"


# ---------------------------------------------------------------- the definitions


def mask_slow(Tq, Tk, offset=0):
    return np.array([[j <= i + offset for j in range(Tk)] for i in range(Tq)], dtype=bool).reshape(Tq, Tk)


def attend_slow(Q, K, V, mask=None):
    """out and weights, and how large the sums behind a score are: their rounding is what a weight may be off."""
    *leading, Tq, d_k = Q.shape
    Tk, d_v = V.shape[-2:]
    sees = np.broadcast_to(True if mask is None else mask, (*leading, Tq, Tk))
    weights, out = np.zeros((*leading, Tq, Tk), dtype=Q.dtype), np.zeros((*leading, Tq, d_v), dtype=Q.dtype)
    largest = 1.0
    for one in np.ndindex(*leading, Tq):
        keys = [j for j in range(Tk) if sees[(*one, j)]]
        q, values = Q[one].tolist(), V[one[:-1]]
        products = [[x * y for x, y in zip(q, K[one[:-1]][j].tolist(), strict=True)] for j in keys]
        scores = [math.fsum(terms) / math.sqrt(d_k) for terms in products]
        largest = max(largest, *(sum(map(abs, terms)) / math.sqrt(d_k) for terms in products), 0.0)
        e = [math.exp(score - max(scores)) for score in scores]
        shares = [one_e / math.fsum(e) for one_e in e]
        weights[(*one, keys)] = shares
        out[one] = [math.fsum(p * float(values[j, c]) for p, j in zip(shares, keys, strict=True)) for c in range(d_v)]
    return SimpleNamespace(out=out, weights=weights, sees=sees, largest=largest)


# ---------------------------------------------------------------- the inputs


def numbers(rng, shape, magnitude=1.0, dtype=np.float64):
    x = normal(rng, shape, scale=magnitude)
    # Quarters are the same number in float32: what is shown is what was used.
    return x if dtype == np.float64 else (np.round(4 * x) / 4).astype(dtype)


@st.composite
def cases(draw, *, leading=(0, 0), magnitudes=(1.0, 4.0), dtype=np.float64, fewest=1, longest=4):
    """Queries, keys and values of any sides, and no mask."""
    front = draw(shapes(*leading, largest=2)) if leading[1] else ()
    Tq, Tk, d_k, d_v = draw(sizes(1, longest)), draw(sizes(fewest, longest)), draw(sizes(1, 4)), draw(sizes(1, 4))
    rng, magnitude = draw(rngs()), draw(st.sampled_from(magnitudes))
    return SimpleNamespace(
        Q=numbers(rng, (*front, Tq, d_k), magnitude, dtype),
        K=numbers(rng, (*front, Tk, d_k), magnitude, dtype),
        V=numbers(rng, (*front, Tk, d_v), 1.0, dtype),
        mask=None,
        scores=(*front, Tq, Tk),
    )


def visible(rng, shape, lost=False):
    """A random mask: in every row at least one key that is seen, or with `lost` at least one row that sees none."""
    mask = rng.random(shape) < 0.5
    np.put_along_axis(mask, rng.integers(0, shape[-1], (*shape[:-1], 1)), True, axis=-1)
    if lost:
        blind = rng.random(shape[:-1]) < 0.4
        blind.flat[rng.integers(blind.size)] = True
        mask[blind] = False
    return mask


@st.composite
def masked(draw, *, lost=False, **more):
    """A case with a mask of as many axes as its weights."""
    case = draw(cases(**more))
    case.mask = visible(draw(rngs()), case.scores, lost)
    return case


@st.composite
def broadcast(draw):
    """A mask of fewer axes than the weights, or with sides of 1, or both."""
    case = draw(cases(leading=(1, 3), longest=3))
    dropped = draw(st.integers(0, len(case.scores) - 1))
    kept = case.scores[dropped:]
    thin = draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept)))
    case.mask = visible(draw(rngs()), tuple(1 if one else side for one, side in zip(thin, kept, strict=True)))
    return case


@st.composite
def far_apart(draw):
    """Queries of very different sizes: the scores of one row are ordinary, those of another are thousands."""
    case = draw(cases(leading=(0, 2)))
    case.Q = case.Q * draw(rngs()).choice([-3000.0, 1.0, 3000.0], (*case.Q.shape[:-1], 1))
    return case


@st.composite
def exact_and_large(draw):
    """Whole numbers and a √d_k that is whole: every score is exact, however large."""
    d_k, magnitude, rng = draw(st.sampled_from([1, 4, 16])), draw(st.sampled_from([100, 1000])), draw(rngs())
    Tq, Tk, d_v = draw(sizes(1, 3)), draw(sizes(1, 4)), draw(sizes(1, 3))
    Q, K = (rng.integers(-magnitude, magnitude + 1, (side, d_k)).astype(float) for side in (Tq, Tk))
    mask = visible(rng, (Tq, Tk)) if draw(st.booleans()) else None
    return SimpleNamespace(Q=Q, K=K, V=normal(rng, (Tk, d_v)), mask=mask)


def given_mask(case):
    return () if case.mask is None else (case.mask,)


# ---------------------------------------------------------------- what is claimed again and again


def attend(learner, case):
    return results(learner.scaled_dot_product_attention(case.Q, case.K, case.V, *given_mask(case)))


def silently(learner, case):
    seen = learner.probe("warnings_of", NAME, case.Q, case.K, case.V, *given_mask(case))
    return results(seen["value"]), seen["warnings"]


def results(value):
    out, weights = check.items(value, 2, what="the result")
    return check.number_array(out, "out"), check.number_array(weights, "weights")


def same_weights(weights, wanted, exact=False):
    """Relatively, so that the smallest weight counts too."""
    size = 1.0 if exact else wanted.largest
    rtol = check.tolerance(wanted.weights.dtype) * size
    check.close(weights, wanted.weights, what="weights", rtol=rtol, elementwise=True)


def same_out(out, wanted, V, exact=False):
    size = (1.0 if exact else wanted.largest) * max(1.0, float(np.max(np.abs(V), initial=0.0)))
    check.close(out, wanted.out, what="out", scale=size)


def holds(learner, case):
    out, weights = attend(learner, case)
    wanted = attend_slow(case.Q, case.K, case.V, case.mask)
    same_weights(weights, wanted)
    same_out(out, wanted, case.V)
    return out, weights, wanted


def holds_silently(learner, case, exact=False):
    (out, weights), warnings = silently(learner, case)
    wanted = attend_slow(case.Q, case.K, case.V, case.mask)
    same_weights(weights, wanted, exact)
    same_out(out, wanted, case.V, exact)
    check.that(not warnings, f"the numbers are right, but NumPy warned: {(warnings or [''])[0]}")


def of_shape(array, shape, what):
    check.that(array.shape == shape, f"{what} has shape {array.shape}, expected {shape}")


# ---------------------------------------------------------------- the causal mask


def same_mask(got, expected):
    mask = check.number_array(got, "the mask")
    of_shape(mask, expected.shape, "the mask")
    check.that(mask.dtype == np.bool_, f"the mask has dtype {mask.dtype}, expected bool")
    for i, j in np.argwhere(mask != expected)[:1]:
        check.fail(f"the mask is {mask[i, j]} for query {i} and key {j}, expected {expected[i, j]}")


@given(sizes(0, 4), sizes(0, 5))
def test_causal_mask(learner, Tq, Tk):
    """causal_mask(Tq, Tk) is a boolean (Tq, Tk) array: query i may attend to key j exactly where j ≤ i."""
    same_mask(learner.causal_mask(Tq, Tk), mask_slow(Tq, Tk))


@given(sizes(0, 4), sizes(0, 6), st.integers(-4, 7))
def test_causal_mask_offset(learner, Tq, Tk, offset):
    """With an offset, query i may attend to key j exactly where j ≤ i + offset, for negative offsets too."""
    same_mask(learner.causal_mask(Tq, Tk, offset=offset), mask_slow(Tq, Tk, offset))


# ---------------------------------------------------------------- without a mask


@settings(max_examples=12)
@given(cases(fewest=2))
def test_nothing_asked(learner, case):
    """Where Q = 0 every key gets the same weight, 1 / Tk, and out is the mean of the values."""
    case.Q = np.zeros(case.Q.shape)
    out, weights = attend(learner, case)
    Tk = case.scores[-1]
    check.close(weights, np.full(case.scores, 1 / Tk), what="weights")
    mean = np.array([[math.fsum(column) / Tk for column in case.V.T.tolist()]] * case.scores[0])
    check.close(out, mean, what="out", scale=max(1.0, float(np.max(np.abs(case.V)))))


@given(cases(fewest=2))
def test_weights(learner, case):
    """weights is softmax(Q Kᵀ / √d_k): one row for each query, the softmax along the keys."""
    _, weights = attend(learner, case)
    same_weights(weights, attend_slow(case.Q, case.K, case.V))


@settings(max_examples=12)
@given(cases())
def test_out(learner, case):
    """out is weights · V, (Tq, d_v): for each query the average of the values, each with its weight."""
    out, _ = attend(learner, case)
    same_out(out, attend_slow(case.Q, case.K, case.V), case.V)


@settings(max_examples=12)
@given(masked(leading=(0, 1), magnitudes=(1.0, 10.0)), st.booleans())
def test_rows_sum_to_one(learner, case, whole):
    """Each row of weights sums to 1, with a mask or without, and no weight is negative."""
    case.mask = None if whole else case.mask
    _, weights = attend(learner, case)
    of_shape(weights, case.scores, "weights")
    check.that(not np.any(weights < 0), "a weight is negative")
    check.close(weights.sum(-1), np.ones(case.scores[:-1]), what="the sum of a row", terms=case.scores[-1])


@settings(max_examples=12)
@given(masked(fewest=2, magnitudes=(1.0, 10.0)))
def test_out_lies_between_the_values(learner, case):
    """Every number of out lies between the least and the greatest of that column of V, among the keys seen."""
    out, _ = attend(learner, case)
    of_shape(out, (case.scores[0], case.V.shape[-1]), "out")
    for i, sees in enumerate(case.mask):
        low, high = case.V[sees].min(axis=0), case.V[sees].max(axis=0)
        room = check.tolerance() * max(1.0, float(np.max(np.abs(case.V))))
        outside = (out[i] < low - room) | (out[i] > high + room)
        column = int(np.argmax(outside))
        check.that(
            not outside.any(),
            f"out[{i}, {column}] is {check.number(out[i, column])}, and the values that query {i} may see lie "
            f"between {check.number(low[column])} and {check.number(high[column])}",
        )


@settings(max_examples=12)
@given(cases(fewest=2), rngs())
def test_keys_in_another_order(learner, case, rng):
    """Keys and values in another order, each key with its value: the weights move with them and out stays."""
    order = rng.permutation(case.scores[-1])
    out, weights = attend(learner, case)
    of_shape(weights, case.scores, "weights")
    moved = SimpleNamespace(Q=case.Q, K=case.K[order], V=case.V[order], mask=None)
    out_moved, weights_moved = attend(learner, moved)
    size = attend_slow(case.Q, case.K, case.V).largest
    check.close(weights_moved, weights[:, order], what="weights, in the new order", scale=size)
    check.close(out_moved, out, what="out, after the new order", scale=size * max(1.0, float(np.max(np.abs(case.V)))))


@settings(max_examples=12)
@given(cases(fewest=2, magnitudes=(1.0,)), rngs())
def test_the_same_added_to_every_key(learner, case, rng):
    """The same vector added to every key changes no weight: it moves all scores of a row alike."""
    _, weights = attend(learner, case)
    of_shape(weights, case.scores, "weights")
    step = np.round(rng.normal(0.0, 10.0, case.K.shape[-1]), 1)
    moved = SimpleNamespace(Q=case.Q, K=np.round(case.K + step, 2), V=case.V, mask=None)
    size = attend_slow(moved.Q, moved.K, moved.V).largest
    check.close(attend(learner, moved)[1], weights, what="weights, after all keys moved alike,", scale=size)


@settings(max_examples=10)
@given(cases(longest=1, magnitudes=(1.0, 100.0)), rngs())
def test_one_key(learner, case, rng):
    """With a single key every weight is exactly 1 and out is its value, whatever the query asks."""
    case.Q = upstream(rng, (3, case.K.shape[-1]))
    out, weights = attend(learner, case)
    check.close(weights, np.ones((3, 1)), what="weights", rtol=0.0)
    check.close(out, np.repeat(case.V, 3, axis=0), what="out", rtol=0.0)


@settings(max_examples=12)
@given(cases(leading=(1, 3), longest=3))
def test_leading_axes(learner, case):
    """Every member of the leading axes (batch, heads, …) is an attention of its own."""
    holds(learner, case)


# Every key that is seen scores less than −10,000, the masked one more.
BELOW = SimpleNamespace(
    Q=np.array([[100.0]]),
    K=np.array([[-300.0], [200.0], [-200.0]]),
    V=np.array([[1.0], [5.0], [2.0]]),
    mask=np.array([[True, False, True]]),
)


@example(BELOW)
@given(exact_and_large())
def test_large_scores(learner, case):
    """weights and out are exact and silent for scores of ±10,000 and more, with a mask or without."""
    holds_silently(learner, case, exact=True)


@settings(max_examples=12)
@given(far_apart())
def test_each_row_by_itself(learner, case):
    """A row of weights is the same whatever the other rows hold, even scores thousands higher or lower, silently."""
    holds_silently(learner, case)


# ---------------------------------------------------------------- with a mask


@given(masked(fewest=2), st.booleans())
def test_mask(learner, case, everything):
    """With a mask each query shares its weights among the keys where it is True, as if the others were not there."""
    if everything:
        case.mask = np.ones_like(case.mask)
    holds(learner, case)


@settings(max_examples=15)
@given(masked(fewest=2, magnitudes=(1.0, 30.0, 300.0)))
def test_masked_is_exactly_zero(learner, case):
    """A weight that is masked is exactly 0, not merely small, however large or small the scores are."""
    _, weights = attend(learner, case)
    of_shape(weights, case.scores, "weights")
    leaks = np.where(case.mask, 0.0, weights)
    place = np.unravel_index(int(np.argmax(np.abs(leaks))), leaks.shape)
    where = ", ".join(str(int(side)) for side in place)
    check.that(not leaks.any(), f"weights[{where}] is {check.number(leaks[place])} where the mask is False")


@settings(max_examples=15)
@given(masked(fewest=2, magnitudes=(1.0,)), st.sampled_from([-1000.0, 1000.0]), rngs())
def test_masked_keys_do_not_matter(learner, case, size, rng):
    """What a masked key and its value hold changes nothing, even if its score is thousands, silently."""
    hidden = rng.integers(0, case.scores[-1])
    case.mask[:, hidden] = False
    case.mask[:, hidden - 1] = True
    case.Q = case.Q + 3.0 * np.sign(case.Q + 0.001)
    case.K[hidden] = size * np.sign(case.Q[0])
    case.V[hidden] = 1e4
    wanted = attend_slow(case.Q, case.K, case.V, case.mask)
    (out, weights), warnings = silently(learner, case)
    same_weights(weights, wanted)
    check.close(out, wanted.out, what="out", scale=10 * wanted.largest)
    check.that(not warnings, f"the numbers are right, but NumPy warned: {(warnings or [''])[0]}")


@settings(max_examples=15)
@given(masked(lost=True, leading=(0, 2), longest=3))
def test_nothing_to_see(learner, case):
    """A row with everything masked is zeros, in weights and in out, silently; the other rows are as ever."""
    holds_silently(learner, case)


@settings(max_examples=15)
@given(broadcast())
def test_mask_is_broadcast(learner, case):
    """A mask with fewer axes than weights, or with sides of 1, serves all that it broadcasts to."""
    holds(learner, case)


@settings(max_examples=15)
@given(masked(lost=True, fewest=2, leading=(0, 2), longest=3))
def test_layout(learner, case):
    """How the inputs lie in memory (transposed, in Fortran order) makes no difference."""
    for name in ("Q", "K", "V", "mask"):
        setattr(case, name, strided(getattr(case, name)))
    holds_silently(learner, case)


# ---------------------------------------------------------------- causality


@st.composite
def sequences(draw):
    """Tokens that attend to each other, and a place t that is not the last."""
    front, T = draw(shapes(0, 2, largest=2)), draw(sizes(2, 6))
    d_k, d_v, rng = draw(sizes(1, 5)), draw(sizes(1, 4)), draw(rngs())
    tokens = [normal(rng, (*front, T, d)) for d in (d_k, d_k, d_v)]
    other = [normal(rng, (*front, T, d)) * draw(st.sampled_from([1.0, 100.0])) for d in (d_k, d_k, d_v)]
    return SimpleNamespace(tokens=tokens, other=other, T=T, t=draw(st.integers(0, T - 2)))


@settings(max_examples=25)
@given(sequences())
def test_causality(learner, case):
    """With causal_mask, changing the tokens after place t changes no bit of weights and out at or before t."""
    mask = learner.causal_mask(case.T, case.T)
    before = results(learner.scaled_dot_product_attention(*case.tokens, mask))
    changed = [np.concatenate([a[..., : case.t + 1, :], b[..., case.t + 1 :, :]], axis=-2)
               for a, b in zip(case.tokens, case.other, strict=True)]  # fmt: skip
    after = results(learner.scaled_dot_product_attention(*changed, mask))
    for name, one, two in zip(("out", "weights"), before, after, strict=True):
        check.that(one.ndim >= 2 and one.shape[-2] == case.T, f"{name} has shape {one.shape}, with {case.T} queries")
        early, late = one[..., : case.t + 1, :], two[..., : case.t + 1, :]
        check.close(late, early, what=f"{name} up to place {case.t}, after the later tokens changed,", rtol=0.0)


@settings(max_examples=15)
@given(sequences(), st.integers(1, 3))
def test_decoding_with_a_cache(learner, case, new):
    """The last queries alone, with causal_mask's offset, get the rows that they get in the whole sequence."""
    Q, K, V = case.tokens
    first = max(case.T - new, 0)
    mask = learner.causal_mask(case.T - first, case.T, offset=first)
    out, weights = results(learner.scaled_dot_product_attention(Q[..., first:, :], K, V, mask))
    wanted = attend_slow(Q, K, V, mask_slow(case.T, case.T))
    wanted.out, wanted.weights = wanted.out[..., first:, :], wanted.weights[..., first:, :]
    same_weights(weights, wanted)
    same_out(out, wanted, V)


# ---------------------------------------------------------------- dtype, shapes, errors, cost


@settings(max_examples=15)
@given(masked(lost=True, leading=(0, 1), dtype=np.float32), st.booleans())
def test_float32_stays(learner, case, whole):
    """float32 in, float32 out, in out and in weights, with a mask or without; exact to float32's digits."""
    case.mask = None if whole else case.mask
    holds(learner, case)


@settings(max_examples=8)
@given(st.sampled_from([(0, 3, 2), (2, 0, 2), (2, 0, 3, 1), (0, 4)]), sizes(1, 4), sizes(1, 3), st.booleans())
def test_empty_batch(learner, shape, Tk, d_v, masks):
    """An empty batch, or no query at all, gives empty results of the right shapes."""
    front, d_k = shape[:-2], shape[-1]
    case = SimpleNamespace(Q=np.zeros(shape), K=np.zeros((*front, Tk, d_k)), V=np.zeros((*front, Tk, d_v)), mask=None)
    if masks:
        case.mask = np.ones((shape[-2], Tk), dtype=bool)
    holds(learner, case)


NOT_BOOLEAN = [
    lambda mask: mask.astype(np.int64),
    lambda mask: mask.astype(np.uint8),
    lambda mask: mask.astype(np.float64),
    lambda mask: np.where(mask, 0.0, -np.inf),
]


@settings(max_examples=6)
@given(masked(fewest=2), st.permutations(range(len(NOT_BOOLEAN))))
def test_mask_is_not_boolean(learner, case, order):
    """A mask that is not boolean raises TypeError: whole numbers, 0.0 and 1.0, 0 and −inf."""
    for changed in (NOT_BOOLEAN[place] for place in order):
        with check.raises("TypeError"):
            learner.scaled_dot_product_attention(case.Q, case.K, case.V, changed(case.mask))


# Shapes of Q, K, V that do not fit together, and of masks that do not fit; some of them would broadcast.
MISFITS = [
    ((2, 3), (4, 2), (4, 2)),
    ((2, 1), (4, 3), (4, 2)),
    ((2, 3), (4, 1), (4, 2)),
    ((2, 3), (4, 3), (3, 2)),
    ((2, 3), (4, 3), (1, 2)),
    ((2, 3), (1, 3), (4, 2)),
]
MASK_MISFITS = [
    ((2, 3), (4, 3), (4, 2), (4, 2)),
    ((2, 3), (4, 3), (4, 2), (3, 4)),
    ((1, 3), (4, 3), (4, 2), (5, 4)),
    ((2, 3), (4, 3), (4, 2), (2, 2, 4)),
    ((2, 3), (4, 3), (4, 2), (1, 2, 4)),
    ((2, 2, 3), (2, 4, 3), (2, 4, 2), (3, 2, 4)),
    ((2, 3), (1, 3), (1, 2), (2, 4)),
]


def test_shapes_disagree(learner):
    """ValueError where Q and K differ in d_k, or K and V in Tk, even if they would broadcast."""
    rng = np.random.default_rng(26)
    for shapes_of in MISFITS:
        with check.raises("ValueError"):
            learner.scaled_dot_product_attention(*(normal(rng, shape) for shape in shapes_of))


def test_mask_does_not_fit(learner):
    """ValueError where mask does not broadcast to the shape of weights, a mask that is larger included."""
    rng = np.random.default_rng(26)
    for *shapes_of, mask in MASK_MISFITS:
        arrays = (normal(rng, shape) for shape in shapes_of)
        with check.raises("ValueError"):
            learner.scaled_dot_product_attention(*arrays, np.ones(mask, dtype=bool))


@settings(max_examples=12)
@given(masked(lost=True, leading=(0, 1)), st.booleans())
def test_inputs_stay(learner, case, whole):
    """Q, K, V and mask are left as they were, and two calls give the same result."""
    mask = None if whole else case.mask
    seen = learner.probe("purity", NAME, (case.Q, case.K, case.V, mask))
    changed = [("Q", "K", "V", "mask")[place] for place in seen["changed"]]
    check.that(not changed, f"the call wrote into {' and '.join(changed)}")
    for name, one, two in zip(("out", "weights"), results(seen["first"]), results(seen["second"]), strict=True):
        check.close(two, one, what=f"the second {name}", rtol=0.0, dtype=None)


def test_memory(learner):
    """No array of Tq × Tk × d_k: the call holds a few arrays as large as weights and the inputs."""
    rng = np.random.default_rng(26)
    Q, K, V = (normal(rng, (48, 64)) for _ in range(3))
    peak = learner.probe("peak_bytes", NAME, (Q, K, V, np.ones((48, 48), dtype=bool)))
    size = Q.nbytes + K.nbytes + V.nbytes + 48 * 48 * 8
    check.that(
        peak <= 8 * size,
        f"with 48 queries, 48 keys and d_k = 64 it held {peak / size:.0f} times the memory of Q, K, V and weights at "
        "once, expected at most 8",
    )
