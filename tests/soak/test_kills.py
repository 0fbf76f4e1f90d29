"""Nothing is lost, whenever a command is killed: a few kills here, a thousand and every line in `make soak`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kills import Bench, report

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
CRASH_POINTS = Path(__file__).with_name("crash_points.py")


def crash_points(every: int) -> int:
    """Kill each action at every so manieth of its lines; return how many kills that were."""
    done = subprocess.run(
        [sys.executable, str(CRASH_POINTS), str(every)], capture_output=True, encoding="utf-8", check=False,
        env=os.environ | {"PYTHONPATH": str(CRASH_POINTS.parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.splitlines()[-1].split()[0])


def test_twenty_commands_killed_at_random(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "soak", seed=2)
    bench.soak(20)
    assert "20 commands killed" in report(bench)


def test_killed_at_some_lines_of_everything_that_writes() -> None:
    assert crash_points(every=29) > 80


@pytest.mark.soak
def test_a_thousand_commands_killed_at_random(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "soak", seed=3)
    try:
        bench.soak(1000)
    finally:
        print(report(bench))


@pytest.mark.soak
def test_killed_at_every_line_of_everything_that_writes() -> None:
    assert crash_points(every=1) > 2000
