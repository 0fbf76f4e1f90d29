"""Another right solution of 1.5 and 1.6: one bucket of places for each rank, tokens as bytes, words remembered, and a
text treated as a stream of one chunk."""

from __future__ import annotations

import functools
import heapq
import io
import json
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path

from minillm.tokenizer.bpe_basic import BasicTokenizer, merge
from minillm.tokenizer.pretokenize import pretokenize

GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def bytes_to_unicode():
    table, spare = {}, 0
    for byte in range(256):
        if chr(byte).isprintable() and not chr(byte).isspace():
            table[byte] = chr(byte)
        else:
            table[byte] = chr(0x100 + spare)
            spare += 1
    return table


PRINTED = bytes_to_unicode()
READ = {char: byte for byte, char in PRINTED.items()}


def printed(token):
    return "".join(map(PRINTED.__getitem__, token))


def read(text):
    return bytes(map(READ.__getitem__, text))


class Tokenizer:
    def __init__(self, vocab, merges, special_tokens=None):
        self.vocab, self.merges, self.special_tokens = {**vocab}, [*merges], {}
        self.id_of = {}
        for number, token in self.vocab.items():
            self.id_of[token] = min(number, self.id_of.get(token, number))
        self.rank = {pair: place for place, pair in enumerate(self.merges)}
        for token in chain((bytes((byte,)) for byte in range(256)), map(b"".join, self.merges)):
            if token not in self.id_of:
                raise ValueError(f"{token} has no id")
        self.word = functools.lru_cache(self.ids_of_word)  # the last 128 of them
        if special_tokens:
            self._add_special_tokens(special_tokens)

    @classmethod
    def from_files(cls, vocab_filepath, merges_filepath, special_tokens=None):
        with open(vocab_filepath, "rb") as file:  # noqa: PTH123 - another style
            vocab = {number: read(text) for text, number in json.load(file).items()}
        merges = []
        with open(merges_filepath, encoding="utf-8") as file:  # noqa: PTH123
            for number, line in enumerate(file):
                left, _, right = line.rstrip("\n").partition(" ")
                if left and not (number == 0 and line.startswith("#version")):
                    merges.append((read(left), read(right)))
        return cls(vocab, merges, special_tokens)

    def encode(self, text, allowed_special="all"):
        if self.special_tokens:
            return self._encode_special(text, allowed_special)
        found = []
        for word in pretokenize(text):
            found.extend(self.word(word))
        return found

    def ids_of_word(self, word):
        """The ids of one pre-token."""
        return tuple(map(self.id_of.__getitem__, self.merged(word.encode())))

    def merged(self, data):
        """Merge rank by rank: a merge makes only pairs of higher ranks, so each bucket is full when its turn comes."""
        tokens = [data[i : i + 1] for i in range(len(data))]
        follows = list(range(1, len(data) + 1))
        precedes = list(range(-1, len(data) - 1))
        buckets, queue = {}, []

        def note(place, pair):
            rank = self.rank.get(pair)
            if rank is None:
                return
            if rank not in buckets:
                buckets[rank] = []
                heapq.heappush(queue, rank)
            buckets[rank].append(place)

        for place, pair in enumerate(pairwise(tokens)):
            note(place, pair)
        while queue:
            rank = heapq.heappop(queue)
            left, right = self.merges[rank]
            for place in sorted(buckets.pop(rank)):
                other = follows[place]
                if tokens[place] != left or other == len(tokens) or tokens[other] != right:
                    continue
                tokens[place], tokens[other] = left + right, None
                follows[place] = follows[other]
                if follows[place] < len(tokens):
                    precedes[follows[place]] = place
                    note(place, (tokens[place], tokens[follows[place]]))
                if precedes[place] >= 0:
                    note(precedes[place], (tokens[precedes[place]], tokens[place]))
        return [token for token in tokens if token is not None]

    def decode(self, ids):
        data = io.BytesIO()
        for number in ids:
            data.write(self.vocab[number])
        return str(data.getvalue(), "utf-8", "replace")

    def _add_special_tokens(self, special_tokens):
        known = {}
        for number, token in self.vocab.items():
            known[token] = max(number, known.get(token, 0))
        free = len(self.vocab)
        for text in dict.fromkeys(special_tokens):
            number = known.get(text.encode())
            if number is None:
                while free in self.vocab:
                    free += 1
                number = free
            self.register_special_tokens({text: number})

    def register_special_tokens(self, special_tokens):
        numbers = list(special_tokens.values())
        for text, number in special_tokens.items():
            if text == "" or self.vocab.get(number, text.encode()) != text.encode() or numbers.count(number) > 1:
                raise ValueError("not a special token", text, number)
        for text, number in special_tokens.items():
            self.vocab[number] = text.encode()
            self.special_tokens[text] = number

    def _encode_special(self, text, allowed_special):
        return list(self.stream([text], chosen(self.special_tokens, allowed_special, text)))

    def encode_iterable(self, iterable):
        return self.stream(iterable, self.special_tokens)

    def stream(self, chunks, special):
        """The ids of a text in chunks; None after the last of them says that nothing more will come."""
        text = ""
        for chunk in chain(chunks, [None]):
            text += chunk or ""
            begin = place = 0
            while place < len(text):
                left = len(text) - place
                if chunk is not None and any(len(t) > left and t.startswith(text[place:]) for t in special):
                    break
                here = [token for token in special if text.startswith(token, place)]
                if here:
                    token = max(here, key=len)
                    for word in pretokenize(text[begin:place]):
                        yield from self.word(word)
                    yield special[token]
                    begin = place = place + len(token)
                else:
                    place += 1
            words = pretokenize(text[begin:place])
            sure = len(words) if chunk is None else max(len(words) - 2, 0)
            for word in words[:sure]:
                yield from self.word(word)
                begin += len(word)
            text = text[begin:]

    def save(self, prefix):
        entries = sorted(self.vocab.items(), reverse=True)
        files = {
            "vocab.json": json.dumps({printed(token): number for number, token in entries}),
            "merges.txt": "\n".join(" ".join(map(printed, pair)) for pair in self.merges),
            "special_tokens.json": json.dumps(self.special_tokens),
        }
        for name, content in files.items():
            with open(f"{prefix}.{name}", "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
                file.write(content)

    @classmethod
    def load(cls, path):
        made = cls.from_files(f"{path}.vocab.json", f"{path}.merges.txt")
        with open(f"{path}.special_tokens.json", encoding="utf-8") as file:  # noqa: PTH123
            made.register_special_tokens(json.load(file))
        return made


def chosen(special, allowed, text):
    """The special tokens that count, with their ids."""
    if not isinstance(allowed, str):
        return {token: number for token, number in special.items() if token in set(allowed)}
    if allowed == "none_raise" and any(token in text for token in special):
        raise ValueError("a special token in the text")
    if allowed not in ("all", "none", "none_raise"):
        raise ValueError(allowed)
    return special if allowed == "all" else {}


class RegexTokenizer(BasicTokenizer):
    def __init__(self):
        super().__init__()
        self.pattern, self.special_tokens = GPT2, {}

    def train(self, text, vocab_size, verbose=False):
        if vocab_size < 256:
            raise ValueError(vocab_size)
        words = {tuple(word.encode()): count for word, count in Counter(pretokenize(text)).items()}
        self.forget()
        while len(self.vocab) < vocab_size:
            counts = Counter()
            for word, count in words.items():
                for pair in pairwise(word):
                    counts[pair] += count
            if not counts:
                break
            [(pair, count)] = counts.most_common(1)
            if verbose:
                print(pair, count)  # noqa: T201
            words = {tuple(merge(word, pair, len(self.vocab))): count for word, count in words.items()}
            self.learn(pair)

    def forget(self):
        self.merges, self.vocab = {}, {byte: bytes((byte,)) for byte in range(256)}

    def learn(self, pair):
        self.merges[pair] = len(self.vocab)
        self.vocab[len(self.vocab)] = self.vocab[pair[0]] + self.vocab[pair[1]]

    def register_special_tokens(self, special_tokens):
        taken = set(self.vocab)
        for token, number in special_tokens.items():
            if not token or number in taken:
                raise ValueError(token)
            taken.add(number)
        self.special_tokens = {**special_tokens}

    def encode(self, text, allowed_special="none_raise"):
        special = chosen(self.special_tokens, allowed_special, text)
        found, begin, place = [], 0, 0
        while place <= len(text):
            token = max((token for token in special if text.startswith(token, place)), key=len, default="")
            if not token and place < len(text):
                place += 1
                continue
            for word in pretokenize(text[begin:place]):
                found += super().encode(word)
            found += [special[token]] if token else []
            begin = place = place + max(len(token), 1)
        return found

    def decode(self, ids):
        vocab = self.vocab | {number: token.encode() for token, number in self.special_tokens.items()}
        return b"".join([vocab[number] for number in ids]).decode(errors="replace")

    def save(self, prefix):
        if any("\n" in token for token in self.special_tokens):
            raise ValueError("a line break in a special token")
        with open(f"{prefix}.model", "wb") as file:  # noqa: PTH123
            file.write(f"minbpe v1\n{self.pattern}\n{len(self.special_tokens)}\n".encode())
            for token, number in self.special_tokens.items():
                file.write(f"{token} {number}\n".encode())
            for a, b in self.merges:
                file.write(b"%d %d\n" % (a, b))
        Path(f"{prefix}.vocab").write_text("".join(f"{i}\t{t!a}\n" for i, t in self.vocab.items()))

    def load(self, model_file):
        if Path(model_file).suffix != ".model":
            raise ValueError(model_file)
        with open(model_file, encoding="utf-8", newline="\n") as file:  # noqa: PTH123
            if next(file) != "minbpe v1\n" or next(file) != GPT2 + "\n":
                raise ValueError("another format")
            lines = [next(file)[:-1].rsplit(" ", 1) for _ in range(int(next(file)))]
            self.forget()
            for line in file:
                a, b = line.split()
                self.learn((int(a), int(b)))
        self.special_tokens = {token: int(number) for token, number in lines}
