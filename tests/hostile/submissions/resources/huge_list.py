"""Return a list of two million items.

step: tiny/lists
allowed: error memory
holds: test_halve
"""


def total(values):
    return sum(values)


def running(values):
    return [None] * 2_000_000


def halve(x):
    return x / 2
