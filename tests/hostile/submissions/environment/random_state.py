"""Seed every generator while the module is imported.

step: tiny/rows
allowed: passed
fast: yes
"""

import random

import numpy as np

random.seed(0)
np.random.seed(0)


def centre(x):
    return x - x.sum(axis=-1, keepdims=True) / x.shape[-1]


def largest(x):
    return np.max(x, axis=-1)
