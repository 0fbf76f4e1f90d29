"""Fuzz the decoder of the boundary with atheris (`make fuzz`): bytes are a value or a `WireError`, soon and cheaply.

python tests/fuzz/wire.py -max_total_time=600 -rss_limit_mb=1024 -timeout=5
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["course.grading.wire"]):
    from course.grading.wire import WireError, decode, encode


def one(data: bytes) -> None:
    """Read the bytes; what was read can be sent again, and is then the same."""
    try:
        value = decode(data)
    except WireError:
        return
    try:
        frame = encode(value)
    except WireError:
        return
    encode(decode(frame))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
