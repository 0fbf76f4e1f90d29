"""Measure a grader: which generated wrong versions does it let pass? A survivor is killed by a property, or excused."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from course.content import Content
from course.curriculum import Curriculum, Step
from course.dev.mutants import Mutant, mutants
from course.dev.prove import Trial, run_trials
from course.errors import ContentError
from course.gate import grader_digest
from course.grading.mistakes import load_mistakes
from course.grading.score import Score, files_digest
from course.solution import with_helpers

# A run of minutes that is stopped half-way goes on there.
WRITE_EVERY = 50


@dataclass(slots=True)
class Mutation:
    """The result of one run: the score, the survivors, and excuses that excuse nothing any more."""

    step: Step
    score: Score
    survivors: list[Mutant] = field(default_factory=list)
    excused: int = 0
    idle: list[str] = field(default_factory=list)


def generate(curriculum: Curriculum, step: Step) -> list[Mutant]:
    """The mutants of the step's reference and of its first other right solution, named by file.

    Each function of a file that steps share is changed for one of them: the one that asks for it, and a helper for the
    first that leads to it.
    """
    content, sharing = curriculum.content, curriculum.sharing(step)
    place, stub = sharing.index(step), content.read(content.stub(step.file))
    since, later = ({name for other in sharing[k:] for name in other.defines} for k in (place, place + 1))
    found = []
    for path in [content.reference(step.file), *content.rights(step.file)[:1]]:
        source = content.read(path)
        never = with_helpers(source, stub, later)
        own = with_helpers(source, stub, since) - never if step.defines else set()
        for mutant in mutants(source, frozenset(own), frozenset(never)):
            found.append(Mutant(f"{path.name} {mutant.name}", mutant.source, mutant.diff))
    return found


def mutate(
    curriculum: Curriculum, step: Step, *, jobs: int | None = None, tell: Callable[[int, int], None] | None = None
) -> Mutation:
    """Grade every mutant that the cache does not know; return the score and the survivors."""
    content = curriculum.content
    excuses = load_excuses(content, step)
    everything = generate(curriculum, step)
    todo = [mutant for mutant in everything if mutant.name not in excuses]
    cache = _Cache(content, step)
    fresh = [mutant for mutant in todo if cache.known(mutant) is None]
    trials = [Trial(step.key, "mutant", mutant.name, mutant.source, 1) for mutant in fresh]
    for done, (mutant, finding) in enumerate(zip(fresh, run_trials(content, trials, jobs), strict=True), 1):
        cache.add(mutant, rejected=not finding.fault)
        if tell:
            tell(done, len(fresh))
        if done % WRITE_EVERY == 0 or done == len(fresh):
            cache.write()
    survivors = [mutant for mutant in todo if not cache.known(mutant)]
    names = {mutant.name for mutant in everything}
    score = Score(
        len(load_mistakes(content.mistakes(step.key))),
        len(todo),
        len(todo) - len(survivors),
        files_digest(content, step),
    )
    return Mutation(
        step, score, survivors, len(everything) - len(todo), [name for name in excuses if name not in names]
    )


# ---------------------------------------------------------------- excuses, cache


def load_excuses(content: Content, step: Step) -> dict[str, str]:
    """The mutants that no behaviour tells from right code, with the reason for each."""
    path = content.grader(step.key) / "equivalent.toml"
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
        found = {entry["mutant"]: entry["reason"] for entry in entries}
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ContentError(f"{path} cannot be read: each entry needs `mutant` and `reason` ({error}).") from error
    if empty := next((name for name, reason in found.items() if not reason.strip()), None):
        raise ContentError(f"{path}: {empty!r} has no reason.")
    return found


class _Cache:
    """What earlier runs found, by the hash of the mutant and of the grader; beside the content, never committed."""

    def __init__(self, content: Content, step: Step) -> None:
        self.path = content.root / ".course" / "mutants" / f"{step.key.replace('/', '.')}.json"
        self.grader = grader_digest(content, step)
        self.entries: dict[str, bool] = {}
        with suppress(OSError, ValueError, KeyError):
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if data["grader"] == self.grader:
                self.entries = data["rejected"]

    def _key(self, mutant: Mutant) -> str:
        return hashlib.sha256(mutant.source.encode()).hexdigest()[:32]

    def known(self, mutant: Mutant) -> bool | None:
        return self.entries.get(self._key(mutant))

    def add(self, mutant: Mutant, *, rejected: bool) -> None:
        self.entries[self._key(mutant)] = rejected

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"grader": self.grader, "rejected": self.entries}), encoding="utf-8")
