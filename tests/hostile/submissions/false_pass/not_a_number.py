"""Return NaN, for which every comparison is false.

step: tiny/rows
allowed: wrong
"""

import numpy as np


def centre(x):
    return np.full(x.shape, np.nan)


def largest(x):
    return np.full(x.shape[:-1], np.nan)
