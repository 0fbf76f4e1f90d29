"""The learner process: it imports the learner's modules and does what it is asked. Only plain data leaves it.

It starts with two pipes and nothing else; the first frame says what to load. Everything that could decide a verdict
stays with the judge: here are neither oracles nor assertions.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import io
import linecache
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, BinaryIO

from course.grading import awake, probes, transplant, wire
from course.grading.ambient import Ambient
from course.grading.guard import Guard, ban, bare, hide, import_net, relay, watch
from course.grading.isolation import Policy, confine
from course.grading.raised import describe, text_of
from course.grading.replay import Versions, module_from
from course.grading.seal import seal, spaces_of, used_by
from course.grading.stack import roomy
from course.grading.warmup import warm_up_if_idle

# How deep the learner's code may recurse: Python's own default, whatever the engine's frames below it use.
RECURSION_ROOM = 1000


# The exit status of a process in which somebody replaced what the engine relies on.
TAMPERED = 86
# Libraries that probes look at the learner's work with; and torch's tensors, whose class Python code can change.
_LOOKED_WITH = (
    "builtins", "numpy", "numpy.random", "numpy.linalg", "random", "torch", "torch.random", "torch.autograd",
)  # fmt: skip


def package_finder(modules: dict[str, str]) -> Any:
    """Find `minillm` modules where the judge says they are: the workspace, or references with one file replaced."""
    loader = type("SavedSource", (SourceFileLoader,), {"get_code": bare(_compile_saved)})
    find = bare(_find_spec, modules=modules, ModuleSpec=ModuleSpec, any=any, Loader=loader,
                spec_from_file_location=importlib.util.spec_from_file_location)  # fmt: skip
    return type("PackageFinder", (), {"find_spec": find, "__slots__": ()})()


def _find_spec(self: object, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
    known: dict[str, str] = modules  # type: ignore[name-defined] # noqa: F821 - `bare` gives it its names
    if name in known:
        folder: list[str] | None = [] if known[name].endswith("__init__.py") else None
        loader = Loader(name, known[name])  # type: ignore[name-defined] # noqa: F821
        return spec_from_file_location(name, known[name], loader=loader, submodule_search_locations=folder)  # type: ignore[name-defined,no-any-return] # noqa: F821
    if any(one.startswith(f"{name}.") for one in known):
        return ModuleSpec(name, None, is_package=True)
    return None


def _compile_saved(self: SourceFileLoader, fullname: str) -> CodeType:
    """Compile what is in the file: a cached module is told from it by size and second, and saves come faster."""
    path = self.get_filename(fullname)
    return self.source_to_code(self.get_data(path), path)


class Session:
    """One learner's module, and the operations the judge may ask for."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.guard = Guard(config["imports"], config["scratch"], config["hidden"])
        self.module: ModuleType | None = None
        self.probes: list[ModuleType] = []
        self.protections: tuple[Any, ...] = ()
        self.ambient: Ambient
        self.versions = Versions(config["module"], self._answered)
        self._names = {os.path.realpath(path): name for name, path in config["modules"].items()}

    def prepare(self) -> None:
        """Import what the step may use, load the probes, and shut the doors, before any line of the learner's runs."""
        for name in self.config["preload"]:
            with suppress(ModuleNotFoundError):  # not installed: the learner's own import will say so
                importlib.import_module(name)
        self.ambient = Ambient()
        self.probes = [*(_load(path, f"_probes_{place}") for place, path in enumerate(self.config["probes"])), probes]
        sys.meta_path.insert(0, package_finder(self.config["modules"]))
        net = import_net(self.guard)
        ban(self.guard, self.config["forbid"])
        relayed = relay(self.guard)
        self.protections = confine(
            Policy(
                scratch=self.config["scratch"],
                readable=tuple(self.config["readable"]),
                memory=self.config["memory"],
                file_size=self.config["file_size"],
                no_job=self.config["no_job"],
            )
        )
        self._seal(hide(self.probes))
        watch(self.guard, net, relayed)

    def _seal(self, ours: list[ModuleType]) -> None:
        probes.checkpoint = self.checkpoint
        looked_with = used_by(self.probes, _LOOKED_WITH, sys.modules)
        if torch := sys.modules.get("torch"):
            looked_with.append(("torch.Tensor", vars(torch.Tensor)))
        mine = seal((space for module in ours for space in spaces_of(module)), grows=False)
        python = seal([("builtins", vars(sys.modules["builtins"]))], grows=True)
        libraries = seal(looked_with, grows=True)
        write, leave, encode = os.write, os._exit, str.encode

        def checkpoint(probing: bool = True) -> None:
            replaced = mine() or python() or (libraries() if probing else "")
            if replaced:
                write(2, encode(f"\nreplaced for everyone, the grader included: {replaced}\n"))
                leave(TAMPERED)

        self._checkpoint = checkpoint

    def checkpoint(self, probing: bool = True) -> None:
        """End this process if what the engine relies on, or a probe if one is `probing`, is no longer what it was."""
        self._checkpoint(probing)

    def module_of(self, file: str) -> str | None:
        """The learner's module that a file name in a traceback stands for."""
        # A relative name needs the current folder, which the code may have made unreachable.
        return self._names.get(os.path.realpath(file)) if Path(file).is_absolute() else None

    def load(self, source: str | None = None) -> Any:
        """Import the learner's module; or, for proofs, put a source text of our own in its place."""
        name = self.config["module"]
        self.guard.armed = True
        self.module = importlib.import_module(name) if source is None else module_from(source, name)
        return {"names": sorted(name for name in vars(self.module) if not name.startswith("_"))}

    def _answered(self, module: ModuleType, request: Any) -> dict[str, Any]:
        """Put another version in the module's place and let it answer."""
        self.module = module
        return answer(self, request)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.guard.armed = True
        return probes.find_function(self.module, name)(*args, **kwargs)

    def probe(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a probe on the learner's module; a probe is ours, but what it calls is the learner's."""
        for module in self.probes:
            if function := getattr(module, name, None):
                if name in probes.FOR_AUTHORS | probes.LOOKS_ONLY:
                    with self.guard.resting():
                        return function(self.module, *args, **kwargs)
                self.guard.armed = True
                return function(self.module, *args, **kwargs)
        raise LookupError(f"the grader has no probe {name!r}")


def _load(path: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    # Whoever writes down the stack (torch.manual_seed does, each time) would open the probes' file, and be refused.
    linecache.cache[path] = (0, None, [], path)
    return module


# ---------------------------------------------------------------- answering


def answer(session: Session, request: Any) -> dict[str, Any]:
    """Do what was asked and say how it went, as plain data."""
    sys.setrecursionlimit(RECURSION_ROOM + 60)
    _, operation, name, args, kwargs = request
    try:
        if operation == "load":
            value = session.load(*args)
        elif operation in ("settle", "rest"):
            value = None
        elif operation in _REPLAYING:
            if operation == "transplant":
                _be_silent()
            value = _REPLAYING[operation](session.versions, *args)
        else:
            with session.ambient.kept():
                value = (session.call if operation == "call" else session.probe)(name, args, kwargs)
        reply: dict[str, Any] = {"status": "ok", "value": value}
    except BaseException as error:  # whatever the learner's code raises is a result here
        reply = describe(session, error, operation, name, args, kwargs)
    if refused := session.guard.take_refusals():
        reply = {"status": "forbidden", "message": refused[0], "where": reply.get("where", [])}
    return reply


# What the judge may ask of a process that holds known mistakes; the last, of one that holds a learner's code.
_REPLAYING: dict[str, Callable[..., Any]] = {
    "forget": Versions.forget, "versions": Versions.add, "begin": Versions.begin, "consider": Versions.consider,
    "found": Versions.found, "fits": Versions.fits, "like": Versions.like, "transplant": transplant.search,
}  # fmt: skip


# ---------------------------------------------------------------- the loop


@roomy
def main() -> None:
    sys.dont_write_bytecode = True
    incoming, outgoing = _take_pipes()
    first = wire.read_frame(incoming)
    if first is None:
        return
    session = Session(wire.decode(first))
    try:
        session.prepare()
    except Exception as error:  # no line of the learner's has run yet
        _send(outgoing, 0, {"status": "probe-fault", "message": f"{type(error).__name__}: {text_of(error)}"})
        return
    tensors = "torch" in session.config["preload"]
    _send(outgoing, 0, {"status": "ok", "value": [(p.name, p.holds, p.by) for p in session.protections]})
    if tensors:
        warm_up_if_idle(incoming)
    if session.config["awake"]:
        wait = awake.waiting_on(incoming)
    else:
        wait = functools.partial(session.versions.go_on, awake.whether_asked(incoming))
    while (frame := wire.read_frame(incoming)) is not None:
        request = wire.decode(frame, tensors=tensors)
        reply = answer(session, request)
        _flush()
        wire.write_frame(outgoing, _encoded(session, request[0], reply))
        # While the judge looks at the answer; it asks to `settle` before it believes it.
        session.checkpoint(request[1] == "probe")
        if request[1] == "rest":
            wait = awake.asleep
        wait()


def _take_pipes() -> tuple[io.BufferedReader[io.FileIO], BinaryIO]:
    """Move the judge's pipes out of the way of `input()` and `print()`: those get nothing and the error stream."""
    incoming = io.BufferedReader(io.FileIO(os.dup(0)), 1 << 16)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return incoming, outgoing


def _be_silent(dup2: Callable[[int, int], object] = os.dup2) -> None:
    """From now on what is printed goes nowhere: it is not the learner's code alone that prints."""
    with suppress(OSError):  # unless that code closed its input
        for number in (1, 2):
            dup2(0, number)


def _send(outgoing: BinaryIO, number: int, reply: dict[str, Any]) -> None:
    wire.write_frame(outgoing, wire.encode((number, reply)))


def _encoded(session: Session, number: int, reply: dict[str, Any]) -> bytes:
    try:
        data = wire.encode((number, reply))
    except BaseException as error:  # a value that lies about itself is the learner's
        kind = "" if isinstance(error, wire.WireError) else f"{type(error).__name__}: "
        status = "memory" if isinstance(error, MemoryError) else "unsendable"
        data = wire.encode((number, {"status": status, "message": f"{kind}{text_of(error)}".removesuffix(": ")}))
    if refused := session.guard.take_refusals():  # while the value was read, or the output flushed
        data = wire.encode((number, {"status": "forbidden", "message": refused[0], "where": []}))
    return data


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the learner may have replaced or closed it
            continue
