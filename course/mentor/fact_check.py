"""A pasted mentor reply, held against the truth: what is refuted, what holds, what nobody can decide here.

A true line must never be refuted: where a claim cannot be decided, that is what is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course.curriculum import Step
from course.errors import UsageError
from course.grading.judge import Submission
from course.grading.last import read_last
from course.mentor.checks import check_lines
from course.mentor.claims import Claim, Kind, Result
from course.mentor.facts import load_facts, load_prompt
from course.mentor.library_names import library_names
from course.mentor.quoted_facts import quoted_facts
from course.mentor.reply import take_apart
from course.mentor.shown_code import shown_code
from course.mentor.verdicts import judged, standing
from course.mentor.workbench import Workbench
from course.progress import record_attempt
from course.session import Session
from course.workspace import Workspace

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Report:
    """The claims of a reply. `unchecked` counts the sentences that hold nothing checkable; `remark` what is missing."""

    step: str
    claims: tuple[Claim, ...]
    unchecked: int
    remark: str = ""

    def of(self, *results: Result) -> list[Claim]:
        return [claim for claim in self.claims if claim.result in results]

    @property
    def refuted(self) -> bool:
        return bool(self.of(Result.REFUTED))

    @property
    def checkable(self) -> bool:
        return any(claim.decided for claim in self.claims)

    @property
    def paste_back(self) -> str:
        """What to paste into the chat: what is false, what is so, and what to do about it. Empty when nothing is."""
        wrong = self.of(Result.REFUTED, Result.POSSIBLE)
        given = self.of(Result.SOLUTION)
        lines = []
        if wrong:
            lines.append("I held your last message against the course's grader. This in it is false:")
            lines += [_told(place, claim) for place, claim in enumerate(wrong, 1)]
            lines.append("Retract it in one sentence, then ask your next question.")
        if given:
            lines.append("Don't give me code that solves the step: ask me one question instead.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        claims = [
            {"kind": one.kind.value, "result": one.result.value, "said": one.said, "truth": one.truth, "note": one.note}
            for one in self.claims
        ]
        found = Counter(one.result.value for one in self.claims)
        return {
            "schema": SCHEMA,
            "step": self.step,
            "claims": claims,
            "counts": {result.value: found[result.value] for result in Result} | {"not-checked": self.unchecked},
            "remark": self.remark,
            "paste_back": self.paste_back,
        }


def _told(place: int, claim: Claim) -> str:
    said = " ".join(claim.said.split())
    said = said if len(said) <= 160 else f"{said[:159]}…"
    what = {Kind.CHECK: f"CHECK: {said}", Kind.CODE: f"your {said}"}.get(claim.kind, f"“{said}”")
    return f"{place}. {what} — {claim.truth}" + "".join(f"; {line}" for line in claim.note[:2])


def fact_check(bench: Workbench, text: str, submission: Submission) -> Report:
    """Check everything in a reply that can be checked."""
    reply = take_apart(text)
    bench.begin()
    content, step = bench.content, bench.step
    claims = shown_code(bench, reply.blocks, submission)
    claims += check_lines(bench, reply.checks)
    marked, plain = judged(standing(bench), reply.sentences, shows_code=bool(reply.blocks))
    named = library_names(bench, reply.sentences, reply.blocks)
    says = [entry["says"] for entry in load_prompt(content, step).get("facts", ())]
    quoted = quoted_facts(load_facts(content, step), says, reply.sentences)
    claims += [*marked, *named, *quoted]
    remark = bench.why_no_last if plain and bench.last is None else ""
    return Report(step.key, tuple(claims), _unchecked(reply.sentences, [*marked, *quoted, *named], plain), remark)


def _unchecked(sentences: Sequence[Any], claims: Sequence[Claim], plain: int) -> int:
    said = {claim.said for claim in claims if claim.decided}
    touched = sum(any(one == sentence.text or one in sentence.text for one in said) for sentence in sentences)
    return max(len(sentences) - max(touched, plain), 0)


def workbench(session: Session, step: Step) -> tuple[Workbench, Submission]:
    """The bench for a step of a workspace, and the learner's code as it would be graded."""
    modules = session.workspace.modules()
    if step.module not in modules:
        raise UsageError(
            f"{step.path} is not there: there is nothing to hold a reply against.",
            hint=f"course reset {step.number}   puts the stub there",
        )
    try:
        last, why = read_last(session.workspace, step), ""
    except UsageError as error:
        last, why = None, f"{error.message} Sentences about your code are not judged: {error.hint}"
    return Workbench(session.content, step, modules, last, why), Submission(modules)


def record(workspace: Workspace, step: Step, report: Report) -> None:
    """Write down what was refuted, and that a solution was given: that is help."""
    if not report.claims:
        return
    refuted = [f"{claim.said[:160]} — {claim.truth[:160]}" for claim in report.of(Result.REFUTED)]
    entry: dict[str, Any] = {"step": step.key, "fact_check": {r.value: len(report.of(r)) for r in Result}}
    if refuted:
        entry["refuted"] = refuted
    if given := report.of(Result.SOLUTION):
        entry |= {"help": "solution", "given": [claim.said for claim in given]}
    record_attempt(workspace.progress, entry)
