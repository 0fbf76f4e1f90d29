"""A step whose library is not installed says so, with the command that installs it; it is no fault of the grader."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from grading_helpers import small_course

from course import libraries
from course.errors import BROKEN, LibraryMissing
from course.grading.judge import Submission, grade


def test_what_is_missing_is_named_with_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, step = small_course(tmp_path, imports=("stdlib", "numpy", "torch"))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else find(name, *more))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with pytest.raises(LibraryMissing, match=r"T\.1 uses torch, which is not installed here") as found:
        grade(content, step, Submission({step.module: content.reference(step.file)}, trusted=True))
    assert "make torch" in (found.value.hint or "")
    assert found.value.exit_code == BROKEN


def test_nothing_is_imported_to_see_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    monkeypatch.setattr(libraries, "INSTALLED_BY", {"wave": "make wave"})
    _, step = small_course(tmp_path, imports=("stdlib", "wave"))
    libraries.require_libraries(step)
    assert "wave" not in sys.modules
