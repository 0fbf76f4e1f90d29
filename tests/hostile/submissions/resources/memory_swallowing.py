"""Allocate, swallow the refusal, and allocate on.

step: tiny/lists
allowed: memory timeout
memory: 256
seconds: 1
"""


def total(values):
    kept = []
    while True:
        try:
            while True:
                kept.append(bytearray(1 << 20))
        except MemoryError:
            pass


running = halve = total
