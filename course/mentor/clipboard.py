"""Put a text where the learner can paste it: the system's clipboard, or over SSH the terminal's own."""

from __future__ import annotations

import base64
import os
import sys

# Terminals take about this much in one escape sequence.
MOST_OSC = 74_000


def copy(text: str) -> str:
    """Copy `text`; return where it went, or "" when there is no clipboard here."""
    if os.environ.get("SSH_TTY") or os.environ.get("SSH_CONNECTION"):
        return "the terminal's clipboard" if _through_the_terminal(text) else ""
    import pyperclip  # noqa: PLC0415 - only when something is copied

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return "the terminal's clipboard" if _through_the_terminal(text) else ""
    return "the clipboard"


def _through_the_terminal(text: str) -> bool:
    """OSC 52: the terminal that shows these bytes puts them into its clipboard, however far away the program runs."""
    data = base64.b64encode(text.encode()).decode("ascii")
    if not sys.stderr.isatty() or len(data) > MOST_OSC:
        return False
    sys.stderr.write(f"\x1b]52;c;{data}\x07")
    sys.stderr.flush()
    return True
