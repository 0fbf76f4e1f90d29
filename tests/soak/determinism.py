"""The same code gets the same verdict, byte for byte, however busy the machine is; and right code always passes.

python tests/soak/determinism.py --runs 200         verdicts of wrong and right code, half of them under load
python tests/soak/determinism.py --checks 1000      references, every step in turn, each time with another seed
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course.content import Content, find_content
from course.curriculum import Curriculum, Step, load_curriculum
from course.grading.judge import Submission, grade, reference_modules
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Verdict

# What may differ from run to run: how long it took.
TIMES = ("seconds",)
BUSY = "while True:\n    sum(range(10**6))\n"
# Wrong in ways that could show on the clock, the hash seed or the order of things.
RAISES = "\n\ndef {name}(*arguments, **more):\n    raise ValueError(f'no {{sorted(set(map(str, arguments)))}}')\n"
SETS = "\n\ndef {name}(*arguments, **more):\n    return list({{'b', 'a', 'c', str(arguments)[:9]}})\n"


@dataclass(frozen=True)
class Case:
    """A text to be graded as a step's file."""

    step: Step
    name: str
    source: str


def cases(content: Content, curriculum: Curriculum, *, steps: int, mistakes: int = 2) -> list[Case]:
    """Right code, known mistakes, the stub, and code that raises or depends on the order of a set."""
    every = list(curriculum)
    found = []
    for step in every[:: max(len(every) // steps, 1)][:steps]:
        reference, stub = content.read(content.reference(step.file)), content.read(content.stub(step.file))
        first = next(line for line in stub.splitlines() if line.startswith("def ")).split("(")[0].removeprefix("def ")
        found.append(Case(step, "reference", reference))
        found.append(Case(step, "stub", stub))
        odd = {"raises": RAISES, "sets": SETS}
        found += [Case(step, name, reference + text.format(name=first)) for name, text in odd.items()]
        known = load_mistakes(content.mistakes(step.key))
        found += [
            Case(step, one.name, one.source(content, step)) for one in known[:: len(known) // mistakes][:mistakes]
        ]
    return found


def digest(verdict: Verdict) -> str:
    """A hash of the verdict as `--json` prints it, times aside."""
    data = {key: value for key, value in verdict.as_json().items() if key not in TIMES}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def check(content: Content, case: Case, folder: Path, seed: int | None = None) -> Verdict:
    file = folder / f"{case.step.file.rsplit('/', 1)[-1]}.py"
    file.write_text(case.source, encoding="utf-8")
    submission = Submission(reference_modules(content, {case.step.module: file}), trusted=True)
    return grade(content, case.step, submission, seed=seed)


@contextmanager
def busy_cores() -> Iterator[None]:
    """Keep every core busy meanwhile."""
    loads = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for load in loads:
            load.kill()
            load.wait()


def differing(content: Content, some: Sequence[Case], runs: int) -> Iterator[tuple[Case, Verdict]]:
    """Grade the cases again and again, the second half of the runs on busy cores; yield what was another verdict."""
    known: dict[Case, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            case = some[number % len(some)]
            if number < runs // 2:
                verdict = check(content, case, Path(folder))
            else:
                with busy_cores():
                    verdict = check(content, case, Path(folder))
            if known.setdefault(case, digest(verdict)) != digest(verdict):
                yield case, verdict


def refused(content: Content, steps: Sequence[Step], checks: int, seed: int) -> Iterator[tuple[Step, int, Verdict]]:
    """Check the references, step by step, each time with other inputs; yield every check that did not pass."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(checks):
            step = steps[number % len(steps)]
            case = Case(step, "reference", content.read(content.reference(step.file)))
            verdict = check(content, case, Path(folder), seed + number)
            if not verdict.passed:
                yield step, seed + number, verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--checks", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    content = find_content()
    curriculum, began = load_curriculum(content), time.monotonic()
    bad = 0
    if options.runs:
        some = cases(content, curriculum, steps=4)
        for case, verdict in differing(content, some, options.runs):
            bad += 1
            print(f"{case.step.key} {case.name}: {verdict.as_json()}", flush=True)
        print(f"{options.runs} verdicts on {len(some)} texts, {bad} differ, {time.monotonic() - began:.0f} s")
    if options.checks:
        found: Counter[str] = Counter()
        for step, seed, verdict in refused(content, list(curriculum), options.checks, options.seed):
            found[step.key] += 1
            print(f"{step.key} seed {seed}: {json.dumps(verdict.as_json())[:2000]}", flush=True)
        seconds = time.monotonic() - began
        print(
            f"{options.checks} checks of {len(list(curriculum))} references, {found.total()} refused, {seconds:.0f} s"
        )
        bad += found.total()
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
