"""Fill files that lie in memory only.

step: tiny/lists
allowed: memory error forbidden
memory: 256
seconds: 5
"""

import os


def total(values):
    kept = []
    block = b"x" * (1 << 20)
    while True:
        file = os.memfd_create("course")
        kept.append(file)
        for _ in range(60):
            os.write(file, block)


running = halve = total
