"""1.7 Vocabulary trade-offs: what a tokenizer does to a text, in numbers, and how large a vocabulary should be.

Write the functions in the order they stand here. A tokenizer is any object with `encode(text) -> list[int]`; a byte is
a byte of the text's UTF-8. Wherever something is asked of nothing (a text without bytes, words or tokens), there is no
answer: ValueError.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from minillm.tokenizer.bpe_train import split_special  # noqa: F401 - of use in compression_ratio


def compression_ratio(tok: Any, text: str, special_tokens: Iterable[str] = ()) -> float:
    """Return the number of bytes of the text for each token of it.

    The text is cut at its special tokens, as your `split_special` of step 1.4 cuts it. They count neither as bytes nor
    as tokens: a marker of 13 bytes that is one token says nothing about the text. Each part is encoded for itself.

    No bytes outside of the special tokens, or no tokens for them: ValueError. So is an empty special token.

    >>> class Letters:
    ...     def encode(self, text):
    ...         return [ord(character) for character in text]
    >>> compression_ratio(Letters(), "für")
    1.3333333333333333
    >>> compression_ratio(Letters(), "für<|end|>für", special_tokens=["<|end|>"])
    1.3333333333333333
    """
    raise NotImplementedError("compression_ratio")


def tokens_per_word(tok: Any, text: str) -> float:
    """Return the number of tokens of the whole text for each word of it.

    A word is what stands between white space, as `text.split()` finds it. The tokens are those of the text as it is,
    encoded in one piece: those of its white space are among them.

    No word: ValueError.

    >>> class Letters:
    ...     def encode(self, text):
    ...         return [ord(character) for character in text]
    >>> tokens_per_word(Letters(), "so it is")
    2.6666666666666665
    """
    raise NotImplementedError("tokens_per_word")


def fertility_by_script(tok: Any, text: str) -> dict[str, float]:
    """Return, for each script in the text, the number of tokens for each letter.

    A letter is a character whose `unicodedata.category` begins with L; its script is the first word of its
    `unicodedata.name` ("LATIN", "CYRILLIC", "CJK"). Everything else, such as spaces, digits and marks, has no script
    and is not counted. Letters of one script that stand side by side are a run. Each run is encoded for itself, as it
    stands; a script's number is the tokens of all its runs together, divided by their letters.

    Without letters the dict is empty. The order of the dict is free.

    >>> class Bytes:
    ...     def encode(self, text):
    ...         return list(text.encode("utf-8"))
    >>> fertility_by_script(Bytes(), "mir, мир; 2 日本!")
    {'LATIN': 1.0, 'CYRILLIC': 2.0, 'CJK': 3.0}
    """
    raise NotImplementedError("fertility_by_script")


def oov_rate(tok: Any, text: str) -> float:
    """Return the share of the text's tokens that stand for "unknown": those equal to `tok.unk_id`.

    A tokenizer without an `unk_id`, or with None there, knows everything: 0.0. No tokens: ValueError in any case.

    >>> class Words:
    ...     unk_id = 0
    ...     def encode(self, text):
    ...         return [{"the": 1, "cat": 2}.get(word, 0) for word in text.split()]
    >>> oov_rate(Words(), "the dog saw the cat")
    0.4
    """
    raise NotImplementedError("oov_rate")


def bits_per_byte(loss_nats: float, n_tokens: int, n_bytes: int) -> float:
    """Return a model's loss in bits for each byte of text, whatever its tokenizer.

    loss_nats: the mean loss of a token (a mean negative log-likelihood), in nats. n_tokens: of how many tokens it is
    the mean. n_bytes: how many bytes of text these tokens are.

    An infinite loss gives infinity. n_tokens or n_bytes below 1, and a loss that is negative or NaN, raise ValueError.

    >>> round(bits_per_byte(2.772588722239781, n_tokens=100, n_bytes=400), 12)
    1.0
    """
    raise NotImplementedError("bits_per_byte")


def embedding_params(V: int, d: int, tied: bool) -> int:
    """Return the number of parameters that depend on the vocabulary.

    There is one row of d numbers for each of V tokens at the input, and again at the output. Tied: both ends are one
    matrix, counted once. There are no biases.

    V or d below 1 raises ValueError. The result is exact, an int.

    >>> embedding_params(1000, 64, tied=True), embedding_params(1000, 64, tied=False)
    (64000, 128000)
    """
    raise NotImplementedError("embedding_params")


def flops_per_byte(V: int, d: int, body_params: int, ratio: float) -> float:
    """Return the floating-point operations that a forward pass takes for each byte of text.

    A token takes 2 operations (multiply, add) for each parameter that it is multiplied with: those of the body, and the
    V · d of the output, tied or not. At the input a row is looked up, which takes none. `ratio` is the number of bytes
    for each token.

    V or d below 1, body_params below 0, and a ratio that is not greater than 0 raise ValueError.

    >>> flops_per_byte(1000, 64, body_params=36_000, ratio=4.0)
    50000.0
    """
    raise NotImplementedError("flops_per_byte")


def choose_vocab(
    candidates: Mapping[int, float],
    d: int,
    body_params: int,
    tied: bool = True,
    max_embedding_params: int | None = None,
    id_bits: int = 16,
) -> int:
    """Return the vocabulary size that takes the fewest floating-point operations for each byte of text.

    candidates: vocabulary size V to compression ratio, in any order. One is out if its greatest id, V - 1, does not fit
    into id_bits bits without a sign, or if its embedding_params are more than max_embedding_params (None: no limit). Of
    the others the one with the smallest flops_per_byte is returned, and of two equal ones the smaller V.

    None left, or none to begin with: ValueError. The errors of embedding_params and flops_per_byte pass through, also
    if the candidate that raises is out. `candidates` is not changed.

    >>> choose_vocab({256: 1.0, 4096: 3.0, 32768: 4.0, 131072: 4.5}, d=512, body_params=20_000_000)
    4096
    >>> choose_vocab({256: 1.0, 4096: 3.0, 32768: 4.0, 131072: 4.5}, d=512, body_params=400_000_000)
    32768
    """
    raise NotImplementedError("choose_vocab")
