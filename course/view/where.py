"""Bare `course`: where the learner is, and what to type next."""

from __future__ import annotations

from contextlib import suppress

from rich.text import Text

from course.curriculum import Step
from course.gate import State, current_step
from course.progress import attempts
from course.session import Session
from course.view.console import command, say, say_next


def show_nowhere() -> None:
    say("There is no course workspace here.")
    say_next(command("course init my-llm"), ", then cd my-llm and ", command("course start"))
    say("course map shows the whole road, course --help every command", "quiet", indent=2)


def show_here(session: Session) -> None:
    """The current step, how it stood at its last check, what is stale, and what to type."""
    step = current_step(session.curriculum, session.progress)
    if step is None:
        say("Every step that exists so far has passed.")
        say_next(command("course map"))
        return
    standings = session.standings()
    state = standings[step.key].state
    passed = sum(one.state in (State.PASSED, State.STALE) for one in standings.values())
    count = f"   {passed} of {len(standings)} steps passed"
    say(Text.assemble((f"{step.number} {step.title}", "bold"), (f"   {state.value}", state.value), (count, "quiet")))
    if last := _last_check(session, step):
        say(f"last check: {last}", "quiet", indent=2)
    if stale := [one.number for one in session.curriculum if standings[one.key].state is State.STALE]:
        say(f"stale: {', '.join(stale)}   (course verify grades them again)", "stale", indent=2)
    if step.key not in session.progress.opened:
        say_next(command("course start"), " opens it")
    elif state is State.PASSED:
        say_next(command("course next"))
    else:
        say_next(command("course lesson"), f", write {step.path}, ", command("course check"))


def _last_check(session: Session, step: Step) -> str:
    """The last line of this step in the history of attempts."""
    found = ""
    for entry in attempts(session.workspace.progress):
        with suppress(KeyError, TypeError):
            if entry["step"] == step.key:
                found = f"{entry['outcome']}, {entry['holding']} of {entry['properties']} properties held"
    return found
