"""Things to read: a lesson, the reference of a passed step, and how it differs from the learner's file."""

from __future__ import annotations

import difflib

from rich.syntax import Syntax
from rich.text import Text

from course.curriculum import Step
from course.view.console import console
from course.view.lesson import render


def show_lesson(step: Step, markdown: str) -> None:
    out = console()
    out.print(Text(f"{step.number} · {step.minutes} min · you write {step.path} · {step.rules.words}", style="quiet"))
    out.print(render(markdown))


def show_source(source: str) -> None:
    console().print(_code(source, "python"))


def show_diff(theirs: str, ours: str, step: Step) -> None:
    """Print a unified diff from the learner's file to the reference."""
    lines = difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), f"yours: {step.path}", "the course's", lineterm="", n=3
    )
    text = "\n".join(lines)
    console().print(_code(text, "diff") if text else Text("Yours is the same, letter by letter."))


def _code(text: str, language: str) -> Syntax | Text:
    # When piped, lines stay as long as they are.
    if not console().is_terminal:
        return Text(text, no_wrap=True, overflow="ignore")
    return Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)
