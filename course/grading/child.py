"""The learner process: it imports the learner's modules and does what it is asked. Only plain data leaves it.

It starts with two pipes and nothing else; the first frame says what to load. Everything that could decide a verdict
stays with the judge: here are neither oracles nor assertions.
"""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from course.grading import probes, wire
from course.grading.guard import ForbiddenImport, ForbiddenUse, Guard, ImportNet, ban, watch
from course.grading.isolation import Policy, confine
from course.grading.replay import Versions, module_from

# How deep the learner's code may recurse: Python's own default, whatever the engine's frames below it use.
RECURSION_ROOM = 1000
MAX_MESSAGE = 600
MAX_NAME = 100


class PackageFinder:
    """Find `minillm` modules where the judge says they are: the workspace, or references with one file replaced."""

    def __init__(self, modules: dict[str, str]) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name in self.modules:
            package = self.modules[name].endswith("__init__.py")
            return importlib.util.spec_from_file_location(
                name, self.modules[name], submodule_search_locations=[] if package else None
            )
        if any(known.startswith(f"{name}.") for known in self.modules):
            return ModuleSpec(name, None, is_package=True)
        return None


class Session:
    """One learner's module, and the operations the judge may ask for."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.guard = Guard(config["imports"], config["scratch"], config["hidden"])
        self.module: ModuleType | None = None
        self.probes: list[ModuleType] = []
        self.protections: tuple[Any, ...] = ()
        self.versions = Versions(config["module"])

    def prepare(self) -> None:
        """Import what the step may use, load the probes, and shut the doors, before any line of the learner's runs."""
        for name in self.config["preload"]:
            with suppress(ModuleNotFoundError):  # not installed: the learner's own import will say so
                importlib.import_module(name)
        self.probes = [*(_load(path, f"_probes_{place}") for place, path in enumerate(self.config["probes"])), probes]
        sys.meta_path.insert(0, PackageFinder(self.config["modules"]))
        sys.meta_path.insert(0, ImportNet(self.guard))
        ban(self.guard, self.config["forbid"])
        self.protections = confine(
            Policy(
                scratch=self.config["scratch"],
                readable=tuple(self.config["readable"]),
                memory=self.config["memory"],
                file_size=self.config["file_size"],
            )
        )
        watch(self.guard)

    @contextmanager
    def _learner_runs(self) -> Iterator[None]:
        self.guard.armed = True
        try:
            yield
        finally:
            self.guard.armed = False

    def load(self, source: str | None = None) -> Any:
        """Import the learner's module; or, for proofs, put a source text of our own in its place."""
        name = self.config["module"]
        with self._learner_runs():
            self.module = importlib.import_module(name) if source is None else module_from(source, name)
        return {"names": sorted(name for name in vars(self.module) if not name.startswith("_"))}

    def replay(self, version: int, places: list[int]) -> list[bool]:
        """Put another version in the module's place; say on which recorded examples it answers as the learner did."""
        self.module = self.versions.module(version)
        if self.module is None:
            return []
        return self.versions.alike(lambda request: answer(self, request), "torch" in sys.modules, places)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = probes.find_function(self.module, name)
        with self._learner_runs():
            return function(*args, **kwargs)

    def probe(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a probe on the learner's module; a probe is ours, but what it calls is the learner's."""
        for module in self.probes:
            if function := getattr(module, name, None):
                if name in probes.FOR_AUTHORS | probes.LOOKS_ONLY:
                    return function(self.module, *args, **kwargs)
                with self._learner_runs():
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
        elif operation == "replay":
            value = session.replay(*args)
        elif operation in ("versions", "prepare", "remember"):
            value = _REPLAYING[operation](session.versions, *args)
        else:
            value = (session.call if operation == "call" else session.probe)(name, args, kwargs)
        reply: dict[str, Any] = {"status": "ok", "value": value}
    except BaseException as error:  # whatever the learner's code raises is a result here
        reply = _describe(session, error, operation, name, args, kwargs)
    if refused := session.guard.take_refusals():
        reply = {"status": "forbidden", "message": refused[0], "where": reply.get("where", [])}
    return reply


# What the judge may ask of a process that holds known mistakes and not a learner's code.
_REPLAYING: dict[str, Callable[..., None]] = {
    "versions": Versions.add, "prepare": Versions.prepare, "remember": Versions.remember,
}  # fmt: skip


def _describe(
    session: Session, error: BaseException, operation: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    where = _where(session, error)
    described: dict[str, Any] = {
        "status": "raised",
        "type": type(error).__name__[:MAX_NAME],
        "bases": [base.__name__[:MAX_NAME] for base in type(error).__mro__],
        "message": _text(error),
        "where": where,
    }
    if isinstance(error, NotImplementedError):
        described["status"] = "unfinished"
    elif isinstance(error, probes.MissingName):
        described |= {"status": "missing", "message": str(error)}
    elif isinstance(error, AttributeError) and error.obj is session.module:
        described |= {"status": "missing", "message": error.name}
    elif isinstance(error, ForbiddenUse | ForbiddenImport):
        described["status"] = "forbidden"
    elif isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in _text(error)
    ):
        described["status"] = "memory"
    elif isinstance(error, SystemExit):
        described["status"] = "exit"
    elif isinstance(error, SyntaxError):
        described |= _syntax(session, error)
    elif isinstance(error, TypeError) and operation == "call" and not where:
        described |= _signature(session, name, args, kwargs)
    elif operation == "probe" and not where and _raised_in_probe(session, error):
        described |= {"status": "probe-fault", "message": "".join(traceback.format_exception(error))[-2000:]}
    return described


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:  # even __str__ is the learner's
        return "(its message could not be read)"


def _where(session: Session, error: BaseException) -> list[str]:
    """The places in the learner's own files that the exception came through, innermost last."""
    names = {os.path.realpath(path): name for name, path in session.config["modules"].items()}
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = names.get(os.path.realpath(frame.f_code.co_filename))
        if name is not None:
            places.append(f"{name.replace('.', '/')}.py:{line} in {frame.f_code.co_name}")
    # A recursion comes through the same line a thousand times.
    return places if len(places) <= 4 else [*places[:2], f"… {len(places) - 3} more", places[-1]]


def _syntax(session: Session, error: SyntaxError) -> dict[str, Any]:
    place = f"{Path(error.filename).name}:{error.lineno}: " if error.filename else ""
    lines = [f"{place}{error.msg}"]
    if error.text:
        column = max((error.offset or 1) - 1, 0)
        lines += [f"    {error.text.rstrip()}", f"    {' ' * column}^"]
    return {"status": "raised", "message": "\n".join(lines)}


def _signature(session: Session, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Tell a wrong signature from a TypeError within: the call itself does not fit."""
    import inspect  # noqa: PLC0415 - 10 ms, only for an error message

    try:
        signature = inspect.signature(probes.find_function(session.module, name))
    except (TypeError, ValueError):
        return {}
    try:
        signature.bind(*args, **kwargs)
    except TypeError as misfit:
        bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
        shown = signature.replace(parameters=bare, return_annotation=signature.empty)
        return {"status": "signature", "message": f"your {name}{shown} cannot take this call: {misfit}"}
    return {}


def _raised_in_probe(session: Session, error: BaseException) -> bool:
    """A probe's own bug, unless it stumbled over what the learner's code gave it (a wrong type, no attribute)."""
    return isinstance(error, LookupError | NameError) and not isinstance(error, KeyError | IndexError)


# ---------------------------------------------------------------- the loop


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
        _send(outgoing, 0, {"status": "probe-fault", "message": f"{type(error).__name__}: {_text(error)}"})
        return
    tensors = "torch" in session.config["preload"]
    _send(outgoing, 0, {"status": "ok", "value": [(p.name, p.holds, p.by) for p in session.protections]})
    while (frame := wire.read_frame(incoming)) is not None:
        request = wire.decode(frame, tensors=tensors)
        reply = answer(session, request)
        _flush()
        _send(outgoing, request[0], reply)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the judge's pipes out of the way of `input()` and `print()`: those get nothing and the error stream."""
    incoming = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    outgoing = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return incoming, outgoing


def _send(outgoing: BinaryIO, number: int, reply: dict[str, Any]) -> None:
    try:
        data = wire.encode((number, reply))
    except BaseException as error:  # a value that lies about itself is the learner's
        kind = "" if isinstance(error, wire.WireError) else f"{type(error).__name__}: "
        status = "memory" if isinstance(error, MemoryError) else "unsendable"
        data = wire.encode((number, {"status": status, "message": f"{kind}{_text(error)}".removesuffix(": ")}))
    wire.write_frame(outgoing, data)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the learner may have replaced or closed it
            continue
