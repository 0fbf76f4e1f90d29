"""1.7 Vocabulary trade-offs: what a tokenizer does to a text, and what a vocabulary costs."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from minillm.tokenizer.bpe_train import split_special


def compression_ratio(tok: Any, text: str, special_tokens: Iterable[str] = ()) -> float:
    parts = split_special(text, list(special_tokens))
    n_bytes = sum(len(part.encode("utf-8")) for part in parts)
    n_tokens = sum(len(tok.encode(part)) for part in parts)
    if n_tokens == 0:
        raise ValueError(f"{n_bytes} bytes without a token have no ratio")
    return n_bytes / n_tokens


def tokens_per_word(tok: Any, text: str) -> float:
    words = text.split()
    if not words:
        raise ValueError("a text without words")
    return len(tok.encode(text)) / len(words)


def _script(character: str) -> str:
    """LATIN, CJK, …; empty for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    return unicodedata.name(character).partition(" ")[0]


def fertility_by_script(tok: Any, text: str) -> dict[str, float]:
    tokens: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for script, run in groupby(text, _script):
        if script:
            word = "".join(run)
            tokens[script] += len(tok.encode(word))
            letters[script] += len(word)
    return {script: tokens[script] / letters[script] for script in letters}


def oov_rate(tok: Any, text: str) -> float:
    ids = tok.encode(text)
    if not ids:
        raise ValueError("a text without tokens")
    unknown = getattr(tok, "unk_id", None)
    return sum(i == unknown for i in ids) / len(ids)


def bits_per_byte(loss_nats: float, n_tokens: int, n_bytes: int) -> float:
    if n_tokens < 1 or n_bytes < 1 or not loss_nats >= 0:
        raise ValueError(f"no loss of {loss_nats} over {n_tokens} tokens and {n_bytes} bytes")
    return loss_nats / math.log(2) * n_tokens / n_bytes


def embedding_params(V: int, d: int, tied: bool) -> int:
    if V < 1 or d < 1:
        raise ValueError(f"no embedding has {V} rows of {d}")
    return V * d if tied else 2 * V * d


def flops_per_byte(V: int, d: int, body_params: int, ratio: float) -> float:
    if V < 1 or d < 1 or body_params < 0 or not ratio > 0:
        raise ValueError(f"no model has V = {V}, d = {d}, {body_params} other parameters and a ratio of {ratio}")
    return 2 * (body_params + V * d) / ratio


def choose_vocab(
    candidates: Mapping[int, float],
    d: int,
    body_params: int,
    tied: bool = True,
    max_embedding_params: int | None = None,
    id_bits: int = 16,
) -> int:
    costs = {}
    for V, ratio in candidates.items():
        cost = flops_per_byte(V, d, body_params, ratio)
        small = max_embedding_params is None or embedding_params(V, d, tied) <= max_embedding_params
        if 2**id_bits >= V and small:
            costs[V] = cost
    if not costs:
        raise ValueError("no candidate keeps the limits")
    return min(costs, key=lambda V: (costs[V], V))
