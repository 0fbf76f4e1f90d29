r"""1.2 BPE by hand: count pairs of neighbours, merge the most frequent one, and begin again.

Write the functions in the order they stand here. `utf8_bytes` and `decode_bytes` are your own, of step 1.1. Helpers and
attributes of your own are welcome. Slow and obvious is what is wanted: step 1.4 is about speed.

An id is an int. The ids 0 to 255 are the 256 bytes, and from 256 on each merge makes a new one. Wherever ids are given,
they come as a list or a tuple, which stays as it is. Where ids are returned, they are a new list.
"""

from __future__ import annotations

from collections.abc import Sequence

from minillm.tokenizer.text import decode_bytes, utf8_bytes  # noqa: F401 - the class will need them


def get_stats(ids: Sequence[int], counts: dict[tuple[int, int], int] | None = None) -> dict[tuple[int, int], int]:
    """Return how often each pair of neighbours occurs in `ids`: {(left, right): count}.

    Every two neighbours are a pair, so the pairs may overlap: n ids have n − 1 of them, and [7, 7, 7] has (7, 7) twice.
    Fewer than two ids have no pair. A pair that does not occur has no entry. The order of the dict is free.

    counts: a dict to add to, perhaps an empty one; it is updated, and the same dict is returned. Without it, every call
        returns a new dict.

    The work is in proportion to the number of ids.

    >>> get_stats([1, 2, 3, 1, 2])
    {(1, 2): 2, (2, 3): 1, (3, 1): 1}
    >>> get_stats([1, 2, 1], {(1, 2): 5})
    {(1, 2): 6, (2, 1): 1}
    """
    raise NotImplementedError("get_stats")


def merge(ids: Sequence[int], pair: tuple[int, int], idx: int) -> list[int]:
    """Return a new list in which each occurrence of `pair` is replaced by the one id `idx`.

    Occurrences are replaced from left to right, and no id is used for two of them. Everything else stays in its place.

    pair: (left, right), perhaps twice the same id. If it does not occur, the new list is equal to `ids`.
    idx: a new id: it occurs neither in `ids` nor in `pair`

    The work is in proportion to the number of ids; thousands of them are ordinary.

    >>> merge([5, 6, 6, 7, 9, 6, 7], (6, 7), 256)
    [5, 6, 256, 9, 256]
    >>> merge([7, 7, 7], (7, 7), 256)
    [256, 7]
    """
    raise NotImplementedError("merge")


class BasicTokenizer:
    """A byte-level BPE tokenizer that treats a text as one long row of bytes.

    It is made without arguments, and every object learns for itself. Before training it knows the bytes alone.

    merges: dict[tuple[int, int], int], the id of every merged pair: 256 for the first merge, 257 for the second, and so
        on. Empty before training.
    vocab: dict[int, bytes], the bytes of every id: 256 + len(merges) entries. Those of a merged pair are the bytes of
        its left id followed by those of its right id.

    These two may be attributes or properties.
    """

    def __init__(self) -> None:
        raise NotImplementedError("BasicTokenizer.__init__")

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        """Learn the merges of a text. What was learned in an earlier training is forgotten.

        The text begins as its UTF-8 bytes, all of them: there are no words here, and spaces, line ends and half a
        character may be part of a pair. Then, again and again, the pair with the highest count (as get_stats counts) is
        merged (as merge does) into the next new id. Of several pairs with the highest count you may take any.

        vocab_size: how many entries `vocab` shall have, the 256 bytes included. Training stops when it is reached, or
            earlier, when no pair is left. A pair that occurs once is a pair.
        verbose: print something about each merge, in words of your own. Otherwise nothing is printed.

        A vocab_size below 256 raises ValueError, and so does an unpaired surrogate in the text, as in utf8_bytes. The
        return value is free.

        >>> tokenizer = BasicTokenizer()
        >>> tokenizer.train("ho ho ho", 258)
        >>> tokenizer.vocab[tokenizer.merges[104, 111]], len(tokenizer.vocab)
        (b'ho', 258)
        """
        raise NotImplementedError("BasicTokenizer.train")

    def encode(self, text: str) -> list[int]:
        """Return the ids of any text, in the tokens of the vocabulary. Nothing is learned.

        The text begins as its UTF-8 bytes. As long as there is a pair of neighbours that is in `merges`, the one with
        the lowest id there (the one that training merged first) is merged, wherever it occurs. So the text of the
        training becomes exactly the ids that the training ended with. An empty text has no ids. An unpaired surrogate
        raises ValueError.

        >>> tokenizer = BasicTokenizer()
        >>> tokenizer.train("ho ho ho", 257)
        >>> tokenizer.encode("oh ho")
        [111, 104, 32, 256]
        """
        raise NotImplementedError("BasicTokenizer.encode")

    def decode(self, ids: Sequence[int]) -> str:
        r"""Return the text of any ids of the vocabulary, with U+FFFD where their bytes, put together, are no UTF-8.

        A character may be spread over several ids. An id that is not in the vocabulary, such as −1, raises KeyError
        (IndexError or ValueError will do as well).

        >>> BasicTokenizer().decode([110, 195, 169])
        'né'
        >>> BasicTokenizer().decode([110, 195])
        'n\ufffd'
        """
        raise NotImplementedError("BasicTokenizer.decode")
