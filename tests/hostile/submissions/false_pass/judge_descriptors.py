"""Open the judge's own descriptors through /proc and write there.

step: tiny/lists
allowed: wrong forbidden error
"""

import os


def total(values):
    for descriptor in range(64):
        try:
            with open(f"/proc/{os.getppid()}/fd/{descriptor}", "wb") as file:
                file.write(b"passed")
        except OSError:
            pass
    return 0


running = halve = total
