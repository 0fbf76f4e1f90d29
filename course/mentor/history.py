"""What the history of attempts says about a learner: how often a step was checked, which bugs were diagnosed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from course.curriculum import Curriculum, Step
from course.errors import UsageError
from course.grading.last import read_last
from course.progress import Progress, attempts
from course.session import Session
from course.workspace import Workspace

MOST_BUGS = 3
MOST_PASSED = 12


@dataclass(slots=True)
class History:
    """Checks and diagnosed bugs by step, and the numbers of the steps that passed, in the order of the course."""

    checks: dict[str, int] = field(default_factory=dict)
    bugs: dict[str, list[str]] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    def told(self, step: Step, now: Sequence[str] = ()) -> str:
        """The learner's state in a few lines; what is said of this step elsewhere, `now`, is not said again."""
        checks = self.checks.get(step.key, 0)
        times = {0: "not checked yet", 1: "checked once"}.get(checks, f"checked {checks} times")
        others = [number for number in self.passed if number != step.number]
        more = f"{len(others) - MOST_PASSED} others, " if len(others) > MOST_PASSED else ""
        passed = f"{more}{', '.join(others[-MOST_PASSED:])}" if others else "none yet"
        lines = [f"This step: {times}. Other steps passed: {passed}."]
        if bugs := [bug for bug in self.bugs.get(step.key, []) if bug not in now][-MOST_BUGS:]:
            lines.append(f"Bugs diagnosed here before: {', '.join(f'“{bug}”' for bug in bugs)}.")
        return "\n".join(lines)


def load_history(curriculum: Curriculum, workspace: Workspace, progress: Progress) -> History:
    """Read the attempts; a line that cannot be read is one that nothing is known of."""
    history = History(passed=[step.number for step in curriculum if step.key in progress.passed])
    for entry in attempts(workspace.progress):
        with suppress(KeyError, TypeError):
            if "outcome" not in entry:
                continue
            history.checks[entry["step"]] = history.checks.get(entry["step"], 0) + 1
            for bug in entry.get("diagnosis", ()):
                known = history.bugs.setdefault(entry["step"], [])
                if bug not in known:
                    known.append(str(bug))
    return history


def measured(session: Session, step: Step, history: History) -> list[str]:
    """What was measured of every step of a stage that passed; raise `UsageError` when none did."""
    stage = step.number.partition(".")[0]
    mine = [one for one in session.curriculum if one.number.partition(".")[0] == stage and one.number in history.passed]
    if not mine:
        raise UsageError(
            f"No step of stage {stage} has passed yet: there is nothing to defend.",
            hint=f"course mentor {step.number} --start",
        )
    return [f"{one.number} “{one.title}” passed. {_numbers(session, one, history)}" for one in mine]


def _numbers(session: Session, step: Step, history: History) -> str:
    checks = history.checks.get(step.key, 0)
    said = [f"{checks} {'check' if checks == 1 else 'checks'}"]
    with suppress(UsageError):
        last = read_last(session.workspace, step)
        inputs = sum(one.examples for one in last.properties)
        said.append(f"{len(last.properties)} properties hold on {inputs} hidden inputs")
    if bugs := history.bugs.get(step.key):
        said.append("bugs on the way: " + ", ".join(f"“{bug}”" for bug in bugs[-2:]))
    return "; ".join(said) + "."
