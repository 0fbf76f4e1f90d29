"""The one console everything is shown on: no colour when piped or with NO_COLOR, a width that reads well."""

from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path

from rich.console import Console, RenderableType
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

THEME = Theme(
    {
        "passed": "green", "open": "bold", "locked": "dim", "stale": "yellow",
        "wrong": "red", "error": "red", "crashed": "red", "forbidden": "magenta",
        "timeout": "yellow", "memory": "yellow",
        "unfinished": "cyan", "grader-fault": "bold magenta",
        "diagnosis": "bold blue", "code": "cyan", "command": "bold", "quiet": "dim",
    }
)  # fmt: skip

# A log file or a pipe has no width of its own; this one is what most terminals have.
PIPED_WIDTH = 100


@functools.cache
def console() -> Console:
    # GitHub's and other runners' pseudo-terminals set COLUMNS; Rich reads it itself.
    width = PIPED_WIDTH if not sys.stdout.isatty() and "COLUMNS" not in os.environ else None
    return Console(theme=THEME, highlight=False, soft_wrap=False, width=width, emoji=False)


def say(text: str | Text = "", style: str = "", *, indent: int = 0) -> None:
    """Print a line, wrapped under its indent; no spaces at its end, so that piped output stays clean."""
    out = console()
    whole = Text(text, style=style) if isinstance(text, str) else text
    for line in whole.wrap(out, max(out.width - indent, 20)):
        line.rstrip()
        out.print(Text(" " * indent).append_text(line), soft_wrap=True)


def show(renderable: RenderableType) -> None:
    """Print a table, or anything of several lines, with no spaces at the ends of its lines either."""
    out = console()
    for segments in out.render_lines(renderable, pad=False):
        line = Text.assemble(*((segment.text, segment.style or "") for segment in segments if not segment.control))
        line.rstrip()
        out.print(line, soft_wrap=True)


def say_cut(text: Text, *, indent: int = 0) -> None:
    """Print one line, cut at the width of the screen; whole when piped."""
    out = console()
    if out.is_terminal:
        text.truncate(max(out.width - indent, 20), overflow="ellipsis")
    out.print(Text(" " * indent).append_text(text), soft_wrap=True)


def say_next(*parts: str | tuple[str, str]) -> None:
    """Print the line that ends every message: what to type now. A part with a style is `(text, style)`."""
    say(Text.assemble(("next: ", "quiet"), *parts), indent=2)


_links: list[Path] = []


def link_to(root: Path) -> None:
    """From now on the files named on the screen are links into this folder, where the terminal can follow them."""
    _links[:] = [root] if os.environ.get("TERM") not in ("dumb", "linux", None) else []


def link(text: Text, place: str) -> Text:
    """Make a text the link to a place in the workspace, `minillm/a/b.py` or `minillm/a/b.py:12 in f`."""
    found = _PLACE.match(place)
    if _links and found and console().is_terminal:
        line = f"#{found[2]}" if found[2] else ""
        text.stylize(Style(link=f"{(_links[0] / found[1]).as_uri()}{line}"))
    return text


_PLACE = re.compile(r"([\w/]+\.py)(?::(\d+))?")


def command(text: str) -> tuple[str, str]:
    """A command to type, as a part of a line."""
    return text, "command"
