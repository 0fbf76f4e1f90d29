"""`course dev`: for the authors of steps."""

from __future__ import annotations

import click

from course.cli.base import StepName
from course.content import find_content
from course.curriculum import load_curriculum
from course.errors import BROKEN, NOT_PASSED, PASSED, UsageError


@click.group()
def dev() -> None:
    """Write and prove steps (for authors)."""


@dev.command()
@click.argument("key")
@click.option("--title", default="A new step", help="The step's title.")
@click.option("--rules", default="NP", help="The from-scratch rules: PY, NP or T.")
def new(key: str, title: str, rules: str) -> None:
    """Lay the files of a new step: KEY is its path, stage/step.

    The entry for course.toml is printed; put it where the step belongs.
    """
    from course.dev.scaffold import scaffold  # noqa: PLC0415

    made, entry = scaffold(load_curriculum(find_content()), key, title, rules)
    for path in made:
        click.echo(f"✓ {path}")
    click.echo("\nPut this into curriculum/course.toml, at the step's place in the order:\n")
    click.echo(entry)
    click.echo(f"  next: write it (CONTRIBUTING.md), then course dev check {key}")


@dev.command()
@click.argument("steps", nargs=-1, type=StepName())
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Seeds right code must pass.")
@click.option(
    "--mistake-seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Seeds each mistake is tried with.",
)
@click.option("--lint-only", is_flag=True, help="Only what needs no grading.")
@click.option("-v", "--verbose", is_flag=True, help="Show what rejected each mistake.")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes (default: one a core).")
@click.pass_context
def check(
    ctx: click.Context,
    steps: tuple[str, ...],
    seeds: int,
    mistake_seeds: int,
    lint_only: bool,
    verbose: bool,
    jobs: int | None,
) -> None:
    """Lint the content and prove the graders (default: every step).

    The stub is unfinished, right code passes with every seed, every known mistake is rejected.
    """
    from course.dev.report import check_steps  # noqa: PLC0415
    from course.view import authors  # noqa: PLC0415

    curriculum = load_curriculum(find_content())
    chosen = [curriculum.find(step) for step in steps] or list(curriculum)
    if not chosen:
        raise UsageError("The curriculum has no step yet.", hint="course dev new stage/step")
    sound = True
    authors.show_heading()
    for report in check_steps(
        curriculum, chosen, seeds=seeds, mistake_seeds=mistake_seeds, lint_only=lint_only, jobs=jobs
    ):
        authors.show_report(report, verbose=verbose)
        sound = sound and not report.faults
    ctx.exit(PASSED if sound else BROKEN)


@dev.command()
@click.argument("steps", nargs=-1, type=StepName())
@click.option("-j", "--jobs", type=click.IntRange(1), help="Processes (default: one a core).")
@click.pass_context
def mutate(ctx: click.Context, steps: tuple[str, ...], jobs: int | None) -> None:
    """Generate wrong versions of the right solutions and show those a grader lets pass (default: every step).

    Kill a survivor with a new property, or excuse it with a reason in graders/<step>/equivalent.toml. The score is
    stored with the content and shown to the learner on a pass.
    """
    from course.dev.mutate import mutate as run  # noqa: PLC0415
    from course.grading.score import write_score  # noqa: PLC0415
    from course.view import authors  # noqa: PLC0415

    curriculum = load_curriculum(find_content())
    sound = True
    for step in [curriculum.find(one) for one in steps] or list(curriculum):
        with authors.counting(step) as tell:
            result = run(curriculum, step, jobs=jobs, tell=tell)
        write_score(curriculum.content, step, result.score)
        authors.show_mutation(result)
        sound = sound and not result.survivors and not result.idle
    ctx.exit(PASSED if sound else NOT_PASSED)
