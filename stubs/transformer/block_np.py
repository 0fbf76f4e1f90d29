"""2.9 The transformer block, forward and backward: attention and a feed-forward layer, each with a norm and a residual.

You may import what you wrote before: minillm.transformer.mha_np (mha_forward, mha_backward), minillm.transformer.ffn_np
(swiglu_forward, swiglu_backward), minillm.transformer.norm_np (both norms), and whatever else is in minillm.transformer
and minillm.foundations. Or do it all with NumPy. What holds for both functions:

- x is (…, T, d): any number of leading axes, perhaps none, perhaps of length 0, and any layout in memory. T and d are
  at least 1. Every member of the leading axes is a sequence of its own.
- x, dy and the parameters of one call have the same dtype, float64 or float32, and everything that comes back has it.
- Nothing that comes in is changed: x, dy, the dict and the arrays in it. NumPy gives no warning. The form of the cache
  is yours; a backward may be called twice with one cache, and a cache belongs to its own forward, whatever was called
  since.

`params` holds exactly these keys (those of the PyTorch module that you will write in 2.11):

    attn.q_proj.weight, attn.k_proj.weight   (n_heads·d_k, d)   as Wq, Wk in 2.8
    attn.v_proj.weight                       (n_heads·d_v, d)   as Wv
    attn.output_proj.weight                  (d, n_heads·d_v)   as Wo
    ffn.w1.weight, ffn.w3.weight             (d_ff, d)          the gate and the value of SwiGLU, as in 2.5
    ffn.w2.weight                            (d, d_ff)
    ln1.weight, ln2.weight                   (d,)               the gains of the two norms
    ln1.bias, ln2.bias                       (d,)               with norm="layer" only
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Cache = Any


def block_forward(
    x: np.ndarray,
    params: Mapping[str, np.ndarray],
    n_heads: int,
    norm: str = "rms",
    pre_norm: bool = True,
    rope: float | None = None,
) -> tuple[np.ndarray, Cache]:
    """Return (y, cache): one block of a language model.

    With A the causal multi-head attention of 2.8, F the SwiGLU layer of 2.5, N1 and N2 the norms with the parameters
    ln1 and ln2:
        pre_norm=True     z = x + A(N1(x)),    y = z + F(N2(z))
        pre_norm=False    z = N1(x + A(x)),    y = N2(z + F(z))
    norm: "rms" for RMSNorm, "layer" for LayerNorm, both as in 2.4 with eps = 1e-5. Any other text raises ValueError.
    rope: as in mha_forward. y: the shape of x.

    Causality: changing the tokens after place t changes no bit of y at or before t.

    >>> one, g = np.ones((1, 1)), np.ones(1)
    >>> params = {f"attn.{name}_proj.weight": one for name in ("q", "k", "v", "output")}
    >>> params |= {f"ffn.w{name}.weight": one for name in (1, 2, 3)} | {"ln1.weight": 2 * g, "ln2.weight": g}
    >>> block_forward(np.array([[3.0]]), params, n_heads=1)[0].round(3)
    array([[5.731]])
    >>> block_forward(np.array([[3.0]]), params, n_heads=1, pre_norm=False)[0].round(3)
    array([[1.]])
    """
    raise NotImplementedError("block_forward")


def block_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return (dx, grads), the gradients of a loss when dy is its gradient at y.

    dy: the shape of y. cache: what block_forward returned.
    dx: the shape of x.
    grads: a dict with the keys of params, in any order; each gradient has the shape of its parameter, summed over all
        tokens of all sequences; zeros if there is none.

    A loss that reads y at or before place t only has a dx of exactly 0 after t.

    Raises ValueError if dy has not the shape of y, even if it would broadcast.

    >>> zero, g = np.zeros((1, 1)), np.ones(1)
    >>> params = {f"attn.{name}_proj.weight": zero for name in ("q", "k", "v", "output")}
    >>> params |= {f"ffn.w{name}.weight": zero for name in (1, 2, 3)} | {"ln1.weight": g, "ln2.weight": g}
    >>> _, cache = block_forward(np.array([[3.0]]), params, n_heads=1)
    >>> dx, grads = block_backward(np.array([[0.5]]), cache)
    >>> dx, sorted(grads) == sorted(params)
    (array([[0.5]]), True)
    """
    raise NotImplementedError("block_backward")
