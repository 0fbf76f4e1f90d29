"""`make bench`: what a command costs beside what it is compared with, measured in the same run. Ratios, not seconds."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPEATS = 9
# As on a learner's machine: compiled modules are kept.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(*commands: list[str], cwd: Path, repeats: int = REPEATS) -> list[float]:
    """The median wall time of each command; they take turns, so that a noisy neighbour meets all of them."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(repeats):
        for place, command in enumerate(commands):
            began = time.perf_counter()
            subprocess.run(command, cwd=cwd, capture_output=True, check=True, env=ENVIRONMENT)
            times[place].append(time.perf_counter() - began)
    return [statistics.median(one) for one in times]


def main() -> None:
    course = [sys.executable, "-m", "course"]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        _passed_workspace(workspace, course)
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; medians of {REPEATS} runs taken in turns\n")
        _start_up(course, workspace)
        _check(course, workspace)


def _passed_workspace(workspace: Path, course: list[str]) -> None:
    for verb in (["init", "."], ["start"]):
        subprocess.run([*course, *verb], cwd=workspace, capture_output=True, check=True, env=ENVIRONMENT)
    shutil.copy(ROOT / "graders/foundations/neuron/reference.py", workspace / "minillm/foundations/neuron.py")
    subprocess.run([*course, "check", "F.1"], cwd=workspace, capture_output=True, check=True)


def _start_up(course: list[str], workspace: Path) -> None:
    verbs = [["--help"], ["map"], ["next", "F.1"], ["lesson", "F.1"]]
    bare, *found = seconds([sys.executable, "-c", "import click"], *[[*course, *verb] for verb in verbs], cwd=workspace)
    print(f"python -c 'import click'      {bare * 1e3:6.0f} ms")
    for verb, taken in zip(verbs, found, strict=True):
        print(f"course {' '.join(verb):<22} {taken * 1e3:6.0f} ms   {(taken - bare) * 1e3:+5.0f} ms (bar: 150)")


def _check(course: list[str], workspace: Path) -> None:
    plain = [sys.executable, "-m", "pytest", "-q", str(ROOT / "tests/bench/plain_neuron.py")]
    three, ours = seconds(plain, [*course, "check", "F.1"], cwd=workspace)
    print(f"\npytest, three properties      {three * 1e3:6.0f} ms")
    print(f"course check F.1, cold        {ours * 1e3:6.0f} ms   ratio {ours / three:.2f} (bar: 1.5)")


if __name__ == "__main__":
    main()
