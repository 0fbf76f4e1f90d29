"""The verbs that look and change nothing: map, lesson, solution, doctor, and bare `course`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from course.cli.base import step_argument
from course.content import find_content
from course.curriculum import Curriculum, Step, load_curriculum
from course.errors import NoWorkspace
from course.session import Session, open_session

if TYPE_CHECKING:
    from course.watch.memory import Held


def here() -> None:
    """Say where the learner is and what to type next."""
    from course.view import where  # noqa: PLC0415 - Rich only when something is shown

    try:
        session = open_session()
    except NoWorkspace:
        where.show_nowhere()
        return
    where.show_here(session)


@click.command("map")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def map_(as_json: bool) -> None:
    """Show stages and steps: passed, open, locked, stale."""
    curriculum, session = _perhaps_session()
    if as_json:
        click.echo(json.dumps(_map_data(curriculum, session), indent=2, ensure_ascii=False))
        return
    from course.view import roadmap  # noqa: PLC0415

    roadmap.show(curriculum, session.standings() if session else {}, session.progress.current if session else None)


def _perhaps_session() -> tuple[Curriculum, Session | None]:
    """The map and the lessons can be read before there is a workspace."""
    try:
        session = open_session()
    except NoWorkspace:
        return load_curriculum(find_content()), None
    return session.curriculum, session


def _map_data(curriculum: Curriculum, session: Session | None) -> dict[str, object]:
    standings = session.standings() if session else {}

    def entry(step: Step) -> dict[str, object]:
        standing = standings.get(step.key)
        return {
            "number": step.number, "key": step.key, "title": step.title,
            "minutes": step.minutes, "elective": step.elective,
            "state": standing.state.value if standing else None, "why": standing.why if standing else "",
            "file": step.path, "needs": list(step.needs),
        }  # fmt: skip

    return {
        "schema": 1,
        "current": session.progress.current if session else None,
        "stages": [
            {
                "id": stage.id,
                "title": stage.title,
                "planned": list(stage.planned),
                "steps": [entry(s) for s in stage.steps],
            }
            for stage in curriculum.stages
        ],
    }


@click.command()
@step_argument()
@click.option("--plain", is_flag=True, help="Print the Markdown as it is.")
def lesson(step: str | None, plain: bool) -> None:
    """Read a step's lesson (default: the current one)."""
    curriculum, session = _perhaps_session()
    wanted = step or next(iter(curriculum)).number
    chosen = session.step(step) if session else curriculum.find(wanted)
    text = curriculum.content.read(curriculum.content.lesson(chosen.key))
    if plain:
        click.echo(text)
        return
    from course.view import reading  # noqa: PLC0415

    reading.show_lesson(chosen, text)


@click.command()
@step_argument(required=True)
@click.option("--diff", is_flag=True, help="Show what differs from your own file.")
def solution(step: str, diff: bool) -> None:
    """Show our solution of a step you have passed."""
    from course.solution import solution_source  # noqa: PLC0415

    session = open_session()
    chosen = session.curriculum.find(step)
    ours = solution_source(session.curriculum, session.progress, chosen)
    from course.view import reading  # noqa: PLC0415

    if diff:
        file = session.workspace.file(chosen)
        reading.show_diff(file.read_text(encoding="utf-8", errors="replace") if file.exists() else "", ours, chosen)
    else:
        reading.show_source(ours)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
def doctor(as_json: bool) -> None:
    """Look at this machine: what it has, and what that means here.

    Packages, cores, memory, GPU, and which limits protect you from runaway code.
    """
    from course.grading.isolation import expected  # noqa: PLC0415
    from course.machine import inspect_machine  # noqa: PLC0415

    machine, protections, watch = inspect_machine(), expected(), _watch()
    if as_json:
        from dataclasses import asdict  # noqa: PLC0415

        data = {
            "schema": 1,
            **asdict(machine),
            "tier": machine.tier[0],
            "protections": [asdict(one) for one in protections],
            "watch": asdict(watch) | {"total": watch.total} if watch else None,
        }
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    from course.view import doctor as view  # noqa: PLC0415

    view.show(machine, protections, watch)


def _watch() -> Held | None:
    """What the watch of this workspace holds, if one runs."""
    from course.watch.door import watcher  # noqa: PLC0415
    from course.watch.memory import held_by  # noqa: PLC0415
    from course.workspace import find_workspace  # noqa: PLC0415

    try:
        pid = watcher(find_workspace(Path.cwd()))
    except NoWorkspace:
        return None
    return held_by(pid) if pid is not None else None
