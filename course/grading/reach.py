"""Which functions of the reference a version changes, and which of them an example reaches.

A known mistake changes a function or two, and most examples call a few. An example that reaches none of those that a
version changes is answered by it as by the reference: the version need not be run.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

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
        self._codes = dict(_functions(code))
        self._paths = {id(one): path for path, one in self._codes.items()}
        # What stands behind a decorator may be remembered, and not called again: it counts as reached, always.
        plain = {id(one) for one in _plain_codes(module)}
        self._always = {path for path, one in self._codes.items() if self._is_named(path) and id(one) not in plain}

    def _is_named(self, path: str) -> bool:
        """Whether it is a function of the module or a method: what stands in functions is reached through them."""
        owner, _, name = path.rpartition(".")
        return owner not in self._codes and "." not in owner and not name.startswith("<")

    def changed(self, code: CodeType) -> Functions:
        """The functions in which another version of the module differs."""
        found: set[str] = set()
        return frozenset(found) if _differ(self._code, code, "", found) else None

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


def _functions(code: CodeType, path: str = "") -> Iterator[tuple[str, CodeType]]:
    """Every function in a code, by its path; a lambda or a comprehension is one, a class is not."""
    for name, inner in _inner(code):
        where = f"{path}.{name}" if path else name
        if _is_function(inner):
            yield where, inner
        yield from _functions(inner, where)


def _inner(code: CodeType) -> list[tuple[str, CodeType]]:
    """The codes that stand in a code, each with a name of its own."""
    found: list[tuple[str, CodeType]] = []
    for one in code.co_consts:
        if isinstance(one, CodeType):
            same = sum(name.partition("#")[0] == one.co_name for name, _ in found)
            found.append((f"{one.co_name}#{same}" if same else one.co_name, one))
    return found


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_NEWLOCALS)


def _plain_codes(module: ModuleType) -> Iterator[CodeType]:
    """The codes of the functions and methods that stand in a module as they were written."""
    for held in list(vars(module).values()):
        for one in vars(held).values() if isinstance(held, type) and held.__module__ == module.__name__ else [held]:
            function = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
            if isinstance(function, FunctionType):
                yield function.__code__


def _differ(one: CodeType, other: CodeType, path: str, found: set[str]) -> bool:
    """Note the functions in which two codes differ; False when what differs may be seen from anywhere."""
    mine, theirs = _inner(one), _inner(other)
    if _shell(one) != _shell(other):
        if not _is_function(one) or not _is_function(other) or _signature(one) != _signature(other):
            return False
        found |= {path, *(where for where, _ in _functions(one, path))}
        return True
    return all(
        _differ(a, b, f"{path}.{name}" if path else name, found) for (name, a), (_, b) in zip(mine, theirs, strict=True)
    )


def _signature(code: CodeType) -> tuple[Any, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags, code.co_varnames[:count]


def _shell(code: CodeType) -> tuple[Any, ...]:
    """All that a code does, but for the codes that stand in it, of which it has the names; lines do not count."""
    constants = [(one.co_name if isinstance(one, CodeType) else _exact(one)) for one in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return *_signature(code), code.co_code, code.co_exceptiontable, constants, names


def _exact(constant: Any) -> Any:
    """A constant that equals itself alone: 1 is not 1.0, and not True."""
    if isinstance(constant, frozenset):
        return frozenset, sorted(map(repr, map(_exact, constant)))
    return type(constant), list(map(_exact, constant)) if isinstance(constant, tuple) else repr(constant)
