"""Die in one property; those before and after hold.

step: tiny/rows
allowed: crashed
holds: test_largest
fast: yes
"""

import os

import numpy as np


def centre(x):
    os.abort()


def largest(x):
    return np.max(x, axis=-1)
