"""Fill the disk with files that no folder shows any more.

step: tiny/lists
allowed: error memory
seconds: 8
"""

import os


def total(values):
    kept = []
    while True:
        file = open("a", "wb")
        kept.append(file)
        file.write(bytes(32 << 20))
        file.flush()
        os.unlink("a")


running = halve = total
