"""What a call changes for its whole process ends with the call; what the module sets when it is imported stays."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from course.curriculum import Budget, Rules
from course.grading.ambient import Ambient
from course.grading.learner import Clock, Learner
from course.grading.process import Setup

SOURCE = """
import numpy as np

np.seterr(over="ignore")


def leave(how):
    np.seterr(all=how)
    raise ValueError


def now():
    return np.geterr()
"""
TORCH = """
import torch
from course.grading.ambient import Ambient

ambient = Ambient()
torch.set_grad_enabled = torch.set_default_dtype = None  # too late: its functions were taken before
with ambient.kept():
    torch._C._set_grad_enabled(False)
    torch._C._set_default_dtype(torch.float64)
    torch.is_grad_enabled = lambda: True
print(torch.get_default_dtype(), (torch.ones(1, requires_grad=True) * 2).requires_grad)
"""


def test_a_call_leaves_no_setting_behind(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE, encoding="utf-8")
    setup = Setup("minillm.a", {"minillm.a": file}, Rules("NP", ("stdlib", "numpy")), Budget())
    learner = Learner(setup, Clock(time.monotonic() + 60.0))
    try:
        before = learner.now()
        assert before["over"] == "ignore", "what the module sets when it is imported is its own"
        with pytest.raises(Exception, match="ValueError"):
            learner.leave("raise")
        assert learner.now() == before
    finally:
        learner.close()


def test_torch_s_settings_are_kept_whoever_replaces_its_functions() -> None:
    done = subprocess.run([sys.executable, "-c", TORCH], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["torch.float32", "True"]


def test_what_was_set_before_is_not_touched() -> None:
    with np.errstate(divide="raise"):
        with Ambient().kept():
            np.seterr(divide="print")
        assert np.geterr()["divide"] == "raise"
