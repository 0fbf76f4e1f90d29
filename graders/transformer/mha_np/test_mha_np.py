"""The hidden grader of 2.8. The oracle takes one head after the other, with that head's own rows and columns of the
weights and a matrix of rotation for each position; gradients by a complex step, every element."""

import functools
import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

NAMES = ("dx", "dWq", "dWk", "dWv", "dWo")
INPUTS = ("x", "Wq", "Wk", "Wv", "Wo", "dout")
# Scores are sums of products of three numbers each, and a gradient adds those of all tokens and heads.
TERMS = 128
FEW = settings(max_examples=7)
SOME = settings(max_examples=10)


# ---------------------------------------------------------------- the definitions


def split_slow(x, h):
    *front, T, d = x.shape
    width = d // h
    out = np.zeros((*front, h, T, width), dtype=x.dtype)
    for head in range(h):
        for token in range(T):
            for place in range(width):
                out[..., head, token, place] = x[..., token, head * width + place]
    return out


def merge_slow(x):
    *front, h, T, width = x.shape
    out = np.zeros((*front, T, h * width), dtype=x.dtype)
    for token in range(T):
        for place in range(h * width):
            out[..., token, place] = x[..., place // width, token, place % width]
    return out


@functools.lru_cache(maxsize=256)
def rotations(T, d_k, theta):
    """For each position the whole matrix that turns its pairs: (T, d_k, d_k)."""
    R = np.zeros((T, d_k, d_k))
    for p in range(T):
        for i in range(0, d_k, 2):
            angle = p * theta ** (-i / d_k)
            R[p, i : i + 2, i : i + 2] = [
                [math.cos(angle), -math.sin(angle)],
                [math.sin(angle), math.cos(angle)],
            ]
    return R


def projected(x, W):
    return np.einsum("...td,...od->...to", x, W)


def head_of(x, Wq, Wk, Wv, rope, causal, through="qkv", turned="back"):
    """One attention: (…, T, d) and the weights of one head to (…, T, d_v). Takes complex numbers too.

    `through` and `turned` are right as they are. Else a slope is one that is known to be wrong: x only where it is made
    into q, k or v, or a gradient that the rotations leave alone ("not") or turn once more ("on").
    """
    T, d_k = x.shape[-2], Wq.shape[-2]
    q, k, v = (projected(x if one in through else x.real, W) for one, W in zip("qkv", (Wq, Wk, Wv), strict=True))
    if rope is not None:
        R = rotations(T, d_k, rope)
        of_slope = {"back": R, "not": np.eye(d_k)[None], "on": R.swapaxes(-1, -2)}[turned]
        q, k = (
            np.einsum("tab,...tb->...ta", R, one.real)
            + (1j * np.einsum("tab,...tb->...ta", of_slope, one.imag) if np.iscomplexobj(one) else 0.0)
            for one in (q, k)
        )
    scores = np.einsum("...id,...jd->...ij", q, k) / math.sqrt(d_k)
    if causal:
        scores = np.where(np.arange(T) > np.arange(T)[:, None], -np.inf, scores)
    e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
    return np.einsum("...ij,...jd->...id", e / e.sum(axis=-1, keepdims=True), v)


def attend(x, Wq, Wk, Wv, Wo, n_heads, rope=None, causal=True, **wrong):
    """out is the sum of what every head adds, through its own columns of Wo. Weights may have leading axes as well."""
    d_k, d_v = Wq.shape[-2] // n_heads, Wv.shape[-2] // n_heads
    out = 0.0
    for i in range(n_heads):
        own, values = slice(i * d_k, (i + 1) * d_k), slice(i * d_v, (i + 1) * d_v)
        head = head_of(x, Wq[..., own, :], Wk[..., own, :], Wv[..., values, :], rope, causal, **wrong)
        out = out + projected(head, Wo[..., values])
    return out


def slope(case, place, **wrong):
    """d(sum(dout · out))/d(args[place]) by a complex step, all elements at once: one copy of the argument for each."""
    args = list(case.args)
    lead = args[0].ndim - 2
    size, shape = args[place].size, args[place].shape
    steps = 1j * gradients.COMPLEX_STEP * np.eye(size).reshape(size, *([1] * lead if place else []), *shape)
    args[place] = args[place] + steps
    out = attend(*args, *case.how, **wrong)
    slopes = (case.dout * out.imag).reshape(size, case.dout.size).sum(axis=1)
    return slopes.reshape(shape) / gradients.COMPLEX_STEP


# ---------------------------------------------------------------- the inputs


@st.composite
def cases(
    draw, *, leading=(0, 0), side=1, heads=(1, 3), longest=4, fewest=1, ropes=(None, 10.0, 1e4), causals=(True, False)
):
    """x, four weights with d, d_k and d_v of any sizes, how to attend, and an upstream gradient."""
    front = draw(shapes(*leading, smallest=side, largest=2)) if leading[1] else ()
    h, T, d = draw(sizes(*heads)), draw(sizes(fewest, longest)), draw(sizes(1, 5))
    rope, causal, rng = draw(st.sampled_from(ropes)), draw(st.sampled_from(causals)), draw(rngs())
    d_k = draw(sizes(1, 3)) if rope is None else draw(st.sampled_from([2, 4]))
    d_v = draw(sizes(1, 3))
    return case_of(rng, (*front, T, d), h, d_k, d_v, rope, causal)


def case_of(rng, shape, h, d_k, d_v, rope=None, causal=True):
    d = shape[-1]
    weights = [(h * d_k, d), (h * d_k, d), (h * d_v, d), (d, h * d_v)]
    args = [normal(rng, shape), *(normal(rng, one, scale=0.7) for one in weights)]
    return SimpleNamespace(args=args, how=(h, rope, causal), dout=upstream(rng, shape))


def but(case, **changed):
    """The case with another x, dout or dtype."""
    args = [changed.get("x", case.args[0]), *case.args[1:]]
    return SimpleNamespace(args=args, how=changed.get("how", case.how), dout=changed.get("dout", case.dout))


# ---------------------------------------------------------------- what is claimed again and again


def forward(learner, case):
    return learner.probe("outputs", "mha_forward", (*case.args, *case.how))


def backward(learner, case):
    _, grads = learner.probe("forward_backward", "mha_forward", "mha_backward", (*case.args, *case.how), case.dout)
    return check.items(grads, 5, what="mha_backward")


def size(array):
    return max(1.0, float(np.max(np.abs(array), initial=0.0)))


def same_out(got, case, what="out"):
    wanted = attend(*case.args, *case.how)
    check.close(got, wanted, what=what, terms=TERMS, scale=size(wanted))


def same_gradient(got, case, place, what=""):
    try:
        gradients.close_to(got, slope(case, place), what or NAMES[place], terms=TERMS, upstream=case.dout)
    except check.Mismatch as mismatch:
        seen = pattern(got, case, place)
        raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, seen) from None


# Wrong slopes that have a name.
WAYS = {
    "q": "it is the part that comes through the queries, alone",
    "k": "it is the part that comes through the keys, alone",
    "v": "it is the part that comes through the values, alone",
    "kv": "the part that comes through the queries is missing",
    "qv": "the part that comes through the keys is missing",
    "qk": "the part that comes through the values is missing",
}
TURNS = {
    "not": "it is what comes out when no gradient is turned by rope on the way back",
    "on": "it is what comes out when gradients are turned by rope the same way as forward",
}


def pattern(got, case, place):
    """What the error of a gradient looks like, if it is one of the errors that attention invites."""
    if not isinstance(got, np.ndarray) or got.shape != case.args[place].shape or got.size < 2:
        return ""
    wrong = [({"turned": one}, said) for one, said in TURNS.items() if case.how[1] is not None and place < 3]
    if place == 0:
        wrong += [({"through": one}, said) for one, said in WAYS.items()]
    for how, said in wrong:
        if np.any(got) and np.allclose(got, slope(case, place, **how), rtol=1e-6, atol=1e-9):
            return said
    return ""


def same_gradients(grads, case, what="{}"):
    for place, got in enumerate(check.items(grads, 5, what="mha_backward")):
        same_gradient(got, case, place, what.format(NAMES[place]))


def one_gradient(learner, case, place):
    same_gradient(backward(learner, case)[place], case, place)


def of_shape(got, shape, what):
    check.that(check.number_array(got, what).shape == shape, f"{what} has shape {np.shape(got)}, expected {shape}")


# ---------------------------------------------------------------- heads


@st.composite
def to_split(draw, *, leading=(0, 2)):
    """(…, T, h·width), and h."""
    front, T = draw(shapes(*leading, largest=3)), draw(sizes(1, 4))
    h, width, rng = draw(sizes(1, 4)), draw(sizes(1, 3)), draw(rngs())
    return normal(rng, (*front, T, h * width)), h


@SOME
@given(to_split())
def test_split_heads(learner, case):
    """split_heads gives head i the i-th run of d/h neighbouring numbers of every token: (…, T, d) to (…, h, T, d/h)."""
    x, h = case
    check.close(learner.split_heads(x, h), split_slow(x, h), what="the heads", rtol=0.0)


@settings(max_examples=6)
@given(to_split(), st.integers(-3, 12))
def test_split_heads_refuses(learner, case, h):
    """split_heads raises ValueError if h is less than 1 or does not divide d."""
    x, _ = case
    for wrong in {0, -1, x.shape[-1] + 1, *([h] if h < 1 or x.shape[-1] % h else [])}:
        with check.raises("ValueError"):
            learner.split_heads(x, wrong)


@SOME
@given(shapes(3, 5, largest=4), rngs())
def test_merge_heads(learner, shape, rng):
    """merge_heads lays the heads of a token side by side, head 0 first: (…, h, T, width) to (…, T, h·width)."""
    x = normal(rng, shape)
    check.close(learner.merge_heads(x), merge_slow(x), what="the merged heads", rtol=0.0)


@FEW
@given(to_split())
def test_there_and_back(learner, case):
    """merge_heads undoes split_heads, and split_heads undoes merge_heads."""
    x, h = case
    check.close(learner.merge_heads(learner.split_heads(x, h)), x, what="x, split and merged,", rtol=0.0)
    apart = split_slow(x, h)
    check.close(learner.split_heads(learner.merge_heads(apart), h), apart, what="heads, merged and split,", rtol=0.0)


@settings(max_examples=6)
@given(to_split(), st.sampled_from([(), (0,), (2, 0)]), st.sampled_from([np.float64, np.float32]))
def test_heads_of_any_layout(learner, case, front, dtype):
    """split_heads and merge_heads take any layout, an empty batch and float32, and leave their input as it is."""
    x, h = case
    x = strided((x if not front else np.resize(x, (*front, *x.shape[-2:]))).astype(dtype))
    apart = strided(split_slow(x, h))
    for name, args, wanted in (("split_heads", (x, h), split_slow(x, h)), ("merge_heads", (apart,), x)):
        seen = learner.probe("purity", name, args)
        check.close(seen["first"], wanted, what=name, rtol=0.0)
        check.that(not seen["changed"], f"{name} wrote into its input")


# ---------------------------------------------------------------- forward


@FEW
@given(cases(longest=1, ropes=(None, 10.0)))
def test_one_token(learner, case):
    """A token alone attends to itself with weight 1: out is x Wvᵀ Woᵀ, whatever Wq, Wk and the position are."""
    x, _, _, Wv, Wo = case.args
    wanted = projected(projected(x, Wv), Wo)
    check.close(forward(learner, case), wanted, what="out", terms=TERMS, scale=size(wanted))


@settings(max_examples=14)
@given(cases(ropes=(None,), causals=(False,), fewest=2))
def test_every_head(learner, case):
    """out is the sum over the heads: each attends with its own rows of Wq, Wk and Wv, scaled by √d_k, through Wo."""
    same_out(forward(learner, case), case)


@SOME
@given(cases(ropes=(None,), fewest=2))
def test_causal(learner, case):
    """With causal, and that is the default, token i attends to the tokens up to i; and no rope is the default."""
    same_out(forward(learner, case), case)
    plain = but(case, how=(case.how[0],))
    same_out(forward(learner, plain), plain, "out without rope and causal")


@SOME
@given(cases(ropes=(10.0, 100.0, 1e4), fewest=2))
def test_rope(learner, case):
    """With rope, queries and keys of every head are turned by their token's position from 0; the values are not."""
    same_out(forward(learner, case), case)


@FEW
@given(cases(leading=(1, 3), longest=3))
def test_batch(learner, case):
    """Every sequence of a batch, with any leading axes, attends within itself only."""
    same_out(forward(learner, case), case)


@st.composite
def sequences(draw):
    """Tokens that attend causally, a place t that is not the last, and other tokens for after it."""
    case = draw(cases(leading=(0, 1), fewest=2, longest=6, causals=(True,)))
    x = case.args[0]
    case.t = draw(st.integers(0, x.shape[-2] - 2))
    case.other = normal(draw(rngs()), x.shape, scale=draw(st.sampled_from([1.0, 100.0])))
    return case


@settings(max_examples=12)
@given(sequences())
def test_the_future_changes_nothing(learner, case):
    """With causal, changing the tokens after place t changes no bit of out at or before t."""
    x, t = case.args[0], case.t
    changed = np.concatenate([x[..., : t + 1, :], case.other[..., t + 1 :, :]], axis=-2)
    before, after = forward(learner, case), forward(learner, but(case, x=changed))
    for one in (before, after):
        of_shape(one, x.shape, "out")
    early = before[..., : t + 1, :]
    check.close(after[..., : t + 1, :], early, what=f"out up to place {t}, after later tokens changed,", rtol=0.0)


@FEW
@given(cases(heads=(2, 3)), rngs())
def test_heads_in_another_order(learner, case, rng):
    """The heads in another order (rows of Wq, Wk and Wv, columns of Wo, block by block): out stays."""
    x, *weights = case.args
    h = case.how[0]
    order = rng.permutation(h)
    Wq, Wk, Wv = (W.reshape(h, -1, W.shape[1])[order].reshape(W.shape) for W in weights[:3])
    Wo = weights[3].reshape(len(weights[3]), h, -1)[:, order].reshape(weights[3].shape)
    out = forward(learner, case)
    of_shape(out, x.shape, "out")
    moved = forward(learner, SimpleNamespace(args=[x, Wq, Wk, Wv, Wo], how=case.how, dout=case.dout))
    check.close(moved, out, what="out, with the heads in another order,", terms=TERMS, scale=size(out), dtype=None)


# ---------------------------------------------------------------- backward, one gradient at a time


@SOME
@given(cases())
def test_dWo(learner, case):
    """dWo is the gradient with respect to Wo, for any dout: what the heads returned, asked for by every token."""
    one_gradient(learner, case, 4)


@SOME
@given(cases())
def test_dWv(learner, case):
    """dWv is the gradient with respect to Wv, through Wo and the weights of every head."""
    one_gradient(learner, case, 3)


@SOME
@given(cases(fewest=2))
def test_dWq(learner, case):
    """dWq is the gradient with respect to Wq, through scores and rope."""
    one_gradient(learner, case, 1)


@SOME
@given(cases(fewest=2))
def test_dWk(learner, case):
    """dWk is the gradient with respect to Wk, through scores and rope."""
    one_gradient(learner, case, 2)


@SOME
@given(cases())
def test_dx(learner, case):
    """dx is the gradient with respect to x, which every head reads three times."""
    one_gradient(learner, case, 0)


@FEW
@given(cases(leading=(1, 3), side=2, longest=3))
def test_batch_gradients(learner, case):
    """Each of several sequences has a dx of its own; the gradients of the weights are summed over all of them."""
    same_gradients(backward(learner, case), case)


@SOME
@given(sequences())
def test_the_future_has_no_gradient(learner, case):
    """With causal, a loss that reads out up to place t has a dx of exactly 0 after t, and the right one before."""
    case.dout = case.dout.copy()
    case.dout[..., case.t + 1 :, :] = 0.0
    dx = backward(learner, case)[0]
    same_gradient(dx, case, 0)
    late = np.abs(dx[..., case.t + 1 :, :])
    check.that(not late.any(), f"dx after place {case.t} is up to {check.number(late.max())}, expected exactly 0")


@settings(max_examples=6)
@given(cases(), st.sampled_from([-3.0, 0.0, 0.5]))
def test_linear(learner, case, factor):
    """The gradients are linear in dout: twice the dout, twice the gradients, and zeros for zeros."""
    once, scaled = backward(learner, case), backward(learner, but(case, dout=factor * case.dout))
    for name, one, other in zip(NAMES, once, scaled, strict=True):
        wanted = factor * check.number_array(one, name)
        check.close(other, wanted, what=f"{name} for {factor:g} · dout", terms=TERMS, scale=size(wanted), dtype=None)


# ---------------------------------------------------------------- large numbers, dtype, layout, caches, errors


@st.composite
def large(draw):
    """Whole numbers up to 10,000 in x and a √d_k that is whole: every score is exact, and nearly all weights 0 or 1."""
    h, T, d, rng = draw(sizes(1, 2)), draw(sizes(2, 3)), draw(sizes(1, 3)), draw(rngs())
    d_k, d_v, causal = draw(st.sampled_from([1, 4])), draw(sizes(1, 2)), draw(st.sampled_from([True, True, False]))
    case = case_of(rng, (T, d), h, d_k, d_v, None, causal)
    case.args[0] = rng.integers(-10_000, 10_001, (T, d)).astype(float)
    case.args[1:3] = [rng.integers(-1, 2, (h * d_k, d)).astype(float) for _ in range(2)]
    return case


@SOME
@given(large())
def test_large_numbers(learner, case):
    """For x of ±10,000, where scores are millions, out and the gradients are right and finite, in silence."""
    call = f"mha_forward({', '.join(map(show_value, (*case.args, *case.how)))})"
    seen = learner.probe(
        "silent", (*case.args, *case.how), case.dout, shown=f"_, cache = {call}; mha_backward(…, cache)"
    )
    same_out(seen["out"], case)
    # A slope of the softmax is a difference of numbers as large as dout · values, and it is multiplied by keys and x.
    x = size(case.args[0])
    score = size(case.dout) * x * x
    scales = dict(zip(NAMES, (score, score * x, score * x, x, x), strict=True))
    for place, got in enumerate(check.items(seen["grads"], 5, what="mha_backward")):
        wanted = slope(case, place)
        check.close(got, wanted, what=NAMES[place], terms=4, scale=max(size(wanted), scales[NAMES[place]]))
    warned = seen["warnings"]
    check.that(not warned, f"the numbers are right, but NumPy warned: {(warned or [''])[0]}")


@FEW
@given(cases(leading=(0, 1), longest=3))
def test_float32_stays(learner, case):
    """float32 in, float32 out, in out and in every gradient, exact to float32's digits."""
    small = [(np.round(8 * one) / 8).astype(np.float32) for one in (*case.args, case.dout)]
    narrow = SimpleNamespace(args=small[:5], how=case.how, dout=small[5])
    wide = SimpleNamespace(args=[one.astype(float) for one in small[:5]], how=case.how, dout=small[5].astype(float))
    wanted = attend(*wide.args, *case.how)
    check.close(forward(learner, narrow), wanted.astype(np.float32), what="out", terms=8, scale=size(wanted))
    for place, got in enumerate(backward(learner, narrow)):
        wanted = slope(wide, place)
        check.close(got, wanted.astype(np.float32), what=NAMES[place], terms=32, scale=size(wanted))


@settings(max_examples=6)
@given(cases(leading=(0, 1)), rngs())
def test_caches(learner, case, rng):
    """x, the weights and dout stay as they are, a cache belongs to its forward, and backward can be called again."""
    other = case_of(rng, case.args[0].shape[-2:], 1, 2, 1)
    shown = "two mha_forward, then mha_backward with the first cache, with the second, and with the first again"
    both = (*case.args, *case.how), (*other.args, *other.how)
    seen = learner.probe("in_turn", *both, case.dout, other.dout, shown=shown)
    changed = [INPUTS[place] for place in seen["changed"]]
    check.that(not changed, f"forward or backward wrote into {' and '.join(changed)}")
    same_gradients(seen["once"], case, "{}, after another forward,")
    same_gradients(seen["again"], case, "{} of the second backward")


@settings(max_examples=8)
@given(cases(), st.sampled_from([(1,), (2, 1, 2), (0,), (2, 0)]))
def test_layout(learner, case, front):
    """Any leading axes, an empty batch, and any layout in memory (transposed, in Fortran order, repeated by a stride of
    0) make no difference to out and the gradients."""
    shape = (*front, *case.args[0].shape)
    moved = but(case, x=strided(np.resize(case.args[0], shape)), dout=strided(np.resize(case.dout, shape)))
    moved.args[1:] = [strided(one) for one in moved.args[1:]]
    same_out(forward(learner, moved), moved)
    same_gradients(backward(learner, moved), moved)
    if front == (1,):
        copies = but(case, x=np.stack([case.args[0]] * 3), dout=np.stack([case.dout] * 3))
        out, grads = learner.probe("repeated", (*case.args, *case.how), case.dout, 3)
        same_out(out, copies, "out of np.broadcast_to(x, …)")
        same_gradients(grads, copies, "{} of np.broadcast_to(x, …)")


# Heads, rope and rows of Wq and Wv that do not go together.
WRONG_HEADS = [(0, None, 4, 4), (-2, None, 4, 4), (3, None, 4, 6), (2, None, 4, 3), (2, None, 3, 4), (5, None, 4, 4),
               (2, 100.0, 2, 2), (2, 100.0, 6, 4)]  # fmt: skip


def test_wrong_heads(learner):
    """ValueError where n_heads is less than 1 or does not divide the rows, and with rope where d_k is odd."""
    rng = np.random.default_rng(28)
    for h, rope, keys, values in WRONG_HEADS:
        case = case_of(rng, (3, 4), 1, keys, values)
        with check.raises("ValueError"):
            forward(learner, but(case, how=(h, rope, True)))


# Shapes of Wq, Wk, Wv and Wo for x (3, 4): two heads, d_k = 3, d_v = 2. Some would broadcast, some only fit each other.
FIT = [(6, 4), (6, 4), (4, 4), (4, 4)]
MISFITS = [(0, (6, 3)), (0, (6, 1)), (0, (2, 4)), (1, (2, 4)), (1, (6, 1)), (2, (4, 1)), (2, (4, 3)), (2, (2, 4)),
           (3, (4, 1)), (3, (4, 2)), (3, (1, 4)), (3, (6, 4)), (3, (2, 4, 4)), (1, (2, 6, 4)), (2, (1, 4, 4)),
           (0, (1, 6, 4))]  # fmt: skip


def test_weights_do_not_fit(learner):
    """ValueError for a weight of another shape than x, n_heads and the other weights ask for, even if it broadcasts."""
    rng = np.random.default_rng(28)
    x = normal(rng, (3, 4))
    for place, shape in MISFITS:
        weights = [normal(rng, shape if which == place else one) for which, one in enumerate(FIT)]
        with check.raises("ValueError"):
            forward(learner, SimpleNamespace(args=[x, *weights], how=(2, None, True)))


def test_dout_does_not_fit(learner):
    """ValueError where dout has not the shape of out, even if it would broadcast."""
    rng = np.random.default_rng(28)
    case = case_of(rng, (2, 3, 4), 2, 2, 2)
    for shape in [(3, 4), (4,), (1, 3, 4), (2, 1, 4), (2, 3, 1), (1, 2, 3, 4), (2, 3, 2), (3, 2, 4)]:
        with check.raises("ValueError"):
            backward(learner, but(case, dout=upstream(rng, shape)))
