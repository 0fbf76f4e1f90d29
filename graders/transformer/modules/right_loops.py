"""Another right 2.10: one-hot rows, matrices of rotation, one head after the other, a softmax over what is visible."""

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import Parameter


class Linear(nn.Module):
    def __init__(self, in_features, out_features, device=None, dtype=None):
        nn.Module.__init__(self)
        empty = torch.zeros((out_features, in_features), device=device, dtype=dtype)
        self.register_parameter("weight", Parameter(empty))
        sigma = (0.5 * (in_features + out_features)) ** -0.5
        nn.init.trunc_normal_(self.weight, 0.0, sigma, -3 * sigma, 3 * sigma)

    def forward(self, x):
        return torch.matmul(self.weight, x.unsqueeze(-1)).squeeze(-1)


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, device=None, dtype=None):
        nn.Module.__init__(self)
        self.weight = Parameter(torch.zeros((num_embeddings, embedding_dim), device=device, dtype=dtype))
        nn.init.trunc_normal_(self.weight, a=-3.0, b=3.0)

    def forward(self, token_ids):
        if token_ids.is_floating_point() or token_ids.dtype == torch.bool:
            raise TypeError("ids")
        count = self.weight.size(0)
        if token_ids.numel() and (int(token_ids.min()) < 0 or int(token_ids.max()) >= count):
            raise IndexError("id")
        onehot = token_ids.unsqueeze(-1) == torch.arange(count, device=token_ids.device)
        return onehot.to(self.weight.dtype) @ self.weight


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5, device=None, dtype=None):
        nn.Module.__init__(self)
        self.weight = Parameter(torch.full((d_model,), 1.0, device=device, dtype=dtype))
        self.epsilon = eps

    def forward(self, x):
        kind = x.dtype
        if kind in (torch.float16, torch.bfloat16):
            x = x.to(torch.float32)
        mean = (x * x).sum(dim=-1, keepdim=True) / x.size(-1)
        y = x * (mean + self.epsilon) ** -0.5
        return (y * self.weight.to(x.dtype)).to(kind)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff, device=None, dtype=None):
        nn.Module.__init__(self)
        self.w1, self.w3 = (Linear(d_model, d_ff, device, dtype) for _ in range(2))
        self.w2 = Linear(d_ff, d_model, device, dtype)

    def forward(self, x):
        z = self.w1(x)
        e = torch.exp(-z.abs())
        silu = z * torch.where(z < 0, e, torch.ones_like(e)) / (1 + e)
        return self.w2(silu * self.w3(x))


class RotaryPositionalEmbedding(nn.Module):
    def __init__(self, theta, d_k, max_seq_len, device=None):
        nn.Module.__init__(self)
        if d_k % 2 or d_k < 2:
            raise ValueError("odd")
        i = np.arange(d_k // 2)
        angles = np.outer(np.arange(max_seq_len), float(theta) ** (-2.0 * i / d_k))
        matrices = np.zeros((max_seq_len, d_k, d_k))
        matrices[:, 2 * i, 2 * i] = matrices[:, 2 * i + 1, 2 * i + 1] = np.cos(angles)
        matrices[:, 2 * i, 2 * i + 1], matrices[:, 2 * i + 1, 2 * i] = -np.sin(angles), np.sin(angles)
        self.register_buffer("R", torch.tensor(matrices, device=device), persistent=False)

    def forward(self, x, token_positions=None):
        T = x.size(-2)
        if token_positions is None:
            token_positions = torch.arange(T, device=x.device)
        rows = token_positions if token_positions.dim() == 2 else token_positions[None]
        if rows.dim() != 2 or rows.size(1) != T or (rows.size(0) != 1 and (x.dim() < 3 or rows.size(0) != x.size(0))):
            raise ValueError("shape of the positions")
        if rows.numel() and (rows.min() < 0 or rows.max() > self.R.size(0) - 1):
            raise ValueError("position")
        R = self.R.to(x.dtype)
        if rows.size(0) == 1:
            return (R[rows[0]] @ x.unsqueeze(-1)).squeeze(-1)
        return torch.stack([(R[row] @ one.unsqueeze(-1)).squeeze(-1) for row, one in zip(rows, x, strict=True)])


def scaled_dot_product_attention(Q, K, V, mask=None):
    scores = torch.matmul(Q, K.transpose(-2, -1)) * (1.0 / Q.size(-1) ** 0.5)
    sees = torch.ones((), dtype=torch.bool, device=Q.device) if mask is None else mask
    if sees.dtype != torch.bool:
        raise TypeError("mask")
    sees = torch.broadcast_to(sees, scores.shape)
    low = torch.where(sees, scores, torch.finfo(scores.dtype).min)
    e = torch.exp(low - low.amax(-1, keepdim=True)) * sees
    total = e.sum(-1, keepdim=True)
    return torch.matmul(e / torch.where(total == 0, torch.ones_like(total), total), V)


class CausalMultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, rope=None, device=None, dtype=None):
        nn.Module.__init__(self)
        if d_model % num_heads:
            raise ValueError("num_heads")
        self.num_heads = num_heads
        self.rope = rope
        self.q_proj, self.k_proj, self.v_proj, self.output_proj = (
            Linear(d_model, d_model, device, dtype) for _ in range(4)
        )

    def forward(self, x, token_positions=None):
        T, width = x.size(-2), x.size(-1) // self.num_heads
        heads = []
        for h in range(self.num_heads):
            rows = slice(h * width, (h + 1) * width)
            q, k, v = (p(x)[..., rows] for p in (self.q_proj, self.k_proj, self.v_proj))
            if self.rope is not None:
                q, k = self.rope(q, token_positions), self.rope(k, token_positions)
            past = ~torch.triu(torch.ones((T, T), dtype=torch.bool, device=x.device), diagonal=1)
            heads.append(scaled_dot_product_attention(q, k, v, past))
        return self.output_proj(torch.cat(heads, dim=-1))
