"""Take all rights from the files that will be made.

step: tiny/lists
allowed: passed
fast: yes
"""

import os

os.umask(0o777)
with open("mine", "w") as file:
    file.write("x")


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
