"""2.11 The transformer block as a PyTorch module, and the bridge back to NumPy."""

import numpy as np
import torch
from minillm.transformer.modules import CausalMultiHeadSelfAttention, RMSNorm, RotaryPositionalEmbedding, SwiGLU
from torch import Tensor, nn

Device = torch.device | str | None


class TransformerBlock(nn.Module):
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
        if not 0 <= dropout < 1:
            raise ValueError(f"a dropout of {dropout}")
        self.pre_norm, self.p = pre_norm, dropout
        rope = RotaryPositionalEmbedding(theta, d_model // num_heads, max_seq_len, device)
        self.attn = CausalMultiHeadSelfAttention(d_model, num_heads, rope, device, dtype)
        self.ffn = SwiGLU(d_model, d_ff, device, dtype)
        self.ln1 = RMSNorm(d_model, device=device, dtype=dtype)
        self.ln2 = RMSNorm(d_model, device=device, dtype=dtype)

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        if self.pre_norm:
            h = x + self._drop(self.attn(self.ln1(x), token_positions))
            return h + self._drop(self.ffn(self.ln2(h)))
        h = self.ln1(x + self._drop(self.attn(x, token_positions)))
        return self.ln2(h + self._drop(self.ffn(h)))

    def _drop(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape, device=x.device) >= self.p  # float32, whatever x is: bfloat16 has too few numbers
        return x * kept / (1 - self.p)


def bridge_params(module: nn.Module) -> dict[str, np.ndarray]:
    wide = {key: one.float() if one.dtype != torch.float64 else one for key, one in module.state_dict().items()}
    return {key: one.cpu().numpy().copy() for key, one in wide.items()}
