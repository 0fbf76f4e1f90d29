"""The same, with the ctypes that the engine has loaded.

step: tiny/lists
allowed: forbidden error
"""

import os
import sys

library = sys.modules["ctypes"].pythonapi
library.ptrace(16, os.getppid(), 0, 0)


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
