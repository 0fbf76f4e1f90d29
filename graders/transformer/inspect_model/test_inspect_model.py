"""The hidden grader of 2.12. The oracle is a small language model in NumPy, and loops. No torch here."""

import itertools
import math
from functools import partial
from types import SimpleNamespace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.grading import check, gradients, torch_script
from course.grading.show import show_value
from course.grading.strategies import normal, rngs, sizes, strided, upstream

# ---------------------------------------------------------------- the model, for real and complex numbers
# One of the weights may have a leading axis more, and x then has it, too: `length_of_gradient` moves all its elements.


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


def head_weights(x, q, k, theta, positions):
    """The weights of one head, whose rows of q_proj and k_proj these are: (B, T, T)."""
    Q, K = times(x, q), times(x, k)
    if theta:
        Q, K = turned(Q, positions, theta), turned(K, positions, theta)
    scores = Q @ K.swapaxes(-1, -2) / math.sqrt(q.shape[-2])
    scores = np.where(np.tri(x.shape[-2], dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(case, state=None):
    """(logits, the weights of every layer and head) of the whole model."""
    state = case.state if state is None else state
    _, d, heads, _, depth, theta, _ = case.sizes
    E, seen = state["token_embeddings.weight"], {}
    x = E[case.ids] if E.ndim == 2 else E[:, 0, case.ids]
    positions = np.arange(case.ids.shape[1]) if case.positions is None else case.positions
    for layer in range(depth):
        get = {key.split(f"layers.{layer}.")[1]: one for key, one in state.items() if f"layers.{layer}." in key}
        z, outs, width = rmsnorm(x, get["ln1.weight"]), [], d // heads
        for head in range(heads):
            rows = slice(head * width, (head + 1) * width)
            q, k, v = (get[f"attn.{name}_proj.weight"][..., rows, :] for name in "qkv")
            seen[layer, head] = head_weights(z, q, k, theta, positions)
            outs.append(seen[layer, head] @ times(z, v))
        h = x + times(np.concatenate(outs, axis=-1), get["attn.output_proj.weight"])
        x = h + swiglu(rmsnorm(h, get["ln2.weight"]), *(get[f"ffn.w{i}.weight"] for i in (1, 2, 3)))
    head = state["token_embeddings.weight" if case.tied else "lm_head.weight"]
    return times(rmsnorm(x, state["ln_final.weight"]), head), seen


def cross_entropy(logits, targets):
    top = logits.real.max(axis=-1, keepdims=True)
    lse = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
    places = np.broadcast_to(targets, logits.shape[:-1])[..., None]
    return (lse - np.take_along_axis(logits, places, axis=-1)[..., 0]).mean(axis=(-1, -2))


# ---------------------------------------------------------------- the inputs


def weights_of(rng, V, d, d_ff, depth):
    shapes = {"token_embeddings.weight": (V, d)}
    for i in range(depth):
        shapes |= {f"layers.{i}.attn.{name}.weight": (d, d) for name in ("q_proj", "k_proj", "v_proj", "output_proj")}
        shapes |= {f"layers.{i}.ffn.{name}.weight": (d_ff, d) for name in ("w1", "w3")}
        shapes |= {f"layers.{i}.ffn.w2.weight": (d, d_ff)}
        shapes |= {f"layers.{i}.ln{n}.weight": (d,) for n in (1, 2)}
    shapes |= {"ln_final.weight": (d,), "lm_head.weight": (V, d)}
    return {
        key: upstream(rng, shape) if "ln" in key else normal(rng, shape) for key, shape in shapes.items()
    }  # fmt: skip


def made(rng, *, V=5, heads=2, width=2, d_ff=3, depth=2, theta=100.0, p=0.0, shape=(2, 3), positions=None):
    d = heads * width
    return SimpleNamespace(
        sizes=(V, d, heads, d_ff, depth, theta, p), state=weights_of(rng, V, d, d_ff, depth), positions=positions,
        ids=rng.integers(0, V, shape), targets=rng.integers(0, V, shape), tied=False, frozen=(), unread=False,
    )  # fmt: skip


@st.composite
def cases(draw, *, longest=4, depths=(1, 3)):
    heads, width, depth = draw(sizes(1, 3)), draw(st.sampled_from([2, 4])), draw(sizes(*depths))
    shape, rng = (draw(sizes(1, 3)), draw(sizes(1, longest))), draw(rngs())
    theta = draw(st.sampled_from([100.0, 10_000.0, 0.0]))
    return made(rng, heads=heads, width=width, depth=depth, theta=theta, shape=shape)


def setting(case):
    names = ("sizes", "state", "positions", "tied", "frozen", "unread")
    return {name: getattr(case, name) for name in names}


def described(case, mode="eval"):
    V, d, heads, d_ff, depth, theta, p = case.sizes
    more = [f"d_ff {d_ff}", f"theta {theta:g}" if theta else "no rope", *([f"dropout {p}"] if p else [])]
    more += [f"token_positions {case.positions.tolist()}"] if case.positions is not None else []
    more += ["the output tied to the embedding"] * case.tied + [f"frozen: {name}" for name in case.frozen]
    size = f"{depth} layers, {heads} heads, d_model {d}, {V} tokens, {', '.join(more)}"
    return f"model: {size}, random weights, .{mode}(); ids = {show_value(case.ids)}"


# The model of the probes, as Python, of the learner's own parts.
MODEL = """
from torch import nn
from minillm.transformer.block import TransformerBlock
from minillm.transformer.modules import Embedding, Linear, RMSNorm

class Model(nn.Module):
    def __init__(self, V, d, heads, d_ff, depth, theta, p):
        super().__init__()
        self.token_embeddings, self.ln_final, self.lm_head = Embedding(V, d), RMSNorm(d), Linear(d, V)
        self.layers = nn.ModuleList(TransformerBlock(d, heads, d_ff, 64, theta, dropout=p) for _ in range(depth))
        self.positions, self.fails = None, False

    def forward(self, ids):
        x = self.token_embeddings(ids)
        for block in self.layers:
            x = block(x, self.positions)
            if self.fails:
                raise KeyError("the model itself fails")
        return self.lm_head(self.ln_final(x))
"""


def script(case, *call):
    """A model in evaluation mode, its ids, and what is done with them, as Python."""
    V, d, heads, d_ff, depth, theta, p = case.sizes
    lines = [MODEL, f"model = m = Model({V}, {d}, {heads}, {d_ff}, {depth}, {theta or 100.0}, {p})"]
    lines.append(torch_script.loaded(case.state))
    if not theta:
        lines += ["for block in model.layers:", "    block.attn.rope = None"]
    if case.positions is not None:
        lines.append(f"model.positions = {torch_script.tensor(case.positions)}")
    lines += ["model.lm_head.weight = model.token_embeddings.weight"] * case.tied
    lines += ["model.unread = nn.Parameter(torch.ones(2, dtype=torch.float64))"] * case.unread
    lines += [f"model.get_parameter({name!r}).requires_grad_(False)" for name in case.frozen]
    return "\n".join([*lines, "model.eval()", f"ids = {torch_script.tensor(case.ids)}", *call])


def weights(learner, case, layer, head):
    call = f"attention_weights(model, ids, {layer}, {head})"
    text, code = (lambda: f"{call}  # {described(case)}"), partial(script, case, f"print({call}.tolist())")
    got = learner.probe("weights", setting(case), case.ids, layer, head, shown=text, script=code)
    return check.number_array(got, "the weights"), got


def same_weights(learner, case, layer, head):
    got, _ = weights(learner, case, layer, head)
    expected = forward(case)[1][layer, head]
    # The scores of later layers are sums of sums: their rounding moves a weight.
    check.close(got, expected, what="the weights", terms=2**14, scale=1.0)
    return got


def flow(learner, case):
    text = f"gradient_flow(model, (ids, targets))  # targets = {show_value(case.targets)}; {described(case)}"
    targets = f"targets = {torch_script.tensor(case.targets)}"
    code = partial(script, case, targets, "print(gradient_flow(model, (ids, targets)))")
    got = learner.probe("flow", setting(case), case.ids, case.targets, shown=text, script=code)
    check.that(isinstance(got, dict), f"gradient_flow returned {check.describe(got)}, expected a dict")
    names = [name for name in case.state if name not in case.frozen and not (case.tied and name == "lm_head.weight")]
    wanted = sorted([*names, *["unread"] * case.unread])
    check.equal(sorted(got), wanted, what="the names, sorted")
    for name, value in got.items():
        check.that(type(value) is float, f"the value of {name} is {check.describe(value)}, expected a Python float")
    return got


def length_of_gradient(case, name):
    """By a complex step for every element, all at once: along a leading axis, each member moves one."""
    one = case.state[name]
    moved = np.repeat(one.reshape(1, -1), one.size, axis=0) + 1j * gradients.COMPLEX_STEP * np.eye(one.size)
    moved = moved.reshape(one.size, *[1] * (3 - one.ndim), *one.shape)
    slopes = np.imag(cross_entropy(forward(case, case.state | {name: moved})[0], case.targets)) / gradients.COMPLEX_STEP
    return math.sqrt(math.fsum((slopes**2).tolist()))


# ---------------------------------------------------------------- attention_weights


@settings(max_examples=12)
@given(cases(), st.integers(0, 2), st.integers(0, 2))
@example(made(np.random.default_rng(2120), theta=0.0), 1, 1)
def test_weights(learner, case, layer, head):
    """attention_weights gives the weights (B, T, T) that forward uses, for every layer and head."""
    same_weights(learner, case, layer % case.sizes[4], head % case.sizes[2])


@settings(max_examples=5)
@given(cases(depths=(2, 3)))
def test_weights_rows(learner, case):
    """Each row of the weights sums to 1, and is exactly 0 for the keys after the query; no weight is negative."""
    got, raw = weights(learner, case, case.sizes[4] - 1, 0)
    B, T = case.ids.shape
    check.that(got.shape == (B, T, T), f"the weights have shape {got.shape}, expected {(B, T, T)}")
    check.close(got.sum(-1), np.ones((B, T)), what="the sum of a row", terms=T)
    check.that(not got[:, ~np.tri(T, dtype=bool)].any(), "a weight of a key after its query is not exactly 0")
    check.that(not (got < 0).any(), "a weight is negative")
    check.that(not getattr(raw, "requires_grad", False), "the weights require a gradient")


@settings(max_examples=6)
@given(st.sampled_from(["spread", "one row", "batch"]), st.integers(0, 1), rngs())
def test_weights_positions(learner, form, layer, rng):
    """Where the model hands token_positions to its attention, the weights are turned by these."""
    case = made(rng, shape=(2, 4))
    rows = rng.integers(0, 30, (2, 4))
    case.positions = {"spread": 3 * np.arange(4), "one row": rows[:1], "batch": rows}[form]
    same_weights(learner, case, layer, 1)


@settings(max_examples=4)
@given(st.sampled_from([-1.0, 1.0]), rngs())
def test_weights_large(learner, sign, rng):
    """The weights are right where scores are ±10,000: nothing overflows, and no row is divided by 0."""
    case = made(rng, depth=1, theta=0.0)
    key = "layers.0.attn.{}_proj.weight"
    # Whole numbers, and keys that are queries or their opposite: the first row has one score, and it is this large.
    case.state[key.format("q")] = np.round(40.0 * case.state[key.format("q")])
    case.state[key.format("k")] = sign * 40.0 * np.round(case.state[key.format("q")])
    got, _ = weights(learner, case, 0, 0)
    # A weight is off by as much as its score, whose digits begin a million times higher.
    check.close(got, forward(case)[1][0, 0], what="the weights", rtol=1e-6, scale=1.0)


def test_weights_refuses(learner):
    """A layer or a head that the model does not have, a negative one too, raises IndexError."""
    case = made(np.random.default_rng(2121))
    for where in ((0, 2), (0, -1), (2, 0), (-1, 0), (5, 0), (0, 9)):
        with check.raises("IndexError"):
            weights(learner, case, *where)


# How the probe `left_behind` puts a model into a mode, and what may be another afterwards, as Python.
MIXED = ["model.layers[0].ffn.eval()", "model.ln_final.eval()", "model.layers[-1].attn.q_proj.eval()"]
GRADS = """
for place, one in enumerate(model.parameters()):
    one.grad = torch.full_like(one, place) if place % 2 else None"""
LEFT = """
print("training:", {name: part.training for name, part in model.named_modules()})
print("hooks:", sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules()))
print("grads:", [one.grad if one.grad is None else one.grad.flatten()[0].item() for one in model.parameters()])
print("trained:", [one.requires_grad for one in model.parameters()])
print("ids:", ids.tolist(), "gradients are recorded:", torch.is_grad_enabled())"""


def script_left(case, mode, name, fails):
    modes = [f"model.train({mode != 'eval'})", *(MIXED if mode == "mixed" else [])]
    call = ["model.fails = True", "try:", f"    {name}", "except KeyError as error:", "    print(error)"]
    return script(case, *modes, GRADS, *(call if fails else [name]), LEFT)


def untouched(learner, case, mode, question, *, fails=False):
    name = {"weights": "attention_weights(model, ids, 0, 0)", "flow": "gradient_flow(model, (ids, ids))"}[question]
    code = partial(script_left, case, mode, name, fails)
    trouble = ", and the model raises a KeyError on the way" if fails else ""
    text = f"{name}{trouble}  # {described(case, mode)}"
    asked = (setting(case), case.ids, mode, question)
    seen = learner.probe("left_behind", *asked, fails=fails, shown=text, script=code)
    parts = ", ".join(seen["modes"][:3])
    check.that(not seen["modes"], f"afterwards these parts are in another mode: {parts}")
    check.that(not seen["hooks"], f"{seen['hooks']} hooks are left in the model")
    check.that(seen["forward"], "the model's forward is another than before")
    check.that(seen["state"], "a weight has changed")
    check.that(seen["grads"], "the .grad of a parameter is not what it was before")
    check.that(seen["trained"], "afterwards another set of parameters requires a gradient")
    check.that(seen["ids"], "the ids were changed")
    check.that(seen["grad_mode"], "afterwards torch records no gradients any more")
    check.that(not seen["random"], "random numbers were drawn")
    return seen


def test_weights_leave(learner):
    """attention_weights leaves the model, modes, hooks and gradients as they were; dropout plays no part in it."""
    rng = np.random.default_rng(2122)
    for mode, p in (("train", 0.5), ("mixed", 0.5), ("eval", 0.0)):
        case = made(rng, p=p)
        seen = untouched(learner, case, mode, "weights")
        expected = forward(case)[1][0, 0]
        check.close(seen["answer"], expected, what="the weights", terms=2**14, scale=1.0)


def test_weights_fail(learner):
    """Where the model raises an error on the way, attention_weights leaves no hook and no mode behind either."""
    rng = np.random.default_rng(2123)
    for mode in ("train", "mixed"):
        untouched(learner, made(rng), mode, "weights", fails=True)


# ---------------------------------------------------------------- attention_entropy


def entropies(learner, W, dtype="float64"):
    text = f"attention_entropy(torch.tensor({show_value(W)}, dtype=torch.{dtype}))"
    code = f"print(attention_entropy({torch_script.tensor(W, dtype)}).tolist())"
    seen = learner.probe("entropy", W, dtype, shown=text, script=code)
    check.that(seen["kept"], "the weights were changed")
    got = check.number_array(seen["entropy"], "the entropies")
    check.that(got.shape == W.shape[:-1], f"the entropies have shape {got.shape}, expected {W.shape[:-1]}")
    check.finite(got, what="the entropy")
    check.that(
        not np.signbit(got).any(), f"an entropy is {check.number(got[np.signbit(got)][:1].sum())}, expected 0 or more"
    )
    return got, seen["entropy"]


def rows_of_weights(rng, shape, causal=False):
    """Random weights, some of them exactly 0; with `causal`, those after the query."""
    W = rng.random(shape) * (rng.random(shape) < 0.7)
    W[..., 0] += 0.1
    if causal:
        W = W * np.tri(shape[-2], shape[-1])
    return W / W.sum(axis=-1, keepdims=True)


@settings(max_examples=10)
@given(st.lists(sizes(1, 3), max_size=2).map(tuple), sizes(1, 4), sizes(1, 5), rngs(), st.booleans())
def test_entropy(learner, front, Tq, Tk, rng, layout):
    """attention_entropy is −Σ w · ln w of each row, in nats; a weight of 0 adds nothing, and nothing becomes NaN."""
    W = rows_of_weights(rng, (*front, Tq, Tk))
    got, _ = entropies(learner, strided(W) if layout else W)
    slow = [-math.fsum(w * math.log(w) for w in row if w > 0) for row in W.reshape(-1, Tk).tolist()]
    check.close(got, np.array(slow).reshape(W.shape[:-1]), what="the entropy", terms=Tk, scale=1.0)


def test_entropy_bounds(learner):
    """One key: 0. All keys alike: ln T. A row of zeros: 0. Query t of causal weights has at most ln(t + 1)."""
    rng = np.random.default_rng(2124)
    for T in (1, 2, 5):
        even, causal = np.full((T, T), 1.0 / T), rows_of_weights(rng, (T, T), causal=True)
        got, _ = entropies(learner, np.stack([np.eye(T)[rng.permutation(T)], even, np.zeros((T, T)), causal]))
        check.close(got[0], np.zeros(T), what="the entropy of a single key", rtol=0.0)
        check.close(got[1], np.full(T, math.log(T)), what="the entropy of equal weights", scale=1.0)
        check.close(got[2], np.zeros(T), what="the entropy of a row of zeros", rtol=0.0)
        room = np.log(np.arange(1, T + 1)) + check.tolerance()
        check.that(bool(np.all(got[3] <= room)), "a query has more entropy than the keys that it sees allow")


def test_entropy_dtype(learner):
    """The entropies have the dtype of the weights."""
    rng = np.random.default_rng(2125)
    for dtype in ("float32", "float64", "bfloat16"):
        got, raw = entropies(learner, rows_of_weights(rng, (3, 4)), dtype)
        check.that(raw.dtype == dtype, f"the entropies have dtype {raw.dtype}, expected {dtype}")
        check.that(float(got.max()) < 1.4, "four keys have at most ln 4")


# ---------------------------------------------------------------- gradient_flow


@settings(max_examples=6)
@given(cases(longest=3, depths=(1, 2)), rngs())
def test_flow(learner, case, rng):
    """gradient_flow gives for every parameter the length of the gradient of the mean cross-entropy."""
    got = flow(learner, case)
    for name in rng.choice(list(case.state), size=6, replace=False):
        wanted = length_of_gradient(case, str(name))
        check.close(got[str(name)], wanted, what=f"the length for {name}", rtol=1e-9, scale=max(wanted, 1e-3))


def test_flow_order(learner):
    """The names are those of named_parameters, in its order; the values are Python floats."""
    case = made(np.random.default_rng(212), heads=1, depth=2)
    order = list(flow(learner, case))
    blocks = [
        f"layers.{i}.{name}.weight"
        for i in range(2)
        for name in (
            "attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.output_proj", "ffn.w1", "ffn.w2", "ffn.w3", "ln1", "ln2",
        )
    ]  # fmt: skip
    check.equal(order, ["token_embeddings.weight", *blocks, "ln_final.weight", "lm_head.weight"], what="the names")


def test_flow_at_zero(learner):
    """With output_proj and w2 at zero only these two, of all weights of a block, get a gradient; the others get 0.0."""
    case = made(np.random.default_rng(2126))
    for key in case.state:
        if "output_proj" in key or "w2" in key:
            case.state[key] = np.zeros(case.state[key].shape)
    got = flow(learner, case)
    for key, value in got.items():
        alive = "layers" not in key or "output_proj" in key or "w2" in key
        check.that(
            (value > 0) == alive, f"the length for {key} is {value:g}, expected {'more than' if alive else ''} 0"
        )


def test_flow_shared(learner):
    """A shared weight comes once, with both its gradients; a frozen one not at all."""
    case = made(np.random.default_rng(2127), depth=1)
    case.tied, case.frozen = True, ("layers.0.ln1.weight", "layers.0.ffn.w3.weight")
    got = flow(learner, case)
    name = "token_embeddings.weight"
    wanted = length_of_gradient(case, name)
    check.close(got[name], wanted, what=f"the length for {name}, tied", rtol=1e-9, scale=max(wanted, 1e-3))


def test_flow_not_read(learner):
    """A parameter that the model does not read has the length 0.0."""
    case = made(np.random.default_rng(2129), heads=1, depth=1)
    case.unread = True
    check.equal(flow(learner, case)["unread"], 0.0, what="the length for a parameter that is not read")


@settings(max_examples=2)
@given(rngs())
def test_flow_large(learner, rng):
    """Logits of ±10,000 give finite lengths, and right ones."""
    case = made(rng, depth=1, heads=1)
    case.state["lm_head.weight"] = np.round(1e4 * case.state["lm_head.weight"])
    got = flow(learner, case)
    for name in ("lm_head.weight", "ln_final.weight"):
        wanted = length_of_gradient(case, name)
        check.close(got[name], wanted, what=f"the length for {name}", rtol=1e-8, scale=max(wanted, 1e-3))


def test_flow_leaves(learner):
    """gradient_flow leaves every .grad, mode and weight as it was; dropout plays no part in it."""
    rng = np.random.default_rng(2128)
    for mode, p in (("train", 0.5), ("mixed", 0.5), ("eval", 0.0)):
        case = made(rng, p=p)
        seen = untouched(learner, case, mode, "flow")
        case.targets = case.ids
        wanted = length_of_gradient(case, "ln_final.weight")
        got = seen["answer"].get("ln_final.weight") if isinstance(seen["answer"], dict) else None
        check.close(got, wanted, what="the length for ln_final.weight", rtol=1e-9, scale=max(wanted, 1e-3))


def test_device(learner):
    """The three functions in torch work on a GPU, too: what they make lies on the device of what it meets."""
    case = made(np.random.default_rng(2129))
    for name, call in (
        ("weights", "attention_weights(model, ids, 1, 0)"),
        ("entropy", "attention_entropy(W)"),
        ("flow", "gradient_flow(model, (ids, ids))"),
    ):
        seen = learner.probe("device", setting(case), case.ids, name, shown=f"{call}  # {described(case)}")
        check.that(seen, "a tensor that was made without a device meets the model's: on a GPU this line would fail")


# ---------------------------------------------------------------- pca_2d


def pca(learner, E):
    return three(check.items(learner.pca_2d(E), 3, what="pca_2d"), E)


def three(result, E):
    (points, components, shares), (V, d) = result, E.shape
    for got, shape, what in ((points, (V, 2), "points"), (components, (2, d), "components"), (shares, (2,), "shares")):
        array = check.number_array(got, what)
        check.that(array.shape == shape, f"{what} has shape {array.shape}, expected {shape}")
        check.that(array.dtype == np.float64, f"{what} has dtype {array.dtype}, expected float64")
        check.finite(array, what=what)
    return points, components, shares


@st.composite
def tables(draw):
    """Rows with a variance of their own along every axis of a random frame, far from the origin.

    Three at least: two rows differ in one direction only, and any other is as good as the second.
    """
    V, d, rng = draw(sizes(3, 7)), draw(sizes(2, 5)), draw(rngs())
    frame = np.linalg.qr(rng.normal(size=(d, d)))[0]
    spread = 3.0 * 0.4 ** np.arange(d)
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    return np.round(rng.normal(size=(V, d)) * spread @ frame + rng.normal(0.0, 5.0, d), 2).astype(dtype)


def plane_holds(E, points, components, shares):
    """What makes two directions the principal ones: no others catch more of the variance."""
    wide = np.asarray(E, dtype=np.float64)
    centred = wide - wide.mean(axis=0)
    check.close(components @ components.T, np.eye(2), what="components · componentsᵀ", terms=64)
    size = float(np.max(np.abs(centred)))
    check.close(points, centred @ components.T, what="points", terms=256, scale=max(size, 1.0))
    covariance = centred.T @ centred
    total = float(np.trace(covariance))
    values = sorted(np.linalg.eigvalsh(covariance).tolist(), reverse=True)[:2]
    check.close(shares, np.array(values) / total, what="shares", terms=2**12, scale=1.0)
    got = (points**2).sum(axis=0) / total
    check.close(
        got, shares, what="the variance of the points along each direction, as a share,", terms=2**12, scale=1.0
    )


@settings(max_examples=10)
@given(tables(), st.booleans())
def test_pca(learner, E, layout):
    """The components are the directions of greatest variance around the mean, the larger first."""
    plane_holds(E, *pca(learner, strided(E) if layout else E))


@settings(max_examples=4)
@given(tables())
def test_pca_sign(learner, E):
    """The entry of a component with the largest absolute value is positive, also for −E."""
    for table in (E, -E):
        _, components, _ = pca(learner, table)
        for row in components:
            largest = float(row[np.argmax(np.abs(row))])
            check.that(largest > 0, f"the largest entry of a component is {check.number(largest)}")


def test_pca_flat(learner):
    """Equal rows give points and shares of 0, rows on a line a second share of 0; components stay at right angles."""
    rng = np.random.default_rng(2130)
    tables_of = {
        "equal": np.tile([0.5, -2.0, 3.0], (4, 1)),
        "line": np.outer([1.0, -2.0, 4.0, 0.5], [2.0, 1.0, -0.5]) + np.array([1.0, 2.0, 3.0]),
        "two rows": normal(rng, (2, 4)),
        "wide": normal(rng, (3, 9)),
    }
    for kind, E in tables_of.items():
        seen = learner.probe("flat", E, shown=f"pca_2d({show_value(E)})")
        check.that("result" not in seen, "pca_2d does not return three arrays")
        points, components, shares = three(seen.values(), E)
        check.close(components @ components.T, np.eye(2), what="components · componentsᵀ", terms=64)
        if kind == "equal":
            check.close(points, np.zeros((4, 2)), what="points", rtol=0.0)
            check.close(shares, np.zeros(2), what="shares", rtol=0.0)
        elif kind == "wide":
            plane_holds(E, points, components, shares)
        else:
            check.close(shares, np.array([1.0, 0.0]), what="shares", terms=64)
            check.close(points[:, 1], np.zeros(len(E)), what="the second column of points", rtol=1e-7, scale=10.0)


def test_pca_refuses(learner):
    """An array that is not 2-D, or has fewer than two rows or columns, raises ValueError."""
    for shape in ((1, 3), (3, 1), (4,), (2, 3, 2), (0, 3)):
        with check.raises("ValueError"):
            learner.pca_2d(np.zeros(shape))


# ---------------------------------------------------------------- nearest_tokens

METRICS = ["cosine", "dot", "euclidean"]


def score(one, other, metric):
    if metric == "euclidean":
        return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(one, other, strict=True)))
    dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
    if metric == "dot":
        return dot
    lengths = math.sqrt(math.fsum(a * a for a in one) * math.fsum(a * a for a in other))
    return dot / lengths if lengths else 0.0


def neighbours_hold(got, E, token, k, metric):
    """Rows that lie in one direction may differ in the last digit of their scores, and then change places."""
    rows = np.asarray(E, dtype=np.float64).tolist()
    scores = {row: score(rows[token], other, metric) for row, other in enumerate(rows) if row != token}
    check.that(isinstance(got, list), f"nearest_tokens is {check.describe(got)}, expected a list")
    check.equal(len(got), k, what="the number of neighbours")
    size = max(1.0, float(np.max(np.abs(E))) ** 2 * E.shape[1])
    found = [check.items(pair, 2, what=f"neighbour {place}") for place, pair in enumerate(got)]
    for place, (row, measured) in enumerate(found):
        check.that(type(row) is int, f"the row of neighbour {place} is {check.describe(row)}, expected an int")
        check.that(row in scores, f"neighbour {place} is row {row}: the row itself, one named before, or none of E")
        check.that(type(measured) is float, f"the score of neighbour {place} is {check.describe(measured)}")
        what = f"the score of neighbour {place}, row {row},"
        check.close(measured, scores.pop(row), what=what, terms=E.shape[1], scale=size)
    # What is not among the k may be as near as the last of them, no nearer; of equal rows the smaller ones are in it.
    for (row, one), (later, other) in [*itertools.pairwise(found), *((found[-1], left) for left in scores.items())]:
        ahead = one - other if metric == "euclidean" else other - one
        check.that(ahead < 1e-12 * size, f"row {later} is nearer than row {row}, and does not come before it")
        in_order = row < later or rows[row] != rows[later]
        check.that(in_order, f"rows {row} and {later} are equal: the smaller one comes first")


@settings(max_examples=13)
@given(st.sampled_from(METRICS), sizes(2, 7), sizes(1, 4), st.sampled_from([0.1, 1.0, 30.0]), rngs(), st.booleans())
def test_nearest(learner, metric, V, d, scale, rng, layout):
    """nearest_tokens finds the k rows of the best score, the nearest first, without the row itself."""
    # Rows of very different lengths: then the metrics disagree.
    E = normal(rng, (V, d), scale=scale) * rng.choice([0.5, 1.0, 4.0], (V, 1))
    token, k = int(rng.integers(V)), int(rng.integers(1, V))
    neighbours_hold(learner.nearest_tokens(strided(E) if layout else E, token, k, metric), E, token, k, metric)
    if metric == "cosine":
        neighbours_hold(learner.nearest_tokens(E, token, k), E, token, k, metric)


@settings(max_examples=3)
@given(rngs())
def test_nearest_ties(learner, rng):
    """Equal rows are neighbours with equal scores, the smaller row first; rows of zeros have cosine 0, silently."""
    few = rng.integers(-2, 3, (3, 2)).astype(np.float64)
    E = np.vstack([few, few[::-1], few, np.zeros((1, 2))])[rng.permutation(10)]
    for metric in METRICS:
        # float32, where a length that is not computed in float64 has half of the digits.
        token = int(rng.choice(np.flatnonzero(E.any(axis=1)))) if E.any() else 0
        got = learner.nearest_tokens(E.astype(np.float32), token, 4, metric)
        neighbours_hold(got, E, token, 4, metric)
        token = int(rng.integers(10))
        seen = learner.probe("warnings_of", "nearest_tokens", E, token, 9, metric)
        check.that(not seen["warnings"], f"NumPy warned: {(seen['warnings'] or [''])[0]}")
        neighbours_hold(seen["value"], E, token, 9, metric)


def test_nearest_refuses(learner):
    """A row outside of 0 … V − 1 raises IndexError; a k outside of 1 … V − 1, and another metric, ValueError."""
    V = 4
    E = normal(np.random.default_rng(2131), (V, 3))
    for token in (-1, V, V + 3):
        with check.raises("IndexError"):
            learner.nearest_tokens(E, token, 1)
    for k in (0, -1, V, V + 2):
        with check.raises("ValueError"):
            learner.nearest_tokens(E, 0, k)
    for metric in ("Cosine", "l2", ""):
        with check.raises("ValueError"):
            learner.nearest_tokens(E, 0, 1, metric)


# ---------------------------------------------------------------- ascii_heatmap

RAMP = " .:-=+*#%@"


def character(w):
    if math.isnan(w):
        return "?"
    return next(RAMP[level] for level in range(10) if w <= level / 9 or level == 9)


@settings(max_examples=8)
@given(sizes(1, 5), sizes(1, 6), rngs())
def test_heatmap(learner, rows, columns, rng):
    """ascii_heatmap draws a line for each row, and for each number the character of its level."""
    # In the middle of the levels, so that no rounding can move one; and exact zeros and ones.
    W = rng.choice([0.0, 1.0, *((np.arange(9) + 0.5) / 9).round(4)], (rows, columns))
    got = learner.ascii_heatmap(W)
    check.that(isinstance(got, str), f"ascii_heatmap is {check.describe(got)}, expected a str")
    check.equal(got, "\n".join("".join(map(character, row)) for row in W.tolist()), what="the drawing")


def test_heatmap_edges(learner):
    """The smallest weight that is not 0 is seen; what lies outside of 0 … 1 is drawn as 0 or 1, NaN as "?"."""
    W = np.array([[1e-12, 1.0, -0.3, 1.7], [np.nan, 0.0, np.inf, -np.inf], [1.0 - 1e-12, 0.0, -0.0, 5e-324]])
    check.equal(learner.ascii_heatmap(W), ".@ @\n? @ \n@  .", what="the drawing")
    check.equal(learner.ascii_heatmap(np.float32([[0.25, 0.75]])), "-#", what="the drawing of float32 numbers")
    for shape in ((3,), (1, 2, 2), ()):
        with check.raises("ValueError"):
            learner.ascii_heatmap(np.ones(shape))


def test_pure(learner):
    """pca_2d, nearest_tokens and ascii_heatmap write into nothing they are given, and answer the same again."""
    rng = np.random.default_rng(2132)
    E = normal(rng, (5, 3))
    calls = [("pca_2d", (E,)), ("ascii_heatmap", (rng.random((3, 3)),))]
    calls += [("nearest_tokens", (E, 1, 3, metric)) for metric in METRICS]
    for name, args in calls:
        seen = learner.probe("purity", name, args)
        check.that(not seen["changed"], f"{name} wrote into what it was given")
        check.that(not seen["random"], f"{name} drew random numbers")
        check.equal(seen["second"], seen["first"], what=f"the second {name}")
