"""Another right 2.12: hooks on the projections, one query at a time, Python's own sort, a level at a time."""

import math
from functools import partial

import numpy as np
import torch


def attention_weights(model, ids, layer, head):
    if layer not in range(len(model.layers)) or head not in range(model.layers[layer].attn.num_heads):
        raise IndexError("no such layer or head")
    attn, kept = model.layers[layer].attn, {}
    modes = {name: part.training for name, part in model.named_modules()}
    hooks = [
        attn.q_proj.register_forward_hook(lambda _m, _i, out: kept.update(q=out.clone())),
        attn.k_proj.register_forward_hook(lambda _m, _i, out: kept.update(k=out.clone())),
        attn.register_forward_pre_hook(lambda _m, given, named: kept.update(more=(*given, *named.values())[1:]),
                                       with_kwargs=True),
    ]  # fmt: skip
    try:
        with torch.inference_mode():
            model.train(False)
            model(ids)
    finally:
        for hook in hooks:
            hook.remove()
        for name, part in model.named_modules():
            part.training = modes[name]
    with torch.no_grad():
        turn = partial(attn.rope, token_positions=kept["more"][0] if kept["more"] else None) if attn.rope else None
        q, k = (kept[name].unflatten(-1, (attn.num_heads, -1))[:, :, head].clone() for name in "qk")
        if turn:
            q, k = turn(q), turn(k)
        rows = []
        for t in range(q.shape[1]):  # each query over the keys it may see
            score = (q[:, t : t + 1] * k[:, : t + 1]).sum(-1) / math.sqrt(q.shape[-1])
            e = torch.exp(score - score.max(dim=-1, keepdim=True).values)
            row = torch.zeros(q.shape[0], q.shape[1], dtype=q.dtype, device=q.device)
            row[:, : t + 1] = e / e.sum(-1, keepdim=True)
            rows.append(row)
        return torch.stack(rows, dim=1)


def attention_entropy(W):
    terms = torch.xlogy(W, W)
    return torch.where(terms.sum(-1) < 0, -terms.sum(-1), torch.zeros_like(W[..., 0]))


def gradient_flow(model, batch):
    modes = [(part, part.training) for part in model.modules()]
    for part, _ in modes:
        part.training = False
    try:
        with torch.enable_grad():
            logits = model(batch[0])
            right = torch.take_along_dim(logits, batch[1].unsqueeze(-1), dim=-1)
            # ln Σ e^(z − z_right): the loss of a place.
            losses = torch.logsumexp(logits - right, dim=-1)
            names, leaves = zip(*((n, p) for n, p in model.named_parameters() if p.requires_grad), strict=True)
            slopes = torch.autograd.grad(losses.mean(), leaves, allow_unused=True)
    finally:
        for part, mode in modes:
            part.training = mode
    return {n: math.sqrt(float((s.double() ** 2).sum())) if s is not None else 0.0
            for n, s in zip(names, slopes, strict=True)}  # fmt: skip


def pca_2d(E):
    if E.ndim != 2:
        raise ValueError("not a table")
    V, d = E.shape
    if V < 2 or d < 2:
        raise ValueError("too small for a plane")
    rows = E.astype(np.float64)
    rows = rows - rows.sum(axis=0) / V
    axes, sizes, _ = np.linalg.svd(rows.T)  # all of the d axes, also where the rows span fewer
    two = np.array([v * (1.0 if v[np.argmax(np.abs(v))] > 0 else -1.0) for v in axes[:, :2].T])
    total = float(sum(size**2 for size in sizes))
    return rows @ two.T, two, np.array([size**2 / total if total else 0.0 for size in sizes[:2]])


def nearest_tokens(E, id, k, metric="cosine"):  # noqa: A002
    V = E.shape[0]
    if not isinstance(metric, str) or metric not in {"cosine", "dot", "euclidean"}:
        raise ValueError("metric")
    if id not in range(V):
        raise IndexError("id")
    if k not in range(1, V):
        raise ValueError("k")
    wide = np.array(E, dtype="float64")
    if metric == "euclidean":
        scores, sign = np.linalg.norm(wide - wide[id], axis=-1), 1.0
    else:
        sign = -1.0
        if metric == "cosine":
            lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
            wide = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths != 0)
        scores = np.array([float(np.sum(row * wide[id])) for row in wide])
    others = sorted((row for row in range(V) if row != id), key=lambda row: (sign * scores[row], row))
    return [(row, float(scores[row])) for row in others[:k]]


def ascii_heatmap(W):
    if len(np.shape(W)) != 2:
        raise ValueError("2-D")
    out = np.full(np.shape(W), "?")
    out[~np.isnan(W)] = " "
    for level, character in enumerate(".:-=+*#%@"):
        out[np.greater(W, level / 9)] = character
    return "\n".join(map("".join, out))
