"""The hold on a warm judge: start it, ask it, tell it to stop what it does. Imports neither pytest nor NumPy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, cast

from course.content import Content
from course.curriculum import Step
from course.grading import wire
from course.grading.process import THREADS

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from course.grading.service import main; main()"
# How long it may take to end by itself: its learner processes end with it.
CLOSING_SECONDS = 2.0


class Judge:
    """One process that grades. `tell` gets every event, from another thread; the last one is `ended`."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._number = 0
        # The learner processes must not outlive the thread that starts this one: start it from the main thread.
        self.process = self._spawn()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        import json  # noqa: PLC0415

        paths = json.dumps([path for path in sys.path if path])
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            # Ctrl-C on the terminal is for whoever holds the judge.
            start_new_session=os.name == "posix",
        )

    def grade(
        self,
        content: Content,
        step: Step,
        modules: Mapping[str, Path],
        kept: Path | None,
        seed: int | None = None,
        *,
        stay: bool = True,
    ) -> int:
        """Ask for a verdict; return the number that its events carry. `stay`: the same step will be asked again."""
        self._number += 1
        self._send(
            op="grade",
            id=self._number,
            root=str(content.root),
            step=step.key,
            modules={name: str(path) for name, path in modules.items()},
            kept=str(kept) if kept else None,
            seed=seed,
            stay=stay,
        )
        return self._number

    def cancel(self) -> None:
        """Nobody waits for what was asked any more; `cancelled` (or a verdict that was on its way) will come."""
        self._send(op="cancel", id=self._number)

    def _send(self, **request: Any) -> None:
        with contextlib.suppress(OSError, ValueError):  # a dead judge shows as `ended`
            wire.write_frame(cast(Any, self.process.stdin), wire.encode(request))

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while (frame := wire.read_frame(cast(Any, self.process.stdout))) is not None:
                self._tell(wire.decode(frame))
        self._tell({"id": 0, "event": "ended"})

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        self._hang_up()

    def close(self) -> None:
        """Let it end with all its processes; kill it if it does not."""
        with contextlib.suppress(OSError, ValueError):
            cast(IO[bytes], self.process.stdin).close()
        try:
            self.process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._hang_up()

    def _hang_up(self) -> None:
        if threading.current_thread() is not self._listener:
            self._listener.join(1.0)
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError, ValueError):
                cast(IO[bytes], stream).close()
