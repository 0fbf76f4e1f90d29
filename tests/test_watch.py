"""`course watch`: real saves, a real terminal, and everything that can go wrong beside an editor."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import FAKE, Cli, open_step, progress_of, write_reference
from test_imports import loaded
from test_program import PROGRAM, environment, on_posix

from course.code import modules_in
from course.curriculum import Curriculum
from course.watch.saves import saved_at, signature
from course.workspace import Workspace

PATIENCE = 120.0
RIGHT = "def double(x):\n    return 2 * x\n\n\ndef halve(x):\n    return x / 2\n"
WRONG = RIGHT.replace("2 * x", "x * x")
LOOP = RIGHT.replace("return 2 * x", "while True: pass")


class Watching:
    """A watch that prints JSON, in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "watch", "--json", *options], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def line(self) -> dict[str, Any]:
        return dict(json.loads(self._lines.get(timeout=PATIENCE)))

    def outcome(self) -> str:
        return str(self.line()["outcome"])

    def quiet(self, seconds: float) -> bool:
        with contextlib.suppress(queue.Empty):
            self._lines.get(timeout=seconds)
            return False
        return True

    def end(self) -> int:
        processes = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        self.process.wait(PATIENCE)
        _, alive = psutil.wait_procs([one for one in processes if isinstance(one, psutil.Process)], timeout=30)
        assert alive == []
        self.close()
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def opened(workspace: Workspace, curriculum: Curriculum) -> Path:
    """The file of the first step, opened, in the workspace."""
    return open_step(workspace, curriculum, "alpha/double")


@pytest.fixture
def watching(workspace: Workspace, opened: Path) -> Iterator[Watching]:
    made = Watching(workspace.root)
    yield made
    made.close()


def by_rename(file: Path, text: str) -> None:
    """Save as many editors do: a new file takes the old one's place."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


# ---------------------------------------------------------------- saves


def test_every_kind_of_save_gets_its_verdict(workspace: Workspace, opened: Path, watching: Watching) -> None:
    stub = opened.read_text(encoding="utf-8")
    assert watching.outcome() == "unfinished"
    opened.write_text(RIGHT, encoding="utf-8")
    passed = watching.line()
    assert passed["outcome"] == "passed"
    assert 0 < passed["wall"] < PATIENCE
    assert "alpha/double" in progress_of(workspace).passed
    by_rename(opened, WRONG)
    wrong = watching.line()
    assert wrong["outcome"] == "wrong"
    assert 0 < wrong["first_failure_after"] <= wrong["wall"]
    opened.write_text("def double(x:\n", encoding="utf-8")
    assert watching.line()["problem"]["summary"].startswith("SyntaxError")
    opened.unlink()
    assert "is not there" in watching.line()["problem"]["summary"]
    opened.write_text(stub, encoding="utf-8")
    assert watching.outcome() == "unfinished"
    for number in range(20):  # a burst: whatever is seen of it, the last one is
        opened.write_text(RIGHT + f"\n\nnumber = {number}\n", encoding="utf-8")
    while "number = 19" not in opened.read_text() or watching.line()["raw"] != workspace_raw(workspace):
        pass
    assert watching.quiet(1.5)
    opened.touch()
    (workspace.root / "notes.txt").write_text("no code", encoding="utf-8")
    assert watching.quiet(1.5)
    assert watching.end() == 0
    assert not (workspace.state / "watch.json").exists()


def workspace_raw(workspace: Workspace) -> str:
    from course.code import closure, raw_digest

    return raw_digest(closure("minillm.alpha.double", modules_in(workspace.package)))


def test_an_endless_loop_ends_with_the_next_save(opened: Path, watching: Watching) -> None:
    assert watching.outcome() == "unfinished"
    began = time.monotonic()
    opened.write_text(LOOP, encoding="utf-8")
    assert watching.quiet(1.0)
    by_rename(opened, RIGHT)
    assert watching.outcome() == "passed"
    assert time.monotonic() - began < 9  # a single call may take 10 s
    opened.write_text("x = [0] * (1 << 33)\n" + RIGHT, encoding="utf-8")
    assert watching.line()["problem"]["summary"].startswith("out of memory")
    opened.write_text(RIGHT, encoding="utf-8")
    assert watching.outcome() == "passed"


def test_polling_sees_saves_too(workspace: Workspace, opened: Path) -> None:
    watching = Watching(workspace.root, "--poll")
    try:
        assert watching.outcome() == "unfinished"
        opened.write_text(RIGHT, encoding="utf-8")
        assert watching.outcome() == "passed"
    finally:
        watching.close()


def test_the_time_of_a_save_is_the_files_own_unless_it_cannot_be(tmp_path: Path) -> None:
    before = signature(tmp_path)
    file = tmp_path / "a.py"
    file.write_text("x = 1\n", encoding="utf-8")
    now = signature(tmp_path)
    written = file.stat().st_mtime
    assert saved_at(before, now, written + 0.5) == pytest.approx(written)
    assert saved_at(before, now, written + 60) == written + 60  # a copy that kept its time
    assert saved_at(before, now, written - 5) == written - 5  # a clock that is ahead
    assert saved_at(now, now, 7.0) == 7.0


# ---------------------------------------------------------------- checks beside a watch


def test_a_check_beside_a_watch_is_graded_by_it(
    workspace: Workspace, curriculum: Curriculum, opened: Path, watching: Watching
) -> None:
    opened.write_text(WRONG, encoding="utf-8")
    while watching.outcome() != "wrong":
        pass
    done = subprocess.run(
        [*PROGRAM, "check", "--json"], cwd=workspace.root, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdicts"][0]["outcome"] == "wrong"
    write_reference(workspace, curriculum, "alpha/double")
    assert watching.outcome() == "passed"
    assert not loaded(workspace.root, "check") & {"pytest", "hypothesis", "numpy"}
    assert "pytest" in loaded(workspace.root, "check", "--seed", "3", "A.1") or watching.process.poll() is None
    said = subprocess.run(
        [*PROGRAM, "doctor", "--json"], cwd=workspace.root, env=environment(), capture_output=True, check=False
    )
    held = json.loads(said.stdout)["watch"]
    assert 10 << 20 < held["total"] < 150 << 20
    second = subprocess.run(
        [*PROGRAM, "watch"], cwd=workspace.root, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    assert second.returncode == 2
    assert "Another watch runs in" in second.stderr


@on_posix
def test_a_killed_watch_leaves_no_process_and_hinders_nobody(workspace: Workspace, opened: Path) -> None:
    watching = Watching(workspace.root)
    assert watching.outcome() == "unfinished"
    ends = time.monotonic() + 30
    # The judge, and the spare process that it starts once the verdict is out.
    while len(processes := psutil.Process(watching.process.pid).children(recursive=True)) < 2:
        assert time.monotonic() < ends
        time.sleep(0.05)
    watching.process.kill()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
    watching.close()
    assert (workspace.state / "watch.json").exists()
    opened.write_text(RIGHT, encoding="utf-8")
    assert "pytest" in loaded(workspace.root, "check")  # it graded by itself
    again = Watching(workspace.root)
    try:
        assert again.outcome() == "passed"
    finally:
        again.close()


@on_posix
def test_a_watch_that_hangs_or_lies_is_not_believed(
    cli: Cli, workspace: Workspace, opened: Path, tmp_path: Path
) -> None:
    """A door that says nothing, and one that does not know the key, answer with a verdict of their own."""
    opened.write_text(WRONG, encoding="utf-8")
    workspace.state.mkdir(exist_ok=True)
    address = str(tmp_path / "s")
    from course import __version__
    from course.grading import wire

    card = {
        "version": __version__, "content": str(FAKE.resolve()), "prefix": sys.prefix, "pid": 1, "address": address,
        "key": "00" * 32,
    }  # fmt: skip
    for says in (b"", b"x" * 32 + wire.encode({"verdict": {}, "transcripts": {}}), None):
        (workspace.state / "watch.json").write_text(json.dumps(card), encoding="utf-8")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(1)
            thread = threading.Thread(target=_answer, args=(listener, says))
            thread.start()
            result = cli("check", "A.1")
            thread.join(10)
        Path(address).unlink()
        assert result.exit_code == 1
        assert "double" in result.stdout
    for card_text in ("", "[]", '{"version": 1}', json.dumps(card | {"version": "0.0"})):
        (workspace.state / "watch.json").write_text(card_text, encoding="utf-8")
        assert cli("check", "A.1").exit_code == 1


def _answer(listener: socket.socket, says: bytes | None) -> None:
    from course.grading import wire

    listener.settimeout(10)
    guest, _ = listener.accept()
    with guest, guest.makefile("rwb") as stream:
        if says is not None:
            with contextlib.suppress(OSError):
                wire.write_frame(stream, says)  # type: ignore[arg-type]
        else:
            time.sleep(4)  # longer than a watch that lives is silent


# ---------------------------------------------------------------- on a terminal

CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\]8;[^\x1b]*\x1b\\")


class OnTerminal:
    """A watch on a pseudo-terminal: keys go in, the screen comes out."""

    def __init__(self, folder: Path, columns: int, **more: str) -> None:
        self._mine, theirs = os.openpty()
        _resize(self._mine, columns)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKES_THE_TERMINAL, "watch"], cwd=folder, env=environment(**more),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.raw = ""

    def read(self) -> str:
        try:
            self.raw += os.read(self._mine, 1 << 16).decode("utf-8", "replace")
        except OSError:
            time.sleep(0.05)
        return self.raw

    def until(self, text: str) -> str:
        """Wait until the screen, as it was last drawn, holds this; return it."""
        ends = time.monotonic() + PATIENCE
        while text not in (screen := CODES.sub("", self.raw.rpartition("\x1b[2J")[2])):
            assert time.monotonic() < ends, screen
            self.read()
        return screen

    def press(self, key: str) -> None:
        os.write(self._mine, key.encode())

    def resize(self, columns: int, lines: int = 40) -> None:
        _resize(self._mine, columns, lines)
        os.kill(self.process.pid, signal.SIGWINCH)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._mine)


_TAKES_THE_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from course.cli import run; run()"


def _resize(terminal: int, columns: int, lines: int = 40) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@on_posix
def test_keys_and_a_window_that_changes_its_size(workspace: Workspace, curriculum: Curriculum, opened: Path) -> None:
    terminal = OnTerminal(workspace.root, 100)
    try:
        screen = terminal.until("not written yet")
        assert "watching A.1 minillm/alpha/double.py" in screen
        terminal.until("q quit")
        assert f"file://{workspace.root.as_posix()}/minillm/alpha/double.py" in terminal.raw
        terminal.press("n")
        assert "has not passed yet" in terminal.until("A.1 has not passed yet")
        opened.write_text(WRONG, encoding="utf-8")
        terminal.until("s, the first failure after")
        terminal.until("q quit")
        terminal.resize(44)
        screen = terminal.until("n h m r l a q")
        assert [line for line in screen.splitlines() if len(line) > 44] == []
        terminal.resize(44, 10)
        screen = terminal.until("lines more in a taller window")
        terminal.until("n h m r l a q")
        assert "WRONG" in screen, "the beginning of a verdict is what stays"
        terminal.resize(100)
        terminal.until("q quit")
        terminal.press("a")
        terminal.until("holds  halve(x) is half of x")
        opened.write_text(LOOP, encoding="utf-8")
        terminal.until("s stops")
        terminal.press("s")
        terminal.until("Stopped.")
        opened.write_text(WRONG + "\n\nagain = 1\n", encoding="utf-8")
        terminal.until("s, the first failure after")
        terminal.press("h")
        terminal.until("hint 1 of")
        write_reference(workspace, curriculum, "alpha/double")
        terminal.until("all 3 properties hold")
        terminal.press("n")
        terminal.until("watching A.2")
        screen = terminal.until("nothing is written yet; the next save is checked")
        assert "→ A.2" in screen, "what `course next` said is still there"
        assert "not written yet" not in screen
        assert progress_of(workspace).current == "alpha/mean"
        terminal.press("q")
        terminal.process.wait(PATIENCE)
        assert terminal.process.returncode == 0
    finally:
        terminal.close()


def test_an_editor_that_is_not_named_or_needs_the_terminal(
    cli: Cli, opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUAL", "EDITOR", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    assert "export EDITOR=" in cli("watch", "--editor").stderr
    monkeypatch.setenv("EDITOR", "vim -p")
    assert "needs a terminal" in cli("watch", "--editor").stderr
    monkeypatch.setenv("EDITOR", "no-such-editor-at-all")
    assert "could not be started" in cli("watch", "--editor").stderr
