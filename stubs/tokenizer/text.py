"""1.1 Text as numbers: UTF-8 by hand, a tokenizer of bytes, a tokenizer of words.

Write the functions in the order they stand here. Python's standard library is all you need. Helpers and attributes of
your own are welcome; nothing outside looks at them. No function changes a list it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def utf8_bytes(s: str) -> list[int]:
    r"""Return the bytes of `s` in UTF-8, each an int from 0 to 255.

    Every code point is encoded as it is: nothing is normalised, no byte-order mark is put in front, NUL is a character.
    A surrogate (U+D800 to U+DFFF) is no character and has no bytes, not even with another one beside it: it raises
    ValueError, or UnicodeEncodeError, which is one.

    >>> utf8_bytes("né")
    [110, 195, 169]
    >>> utf8_bytes("")
    []
    """
    raise NotImplementedError("utf8_bytes")


def decode_bytes(ids: Sequence[int], errors: str = "replace") -> str:
    r"""Return the text whose UTF-8 bytes are `ids`: a list or a tuple of ints from 0 to 255.

    errors: what becomes of bytes that are no UTF-8, exactly as in `bytes.decode`, which may be used:
        "replace"  U+FFFD stands in their place
        "ignore"   they are left out
        "strict"   ValueError is raised, or UnicodeDecodeError, which is one
    A number outside 0 … 255 raises ValueError, whatever `errors` says.

    >>> decode_bytes([110, 195, 169])
    'né'
    >>> decode_bytes([110, 195])
    'n\ufffd'
    """
    raise NotImplementedError("decode_bytes")


class ByteTokenizer:
    """A tokenizer whose tokens are bytes: every text has ids, and nothing is ever unknown.

    It is made without arguments: `ByteTokenizer()`.
    """

    @property
    def vocab_size(self) -> int:
        """How many ids there are: 256. (A plain attribute will do as well.)"""
        raise NotImplementedError("ByteTokenizer.vocab_size")

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, which are its UTF-8 bytes. A surrogate raises ValueError.

        >>> ByteTokenizer().encode("né")
        [110, 195, 169]
        """
        raise NotImplementedError("ByteTokenizer.encode")

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of any ids, with U+FFFD where they are no UTF-8. An id outside 0 … 255 raises ValueError.

        >>> ByteTokenizer().decode([110, 195, 169])
        'né'
        """
        raise NotImplementedError("ByteTokenizer.decode")


class WordTokenizer:
    r"""A tokenizer whose tokens are whole words. Words outside its vocabulary all become one id, `unk_id`.

    A word is what `text.split()` gives: a longest run of characters that are not white space, of any script, with
    the punctuation that hangs on it. Words are never changed: "The", "the" and "the." are three.

    vocab: dict[int, str], the word of every id. The ids are 0, 1, 2, … without a gap.
    vocab_size: how many entries `vocab` really has
    unk_id: 0. Its entry in `vocab` is "<unk>".

    These three may be attributes or properties. Objects are made by `build`; what the constructor takes is up to you.
    """

    @classmethod
    def build(cls, texts: Iterable[str], vocab_size: int, min_freq: int = 1) -> WordTokenizer:
        """Return a tokenizer for the most frequent words of all the texts.

        texts: any iterable of str. It is read once, one text at a time: together the texts may be larger than memory,
            so what is kept is each different word and its count. A single str in its place raises TypeError.
        vocab_size: the most entries there may be, that of unk_id included; less than 1 raises ValueError.
        min_freq: words that occur fewer times than this, in all the texts together, are left out.

        From id 1 on stand the words with the highest counts; words of one count stand in the order of Python's `<`. So
        the same texts always give the same ids. No texts, or no words in them, give a vocabulary of "<unk>" alone. A
        word in the texts that is spelled "<unk>" is not counted: it has its id already.

        The work is one look-up for each word and one sort of the different words, however many there are.

        >>> WordTokenizer.build(["to be or", "not to be"], vocab_size=4).vocab
        {0: '<unk>', 1: 'be', 2: 'to', 3: 'not'}
        """
        raise NotImplementedError("WordTokenizer.build")

    def encode(self, text: str) -> list[int]:
        """Return one id for each word of the text. The vocabulary stays as it is.

        The time for a word does not grow with the vocabulary.

        >>> tokenizer = WordTokenizer.build(["to be or", "not to be"], vocab_size=4)
        >>> tokenizer.encode("to  sleep,\\nto be")
        [2, 0, 2, 1]
        """
        raise NotImplementedError("WordTokenizer.encode")

    def decode(self, ids: Sequence[int]) -> str:
        """Return the words of the ids, with one space between two; unk_id gives "<unk>".

        An id that is not in the vocabulary, such as −1, raises KeyError (IndexError or ValueError will do as well).

        >>> tokenizer = WordTokenizer.build(["to be or", "not to be"], vocab_size=4)
        >>> tokenizer.decode([2, 0, 2, 1])
        'to <unk> to be'
        """
        raise NotImplementedError("WordTokenizer.decode")
