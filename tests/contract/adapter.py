"""The whole of what stands between a finished `minillm` and the field's public test-suites.

Left, the names that Stanford CS336's assignment 1 and minbpe's tests call; right, the learner's own modules.
"""

from __future__ import annotations

import importlib
import os
from typing import Any


def _module(name: str) -> Any:
    return importlib.import_module(f"minillm.tokenizer.{name}")


def _layers(name: str = "modules") -> Any:
    return importlib.import_module(f"minillm.transformer.{name}")


def _loaded(layer: Any, weights: dict[str, Any]) -> Any:
    layer.load_state_dict(weights, strict=True)
    return layer


def run_train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: list[str], **kwargs: Any
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    return _module("bpe_train").train_bpe(input_path, vocab_size, special_tokens, **kwargs)


def get_tokenizer(
    vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: list[str] | None = None
) -> Any:
    return _module("tokenizer").Tokenizer(vocab, merges, special_tokens)


def run_get_batch(dataset: Any, batch_size: int, context_length: int, device: str) -> tuple[Any, Any]:
    return _module("data").get_batch(dataset, batch_size, context_length, device)


def basic_tokenizer() -> Any:
    return _module("bpe_basic").BasicTokenizer()


def regex_tokenizer() -> Any:
    return _module("tokenizer").RegexTokenizer()


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
