"""2.9 The transformer block, forward and backward."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from minillm.transformer.ffn_np import swiglu_backward, swiglu_forward
from minillm.transformer.mha_np import mha_backward, mha_forward
from minillm.transformer.norm_np import layernorm_backward, layernorm_forward, rmsnorm_backward, rmsnorm_forward

Cache = Any
Gradients = dict[str, np.ndarray]

# The parameters of each part, in the order of its forward's arguments.
ATTENTION = tuple(f"attn.{name}_proj.weight" for name in ("q", "k", "v", "output"))
FFN = ("ffn.w1.weight", "ffn.w2.weight", "ffn.w3.weight")
NORMS = {
    "rms": (rmsnorm_forward, rmsnorm_backward, ("weight",)),
    "layer": (layernorm_forward, layernorm_backward, ("weight", "bias")),
}


def block_forward(
    x: np.ndarray,
    params: Mapping[str, np.ndarray],
    n_heads: int,
    norm: str = "rms",
    pre_norm: bool = True,
    rope: float | None = None,
) -> tuple[np.ndarray, Cache]:
    if norm not in NORMS:
        raise ValueError(f"norm is {norm!r}: rms or layer")

    def normed(which: str, z: np.ndarray) -> tuple[np.ndarray, Cache]:
        forward, _, parts = NORMS[norm]
        return forward(z, *(params[f"{which}.{part}"] for part in parts))

    def attend(z: np.ndarray) -> tuple[np.ndarray, Cache]:
        return mha_forward(z, *(params[name] for name in ATTENTION), n_heads, rope)

    def feed(z: np.ndarray) -> tuple[np.ndarray, Cache]:
        return swiglu_forward(z, *(params[name] for name in FFN))

    if pre_norm:
        h, ln1 = normed("ln1", x)
        a, attn = attend(h)
        z = x + a  # the stream itself is never normed
        h, ln2 = normed("ln2", z)
        f, ffn = feed(h)
        y = z + f
    else:
        a, attn = attend(x)
        z, ln1 = normed("ln1", x + a)
        f, ffn = feed(z)
        y, ln2 = normed("ln2", z + f)
    return y, (x.shape, ln1, attn, ln2, ffn, norm, pre_norm)


def block_backward(dy: np.ndarray, cache: Cache) -> tuple[np.ndarray, Gradients]:
    shape, ln1, attn, ln2, ffn, norm, pre_norm = cache
    if dy.shape != shape:
        raise ValueError(f"dy has shape {dy.shape}, y has {shape}")
    grads: Gradients = {}

    def normed(which: str, dz: np.ndarray, kept: Cache) -> np.ndarray:
        _, backward, parts = NORMS[norm]
        dx, *rest = backward(dz, kept)
        grads.update(zip((f"{which}.{part}" for part in parts), rest, strict=True))
        return dx

    def attend(da: np.ndarray) -> np.ndarray:
        dx, *rest = mha_backward(da, attn)
        grads.update(zip(ATTENTION, rest, strict=True))
        return dx

    def feed(df: np.ndarray) -> np.ndarray:
        dx, *rest = swiglu_backward(df, ffn)
        grads.update(zip(FFN, rest, strict=True))
        return dx

    if pre_norm:
        dz = dy + normed("ln2", feed(dy), ln2)  # z is read twice: by the stream and by the second norm
        dx = dz + normed("ln1", attend(dz), ln1)
    else:
        dsum = normed("ln2", dy, ln2)
        dz = dsum + feed(dsum)
        dsum = normed("ln1", dz, ln1)
        dx = dsum + attend(dsum)
    return dx, grads
