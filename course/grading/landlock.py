"""Landlock: a process takes rights to files, TCP ports and signals away from itself, without being root.

What no rule allows is refused with EACCES. Not restricted: whether a file exists, its size and times (`stat`), its mode
and owner (seccomp.py refuses to change them), and what is already open. Needs `no_new_privs` (linux.py).
Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from course.grading.linux import syscall

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1  # flag of _CREATE_RULESET: return the ABI version instead
_PATH_BENEATH = 1
_ALL_THREADS = 1 << 3  # flag of _RESTRICT_SELF, ABI 8

EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_SYM = (1 << bit for bit in (7, 8, 9, 10, 12))
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READ = _READ_FILE | _READ_DIR
# Without MAKE_CHAR (bit 6) and MAKE_BLOCK (11): root could make the disk's device in the scratch folder and read it.
WRITE = (
    _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _REFER
    | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO | _MAKE_SYM
)  # fmt: skip
_OF_A_FILE = EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

# From which ABI version on the kernel knows what.
TRUNCATE_ABI, TCP_ABI, SIGNAL_ABI = 3, 4, 6
_THREADS_ABI = 8

_REASONS = {
    errno.ENOSYS: "this kernel has no Landlock (Linux 5.13 or newer)",
    errno.EOPNOTSUPP: "Landlock is switched off on this system (boot option lsm=)",
    errno.EPERM: "this container forbids Landlock",
}


def version() -> int:
    """Return the kernel's Landlock ABI version; raise OSError with a reason in plain words if there is none."""
    try:
        return syscall(_CREATE_RULESET, None, 0, _VERSION)
    except OSError as error:
        raise OSError(error.errno, _REASONS.get(error.errno or 0, f"no Landlock: {error.strerror}")) from None


def restrict(rules: Iterable[tuple[str, int]], *, network: bool) -> int:
    """Allow the paths in `rules` the rights beside them and nothing else, for good; return the ABI version.

    Also refuse TCP unless `network`, and abstract sockets and signals that reach processes not confined with this one.
    Paths that do not exist are left out. Raise OSError where that cannot be done, and, though this thread is restricted
    then, where threads that were already running stay free (before ABI 8).
    """
    abi = version()
    files = _handled(abi)
    ports = 0 if network else _BIND_TCP | _CONNECT_TCP
    attributes = struct.pack("=QQQ", files, ports, _ABSTRACT_SOCKETS | _SIGNALS)
    # An old kernel knows a shorter struct: files; files and ports; files, ports and scopes.
    size = 24 if abi >= SIGNAL_ABI else 16 if abi >= TCP_ABI else 8
    free_threads = abi < _THREADS_ABI and _other_threads_run()
    ruleset = syscall(_CREATE_RULESET, attributes, size, 0)
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & files)
        syscall(_RESTRICT_SELF, ruleset, _ALL_THREADS if abi >= _THREADS_ABI else 0)
    finally:
        os.close(ruleset)
    if free_threads:
        raise OSError(errno.EBUSY, "threads that were already running stay outside Landlock")
    return abi


def _handled(abi: int) -> int:
    """Return all rights to files that this version can refuse: the lowest 13 to 16 bits."""
    return (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        anchor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(anchor).st_mode):
            rights &= _OF_A_FILE  # the kernel takes no folder's rights for a file
        if rights:
            syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, anchor), 0)
    finally:
        # A rule holds for an inode, and /proc makes a new one when its cache was emptied: an open anchor prevents that.
        if not path.startswith("/proc/"):
            os.close(anchor)


def _other_threads_run() -> bool:
    try:
        return len(list(Path("/proc/self/task").iterdir())) > 1
    except OSError:
        return False
