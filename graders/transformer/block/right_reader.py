"""The block in a reader's style: one `around` for both halves, the pattern of dropout drawn by bernoulli_."""

import numpy as np
import torch
from minillm.transformer.modules import CausalMultiHeadSelfAttention, RMSNorm, RotaryPositionalEmbedding, SwiGLU
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    def __init__(
        self,
        d_model,
        num_heads,
        d_ff,
        max_seq_len,
        theta,
        pre_norm=True,
        dropout=0.0,
        device=None,
        dtype=None,
    ):
        super().__init__()
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout is {dropout}, but has to be from 0 to below 1")
        if d_model % num_heads != 0:
            raise ValueError(f"{num_heads} heads do not divide {d_model}")
        self.keep, self.pre_norm = 1.0 - dropout, pre_norm
        rope = RotaryPositionalEmbedding(theta, d_model // num_heads, max_seq_len, device)
        self.attn = CausalMultiHeadSelfAttention(d_model, num_heads, rope, device, dtype)
        self.ffn = SwiGLU(d_model, d_ff, device, dtype)
        self.ln1, self.ln2 = (RMSNorm(d_model, 1e-5, device, dtype) for _ in range(2))

    def around(self, x: Tensor, norm: nn.Module, branch) -> Tensor:
        added = branch(norm(x)) if self.pre_norm else branch(x)
        if self.training and self.keep < 1.0:
            kept = torch.empty(added.shape, device=added.device).bernoulli_(self.keep).bool()
            added = torch.where(kept, added / self.keep, 0.0)
        return x + added if self.pre_norm else norm(x + added)

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        h = self.around(x, self.ln1, lambda z: self.attn(z, token_positions))
        return self.around(h, self.ln2, self.ffn)


def bridge_params(module: nn.Module) -> dict[str, np.ndarray]:
    arrays = {}
    for name, tensor in module.state_dict().items():
        wide = torch.float64 if tensor.dtype == torch.float64 else torch.float32
        arrays[name] = tensor.to(device="cpu", dtype=wide, copy=True).numpy()
    return arrays
