"""The verbs that hold words against the truth: fact-check for the mentor's, predict for the learner's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from course.cli.base import StepName, step_argument
from course.curriculum import Step
from course.errors import INTERRUPTED, NOT_PASSED, PASSED, WRONG_USAGE, UsageError
from course.session import Session, open_session

if TYPE_CHECKING:
    from course.mentor.predict import Round


@click.command("fact-check")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--step", type=StepName(), help="The step the reply speaks of (default: the current one).")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program (docs/verdict-json.md).")
@click.pass_context
def fact_check(ctx: click.Context, file: Path, step: str | None, as_json: bool) -> None:
    """Hold a mentor's reply against the truth.

    \b
    FILE holds the reply; without it, or with -, paste it and end with Ctrl-D.
    Code is graded, CHECK lines are computed, verdicts are compared with the grader's.
    In a CHECK line mine.NAME(…) is your function and expected.NAME(…) the reference:
      CHECK: mine.sigmoid(0.0) == expected.sigmoid(0.0)

    Nothing in a reply is trusted: what it shows runs only in the confined process. Exit code 0: nothing refuted,
    1: something refuted, 2: nothing in it can be checked.
    """
    session = open_session()
    chosen = session.step(step)
    text = _read(file)
    from course.mentor.fact_check import fact_check as check  # noqa: PLC0415 - NumPy and pytest only when needed
    from course.mentor.fact_check import record, workbench  # noqa: PLC0415

    bench, submission = workbench(session, chosen)
    try:
        report = check(bench, text, submission)
    finally:
        bench.close()
    record(session.workspace, chosen, report)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        from course.view import truth as view  # noqa: PLC0415

        view.show_report(chosen, report)
    ctx.exit(NOT_PASSED if report.refuted else PASSED if report.checkable else WRONG_USAGE)


def _read(file: Path) -> str:
    """The reply's text, from a file or from what is pasted; raise `UsageError` for what cannot be one."""
    from course.mentor.reply import MAX_REPLY, decode  # noqa: PLC0415

    if str(file) == "-":
        if sys.stdin.isatty():
            click.echo("Paste the reply, then end with Ctrl-D on a line of its own (Windows: Ctrl-Z, Enter):", err=True)
        pasted: bytes = sys.stdin.buffer.read(MAX_REPLY + 1)
        return decode(pasted, "What you pasted")
    try:
        with file.open("rb") as opened:
            return decode(opened.read(MAX_REPLY + 1), str(file))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", hint="course fact-check -   reads what you paste instead"
        ) from error


@click.command()
@step_argument()
@click.option("--seed", type=click.IntRange(min=0), help="The numbers of an earlier round again.")
@click.option("--answers", help="Answer without being asked: 3,0.5,(2, 4). Needs the --seed of the questions.")
@click.option("--json", "as_json", is_flag=True, help="Print the questions for a program, without answers.")
@click.pass_context
def predict(ctx: click.Context, step: str | None, seed: int | None, answers: str | None, as_json: bool) -> None:
    """Predict before you run: questions with new numbers.

    Two attempts each; the answers are computed, not typed. A workspace made with --strict opens the next step only
    when these are answered. Exit code 0: all right, 1: not yet.
    """
    from course.mentor.predict import begin, draw_seed, earlier  # noqa: PLC0415

    session = open_session()
    chosen = session.step(step)
    if answers is not None and seed is None:
        raise UsageError(
            "Answers need the seed of the questions they answer.",
            hint=f"course predict {chosen.number} --json   prints the questions with their seed",
        )
    seed = draw_seed() if seed is None else seed
    game = begin(session.content, chosen, seed, earlier(session.workspace, chosen, seed))
    if answers is not None:
        _answer_at_once(game, answers)
    elif as_json:
        click.echo(json.dumps(game.as_json(), indent=2, ensure_ascii=False))
        return
    else:
        _ask(ctx, session, chosen, game)
    _finish(ctx, session, chosen, game, as_json=as_json)


def _answer_at_once(game: Round, answers: str) -> None:
    given = game.split(answers)
    for place, text in enumerate(given):
        if not game.done(place):
            game.answer(place, text)


def _ask(ctx: click.Context, session: Session, step: Step, game: Round) -> None:
    from course.mentor.predict import record  # noqa: PLC0415
    from course.view import truth as view  # noqa: PLC0415

    view.show_round(step, game)
    for place in range(len(game.questions)):
        view.show_question(game, place)
        while not game.done(place):
            try:
                text = input("  your answer: ")
            except (EOFError, KeyboardInterrupt) as stop:
                # What has been told must not be asked again as if it were new.
                if begun := any(game.marks):
                    record(session.workspace, step, game)
                if isinstance(stop, EOFError):
                    raise NoAnswer(step, begun=begun) from stop
                click.echo(
                    "\nStopped. " + ("What you answered is recorded." if begun else "Nothing was recorded."), err=True
                )
                ctx.exit(INTERRUPTED)
            if not sys.stdin.isatty():
                click.echo(text)
            view.show_answered(game, place, game.answer(place, text))


class NoAnswer(UsageError):
    """Nobody is there to answer."""

    def __init__(self, step: Step, *, begun: bool) -> None:
        recorded = "What was answered is recorded." if begun else "Nothing was recorded."
        super().__init__(
            f"There is no answer to read: this is no terminal, or the input has ended. {recorded}",
            hint=f"course predict {step.number} --json   prints the questions; --seed N --answers 3,0.5   answers them",
        )


def _finish(ctx: click.Context, session: Session, step: Step, game: Round, *, as_json: bool) -> None:
    from course.mentor.predict import record  # noqa: PLC0415

    record(session.workspace, step, game)
    if as_json:
        click.echo(json.dumps(game.as_json(), indent=2, ensure_ascii=False))
    else:
        from course.view import truth as view  # noqa: PLC0415

        view.show_result(step, game)
    ctx.exit(PASSED if game.passed else NOT_PASSED)
