"""The library's codec, a regular expression, one dict each way, a tokenizer that is filled by hand."""

import re
from itertools import chain


def utf8_bytes(s):
    return list(s.encode("utf-8"))


def decode_bytes(ids, errors="replace"):
    return str(bytearray(ids), "utf8", errors)


class ByteTokenizer:
    def __init__(self):
        self._names = {value: bytes([value]) for value in range(256)}

    @property
    def vocab_size(self):
        return len(self._names)

    def encode(self, text):
        return [byte for char in text for byte in utf8_bytes(char)]

    def decode(self, ids):
        try:
            return b"".join(map(self._names.__getitem__, ids)).decode(errors="replace")
        except KeyError as error:
            raise ValueError(f"no such byte: {error}") from error


WORD = re.compile(r"\S+")


class WordTokenizer:
    def __init__(self):
        self.unk_id = 0
        self.vocab = {0: "<unk>"}
        self.id_of = {"<unk>": 0}

    @property
    def vocab_size(self):
        return len(self.vocab)

    @staticmethod
    def build(texts, vocab_size, min_freq=1):
        if type(texts) is str:
            raise TypeError
        if vocab_size <= 0:
            raise ValueError("no room")
        tokenizer, counts = WordTokenizer(), {}
        for match in chain.from_iterable(map(WORD.finditer, texts)):
            counts[match[0]] = counts.get(match[0], 0) + 1
        # Two sorts, the second of which keeps the order of the first among equals.
        words = sorted(sorted(counts), key=counts.get, reverse=True)
        for word in words:
            number = tokenizer.vocab_size
            if number < vocab_size and counts[word] >= min_freq and word not in tokenizer.id_of:
                tokenizer.id_of[word], tokenizer.vocab[number] = number, word
        return tokenizer

    def encode(self, text):
        ids = []
        for match in WORD.finditer(text):
            try:
                ids.append(self.id_of[match[0]])
            except KeyError:
                ids.append(self.unk_id)
        return ids

    def decode(self, ids):
        return " ".join(map(self.vocab.__getitem__, ids))
