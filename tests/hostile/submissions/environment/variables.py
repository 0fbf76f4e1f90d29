"""Empty the environment.

step: tiny/lists
allowed: passed
"""

import os

os.environ.clear()
os.environ["HOME"] = os.environ["TMPDIR"] = os.environ["PYTHONPATH"] = "/nowhere"


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
