"""What the grader of 1.4 runs beside the learner's code: it lays the corpus in the scratch folder and calls."""

from __future__ import annotations

import locale
import pathlib
from types import ModuleType
from typing import Any

from course.grading.probes import counting_lines, find_function

CORPUS = "corpus.txt"


def _write(data: bytes, path: str = CORPUS) -> str:
    pathlib.Path(path).write_bytes(data)
    return path


def count(module: ModuleType, data: bytes, specials: list[str]) -> Any:
    """What count_words makes of a file; a Counter is as good as a dict."""
    counted = find_function(module, "count_words")(_write(data), specials)
    return dict(counted) if isinstance(counted, dict) else counted


def count_elsewhere(module: ModuleType, data: bytes, specials: list[str]) -> Any:
    """The same on a computer that would not open a file as UTF-8 (without effect in Python's UTF-8 mode)."""
    usual = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        return count(module, data, specials)
    finally:
        locale.setlocale(locale.LC_CTYPE, usual)


def train(module: ModuleType, data: bytes, vocab_size: int, specials: list[str], **kw: Any) -> Any:
    """What train_bpe makes of a file."""
    return find_function(module, "train_bpe")(_write(data), vocab_size, specials, **kw)


def from_path(module: ModuleType, data: bytes, specials: list[str], vocab_size: int) -> Any:
    """Both functions with a pathlib.Path of another name; the file's bytes afterwards."""
    path = pathlib.Path(_write(data, "another name.txt"))
    counted = find_function(module, "count_words")(path, specials)
    trained = find_function(module, "train_bpe")(path, vocab_size, specials)
    return dict(counted) if isinstance(counted, dict) else counted, trained, path.read_bytes()


def merge_lines_exceed(module: ModuleType, data: bytes, first: int, last: int, most: list[int]) -> list[bool]:
    """Whether the merges between two vocabulary sizes ran more than `most` lines of the learner's package.

    Reading and splitting the file costs the same in both runs, so it falls out of the difference. The count itself is a
    matter of style and stays here.
    """
    merging = _lines(module, data, last) - _lines(module, data, first)
    return [merging > limit for limit in most]


def repeats_cost(module: ModuleType, once: bytes, often: bytes, first: int, last: int) -> bool:
    """Whether merging costs more than twice as many lines when every word of a text occurs more often."""
    rare = _lines(module, once, last) - _lines(module, once, first)
    frequent = _lines(module, often, last) - _lines(module, often, first)
    return frequent > 2 * rare


def _lines(module: ModuleType, data: bytes, vocab_size: int) -> int:
    train_bpe, path = find_function(module, "train_bpe"), _write(data)
    return counting_lines(lambda: train_bpe(path, vocab_size, []))[1]
