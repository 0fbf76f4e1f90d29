"""Bare `course`: where the learner is, and what to type next."""

from __future__ import annotations

import json
from contextlib import suppress

from rich.text import Text

from course.curriculum import Step
from course.gate import State, current_step
from course.session import Session
from course.view.console import say


def show_nowhere() -> None:
    say("There is no course workspace here.")
    say(
        Text("  next: ", style="quiet")
        .append("course init my-llm", style="command")
        .append("   then cd my-llm, and course start")
    )
    say(Text("        course map   shows the whole road, course --help every command", style="quiet"))


def show_here(session: Session) -> None:
    step = current_step(session.curriculum, session.progress)
    if step is None:
        say("Every step that exists so far has passed.   course map")
        return
    standings = session.standings()
    passed = sum(one.state in (State.PASSED, State.STALE) for one in standings.values())
    standing = standings[step.key]
    say(
        Text(f"{step.number} {step.title}", style="bold")
        .append(f"   {standing.state.value}", style=standing.state.value)
        .append(f"   {passed} of {len(standings)} steps passed", style="quiet")
    )
    if last := _last_check(session, step):
        say(Text(f"  last check: {last}", style="quiet"))
    stale = [one for one in session.curriculum if standings[one.key].state is State.STALE and one is not step]
    if stale:
        numbers = ", ".join(one.number for one in stale)
        say(Text(f"  stale: {numbers}   (course verify grades them again)", style="stale"))
    say(_next_command(session, step, standing.state))


def _last_check(session: Session, step: Step) -> str:
    """The last line of this step in the history of attempts."""
    found = ""
    with suppress(OSError):
        for line in (session.workspace.state / "attempts.jsonl").read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                if entry["step"] == step.key:
                    found = f"{entry['outcome']}, {entry['holding']} of {entry['properties']} properties held"
    return found


def _next_command(session: Session, step: Step, state: State) -> Text:
    text = Text("  next: ", style="quiet")
    if step.key not in session.progress.opened:
        return text.append("course start", style="command").append("   opens it")
    if state is State.PASSED:
        return text.append("course next", style="command")
    text.append("course lesson", style="command").append(f", write {step.path}, ")
    return text.append("course check", style="command")
