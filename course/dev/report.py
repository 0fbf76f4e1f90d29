"""The whole of `course dev check`: lint, examples and proof of each step, over all cores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from course.curriculum import Curriculum, Step
from course.dev.lint import docstring_examples, fences, lint
from course.dev.prove import Finding, Trial, run_trials, trials
from course.errors import LibraryMissing
from course.grading.judge import reference_modules
from course.grading.learner import Clock, Learner
from course.grading.process import Setup
from course.libraries import require_libraries


@dataclass(slots=True)
class StepReport:
    step: Step
    faults: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return len({finding.trial.name for finding in self.findings if finding.trial.kind == kind})

    @property
    def seconds(self) -> float:
        return sum(finding.seconds for finding in self.findings)


def check_steps(
    curriculum: Curriculum,
    steps: Sequence[Step],
    *,
    seeds: int = 3,
    mistake_seeds: int = 1,
    lint_only: bool = False,
    jobs: int | None = None,
) -> Iterator[StepReport]:
    """Check the steps and yield a report for each, in order; the trials of all of them run over all cores at once."""
    reports = {step.key: StepReport(step, lint(curriculum, step)) for step in steps}
    todo: list[Trial] = []
    for report in reports.values():
        if report.faults:
            continue
        try:
            require_libraries(report.step)
        except LibraryMissing as error:  # once, and not for every trial
            report.faults.append(f"{error.message} {error.hint}")
            continue
        report.faults += run_texts(curriculum, report.step)
        if not lint_only:
            todo += trials(curriculum.content, report.step, range(1, seeds + 1), range(1, mistake_seeds + 1))
    waiting = list(reports.values())
    findings = run_trials(curriculum.content, todo, jobs) if todo else iter(())
    for finding in findings:
        while waiting[0].step.key != finding.trial.step:
            yield waiting.pop(0)
        waiting[0].findings.append(finding)
        if finding.fault:
            waiting[0].faults.append(f"{finding.trial.kind} {finding.trial.name!r}: {finding.fault}")
    yield from waiting


def run_texts(curriculum: Curriculum, step: Step) -> list[str]:
    """Run the lesson's Python and the stub's examples on the reference; return what differs."""
    content = curriculum.content
    examples, program = fences(content.lesson(step.key).read_text(encoding="utf-8"))
    docstrings = docstring_examples(content.stub(step.file).read_text(encoding="utf-8"))
    learner = Learner(
        Setup(step.module, reference_modules(curriculum.content), step.rules, step.budget),
        Clock(time.monotonic() + 120),
    )
    try:
        if problem := learner.load():
            return [f"the reference cannot be imported: {problem[1].summary}"]
        faults = [
            f"an example of the lesson differs:\n{text}" for text in learner.probe("run_examples", examples, "lesson")
        ]
        faults += [
            f"an example of the stub differs:\n{text}" for text in learner.probe("run_examples", docstrings, "stub")
        ]
        if program and (error := learner.probe("run_source", program)):
            faults.append(f"the lesson's Python does not run: {error}")
    except Exception as error:  # whatever went wrong is a fault of the step
        return [f"the examples could not be run: {error}"]
    finally:
        learner.close()
    return faults
