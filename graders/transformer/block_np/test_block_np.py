"""The hidden grader of 2.9. The oracle writes the block out with einsum, head by head; gradients by a complex step,
every element of every parameter."""

import functools
import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

ATTENTION = tuple(f"attn.{name}_proj.weight" for name in ("q", "k", "v", "output"))
FFN = tuple(f"ffn.w{name}.weight" for name in (1, 2, 3))
OUTER = ("attn.output_proj.weight", "ffn.w2.weight")
EPS = 1e-5
# A gradient passes two norms, an attention and a feed-forward layer, each a sum over everything before it.
TERMS = 512
FEW = settings(max_examples=7)
SOME = settings(max_examples=10)


# ---------------------------------------------------------------- the definitions


@functools.lru_cache(maxsize=256)
def rotations(T, d_k, theta):
    """For each position the whole matrix that turns its pairs: (T, d_k, d_k)."""
    R = np.zeros((T, d_k, d_k))
    for p in range(T):
        for i in range(0, d_k, 2):
            c, s = math.cos(p * theta ** (-i / d_k)), math.sin(p * theta ** (-i / d_k))
            R[p, i : i + 2, i : i + 2] = [[c, -s], [s, c]]
    return R


def projected(x, W):
    return np.einsum("...td,...od->...to", x, W)


def attention(x, p, n_heads, rope):
    """The sum of what every head adds. Parameters may have leading axes as well, and everything may be complex."""
    T = x.shape[-2]
    Wq, Wk, Wv, Wo = (p[name] for name in ATTENTION)
    d_k, d_v = Wq.shape[-2] // n_heads, Wv.shape[-2] // n_heads
    future, out = np.arange(T) > np.arange(T)[:, None], 0.0
    for i in range(n_heads):
        own, values = slice(i * d_k, (i + 1) * d_k), slice(i * d_v, (i + 1) * d_v)
        q, k, v = projected(x, Wq[..., own, :]), projected(x, Wk[..., own, :]), projected(x, Wv[..., values, :])
        if rope is not None:
            q, k = (np.einsum("tab,...tb->...ta", rotations(T, d_k, rope), one) for one in (q, k))
        scores = np.where(future, -np.inf, np.einsum("...id,...jd->...ij", q, k) / math.sqrt(d_k))
        e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
        heads = np.einsum("...ij,...jd->...id", e / e.sum(axis=-1, keepdims=True), v)
        out = out + projected(heads, Wo[..., values])
    return out


def feed_forward(x, p):
    gate, value = projected(x, p["ffn.w1.weight"]), projected(x, p["ffn.w3.weight"])
    return projected(gate / (1 + np.exp(-gate)) * value, p["ffn.w2.weight"])


def normed(x, p, which, norm):
    if norm == "layer":
        x = x - x.mean(axis=-1, keepdims=True)
    y = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPS) * p[f"{which}.weight"]
    return y + p[f"{which}.bias"] if norm == "layer" else y


def block(x, p, n_heads, norm="rms", pre_norm=True, rope=None, cut=""):
    """The block as the stub says it. With `cut`, one of its four ways has no slope: a gradient known to be wrong."""

    def way(name, one):
        return one.real if name == cut else one

    if pre_norm:
        z = way("past A", x) + way("A", attention(normed(x, p, "ln1", norm), p, n_heads, rope))
        return way("past F", z) + way("F", feed_forward(normed(z, p, "ln2", norm), p))
    z = normed(way("past A", x) + way("A", attention(x, p, n_heads, rope)), p, "ln1", norm)
    return normed(way("past F", z) + way("F", feed_forward(z, p)), p, "ln2", norm)


def slope(case, name, cut=""):
    """d(sum(dy · y))/d(x, or a parameter) by a complex step, all elements at once: one copy of it for each."""
    given = case.x if name == "x" else case.params[name]
    size, shape = given.size, given.shape
    # A copy stands before the leading axes of x; the axes of a vector are one fewer than those of a matrix.
    between = (1,) * (case.x.ndim - given.ndim)
    steps = given + 1j * gradients.COMPLEX_STEP * np.eye(size).reshape(size, *shape)
    steps = steps.reshape(size, *between, *shape)
    x, params = (steps, case.params) if name == "x" else (case.x, {**case.params, name: steps})
    y = block(x, params, *case.how, cut=cut)
    # Where a way is cut there may be no slope at all.
    slopes = (case.dy * np.broadcast_to(np.imag(y), (size, *case.dy.shape))).reshape(size, case.dy.size).sum(axis=1)
    return slopes.reshape(shape) / gradients.COMPLEX_STEP


# ---------------------------------------------------------------- the inputs


def made(rng, shape, h, d_k, d_v, d_ff, how):
    d = shape[-1]
    sides = {
        **dict(zip(ATTENTION, [(h * d_k, d), (h * d_k, d), (h * d_v, d), (d, h * d_v)], strict=True)),
        **dict(zip(FFN, [(d_ff, d), (d, d_ff), (d_ff, d)], strict=True)),
    }
    params = {name: normal(rng, side, scale=0.7) for name, side in sides.items()}
    params |= {f"{which}.weight": upstream(rng, d) for which in ("ln1", "ln2")}
    if how[1] == "layer":
        params |= {f"{which}.bias": normal(rng, d) for which in ("ln1", "ln2")}
    return SimpleNamespace(x=normal(rng, shape), params=params, how=how, dy=upstream(rng, shape))


@st.composite
def cases(
    draw, *, leading=(0, 0), side=1, norms=("rms", "layer"), pre=(True, False), ropes=(None,), longest=3, fewest=1
):
    """x, parameters with d, d_k, d_v and d_ff of any sizes, how to run the block, and an upstream gradient."""
    front = draw(shapes(*leading, smallest=side, largest=2)) if leading[1] else ()
    h, T, d, d_ff = draw(sizes(1, 2)), draw(sizes(fewest, longest)), draw(sizes(2, 4)), draw(sizes(1, 4))
    norm, pre_norm, rope = (draw(st.sampled_from(one)) for one in (norms, pre, ropes))
    d_k = draw(sizes(1, 2)) if rope is None else draw(st.sampled_from([2, 4]))
    d_v, rng = draw(sizes(1, 2)), draw(rngs())
    return made(rng, (*front, T, d), h, d_k, d_v, d_ff, (h, norm, pre_norm, rope))


def but(case, **changed):
    return SimpleNamespace(**vars(case) | changed)


def silenced(case, *names):
    """The case with these parameters zero."""
    zeros = {name: np.zeros_like(case.params[name]) for name in names}
    return but(case, params={**case.params, **zeros})


# ---------------------------------------------------------------- what is claimed again and again


def args_of(case):
    return (case.x, case.params, *case.how)


def forward(learner, case):
    return learner.probe("outputs", "block_forward", args_of(case))


def backward(learner, case):
    _, grads = learner.probe("forward_backward", "block_forward", "block_backward", args_of(case), case.dy)
    return both(grads, case)


def both(got, case):
    """dx, and the gradients by their names; the names are those of params."""
    dx, grads = check.items(got, 2, what="block_backward")
    check.that(isinstance(grads, dict), f"grads is {check.describe(grads)}, expected a dict")
    missing, more = sorted(set(case.params) - set(grads)), sorted(map(str, set(grads) - set(case.params)))
    check.that(not missing, f"grads has no {', '.join(missing)}")
    check.that(not more, f"grads has {', '.join(more)}, which params has not")
    return {"x": dx} | grads


def size(array):
    return max(1.0, float(np.max(np.abs(array), initial=0.0)))


def same_y(got, case, what="y", wanted=None):
    wanted = block(case.x, case.params, *case.how) if wanted is None else wanted
    check.close(got, wanted, what=what, terms=TERMS, scale=size(wanted))


def said(name):
    return "dx" if name == "x" else f"grads[{name!r}]"


def same_gradients(grads, case, names=None, what="{}"):
    for name in names or grads:
        expected = slope(case, name)
        try:
            gradients.close_to(grads[name], expected, what.format(said(name)), terms=TERMS, upstream=case.dy)
        except check.Mismatch as mismatch:
            seen = pattern(grads[name], expected, case, name)
            raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, seen) from None


# Ways on which a gradient can be forgotten.
CUTS = {
    "past A": "the straight way past the attention is missing",
    "A": "what comes back through the attention is missing",
    "past F": "the straight way past the feed-forward layer is missing",
    "F": "what comes back through the feed-forward layer is missing",
}


def pattern(got, expected, case, name):
    """What the error of a gradient looks like, if it is one of those that a residual invites."""
    if not isinstance(got, np.ndarray) or got.shape != expected.shape or got.size < 2 or not np.any(got):
        return ""

    def is_near(wrong):
        return np.allclose(got, wrong, rtol=1e-6, atol=1e-9) and not np.allclose(expected, wrong, rtol=1e-6, atol=1e-9)

    for cut, words in CUTS.items():
        if is_near(slope(case, name, cut)):
            return words
    if name == "x" and is_near(expected + case.dy):
        return "it is too large by exactly dy: a straight way is there twice"
    return ""


# ---------------------------------------------------------------- forward


@FEW
@given(cases(pre=(True,), ropes=(None, 10.0)))
def test_identity(learner, case):
    """With pre-norm, and Wo and W2 zero, both halves add nothing: y is x, to the last bit."""
    case = silenced(case, *OUTER)
    check.close(forward(learner, case), case.x, what="y", rtol=0.0)


@SOME
@given(cases(pre=(True,), norms=("rms",), fewest=2))
def test_attention_half(learner, case):
    """With W2 zero, y is x + A(N1(x)): attention reads the normed tokens, and adds to those that are not."""
    same_y(forward(learner, silenced(case, "ffn.w2.weight")), silenced(case, "ffn.w2.weight"))


@SOME
@given(cases(pre=(True,), norms=("rms",)))
def test_feed_forward_half(learner, case):
    """With Wo zero, y is x + F(N2(x)), with the second norm's own gain."""
    same_y(forward(learner, silenced(case, OUTER[0])), silenced(case, OUTER[0]))


@SOME
@given(cases(pre=(True,), norms=("rms",), fewest=2))
def test_pre_norm(learner, case):
    """With pre-norm and RMSNorm, y is z + F(N2(z)) with z = x + A(N1(x)); and both are the default, without rope."""
    same_y(forward(learner, case), case)
    plain = but(case, how=case.how[:1])
    same_y(forward(learner, plain), plain, "y without norm, pre_norm and rope")


@SOME
@given(cases(pre=(True,), norms=("layer",), fewest=2))
def test_layer_norm(learner, case):
    """With norm="layer" both norms are LayerNorm, each with its own gain and bias."""
    same_y(forward(learner, case), case)


@SOME
@given(cases(pre=(False,), fewest=2))
def test_post_norm(learner, case):
    """With pre_norm=False, y is N2(z + F(z)) with z = N1(x + A(x)), for both norms."""
    same_y(forward(learner, case), case)


@SOME
@given(cases(ropes=(10.0, 1e4), fewest=2))
def test_rope(learner, case):
    """rope reaches the attention, in every kind of block."""
    same_y(forward(learner, case), case)


@FEW
@given(cases(leading=(1, 3), ropes=(None, 10.0), longest=2))
def test_batch(learner, case):
    """Every sequence of a batch, with any leading axes, is by itself."""
    same_y(forward(learner, case), case)


@st.composite
def sequences(draw):
    """Tokens, a place t that is not the last, and other tokens for after it."""
    case = draw(cases(leading=(0, 1), fewest=2, longest=5, ropes=(None, 10.0)))
    t = draw(st.integers(0, case.x.shape[-2] - 2))
    other = normal(draw(rngs()), case.x.shape, scale=draw(st.sampled_from([1.0, 100.0])))
    return but(case, t=t, other=other)


@settings(max_examples=12)
@given(sequences())
def test_the_future_changes_nothing(learner, case):
    """Changing the tokens after place t changes no bit of y at or before t."""
    until = case.t + 1
    changed = np.concatenate([case.x[..., :until, :], case.other[..., until:, :]], axis=-2)
    before, after = (check.number_array(forward(learner, but(case, x=x)), "y") for x in (case.x, changed))
    for y in (before, after):
        check.that(y.shape == case.x.shape, f"y has shape {y.shape}, expected {case.x.shape}")
    what = f"y up to place {case.t}, after later tokens changed,"
    check.close(after[..., :until, :], before[..., :until, :], what=what, rtol=0.0)


# ---------------------------------------------------------------- backward


@FEW
@given(cases(pre=(True,), ropes=(None, 10.0)))
def test_straight_way(learner, case):
    """With pre-norm, and Wo and W2 zero, dx is dy to the last bit; only Wo and W2 have a gradient that is not 0."""
    case = silenced(case, *OUTER)
    grads = backward(learner, case)
    check.close(grads["x"], case.dy, what="dx", rtol=0.0)
    same_gradients(grads, case, OUTER)
    for name in set(case.params) - set(OUTER):
        check.close(grads[name], np.zeros(case.params[name].shape), what=said(name), rtol=0.0)


@SOME
@given(cases(pre=(True,), fewest=2))
def test_dx(learner, case):
    """With pre-norm, dx is dy and what comes back through both halves, for both norms."""
    same_gradients(backward(learner, case), case, ["x"])


@SOME
@given(cases(pre=(True,), fewest=2))
def test_attention_gradients(learner, case):
    """With pre-norm, the gradients of the four matrices of attention, which also act through the second half."""
    same_gradients(backward(learner, case), case, ATTENTION)


@SOME
@given(cases(pre=(True,)))
def test_feed_forward_gradients(learner, case):
    """With pre-norm, the gradients of the three matrices of the feed-forward layer."""
    same_gradients(backward(learner, case), case, FFN)


@SOME
@given(cases(pre=(True,)))
def test_norm_gradients(learner, case):
    """With pre-norm, the gradients of the gains (and biases) of both norms."""
    same_gradients(backward(learner, case), case, [name for name in case.params if name.startswith("ln")])


@SOME
@given(cases(pre=(False,), fewest=2))
def test_post_norm_dx(learner, case):
    """With pre_norm=False, dx goes through both norms, along the stream and through both halves."""
    same_gradients(backward(learner, case), case, ["x"])


@SOME
@given(cases(pre=(False,), fewest=2))
def test_post_norm_gradients(learner, case):
    """With pre_norm=False, the gradients of all parameters."""
    same_gradients(backward(learner, case), case, case.params)


@FEW
@given(cases(leading=(1, 2), side=2, ropes=(None, 10.0), longest=2))
def test_batch_gradients(learner, case):
    """Each of several sequences has a dx of its own; the parameters' gradients are summed over all, with rope too."""
    same_gradients(backward(learner, case), case)


@SOME
@given(sequences())
def test_the_future_has_no_gradient(learner, case):
    """A loss that reads y up to place t only has a dx of exactly 0 after t, and the right one before."""
    case.dy = case.dy.copy()
    case.dy[..., case.t + 1 :, :] = 0.0
    grads = backward(learner, case)
    same_gradients(grads, case, ["x"])
    late = np.abs(grads["x"][..., case.t + 1 :, :])
    check.that(not late.any(), f"dx after place {case.t} is up to {check.number(late.max())}, expected exactly 0")


@settings(max_examples=5)
@given(cases(), st.sampled_from([-3.0, 0.0, 0.5]))
def test_linear(learner, case, factor):
    """The gradients are linear in dy: twice the dy, twice the gradients, and zeros for zeros."""
    once, scaled = backward(learner, case), backward(learner, but(case, dy=factor * case.dy))
    for name, one in once.items():
        wanted = factor * check.number_array(one, said(name))
        what = f"{said(name)} for {factor:g} · dy"
        check.close(scaled[name], wanted, what=what, terms=TERMS, scale=size(wanted), dtype=None)


# ---------------------------------------------------------------- large numbers, dtype, layout, caches, errors


@SOME
@given(cases(ropes=(None, 10.0)), rngs())
def test_large_numbers(learner, case, rng):
    """For tokens of ±10,000, y and, with pre-norm, the gradients are right and finite, in silence."""
    case.x = np.round(rng.uniform(-1e4, 1e4, case.x.shape))
    if not case.how[2]:
        # Attention reads them as they are: whatever is tiny in their scores would be rounded away.
        case = silenced(case, "attn.q_proj.weight")
    shown = f"_, cache = block_forward({', '.join(map(show_value, args_of(case)))}); block_backward(…, cache)"
    seen = learner.probe("silent", args_of(case), case.dy, shown=shown)
    wanted = block(case.x, case.params, *case.how)
    # A LayerNorm takes a mean of thousands off.
    check.close(seen["y"], wanted, what="y", terms=TERMS, scale=size(wanted) * 100)
    grads = both(seen["grads"], case)
    for name, one in grads.items():
        check.finite(one, what=said(name))
        if case.how[2]:
            wanted = slope(case, name)
            check.close(one, wanted, what=said(name), terms=TERMS, scale=size(wanted) * 100)
    warned = seen["warnings"]
    check.that(not warned, f"the numbers are right, but NumPy warned: {(warned or [''])[0]}")


@FEW
@given(cases(leading=(0, 1), longest=2))
def test_float32_stays(learner, case):
    """float32 in, float32 out, in y and in every gradient, exact to float32's digits."""
    small = {name: (np.round(8 * one) / 8).astype(np.float32) for name, one in {**case.params, "x": case.x}.items()}
    small |= {name: np.where(one == 0, np.float32(1), one) for name, one in small.items() if name.startswith("ln")}
    dy = (np.round(8 * case.dy) / 8).astype(np.float32)
    narrow = but(case, x=small.pop("x"), params=small, dy=dy)
    # Rows whose numbers are nearly equal lose digits in any norm: the first number stands apart.
    narrow.x[..., 0] += np.float32(3.0)
    wide = but(
        narrow,
        x=narrow.x.astype(float),
        params={name: one.astype(float) for name, one in small.items()},
        dy=dy.astype(float),
    )
    wanted = block(wide.x, wide.params, *wide.how)
    check.close(forward(learner, narrow), wanted.astype(np.float32), what="y", terms=8, scale=size(wanted))
    for name, one in backward(learner, narrow).items():
        wanted = slope(wide, name)
        # Measured on three right solutions: up to 900 ulp where LayerNorms of two numbers follow each other.
        check.close(one, wanted.astype(np.float32), what=said(name), terms=128, scale=size(wanted))


@settings(max_examples=6)
@given(cases(leading=(0, 1), longest=2), rngs())
def test_caches(learner, case, rng):
    """x, dy and params stay as they are, a cache belongs to its forward, and backward can be called again."""
    other = made(rng, case.x.shape[-2:], 1, 2, 1, 3, (1, *case.how[1:]))
    shown = "two block_forward, then block_backward with the first cache, with the second, and with the first again"
    seen = learner.probe("in_turn", args_of(case), args_of(other), case.dy, other.dy, shown=shown)
    check.that(not seen["changed"], f"forward or backward wrote into {' and '.join(seen['changed'])}")
    same_gradients(both(seen["once"], case), case, what="{}, after another forward,")
    same_gradients(both(seen["again"], case), case, what="{} of the second backward")


@FEW
@given(cases(longest=2), st.sampled_from([(1,), (2, 1, 2), (0,), (2, 0)]))
def test_layout(learner, case, front):
    """Leading axes (several, or an empty batch) and memory layout (Fortran order, a stride of 0) change nothing."""
    shape = (*front, *case.x.shape)
    moved = but(case, x=strided(np.resize(case.x, shape)), dy=strided(np.resize(case.dy, shape)))
    moved.params = {name: strided(one) for name, one in case.params.items()}
    same_y(forward(learner, moved), moved)
    same_gradients(backward(learner, moved), moved)
    if front == (1,):
        copies = but(case, x=np.stack([case.x] * 3), dy=np.stack([case.dy] * 3))
        y, grads = learner.probe("repeated", args_of(case), case.dy, 3)
        same_y(y, copies, "y of np.broadcast_to(x, …)")
        same_gradients(both(grads, copies), copies, what="{} of np.broadcast_to(x, …)")


def test_unknown_norm(learner):
    """block_forward raises ValueError for a norm it does not know."""
    case = made(np.random.default_rng(29), (2, 4), 2, 2, 2, 3, (2, "layer", True))
    for norm in ("batch", "RMS", "", "layernorm"):
        for pre_norm in (True, False):
            with check.raises("ValueError"):
                forward(learner, but(case, how=(2, norm, pre_norm)))


def test_dy_does_not_fit(learner):
    """ValueError where dy has not the shape of y, even if it would broadcast."""
    rng = np.random.default_rng(29)
    for pre_norm in (True, False):
        case = made(rng, (2, 3, 4), 2, 2, 2, 3, (2, "rms", pre_norm))
        for shape in [(3, 4), (4,), (1, 3, 4), (2, 1, 4), (2, 3, 1), (1, 2, 3, 4), (3, 2, 4)]:
            with check.raises("ValueError"):
                backward(learner, but(case, dy=upstream(rng, shape)))
