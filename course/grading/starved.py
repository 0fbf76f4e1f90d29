"""How long a process computed; how long it was ready to run and got no core: that, no limit may count against it.

On a machine with more work than cores a right answer can take as long as an endless loop does on an idle one. What a
process slept or computed is its own; what it waited in the queue is the machine's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# A process that computes is looked at so often.
LOOK_SECONDS = 0.01
# However busy the machine is, somebody waits for the verdict.
MOST = 9.0


def starved(process: int | str, limit: float) -> float:
    """Seconds that the process's main thread has waited for a core, at most `MOST` limits; 0 where nobody counts them.

    `process` is an id, or "thread-self" for the calling thread.
    """
    try:
        return min(_counted(process, 1), MOST * limit)
    except (OSError, ValueError, IndexError):
        return 0.0


def computed(process: int) -> float:
    """Seconds of a core that the process's main thread has used; all its threads, where no kernel counts one alone."""
    try:
        return _counted(process, 0)
    except (OSError, ValueError, IndexError):
        import psutil  # noqa: PLC0415 - not needed where the kernel counts

        try:
            times = psutil.Process(process).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)


@contextmanager
def computes_at_most(process: int, seconds: float, stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` once the process has computed for so long; or `MOST` times as long by the clock, should it sleep."""
    over = threading.Event()
    began, ends = computed(process), time.monotonic() + MOST * seconds

    def watch() -> None:
        left = seconds
        while not over.wait(max(left, LOOK_SECONDS)):
            left = seconds - (computed(process) - began)
            if left <= 0 or time.monotonic() > ends:
                stop()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _counted(process: int | str, field: int) -> float:
    return int(Path(f"/proc/{process}/schedstat").read_text(encoding="ascii").split()[field]) / 1e9
