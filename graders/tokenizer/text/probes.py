"""What the grader of 1.1 runs beside the learner's code: a tokenizer cannot cross the boundary, what it returns can."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from course.grading.probes import find_function

REFUSALS = {kind.__name__: kind for kind in (ValueError, KeyError, IndexError, TypeError)}


def byte_tokenizer(module: ModuleType, name: str, *args: Any) -> Any:
    """Make a ByteTokenizer; return its attribute, or what its method answers to one argument."""
    found = getattr(find_function(module, "ByteTokenizer")(), name)
    return found(*args) if args else found


def word_tokenizer(module: ModuleType, build: tuple[Any, ...], steps: list[tuple[Any, ...]], once: bool = False) -> Any:
    """Build a WordTokenizer; return what each step gives: ("vocab",) an attribute, ("encode", text) a method.

    once: the texts come as an iterator, which can be read only once.
    """
    texts, *rest = build
    tokenizer = _build(module, iter(texts) if once else texts, *rest)
    return [_step(tokenizer, *step) for step in steps]


def _build(module: ModuleType, *args: Any) -> Any:
    return find_function(module, "WordTokenizer.build")(*args)


def _step(tokenizer: Any, name: str, *args: Any) -> Any:
    found = getattr(tokenizer, name)
    if args:
        return found(*args)
    return dict(found) if isinstance(found, Mapping) else found


def two_tokenizers(module: ModuleType, first: tuple[Any, ...], second: tuple[Any, ...], text: str) -> Any:
    """Build one tokenizer, then another; return what the first knows before and afterwards."""
    one = _build(module, *first)
    steps = (("vocab",), ("encode", text))
    before = [_step(one, *step) for step in steps]
    _build(module, *second)
    return before, [_step(one, *step) for step in steps]


def lists_afterwards(module: ModuleType, texts: list[str], vocab_size: int, ids: Any) -> tuple[str, str]:
    """Build and decode; return the text, and which of the two arguments is another than before ("" for none)."""
    given_texts, given_ids = list(texts), type(ids)(ids)
    text = _build(module, given_texts, vocab_size).decode(given_ids)
    return text, "texts" if given_texts != texts else "ids" if given_ids != ids else ""


def refusal(module: ModuleType, kinds: list[str], name: str, *args: Any, build: tuple[Any, ...] = ()) -> dict[str, Any]:
    """Call a function, or a method of a fresh tokenizer; was an error of these kinds raised, or what was returned?

    Any other error goes its way. Which of the kinds it was is not said: that is a matter of style.
    """
    if build:
        function = getattr(_build(module, *build), name)
    elif name.startswith("ByteTokenizer."):
        function = getattr(find_function(module, "ByteTokenizer")(), name.partition(".")[2])
    else:
        function = find_function(module, name)
    try:
        value = function(*args)
    except tuple(REFUSALS[kind] for kind in kinds):
        return {"raised": True}
    return {"raised": False, "returned": value if isinstance(value, str | list | bytes) else type(value).__name__}


def reads_one_at_a_time(module: ModuleType, count: int, most: int) -> bool:
    """Build from `count` texts of 40,000 characters that are made while they are read; did it take more than `most`?"""

    def texts() -> Iterator[str]:
        for number in range(count):
            yield " ".join(chr(0x61 + (number + k) % 8) * 999 for k in range(40))

    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        _build(module, texts(), 100)
        return tracemalloc.get_traced_memory()[1] - base > most
    finally:
        tracemalloc.stop()


def compares_too_often(module: ModuleType, call: str, different: int, most: int) -> bool:
    """Build from, or encode, a text with every one of `different` words twice; were words compared more than `most`?

    No count is returned: how many comparisons there are is a matter of style.
    """
    compared = 0

    class Word(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)  # type: ignore[return-value]

        __hash__ = str.__hash__

    class Text(str):
        __slots__ = ()

        def split(self, *args: Any, **kwargs: Any) -> list[str]:
            return [Word(word) for word in str.split(self, *args, **kwargs)]

    names = [f"w{number * 7919 % 10007:05}" for number in range(different)]
    text = Text(" ".join(names + names[::-1]))
    tokenizer = _build(module, [text], different + 1)
    if call == "encode":
        compared = 0
        tokenizer.encode(text)
    return compared > most
