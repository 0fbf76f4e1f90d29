"""The reference of 1.1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

UNK = "<unk>"


def utf8_bytes(s: str) -> list[int]:
    ids: list[int] = []
    for char in s:
        ids += _bytes_of(ord(char))
    return ids


def _bytes_of(point: int) -> list[int]:
    """The one to four bytes of a code point: a lead byte, then six bits a byte."""
    if 0xD800 <= point <= 0xDFFF:
        raise ValueError(f"U+{point:04X} is a surrogate: it has no UTF-8")
    if point <= 0x7F:
        return [point]
    if point <= 0x7FF:
        return [0xC0 | point >> 6, _tail(point)]
    if point <= 0xFFFF:
        return [0xE0 | point >> 12, _tail(point >> 6), _tail(point)]
    return [0xF0 | point >> 18, _tail(point >> 12), _tail(point >> 6), _tail(point)]


def _tail(bits: int) -> int:
    return 0x80 | bits & 0x3F


def decode_bytes(ids: Sequence[int], errors: str = "replace") -> str:
    # All bytes first: a character may be spread over four of them. bytes() refuses numbers outside 0 … 255.
    return bytes(ids).decode("utf-8", errors)


class ByteTokenizer:
    vocab_size = 256

    def encode(self, text: str) -> list[int]:
        return utf8_bytes(text)

    def decode(self, ids: Sequence[int]) -> str:
        return decode_bytes(ids)


class WordTokenizer:
    unk_id = 0

    def __init__(self, words: Sequence[str]) -> None:
        self.vocab = dict(enumerate([UNK, *words]))
        self.vocab_size = len(self.vocab)
        self._ids = {word: number for number, word in self.vocab.items()}

    @classmethod
    def build(cls, texts: Iterable[str], vocab_size: int, min_freq: int = 1) -> WordTokenizer:
        if isinstance(texts, str):
            raise TypeError("texts is one str; put it into a list")
        if vocab_size < 1:
            raise ValueError(f"vocab_size is {vocab_size}: the unknown word alone needs 1")
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text.split())
        del counts[UNK]  # reserved: it has an id already
        frequent = [word for word, count in counts.items() if count >= min_freq]
        ordered = sorted(frequent, key=lambda word: (-counts[word], word))
        return cls(ordered[: vocab_size - 1])

    def encode(self, text: str) -> list[int]:
        return [self._ids.get(word, self.unk_id) for word in text.split()]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join([self.vocab[number] for number in ids])
