"""Write down what a check showed: the attempt, the last verdict with its transcripts, and the pass."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

from course.curriculum import Step
from course.grading import wire
from course.grading.outcomes import SCHEMA, Outcome, Verdict
from course.progress import Pass, Progress, now, record_attempt, update
from course.workspace import Workspace


def record(workspace: Workspace, step: Step, verdict: Verdict, *, counts: bool = True) -> Progress | None:
    """Record a verdict; return the progress as it is afterwards when it changed, None for a verdict without a pass.

    A try with inputs of the learner's own choice (`--seed`) is kept as an attempt and does not count as a pass.
    """
    holding = sum(result.outcome is Outcome.PASSED for result in verdict.properties)
    entry = {
        "step": step.key,
        "outcome": verdict.outcome.value,
        "holding": holding,
        "properties": len(verdict.properties),
        "code": verdict.code,
        "seed": verdict.seed,
    }
    record_attempt(workspace.progress, entry)
    _keep_last(workspace, step, verdict)
    if not (verdict.passed and counts):
        return None
    with update(workspace.progress) as progress:
        progress.opened.setdefault(step.key, now())
        progress.passed[step.key] = Pass(
            now(), verdict.code, verdict.raw, verdict.grader, verdict.seed, dict(verdict.versions)
        )
    return progress


def _keep_last(workspace: Workspace, step: Step, verdict: Verdict) -> None:
    """Keep the last verdict and the transcripts of what failed: hints, replay and the mentor read them."""
    transcripts = {}
    for name, exchanges in verdict.transcripts.items():
        with suppress(wire.WireError):
            plain = [(one.operation, one.name, one.args, one.kwargs, one.shown, one.reply) for one in exchanges]
            transcripts[name] = base64.b64encode(wire.encode(plain)).decode("ascii")
    path = workspace.state / "last" / f"{step.key.replace('/', '.')}.json"
    with suppress(OSError):  # the verdict was shown; only a later hint would miss this copy
        path.parent.mkdir(parents=True, exist_ok=True)
        spare = path.with_suffix(".tmp")
        spare.write_text(
            json.dumps({"schema": SCHEMA, "verdict": verdict.as_json(), "transcripts": transcripts}), encoding="utf-8"
        )
        spare.replace(path)
