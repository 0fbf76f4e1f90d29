"""Put one function of ours into the learner's module: if all that failed comes out right then, the bug is in it.

A bug's consequences depend on the code around it: a slope that four functions share fails four claims in one file and
one in another, and replay on the reference knows neither. Here all but one function is the learner's own. With the
function of a known mistake in its place, the module must answer every example as the learner's code did.

It runs beside the learner's code, in its process. A verdict is made by then; nothing here can change it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import CodeType, FunctionType, ModuleType
from typing import Any

from course.grading.comparison import Comparison, Recorded, received
from course.grading.replay import Versions, module_of
from course.grading.source import Source
from course.grading.trial import Trial


def search(
    versions: Versions,
    source: str,
    reference: str,
    mistakes: list[list[tuple[str, str]]],
    aside: list[str],
    any_order: list[str],
    *examples: Any,
) -> dict[str, Any]:
    """Where in the learner's source the bug is, and which mistakes (by place) give the same answers when put there.

    "functions" is empty where no function, or more than one, rights all that failed; two where a forward and its
    backward do so together: what one hands the other is their own affair. Examples come the quickest first.
    """
    versions.trial.comparison = Comparison(frozenset(aside), frozenset(any_order))
    told = [received(one) for one in examples]
    found = _Transplants(versions.name, versions.trial, source, reference)
    place = found.place([one for one in told if one.failed])
    fits = [at for at, edits in enumerate(mistakes) if place and found.fits(place, edits, told)]
    return {"functions": list(place), "fits": fits}


class _Transplants:
    def __init__(self, name: str, trial: Trial, source: str, reference: str) -> None:
        self._name, self._trial = name, trial
        self._code = compile(source, f"<{name}>", "exec", dont_inherit=True)
        self._reference = Source(reference, f"<{name}>")

    def place(self, failed: Sequence[Recorded]) -> tuple[str, ...]:
        """The functions that right every failing example when the reference's stand there instead."""
        right = module_of(self._reference.code, self._name)
        wanted = [_with_kin(own) for one in failed if (own := self._trial.own(right, one)) is not None]
        if not wanted or len(wanted) < len(failed):
            return ()
        groups = self._groups(right)
        for size in (1, 2):
            tried = (one for one in groups if len(one) == size and self._answers(one, right, wanted))
            if found := list(itertools.islice(tried, 2)):
                return found[0] if len(found) == 1 else ()
        return ()

    def fits(self, place: tuple[str, ...], edits: list[tuple[str, str]], told: Sequence[Recorded]) -> bool:
        """Whether a mistake in these functions, or in helpers of ours, put into the module answers as the learner's."""
        touched = self._reference.touched(edits)
        if not touched or not all(
            any(f"{one}.".startswith(f"{path}.") for path in place) or _helps(one) for one in touched
        ):
            return False
        try:
            wrong = module_of(self._reference.edited(edits), self._name)
        except Exception:  # a wrong version may be wrong at once
            return False
        return self._answers(place, wrong, told)

    def _groups(self, right: ModuleType) -> list[tuple[str, ...]]:
        """Functions that both modules have, each alone, and each forward with its backward."""
        theirs = dict(_functions(right))
        mine: dict[FunctionType, str] = {}
        for path, function in _functions(module_of(self._code, self._name)):
            if path in theirs:
                mine.setdefault(function, path)  # it may go by a second name
        paths = list(mine.values())
        pairs = [(path, path.replace("forward", "backward")) for path in paths if "forward" in path]
        return [*((path,) for path in paths), *(pair for pair in pairs if pair[1] in paths)]

    def _answers(self, place: tuple[str, ...], donor: ModuleType, told: Sequence[Recorded]) -> bool:
        """Whether the module with the donor's functions in these places answers as it is told."""
        module = module_of(self._code, self._name)
        for path in place:
            if not _put(_at(module, path), _at(donor, path)):
                return False
        return all(self._trial.alike(module, one) for one in told)


# Whatever is raised is one of these.
_ANYTHING = {"Exception", "BaseException", "object"}


def _with_kin(example: Recorded) -> Recorded:
    """The example as right code may answer it, too: with an exception of its own that is of the same kind as ours."""
    kin = {base for reply in example.replies if reply["status"] == "raised" for base in reply["bases"]}
    return replace(example, accepts=[*example.accepts, *sorted(kin - _ANYTHING)])


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """The public functions of a module and all methods of its classes, where they were written."""
    for name, one in list(vars(module).items()):
        if isinstance(one, type) and one.__module__ == module.__name__:
            yield from ((f"{name}.{each}", plain) for each, it in vars(one).items() if (plain := _plain(it)))
        elif (plain := _plain(one)) and plain.__module__ == module.__name__ and not name.startswith("_"):
            yield name, plain


def _plain(value: object) -> FunctionType | None:
    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    # Not what a dataclass wrote.
    return function if isinstance(function, FunctionType) and function.__code__.co_filename != "<string>" else None


def _helps(path: str) -> bool:
    """A function of the module that is nobody's task: it comes along with those that call it."""
    return path.startswith("_")


def _at(module: ModuleType, path: str) -> FunctionType:
    owner, _, name = path.rpartition(".")
    found = _plain(vars(getattr(module, owner) if owner else module)[name])
    assert found is not None
    return found


def _put(function: FunctionType, other: FunctionType) -> bool:
    """Let a function do what another does, with the names of its own module; helpers that it lacks come along.

    In place: whoever holds the function, under whatever name, holds the new one.
    """
    if len(function.__code__.co_freevars) != len(other.__code__.co_freevars):
        return False
    function.__code__ = other.__code__
    function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__
    for name in _names(other.__code__):
        if name in other.__globals__:
            function.__globals__.setdefault(name, other.__globals__[name])
    return True


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)
