"""Another right 2.6 and 2.7: one query at a time, with Python's math on lists of floats."""

import math

import numpy as np


def causal_mask(Tq, Tk, offset=0):
    mask = np.zeros((Tq, Tk), dtype=bool)
    for i in range(Tq):
        mask[i, : max(0, i + offset + 1)] = True
    return mask


def _dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def scaled_dot_product_attention(Q, K, V, mask=None):
    *leading, Tq, d_k = Q.shape
    Tk, d_v = V.shape[-2:]
    if K.shape[-1] != d_k or K.shape[-2] != Tk:
        raise ValueError(f"{Q.shape} {K.shape} {V.shape}")
    if mask is None:
        mask = np.ones((Tq, Tk), dtype=bool)
    if not np.issubdtype(mask.dtype, np.bool_):
        raise TypeError(mask.dtype)
    mask = np.broadcast_to(mask, (*leading, Tq, Tk))
    weights = np.zeros((*leading, Tq, Tk), dtype=Q.dtype)
    out = np.zeros((*leading, Tq, d_v), dtype=Q.dtype)
    for one in np.ndindex(*leading):
        keys, values = K[one].tolist(), V[one].T.tolist()
        for i in range(Tq):
            seen = np.flatnonzero(mask[one][i]).tolist()
            if not seen:
                continue
            query = Q[one][i].tolist()
            scores = [_dot(query, keys[j]) / math.sqrt(d_k) for j in seen]
            powers = [math.exp(score - max(scores)) for score in scores]
            shares = [power / math.fsum(powers) for power in powers]
            weights[(*one, i, seen)] = shares
            out[(*one, i)] = [_dot(shares, [column[j] for j in seen]) for column in values]
    return out, weights


def softmax_backward(dP, P):
    if np.shape(dP) != np.shape(P):
        raise ValueError("dP is not like P")
    dS = np.zeros_like(P)
    for row in np.ndindex(P.shape[:-1]):
        p, up = P[row].tolist(), dP[row].tolist()
        mean = _dot(p, up)
        dS[row] = [p[j] * (up[j] - mean) for j in range(len(p))]
    return dS


def sdpa_backward(dout, cache):
    Q, K, V, weights = cache
    Tq, Tk = weights.shape[-2:]
    if dout.shape != (*Q.shape[:-1], V.shape[-1]):
        raise ValueError("dout is not like out")
    dQ, dK, dV = np.zeros_like(Q), np.zeros_like(K), np.zeros_like(V)
    for one in np.ndindex(*Q.shape[:-2]):
        for i in range(Tq):
            up, p = dout[one][i], weights[one][i]
            dp = np.array([_dot(up.tolist(), V[one][j].tolist()) for j in range(Tk)])
            ds = softmax_backward(dp, p.astype(float))
            for j in np.flatnonzero(p):
                slope = float(ds[j]) / math.sqrt(Q.shape[-1])
                dQ[one][i] += slope * K[one][j]
                dK[one][j] += slope * Q[one][i]
                dV[one][j] += p[j] * up
    return dQ, dK, dV
