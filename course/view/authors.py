"""What `course dev check` prints: a line a step, and every fault under it."""

from __future__ import annotations

from rich.text import Text

from course.dev.report import StepReport
from course.view.console import say, say_cut


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
