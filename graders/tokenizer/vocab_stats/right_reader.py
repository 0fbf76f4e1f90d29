"""1.7 read off the stub: itertools, generators, and one place where nothing is refused."""

from __future__ import annotations

import itertools
import math
import unicodedata

from minillm.tokenizer.bpe_train import split_special


def share(amount, whole, of_what):
    if whole == 0:
        raise ValueError(f"there is no {of_what} here")
    return amount / whole


def size(text):
    return len(text.encode("utf-8"))


def compression_ratio(tok, text, special_tokens=()):
    parts = split_special(text, list(special_tokens))
    read = sum(map(size, parts))
    if read == 0:
        raise ValueError("no bytes but those of special tokens")
    return share(read, sum(len(tok.encode(part)) for part in parts), "token")


def tokens_per_word(tok, text):
    words = sum(1 for _ in text.split())
    return share(len(tok.encode(text)) if words else 0, words, "word")


def script(character):
    if not unicodedata.category(character).startswith("L"):
        return None
    return unicodedata.name(character).partition(" ")[0]


def fertility_by_script(tok, text):
    letters, tokens = {}, {}
    for name, run in itertools.groupby(text, script):
        if name is None:
            continue
        piece = "".join(run)
        letters[name] = letters.get(name, 0) + len(piece)
        tokens[name] = tokens.get(name, 0) + len(tok.encode(piece))
    return {name: tokens[name] / letters[name] for name in letters}


def oov_rate(tok, text):
    ids = tok.encode(text)
    unknown = getattr(tok, "unk_id", None)
    return share(0 if unknown is None else sum(1 for i in ids if i == unknown), len(ids), "token")


def bits_per_byte(loss_nats, n_tokens, n_bytes):
    if not loss_nats >= 0:  # a NaN is not, either
        raise ValueError(f"a loss of {loss_nats}")
    if min(n_tokens, n_bytes) < 1:
        raise ValueError("no tokens, or no bytes")
    return loss_nats / math.log(2) * (n_tokens / n_bytes)


def embedding_params(V, d, tied):
    at_least(1, V=V, d=d)
    return V * d if tied else 2 * V * d


def flops_per_byte(V, d, body_params, ratio):
    at_least(1, V=V, d=d)
    at_least(0, body_params=body_params)
    if not ratio > 0:
        raise ValueError(f"a ratio of {ratio}")
    return 2 * (body_params + V * d) / ratio


def at_least(least, **numbers):
    for name, number in numbers.items():
        if number < least:
            raise ValueError(f"{name} is {number}, and cannot be below {least}")


def choose_vocab(candidates, d, body_params, tied=True, max_embedding_params=None, id_bits=16):
    priced = []
    for V, ratio in candidates.items():
        rows, price = embedding_params(V, d, tied), flops_per_byte(V, d, body_params, ratio)
        ids_fit = (V - 1).bit_length() <= id_bits
        if ids_fit and (max_embedding_params is None or rows <= max_embedding_params):
            priced.append((price, V))
    if not priced:
        raise ValueError("no candidate is left")
    return min(priced)[1]
