"""The layers in a reader's style: products as einsum, and for RoPE one table and a swap of neighbours."""

import math

import torch
from torch import Tensor, nn


def drawn(rows: int, columns: int, sigma: float, device, dtype) -> nn.Parameter:
    weight = nn.Parameter(torch.empty((rows, columns), device=device, dtype=dtype))
    nn.init.trunc_normal_(weight, 0.0, sigma, -3.0 * sigma, 3.0 * sigma)
    return weight


class Linear(nn.Module):
    def __init__(self, in_features, out_features, device=None, dtype=None):
        super().__init__()
        self.weight = drawn(out_features, in_features, math.sqrt(2.0 / (in_features + out_features)), device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("...i,oi->...o", x, self.weight)


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, device=None, dtype=None):
        super().__init__()
        self.weight = drawn(num_embeddings, embedding_dim, 1.0, device, dtype)

    def forward(self, token_ids: Tensor) -> Tensor:
        if token_ids.dtype not in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
            raise TypeError(f"token ids are integers, not {token_ids.dtype}")
        ids = token_ids.long()
        rows, width = self.weight.shape
        if ((ids < 0) | (ids >= rows)).any():
            raise IndexError(f"a token id is not in 0 … {rows - 1}")
        return self.weight.index_select(0, ids.reshape(-1)).reshape(*ids.shape, width)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5, device=None, dtype=None):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model, device=device, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        wide = torch.promote_types(x.dtype, torch.float32)
        z = x.to(wide)
        inverse = z.square().mean(-1, keepdim=True).add(self.eps).rsqrt()
        return (z * inverse * self.weight.to(wide)).to(x.dtype)


class SwiGLU(nn.Module):
    def __init__(self, d_model, d_ff, device=None, dtype=None):
        super().__init__()
        where = {"device": device, "dtype": dtype}
        self.w1 = Linear(d_model, d_ff, **where)
        self.w3 = Linear(d_model, d_ff, **where)
        self.w2 = Linear(d_ff, d_model, **where)

    def forward(self, x: Tensor) -> Tensor:
        z = self.w1(x)
        return self.w2(z * torch.sigmoid(z) * self.w3(x))


class RotaryPositionalEmbedding(nn.Module):
    """Keeps one table, (positions, 2, d_k): cosines, and sines with the sign that each entry needs."""

    def __init__(self, theta, d_k, max_seq_len, device=None):
        super().__init__()
        if d_k < 2 or d_k % 2 == 1:
            raise ValueError(f"d_k is {d_k}, but has to be even and at least 2")
        entry = torch.arange(d_k, device=device)
        frequency = torch.pow(theta, -(entry - entry % 2).double() / d_k)
        angle = torch.arange(max_seq_len, device=device).double()[:, None] * frequency
        sign = 2.0 * (entry % 2) - 1.0
        self.register_buffer("table", torch.stack([angle.cos(), angle.sin() * sign], dim=1), persistent=False)

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        length, limit = x.shape[-2], self.table.shape[0]
        if token_positions is None:
            if length > limit:
                raise ValueError(f"{length} places, but a table for {limit}")
            table = self.table[:length]
        else:
            shape = tuple(token_positions.shape)
            batched = x.ndim >= 3 and shape == (x.shape[0], length)
            if shape not in ((length,), (1, length)) and not batched:
                raise ValueError(f"positions of shape {shape} for x of shape {tuple(x.shape)}")
            if ((token_positions < 0) | (token_positions >= limit)).any():
                raise IndexError(f"a position is not in 0 … {limit - 1}")
            table = self.table[token_positions]
            if len(shape) == 2 and shape[0] == 1:
                table = table[0]
            elif len(shape) == 2:
                table = table[(slice(None), *[None] * (x.ndim - 3))]
        cos, sin = table.unbind(-2)
        swapped = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
        return (x * cos + swapped * sin).to(x.dtype)


def scaled_dot_product_attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = torch.einsum("...qd,...kd->...qk", Q, K) * Q.shape[-1] ** -0.5
    if mask is not None:
        if mask.dtype is not torch.bool:
            raise TypeError("the mask has to be boolean")
        scores = scores.masked_fill(mask.logical_not(), -torch.inf)
    top = scores.detach().amax(-1, keepdim=True)
    powers = torch.exp(scores - torch.where(top == -torch.inf, 0.0, top))
    total = powers.sum(-1, keepdim=True)
    return torch.einsum("...qk,...kd->...qd", powers / (total + (total == 0)), V)


class CausalMultiHeadSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, rope=None, device=None, dtype=None):
        super().__init__()
        if d_model % num_heads:
            raise ValueError(f"{num_heads} heads do not divide d_model = {d_model}")
        self.num_heads, self.rope = num_heads, rope
        for name in ("q_proj", "k_proj", "v_proj", "output_proj"):
            self.add_module(name, Linear(d_model, d_model, device, dtype))

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        if x.ndim == 2:
            return self(x[None], token_positions)[0]
        batch, length, width = x.shape
        shape = (batch, length, self.num_heads, width // self.num_heads)
        q, k, v = (part(x).view(shape).transpose(1, 2) for part in (self.q_proj, self.k_proj, self.v_proj))
        if self.rope is not None:
            q, k = self.rope(q, token_positions), self.rope(k, token_positions)
        place = torch.arange(length, device=x.device)
        heads = scaled_dot_product_attention(q, k, v, place[None, :] <= place[:, None])
        return self.output_proj(heads.transpose(1, 2).reshape(batch, length, width))
