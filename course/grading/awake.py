"""Wait for the other end of a pipe without falling asleep at once.

A core that went to sleep takes longer to wake, and comes back with colder caches, than most calls of a grader take.
"""

from __future__ import annotations

import io
import os
import select
import time
from collections.abc import Callable
from typing import BinaryIO

# Most calls are answered in less; who waits longer has lost nothing worth having.
SECONDS = 0.001

_now = time.perf_counter
# Whoever else wants the core gets it.
_let_others: Callable[[], None] = getattr(os, "sched_yield", lambda: None)


def asleep() -> None:
    """Do not wait: the read that follows sleeps."""


def whether_asked(pipe: io.BufferedReader[io.FileIO]) -> Callable[[], bool]:
    """Return a function that says whether there is something to read, in the pipe or out of it already."""
    if not hasattr(select, "poll"):  # Windows: nobody knows, it may be
        return lambda: True
    descriptor, peek, set_blocking = pipe.fileno(), pipe.peek, os.set_blocking

    def asked() -> bool:
        set_blocking(descriptor, False)
        try:
            return bool(peek(1))
        finally:
            set_blocking(descriptor, True)

    return asked


def waiting_on(pipe: BinaryIO) -> Callable[[], None]:
    """Return a function that comes back once there is something to read, or after `SECONDS`."""
    if not hasattr(select, "poll"):  # Windows
        return asleep
    poller = select.poll()
    poller.register(pipe.fileno(), select.POLLIN)
    ready, now, let_others = poller.poll, _now, _let_others

    def wait() -> None:
        ends = now() + SECONDS
        while not ready(0) and now() < ends:
            let_others()

    return wait
