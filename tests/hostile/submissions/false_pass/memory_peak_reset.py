"""Take a square of memory, and reset the peak afterwards.

step: tiny/lists
allowed: wrong error forbidden
"""

import tracemalloc


def total(values):
    return sum(values)


def running(values):
    square = [list(range(1000)) for _ in values]
    del square
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    tracemalloc.reset_peak()
    return sums


def halve(x):
    return x / 2
