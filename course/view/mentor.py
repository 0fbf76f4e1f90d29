"""`course mentor` and `course journal`: where the text lies, and what to do with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course.curriculum import Step

if TYPE_CHECKING:
    from course.mentor.fact_check import Report
    from course.mentor.journal import Offer


def show_kept(step: Step, file: Path, text: str, where: str, *, asked: bool) -> None:
    """Say where the prompt lies; on the error stream, so that `course mentor | wl-copy` pipes the prompt alone."""
    size = f"{len(text):,} characters"
    if where:
        _aside(f"\n{step.number}: the prompt is on {where} ({size}) and in {file}")
    else:
        missing = "There is no clipboard here. " if asked else ""
        _aside(f"\n{missing}{step.number}: the prompt ({size}) is in {file}")
    _aside("  next: paste it into any chat; hold its answers against the truth with course fact-check")


def _aside(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def show_waiting(characters: int) -> None:
    """How much of a reply has come; it is shown when it has been checked, not before."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{characters:,} characters …")
        sys.stderr.flush()


def show_reply(text: str, report: Report) -> None:
    """A reply of the chat, the lines marked in which something is false; then what is so."""
    from rich.text import Text  # noqa: PLC0415 - the prompt alone shows nothing, and is to be there at once

    from course.mentor.claims import Result  # noqa: PLC0415
    from course.view.console import say  # noqa: PLC0415

    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    false = [" ".join(claim.said.split()) for claim in report.of(Result.REFUTED, Result.POSSIBLE)]
    for line in text.strip().splitlines():
        flat = " ".join(line.split())
        wrong = len(flat) > 3 and any(flat in said or said in flat for said in false)
        say(Text.assemble(("✗ ", "wrong") if wrong else "  ", line))
    for claim in report.of(Result.REFUTED, Result.POSSIBLE):
        say(Text.assemble((f"{claim.result.value.upper()}  ", "wrong"), claim.truth), indent=2)
    if report.of(Result.SOLUTION):
        say("Your mentor gave you the solution; that is noted as help.", "quiet", indent=2)
    say()


def ask() -> str:
    """What the learner answers; empty, or the end of the input, ends the conversation."""
    _aside("Your answer (an empty line ends it):")
    return sys.stdin.readline(4_000).strip()


def show_offers(offers: Sequence[Offer], file: Path) -> None:
    from rich.text import Text  # noqa: PLC0415

    from course.view.console import command, say, say_next  # noqa: PLC0415

    if not offers:
        say("Nothing new to note.")
        say_next(command('course journal "what I understood today"'), f" appends to {file}")
        return
    say("Worth a line?", "bold")
    for number, offer in enumerate(offers, 1):
        say(Text.assemble((f"{number}  ", "quiet"), offer.text), indent=2)
    say_next(command("course journal --add 1"), " takes one; ", command('course journal "…"'), " writes your own words")


def show_written(file: Path) -> None:
    from course.view.console import say  # noqa: PLC0415

    say(f"✓ {file}", "passed")
