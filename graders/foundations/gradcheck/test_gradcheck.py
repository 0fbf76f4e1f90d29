"""The hidden grader of F.2. Every function is a polynomial with a hinge: its central difference is known exactly."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided
from course.grading.wire import Record

EPS, RTOL, FLOOR = 1e-6, 1e-5, 1e-4

# A measured slope is off by |f|·1e-16 / eps, here below 1e-7, so a relative error is known to about 1e-6.
KNOWN_TO = 1e-6


# ---------------------------------------------------------------- the functions, and what measuring them must give


@dataclass(frozen=True)
class Recipe:
    """f(x) = cubic·Σx³ + linear·Σx + mixed·(Σx)² + hinge·Σmax(x, 0): all that a probe needs to make it over there."""

    cubic: float = 0.0
    linear: float = 0.0
    mixed: float = 0.0
    hinge: float = 0.0

    def slope(self, x):
        """The gradient, by the rules of calculus; away from the kink of the hinge."""
        return 3 * self.cubic * x**2 + self.linear + 2 * self.mixed * np.sum(x) + self.hinge * (x > 0)

    def difference(self, x, eps):
        """The central difference along every element, cancelled on paper: no near-equal numbers are subtracted."""
        ramp = (np.maximum(x + eps, 0) - np.maximum(x - eps, 0)) / (2 * eps)
        smooth = self.cubic * (3 * x**2 + eps**2) + self.linear + 2 * self.mixed * np.sum(x)
        return smooth + self.hinge * ramp

    def rounding(self, x, eps):
        """The size of f's terms, divided by eps: a measured slope may be off by the last bits of that."""
        size = np.abs(x) + eps
        total = float(np.sum(size))
        terms = (
            abs(self.cubic) * float(np.sum(size**3))
            + (abs(self.linear) + abs(self.hinge)) * total
            + abs(self.mixed) * total**2
        )
        return max(terms, 1e-300) / eps

    def times(self, factor):
        return Recipe(*(factor * value for value in vars(self).values()))

    def plain(self):
        return {name: value for name, value in vars(self).items() if value}

    def __str__(self):
        forms = {
            "cubic": "np.sum(x**3)",
            "linear": "np.sum(x)",
            "mixed": "np.sum(x)**2",
            "hinge": "np.sum(np.maximum(x, 0))",
        }
        terms = [factor(value) + forms[name] for name, value in self.plain().items()]
        return f"lambda x: {' + '.join(terms) or '0.0'}".replace("+ -", "- ")


def factor(value):
    return {1.0: "", -1.0: "-"}.get(value, f"{number(value)}*")


def number(value):
    return f"{value:.6g}" if np.isfinite(value) else f"np.{value}"


def at(x):
    """x as the float64 array that f must be given."""
    return np.asarray(x, dtype=np.float64)


# ---------------------------------------------------------------- calling


def measured(learner, name, recipe, x, *args, **options):
    """Call central_difference or numerical_gradient over there."""
    shown = call(name, str(recipe), *map(show_value, (x, *args)), **options)
    return learner.probe("measured", name, recipe.plain(), x, *args, shown=shown, **options)


def left(learner, name, recipe, x, *args, **options):
    """The same, worded so that one can look at x afterwards."""
    shown = f"x = {show_value(x)}\n{call(name, str(recipe), 'x', *map(show_value, args), **options)}"
    return learner.probe("measured", name, recipe.plain(), x, *args, shown=shown, **options)


def checked(learner, recipe, gradient, x, **options):
    """Call gradcheck over there; `gradient` is what grad_f claims."""
    shown = call("gradcheck", str(recipe), f"lambda x: {show_value(gradient)}", show_value(x), **options)
    return learner.probe("checked", recipe.plain(), gradient, x, shown=shown, **options)


def call(name, *parts, fails_at=None, grad_fails=False, **options):
    """The call as the learner would type it, with a remark if one of the functions was told to raise."""
    text = f"{name}({', '.join([*parts, *(f'{key}={value}' for key, value in options.items())])})"
    if fails_at is not None:
        text += f"  # f raises the {('first', 'second', 'third', 'fourth')[fails_at]} time"
    return f"{text}  # grad_f raises" if grad_fails else text


def unchanged(seen, x):
    """Claim that x came back with every bit as it was."""
    after, before = np.ravel(seen["x"]), np.ravel(x)
    changed = [k for k in range(before.size) if after[k].tobytes() != before[k].tobytes()]
    if changed:
        k = changed[0]
        place = ", ".join(str(int(side)) for side in np.unravel_index(k, np.shape(x)))
        name = f"x[{place}]" if place else "x"
        check.fail(f"{name} is {after[k]!s} afterwards, was {before[k]!s}", "every bit of x must be as it was")


def came_out(seen, who="f"):
    check.that(seen["raised"], f"{who} raised, and the error did not come out")


def moved(point, x, who="f"):
    """How far the point that a function was given lies from x; claims that it is float64 and has the shape of x."""
    point = check.number_array(point, f"what {who} was given")
    check.that(
        point.shape == np.shape(x), f"{who} was given shape {point.shape}, expected the shape of x, {np.shape(x)}"
    )
    check.that(point.dtype == np.float64, f"{who} was given dtype {point.dtype}, expected float64")
    return point - at(x)


def single(value, what):
    """One number, as a float."""
    value = check.number_array(value, what)
    check.that(
        value.shape == () and value.dtype.kind in "iuf", f"{what} is {check.describe(value)}, expected one real number"
    )
    return float(value)


def result(seen):
    """The three answers of gradcheck, whatever class of the learner's holds them."""
    got = seen["result"]
    names = ("ok", "max_rel_err", "worst_index")
    if not isinstance(got, Record) or not all(hasattr(got, name) for name in names):
        check.fail(f"gradcheck returned {check.describe(got)}, expected a GradCheckResult")
    if not isinstance(got.ok, bool | np.bool_):
        check.fail(f"ok is {check.describe(got.ok)}, expected True or False")
    return SimpleNamespace(
        ok=bool(got.ok), max_rel_err=single(got.max_rel_err, "max_rel_err"), worst_index=got.worst_index
    )


def errors(claimed, numeric):
    """The stub's definition, one element at a time."""
    found = np.zeros(np.shape(numeric))
    for index in np.ndindex(found.shape):
        a, n = float(np.asarray(claimed)[index]), float(np.asarray(numeric)[index])
        finite = np.isfinite(a) and np.isfinite(n)
        found[index] = abs(a - n) / max(abs(a), abs(n), FLOOR) if finite else np.inf
    return found


def report_is(seen, claimed, numeric, *, rtol=RTOL, place=True):
    """Claim that the result is the one that this claim and these measurements give."""
    error = errors(claimed, numeric)
    worst = tuple(int(side) for side in np.unravel_index(int(np.argmax(error)), error.shape))
    fine = bool(error[worst] <= rtol)
    got = result(seen)
    said = f"claimed {number(np.asarray(claimed)[worst])} at {worst}, measured {number(np.asarray(numeric)[worst])}"
    check.that(
        got.ok == fine,
        f"ok is {got.ok}, expected {fine}",
        f"{said}: a relative error of {error[worst]:.3g}, rtol {rtol:g}",
    )
    try:
        check.close(got.max_rel_err, error[worst], what="max_rel_err", rtol=KNOWN_TO, scale=1.0)
    except check.Mismatch as wrong:
        check.fail(wrong.failure.summary, f"worst element: {said}", *wrong.failure.detail)
    if place:
        check.equal(got.worst_index, worst, what="worst_index")


def accepted(seen, rtol=RTOL):
    """Claim that a right gradient passes."""
    got = result(seen)
    check.that(
        got.ok,
        f"ok is {got.ok} for a right gradient",
        f"max_rel_err {number(got.max_rel_err)} at {got.worst_index}, rtol {rtol:g}",
    )
    fine = 0 <= got.max_rel_err <= rtol
    check.that(fine, f"max_rel_err is {number(got.max_rel_err)} though ok is True and rtol is {rtol:g}")


# ---------------------------------------------------------------- the inputs

# Drawing is dear: a shape and a generator are drawn, everything else comes from the generator.
RNGS = rngs()
ONE_AXIS = [(1,), (2,), (3,), (5,)]
MORE_AXES = [(1, 1), (2, 2), (2, 3), (3, 2), (4, 1), (1, 3), (2, 1, 3), (3, 2, 2)]
SOME_AXES = st.sampled_from(ONE_AXIS + MORE_AXES)
ANY_SHAPE = st.sampled_from([(), *ONE_AXIS, *MORE_AXES])

# None is the default eps.
STEPS = st.sampled_from([0.5, 1.0, 0.25, None, None])


@st.composite
def cases(draw, of=ANY_SHAPE):
    """A function, a point x of any shape and one element of it.

    The function is not even and not linear, and its slope in one element depends on the others; one in five, and what
    a failure shrinks to, is Σx³. Mostly x is not contiguous, and half of the time its digits go to the last bit.
    """
    rng, shape, simple = draw(RNGS), draw(of), draw(st.integers(0, 4)) == 0
    cubic, linear, mixed = np.round(rng.uniform(0.3, 1.5, 3) * rng.choice([-1.0, 1.0], 3), 1).tolist()
    if simple:
        cubic, linear, mixed = 1.0, 0.0, 0.0
    x = normal(rng, shape, decimals=1 if rng.integers(2) else 14)
    i = tuple(int(rng.integers(side)) for side in shape)
    return SimpleNamespace(recipe=Recipe(cubic, linear, mixed), x=strided(x) if rng.integers(3) else x, i=i, rng=rng)


@st.composite
def slopes(draw, of=SOME_AXES):
    """A case and its gradient, no element of which is near zero, so that relative errors are well known."""
    case = draw(cases(of))
    slope = case.recipe.slope(case.x)
    if np.min(np.abs(slope)) < 0.3:
        lift = float(np.round(0.5 + np.max(np.abs(slope)), 2))
        case.recipe = replace(case.recipe, linear=case.recipe.linear + lift)
    case.slope = np.round(case.recipe.slope(case.x), 9)
    return case


@st.composite
def fragile(draw, of=ANY_SHAPE):
    """A case with elements of very different sizes: adding eps to one and taking it off again loses its last digits."""
    case = draw(cases(of))
    case.x = strided(case.x * 10.0 ** case.rng.integers(-9, 3, case.x.shape))
    return case


@st.composite
def other_numbers(draw):
    """A case whose x is not a float64 array: ints, float32, a plain number."""
    kind, case = draw(st.sampled_from(["int64", "int32", "float32", "int", "float"])), draw(cases())
    if kind in ("int", "float"):
        case.x, case.i = {"int": int, "float": float}[kind](case.rng.integers(-3, 4)), ()
    else:
        x = normal(case.rng, case.x.shape) if kind == "float32" else case.rng.integers(-3, 4, case.x.shape)
        case.x = np.asarray(x).astype(kind)
    return case


def option(eps):
    return {} if eps is None else {"eps": eps}


# ---------------------------------------------------------------- central_difference


@given(cases(), STEPS)
def test_difference_is_its_definition(learner, case, eps):
    """central_difference is (f(x + eps) − f(x − eps)) / (2·eps) along the element x[i], for any shape and any eps."""
    step = eps or EPS
    seen = measured(learner, "central_difference", case.recipe, case.x, case.i, **option(eps))
    expected = case.recipe.difference(case.x, step)[case.i]
    check.close(seen["value"], expected, what="central_difference", scale=case.recipe.rounding(case.x, step))


@given(cases(st.sampled_from([(), *ONE_AXIS])), st.sampled_from([0.5, 1.0, 2.0]))
def test_halving_eps_quarters_the_error(learner, case, eps):
    """On a cubic, half the eps leaves a quarter of the error: it falls with eps²."""
    error = []
    for step in (eps, eps / 2):
        seen = measured(learner, "central_difference", case.recipe, case.x, case.i, eps=step)
        error.append(single(seen["value"], "central_difference") - float(case.recipe.slope(case.x)[case.i]))
    shown = f"error {number(error[0])} with eps={eps:g}, {number(error[1])} with eps={eps / 2:g}"
    check.that(error[1] != 0, "there is no error at all, though a cubic must show one", shown)
    ratio = error[0] / error[1]
    check.that(abs(ratio - 4) < 1e-6, f"halving eps divided the error by {number(ratio)}, expected 4", shown)


@given(cases(), STEPS)
def test_f_is_asked_on_both_sides(learner, case, eps):
    """f is called exactly twice: with x[i] + eps and with x[i] − eps, all other elements as they are."""
    seen = measured(learner, "central_difference", case.recipe, case.x, case.i, **option(eps))
    moves = [moved(point, case.x) for point in seen["asked"]]
    check.that(len(moves) == 2, f"f was called {len(moves)} times, expected 2")
    for move in moves:
        one_step(move, case.x, case.i, eps or EPS)
    above = [bool(move[case.i] > 0) for move in moves]
    check.that(
        above[0] != above[1], f"both calls of f were {'above' if above[0] else 'below'} x, expected one on each side"
    )


def one_step(move, x, i, step):
    others = np.ones(np.shape(x), dtype=bool)
    others[i] = False
    check.that(not np.any(move[others]), "f was asked at a point where an element other than x[i] was moved")
    distance = abs(float(move[i]))
    # x ± eps can be off by the last bits of x, no more.
    as_told = abs(distance - step) <= 4 * np.spacing(abs(float(np.asarray(x)[i])) + step)
    place = f"x[{', '.join(str(int(side)) for side in i)}]" if i else "x"
    check.that(as_told, f"f was asked {number(distance)} away from {place}, expected eps = {number(step)}")


@given(cases(st.sampled_from(ONE_AXIS)), st.sampled_from(["plain", "from the end", "tuple"]))
def test_index_forms(learner, case, form):
    """i counts as in x[i]: for one axis the int alone will do, also counted from the end."""
    (k,) = case.i
    i = {"plain": k, "from the end": k - case.x.size, "tuple": (k,)}[form]
    seen = measured(learner, "central_difference", case.recipe, case.x, i, eps=0.25)
    expected = case.recipe.difference(case.x, 0.25)[k]
    check.close(seen["value"], expected, what="central_difference", scale=case.recipe.rounding(case.x, 0.25))


NO_SINGLE_ELEMENT = [((3,), 3), ((3,), (0, 0)), ((2, 3), 1), ((2, 3), (1,)), ((2, 3), (2, 0)), ((1, 2), 0), ((), 0)]


@given(st.sampled_from(NO_SINGLE_ELEMENT))
def test_index_of_no_single_element(learner, case):
    """central_difference raises IndexError if i is out of range or does not pick exactly one element."""
    shape, i = case
    with check.raises("IndexError"):
        measured(learner, "central_difference", Recipe(linear=1.0), np.full(shape, 0.5), i)


@given(st.sampled_from([0.0, -1e-6, -1.0]))
def test_eps_must_be_positive(learner, eps):
    """central_difference raises ValueError for an eps that is zero or negative."""
    with check.raises("ValueError"):
        measured(learner, "central_difference", Recipe(linear=1.0), np.array([0.5, 1.0]), 1, eps=eps)


@given(other_numbers())
def test_difference_casts(learner, case):
    """For an x of ints, of float32 or a plain number, f is given float64 and the slope is as exact as ever."""
    seen = measured(learner, "central_difference", case.recipe, case.x, case.i)
    for point in seen["asked"]:
        moved(point, case.x)
    expected = case.recipe.difference(at(case.x), EPS)[case.i]
    check.close(seen["value"], expected, what="central_difference", scale=case.recipe.rounding(at(case.x), EPS))


def test_difference_of_the_identity(learner):
    """f may return the very array it was given: the slope of f(x) = x at a single number is 1."""
    shown = "central_difference(lambda x: x, np.array(2.), (), eps=0.5)"
    seen = learner.probe("measured", "central_difference", {"echo": True}, np.array(2.0), (), eps=0.5, shown=shown)
    check.close(seen["value"], 1.0, what="central_difference")


@given(fragile())
def test_difference_leaves_x(learner, case):
    """central_difference leaves x as it was, to the last bit."""
    unchanged(left(learner, "central_difference", case.recipe, case.x, case.i), case.x)


@given(fragile(), st.integers(0, 1))
def test_difference_leaves_x_when_f_raises(learner, case, fails_at):
    """If f raises, the error comes out of central_difference, and x is as it was."""
    seen = left(learner, "central_difference", case.recipe, case.x, case.i, fails_at=fails_at)
    came_out(seen)
    unchanged(seen, case.x)


# ---------------------------------------------------------------- numerical_gradient


@given(cases(), STEPS)
def test_gradient_is_every_difference(learner, case, eps):
    """numerical_gradient is the central difference of every element, in the shape of x, for any eps."""
    step = eps or EPS
    seen = measured(learner, "numerical_gradient", case.recipe, case.x, **option(eps))
    expected = case.recipe.difference(case.x, step)
    check.close(seen["value"], expected, what="numerical_gradient", scale=case.recipe.rounding(case.x, step))


@given(cases(), STEPS)
def test_gradient_asks_twice_an_element(learner, case, eps):
    """f is called exactly twice for each element, each time with that element eps away from x and all others at x."""
    x = case.x
    seen = measured(learner, "numerical_gradient", case.recipe, x, **option(eps))
    moves = [moved(point, x) for point in seen["asked"]]
    check.that(
        len(moves) == 2 * x.size, f"f was called {len(moves)} times for {x.size} elements, expected {2 * x.size}"
    )
    places = [np.flatnonzero(move) for move in moves]
    for move, place in zip(moves, places, strict=True):
        check.that(len(place) == 1, f"f was asked at a point that differs from x in {len(place)} elements, expected 1")
        one_step(move, x, np.unravel_index(place[0], move.shape), eps or EPS)
    counts = np.bincount(np.concatenate(places), minlength=x.size)
    lacking = int(np.argmax(counts != 2))
    check.that(np.all(counts == 2), f"f was asked {counts[lacking]} times along element {lacking}, expected 2")


@given(other_numbers())
def test_gradient_casts(learner, case):
    """Whatever dtype x has, the gradient is float64 and exact."""
    seen = measured(learner, "numerical_gradient", case.recipe, case.x)
    x = at(case.x)
    check.close(
        seen["value"], case.recipe.difference(x, EPS), what="numerical_gradient", scale=case.recipe.rounding(x, EPS)
    )


@given(st.sampled_from([(0,), (0, 3), (2, 0)]))
def test_gradient_of_nothing(learner, shape):
    """The gradient of an x without elements has no elements, and the shape of x."""
    seen = measured(learner, "numerical_gradient", Recipe(linear=1.0), np.zeros(shape))
    check.close(seen["value"], np.zeros(shape), what="numerical_gradient")


@given(fragile(SOME_AXES), st.sampled_from([None, 0, 1, 3]))
def test_gradient_leaves_x(learner, case, fails_at):
    """numerical_gradient leaves x as it was, to the last bit, also if f raises half-way."""
    fails_at = None if fails_at is None or fails_at >= 2 * case.x.size else fails_at
    seen = left(learner, "numerical_gradient", case.recipe, case.x, fails_at=fails_at)
    if fails_at is not None:
        came_out(seen)
    unchanged(seen, case.x)


# ---------------------------------------------------------------- gradcheck


@given(slopes(ANY_SHAPE), st.sampled_from([1.0, -1.0, 1e6, -1e6, 1e-3]))
def test_right_gradient_is_accepted(learner, case, factor):
    """A right gradient is accepted at any size: multiply f and its gradient by a million, or by minus one."""
    accepted(checked(learner, case.recipe.times(factor), factor * case.slope, case.x))


@given(slopes(), st.booleans())
def test_report_of_a_wrong_gradient(learner, case, smallest):
    """max_rel_err is the largest |a − n| / max(|a|, |n|, FLOOR) of any element, and worst_index is its place."""
    off = case.rng.choice([0.0, 0.05, -0.05, 0.1, -0.1], case.x.shape)
    # Often the element that is most wrong relatively is the smallest, so that others are more wrong absolutely.
    worst = np.unravel_index(np.argmin(np.abs(case.slope)), off.shape) if smallest else case.i
    off[worst] = case.rng.choice([0.5, -0.5])
    claimed = np.round(case.slope * (1 + off), 9)
    report_is(checked(learner, case.recipe, claimed, case.x), claimed, case.recipe.difference(case.x, EPS))


@given(slopes(ANY_SHAPE), st.sampled_from([0.0, -1.0, 2.0, 0.5, 1.001]))
def test_wrong_factor_is_rejected(learner, case, factor):
    """A gradient that is wrong by a factor everywhere is rejected: zero, the wrong sign, twice, half, 1.001 times."""
    claimed = factor * case.slope
    report_is(checked(learner, case.recipe, claimed, case.x), claimed, case.recipe.difference(case.x, EPS), place=False)


@given(slopes())
def test_exchanged_elements_are_rejected(learner, case):
    """A gradient with the right numbers in the wrong places is rejected: errors of opposite sign do not cancel."""
    claimed = np.flip(case.slope).copy()
    seen = checked(learner, case.recipe, claimed, case.x)
    if np.max(errors(claimed, case.slope)) > 1e-3:
        report_is(seen, claimed, case.recipe.difference(case.x, EPS), place=False)


@settings(max_examples=6)
@given(st.sampled_from([1e-4, -1e-4, 1e-2, -0.5]), st.integers(0, 3))
def test_one_wrong_element_of_500(learner, off, seed):
    """A gradient that is wrong in one element of 500 is rejected, and the element is named."""
    # A thousand calls of f an example: there must not be many to shrink to.
    rng = np.random.default_rng([seed, 500])
    recipe, x = Recipe(cubic=0.5, linear=1.0), normal(rng, 500)
    claimed = recipe.slope(x)
    claimed[rng.integers(500)] *= 1 + off
    report_is(checked(learner, recipe, claimed, x), claimed, recipe.difference(x, EPS))


@given(slopes(), st.sampled_from([0.01, -0.01, 2.0]))
def test_small_gradients_count_relatively(learner, case, off):
    """An error of one per cent is an error of one per cent, also in a gradient of size 0.001."""
    recipe, claimed = case.recipe.times(1e-3), 1e-3 * case.slope
    claimed[case.i] *= 1 + off
    report_is(checked(learner, recipe, claimed, case.x), claimed, recipe.difference(case.x, EPS))


@settings(max_examples=10)
@given(RNGS, sizes(1, 2), st.integers(1, 20))
def test_floor(learner, rng, size, small):
    """Below FLOOR = 1e-4 an element counts as if it were FLOOR: claiming 0 for a slope of 2e-6 is an error of 0.02."""
    recipe, x = Recipe(linear=small * 1e-6), normal(rng, size)
    claimed = np.zeros(size)
    report_is(checked(learner, recipe, claimed, x), claimed, recipe.difference(x, EPS), place=False)


@settings(max_examples=10)
@given(RNGS, sizes(1, 2))
def test_rounding_at_a_flat_place(learner, rng, size):
    """Where the slope is exactly 0, the rounding left in the measurement is no error."""
    # Σx³ − 3Σx, a tenth of it: flat at ±1 in every element, while f itself is not small.
    x = rng.choice([-1.0, 1.0], size)
    accepted(checked(learner, Recipe(cubic=0.1, linear=-0.3), np.zeros(size), x))


@settings(max_examples=10)
@given(cases(SOME_AXES), st.booleans())
def test_constant_function(learner, case, right):
    """For a constant f a claim of exactly 0 has an error of 0, and a claim of 1 an error of 1."""
    claimed = np.zeros(case.x.shape)
    claimed[case.i] = 0.0 if right else 1.0
    report_is(checked(learner, Recipe(), claimed, case.x), claimed, np.zeros(case.x.shape))


# How far a claim is off, and the rtol: below, at and above it; None is the default.
OFF = [(0.25, 0.2525), (0.25, 0.25), (0.0625, 0.0625), (0.0625, 0.0619), (0.99e-5, None), (1.01e-5, None)]


@settings(max_examples=12)
@given(sizes(1, 2), st.sampled_from(OFF))
def test_ok_compares_with_rtol(learner, size, case):
    """ok says whether max_rel_err is at most the rtol that was given, or 1e-5 if none was."""
    # With these numbers nothing rounds: the measured slope is 1 and the error a power of two, exactly.
    off, rtol = case
    options = {} if rtol is None else {"rtol": rtol}
    x, claimed = np.array([-2.0, 4.0])[:size], np.ones(size)
    claimed[-1] -= off
    seen = checked(learner, Recipe(linear=1.0), claimed, x, eps=0.5, **options)
    report_is(seen, claimed, np.ones(size), **options)


@given(slopes(), st.sampled_from([0.125, 0.5, 1.0]))
def test_gradcheck_hands_eps_on(learner, case, eps):
    """gradcheck measures with the eps that it was given: a large one finds the error of a cubic's true slope."""
    # The claim is what is measured with this eps, except in one element, where it is the true slope.
    numeric = case.recipe.difference(case.x, eps)
    claimed = numeric.copy()
    claimed[case.i] = case.slope[case.i]
    report_is(checked(learner, case.recipe, claimed, case.x, eps=eps), claimed, numeric)


@given(slopes(), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_claims_that_are_no_numbers(learner, case, value):
    """A NaN or an infinity in the claimed gradient is an infinite error, never ok; the first one is named."""
    claimed = case.slope.copy()
    claimed[case.i] = claimed.flat[case.rng.integers(claimed.size)] = value
    report_is(checked(learner, case.recipe, claimed, case.x), claimed, case.recipe.difference(case.x, EPS))


@settings(max_examples=10)
@given(cases(SOME_AXES), st.sampled_from([np.nan, np.inf]), st.sampled_from([np.nan, np.inf, 1.0]))
def test_measurements_that_are_no_numbers(learner, case, value, claim):
    """A function that is NaN or infinite around x is an infinite error, never ok, whatever the claim."""
    claimed = np.full(case.x.shape, claim)
    seen = checked(learner, Recipe(linear=value), claimed, case.x)
    report_is(seen, claimed, np.full(case.x.shape, np.nan))


@given(cases(st.sampled_from(ONE_AXIS)), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, -0.5, 2.0, -2.0]))
def test_kinks_are_reported(learner, case, claim, distance):
    """At a kink, or nearer to it than eps, a claim other than the slope measured across it is reported in its place."""
    eps, recipe = 0.01, Recipe(linear=1.0, hinge=2.0)
    x = np.where(np.abs(case.x) < 0.1, 0.3, case.x)
    x[case.i] = distance * eps
    numeric, claimed = recipe.difference(x, eps), recipe.slope(x)
    claimed[case.i] = 1 + 2 * claim
    somewhere = bool(np.max(errors(claimed, numeric)) > 1e-3)
    report_is(checked(learner, recipe, claimed, x, eps=eps), claimed, numeric, place=somewhere)


WRONG_SHAPES = [
    ((3,), ()), ((3,), (1,)), ((3,), (3, 1)), ((3,), (1, 3)), ((3,), (4,)), ((2, 3), (3,)), ((2, 3), (6,)),
    ((2, 3), (3, 2)), ((2, 3), (2, 1)), ((1, 3), (3,)), ((), (1,)), ((0,), (1,)),
]  # fmt: skip


@given(st.sampled_from(WRONG_SHAPES))
def test_wrong_shape_raises(learner, case):
    """gradcheck raises ValueError if the claimed gradient has not the shape of x, even where NumPy would stretch it."""
    shape, claimed = case
    with check.raises("ValueError"):
        checked(learner, Recipe(linear=1.0), np.ones(claimed), np.full(shape, 0.5))


@given(st.sampled_from([(0,), (0, 3), (2, 0)]))
def test_nothing_to_check(learner, shape):
    """For an x without elements the result is ok, with an error of 0.0 and no worst index."""
    got = result(checked(learner, Recipe(linear=1.0), np.zeros(shape), np.zeros(shape)))
    check.that(got.ok, "ok is False, expected True")
    check.close(got.max_rel_err, 0.0, what="max_rel_err")
    check.equal(got.worst_index, None, what="worst_index")


@given(other_numbers(), st.booleans())
def test_gradcheck_casts(learner, case, right):
    """An x of ints, of float32 or a plain number is checked as exactly as any, and grad_f is given float64 too."""
    numeric = case.recipe.difference(at(case.x), EPS)
    claimed = numeric if right else 1 + numeric + np.abs(numeric)
    if isinstance(case.x, int | float):
        claimed = float(claimed)
    # A slope near 0 leaves few digits of a relative error: a coarse rtol.
    seen = checked(learner, case.recipe, claimed, case.x, rtol=1e-2)
    for who, points in (("grad_f", seen["grad_asked"]), ("f", seen["asked"])):
        for point in points:
            moved(point, case.x, who)
    error = number(np.max(errors(claimed, numeric)))
    got = result(seen)
    check.that(
        got.ok == right, f"ok is {got.ok}, expected {right}", f"the largest relative error is {error}, rtol 0.01"
    )


@given(slopes(ANY_SHAPE))
def test_gradcheck_asks_no_more_than_it_must(learner, case):
    """gradcheck calls f twice for each element, eps = 1e-6 away if none was given, and grad_f once, at x."""
    seen = checked(learner, case.recipe, case.slope, case.x)
    count = 2 * case.x.size
    check.that(
        seen["calls"] == count, f"f was called {seen['calls']} times for {case.x.size} elements, expected {count}"
    )
    check.that(len(seen["grad_asked"]) == 1, f"grad_f was called {len(seen['grad_asked'])} times, expected 1")
    step = float(np.max(np.abs(moved(seen["asked"][0], case.x))))
    as_told = abs(step - EPS) <= 4 * np.spacing(np.max(np.abs(case.x)) + EPS)
    check.that(as_told, f"f was asked {number(step)} away from x, expected eps = {number(EPS)}")
    check.that(not np.any(moved(seen["grad_asked"][0], case.x, "grad_f")), "grad_f was asked at another point than x")


@given(fragile(SOME_AXES), st.sampled_from([None, "f", "grad_f"]))
def test_gradcheck_leaves_x(learner, case, who):
    """gradcheck leaves x as it was, also if f or grad_f raises; what they raise comes out."""
    options = {"fails_at": 1} if who == "f" else {"grad_fails": True} if who else {}
    seen = checked(learner, case.recipe, case.recipe.slope(case.x), case.x, **options)
    if who:
        came_out(seen, who)
    unchanged(seen, case.x)
