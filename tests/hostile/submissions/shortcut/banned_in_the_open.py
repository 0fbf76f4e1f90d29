"""Call the function that the step is about.

step: tiny/rows
allowed: forbidden
"""

import numpy as np


def centre(x):
    return x - np.mean(x, axis=-1, keepdims=True)


def largest(x):
    return np.max(x, axis=-1)
