"""2.12 Looking inside a model."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RAMP = " .:-=+*#%@"


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put every part into evaluation mode, and afterwards back into its own."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def attention_weights(model: nn.Module, ids: Tensor, layer: int, head: int) -> Tensor:
    if not 0 <= layer < len(model.layers):
        raise IndexError(f"layer {layer} of {len(model.layers)}")
    attn = model.layers[layer].attn
    if not 0 <= head < attn.num_heads:
        raise IndexError(f"head {head} of {attn.num_heads}")
    x, *positions = _input_of(attn, model, ids)
    with torch.no_grad():
        Q, K = (project(x).chunk(attn.num_heads, dim=-1)[head] for project in (attn.q_proj, attn.k_proj))  # (B, T, d_k)
        if attn.rope is not None:
            Q, K = attn.rope(Q, *positions), attn.rope(K, *positions)
        scores = Q @ K.mT / math.sqrt(Q.shape[-1])
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
        return torch.exp(scores - torch.logsumexp(scores, -1, keepdim=True))


def _input_of(attn: nn.Module, model: nn.Module, ids: Tensor) -> list[Any]:
    """What the attention is given, in order, when the model runs."""
    caught: list[Any] = []
    hook = attn.register_forward_pre_hook(
        lambda _, given, named: caught.extend([*given, *named.values()]), with_kwargs=True
    )
    try:
        with _evaluating(model), torch.no_grad():
            model(ids)
    finally:
        hook.remove()
    return caught


def attention_entropy(W: Tensor) -> Tensor:
    logs = torch.log(torch.where(W > 0, W, 1.0))  # 0 where there is no weight
    return (W * logs).sum(-1).neg().clamp(min=0.0) + 0.0


def gradient_flow(model: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, float]:
    ids, targets = batch
    wanted = {name: one for name, one in model.named_parameters() if one.requires_grad}
    with _evaluating(model):
        logits = model(ids)  # (B, T, V)
        chosen = logits.gather(-1, targets[..., None])[..., 0]
        loss = (torch.logsumexp(logits, -1) - chosen).mean()
        # Not backward: that would add to what stands in .grad.
        slopes = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
    return {name: 0.0 if one is None else float(one.norm()) for name, one in zip(wanted, slopes, strict=True)}


def pca_2d(E: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if E.ndim != 2 or min(E.shape) < 2:
        raise ValueError(f"no plane through an array of shape {E.shape}")
    centred = E.astype(np.float64) - E.mean(axis=0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    components = axes[:2]
    largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
    components = components * np.sign(largest)
    variances = sizes**2
    return centred @ components.T, components, variances[:2] / (variances.sum() or 1.0)


def nearest_tokens(E: np.ndarray, id: int, k: int, metric: str = "cosine") -> list[tuple[int, float]]:  # noqa: A002
    if not 0 <= id < len(E):
        raise IndexError(f"row {id} of {len(E)}")
    if not 1 <= k < len(E):
        raise ValueError(f"{k} neighbours among {len(E)} rows")
    E = E.astype(np.float64)
    if metric == "euclidean":
        scores = np.sqrt(((E - E[id]) ** 2).sum(axis=1))
    elif metric in ("cosine", "dot"):
        scores = (E * E[id]).sum(axis=1)
        if metric == "cosine":
            lengths = np.sqrt((E**2).sum(axis=1)) * np.sqrt((E[id] ** 2).sum())
            scores = scores / np.where(lengths > 0, lengths, 1.0)
    else:
        raise ValueError(f"metric is {metric!r}: cosine, dot or euclidean")
    order = np.argsort(scores if metric == "euclidean" else -scores, kind="stable")
    return [(int(row), float(scores[row])) for row in order if row != id][:k]


def ascii_heatmap(W: np.ndarray) -> str:
    if W.ndim != 2:
        raise ValueError(f"a matrix was expected, not shape {W.shape}")
    levels = np.ceil(np.clip(W, 0.0, 1.0) * 9)
    return "\n".join("".join("?" if np.isnan(level) else RAMP[int(level)] for level in row) for row in levels)
