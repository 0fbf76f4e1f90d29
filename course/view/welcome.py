"""The moments between steps: the start, a step that opens, the end of what exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from course.curriculum import Curriculum, Step
from course.gate import Standing
from course.view.console import console, say
from course.view.lesson import opening, render


def show_roadmap(curriculum: Curriculum, standings: Mapping[str, Standing]) -> None:
    """The seven stages in a line each: what the learner will own at the end."""
    say()
    say(Text(curriculum.title, style="bold"))
    say("Every step: a lesson, functions to write, a grader that looks. It opens the next one when they work.")
    say()
    for stage in curriculum.stages:
        done = "" if stage.steps else "  (to come)"
        say(Text(f"  {stage.id}  ", style="bold").append(stage.title, style="").append(done, style="quiet"))
    say()


def show_opened(curriculum: Curriculum, step: Step, root: Path, *, copied: bool, lesson: bool) -> None:
    """A step opens: its file, the beginning of its lesson, the two commands that follow."""
    say(
        Text("→ ", style="passed")
        .append(f"{step.number} {step.title}", style="bold")
        .append(f"   about {step.minutes} min", style="quiet")
    )
    say(f"  you write  {step.path}" + ("" if copied else "   (it was there already; nothing in it was touched)"))
    say(Text(f"  the rules  {step.rules.words}", style="quiet"))
    if lesson:
        text = opening(curriculum.content.read(curriculum.content.lesson(step.key)))
        say()
        console().print(render(text))
    say()
    say(
        Text("  next: ", style="quiet")
        .append("course lesson", style="command")
        .append(", write, ")
        .append("course check", style="command")
    )


def show_first_check(step: Step) -> None:
    say()
    say("That was the grader's first look: nothing is written yet, so nothing can be wrong.")
    say(
        Text("  next: ", style="quiet")
        .append("course lesson", style="command")
        .append(f", then open {step.path} in your editor")
    )


def show_electives(electives: Sequence[Step]) -> None:
    for step in electives:
        console().print(
            Text(f"  also open, if you like: course next {step.number}   {step.title} (elective)", style="quiet")
        )


def show_finished(curriculum: Curriculum) -> None:
    say(Text("✓ ", style="passed").append("Every step that exists so far has passed.", style="bold"))
    coming = [stage for stage in curriculum.stages if not stage.steps]
    if coming:
        say(f"  The next stage, {coming[0].id} {coming[0].title}, is being written: git pull brings it.")
    say(Text("  next: ", style="quiet").append("course verify", style="command").append(" grades everything again"))
