"""What a check looks like: the claim, the numbers, the smallest input, and the next command to type."""

from __future__ import annotations

from rich.text import Text

from course.curriculum import Step
from course.grading.outcomes import Diagnosis, Failure, Finding, Outcome, PropertyResult, Verdict
from course.grading.score import Score
from course.view.console import command, link, say, say_cut, say_next

WORDS = {
    Outcome.WRONG: "WRONG", Outcome.ERROR: "ERROR", Outcome.UNFINISHED: "UNFINISHED", Outcome.TIMEOUT: "TOO SLOW",
    Outcome.MEMORY: "TOO MUCH MEMORY", Outcome.FORBIDDEN: "FORBIDDEN", Outcome.CRASHED: "CRASHED",
    Outcome.GRADER_FAULT: "OUR FAULT",
}  # fmt: skip
MOST_OTHERS = 12
MOST_NAMES = 4
MOST_PRINTED = 8


def show(step: Step, verdict: Verdict, *, watched: bool = False, wall: float | None = None) -> None:
    """Print a verdict: one line when it passed, the first failure in full and the others in a line each when not.

    `watched`: the next save is checked without a command. `wall`: the seconds since the command was typed, when the
    verdict is all that was waited for.
    """
    seconds = verdict.seconds if wall is None else wall
    say(_head(step, verdict, seconds))
    if verdict.problem:
        _show_failure(verdict.problem, WORDS[verdict.outcome], verdict.outcome.value, "")
    elif first := verdict.first_failure:
        _show_property(first)
        _show_diagnosis(verdict.diagnosis)
        _show_others([r for r in verdict.properties if r is not first and r.outcome is not Outcome.PASSED])
    if verdict.printed.strip() and not verdict.passed:
        _show_printed(verdict.printed)
    if not verdict.passed:
        _show_next(step, verdict, seconds, watched=watched)


def _head(step: Step, verdict: Verdict, seconds: float) -> Text:
    title = (f"{step.number} {step.title}", "bold")
    if verdict.passed:
        holds = f" — all {len(verdict.properties)} properties hold"
        seen = f"   {_inputs(verdict)} in {seconds:.2f} s"
        return Text.assemble(("✓ ", "passed"), title, (holds, "passed"), (seen, "quiet"))
    holding = sum(result.outcome is Outcome.PASSED for result in verdict.properties)
    said = "it could not be run" if verdict.problem else f"{holding} of {len(verdict.properties)} properties hold"
    return Text.assemble(("✗ ", verdict.outcome.value), title, f" — {said}")


def _inputs(verdict: Verdict) -> str:
    return "1 hidden input" if verdict.examples == 1 else f"{verdict.examples} hidden inputs"


def _show_property(result: PropertyResult) -> None:
    word = WORDS[result.outcome]
    if result.failure is None or result.outcome is Outcome.UNFINISHED:
        say(Text.assemble((f"{word}  ", result.outcome.value), (result.claim, "bold")), indent=2)
        if result.failure and result.failure.where:
            say(result.failure.where[-1], "quiet", indent=4)
        return
    _show_failure(result.failure, word, result.outcome.value, result.claim)


def _show_failure(failure: Failure, word: str, style: str, claim: str) -> None:
    head = Text.assemble((f"{word}  ", style), (claim or failure.summary, "bold"))
    say(head, indent=2)
    if claim:
        say(failure.summary, indent=4)
    for line in failure.detail:
        if line:
            say(line, indent=4)
    if failure.call:
        # A probe's wording may be several lines of Python: they stay under one another.
        say(Text.assemble(("for  ", "quiet"), (failure.call.replace("\n", "\n     "), "code")), indent=4)
    for place in failure.where:
        say(Text.assemble(("at   ", "quiet"), link(Text(place), place)), indent=4)


def _show_diagnosis(diagnosis: Diagnosis | None) -> None:
    """What the code behaves like, never what it says: nobody has read it."""
    if diagnosis is None or (diagnosis.finding is Finding.UNKNOWN and not diagnosis.functions):
        return
    names = [f"“{name}”" for name in diagnosis.mistakes]
    if diagnosis.finding is Finding.MATCH:
        said = f"behaves exactly like {' and '.join(names)} on {diagnosis.inputs} inputs"
    elif diagnosis.finding is Finding.UNKNOWN:
        said = f"no known mistake; it is in {diagnosis.where()}"
    else:
        said = f"behaves like one of {_some(names, ', ')}; {diagnosis.inputs} inputs do not tell them apart"
    say(Text.assemble(("DIAGNOSIS  ", "diagnosis"), said), indent=2)
    if diagnosis.rivals:
        rivals = _some([f"“{name}”" for name in diagnosis.rivals], " or ")
        say(f"the input above alone could also be {rivals}; others tell", indent=4)


def _some(names: list[str], between: str) -> str:
    """The names, or the first of them and how many more there are: nobody reads fifty."""
    more = len(names) - MOST_NAMES
    return between.join(names) if more <= 1 else f"{between.join(names[:MOST_NAMES])}{between}{more} others"


def _show_others(others: list[PropertyResult]) -> None:
    """The other failures, a line each; what is not written yet only as a count."""
    failing = [result for result in others if result.outcome is not Outcome.UNFINISHED]
    for result in failing[:MOST_OTHERS]:
        say_cut(Text.assemble(("also  ", result.outcome.value), (result.claim, "default")), indent=2)
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


def _show_next(step: Step, verdict: Verdict, seconds: float, *, watched: bool) -> None:
    check = ("save it", "command") if watched else command(f"course check {step.number}")
    parts: tuple[str | tuple[str, str], ...] = ("change it and ", check) if watched else (check, " after your change")
    if verdict.outcome is Outcome.GRADER_FAULT:
        parts = ("this is a fault of the course, not of your code; please report it with the lines above",)
    elif verdict.outcome is Outcome.UNFINISHED:
        parts = (f"write it in {step.path}, then ", check)
    say_next(*parts, (f"   checked in {seconds:.2f} s, {_inputs(verdict)}", "quiet"))


def show_all(step: Step, verdict: Verdict) -> None:
    """Every property in a line, whether it holds or not."""
    say(_head(step, verdict, verdict.seconds))
    if verdict.problem:
        _show_failure(verdict.problem, WORDS[verdict.outcome], verdict.outcome.value, "")
    for result in verdict.properties:
        passed = result.outcome is Outcome.PASSED
        word = "holds" if passed else WORDS[result.outcome]
        say_cut(Text.assemble((f"{word}  ", result.outcome.value), result.claim), indent=2)


def show_way_on(step: Step, following: Step | None, score: Score | None, *, current: bool) -> None:
    """After a pass: what it is worth, and what comes next."""
    if score is not None:
        known = f"this grader rejects {score.mistakes} of {score.mistakes} known wrong versions"
        say(f"{known} and {score.rejected} of {score.mutants} generated ones", "quiet", indent=2)
    ours = command(f"course solution {step.number} --diff")
    if following is None:
        say_next("that was the last step there is; ", ours, " shows ours beside yours")
    elif current:
        say_next(command("course next"), f" opens {following.number} {following.title}")
        say(Text.assemble(ours, (" shows ours beside yours", "quiet")), indent=8)
    else:
        say_next(command("course next"), " goes on where you were")


def show_tried(step: Step, seed: int) -> None:
    """After a pass with a seed of the learner's own."""
    say_next(command(f"course check {step.number}"), f" without --seed {seed} is what counts")


def show_verified(step: Step, word: str, verdict: Verdict) -> None:
    """One line of `course verify`, and the failure in full when a pass no longer holds."""
    if verdict.passed:
        note = "" if word == "passed" else "   was stale; the pass is renewed"
        say(Text.assemble(("✓ ", "passed"), f"{step.number} {step.title}", (note, "stale")))
        return
    show(step, verdict)
    say("regressed: it had passed before", "stale", indent=2)
