"""The hidden grader of F.4. The oracle: the same network in NumPy, its backward by hand or finite differences.

A network's parameters are one flat list in the order of parameters(). Cut into one matrix per layer, a row is a neuron
and its last column the bias: shape (nout, nin + 1).
"""

import random
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.strategies import normal, rngs, sizes, upstream

# Nothing is graded nearer than this to a kink of relu or of the hinge: there a rounding error may change the branch.
CLEAR = 1e-3
# Finite differences move every parameter by up to 4e-3, and what they move travels through the layers.
CLEAR_FOR_DIFFERENCES = 0.05


# ---------------------------------------------------------------- the definitions


def cut(values, widths):
    """The flat list of parameters as one (nout, nin + 1) matrix per layer."""
    matrices, rest = [], np.array(values, dtype=np.float64)
    for nin, nout in pairwise(widths):
        size = nout * (nin + 1)
        matrices.append(rest[:size].reshape(nout, nin + 1))
        rest = rest[size:]
    return matrices


def flat(matrices):
    return np.concatenate([matrix.ravel() for matrix in matrices])


def sums(matrices, x):
    """The weighted sums z of every layer, (N, nout) each, for inputs (N, nin)."""
    found = []
    for matrix in matrices:
        found.append(x @ matrix[:, :-1].T + matrix[:, -1])
        x = np.maximum(found[-1], 0.0)
    return found


def forward(matrices, x):
    return sums(matrices, x)[-1]


def hinge(scores, y):
    return float(np.mean(np.maximum(0.0, 1.0 - y * scores)))


def hinge_slopes(scores, y):
    return np.where(y * scores < 1.0, -y, 0.0) / len(y)


def loss_gradients(matrices, x, y):
    """The gradient of the hinge loss with respect to every matrix, by the chain rule, last layer first."""
    zs = sums(matrices, x)
    inputs = [x, *(np.maximum(z, 0.0) for z in zs[:-1])]
    dz, found = hinge_slopes(zs[-1][:, 0], y)[:, None], []
    for k in reversed(range(len(matrices))):
        found.append(np.concatenate([dz.T @ inputs[k], dz.sum(0)[:, None]], axis=1))
        if k:
            dz = (dz @ matrices[k][:, :-1]) * (zs[k - 1] > 0)
    return found[::-1]


def descend(matrices, x, y, lr, steps):
    """Full-batch gradient descent: the losses, the parameters at the end, and how near it came to any kink."""
    losses, nearest = [], np.inf
    for _ in range(steps):
        nearest = min(nearest, clearance(matrices, x, y))
        losses.append(hinge(forward(matrices, x)[:, 0], y))
        steps_down = loss_gradients(matrices, x, y)
        matrices = [matrix - lr * slope for matrix, slope in zip(matrices, steps_down, strict=True)]
    return SimpleNamespace(losses=np.array(losses), matrices=matrices, nearest=nearest)


def clearance(matrices, x, y=None):
    """The distance of the nearest relu, or hinge if there are labels, from its kink."""
    *hidden, last = sums(matrices, x)
    distances = [np.abs(z).min() for z in hidden]
    if y is not None:
        distances.append(np.abs(1 - y * last[:, 0]).min())
    return min(distances, default=np.inf)


def draws(seed, widths):
    """The parameters that random.seed(seed) gives: a uniform draw per weight, neuron by neuron, and 0 for each bias."""
    source, values = random.Random(seed), []
    for nin, nout in pairwise(widths):
        for _ in range(nout):
            values += [source.uniform(-1, 1) for _ in range(nin)] + [0.0]
    return values


# ---------------------------------------------------------------- the inputs


def until_clear(make, enough):
    """Make cases from the same generator until one keeps away from every kink."""
    for _ in range(500):
        case, distance = make()
        if distance > enough:
            break
    return case


@st.composite
def networks(draw, outputs=4, enough=CLEAR):
    """An MLP of 1 to 3 layers with given parameters, some inputs, and an upstream gradient for every output."""
    nin, rng = draw(sizes(1, 3)), draw(rngs())
    nouts = [*draw(st.lists(sizes(1, 4), max_size=2)), draw(sizes(1, outputs))]
    widths, count = [nin, *nouts], draw(sizes(1, 3))

    def make():
        values = normal(rng, parameter_count(widths)).tolist()
        x = normal(rng, (count, nin))
        case = SimpleNamespace(nin=nin, nouts=nouts, widths=widths, values=values, x=x, matrices=cut(values, widths))
        return case, clearance(case.matrices, x)

    case = until_clear(make, enough)
    case.dy = upstream(rng, (count, nouts[-1]))
    return case


@st.composite
def neurons(draw):
    """A neuron of either kind, with given parameters."""
    nin, rng, nonlin = draw(sizes(1, 5)), draw(rngs()), draw(st.booleans())
    values = normal(rng, nin + 1)
    return SimpleNamespace(nin=nin, nonlin=nonlin, values=values.tolist(), x=normal(rng, (3, nin)))


@st.composite
def trainings(draw, most_steps=4):
    """A small network with one output, labelled points, a learning rate and a few steps, none of them near a kink."""
    nin, rng = draw(sizes(1, 3)), draw(rngs())
    nouts = [*draw(st.lists(sizes(1, 4), max_size=2)), 1]
    widths, count = [nin, *nouts], draw(sizes(1, 5))
    lr, steps = draw(st.sampled_from([0.05, 0.5, 0.2])), draw(sizes(1, most_steps))

    def make():
        values = normal(rng, parameter_count(widths)).tolist()
        x, y = normal(rng, (count, nin)), rng.choice([-1, 1], count)
        # Somebody must be wrong, or nothing is learned and nothing is seen.
        y[0] = -1 if forward(cut(values, widths), x)[0, 0] > 0 else 1
        expected = descend(cut(values, widths), x, y, lr, steps)
        case = SimpleNamespace(nin=nin, nouts=nouts, widths=widths, values=values, x=x, y=y, lr=lr, steps=steps)
        case.expected = expected
        return case, expected.nearest

    return until_clear(make, CLEAR)


@st.composite
def scored(draw):
    """Scores on both sides of the margin, and labels."""
    rng, count = draw(rngs()), draw(sizes(1, 6))
    scale = draw(st.sampled_from([2.0, 1e4]))
    return SimpleNamespace(scores=normal(rng, count, scale=scale), y=rng.choice([-1, 1], count))


@st.composite
def clusters(draw):
    """Noisy XOR: points around four corners, +1 where the signs of the coordinates differ; new points to judge by."""
    rng = draw(rngs())

    def points(count):
        corners = rng.choice([-1.0, 1.0], (count, 2))
        corners[:4] = [[-1, -1], [-1, 1], [1, -1], [1, 1]]
        return np.round(corners + rng.normal(0, 0.15, (count, 2)), 2), -corners[:, 0] * corners[:, 1]

    (x, y), (new, truth), widths = points(12), points(40), [2, 12, 1]
    for seed in range(100):
        final = descend(cut(draws(seed, widths), widths), x, y, 0.5, 30).matrices
        if np.all(truth * forward(final, new)[:, 0] > 0.1):
            break
    return SimpleNamespace(x=x, y=y, new=new, truth=truth, widths=widths, seed=seed)


def parameter_count(widths):
    return sum((nin + 1) * nout for nin, nout in pairwise(widths))


# ---------------------------------------------------------------- how a learner is asked, and what the learner sees


def mlp(case):
    return ("MLP", (case.nin, case.nouts), {}, case.values)


def script(made, then="", seed=None):
    """The same in Python, to be typed after `from minillm.foundations.mlp_scalar import *`."""
    name, args, kwargs, values = made
    inside = [*map(repr, args), *(f"{key}={value}" for key, value in kwargs.items())]
    lines = [f"random.seed({seed})"] if seed is not None else []
    lines.append(f"model = {name}({', '.join(inside)})")
    if values is not None:
        lines.append(f"for p, v in zip(model.parameters(), {values}): p.data = v")
    return "\n".join([*lines, *([then] if then else [])])


def numbers(got, shape, what):
    """Claim that a (nested) list of plain numbers of this shape came back, and return it as an array."""
    if not shape:
        # What a probe could not turn into a number comes back as words: "of type int".
        check.that(not isinstance(got, str), f"{what} is {got}, expected a Value")
        return check.number_array(got, what).astype(np.float64)
    check.that(
        isinstance(got, list | tuple) and len(got) == shape[0],
        f"{what}: got {check.describe(got)}, expected a list of {shape[0]}",
    )
    rows = [numbers(one, shape[1:], f"{what}[{place}]") for place, one in enumerate(got)]
    return np.array(rows, dtype=np.float64).reshape(shape)


def same_outputs(learner, made, x, expected, *, as_tuples=False, terms=8):
    """Call the model on every row of x and compare with (N, nout); with one output, single Values must come back."""
    inputs = [tuple(row) if as_tuples else row for row in x.tolist()]
    shown = script(made, f"[model(x) for x in {inputs}]")
    got = learner.probe("outputs", made, inputs, shown=shown)
    if expected.shape[1] == 1:
        for place, one in enumerate(got):
            single = not isinstance(one, list | tuple)
            check.that(single, f"outputs[{place}] is {check.describe(one)}, expected a single Value")
        expected = expected[:, 0]
    check.close(
        numbers(got, expected.shape, "outputs"), expected, what="outputs", terms=terms, scale=larger(10.0, expected)
    )


def larger(least, expected):
    """The magnitude that rounding errors are measured by: what cancelled on the way was larger than what is left."""
    return max(least, float(np.max(np.abs(expected), initial=0.0)))


def parameters(learner, made):
    return learner.probe("parameters", made, shown=script(made, "model.parameters()"))


def counted(seen, expected):
    check.that(seen["count"] == expected, f"parameters() has length {seen['count']}, expected {expected}")
    check.that(
        seen["different"] == expected,
        f"the {expected} parameters are only {seen['different']} different objects",
        "one Value stands at more than one place: it is counted, and moved by a step, more than once",
    )
    check.that(
        seen["same"], "a second parameters() gives other objects", "a step would move copies, and the model would stay"
    )


LAYOUT = "row: neuron, column: weight, last column: bias"


def by_layer(got, expected, widths, what, *, terms):
    """Compare flat parameters (or their gradients) layer by layer, so that the place of an error can be read."""
    have = numbers(got, (parameter_count(widths),), what)
    for k, (one, other) in enumerate(zip(cut(have, widths), expected, strict=True)):
        check.close(
            one, other, what=f"{what} of layer {k} ({LAYOUT})", terms=terms, scale=max(1.0, float(np.abs(other).max()))
        )


# ---------------------------------------------------------------- Module


@given(rngs(), sizes(0, 4))
def test_module(learner, rng, count):
    """A bare Module has no parameters, and zero_grad sets the gradient of whatever parameters() returns to 0."""
    data, grads = normal(rng, count).tolist(), upstream(rng, count).tolist()
    grads[2:3] = [float("inf")] if count > 2 else []  # what an overflow left behind is cleared as well
    shown = f"class Mine(Module): parameters() gives {count} Values, their .grad {grads}\nMine().zero_grad()"
    seen = learner.probe("base_module", data, grads, shown=shown)
    check.that(seen["bare"] == [], f"Module().parameters() is {check.describe(seen['bare'])}, expected []")
    check.close(numbers(seen["grads"], (count,), "gradients"), np.zeros(count), what="gradients after zero_grad")
    check.close(numbers(seen["data"], (count,), "data"), np.array(data), what="data after zero_grad", rtol=0.0)


# ---------------------------------------------------------------- Neuron


@given(sizes(1, 6), st.booleans())
def test_neuron_parameters(learner, nin, nonlin):
    """A neuron has nin weights and a bias: nin + 1 different Values, the same ones at every call."""
    counted(parameters(learner, ("Neuron", (nin,), {"nonlin": nonlin}, None)), nin + 1)


@given(sizes(1, 6), st.integers(0, 9999))
def test_neuron_start(learner, nin, seed):
    """A new neuron's weights are draws of random.uniform(-1, 1), one each; its bias comes last and is 0."""
    made = ("Neuron", (nin,), {}, None)
    got = numbers(
        learner.probe("drawn", made, seed, shown=script(made, "model.parameters()", seed)), (nin + 1,), "parameters"
    )
    check.close(got[-1], 0.0, what="the bias (the last parameter)")
    check.that(
        np.all(np.abs(got[:-1]) < 1),
        f"a weight is {check.number(got[np.argmax(np.abs(got[:-1]))])}, outside of (−1, 1)",
    )
    check.close(got, np.array(draws(seed, [nin, 1])), what="parameters")


@given(neurons())
def test_neuron_output(learner, case):
    """A neuron gives relu(w·x + b), and w·x + b itself when nonlin is False."""
    z = sums(cut(case.values, [case.nin, 1]), case.x)[0]
    made = ("Neuron", (case.nin,), {"nonlin": case.nonlin}, case.values)
    same_outputs(learner, made, case.x, np.maximum(z, 0.0) if case.nonlin else z)


@given(neurons())
def test_neuron_is_nonlinear_by_default(learner, case):
    """Neuron(nin) is a relu neuron: nonlin is True unless said otherwise."""
    z = sums(cut(case.values, [case.nin, 1]), case.x)[0]
    same_outputs(learner, ("Neuron", (case.nin,), {}, case.values), case.x, np.maximum(z, 0.0))


@given(st.sampled_from(["Neuron", "Layer", "MLP"]), sizes(1, 4), st.sampled_from([-1, 1, 2]), st.booleans())
def test_wrong_number_of_inputs(learner, name, nin, more, as_tuple):
    """An example with too few or too many numbers raises ValueError, in a neuron, a layer and a network."""
    args = {"Neuron": (nin,), "Layer": (nin, 2), "MLP": (nin, [2, 1])}[name]
    x = [0.5] * (nin + more)
    made = (name, args, {}, None)
    x = tuple(x) if as_tuple else x
    with check.raises("ValueError"):
        learner.probe("outputs", made, [x], shown=script(made, f"model({x})"))


# ---------------------------------------------------------------- Layer


@given(sizes(1, 4), sizes(1, 4))
def test_layer_parameters(learner, nin, nout):
    """A layer has nout·(nin + 1) different parameters: every neuron has weights and a bias of its own."""
    counted(parameters(learner, ("Layer", (nin, nout), {}, None)), nout * (nin + 1))


@given(neurons(), sizes(2, 4), rngs())
def test_layer_output(learner, case, nout, rng):
    """A layer gives the list of its neurons' outputs, parameters neuron by neuron; nonlin reaches every neuron."""
    values = normal(rng, nout * (case.nin + 1)).tolist()
    made = ("Layer", (case.nin, nout), {"nonlin": case.nonlin}, values)
    z = sums(cut(values, [case.nin, nout]), case.x)[0]
    same_outputs(learner, made, case.x, np.maximum(z, 0.0) if case.nonlin else z)


@given(neurons())
def test_layer_of_one(learner, case):
    """A layer of one neuron returns its single Value, not a list."""
    made = ("Layer", (case.nin, 1), {"nonlin": case.nonlin}, case.values)
    got = learner.probe("outputs", made, case.x[:1].tolist(), shown=script(made, f"model({case.x[0].tolist()})"))[0]
    check.that(not isinstance(got, list | tuple), f"the output is {check.describe(got)}, expected a single Value")
    z = sums(cut(case.values, [case.nin, 1]), case.x)[0][0, 0]
    expected = max(z, 0.0) if case.nonlin else z
    check.close(numbers(got, (), "the output"), expected, what="the output", terms=case.nin + 1, scale=10.0)


# ---------------------------------------------------------------- MLP


@settings(max_examples=10)
@given(sizes(1, 3), st.lists(sizes(1, 4), min_size=1, max_size=3))
def test_mlp_leaves_widths(learner, nin, nouts):
    """The list of widths that an MLP is given stays as it was."""
    shown = f"nouts = {nouts}; MLP({nin}, nouts); nouts"
    check.equal(learner.probe("constructed", nin, nouts, shown=shown), nouts, what="nouts afterwards")


@given(sizes(1, 4), st.lists(sizes(1, 4), min_size=1, max_size=3))
def test_mlp_parameters(learner, nin, nouts):
    """An MLP has Σ (nin + 1)·nout parameters over its layers, each exactly once, the same objects at every call."""
    counted(parameters(learner, ("MLP", (nin, nouts), {}, None)), parameter_count([nin, *nouts]))


@given(sizes(1, 3), st.lists(sizes(1, 4), min_size=1, max_size=3), st.integers(0, 9999))
def test_mlp_start(learner, nin, nouts, seed):
    """random.seed(k) fixes a new network: its weights are the draws, layer by layer, neuron by neuron; biases are 0."""
    made = ("MLP", (nin, nouts), {}, None)
    got = learner.probe("drawn", made, seed, shown=script(made, "model.parameters()", seed))
    widths = [nin, *nouts]
    by_layer(got, cut(draws(seed, widths), widths), widths, "parameters", terms=1)


@given(sizes(1, 3), sizes(1, 4), st.integers(0, 9999))
def test_mlp_seed(learner, nin, nout, seed):
    """The same seed gives the same network again; without it the next network is another. Networks share nothing."""
    made = ("MLP", (nin, [nout, 1]), {}, None)
    count = parameter_count([nin, nout, 1])
    shown = f"random.seed({seed}); first = MLP({nin}, {[nout, 1]}); other = MLP({nin}, {[nout, 1]})\n"
    shown += f"random.seed({seed}); again = MLP({nin}, {[nout, 1]})"
    three = learner.probe("drawn_twice", made, seed, shown=shown)
    first, other, again = (numbers(one, (count,), "parameters") for one in check.items(three, 3))
    check.close(again - 1.0, first, what="parameters made from the same seed", scale=2.0)
    check.that(not np.array_equal(first, other), "two networks made one after the other have the same weights")


@settings(max_examples=40)
@given(networks(), st.booleans())
def test_mlp_output(learner, case, as_tuples):
    """An MLP's output is that of the same network in matrices: relu in the hidden layers, widths of 1 anywhere."""
    same_outputs(learner, mlp(case), case.x, forward(case.matrices, case.x), as_tuples=as_tuples, terms=64)


@given(sizes(1, 3), st.booleans(), sizes(1, 3), rngs())
def test_last_layer_is_linear(learner, nin, deep, nout, rng):
    """The last layer is linear: an MLP's outputs can be negative."""
    nouts = [2, nout] if deep else [nout]
    widths = [nin, *nouts]
    values = normal(rng, parameter_count(widths))
    matrices = cut(values, widths)
    matrices[-1][:, -1] = -30.0  # the last biases: whatever the inputs, every output is negative
    x = normal(rng, (2, nin))
    same_outputs(learner, ("MLP", (nin, nouts), {}, flat(matrices).tolist()), x, forward(matrices, x), terms=64)


@settings(max_examples=10)
@given(networks())
def test_calling_changes_nothing(learner, case):
    """Calling a network changes neither its parameters, nor the example, nor the random state; twice gives the same."""
    x = case.x[0].tolist()
    seen = learner.probe("calling", mlp(case), x, shown=script(mlp(case), f"model({x}); model({x})"))
    check.equal(seen["second"], seen["first"], what="the second output")
    check.equal(seen["x"], x, what="the example afterwards")
    check.equal(seen["values"], case.values, what="the parameters afterwards")
    check.that(seen["random"], "the call draws random numbers")


def differences(learner, case):
    """What the learner's engine says about Σ dy·output: gradients of the parameters, and of the inputs."""
    outs = "[model(x)]" if case.nouts[-1] == 1 else "model(x)"
    then = f"X, DY = [[Value(v) for v in x] for x in {case.x.tolist()}], {case.dy.tolist()}\n"
    then += f"sum(d * out for x, dy in zip(X, DY) for d, out in zip(dy, {outs})).backward()\n"
    then += "[p.grad for p in model.parameters()], [[v.grad for v in x] for x in X]"
    return learner.probe("gradients", mlp(case), case.x.tolist(), case.dy.tolist(), shown=script(mlp(case), then))


@given(networks(outputs=3, enough=CLEAR_FOR_DIFFERENCES))
def test_parameter_gradients(learner, case):
    """backward reaches every weight and bias of every layer: the gradients match finite differences."""
    got = numbers(differences(learner, case)["parameters"], (len(case.values),), "gradients")
    names = [f"the gradient of layer {k} ({LAYOUT})" for k in range(len(case.nouts))]
    matrices = dict(zip(names, cut(got, case.widths), strict=True))
    gradients.close(matrices, lambda *layers: forward(layers, case.x), case.matrices, case.dy)


@given(networks(outputs=3, enough=CLEAR_FOR_DIFFERENCES))
def test_input_gradients(learner, case):
    """An example may be made of Values, and gradients flow back to them through every layer."""
    got = numbers(differences(learner, case)["inputs"], case.x.shape, "gradients of the inputs")
    gradients.close({"the gradient of the inputs": got}, lambda x: forward(case.matrices, x), (case.x,), case.dy)


@given(networks(outputs=1))
def test_zero_grad(learner, case):
    """Gradients of two backward passes add up; model.zero_grad() sets them all to 0 and moves no parameter."""
    x, count = case.x[0].tolist(), len(case.values)
    then = f"model({x}).backward(); model({x}).backward(); model.zero_grad(); model({x}).backward()"
    then += "  # the gradients after each"
    seen = learner.probe("accumulation", mlp(case), x, shown=script(mlp(case), then))
    once = numbers(seen["once"], (count,), "gradients")
    check.close(numbers(seen["twice"], (count,), "gradients"), 2 * once, what="gradients after two passes", scale=10.0)
    check.close(numbers(seen["zeroed"], (count,), "gradients"), np.zeros(count), what="gradients after zero_grad")
    check.equal(seen["data"], case.values, what="parameters after zero_grad")
    check.close(
        numbers(seen["anew"], (count,), "gradients"), once, what="gradients of a pass after zero_grad", scale=10.0
    )


# ---------------------------------------------------------------- sgd_step


@given(rngs(), sizes(0, 5), st.sampled_from([0.0, 0.01, 0.5, 3.0]))
def test_sgd_step(learner, rng, count, lr):
    """sgd_step replaces every parameter's data by data − lr·grad, in the very same objects."""
    seen, data, grads = one_step(learner, rng, count, lr)
    got = numbers(seen["data"], (count,), "data")
    check.close(got, data - lr * grads, what="data after the step", scale=10.0)


@settings(max_examples=10)
@given(rngs(), sizes(1, 5), st.sampled_from([0.01, 0.5]))
def test_sgd_step_leaves_gradients(learner, rng, count, lr):
    """sgd_step leaves the gradients as they are: setting them to zero is somebody else's task."""
    seen, _, grads = one_step(learner, rng, count, lr)
    check.close(numbers(seen["grads"], (count,), "gradients"), grads, what="gradients after the step", rtol=0.0)


def one_step(learner, rng, count, lr):
    data, grads = normal(rng, count), upstream(rng, count)
    shown = f"params = [Value(v) for v in {data.tolist()}]\n"
    shown += f"for p, g in zip(params, {grads.tolist()}): p.grad = g\n"
    shown += f"sgd_step(params, {lr})\n[p.data for p in params], [p.grad for p in params]"
    return learner.probe("stepped", data.tolist(), grads.tolist(), lr, shown=shown), data, grads


# ---------------------------------------------------------------- hinge_loss


def hinge_script(scores, labels):
    return f"hinge_loss([{', '.join(f'Value({s})' for s in scores)}], {labels})"


def hinge_slopes_script(scores, labels):
    values = ", ".join(f"Value({s})" for s in scores)
    return f"scores = [{values}]\nhinge_loss(scores, {labels}).backward()\n[s.grad for s in scores]"


@settings(max_examples=40)
@given(scored(), st.booleans())
def test_hinge_loss(learner, case, whole):
    """hinge_loss is the mean over all examples of max(0, 1 − y·score), which is 0 for an example beyond its margin."""
    scores, labels = case.scores.tolist(), case.y.tolist() if whole else tuple(case.y.astype(float).tolist())
    got = learner.probe("hinge", scores, labels, shown=hinge_script(scores, labels))
    got = numbers(got, (), "loss")
    check.close(got, hinge(case.scores, case.y), what="loss", terms=len(scores), scale=larger(10.0, case.scores))


@given(rngs(), sizes(1, 4))
def test_hinge_loss_of_the_satisfied(learner, rng, count):
    """When every score is beyond its margin the loss is 0, and so is every gradient."""
    y = rng.choice([-1, 1], count)
    scores = (y * np.round(rng.uniform(1.1, 30.0, count), 2)).tolist()
    shown = hinge_script(scores, y.tolist())
    check.close(numbers(learner.probe("hinge", scores, y.tolist(), shown=shown), (), "loss"), 0.0, what="loss")
    shown = hinge_slopes_script(scores, y.tolist())
    slopes = numbers(learner.probe("hinge_gradients", scores, y.tolist(), shown=shown), (count,), "gradients")
    check.close(slopes, np.zeros(count), what="gradients of the scores")


@given(scored())
def test_hinge_gradients(learner, case):
    """The loss is a Value: its backward gives each score −y/N inside the margin and 0 beyond it."""
    scores, labels = case.scores + np.where(np.abs(1 - case.y * case.scores) < CLEAR, 0.01, 0.0), case.y.tolist()
    shown = hinge_slopes_script(scores.tolist(), labels)
    got = numbers(learner.probe("hinge_gradients", scores.tolist(), labels, shown=shown), scores.shape, "gradients")
    check.close(got, hinge_slopes(scores, case.y), what="gradients of the scores", terms=len(scores))


@settings(max_examples=8)
@given(st.sampled_from([([], []), ([0.5, 1.0], [1]), ([0.5], [1, -1]), ([0.5, -1.0], [])]))
def test_hinge_loss_lengths(learner, case):
    """hinge_loss raises ValueError when there are no examples, or not as many labels as scores."""
    with check.raises("ValueError"):
        learner.probe("hinge", *case, shown=hinge_script(*case))


@settings(max_examples=8)
@given(st.sampled_from([[1, 0], [0.0, 1.0], [1, -2], [0.5, -1], [2, 2]]))
def test_hinge_loss_labels(learner, labels):
    """hinge_loss raises ValueError for a label that is neither +1 nor −1, such as 0."""
    with check.raises("ValueError"):
        learner.probe("hinge", [0.3, -0.7], labels, shown=hinge_script([0.3, -0.7], labels))


# ---------------------------------------------------------------- train


def trained(learner, case, *, steps=None, made=None, stale=0.0, watched=False):
    made, steps, X, y = made or mlp(case), case.steps if steps is None else steps, case.x.tolist(), case.y.tolist()
    then = [f"for p in model.parameters(): p.grad = {stale}"] if stale else []
    then += ["# model is wrapped in a Module of another class, which notes its calls"] if watched else []
    then.append(f"train(model, {X}, {y}, steps={steps}, lr={case.lr})")
    return learner.probe("trained", made, X, y, steps, case.lr, stale, watched, shown=script(made, "\n".join(then)))


@contextmanager
def where_it_begins(got, expected):
    """Add to a mismatch of losses what those before it show."""
    try:
        yield
    except check.Mismatch as mismatch:
        right = int(np.argmax(~np.isclose(got, expected, rtol=1e-9, atol=1e-9)))
        shows = {0: (), 1: ("the first loss is right: the first update is not",)}
        later = (f"the first {right} losses are right: what does a step leave behind for the one after it?",)
        raise check.Mismatch(mismatch.failure.summary, *mismatch.failure.detail, *shows.get(right, later)) from None


@given(trainings())
def test_train_losses(learner, case):
    """train returns one plain number a step: the loss over all examples, before that step's update."""
    got = numbers(trained(learner, case)["losses"], (case.steps,), "losses")
    with where_it_begins(got, case.expected.losses):
        check.close(got, case.expected.losses, what="losses", terms=256, scale=larger(10.0, case.expected.losses))


@given(trainings())
def test_train_moves_the_parameters(learner, case):
    """After training, every weight and bias is where full-batch gradient descent puts it."""
    by_layer(trained(learner, case)["values"], case.expected.matrices, case.widths, "parameters", terms=256)


@given(trainings(most_steps=2))
def test_train_starts_from_zero_gradients(learner, case):
    """Gradients that are left over from before the call do not count."""
    got = trained(learner, case, stale=2.5)["values"]
    by_layer(got, case.expected.matrices, case.widths, "parameters", terms=256)


@settings(max_examples=10)
@given(trainings())
def test_train_calls(learner, case):
    """Every step calls the model once on every example, and on nothing else."""
    asked, X = trained(learner, case, watched=True)["asked"], case.x.tolist()
    check.that(
        len(asked) == case.steps * len(X),
        f"the model was called {len(asked)} times, expected {case.steps} steps × {len(X)} examples",
    )
    for k in range(case.steps):
        check.equal(sorted(asked[k * len(X) : (k + 1) * len(X)]), sorted(X), what=f"the examples of step {k}, sorted,")


@settings(max_examples=10)
@given(trainings())
def test_train_leaves_data(learner, case):
    """train changes neither the examples, nor the labels, nor their order, and draws no random numbers."""
    seen = trained(learner, case)
    check.equal(seen["X"], case.x.tolist(), what="X afterwards")
    check.equal(seen["y"], case.y.tolist(), what="y afterwards")
    check.that(seen["random"], "train changes the random state")


@settings(max_examples=10)
@given(trainings())
def test_train_no_steps(learner, case):
    """steps = 0 returns [] and moves nothing."""
    seen = trained(learner, case, steps=0)
    check.equal(seen["losses"], [], what="losses")
    check.equal(seen["values"], case.values, what="parameters")


@settings(max_examples=10)
@given(rngs(), sizes(1, 3), sizes(2, 4))
def test_train_goes_on_at_zero(learner, rng, nin, steps):
    """Every step is taken and reported, even when the loss is already 0; the parameters then stay."""
    # The score is twice the first coordinate, which lies at least 1 away from 0 and has the label's sign.
    values, x, y = [2.0] + [0.0] * nin, normal(rng, (3, nin)), rng.choice([-1, 1], 3)
    x[:, 0] = y * np.round(rng.uniform(1.0, 2.0, 3), 2)
    case = SimpleNamespace(nin=nin, nouts=[1], values=values, x=x, y=y, lr=0.5)
    seen = trained(learner, case, steps=steps)
    check.close(numbers(seen["losses"], (steps,), "losses"), np.zeros(steps), what="losses")
    check.equal(seen["values"], values, what="parameters")


@given(rngs(), sizes(1, 3), st.sampled_from(["Neuron", "Layer"]))
def test_train_any_module(learner, rng, nin, name):
    """train works on any Module that gives one Value: a single linear neuron, too."""
    x, lr = normal(rng, (4, nin)), 0.1

    def make():
        values, y = normal(rng, nin + 1), rng.choice([-1, 1], 4)
        expected = descend([values[None, :]], x, y, lr, 3)
        return (values.tolist(), y, expected), expected.nearest

    values, y, expected = until_clear(make, CLEAR)
    made = (name, (nin,) if name == "Neuron" else (nin, 1), {"nonlin": False}, values)
    seen = trained(learner, SimpleNamespace(x=x, y=y, lr=lr), steps=3, made=made)
    check.close(numbers(seen["losses"], (3,), "losses"), expected.losses, what="losses", terms=64, scale=10.0)
    by_layer(seen["values"], expected.matrices, [nin, 1], "parameters", terms=64)


@settings(max_examples=2)
@given(clusters())
def test_learns_xor(learner, case):
    """An MLP learns noisy XOR, which no straight line can: after 30 steps, 95 % of new points are on the right side."""
    X, y, new = case.x.tolist(), case.y.tolist(), case.new.tolist()
    then = f"train(model, X, y, steps=30, lr=0.5)  # {len(X)} points around (±1, ±1); y = +1 where the signs differ"
    shown = script(("MLP", (2, case.widths[1:]), {}, None), then, case.seed)
    scores = numbers(
        learner.probe("learned", case.seed, case.widths, X, y, 30, 0.5, new, shown=shown), (len(new),), "scores"
    )
    right = float(np.mean(case.truth * scores > 0))
    check.that(
        right >= 0.95, f"{right:.0%} of {len(new)} new points are on the right side of 0, expected at least 95 %"
    )
