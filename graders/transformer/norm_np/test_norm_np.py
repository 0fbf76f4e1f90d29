"""The hidden grader of 2.4. The oracle takes one row at a time with math.fsum; gradients by a complex step."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided, upstream

FEW = settings(max_examples=10)
NAMES = {"layernorm": ("dx", "dg", "db"), "rmsnorm": ("dx", "dg")}
# Half precision keeps 11 bits. Computed in float32 and rounded once, a number is off by half a unit at most; four are
# room for any order of the last operations.
HALF = 4 * 2.0**-11
LEADS = [(), (1,), (2, 1, 3), (0,), (2, 0)]
EXTREME = {
    "layernorm": [
        [[1e-4, -2e-4, 3e-4], [0.0, 0.0, 0.0]], [[7.0, 7.0, 7.0], [0.0, 0.0, 1e-3]], [[5.0], [-2.0]],
        [[10001.0, 10002.0, 10003.5], [-9999.0, -9998.5, -10000.0]], [[1e4, -1e4, 9999.0], [1e4, 1e4, -1e4]],
    ],
    "rmsnorm": [
        [[1e-4, -2e-4, 3e-4], [0.0, 0.0, 0.0]], [[1e4, -1e4, 9999.0], [0.0, 0.0, 1e-3]], [[5.0], [-2.0]],
    ],
}  # fmt: skip


# ---------------------------------------------------------------- the definitions


def layernorm_row(row, g, b, eps):
    d = len(row)
    mean = math.fsum(row) / d
    var = math.fsum((v - mean) ** 2 for v in row) / d
    return [(v - mean) / math.sqrt(var + eps) * gain + bias for v, gain, bias in zip(row, g, b, strict=True)]


def rmsnorm_row(row, g, eps):
    size = math.sqrt(math.fsum(v * v for v in row) / len(row) + eps)
    return [v / size * gain for v, gain in zip(row, g, strict=True)]


def definition(name, x, *parameters, eps):
    """The formula on paper, in float64, one row at a time."""
    one = layernorm_row if name == "layernorm" else rmsnorm_row
    wide = [np.asarray(p, dtype=np.float64).tolist() for p in parameters]
    rows = np.asarray(x, dtype=np.float64).reshape(-1, x.shape[-1]).tolist()
    return np.array([one(row, *wide, eps) for row in rows]).reshape(x.shape)


def smooth(name, eps):
    """The same for complex numbers, which the gradients are taken with."""

    def f(x, g, b=0.0):
        x = x - x.mean(axis=-1, keepdims=True) if name == "layernorm" else x
        return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps) * g + b

    return f


# ---------------------------------------------------------------- the inputs


@st.composite
def cases(draw, name, *, most=3, epsilons=(1e-5, 1e-3, 0.1, 2.0), scales=(0.01, 1.0, 100.0), smallest=1):
    """x of any leading shape, gain, bias, an upstream gradient and an eps."""
    rng, d = draw(rngs()), draw(sizes(smallest, 5))
    lead = draw(st.lists(sizes(1, 3), max_size=most - 1).map(tuple))
    x = normal(rng, (*lead, d), scale=draw(st.sampled_from(scales)))
    if name == "layernorm":
        x = x + draw(st.sampled_from([0.0, 1.5, -20.0]))
    g, b = upstream(rng, d), normal(rng, d)
    parameters = (g, b) if name == "layernorm" else (g,)
    return SimpleNamespace(
        name=name, x=x, parameters=parameters, dy=upstream(rng, x.shape), eps=draw(st.sampled_from(epsilons))
    )


def given_args(case):
    return (case.x, *case.parameters, case.eps)


def lost_digits(case):
    """How much coarser than its numbers a row can be: x − mean keeps only what the numbers of x differ in."""
    if case.name == "rmsnorm" or not case.x.size:
        return 1
    x = np.asarray(case.x, dtype=np.float64)
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + case.eps)
    return math.ceil(np.max(np.abs(x) / spread)) + 1


# ---------------------------------------------------------------- what is claimed again and again


def forward(learner, name, *args):
    return learner.probe(
        "outputs", f"{name}_forward", args, shown=f"{name}_forward({', '.join(map(show_value, args))})"
    )


def both(learner, case, dy=None):
    """(y, gradients) of one forward and its backward."""
    args = given_args(case)
    y, grads = learner.probe(
        "forward_backward", f"{case.name}_forward", f"{case.name}_backward", args, case.dy if dy is None else dy
    )
    return y, check.items(grads, len(NAMES[case.name]), what=f"{case.name}_backward")


def same_y(got, case, *, what="y"):
    wanted = definition(case.name, case.x, *case.parameters, eps=case.eps)
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    check.close(got, wanted, what=what, terms=case.x.shape[-1] * lost_digits(case), scale=size)


def same_gradient(got, case, place, *, dy=None, what=""):
    expected = gradients.analytic(
        smooth(case.name, case.eps), (case.x, *case.parameters), place, case.dy if dy is None else dy
    )
    terms = max(case.x.size, 1) * lost_digits(case)
    try:
        gradients.close_to(got, expected, what or NAMES[case.name][place], terms=terms)
    except check.Mismatch as mismatch:
        seen = "" if place else seen_along_x_hat(case, got, expected)
        raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, seen) from None


def seen_along_x_hat(case, got, expected):
    """Whether dx is wrong by a multiple of x̂ in every row: then it is one of its terms."""
    if not isinstance(got, np.ndarray) or got.shape != expected.shape or not np.all(np.isfinite(got)):
        return ""
    x_hat, off = smooth(case.name, case.eps)(case.x, 1.0), got - expected
    if case.x.shape[-1] < (3 if case.name == "layernorm" else 2):  # of two numbers with the sum 0 every error is one
        return ""
    along = (off * x_hat).sum(axis=-1, keepdims=True) / np.maximum((x_hat**2).sum(axis=-1, keepdims=True), 1e-12)
    rest = float(np.max(np.abs(off - along * x_hat), initial=0.0))
    small = rest <= 1e-6 * float(np.max(np.abs(off), initial=0.0))
    return "in every row the error is a multiple of x̂: look at the term of dx that has x̂ in it" if small else ""


def one_gradient(learner, case, place):
    _, grads = both(learner, case)
    same_gradient(grads[place], case, place)


def largest_term(case, place):
    """The largest term of a gradient's sums: what is left after cancelling has no more digits than the terms had."""
    steepest = float(np.max(np.abs(case.parameters[0]))) / math.sqrt(case.eps)
    return float(np.max(np.abs(case.dy), initial=0.0)) * (case.x.size if place else steepest)


def linear(learner, case, factor):
    _, once = both(learner, case)
    _, scaled = both(learner, case, factor * case.dy)
    for place, (name, one, other) in enumerate(zip(NAMES[case.name], once, scaled, strict=True)):
        wanted = factor * check.number_array(one, name)
        size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)), abs(factor) * largest_term(case, place))
        check.close(other, wanted, what=f"{name} for {factor:g}·dy", scale=size * case.x.size, dtype=None)


def reshaped(case, lead):
    """The same numbers in another leading shape, laid out differently in memory."""
    shape = (*lead, case.x.shape[-1])
    moved = {"x": strided(np.resize(case.x, shape)), "dy": strided(np.resize(case.dy, shape))}
    return SimpleNamespace(**vars(case) | moved)


def every_gradient(learner, case):
    _, grads = both(learner, case)
    for place in range(len(grads)):
        same_gradient(grads[place], case, place)


def refuses(learner, name, shape):
    x = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
    good = np.array([1.0, 2.0, -1.0])
    for place in range(len(NAMES[name]) - 1):
        parameters = [good] * (len(NAMES[name]) - 1)
        parameters[place] = np.resize(good, shape)
        with check.raises("ValueError"):
            forward(learner, name, x, *parameters)


def unchanged(case, seen, which):
    words = ("x", "g", "b", "eps") if case.name == "layernorm" else ("x", "g", "eps")
    changed = ", ".join(words[place] for place in seen["changed"])
    check.that(not changed, f"{case.name}_{which} wrote into {changed}")


def leaves_its_inputs(learner, case):
    seen = learner.probe("purity", f"{case.name}_forward", given_args(case), cached=True)
    unchanged(case, seen, "forward")
    check.close(seen["second"], seen["first"], what="the second y", rtol=0.0)


def twice(learner, case, factor):
    """Two backwards from one cache: the second is as good as the first, and dy and the inputs are what they were."""
    arguments = ", ".join(map(show_value, given_args(case)))
    shown = f"_, cache = {case.name}_forward({arguments}), then {case.name}_backward for two dy, one after the other"
    other = factor * case.dy[..., ::-1]
    seen = learner.probe(
        "backward_twice", case.name, given_args(case), case.dy, np.ascontiguousarray(other), shown=shown
    )
    check.close(seen["dy"], case.dy, what="dy afterwards", rtol=0.0)
    unchanged(case, seen, "backward")
    for which, dy in (("first", case.dy), ("second", other)):
        grads = check.items(seen[which], len(NAMES[case.name]), what=f"{case.name}_backward")
        for place, name in enumerate(NAMES[case.name]):
            same_gradient(grads[place], case, place, dy=dy, what=f"{name} of the {which} backward")


def silent(learner, case, *, backward=False):
    call = f"{case.name}_forward({', '.join(map(show_value, given_args(case)))})"
    dy = case.dy if backward else None
    shown = f"_, cache = {call}; {case.name}_backward({show_value(case.dy)}, cache)" if backward else call
    seen = learner.probe("in_silence", case.name, given_args(case), dy, shown=shown)
    if backward:
        for place, gradient in enumerate(
            check.items(seen["value"], len(NAMES[case.name]), what=f"{case.name}_backward")
        ):
            same_gradient(gradient, case, place)
    else:
        same_y(seen["value"], case)
    warned = seen["warnings"]
    check.that(not warned, f"the numbers are right, but NumPy warned: {(warned or [''])[0]}")


def extreme(name, rows, eps=1e-5):
    x = np.array(rows)
    d = x.shape[-1]
    g, b = np.array([1.5, -2.0, 0.5][:d]), np.array([0.25, -1.0, 2.0][:d])
    dy = np.array([[1.0, -0.5, 2.0][:d], [-2.0, 1.5, 0.25][:d]])[: len(x)]
    return SimpleNamespace(name=name, x=x, parameters=(g, b) if name == "layernorm" else (g,), dy=dy, eps=eps)


def in_dtype(case, dtype):
    narrowed = {"x": case.x.astype(dtype), "dy": case.dy.astype(dtype)}
    return SimpleNamespace(
        **vars(case) | narrowed | {"parameters": tuple(one.astype(dtype) for one in case.parameters)}
    )


def narrow_y(learner, case, dtype, rtol):
    """The forward in a narrower dtype: the dtype stays, and the numbers are right to the digits it has."""
    small = in_dtype(case, dtype)
    y = forward(learner, case.name, *given_args(small))
    wanted = definition(case.name, small.x, *small.parameters, eps=case.eps)
    check.close(y, wanted.astype(dtype), what="y", rtol=rtol, scale=max(1.0, float(np.max(np.abs(wanted)))))


def narrow_gradients(learner, case, dtype, rtol):
    small = in_dtype(case, dtype)
    wide = in_dtype(small, np.float64)
    _, grads = both(learner, small)
    for place, name in enumerate(NAMES[case.name]):
        expected = gradients.analytic(smooth(case.name, case.eps), (wide.x, *wide.parameters), place, wide.dy)
        largest = max(1.0, largest_term(wide, place))
        check.close(grads[place], expected.astype(dtype), what=name, rtol=rtol, scale=largest)


def single(case):
    """What rounding alone explains in float32."""
    return check.tolerance(np.float32, case.x.shape[-1]) * lost_digits(case)


def half_of_a_wide_range(learner, name):
    """Rows whose squares are beyond float16, and rows far from 0 whose numbers differ by little."""
    for row in ([300.0, -500.0, 900.0], [1000.0, 1001.0, 1003.0], [0.001, -0.002, 0.0005]):
        case = in_dtype(extreme(name, [row]), np.float16)
        y = forward(learner, name, *given_args(case))
        wide = in_dtype(case, np.float64)
        wanted = definition(name, wide.x, *wide.parameters, eps=case.eps).astype(np.float16)
        check.close(y, wanted, what="y", rtol=HALF, scale=max(1.0, float(np.max(np.abs(wanted.astype(float))))))


def half_of_a_steep_loss(learner, name):
    """dy · g is beyond float16, dx and dg are not."""
    case = extreme(name, [[1000.0, -3000.0, 2000.0], [500.0, 4000.0, -1000.0]])
    case.dy, case.parameters = 500.0 * case.dy, tuple(150.0 * one for one in case.parameters)
    small = in_dtype(case, np.float16)
    wide = in_dtype(small, np.float64)
    _, grads = both(learner, small)
    for place, what in enumerate(NAMES[name]):
        expected = gradients.analytic(smooth(name, case.eps), (wide.x, *wide.parameters), place, wide.dy)
        check.close(grads[place], expected.astype(np.float16), what=what, rtol=HALF)


def half_sums_many_rows(learner, name):
    """dg (and db) over three thousand rows: in float16 a sum of ones stops at 2048."""
    rows, x = 3000, np.array([[1.0, 3.0], [-2.0, 0.5], [4.0, 4.5]])
    x, dy = np.resize(x, (rows, 2)).astype(np.float16), np.ones((rows, 2), dtype=np.float16)
    g = np.array([1.0, -0.5], dtype=np.float16)
    args = (x, g, g) if name == "layernorm" else (x, g)
    shown = f"{name} forward and backward of float16 x of shape (3000, 2), dy all ones"
    sums = learner.probe("sums_over_rows", name, args, dy, shown=shown)
    grads = (None, *check.items(sums, len(NAMES[name]) - 1, what=f"{name}_backward without dx"))
    unit = definition(name, x, np.ones(2), *([np.zeros(2)] if name == "layernorm" else []), eps=1e-5)
    for place, total in enumerate((unit.sum(axis=0), np.full(2, float(rows)))[: len(grads) - 1], 1):
        # Each term was rounded in float32 at best; the sum of three thousand is rounded once more at the end.
        check.close(grads[place], total.astype(np.float16), what=NAMES[name][place], rtol=HALF, scale=float(rows))


# ---------------------------------------------------------------- layernorm_forward


@given(cases("layernorm"))
def test_layernorm(learner, case):
    """layernorm_forward is (x − mean) / √(var + eps) · g + b, with mean and var of each row, for any leading axes."""
    same_y(forward(learner, "layernorm", *given_args(case)), case)


@FEW
@given(
    cases("layernorm", smallest=2, scales=(1.0, 10.0)), st.sampled_from([-2.0, 0.5, 4.0]), st.sampled_from([0.0, 3.0])
)
def test_layernorm_forgets_shift_and_scale(learner, case, a, c):
    """A row a·x + c is normalised like x, up to the sign of a, when eps grows like a²."""
    d = case.x.shape[-1]
    g, b = np.ones(d), np.zeros(d)
    one = check.number_array(forward(learner, "layernorm", case.x, g, b, case.eps), "y")
    other = forward(learner, "layernorm", a * case.x + c, g, b, a * a * case.eps)
    moved = SimpleNamespace(**vars(case) | {"x": a * case.x + c, "eps": a * a * case.eps})
    terms = d * (lost_digits(case) + lost_digits(moved))
    check.close(other, np.sign(a) * one, what="y of a·x + c", terms=terms, scale=4.0, dtype=None)


def test_layernorm_default_eps(learner):
    """Without eps, layernorm_forward uses 1e-5."""
    case = extreme("layernorm", [[0.002, -0.001, 0.003]])
    got = learner.probe("outputs", "layernorm_forward", (case.x, *case.parameters))
    same_y(got, case)


def test_layernorm_small_and_constant_rows(learner):
    """Rows of tiny, of equal numbers and of zeros come out finite and right, in silence: eps is inside the root."""
    for rows in EXTREME["layernorm"][:3]:
        silent(learner, extreme("layernorm", rows))


def test_layernorm_far_from_zero(learner):
    """A large mean costs no accuracy: rows near 10,000 come out as exact as rows near 0."""
    for rows in EXTREME["layernorm"][3:]:
        silent(learner, extreme("layernorm", rows))


@FEW
@given(cases("layernorm", most=2, smallest=2), st.sampled_from(LEADS))
def test_layernorm_shapes(learner, case, lead):
    """layernorm_forward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    same_y(forward(learner, "layernorm", *given_args(case)), case)


@FEW
@given(cases("layernorm", scales=(1.0,), epsilons=(0.1, 2.0)))
def test_layernorm_float32(learner, case):
    """float32 in, float32 out, in layernorm_forward."""
    narrow_y(learner, case, np.float32, single(case))


@FEW
@given(cases("layernorm", scales=(1.0,), epsilons=(0.5, 2.0)))
def test_layernorm_float16(learner, case):
    """float16 in, float16 out, exact to its last digits, in layernorm_forward."""
    narrow_y(learner, case, np.float16, HALF)


def test_layernorm_float16_computes_in_float32(learner):
    """float16 rows with large squares, or far from zero, are computed in float32."""
    half_of_a_wide_range(learner, "layernorm")


@settings(max_examples=3)
@given(st.sampled_from([(1,), (2, 3), (1, 3), (2,), (4,)]))
def test_layernorm_wrong_parameters(learner, shape):
    """layernorm_forward raises ValueError for a g or b that is not (d,), also where broadcasting would take it."""
    refuses(learner, "layernorm", shape)


@FEW
@given(cases("layernorm"))
def test_layernorm_leaves_inputs(learner, case):
    """layernorm_forward changes none of its inputs and gives the same y twice."""
    leaves_its_inputs(learner, case)


# ---------------------------------------------------------------- layernorm_backward


@given(cases("layernorm"))
def test_layernorm_dx(learner, case):
    """dx of layernorm_backward is the gradient with respect to x, for any upstream dy."""
    one_gradient(learner, case, 0)


@FEW
@given(cases("layernorm", smallest=2, scales=(1.0,)))
def test_layernorm_dx_sums_to_zero(learner, case):
    """Each row of dx sums to 0: moving a whole row by one number changes nothing."""
    _, grads = both(learner, case)
    dx = check.number_array(grads[0], "dx")
    check.that(dx.shape == case.x.shape, f"dx has shape {dx.shape}, expected {case.x.shape}")
    size = float(np.max(np.abs(case.dy))) * float(np.max(np.abs(case.parameters[0]))) / math.sqrt(case.eps)
    check.close(dx.sum(axis=-1), np.zeros(dx.shape[:-1]), what="the sum of a row of dx", terms=dx.shape[-1], scale=size)


@given(cases("layernorm"))
def test_layernorm_dg(learner, case):
    """dg of layernorm_backward is the gradient with respect to the gain, summed over all rows."""
    one_gradient(learner, case, 1)


@given(cases("layernorm"))
def test_layernorm_db(learner, case):
    """db of layernorm_backward is the gradient with respect to the bias, summed over all rows."""
    one_gradient(learner, case, 2)


@FEW
@given(cases("layernorm", scales=(1.0,)), st.sampled_from([-3.0, 0.0, 0.5]))
def test_layernorm_backward_is_linear(learner, case, factor):
    """The gradients of layernorm are linear in dy: twice the dy, twice the gradients."""
    linear(learner, case, factor)


@FEW
@given(cases("layernorm", smallest=2, scales=(1.0,)), st.sampled_from([-1.0, 2.0]))
def test_layernorm_backward_twice(learner, case, factor):
    """layernorm_backward leaves dy, the inputs and the cache as they were: a second call is as good as the first."""
    twice(learner, case, factor)


@FEW
@given(cases("layernorm", most=2, smallest=2), st.sampled_from(LEADS))
def test_layernorm_backward_shapes(learner, case, lead):
    """layernorm_backward takes any leading axes, none, or none of length 0, and any layout in memory."""
    every_gradient(learner, reshaped(case, lead))


def test_layernorm_backward_extremes(learner):
    """The gradients of layernorm are finite and right, in silence, for tiny, zero, equal and very large rows."""
    for rows in EXTREME["layernorm"]:
        silent(learner, extreme("layernorm", rows), backward=True)


@FEW
@given(cases("layernorm", scales=(1.0,), epsilons=(0.1, 2.0)))
def test_layernorm_backward_float32(learner, case):
    """float32 in, float32 out, in layernorm_backward."""
    narrow_gradients(learner, case, np.float32, single(case))


@FEW
@given(cases("layernorm", scales=(1.0,), epsilons=(0.5, 2.0)))
def test_layernorm_backward_float16(learner, case):
    """float16 in, float16 out, exact to its last digits, in layernorm_backward."""
    narrow_gradients(learner, case, np.float16, HALF)


def test_layernorm_backward_float16_computes_in_float32(learner):
    """float16 gradients stay right where dy · g is too large for float16."""
    half_of_a_steep_loss(learner, "layernorm")


def test_layernorm_float16_sums(learner):
    """With float16, dg and db of thousands of rows are summed in float32."""
    half_sums_many_rows(learner, "layernorm")


# ---------------------------------------------------------------- rmsnorm_forward


@given(cases("rmsnorm"))
def test_rmsnorm(learner, case):
    """rmsnorm_forward is x / √(mean(x²) + eps) · g, row by row, for any leading axes."""
    same_y(forward(learner, "rmsnorm", *given_args(case)), case)


@FEW
@given(cases("rmsnorm", smallest=2, scales=(1.0, 10.0)), st.sampled_from([-2.0, 0.5, 4.0]))
def test_rmsnorm_forgets_scale(learner, case, a):
    """A row a·x is normalised like x, up to the sign of a, when eps grows like a²."""
    g = np.ones(case.x.shape[-1])
    one = check.number_array(forward(learner, "rmsnorm", case.x, g, case.eps), "y")
    other = forward(learner, "rmsnorm", a * case.x, g, a * a * case.eps)
    check.close(other, np.sign(a) * one, what="y of a·x", terms=case.x.shape[-1], scale=4.0, dtype=None)


def test_rmsnorm_default_eps(learner):
    """Without eps, rmsnorm_forward uses 1e-5."""
    case = extreme("rmsnorm", [[0.002, -0.001, 0.003]])
    got = learner.probe("outputs", "rmsnorm_forward", (case.x, *case.parameters))
    same_y(got, case)


def test_rmsnorm_extremes(learner):
    """Rows of tiny numbers, of zeros and of ±10,000 come out finite and right, in silence: eps is inside the root."""
    for rows in EXTREME["rmsnorm"]:
        silent(learner, extreme("rmsnorm", rows))


@FEW
@given(cases("rmsnorm", most=2, smallest=2), st.sampled_from(LEADS))
def test_rmsnorm_shapes(learner, case, lead):
    """rmsnorm_forward takes any leading axes, none, or none of length 0, and any layout in memory."""
    case = reshaped(case, lead)
    same_y(forward(learner, "rmsnorm", *given_args(case)), case)


@FEW
@given(cases("rmsnorm", scales=(1.0,), epsilons=(0.1, 2.0)))
def test_rmsnorm_float32(learner, case):
    """float32 in, float32 out, in rmsnorm_forward."""
    narrow_y(learner, case, np.float32, single(case))


@FEW
@given(cases("rmsnorm", scales=(1.0,), epsilons=(0.5, 2.0)))
def test_rmsnorm_float16(learner, case):
    """float16 in, float16 out, exact to its last digits, in rmsnorm_forward."""
    narrow_y(learner, case, np.float16, HALF)


def test_rmsnorm_float16_computes_in_float32(learner):
    """float16 rows whose squares are too large or too small for float16 are computed in float32."""
    half_of_a_wide_range(learner, "rmsnorm")


@settings(max_examples=3)
@given(st.sampled_from([(1,), (2, 3), (1, 3), (2,), (4,)]))
def test_rmsnorm_wrong_parameters(learner, shape):
    """rmsnorm_forward raises ValueError for a g that is not (d,), also where broadcasting would take it."""
    refuses(learner, "rmsnorm", shape)


@FEW
@given(cases("rmsnorm"))
def test_rmsnorm_leaves_inputs(learner, case):
    """rmsnorm_forward changes none of its inputs and gives the same y twice."""
    leaves_its_inputs(learner, case)


# ---------------------------------------------------------------- rmsnorm_backward


@given(cases("rmsnorm"))
def test_rmsnorm_dx(learner, case):
    """dx of rmsnorm_backward is the gradient with respect to x, for any upstream dy."""
    one_gradient(learner, case, 0)


@given(cases("rmsnorm"))
def test_rmsnorm_dg(learner, case):
    """dg of rmsnorm_backward is the gradient with respect to the gain, summed over all rows."""
    one_gradient(learner, case, 1)


@FEW
@given(cases("rmsnorm", scales=(1.0,)), st.sampled_from([-3.0, 0.0, 0.5]))
def test_rmsnorm_backward_is_linear(learner, case, factor):
    """The gradients of rmsnorm are linear in dy: twice the dy, twice the gradients."""
    linear(learner, case, factor)


@FEW
@given(cases("rmsnorm", smallest=2, scales=(1.0,)), st.sampled_from([-1.0, 2.0]))
def test_rmsnorm_backward_twice(learner, case, factor):
    """rmsnorm_backward leaves dy, the inputs and the cache as they were: a second call is as good as the first."""
    twice(learner, case, factor)


@FEW
@given(cases("rmsnorm", most=2, smallest=2), st.sampled_from(LEADS))
def test_rmsnorm_backward_shapes(learner, case, lead):
    """rmsnorm_backward takes any leading axes, none, or none of length 0, and any layout in memory."""
    every_gradient(learner, reshaped(case, lead))


def test_rmsnorm_backward_extremes(learner):
    """The gradients of rmsnorm are finite and right, in silence, for tiny, zero, equal and very large rows."""
    for rows in EXTREME["rmsnorm"]:
        silent(learner, extreme("rmsnorm", rows), backward=True)


@FEW
@given(cases("rmsnorm", scales=(1.0,), epsilons=(0.1, 2.0)))
def test_rmsnorm_backward_float32(learner, case):
    """float32 in, float32 out, in rmsnorm_backward."""
    narrow_gradients(learner, case, np.float32, single(case))


@FEW
@given(cases("rmsnorm", scales=(1.0,), epsilons=(0.5, 2.0)))
def test_rmsnorm_backward_float16(learner, case):
    """float16 in, float16 out, exact to its last digits, in rmsnorm_backward."""
    narrow_gradients(learner, case, np.float16, HALF)


def test_rmsnorm_backward_float16_computes_in_float32(learner):
    """float16 gradients stay right where dy · g is too large for float16."""
    half_of_a_steep_loss(learner, "rmsnorm")


def test_rmsnorm_float16_sums(learner):
    """With float16, dg of thousands of rows is summed in float32."""
    half_sums_many_rows(learner, "rmsnorm")
