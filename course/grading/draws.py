"""How hypothesis draws inputs here: the same everywhere, and as quickly as it can.

Names that are not public are changed while a grader runs, where this version of hypothesis has them.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import hypothesis.control
import hypothesis.core
import hypothesis.strategies
from hypothesis.internal.conjecture import providers
from hypothesis.strategies._internal import core as strategies

_NOTHING = contextlib.nullcontext()

# As they are before anything was drawn in this process: a judge has drawn nothing else, a run of tests has.
_CONSTANTS = copy.deepcopy(getattr(providers, "_local_constants", None))
# Which of them suit which strategy.
_SUITING = type(providers.CONSTANTS_CACHE)(1024) if hasattr(providers, "CONSTANTS_CACHE") else None


def _nothing(*_: object) -> contextlib.nullcontext[None]:
    return _NOTHING


@contextlib.contextmanager
def drawn_alike() -> Iterator[None]:
    """Keep hypothesis from what makes inputs differ from place to place, and from what graders do not need.

    - Newer versions mix constants of whatever modules are loaded into what they draw (and cache them in a folder of the
      current directory): the same seed would give other inputs in `course check --all` than in `course check`, and in
      the wheel than in a clone.
    - The global random numbers of Python and NumPy are seeded and restored around each example, and looked at around
      each draw: a third of what an example costs. Graders draw from generators of their own (`course dev check` says
      so), and the learner's are in another process.
    - A composite strategy that makes the parts it draws from makes them at each draw, and hypothesis looks at every new
      one at length. Equal parts are made once.
    """
    changed = [
        (providers, "_get_local_constants", lambda: _CONSTANTS),
        (providers, "CONSTANTS_CACHE", _SUITING),
        (hypothesis.core, "deterministic_PRNG", _nothing),
        (hypothesis.control, "deprecate_random_in_strategy", _nothing),
        (strategies, "deprecate_random_in_strategy", _nothing),
        *((hypothesis.strategies, name, _made_once(getattr(hypothesis.strategies, name))) for name in _PARTS),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in changed if hasattr(module, name)]
    for module, name, ours in changed:
        if hasattr(module, name):
            setattr(module, name, ours)
    try:
        yield
    finally:
        for module, name, theirs in before:
            setattr(module, name, theirs)


_PARTS = ("sampled_from", "lists", "tuples", "text", "binary")
# No grader makes nearly as many.
_MOST = 4096
_PLAIN = (int, str, bytes, bool, type(None), type, FunctionType, hypothesis.strategies.SearchStrategy)


def _made_once(make: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[Any, Any] = {}

    @functools.wraps(make)
    def strategy(*args: Any, **kwargs: Any) -> Any:
        try:
            key = _key((args, tuple(sorted(kwargs.items()))))
        except TypeError:
            return make(*args, **kwargs)
        if key not in made:
            if len(made) >= _MOST:
                made.clear()
            made[key] = make(*args, **kwargs)
        return made[key]

    return strategy


def _key(value: Any) -> Any:
    """What two arguments must share to mean the same; raise `TypeError` where that cannot be told."""
    if isinstance(value, tuple | list):
        return type(value), tuple(map(_key, value))
    if type(value) is float:
        return float, value.hex()  # 0.0 and −0.0 are equal
    if isinstance(value, _PLAIN):
        return type(value), value
    raise TypeError(type(value))
