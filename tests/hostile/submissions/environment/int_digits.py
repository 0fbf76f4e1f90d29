"""Forbid numbers of many digits, and change the decimal context.

step: tiny/lists
allowed: passed
"""

import decimal
import sys

sys.set_int_max_str_digits(640)
decimal.getcontext().prec = 1


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
