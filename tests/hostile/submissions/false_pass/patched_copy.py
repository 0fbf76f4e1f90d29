"""Write into the input, and make NumPy's copies no copies.

step: tiny/rows
allowed: wrong error forbidden
"""

import numpy as np

np.array = np.copy = lambda x, *args, **kwargs: x


def centre(x):
    x -= x.sum(axis=-1, keepdims=True) / x.shape[-1]
    return x


def largest(x):
    return np.max(x, axis=-1)
