"""One call across the boundary, as it was asked and answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# A text, or what makes it: most are never read.
Words = str | Callable[[], str]


@dataclass(slots=True)
class Exchange:
    """One call across the boundary: what was asked and what came back (the raw material of diagnosis and replay).

    `shown` is a probe's call in words for the learner, `script` in Python that prints what came of it.
    """

    operation: str
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shown: Words = ""
    reply: Any = None
    seconds: float = 0.0
    script: Words = ""

    @property
    def wording(self) -> str:
        return self.shown if isinstance(self.shown, str) else self.shown()

    @property
    def lines(self) -> str:
        return self.script if isinstance(self.script, str) else self.script()
