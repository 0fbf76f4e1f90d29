"""The hidden grader of F.5. Values are NumPy's; gradients are those of the same computation, by a complex step."""

import itertools
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided, upstream

# Each operation: how it is written, and what it is in NumPy.
OPERATIONS = {
    "+": ("{} + {}", np.add),
    "-": ("{} - {}", np.subtract),
    "*": ("{} * {}", np.multiply),
    "/": ("{} / {}", np.divide),
    "**": ("{} ** {}", np.power),
    "neg": ("-{}", np.negative),
    "exp": ("{}.exp()", np.exp),
    "log": ("{}.log()", np.log),
    "tanh": ("{}.tanh()", np.tanh),
    "relu": ("{}.relu()", lambda x: np.where(np.real(x) > 0, x, 0.0)),
}


# ---------------------------------------------------------------- a computation as data


@dataclass
class Program:
    """Inputs, steps on them, and the upstream gradients that backward is called with, one call after the other."""

    inputs: list  # (kind, value): "leaf", "constant" or "plain"
    steps: list  # (operation, places)
    upstreams: list = field(default_factory=list)
    outputs: list | None = None

    def names(self):
        return [chr(ord("a") + place) for place in range(len(self.inputs) + len(self.steps))]

    def leaves(self):
        return [place for place, (kind, _) in enumerate(self.inputs) if kind == "leaf"]

    def values(self, *replaced):
        """Every input and result, in NumPy; `replaced` stands for the leaves."""
        values = [value for _, value in self.inputs]
        for place, value in zip(self.leaves(), replaced, strict=False):
            values[place] = value
        for operation, places in self.steps:
            values.append(OPERATIONS[operation][1](*(values[place] for place in places)))
        return values

    def shown(self):
        """The same as Python, to read and to type."""
        names = self.names()
        words = [show_value(value) if kind == "plain" else names[i] for i, (kind, value) in enumerate(self.inputs)]
        lines = [
            f"{names[i]} = Tensor({show_value(value)}{', requires_grad=True' if kind == 'leaf' else ''})"
            for i, (kind, value) in enumerate(self.inputs)
            if kind != "plain"
        ]
        words += names[len(words) :]
        for place, (operation, places) in enumerate(self.steps, len(self.inputs)):
            lines.append(f"{names[place]} = {OPERATIONS[operation][0].format(*(words[i] for i in places))}")
        for grad, start in zip(self.upstreams, self.outputs or [-1] * len(self.upstreams), strict=True):
            lines.append(f"{names[start]}.backward({'' if grad is None else show_value(grad)})")
        return "\n".join(lines)

    def run(self, learner):
        seen = learner.probe("run", self.inputs, self.steps, self.upstreams, self.outputs, shown=self.shown())
        other = seen.get("no tensor")
        check.that(other is None, f"{self.names()[-1]} is of type {other}, expected a Tensor")
        return seen


def same_gradients(program, seen, upstream):
    """Compare every leaf's grad, for all that was sent in together."""
    leaves = program.leaves()
    for order, place in enumerate(leaves):
        name, got = f"{program.names()[place]}.grad", seen["grad"][place]
        check.that(got is not None, f"{name} is None: no gradient came to {program.names()[place]}")
        values = [program.inputs[leaf][1] for leaf in leaves]
        expected = gradients.analytic(lambda *moved: program.values(*moved)[-1], values, order, upstream)
        gradients.close_to(got, expected, name)


def agrees(learner, program):
    """The last result, every leaf's gradient, and that the operands are as they were."""
    seen = program.run(learner)
    for name, data, (kind, value) in zip(program.names(), seen["data"], program.inputs, strict=False):
        if kind != "plain":
            check.close(data, value, what=f"{name}.data, afterwards,", rtol=0.0)
    check.close(seen["data"][-1], program.values()[-1], what=f"{program.names()[-1]}.data", terms=len(program.steps))
    same_gradients(program, seen, program.upstreams[0])
    return seen


# ---------------------------------------------------------------- the inputs


def broadcast_pairs(full):
    """Everything that broadcasts to a shape without changing it: fewer axes, or sides of 1, or both, or neither."""
    for dropped in range(len(full) + 1):
        for stretched in itertools.product([False, True], repeat=len(full) - dropped):
            own = tuple(1 if one else side for one, side in zip(stretched, full[dropped:], strict=True))
            yield full, own


# The cases are listed, small ones first, and drawn evenly: hypothesis alone would make every second shape ().
PAIRS = list(
    dict.fromkeys(pair for full in [(2,), (3, 2), (2, 3), (2, 2), (3, 1), (2, 3, 2)] for pair in broadcast_pairs(full))
)
SHAPES = [(2,), (3, 2), (2, 3), (2, 1, 3), (), (1,)]


def shape_pairs():
    """A shape, and the shape of something that broadcasts to it."""
    return st.sampled_from([*PAIRS, ((), ())])


def away_from_zero(values, room=0.7):
    return np.round(np.where(values < 0, values - room, values + room), 2)


@st.composite
def pairs(draw, operation):
    """Two leaves whose shapes broadcast, in either order, one operation, a random upstream gradient."""
    rng, (full, own) = draw(rngs()), draw(shape_pairs())
    a, b = normal(rng, full), normal(rng, own)
    if draw(st.booleans()):
        a, b = b, a
    if operation == "/":
        b = away_from_zero(b)
    shape = np.broadcast_shapes(a.shape, b.shape)
    return Program([("leaf", a), ("leaf", b)], [(operation, (0, 1))], [upstream(rng, shape)])


@st.composite
def alone(draw, operation):
    """One leaf of any shape, one operation on it."""
    rng, shape = draw(rngs()), draw(st.sampled_from(SHAPES))
    x = normal(rng, shape, kink=0.0)
    if operation == "log":
        x = away_from_zero(np.abs(x))
    return Program([("leaf", strided(x) if draw(st.booleans()) else x)], [(operation, (0,))], [upstream(rng, shape)])


@st.composite
def powers(draw):
    rng, shape = draw(rngs()), draw(st.sampled_from(SHAPES))
    exponent = draw(st.sampled_from([2, 3, 1, -1, -2, 0.5, 2.5, -0.5, 0]))
    x = away_from_zero(normal(rng, shape))
    x = np.abs(x) if exponent != int(exponent) else x
    return Program([("leaf", x), ("plain", exponent)], [("**", (0, 1))], [upstream(rng, shape)])


@st.composite
def mixed(draw, *kinds):
    """A leaf and, on either side of it, something that needs no gradient."""
    rng, operation, (full, own) = draw(rngs()), draw(st.sampled_from("+-*/")), draw(shape_pairs())
    x, other = away_from_zero(normal(rng, full)), away_from_zero(normal(rng, own))
    if draw(st.booleans()):
        x, other = other, x
    kind = draw(st.sampled_from(kinds))
    if kind == "int":
        other = int(rng.integers(2, 6))
    elif kind in ("float", "NumPy number"):
        other = other.flat[0] if kind == "NumPy number" else float(other.flat[0])
    inputs = [("leaf", x), ("constant" if kind == "constant" else "plain", other)]
    places = (1, 0) if draw(st.booleans()) else (0, 1)
    return Program(inputs, [(operation, places)], [upstream(rng, np.broadcast_shapes(x.shape, np.shape(other)))])


def gentle(operation, a, b):
    """Numbers stay of ordinary size, and away from kinks and poles."""
    return {
        "*": np.max(np.abs(a)) * np.max(np.abs(b)) < 10,
        "/": np.min(np.abs(b)) > 0.3,
        "exp": np.max(a) < 2,
        "relu": np.min(np.abs(a)) > 0.01,
    }.get(operation, True)


@st.composite
def graphs(draw):
    """A few leaves and constants, then results that use any of the earlier ones, often more than once."""
    rng, full = draw(rngs()), draw(st.sampled_from([(2,), (2, 3), (3, 1), (2, 2), ()]))
    program = Program([], [])
    for kind in ("leaf", *draw(st.sampled_from([("leaf",), ("constant",), ("leaf", "leaf"), ("leaf", "constant")]))):
        shape = tuple(1 if draw(st.booleans()) else side for side in full[draw(st.integers(0, len(full))) :])
        program.inputs.append((kind, normal(rng, shape)))
    values = program.values()
    for _ in range(draw(st.integers(2, 7))):
        last = len(values) - 1
        # Mostly the newest result, so that paths become long; the other operand from anywhere, so that they meet again.
        left, right = draw(st.sampled_from([last, last - 1])), draw(st.integers(0, last))
        operation = draw(st.sampled_from(["+", "-", "*", "/", "tanh", "neg", "exp", "relu"]))
        if not gentle(operation, values[left], values[right]):
            operation = "tanh"
        program.steps.append((operation, (left, right) if operation in "+-*/" else (left,)))
        values = program.values()
    if not reached(program) & set(program.leaves()):
        program.steps.append(("+", (len(values) - 1, 0)))
    program.upstreams = [upstream(rng, program.values()[-1].shape)]
    return program


def reached(program, start=-1):
    """The places that lead to a result, itself included."""
    count = len(program.inputs)
    found, waiting = set(), [start % (count + len(program.steps))]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += program.steps[place - count][1] if place >= count else ()
    return found


# ---------------------------------------------------------------- unbroadcast


def summed_copies(grad, shape):
    """Give every element of grad to the one element of the array that it is a copy of, one at a time."""
    total = np.zeros(shape)
    for index in np.ndindex(grad.shape):
        own = index[len(index) - len(shape) :]
        total[tuple(0 if side == 1 else i for i, side in zip(own, shape, strict=True))] += grad[index]
    return total


@given(shape_pairs(), rngs(), st.booleans())
def test_unbroadcast(learner, pair, rng, scattered):
    """unbroadcast adds up all the copies of each element, and returns exactly the shape asked for."""
    full, own = pair
    grad = normal(rng, full)
    got = learner.unbroadcast(strided(grad) if scattered else grad, own)
    check.close(got, summed_copies(grad, own), what="unbroadcast", terms=grad.size, scale=4.0)


def test_unbroadcast_nothing(learner):
    """An array that was broadcast to no copies at all has a gradient of zeros."""
    check.close(learner.unbroadcast(np.zeros((0, 2)), (1, 2)), np.zeros((1, 2)), what="unbroadcast")
    check.close(learner.unbroadcast(np.zeros((0, 2)), (2,)), np.zeros(2), what="unbroadcast")


@settings(max_examples=10)
@given(shape_pairs(), rngs())
def test_unbroadcast_leaves_its_input(learner, pair, rng):
    """unbroadcast does not change the gradient it is given."""
    full, own = pair
    seen = learner.probe("purity", "unbroadcast", (normal(rng, full), own))
    check.that(not seen["changed"], "unbroadcast wrote into its input")


# ---------------------------------------------------------------- a tensor by itself


@given(
    st.sampled_from(["number", "int", "list", "array", "ints", "float32"]),
    rngs(),
    st.sampled_from([(2,), (2, 3), (1, 2, 2)]),
)
def test_tensor_data(learner, kind, rng, shape):
    """Tensor(data) keeps a float64 array of data's shape, whatever data was; grad is None, and requires_grad False."""
    array = normal(rng, shape)
    value = {
        "number": float(array.flat[0]),
        "int": 3,
        "list": array.tolist(),
        "array": strided(array),
        "ints": rng.integers(-5, 5, shape),
        "float32": array.astype(np.float32),
    }[kind]
    seen = learner.probe("made", value, shown=f"Tensor({show_value(value)})")
    check.that(seen["array"], f"data is {check.describe(seen['data'])}, expected a NumPy array")
    check.close(seen["data"], np.asarray(value, dtype=np.float64), what="data", rtol=0.0)
    check.that(seen["grad"] is None, f"grad is {check.describe(seen['grad'])} before any backward, expected None")
    check.equal(seen["requires_grad"], False, what="requires_grad")
    seen = learner.probe("made", value, requires_grad=True, shown=f"Tensor({show_value(value)}, requires_grad=True)")
    check.that(seen["grad"] is None, f"grad is {check.describe(seen['grad'])} before any backward, expected None")
    check.equal(seen["requires_grad"], True, what="requires_grad")


@settings(max_examples=8)
@given(rngs(), st.sampled_from(SHAPES))
def test_tensor_owns_its_data(learner, rng, shape):
    """A tensor's data is its own: writing into the array it was made from does not change it, nor the reverse."""
    array = normal(rng, shape)
    shown = f"array = {show_value(array)}\nt = Tensor(array)\narray += 1      # and later:\nt.data *= 3"
    seen = learner.probe("owned", array, shown=shown)
    check.close(seen["tensor"], array, what="t.data, after a change of the array", rtol=0.0)
    check.close(seen["array"], array, what="the array, after a change of t.data", rtol=0.0)


# ---------------------------------------------------------------- one operation at a time


@given(pairs("+"))
def test_add(learner, program):
    """a + b and its gradients, for shapes that broadcast."""
    agrees(learner, program)


@given(pairs("-"))
def test_subtract(learner, program):
    """a − b and its gradients, for shapes that broadcast."""
    agrees(learner, program)


@given(pairs("*"))
def test_multiply(learner, program):
    """a · b and its gradients, for shapes that broadcast."""
    agrees(learner, program)


@given(pairs("/"))
def test_divide(learner, program):
    """a / b and its gradients, for shapes that broadcast."""
    agrees(learner, program)


@given(alone("neg"))
def test_negate(learner, program):
    """−a and its gradient."""
    agrees(learner, program)


@settings(max_examples=30)
@given(mixed("int", "float", "NumPy number"))
def test_numbers(learner, program):
    """+ − · / also take a number, on either side of the sign."""
    agrees(learner, program)


@settings(max_examples=30)
@given(mixed("array"))
def test_arrays(learner, program):
    """+ − · / also take a NumPy array, on either side of the sign, and shapes broadcast."""
    agrees(learner, program)


@given(mixed("constant"))
def test_constants(learner, program):
    """+ − · / take a Tensor that does not require a gradient, on either side; it gets none."""
    seen = agrees(learner, program)
    check.that(seen["grad"][1] is None, "b does not require a gradient, but has one")


@given(powers())
def test_power(learner, program):
    """x ** n and its gradient, for whole, negative and fractional n."""
    agrees(learner, program)


def test_power_zero(learner):
    """x ** 0 has the gradient 0, and x ** 1 the gradient 1, also where x is 0."""
    for exponent in (0, 1):
        x, grad = np.array([0.0, 2.0, 0.5]), np.array([3.0, 5.0, 0.0])
        seen = Program([("leaf", x), ("plain", exponent)], [("**", (0, 1))], [grad]).run(learner)
        check.close(seen["data"][-1], x**exponent, what=f"a ** {exponent}")
        check.close(seen["grad"][0], exponent * grad, what="a.grad", scale=1.0)


def test_power_of_a_tensor(learner):
    """An exponent that is not an int or a float, a Tensor or an array for one, raises TypeError."""
    for exponent in [("constant", np.array(3.0)), ("plain", np.array([2.0, 3.0])), ("plain", [2, 3])]:
        with check.raises("TypeError"):
            Program([("leaf", np.array([2.0, 0.5])), exponent], [("**", (0, 1))]).run(learner)


@given(alone("exp"))
def test_exp(learner, program):
    """exp and its gradient."""
    agrees(learner, program)


@given(alone("log"))
def test_log(learner, program):
    """log and its gradient."""
    agrees(learner, program)


@given(alone("tanh"))
def test_tanh(learner, program):
    """tanh and its gradient."""
    agrees(learner, program)


@given(alone("relu"))
def test_relu(learner, program):
    """relu and its gradient, on both sides of 0, whatever the sign of the upstream gradient."""
    agrees(learner, program)


def test_relu_at_zero(learner):
    """The slope of relu at 0 is 0, by convention."""
    seen = Program([("leaf", np.zeros(2))], [("relu", (0,))], [np.array([2.0, -3.0])]).run(learner)
    check.close(seen["grad"][0], np.zeros(2), what="a.grad")


@given(graphs())
def test_operands_unchanged(learner, program):
    """No operation, and no backward, changes the data of a tensor or the upstream gradient it was given."""
    seen = program.run(learner)
    for place, (name, value) in enumerate(zip(program.names(), program.values(), strict=True)):
        check.close(seen["data"][place], value, what=f"{name}.data, at the end", terms=8, scale=10.0)
    check.that(not seen["upstream changed"], "backward wrote into the gradient it was given")


# ---------------------------------------------------------------- the graph


@given(sizes(1, 3), rngs(), st.sampled_from("+-*/"))
def test_used_twice(learner, side, rng, operation):
    """A tensor that is used twice gets both gradients: a + a, a · a, a − a, a / a."""
    program = Program([("leaf", away_from_zero(normal(rng, side)))], [(operation, (0, 0))], [upstream(rng, side)])
    seen = program.run(learner)
    # a − a and a / a are constant: what is left is rounding
    expected = {"+": 2 * program.upstreams[0], "*": 2 * program.upstreams[0] * program.inputs[0][1]}
    check.close(seen["grad"][0], expected.get(operation, np.zeros(side)), what="a.grad", scale=10.0)


@settings(max_examples=35)
@given(graphs())
def test_graphs(learner, program):
    """Whatever way the results use each other, every leaf gets its whole gradient."""
    seen, used = program.run(learner), reached(program)
    for place in program.leaves():
        if place not in used:
            name = program.names()[place]
            check.that(
                seen["grad"][place] is None, f"{name}.grad is not None, but the result does not depend on {name}"
            )
            # From here on a constant: it has no derivative to compare with. A new list, as the old one is on record.
            program.inputs = [
                *program.inputs[:place],
                ("constant", program.inputs[place][1]),
                *program.inputs[place + 1 :],
            ]
    check.close(seen["data"][-1], program.values()[-1], what=f"{program.names()[-1]}.data", terms=8, scale=10.0)
    same_gradients(program, seen, program.upstreams[0])


@given(graphs())
def test_requires_grad(learner, program):
    """A result requires a gradient exactly if an operand does; constants and results have no grad."""
    names, seen = program.names(), program.run(learner)
    expected = [kind == "leaf" for kind, _ in program.inputs]
    for _, places in program.steps:
        expected.append(any(expected[place] for place in places))
    for place, name in enumerate(names):
        check.equal(seen["requires_grad"][place], expected[place], what=f"{name}.requires_grad")
        if place not in program.leaves():
            what = "a result" if place >= len(program.inputs) else "a constant"
            check.that(seen["grad"][place] is None, f"{name}.grad is not None, though {name} is {what}")


@given(graphs(), st.sampled_from([-3.0, 0.0, 0.5]))
def test_linear_in_upstream(learner, program, factor):
    """Gradients are linear in the upstream gradient: twice as much comes in, twice as much arrives."""
    once = program.run(learner)
    program.upstreams = [factor * program.upstreams[0]]
    scaled = program.run(learner)
    for place in reached(program) & set(program.leaves()):
        name = f"{program.names()[place]}.grad"
        one = check.number_array(once["grad"][place], name)
        largest = 10 * float(np.max(np.abs(one))) + 10
        check.close(scaled["grad"][place], factor * one, what=f"{name} for {factor:g}·grad", terms=8, scale=largest)


@given(graphs())
def test_second_backward_accumulates(learner, program):
    """A second backward through the same graph adds the same gradient once more: exactly twice, not three times."""
    first = program.upstreams[0]
    program.upstreams = [first, 0.5 * first]
    for place in set(program.leaves()) - reached(program):
        program.inputs[place] = ("constant", program.inputs[place][1])
    same_gradients(program, program.run(learner), 1.5 * first)


@settings(max_examples=10)
@given(rngs(), sizes(1, 3))
def test_two_results(learner, rng, side):
    """Two results that share a part of their graph: backward from each adds up in the leaves."""
    a, b = normal(rng, side), normal(rng, side)
    one, other = upstream(rng, side), upstream(rng, side)
    shared = [("*", (0, 1)), ("exp", (2,)), ("*", (2, 2))]
    program = Program([("leaf", a), ("leaf", b)], shared, [one, other], [3, 4])
    seen = program.run(learner)
    slope = one * np.exp(a * b) + other * 2 * a * b  # of both, with respect to a·b
    check.close(seen["grad"][0], slope * b, what="a.grad", scale=float(np.max(np.abs(slope))) * 10 + 1)
    check.close(seen["grad"][1], slope * a, what="b.grad", scale=float(np.max(np.abs(slope))) * 10 + 1)


@settings(max_examples=8)
@given(rngs(), st.sampled_from(SHAPES))
def test_grads_are_separate(learner, rng, shape):
    """Every leaf's grad is an array of its own: halving one in place moves no other, nor the upstream gradient."""
    x, grad = normal(rng, shape), upstream(rng, shape)
    shown = (
        f"a, b, c = (Tensor({show_value(x)}, requires_grad=True) for _ in range(3))\n"
        f"g = {show_value(grad)}\n(a + b + c + c).backward(g)\na.grad *= 0.5"
    )
    seen = learner.probe("aliased", x, grad, shown=shown)
    for name, expected in (("a", grad / 2), ("b", grad), ("c", 2 * grad)):
        check.close(seen[name], expected, what=f"{name}.grad")
    check.close(seen["upstream"], grad, what="g, which you were given,")


@settings(max_examples=8)
@given(rngs(), st.sampled_from(SHAPES))
def test_backward_of_a_leaf(learner, rng, shape):
    """backward of a leaf itself gives it the upstream gradient, as a copy."""
    x, grad = normal(rng, shape), upstream(rng, shape)
    shown = f"a = Tensor({show_value(x)}, requires_grad=True)\ng = {show_value(grad)}\na.backward(g)\ng *= 2"
    seen = learner.probe("leaf_backward", x, grad, shown=shown)
    check.close(seen["before"], grad, what="a.grad")
    check.close(seen["after"], grad, what="a.grad, after g was changed,")


@settings(max_examples=8)
@given(rngs(), st.sampled_from([(), (1,), (1, 1), (1, 1, 1)]))
def test_backward_without_grad(learner, rng, shape):
    """backward() of a single element, of whatever shape, starts from 1."""
    program = Program([("leaf", normal(rng, shape))], [("tanh", (0,))], [None])
    same_gradients(program, program.run(learner), np.ones(shape))


@given(st.sampled_from([([2, 2], [2.0, 2.0]), (np.array([2, 2]), [2.0, 2.0]), (3, [3.0]), (0.5, [0.5])]))
def test_backward_takes_lists(learner, case):
    """The gradient given may be a list, a number or whole numbers: the leaf's grad is a float64 array all the same."""
    given_grad, expected = case
    shape = np.shape(given_grad)
    program = Program([("leaf", np.ones(shape))], [("+", (0, 0))], [given_grad])
    check.close(program.run(learner)["grad"][0], 2 * np.reshape(expected, shape), what="a.grad")


@settings(max_examples=5)
@given(st.sampled_from([(2,), (1, 3), (0,)]))
def test_backward_needs_a_grad(learner, shape):
    """backward() without a gradient raises RuntimeError for a tensor of several elements."""
    with check.raises("RuntimeError"):
        Program([("leaf", np.ones(shape))], [("exp", (0,))], [None]).run(learner)


@given(st.booleans())
def test_backward_of_a_constant(learner, inside):
    """backward raises RuntimeError for a tensor that does not require a gradient."""
    x = "x = Tensor(2.0, requires_grad=True)\nwith no_grad(): y = x * 3" if inside else "y = Tensor(2.0) * 3"
    with check.raises("RuntimeError"):
        learner.probe("backward_without_grad", inside, shown=f"{x}\ny.backward()")


@given(st.sampled_from([((2, 3), (3,)), ((2, 3), ()), ((2, 3), (3, 2)), ((3,), (1, 3)), ((), (1,)), ((2,), (3,))]))
def test_backward_refuses_a_shape(learner, case):
    """backward raises ValueError for a gradient of another shape than data, even one that would broadcast."""
    shape, other = case
    with check.raises("ValueError"):
        Program([("leaf", np.ones(shape))], [("exp", (0,))], [np.ones(other)]).run(learner)


def test_deep_graph(learner):
    """A chain of 5,000 operations goes backward: no recursion as deep as the graph."""
    shown = "y = x = Tensor(1.0, requires_grad=True)\nfor _ in range(2500): y = y * 1.0 + x\ny.backward()"
    check.close(learner.probe("chain", 5_000, shown=shown), np.array(2501.0), what="x.grad")


def test_many_paths(learner):
    """Sixty doublings cost sixty operations in backward, though 2⁶⁰ paths lead back to x."""
    shown = "y = x = Tensor(1.0, requires_grad=True)\nfor _ in range(60): y = y + y\ny.backward()"
    check.close(learner.probe("doublings", 60, shown=shown), np.array(2.0**60), what="x.grad")


# ---------------------------------------------------------------- no_grad


@settings(max_examples=8)
@given(rngs(), st.sampled_from(SHAPES))
def test_no_grad(learner, rng, shape):
    """Inside no_grad the numbers are the same, and results do not require a gradient; leaves are as you made them."""
    x = normal(rng, shape)
    shown = f"x = Tensor({show_value(x)}, requires_grad=True)\nwith no_grad():\n    y = 2 * x + x"
    seen = learner.probe("without_grad", x, shown=shown)
    check.close(seen["value"], 3 * x, what="y.data")
    check.equal(seen["result"], False, what="y.requires_grad")
    check.equal(seen["leaf"], True, what="x.requires_grad, afterwards,")
    check.equal(seen["leaf inside"], True, what="requires_grad of Tensor(…, requires_grad=True), made inside,")


@st.composite
def stories(draw):
    """Entering and leaving, well nested, at the end outside."""
    story, depth = [], 0
    for _ in range(draw(st.integers(1, 4))):
        enters = depth == 0 or draw(st.booleans())
        story.append("enter" if enters else draw(st.sampled_from(["leave", "raise"])))
        depth += 1 if enters else -1
    return story + [draw(st.sampled_from(["leave", "raise"])) for _ in range(depth)]


@given(stories())
def test_no_grad_ends(learner, story):
    """After the outermost no_grad, and not before, operations are recorded again, also when an exception ended it."""
    words = {"enter": "enter no_grad", "leave": "leave it", "raise": "leave it by an exception"}
    seen = learner.probe("recording", story, shown=", ".join(words[event] for event in story) + "; each time, x * 2")
    depth = 0
    for event, recorded in zip(story, seen, strict=True):
        depth += 1 if event == "enter" else -1
        after = f"after `{words[event]}`, inside {depth} no_grad"
        check.that(recorded is (depth == 0), f"{after}: x * 2 has requires_grad {recorded}, expected {depth == 0}")


@given(st.sampled_from(["no_grad", "constant"]))
@settings(max_examples=2)
def test_nothing_is_kept(learner, where):
    """What does not require a gradient remembers nothing: a chain of 30 operations keeps one array, not 30."""
    within = "inside no_grad()" if where == "no_grad" else "with x a constant"
    kept = learner.probe(
        "kept_arrays", where, 30, shown=f"for _ in range(30): x = x * 1.01   # {within}, 20,000 elements"
    )
    check.that(kept < 6, f"after 30 operations {within}, {kept} arrays are still in memory, expected 1 or 2")
