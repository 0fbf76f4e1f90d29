"""2.8 Causal multi-head attention, forward and backward."""

from typing import Any

import numpy as np
from minillm.transformer.attention_np import causal_mask, scaled_dot_product_attention, sdpa_backward
from minillm.transformer.rope import apply_rope, apply_rope_backward

Cache = Any


def split_heads(x: np.ndarray, h: int) -> np.ndarray:
    *leading, T, d = x.shape
    if h < 1 or d % h != 0:
        raise ValueError(f"{d} numbers cannot be shared out among {h} heads")
    apart = x.reshape(*leading, T, h, d // h)
    return apart.swapaxes(-2, -3)  # (…, h, T, d/h): head first, so that a head is a matrix of its own


def merge_heads(x: np.ndarray) -> np.ndarray:
    *leading, h, T, width = x.shape
    apart = x.swapaxes(-2, -3)  # (…, T, h, d/h): the heads of a token are neighbours again
    return apart.reshape(*leading, T, h * width)


def mha_forward(
    x: np.ndarray,
    Wq: np.ndarray,
    Wk: np.ndarray,
    Wv: np.ndarray,
    Wo: np.ndarray,
    n_heads: int,
    rope: float | None = None,
    causal: bool = True,
) -> tuple[np.ndarray, Cache]:
    T, d = x.shape[-2:]
    if Wo.shape != (d, len(Wv)):  # what else does not fit, NumPy or the attention refuses
        raise ValueError(f"Wo has shape {Wo.shape}, expected {(d, len(Wv))}")
    q = split_heads(x @ Wq.T, n_heads)  # (…, h, T, d_k)
    k = split_heads(x @ Wk.T, n_heads)
    v = split_heads(x @ Wv.T, n_heads)  # (…, h, T, d_v)
    if rope is not None:
        q, k = apply_rope(q, None, rope), apply_rope(k, None, rope)
    mask = causal_mask(T, T) if causal else None
    heads, weights = scaled_dot_product_attention(q, k, v, mask)
    joined = merge_heads(heads)  # (…, T, h·d_v)
    out = joined @ Wo.T
    return out, (x, (Wq, Wk, Wv, Wo), (q, k, v, weights), joined, n_heads, rope)


def mha_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, (Wq, Wk, Wv, Wo), attention, joined, n_heads, rope = cache
    dWo = _outer(dout, joined)
    dheads = split_heads(dout @ Wo, n_heads)  # (…, h, T, d_v)
    dq, dk, dv = sdpa_backward(dheads, attention)  # refuses a dout of another shape
    if rope is not None:  # q and k were turned; so their gradients are turned back
        dq, dk = apply_rope_backward(dq, None, rope), apply_rope_backward(dk, None, rope)
    dq, dk, dv = merge_heads(dq), merge_heads(dk), merge_heads(dv)
    dx = dq @ Wq + dk @ Wk + dv @ Wv  # x is read three times
    return dx, _outer(dq, x), _outer(dk, x), _outer(dv, x), dWo


def _outer(dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The gradient of W in x @ W.T: (…, out), (…, in) -> (out, in), summed over all tokens."""
    return dy.reshape(-1, dy.shape[-1]).T @ x.reshape(-1, x.shape[-1])
