"""1.2, by looking back: a merge appends to a stack, and replaces its top when the pair is complete."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

BYTES = {number: number.to_bytes(1, "big") for number in range(256)}


def get_stats(ids, counts=None):
    if counts is None:
        return Counter(pairwise(ids))
    for pair, often in Counter(pairwise(ids)).items():
        counts[pair] = counts.get(pair, 0) + often
    return counts


def merge(ids, pair, idx):
    left, right = pair
    stack = []
    for token in ids:
        if stack and stack[-1] == left and token == right:
            stack[-1] = idx
        else:
            stack.append(token)
    return stack


@dataclass
class BasicTokenizer:
    merges: dict = field(default_factory=dict)
    vocab: dict = field(default_factory=BYTES.copy)

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> int:
        room = vocab_size - 256
        if room < 0:
            raise ValueError
        ids = list(text.encode())
        self.merges.clear()
        self.vocab = BYTES.copy()
        for _ in range(room):
            stats = Counter(pairwise(ids))
            if not stats:
                break
            often = max(stats.values())
            pair = [pair for pair in stats if stats[pair] == often][-1]  # of equals the one seen last
            ids = self._learn(ids, pair)
            if verbose:
                print(*pair, "->", len(self.vocab) - 1)  # noqa: T201 - asked for
        return len(ids)

    def _learn(self, ids, pair):
        idx = len(self.vocab)
        self.merges[pair] = idx
        self.vocab[idx] = b"".join(map(self.vocab.get, pair))
        return merge(ids, pair, idx)

    def encode(self, text: str) -> list[int]:
        ids = list(text.encode("utf-8"))
        while known := {self.merges[pair]: pair for pair in pairwise(ids) if pair in self.merges}:
            first = min(known)
            ids = merge(ids, known[first], first)
        return ids

    def decode(self, ids) -> str:
        data = bytearray()
        for token in ids:
            data += self.vocab[token]
        return data.decode("utf-8", "replace")
