"""Replace the functions that show warnings.

step: tiny/lists
allowed: passed forbidden error
"""

import warnings

warnings.showwarning = warnings.formatwarning = None
warnings.filters.clear()
warnings.warn("nobody sees this")


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
