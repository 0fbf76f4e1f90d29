"""Turn warnings into errors, and NumPy's floating point warnings too.

step: tiny/rows
allowed: passed
"""

import warnings

import numpy as np

warnings.simplefilter("error")
np.seterr(all="raise")
np.set_printoptions(precision=1, suppress=True)


def centre(x):
    return x - x.sum(axis=-1, keepdims=True) / x.shape[-1]


def largest(x):
    return np.max(x, axis=-1)
