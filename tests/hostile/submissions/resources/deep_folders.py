"""Nest folders so deep that nobody can remove them by name.

step: tiny/lists
allowed: passed error memory timeout forbidden
"""

import os


def total(values):
    home = os.getcwd()
    for _ in range(600):
        os.mkdir("folder")
        os.chdir("folder")
    os.chdir(home)
    os.rename("folder", f"deep{len(os.listdir())}")
    return sum(values)


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
