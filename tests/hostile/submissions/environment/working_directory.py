"""Change the current folder, and remove the one left behind.

step: tiny/lists
allowed: passed
fast: yes
"""

import os

os.mkdir("left")
os.chdir("left")
os.rmdir("../left")


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
