"""What a check looks like: the claim, the numbers, the smallest input, and the next command to type."""

from __future__ import annotations

from rich.text import Text

from course.curriculum import Step
from course.grading.outcomes import Failure, Outcome, PropertyResult, Verdict
from course.view.console import say, say_cut

WORDS = {
    Outcome.WRONG: "WRONG", Outcome.ERROR: "ERROR", Outcome.UNFINISHED: "UNFINISHED", Outcome.TIMEOUT: "TOO SLOW",
    Outcome.MEMORY: "TOO MUCH MEMORY", Outcome.FORBIDDEN: "FORBIDDEN", Outcome.CRASHED: "CRASHED",
    Outcome.GRADER_FAULT: "OUR FAULT",
}  # fmt: skip
MOST_OTHERS = 12
MOST_PRINTED = 8


def show(step: Step, verdict: Verdict) -> None:
    """Print a verdict: one line when it passed, the first failure in full and the others in a line each when not."""
    say(_head(step, verdict))
    if verdict.problem:
        _show_failure(verdict.problem, WORDS[verdict.outcome], verdict.outcome.value, "")
    elif first := verdict.first_failure:
        _show_property(first)
        _show_others([r for r in verdict.properties if r is not first and r.outcome is not Outcome.PASSED])
    if verdict.printed.strip() and not verdict.passed:
        _show_printed(verdict.printed)
    if not verdict.passed:
        _show_next(step, verdict)


def _head(step: Step, verdict: Verdict) -> Text:
    if verdict.passed:
        text = Text("✓ ", style="passed").append(f"{step.number} {step.title}", style="bold")
        return text.append(f" — all {len(verdict.properties)} properties hold", style="passed").append(
            f"   {verdict.examples} hidden inputs in {verdict.seconds:.2f} s", style="quiet"
        )
    text = Text("✗ ", style=verdict.outcome.value).append(f"{step.number} {step.title}", style="bold")
    if verdict.problem:
        return text.append(" — it could not be run")
    holding = sum(result.outcome is Outcome.PASSED for result in verdict.properties)
    return text.append(f" — {holding} of {len(verdict.properties)} properties hold")


def _show_property(result: PropertyResult) -> None:
    word = WORDS[result.outcome]
    if result.failure is None or result.outcome is Outcome.UNFINISHED:
        say(Text(f"{word}  ", style=result.outcome.value).append(result.claim, style="bold"), indent=2)
        if result.failure and result.failure.where:
            say(result.failure.where[-1], "quiet", indent=4)
        return
    _show_failure(result.failure, word, result.outcome.value, result.claim)


def _show_failure(failure: Failure, word: str, style: str, claim: str) -> None:
    head = Text(f"{word}  ", style=style).append(claim or failure.summary, style="bold")
    say(head, indent=2)
    if claim:
        say(failure.summary, indent=4)
    for line in failure.detail:
        if line:
            say(line, indent=4)
    if failure.call:
        say(Text("for  ", style="quiet").append(failure.call, style="code"), indent=4)
    for place in failure.where:
        say(Text("at   ", style="quiet").append(place), indent=4)


def _show_others(others: list[PropertyResult]) -> None:
    """The other failures, a line each; what is not written yet only as a count."""
    failing = [result for result in others if result.outcome is not Outcome.UNFINISHED]
    for result in failing[:MOST_OTHERS]:
        say_cut(Text("also  ", style=result.outcome.value).append(result.claim, style="default"), indent=2)
    if len(failing) > MOST_OTHERS:
        say(f"also  {len(failing) - MOST_OTHERS} more", "quiet", indent=2)
    if unfinished := len(others) - len(failing):
        word = "property waits" if unfinished == 1 else "properties wait"
        say(f"not written yet: {unfinished} more {word}", "unfinished", indent=2)


def _show_printed(printed: str) -> None:
    lines = printed.strip().splitlines()
    say("your code printed:", "quiet", indent=2)
    if len(lines) > MOST_PRINTED:
        say(f"… {len(lines) - MOST_PRINTED} lines before these", "quiet", indent=4)
    for line in lines[-MOST_PRINTED:]:
        say_cut(Text(line[:400], style="quiet"), indent=4)


def _show_next(step: Step, verdict: Verdict) -> None:
    text = Text("next: ", style="quiet")
    if verdict.outcome is Outcome.GRADER_FAULT:
        text.append("this is a fault of the course, not of your code; please report it with the lines above")
    elif verdict.outcome is Outcome.UNFINISHED:
        text.append(f"write it in {step.path}, then ").append(f"course check {step.number}", style="command")
    else:
        text.append(f"course check {step.number}", style="command").append(" after your change")
    text.append(f"   checked in {verdict.seconds:.2f} s, {verdict.examples} hidden inputs", style="quiet")
    say(text, indent=2)


def show_way_on(step: Step, following: Step | None, *, current: bool) -> None:
    """After a pass: what comes next."""
    text = Text("next: ", style="quiet")
    if following is None:
        text.append("that was the last step there is; ").append(
            f"course solution {step.number} --diff", style="command"
        )
        text.append(" shows ours beside yours")
    elif current:
        text.append("course next", style="command").append(f" opens {following.number} {following.title}; ")
        text.append(f"course solution {step.number} --diff", style="command").append(" shows ours beside yours")
    else:
        text.append("course next", style="command").append(" goes on where you were")
    say(text, indent=2)


def show_verified(step: Step, word: str, verdict: Verdict) -> None:
    """One line of `course verify`, and the failure in full when a pass no longer holds."""
    if verdict.passed:
        text = Text("✓ ", style="passed").append(f"{step.number} {step.title}")
        note = "" if word == "passed" else "   was stale; the pass is renewed"
        say(text.append(note, style="stale"))
        return
    show(step, verdict)
    say("regressed: it had passed before", "stale", indent=2)
