"""Files are written whole or not at all, and a file that another program holds for a moment is waited for."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from course import files
from course.files import append, beside, write_new, write_whole


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PAUSES", (0.0, 0.0, 0.0))


def refusing(times: int, number: int, real: Any) -> Any:
    """A call that the system refuses so many times, as it does while another program holds the file."""
    left = [times]

    def call(*arguments: Any, **options: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return real(*arguments, **options)

    return call


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- in the place of another


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, b"one")
    write_whole(path, b"two", lasting=True)
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such rights there")
def test_its_rights_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_whole(path, b"one")
    path.chmod(0o600)
    write_whole(path, b"two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY])
def test_a_file_that_is_held_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    monkeypatch.setattr(Path, "replace", refusing(3, number, Path.replace))
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"


@pytest.mark.parametrize(("times", "number"), [(99, errno.EACCES), (1, errno.EXDEV), (1, errno.EROFS)])
def test_what_does_not_pass_is_an_error_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, number: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    monkeypatch.setattr(Path, "replace", refusing(times, number, Path.replace))
    with pytest.raises(OSError, match=os.strerror(number)):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert names(tmp_path) == ["a.txt"]


def test_what_a_killed_command_left_is_written_anew(tmp_path: Path) -> None:
    """Its spare may be a second name of the file: writing into it would empty the file."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"mine")
    os.link(path, beside(path))
    (tmp_path / "b.txt").write_bytes(b"other")
    with pytest.raises(FileExistsError):
        write_new(path, b"stub")
    files.prepare(beside(path), b"new", lasting=False)
    assert path.read_bytes() == b"mine"


# ---------------------------------------------------------------- where none is


def test_a_new_file_is_written_once(tmp_path: Path) -> None:
    write_new(tmp_path / "a.txt", b"one")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a.txt", b"two")
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    assert names(tmp_path) == ["a.txt"]


def test_a_link_to_nothing_is_something(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a.txt", b"one")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_comes_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "a.txt", files.prepare

    def quicker(spare: Path, data: bytes, *, lasting: bool) -> None:
        real(spare, data, lasting=lasting)
        path.write_bytes(b"the other's")

    monkeypatch.setattr(files, "prepare", quicker)
    for number in (None, errno.EPERM):
        path.unlink(missing_ok=True)
        if number:
            monkeypatch.setattr(os, "link", refusing(99, number, os.link))
        with pytest.raises(FileExistsError):
            write_new(path, b"mine")
        assert path.read_bytes() == b"the other's"
        assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_drive_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "link", refusing(99, number, os.link))
    write_new(tmp_path / "a.txt", b"one")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a.txt", b"two")
    assert (tmp_path / "a.txt").read_bytes() == b"one"
    assert names(tmp_path) == ["a.txt"]


# ---------------------------------------------------------------- at the end


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, b"line\n"), (b"", b"line\n"), (b"one\n", b"one\nline\n"), (b'{"half', b'{"half\nline\n')],
)
def test_a_line_is_added_on_a_line_of_its_own(tmp_path: Path, before: bytes | None, after: bytes) -> None:
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_bytes(before)
    append(path, b"line\n")
    assert path.read_bytes() == after


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", refusing(99, errno.EACCES, os.open))
    files.sync_folder(tmp_path)
