"""Code objects: the functions that stand in one, and those in which two versions of a module differ."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType
from typing import Any


def functions(code: CodeType, path: str = "") -> Iterator[tuple[str, CodeType]]:
    """Every function in a code, by its path; a lambda or a comprehension is one, a class is not."""
    for name, inner in _inner(code):
        where = f"{path}.{name}" if path else name
        if _is_function(inner):
            yield where, inner
        yield from functions(inner, where)


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


def differ(one: CodeType, other: CodeType, path: str, found: set[str]) -> bool:
    """Note the functions in which two codes differ; False when what differs may be seen from anywhere."""
    if one is other:
        return True
    mine, theirs = _inner(one), _inner(other)
    if _shell(one) != _shell(other):
        if not _is_function(one) or not _is_function(other) or _signature(one) != _signature(other):
            return False
        found |= {path, *(where for where, _ in functions(one, path))}
        return True
    return all(
        differ(a, b, f"{path}.{name}" if path else name, found) for (name, a), (_, b) in zip(mine, theirs, strict=True)
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
