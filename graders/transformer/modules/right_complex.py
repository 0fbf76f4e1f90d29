"""Another right 2.10: complex numbers turn the pairs, einsum names the axes, a helper builds what is drawn."""

import torch
from torch import nn


def cut_normal(shape, variance, **where):
    """Draw, and draw again where a number lies outside of three standard deviations."""
    weight = torch.randn(shape, **where)
    while not weight.is_meta and (outside := weight.abs() > 3).any():
        weight = torch.where(outside, torch.randn(shape, **where), weight)
    return nn.Parameter(weight * variance**0.5)


class Linear(nn.Module):
    def __init__(self, in_features, out_features, **where):
        super().__init__()
        variance = 2 / (in_features + out_features)
        self.weight = cut_normal((out_features, in_features), variance, **where)

    def forward(self, x):
        return torch.einsum("...i,oi->...o", x, self.weight)


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, **where):
        super().__init__()
        self.weight = cut_normal((num_embeddings, embedding_dim), 1, **where)

    def forward(self, token_ids):
        if token_ids.dtype not in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
            raise TypeError("ids are whole numbers")
        flat = token_ids.reshape(-1).to(torch.int64)
        return self.weight.index_select(0, flat).reshape(*token_ids.shape, -1 if flat.numel() else self.weight.shape[1])


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5, **where):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones((d_model,), **where)), eps

    def forward(self, x):
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        rrms = torch.rsqrt(torch.einsum("...d,...d->...", wide, wide) / x.shape[-1] + self.eps)
        return torch.einsum("...d,...,d->...d", wide, rrms, self.weight.to(wide.dtype)).to(x.dtype)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff, **where):
        super().__init__()
        for name, sides in {"w1": (d_model, d_ff), "w2": (d_ff, d_model), "w3": (d_model, d_ff)}.items():
            self.add_module(name, Linear(*sides, **where))

    def forward(self, x):
        gate, value = self.w1(x), self.w3(x)
        # σ(z) = (1 + tanh(z/2)) / 2, which no z overflows.
        return self.w2(value * gate * (torch.tanh(gate / 2) + 1) / 2)


class RotaryPositionalEmbedding(nn.Module):
    def __init__(self, theta, d_k, max_seq_len, device=None):
        super().__init__()
        if d_k < 1 or d_k % 2:
            raise ValueError("pairs")
        powers = torch.linspace(0, -1, d_k // 2 + 1, dtype=torch.float64, device=device)[:-1]
        angles = torch.einsum("p,i->pi", torch.arange(max_seq_len, device=device).double(), theta**powers)
        self.register_buffer("table", torch.stack([angles.cos(), angles.sin()], dim=-1), persistent=False)

    def forward(self, x, token_positions=None):
        T = x.shape[-2]
        if token_positions is None:
            if len(self.table) < T:
                raise IndexError("the sequence is too long")
            table = self.table[:T]
        else:
            if token_positions.shape[-1] != T or token_positions.ndim > 2:
                raise ValueError("positions")
            if token_positions.min() < 0:
                raise IndexError("before the beginning")
            table = self.table[token_positions.long()]
            if len(token_positions.shape) == 2:
                if len(table) == 1:
                    table = table[0]
                elif len(table) != len(x) or x.ndim < 3:
                    raise ValueError("positions")
                else:
                    table = table.reshape(len(x), *(1 for _ in x.shape[1:-2]), T, -1, 2)
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        pairs = torch.view_as_complex(wide.unflatten(-1, (-1, 2)).contiguous())
        turned = pairs * torch.view_as_complex(table.to(wide.dtype).contiguous())
        return torch.view_as_real(turned).reshape(x.shape).to(x.dtype)


def scaled_dot_product_attention(Q, K, V, mask=None):
    scores = torch.einsum("...qd,...kd->...qk", Q * Q.shape[-1] ** -0.5, K)
    seen = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand(scores.shape)
    if seen.dtype is not torch.bool:
        raise TypeError("mask")
    nothing = ~seen.any(-1, keepdim=True)
    # A row that sees nothing is computed as if it saw all, and then left out.
    hidden = torch.where(seen | nothing, scores, torch.full_like(scores, -torch.inf))
    weights = torch.exp(hidden - torch.logsumexp(hidden, -1, keepdim=True))
    return torch.einsum("...qk,...kd->...qd", torch.where(nothing, 0, weights), V)


class CausalMultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, rope=None, **where):
        super().__init__()
        if num_heads * (d_model // num_heads) != d_model:
            raise ValueError("heads")
        self.num_heads, self.rope = num_heads, rope
        for name in ("q_proj", "k_proj", "v_proj", "output_proj"):
            setattr(self, name, Linear(d_model, d_model, **where))

    def forward(self, x, token_positions=None):
        *front, T, d = x.shape
        # One product for the queries, keys and values of all heads: (3, …, h, T, d_k).
        fused = torch.stack([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        fused = fused.reshape(3, self.num_heads, d // self.num_heads, d)
        Q, K, V = torch.einsum("...ti,chki->c...htk", x, fused)
        if self.rope:
            Q, K = (self.rope(one, token_positions) for one in (Q, K))
        place = torch.arange(T, device=x.device)
        out = scaled_dot_product_attention(Q, K, V, place[None, :] <= place[:, None])
        return self.output_proj(torch.einsum("...htk->...thk", out).reshape(*front, T, d))
