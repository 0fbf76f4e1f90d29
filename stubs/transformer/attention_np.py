"""2.6 and 2.7 Scaled dot-product attention: forward, then backward by hand.

Today (2.6): causal_mask and scaled_dot_product_attention. The section marked 2.7 stays as it is until the next step
opens; nothing of 2.6 needs it. What holds for all of this file:

- Q (…, Tq, d_k): one row for each query. K (…, Tk, d_k) and V (…, Tk, d_v): one row for each key, and its value.
  "…" stands for any leading axes, none too: a batch, heads. They are the same for Q, K and V, and every member of them
  is an attention of its own. Tq and Tk may differ, and so may d_k and d_v. Tk, d_k and d_v are at least 1; Tq or a
  leading axis may be 0: an empty batch gives empty results.
- Numbers are finite, float32 or float64, any layout in memory. What comes back has their dtype: float32 stays float32.
- A mask is boolean, True = attend. It broadcasts against (…, Tq, Tk), as NumPy broadcasts.
- No NumPy warning, and the inputs stay as they are.

You may import softmax from minillm.foundations.losses: you wrote it for this.
"""

import numpy as np


def causal_mask(Tq: int, Tk: int, offset: int = 0) -> np.ndarray:
    """Return the boolean mask (Tq, Tk) in which query i may attend to key j exactly where j ≤ i + offset.

    offset: how many keys stand before the first query, as in decoding with a cache. Any whole number; where it is
        negative, the first queries may attend to nothing. Tq and Tk are 0 or more.

    >>> causal_mask(3, 3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    >>> causal_mask(2, 5, offset=3)
    array([[ True,  True,  True,  True, False],
           [ True,  True,  True,  True,  True]])
    """
    raise NotImplementedError("causal_mask")


def scaled_dot_product_attention(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (out, weights): weights = softmax(Q Kᵀ / √d_k) along the keys, and out = weights · V.

    out: (…, Tq, d_v)
    weights: (…, Tq, Tk); each row is not negative and sums to 1
    mask: None, where every query attends to every key, or boolean. A weight that is masked is exactly 0, and the others
        are as if that key and its value were not there, however large they are. A row with everything masked is zeros,
        in weights and in out.

    Exact where the scores Q Kᵀ / √d_k are ±1e4 and more, each row whatever the other rows hold.

    Causality: with causal_mask, changing the tokens after place t changes no bit of the results at or before t.

    Memory: a few arrays as large as weights and the inputs; nothing of Tq × Tk × d_k.

    Raises TypeError if mask is not boolean: 0 and 1, or 0 and −inf, mean "attend" to some and "masked" to others.
    ValueError if Q and K differ in d_k, if K and V differ in Tk, or if mask does not broadcast to the shape of weights
    (a mask that is larger than weights, by a side or by an axis, does not).

    >>> Q, K = np.array([[2.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> V = np.array([[10.0, 0.0, 1.0], [0.0, 10.0, 1.0]])
    >>> out, weights = scaled_dot_product_attention(Q, K, V)
    >>> weights.round(4)
    array([[0.8044, 0.1956]])
    >>> out.round(4)
    array([[8.0443, 1.9557, 1.    ]])
    >>> scaled_dot_product_attention(Q, K, V, mask=np.array([[False, True]]))[0]
    array([[ 0., 10.,  1.]])
    """
    raise NotImplementedError("scaled_dot_product_attention")


# ---------------------------------------------------------------- 2.7: the way back


def softmax_backward(dP: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Return dS, the gradient with respect to the scores S, given dP = dL/dP for P = softmax(S) along the last axis.

    dP, P, dS: the same shape, one axis or more. Each row of P sums to 1 or, where everything was masked, is zeros.
    Where P is 0, dS is exactly 0. S itself is not needed.

    Memory: a few arrays as large as P; nothing of Tk × Tk.

    Raises ValueError if dP and P differ in shape.

    >>> P = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 0.0]])
    >>> softmax_backward(np.array([[4.0, 0.0, -4.0], [1.0, 2.0, 3.0]]), P)
    array([[ 1.5 , -0.25, -1.25],
           [ 0.  ,  0.  ,  0.  ]])
    """
    raise NotImplementedError("softmax_backward")


def sdpa_backward(
    dout: np.ndarray, cache: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (dQ, dK, dV): the gradients of a loss L, given dout = dL/dout from above.

    dout: the shape of out, (…, Tq, d_v); not necessarily ones
    cache: (Q, K, V, weights), the inputs of scaled_dot_product_attention and the weights it returned, with whatever
        mask. The weights say what was masked; the mask is not given. They are not computed again: the gradients are
        those of the weights that stand in the cache.
    dQ, dK, dV: each has the shape and dtype of what it is the gradient of. A query that attended to nothing has a
        gradient of exactly 0, and so have a key and a value that no query attended to.

    Memory: a few arrays as large as weights and the inputs; nothing of Tq × Tk × d_k, nothing of Tk × Tk.

    Raises ValueError if dout has not the shape of out.

    >>> Q, K, V = np.array([[2.0]]), np.array([[0.0], [1.0]]), np.array([[0.0], [8.0]])
    >>> dQ, dK, dV = sdpa_backward(np.array([[1.0]]), (Q, K, V, np.array([[0.25, 0.75]])))
    >>> dQ, dK.T, dV.T
    (array([[1.5]]), array([[-3.,  3.]]), array([[0.25, 0.75]]))
    """
    raise NotImplementedError("sdpa_backward")
