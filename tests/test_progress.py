"""progress.json: read or refused with what to do, written whole or not at all, and nothing in it lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Cli

from course import progress as module
from course.errors import CourseError, ProgressNotWritten, ProgressUnreadable, UsageError
from course.progress import (
    Pass,
    attempts,
    dump,
    latest_copy,
    load_progress,
    now,
    previous_copy,
    record_attempt,
    restore,
    update,
)

ROOT = Path(__file__).resolve().parents[1]
ENTRY = Pass("2026-01-01T00:00:00Z", "code", "raw", "grader", 7, {"numpy": "2.0"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A progress.json with one pass in it, and a previous copy without."""
    file = tmp_path / "progress.json"
    with update(file, create=True):
        pass
    with update(file) as progress:
        progress.passed["alpha/double"] = ENTRY
    return file


def refusal(path: Path) -> CourseError:
    before = path.read_bytes()
    with pytest.raises(ProgressUnreadable) as caught:
        load_progress(path)
    assert path.read_bytes() == before
    assert caught.value.hint
    return caught.value


# ---------------------------------------------------------------- reading


def test_what_was_written_is_read(path: Path) -> None:
    progress = load_progress(path)
    assert progress.passed == {"alpha/double": ENTRY}
    assert progress.current is None
    assert load_progress(path) == progress


def test_the_file_says_its_format(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("{", "it is not JSON"),
        ("nothing of the kind", "it is not JSON"),
        ("[]", "it does not have the form of a progress file"),
        ("null", "it does not have the form of a progress file"),
        ("{}", "it does not have the form of a progress file"),
        ('{"format": "one"}', "it does not have the form of a progress file"),
        ('{"format": 1, "created": "", "current": null, "opened": 3, "passed": {}}', "form of a progress file"),
        ('{"format": 1, "created": "", "current": null, "opened": {}, "passed": []}', "form of a progress file"),
        ('{"format": 1, "created": "", "current": 7, "opened": {}, "passed": {}}', "form of a progress file"),
        ('{"format": 1, "created": "", "current": null, "opened": {}, "passed": {"a": {}}}', "form of a progress file"),
        ('{"format": 1, "created": "", "current": null, "opened": {}, "passed": {"a": 1}}', "form of a progress file"),
        pytest.param("[" * 100_000, "it is not JSON", id="deep"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_type(path: Path, text: str, why: str) -> None:
    path.write_text(text, encoding="utf-8")
    error = refusal(path)
    assert why in error.message
    assert str(path) in error.message
    assert "course progress restore" in str(error.hint)


def test_a_truncated_file(path: Path) -> None:
    whole = path.read_text(encoding="utf-8")
    for length in range(1, len(whole) - 2, 7):
        path.write_text(whole[:length], encoding="utf-8")
        assert "it is not JSON" in refusal(path).message


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")
    assert "it is not JSON" in refusal(path).message


def test_a_merge_conflict_is_named_as_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n", encoding="utf-8")
    assert "merge conflict" in refusal(path).message


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"seed": 7', '"seed": NaN'), "NaN is no number here"),
        (lambda text: text.replace('"seed": 7', '"seed": 1e999'), "1e999 is no number here"),
        (lambda text: text.replace('"seed": 7', f'"seed": {"9" * 5000}'), "form of a progress file"),
        (lambda text: text.replace('"seed": 7', '"seed": 7.5'), "passed “alpha/double”: seed must be a whole number"),
        (lambda text: text.replace('"seed": 7', '"seed": true'), "passed “alpha/double”: seed must be a whole number"),
        (lambda text: text.replace('"code": "code"', '"code": null'), "passed “alpha/double”: code must be a text"),
        (lambda text: text.replace('"numpy": "2.0"', '"numpy": 2.0'), "versions “numpy” must be a text"),
        (lambda text: text.replace('"opened": {}', '"opened": {"alpha/double": true}'), "must be a text"),
        (lambda text: text.replace('"opened": {}', '"opened": [["alpha/double", "x"]]'), "opened must be an object"),
        (lambda text: text.replace('"opened": {}', '"opened": {}, "strict": 1'), "strict must be true or false"),
        (lambda text: text.replace('"opened": {}', '"opened": {}, "opened": {}'), "“opened” stands in it twice"),
        (lambda text: text.replace('"passed": {', '"passed": {"alpha/double": {}, '), "stands in it twice"),
        (lambda text: text.replace('"format": 1', '"format": true'), "format must be a whole number"),
        (lambda text: text.replace('"format": 1', '"format": 0'), "there is no format 0"),
        (lambda text: text.replace('"current": null', '"currant": null'), "'current'"),
        (lambda text: text.replace('"current": null', '"current": null, "x": "\\ud800"'), "form of a progress file"),
        (lambda text: text.replace("}\n", "},\n", 1), "it is not JSON"),
        (lambda text: text + text, "it is not JSON"),
    ],
)  # fmt: skip
def test_what_a_hand_got_wrong_is_named(path: Path, change: Callable[[str], str], why: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    error = refusal(path)
    assert why in error.message
    assert "course progress restore" in str(error.hint)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"").replace(b"  ", b""),
        lambda text: b"\n\n" + text + b"\n",
    ],
    ids=["a mark before it", "crlf", "both", "in one line", "blank lines"],
)
def test_what_an_editor_does_to_it_does_no_harm(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))
    assert load_progress(path).passed == {"alpha/double": ENTRY}
    with update(path) as progress:
        progress.current = "alpha/mean"
    assert path.read_bytes() == dump(load_progress(path)).encode()


def test_text_of_any_language_survives(path: Path) -> None:
    with update(path) as progress:
        progress.other["name"] = "größer, 日本, \u2028, 😀"
    assert load_progress(path).other["name"] == "größer, 日本, \u2028, 😀"
    path.write_text(path.read_text(encoding="utf-8").replace("😀", "\\ud83d\\ude00"), encoding="utf-8")
    assert load_progress(path).other["name"].endswith("😀")


def test_a_file_of_the_first_version_is_read_and_kept(path: Path) -> None:
    """It had neither strict nor predicted, and no versions in a pass."""
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["passed"]["alpha/double"]["versions"]
    old = json.dumps(data)
    path.write_text(old, encoding="utf-8")
    progress = load_progress(path)
    assert (progress.strict, progress.predicted, progress.passed["alpha/double"].versions) == (False, {}, {})
    with update(path) as progress:
        progress.current = "alpha/mean"
    assert previous_copy(path).read_text(encoding="utf-8") == old
    assert load_progress(path).passed["alpha/double"].code == "code"


def test_a_newer_format_is_not_broken_but_newer(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    error = refusal(path)
    assert "newer version of the course (format 2, this one reads 1)" in error.message
    assert "restore" not in str(error.hint)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "progress.json").mkdir()
    with pytest.raises(ProgressUnreadable, match="cannot be read"):
        load_progress(tmp_path / "progress.json")


def test_fields_of_another_version_are_carried_along(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data["cohort"] = {"name": "autumn"}
    data["passed"]["alpha/double"]["minutes"] = 31
    path.write_text(json.dumps(data), encoding="utf-8")
    with update(path) as progress:
        progress.current = "alpha/mean"
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after["cohort"] == {"name": "autumn"}
    assert after["passed"]["alpha/double"]["minutes"] == 31
    assert after["current"] == "alpha/mean"


def test_passes_of_steps_nobody_knows_are_kept(path: Path) -> None:
    with update(path) as progress:
        progress.passed["gone/step"] = ENTRY
    assert "gone/step" in load_progress(path).passed


# ---------------------------------------------------------------- writing


def test_the_previous_one_is_kept(path: Path) -> None:
    before = path.read_bytes()
    with update(path) as progress:
        progress.current = "alpha/mean"
    assert path.read_bytes() != before
    assert previous_copy(path).read_bytes() == before


def test_no_change_writes_nothing(path: Path) -> None:
    before, kept = path.stat(), previous_copy(path).read_bytes()
    with update(path):
        pass
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert previous_copy(path).read_bytes() == kept


def test_an_error_in_between_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), update(path) as progress:
        progress.current = "alpha/mean"
        raise ZeroDivisionError
    assert path.read_bytes() == before
    with update(path):  # and the lock is free again
        pass


def test_without_create_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ProgressUnreadable), update(tmp_path / "progress.json"):
        pass
    assert not (tmp_path / "progress.json").exists()


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "No space left on device"), (errno.EIO, "error")])
def test_a_full_disk_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    before, kept = path.read_bytes(), previous_copy(path).read_bytes()

    def full(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("course.progress.os.fsync", full)
    with pytest.raises(ProgressNotWritten) as caught, update(path) as progress:
        progress.current = "alpha/mean"
    assert words in caught.value.message
    assert "old one is untouched" in caught.value.message
    assert path.read_bytes() == before
    assert previous_copy(path).read_bytes() == kept
    assert not list(path.parent.rglob("*.tmp"))


class HalfFull:
    """A file on a disk that has room for ten more bytes."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> HalfFull:
        return self

    def __exit__(self, *_error: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> int:
        self.file.write(data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_while_writing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    real = Path.open

    def half(self: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        file = real(self, mode, *arguments, **options)
        return HalfFull(file) if "x" in mode and self.suffix == ".tmp" else file

    monkeypatch.setattr(Path, "open", half)
    with pytest.raises(ProgressNotWritten, match="No space left"), update(path) as progress:
        progress.current = "alpha/mean"
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert not list(path.parent.rglob("*.tmp"))


def test_a_copy_that_cannot_be_kept_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(*_paths: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_whole", full)
    with pytest.raises(ProgressNotWritten), update(path) as progress:
        progress.current = "alpha/mean"
    assert path.read_bytes() == before


def test_a_protected_file_is_not_overridden(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    # Root may write everything: say no for it.
    real = os.access
    monkeypatch.setattr("course.progress.os.access", lambda file, mode: False if file == path else real(file, mode))
    with pytest.raises(ProgressNotWritten, match="write-protected"), update(path) as progress:
        progress.current = "alpha/mean"
    assert path.read_bytes() == before


def test_a_folder_for_the_lock_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".course").write_text("in the way", encoding="utf-8")
    with pytest.raises(ProgressNotWritten), update(tmp_path / "progress.json", create=True):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_one(path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    real = tmp_path_factory.mktemp("synced") / "my progress.json"
    path.rename(real)
    path.symlink_to(real)
    with update(path) as progress:
        progress.current = "alpha/mean"
    assert path.is_symlink()
    assert load_progress(real).current == "alpha/mean"
    assert [file.name for file in real.parent.iterdir()] == ["my progress.json"]
    path.write_text("{", encoding="utf-8")
    restore(path)
    assert path.is_symlink()
    assert load_progress(real).current == "alpha/mean"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_nothing_is_said_and_not_written_through(cli: Cli, path: Path) -> None:
    progress = cli.root / "progress.json"
    progress.unlink()
    progress.symlink_to(path.parent / "nowhere.json")
    for verb in (["map"], ["check"], ["start"]):
        result = cli(*verb)
        assert result.exit_code == 3
        assert f"{progress} cannot be read: No such file" in result.stderr
    assert cli("init", ".").exit_code == 2
    assert not (path.parent / "nowhere.json").exists()


def test_a_disk_whose_last_bytes_run_out_anywhere(path: Path) -> None:
    """A limit that the kernel holds, not one that we play: whatever the number of bytes, the old file stays."""
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], cwd=ROOT, capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > len(before) // 8
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a disk")
def test_a_full_disk_of_its_own(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", FULL, str(tmp_path / "disk")], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if "mount" in done.stderr:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    assert (done.returncode, done.stdout) == (0, "full\n"), done.stderr


def test_a_clock_that_goes_backwards(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for year in (2026, 2001, 1970):
        monkeypatch.setattr(module, "now", lambda year=year: f"{year}-01-01T00:00:00Z")
        with update(path) as progress:
            progress.opened[f"year/{year}"] = module.now()
            progress.current = f"year/{year}"
        record_attempt(path, {"year": year})
    assert list(load_progress(path).opened) == ["year/2026", "year/2001", "year/1970"]
    assert load_progress(path).current == "year/1970"
    assert [entry["year"] for entry in attempts(path)] == [2026, 2001, 1970]


def test_a_clock_that_stands_still_keeps_every_broken_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.progress.time.strftime", lambda *_arguments: "19700101-000000")
    for number in range(4):
        path.write_text(f"{{{number}", encoding="utf-8")
        restore(path)
    kept = sorted(file.read_text(encoding="utf-8") for file in path.parent.glob("progress.json*broken-*"))
    assert kept == ["{0", "{1", "{2", "{3"]


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.skipif(sys.platform == "win32", reason="locks are made otherwise there")
def test_a_drive_that_knows_no_locks(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def no_lock(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", no_lock)
    for current in ("alpha/mean", "alpha/power"):
        with update(path) as progress:
            progress.current = current
    assert load_progress(path).current == "alpha/power"


# ---------------------------------------------------------------- two at once

# Shrink the largest file that this process may write, byte by byte, as a disk that fills does.
LIMITED = """
import resource, signal, sys
from pathlib import Path
from course.errors import ProgressNotWritten
from course.progress import update
path, refused = Path(sys.argv[1]), 0
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
before = path.read_bytes()
for room in range(1, len(before), 7):
    try:
        with update(path) as progress:
            progress.current = "alpha/mean"
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    except ProgressNotWritten:
        refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert path.read_bytes() == before, room
    assert not list(path.parent.rglob("*.tmp"))
print(refused)
"""

# A disk of 64 kB in a mount namespace of its own, filled to the last byte.
FULL = """
import subprocess, sys
from pathlib import Path
from course.errors import ProgressNotWritten
from course.progress import load_progress, update
disk = Path(sys.argv[1])
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=True)
path = disk / "progress.json"
with update(path, create=True):
    pass
before = path.read_bytes()
try:
    with (disk / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
except OSError:
    pass
try:
    with update(path) as progress:
        progress.other["x"] = "y" * 9000
except ProgressNotWritten as error:
    assert "No space left" in error.message, error.message
    print("full")
assert path.read_bytes() == before
assert not list(disk.rglob("*.tmp"))
(disk / "ballast").unlink()
with update(path) as progress:
    progress.current = "a"
assert load_progress(path).current == "a"
"""

HOLD = """
import sys
from pathlib import Path
from course.progress import update
with update(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

WRITE = """
import sys
from pathlib import Path
from course.progress import update
path = Path(sys.argv[1])
while True:
    with update(path) as progress:
        progress.other["count"] = progress.other.get("count", 0) + 1
        progress.other["ballast"] = "x" * 20_000
    print(progress.other["count"], flush=True)
"""

ADD = """
import sys
from pathlib import Path
from course.progress import update
for number in range(25):
    with update(Path(sys.argv[1])) as progress:
        progress.opened[f"{sys.argv[2]}/{number}"] = "now"
"""


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_lock_that_is_held_is_said_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.lock.LOCK_SECONDS", 0.2)
    with started(HOLD, path) as other:
        assert line_of(other) == "held"
        with pytest.raises(UsageError) as caught, update(path):
            pass
        other.communicate("")
    assert "Another course command" in caught.value.message
    assert caught.value.hint
    with update(path) as progress:  # once it is gone, everything works
        progress.current = "alpha/mean"
    assert load_progress(path).current == "alpha/mean"


def test_two_writers_lose_nothing(path: Path) -> None:
    writers = [started(ADD, path, name) for name in ("one", "two")]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert len(load_progress(path).opened) == 50


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_any_moment_it_is_the_old_one_or_the_new(path: Path) -> None:
    said = 0
    for round_ in range(20):
        with started(WRITE, path) as writer:
            for _ in range(1 + round_ % 4):
                said = int(line_of(writer))
            writer.send_signal(signal.SIGKILL)
            rest = writer.communicate()[0].split()
        said = int(rest[-1]) if rest else said
        found = load_progress(path)
        assert found.other["count"] >= said
        assert found.passed == {"alpha/double": ENTRY}
        assert found.other["ballast"] == "x" * 20_000
        load_progress(previous_copy(path))
        assert len(list(path.parent.rglob("*.tmp"))) <= 2  # what is left behind does not pile up
        said = found.other["count"]


# ---------------------------------------------------------------- restore


def test_restore_puts_the_last_good_one_back(path: Path) -> None:
    with update(path) as progress:
        progress.current = "alpha/mean"
    path.write_text("{broken", encoding="utf-8")
    kept = restore(path)
    assert kept.read_text(encoding="utf-8") == "{broken"
    assert load_progress(path).passed == {"alpha/double": ENTRY}
    assert load_progress(path).current == "alpha/mean"  # the last write is lost no more than the others


def test_restore_of_a_good_file_goes_one_write_back(path: Path) -> None:
    with update(path) as progress:
        progress.current = "alpha/mean"
    good = path.read_bytes()
    kept = restore(path)
    assert kept.read_bytes() == good
    assert load_progress(path).current is None


def test_restore_with_half_a_copy_takes_the_other(path: Path) -> None:
    path.write_text("{", encoding="utf-8")
    latest_copy(path).write_bytes(latest_copy(path).read_bytes()[:40])
    restore(path)
    assert load_progress(path).passed == {}


def test_restore_twice_keeps_both_broken_ones(path: Path) -> None:
    kept = []
    for text in ("{one", "{two"):
        path.write_text(text, encoding="utf-8")
        kept.append(restore(path))
    assert [file.read_text(encoding="utf-8") for file in kept] == ["{one", "{two"]


def test_restore_of_a_file_that_is_gone(path: Path) -> None:
    path.unlink()
    assert not restore(path).exists()
    assert load_progress(path).passed == {"alpha/double": ENTRY}


def test_restore_without_a_copy_says_how_to_begin_afresh(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    path.write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        restore(path)
    assert "no earlier copy" in caught.value.message
    assert "course init ." in str(caught.value.hint)
    assert path.read_text(encoding="utf-8") == ""


def test_restore_refuses_a_copy_that_is_broken_too(path: Path) -> None:
    path.write_text("{", encoding="utf-8")
    for copy in (previous_copy(path), latest_copy(path)):
        copy.write_text("[]", encoding="utf-8")
    with pytest.raises(UsageError, match="earlier copy is no better") as caught:
        restore(path)
    assert "course init ." in str(caught.value.hint)
    assert path.read_text(encoding="utf-8") == "{"


def test_a_copy_of_a_broken_file_never_replaces_a_good_one(path: Path) -> None:
    path.write_text("{broken", encoding="utf-8")
    good = previous_copy(path).read_bytes()
    with pytest.raises(ProgressUnreadable), update(path) as progress:
        progress.current = "x"
    assert previous_copy(path).read_bytes() == good


# ---------------------------------------------------------------- the history


def test_attempts_are_appended(path: Path) -> None:
    for holding in range(3):
        record_attempt(path, {"step": "alpha/double", "holding": holding})
    lines = (path.parent / ".course" / "attempts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["holding"] for line in lines] == [0, 1, 2]
    assert json.loads(lines[0])["at"] <= now()


def test_half_a_line_costs_only_itself(path: Path) -> None:
    """A command that was killed, or a full disk, may leave half a line; the next is not glued to it."""
    history = path.parent / ".course" / "attempts.jsonl"
    record_attempt(path, {"number": 1})
    with history.open("ab") as file:
        file.write(b'{"at": "2026", "num')
    record_attempt(path, {"number": 2, "words": "line \u2028 \x85 end"})
    with history.open("ab") as file:
        file.write(b"[1]\nnull\n\xff\xfe\n" + b"[" * 10_000 + b"\n")
    record_attempt(path, {"number": 3})
    assert [entry["number"] for entry in attempts(path)] == [1, 2, 3]
    assert attempts(path)[1]["words"] == "line \u2028 \x85 end"


def test_without_a_history_nothing_is_known(path: Path) -> None:
    assert attempts(path) == []
    (path.parent / ".course" / "attempts.jsonl").mkdir()
    assert attempts(path) == []


def test_an_attempt_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path.parent / ".course" / "attempts.jsonl").mkdir()
    with pytest.raises(ProgressNotWritten, match=r"attempts\.jsonl"):
        record_attempt(path, {})


# ---------------------------------------------------------------- through the command line


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}'])
def test_every_verb_says_it_and_leaves_the_file(cli: Cli, text: str) -> None:
    path = cli.root / "progress.json"
    path.write_text(text, encoding="utf-8")
    for verb in (
        ["map"],
        ["check"],
        ["next"],
        ["start"],
        ["verify"],
        ["reset", "A.1", "--yes"],
        ["solution", "A.1"],
        [],
    ):
        result = cli(*verb)
        assert result.exit_code == 3, (verb, result.output)
        assert "progress.json" in result.stderr
        assert path.read_text(encoding="utf-8") == text


def test_restore_on_the_command_line(cli: Cli) -> None:
    path = cli.root / "progress.json"
    with update(path) as progress:
        progress.passed["alpha/double"] = ENTRY
    with update(path) as progress:
        progress.current = "alpha/mean"
    path.write_text("", encoding="utf-8")
    said = cli.ok("progress", "restore")
    assert "1 step passed" in said
    assert "progress.json.broken-" in said
    assert load_progress(path).passed == {"alpha/double": ENTRY}


def test_dump_ends_with_a_newline(path: Path) -> None:
    assert dump(load_progress(path)).endswith("}\n")
    assert path.read_text(encoding="utf-8") == dump(load_progress(path))
