"""Change the engine's memory with ctypes functions that raise no audit event.

step: tiny/rows
allowed: forbidden error
"""

import numpy as np

ctypes = np.array([1.0]).ctypes._ctypes
number = 10**6
ctypes.memmove(id(number), id(10**7), 32)


def centre(x):
    return x - x.sum(axis=-1, keepdims=True) / x.shape[-1]


def largest(x):
    return np.max(x, axis=-1)
