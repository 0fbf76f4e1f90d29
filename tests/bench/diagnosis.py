"""`make bench-diagnosis`: wrong versions that the catalogues were not made from; how many are named, and none falsely.

    diagnosis.py [STEP …] [--every N] [--jobs N]  the corpus (each N-th of it)
    diagnosis.py [STEP …] [--every N] --itself   every known mistake as it is
    diagnosis.py [STEP …] [--every N] --styles   every known mistake in another style (styles.py)
    diagnosis.py [STEP …] [--every N] --repros   does the script of `course replay` print the numbers? (repros.py)
    diagnosis.py [STEP …] [--every N] --seconds  what the diagnosis adds to a failing check, in wall and CPU time

The corpus, tests/corpus/<stage>.<step>.toml, was written by other people than the catalogues: known mistakes in another
style, two bugs at once, bugs of no known kind.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.content import Content, find_content
from course.curriculum import Curriculum, load_curriculum
from course.grading.judge import Submission, grade, reference_modules
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Diagnosis, Finding, Verdict

# With the diagnosis or without, in turn: of each the quickest counts, on a machine with other things to do.
TURNS = (False, True, True, False, False, True)
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


def diagnosed(content: Content, curriculum: Curriculum, wrong: Wrong, *, diagnose: bool = True) -> Verdict:
    step = curriculum[wrong.step]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{step.file.rsplit('/', 1)[-1]}.py"
        file.write_text(wrong.source, encoding="utf-8")
        submission = Submission(reference_modules(content, {step.module: file}), trusted=True)
        return grade(content, step, submission, seed=wrong.place, diagnose=diagnose)


def judged(content: Content, curriculum: Curriculum, wrong: Wrong, found: Diagnosis | None) -> str:
    """named, false, ambiguous, placed (its function is told) or unknown. Names of one declared class count as one."""
    mistakes = load_mistakes(content.mistakes(wrong.step))
    classes = {mistake.name: mistake.same_as or mistake.name for mistake in mistakes}
    if unlisted := [name for name in wrong.label if name not in classes]:
        raise ValueError(f"{wrong.step} #{wrong.place}: no mistake is called {unlisted[0]!r}")
    label = {classes[name] for name in wrong.label}
    if found is None or found.finding is Finding.UNKNOWN:
        return "placed" if found is not None and found.functions else "unknown"
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
    return wrong, judged(*_shared, wrong, found), ", ".join(found.mistakes or found.functions) if found else ""


def run(corpus: list[Wrong], jobs: int) -> Iterator[tuple[Wrong, str, str]]:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, context) as pool:
        yield from pool.map(_run, corpus)


# ---------------------------------------------------------------- what it costs


def seconds(content: Content, curriculum: Curriculum, corpus: Sequence[Wrong]) -> list[float]:
    """Print what the diagnosis adds to each check; return the wall seconds. With and without it, in turn."""
    added = []
    for wrong in corpus:
        spent = []
        for how in TURNS:
            wall, cpu = time.monotonic(), _cpu()
            diagnosed(content, curriculum, wrong, diagnose=how)
            spent.append((time.monotonic() - wall, _cpu() - cpu))
        (wall_less, cpu_less), (wall_more, cpu_more) = (
            [min(one[place] for one, told in zip(spent, TURNS, strict=True) if told == how) for place in (0, 1)]
            for how in (False, True)
        )
        added.append(wall_more - wall_less)
        print(
            f"{wrong.step} #{wrong.place:<3} check {wall_less:5.2f} s, added {added[-1]:+5.2f} s"
            f"   (CPU {cpu_less:5.2f} s, added {cpu_more - cpu_less:+5.2f} s)",
            flush=True,
        )
    return added


def _cpu() -> float:
    import resource

    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


# ---------------------------------------------------------------- the command


def main() -> None:
    content = find_content()
    curriculum = load_curriculum(content)
    parser = argparse.ArgumentParser()
    parser.add_argument("steps", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    for name in ("itself", "styles", "repros", "seconds"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    keys = [curriculum.find(name).key for name in chosen.steps] or [step.key for step in curriculum]
    if chosen.seconds:
        for key in keys:
            singles = [wrong for wrong in load_corpus(content, [key]) if len(wrong.label) == 1]
            added = seconds(content, curriculum, singles[chosen.first :: chosen.every])
            print(f"{key}: added {statistics.median(added):.2f} s (median), {max(added):.2f} s (largest)   (bar: 0.3)")
    elif chosen.itself or chosen.styles or chosen.repros:
        sys.exit(_each(content, curriculum, keys, chosen))
    else:
        sys.exit(_corpus(load_corpus(content, keys)[chosen.first :: chosen.every], chosen.jobs))


def _each(content: Content, curriculum: Curriculum, keys: list[str], chosen: argparse.Namespace) -> int:
    """Try the mistakes of these steps, as they are, in another style or by scripts; return 1 if one is false."""
    import repros
    import styles

    total: Counter[str] = Counter()
    for key in keys:
        counts: Counter[str] = Counter()
        if chosen.itself or chosen.styles:
            tried = styles.itself if chosen.itself else styles.run
            for styled in tried(content, curriculum, curriculum[key], every=chosen.every, first=chosen.first):
                counts[styled.outcome] += 1
                if styled.outcome != "named":
                    said = ", ".join(styled.said) or "-"
                    print(f"{styled.outcome:<10}{key} {styled.name!r}, style of {styled.style} → {said}", flush=True)
        else:
            for one in repros.run(content, curriculum, curriculum[key], every=chosen.every):
                counts["other" if one.fault else "the same numbers"] += 1
                if one.fault:
                    print(f"{key} {one.mistake!r}: {one.fault}", flush=True)
        total += counts
        print(f"{key:<28}{dict(sorted(counts.items()))}", flush=True)
    print(f"{'in all':<28}{dict(sorted(total.items()))}")
    return int(bool(total["false"] or total["other"]))


def _corpus(corpus: list[Wrong], jobs: int) -> int:
    results = []
    for wrong, outcome, found in run(corpus, jobs):
        results.append((wrong, outcome, found))
        if outcome in ("false", "passed") or (outcome != "named" and len(wrong.label) == 1):
            print(f"{outcome:<10}{wrong.step} #{wrong.place} {list(wrong.label)} → {found or '-'}", flush=True)
        if len(results) == len(corpus) or corpus[len(results)].step != wrong.step:
            counts = Counter(outcome for one, outcome, _ in results if one.step == wrong.step)
            print(f"{wrong.step:<28}{dict(sorted(counts.items()))}", flush=True)
    for kind, size in (("one known mistake", 1), ("two at once", 2), ("no known kind", 0)):
        counts = Counter(outcome for wrong, outcome, _ in results if len(wrong.label) == size)
        print(f"{kind:<20}{sum(counts.values()):>4}   {dict(sorted(counts.items()))}")
    false = sum(outcome in ("false", "passed") for _, outcome, _ in results)
    print(f"{'false or accepted':<20}{false:>4} of {len(results)} (bar: 0)")
    return 1 if false else 0


if __name__ == "__main__":
    main()
