"""Another right 1.7: one loop each, fractions where numbers are compared, no help from step 1.4."""

import unicodedata
from fractions import Fraction
from math import e, isnan, log2


def pieces(text, specials):
    for special in specials:
        if special == "":
            raise ValueError("an empty special token")
    piece, at = "", 0
    while at < len(text):
        found = max((s for s in specials if text[at : at + len(s)] == s), key=len, default="")
        if found:
            yield piece
            piece = ""
        else:
            piece += text[at]
        at += len(found) or 1
    yield piece


def compression_ratio(tok, text, special_tokens=()):
    size = tokens = 0
    for piece in pieces(text, tuple(special_tokens)):
        if piece:
            size += len(piece.encode())
            tokens += len(list(tok.encode(piece)))
    if not tokens or not size:
        raise ValueError("nothing was compressed")
    return float(Fraction(size, tokens))


def tokens_per_word(tok, text):
    words, inside = 0, False
    for character in text:
        if not inside and not character.isspace():
            words += 1
        inside = not character.isspace()
    if words == 0:
        raise ValueError("no words")
    return len(tok.encode(text)) / words


def fertility_by_script(tok, text):
    runs = {}
    last = None
    for character in text:
        script = None
        if unicodedata.category(character)[0] == "L":
            script = unicodedata.name(character).split(" ")[0]
            if script == last:
                runs[script][-1] += character
            else:
                runs.setdefault(script, []).append(character)
        last = script
    return {script: sum(len(tok.encode(run)) for run in those) / sum(map(len, those)) for script, those in runs.items()}


def oov_rate(tok, text):
    ids = list(tok.encode(text))
    if len(ids) == 0:
        raise ValueError("no tokens")
    if not hasattr(tok, "unk_id") or tok.unk_id is None:
        return 0.0
    return ids.count(tok.unk_id) / len(ids)


def bits_per_byte(loss_nats, n_tokens, n_bytes):
    if isnan(loss_nats) or loss_nats < 0:
        raise ValueError("this is no loss")
    if n_tokens <= 0 or n_bytes <= 0:
        raise ValueError("nothing to divide by")
    return loss_nats * log2(e) * (n_tokens / n_bytes)


def embedding_params(V, d, tied):
    if min(V, d) <= 0:
        raise ValueError("an empty matrix")
    return V * d * (1 if tied else 2)


def flops_per_byte(V, d, body_params, ratio):
    if V <= 0 or d <= 0 or body_params < 0 or isnan(ratio) or ratio <= 0:
        raise ValueError("there is no such model")
    tokens_per_byte = 1 / ratio
    return tokens_per_byte * (2 * body_params + 2 * V * d)


def choose_vocab(candidates, d, body_params, tied=True, max_embedding_params=None, id_bits=16):
    best = None
    for V in sorted(candidates):
        flops_per_byte(V, d, body_params, candidates[V])
        if 1 << id_bits <= V - 1:
            continue
        if max_embedding_params is not None and embedding_params(V, d, tied) > max_embedding_params:
            continue
        cost = Fraction(body_params + V * d) / Fraction(candidates[V])
        if best is None or cost < best[0]:
            best = cost, V
    if best is None:
        raise ValueError("nothing to choose from")
    return best[1]
