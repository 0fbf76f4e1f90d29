"""Another right 2.6 and 2.7: leading axes made one, batched products; each row's softmax over the keys it may see."""

import numpy as np


def causal_mask(Tq, Tk, offset=0):
    query, key = np.indices((Tq, Tk))
    return ~(key > query + offset)


def _one_batch(array):
    """(…, T, d) as (B, T, d)."""
    return array.reshape(int(np.prod(array.shape[:-2])), *array.shape[-2:])


def scaled_dot_product_attention(Q, K, V, mask=None):
    shape = (*Q.shape[:-1], K.shape[-2])
    if K.shape[-1] != Q.shape[-1] or V.shape[-2] != K.shape[-2]:
        raise ValueError("Q, K and V do not belong together")
    if mask is not None and mask.dtype != bool:
        raise TypeError("mask")
    sees = np.broadcast_to(True if mask is None else mask, shape)
    q, k, v = _one_batch(Q), _one_batch(K), _one_batch(V)
    scores = np.matmul(q, k.transpose(0, 2, 1)) / Q.dtype.type(np.sqrt(Q.shape[-1]))
    rows = np.zeros_like(scores)
    for row, score, may in zip(
        rows.reshape(-1, shape[-1]), scores.reshape(-1, shape[-1]), sees.reshape(-1, shape[-1]), strict=True
    ):
        if may.any():
            e = np.exp(score[may] - score[may].max())
            row[may] = e / e.sum()
    out = np.matmul(rows, v).reshape(*Q.shape[:-1], V.shape[-1])
    return out, rows.reshape(shape)


def softmax_backward(dP, P):
    if dP.shape != P.shape:
        raise ValueError("shape")
    flat_up, flat = dP.reshape(-1, P.shape[-1]), P.reshape(-1, P.shape[-1])
    mean = [up @ p for up, p in zip(flat_up, flat, strict=True)]
    return flat.reshape(P.shape) * (dP - np.array(mean, dtype=P.dtype).reshape(*P.shape[:-1], 1))


def sdpa_backward(dout, cache):
    Q, K, V, weights = cache
    if dout.shape != (*Q.shape[:-1], V.shape[-1]):
        raise ValueError("dout")
    q, k, v, p, up = (_one_batch(one) for one in (Q, K, V, weights, dout))
    # The average that each row takes off is also dout · out, a sum of d_v terms; FlashAttention has it so.
    average = (up * np.matmul(p, v)).sum(axis=-1, keepdims=True)
    ds = p * (np.matmul(up, v.transpose(0, 2, 1)) - average) / Q.dtype.type(np.sqrt(Q.shape[-1]))
    return (
        np.matmul(ds, k).reshape(Q.shape),
        np.matmul(ds.transpose(0, 2, 1), q).reshape(K.shape),
        np.matmul(p.transpose(0, 2, 1), up).reshape(V.shape),
    )
