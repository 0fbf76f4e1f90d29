"""2.11 The transformer block as a PyTorch module, and the bridge back to NumPy.

You may import what you wrote in 2.10: `from minillm.transformer.modules import …`. What stood at the top of that file
holds here, too: dtypes, devices, no input is written into. Dropout of `torch` and `torch.nn` is not allowed.
"""

import numpy as np
import torch
from torch import Tensor, nn

Device = torch.device | str | None


class TransformerBlock(nn.Module):
    """Attention and feed-forward, each with a norm and a residual path.

    pre_norm: where the norms stand. With h = x + drop(attn(ln1(x))), the block is h + drop(ffn(ln2(h))) if it is True.
        With h = ln1(x + drop(attn(x))), it is ln2(h + drop(ffn(h))) if it is False.
    attn: CausalMultiHeadSelfAttention of num_heads heads, whose rope has theta and max_seq_len. ffn: SwiGLU with d_ff.
        ln1, ln2: RMSNorm with eps 1e-5. Under these names they stand in the module: the state dict has exactly the keys
        attn.q_proj.weight, attn.k_proj.weight, attn.v_proj.weight, attn.output_proj.weight, ln1.weight, ln2.weight,
        ffn.w1.weight, ffn.w2.weight, ffn.w3.weight.
    dropout: p, 0 ≤ p < 1. In training (`module.training`), drop sets each number to 0 with probability p, each by
        itself and anew in every call, and multiplies the others by 1 / (1 − p). Chance comes from torch's global
        generator. In evaluation, and where p = 0, drop changes nothing and draws no random number.

    Raises ValueError if dropout is not in 0 ≤ p < 1, and if num_heads does not divide d_model.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        d_ff: int,
        max_seq_len: int,
        theta: float,
        pre_norm: bool = True,
        dropout: float = 0.0,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        raise NotImplementedError("TransformerBlock")

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        """x (T, d_model) or (B, T, d_model) -> the same shape and dtype.

        token_positions: handed to the attention, int64 of shape (T,), (1, T) or (B, T); None means 0 … T − 1.

        Changing x after place t changes no bit of the result at or before t. Raises IndexError or ValueError if T is
        larger than max_seq_len, or if a position is not in 0 … max_seq_len − 1.
        """
        raise NotImplementedError("TransformerBlock.forward")


def bridge_params(module: nn.Module) -> dict[str, np.ndarray]:
    """Return a module's weights as NumPy arrays, by the keys of its state dict: the `params` of block_forward (2.9).

    float64 stays float64, float32 stays float32; float16 and bfloat16 become float32, which holds all their numbers.
    The arrays are copies: who changes one changes no weight, and a step of training changes no array. The module stays
    as it is, on whatever device it lies.

    >>> block = TransformerBlock(d_model=2, num_heads=1, d_ff=3, max_seq_len=8, theta=1e4)
    >>> params = bridge_params(block)
    >>> params["ln1.weight"], params["ffn.w2.weight"].shape
    (array([1., 1.], dtype=float32), (2, 3))
    """
    raise NotImplementedError("bridge_params")
