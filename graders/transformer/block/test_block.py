"""The hidden grader of 2.11. The oracle is a block in NumPy, float64, its gradients a complex step. No torch here."""

import math
from functools import partial
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from course.grading import check, gradients, torch_script
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, upstream

EPS = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
MOST = 16  # positions of the tables
KEYS = (
    "attn.q_proj.weight", "attn.k_proj.weight", "attn.v_proj.weight", "attn.output_proj.weight", "ln1.weight",
    "ln2.weight", "ffn.w1.weight", "ffn.w2.weight", "ffn.w3.weight",
)  # fmt: skip


# ---------------------------------------------------------------- the definition, for real and complex numbers
# One of the arguments may have a leading axis more, and what follows has it, too: `slopes` moves all its elements.


def times(x, W):
    return x @ np.swapaxes(W, -1, -2)


def rmsnorm(x, g):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5) * g


def swiglu(x, w1, w2, w3):
    gate = times(x, w1)
    e = np.exp(np.where(gate.real < 0, gate, -gate))
    return times(gate * np.where(gate.real < 0, e, 1.0) / (1.0 + e) * times(x, w3), w2)


def turned(x, positions, theta):
    y, d = np.array(x), x.shape[-1]
    for i in range(d // 2):
        angle = positions * float(theta) ** (-2.0 * i / d)
        a, b = x[..., 2 * i], x[..., 2 * i + 1]
        y[..., 2 * i], y[..., 2 * i + 1] = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    return y


def attention(x, q, k, v, o, heads, theta, positions):
    """Head by head."""
    T, width, outs = x.shape[-2], x.shape[-1] // heads, []
    for h in range(heads):
        rows = slice(h * width, (h + 1) * width)
        Q, K = (turned(times(x, W[..., rows, :]), positions, theta) for W in (q, k))
        scores = Q @ K.swapaxes(-1, -2) / math.sqrt(width)
        scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
        e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
        outs.append(e / e.sum(axis=-1, keepdims=True) @ times(x, v[..., rows, :]))
    return times(np.concatenate(outs, axis=-1), o)


def block(x, q, k, v, o, g1, g2, w1, w2, w3, *, heads, theta, positions, pre_norm=True):
    if pre_norm:
        h = x + attention(rmsnorm(x, g1), q, k, v, o, heads, theta, positions)
        return h + swiglu(rmsnorm(h, g2), w1, w2, w3)
    h = rmsnorm(x + attention(x, q, k, v, o, heads, theta, positions), g1)
    return rmsnorm(h + swiglu(h, w1, w2, w3), g2)


# ---------------------------------------------------------------- the inputs

FRONTS = [(), (1,), (2,), (3,)]


def weights_of(rng, d, d_ff):
    shapes = [(d, d)] * 4 + [(d,)] * 2 + [(d_ff, d), (d, d_ff), (d_ff, d)]
    return {
        key: upstream(rng, shape) if "ln" in key else normal(rng, shape)
        for key, shape in zip(KEYS, shapes, strict=True)
    }


@st.composite
def cases(draw, *, fronts=FRONTS, longest=4, most=2, positions=("none", "T", "1T", "BT")):
    heads, d_ff, T, rng = draw(sizes(1, most)), draw(sizes(1, 5)), draw(sizes(1, longest)), draw(rngs())
    d, theta, front = heads * draw(st.sampled_from([2, 4])), draw(st.sampled_from([10_000.0, 30.0])), draw(
        st.sampled_from(fronts)
    )  # fmt: skip
    form = draw(st.sampled_from(positions))
    given_rows = None if form == "none" else rng.integers(0, MOST, (front[0], T) if form == "BT" and front else T)
    places = np.arange(T) if given_rows is None else given_rows
    x = normal(rng, (*front, T, d))
    return SimpleNamespace(
        init=(d, heads, d_ff, MOST, theta), state=weights_of(rng, d, d_ff), x=x, dy=upstream(rng, x.shape),
        given=given_rows[None] if form == "1T" else given_rows, places=places, heads=heads, theta=theta,
    )  # fmt: skip


def fixed(rng, d=8, heads=2, d_ff=6, shape=(2, 3)):
    """A block of one size, for what needs many numbers or looks at names only."""
    x = normal(rng, (*shape, d))
    return SimpleNamespace(
        init=(d, heads, d_ff, MOST, 100.0), state=weights_of(rng, d, d_ff), x=x, dy=upstream(rng, x.shape), given=None,
        places=np.arange(shape[-1]), heads=heads, theta=100.0,
    )  # fmt: skip


# ---------------------------------------------------------------- what is asked and claimed again and again


def shown(case, *, dtype="float64", dy=None, then=(), **more):
    words = "".join(f", {key}={value}" for key, value in more.items())
    weights = "; ".join(f"{key} = {show_value(one)}" for key, one in case.state.items())
    given_positions = "" if case.given is None else f", {show_value(case.given)}"
    back = "" if dy is None else f", backward with dy = {show_value(dy)}"
    call = f"m({show_value(case.x)}{given_positions}){back}"
    for x, rows in then:
        call += f"; m({show_value(x)}{'' if rows is None else f', {show_value(rows)}'})"
    return f"m = TransformerBlock({', '.join(map(repr, case.init))}{words}) in {dtype}; {call}; {weights}"


def script(case, *rest, dtype="float64", dy=None, then=(), first=(), **more):
    """The same as Python that prints what came of it; `first` and `rest` are lines before and after."""
    words = "".join(f", {key}={value}" for key, value in more.items())
    block = [f"m = TransformerBlock({', '.join(map(repr, case.init))}{words})", torch_script.loaded(case.state, dtype)]
    lines = torch_script.run(called("x", case.given), dy, "{'x': x, **dict(m.named_parameters())}", dtype)
    again = [f"print({called(torch_script.tensor(x, dtype), rows)}.tolist())" for x, rows in then]
    return "\n".join([*block, torch_script.leaf("x", case.x, dtype), *first, *lines, *again, *rest])


def called(x, rows=None):
    return f"m({x})" if rows is None else f"m({x}, {torch_script.tensor(rows)})"


def run(learner, case, dy=None, **more):
    text, code = partial(shown, case, dy=dy, **more), partial(script, case, dy=dy, **more)
    return learner.probe("run", case.init, case.state, case.x, dy, case.given, shown=text, script=code, **more)


# What each mode of the probe `several` does, as Python.
MODES = {"seed": "torch.manual_seed(0)", "copy": "m = copy.deepcopy(m)"}


def several(learner, case, modes, **more):
    text = f"{shown(case, **more)}, again and again: {', '.join(modes)}"
    lines = [MODES.get(mode, f"m.train({mode == 'train'}); print(m(x).tolist())") for mode in modes]
    code = partial(script, case, *lines, first=("import copy", MODES["seed"]), **more)
    return learner.probe("several", case.init, case.state, case.x, modes, shown=text, script=code, **more)


def definition(case, pre_norm, x=None, places=None):
    return block(
        case.x if x is None else x, *case.state.values(), heads=case.heads, theta=case.theta,
        positions=case.places if places is None else places, pre_norm=pre_norm,
    )  # fmt: skip


def terms(case):
    """How many roundings the largest score may carry into a softmax, and a small root into a norm."""
    scores = float(np.max(np.abs(case.x)) + 3.0) ** 2 * case.x.shape[-1] ** 2 * 9
    return math.ceil(256 + scores)


def same_y(seen, case, pre_norm):
    expected = definition(case, pre_norm)
    check.close(seen["y"], expected, what="y", terms=terms(case), scale=max(1.0, float(np.max(np.abs(expected)))))


def gradient(seen, name):
    check.that(name in seen["grads"], f"there is no parameter {name}")
    got = seen["grads"][name]
    check.that(got is not None, f"no gradient arrives at {name}: on the way it was cut off")
    return check.number_array(got, f"the gradient of {name}")


def slopes(f, arguments, place, dy):
    """A complex step for every element of one argument, all at once: along a leading axis, each member moves one."""
    first, one = arguments[0], arguments[place]
    moved = np.repeat(one.reshape(1, -1), one.size, axis=0) + 1j * gradients.COMPLEX_STEP * np.eye(one.size)
    moved = moved.reshape(one.size, *[1] * (first.ndim - one.ndim), *one.shape)
    y = f(*arguments[:place], moved, *arguments[place + 1 :])
    return (dy * np.imag(y)).reshape(one.size, -1).sum(axis=-1).reshape(one.shape) / gradients.COMPLEX_STEP


def same_gradients(seen, case, pre_norm):
    arguments = {"x": case.x, **case.state}

    def f(*parts):
        return block(*parts, heads=case.heads, theta=case.theta, positions=case.places, pre_norm=pre_norm)

    for place, name in enumerate(arguments):
        expected = slopes(f, tuple(arguments.values()), place, case.dy)
        got = gradient(seen, name)
        check.finite(got, what=f"the gradient of {name}")
        # After a norm of a small vector the way back is steep: its rounding is relative to its largest numbers.
        size = max(1.0, float(np.max(np.abs(expected))))
        gradients.close_to(got, expected, f"the gradient of {name}", terms=math.ceil(16 * terms(case) * min(size, 100)))


# ---------------------------------------------------------------- both orders of the norms


@settings(max_examples=9)
@given(cases())
def test_pre_norm(learner, case):
    """With pre_norm the block is h = x + attn(ln1(x)), then h + ffn(ln2(h)), as in NumPy, to 1e-10."""
    same_y(run(learner, case), case, True)


@settings(max_examples=5)
@given(cases(longest=3, fronts=[(), (2,)], most=2))
def test_pre_norm_gradients(learner, case):
    """With pre_norm, autograd's gradients of x and of all nine weights are those of the NumPy block."""
    same_gradients(run(learner, case, case.dy), case, True)


@settings(max_examples=9)
@given(cases())
def test_post_norm(learner, case):
    """Without pre_norm the block is h = ln1(x + attn(x)), then ln2(h + ffn(h)), as in NumPy, to 1e-10."""
    same_y(run(learner, case, pre_norm=False), case, False)


@settings(max_examples=5)
@given(cases(longest=3, fronts=[(), (2,)], most=2))
def test_post_norm_gradients(learner, case):
    """Without pre_norm, autograd's gradients of x and of all nine weights are those of the NumPy block."""
    same_gradients(run(learner, case, case.dy, pre_norm=False), case, False)


@settings(max_examples=5)
@given(cases(), st.sampled_from(["", "attn.output_proj.weight", "ffn.w2.weight"]))
def test_residual(learner, case, alive):
    """Where output_proj and w2 are 0 the block is the identity, bit for bit; so is the way back."""
    for key in ("attn.output_proj.weight", "ffn.w2.weight"):
        if key != alive:
            case.state[key] = np.zeros(case.state[key].shape)
    seen = run(learner, case, case.dy)
    if alive:
        same_y(seen, case, True)
        return
    check.close(seen["y"], case.x, what="y", rtol=0.0)
    check.close(gradient(seen, "x"), case.dy, what="the gradient of x", rtol=0.0)


@settings(max_examples=5)
@given(cases(positions=("T", "1T", "BT")), st.booleans(), st.sampled_from([1, 5]))
def test_positions(learner, case, pre_norm, step):
    """token_positions reach the rope: other distances give another result, and all moved alike the same."""
    case.given = np.minimum(case.given, MOST - 1 - step)
    case.places = np.minimum(case.places, MOST - 1 - step)
    seen = run(learner, case, pre_norm=pre_norm, then=[(case.x, case.given + step)])
    same_y(seen, case, pre_norm)
    expected = check.number_array(seen["y"], "y")
    scale = max(1.0, float(np.max(np.abs(expected))))
    what = f"y, all positions moved by {step}"
    check.close(seen["then"][0], expected, what=what, terms=terms(case), scale=scale)


@settings(max_examples=6)
@given(cases(longest=5), st.integers(0, 4), st.booleans(), rngs())
def test_causal(learner, case, t, pre_norm, rng):
    """Changing x after place t changes no bit at or before t; no gradient goes from there to later tokens."""
    t = min(t, case.x.shape[-2] - 1)
    case.dy[..., t + 1 :, :] = 0.0
    moved = case.x.copy()
    moved[..., t + 1 :, :] = normal(rng, moved[..., t + 1 :, :].shape, scale=100.0)
    seen = run(learner, case, case.dy, pre_norm=pre_norm, then=[(moved, case.given)])
    one, two = check.number_array(seen["y"], "y"), check.number_array(seen["then"][0], "y")
    check.that(one.shape == two.shape == case.x.shape, f"y has shape {one.shape}, expected {case.x.shape}")
    same = np.array_equal(one[..., : t + 1, :], two[..., : t + 1, :])
    check.that(same, f"y at or before place {t} changes when only tokens after it change")
    slope = gradient(seen, "x")
    check.that(not slope[..., t + 1 :, :].any(), f"a gradient from y at or before place {t} arrives at a later token")
    check.that(slope.any(), "no gradient arrives at x at all")


@settings(max_examples=4)
@given(cases(fronts=[(2,), (3,)], positions=("none", "BT")), st.booleans())
def test_batch(learner, case, pre_norm):
    """Every sequence of a batch is a block of its own: alone it gets the same result."""
    alone = [(x, None if case.given is None else case.given[place]) for place, x in enumerate(case.x)]
    seen = run(learner, case, pre_norm=pre_norm, then=alone)
    together = check.number_array(seen["y"], "y")
    check.that(together.shape == case.x.shape, f"y has shape {together.shape}, expected {case.x.shape}")
    scale = max(1.0, float(np.max(np.abs(together))))
    for place, got in enumerate(seen["then"]):
        check.close(got, together[place], what=f"y of sequence {place} alone", terms=terms(case), scale=scale)


# ---------------------------------------------------------------- dropout


def test_eval(learner):
    """In evaluation dropout does nothing: y is that without dropout, every time, and no random number is drawn."""
    rng = np.random.default_rng(2111)
    for p, pre_norm in ((0.1, True), (0.5, False), (0.9, True)):
        case = fixed(rng)
        seen = several(learner, case, ["eval", "train", "eval"], dropout=p, pre_norm=pre_norm)
        check.that(not any(seen["drawn"][::2]), "in evaluation random numbers were drawn")
        for y in seen["ys"]:
            same_y({"y": y}, case, pre_norm)
        check.that(seen["drawn"][1], "in training no random number was drawn")


def test_no_dropout(learner):
    """With dropout 0, which is the default, training is like evaluation, and no random number is drawn."""
    rng = np.random.default_rng(2112)
    for more in ({}, {"dropout": 0.0, "pre_norm": False}):
        case = fixed(rng)
        seen = several(learner, case, ["train", "eval", "train"], **more)
        check.that(not any(seen["drawn"]), "random numbers were drawn")
        for y in seen["ys"]:
            same_y({"y": y}, case, more.get("pre_norm", True))


BRANCHES = {"attention": "ffn.w2.weight", "feed-forward": "attn.output_proj.weight"}


@settings(max_examples=5)
@given(st.sampled_from(sorted(BRANCHES)), st.sampled_from([0.1, 0.3, 0.5, 0.7]), st.integers(0, 2**20), rngs())
def test_dropout(learner, branch, p, seed, rng):
    """In training each number that a branch adds is 0 with probability p, else it is the larger by 1 / (1 − p)."""
    case = fixed(rng, d=16, shape=(4, 10))
    case.x = upstream(rng, case.x.shape)  # no zeros, which a number that is dropped looks like
    case.state[BRANCHES[branch]] = np.zeros(case.state[BRANCHES[branch]].shape)
    added = definition(case, True) - case.x
    key = "attn.output_proj.weight" if branch == "attention" else "ffn.w2.weight"
    text = f"torch.manual_seed({seed}); {shown(case, dropout=p, dy=case.dy)}"
    code = partial(script, case, dropout=p, dy=case.dy, first=(f"torch.manual_seed({seed})",))
    seen = learner.probe("thinned", case.init, case.state, case.x, case.dy, key, p, seed, shown=text, script=code)
    got = check.number_array(seen["y"], "y")
    check.that(got.shape == case.x.shape, f"y has shape {got.shape}, expected {case.x.shape}")
    got = got - case.x
    lost = np.abs(got) < 1e-9
    wanted = np.where(lost, 0.0, added / (1 - p))
    what = f"what the {branch} adds where it was not dropped"
    check.close(got, wanted, what=what, terms=terms(case), scale=float(np.max(np.abs(wanted), initial=1.0)))
    share_is(lost, p, branch)
    # y − x is linear in the last weight: its gradient times the weight is what the gradient from above meets.
    check.that(seen["grad"] is not None, f"no gradient arrives at {key}: on the way it was cut off")
    met = float(np.sum(check.number_array(seen["grad"], f"the gradient of {key}") * case.state[key]))
    check.close(met, float(np.sum(case.dy * got)), what=f"gradient · weight of {key}", rtol=1e-9, scale=1e3)


def share_is(lost, p, branch):
    """Within six standard deviations; and not the same place for whole rows, columns or sequences."""
    room = 6 * math.sqrt(p * (1 - p) / lost.size)
    share = float(lost.mean())
    check.that(abs(share - p) < room, f"of what the {branch} adds, {share:.1%} is dropped, expected about {p:.0%}")
    for axis, word in enumerate(("sequence", "token", "number")):
        alike = all(np.array_equal(one, other) for one, other in zip(lost, np.roll(lost, 1, axis), strict=True))
        check.that(not alike, f"the {branch}: every {word} of x loses the same places")


def test_dropout_draws(learner):
    """Dropout draws anew in every call, from torch's global generator: after the same seed, the same numbers."""
    rng = np.random.default_rng(2113)
    for pre_norm in (True, False):
        case = fixed(rng, d=16, shape=(4, 10))
        modes = ["train", "train", "seed", "train"]
        seen = several(learner, case, modes, dropout=0.4, pre_norm=pre_norm, seed=int(rng.integers(2**20)))
        check.that(not seen["same"][1], "two calls in training drop the same places")
        check.that(seen["same"][2], "torch.manual_seed does not decide what is dropped")


def test_dropout_apart(learner):
    """Attention and feed-forward each drop places of their own."""
    rng = np.random.default_rng(2114)
    for seed in (211, 212):
        case = fixed(rng, d=16, shape=(4, 10))
        case.state["attn.output_proj.weight"] = 1e9 * case.state["attn.output_proj.weight"]
        text = f"torch.manual_seed({seed}); {shown(case, dropout=0.5)}"
        code = partial(script, case, dropout=0.5, first=(f"torch.manual_seed({seed})",))
        seen = learner.probe("apart", case.init, case.state, case.x, seed, shown=text, script=code)
        # What the attention adds is a billion times larger: where it is dropped, the feed-forward is what is left.
        left = np.abs(check.number_array(seen["y"], "y") - case.x)
        far = left > 1e3
        check.that(far.any() and not far.all(), "at a dropout of 0.5 nothing of the attention is dropped, or all of it")
        share = float(np.mean(left[~far] > 1e-9))
        check.that(
            0.2 < share < 0.8, f"where the attention is dropped, {share:.0%} of the feed-forward stays, expected 50 %"
        )


def test_errors(learner):
    """A dropout outside of 0 ≤ p < 1, and a num_heads that does not divide d_model, raise ValueError."""
    for p in (-0.1, 1.0, 1.5, -1e-9):
        with check.raises("ValueError"):
            learner.probe("inventory", (4, 2, 3, 8, 100.0), dropout=p, shown=f"TransformerBlock(…, dropout={p})")
    for d, heads in ((6, 4), (8, 3), (4, 8)):
        with check.raises("ValueError"):
            learner.probe("inventory", (d, heads, 3, 8, 100.0), shown=f"TransformerBlock({d}, {heads}, 3, 8, 100.0)")


def test_too_long(learner):
    """As many tokens as max_seq_len fit; one more, or a position beyond the table, raises IndexError or ValueError."""
    rng = np.random.default_rng(2115)
    for pre_norm in (True, False):
        case = fixed(rng, d=4, shape=(1, 5))
        case.init = (*case.init[:3], 5, case.theta)
        same_y(run(learner, case, pre_norm=pre_norm), case, pre_norm)
        case.given = np.array([0, 1, 5, 2, 3])
        with check.raises("IndexError", "ValueError"):
            run(learner, case, pre_norm=pre_norm)
        case.given, case.init = None, (*case.init[:3], 4, case.theta)
        with check.raises("IndexError", "ValueError"):
            run(learner, case, pre_norm=pre_norm)


# ---------------------------------------------------------------- the contract


def shapes_of(d, d_ff):
    return dict(zip(KEYS, [(d, d)] * 4 + [(d,)] * 2 + [(d_ff, d), (d, d_ff), (d_ff, d)], strict=True))


def test_state_dict(learner):
    """The state dict has exactly the contract's nine keys, with either order of the norms and with dropout."""
    for more in ({}, {"pre_norm": False}, {"dropout": 0.5}):
        words = "".join(f", {key}={value}" for key, value in more.items())
        text = f"TransformerBlock(4, 2, 3, 8, 100.0{words}).state_dict()"
        held = learner.probe("inventory", (4, 2, 3, 8, 100.0), KEYS, shown=text, **more)
        check.equal(dict(sorted(held["state"].items())), dict(sorted(shapes_of(4, 3).items())), what=text)
        check.equal(sorted(held["parameters"]), sorted(KEYS), what="the parameters")
        frozen = [key for key, (_, trained) in held["parameters"].items() if not trained]
        check.that(not frozen, f"{', '.join(frozen)} does not require a gradient")
        kept = ", ".join(held["kept"])
        check.that(not kept, f"{kept}: a tensor that is neither parameter nor buffer does not move with its module")
        for key in ("ln1.weight", "ln2.weight"):
            check.close(held["gains"][key], np.ones(4, dtype=np.float32), what=f"a fresh {key}", rtol=0.0)


def test_device_and_dtype(learner):
    """device and dtype reach every part of the block; what forward makes, dropout too, lies on the device of x."""
    for dtype in ("", "float64", "bfloat16"):
        more = {"dtype": dtype} if dtype else {}
        text = f"TransformerBlock(4, 2, 3, 8, 100.0, device=…{', dtype=torch.' + dtype if dtype else ''})"
        held = learner.probe("inventory", (4, 2, 3, 8, 100.0), KEYS, shown=text, **more)
        for key, (kind, _) in held["parameters"].items():
            check.equal(kind, f"torch.{dtype or 'float32'}", what=f"{text}: the dtype of {key}")
        # The nine weights and the rope.
        check.that(held["placed"] >= len(KEYS) + 1, f"{text}: a part of the block is not told the device")
    case = fixed(np.random.default_rng(211))
    for more in ({}, {"pre_norm": False, "dropout": 0.5}):
        words = {"shown": shown(case, **more), "script": script(case, **more)}
        made = learner.probe("made_by_forward", case.init, case.state, case.x, **words, **more)["names"]
        check.that(not made, f"torch.{made[0] if made else ''}(…) is told no device: it fails on a GPU")


def test_dtypes(learner):
    """The block gives back the dtype it was given, float32, float16 or bfloat16, in training with dropout, too."""
    rng = np.random.default_rng(2116)
    for (dtype, unit), pre_norm in zip(EPS.items(), (True, False, True), strict=True):
        case = fixed(rng)
        case.state = {key: one if "ln" in key else 0.25 * one for key, one in case.state.items()}
        expected = definition(case, pre_norm)
        seen = run(learner, case, case.dy, dtype=dtype, pre_norm=pre_norm)
        check.that(seen["y"].dtype == dtype, f"y has dtype {seen['y'].dtype}, expected {dtype}")
        scale = max(1.0, float(np.max(np.abs(expected))))
        check.close(seen["y"], expected, what="y", rtol=32 * unit, scale=scale, dtype=None)
        for key in seen["grads"]:
            check.finite(gradient(seen, key), what=f"the gradient of {key}")
        more = {"pre_norm": pre_norm, "dropout": 0.5}
        text = f"{shown(case, dtype=dtype, **more)}; y.dtype"
        code = partial(script, case, "print(y.dtype)", dtype=dtype, **more)
        kind = learner.probe("dtype_in_training", case.init, case.state, case.x, dtype, shown=text, script=code, **more)
        check.that(kind == dtype, f"with dropout y has dtype {kind}, expected {dtype}")


def test_pure(learner):
    """The block writes into nothing it is given, and says the same bits again; a deep copy says them, too."""
    rng = np.random.default_rng(2117)
    for pre_norm in (True, False):
        seen = several(learner, fixed(rng), ["train", "train", "copy", "eval"], pre_norm=pre_norm)
        check.that(seen["kept"], "the input was changed")
        check.that(seen["same"][1], "the second y is another than the first")
        check.that(seen["same"][2], "y of a deep copy is another than the first")


# ---------------------------------------------------------------- bridge_params


def bridged(learner, case, dtype):
    text = f"{shown(case, dtype=dtype)}; bridge_params(m)"
    code = partial(script, case, *BRIDGED, dtype=dtype)
    return learner.probe("bridged", case.init, case.state, case.x, dtype, shown=text, script=code)


# The arrays; then after the weights are doubled; then the weights after the arrays are set to 0.
BRIDGED = [
    "arrays = bridge_params(m)",
    "print({key: one.tolist() for key, one in arrays.items()})",
    "with torch.no_grad():",
    "    [one.mul_(2) for one in m.parameters()]",
    "print({key: one.tolist() for key, one in arrays.items()})",
    "[one.fill(0) for one in arrays.values()]",
    "print({key: one.tolist() for key, one in m.named_parameters()})",
]


@settings(max_examples=3)
@given(cases(positions=("none",)))
def test_bridge(learner, case):
    """bridge_params gives NumPy arrays by the keys of the state dict; the block in NumPy computes y with them."""
    seen = bridged(learner, case, "float64")
    arrays = seen["arrays"]
    check.equal(sorted(arrays), sorted(KEYS), what="the keys of bridge_params")
    for key in KEYS:
        check.equal(seen["kinds"][key], "ndarray", what=f"the type of {key}")
        check.close(arrays[key], case.state[key], what=key, rtol=0.0)
    moved = SimpleNamespace(**vars(case) | {"state": {key: arrays[key] for key in KEYS}})
    same_y(seen, moved, True)


def test_bridge_dtypes(learner):
    """float64 stays, float32 stays, float16 and bfloat16 become float32, with the very numbers of the weights."""
    case = fixed(np.random.default_rng(2118), d=4, d_ff=3)
    quarters = {key: np.round(4 * one) / 4 for key, one in case.state.items()}  # the same numbers in every dtype
    case.state = quarters
    for dtype in ("float64", *EPS):
        arrays = bridged(learner, case, dtype)["arrays"]
        wanted = np.float64 if dtype == "float64" else np.float32
        for key in KEYS:
            check.that(key in arrays, f"{key} is missing")
            check.close(arrays[key], quarters[key].astype(wanted), what=f"{key} of a {dtype} block", rtol=0.0)


def test_bridge_copies(learner):
    """The arrays are copies: training changes no array, writing into an array changes no weight."""
    case = fixed(np.random.default_rng(2119), d=4, d_ff=3)
    for dtype in ("float64", "float32"):
        seen = bridged(learner, case, dtype)
        for key in KEYS:
            check.that(key in seen["arrays"], f"{key} is missing")
            check.close(seen["later"][key], seen["arrays"][key], what=f"{key}, after the weights changed", rtol=0.0)
            doubled = (2 * case.state[key]).astype(dtype)
            check.close(seen["weights"][key], doubled, what=f"the weight {key}, after the array changed", rtol=0.0)
        check.that(seen["trained"], "afterwards the weights do not require a gradient any more")
