"""The door of a running watch: a `course check` in the same workspace is graded by its warm judge.

One file, `.course/watch.json`, readable by its owner only, says where the door is and holds the key both sides prove to
know; neither ever sends it. A lock says whether a watch runs at all: the system lets go of it however the watch ended.
Whatever goes wrong here, the check grades by itself.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import queue
import secrets
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from course import __version__
from course.curriculum import Step
from course.errors import UsageError, WorkspaceError
from course.gate import grader_digest
from course.grading import scratch, wire
from course.grading.outcomes import Verdict
from course.grading.parcel import unpack
from course.grading.seeds import seed_of
from course.session import Session
from course.workspace import Workspace

# A watch that lives says so this often; one that is silent for longer is taken for dead.
BEAT_SECONDS = 0.5
SILENT_SECONDS = 3.0
MOST_REQUEST = 1 << 16
# A socket's path must fit into the system's small structure.
MOST_PATH = 100


@dataclass(slots=True)
class Asked:
    """A check that waits outside."""

    step: str
    seed: int | None
    packed: dict[str, Any] | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def answer(self, packed: dict[str, Any] | None) -> None:
        self.packed = packed
        self.done.set()


def _identity(session: Session) -> dict[str, str]:
    """What both sides must have in common for a verdict of one to be a verdict of the other."""
    return {"version": __version__, "content": str(session.content.root), "prefix": sys.prefix}


def _card(workspace: Workspace) -> Path:
    return workspace.state / "watch.json"


class Door:
    """Open while a watch runs; used as a context manager."""

    def __init__(self, session: Session, events: queue.SimpleQueue[tuple[str, Any]]) -> None:
        self._session, self._events = session, events
        self._key = secrets.token_bytes(32)
        self._folder: str | None = None
        self._listener: socket.socket | None = None

    def __enter__(self) -> Door:
        workspace = self._session.workspace
        self._lock = _locked(workspace)
        # Without a door a check beside this watch grades by itself; that is no reason not to watch.
        with contextlib.suppress(OSError):
            self._listener, address = self._listen(workspace)
            _write_privately(
                _card(workspace),
                {**_identity(self._session), "pid": os.getpid(), "address": address, "key": self._key.hex()},
            )
            threading.Thread(target=self._welcome, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            _card(self._session.workspace).unlink()
        if self._listener is not None:
            self._listener.close()
            with contextlib.suppress(OSError):
                (self._session.workspace.state / "watch.sock").unlink()
        if self._folder is not None:
            scratch.remove(self._folder)
        self._lock.release()

    def _listen(self, workspace: Workspace) -> tuple[socket.socket, str | list[Any]]:
        if not hasattr(socket, "AF_UNIX"):
            return _bound(socket.AF_INET, ("127.0.0.1", 0))
        path = workspace.state / "watch.sock"
        with contextlib.suppress(OSError):
            path.unlink()
        if len(os.fsencode(path)) <= MOST_PATH:
            with contextlib.suppress(OSError):  # not every file system has sockets
                return _bound(socket.AF_UNIX, str(path))
        self._folder = scratch.make()
        return _bound(socket.AF_UNIX, f"{self._folder}/watch.sock")

    def _welcome(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):  # closed: the watch is over
            while True:
                guest, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(guest,), daemon=True).start()

    def _serve(self, guest: socket.socket) -> None:
        with guest, contextlib.suppress(OSError, ValueError, KeyError, TypeError, wire.WireError):
            guest.settimeout(SILENT_SECONDS)
            with guest.makefile("rwb") as stream:
                proof, request = _read_request(cast(BinaryIO, stream))
                if not hmac.compare_digest(proof, _proof(self._key, b"request", request)):
                    return
                asked = _asked(json.loads(request))
                self._events.put(("asked", asked))
                while not asked.done.wait(BEAT_SECONDS):
                    wire.write_frame(cast(BinaryIO, stream), b"")
                if asked.packed is not None:
                    reply = wire.encode(
                        {"verdict": asked.packed["verdict"], "transcripts": asked.packed["transcripts"]}
                    )
                    wire.write_frame(cast(BinaryIO, stream), _proof(self._key, request, reply) + reply)


def _asked(request: dict[str, Any]) -> Asked:
    step, seed = request["step"], request["seed"]
    if not isinstance(step, str) or not isinstance(seed, int | None):
        raise TypeError("not a request")
    return Asked(step, seed)


def _locked(workspace: Workspace) -> Any:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 40 ms that only a watch pays

    try:
        workspace.state.mkdir(exist_ok=True)
        lock = FileLock(workspace.state / "watch.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(
            f"Another watch runs in {workspace.root}.", hint="q ends it there; or go on in its terminal"
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{workspace.state} cannot be written: {error.strerror or error}.", hint=f"ls -ld '{workspace.root}'"
        ) from error
    return lock


def _bound(family: socket.AddressFamily, address: Any) -> tuple[socket.socket, str | list[Any]]:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.bind(address)
        if isinstance(address, str):
            Path(address).chmod(0o600)  # before anybody can be let in
        listener.listen(4)
    except OSError:
        listener.close()
        raise
    bound = listener.getsockname()
    return listener, bound if isinstance(bound, str) else list(bound)


def _write_privately(path: Path, data: dict[str, Any]) -> None:
    spare = path.with_suffix(".tmp")
    with contextlib.suppress(OSError):
        spare.unlink()
    with os.fdopen(os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(data, file)
    spare.replace(path)


def _proof(key: bytes, what: bytes, message: bytes) -> bytes:
    """What only a holder of the key can say about a message; a reply's proof includes the request."""
    return hmac.digest(key, len(what).to_bytes(4, "big") + what + message, "sha256")


def _read_request(stream: BinaryIO) -> tuple[bytes, bytes]:
    size = int.from_bytes(stream.read(4), "little")
    if not 32 < size <= MOST_REQUEST:
        raise ValueError("not a request")
    data = stream.read(size)
    return data[:32], data[32:]


# ---------------------------------------------------------------- outside


def watcher(workspace: Workspace) -> int | None:
    """The process that watches this workspace, if one does."""
    try:
        pid = json.loads(_card(workspace).read_text(encoding="utf-8"))["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(pid, int):
        return None
    from filelock import FileLock, Timeout  # noqa: PLC0415

    try:
        with FileLock(workspace.state / "watch.lock").acquire(timeout=0):
            return None
    except (Timeout, OSError):
        return pid


def ask(session: Session, step: Step, seed: int | None) -> Verdict | None:
    """Let a running watch grade the step; None when there is none, or it does not speak of exactly this code."""
    try:
        card = json.loads(_card(session.workspace).read_text(encoding="utf-8"))
        if {name: card[name] for name in _identity(session)} != _identity(session):
            return None
        verdict = _asked_inside(card, step, seed)
    except (OSError, ValueError, KeyError, TypeError, wire.WireError):
        return None
    code, raw = session.workspace.fingerprint(step)
    grader = grader_digest(session.content, step)
    wanted = step.key, code, raw, grader, seed if seed is not None else seed_of(code, grader)
    found = verdict.step, verdict.code, verdict.raw, verdict.grader, verdict.seed
    return verdict if found == wanted else None


def _asked_inside(card: dict[str, Any], step: Step, seed: int | None) -> Verdict:
    key, address = bytes.fromhex(card["key"]), card["address"]
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    until = time.monotonic() + step.budget.step_seconds + SILENT_SECONDS
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.settimeout(SILENT_SECONDS)
        door.connect(address if isinstance(address, str) else tuple(address))
        nonce = secrets.token_hex(16)
        request = json.dumps({"step": step.key, "seed": seed, "nonce": nonce}).encode()
        with door.makefile("rwb") as stream:
            wire.write_frame(cast(BinaryIO, stream), _proof(key, b"request", request) + request)
            while time.monotonic() < until:
                frame = wire.read_frame(cast(BinaryIO, stream))
                if frame is None:
                    break
                if frame:
                    if not hmac.compare_digest(frame[:32], _proof(key, request, frame[32:])):
                        break
                    return unpack(wire.decode(frame[32:]))
    raise OSError("the watch has let go")
