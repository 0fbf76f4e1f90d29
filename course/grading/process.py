"""The judge's hold on a learner process: start it, ask it, and stop it when time or memory runs out."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from course.curriculum import Budget, Rules
from course.grading import awake, disk, scratch, wire
from course.grading.answers import is_answer
from course.grading.isolation import default_readable
from course.grading.outcomes import Outcome
from course.grading.printed import Printed
from course.grading.starved import MOST, starved
from course.grading.tree import Tree

START_SECONDS = 60.0
WATCH_SECONDS = 0.05
FILE_SIZE = 64 << 20
# All files together; looked at this often.
DISK = 512 << 20
DISK_SECONDS = 0.25
# How long a process that closed its connection may take to end, before it is taken for one that goes on.
DYING_SECONDS = 2.0

# What tells the math libraries how many threads to use.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

# The exit status of a learner process that found the engine changed (child.TAMPERED, which the judge need not import).
TAMPERED = 86
_TAMPERED_WITH = "the code replaces what others use too: a function of Python's, of a library's or of the grader's"

# `main` does not stay behind as a name of the main module, where the learner's code would find the engine by it.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from course.grading.child import main; "
    "globals().pop('main')()"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """What a learner process loads: the module to grade, where every module of the package lies, under which rules."""

    module: str
    modules: Mapping[str, Path]
    rules: Rules
    budget: Budget
    probes: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    threads: int = 1
    seed: int = 0
    # Whether the two wait for each other with open eyes: not where other checks want the cores.
    awake: bool = True

    @property
    def preload(self) -> tuple[str, ...]:
        return tuple(name for name in self.rules.imports if name != "stdlib")


class Stopped(Exception):
    """The learner process ended before it answered."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


class LearnerProcess:
    """One spawned process and the thread that watches its clock and its memory."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.scratch = scratch.make()
        try:
            self.process = self._spawn()
            self.tree = Tree(self.process, self.scratch, self._most_memory)
            # Here and not in the thread that watches: Ctrl-C can leave Python's import lock held by this thread, and
            # a thread that waits for it with psutil half imported would keep `stop` waiting for ever.
            import psutil  # noqa: F401, PLC0415
        except BaseException:  # Ctrl-C as well
            scratch.remove(self.scratch)
            raise
        self.printed = Printed(cast(IO[bytes], self.process.stderr))
        self._wait = awake.waiting_on(cast(Any, self.process.stdout)) if setup.awake else awake.asleep
        self._deadline: float | None = None
        self._stopped_by: Stopped | None = None
        self._number = 0
        self._posted: list[int] = []
        threading.Thread(target=self._watch, daemon=True).start()
        self._send(wire.encode(self._config()))
        self.protections: list[tuple[str, bool, str]] | None = None

    @property
    def _most_memory(self) -> int:
        """What it may hold where no rlimit counts it: with the libraries, which the budget leaves out."""
        return int(self.setup.budget.memory * 1.25) + (512 << 20)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # No sitecustomize, .pth file or file beside the learner's can get in first. Not -I, which ignores all variables
        # of Python's: the few there are come from here.
        import json  # noqa: PLC0415

        paths = json.dumps([path for path in sys.path if path])
        return subprocess.Popen(
            [sys.executable, "-P", "-s", "-S", "-c", _BOOT, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.scratch,
            env=self._environment(),
            start_new_session=os.name == "posix",
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL") if name in os.environ}
        threads = str(self.setup.threads)
        # Code that depends on the order of a set of strings gets the same verdict each time, too.
        ours = {"HOME": self.scratch, "TMPDIR": self.scratch, "PYTHONHASHSEED": str(self.setup.seed % 2**32)}
        return kept | dict.fromkeys(THREADS, threads) | ours

    def _config(self) -> dict[str, Any]:
        setup = self.setup
        hidden = [str(folder) for folder in setup.hidden]
        extra = [self.scratch, *{str(path.parent) for path in setup.modules.values()}]
        return {
            "module": setup.module,
            "modules": {name: str(path) for name, path in setup.modules.items()},
            "imports": list(setup.rules.imports),
            "forbid": list(setup.rules.forbid),
            "preload": list(setup.preload),
            "probes": [str(path) for path in setup.probes if path.is_file()],
            "scratch": self.scratch,
            "hidden": hidden,
            "readable": list(default_readable(sys.path, extra, hidden)),
            "memory": setup.budget.memory,
            "file_size": FILE_SIZE,
            "awake": setup.awake,
            "no_job": self.tree.no_job,
        }

    # ------------------------------------------------------------ asking

    def ask(self, operation: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], seconds: float) -> Any:
        """Send one request and return the reply; raise `Stopped` when none comes within `seconds`."""
        self.wait_until_ready()
        while self._posted:
            self._answer(self._posted.pop(0), seconds)
        self._number = _ticket()
        request = wire.encode((self._number, operation, name, args, kwargs))
        self._deadline = time.monotonic() + seconds
        self._send(request)
        reply = self._answer(self._number, seconds)
        if not is_answer(reply, operation):
            raise self._forged("an answer of another form")
        return reply

    def wait_until_ready(self) -> None:
        """Wait until the process has imported what the step may use; raise `Stopped` if it never will have."""
        if self.protections is None:
            self.protections = self._prepared()

    def post(self, operation: str, *args: Any) -> None:
        """Send a request whose answer nobody waits for; a process of our own code may work on it meanwhile."""
        self._number = _ticket()
        self._posted.append(self._number)
        self._send(wire.encode((self._number, operation, "", args, {})))

    def rest(self) -> None:
        """From now on sleep while waiting for each other: somebody else has work for the core."""
        if self._wait is not awake.asleep:
            self._wait = awake.asleep
            self.post("rest")

    def _prepared(self) -> list[tuple[str, bool, str]]:
        """Wait until the process is ready for the learner's code; return what protects us from it."""
        ready = self._answer(0, START_SECONDS)
        if ready["status"] != "ok":
            self.stop()
            raise Stopped(Outcome.GRADER_FAULT, ready["message"])
        return cast(list[tuple[str, bool, str]], ready["value"])

    def _send(self, request: bytes) -> None:
        # A dead process shows as the end of its answers; the reason is found there.
        with contextlib.suppress(OSError, ValueError):
            wire.write_frame(cast(Any, self.process.stdin), request)

    def _answer(self, number: int, seconds: float) -> Any:
        self._deadline = self._deadline or time.monotonic() + seconds
        frame = self._read()
        self._deadline = None
        if frame is None or isinstance(frame, wire.WireError):
            raise self._why_it_ended(frame)
        try:
            answered, reply = wire.decode(frame)
            if answered != number or not isinstance(reply, dict) or "status" not in reply:
                raise wire.WireError("an answer to another question")
        except (wire.WireError, TypeError, ValueError) as error:
            raise self._forged(error) from error
        return reply

    def _read(self) -> bytes | wire.WireError | None:
        # Read here, without a thread between: at six hundred calls a check, handing frames over took a third of a call.
        try:
            self._wait()
            return wire.read_frame(cast(Any, self.process.stdout))
        except wire.WireError as error:
            return error
        except (OSError, ValueError):
            return None

    def _forged(self, why: object) -> Stopped:
        self.stop()
        return Stopped(Outcome.FORBIDDEN, f"something else than the engine wrote to the judge ({why})")

    def _why_it_ended(self, error: wire.WireError | None) -> Stopped:
        if self._stopped_by is not None:
            return self._stopped_by
        if error is not None:
            return self._forged(error)
        try:
            code = self.process.wait(DYING_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            return Stopped(Outcome.CRASHED, "the code closed the engine's connection")
        if self._stopped_by is not None:
            return self._stopped_by
        if code == TAMPERED:
            return Stopped(Outcome.FORBIDDEN, _TAMPERED_WITH)
        if code < 0:
            with contextlib.suppress(ValueError):
                return Stopped(Outcome.CRASHED, f"the process died of {signal.Signals(-code).name}")
        return Stopped(Outcome.CRASHED, f"the code ended the whole process (exit status {code})")

    # ------------------------------------------------------------ watching

    def _watch(self) -> None:
        """Stop the process at its deadline, or when it holds more memory than its budget (where no rlimit did)."""
        import psutil  # noqa: PLC0415 - imported beside the learner's start, not before it

        try:
            watched, looked = psutil.Process(self.process.pid), time.monotonic()
            asked, before, pid = self._deadline, 0.0, self.process.pid
            while self.process.poll() is None:
                deadline = self._deadline
                if deadline != asked:
                    asked, before = deadline, starved(pid, math.inf)
                late = 0.0 if deadline is None else time.monotonic() - deadline
                waited = (
                    min(starved(pid, math.inf) - before, MOST * self.setup.budget.call_seconds) if late > 0 else 0.0
                )
                if late > waited:
                    self._halt(Outcome.TIMEOUT, "")
                elif watched.memory_info().rss > self._most_memory:
                    self._halt(Outcome.MEMORY, "")
                elif time.monotonic() > looked + DISK_SECONDS:
                    looked = time.monotonic()
                    if disk.used(self.scratch, self.process.pid, DISK) > DISK:
                        self._halt(Outcome.MEMORY, f"it filled the disk: more than {DISK >> 20} MiB, or too many files")
                time.sleep(WATCH_SECONDS)
        except psutil.Error:
            return

    def _halt(self, outcome: Outcome, message: str) -> None:
        self._stopped_by = Stopped(outcome, message)
        self.stop()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Kill the process and everything it started."""
        if self.process.poll() is None:
            self.tree.kill()

    def _forbids_processes(self) -> bool:
        """Whether its code could start nothing; before it was ready, none of it had run."""
        return self.protections is None or any(name == "processes" and holds for name, holds, _ in self.protections)

    def close(self) -> None:
        self.stop()
        self.process.wait()
        if not self._forbids_processes():
            self.tree.sweep()
        self.tree.close()
        self.printed.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, ValueError):
                cast(IO[bytes], stream).close()
        scratch.remove(self.scratch)


def _ticket() -> int:
    """A number for a question that nobody guesses: an answer that was not asked for carries another."""
    return int.from_bytes(os.urandom(7), "big") + 1
