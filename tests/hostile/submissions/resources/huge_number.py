"""Return a number of a hundred million digits.

step: tiny/lists
allowed: wrong
holds: test_halve
"""


def total(values):
    return 1 << 400_000_000


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
