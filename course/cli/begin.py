"""`course init` and `course start`: a workspace, and the first minutes in it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from course.errors import NoWorkspace
from course.progress import update
from course.session import Session, open_session
from course.workspace import Workspace, find_workspace, make_workspace


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(directory: Path) -> None:
    """Make a workspace: your package minillm/ and progress.json.

    DIRECTORY is made if it is not there (default: the current folder). No existing file is overwritten.
    """
    workspace = _make(directory)
    click.echo(f"✓ A workspace in {workspace.root}")
    there = "" if workspace.root == Path.cwd() else f"cd {shlex.quote(str(directory))} && "
    click.echo(f"  next: {there}course start")


def _make(directory: Path) -> Workspace:
    workspace = make_workspace(directory.absolute().resolve())
    with update(workspace.progress, create=True):
        pass
    return workspace


@click.command()
def start() -> None:
    """Begin, or go on: the roadmap, the first stub, the first check.

    Makes a workspace of the current folder when you are not in one.
    """
    try:
        find_workspace(Path.cwd())
    except NoWorkspace:
        _make(Path.cwd())
    session = open_session()
    from course.view import welcome  # noqa: PLC0415 - Rich only when something is shown

    welcome.show_roadmap(session.curriculum)
    if not session.progress.opened:
        _open_first(session)
    else:
        from course.cli.look import here  # noqa: PLC0415

        here()


def _open_first(session: Session) -> None:
    from course.cli.grade import grade_step  # noqa: PLC0415
    from course.view import welcome  # noqa: PLC0415

    first = next(iter(session.curriculum))
    copied = session.open(first)
    welcome.show_opened(session.curriculum, first, session.workspace.root, copied=copied, lesson=False)
    grade_step(session, first)
    welcome.show_first_check(first)
