"""2.8 Causal multi-head attention, forward and backward: several attentions side by side, and their results together.

Write the functions in the order they stand here. What holds for all of them:

- Arrays are float64 or float32, all of one call alike, and everything that comes back has their dtype. Any layout in
  memory. "…" stands for any leading axes, perhaps none, perhaps of length 0; every member of them is a sequence of its
  own. All other sides are at least 1.
- The inputs stay as they are, and NumPy gives no warning. The form of the cache is yours; a backward may be called
  twice with one cache, and a cache belongs to its own forward, whatever was called since.
- You may import what you wrote before: minillm.transformer.attention_np (causal_mask, scaled_dot_product_attention,
  sdpa_backward), minillm.transformer.rope (apply_rope, apply_rope_backward), minillm.transformer.layers_np
  (linear_forward, linear_backward), minillm.foundations.losses. Or do it all with NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Cache = Any


def split_heads(x: np.ndarray, h: int) -> np.ndarray:
    """Cut the vector of every token into h heads: (…, T, d) to (…, h, T, d/h).

    Head i holds, for every token, the numbers i·d/h to (i + 1)·d/h − 1 of its vector, in their order. A view or a copy,
    as you like.

    Raises ValueError if h is less than 1 or does not divide d.

    >>> x = np.array([[3.0, 1.0, 4.0, 1.5], [5.0, 9.0, 2.0, 6.0], [0.0, 7.0, 8.0, 2.5]])
    >>> split_heads(x, 2)
    array([[[3. , 1. ],
            [5. , 9. ],
            [0. , 7. ]],
    <BLANKLINE>
           [[4. , 1.5],
            [2. , 6. ],
            [8. , 2.5]]])
    """
    raise NotImplementedError("split_heads")


def merge_heads(x: np.ndarray) -> np.ndarray:
    """Undo split_heads: (…, h, T, width) to (…, T, h·width), the heads of a token side by side, head 0 first.

    >>> merge_heads(np.array([[[3.0], [5.0]], [[4.0], [2.0]], [[0.0], [8.0]]]))
    array([[3., 4., 0.],
           [5., 2., 8.]])
    """
    raise NotImplementedError("merge_heads")


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
    """Return (out, cache): self-attention of the tokens in x, with n_heads heads.

    x: (…, T, d)
    Wq, Wk: (n_heads·d_k, d). Wv: (n_heads·d_v, d). Wo: (d, n_heads·d_v). Weights are (out, in), without biases. In a
        language model d_k = d_v = d / n_heads and all four are (d, d); here d_k and d_v may be anything.
        Head i owns the rows i·d_k to (i + 1)·d_k − 1 of Wq and Wk, and the rows of Wv alike; what it returns stands at
        the same places in the input of Wo.
    In every head: queries, keys and values are x times its rows, and heads = softmax(Q Kᵀ / √d_k) V, as in 2.6.
    rope: None, or the theta with which the queries and the keys of every head are turned (2.3), not the values. Token p
        of a sequence stands at position p, from 0.
    causal: True, and token i attends to the tokens j ≤ i; False, and it attends to all.
    out: (…, T, d), the heads side by side, times Wo.

    Causality: with causal, changing the tokens after place t changes no bit of out at or before t.
    Exact for scores of ±1e4 and more.

    Raises ValueError if n_heads is less than 1 or does not divide the rows of Wq or of Wv, if rope is given and d_k is
    odd, or if a weight has another shape than these, even if it would broadcast.

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> Wq, Wk = np.array([[2.0, 0.0], [0.0, 3.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> Wv, Wo = np.array([[8.0, 0.0], [1.0, -1.0]]), np.array([[1.0, 0.0], [1.0, 10.0]])
    >>> mha_forward(x, Wq, Wk, Wv, Wo, n_heads=2)[0].round(4)
    array([[ 8.    , 18.    ],
           [ 4.    , 13.0515]])
    >>> mha_forward(x, Wq, Wk, Wv, Wo, n_heads=2, causal=False)[0].round(4)
    array([[ 0.9536,  0.9536],
           [ 4.    , 13.0515]])
    """
    raise NotImplementedError("mha_forward")


def mha_backward(dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (dx, dWq, dWk, dWv, dWo), the gradients of a loss when dout is its gradient at out.

    dout: the shape of out. cache: what mha_forward returned.
    dx: the shape of x. The others have the shapes of the weights, summed over all tokens of all sequences; zeros if
        there is none.

    With causal, a loss that reads out at or before place t only has a dx of exactly 0 after t.

    Raises ValueError if dout has not the shape of out, even if it would broadcast.

    >>> x, one = np.array([[1.0], [3.0]]), np.ones((1, 1))
    >>> _, cache = mha_forward(x, 0 * one, one, one, one, n_heads=1)
    >>> [gradient.tolist() for gradient in mha_backward(np.array([[0.0], [1.0]]), cache)]
    [[[0.5], [0.5]], [[3.0]], [[0.0]], [[2.0]], [[2.0]]]
    """
    raise NotImplementedError("mha_backward")
