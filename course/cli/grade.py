"""`course check` and `course verify`: let the judge speak, show it, write it down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from course.cli.base import seconds_since_start, step_argument
from course.curriculum import Step
from course.errors import BROKEN, NOT_PASSED, PASSED, ContentError, UsageError
from course.gate import Standing, State
from course.grading.outcomes import SCHEMA, Outcome, Verdict
from course.grading.score import read_score
from course.session import Session, open_session


@click.command()
@step_argument()
@click.option("--all", "everything", is_flag=True, help="Check every step that has passed.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict for a program (docs/verdict-json.md).")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit XML report as well.")
@click.option("--seed", type=click.IntRange(min=0), help="Try other hidden inputs; does not count as a pass.")
@click.pass_context
def check(
    ctx: click.Context, step: str | None, everything: bool, as_json: bool, junit: Path | None, seed: int | None
) -> None:
    """Grade a step: does it work? (default: the current one)

    The same code always meets the same hidden inputs, changed code meets new ones. Exit code 0: passed, 1: not yet.
    """
    session = open_session()
    if everything and step:
        raise UsageError("Name a step or --all, not both.", hint="course check --all")
    steps = _passed_steps(session) if everything else [session.step(step)]
    if everything:
        verdicts = [
            take_down(session, one, verdict, seed=seed, quiet=as_json)
            for one, verdict in zip(steps, _grade_all(session, steps, seed), strict=True)
        ]
    else:
        verdicts = [grade_step(session, steps[0], seed=seed, quiet=as_json)]
    if as_json:
        data = {"schema": SCHEMA, "verdicts": [verdict.as_json() for verdict in verdicts]}
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    if junit:
        _write_junit(junit, verdicts)
    ctx.exit(exit_code(verdicts))


def _passed_steps(session: Session) -> list[Step]:
    steps = [step for step in session.curriculum if step.key in session.progress.passed]
    if not steps:
        raise UsageError("No step has passed yet.", hint="course check   grades the current one")
    return steps


def grade_step(session: Session, step: Step, *, seed: int | None = None, quiet: bool = False) -> Verdict:
    """Grade one step, show the verdict and record it; the time shown is that since the command was typed."""
    from course.grading.judge import Submission, grade  # noqa: PLC0415 - pytest and NumPy only when something is graded

    if step.key not in session.progress.opened and not session.workspace.file(step).exists():
        opens = "course next" if session.progress.opened else "course start"
        raise UsageError(f"{step.number} {step.title} is not open yet: there is no {step.path}.", hint=opens)
    verdict = _graded_by_a_watch(session, step, seed)
    if verdict is None:
        submission = Submission(session.workspace.modules(), kept=session.workspace.state / "examples")
        verdict = grade(session.content, step, submission, seed=seed)
    return take_down(session, step, verdict, seed=seed, quiet=quiet, wall=seconds_since_start())


def _grade_all(session: Session, steps: list[Step], seed: int | None = None) -> Iterator[Verdict]:
    from course.grading.several import grade_several  # noqa: PLC0415

    workspace = session.workspace
    return grade_several(session.content, steps, workspace.modules(), workspace.state / "examples", seed)


def take_down(
    session: Session,
    step: Step,
    verdict: Verdict,
    *,
    seed: int | None = None,
    quiet: bool = False,
    wall: float | None = None,
) -> Verdict:
    """Record a verdict and show it: what is shown as passed has been written down."""
    from course.grading.record import record  # noqa: PLC0415

    try:
        session.progress = record(session.workspace, step, verdict, counts=seed is None) or session.progress
    finally:  # a full disk keeps no verdict from who waits for it
        if not quiet:
            from course.view import verdict as view  # noqa: PLC0415

            view.show(step, verdict, wall=wall)
    if verdict.passed and not quiet:
        from course.view import verdict as view  # noqa: PLC0415

        if seed is None:
            score = read_score(session.content, step)
            view.show_way_on(step, session.following(), score, current=session.progress.current == step.key)
        else:
            view.show_tried(step, seed)
    return verdict


def _graded_by_a_watch(session: Session, step: Step, seed: int | None) -> Verdict | None:
    """The verdict of the warm judge of a watch that runs in this workspace, if there is one."""
    if not (session.workspace.state / "watch.json").exists():
        return None
    from course.watch.door import ask  # noqa: PLC0415 - only beside a watch

    return ask(session, step, seed)


def exit_code(verdicts: list[Verdict]) -> int:
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.GRADER_FAULT in outcomes:
        return BROKEN
    return PASSED if outcomes == {Outcome.PASSED} else NOT_PASSED


def _write_junit(path: Path, verdicts: list[Verdict]) -> None:
    from course.grading.junit import junit_xml  # noqa: PLC0415

    try:
        path.write_text(junit_xml(verdicts), encoding="utf-8")
    except OSError as error:
        raise ContentError(
            f"{path} could not be written: {error.strerror}.", hint="name another --junit file"
        ) from error


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    """Grade again everything that progress.json says has passed."""
    session = open_session()
    before = session.standings()
    steps = _passed_steps(session)
    report = []
    for step, verdict in zip(steps, _grade_all(session, steps), strict=True):
        take_down(session, step, verdict, quiet=True)
        report.append((step, before[step.key], verdict))
        if not as_json:
            from course.view import verdict as view  # noqa: PLC0415

            view.show_verified(step, verified_word(before[step.key], verdict), verdict)
    if as_json:
        entries = [
            {"step": step.key, "was": was.state.value, "why": was.why, "now": verified_word(was, verdict)}
            for step, was, verdict in report
        ]
        click.echo(json.dumps({"schema": SCHEMA, "steps": entries}, indent=2, ensure_ascii=False))
    ctx.exit(exit_code([verdict for *_, verdict in report]))


def verified_word(was: Standing, verdict: Verdict) -> str:
    """What a second grading showed: still "passed", "renewed" after a change, or "regressed"."""
    if not verdict.passed:
        return "regressed"
    return "renewed" if was.state is State.STALE else "passed"
