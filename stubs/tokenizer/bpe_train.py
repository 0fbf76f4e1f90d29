"""1.4 Fast BPE training: learn the merges of a whole file, without counting everything again after each of them.

Write the functions in the order they stand here. The words come from your own `pretokenize` of step 1.3. Helpers and
classes of your own are welcome; only these three functions are looked at.
"""

import os

from minillm.tokenizer.pretokenize import iter_pretokens, pretokenize  # noqa: F401 - use the one you like


def split_special(text: str, special_tokens: list[str]) -> list[str]:
    """Cut a text at its special tokens and return what lies between them, in order. The special tokens are left out.

    The text is read from left to right. Where a special token begins, the text is cut, and reading goes on behind
    that token; where several begin at the same place, the longest of them is meant. They are plain text: "[x]*" is
    these four characters and nothing else.

    text: any str. special_tokens: a list, in any order, perhaps empty; the list stays as it is.
    Returns the parts that are not empty. An empty special token raises ValueError.

    >>> split_special("one<|end|>two <|end|><|end|>", ["<|end|>"])
    ['one', 'two ']
    >>> split_special("kitten|", ["kit", "|", "kitt"])
    ['en']
    >>> split_special("no token here", [])
    ['no token here']
    """
    raise NotImplementedError("split_special")


def count_words(input_path: str | os.PathLike[str], special_tokens: list[str]) -> dict[bytes, int]:
    r"""Return how often each word occurs in a file: the word as UTF-8 bytes, and its count.

    The file is UTF-8 and every character of it is text: a carriage return stays one, and so does a byte order mark.
    The text is cut at its special tokens; each part is split into words by your `pretokenize`, for itself. The
    special tokens themselves are not counted. The order of the dict is free.

    Returns a dict (a Counter is one), empty for an empty file. Bytes that are not UTF-8 raise UnicodeDecodeError, an
    empty special token raises ValueError.

    >>> with open("corpus.txt", "wb") as file:
    ...     _ = file.write("low low<|end|>low été\r\n".encode())
    >>> sorted(count_words("corpus.txt", ["<|end|>"]).items())
    [(b'\r\n', 1), (b' low', 1), (b' \xc3\xa9t\xc3\xa9', 1), (b'low', 2)]
    """
    raise NotImplementedError("count_words")


def train_bpe(
    input_path: str | os.PathLike[str], vocab_size: int, special_tokens: list[str], **kw: object
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Learn a byte-level BPE vocabulary from a file and return (vocab, merges).

    Every word of `count_words` begins as its single bytes. Then, again and again, the most frequent pair of
    neighbouring tokens becomes a new token, and in every word each occurrence of the pair is replaced by it, from left
    to right. A pair is counted as `get_stats` counts it in step 1.2: every two neighbours inside a word ("aaa" has the
    pair (a, a) twice), once for each time the word occurs in the file. There are no pairs across two words. Of pairs
    with equal counts the greatest comes first, compared as Python compares tuples (bytes, bytes) of their two tokens.

    vocab_size: the number of entries wanted: 256 bytes, special tokens and merges together. Training stops when it is
        reached, or earlier, when no pair is left. A pair that occurs once is a pair.
    special_tokens: as in split_special. One that is listed twice counts once, at its first place. Each has an entry of
        its own, whatever other entries look like.
    **kw: options that other implementations take (num_processes, verbose). They never change the result: ignore them,
        or make use of them.

    vocab: id to bytes. 0 to 255 are the single bytes, then the merges in the order in which they were made, then the
        special tokens in the order given, as UTF-8. No id is left out.
    merges: the two tokens of every merge, as bytes, in the order in which they were made.

    A vocab_size that has no room for the bytes and the special tokens raises ValueError; one that has just enough gives
    no merges. Errors of split_special and count_words pass through. Nothing given is changed, and nothing is remembered
    from one call to the next.

    Cost: a merge may look at the words that hold its pair, and at each different pair once (to find the most frequent),
    but not at all words. A word that occurs a thousand times costs no more work than one that occurs once.

    >>> with open("corpus.txt", "wb") as file:
    ...     _ = file.write(b"low low low lower lower<|end|>newer")
    >>> vocab, merges = train_bpe("corpus.txt", 260, ["<|end|>"])
    >>> merges
    [(b'o', b'w'), (b'l', b'ow'), (b' ', b'low')]
    >>> vocab[108], vocab[256], vocab[258], vocab[259]
    (b'l', b'ow', b' low', b'<|end|>')
    """
    raise NotImplementedError("train_bpe")
