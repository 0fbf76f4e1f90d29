"""One small function for each alternative of the pattern: tried in order, each says where its piece would end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from unicodedata import category

CONTRACTIONS = ("'s", "'d", "'m", "'t", "'ll", "'ve", "'re")
WIDTHS = {chr(code) for code in range(0x2000, 0x200B)}
WHITE = WIDTHS.union("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000")


@lru_cache(maxsize=4096)
def kind(char: str) -> str:
    """Name the kind of a character by one letter: White space, Letter, Number, or Other."""
    if char in WHITE:
        return "W"
    major = category(char)[0]
    return major if major in "LN" else "O"


def end_of_run(text: str, start: int, wanted: str) -> int:
    """Return where the characters of a kind end that begin at `start`: `start` itself if there are none."""
    end = start
    while end < len(text) and kind(text[end]) == wanted:
        end += 1
    return end


# Each alternative returns the end of its piece, or `start` if it doesn't fit there.


def contraction(text: str, start: int) -> int:
    for ending in CONTRACTIONS:
        if text.startswith(ending, start):
            return start + len(ending)
    return start


def spaced_run(wanted: str) -> Callable[[str, int], int]:
    """Make the alternative ` ?x+` for the kind x."""

    def alternative(text: str, start: int) -> int:
        first = start + 1 if text[start] == " " else start
        end = end_of_run(text, first, wanted)
        return end if end > first else start

    return alternative


def white_before_white(text: str, start: int) -> int:
    end = end_of_run(text, start, "W")
    if end == len(text) or end == start:
        return end
    return end - 1  # what stands at `end` is not white, so one character is given back: it may have been the only one


def white(text: str, start: int) -> int:
    return end_of_run(text, start, "W")


ALTERNATIVES = (contraction, spaced_run("L"), spaced_run("N"), spaced_run("O"), white_before_white, white)


def iter_pretokens(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = next(end for fits in ALTERNATIVES if (end := fits(text, start)) > start)
        yield text[start:end]
        start = end


def pretokenize(text: str) -> list[str]:
    return list(iter_pretokens(text))
