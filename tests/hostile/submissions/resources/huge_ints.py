"""Return a list of small whole numbers that takes five times as many bytes here as on its way.

step: tiny/rows
allowed: wrong memory error forbidden
memory: 1800
"""

import numpy as np


def centre(x):
    return np.arange(1000, 20_001_000).tolist()


largest = centre
