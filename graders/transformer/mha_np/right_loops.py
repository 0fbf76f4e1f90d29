"""Another right 2.8: one sequence and one head at a time, each with its own rows of Wq, Wk and Wv and columns of Wo."""

import math

import numpy as np
from minillm.foundations.losses import softmax


def split_heads(x, h):
    width, rest = divmod(x.shape[-1], h) if h > 0 else (0, 1)
    if rest:
        raise ValueError(f"{x.shape[-1]} numbers, {h} heads")
    out = np.empty((*x.shape[:-2], h, x.shape[-2], width), dtype=x.dtype)
    for head in range(h):
        out[..., head, :, :] = x[..., head * width : (head + 1) * width]
    return out


def merge_heads(x):
    *front, h, T, width = x.shape
    out = np.empty((*front, T, h * width), dtype=x.dtype)
    for head in range(h):
        out[..., head * width : (head + 1) * width] = x[..., head, :, :]
    return out


def turn(rows, theta, sign):
    """rows (T, d_k): token p's pair (2i, 2i + 1) by p · theta^(−2i/d_k)."""
    out = rows.copy()
    for p in range(len(rows)):
        for i in range(0, rows.shape[1], 2):
            angle = sign * p * theta ** (-i / rows.shape[1])
            c, s = math.cos(angle), math.sin(angle)
            a, b = float(rows[p, i]), float(rows[p, i + 1])
            out[p, i], out[p, i + 1] = a * c - b * s, a * s + b * c
    return out


def parts(Wq, Wk, Wv, Wo, n_heads):
    """The weights of each head."""
    rows, columns = len(Wq) // n_heads, len(Wv) // n_heads
    for head in range(n_heads):
        of_key, of_value = slice(head * rows, (head + 1) * rows), slice(head * columns, (head + 1) * columns)
        yield of_key, of_value, Wq[of_key], Wk[of_key], Wv[of_value], Wo[:, of_value]


def mha_forward(x, Wq, Wk, Wv, Wo, n_heads, rope=None, causal=True):
    T, d = x.shape[-2:]
    if n_heads < 1 or len(Wq) % n_heads or len(Wv) % n_heads:
        raise ValueError("heads")
    if rope is not None and len(Wq) // n_heads % 2:
        raise ValueError("pairs")
    if [W.shape for W in (Wq, Wk, Wv, Wo)] != [(len(Wq), d), (len(Wq), d), (len(Wv), d), (d, len(Wv))]:
        raise ValueError("weights")
    out = np.zeros_like(x, order="C")
    kept = {}
    for one in np.ndindex(*x.shape[:-2]):
        for head, (_, _, wq, wk, wv, wo) in enumerate(parts(Wq, Wk, Wv, Wo, n_heads)):
            q, k, v = x[one] @ wq.T, x[one] @ wk.T, x[one] @ wv.T
            if rope is not None:
                q, k = turn(q, rope, 1), turn(k, rope, 1)
            scores = q @ k.T / math.sqrt(q.shape[1])
            if causal:
                scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
            P = softmax(scores)
            out[one] += P @ v @ wo.T
            kept[one, head] = q, k, v, P
    return out, (x, [Wq, Wk, Wv, Wo], n_heads, rope, kept)


def mha_backward(dout, cache):
    x, weights, n_heads, rope, kept = cache
    if dout.shape != x.shape:
        raise ValueError(dout.shape)
    dx = np.zeros_like(x, order="C")
    dWq, dWk, dWv, dWo = (np.zeros_like(W, order="C") for W in weights)
    for one in np.ndindex(*x.shape[:-2]):
        for head, (of_key, of_value, wq, wk, wv, wo) in enumerate(parts(*weights, n_heads)):
            q, k, v, P = kept[one, head]
            dWo[:, of_value] += dout[one].T @ (P @ v)
            do = dout[one] @ wo
            dv, dP = P.T @ do, do @ v.T
            dS = P * (dP - (P * dP).sum(axis=1)[:, None]) / math.sqrt(q.shape[1])
            dq, dk = dS @ k, dS.T @ q
            if rope is not None:
                dq, dk = turn(dq, rope, -1), turn(dk, rope, -1)
            dWq[of_key] += dq.T @ x[one]
            dWk[of_key] += dk.T @ x[one]
            dWv[of_value] += dv.T @ x[one]
            dx[one] += dq @ wq + dk @ wk + dv @ wv
    return dx, dWq, dWk, dWv, dWo
