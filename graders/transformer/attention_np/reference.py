"""2.6 and 2.7 Scaled dot-product attention: forward, then backward by hand."""

import math

import numpy as np
from minillm.foundations.losses import softmax


def causal_mask(Tq: int, Tk: int, offset: int = 0) -> np.ndarray:
    # Query i stands at place i + offset among the keys.
    return np.arange(Tk) <= np.arange(Tq)[:, np.newaxis] + offset


def scaled_dot_product_attention(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    # math.sqrt gives a Python float, which adapts to float32; np.sqrt's float64 would widen it.
    scores = Q @ K.swapaxes(-1, -2) / math.sqrt(Q.shape[-1])  # (…, Tq, Tk)
    if mask is not None:
        if mask.dtype != np.bool_:
            raise TypeError(f"mask has dtype {mask.dtype}, expected bool")
        seen = np.broadcast_to(mask, scores.shape)  # refuses a mask that is larger
        scores = np.where(seen, scores, -np.inf)
    weights = softmax(scores)  # zeros in a row that is −inf throughout
    return weights @ V, weights


def softmax_backward(dP: np.ndarray, P: np.ndarray) -> np.ndarray:
    if dP.shape != P.shape:
        raise ValueError(f"dP has shape {dP.shape}, P has {P.shape}")
    # An entry counts by how far its gradient lies above the row's average, weighted by P.
    average = (dP * P).sum(axis=-1, keepdims=True)  # (…, 1)
    return P * (dP - average)


def sdpa_backward(
    dout: np.ndarray, cache: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    Q, K, V, weights = cache
    if dout.shape != (*weights.shape[:-1], V.shape[-1]):
        raise ValueError(f"dout has shape {dout.shape}, out has {(*weights.shape[:-1], V.shape[-1])}")
    scale = Q.shape[-1] ** -0.5
    dV = weights.swapaxes(-1, -2) @ dout  # (…, Tk, d_v)
    dP = dout @ V.swapaxes(-1, -2)  # (…, Tq, Tk)
    dS = softmax_backward(dP, weights)
    dQ = dS @ K * scale  # (…, Tq, d_k)
    dK = dS.swapaxes(-1, -2) @ Q * scale  # (…, Tk, d_k)
    return dQ, dK, dV
