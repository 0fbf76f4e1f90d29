"""Prove a step's grader: the stub is unfinished, right code passes with every seed, every known mistake is rejected."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.content import Content
from course.curriculum import Budget, Curriculum, Step, load_curriculum
from course.errors import CourseError
from course.grading.isolation import die_with_parent
from course.grading.judge import Submission, grade, reference_modules
from course.grading.learner import Spare
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Outcome, Verdict
from course.grading.scratch import scratch_folder

SEEDS = (1, 2, 3)
QUICK = 3
HURRY = 4.0
WRONG = ("mistake", "mutant")
BATCH = 12


@dataclass(frozen=True, slots=True)
class Trial:
    """One version of a step's code to be graded, and what must come out of it."""

    step: str
    kind: str  # "stub", "right", "mistake" or "mutant"
    name: str
    source: str
    seed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trial showed: `fault` is empty when the grader did what it must."""

    trial: Trial
    seconds: float
    fault: str
    rejected_by: str = ""


def trials(
    content: Content, step: Step, seeds: Sequence[int] = SEEDS, wrong_seeds: Sequence[int] | None = None
) -> list[Trial]:
    """Everything a step's grader must be tried on; mistakes with the first seed, if no others are named."""
    found = [Trial(step.key, "stub", "stub", content.stub(step.file).read_text(encoding="utf-8"), seeds[0])]
    for path in [content.reference(step.file), *content.rights(step.file)]:
        source = path.read_text(encoding="utf-8")
        found += [Trial(step.key, "right", path.stem, source, seed) for seed in seeds]
    mistakes = [(one.name, one.source(content, step)) for one in load_mistakes(content.mistakes(step.key))]
    for seed in wrong_seeds or seeds[:1]:
        found += [Trial(step.key, "mistake", name, source, seed) for name, source in mistakes]
    return found


def run_trial(content: Content, curriculum: Curriculum, trial: Trial, spare: Spare | None = None) -> Finding:
    step, began = _hurried(curriculum[trial.step], trial), time.monotonic()
    with scratch_folder() as folder:
        file = folder / f"{step.file.rsplit('/', 1)[-1]}.py"
        file.write_text(trial.source, encoding="utf-8")
        submission = Submission(reference_modules(content, {step.module: file}), trusted=True, spare=spare)
        verdict = _graded(content, step, submission, trial)
    return Finding(trial, time.monotonic() - began, fault_of(trial, verdict), _first(verdict))


def run_batch(content: Content, curriculum: Curriculum, batch: Sequence[Trial]) -> list[Finding]:
    """Try wrong versions of one step in one process, a tenth of a second each instead of three.

    A version can spoil the process for those after it (a seed, a filter of warnings), and a spoiled process rejects
    everything: the proof counts only if right code still passes there at the end. Whatever else was found is found
    again in a process of its own.
    """
    with contextlib.closing(Spare()) as spare:
        findings = [run_trial(content, curriculum, trial, spare) for trial in batch]
        sound = _still_right(content, curriculum[batch[0].step], spare)
    return [
        finding if sound and not finding.fault else run_trial(content, curriculum, finding.trial)
        for finding in findings
    ]


def _still_right(content: Content, step: Step, spare: Spare) -> bool:
    submission = Submission(reference_modules(content), trusted=True, spare=spare)
    return grade(content, step, submission, seed=1, shrink=False, most_examples=QUICK, diagnose=False).passed


def _hurried(step: Step, trial: Trial) -> Step:
    """Wrong code loops now and then: a trial of it waits a shorter time than a learner's check would."""
    if trial.kind not in WRONG:
        return step
    budget = Budget(min(step.budget.call_seconds, HURRY), min(step.budget.step_seconds, 10 * HURRY), step.budget.memory)
    return dataclasses.replace(step, budget=budget)


def _graded(content: Content, step: Step, submission: Submission, trial: Trial) -> Verdict:
    """Grade right code in full; wrong code with a few examples a property first, which is nearly always enough."""
    wrong = trial.kind in WRONG
    graded = functools.partial(
        grade, content, step, submission, seed=trial.seed, shrink=False, stop_at_first=wrong, diagnose=False
    )
    if wrong:
        quick = graded(most_examples=QUICK)
        if not quick.passed:
            return quick
    return graded()


def fault_of(trial: Trial, verdict: Verdict) -> str:
    """Say what the grader did wrong with this trial; empty when it did right."""
    if verdict.outcome is Outcome.GRADER_FAULT:
        return f"the grader failed: {_first(verdict)}"
    if trial.kind == "right" and not verdict.passed:
        return f"right code is refused (seed {trial.seed}): {_first(verdict)}"
    if trial.kind in WRONG and verdict.passed:
        return f"a wrong version passes (seed {trial.seed})"
    if trial.kind == "stub":
        other = [result.name for result in verdict.properties if result.outcome is not Outcome.UNFINISHED]
        if other or not verdict.properties:
            return f"the stub is not unfinished in {', '.join(other) or _first(verdict)}"
    return ""


def _first(verdict: Verdict) -> str:
    if verdict.problem:
        return f"{verdict.outcome.value}: {verdict.problem.summary} {' '.join(verdict.problem.where)}"
    first = verdict.first_failure
    if first is None:
        return ""
    failure = first.failure
    said = f"{failure.summary} {' | '.join(failure.detail)} {failure.call} {' '.join(failure.where)}" if failure else ""
    return f"{first.name} ({first.outcome.value}): {said}"


# ---------------------------------------------------------------- over all cores

_worker: tuple[Content, Curriculum] | None = None


def _set_up(root: Path) -> None:
    global _worker  # noqa: PLW0603 - one per worker process, set before its first trial
    with contextlib.suppress(OSError):  # where the system cannot do it, a killed `course dev` leaves its workers
        die_with_parent()
    content = Content(root)
    _worker = content, load_curriculum(content)


def _run(batch: Sequence[Trial]) -> list[Finding]:
    assert _worker is not None
    try:
        return run_batch(*_worker, batch) if len(batch) > 1 else [run_trial(*_worker, batch[0])]
    except CourseError as error:
        return [Finding(trial, 0.0, error.message) for trial in batch]


def run_trials(content: Content, todo: Sequence[Trial], workers: int | None = None) -> Iterator[Finding]:
    """Run the trials over all cores, yielding each finding as it comes, in the order of `todo`."""
    batches = _batches(todo)
    count = min(workers or os.cpu_count() or 1, max(len(batches), 1))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(count, context, _set_up, (content.root,)) as pool:
        for findings in pool.map(_run, batches):
            yield from findings


def _batches(todo: Sequence[Trial]) -> list[list[Trial]]:
    """Neighbours that are wrong versions of one step with one seed, a handful at a time; everything else alone."""
    found: list[list[Trial]] = []
    for trial in todo:
        last = found[-1][-1] if found else None
        alike = (
            last and trial.kind in WRONG and (last.step, last.kind, last.seed) == (trial.step, trial.kind, trial.seed)
        )
        if alike and len(found[-1]) < BATCH:
            found[-1].append(trial)
        else:
            found.append([trial])
    return found
