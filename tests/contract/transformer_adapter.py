"""What stands between a finished transformer stage and CS336's tests: their names left, the learner's modules right."""

from __future__ import annotations

import importlib
from typing import Any


def _layers(name: str = "modules") -> Any:
    return importlib.import_module(f"minillm.transformer.{name}")


def _loaded(layer: Any, weights: dict[str, Any]) -> Any:
    layer.load_state_dict(weights, strict=True)
    return layer


def run_linear(d_in: int, d_out: int, weights: Any, in_features: Any) -> Any:
    return _loaded(_layers().Linear(d_in, d_out), {"weight": weights})(in_features)


def run_embedding(vocab_size: int, d_model: int, weights: Any, token_ids: Any) -> Any:
    return _loaded(_layers().Embedding(vocab_size, d_model), {"weight": weights})(token_ids)


def run_rmsnorm(d_model: int, eps: float, weights: Any, in_features: Any) -> Any:
    return _loaded(_layers().RMSNorm(d_model, eps), {"weight": weights})(in_features)


def run_swiglu(d_model: int, d_ff: int, w1_weight: Any, w2_weight: Any, w3_weight: Any, in_features: Any) -> Any:
    weights = {"w1.weight": w1_weight, "w2.weight": w2_weight, "w3.weight": w3_weight}
    return _loaded(_layers().SwiGLU(d_model, d_ff), weights)(in_features)


def run_rope(d_k: int, theta: float, max_seq_len: int, in_query_or_key: Any, token_positions: Any) -> Any:
    return _layers().RotaryPositionalEmbedding(theta, d_k, max_seq_len)(in_query_or_key, token_positions)


def run_scaled_dot_product_attention(Q: Any, K: Any, V: Any, mask: Any = None) -> Any:  # noqa: N803 - theirs
    return _layers().scaled_dot_product_attention(Q, K, V, mask)


def run_multihead_self_attention(d_model: int, num_heads: int, q: Any, k: Any, v: Any, o: Any, in_features: Any) -> Any:
    weights = {"q_proj.weight": q, "k_proj.weight": k, "v_proj.weight": v, "output_proj.weight": o}
    return _loaded(_layers().CausalMultiHeadSelfAttention(d_model, num_heads), weights)(in_features)


def run_multihead_self_attention_with_rope(
    d_model: int, num_heads: int, max_seq_len: int, theta: float, q: Any, k: Any, v: Any, o: Any, in_features: Any,
    token_positions: Any = None,
) -> Any:  # fmt: skip
    rope = _layers().RotaryPositionalEmbedding(theta, d_model // num_heads, max_seq_len)
    weights = {"q_proj.weight": q, "k_proj.weight": k, "v_proj.weight": v, "output_proj.weight": o}
    attention = _layers().CausalMultiHeadSelfAttention(d_model, num_heads, rope)
    return _loaded(attention, weights)(in_features, token_positions)


def run_transformer_block(
    d_model: int, num_heads: int, d_ff: int, max_seq_len: int, theta: float, weights: Any, in_features: Any
) -> Any:
    block = _layers("block").TransformerBlock(d_model, num_heads, d_ff, max_seq_len, theta)
    return _loaded(block, weights)(in_features)
