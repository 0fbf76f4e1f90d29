"""What the grader of 2.12 runs beside the learner's code: a small language model of its own, to be looked into.

The model keeps the contract's names and the stub's promises; its weights come from the judge. It notes nothing: what
the attention must have seen the judge computes by itself.
"""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from course.grading.devices import Strangers
from course.grading.probes import find_function

Setting = dict[str, Any]  # sizes, weights and options of a model, see `_model`


class _Linear(nn.Module):
    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rows, columns, dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return x @ self.weight.T


class _Embedding(_Linear):
    def forward(self, ids: Any) -> Any:
        return self.weight[ids]


class _Norm(nn.Module):
    def __init__(self, d: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d, dtype=torch.float64))

    def forward(self, x: Any) -> Any:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class _Rope(nn.Module):
    def __init__(self, theta: float, width: int) -> None:
        super().__init__()
        self.theta, self.width = theta, width

    def forward(self, x: Any, token_positions: Any = None) -> Any:
        places = torch.arange(x.shape[-2], device=x.device) if token_positions is None else token_positions
        if places.ndim == 2 and x.ndim > 3:
            places = places[:, None]  # a row for each member of the batch, whatever the head
        steps = torch.arange(0, self.width, 2, dtype=torch.float64, device=x.device)
        angles = places[..., None] * self.theta ** (-steps / self.width)
        a, b, cos, sin = x[..., 0::2], x[..., 1::2], angles.cos(), angles.sin()
        return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


class _Attention(nn.Module):
    def __init__(self, d: int, heads: int, rope: Any) -> None:
        super().__init__()
        self.num_heads, self.rope = heads, rope
        self.q_proj, self.k_proj, self.v_proj, self.output_proj = (_Linear(d, d) for _ in range(4))

    def forward(self, x: Any, token_positions: Any = None) -> Any:
        Q, K, V = (
            p(x).unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        if self.rope is not None:
            Q, K = self.rope(Q, token_positions), self.rope(K, token_positions)
        scores = Q @ K.mT / Q.shape[-1] ** 0.5
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
        e = torch.exp(scores - scores.amax(-1, keepdim=True))
        return self.output_proj((e / e.sum(-1, keepdim=True) @ V).transpose(1, 2).flatten(-2))


class _FeedForward(nn.Module):
    def __init__(self, d: int, d_ff: int) -> None:
        super().__init__()
        self.w1, self.w2, self.w3 = _Linear(d_ff, d), _Linear(d, d_ff), _Linear(d_ff, d)

    def forward(self, x: Any) -> Any:
        gate = self.w1(x)
        return self.w2(gate * torch.sigmoid(gate) * self.w3(x))


class _Block(nn.Module):
    def __init__(self, d: int, heads: int, d_ff: int, theta: float, p: float) -> None:
        super().__init__()
        self.attn = _Attention(d, heads, _Rope(theta, d // heads) if theta else None)
        self.ffn, self.ln1, self.ln2, self.p = _FeedForward(d, d_ff), _Norm(d), _Norm(d), p

    def forward(self, x: Any, *positions: Any) -> Any:
        h = x + self._drop(self.attn(self.ln1(x), *positions))
        return h + self._drop(self.ffn(self.ln2(h)))

    def _drop(self, x: Any) -> Any:
        if not self.training or not self.p:
            return x
        return x * (torch.rand(x.shape, device=x.device) >= self.p) / (1 - self.p)


class _Model(nn.Module):
    def __init__(self, V: int, d: int, heads: int, d_ff: int, depth: int, theta: float, p: float) -> None:
        super().__init__()
        self.token_embeddings = _Embedding(V, d)
        self.layers = nn.ModuleList(_Block(d, heads, d_ff, theta, p) for _ in range(depth))
        self.ln_final, self.lm_head = _Norm(d), _Linear(V, d)
        self.positions: Any = None
        self.fails = False

    def forward(self, ids: Any) -> Any:
        x = self.token_embeddings(ids)
        for block in self.layers:
            x = block(x) if self.positions is None else block(x, self.positions)
            if self.fails:
                raise KeyError("the model itself fails")
        return self.lm_head(self.ln_final(x))


def _model(setting: Setting) -> Any:
    """The model of a setting: {"sizes", "state", "positions", "tied", "frozen", "unread"}."""
    torch.manual_seed(0)  # where dropout is on, what comes back must be the same when it is replayed
    model = _Model(*setting["sizes"])
    if setting.get("unread"):
        model.unread = nn.Parameter(torch.ones(2, dtype=torch.float64))
    for key, parameter in model.named_parameters():
        if key in setting["state"]:
            parameter.data = torch.from_numpy(np.array(setting["state"][key]))
    if setting.get("tied"):
        model.lm_head.weight = model.token_embeddings.weight
    for name in setting.get("frozen", ()):
        model.get_parameter(name).requires_grad_(False)
    if setting.get("positions") is not None:
        model.positions = torch.from_numpy(np.array(setting["positions"]))
    return model


def _hooks(model: Any) -> int:
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, name)) for part in model.modules() for name in names)


def _modes(model: Any, modes: Any) -> None:
    """Put a model into a mode: "train", "eval", or "mixed", in which its parts are in different ones."""
    model.train(modes != "eval")
    if modes == "mixed":
        model.layers[0].ffn.eval()
        model.ln_final.eval()
        model.layers[-1].attn.q_proj.eval()


def weights(module: ModuleType, setting: Setting, ids: Any, layer: int, head: int) -> Any:
    """The weights that the learner's function returns for a model in evaluation mode."""
    model = _model(setting).eval()
    return find_function(module, "attention_weights")(model, torch.from_numpy(np.array(ids)), layer, head)


def flow(module: ModuleType, setting: Setting, ids: Any, targets: Any) -> Any:
    """The gradient flow that the learner's function returns."""
    batch = tuple(torch.from_numpy(np.array(one)) for one in (ids, targets))
    return find_function(module, "gradient_flow")(_model(setting).eval(), batch)


def left_behind(
    module: ModuleType, setting: Setting, ids: Any, mode: str, question: str, *, fails: bool = False
) -> dict[str, Any]:
    """Ask a question of a model in some mode, and say what of the model, or of the world, is another afterwards."""
    model, ids = _model(setting), torch.from_numpy(np.array(ids))
    _modes(model, mode)
    for place, parameter in enumerate(model.parameters()):
        if place % 2:
            parameter.grad = torch.full_like(parameter, float(place))
    before = {name: part.training for name, part in model.named_modules()}
    state = copy.deepcopy(model.state_dict())
    trained = [one.requires_grad for one in model.parameters()]
    given, random = ids.clone(), torch.get_rng_state()
    model.fails = fails
    answer, raised = None, False
    try:
        if question == "weights":
            answer = find_function(module, "attention_weights")(model, ids, 0, 0)
        else:
            answer = find_function(module, "gradient_flow")(model, (ids, given))
    except KeyError:
        raised = True
    model.fails = False
    grads = [
        one.grad is None if not place % 2 else one.grad is not None and bool((one.grad == float(place)).all())
        for place, one in enumerate(model.parameters())
    ]
    return {
        "modes": sorted(
            name or "model" for name, part in model.named_modules() if part.training != before[name]
        ),
        "hooks": _hooks(model),
        "hooked": bool(_hooks(model)),
        "state": all(torch.equal(one, state[key]) for key, one in model.state_dict().items()),
        "grads": all(grads),
        "trained": trained == [one.requires_grad for one in model.parameters()],
        "ids": torch.equal(ids, given),
        "random": not torch.equal(random, torch.get_rng_state()),
        "grad_mode": torch.is_grad_enabled(),
        "raised": raised,
        "answer": answer,
        "forward": type(model).forward is _Model.forward and "forward" not in vars(model),
    }  # fmt: skip


def entropy(module: ModuleType, W: Any, dtype: str) -> dict[str, Any]:
    """The entropies of weights in some dtype, and whether the weights were written into."""
    W = torch.from_numpy(np.array(W)).to(getattr(torch, dtype))
    before = W.clone()
    return {"entropy": find_function(module, "attention_entropy")(W).detach(), "kept": torch.equal(W, before)}


def device(module: ModuleType, setting: Setting, ids: Any, question: str) -> bool:
    """Whether a function would work, too, with everything it is given on another device."""
    model, ids = _model(setting).eval(), torch.from_numpy(np.array(ids))
    W = torch.full((2, 3, 3), 1 / 3, dtype=torch.float64).tril()
    with Strangers() as watched:
        if question == "weights":
            find_function(module, "attention_weights")(model, ids, 1, 0)
        elif question == "entropy":
            find_function(module, "attention_entropy")(W)
        else:
            find_function(module, "gradient_flow")(model, (ids, ids))
    return not watched.mixed


def flat(module: ModuleType, E: Any) -> Any:
    """The learner's pca_2d of rows that fill no plane: of what is asked, the directions are not settled."""
    result = find_function(module, "pca_2d")(E)
    if not isinstance(result, tuple | list) or len(result) != 3:
        return {"result": result}
    return dict(zip(("points", "components", "shares"), result, strict=True))
