"""The ground every command stands on: errors that show themselves, lazily loaded verbs, the STEP argument."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from course.errors import INTERRUPTED, CourseError

_F = TypeVar("_F", bound=Callable[..., Any])

# Each verb's module; it is imported when the verb is used or help is asked for, and imports little itself.
VERBS = {
    "init": "course.cli.begin:init",
    "start": "course.cli.begin:start",
    "map": "course.cli.look:map_",
    "lesson": "course.cli.look:lesson",
    "check": "course.cli.grade:check",
    "watch": "course.cli.watch:watch",
    "next": "course.cli.move:next_",
    "reset": "course.cli.move:reset",
    "show": "course.cli.show:show",
    "hint": "course.cli.aid:hint",
    "replay": "course.cli.aid:replay",
    "mentor": "course.cli.mentor:mentor",
    "journal": "course.cli.mentor:journal",
    "fact-check": "course.cli.truth:fact_check",
    "predict": "course.cli.truth:predict",
    "solution": "course.cli.look:solution",
    "verify": "course.cli.grade:verify",
    "data": "course.cli.data:data",
    "doctor": "course.cli.look:doctor",
    "progress": "course.cli.move:progress",
    "dev": "course.cli.dev:dev",
}


_loaded = time.monotonic()


def seconds_since_start() -> float:
    """How long ago the command was typed: from the start of this process, where the system says it."""
    with suppress(OSError, ValueError, AttributeError, IndexError):
        ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.monotonic() - _loaded


class Shown(click.ClickException):
    """A CourseError on its way to the screen: what happened, then the command that mends it."""

    def __init__(self, error: CourseError) -> None:
        super().__init__(error.message)
        self.error = error
        self.exit_code = error.exit_code  # type: ignore[misc] # click declares a class variable and reads the instance

    def show(self, file: Any = None) -> None:
        mark = "✗" if os.environ.get("NO_COLOR") else click.style("✗", fg="red")
        click.echo(f"{mark} {self.message}", err=True)
        if self.error.hint:
            click.echo(f"  {self.error.hint}", err=True)


class Course(click.Group):
    """The group of all verbs, in the order of VERBS."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        target = VERBS.get(name.casefold())
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - only for a typing error

            close = difflib.get_close_matches(args[0].casefold(), VERBS, n=1)
            guess = f" Did you mean `course {close[0]}`?" if close else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{guess}", ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            raise Shown(error) from error
        except KeyboardInterrupt:
            with suppress(ValueError):  # pressed again now, click would end the program, with a status of its own
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            click.echo("\nStopped. Nothing was recorded.", err=True)
            ctx.exit(INTERRUPTED)


class StepName(click.ParamType[str]):
    """A step's number or key; completes both."""

    name = "step"

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only while completing

        from course.content import find_content  # noqa: PLC0415
        from course.curriculum import load_curriculum  # noqa: PLC0415

        wanted = incomplete.casefold()
        try:
            steps = list(load_curriculum(find_content()))
        except CourseError:  # the command itself will say it; a shell that completes shows no errors
            return []
        names = [(name, step.title) for step in steps for name in (step.number, step.key)]
        return [CompletionItem(name, help=title) for name, title in names if name.casefold().startswith(wanted)]


def step_argument(*, required: bool = False) -> Callable[[_F], _F]:
    return click.argument("step", type=StepName(), required=required)


def prepare_streams() -> None:
    """Let an old terminal show `?` for what it cannot show, instead of ending with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def leave_quietly() -> None:
    """After `course map | head`: send the rest of the output nowhere; a closed pipe is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
