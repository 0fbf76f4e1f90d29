"""What the learner's code prints: it is read at once, so that nobody waits, and the end of it is kept."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import IO

KEPT = 8 << 10


class Printed:
    """Drain what the learner's code prints; keep the end of it and count the rest."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._size = 0
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while block := os.read(self._stream.fileno(), 1 << 16):
                self._size += len(block)
                self._kept = (self._kept + block)[-KEPT:]

    def join(self) -> None:
        self._thread.join(1)

    @property
    def text(self) -> str:
        text = self._kept.decode("utf-8", "replace")
        if self._size > len(self._kept):
            return f"… {self._size - len(self._kept):,} bytes before this are not shown\n{text}"
        return text
