"""Things to read: a lesson, the reference of a passed step, and how it differs from the learner's file."""

from __future__ import annotations

import difflib
import os

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from course.curriculum import Step
from course.view.console import console, show
from course.view.lesson import render


def show_lesson(step: Step, markdown: str) -> None:
    head = Text(f"{step.number} · {step.minutes} min · you write {step.path} · {step.rules.words}", style="quiet")
    _page(Group(head, Text(), render(markdown)))


def show_source(source: str) -> None:
    _page(_code(source, "python"))


def _page(content: RenderableType) -> None:
    """Show what is longer than the screen in the terminal's pager, as git does; short or piped text at once."""
    out = console()
    if not out.is_terminal:
        if isinstance(content, Text):  # a source, whose long lines stay as they are
            out.print(content, soft_wrap=True)
        else:
            show(content)
        return
    # Colours pass through (R), one screen needs no pager (F), and the text stays on the screen afterwards (X).
    os.environ.setdefault("LESS", "-RFX")
    with out.pager(styles=True):
        out.print(content)


def show_diff(theirs: str, ours: str, step: Step) -> None:
    """Print a unified diff from the learner's file to the reference."""
    lines = difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), f"yours: {step.path}", "the course's", lineterm="", n=3
    )
    text = "\n".join(lines)
    _page(_code(text, "diff") if text else Text("Yours is the same, letter by letter."))


def _code(text: str, language: str) -> Syntax | Text:
    # When piped, lines stay as long as they are.
    if not console().is_terminal:
        return Text(text)
    return Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)
