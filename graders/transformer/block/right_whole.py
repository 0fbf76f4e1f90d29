"""Another right 2.11: the block does the work of its parts itself, with their weights and its own einsums."""

import numpy as np
import torch
from minillm.transformer.modules import CausalMultiHeadSelfAttention, RMSNorm, RotaryPositionalEmbedding, SwiGLU
from torch import nn


def thinned(x, p, training):
    """Each number kept with probability 1 − p, and then the larger."""
    if p == 0 or not training:
        return x
    lost = torch.empty(x.shape, dtype=torch.float64, device=x.device).uniform_() < p
    return x.masked_fill(lost, 0.0) * (1.0 / (1.0 - p))


class TransformerBlock(nn.Module):
    def __init__(
        self, d_model, num_heads, d_ff, max_seq_len, theta, pre_norm=True, dropout=0.0, device=None, dtype=None
    ):
        nn.Module.__init__(self)
        if num_heads * (d_model // num_heads) != d_model or not 0.0 <= dropout < 1.0:
            raise ValueError("num_heads or dropout")
        self.rope = RotaryPositionalEmbedding(theta, d_model // num_heads, max_seq_len, device)
        self.ln1, self.ln2 = (RMSNorm(d_model, 1e-5, device, dtype) for _ in range(2))
        self.attn = CausalMultiHeadSelfAttention(d_model, num_heads, self.rope, device, dtype)
        self.ffn = SwiGLU(d_model, d_ff, device, dtype)
        self.heads, self.p, self.first = num_heads, dropout, pre_norm

    def attention(self, x, positions):
        d = x.shape[-1]
        W = torch.stack([self.attn.q_proj.weight, self.attn.k_proj.weight, self.attn.v_proj.weight])
        q, k, v = torch.einsum("...ti,chki->c...htk", x, W.reshape(3, self.heads, -1, d))
        q, k = self.rope(q, positions), self.rope(k, positions)
        scores = torch.einsum("...ik,...jk->...ij", q, k) * q.shape[-1] ** -0.5
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, -torch.inf)
        weights = torch.exp(scores - scores.logsumexp(-1, keepdim=True))
        out = torch.einsum("...hij,...hjk->...ihk", weights, v)
        return out.reshape(x.shape) @ self.attn.output_proj.weight.mT

    def forward(self, x, token_positions=None):
        if self.first:
            x = x + thinned(self.attention(self.ln1(x), token_positions), self.p, self.training)
            x = x + thinned(self.ffn(self.ln2(x)), self.p, self.training)
        else:
            x = self.ln1(x + thinned(self.attention(x, token_positions), self.p, self.training))
            x = self.ln2(x + thinned(self.ffn(x), self.p, self.training))
        return x


def bridge_params(module):
    params = {}
    for name, parameter in module.named_parameters():
        held = parameter.detach().to("cpu", torch.promote_types(parameter.dtype, torch.float32), copy=True)
        params[name] = np.asarray(held)
    return params
