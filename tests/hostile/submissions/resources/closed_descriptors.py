"""Close every descriptor and go on.

step: tiny/lists
allowed: crashed
"""

import os


def total(values):
    os.closerange(0, 4096)
    while True:
        pass


running = halve = total
