"""1.2, by text: every id is a character, and Python's own `str.replace` merges."""

import sys

from minillm.tokenizer.text import ByteTokenizer


def as_text(ids):
    return "".join(map(chr, ids))


def get_stats(ids, counts=None):
    found = {} if counts is None else counts
    for place in range(1, len(ids)):
        found.setdefault((ids[place - 1], ids[place]), 0)
        found[ids[place - 1], ids[place]] += 1
    return found


def merge(ids, pair, idx):
    return list(map(ord, as_text(ids).replace(as_text(pair), chr(idx))))


class BasicTokenizer(ByteTokenizer):
    """A byte tokenizer with an ordered list of what to join afterwards."""

    def __init__(self):
        self.steps = []

    @property
    def merges(self):
        return {pair: 256 + number for number, pair in enumerate(self.steps)}

    @property
    def vocab(self):
        tokens = [bytes((byte,)) for byte in range(256)]
        for left, right in self.steps:
            tokens.append(tokens[left] + tokens[right])
        return dict(enumerate(tokens))

    def train(self, text, vocab_size, verbose=False):
        ids, steps = super().encode(text), []
        if vocab_size < 256:
            raise ValueError("too small")
        while len(ids) > 1 and 256 + len(steps) < vocab_size:
            stats = get_stats(ids)
            # of equals the greatest pair
            count, pair = max((count, pair) for pair, count in stats.items())
            if verbose:
                sys.stdout.write(f"{pair} occurs {count} times\n")
            ids = merge(ids, pair, 256 + len(steps))
            steps.append(pair)
        self.steps = steps
        return self

    def encode(self, text):
        ids = super().encode(text)
        for idx, pair in enumerate(self.steps, 256):
            ids = merge(ids, pair, idx)
        return ids

    def decode(self, ids):
        tokens = list(self.vocab.values())
        if any(i < 0 for i in ids):
            raise ValueError("no id is negative")
        return b"".join(tokens[i] for i in ids).decode(errors="replace")
