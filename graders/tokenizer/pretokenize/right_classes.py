"""1.3 with `re`: every code point sorted into character classes at import, then the pattern as it is written."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby


def _members(of: str) -> str:
    """Return the inside of [...] for a group of categories, as ranges."""
    alike = groupby(map(chr, range(0x110000)), lambda char: unicodedata.category(char)[0] == of)
    ranges = ["".join(chars) for member, chars in alike if member]
    return "".join(f"{chars[0]}-{chars[-1]}" for chars in ranges)


_L = _members("L")
_N = _members("N")
_S = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_PIECE = re.compile(rf"'(?:[sdmt]|ll|ve|re)| ?[{_L}]+| ?[{_N}]+| ?[^{_S}{_L}{_N}]+|[{_S}]+(?![^{_S}])|[{_S}]+")


def pretokenize(text: str) -> list[str]:
    return _PIECE.findall(text)


def iter_pretokens(text: str) -> Iterator[str]:
    return map(re.Match.group, _PIECE.finditer(text))
