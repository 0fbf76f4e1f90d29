"""Return arrays of no elements whose sides are enormous.

step: tiny/rows
allowed: wrong error forbidden
"""

import numpy as np


def centre(x):
    return np.zeros((1 << 40, 0))


def largest(x):
    return np.zeros((0, 1 << 50))
