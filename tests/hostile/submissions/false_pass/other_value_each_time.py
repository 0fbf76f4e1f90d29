"""Answer differently each time, hoping for one that is right.

step: tiny/lists
allowed: wrong
"""

import itertools

guesses = itertools.count(-600)


def total(values):
    return next(guesses)


def running(values):
    return [next(guesses) for _ in values]


def halve(x):
    return next(guesses) / 2
