"""2.6 and 2.7 read off the stub: one query at a time, over the keys that it may see, and nothing else."""

import math

import numpy as np


def causal_mask(Tq, Tk, offset=0):
    mask = np.zeros((Tq, Tk), dtype=bool)
    for i in range(Tq):
        mask[i, : max(i + offset + 1, 0)] = True
    return mask


def flat(x):
    """Every leading axis in one: (…, rows, width) -> (members, rows, width)."""
    members = math.prod(x.shape[:-2])
    return x.reshape(members, *x.shape[-2:])


def scaled_dot_product_attention(Q, K, V, mask=None):
    if Q.shape[-1] != K.shape[-1]:
        raise ValueError(f"queries have {Q.shape[-1]} numbers, keys {K.shape[-1]}")
    if K.shape[-2] != V.shape[-2]:
        raise ValueError(f"{K.shape[-2]} keys, but {V.shape[-2]} values")
    shape = (*Q.shape[:-1], K.shape[-2])
    if mask is None:
        mask = np.ones(shape[-2:], dtype=bool)
    if mask.dtype != bool:
        raise TypeError("True or False for each pair of query and key")
    visible = flat(np.broadcast_to(mask, shape))
    weights = np.zeros(shape, dtype=Q.dtype)
    out = np.zeros((*Q.shape[:-1], V.shape[-1]), dtype=Q.dtype)
    P, result = flat(weights), flat(out)
    root = Q.dtype.type(math.sqrt(K.shape[-1]))
    for member, (q, k, v) in enumerate(zip(flat(Q), flat(K), flat(V), strict=True)):
        for i, query in enumerate(q):
            seen = np.flatnonzero(visible[member, i])
            if seen.size == 0:
                continue
            scores = (k[seen] @ query) / root
            e = np.exp(scores - scores.max())
            P[member, i, seen] = e / e.sum()
            result[member, i] = P[member, i, seen] @ v[seen]
    return out, weights


def softmax_backward(dP, P):
    if dP.shape != P.shape:
        raise ValueError("a gradient has the shape of what it belongs to")
    # Each score lifts its own weight and presses all of the row, by their average under the weights.
    average = np.einsum("...k,...k->...", dP, P)
    return P * (dP - average[..., np.newaxis])


def sdpa_backward(dout, cache):
    Q, K, V, weights = cache
    if dout.shape != (*weights.shape[:-1], V.shape[-1]):
        raise ValueError(f"dout is {dout.shape}")
    scale = Q.dtype.type(1 / math.sqrt(Q.shape[-1]))
    dQ, dK, dV = np.zeros_like(Q, order="C"), np.zeros_like(K, order="C"), np.zeros_like(V, order="C")
    parts = [flat(one) for one in (Q, K, V, weights, dout, dQ, dK, dV)]
    for q, k, v, p, d, q_slope, k_slope, v_slope in zip(*parts, strict=True):
        for i in range(len(q)):
            dscore = softmax_backward(v @ d[i], p[i]) * scale
            q_slope[i] = dscore @ k
            k_slope[:] += np.outer(dscore, q[i])
            v_slope[:] += np.outer(p[i], d[i])
    return dQ, dK, dV
