"""Does the script of `course replay` print the numbers of the verdict? For each mistake of a step.

The script runs in a Python of its own, in a folder with the learner's package and nothing else of ours.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course.code import modules_in
from course.content import PACKAGE, Content
from course.curriculum import Curriculum, Step
from course.grading.exchange import Exchange
from course.grading.judge import Submission, grade, reference_modules
from course.grading.learner import Spare
from course.grading.mistakes import Mistake, load_mistakes
from course.grading.outcomes import Outcome, Verdict
from course.grading.wire import Record
from course.mentor.repro import repro

NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)(?![\w])")
GOT = re.compile(r"\bgot (-?[\d.]+(?:e[-+]?\d+)?|-?inf|nan)\b")
# What is printed has eight digits of the largest number beside it.
DIGITS = 1e-6
ALLOWED = sys.stdlib_module_names | {"numpy", PACKAGE}  # and torch, where the step has it


@dataclass(frozen=True, slots=True)
class Repro:
    """One script and what it printed; `fault` is empty when it showed what the verdict says."""

    step: str
    mistake: str
    script: str
    printed: str
    fault: str


def run(content: Content, curriculum: Curriculum, step: Step, *, every: int = 1) -> Iterator[Repro]:
    with contextlib.closing(Spare()) as spare:
        for mistake in load_mistakes(content.mistakes(step.key))[::every]:
            yield tried(content, step, mistake, spare)


def tried(content: Content, step: Step, mistake: Mistake, spare: Spare | None = None) -> Repro:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _package(content, root)
        file = root / PACKAGE / f"{step.file}.py"
        file.write_text(mistake.source(content, step), encoding="utf-8")
        submission = Submission(reference_modules(content, modules_in(root / PACKAGE)), trusted=True, spare=spare)
        verdict = grade(content, step, submission, seed=1, stop_at_first=True, diagnose=False)
        failed = verdict.first_failure
        exchange = verdict.transcripts[failed.name][-1] if failed and verdict.transcripts.get(failed.name) else None
        if failed is None or exchange is None:
            return Repro(step.key, mistake.name, "", "", "nothing failed, or without a call")
        probes = content.probes(step.key)
        script = repro(step, failed, exchange, probes=content.read(probes) if probes.is_file() else "")
        path = root / "repro.py"
        path.write_text(script, encoding="utf-8")
        command = [sys.executable, "-W", "ignore", path.name]
        own = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
        done = subprocess.run(command, cwd=root, env=own, capture_output=True, text=True, timeout=60, check=False)
        fault = fault_of(step, script, verdict, exchange, done)
        return Repro(step.key, mistake.name, script, done.stdout + done.stderr, fault)


def _package(content: Content, root: Path) -> None:
    """The learner's package, made of references."""
    for name, path in content.references().items():
        target = root / Path(*name.split(".")).with_suffix(".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    # As in a workspace; without it, a package of this name on the path of the course itself would come first.
    (root / PACKAGE / "__init__.py").touch()


def fault_of(
    step: Step, script: str, verdict: Verdict, exchange: Exchange, done: subprocess.CompletedProcess[str]
) -> str:
    """What the script does not show as the verdict says it; empty when it does."""
    if strange := imported(script) - ALLOWED - {one for one in step.rules.imports if one == "torch"}:
        return f"it imports {sorted(strange)}"
    failed = verdict.first_failure
    assert failed is not None
    assert failed.failure is not None
    status = exchange.reply["status"]
    if status == "raised":
        raised = exchange.reply["type"]
        return "" if done.returncode and raised in done.stderr else f"{raised} is not raised"
    if failed.outcome not in (Outcome.WRONG, Outcome.ERROR):
        return ""
    if done.returncode:
        return f"it ends with {done.stderr.strip().splitlines()[-1:]}"
    shown = [float(one) for one in NUMBER.findall(done.stdout)]
    if not done.stdout.strip():
        # A claim about cost, or an object of the grader's own: there is no call to type, and no number to see.
        return "" if _only_comments(script) else "it prints nothing"
    answered = list(numbers(exchange.reply.get("value")))
    # NumPy prints no more digits of a float16 than tell it from its neighbours: true to half a step.
    rtol = np.finfo(np.float16).eps / 2 if "float16" in script else 1e-4
    for got in GOT.findall(failed.failure.summary):
        value = float(got)
        # The grader may have computed with what came back: only what was in it can be printed.
        if _among(value, answered, 1e-5) and not _among(value, shown, rtol):
            return f"{got} is not among what is printed"
    if exchange.operation == "call":
        largest = max((abs(one) for one in answered if np.isfinite(one)), default=0.0)
        lost = [one for one in answered[:500] if not _among(one, shown, 1e-6, DIGITS * largest)]
        return f"{lost[0]!r} is not among what is printed" if lost else ""
    return ""


def _only_comments(script: str) -> bool:
    body = ast.parse(script).body
    return all(isinstance(one, ast.Import | ast.ImportFrom) for one in body[1:])


def _among(value: float, others: list[float], relative: float, absolute: float = 1e-12) -> bool:
    if not np.isfinite(value):
        return any(str(one) == str(value) for one in others)
    return any(abs(value - one) <= max(relative * abs(value), absolute) for one in others)


def numbers(value: Any) -> Iterator[float]:
    """Every number in a plain value."""
    if isinstance(value, np.ndarray):
        yield from (float(one) for one in value.ravel() if value.dtype.kind in "iuf")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float | np.number):
        yield float(value)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, Record):
        yield from numbers({key: one for key, one in vars(value).items() if key != "_type_name"})


def imported(script: str) -> set[str]:
    """The top-level packages a script imports."""
    found = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found
