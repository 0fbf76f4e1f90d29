"""What the grader of 1.3 runs beside the learner's code: iterators, which cannot cross the boundary, and costs.

Costs come back as yes or no: the counts are a matter of style, and two versions of one bug should give one answer.
"""

from __future__ import annotations

import itertools
import sys
import tracemalloc
from types import ModuleType
from typing import Any

from course.grading.probes import counting_lines, find_function

# A version that never ends should not fill the memory before its time is up.
ENOUGH = 10_000


def walk(module: ModuleType, text: str) -> dict[str, Any]:
    """Walk over iter_pretokens(text) with next, to the end and one step further."""
    pieces = find_function(module, "iter_pretokens")(text)
    if not hasattr(pieces, "__next__"):
        return {"type": type(pieces).__name__}
    same = iter(pieces) is pieces
    return {"type": "", "same": same, "pieces": list(itertools.islice(pieces, ENOUGH)), "after": next(pieces, None)}


def taking_turns(module: ModuleType, texts: list[str]) -> list[list[str]]:
    """Walk over several texts at once, one piece of each in turn; return the pieces of each."""
    walks = [iter(find_function(module, "iter_pretokens")(text)) for text in texts]
    found: list[list[str]] = [[] for _ in texts]
    for _ in range(ENOUGH):
        ended = 0
        for pieces, mine in zip(walks, found, strict=True):
            piece = next(pieces, None)
            if piece is None:
                ended += 1
            else:
                mine.append(piece)
        if ended == len(walks):
            break
    return found


def after_clearing(module: ModuleType, text: str) -> Any:
    """Split a text, empty the list that came, and split the text again."""
    split = find_function(module, "pretokenize")
    first = split(text)
    if isinstance(first, list):
        first.clear()
    return split(text)


def recursion(module: ModuleType, text: str) -> dict[str, Any]:
    """Split a text of very many pieces; how many came, and was Python's recursion limit met or moved?"""
    limit = sys.getrecursionlimit()
    try:
        count = len(find_function(module, "pretokenize")(text))
        met = False
    except RecursionError:
        count, met = 0, True
    moved = sys.getrecursionlimit() != limit
    sys.setrecursionlimit(limit)
    return {"pieces": count, "met": met, "moved": moved}


class _Weighed(str):
    """A text that notes how many characters its slices copy, and theirs: what C does, the lines of code don't show."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        if not isinstance(key, slice):
            return part
        _Weighed.copied += len(part)
        return _Weighed(part)


def work_grows(module: ModuleType, name: str, text: str, times: int) -> dict[str, bool]:
    """Split a text, then one `times` as long; do lines run and characters copied grow faster than the text?"""
    split = _warm(module, name, text)
    few, many = (_work(split, text * factor) for factor in (1, times))
    return {"faster than the text": many > 2 * times * few + 200}


def _work(split: Any, text: str) -> int:
    _Weighed.copied = 0
    _, lines = counting_lines(lambda: _consume(split(_Weighed(text))))
    return lines + _Weighed.copied


def first_piece(module: ModuleType, text: str, times: int) -> dict[str, Any]:
    """Ask for one piece of a text, then of one `times` as long; does that take more lines of code?"""
    split = _warm(module, "iter_pretokens", text)
    piece, few = counting_lines(lambda: next(iter(split(text))))
    _, many = counting_lines(lambda: next(iter(split(text * times))))
    return {"piece": piece, "grows": many > 2 * few + 200}


def memory_ahead(module: ModuleType, text: str, times: int) -> dict[str, bool]:
    """Ask for a few pieces of a text, then of one `times` as long; does the most memory held grow with the text?"""
    split = _warm(module, "iter_pretokens", text)
    few, many = (_peak(split, text * factor) for factor in (1, times))
    return {"grows": many > 2 * few + 4_000}


def memory_behind(module: ModuleType, text: str, most: int) -> dict[str, bool]:
    """Walk over a text and drop every piece at once; are more than `most` blocks of memory held before the end?"""
    split = _warm(module, "iter_pretokens", text)
    pieces = iter(split(text))
    before = sys.getallocatedblocks()
    for piece in pieces:
        if piece == "END":
            break
    return {"kept": sys.getallocatedblocks() - before > most}


def _warm(module: ModuleType, name: str, text: str) -> Any:
    """Have a version make what it makes once and keeps, such as the kinds of characters, without showing it `text`."""
    split = find_function(module, name)
    _consume(split(text[1:100]))
    return split


def _peak(split: Any, text: str) -> int:
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        pieces = iter(split(text))
        _consume(itertools.islice(pieces, 20))
        return tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()


def _consume(pieces: Any) -> None:
    for _ in pieces:
        pass
