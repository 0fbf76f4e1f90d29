"""The hidden grader of F.7. The oracle is the formula on paper: Python's decimal has 28 digits, and e^10000 fits."""

import math
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, strided

INF = math.inf
FUNCTIONS = ["logsumexp", "softmax", "log_softmax"]


# ---------------------------------------------------------------- the definitions


def exponentials(row):
    return [Decimal(float(v)).exp() for v in row]


def logsumexp_one(row):
    return [sum(exponentials(row)).ln()]


def softmax_one(row):
    e = exponentials(row)
    return [term / (sum(e) or 1) for term in e]


def log_softmax_one(row):
    return [p.ln() for p in softmax_one(row)]


DEFINITION = {"logsumexp": logsumexp_one, "softmax": softmax_one, "log_softmax": log_softmax_one}


def along(name, x, axis, keepdims=False):
    """The definition, one slice at a time."""
    moved = np.moveaxis(x, axis, -1)
    width = 1 if name == "logsumexp" else moved.shape[-1]
    rows = [[float(v) for v in DEFINITION[name](moved[index])] for index in np.ndindex(moved.shape[:-1])]
    out = np.moveaxis(np.array(rows, dtype=x.dtype).reshape(*moved.shape[:-1], width), -1, axis)
    return out.squeeze(axis) if name == "logsumexp" and not keepdims else out


def mean_loss(case):
    """The loss and its gradient (p − onehot) / n, for the n rows that count."""
    rows = [index for index in np.ndindex(case.targets.shape) if case.targets[index] != case.ignore_index]
    dlogits = np.zeros(case.logits.shape)
    for index in rows:
        for k, p in enumerate(softmax_one(case.logits[index])):
            dlogits[(*index, k)] = float(p - (k == case.targets[index])) / len(rows)
    losses = [-float(log_softmax_one(case.logits[index])[case.targets[index]]) for index in rows]
    return SimpleNamespace(loss=math.fsum(losses) / max(len(rows), 1), dlogits=dlogits, rows=rows)


def plain_loss(logits, targets):
    """The same loss as it is written on paper; for finite differences of ordinary numbers."""
    sums = [math.fsum(map(math.exp, row)) for row in logits]
    return math.fsum(math.log(sums[n]) - logits[n, targets[n]] for n in range(len(targets))) / len(targets)


# ---------------------------------------------------------------- the inputs


def numbers(rng, shape, magnitude, dtype):
    x = normal(rng, shape, scale=magnitude)
    # Quarters are the same number in float32 and as a decimal: what is shown is what was used.
    return x if dtype == np.float64 else (np.round(4 * x) / 4).astype(dtype)


@st.composite
def arrays(draw, magnitudes=(1.0, 10.0), dtype=np.float64, fewest=1):
    """Any shape, any axis."""
    shape = draw(shapes(fewest, 3, largest=3))
    x = numbers(draw(rngs()), shape, draw(st.sampled_from(magnitudes)), dtype)
    return SimpleNamespace(x=x, axis=draw(st.integers(-x.ndim, x.ndim - 1)))


@st.composite
def far_apart(draw):
    """Slices a thousand apart: what is ordinary in one is nothing beside the other."""
    case = draw(arrays(magnitudes=(1.0,), fewest=2))
    one_each = np.max(case.x, axis=case.axis, keepdims=True).shape
    case.x = case.x + draw(rngs()).choice([-1000.0, 0.0, 1000.0], one_each)
    return case


@st.composite
def partly_impossible(draw):
    """Some entries −inf, in every slice at least one that is not."""
    case = draw(arrays(magnitudes=(1.0, 1e3)))
    hidden = draw(rngs()).random(case.x.shape) < 0.6
    stays = draw(st.integers(0, case.x.shape[case.axis] - 1))
    np.moveaxis(hidden, case.axis, 0)[stays] = False
    case.x = np.where(hidden, -INF, case.x)
    return case


@st.composite
def wholly_impossible(draw):
    """At least one slice −inf throughout, among others that are not."""
    case = draw(arrays(magnitudes=(1.0, 1e3)))
    lost = draw(rngs()).random(np.max(case.x, axis=case.axis, keepdims=True).shape) < 0.4
    lost.flat[0] = True
    case.x = np.where(lost, -INF, case.x)
    return case


@st.composite
def batches(draw, *, axes=(1, 3), magnitudes=(1.0, 10.0), ignored=None, dtype=np.float64):
    """Logits with targets; `ignored` lists the numbers that may mean "does not count", as some targets then do not."""
    shape, vocab, rng = draw(shapes(*axes, largest=3)), draw(sizes(1, 5)), draw(rngs())
    logits = numbers(rng, (*shape, vocab), draw(st.sampled_from(magnitudes)), dtype)
    targets, ignore_index = rng.integers(0, vocab, shape), -100
    if ignored:
        ignore_index = draw(st.sampled_from(ignored))
        left_out = rng.random(shape) < 0.5
        left_out.flat[rng.integers(left_out.size)] = False
        targets = np.where(left_out, ignore_index, targets)
    targets = targets.astype(draw(st.sampled_from([np.int64, np.int32])))
    return SimpleNamespace(logits=logits, targets=targets, ignore_index=ignore_index)


def batch(logits, targets, ignore_index=-100):
    return SimpleNamespace(logits=np.array(logits), targets=np.array(targets), ignore_index=ignore_index)


# ---------------------------------------------------------------- what is claimed again and again


def size(x):
    """x − logsumexp(x) loses what lies below the last digit of x: that much every stable form may be off."""
    return max(1.0, float(np.max(np.abs(x[np.isfinite(x)]), initial=0.0)))


def same(got, expected, x, name, what=""):
    """Logarithms to the digits that x has; probabilities relatively, so that the smallest count too."""
    if name == "softmax":
        check.close(got, expected, what=what or name, rtol=check.tolerance(x.dtype) * size(x), elementwise=True)
    else:
        check.close(got, expected, what=what or name, scale=size(x))


def holds(learner, name, case, **more):
    same(getattr(learner, name)(case.x, axis=case.axis, **more), along(name, case.x, case.axis, **more), case.x, name)


def silently(learner, name, *args, **kwargs):
    """Call with warnings noted; return the value and what NumPy said."""
    inputs = [*map(show_value, args), *(f"{key}={value}" for key, value in kwargs.items())]
    seen = learner.probe("warnings_of", name, *args, shown=f"{name}({', '.join(inputs)})", **kwargs)
    return seen["value"], seen["warnings"]


def no_warning(warnings):
    check.that(not warnings, f"the numbers are right, but NumPy warned: {(warnings or [''])[0]}")


def holds_silently(learner, name, x, axis):
    value, warnings = silently(learner, name, x, axis=axis)
    same(value, along(name, x, axis), x, name)
    no_warning(warnings)


def largest_numbers(learner, name):
    for row in ([1e4, 9999.0], [-1e4, -9999.0], [1e4, 0.0, -1e4], [-1e4, -1e4], [710.0, 0.0], [-746.0]):
        holds_silently(learner, name, np.array(row), 0)


def entropy(learner, case, **more):
    return check.items(learner.cross_entropy(case.logits, case.targets, **more), 2, what="cross_entropy")


def same_loss(loss, wanted, case):
    some = len(wanted.rows) < case.targets.size
    what = f"loss ({len(wanted.rows)} of {case.targets.size} rows count)" if some else "loss"
    check.close(loss, wanted.loss, what=what, scale=size(case.logits))


def same_gradient(dlogits, wanted, case):
    # p − onehot is at most 1 in size, and rounded like p.
    check.close(dlogits, wanted.dlogits, what="dlogits", scale=size(case.logits) / max(len(wanted.rows), 1))


# ---------------------------------------------------------------- logsumexp


@given(arrays())
def test_logsumexp(learner, case):
    """logsumexp(x, axis) is log(Σ e^x) along that axis, for any shape and any axis."""
    holds(learner, "logsumexp", case)


@settings(max_examples=10)
@given(arrays(), st.booleans())
def test_logsumexp_keepdims(learner, case, keepdims):
    """keepdims=True leaves the summed axis with size 1; keepdims=False takes it away."""
    holds(learner, "logsumexp", case, keepdims=keepdims)


def test_logsumexp_extremes(learner):
    """logsumexp is exact and silent for entries from −10,000 to 10,000."""
    largest_numbers(learner, "logsumexp")


@settings(max_examples=10)
@given(far_apart())
def test_logsumexp_slice_by_slice(learner, case):
    """logsumexp of one slice is the same whatever the other slices hold, even a thousand higher or lower."""
    holds_silently(learner, "logsumexp", case.x, case.axis)


@settings(max_examples=12)
@given(partly_impossible())
def test_logsumexp_impossible_entries(learner, case):
    """In logsumexp an entry of −inf adds nothing, silently."""
    holds_silently(learner, "logsumexp", case.x, case.axis)


@settings(max_examples=10)
@given(wholly_impossible())
def test_logsumexp_impossible_slices(learner, case):
    """logsumexp of a slice that is −inf throughout is −inf, silently."""
    holds_silently(learner, "logsumexp", case.x, case.axis)


# ---------------------------------------------------------------- softmax


@given(arrays())
def test_softmax(learner, case):
    """softmax(x, axis) is e^x / Σ e^x along that axis, for any shape and axis; tiny probabilities are exact too."""
    holds(learner, "softmax", case)


@settings(max_examples=12)
@given(arrays(magnitudes=(1.0, 10.0, 1e4)))
def test_softmax_sums_to_one(learner, case):
    """Every slice of softmax sums to 1, and no probability is negative."""
    p = check.number_array(learner.softmax(case.x, axis=case.axis), "softmax")
    check.that(p.shape == case.x.shape, f"softmax has shape {p.shape}, expected {case.x.shape}")
    check.that(not np.any(p < 0), "a probability is negative")
    check.close(p.sum(axis=case.axis), np.ones(p.sum(axis=case.axis).shape), what="the sum", scale=size(case.x))


@settings(max_examples=12)
@given(arrays(magnitudes=(1.0,)), rngs())
def test_softmax_shift(learner, case, rng):
    """Adding the same number to a whole slice leaves its softmax as it was."""
    before = check.number_array(learner.softmax(case.x, axis=case.axis), "softmax(x)")
    moved = case.x + rng.choice([-1000.0, -1.0, 100.0, 1000.0], np.max(case.x, axis=case.axis, keepdims=True).shape)
    same(learner.softmax(moved, axis=case.axis), before, moved, "softmax", what="softmax of the shifted x")


def test_softmax_extremes(learner):
    """softmax is exact and silent for entries from −10,000 to 10,000."""
    largest_numbers(learner, "softmax")


@settings(max_examples=10)
@given(far_apart())
def test_softmax_slice_by_slice(learner, case):
    """softmax of one slice is the same whatever the other slices hold, even a thousand higher or lower."""
    holds_silently(learner, "softmax", case.x, case.axis)


@settings(max_examples=12)
@given(partly_impossible())
def test_softmax_impossible_entries(learner, case):
    """In softmax an entry of −inf gets exactly 0, and the others share as if it were not there, silently."""
    p, warnings = silently(learner, "softmax", case.x, axis=case.axis)
    same(p, along("softmax", case.x, case.axis), case.x, "softmax")
    check.that(not np.any(p[np.isneginf(case.x)]), "an entry of −inf got a probability that is tiny but not exactly 0")
    no_warning(warnings)


@settings(max_examples=10)
@given(wholly_impossible())
def test_softmax_impossible_slices(learner, case):
    """softmax of a slice that is −inf throughout is zeros, silently; the other slices are as ever."""
    holds_silently(learner, "softmax", case.x, case.axis)


# ---------------------------------------------------------------- log_softmax


@given(arrays())
def test_log_softmax(learner, case):
    """log_softmax(x, axis) is the logarithm of softmax along that axis, for any shape and any axis."""
    holds(learner, "log_softmax", case)


def test_log_softmax_extremes(learner):
    """log_softmax is exact and silent where the probability is too small for a float: for [10000, 0, −10000] too."""
    largest_numbers(learner, "log_softmax")


@settings(max_examples=10)
@given(far_apart())
def test_log_softmax_slice_by_slice(learner, case):
    """log_softmax of one slice is the same whatever the other slices hold, even a thousand higher or lower."""
    holds_silently(learner, "log_softmax", case.x, case.axis)


@settings(max_examples=12)
@given(partly_impossible())
def test_log_softmax_impossible_entries(learner, case):
    """In log_softmax an entry of −inf stays −inf, and the others are as if it were not there, silently."""
    holds_silently(learner, "log_softmax", case.x, case.axis)


@settings(max_examples=10)
@given(wholly_impossible())
def test_log_softmax_impossible_slices(learner, case):
    """log_softmax of a slice that is −inf throughout is −inf throughout, silently."""
    holds_silently(learner, "log_softmax", case.x, case.axis)


# ---------------------------------------------------------------- all three


@settings(max_examples=12)
@given(arrays(fewest=2), st.sampled_from(FUNCTIONS))
def test_axis_is_the_last(learner, case, name):
    """Without an axis, all three work along the last."""
    same(getattr(learner, name)(case.x), along(name, case.x, -1), case.x, name)


@settings(max_examples=15)
@given(arrays(magnitudes=(1.0, 10.0, 1e3), dtype=np.float32, fewest=2), st.sampled_from(FUNCTIONS))
def test_float32_stays(learner, case, name):
    """float32 in, float32 out, exact to float32's digits, in all three."""
    holds(learner, name, case)


@settings(max_examples=10)
@given(arrays(fewest=2), st.sampled_from(FUNCTIONS))
def test_layout(learner, case, name):
    """How x lies in memory (transposed, in Fortran order) makes no difference to any of the three."""
    holds_silently(learner, name, strided(case.x), case.axis)


@settings(max_examples=6)
@given(st.sampled_from(FUNCTIONS), st.sampled_from([((0, 3), 1), ((0, 3), -1), ((2, 0), 0), ((2, 3, 0), 1)]))
def test_empty_batch(learner, name, case):
    """An empty batch gives an empty result of the right shape, in all three."""
    shape, axis = case
    x = np.zeros(shape)
    check.close(getattr(learner, name)(x, axis=axis), along(name, x, axis), what=name)


@settings(max_examples=12)
@given(arrays(magnitudes=(1.0, 1e3)), st.sampled_from(FUNCTIONS))
def test_x_stays(learner, case, name):
    """All three leave x as it was and give the same result twice."""
    seen = learner.probe("purity", name, (case.x, case.axis))
    check.that(not seen["changed"], f"{name} wrote into x")
    check.close(seen["second"], seen["first"], what=f"the second {name}", rtol=0.0, dtype=None)


# ---------------------------------------------------------------- cross_entropy


@settings(max_examples=10)
@given(sizes(1, 4), sizes(1, 9), rngs())
def test_cross_entropy_uniform(learner, n, vocab, rng):
    """With V equal logits the loss is ln V, whatever the targets."""
    case = batch(np.full((n, vocab), round(rng.normal(), 1)), rng.integers(0, vocab, n))
    loss, _ = entropy(learner, case)
    check.close(loss, math.log(vocab), what="loss", scale=size(case.logits))


@settings(max_examples=15)
@given(batches(axes=(1, 1)))
def test_cross_entropy(learner, case):
    """The loss is the mean of −log softmax(logits)[target] over the N rows."""
    same_loss(entropy(learner, case)[0], mean_loss(case), case)


@settings(max_examples=15)
@given(batches(axes=(1, 1), magnitudes=(1.0,)))
def test_cross_entropy_gradient(learner, case):
    """dlogits is the gradient of the loss with respect to every logit."""
    _, dlogits = entropy(learner, case)
    gradients.close({"dlogits": dlogits}, lambda logits: plain_loss(logits, case.targets), (case.logits,), 1.0)


@settings(max_examples=12)
@given(batches(magnitudes=(1.0, 1e3)))
def test_cross_entropy_gradient_sums_to_zero(learner, case):
    """Every row of dlogits sums to 0: what one logit gains, the others lose."""
    dlogits = check.number_array(entropy(learner, case)[1], "dlogits")
    check.that(dlogits.shape == case.logits.shape, f"dlogits has shape {dlogits.shape}, expected {case.logits.shape}")
    nothing = np.zeros(case.targets.shape)
    check.close(dlogits.sum(-1), nothing, what="the sum of a row of dlogits", scale=size(case.logits))


@given(batches(axes=(2, 3)))
def test_cross_entropy_any_shape(learner, case):
    """Logits of (B, T, V), or with more axes in front, are so many rows that count alike; dlogits has their shape."""
    loss, dlogits = entropy(learner, case)
    wanted = mean_loss(case)
    same_loss(loss, wanted, case)
    same_gradient(dlogits, wanted, case)


@settings(max_examples=15)
@given(batches(axes=(2, 2)))
def test_cross_entropy_layout(learner, case):
    """How logits and targets lie in memory (transposed, in Fortran order) makes no difference to loss and dlogits."""
    case.logits, case.targets = strided(case.logits), strided(case.targets)
    exactly(learner, case)


@settings(max_examples=15)
@given(batches(axes=(1, 2), magnitudes=(1e3, 1e4)))
def test_cross_entropy_extremes(learner, case):
    """However sure and wrong the logits are, loss and dlogits are exact and silent: ±10,000 too."""
    exactly(learner, case)


def test_cross_entropy_sure_and_wrong(learner):
    """Logits of [1000, −1000] cost 2000 if the second comes true, with dlogits [1, −1]; nothing if the first does."""
    for target in (1, 0):
        exactly(learner, batch([[1e3, -1e3]], [target]))


def exactly(learner, case):
    """Loss and gradient of the definition, and no warning."""
    more = {} if case.ignore_index == -100 else {"ignore_index": case.ignore_index}
    value, warnings = silently(learner, "cross_entropy", case.logits, case.targets, **more)
    loss, dlogits = check.items(value, 2, what="cross_entropy")
    wanted = mean_loss(case)
    same_loss(loss, wanted, case)
    same_gradient(dlogits, wanted, case)
    no_warning(warnings)


@settings(max_examples=15)
@given(batches(axes=(1, 2)), rngs())
def test_cross_entropy_impossible_entries(learner, case, rng):
    """A logit of −inf that is not the target counts as absent, and its gradient is 0, silently."""
    hidden = rng.random(case.logits.shape) < 0.5
    np.put_along_axis(hidden, case.targets[..., None].astype(np.int64), False, axis=-1)
    case.logits = np.where(hidden, -INF, case.logits)
    exactly(learner, case)


def test_cross_entropy_impossible_target(learner):
    """A target with a logit of −inf costs inf, silently, and dlogits is finite all the same."""
    exactly(learner, batch([[0.0, -INF], [1.0, 1.0]], [1, 0]))


@given(batches(axes=(2, 2), ignored=[-100]))
def test_ignored_loss(learner, case):
    """Targets of −100 do not count in the loss: it is the mean over the others."""
    same_loss(entropy(learner, case)[0], mean_loss(case), case)


@given(batches(axes=(1, 2), ignored=[-100]))
def test_ignored_gradient(learner, case):
    """An ignored row has gradient 0, and the others are divided by how many count."""
    dlogits, wanted = entropy(learner, case)[1], mean_loss(case)
    same_gradient(dlogits, wanted, case)
    check.that(not np.any(dlogits[case.targets == -100]), "the gradient of an ignored row is tiny but not exactly 0")


@given(batches(axes=(1, 3), ignored=[-1, 0, 2, 255]))
def test_ignore_index_is_yours(learner, case):
    """ignore_index may be any number, even an id of the vocabulary: those targets do not count."""
    loss, dlogits = entropy(learner, case, ignore_index=case.ignore_index)
    wanted = mean_loss(case)
    same_loss(loss, wanted, case)
    same_gradient(dlogits, wanted, case)


@settings(max_examples=10)
@given(batches(axes=(1, 2), ignored=[-100, 255]))
def test_ignored_rows_may_hold_anything(learner, case):
    """An ignored row changes nothing even if its logits are −inf throughout, silently."""
    case.logits = np.where((case.targets == case.ignore_index)[..., None], -INF, case.logits)
    exactly(learner, case)


@settings(max_examples=10)
@given(batches(axes=(1, 2)), st.sampled_from([-100, 0]), st.booleans())
def test_nothing_counts(learner, case, ignore_index, empty):
    """If every target is ignored, or the batch is empty, the loss is 0 and dlogits is zeros, silently."""
    case.targets = np.full(case.targets.shape, ignore_index)
    if empty:
        case.logits, case.targets = case.logits[:0], case.targets[:0]
    case.ignore_index = ignore_index
    exactly(learner, case)


OUTSIDE = {
    "V": lambda vocab: vocab,
    "V + 3": lambda vocab: vocab + 3,
    "−1": lambda vocab: -1,
    "−V": lambda vocab: -vocab,
    "−100": lambda vocab: -100,
    "−101": lambda vocab: -101,
}


@settings(max_examples=15)
@given(batches(axes=(1, 2), ignored=[-100, -1, 0]), rngs(), st.sampled_from(list(OUTSIDE)))
def test_target_outside(learner, case, rng, kind):
    """A target neither ignore_index nor from 0 to V − 1 raises IndexError: V, −1, and −100 if another is ignored."""
    outside = OUTSIDE[kind](case.logits.shape[-1])
    case.targets.flat[rng.integers(case.targets.size)] = outside - 5 if outside == case.ignore_index else outside
    with check.raises("IndexError"):
        learner.cross_entropy(case.logits, case.targets, ignore_index=case.ignore_index)


MISFITS = [
    ((2, 3, 4), (3, 2)),
    ((6, 4), (2, 3)),
    ((2, 3, 4), (6,)),
    ((3, 4), (3, 1)),
    ((3, 4), (1,)),
    ((2, 3, 4), (2,)),
]


@settings(max_examples=6)
@given(st.sampled_from(MISFITS))
def test_shapes_disagree(learner, misfit):
    """Targets whose shape is not that of logits without its last axis raise ValueError, even if the count is right."""
    logits_shape, targets_shape = misfit
    with check.raises("ValueError"):
        learner.cross_entropy(np.zeros(logits_shape), np.ones(targets_shape, dtype=np.int64))


@settings(max_examples=10)
@given(batches(axes=(1, 2), magnitudes=(1.0, 10.0, 1e3), ignored=[-100], dtype=np.float32))
def test_cross_entropy_float32(learner, case):
    """float32 logits give float32 dlogits, and both are exact to float32's digits."""
    loss, dlogits = entropy(learner, case)
    wanted = mean_loss(case)
    wanted.dlogits = wanted.dlogits.astype(np.float32)
    same_gradient(dlogits, wanted, case)
    check.close(loss, wanted.loss, what="loss", rtol=check.tolerance(np.float32), scale=size(case.logits), dtype=None)


@settings(max_examples=15)
@given(batches(axes=(1, 2), ignored=[-100, 0]))
def test_cross_entropy_leaves_inputs(learner, case):
    """cross_entropy changes neither logits nor targets and gives the same loss and dlogits twice."""
    seen = learner.probe("purity", "cross_entropy", (case.logits, case.targets, case.ignore_index))
    check.that(not seen["changed"], f"cross_entropy wrote into the {'logits' if 0 in seen['changed'] else 'targets'}")
    first, second = (check.items(seen[time], 2, what="cross_entropy") for time in ("first", "second"))
    for name, one, other in zip(("loss", "dlogits"), first, second, strict=True):
        check.close(other, check.number_array(one, name), what=f"the second {name}", rtol=0.0, dtype=None)


def test_cross_entropy_memory(learner):
    """cross_entropy holds a few arrays as large as the logits, never one of V × V."""
    rng = np.random.default_rng(7)
    logits, targets = normal(rng, (4, 2048)), rng.integers(0, 2048, 4)
    peak = learner.probe("peak_bytes", "cross_entropy", (logits, targets))
    times = peak / logits.nbytes
    check.that(times <= 32, f"with V = 2048 it held {times:.0f} times the logits' memory at once, expected at most 32")
