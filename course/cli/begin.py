"""`course init` and `course start`: a workspace, and the first minutes in it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from course.errors import NoWorkspace
from course.progress import update
from course.session import Session, open_session
from course.workspace import Workspace, find_workspace, make_workspace

strict_option = click.option(
    "--strict", is_flag=True, help="Open the next step only when the predictions were right, too (course predict)."
)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
@strict_option
def init(directory: Path, strict: bool) -> None:
    """Make a workspace: your package minillm/ and progress.json.

    DIRECTORY is made if it is not there (default: the current folder). No existing file is overwritten.
    """
    workspace = _make(directory, strict=strict)
    click.echo(f"✓ A workspace in {workspace.root}")
    there = "" if workspace.root == Path.cwd() else f"cd {shlex.quote(str(directory))} && "
    click.echo(f"  next: {there}course start")


def _make(directory: Path, *, strict: bool) -> Workspace:
    workspace = make_workspace(directory.absolute().resolve())
    with update(workspace.progress, create=True) as progress:
        progress.strict = strict
    return workspace


@click.command()
@strict_option
def start(strict: bool) -> None:
    """Begin, or go on: the roadmap, the first stub, the first check.

    Makes a workspace of the current folder when you are not in one; --strict makes the one you are in strict.
    """
    try:
        workspace = find_workspace(Path.cwd())
    except NoWorkspace:
        workspace = _make(Path.cwd(), strict=strict)
    if strict:
        with update(workspace.progress) as progress:
            progress.strict = True
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
