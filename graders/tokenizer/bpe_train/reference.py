"""1.4 Fast BPE training: count every word once, and after a merge recount only the words it changed."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from minillm.tokenizer.pretokenize import iter_pretokens

Pair = tuple[int, int]


def split_special(text: str, special_tokens: list[str]) -> list[str]:
    if "" in special_tokens:
        raise ValueError("a special token is empty")
    if not special_tokens:
        return [text] if text else []
    longest_first = sorted(special_tokens, key=len, reverse=True)
    pattern = "|".join(re.escape(token) for token in longest_first)
    return [part for part in re.split(pattern, text) if part]


def count_words(input_path: str | os.PathLike[str], special_tokens: list[str]) -> dict[bytes, int]:
    with Path(input_path).open(encoding="utf-8", newline="") as file:
        text = file.read()
    counts: Counter[str] = Counter()
    for part in split_special(text, special_tokens):
        counts.update(iter_pretokens(part))
    return {word.encode("utf-8"): count for word, count in counts.items()}


def train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: list[str], **kw: object
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    specials = list(dict.fromkeys(special_tokens))
    room = vocab_size - 256 - len(specials)
    if room < 0:
        raise ValueError(f"vocab_size {vocab_size} has no room for 256 bytes and {len(specials)} special tokens")
    vocab = {i: bytes([i]) for i in range(256)}
    merges = _merge(count_words(input_path, specials), vocab, room)
    for token in specials:
        vocab[len(vocab)] = token.encode("utf-8")
    return vocab, merges


def _merge(word_counts: dict[bytes, int], vocab: dict[int, bytes], room: int) -> list[tuple[bytes, bytes]]:
    words = [list(word) for word in word_counts]  # each type once, as ids
    freqs = list(word_counts.values())
    counts: dict[Pair, int] = defaultdict(int)  # over the whole text
    where: dict[Pair, set[int]] = defaultdict(set)  # the words in which a pair occurs, or once did
    for i, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += freqs[i]
            where[pair].add(i)
    merges = []
    while counts and len(merges) < room:
        most = max(counts.values())
        ties = [pair for pair, count in counts.items() if count == most]
        best = max(ties, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
        left, right = vocab[best[0]], vocab[best[1]]
        merges.append((left, right))
        new = len(vocab)
        vocab[new] = left + right
        for i in where.pop(best):
            old = words[i]
            words[i] = _replace(old, best, new)
            for pair in pairwise(old):
                counts[pair] -= freqs[i]
                if not counts[pair]:
                    del counts[pair]
            for pair in pairwise(words[i]):
                counts[pair] += freqs[i]
                where[pair].add(i)
    return merges


def _replace(word: list[int], pair: Pair, new: int) -> list[int]:
    """Return the word with `new` in place of every `pair`, from left to right."""
    merged: list[int] = []
    i = 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            merged.append(new)
            i += 2
        else:
            merged.append(word[i])
            i += 1
    return merged
