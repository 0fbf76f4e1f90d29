"""A reader's solution: UTF-8 by division, six bits at a time; plain dicts; two sorts, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

CONTINUATION = 0b10_000000


def utf8_bytes(s: str) -> list[int]:
    ids: list[int] = []
    for character in s:
        ids += encode_character(character)
    return ids


def encode_character(character: str) -> list[int]:
    point = ord(character)
    if 0xD800 <= point <= 0xDFFF:
        raise ValueError(f"U+{point:04X} is half of a surrogate pair: it has no UTF-8")
    if point < 128:
        return [point]
    if point < 2048:
        start, tails = 0b110_00000, 1
    elif point < 65536:
        start, tails = 0b1110_0000, 2
    else:
        start, tails = 0b11110_000, 3
    sixes = []  # the low six bits first
    for _ in range(tails):
        point, six = divmod(point, 64)
        sixes.append(CONTINUATION + six)
    return [start + point, *reversed(sixes)]


def decode_bytes(ids: Sequence[int], errors: str = "replace") -> str:
    data = bytearray()
    for number in ids:
        if number < 0 or number > 255:
            raise ValueError(f"{number} is no byte")
        data.append(number)
    return data.decode("utf-8", errors)


class ByteTokenizer:
    def __init__(self) -> None:
        self.vocab_size = 256

    def encode(self, text: str) -> list[int]:
        return utf8_bytes(text)

    def decode(self, ids: Sequence[int]) -> str:
        return decode_bytes(ids)


class WordTokenizer:
    def __init__(self, words: list[str]) -> None:
        self.unk_id = 0
        self.words = ["<unk>", *words]  # words[i] has the id i
        self.ids = {}
        for i, word in enumerate(self.words):
            self.ids[word] = i

    @property
    def vocab(self) -> dict[int, str]:
        return dict(enumerate(self.words))

    @property
    def vocab_size(self) -> int:
        return len(self.words)

    @classmethod
    def build(cls, texts: Iterable[str], vocab_size: int, min_freq: int = 1) -> WordTokenizer:
        if isinstance(texts, str):
            raise TypeError("texts is one str: give a list of them")
        if vocab_size < 1:
            raise ValueError(f"vocab_size is {vocab_size}, but <unk> needs a place")
        counts: dict[str, int] = {}
        for text in texts:
            for word in text.split():
                counts[word] = counts.get(word, 0) + 1
        counts.pop("<unk>", None)
        frequent = [word for word in counts if counts[word] >= min_freq]
        frequent.sort()
        frequent.sort(key=lambda word: counts[word], reverse=True)  # stable: words of one count stay sorted
        return cls(frequent[: vocab_size - 1])

    def encode(self, text: str) -> list[int]:
        result = []
        for word in text.split():
            if word in self.ids:
                result.append(self.ids[word])
            else:
                result.append(self.unk_id)
        return result

    def decode(self, ids: Sequence[int]) -> str:
        result = []
        for i in ids:
            if not 0 <= i < len(self.words):
                raise IndexError(f"no word has the id {i}")
            result.append(self.words[i])
        return " ".join(result)
