"""A ledger of pairs: a word that holds the pair is struck out of it whole, and entered again after the merge."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from itertools import pairwise

from minillm.tokenizer.pretokenize import iter_pretokens

Pair = tuple[bytes, bytes]


def split_special(text: str, special_tokens: list[str]) -> list[str]:
    if "" in special_tokens:
        raise ValueError("a special token must have at least one character")
    if not special_tokens:
        return [text] if text else []
    # Of the alternatives of a regular expression the first that fits wins: so the longest stands first.
    longest_first = sorted(special_tokens, key=len, reverse=True)
    walls = re.compile("|".join(map(re.escape, longest_first)))
    return [part for part in walls.split(text) if part]


def count_words(input_path: str | os.PathLike[str], special_tokens: list[str]) -> dict[bytes, int]:
    # newline="" leaves \r what it is
    with open(input_path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - pathlib gives no more here
        text = file.read()
    words: Counter[str] = Counter()
    for part in split_special(text, special_tokens):
        words.update(iter_pretokens(part))
    return {word.encode("utf-8"): count for word, count in words.items()}


class Ledger:
    """How often each pair occurs now, and in which words it occurs now."""

    def __init__(self, words: dict[bytes, int]) -> None:
        self.tokens = [[bytes([byte]) for byte in word] for word in words]  # word number -> its tokens
        self.frequency = list(words.values())  # word number -> how often it stands in the file
        self.count: Counter[Pair] = Counter()
        self.holders: defaultdict[Pair, set[int]] = defaultdict(set)  # pair -> numbers of the words that hold it
        for number in range(len(self.tokens)):
            self.enter(number)

    def enter(self, number: int) -> None:
        for pair in pairwise(self.tokens[number]):
            self.count[pair] += self.frequency[number]
            self.holders[pair].add(number)

    def strike(self, number: int) -> None:
        for pair in pairwise(self.tokens[number]):
            self.count[pair] -= self.frequency[number]
            self.holders[pair].discard(number)
            if not self.count[pair]:
                del self.count[pair]
                del self.holders[pair]

    def best(self) -> Pair | None:
        """Return the pair to merge, or None if there is none."""
        return max(self.count, key=lambda pair: (self.count[pair], pair), default=None)

    def merge(self, pair: Pair) -> None:
        for number in list(self.holders[pair]):  # a copy: striking and entering change the set
            self.strike(number)
            self.tokens[number] = joined(self.tokens[number], pair)
            self.enter(number)


def joined(tokens: list[bytes], pair: Pair) -> list[bytes]:
    """Return the tokens with every occurrence of the pair replaced, from left to right."""
    out: list[bytes] = []
    at = 0
    while at < len(tokens):
        if tuple(tokens[at : at + 2]) == pair:
            out.append(pair[0] + pair[1])
            at += 2
        else:
            out.append(tokens[at])
            at += 1
    return out


def train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: list[str], **kw: object
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    specials = list(dict.fromkeys(special_tokens))
    room = vocab_size - 256 - len(specials)
    if room < 0:
        raise ValueError(f"{vocab_size} entries are too few for 256 bytes and {len(specials)} special tokens")
    ledger = Ledger(count_words(input_path, specials))
    merges: list[Pair] = []
    while len(merges) < room and (pair := ledger.best()) is not None:
        ledger.merge(pair)
        merges.append(pair)
    entries = [bytes([byte]) for byte in range(256)]
    entries += [left + right for left, right in merges]
    entries += [special.encode("utf-8") for special in specials]
    return dict(enumerate(entries)), merges
