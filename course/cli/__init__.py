"""The command line: thin Click commands over the core, the judge and the views."""

from __future__ import annotations

import sys

import click

from course import __version__
from course.cli.base import Course, leave_quietly, prepare_streams


@click.group(
    cls=Course,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="STEP is a number (F.3) or a key (foundations/engine). `course` alone says where you are and what to type.",
)
@click.version_option(__version__, "-V", "--version", message="course %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Build a language model from an empty file. A hidden grader, not a chat, says whether it works.

    \b
    New here?       course init my-llm, then cd my-llm and course start
    Every evening:  course lesson, write, course check, and course next once it passes
    """
    if ctx.invoked_subcommand is None:
        from course.cli.look import here  # noqa: PLC0415 - lazily, like every verb

        here()


def run() -> None:
    prepare_streams()
    try:
        main(prog_name="course")
    except BrokenPipeError:
        leave_quietly()
        sys.exit(1)
