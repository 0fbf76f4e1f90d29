"""Set an alarm that ends the process between two questions.

step: tiny/lists
allowed: crashed passed forbidden
"""

import signal

signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)


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
