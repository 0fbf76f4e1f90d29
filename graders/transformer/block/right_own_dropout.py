"""Another right 2.11: dropout as a module without weights, a residual path as a function, parts made in a loop."""

import numpy as np
import torch
from minillm.transformer import modules as layers
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if p < 0 or p >= 1:
            raise ValueError("p")
        self.keep = 1.0 - p

    def forward(self, x):
        if self.training and self.keep < 1.0:
            coins = torch.full(x.shape, self.keep, device=x.device).bernoulli()
            x = torch.where(coins == 1, x / self.keep, torch.zeros_like(x))
        return x


class TransformerBlock(nn.Module):
    def __init__(
        self, d_model, num_heads, d_ff, max_seq_len, theta, pre_norm=True, dropout=0.0, device=None, dtype=None
    ):
        super().__init__()
        where = {"device": device, "dtype": dtype}
        self.drop = Dropout(dropout)
        if d_model % num_heads:
            raise ValueError("heads")
        rope = layers.RotaryPositionalEmbedding(theta, d_model // num_heads, max_seq_len, device=device)
        self.attn = layers.CausalMultiHeadSelfAttention(d_model, num_heads, rope=rope, **where)
        self.ffn = layers.SwiGLU(d_model, d_ff, **where)
        for name in ("ln1", "ln2"):
            self.add_module(name, layers.RMSNorm(d_model, **where))
        self.residual = self._before if pre_norm else self._after

    def _before(self, x, norm, part, *more):
        return torch.add(x, self.drop(part(norm(x), *more)))

    def _after(self, x, norm, part, *more):
        return norm(torch.add(self.drop(part(x, *more)), x))

    def forward(self, x, token_positions=None):
        x = self.residual(x, self.ln1, self.attn, token_positions)
        return self.residual(x, self.ln2, self.ffn)


def bridge_params(module):
    found = {}
    for key, tensor in module.state_dict().items():
        kind = np.float64 if tensor.dtype == torch.float64 else np.float32
        found[key] = np.array(tensor.detach().cpu().to(torch.float64).numpy(), dtype=kind)
    return found
