"""The whole of what stands between a finished tokenizer stage and the field's public test-suites.

Left, the names that Stanford CS336's assignment 1 and minbpe's tests call; right, the learner's own modules.
"""

from __future__ import annotations

import importlib
import os
from typing import Any


def _module(name: str) -> Any:
    return importlib.import_module(f"minillm.tokenizer.{name}")


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
