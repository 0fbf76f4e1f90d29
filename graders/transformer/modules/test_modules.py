"""The hidden grader of 2.10. The oracles are NumPy in float64, their gradients a complex step. No torch here."""

import itertools
import math
from functools import partial
from types import SimpleNamespace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check, gradients, torch_script
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, upstream

# Units in the last place of a number of 1. A result rounded once is off by half of one.
EPS = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
MOST = 32  # positions of the tables


# ---------------------------------------------------------------- the definitions, for real and complex numbers


def linear(x, W):
    return x @ np.swapaxes(W, -1, -2)


def rmsnorm(x, g, eps=1e-5):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * g


def silu(z):
    e = np.exp(np.where(z.real < 0, z, -z))
    return z * np.where(z.real < 0, e, 1.0) / (1.0 + e)


def swiglu(x, w1, w2, w3):
    return linear(silu(linear(x, w1)) * linear(x, w3), w2)


def turned(x, positions, theta):
    """Each pair (2i, 2i + 1) turned by p · theta^(−2i/d); positions broadcast against x without its last axis."""
    y, d = np.array(x), x.shape[-1]
    for i in range(d // 2):
        angle = positions * float(theta) ** (-2.0 * i / d)
        a, b = x[..., 2 * i], x[..., 2 * i + 1]
        y[..., 2 * i] = a * np.cos(angle) - b * np.sin(angle)
        y[..., 2 * i + 1] = a * np.sin(angle) + b * np.cos(angle)
    return y


def attention(Q, K, V, mask=None):
    scores = np.einsum("...id,...jd->...ij", Q, K) / math.sqrt(Q.shape[-1])
    sees = np.broadcast_to(True if mask is None else mask, scores.shape)
    top = np.max(np.where(sees, scores.real, -np.inf), axis=-1, keepdims=True, initial=-1e300)
    e = np.where(sees, np.exp(np.where(sees, scores - top, 0.0)), 0.0)
    total = e.sum(axis=-1, keepdims=True)
    return np.einsum("...ij,...jd->...id", e / np.where(total == 0, 1.0, total), V)


def multi_head(x, q, k, v, o, heads, theta=None, positions=None):
    """Head by head; positions: None, or a row for each member of the batch (or one for all)."""
    T, width = x.shape[-2], x.shape[-1] // heads
    places = np.arange(T) if positions is None else positions
    outs = []
    for h in range(heads):
        rows = slice(h * width, (h + 1) * width)
        Q, K, V = (linear(x, W[..., rows, :]) for W in (q, k, v))
        if theta is not None:
            Q, K = turned(Q, places, theta), turned(K, places, theta)
        outs.append(attention(Q, K, V, np.tri(T, dtype=bool)))
    return linear(np.concatenate(outs, axis=-1), o)


# ---------------------------------------------------------------- what is asked and claimed again and again


def layer(name, *init, rope=None, **state):
    return {
        "name": name,
        "init": init,
        "rope": rope,
        "state": {key.replace("__", "."): one for key, one in state.items()},
    }


def shown(setting, x, positions=None, dtype="float64", dy=None, then=None, more=""):
    """The same in few words, for the learner."""
    init = ", ".join(map(repr, setting["init"]))
    rope = f", rope=RotaryPositionalEmbedding{setting['rope']}" if setting["rope"] else ""
    weights = "; ".join(f"{key} = {show_value(one)}" for key, one in setting["state"].items())
    places = "" if positions is None else f", token_positions={show_value(positions)}"
    back = "" if dy is None else f", backward with dy = {show_value(dy)}"
    again = "" if then is None else f"; m({show_value(then)})"
    text = f"m = {setting['name']}({init}{rope}) in {dtype} with {weights}; m({show_value(x)}{places}){back}{again}"
    return text + more


def made(setting, dtype="float64"):
    """The layer with its weights, as Python."""
    init = ", ".join(map(repr, setting["init"]))
    rope = f", rope=RotaryPositionalEmbedding{setting['rope']}" if setting["rope"] else ""
    return [f"m = {setting['name']}({init}{rope})", torch_script.loaded(setting["state"], dtype)]


def script(setting, x, dy=None, positions=None, *, dtype="float64", strided=False, given="", then=None):
    """What the probe `run` does, as Python."""
    places = "" if positions is None else f", {torch_script.tensor(positions)}"
    wanted = "dict(m.named_parameters())"
    if np.asarray(x).dtype.kind == "f":
        wanted = f"{{'x': x, **{wanted}}}"
    first = torch_script.leaf("x", x, given or dtype, strided=strided)
    lines = [*made(setting, dtype), first, *torch_script.run(f"m(x{places})", dy, wanted, dtype)]
    if then is not None:
        lines.append(f"print(m({torch_script.tensor(then, dtype)}{places}).tolist())")
    return "\n".join(lines)


def run(learner, setting, x, dy=None, positions=None, **more):
    text = partial(shown, setting, x, positions, more.get("dtype", "float64"), dy, more.get("then"))
    code = partial(script, setting, x, dy, positions, **more)
    return learner.probe("run", setting, x, dy, positions, shown=text, script=code, **more)


def script_twice(setting, x, positions):
    places = "" if positions is None else f", {torch_script.tensor(positions)}"
    lines = [*made(setting), f"x = {torch_script.tensor(x)}", f"print(torch.equal(m(x{places}), m(x{places})))"]
    return "\n".join(lines)


def script_copied(setting, x, positions):
    places = "" if positions is None else f", {torch_script.tensor(positions)}"
    lines = [
        "import copy",
        *made(setting),
        f"x = {torch_script.tensor(x)}",
        f"print(m(x{places}).tolist())",
        "other = copy.deepcopy(m)",
        "other.load_state_dict({name: 2 * one for name, one in other.state_dict().items()})",
        f"print(m(x{places}).tolist())",
        f"print(other(x{places}).tolist())",
    ]
    return "\n".join(lines)


def shown_turn(rope, x, positions, dtype="float64", cast=""):
    moved = f".to({cast})" if cast else ""
    more = "" if positions is None else f", {show_value(positions)}"
    return f"m = RotaryPositionalEmbedding{rope}{moved}; m({show_value(x)}{more}) in {dtype}"


def script_turn(rope, x, dy=None, positions=None, *, dtype="float64", strided=False, cast=""):
    moved = f".to(torch.{cast})" if cast else ""
    places = "" if positions is None else f", {torch_script.tensor(positions)}"
    lines = [f"m = RotaryPositionalEmbedding{rope}{moved}", torch_script.leaf("x", x, dtype, strided=strided)]
    return "\n".join([*lines, *torch_script.run(f"m(x{places})", dy, "{'x': x}", dtype)])


def turn(learner, case, dy=None, **more):
    text = partial(shown_turn, case.rope, case.x, case.given, more.get("dtype", "float64"), more.get("cast", ""))
    code = partial(script_turn, case.rope, case.x, dy, case.given, **more)
    return learner.probe("turn", case.rope, case.x, dy, case.given, shown=text, script=code, **more)


def shown_attend(case, dy=None, dtype="float64"):
    parts = [show_value(one) for one in (case.Q, case.K, case.V, *([] if case.mask is None else [case.mask]))]
    text = f"scaled_dot_product_attention({', '.join(parts)}) in {dtype}"
    return text if dy is None else f"{text}, backward with dout = {show_value(dy)}"


def script_attend(case, dy=None, *, dtype="float64", strided=False):
    mask = "" if case.mask is None else f", {torch_script.tensor(case.mask)}"
    given = zip("QKV", (case.Q, case.K, case.V), strict=True)
    leaves = [torch_script.leaf(name, one, dtype, strided=strided) for name, one in given]
    called = f"scaled_dot_product_attention(Q, K, V{mask})"
    return "\n".join([*leaves, *torch_script.run(called, dy, "{'Q': Q, 'K': K, 'V': V}", dtype)])


def attend(learner, case, dy=None, **more):
    text, code = partial(shown_attend, case, dy, more.get("dtype", "float64")), partial(script_attend, case, dy, **more)
    return learner.probe("attend", case.Q, case.K, case.V, case.mask, dy, shown=text, script=code, **more)


def same_y(seen, expected, *, what="y", terms=16, size=1.0):
    check.close(
        seen["y"], expected, what=what, terms=terms, scale=max(size, float(np.max(np.abs(expected), initial=0.0)))
    )


def gradient(seen, name):
    check.that(name in seen["grads"], f"there is no parameter {name}")
    got = seen["grads"][name]
    check.that(got is not None, f"no gradient arrives at {name}: on the way it was cut off")
    return check.number_array(got, f"the gradient of {name}")


def slopes(f, arguments, place, dy):
    """A complex step for every element of one argument, all at once: along a leading axis, each member moves one."""
    first, one = arguments[0], arguments[place]
    moved = np.repeat(one.reshape(1, -1), one.size, axis=0) + 1j * gradients.COMPLEX_STEP * np.eye(one.size)
    moved = moved.reshape(one.size, *[1] * (first.ndim - one.ndim), *one.shape)
    y = f(*arguments[:place], moved, *arguments[place + 1 :])
    return (dy * np.imag(y)).reshape(one.size, -1).sum(axis=-1).reshape(one.shape) / gradients.COMPLEX_STEP


def same_gradients(seen, f, arguments, dy, terms=64):
    """Every element of every gradient, against a complex step; `arguments` by the names of x and the parameters."""
    for place, name in enumerate(arguments):
        expected = slopes(f, tuple(arguments.values()), place, dy)
        got = gradient(seen, name)
        check.finite(got, what=f"the gradient of {name}")
        gradients.close_to(got, expected, f"the gradient of {name}", terms=terms)


# ---------------------------------------------------------------- Linear


@st.composite
def linears(draw, most=2):
    front, rows, columns = draw(shapes(0, most, largest=3)), draw(sizes(1, 5)), draw(sizes(1, 5))
    rng = draw(rngs())
    x, W = normal(rng, (*front, columns)), normal(rng, (rows, columns))
    return SimpleNamespace(setting=layer("Linear", columns, rows, weight=W), x=x, W=W, dy=upstream(rng, (*front, rows)))


@settings(max_examples=12)
@given(linears(), st.booleans())
def test_linear(learner, case, strided):
    """Linear is x Wᵀ, W of shape (out_features, in_features), for any leading axes; its gradients are right."""
    seen = run(learner, case.setting, case.x, case.dy, strided=strided)
    same_y(seen, linear(case.x, case.W))
    same_gradients(seen, linear, {"x": case.x, "weight": case.W}, case.dy)


def cut_normal(weights, sigma, what):
    """Normal numbers of standard deviation sigma, cut off at three of them: sixty thousand show that."""
    first, second, again = (check.number_array(one, what) for one in weights)
    data = first.astype(np.float64)
    largest, spread = float(np.max(np.abs(data))), float(data.std())
    check.that(largest <= 3.0001 * sigma, f"{what}: a number lies {largest / sigma:.2f} σ from 0, expected at most 3")
    # Cut off at 3 σ, a normal distribution keeps 0.9866 of its σ; sixty thousand numbers tell it to 0.3 %.
    check.that(
        abs(spread / sigma - 0.9866) < 0.02,
        f"{what}: the standard deviation is {spread:.4f}, expected about {0.9866 * sigma:.4f}",
    )
    check.that(abs(data.mean()) < 0.03 * sigma, f"{what}: the mean is {data.mean():.4f}, expected about 0")
    far = float(np.mean(np.abs(data) > 2 * sigma))
    check.that(
        0.035 < far < 0.052, f"{what}: {far:.1%} of the numbers lie beyond 2 σ, expected 4.3 %: are they normal?"
    )
    check.that(not np.array_equal(first, second), f"{what}: two layers begin with the same numbers")
    check.that(np.array_equal(first, again), f"{what}: torch.manual_seed does not decide the numbers")


def drawn_as(learner, name, shape, sigma):
    """A wide layer of fresh weights."""
    text = f"torch.manual_seed(210); {name}(150, 400).weight"
    weights = learner.probe("drawn", name, (150, 400), 210, sigma, shown=text)["weights"]
    got = weights[0].data.shape
    check.that(got == shape, f"the weight has shape {got}, expected {shape}")
    cut_normal(weights, sigma, f"{name}(150, 400).weight")


def test_linear_init(learner):
    """Fresh weights of Linear are normal, σ² = 2 / (in_features + out_features), and cut off at three σ."""
    drawn_as(learner, "Linear", (400, 150), math.sqrt(2 / 550))


# ---------------------------------------------------------------- Embedding


@st.composite
def embeddings(draw):
    rows, width = draw(sizes(1, 6)), draw(sizes(1, 4))
    front, rng = draw(shapes(0, 3, smallest=draw(st.sampled_from([0, 1, 1])), largest=3)), draw(rngs())
    E = normal(rng, (rows, width))
    dtype = draw(st.sampled_from([np.int64, np.int32, np.int16, np.uint8]))
    ids = rng.integers(0, rows, front).astype(dtype)
    setting = layer("Embedding", rows, width, weight=E)
    return SimpleNamespace(setting=setting, ids=np.asarray(ids), E=E, dy=upstream(rng, (*front, width)))


@settings(max_examples=12)
@given(embeddings())
@example(SimpleNamespace(setting=layer("Embedding", 3, 2, weight=np.array([[1.5, -2.0], [0.25, 1.0], [-0.75, 3.0]])),
                         ids=np.zeros((2, 0), dtype=np.int64), E=np.array([[1.5, -2.0], [0.25, 1.0], [-0.75, 3.0]]),
                         dy=np.zeros((2, 0, 2))))  # fmt: skip
def test_embedding(learner, case):
    """Embedding gives row id for each id, of any integer dtype; a row's gradient sums over all its places."""
    rows = [case.E[int(i)] for i in case.ids.ravel()]
    seen = run(learner, case.setting, case.ids, case.dy)
    check.close(seen["y"], np.array(rows).reshape(*case.ids.shape, case.E.shape[1]), what="y", rtol=0.0)
    expected = np.zeros(case.E.shape)
    for place in np.ndindex(case.ids.shape):
        expected[case.ids[place]] += case.dy[place]
    gradients.close_to(gradient(seen, "weight"), expected, "the gradient of weight", terms=case.ids.size or 1)


def test_embedding_init(learner):
    """Fresh weights of Embedding are normal with a variance of 1, cut off at −3 and 3."""
    drawn_as(learner, "Embedding", (150, 400), 1.0)


def test_embedding_ids(learner):
    """An id below 0 or from num_embeddings on raises IndexError; floats and booleans raise TypeError, too."""
    rng = np.random.default_rng(21)
    for rows in (1, 4):
        setting = layer("Embedding", rows, 2, weight=normal(rng, (rows, 2)))
        for wrong in (-1, rows, rows + 5):
            with check.raises("IndexError"):
                run(learner, setting, np.array([0, wrong]))
        for kind in (np.float32, np.bool_):
            with check.raises("TypeError", "IndexError"):
                run(learner, setting, np.zeros(rows, dtype=kind))


# ---------------------------------------------------------------- RMSNorm


@st.composite
def norms(draw, scales=(1e-3, 1.0, 100.0)):
    d, rng = draw(sizes(1, 5)), draw(rngs())
    x = normal(rng, (*draw(shapes(0, 2, largest=3)), d), scale=draw(st.sampled_from(scales)))
    g, eps = upstream(rng, d), draw(st.sampled_from([None, 1e-5, 1e-3, 0.5]))
    setting = layer("RMSNorm", *([d] if eps is None else [d, eps]), weight=g)
    return SimpleNamespace(setting=setting, x=x, g=g, eps=1e-5 if eps is None else eps, dy=upstream(rng, x.shape))


@settings(max_examples=12)
@given(norms())
@example(SimpleNamespace(setting=layer("RMSNorm", 2, weight=np.array([2.0, -1.0])), x=np.zeros((2, 2)),
                         g=np.array([2.0, -1.0]), eps=1e-5, dy=np.array([[1.0, -0.5], [2.0, 0.25]])))  # fmt: skip
def test_rmsnorm(learner, case):
    """RMSNorm is x / √(mean(x²) + eps) · weight, row by row, eps = 1e-5 by default; so are its gradients."""
    seen = run(learner, case.setting, case.x, case.dy)
    same_y(seen, rmsnorm(case.x, case.g, case.eps))
    same_gradients(seen, lambda x, g: rmsnorm(x, g, case.eps), {"x": case.x, "weight": case.g}, case.dy)


@settings(max_examples=8)
@given(
    st.sampled_from([0.01, 1.0, 300.0, 4000.0]), st.sampled_from(["float16", "bfloat16"]), st.booleans(),
    st.integers(0, 2**20),
)  # fmt: skip
@example(4000.0, "float16", True, 1)
def test_rmsnorm_half(learner, scale, dtype, wide, salt):
    """Half precision is computed in float32 and rounded once, for weights of half and of float32 precision."""
    rng = np.random.default_rng([salt, 20_26])
    x, g = (
        rounded(scale * rng.choice([-1, 1], (2, 96)) * rng.uniform(0.5, 2.0, (2, 96)), dtype),
        rng.uniform(0.5, 2, 96),
    )
    g = np.asarray(g, np.float32) if wide else rounded(g, dtype)
    g = g.astype(np.float64)
    weights = "float32" if wide else dtype
    seen = run(learner, layer("RMSNorm", 96, weight=g), x, dtype=weights, given=dtype)
    check.that(seen["y"].dtype == dtype, f"y has dtype {seen['y'].dtype}, expected {dtype}")
    # Rounded once: half a unit, and a little for the float32 before it. Weights of half precision may be multiplied by
    # a number that is rounded already.
    check.close(
        seen["y"], rmsnorm(x, g), what="y", rtol=(0.52 if wide else 1.1) * EPS[dtype], elementwise=True, dtype=None
    )


def rounded(x, dtype):
    """The numbers that this dtype has, as float64."""
    x = np.asarray(x, dtype=np.float64)
    if dtype != "bfloat16":
        return x.astype(dtype).astype(np.float64)
    return (
        (np.round(x.astype(np.float32).view(np.uint32) / 2.0**16).astype(np.uint32) << 16)
        .view(np.float32)
        .astype(float)
    )


# ---------------------------------------------------------------- SwiGLU


@st.composite
def gated(draw, magnitudes=(1.0, 3.0)):
    d, d_ff, rng = draw(sizes(1, 4)), draw(sizes(1, 5)), draw(rngs())
    x = normal(rng, (*draw(shapes(0, 2, largest=2)), d), scale=draw(st.sampled_from(magnitudes)))
    w1, w2, w3 = normal(rng, (d_ff, d)), normal(rng, (d, d_ff)), normal(rng, (d_ff, d))
    setting = layer("SwiGLU", d, d_ff, w1__weight=w1, w2__weight=w2, w3__weight=w3)
    return SimpleNamespace(setting=setting, x=x, weights=(w1, w2, w3), dy=upstream(rng, x.shape))


@settings(max_examples=12)
@given(gated(magnitudes=(1.0, 3.0, 1e4)))
@example(SimpleNamespace(setting=layer("SwiGLU", 1, 1, w1__weight=np.array([[1.0]]), w2__weight=np.array([[2.0]]),
                                       w3__weight=np.array([[0.5]])), x=np.array([[-1e4], [1e4], [-2.0]]),
                         weights=(np.array([[1.0]]), np.array([[2.0]]), np.array([[0.5]])),
                         dy=np.array([[1.0], [-0.5], [2.0]])))  # fmt: skip
def test_swiglu(learner, case):
    """SwiGLU is w2(silu(w1 x) · w3 x); values and gradients are right, and never NaN, where w1 x is ±10,000."""
    seen = run(learner, case.setting, case.x, case.dy)
    arguments = dict(zip(("x", "w1.weight", "w2.weight", "w3.weight"), (case.x, *case.weights), strict=True))
    with np.errstate(under="ignore"):
        same_y(seen, swiglu(case.x, *case.weights), terms=64)
        same_gradients(seen, swiglu, arguments, case.dy, terms=256)


# ---------------------------------------------------------------- RotaryPositionalEmbedding

FORMS = ["none", "T", "1T", "BT"]


def positions_for(rng, front, T, form, most=MOST):
    """(what is given, the same so that it broadcasts against x without its last axis)."""
    if form == "none":
        return None, np.arange(T)
    if form == "BT" and front:
        given_rows = rng.integers(0, most, (front[0], T))
        return given_rows, given_rows.reshape(front[0], *[1] * (len(front) - 1), T)
    rows = rng.integers(0, most, T)
    return (rows[None] if form == "1T" else rows), rows


@st.composite
def turns(draw, most=3, forms=FORMS):
    front, T, d_k, rng = draw(shapes(0, most, largest=3)), draw(sizes(1, 4)), 2 * draw(sizes(1, 3)), draw(rngs())
    theta = draw(st.sampled_from([10_000.0, 100.0, 7.5]))
    form = draw(st.sampled_from(forms))
    given_rows, places = positions_for(rng, front, T, form)
    x = normal(rng, (*front, T, d_k))
    return SimpleNamespace(
        rope=(theta, d_k, MOST), theta=theta, x=x, given=given_rows, places=places, dy=upstream(rng, x.shape)
    )


ONE_PAIR = SimpleNamespace(
    rope=(7.5, 2, MOST), theta=7.5, x=np.array([[0.5, -1.25]]), given=np.array([[3]]), places=np.array([3]),
    dy=np.array([[1.5, -0.25]]),
)  # fmt: skip
# Two sequences, two heads, one token each: the sequences stand at different places, their heads do not.
TWO_BY_TWO = SimpleNamespace(
    rope=(7.5, 2, MOST), theta=7.5, x=np.array([[[[0.5, -1.25]], [[2.0, 0.75]]], [[[-1.5, 1.0]], [[0.25, 3.0]]]]),
    given=np.array([[3], [5]]), places=np.array([[[3]], [[5]]]),
    dy=np.array([[[[1.5, -0.25]], [[-1.0, 0.5]]], [[[0.75, 2.0]], [[-0.5, 1.25]]]]),
)  # fmt: skip


@settings(max_examples=16)
@given(turns(), st.booleans())
@example(ONE_PAIR, False)
@example(TWO_BY_TWO, False)
def test_rope(learner, case, strided):
    """Pair (2i, 2i + 1) at position p is turned by p · theta^(−2i/d_k), for positions of every shape."""
    seen = turn(learner, case, case.dy, strided=strided)
    same_y(seen, turned(case.x, case.places, case.theta), terms=64)
    expected = turned(case.dy, -case.places, case.theta)  # a turn is undone by turning back
    gradients.close_to(gradient(seen, "x"), expected, "the gradient of x")


def test_rope_refuses(learner):
    """A position outside of 0 … max_seq_len − 1, positions of a wrong shape and an odd d_k raise what the stub says."""
    rng, B, T = np.random.default_rng(2103), 2, 3
    x = normal(rng, (B, T, 4))
    # The last position of the table, and as many tokens as it is long, are fine.
    for rows, length in ((None, T), (np.full((B, T), 8), 9)):
        case = SimpleNamespace(rope=(100.0, 4, length), x=x, given=rows)
        same_y(turn(learner, case), turned(x, np.arange(T) if rows is None else rows, 100.0), terms=64)
    for bad, length in ((-1, 9), (5, 5), (7, 5)):
        with check.raises("IndexError", "ValueError"):
            turn(learner, SimpleNamespace(rope=(100.0, 4, length), x=x, given=np.array([4, bad, 0])))
    with check.raises("IndexError", "ValueError"):
        turn(learner, SimpleNamespace(rope=(100.0, 4, T - 1), x=x, given=None))
    # The last two: rows for a batch, and x has none.
    for one, shape in ((x, (T + 1,)), (x, (B + 2, T)), (x, (B, T + 1)), (x, (1, 1, T)), (x[0], (T, T)), (x[0], (B, T))):
        with check.raises("ValueError"):
            turn(learner, SimpleNamespace(rope=(100.0, 4, 9), x=one, given=rng.integers(0, 5, shape)))
    for d_k in (3, 1, 0):
        with check.raises("ValueError"):
            turn(learner, SimpleNamespace(rope=(100.0, d_k, 9), x=normal(rng, (2, d_k)), given=None))


def test_rope_rounded(learner):
    """Moved to half precision, the module is off by a few roundings at most, at position 1,000, too."""
    rng = np.random.default_rng(2104)
    for dtype in ("bfloat16", "float16", "bfloat16"):
        places = rng.integers(600, 1000, 6)
        case = SimpleNamespace(rope=(10_000.0, 6, 1000), x=rounded(normal(rng, (6, 6)), dtype), given=places)
        seen = turn(learner, case, dtype=dtype, cast=dtype)
        check.that(seen["y"].dtype == dtype, f"y has dtype {seen['y'].dtype}, expected {dtype}")
        size = float(np.max(np.abs(case.x)))
        check.close(seen["y"], turned(case.x, places, 10_000.0), what="y", rtol=4 * EPS[dtype], scale=size, dtype=None)


def test_rope_state(learner):
    """The tables are buffers and no parameters, made on the device given; none is in the state dict."""
    setting = layer("RotaryPositionalEmbedding", 100.0, 4, 9)
    text = "RotaryPositionalEmbedding(100.0, 4, 9, device=…): state_dict(), parameters(), buffers()"
    held = learner.probe("inventory", setting, shown=text)
    nothing_but_buffers(held)
    check.equal(held["state"], {}, what="the state dict")
    check.that(not held["parameters"], f"{', '.join(held['parameters'])}: a parameter, which an optimizer would train")
    check.that(held["placed"] >= 1, "the device that is given is told to no call that makes or moves a tensor")
    check.that(not held["strange"], "a table, or what it is computed of, is made without the device that was given")


def nothing_but_buffers(held):
    kept = ", ".join(held["kept"])
    check.that(not held["kept"], f"{kept}: a tensor that is neither parameter nor buffer does not move with its module")


# ---------------------------------------------------------------- scaled_dot_product_attention


@st.composite
def attentions(draw, *, lost=False, leading=2, magnitudes=(1.0, 4.0), longest=4):
    front = draw(shapes(0, leading, largest=2))
    Tq, Tk, d_k, d_v = (draw(sizes(1, longest)) for _ in range(4))
    rng, magnitude = draw(rngs()), draw(st.sampled_from(magnitudes))
    scores = (*front, Tq, Tk)
    kind = draw(st.sampled_from(["none", "whole", "shared"]))
    mask = None if kind == "none" else visible(rng, scores if kind == "whole" else (Tq, Tk), lost)
    return SimpleNamespace(
        Q=normal(rng, (*front, Tq, d_k), scale=magnitude), K=normal(rng, (*front, Tk, d_k), scale=magnitude),
        V=normal(rng, (*front, Tk, d_v)), mask=mask, dy=upstream(rng, (*front, Tq, d_v)), largest=d_k * magnitude**2,
    )  # fmt: skip


def visible(rng, shape, lost=False):
    """A random mask; in every row at least one key that is seen, or with `lost` at least one row that sees none."""
    mask = rng.random(shape) < 0.5
    np.put_along_axis(mask, rng.integers(0, shape[-1], (*shape[:-1], 1)), True, axis=-1)
    if lost:
        mask[..., rng.integers(shape[-2]), :] = False
    return mask


@settings(max_examples=14)
@given(attentions(), st.booleans())
def test_attention(learner, case, strided):
    """out is softmax(Q Kᵀ / √d_k) · V, with a mask or without, for d_k ≠ d_v, Tq ≠ Tk and any leading axes."""
    got = attend(learner, case, strided=strided)
    same_y(got, attention(case.Q, case.K, case.V, case.mask), what="out", terms=math.ceil(64 + 8 * case.largest))


@settings(max_examples=8)
@given(attentions(leading=1, longest=3))
def test_attention_gradients(learner, case):
    """Autograd's gradients for Q, K and V are those of your backward pass by hand."""
    seen = attend(learner, case, case.dy)
    arguments = {"Q": case.Q, "K": case.K, "V": case.V}
    terms = math.ceil(64 + 16 * case.largest)
    same_gradients(seen, lambda *parts: attention(*parts, case.mask), arguments, case.dy, terms=terms)


@settings(max_examples=8)
@given(attentions(lost=True))
def test_attention_blind(learner, case):
    """A row with everything masked is zeros; it sends back zeros, and no NaN anywhere."""
    case.mask = np.zeros((case.Q.shape[-2], case.K.shape[-2]), dtype=bool) if case.mask is None else case.mask
    seen = attend(learner, case, case.dy)
    sees = np.broadcast_to(case.mask, (*case.Q.shape[:-1], case.K.shape[-2]))
    out = check.number_array(seen["y"], "out")
    check.finite(out, what="out")
    check.that(out.shape == case.dy.shape, f"out has shape {out.shape}, expected {case.dy.shape}")
    check.that(not out[~sees.any(-1)].any(), "out of a row that sees nothing is not zeros")
    same_y(seen, attention(case.Q, case.K, case.V, case.mask), what="out", terms=math.ceil(64 + 8 * case.largest))
    for name, sleeps in (("Q", ~sees.any(-1)), ("K", ~sees.any(-2)), ("V", ~sees.any(-2))):
        got = gradient(seen, name)
        check.finite(got, what=f"the gradient of {name}")
        check.that(not got[sleeps].any(), f"a gradient that is not 0 arrives at a row of {name} that nobody sees")


@settings(max_examples=8)
@given(st.booleans(), rngs())
def test_attention_large(learner, masked, rng):
    """out is exact where scores are ±10,000 and more; its gradients are finite there."""
    Q, K = (rng.integers(-300, 301, (3, 4)).astype(float) for _ in range(2))
    mask = visible(rng, (3, 3)) if masked else None
    case = SimpleNamespace(Q=Q, K=K, V=normal(rng, (3, 2)), mask=mask)
    seen = attend(learner, case, upstream(rng, (3, 2)))
    # Whole numbers and √4: every score is exact.
    same_y(seen, attention(Q, K, case.V, mask), what="out", terms=64)
    for name in "QKV":
        check.finite(gradient(seen, name), what=f"the gradient of {name}")


def test_attention_masks(learner):
    """A mask that is not boolean raises TypeError: 0 and 1, or 0 and −inf, are read in two ways."""
    rng = np.random.default_rng(210)
    for mask in (np.zeros((2, 3)), np.ones((2, 3), dtype=np.int64), np.ones((2, 3), dtype=np.uint8)):
        case = SimpleNamespace(Q=normal(rng, (2, 4)), K=normal(rng, (3, 4)), V=normal(rng, (3, 4)), mask=mask)
        with check.raises("TypeError"):
            attend(learner, case)


# ---------------------------------------------------------------- CausalMultiHeadSelfAttention

KEYS = ("q_proj", "k_proj", "v_proj", "output_proj")


@st.composite
def heads(draw, *, roped=(True, False), longest=4, widths=(2, 4), most=3):
    h, width, T, rng = draw(sizes(1, most)), draw(st.sampled_from(widths)), draw(sizes(1, longest)), draw(rngs())
    front = draw(st.sampled_from([(), (1,), (2,), (3,)]))
    theta = draw(st.sampled_from([10_000.0, 50.0])) if draw(st.sampled_from(roped)) else None
    return several_heads(rng, h, width, (*front, T), theta, draw(st.sampled_from(FORMS)))


def several_heads(rng, h, width, sides, theta, form):
    *front, T = sides
    given_rows, places = positions_for(rng, tuple(front), T, form)
    d = h * width
    weights = [normal(rng, (d, d)) for _ in KEYS]
    state = {f"{key}__weight": one for key, one in zip(KEYS, weights, strict=True)}
    rope = None if theta is None else (theta, width, MOST)
    x = normal(rng, (*front, T, d))
    return SimpleNamespace(
        setting=layer("CausalMultiHeadSelfAttention", d, h, rope=rope, **state), x=x, weights=weights, heads=h,
        theta=theta, given=given_rows, places=places, dy=upstream(rng, x.shape),
    )  # fmt: skip


def score_terms(case):
    """How many roundings a score of this size may carry into the softmax."""
    size = float(np.max(np.abs(case.x))) ** 2 * case.x.shape[-1] ** 2 * 9
    return math.ceil(64 + size)


@settings(max_examples=14)
@given(heads())
@example(several_heads(np.random.default_rng(2101), 2, 4, (2, 3), 10_000.0, FORMS[0]))
def test_heads(learner, case):
    """The layer equals one causal attention after the other, with rope or without, for positions of every shape."""
    seen = run(learner, case.setting, case.x, positions=case.given)
    same_y(seen, multi_head(case.x, *case.weights, case.heads, case.theta, case.places), terms=score_terms(case))


@settings(max_examples=6)
@given(heads(longest=3, widths=(2,), most=2))
def test_heads_gradients(learner, case):
    """Autograd's gradients, for x and all four weights, are those of the NumPy layer."""
    seen = run(learner, case.setting, case.x, case.dy, case.given)
    arguments = {"x": case.x} | {f"{key}.weight": one for key, one in zip(KEYS, case.weights, strict=True)}

    def f(x, *weights):
        return multi_head(x, *weights, case.heads, case.theta, case.places)

    same_gradients(seen, f, arguments, case.dy, terms=4 * score_terms(case))


@settings(max_examples=8)
@given(heads(longest=5), st.integers(0, 4), rngs())
def test_causal(learner, case, t, rng):
    """Changing the tokens after place t changes no bit at or before t; no gradient goes from there to later."""
    t = min(t, case.x.shape[-2] - 1)
    moved, dy = case.x.copy(), case.dy.copy()
    moved[..., t + 1 :, :] = normal(rng, moved[..., t + 1 :, :].shape, scale=100.0)
    dy[..., t + 1 :, :] = 0.0
    seen = run(learner, case.setting, case.x, dy, case.given, then=moved)
    one, two = check.number_array(seen["y"], "y"), check.number_array(seen["then"], "y")
    check.that(one.shape == two.shape == case.x.shape, f"y has shape {one.shape}, expected {case.x.shape}")
    same = np.array_equal(one[..., : t + 1, :], two[..., : t + 1, :])
    check.that(same, f"y at or before place {t} changes when only tokens after it change")
    late = gradient(seen, "x")[..., t + 1 :, :]
    check.that(not late.any(), f"a gradient from y at or before place {t} arrives at a later token")
    check.that(gradient(seen, "x").any(), "no gradient arrives at x at all")


def test_heads_refuse(learner):
    """A num_heads that does not divide d_model raises ValueError; so do positions for a batch where x has none."""
    for h, d in ((2, 3), (3, 4), (4, 2), (5, 1)):
        with check.raises("ValueError"):
            text = f"CausalMultiHeadSelfAttention({d}, {h})"
            learner.probe("inventory", layer("CausalMultiHeadSelfAttention", d, h), shown=text)
    setting, x, _ = sample(np.random.default_rng(2105), "CausalMultiHeadSelfAttention")
    for rows in (np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]]), np.array([[0, 1, 2]] * 4)):
        with check.raises("ValueError"):
            run(learner, setting, x[0], positions=rows)


# ---------------------------------------------------------------- all of them

CONTRACT = [
    (layer("Linear", 3, 2), {"weight": (2, 3)}),
    (layer("Embedding", 3, 2), {"weight": (3, 2)}),
    (layer("RMSNorm", 3), {"weight": (3,)}),
    (layer("SwiGLU", 3, 5), {"w1.weight": (5, 3), "w2.weight": (3, 5), "w3.weight": (5, 3)}),
    (layer("CausalMultiHeadSelfAttention", 4, 2), {f"{key}.weight": (4, 4) for key in KEYS}),
    (layer("CausalMultiHeadSelfAttention", 4, 2, rope=(100.0, 2, 9)), {f"{key}.weight": (4, 4) for key in KEYS}),
]


def built(setting, **more):
    init = ", ".join([*map(str, setting["init"]), *(f"{name}={value}" for name, value in more.items())])
    rope = f", rope=RotaryPositionalEmbedding{setting['rope']}" if setting["rope"] else ""
    return f"{setting['name']}({init}{rope})"


def test_state_dict(learner):
    """The state dict has exactly the contract's keys and shapes, each a parameter; a fresh RMSNorm holds ones."""
    for setting, shapes_of in CONTRACT:
        text = built(setting)
        held = learner.probe("inventory", setting, sorted(shapes_of), shown=f"{text}.state_dict()")
        check.equal(dict(sorted(held["state"].items())), dict(sorted(shapes_of.items())), what=f"{text}.state_dict()")
        check.equal(sorted(held["parameters"]), sorted(shapes_of), what=f"the parameters of {text}")
        frozen = [key for key, (_, trained) in held["parameters"].items() if not trained]
        check.that(not frozen, f"{text}: {', '.join(frozen)} does not require a gradient")
        for gain in held["vectors"]:
            check.close(gain, np.ones(3, dtype=np.float32), what=f"the weight of a fresh {text}", rtol=0.0)
        if setting["name"] == "CausalMultiHeadSelfAttention":
            check.equal(held["heads"], 2, what="num_heads")
            check.that(held["rope"] is bool(setting["rope"]), "the attribute rope is not the module that was given")


def test_device_and_dtype(learner):
    """device and dtype reach every parameter of every layer; without a dtype it is float32."""
    for dtype, (setting, shapes_of) in itertools.product(("", "float64", "bfloat16"), CONTRACT):
        more = {"device": "…"} | ({"dtype": f"torch.{dtype}"} if dtype else {})
        text = built(setting, **more)
        held = learner.probe("inventory", setting, sorted(shapes_of), dtype=dtype, shown=text)
        for key, (kind, _) in held["parameters"].items():
            check.equal(kind, f"torch.{dtype or 'float32'}", what=f"{text}: the dtype of {key}")
        count, placed = len(held["parameters"]), held["placed"]
        check.that(placed >= count, f"{text} has {count} parameters, and {placed} of them are made on that device")
        nothing_but_buffers(held)


def test_device_of_forward(learner):
    """A tensor that forward makes lies on the input's device, also where that is another than the usual one."""
    rng = np.random.default_rng(2010)
    for name in NAMES:
        setting, x, positions = sample(rng, name)
        for given_positions in (positions, None):
            text, code = shown(setting, x, given_positions), script(setting, x, positions=given_positions)
            made = learner.probe("made_by_forward", setting, x, given_positions, shown=text, script=code)["names"]
            check.that(not made, f"{name}: torch.{made[0] if made else ''}(…) is told no device: it fails on a GPU")


def sample(rng, name):
    """A small layer of each kind with weights, its input, and its token positions."""
    d, T = 4, 3
    x, square = normal(rng, (2, T, d)), [normal(rng, (d, d)) for _ in range(4)]
    if name == "Embedding":
        return layer(name, 5, d, weight=normal(rng, (5, d))), rng.integers(0, 5, (2, T)), None
    if name == "SwiGLU":
        w1, w2, w3 = normal(rng, (5, d)), normal(rng, (d, 5)), normal(rng, (5, d))
        return layer(name, d, 5, w1__weight=w1, w2__weight=w2, w3__weight=w3), x, None
    if name == "CausalMultiHeadSelfAttention":
        state = {f"{key}__weight": one for key, one in zip(KEYS, square, strict=True)}
        return layer(name, d, 2, rope=(100.0, 2, MOST), **state), x, rng.integers(0, MOST, (2, T))
    if name == "RMSNorm":
        return layer(name, d, weight=upstream(rng, d)), x, None
    return layer(name, d, d, weight=square[0]), x, None


NAMES = ["Linear", "Embedding", "RMSNorm", "SwiGLU", "CausalMultiHeadSelfAttention"]


def test_dtypes(learner):
    """Every layer gives back the dtype it was given: float32, float16, bfloat16; gradients have it as well."""
    rng = np.random.default_rng(2106)
    for name in NAMES:
        setting, x, positions = sample(rng, name)
        dy = upstream(rng, (*x.shape[:2], 4))
        exact = run(learner, setting, x, positions=positions)["y"].data
        for dtype, unit in EPS.items():
            seen = run(learner, setting, x, dy, positions, dtype=dtype)
            check.that(seen["y"].dtype == dtype, f"y has dtype {seen['y'].dtype}, expected {dtype}")
            size = max(1.0, float(np.max(np.abs(exact))))
            # A score that is off by a few units moves a weight by as many: the sums of attention are the longest.
            check.close(seen["y"], exact, what="y", rtol=64 * unit, scale=size, dtype=None)
            for key in seen["grads"]:
                check.finite(gradient(seen, key), what=f"the gradient of {key}")
                kind = seen["grads"][key].dtype
                check.that(kind == dtype, f"the gradient of {key} has dtype {kind}, expected {dtype}")


def test_pure(learner):
    """A layer writes into nothing it is given, draws no random number, and gives the same bits when asked again."""
    rng = np.random.default_rng(2107)
    for name in NAMES:
        setting, x, positions = sample(rng, name)
        text, code = shown(setting, x, positions, more=", twice"), partial(script_twice, setting, x, positions)
        seen = learner.probe("twice", setting, x, positions, shown=text, script=code)
        check.that(seen["kept"], f"{name}: the input was changed")
        check.that(not seen["random"], f"{name}: random numbers were drawn")
        check.that(seen["same"], f"{name}: the second call gives other numbers than the first")


def test_deepcopy(learner):
    """A deep copy says what the original says; when its weights change, it alone says something else."""
    rng = np.random.default_rng(2108)
    for name in NAMES:
        setting, x, positions = sample(rng, name)
        text = shown(setting, x, positions, more="; other = copy.deepcopy(m), with its weights doubled afterwards")
        code = partial(script_copied, setting, x, positions)
        seen = learner.probe("copied", setting, x, positions, shown=text, script=code)
        check.close(
            seen["original"], seen["copy"].data, what=f"{name}: y of the original, after the copy changed,", rtol=0.0
        )
        before, after = (check.number_array(seen[key], "y of the copy") for key in ("copy", "doubled"))
        check.that(not np.array_equal(before, after), f"{name}: the copy's weights change, and its answer does not")
