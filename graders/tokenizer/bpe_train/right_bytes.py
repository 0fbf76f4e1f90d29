"""A third right solution of 1.4: words are tuples of bytes objects, an index leads from a pair to its words, no ids."""

import re
from itertools import pairwise

from minillm.tokenizer.pretokenize import iter_pretokens


def split_special(text, special_tokens):
    if any(token == "" for token in special_tokens):
        raise ValueError("a special token must have at least one character")
    if not special_tokens:
        return [text] * bool(text)
    longest_first = sorted(set(special_tokens), key=lambda token: (-len(token), token))
    parts, start = [], 0
    for found in re.finditer("|".join(map(re.escape, longest_first)), text):
        if found.start() > start:
            parts.append(text[start : found.start()])
        start = found.end()
    if start < len(text):
        parts.append(text[start:])
    return parts


def read(path):
    with open(path, "rb") as file:  # noqa: PTH123 - the other way to open a file
        return str(file.read(), "utf-8")


def count_words(input_path, special_tokens):
    found = {}
    for part in split_special(read(input_path), special_tokens):
        for word in iter_pretokens(part):
            key = word.encode("utf-8")
            found[key] = found.get(key, 0) + 1
    return found


def merged(word, pair):
    whole = pair[0] + pair[1]
    pieces, tokens = [], iter([*word, None])
    token = next(tokens)
    while token is not None:
        following = next(tokens)
        if (token, following) == pair:
            pieces.append(whole)
            token = next(tokens)
        else:
            pieces.append(token)
            token = following
    return tuple(pieces)


class Pairs:
    """How often each pair occurs, and in which words: kept up to date as words come and go."""

    def __init__(self):
        self.count, self.words = {}, {}

    def add(self, name, word, often):
        for pair in pairwise(word):
            self.count[pair] = self.count.get(pair, 0) + often
            self.words.setdefault(pair, set()).add(name)

    def drop(self, name, word, often):
        for pair in pairwise(word):
            self.count[pair] -= often
            self.words[pair].discard(name)
            if self.count[pair] == 0:
                del self.count[pair], self.words[pair]

    def greatest(self):
        best, most = None, 0
        for pair, count in self.count.items():
            if count > most or (count == most and pair > best):
                best, most = pair, count
        return best


def train_bpe(input_path, vocab_size, special_tokens, **_options):
    specials = []
    for token in special_tokens:
        if token not in specials:
            specials.append(token)
    if vocab_size < 256 + len(specials):
        raise ValueError("not even the bytes and the special tokens have room")
    counts = count_words(input_path, specials)
    words = {name: tuple(name[i : i + 1] for i in range(len(name))) for name in counts}
    pairs = Pairs()
    for name, word in words.items():
        pairs.add(name, word, counts[name])
    merges = []
    while len(merges) < vocab_size - 256 - len(specials):
        best = pairs.greatest()
        if best is None:
            break
        merges.append(best)
        for name in list(pairs.words[best]):
            pairs.drop(name, words[name], counts[name])
            words[name] = merged(words[name], best)
            pairs.add(name, words[name], counts[name])
    vocab = {byte: bytes([byte]) for byte in range(256)}
    vocab |= {256 + k: left + right for k, (left, right) in enumerate(merges)}
    vocab |= {256 + len(merges) + k: token.encode("utf-8") for k, token in enumerate(specials)}
    return vocab, merges
