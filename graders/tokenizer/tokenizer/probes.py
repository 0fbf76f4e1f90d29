"""What the grader of 1.5 runs beside the learner's code: a tokenizer cannot cross the boundary, what it returns can.

Costs come back as yes or no: the counts are a matter of style.
"""

from __future__ import annotations

import locale
import pathlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from course.grading.probes import counting_lines, find_function

ATTRIBUTES = ("vocab", "merges")
# A vocabulary crosses as (layout, entries above the bytes, bytes left out): the 256 bytes would be most of the traffic.
LAYOUTS: dict[str, Callable[[int], int]] = {
    "plain": lambda byte: byte,
    "turned": lambda byte: (77 * byte + 13) % 256,
    "apart": lambda byte: 9000 - 3 * byte,
}
Model = tuple[str, dict[int, bytes], list[int], list[tuple[bytes, bytes]]]


def _parts(model: Model) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    layout, entries, without, merges = model
    vocab = {LAYOUTS[layout](byte): bytes([byte]) for byte in range(256) if byte not in without}
    return vocab | entries, merges


def _new(module: ModuleType, model: Model) -> Any:
    return find_function(module, "Tokenizer")(*_parts(model))


def session(module: ModuleType, model: Model, *steps: tuple[Any, ...]) -> list[Any]:
    """Make a tokenizer and do one thing after another with it; return what each gives.

    A step is a method and its arguments, such as ("encode", text), or the name of an attribute alone.
    """
    tokenizer = _new(module, model)
    return [_step(module, tokenizer, *step) for step in steps]


def _step(module: ModuleType, tokenizer: Any, name: str, *args: Any) -> Any:
    if name in ATTRIBUTES:
        found = getattr(tokenizer, name, None)
        return dict(found) if isinstance(found, dict) else found
    find_function(module, f"Tokenizer.{name}")  # says that it is missing, if it is
    return getattr(tokenizer, name)(*args)


def keeps(module: ModuleType, model: Model, text: str) -> tuple[Any, Any]:
    """What has become of the vocab and the merges that were given, after a text was encoded and decoded."""
    vocab, merges = _parts(model)
    tokenizer = find_function(module, "Tokenizer")(vocab, merges)
    _step(module, tokenizer, "decode", _step(module, tokenizer, "encode", text))
    return vocab, merges


def keeps_ids(module: ModuleType, model: Model, ids: Any) -> tuple[Any, Any]:
    """The text of some ids, and what has become of them."""
    return _step(module, _new(module, model), "decode", ids), ids


def after_spoiling(module: ModuleType, model: Model, text: str) -> Any:
    """Encode a text, spoil the list that came, and encode the text again."""
    tokenizer = _new(module, model)
    first = _step(module, tokenizer, "encode", text)
    if isinstance(first, list):
        first.append(-1)
    return _step(module, tokenizer, "encode", text)


def side_by_side(module: ModuleType, one: Model, other: Model, text: str) -> tuple[Any, ...]:
    """Make two tokenizers, let them encode the same text in turn; their answers, in the order one, other, one."""
    both = [_new(module, model) for model in (one, other)]
    return tuple(_step(module, both[place], "encode", text) for place in (0, 1, 0))


def from_files(module: ModuleType, vocab: bytes, merges: bytes, *steps: tuple[Any, ...], **how: Any) -> list[Any]:
    """Write the two files, read them with from_files, and do one thing after another with what it made.

    how: pathlib=True for paths that are no str; elsewhere=True for a computer that would not open a file as UTF-8
    (without effect in Python's UTF-8 mode); files=True to have the bytes of both files at the end as well.
    """
    paths = [pathlib.Path("vocab.json"), pathlib.Path("merges.txt")]
    for path, data in zip(paths, (vocab, merges), strict=True):
        path.write_bytes(data)
    usual = locale.setlocale(locale.LC_CTYPE)
    if how.get("elsewhere"):
        locale.setlocale(locale.LC_CTYPE, "C")
    try:
        make = find_function(module, "Tokenizer.from_files")
        tokenizer = make(*(path if how.get("pathlib") else str(path) for path in paths))
    finally:
        locale.setlocale(locale.LC_CTYPE, usual)
    given = [_step(module, tokenizer, *step) for step in steps]
    return [*given, *(path.read_bytes() for path in paths)] if how.get("files") else given


def lines_grow(module: ModuleType, model: Model, short: str, long: str, most: int) -> bool:
    """Whether encoding `long` runs more than `most` times as many lines of the learner's package as `short` does."""
    tokenizer = _new(module, model)
    few, many = (_lines(module, tokenizer, text) for text in (short, long))
    return many > most * few


def merges_cost(module: ModuleType, small: Model, large: Model, text: str) -> bool:
    """Whether a text costs more than twice as many lines with the second vocabulary as it does with the first."""
    few, many = (_lines(module, _new(module, model), text) for model in (small, large))
    return many > 2 * few


def _lines(module: ModuleType, tokenizer: Any, text: str) -> int:
    _step(module, tokenizer, "encode", "x")  # whatever is made once, at the first call
    return counting_lines(lambda: tokenizer.encode(text))[1]
