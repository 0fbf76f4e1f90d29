r"""1.5 and 1.6 The tokenizer: from text to ids and back, with the merges that training has learned.

Today (1.5): bytes_to_unicode, and of the Tokenizer the constructor, encode, decode and from_files. What is marked 1.6
stays as it is until the next step opens; nothing of 1.5 needs it. Until then nobody hands in special tokens.

You may import your own modules of the steps before: `utf8_bytes` and `decode_bytes` (1.1), `get_stats` and `merge`
(1.2), `pretokenize` and `iter_pretokens` (1.3), `split_special` (1.4). Helpers and attributes of your own are welcome.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence, Set

from minillm.tokenizer.pretokenize import iter_pretokens, pretokenize  # noqa: F401 - use the one you like


def bytes_to_unicode() -> dict[int, str]:
    """Return the character as which GPT-2's files print each byte: {0: …, 1: …, …, 255: …}.

    The bytes 33 to 126, 161 to 172 and 174 to 255 are printed as the character with the same number. These are 188; the
    other 68 bytes are printed, in their order, as U+0100, U+0101, …, U+0143. So all 256 characters are different, each
    can be seen, and none of them is white space.

    >>> table = bytes_to_unicode()
    >>> table[97], table[0], table[32], table[173]
    ('a', 'Ā', 'Ġ', 'Ń')
    """
    raise NotImplementedError("bytes_to_unicode")


class Tokenizer:
    """A byte-level BPE tokenizer made of a vocabulary and merges, such as `train_bpe` returns them.

    vocab: dict[int, bytes], the bytes of every id. The ids may be any ints from 0 on, in any order. Every single byte
        has an entry, and so has every token that a merge makes. Further entries do no harm. Where two entries have the
        same bytes (train_bpe gives a special token such as "a" an entry of its own), text gets the lower id.
    merges: list[tuple[bytes, bytes]], the two tokens of every merge, in the order of training: each of them is a single
        byte or was made by an earlier merge, and no token is made twice.
    special_tokens: a matter of step 1.6. Until then it is None.

    `vocab` and `merges` are attributes of the tokenizer as well (or properties).
    """

    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: list[str] | None = None
    ) -> None:
        """Make a tokenizer. Nothing given is changed.

        A vocab in which a single byte is missing, or a token that a merge makes, raises ValueError.

        1.6  special_tokens: texts that are to be one token each. One whose UTF-8 bytes are in `vocab` keeps that id (of
        several such entries the highest). The others are appended to the tokenizer's vocab in the order given, each
        with the id len(vocab), or if that is taken the next one that is free. One that is listed twice counts once. An
        empty one raises ValueError. The attribute `special_tokens` is a dict[str, int], the id of each of them.
        """
        raise NotImplementedError("Tokenizer.__init__")

    def encode(self, text: str, allowed_special: str | Set[str] = "all") -> list[int]:
        """Return the ids of a text, a new list.

        The text is split by `pretokenize`, and each piece is encoded for itself. A piece begins as its UTF-8 bytes,
        each a token of its own. As long as two neighbours are a pair in `merges`, the pair that comes first there is
        merged, wherever it occurs in the piece, from left to right; only the order of `merges` counts, not the ids.
        Then each token becomes its id. The empty text has no ids. An unpaired surrogate raises ValueError.

        Cost: a piece of n bytes takes about n · log n steps, however many merges there are, for a piece may be very
        long. (For a piece four times as long, four to seven times as many lines of your code run, not sixteen times as
        many.) What has been encoded before may be remembered.

        >>> vocab = {i: bytes([i]) for i in range(256)} | {300: b"ow", 257: b"low"}
        >>> Tokenizer(vocab, [(b"o", b"w"), (b"l", b"ow")]).encode("low owl")
        [257, 32, 300, 108]

        1.6  Special tokens in the text. allowed_special says which are allowed:
            "all"         all of them
            "none"        none of them: their text is ordinary text
            "none_raise"  none of them, and if the text has one, ValueError is raised
            a set of str  those in the set; the text of the others is ordinary text, and a str that is no special token
                          has no effect
        Anything else raises ValueError. A tokenizer without special tokens need not look at it.

        The text is read from left to right. Where an allowed special token begins, it becomes its id, and reading goes
        on behind it; where several begin at one place, the longest of them is meant. They are plain text: "[x]*" is
        these four characters and nothing else. Each part between them is ordinary text, for itself: it is split by
        `pretokenize` as if the rest were not there.

        >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)}, [], ["<|end|>"])
        >>> tokenizer.encode("a<|end|> b"), tokenizer.encode("<|end|>", allowed_special="none")
        ([97, 256, 32, 98], [60, 124, 101, 110, 100, 124, 62])
        """
        raise NotImplementedError("Tokenizer.encode")

    def decode(self, ids: Sequence[int]) -> str:
        r"""Return the text of a list or tuple of ids, with U+FFFD where their bytes, put together, are no UTF-8.

        A character may be spread over several ids. An id that is not in the vocabulary, such as −1, raises KeyError
        (IndexError or ValueError will do as well).

        >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)}, [])
        >>> tokenizer.decode([110, 195, 169]), tokenizer.decode([110, 195])
        ('né', 'n\ufffd')
        """
        raise NotImplementedError("Tokenizer.decode")

    @classmethod
    def from_files(
        cls,
        vocab_filepath: str | os.PathLike[str],
        merges_filepath: str | os.PathLike[str],
        special_tokens: list[str] | None = None,
    ) -> Tokenizer:
        r"""Return a tokenizer made from two files in GPT-2's format. Both are UTF-8 on every computer.

        In both, a token is written as one character for each of its bytes, by the table of `bytes_to_unicode`.

        vocab_filepath: a JSON object, {token: id, …}
        merges_filepath: one merge on each line, in the order of training: its two tokens, with one space between. If
            the first line begins with "#version", it is not a merge. Empty lines are none, either. Lines end with "\n"
            or "\r\n".

        A character that is not in the table raises ValueError or KeyError.

        >>> table = bytes_to_unicode()
        >>> with open("vocab.json", "w", encoding="utf-8") as file:
        ...     entries = [f'"{table[i]}": {i}' for i in range(256) if table[i] not in '"\\']
        ...     _ = file.write('{"\\"": 34, "\\\\": 92, ' + ", ".join(entries) + ', "Ġa": 300}')
        >>> with open("merges.txt", "w", encoding="utf-8") as file:
        ...     _ = file.write("#version: 0.2\nĠ a\n")
        >>> tokenizer = Tokenizer.from_files("vocab.json", "merges.txt")
        >>> tokenizer.merges, tokenizer.vocab[300]
        ([(b' ', b'a')], b' a')
        >>> tokenizer.encode("not a word")
        [110, 111, 116, 300, 32, 119, 111, 114, 100]
        """
        raise NotImplementedError("Tokenizer.from_files")

    # ------------------------------------------------------------------------------------------------------------
    # 1.6  Special tokens, streaming, save and load. In the constructor and in encode, see what is marked 1.6.

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        """Add special tokens with ids of their own to the ones there are, in `special_tokens` and in `vocab`.

        An empty token, and an id that another token has, raise ValueError. An id whose entry in `vocab` has the very
        bytes of the token is the token's own. (Where other entries have these bytes, nobody registers an id lower than
        theirs.) Nothing given is changed.

        >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)}, [])
        >>> tokenizer.register_special_tokens({"<|user|>": 1000})
        >>> tokenizer.encode("a<|user|>"), tokenizer.decode([1000]), tokenizer.special_tokens
        ([97, 1000], '<|user|>', {'<|user|>': 1000})
        """
        raise NotImplementedError("Tokenizer.register_special_tokens")

    def encode_iterable(self, iterable: Iterable[str]) -> Iterator[int]:
        r"""Return an iterator over the ids of a text that comes in chunks: those of encode("".join(iterable)).

        iterable: any iterable of str, such as an open file. A chunk may end anywhere: inside a word, between two
            spaces, inside a special token. It may be empty. The iterable is read once, and not before the first id is
            asked for.

        Each id is made when it is asked for. Before the next chunk is read, all ids have been given but those at the
        end of the text so far, which what follows may still change: there you may hold back as many characters as the
        longest special token has, and in front of them the last three pre-tokens. Nothing else is kept, so the memory
        needed does not grow with the text. (At most 1,000 short words may be remembered with their ids.)

        >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)}, [], ["<|end|>"])
        >>> list(tokenizer.encode_iterable(["a<|e", "", "nd|>b"]))
        [97, 256, 98]
        """
        raise NotImplementedError("Tokenizer.encode_iterable")

    def save(self, prefix: str | os.PathLike[str]) -> None:
        """Write the tokenizer to three files, from which `load` makes one that behaves the same.

        prefix: where, as the beginning of a path. Each file's name is the prefix with something behind it, whatever
            dots there are in the prefix.

        prefix.vocab.json and prefix.merges.txt are as `from_files` reads them. Of entries with the same bytes the one
            with the lowest id is written.
        prefix.special_tokens.json is a JSON object, {special token: id, …}, each token written as it is (or in JSON's
        escapes). All three files are UTF-8 on every computer.
        """
        raise NotImplementedError("Tokenizer.save")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokenizer:
        """Return the tokenizer that `save` has written; path is the prefix that it was given.

        >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)} | {256: b"ab"}, [(b"a", b"b")], ["<|end|>"])
        >>> tokenizer.save("small.v1")
        >>> again = Tokenizer.load("small.v1")
        >>> again.encode("ab<|end|>"), again.special_tokens
        ([256, 257], {'<|end|>': 257})
        """
        raise NotImplementedError("Tokenizer.load")


class RegexTokenizer:
    r"""1.6  minbpe's tokenizer: like your BasicTokenizer of 1.2, but no merge crosses a pre-token; with special tokens.

    It is made without arguments. What it has can be read as attributes (or properties):

    merges: dict[tuple[int, int], int], the id of every merged pair: 256 for the first merge, 257 for the second, and so
        on. Empty before training.
    vocab: dict[int, bytes], the bytes of every id: 256 bytes and the merges. Whether it has the special tokens too is
        up to you.
    special_tokens: dict[str, int], the id of every special token. Empty at first.
    pattern: a str, the split that `pretokenize` does, as GPT-2 wrote it, in these very characters:
        '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    """

    def __init__(self) -> None:
        raise NotImplementedError("RegexTokenizer.__init__")

    def train(self, text: str, vocab_size: int, verbose: bool = False) -> None:
        """Learn the merges of a text, split by `pretokenize`. What an earlier training has learned is forgotten.

        As in BasicTokenizer.train of 1.2, and with the same errors, but there is no pair across two pre-tokens: the
        most frequent pair, counted over all pre-tokens, is merged in each of them into the next new id. Of several such
        pairs you may take any. Special tokens mean nothing here: the whole text is ordinary.

        >>> tokenizer = RegexTokenizer()
        >>> tokenizer.train("ho ho ho", 258)
        >>> sorted(tokenizer.vocab[i] for i in (256, 257))
        [b' ho', b'ho']
        """
        raise NotImplementedError("RegexTokenizer.train")

    def register_special_tokens(self, special_tokens: dict[str, int]) -> None:
        """Let these be the special tokens from now on, and no others. The dict given is not changed, now or later.

        An empty token, and an id that a byte, a merge or another of them has, raise ValueError.
        """
        raise NotImplementedError("RegexTokenizer.register_special_tokens")

    def encode(self, text: str, allowed_special: str | Set[str] = "none_raise") -> list[int]:
        """Return the ids of a text; allowed_special means what it means in Tokenizer.encode.

        Ordinary text is split by `pretokenize`; in each piece, the pair with the lowest id in `merges` is merged,
        wherever it occurs, as long as there is one. There is no limit on the cost.

        >>> tokenizer = RegexTokenizer()
        >>> tokenizer.register_special_tokens({"<|end|>": 300})
        >>> tokenizer.encode("a<|end|>", allowed_special="all")
        [97, 300]
        """
        raise NotImplementedError("RegexTokenizer.encode")

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of any ids, special tokens included, as Tokenizer.decode does."""
        raise NotImplementedError("RegexTokenizer.decode")

    def save(self, prefix: str | os.PathLike[str]) -> None:
        r"""Write prefix.model, from which `load` restores everything, and prefix.vocab, for people to read.

        prefix.model is UTF-8, and each line ends with "\n" on every computer: the line "minbpe v1"; the pattern; how
        many special tokens there are; for each of them a line with the token, a space and its id; then for each merge,
        in the order of training, a line with the two ids of its pair and a space between.

        prefix.vocab is text with a line or more for each token; the rest is up to you. Both names are the prefix with
        something behind it, whatever dots there are in it. A special token with "\n" in it cannot be written:
        ValueError.
        """
        raise NotImplementedError("RegexTokenizer.save")

    def load(self, model_file: str | os.PathLike[str]) -> None:
        """Become the tokenizer that was saved. Whatever this one has learned and registered before is forgotten.

        model_file: the path of prefix.model. A name that does not end in ".model", another first line and another
        pattern raise ValueError.

        >>> tokenizer = RegexTokenizer()
        >>> tokenizer.train("ab ab", 257)
        >>> tokenizer.save("small")
        >>> again = RegexTokenizer()
        >>> again.load("small.model")
        >>> again.merges
        {(97, 98): 256}
        """
        raise NotImplementedError("RegexTokenizer.load")
