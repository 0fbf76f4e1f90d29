"""`course fact-check` and `course predict`: what is false and what is so, line by line."""

from __future__ import annotations

from rich.text import Text

from course.curriculum import Step
from course.mentor.answers import Mark
from course.mentor.claims import Claim, Kind, Result
from course.mentor.fact_check import Report
from course.mentor.predict import ATTEMPTS, Question, Round, shown
from course.view.console import command, say, say_cut, say_next

# The word, its style, and how it is counted.
WORDS = {
    Result.REFUTED: ("REFUTED", "wrong", "refuted"),
    Result.POSSIBLE: ("POSSIBLE", "stale", "possibly false"),
    Result.SOLUTION: ("SOLUTION", "diagnosis", "solution given"),
    Result.CONFIRMED: ("CONFIRMED", "passed", "confirmed"),
    Result.NOT_VERIFIED: ("NOT VERIFIED", "quiet", "not verified"),
}
MOST_QUIET = 6


def show_report(step: Step, report: Report) -> None:
    say(Text.assemble((f"{step.number} {step.title}", "bold"), f" — {_counted(report)}"))
    for result in (Result.REFUTED, Result.POSSIBLE, Result.SOLUTION):
        for claim in report.of(result):
            _show_claim(claim)
    for result in (Result.CONFIRMED, Result.NOT_VERIFIED):
        _show_briefly(report.of(result), result)
    if report.unchecked:
        what = "1 sentence holds" if report.unchecked == 1 else f"{report.unchecked} sentences hold"
        say(f"{what} nothing that can be checked: believe it no more than before", "quiet", indent=2)
    if report.remark:
        say(report.remark, "quiet", indent=2)
    if report.paste_back:
        say("paste this back:", "quiet", indent=2)
        for line in report.paste_back.split("\n"):
            say(line, indent=4)
    elif not report.checkable:
        say("ask for `CHECK: expression == value` lines, such as CHECK: np.log(2) ≈ 0.693", indent=2)
    say_next(command(f"course check {step.number}"), " is what decides about your code")


def _counted(report: Report) -> str:
    counts = [(len(report.of(result)), words) for result, (_, _, words) in WORDS.items()]
    return ", ".join(f"{count} {words}" for count, words in counts if count) or "nothing in it can be checked"


def _show_claim(claim: Claim) -> None:
    word, style, _ = WORDS[claim.result]
    said = " ".join(claim.said.split())
    said = said if len(said) <= 200 else f"{said[:199]}…"
    say(Text.assemble((f"{word}  ", style), (_named(claim, said), "bold")), indent=2)
    say(claim.truth, indent=4)
    for line in claim.note:
        say(line, "quiet", indent=4)


def _named(claim: Claim, said: str) -> str:
    what = {Kind.CHECK: said, Kind.CODE: f"its {said}"}
    return what.get(claim.kind, f"“{said}”")


def _show_briefly(claims: list[Claim], result: Result) -> None:
    word, style, _ = WORDS[result]
    for claim in claims[:MOST_QUIET]:
        said = " ".join(claim.said.split())
        why = f"   {claim.truth}" if claim.truth else ""
        say_cut(Text.assemble((f"{word}  ", style), said, (why, "quiet")), indent=2)
    if len(claims) > MOST_QUIET:
        say(f"{word}  {len(claims) - MOST_QUIET} more", "quiet", indent=2)


# ---------------------------------------------------------------- predictions


def show_round(step: Step, game: Round) -> None:
    count = len(game.questions)
    said = "one question" if count == 1 else f"{count} questions"
    head = (f"{step.number} {step.title}", "bold")
    say(Text.assemble(head, f" — {said}, {ATTEMPTS} attempts each", (f"   seed {game.seed}", "quiet")))
    say("numbers, fractions and powers will do: 0.33, 1/3, 2**10, (2, 3), yes", "quiet", indent=2)


def show_question(game: Round, place: int) -> None:
    say()
    say(Text.assemble((f"{place + 1}  ", "bold"), game.questions[place].ask))


def show_answered(game: Round, place: int, found: Mark) -> None:
    question = game.questions[place]
    if found is Mark.RIGHT:
        say("✓ right", "passed", indent=2)
    elif found is Mark.COARSE:
        say("right so far: with one more digit, please", "quiet", indent=2)
    elif found is Mark.UNREADABLE:
        say("that cannot be read as an answer; such as 0.33, 1/3, 2**10, (2, 3) or yes can", "quiet", indent=2)
    elif game.done(place):
        say(Text.assemble(("✗ it is  ", "wrong"), _worked(question)), indent=2)
    else:
        say("✗ no; once more", "wrong", indent=2)


def _worked(question: Question) -> str:
    """The answer with the expression it comes from, where that says more."""
    answer = shown(question.answer)
    return answer if question.worked == answer else f"{question.worked} = {answer}"


def show_result(step: Step, game: Round) -> None:
    right = sum(game.right(place) for place in range(len(game.questions)))
    say()
    if game.passed:
        say(Text.assemble(("✓ ", "passed"), f"all {right} right"))
        say_next(command(f"course check {step.number}"), ", or ", command("course next"), " once it passes")
        return
    say(Text.assemble(("✗ ", "wrong"), f"{right} of {len(game.questions)} right"))
    for place, question in enumerate(game.questions):
        if game.told(place):
            say(f"{place + 1}  {_worked(question)}", "quiet", indent=2)
    if game.finished:
        say_next(command(f"course predict {step.number}"), " draws new numbers")
    else:
        say_next(command(f"course predict {step.number} --seed {game.seed} --answers …"), " has one more attempt")
