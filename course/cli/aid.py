"""The verbs that help after a failed check: hint and replay."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import click

from course.cli.base import step_argument
from course.errors import CourseError, UsageError
from course.session import open_session

# Run the script with a breakpoint in it under the name of the file, so that the debugger can show its lines; whoever
# quits the debugger wants to see no traceback.
DEBUG = """import bdb, sys
try:
    exec(compile(sys.argv[2], sys.argv[1], "exec"))
except bdb.BdbQuit:
    pass
"""


@click.command()
@step_argument()
def hint(step: str | None) -> None:
    """Help with the last failed check, in three rungs.

    A question, a counterexample, a concept. The next rung opens when you have changed your code and checked it
    again. Needs no chat and no network.
    """
    from course.grading.last import read_last  # noqa: PLC0415
    from course.mentor.hints import hint as next_hint  # noqa: PLC0415
    from course.view import help as view  # noqa: PLC0415

    session = open_session()
    chosen = session.step(step)
    last = read_last(session.workspace, chosen)
    view.show_hint(chosen, next_hint(session.content, session.workspace, chosen, last), last.diagnosis)


@click.command()
@step_argument()
@click.option("--pdb", "debug", is_flag=True, help="Stop in the debugger right before the call.")
@click.pass_context
def replay(ctx: click.Context, step: str | None, debug: bool) -> None:
    """Run exactly the failing call on your code.

    It runs here and without limits. Writes it as repro_STEP.py into the workspace: some ten lines that need nothing
    but your package, NumPy or torch; more where the grader does more than call one function.
    """
    from course.grading.last import read_last  # noqa: PLC0415
    from course.mentor.repro import repro  # noqa: PLC0415

    session = open_session()
    chosen = session.step(step)
    last = read_last(session.workspace, chosen)
    failed = last.first_failure
    transcript = last.transcript(failed.name) if failed else None
    if failed is None or not transcript:
        raise UsageError(f"{chosen.number} has no failing call to replay.", hint=f"course check {chosen.number}")
    probes = session.content.read(path) if (path := session.content.probes(chosen.key)).is_file() else ""
    write = partial(repro, chosen, failed, transcript[-1], probes=probes)
    file = session.workspace.root / f"repro_{chosen.number.lower().replace('.', '_')}.py"
    try:
        file.write_text(write(), encoding="utf-8")
    except OSError as error:
        raise CourseError(
            f"{file} could not be written: {error.strerror}.", hint=f"ls -ld '{file.parent}'   shows whose it is"
        ) from error
    click.echo(f"{file.name}: {failed.claim}", err=True)
    command = [sys.executable, str(file)]
    if debug:
        click.echo("s steps into the call, n over a line, w says where, p NAME prints, c goes on, q quits", err=True)
        command = [sys.executable, "-c", DEBUG, str(file), write(debug=True)]
    ctx.exit(subprocess.run(command, cwd=session.workspace.root, check=False).returncode)
