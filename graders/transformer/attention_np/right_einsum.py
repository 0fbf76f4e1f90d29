"""Another right 2.6 and 2.7: every sum named by its axes, and a softmax that only ever looks at what is visible."""

import numpy as np


def causal_mask(Tq, Tk, offset=0):
    return np.tril(np.ones((Tq, Tk), dtype=bool), k=offset)


def scaled_dot_product_attention(Q, K, V, mask=None):
    # einsum stretches a side of 1 without a word.
    if Q.shape[-1] != K.shape[-1]:
        raise ValueError("d_k")
    if K.shape[-2] != V.shape[-2]:
        raise ValueError("Tk")
    scores = np.einsum("...id,...jd->...ij", Q * Q.shape[-1] ** -0.5, K)
    visible = np.broadcast_to(np.True_ if mask is None else mask, scores.shape)
    # `where` takes nothing but booleans: any other mask is a TypeError here.
    top = np.amax(scores, axis=-1, keepdims=True, where=visible, initial=-np.inf)
    weights = np.zeros_like(scores)
    np.subtract(scores, top, out=weights, where=visible)
    np.exp(weights, out=weights, where=visible)
    total = np.einsum("...ij->...i", weights)[..., None]
    np.divide(weights, total, out=weights, where=visible)
    return np.einsum("...ij,...jd->...id", weights, V), weights


def softmax_backward(dP, P):
    if dP.shape != P.shape:
        raise ValueError("shapes")
    return P * dP - P * np.einsum("...j,...j->...", P, dP)[..., None]


def sdpa_backward(dout, cache):
    Q, K, V, P = cache
    if dout.shape[:-1] != P.shape[:-1] or dout.shape[-1] != V.shape[-1]:
        raise ValueError("dout")
    dS = softmax_backward(np.einsum("...id,...jd->...ij", dout, V), P)
    dS *= Q.shape[-1] ** -0.5
    dQ = np.einsum("...ij,...jd->...id", dS, K)
    dK = np.einsum("...ij,...id->...jd", dS, Q)
    dV = np.einsum("...ij,...id->...jd", P, dout)
    return dQ, dK, dV
