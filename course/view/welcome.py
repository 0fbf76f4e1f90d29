"""The moments between steps: the start, a step that opens, the end of what exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from course.curriculum import Curriculum, Step
from course.view.console import command, console, say, say_next
from course.view.lesson import opening, render


def show_roadmap(curriculum: Curriculum) -> None:
    """The stages in a line each: what the learner will own at the end."""
    say()
    say(curriculum.title, "bold")
    say("Every step: a lesson, functions to write, a grader that looks. It opens the next one when they work.")
    say()
    for stage in curriculum.stages:
        say(Text.assemble((f"  {stage.id}  ", "bold"), stage.title, ("" if stage.steps else "  (to come)", "quiet")))
    say()


def show_opened(curriculum: Curriculum, step: Step, root: Path, *, copied: bool, lesson: bool) -> None:
    """A step opens: its file, its rules, the beginning of its lesson, the commands that follow."""
    title = f"{step.number} {step.title}"
    say(Text.assemble(("→ ", "passed"), (title, "bold"), (f"   about {step.minutes} min", "quiet")))
    shared = [other for other in curriculum.sharing(step) if other is not step]
    if copied:
        note = ""
    elif shared:
        note = f"   (the same file as {shared[0].number}; nothing in it was touched)"
    else:
        note = "   (it was there already; nothing in it was touched)"
    say(f"you write  {step.path}{note}", indent=2)
    say(f"the rules  {step.rules.words}", "quiet", indent=2)
    if lesson:
        say()
        console().print(render(opening(curriculum.content.read(curriculum.content.lesson(step.key)))))
    say()
    say_next(command("course lesson"), ", write, ", command("course check"))


def show_first_check(step: Step) -> None:
    say()
    say("That was the grader's first look: nothing is written yet, so nothing can be wrong.")
    say_next(command("course lesson"), f", then open {step.path} in your editor")


def show_electives(electives: Sequence[Step]) -> None:
    for step in electives:
        say(f"also open, if you like: course next {step.number}   {step.title} (elective)", "quiet", indent=2)


def show_finished(curriculum: Curriculum) -> None:
    say(Text.assemble(("✓ ", "passed"), ("Every step that exists so far has passed.", "bold")))
    coming = [stage for stage in curriculum.stages if not stage.steps]
    if coming:
        say(f"The next stage, {coming[0].id} {coming[0].title}, is being written: git pull brings it.", indent=2)
    say_next(command("course verify"), " grades everything again")
