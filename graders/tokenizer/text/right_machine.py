"""Arithmetic instead of masks, a decoder written by hand, words kept in sorted lists and found by halving."""

import heapq
from bisect import bisect_left
from dataclasses import dataclass, field

REPLACEMENT = chr(0xFFFD)


class NotText(ValueError):
    """There is no UTF-8 for this."""


def utf8_bytes(s):
    return list(_bytes_of(s))


def _bytes_of(s):
    for char in s:
        point, tail = ord(char), []
        if 0xD800 <= point < 0xE000:
            raise NotText(char.encode("ascii", "backslashreplace").decode())
        # Six bits at a time off the low end, until the rest fits beside the marks of the lead byte.
        room = 128
        while point >= room:
            room = 32 if room == 128 else room // 2
            point, low = divmod(point, 64)
            tail.append(128 + low)
        yield point + (0 if room == 128 else 256 - 2 * room)
        yield from reversed(tail)


def _expected(lead):
    """How many bytes follow a lead byte, its own bits, and what the first of them may be; None for no lead byte."""
    if lead < 0x80:
        return 0, lead, range(0)
    if 0xC2 <= lead <= 0xDF:
        return 1, lead - 0xC0, range(0x80, 0xC0)
    if 0xE0 <= lead <= 0xEF:
        return 2, lead - 0xE0, range(0xA0 if lead == 0xE0 else 0x80, 0xA0 if lead == 0xED else 0xC0)
    if 0xF0 <= lead <= 0xF4:
        return 3, lead - 0xF0, range(0x90 if lead == 0xF0 else 0x80, 0x90 if lead == 0xF4 else 0xC0)
    return None


def decode_bytes(ids, errors="replace"):
    if any(byte not in range(256) for byte in ids):
        raise NotText("a byte is 0 … 255")
    pieces, place = [], 0
    while place < len(ids):
        piece, place = _one(ids, place)
        if piece is None and errors == "strict":
            raise NotText(f"byte {place}")
        pieces.append(piece if piece is not None else REPLACEMENT if errors == "replace" else "")
    return "".join(pieces)


def _one(ids, place):
    """The character that begins at a place (None if none does) and the place behind what was read of it."""
    expected = _expected(ids[place])
    place += 1
    if expected is None:
        return None, place
    more, point, allowed = expected
    for _ in range(more):
        if place == len(ids) or ids[place] not in allowed:
            return None, place
        point, place, allowed = point * 64 + ids[place] % 64, place + 1, range(0x80, 0xC0)
    return chr(point), place


class ByteTokenizer:
    vocab_size = 2**8

    encode = staticmethod(utf8_bytes)
    decode = staticmethod(decode_bytes)


@dataclass
class WordTokenizer:
    words: list
    unk_id: int = 0
    by_name: list = field(init=False)

    def __post_init__(self):
        self.by_name = sorted((word, number) for number, word in enumerate(self.words, 1))

    @property
    def vocab(self):
        return {0: "<unk>"} | dict(zip(range(1, self.vocab_size), self.words, strict=True))

    @property
    def vocab_size(self):
        return 1 + len(self.words)

    @classmethod
    def build(cls, texts, vocab_size, min_freq=1):
        if isinstance(texts, str) or not isinstance(vocab_size, int):
            raise TypeError("texts")
        if vocab_size < 1:
            raise ValueError("vocab_size")
        tally = {}
        for text in texts:
            for word in text.split():
                tally.setdefault(word, [0])[0] += 1
        tally.pop("<unk>", None)
        chosen = heapq.nsmallest(vocab_size - 1, ((-n, word) for word, [n] in tally.items() if n >= min_freq))
        return cls([word for _, word in chosen])

    def encode(self, text):
        return list(map(self._id, text.split()))

    def _id(self, word):
        place = bisect_left(self.by_name, (word, 0))
        found = self.by_name[place : place + 1]
        return found[0][1] if found and found[0][0] == word else self.unk_id

    def decode(self, ids):
        table = ["<unk>", *self.words]
        if any(number < 0 for number in ids):
            raise IndexError("negative")
        return " ".join(table[number] for number in ids)
