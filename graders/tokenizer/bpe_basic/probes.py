"""What the grader of 1.2 runs beside the learner's code: a tokenizer cannot cross the boundary, what it returns can."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from course.grading.probes import counting_lines, find_function

ATTRIBUTES = ("merges", "vocab")


def session(module: ModuleType, *steps: tuple[Any, ...]) -> list[Any]:
    """Make a tokenizer and do one thing after another with it; return what each gives, save the trainings.

    A step is ("train", text, vocab_size), ("encode", text) or ("decode", ids), a method and its arguments; or
    ("merges",) or ("vocab",), an attribute, which may be a property; ("vocab", 256) leaves the ids below 256 out.
    """
    tokenizer = _new(module)
    given = [_step(module, tokenizer, *step) for step in steps]
    return [value for value, step in zip(given, steps, strict=True) if step[0] != "train"]


def side_by_side(module: ModuleType, first: tuple[str, int], second: tuple[str, int], *steps: tuple[Any, ...]) -> Any:
    """Train one tokenizer, then another; return what the steps give with the first, and with a third, untrained."""
    one, other = _new(module), _new(module)
    _step(module, one, "train", *first)
    _step(module, other, "train", *second)
    third = _new(module)
    return [[_step(module, tokenizer, *step) for step in steps] for tokenizer in (one, third)]


def talk(module: ModuleType, text: str, vocab_size: int, *verbose: bool) -> dict[str, Any]:
    """Train; say whether anything was printed (what it says is a matter of style), and return the merges."""
    tokenizer, printed = _new(module), io.StringIO()
    with contextlib.redirect_stdout(printed):
        _step(module, tokenizer, "train", text, vocab_size, *verbose)
    return {"printed": bool(printed.getvalue().strip()), "merges": _step(module, tokenizer, "merges")}


def adds_to(module: ModuleType, ids: Any, counts: dict[Any, int]) -> dict[str, Any]:
    """Call get_stats with a dict to add to; return both dicts, and whether they are one and the same."""
    returned = find_function(module, "get_stats")(ids, counts)
    return {"returned": returned, "counts": counts, "same": returned is counts}


def stats_of_two(module: ModuleType, one: Any, other: Any) -> tuple[Any, Any]:
    """Call get_stats for two rows; only then look at what it returned."""
    get_stats = find_function(module, "get_stats")
    return get_stats(one), get_stats(other)


def merge_keeps(module: ModuleType, ids: Any, pair: tuple[int, int], idx: int) -> dict[str, Any]:
    """Call merge; return its result and the ids afterwards, and whether they are one and the same object."""
    result = find_function(module, "merge")(ids, pair, idx)
    return {"result": result, "ids": ids, "same": result is ids}


def lines_exceed(module: ModuleType, most: int, name: str, *args: Any) -> bool:
    """Whether a call runs more than `most` lines of the learner's package; how many is a matter of style."""
    return counting_lines(lambda: find_function(module, name)(*args))[1] > most


def _new(module: ModuleType) -> Any:
    return find_function(module, "BasicTokenizer")()


def _step(module: ModuleType, tokenizer: Any, name: str, *args: Any) -> Any:
    if name not in ATTRIBUTES:
        find_function(module, f"BasicTokenizer.{name}")  # says that it is missing, if it is
        return getattr(tokenizer, name)(*args)
    found = getattr(tokenizer, name, None)
    if not isinstance(found, Mapping):
        return found
    return {key: value for key, value in found.items() if not args or key not in range(args[0])}
