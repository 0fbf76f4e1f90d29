"""Single keys from the terminal, as they are pressed; the terminal is as before whenever something else has it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

try:
    import select
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

_LOOK_SECONDS = 0.05


class Keys:
    """Call `tell` (from another thread) with each key; "" when the terminal is gone."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._stop = threading.Event()
        self._read_end, self._wake_end = os.pipe()
        self._usual: list[Any] | None = None
        self._thread: threading.Thread | None = None
        self.resume()

    @staticmethod
    def possible() -> bool:
        """Whether this process may read keys: there is a terminal, and it is in its foreground."""
        if not sys.stdin.isatty():
            return False
        if termios is None:
            return True
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        return False

    def resume(self) -> None:
        """Take the terminal (again)."""
        if self._thread is not None:
            return
        self._stop.clear()
        if termios is not None:
            with contextlib.suppress(termios.error):
                self._usual = termios.tcgetattr(sys.stdin)
                tty.setcbreak(sys.stdin, termios.TCSANOW)
        self._thread = threading.Thread(target=self._read if termios is not None else self._read_windows, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Give the terminal to somebody else; no key is taken from now on."""
        if self._thread is None:
            return
        self._stop.set()
        os.write(self._wake_end, b".")
        self._thread.join(1.0)
        self._thread = None
        if self._usual is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.stdin, termios.TCSANOW, self._usual)

    close = pause

    def _read(self) -> None:
        keyboard = sys.stdin.fileno()
        while not self._stop.is_set():
            ready, _, _ = select.select([keyboard, self._read_end], [], [])
            if self._read_end in ready:
                os.read(self._read_end, 64)
                continue
            try:
                pressed = os.read(keyboard, 64)
            except OSError:
                pressed = b""
            if not pressed:
                self._tell("")
                return
            # An arrow or a function key is one key, and none of ours.
            if not pressed.startswith(b"\x1b"):
                for key in pressed.decode("utf-8", "ignore"):
                    self._tell(key)

    def _read_windows(self) -> None:
        import msvcrt  # noqa: PLC0415

        reader: Any = msvcrt
        while not self._stop.wait(_LOOK_SECONDS):
            while reader.kbhit():
                key = reader.getwch()
                if key in "\x00\xe0":  # the first half of an arrow or a function key
                    reader.getwch()
                else:
                    self._tell(key)
