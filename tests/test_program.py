"""A few runs of the real program, on a real terminal where that matters: colour, a closed pipe, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import FAKE, open_step

from course.curriculum import Curriculum
from course.workspace import Workspace

PROGRAM = [sys.executable, "-c", "from course.cli import run; run()"]
COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;)[0-9;]*m")
ROOT = Path(__file__).resolve().parents[1]
on_posix = pytest.mark.skipif(os.name != "posix", reason="there is no pty")


def environment(**more: str) -> dict[str, str]:
    names = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {"COURSE_CONTENT": str(FAKE), "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | more


def piped(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=environment(**more), capture_output=True, encoding="utf-8", check=False
    )


def on_terminal(folder: Path, *arguments: str, **more: str) -> str:
    """Run the program on a pseudo-terminal of its own; return all it wrote there."""
    mine, theirs = os.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments], cwd=folder, env=environment(COLUMNS="80", **more),
        stdin=theirs, stdout=theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        try:
            while part := os.read(mine, 4096):
                said += part
        except OSError:  # Linux says EIO at the end
            pass
        process.wait()
    os.close(mine)
    return said.decode("utf-8")


@on_posix
def test_a_terminal_has_colour(workspace: Workspace, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    assert COLOUR.search(on_terminal(workspace.root, "map"))
    assert COLOUR.search(on_terminal(workspace.root, "check", "A.9"))


@on_posix
def test_no_color_is_honoured(workspace: Workspace, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    for command in (["map"], ["check", "A.9"]):
        said = on_terminal(workspace.root, *command, NO_COLOR="1")
        assert "A." in said
        assert not COLOUR.search(said)


def test_a_pipe_has_neither_colour_nor_other_codes(workspace: Workspace, solve: Callable[[str], Path]) -> None:
    solve("alpha/double")
    for command in (["map"], ["lesson", "A.1"], ["check", "A.9"], ["--help"]):
        done = piped(workspace.root, *command)
        assert "\x1b" not in done.stdout + done.stderr
        assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []


def test_exit_codes_of_the_program(workspace: Workspace, tmp_path: Path) -> None:
    assert piped(workspace.root, "map").returncode == 0
    assert piped(workspace.root, "check", "A.9").returncode == 2
    assert piped(tmp_path, "check").returncode == 2
    workspace.progress.write_text("", encoding="utf-8")
    assert piped(workspace.root, "map").returncode == 3


def test_an_old_encoding_ends_in_question_marks_not_in_a_traceback(workspace: Workspace) -> None:
    done = subprocess.run(
        [*PROGRAM, "map"], cwd=workspace.root, env=environment(PYTHONIOENCODING="ascii"), capture_output=True,
        encoding="ascii", check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Doubling" in done.stdout
    assert "?" in done.stdout
    assert done.stderr == ""


@on_posix
def test_a_reader_that_leaves_is_no_traceback(workspace: Workspace) -> None:
    with subprocess.Popen(
        [*PROGRAM, "lesson", "A.1"], cwd=workspace.root, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


@on_posix
def test_ctrl_c_during_a_check(workspace: Workspace, curriculum: Curriculum) -> None:
    file = open_step(workspace, curriculum, "alpha/double")
    file.write_text("while True: pass\n", encoding="utf-8")
    before = workspace.progress.read_bytes()
    with subprocess.Popen(
        [*PROGRAM, "check"], cwd=workspace.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        while not psutil.Process(process.pid).children():  # until the learner process is there
            assert process.poll() is None
        # Python loses an interrupt that falls into a callback of its own; a person presses the keys again.
        for _ in range(30):
            os.killpg(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        shown, said = process.communicate(timeout=30)
    assert process.returncode == 130, (shown, said)
    assert "Traceback" not in said
    assert workspace.progress.read_bytes() == before
