"""Sizes as people type them: 10MB, 500 kB, 1 MiB, 1000000."""

from __future__ import annotations

import re
from decimal import Decimal

from course.errors import UsageError

_UNITS = {
    "": 1, "b": 1, "k": 10**3, "kb": 10**3, "kib": 2**10, "m": 10**6, "mb": 10**6, "mib": 2**20, "g": 10**9,
    "gb": 10**9, "gib": 2**30,
}  # fmt: skip
_SIZE = re.compile(r"([0-9][0-9_]{0,17}(?:\.[0-9]{1,9})?)\s*([a-z]*)", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return a size in bytes; raise `UsageError` for what is none. A kB is 1000 bytes, a KiB is 1024."""
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].casefold()) if match else None
    if match is None or unit is None:
        raise UsageError(f"{text!r} is not a size.", hint="write it like 10MB, 500kB, 1.5GB, 1MiB or 1000000 (bytes)")
    size = Decimal(match[1].replace("_", "")) * unit
    if size != int(size) or size < 1:
        raise UsageError(f"{text!r} is not a whole number of bytes, one or more.", hint="for example: --size 10MB")
    return int(size)


def short_size(size: int) -> str:
    """Return a size exactly and without a space, as files are named: 10MB, 1048576B."""
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"


def exact_size(size: int) -> str:
    return f"{size:,} byte{'' if size == 1 else 's'}"
