"""Forget every module that is loaded.

step: tiny/lists
allowed: passed error crashed forbidden
"""

import sys

sys.modules.clear()


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
