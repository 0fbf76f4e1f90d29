"""Another solution of 1.5 and 1.6, from the lessons and the stub alone: linked tokens, rules between ids."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence, Set
from heapq import heapify, heappop, heappush
from itertools import pairwise

from minillm.tokenizer.bpe_basic import get_stats, merge
from minillm.tokenizer.pretokenize import iter_pretokens
from minillm.tokenizer.text import decode_bytes, utf8_bytes

SPLIT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SHORT, REMEMBERED = 24, 1000


def bytes_to_unicode() -> dict[int, str]:
    table, hidden = {}, 0
    for byte in range(256):
        if 33 <= byte <= 126 or (byte >= 161 and byte != 173):
            table[byte] = chr(byte)
        else:
            table[byte] = chr(256 + hidden)
            hidden += 1
    return table


def _printed(token: bytes) -> str:
    return "".join(map(bytes_to_unicode().__getitem__, token))


class _Link:
    """One token of a piece, with its neighbours. A token that was swallowed has the name −1."""

    __slots__ = ("after", "before", "name", "place")

    def __init__(self, name: int, place: int, before: _Link | None) -> None:
        self.name, self.place, self.before = name, place, before
        self.after: _Link | None = None
        if before is not None:
            before.after = self


def _pattern(specials: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(specials, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _allowed(specials: dict[str, int], allowed: str | Set[str], text: str) -> list[str]:
    """Which of the special tokens count in this text."""
    if not isinstance(allowed, str):
        if not isinstance(allowed, Set):
            raise ValueError(f"allowed_special is {allowed!r}")
        return [special for special in specials if special in allowed]
    if allowed == "all":
        return list(specials)
    if allowed == "none_raise":
        for special in specials:
            if special in text:
                raise ValueError(f"{special!r} is not allowed")
    elif allowed != "none":
        raise ValueError(f"allowed_special is {allowed!r}")
    return []


def _parts(text: str, specials: Iterable[str]) -> Iterator[tuple[bool, str]]:
    """The text in parts, each with: is it special?"""
    pattern, done = _pattern(specials), 0
    for match in pattern.finditer(text) if pattern else ():
        yield False, text[done : match.start()]
        yield True, match[0]
        done = match.end()
    yield False, text[done:]


class Tokenizer:
    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: list[str] | None = None
    ) -> None:
        self.vocab, self.merges = dict(vocab), list(merges)
        self.special_tokens: dict[str, int] = {}
        names = self._names()
        needed = [bytes([byte]) for byte in range(256)] + [left + right for left, right in merges]
        if lacking := [token for token in needed if token not in names]:
            raise ValueError(f"the vocabulary has no {lacking[0]!r}")
        for special in special_tokens or []:
            self._append(special)
        self._prepare()

    def _names(self) -> dict[bytes, int]:
        """The id of every token; of several the lowest."""
        return {self.vocab[i]: i for i in sorted(self.vocab, reverse=True)}

    def _prepare(self) -> None:
        names = self._names()
        self._byte = [names[bytes([byte])] for byte in range(256)]
        self._rules = {
            (names[left], names[right]): (rank, names[left + right]) for rank, (left, right) in enumerate(self.merges)
        }
        self._seen: dict[str, list[int]] = {}

    def _append(self, special: str) -> None:
        if not special:
            raise ValueError("a special token is empty")
        token = special.encode("utf-8")
        if known := [i for i, entry in self.vocab.items() if entry == token]:
            self.special_tokens[special] = max(known)
            return
        free = len(self.vocab)
        while free in self.vocab:
            free += 1
        self.vocab[free] = token
        self.special_tokens[special] = free

    def encode(self, text: str, allowed_special: str | Set[str] = "all") -> list[int]:
        ids: list[int] = []
        for special, part in _parts(text, _allowed(self.special_tokens, allowed_special, text)):
            if special:
                ids.append(self.special_tokens[part])
            else:
                for piece in iter_pretokens(part):
                    ids += self._piece(piece)
        return ids

    def _piece(self, piece: str) -> list[int]:
        if piece in self._seen:
            return self._seen[piece]
        ids = self._merged([self._byte[byte] for byte in utf8_bytes(piece)])
        if len(piece) < SHORT and len(self._seen) < REMEMBERED:
            self._seen[piece] = ids
        return ids

    def _merged(self, ids: list[int]) -> list[int]:
        links: list[_Link] = []
        for place, name in enumerate(ids):
            links.append(_Link(name, place, links[-1] if links else None))
        notes: list[tuple[int, int, int, int]] = []  # rank, place of the left token, ids of the two
        for place, pair in enumerate(pairwise(ids)):
            if rule := self._rules.get(pair):
                notes.append((rule[0], place, *pair))
        heapify(notes)
        while notes:
            _, place, left_id, right_id = heappop(notes)
            left = links[place]
            right = left.after
            if left.name != left_id or right is None or right.name != right_id:
                continue  # one of the two has become part of another token
            left.name, right.name = self._rules[left_id, right_id][1], -1
            left.after = right.after
            if right.after is not None:
                right.after.before = left
            for one in (left.before, left):
                if one is None or one.after is None:
                    continue
                pair = one.name, one.after.name
                if rule := self._rules.get(pair):
                    heappush(notes, (rule[0], one.place, *pair))
        return [link.name for link in links if link.name >= 0]

    def decode(self, ids: Sequence[int]) -> str:
        return decode_bytes(list(b"".join([self.vocab[i] for i in ids])))

    @classmethod
    def from_files(
        cls,
        vocab_filepath: str | os.PathLike[str],
        merges_filepath: str | os.PathLike[str],
        special_tokens: list[str] | None = None,
    ) -> Tokenizer:
        byte_of = {character: byte for byte, character in bytes_to_unicode().items()}

        def token(printed: str) -> bytes:
            return bytes(byte_of[character] for character in printed)

        with open(vocab_filepath, encoding="utf-8") as file:  # noqa: PTH123
            vocab = {i: token(printed) for printed, i in json.load(file).items()}
        merges = []
        with open(merges_filepath, encoding="utf-8") as file:  # noqa: PTH123
            for number, whole in enumerate(file):
                line = whole.rstrip("\r\n")
                if line and not (number == 0 and line.startswith("#version")):
                    left, right = line.split(" ")
                    merges.append((token(left), token(right)))
        return cls(vocab, merges, special_tokens)

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        added: dict[int, bytes] = {}
        for special, i in special_tokens.items():
            token = special.encode("utf-8")
            if not token or {**self.vocab, **added}.get(i, token) != token:
                raise ValueError(f"{special!r} cannot have the id {i}")
            added[i] = token
        self.vocab |= added
        self.special_tokens |= special_tokens
        self._prepare()

    def encode_iterable(self, iterable: Iterable[str]) -> Iterator[int]:
        longest = max(map(len, self.special_tokens), default=0)
        pattern = _pattern(self.special_tokens)
        rest = ""
        for chunk in iterable:
            rest += chunk
            certain, done = max(0, len(rest) - longest), 0  # what begins before `certain` is in sight as a whole
            while pattern and (match := pattern.search(rest, done)) and match.start() < certain:
                for piece in iter_pretokens(rest[done : match.start()]):
                    yield from self._piece(piece)
                yield self.special_tokens[match[0]]
                done = match.end()
            held: deque[str] = deque()
            for piece in iter_pretokens(rest[done:certain]):
                held.append(piece)
                if len(held) > 3:
                    given = held.popleft()
                    done += len(given)
                    yield from self._piece(given)
            rest = rest[done:]
        yield from self.encode(rest)

    def save(self, prefix: str | os.PathLike[str]) -> None:
        name = os.fspath(prefix)
        with open(name + ".vocab.json", "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump({_printed(token): i for token, i in self._names().items()}, file)
        with open(name + ".merges.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write("#version: 0.2\n")
            file.writelines(f"{_printed(left)} {_printed(right)}\n" for left, right in self.merges)
        with open(name + ".special_tokens.json", "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(self.special_tokens, file)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokenizer:
        name = os.fspath(path)
        tokenizer = cls.from_files(name + ".vocab.json", name + ".merges.txt")
        with open(name + ".special_tokens.json", encoding="utf-8") as file:  # noqa: PTH123
            tokenizer.register_special_tokens(json.load(file))
        return tokenizer


class RegexTokenizer:
    def __init__(self) -> None:
        self.pattern = SPLIT
        self.merges: dict[tuple[int, int], int] = {}
        self.special_tokens: dict[str, int] = {}

    @property
    def vocab(self) -> dict[int, bytes]:
        vocab = {byte: bytes([byte]) for byte in range(256)}
        for (left, right), new in self.merges.items():
            vocab[new] = vocab[left] + vocab[right]
        return vocab | {i: special.encode("utf-8") for special, i in self.special_tokens.items()}

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        if vocab_size < 256:
            raise ValueError(f"vocab_size is {vocab_size}")
        words = Counter(tuple(utf8_bytes(piece)) for piece in iter_pretokens(text))
        merges: dict[tuple[int, int], int] = {}
        for new in range(256, vocab_size):
            total: Counter[tuple[int, int]] = Counter()
            for word, times in words.items():
                for pair, count in get_stats(word).items():
                    total[pair] += count * times
            if not total:
                break
            pair = total.most_common(1)[0][0]
            merges[pair] = new
            words = Counter({tuple(merge(word, pair, new)): times for word, times in words.items()})
            if verbose:
                print(f"{pair} -> {new}")  # noqa: T201
        self.merges = merges

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        taken = set(range(256)) | set(self.merges.values())
        if "" in special_tokens or taken & set(special_tokens.values()):
            raise ValueError("an empty special token, or an id that is taken")
        if len(set(special_tokens.values())) < len(special_tokens):
            raise ValueError("two special tokens have the same id")
        self.special_tokens = dict(special_tokens)

    def encode(self, text: str, allowed_special: str | Set[str] = "none_raise") -> list[int]:
        ids: list[int] = []
        for special, part in _parts(text, _allowed(self.special_tokens, allowed_special, text)):
            if special:
                ids.append(self.special_tokens[part])
                continue
            for piece in iter_pretokens(part):
                tokens = utf8_bytes(piece)
                while known := [pair for pair in pairwise(tokens) if pair in self.merges]:
                    pair = min(known, key=self.merges.__getitem__)
                    tokens = merge(tokens, pair, self.merges[pair])
                ids += tokens
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        vocab = self.vocab
        return b"".join(vocab[i] for i in ids).decode("utf-8", "replace")

    def save(self, prefix: str | os.PathLike[str]) -> None:
        if any("\n" in special for special in self.special_tokens):
            raise ValueError("a special token with a line feed cannot be written")
        name = os.fspath(prefix)
        lines = ["minbpe v1", self.pattern, str(len(self.special_tokens))]
        lines += [f"{special} {i}" for special, i in self.special_tokens.items()]
        lines += [f"{left} {right}" for left, right in self.merges]
        with open(name + ".model", "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
            file.writelines(line + "\n" for line in lines)
        with open(name + ".vocab", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.writelines(f"{i} {token!r}\n" for i, token in self.vocab.items())

    def load(self, model_file: str | os.PathLike[str]) -> None:
        if not os.fspath(model_file).endswith(".model"):
            raise ValueError(f"{model_file} is no .model file")
        with open(model_file, encoding="utf-8", newline="\n") as file:  # noqa: PTH123
            lines = iter(file.read().split("\n")[:-1])
        if next(lines, "") != "minbpe v1" or next(lines, "") != self.pattern:
            raise ValueError(f"{model_file} was written by another program")
        specials = {}
        for _ in range(int(next(lines))):
            special, i = next(lines).rsplit(" ", 1)
            specials[special] = int(i)
        pairs = (tuple(map(int, line.split())) for line in lines)
        self.merges = {(left, right): new for new, (left, right) in enumerate(pairs, 256)}
        self.special_tokens = specials
