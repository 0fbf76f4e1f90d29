"""Import a withheld module of the standard library by way of another.

step: tiny/lists
allowed: forbidden error
"""

import pkgutil

socket = pkgutil.resolve_name("soc" + "ket")


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
