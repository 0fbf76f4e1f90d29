"""2.10 The layers of a transformer as PyTorch modules."""

import math
from typing import Any

import torch
from torch import Tensor, nn


def _drawn(rows: int, columns: int, std: float, device: Any, dtype: Any) -> nn.Parameter:
    weight = torch.empty(rows, columns, device=device, dtype=dtype)
    return nn.Parameter(nn.init.trunc_normal_(weight, std=std, a=-3 * std, b=3 * std))


class Linear(nn.Module):
    def __init__(self, in_features: int, out_features: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        std = math.sqrt(2 / (in_features + out_features))
        self.weight = _drawn(out_features, in_features, std, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T  # (…, in) @ (in, out)


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.weight = _drawn(num_embeddings, embedding_dim, 1.0, device, dtype)

    def forward(self, token_ids: Tensor) -> Tensor:
        if token_ids.is_floating_point() or token_ids.dtype == torch.bool:
            raise TypeError(f"token ids of dtype {token_ids.dtype}")
        if (token_ids < 0).any():  # torch would count from the end
            raise IndexError("a negative token id")
        return self.weight[token_ids.long()]  # uint8 itself would be read as a mask


class RMSNorm(nn.Module):
    def __init__(self, d_model: int, eps: float = 1e-5, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model, device=device, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        wide = x if x.dtype == torch.float64 else x.float()
        size = torch.sqrt(wide.square().mean(-1, keepdim=True) + self.eps)  # (…, 1)
        return (wide / size * self.weight).to(x.dtype)


class SwiGLU(nn.Module):
    def __init__(self, d_model: int, d_ff: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.w1 = Linear(d_model, d_ff, device, dtype)
        self.w2 = Linear(d_ff, d_model, device, dtype)
        self.w3 = Linear(d_model, d_ff, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.w1(x)  # (…, d_ff)
        return self.w2(gate * torch.sigmoid(gate) * self.w3(x))


class RotaryPositionalEmbedding(nn.Module):
    def __init__(self, theta: float, d_k: int, max_seq_len: int, device: Any = None) -> None:
        super().__init__()
        if d_k < 2 or d_k % 2 != 0:
            raise ValueError(f"{d_k} numbers cannot be paired")
        frequencies = theta ** (-torch.arange(0, d_k, 2, dtype=torch.float64) / d_k)
        angles = (torch.arange(max_seq_len)[:, None] * frequencies).to(device)  # (max_seq_len, d_k/2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        *leading, T, _ = x.shape
        if token_positions is None:
            if len(self.cos) < T:
                raise IndexError(f"{T} places, the table has {len(self.cos)}")
            cos, sin = self.cos[:T], self.sin[:T]  # (T, d_k/2)
        else:
            rows = token_positions.expand(1, -1) if token_positions.ndim == 1 else token_positions
            if rows.shape not in [(1, T), (*leading[:1], T)]:
                raise ValueError(f"positions of shape {tuple(token_positions.shape)} for x of shape {tuple(x.shape)}")
            if (rows < 0).any():
                raise IndexError("a negative position")
            # What stands between the first axis and T shares a row.
            rows = rows[0] if len(rows) == 1 else rows.view(len(rows), *[1] * (x.ndim - 3), T)
            cos, sin = self.cos[rows], self.sin[rows]  # (T, d_k/2) or (B, 1, …, T, d_k/2)
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        a, b = x[..., 0::2], x[..., 1::2]  # both (…, T, d_k/2)
        return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


def scaled_dot_product_attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = Q @ K.mT / math.sqrt(Q.shape[-1])  # (…, Tq, Tk)
    if mask is not None:
        if mask.dtype != torch.bool:
            raise TypeError(f"mask has dtype {mask.dtype}, expected bool")
        scores = scores.masked_fill(~mask, -math.inf)
    # A row that is −inf throughout has a greatest element, too: −inf minus a number is −inf, its exponential 0.
    top = scores.detach().amax(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)
    e = torch.exp(scores - top)
    # The greatest visible score gives e = 1, so a sum below 1 is that of a row that sees nothing.
    return e / e.sum(-1, keepdim=True).clamp(min=1) @ V


class CausalMultiHeadSelfAttention(nn.Module):
    def __init__(
        self, d_model: int, num_heads: int, rope: nn.Module | None = None, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        if d_model % num_heads != 0:
            raise ValueError(f"{num_heads} heads do not divide {d_model}")
        self.num_heads, self.rope = num_heads, rope
        self.q_proj = Linear(d_model, d_model, device, dtype)
        self.k_proj = Linear(d_model, d_model, device, dtype)
        self.v_proj = Linear(d_model, d_model, device, dtype)
        self.output_proj = Linear(d_model, d_model, device, dtype)

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        Q, K, V = (self._split(project(x)) for project in (self.q_proj, self.k_proj, self.v_proj))
        if self.rope is not None:
            Q, K = self.rope(Q, token_positions), self.rope(K, token_positions)
        causal = x.new_ones(x.shape[-2], x.shape[-2], dtype=torch.bool).tril()
        out = scaled_dot_product_attention(Q, K, V, causal)  # (…, h, T, d_k)
        return self.output_proj(out.transpose(-2, -3).flatten(-2))

    def _split(self, x: Tensor) -> Tensor:
        """(…, T, d_model) -> (…, h, T, d_k)."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(-2, -3)
