"""Let a thread change the module's functions while the judge goes on.

step: tiny/lists
allowed: wrong error passed
"""

import threading
import time


def spoil():
    time.sleep(0.02)
    globals()["halve"] = lambda x: x


threading.Thread(target=spoil, daemon=True).start()


def total(values):
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
