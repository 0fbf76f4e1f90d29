"""The verbs around a mentor in any chat: the prompt to paste, and the learner's own journal."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

import click

from course.cli.base import StepName, step_argument
from course.curriculum import Step
from course.errors import UsageError
from course.gate import current_step
from course.session import Session, open_session

if TYPE_CHECKING:
    from course.mentor.prompt import Request


@click.command()
@step_argument()
@click.option("--start", is_flag=True, help="Open a session: the idea of the step and a first question.")
@click.option("--defend", is_flag=True, help="An interview about the step's stage, with your own numbers.")
@click.option("--persona", default="feynman", show_default=True, help="feynman, karpathy or architect.")
@click.option("--language", default="", help="The language the mentor is to answer in.")
@click.option("--copy", "copied", is_flag=True, help="Put it on the clipboard instead of printing it.")
@click.option("--print", "printed", is_flag=True, help="Print it as well when it is copied.")
@click.option("--chat", "talk", is_flag=True, help="Talk to the chat server that COURSE_CHAT_URL names.")
def mentor(
    step: str | None, start: bool, defend: bool, persona: str, language: str, copied: bool, printed: bool, talk: bool
) -> None:
    """Write the prompt to paste into any LLM chat.

    It says what the grader knows, and how to mentor you. After a failed check it carries what holds, what fails and
    the diagnosis; after a pass, questions. It never carries the solution. It is kept in mentor/ in your workspace.
    """
    from course.mentor.clipboard import copy  # noqa: PLC0415
    from course.mentor.prompt import build  # noqa: PLC0415
    from course.view import mentor as view  # noqa: PLC0415
    from course.workspace import keep  # noqa: PLC0415

    if start and defend:
        raise UsageError("--start opens a step, --defend ends a stage: only one of them.", hint="course mentor --start")
    session = open_session()
    chosen = session.step(step)
    request = _request(session, chosen, start=start, defend=defend, persona=persona, language=language)
    text = build(session.content, request)
    file = keep(session.workspace, f"mentor/{chosen.number}.md", text)
    if talk:
        _converse(session, chosen, text)
        return
    where = copy(text) if copied else ""
    if printed or not where:
        click.echo(text, nl=False)
    view.show_kept(chosen, file.relative_to(session.workspace.root), text, where, asked=copied)


def _request(session: Session, step: Step, *, start: bool, defend: bool, persona: str, language: str) -> Request:
    from course.grading.last import NotChecked, read_last  # noqa: PLC0415
    from course.grading.outcomes import Outcome  # noqa: PLC0415
    from course.mentor.history import load_history, measured  # noqa: PLC0415
    from course.mentor.prompt import Request, Situation  # noqa: PLC0415
    from course.mentor.suspects import suspects  # noqa: PLC0415

    history = load_history(session.curriculum, session.workspace, session.progress)
    request = functools.partial(Request, step, history=history, persona=persona, language=language)
    if defend:
        return request(situation=Situation.DEFEND, measured=measured(session, step, history))
    try:
        last = None if start else read_last(session.workspace, step)
    except NotChecked:
        last = None
    if last is None or (not last.problem and all(one.outcome is Outcome.UNFINISHED for one in last.properties)):
        return request(situation=Situation.START)
    if last.outcome is Outcome.PASSED:
        return request(situation=Situation.PASSED, last=last)
    source = session.workspace.file(step).read_text(encoding="utf-8", errors="replace")
    shown = suspects(session.content, step, last)
    return request(situation=Situation.FAILED, last=last, source=source, suspects=shown)


def _converse(session: Session, step: Step, prompt: str) -> None:
    """Send the prompt, then what the learner types; each reply is fact-checked before it is shown."""
    from course.mentor.chat import Endpoint, Message, reply  # noqa: PLC0415
    from course.mentor.fact_check import fact_check, record, workbench  # noqa: PLC0415
    from course.mentor.reply import printable  # noqa: PLC0415
    from course.view import mentor as view  # noqa: PLC0415

    endpoint, messages = Endpoint.named(), [Message("user", prompt)]
    bench, submission = workbench(session, step)
    try:
        while True:
            text = printable(reply(endpoint, messages, view.show_waiting))
            report = fact_check(bench, text, submission)
            record(session.workspace, step, report)
            view.show_reply(text, report)
            words = view.ask()
            if not words:
                return
            told = f"{report.paste_back}\n\n{words}" if report.paste_back else words
            messages += [Message("assistant", text), Message("user", told)]
    finally:
        bench.close()


@click.command()
@click.argument("text", nargs=-1)
@click.option("--add", type=click.IntRange(1), help="Take the offered entry of this number.")
@click.option("--step", "named", type=StepName(), help="The step it is about (default: the current one).")
def journal(text: tuple[str, ...], add: int | None, named: str | None) -> None:
    """Write a line into your journal.

    It is journal.md in the workspace, plain Markdown, yours, and only ever appended to. Without TEXT, see what there is
    to note.
    """
    from course.mentor import journal as book  # noqa: PLC0415
    from course.view import mentor as view  # noqa: PLC0415

    session = open_session()
    words = " ".join(text).strip()
    if not words and not sys.stdin.isatty() and add is None and not text:
        words = _piped()
    offers = book.offers(session)
    step: Step | None
    if add is not None:
        if words:
            raise UsageError("Either your own words or --add, not both.", hint='course journal "what I learned"')
        if add > len(offers):
            raise UsageError(f"There are {len(offers)} entries on offer.", hint="course journal   lists them")
        step, words = offers[add - 1].step, offers[add - 1].text
    elif words:
        step = session.curriculum.find(named) if named else current_step(session.curriculum, session.progress)
    else:
        view.show_offers(offers, book.path(session.workspace).relative_to(session.workspace.root))
        return
    book.write(session, step, words)
    view.show_written(book.path(session.workspace).relative_to(session.workspace.root))


def _piped() -> str:
    return sys.stdin.read(20_000).strip()
