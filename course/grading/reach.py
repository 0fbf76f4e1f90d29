"""Which functions of the reference a version changes, and which of them an example reaches.

A known mistake changes a function or two, and most examples call a few. An example that reaches none of those that a
version changes is answered by it as by the reference: the version need not be run.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from course.grading.codes import differ, functions

# Paths of functions, "Tensor.backward"; None is all there may be.
Functions = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Reached:
    """What the reference did on one example: what came out, which functions it reached, the seconds it computed."""

    outcome: bool | None
    functions: Functions
    seconds: float

    def tells_nothing_of(self, changed: Functions) -> bool:
        return changed is not None and self.functions is not None and not changed & self.functions


class Reach:
    """The functions of the reference, from its module and the code that made it."""

    def __init__(self, module: ModuleType, code: CodeType) -> None:
        self._code = code
        self._codes = dict(functions(code))
        self._paths = {id(one): path for path, one in self._codes.items()}
        # What stands behind a decorator may be remembered, and not called again: it counts as reached, always.
        plain = {id(one) for one in _plain_codes(module)}
        self._always = {path for path, one in self._codes.items() if self._is_named(path) and id(one) not in plain}
        # And a dict that looks up what it lacks will not lack it again.
        self._always |= {path for path in self._codes if path.endswith(".__missing__")}

    def _is_named(self, path: str) -> bool:
        """Whether it is a function of the module or a method: what stands in functions is reached through them."""
        owner, _, name = path.rpartition(".")
        return owner not in self._codes and "." not in owner and not name.startswith("<")

    def changed(self, code: CodeType) -> Functions:
        """The functions in which another version of the module differs."""
        found: set[str] = set()
        return frozenset(found) if differ(self._code, code, "", found) else None

    def run(self, work: Callable[[], bool | None]) -> Reached:
        """Do the work, on the reference, and note which functions it reaches."""
        called: set[int] = set()
        starts_a_thread, in_threads = threading.Thread.start.__code__, False

        def note(frame: FrameType, _event: str, _argument: Any) -> None:
            nonlocal in_threads
            called.add(id(frame.f_code))
            in_threads = in_threads or frame.f_code is starts_a_thread

        began = time.process_time()
        sys.settrace(note)  # calls alone: it traces no line
        try:
            outcome = work()
            seen = sys.gettrace() is note  # a probe that counts lines puts its own in its place
        finally:
            sys.settrace(None)
        seconds = time.process_time() - began
        if outcome is None or in_threads or not seen:
            return Reached(outcome, None, seconds)
        return Reached(outcome, self._all_that({self._paths[one] for one in called & self._paths.keys()}), seconds)

    def _all_that(self, called: set[str]) -> frozenset[str]:
        """What was called, and what that names: one result may have been kept since an earlier example."""
        found, todo = set(), [*called, *self._always]
        while todo:
            path = todo.pop()
            if path in found:
                continue
            found.add(path)
            names = set(self._codes[path].co_names)
            todo += [one for one in self._codes if names & set(one.split(".")) or one.startswith(f"{path}.")]
        return frozenset(found)


def _plain_codes(module: ModuleType) -> Iterator[CodeType]:
    """The codes of the functions and methods that stand in a module as they were written."""
    for held in list(vars(module).values()):
        for one in vars(held).values() if isinstance(held, type) and held.__module__ == module.__name__ else [held]:
            function = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
            if isinstance(function, FunctionType):
                yield function.__code__
