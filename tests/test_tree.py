"""Everything that a learner process started ends with it: by job object on Windows, by its home folder elsewhere."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from course.grading import isolation, jobs
from course.grading.tree import Tree

# A child that makes itself a session, loses its parent and stays.
ESCAPE = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(1, b"%d\\n" % os.getpid())
    os.close(1)
    time.sleep(600)
os.wait()
"""
posix = pytest.mark.skipif(os.name != "posix", reason="sessions are POSIX's")


def started(code: str, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        stdout=subprocess.PIPE,
        env={"HOME": str(home)},
        start_new_session=True,
    )


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@posix
def test_what_made_itself_a_session_and_lost_its_parent_is_found_by_its_home(tmp_path: Path) -> None:
    with started(ESCAPE, tmp_path) as process, started(ESCAPE, tmp_path / "other") as another:
        strays = [int(one.stdout.readline()) for one in (process, another) if one.stdout]
        process.wait(10)
        held = Tree(process, str(tmp_path), 1 << 30)
        held.kill()
        assert psutil.pid_exists(strays[0]), "then there is nothing to sweep"
        held.sweep()
        assert gone(strays[0])
        assert psutil.pid_exists(strays[1])
        psutil.Process(strays[1]).kill()
        held.close()


@posix
def test_children_end_with_the_process(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(1, flush=True)\ntime.sleep(600)"
    )
    with started(code, tmp_path) as process:
        assert process.stdout
        process.stdout.readline()
        (child,) = psutil.Process(process.pid).children()
        Tree(process, str(tmp_path), 1 << 30).kill()
        assert gone(child.pid)
        assert process.wait(10) != 0


# ---------------------------------------------------------------- job objects, on a kernel32 of the test's own


class Kernel:
    """Takes down what it is asked; one function may refuse."""

    def __init__(self, refuses: str = "") -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._refuses = refuses

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> int:
            self.calls.append((name, args))
            return 0 if name == self._refuses else 5 if name == "GetLastError" else 77

        return call

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def test_the_layout_is_that_of_winnt() -> None:
    assert ctypes.sizeof(jobs.ExtendedLimits) == 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
    found = jobs.limits(5 << 30, most=2)
    assert found.BasicLimitInformation.LimitFlags == 0x2000 | 0x400 | 0x200 | 0x8
    assert (found.BasicLimitInformation.ActiveProcessLimit, found.JobMemoryLimit) == (2, 5 << 30)
    assert jobs.limits(1, most=0).BasicLimitInformation.LimitFlags & 0x8 == 0


def test_a_job_takes_the_process_in_and_ends_it_once() -> None:
    kernel = Kernel()
    job = jobs.Job(4, jobs.limits(1 << 30, most=1), kernel)
    assert kernel.names == ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"]
    assert [one.value for one in kernel.calls[-1][1]] == [77, 4]
    assert [one.value for one in (kernel.calls[1][1][1], kernel.calls[1][1][3])] == [
        9,
        ctypes.sizeof(jobs.ExtendedLimits),
    ]
    job.stop()
    job.close()
    job.close()
    job.stop()
    assert kernel.names[3:] == ["TerminateJobObject", "CloseHandle"]


@pytest.mark.parametrize("refuses", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"])
def test_a_refusal_names_the_error_and_leaves_no_handle(refuses: str) -> None:
    kernel = Kernel(refuses)
    with pytest.raises(OSError, match="refuses a job object") as caught:
        jobs.Job(4, jobs.limits(1, most=1), kernel)
    assert caught.value.errno == 5
    assert kernel.names.count("CloseHandle") == (refuses != "CreateJobObjectW")


@pytest.mark.parametrize(("launcher", "most"), [(True, 2), (False, 1)])
def test_on_windows_the_tree_is_a_job(monkeypatch: pytest.MonkeyPatch, launcher: bool, most: int) -> None:
    kernel, seen = Kernel(), []
    process = type("Process", (), {"_handle": 4, "pid": 2**22 + 1, "kill": lambda self: seen.append("kill")})()
    limits = jobs.limits
    monkeypatch.setattr(jobs, "require", lambda: None)
    monkeypatch.setattr(jobs, "_kernel32", lambda: kernel)
    monkeypatch.setattr(jobs, "limits", lambda memory, most: seen.append((memory, most)) or limits(memory, most=most))
    monkeypatch.setattr(sys, "_base_executable", "python-of-the-system" if launcher else sys.executable)
    held = Tree(process, "home", 1 << 30)
    assert held.no_job == ""
    assert seen == [(1 << 30, most)]
    held.kill()
    held.sweep()
    held.close()
    assert kernel.names[3:] == ["TerminateJobObject", "CloseHandle"]
    assert seen[1:] == ["kill"]


def test_where_there_is_none_the_reason_is_told() -> None:
    process: Any = type("Process", (), {"pid": 2**22 + 1})()
    held = Tree(process, "home", 1)
    assert ("job objects" in held.no_job) == (sys.platform != "win32")


def test_a_job_object_counts_as_protection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.sys, "platform", "win32")
    monkeypatch.setattr(isolation, "resource", None)
    found = {one.name: one for one in isolation.expected()}
    assert {name for name in found if found[name].holds} == {"memory", "processes", "parent death"}
    assert {found[name].by for name in ("memory", "processes", "parent death")} == {"a job object"}
    assert "Windows" in found["file system"].by
