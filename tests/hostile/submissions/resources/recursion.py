"""Recurse without end.

step: tiny/lists
allowed: error
fast: yes
holds: test_halve
"""


def total(values):
    return total(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
