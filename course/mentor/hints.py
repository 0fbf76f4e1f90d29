"""Three rungs of help after a failed check, opened in order and by honest attempts. No chat is needed.

1 a question about the property, 2 the telling counterexample, 3 the belief behind the bug and the concept to look at.
With a diagnosis they come from the known mistake; without one there are two, from the property that failed. Never the
line to type.
"""

from __future__ import annotations

import textwrap
from contextlib import suppress
from dataclasses import dataclass

from course.content import Content
from course.curriculum import Step
from course.errors import UsageError
from course.grading.last import LastCheck
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Finding, Outcome, PropertyResult
from course.progress import attempts, record_attempt
from course.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Hint:
    """One rung: its number, how many there are, the lines to show, and whether the next one is still locked."""

    rung: int
    of: int
    lines: tuple[str, ...]
    waits: bool


def hint(content: Content, workspace: Workspace, step: Step, last: LastCheck) -> Hint:
    """Open the next rung if the code was changed and checked since the last one; else show that one again."""
    failed = last.first_failure
    if last.problem is not None:
        raise UsageError(
            f"{step.number} could not be run: {last.problem.summary}. The first hint needs code that runs.",
            hint=f"course check {step.number}   shows where",
        )
    if last.outcome is Outcome.PASSED or failed is None:
        raise UsageError(f"{step.number} has nothing to hint at: no property failed.", hint="course next")
    if failed.outcome is Outcome.UNFINISHED:
        raise UsageError(
            f"Write it first: {failed.claim} is unfinished, and there is nothing to diagnose.",
            hint=f"course lesson {step.number}",
        )
    rungs = _rungs(content, step, last, failed)
    matched = last.diagnosis and last.diagnosis.finding is Finding.MATCH
    about = ", ".join(last.diagnosis.mistakes) if last.diagnosis and matched else f"the claim of {failed.name}"
    opened = _opened(workspace, step, about)
    fresh = not opened or opened[-1][1] != last.code
    rung = min(len(opened) + fresh, len(rungs)) if fresh else min(len(opened), len(rungs))
    if fresh and len(opened) < len(rungs):
        record_attempt(workspace.progress, {"step": step.key, "hint": rung, "code": last.code, "about": about})
    return Hint(rung, len(rungs), rungs[rung - 1], waits=rung < len(rungs))


def _rungs(content: Content, step: Step, last: LastCheck, failed: PropertyResult) -> list[tuple[str, ...]]:
    shown = counterexample(failed)
    found = last.diagnosis
    if found is not None and found.finding is Finding.MATCH:
        known = {mistake.name: mistake for mistake in load_mistakes(content.mistakes(step.key))}
        hints = [known[name].hints for name in found.mistakes if name in known]
        if hints:
            first, second, third = (tuple(rung) for rung in zip(*hints, strict=True))
            return [first, (*second, *shown), third]
    question = f"The claim is: {failed.claim}. For the input below, what should come out? Work it out by hand first."
    call = failed.failure.call if failed.failure else ""
    place = () if found is None or not found.functions else (f"It is in {found.where()}.",)
    return [(question, textwrap.indent(call, "  ")) if call else (question,), (*place, *shown)]


def counterexample(failed: PropertyResult) -> tuple[str, ...]:
    """The telling input and what came out, a call of several lines in one column."""
    failure = failed.failure
    if failure is None:
        return ()
    call = textwrap.indent(failure.call, " " * 4)[4:]
    lines = [f"for {call}" if call else "", failure.summary, *failure.detail, *failure.where]
    return tuple(line for line in lines if line)


def _opened(workspace: Workspace, step: Step, about: str) -> list[tuple[int, str]]:
    """The rungs opened for this bug since the step was last passed, with the code they were opened for.

    Another bug has rungs of its own: its first hint is the first.
    """
    found: list[tuple[int, str]] = []
    for entry in attempts(workspace.progress):
        with suppress(KeyError, TypeError):
            if entry["step"] != step.key:
                continue
            if entry.get("outcome") == Outcome.PASSED:
                found = []
            elif "hint" in entry and entry.get("about", about) == about:
                found.append((entry["hint"], entry["code"]))
    return found
