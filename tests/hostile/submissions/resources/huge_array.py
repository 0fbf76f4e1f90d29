"""Return as large an array as may cross, in every call.

step: tiny/rows
allowed: wrong memory error
memory: 1500
"""

import numpy as np


def centre(x):
    return np.zeros(24 << 20)


largest = centre
