"""The calls to the Linux kernel that Python's library has no function for."""

from __future__ import annotations

import ctypes
import os
from functools import cache

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


@cache
def _libc() -> ctypes.CDLL:
    # Loaded at the first call: Windows has no CDLL(None), and this module must be importable there.
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call (bytes go as their address, None as NULL) and raise OSError if the kernel refuses."""
    return _checked(_libc().syscall(ctypes.c_long(number), *map(_word, arguments)))


def signal_at_parent_death(signal: int) -> None:
    """Let the kernel send this process `signal` when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def give_up_privileges() -> None:
    """Give up gaining privileges for good (set-user-id programs); Landlock and seccomp ask for it."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, value: int) -> None:
    _checked(_libc().prctl(ctypes.c_int(option), *map(ctypes.c_ulong, (value, 0, 0, 0))))


def _word(argument: int | bytes | None) -> ctypes.c_long | ctypes.c_char_p:
    return ctypes.c_long(argument) if isinstance(argument, int) else ctypes.c_char_p(argument)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
