"""Stages and steps, read from course.toml. A step's key is its path; its number follows from the order."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from course.content import PACKAGE, Content
from course.errors import ContentError, UnknownStep

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a step's code may import and must not use: it is written from scratch."""

    name: str
    imports: tuple[str, ...]
    forbid: tuple[str, ...] = ()
    words: str = ""

    def with_forbidden(self, names: tuple[str, ...]) -> Rules:
        return Rules(self.name, self.imports, self.forbid + names, self.words)


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on the learner process: seconds of one call, seconds of one check, bytes of private memory."""

    call_seconds: float = 10.0
    step_seconds: float = 120.0
    memory: int = 2 << 30


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    number: str
    title: str
    minutes: int
    rules: Rules
    budget: Budget
    file: str
    needs: tuple[str, ...] = ()
    elective: bool = False
    packaged: bool = True
    defines: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The dotted name of the learner's module, `minillm.foundations.neuron`."""
        return f"{PACKAGE}.{self.file.replace('/', '.')}"

    @property
    def path(self) -> str:
        """The learner's file, relative to the workspace."""
        return f"{PACKAGE}/{self.file}.py"


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    title: str
    about: str
    steps: tuple[Step, ...]
    planned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curriculum:
    title: str
    stages: tuple[Stage, ...]
    content: Content
    rules: Mapping[str, Rules] = field(default_factory=dict, repr=False)
    _steps: dict[str, Step] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps.values())

    def __getitem__(self, key: str) -> Step:
        return self._steps[key]

    def __contains__(self, key: object) -> bool:
        return key in self._steps

    def find(self, text: str) -> Step:
        """Find a step by number (`F.3`) or key (`foundations/engine`), in any case; raise `UnknownStep`."""
        wanted = text.strip().strip("/").casefold()
        names: dict[str, Step] = {}
        for step in self:
            names |= {step.number.casefold(): step, step.key.casefold(): step}
        if wanted in names:
            return names[wanted]
        close = difflib.get_close_matches(wanted, names, n=1)
        raise UnknownStep(text, names[close[0]].number if close else None)

    def stage_of(self, step: Step) -> Stage:
        return next(stage for stage in self.stages if step in stage.steps)

    def sharing(self, step: Step) -> list[Step]:
        """The steps written into the same file, in order, this one included."""
        return [other for other in self if other.file == step.file]


def load_curriculum(content: Content) -> Curriculum:
    """Read course.toml; raise `ContentError` naming the step when it does not hold together."""
    try:
        data = tomllib.loads(content.course_toml.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContentError(f"curriculum/course.toml cannot be read: {error}") from error
    if data.get("format") != FORMAT:
        raise ContentError(f"curriculum/course.toml has format {data.get('format')!r}; this engine reads {FORMAT}.")
    _check_fields(data, "curriculum/course.toml", COURSE_FIELDS, {"title"})
    rules = {name: _rules(name, table) for name, table in data.get("rules", {}).items()}
    stages = tuple(_stage(table, rules) for table in data.get("stages", ()))
    curriculum = Curriculum(data["title"], stages, content, rules)
    ids = [stage.id for stage in stages]
    if doubled := next((name for name in ids if ids.count(name) > 1), None):
        raise ContentError(f"The stage {doubled} stands twice in curriculum/course.toml.")
    for stage in stages:
        for step in stage.steps:
            if step.key in curriculum:
                raise ContentError(f"The step {step.key} stands twice in curriculum/course.toml.")
            curriculum._steps[step.key] = step
    _check_needs(curriculum)
    return curriculum


Fields = Mapping[str, type | tuple[type, ...]]

COURSE_FIELDS: Fields = {"format": int, "title": str, "rules": dict, "stages": list}
RULES_FIELDS: Fields = {"imports": list, "forbid": list, "words": str}
STAGE_FIELDS: Fields = {"id": str, "title": str, "about": str, "steps": list, "planned": list}
STEP_FIELDS: Fields = {
    "key": str, "title": str, "minutes": int, "needs": list, "rules": str, "forbid": list, "elective": bool,
    "packaged": bool, "file": str, "defines": list, "call_seconds": (int, float), "step_seconds": (int, float),
    "memory_mb": int,
}  # fmt: skip

# A key is a path in five trees and a Python module: lower case, so that it is the same on every file system.
KEY = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)+")


def _check_fields(table: Mapping[str, Any], where: str, fields: Fields, required: Set[str]) -> None:
    if unknown := set(table) - set(fields):
        raise ContentError(f"{where}: unknown field {sorted(unknown)[0]!r}.")
    if missing := required - set(table):
        raise ContentError(f"{where}: the field {sorted(missing)[0]!r} is missing.")
    for name, value in table.items():
        if not isinstance(value, fields[name]):
            raise ContentError(f"{where}: the field {name!r} cannot be {value!r}.")


def _rules(name: str, table: Mapping[str, Any]) -> Rules:
    _check_fields(table, f"Rules {name} in curriculum/course.toml", RULES_FIELDS, {"imports"})
    return Rules(name, tuple(table["imports"]), tuple(table.get("forbid", ())), table.get("words", ""))


def _stage(table: Mapping[str, Any], rules: Mapping[str, Rules]) -> Stage:
    _check_fields(table, f"Stage {table.get('id', '?')} in curriculum/course.toml", STAGE_FIELDS, {"id", "title"})
    steps = tuple(_step(table["id"], place, entry, rules) for place, entry in enumerate(table.get("steps", ()), 1))
    return Stage(table["id"], table["title"], table.get("about", ""), steps, tuple(table.get("planned", ())))


def _step(stage: str, place: int, entry: Mapping[str, Any], rules: Mapping[str, Rules]) -> Step:
    key = entry.get("key", "?")
    where = f"Step {key} in curriculum/course.toml"
    _check_fields(entry, where, STEP_FIELDS, {"key", "title", "minutes", "rules"})
    for path in (key, entry.get("file", key)):
        if not KEY.fullmatch(path):
            raise ContentError(f"{where}: {path!r} cannot be a key; one looks like transformer/attention.")
    if entry["rules"] not in rules:
        raise ContentError(f"{where}: there are no rules {entry['rules']!r}.")
    usual = Budget()
    return Step(
        key=key,
        number=f"{stage}.{place}",
        title=entry["title"],
        minutes=entry["minutes"],
        rules=rules[entry["rules"]].with_forbidden(tuple(entry.get("forbid", ()))),
        budget=Budget(
            float(entry.get("call_seconds", usual.call_seconds)),
            float(entry.get("step_seconds", usual.step_seconds)),
            int(entry.get("memory_mb", usual.memory >> 20)) << 20,
        ),
        file=entry.get("file", key),
        needs=tuple(entry.get("needs", ())),
        elective=entry.get("elective", False),
        packaged=entry.get("packaged", True),
        defines=tuple(entry.get("defines", ())),
    )


def _check_needs(curriculum: Curriculum) -> None:
    """A need must be an earlier step: that also makes a cycle impossible."""
    seen: set[str] = set()
    for step in curriculum:
        for need in step.needs:
            if need not in curriculum:
                raise ContentError(f"{step.key} needs {need}, which is no step of curriculum/course.toml.")
            if need not in seen:
                raise ContentError(f"{step.key} needs {need}, which comes after it: the order cannot be walked.")
            if curriculum[need].elective and not step.elective:
                raise ContentError(f"{step.key} needs the elective {need}, but electives never gate.")
        seen.add(step.key)
