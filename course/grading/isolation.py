"""What the learner process takes away from itself before it imports a line of the learner's code.

Linux offers nearly everything, also to an ordinary user: limits (rlimits), Landlock for files and signals, seccomp for
system calls. On Windows the judge puts the process into a job object. Elsewhere some limits remain, and the judge, who
watches time and resident memory from outside. The protections are independent: where one is missing the others still
go on, and its `Protection` says why.

Not stopped: seeing that a file exists (`stat`); using all processors; pages mapped as shared, which no limit counts
(the judge's watch on the resident size does); and Python tricks inside this process, which decide nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.grading import jobs, landlock, linux, seccomp

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# As early as possible: if it differs later, the judge has died in between.
_PARENT = os.getppid()
_POLL_SECONDS = 0.5

# Readable on every Linux: the system's libraries and Python's …
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/gnu/store")
_INSTALLED = ("bin", "lib", "lib32", "lib64", "libexec", "include", "share", "pyvenv.cfg")
# … their settings (no more of /etc: root could read the password hashes) …
_SETTINGS = (
    *("ld.so.cache", "ld.so.preload", "localtime", "timezone", "os-release", "nsswitch.conf", "hosts", "resolv.conf"),
    *("passwd", "group", "mime.types", "ssl", "pki"),
)
# … and what OpenBLAS, OpenMP and PyTorch ask the kernel. Never all of /proc: the judge's memory lies there. /proc/self
# must not be resolved here, in the judge, but by the process that confines itself.
_KERNEL = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version"),
    *("/proc/vmstat", "/proc/filesystems", "/proc/sys/vm", "/proc/sys/kernel/osrelease", "/sys/devices/system"),
    *("/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage", "/dev/random", "/dev/urandom"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
# Python's locks and queues between processes are files in here, wherever else one would like to have them.
_SHARED_MEMORY = "/dev/shm"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the learner's code may do."""

    scratch: str  # the only folder that may be written; it must exist
    readable: tuple[str, ...]  # folders and files that may be read; missing ones are ignored
    memory: int | None  # bytes of private memory, the engine's own and the libraries' included; None: no limit
    file_size: int  # bytes of one file
    processes: bool = False  # may it start processes? They are confined as well, and share /dev/shm
    network: bool = False
    no_job: str = (
        "only Windows has job objects"  # why the judge holds no job object with this process in it; "": it does
    )


@dataclass(frozen=True, slots=True)
class Protection:
    """One protection and whether it holds here."""

    name: str  # memory, file size, core dumps, file system, network, processes, signals, ptrace, parent death
    holds: bool
    by: str  # what does it; or, if it does not hold, the reason in words a learner can read


@dataclass(frozen=True, slots=True)
class _Mechanisms:
    """What the system said to each mechanism: "" if it is in force, else the reason why not."""

    memory: str
    file_size: str
    core: str
    parent: str
    landlock: str
    seccomp: str
    job: str
    landlock_abi: int


def confine(policy: Policy) -> tuple[Protection, ...]:
    """Confine this process for good with everything that the system offers, and say what holds; never raise."""
    file_size = _reason(_limit_file_size, policy.file_size)
    core = _reason(_limit, "RLIMIT_CORE", 0)
    parent = _reason(die_with_parent)
    _reason(_on_linux, linux.give_up_privileges)
    files = _reason(_on_linux, lambda: landlock.restrict(_rules(policy), network=policy.network))
    # These two last: a small limit may leave the others no room, and seccomp refuses what they needed.
    memory = _reason(_limit_memory, policy.memory) if policy.memory is not None else "this step sets no limit"
    calls = _reason(_on_linux, lambda: seccomp.install(processes=policy.processes, network=policy.network))
    return _report(policy, _Mechanisms(memory, file_size, core, parent, files, calls, policy.no_job, _abi()))


def expected() -> tuple[Protection, ...]:
    """Say what `confine` would report on this machine for a step without network and processes; change nothing."""
    mechanisms = _Mechanisms(
        memory=_reason(_on_linux, _has_limits),
        file_size=_reason(_has_limits),
        core=_reason(_has_limits),
        parent=_reason(_has_parent),
        landlock=_reason(_on_linux, landlock.version),
        seccomp=_reason(_on_linux, seccomp.require),
        job=_reason(jobs.require),
        landlock_abi=_abi(),
    )
    return _report(Policy(scratch="", readable=(), memory=1, file_size=1), mechanisms)


def default_readable(sys_path: Sequence[str], extra: Sequence[str], hidden: Sequence[str]) -> tuple[str, ...]:
    """Return what Python, NumPy and PyTorch need to read, with `sys_path` and `extra`, and nothing of `hidden`.

    Of `sys_path` and `extra` an entry is dropped that is, contains or lies in a hidden folder. A folder of the
    installation that contains one is replaced by those of its children that don't (the graders may lie in
    site-packages), except the hidden folder's own parent: what stands beside the graders is theirs.
    """
    secrets = [Path(folder).resolve() for folder in hidden]
    prefixes = dict.fromkeys((sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix))
    installed = [Path(prefix, name) for prefix in prefixes for name in _INSTALLED]
    installed += [*map(Path, _SYSTEM), *(Path("/etc", name) for name in _SETTINGS)]
    entries = [part for folder in installed for part in _without(folder.resolve(), secrets)]
    named = [Path(folder).resolve() for folder in (*sys_path, *extra) if folder]
    entries += [folder for folder in named if not any(_overlap(folder, secret) for secret in secrets)]
    return tuple(dict.fromkeys([*map(str, entries), *_KERNEL]))


def _without(folder: Path, secrets: Sequence[Path]) -> Iterator[Path]:
    """Yield `folder`, or those of its descendants that have nothing to do with a secret."""
    if not any(_overlap(folder, secret) for secret in secrets):
        yield folder
    elif not any(folder.is_relative_to(secret) or folder == secret.parent for secret in secrets):
        for child in folder.iterdir():
            if not child.is_symlink():  # it may lead anywhere
                yield from _without(child, secrets)


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


# ---------------------------------------------------------------- the mechanisms


def _reason(action: Callable[..., object], *arguments: object) -> str:
    """Do it and return "", or the reason why it could not be done."""
    try:
        action(*arguments)
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _system() -> str:
    return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)


def _on_linux(action: Callable[[], object]) -> None:
    if sys.platform != "linux":
        raise OSError(0, f"{_system()} offers a program nothing of the kind")
    action()


def _has_limits() -> None:
    if resource is None:
        raise OSError(0, f"{_system()} offers a program nothing of the kind")


def _limit(name: str, amount: int) -> None:
    _has_limits()
    which = getattr(resource, name)
    _, most = resource.getrlimit(which)
    if most != resource.RLIM_INFINITY:
        amount = min(amount, most)
    resource.setrlimit(which, (amount, amount))


def _limit_memory(amount: int) -> None:
    # Private writable memory, whether it comes from brk or mmap. Not RLIMIT_AS: PyTorch reserves addresses it never
    # uses. macOS has the limit too, but does not enforce it.
    _on_linux(lambda: _limit("RLIMIT_DATA", amount))


def _limit_file_size(amount: int) -> None:
    _limit("RLIMIT_FSIZE", amount)
    # So that writing on raises OSError (EFBIG) instead of killing the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _has_parent() -> None:
    if sys.platform == "win32":
        raise OSError(0, "Windows tells no process about its parent's end; the closed pipe ends the loop of calls")


def die_with_parent() -> None:
    """End with the judge: by the kernel's signal on Linux, elsewhere by a thread that looks twice a second.

    The thread only gets its turn when the learner's code lets go of the interpreter, which a long call into C does not.
    """
    _has_parent()
    if sys.platform == "linux":
        linux.signal_at_parent_death(signal.SIGKILL)
        if os.getppid() != _PARENT:  # it died before the kernel knew
            os._exit(1)
    else:
        threading.Thread(target=_watch_parent, name="parent watch", daemon=True).start()


def _watch_parent() -> None:
    while os.getppid() == _PARENT:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


def _rules(policy: Policy) -> Iterator[tuple[str, int]]:
    run = landlock.EXECUTE if policy.processes else 0
    for path in policy.readable:
        yield path, landlock.READ | run
    for path in (policy.scratch, *_DEVICES, *((_SHARED_MEMORY,) if policy.processes else ())):
        yield path, landlock.READ | landlock.WRITE | run


def _abi() -> int:
    try:
        return landlock.version() if sys.platform == "linux" else 0
    except OSError:
        return 0


# ---------------------------------------------------------------- the report


def _report(policy: Policy, state: _Mechanisms) -> tuple[Protection, ...]:
    files, calls = (f"Landlock ABI {state.landlock_abi}", state.landlock), ("seccomp", state.seccomp)
    job = ("a job object", state.job)
    return (
        _either("memory", ("RLIMIT_DATA", state.memory), job),
        _either("file size", ("RLIMIT_FSIZE", state.file_size)),
        _either("core dumps", ("RLIMIT_CORE", state.core)),
        _file_system(files, state.landlock_abi),
        _network(policy, state),
        _either("processes", ("seccomp", "this step may start them" if policy.processes else state.seccomp), job),
        _signals(policy, files, calls, state.landlock_abi),
        _either("ptrace", files, calls),
        _either("parent death", (_parent_watch(), state.parent), job),
    )


def _either(name: str, *offers: tuple[str, str]) -> Protection:
    """Hold if one of the offers (by what, reason why not) has no reason against it."""
    working = [by for by, reason in offers if not reason]
    return Protection(name, bool(working), " and ".join(working) or offers[0][1])


def _file_system(files: tuple[str, str], abi: int) -> Protection:
    gap = "" if abi >= landlock.TRUNCATE_ABI else " (what may be read can still be emptied)"
    return _either("file system", (files[0] + gap, files[1]))


def _network(policy: Policy, state: _Mechanisms) -> Protection:
    if policy.network:
        return Protection("network", False, "this step may use it")
    only_tcp = state.seccomp and not state.landlock and state.landlock_abi >= landlock.TCP_ABI
    return _either("network", ("seccomp", state.seccomp + ("; Landlock refuses TCP, nothing else" if only_tcp else "")))


def _signals(policy: Policy, files: tuple[str, str], calls: tuple[str, str], abi: int) -> Protection:
    scope = files[1] or ("" if abi >= landlock.SIGNAL_ABI else "Landlock watches signals from Linux 6.12 on")
    # With `processes` the filter lets signals pass.
    return _either("signals", (files[0], scope), *([] if policy.processes else [calls]))


def _parent_watch() -> str:
    return "PR_SET_PDEATHSIG" if sys.platform == "linux" else f"a look at the parent every {_POLL_SECONDS} s"
