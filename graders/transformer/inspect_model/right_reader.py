"""The instruments in a reader's style: one context that puts everything back, a pre-hook that keeps a copy of x."""

import contextlib
import heapq
import math

import numpy as np
import torch


@contextlib.contextmanager
def undisturbed(model):
    """The model in evaluation mode; afterwards each part in its own, and the generator where it was."""
    before = [(part, part.training) for part in model.modules()]
    try:
        with torch.random.fork_rng(devices=[]):
            for part, _ in before:
                part.training = False
            yield
    finally:
        for part, mode in before:
            part.training = mode


def attention_weights(model, ids, layer, head):
    if layer not in range(len(model.layers)):
        raise IndexError(f"no layer {layer}: there are {len(model.layers)}")
    attn = model.layers[layer].attn
    if head not in range(attn.num_heads):
        raise IndexError(f"no head {head}: there are {attn.num_heads}")
    caught = {}

    def catch(module, args, kwargs):
        caught.update(dict(zip(("x", "token_positions"), args, strict=False)), **kwargs)
        caught["x"] = caught["x"].clone()

    with undisturbed(model), torch.no_grad():
        hook = attn.register_forward_pre_hook(catch, with_kwargs=True)
        try:
            model(ids)
        finally:
            hook.remove()
        q, k = (
            part(caught["x"]).unflatten(-1, (attn.num_heads, -1))[:, :, head] for part in (attn.q_proj, attn.k_proj)
        )
        if attn.rope is not None:
            q, k = (attn.rope(z, caught.get("token_positions")) for z in (q, k))
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])
        later = torch.ones_like(scores, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
        return torch.exp(scores - scores.logsumexp(-1, keepdim=True))


def attention_entropy(W):
    return torch.xlogy(W, W).sum(-1).neg().clamp(min=0.0) + 0.0


def gradient_flow(model, batch):
    ids, targets = batch
    wanted = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    with undisturbed(model), torch.enable_grad():
        logits = model(ids)
        loss = (logits.logsumexp(-1) - logits.gather(-1, targets[..., None])[..., 0]).mean()
        if not wanted or not loss.requires_grad:
            return dict.fromkeys(wanted, 0.0)
        gradients = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
    return {
        name: 0.0 if gradient is None else gradient.double().square().sum().sqrt().item()
        for name, gradient in zip(wanted, gradients, strict=True)
    }


def pca_2d(E):
    if E.ndim != 2 or min(E.shape) < 2:
        raise ValueError("E has to be a table of at least two rows and two columns")
    X = E.astype(np.float64) - E[:1]  # equal rows are exactly zero from here on
    X = X - X.mean(0)
    directions, sizes, _ = np.linalg.svd(X.T, full_matrices=False)
    components = directions[:, :2].T.copy()
    for row in range(2):
        components[row] *= np.sign(components[row, np.abs(components[row]).argmax()])
    shares = (sizes / sizes[0]) ** 2 if sizes[0] > 0 else sizes
    whole = shares.sum()
    return X @ components.T, components, shares[:2] / (whole if whole > 0 else 1.0)


def nearest_tokens(E, id, k, metric="cosine"):  # noqa: A002
    rows = [[float(entry) for entry in row] for row in E]
    if id not in range(len(rows)):
        raise IndexError(f"no row {id}")
    if k not in range(1, len(rows)):
        raise ValueError(f"k is {k}, with {len(rows)} rows")

    def dot(a, b):
        return math.fsum(s * t for s, t in zip(a, b, strict=True))

    def cosine(a, b):
        lengths = math.hypot(*a) * math.hypot(*b)
        return dot(a, b) / lengths if lengths else 0.0

    measures = {"cosine": (cosine, -1.0), "dot": (dot, -1.0), "euclidean": (math.dist, 1.0)}
    if metric not in measures:
        raise ValueError(f"metric {metric!r} is not one of {', '.join(measures)}")
    measure, sign = measures[metric]
    scores = {row: measure(vector, rows[id]) for row, vector in enumerate(rows) if row != id}
    return heapq.nsmallest(k, scores.items(), key=lambda item: (sign * item[1], item[0]))


def ascii_heatmap(W):
    W = np.asarray(W)
    if W.ndim != 2:
        raise ValueError(f"W is not a matrix: its shape is {W.shape}")
    bounds = [step / 9 for step in range(9)]
    drawn = np.searchsorted(bounds, W.astype(np.float64), side="left")
    return "\n".join(
        "".join("?" if math.isnan(w) else " .:-=+*#%@"[level] for w, level in zip(*pair, strict=True))
        for pair in zip(W, drawn, strict=True)
    )
