"""Multi-head attention in Einstein sums: the weights are cut into heads, not the tokens; RoPE is a complex factor.

n sequence, t token that asks, s token that is read, d model, h head, k width of queries and keys, v width of values.
"""

import math

import numpy as np


def split_heads(x, h):
    width, rest = divmod(x.shape[-1], h) if h >= 1 else (0, 1)
    if rest:
        raise ValueError(f"{x.shape[-1]} numbers in {h} heads")
    return np.stack([x[..., i * width : (i + 1) * width] for i in range(h)], axis=-3)


def merge_heads(x):
    return np.concatenate([x[..., i, :, :] for i in range(x.shape[-3])], axis=-1)


def _check(d, Wq, Wk, Wv, Wo, n_heads, rope):
    for W in (Wq, Wk, Wv, Wo):
        if W.ndim != 2:
            raise ValueError("a weight has two axes")
    if Wq.shape != Wk.shape or Wq.shape[1] != d or Wv.shape[1] != d or Wo.shape != (d, Wv.shape[0]):
        raise ValueError(f"weights {Wq.shape}, {Wk.shape}, {Wv.shape}, {Wo.shape} for tokens of {d} numbers")
    if n_heads < 1 or Wq.shape[0] % n_heads or Wv.shape[0] % n_heads:
        raise ValueError(f"{n_heads} heads")
    if rope is not None and Wq.shape[0] // n_heads % 2:
        raise ValueError("RoPE turns pairs")


def _turns(T, k, theta, dtype):
    angles = np.arange(T)[:, None] * theta ** (-2 * np.arange(k // 2) / k)
    return np.exp(1j * angles).astype(np.result_type(dtype, np.complex64))


def _turned(x, turns):
    pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turns
    return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape).astype(x.dtype)


def mha_forward(x, Wq, Wk, Wv, Wo, n_heads, rope=None, causal=True):
    T, d = x.shape[-2:]
    _check(d, Wq, Wk, Wv, Wo, n_heads, rope)
    flat = x.reshape(math.prod(x.shape[:-2]), T, d)
    Aq, Ak, Av = (W.reshape(n_heads, -1, d) for W in (Wq, Wk, Wv))
    Ao = Wo.reshape(d, n_heads, -1)
    k = Aq.shape[1]

    q = np.einsum("ntd,hkd->nhtk", flat, Aq)
    key = np.einsum("nsd,hkd->nhsk", flat, Ak)
    value = np.einsum("nsd,hvd->nhsv", flat, Av)
    turns = None
    if rope is not None:
        turns = _turns(T, k, rope, x.dtype)
        q, key = _turned(q, turns), _turned(key, turns)
    scores = np.einsum("nhtk,nhsk->nhts", q, key) / math.sqrt(k)
    if causal:
        later = np.arange(T)[None, :] > np.arange(T)[:, None]
        scores = np.where(later, x.dtype.type(-np.inf), scores)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    P = e / e.sum(axis=-1, keepdims=True)
    z = np.einsum("nhts,nhsv->nhtv", P, value)
    out = np.einsum("nhtv,dhv->ntd", z, Ao).reshape(x.shape)
    return out, (x.shape, flat, Aq, Ak, Av, Ao, turns, q, key, value, P, z)


def mha_backward(dout, cache):
    shape, flat, Aq, Ak, Av, Ao, turns, q, key, value, P, z = cache
    if dout.shape != shape:
        raise ValueError(f"dout is {dout.shape}, out was {shape}")
    k, d = Aq.shape[1:]
    up = dout.reshape(flat.shape)

    dAo = np.einsum("ntd,nhtv->dhv", up, z)
    dz = np.einsum("ntd,dhv->nhtv", up, Ao)
    dvalue = np.einsum("nhts,nhtv->nhsv", P, dz)
    dP = np.einsum("nhtv,nhsv->nhts", dz, value)
    inner = (dP * P).sum(axis=-1, keepdims=True)
    dS = P * (dP - inner) / math.sqrt(k)
    dq = np.einsum("nhts,nhsk->nhtk", dS, key)
    dkey = np.einsum("nhts,nhtk->nhsk", dS, q)
    if turns is not None:
        back = turns.conj()
        dq, dkey = _turned(dq, back), _turned(dkey, back)
    dAq = np.einsum("nhtk,ntd->hkd", dq, flat)
    dAk = np.einsum("nhsk,nsd->hkd", dkey, flat)
    dAv = np.einsum("nhsv,nsd->hvd", dvalue, flat)
    dx = np.einsum("nhtk,hkd->ntd", dq, Aq)
    dx = dx + np.einsum("nhsk,hkd->nsd", dkey, Ak)
    dx = dx + np.einsum("nhsv,hvd->nsd", dvalue, Av)
    return (
        dx.reshape(shape),
        dAq.reshape(-1, d),
        dAk.reshape(-1, d),
        dAv.reshape(-1, d),
        dAo.reshape(d, -1),
    )
