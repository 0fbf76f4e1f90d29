"""An end for what computes too long, where the system can interrupt it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

# What sleeps or waits for a lock hangs after so many times that; what waits for a core does not.
PATIENCE = 8.0

# Python's own, noted before the guard puts itself in its place: what is interrupted is ours.
_handle: Callable[..., Any] = sys.modules["_signal"].signal


def no_longer_than(seconds: float, work: Callable[[], bool]) -> bool | None:
    """Do the work, but interrupt what computes longer, where the system can; then return None."""
    if not hasattr(signal, "setitimer"):  # the judge does it
        return work()
    computed, ends = time.process_time() + seconds, time.monotonic() + PATIENCE * seconds
    late = False

    def ring(_number: int, frame: FrameType | None) -> None:
        nonlocal late
        # Only where it is caught: not once the work is done and the bell is being taken down.
        if (time.process_time() >= computed or time.monotonic() >= ends) and _is_inside(frame):
            late = True
            raise _TooLong

    usual = _handle(signal.SIGALRM, ring)
    try:
        # Again and again: what is interrupted may swallow the first.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
        outcome = _done(work)
        return None if late else outcome
    except _TooLong:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _handle(signal.SIGALRM, usual)


def _done(work: Callable[[], bool]) -> bool:
    return work()


def _is_inside(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not _done.__code__:
        frame = frame.f_back
    return frame is not None


class _TooLong(BaseException):
    pass
