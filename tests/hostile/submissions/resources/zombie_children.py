"""Start children that end at once and are never waited for.

step: tiny/lists
allowed: forbidden error
needs: processes
"""

import os

for _ in range(50):
    if os.fork() == 0:
        os._exit(0)


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
