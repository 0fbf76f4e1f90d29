"""Another right solution of 1.4: one flat list of tokens, linked to their neighbours, and a heap of candidate pairs."""

from __future__ import annotations

import heapq
from collections import Counter
from pathlib import Path

from minillm.tokenizer.pretokenize import pretokenize

GAP = -1  # stands between two words, and where a token has been swallowed


def split_special(text, special_tokens):
    if not all(special_tokens):
        raise ValueError("empty special token")
    parts, start, i = [], 0, 0
    while i < len(text):
        token = max((t for t in special_tokens if text.startswith(t, i)), key=len, default=None)
        if token is None:
            i += 1
            continue
        parts.append(text[start:i])
        i += len(token)
        start = i
    parts.append(text[start:])
    return list(filter(None, parts))


def count_words(input_path, special_tokens):
    text = Path(input_path).read_bytes().decode("utf-8")
    words = Counter()
    for part in split_special(text, special_tokens):
        for word in pretokenize(part):
            words[word.encode()] += 1
    return words


class Candidate:
    """A pair in the heap: the smallest is the one to merge next."""

    __slots__ = ("count", "names", "pair")

    def __init__(self, count, names, pair):
        self.count, self.names, self.pair = count, names, pair

    def __lt__(self, other):
        return (self.count, self.names) > (other.count, other.names)


class Trainer:
    def __init__(self, word_counts):
        self.names = [bytes((i,)) for i in range(256)]
        self.tokens, self.weight = [GAP], [0]
        for word, count in word_counts.items():
            self.tokens += [*word, GAP]
            self.weight += [count] * (len(word) + 1)
        n = len(self.tokens)
        self.before, self.after = list(range(-1, n - 1)), list(range(1, n + 1))
        self.counts, self.places = Counter(), {}
        for i in range(n - 1):
            self.add(i)
        self.heap = [self.candidate(pair) for pair in self.counts]
        heapq.heapify(self.heap)

    def candidate(self, pair):
        return Candidate(self.counts[pair], (self.names[pair[0]], self.names[pair[1]]), pair)

    def pair_at(self, i):
        """The pair that begins at place i, or None at the edge of a word."""
        if self.tokens[i] == GAP or self.tokens[self.after[i]] == GAP:
            return None
        return self.tokens[i], self.tokens[self.after[i]]

    def add(self, i):
        pair = self.pair_at(i)
        if pair:
            self.counts[pair] += self.weight[i]
            self.places.setdefault(pair, set()).add(i)
        return pair

    def remove(self, i):
        pair = self.pair_at(i)
        if pair:
            self.counts[pair] -= self.weight[i]
            self.places[pair].discard(i)
        return pair

    def best(self):
        while self.heap:
            top = heapq.heappop(self.heap)
            now = self.counts[top.pair]
            if now == top.count and now > 0:
                return top.pair
            if now > 0:
                heapq.heappush(self.heap, self.candidate(top.pair))
        return None

    def merge(self, pair):
        new = len(self.names)
        self.names.append(self.names[pair[0]] + self.names[pair[1]])
        touched = set()
        for i in sorted(self.places[pair]):
            if self.pair_at(i) != pair:  # in a run: the merge to the left has taken this one
                continue
            left, right = self.before[i], self.after[i]
            for place in (left, i, right):
                self.remove(place)
            self.tokens[i], self.tokens[right] = new, GAP
            self.after[i] = self.after[right]
            self.before[self.after[i]] = i
            touched |= {self.add(left), self.add(i)}
        for changed in touched - {None}:
            heapq.heappush(self.heap, self.candidate(changed))
        return self.names[pair[0]], self.names[pair[1]]


def train_bpe(input_path, vocab_size, special_tokens, **kw):
    special_tokens = list(dict.fromkeys(special_tokens))
    wanted = vocab_size - len(special_tokens)
    if wanted < 256:
        raise ValueError("vocab_size is too small")
    trainer, merges = Trainer(count_words(input_path, special_tokens)), []
    while len(trainer.names) < wanted and (pair := trainer.best()):
        merges.append(trainer.merge(pair))
    entries = trainer.names + [token.encode() for token in special_tokens]
    return dict(enumerate(entries)), merges
