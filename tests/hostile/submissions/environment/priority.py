"""Run on one processor with the lowest priority.

step: tiny/lists
allowed: passed error forbidden
"""

import os

os.nice(19)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


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
