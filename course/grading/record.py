"""Write down what a check showed: the pass first, then the attempt, then the last verdict with its transcripts."""

from __future__ import annotations

from course.curriculum import Step
from course.grading.last import keep_last
from course.grading.outcomes import Finding, Outcome, Verdict
from course.progress import Pass, Progress, now, record_attempt, update
from course.workspace import Workspace


def record(workspace: Workspace, step: Step, verdict: Verdict, *, counts: bool = True) -> Progress | None:
    """Record a verdict; return the progress as it is afterwards when it changed, None for a verdict without a pass.

    A try with inputs of the learner's own choice (`--seed`) is kept as an attempt and does not count as a pass.
    """
    holding = sum(result.outcome is Outcome.PASSED for result in verdict.properties)
    entry: dict[str, object] = {
        "step": step.key,
        "outcome": verdict.outcome.value,
        "holding": holding,
        "properties": len(verdict.properties),
        "code": verdict.code,
        "seed": verdict.seed,
    }
    if verdict.diagnosis is not None and verdict.diagnosis.finding is Finding.MATCH:
        entry["diagnosis"] = list(verdict.diagnosis.mistakes)
    # The pass first: no kill in between, and no history that cannot be written, may cost it.
    progress = _record_pass(workspace, step, verdict) if verdict.passed and counts else None
    keep_last(workspace, step, verdict)
    record_attempt(workspace.progress, entry)
    return progress


def _record_pass(workspace: Workspace, step: Step, verdict: Verdict) -> Progress:
    with update(workspace.progress) as progress:
        progress.opened.setdefault(step.key, now())
        progress.passed[step.key] = Pass(
            now(), verdict.code, verdict.raw, verdict.grader, verdict.seed, dict(verdict.versions)
        )
    return progress
