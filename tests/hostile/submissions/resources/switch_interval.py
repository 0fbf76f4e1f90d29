"""Leave a thread that never rests and that the interpreter does not take its turn from.

step: tiny/lists
allowed: timeout passed crashed
seconds: 1
"""

import sys
import threading

sys.setswitchinterval(1000.0)


def spin():
    while True:
        pass


threading.Thread(target=spin, daemon=True).start()


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
