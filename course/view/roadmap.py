"""`course map`: the stages and the steps, and where the learner stands."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from course.curriculum import Curriculum, Stage, Step
from course.gate import Standing, State
from course.view.console import say
from course.view.console import show as show_lines

MARKS = {State.PASSED: "✓", State.STALE: "~", State.OPEN: "○", State.LOCKED: "·"}


def show(curriculum: Curriculum, standings: Mapping[str, Standing], current: str | None) -> None:
    """Print the whole map; without a workspace every step is shown without a state."""
    for stage in curriculum.stages:
        say()
        say(_heading(stage, standings))
        if stage.steps:
            show_lines(_steps(stage, standings, current))
            if more := len(stage.planned):
                say(f"and {more} {'step' if more == 1 else 'steps'} more, not written yet", "quiet", indent=9)
        elif stage.planned:
            say(f"{stage.about} {len(stage.planned)} steps, not written yet.", "quiet", indent=3)
    say()
    say("✓ passed   ~ stale: its code or grader changed   ○ open   · locked", "quiet")


def _heading(stage: Stage, standings: Mapping[str, Standing]) -> Text:
    text = Text().append(f"{stage.id}  {stage.title}", "bold")
    if stage.steps and standings:
        passed = sum(standings[step.key].state in (State.PASSED, State.STALE) for step in stage.steps)
        text.append(f"   {passed} of {len(stage.steps)}", style="quiet not bold")
    return text


def _steps(stage: Stage, standings: Mapping[str, Standing], current: str | None) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(width=4, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for step in stage.steps:
        standing = standings.get(step.key)
        style = standing.state.value if standing else ""
        arrow = "→ " if step.key == current else ""
        mark = MARKS[standing.state] if standing else "·"
        table.add_row(
            Text(f"{arrow}{mark}", style=style), Text(step.number, style=style), _title(step, standing, style),
            Text(f"{step.minutes} min", style="quiet"),
        )  # fmt: skip
    return table


def _title(step: Step, standing: Standing | None, style: str) -> Text:
    text = Text(step.title, style=style)
    if step.elective:
        text.append("  (elective)", style="quiet")
    if standing and standing.why and standing.state is State.STALE:
        text.append(f"  {standing.why}: course check {step.number}", style="stale")
    return text
