"""1.3 Pre-tokenisation: GPT-2's pattern, by hand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

CONTRACTION = re.compile("'(?:[sdmt]|ll|ve|re)")
WHITE_SPACE = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class _Kinds(dict[str, str]):
    """The kind of each character, looked up in Unicode's tables when it is first met."""

    def __missing__(self, char: str) -> str:
        category = unicodedata.category(char)
        if char in WHITE_SPACE:
            kind = "white space"
        elif category.startswith("L"):
            kind = "letter"
        elif category.startswith("N"):
            kind = "number"
        else:
            kind = "other"
        self[char] = kind
        return kind


KINDS = _Kinds()


def pretokenize(text: str) -> list[str]:
    return list(iter_pretokens(text))


def iter_pretokens(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = _end(text, start)
        yield text[start:end]
        start = end


def _end(text: str, start: int) -> int:
    """Where the pre-token that begins at `start` ends."""
    if contraction := CONTRACTION.match(text, start):
        return contraction.end()
    kinds, length = KINDS, len(text)
    first = start  # of the run, which one space may precede
    if text[start] == " " and start + 1 < length and kinds[text[start + 1]] != "white space":
        first = start + 1
    kind = kinds[text[first]]
    end = first + 1
    while end < length and kinds[text[end]] == kind:
        end += 1
    # White space before something else: its last character is left for the next pre-token, unless it is the only one.
    if kind == "white space" and end < length and end - start > 1:
        end -= 1
    return end
