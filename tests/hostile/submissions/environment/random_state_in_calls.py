"""Seed the global generator in every call: the property that asks for it fails, the others hold.

step: tiny/rows
allowed: wrong
holds: test_centre test_largest
"""

import numpy as np


def centre(x):
    np.random.seed(x.shape[-1])
    return x - x.sum(axis=-1, keepdims=True) / x.shape[-1]


def largest(x):
    return np.max(x, axis=-1)
