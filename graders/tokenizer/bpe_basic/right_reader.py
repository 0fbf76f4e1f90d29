"""1.2, by replay: merge looks back at what it has written, and encode goes once through the merges in their order.

A merge makes only such new pairs as hold its new id, and no earlier merge is of one of these. So `encode` need not
search for the lowest rank: once a merge has had its turn, its pair does not come back.
"""

from __future__ import annotations

from collections.abc import Sequence

from minillm.tokenizer.text import decode_bytes, utf8_bytes


def get_stats(ids: Sequence[int], counts: dict[tuple[int, int], int] | None = None) -> dict[tuple[int, int], int]:
    if counts is None:
        counts = {}
    rest = iter(ids)
    left = next(rest, None)
    for right in rest:
        counts.setdefault((left, right), 0)
        counts[left, right] += 1
        left = right
    return counts


def merge(ids: Sequence[int], pair: tuple[int, int], idx: int) -> list[int]:
    first, second = pair
    out: list[int] = []
    for i in ids:
        if i == second and out and out[-1] == first:  # idx is in no pair, so a merged id is never taken again
            out[-1] = idx
        else:
            out.append(i)
    return out


class BasicTokenizer:
    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.merges: dict[tuple[int, int], int] = {}
        self.vocab: dict[int, bytes] = {i: bytes([i]) for i in range(256)}

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        if vocab_size < 256:
            raise ValueError(f"the 256 bytes alone need a vocab_size of 256, not {vocab_size}")
        row = utf8_bytes(text)
        self._forget()
        for new in range(256, vocab_size):
            counts = get_stats(row)
            if not counts:
                break
            pair = max(counts, key=counts.get)
            row = merge(row, pair, new)
            self.merges[pair] = new
            self.vocab[new] = self.vocab[pair[0]] + self.vocab[pair[1]]
            if verbose:
                print(f"{pair} -> {new}, {counts[pair]} times")  # noqa: T201 - asked for

    def encode(self, text: str) -> list[int]:
        row = utf8_bytes(text)
        for pair, new in self.merges.items():
            row = merge(row, pair, new)
        return row

    def decode(self, ids: Sequence[int]) -> str:
        joined = b"".join(self.vocab[i] for i in ids)
        return decode_bytes(list(joined))
