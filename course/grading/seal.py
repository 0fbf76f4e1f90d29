"""Notice that what a learner's code could reach of the engine, of Python or of a library has been replaced.

A probe brings back what it sees in the learner's process; whoever replaces `enumerate`, NumPy's `array_equal` or the
probe itself could make it see something else. The names a module or class held before the first line of the learner's
ran are noted here and compared afterwards, object by object.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

# Python notes in a module's own names which warnings it has shown.
_GROWS = "__warningregistry__"
Space = tuple[str, Mapping[str, Any]]


def spaces_of(module: ModuleType) -> list[Space]:
    """The names of a module of ours, of its classes, and what its tables hold."""
    found: list[Space] = [(module.__name__, vars(module))]
    if module.__name__.startswith("_probes_"):
        return found  # a grader's probe may count in a class or a table of its own
    for name, held in vars(module).items():
        if isinstance(held, type) and held.__module__ == module.__name__:
            found.append((f"{module.__name__}.{name}", vars(held)))
        elif type(held) is dict and not name.startswith("__"):
            found.append((f"{module.__name__}.{name}", held))
    return found


def used_by(modules: Iterable[ModuleType], also: Iterable[str], loaded: Mapping[str, ModuleType]) -> list[Space]:
    """The modules that these import, and others by name; not sys, which has names that a learner's code may set."""
    found = [held for module in modules for held in vars(module).values() if isinstance(held, ModuleType)]
    found += [loaded[name] for name in also if name in loaded]
    return [(module.__name__, vars(module)) for module in dict.fromkeys(found) if module.__name__ != "sys"]


# torch.set_default_dtype gives it another meaning, and a learner's code may do that.
_MOVES = ("Storage",)


def seal(spaces: Iterable[Space], *, grows: bool) -> Callable[[], str]:
    """Note these names; return a function that says which of them means something else by now, or "".

    With `grows` new names are fine, and so is a meaning for a name that had none: `tempfile.tempdir` is None until
    needed. What the function needs it has in hand: nobody can replace it any more.
    """
    noted = []
    for name, space in spaces:
        kept = {key: value for key, value in space.items() if not grows or (value is not None and key not in _MOVES)}
        noted.append((name, space, space.get, tuple(kept), tuple(kept.values())))
    every, through, same, length = all, map, operator.is_, len

    def broken() -> str:
        for name, space, get, keys, values in noted:
            if not every(through(same, through(get, keys), values)):
                for key, value in zip(keys, values, strict=True):
                    if get(key) is not value:
                        return f"{name}.{key}"
                return name
            if not grows and length(space) != length(keys):
                for key in space:
                    if key not in keys and key != _GROWS:
                        return f"{name}.{key}"
        return ""

    return broken
