"""The reference of 1.5 and 1.6."""

from __future__ import annotations

import heapq
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import pairwise
from pathlib import Path

from minillm.tokenizer.bpe_basic import get_stats, merge
from minillm.tokenizer.pretokenize import iter_pretokens, pretokenize
from minillm.tokenizer.text import decode_bytes, utf8_bytes

PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
VERSION = "minbpe v1"
NONE = -1  # the id of no token


def bytes_to_unicode() -> dict[int, str]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}


class Tokenizer:
    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: list[str] | None = None
    ) -> None:
        self.vocab = dict(vocab)
        self.merges = list(merges)
        self.special_tokens: dict[str, int] = {}
        # Of entries with the same bytes the lowest id comes last and stays.
        ids = {self.vocab[i]: i for i in sorted(self.vocab, reverse=True)}
        needed = [bytes([byte]) for byte in range(256)] + [left + right for left, right in self.merges]
        if missing := [token for token in needed if token not in ids]:
            raise ValueError(f"vocab has no entry for {missing[0]!r}")
        self._bytes = [ids[bytes([byte])] for byte in range(256)]
        # A pair of ids: its place in the order of training, and the id of what it makes.
        self._ranks = {
            (ids[left], ids[right]): (rank, ids[left + right]) for rank, (left, right) in enumerate(self.merges)
        }
        if special_tokens:
            self._add_special_tokens(special_tokens)

    def encode(self, text: str, allowed_special: str | Set[str] = "all") -> list[int]:
        if self.special_tokens:
            return self._encode_special(text, allowed_special)
        return self._encode_text(text)

    def _encode_text(self, text: str) -> list[int]:
        """The ids of ordinary text."""
        ids: list[int] = []
        for piece in iter_pretokens(text):
            ids += self._encode_piece(piece.encode("utf-8"))
        return ids

    def _encode_piece(self, piece: bytes) -> list[int]:
        """Merge one piece: a linked list of tokens, and a heap of the places where a merge is possible."""
        ids = [*(self._bytes[byte] for byte in piece), NONE]  # one more, so that each token has a right neighbour
        after, before = [*range(1, len(ids)), 0], [place - 1 for place in range(len(ids))]
        heap = [(self._ranks[pair][0], place) for place, pair in enumerate(pairwise(ids)) if pair in self._ranks]
        heapq.heapify(heap)
        while heap:
            rank, place = heapq.heappop(heap)  # of equal pairs the leftmost
            found = self._ranks.get((ids[place], ids[after[place]]))
            if found is None or found[0] != rank:
                continue  # one of the two has been merged with its other neighbour
            swallowed = after[place]
            ids[place], ids[swallowed] = found[1], NONE
            after[place] = after[swallowed]
            before[after[place]] = place
            for left in (before[place], place):
                new = self._ranks.get((ids[left], ids[after[left]]))
                if new:
                    heapq.heappush(heap, (new[0], left))
        return [i for i in ids if i != NONE]

    def decode(self, ids: Sequence[int]) -> str:
        # All bytes first: a character may be spread over several ids.
        return b"".join([self.vocab[i] for i in ids]).decode("utf-8", "replace")

    @classmethod
    def from_files(
        cls,
        vocab_filepath: str | os.PathLike[str],
        merges_filepath: str | os.PathLike[str],
        special_tokens: list[str] | None = None,
    ) -> Tokenizer:
        byte_of = {char: byte for byte, char in bytes_to_unicode().items()}
        entries = json.loads(Path(vocab_filepath).read_text(encoding="utf-8"))
        lines = Path(merges_filepath).read_text(encoding="utf-8").split("\n")
        if lines[0].startswith("#version"):
            del lines[0]
        pairs = [line.split() for line in lines if line]
        return cls(
            {i: bytes(byte_of[char] for char in token) for token, i in entries.items()},
            [(bytes(byte_of[char] for char in a), bytes(byte_of[char] for char in b)) for a, b in pairs],
            special_tokens,
        )

    # ---------------------------------------------------------------- 1.6

    def _add_special_tokens(self, tokens: list[str]) -> None:
        highest = {self.vocab[i]: i for i in sorted(self.vocab)}
        for token in tokens:
            new = len(self.vocab)
            while new in self.vocab:
                new += 1
            self.register_special_tokens({token: highest.get(token.encode("utf-8"), new)})
            highest[token.encode("utf-8")] = self.special_tokens[token]

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        vocab = dict(self.vocab)
        for token, i in special_tokens.items():
            entry = token.encode("utf-8")
            if not token:
                raise ValueError("a special token is empty")
            if vocab.setdefault(i, entry) != entry:
                raise ValueError(f"the id {i} of {token!r} is that of {vocab[i]!r}")
        self.vocab = vocab
        self.special_tokens |= special_tokens

    def _encode_special(self, text: str, allowed_special: str | Set[str]) -> list[int]:
        ids: list[int] = []
        for part, token in _split(text, _allowed(self.special_tokens, allowed_special, text)):
            ids += self._encode_text(part)
            if token:
                ids.append(self.special_tokens[token])
        return ids

    def encode_iterable(self, iterable: Iterable[str]) -> Iterator[int]:
        rest = ""
        for chunk in iterable:
            rest += chunk
            start = 0
            for place, token in _find(rest, self.special_tokens):
                yield from self._encode_text(rest[start:place])
                yield self.special_tokens[token]
                start = place + len(token)
            # Behind `sure` a special token may be about to begin; the last two pieces may still grow or change.
            sure = _undecided(rest, start, self.special_tokens)
            previous: list[str] = []
            for piece in iter_pretokens(rest[start:sure]):
                if len(previous) == 2:
                    done = previous.pop(0)
                    yield from self._encode_piece(done.encode("utf-8"))
                    start += len(done)
                previous.append(piece)
            rest = rest[start:]
        yield from self.encode(rest)

    def save(self, prefix: str | os.PathLike[str]) -> None:
        table = bytes_to_unicode()
        lowest = {self.vocab[i]: i for i in sorted(self.vocab, reverse=True)}
        printed = {token: "".join(table[byte] for byte in token) for token in lowest}
        vocab = {printed[token]: i for token, i in lowest.items()}
        lines = ["#version: 0.2", *(f"{printed[left]} {printed[right]}" for left, right in self.merges)]
        _write(prefix, ".vocab.json", json.dumps(vocab))
        _write(prefix, ".merges.txt", "".join(f"{line}\n" for line in lines))
        _write(prefix, ".special_tokens.json", json.dumps(self.special_tokens))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokenizer:
        prefix = os.fspath(path)
        tokenizer = cls.from_files(f"{prefix}.vocab.json", f"{prefix}.merges.txt")
        special_tokens = json.loads(Path(f"{prefix}.special_tokens.json").read_text(encoding="utf-8"))
        tokenizer.register_special_tokens(special_tokens)
        return tokenizer


def _write(prefix: str | os.PathLike[str], ending: str, text: str) -> None:
    Path(os.fspath(prefix) + ending).write_bytes(text.encode("utf-8"))


def _allowed(special_tokens: dict[str, int], allowed_special: str | Set[str], text: str) -> list[str]:
    """The special tokens that count in this text; ValueError if it has one that must not be there."""
    if isinstance(allowed_special, Set):
        return [token for token in special_tokens if token in allowed_special]
    if allowed_special == "all":
        return list(special_tokens)
    if allowed_special not in ("none", "none_raise"):
        raise ValueError(f"allowed_special is {allowed_special!r}: all, none, none_raise or a set")
    if allowed_special == "none_raise":
        for token in special_tokens:
            if token in text:
                raise ValueError(f"the text has the special token {token!r}")
    return []


def _split(text: str, tokens: list[str]) -> Iterator[tuple[str, str]]:
    """Each part of ordinary text, with the special token behind it; the last has none."""
    longest_first = sorted(tokens, key=len, reverse=True)
    pattern = "|".join(re.escape(token) for token in longest_first)
    parts = re.split(f"({pattern})", text) if tokens else [text]
    return zip(parts[::2], [*parts[1::2], ""], strict=True)


def _find(text: str, tokens: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where special tokens stand in a text, from left to right, as far as what follows the text cannot change it."""
    longest_first = sorted(tokens, key=len, reverse=True)
    if not longest_first:
        return
    pattern = re.compile("|".join(re.escape(token) for token in longest_first))
    place = 0
    while found := pattern.search(text, place):
        if _undecided(text, place, tokens) <= found.start():
            return
        yield found.start(), found.group()
        place = found.end()


def _undecided(text: str, start: int, tokens: Iterable[str]) -> int:
    """The first place from `start` on where a special token begins that is longer than the text; or its end."""
    longest = max(map(len, tokens), default=0)
    for place in range(max(start, len(text) - longest + 1), len(text)):
        if any(len(token) > len(text) - place and token.startswith(text[place:]) for token in tokens):
            return place
    return len(text)


class RegexTokenizer:
    pattern = PATTERN

    def __init__(self) -> None:
        self.merges: dict[tuple[int, int], int] = {}
        self.vocab: dict[int, bytes] = {i: bytes([i]) for i in range(256)}
        self.special_tokens: dict[str, int] = {}

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        if vocab_size < 256:
            raise ValueError(f"vocab_size is {vocab_size}: the 256 bytes alone need more")
        pieces = [utf8_bytes(piece) for piece in pretokenize(text)]
        merges: dict[tuple[int, int], int] = {}
        for idx in range(256, vocab_size):
            stats: dict[tuple[int, int], int] = {}
            for piece in pieces:
                get_stats(piece, stats)
            if not stats:
                break  # every piece is a single token
            pair = max(stats, key=stats.__getitem__)
            pieces = [merge(piece, pair, idx) for piece in pieces]
            merges[pair] = idx
            if verbose:
                print(f"{idx}: {pair}, {stats[pair]} times")  # noqa: T201 - asked for
        self._learn(merges)

    def _learn(self, merges: dict[tuple[int, int], int]) -> None:
        self.merges = merges
        self.vocab = {i: bytes([i]) for i in range(256)}
        for (left, right), idx in merges.items():
            self.vocab[idx] = self.vocab[left] + self.vocab[right]

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        for token, i in special_tokens.items():
            if not token or i in self.vocab or list(special_tokens.values()).count(i) > 1:
                raise ValueError(f"the special token {token!r} cannot have the id {i}")
        self.special_tokens = dict(special_tokens)

    def encode(self, text: str, allowed_special: str | Set[str] = "none_raise") -> list[int]:
        ids: list[int] = []
        for part, token in _split(text, _allowed(self.special_tokens, allowed_special, text)):
            for piece in pretokenize(part):
                ids += self._merge_piece(utf8_bytes(piece))
            if token:
                ids.append(self.special_tokens[token])
        return ids

    def _merge_piece(self, ids: list[int]) -> list[int]:
        while pairs := [pair for pair in get_stats(ids) if pair in self.merges]:
            pair = min(pairs, key=self.merges.__getitem__)
            ids = merge(ids, pair, self.merges[pair])
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        special = {i: token.encode("utf-8") for token, i in self.special_tokens.items()}
        return decode_bytes(list(b"".join(special[i] if i in special else self.vocab[i] for i in ids)))

    def save(self, prefix: str | os.PathLike[str]) -> None:
        if broken := [token for token in self.special_tokens if "\n" in token]:
            raise ValueError(f"the special token {broken[0]!r} does not fit into a line")
        lines = [VERSION, self.pattern, str(len(self.special_tokens))]
        lines += [f"{token} {i}" for token, i in self.special_tokens.items()]
        lines += [f"{left} {right}" for left, right in self.merges]
        _write(prefix, ".model", "".join(f"{line}\n" for line in lines))
        entries = [f"{i} {decode_bytes(list(token))!r}\n" for i, token in self.vocab.items()]
        _write(prefix, ".vocab", "".join(entries))

    def load(self, model_file: str | os.PathLike[str]) -> None:
        if not os.fspath(model_file).endswith(".model"):
            raise ValueError(f"{model_file} is no .model file")
        version, pattern, count, *lines = Path(model_file).read_bytes().decode("utf-8").split("\n")
        if (version, pattern) != (VERSION, PATTERN):
            raise ValueError(f"{model_file} was not written by a tokenizer like this one")
        special = [line.rpartition(" ") for line in lines[: int(count)]]
        pairs = [tuple(map(int, line.split())) for line in lines[int(count) :] if line]
        self._learn({(left, right): 256 + rank for rank, (left, right) in enumerate(pairs)})
        self.special_tokens = {token: int(i) for token, _, i in special}
