"""What `course dev check` prints: a line a step, and every fault under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from course.curriculum import Step
from course.dev.mutate import Mutation
from course.dev.report import StepReport
from course.view.console import console, say, say_cut


def show_heading() -> None:
    say(f"    {'step':<42}{'right':>6}{'mistakes':>10}{'runs':>7}{'seconds':>9}", "quiet")


def show_report(report: StepReport, *, verbose: bool = False) -> None:
    step = report.step
    name = f"{step.number} {step.key}"
    counts = f"{report.count('right'):>6}{report.count('mistake'):>10}{len(report.findings):>7}"
    numbers = f"{name:<42}{counts}{report.seconds:>9.1f}"
    mark = Text("  ✗ ", style="wrong") if report.faults else Text("  ✓ ", style="passed")
    say(mark.append(numbers, style="default"))
    for fault in report.faults:
        say(fault, "wrong", indent=6)
    if verbose:
        for finding in report.findings:
            if finding.trial.kind == "mistake" and not finding.fault:
                line = Text(f"{finding.trial.name}: ").append(finding.rejected_by, style="quiet")
                say_cut(line, indent=6)


@contextmanager
def counting(step: Step) -> Iterator[Callable[[int, int], None]]:
    """Count mutants on a terminal while they are tried; say nothing when piped."""
    with console().status(f"{step.number}: generating") as status:
        yield lambda done, total: status.update(f"{step.number}: {done} of {total} mutants tried")


def show_mutation(result: Mutation) -> None:
    """The score of one grader, and each survivor as a diff."""
    step, score = result.step, result.score
    mark = ("✓ ", "passed") if not result.survivors else ("✗ ", "wrong")
    counts = f"{score.rejected} of {score.mutants} generated wrong versions rejected ({score.share:.1%})"
    say(Text.assemble(mark, (f"{step.number} {step.key}", "bold"), f"   {counts}, {result.excused} excused"))
    for mutant in result.survivors:
        say(f"survives: {mutant.name}", "stale", indent=2)
        for line in mutant.diff.splitlines():
            say_cut(Text(line), indent=6)
    for name in result.idle:
        say(f"equivalent.toml excuses what is not generated any more: {name}", "wrong", indent=2)
