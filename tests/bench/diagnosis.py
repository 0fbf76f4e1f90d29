"""`make bench-diagnosis`: wrong versions that the catalogues were not made from; how many are named, and none falsely.

The corpus, tests/corpus/<stage>.<step>.toml, was written by other people than the catalogues: known mistakes in another
style, two bugs at once, bugs of no known kind.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from course.content import Content, find_content
from course.curriculum import Curriculum, load_curriculum
from course.grading.judge import Submission, grade, reference_modules
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Diagnosis, Finding, Verdict

CORPUS = Path(__file__).parents[1] / "corpus"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One wrong version, and the names of the mistakes in it (none: a bug of no known kind)."""

    step: str
    place: int
    label: tuple[str, ...]
    source: str


def load_corpus(content: Content, steps: list[str] | None = None) -> list[Wrong]:
    found = []
    for path in sorted(CORPUS.glob("*.toml")):
        key = path.stem.replace(".", "/", 1)
        if steps and key not in steps:
            continue
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        base = (content.root / data["base"]).read_text(encoding="utf-8")
        for place, entry in enumerate(data["wrong"], 1):
            found.append(Wrong(key, place, tuple(entry["label"]), _edited(base, entry, f"{path.name} #{place}")))
    return found


def _edited(source: str, entry: dict[str, object], where: str) -> str:
    edits = entry.get("edits") or [entry]
    for edit in edits:  # type: ignore[attr-defined]
        if source.count(edit["find"]) != 1:
            raise ValueError(f"{where}: `find` occurs {source.count(edit['find'])} times:\n{edit['find']}")
        source = source.replace(edit["find"], edit["replace"])
    return source


def diagnosed(content: Content, curriculum: Curriculum, wrong: Wrong) -> Verdict:
    step = curriculum[wrong.step]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{step.file.rsplit('/', 1)[-1]}.py"
        file.write_text(wrong.source, encoding="utf-8")
        submission = Submission(reference_modules(content, {step.module: file}), trusted=True)
        return grade(content, step, submission, seed=wrong.place)


def judged(content: Content, curriculum: Curriculum, wrong: Wrong, found: Diagnosis | None) -> str:
    """named, false, ambiguous or unknown. Names of one declared class count as one."""
    mistakes = load_mistakes(content.mistakes(wrong.step))
    classes = {mistake.name: mistake.same_as or mistake.name for mistake in mistakes}
    if unlisted := [name for name in wrong.label if name not in classes]:
        raise ValueError(f"{wrong.step} #{wrong.place}: no mistake is called {unlisted[0]!r}")
    label = {classes[name] for name in wrong.label}
    if found is None or found.finding is Finding.UNKNOWN:
        return "unknown"
    if found.finding is Finding.MATCH:
        return "named" if set(found.mistakes) == label else "false"
    return "ambiguous"


_shared: tuple[Content, Curriculum] | None = None


def _run(wrong: Wrong) -> tuple[Wrong, str, str]:
    global _shared  # noqa: PLW0603 - once in each process
    if _shared is None:
        content = find_content()
        _shared = content, load_curriculum(content)
    verdict = diagnosed(*_shared, wrong)
    if verdict.passed:
        return wrong, "passed", ""
    found = verdict.diagnosis
    return wrong, judged(*_shared, wrong, found), ", ".join(found.mistakes) if found else ""


def run(corpus: list[Wrong]) -> list[tuple[Wrong, str, str]]:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), context) as pool:
        return list(pool.map(_run, corpus))


def main() -> None:
    content = find_content()
    curriculum = load_curriculum(content)
    corpus = load_corpus(content, [curriculum.find(name).key for name in sys.argv[1:]] or None)
    results = run(corpus)
    for wrong, outcome, found in results:
        if outcome in ("false", "passed") or (outcome != "named" and len(wrong.label) == 1):
            print(f"{outcome:<10}{wrong.step} #{wrong.place} {list(wrong.label)} → {found or '-'}")
    for kind, size in (("one known mistake", 1), ("two at once", 2), ("no known kind", 0)):
        counts = Counter(outcome for wrong, outcome, _ in results if len(wrong.label) == size)
        print(f"{kind:<20}{sum(counts.values()):>4}   {dict(sorted(counts.items()))}")
    false = sum(outcome in ("false", "passed") for _, outcome, _ in results)
    print(f"{'false or accepted':<20}{false:>4} of {len(results)} (bar: 0)")
    sys.exit(1 if false else 0)


if __name__ == "__main__":
    main()
