"""The hidden grader of F.3. Programs of Values are plain data: the learner's process runs them, and so does the oracle.

The oracle knows no rule of differentiation. It nudges one number of the program by an imaginary 1e-100, runs the
program on complex numbers, and reads the derivative off the imaginary part of the result: the complex step, exact up to
rounding.
"""

import cmath
import math
import operator

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from course.grading import check

NUDGE = 1e-100
COMMANDS = ("backward", "zero_grad", "set")
ARITHMETIC = ("+", "-", "*", "/", "**")

# What rounding may add up to in a long program: a division or a log magnifies what the operations before it lost.
LONG = check.tolerance(terms=64)

few = settings(max_examples=10)


# ---------------------------------------------------------------- programs
#
# A program is a list of lines. ("Value", 1.5), ("+", "x0", 2) and ("relu", "x1") each make the next of x0, x1, x2, …:
# text names a Value, a number is a constant. ("backward", "x2"), ("zero_grad", "x2") and ("set", "x0.data", 1.5) are
# commands, which make nothing.


def show(lines):
    """The program as Python."""
    shown, count = [], 0
    for line in lines:
        if line[0] in COMMANDS:
            shown.append(show_line(*line))
        else:
            shown.append(f"x{count} = {show_line(*line)}")
            count += 1
    return "; ".join(shown)


def show_line(op, a, b=None):
    if op in ARITHMETIC:
        return f"{a} {op} {b}"
    return {"Value": f"Value({a})", "neg": f"-{a}", "set": f"{a} = {b}", "zero_grad": f"zero_grad({a})"}.get(
        op, f"{a}.{op}()"
    )


def run(learner, *lines, shown=""):
    """The data and grad of every Value after the program has run in the learner's process."""
    seen = learner.probe("run", list(lines), shown=shown or show(lines))
    if "odd" in seen:
        place, what = seen["odd"]
        made = [line for line in lines if line[0] not in COMMANDS][place]
        what = check.describe(what) if not isinstance(what, str) else f"an object of type {what}"
        check.fail(f"x{place} = {show_line(*made)} gives {what}, expected a Value")
    for kind in ("data", "grad"):
        for name, number in seen[kind].items():
            # Said here once, and not as a missing return: what is wrong is an attribute.
            check.that(number is not None, f"{name}.{kind} is None, expected a float")
            check.that(isinstance(number, int | float), f"{name}.{kind} is {check.describe(number)}, expected a float")
    return seen


# ---------------------------------------------------------------- the oracle


# Division is the product with the power −1, and subtraction the sum with the negative, as the stub defines them.
ON_FLOATS = {
    "+": operator.add,
    "-": lambda a, b: a + (-b),
    "*": operator.mul,
    "/": lambda a, b: a * b**-1,
    "**": operator.pow,
    "neg": operator.neg,
    "relu": lambda a: a if a > 0 else 0.0,
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
}
ON_COMPLEX = ON_FLOATS | {
    "**": lambda a, n: a ** (int(n) if n == int(n) else n),
    "relu": lambda a: a if a.real > 0 else 0j,
    "exp": cmath.exp,
    "log": cmath.log,
    "tanh": cmath.tanh,
}


def evaluate(lines, operations=ON_FLOATS, nudged=None):
    """The number of every Value of a program; with `nudged`, that one is moved along the imaginary axis."""
    numbers = {}
    for op, *rest in lines:
        if op in COMMANDS:
            continue
        operands = [numbers[x] if isinstance(x, str) else float(x) for x in rest]
        name = f"x{len(numbers)}"
        numbers[name] = operands[0] if op == "Value" else operations[op](*operands)
        if name == nudged:
            numbers[name] += NUDGE * 1j
    return numbers


def derivatives(lines, root):
    """d(root)/d(v) for every Value v of the program."""
    return {name: derivative(lines, root, name) for name in evaluate(lines)}


def derivative(lines, root, name):
    return complex(evaluate(lines, ON_COMPLEX, name)[root]).imag / NUDGE


def history(lines, root):
    """The names of root and of all that it was made from."""
    made = dict(zip(evaluate(lines), (line for line in lines if line[0] not in COMMANDS), strict=True))
    found, todo = {root}, [root]
    while todo:
        for operand in made[todo.pop()][1:]:
            if isinstance(operand, str) and operand not in found:
                found.add(operand)
                todo.append(operand)
    return found


# ---------------------------------------------------------------- claims


def data_is_exact(learner, *lines):
    """Every number is what Python's floats give, to the last bit, and a plain float."""
    seen = run(learner, *lines)
    for name, expected in evaluate(lines).items():
        check.equal(seen["data"][name], expected, what=f"{name}.data")


def data_is_close(learner, *lines, scale=None):
    seen = run(learner, *lines)
    for name, expected in evaluate(lines).items():
        check.close(seen["data"][name], expected, what=f"{name}.data", scale=scale)


def data_stays(seen, lines):
    """After operations and commands, every number of a program is what the operation made it."""
    for name, number in evaluate(lines).items():
        check.close(seen["data"][name], number, what=f"{name}.data", rtol=LONG, scale=max(1.0, abs(number)))


def set_grads(names, number=7.0):
    return [("set", f"{name}.grad", number) for name in names]


def gradients_are(seen, expected, rtol=None):
    """Compare from the last Value to the first: the first that is wrong is where the way back goes astray."""
    scale = max(1.0, *(abs(number) for number in expected.values()))
    for name in reversed(expected):
        check.close(seen["grad"][name], expected[name], what=f"{name}.grad", rtol=rtol, scale=scale)


def gradients_hold(learner, *lines, rtol=None):
    """backward() of the last Value gives every Value of the program its derivative."""
    root = f"x{len(evaluate(lines)) - 1}"
    gradients_are(run(learner, *lines, ("backward", root)), derivatives(lines, root), rtol)


# ---------------------------------------------------------------- the inputs


def around(number):
    """Tenths on both sides of a number, which is also the simplest of them: a smallest example is no row of zeros."""
    return st.integers(-40, 40).map(lambda tenths: (10 * number + tenths) / 10)


FIRST, SECOND, THIRD = 2, -3, 1.5
numbers, others = around(FIRST), around(SECOND)
nonzero = around(FIRST).filter(lambda x: abs(x) >= 0.3)
nonzeros = around(SECOND).filter(lambda x: abs(x) >= 0.3)
positive = around(FIRST).filter(lambda x: x >= 0.3)
# An upstream gradient that is not 1: the operation under test is multiplied by it afterwards.
factors = st.sampled_from([2.5, -1.5, 0.75, -3.0])
constants = st.one_of(st.sampled_from([5, -1, 0, 3, 1, -4]), numbers)
exponents = st.sampled_from([2, 3, -1, -2, 1, 0, 4, -3.0, 2.0])
fractions = st.sampled_from([0.5, 1.5, -0.5, -2.5])

UNARY = ["neg", "relu", "exp", "log", "tanh"]


@st.composite
def programs(draw, most=8):
    """A random program: every line uses Values made before it, and no number lies near a kink, a pole or an edge."""
    lines = [("Value", draw(around(start))) for start in (FIRST, SECOND, THIRD)[: draw(st.integers(1, 3))]]
    for _ in range(draw(st.integers(2, most))):
        known = list(evaluate(lines))
        # A recent one first, so that programs become deep; any at all as the second.
        line = draw_line(draw, draw(st.sampled_from(known[:-4:-1])), draw(st.sampled_from(known[::-1])))
        if is_ordinary([*lines, line]):
            lines.append(line)
    assume(lines[-1][0] != "Value")
    return lines


def draw_line(draw, first, other):
    op = draw(st.sampled_from([*ARITHMETIC, *UNARY]))
    if op in UNARY:
        return (op, first)
    if op == "**":
        return (op, first, draw(st.one_of(exponents, fractions)))
    form = draw(st.integers(0, 5))
    if form == 4:
        return (op, first, draw(constants))
    return (op, draw(constants), first) if form == 5 else (op, first, other)


def is_ordinary(lines):
    """Is the last line far from kinks, poles and the edge of a domain, and its number of ordinary size?"""
    before = evaluate(lines[:-1])
    op, *rest = lines[-1]
    operands = [before[x] if isinstance(x, str) else float(x) for x in rest]
    a, b = operands[0], operands[-1]
    allowed = {
        "/": abs(b) >= 0.3,
        "**": abs(a) >= 0.3 and (a > 0 or b == int(b)),
        "relu": abs(a) >= 0.01,
        "exp": a <= 4,
        "log": a >= 0.3,
    }
    return allowed.get(op, True) and abs(ON_FLOATS[op](*operands)) <= 50


# ---------------------------------------------------------------- a Value


@few
@given(constants)
def test_value_keeps_the_number(learner, number):
    """Value(number) keeps the number as a float, and its grad is 0.0."""
    seen = run(learner, ("Value", number))
    check.equal(seen["data"]["x0"], float(number), what="x0.data")
    check.equal(seen["grad"]["x0"], 0.0, what="x0.grad")


@few
@given(numbers)
def test_equal_only_to_itself(learner, number):
    """Two Values of the same number are two Values: not equal, and two members of a set."""
    shown = f"a, b = Value({number}), Value({number}); a == b; a == a; len({{a, b}})"
    seen = learner.probe("identity", number, shown=shown)
    check.that(not seen["a == b"], f"a == b is True for two Values of {number}")
    check.that(seen["a == a"], "a == a is False")
    check.that(seen["members"] == 2, f"the set {{a, b}} has {seen['members']} member")


# ---------------------------------------------------------------- forward


@few
@given(numbers, others, constants)
def test_add(learner, x, y, c):
    """x + y, and x + c and c + x with a plain number c, are exactly what floats give."""
    data_is_exact(learner, ("Value", x), ("Value", y), ("+", "x0", "x1"), ("+", "x0", c), ("+", c, "x0"))


@few
@given(numbers, others, constants)
def test_mul(learner, x, y, c):
    """x · y, and x · c and c · x with a plain number c, are exactly what floats give."""
    data_is_exact(learner, ("Value", x), ("Value", y), ("*", "x0", "x1"), ("*", "x0", c), ("*", c, "x0"))


@few
@given(numbers, others, constants)
def test_neg_and_sub(learner, x, y, c):
    """−x, x − y, x − c and c − x are exactly what floats give."""
    data_is_exact(learner, ("Value", x), ("Value", y), ("neg", "x0"), ("-", "x0", "x1"), ("-", "x0", c), ("-", c, "x0"))


@given(st.one_of(st.tuples(nonzero, exponents), st.tuples(positive, fractions)))
@example((4.0, 0.5))
@example((-2.0, -3))
@example((0.0, 0.5))
def test_pow(learner, case):
    """x ** n is exactly Python's data ** n, for n of either sign, whole or not, and for a negative x and a whole n."""
    data_is_exact(learner, ("Value", case[0]), ("**", "x0", case[1]))


@few
@given(positive, nonzero)
def test_pow_of_a_value_exponent(learner, x, n):
    """A Value as exponent raises TypeError."""
    with check.raises("TypeError"):
        run(learner, ("Value", x), ("Value", n), ("**", "x0", "x1"))


@few
@given(positive, fractions)
def test_pow_that_is_not_real(learner, x, n):
    """A negative base with an exponent that is not a whole number raises ValueError."""
    with check.raises("ValueError"):
        run(learner, ("Value", -x), ("**", "x0", n))


@given(numbers, nonzeros, nonzero)
@example(6.0, 10.0, 3.0)
@example(7.0, 3.0, 10.0)
def test_div(learner, x, y, c):
    """x / y, x / c and c / x are exactly the product with the power −1."""
    data_is_exact(learner, ("Value", x), ("Value", y), ("/", "x0", "x1"), ("/", "x0", c), ("/", c, "x1"))


@few
@given(
    nonzero, st.sampled_from([("**", "x0", -1), ("**", "x0", -2.0), ("/", "x1", "x0"), ("/", 3, "x0"), ("/", "x1", 0)])
)
def test_division_by_zero(learner, x, line):
    """Dividing by zero, or raising zero to a negative power, raises ZeroDivisionError."""
    with check.raises("ZeroDivisionError", "ValueError"):
        run(learner, ("Value", 0.0), ("Value", x), line)


@few
@given(numbers)
@example(0.0)
def test_relu(learner, x):
    """relu is x where x is positive, else 0."""
    data_is_exact(learner, ("Value", x), ("relu", "x0"))


@few
@given(numbers)
def test_exp(learner, x):
    """exp is e to the power x."""
    data_is_close(learner, ("Value", x), ("exp", "x0"))


@few
@given(positive)
def test_log(learner, x):
    """log is the natural logarithm."""
    data_is_close(learner, ("Value", x), ("log", "x0"), scale=1.0)


@few
@given(st.sampled_from([("exp", 1000.0, "OverflowError"), *(("log", x, "ValueError") for x in (0.0, -0.5, -3.0))]))
def test_exp_and_log_out_of_range(learner, case):
    """exp of 1,000 raises OverflowError, log of zero or a negative number raises ValueError."""
    op, x, error = case
    with check.raises(error):
        run(learner, ("Value", x), (op, "x0"))


@given(st.one_of(numbers, st.sampled_from([-1e4, -800.0, 800.0, 1e4])))
@example(1e4)
@example(-1e4)
def test_tanh(learner, x):
    """tanh is the hyperbolic tangent, for numbers up to ±10,000 too."""
    data_is_close(learner, ("Value", x), ("tanh", "x0"), scale=1.0)


@given(programs())
def test_operations_make_new_values(learner, lines):
    """Every operation makes a new Value, whose grad is 0.0; its operands keep their data and the grad they have."""
    *earlier, last = evaluate(lines)
    steps = [step for pair in zip(lines, set_grads(earlier), strict=False) for step in pair]
    seen = run(learner, *steps, lines[-1])
    for one, other in seen["same"]:
        check.fail(f"{one} and {other} are one and the same object, expected two")
    data_stays(seen, lines)
    for name in earlier:
        check.close(seen["grad"][name], 7.0, what=f"{name}.grad")
    check.close(seen["grad"][last], 0.0, what=f"{last}.grad before any backward()")


# ---------------------------------------------------------------- backward, one operation at a time


@few
@given(nonzero)
def test_backward_of_a_leaf(learner, x):
    """backward() of a leaf makes its own grad 1.0: d(x)/d(x)."""
    check.equal(run(learner, ("Value", x), ("backward", "x0"))["grad"]["x0"], 1.0, what="x0.grad")


@given(numbers, others, factors)
def test_backward_mul(learner, x, y, c):
    """Both gradients of x · y are right."""
    gradients_hold(learner, ("Value", x), ("Value", y), ("*", "x0", "x1"))
    gradients_hold(learner, ("Value", x), ("Value", y), ("*", "x0", "x1"), ("*", "x2", c))


@given(numbers, others, factors)
def test_backward_add_sub_neg(learner, x, y, c):
    """The gradients of x + y, x − y and −x are right, whatever the upstream gradient."""
    for line in (("+", "x0", "x1"), ("-", "x0", "x1"), ("neg", "x0")):
        gradients_hold(learner, ("Value", x), ("Value", y), line, ("*", "x2", c))


@given(st.one_of(st.tuples(nonzero, exponents), st.tuples(positive, fractions)), factors)
def test_backward_pow(learner, case, c):
    """The gradient of x ** n is right, for n of either sign, whole or not, and for a negative x and a whole n."""
    gradients_hold(learner, ("Value", case[0]), ("**", "x0", case[1]), ("*", "x1", c))


@few
@given(st.sampled_from([0, 1, 2, 3, 0.0, 2.0]))
@example(0)
def test_backward_pow_at_zero(learner, n):
    """The gradient of x ** n at x = 0 is right, for n = 0 too."""
    gradients_hold(learner, ("Value", 0.0), ("**", "x0", n))


@given(numbers, nonzeros, factors)
def test_backward_div(learner, x, y, c):
    """Both gradients of x / y are right, whatever the upstream gradient."""
    gradients_hold(learner, ("Value", x), ("Value", y), ("/", "x0", "x1"), ("*", "x2", c))


@given(nonzero, nonzeros, st.sampled_from(["+", "-", "*", "/"]), st.booleans(), factors)
@example(1.5, 2.5, "/", True, 0.5)
@example(1.5, 2.5, "-", True, 0.5)
@example(1.5, 2.5, "*", True, 0.5)
@example(1.5, 2.5, "+", True, 0.5)
def test_backward_with_constants(learner, x, c, op, left, factor):
    """The gradient is right where a plain number takes part, on either side of + − · /."""
    c = int(c) if c == int(c) else c
    line = (op, c, "x0") if left else (op, "x0", c)
    gradients_hold(learner, ("Value", x), line, ("*", "x1", factor))


@given(numbers, factors)
@example(-1.5, 2.5)
@example(1.5, -3.0)
@example(0.0, 2.5)
def test_backward_relu(learner, x, c):
    """The gradient passes relu where x is positive, and stops where x is negative or exactly 0."""
    gradients_hold(learner, ("Value", x), ("relu", "x0"), ("*", "x1", c))


@settings(max_examples=30)
@given(
    st.one_of(st.tuples(st.sampled_from(["exp", "tanh"]), numbers), st.tuples(st.just("log"), positive)),
    factors,
)
@example(("exp", -800.0), 2.5)
@example(("tanh", 800.0), 2.5)
def test_backward_exp_log_tanh(learner, case, c):
    """The gradients of exp, log and tanh are right, whatever the upstream gradient."""
    op, x = case
    gradients_hold(learner, ("Value", x), (op, "x0"), ("*", "x1", c))


# ---------------------------------------------------------------- backward, whole graphs


@given(nonzero, st.sampled_from(["+", "*"]), factors)
@example(3.0, "+", 2.5)
@example(3.0, "*", 2.5)
def test_backward_of_a_value_used_twice(learner, x, op, c):
    """A Value that is both operands of one operation (x + x, x · x) collects both gradients."""
    gradients_hold(learner, ("Value", x), (op, "x0", "x0"), ("*", "x1", c))


@given(nonzero, st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 7), st.booleans()), min_size=1, max_size=6))
@example(2.0, [("-", 0, False)])
@example(2.0, [("-", 0, True)])
def test_backward_waits_for_the_whole_gradient(learner, x, rungs):
    """A Value that is used by several others hands its gradient on only when all of it has arrived."""
    lines = [("Value", x), ("*", "x0", 0.5), ("*", "x1", 0.5)]
    for op, back, flipped in rungs:
        # The latest with an earlier one, either first: ways of different length lead to the same Value.
        last = len(lines) - 1
        pair = (f"x{last}", f"x{max(last - 1 - back, 0)}")
        line = (op, *(pair[::-1] if flipped else pair))
        if is_ordinary([*lines, line]):
            lines.append(line)
    gradients_hold(learner, *lines, rtol=LONG)


@settings(max_examples=40)
@given(programs())
# What arrives at x1 cancels to 0, and x0 waits for its share of it all the same.
@example([("Value", 2.0), ("neg", "x0"), ("-", "x1", "x1"), ("+", "x2", "x0")])
def test_backward_of_any_program(learner, lines):
    """In a random program of all the operations every Value gets its derivative."""
    gradients_hold(learner, *lines, rtol=LONG)


@few
@given(numbers, st.integers(2, 4), factors)
def test_backward_tells_equal_numbers_apart(learner, x, count, c):
    """Different Values that hold the same number each get their own gradient."""
    lines = [("Value", x)] * count
    # c·x0 + 2c·x1 + 3c·x2 + …
    lines += [("*", f"x{i}", (i + 1) * c) for i in range(count)]
    lines += [("+", f"x{2 * count + i - 1 if i else count}", f"x{count + 1 + i}") for i in range(count - 1)]
    gradients_hold(learner, *lines)


@given(programs(), st.integers(0, 7))
def test_backward_leaves_others_alone(learner, lines, back):
    """backward() of a Value changes no data, and no grad of a Value that it was not made from."""
    names = list(evaluate(lines))
    root = names[max(len(names) - 2 - back, 0)]
    inside = history(lines, root)
    others = [name for name in names if name not in inside]
    seen = run(learner, *lines, *set_grads(others), ("backward", root))
    data_stays(seen, lines)
    for name in others:
        check.close(seen["grad"][name], 7.0, what=f"{name}.grad ({root} was not made from {name})")


# ---------------------------------------------------------------- backward, again and again


@given(programs(most=5), st.integers(2, 3))
@example([("Value", 3.0), ("*", "x0", "x0"), ("*", "x1", 2.0)], 2)
def test_backward_again_adds_the_same_again(learner, lines, times):
    """A further backward() adds the same once more: after two calls, every grad is twice what one call gives."""
    root = f"x{len(evaluate(lines)) - 1}"
    seen = run(learner, *lines, *[("backward", root)] * times)
    gradients_are(seen, {name: times * slope for name, slope in derivatives(lines, root).items()}, LONG)


@few
@given(programs(most=6), st.integers(0, 2), st.booleans())
def test_gradients_of_two_results_add_up(learner, lines, back, earlier_first):
    """backward() of two results that share Values adds their gradients."""
    names = list(evaluate(lines))
    roots = [names[-1], names[max(len(names) - 2 - back, 0)]][:: -1 if earlier_first else 1]
    seen = run(learner, *lines, *(("backward", root) for root in roots))
    one, other = (derivatives(lines, root) for root in roots)
    gradients_are(seen, {name: one[name] + other[name] for name in names}, LONG)


@few
@given(nonzero, nonzeros, st.sampled_from([7.0, -0.5]))
def test_backward_adds_to_what_is_there(learner, x, y, start):
    """backward() adds to a grad that was assigned, and that number has no other effect."""
    lines = [("Value", x), ("Value", y), ("*", "x0", "x1"), ("*", "x2", 2.0)]
    seen = run(learner, *lines, *set_grads(evaluate(lines), start), ("backward", "x3"))
    gradients_are(seen, {name: start + slope for name, slope in derivatives(lines, "x3").items()})


# ---------------------------------------------------------------- backward, at length


WALKS = {"backward": "y.backward()", "zero_grad": "zero_grad(y)"}


@settings(max_examples=2)
@given(st.booleans())
def test_backward_of_a_long_chain(learner, left):
    """backward() works through 5,000 operations in a row, without moving Python's recursion limit."""
    seen = long_chain(learner, left, "y.backward()", zero=False)
    check.close(seen["root"], 1.0, what="y.grad")
    check.close(seen["grad"], 5001.0, what="x.grad")


def long_chain(learner, left, calls, *, zero):
    step = "y = y + x" if left else "y = x + y"
    shown = f"x = y = Value(0.5); for _ in range(5000): {step}; {calls}"
    seen = learner.probe("chain", left, 5000, zero, shown=shown)
    check.that(not seen["recursion"], "RecursionError: a function calls itself once for every operation in the row")
    check.that(not seen["limit"], "the recursion limit was moved; the next chain is longer than any limit")
    return seen


# ---------------------------------------------------------------- zero_grad


@given(programs(most=6), st.integers(0, 7), st.integers(0, 9))
@example([("Value", -1.5), ("relu", "x0")], 0, 1)
@example([("Value", 2.0), ("**", "x0", 0)], 0, 1)
def test_zero_grad(learner, lines, back, bare):
    """zero_grad(root) sets grad to 0.0 for root and all that it was made from; other grads and all data stay."""
    names = list(evaluate(lines))
    root = names[max(len(names) - 1 - back, 0)]
    inside = history(lines, root)
    # One grad is 0 already, perhaps in the middle: what lies below it has to be cleared all the same.
    set_to = {name: 0.0 if place == bare % len(names) else 7.0 for place, name in enumerate(names)}
    commands = [("set", f"{name}.grad", number) for name, number in set_to.items() if number]
    seen = run(learner, *lines, *commands, ("zero_grad", root))
    data_stays(seen, lines)
    for name in reversed(names):
        if name in inside:
            check.equal(seen["grad"][name], 0.0, what=f"{name}.grad")
        else:
            check.close(seen["grad"][name], set_to[name], what=f"{name}.grad ({root} was not made from {name})")


def test_zero_grad_of_a_long_chain(learner):
    """zero_grad works through 5,000 operations in a row."""
    seen = long_chain(learner, True, "y.backward(); zero_grad(y)", zero=True)
    check.equal(seen["root"], 0.0, what="y.grad")
    check.equal(seen["grad"], 0.0, what="x.grad")


def test_walks_visit_each_operation_once(learner):
    """The work grows with the operations, not with the paths through them: 64 doublings have 2⁶⁴ paths."""
    # Whoever walks every path writes 2¹² times here; that shows at once, where 64 doublings would never end.
    for call, last in WALKS.items():
        shown = f"x = y = Value(0.5); for _ in range(12): y = y + y; {last}"
        over = learner.probe("work", call, True, 12, 240, shown=shown)
        check.that(not over["writes"], "grad is written more than 240 times for 12 operations, expected once for each")
    doublings = [("+", f"x{i}", f"x{i}") for i in range(64)]
    shown = "x = y = Value(0.5); for _ in range(64): y = y + y; y.backward()"
    seen = run(learner, ("Value", 0.5), *doublings, ("backward", "x64"), shown=shown)
    check.close(seen["grad"]["x0"], 2.0**64, what="x.grad")


def test_walks_remember_without_searching(learner):
    """backward() and zero_grad don't search through all the Values they have seen for each one that they meet."""
    for call, last in WALKS.items():
        shown = f"x = y = Value(0.5); for _ in range(400): y = y + x; {last}"
        over = learner.probe("work", call, False, 400, 4000, shown=shown)
        check.that(
            not over["comparisons"], "more than 4,000 comparisons of Values for 400 operations, expected a few each"
        )


@few
@given(nonzero, nonzeros)
def test_training_steps(learner, x, moved):
    """Two steps of training: after zero_grad and with new data, a new graph gets its own gradient."""
    lines = [("Value", x), ("*", "x0", "x0"), ("backward", "x1"), ("zero_grad", "x1")]
    lines += [("set", "x0.data", moved), ("*", "x0", "x0"), ("tanh", "x2"), ("backward", "x3")]
    seen = run(learner, *lines)
    check.close(seen["data"]["x3"], math.tanh(moved * moved), what="x3.data")
    again = [("Value", moved), ("*", "x0", "x0"), ("tanh", "x1")]
    check.close(seen["grad"]["x0"], derivative(again, "x2", "x0"), what="x0.grad", scale=1.0)
    check.close(seen["grad"]["x1"], 0.0, what="x1.grad")
