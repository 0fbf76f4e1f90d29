"""Empty the search path and the tables of the import system's caches.

step: tiny/lists
allowed: passed
"""

import sys

sys.path.clear()
sys.path_importer_cache.clear()
sys.path_hooks.clear()


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
