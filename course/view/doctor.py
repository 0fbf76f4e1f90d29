"""`course doctor`: this machine, and what each thing found means for the course."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from course.grading.isolation import Protection
from course.machine import GIB, Machine
from course.view.console import say
from course.view.console import show as show_lines
from course.watch.memory import Held


def show(machine: Machine, protections: Sequence[Protection], watch: Held | None = None) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in [*_facts(machine), *_watch(watch)]:
        table.add_row(Text(name, style="quiet"), said)
    show_lines(table)
    say()
    say("What keeps runaway code from harming you", "bold")
    table = Table(box=None, show_header=False, padding=(0, 2), pad_edge=False)
    for one in protections:
        mark = Text("✓", style="passed") if one.holds else Text("–", style="stale")
        table.add_row(mark, one.name, Text(one.by, style="quiet"))
    table.add_row(
        Text("✓", style="passed"), "time", Text("the judge stops a call or a check that takes too long", style="quiet")
    )
    show_lines(table)


def _watch(watch: Held | None) -> list[tuple[str, Text]]:
    if watch is None:
        return []
    parts = f"itself {watch.watch >> 20}, judge {watch.judge >> 20}, learner processes {watch.learners >> 20}"
    return [("watch", Text(f"it holds {watch.total >> 20} MiB ({watch.kind}): {parts}"))]


def _facts(machine: Machine) -> list[tuple[str, Text]]:
    tier, meaning = machine.tier
    packages = Text()
    for name, version in machine.packages.items():
        packages.append(f"{name} {version or 'not installed'}   ", style="" if version else "stale")
    facts = [
        ("system", Text(machine.system)),
        ("python", Text(machine.python)),
        ("packages", packages),
        ("cores", Text(str(machine.cores))),
        ("memory", Text(f"{machine.memory / GIB:.1f} GiB")),
        ("GPU", Text(f"{machine.gpu.name}, {machine.gpu.memory / GIB:.0f} GiB" if machine.gpu else "none found")),
        ("tier", Text().append(tier, "bold").append(f"   {meaning}", style="")),
    ]
    if machine.packages.get("torch") is None:
        note = "the steps before 1.8 do not need it; then see README, PyTorch without the GPU gigabytes"
        facts.insert(3, ("torch", Text(note, style="quiet")))
    return facts
