"""Let a confined child attack for real, files, memory, network and other processes, and read how far it came."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from course.grading import seccomp
from course.grading.isolation import Protection, confine, default_readable, expected

ROOT = Path(__file__).resolve().parents[1]
MIB = 1 << 20

# `before` and `code` share their names; the outcome of `code` is "ok" or the type of its exception.
BOOT = """
import json, os, sys
sys.path[:], policy, before, code = json.loads(sys.argv[1])
names = {"scratch": policy["scratch"]}
exec(before, names)
import time
from course.grading.isolation import Policy, confine
start = time.perf_counter()
protections = confine(Policy(**policy))
names["seconds"] = time.perf_counter() - start
names["protections"] = {p.name: (p.holds, p.by) for p in protections}
try:
    exec(code, names)
    outcome = "ok"
except BaseException as error:
    outcome = type(error).__name__
print(json.dumps([outcome, names.get("result")]))
"""
SYSCALL = """
import ctypes
library = ctypes.CDLL(None, use_errno=True)
def checked(returned):
    if returned < 0:
        raise OSError(ctypes.get_errno(), "")
"""

Run = Callable[..., tuple[str, Any]]


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where the system does not offer the protection."""
    found = next(p for p in expected() if p.name == name)
    return pytest.mark.skipif(not found.holds, reason=f"{name}: {found.by}")


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="confines itself by means of Linux")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs `code` in a confined child: (outcome, the value of its variable `result`)."""
    scratch, hidden = tmp_path / "scratch", tmp_path / "hidden"
    scratch.mkdir()
    hidden.mkdir()
    (hidden / "oracle.py").write_text("answer = 42\n")
    (tmp_path / "given.txt").write_text("given")

    def start(code: str, before: str = "", **changes: Any) -> tuple[str, Any]:
        extra = [str(ROOT / "course"), str(tmp_path / "given.txt")]
        policy = {
            "scratch": str(scratch),
            "readable": default_readable(sys.path, extra, [str(hidden), str(ROOT / "graders")]),
            "memory": 512 * MIB,
            "file_size": MIB,
        }
        given = json.dumps([[str(ROOT), *filter(None, sys.path)], policy | changes, before, code])
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", BOOT, given],
            cwd=scratch,
            env={"OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(scratch), "HOME": str(scratch)},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        outcome, result = json.loads(done.stdout.splitlines()[-1])
        return outcome, result

    return start


def survivors(run: Run, attacks: list[str], before: str = "", **changes: Any) -> dict[str, str]:
    """Run the attacks in one child, one after the other; return those that PermissionError did not end."""
    code = f"""
result = {{}}
for attack in {attacks!r}:
    try:
        exec(attack)
        result[attack] = "ok"
    except PermissionError:
        continue
    except BaseException as error:
        result[attack] = type(error).__name__
"""
    outcome, found = run(code, before, **changes)
    assert outcome == "ok"
    return dict(found)


@pytest.fixture(scope="module")
def victim() -> Iterator[int]:
    """Yield the number of a process of the same user that the confined one must not touch: the judge's part."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        assert process.poll() is None, "the attack killed it"
        process.kill()


# ---------------------------------------------------------------- the report


def test_confine_reports_what_was_expected(run: Run) -> None:
    _, found = run("result = protections")
    assert found == {p.name: [p.holds, p.by] for p in expected()}


def test_confine_is_quick(run: Run) -> None:
    # 1 to 2 ms; the rest is for a busy machine.
    _, seconds = run("result = seconds")
    assert seconds < 0.05


def test_what_the_step_may_do_is_not_called_protected(run: Run) -> None:
    _, found = run("result = protections", memory=None, processes=True, network=True)
    assert found["memory"] == [False, "this step sets no limit"]
    assert found["network"] == [False, "this step may use it"]
    assert found["processes"] == [False, "this step may start them"]


# ---------------------------------------------------------------- files


@linux_only
@needs("file system")
def test_files_outside_are_out_of_reach(run: Run) -> None:
    attacks = [
        "open('../outside.txt', 'w')",
        "open('../given.txt', 'a')",
        "open('../hidden/oracle.py').read()",
        "os.listdir('../hidden')",
        "os.listdir('..')",
        "os.remove('../given.txt')",
        "os.mkdir('../folder')",
        "os.symlink('../hidden/oracle.py', 'link'); open('link').read()",
        "os.open('../given.txt', os.O_RDONLY | os.O_TRUNC)",
        "open('/etc/shadow').read()",
        "open('/proc/1/environ').read()",
        "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
        "open(f'/proc/{os.getppid()}/cmdline').read()",
        "open('/dev/tty')",
        "os.open('/proc/self/oom_score_adj', os.O_WRONLY)",
    ]
    assert survivors(run, attacks, "import os") == {}


@linux_only
@needs("file system")
def test_nothing_moves_over_the_border_of_the_scratch_folder(run: Run, tmp_path: Path) -> None:
    code = """
import os
result = []
open("mine", "w").close()
for act, source, target in [
    (os.link, "../hidden/oracle.py", "stolen"), (os.rename, "../given.txt", "moved"), (os.rename, "mine", "../planted"),
]:
    try:
        act(source, target)
    except OSError:
        result.append(act.__name__)
"""
    assert run(code) == ("ok", ["link", "rename", "rename"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["given.txt", "hidden", "scratch"]


@linux_only
@needs("processes")
def test_attributes_and_devices_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    attacks = [
        "os.chmod('../given.txt', 0)",
        "os.utime('../given.txt', (0, 0))",
        "os.truncate('../given.txt', 0)",
        "os.chown('../given.txt', os.getuid(), os.getgid())",
        "os.setxattr('../given.txt', 'user.mine', b'')",
        "os.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))",
    ]
    assert survivors(run, attacks, "import os, stat") == {}
    assert (tmp_path / "given.txt").read_text() == "given"


@linux_only
def test_ordinary_work_with_files_goes_on(run: Run) -> None:
    code = """
import os, tempfile
with open("made.txt", "w") as file:
    file.write("made")
os.mkdir("folder")
os.rename("made.txt", "folder/moved.txt")
with tempfile.TemporaryFile() as file:
    file.write(b"x")
os.remove("folder/moved.txt")
os.rmdir("folder")
with open(os.devnull, "w") as file:
    file.write("nothing")
for path in ("../given.txt", "/proc/self/status", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu/online"):
    with open(path) as file:
        file.read()
import sqlite3, xml.dom.minidom, zoneinfo  # not imported before
earlier.seek(0)
result = earlier.read()
"""
    assert run(code, before="earlier = open('../hidden/oracle.py')") == ("ok", "answer = 42\n")


@needs("file size")
def test_a_file_grows_to_its_limit_and_no_further(run: Run) -> None:
    code = """
result = 0
file = open("big", "wb", buffering=0)
while True:
    result += file.write(bytes(1 << 19))
"""
    assert run(code) == ("OSError", MIB)


@needs("core dumps")
def test_no_core_is_dumped(run: Run) -> None:
    assert run("import resource\nresult = resource.getrlimit(resource.RLIMIT_CORE)") == ("ok", [0, 0])


# ---------------------------------------------------------------- memory


@needs("memory")
def test_memory_runs_out_as_an_exception(run: Run) -> None:
    numpy, limit = "import numpy", {"memory": 192 * MIB}
    assert run("numpy.ones(10 * (192 << 20) // 8)", numpy, **limit)[0] == "MemoryError"
    assert run("blocks = [numpy.ones(2 << 20) for _ in range(20)]", numpy, **limit)[0] == "MemoryError"
    assert run("blocks = [numpy.ones(2 << 20) for _ in range(4)]", numpy, **limit)[0] == "ok"
    assert run("bytearray(2 << 30)", **limit)[0] == "MemoryError"


@needs("memory")
def test_limits_stay_even_for_root(run: Run) -> None:
    for limit in ("RLIMIT_DATA", "RLIMIT_FSIZE"):
        code = f"import resource\nresource.setrlimit(resource.{limit}, (resource.RLIM_INFINITY,) * 2)"
        assert run(code)[0] in {
            "PermissionError",
            "ValueError",
        }  # ValueError: the kernel's own word to an ordinary user


# ---------------------------------------------------------------- what must go on


@linux_only
def test_numpy_and_threads_work_after_confinement(run: Run) -> None:
    code = """
import asyncio, threading
import numpy
said = []
thread = threading.Thread(target=said.append, args=(1,))
thread.start()
thread.join()
product = numpy.ones((300, 300)) @ numpy.ones((300, 300))
numpy.save("array.npy", product)
result = [said, float(numpy.load("array.npy").sum()), asyncio.run(asyncio.sleep(0, "slept"))]
"""
    assert run(code) == ("ok", [[1], 300.0**3, "slept"])


# ---------------------------------------------------------------- network


@linux_only
@needs("network")
def test_no_socket_opens(run: Run) -> None:
    attacks = ["socket.socket()", "socket.socket(socket.AF_UNIX)", "socket.socket(type=socket.SOCK_DGRAM)"]
    assert survivors(run, attacks, "import socket") == {}


@linux_only
@needs("network")
def test_only_pairs_of_streams_remain(run: Run) -> None:
    assert run("import socket\none, other = socket.socketpair()\none.send(b'x')")[0] == "ok"
    assert run("import socket\nsocket.socketpair(type=socket.SOCK_DGRAM)")[0] == "PermissionError"


@linux_only
def test_a_step_may_serve_when_its_policy_says_so(run: Run) -> None:
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    client.send(b"x")
"""
    assert run(code, network=True)[0] == "ok"


# ---------------------------------------------------------------- processes


@linux_only
@needs("processes")
@pytest.mark.parametrize(
    "attack",
    [
        "os.fork()",
        "os.execv(sys.executable, [sys.executable])",
        "os.posix_spawn(sys.executable, [sys.executable], {})",
        "subprocess.run([sys.executable, '-c', ''])",
        "multiprocessing.get_context('fork').Process(target=print).start()",
        "multiprocessing.get_context('spawn').Process(target=print).start()",
        "checked(library.syscall(56 if os.uname().machine == 'x86_64' else 220, 17, 0, 0, 0, 0))",  # clone
    ],
)
def test_no_process_starts(run: Run, attack: str) -> None:
    assert run(f"import multiprocessing, os, subprocess, sys\n{attack}", before=SYSCALL)[0] == "PermissionError"


@linux_only
@needs("file system")
def test_processes_that_may_start_are_confined_too(run: Run) -> None:
    code = """
import multiprocessing, subprocess, sys
multiprocessing.Lock()
result = []
for path in ("../given.txt", "../hidden/oracle.py"):
    done = subprocess.run([sys.executable, "-c", f"open({path!r})"], stderr=subprocess.DEVNULL)
    result.append(done.returncode)
"""
    assert run(code, processes=True) == ("ok", [0, 1])


# ---------------------------------------------------------------- the judge and others


@linux_only
@needs("signals")
@pytest.mark.parametrize("processes", [False, True])
def test_no_signal_reaches_the_judge(run: Run, victim: int, processes: bool) -> None:
    if processes and "Landlock" not in next(p.by for p in expected() if p.name == "signals"):
        pytest.skip("Landlock watches signals from Linux 6.12 on")
    attacks = [f"os.kill({victim}, {number:d})" for number in (0, signal.SIGTERM, signal.SIGKILL)]
    attacks += ["os.kill(os.getppid(), 0)"]
    # The kernel would send it, when something comes through the pipe.
    attacks += [f"fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {victim})"]
    assert survivors(run, attacks, "import fcntl, os", processes=processes) == {}


@linux_only
def test_a_process_may_signal_itself(run: Run) -> None:
    code = """
import os, signal
signal.signal(signal.SIGUSR1, lambda number, frame: globals().update(result="heard"))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    assert run(code) == ("ok", "heard")


@linux_only
@needs("ptrace")
def test_the_memory_of_another_process_is_out_of_reach(run: Run, victim: int) -> None:
    attacks = [
        "checked(library.ptrace(16, {victim}, 0, 0))",  # attach
        "checked(library.process_vm_readv({victim}, 0, 0, 0, 0, 0))",
        "open('/proc/{victim}/mem', 'rb')",
        "open('/proc/{victim}/maps')",
    ]
    attacks = [attack.format(victim=victim) for attack in attacks]
    assert survivors(run, attacks, SYSCALL) == {}


@linux_only
@needs("parent death")
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    learner = (
        "from course.grading.isolation import Policy, confine; import os, time;"
        f"confine(Policy({str(tmp_path)!r}, (), None, {MIB})); os.write(1, b'x'); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {learner!r}])"
    judge = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE)
    with judge:
        assert judge.stdout is not None
        assert os.read(judge.stdout.fileno(), 1) == b"x"  # it is confined
        judge.kill()
        ready, _, _ = select.select([judge.stdout], [], [], 5)
        assert ready, "the learner process outlived its parent"
        assert os.read(judge.stdout.fileno(), 1) == b""  # its end of the pipe is closed


@linux_only
@needs("parent death")
@needs("processes")
def test_it_cannot_untie_itself_from_its_parent(run: Run) -> None:
    assert run("checked(library.prctl(1, 0, 0, 0, 0))", before=SYSCALL)[0] == "PermissionError"


# ---------------------------------------------------------------- where something is missing


MISSING = """
import errno, os
from course.grading import {module}
def refuse(number, *arguments):
    raise OSError({code}, os.strerror({code}))
{module}.syscall = refuse
"""


@linux_only
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSYS, "this kernel has no Landlock (Linux 5.13 or newer)"),
        (errno.EOPNOTSUPP, "Landlock is switched off on this system (boot option lsm=)"),
        (errno.EPERM, "this container forbids Landlock"),
    ],
)
def test_without_landlock_the_rest_goes_on(run: Run, code: int, reason: str) -> None:
    _, found = run("result = protections", before=MISSING.format(module="landlock", code=code))
    assert found["file system"] == [False, reason]
    without = {name: holds for name, (holds, _) in found.items() if name != "file system"}
    assert without == {p.name: p.holds for p in expected() if p.name != "file system"}


@linux_only
@needs("file system")
def test_without_seccomp_the_rest_goes_on(run: Run) -> None:
    before = MISSING.format(module="seccomp", code=errno.EINVAL)
    _, found = run("result = protections", before)
    reason = "this kernel or container offers no seccomp filters (Invalid argument)"
    assert found["processes"] == [False, reason]
    assert found["network"][1].startswith(reason)
    assert found["file system"][0]
    assert run("open('../hidden/oracle.py')", before)[0] == "PermissionError"


@linux_only
@needs("file system")
@pytest.mark.parametrize("abi", [1, 2, 3, 4, 5, 6])
def test_an_older_landlock_still_guards_the_files(run: Run, abi: int) -> None:
    before = (
        f"from course.grading import landlock\nif landlock.version() >= {abi}:\n    landlock.version = lambda: {abi}"
    )
    code = """
result = protections["file system"][1]
open("inside", "w").close()
try:
    open("../outside", "w")
except PermissionError:
    open("../hidden/oracle.py")
"""
    outcome, by = run(code, before)
    assert outcome == "PermissionError"
    assert by == f"Landlock ABI {abi}" + (" (what may be read can still be emptied)" if abi < 3 else "")


@linux_only
@needs("file system")
def test_a_thread_that_landlock_misses_is_reported(run: Run) -> None:
    before = "import threading\nwait = threading.Event()\nthreading.Thread(target=wait.wait, daemon=True).start()"
    outcome, found = run("result = protections\nopen('../hidden/oracle.py')", before)
    assert outcome == "PermissionError"  # this thread is confined all the same
    if found["file system"][0]:
        assert int(found["file system"][1].split()[-1]) >= 8  # this Landlock reaches all threads
    else:
        assert found["file system"][1] == "threads that were already running stay outside Landlock"


@linux_only
def test_a_path_that_does_not_exist_is_left_out(run: Run, tmp_path: Path) -> None:
    outcome, found = run("result = protections", readable=[str(tmp_path / "no such folder")])
    assert outcome == "ok"
    assert found["file system"][0] == next(p.holds for p in expected() if p.name == "file system")


@linux_only
@pytest.mark.parametrize(
    ("platform", "before", "holding"),
    [
        ("darwin", "", {"file size", "core dumps", "parent death"}),
        ("win32", "import sys\nsys.modules['resource'] = None", {"memory", "processes", "parent death"}),
    ],
)
def test_other_systems_say_what_they_lack(run: Run, platform: str, before: str, holding: set[str]) -> None:
    pretend = f"{before}\nimport sys, ctypes, course.grading.isolation\nsys.platform = {platform!r}"
    # The judge has put the process into a job object, if there are any.
    job = {"no_job": ""} if platform == "win32" else {}
    _, found = run("result = protections", pretend, **job)
    _, foretold = run(
        "result = {p.name: [p.holds, p.by] for p in course.grading.isolation.expected()}",
        f"{pretend}\nconfined = course.grading.isolation.confine\n",
    )
    assert found == foretold
    assert {name for name, (holds, _) in found.items() if holds} == holding
    assert all(by for _, by in found.values())


@linux_only
def test_the_thread_that_watches_the_parent_ends_the_process(run: Run) -> None:
    code = "isolation._PARENT += 1\nisolation._watch_parent()\nresult = 'survived'"
    with pytest.raises(AssertionError):  # no answer: the process ended
        run(code, before="from course.grading import isolation")


def test_confine_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    from course.grading import isolation

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    for name in ("_limit", "_on_linux", "die_with_parent"):
        monkeypatch.setattr(isolation, name, fail)
    found = confine(isolation.Policy("", (), MIB, MIB))
    assert not any(protection.holds for protection in found)
    assert Protection("memory", False, "RuntimeError: unforeseen") in found


# ---------------------------------------------------------------- the filter, on machines we do not have


def decide(machine: str, name: str, *arguments: int, architecture: int | None = None, **policy: Any) -> int:
    """Run the filter as the kernel would, for one call; return its verdict: 0 allows, else the errno."""
    column = ["x86_64", "aarch64"].index(machine)
    number = seccomp._NUMBERS[name][column] if name in seccomp._NUMBERS else {"openat": (257, 56)}[name][column]
    assert number is not None
    program = seccomp.filter_program(machine, 7, **{"processes": False, "network": False} | policy)
    lines = list(struct.iter_unpack("=HBBI", program))
    architecture = architecture or (0xC000003E, 0xC00000B7)[column]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *(*arguments, *[0] * 6)[:6])
    at, value = 0, 0
    while lines[at][0] != 0x06:
        code, yes, no, k = lines[at]
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
            at += 1
        else:
            at += 1 + (yes if {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code] else no)
    verdict: int = lines[at][3]
    return 0 if verdict == 0x7FFF0000 else verdict & 0xFFFF


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(
    ("call", "policy", "verdict"),
    [
        (("openat",), {}, 0),
        (("ptrace",), {}, errno.EPERM),
        (("ptrace",), {"processes": True, "network": True}, errno.EPERM),
        (("clone", 0x3D0F00), {}, 0),  # what pthread_create asks
        (("clone", 0x1200011), {}, errno.EPERM),  # what fork asks
        (("clone", 0x1200011), {"processes": True}, 0),
        (("clone", 0x10000011), {"processes": True}, errno.EPERM),  # a new user namespace
        (("clone3",), {}, errno.ENOSYS),
        (("clone3",), {"processes": True}, errno.ENOSYS),
        (("execve",), {}, errno.EPERM),
        (("execve",), {"processes": True}, 0),
        (("kill", 7), {}, 0),
        (("kill", 8), {}, errno.EPERM),
        (("kill", 0), {}, errno.EPERM),
        (("kill", 2**32 - 1), {}, errno.EPERM),
        (("tgkill", 7, 9), {}, 0),
        (("socket", 2, 1), {}, errno.EPERM),
        (("socket", 2, 1), {"network": True}, 0),
        (("socketpair", 1, 0o2000001), {}, 0),  # a stream, closed on exec
        (("socketpair", 1, 0o2000002), {}, errno.EPERM),
        (("socketpair", 1, 5), {}, errno.EPERM),
        (("prlimit64", 0, 7, 0, 4096), {}, 0),  # asks
        (("prlimit64", 0, 7, 4096), {}, errno.EPERM),  # sets
        (("prlimit64", 0, 7, 1 << 32), {}, errno.EPERM),  # from an address with an empty lower word
        (("prctl", 1), {}, errno.EPERM),
        (("prctl", 15), {}, 0),
        (("ioctl", 0, 0x5412), {}, errno.EPERM),
        (("ioctl", 0, 0x541C), {}, errno.EPERM),
        (("ioctl", 0, 0x5413), {}, 0),  # the window's size
        (("fcntl", 0, 8, 8), {"processes": True}, errno.EPERM),
        (("fcntl", 0, 3), {}, 0),
    ],
)
def test_the_filter_decides_alike_on_every_architecture(
    machine: str, call: tuple[Any, ...], policy: dict[str, Any], verdict: int
) -> None:
    assert decide(machine, *call, **policy) == verdict


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_calls_by_other_numbers_are_refused(machine: str) -> None:
    assert decide(machine, "openat", architecture=0x40000003) == errno.EPERM  # i386


def test_every_refused_call_is_refused() -> None:
    for machine, column in (("x86_64", 0), ("aarch64", 1)):
        for name in seccomp._ALWAYS:
            if seccomp._ALWAYS[name][column] is not None:
                assert decide(machine, name, processes=True, network=True) == errno.EPERM


# ---------------------------------------------------------------- what may be read


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).mkdir(parents=True, exist_ok=True)


def overlaps(entries: tuple[str, ...], secret: Path) -> list[str]:
    paths = [Path(entry) for entry in entries]
    return [str(path) for path in paths if path.is_relative_to(secret) or secret.is_relative_to(path)]


def test_the_venv_inside_the_repository_stays_readable(tmp_path: Path) -> None:
    make(tmp_path, "repo/graders/attention", "repo/.git", "repo/course", "repo/.venv/lib")
    repo = tmp_path / "repo"
    entries = default_readable(
        ["", str(repo), str(repo / ".venv/lib"), str(repo / "graders")],
        [str(repo / "course"), str(repo / "graders/attention")],
        [str(repo / "graders")],
    )
    inside = [entry for entry in entries if Path(entry).is_relative_to(tmp_path)]
    assert inside == [str(repo / ".venv/lib"), str(repo / "course")]
    assert not overlaps(entries, repo / "graders")


def test_hidden_folders_in_the_installation_leave_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "lib/site-packages"
    make(packages, "numpy", "course/grading", "course/_content/graders", "course/_content/stubs")
    (packages / "elsewhere").symlink_to(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    hidden = packages / "course/_content/graders"
    entries = default_readable([str(packages)], [], [str(hidden)])
    assert {str(packages / "numpy"), str(packages / "course/grading")} <= set(entries)
    assert str(packages / "course/_content/stubs") not in entries
    assert not overlaps(entries, hidden)


def test_a_link_to_a_hidden_folder_is_seen_through(tmp_path: Path) -> None:
    make(tmp_path, "repo/graders")
    (tmp_path / "link").symlink_to(tmp_path / "repo/graders")
    entries = default_readable([str(tmp_path / "link")], [], [str(tmp_path / "repo/graders")])
    assert not overlaps(entries, tmp_path / "repo/graders")
    entries = default_readable([str(tmp_path / "repo/graders")], [], [str(tmp_path / "link")])
    assert not overlaps(entries, tmp_path / "repo/graders")


def test_of_the_kernel_s_files_only_the_own_process_is_readable() -> None:
    entries = default_readable(sys.path, [], [])
    assert "/proc/self" in entries  # not resolved: the judge's own folder would be in its place
    assert not {"/", "/proc", f"/proc/{os.getpid()}", "/etc", "/dev"} & set(entries)
