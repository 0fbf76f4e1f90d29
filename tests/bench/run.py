"""`make bench`: what a command costs beside what it is compared with, in one run. Writes docs/benchmarks.md.

Ratios and medians; the machine's other work is in them, so an idle machine is needed for the bars.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watching import Watch

from course.content import Content
from course.curriculum import Step, load_curriculum
from course.grading import wire
from course.grading.collected import Collected, collect
from course.grading.judge import Submission, grade, reference_modules
from course.grading.learner import Clock, Learner
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Failure, Outcome
from course.grading.process import LearnerProcess, Setup
from course.grading.ready import Ready
from course.grading.warm import Warm
from course.grading.witness import Witness

BENCH = Path(__file__).parent
ROOT = BENCH.parents[1]
TORCH = ROOT / "tests" / "fixtures" / "torch"
# Steps of the course itself, beside the fixture.
TORCH_STEPS = ("tokenizer/data", "transformer/modules", "transformer/block")
# Those of stage 1, for which a bar is set against the reference alone.
REFERENCE_STEPS = (
    "tokenizer/text", "tokenizer/bpe_basic", "tokenizer/pretokenize", "tokenizer/bpe_train", "tokenizer/tokenizer",
    "tokenizer/special_tokens", "tokenizer/vocab_stats", "tokenizer/data",
)  # fmt: skip
REPEATS = 9
COURSE = [sys.executable, "-m", "course"]
# As on a learner's machine: compiled modules are kept.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "COLUMNS")}
# A spare process needs this long to be ready again.
SETTLE = {"NumPy": 0.5, "torch": 3.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, what came out, and the bar."""

    what: str
    found: str
    bar: str
    met: bool | None


def environment(content: Path) -> dict[str, str]:
    return ENVIRONMENT | {"COURSE_CONTENT": str(content), "PYTHONPATH": f"{ROOT}{os.pathsep}{BENCH}"}


def seconds(*commands: list[str], cwd: Path, content: Path = ROOT, repeats: int = 0) -> list[float]:
    """The median wall time of each command; they take turns, so that a noisy neighbour meets all of them."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(repeats or REPEATS):
        for place, command in enumerate(commands):
            began = time.perf_counter()
            done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, env=environment(content))
            assert done.returncode == 0, done.stderr.decode()
            times[place].append(time.perf_counter() - began)
    return [statistics.median(one) for one in times]


def made_workspace(folder: Path, content: Path, steps: Sequence[str] = ()) -> Path:
    """A workspace with these steps passed."""
    folder.mkdir()
    for verb in (["init", "."], ["start"]):
        subprocess.run([*COURSE, *verb], cwd=folder, capture_output=True, check=True, env=environment(content))
    curriculum = load_curriculum(Content(content))
    for number in steps:
        step = curriculum.find(number)
        (folder / step.path).parent.mkdir(exist_ok=True)
        shutil.copy(curriculum.content.reference(step.file), folder / step.path)
        for verb in (["check", number], ["next"]):
            subprocess.run([*COURSE, *verb], cwd=folder, capture_output=True, check=True, env=environment(content))
    return folder


def alone(folder: Path, key: str) -> Content:
    """The course with one step only, which is then its first and open at once."""
    text = Content(ROOT).course_toml.read_text(encoding="utf-8")
    step = next(one for one in text.split("[[stages.steps]]") if f'key = "{key}"' in one).split("\n[")[0]
    lines = [line for line in step.splitlines() if not line.startswith("needs")]
    head = text[: text.index("[[stages]]")]
    stage = '[[stages]]\nid = "A"\ntitle = "Alone"\nabout = "One step."\n\n[[stages.steps]]\n'
    (folder / "curriculum").mkdir(parents=True)
    (folder / "curriculum" / "course.toml").write_text(head + stage + "\n".join(lines), encoding="utf-8")
    for tree in ("stubs", "graders", "mentor_prompts", f"curriculum/{key.split('/', maxsplit=1)[0]}"):
        (folder / tree).symlink_to(ROOT / tree)
    return Content(folder)


def give_earlier_modules(workspace: Path, content: Content) -> None:
    """Put the finished package into a workspace, whose own files stay."""
    for path in content.references().values():
        file = workspace / "minillm" / f"{path.parent.relative_to(content.root / 'graders')}.py"
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            shutil.copy(path, file)


# ---------------------------------------------------------------- the rows


def start_up(workspace: Path) -> list[Row]:
    verbs = [["--help"], ["map"], ["next", "F.1"], ["lesson", "F.1"]]
    bare, *found = seconds([sys.executable, "-c", "import click"], *[[*COURSE, *verb] for verb in verbs], cwd=workspace)
    return [
        Row(
            f"`course {' '.join(verb)}`, beyond `import click`",
            f"{(one - bare) * 1e3:.0f} ms",
            "150 ms",
            one - bare <= 0.15,
        )
        for verb, one in zip(verbs, found, strict=True)
    ]


def cold(workspace: Path) -> list[Row]:
    plain = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests/bench/plain_neuron.py")]
    three, ours = seconds(plain, [*COURSE, "check", "F.1"], cwd=workspace)
    row = Row(
        "cold `course check F.1` against `python -m pytest` of three properties",
        f"{ours:.2f} s : {three:.2f} s = {ours / three:.2f}",
        "1.5",
        ours / three <= 1.5,
    )
    return [row]


def cold_torch(folder: Path) -> list[Row]:
    workspace = made_workspace(folder / "torch-cold", TORCH, ["T.1"])
    bare, ours = seconds(
        [sys.executable, "-c", "import torch"], [*COURSE, "check", "T.1"], cwd=workspace, content=TORCH
    )
    row = Row(
        "cold `course check`, torch step, against the bare `import torch`",
        f"{ours:.2f} s : {bare:.2f} s = {ours / bare:.2f}",
        "1.25",
        ours / bare <= 1.25,
    )
    return [row]


def same_claims(content: Content, step: Step) -> list[str]:
    """The command that runs a grader on its reference in one process, as plain pytest does."""
    return [
        sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "-p", "in_process",
        str(content.test_file(step.key)),
    ]  # fmt: skip


def alone_calls(content: Content, step: Step, file: Path) -> None:
    """Write the calls of one grading of the reference down, for `alone.py`."""
    plain, frames = LearnerProcess._send, []

    def noted(self: LearnerProcess, request: bytes) -> None:
        frames.append(request)
        plain(self, request)

    LearnerProcess._send = noted  # type: ignore[method-assign]
    try:
        grade(content, step, Submission(reference_modules(content), trusted=True), diagnose=False)
    finally:
        LearnerProcess._send = plain  # type: ignore[method-assign]
    with file.open("wb") as calls:
        for frame in frames:
            wire.write_frame(calls, frame)


def against_reference(folder: Path, key: str) -> list[Row]:
    """A cold check beside the reference alone on the same calls."""
    content = alone(folder / f"reference-{key.replace('/', '-')}", key)
    step = load_curriculum(content).find("A.1")
    workspace = made_workspace(folder / f"against-{key.replace('/', '-')}", content.root)
    give_earlier_modules(workspace, content)
    shutil.copy(content.reference(step.file), workspace / step.path)
    alone_calls(content, step, folder / "calls")
    bare, ours = seconds(
        [sys.executable, str(BENCH / "alone.py"), str(folder / "calls")], [*COURSE, "check", "A.1"],
        cwd=workspace, content=content.root, repeats=5,
    )  # fmt: skip
    what = f"cold `course check` of {step.title} against its reference alone, on the same calls"
    return [Row(what, f"{ours:.2f} s : {bare:.2f} s = {ours / bare:.1f}", "3", ours / bare <= 3)]


@contextlib.contextmanager
def timed_calls() -> Iterator[list[float]]:
    """Note how long every call of the learner's code takes that is made meanwhile."""
    calls: list[float] = []
    plain = Learner._ask

    def timed(self: Learner, *asked: object) -> object:
        began = time.perf_counter()
        try:
            return plain(self, *asked)  # type: ignore[arg-type]
        finally:
            calls.append(time.perf_counter() - began)

    Learner._ask = timed  # type: ignore[method-assign, assignment]
    try:
        yield calls
    finally:
        Learner._ask = plain  # type: ignore[method-assign]


def beyond(calls: Sequence[float], empty: float) -> float:
    """What the learner's code itself took: the time of all calls but the import, less what a call costs anyway."""
    return max(sum(calls[1:]) - len(calls) * empty, 0.0)


class Until(Witness):
    """Notes how many calls were made when the first property failed."""

    def __init__(self, calls: Sequence[float]) -> None:
        self.calls, self.count = calls, 0

    def first_failure(self, claim: str, outcome: Outcome, failure: Failure | None) -> None:
        self.count = self.count or len(self.calls)


def own_compute(content: Content, step: Step, sources: Sequence[str], folder: Path, settle: float) -> list[float]:
    """What each version itself takes, until the first property fails, in a judge that stays and has a spare ready."""
    file, empty, own = folder / "own.py", empty_call(), []
    modules, spare, replays = reference_modules(content, {step.module: file}), Ready(), Ready()

    def serve(collected: Collected) -> None:
        for source in (sources[0], *sources):  # the first finds no spare
            file.write_text(source, encoding="utf-8")
            with timed_calls() as calls:
                until = Until(calls)
                warm = Warm(collected, spare, replays, until)
                grade(content, step, Submission(modules, trusted=True), warm=warm, diagnose=False)
            own.append(beyond(calls[: until.count or None], empty))
            assert warm.learner
            warm.refill(warm.learner.setup)
            time.sleep(settle)

    collect(content.test_file(step.key), serve)
    spare.close()
    return own[1:]


def empty_call() -> float:
    content = Content(ROOT / "tests/fixtures/course")
    step = load_curriculum(content).find("A.1")
    setup = Setup(step.module, reference_modules(content), step.rules, step.budget)
    learner = Learner(setup, Clock(time.monotonic() + 60))
    try:
        learner.load()
        began = time.perf_counter()
        for _ in range(300):
            learner.double(1.0)
        return (time.perf_counter() - began) / 300
    finally:
        learner.close()


def warm(folder: Path, kind: str, content: Content, number: str, *, idles: bool = False) -> list[Row]:
    """Saves of right and of wrong code in turns, as they come while one works."""
    step = load_curriculum(content).find(number)
    workspace = made_workspace(folder / f"warm-{step.key.replace('/', '-')}", content.root)
    give_earlier_modules(workspace, content)
    right = content.reference(step.file).read_text(encoding="utf-8")
    mistakes = [one.source(content, step) for one in load_mistakes(content.mistakes(step.key))]
    wrong = [mistakes[place * len(mistakes) // REPEATS] for place in range(REPEATS)]
    watch = Watch(workspace, workspace / step.path, SETTLE[kind], environment(content.root))
    try:
        watch.save(right)
        rights = [watch.save(f"{right}\n\n_save = {place}\n") for place in range(REPEATS)]
        wrongs = [watch.save(f"{text}\n\n_save = {place}\n") for place, text in enumerate(wrong)]
        held = memory(workspace, content) if idles else {}
    finally:
        watch.close()
    assert {one["outcome"] for one in rights} == {"passed"}
    assert "passed" not in {one["outcome"] for one in wrongs}
    seen = [one["first_failure_after"] for one in wrongs]
    spent = own_compute(content, step, wrong, folder, SETTLE[kind])
    first = statistics.median(after - own for after, own in zip(seen, spent, strict=True))
    whole = statistics.median(one["wall"] for one in wrongs)
    passed, examples = statistics.median(one["wall"] for one in rights), rights[0]["examples"]
    [plain] = seconds(same_claims(content, step), cwd=workspace, content=content.root, repeats=3)
    own = statistics.median(own_compute(content, step, [right] * 3, folder, SETTLE[kind]))
    bar = 0.05 + 0.0012 * rights[0]["examples"]
    rows = [
        Row(
            f"warm, wrong code ({kind}, {step.title}): save → first failing property, beyond its own compute",
            f"{first * 1e3:.0f} ms (with it {statistics.median(seen) * 1e3:.0f})",
            "150 ms",
            first <= 0.15,
        ),
        Row("the same, save → whole verdict with its diagnosis", f"{whole * 1e3:.0f} ms", "", None),
        Row(
            f"warm, right code ({kind}, {step.title}, {examples} examples): save → passed, beyond its own compute",
            f"{passed * 1e3:.0f} − {own * 1e3:.0f} = {(passed - own) * 1e3:.0f} ms",
            f"{bar * 1e3:.0f} ms",
            passed - own <= bar,
        ),
    ]
    times = 3 if kind == "NumPy" else 10
    rows.append(
        Row(
            "the same against a cold `python -m pytest` of the same claims, in one process",
            f"{plain:.2f} s : {passed:.2f} s = {plain / passed:.1f}",
            f"{times}",
            plain / passed >= times,
        )
    )
    return [*rows, idle(kind, held)] if idles else rows


def memory(workspace: Path, content: Content) -> dict[str, Any]:
    """What an idle watch holds, as `course doctor` says it."""
    time.sleep(25)
    said = subprocess.run(
        [*COURSE, "doctor", "--json"], cwd=workspace, capture_output=True, check=True, env=environment(content.root)
    )
    return dict(json.loads(said.stdout)["watch"])


def idle(kind: str, held: dict[str, Any]) -> Row:
    most = 150 if kind == "NumPy" else 350
    return Row(
        f"memory of the idle watch ({kind}, {held['kind']}: itself {held['watch'] >> 20}, judge "
        f"{held['judge'] >> 20}, spare {held['learners'] >> 20} MiB)",
        f"{held['total'] / 1e6:.0f} MB",
        f"{most} MB",
        held["total"] < most * 1e6,
    )


def check_all(folder: Path) -> list[Row]:
    numbers = [step.number for step in load_curriculum(Content(ROOT)) if step.number.startswith("F.")]
    workspace = made_workspace(folder / "all", ROOT, numbers)
    *single, together = seconds(
        *[[*COURSE, "check", number] for number in numbers], [*COURSE, "check", "--all"], cwd=workspace, repeats=3
    )
    ratio = together / sum(single)
    return [
        Row(
            "`course check --all` of stage F against the sum of single checks",
            f"{together:.2f} s : {sum(single):.2f} s = {ratio:.2f}",
            "0.5",
            ratio <= 0.5,
        )
    ]


def dev_check(folder: Path, steps: Sequence[str]) -> list[Row]:
    command = [*COURSE, "dev", "check", *steps]
    taken, busy = [], []
    for jobs in ("1", "2"):
        before = _children_cpu()
        taken += seconds([*command, "-j", jobs], cwd=folder, repeats=1)
        busy.append((_children_cpu() - before) / taken[-1])
    one, two = taken
    what = "all content" if not steps else ", ".join(steps)
    return [
        Row(
            f"`course dev check` of {what}: one process against two (cores kept busy: {busy[0]:.2f}, {busy[1]:.2f})",
            f"{one:.0f} s : {two:.0f} s = {one / two:.2f}",
            "1.7",
            one / two >= 1.7,
        )
    ]


def _children_cpu() -> float:
    """Seconds that the processes started here, and theirs, have computed; 0 where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---------------------------------------------------------------- the table


def table(rows: Sequence[Row]) -> str:
    head = "| what | found | bar | |\n|---|---|---|---|\n"
    mark = {True: "met", False: "**not met**", None: ""}
    return head + "".join(f"| {row.what} | {row.found} | {row.bar} | {mark[row.met]} |\n" for row in rows)


def machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}{load}"


def main() -> None:
    global REPEATS  # noqa: PLW0603 - set once, before anything is measured
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=REPEATS, help="runs of each command (default: %(default)s)")
    options.add_argument("steps", nargs="*", help="steps for `course dev check` (default: all content, minutes)")
    chosen = options.parse_args()
    REPEATS = chosen.repeats
    described = f"{machine()}; {REPEATS} runs of each"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: list[Row] = []
        workspace = made_workspace(folder / "one", ROOT, ["F.1"])
        rows += [*start_up(workspace), *cold(workspace), *cold_torch(folder)]
        rows += warm(folder, "NumPy", Content(ROOT), "F.1", idles=True)
        rows += warm(folder, "torch", Content(TORCH), "T.1", idles=True)
        for place, key in enumerate(TORCH_STEPS):
            rows += warm(folder, "torch", alone(folder / f"alone-{place}", key), "A.1")
        rows += [row for key in REFERENCE_STEPS for row in against_reference(folder, key)]
        rows += check_all(folder)
        rows += dev_check(folder, chosen.steps)
    text = (
        "# Benchmarks\n\nWritten by `make bench`: medians, what is compared side by side in one run.\n\n"
        f"The machine: {described}.\n\n{table(rows)}"
    )
    print(text)
    (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
