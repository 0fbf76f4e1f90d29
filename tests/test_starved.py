"""What a process waits for a core is not counted against it; what it sleeps or computes is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from grading_helpers import small_course, submit

from course.curriculum import Budget, Step
from course.grading import learner, process
from course.grading.learner import Clock
from course.grading.outcomes import Outcome
from course.grading.starved import MOST, computed, computes_at_most, starved

linux = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this kernel does not count it")
BUSY = [sys.executable, "-c", "while True: pass"]


@linux
def test_who_sleeps_is_not_starved() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        time.sleep(1.0)
        before = starved(sleeper.pid, 60.0)
        time.sleep(0.5)
        assert starved(sleeper.pid, 60.0) - before < 0.1
        sleeper.kill()


@linux
def test_two_that_share_a_core_wait_for_each_other() -> None:
    both = [subprocess.Popen(BUSY) for _ in range(2)]
    core = {min(os.sched_getaffinity(0))}
    for one in both:
        os.sched_setaffinity(one.pid, core)
    time.sleep(2.0)
    waited = [starved(one.pid, 60.0) for one in both]
    for one in both:
        one.kill()
        one.wait()
    assert sum(waited) > 1.0


def test_what_nobody_counts_is_nothing_and_there_is_a_most() -> None:
    assert starved(2**22 + 1, 60.0) == 0.0
    assert starved("thread-self", 0.0) == 0.0
    assert 0.0 <= starved("thread-self", 1e-9) <= MOST * 1e-9


@pytest.mark.parametrize(("code", "least"), [("while True: pass", 0.2), ("import time; time.sleep(60)", MOST * 0.2)])
def test_a_process_is_stopped_by_what_it_computes_and_a_sleeper_by_the_clock(code: str, least: float) -> None:
    with subprocess.Popen([sys.executable, "-c", code]) as one:
        time.sleep(1.0)  # until Python has started
        before, began, stopped = computed(one.pid), time.monotonic(), threading.Event()
        with computes_at_most(one.pid, 0.2, stopped.set):
            assert stopped.wait(60.0)
        seconds, used = time.monotonic() - began, computed(one.pid) - before
        one.kill()
    assert seconds >= 0.9 * least
    assert used >= 0.2 if least == 0.2 else used < 0.2


def test_nothing_is_stopped_that_ends_in_time() -> None:
    stopped: list[str] = []
    with computes_at_most(os.getpid(), 60.0, lambda: stopped.append("stopped")):
        pass
    assert not stopped


def test_a_call_that_was_starved_may_take_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import time\n\ndef double(x):\n    time.sleep(0.8)\n    return 2 * x\n"
    content, step = small_course(
        tmp_path / "content", "def test_one(learner):\n    '''One.'''\n    learner.double(1)\n"
    )
    step = fake_budget(step, 0.4)
    assert submit((content, step), slow, tmp_path / "work").outcome is Outcome.TIMEOUT
    monkeypatch.setattr(process, "starved", lambda _process, _limit: 2 * time.monotonic())  # more and more
    assert submit((content, step), slow, tmp_path / "work").passed


def fake_budget(step: Step, call_seconds: float) -> Step:
    return replace(step, budget=Budget(call_seconds, 60.0, 512 << 20))


def test_the_clock_of_a_check_adds_what_was_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = [0.0]
    monkeypatch.setattr(learner, "starved", lambda _process, _limit: waited[0])
    clock = Clock(time.monotonic() + 0.1)
    time.sleep(0.12)
    assert clock.left() < 0
    waited[0] = 0.5
    assert 0.3 < clock.left() < 0.5
    waited[0] = 1e9
    assert clock.left() < (1 + MOST) * 0.1


def test_an_endless_loop_still_ends(tmp_path: Path) -> None:
    content, step = small_course(tmp_path / "content")
    began = time.monotonic()
    verdict = submit((content, fake_budget(step, 0.3)), "def double(x):\n    while True: pass\n", tmp_path / "work")
    assert verdict.outcome is Outcome.TIMEOUT
    assert time.monotonic() - began < 60
