r"""1.3 Pre-tokenisation: cut a text into the pieces that BPE may never merge across.

The pieces are those of GPT-2. They are defined by this pattern, in the syntax of regular expressions:

    '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+

Begin at the first character. The first of the six alternatives, from left to right, that fits there says where the
piece ends, with each + and ? taking as much as it can while the rest of its alternative still fits. The next piece
begins at that place, and so on. Here

    \p{L}           a letter: a character whose category in `unicodedata` is Lu, Ll, Lt, Lm or Lo
    \p{N}           a number: Nd, Nl or No
    \s              white space, exactly these 25 characters: U+0009 to U+000D, U+0020, U+0085, U+00A0, U+1680,
                    U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000. \S is every other character.
    [^\s\p{L}\p{N}] one character of any other kind, called "other" below: punctuation, symbols, combining marks,
                    control characters, code points without a meaning, unpaired surrogates
    (?!\S)          true if no \S follows here: white space follows, or nothing at all. It takes no character.

The apostrophe ' is U+0027, the space before a ? is U+0020, and small and capital letters are different. The module `re`
knows neither \p{L} nor \p{N}. Python's standard library is all you need; helpers of your own are welcome.
"""

from __future__ import annotations

from collections.abc import Iterator


def pretokenize(text: str) -> list[str]:
    r"""Return the pieces of a text, its pre-tokens, in their order. Joined they are the text again.

    Nothing is dropped, changed or normalised, and no piece is empty; the empty text has none. Any str is allowed, of
    any length: a long text costs time in proportion to its length, and Python's recursion limit stays as it is. Every
    call returns a new list, which belongs to the caller.

    >>> pretokenize("It's 7 o'clock, isn't it?")
    ['It', "'s", ' 7', ' o', "'", 'clock', ',', ' isn', "'t", ' it', '?']
    >>> pretokenize("snow   falls \n")
    ['snow', '  ', ' falls', ' \n']
    """
    raise NotImplementedError("pretokenize")


def iter_pretokens(text: str) -> Iterator[str]:
    r"""Return an iterator over the same pieces that makes each of them when it is asked for.

    It is an iterator, so `next` works on it. While one walks over it, what it keeps in memory beside `text` itself does
    not grow with the length of the text: neither all the pieces nor a copy of the text. The piece in hand, and tables
    made once, don't count. Several iterators may be under way at the same time.

    >>> pieces = iter_pretokens("naïve café")
    >>> next(pieces)
    'naïve'
    >>> list(pieces)
    [' café']
    """
    raise NotImplementedError("iter_pretokens")
