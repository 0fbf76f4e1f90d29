"""Scratch folders of killed judges are removed; those in use, and everything else in that folder, are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course.grading import scratch

HOLD = "from course.grading import scratch; print(scratch.make(), flush=True); input()"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> Path:
    long_ago = time.time() - 2 * scratch.SETTLED
    os.utime(folder, (long_ago, long_ago))
    return folder


def test_a_folder_is_made_and_removed(root: Path) -> None:
    with scratch.scratch_folder() as folder:
        (folder / "a").write_text("x", encoding="utf-8")
        assert folder.parent == root
    assert not list(root.iterdir())


def test_one_in_use_is_left(root: Path) -> None:
    with scratch.scratch_folder() as folder:
        scratch.sweep(aged(folder).parent)
        assert folder.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_one_whose_judge_was_killed_goes(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(root)}, cwd=Path(__file__).resolve().parents[1],
    )  # fmt: skip
    assert process.stdout is not None
    folder = aged(Path(process.stdout.readline().strip()))
    scratch.sweep(root)
    assert folder.is_dir()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    scratch.sweep(root)
    assert not folder.exists()


def test_one_just_made_is_left(root: Path) -> None:
    young = root / "course-scratch-abcdefgh"
    young.mkdir()
    scratch.sweep(root)
    assert young.is_dir()
    scratch.sweep(aged(young).parent)
    assert not young.exists()


@pytest.mark.parametrize("name", ["course-demo", "course-scratch", "course-scratch-mine", "course-scratch-abcdefgh.d"])
def test_a_folder_with_a_name_of_ones_own_is_left(root: Path, name: str) -> None:
    (root / name).mkdir()
    scratch.sweep(aged(root / name).parent)
    assert (root / name).is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_left_and_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mine = tmp_path_factory.mktemp("mine")
    (mine / "a.py").write_text("x", encoding="utf-8")
    (root / "course-scratch-abcdefgh").symlink_to(mine)
    scratch.sweep(root)
    assert (mine / "a.py").is_file()


def test_a_process_sweeps_once(root: Path) -> None:
    left = root / "course-scratch-abcdefgh"
    left.mkdir()
    aged(left)
    with scratch.scratch_folder():
        assert not left.exists()
    left.mkdir()
    aged(left)
    with scratch.scratch_folder():
        assert left.is_dir()
