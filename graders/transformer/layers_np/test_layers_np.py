"""The hidden grader of 2.1. The oracles are sums of products, one number at a time, and finite differences."""

import math
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, shapes, sizes, strided, upstream

FEW = settings(max_examples=10)
INTEGERS = [np.int64, np.int32, np.int16, np.uint8]


# ---------------------------------------------------------------- the definitions


def linear(x, W, b=None):
    """Every output of every vector, one at a time."""
    y = np.zeros((*x.shape[:-1], len(W)), dtype=x.dtype)
    for place in np.ndindex(y.shape):
        terms = [float(v) * float(w) for v, w in zip(x[place[:-1]], W[place[-1]], strict=True)]
        y[place] = math.fsum([*terms, 0.0 if b is None else float(b[place[-1]])])
    return y


def lookup(ids, E):
    """Every number of every row, one at a time."""
    y = np.zeros((*ids.shape, E.shape[1]), dtype=E.dtype)
    for place in np.ndindex(y.shape):
        y[place] = E[int(ids[place[:-1]]), place[-1]]
    return y


def linear_gradients(x, W, b, dy):
    """The derivative of sum(dy · y), added up term by term."""
    dx, dW, db = (np.zeros(one.shape, dtype=np.float64) for one in (x, W, W[:, 0]))
    for place in np.ndindex(dy.shape):
        g, vector, o = float(dy[place]), place[:-1], place[-1]
        dx[vector] += g * W[o].astype(np.float64)
        dW[o] += g * x[vector].astype(np.float64)
        db[o] += g
    return dx.astype(x.dtype), dW.astype(x.dtype), None if b is None else db.astype(x.dtype)


def table_gradient(ids, E, dy, padding_idx=None):
    """The derivative of sum(dy · y), added up id by id."""
    dE = np.zeros(E.shape, dtype=np.float64)
    for place in np.ndindex(ids.shape):
        if int(ids[place]) != padding_idx:
            dE[int(ids[place])] += dy[place].astype(np.float64)
    return dE.astype(E.dtype)


# ---------------------------------------------------------------- the inputs


@st.composite
def layers(draw, *, leading=(0, 3), biased=(True, False), scales=(1.0,), dtype=np.float64):
    """x with any leading axes, weights (out, in), a bias or none, and an upstream gradient."""
    front, wide, out = draw(shapes(*leading, largest=3)), draw(sizes(1, 4)), draw(sizes(1, 4))
    rng, scale, bias = draw(rngs()), draw(st.sampled_from(scales)), draw(st.sampled_from(biased))
    x, W = normal(rng, (*front, wide), scale=scale), normal(rng, (out, wide))
    b = normal(rng, out, scale=scale) if bias else None
    return layer(x, W, b, upstream(rng, (*front, out)), dtype)


def layer(x, W, b, dy, dtype=np.float64):
    x, W, dy = (one.astype(dtype) for one in (x, W, dy))
    b = None if b is None else b.astype(dtype)
    return SimpleNamespace(x=x, W=W, b=b, dy=dy, args=(x, W) if b is None else (x, W, b))


@st.composite
def tables(draw, *, axes=(0, 3), vocab=(1, 5), integers=INTEGERS, dtype=np.float64, padded=False):
    """Ids of any shape, of a table with few rows, so that some come twice and some never; and an upstream gradient."""
    shape, rng = draw(shapes(*axes, largest=4)), draw(rngs())
    E = normal(rng, (draw(sizes(*vocab)), draw(sizes(1, 3)))).astype(dtype)
    ids = np.asarray(rng.integers(0, len(E), shape), dtype=draw(st.sampled_from(integers)))
    padding_idx = draw(st.integers(0, len(E) - 1)) if padded else None
    if padded and ids.size:
        ids[rng.random(shape) < 0.4] = padding_idx
    dy = upstream(rng, (*shape, E.shape[1])).astype(dtype)
    return SimpleNamespace(
        ids=ids, E=E, dy=dy, padding_idx=padding_idx, args=(ids, E, padding_idx) if padded else (ids, E)
    )


# ---------------------------------------------------------------- what is claimed again and again


def magnitude(*factors, terms=1):
    """How large a sum of products can be: rounding is relative to what is added, not to what is left of it."""
    return max(terms, 1) * math.prod(max(float(np.max(np.abs(one), initial=0.0)), 1.0) for one in factors)


def same_y(got, case):
    y = linear(case.x, case.W, case.b)
    check.close(got, y, what="y", scale=magnitude(case.x, case.W, terms=case.x.shape[-1] + 1))


def forward(learner, case):
    return learner.probe("outputs", "linear_forward", case.args)


def three(got):
    return check.items(got, 3, what="what linear_backward returns")


def same_gradients(got, case):
    rows = case.dy.size // case.dy.shape[-1]
    scales = (
        magnitude(case.dy, case.W, terms=len(case.W)),
        magnitude(case.dy, case.x, terms=rows),
        magnitude(case.dy, terms=rows),
    )
    wanted = linear_gradients(case.x, case.W, case.b, case.dy)
    for name, one, right, scale in zip(("dx", "dW", "db"), three(got), wanted, scales, strict=True):
        if right is None:
            check.that(one is None, f"{name} is {check.describe(one)}, expected None: there was no bias")
        else:
            check.close(one, right, what=name, scale=scale)


def backward(learner, case):
    _, grads = learner.probe("forward_backward", "linear_forward", "linear_backward", case.args, case.dy)
    return grads


def embed(learner, case):
    return learner.probe("outputs", "embedding_forward", case.args)


def embed_backward(learner, case):
    _, dE = learner.probe("forward_backward", "embedding_forward", "embedding_backward", case.args, case.dy)
    return dE


def same_table(dE, case):
    right = table_gradient(case.ids, case.E, case.dy, case.padding_idx)
    check.close(dE, right, what="dE", scale=magnitude(case.dy, terms=case.ids.size))


def call(layer_name, case):
    """The same as Python, for a learner who wants to run it."""
    inner = ", ".join(map(show_value, case.args))
    return f"y, cache = {layer_name}_forward({inner}); {layer_name}_backward({show_value(case.dy)}, cache)"


# ---------------------------------------------------------------- linear_forward


@given(layers(leading=(1, 1), biased=(True,)))
def test_linear(learner, case):
    """Each row of y is W times that row of x, plus b: W has one row for every output."""
    same_y(forward(learner, case), case)


@FEW
@given(layers(leading=(1, 2), biased=(False,)))
def test_linear_no_bias(learner, case):
    """Without b, y is W times x and nothing more; so it is with None as b."""
    same_y(forward(learner, case), case)
    case.args = (case.x, case.W, None)
    same_y(forward(learner, case), case)


@FEW
@given(layers(leading=(0, 0)))
def test_linear_single_vector(learner, case):
    """A single vector of shape (in,) gives a single vector of shape (out,)."""
    same_y(forward(learner, case), case)


@FEW
@given(layers(leading=(2, 3)))
def test_linear_leading_axes(learner, case):
    """Every vector of a (B, T, in) array, or one with more axes in front, is taken for itself; y keeps those axes."""
    same_y(forward(learner, case), case)


@FEW
@given(layers(leading=(0, 2), scales=(1e4,)))
def test_linear_large(learner, case):
    """Large numbers, up to tens of thousands of both signs, go through unchanged and exact."""
    same_y(forward(learner, case), case)


EMPTY = [(0,), (2, 0), (0, 3), (0, 2, 2)]


@st.composite
def no_rows(draw):
    front, wide, out, rng = draw(st.sampled_from(EMPTY)), draw(sizes(1, 3)), draw(sizes(1, 3)), draw(rngs())
    return layer(np.zeros((*front, wide)), normal(rng, (out, wide)), normal(rng, out), np.zeros((*front, out)))


@settings(max_examples=4)
@given(no_rows())
def test_linear_empty(learner, case):
    """A batch of no rows gives a y of no rows, with the same axes in front."""
    same_y(forward(learner, case), case)


# The shapes of x, W and b.
MISFITS = [
    ((2, 3), (4, 2), None),
    ((2, 4), (4, 3), None),
    ((2, 1), (4, 3), None),
    ((3,), (4, 1), None),
    ((2, 3), (4, 3), (1,)),
    ((2, 3), (4, 3), (3,)),
    ((2, 3), (1, 3), (3,)),
    ((2, 3), (4, 3), (1, 4)),
    ((2, 3), (4, 3), (2, 4)),
    ((2, 3), (4, 3), ()),
]


def test_linear_shapes_disagree(learner):
    """An x whose last side is not in, or a b that is not (out,), raises ValueError; nothing is stretched to fit."""
    rng = np.random.default_rng(5)
    for x, W, b in MISFITS:
        given_b = () if b is None else (normal(rng, b),)
        with check.raises("ValueError"):
            learner.probe("outputs", "linear_forward", (normal(rng, x), normal(rng, W), *given_b))


# ---------------------------------------------------------------- linear_backward


def differences(learner, case, name):
    """One gradient against finite differences of the definition, every element, the upstream random."""
    grads = dict(zip(("dx", "dW", "db"), three(backward(learner, case)), strict=True))
    gradients.close({name: grads[name]}, linear, case.args, case.dy, places={"dx": 0, "dW": 1, "db": 2})


@settings(max_examples=12)
@given(layers(leading=(1, 1), biased=(True,)))
def test_linear_dx(learner, case):
    """dx is the gradient of sum(dy · y) with respect to every number of x."""
    differences(learner, case, "dx")


@settings(max_examples=12)
@given(layers(leading=(1, 1), biased=(True,)))
def test_linear_dW(learner, case):
    """dW, of shape (out, in), is the gradient with respect to every weight; all rows of the batch add up in it."""
    differences(learner, case, "dW")


@settings(max_examples=12)
@given(layers(leading=(1, 1), biased=(True,)))
def test_linear_db(learner, case):
    """db, of shape (out,), is the gradient with respect to every bias; all rows of the batch add up in it."""
    differences(learner, case, "db")


@FEW
@given(layers(leading=(0, 0)))
def test_linear_backward_single_vector(learner, case):
    """For a single vector dx is (in,), dW is (out, in) and db is (out,)."""
    same_gradients(backward(learner, case), case)


@settings(max_examples=12)
@given(layers(leading=(2, 3)))
def test_linear_backward_leading_axes(learner, case):
    """With (B, T, in) or more, dx has the shape of x, while dW and db add up over all the axes in front."""
    same_gradients(backward(learner, case), case)


@FEW
@given(layers(leading=(1, 2), biased=(False,)))
def test_linear_backward_no_bias(learner, case):
    """Without a bias db is None, and dx and dW are as ever."""
    same_gradients(backward(learner, case), case)


@settings(max_examples=6)
@given(layers(leading=(1, 2), biased=(True,)))
def test_linear_zero_bias(learner, case):
    """A bias of zeros is a bias, of one output too: it has a gradient."""
    case = layer(case.x, case.W, np.zeros(len(case.W)), case.dy)
    same_gradients(backward(learner, case), case)


@settings(max_examples=6)
@given(layers(leading=(1, 1), biased=(True,), scales=(1e4,)))
def test_linear_backward_large(learner, case):
    """Gradients of large numbers are neither clipped nor scaled."""
    case = layer(case.x, case.W, case.b, case.dy * 1e3)
    same_gradients(backward(learner, case), case)


@settings(max_examples=4)
@given(no_rows())
def test_linear_backward_empty(learner, case):
    """A batch of no rows gives a dx of no rows, and zeros for dW and db."""
    same_gradients(backward(learner, case), case)


# ---------------------------------------------------------------- linear, both


@settings(max_examples=12)
@given(layers(leading=(1, 3)))
def test_linear_layout(learner, case):
    """How x, W, b and dy lie in memory (transposed, strided) makes no difference to y, dx, dW and db."""
    b = None if case.b is None else strided(case.b)
    x, W, dy = map(strided, (case.x, case.W, case.dy))
    case = SimpleNamespace(x=x, W=W, b=b, dy=dy, args=(x, W) if b is None else (x, W, b))
    y, grads = learner.probe("forward_backward", "linear_forward", "linear_backward", case.args, case.dy)
    same_y(y, case)
    same_gradients(grads, case)


@FEW
@given(layers(leading=(0, 3), dtype=np.float32))
def test_linear_float32(learner, case):
    """float32 in, float32 out: y and every gradient, exact to float32's digits."""
    y, grads = learner.probe("forward_backward", "linear_forward", "linear_backward", case.args, case.dy)
    same_y(y, case)
    same_gradients(grads, case)


@FEW
@given(layers(leading=(0, 2)))
def test_linear_leaves_inputs(learner, case):
    """Neither pass writes into x, W, b or dy, and each gives the same twice, backward from the same cache too."""
    untouched(learner, "linear", case, ["x", "W", "b"], ["dx", "dW", "db"])


def untouched(learner, name, case, arguments, results):
    seen = learner.probe("purity", f"{name}_forward", case.args, cached=True)
    check.that(not seen["random"], f"{name}_forward changed NumPy's random state")
    again = learner.probe("repeated", name, case.args, case.dy, shown=f"{call(name, case)}  # twice")
    names = [*arguments[: len(case.args)], "dy"]
    for when, places in (("forward", seen["changed"]), ("backward", again["changed"])):
        check.that(not places, f"{name}_{when} wrote into {', '.join(names[place] for place in places)}")
    check.close(seen["second"], check.number_array(seen["first"], "y"), what="the second y", rtol=0.0, dtype=None)
    pairs = [again[time] if isinstance(again[time], tuple | list) else [again[time]] for time in ("first", "second")]
    for what, one, other in zip(results, *pairs, strict=False):
        if one is not None:
            check.close(other, check.number_array(one, what), what=f"the second {what}", rtol=0.0, dtype=None)


@st.composite
def twin_layers(draw):
    """Two calls of the same shapes: with the wrong cache a backward goes through, in every style, and is wrong."""
    one, rng, bias = draw(layers(leading=(0, 2))), draw(rngs()), draw(st.booleans())
    x, W, dy = normal(rng, one.x.shape), normal(rng, one.W.shape), upstream(rng, one.dy.shape)
    return one, layer(x, W, normal(rng, len(W)) if bias else None, dy)


@settings(max_examples=6)
@given(twin_layers())
def test_linear_caches_apart(learner, twins):
    """Two forwards and then two backwards, in the other order: each backward knows only its own cache."""
    one, other = twins
    for case, got in zip((one, other), interleaved(learner, "linear", one, other), strict=True):
        same_gradients(got, case)


def interleaved(learner, name, one, other):
    arguments = [", ".join(map(show_value, case.args)) for case in (one, other)]
    lines = [
        f"_, first = {name}_forward({arguments[0]})",
        f"_, second = {name}_forward({arguments[1]})",
        f"{name}_backward({show_value(other.dy)}, second)",
        f"{name}_backward({show_value(one.dy)}, first)",
    ]
    calls = [(one.args, one.dy), (other.args, other.dy)]
    return learner.probe("interleaved", name, calls, shown="; ".join(lines))


@settings(max_examples=8)
@given(layers(leading=(0, 2)))
def test_linear_new_memory(learner, case):
    """y, dx, dW and db are new arrays: none shares memory with x, W, b or dy, not even for a single vector."""
    own_memory(learner, "linear", case, ["x", "W", "b"], ["y", "dx", "dW", "db"])


def own_memory(learner, name, case, arguments, results):
    names = [*arguments[: len(case.args)], "dy"]
    shared = learner.probe("sharing", name, case.args, case.dy, shown=call(name, case))
    for what, places in zip(results, shared, strict=False):
        check.that(not places, f"{what} shares memory with {', '.join(names[place] for place in places)}")


def test_linear_memory(learner):
    """Neither pass holds an array as large as the weights for every row."""
    rng = np.random.default_rng(21)
    case = layer(normal(rng, (8, 12, 24)), normal(rng, (30, 24)), normal(rng, 30), upstream(rng, (8, 12, 30)))
    modest(learner, "linear", case)


MOST = 6


def modest(learner, name, case):
    most = MOST * sum(one.nbytes for one in (*case.args, case.dy) if isinstance(one, np.ndarray))
    over = {
        "forward": learner.probe("peak_bytes", f"{name}_forward", case.args) >= most,
        "backward": learner.probe("backward_holds", name, case.args, case.dy, most, shown=call(name, case)),
    }
    for when, too_much in over.items():
        check.that(
            not too_much, f"{name}_{when} held more than {MOST} times the memory of its arguments and dy at once"
        )


# ---------------------------------------------------------------- embedding_forward


@given(tables(axes=(1, 2)))
def test_embedding(learner, case):
    """y holds, for every id, that id's row of E; the rows stand along a new last axis."""
    check.close(embed(learner, case), lookup(case.ids, case.E), what="y", rtol=0.0)


@FEW
@given(tables(axes=(0, 3), integers=[np.int64, np.int32]))
def test_embedding_any_shape(learner, case):
    """Ids may have any shape: y has one axis more, for three axes of ids and for none (a single id) alike."""
    check.close(embed(learner, case), lookup(case.ids, case.E), what="y", rtol=0.0)


@st.composite
def no_ids(draw):
    shape, width, rng = draw(st.sampled_from(EMPTY)), draw(sizes(1, 3)), draw(rngs())
    ids, E = np.zeros(shape, dtype=np.int64), normal(rng, (draw(sizes(1, 3)), width))
    return SimpleNamespace(ids=ids, E=E, dy=np.zeros((*shape, width)), padding_idx=None, args=(ids, E))


@settings(max_examples=4)
@given(no_ids())
def test_embedding_empty(learner, case):
    """No ids, no rows: y is empty, and has the axes of ids and one more."""
    check.close(embed(learner, case), lookup(case.ids, case.E), what="y", rtol=0.0)


OUTSIDE = {
    "V": lambda vocab: vocab,
    "V + 3": lambda vocab: vocab + 3,
    "−1": lambda vocab: -1,
    "−V": lambda vocab: -vocab,
    "−V − 1": lambda vocab: -vocab - 1,
}


@settings(max_examples=15)
@given(tables(axes=(0, 2), integers=[np.int64, np.int32]), rngs(), st.sampled_from(list(OUTSIDE)))
def test_embedding_outside(learner, case, rng, kind):
    """An id that is negative, or V or more, raises IndexError, even one among many: −1 is not the last row."""
    case.ids.flat[rng.integers(case.ids.size)] = OUTSIDE[kind](len(case.E))
    with check.raises("IndexError"):
        embed(learner, case)


@settings(max_examples=6)
@given(sizes(1, 4), rngs(), st.sampled_from([np.float64, np.float32, np.bool_]))
def test_embedding_not_integers(learner, vocab, rng, dtype):
    """Ids that are floats or booleans raise TypeError or IndexError: True is no id, and 1.0 is none either."""
    # As many as E has rows: so many booleans would choose rows.
    ids, E = rng.integers(0, min(vocab, 2), vocab).astype(dtype), normal(rng, (vocab, 2))
    got = learner.probe("refusal", ids, E, shown=f"embedding_forward({show_value(ids)}, {show_value(E)})")
    check.that(got, "nothing was raised, expected TypeError or IndexError")
    check.that(got == "TypeError or IndexError", f"raised {got}, expected TypeError or IndexError")


@FEW
@given(tables(axes=(1, 2), padded=True))
def test_padding_forward(learner, case):
    """padding_idx changes nothing in y: the padding's row is looked up like any other."""
    check.close(embed(learner, case), lookup(case.ids, case.E), what="y", rtol=0.0)


# ---------------------------------------------------------------- embedding_backward


@settings(max_examples=12)
@given(tables(axes=(1, 2)))
def test_embedding_gradient(learner, case):
    """dE is the gradient of sum(dy · y) with respect to every number of E."""
    dE = embed_backward(learner, case)
    gradients.close({"dE": dE}, lambda E: lookup(case.ids, E), (case.E,), case.dy)


@FEW
@given(sizes(1, 3), rngs(), sizes(3, 9))
def test_embedding_repeated(learner, vocab, rng, count):
    """A row that was looked up several times collects the gradient of every time."""
    ids, E = rng.integers(0, vocab, count), normal(rng, (vocab, 2))
    case = SimpleNamespace(ids=ids, E=E, dy=upstream(rng, (count, 2)), padding_idx=None, args=(ids, E))
    same_table(embed_backward(learner, case), case)


@FEW
@given(tables(axes=(1, 1), vocab=(4, 7)))
def test_embedding_rows_not_used(learner, case):
    """A row that was not looked up has a gradient of exactly 0; dE has the shape of E all the same."""
    case.ids[case.ids == len(case.E) - 1] = 0
    dE = check.number_array(embed_backward(learner, case), "dE")
    same_table(dE, case)
    for row in set(range(len(case.E))) - set(case.ids.ravel().tolist()):
        check.that(not dE[row].any(), f"row {row} of dE is not exactly 0, and {row} is not among the ids")


@settings(max_examples=12)
@given(tables(axes=(0, 3)))
def test_embedding_backward_any_shape(learner, case):
    """dE is right for ids of any shape and any integer dtype: three axes, or a single id."""
    same_table(embed_backward(learner, case), case)


@settings(max_examples=15)
@given(tables(axes=(1, 2), padded=True))
def test_padding_gradient(learner, case):
    """The row of padding_idx has a gradient of exactly 0, also when it is row 0; the other rows are as ever."""
    dE = check.number_array(embed_backward(learner, case), "dE")
    same_table(dE, case)
    check.that(not dE[case.padding_idx].any(), "the padding's row of dE is tiny but not exactly 0")


@settings(max_examples=4)
@given(no_ids())
def test_embedding_backward_empty(learner, case):
    """No ids, no gradient: dE has the shape of E and is zeros."""
    same_table(embed_backward(learner, case), case)


# ---------------------------------------------------------------- embedding, both


@FEW
@given(tables(axes=(1, 3)))
def test_embedding_layout(learner, case):
    """How ids, E and dy lie in memory (transposed, strided) makes no difference to y and dE."""
    case.ids, case.E, case.dy = map(strided, (case.ids, case.E, case.dy))
    case.args = (case.ids, case.E)
    y, dE = learner.probe("forward_backward", "embedding_forward", "embedding_backward", case.args, case.dy)
    check.close(y, lookup(case.ids, case.E), what="y", rtol=0.0)
    same_table(dE, case)


@FEW
@given(tables(axes=(0, 2), dtype=np.float32))
def test_embedding_float32(learner, case):
    """A float32 table gives a float32 y and a float32 dE."""
    y, dE = learner.probe("forward_backward", "embedding_forward", "embedding_backward", case.args, case.dy)
    check.close(y, lookup(case.ids, case.E), what="y", rtol=0.0)
    same_table(dE, case)


@FEW
@given(st.one_of(tables(axes=(0, 2)), tables(axes=(1, 2), padded=True)))
def test_embedding_leaves_inputs(learner, case):
    """Neither pass writes into ids, E or dy, and each gives the same twice, backward from the same cache too."""
    untouched(learner, "embedding", case, ["ids", "E", "padding_idx"], ["dE"])


@st.composite
def twin_tables(draw):
    """Two lookups of the same shapes, the second with padding."""
    one, rng = draw(tables(axes=(0, 2), vocab=(2, 5), integers=[np.int64])), draw(rngs())
    E, padding_idx = normal(rng, one.E.shape), draw(st.integers(0, len(one.E) - 1))
    ids, dy = np.asarray(rng.integers(0, len(E), one.ids.shape)), upstream(rng, one.dy.shape)
    return one, SimpleNamespace(ids=ids, E=E, dy=dy, padding_idx=padding_idx, args=(ids, E, padding_idx))


@settings(max_examples=6)
@given(twin_tables())
def test_embedding_caches_apart(learner, twins):
    """Two lookups and then two backwards, in the other order: each backward knows only its own cache."""
    one, other = twins
    for case, got in zip((one, other), interleaved(learner, "embedding", one, other), strict=True):
        same_table(got, case)


@settings(max_examples=8)
@given(tables(axes=(0, 2)))
def test_embedding_new_memory(learner, case):
    """y and dE are new arrays: writing into y never changes the table."""
    own_memory(learner, "embedding", case, ["ids", "E"], ["y", "dE"])


def test_embedding_memory(learner):
    """Neither pass makes a row of V numbers for every id."""
    rng = np.random.default_rng(12)
    ids, E = rng.integers(0, 500, (10, 20)), normal(rng, (500, 3))
    case = SimpleNamespace(ids=ids, E=E, dy=upstream(rng, (10, 20, 3)), padding_idx=None, args=(ids, E))
    modest(learner, "embedding", case)
