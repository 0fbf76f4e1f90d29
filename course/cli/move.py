"""The verbs that move: next, reset, and mending progress.json."""

from __future__ import annotations

from pathlib import Path

import click

from course.cli.base import step_argument
from course.curriculum import Step
from course.errors import NOT_PASSED, UsageError
from course.gate import State, current_step, open_electives, require_open
from course.session import Session, open_session


@click.command("next")
@step_argument()
@click.pass_context
def next_(ctx: click.Context, step: str | None) -> None:
    """Open the next step, once the current one passes.

    It is the code as it is now that must pass. With STEP: go to a step that is open already, or open an elective.
    """
    session = open_session()
    if step is not None:
        _go(session, session.curriculum.find(step))
        return
    current = current_step(session.curriculum, session.progress)
    if current is not None and current.key in session.progress.opened and not _passes(session, current):
        if current.elective and (core := session.following()) is not None:
            click.echo(f"  {current.number} is an elective: course next {core.number}   goes on without it")
        ctx.exit(NOT_PASSED)
    following = session.following()
    if following is None:
        from course.view import welcome  # noqa: PLC0415

        welcome.show_finished(session.curriculum)
        return
    _open(session, following)


def _passes(session: Session, step: Step) -> bool:
    """Whether the step holds for the code as it is: known from a fresh pass, else by grading it now."""
    if session.standings()[step.key].state is State.PASSED:
        return True
    from course.cli.grade import grade_step  # noqa: PLC0415

    return grade_step(session, step).passed


def _open(session: Session, step: Step) -> None:
    from course.view import welcome  # noqa: PLC0415

    copied = session.open(step)
    welcome.show_opened(session.curriculum, step, session.workspace.root, copied=copied, lesson=True)
    if electives := open_electives(session.curriculum, session.progress):
        welcome.show_electives(electives)


def _go(session: Session, step: Step) -> None:
    require_open(session.curriculum, session.workspace, session.progress, step)
    _open(session, step)


@click.command()
@step_argument(required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(step: str, yes: bool) -> None:
    """Put a step's stub back; your file is kept, and where is said."""
    session = open_session()
    chosen = session.step(step)
    sharing = [other for other in session.curriculum.sharing(chosen) if other is not chosen]
    file = session.workspace.file(chosen)
    if file.exists() and not yes:
        also = f" (it holds {', '.join(other.number for other in sharing)} as well)" if sharing else ""
        click.confirm(f"Move {_relative(file)}{also} aside and start from the stub?", abort=True)
    from course.workspace import reset_stub  # noqa: PLC0415

    kept = reset_stub(session.workspace, session.content, chosen)
    if kept:
        click.echo(f"✓ Your file is kept: {_relative(kept)}")
    click.echo(f"✓ {_relative(file)} is the stub of {chosen.number} again.")


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@click.group()
def progress() -> None:
    """Mend progress.json, or join two machines' copies."""


@progress.command()
def restore() -> None:
    """Put the last good copy of progress.json back.

    The broken one is kept beside it.
    """
    from course.progress import load_progress  # noqa: PLC0415
    from course.progress import restore as put_back  # noqa: PLC0415
    from course.workspace import find_workspace  # noqa: PLC0415

    workspace = find_workspace(Path.cwd())
    kept = put_back(workspace.progress)
    count = len(load_progress(workspace.progress).passed)
    passed = "1 step" if count == 1 else f"{count} steps"
    click.echo(f"✓ progress.json is the last good copy again: {passed} passed.")
    if kept.exists():
        click.echo(f"  the other one is kept: {kept.name}")
    click.echo("  next: course map")


@progress.command()
@click.argument("copies", nargs=-1, type=click.Path(path_type=Path))
@click.option("--conflict", is_flag=True, help="Join the two sides of a merge conflict that git left in progress.json.")
def merge(copies: tuple[Path, ...], conflict: bool) -> None:
    """Join copies of progress.json from other machines into this one.

    \b
    A copy is a progress.json, or the folder it lies in; its history of attempts comes along.
    What any copy holds, the result holds: passes, opened steps, predictions. Of two passes of one step the one that
    fits your file as it is now counts; a pass that fits nothing is stale until it is checked again. Strict wins.
    """
    from course.content import find_content  # noqa: PLC0415
    from course.curriculum import load_curriculum  # noqa: PLC0415
    from course.merge import combine  # noqa: PLC0415
    from course.workspace import find_workspace  # noqa: PLC0415

    if not copies and not conflict:
        raise UsageError(
            "There is nothing to join: name the other copy.", hint="course progress merge ../other/progress.json"
        )
    workspace, curriculum = find_workspace(Path.cwd()), load_curriculum(find_content())
    done = combine(curriculum, workspace, copies, conflict=conflict)
    passed, opened = len(done.progress.passed), len(done.progress.opened)
    click.echo(f"✓ progress.json holds them all: {passed} passed, {opened} opened.")
    for key, words in done.differences:
        named = f"{curriculum[key].number}  " if key in curriculum else f"{key}  " if key else ""
        click.echo(f"  {named}{words}")
    if done.attempts:
        many = "1 attempt" if done.attempts == 1 else f"{done.attempts} attempts"
        click.echo(f"  added to the history: {many} of the other copies")
    if done.kept:
        click.echo(f"  the file with the conflict is kept: {done.kept.name}")
    click.echo("  next: course map")
