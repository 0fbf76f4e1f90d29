"""What the learner's code is kept from while it runs: the run-time half of the from-scratch rules.

Three nets, none of which an `except Exception` escapes: a finder that refuses modules the step does not allow, a ban
on functions the step is about, and an audit hook (which cannot be removed) for processes, sockets and files. What the
hook refuses is also noted, so that code which swallows the refusal is still reported. This net catches honest
shortcuts and simple tricks; the operating system's limits (`isolation`) and the separate process stand behind it.
"""

from __future__ import annotations

import fnmatch
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, NoReturn

from course.content import PACKAGE
from course.grading import probes

# Modules of the standard library that lead around the rules; the rest of it is allowed wherever "stdlib" is.
WITHHELD = frozenset({
    "ctypes", "_ctypes", "subprocess", "_posixsubprocess", "multiprocessing", "_multiprocessing", "socket", "_socket",
    "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "concurrent", "gc", "pty", "webbrowser", "xmlrpc", "venv",
    "ensurepip",
})  # fmt: skip


class ForbiddenUse(BaseException):
    """Raised in the learner's process; a BaseException, so that `except Exception` does not swallow it."""


class ForbiddenImport(ImportError):
    """An import that the step's rules refuse; an ImportError, because libraries try optional imports."""


class Guard:
    """Remember what was refused; `armed` only while the learner's code runs."""

    def __init__(self, imports: Sequence[str], scratch: str, hidden: Sequence[str]) -> None:
        self.imports = frozenset(imports)
        self.scratch = os.path.realpath(scratch)
        self.hidden = tuple(os.path.realpath(folder) for folder in hidden)
        self.armed = False
        self.refusals: list[str] = []

    def refuse(self, what: str) -> NoReturn:
        self.refusals.append(what)
        raise ForbiddenUse(what)

    def take_refusals(self) -> list[str]:
        taken, self.refusals = self.refusals, []
        return taken

    def allows_import(self, name: str) -> bool:
        top = name.partition(".")[0]
        if top == PACKAGE or name in self.imports or top in self.imports:
            return True
        return "stdlib" in self.imports and top in sys.stdlib_module_names and top not in WITHHELD


class ImportNet:
    """A finder, first on the path, that refuses modules the step's rules do not allow.

    It also refuses to load a module again: its functions would come back without the ban.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.loaded = frozenset(sys.modules)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        again = name in self.loaded
        if self.guard.armed and (again or not self.guard.allows_import(name)) and _asked_by_learner():
            what = f"import {name} a second time" if again else f"import {name}"
            self.guard.refusals.append(what)
            raise ForbiddenImport(f"this step's rules do not allow `{what}`", name=name)
        return None


def _asked_by_learner() -> bool:
    """Tell an import written by the learner from one that NumPy or torch makes for itself."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<frozen importlib") and f"{os.sep}importlib{os.sep}" not in file:
            # exec and eval have no file: they are the learner's.
            return frame.f_globals.get("__name__", "").partition(".")[0] in (PACKAGE, "__main__", "builtins", "")
        frame = frame.f_back  # type: ignore[assignment]
    return False


# ---------------------------------------------------------------- banned functions


def ban(guard: Guard, names: Iterable[str]) -> None:
    """Make every function or class of these dotted names (`*` matches within a module) raise when the learner uses it.

    The object is replaced wherever a loaded module holds it, so `from numpy._core import …` finds no other way in.
    """
    stand_ins: dict[int, tuple[Any, Callable[..., Any]]] = {}
    for pattern in names:
        module_name, _, attribute = pattern.rpartition(".")
        module = sys.modules.get(module_name)
        if module is None:
            continue
        for name in fnmatch.filter(dir(module), attribute):
            target = getattr(module, name)
            if callable(target) and not isinstance(target, ModuleType) and not name.startswith("__"):
                stand_ins[id(target)] = (target, _stand_in(guard, f"{module_name}.{name}"))
    for module in [module for name, module in list(sys.modules.items()) if _replaceable(name)]:
        for name, held in list(vars(module).items()):
            if id(held) in stand_ins and stand_ins[id(held)][0] is held:
                setattr(module, name, stand_ins[id(held)][1])


def _replaceable(module: str) -> bool:
    return module.partition(".")[0] not in ("course", "builtins", "sys")


def _stand_in(guard: Guard, name: str) -> Callable[..., Any]:
    def banned(*_args: object, **_kwargs: object) -> NoReturn:
        guard.refuse(f"{name} does what this step asks you to write")

    banned.__name__ = name.rpartition(".")[2]
    return banned


# ---------------------------------------------------------------- the audit hook

_PROCESSES = {
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "os.startfile", "pty.spawn",
}  # fmt: skip
_NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
_HANDS_IN_THE_ENGINE = {
    "gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.settrace", "sys.setprofile", "sys.addaudithook",
    "ctypes.dlopen", "ctypes.dlsym", "ctypes.call_function", "ctypes.cdata", "os.kill", "os.killpg", "os.pidfd_open",
}  # fmt: skip
_WRITES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.link", "os.symlink",
    "os.utime", "shutil.rmtree", "shutil.move",
}  # fmt: skip


def watch(guard: Guard) -> None:
    """Install the audit hook. Its state is the guard's, which the learner's code is not given."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if not guard.armed:
            return
        if event == "open":
            _opened(guard, *args)
        elif event in _PROCESSES:
            guard.refuse("starting another process")
        elif event in _NETWORK:
            guard.refuse("using the network")
        elif event in _HANDS_IN_THE_ENGINE and not (event == "sys.settrace" and _a_probe_of_ours(sys._getframe(1))):
            guard.refuse(f"{event}: reaching around the language")
        elif event in _WRITES:
            _changed(guard, event, *args)

    sys.addaudithook(hook)


def _a_probe_of_ours(frame: FrameType) -> bool:
    """Whether it is the engine that counts the lines a learner's code executes."""
    return frame.f_globals is vars(probes)


def _opened(guard: Guard, path: object, mode: object, flags: int) -> None:
    if not isinstance(path, str | bytes | os.PathLike):
        return
    real = os.path.realpath(os.fsdecode(path))
    writes = (isinstance(mode, str) and bool(set(mode) & set("wax+"))) or bool(
        isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )
    if writes and not _below(real, guard.scratch) and real != os.devnull:
        guard.refuse(f"writing the file {os.fsdecode(path)}")
    if any(_below(real, folder) for folder in guard.hidden):
        guard.refuse("reading a grader")


def _changed(guard: Guard, event: str, *args: object) -> None:
    for path in args[:2]:
        if isinstance(path, str | bytes | os.PathLike) and not _below(
            os.path.realpath(os.fsdecode(path)), guard.scratch
        ):
            guard.refuse(f"{event}({os.fsdecode(path)})")


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
