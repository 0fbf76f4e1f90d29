"""What a library prepares at its first use is done while a process is idle, and never while somebody waits."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from course.curriculum import Budget, Rules
from course.grading import warmup
from course.grading.learner import Clock, Learner
from course.grading.process import LearnerProcess, Setup

posix = pytest.mark.skipif(os.name != "posix", reason="Windows cannot look into a pipe")
LOADED = "import sys\n\n\ndef loaded():\n    return 'sympy' in sys.modules\n"


@posix
@pytest.mark.parametrize("waiting", [False, True])
def test_only_who_is_not_asked_prepares(monkeypatch: pytest.MonkeyPatch, waiting: bool) -> None:
    done: list[str] = []
    monkeypatch.setattr(warmup, "warm_up", lambda: done.append("warm"))
    monkeypatch.setattr(warmup, "IDLE_SECONDS", 0.01)
    read, write = os.pipe()
    with os.fdopen(read, "rb") as requests, os.fdopen(write, "wb") as asking:
        if waiting:
            asking.write(b"request")
            asking.flush()
        warmup.warm_up_if_idle(requests)
    assert done == ([] if waiting else ["warm"])


def test_without_torch_there_is_nothing_to_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    warmup.warm_up()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    with pytest.raises(AttributeError):  # so it would use it
        warmup.warm_up()


@posix
def test_a_spare_torch_process_has_gone_back_once(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    file = tmp_path / "a.py"
    file.write_text(LOADED, encoding="utf-8")
    rules = Rules("T", ("stdlib", "numpy", "torch"))
    setup = Setup("minillm.a", {"minillm.a": file}, rules, Budget())
    spare = LearnerProcess(setup)
    learner = Learner(setup, Clock(time.monotonic() + 120), make=lambda _setup: spare)
    try:
        spare.wait_until_ready()
        time.sleep(warmup.IDLE_SECONDS + 3.0)
        assert learner.load() is None
        assert learner.loaded()
    finally:
        learner.close()
