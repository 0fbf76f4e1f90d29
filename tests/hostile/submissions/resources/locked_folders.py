"""Leave folders that may not be read or written, and files in them.

step: tiny/lists
allowed: passed error
"""

import os

os.mkdir("locked")
with open("locked/file", "w") as file:
    file.write("x")
os.umask(0o777)
os.makedirs("locked/inside/deeper", mode=0o000, exist_ok=True)


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
