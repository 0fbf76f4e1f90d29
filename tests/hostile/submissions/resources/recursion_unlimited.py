"""Recurse without end and without Python's limit, until the stack overflows.

step: tiny/lists
allowed: crashed error memory
holds: test_halve
"""

import sys


def total(values):
    sys.setrecursionlimit(10**9)
    return max([values], key=total)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
