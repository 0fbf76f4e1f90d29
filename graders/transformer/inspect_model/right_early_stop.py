"""Another right 2.12: the model is stopped at the attention; eigenvectors, sorted tuples, thresholds."""

import bisect

import numpy as np
import torch


class Seen(Exception):
    pass


class Asleep:
    """In here all parts of a model are in evaluation mode."""

    def __init__(self, model):
        self.awake = {part for part in model.modules() if part.training}

    def __enter__(self):
        for part in self.awake:
            part.training = False

    def __exit__(self, *_):
        for part in self.awake:
            part.training = True


@torch.no_grad()
def attention_weights(model, ids, layer, head):
    attn = list(model.layers)[layer].attn if layer >= 0 else None
    if attn is None or head < 0 or head >= attn.num_heads:
        raise IndexError("layer or head")
    found = []

    def look(_module, args):
        found.extend(args)
        raise Seen

    handle = attn.register_forward_pre_hook(look)
    with Asleep(model):
        try:
            model(ids)
        except Seen:
            pass
        finally:
            handle.remove()
    x, positions = found[0], found[1] if len(found) > 1 else None
    width = x.shape[-1] // attn.num_heads
    rows = slice(head * width, head * width + width)
    q = torch.einsum("btd,cd->btc", x, attn.q_proj.weight[rows])
    k = torch.einsum("btd,cd->btc", x, attn.k_proj.weight[rows])
    if attn.rope is not None:
        q, k = attn.rope(q, positions), attn.rope(k, positions)
    scores = torch.einsum("bic,bjc->bij", q, k) * width**-0.5
    place = torch.arange(x.shape[1], device=x.device)
    sees = place[None, :] <= place[:, None]
    e = torch.exp(scores - scores.where(sees, scores.amin()).amax(-1, keepdim=True)).where(sees, 0)
    return e / e.sum(-1, keepdim=True)


def attention_entropy(W):
    return torch.special.entr(W).sum(-1).abs()


def gradient_flow(model, batch):
    ids, targets = batch
    parts = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    kept = [p.grad for _, p in parts]
    try:
        for _, p in parts:
            p.grad = None
        with Asleep(model):
            logits = model(ids).flatten(0, 1)
            shifted = logits - logits.detach().amax(1, keepdim=True)
            logs = shifted - shifted.exp().sum(1, keepdim=True).log()
            (-logs[torch.arange(len(logs)), targets.flatten()].sum() / len(logs)).backward()
        return {name: 0.0 if p.grad is None else p.grad.pow(2).sum().sqrt().item() for name, p in parts}
    finally:
        for (_, p), grad in zip(parts, kept, strict=True):
            p.grad = grad


def pca_2d(E):
    if np.ndim(E) != 2 or E.shape[0] < 2 or E.shape[1] < 2:
        raise ValueError("E")
    rows = np.array(E, dtype=np.float64)
    rows -= rows.mean(axis=0, keepdims=True)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    two = vectors[:, [-1, -2]].T
    two = two * np.where([row[np.argmax(np.abs(row))] < 0 for row in two], -1.0, 1.0)[:, None]
    total = float(np.sum(rows * rows))
    shares = np.zeros(2) if total == 0 else np.maximum(values[[-1, -2]], 0) / total
    return np.einsum("vd,cd->vc", rows, two), two, shares


def nearest_tokens(E, id, k, metric="cosine"):  # noqa: A002
    if metric not in ("cosine", "dot", "euclidean") or k < 1 or k >= len(E):
        raise ValueError("k or metric")
    if id < 0 or id >= len(E):
        raise IndexError("id")
    one, found = E[id].astype(float), []
    for row, other in enumerate(E.astype(float)):
        if row == id:
            continue
        if metric == "euclidean":
            score = float(np.linalg.norm(other - one))
        else:
            score = float(np.dot(other, one))
            lengths = float(np.linalg.norm(other) * np.linalg.norm(one))
            if metric == "cosine" and lengths:
                score /= lengths
        found.append((score if metric == "euclidean" else -score, row, score))
    return [(row, score) for _, row, score in sorted(found)[:k]]


def ascii_heatmap(W):
    rows, columns = W.shape
    bounds = [i / 9 for i in range(9)]

    def character(w):
        return "?" if w != w else " .:-=+*#%@"[bisect.bisect_left(bounds, min(w, 1.0))]

    return "\n".join("".join(character(float(W[i, j])) for j in range(columns)) for i in range(rows))
