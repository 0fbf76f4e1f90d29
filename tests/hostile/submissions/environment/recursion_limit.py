"""Leave hardly any room on the stack.

step: tiny/lists
allowed: passed error
"""

import sys

sys.setrecursionlimit(60)


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
