"""The learner's journal: journal.md in the workspace, only ever appended to, and what the history offers to note."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.curriculum import Step
from course.gate import State
from course.progress import attempts, now
from course.session import Session
from course.workspace import Workspace, append

MOST_OFFERS = 8
_HEAD = "# Journal\n\nWhat I built, what broke, what I understood. `course journal` appends; the rest is mine.\n"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that happened and may be worth a line: a pass, a diagnosed bug, a mentor's claim that was refuted."""

    step: Step
    at: str
    text: str


def path(workspace: Workspace) -> Path:
    return workspace.root / "journal.md"


def write(session: Session, step: Step | None, text: str) -> None:
    """Append an entry with the day, the step and how it stands."""
    file = path(session.workspace)
    where = "every step passed" if step is None else f"{step.number} {step.title} · {_state(session, step)}"
    head = "" if file.exists() and file.stat().st_size else _HEAD
    append(file, f"{head}\n## {now()[:10]} · {where}\n\n{text.strip()}\n")


def _state(session: Session, step: Step) -> State:
    return session.standings()[step.key].state


def offers(session: Session) -> list[Offer]:
    """The newest things worth a line that the journal does not have yet, oldest first."""
    noted, found = "", []
    with suppress(OSError, UnicodeDecodeError):
        noted = path(session.workspace).read_text(encoding="utf-8")
    for entry in attempts(session.workspace.progress):
        with suppress(KeyError, TypeError):
            found += _worth_a_line(session, entry)
    fresh = {(offer.step.key, offer.text): offer for offer in found if offer.text not in noted}
    return list(fresh.values())[-MOST_OFFERS:]


def _worth_a_line(session: Session, entry: dict[str, Any]) -> list[Offer]:
    if entry["step"] not in session.curriculum:
        return []
    step, at = session.curriculum[entry["step"]], str(entry["at"])
    said = []
    if entry.get("outcome") == "passed":
        said.append(f"{step.number} passed: {entry['properties']} properties hold.")
    if bugs := entry.get("diagnosis"):
        said.append(f"{step.number}: my code behaved like {' and '.join(f'“{bug}”' for bug in bugs)}.")
    said += [f"{step.number}: my mentor was wrong: {claim}" for claim in entry.get("refuted", ())]
    return [Offer(step, at, text) for text in said]
