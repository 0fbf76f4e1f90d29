"""A real `course watch` beside the bench: save a text, read what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


class Watch:
    """A watch of one step. Between two saves it gets the time to have its spare ready, as a person gives it."""

    def __init__(self, workspace: Path, file: Path, settle: float, environment: dict[str, str]) -> None:
        self._file, self._settle = file, settle
        self.process = subprocess.Popen(
            [sys.executable, "-m", "course", "watch", "--json"], cwd=workspace, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def save(self, text: str) -> dict[str, Any]:
        """Save as an editor does, and return the verdict."""
        time.sleep(self._settle)
        new = self._file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._file)
        return self._read()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
