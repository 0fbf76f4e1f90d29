"""The same, with the module that the probe has already loaded.

step: tiny/lists
allowed: wrong error forbidden
fast: yes
"""

import sys


def total(values):
    return sum(values)


def running(values):
    square = [list(range(1000)) for _ in values]
    del square
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    for name in ("tracemalloc", "_tracemalloc"):
        if name in sys.modules:
            sys.modules[name].reset_peak()
    return sums


def halve(x):
    return x / 2
