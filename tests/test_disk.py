"""What a learner's code leaves in its scratch folder is counted, and goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from course.grading import disk


def nest(folder: Path, depth: int) -> None:
    """Folders in folders, deeper than a path can be long."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        for _ in range(depth):
            Path("a_folder_with_a_name").mkdir()
            os.chdir("a_folder_with_a_name")
        Path("file").write_text("x", encoding="utf-8")
    finally:
        os.chdir(here)


def test_whatever_is_in_it_goes(tmp_path: Path) -> None:
    folder, outside = tmp_path / "scratch", tmp_path / "outside"
    (folder / "locked" / "inner").mkdir(parents=True)
    outside.mkdir()
    (outside / "kept").write_text("x", encoding="utf-8")
    (folder / "link").symlink_to(outside)
    (folder / "nowhere").symlink_to("nothing")
    (folder / "locked" / "inner").chmod(0)
    (folder / "locked").chmod(0)
    nest(folder, 1200)
    disk.remove(str(folder))
    assert not folder.exists()
    assert (outside / "kept").exists()
    disk.remove(str(folder))  # a second time is no error


def test_files_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"x" * 100_000)
    most = 1 << 20
    assert 100_000 <= disk.used(str(tmp_path), os.getpid(), most) < most
    monkeypatch.setattr(disk, "MOST_FILES", 1)
    assert disk.used(str(tmp_path), os.getpid(), most) > most


@pytest.mark.skipif(sys.platform != "linux", reason="only there an open file without a name can be seen")
def test_files_without_a_name_are_counted(tmp_path: Path) -> None:
    before = disk.used(str(tmp_path), os.getpid(), 1 << 30)
    with (tmp_path / "a").open("wb") as file:
        file.write(b"x" * 200_000)
        file.flush()
        (tmp_path / "a").unlink()
        assert disk.used(str(tmp_path), os.getpid(), 1 << 30) >= before + 200_000
