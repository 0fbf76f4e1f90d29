"""2.10 The layers of a transformer as PyTorch modules: what you wrote by hand, now with autograd.

Write them in the order they stand here. What holds for all of this file:

- "…" stands for any leading axes, none too. Numbers are finite. Inputs have any layout in memory and are never written
  into; two calls with the same input give the same result, bit for bit.
- What comes back has the dtype of x (of Q for attention): float64, float32, float16 or bfloat16, when the weights have
  that dtype. In float64 values and gradients are exact to rounding: they equal your NumPy modules' to 1e-10.
- Gradients are autograd's. A gradient reaches every input and every parameter, and none becomes NaN.
- `device` and `dtype` say where and as what parameters are made, and mean what they mean in `torch.empty`. A tensor
  that you make inside of `forward` belongs on the device of the input.
- The names of parameters are binding: with them a checkpoint of this course's model, or of CS336's, loads with
  `load_state_dict(…, strict=True)`. No other parameter, no persistent buffer.
- A module can be deep-copied; the copy has weights of its own.

Layers and attention of `torch.nn`, all of `torch.nn.functional`, and `softmax` under any name are not allowed;
`nn.Module`, `nn.Parameter`, `nn.init`, tensors and their arithmetic (`torch.exp`, `torch.sigmoid`, `torch.einsum`, …)
are. Helpers of your own are welcome.
"""

import torch
from torch import Tensor, nn

Device = torch.device | str | None


class Linear(nn.Module):
    """y = x Wᵀ, without a bias.

    weight: the one parameter, (out_features, in_features). At first drawn from a normal distribution with mean 0 and
        variance σ² = 2 / (in_features + out_features), cut off at −3σ and 3σ (`nn.init.trunc_normal_`).

    >>> linear = Linear(3, 2, dtype=torch.float64)
    >>> _ = linear.load_state_dict({"weight": torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])})
    >>> linear(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)).detach()
    tensor([7., 2.], dtype=torch.float64)
    """

    def __init__(
        self, in_features: int, out_features: int, device: Device = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        raise NotImplementedError("Linear")

    def forward(self, x: Tensor) -> Tensor:
        """x (…, in_features) -> (…, out_features)."""
        raise NotImplementedError("Linear.forward")


class Embedding(nn.Module):
    """A table of vectors, one row for each token id.

    weight: the one parameter, (num_embeddings, embedding_dim). At first drawn from a normal distribution with mean 0
        and variance 1, cut off at −3 and 3.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, device: Device = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        raise NotImplementedError("Embedding")

    def forward(self, token_ids: Tensor) -> Tensor:
        """token_ids (…), of any integer dtype (uint8, int16, int32, int64) -> (…, embedding_dim).

        Raises IndexError for an id below 0 or from num_embeddings on. TypeError (IndexError is fine, too) if token_ids
        are not integers: floats, or booleans.
        """
        raise NotImplementedError("Embedding.forward")


class RMSNorm(nn.Module):
    """y = x / √(mean(x²) + eps) · weight, each row of the last axis by itself.

    weight: the one parameter, (d_model,), at first ones.
    """

    def __init__(
        self, d_model: int, eps: float = 1e-5, device: Device = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        raise NotImplementedError("RMSNorm")

    def forward(self, x: Tensor) -> Tensor:
        """x (…, d_model) -> the same shape and dtype.

        float16 and bfloat16 are computed in float32 and rounded once, at the end. Here the weights may also be float32
        while x is float16 or bfloat16: y has x's dtype.
        """
        raise NotImplementedError("RMSNorm.forward")


class SwiGLU(nn.Module):
    """The gated feed-forward layer: w2(silu(w1(x)) · w3(x)), with silu(z) = z / (1 + e⁻ᶻ).

    w1, w3: Linear from d_model to d_ff. w2: Linear from d_ff to d_model.
    """

    def __init__(self, d_model: int, d_ff: int, device: Device = None, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        raise NotImplementedError("SwiGLU")

    def forward(self, x: Tensor) -> Tensor:
        """x (…, d_model) -> the same shape. Values and gradients are finite where w1(x) is ±1e4."""
        raise NotImplementedError("SwiGLU.forward")


class RotaryPositionalEmbedding(nn.Module):
    """Turns the pairs (2i, 2i + 1) of a vector at position p by the angle p · theta^(−2i / d_k), as in 2.3.

    It has no parameters, and nothing of it is in the state dict. What it keeps (cosines and sines of the positions
    0 … max_seq_len − 1, or whatever you need) are buffers, `register_buffer(…, persistent=False)`, made on `device`:
    so they move with the module. They are as exact as float64 is: in float64, x is turned to 1e-10.
    `module.to(torch.bfloat16)` rounds buffers, too: then y may be off by as much as a few roundings of bfloat16, at any
    position. (Round a cosine, and that is so. Round an angle, and it is not.)

    Raises ValueError if d_k is odd or below 2.
    """

    def __init__(self, theta: float, d_k: int, max_seq_len: int, device: Device = None) -> None:
        super().__init__()
        raise NotImplementedError("RotaryPositionalEmbedding")

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        """x (…, T, d_k) -> the same shape and dtype, the pairs side by side as before.

        token_positions: int64, of shape (T,) or (1, T), for all of x; or (B, T), where x is (B, …, T, d_k): one row
            for each member of the batch, whatever axes (heads) stand between B and T. An x (T, d_k) has no batch. In
            any order, with repetitions. None means 0 … T − 1.

        Raises IndexError or ValueError for a position below 0 or from max_seq_len on (for None, too), ValueError if
        token_positions has another shape.
        """
        raise NotImplementedError("RotaryPositionalEmbedding.forward")


def scaled_dot_product_attention(Q: Tensor, K: Tensor, V: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return softmax(Q Kᵀ / √d_k) · V: out alone, without the weights.

    Q: (…, Tq, d_k). K: (…, Tk, d_k). V: (…, Tk, d_v). out: (…, Tq, d_v). The leading axes are the same for all three.
    mask: None, or boolean, True = attend; it broadcasts to (…, Tq, Tk). What is masked has weight exactly 0; a key that
        nobody sees, and its value, get a gradient of exactly 0. A row with everything masked is zeros, and sends back
        zeros.

    Exact where the scores are ±1e4. Raises TypeError if mask is not boolean.

    >>> Q, K = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> V = torch.tensor([[10.0, 0.0, 1.0], [0.0, 10.0, 1.0]])
    >>> scaled_dot_product_attention(Q, K, V)
    tensor([[8.0443, 1.9557, 1.0000]])
    """
    raise NotImplementedError("scaled_dot_product_attention")


class CausalMultiHeadSelfAttention(nn.Module):
    """num_heads causal attentions side by side, d_k = d_v = d_model / num_heads.

    q_proj, k_proj, v_proj, output_proj: Linear from d_model to d_model. Head h owns rows h · d_k … (h + 1) · d_k − 1 of
        the first three, and the columns of the same numbers of output_proj.
    num_heads, rope: attributes, as given. rope: a RotaryPositionalEmbedding for d_k, or None for no positions; it turns
        queries and keys of every head, and is not on any state dict's list.

    Raises ValueError if num_heads does not divide d_model.
    """

    def __init__(
        self,
        d_model: int,
        num_heads: int,
        rope: nn.Module | None = None,
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        raise NotImplementedError("CausalMultiHeadSelfAttention")

    def forward(self, x: Tensor, token_positions: Tensor | None = None) -> Tensor:
        """x (T, d_model) or (B, T, d_model) -> the same shape.

        token_positions: handed to rope, (T,), (1, T) or None, for an x with a batch also (B, T); without rope they
            change nothing. They say how to turn; who comes before whom is said by the places in x alone: place t
            attends to the places up to t.

        Changing x after place t changes no bit of the result at or before t, and sends back exactly 0 to there.
        """
        raise NotImplementedError("CausalMultiHeadSelfAttention.forward")
