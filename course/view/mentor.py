"""`course mentor` and `course journal`: where the text lies, and what to do with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from course.curriculum import Step
from course.mentor.journal import Offer
from course.view.console import command, say, say_next


def show_kept(step: Step, file: Path, text: str, where: str, *, asked: bool) -> None:
    """Say where the prompt lies; on the error stream, so that `course mentor | wl-copy` pipes the prompt alone."""
    size = f"{len(text):,} characters"
    if where:
        _aside(f"\n{step.number}: the prompt is on {where} ({size}) and in {file}")
    else:
        missing = "There is no clipboard here. " if asked else ""
        _aside(f"\n{missing}{step.number}: the prompt ({size}) is in {file}")
    _aside("  next: paste it into any chat; only course check says whether your code works")


def _aside(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def show_offers(offers: Sequence[Offer], file: Path) -> None:
    if not offers:
        say("Nothing new to note.")
        say_next(command('course journal "what I understood today"'), f" appends to {file}")
        return
    say("Worth a line?", "bold")
    for number, offer in enumerate(offers, 1):
        say(Text.assemble((f"{number}  ", "quiet"), offer.text), indent=2)
    say_next(command("course journal --add 1"), " takes one; ", command('course journal "…"'), " writes your own words")


def show_written(file: Path) -> None:
    say(f"✓ {file}", "passed")
