"""The hidden grader of 2.5. Values by Python's math, number by number; gradients by finite differences."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

FEW, SOME = settings(max_examples=8), settings(max_examples=14)
# The arguments of each layer, in order, and what its backward returns.
WEIGHTS = {"swiglu": ("W1", "W2", "W3"), "ffn": ("W1", "b1", "W2", "b2")}
LEADS = [(), (1,), (2, 1, 3), (0,), (2, 0)]


# ---------------------------------------------------------------- the definitions


def gelu_of(v, approximate="none"):
    if approximate == "tanh":
        return v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2
    return v * math.erfc(-v / math.sqrt(2)) / 2


def silu_of(v):
    return v / (1 + math.exp(-v)) if v >= 0 else v * math.exp(v) / (1 + math.exp(v))


def each(function, x, *more):
    values = [function(v, *more) for v in np.asarray(x, dtype=np.float64).ravel().tolist()]
    return np.array(values).reshape(np.shape(x))


def layer(name, x, *weights):
    """The layer on paper, in float64."""
    x, *weights = (np.asarray(one, dtype=np.float64) for one in (x, *weights))
    if name == "swiglu":
        W1, W2, W3 = weights
        return (each(silu_of, x @ W1.T) * (x @ W3.T)) @ W2.T
    W1, b1, W2, b2 = weights
    return each(gelu_of, x @ W1.T + b1) @ W2.T + b2


# ---------------------------------------------------------------- the inputs


@st.composite
def arrays(draw, magnitudes=(1.0, 3.0, 30.0)):
    """Numbers of both signs, in any shape, any layout."""
    x = normal(draw(rngs()), draw(shapes(1, 3, largest=4)), scale=draw(st.sampled_from(magnitudes)))
    return strided(x) if draw(st.booleans()) else x


@st.composite
def cases(draw, name, *, most=2, scale=1.0):
    """A layer with d ≠ d_ff as often as not, and an upstream gradient."""
    rng, d, d_ff = draw(rngs()), draw(sizes(1, 3)), draw(sizes(1, 4))
    lead = draw(st.lists(sizes(1, 3), max_size=most).map(tuple))
    shapes_of = {"W1": (d_ff, d), "W2": (d, d_ff), "W3": (d_ff, d), "b1": (d_ff,), "b2": (d,)}
    weights = tuple(normal(rng, shapes_of[which]) for which in WEIGHTS[name])
    x = normal(rng, (*lead, d), scale=scale)
    return SimpleNamespace(name=name, x=x, weights=weights, dy=upstream(rng, x.shape))


def args_of(case):
    return (case.x, *case.weights)


def reshaped(case, lead):
    """The same numbers in another leading shape, everything laid out differently in memory."""
    shape = (*lead, case.x.shape[-1])
    moved = {"x": strided(np.resize(case.x, shape)), "dy": strided(np.resize(case.dy, shape))}
    return SimpleNamespace(**vars(case) | moved | {"weights": tuple(strided(one) for one in case.weights)})


def in_single(case):
    narrowed = {"x": case.x.astype(np.float32), "dy": case.dy.astype(np.float32)}
    return SimpleNamespace(**vars(case) | narrowed | {"weights": tuple(w.astype(np.float32) for w in case.weights)})


def large(name, factor):
    """Numbers up to 1e4 before the activation, of both signs, and a zero."""
    W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    W3, W2 = np.array([[1e-3, 0.0], [0.0, 2e-3], [1e-3, 1e-3]]), np.array([[1.0, 0.5, -1.0], [-2.0, 1.0, 0.25]])
    b1, b2 = np.array([0.0, 1.0, 0.0]), np.array([1.0, -1.0])
    x = np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.5]]) * factor
    dy = np.array([[1.0, -0.5], [-2.0, 1.5], [0.25, 1.0]])
    return SimpleNamespace(name=name, x=x, weights=(W1, W2, W3) if name == "swiglu" else (W1, b1, W2, b2), dy=dy)


# ---------------------------------------------------------------- what is claimed again and again


def size(x):
    return max(1.0, float(np.max(np.abs(x), initial=0.0)))


def activates(learner, name, x, *more):
    of = gelu_of if name == "gelu" else silu_of
    check.close(getattr(learner, name)(x, *more), each(of, x, *more), what=name, scale=size(x))


def silently_activates(learner, name, *more):
    """At ±1e4, between, and at 0; numbers right, nothing said."""
    x = np.array([-1e4, -800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0, 1e4])
    shown = f"{name}({', '.join(map(show_value, (x, *more)))})"
    seen = learner.probe("warnings_of", name, x, *more, shown=shown)
    wanted = each(gelu_of if name == "gelu" else silu_of, x, *more)
    # Each by itself: beside 10,000 an error of 1 would hide. Far to the left 1 + erf has no digits, and may be 0.
    for place, value in enumerate(check.number_array(seen["value"], name)):
        check.close(
            float(value), float(wanted[place]), what=f"{name}({x[place]:g})", scale=max(abs(wanted[place]), 1.0)
        )
    warned = seen["warnings"]
    check.that(not warned, f"the numbers are right, but NumPy warned: {(warned or [''])[0]}")


def plain(learner, name, *more):
    """float32 stays float32; an empty array gives an empty array; the input stays."""
    x = np.array([-2.0, -0.5, 0.0, 3.0], dtype=np.float32)
    of = gelu_of if name == "gelu" else silu_of
    check.close(getattr(learner, name)(x, *more), each(of, x, *more).astype(np.float32), what=name, scale=3.0)
    check.close(getattr(learner, name)(np.zeros((2, 0)), *more), np.zeros((2, 0)), what=f"{name} of an empty array")
    seen = learner.probe("purity", name, (np.array([[1.0, -2.0], [0.5, 0.0]]), *more))
    check.that(not seen["changed"], f"{name} changed its input")


def forward(learner, case):
    shown = f"{case.name}_forward({', '.join(map(show_value, args_of(case)))})"
    return learner.probe("outputs", f"{case.name}_forward", args_of(case), shown=shown)


def inner(case):
    """A bound on the numbers inside: the largest term of the sums that make y."""
    x, *weights = (np.abs(np.asarray(one, dtype=np.float64)) for one in args_of(case))
    if case.name == "swiglu":
        W1, W2, W3 = weights
        return size(((x @ W1.T) * (x @ W3.T)) @ W2.T)
    W1, b1, W2, b2 = weights
    return size((x @ W1.T + b1) @ W2.T + b2)


def same_y(got, case, *, what="y"):
    wanted = layer(case.name, *args_of(case)).astype(case.x.dtype)
    check.close(got, wanted, what=what, terms=sum(case.weights[0].shape), scale=inner(case))


def both(learner, case, dy=None):
    name = case.name
    _, grads = learner.probe(
        "forward_backward", f"{name}_forward", f"{name}_backward", args_of(case), case.dy if dy is None else dy
    )
    return check.items(grads, 1 + len(WEIGHTS[name]), what=f"{name}_backward")


def names_of(case):
    return ("dx", *(f"d{which}" for which in WEIGHTS[case.name]))


def same_gradient(got, case, place, *, dy=None):
    name, up = names_of(case)[place], case.dy if dy is None else dy
    gradients.close({name: got}, lambda *a: layer(case.name, *a), args_of(case), up, places={name: place})


def one_gradient(learner, case, name):
    place = names_of(case).index(name)
    same_gradient(both(learner, case)[place], case, place)


def linear(learner, case, factor):
    once, scaled = both(learner, case), both(learner, case, factor * case.dy)
    for name, one, other in zip(names_of(case), once, scaled, strict=True):
        wanted = factor * check.number_array(one, name)
        check.close(
            other, wanted, what=f"{name} for {factor:g}·dy", terms=case.x.size + 8, scale=10 * size(wanted), dtype=None
        )


def twice(learner, case, factor):
    """Two backwards from one cache: the second is as good as the first, and dy and the inputs are what they were."""
    shown = f"_, cache = {case.name}_forward(…), then {case.name}_backward for two dy, one after the other"
    other = np.ascontiguousarray(factor * case.dy[..., ::-1])
    seen = learner.probe("backward_twice", case.name, args_of(case), case.dy, other, shown=shown)
    check.close(seen["dy"], case.dy, what="dy afterwards", rtol=0.0)
    unchanged(case, seen, "backward")
    for which, dy in (("first", case.dy), ("second", other)):
        grads = check.items(seen[which], 1 + len(WEIGHTS[case.name]), what=f"the {which} {case.name}_backward")
        for place, got in enumerate(grads):
            same_gradient(got, case, place, dy=dy)


def silent(learner, case, *, backward=False):
    call = f"{case.name}_forward({', '.join(map(show_value, args_of(case)))})"
    shown = f"_, cache = {call}; {case.name}_backward({show_value(case.dy)}, cache)" if backward else call
    seen = learner.probe("in_silence", case.name, args_of(case), case.dy if backward else None, shown=shown)
    if backward:
        got = check.items(seen["value"], 1 + len(WEIGHTS[case.name]), what=f"{case.name}_backward")
        wanted = saturated_gradients(case)
        for name, one in zip(names_of(case), got, strict=True):
            check.close(one, wanted[name], what=name, terms=8, scale=size(case.x) * size(case.x))
    else:
        same_y(seen["value"], case)
    warned = seen["warnings"]
    check.that(not warned, f"the numbers are right, but NumPy warned: {(warned or [''])[0]}")


def saturated_gradients(case):
    """Backward where every number before the activation is 0.5, 1.5, 0 or far away: slopes by math, one by one."""
    x, dy = case.x, case.dy
    if case.name == "swiglu":
        W1, W2, W3 = case.weights
        gate, value, dh = x @ W1.T, x @ W3.T, dy @ W2
        dvalue, dgate = dh * each(silu_of, gate), dh * value * each(silu_slope, gate)
        h = each(silu_of, gate) * value
        return {"dx": dgate @ W1 + dvalue @ W3, "dW1": dgate.T @ x, "dW2": dy.T @ h, "dW3": dvalue.T @ x}
    W1, b1, W2, _ = case.weights
    h = x @ W1.T + b1
    dh = (dy @ W2) * each(gelu_slope, h)
    sums = {"db1": dh.sum(axis=0), "db2": dy.sum(axis=0)}
    return {"dx": dh @ W1, "dW1": dh.T @ x, "dW2": dy.T @ each(gelu_of, h)} | sums


def silu_slope(v):
    s = 1 / (1 + math.exp(-v)) if v > -700 else 0.0
    return s + v * s * (1 - s)


def gelu_slope(v):
    return math.erfc(-v / math.sqrt(2)) / 2 + v * math.exp(-min(v * v / 2, 1e3)) / math.sqrt(2 * math.pi)


def single_gradients(learner, case):
    small = in_single(case)
    grads = both(learner, small)
    wide = SimpleNamespace(
        **vars(small) | {"x": small.x.astype(float), "weights": tuple(w.astype(float) for w in small.weights)}
    )
    for place, name in enumerate(names_of(case)):
        expected = gradients.numerical(lambda *a: layer(case.name, *a), args_of(wide), place, small.dy.astype(float))
        bound = inner(case) * size(case.x) * 4 * max(case.dy.size, 1)
        check.close(grads[place], expected.astype(np.float32), what=name, scale=max(bound, size(expected)))


def refuses(learner, name):
    """Every shape that broadcasting, or a product with another width, would accept in silence."""
    good = large(name, 1.0)
    bad = {
        "W1": [(3, 1), (1, 3, 2), (4, 2)], "W2": [(1, 3), (2, 1), (2, 4), (3, 3)], "W3": [(1, 2), (4, 2), (3, 1)],
        "b1": [(1,), (3, 1), (2, 3), ()], "b2": [(1,), (2, 1), (3, 2), ()],
    }  # fmt: skip
    for place, which in enumerate(WEIGHTS[name]):
        for shape in bad[which]:
            weights = list(good.weights)
            weights[place] = np.resize(weights[place], shape)
            with check.raises("ValueError"):
                forward(learner, SimpleNamespace(**vars(good) | {"weights": tuple(weights)}))


def unchanged(case, seen, which):
    words = ("x", *WEIGHTS[case.name])
    changed = ", ".join(words[place] for place in seen["changed"])
    check.that(not changed, f"{case.name}_{which} wrote into {changed}")


def leaves_its_inputs(learner, case):
    seen = learner.probe("purity", f"{case.name}_forward", args_of(case), cached=True)
    unchanged(case, seen, "forward")
    check.close(seen["second"], seen["first"], what="the second y", rtol=0.0)


# ---------------------------------------------------------------- the activations


@SOME
@given(arrays(), st.sampled_from([(), ("none",)]))
def test_gelu(learner, x, approximate):
    """gelu(x), with "none" or without, is x · Φ(x), with the exact normal distribution function, for any shape."""
    activates(learner, "gelu", x, *approximate)


@SOME
@given(arrays())
def test_gelu_tanh(learner, x):
    """gelu(x, "tanh") is the formula of GPT-2."""
    activates(learner, "gelu", x, "tanh")


def test_gelu_extremes(learner):
    """gelu is exact and silent from −10,000 to 10,000, and "none" is the default."""
    for more in ((), ("none",), ("tanh",)):
        silently_activates(learner, "gelu", *more)


def test_gelu_unknown(learner):
    """gelu raises ValueError for an approximation it does not know."""
    for word in ("sigmoid", "", "Tanh"):
        with check.raises("ValueError"):
            learner.gelu(np.array([1.0]), word)


def test_gelu_dtype(learner):
    """gelu keeps float32, takes an empty array, and leaves its input as it is."""
    for more in ((), ("tanh",)):
        plain(learner, "gelu", *more)


@SOME
@given(arrays())
def test_silu(learner, x):
    """silu(x) is x · σ(x), for any shape."""
    activates(learner, "silu", x)


@FEW
@given(arrays(magnitudes=(1.0, 100.0)))
def test_silu_identity(learner, x):
    """silu(x) − silu(−x) = x."""
    one, other = (check.number_array(learner.silu(v), "silu") for v in (x, -x))
    check.that(one.shape == other.shape == x.shape, f"silu has shape {one.shape}, expected {x.shape}")
    check.close(one - other, x, what="silu(x) − silu(−x)", scale=size(x), dtype=None)


def test_silu_extremes(learner):
    """silu is exact and silent from −10,000 to 10,000."""
    silently_activates(learner, "silu")


def test_silu_dtype(learner):
    """silu keeps float32, takes an empty array, and leaves its input as it is."""
    plain(learner, "silu")


# ---------------------------------------------------------------- SwiGLU


@settings(max_examples=25)
@given(st.integers(1, 4096), st.sampled_from([1, 2, 8, 64, 256]))
def test_swiglu_d_ff(learner, d, multiple_of):
    """swiglu_d_ff is the multiple nearest to 8/3 · d, at least one of them."""
    steps = math.floor(Fraction(8, 3) * d / multiple_of + Fraction(1, 2))
    check.equal(learner.swiglu_d_ff(d, multiple_of), max(steps, 1) * multiple_of, what="d_ff")


def test_swiglu_d_ff_ties(learner):
    """Without multiple_of it is 64; of two equally near the larger is taken; large numbers are exact."""
    for d, wanted in ((512, 1344), (12, 64), (36, 128), (60, 192), (4096, 10944), (1, 64)):
        check.equal(learner.swiglu_d_ff(d), wanted, what=f"swiglu_d_ff({d})")
    check.equal(learner.swiglu_d_ff(3 * 10**17 + 3, 1), 8 * 10**17 + 8, what="swiglu_d_ff(3·10¹⁷ + 3, 1)")


@SOME
@given(cases("swiglu"))
def test_swiglu(learner, case):
    """swiglu_forward is (SiLU(x W1ᵀ) ∘ (x W3ᵀ)) W2ᵀ, the gate being W1's."""
    same_y(forward(learner, case), case)


@FEW
@given(cases("swiglu"), st.sampled_from(LEADS))
def test_swiglu_shapes(learner, case, lead):
    """swiglu_forward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    same_y(forward(learner, case), case)


@FEW
@given(cases("swiglu"))
def test_swiglu_float32(learner, case):
    """float32 in, float32 out, in swiglu_forward."""
    small = in_single(case)
    same_y(forward(learner, small), small)


def test_swiglu_large(learner):
    """swiglu_forward is right and silent for gates of ±10,000."""
    for factor in (40.0, 1e4):
        silent(learner, large("swiglu", factor))


def test_swiglu_wrong_shapes(learner):
    """swiglu_forward raises ValueError for weights that do not fit, also where broadcasting would take them."""
    refuses(learner, "swiglu")


@FEW
@given(cases("swiglu"))
def test_swiglu_leaves_inputs(learner, case):
    """swiglu_forward changes none of its inputs and gives the same y twice."""
    leaves_its_inputs(learner, case)


@FEW
@given(cases("swiglu"))
def test_swiglu_dW2(learner, case):
    """dW2 is the gradient with respect to the outer weights, summed over all rows."""
    one_gradient(learner, case, "dW2")


@FEW
@given(cases("swiglu"))
def test_swiglu_dW3(learner, case):
    """dW3 is the gradient with respect to the value's weights, summed over all rows."""
    one_gradient(learner, case, "dW3")


@SOME
@given(cases("swiglu"))
def test_swiglu_dW1(learner, case):
    """dW1 is the gradient with respect to the gate's weights, for any upstream dy."""
    one_gradient(learner, case, "dW1")


@SOME
@given(cases("swiglu"))
def test_swiglu_dx(learner, case):
    """dx of swiglu_backward is the gradient with respect to x, which is read twice."""
    one_gradient(learner, case, "dx")


@FEW
@given(cases("swiglu"), st.sampled_from(LEADS))
def test_swiglu_backward_shapes(learner, case, lead):
    """swiglu_backward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    for place, got in enumerate(both(learner, case)):
        same_gradient(got, case, place)


def test_swiglu_backward_large(learner):
    """The gradients of swiglu are finite and right, in silence, for gates of ±10,000."""
    for factor in (1.0, 40.0, 1e4):
        silent(learner, large("swiglu", factor), backward=True)


@FEW
@given(cases("swiglu"))
def test_swiglu_backward_float32(learner, case):
    """float32 in, float32 out, in swiglu_backward."""
    single_gradients(learner, case)


@settings(max_examples=5)
@given(cases("swiglu"), st.sampled_from([-3.0, 0.0, 0.5]))
def test_swiglu_backward_is_linear(learner, case, factor):
    """The gradients of swiglu are linear in dy: twice the dy, twice the gradients."""
    linear(learner, case, factor)


@settings(max_examples=5)
@given(cases("swiglu"), st.sampled_from([-1.0, 2.0]))
def test_swiglu_backward_twice(learner, case, factor):
    """swiglu_backward leaves dy, the inputs and the cache as they were: a second call is as good as the first."""
    twice(learner, case, factor)


# ---------------------------------------------------------------- the ordinary layer


@SOME
@given(cases("ffn"))
def test_ffn(learner, case):
    """ffn_forward is GELU(x W1ᵀ + b1) W2ᵀ + b2, with the exact GELU."""
    same_y(forward(learner, case), case)


@FEW
@given(cases("ffn"), st.sampled_from(LEADS))
def test_ffn_shapes(learner, case, lead):
    """ffn_forward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    same_y(forward(learner, case), case)


@FEW
@given(cases("ffn"))
def test_ffn_float32(learner, case):
    """float32 in, float32 out, in ffn_forward."""
    small = in_single(case)
    same_y(forward(learner, small), small)


def test_ffn_large(learner):
    """ffn_forward is right and silent for numbers of ±10,000 before the activation."""
    for factor in (40.0, 1e4):
        silent(learner, large("ffn", factor))


def test_ffn_wrong_shapes(learner):
    """ffn_forward raises ValueError for weights and biases that do not fit, also where broadcasting would take them."""
    refuses(learner, "ffn")


@FEW
@given(cases("ffn"))
def test_ffn_leaves_inputs(learner, case):
    """ffn_forward changes none of its inputs and gives the same y twice."""
    leaves_its_inputs(learner, case)


@FEW
@given(cases("ffn"))
def test_ffn_db2(learner, case):
    """db2 is the gradient with respect to the outer bias: dy, summed over all rows."""
    one_gradient(learner, case, "db2")


@FEW
@given(cases("ffn"))
def test_ffn_dW2(learner, case):
    """dW2 of ffn_backward is the gradient with respect to the outer weights, summed over all rows."""
    one_gradient(learner, case, "dW2")


@FEW
@given(cases("ffn"))
def test_ffn_db1(learner, case):
    """db1 is the gradient with respect to the inner bias, summed over all rows."""
    one_gradient(learner, case, "db1")


@FEW
@given(cases("ffn"))
def test_ffn_dW1(learner, case):
    """dW1 of ffn_backward is the gradient with respect to the inner weights, summed over all rows."""
    one_gradient(learner, case, "dW1")


@SOME
@given(cases("ffn"))
def test_ffn_dx(learner, case):
    """dx of ffn_backward is the gradient with respect to x, for any upstream dy."""
    one_gradient(learner, case, "dx")


@FEW
@given(cases("ffn"), st.sampled_from(LEADS))
def test_ffn_backward_shapes(learner, case, lead):
    """ffn_backward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    for place, got in enumerate(both(learner, case)):
        same_gradient(got, case, place)


def test_ffn_backward_large(learner):
    """The gradients of ffn are finite and right, in silence, for numbers of ±10,000 before the activation."""
    for factor in (1.0, 40.0, 1e4):
        silent(learner, large("ffn", factor), backward=True)


@FEW
@given(cases("ffn"))
def test_ffn_backward_float32(learner, case):
    """float32 in, float32 out, in ffn_backward."""
    single_gradients(learner, case)


@settings(max_examples=5)
@given(cases("ffn"), st.sampled_from([-3.0, 0.0, 0.5]))
def test_ffn_backward_is_linear(learner, case, factor):
    """The gradients of ffn are linear in dy: twice the dy, twice the gradients."""
    linear(learner, case, factor)


@settings(max_examples=5)
@given(cases("ffn"), st.sampled_from([-1.0, 2.0]))
def test_ffn_backward_twice(learner, case, factor):
    """ffn_backward leaves dy, the inputs and the cache as they were: a second call is as good as the first."""
    twice(learner, case, factor)
