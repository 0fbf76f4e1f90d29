"""The hidden grader of F.1. Every oracle is the definition, written with Python's math module or finite differences."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

ACTIVATIONS = ["sigmoid", "relu", "tanh", "identity"]
EXTREME = np.array([-1e4, -800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0, 1e4])


# What holds for a handful of arrays holds for all: these properties have few branches, and a check should be quick.
FEW = settings(max_examples=8)


# ---------------------------------------------------------------- the definitions


def sigmoid_one(v):
    return math.exp(v) / (1 + math.exp(v)) if v < 0 else 1 / (1 + math.exp(-v))


def tanh_slope_one(v):
    # sech²(v) = 4·e^(−2|v|) / (1 + e^(−2|v|))²: exact where 1 − tanh² has lost every digit
    e = math.exp(-2 * abs(v))
    return 4 * e / (1 + e) ** 2


DEFINITION = {
    "sigmoid": sigmoid_one,
    "sigmoid_grad": lambda v: sigmoid_one(v) * sigmoid_one(-v),
    "relu": lambda v: v if v > 0 else 0.0,
    "relu_grad": lambda v: 1.0 if v > 0 else 0.0,
    "tanh": math.tanh,
    "tanh_grad": tanh_slope_one,
    "identity": lambda v: v,
}


def each(name, x):
    """The definition, element by element."""
    return np.array([DEFINITION[name](float(v)) for v in np.ravel(x)]).reshape(np.shape(x))


def forward(x, w, b, act):
    return each(act, np.array([sum(row * w) + b for row in x]))


def softplus(v):
    """log(1 + e^v) from the side that does not overflow."""
    return math.log1p(math.exp(-abs(v))) + max(v, 0.0)


def minus_log_likelihood(z, t):
    pairs = zip(np.ravel(z), np.ravel(t), strict=True)
    return math.fsum(target * softplus(-a) + (1 - target) * softplus(a) for a, target in pairs) / z.size


# ---------------------------------------------------------------- the inputs


@st.composite
def arrays(draw):
    """Any shape, ordinary or large numbers, sometimes not contiguous."""
    shape = draw(shapes(0, 3))
    rng, scale = draw(rngs()), draw(st.sampled_from([1.0, 10.0, 1e3]))
    x = normal(rng, shape, scale=scale)
    return strided(x) if draw(st.booleans()) else x


@st.composite
def neurons(draw):
    n, d, act = draw(sizes(1, 5)), draw(sizes(1, 4)), draw(st.sampled_from(ACTIVATIONS))
    rng = draw(rngs())
    x, w, b = normal(rng, (n, d)), normal(rng, d), float(normal(rng))
    z = x @ w + b
    # relu has a kink at 0, where a finite difference means nothing: move such neurons off it.
    if np.min(np.abs(z)) < 0.02:
        b += 0.05 + float(np.max(np.abs(z)))
    return SimpleNamespace(x=strided(x) if draw(st.booleans()) else x, w=w, b=b, act=act, dy=upstream(rng, n))


@st.composite
def pairs(draw):
    """Predictions and targets of one shape."""
    rng, shape = draw(rngs()), draw(shapes(1, 3))
    return SimpleNamespace(y=normal(rng, shape), t=normal(rng, shape))


@st.composite
def logits(draw):
    rng, shape = draw(rngs()), draw(shapes(1, 2))
    scale = draw(st.sampled_from([1.0, 30.0, 1e3]))
    t = rng.integers(0, 2, shape).astype(float) if draw(st.booleans()) else np.round(rng.uniform(0, 1, shape), 2)
    return SimpleNamespace(z=normal(rng, shape, scale=scale), t=t)


def elementwise(learner, name, x):
    """One activation or its derivative against the definition; absolute to 1, as its values are."""
    check.close(
        getattr(learner, name)(x), each(name, x), what=name, scale=max(1.0, float(np.max(np.abs(x), initial=0)))
    )


# ---------------------------------------------------------------- activations


@FEW
@given(arrays())
def test_sigmoid_is_its_definition(learner, x):
    """sigmoid(x) is 1 / (1 + e^(−x)), element by element, for any shape."""
    check.close(learner.sigmoid(x), each("sigmoid", x), what="sigmoid", scale=1.0)


@FEW
@given(st.lists(st.sampled_from(EXTREME), min_size=1, max_size=3).map(np.array))
@example(EXTREME)
def test_sigmoid_extremes(learner, x):
    """sigmoid is finite and gives no warning for x from −10,000 to 10,000."""
    seen = learner.probe("warnings_of", "sigmoid", x, shown=f"sigmoid(np.array({x.tolist()}))")
    check.close(seen["value"], each("sigmoid", x), what="sigmoid", scale=1.0)
    check.that(not seen["warnings"], f"NumPy warned: {(seen['warnings'] or [''])[0]}")


@FEW
@given(arrays())
def test_sigmoid_is_symmetric(learner, x):
    """sigmoid(−x) = 1 − sigmoid(x)."""
    mirrored = 1 - check.number_array(learner.sigmoid(x), "sigmoid")
    check.close(learner.sigmoid(-x), mirrored, what="sigmoid(−x)", scale=1.0)


@FEW
@given(arrays())
def test_sigmoid_grad(learner, x):
    """sigmoid_grad(x) is the derivative of sigmoid at x."""
    check.close(learner.sigmoid_grad(x), each("sigmoid_grad", x), what="sigmoid_grad", scale=1.0)


@FEW
@given(arrays())
def test_relu(learner, x):
    """relu(x) is x where x is positive and 0 elsewhere."""
    elementwise(learner, "relu", x)


@FEW
@given(arrays())
def test_relu_grad(learner, x):
    """relu_grad(x) is 1 where x is positive and 0 where it is negative."""
    elementwise(learner, "relu_grad", x)


def test_relu_grad_at_zero(learner):
    """relu_grad(0) is 0, by convention."""
    check.close(learner.relu_grad(np.array([0.0, -0.0])), np.zeros(2), what="relu_grad")


@FEW
@given(arrays())
def test_tanh(learner, x):
    """tanh(x) is the hyperbolic tangent."""
    check.close(learner.tanh(x), each("tanh", x), what="tanh", scale=1.0)


@FEW
@given(arrays())
def test_tanh_grad(learner, x):
    """tanh_grad(x) is the derivative of tanh at x."""
    check.close(learner.tanh_grad(x), each("tanh_grad", x), what="tanh_grad", scale=1.0)


def test_activations_at_extremes(learner):
    """The activations and their derivatives are right from −10,000 to 10,000."""
    for name in ("sigmoid_grad", "relu", "relu_grad", "tanh", "tanh_grad"):
        elementwise(learner, name, EXTREME)


@settings(max_examples=4)  # six functions each
@given(arrays())
def test_activations_leave_x(learner, x):
    """The activations and their derivatives return a new array and leave x as it was."""
    for name in ("sigmoid", "sigmoid_grad", "relu", "relu_grad", "tanh", "tanh_grad"):
        seen = learner.probe("purity", name, (x,))
        check.that(not seen["changed"], f"{name} wrote into the x it was given")


# ---------------------------------------------------------------- the neuron


@given(neurons())
def test_forward(learner, case):
    """neuron_forward returns act(x·w + b) for every example of the batch."""
    y = learner.probe("outputs", "neuron_forward", (case.x, case.w, case.b, case.act))
    check.close(y, forward(case.x, case.w, case.b, case.act), what="y", terms=4, scale=10.0)


def test_forward_unknown_activation(learner):
    """neuron_forward raises ValueError for an activation it does not know."""
    with check.raises("ValueError"):
        learner.probe("outputs", "neuron_forward", (np.array([[1.0]]), np.array([1.0]), 0.0, "softplus"))


@FEW
@given(neurons())
def test_forward_leaves_inputs(learner, case):
    """neuron_forward changes none of its inputs and gives the same y twice."""
    seen = learner.probe("purity", "neuron_forward", (case.x, case.w, case.b, case.act), cached=True)
    check.that(not seen["changed"], f"the input {'xwb'[seen['changed'][0]] if seen['changed'] else ''} was changed")
    check.close(seen["second"], seen["first"], what="the second y", rtol=0.0)


@given(neurons())
def test_backward_dx(learner, case):
    """dx is the gradient with respect to every input, for any upstream dy."""
    one_gradient(learner, case, 0, "dx")


@given(neurons())
def test_backward_dw(learner, case):
    """dw is the gradient with respect to every weight, summed over the batch."""
    one_gradient(learner, case, 1, "dw")


@given(neurons())
def test_backward_db(learner, case):
    """db is the gradient with respect to the bias, summed over the batch: one number."""
    one_gradient(learner, case, 2, "db")


def one_gradient(learner, case, place, name):
    grads = backward(learner, case, case.dy)
    gradients.close(
        {name: grads[place]}, lambda *a: forward(*a, case.act), (case.x, case.w, case.b), case.dy, places={name: place}
    )


def backward(learner, case, dy):
    arguments = (case.x, case.w, case.b, case.act)
    _, grads = learner.probe("forward_backward", "neuron_forward", "neuron_backward", arguments, dy)
    return check.items(grads, 3, what="neuron_backward")


@FEW
@given(neurons(), st.sampled_from([-3.0, 0.0, 0.5]))
def test_backward_is_linear(learner, case, factor):
    """The gradients are linear in dy: twice the dy, twice the gradients."""
    once, scaled = backward(learner, case, case.dy), backward(learner, case, factor * case.dy)
    for name, one, other in zip(("dx", "dw", "db"), once, scaled, strict=True):
        check.close(
            other, factor * check.number_array(one, name), what=f"{name} for {factor:g}·dy", scale=10.0, dtype=None
        )


@settings(max_examples=12)
@given(neurons())
def test_backward_leaves_dy(learner, case):
    """neuron_backward leaves dy as it was: others may still need it."""
    arguments = (case.x, case.w, case.b, case.act)
    shown = f"neuron_backward(dy=np.array({case.dy.tolist()}), cache)  # of a neuron with {case.act!r}"
    afterwards = learner.probe("dy_afterwards", arguments, case.dy, shown=shown)
    check.close(afterwards, case.dy, what="dy afterwards", rtol=0.0)


# ---------------------------------------------------------------- the losses


@FEW
@given(pairs())
def test_mse(learner, case):
    """mse is the mean of (y − t)² over all elements."""
    loss, _ = check.items(learner.mse(case.y, case.t), 2, what="mse")
    expected = math.fsum(((case.y - case.t) ** 2).ravel()) / case.y.size
    check.close(loss, expected, what="loss", terms=case.y.size)


@FEW
@given(pairs())
def test_mse_gradient(learner, case):
    """dy of mse is the gradient of the loss with respect to y."""
    _, dy = check.items(learner.mse(case.y, case.t), 2, what="mse")
    gradients.close({"dy": dy}, lambda y: np.mean((y - case.t) ** 2), (case.y,), 1.0)


@given(logits())
def test_bce(learner, case):
    """bce_with_logits is the mean negative log-likelihood, exact even for logits of ±1,000."""
    loss, _ = check.items(learner.bce_with_logits(case.z, case.t), 2, what="bce_with_logits")
    # max(z, 0) − t·z loses what lies below the last digit of z: that much every stable form may be off.
    largest = max(1.0, float(np.max(np.abs(case.z))))
    check.close(loss, minus_log_likelihood(case.z, case.t), what="loss", scale=largest)


def test_bce_extremes(learner):
    """bce_with_logits stays exact and silent at logits of ±10,000."""
    z, t = np.array([-1e4, 1e4, 1e4, -1e4]), np.array([0.0, 1.0, 0.0, 1.0])
    shown = "bce_with_logits(np.array([-1e4, 1e4, 1e4, -1e4]), np.array([0., 1., 0., 1.]))"
    seen = learner.probe("warnings_of", "bce_with_logits", z, t, shown=shown)
    loss, dz = check.items(seen["value"], 2, what="bce_with_logits")
    check.close(loss, 5e3, what="loss")
    check.close(dz, np.array([0.0, 0.0, 0.25, -0.25]), what="dz")
    check.that(not seen["warnings"], f"NumPy warned: {(seen['warnings'] or [''])[0]}")


@given(logits())
def test_bce_gradient(learner, case):
    """dz of bce_with_logits is the gradient of the loss with respect to the logits."""
    _, dz = check.items(learner.bce_with_logits(case.z, case.t), 2, what="bce_with_logits")
    check.close(dz, (each("sigmoid", case.z) - case.t) / case.z.size, what="dz", scale=1 / case.z.size)


@FEW
@given(pairs(), st.sampled_from(["mse", "bce_with_logits"]))
def test_losses_leave_inputs(learner, case, name):
    """The losses change neither predictions nor targets."""
    targets = (case.t > 0).astype(float)
    seen = learner.probe("purity", name, (case.y, targets))
    check.that(not seen["changed"], f"{name} changed its {'first' if seen['changed'] == [0] else 'second'} input")


# ---------------------------------------------------------------- gradient descent


@st.composite
def valleys(draw):
    """A quadratic ½·xᵀHx with known curvatures, a start, and a learning rate on either side of 2/λ."""
    rng, d = draw(rngs()), draw(sizes(1, 4))
    curvatures = np.round(rng.uniform(0.2, 2.0, d), 2)
    basis, _ = np.linalg.qr(rng.normal(size=(d, d)))
    hessian = np.round(basis @ np.diag(curvatures) @ basis.T, 3)  # rounded: the learner is shown these numbers
    return SimpleNamespace(hessian=hessian, x0=normal(rng, d), lr=draw(st.sampled_from([0.1, 0.5, 0.9, 1.3])))


def walked(learner, case, steps):
    hessian, x0 = f"np.array({case.hessian.tolist()})", f"np.array({case.x0.tolist()})"
    shown = f"gradient_descent(lambda x: {hessian} @ x, x0={x0}, lr={case.lr:g}, steps={steps})"
    return learner.probe("quadratic_descent", case.hessian, case.x0, case.lr, steps, shown=shown)


@given(valleys(), st.integers(0, 6))
def test_descent_trajectory(learner, case, steps):
    """gradient_descent returns x0 and then every point x ← x − lr·gradient, steps + 1 in all."""
    expected = [case.x0]
    for _ in range(steps):
        expected.append(expected[-1] - case.lr * (case.hessian @ expected[-1]))
    check.close(walked(learner, case, steps)["trajectory"], np.array(expected), what="trajectory", terms=8)


def test_descent_from_integers(learner):
    """gradient_descent works in float64 even from a start of whole numbers."""
    case = SimpleNamespace(hessian=np.array([[0.5]]), x0=np.array([3]), lr=0.5)
    for steps in (0, 2):
        expected = np.array([[3.0], [2.25], [1.6875]])[: steps + 1]
        check.close(walked(learner, case, steps)["trajectory"], expected, what="trajectory")


@FEW
@given(valleys())
def test_descent_asks_where_it_stands(learner, case):
    """The gradient is asked once a step, at the point reached, and x0 is left as it was."""
    seen = walked(learner, case, 3)
    check.that(len(seen["asked"]) == 3, f"the gradient was asked {len(seen['asked'])} times in 3 steps")
    check.close(seen["asked"][0], case.x0, what="the first point asked")
    check.close(seen["x0"], case.x0, what="x0 afterwards", rtol=0.0)


@settings(max_examples=10)
@given(st.sampled_from([0.25, 1.0, 4.0]), st.sampled_from([0.5, 1.9, 2.1]))
def test_descent_contracts_or_diverges(learner, curvature, relative):
    """In a valley of curvature λ each step multiplies x by 1 − lr·λ: below lr = 2/λ it converges, above it diverges."""
    lr = relative / curvature
    case = SimpleNamespace(hessian=np.array([[curvature]]), x0=np.array([1.0]), lr=lr)
    expected = (1 - lr * curvature) ** np.arange(21)
    trajectory = check.number_array(walked(learner, case, 20)["trajectory"], "trajectory")
    check.close(trajectory, expected[:, None], what="trajectory", terms=20, elementwise=True)
