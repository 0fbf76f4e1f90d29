"""Room on Python's own stack.

CPython takes its stack from the system in pieces of 16 KiB and gives each back as soon as it is left: a loop whose
calls cross the end of a piece costs two system calls each time around. Some graders spent half of their time there.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

# In words: deeper than a property goes, hypothesis included.
ROOM = 1 << 15

_Function = TypeVar("_Function")


def roomy(function: _Function) -> _Function:
    """Give a function's frame a piece of the stack that has room for all that it calls as well."""
    changed = cast(Any, function)
    changed.__code__ = changed.__code__.replace(co_stacksize=changed.__code__.co_stacksize + ROOM)
    return function
