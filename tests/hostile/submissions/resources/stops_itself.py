"""Stop the own process, so that it neither answers nor ends.

step: tiny/lists
allowed: timeout forbidden error
seconds: 0.5
"""

import signal


def total(values):
    signal.raise_signal(signal.SIGSTOP)
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
