"""Another right 2.8: one matrix for queries, keys and values, and an einsum over heads that never move to the front."""

import numpy as np


def split_heads(x, h):
    if h <= 0 or x.shape[-1] % h:
        raise ValueError("heads")
    return np.stack(np.split(x, h, axis=-1), axis=-3)


def merge_heads(x):
    return np.concatenate(list(np.moveaxis(x, -3, 0)), axis=-1)


def _turn(x, theta, direction):
    """Every pair of x (…, T, h, d_k) as a complex number, turned by its token's angle; reshape refuses an odd d_k."""
    T, _, d_k = x.shape[-3:]
    angle = np.outer(np.arange(T), float(theta) ** -(np.arange(0, d_k, 2) / d_k))[:, np.newaxis]
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(direction * 1j * angle)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape).astype(x.dtype)


def mha_forward(x, Wq, Wk, Wv, Wo, n_heads, rope=None, causal=True):
    T, d = x.shape[-2:]
    keys, values = len(Wq), len(Wv)
    if n_heads < 1 or keys % n_heads or values % n_heads:
        raise ValueError("the rows of the weights do not fit the heads")
    if Wk.shape != Wq.shape or Wo.shape != (d, values):
        raise ValueError("the weights do not fit each other")
    W = np.concatenate([Wq, Wk, Wv])
    qkv = np.einsum("...td,od->...to", x, W)
    q, k, v = (
        part.reshape(*part.shape[:-1], n_heads, part.shape[-1] // n_heads)
        for part in np.split(qkv, [keys, 2 * keys], axis=-1)
    )
    if rope is not None:
        q, k = _turn(q, rope, 1), _turn(k, rope, 1)
    scale = x.dtype.type(q.shape[-1] ** -0.5)
    s = np.einsum("...ihd,...jhd->...hij", q, k) * scale
    if causal:
        s[..., np.triu(np.ones((T, T), dtype=bool), k=1)] = -np.inf
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    joined = np.einsum("...hij,...jhd->...ihd", p, v).reshape(*x.shape[:-1], values)
    saved = {"x": x, "W": W, "Wo": Wo, "q": q, "k": k, "v": v, "p": p, "joined": joined, "rope": rope, "scale": scale}
    return np.einsum("...to,do->...td", joined, Wo), saved


def mha_backward(dout, cache):
    x, p = cache["x"], cache["p"]
    if dout.shape != x.shape:
        raise ValueError("dout")
    tokens = list(range(x.ndim - 1))
    dWo = np.tensordot(dout, cache["joined"], (tokens, tokens))
    do = np.einsum("...td,do->...to", dout, cache["Wo"]).reshape(cache["v"].shape)
    dv = np.einsum("...hij,...ihd->...jhd", p, do)
    dp = np.einsum("...ihd,...jhd->...hij", do, cache["v"])
    ds = p * (dp - np.einsum("...hij,...hij->...hi", dp, p)[..., np.newaxis]) * cache["scale"]
    dq = np.einsum("...hij,...jhd->...ihd", ds, cache["k"])
    dk = np.einsum("...hij,...ihd->...jhd", ds, cache["q"])
    if cache["rope"] is not None:
        dq, dk = _turn(dq, cache["rope"], -1), _turn(dk, cache["rope"], -1)
    dqkv = np.concatenate([part.reshape(*x.shape[:-1], part.shape[-2] * part.shape[-1]) for part in (dq, dk, dv)], -1)
    keys = dq.shape[-2] * dq.shape[-1]
    dWq, dWk, dWv = np.split(np.tensordot(dqkv, x, (tokens, tokens)), [keys, 2 * keys])
    return np.einsum("...to,od->...td", dqkv, cache["W"]), dWq, dWk, dWv, dWo
