"""Allocate arrays until nothing is left.

step: tiny/rows
allowed: memory
memory: 256
"""

import numpy as np


def centre(x):
    kept = []
    while True:
        kept.append(np.ones(10**6))


def largest(x):
    return np.max(x, axis=-1)
