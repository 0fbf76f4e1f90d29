"""What the grader of 1.7 runs beside the learner's code: tokenizers of its own, described by plain data."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from course.grading.probes import find_function


class Pieces:
    """A tokenizer made of merges: the earliest merge that applies anywhere is made first. It notes what it is given."""

    def __init__(self, merges: Iterable[tuple[bytes, bytes]]) -> None:
        self.merges, self.given = list(merges), []  # type: ignore[var-annotated]

    def encode(self, text: str) -> list[int]:
        self.given.append(text)
        tokens = [bytes([byte]) for byte in text.encode("utf-8")]
        for left, right in self.merges:
            tokens = joined(tokens, left, right)
        return [int.from_bytes(token, "big") for token in tokens]


def joined(tokens: list[bytes], left: bytes, right: bytes) -> list[bytes]:
    """The tokens with each occurrence of a pair made one, from left to right."""
    after: list[bytes] = []
    was_left = False  # the last token is one that a pair may begin with
    for token in tokens:
        if was_left and token == right:
            after[-1] += token
            was_left = False
        else:
            after.append(token)
            was_left = token == left
    return after


class Letters(Pieces):
    """One id for each character."""

    def __init__(self) -> None:
        super().__init__(())

    def encode(self, text: str) -> list[int]:
        self.given.append(text)
        return [ord(character) for character in text]


class Words(Letters):
    """One id for each word that it knows; `unk_id` for the others. White space is no token."""

    def __init__(self, known: dict[str, int], unk_id: int | None) -> None:
        super().__init__()
        self.known, self.unk_id = known, unk_id

    def encode(self, text: str) -> list[int]:
        self.given.append(text)
        return [self.known.get(word, self.unk_id or 0) for word in text.split()]


class Characters(Words):
    """One id for each character that it knows; `unk_id` for the others."""

    def encode(self, text: str) -> list[int]:
        self.given.append(text)
        return [self.known.get(character, self.unk_id or 0) for character in text]


class Marked(Letters):
    """One id for each character, and one in front of every text: the empty one, too."""

    def encode(self, text: str) -> list[int]:
        return [1, *super().encode(text)]


def tokenizer(kind: Any) -> Pieces:
    """A list of merges, "letters", "marked", ("words", {word: id}, unk_id) or ("characters", {…}, unk_id)."""
    if isinstance(kind, str):
        return {"letters": Letters, "marked": Marked}[kind]()
    if isinstance(kind, tuple):
        return {"words": Words, "characters": Characters}[kind[0]](kind[1], kind[2])
    return Pieces(kind)


def ask(module: ModuleType, name: str, kind: Any, text: str, **kw: Any) -> Any:
    """What a function of a tokenizer and a text returns."""
    return find_function(module, name)(tokenizer(kind), text, **kw)


def ask_plain(module: ModuleType, kind: Any, text: str) -> Any:
    """The OOV rate of a tokenizer that has no attribute `unk_id` at all."""
    tok = tokenizer(kind)
    assert not hasattr(tok, "unk_id")
    return find_function(module, "oov_rate")(tok, text)


def given(module: ModuleType, name: str, kind: Any, text: str, **kw: Any) -> Any:
    """What the tokenizer was given to encode: each text once, sorted, the empty text left out."""
    tok = tokenizer(kind)
    find_function(module, name)(tok, text, **kw)
    return sorted({text for text in tok.given if text})


def ratios(module: ModuleType, merges: list[tuple[bytes, bytes]], sizes: list[int], text: str) -> list[Any]:
    """The compression ratios of one text under vocabularies of growing size: the first merges only."""
    return [find_function(module, "compression_ratio")(Pieces(merges[: size - 256]), text) for size in sizes]
