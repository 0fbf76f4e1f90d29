"""1.2 BPE by hand: count the pairs, replace the most frequent one, begin again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from minillm.tokenizer.text import decode_bytes, utf8_bytes

Pair = tuple[int, int]


def get_stats(ids: Sequence[int], counts: dict[Pair, int] | None = None) -> dict[Pair, int]:
    if counts is None:
        counts = {}
    for pair in pairwise(ids):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def merge(ids: Sequence[int], pair: Pair, idx: int) -> list[int]:
    new_ids = []
    i = 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            new_ids.append(idx)
            i += 2  # both halves are used up
        else:
            new_ids.append(ids[i])
            i += 1
    return new_ids


class BasicTokenizer:
    def __init__(self) -> None:
        self.merges: dict[Pair, int] = {}
        self.vocab: dict[int, bytes] = {i: bytes([i]) for i in range(256)}

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        if vocab_size < 256:
            raise ValueError(f"vocab_size is {vocab_size}: the 256 bytes alone need more")
        ids = utf8_bytes(text)
        merges: dict[Pair, int] = {}
        vocab = {i: bytes([i]) for i in range(256)}
        for idx in range(256, vocab_size):
            stats = get_stats(ids)
            if not stats:
                break  # a single token is left, or none
            pair = max(stats, key=stats.__getitem__)  # of equals the one seen first
            ids = merge(ids, pair, idx)
            merges[pair] = idx
            vocab[idx] = vocab[pair[0]] + vocab[pair[1]]
            if verbose:
                print(f"{idx}: {pair} -> {vocab[idx]!r}, {stats[pair]} times")  # noqa: T201 - asked for
        self.merges, self.vocab = merges, vocab

    def encode(self, text: str) -> list[int]:
        ids = utf8_bytes(text)
        while len(ids) >= 2:
            # the pair that training merged first; one that it never merged comes last
            pair = min(get_stats(ids), key=lambda pair: self.merges.get(pair, float("inf")))
            if pair not in self.merges:
                break
            ids = merge(ids, pair, self.merges[pair])
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return decode_bytes(list(b"".join(self.vocab[i] for i in ids)))
