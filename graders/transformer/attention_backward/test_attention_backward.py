"""The hidden grader of 2.7. Gradients are those of the definition, by a complex step, every element.

Where the weights are given, they come from the softmax's whole matrix of slopes, one row at a time.
"""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

NAMES = ("dQ", "dK", "dV")


# ---------------------------------------------------------------- the definitions


def softmax(S):
    """Along the last axis; −inf is impossible, and a row of nothing else is zeros. Takes complex numbers too."""
    e = np.exp(S - np.max(S.real, axis=-1, keepdims=True, initial=-1e30))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def weights_of(Q, K, mask):
    S = np.einsum("...id,...jd->...ij", Q, K) / math.sqrt(Q.shape[-1])
    return softmax(S if mask is None else np.where(mask, S, -np.inf))


def attend(Q, K, V, mask=None):
    return np.einsum("...ij,...jd->...id", weights_of(Q, K, mask), V)


def softmax_slopes(dP, P):
    """dS of every row from its whole matrix of slopes, ∂P_k / ∂S_j = P_k·(1 − P_j) where k is j, else −P_k·P_j."""
    dS = np.zeros(P.shape)
    for row in np.ndindex(P.shape[:-1]):
        p, up = P[row].tolist(), dP[row].tolist()
        for j in range(len(p)):
            dS[(*row, j)] = math.fsum(up[k] * p[k] * ((k == j) - p[j]) for k in range(len(p)))
    return dS


def backward_slow(dout, Q, K, V, P):
    """dQ, dK, dV for whatever weights P, from sums with one term for each pair of query and key."""
    dP = np.einsum("...id,...jd->...ij", dout.astype(float), V.astype(float))
    dS = softmax_slopes(dP, P.astype(float)) / math.sqrt(Q.shape[-1])
    dQ = (dS[..., np.newaxis] * K[..., np.newaxis, :, :]).sum(axis=-2)
    dK = (dS[..., np.newaxis] * Q[..., :, np.newaxis, :]).sum(axis=-3)
    dV = (P[..., np.newaxis].astype(float) * dout[..., :, np.newaxis, :]).sum(axis=-3)
    return dQ, dK, dV


# ---------------------------------------------------------------- the inputs


def numbers(rng, shape, dtype=np.float64):
    x = normal(rng, shape)
    return x if dtype == np.float64 else (np.round(4 * x) / 4).astype(dtype)


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
def cases(draw, *, leading=(0, 0), masks="none", dtype=np.float64, fewest=2, longest=4):
    """Q, K, V, an upstream gradient, and the weights of any mask."""
    front = draw(shapes(*leading, largest=2)) if leading[1] else ()
    Tq, Tk, d_k, d_v = draw(sizes(1, longest)), draw(sizes(fewest, longest)), draw(sizes(1, 4)), draw(sizes(1, 4))
    rng = draw(rngs())
    Q, K, V = (numbers(rng, (*front, *side), dtype) for side in ((Tq, d_k), (Tk, d_k), (Tk, d_v)))
    mask = None
    if masks == "causal":
        mask = np.arange(Tk) <= np.arange(Tq)[:, None] + draw(st.integers(-2, Tk))
    elif masks != "none":
        mask = visible(rng, (*front, Tq, Tk), lost=masks == "lost")
    dout = upstream(rng, (*front, Tq, d_v)).astype(dtype)
    weights = weights_of(Q, K, mask).astype(dtype)
    return SimpleNamespace(Q=Q, K=K, V=V, mask=mask, weights=weights, dout=dout)


@st.composite
def rows(draw, *, axes=(1, 2), masks=False, fewest=1):
    """Weights P in whole twentieths, the scores S that they are the softmax of, and an upstream gradient dP.

    With `masks` some entries are impossible, or a whole row.
    """
    shape, rng = (*draw(shapes(axes[0] - 1, axes[1] - 1, largest=3)), draw(sizes(fewest, 5))), draw(rngs())
    seen = visible(rng, shape, lost=draw(st.booleans())) if masks else np.ones(shape, dtype=bool)
    P = np.zeros(shape)
    for row in np.ndindex(shape[:-1]):
        if n := int(seen[row].sum()):
            P[row][seen[row]] = (1 + rng.multinomial(20 - n, np.full(n, 1 / n))) / 20
    S = np.where(seen, np.log(np.where(seen, P, 1.0)), -np.inf)
    return SimpleNamespace(S=S, P=P, dP=upstream(rng, shape))


def cache(case):
    return case.Q, case.K, case.V, case.weights


# ---------------------------------------------------------------- what is claimed again and again


def backward(learner, case, dout=None):
    got = learner.sdpa_backward(case.dout if dout is None else dout, cache(case))
    parts = check.items(got, 3, what="sdpa_backward")
    return [check.number_array(one, name) for one, name in zip(parts, NAMES, strict=True)]


def exact(case, name):
    """The gradient of sum(dout · out) by a complex step."""
    args = (case.Q, case.K, case.V)
    return gradients.analytic(lambda *moved: attend(*moved, case.mask), args, NAMES.index(name), case.dout)


def one_gradient(learner, case, name):
    got = backward(learner, case)[NAMES.index(name)]
    gradients.close_to(got, exact(case, name), name, upstream=case.dout)


def all_gradients(learner, case):
    for name, got in zip(NAMES, backward(learner, case), strict=True):
        gradients.close_to(got, exact(case, name), name, upstream=case.dout)


def same_as_slow(got, case):
    """Compare with the sums written out, for whatever weights are in the cache, to the digits of the dtype."""
    sizes_of = [1.0, *(float(np.max(np.abs(x), initial=0.0)) for x in (case.Q, case.K, case.V, case.dout))]
    for name, one, wanted in zip(NAMES, got, backward_slow(case.dout, *cache(case)), strict=True):
        # dQ and dK are sums of products of three numbers each, dV of one.
        scale = sizes_of[4] * (1.0 if name == "dV" else sizes_of[3] * max(sizes_of[0:3]))
        check.close(one, wanted.astype(case.Q.dtype), what=name, terms=8, scale=max(1.0, scale))


def named_dS(got, case):
    """dS against the complex step; where it is wrong, what its rows sum to is said as well."""
    expected = gradients.analytic(softmax, (case.S,), 0, case.dP)
    try:
        gradients.close_to(got, expected, "dS", upstream=case.dP)
    except check.Mismatch as mismatch:
        raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, *sums_said(got, expected)) from None


def sums_said(got, expected):
    if not isinstance(got, np.ndarray) or got.shape != expected.shape or not np.all(np.isfinite(got)):
        return ()
    off = [row for row in np.ndindex(got.shape[:-1]) if abs(got[row].sum()) > 1e-9]
    if not off:
        return ()
    which = f"row {off[0][0]} of it" if got.ndim == 2 else "a row of it" if got.ndim > 2 else "it"
    return (f"{which} sums to {check.number(got[off[0]].sum())}; every row of dS sums to 0",)


def exactly_zero(array, where, what):
    """No element of `array` at `where` may be anything but 0."""
    odd = np.where(where, array, 0.0)
    place = np.unravel_index(int(np.argmax(np.abs(odd))), odd.shape)
    at = ", ".join(str(int(side)) for side in place)
    check.that(not odd.any(), f"{what.format(at)} is {check.number(odd[place])}, expected exactly 0")


# ---------------------------------------------------------------- softmax_backward


@given(rows(axes=(1, 2)))
def test_softmax_backward(learner, case):
    """softmax_backward(dP, P) is the gradient with respect to every score, for any dP: dL/dS, given dL/dP."""
    named_dS(learner.softmax_backward(case.dP, case.P), case)


@settings(max_examples=15)
@given(rows(axes=(1, 3), fewest=2))
def test_rows_sum_to_zero(learner, case):
    """Every row of dS sums to 0: the weights of a row sum to 1, so what one gains the others lose."""
    dS = check.number_array(learner.softmax_backward(case.dP, case.P), "dS")
    check.that(dS.shape == case.P.shape, f"dS has shape {dS.shape}, expected {case.P.shape}")
    check.close(dS.sum(-1), np.zeros(case.P.shape[:-1]), what="the sum of a row of dS", scale=4.0)


@settings(max_examples=12)
@given(rows(axes=(1, 2), fewest=2), st.sampled_from([-100.0, 1.0, 30.0]))
def test_the_same_added_to_a_row(learner, case, step):
    """The same number added to a whole row of dP changes nothing: only differences within a row count."""
    dS = check.number_array(learner.softmax_backward(case.dP, case.P), "dS")
    moved = learner.softmax_backward(np.round(case.dP + step, 2), case.P)
    check.close(moved, dS, what=f"dS for dP + {step:g}", scale=4.0 + abs(step))


@settings(max_examples=15)
@given(rows(axes=(3, 4)))
def test_softmax_backward_any_shape(learner, case):
    """dP and P may have any number of axes; every row along the last axis is a softmax of its own."""
    named_dS(learner.softmax_backward(case.dP, case.P), case)


@settings(max_examples=15)
@given(rows(axes=(1, 3), masks=True), st.sampled_from([1.0, 1e4]))
def test_zero_where_P_is_zero(learner, case, size):
    """Where P is 0, dS is exactly 0, whatever dP is there, and a row of zeros stays zeros; the others are as ever."""
    case.dP = np.where(case.P == 0, size * case.dP, case.dP)
    dS = check.number_array(learner.softmax_backward(case.dP, case.P), "dS")
    check.close(dS, softmax_slopes(case.dP, case.P), what="dS", scale=4.0)
    exactly_zero(dS, case.P == 0, "dS[{}]")


@settings(max_examples=10)
@given(rows(axes=(1, 2), fewest=2), rngs(), st.sampled_from([1.0, 1e4]))
def test_a_sure_softmax(learner, case, rng, size):
    """Where one weight is 1 and the others 0, dS is 0: a switch has no slope."""
    case.P = np.zeros(case.P.shape)
    np.put_along_axis(case.P, rng.integers(0, case.P.shape[-1], (*case.P.shape[:-1], 1)), 1.0, axis=-1)
    dS = learner.softmax_backward(size * case.dP, case.P)
    check.close(dS, np.zeros(case.P.shape), what="dS", scale=size)


def test_softmax_backward_shapes_disagree(learner):
    """softmax_backward raises ValueError where dP and P differ in shape, even if they would broadcast."""
    rng = np.random.default_rng(27)
    for dP, P in [((2, 3), (3,)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (2, 3)), ((3, 2), (2, 3))]:
        with check.raises("ValueError"):
            learner.softmax_backward(upstream(rng, dP), softmax(normal(rng, P)))


# ---------------------------------------------------------------- sdpa_backward, one gradient at a time


@given(cases())
def test_dV(learner, case):
    """dV is the gradient with respect to every value: what each query asks of it, with its weight."""
    one_gradient(learner, case, "dV")


@given(cases())
def test_dQ(learner, case):
    """dQ is the gradient with respect to every query, through the weights."""
    one_gradient(learner, case, "dQ")


@given(cases())
def test_dK(learner, case):
    """dK is the gradient with respect to every key, collected from all queries."""
    one_gradient(learner, case, "dK")


@settings(max_examples=12)
@given(cases(leading=(1, 3), longest=3))
def test_leading_axes(learner, case):
    """Every member of the leading axes (batch, heads, …) has gradients of its own."""
    all_gradients(learner, case)


@settings(max_examples=12)
@given(cases(longest=1, fewest=1))
def test_one_token(learner, case):
    """With one query and one key the weight is always 1: dV is dout, and dQ and dK are 0."""
    dQ, dK, dV = backward(learner, case)
    check.close(dV, case.dout, what="dV")
    check.close(dQ, np.zeros(case.Q.shape), what="dQ", scale=10.0)
    check.close(dK, np.zeros(case.K.shape), what="dK", scale=10.0)


# ---------------------------------------------------------------- with masks


@settings(max_examples=15)
@given(cases(masks="some", leading=(0, 1)))
def test_masks(learner, case):
    """All three gradients are right for the weights of any mask."""
    all_gradients(learner, case)


@settings(max_examples=15)
@given(cases(masks="causal", leading=(0, 1)))
def test_causal_with_offset(learner, case):
    """All three gradients are right for the weights of a causal mask, with any offset."""
    all_gradients(learner, case)


@settings(max_examples=15)
@given(cases(masks="lost", leading=(0, 2), longest=3))
def test_nothing_to_see(learner, case):
    """A query that saw nothing has a dQ of exactly 0 and adds nothing to dK and dV; the others are as ever."""
    all_gradients(learner, case)
    dQ = backward(learner, case)[0]
    exactly_zero(dQ, ~case.mask.any(axis=-1)[..., np.newaxis], "dQ[{}]")


@settings(max_examples=15)
@given(cases(masks="some", leading=(0, 1)), rngs())
def test_keys_that_nobody_saw(learner, case, rng):
    """A key that no query saw, and its value, have a gradient of exactly 0."""
    hidden = rng.random(case.mask.shape[-1]) < 0.5
    hidden[rng.integers(hidden.size)] = True
    case.mask = case.mask & ~hidden
    case.weights = weights_of(case.Q, case.K, case.mask)
    _, dK, dV = backward(learner, case)
    for name, got, like in (("dK", dK, case.K), ("dV", dV, case.V)):
        check.that(got.shape == like.shape, f"{name} has shape {got.shape}, expected {like.shape}")
        exactly_zero(got, np.broadcast_to(hidden[:, np.newaxis], got.shape), f"{name}[{{}}]")


@st.composite
def sequences(draw):
    """Tokens under a causal mask, and a loss that reads the results up to place t only."""
    front, T, d_k, d_v = draw(shapes(0, 1, largest=2)), draw(sizes(2, 5)), draw(sizes(1, 4)), draw(sizes(1, 4))
    t, rng = draw(st.integers(0, T - 2)), draw(rngs())
    Q, K, V = (normal(rng, (*front, T, d)) for d in (d_k, d_k, d_v))
    mask, dout = np.tril(np.ones((T, T), dtype=bool)), upstream(rng, (*front, T, d_v))
    dout[..., t + 1 :, :] = 0.0
    return SimpleNamespace(Q=Q, K=K, V=V, mask=mask, weights=weights_of(Q, K, mask), dout=dout, t=t)


@settings(max_examples=15)
@given(sequences())
def test_the_future_has_no_gradient(learner, case):
    """Under a causal mask, a loss that reads out up to place t has gradients of exactly 0 for all later tokens."""
    later = np.arange(case.Q.shape[-2])[:, np.newaxis] > case.t
    for name, got, like in zip(NAMES, backward(learner, case), (case.Q, case.K, case.V), strict=True):
        check.that(got.shape == like.shape, f"{name} has shape {got.shape}, expected {like.shape}")
        exactly_zero(got, np.broadcast_to(later, got.shape), f"{name}[{{}}]")


# ---------------------------------------------------------------- laws


@settings(max_examples=12)
@given(cases(masks="some", leading=(0, 1)))
def test_dK_sums_to_zero(learner, case):
    """The rows of dK sum to 0: the same vector added to every key changes no weight."""
    dK = backward(learner, case)[1]
    check.that(dK.shape == case.K.shape, f"dK has shape {dK.shape}, expected {case.K.shape}")
    check.close(dK.sum(-2), np.zeros(dK.sum(-2).shape), what="the sum of the rows of dK", terms=4, scale=30.0)


@settings(max_examples=12)
@given(cases(masks="some", leading=(0, 1)))
def test_dV_sums_to_dout(learner, case):
    """The rows of dV sum to those of dout: each query shares its gradient out with weights that sum to 1."""
    dV = backward(learner, case)[2]
    check.that(dV.shape == case.V.shape, f"dV has shape {dV.shape}, expected {case.V.shape}")
    check.close(dV.sum(-2), case.dout.sum(-2), what="the sum of the rows of dV", terms=4, scale=8.0)


@settings(max_examples=12)
@given(cases(masks="some", leading=(0, 1)))
def test_queries_and_keys_share(learner, case):
    """The sum of Q · dQ equals the sum of K · dK: a score is as long in its query as in its key."""
    dQ, dK, _ = backward(learner, case)
    for name, got, like in (("dQ", dQ, case.Q), ("dK", dK, case.K)):
        check.that(got.shape == like.shape, f"{name} has shape {got.shape}, expected {like.shape}")
    of_Q, of_K = (case.Q * dQ).sum((-1, -2)), (case.K * dK).sum((-1, -2))
    check.close(of_Q, of_K, what="the sum of Q · dQ, against that of K · dK,", terms=16, scale=100.0)


@settings(max_examples=12)
@given(cases(masks="lost", leading=(0, 1)), st.sampled_from([-3.0, 0.0, 0.5]))
def test_linear(learner, case, factor):
    """The gradients are linear in dout: twice the dout, twice the gradients, and zeros for zeros."""
    once, scaled = backward(learner, case), backward(learner, case, factor * case.dout)
    for name, one, other in zip(NAMES, once, scaled, strict=True):
        check.close(other, factor * one, what=f"{name} for {factor:g} · dout", scale=30.0)


@settings(max_examples=12)
@given(cases(masks="some", leading=(0, 1)), rngs())
def test_weights_are_those_of_the_cache(learner, case, rng):
    """The weights are read from the cache, not computed again: with other weights there, the gradients are theirs."""
    case.weights = softmax(normal(rng, case.weights.shape))
    same_as_slow(backward(learner, case), case)


# ---------------------------------------------------------------- large numbers, dtype, layout, errors, cost


def silently(learner, name, *args):
    seen = learner.probe("warnings_of", name, *args)
    check.that(not seen["warnings"], f"NumPy warned: {(seen['warnings'] or [''])[0]}")
    return seen["value"]


@settings(max_examples=15)
@given(cases(masks="lost", leading=(0, 1)), st.sampled_from(["Q", "K", "V", "dout"]), st.sampled_from([100.0, 1e4]))
def test_large_numbers(learner, case, name, size):
    """The gradients are exact and silent for inputs of ±10,000, and where the weights are 0 and 1."""
    setattr(case, name, size * getattr(case, name))
    case.weights = weights_of(case.Q, case.K, case.mask)
    got = silently(learner, "sdpa_backward", case.dout, cache(case))
    same_as_slow(check.items(got, 3, what="sdpa_backward"), case)


@settings(max_examples=15)
@given(cases(masks="lost", leading=(0, 1), dtype=np.float32))
def test_float32_stays(learner, case):
    """float32 in, float32 out, exact to float32's digits, in both functions."""
    dS = learner.softmax_backward(dP := case.dout @ case.V.swapaxes(-1, -2), case.weights)
    check.close(dS, softmax_slopes(dP, case.weights).astype(np.float32), what="dS", terms=4, scale=10.0)
    same_as_slow(backward(learner, case), case)


@settings(max_examples=12)
@given(cases(masks="lost", leading=(0, 2), longest=3))
def test_layout(learner, case):
    """How the inputs lie in memory (transposed, in Fortran order) makes no difference to either function."""
    for name in ("Q", "K", "V", "weights", "dout"):
        setattr(case, name, strided(getattr(case, name)))
    all_gradients(learner, case)
    dP = strided(case.dout @ case.V.swapaxes(-1, -2))
    check.close(learner.softmax_backward(dP, case.weights), softmax_slopes(dP, case.weights), what="dS", scale=10.0)


@settings(max_examples=8)
@given(st.sampled_from([(0, 3, 2), (2, 0, 2), (2, 0, 3, 1), (0, 4)]), sizes(1, 4), sizes(1, 3))
def test_empty_batch(learner, shape, Tk, d_v):
    """An empty batch, or no query at all, gives gradients of the inputs' shapes; zeros for the keys and the values."""
    front, Tq, d_k = shape[:-2], *shape[-2:]
    Q, K, V, P = np.zeros(shape), np.ones((*front, Tk, d_k)), np.ones((*front, Tk, d_v)), np.zeros((*front, Tq, Tk))
    case = SimpleNamespace(Q=Q, K=K, V=V, weights=P, dout=np.zeros((*front, Tq, d_v)))
    for name, got, like in zip(NAMES, backward(learner, case), (Q, K, V), strict=True):
        check.close(got, np.zeros(like.shape), what=name)
    check.close(learner.softmax_backward(P, P), P, what="dS")


# Shapes of dout for Q (2, 3, d_k), K (2, 4, d_k), V (2, 4, 3), whose out is (2, 3, 3); many of them would broadcast.
MISFITS = [(3, 3), (3,), (1, 3, 3), (2, 1, 3), (2, 3, 1), (1, 2, 3, 3), (2, 4, 3), (2, 3, 4)]


def test_dout_has_another_shape(learner):
    """sdpa_backward raises ValueError where dout has not the shape of out, even if it would broadcast."""
    rng = np.random.default_rng(27)
    for d_k, shape in enumerate(MISFITS, 1):
        Q, K, V = normal(rng, (2, 3, d_k)), normal(rng, (2, 4, d_k)), normal(rng, (2, 4, 3))
        with check.raises("ValueError"):
            learner.sdpa_backward(upstream(rng, shape), (Q, K, V, weights_of(Q, K, None)))


@settings(max_examples=12)
@given(cases(masks="lost", leading=(0, 1)))
def test_inputs_stay(learner, case):
    """Neither function changes what it is given (dout and the cache are still needed), and two calls agree."""
    dP = case.dout @ case.V.swapaxes(-1, -2)
    for name, args in (("softmax_backward", (dP, case.weights)), ("sdpa_backward", (case.dout, cache(case)))):
        seen = learner.probe("purity", name, args)
        parts = ("dP", "P") if name == "softmax_backward" else ("dout", "the cache")
        changed = [parts[place] for place in seen["changed"]]
        check.that(not changed, f"{name} wrote into {' and '.join(changed)}")
        check.equal(seen["second"], seen["first"], what=f"the second {name}")


def test_memory(learner):
    """No matrix of Tk × Tk for a row, no array of Tq × Tk × d_k: a few arrays as large as weights and inputs."""
    rng = np.random.default_rng(27)
    P, dP = softmax(normal(rng, (4, 512))), upstream(rng, (4, 512))
    times = learner.probe("peak_bytes", "softmax_backward", (dP, P)) / P.nbytes
    check.that(times <= 16, f"softmax_backward held {times:.0f} times the memory of P (4, 512), expected at most 16")
    Q, K, V, dout = (normal(rng, (48, 64)) for _ in range(4))
    inputs = (Q, K, V, weights_of(Q, K, None))
    times = learner.probe("peak_bytes", "sdpa_backward", (dout, inputs)) / sum(one.nbytes for one in inputs)
    check.that(
        times <= 8,
        f"with 48 queries, 48 keys and d_k = 64 sdpa_backward held {times:.0f} times the memory of its cache, "
        "expected at most 8",
    )
