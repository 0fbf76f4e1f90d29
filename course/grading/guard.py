"""What the learner's code is kept from while it runs: the run-time half of the from-scratch rules.

Three nets, none of which an `except Exception` escapes: a finder that refuses modules the step does not allow, a ban
on functions the step is about, and an audit hook (which cannot be removed) for processes, sockets, files and the ways
into the engine's own objects. All three decide in the hook, whose memory no Python code can reach: what stands in a
library's place only raises an event. What the hook refuses is also noted, so that code which swallows the refusal is
still reported. This net catches honest shortcuts and tricks in plain Python; the operating system's limits
(`isolation`), the separate process and `seal` stand behind it.
"""

from __future__ import annotations

import _thread
import fnmatch
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from course.content import PACKAGE
from course.grading import operators, probes

# Modules of the standard library that lead around the rules; the rest of it is allowed wherever "stdlib" is.
WITHHELD = frozenset({
    "ctypes", "_ctypes", "subprocess", "_posixsubprocess", "multiprocessing", "_multiprocessing", "socket", "_socket",
    "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "concurrent", "gc", "pty", "webbrowser", "xmlrpc", "venv",
    "ensurepip", "tracemalloc", "_tracemalloc",
})  # fmt: skip
# A probe measures with these: a learner's code that got hold of them could set the meter back.
METERS = ("tracemalloc", "_tracemalloc")
# They reach any byte of this process and raise no audit event; NumPy and torch hold the module.
_RAW_MEMORY = tuple(
    f"ctypes.{name}" for name in ("memmove", "memset", "cast", "string_at", "wstring_at", "CFUNCTYPE", "PYFUNCTYPE")
)


class ForbiddenUse(BaseException):
    """Raised in the learner's process; a BaseException, so that `except Exception` does not swallow it."""


class ForbiddenImport(ImportError):
    """An import that the step's rules refuse; an ImportError, because libraries try optional imports."""


class Guard:
    """Remember what was refused; `armed` from the learner's first line on."""

    def __init__(self, imports: Sequence[str], scratch: str, hidden: Sequence[str]) -> None:
        self.imports = frozenset(imports)
        self.scratch = os.path.realpath(scratch)
        self.hidden = tuple(os.path.realpath(folder) for folder in hidden)
        # Libraries whose functions are banned: their source, executed again, would be a copy without the ban.
        self.libraries: tuple[str, ...] = ()
        self.armed = self.rests = False
        self.refusals: list[str] = []
        # Events of ours carry it; nobody else can raise them.
        self.key = object()
        self.main = _thread.get_ident()

    @property
    def watches(self) -> bool:
        """A thread that the learner's code left behind is watched while the guard rests for the engine."""
        return self.armed or (self.rests and _thread.get_ident() != self.main)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let the engine do for a moment what a learner's code may not."""
        before, self.armed = self.armed, False
        self.rests = before
        try:
            yield
        finally:
            self.armed, self.rests = before, False

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


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    tops = {name.partition(".")[0] for name in names}
    files = [getattr(sys.modules.get(top), "__file__", None) for top in tops]
    return tuple(str(Path(file).resolve().parent) for file in files if file)


def bare(function: Callable[..., Any], **names: Any) -> Any:
    """Rebuild a function so that its globals hold only these names: the engine is not to be reached through it."""
    assert isinstance(function, FunctionType)
    namespace = {"__builtins__": {}, "__name__": "course", **names}
    return FunctionType(function.__code__, namespace, function.__name__, function.__defaults__)


# ---------------------------------------------------------------- imports


def import_net(guard: Guard) -> Any:
    """Return a finder, to stand first on the path, that refuses modules the step's rules do not allow.

    It also refuses to load a module again: its functions would come back without the ban.
    """
    net = type("ImportNet", (), {"find_spec": bare(_find_nothing, audit=sys.audit, key=guard.key), "__slots__": ()})()
    sys.meta_path.insert(0, net)
    return net


def _find_nothing(self: object, name: str, path: object = None, target: object = None) -> None:
    audit("course.import", key, name)  # type: ignore[name-defined] # noqa: F821 - `bare` gives it its names


class _Imports:
    """Decide which imports are refused."""

    def __init__(self, guard: Guard, net: Any) -> None:
        self.guard, self.net = guard, net
        self.loaded = frozenset(sys.modules)

    def asked(self, name: str, frame: FrameType | None) -> None:
        again = name in self.loaded
        if (again or not self.guard.allows_import(name)) and asked_by_learner(frame, name):
            allowed = self.guard.allows_import(name)
            what = f"import {name} a second time" if allowed else f"import {name.partition('.')[0]}"
            self.guard.refusals.append(what)
            raise ForbiddenImport(f"this step's rules do not allow `{what}`", name=name)

    def stands(self) -> None:
        """Refuse to go on where somebody took the net away."""
        if self.net is not None and not any(one is self.net for one in sys.meta_path):
            sys.meta_path.insert(0, self.net)
            self.guard.refuse("changing how modules are found")


# Modules of the standard library that import by name, on behalf of whoever calls them.
_ERRAND = frozenset({
    "pkgutil", "runpy", "pydoc", "pickle", "timeit", "doctest", "cProfile", "profile", "trace", "code", "codeop", "pdb",
    "bdb", "inspect", "unittest.mock", "unittest.loader", "logging.config", "zipimport", "imp", "functools", "shelve",
})  # fmt: skip


def asked_by_learner(frame: FrameType | None, name: str) -> bool:
    """Tell an import written by the learner from one that a library makes for itself.

    The standard library imports nothing but itself for its own sake: anything else it imports on somebody's behalf.
    """
    standard = name.partition(".")[0] in sys.stdlib_module_names
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if not _is_importlib(frame):
            if not _is_module(frame, module):
                return True  # exec and eval have no file: they are the learner's
            if module.partition(".")[0] not in sys.stdlib_module_names or (standard and module not in _ERRAND):
                return False
        frame = frame.f_back
    return False


def _is_importlib(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith("<frozen importlib") or f"{os.sep}importlib{os.sep}" in file


def _is_module(frame: FrameType, name: object) -> bool:
    """Whether a frame is the code of the module it says it is, and not the learner's under another name."""
    if _is_ours(frame):
        return True
    if not isinstance(name, str) or name.partition(".")[0] in (PACKAGE, "__main__", "builtins", ""):
        return False
    module = sys.modules.get(name)
    return module is not None and getattr(module, "__dict__", None) is frame.f_globals


# ---------------------------------------------------------------- banned functions


def ban(guard: Guard, names: Iterable[str]) -> None:
    """Make every function or class of these dotted names (`*` matches within a module) raise when the learner uses it.

    The object is replaced wherever a loaded module holds it, also in a class, list, set or dict of that module, so
    that `from numpy._core import …` finds no other way in. Names of torch's operators are refused below all of
    Python's ways to call them (`operators`).
    """
    names = list(names)
    guard.libraries = _folders(names)
    names += _RAW_MEMORY
    banned: dict[int, tuple[Any, Any]] = {}
    for pattern in names:
        module_name, _, attribute = pattern.rpartition(".")
        module = sys.modules.get(module_name)
        if module is None:
            continue
        for name in fnmatch.filter(dir(module), attribute):
            target = getattr(module, name)
            if attribute == "*" and not _belongs(target, name, module_name):
                continue
            if callable(target) and not isinstance(target, ModuleType) and not name.startswith("__"):
                banned[id(target)] = (target, _stand_in(guard, f"{module_name}.{name} {_WHY[module_name == 'ctypes']}"))
    _replace(banned)
    operators.ban(names, lambda what: _stand_in(guard, f"{what} {_WHY[False]}"))


def _belongs(target: Any, name: str, module: str) -> bool:
    """Whether "everything of this module" means it too, and not a class or helper that the module only imports."""
    owner = str(getattr(target, "__module__", ""))
    if owner == module or owner.startswith(f"{module}."):
        return True
    written_in_c = type(target) is type(len) and owner.partition(".")[0] == module.partition(".")[0]
    return written_in_c and not name.startswith(("_", "has_torch_function"))


_WHY = {False: "does what this step asks you to write", True: "reaches around the language"}


def _stand_in(guard: Guard, what: str) -> Any:
    return bare(_banned, audit=sys.audit, key=guard.key, what=what, refused=ForbiddenUse)


def _banned(*_args: object, **_kwargs: object) -> NoReturn:
    audit("course.banned", key, what)  # type: ignore[name-defined] # noqa: F821
    raise refused(what)  # type: ignore[name-defined] # noqa: F821


def _replace(replaced: dict[int, tuple[Any, Any]]) -> None:
    """Put the stand-ins in the place of what they stand for, wherever a loaded module holds it."""

    def new(held: Any) -> Any:
        found = replaced.get(id(held))
        return found[1] if found is not None and found[0] is held else held

    for space in [
        getattr(module, "__dict__", None) for name, module in list(sys.modules.items()) if _replaceable(name)
    ]:
        if type(space) is not dict:  # libraries put other things than modules into the table
            continue
        for name, held in list(space.items()):
            if (other := new(held)) is not held:
                space[name] = other  # not setattr: some of torch's modules refuse what they do not know
            elif type(held) in (dict, list, set) and not name.startswith("__"):
                _replace_inside(held, new)
            elif issubclass(type(held), type):  # isinstance would ask the object, and some answer with a warning
                _replace_in_class(held, new)


def _replace_inside(held: Any, new: Callable[[Any], Any]) -> None:
    if isinstance(held, dict):
        for key, value in list(held.items()):
            if new(value) is not value:
                held[key] = new(value)
    elif isinstance(held, list):
        held[:] = map(new, held)
    else:
        for one in [one for one in held if new(one) is not one]:
            held.remove(one)


def _replace_in_class(held: type, new: Callable[[Any], Any]) -> None:
    for name, value in list(vars(held).items()):
        if new(value) is not value:
            try:
                setattr(held, name, new(value))
            except (AttributeError, TypeError):  # a class written in C
                continue


def _replaceable(module: str) -> bool:
    return module.partition(".")[0] not in ("course", "builtins", "sys")


# ---------------------------------------------------------------- functions that are watched


def relay(guard: Guard) -> dict[str, Callable[..., Any]]:
    """Let the hook call these in the learner's stead, and look at the arguments first; return them."""
    wanted = {"signal.signal": signal.signal, "_signal.signal": sys.modules["_signal"].signal}
    for name in ("start_new_thread", "start_joinable_thread"):
        if hasattr(_thread, name):
            wanted[f"_thread.{name}"] = getattr(_thread, name)
    _replace({
        id(function): (function, bare(_relayed, audit=sys.audit, key=guard.key, name=name))
        for name, function in wanted.items()
    })  # fmt: skip
    return wanted


def _relayed(*args: Any, **kwargs: Any) -> Any:
    box: list[Any] = []
    audit("course.relay", key, name, box, args, kwargs)  # type: ignore[name-defined] # noqa: F821
    return box[0]


def _look_at(guard: Guard, name: str, args: tuple[Any, ...], frame: FrameType | None) -> None:
    if "thread" in name:
        if any(one.f_code is probes.counting_lines.__code__ for one in _stack(frame)):
            guard.refuse("starting a thread while the steps of the code are counted")
    elif len(args) > 1 and callable(args[1]) and args[1] is not signal.default_int_handler:
        # A handler is given the frame it interrupts, which may be the engine's.
        guard.refuse("a signal handler: reaching around the language")


# ---------------------------------------------------------------- the audit hook

_PROCESSES = frozenset({
    "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
    "os.startfile", "pty.spawn",
})  # fmt: skip
_NETWORK = frozenset({
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.__new__",
})  # fmt: skip
_HANDS_IN_THE_ENGINE = frozenset({
    "gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.settrace", "sys.setprofile", "sys.addaudithook",
    "sys._current_frames", "sys._current_exceptions", "os.kill", "os.killpg", "os.pidfd_open", "code.__new__",
})  # fmt: skip
_WRITES = frozenset({
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.link", "os.symlink",
    "os.utime", "shutil.rmtree", "shutil.move",
})  # fmt: skip
_DEBUGGER = "the debugger: nobody can type here; course replay --pdb stops at a failing call"
# Attributes that hold a frame, from which one can walk up into the engine's.
_FRAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_OF_A_FUNCTION = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
# Functions that hand on a frame to whoever called them.
_HAND_ON = frozenset({"currentframe", "<lambda>", "walk_tb", "walk_stack"})


def watch(guard: Guard, net: Any = None, relayed: dict[str, Callable[..., Any]] | None = None) -> None:
    """Install the audit hook. Its state is the guard's, which the learner's code is not given."""
    imports, originals, frame_of, inside = _Imports(guard, net), relayed or {}, sys._getframe, [0]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event.startswith("course.") and args and args[0] is guard.key:
            ours(event, args)
        elif guard.watches and not (event == "sys._getframe" and inside[0] == _thread.get_ident()):
            theirs(event, args)

    def caller(depth: int) -> FrameType:
        inside[0] = _thread.get_ident()
        try:
            return frame_of(depth + 1)
        finally:
            inside[0] = 0

    def ours(event: str, args: tuple[Any, ...]) -> None:
        if event == "course.banned":
            guard.refuse(args[1])
        elif event == "course.import" and guard.watches:
            imports.asked(args[1], caller(3))
        elif event == "course.relay":
            _, name, box, given, named = args
            if guard.watches:
                _look_at(guard, name, (*given, *named.values()), caller(3))
            box.append(originals[name](*given, **named))

    def theirs(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            imports.stands()
            _opened(guard, *args)
            if guard.libraries:
                _source(guard, args[0], caller(2))
        elif event == "import":
            imports.stands()
            if sys.modules.get(args[0]) is None:
                imports.asked(args[0], caller(2))
        elif event in _PROCESSES:
            guard.refuse("starting another process")
        elif event in _NETWORK:
            guard.refuse("using the network")
        elif event in _HANDS_IN_THE_ENGINE or event.startswith("ctypes."):
            if not _is_ours(caller(2)):
                guard.refuse(_DEBUGGER if _is_debugger(caller(2)) else f"{event}: reaching around the language")
        elif event in _WRITES:
            _changed(guard, event, *args)
        elif event == "sys._getframe" or (event == "object.__getattr__" and args[1] in _FRAMES):
            if _frame_for_learner(caller(2)):
                guard.refuse("looking at the interpreter's frames: reaching around the language")
        elif event == "object.__setattr__" and args[1] in _OF_A_FUNCTION and _is_ours(args[0]):
            guard.refuse(f"setting {args[1]}: reaching around the language")

    sys.addaudithook(hook)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_ours(thing: Any) -> bool:
    """Whether a frame or a function is the engine's, or a probe's."""
    names = getattr(thing, "f_globals", None) or getattr(thing, "__globals__", None)
    return any(names is space for space in _ours) or names is globals()


def _is_debugger(frame: FrameType) -> bool:
    """Whether it is `breakpoint()` or `pdb` that asks."""
    return frame.f_globals.get("__name__") == "bdb" and _is_module(frame, "bdb")


# The globals of the engine's modules and of the probes, `hide` notes them.
_ours: tuple[dict[str, Any], ...] = (vars(probes),)


def _frame_for_learner(frame: FrameType) -> bool:
    """Whether a frame would get into the hands of the learner's code: it asks itself, or by a function that hands on.

    Libraries look at frames for themselves: namedtuple, dataclass, enum, logging, warnings, a traceback that is shown.
    """
    for one in _stack(frame):
        module = one.f_globals.get("__name__", "")
        if not _is_module(one, module):
            return True
        if module != "inspect" and one.f_code.co_name not in _HAND_ON:
            return False
    return False


def hide(modules: Iterable[ModuleType]) -> list[ModuleType]:
    """Take the engine's modules and its meters out of the table where every import finds them; return the modules."""
    global _ours  # noqa: PLW0603 - from now on it stays as it is
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] == "course"]
    _ours = tuple(vars(module) for module in (*own, *modules))
    kept = {id(space) for space in _ours}
    for name, module in list(sys.modules.items()):
        if id(getattr(module, "__dict__", None)) in kept:
            del sys.modules[name]
    for name in METERS:
        sys.modules[name] = None  # type: ignore[assignment] # nor does a library bring it back
    return [*own, *modules]


# ---------------------------------------------------------------- files


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


def _source(guard: Guard, path: object, frame: FrameType) -> None:
    """Refuse to read the source of a library that has banned functions, but to the import system."""
    if not isinstance(path, str) or not path.endswith((".py", ".pyc")):
        return
    if not any(_below(os.path.realpath(path), folder) for folder in guard.libraries):
        return
    for one in _stack(frame):
        if _is_importlib(one):
            if one.f_code.co_name == "_find_and_load":
                return
            continue
        module = one.f_globals.get("__name__", "")
        if not _is_module(one, module):
            guard.refuse("reading a library's source")
        if module == "traceback":
            raise PermissionError("a library's source is not shown")
        if module.partition(".")[0] not in sys.stdlib_module_names:
            return


def _changed(guard: Guard, event: str, *args: object) -> None:
    for path in args[:2]:
        if isinstance(path, str | bytes | os.PathLike) and not _below(
            os.path.realpath(os.fsdecode(path)), guard.scratch
        ):
            guard.refuse(f"{event}({os.fsdecode(path)})")


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
