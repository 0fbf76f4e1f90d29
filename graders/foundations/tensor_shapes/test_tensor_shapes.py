"""The hidden grader of F.6. Values are NumPy's; gradients are those of the same computation, by a complex step."""

import itertools
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided, upstream

# Each operation in NumPy; its options are those of the step.
OPERATIONS = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "@": np.matmul,
    "matmul": np.matmul,
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "reshape": lambda x, to, one: np.reshape(x, to),
    "transpose": lambda x, axes, one: np.transpose(x, axes or None),
    "index": lambda x, index: x[index_of(index)],
    "concat": lambda *arrays, axis=0: np.concatenate(arrays, axis=axis),
}


def index_of(parts):
    """An index as it crosses: a slice is ("slice", start, stop, step), … is "..."; a single part stands alone."""
    whole = [slice(*part[1:]) if isinstance(part, tuple) else ... if isinstance(part, str) else part for part in parts]
    return whole[0] if len(whole) == 1 else tuple(whole)


def written(operation, words, options):
    """One step as Python."""
    if operation in "+-*@":
        return f"{words[0]} {operation} {words[1]}"
    if operation == "index":
        return f"{words[0]}[{', '.join(_part(part) for part in options['index'])}]"
    if operation == "concat":
        axis = f", axis={options['axis']}" if options else ""
        return f"concat([{', '.join(words)}]{axis})"
    if operation in ("reshape", "transpose"):
        inner = ", ".join(str(side) for side in options["to" if operation == "reshape" else "axes"])
        return f"{words[0]}.{operation}({f'({inner},)' if options['one'] else inner})"
    return f"{words[0]}.{operation}({', '.join([*words[1:], *(f'{k}={v}' for k, v in options.items())])})"


def _part(part):
    if isinstance(part, tuple):
        start, stop, step = ("" if side is None else str(side) for side in part[1:])
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return part if isinstance(part, str) else show_value(part)


# ---------------------------------------------------------------- a computation as data


@dataclass
class Program:
    """Inputs, steps on them, and the upstream gradients that backward is called with."""

    inputs: list  # (kind, array): "leaf", "constant" or "plain"
    steps: list  # (operation, places, options)
    upstreams: list = field(default_factory=list)

    def names(self):
        return [chr(ord("a") + place) for place in range(len(self.inputs) + len(self.steps))]

    def leaves(self):
        return [place for place, (kind, _) in enumerate(self.inputs) if kind == "leaf"]

    def values(self, *replaced):
        """Every input and result, in NumPy; `replaced` stands for the leaves."""
        values = [value for _, value in self.inputs]
        for place, value in zip(self.leaves(), replaced, strict=False):
            values[place] = value
        for operation, places, options in self.steps:
            values.append(np.asarray(OPERATIONS[operation](*(values[place] for place in places), **options)))
        return values

    def with_upstream(self, rng):
        self.upstreams = [upstream(rng, self.values()[-1].shape)]
        return self

    def shown(self, no_grad=False):
        """The same as Python, to read and to type."""
        names = self.names()
        lines = [
            f"{name} = {show_value(value)}"
            if kind == "plain"
            else f"{name} = Tensor({show_value(value)}{', requires_grad=True' if kind == 'leaf' else ''})"
            for name, (kind, value) in zip(names, self.inputs, strict=False)
        ]
        lines += ["with no_grad():"] if no_grad else []
        for place, (operation, places, options) in enumerate(self.steps, len(self.inputs)):
            step = written(operation, [names[i] for i in places], options)
            lines.append(f"{'    ' if no_grad else ''}{names[place]} = {step}")
        lines += [f"{names[-1]}.backward({show_value(grad)})" for grad in self.upstreams]
        return "\n".join(lines)

    def run(self, learner, no_grad=False, halve=False):
        halved = "".join(f"\n{self.names()[place]}.grad *= 0.5" for place in self.leaves())
        shown = self.shown(no_grad) + (f"\n# and then, in place:{halved}" if halve else "")
        seen = learner.probe("run", self.inputs, self.steps, self.upstreams, no_grad, halve, shown=shown)
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


def agrees(learner, program, halve=False):
    """The last result and every leaf's gradient; and nothing else is touched."""
    names, values, seen = program.names(), program.values(), program.run(learner, halve=halve)
    check.close(seen["data"][-1], values[-1], what=f"{names[-1]}.data", terms=16, scale=_largest(values))
    same_gradients(program, seen, sum(program.upstreams))
    for name, (_, value), data in zip(names, program.inputs, seen["data"], strict=False):
        check.close(data, value, what=f"{name}.data, afterwards,", rtol=0.0)
    check.that(not seen["upstream changed"], "backward wrote into the gradient it was given")
    return seen


def _largest(values):
    return max(1.0, *(float(np.max(np.abs(value), initial=0.0)) for value in values))


def perhaps_strided(draw, x):
    """Sometimes the same numbers, not contiguous in memory."""
    return strided(x) if draw(st.booleans()) else x


def expect_error(learner, program, name):
    with check.raises(name):
        program.run(learner)


# ---------------------------------------------------------------- matmul


# The cases are listed, small ones first, and drawn evenly: hypothesis alone would make every second shape ().
SIZES = [(2, 1, 1), (1, 2, 1), (2, 2, 2), (2, 3, 1), (1, 3, 2), (3, 1, 2), (2, 3, 4), (3, 2, 3)]
BATCHES = [
    ((2,), ()),
    ((2,), (2,)),
    ((2,), (1,)),
    ((2, 3), ()),
    ((2, 3), (3,)),
    ((2, 1), (3,)),
    ((2, 3), (2, 1)),
    ((1,), ()),
]


@st.composite
def matrix_pairs(draw, case):
    """Two operands of a matrix product: "matrices", "batches" that broadcast, or "vectors" on one or both sides."""
    rng, (n, k, m) = draw(rngs()), draw(st.sampled_from(SIZES))
    left, right = (n, k), (k, m)
    if case == "batches":
        one, other = draw(st.sampled_from(BATCHES + [pair[::-1] for pair in BATCHES]))
        left, right = (*one, n, k), (*other, k, m)
    elif case == "vectors":
        batch = draw(st.sampled_from([(), (2,), (2, 3)]))
        left, right = draw(st.sampled_from([((k,), (k,)), ((k,), (*batch, k, m)), ((*batch, n, k), (k,))]))
    operands = [("leaf", perhaps_strided(draw, normal(rng, left))), ("leaf", normal(rng, right))]
    return Program(operands, [(draw(st.sampled_from(["matmul", "@"])), (0, 1), {})]).with_upstream(rng)


@given(matrix_pairs("matrices"))
def test_matmul_matrices(learner, program):
    """The product of two matrices, and both gradients."""
    agrees(learner, program)


@settings(max_examples=30)
@given(matrix_pairs("vectors"))
def test_matmul_vectors(learner, program):
    """Products with a vector: vector · vector, vector · matrix, matrix · vector; of matrices there may be a batch."""
    agrees(learner, program)


@settings(max_examples=30)
@given(matrix_pairs("batches"))
def test_matmul_batches(learner, program):
    """Batches of matrices, whose leading axes broadcast: a matrix that serves several collects from all of them."""
    agrees(learner, program)


@given(matrix_pairs("matrices"), st.sampled_from([("plain", "leaf"), ("leaf", "plain"), ("constant", "leaf")]))
def test_matmul_arrays(learner, program, kinds):
    """@ also takes an array, on either side, and a constant; those get no gradient."""
    program.inputs = [(kind, value) for kind, (_, value) in zip(kinds, program.inputs, strict=True)]
    program.steps = [("@", (0, 1), {})]
    seen = agrees(learner, program)
    place = 1 - kinds.index("leaf")
    check.that(seen["grad"][place] is None, f"{program.names()[place]} does not require a gradient, but has one")


@settings(max_examples=10)
@given(rngs(), sizes(1, 3))
def test_matmul_with_itself(learner, rng, side):
    """a @ a: both gradients arrive at a."""
    agrees(learner, Program([("leaf", normal(rng, (side, side)))], [("matmul", (0, 0), {})]).with_upstream(rng))


@given(st.sampled_from([((), (2,)), ((2, 2), ()), ((2, 3), (2, 3)), ((2,), (3,)), ((2, 2, 3), (3, 3, 2))]))
def test_matmul_refuses(learner, case):
    """matmul raises ValueError for a single number and for sizes that do not fit."""
    expect_error(
        learner,
        Program([("leaf", np.ones(case[0])), ("leaf", np.ones(case[1]))], [("matmul", (0, 1), {})]),
        "ValueError",
    )


# ---------------------------------------------------------------- reductions


def axes_of(ndim):
    """None, every axis, every two or three of them in some order, counted from either end."""
    yield None
    yield from range(-ndim, ndim)
    for count in range(2, ndim + 1):
        for axes in itertools.permutations(range(ndim), count):
            yield tuple(axis - ndim if axis % 2 else axis for axis in axes)


REDUCED = [
    (shape, options | keep)
    for shape in [(2,), (2, 2), (3, 2), (2, 3), (1, 3), (2, 3, 2), (3, 3, 2), (), (2, 1, 3)]
    for options in [{}, *({"axis": axis} for axis in axes_of(len(shape)))]
    for keep in [{}, {"keepdims": True}, {"keepdims": False}]
]


@st.composite
def reductions(draw, operation):
    rng, (shape, options) = draw(rngs()), draw(st.sampled_from(REDUCED))
    x = normal(rng, shape)
    if operation == "max":
        x = np.round(rng.permutation(x.size).reshape(shape) * 0.13 - 1, 2)  # no two alike
    return Program([("leaf", perhaps_strided(draw, x))], [(operation, (0,), options)]).with_upstream(rng)


@settings(max_examples=30)
@given(reductions("sum"))
def test_sum(learner, program):
    """sum over all axes, one or several, with and without keepdims, and its gradient."""
    agrees(learner, program)


def test_sum_of_nothing(learner):
    """The sum over an axis of length 0 is 0, and the gradient has no elements."""
    agrees(learner, Program([("leaf", np.zeros((0, 2)))], [("sum", (0,), {"axis": 0})], [np.array([1.5, -0.5])]))


@settings(max_examples=30)
@given(reductions("mean"))
def test_mean(learner, program):
    """mean over all axes, one or several, with and without keepdims, and its gradient."""
    agrees(learner, program)


@settings(max_examples=30)
@given(reductions("max"))
def test_max(learner, program):
    """max over all axes, one or several, with and without keepdims, and its gradient."""
    agrees(learner, program)


@settings(max_examples=30)
@given(reductions("max"), rngs())
def test_max_ties(learner, program, rng):
    """Where several elements tie for the maximum, their gradients are parts of what came in, and sum to it."""
    x = rng.integers(0, 2, program.inputs[0][1].shape).astype(float)
    program.inputs = [("leaf", x)]
    seen = program.run(learner)
    check.close(seen["data"][-1], program.values()[-1], what="b.data")
    grad = check.number_array(seen["grad"][0], "a.grad")
    check.that(grad.shape == x.shape, f"a.grad has shape {grad.shape}, expected {x.shape}")
    axis = program.steps[0][2].get("axis")
    highest = x.max(axis=axis, keepdims=True)
    incoming = program.upstreams[0].reshape(highest.shape)
    check.close(grad.sum(axis=axis, keepdims=True), incoming, what="the sum of a.grad over each group", terms=x.size)
    check.close(np.where(x < highest, grad, 0.0), np.zeros(x.shape), what="a.grad where a is not the largest")
    check.that(np.all(grad / incoming >= 0), "a part of a.grad has the opposite sign of what came in")


@given(st.sampled_from(["sum", "mean", "max"]), st.sampled_from([2, -3, (0, 2)]))
def test_reductions_refuse(learner, operation, axis):
    """A reduction over an axis that is not there raises ValueError; so does the maximum of nothing."""
    expect_error(learner, Program([("leaf", np.ones((2, 3)))], [(operation, (0,), {"axis": axis})]), "ValueError")
    expect_error(learner, Program([("leaf", np.ones((0,)))], [("max", (0,), {})]), "ValueError")


# ---------------------------------------------------------------- shapes


RESHAPED = [
    *[((2, 3), to) for to in [(3, 2), (6,), (-1,), (3, -1), (1, 6), (2, 3), (-1, 1, 3)]],
    *[((6,), to) for to in [(2, 3), (3, -1), (-1, 2, 1), (6, 1)]],
    *[((2, 2, 3), to) for to in [(3, 4), (12,), (3, 2, -1), (4, 3), (-1, 6), (3, 2, 2)]],
    *[((1,), to) for to in [(), (1, 1), (-1,)]],
    ((), (1,)),
    ((), (1, -1)),
]


@st.composite
def reshapes(draw):
    rng, (shape, to) = draw(rngs()), draw(st.sampled_from(RESHAPED))
    options = {"to": list(to), "one": draw(st.booleans()) or not to}
    x = perhaps_strided(draw, normal(rng, shape))
    return Program([("leaf", x)], [("reshape", (0,), options)]).with_upstream(rng)


@settings(max_examples=30)
@given(reshapes())
def test_reshape(learner, program):
    """reshape keeps the elements in row-major order, and the gradient comes back in the old shape."""
    agrees(learner, program)


@given(st.sampled_from([(4,), (2, 2), (-1, 4), (2, 3, 2)]))
def test_reshape_refuses(learner, to):
    """reshape raises ValueError when the elements do not fit."""
    program = Program([("leaf", np.ones((2, 3)))], [("reshape", (0,), {"to": list(to), "one": True})])
    expect_error(learner, program, "ValueError")


ORDERS = [
    (shape, [axis - len(shape) if axis in counted_from_the_end else axis for axis in order])
    for shape in [(2, 3), (2, 3, 4), (2, 1, 3, 2), (3,)]
    for order in itertools.permutations(range(len(shape)))
    for counted_from_the_end in [(), (len(shape) - 1,), (0, 2)]
]


@st.composite
def transposes(draw):
    rng, (shape, axes) = draw(rngs()), draw(st.sampled_from(ORDERS))
    options = {"axes": axes, "one": draw(st.booleans())}
    x = perhaps_strided(draw, normal(rng, shape))
    return Program([("leaf", x)], [("transpose", (0,), options)]).with_upstream(rng)


@settings(max_examples=40)
@given(transposes())
def test_transpose(learner, program):
    """transpose puts the axes in any order, and the gradient comes back in the old order."""
    agrees(learner, program)


@settings(max_examples=10)
@given(rngs(), st.sampled_from([(2, 3), (2, 3, 4), (2, 1, 3, 2), (3,), ()]))
def test_transpose_reverses(learner, rng, shape):
    """transpose() without axes reverses them all."""
    options = {"axes": [], "one": False}
    agrees(learner, Program([("leaf", normal(rng, shape))], [("transpose", (0,), options)]).with_upstream(rng))


@given(st.sampled_from([(0,), (0, 0, 1), (0, 1, 3), (0, 1, 2, 3), (0, -3, 1)]))
def test_transpose_refuses(learner, axes):
    """transpose raises ValueError unless every axis stands there exactly once."""
    program = Program([("leaf", np.ones((2, 3, 4)))], [("transpose", (0,), {"axes": list(axes), "one": True})])
    expect_error(learner, program, "ValueError")


# ---------------------------------------------------------------- indexing


def _side(draw, side):
    return draw(st.none() | st.integers(-side - 1, side + 1))


@st.composite
def basic_indices(draw):
    """Integers, slices with any step, None and …; fewer of them than axes, or as many."""
    rng, shape = draw(rngs()), draw(st.sampled_from([(3,), (2, 4), (4, 3), (2, 3, 4), (1, 3)]))
    parts = []
    for side in shape[: draw(st.integers(1, len(shape)))]:
        if draw(st.booleans()):
            parts.append(draw(st.integers(-side, side - 1)))
        else:
            step = draw(st.sampled_from([None, 1, 2, -1, -2]))
            parts.append(("slice", _side(draw, side), _side(draw, side), step))
    extra = draw(st.sampled_from(["", "", "...", "... first", "None"]))
    if extra == "... first":
        parts = ["...", *parts] if len(parts) == len(shape) else [*parts, "..."]
    elif extra:
        parts.append("..." if extra == "..." else None)
    x = perhaps_strided(draw, normal(rng, shape))
    return Program([("leaf", x)], [("index", (0,), {"index": parts})]).with_upstream(rng)


@settings(max_examples=40)
@given(basic_indices())
def test_index_basic(learner, program):
    """Integers, slices, None and …: what was not picked has gradient 0."""
    agrees(learner, program)


@st.composite
def integer_indices(draw):
    """Rows picked by an integer array, nearly always some of them twice; perhaps a second array for the second axis."""
    rng, side, width = draw(rngs()), draw(sizes(1, 3)), draw(sizes(1, 3))
    count = draw(st.sampled_from([(2,), (3,), (2, 2), (3, 2), (1,)]))
    parts = [rng.integers(-side, side, count)]
    how = draw(st.sampled_from(["rows", "pairs", "columns", "a slice between", "a list"]))
    if how == "pairs":
        parts.append(rng.integers(-width, width, count[-1:]))
    elif how == "columns":
        parts = [("slice", None, None, None), rng.integers(0, width, count)]
    elif how == "a slice between":
        parts = [parts[0], ("slice", None, None, -1), rng.integers(0, 2, count)]
    elif how == "a list":
        parts = [rng.integers(0, side, 4).tolist()]
    x = normal(rng, (side, width, 2))
    return Program([("leaf", x)], [("index", (0,), {"index": parts})]).with_upstream(rng)


@settings(max_examples=40)
@given(integer_indices())
def test_index_repeats(learner, program):
    """Integer arrays: an element that is picked several times collects every one of its gradients."""
    agrees(learner, program)


@st.composite
def masks(draw):
    rng, shape = draw(rngs()), draw(st.sampled_from([(3,), (2, 3), (3, 2), (2, 3, 2)]))
    x, axes = normal(rng, shape), draw(st.integers(1, len(shape)))
    parts = [rng.random(shape[:axes]) < 0.5]
    if axes < len(shape) and draw(st.booleans()):
        parts.append(draw(st.sampled_from([0, -1])))
    return Program([("leaf", x)], [("index", (0,), {"index": parts})]).with_upstream(rng)


@given(masks())
def test_index_masks(learner, program):
    """Boolean masks, over all axes or the first few, also when nothing is picked."""
    agrees(learner, program)


@given(st.sampled_from([((2,), [2]), ((2, 3), [0, -4]), ((2, 3), [0, 0, 0]), ((), [0]), ((3,), [np.array([0, 3])])]))
def test_index_refuses(learner, case):
    """An index outside raises IndexError."""
    shape, parts = case
    shown = f"Tensor(np.ones({shape}))[{', '.join(_part(part) for part in parts)}]"
    with check.raises("IndexError"):
        learner.probe("index_outside", shape, parts, shown=shown)


# ---------------------------------------------------------------- concat


@st.composite
def joints(draw):
    """Tensors alike but for one side, perhaps one of them constant or there twice."""
    rng, shape = draw(rngs()), list(draw(st.sampled_from([(2,), (2, 3), (3, 2), (2, 1, 3)])))
    axis, inputs = draw(st.integers(-len(shape), len(shape) - 1)), []
    for _ in range(draw(st.sampled_from([2, 3, 1]))):
        shape[axis] = draw(st.sampled_from([2, 1, 3, 0]))
        inputs.append((draw(st.sampled_from(["leaf", "leaf", "constant"])), normal(rng, tuple(shape))))
    inputs[0] = ("leaf", inputs[0][1])
    places = [*range(len(inputs)), *draw(st.lists(st.integers(0, len(inputs) - 1), max_size=1))]
    options = {} if axis == 0 and draw(st.booleans()) else {"axis": axis}
    return Program(inputs, [("concat", tuple(draw(st.permutations(places))), options)]).with_upstream(rng)


@settings(max_examples=40)
@given(joints())
def test_concat(learner, program):
    """concat joins pieces of any length along any axis; each gets its part of the gradient, or both, if there twice."""
    seen = agrees(learner, program)
    for place, (kind, _) in enumerate(program.inputs):
        if kind == "constant":
            check.that(
                seen["grad"][place] is None, f"{program.names()[place]} does not require a gradient, but has one"
            )


@settings(max_examples=3)
@given(rngs())
def test_concat_first_axis(learner, rng):
    """concat without an axis joins along the first."""
    inputs = [("leaf", normal(rng, (2, 3))), ("leaf", normal(rng, (1, 3)))]
    agrees(learner, Program(inputs, [("concat", (0, 1), {})]).with_upstream(rng))


@given(st.sampled_from([([], 0), ([(2, 3), (2, 2)], 0), ([(2,), (2, 1)], 0)]))
def test_concat_refuses(learner, case):
    """concat raises ValueError for no tensors at all and for shapes that do not fit."""
    sides, axis = case
    shown = f"concat([{', '.join(f'Tensor(np.ones({shape}))' for shape in sides)}], axis={axis})"
    with check.raises("ValueError"):
        learner.probe("joined", [np.ones(shape) for shape in sides], axis, shown=shown)


# ---------------------------------------------------------------- all together

# One step of each kind, on a (2, 3) tensor.
EACH = [
    ("matmul", (0, 1), {}),
    ("sum", (0,), {"axis": 0}),
    ("mean", (0,), {"axis": 1}),
    ("max", (0,), {}),
    ("reshape", (0,), {"to": [3, 2], "one": False}),
    ("transpose", (0,), {"axes": [1, 0], "one": False}),
    ("index", (0,), {"index": [0]}),
    ("concat", (0, 0), {"axis": 1}),
]


@settings(max_examples=2)
@given(rngs())
def test_requires_grad(learner, rng):
    """A result requires a gradient exactly if an operand does and no_grad is off."""
    for step, kind, no_grad in itertools.product(EACH, ("leaf", "constant"), (False, True)):
        program = Program([(kind, normal(rng, (2, 3))), ("constant", normal(rng, (3, 2)))], [step])
        seen = program.run(learner, no_grad)
        check.close(seen["data"][-1], program.values()[-1], what="c.data", terms=16, scale=10.0)
        check.equal(seen["requires_grad"][-1], kind == "leaf" and not no_grad, what="c.requires_grad")


@settings(max_examples=3)
@given(rngs())
def test_grads_are_separate(learner, rng):
    """Each leaf's grad is an array of its own, that can be written into; results keep none; a second backward adds."""
    for step in EACH:
        inputs = [("leaf", normal(rng, (2, 3))), ("leaf", normal(rng, (3, 2))), ("leaf", np.array(0.5))]
        if step[0] != "matmul":
            inputs[1] = ("constant", inputs[1][1])
        program = Program(inputs, [step, ("+", (3, 2), {})]).with_upstream(rng)
        program.upstreams = [program.upstreams[0], -0.25 * program.upstreams[0]]
        seen = agrees(learner, program, halve=True)
        for place in (3, 4):
            check.that(seen["grad"][place] is None, f"{program.names()[place]}.grad is not None, though it is a result")
        for place in program.leaves():
            what = f"{program.names()[place]}.grad, after every grad was halved,"
            check.close(seen["halved"][place], seen["grad"][place] / 2, what=what)


@given(st.sampled_from(["x.sum()", "x.mean()", "x.max()", "x @ x"]))
def test_nothing_is_kept(learner, name):
    """Inside no_grad a result does not keep its operands in memory."""
    shown = f"with no_grad(): y = {name}   # x: 20,000 elements, then forgotten"
    kept = learner.probe("kept_arrays", name, shown=shown)
    check.that(kept == 0, f"y is one number, but {kept} arrays of x's size are still in memory, expected none")


@st.composite
def journeys(draw):
    """One tensor through several changes of shape, with a nonlinearity between, so that a misplaced element shows."""
    rng = draw(rngs())
    program = Program([("leaf", normal(rng, draw(st.sampled_from([(2, 3), (3, 3), (2, 3, 2)]))))], [])
    for _ in range(draw(st.integers(2, 4))):
        last, x = len(program.inputs) + len(program.steps) - 1, program.values()[-1]
        kinds = [
            "tanh",
            "reshape",
            *(["square"] if np.max(np.abs(x), initial=0) < 4 else []),
            *(["transpose", "index", "sum", "concat"] if x.ndim else []),
        ]
        kind = draw(st.sampled_from(kinds))
        axis = draw(st.integers(-x.ndim, x.ndim - 1)) if x.ndim else 0
        step = {
            "tanh": ("tanh", (last,), {}),
            "square": ("*", (last, last), {}),
            "reshape": ("reshape", (last,), {"to": [*x.shape[1:], x.shape[0]] if x.ndim else [1, 1], "one": True}),
            "transpose": ("transpose", (last,), {"axes": list(draw(st.permutations(range(x.ndim)))), "one": False}),
            "index": ("index", (last,), {"index": [rng.integers(0, max(x.shape[:1], default=1), 3)]}),
            "sum": ("sum", (last,), {"axis": axis, "keepdims": draw(st.booleans())}),
            "concat": ("concat", (last, last), {"axis": axis}),
        }[kind]
        program.steps.append(step)
    # At the end a tanh of a tenth keeps the numbers small, whatever was squared and summed.
    program.inputs.append(("constant", np.array(0.1)))
    program.steps = [(name, tuple(i + (i > 0) for i in places), options) for name, places, options in program.steps]
    last = len(program.inputs) + len(program.steps) - 1
    program.steps += [("*", (last, 1), {}), ("tanh", (last + 1,), {})]
    return program.with_upstream(rng)


@settings(max_examples=30)
@given(journeys())
def test_journeys(learner, program):
    """Several of these operations, one after the other."""
    if not any(operation not in ("tanh", "*") for operation, _, _ in program.steps):
        program.steps.append(("sum", (len(program.names()) - 1,), {}))
        program.upstreams = [np.array(1.5)]
    agrees(learner, program)


@settings(max_examples=10)
@given(rngs(), sizes(1, 4), sizes(1, 3), sizes(2, 3))
def test_classifier(learner, rng, count, width, classes):
    """A whole classifier: two layers, log-softmax along the classes, the mean of the right answers' share."""
    inputs = [
        ("constant", normal(rng, (count, width))),
        ("leaf", normal(rng, (width, 3))),
        ("leaf", normal(rng, 3)),
        ("leaf", normal(rng, (3, classes))),
    ]
    rows, targets = rng.permutation(count), rng.integers(0, classes, count)
    steps = [
        ("@", (0, 1), {}),
        ("+", (4, 2), {}),
        ("tanh", (5,), {}),
        ("@", (6, 3), {}),
        ("exp", (7,), {}),
        ("sum", (8,), {"axis": -1, "keepdims": True}),
        ("log", (9,), {}),
        ("-", (7, 10), {}),
        ("index", (11,), {"index": [rows, targets[rows]]}),
        ("mean", (12,), {}),
    ]
    agrees(learner, Program(inputs, steps).with_upstream(rng))
