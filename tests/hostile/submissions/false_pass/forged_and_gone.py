"""Forge one answer and end the process, so that the true one never comes.

step: tiny/lists
allowed: forbidden crashed
"""

import os
import struct


def text(value):
    return b"s" + struct.pack("<I", len(value)) + value.encode()


def total(values):
    value = b"i" + struct.pack("<q", sum(values))
    frame = b"t\2\0\0\0i\2" + bytes(7) + b"d\2\0\0\0" + text("status") + text("ok") + text("value") + value
    for descriptor in range(3, 12):
        try:
            os.write(descriptor, struct.pack("<I", len(frame)) + frame)
        except OSError:
            pass
    os._exit(0)


running = halve = total
