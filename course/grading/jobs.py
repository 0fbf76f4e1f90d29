"""Windows' job objects: what a process and everything that it starts may use, and their end with the judge.

The layouts are those of winnt.h; Python's library has no function for them. Elsewhere rlimits, seccomp and process
groups do the same.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

_EXTENDED_LIMITS = 9
_ACTIVE_PROCESS, _JOB_MEMORY, _DIE_ON_UNHANDLED, _KILL_ON_CLOSE = 0x8, 0x200, 0x400, 0x2000


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", c_int64),
        ("PerJobUserTimeLimit", c_int64),
        ("LimitFlags", c_uint32),
        ("MinimumWorkingSetSize", c_size_t),
        ("MaximumWorkingSetSize", c_size_t),
        ("ActiveProcessLimit", c_uint32),
        ("Affinity", c_size_t),
        ("PriorityClass", c_uint32),
        ("SchedulingClass", c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION: 144 bytes where a pointer has 8."""

    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", c_uint64 * 6),
        ("ProcessMemoryLimit", c_size_t),
        ("JobMemoryLimit", c_size_t),
        ("PeakProcessMemoryUsed", c_size_t),
        ("PeakJobMemoryUsed", c_size_t),
    )


def limits(memory: int, *, most: int) -> ExtendedLimits:
    """Bytes of committed memory of all processes together, and how many of them there may be (0: any number)."""
    found = ExtendedLimits()
    flags = _JOB_MEMORY | _DIE_ON_UNHANDLED | _KILL_ON_CLOSE
    found.BasicLimitInformation.LimitFlags = flags | _ACTIVE_PROCESS if most else flags
    found.BasicLimitInformation.ActiveProcessLimit = most
    found.JobMemoryLimit = memory
    return found


class Job:
    """A job with one process in it; whatever that starts belongs to it as well, and none can leave it."""

    def __init__(self, process: int, bounds: ExtendedLimits, kernel: Any = None) -> None:
        """`process` is a handle. Raise OSError when Windows refuses; `kernel` is kernel32 (tests bring their own)."""
        self._kernel = kernel or _kernel32()
        self._handle: int | None = self._checked(self._kernel.CreateJobObjectW(None, None))
        try:
            size = ctypes.sizeof(bounds)
            handle = c_void_p(self._handle)
            told = self._kernel.SetInformationJobObject(
                handle, c_int(_EXTENDED_LIMITS), ctypes.byref(bounds), c_uint32(size)
            )
            self._checked(told)
            self._checked(self._kernel.AssignProcessToJobObject(handle, c_void_p(process)))
        except OSError:
            self.close()
            raise

    def stop(self) -> None:
        """End every process of the job."""
        if self._handle is not None:
            self._kernel.TerminateJobObject(c_void_p(self._handle), c_uint32(1))

    def close(self) -> None:
        """Let go of the job, which ends what is still in it; once."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._kernel.CloseHandle(c_void_p(handle))

    def _checked(self, result: int | None) -> int:
        if not result:
            code = self._kernel.GetLastError()
            raise OSError(code, f"Windows refuses a job object (error {code})")
        return result


def require() -> None:
    """Raise OSError where there are no job objects."""
    if sys.platform != "win32":
        raise OSError(0, "only Windows has job objects")


def _kernel32() -> Any:
    require()
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    kernel.CreateJobObjectW.restype = c_void_p
    return kernel
