"""The warm judge: its verdicts are those of a cold check, a run can be ended, and nothing is left behind."""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from grading_helpers import fake_step, submit

from course.content import Content
from course.curriculum import Curriculum, load_curriculum
from course.grading.hold import Judge
from course.grading.judge import Submission, grade
from course.grading.mistakes import load_mistakes
from course.grading.outcomes import Outcome, Verdict
from course.grading.parcel import pack, unpack
from course.grading.process import Setup
from course.grading.ready import Ready
from course.grading.several import grade_several

TORCH = Path(__file__).parent / "fixtures" / "torch"
# Long enough for any machine; nothing waits so long when all is well.
PATIENCE = 120.0


class Asking:
    """A warm judge and what it said; `verdict` asks and waits."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.judge = Judge(self.events.put)

    def ask(self, content: Content, key: str, modules: dict[str, Path], kept: Path | None = None) -> int:
        return self.judge.grade(content, load_curriculum(content)[key], modules, kept)

    def until(self, *events: str) -> dict[str, Any]:
        while True:
            event = self.events.get(timeout=PATIENCE)
            if event["event"] in events:
                return event

    def verdict(self, content: Content, key: str, modules: dict[str, Path], kept: Path | None = None) -> Verdict:
        self.ask(content, key, modules, kept)
        return unpack(self.until("verdict"))


@pytest.fixture(scope="module")
def warm() -> Iterator[Asking]:
    asking = Asking()
    yield asking
    children = psutil.Process(asking.judge.process.pid).children(recursive=True)
    asking.judge.close()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def package(content: Content, folder: Path, key: str = "", source: str | None = None) -> dict[str, Path]:
    """The references as a learner's package, one of them in other words."""
    curriculum = load_curriculum(content)
    found = {}
    for step in curriculum:
        file = folder / f"{step.file.replace('/', '_')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        if step.key == key and source is not None:
            file.write_text(source, encoding="utf-8")
        elif not file.exists():
            shutil.copyfile(content.reference(step.file), file)
        found[step.module] = file
    return found


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict without its times."""
    data = verdict.as_json()
    del data["seconds"]
    return data | {"transcripts": sorted(pack(verdict)["transcripts"])}


ODD = {
    "no Python": "def double(x:\n",
    "nothing": "",
    "unwritten": "def double(x):\n    raise NotImplementedError\ndef halve(x):\n    raise NotImplementedError\n",
    "ends the process": "import os\ndef double(x):\n    os._exit(3)\ndef halve(x):\n    return x / 2\n",
    "remembers": "calls = []\ndef double(x):\n    calls.append(x)\n    return 2 * x if len(calls) != 5 else 0\n",
    "prints": "def double(x):\n    print(x)\n    return 2 * x\n",
    "forbidden": "import socket\ndef double(x):\n    return 2 * x\n",
    "the wrong value": "def double(x):\n    return None\ndef halve(x):\n    return {}\n",
    "order of a set": "def double(x):\n    return next(iter({'a', 'b', 'c'}))\n",
}


def versions(content: Content, key: str) -> dict[str, str]:
    step = load_curriculum(content)[key]
    wrong = {one.name: one.source(content, step) for one in load_mistakes(content.mistakes(key))}
    right = {path.stem: path.read_text(encoding="utf-8") for path in content.rights(step.file)}
    return right | wrong | (ODD if key == "alpha/double" else {})


@pytest.mark.parametrize("key", ["alpha/double", "alpha/mean"])
def test_a_warm_verdict_is_the_cold_one(content: Content, tmp_path: Path, warm: Asking, key: str) -> None:
    """One after the other, so that each inherits the failing examples of the one before, in both ways."""
    for name, source in versions(content, key).items():
        modules = package(content, tmp_path / "code", key, source)
        step = load_curriculum(content)[key]
        cold = grade(content, step, Submission(modules, kept=tmp_path / "cold"))
        found = warm.verdict(content, key, modules, tmp_path / "warm")
        assert plain(found) == plain(cold), name
        kept = [[path.read_bytes() for path in (tmp_path / one).glob("*")] for one in ("cold", "warm")]
        assert kept[0] == kept[1], name


def test_a_second_look_is_the_same_and_a_seed_is_kept(content: Content, tmp_path: Path, warm: Asking) -> None:
    modules = package(content, tmp_path, "alpha/double", "def double(x):\n    return x + x + (x == 7)\n")
    first, second = (warm.verdict(content, "alpha/double", modules, tmp_path / "kept") for _ in range(2))
    assert plain(first) == plain(second)
    cold = grade(content, load_curriculum(content)["alpha/double"], Submission(modules), seed=5)
    warm.judge.grade(content, load_curriculum(content)["alpha/double"], modules, None, 5)
    assert plain(unpack(warm.until("verdict"))) == plain(cold)


def test_torch_gets_the_same_verdict(tmp_path: Path, warm: Asking) -> None:
    content, key = Content(TORCH), "layers/standardise"
    pytest.importorskip("torch")
    step = load_curriculum(content)[key]
    wrong = load_mistakes(content.mistakes(key))[0]
    modules = package(content, tmp_path, key, wrong.source(content, step))
    cold, found = grade(content, step, Submission(modules)), warm.verdict(content, key, modules)
    assert [(one.name, one.outcome, one.examples) for one in found.properties] == [
        (one.name, one.outcome, one.examples) for one in cold.properties
    ]
    # The search for the bug has an end in seconds, which torch on a busy machine can miss; it never names another.
    for verdict in (cold, found):
        assert verdict.diagnosis is not None
        assert set(verdict.diagnosis.mistakes) <= {wrong.name}


def test_a_changed_grader_is_collected_again(copied: Content, tmp_path: Path, warm: Asking) -> None:
    modules = package(copied, tmp_path / "code")
    assert warm.verdict(copied, "alpha/double", modules).passed
    file = copied.test_file("alpha/double")
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n\ndef test_more(learner):\n    '''More.'''\n    assert False\n", encoding="utf-8")
    assert warm.verdict(copied, "alpha/double", modules).outcome is Outcome.WRONG
    file.write_text("1 / 0\n", encoding="utf-8")
    assert warm.verdict(copied, "alpha/double", modules).outcome is Outcome.GRADER_FAULT
    file.unlink()
    warm.ask(copied, "alpha/double", modules)
    assert "missing" in warm.until("failed")["message"]
    file.write_text(text, encoding="utf-8")
    assert warm.verdict(copied, "alpha/double", modules).passed


def test_the_first_failure_is_told_before_the_verdict(content: Content, tmp_path: Path, warm: Asking) -> None:
    modules = package(content, tmp_path, "alpha/double", "def double(x):\n    return x * x\n")
    warm.ask(content, "alpha/double", modules)
    first = warm.until("first", "verdict")
    assert first["event"] == "first"
    assert first["outcome"] == "wrong"
    assert "expected" in first["summary"]
    assert unpack(warm.until("verdict")).outcome is Outcome.ERROR  # there is no halve()


def test_a_run_can_be_ended_at_any_moment(content: Content, tmp_path: Path, warm: Asking) -> None:
    loop = package(content, tmp_path / "a", "alpha/double", "def double(x):\n    while True: pass\n")
    at_import = package(content, tmp_path / "b", "alpha/double", "while True: pass\n")
    for modules, wait in ((loop, 0.0), (loop, 0.3), (at_import, 0.2)):
        warm.ask(content, "alpha/double", modules)
        time.sleep(wait)
        began = time.monotonic()
        warm.judge.cancel()
        assert warm.until("cancelled", "verdict")["event"] == "cancelled"
        assert time.monotonic() - began < 8  # the limit of a single call is 10 s
    assert warm.verdict(content, "alpha/double", package(content, tmp_path / "right")).passed


def test_a_judge_that_is_killed_takes_its_processes_along(content: Content, tmp_path: Path) -> None:
    asking = Asking()
    assert asking.verdict(content, "alpha/double", package(content, tmp_path)).passed
    ends = time.monotonic() + 30
    # The spare, which starts once the verdict is out.
    while not (children := psutil.Process(asking.judge.process.pid).children(recursive=True)):
        assert time.monotonic() < ends
        time.sleep(0.05)
    asking.judge.kill()
    assert asking.until("ended")
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_a_spare_process_is_taken_only_for_exactly_its_setup(content: Content, tmp_path: Path) -> None:
    step = fake_step(content, "alpha/double")
    setup = Setup(step.module, package(content, tmp_path), step.rules, step.budget)
    other = Setup(step.module, {**setup.modules, "minillm.more": tmp_path / "more.py"}, step.rules, step.budget)
    ready = Ready()
    try:
        ready.refill(setup)
        process = ready.process
        ready.refill(setup)
        assert ready.process is process
        assert ready.take(setup) is process
        ready.keep(process)
        taken = ready.take(other)
        assert taken is not process
        assert process is not None
        assert not process.alive
        taken.close()
    finally:
        ready.close()


def test_several_steps_come_in_their_order(content: Content, curriculum: Curriculum, tmp_path: Path) -> None:
    modules = package(content, tmp_path / "code", "alpha/mean", "def mean(x):\n    return 0.0\n")
    steps = [curriculum[key] for key in ("alpha/double", "alpha/mean", "alpha/power")]
    verdicts = list(grade_several(content, steps, modules, None))
    assert [(one.step, one.passed) for one in verdicts] == [(one.key, one.key != "alpha/mean") for one in steps]


def test_what_failed_before_is_looked_at_first(content: Content, tmp_path: Path) -> None:
    course = content, fake_step(content, "alpha/double")
    source = "def double(x):\n    return 2 * x\ndef halve(x):\n    print('halve')\n    return x\n"
    submit(course, source, tmp_path / "a", kept=tmp_path / "kept")
    again = submit(course, source.replace("2 * x", "print('double') or 2 * x"), tmp_path / "a", kept=tmp_path / "kept")
    assert again.printed.startswith("halve")
