"""Known wrong versions of a step: edits of its reference, with the belief behind each and three hints.

Beside them stands what the grader leaves to the learner, where right solutions differ: `freedoms.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.content import Content
from course.curriculum import Step
from course.errors import ContentError

HINTS = 3


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong version. Either `edits` of the reference, (find, replace) each, or a whole `file` of its own."""

    name: str
    belief: str
    hints: tuple[str, ...]
    edits: tuple[tuple[str, str], ...] = ()
    file: str = ""
    same_as: str = ""

    def source(self, content: Content, step: Step) -> str:
        """The wrong version's code; raise `ContentError` when an edit does not fit the reference any more."""
        if self.file:
            return content.read(content.grader(step.key) / self.file)
        code = content.reference(step.file).read_text(encoding="utf-8")
        for find, replace in self.edits:
            if code.count(find) != 1:
                raise ContentError(
                    f"{step.key}, mistake {self.name!r}: its `find` occurs {code.count(find)} times "
                    f"in reference.py, expected once:\n{find}"
                )
            code = code.replace(find, replace)
        return code


@dataclass(frozen=True, slots=True)
class Freedoms:
    """In which answers right solutions may differ: those say nothing about a bug.

    `choice` names properties that leave one: their passing examples tell nothing. `rtol` names properties whose answers
    carry more rounding than they compare. `errors` names properties that no error fulfils: of which one wrong code
    dies depends on its style. `aside` and `any_order` name entries of a probe's answer, "probe.entry": not to be
    compared, and a list whose order is free.
    """

    choice: frozenset[str] = frozenset()
    rtol: Mapping[str, float] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    any_order: tuple[str, ...] = ()
    errors: frozenset[str] = frozenset()


def load_freedoms(path: Path) -> Freedoms:
    """Read freedoms.toml; a step without one leaves no freedom. Raise `ContentError` naming what cannot be."""
    if not path.is_file():
        return Freedoms()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"{path} cannot be read: {error}") from error
    if unknown := set(data) - {"choice", "rtol", "errors", "aside", "any_order"}:
        raise ContentError(f"{path}: unknown field {sorted(unknown)[0]!r}.")
    return Freedoms(
        frozenset(data.get("choice", ())),
        data.get("rtol", {}),
        tuple(data.get("aside", ())),
        tuple(data.get("any_order", ())),
        frozenset(data.get("errors", ())),
    )


def load_mistakes(path: Path) -> list[Mistake]:
    """Read mistakes.toml; raise `ContentError` naming the entry that is incomplete."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mistake", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ContentError(f"{path} cannot be read: {error}") from error
    found = [_mistake(entry, path) for entry in entries]
    names = [mistake.name for mistake in found]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise ContentError(f"{path}: the mistake {doubled!r} stands there twice.")
    return found


def _mistake(entry: dict[str, Any], path: Path) -> Mistake:
    name = entry.get("name", "?")
    if unknown := set(entry) - {"name", "belief", "hints", "find", "replace", "edits", "file", "same_as"}:
        raise ContentError(f"{path}, mistake {name!r}: unknown field {sorted(unknown)[0]!r}.")
    if not entry.get("belief") or len(entry.get("hints", ())) != HINTS:
        raise ContentError(f"{path}, mistake {name!r}: it needs a belief and {HINTS} hints.")
    pairs = [entry, *entry.get("edits", ())] if {"find", "replace"} & set(entry) else entry.get("edits", ())
    if any(not {"find", "replace"} <= set(pair) for pair in pairs):
        raise ContentError(f"{path}, mistake {name!r}: an edit needs both `find` and `replace`.")
    edits = [(pair["find"], pair["replace"]) for pair in pairs]
    if bool(edits) == bool(entry.get("file")):
        raise ContentError(f"{path}, mistake {name!r}: it needs either `find` and `replace` or a `file`.")
    return Mistake(
        name, entry["belief"], tuple(entry["hints"]), tuple(edits), entry.get("file", ""), entry.get("same_as", "")
    )
