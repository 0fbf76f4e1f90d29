"""Examples that failed before are tried first, without making the verdict depend on how often it was asked for.

What code B is tried with first is what the code before it failed on; that stays so however often B is checked. Only
when the code changes again do B's own failures take their place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis.database import ExampleDatabase

MOST_PER_PROPERTY = 3


class RememberedExamples(ExampleDatabase):
    """A hypothesis database of one step: `inherited` is read, `found` is written, both in one small JSON file."""

    def __init__(self, path: Path | None, code: str) -> None:
        super().__init__()
        self.path, self.code = path, code
        self.inherited: dict[str, list[bytes]] = {}
        self.found: dict[str, list[bytes]] = {}
        # Names of the properties that failed for the code before this one, and for this one.
        self.failed_before: tuple[str, ...] = ()
        self.failed: tuple[str, ...] = ()
        # hypothesis saves whatever an example was ended at, also where nothing failed.
        self.deaf = False
        self._read()

    def _read(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            if self.path is not None:
                data = json.loads(self.path.read_text(encoding="utf-8"))
                inherited, found = _unpack(data["inherited"]), _unpack(data["found"])
                same = data["code"] == self.code
                names = data.get("failed_before" if same else "failed", [])
                self.inherited = inherited if same else found or inherited
                self.failed_before = tuple(name for name in names if isinstance(name, str))

    def save(self, key: bytes, value: bytes) -> None:
        if self.deaf:
            return
        entries = self.found.setdefault(key.hex(), [])
        if value not in entries:
            entries.append(value)
            # hypothesis saves as it shrinks: the last are the smallest.
            del entries[:-MOST_PER_PROPERTY]

    def fetch(self, key: bytes) -> Iterable[bytes]:
        return list(self.inherited.get(key.hex(), ()))

    def delete(self, key: bytes, value: bytes) -> None:
        """Keep it: an inherited example that no longer fails is what the next code must still get right."""

    def write(self) -> None:
        """Write what the next code will inherit; a workspace that cannot be written costs only this."""
        if self.path is None or not (self.found or self.inherited or self.failed or self.failed_before):
            return
        data = {
            "code": self.code,
            "inherited": _pack(self.inherited),
            "found": _pack(self.found),
            "failed_before": self.failed_before,
            "failed": self.failed,
        }
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            spare = self.path.with_suffix(".tmp")
            spare.write_text(json.dumps(data), encoding="utf-8")
            spare.replace(self.path)


def _pack(entries: dict[str, list[bytes]]) -> dict[str, list[str]]:
    return {key: [base64.b64encode(value).decode("ascii") for value in values] for key, values in entries.items()}


def _unpack(data: dict[str, Any]) -> dict[str, list[bytes]]:
    return {key: [base64.b64decode(value) for value in values] for key, values in data.items()}
