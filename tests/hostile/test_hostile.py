"""Hostile submissions: none passes that should not, each ends as it may within its limits, and nothing is left behind.

A submission is a small file whose docstring says what it attempts and how it may end:

    step      the step it is handed in for: one of the course under attack (tests/hostile/course) or a real one
    allowed   the outcomes it may end in; `passed` only where the answers are right and all the harm is beside them
    holds     properties that hold all the same, whatever the others do to the process (optional)
    seconds, memory (MiB), module, link, needs: the limits, a further module of the package, a link in place of the
              file, what must hold on this machine before it may be tried (optional)
    fast      yes: part of `make test`; the others run in `make soak`

Lines `#==== name` begin files that lie beside it.
"""

from __future__ import annotations

import dataclasses
import gc
import re
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from grading_helpers import said

from course.content import Content
from course.curriculum import Budget, Curriculum, Rules, Step, load_curriculum
from course.grading.isolation import expected
from course.grading.judge import Submission, grade
from course.grading.outcomes import Outcome, Verdict

HERE = Path(__file__).parent
REAL, ATTACKED = Content(HERE.parents[1]), Content(HERE / "course")
FILES = sorted((HERE / "submissions").glob("*/*.py"))
# What a judge may take for itself: starting processes, reading, diagnosing.
SLACK_SECONDS = 20.0
GONE_SECONDS = 5.0


@dataclass(frozen=True)
class Label:
    """What a submission's docstring says."""

    attempts: str
    step: str
    allowed: frozenset[Outcome]
    holds: tuple[str, ...] = ()
    seconds: float = 5.0
    memory: int = 1024
    module: str = ""
    link: str = ""
    needs: str = ""
    fast: bool = False


def label_of(source: str) -> Label:
    text = re.match(r'"""(.*?)"""', source, re.DOTALL)
    assert text is not None, "a submission begins with its label"
    attempts, _, rest = text[1].strip().partition("\n\n")
    said = dict(re.findall(r"^(\w+): *(.*)$", rest, re.MULTILINE))
    return Label(
        attempts,
        said.pop("step"),
        frozenset(Outcome(one) for one in said.pop("allowed").split()),
        tuple(said.pop("holds", "").split()),
        float(said.pop("seconds", "5")),
        int(said.pop("memory", "1024")),
        fast=said.pop("fast", "") == "yes",
        **said,
    )


def _case(file: Path) -> object:
    label = label_of(file.read_text(encoding="utf-8"))
    return pytest.param(file, label, id=f"{file.parent.name}/{file.stem}", marks=[] if label.fast else pytest.mark.soak)


# ---------------------------------------------------------------- one submission


@pytest.fixture(scope="module")
def courses() -> tuple[Curriculum, Curriculum, Rules]:
    rules = tomllib.loads(REAL.course_toml.read_text(encoding="utf-8"))["rules"]["T"]
    torch = Rules("T", tuple(rules["imports"]), tuple(rules["forbid"]), rules["words"])
    return load_curriculum(REAL), load_curriculum(ATTACKED), torch


def step_for(label: Label, courses: tuple[Curriculum, Curriculum, Rules]) -> tuple[Content, Step]:
    real, attacked, torch = courses
    content, step = (ATTACKED, attacked[label.step]) if label.step in attacked else (REAL, real[label.step])
    if step.key == "tiny/layers":
        step = dataclasses.replace(step, rules=torch)
    memory = max(label.memory, 2048 if "torch" in step.rules.imports else 0)
    return content, dataclasses.replace(step, budget=Budget(label.seconds, 60.0, memory << 20))


def handed_in(file: Path, label: Label, step: Step, folder: Path) -> Submission:
    """Write the submission and the files beside it into a workspace."""
    source, *beside = re.split(r"^#==== (.+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    home = folder / Path(step.path).parent
    home.mkdir(parents=True)
    modules = {step.module: folder / step.path}
    if label.link:
        modules[step.module].symlink_to(REAL.root / label.link)
    else:
        modules[step.module].write_text(source, encoding="utf-8")
    for name, text in zip(beside[::2], beside[1::2], strict=True):
        for place in (home, folder):
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
    if label.module:
        modules[f"{step.module.rpartition('.')[0]}.{label.module}"] = home / f"{label.module}.py"
    return Submission(modules, kept=folder / "kept")


@pytest.mark.parametrize(("file", "label"), [_case(file) for file in FILES])
def test_hostile(
    file: Path,
    label: Label,
    courses: tuple[Curriculum, Curriculum, Rules],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if label.needs:
        holding = {one.name for one in expected() if one.holds}
        if label.needs not in holding:
            pytest.skip(f"too dangerous where nothing holds: {label.needs}")
    if "tiny/layers" in label.step:
        pytest.importorskip("torch")
    content, step = step_for(label, courses)
    submission = handed_in(file, label, step, tmp_path / "work")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path / "work")  # as a learner would: beside the files that want to be taken for others
    with nothing_remains(tmp_path / "scratch"):
        verdict = grade(content, step, submission)
    _judged(verdict, label)
    left = set(tmp_path.rglob("*")) - {*before, tmp_path / "scratch"}
    assert all(path.name == "kept" or path.parent.name == "kept" for path in left), left


def _judged(verdict: Verdict, label: Label) -> None:
    outcomes = {one.name: one.outcome for one in verdict.properties}
    assert verdict.outcome in label.allowed, (verdict.outcome, outcomes, said(verdict))
    # What a label does not allow to pass may pass in no way: a verdict is all of its properties.
    assert verdict.passed == (verdict.outcome is Outcome.PASSED)
    assert Outcome.PASSED in label.allowed or not verdict.passed
    for name in label.holds:
        assert outcomes[name] is Outcome.PASSED, (outcomes, said(verdict))
    assert verdict.problem or len(outcomes) >= 3  # the judge went on to the last property
    assert verdict.seconds < 60.0 + SLACK_SECONDS
    assert len(said(verdict)) < 3000


# ---------------------------------------------------------------- what may not remain


@contextmanager
def nothing_remains(scratch: Path) -> Iterator[None]:
    """Count what the system holds for us before and after: processes, descriptors, threads, segments, folders."""
    scratch.mkdir()
    usual, tempfile.tempdir = tempfile.tempdir, str(scratch)
    before = _held(scratch)
    try:
        yield
    finally:
        tempfile.tempdir = usual
    ends = time.monotonic() + GONE_SECONDS
    while (after := _held(scratch)) != before and time.monotonic() < ends:
        time.sleep(0.02)
    assert after == before


def _held(scratch: Path) -> dict[str, object]:
    gc.collect()
    me = psutil.Process()
    return {
        "processes": sorted(_processes(str(scratch)) | {child.pid for child in me.children(recursive=True)}),
        "descriptors": _descriptors(me),
        "sockets": len(me.net_connections(kind="all")),
        "threads": sorted(thread.name for thread in threading.enumerate() if not thread.daemon or _ours(thread)),
        "segments": _segments(),
        "scratch": sorted(path.name for path in scratch.iterdir()),
    }


def _ours(thread: threading.Thread) -> bool:
    return "_watch" in thread.name or "_drain" in thread.name


def _processes(scratch: str) -> set[int]:
    """Every process that was started for a learner's code below this folder, whoever its parent is by now."""
    found = set()
    for process in psutil.process_iter():
        try:
            if scratch in process.environ().get("TMPDIR", "") or scratch in process.cwd():
                found.add(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def _descriptors(me: psutil.Process) -> int:
    return me.num_fds() if hasattr(me, "num_fds") else me.num_handles()


def _segments() -> list[str]:
    memory = Path("/dev/shm")
    found = [path.name for path in memory.glob("*hostile*")] if memory.is_dir() else []
    for kind in ("shm", "sem", "msg"):
        table = Path("/proc/sysvipc") / kind
        if table.is_file():
            found += table.read_text(encoding="ascii").splitlines()[1:]
    return found


# ---------------------------------------------------------------- the collection itself


def test_there_are_enough_of_every_kind() -> None:
    labels = {file: label_of(file.read_text(encoding="utf-8")) for file in FILES}
    assert len(FILES) >= 60
    assert {file.parent.name for file in FILES} == {"false_pass", "shortcut", "resources", "environment"}
    for file, label in labels.items():
        assert label.attempts.endswith("."), file
        assert label.allowed, file
        # Outside these two folders nothing may pass, whatever a label says.
        assert file.parent.name in ("environment", "resources") or Outcome.PASSED not in label.allowed, file


@pytest.mark.parametrize("key", ["tiny/lists", "tiny/rows", pytest.param("tiny/layers", marks=pytest.mark.soak)])
def test_the_plain_reference_passes(key: str, courses: tuple[Curriculum, Curriculum, Rules], tmp_path: Path) -> None:
    """That nothing hostile passes proves something only if what is right does."""
    label = Label("", key, frozenset({Outcome.PASSED}))
    content, step = step_for(label, courses)
    file = tmp_path / "reference.py"
    file.write_bytes(content.reference(step.file).read_bytes())
    with nothing_remains(tmp_path / "scratch"):
        verdict = grade(content, step, Submission({step.module: file}))
    assert verdict.passed, said(verdict)
