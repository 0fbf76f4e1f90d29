"""seccomp: a filter that refuses system calls of this process, all of its threads and whatever it starts, for good.

The filter lists what untrusted code must not do, not what it may: NumPy and PyTorch keep every call they need. What is
refused returns EPERM, which Python raises as PermissionError. Which files may be touched is not decided here
(landlock.py). Needs `no_new_privs` (linux.py). Source: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator

from course.grading.linux import syscall

# ---------------------------------------------------------------- which calls, by their numbers on (x86_64, aarch64)

_Numbers = dict[str, tuple[int | None, int | None]]

_OTHER_PROCESSES: _Numbers = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "perf_event_open": (298, 241),
    "setrlimit": (160, 164),  # and root could raise its own limits
}  # fmt: skip
# What has a history of holes, or does things that no filter sees.
_KERNEL_DOORS: _Numbers = {
    "bpf": (321, 280), "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "modify_ldt": (154, None),
}  # fmt: skip
_NAMESPACES: _Numbers = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
}  # fmt: skip
# Refused by the kernel anyway, unless the course runs as root.
_MACHINE: _Numbers = {
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "iopl": (172, None), "ioperm": (173, None),
    "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58),
    "fanotify_init": (300, 262), "open_by_handle_at": (304, 265),
}  # fmt: skip
# What Landlock does not watch (truncate: from ABI 3 on). Without them only the scratch folder changes.
_FILE_ATTRIBUTES: _Numbers = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "setxattrat": (463, 463), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "fremovexattr": (199, 16), "removexattrat": (466, 466), "file_setattr": (469, 469), "truncate": (76, 45),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
}  # fmt: skip
# Memory that no limit counts, or that stays when the process has ended.
_MEMORY_ELSEWHERE: _Numbers = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186), "mq_open": (240, 180),
}  # fmt: skip
_ALWAYS = _MEMORY_ELSEWHERE | _OTHER_PROCESSES | _KERNEL_DOORS | _NAMESPACES | _MACHINE | _FILE_ATTRIBUTES

_PROCESSES: _Numbers = {
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "pidfd_send_signal": (424, 424),
}  # fmt: skip
_SIGNALS: _Numbers = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}  # fmt: skip
_NETWORK: _Numbers = {"socket": (41, 198)}
# Decided by their arguments, in `_rules`.
_BY_ARGUMENT: _Numbers = {
    "clone": (56, 220), "clone3": (435, 435), "socketpair": (53, 199), "prctl": (157, 167), "prlimit64": (302, 261),
    "ioctl": (16, 29), "fcntl": (72, 25),
}  # fmt: skip
_NUMBERS = _ALWAYS | _PROCESSES | _SIGNALS | _NETWORK | _BY_ARGUMENT

_MACHINES = ("x86_64", "aarch64")
_SECCOMP = (317, 277)
_ARCHITECTURES = (0xC000003E, 0xC00000B7)
# The x32 calls of an x86_64 kernel are the same ones under numbers that no rule names.
_X32 = 0x40000000

# ---------------------------------------------------------------- the filter: classic BPF

_Line = tuple[int, int, int, int]  # code, lines to skip if true, lines to skip if false, value
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_REFUSE = _ERRNO | errno.EPERM
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_CLONE_THREAD, _CLONE_NAMESPACES = 0x10000, 0x7E020000
_NOT_A_STREAM = 0xE  # bits of a socket's type: SOCK_STREAM is 1, the others are 2 to 10
_PR_SET_PDEATHSIG = 1
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
_F_SETOWN, _F_SETOWN_EX = 8, 15


def filter_program(machine: str, pid: int, *, processes: bool, network: bool) -> bytes:
    """Write the filter of process `pid` for one architecture: eight bytes a line."""
    column = _MACHINES.index(machine)
    lines: list[_Line] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[column]),
        (_RETURN, 0, 0, _REFUSE),  # 32-bit calls, which machine code can make, have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        lines += [(_IF_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for name, body in _rules(pid, processes=processes, network=network):
        number = _NUMBERS[name][column]
        if number is not None:
            lines += [(_IF_EQUAL, 0, len(body), number), *body]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _rules(pid: int, *, processes: bool, network: bool) -> Iterator[tuple[str, list[_Line]]]:
    """Yield (name, what to do with this call); every body ends in a return."""
    refuse: list[_Line] = [(_RETURN, 0, 0, _REFUSE)]
    yield from ((name, refuse) for name in _ALWAYS)
    # Its flags lie in memory, where no filter can look: ENOSYS makes the C library use `clone` instead.
    yield "clone3", [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    # A null pointer only asks for the limits. Both words count: an address may be a multiple of 2³².
    yield "prlimit64", _test([(_low(2), _IF_ANY_BIT, 0xFFFFFFFF), (_high(2), _IF_ANY_BIT, 0xFFFFFFFF)], _REFUSE, _ALLOW)
    # The first two type into the learner's terminal; the others let the kernel send another process a signal.
    codes = (_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP)
    yield "ioctl", _test([(_low(1), _IF_EQUAL, code) for code in codes], _REFUSE, _ALLOW)
    yield "fcntl", _test([(_low(1), _IF_EQUAL, code) for code in (_F_SETOWN, _F_SETOWN_EX)], _REFUSE, _ALLOW)
    if processes:
        yield "clone", _test([(_low(0), _IF_ANY_BIT, _CLONE_NAMESPACES)], _REFUSE, _ALLOW)
    else:
        yield "clone", _test([(_low(0), _IF_ANY_BIT, _CLONE_THREAD)], _ALLOW, _REFUSE)
        yield "prctl", _test([(_low(0), _IF_EQUAL, _PR_SET_PDEATHSIG)], _REFUSE, _ALLOW)
        yield from ((name, refuse) for name in _PROCESSES)
        # Only to itself. With `processes` Landlock decides: the numbers of the children are not known yet.
        yield from ((name, _test([(_low(0), _IF_EQUAL, pid)], _ALLOW, _REFUSE)) for name in _SIGNALS)
    if not network:
        yield from ((name, refuse) for name in _NETWORK)
        # asyncio and pipes need pairs of streams; one of datagrams could send to any address.
        yield "socketpair", _test([(_low(1), _IF_ANY_BIT, _NOT_A_STREAM)], _REFUSE, _ALLOW)


def _test(tests: list[tuple[int, int, int]], then: int, otherwise: int) -> list[_Line]:
    """Return `then` if any test (where, comparison, value) holds, else `otherwise`."""
    lines: list[_Line] = []
    for where, comparison, value in tests:
        remaining = 2 * len(tests) - len(lines) - 1  # lines between this test and `then`
        lines += [(_LOAD, 0, 0, where), (comparison, remaining, 0, value)]
    return [*lines, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, then)]


def _low(argument: int) -> int:
    """Return where the lower word of an argument lies; both architectures are little-endian."""
    return _ARGUMENTS_AT + 8 * argument


def _high(argument: int) -> int:
    return _low(argument) + 4


# ---------------------------------------------------------------- using it

_SET_MODE_FILTER, _GET_ACTION_AVAILABLE = 1, 2
# All threads, also those already running; and without the slower memory access that kernels before 5.16 add otherwise.
_ALL_THREADS, _KEEP_SPEED = 1, 4


def require() -> str:
    """Return the machine's name; raise OSError with a reason in plain words if there are no filters here."""
    machine = os.uname().machine
    if machine not in _MACHINES or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, f"the filter is not written for {machine} processors")
    try:
        _seccomp(machine, _GET_ACTION_AVAILABLE, 0, struct.pack("=I", _ERRNO))
    except OSError as error:
        raise OSError(error.errno, f"this kernel or container offers no seccomp filters ({error.strerror})") from None
    return machine


def install(*, processes: bool, network: bool) -> None:
    """Refuse from now on what the tables above name; raise OSError with a reason if that cannot be done."""
    machine = require()
    program = filter_program(machine, os.getpid(), processes=processes, network=network)
    lines = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    if _seccomp(machine, _SET_MODE_FILTER, _ALL_THREADS | _KEEP_SPEED, header):
        raise OSError(errno.EBUSY, "a thread that was already running has a filter of its own")


def _seccomp(machine: str, *arguments: int | bytes) -> int:
    return syscall(_SECCOMP[_MACHINES.index(machine)], *arguments)
