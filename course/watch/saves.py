"""Notice that a file of the learner's package was saved, however the editor does it.

Events of the system say *when* to look; what was saved is known from the files themselves. So neither a rename, nor a
burst, nor an event that never came leads to a wrong verdict: whoever waits compares contents, and looks once a second
even when no event came.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from course.code import modules_in

# Events of one save come within a few milliseconds, and nothing waits longer for more of them. Looking more often would
# cost a processor a percent while nothing happens.
GATHER_MS = 5
POLL_MS = 200
# A file's own time is believed when it is so little older than the event: a copied file keeps an old one.
RECENT_SECONDS = 2.0

Signature = dict[str, tuple[int, int, int]]


def signature(package: Path) -> Signature:
    """What a look at the package's files costs nearly nothing to compare: time, size and identity of each."""
    found: Signature = {}
    for name, path in modules_in(package).items():
        try:
            state = path.stat()
        except OSError:  # it went away in between
            continue
        found[name] = state.st_mtime_ns, state.st_size, state.st_ino
    return found


def saved_at(before: Signature, now: Signature, noticed: float) -> float:
    """When the newest change was written: the file's own time, unless that cannot be."""
    changed = [entry[0] / 1e9 for name, entry in now.items() if before.get(name) != entry]
    newest = max(changed, default=noticed)
    return newest if noticed - RECENT_SECONDS < newest <= noticed else noticed


class Saves:
    """Call `tell` (from another thread) whenever something below the package may have changed."""

    def __init__(self, package: Path, tell: Callable[[float], None], *, poll: bool) -> None:
        self._package, self._tell, self._poll = package, tell, poll
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        import watchfiles  # noqa: PLC0415 - 50 ms, beside the start of the judge

        poll: bool | None = True if self._poll else None  # None: the library decides, WATCHFILES_FORCE_POLLING too
        while not self._stop.is_set():
            try:
                changes = watchfiles.watch(
                    self._package, watch_filter=None, debounce=GATHER_MS, step=GATHER_MS, stop_event=self._stop,
                    force_polling=poll, poll_delay_ms=POLL_MS, raise_interrupt=False,
                )  # fmt: skip
                for _ in changes:
                    self._tell(time.time())
            except (OSError, RuntimeError):  # no more watches of the system's, or the folder is not there
                poll = True
                self._stop.wait(1.0)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(1.0)
