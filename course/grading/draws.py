"""How hypothesis draws inputs here: the same everywhere, and as quickly as it can.

Names that are not public are changed while a grader runs, where this version of hypothesis has them.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator

import hypothesis.control
import hypothesis.core
from hypothesis.internal.conjecture import providers
from hypothesis.strategies._internal import core as strategies

_NOTHING = contextlib.nullcontext()


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
    """
    constants = copy.deepcopy(getattr(providers, "_local_constants", None))
    changed = [
        (providers, "_get_local_constants", lambda: constants),
        (hypothesis.core, "deterministic_PRNG", _nothing),
        (hypothesis.control, "deprecate_random_in_strategy", _nothing),
        (strategies, "deprecate_random_in_strategy", _nothing),
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
